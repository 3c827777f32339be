"""What would be sent to Stripe for a purchase order. Pure: nothing is called, nothing stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from po_toolkit.domain import remedies
from po_toolkit.domain.addresses import address_parts
from po_toolkit.domain.periods import last_second
from po_toolkit.domain.sums import Status
from po_toolkit.domain.tax import MOST_RATES, Rate, rates_of
from po_toolkit.errors import PurchaseOrderError, Reason
from po_toolkit.invoicing.content import Content
from po_toolkit.money import display, minor_to_api
from po_toolkit.store.authorized import Authorized
from po_toolkit.store.tables import Conference, PurchaseOrder, PurchaseOrderLineItem

Json = dict[str, Any]

PRODUCT_NAME_LENGTH = 250
DESCRIPTION_LENGTH = 5000
"""Longest texts. Source: Stripe API 2026-10-28, products and invoice items."""


def refuse_unbillable(order: PurchaseOrder, conference: Conference, today: date) -> None:
    """Refuse before the first call what Stripe or our own rules would refuse later.

    Raises:
        PurchaseOrderError: Says why this purchase order cannot be invoiced, and what to do.
    """
    reason = unbillable_reason(order, conference, today)
    if reason:
        raise PurchaseOrderError(
            f"{order.reference}: {reason}", remedy=getattr(reason, "remedy", None)
        )


def unbillable_reason(order: PurchaseOrder, conference: Conference, today: date) -> str:
    """Return why this purchase order cannot be invoiced now, or ``""``.

    Args:
        order: The purchase order.
        conference: Whose it is.
        today: The present date in the conference's timezone.
    """
    return next(_reasons(order, conference, today), "")


def _reasons(order: PurchaseOrder, conference: Conference, today: date) -> Iterator[str]:
    sums, limit, live = order.sums, conference.max_invoice_lines, order.live_invoice
    if order.status == Status.CANCELLED:
        yield "cancelled; a cancelled purchase order is not invoiced."
    if live is not None and live.step == "done":
        yield f"already invoiced as {live.stripe_invoice_id}; it is never billed twice."
    if order.claimed_invoice_id and live is None:
        yield Reason(
            f"invoiced by hand as {order.claimed_invoice_id}; adopt that invoice instead.",
            remedies.adopt(order.reference, order.claimed_invoice_id),
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
    begun = live is not None and live.step != "customer" and not live.refused
    if order.due_date is not None and order.due_date < today and not begun:
        yield Reason(
            f"due on {order.due_date}, which is in the past, and Stripe does not accept such a due "
            f"date; send it with a new one.",
            remedies.reissue(
                order.reference, due_date=today + timedelta(days=conference.days_until_due)
            ),
        )
    yield from Content(order, conference, 1).reasons()
    yield from _text_reasons(order)


def _text_reasons(order: PurchaseOrder) -> Iterator[str]:
    if not order.contact_email.strip():
        yield "no e-mail address to send the invoice to."
    for line in order.line_items:
        if len(line.description) > DESCRIPTION_LENGTH:
            yield (
                f"line {line.position} has {len(line.description)} characters; Stripe takes at "
                f"most {DESCRIPTION_LENGTH}."
            )
        if len(line.tax_rates or ()) > MOST_RATES:
            yield f"line {line.position} has more than {MOST_RATES} tax rates."


def doubts(order: PurchaseOrder, limit: Authorized | None = None) -> list[str]:
    """Return what a person should look at before this purchase order is invoiced."""
    found = []
    if not order.po_number:
        found.append("no PO number")
    if order.sums.paid:
        found.append(f"{display(order.sums.paid, order.currency)} is paid already")
    if limit is not None and limit.left < 0:
        found.append(
            f"{display(limit.billed, order.currency)} is billed under a purchase order that "
            f"authorizes {display(limit.limit, order.currency)}"
        )
    if order.live_invoice is not None:
        found.append(order.live_invoice.error or "was begun before and goes on")
    return found


@dataclass(frozen=True, slots=True)
class InvoicePlan:
    """One generation of a purchase order's invoice, as it would be."""

    order: PurchaseOrder
    conference: Conference
    generation: int
    rate_ids: Mapping[str, str] = field(default_factory=dict)
    """Stripe's ids of tax rates that were made, by fingerprint."""

    @property
    def content(self) -> Content:
        """What the invoice says beside its lines."""
        return Content(self.order, self.conference, self.generation)

    @property
    def rates(self) -> dict[str, Rate]:
        """The tax rates of its lines by fingerprint, in the order of the lines."""
        return {
            rate.fingerprint: rate
            for line in self.order.line_items
            for rate in rates_of(line.tax_rates)
        }

    @property
    def api_subtotal(self) -> int:
        """The lines without the tax on top, in the integer that Stripe's API takes."""
        lines = self.order.line_items
        return minor_to_api(sum(line.line_total for line in lines), self.order.currency)

    @property
    def api_total(self) -> int:
        """The total in the integer that Stripe's API takes."""
        return minor_to_api(self.order.sums.total, self.order.currency)

    def customer(self) -> Json:
        """Return the body that makes the sponsor's customer."""
        order = self.order
        body: Json = {"name": order.organization_name, "email": order.contact_email.strip()}
        if order.billing_address:
            body["address"] = address_parts(order.billing_address)
        body["metadata"] = {
            "conference_slug": self.conference.slug,
            "source": "purchase_order",
        }
        if order.contact_name:
            body["metadata"]["contact_name"] = order.contact_name[:500]
        if self.content.language:
            body["preferred_locales"] = [self.content.language]
        if order.tax_id:
            body["tax_id_data"] = [{"type": order.tax_id_type, "value": order.tax_id}]
        return body

    def details(self, borne: Json) -> Json:
        """Return what the customer at Stripe must say of himself.

        Args:
            borne: What he is known to say; the conference's language gives way to his own.
        """
        order = self.order
        named: Json = {"name": order.organization_name}
        if order.billing_address:
            named["address"] = address_parts(order.billing_address)
        if order.language or (self.content.language and not borne.get("preferred_locales")):
            named["preferred_locales"] = [self.content.language]
        return named

    def draft(self, customer_id: str) -> Json:
        """Return the body that makes the draft, without lines."""
        order, content = self.order, self.content
        body: Json = {
            "customer": customer_id,
            "collection_method": "send_invoice",
            "auto_advance": False,
            "pending_invoice_items_behavior": "exclude",
            "currency": order.currency,
            **self._due(),
            "custom_fields": content.custom_fields,
            "payment_settings": content.payment_settings,
            "metadata": self.metadata(),
        }
        if self.conference.invoice_memo:
            body["description"] = self.conference.invoice_memo
        if content.footer:
            body["footer"] = content.footer
        return body | content.further

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
        further: Json = {}
        if line.tax_rates:
            rates = rates_of(line.tax_rates)
            further["tax_rates"] = [self.rate_ids[rate.fingerprint] for rate in rates]
        if self.content.period:
            further["period"] = self.content.period
        if line.line_total < 0:
            return {
                "description": _discount_text(line),
                "amount": minor_to_api(line.line_total, currency),
                **further,
            }
        price: Json = {
            "currency": currency,
            "product_data": {"name": line.description[:PRODUCT_NAME_LENGTH]},
            "unit_amount": minor_to_api(line.unit_price, currency),
        }
        if self.content.automatic_tax:
            price["tax_behavior"] = self.content.automatic_tax
        return {
            "description": line.description,
            "quantity": line.quantity,
            "price_data": price,
            **further,
        }

    def _due(self) -> Json:
        if self.order.due_date is not None:
            return {"due_date": last_second(self.order.due_date, self.conference.timezone)}
        days = self.order.days_until_due
        return {"days_until_due": self.conference.days_until_due if days is None else days}


