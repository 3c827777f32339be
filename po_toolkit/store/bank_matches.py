"""What is left to match, and what was matched."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import BigInteger, Integer, bindparam, case, cast, func, select
from sqlalchemy.orm import Session, aliased

from po_toolkit.domain.bank_matching import (
    BatchPart,
    Confirmed,
    Facts,
    HandEntry,
    Line,
    OpenOrder,
    PayoutFact,
)
from po_toolkit.domain.sums import PAID_SIGN, REFUNDED_SIGN, EntryKind
from po_toolkit.errors import NotFoundError
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import (
    BankMatch,
    BankTransaction,
    Conference,
    CreditNote,
    Invoice,
    LedgerEntry,
    Payout,
    PurchaseOrder,
    PurchaseOrderLineItem,
)

_BY_HAND = {EntryKind.PAYMENT.value: 1, EntryKind.REFUND.value: -1}
_FEW = 500
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_LINE = (
    BankTransaction.id,
    BankTransaction.amount,
    BankTransaction.currency,
    BankTransaction.booked_on,
    BankTransaction.text,
    BankTransaction.counterparty,
    BankTransaction.counterparty_account,
    BankTransaction.payment_references,
    BankTransaction.details,
    BankTransaction.reversal,
    BankTransaction.duplicate_of_id,
    BankTransaction.bank_reference,
)
"""What a line says."""


_OF = bindparam("conference", type_=Integer)
"""The conference of the statements below, which are put together once."""
_ACTIVE = select(
    BankMatch.bank_transaction_id,
    BankMatch.kind,
    BankMatch.payout_id,
    BankMatch.entry_id,
    BankMatch.amount,
    BankMatch.charges,
).where(BankMatch.conference_id == _OF, BankMatch.state == "applied")


def facts(session: Session, conference_id: int) -> Facts:
    """Read the lines that nothing explains yet, and all that they may be."""
    active = session.execute(_ACTIVE, {"conference": conference_id}).all()
    matched = {row.bank_transaction_id for row in active}
    came: dict[tuple[str, int], int] = defaultdict(int)
    for row in active:
        if row.payout_id is not None:
            came[row.kind, row.payout_id] += row.amount + row.charges
    orders = _orders(session, conference_id)
    stands = confirmed(session, conference_id)
    return Facts(
        lines=[x for x in _lines(session, conference_id) if x.id not in matched],
        orders=orders,
        entries=_hand_entries(session, conference_id, {row.entry_id for row in active}),
        payouts=_payouts(session, conference_id, came),
        refused=_refused(session, conference_id),
        own=_own_names(session, conference_id),
        accounts=_accounts(stands),
        confirmed=stands,
        elsewhere=[
            OpenOrder(
                row.id, row.reference, row.po_number, row.organization_name, row.currency,
                row.balance, conference=row.name,
            )
            for row in session.execute(_OPEN_ELSEWHERE, {"conference": conference_id})
        ],
    )  # fmt: skip


_BALANCE = (
    PurchaseOrder.sum_total
    - PurchaseOrder.sum_credited
    - PurchaseOrder.sum_paid
    + PurchaseOrder.sum_refunded
)
_OPEN_ELSEWHERE = (
    select(
        PurchaseOrder.id,
        PurchaseOrder.reference,
        PurchaseOrder.po_number,
        PurchaseOrder.organization_name,
        PurchaseOrder.currency,
        Conference.name,
        _BALANCE.label("balance"),
    )
    .join(Conference, Conference.id == PurchaseOrder.conference_id)
    .where(PurchaseOrder.conference_id != _OF, PurchaseOrder.cancelled_at.is_(None), _BALANCE > 0)
    .order_by(PurchaseOrder.id)
)


def _own_names(session: Session, conference_id: int) -> list[str]:
    """Return our own names: that of the conference, with and without its year."""
    name = session.scalar(_NAME, {"conference": conference_id}) or ""
    return [n for n in dict.fromkeys((name, _YEAR.sub("", name).strip())) if n]


_NAME = select(Conference.name).where(Conference.id == _OF)


def _lines(session: Session, conference_id: int) -> list[Line]:
    mine = {"conference": conference_id}
    elsewhere = {row.id: row.name for row in session.execute(_ELSEWHERE, mine)}
    return [
        replace(_line(row), elsewhere=elsewhere.get(row.id, ""))
        for row in session.execute(_LINES, mine)
    ]


_LINES = (
    select(*_LINE)
    .where(
        BankTransaction.conference_id == _OF,
        BankTransaction.set_aside == "",
        BankTransaction.amount != 0,
    )
    .order_by(BankTransaction.id)
)


def _elsewhere() -> Any:
    """Return the lines that another conference has matched: the two share a bank account."""
    mine, theirs = BankTransaction, aliased(BankTransaction)
    others = select(Conference.id).where(Conference.id != _OF)
    return (
        select(mine.id, Conference.name)
        .join(theirs, theirs.fingerprint == mine.fingerprint)
        .join(BankMatch, BankMatch.bank_transaction_id == theirs.id)
        .join(Conference, Conference.id == theirs.conference_id)
        .where(
            mine.conference_id == _OF,
            theirs.conference_id.in_(others),
            theirs.occurrence == mine.occurrence,
            BankMatch.state == "applied",
        )
    )


_ELSEWHERE = _elsewhere()


def _line(row: Any) -> Line:
    parts = row.details if len(row.details) > 1 else ()
    return Line(
        row.id,
        row.amount,
        row.currency,
        row.booked_on,
        " ".join([row.text, *(r for r in row.payment_references if r not in row.text)]),
        row.counterparty,
        row.counterparty_account,
        tuple(
            BatchPart(
                part.get("amount"),
                " ".join([part.get("text", ""), *part.get("references", ())]),
                part.get("counterparty", ""),
                part.get("account", ""),
            )
            for part in parts
        ),
        row.reversal,
        row.duplicate_of_id,
    )


def _orders(session: Session, conference_id: int) -> list[OpenOrder]:
    mine = {"conference": conference_id}
    total: dict[int, int] = defaultdict(int)
    balance: dict[int, int] = defaultdict(int)
    for moved, sign, statement in _SUMS:
        for order_id, amount in session.execute(statement, mine):
            balance[order_id] += sign * int(amount)
            if not moved:
                total[order_id] += sign * int(amount)
    numbers: dict[int, list[str]] = defaultdict(list)
    for order_id, number in session.execute(_NUMBERS, mine):
        numbers[order_id].append(number)
    return [
        OpenOrder(
            row.id,
            row.reference,
            row.po_number,
            row.organization_name,
            row.currency,
            balance[row.id],
            row.cancelled_at is not None,
            total[row.id],
            tuple(numbers[row.id]),
        )
        for row in session.execute(_ORDERS, mine)
    ]


_NUMBERS = select(Invoice.purchase_order_id, Invoice.number).where(
    Invoice.conference_id == _OF, Invoice.number != ""
)
_ORDERS = (
    select(
        PurchaseOrder.id,
        PurchaseOrder.reference,
        PurchaseOrder.po_number,
        PurchaseOrder.organization_name,
        PurchaseOrder.currency,
        PurchaseOrder.cancelled_at,
    )
    .where(PurchaseOrder.conference_id == _OF)
    .order_by(PurchaseOrder.id)
)


def _sums() -> Iterable[tuple[bool, int, Any]]:
    """Return what makes up each purchase order's balance: whether money moved, and the sign."""
    item, note, entry = PurchaseOrderLineItem, CreditNote, LedgerEntry
    mine = PurchaseOrder.conference_id == _OF
    yield (
        False,
        1,
        (
            select(item.purchase_order_id, cast(func.sum(item.billed), BigInteger))
            .join(PurchaseOrder, PurchaseOrder.id == item.purchase_order_id)
            .where(mine)
            .group_by(item.purchase_order_id)
        ),
    )
    yield (
        False,
        -1,
        (
            select(note.purchase_order_id, cast(func.sum(note.amount), BigInteger))
            .where(note.conference_id == _OF)
            .group_by(note.purchase_order_id)
        ),
    )
    signs = {k.value: -s for k, s in PAID_SIGN.items()} | {
        k.value: s for k, s in REFUNDED_SIGN.items()
    }
    signed = entry.amount * case(signs, value=entry.kind, else_=0)
    yield (
        True,
        1,
        (
            select(entry.purchase_order_id, cast(func.sum(signed), BigInteger))
            .where(entry.conference_id == _OF)
            .group_by(entry.purchase_order_id)
        ),
    )


