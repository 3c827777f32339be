"""Events in the shape of an account's API version, when that is not ours.

Source: API reference, list all events: "rendered according to Stripe API version at its creation
time"; changelog 2025-03-31.basil (payments leave the invoice for InvoicePayment objects) and
2025-05-28.basil (``invoice_payment.paid``).
"""

from __future__ import annotations

from po_toolkit.simulator.world import API_VERSION, Account, Json

BASIL = "2025-03-31"
INVOICE_PAYMENT_EVENTS = "2025-05-28"

_SINCE_BASIL = ("amount_overpaid", "confirmation_secret", "parent", "total_taxes")


def known(kind: str, version: str) -> bool:
    """Whether a version has this type of event."""
    return not kind.startswith("invoice_payment.") or version >= INVOICE_PAYMENT_EVENTS


def as_of(account: Account, subject: Json, version: str) -> Json:
    """Return an object as a version showed it; only invoices and refunds differ here."""
    if version == API_VERSION or version >= BASIL:
        return subject
    if subject["object"] == "invoice":
        return _invoice(account, subject)
    if subject["object"] in {"charge", "payment_intent"}:
        return {**subject, "invoice": _invoice_of(account, subject)}
    return subject


def _invoice(account: Account, subject: Json) -> Json:
    older = {name: value for name, value in subject.items() if name not in _SINCE_BASIL}
    intent = next(iter(_intents(account, subject["id"])), None)
    found = account.all("payment_intent").get(intent or "")
    older.update(
        paid=subject["status"] == "paid",
        paid_out_of_band=False,
        payment_intent=intent,
        charge=found["latest_charge"] if found else None,
        subscription=None,
        tax=None,
        total_tax_amounts=[],
    )
    return older


def _intents(account: Account, invoice_id: str) -> list[str]:
    payments = (account.all("invoice_payment")[i] for i in account.payments_of.get(invoice_id, ()))
    found = (payment["payment"].get("payment_intent") for payment in payments)
    return [intent for intent in found if intent]


def _invoice_of(account: Account, subject: Json) -> str | None:
    intent = subject["id"] if subject["object"] == "payment_intent" else subject["payment_intent"]
    for invoice_id in account.payments_of:
        if intent in _intents(account, invoice_id):
            return invoice_id
    return None
