"""A sponsor's credit and cash at Stripe: from an overpayment, used on another invoice, or unused.

Stripe takes credit from the customer's balance when an invoice is finalized, without a payment.
Here it is a pair of entries: out of the purchase order that was overpaid, into the one it settles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select

from po_toolkit.context import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.periods import local_day
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.domain.sums import EntryKind
from po_toolkit.errors import PurchaseOrderError, StripeNotFoundError
from po_toolkit.money import display, minor_from_api
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


def uses_balance(said: Json) -> bool:
    """Tell whether an invoice with its payments may have taken from the customer's balance."""
    paid = sum(payment.get("amount_paid") or 0 for payment in _paid(said))
    return balance_on(said) != 0 or (said.get("amount_paid") or 0) > paid


def _paid(said: Json) -> list[Json]:
    return [p for p in said["payments"]["data"] if p.get("status") == "paid"]


_ON_INVOICE = ("applied_to_invoice", "unapplied_from_invoice")
"""Types of the transactions by which a balance changes what an invoice asks."""


def with_balance(gateway: StripeGateway, said: Json) -> Json:
    """Complete an invoice with what the customer's balance did to it.

    The invoice's own ``starting_balance`` is reported as 0 on finalized invoices (stripe-dotnet
    issue 3225), and credit can be applied to an invoice that is open already (changelog
    2026-11-18), so only the customer's balance transactions tell. Where such credit counts as
    paid rather than as not due, the sums are returned as if it had lowered what is due.

    Args:
        gateway: Who reads at Stripe.
        said: The invoice with its payments.

    Returns:
        The invoice with ``credit_used`` in API units, below 0 for a debit, and ``balance_moves``:
        the transactions on it, then those from which the balance came, the newest first.

    Raises:
        StripeGatewayError: In one of its kinds, as where the key may not read balances.
    """
    path = f"/v1/customers/{id_of(said['customer'])}/balance_transactions"
    try:
        moves = [row for page in gateway.pages(path) for row in page]
    except StripeNotFoundError:  # a deleted customer: what the invoice itself says is all there is
        before, after = (
            max(-(said.get(name) or 0), 0) for name in ("starting_balance", "ending_balance")
        )
        used = 0 if said["status"] == "void" else before - after
        return {**said, "credit_used": used, "balance_moves": []}
    same = [move for move in moves if move["currency"] == said["currency"]]
    on_it = [m for m in same if id_of(m.get("invoice")) == said["id"] and m["type"] in _ON_INVOICE]
    used = sum(move["amount"] for move in on_it)
    older = same[same.index(on_it[0]) + 1 :] if on_it else []
    kept = [_kept(move) for move in (*on_it, *_origins(older, used))]
    late = used - balance_on(said)
    beside = (said.get("amount_paid") or 0) - sum(p["amount_paid"] for p in _paid(said))
    if 0 < late <= beside:
        less = {name: said[name] - late for name in ("amount_due", "amount_paid")}
        said = {**said, **less}
    return {**said, "credit_used": used, "balance_moves": kept}


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
    """Let every invoice of a customer show the credit that it used, and none show more."""
    taken = Taken()
    if not customer_id:
        return taken
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        rows = uow.session.scalars(
            select(Invoice.purchase_order_id).where(
                Invoice.conference_id == opened.conference.id,
                Invoice.stripe_customer_id == customer_id,
            )
        )
        orders = uow.lock_purchase_orders(rows)
        before = {order.id: order.status for order in orders.values()}
        move = Move(uow, local_day(opened.now(), opened.conference.timezone), taken)
        for order in orders.values():
            for invoice in order.invoices:
                _settle_invoice(move, order, invoice, orders)
        taken.statuses_changed = sum(o.status != before[o.id] for o in orders.values())
    return taken