_SUMS = tuple(_sums())


def _hand_entries(session: Session, conference_id: int, linked: set[int | None]) -> list[HandEntry]:
    mine = {"conference": conference_id}
    reversed_ = set(session.scalars(_REVERSED, mine))
    return [
        HandEntry(
            row.id,
            row.purchase_order_id,
            _BY_HAND[row.kind] * row.amount,
            row.currency,
            row.payment_date,
            row.reference,
            row.method,
        )
        for row in session.execute(_HAND_ENTRIES, mine)
        if row.id not in linked and row.id not in reversed_
    ]


_REVERSED = select(LedgerEntry.reverses_id).where(
    LedgerEntry.conference_id == _OF, LedgerEntry.reverses_id.is_not(None)
)
_HAND_ENTRIES = (
    select(
        LedgerEntry.id,
        LedgerEntry.purchase_order_id,
        LedgerEntry.kind,
        LedgerEntry.amount,
        LedgerEntry.currency,
        LedgerEntry.payment_date,
        LedgerEntry.reference,
        LedgerEntry.method,
    )
    .where(
        LedgerEntry.conference_id == _OF,
        LedgerEntry.source != "bank",
        LedgerEntry.method != "stripe",  # what was paid outside of Stripe, whoever entered it
        LedgerEntry.kind.in_(_BY_HAND),
        LedgerEntry.reverses_id.is_(None),
    )
    .order_by(LedgerEntry.id)
)


