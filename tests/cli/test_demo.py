"""The demo would notice a wrong sum in its books."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from po_toolkit.demo.proof import differences
from po_toolkit.demo.story import CURRENCIES, GOOD, Facts, sample

ROW = {
    "reference": "PO-AAAAAA",
    "currency": "usd",
    "status": "paid",
    "total": "100.00",
    "credited": "10.00",
    "paid": "90.00",
    "paid_stripe": "60.00",
    "paid_other": "30.00",
    "refunded": "0.00",
    "balance": "0.00",
}
MONEY = {k: v for k, v in ROW.items() if k not in {"reference", "currency", "status"}}
BOOKS = {"rows": [ROW], "totals": {"usd": MONEY}}
FACTS = {"PO-AAAAAA": Facts(Decimal(60), Decimal(30), Decimal(10), "paid")}
SHEET = b"currency,quantity,unit_price\nusd,2,60.00\nusd,1,-20.00\n"


def test_books_that_add_up_leave_no_difference() -> None:
    """A proof that cries wolf is soon ignored."""
    assert differences(BOOKS, FACTS, [SHEET]) == []


@pytest.mark.parametrize("name", [*MONEY, "status", "reference"])
def test_any_wrong_figure_in_a_row_is_noticed(name: str) -> None:
    """A proof that overlooks a figure proves nothing."""
    books: Any = deepcopy(BOOKS)
    books["rows"][0][name] = "1.00" if name in MONEY else "sent"
    assert differences(books, FACTS, [SHEET])


@pytest.mark.parametrize("name", MONEY)
def test_any_wrong_total_is_noticed(name: str) -> None:
    """The totals are what a treasurer reads first."""
    books: Any = deepcopy(BOOKS)
    books["totals"]["usd"][name] = "1.00"
    assert differences(books, FACTS, [SHEET])


def test_a_purchase_order_that_got_lost_is_noticed() -> None:
    """A row that is missing on both sides of a sum adds up all the same."""
    assert differences({"rows": [], "totals": {}}, {}, [SHEET])
    assert differences(BOOKS, {}, [SHEET])


@pytest.mark.parametrize(
    ("today", "first_due"),
    [
        (date(2026, 11, 24), date(2027, 2, 15)),
        (date(2027, 2, 14), date(2027, 2, 15)),
        (date(2027, 2, 15), date(2028, 2, 15)),
        (date(2031, 7, 1), date(2032, 2, 15)),
    ],
)
def test_the_samples_due_dates_always_lie_ahead(today: date, first_due: date) -> None:
    """Stripe refuses a due date in the past, so the demo would end one day in 2027."""
    content = sample(GOOD, today).decode()
    assert f",{first_due.isoformat()}," in content
    assert sample(CURRENCIES, today).count(f"{first_due.year}-".encode()) == 7
    assert "GRA/2027/657" in content
