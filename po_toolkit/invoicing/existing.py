"""Invoices that exist at Stripe: adopted as a purchase order's own, or voided."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from po_toolkit import outbox
from po_toolkit.context import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.already_billed import InvoiceAtStripe
from po_toolkit.domain.roles import Act
from po_toolkit.errors import (
    BusyError,
    InvoiceMismatchError,
    NotFoundError,
    PoToolkitError,
    PurchaseOrderError,
    StripeNotFoundError,
    StripeRefusedError,
)
from po_toolkit.invoicing.billed import Found, Lookup, delete_draft, find_at_stripe
from po_toolkit.invoicing.lease import Lease, hold, release, step_slot
from po_toolkit.money import display, minor_from_api, to_major
from po_toolkit.outbox import Write
from po_toolkit.store import invoices
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.purchase_orders import has_uuid, refresh_status
from po_toolkit.store.stripe_writes import StoredWrite
from po_toolkit.store.tables import Invoice, PurchaseOrder

Json = dict[str, Any]


def adopt(opened: OpenConference, order_id: int, stripe_id: str) -> Invoice:
    """Take a Stripe invoice as this purchase order's, instead of billing again.

    One that carries the purchase order's uuid stands as it is, also with another total.

    Raises:
        NotFoundError: The account has no such invoice.
        InvoiceMismatchError: Its total or currency is not the purchase order's.
        PurchaseOrderError: One of the two is taken already, cancelled, void or still a draft.
        StripeGatewayError: Stripe could not be asked.
    """
    try:
        stripe_invoice = opened.gateway.read(f"/v1/invoices/{stripe_id}")
    except StripeNotFoundError:
        raise NotFoundError(
            f"The Stripe account of {opened.conference.slug} has no invoice {stripe_id}; "
            f"copy its id (in_…) from the Stripe dashboard."
        ) from None
    with opened.store.writing(opened.actor, Act.ADOPT) as uow:
        order = uow.lock_purchase_order(order_id)
        other = invoices.by_stripe_id(uow.session, opened.conference, stripe_id)
        if other is not None and other.purchase_order_id == order.id:
            return other
        owner = (stripe_invoice.get("metadata") or {}).get("purchase_order_uuid") or ""
        own = owner == str(order.uuid)
        of_another = other is not None or (not own and has_uuid(uow.session, owner))
        _refuse(order, stripe_invoice, own=own, of_another=of_another)
        invoice = Invoice(
            conference_id=order.conference_id,
            purchase_order_id=order.id,
            generation=max((i.generation for i in order.invoices), default=0) + 1,
            state="paid" if stripe_invoice["status"] == "paid" else "adopted",
            step="done",
            adopted=True,
            currency=order.currency,
            stripe_invoice_id=stripe_id,
            sent_at=opened.now(),
        )
        order.invoices.append(invoice)
        order.claimed_invoice_id = ""
        invoices.copy_stripe_invoice(
            invoice, stripe_invoice, opened.conference.timezone, opened.now()
        )
        invoice.stripe_read_at = None  # its payments are still to be read
        refresh_status(order)
        uow.audit(Act.ADOPT, order, after={"stripe_invoice_id": stripe_id})
    return invoice


def adopt_own(opened: OpenConference, order_id: int, found: InvoiceAtStripe) -> Invoice:
    """Take over an invoice that carries the purchase order's uuid, or revises one of its own.

    A draft is gone on with; one that was finalized stands as it is, also with another total, which
    reconciliation then shows. Its payments are still to be read: ``stripe_read_at`` stays empty.

    Raises:
        InvoiceMismatchError: It is in another currency.
        PurchaseOrderError: The purchase order has a live invoice meanwhile.
        StripeGatewayError: Stripe could not be asked.
    """
    now = opened.gateway.read(f"/v1/invoices/{found.stripe_id}")
    with opened.store.writing(opened.actor, Act.ADOPT) as uow:
        order = uow.lock_purchase_order(order_id)
        other = invoices.by_stripe_id(uow.session, opened.conference, found.stripe_id)
        if other is not None:
            return other
        if order.live_invoice is not None:
            raise BusyError(f"{order.reference}: Another process has begun to invoice it.")
        if now["currency"] != order.currency:
            raise InvoiceMismatchError(
                f"{order.reference}: Its invoice {found.stripe_id} at Stripe is in "
                f"{now['currency'].upper()}, the purchase order in {order.currency.upper()}. Void "
                f"the invoice in Stripe's dashboard, then invoice again."
            )
        draft = now["status"] == "draft"
        return _connect(
            opened,
            uow,
            order,
            found,
            now,
            state="drafting" if draft else "paid" if now["status"] == "paid" else "sent",
            step="lines" if draft else "done",
            sent_at=None if draft else opened.now(),
        )


def connect_void(opened: OpenConference, order_id: int, found: Collection[InvoiceAtStripe]) -> None:
    """Connect a purchase order's void invoices that a restored copy has forgotten.

    What was credited on them is not owed, and a sync reads it of invoices that are known only.

    Raises:
        PurchaseOrderError: Something was credited or paid on one; it is to be read first.
        StripeGatewayError: Stripe could not be asked.
    """
    now = _as_they_are(opened, found)
    void = [row for row in found if now[row.stripe_id]["status"] == "void"]
    with opened.store.writing(opened.actor, Act.ADOPT) as uow:
        order = uow.lock_purchase_order(order_id)
        for row in sorted(void, key=lambda row: (row.generation, row.created)):
            if invoices.by_stripe_id(uow.session, opened.conference, row.stripe_id) is None:
                _connect(opened, uow, order, row, now[row.stripe_id], state="void", step="done")
    _refuse_unread(opened, order.reference, now)


def check_void(opened: OpenConference, reference: str, found: Collection[InvoiceAtStripe]) -> None:
    """Refuse what :func:`connect_void` would refuse, and change nothing.

    Raises:
        PurchaseOrderError: Something was credited or paid on one; it is to be read first.
        StripeGatewayError: Stripe could not be asked.
    """
    _refuse_unread(opened, reference, _as_they_are(opened, found))


def _as_they_are(opened: OpenConference, found: Collection[InvoiceAtStripe]) -> dict[str, Json]:
    return {row.stripe_id: opened.gateway.read(f"/v1/invoices/{row.stripe_id}") for row in found}


def _refuse_unread(opened: OpenConference, reference: str, now: Mapping[str, Json]) -> None:
    for stripe_id, row in now.items():
        if any(row.get(name) for name in _MONEY_ON_VOID):
            raise PurchaseOrderError(
                f"{reference}: Its void invoice {stripe_id} at Stripe, which this database did not "
                f"have, has a credit note or payment, so what is owed is not known. Nothing was "
                f"billed. Sync first to read it, then invoice again.",
                remedy=remedies.sync(opened.slug),
            )


_MONEY_ON_VOID = (
    "amount_paid", "pre_payment_credit_notes_amount", "post_payment_credit_notes_amount"
)  # fmt: skip


def _connect(
    opened: OpenConference,
    uow: UnitOfWork,
    order: PurchaseOrder,
    found: InvoiceAtStripe,
    stripe_invoice: Json,
    **what: Any,
) -> Invoice:
    """Add one of a purchase order's own invoices; its payments are still to be read."""
    taken = {invoice.generation for invoice in order.invoices}
    known = found.generation not in {0, *taken}
    invoice = Invoice(
        conference_id=order.conference_id,
        purchase_order_id=order.id,
        generation=found.generation if known else max(taken, default=0) + 1,
        currency=order.currency,
        stripe_invoice_id=found.stripe_id,
        first_tried_at=found.created,
        customer=invoices.customer_row(uow, order),
        **what,
    )
    order.invoices.append(invoice)
    invoices.copy_stripe_invoice(invoice, stripe_invoice, opened.conference.timezone, opened.now())
    invoice.stripe_read_at = None
    refresh_status(order)
    uow.audit(Act.ADOPT, order, after={"stripe_invoice_id": found.stripe_id})
    return invoice


