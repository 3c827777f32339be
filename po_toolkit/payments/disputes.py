"""Disputes, and bank debits that were returned late, which Stripe reports as disputes."""

from __future__ import annotations

from typing import Any

from po_toolkit.context import OpenConference
from po_toolkit.domain.sums import EntryKind
from po_toolkit.payments.ledger import Taken
from po_toolkit.payments.refunds import Move, take_moves

Json = dict[str, Any]

RETURNED = frozenset(
    {
        "insufficient_funds",
        "bank_cannot_process",
        "debit_not_authorized",
        "incorrect_account_details",
    }
)
"""Reasons of a dispute by which Stripe tells of a bank debit that came back after it looked paid.

Source: Stripe, "ACH Direct Debit", disputed payments.
"""

_NOTHING_MOVED = frozenset(
    {"warning_needs_response", "warning_under_review", "warning_closed", "prevented"}
)
"""States of an inquiry: no money has been withdrawn."""


def take_dispute(opened: OpenConference, dispute: Json) -> Taken | None:
    """Enter a dispute, and that it was won; None where its payment is not ours.

    A bank debit that was returned late comes as a dispute too, and is entered as what it is.
    """
    if dispute.get("status") in _NOTHING_MOVED:
        return Taken()
    kind = EntryKind.PAYMENT_REVERSAL if dispute.get("reason") in RETURNED else EntryKind.DISPUTE
    booked = [(b["created"], b["amount"]) for b in dispute.get("balance_transactions") or []]
    withdrawn = min((at for at, amount in booked if amount < 0), default=dispute["created"])
    moves = [Move(kind, dispute["id"], withdrawn)]
    if dispute.get("status") == "won":
        now = int(opened.now().timestamp())
        back = max((at for at, amount in booked if amount > 0), default=now)
        moves.append(Move(EntryKind.DISPUTE_REINSTATED, f"{dispute['id']}:won", back))
    return take_moves(opened, dispute, moves)
