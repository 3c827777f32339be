"""Payouts: what is available goes to the bank, itemised when automatic; some come back."""

from __future__ import annotations

from po_toolkit.simulator.balance import DAY, book
from po_toolkit.simulator.events import emit
from po_toolkit.simulator.paging import page, within
from po_toolkit.simulator.world import Account, Json

_INSTANT_FEE_PERCENT = 1


def pay_out(
    account: Account, currency: str, amount: int | None, *, instant: bool, trace: str | None
) -> Json:
    """Send a payout on its way; amounts in API units of the settlement currency.

    Without an amount it is Stripe's automatic one, of everything available: its transactions are
    marked as paid by it. With one it is manual, and nobody can say what it is made of.

    Raises:
        ValueError: There is nothing to pay out, or not so much.
    """
    ready = _available(account, currency)
    total = sum(t["net"] for t in ready)
    wanted = total if amount is None else amount
    if wanted <= 0 or wanted > total - _drawn(account, currency):
        raise ValueError(f"There are {total} {currency} to pay out, not {wanted}.")
    automatic = amount is None and not instant
    payout = account.add(_new(account, wanted, currency, automatic=automatic, instant=instant))
    payout["_trace"] = trace
    fee = wanted * _INSTANT_FEE_PERCENT // 100 if instant else 0
    moved = book(account, payout, -wanted, currency, "payout", fee=fee)
    moved["available_on"] = account.now()
    payout["balance_transaction"] = moved["id"]
    if automatic:
        for transaction in [*ready, moved]:
            transaction["_payout"] = payout["id"]
    emit(account, "payout.created", shown(payout))
    if automatic:
        emit(account, "payout.reconciliation_completed", shown(payout))
    return shown(payout)


def arrive(account: Account, payout: Json) -> Json:
    """Let a payout reach the bank; its trace id is known then, where the bank supports one.

    Raises:
        ValueError: It is not on its way.
    """
    if payout["status"] not in {"pending", "in_transit"}:
        raise ValueError(f"{payout['id']} is {payout['status']}.")
    trace, pending = payout["_trace"], payout["trace_id"]
    payout["status"] = "paid"
    payout["trace_id"] = {"status": "supported" if trace else "unsupported", "value": trace}
    emit(account, "payout.paid", shown(payout))
    emit(account, "payout.updated", shown(payout), previous={"trace_id": pending})
    return shown(payout)


def fail(account: Account, payout: Json, code: str) -> Json:
    """Let a payout come back, also after it was paid; its money joins the next one.

    Raises:
        ValueError: It has failed already.
    """
    if payout["status"] == "failed":
        raise ValueError(f"{payout['id']} has failed already.")
    moved = book(account, payout, payout["amount"], payout["currency"], "payout_failure")
    moved["available_on"] = account.now()
    payout.update(
        status="failed",
        failure_balance_transaction=moved["id"],
        failure_code=code,
        failure_message="The bank returned the payout.",
    )
    emit(account, "payout.failed", shown(payout))
    return shown(payout)


def shown(payout: Json) -> Json:
    """Return a payout as the API shows it."""
    return {name: value for name, value in payout.items() if not name.startswith("_")}


def retrieve(account: Account, _params: Json, payout_id: str) -> Json:
    """GET /v1/payouts/{payout}."""
    return shown(account.get("payout", payout_id, param="payout"))


def list_payouts(account: Account, params: Json) -> Json:
    """GET /v1/payouts."""
    return page(
        account.all("payout").values(),
        params,
        "/v1/payouts",
        shown,
        same=("status",),
        wanted=lambda payout: within(payout["arrival_date"], params.get("arrival_date")),
    )


def _available(account: Account, currency: str) -> list[Json]:
    """Return the transactions that no automatic payout has taken yet."""
    return [
        transaction
        for transaction in account.all("balance_transaction").values()
        if transaction["currency"] == currency
        and "_payout" not in transaction
        and transaction["type"] != "payout"
        and transaction["available_on"] <= account.now()
    ]


def _drawn(account: Account, currency: str) -> int:
    """Return what manual payouts have taken of it: they name no transactions."""
    drawn: int = sum(
        transaction["net"]
        for transaction in account.all("balance_transaction").values()
        if transaction["currency"] == currency
        and transaction["type"] == "payout"
        and "_payout" not in transaction
    )
    return -drawn


def _new(account: Account, amount: int, currency: str, *, automatic: bool, instant: bool) -> Json:
    arrival = account.now() if instant else (account.now() // DAY + 2) * DAY
    return {
        "id": account.new_id("po"),
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": arrival,
        "automatic": automatic,
        "balance_transaction": None,
        "created": account.now(),
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": None,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": account.livemode,
        "metadata": {},
        "method": "instant" if instant else "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "completed" if automatic else "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "in_transit",
        "trace_id": {"status": "pending", "value": None},
        "type": "bank_account",
    }
