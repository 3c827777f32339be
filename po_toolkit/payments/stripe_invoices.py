"""Invoices as Stripe has them, with their payments, into the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from po_toolkit.context import OpenConference
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.domain.same_money import SAME_MONEY
from po_toolkit.domain.states import LIVE_STATES
from po_toolkit.domain.sums import EntryKind
from po_toolkit.money import display, minor_from_api
from po_toolkit.payments import customer_credit, ledger
from po_toolkit.payments.ledger import Change, Movement, Taken, record, record_all
from po_toolkit.store import invoices, money_intents, stripe_only
from po_toolkit.store.database import Store, UnitOfWork
from po_toolkit.store.invoices import balance_on, id_of
from po_toolkit.store.ledger import known_records
from po_toolkit.store.purchase_orders import refresh_status
from po_toolkit.store.tables import Conference, Invoice, LedgerEntry, PurchaseOrder
from po_toolkit.stripe_gateway import StripeGateway

Json = dict[str, Any]


RECORD_MARK = "ledger_entry_uuid"
"""Metadata of a payment record that we reported: the uuid of its ledger entry."""


def fetch_invoice(gateway: StripeGateway, stripe_id: str) -> Json:
    """Fetch an invoice with every one of its payments.

    Raises:
        StripeGatewayError: In one of its kinds.
    """
    stripe_invoice = gateway.read(f"/v1/invoices/{stripe_id}", {"expand": ["payments"]})
    return with_all_payments(gateway, stripe_invoice)


def with_all_payments(gateway: StripeGateway, stripe_invoice: Json) -> Json:
    """Complete an invoice's payments where the answer left some out."""
    listed = stripe_invoice.get("payments")
    if listed is None and not stripe_invoice.get("amount_paid"):
        return {**stripe_invoice, "payments": {"data": [], "has_more": False}}
    if listed is not None and not listed.get("has_more"):
        return stripe_invoice
    rows = [
        row
        for page in gateway.pages("/v1/invoice_payments", {"invoice": stripe_invoice["id"]})
        for row in page
    ]
    return {**stripe_invoice, "payments": {"data": rows, "has_more": False}}


def take_invoice(opened: OpenConference, stripe_invoice: Json, *, read_at: datetime) -> Taken:
    """Enter an invoice's payments that are new, and what Stripe says of the invoice now.

    The invoice comes with its payments; an answer that was asked for earlier (``read_at``) does not
    undo a newer one.

    Raises:
        PurchaseOrderError: A payment is in another currency than the purchase order.
    """
    return take_invoices(opened, [stripe_invoice], read_at=read_at)


def take_invoices(opened: OpenConference, page: Sequence[Json], *, read_at: datetime) -> Taken:
    """Take several invoices in one transaction; those that are not ours are left.

    Raises:
        PurchaseOrderError: A payment is in another currency than its purchase order; nothing of
            the page is kept then.
    """
    taken = Taken()
    credited: set[str] = set()
    page = _with_balances(opened, page)
    payments_of = {one["id"]: settled(one["payments"]["data"]) for one in page}
    records = _records_of_ours(opened, [p for rows in payments_of.values() for p in rows])
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        ours = invoices.known_stripe_ids(uow.session, opened.conference, [s["id"] for s in page])
        orders = uow.lock_purchase_orders(ours.values())
        before = {order.id: order.status for order in orders.values()}
        rows: list[Placed] = []
        for stripe_invoice in page:
            order = orders.get(ours.get(stripe_invoice["id"], 0))
            if order is not None:
                invoice = next(
                    i for i in order.invoices if i.stripe_invoice_id == stripe_invoice["id"]
                )
                _read(opened, order, invoice, stripe_invoice, read_at)
                payments = payments_of[stripe_invoice["id"]]
                rows += [(order, invoice, payment, taken) for payment in payments]
        for order, _, payment, _ in _enter_all(opened, uow, rows, records):
            _note_payment(taken, order, payment)
        for stripe_invoice in page:
            order = orders.get(ours.get(stripe_invoice["id"], 0))
            if order is not None:
                enter_out_of_band(opened, uow, order, stripe_invoice, taken)
        for order in orders.values():
            refresh_status(order)
            _note_status(taken, order, before[order.id])
            if customer_credit.concerned(order):
                credited |= {i.stripe_customer_id for i in order.invoices}
    for customer in sorted(credited):
        taken.add(customer_credit.settle(opened, customer))
    return taken


