"""Purchase orders: finding one among many, and everything that is known of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import credit, record_payment_by_hand
from po_toolkit.reconcile import list_purchase_orders


@pytest.fixture
def season(conference, sample):
    """Forty purchase orders of the sample, one of them paid by wire in part."""
    name, data, _ = sample("sponsors-2027.csv")
    opened = conference()
    import_purchase_orders(opened, data, file_name=name)
    first = list_purchase_orders(opened.store, opened.conference, text="northwind").orders[0]
    record_payment_by_hand(
        opened, first.reference, amount=Decimal(100), method="wire", payment_reference="FT-1"
    )
    return first.reference


def organizations(app):
    return list(app.dataframe[0].value["organization_name"])


def test_a_search_finds_by_part_of_the_name_in_any_case(show, season):
    """A treasurer on the phone types three letters, not the registered name."""
    assert organizations(show("orders", search="NORTHW")) == ["Northwind Logistics GmbH"]


def test_a_status_filters_and_the_address_keeps_the_view(show, read, season):
    """A view worth keeping is a bookmark."""
    app = show("orders", status="Partially paid")
    assert organizations(app) == ["Northwind Logistics GmbH"]
    assert "1 purchase order" in read(app)


def test_filters_without_a_hit_say_so(show, read, season):
    """An empty table without a word looks like lost data."""
    assert "No purchase order fits these filters." in read(show("orders", search="zzz"))


def test_sorting_is_by_amount_not_by_text(show, season):
    """9,500 sorted above 30,000 hides the largest debt."""
    totals = list(show("orders", sort="Largest total").dataframe[0].value["total"])
    assert totals == sorted(totals, reverse=True)


def test_long_lists_come_page_by_page(show, read, conference, season):
    """Ten thousand rows in one table would hang the browser."""
    rows = "".join(f"Extra {n},x{n}@extra.example,X-{n},10.00\n" for n in range(30))
    sheet = f"organization_name,contact_email,po_number,amount\n{rows}"
    import_purchase_orders(conference(), sheet.encode(), file_name="more.csv")
    app = show("orders", sort="Organization")
    assert "70 purchase orders" in read(app)
    assert len(organizations(app)) == 50
    first = organizations(app)
    app.pagination[0].set_value(2).run()
    assert len(organizations(app)) == 20
    assert not set(first) & set(organizations(app))


def test_one_order_shows_its_sums_lines_money_and_source(show, read, season):
    """Each figure must lead back to the rows of the spreadsheet it came from."""
    app = show("order", po=season)
    assert not app.exception
    assert app.title[0].value == "Northwind Logistics GmbH"
    sums = {m.label: m.value for m in app.metric}
    assert sums["Total"] == "10,662.44\u00a0USD"
    assert sums["Paid"] == "100.00\u00a0USD"
    assert sums["Balance"] == "10,562.44\u00a0USD"
    seen = read(app)
    for words in ("Silver sponsorship", "FT-1", "sponsors-2027.csv, row 2, 3, 4, 5", "Payment"):
        assert words in seen


def test_an_invoiced_order_links_to_its_page_at_stripe(show, season, conference, simulator):
    """The sponsor who lost the mail gets the link within the minute."""
    invoice_purchase_orders(conference(), references=[season])
    app = show("order", po=season)
    urls = next(f.value for f in app.dataframe if "hosted_url" in f.value)["hosted_url"]
    assert urls[0].startswith(simulator.url)


def test_a_credit_note_stands_in_the_story(show, read, season, conference):
    """Money forgiven without a trace is what auditors look for."""
    credit(conference(), season, amount=Decimal("50.00"), reason="Booth was too small")
    seen = read(show("order", po=season))
    assert "Booth was too small" in seen


def test_an_unknown_reference_is_told_not_thrown(show, read):
    """An old link in a mail must not end in a traceback."""
    app = show("order", po="PO-ZZZZZZ")
    assert not app.exception
    assert "PO-ZZZZZZ" in read(app)


def test_the_page_of_another_conferences_order_stays_shut(show, read, season):
    """A guessed reference must not open another conference's sponsor."""
    app = show("order", name="Live 2027", po=season)
    assert not app.exception
    assert "Northwind" not in read(app)


def test_a_name_full_of_markdown_stays_a_name(show, conference):
    """A sponsor called *Star* [x](y) must neither vanish nor become a link."""
    name = "*Star* [click](https://evil.example) $x$ :red[now] <b>"
    sheet = f'organization_name,contact_email,po_number,amount\n"{name}",a@star.example,S-1,5.00\n'
    report = import_purchase_orders(conference(), sheet.encode(), file_name="star.csv")
    app = show("order", po=report.references[0])
    shown = app.title[0].value
    assert shown.replace("\\", "") == name
    assert all(shown[i - 1] == "\\" for i, c in enumerate(shown) if c in "*[]()$:<>")


def test_papers_of_a_purchase_order_are_pdf_files(show, season, press):
    """A sponsor's accounts department asks for a paper, not for a link to a page."""
    for label in ("Invoice with payments (PDF)", "Sponsor's statement (PDF)"):
        assert press(show("order", po=season), label).startswith(b"%PDF")


def test_the_page_that_is_turned_to_stands_in_the_address(show, conference):
    """'Look at page 3 of my list' must be a link."""
    rows = "".join(f"Org {n:03},a{n}@x.example,P-{n},{n + 1}.00\n" for n in range(120))
    sheet = f"organization_name,contact_email,po_number,amount\n{rows}"
    import_purchase_orders(conference(), sheet.encode(), file_name="many.csv")
    app = show("orders", sort="Organization", **{"orders-page": "3"})
    assert not app.exception
    assert app.dataframe[0].value["organization_name"].iloc[0] == "Org 100"
    app.text_input(key="search").set_value("Org 00").run()
    assert not app.exception
    assert app.dataframe[0].value["organization_name"].iloc[0] == "Org 000"
    app.session_state["orders-page"] = 99
    app.text_input(key="search").set_value("").run()
    assert not app.exception
    assert not app.error