def _refuse(order: PurchaseOrder, stripe_invoice: Json, *, own: bool, of_another: bool) -> None:
    """Refuse an invoice that cannot be this purchase order's."""
    ref, stripe_id = order.reference, stripe_invoice["id"]
    if of_another:
        raise PurchaseOrderError(
            f"{ref}: Invoice {stripe_id} belongs to another purchase order already."
        )
    if order.live_invoice is not None:
        raise PurchaseOrderError(
            f"{ref} has invoice {order.live_invoice.stripe_invoice_id or 'in preparation'} "
            f"already; a purchase order has one live invoice."
        )
    if order.cancelled_at is not None:
        raise PurchaseOrderError(f"{ref} is cancelled, so it cannot be invoiced.")
    if stripe_invoice["status"] not in ("open", "paid", "uncollectible"):
        raise PurchaseOrderError(
            f"{ref}: Invoice {stripe_id} is {stripe_invoice['status']} at Stripe; only one that "
            f"was sent can be adopted."
        )
    currency = stripe_invoice["currency"]
    total = minor_from_api(stripe_invoice["total"], currency)
    if currency != order.currency or (total != order.sums.total and not own):
        raise InvoiceMismatchError(
            f"{ref}: Invoice {stripe_id} is {display(total, currency)}, the purchase order is "
            f"{display(order.sums.total, order.currency)}. Total and currency must "
            f"agree; correct the spreadsheet, or name the right invoice."
        )


