"""Invoices and statements on paper say what the books say, in the sponsor's script."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, date, datetime

import pytest

from po_toolkit.errors import PoToolkitError
from po_toolkit.reconcile.documents import fonts, invoice_pdf, statement_pdf
from po_toolkit.reconcile.statement import sponsor_statement, sponsors
from po_toolkit.store.purchase_orders import by_reference

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def text_of(tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed; the words on the page are not checked")

    def read(content):
        path = tmp_path / "page.pdf"
        path.write_bytes(content)
        command = ["pdftotext", "-layout", str(path), "-"]
        done = subprocess.run(command, capture_output=True, check=True, text=True)
        return re.sub(r"[ \t]+", " ", done.stdout)

    return read


def pages(content):
    return len(re.findall(rb"/Type /Page\b", content))


@pytest.fixture
def order(ledgers, store, conference):
    made = ledgers.order(
        100_000,
        -5_050,
        reference="PO-AAAAAA",
        po_number="4500012345",
        organization_name="Nörd & Søn",
        billing_address="1 Harbour Street\nLyon",
        contact_name="Accounts",
    )
    ledgers.invoice(
        made, number="A-1", due_date=date(2027, 2, 4), hosted_url="https://pay.example/i"
    )
    ledgers.entry(made, 40_000, method="wire")
    ledgers.credit(made, 10_000)
    with store.reading() as session:
        return by_reference(session, conference, "PO-AAAAAA")


def test_an_invoice_shows_number_sums_and_what_is_due(order, conference, text_of):
    text = text_of(invoice_pdf(order, conference))
    for words in (
        "PyCon 2027",
        "Nörd & Søn",
        "Invoice A-1",
        "Your PO number 4500012345",
        "Our reference PO-AAAAAA",
        "Due 4 February 2027",
        "Item 2 1 -50.50 -50.50",
        "Total 949.50 USD",
        "Credited -100.00 USD",
        "Paid -400.00 USD",
        "Amount due 449.50 USD",
        "https://pay.example/i",
    ):
        assert words in text


def test_a_draft_is_dated_as_it_would_be_sent(ledgers, store, conference, text_of):
    """Else the preview of a month-old draft shows a due date that is past when it is sent."""
    ledgers.order(10_000, reference="PO-DDDDDD")
    with store.reading() as session:
        draft = by_reference(session, conference, "PO-DDDDDD")
    text = text_of(invoice_pdf(draft, conference, today=date(2027, 3, 1)))
    assert "Date 1 March 2027" in text
    assert "Due 31 March 2027" in text


def test_the_same_invoice_is_the_same_file(order, conference):
    assert invoice_pdf(order, conference) == invoice_pdf(order, conference)


def test_a_long_invoice_goes_on_with_its_head_on_every_page(ledgers, store, conference, text_of):
    ledgers.order(*[100] * 120, reference="PO-LLLLLL")
    with store.reading() as session:
        content = invoice_pdf(by_reference(session, conference, "PO-LLLLLL"), conference)
    text = text_of(content)
    assert pages(content) >= text.count("Description") == 4
    assert text.count("Item ") == 120
    assert "Amount due 120.00 USD" in text


@pytest.mark.parametrize(
    "name",
    ["株式会社カイト", "北京示例公司", "주식회사 카이트", "Ελλάς", "Дмитрий", "شركة", "חברה"],
)
def test_a_sponsors_name_is_written_in_his_own_script(ledgers, store, conference, name, text_of):
    ledgers.order(100_00, organization_name=name, reference="PO-SSSSSS")
    with store.reading() as session:
        text = text_of(invoice_pdf(by_reference(session, conference, "PO-SSSSSS"), conference))
    assert set(name) - {" "} <= set(text)


def test_a_letter_that_no_font_has_is_an_error_and_no_empty_box(
    ledgers, store, conference, monkeypatch
):
    monkeypatch.setattr(fonts, "_SYSTEM_FOLDERS", ())
    ledgers.order(100_00, organization_name="ᠮᠣᠩᠭᠣᠯ", reference="PO-MMMMMM")
    with (
        store.reading() as session,
        pytest.raises(PoToolkitError, match="MONGOLIAN LETTER"),
    ):
        invoice_pdf(by_reference(session, conference, "PO-MMMMMM"), conference)


def test_an_emoji_does_not_stop_an_invoice(ledgers, store, conference, text_of):
    ledgers.order(100_00, organization_name="Acme 🦩 AG", reference="PO-EEEEEE")
    with store.reading() as session:
        text = text_of(invoice_pdf(by_reference(session, conference, "PO-EEEEEE"), conference))
    assert "Acme" in text
    assert "AG" in text


def test_a_cancelled_order_asks_for_nothing(ledgers, store, conference, text_of):
    ledgers.order(100_00, cancelled_at=NOW, reference="PO-CCCCCC")
    with store.reading() as session:
        text = text_of(invoice_pdf(by_reference(session, conference, "PO-CCCCCC"), conference))
    assert "Cancelled invoice" in text
    assert "Amount due 0.00 USD" in text


def test_a_statement_shows_every_line_and_what_is_owed(order, ledgers, store, conference, text_of):
    made = sponsor_statement(store, conference, "NÖRD & SØN", as_of=date(2027, 3, 1))
    text = text_of(statement_pdf(made, made_at=NOW))
    for words in (
        "Statement of account",
        "Invoice A-1",
        "949.50 949.50",
        "400.00 549.50",
        "100.00 449.50",
        "Amount due 449.50 USD",
    ):
        assert words in text
    assert sponsors(store, conference, as_of=date(2027, 3, 1)) == ["Nörd & Søn"]


def test_a_statement_names_the_invoice_that_was_paid_as_the_sponsor_knows_it(
    order, ledgers, store, conference, text_of
):
    """in_1a1c65ad means nothing to the accounts department that reads it."""
    with store.reading() as session:
        made = by_reference(session, conference, "PO-AAAAAA")
    ledgers.entry(made.id, 9_950, reference=made.live_invoice.stripe_invoice_id)
    of = sponsor_statement(store, conference, "NÖRD & SØN", as_of=date(2027, 3, 1))
    text = text_of(statement_pdf(of, made_at=NOW))
    assert "Payment: A-1" in text
    assert "in_" not in text


def test_a_statement_from_a_day_opens_with_what_was_owed(order, store, conference):
    made = sponsor_statement(
        store, conference, "Nörd & Søn", as_of=date(2027, 3, 1), since=date(2027, 1, 21)
    )
    assert made.lines["what"].tolist() == ["opening balance", "credit_note"]
    assert made.lines["balance"].tolist() == [54_950, 44_950]


def test_a_sponsor_nobody_knows_is_named(store, conference):
    with pytest.raises(ValueError, match="Nobody Ltd"):
        sponsor_statement(store, conference, "Nobody Ltd", as_of=date(2027, 3, 1))


def test_the_original_name_still_makes_the_invoice(opened, make_order):
    from po_toolkit import generate_invoice_pdf

    assert generate_invoice_pdf(make_order(), opened=opened).startswith(b"%PDF-")
