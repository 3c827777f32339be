"""Purchase orders: finding one among many, and everything that is known of it."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from decimal import Decimal

from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import credit
from po_toolkit.api.reports import View
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.reconcile import list_purchase_orders
from po_toolkit.reconcile.front_page import front_page
from po_toolkit.store.purchase_orders import by_reference


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
    app = show("orders", sort="Sponsor")
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
    for words in ("Silver sponsorship", "FT-1", "sponsors-2027.csv, rows 2-5", "Payment"):
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
    app = show("orders", sort="Sponsor", **{"orders-page": "3"})
    assert not app.exception
    assert app.dataframe[0].value["organization_name"].iloc[0] == "Org 100"
    app.text_input(key="search").set_value("Org 00").run()
    assert not app.exception
    assert app.dataframe[0].value["organization_name"].iloc[0] == "Org 000"
    app.session_state["orders-page"] = 99
    app.text_input(key="search").set_value("").run()
    assert not app.exception
    assert not app.error


def tick(app, rows, cells=()):
    """Tick rows of the list, or click cells."""
    table = app.dataframe[0]
    selection = {"rows": list(rows), "columns": [], "cells": list(cells)}
    app.session_state[table.key] = {"selection": selection}
    return app.run()


def test_a_click_on_the_name_opens_and_one_on_an_amount_does_not(show, season):
    """Who wants to copy an amount must not land on another page."""
    app = tick(show("orders", search="northwind"), [], [(0, "balance")])
    assert app.title[0].value == "Purchase orders"
    app = tick(show("orders", search="northwind"), [], [(0, "organization_name")])
    assert not app.exception
    assert app.title[0].value == "Northwind Logistics GmbH"


def test_several_are_cancelled_with_a_reason_and_leave_every_sum(show, read, season, conference):
    """One that cannot be cancelled is named and does not stop the others."""
    opened = conference()
    app = show("orders", sort="Sponsor")
    before = list_purchase_orders(opened.store, opened.conference, limit=100)
    at = organizations(app).index("Northwind Logistics GmbH")
    others = [i for i in range(3) if i != at][:2]
    app = tick(app, [*others, at])
    button = next(b for b in app.button if b.label == "Cancel 3 purchase orders")
    assert button.disabled, "no reason was given"
    app.text_input(key=f"{button.key}.reason").set_value("They withdrew").run()
    app.button(key=button.key).click().run()
    assert not app.exception
    seen = read(app)
    assert "2 purchase orders cancelled." in seen
    assert "Northwind Logistics GmbH: " in seen, "100.00 USD is received on it"
    after = list_purchase_orders(opened.store, opened.conference, limit=100)
    gone = {o.reference: o for o in after.orders if o.status == "cancelled"}
    assert len(gone) == 2
    (was,), (now,) = before.totals, after.totals
    assert was.total - now.total == sum(o.total for o in gone.values())
    assert now.purchase_orders == was.purchase_orders - 2
    assert "the sums leave out 2 cancelled" in seen


def test_who_is_late_longest_comes_first_among_the_overdue(show, season):
    """The oldest debt at the end of a long list is the one that nobody calls about."""
    app = show("orders", view="Overdue, not reminded")
    assert next(s for s in app.selectbox if s.label == "Sort by").value == "Due date"
    next(s for s in app.selectbox if s.label == "View").set_value("All").run()
    assert not app.exception
    assert next(s for s in app.selectbox if s.label == "Sort by").value == "Newest first"
    next(s for s in app.selectbox if s.label == "View").set_value("Overdue").run()
    assert next(s for s in app.selectbox if s.label == "Sort by").value == "Due date"


def test_chosen_invoices_come_as_pdf_files_in_one_archive(show, season, press):
    """Forty clicks for forty papers is a morning."""
    app = tick(show("orders", sort="Sponsor"), [0, 1])
    with zipfile.ZipFile(io.BytesIO(press(app, "Download PDFs"))) as files:
        assert len(files.namelist()) == 2
        assert all(files.read(name).startswith(b"%PDF") for name in files.namelist())


def test_views_and_amounts_narrow_the_list_as_the_ageing_does(conference, season):
    """An overdue sponsor who is missing in the list is not called."""
    opened = conference()
    store, today = opened.store, opened.today()
    references = [
        o.reference
        for o in list_purchase_orders(store, opened.conference, sort="reference", limit=6).orders
        if o.reference != season
    ]
    invoice_purchase_orders(opened, references=references)
    with store.writing(STRIPE, Act.SYNC) as uow:
        for reference, days in zip(references, (0, 1, 31, 61, 91), strict=False):
            order = by_reference(uow.session, opened.conference, reference)
            order.live_invoice.due_date = today - timedelta(days=days)
    front = front_page(store, opened.conference, today=today)
    for aged in front.ageing:
        page = list_purchase_orders(
            store, opened.conference, view=aged.bucket, currency=[aged.currency], today=today
        )
        assert page.matching == aged.purchase_orders, aged.bucket
        assert page.totals[0].outstanding == aged.amount
    (totals,) = front.totals
    for view, number in (
        (View.OVERDUE, totals.overdue_orders),
        (View.NOT_REMINDED, totals.overdue_orders),
        (View.RECENT_MONEY, 1),
        (View.CANCELLED_WITH_MONEY, 0),
    ):
        found = list_purchase_orders(store, opened.conference, view=view, today=today)
        assert found.matching == number, view
    overdue = list_purchase_orders(store, opened.conference, view=View.OVERDUE, today=today)
    assert all(o.days_overdue > 0 for o in overdue.orders)
    most = max(o.balance for o in overdue.orders)
    above = list_purchase_orders(
        store, opened.conference, view=View.OVERDUE, above=most - Decimal("0.01"), today=today
    )
    assert [o.balance for o in above.orders] == [most]
    assert not list_purchase_orders(
        store, opened.conference, view=View.OVERDUE, above=most, today=today
    ).matching
