"""Bank transfers to a customer's virtual account: they pay what they fit, else they wait.

Source: Stripe, "Reconciliation" of the customer balance: money pays by itself when it equals the
sum of one to five open invoices that are not more than 30 days overdue. API reference, update an
invoice: ``auto_advance=false`` stops finalization, retries, reminders and this reconciliation.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

from po_toolkit.simulator import charges, invoice_payments
from po_toolkit.simulator.errors import invalid, unknown_address
from po_toolkit.simulator.events import emit
from po_toolkit.simulator.paging import page
from po_toolkit.simulator.world import Account, Json

MOST_INVOICES = 5
OVERDUE_SECONDS = 30 * 86_400
_MOST_TRIED = 40
"""Among how many open invoices a fitting group is looked for."""

METHOD = "customer_balance"
_TRANSFERS = {
    "eur": "eu_bank_transfer",
    "gbp": "gb_bank_transfer",
    "jpy": "jp_bank_transfer",
    "mxn": "mx_bank_transfer",
    "usd": "us_bank_transfer",
}


def fund(account: Account, customer: Json, amount: int, currency: str, reference: str) -> Json:
    """Let a bank transfer arrive, in API units, and pay what it fits exactly.

    Raises:
        ValueError: Stripe has no virtual accounts in this currency.
    """
    if currency not in _TRANSFERS:
        raise ValueError(f"There are no bank transfers in {currency}.")
    sender = _TRANSFERS[currency]
    details = {sender: _sender(sender)} if sender != "mx_bank_transfer" else {}
    funded = {"bank_transfer": {"reference": reference or None, "type": sender, **details}}
    move = _move(account, customer, amount, currency, kind="funded", more={"funded": funded})
    emit(account, "cash_balance.funds_available", shown(account, customer))
    reconcile(account, customer["id"], currency)
    return move


def reconcile(account: Account, customer_id: str, currency: str) -> None:
    """Pay what the waiting money equals, as Stripe does by itself."""
    customer = account.get("customer", customer_id)
    if available(account, customer_id).get(currency):
        for invoice in _fitting(account, customer, currency):
            apply(account, invoice, invoice["amount_remaining"])


def fund_in_test_mode(account: Account, params: Json, customer_id: str) -> Json:
    """POST /v1/test_helpers/customers/{customer}/fund_cash_balance."""
    customer = account.get("customer", customer_id)
    if account.livemode:
        raise unknown_address("POST", f"/v1/test_helpers/customers/{customer_id}/fund_cash_balance")
    try:
        return fund(
            account, customer, params["amount"], params["currency"], params.get("reference") or ""
        )
    except ValueError as error:
        raise invalid(str(error), param="currency") from None


def apply(account: Account, invoice: Json, amount: int) -> Json:
    """Pay an invoice, whole or in part, from the cash balance; return the invoice payment.

    Raises:
        ValueError: There is not so much in the balance.
        ApiError: The invoice takes no such payment.
    """
    customer = account.get("customer", invoice["customer"])
    waiting = available(account, customer["id"]).get(invoice["currency"], 0)
    if amount > waiting:
        raise ValueError(f"Only {waiting} {invoice['currency']} wait in the cash balance.")
    payment = invoice_payments.begin(account, invoice, amount, METHOD)
    intent = account.get("payment_intent", payment["payment"]["payment_intent"])
    applied = {"applied_to_payment": {"payment_intent": intent["id"]}}
    _move(
        account,
        customer,
        -amount,
        invoice["currency"],
        kind="applied_to_payment",
        more=applied,
    )
    charges.charge(account, intent, amount, METHOD)
    invoice_payments.settle(account, invoice, payment, amount)
    return payment


def available(account: Account, customer_id: str) -> dict[str, int]:
    """Return what waits in a customer's cash balance, in API units by currency."""
    sums: dict[str, int] = {}
    for move in account.all("customer_cash_balance_transaction").values():
        if move["customer"] == customer_id:
            sums[move["currency"]] = sums.get(move["currency"], 0) + move["net_amount"]
    return {currency: amount for currency, amount in sums.items() if amount}


def shown(account: Account, customer: Json) -> Json:
    """Return a cash balance as the API shows it."""
    return {
        "object": "cash_balance",
        "available": available(account, customer["id"]) or None,
        "customer": customer["id"],
        "customer_account": None,
        "livemode": account.livemode,
        "settings": {"reconciliation_mode": "automatic", "using_merchant_default": True},
    }


def retrieve(account: Account, _params: Json, customer_id: str) -> Json:
    """GET /v1/customers/{customer}/cash_balance."""
    return shown(account, account.get("customer", customer_id))


def list_moves(account: Account, params: Json, customer_id: str) -> Json:
    """GET /v1/customers/{customer}/cash_balance_transactions."""
    account.get("customer", customer_id)
    moves = account.all("customer_cash_balance_transaction").values()
    found = [move for move in moves if move["customer"] == customer_id]
    return page(found, params, f"/v1/customers/{customer_id}/cash_balance_transactions")


def _fitting(account: Account, customer: Json, currency: str) -> list[Json]:
    """Return the smallest, oldest group of invoices that the balance pays to the last cent."""
    waiting = available(account, customer["id"]).get(currency, 0)
    candidates = [
        invoice
        for invoice in account.all("invoice").values()
        if invoice["customer"] == customer["id"] and _takes_transfers(account, invoice, currency)
    ][:_MOST_TRIED]
    for size in range(1, MOST_INVOICES + 1):
        for group in combinations(candidates, size):
            if sum(invoice["amount_remaining"] for invoice in group) == waiting:
                return list(group)
    return []


def _takes_transfers(account: Account, invoice: Json, currency: str) -> bool:
    types = invoice["payment_settings"]["payment_method_types"] or ()
    due = invoice["due_date"]
    return (
        invoice["status"] == "open"
        and invoice["auto_advance"]
        and invoice["currency"] == currency
        and METHOD in types
        and (due is None or due > account.now() - OVERDUE_SECONDS)
    )


def _move(
    account: Account,
    customer: Json,
    amount: int,
    currency: str,
    *,
    kind: str,
    more: dict[str, Any],
) -> Json:
    before = available(account, customer["id"]).get(currency, 0)
    move = account.add(
        {
            "id": account.new_id("ccsbtxn"),
            "object": "customer_cash_balance_transaction",
            "created": account.now(),
            "currency": currency,
            "customer": customer["id"],
            "customer_account": None,
            "ending_balance": before + amount,
            "livemode": account.livemode,
            "net_amount": amount,
            "type": kind,
            **more,
        }
    )
    emit(account, "customer_cash_balance_transaction.created", move)
    return move


def _sender(kind: str) -> dict[str, Any]:
    if kind == "us_bank_transfer":
        return {"network": "ach", "sender_name": "ACME CORP"}
    if kind == "eu_bank_transfer":
        return {"bic": "BANKDEFF", "iban_last4": "7061", "sender_name": "ACME GMBH"}
    if kind == "gb_bank_transfer":
        return {"account_number_last4": "8900", "sender_name": "ACME LTD", "sort_code": "108800"}
    return {"sender_bank": None, "sender_branch": None, "sender_name": "ACME KK"}
