"""Mending a purchase order, and billing it anew where its invoice is out already."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from po_toolkit.api.invoices import read_taken_over
from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.deliveries import refuse_unknown
from po_toolkit.domain.references import comparable
from po_toolkit.domain.roles import Act, require
from po_toolkit.domain.tax_ids import read_tax_id
from po_toolkit.errors import BusyError, PurchaseOrderError
from po_toolkit.invoicing.existing import retire_paid, void_at_stripe
from po_toolkit.invoicing.send import InvoiceResult, invoice_one
from po_toolkit.payments.customer_credit import settle
from po_toolkit.payments.sync import sync_one
from po_toolkit.store.purchase_orders import by_reference
from po_toolkit.store.tables import PurchaseOrder


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be different; None leaves it as it is."""

    organization_name: str | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    billing_address: str | None = None
    po_number: str | None = None
    due_date: date | None = None
    days_until_due: int | None = None
    tax_id: str | None = None
    """The sponsor's; empty takes it off. The lines' tax rates stay as they are."""
    delivery: str | None = None
    """Who delivers the invoice: stripe or ourselves."""

    def given(self) -> dict[str, Any]:
        """Return only what changes.

        Raises:
            PurchaseOrderError: The tax id has not its kind's form, or nobody delivers so.
        """
        refuse_unknown(self.delivery or "")
        values = {name: value for name, value in asdict(self).items() if value is not None}
        if "tax_id" in values:
            try:
                found = read_tax_id(values["tax_id"])
            except ValueError as error:
                raise PurchaseOrderError(f"Tax id {self.tax_id!r}: {error}") from None
            values["tax_id"] = found.value if found else ""
            values["tax_id_type"] = found.type if found else ""
        return values


def amend(opened: OpenConference, reference: str, changes: Changes) -> PurchaseOrder:
    """Change a purchase order that has no invoice out.

    Raises:
        NotFoundError: No such purchase order.
        NotAllowedError: The actor's role is too low.
        BusyError: It is being invoiced right now.
        PurchaseOrderError: An invoice is out; use :func:`reissue`. Or nothing was given.
    """
    with opened.store.reading() as session:
        found = by_reference(session, opened.conference, reference)
    values = changes.given()
    if not values:
        raise PurchaseOrderError(f"{reference}: say what is to be changed.")
    with opened.store.writing(opened.actor, Act.AMEND) as uow:
        order = uow.lock_purchase_order(found.id)
        _refuse_invoiced(order, opened)
        before = {name: getattr(order, name) for name in values}
        if "due_date" in values:
            order.days_until_due = None
        if "days_until_due" in values:
            order.due_date = None
        for name, value in values.items():
            setattr(order, name, value)
        order.organization_key = comparable(order.organization_name)
        order.po_number_key = comparable(order.po_number)
        uow.audit(Act.AMEND, order, before=_plain(before), after=_plain(values))
        return order


def reissue(
    opened: OpenConference, reference: str, changes: Changes | None = None
) -> InvoiceResult:
    """Void the open invoice, change what was wrong, and bill under the next generation.

    An invoice that was paid and whose money went back (a full refund, a lost dispute, a bank debit
    returned late) cannot be voided: it stays, and the next generation asks for what is owed again.

    Cut off anywhere, the same call again goes on: what is void stays void, and nothing is billed
    twice. Money that still arrives on the old invoice is entered and shown.

    Raises:
        NotFoundError: No such purchase order.
        NotAllowedError: The actor's role is too low.
        BusyError: It is being invoiced right now.
        PurchaseOrderError: Stripe has money on the invoice, or it cannot be invoiced.
        StripeGatewayError: Stripe refused, or the outcome is unknown and a repeat is safe.
    """
    require(opened.actor, Act.REISSUE)
    opened.check_account()
    with opened.store.reading() as session:
        order = by_reference(session, opened.conference, reference)
    if order.cancelled_at is not None:
        raise PurchaseOrderError(f"{reference} is cancelled and is not billed again.")
    if asks_again(opened, order):
        retire_paid(opened, order.id)
    else:
        void_at_stripe(opened, order.id)
        live = order.live_invoice
        settle(opened, live.stripe_customer_id if live else "")
    if changes is not None and changes.given():
        amend(opened, reference, changes)
    with opened.store.writing(opened.actor, Act.REISSUE) as uow:
        uow.audit(Act.REISSUE, order, before={"stripe_invoice_id": order.stripe_invoice_id})
    result = invoice_one(opened, order.id, order.reference, send=True)
    read_taken_over(opened, result)
    return result


def asks_again(opened: OpenConference, order: PurchaseOrder) -> bool:
    """Tell whether an order's invoice is paid and money is owed again; Stripe is asked first."""
    live = order.live_invoice
    if live is None or live.stripe_status != "paid" or not live.stripe_invoice_id:
        return False
    sync_one(opened, live.stripe_invoice_id).refuse_problems()
    with opened.store.reading() as session:
        found = by_reference(session, opened.conference, order.reference)
    return found.sums.balance > 0


def _refuse_invoiced(order: PurchaseOrder, opened: OpenConference) -> None:
    live = order.live_invoice
    if order.cancelled_at is not None:
        raise PurchaseOrderError(f"{order.reference} is cancelled and is not changed any more.")
    if live is None or (live.stripe_invoice_id is None and live.refused):
        return
    if live.lease_until is not None and live.lease_until > opened.now():
        raise BusyError(f"{order.reference}: it is being invoiced right now; try again later.")
    raise PurchaseOrderError(
        f"{order.reference} has invoice {live.stripe_invoice_id or 'in preparation'}; reissue it "
        f"with the change.",
        remedy=remedies.reissue(order.reference),
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in values.items()}
