"""What would be sent to Stripe for a purchase order, and what its invoice says field by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from po_toolkit.domain import remedies
from po_toolkit.domain.addresses import address_parts
from po_toolkit.domain.footers import footer_text
from po_toolkit.domain.payment_methods import takes, transfer_type
from po_toolkit.domain.periods import last_second
from po_toolkit.domain.stripe_limits import maximum_total, total_fits
from po_toolkit.domain.sums import Status, Sums
from po_toolkit.domain.tax import MOST_RATES, Rate, line_tax, rate_text, rates_of
from po_toolkit.domain.wording import written_day
from po_toolkit.errors import PurchaseOrderError, Reason, StripeNotFoundError
from po_toolkit.money import display, minor_from_api, minor_to_api, to_minor
from po_toolkit.store.authorized import Authorized
from po_toolkit.store.tables import Conference, PurchaseOrder, PurchaseOrderLineItem
from po_toolkit.stripe_gateway import StripeGateway

Json = dict[str, Any]

PRODUCT_NAME_LENGTH = 250
DESCRIPTION_LENGTH = 5000
"""Longest texts. Source: Stripe API 2026-10-28, products and invoice items."""

SETTLED_BEFORE = "Settled before"
"""The line that takes off what an earlier generation of the invoice settled."""


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


def unbillable_reason(
    order: PurchaseOrder, conference: Conference, today: date, sums: Sums | None = None
) -> str:
    """Return why this purchase order cannot be invoiced now, or ``""``.

    ``today`` is the date in the conference's timezone; ``sums`` are the purchase order's, where
    they are added up already.
    """
    return next(_reasons(order, sums or order.sums, conference, today), "")


def _reasons(
    order: PurchaseOrder, sums: Sums, conference: Conference, today: date
) -> Iterator[str]:
    limit, live = conference.max_invoice_lines, order.live_invoice
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
    if not total_fits(sums.total, order.currency):
        yield (
            f"its total is {display(sums.total, order.currency)}, and Stripe charges "
            f"{display(maximum_total(order.currency), order.currency)} or less in one invoice; "
            f"split the purchase order."
        )
    if sums.balance <= 0:
        yield "nothing is left to pay."
    begun = live is not None and live.step != "customer" and not live.refused
    if order.due_date is not None and order.due_date < today and not begun:
        yield Reason(
            f"due on {written_day(order.due_date)}, which is in the past, and Stripe does not "
            "accept such a due "
            f"date; send it with a new one.",
            remedies.reissue(
                order.reference, due_date=today + timedelta(days=conference.days_until_due)
            ),
        )
    yield from Content(order, conference, 1).reasons()
    yield from _text_reasons(order)


def _text_reasons(order: PurchaseOrder) -> Iterator[str]:
    if not order.contact_email.strip():
        yield "no email address to send the invoice to."
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
    if order.entries and (paid := order.sums.paid):
        found.append(f"{display(paid, order.currency)} of it is already paid")
    if limit is not None and limit.left < 0:
        found.append(
            f"{display(limit.billed, order.currency)} is billed under a purchase order that "
            f"authorizes {display(limit.limit, order.currency)}"
        )
    if order.live_invoice is not None:
        found.append(order.live_invoice.error or "was started before and continues")
    return found


@dataclass(frozen=True, slots=True)
class InvoicePlan:
    """One generation of a purchase order's invoice, as it would be."""

    order: PurchaseOrder
    conference: Conference
    generation: int
    rate_ids: Mapping[str, str] = field(default_factory=dict)
    """Stripe's ids of tax rates that were made, by fingerprint."""
    settled_before: int = 0
    """What an earlier generation settled, in minor units; a separate line subtracts it."""

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
        before = sum(line.line_total for line in lines) - self.settled_before
        return minor_to_api(before, self.order.currency)

    @property
    def api_total(self) -> int:
        """The total in the integer that Stripe's API takes."""
        return minor_to_api(self.order.sums.total - self.settled_before, self.order.currency)

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
        """Return what the customer at Stripe must say.

        The conference's language gives way to that which the customer is known to have.
        """
        order = self.order
        named: Json = {"name": order.organization_name}
        if order.billing_address:
            named["address"] = address_parts(order.billing_address)
        if order.language or (self.content.language and not borne.get("preferred_locales")):
            named["preferred_locales"] = [self.content.language]
        return named

    def draft(self, customer_id: str) -> Json:
        """Return the body that makes the draft, without lines.

        The empty ``discounts`` keeps a discount of the customer off: Stripe would inherit it.
        Source: API reference, create an invoice.
        """
        order, content = self.order, self.content
        body: Json = {
            "customer": customer_id,
            "collection_method": "send_invoice",
            "auto_advance": False,
            "pending_invoice_items_behavior": "exclude",
            "discounts": "",
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
        lines = [self._line(line) for line in self.order.line_items]
        if self.settled_before:
            amount = minor_to_api(-self.settled_before, self.order.currency)
            lines.append({"description": SETTLED_BEFORE, "amount": amount})
        return {"lines": lines}

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
    planned = [
        (
            *line_key(line, currency),
            minor_to_api(line.tax_on_top, currency) if ours else 0,
            minor_to_api(line.tax_included, currency) if ours else 0,
        )
        for line in plan.order.line_items
    ]
    if plan.settled_before:
        planned.append((SETTLED_BEFORE, minor_to_api(-plan.settled_before, currency), 0, 0))
    return sorted(planned) == sorted(
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


CUSTOM_FIELD_LENGTH = 140
FOOTER_LENGTH = 5000
MOST_CUSTOM_FIELDS = 4
"""Source: Stripe API 2026-10-28, invoices."""


@dataclass(frozen=True, slots=True)
class Content:
    """What the settings and the purchase order put on one generation of the invoice."""

    order: PurchaseOrder
    conference: Conference
    generation: int

    @property
    def _settings(self) -> Json:
        return self.conference.content or {}

    @property
    def footer(self) -> str:
        """The conference's footer, where to pay, our tax id, and why there is no tax."""
        conference = self.conference
        taxed = (line.tax_rates for line in self.order.line_items if line.tax_rates)
        treatments = {rate.treatment for kept in taxed for rate in rates_of(kept)}
        return footer_text(
            conference.invoice_footer, conference.content, conference.tax, treatments
        )

    @property
    def custom_fields(self) -> list[dict[str, str]]:
        """The sponsor's PO number, the conference's own fields, and our reference if it fits."""
        order = self.order
        fields = [("PO number", order.po_number)]
        for name, text in (self._settings.get("custom_fields") or {}).items():
            fields.append((name, self._filled(text)))
        given = [{"name": name, "value": value} for name, value in fields if value]
        if len(given) < MOST_CUSTOM_FIELDS:
            given.append({"name": "Reference", "value": order.reference})
        return given

    def _filled(self, text: str) -> str:
        order = self.order
        for name in ("reference", "po_number", "organization_name", "contact_name"):
            text = text.replace(f"{{{name}}}", getattr(order, name))
        return " ".join(text.split())

    @property
    def methods(self) -> list[str]:
        """The ways to pay that take the currency and, for cards, the total."""
        order = self.order
        wanted = order.payment_methods or self.conference.payment_methods
        found = [m for m in wanted if takes(m, order.currency)]
        return [m for m in found if m != "card"] if self.above_card_limit else found

    @property
    def above_card_limit(self) -> bool:
        """Whether the total is more than may be paid by card."""
        limit = (self._settings.get("max_card_amount") or {}).get(self.order.currency)
        if limit is None:
            return False
        return self.order.sums.total > to_minor(Decimal(limit), self.order.currency)

    @property
    def payment_settings(self) -> Json:
        """The ways to pay as Stripe takes them."""
        methods = self.methods
        settings: Json = {"payment_method_types": methods}
        if "customer_balance" in methods:
            transfer: Json = {"type": transfer_type(self.order.currency)}
            country = self._settings.get("bank_transfer_country")
            if transfer["type"] == "eu_bank_transfer" and country:
                transfer["eu_bank_transfer"] = {"country": country}
            settings["payment_method_options"] = {
                "customer_balance": {"funding_type": "bank_transfer", "bank_transfer": transfer}
            }
        return settings

    @property
    def further(self) -> Json:
        """Return what only some conferences have: number, rendering and our tax ids."""
        settings = self._settings
        body: Json = {}
        if settings.get("number_prefix"):
            body["number"] = (
                f"{settings['number_prefix']}{self.order.reference.removeprefix('PO')}"
                + (f"-{self.generation}" if self.generation > 1 else "")
            )
        rendering: Json = {}
        if settings.get("template"):
            rendering["template"] = settings["template"]
        if settings.get("page_size"):
            rendering["pdf"] = {"page_size": settings["page_size"]}
        if settings.get("tax_display"):
            rendering["amount_tax_display"] = settings["tax_display"]
        if rendering:
            body["rendering"] = rendering
        if self.automatic_tax:
            body["automatic_tax"] = {"enabled": True}
        if settings.get("account_tax_ids"):
            body["account_tax_ids"] = settings["account_tax_ids"]
        return body

    @property
    def automatic_tax(self) -> str:
        """``exclusive`` or ``inclusive`` where Stripe computes the tax, else ``""``."""
        return str((self.conference.tax or {}).get("automatic") or "")

    @property
    def language(self) -> str:
        """In which the sponsor reads the invoice; empty leaves it to Stripe."""
        return self.order.language or self._settings.get("language") or ""

    @property
    def delivery(self) -> str:
        """Who delivers the invoice: ``stripe`` or ``ourselves``."""
        return self.order.delivery or self._settings.get("delivery") or "stripe"

    @property
    def period(self) -> dict[str, int] | None:
        """The service period as Unix times in the conference's timezone."""
        start = self.order.service_start or self.order.service_end
        end = self.order.service_end or self.order.service_start
        if start is None or end is None:
            return None
        zone = ZoneInfo(self.conference.timezone)
        first = datetime.combine(start, time(), zone)
        after = datetime.combine(end + timedelta(days=1), time(), zone)
        return {"start": int(first.timestamp()), "end": int(after.timestamp()) - 1}

    def reasons(self) -> Iterator[str]:
        """Yield what Stripe would refuse of it."""
        order = self.order
        for given in self.custom_fields:
            if len(given["value"]) > CUSTOM_FIELD_LENGTH:
                yield (
                    f"its {given['name']} has {len(given['value'])} characters; Stripe prints at "
                    f"most {CUSTOM_FIELD_LENGTH}."
                )
        if len(self.footer) > FOOTER_LENGTH:
            yield (
                f"footer, bank details and tax notes have {len(self.footer)} characters together; "
                f"Stripe prints at most {FOOTER_LENGTH}."
            )
        if self.above_card_limit and not self.methods:
            yield (
                f"{display(order.sums.total, order.currency)} is more than may be paid by card, "
                f"and no other payment method takes {order.currency.upper()}; add one to its "
                f"payment_methods or to the conference's."
            )


_DAY = 86_400
_ADDRESS = ("line1", "line2", "postal_code", "city", "state", "country")


@dataclass(frozen=True, slots=True)
class ContentField:
    """One thing that the invoice says."""

    name: str
    value: str


def planned_content(plan: InvoicePlan, now: datetime) -> list[ContentField]:
    """Return what would be sent, read from the very bodies that would be sent.

    A due date that is counted in days counts from ``now``.
    """
    ids = {fingerprint: fingerprint for fingerprint in plan.rates}
    plan = replace(plan, rate_ids=plan.rate_ids or ids)
    customer, draft = plan.customer(), plan.draft("")
    due = draft.get("due_date") or int(now.timestamp()) + draft["days_until_due"] * _DAY
    invoice = {
        **draft,
        "due_date": due,
        "customer_name": customer["name"],
        "customer_email": customer["email"],
        "customer_address": customer.get("address"),
        "customer_tax_ids": customer.get("tax_id_data"),
        "total": plan.api_total,
    }
    rates: dict[str, Rate] = {}
    lines = []
    bodies = plan.lines()["lines"]
    for body, line in zip(bodies, plan.order.line_items, strict=False):
        found = rates_of(line.tax_rates)
        rates |= {rate.fingerprint: rate for rate in found}
        taxes = line_tax(line.line_total, plan.order.currency, found).by_rate
        lines.append(
            {
                "description": body["description"],
                "quantity": body.get("quantity", 1),
                "amount": minor_to_api(line.line_total, plan.order.currency),
                "period": body.get("period"),
                "taxes": [
                    {"rate": rate.fingerprint, "amount": minor_to_api(tax, plan.order.currency)}
                    for rate, tax in zip(found, taxes, strict=True)
                ],
            }
        )
    lines += [{**body, "quantity": 1, "taxes": []} for body in bodies[len(lines) :]]
    names = {key: rate_text(rate) for key, rate in rates.items()}
    locales = customer.get("preferred_locales") or []
    return list(_fields(plan, invoice, lines, names, locales))


def sent_content(gateway: StripeGateway, plan: InvoicePlan, stripe_id: str) -> list[ContentField]:
    """Return what the invoice at Stripe says.

    Raises:
        StripeGatewayError: In one of its kinds.
    """
    invoice = gateway.read(f"/v1/invoices/{stripe_id}")
    names: dict[str, str] = {}
    lines = []
    for line in all_lines(gateway, invoice):
        ours = () if plan.content.automatic_tax else line.get("taxes") or ()
        taxes = [
            {"rate": tax["tax_rate_details"]["tax_rate"], "amount": tax["amount"]} for tax in ours
        ]
        for tax in taxes:
            if tax["rate"] not in names:
                rate = gateway.read(f"/v1/tax_rates/{tax['rate']}")
                names[tax["rate"]] = rate_text(
                    Rate(rate["display_name"], f"{rate['percentage']:g}", rate["inclusive"])
                )
        has_period = plan.content.period is not None
        lines.append({**line, "taxes": taxes, "period": line["period"] if has_period else None})
    locales = _locales(gateway, invoice["customer"])
    return list(_fields(plan, invoice, lines, names, locales))


def _locales(gateway: StripeGateway, customer_id: str) -> list[str]:
    try:
        customer = gateway.read(f"/v1/customers/{customer_id}")
    except StripeNotFoundError:
        return []
    return list(customer.get("preferred_locales") or [])


def _fields(
    plan: InvoicePlan,
    invoice: Json,
    lines: Iterable[Json],
    rates: Mapping[str, str],
    locales: Iterable[str],
) -> Iterator[ContentField]:
    """Yield the fields of an invoice in Stripe's form, planned or read."""
    currency, zone = invoice["currency"], ZoneInfo(plan.conference.timezone)
    yield ContentField("Bill to", invoice["customer_name"] or "")
    yield ContentField("Email", invoice["customer_email"] or "")
    address = invoice.get("customer_address") or {}
    for part in _ADDRESS:
        if address.get(part):
            yield ContentField(f"Address: {part}", address[part])
    for tax_id in invoice.get("customer_tax_ids") or ():
        yield ContentField("Their tax id", f"{tax_id['type']} {tax_id['value']}")
    yield ContentField("Language", ", ".join(locales))
    if plan.content.further.get("number"):
        yield ContentField("Number", invoice.get("number") or "")
    yield ContentField("Due", _day(invoice["due_date"], zone))
    for given in invoice.get("custom_fields") or ():
        yield ContentField(given["name"], given["value"])
    yield ContentField("Memo", invoice.get("description") or "")
    yield ContentField("Footer", invoice.get("footer") or "")
    yield ContentField("Our tax ids", ", ".join(invoice.get("account_tax_ids") or ()))
    rendering = invoice.get("rendering") or {}
    yield ContentField("Template", rendering.get("template") or "")
    yield ContentField("Page size", (rendering.get("pdf") or {}).get("page_size") or "")
    yield ContentField("Tax shown", rendering.get("amount_tax_display") or "")
    methods = (invoice.get("payment_settings") or {}).get("payment_method_types") or ()
    yield ContentField("Payment methods", ", ".join(methods))
    if plan.content.automatic_tax:
        yield ContentField("Tax", f"computed by Stripe, {plan.content.automatic_tax}")
    yield from _line_fields(lines, currency, rates, zone)
    total = minor_from_api(invoice["total"], currency)
    yield ContentField("Total", display(total, currency))


def _line_fields(
    lines: Iterable[Json], currency: str, rates: Mapping[str, str], zone: ZoneInfo
) -> Iterator[ContentField]:
    sums: dict[str, int] = {}
    subtotal = 0
    for position, line in enumerate(lines, start=1):
        amount = minor_from_api(line["amount"], currency)
        subtotal += amount
        text = f"{line['quantity']} x {line['description']}: {display(amount, currency)}"
        yield ContentField(f"Line {position}", text)
        period = line.get("period")
        if period:
            days = (_day(period["start"], zone), _day(period["end"], zone))
            yield ContentField(f"Line {position} period", " to ".join(days))
        for tax in line["taxes"]:
            name = rates[tax["rate"]]
            tax_amount = minor_from_api(tax["amount"], currency)
            sums[name] = sums.get(name, 0) + tax_amount
            yield ContentField(f"Line {position} tax", f"{name}: {display(tax_amount, currency)}")
    yield ContentField("Subtotal", display(subtotal, currency))
    for name, amount in sums.items():
        yield ContentField(name, display(amount, currency))


def _day(timestamp: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(timestamp, UTC).astimezone(zone).date().isoformat()


def all_lines(gateway: StripeGateway, invoice: Json) -> list[Json]:
    """Return every line of an invoice, fetching what its first page leaves out."""
    first = invoice.get("lines") or {}
    if first.get("data") is not None and not first.get("has_more"):
        return list(first["data"])
    path = f"/v1/invoices/{invoice['id']}/lines"
    return [line for page in gateway.pages(path) for line in page]