def _with_balances(opened: OpenConference, page: Sequence[Json]) -> Sequence[Json]:
    """Complete those of ours that took something from the customer's balance.

    More paid than its payments come to is most often marked by hand; only a customer that has or
    had credit is asked about for that.
    """
    doubtful = [one for one in page if customer_credit.uses_balance(one)]
    if not doubtful:
        return page
    with opened.store.reading() as session:
        ours = invoices.known_stripe_ids(session, opened.conference, [s["id"] for s in doubtful])
        credited = stripe_only.ever_credited(session, opened.conference)
    asked = {
        one["id"]
        for one in doubtful
        if one["id"] in ours and (balance_on(one) or id_of(one["customer"]) in credited)
    }
    return [
        customer_credit.with_balance(opened.gateway, one) if one["id"] in asked else one
        for one in page
    ]


def _read(
    opened: OpenConference,
    order: PurchaseOrder,
    invoice: Invoice,
    stripe_invoice: Json,
    read_at: datetime,
) -> None:
    before = invoice.stripe_read_at
    if before is None or before <= read_at:
        invoices.copy_stripe_invoice(invoice, stripe_invoice, opened.conference.timezone, read_at)
        if before is None:
            invoice.stripe_read_at = None  # until its refunds, disputes and credit notes are read
        _follow_status(order, invoice, stripe_invoice["status"])


def take_payments(opened: OpenConference, payments: Sequence[Json]) -> list[Taken | None]:
    """Enter finished InvoicePayments, which carry all that the ledger needs, in one transaction.

    Returns:
        For each of them what it changed; None where its invoice is not ours.

    Raises:
        PurchaseOrderError: One is in another currency than its purchase order; none is kept.
    """
    results: list[Taken | None] = []
    credited: set[str] = set()
    records = _records_of_ours(opened, settled(payments))
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        wanted = {id_of(payment.get("invoice")) for payment in payments}
        ours = invoices.known_stripe_ids(uow.session, opened.conference, wanted)
        orders = uow.lock_purchase_orders(ours.values())
        before = {order.id: order.status for order in orders.values()}
        placed = []
        for payment in payments:
            stripe_id = id_of(payment.get("invoice"))
            order = orders.get(ours.get(stripe_id, 0))
            if order is None:
                results.append(None)
                continue
            taken = Taken()
            results.append(taken)
            if settled([payment]):
                invoice = next(i for i in order.invoices if i.stripe_invoice_id == stripe_id)
                placed.append((order, invoice, payment, taken))
        for order, invoice, payment, taken in _enter_all(opened, uow, placed, records):
            _note_payment(taken, order, payment)
            _note_status(taken, order, before[order.id])
            if customer_credit.concerned(order):
                credited.add(invoice.stripe_customer_id)
    for customer in sorted(credited):
        customer_credit.settle(opened, customer)
    return results


def take_payment(opened: OpenConference, payment: Json) -> Taken | None:
    """Enter one finished InvoicePayment; None where its invoice is not ours."""
    return take_payments(opened, [payment])[0]


def settled(payments: Iterable[Json]) -> list[Json]:
    """Return the payments whose money has come, in the order it came."""
    come = [p for p in payments if p.get("status") == "paid" and p.get("amount_paid")]
    return sorted(come, key=_paid_at)


def _paid_at(payment: Json) -> int:
    return int((payment.get("status_transitions") or {}).get("paid_at") or payment["created"])


def payment_id_of(payment: Json) -> str:
    """Return the payment intent or charge behind an InvoicePayment, or ``""``."""
    details = payment.get("payment") or {}
    return id_of(details.get("payment_intent")) or id_of(details.get("charge"))


