"""Statements that do not follow each other are named before a month is closed."""

from __future__ import annotations

from datetime import date

import pytest

from po_toolkit.api.month_end import gaps
from po_toolkit.store.tables import BankStatement

END = date(2027, 3, 31)


def statement(first, last, opening, closing, number=1):
    return BankStatement(
        id=number,
        currency="usd",
        opening=opening,
        closing=closing,
        opening_date=date(2027, *first),
        closing_date=date(2027, *last),
    )


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ([statement((2, 1), (2, 28), 0, 500), statement((3, 1), (3, 31), 500, 700)], []),
        (
            [statement((2, 1), (2, 28), 0, 500), statement((3, 1), (3, 31), 600, 700)],
            ["5.00 USD at the end of 28 Feb 2027, and 6.00 USD at the beginning"],
        ),
        ([statement((2, 1), (2, 28), 0, 500)], ["Import the one up to 31 Mar 2027."]),
        # the whole quarter and one month of it, exported twice
        ([statement((1, 1), (3, 31), 0, 700), statement((3, 1), (3, 31), 500, 700)], []),
    ],
)
def test_a_missing_statement_is_named(statements, said):
    found = gaps("DE02", statements, END)
    assert len(found) == len(said)
    assert all(part in sentence for part, sentence in zip(said, found, strict=True))
