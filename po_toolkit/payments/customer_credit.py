"""A sponsor's credit and cash at Stripe: from an overpayment, used on another invoice, or unused.

Stripe takes credit from the customer's balance when an invoice is finalized, without a payment.
Here it is a pair of entries: out of the purchase order that was overpaid, into the one it settles.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from po_toolkit.context import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.periods import local_day
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.domain.sums import EntryKind
from po_toolkit.errors import PurchaseOrderError, StripeNotFoundError
from po_toolkit.money import display, minor_from_api, to_major
from po_toolkit.payments.ledger import Change, Movement, Taken, record_all
from po_toolkit.store import money_intents, stripe_only
from po_toolkit.store.database import Store, UnitOfWork
from po_toolkit.store.invoices import balance_on, id_of
from po_toolkit.store.tables import Conference, Invoice, LedgerEntry, PurchaseOrder
from po_toolkit.stripe_gateway import StripeGateway

Json = dict[str, Any]

_TRANSFERS = (EntryKind.TRANSFER_IN, EntryKind.TRANSFER_OUT)


def concerned(order: PurchaseOrder) -> bool:
    """Tell whether a purchase order gives credit, or used some."""
    return (
        order.sums.balance < 0
        or any(invoice.stripe_credit_used for invoice in order.invoices)
        or any(entry.kind in _TRANSFERS for entry in order.entries)
    )


def uses_balance(invoice: Json) -> bool:
    """Tell whether an invoice with its payments may have taken from the customer's balance."""
    paid = sum(payment.get("amount_paid") or 0 for payment in _paid(invoice))
    return balance_on(invoice) != 0 or (invoice.get("amount_paid") or 0) > paid


def _paid(invoice: Json) -> list[Json]:
    return [p for p in invoice["payments"]["data"] if p.get("status") == "paid"]


_ON_INVOICE = ("applied_to_invoice", "unapplied_from_invoice")
"""Types of the transactions by which a balance changes what an invoice asks."""


def with_balance(gateway: StripeGateway, invoice: Json) -> Json:
    """Complete an invoice with what the customer's balance did to it.

    The invoice's own ``starting_balance`` is reported as 0 on finalized invoices (stripe-dotnet
    issue 3225), and credit can be applied to an invoice that is open already (changelog
    2026-11-18), so only the customer's balance transactions tell. Where such credit counts as
    paid rather than as not due, the sums are returned as if it had lowered what is due.

    Returns:
        The invoice with ``credit_used`` in API units, below 0 for a debit, and ``balance_moves``:
        the transactions on it, then those from which the balance came, the newest first.

    Raises:
        StripeGatewayError: In one of its kinds, as where the key may not read balances.
    """
    path = f"/v1/customers/{id_of(invoice['customer'])}/balance_transactions"
    try:
        moves = [row for page in gateway.pages(path) for row in page]
    except StripeNotFoundError:  # a deleted customer: what the invoice itself says is all there is
        before, after = (
            max(-(invoice.get(name) or 0), 0) for name in ("starting_balance", "ending_balance")
        )
        used = 0 if invoice["status"] == "void" else before - after
        return {**invoice, "credit_used": used, "balance_moves": []}
    same = [move for move in moves if move["currency"] == invoice["currency"]]
    on_it = [
        m for m in same if id_of(m.get("invoice")) == invoice["id"] and m["type"] in _ON_INVOICE
    ]
    used = sum(move["amount"] for move in on_it)
    older = same[same.index(on_it[0]) + 1 :] if on_it else []
    kept = [_kept(move) for move in (*on_it, *_origins(older, used))]
    late = used - balance_on(invoice)
    beside = (invoice.get("amount_paid") or 0) - sum(p["amount_paid"] for p in _paid(invoice))
    if 0 < late <= beside:
        less = {name: invoice[name] - late for name in ("amount_due", "amount_paid")}
        invoice = {**invoice, **less}
    return {**invoice, "credit_used": used, "balance_moves": kept}


def _origins(older: Sequence[Json], used: int) -> list[Json]:
    """Return the transactions from which credit (above 0) or a debit came, the newest first."""
    found: list[Json] = []
    for move in older:
        if used and move["type"] not in _ON_INVOICE and (move["amount"] < 0) == (used > 0):
            found.append(move)
            if sum(abs(other["amount"]) for other in found) >= abs(used):
                break
    return found


