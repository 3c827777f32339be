"""Where payouts, fees and the bank account disagree."""

from __future__ import annotations

from typing import Any

import pandas as pd

from po_toolkit.domain.bank_matching.payouts import LATE
from po_toolkit.reconcile.books import Books
from po_toolkit.reconcile.discrepancies.finding import apart, finding
from po_toolkit.reconcile.edge import decimal_text


def payout_not_at_bank(books: Books) -> pd.DataFrame:
    """Find paid payouts that no bank line is, where lines well past their arrival are known."""
    payouts = books.bank.payouts
    late = payouts["arrival_date"] + pd.Timedelta(LATE)
    rows = payouts.assign(missing=payouts["amount"].abs() - payouts["came"])[
        payouts["status"].eq("paid")
        & payouts["came"].lt(payouts["amount"].abs())
        & payouts["read_through"].notna()
        & late.lt(payouts["read_through"])
    ]
    return _apart(
        rows,
        lambda row, amount: (
            f"{row.stripe_payout_id} of {amount} was to arrive {row.arrival_date.date()}; bank "
            f"lines are known through {row.read_through.date()}"
        ),
        at_stake="missing",
    )


def payout_failed(books: Books) -> pd.DataFrame:
    """Find payouts that came back and whose money has not been sent again."""
    payouts = books.bank.payouts
    rows = payouts[payouts["status"].eq("failed") & payouts["sent_again"].astype("int64").eq(0)]
    return _apart(
        rows,
        lambda row, amount: (
            f"{row.stripe_payout_id} of {amount}: {row.failure_message or 'no reason given'}"
        ),
    )


def bank_credit_not_explained(books: Books) -> pd.DataFrame:
    """Find money on the bank account that is neither a payout nor a sponsor's payment."""
    rows = books.bank.open_credits.assign(customer_name=books.bank.open_credits["counterparty"])
    return apart(
        rows,
        "amount",
        lambda row, amount: f"bank line {row.line_id} of {row.booked_on}, {amount}: {row.text}",
    )


def payment_taken_back(books: Books) -> pd.DataFrame:
    """Find debits by which the bank seems to take a sponsor's payment back."""
    debits = books.bank.open_debits
    rows = debits[debits["order_id"].astype("int64").ne(0)].set_index("order_id")
    orders = books.orders[["reference", "organization_name"]]
    return finding(
        rows.join(orders, how="inner"),
        rows["amount"],
        lambda row, amount: (
            f"bank line {row.line_id} of {row.booked_on}, {amount}, seems to take bank line "
            f"{row.earlier_line} back: {row.text}"
        ),
    )


def bank_debit_not_explained(books: Books) -> pd.DataFrame:
    """Find money that left the bank account and is no refund, payout or reversal known here."""
    debits = books.bank.open_debits
    rows = debits[debits["order_id"].astype("int64").eq(0)]
    return apart(
        rows.assign(customer_name=rows["counterparty"]),
        "amount",
        lambda row, amount: f"bank line {row.line_id} of {row.booked_on}, {amount}: {row.text}",
    )


def fees_not_explained(books: Books) -> pd.DataFrame:
    """Find payouts and fees that are not the sum of what Stripe says they are made of."""
    payouts = books.bank.payouts
    gap = payouts["amount"] - payouts["items"]
    rows = payouts.assign(gap=gap)[
        payouts["automatic"].astype(bool) & payouts["status"].eq("paid") & gap.ne(0)
    ].assign(at_stake=lambda r: r["gap"].abs())
    of_payouts = _apart(
        rows,
        lambda row, amount: (
            f"{row.stripe_payout_id} is {decimal_text(row.amount, row.currency)}, its balance "
            f"transactions {decimal_text(row.items, row.currency)}: {amount} apart"
        ),
        at_stake="at_stake",
    )
    gaps = books.bank.fee_gaps
    of_fees = _apart(
        gaps.assign(at_stake=gaps["fee_gap"].astype("int64").abs()),
        lambda row, amount: f"the fee of {row.stripe_id} has {amount} that no detail names",
        at_stake="at_stake",
    )
    return pd.concat([of_payouts, of_fees])


def _apart(rows: pd.DataFrame, evidence: Any, *, at_stake: str = "amount") -> pd.DataFrame:
    return apart(rows.assign(customer_name=""), at_stake, evidence)
