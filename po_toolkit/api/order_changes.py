"""Changing a purchase order, and reissuing its invoice where that was sent already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from po_toolkit.api.contact import checked_addresses
from po_toolkit.api.import_save import order_columns
from po_toolkit.api.invoices import read_adopted
from po_toolkit.api.new_order import LineItem, checked_order
from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.deliveries import refuse_unknown
from po_toolkit.domain.references import comparable, named_by
from po_toolkit.domain.roles import Act, require
from po_toolkit.domain.tax_ids import read_tax_id
from po_toolkit.domain.wording import sentence
from po_toolkit.errors import BusyError, PurchaseOrderError
from po_toolkit.invoicing.existing import retire_paid, void_at_stripe
from po_toolkit.invoicing.lease import refuse_unfinished
from po_toolkit.invoicing.send import InvoiceResult, invoice_one
from po_toolkit.money import display
from po_toolkit.payments.customer_credit import settle
from po_toolkit.payments.sync import sync_one
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.purchase_orders import by_reference, refresh_status
from po_toolkit.store.tables import PurchaseOrder, PurchaseOrderLineItem


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
    notes: str | None = None
    contact_phone: str | None = None
    cc_emails: str | None = None
    line_items: Sequence[LineItem] | None = None
    """All lines as they are to be; checked as an import checks them."""

    def given(self) -> dict[str, Any]:
        """Return only what changes.

        Raises:
            PurchaseOrderError: The tax id has not its kind's form, or nobody delivers so.
        """
        refuse_unknown(self.delivery or "")
        values = {
            name: value
            for name, value in asdict(self).items()
            if value is not None and name != "line_items"
        }
        if "tax_id" in values:
            try:
                found = read_tax_id(values["tax_id"])
            except ValueError as error:
                raise PurchaseOrderError(
                    f"Tax id {self.tax_id!r}: {sentence(str(error))}"
                ) from None
            values["tax_id"] = found.value if found else ""
            values["tax_id_type"] = found.type if found else ""
        return values


def change_order(opened: OpenConference, reference: str, changes: Changes) -> PurchaseOrder:
    """Change a purchase order that has no invoice out.

    Raises:
        NotFoundError: No such purchase order.
        NotAllowedError: The actor's role is too low.
        BusyError: It is being invoiced right now.
        PurchaseOrderError: An invoice is out; use :func:`reissue`. Or nothing was given, or the
            lines come to less than was credited already, or a credit note is on its way.
    """
    with opened.store.reading() as session:
        found = by_reference(session, opened.conference, reference)
    if not changes.given() and changes.line_items is None:
        raise PurchaseOrderError(f"{reference}: Say what is to be changed.")
    with opened.store.writing(opened.actor, Act.AMEND) as uow:
        order = uow.lock_purchase_order(found.id)
        _refuse_invoiced(order, opened)
        values, lines = _checked(opened, order, changes)
        if lines is not None:
            refuse_unfinished(uow.session, opened, order)
        before = {name: getattr(order, name) for name in values}
        old_name = named_by(order.po_number)
        if "due_date" in values:
            order.days_until_due = None
        if "days_until_due" in values:
            order.due_date = None
        for name, value in values.items():
            setattr(order, name, value)
        order.organization_key = comparable(order.organization_name)
        order.po_number_key = comparable(order.po_number)
        old_lines = _lines_in_words(order)
        if lines is not None:
            _replace_lines(uow, order, lines)
        for line in order.line_items:  # what no description named follows the number
            if line.description == old_name:
                line.description = named_by(order.po_number)
        if (new_lines := _lines_in_words(order)) != old_lines or lines is not None:
            before["line_items"], values["line_items"] = old_lines, new_lines
        uow.audit(Act.AMEND, order, before=_plain(before), after=_plain(values))
        return order


def _checked(
    opened: OpenConference, order: PurchaseOrder, changes: Changes
) -> tuple[dict[str, Any], list[dict[str, Any]] | None]:
    """Return the columns that change and those of new lines, all of it checked.

    Raises:
        PurchaseOrderError: Something cannot be as it was given.
    """
    values = changes.given()
    if "cc_emails" in values:
        values["cc_emails"] = checked_addresses(values["cc_emails"])
    if changes.line_items is None:
        return values, None
    named = {
        name: values.get(name, getattr(order, name))
        for name in ("organization_name", "contact_email", "po_number")
    }
    checked = checked_order(
        opened, changes.line_items, order.currency, None, named | {"tax_id": order.tax_id}
    )
    lines = [line | {"import_row": None} for line in order_columns(checked)[1]]
    total = sum(line["line_total"] + line["tax_on_top"] for line in lines)
    credited = order.sums.credited
    if total < credited:
        raise PurchaseOrderError(
            f"{order.reference}: {display(total, order.currency)} is less than the "
            f"{display(credited, order.currency)} that is credited already. Nothing was changed. "
            f"Enter lines that come to at least that much."
        )
    return values, lines


def _replace_lines(uow: UnitOfWork, order: PurchaseOrder, lines: list[dict[str, Any]]) -> None:
    """Put new lines in the place of the old ones."""
    for line in order.line_items:
        uow.session.delete(line)
    uow.session.add_all(
        PurchaseOrderLineItem(purchase_order_id=order.id, position=at, **line)
        for at, line in enumerate(lines, 1)
    )
    uow.session.flush()
    uow.session.expire(order, ["line_items"])
    refresh_status(order)


def _lines_in_words(order: PurchaseOrder) -> list[str]:
    return [
        f"{line.quantity} x {line.description} at {display(line.unit_price, order.currency)}"
        for line in order.line_items
    ]


def reissue(
    opened: OpenConference, reference: str, changes: Changes | None = None, *, reason: str = ""
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
        PurchaseOrderError: Stripe has money on the invoice, it cannot be invoiced, or a change is
            not possible; nothing is void then.
        StripeGatewayError: Stripe refused, or the outcome is unknown and a repeat is safe.
    """
    require(opened.actor, Act.REISSUE)
    opened.check_account()
    with opened.store.reading() as session:
        order = by_reference(session, opened.conference, reference)
    if order.cancelled_at is not None:
        raise PurchaseOrderError(f"{reference} is cancelled and is not billed again.")
    if changes is not None:
        _checked(opened, order, changes)  # before anything is void
    with opened.store.reading() as session:
        refuse_unfinished(session, opened, order)
    if asks_again(opened, order):
        retire_paid(opened, order.id)
    else:
        void_at_stripe(opened, order.id)
        live = order.live_invoice
        settle(opened, live.stripe_customer_id if live else "")
    if changes is not None and (changes.given() or changes.line_items is not None):
        change_order(opened, reference, changes)
    with opened.store.writing(opened.actor, Act.REISSUE) as uow:
        uow.audit(
            Act.REISSUE,
            order,
            before={"stripe_invoice_id": order.stripe_invoice_id},
            after={"reason": reason} if reason else {},
        )
        locked = uow.lock_purchase_order(order.id)
        locked.asked_again = locked.sums.refunded + locked.sums.reversed_payments
    result = invoice_one(opened, order.id, order.reference, send=True)
    read_adopted(opened, result)
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
        raise BusyError(f"{order.reference}: It is being invoiced right now; try again later.")
    raise PurchaseOrderError(
        f"{order.reference} has invoice {live.stripe_invoice_id or 'in preparation'}; reissue it "
        f"with the change.",
        remedy=remedies.reissue(order.reference),
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in values.items()}