def _kept(move: Json) -> Json:
    return {
        "id": move["id"],
        "type": move["type"],
        "amount": move["amount"],
        "invoice": id_of(move.get("invoice")),
        "description": move.get("description") or "",
    }


def settle(opened: OpenConference, customer_id: str) -> Taken:
    """Let every invoice of a customer show the credit that it used, and none show more.

    A customer is one of the Stripe account, whatever conference a purchase order belongs to.
    """
    taken = Taken()
    if not customer_id:
        return taken
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        orders = uow.lock_purchase_orders(_orders_of(uow.session, opened, customer_id))
        before = {order.id: order.status for order in orders.values()}
        move = Move(uow, local_day(opened.now(), opened.conference.timezone), taken)
        for act in (_give_back, _settle_invoice):  # what is given back may settle another invoice
            for order in orders.values():
                for invoice in order.invoices:
                    act(move, order, invoice, orders)
        taken.statuses_changed = sum(o.status != before[o.id] for o in orders.values())
    return taken


def _orders_of(session: Session, opened: OpenConference, customer_id: str) -> list[int]:
    """Return the purchase orders of a customer, in every conference of the Stripe account."""
    which = {"conference": opened.conference.id, "customer": customer_id}
    return sorted(set(session.scalars(_OF_CUSTOMER, which)))


def _of_customer() -> Any:
    here, other = aliased(Conference), aliased(Conference)
    same = and_(
        here.stripe_account_id != "",
        other.stripe_account_id == here.stripe_account_id,
        other.stripe_livemode == here.stripe_livemode,
    )
    account = (
        select(other.id)
        .join(here, or_(here.id == other.id, same))
        .where(here.id == bindparam("conference"))
    )
    return select(Invoice.purchase_order_id).where(
        Invoice.stripe_customer_id == bindparam("customer"), Invoice.conference_id.in_(account)
    )


_OF_CUSTOMER = _of_customer()


def settle_elsewhere(opened: OpenConference, customer: Json) -> Taken:
    """Let what was overpaid here show that an invoice which is not in this database used it.

    Another database on the same account may have sent it, or staff in Stripe's dashboard. Stripe is
    asked only where less credit is left than was overpaid, or where that was so before. The
    customer is read now, with ``MONEY_FIELDS``.

    Raises:
        StripeGatewayError: Stripe could not be asked.
    """
    taken, credit = Taken(), credit_of(customer)
    with opened.store.reading() as session:
        ids = _orders_of(session, opened, customer["id"])
        orders = [session.get_one(PurchaseOrder, order_id) for order_id in ids]
        if not any(_gone(orders, credit).values()) and not _alone(orders):
            return taken
    path = f"/v1/customers/{customer['id']}/balance_transactions"
    moves = [m for page in opened.gateway.pages(path) for m in page if m["type"] in _ON_INVOICE]
    there: dict[str, tuple[str, int]] = {}
    for made in moves:
        stripe_id, currency = id_of(made.get("invoice")), made["currency"]
        there[stripe_id] = currency, there.get(stripe_id, ("", 0))[1] + made["amount"]
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        named = select(Invoice.stripe_invoice_id).where(Invoice.stripe_invoice_id.in_(there))
        known = set(uow.session.scalars(named))
        locked = uow.lock_purchase_orders(ids)
        left = _gone(locked.values(), credit)
        move = Move(uow, local_day(opened.now(), opened.conference.timezone), taken)
        for donor, entry in _alone(locked.values()):
            stripe_id = entry.source_id.partition(":")[0]
            if stripe_id not in known and there.get(stripe_id, ("", 0))[1] <= 0:
                move.back(locked, donor, entry)
        for stripe_id, (currency, used) in there.items():
            if stripe_id in known:
                continue
            booked = sum(e.amount for o in locked.values() for e in _uses(o, stripe_id))
            missing = minor_from_api(used, currency) - booked
            for donor in locked.values():
                amount = min(missing, left.get(currency, 0), -donor.sums.balance)
                if amount > 0 and donor.currency == currency:
                    move.use_elsewhere(locked.values(), donor, stripe_id, amount)
                    missing -= amount
                    left[currency] -= amount
    return taken


