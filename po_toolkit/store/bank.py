"""Bank statements and their lines: each line kept once, however often it is loaded.

A line is known by its account, currency, day, amount and wording, and by which occurrence of these
it is, since two genuine payments of one day may be equal in every letter. Banks use their own ids
again and change them from one download to the next, so an id only helps where it has proven stable.
A line that equals an earlier one in all but its wording is kept as a suspected duplicate of it, and
so is an equal line where the balances do not say whether two statements overlap.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate, product
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from po_toolkit.domain import remedies
from po_toolkit.domain.wording import written_day
from po_toolkit.errors import NotFoundError, PurchaseOrderError
from po_toolkit.money import display
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.ids import reserve_ids
from po_toolkit.store.tables import (
    BankMatch,
    BankStatement,
    BankStatementLine,
    BankTransaction,
    ColumnMapping,
    Conference,
    PurchaseOrder,
    QuarantinedBankLine,
)

_FEW = 500
NEAR = timedelta(days=3)
"""How far apart the same line may be dated by two files."""
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

    @property
    def wording(self) -> str:
        """What the bank says of it, folded."""
        return _folded(self.counterparty, self.text)

    def fingerprint(self, account: str) -> str:
        """Return what makes a line of this account the same as another."""
        content = (
            " ".join(account.split()),
            self.currency,
            str(self.amount),
            self.booked_on.isoformat(),
            self.wording,
        )
        return hashlib.sha256("\n".join(content).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Suspect:
    """A new line that may be an earlier one again, with our ids of both and the earlier day."""

    row: int
    line: int
    earlier: int
    amount: int
    currency: str
    earlier_day: date


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a statement's lines: how many were new, and how many were there already."""

    new: int
    duplicates: int
    suspects: list[Suspect] = field(default_factory=list)


def _folded(*parts: str) -> str:
    return " ".join(" ".join(parts).casefold().split())


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


@dataclass(slots=True)
class _Known:
    """A line that is there already, and where it stands."""

    id: int
    account: str
    amount: int
    booked_on: date
    wording: str
    bank_reference: str
    fingerprint: str
    occurrence: int
    layouts: set[str] = field(default_factory=set)
    ranges: list[tuple[date, date]] = field(default_factory=list)
    statements: set[int] = field(default_factory=set)


def keep_lines(
    uow: UnitOfWork,
    statement: BankStatement,
    lines: Sequence[NewLine],
    same_file: Collection[int] = (),
) -> Kept:
    """Keep the lines of a statement that are not there already.

    The conference is locked, so that one file at a time is loaded. The other statements of the same
    file are not suspected to repeat it.
    """
    session = uow.session
    known = _known(session, statement, lines)
    mine = [k for k in known if same_account(k.account, statement.account)]
    apart, asked = _chained(session, statement, lines)
    pairs = _pairs(lines, [k for k in mine if k.id not in apart | asked])
    paired = {k.id for k in pairs.values()}
    free = [
        k
        for k in known
        if k.id not in apart | paired and not (k.statements and k.statements <= {*same_file})
    ]
    times: dict[str, int] = {}
    for k in known:
        times[k.fingerprint] = max(times.get(k.fingerprint, 0), k.occurrence + 1)
    keys: list[int | None] = [pairs[at].id if at in pairs else None for at in range(len(lines))]
    suspected = _suspects(lines, keys, statement, free)
    ids = iter(reserve_ids(session, BankTransaction.__table__, keys.count(None)))
    now = utc_now()
    new: list[dict[str, Any]] = []
    suspects: list[Suspect] = []
    for at, line in enumerate(lines):
        if keys[at] is not None:
            continue
        keys[at] = key = next(ids)
        print_ = line.fingerprint(statement.account)
        occurrence = times.get(print_, 0)
        times[print_] = occurrence + 1
        earlier = suspected.get(at)
        columns = _columns(statement, line, print_, occurrence)
        columns |= {"id": key, "created_at": now, "duplicate_of_id": earlier and earlier.id}
        new.append(columns)
        if earlier:
            suspects.append(
                Suspect(line.row, key, earlier.id, line.amount, line.currency, earlier.booked_on)
            )
    if new:
        session.execute(insert(BankTransaction), new)
    _keep_places(session, statement, lines, keys)
    return Kept(len(new), len(lines) - len(new), suspects)


