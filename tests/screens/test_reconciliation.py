"""Reconciliation: the page must say what the books say, to the cent."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from po_toolkit import create_purchase_order
from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.api.month_end import checklist, month_end_files
from po_toolkit.api.reports import close_books, purchase_order_story
from po_toolkit.api.sync import sync_conference
from po_toolkit.bootstrap import open_conference
from po_toolkit.config import load_settings
from po_toolkit.reconcile import reconcile_conference
from po_toolkit.ui import formats, shell


@pytest.fixture
def books(conference, sample):
    opened = conference()
    for file in ("sponsors-2027.csv", "sponsors-currencies.csv"):
        name, data, _ = sample(file)
        report = import_purchase_orders(opened, data, file_name=name)
    record_payment_by_hand(
        opened, report.references[0], amount=Decimal(1650001), method="wire", overpaid=True
    )
    return opened


def test_totals_are_those_of_the_books_in_each_currency(show, books):
    """A total that differs from its rows by a cent costs an afternoon."""
    app = show("reconciliation")
    assert not app.exception
    result = reconcile_conference(books.store, books.conference, as_of=books.today())
    totals = app.dataframe[0].value.set_index("currency")
    assert set(totals.index) == {"usd", "jpy", "bhd", "isk", "ugx", "eur"}
    assert totals.loc["usd", "total"] == Decimal("689378.66")
    for currency, sums in result.totals_text().items():
        for name in ("total", "balance", "overpaid"):
            assert totals.loc[currency, name] == Decimal(sums[name])


def test_on_a_phone_the_totals_begin_with_what_is_still_to_come(show, books, monkeypatch):
    """Four columns fit; ordered and credited are not what somebody on the way wants to know."""
    monkeypatch.setattr(formats, "on_a_phone", lambda: True)
    order = list(show("reconciliation").dataframe[0].proto.column_order)
    assert order[:2] == ["open", "overdue"]
    assert sorted(order) == sorted(set(order))


def test_every_row_of_the_books_is_on_the_page(show, books):
    """A purchase order that is on no page is one nobody collects."""
    result = reconcile_conference(books.store, books.conference, as_of=books.today())
    app = show("reconciliation", **{"reconciliation-view": "Purchase orders"})
    shown = next(f.value for f in app.dataframe if "days_overdue" in f.value)
    assert set(shown["reference"]) == set(result.rows["reference"])


def test_what_does_not_add_up_is_named_with_its_remedy(show, read, books):
    """A discrepancy without the next step is only bad news."""
    app = show("reconciliation")
    labels = [e.label for e in app.expander]
    assert "Overpaid: 1" in labels
    assert "Refund the excess" in read(app)


def test_a_day_before_the_import_is_empty(show, read, books):
    """Year-end figures must not hold what came in January."""
    app = show("reconciliation")
    app.date_input[0].set_value(books.today() - timedelta(days=1)).run()
    assert not app.exception
    assert "There was no purchase order on that day." in read(app)


def choose(app, table, **cell):
    """Choose a cell of the table that has these columns, or a row of it."""
    selection = {"rows": [], "columns": [], "cells": [], **cell}
    app.session_state[table.key] = {"selection": selection}
    return app.run()


def having(app, *columns):
    return next(d for d in app.dataframe if {*columns} <= {*d.value})


@pytest.mark.parametrize(
    ("view", "of", "column", "summed"),
    [
        ("Ledger", "overpaid", "total", "total"),
        ("Ledger", "overpaid", "balance", "balance"),
        ("By status", "purchase_orders", "total", "total"),
        ("By status", "purchase_orders", "balance", "balance"),
        ("By age", "purchase_orders", "amount", "balance"),
        ("By month", "received", "paid", "paid"),
    ],
)
def test_each_number_opens_to_the_rows_it_is_the_sum_of(show, books, view, of, column, summed):
    """A sum that its rows do not come to is worse than no sum."""
    app = show("reconciliation", **{"reconciliation-view": view})
    rows = len(having(app, of, column).value)
    for place in sorted({0, rows // 2, rows - 1}):
        table = having(app, of, column)
        number = table.value[column].iloc[place]
        choose(app, table, cells=[[place, column]])
        assert not app.exception
        if number:
            by = "amount" if summed == "paid" else summed
            behind = next(d.value for d in app.dataframe if "organization_name" in d.value)
            assert behind[by].sum() == number


def test_a_row_behind_a_number_opens_its_purchase_order(show, read, books):
    """The way from the total on the board's paper to the sponsor is two clicks."""
    app = show("reconciliation")
    table = having(app, "overpaid")
    jpy = list(table.value["currency"]).index("jpy")
    choose(app, table, cells=[[jpy, "overpaid"]])
    assert "**Overpaid in JPY**: 1 row" in read(app)
    choose(app, having(app, "days_overdue"), rows=[0])
    assert app.title[0].value == "Kaito Works KK"


def test_what_does_not_add_up_opens_its_purchase_order(show, books):
    """Whoever reads of a mistake wants to be where it is mended."""
    app = show("reconciliation")
    found = next(d for d in app.dataframe if "1,650,001" in d.value.to_string())
    choose(app, found, rows=[0])
    assert app.title[0].value == "Kaito Works KK"