def _gone(orders: Iterable[PurchaseOrder], credit: dict[str, int]) -> dict[str, int]:
    """Return by currency, in minor units, how much of what was overpaid no longer lies there.

    The credit that lies there is given by currency in API units.
    """
    over: dict[str, int] = {}
    for order in orders:
        if any(invoice.stripe_amount_overpaid for invoice in order.invoices):
            over[order.currency] = over.get(order.currency, 0) + max(-order.sums.balance, 0)
    return {
        currency: max(amount - minor_from_api(max(credit.get(currency, 0), 0), currency), 0)
        for currency, amount in over.items()
    }


def _alone(orders: Iterable[PurchaseOrder]) -> list[tuple[PurchaseOrder, LedgerEntry]]:
    """Return what was booked as used by invoices that are not in this database."""
    rows = list(orders)
    names = {entry.source_id for order in rows for entry in order.entries}
    return [
        (order, entry)
        for order in rows
        for entry in _uses(order)
        if _twin(entry.source_id) not in names
    ]


def unsettled(opened: OpenConference) -> list[str]:
    """Return the customers of whose balance an invoice used other than the ledger shows.

    An invoice that used credit says so from the moment it is sent, and may never change again.
    """
    out = LedgerEntry.kind == EntryKind.TRANSFER_OUT.value
    shown = (
        select(
            func.coalesce(func.sum(case((out, -LedgerEntry.amount), else_=LedgerEntry.amount)), 0)
        )
        .where(
            LedgerEntry.invoice_id == Invoice.id,
            LedgerEntry.kind.in_([kind.value for kind in _TRANSFERS]),
            LedgerEntry.reverses_id.is_(None),
        )
        .scalar_subquery()
    )
    query = select(Invoice.stripe_customer_id).where(
        Invoice.conference_id == opened.conference.id,
        Invoice.stripe_credit_used != 0,
        Invoice.stripe_credit_used != shown,
    )
    with opened.store.reading() as session:
        return sorted(set(session.scalars(query)))


def _give_back(
    move: Move, order: PurchaseOrder, invoice: Invoice, orders: dict[int, PurchaseOrder]
) -> None:
    """Give back what an invoice shows of a credit or debt that it does not have any more."""
    used = invoice.stripe_credit_used
    for counting, gone in (
        (_counting(order, invoice, "credit"), used <= 0),
        (_counting(order, invoice, "debit"), used >= 0),
    ):
        for entry in counting * gone:
            move.back(orders, order, entry)


def _settle_invoice(
    move: Move, order: PurchaseOrder, invoice: Invoice, orders: dict[int, PurchaseOrder]
) -> None:
    """Book what the customer's balance did to an invoice, as far as it is known or decided."""
    used = invoice.stripe_credit_used
    if used > 0:
        _settle_credit(move, order, invoice, orders)
    elif used < 0:
        _settle_debit(move, order, invoice, orders)


def _settle_credit(
    move: Move, order: PurchaseOrder, invoice: Invoice, orders: dict[int, PurchaseOrder]
) -> None:
    """Move credit to an invoice that used it from where it was overpaid.

    What came from elsewhere, as from staff in Stripe's dashboard, counts once a person let it.
    """
    counting = _counting(order, invoice, "credit")
    missing = invoice.stripe_credit_used - sum(entry.amount for entry in counting)
    for donor in orders.values():
        for entry in _uses(donor, invoice.stripe_invoice_id or ""):
            alone = all(e.source_id != _twin(entry.source_id) for e in order.entries)
            if alone and donor is not order and missing >= entry.amount:
                move.claim(donor, order, invoice, entry)
                missing -= entry.amount
    for donor in orders.values():
        spare = min(missing, -donor.sums.balance)
        if spare > 0 and donor is not order and donor.currency == order.currency:
            move.credit(donor, order, invoice, spare)
            missing -= spare
    if missing > 0 and _decided(order):
        move.credit(None, order, invoice, missing)


def _settle_debit(
    move: Move, order: PurchaseOrder, invoice: Invoice, orders: dict[int, PurchaseOrder]
) -> None:
    """Move a debt to the invoice that asks for it from where it came from.

    Stripe marks an invoice that cannot be charged as paid and asks for its amount on the
    customer's next invoice (docs, Customer balance: ``invoice_too_small``, ``invoice_too_large``).
    A debt that came from elsewhere counts once a person let it.
    """
    counting = _counting(order, invoice, "debit")
    missing = -invoice.stripe_credit_used - sum(entry.amount for entry in counting)
    origins = {
        origin["invoice"]: origin["amount"]
        for origin in invoice.stripe_balance_moves
        if origin["type"].startswith("invoice_too_")
    }
    for debtor in orders.values():
        carried = sum(origins.get(i.stripe_invoice_id or "", 0) for i in debtor.invoices)
        amount = min(missing, carried, debtor.sums.balance)
        if amount > 0 and debtor is not order and debtor.currency == order.currency:
            move.debit(order, debtor, invoice, amount)
            missing -= amount
    if missing > 0 and _decided(order):
        move.debit(order, None, invoice, missing)


