"""The account's own balance: gross, fee and net of each move of money."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from po_toolkit.simulator.paging import created_within, page
from po_toolkit.simulator.world import Account, Json

DAY = 86_400
CARD_RATE = Decimal("0.029")
CARD_FIXED = 30
ACH_RATE = Decimal("0.008")
ACH_CAP = 500


def fee_for(amount: int, method: str) -> int:
    """Return Stripe's US list price for one charge, in API units, whatever the currency."""
    if method == "us_bank_account":
        return min(_rounded(amount * ACH_RATE), ACH_CAP)
    if method == "card":
        return _rounded(amount * CARD_RATE) + CARD_FIXED
    return 0


def book_charge(account: Account, charge: Json) -> Json:
    """Book a successful charge with its fee."""
    method = charge["payment_method_details"]["type"]
    kind = "charge" if charge["id"].startswith("ch_") else "payment"
    fee = fee_for(charge["amount"], method)
    return book(account, charge, charge["amount"], charge["currency"], kind, fee=fee)


def book(
    account: Account, source: Json, amount: int, currency: str, kind: str, *, fee: int = 0
) -> Json:
    """Book one balance transaction; amount and fee in API units."""
    details = {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }
    return account.add(
        {
            "id": account.new_id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": account.now() + 2 * DAY,
            "balance_type": "payments",
            "created": account.now(),
            "currency": currency,
            "description": None,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [details] if fee else [],
            "net": amount - fee,
            "reporting_category": _CATEGORIES.get(kind, kind),
            "source": source["id"],
            "status": "pending",
            "type": kind,
        }
    )


_CATEGORIES = {"payment": "charge", "payment_refund": "refund", "adjustment": "dispute"}


def retrieve(account: Account, _params: Json, transaction_id: str) -> Json:
    """GET /v1/balance_transactions/{id}."""
    return shown(account, account.get("balance_transaction", transaction_id))


def list_transactions(account: Account, params: Json) -> Json:
    """GET /v1/balance_transactions."""
    found = [
        t
        for t in account.all("balance_transaction").values()
        if all(not params.get(n) or t[n] == params[n] for n in ("currency", "source", "type"))
        and (not params.get("payout") or t.get("_payout") == params["payout"])
        and created_within(t, params.get("created"))
    ]
    return page(found, params, "/v1/balance_transactions", lambda t: shown(account, t))


def shown(account: Account, transaction: Json) -> Json:
    """Return a balance transaction as the API shows it now."""
    answer = {k: v for k, v in transaction.items() if not k.startswith("_")}
    available = transaction["available_on"] <= account.now()
    answer["status"] = "available" if available else "pending"
    return answer


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
