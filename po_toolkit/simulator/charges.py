"""Charges and payment intents: how a customer's money arrives, before it pays an invoice."""

from __future__ import annotations

from po_toolkit.simulator.balance import book_charge
from po_toolkit.simulator.currencies import largest_charge, smallest_charge
from po_toolkit.simulator.errors import invalid
from po_toolkit.simulator.events import emit
from po_toolkit.simulator.paging import page
from po_toolkit.simulator.parameters import merged
from po_toolkit.simulator.world import Account, Json

_CARD = {
    "amount_authorized": None,
    "authorization_code": None,
    "brand": "visa",
    "checks": {
        "address_line1_check": None,
        "address_postal_code_check": None,
        "cvc_check": "pass",
    },
    "country": "US",
    "exp_month": 12,
    "exp_year": 2034,
    "fingerprint": "simulatedcard",
    "funding": "credit",
    "installments": None,
    "last4": "4242",
    "mandate": None,
    "network": "visa",
    "network_token": {"used": False},
    "network_transaction_id": None,
    "regulated_status": None,
    "three_d_secure": None,
    "transaction_link_id": None,
    "wallet": None,
}
_US_BANK_ACCOUNT = {
    "account_holder_type": "company",
    "account_type": "checking",
    "bank_name": "STRIPE TEST BANK",
    "fingerprint": "simulatedbank",
    "last4": "6789",
    "payment_reference": None,
    "routing_number": "110000000",
}

IMMEDIATE = frozenset({"card", "customer_balance"})
"""Methods that succeed or fail at once; the others take days."""

_SEPA_DEBIT = {
    "bank_code": "37040044",
    "branch_code": None,
    "country": "DE",
    "fingerprint": "simulatedsepa",
    "last4": "3000",
    "mandate": None,
}
_DETAILS: dict[str, Json] = {
    "card": _CARD,
    "sepa_debit": _SEPA_DEBIT,
    "us_bank_account": _US_BANK_ACCOUNT,
}


def check_chargeable(amount: int, currency: str) -> None:
    """Refuse an amount in API units that cannot be charged.

    Raises:
        ApiError: It is below Stripe's minimum or above its maximum.
    """
    least, most = smallest_charge(currency), largest_charge(currency)
    if amount < least:
        raise invalid(
            f"Amount must be at least {least} {currency} in the smallest unit; {amount} is too "
            f"small. See https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts.",
            code="amount_too_small",
            param="amount",
        )
    if amount > most:
        raise invalid(
            f"Amount must be no more than {most} {currency} in the smallest unit.",
            code="amount_too_large",
            param="amount",
        )


def new_intent(
    account: Account, customer: str | None, amount: int, currency: str, types: list[str]
) -> Json:
    """Make a payment intent that waits for a payment method."""
    intent_id = account.new_id("pi")
    intent = account.add(
        {
            "id": intent_id,
            "object": "payment_intent",
            "amount": amount,
            "amount_capturable": 0,
            "amount_received": 0,
            "application": None,
            "application_fee_amount": None,
            "automatic_payment_methods": None,
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": "automatic",
            "client_secret": f"{intent_id}_secret_simulated",
            "confirmation_method": "automatic",
            "created": account.now(),
            "currency": currency,
            "customer": customer,
            "customer_account": None,
            "description": None,
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": account.livemode,
            "metadata": {},
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_configuration_details": None,
            "payment_method_options": {},
            "payment_method_types": types,
            "processing": None,
            "receipt_email": None,
            "review": None,
            "setup_future_usage": None,
            "shipping": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": "requires_payment_method",
            "transfer_data": None,
            "transfer_group": None,
        }
    )
    emit(account, "payment_intent.created", intent)
    return intent


