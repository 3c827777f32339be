"""What an invoice looks like: a new one, its sums, and the form in which the API shows it."""

from __future__ import annotations

from typing import Any

from po_toolkit.simulator import discounts
from po_toolkit.simulator.customers import balance
from po_toolkit.simulator.lines import SHOWN_IN_INVOICE, shown_line
from po_toolkit.simulator.tax_ids import on_invoice
from po_toolkit.simulator.tax_rates import shown as shown_rate
from po_toolkit.simulator.taxes import automatic_tax, located, sum_of, totals, with_taxes
from po_toolkit.simulator.world import Account, Json

_AS_GIVEN: dict[str, Any] = {
    "account_tax_ids": None,
    "custom_fields": None,
    "description": None,
    "effective_at": None,
    "footer": None,
    "number": None,
    "statement_descriptor": None,
}


_PRIVATE = ("_default_tax_rates", "_late_credit", "_off_stripe")


def blank(account: Account, customer: Json, params: Json) -> Json:
    """Return a new draft without lines; its sums are still to be computed."""
    invoice_id = account.new_id("in")
    now = account.now()
    shape: Json = {
        "id": invoice_id,
        "object": "invoice",
        "account_country": "US",
        "account_name": "Simulated account",
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": params.get("auto_advance", False),
        "automatic_tax": automatic_tax(params),
        "automatically_finalizes_at": None,
        "billing_reason": "manual",
        "collection_method": params.get("collection_method", "charge_automatically"),
        "confirmation_secret": None,
        "created": now,
        "currency": params.get("currency") or customer["currency"] or "usd",
        "customer": customer["id"],
        "customer_account": None,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": customer["shipping"],
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": on_invoice(account, customer["id"]),
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "_default_tax_rates": [],
        "discounts": [],
        "due_date": None,
        "ending_balance": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": [],
        "livemode": account.livemode,
        "metadata": {},
        "next_payment_attempt": None,
        "on_behalf_of": None,
        "parent": None,
        "payment_settings": payment_settings(params.get("payment_settings")),
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": rendering(params.get("rendering")),
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": 0,
        "subtotal_excluding_tax": 0,
        "test_clock": None,
        "total": 0,
        "total_discount_amounts": [],
        "total_excluding_tax": 0,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": now,
    }
    shape.update({name: params.get(name) or default for name, default in _AS_GIVEN.items()})
    return shape


def payment_settings(given: Json | None) -> Json:
    """Return an invoice's payment settings with what was not given as null."""
    given = given or {}
    return {
        "default_mandate": None,
        "payment_method_options": given.get("payment_method_options"),
        "payment_method_types": given.get("payment_method_types"),
    }


def rendering(given: Json | None) -> Json | None:
    """Return how an invoice is rendered, with what was not given as null."""
    if not given:
        return None
    return {
        "amount_tax_display": given.get("amount_tax_display") or None,
        "pdf": given.get("pdf"),
        "template": given.get("template"),
        "template_version": given.get("template_version"),
    }


def add_up(account: Account, invoice: Json) -> None:
    """Compute a draft's sums from its lines and the customer's balance."""
    invoice["automatic_tax"] = located(invoice)
    lines = discounts.with_discounts(account, invoice, invoice["lines"])
    invoice["lines"] = [with_taxes(account, invoice, line) for line in lines]
    invoice["total_discount_amounts"] = discounts.totals(invoice["lines"])
    off = sum(taken["amount"] for taken in invoice["total_discount_amounts"])
    taxes = totals(account, invoice["lines"])
    invoice["total_taxes"] = taxes
    invoice["subtotal"] = sum(line["amount"] for line in invoice["lines"])
    invoice["subtotal_excluding_tax"] = invoice["subtotal"] - sum_of(taxes, "inclusive")
    invoice["total"] = invoice["subtotal"] - off + sum_of(taxes, "exclusive")
    invoice["total_excluding_tax"] = invoice["subtotal_excluding_tax"] - off
    start = balance(account, invoice["customer"], invoice["currency"])
    invoice["starting_balance"] = start
    invoice["amount_due"] = max(invoice["total"] + start, 0)
    invoice["amount_remaining"] = invoice["amount_due"]


DAY = 86_400


def links(account: Account, invoice: Json) -> Json:
    """Return the links that are given out today; each carries its day, since it will expire."""
    finalized = invoice["status_transitions"]["finalized_at"]
    days = (account.now() - finalized) // DAY
    address = f"{account.world.base_url}/i/{account.id}/{invoice['id']}/{finalized + days * DAY}"
    return {"hosted_invoice_url": address, "invoice_pdf": f"{address}/pdf"}


def expired(invoice: Json, issued: int, now: int, *, pdf: bool) -> bool:
    """Whether a link that was given out then no longer works.

    Source: Stripe, "Hosted Invoice Page": 30 days after the due date, else after finalization,
    never more than 120 days; public reports: 60 for the PDF. What the API and the dashboard show
    always works on the day it is shown.
    """
    if issued > now:
        return True
    if pdf:
        return now > issued + 60 * DAY
    due = invoice["due_date"] or invoice["status_transitions"]["finalized_at"]
    last: int = min(max(due, issued) + 30 * DAY, issued + 120 * DAY)
    return now > last


def render(account: Account, invoice: Json) -> Json:
    """Return an invoice as the API shows it: its first ten lines, no payments."""
    shown = invoice.copy()
    for name in _PRIVATE:
        shown.pop(name, None)
    lines = invoice["lines"]
    shown["lines"] = {
        "object": "list",
        "data": [shown_line(line) for line in lines[:SHOWN_IN_INVOICE]],
        "has_more": len(lines) > SHOWN_IN_INVOICE,
        "total_count": len(lines),
        "url": f"/v1/invoices/{invoice['id']}/lines",
    }
    shown["default_tax_rates"] = [
        shown_rate(account.get("tax_rate", rate_id)) for rate_id in invoice["_default_tax_rates"]
    ]
    if shown["hosted_invoice_url"]:
        shown.update(links(account, invoice))
    if shown["status"] != "draft" and account.turned("starting_balance_zero"):
        shown["starting_balance"] = 0
    if shown["status"] == "draft":
        start = balance(account, invoice["customer"], invoice["currency"])
        shown["starting_balance"] = start
        shown["amount_due"] = shown["amount_remaining"] = max(invoice["total"] + start, 0)
    return shown