def _payouts(
    session: Session, conference_id: int, came: Mapping[tuple[str, int], int]
) -> list[PayoutFact]:
    """Read the payouts of which something is still to come, or to go back."""
    found = []
    for p in session.scalars(_PAYOUTS, {"conference": conference_id}):
        rest = abs(p.amount) - came.get(("payout", p.id), 0)
        failed = p.status == "failed"
        if (rest <= 0 and not failed) or ("payout_return", p.id) in came:
            continue
        left = rest if rest > 0 else abs(p.amount)
        found.append(
            PayoutFact(
                p.id,
                p.stripe_payout_id,
                left if p.amount > 0 else -left,
                p.currency,
                p.arrival_date,
                p.trace_id,
                p.statement_descriptor,
                failed,
                rest <= 0,
            )
        )
    return found


_PAYOUTS = (
    select(Payout)
    .where(Payout.conference_id == _OF, Payout.status != "canceled")
    .order_by(Payout.id)
)


def _confirmed() -> Any:
    m, e, po, tx = BankMatch, LedgerEntry, PurchaseOrder, BankTransaction
    return (
        select(
            *_LINE,
            m.id.label("match_id"),
            m.amount.label("share"),
            e.id.label("entry_id"),
            e.reference.label("entry_reference"),
            po.id.label("order_id"),
            po.reference,
            po.organization_name,
            po.po_number,
        )
        .join(m, m.bank_transaction_id == tx.id)
        .join(e, e.id == m.entry_id)
        .join(po, po.id == e.purchase_order_id)
        .where(
            m.conference_id == _OF,
            m.state == "applied",
            m.kind == "entry",
            e.id.not_in(_REVERSED),
        )
        .order_by(m.id)
    )


_CONFIRMED = _confirmed()


def confirmed(session: Session, conference_id: int) -> list[Confirmed]:
    """Read the matches whose entries count, and that no bank has reversed."""
    return [
        Confirmed(
            row.match_id,
            _line(row),
            row.share,
            row.entry_id,
            row.order_id,
            row.reference,
            row.organization_name,
            tuple(n for n in (row.po_number, row.entry_reference, row.bank_reference) if n),
        )
        for row in session.execute(_CONFIRMED, {"conference": conference_id})
    ]


def _accounts(stands: Iterable[Confirmed]) -> dict[str, frozenset[str]]:
    """Return for which sponsors each account has paid."""
    found: dict[str, set[str]] = defaultdict(set)
    for match in stands:
        if match.line.account and match.line.amount > 0:
            found[match.line.account].add(match.organization_name)
    return {account: frozenset(names) for account, names in found.items()}


def _refused(session: Session, conference_id: int) -> frozenset[tuple[int, str]]:
    undone = session.scalars(_UNDONE, {"conference": conference_id})
    return frozenset((m.bank_transaction_id, _target(m)) for m in undone)


_UNDONE = select(BankMatch).where(BankMatch.conference_id == _OF, BankMatch.state == "undone")