def unsettled(opened: OpenConference) -> list[str]:
    """Return the customers of whom an invoice used more credit than the ledger shows.

    An invoice that used credit says so from the moment it is sent, and may never change again.
    """
    shown = (
        select(func.coalesce(func.sum(LedgerEntry.amount), 0))
        .where(
            LedgerEntry.invoice_id == Invoice.id,
            LedgerEntry.kind == EntryKind.TRANSFER_IN.value,
            LedgerEntry.reverses_id.is_(None),
        )
        .scalar_subquery()
    )
    query = select(Invoice.stripe_customer_id).where(
        Invoice.conference_id == opened.conference.id,
        Invoice.stripe_credit_used > 0,
        Invoice.stripe_credit_used > shown,
    )
    with opened.store.reading() as session:
        return sorted(set(session.scalars(query)))


def _settle_invoice(
    move: Move, order: PurchaseOrder, invoice: Invoice, orders: dict[int, PurchaseOrder]
) -> None:
    _settle_debit(move, order, invoice, orders)
    used = _standing(order, invoice)
    missing = invoice.stripe_credit_used - sum(entry.amount for entry in used)
    if invoice.stripe_credit_used <= 0:
        for entry in used:
            move.back(orders, order, entry)
        return
    for donor in orders.values():
        spare = min(missing, -donor.sums.balance)
        if spare > 0 and donor is not order and donor.currency == order.currency:
            move.over(donor, order, invoice, spare)
            missing -= spare


def _settle_debit(
    move: Move, order: PurchaseOrder, invoice: Invoice, orders: dict[int, PurchaseOrder]
) -> None:
    """Move what was paid on top of an invoice to where the debt came from.

    Stripe marks an invoice that cannot be charged as paid and asks for its amount on the
    customer's next invoice (docs, Customer balance: ``invoice_too_small``, ``invoice_too_large``).
    """
    named = f"{invoice.stripe_invoice_id}:debit:"
    moved = [e for e in order.entries if e.source_id.startswith(named)]
    missing = -invoice.stripe_credit_used - sum(entry.amount for entry in moved)
    count = len(moved)
    for origin in invoice.stripe_balance_moves:
        if not origin["type"].startswith("invoice_too_"):
            continue
        for debtor in orders.values():
            of = next(
                (i for i in debtor.invoices if i.stripe_invoice_id == origin["invoice"]), None
            )
            if of is None or debtor is order or debtor.currency != order.currency:
                continue
            amount = min(missing, origin["amount"], -order.sums.balance, debtor.sums.balance)
            if amount > 0:
                count += 1
                move.debit(order, debtor, invoice, amount, f"{named}{count}")
                missing -= amount


def _standing(order: PurchaseOrder, invoice: Invoice) -> list[LedgerEntry]:
    """Return what the invoice has got of credit and still has."""
    returned = {entry.reverses_id for entry in order.entries}
    return [entry for entry in _received(order, invoice) if entry.id not in returned]


def _received(order: PurchaseOrder, invoice: Invoice) -> list[LedgerEntry]:
    return [
        entry
        for entry in order.entries
        if (entry.kind, entry.invoice_id) == (EntryKind.TRANSFER_IN, invoice.id)
        and entry.reverses_id is None
    ]


