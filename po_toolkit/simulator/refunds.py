"""Refunds of charges: whole or in part; a bank's may fail days later."""

from __future__ import annotations

from po_toolkit.simulator.balance import book_back
from po_toolkit.simulator.charges import IMMEDIATE
from po_toolkit.simulator.currencies import check_amount
from po_toolkit.simulator.errors import ApiError, invalid
from po_toolkit.simulator.events import emit
from po_toolkit.simulator.paging import page
from po_toolkit.simulator.parameters import merged
from po_toolkit.simulator.world import Account, Json


def create(account: Account, params: Json) -> Json:
    """POST /v1/refunds: of a charge or a payment intent; it leaves the invoice as it is."""
    charge = _charge(account, params)
    amount = _amount(charge, params)
    return refund_charge(account, charge, amount, params)


def refund_charge(account: Account, charge: Json, amount: int, params: Json) -> Json:
    """Refund part of a charge, in API units, and announce it."""
    method = charge["payment_method_details"]["type"]
    refund = account.add(
        {
            "id": account.new_id("re" if charge["id"].startswith("ch_") else "pyr"),
            "object": "refund",
            "amount": amount,
            "balance_transaction": None,
            "charge": charge["id"],
            "created": account.now(),
            "currency": charge["currency"],
            "customer": charge["customer"],
            "customer_account": None,
            "destination_details": {"card": {"type": "refund"}, "type": "card"}
            if method == "card"
            else {method: {}, "type": method},
            "metadata": merged({}, params.get("metadata")),
            "payment_intent": charge["payment_intent"],
            "payment_method": charge["payment_method"],
            "reason": params.get("reason"),
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "succeeded" if method in IMMEDIATE else "pending",
            "transfer_reversal": None,
        }
    )
    kind = "refund" if charge["id"].startswith("ch_") else "payment_refund"
    moved = book_back(account, refund, -amount, kind)
    refund["balance_transaction"] = moved["id"]
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    emit(account, "refund.created", refund)
    emit(account, "charge.refunded", charge)
    return refund


def finish(account: Account, refund: Json, *, failed: bool, reason: str = "unknown") -> None:
    """Let a refund arrive, or come back from the customer's bank.

    Raises:
        ValueError: It has failed already.
    """
    if refund["status"] == "failed":
        raise ValueError(f"{refund['id']} has failed already.")
    before = {"status": refund["status"]}
    if not failed:
        refund["status"] = "succeeded"
        emit(account, "refund.updated", refund, previous=before)
        emit(account, "charge.refund.updated", refund, previous=before)
        return
    charge = account.get("charge", refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    moved = book_back(account, refund, refund["amount"], "refund_failure")
    refund.update(status="failed", failure_reason=reason, failure_balance_transaction=moved["id"])
    emit(account, "refund.updated", refund, previous=before)
    emit(account, "charge.refund.updated", refund, previous=before)
    emit(account, "refund.failed", refund)


def list_refunds(account: Account, params: Json) -> Json:
    """GET /v1/refunds."""
    refunds = account.all("refund").values()
    return page(refunds, params, "/v1/refunds", same=("charge", "payment_intent"))


def _charge(account: Account, params: Json) -> Json:
    if params.get("charge"):
        charge = account.get("charge", params["charge"], param="charge", in_path=False)
    elif params.get("payment_intent"):
        intent = account.get(
            "payment_intent", params["payment_intent"], param="payment_intent", in_path=False
        )
        if not intent["latest_charge"]:
            raise invalid(
                "This PaymentIntent does not have a successful charge to refund.",
                param="payment_intent",
            )
        charge = account.get("charge", intent["latest_charge"])
    else:
        raise invalid(
            "One of the following params should be provided for this request: payment_intent or "
            "charge.",
            code="parameter_missing",
        )
    if charge["status"] != "succeeded":
        raise invalid(f"Charge {charge['id']} has not succeeded and cannot be refunded.")
    if charge["disputed"]:
        raise ApiError(
            400,
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    return charge


def _amount(charge: Json, params: Json) -> int:
    left = charge["amount"] - charge["amount_refunded"]
    if left == 0:
        raise invalid(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    amount = int(params.get("amount", left))
    if amount <= 0:
        raise invalid(
            f"Invalid positive integer: {amount}", param="amount", code="parameter_invalid_integer"
        )
    if amount > left:
        raise invalid(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left}).",
            param="amount",
        )
    check_amount(amount, charge["currency"], "amount")
    return amount