def test_the_ledger_names_an_invoice_by_its_number(show, conference, simulator):
    """A treasurer looks for the number on the paper, not for in_1a1c65ad."""
    opened = conference()
    sheet = b"organization_name,contact_email,po_number,amount\nAcme,ap@acme.example,A-1,100.00\n"
    report = import_purchase_orders(opened, sheet, file_name="one.csv")
    (sent,) = invoice_purchase_orders(opened, references=report.references).results
    simulator.control.pay(sent.stripe_invoice_id, account="sk_test_screens_pycon_2027")
    sync_conference(opened)
    ledger = show("reconciliation", **{"reconciliation-view": "Ledger"}).dataframe[-1].value
    (number,) = [i.number for i in purchase_order_story(opened, sent.reference).invoices]
    assert list(ledger["payment_reference"]) == [number]
    assert (list(ledger["method"]), list(ledger["note"])) == (["Stripe"], [""])


def test_a_movement_of_the_ledger_opens_its_purchase_order(show, books):
    """'Whose is this wire?' has one answer."""
    app = show("reconciliation", **{"reconciliation-view": "Ledger"})
    choose(app, having(app, "payment_date"), rows=[0])
    assert app.title[0].value == "Kaito Works KK"


def test_the_chart_of_a_month_has_its_figures(show, books):
    """'What came in November?' is asked every December."""
    app = show("reconciliation", **{"reconciliation-view": "By month"})
    assert not app.exception
    months = having(app, "received", "invoiced")
    assert months.value["received"].sum() == Decimal(1650001)
    assert list(months.value["month"]) == [f"{books.today():%b %Y}"]
    app.session_state["pycon-2027:cash.currency"] = "jpy"
    app.run()
    assert having(app, "received_so_far").value["received_so_far"].max() == Decimal(1650001)


def test_books_are_closed_only_on_purpose_and_verified_later(show, read, books, clock, monkeypatch):
    """A month closed by a slip of the mouse locks everybody out of it."""
    clock.advance(days=2)
    monkeypatch.setattr(shell, "open_conference", partial(open_conference, now=clock))
    app = show("reconciliation", **{"reconciliation-view": "Month end"})
    close = next(b for b in app.button if b.label == "Close")
    close.click().run()
    assert "Tick the box first." in app.error[0].value
    through = next(d for d in app.date_input if d.label == "Close through")
    through.set_value(books.today() - timedelta(days=1))
    app.checkbox[0].check()
    next(b for b in app.button if b.label == "Close").click().run()
    assert not app.exception
    assert not app.error, app.error[0].value
    next(b for b in app.button if b.label.startswith("Verify")).click().run()
    assert not app.exception
    assert "the report is unchanged" in read(app)


def test_after_closing_the_next_month_is_proposed(show, books, config, clock, monkeypatch):
    """Whoever is offered the closed day again believes that the month is still open."""
    clock.advance(days=70)
    late = partial(open_conference, now=clock)
    monkeypatch.setattr(shell, "open_conference", late)
    opened = late("pycon-2027", settings=load_settings(config), actor=books.actor)
    ended = opened.today().replace(day=1) - timedelta(days=1)
    before = ended.replace(day=1) - timedelta(days=1)
    close_books(opened, before)
    view = {"reconciliation-view": "Month end"}
    app = show("reconciliation", **{"as-of": before.isoformat()}, **view)
    assert "Close" not in [b.label for b in app.button]
    next(b for b in app.button if b.label.startswith("Go to the month end")).click().run()
    assert not app.exception
    assert next(d for d in app.date_input if d.label == "Close through").value == ended
    close_books(opened, ended)
    app = show("reconciliation", **view)
    assert "Close" not in [b.label for b in app.button]
    assert "Nothing to close yet" in app.info[-1].value
    assert not any(b.label.startswith("Go to the month end") for b in app.button)


def test_an_accepted_discrepancy_is_closed_with_its_reason_and_can_be_opened(show, read, books):
    """What is right as it is must not hide what is wrong, and must say who let it be."""
    app = show("reconciliation")
    assert "Overpaid: 1" in [e.label for e in app.expander]
    codes = [e.label for e in app.expander]
    place = next(i for i, t in enumerate(codes) if t == "Overpaid: 1")
    [b for b in app.button if b.label == "Accept discrepancies"][place].click().run()
    assert "Give a reason" in app.error[0].value
    form = [t for t in app.text_input if t.label.startswith("Reason")][place]
    form.set_value("Kept for 2028")
    [b for b in app.button if b.label == "Accept discrepancies"][place].click().run()
    assert not app.exception
    labels = [e.label for e in app.expander]
    assert "Overpaid: 1" not in labels
    assert "Accepted: 1" in labels
    assert "Kept for 2028" in read(app)
    next(b for b in app.button if b.label == "Open again").click().run()
    assert "Overpaid: 1" in [e.label for e in app.expander]