def _decided(order: PurchaseOrder) -> bool:
    return (order.answers or {}).get("balance") == "use"


def _counting(order: PurchaseOrder, invoice: Invoice, what: str) -> list[LedgerEntry]:
    """Return what the invoice has got of ``credit`` or a ``debit`` and still has."""
    side = "in" if what == "credit" else "out"
    returned = {entry.reverses_id for entry in order.entries}
    return [e for e in _booked(order, invoice, what, side) if e.id not in returned]


def _booked(order: PurchaseOrder, invoice: Invoice, what: str, side: str) -> list[LedgerEntry]:
    named = f"{invoice.stripe_invoice_id}:{what}:"
    return [
        entry
        for entry in order.entries
        if entry.source_id.startswith(named)
        and entry.source_id.endswith(f":{side}")
        and entry.reverses_id is None
    ]


def _uses(donor: PurchaseOrder, stripe_id: str = "") -> list[LedgerEntry]:
    """Return what of a purchase order's excess an invoice, or any, used and still has."""
    returned = {entry.reverses_id for entry in donor.entries}
    return [
        entry
        for entry in donor.entries
        if entry.kind == EntryKind.TRANSFER_OUT
        and ":credit:" in entry.source_id
        and entry.source_id.startswith(stripe_id)
        and entry.reverses_id is None
        and entry.id not in returned
    ]


def _twin(source_id: str) -> str:
    """Return the source id of the other entry of a pair."""
    name, _, side = source_id.rpartition(":")
    return f"{name}:{'out' if side == 'in' else 'in'}"