def void_at_stripe(opened: OpenConference, order_id: int) -> None:
    """Void the live invoice at Stripe, or delete it while it is a draft, and confirm it.

    Safe to repeat: what is void or deleted already stays so. Without a live invoice it does
    nothing.

    Raises:
        BusyError: It is being invoiced right now.
        PurchaseOrderError: Stripe has money on it, or it can no longer be voided.
        StripeGatewayError: Stripe could not be asked.
    """
    lease = hold(opened, order_id)
    if lease is None:
        return
    try:
        lookup = find_at_stripe(lease)
        state = _end_at_stripe(lease, lookup)
        with lease.step() as (_, row):
            row.state, row.step = state, "done"
            if state == "void":
                row.stripe_status, row.stripe_credit_used = "void", 0
    except PoToolkitError:
        release(lease)
        raise
    release(lease)


_OVER = frozenset({"won", "lost", "warning_closed", "prevented"})
"""States of a dispute that is decided."""


def undecided(opened: OpenConference, stripe_invoice: Json) -> bool:
    """Tell whether a payment of an invoice, read with its payment intents, is still disputed."""
    for payment in (stripe_invoice.get("payments") or {}).get("data", ()):
        intent = (payment.get("payment") or {}).get("payment_intent")
        if payment["status"] != "paid" or not isinstance(intent, dict):
            continue
        pages = opened.gateway.pages("/v1/disputes", {"payment_intent": intent["id"]})
        if any(row["status"] not in _OVER for page in pages for row in page):
            return True
    return False


def retire_paid(opened: OpenConference, order_id: int) -> None:
    """Let a paid invoice, whose money went back, give way to what is asked for after it.

    Stripe neither reopens it nor sends it again; it stays there as it is. What Stripe says of it
    must have been taken just before. Safe to repeat.

    Raises:
        BusyError: It is being invoiced right now.
        PurchaseOrderError: It is not paid, or a dispute of its payment is not decided.
        StripeGatewayError: Stripe could not be asked.
    """
    lease = hold(opened, order_id)
    if lease is None:
        return
    try:
        stripe_id = lease.invoice.stripe_invoice_id
        expand = {"expand": ["payments.data.payment.payment_intent"]}
        stripe_invoice = opened.gateway.read(f"/v1/invoices/{stripe_id}", expand)
        if stripe_invoice["status"] != "paid":
            raise PurchaseOrderError(
                f"{lease.order.reference}: Invoice {stripe_id} is {stripe_invoice['status']} at "
                f"Stripe and nothing was changed. Sync, then look again.",
                remedy=remedies.sync(opened.slug),
            )
        if undecided(opened, stripe_invoice):
            raise PurchaseOrderError(
                f"{lease.order.reference}: a payment of invoice {stripe_id} is disputed, and the "
                f"dispute is not decided. Answer or accept it in Stripe's dashboard first; if it "
                f"is won, the money comes back."
            )
        lease.advance(state="replaced")
    finally:
        release(lease)


