"""Disputes: a cardholder or a bank takes a payment back; some are won, a bank debit's never."""

from __future__ import annotations

from typing import Any

from po_toolkit.simulator.balance import book_back
from po_toolkit.simulator.errors import invalid
from po_toolkit.simulator.events import emit
from po_toolkit.simulator.paging import page
from po_toolkit.simulator.world import Account, Json

FEE = 1_500
"""What a dispute costs in the US, in cents."""

RESPONSE_SECONDS = 9 * 86_400

_EVIDENCE_FIELDS = """
access_activity_log billing_address cancellation_policy cancellation_policy_disclosure
cancellation_rebuttal customer_communication customer_email_address customer_name
customer_purchase_ip customer_signature duplicate_charge_documentation
duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy
refund_policy_disclosure refund_refusal_explanation service_date service_documentation
shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number
uncategorized_file uncategorized_text
"""


def open_dispute(account: Account, charge: Json, amount: int | None, reason: str) -> Json:
    """Let a charge be disputed: its money and the fee are withdrawn at once.

    A card's dispute waits for a response; a bank debit's is lost from the start.

    Raises:
        ValueError: The charge has not succeeded, or is disputed already.
    """
    if charge["status"] != "succeeded" or charge["disputed"]:
        raise ValueError(f"{charge['id']} cannot be disputed now.")
    by_card = charge["payment_method_details"]["type"] == "card"
    dispute = account.add(_new(account, charge, amount or charge["amount"], reason, by_card))
    charge["disputed"] = True
    _move(account, dispute, -dispute["amount"], FEE)
    emit(account, "charge.dispute.created", dispute)
    emit(account, "charge.dispute.funds_withdrawn", dispute)
    if not by_card:
        emit(account, "charge.dispute.closed", dispute)
    return dispute


def close(account: Account, dispute: Json, *, won: bool) -> None:
    """Decide a dispute; when it is won the money comes back, the fee too.

    Raises:
        ValueError: It is decided already.
    """
    if dispute["status"] in {"won", "lost"}:
        raise ValueError(f"{dispute['id']} is {dispute['status']} already.")
    dispute["status"] = "won" if won else "lost"
    if won:
        _move(account, dispute, dispute["amount"], -FEE)
        emit(account, "charge.dispute.funds_reinstated", dispute)
    emit(account, "charge.dispute.closed", dispute)


def accept(account: Account, _params: Json, dispute_id: str) -> Json:
    """POST /v1/disputes/{dispute}/close: give it up."""
    dispute = account.get("dispute", dispute_id, param="dispute")
    if dispute["status"] in {"won", "lost"}:
        raise invalid(f"This dispute is already closed: it is {dispute['status']}.")
    close(account, dispute, won=False)
    return dispute


def list_disputes(account: Account, params: Json) -> Json:
    """GET /v1/disputes."""
    disputes = account.all("dispute").values()
    return page(disputes, params, "/v1/disputes", same=("charge", "payment_intent"))


def _move(account: Account, dispute: Json, amount: int, fee: int) -> None:
    moved = book_back(account, dispute, amount, "adjustment", fee=fee)
    dispute["balance_transactions"] = [*dispute["balance_transactions"], moved]


def _new(account: Account, charge: Json, amount: int, reason: str, by_card: bool) -> Json:
    details: Json = {}
    if by_card:
        card = {
            "brand": "visa",
            "case_type": "chargeback",
            "network": "visa",
            "network_reason_code": "10.4",
        }
        details = {"payment_method_details": {"card": card, "type": "card"}}
    return {
        "id": account.new_id("dp"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": account.now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE_FIELDS.split()), "enhanced_evidence": {}},
        "evidence_details": _deadline(account, by_card=by_card),
        "is_charge_refundable": False,
        "livemode": account.livemode,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "needs_response" if by_card else "lost",
        **details,
    }


def _deadline(account: Account, *, by_card: bool) -> dict[str, Any]:
    return {
        "due_by": account.now() + RESPONSE_SECONDS if by_card else None,
        "enhanced_eligibility": {},
        "has_evidence": False,
        "past_due": False,
        "submission_count": 0,
    }