@dataclass(frozen=True)
class Move:
    """Moves credit in pairs of entries within one transaction."""

    uow: UnitOfWork
    today: date
    taken: Taken

    def over(
        self, donor: PurchaseOrder, order: PurchaseOrder, invoice: Invoice, amount: int
    ) -> None:
        """Use credit of one purchase order for an invoice of another; minor units."""
        stripe_id = invoice.stripe_invoice_id
        name = f"{stripe_id}:credit:{len(_received(order, invoice)) + 1}"
        note = f"Credit used on invoice {stripe_id}"
        self._enter(donor, order, amount, name=name, note=note, invoice_id=invoice.id)
        self._tell(order, f"credit of {display(amount, order.currency)} from {donor.reference}")

    def debit(
        self, payer: PurchaseOrder, debtor: PurchaseOrder, invoice: Invoice, amount: int, name: str
    ) -> None:
        """Count what was paid with one purchase order's invoice on another one; minor units."""
        note = f"Carried over by Stripe to invoice {invoice.stripe_invoice_id} and paid with it"
        self._enter(payer, debtor, amount, name=name, note=note)
        self._tell(debtor, f"{display(amount, debtor.currency)} paid with {payer.reference}")

    def back(
        self, orders: dict[int, PurchaseOrder], order: PurchaseOrder, entry: LedgerEntry
    ) -> None:
        """Give credit back to where it came from, since the invoice that used it is void."""
        twin_id = entry.source_id.removesuffix(":in") + ":out"
        found = [(o, e) for o in orders.values() for e in o.entries if e.source_id == twin_id]
        for donor, twin in found:
            name = f"{entry.source_id.removesuffix(':in')}:back"
            note = f"Credit given back: invoice {entry.source_id.partition(':')[0]} is void"
            reverses = (entry.id, twin.id)
            self._enter(order, donor, entry.amount, name=name, note=note, reverses=reverses)
            shown = display(entry.amount, order.currency)
            self._tell(order, f"credit of {shown} given back to {donor.reference}")

    def _enter(
        self,
        giver: PurchaseOrder,
        receiver: PurchaseOrder,
        amount: int,
        *,
        name: str,
        note: str,
        invoice_id: int | None = None,
        reverses: tuple[int | None, int | None] = (None, None),
    ) -> None:
        out = Movement(
            kind=EntryKind.TRANSFER_OUT,
            method="stripe",
            amount=amount,
            currency=giver.currency,
            source="stripe",
            source_id=f"{name}:out",
            payment_date=self.today,
            reference=receiver.reference,
            note=note,
            reverses_id=reverses[0],
        )
        into = replace(
            out,
            kind=EntryKind.TRANSFER_IN,
            source_id=f"{name}:in",
            reference=giver.reference,
            invoice_id=invoice_id,
            reverses_id=reverses[1],
            uuid=uuid4(),
        )
        record_all(self.uow, [(giver, out), (receiver, into)], Act.SYNC)

    def _tell(self, order: PurchaseOrder, what: str) -> None:
        self.taken.changes.append(Change(order.reference, what))


def to_take_down(
    opened: OpenConference, order: PurchaseOrder, amount: int, *, sent_back: bool = False
) -> int:
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
        PurchaseOrderError: The credit was used meanwhile.
        StripeGatewayError: Stripe could not be asked.
    """
    made = [i for i in order.invoices if i.stripe_amount_overpaid and i.stripe_customer_id]
    with opened.store.reading() as session:
        before = money_intents.refunds_of(session, order)
    taken: int = sum(r.details.get("credit", 0) for r in before if r.step != "refused")
    left = sum(i.stripe_amount_overpaid or 0 for i in made) - taken
    part = min(amount, -order.sums.balance, left)
    if part <= 0:
        return 0
    path, query = f"/v1/customers/{made[-1].stripe_customer_id}", {"expand": list(MONEY_FIELDS)}
    credit = credit_of(opened.gateway.read(path, query)).get(order.currency, 0)
    there = minor_from_api(max(credit, 0), order.currency)
    if there >= part:
        return part
    if sent_back and part - there <= _taken_off_by_staff(opened, path, order.currency):
        return there
    raise PurchaseOrderError(
        f"{order.reference}: {display(part, order.currency)} of the refund were overpaid and "
        f"lay as credit on customer {made[-1].stripe_customer_id} at Stripe, where only "
        f"{display(there, order.currency)} are left: the rest was used on another invoice or "
        f"removed in Stripe's dashboard. Nothing was {'recorded' if sent_back else 'refunded'}; "
        f"sync, then see what is still overpaid.",
        remedy=remedies.sync(opened.slug),
    )


def _taken_off_by_staff(opened: OpenConference, customer_path: str, currency: str) -> int:
    """Return what was taken off a customer's credit in Stripe's dashboard, in minor units."""
    pages = opened.gateway.pages(f"{customer_path}/balance_transactions")
    moves = [move for page in pages for move in page if move["currency"] == currency]
    ours = ("refund_uuid", "po_toolkit_slot")
    return sum(
        minor_from_api(move["amount"], currency)
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
