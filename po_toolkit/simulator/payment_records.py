"""Payment records: money received outside Stripe that was reported to it."""

from __future__ import annotations

from po_toolkit.simulator import invoice_payments
from po_toolkit.simulator.charges import check_chargeable
from po_toolkit.simulator.currencies import check_amount
from po_toolkit.simulator.errors import invalid
from po_toolkit.simulator.invoice_shape import render
from po_toolkit.simulator.invoices import get
from po_toolkit.simulator.parameters import merged
from po_toolkit.simulator.world import Account, Json


def report_payment(account: Account, params: Json) -> Json:
    """POST /v1/payment_records/report_payment."""
    requested = params["amount_requested"]
    value, currency = requested["value"], requested["currency"]
    if value <= 0:
        raise invalid(
            f"Invalid positive integer: {value}", param="amount_requested[value]",
            code="parameter_invalid_integer",
        )  # fmt: skip
    check_amount(value, currency, "amount_requested[value]")
    outcome = params.get("outcome")
    if outcome == "guaranteed" and "guaranteed" not in params:
        raise invalid(
            "You must provide `guaranteed[guaranteed_at]` when `outcome` is `guaranteed`.",
            param="guaranteed", code="parameter_missing",
        )  # fmt: skip
    if outcome == "failed" and "failed" not in params:
        raise invalid(
            "You must provide `failed[failed_at]` when `outcome` is `failed`.",
            param="failed", code="parameter_missing",
        )  # fmt: skip
    latest = max(
        params["initiated_at"],
        params.get("guaranteed", {}).get("guaranteed_at", 0),
        params.get("failed", {}).get("failed_at", 0),
    )
    if latest > account.now():
        raise invalid("A payment can't be reported before it happened.", param="initiated_at")
    return account.add(_new_record(account, params))


def retrieve(account: Account, _params: Json, record_id: str) -> Json:
    """GET /v1/payment_records/{id}."""
    return account.get("payment_record", record_id)


def report_refund(account: Account, params: Json, record_id: str) -> Json:
    """POST /v1/payment_records/{id}/report_refund: money given back outside Stripe."""
    record = account.get("payment_record", record_id)
    if "refunded" not in params:
        raise invalid(
            "You must provide `refunded[refunded_at]` when `outcome` is `refunded`.",
            param="refunded",
            code="parameter_missing",
        )
    left = record["amount_guaranteed"]["value"] - record["amount_refunded"]["value"]
    currency = record["amount_requested"]["currency"]
    given = params.get("amount") or {"value": left, "currency": currency}
    if given["currency"] != currency:
        raise invalid("A refund must be in the payment's currency.", param="amount[currency]")
    if not 0 < given["value"] <= left:
        raise invalid(
            f"Refund amount ({given['value']}) is greater than what is left of the payment "
            f"({left}).",
            param="amount[value]",
        )
    total = record["amount_refunded"]["value"] + given["value"]
    record["amount_refunded"] = {"currency": currency, "value": total}
    return record


def attach_payment(account: Account, params: Json, invoice_id: str) -> Json:
    """POST /v1/invoices/{invoice}/attach_payment: a payment record."""
    invoice = get(account, invoice_id)
    if params.get("payment_intent"):
        return _attach_intent(account, invoice, params["payment_intent"])
    if not params.get("payment_record"):
        raise invalid(
            "You must specify one of these parameters: payment_intent, payment_record.",
            code="parameter_missing",
            param="payment_record",
        )
    record = account.get(
        "payment_record", params["payment_record"], param="payment_record", in_path=False
    )
    if invoice["status"] not in invoice_payments.PAYABLE:
        raise invoice_payments.unpayable(invoice)
    _check_unproven(account, invoice, record)
    _check_attachable(account, invoice, record)
    invoice_payments.attach_record(account, invoice, record)
    return render(account, invoice)


def _attach_intent(account: Account, invoice: Json, intent_id: str) -> Json:
    """Credit a payment intent that succeeded to an invoice."""
    intent = account.get("payment_intent", intent_id, param="payment_intent", in_path=False)
    if invoice["status"] not in invoice_payments.PAYABLE:
        raise invoice_payments.unpayable(invoice)
    if intent["status"] != "succeeded":
        raise invalid("The simulator attaches payment intents that succeeded.")
    if intent["customer"] != invoice["customer"] or intent["currency"] != invoice["currency"]:
        raise invalid(
            "The payment intent must have the invoice's customer and currency.",
            param="payment_intent",
        )
    invoice_payments.attach_intent(account, invoice, intent)
    return render(account, invoice)


def _check_unproven(account: Account, invoice: Json, record: Json) -> None:
    """Refuse what Stripe might refuse, where an account's switches say so."""
    value = record["amount_guaranteed"]["value"]
    if account.turned("record_above_refused") and value > invoice["amount_remaining"]:
        raise invalid(
            f"The payment record's amount ({value}) is greater than the amount remaining "
            f"({invoice['amount_remaining']}).",
            param="payment_record",
        )
    if account.turned("record_uncollectible_refused") and invoice["status"] == "uncollectible":
        raise invalid("You can only attach payments to open invoices.", param="payment_record")
    named = record["customer_details"]["customer"]
    if account.turned("record_needs_customer") and named != invoice["customer"]:
        raise invalid(
            "The payment record must belong to the invoice's customer.", param="payment_record"
        )


def _check_attachable(account: Account, invoice: Json, record: Json) -> None:
    if record["amount_requested"]["currency"] != invoice["currency"]:
        raise invalid(
            f"The payment record's currency ({record['amount_requested']['currency']}) must be "
            f"the same as the invoice's ({invoice['currency']}).",
            param="payment_record",
        )
    if record["amount_guaranteed"]["value"] == 0:
        raise invalid("The payment record has no successful payment.", param="payment_record")
    for payment in account.all("invoice_payment").values():
        if payment["payment"].get("payment_record") == record["id"]:
            raise invalid(
                f"The payment record is already attached to invoice {payment['invoice']}.",
                param="payment_record",
            )
    check_chargeable(record["amount_guaranteed"]["value"], invoice["currency"])


def _new_record(account: Account, params: Json) -> Json:
    currency = params["amount_requested"]["currency"]
    value = params["amount_requested"]["value"]
    outcome = params.get("outcome")

    def money(amount: int) -> Json:
        return {"currency": currency, "value": amount}

    details = params["payment_method_details"]
    custom = details.get("custom") or {}
    given = params.get("customer_details") or {}
    processor = params.get("processor_details") or {"type": "custom"}
    return {
        "id": account.new_id("pr"),
        "object": "payment_record",
        "amount": money(value),
        "amount_authorized": money(value if outcome == "guaranteed" else 0),
        "amount_canceled": money(0),
        "amount_failed": money(value if outcome == "failed" else 0),
        "amount_guaranteed": money(value if outcome == "guaranteed" else 0),
        "amount_refunded": money(0),
        "amount_requested": money(value),
        "application": None,
        "created": account.now(),
        "customer_details": {
            "customer": given.get("customer"),
            "email": given.get("email"),
            "name": given.get("name"),
            "phone": given.get("phone"),
        },
        "customer_presence": params.get("customer_presence"),
        "description": params.get("description"),
        "latest_payment_attempt_record": account.new_id("par"),
        "livemode": account.livemode,
        "metadata": merged({}, params.get("metadata")),
        "payment_method_details": {
            "billing_details": None,
            "custom": {"display_name": custom.get("display_name") or "Custom", "type": None},
            "payment_method": details.get("payment_method"),
            "type": "custom",
        },
        "processor_details": processor,
        "reported_by": "self",
        "shipping_details": None,
    }
