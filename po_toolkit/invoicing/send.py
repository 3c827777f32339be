"""Sends one purchase order's invoice exactly once, from wherever an earlier try left it.

customer → draft → lines (all in one call, then the total is checked) → send, which finalizes and
mails, or finalize alone where we deliver it by ourselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from po_toolkit.context import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.roles import Act
from po_toolkit.errors import (
    InvoiceMismatchError,
    LostLeaseError,
    PoToolkitError,
    PurchaseOrderError,
    StripeGatewayError,
    StripeNotFoundError,
    StripeRefusedError,
)
from po_toolkit.invoicing.automatic_tax import take_taxes, taxed_lines, unpayable
from po_toolkit.invoicing.customers import before_it_is_final, customer_step, forget_customer
from po_toolkit.invoicing.drive import (
    LAST_STEPS,
    Drive,
    claim,
    held,
    last_step,
    release,
)
from po_toolkit.invoicing.look import (
    Found,
    Sight,
    agrees,
    delete_draft,
    look,
    look_at,
    was_sent,
)
from po_toolkit.invoicing.tax import make_rate
from po_toolkit.money import display, minor_from_api
from po_toolkit.store import invoices
from po_toolkit.store.purchase_orders import note_sent
from po_toolkit.store.tables import Invoice, PurchaseOrder

Json = dict[str, Any]

GENERATIONS = 3
"""How many drafts that others spoiled are thrown away in one go before a person must look."""


class _NextGenerationError(PoToolkitError):
    """This generation's draft is gone for certain; the next one may start."""


def send_invoice(
    opened: OpenConference, order_id: int, *, send: bool = True, read: PurchaseOrder | None = None
) -> Invoice:
    """Take a purchase order's invoice to ``sent`` or ``finalized``, or to a checked draft.

    Args:
        opened: The conference's account.
        order_id: The purchase order.
        send: False stops at the draft.
        read: The purchase order as it was read before; see ``claim``.

    Returns:
        The invoice as it stands.

    Raises:
        BusyError: Another process drives it.
        PurchaseOrderError: It cannot be invoiced.
        InvoiceMismatchError: Stripe's total is not the purchase order's; the draft was deleted.
        StripeGatewayError: Stripe refused, or the outcome is unknown and a repeat is safe.
    """
    for _ in range(GENERATIONS):
        drive = claim(opened, order_id, read, further_at_stripe)
        try:
            _walk(drive, send=send)
        except _NextGenerationError:
            continue
        except LostLeaseError:
            raise
        except PoToolkitError as error:
            refused = isinstance(error, StripeRefusedError)
            if refused:
                _clear_away(drive)
            release(drive, str(error), refused=refused)
            raise
        except BaseException:
            release(drive)
            raise
        release(drive)
        return drive.invoice
    raise PurchaseOrderError(
        f"{drive.order.reference}: its drafts keep changing at Stripe; find out who edits them, "
        f"then run the same command again."
    )


def _walk(drive: Drive, *, send: bool) -> None:
    for fingerprint, rate in drive.plan.rates.items():
        if fingerprint not in drive.rate_ids:
            drive.rate_ids[fingerprint] = make_rate(drive.opened, rate)
    if drive.resumed and drive.invoice.step != "customer":
        _accept(drive, look(drive))
    while (step := drive.invoice.step) != "done":
        if step in LAST_STEPS and not send:
            return
        _STEPS[step](drive)


def _draft_step(drive: Drive) -> None:
    customer = drive.invoice.customer
    if customer is None or not customer.stripe_customer_id:
        drive.advance(step="customer")
        return
    try:
        outcome = drive.write()
    except StripeNotFoundError as error:
        if error.param != "customer":
            raise
        forget_customer(drive, customer.stripe_customer_id)
        return
    if outcome.found:
        _accept(drive, look_at(drive, outcome.answer))
        return
    drive.advance(step="lines", state="drafting", stripe_invoice_id=outcome.answer["id"])


def _lines_step(drive: Drive) -> None:
    outcome = drive.write()
    if outcome.found:
        _accept(drive, look_at(drive, outcome.answer))
        return
    invoice = outcome.answer
    _check(drive, invoice)
    taxed = taxed_lines(drive, invoice)
    with drive.step() as (uow, row):
        row.step, row.state = last_step(row), "drafted"
        _take_over(drive, row, invoice)
        if taxed:
            drive.order = take_taxes(uow, drive.order.id, taxed)


def _check(drive: Drive, invoice: Json) -> None:
    """Let no draft pass whose total is not the purchase order's, to the minor unit."""
    fraction = drive.plan.content.automatic_tax and unpayable(invoice)
    if agrees(drive, invoice) and not fraction:
        return
    order = drive.order
    _discard(drive)
    if fraction:
        raise InvoiceMismatchError(
            f"{order.reference}: the tax that Stripe computed cannot be paid in "
            f"{order.currency.upper()}. The draft was deleted and nothing was sent; choose a price "
            f"whose tax comes out even."
        )
    if drive.plan.content.automatic_tax and invoice["automatic_tax"]["status"] != "complete":
        raise InvoiceMismatchError(
            f"{order.reference}: Stripe cannot compute the tax "
            f"({invoice['automatic_tax']['status']}). The draft was deleted and nothing was sent; "
            f"write the sponsor's billing address with its country on a line of its own."
        )
    said = display(minor_from_api(invoice["total"], invoice["currency"]), invoice["currency"])
    raise InvoiceMismatchError(
        f"{order.reference}: Stripe's draft came to {said}, the purchase order is "
        f"{display(order.sums.total, order.currency)}. The draft was deleted and nothing was "
        f"sent; look for taxes, discounts or other rules in the Stripe account."
    )