def test_the_month_end_names_what_is_left_and_gives_one_archive(show, read, books):
    """A month that is closed with a gap in its statements is closed wrongly for good."""
    record = [f"{s.name}: {s.done}" for s in checklist(books, books.today())]
    assert "Bank statements: False" in record  # money came by wire
    assert "Discrepancies: False" in record
    app = show("reconciliation", **{"reconciliation-view": "Month end"})
    assert not app.exception
    assert "No bank statement has been imported" in read(app)
    through = books.today().replace(day=1) - timedelta(days=1)
    assert app.date_input[-1].value == through, "the last month that has ended"
    assert any("Not done yet: " in warning.value for warning in app.warning)
    made = month_end_files(books, books.today())
    names = zipfile.ZipFile(io.BytesIO(made.content)).namelist()
    assert {"report.html", "report.pdf", "reconciliation.xlsx", "tie-out.xlsx"} <= set(names)
    assert {n.split("/")[1] for n in names if n.startswith("journals/")} == {
        "quickbooks", "xero", "beancount",
    }  # fmt: skip
    assert made.problems == []


def test_conferences_stand_side_by_side(show, books):
    """The board asks for both years on one sheet."""
    app = show("reconciliation", **{"reconciliation-view": "All conferences"})
    assert not app.exception
    frame = next(d.value for d in app.dataframe if "conference" in d.value)
    usd = frame[(frame["conference"] == "PyCon 2027") & (frame["currency"] == "usd")]
    assert list(usd["total"]) == [Decimal("689378.66")]


@pytest.mark.parametrize("program", ["quickbooks", "xero", "beancount"])
def test_journal_entries_are_handed_to_accounting(show, books, press, program):
    """What is typed in again by hand is typed in wrongly."""
    app = show("reconciliation", **{"reconciliation-view": "Month end"})
    app.selectbox(key="pycon-2027:journal").set_value(program).run()
    archive = zipfile.ZipFile(io.BytesIO(press(app, "Download journal entries")))
    text = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert "Kaito Works KK" in text


def test_a_day_that_has_not_begun_here_gives_way_to_today(show, books):
    """Whoever comes from Tokyo's books to New York's must not be shut out until tomorrow."""
    app = show("reconciliation")
    app.session_state["as-of"] = books.today() + timedelta(days=1)
    app.run()
    assert not app.exception
    assert not app.error
    assert app.date_input[0].value == books.today()


def test_the_day_stands_in_the_address(show, read, books):
    """A link to the year's end must show the year's end."""
    day = books.today() - timedelta(days=1)
    assert "There was no purchase order on that day." in read(
        show("reconciliation", **{"as-of": day.isoformat()})
    )


def test_the_tax_stands_by_rate_on_a_page_and_with_each_line(show, press, config, conference):
    """The tax office asks by rate; whoever adds the lines up must come to the total."""
    text = config.read_text()
    name = 'name = "PyCon 2027"'
    rates = (
        '[po_toolkit.conferences.pycon-2027.tax.rates.standard]\nname = "VAT"\npercentage = "19"\n'
    )
    config.write_text(text.replace(name, f"{name}\ncurrency = 'eur'") + rates)
    order = create_purchase_order(
        "pycon-2027",
        organization_name="Acme GmbH",
        contact_email="ap@acme.example",
        line_items=[{"description": "Gold", "unit_price": Decimal(100), "tax_rates": ["standard"]}],
        opened=conference(),
    )
    app = show("reconciliation", **{"reconciliation-view": "Tax"})
    assert not app.exception
    row = next(d.value for d in app.dataframe if "taxable" in d.value).iloc[0]
    assert (row["rate"], row["taxable"], row["tax"]) == ("VAT 19 %", Decimal(100), Decimal(19))
    assert b"VAT 19 %,taxed,100.00,19.00" in press(app, "Download CSV")
    assert press(app, "Download XLSX").startswith(b"PK")
    lines = next(
        d.value for d in show("order", po=order.reference).dataframe if "tax_on_top" in d.value
    )
    assert (lines.iloc[0]["rates"], lines.iloc[0]["tax_on_top"]) == ("VAT 19 %", Decimal(19))


def test_several_discrepancies_are_accepted_with_one_reason(show, read, books):
    """A treasurer who knows why twelve sponsors pay late must not type it twelve times."""
    app = show("reconciliation")
    titles = [e.label for e in app.expander]
    place, title = next((i, t) for i, t in enumerate(titles) if not t.endswith(": 1"))
    number = int(title.rpartition(" ")[2])
    accept = "Accept discrepancies"
    [b for b in app.button if b.label == accept][place].click().run()
    assert "Choose what to accept." in app.error[0].value
    chosen = [m for m in app.multiselect if m.label == "Accept as it is"][place]
    chosen.set_value(list(chosen.options))
    reason = [t for t in app.text_input if t.label.startswith("Reason")][place]
    reason.set_value("Agreed by email")
    [b for b in app.button if b.label == accept][place].click().run()
    assert not app.exception
    assert not app.error
    labels = [e.label for e in app.expander]
    assert title not in labels
    assert f"Accepted: {number}" in labels