def record_id_of(payment: Json) -> str:
    """Return the payment record behind an InvoicePayment, or ``""``."""
    return id_of((payment.get("payment") or {}).get("payment_record"))


Placed = tuple[PurchaseOrder, Invoice, Json, Taken]


def _records_of_ours(opened: OpenConference, payments: Sequence[Json]) -> dict[str, Json]:
    """Read the payment records that may be reports of ours which this database has forgotten.

    A copy that is restored may hold a payment without the record that Stripe got of it since. Only
    records that nothing here names are read, and only where a payment of the same purchase order
    waits to be reported.

    Returns:
        Records that carry our mark, by their id.
    """
    invoice_of = {name: id_of(p.get("invoice")) for p in payments if (name := record_id_of(p))}
    if not invoice_of:
        return {}
    with opened.store.reading() as session:
        known = known_records(session, opened.conference, invoice_of)
        waiting = money_intents.invoices_with_unreported(session, opened.conference)
    asked = [r for r, invoice in invoice_of.items() if r not in known and invoice in waiting]
    found = (opened.gateway.read(f"/v1/payment_records/{record_id}") for record_id in asked)
    return {record["id"]: record for record in found if ledger.uuid_in(record, RECORD_MARK)}


def _enter_all(
    opened: OpenConference, uow: UnitOfWork, placed: Sequence[Placed], records: dict[str, Json]
) -> list[Placed]:
    """Enter what is new and return it; a payment that we reported is ours already."""
    foreign = [row for row in placed if not _is_ours(opened, uow, row, records)]
    if not foreign:
        return []
    moves = [
        (order, _movement(opened, invoice, stripe_invoice))
        for order, invoice, stripe_invoice, _ in foreign
    ]
    new = {entry.source_id for entry in record_all(uow, moves, Act.SYNC)}
    return [row for row in foreign if row[2]["id"] in new]


def _is_ours(
    opened: OpenConference, uow: UnitOfWork, placed: Placed, records: dict[str, Json]
) -> bool:
    """Tell whether a payment carries a record of ours; what was cut off is entered now."""
    order, invoice, payment, _ = placed
    record_id = record_id_of(payment)
    if not record_id:
        return False
    if any(entry.stripe_payment_record_id == record_id for entry in order.entries):
        return True
    intent = money_intents.by_stripe_id(uow.session, opened.conference, "payment", record_id)
    if intent is None and record_id in records:
        stripe_record = records[record_id]
        mark = ledger.uuid_in(stripe_record, RECORD_MARK)
        entry = next((e for e in order.entries if e.uuid == mark), None)
        intent = money_intents.of_entry(uow.session, mark) if mark else None
        if entry is None and intent is None:
            entry = _entered_again(opened, order, payment, stripe_record)
            intent = money_intents.of_entry(uow.session, entry.uuid) if entry else None
        if intent is not None:
            ledger.note_record(intent, stripe_record)
        elif entry is not None:
            part = ledger.part_of(entry, stripe_record)
            ledger.note_reported(entry, record_id, part, invoice.id)
            return True
    if intent is None:
        return False
    ledger.book_payment(uow, order, intent, invoice_id=invoice.id, now=opened.now())
    return True


def _entered_again(
    opened: OpenConference, order: PurchaseOrder, payment: Json, stripe_record: Json
) -> LedgerEntry | None:
    """Return the payment that a restored copy, which had forgotten a report, was given again.

    The copy did not know the invoice, so Stripe got no second one.
    """
    amount = minor_from_api(stripe_record["amount_requested"]["value"], payment["currency"])
    day = opened.day_of(_paid_at(payment))
    undone = {entry.reverses_id for entry in order.entries}
    return next(
        (
            entry
            for entry in order.entries
            if (entry.kind, entry.amount) == (EntryKind.PAYMENT, amount)
            and entry.source != "stripe"
            and not entry.stripe_payment_record_id
            and entry.id not in undone
            and abs(entry.payment_date - day) <= SAME_MONEY
        ),
        None,
    )