@dataclass(frozen=True)
class Move:
    """Moves credit and debt in pairs of entries within one transaction.

    Where the other side is in no purchase order here, the entry stands alone.
    """

    uow: UnitOfWork
    today: date
    taken: Taken

    def credit(
        self, donor: PurchaseOrder | None, order: PurchaseOrder, invoice: Invoice, amount: int
    ) -> None:
        """Use credit of one purchase order for an invoice of another; minor units."""
        name = f"{invoice.stripe_invoice_id}:credit:{self._number(order, invoice, 'credit', 'in')}"
        self._enter(
            donor,
            order,
            amount,
            name=name,
            note=f"Credit used on invoice {invoice.stripe_invoice_id}{_named(invoice)}",
            into_invoice=invoice.id,
        )
        source = donor.reference if donor else "the sponsor's balance at Stripe"
        self._note_change(order, f"credit of {display(amount, order.currency)} from {source}")

    def claim(
        self, donor: PurchaseOrder, order: PurchaseOrder, invoice: Invoice, used: LedgerEntry
    ) -> None:
        """Let an invoice have what was booked as used before the invoice was known here."""
        name = used.source_id.removesuffix(":out")
        self._enter(None, order, used.amount, name=name, note=used.note, into_invoice=invoice.id)
        shown = display(used.amount, order.currency)
        self._note_change(order, f"credit of {shown} from {donor.reference}")

    def use_elsewhere(
        self,
        orders: Iterable[PurchaseOrder],
        donor: PurchaseOrder,
        stripe_id: str,
        amount: int,
    ) -> None:
        """Count an excess as used on an invoice that no purchase order here has."""
        named = f"{stripe_id}:credit:"
        number = 1 + sum(e.source_id.startswith(named) for o in orders for e in o.entries)
        note = f"Credit used on invoice {stripe_id}, which is not in this database"
        self._enter(donor, None, amount, name=f"{stripe_id}:credit:{number}", note=note)
        shown = display(amount, donor.currency)
        self._note_change(
            donor, f"credit of {shown} used on invoice {stripe_id} of another database"
        )

    def debit(
        self,
        order: PurchaseOrder,
        debtor: PurchaseOrder | None,
        invoice: Invoice,
        amount: int,
    ) -> None:
        """Ask what another purchase order owed with an invoice; minor units."""
        name = f"{invoice.stripe_invoice_id}:debit:{self._number(order, invoice, 'debit', 'out')}"
        note = f"Carried over by Stripe to invoice {invoice.stripe_invoice_id}{_named(invoice)}"
        self._enter(order, debtor, amount, name=name, note=note, from_invoice=invoice.id)
        self._note_change(order, f"{display(amount, order.currency)} owed from before")

    def back(
        self, orders: dict[int, PurchaseOrder], order: PurchaseOrder, entry: LedgerEntry
    ) -> None:
        """Undo a move, since the invoice that caused it is void."""
        twins = [
            (other, twin)
            for other in orders.values()
            for twin in other.entries
            if twin.source_id == _twin(entry.source_id)
        ]
        other, twin = twins[0] if twins else (None, None)
        name = f"{entry.source_id.rpartition(':')[0]}:back"
        stripe_id = entry.source_id.partition(":")[0]
        note = f"Given back: invoice {stripe_id} is void"
        twin_id = twin.id if twin else None
        shown = display(entry.amount, order.currency)
        if entry.kind == EntryKind.TRANSFER_IN:
            self._enter(order, other, entry.amount, name=name, note=note,
                        reverses=(entry.id, twin_id))  # fmt: skip
        else:
            self._enter(other, order, entry.amount, name=name, note=note,
                        reverses=(twin_id, entry.id))  # fmt: skip
        self._note_change(order, f"{shown} given back, since invoice {stripe_id} is void")

    def _number(self, order: PurchaseOrder, invoice: Invoice, what: str, side: str) -> int:
        return len(_booked(order, invoice, what, side)) + 1

    def _enter(
        self,
        giver: PurchaseOrder | None,
        receiver: PurchaseOrder | None,
        amount: int,
        *,
        name: str,
        note: str,
        from_invoice: int | None = None,
        into_invoice: int | None = None,
        reverses: tuple[int | None, int | None] = (None, None),
    ) -> None:
        moves = []
        sides = (
            (giver, receiver, EntryKind.TRANSFER_OUT, "out", from_invoice, reverses[0]),
            (receiver, giver, EntryKind.TRANSFER_IN, "in", into_invoice, reverses[1]),
        )
        for order, other, kind, side, invoice_id, reverses_id in sides:
            if order is None:
                continue
            movement = Movement(
                kind=kind,
                method="stripe",
                amount=amount,
                currency=order.currency,
                source="stripe",
                source_id=f"{name}:{side}",
                payment_date=self.today,
                reference=other.reference if other else "",
                note=note,
                invoice_id=invoice_id,
                reverses_id=reverses_id,
            )
            moves.append((order, movement))
        record_all(self.uow, moves, Act.SYNC)

    def _note_change(self, order: PurchaseOrder, what: str) -> None:
        self.taken.changes.append(Change(order.reference, what))


def _named(invoice: Invoice) -> str:
    """Name the transactions of the customer's balance on an invoice, if they were read."""
    ids = [m["id"] for m in invoice.stripe_balance_moves if m["type"] in _ON_INVOICE]
    return f" ({', '.join(ids)})" if ids else ""


SENT_BACK = "sent_back"
"""Metadata of credit taken down for a refund from the bank: the whole refund, in minor units."""


@dataclass(frozen=True, slots=True)
class TakeDown:
    """What a refund of an excess takes off the customer's credit.

    Attributes:
        amount: Minor units.
        done_for: The uuid of the refund's entry, where Stripe took the credit down for it already
            and a restored copy of the database has forgotten that.
    """

    amount: int = 0
    done_for: UUID | None = None


