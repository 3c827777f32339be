"""The demo proves its books, touches nothing of an installation, and would notice a wrong sum."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from copy import deepcopy
from datetime import date
from decimal import Decimal
from pathlib import Path
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


def test_once_adds_up_and_leaves_the_installation_alone(tmp_path: Path) -> None:
    """Somebody who tries the demo beside real settings must find their books untouched."""
    books = tmp_path / "real.db"
    settings = {
        "PO_TOOLKIT_DATABASE_URL": f"sqlite:///{books}",
        "PO_TOOLKIT_STRIPE_API_BASE": "http://127.0.0.1:1",
        "PO_TOOLKIT_CONFIG": str(tmp_path / "missing.toml"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "po_toolkit", "demo", "--once", "--format", "json"],
        cwd=tmp_path,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    usd = [row for row in found["rows"] if row["currency"] == "usd"]
    (cancelled,) = [row for row in usd if row["status"] == "cancelled"]
    assert sum(Decimal(row["total"]) for row in usd) == Decimal("689378.66")
    assert cancelled["total"] == "32500.00"
    assert found["totals"]["usd"]["total"] == "656878.66"
    statuses = {row["status"] for row in found["rows"]}
    assert statuses == {"sent", "partially_paid", "paid", "overpaid", "cancelled"}
    assert "adds up" in done.stderr
    assert list(tmp_path.iterdir()) == []


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