def _movement(opened: OpenConference, invoice: Invoice, payment: Json) -> Movement:
    details = payment.get("payment") or {}
    currency = payment["currency"]
    return Movement(
        kind=EntryKind.PAYMENT,
        method="other" if details.get("type") == "payment_record" else "stripe",
        amount=minor_from_api(payment["amount_paid"], currency),
        currency=currency,
        source="stripe",
        source_id=payment["id"],
        reference=invoice.stripe_invoice_id or "",
        payment_date=opened.day_of(_paid_at(payment)),
        note=f"Auto-synced from Stripe invoice {invoice.stripe_invoice_id}",
        invoice_id=invoice.id,
        stripe_payment_record_id=record_id_of(payment),
        stripe_payment_id=payment_id_of(payment),
    )


def _note_payment(taken: Taken, order: PurchaseOrder, payment: Json) -> None:
    amount = display(minor_from_api(payment["amount_paid"], payment["currency"]), order.currency)
    taken.payments += 1
    taken.changes.append(Change(order.reference, f"payment of {amount} ({payment['id']})"))


def _note_status(taken: Taken, order: PurchaseOrder, before: str) -> None:
    if order.status != before:
        taken.statuses_changed += 1
        taken.changes.append(Change(order.reference, f"{before} → {order.status}"))


_STATE_OF = {"open": "sent", "uncollectible": "sent", "paid": "paid", "void": "void"}


def _follow_status(order: PurchaseOrder, invoice: Invoice, status: str) -> None:
    """Let the state follow Stripe's, once its worker has finished with it.

    One that another generation has replaced stays as it is: what Stripe says of it is kept beside
    its state, and reconciliation names a purchase order that Stripe bills twice.
    """
    if invoice.step != "done" or invoice.state == "replaced" or status not in _STATE_OF:
        return
    state = _STATE_OF[status]
    if state in LIVE_STATES and order.live_invoice not in {None, invoice}:
        return
    if state == "sent" and invoice.state == "finalized":
        return  # that it is open does not say that the sponsor has it
    invoice.state = "adopted" if invoice.adopted and state == "sent" else state


_SUFFIX = ":outside"


def enter_out_of_band(
    opened: OpenConference,
    uow: UnitOfWork,
    order: PurchaseOrder,
    stripe_invoice: Json,
    taken: Taken,
) -> None:
    """Enter what was marked as paid outside of Stripe, unless it is in already.

    The purchase order is locked, and all of the invoice's payments are entered.
    """
    currency = stripe_invoice["currency"]
    come = sum(
        p["amount_paid"] or 0 for p in stripe_invoice["payments"]["data"] if p["status"] == "paid"
    )
    _enter_excess(opened, uow, order, stripe_invoice, taken)
    missing = minor_from_api(max(stripe_invoice["amount_paid"] - come, 0), currency) - _only_here(
        order
    )
    if stripe_invoice["status"] != "paid" or missing <= 0 or _entered(order, stripe_invoice["id"]):
        return
    paid_at = (stripe_invoice.get("status_transitions") or {}).get("paid_at") or stripe_invoice[
        "created"
    ]
    invoice = next(i for i in order.invoices if i.stripe_invoice_id == stripe_invoice["id"])
    movement = Movement(
        kind=EntryKind.PAYMENT,
        method="other",
        amount=missing,
        currency=currency,
        source="stripe",
        source_id=f"{stripe_invoice['id']}{_SUFFIX}",
        reference=stripe_invoice["id"],
        payment_date=opened.day_of(paid_at),
        note="Marked as paid outside of Stripe, in its dashboard",
        invoice_id=invoice.id,
    )
    if record(uow, order, movement, Act.SYNC):
        taken.payments += 1
        shown = display(missing, currency)
        taken.changes.append(Change(order.reference, f"{shown} marked as paid outside of Stripe"))


_EXCESS = ":overpaid"