def create_intent(account: Account, params: Json) -> Json:
    """POST /v1/payment_intents: with a test card, confirmed at once."""
    check_chargeable(params["amount"], params["currency"])
    customer = params.get("customer")
    if customer:
        account.get("customer", customer, param="customer", in_path=False)
    types = params.get("payment_method_types") or ["card"]
    intent = new_intent(account, customer, params["amount"], params["currency"], types)
    intent["metadata"] = merged({}, params.get("metadata"))
    if not params.get("confirm"):
        return intent
    if params.get("payment_method") != "pm_card_visa":
        raise invalid(
            f"No such PaymentMethod: '{params.get('payment_method')}'", param="payment_method"
        )
    charge(account, intent, params["amount"], "card")
    return intent


def charge_without_intent(
    account: Account, customer: str | None, amount: int, currency: str
) -> Json:
    """Take a card payment as shops did before payment intents, and some still do."""
    no_intent = {"id": None, "currency": currency, "customer": customer}
    made = account.add(_new_charge(account, no_intent, amount, "card"))
    _pay(account, made)
    return made


def charge(
    account: Account,
    intent: Json,
    amount: int,
    method: str,
    *,
    pending: bool = False,
    description: str | None = None,
) -> Json:
    """Charge a payment intent; ``pending`` for a bank debit whose outcome is still to come."""
    made = account.add(_new_charge(account, intent, amount, method))
    made["description"] = description
    intent["amount"] = amount
    intent["latest_charge"] = made["id"]
    intent["payment_method"] = made["payment_method"]
    if pending:
        made.update(status="pending", paid=False)
        intent["status"] = "processing"
        emit(account, "charge.pending", made)
        emit(account, "payment_intent.processing", intent)
    else:
        succeed(account, intent)
    return made


def succeed(account: Account, intent: Json) -> Json:
    """Let a payment intent's charge come in, and book it on the account's balance."""
    made = account.get("charge", intent["latest_charge"])
    intent.update(status="succeeded", amount_received=made["amount"])
    _pay(account, made)
    emit(account, "payment_intent.succeeded", intent)
    return made


def _pay(account: Account, made: Json) -> None:
    made.update(status="succeeded", paid=True, captured=True, amount_captured=made["amount"])
    made["balance_transaction"] = book_charge(account, made)["id"]
    emit(account, "charge.succeeded", made)


def decline(account: Account, intent: Json, code: str, message: str) -> None:
    """Let a payment intent's pending charge fail; it waits for another payment method."""
    made = account.get("charge", intent["latest_charge"])
    made.update(status="failed", paid=False, failure_code=code, failure_message=message)
    intent["status"] = "requires_payment_method"
    intent["payment_method"] = None
    intent["last_payment_error"] = {
        "charge": made["id"],
        "code": code,
        "message": message,
        "type": "invalid_request_error",
    }
    emit(account, "charge.failed", made)
    emit(account, "payment_intent.payment_failed", intent)


def cancel_intent(account: Account, intent: Json) -> None:
    """Cancel a payment intent that nobody paid."""
    intent.update(status="canceled", canceled_at=account.now(), cancellation_reason="void_invoice")
    emit(account, "payment_intent.canceled", intent)


def list_intents(account: Account, params: Json) -> Json:
    """GET /v1/payment_intents."""
    intents = account.all("payment_intent").values()
    return page(intents, params, "/v1/payment_intents", same=("customer",))


def list_charges(account: Account, params: Json) -> Json:
    """GET /v1/charges."""
    same = ("customer", "payment_intent")
    return page(account.all("charge").values(), params, "/v1/charges", same=same)


def _new_charge(account: Account, intent: Json, amount: int, method: str) -> Json:
    charge_id = account.new_id("ch" if method == "card" else "py")
    details = _DETAILS.get(method, {})
    return {
        "id": charge_id,
        "object": "charge",
        "amount": amount,
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": {
            "address": None, "email": None, "name": None, "phone": None, "tax_id": None,
        },
        "calculated_statement_descriptor": None,
        "captured": True,
        "created": account.now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": None,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": account.livemode,
        "metadata": {},
        "on_behalf_of": None,
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": account.new_id("pm"),
        "payment_method_details": {method: dict(details), "type": method},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "pending",
        "transfer_data": None,
        "transfer_group": None,
    }  # fmt: skip