def same_account(one: str, other: str) -> bool:
    """Tell whether two names are of one account: an IBAN holds the number that other formats give.

    Two files that name no account are of the same one as far as anybody knows.
    """
    a, b = _account(one), _account(other)
    if a == b:
        return True
    short, long = sorted((a, b), key=len)
    digits = re.sub(r"\D", "", short).lstrip("0")
    return len(digits) >= 6 and re.sub(r"\D", "", long).endswith(digits)


def may_be_same_account(one: str, other: str) -> bool:
    """Tell whether two names may be of one account: one is missing, or only its end is shown."""
    a, b = _account(one), _account(other)
    short, long = sorted((a, b), key=len)
    tail = re.sub(r"\D", "", short)
    return not short or same_account(one, other) or (len(tail) >= 3 and long.endswith(tail))


def _account(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", text.upper())


def _known(session: Session, statement: BankStatement, lines: Sequence[NewLine]) -> list[_Known]:
    """Read the lines near these days whose account is, or may be, the statement's."""
    if not lines:
        return []
    first, last = min(x.booked_on for x in lines), max(x.booked_on for x in lines)
    tx, place, paper = BankTransaction, BankStatementLine, BankStatement
    found: dict[int, _Known] = {}
    for row in session.execute(
        select(
            tx.id, tx.account, tx.amount, tx.booked_on, tx.counterparty, tx.text,
            tx.bank_reference, tx.fingerprint, tx.occurrence,
        )
        .where(
            tx.conference_id == statement.conference_id,
            tx.currency == statement.currency,
            tx.booked_on.between(first - NEAR, last + NEAR),
        )
        .order_by(tx.booked_on, tx.id)
    ):  # fmt: skip
        if may_be_same_account(row.account, statement.account):
            found[row.id] = _Known(
                row.id, row.account, row.amount, row.booked_on, _folded(row.counterparty, row.text),
                row.bank_reference, row.fingerprint, row.occurrence,
            )  # fmt: skip
    span = (
        select(
            place.statement_id,
            func.min(tx.booked_on).label("first"),
            func.max(tx.booked_on).label("last"),
        )
        .join(tx, tx.id == place.transaction_id)
        .where(tx.conference_id == statement.conference_id)
        .group_by(place.statement_id)
        .having(func.max(tx.booked_on) >= first - NEAR, func.min(tx.booked_on) <= last + NEAR)
        .subquery()
    )
    for row in session.execute(
        select(
            place.transaction_id, paper.id, paper.format, paper.layout, span.c.first, span.c.last
        )
        .join(paper, paper.id == place.statement_id)
        .join(span, span.c.statement_id == paper.id)
    ):
        if row.transaction_id in found:
            found[row.transaction_id].layouts.add(f"{row.format} {row.layout}")
            found[row.transaction_id].ranges.append((row.first, row.last))
            found[row.transaction_id].statements.add(row.id)
    return list(found.values())


def _pairs(lines: Sequence[NewLine], known: Sequence[_Known]) -> dict[int, _Known]:
    """Pair each line with the one there already that says the same; the same reference goes first.

    Where some references of the account are the same as before, another reference is another line.
    """
    there: dict[tuple[int, date, str], list[_Known]] = defaultdict(list)
    for k in known:
        there[k.amount, k.booked_on, k.wording].append(k)
    pairs: dict[int, _Known] = {}
    for reference_counts in (True, False):
        stable = any(k.bank_reference for k in pairs.values())
        for at, line in enumerate(lines):
            options = there.get((line.amount, line.booked_on, line.wording), [])
            for k in options:
                equal = k.bank_reference.casefold() == line.bank_reference.casefold()
                open_ = not (stable and k.bank_reference and line.bank_reference)
                if at not in pairs and (equal if reference_counts else open_):
                    options.remove(k)
                    pairs[at] = k
                    break
    return pairs


def _suspects(
    lines: Sequence[NewLine],
    keys: Sequence[int | None],
    statement: BankStatement,
    free: list[_Known],
) -> dict[int, _Known]:
    """Return the new lines that equal an earlier one in amount and day, within three days.

    Statements of one layout whose days do not overlap repeat nothing.
    """
    layout = f"{statement.format} {statement.layout}"
    days = [x.booked_on for x in lines]
    candidates: dict[int, list[_Known]] = defaultdict(list)
    for k in free:
        overlaps = any(a <= max(days) and b >= min(days) for a, b in k.ranges) or not k.ranges
        if k.layouts != {layout} or overlaps:
            candidates[k.amount].append(k)
    found: dict[int, _Known] = {}
    for distance in range(NEAR.days + 1):
        for at, line in enumerate(lines):
            if keys[at] is not None or at in found or not line.amount:
                continue
            for k in candidates.get(line.amount, ()):
                if abs((k.booked_on - line.booked_on).days) == distance:
                    found[at] = k
                    candidates[line.amount].remove(k)
                    break
    return found


def _chained(
    session: Session, statement: BankStatement, lines: Sequence[NewLine]
) -> tuple[set[int], set[int]]:
    """Return lines on proven statements that end where this one begins, or the other way round.

    The first repeat nothing, so an equal line is another line. By the balances, the second may as
    well be lines of this statement, in whatever words: a person must say, unless what both share
    comes to nothing.
    """
    apart: set[int] = set()
    asked: set[int] = set()
    mine = [(x.amount, x.booked_on) for x in lines]
    for opening, theirs in _neighbours(session, statement):
        moves = [(amount, day) for _, amount, day in theirs]
        shared = Counter(mine) & Counter(moves)
        sides = (mine, statement.opening or 0), (moves, opening)
        if not shared or sum(amount * n for (amount, _), n in shared.items()) != 0:
            overlaps = _is_within(*sides) or _is_within(*reversed(sides))
            for id_, amount, day in theirs:
                (asked if overlaps and (amount, day) in shared else apart).add(id_)
    return apart, asked - apart


def _is_within(*sides: tuple[Sequence[tuple[int, date]], int]) -> bool:
    """Tell whether the second statement may begin within the first, by balance and lines.

    The lines are amount and day, oldest or newest first; beside them is the opening balance.
    """
    (whole, begins), (part, at) = sides
    for first, second in product((whole, whole[::-1]), (part, part[::-1])):
        balances = accumulate((amount for amount, _ in first), initial=begins)
        for k, balance in enumerate(balances):
            pairs = list(zip(first[k:], second, strict=False))
            if balance == at and pairs and all(a == b for a, b in pairs):
                return True
    return False


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


def _neighbours(
    session: Session, statement: BankStatement
) -> Iterable[tuple[int, list[tuple[int, int, date]]]]:
    """Return each proven statement that ends where this one begins, or the reverse.

    Returns:
        The opening balance of each, and id, amount and day of its lines in their order.
    """
    one, tx = BankStatement, BankTransaction
    if statement.state != "proven" or statement.opening == statement.closing:
        return ()
    before = and_(one.closing == statement.opening, one.closing_date <= statement.opening_date)
    after = and_(one.opening == statement.closing, one.opening_date >= statement.closing_date)
    found: dict[int, tuple[int, list[tuple[int, int, date]]]] = {}
    for row in session.execute(
        select(one.id, one.opening, BankStatementLine.transaction_id, tx.amount, tx.booked_on)
        .join(one, one.id == BankStatementLine.statement_id)
        .join(tx, tx.id == BankStatementLine.transaction_id)
        .where(
            one.conference_id == statement.conference_id,
            one.account == statement.account,
            one.currency == statement.currency,
            one.state == "proven",
            one.opening != one.closing,
            one.id != statement.id,
            or_(before, after),
        )
        .order_by(one.id, BankStatementLine.position)
    ):
        place = found.setdefault(row.id, (row.opening, []))
        place[1].append((row.transaction_id, row.amount, row.booked_on))
    return found.values()


def account_in_doubt(
    session: Session, statement: BankStatement, lines: Sequence[NewLine]
) -> list[str] | None:
    """Return the accounts that are known where it matters whose the lines of a nameless file are.

    It matters when one of them equals a line of a named account or of another layout, or when the
    file and an earlier one of the same layout disagree about days that both hold whole.
    """
    if statement.account or not lines:
        return None
    known = _known(session, statement, lines)
    layout = f"{statement.format} {statement.layout}"
    accounts = sorted({k.account for k in known if k.account})
    others = [k for k in known if k.account or k.layouts != {layout}]
    near = {(k.amount, k.booked_on) for k in others}
    for line in lines:
        if any((line.amount, line.booked_on + timedelta(days=d)) in near for d in range(-3, 4)):
            return accounts
    mine = [k for k in known if not k.account and k.layouts == {layout}]
    ranges = [r for k in mine for r in k.ranges]
    first = max(min(x.booked_on for x in lines), min((r[0] for r in ranges), default=date.max))
    last = min(max(x.booked_on for x in lines), max((r[1] for r in ranges), default=date.min))
    ours = Counter((x.amount, x.booked_on) for x in lines if first < x.booked_on < last)
    theirs = Counter((k.amount, k.booked_on) for k in mine if first < k.booked_on < last)
    return accounts if ours and theirs and not ours & theirs else None


def correct(
    uow: UnitOfWork, statement: BankStatement, corrections: Mapping[str, str]
) -> list[tuple[int, str]]:
    """Set aside earlier lines that the bank corrects; return those that are matched, with its id.

    Corrections are the bank's id of the wrong line → of the right one, empty where it is deleted.
    """
    tx = BankTransaction
    matched: list[tuple[int, str]] = []
    for wrong, right in corrections.items():
        for line in uow.session.scalars(
            select(tx).where(
                tx.conference_id == statement.conference_id,
                tx.account == statement.account,
                tx.bank_reference == wrong,
                tx.set_aside == "",
            )
        ):
            applied = select(BankMatch.id).where(
                BankMatch.bank_transaction_id == line.id, BankMatch.state == "applied"
            )
            if uow.session.scalar(applied.limit(1)):
                matched.append((line.id, wrong))
                continue
            line.set_aside = (
                f"The bank replaced it by its transaction {right}"
                if right
                else "The bank deleted it"
            )
            line.set_aside_at = utc_now()
    return matched


def _day(day: date | None) -> str:
    return written_day(day) if day else "an unknown day"


def chain_notes(session: Session, statement: BankStatement) -> list[str]:
    """Say where a statement does not follow from the account's other statements."""
    if statement.opening is None or statement.opening_date is None:
        return []
    one = BankStatement
    others = [
        x
        for x in session.scalars(
            select(one).where(
                one.conference_id == statement.conference_id,
                one.currency == statement.currency,
                one.id != statement.id,
                one.state.in_(("proven", "accepted")),
                one.opening.is_not(None),
                one.closing.is_not(None),
                one.opening_date.is_not(None),
                one.closing_date.is_not(None),
            )
        )
        if same_account(x.account, statement.account)
    ]
    notes = []
    begins, ends = statement.opening_date, statement.closing_date or statement.opening_date
    dated = [(x, x.opening_date, x.closing_date) for x in others]
    over = [x for x, first, last in dated if first and last and first < ends and last > begins]
    before = [x for x, _, last in dated if last and last <= begins]
    whose = statement.account or "the account"
    if over:
        names = ", ".join(str(x.id) for x in over[:3])
        notes.append(
            f"The statement of {whose} from {_day(begins)} to {_day(ends)} overlaps statement "
            f"{names}; lines "
            f"that both hold count once."
        )
    elif before:
        last = max(before, key=lambda x: (x.closing_date, x.id))
        if not any(
            x.closing == statement.opening for x in before if x.closing_date == last.closing_date
        ):
            gap = display(statement.opening - (last.closing or 0), statement.currency)
            notes.append(
                f"A gap: statement {last.id} of {whose} closes on "
                f"{_day(last.closing_date)} with "
                f"{display(last.closing or 0, statement.currency)}, this one opens on "
                f"{_day(begins)} "
                f"with {display(statement.opening, statement.currency)}, {gap} apart. A statement "
                f"between them may be missing."
            )
    return notes


def remove(uow: UnitOfWork, statement: BankStatement) -> int:
    """Delete a statement and the lines that no other statement holds; return how many.

    Raises:
        PurchaseOrderError: A line is matched; names it.
    """
    session = uow.session
    place, tx = BankStatementLine, BankTransaction
    mine = set(
        session.scalars(select(place.transaction_id).where(place.statement_id == statement.id))
    )
    elsewhere: set[int] = set()
    ordered = sorted(mine)
    for start in range(0, len(ordered), _FEW):
        elsewhere |= set(
            session.scalars(
                select(place.transaction_id).where(
                    place.transaction_id.in_(ordered[start : start + _FEW]),
                    place.statement_id != statement.id,
                )
            )
        )
    gone = sorted(mine - elsewhere)
    for start in range(0, len(gone), _FEW):
        few = gone[start : start + _FEW]
        matched = session.scalars(
            select(BankMatch.bank_transaction_id)
            .where(BankMatch.bank_transaction_id.in_(few), BankMatch.state == "applied")
            .order_by(BankMatch.bank_transaction_id)
        ).first()
        if matched is not None:
            raise PurchaseOrderError(
                f"Statement {statement.id} cannot be removed: its line {matched} is matched. Undo "
                f"that match first. Nothing was removed.",
                remedy=remedies.undo_match(
                    session.get_one(Conference, statement.conference_id).slug, matched
                ),
            )
    session.execute(delete(place).where(place.statement_id == statement.id))
    for start in range(0, len(gone), _FEW):
        few = gone[start : start + _FEW]
        session.execute(update(tx).where(tx.duplicate_of_id.in_(few)).values(duplicate_of_id=None))
        session.execute(delete(BankMatch).where(BankMatch.bank_transaction_id.in_(few)))
        session.execute(delete(tx).where(tx.id.in_(few)))
    session.execute(
        delete(QuarantinedBankLine).where(QuarantinedBankLine.statement_id == statement.id)
    )
    session.delete(statement)
    session.flush()
    return len(gone)


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
    return list(session.scalars(_STATEMENTS, {"conference": conference_id}))


_STATEMENTS = (
    select(BankStatement)
    .where(BankStatement.conference_id == bindparam("conference"))
    .order_by(BankStatement.id.desc())
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


def currencies(session: Session, conference_id: int) -> tuple[dict[str, str], set[str]]:
    """Return the currency of each account with but one, and every currency that is billed or held.

    Returns:
        Account → currency; and the currencies of all statements and purchase orders.
    """
    held = session.execute(
        select(BankStatement.account, BankStatement.currency)
        .where(BankStatement.conference_id == conference_id)
        .distinct()
    ).all()
    billed = session.scalars(
        select(PurchaseOrder.currency)
        .where(PurchaseOrder.conference_id == conference_id)
        .distinct()
    )
    times = Counter(account for account, _ in held)
    accounts = {account: code for account, code in held if account and times[account] == 1}
    return accounts, {*billed, *(code for _, code in held)}


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