def _enter_excess(
    opened: OpenConference,
    uow: UnitOfWork,
    order: PurchaseOrder,
    stripe_invoice: Json,
    taken: Taken,
) -> None:
    """Enter what was paid too much, where the payments' own amounts leave it out.

    Stripe does not say whether an invoice payment's ``amount_paid`` includes it. Where it does,
    the payments and what was marked as paid outside of Stripe add up to the invoice's
    ``amount_paid`` and ``amount_overpaid`` together.
    """
    paid, over = stripe_invoice["amount_paid"], stripe_invoice.get("amount_overpaid") or 0
    data, currency = stripe_invoice["payments"]["data"], stripe_invoice["currency"]
    payments, marked = settled(data), f"{stripe_invoice['id']}{_SUFFIX}"
    rest = minor_from_api(paid + over - sum(p["amount_paid"] for p in payments), currency)
    rest -= sum(entry.amount for entry in order.entries if entry.source_id == marked)
    missing = min(rest, minor_from_api(over, currency))
    if not over or missing <= 0 or any(_entered_whole(order, payment) for payment in payments):
        return
    too_late = sorted((p for p in data if _came_too_late(p)), key=_paid_at)
    excess, known = f"{stripe_invoice['id']}{_EXCESS}", {p["id"] for p in too_late}
    before = [e for e in order.entries if e.source_id in known or e.source_id.startswith(excess)]
    left = missing - sum(e.amount for e in before)
    taken_before = {entry.source_id for entry in before}
    parts: list[tuple[Json, str, int]] = []
    for payment in too_late:
        whole = minor_from_api(payment.get("amount_requested") or 0, payment["currency"])
        if payment["id"] not in taken_before and (part := min(whole, left)) > 0:
            parts.append((payment, payment["id"], part))
            left -= part
    if left > 0 and payments:
        parts.append((payments[-1], f"{excess}:{over}" if excess in taken_before else excess, left))
    invoice = next(i for i in order.invoices if i.stripe_invoice_id == stripe_invoice["id"])
    for payment, source_id, amount in parts:
        movement = replace(
            _movement(opened, invoice, {**payment, "amount_paid": 0}),
            amount=amount,
            source_id=source_id,
            note="Paid too much; Stripe keeps it as the sponsor's credit",
            stripe_payment_record_id="",
        )
        if record(uow, order, movement, Act.SYNC):
            taken.payments += 1
            shown = display(movement.amount, movement.currency)
            taken.changes.append(Change(order.reference, f"{shown} paid too much"))


def _came_too_late(payment: Json) -> bool:
    """Tell whether a payment came when nothing was asked any more, and shows no amount of its."""
    return payment.get("status") == "paid" and not payment.get("amount_paid")


def _entered_whole(order: PurchaseOrder, payment: Json) -> bool:
    """Tell whether a payment of ours stands in the books with more than Stripe applied of it."""
    record_id = record_id_of(payment)
    applied = minor_from_api(payment["amount_paid"], payment["currency"])
    return bool(record_id) and any(
        e.stripe_payment_record_id == record_id and e.amount > applied for e in order.entries
    )


def marked_out_of_band(order: PurchaseOrder, amount: int) -> LedgerEntry | None:
    """Return the entry that says this amount was marked as paid outside of Stripe, if any."""
    return next(
        (e for e in order.entries if e.source_id.endswith(_SUFFIX) and e.amount == amount), None
    )


def _entered(order: PurchaseOrder, stripe_id: str) -> bool:
    return any(entry.source_id == f"{stripe_id}{_SUFFIX}" for entry in order.entries)


def _only_here(order: PurchaseOrder) -> int:
    """Return what was entered by hand or from the bank and not reported to Stripe."""
    undone = {entry.reverses_id for entry in order.entries}
    return sum(
        entry.amount
        for entry in order.entries
        if entry.kind == EntryKind.PAYMENT
        and entry.source != "stripe"
        and not entry.stripe_payment_record_id
        and entry.id not in undone
    )


def take_strays(
    store: Store, conference: Conference, invoices: Iterable[Json], *, read_at: datetime
) -> None:
    """Keep the account's other invoices: they may bill what a purchase order here is about to."""
    kept = [invoice for invoice in invoices if stripe_only.may_be_sponsors(invoice)]
    if kept:
        with store.writing(STRIPE, Act.SYNC) as uow:
            stripe_only.note_strays(uow, conference, kept, read_at)
