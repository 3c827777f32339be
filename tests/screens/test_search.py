"""The search box on every page: who is on the phone is found by what they say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from po_toolkit.api.bank import import_bank_statement
from po_toolkit.api.bank_matching import bank_lines, candidates
from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.api.reports import front_page, search
from tests.bank.statement import Entry, camt

SHEET = """\
organization_name,contact_name,contact_email,po_number,currency,amount
Café Données S.A.,Zoë Brandt,ap@donnees.example,FR/2027/8,usd,12390.45
Müller & Söhne GmbH,Jan Weiß,jan@mueller.example,4711,usd,1000.00
Kaito Works KK,,pay@kaito.example,JP-0091,jpy,1650000
Blue 100%_Systems,,a@blue.example,B-1,usd,7.00
"""


@pytest.fixture
def books(conference):
    opened = conference()
    import_purchase_orders(opened, SHEET.encode(), file_name="sponsors.csv")
    return opened


def names(hits):
    return [hit.order.organization_name for hit in hits]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cafe donnees", "Café Données S.A."),
        ("DONNÉES café", "Café Données S.A."),
        ("zoe", "Café Données S.A."),
        ("brandt donnees", "Café Données S.A."),
        ("ap@donnees.example", "Café Données S.A."),
        ("fr/2027/8", "Café Données S.A."),
        ("muller sohne", "Müller & Söhne GmbH"),
        ("mueller soehne", "Müller & Söhne GmbH"),
        ("weiss", "Müller & Söhne GmbH"),
        ("4711", "Müller & Söhne GmbH"),
        ("100%_", "Blue 100%_Systems"),
    ],
)
def test_words_find_a_sponsor_in_any_order_and_without_accents(books, text, name):
    """On the phone nobody spells the accents."""
    assert names(search(books, text)) == [name]


def test_what_fits_nothing_finds_nothing(books):
    """A wildcard typed by chance must not list everybody."""
    for text in ("zzz", "%", "_x_", "brandt kaito", "   "):
        found = names(search(books, text))
        assert found in ([], ["Blue 100%_Systems"]), text


def test_numbers_references_and_amounts_find_their_purchase_order(books):
    """'We paid 1,000 with reference FT-77, invoice so and so': each of the three must do."""
    muller = search(books, "4711")[0].order.reference
    (result,) = invoice_purchase_orders(books, references=[muller]).results
    record_payment_by_hand(
        books, muller, amount=Decimal("400.00"), method="wire", payment_reference="FT-77"
    )
    with_invoice = search(books, muller)[0].order
    assert search(books, result.stripe_invoice_id)[0].order == with_invoice
    for text, amount in (
        ("ft-77", None),
        (muller.lower(), None),
        ("1000", Decimal(1000)),
        ("600", Decimal(600)),
        ("400.00", Decimal(400)),
    ):
        assert names(search(books, text, amount=amount)) == ["Müller & Söhne GmbH"], text
    assert names(search(books, "1650000", amount=Decimal(1650000))) == ["Kaito Works KK"]
    assert search(books, "1650000.5", amount=Decimal("1650000.5")) == []


def test_a_bank_line_without_a_purchase_order_is_found_too(books):
    """A wire that nobody has matched is what callers ask about most."""
    line = Entry(date(2026, 11, 2), Decimal("55.00"), "Sponsoring XK-9", "Nobody Ltd")
    import_bank_statement(books, camt([line]), file_name="bank.xml")
    assert [(hit.order, hit.why) for hit in search(books, "xk-9")] == [(None, "Nobody Ltd")]


def test_enter_on_a_bank_line_opens_the_bank_page_at_it(show, read, books):
    """Two hundred lines are not looked through again for the one that was found."""
    lines = [
        Entry(date(2026, 11, 2), Decimal(f"{n}.00"), f"Sponsoring XK-{n}", "Nobody Ltd")
        for n in range(1, 6)
    ]
    import_bank_statement(books, camt(lines), file_name="bank.xml")
    app = show("home")
    app.text_input(key="pycon-2027:find.0").set_value("xk-4").run()
    assert not app.exception
    assert app.title[0].value == "Bank"
    assert "booked Nov 2, 2026 (line 4)" in read(app)


def test_enter_on_a_single_hit_opens_it_and_several_are_listed(show, read, books):
    """The caller waits while one clicks."""
    app = show("settings")
    app.text_input(key="pycon-2027:find.0").set_value("donnees").run()
    assert not app.exception
    assert app.title[0].value.replace("\\", "") == "Café Données S.A."
    app = show("home")
    app.text_input(key="pycon-2027:find.0").set_value("example").run()
    assert not app.exception
    assert app.title[0].value == "PyCon 2027"
    labels = [link.proto.label.replace("\\", "") for link in app.get("page_link")]
    assert {"Café Données S.A.", "Kaito Works KK"} <= set(labels)
    app.text_input(key="pycon-2027:find.0").set_value("nobody at all").run()
    assert "Nothing found for “nobody at all”" in read(app)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1,650,000 JPY", "Kaito Works KK"),
        ("¥1,650,000", "Kaito Works KK"),
        ("US$12,390.45", "Café Données S.A."),
        ("$1,000", "Müller & Söhne GmbH"),
        ("1,000", "Müller & Söhne GmbH"),
        ("ft 77", "Blue 100%_Systems"),
        ("FT77", "Blue 100%_Systems"),
    ],
)
def test_amounts_and_references_are_found_as_people_write_and_say_them(show, books, text, name):
    """Whoever copies 1,650,000 JPY from an email must not have to take the currency off."""
    reference = search(books, "B-1")[0].order.reference
    record_payment_by_hand(
        books, reference, amount=Decimal("2.00"), method="wire", payment_reference="FT-77"
    )
    app = show("activity")
    app.text_input(key="pycon-2027:find.0").set_value(text).run()
    assert not app.exception
    assert app.title[0].value.replace("\\", "") == name


def test_marks_alone_find_nothing(books):
    """A slip of the finger must not list everybody who ever paid."""
    record_payment_by_hand(
        books, search(books, "4711")[0].order.reference, amount=Decimal(1), method="wire"
    )
    assert not [hit for hit in search(books, " - ") if hit.why.startswith("payment")]


def test_what_was_found_is_folded_up_on_the_page_that_was_opened_from_it(show, books):
    """Twenty hits above a purchase order would hide it."""
    app = show("home")
    app.text_input(key="pycon-2027:find.0").set_value("example").run()
    hits = next(e for e in app.expander if "found for" in e.label)
    assert hits.label == "4 found for “example”"
    assert hits.proto.expanded
    elsewhere = show("order", po=search(books, "4711")[0].order.reference)
    elsewhere.session_state["pycon-2027:find.from"] = ("home", "")
    elsewhere.session_state["pycon-2027:find.0"] = "example"
    elsewhere.session_state["pycon-2027:find.searched"] = "example"
    elsewhere.run()
    hits = next(e for e in elsewhere.expander if "found for" in e.label)
    assert not hits.proto.expanded


def test_a_search_that_opened_a_page_is_over(show, books):
    """A caller's name that stays in the box looks like the list's filter and opens them again."""
    app = show("home")
    app.text_input(key="pycon-2027:find.0").set_value("donnees").run()
    assert app.title[0].value.replace("\\", "") == "Café Données S.A."
    assert app.text_input(key="pycon-2027:find.1").value == ""
    app.text_input(key="pycon-2027:find.1").set_value("kaito").run()
    assert app.title[0].value == "Kaito Works KK"
    app.text_input(key="pycon-2027:find.2").set_value("kaito").run()
    assert app.title[0].value == "Kaito Works KK"


def test_a_line_that_names_two_sponsors_offers_theirs_first(books):
    """Whoever pays two purchase orders at once is not looked for among amounts like the sum."""
    line = Entry(date(2026, 11, 2), Decimal("13000.00"), "Blue 100% Systems, Cafe", "Nobody Ltd")
    import_bank_statement(books, camt([line]), file_name="bank.xml")
    (found,) = bank_lines(books)
    assert candidates(books, found)[0].title == "Blue 100%_Systems"
    assert front_page(books).waiting["bank_lines"] == 1