def to_take_down(
    opened: OpenConference, order: PurchaseOrder, amount: int, *, sent_back: bool = False
) -> TakeDown:
    """Return how much of the customer's credit a refund of an excess takes with it.

    Stripe puts what was overpaid on the customer's balance, from where it lowers the next invoice;
    refunded without that credit it would be given twice.

    Args:
        opened: The conference.
        order: The purchase order.
        amount: What is to be refunded, in minor units.
        sent_back: The money went back from the bank already: what staff took off the balance in
            Stripe's dashboard is then taken for that.

    Raises:
        PurchaseOrderError: The credit was used meanwhile, or it was taken down for a refund that
            the books do not have.
        StripeGatewayError: Stripe could not be asked.
    """
    made = [i for i in order.invoices if i.stripe_amount_overpaid and i.stripe_customer_id]
    with opened.store.reading() as session:
        before = money_intents.refunds_of(session, order)
    taken: int = sum(r.details.get("credit", 0) for r in before if r.step != "refused")
    left = sum(i.stripe_amount_overpaid or 0 for i in made) - taken
    part = min(amount, -order.sums.balance, left)
    if part <= 0:
        return TakeDown()
    path, query = f"/v1/customers/{made[-1].stripe_customer_id}", {"expand": list(MONEY_FIELDS)}
    pages = opened.gateway.pages(f"{path}/balance_transactions")
    moves = [move for page in pages for move in page if move["currency"] == order.currency]
    known = {str(row.uuid) for row in before} | {str(entry.uuid) for entry in order.entries}
    for move in moves:
        marks = move.get("metadata") or {}
        whole = int(marks.get(SENT_BACK) or 0)
        forgotten = whole and marks.get("refund_uuid") not in known
        if not forgotten or marks.get("purchase_order_ref") != order.reference:
            continue
        if sent_back and whole == amount:
            return TakeDown(done_for=UUID(marks["refund_uuid"]))
        raise PurchaseOrderError(
            f"{order.reference}: Stripe's credit was taken down for a refund of "
            f"{display(whole, order.currency)} from the bank, which these books do not have, as "
            f"after a backup was restored. Nothing was {'recorded' if sent_back else 'refunded'}. "
            f"Record that refund first.",
            code="refund_forgotten",
            remedy=remedies.refund(order.reference, to_major(whole, order.currency), method="wire"),
        )
    credit = credit_of(opened.gateway.read(path, query)).get(order.currency, 0)
    there = minor_from_api(max(credit, 0), order.currency)
    if there >= part:
        return TakeDown(part)
    if sent_back and part - there <= _taken_off_by_staff(moves):
        return TakeDown(there)
    raise PurchaseOrderError(
        f"{order.reference}: {display(part, order.currency)} of the refund were overpaid and "
        f"were credit of customer {made[-1].stripe_customer_id} at Stripe, where only "
        f"{display(there, order.currency)} are left: the rest was used on another invoice or "
        f"removed in Stripe's dashboard. Nothing was {'recorded' if sent_back else 'refunded'}; "
        f"sync, then see what is still overpaid.",
        remedy=remedies.sync(opened.slug),
    )


def _taken_off_by_staff(moves: Iterable[Json]) -> int:
    """Return what was taken off a customer's credit in Stripe's dashboard, in minor units."""
    ours = ("refund_uuid", "po_toolkit_slot")
    return sum(
        minor_from_api(move["amount"], move["currency"])
        for move in moves
        if move["type"] == "adjustment"
        and move["amount"] > 0
        and not any(name in (move.get("metadata") or {}) for name in ours)
    )


def credit_of(customer: Json) -> dict[str, int]:
    """Return a customer's credit by currency in API units; below zero where he owes.

    The default currency's balance is below zero where it is credit, the others' above zero.
    """
    credit = dict(customer.get("invoice_credit_balance") or {})
    if customer.get("currency"):
        credit[customer["currency"]] = -(customer.get("balance") or 0)
    return credit


MONEY_FIELDS = ("cash_balance", "invoice_credit_balance")
"""Fields of a customer that Stripe leaves out unless they are expanded. Source: API reference."""


def take_customer(
    store: Store, conference: Conference, customer: Json, *, read_at: datetime
) -> None:
    """Keep what lies at Stripe of a customer's money, as far as it is said.

    An overpayment leaves credit, and a bank transfer that fitted no invoice waits as cash.
    """
    credit = credit_of(customer)
    with store.writing(STRIPE, Act.SYNC) as uow:
        stripe_only.note_balances(
            uow, conference, customer, kind="credit", api_amounts=credit, read_at=read_at
        )
        if "cash_balance" in customer:
            waiting = (customer["cash_balance"] or {}).get("available") or {}
            stripe_only.note_balances(
                uow, conference, customer, kind="cash", api_amounts=waiting, read_at=read_at
            )


def says_money(customer: Json) -> bool:
    """Tell whether a customer, as Stripe shows him, has credit or owes from before, or has cash."""
    waiting = (customer.get("cash_balance") or {}).get("available") or {}
    credit = customer.get("invoice_credit_balance") or {}
    return any([customer.get("balance"), *credit.values(), *waiting.values()])
