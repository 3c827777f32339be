"""Bank statements and their lines: each line kept once, however often it is loaded.

Banks use their own ids again, and two genuine lines may say exactly the same, so a line is known by
its content and by which occurrence of that content it is. A statement repeats the lines of another
that overlaps it; it never repeats those of one that ends where it begins.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, insert, or_, select
from sqlalchemy.orm import Session

from po_toolkit.errors import NotFoundError
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.ids import reserve_ids
from po_toolkit.store.tables import (
    BankStatement,
    BankStatementLine,
    BankTransaction,
    ColumnMapping,
    QuarantinedBankLine,
)

_FEW = 500
_MAPPING = "bank:"
"""Before the fingerprint of a bank's header, apart from those of purchase-order sheets."""


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line to be kept; amounts in minor units, a debit below 0."""

    row: int
    amount: int
    currency: str
    booked_on: date
    value_date: date | None
    counterparty: str
    text: str
    bank_reference: str
    details: Sequence[dict[str, Any]]
    counterparty_account: str = ""
    references: Sequence[str] = ()
    reversal: bool = False

    def fingerprint(self, account: str) -> str:
        """Return what makes a line of this account the same as another."""
        content = (
            " ".join(account.split()),
            self.currency,
            str(self.amount),
            self.booked_on.isoformat(),
            self.value_date.isoformat() if self.value_date else "",
            self.bank_reference.casefold(),
            " ".join(self.counterparty.casefold().split()),
            " ".join(self.text.casefold().split()),
        )
        return hashlib.sha256("\n".join(content).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """How many lines of a statement were new, and how many were there already."""

    new: int
    duplicates: int


def same_statement(session: Session, statement: BankStatement) -> BankStatement | None:
    """Return the statement if this very file was loaded before."""
    return session.scalars(
        select(BankStatement)
        .where(
            BankStatement.conference_id == statement.conference_id,
            BankStatement.file_sha256 == statement.file_sha256,
            BankStatement.account == statement.account,
            BankStatement.currency == statement.currency,
            BankStatement.number == statement.number,
            BankStatement.opening.is_not_distinct_from(statement.opening),
            BankStatement.closing.is_not_distinct_from(statement.closing),
            BankStatement.line_count == statement.line_count,
        )
        .order_by(BankStatement.id)
    ).first()


def keep_lines(uow: UnitOfWork, statement: BankStatement, lines: Sequence[NewLine]) -> Kept:
    """Keep the lines of a statement that are not there already.

    Args:
        uow: The transaction; the conference is locked, so that one file at a time is loaded.
        statement: In the database.
        lines: In the order of the statement.
    """
    session = uow.session
    prints = [line.fingerprint(statement.account) for line in lines]
    known = _known(session, statement.conference_id, prints)
    elsewhere = _lines_of_neighbours(session, statement)
    free = {p: [i for i, _ in rows if i not in elsewhere] for p, rows in known.items()}
    times = {p: 1 + max(n for _, n in rows) for p, rows in known.items()}
    keys: list[int | None] = [free[p].pop(0) if free.get(p) else None for p in prints]
    ids = iter(reserve_ids(session, BankTransaction.__table__, keys.count(None)))
    now = utc_now()
    new: list[dict[str, Any]] = []
    for at, (line, print_) in enumerate(zip(lines, prints, strict=True)):
        if keys[at] is None:
            keys[at] = next(ids)
            occurrence = times.get(print_, 0)
            times[print_] = occurrence + 1
            columns = _columns(statement, line, print_, occurrence)
            new.append(columns | {"id": keys[at], "created_at": now})
    if new:
        session.execute(insert(BankTransaction), new)
    _keep_places(session, statement, lines, keys)
    return Kept(len(new), len(lines) - len(new))


def _keep_places(
    session: Session,
    statement: BankStatement,
    lines: Sequence[NewLine],
    keys: Sequence[int | None],
) -> None:
    """Note where each line stands, once."""
    mine = BankStatementLine.statement_id == statement.id
    if not lines or session.scalar(select(BankStatementLine.position).where(mine).limit(1)):
        return
    places = [
        {
            "statement_id": statement.id,
            "position": position,
            "transaction_id": key,
            "row_number": line.row,
        }
        for position, (line, key) in enumerate(zip(lines, keys, strict=True), 1)
    ]
    session.execute(insert(BankStatementLine), places)


def _columns(
    statement: BankStatement, line: NewLine, print_: str, occurrence: int
) -> dict[str, Any]:
    return {
        "conference_id": statement.conference_id,
        "account": statement.account,
        "currency": line.currency,
        "amount": line.amount,
        "booked_on": line.booked_on,
        "value_date": line.value_date,
        "counterparty": line.counterparty,
        "text": line.text,
        "bank_reference": line.bank_reference,
        "details": list(line.details),
        "counterparty_account": line.counterparty_account,
        "payment_references": list(line.references),
        "reversal": line.reversal,
        "fingerprint": print_,
        "occurrence": occurrence,
        "set_aside": "",
    }


def _known(
    session: Session, conference_id: int, prints: Iterable[str]
) -> dict[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    wanted = sorted(set(prints))
    tx = BankTransaction
    for start in range(0, len(wanted), _FEW):
        for row in session.execute(
            select(tx.fingerprint, tx.id, tx.occurrence)
            .where(
                tx.conference_id == conference_id,
                tx.fingerprint.in_(wanted[start : start + _FEW]),
            )
            .order_by(tx.occurrence)
        ):
            found[row.fingerprint].append((row.id, row.occurrence))
    return found


def _lines_of_neighbours(session: Session, statement: BankStatement) -> set[int]:
    """Return the lines on proven statements that end where this one begins, or the other way."""
    one = BankStatement
    if statement.state != "proven" or statement.opening == statement.closing:
        return set()
    before = and_(one.closing == statement.opening, one.closing_date <= statement.opening_date)
    after = and_(one.opening == statement.closing, one.opening_date >= statement.closing_date)
    return set(
        session.scalars(
            select(BankStatementLine.transaction_id)
            .join(one, one.id == BankStatementLine.statement_id)
            .where(
                one.conference_id == statement.conference_id,
                one.account == statement.account,
                one.currency == statement.currency,
                one.state == "proven",
                one.opening != one.closing,
                one.id != statement.id,
                or_(before, after),
            )
        )
    )


def quarantine(
    uow: UnitOfWork, statement: BankStatement, bad: Iterable[tuple[int, str, str]]
) -> None:
    """Keep lines that cannot be read: row, the line as it came, and why."""
    there = set(
        uow.session.scalars(
            select(QuarantinedBankLine.row_number).where(
                QuarantinedBankLine.conference_id == statement.conference_id,
                QuarantinedBankLine.file_sha256 == statement.file_sha256,
            )
        )
    )
    uow.session.add_all(
        QuarantinedBankLine(
            conference_id=statement.conference_id,
            statement_id=statement.id,
            file_sha256=statement.file_sha256,
            row_number=row,
            raw=raw,
            message=message,
        )
        for row, raw, message in bad
        if row not in there
    )


def statement_by_id(session: Session, conference_id: int, statement_id: int) -> BankStatement:
    """Return one statement.

    Raises:
        NotFoundError: The conference has no such statement.
    """
    found = session.get(BankStatement, statement_id)
    if found is None or found.conference_id != conference_id:
        raise NotFoundError(f"There is no bank statement {statement_id} in this conference.")
    return found


def statements(session: Session, conference_id: int) -> list[BankStatement]:
    """Return every statement that was loaded, newest first."""
    return list(
        session.scalars(
            select(BankStatement)
            .where(BankStatement.conference_id == conference_id)
            .order_by(BankStatement.id.desc())
        )
    )


def quarantined(session: Session, conference_id: int) -> list[QuarantinedBankLine]:
    """Return every line that could not be read, newest first."""
    return list(
        session.scalars(
            select(QuarantinedBankLine)
            .where(QuarantinedBankLine.conference_id == conference_id)
            .order_by(QuarantinedBankLine.id.desc())
        )
    )


def saved_mapping(session: Session, conference_id: int, fingerprint: str) -> dict[str, str] | None:
    """Return which column was which field the last time a bank's file had this header."""
    found = session.scalars(
        select(ColumnMapping.mapping).where(
            ColumnMapping.conference_id == conference_id,
            ColumnMapping.fingerprint == _print(fingerprint),
        )
    ).first()
    return dict(found) if found is not None else None


def save_mapping(
    uow: UnitOfWork, conference_id: int, fingerprint: str, mapping: dict[str, str]
) -> None:
    """Remember which column was which field under this header."""
    found = uow.session.scalars(
        select(ColumnMapping).where(
            ColumnMapping.conference_id == conference_id,
            ColumnMapping.fingerprint == _print(fingerprint),
        )
    ).first()
    if found is None:
        found = ColumnMapping(
            conference_id=conference_id,
            fingerprint=_print(fingerprint),
            entered_by=uow.actor.name,
        )
        uow.session.add(found)
    if found.mapping != mapping:
        found.mapping = mapping


def _print(fingerprint: str) -> str:
    return (_MAPPING + fingerprint)[:32]
