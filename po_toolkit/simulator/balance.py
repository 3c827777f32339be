"""The account's own balance: gross, fee and net of each move of money."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from po_toolkit.simulator.currencies import smallest_step
from po_toolkit.simulator.paging import page
from po_toolkit.simulator.world import Account, Json

DAY = 86_400
CARD_RATE = Decimal("0.029")
CARD_FIXED = 30
ACH_RATE = Decimal("0.008")
ACH_CAP = 500
SEPA_RATE = Decimal("0.008")
SEPA_CAP = 600


def fee_for(amount: int, method: str, currency: str) -> int:
    """Return Stripe's US list price for one charge, in API units that the currency has."""
    fee = Decimal(0)
    if method == "us_bank_account":
        fee = min(amount * ACH_RATE, Decimal(ACH_CAP))
    elif method == "sepa_debit":
        fee = min(amount * SEPA_RATE, Decimal(SEPA_CAP))
    elif method == "card":
        fee = amount * CARD_RATE + CARD_FIXED
    step = smallest_step(currency)
    return _rounded(fee / step) * step


def book_charge(account: Account, charge: Json) -> Json:
    """Book a successful charge with its fee."""
    method = charge["payment_method_details"]["type"]
    kind = "charge" if charge["id"].startswith("ch_") else "payment"
    amount, currency, rate = _settled(account, charge["amount"], charge["currency"])
    booked = book(account, charge, amount, currency, kind, fee=fee_for(amount, method, currency))
    booked["exchange_rate"] = float(rate) if rate else None
    return booked


def book_back(account: Account, source: Json, amount: int, kind: str, *, fee: int = 0) -> Json:
    """Book what a refund or a dispute takes (negative) or gives back, in the settlement currency.

    The fee is in units of that currency.
    """
    settled, currency, rate = _settled(account, amount, source["currency"])
    booked = book(account, source, settled, currency, kind, fee=fee)
    booked["exchange_rate"] = float(rate) if rate else None
    return booked


def _settled(account: Account, amount: int, currency: str) -> tuple[int, str, Decimal | None]:
    """Return an amount in the currency in which the account is paid out."""
    if currency not in account.settles:
        return amount, currency, None
    into, rate = account.settles[currency]
    step = smallest_step(into)
    return _rounded(amount * rate / step) * step, into, rate


def book(
    account: Account, source: Json, amount: int, currency: str, kind: str, *, fee: int = 0
) -> Json:
    """Book one balance transaction in the settlement currency; amount and fee in its API units."""
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
            "description": source.get("description"),
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
    payout = params.get("payout")
    return page(
        account.all("balance_transaction").values(),
        params,
        "/v1/balance_transactions",
        lambda t: shown(account, t),
        same=("currency", "source", "type"),
        wanted=lambda t: not payout or t.get("_payout") == payout,
    )


def shown(account: Account, transaction: Json) -> Json:
    """Return a balance transaction as the API shows it now."""
    answer = {k: v for k, v in transaction.items() if not k.startswith("_")}
    available = transaction["available_on"] <= account.now()
    answer["status"] = "available" if available else "pending"
    return answer


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
