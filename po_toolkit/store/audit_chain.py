"""The audit log as a chain: each entry's digest covers the one before it.

Whoever changes, removes or adds an entry afterwards breaks the chain from there on. Whoever makes
the whole chain again cannot produce the head that stands on an earlier closing report.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import Connection, Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from po_toolkit.domain.roles import Act
from po_toolkit.store.tables import AuditEntry, AuditHead, ClosedPeriod, Conference

_ENTRIES = cast(Table, AuditEntry.__table__)
_HEAD = cast(Table, AuditHead.__table__)
_COVERED = (
    "at",
    "actor",
    "act",
    "conference_id",
    "subject_type",
    "subject_id",
    "before",
    "after",
)


def append(connection: Connection, entries: Sequence[dict[str, Any]]) -> None:
    """Write entries at the end of the chain; the last thing in a transaction.

    Transactions that write entries take turns here until they are committed, since each needs the
    digest of the one before.
    """
    count, digest = connection.execute(_LAST).one()
    rows = []
    for entry in entries:
        digest = _digest(digest, entry)
        rows.append(entry | {"digest": digest})
    connection.execute(_APPEND, rows)
    connection.execute(_MOVE_ON, {"length": count + len(rows), "last": digest})


_LAST = select(_HEAD.c.entries, _HEAD.c.digest).with_for_update()
_APPEND = insert(_ENTRIES)
_MOVE_ON = update(_HEAD).values(entries=bindparam("length"), digest=bindparam("last"))


def _digest(before: str, entry: Mapping[str, Any]) -> str:
    covered = {name: entry[name] for name in _COVERED} | {"at": entry["at"].isoformat()}
    text = json.dumps(covered, sort_keys=True, separators=(",", ":"))
    return sha256(f"{before}\n{text}".encode()).hexdigest()


def note_rewritten(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what an entry at the end of the chain notes of earlier ones that were rewritten.

    In the entries only personal data may have been replaced.
    """
    return {"rewritten": {str(e["id"]): _digest(e["digest"], e) for e in entries}}


def head(session: Session) -> tuple[int, str]:
    """Return how many entries the chain has, and the digest of the last one."""
    found = session.execute(select(AuditHead.entries, AuditHead.digest)).one()
    return found.entries, found.digest


@dataclass(frozen=True, slots=True)
class ChainProof:
    """What going through the chain again found.

    Attributes:
        entries: How many entries the chain has.
        digest: Its head.
        older: Entries from before there was a chain.
        rewritten: Entries in which somebody's personal data were replaced, as later entries note.
        problems: What does not fit, in words; empty where the trail is as it was written.
    """

    entries: int
    digest: str
    older: int
    rewritten: int
    problems: list[str]


def prove(session: Session) -> ChainProof:
    """Compute every digest again, and compare with the head and with what closed periods noted."""
    noted: dict[int, list[tuple[str, str]]] = {}
    for slug, last_day, count, digest in session.execute(
        select(
            Conference.slug,
            ClosedPeriod.last_day,
            ClosedPeriod.audit_entries,
            ClosedPeriod.audit_digest,
        ).join(Conference, Conference.id == ClosedPeriod.conference_id)
    ):
        if count:
            noted.setdefault(count, []).append((f"{slug} through {last_day}", digest))
    allowed: dict[str, str] = {}
    for after in session.scalars(
        select(AuditEntry.after).where(AuditEntry.act == Act.FORGET.value).order_by(AuditEntry.id)
    ):
        allowed |= after.get("rewritten", {})
    count, older, rewritten, digest = 0, 0, 0, ""
    problems: list[str] = []
    entries = select(_ENTRIES).order_by(_ENTRIES.c.id).execution_options(yield_per=500)
    for found in session.execute(entries).mappings():
        row: dict[str, Any] = {column.name: found[column] for column in _ENTRIES.c}
        if not row["digest"] and not count:
            older += 1
            continue
        count += 1
        digest = _digest(digest, row)
        if digest != row["digest"] and allowed.get(str(row["id"])) == _digest(row["digest"], row):
            digest = row["digest"]
            rewritten += 1
        if digest != row["digest"] and not problems:
            problems.append(
                f"Audit entry {row['id']} ({row['act']} by {row['actor']}), or one before it, "
                f"was changed after it was written."
            )
        problems += [
            f"The audit log up to the closing of {where} is not the one on its report."
            for where, known in noted.pop(count, [])
            if known != digest
        ]
    length, last = head(session)
    if (length, last) != (count, digest) and not problems:
        problems.append(
            f"The audit log has {count} entries and its head counts {length}. Entries "
            f"were removed or added."
        )
    problems += [
        f"The audit log is shorter than at the closing of {where}."
        for left in noted.values()
        for where, _ in left
    ]
    return ChainProof(
        entries=length, digest=last, older=older, rewritten=rewritten, problems=problems
    )
