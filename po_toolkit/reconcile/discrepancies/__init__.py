"""Finding what does not add up: one function for each class, in a plain registry."""

from __future__ import annotations

import pandas as pd

from po_toolkit.domain.discrepancies import DISCREPANCY_CLASSES
from po_toolkit.reconcile.books import Books
from po_toolkit.reconcile.discrepancies import (
    against_stripe,
    at_the_bank,
    debts,
    mixed_up,
    unexplained,
)
from po_toolkit.reconcile.discrepancies.finding import Finder
from po_toolkit.reconcile.tables import DISCREPANCIES

FINDERS: dict[str, Finder] = {
    "not_invoiced": debts.not_invoiced,
    "overdue": debts.overdue,
    "amount_differs_from_stripe": against_stripe.amount_differs_from_stripe,
    "paid_at_stripe_not_here": against_stripe.paid_at_stripe_not_here,
    "paid_here_not_at_stripe": against_stripe.paid_here_not_at_stripe,
    "undone_here_not_at_stripe": against_stripe.undone_here_not_at_stripe,
    "overpaid": debts.overpaid,
    "paid_twice": debts.paid_twice,
    "paid_after_cancelled": debts.paid_after_cancelled,
    "paid_on_old_generation": against_stripe.paid_on_old_generation,
    "refunded_without_credit": debts.refunded_without_credit,
    "disputed": debts.disputed,
    "ach_returned_late": debts.ach_returned_late,
    "currency_differs": mixed_up.currency_differs,
    "two_alike": mixed_up.two_alike,
    "customer_differs": mixed_up.customer_differs,
    "voided_at_stripe": against_stripe.voided_at_stripe,
    "settled_by_itself": against_stripe.settled_by_itself,
    "invoice_without_order": unexplained.invoice_without_order,
    "money_stuck_at_stripe": unexplained.money_stuck_at_stripe,
    "payout_not_at_bank": at_the_bank.payout_not_at_bank,
    "payout_failed": at_the_bank.payout_failed,
    "bank_credit_not_explained": at_the_bank.bank_credit_not_explained,
    "payment_taken_back": at_the_bank.payment_taken_back,
    "bank_debit_not_explained": at_the_bank.bank_debit_not_explained,
    "fees_not_explained": at_the_bank.fees_not_explained,
}
"""The function that finds each class, in the order of the table."""


def find(books: Books) -> pd.DataFrame:
    """Return every discrepancy as the table ``DISCREPANCIES``, by class, then reference."""
    found = []
    for code, finder in FINDERS.items():
        rows = finder(books)
        if not rows.empty:
            rows = rows.sort_values(["reference", "evidence"], kind="stable")
            found.append(rows.assign(code=code, mend=DISCREPANCY_CLASSES[code].mend))
    return DISCREPANCIES.frame(pd.concat(found)) if found else DISCREPANCIES.empty()
