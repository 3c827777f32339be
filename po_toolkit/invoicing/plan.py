"""What would be sent to Stripe for a purchase order. Pure: nothing is called, nothing stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from po_toolkit.domain.sums import Status
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.money import display, minor_to_api
from po_toolkit.store.tables import Conference, PurchaseOrder, PurchaseOrderLineItem

Json = dict[str, Any]

PRODUCT_NAME_LENGTH = 250
DESCRIPTION_LENGTH = 5000
CUSTOM_FIELD_LENGTH = 140
"""Longest texts. Source: Stripe API 2026-10-28, products, invoice items, custom fields."""

USD_ONLY_METHODS = frozenset({"us_bank_account"})
"""Ways to pay that Stripe takes on invoices in US dollars only."""


def refuse_unbillable(order: PurchaseOrder, conference: Conference) -> None:
    """Refuse before the first call what Stripe or our own rules would refuse later.

    Raises:
        PurchaseOrderError: Says why this purchase order cannot be invoiced, and what to do.
    """
    reason = unbillable_reason(order, conference)
    if reason:
        raise PurchaseOrderError(f"{order.reference}: {reason}")


def unbillable_reason(order: PurchaseOrder, conference: Conference) -> str:
    """Return why this purchase order cannot be invoiced now, or ``""``."""
    return next(_reasons(order, conference), "")


def _reasons(order: PurchaseOrder, conference: Conference) -> Iterator[str]:
    sums, limit, live = order.sums, conference.max_invoice_lines, order.live_invoice
    if order.status == Status.CANCELLED:
        yield "cancelled; a cancelled purchase order is not invoiced."
    if live is not None and live.step == "done":
        yield f"already invoiced as {live.stripe_invoice_id}; it is never billed twice."
    if order.claimed_invoice_id and live is None:
        yield (
            f"invoiced by hand as {order.claimed_invoice_id}; adopt it with: "
            f"po-toolkit adopt {order.reference} {order.claimed_invoice_id}."
        )
    if len(order.line_items) > limit:
        yield (
            f"{len(order.line_items)} line items, and a Stripe invoice holds at most {limit}; "
            f"split the purchase order, or have Stripe raise the limit and set max_invoice_lines."
        )
    if sums.total <= 0:
        yield f"its total is {display(sums.total, order.currency)}; it must be more than zero."
    if sums.balance <= 0:
        yield "nothing is left to pay."
    yield from _text_reasons(order)


def _text_reasons(order: PurchaseOrder) -> Iterator[str]:
    if len(order.po_number) > CUSTOM_FIELD_LENGTH:
        yield (
            f"its PO number has {len(order.po_number)} characters; Stripe prints at most "
            f"{CUSTOM_FIELD_LENGTH}."
        )
    if not order.contact_email.strip():
        yield "no e-mail address to send the invoice to."
    for line in order.line_items:
        if len(line.description) > DESCRIPTION_LENGTH:
            yield (
                f"line {line.position} has {len(line.description)} characters; Stripe takes at "
                f"most {DESCRIPTION_LENGTH}."
            )


def doubts(order: PurchaseOrder, today: date) -> list[str]:
    """Return what a person should look at before this purchase order is invoiced."""
    found = []
    if order.due_date is not None and order.due_date < today:
        found.append(f"due on {order.due_date}, which is past")
    if not order.po_number:
        found.append("no PO number")
    if order.sums.paid:
        found.append(f"{display(order.sums.paid, order.currency)} is paid already")
    if order.live_invoice is not None:
        found.append(order.live_invoice.error or "was begun before and goes on")
    return found


@dataclass(frozen=True, slots=True)
class InvoicePlan:
    """One generation of a purchase order's invoice, as it would be."""

    order: PurchaseOrder
    conference: Conference
    generation: int

    @property
    def api_total(self) -> int:
        """The total in the integer that Stripe's API takes."""
        return minor_to_api(self.order.sums.total, self.order.currency)

    def customer(self) -> Json:
        """Return the body that makes the sponsor's customer."""
        order = self.order
        body: Json = {"name": order.organization_name, "email": order.contact_email.strip()}
        if order.billing_address:
            body["address"] = {"line1": order.billing_address[:500]}
        body["metadata"] = {
            "conference_slug": self.conference.slug,
            "source": "purchase_order",
        }
        if order.contact_name:
            body["metadata"]["contact_name"] = order.contact_name[:500]
        return body

    def draft(self, customer_id: str) -> Json:
        """Return the body that makes the draft, without lines."""
        order, conference = self.order, self.conference
        body: Json = {
            "customer": customer_id,
            "collection_method": "send_invoice",
            "auto_advance": False,
            "pending_invoice_items_behavior": "exclude",
            "currency": order.currency,
            **self._due(),
            "custom_fields": self._custom_fields(),
            "payment_settings": {"payment_method_types": self._methods()},
            "metadata": self.metadata(),
        }
        if conference.invoice_memo:
            body["description"] = conference.invoice_memo
        if conference.invoice_footer:
            body["footer"] = conference.invoice_footer
        return body

    def metadata(self) -> dict[str, str]:
        """Return what leads from Stripe's invoice back to this purchase order."""
        return {
            "purchase_order_id": str(self.order.id),
            "purchase_order_ref": self.order.reference,
            "purchase_order_uuid": str(self.order.uuid),
            "conference_slug": self.conference.slug,
            "generation": str(self.generation),
        }

    def lines(self) -> Json:
        """Return the body that adds every line in one call.

        A discount goes as an amount, since Stripe takes no negative unit price.
        """
        return {"lines": [self._line(line) for line in self.order.line_items]}

    def _line(self, line: PurchaseOrderLineItem) -> Json:
        currency = self.order.currency
        if line.line_total < 0:
            return {
                "description": _discount_text(line),
                "amount": minor_to_api(line.line_total, currency),
            }
        return {
            "description": line.description,
            "quantity": line.quantity,
            "price_data": {
                "currency": currency,
                "product_data": {"name": line.description[:PRODUCT_NAME_LENGTH]},
                "unit_amount": minor_to_api(line.unit_price, currency),
            },
        }

    def _custom_fields(self) -> list[dict[str, str]]:
        fields = [{"name": "Reference", "value": self.order.reference}]
        if self.order.po_number:
            fields.insert(0, {"name": "PO number", "value": self.order.po_number})
        return fields

    def _methods(self) -> list[str]:
        dollars = self.order.currency == "usd"
        return [m for m in self.conference.payment_methods if dollars or m not in USD_ONLY_METHODS]

    def _due(self) -> Json:
        if self.order.due_date is not None:
            return {"due_date": end_of_day(self.order.due_date, self.conference.timezone)}
        days = self.order.days_until_due
        return {"days_until_due": self.conference.days_until_due if days is None else days}


def _discount_text(line: PurchaseOrderLineItem) -> str:
    return line.description if line.quantity == 1 else f"{line.description} (x {line.quantity})"


def end_of_day(day: date, timezone: str) -> int:
    """Return the last second of a date in a timezone, as Unix time."""
    next_day = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone))
    return int(next_day.timestamp()) - 1


def same_lines(plan: InvoicePlan, stripe_lines: Sequence[Json]) -> bool:
    """Tell whether Stripe's lines are the planned ones, whatever their order."""
    planned = sorted(
        (
            line["description"],
            line["amount"]
            if "amount" in line
            else line["quantity"] * line["price_data"]["unit_amount"],
        )
        for line in plan.lines()["lines"]
    )
    return planned == sorted((line["description"] or "", line["amount"]) for line in stripe_lines)