def _end_at_stripe(lease: Lease, lookup: Lookup) -> str:
    """End this generation's invoice at Stripe, if it is there; return its new state."""
    if lookup.found is Found.NOTHING:
        return "deleted"
    invoice = lookup.invoice
    if lookup.found is Found.VOID:
        _refuse_newer(lease, invoice)
        return "void"
    if invoice["status"] == "draft":
        lease.invoice.stripe_invoice_id = invoice["id"]
        delete_draft(lease)
        return "deleted"
    if invoice["status"] == "paid" or invoice["amount_paid"]:
        raise _never_void(lease, invoice)
    void = _void(lease, f"/v1/invoices/{invoice['id']}")
    try:
        answer = outbox.perform(lease.opened, void, Act.INVOICE).answer
    except StripeRefusedError as error:
        raise PurchaseOrderError(
            f"{lease.order.reference}: {error} Nothing was changed; sync, then look again."
        ) from None
    if answer.get("latest_revision"):  # it was edited in the dashboard since it was looked up
        _refuse_newer(lease, answer)
    return "void"


def _refuse_newer(lease: Lease, void: Json) -> None:
    """Refuse to go on where another invoice of this purchase order, unknown here, took over.

    Raises:
        PurchaseOrderError: A revision made in the dashboard, or one that a restored copy forgot.
    """
    order = lease.order
    known = {invoice.stripe_invoice_id for invoice in order.invoices}
    pages = lease.opened.gateway.pages("/v1/invoices", {"customer": void["customer"]})
    for row in (row for page in pages for row in page):
        ours = (row.get("metadata") or {}).get("purchase_order_uuid") == str(order.uuid)
        if ours and row["id"] not in known and row["status"] != "void":
            raise PurchaseOrderError(
                f"{order.reference}: Invoice {void['id']} is void at Stripe, and {row['id']} "
                f"({row['status']}), which these books do not know, took its place. Nothing was "
                f"changed. Sync first, then look again.",
                code="sync_first",
                remedy=remedies.sync(lease.opened.slug, full=True),
            )


def _never_void(lease: Lease, invoice: Json) -> PurchaseOrderError:
    """Say how to go on where Stripe has money on an invoice, or had some that was refunded.

    A refund does not lower what Stripe counts as paid, so it opens no way to void the invoice.
    """
    order, row, currency = lease.order, lease.invoice, invoice["currency"]
    paid, asked = (
        minor_from_api(invoice[name], currency) for name in ("amount_paid", "amount_remaining")
    )
    has = f"{order.reference}: Stripe has {display(paid, currency)} on invoice {invoice['id']}"
    if (row.stripe_status, row.stripe_amount_paid) != (invoice["status"], paid):
        return PurchaseOrderError(
            f"{has} and never voids an invoice with a payment. Nothing was changed. Sync to see "
            f"the payment, then try again.",
            remedy=remedies.sync(lease.opened.slug),
        )
    why = f"{has}, and never voids an invoice with a payment, refunded or not. Nothing was changed."
    if not asked:
        return PurchaseOrderError(
            f"{why} It asks for nothing more. Refund or credit what was too much, and add a "
            f"purchase order for what is to be billed beside it."
        )
    shown = display(asked, currency)
    return PurchaseOrderError(
        f"{why} It still asks for {shown}. If that is right, let the sponsor pay it: once the "
        f"invoice is paid, reissue asks for what was refunded or reversed. Else credit the {shown} "
        f"and add a purchase order for what is to be billed instead.",
        remedy=remedies.credit_note(order.reference, to_major(asked, currency)),
    )


def _void(lease: Lease, path: str) -> Write:
    def voided(_stored: StoredWrite) -> Json | None:
        invoice = lease.opened.gateway.read(path)
        return invoice if invoice["status"] == "void" else None

    return Write(
        outbox.VOID,
        step_slot(lease.order, lease.invoice, outbox.VOID.name),
        f"{path}/void",
        dict,
        find=voided,
        conference_id=lease.invoice.conference_id,
        purchase_order_id=lease.invoice.purchase_order_id,
    )
