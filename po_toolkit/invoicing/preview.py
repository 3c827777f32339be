"""The content of an invoice field by field: as it would be sent, and as Stripe has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from po_toolkit.domain.tax import Rate, line_tax, rate_words, rates_of
from po_toolkit.errors import StripeNotFoundError
from po_toolkit.invoicing.look import all_lines
from po_toolkit.invoicing.plan import InvoicePlan
from po_toolkit.money import display, minor_from_api, minor_to_api
from po_toolkit.stripe_gateway import StripeGateway

Json = dict[str, Any]

_DAY = 86_400
_ADDRESS = ("line1", "line2", "postal_code", "city", "state", "country")


@dataclass(frozen=True, slots=True)
class ContentField:
    """One thing that the invoice says."""

    name: str
    value: str


def planned_content(plan: InvoicePlan, now: datetime) -> list[ContentField]:
    """Return what would be sent, read from the very bodies that would be sent.

    Args:
        plan: The invoice.
        now: When it would be sent, for a due date counted in days.
    """
    ids = {fingerprint: fingerprint for fingerprint in plan.rates}
    plan = InvoicePlan(plan.order, plan.conference, plan.generation, plan.rate_ids or ids)
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
    for body, line in zip(plan.lines()["lines"], plan.order.line_items, strict=True):
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
    names = {key: rate_words(rate) for key, rate in rates.items()}
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
                names[tax["rate"]] = rate_words(
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
    yield ContentField("E-mail", invoice["customer_email"] or "")
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
    yield ContentField("Ways to pay", ", ".join(methods))
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