def _discount_text(line: PurchaseOrderLineItem) -> str:
    return line.description if line.quantity == 1 else f"{line.description} (x {line.quantity})"


def same_lines(plan: InvoicePlan, stripe_lines: Sequence[Json]) -> bool:
    """Tell whether Stripe's lines are the planned ones, with their tax, whatever their order.

    Tax that Stripe computes by itself was not planned and is not compared.
    """
    currency, ours = plan.order.currency, not plan.content.automatic_tax
    planned = sorted(
        (
            *line_key(line, currency),
            minor_to_api(line.tax_on_top, currency) if ours else 0,
            minor_to_api(line.tax_included, currency) if ours else 0,
        )
        for line in plan.order.line_items
    )
    return planned == sorted(
        (line["description"] or "", line["amount"], *(line_taxes(line) if ours else (0, 0)))
        for line in stripe_lines
    )


def line_key(line: PurchaseOrderLineItem, currency: str) -> tuple[str, int]:
    """Return a line's description and amount (API units) as Stripe has them."""
    text = _discount_text(line) if line.line_total < 0 else line.description
    return text, minor_to_api(line.line_total, currency)


def line_taxes(line: Json) -> tuple[int, int]:
    """Return the tax on top of a line at Stripe and inside it, in API units."""
    taxes = line.get("taxes") or ()
    on_top = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "exclusive")
    return on_top, sum(tax["amount"] for tax in taxes) - on_top
