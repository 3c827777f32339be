"""Payouts and bank lines as the books of one day know them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from sqlalchemy.orm import Session

from po_toolkit.store import bank_books as read
from po_toolkit.store.books import Cutoff, Rows
from po_toolkit.store.tables import BalanceTransaction, BankTransaction, Base, Payout

AsItWas = Callable[[Callable[[Session, int, Cutoff], Rows], str, type[Base]], pd.DataFrame]


@dataclass(frozen=True)
class BankSide:
    """Money in minor units.

    Attributes:
        payouts: Every payout, whether the bank had it and what it is made of.
        open_credits: Credits at the bank that nothing explains.
        open_debits: Debits at the bank that nothing explains, with the payment that each seems to
            take back.
        fee_gaps: Balance transactions whose fee their details do not explain.
    """

    payouts: pd.DataFrame
    open_credits: pd.DataFrame
    open_debits: pd.DataFrame
    fee_gaps: pd.DataFrame


def read_bank_side(as_it_was: AsItWas) -> BankSide:
    """Read it as it was at the cutoff."""
    payouts = as_it_was(read.payouts, "payout_id", Payout)
    for name in ("arrival_date", "read_through"):
        payouts[name] = pd.to_datetime(payouts[name]).astype("datetime64[s]")
    for name in ("amount", "items", "came"):
        payouts[name] = payouts[name].astype("int64")
    return BankSide(
        payouts,
        as_it_was(read.open_credits, "line_id", BankTransaction),
        as_it_was(read.open_debits, "line_id", BankTransaction),
        as_it_was(read.fee_gaps, "move_id", BalanceTransaction),
    )