def _last_step(drive: Drive) -> None:
    before_it_is_final(drive)
    outcome = drive.write()
    if outcome.found:
        _accept(drive, look_at(drive, outcome.answer))
    else:
        _done(drive, outcome.answer, mailed=drive.invoice.step == "send")


_STEPS: dict[str, Callable[[Drive], None]] = {
    "customer": customer_step,
    "draft": _draft_step,
    "lines": _lines_step,
    "send": _last_step,
    "finalize": _last_step,
}


def further_at_stripe(drive: Drive) -> Json | None:
    """Return the invoice at Stripe where it is further than its next step says, else None."""
    sight = look(drive)
    match drive.invoice.step, sight.found:
        case "draft", Found.NOTHING:
            return None
        case "lines", Found.EMPTY_DRAFT:
            return None
        case "send" | "finalize", Found.FULL_DRAFT:
            return None
        case "send", Found.OPEN if not was_sent(drive, sight.invoice["id"]):
            return None
    return sight.invoice


def _accept(drive: Drive, sight: Sight) -> None:
    """Go on from what Stripe has, not from what we remember."""
    drive.resumed = False
    match sight.found:
        case Found.NOTHING:
            if drive.invoice.stripe_invoice_id is not None:
                _gone(drive)
        case Found.EMPTY_DRAFT:
            _adopt(drive, sight, step="lines", state="drafting")
        case Found.FULL_DRAFT:
            _adopt(drive, sight, step=last_step(drive.invoice), state="drafted")
        case Found.OTHER_DRAFT:
            _adopt(drive, sight, step="lines", state="drafting")
            _discard(drive)
            raise _NextGenerationError
        case Found.OPEN:
            _opened_before(drive, sight)
        case Found.PAID:
            _done(drive, sight.invoice, mailed=True)
        case Found.VOID:
            _voided_by_hand(drive, sight)
        case Found.OTHER_LINES:
            _finalized_otherwise(drive, sight)


def _opened_before(drive: Drive, sight: Sight) -> None:
    """It is final already: done, unless Stripe is to mail it and has not."""
    mailed = was_sent(drive, sight.invoice["id"])
    if mailed or last_step(drive.invoice) == "finalize":
        _done(drive, sight.invoice, mailed=mailed)
    else:
        _adopt(drive, sight, step="send", state="drafted")


def _adopt(drive: Drive, sight: Sight, **changes: Any) -> None:
    drive.advance(stripe_invoice_id=sight.invoice["id"], **changes)


def _gone(drive: Drive) -> None:
    drive.advance(state="deleted", lease_owner="", lease_until=None)
    raise _NextGenerationError


def _voided_by_hand(drive: Drive, sight: Sight) -> None:
    with drive.step() as (_, row):
        row.stripe_invoice_id = sight.invoice["id"]
        row.state, row.step = "void", "done"
        _take_over(drive, row, sight.invoice)
    raise PurchaseOrderError(
        f"{drive.order.reference}: invoice {sight.invoice['id']} was voided by hand at Stripe. "
        f"Send it again to bill it under a new invoice, or cancel the purchase order.",
        remedy=remedies.cancel(drive.order.reference),
    )


def _finalized_otherwise(drive: Drive, sight: Sight) -> None:
    order, invoice = drive.order, sight.invoice
    drive.advance(stripe_invoice_id=invoice["id"])
    said = display(minor_from_api(invoice["total"], invoice["currency"]), invoice["currency"])
    raise InvoiceMismatchError(
        f"{order.reference}: somebody finalized invoice {invoice['id']} at Stripe with other "
        f"lines ({said}, the purchase order is {display(order.sums.total, order.currency)}). "
        f"Void it at Stripe, then run the same command again."
    )


def _done(drive: Drive, invoice: Json, *, mailed: bool) -> None:
    opened = drive.opened
    taxed = taxed_lines(drive, invoice)
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        if taxed:
            take_taxes(uow, drive.order.id, taxed)
        paid = invoice["status"] == "paid"
        note_sent(uow, drive.order.id, delivered=mailed or paid)
        row = held(uow, drive.invoice)
        row.stripe_invoice_id = invoice["id"]
        row.step = "done"
        issued = "sent" if mailed else "finalized"
        row.state = "paid" if paid else issued
        row.sent_at = opened.now()
        row.lease_owner, row.lease_until = "", None
        _take_over(drive, row, invoice)
        drive.note_progress(uow, row)
        sent = {"stripe_invoice_id": invoice["id"], "sent": mailed}
        uow.audit(Act.INVOICE, drive.order, after=sent)
    drive.invoice = row


def _discard(drive: Drive) -> None:
    """Delete the draft and confirm it; only then may the next generation start."""
    delete_draft(drive)
    drive.advance(state="deleted", lease_owner="", lease_until=None)


def _clear_away(drive: Drive) -> None:
    """After a refusal leave no orphan draft behind, so that the purchase order can be mended."""
    if drive.invoice.stripe_invoice_id is None or drive.invoice.step == "done":
        return
    try:
        if look(drive).found in (Found.EMPTY_DRAFT, Found.FULL_DRAFT, Found.OTHER_DRAFT):
            _discard(drive)
    except StripeGatewayError:
        return  # it stays in the journal, and the next run looks at it first


def _take_over(drive: Drive, row: Invoice, said: Json) -> None:
    opened = drive.opened
    invoices.take_over(row, said, opened.conference.timezone, opened.now())