def _target(match: BankMatch) -> str:
    if match.kind == "reversal":
        return f"reversal {match.reversed_match_id}"
    if match.kind != "entry":
        return f"{match.kind} {match.payout_id}"
    made = match.created_entry
    return f"order {match.purchase_order_id}" if made else f"entry {match.entry_id}"


def line(
    session: Session, conference_id: int, line_id: int, *, lock: bool = False
) -> BankTransaction:
    """Return one bank line, locked where it is to be changed.

    Raises:
        NotFoundError: The conference has no such line.
    """
    query = select(BankTransaction).where(
        BankTransaction.id == line_id, BankTransaction.conference_id == conference_id
    )
    found = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise NotFoundError(f"There is no bank line {line_id} in this conference.")
    return found


def matches_of(session: Session, line_ids: Iterable[int]) -> dict[int, list[BankMatch]]:
    """Return the applied matches of some lines."""
    found: dict[int, list[BankMatch]] = defaultdict(list)
    ids = sorted(set(line_ids))
    for start in range(0, len(ids), _FEW):
        for row in session.scalars(
            select(BankMatch)
            .where(
                BankMatch.bank_transaction_id.in_(ids[start : start + _FEW]),
                BankMatch.state == "applied",
            )
            .order_by(BankMatch.id)
        ):
            found[row.bank_transaction_id].append(row)
    return found


def entry_match(session: Session, conference_id: int, entry_id: int) -> BankMatch | None:
    """Return the applied match of an entry, if there is one."""
    return session.scalars(
        select(BankMatch).where(
            BankMatch.conference_id == conference_id,
            BankMatch.state == "applied",
            BankMatch.kind == "entry",
            BankMatch.entry_id == entry_id,
        )
    ).first()


def reversal_of(session: Session, match: BankMatch) -> BankMatch | None:
    """Return the applied match of the line that takes another match back, if there is one."""
    return session.scalars(
        select(BankMatch).where(
            BankMatch.reversed_match_id == match.id, BankMatch.state == "applied"
        )
    ).first()


def came_of_payout(session: Session, conference_id: int, payout_id: int, kind: str) -> int:
    """Return how much of a payout lines explain, a bank's fee included, in minor units."""
    found = session.scalar(
        select(func.sum(BankMatch.amount + BankMatch.charges)).where(
            BankMatch.conference_id == conference_id,
            BankMatch.state == "applied",
            BankMatch.kind == kind,
            BankMatch.payout_id == payout_id,
        )
    )
    return int(found or 0)


def link_new_entries(uow: UnitOfWork, conference_id: int) -> None:
    """Give each match the entry that it made, once that is in the ledger."""
    waiting = {
        str(m.uuid): m
        for m in uow.session.scalars(
            select(BankMatch).where(
                BankMatch.conference_id == conference_id,
                BankMatch.kind == "entry",
                BankMatch.entry_id.is_(None),
            )
        )
    }
    entry = LedgerEntry
    names = sorted(waiting)
    for start in range(0, len(names), _FEW):
        for entry_id, source_id in uow.session.execute(
            select(entry.id, entry.source_id).where(
                entry.conference_id == conference_id,
                entry.source == "bank",
                entry.source_id.in_(names[start : start + _FEW]),
            )
        ):
            waiting[source_id].entry_id = entry_id


def all_lines(session: Session, conference_id: int) -> list[BankTransaction]:
    """Return every line, newest first."""
    tx = BankTransaction
    return list(
        session.scalars(
            select(tx)
            .where(tx.conference_id == conference_id)
            .order_by(tx.booked_on.desc(), tx.id.desc())
        )
    )


def references(session: Session, ids: Iterable[int]) -> Mapping[int, str]:
    """Return our reference of each of these purchase orders."""
    wanted = sorted(set(ids))
    return {
        row.id: row.reference
        for start in range(0, len(wanted), _FEW)
        for row in session.execute(
            select(PurchaseOrder.id, PurchaseOrder.reference).where(
                PurchaseOrder.id.in_(wanted[start : start + _FEW])
            )
        )
    }


def payout_ids(session: Session, conference_id: int) -> dict[int, str]:
    """Return Stripe's id of each payout by ours."""
    return {
        row.id: row.stripe_payout_id
        for row in session.execute(
            select(Payout.id, Payout.stripe_payout_id).where(Payout.conference_id == conference_id)
        )
    }
