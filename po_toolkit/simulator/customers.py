"""Customers, and the balance that overpayments and invoices below the minimum leave on them."""

from __future__ import annotations

import secrets

from po_toolkit.simulator import tax_ids
from po_toolkit.simulator.currencies import check_amount
from po_toolkit.simulator.errors import invalid, missing
from po_toolkit.simulator.events import changed, emit
from po_toolkit.simulator.paging import page
from po_toolkit.simulator.parameters import merged
from po_toolkit.simulator.world import Account, Json

_EMAIL_LENGTH = 512
_NAME_LENGTH = 256
_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
_TEXTS = ("name", "email", "phone", "description")


def create(account: Account, params: Json) -> Json:
    """POST /v1/customers."""
    _check(params)
    numbers = params.get("tax_id_data") or []
    for position, given in enumerate(numbers):
        tax_ids.check(given, f"tax_id_data[{position}][value]")
    customer = account.add(
        {
            "id": account.new_id("cus"),
            "object": "customer",
            "address": _address(params.get("address")),
            "balance": 0,
            "created": account.now(),
            "currency": None,
            "default_source": None,
            "delinquent": False,
            "description": params.get("description") or None,
            "discount": None,
            "email": params.get("email") or None,
            "invoice_prefix": secrets.token_hex(4).upper(),
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "livemode": account.livemode,
            "metadata": merged({}, params.get("metadata")),
            "name": params.get("name") or None,
            "next_invoice_sequence": 1,
            "phone": params.get("phone") or None,
            "preferred_locales": params.get("preferred_locales") or [],
            "shipping": None,
            "tax_exempt": params.get("tax_exempt") or "none",
            "test_clock": None,
        }
    )
    emit(account, "customer.created", customer)
    for position, given in enumerate(numbers):
        tax_ids.add(account, customer["id"], given, f"tax_id_data[{position}][value]")
    return customer


def retrieve(account: Account, _params: Json, customer_id: str) -> Json:
    """GET /v1/customers/{customer}."""
    customer = account.get("customer", customer_id)
    if customer.get("deleted"):
        return {"id": customer_id, "object": "customer", "deleted": True}
    return customer


def update(account: Account, params: Json, customer_id: str) -> Json:
    """POST /v1/customers/{customer}."""
    customer = living(account, customer_id, in_path=True)
    _check(params)
    before = dict(customer)
    for name in _TEXTS:
        if name in params:
            customer[name] = params[name] or None
    if "address" in params:
        customer["address"] = _address(params["address"])
    if "tax_exempt" in params:
        customer["tax_exempt"] = params["tax_exempt"] or "none"
    if "preferred_locales" in params:
        customer["preferred_locales"] = params["preferred_locales"] or []
    if "metadata" in params:
        customer["metadata"] = merged(customer["metadata"], params["metadata"])
    differences = changed(before, customer)
    if differences:
        emit(account, "customer.updated", customer, previous=differences)
    return customer


def delete(account: Account, _params: Json, customer_id: str) -> Json:
    """DELETE /v1/customers/{customer}: its invoices stay."""
    customer = living(account, customer_id, in_path=True)
    emit(account, "customer.deleted", customer)
    customer["deleted"] = True
    return {"id": customer_id, "object": "customer", "deleted": True}


def list_customers(account: Account, params: Json) -> Json:
    """GET /v1/customers: "a case-sensitive filter" (API reference, list customers, ``email``)."""
    email = params.get("email")

    def wanted(c: Json) -> bool:
        return bool(not c.get("deleted") and (email is None or c["email"] == email))

    return page(account.all("customer").values(), params, "/v1/customers", wanted=wanted)


def living(account: Account, customer_id: str, *, in_path: bool = False) -> Json:
    """Return a customer that was not deleted.

    Raises:
        ApiError: There is none.
    """
    param = "id" if in_path else "customer"
    customer = account.get("customer", customer_id, param=param, in_path=in_path)
    if customer.get("deleted"):
        raise missing("customer", customer_id, param, in_path=in_path)
    return customer


def balance(account: Account, customer_id: str, currency: str) -> int:
    """Return a customer's balance in one currency: negative is a credit, positive is owed."""
    moves = account.all("customer_balance_transaction").values()
    return sum(
        m["amount"] for m in moves if m["customer"] == customer_id and m["currency"] == currency
    )


def move_balance(
    account: Account,
    customer_id: str,
    amount: int,
    currency: str,
    *,
    kind: str,
    invoice: str | None = None,
    credit_note: str | None = None,
) -> Json:
    """Book a credit (negative) or a debit (positive) on a customer's balance, in API units."""
    customer = account.get("customer", customer_id)
    customer["currency"] = customer["currency"] or currency
    after = balance(account, customer_id, currency) + amount
    move = account.add(
        {
            "id": account.new_id("cbtxn"),
            "object": "customer_balance_transaction",
            "amount": amount,
            "checkout_session": None,
            "created": account.now(),
            "credit_note": credit_note,
            "currency": currency,
            "customer": customer_id,
            "description": None,
            "ending_balance": after,
            "invoice": invoice,
            "livemode": account.livemode,
            "metadata": {},
            "type": kind,
        }
    )
    before = dict(customer)
    if currency == customer["currency"]:
        customer["balance"] = after
    if not customer.get("deleted"):
        emit(account, "customer.updated", customer, previous=changed(before, customer))
    return move


def credit_by_currency(account: Account, shown: Json) -> dict[str, int]:
    """Return ``invoice_credit_balance``: positive is a credit. It comes by expansion only."""
    moves = account.all("customer_balance_transaction").values()
    currencies = {m["currency"]: 0 for m in moves if m["customer"] == shown["id"]}
    return {currency: -balance(account, shown["id"], currency) for currency in currencies}


def create_balance_move(account: Account, params: Json, customer_id: str) -> Json:
    """POST /v1/customers/{customer}/balance_transactions: staff move the balance by hand."""
    living(account, customer_id, in_path=True)
    if not params["amount"]:
        raise invalid("The amount must not be 0.", param="amount")
    check_amount(params["amount"], params["currency"], "amount")
    move = move_balance(
        account, customer_id, params["amount"], params["currency"], kind="adjustment"
    )
    move["description"] = params.get("description")
    move["metadata"] = merged({}, params.get("metadata"))
    return move


def list_balance_moves(account: Account, params: Json, customer_id: str) -> Json:
    """GET /v1/customers/{customer}/balance_transactions."""
    account.get("customer", customer_id)
    moves = account.all("customer_balance_transaction").values()
    found = [m for m in moves if m["customer"] == customer_id]
    url = f"/v1/customers/{customer_id}/balance_transactions"
    return page(found, params, url, same=("invoice",))


def _check(params: Json) -> None:
    email = params.get("email")
    if email and ("@" not in email or " " in email.strip() or len(email) > _EMAIL_LENGTH):
        raise invalid(f"Invalid email address: {email}", param="email", code="email_invalid")
    if len(params.get("name") or "") > _NAME_LENGTH:
        raise invalid(
            f"Invalid string: {params['name'][:10]}...; must be at most {_NAME_LENGTH} characters",
            param="name",
        )


def _address(given: Json | None) -> Json | None:
    if not given:
        return None
    return {part: given.get(part) or None for part in _ADDRESS}
