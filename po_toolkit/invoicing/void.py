"""Taking an invoice back."""

from __future__ import annotations

from typing import Any

from po_toolkit import outbox
from po_toolkit.context import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.roles import Act
from po_toolkit.errors import (
    PoToolkitError,
    PurchaseOrderError,
    StripeRefusedError,
)
from po_toolkit.invoicing.drive import Drive, hold, release, step_slot
from po_toolkit.invoicing.look import Found, Sight, delete_draft, look
from po_toolkit.money import display, minor_from_api
from po_toolkit.outbox import Write
from po_toolkit.store.stripe_writes import StoredWrite

Json = dict[str, Any]


def void_at_stripe(opened: OpenConference, order_id: int) -> None:
    """Void the live invoice at Stripe, or delete it while it is a draft, and confirm it.

    Safe to repeat: what is void or deleted already stays so. Without a live invoice it does
    nothing.

    Raises:
        BusyError: It is being invoiced right now.
        PurchaseOrderError: Stripe has money on it, or it can no longer be voided.
        StripeGatewayError: Stripe could not be asked.
    """
    drive = hold(opened, order_id)
    if drive is None:
        return
    try:
        sight = look(drive)
        state = _take_back(drive, sight)
        with drive.step() as (_, row):
            row.state, row.step = state, "done"
            row.stripe_status = "void" if state == "void" else row.stripe_status
    except PoToolkitError:
        release(drive)
        raise
    release(drive)


def _take_back(drive: Drive, sight: Sight) -> str:
    """Do it and return the invoice's new state."""
    if sight.found is Found.NOTHING:
        return "deleted"
    if sight.found is Found.VOID:
        return "void"
    invoice = sight.invoice
    if invoice["status"] == "draft":
        drive.invoice.stripe_invoice_id = invoice["id"]
        delete_draft(drive)
        return "deleted"
    if invoice["status"] == "paid" or invoice["amount_paid"]:
        paid = display(
            minor_from_api(invoice["amount_paid"], invoice["currency"]), invoice["currency"]
        )
        raise PurchaseOrderError(
            f"{drive.order.reference}: Stripe has {paid} on invoice {invoice['id']}, so it is not "
            f"voided and nothing was changed. Sync to see the payment, then refund it. A payment "
            f"that was recorded by hand and reversed stays there: credit the balance instead.",
            remedy=remedies.sync(drive.opened.slug),
        )
    try:
        outbox.perform(drive.opened, _void(drive, f"/v1/invoices/{invoice['id']}"), Act.INVOICE)
    except StripeRefusedError as error:
        raise PurchaseOrderError(
            f"{drive.order.reference}: {error} Nothing was changed; sync, then look again."
        ) from None
    return "void"


def _void(drive: Drive, path: str) -> Write:
    def voided(_stored: StoredWrite) -> Json | None:
        invoice = drive.opened.gateway.read(path)
        return invoice if invoice["status"] == "void" else None

    return Write(
        outbox.VOID,
        step_slot(drive.order, drive.invoice, outbox.VOID.name),
        f"{path}/void",
        dict,
        find=voided,
        conference_id=drive.invoice.conference_id,
        purchase_order_id=drive.invoice.purchase_order_id,
    )
