"""Reconciliation: the page must say what the books say, to the cent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.reconcile import reconcile_conference


@pytest.fixture
def books(conference, sample):
    opened = conference()
    for file in ("sponsors-2027.csv", "sponsors-currencies.csv"):
        name, data, _ = sample(file)
        report = import_purchase_orders(opened, data, file_name=name)
    record_payment_by_hand(opened, report.references[0], amount=Decimal(1650001), method="wire")
    return opened


def test_totals_are_those_of_the_books_in_each_currency(show, books):
    """A total that differs from its rows by a cent costs an afternoon."""
    app = show("reconciliation")
    assert not app.exception
    result = reconcile_conference(books.store, books.conference, as_of=books.today())
    totals = app.table[0].value.set_index("Currency")
    assert set(totals.index) == {"USD", "JPY", "BHD", "ISK", "UGX", "EUR"}
    assert totals.loc["USD", "Ordered"] == Decimal("689378.66")
    for currency, sums in result.totals_text().items():
        row = totals.loc[currency.upper()]
        assert row["Ordered"] == Decimal(sums["total"])
        assert row["Balance"] == Decimal(sums["balance"])
        assert row["Overpaid"] == Decimal(sums["overpaid"])


def test_every_row_of_the_books_is_on_the_page(show, books):
    """A purchase order that is on no page is one nobody collects."""
    result = reconcile_conference(books.store, books.conference, as_of=books.today())
    shown = next(f.value for f in show("reconciliation").dataframe if "days_overdue" in f.value)
    assert set(shown["reference"]) == set(result.rows["reference"])


def test_what_does_not_add_up_is_named_with_its_remedy(show, read, books):
    """A discrepancy without the next step is only bad news."""
    app = show("reconciliation")
    labels = [e.label for e in app.expander]
    assert "Overpaid: 1 purchase order" in labels
    assert "Refund the excess" in read(app)


def test_a_day_before_the_import_is_empty(show, read, books):
    """Year-end figures must not hold what came in January."""
    app = show("reconciliation")
    app.date_input[0].set_value(books.today() - timedelta(days=1)).run()
    assert not app.exception
    assert "There was no purchase order on that day." in read(app)
