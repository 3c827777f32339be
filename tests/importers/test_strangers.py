"""Sheets in words that no synonym list holds, as they come from strangers' programs.

Each is of a kind that once lost a discount, a PO number or a currency without a message. When one
of these fails, a sponsor is billed a wrong amount, or under a wrong number, and nobody is asked.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import openpyxl
import pytest

from po_toolkit.importers.orders import Options, SheetReading, read_orders
from po_toolkit.importers.problems import ImportQuestionsError
from po_toolkit.importers.readers import reader_of
from po_toolkit.importers.table import choose_sheet, read_table

HEADER = ("Sponsor", "Email", "PO number", "Description", "Amount")
ACME = ("Acme", "ap@acme.example", "P1", "Gold", "100.00")


def read(rows: Sequence[Sequence[Any]], *, sheet: str = "") -> SheetReading | list[str]:
    """Return what a table gives, or the keys of its questions."""
    if sheet:
        book = openpyxl.Workbook()
        (tab,) = book.worksheets
        tab.title = sheet
        for row in rows:
            tab.append(list(row))
        binary = io.BytesIO()
        book.save(binary)
        content = binary.getvalue()
    else:
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=";").writerows(rows)
        content = out.getvalue().encode()
    table = read_table(choose_sheet(reader_of(content).open(content), None))
    try:
        reading = read_orders(table, Options("usd", today=date(2026, 11, 29)))
    except ImportQuestionsError as asked:
        return [question.key for question in asked.questions]
    return [question.key for question in reading.questions] or reading


@pytest.mark.parametrize(
    "header",
    """Disc.|Rab.|Rbt. %|Desc. %|% off|Less|Promo|Early bird|Upust|Scont.|WHT|IRPF|Retención|TDS|
    QST|S&H|Postage|P&P|Bank charges|Tip|Porto|Forskud|手付金|前払|源泉徴収|Open amount|
    Restant dû|Deducted|Agency %|Provision %|Kickback|Split %|Share""".replace("\n    ", "").split(
        "|"
    ),
)
def test_a_column_of_numbers_that_nobody_knows_is_asked_about(header: str) -> None:
    assert read([(*HEADER, header), (*ACME, "15")]) == [f"column:{header}"]


@pytest.mark.parametrize("header", ["Passes", "# tickets", "Personen", "Booth", "人数", "Hall"])
def test_what_only_counts_is_not_asked_about(header: str) -> None:
    reading = read([(*HEADER, header), (*ACME, "2")])
    assert isinstance(reading, SheetReading)
    assert [left.column for left in reading.left_columns] == [header]


@pytest.mark.parametrize(
    ("headers", "cells", "key"),
    [
        ((*HEADER, "New PO"), (*ACME, "P9"), "field:po_number"),
        ((*HEADER, "Currency", "Contract currency"), (*ACME, "EUR", "USD"), "field:currency"),
        ((*HEADER, "Currency", "Invoice currency"), (*ACME, "EUR", "USD"), "field:currency"),
        ((*HEADER, "Invoice amount"), (*ACME, "120.00"), "field:amount"),
        ((*HEADER, "New billing mail"), (*ACME, "new@acme.example"), "field:contact_email"),
        ((*HEADER, "Due date", "Revised due"), (*ACME, "2027-01-31", "2027-03-31"),
         "field:due_date"),
        (("Kund", "E-post", "Ordernr", "Vara", "Summa"), ACME, "field:po_number"),
        (("Sponsor", "Email", "Kenmerk order", "Item", "Amount"), ACME, "field:po_number"),
    ],
)  # fmt: skip
def test_a_second_column_of_a_kind_is_asked_about(
    headers: Sequence[str], cells: Sequence[str], key: str
) -> None:
    assert read([headers, cells]) == [key]


def test_a_currency_on_the_tab_is_asked_about() -> None:
    """One workbook with a sheet for each currency is common; its amounts name none."""
    assert read([HEADER, ACME], sheet="Sponsors EUR") == ["currency:"]
    canonical = ("organization_name", "contact_email", "po_number", "description", "amount")
    assert isinstance(read([canonical, ACME], sheet="Sponsors EUR"), SheetReading)


def test_what_stands_for_a_po_number_is_none() -> None:
    """Two sponsors' orders grouped under ``TRUE``, or a number that shows as hashes."""
    reading = read([HEADER, ACME, ("Acme", "ap@acme.example", "TRUE", "Booth", "50.00"),
                    ("Acme", "ap@acme.example", "########", "Lunch", "70.00")])  # fmt: skip
    assert isinstance(reading, SheetReading)
    assert [order.po_number for order in reading.orders] == ["P1", ""]
    assert [(problem.row, problem.code) for problem in reading.errors] == [(4, "digits_lost")]


@pytest.mark.parametrize(
    ("phone", "copies"),
    [("Phone", "CC"), ("Tel.", "Cc e-mails"), ("Telefonnummer", "Kopie an"),
     ("N° de téléphone", "En copie"), ("Teléfono", "Con copia a"), ("Telemóvel", "Com cópia para"),
     ("Recapito telefonico", "In copia a"), ("Telefoonnummer", "Kopie aan"),
     ("Telefon", "Kopia till"), ("Nr telefonu", "Kopia do"), ("電話番号", "CC宛先")],
)  # fmt: skip
def test_phone_and_copies_are_kept(phone: str, copies: str) -> None:
    """Otherwise whoever asked for a copy never gets one, and nobody can be called."""
    lines = [(*ACME, "+49 30 1234567", "cfo@acme.example; ap2@acme.example"),
             (*ACME[:3], "Booth", "50.00", "", "cfo@acme.example")]  # fmt: skip
    reading = read([(*HEADER, phone, copies), *lines])
    assert isinstance(reading, SheetReading)
    (order,) = reading.orders
    assert order.contact_phone == "+49 30 1234567"
    assert order.cc_emails == "cfo@acme.example, ap2@acme.example"


def test_a_column_cc_without_addresses_is_no_copy() -> None:
    """``CC`` may be a cost centre."""
    reading = read([(*HEADER, "CC"), (*ACME, "Marketing")])
    assert isinstance(reading, SheetReading)
    assert reading.orders[0].cc_emails == ""
    assert [left.column for left in reading.left_columns] == ["CC"]


@pytest.mark.parametrize(
    "header",
    ["Paid", "Already paid", "Amount received", "Bezahlt", "Acompte", "Descuento", "Discount",
     "Credit", "Deposit", "Invoiced", "Fakturiert", "Setup fee", "Versand", "Refunded", "入金"],
)  # fmt: skip
def test_what_was_paid_is_asked_about_where_it_equals_the_amount(header: str) -> None:
    """It does not repeat the amount: who paid all of it would be billed all of it again."""
    rows = [
        (*HEADER, header),
        (*ACME, "100.00"),
        ("Beta", "b@b.example", "P2", "Gold", "90.00", ""),
    ]
    assert read(rows) == [f"column:{header}"]


@pytest.mark.parametrize("header", ["Balance due", "Total", "Gross total", "Total incl. VAT"])
def test_what_repeats_the_amount_is_not_asked_about(header: str) -> None:
    rows = [(*HEADER, header), (*ACME[:4], "500", "500"), (*ACME[:2], "P2", "Booth", "90", "90")]
    reading = read(rows)
    assert isinstance(reading, SheetReading)
    assert [order.total for order in reading.orders] == [50_000, 9_000]
    assert [left.column for left in reading.left_columns] == [header]


@pytest.mark.parametrize(
    ("header", "cells", "marked"),
    [
        ("Cancelled?", ("yes", "no"), [2]),
        ("Withdrawn", ("", "x"), [3]),
        ("Do not invoice", ("TRUE", "FALSE"), [2]),
        ("Storniert", ("nein", "ja"), [3]),
        ("Annulé", ("oui", "non"), [2]),
        ("Confirmed", ("Y", "N"), [3]),
        ("Rechnung?", ("ja", "nein"), [3]),
        ("À facturer", ("oui", "non"), [3]),
        ("Invoice", ("INV-1", ""), [2]),
        ("Invoice #", ("INV-1", "INV-2"), []),
        ("Rechnungsnr.", ("", "RE-17"), [3]),
        ("Cancelled on", ("2026-11-03", ""), [2]),
        ("Stage", ("Closed won", "Proposal sent"), [3]),
        ("Status", ("Cancelled by sponsor", "Confirmed"), [2]),
        ("Comments", ("Do not invoice yet, contract pending", "Send soon"), [2]),
        ("Stav", ("Confirmed", "čeká"), [3]),
        ("État", ("à confirmer", "Signé"), [2]),
        ("Status", ("Signed", "Contract signed (3 Nov)"), []),
        ("Region", ("EMEA", "US"), []),
        ("Archived", ("TRUE", "FALSE"), [2]),
        ("Confirmado", ("no", "sí"), [2]),
        ("Vegetarian", ("yes", "no"), []),
    ],
)
def test_a_row_that_a_column_of_yes_and_no_takes_out_is_shown(
    header: str, cells: Sequence[str], marked: Sequence[int]
) -> None:
    """Else who cancelled is billed, and nobody saw it before."""
    reading = read([(*HEADER, header), (*ACME, cells[0]), (*ACME[:2], "P2", *ACME[3:], cells[1])])
    assert isinstance(reading, SheetReading)
    found = [w.row for w in reading.warnings if w.code == "status_cancelled"]
    assert found == marked


@pytest.mark.parametrize(
    ("header", "note", "means"),
    [
        ("Notes", "net 60", "payment terms"),
        ("Notes", "Zahlbar innerhalb 60 Tagen", "payment terms"),
        ("Anmerkung", "zzgl. 19 % MwSt", "tax"),
        ("Comments", "plus VAT", "tax"),
        ("Notes", "Exkl. moms", "tax"),
        ("Notes", "10% discount agreed", "a discount"),
        ("Remarques", "remise de 10 % accordée", "a discount"),
        ("備考", "10%割引", "a discount"),
        ("Notes", "half now, half in March", "payment in parts"),
        ("Notas", "50% de anticipo", "payment in parts"),
        ("Internal remark", "send to billing@zeta.example instead", "another recipient"),
        ("Notes", "ask for ap@acme.example", ""),
        ("Notes", "returning sponsor, loves the Rust track", ""),
        ("Notes", "VAT ID: DE811907980", ""),
        ("Notes", "net promoter of our fair", ""),
        ("Description", "Lunch (optional)", "a line that is optional"),
        ("Description", "Gold sponsor", ""),
    ],
)
def test_a_note_that_changes_the_invoice_is_shown(header: str, note: str, means: str) -> None:
    """Else the sponsor gets an invoice without what was agreed, and nobody looked."""
    head = ["organization_name", "contact_email", "po_number", "amount", "currency", header]
    reading = read([head, ["Acme", "ap@acme.example", "P1", "500.00", "USD", note]])
    assert isinstance(reading, SheetReading)
    found = [w.message for w in reading.warnings if w.code == "note_not_applied"]
    assert len(found) == bool(means)
    assert all(f" may mean {means}: " in message for message in found)


def test_a_note_of_what_a_column_says_is_not_shown() -> None:
    """Warnings of what is right are the reason that nobody reads the others."""
    head = ["Sponsor", "Email", "PO number", "Amount", "Currency", "Due date", "Notes"]
    row = ["Acme", "ap@acme.example", "P1", "500.00", "USD", "2027-03-01", "Net 45 agreed"]
    reading = read([head, row, [*row[:2], "P2", *row[3:5], "", row[6]]])
    assert isinstance(reading, SheetReading)
    assert [w.row for w in reading.warnings if w.code == "note_not_applied"] == [3]


@pytest.mark.parametrize(
    "header",
    ["Payer", "Agency", "Parent company", "Facturer à", "Zahler", "Pagador", "Invoice recipient",
     "On behalf of", "Sold to", "发票抬头", "Tomador", "Plátce"],
)  # fmt: skip
def test_a_column_of_who_else_may_be_billed_is_asked_about(header: str) -> None:
    assert read([(*HEADER, header), (*ACME, "Acme Holding GmbH")]) == ["field:organization_name"]
    assert isinstance(read([(*HEADER, header), (*ACME, "Acme")]), SheetReading)


def test_bill_to_is_an_address_or_a_name_by_what_it_holds() -> None:
    named = read([(*HEADER, "Bill to"), (*ACME, "Acme Holding GmbH")])
    assert isinstance(named, SheetReading)
    assert named.orders[0].organization_name == "Acme Holding GmbH"
    placed = read([(*HEADER, "Bill to"), (*ACME, "1 Main St, Boston MA 02110")])
    assert isinstance(placed, SheetReading)
    assert placed.orders[0].organization_name == "Acme"
    assert placed.orders[0].billing_address == "1 Main St, Boston MA 02110"
    beside = ("Beta", "b@b.example", "P2", "Gold", "90.00", "")
    partly = read([(*HEADER, "Bill to"), (*ACME, "Acme Holding GmbH"), beside])
    assert partly == ["field:organization_name"]


@pytest.mark.parametrize(
    ("header", "cell", "due", "days"),
    [
        ("Due", "Net 30", None, 30),
        ("Fällig", "14 Tage netto", None, 14),
        ("Due date", "Due on receipt", None, 0),
        ("Terms", "2027-03-31", date(2027, 3, 31), None),
        ("Zahlungsziel", "31.03.2027", date(2027, 3, 31), None),
    ],
)
def test_terms_and_due_dates_are_told_apart_by_their_cells(
    header: str, cell: str, due: date | None, days: int | None
) -> None:
    reading = read([(*HEADER, header), (*ACME, cell)])
    assert isinstance(reading, SheetReading)
    (order,) = reading.orders
    assert (order.due_date, order.days_until_due) == (due, days)


@pytest.mark.parametrize("codes", [("EUR", "USD"), ("EUR", ""), ("EUR", "EUR")])
def test_a_currency_in_a_column_without_a_name_is_asked_about(codes: Sequence[str]) -> None:
    """Otherwise 100 euros are billed as 100 dollars."""
    rows = [(*HEADER, ""), (*ACME, codes[0]), (*ACME[:2], "P2", *ACME[3:], codes[1])]
    assert read(rows) == ["column:column F"]
    assert read([*rows, ("Beta", "b@b.example", "P3", "Gold", "90.00", "")]) == ["column:column F"]
    assert read(rows, sheet="Sponsors") == ["column:column F"]


def test_notes_beside_a_table_are_no_column() -> None:
    reading = read([(*HEADER, ""), (*ACME, "called"), (*ACME[:2], "P2", *ACME[3:], "")])
    assert isinstance(reading, SheetReading)
    assert reading.left_columns == []
    assert reading.notes == [
        "Cells to the right of the last named column were left out: 'called' in row 2."
    ]


@pytest.mark.parametrize("header", ["VAT rate", "MwSt-Satz", "Tax rate"])
def test_a_tax_rate_that_the_settings_do_not_know_is_asked_about(header: str) -> None:
    """Otherwise the invoice goes out without the tax, and nobody decided that."""
    assert read([(*HEADER, header), (*ACME, "19%")]) == [f"column:{header}"]
    assert isinstance(read([(*HEADER, header), (*ACME, "0%")]), SheetReading)


@pytest.mark.parametrize("header", ["Total", "Gesamt", "Order total", "Somme", "合計"])
def test_a_sum_that_every_line_repeats_is_asked_about(header: str) -> None:
    """Exports of shops do that; 1,500 would be billed as 3,000."""
    rows = [(*HEADER[:-1], header), (*ACME[:3], "Gold", "1500"), (*ACME[:3], "Booth", "1500"),
            ("Beta", "b@b.example", "P2", "Gold", "1000")]  # fmt: skip
    keys = read(rows)
    assert isinstance(keys, list)
    assert keys[-1] == "rows:3"
    differing = read([*rows, ("Beta", "b@b.example", "P2", "Lunch", "70")])
    assert not isinstance(differing, list) or "rows:3" not in differing


def test_the_answer_to_a_repeated_sum_decides_what_is_billed() -> None:
    rows = [(*HEADER[:-1], "Total"), (*ACME[:3], "Gold", "1500"), (*ACME[:3], "Booth", "1500")]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerows(rows)
    sheet = choose_sheet(reader_of(out.getvalue().encode()).open(out.getvalue().encode()), None)
    options = Options("usd", today=date(2026, 11, 29))
    for answer, total in (({"skip_rows": [3]}, 150_000), ({"keep_rows": [3]}, 300_000)):
        reading = read_orders(read_table(sheet, **answer), options)
        assert reading.questions == []
        assert [order.total for order in reading.orders] == [total]


@pytest.mark.parametrize("text", ["verbal", "no PO needed", "mündlich", "ohne", "by phone"])
def test_orders_without_a_number_are_never_joined_by_what_stands_for_one(text: str) -> None:
    reading = read([HEADER, (*ACME[:2], text, *ACME[3:]), (*ACME[:2], text, "Booth", "50.00")])
    assert isinstance(reading, SheetReading)
    assert [order.po_number for order in reading.orders] == ["", ""]


@pytest.mark.parametrize(
    "text",
    ["will follow", "siehe E-Mail", "sin PO", "lt. Vertrag", "Not yet received", "后补", "PO"],
)
def test_words_without_a_digit_are_no_po_number(text: str) -> None:
    reading = read([HEADER, (*ACME[:2], text, *ACME[3:]), (*ACME[:2], text, "Booth", "50.00")])
    assert isinstance(reading, SheetReading)
    assert [order.po_number for order in reading.orders] == ["", ""]
    assert [warning.code for warning in reading.warnings] == ["po_placeholder"] * 2


@pytest.mark.parametrize(
    ("text", "number"),
    [("Mar-27", None), ("12-Mar", None), ("Mrz 27", None), ("01.03.2027", None),
     ("45282715571234000", None), ("'Mar-27", "Mar-27"), ("'will follow", "will follow"),
     ("2027-11", "2027-11"), ("1E5", "1E5"), ("MKT-GOLD", "MKT-GOLD"), ("MAR-2027-4", "MAR-2027-4"),
     ("4500012345.00", "4500012345"), ("4,500,012,345", "4500012345")],
)  # fmt: skip
def test_a_number_that_a_program_changed_is_seen(text: str, number: str | None) -> None:
    reading = read([HEADER, (*ACME[:2], text, *ACME[3:])])
    assert isinstance(reading, SheetReading)
    assert [order.po_number for order in reading.orders] == ([number] if number else [])
    assert [problem.code for problem in reading.errors] == ([] if number else ["digits_lost"])


@pytest.mark.parametrize("mark", ['"', "s.o.", "dito", "same as above", "同上"])
def test_a_ditto_mark_is_the_value_above(mark: str) -> None:
    reading = read([HEADER, ACME, (mark, mark, mark, "Booth", "50.00")])
    assert isinstance(reading, SheetReading)
    assert [(order.po_number, order.total) for order in reading.orders] == [("P1", 15_000)]


def test_a_sponsor_may_be_called_ditto() -> None:
    reading = read([HEADER, ACME, ("Ditto", "ap@ditto.example", "P2", "Gold", "50.00")])
    assert isinstance(reading, SheetReading)
    assert [order.organization_name for order in reading.orders] == ["Acme", "Ditto"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "required"),
        ("0077", "conflict"),
        ("PO 77", "conflict"),
        ("-", ""),
        ("78", ""),
        ("7\u20117", ""),
        ("\u0420\u041e-77", "conflict"),
        ("P0 77", "conflict"),
    ],
)
def test_a_number_that_may_be_that_of_the_row_above_is_refused(number: str, code: str) -> None:
    """Otherwise one purchase order is billed in two invoices, one of them without its number."""
    first = (*ACME[:2], "77", *ACME[3:])
    reading = read([HEADER, first, (*ACME[:2], number, "Booth", "50.00")])
    assert isinstance(reading, SheetReading)
    found = [(problem.row, problem.code) for problem in reading.errors]
    assert found == ([(2, code), (3, code)] if code else [])


@pytest.mark.parametrize(
    ("description", "asked"),
    [("Early bird discount", True), ("Rabatt 10 %", True), ("Remise", True), ("Gutschrift", True),
     ("Less: deposit received", True), ("Promo video", False), ("Booth", False)],
)  # fmt: skip
def test_a_discount_above_zero_is_asked_about(description: str, asked: bool) -> None:
    keys = read([HEADER, ACME, (*ACME[:3], description, "20.00")])
    assert (keys == ["rows:3"]) == asked


def test_a_line_that_is_the_sum_of_those_above_is_asked_about() -> None:
    lines = [(*ACME[:3], "Booth", "50.00"), (*ACME[:3], "Gold package complete", "150.00")]
    assert read([HEADER, ACME, *lines]) == ["rows:4"]


def test_an_order_that_stands_twice_without_a_number_is_asked_about() -> None:
    once = (*ACME[:2], "", *ACME[3:])
    other = ("Beta", "b@beta.example", "P2", "Gold", "100.00")
    assert read([HEADER, once, other, once]) == ["rows:4"]
    assert isinstance(read([HEADER, once, other, (*ACME[:2], "", "Booth", "100.00")]), SheetReading)


def test_net_tax_and_gross_below_the_table_are_no_lines() -> None:
    """They were lines of the last sponsor's purchase order."""
    below = [("", "", "", "Net", "190.00"), ("", "", "", "VAT 20 %", "38.00")]
    reading = read([HEADER, ACME, ("Beta", "b@beta.example", "P2", "Gold", "90.00"), *below])
    assert isinstance(reading, SheetReading)
    assert [order.total for order in reading.orders] == [10_000, 9_000]
    assert [problem.row for problem in reading.errors] == [5]


@pytest.mark.parametrize("heading", ["CANCELLED", "Bereits fakturiert", "Pending / verbal"])
def test_a_heading_marks_the_rows_below_it(heading: str) -> None:
    beta = ("Beta", "b@beta.example", "P2", "Gold", "90.00")
    reading = read([HEADER, ("Confirmed sponsors",), ACME, (heading,), beta])
    assert isinstance(reading, SheetReading)
    found = [(w.row, w.code) for w in reading.warnings]
    assert found == ([(5, "status_cancelled")] if heading else [])


@pytest.mark.parametrize(
    ("header", "asked"),
    [("Accounting email", True), ("経理メール", True), ("Payables", True),
     ("Marketing email", False), ("Secondary email", False), ("Account owner", False)],
)  # fmt: skip
def test_a_second_column_of_addresses_is_asked_about(header: str, asked: bool) -> None:
    keys = read([(*HEADER, header), (*ACME, "kim@other.example")])
    assert (keys == ["field:contact_email"]) == asked


@pytest.mark.parametrize(
    ("header", "asked"),
    [("Ihre Best.-Nr.", True), ("N° d'engagement", True), ("Auftragsnr. Kunde", True),
     ("Kundennummer", False), ("Quote number", False), ("No.", False), ("Ref.", True)],
)  # fmt: skip
def test_the_number_of_something_is_asked_about_where_there_is_no_po_number(
    header: str, asked: bool
) -> None:
    keys = read([(*HEADER[:2], header, *HEADER[3:]), (*ACME[:2], "B/77/12", *ACME[3:])])
    assert (keys == ["field:po_number"]) == asked


@pytest.mark.parametrize(
    ("header", "cell"),
    [("Kundennummer", "10044"), ("Sachkonto", "8400"), ("Cost center", "4711"), ("m²", "9"),
     ("PO received", "yes"), ("Lanyards", "50"), ("#", "1")],
)  # fmt: skip
def test_what_cannot_be_money_is_not_asked_about(header: str, cell: str) -> None:
    assert isinstance(read([(*HEADER, header), (*ACME, cell)]), SheetReading)


def test_addresses_that_differ_in_capitals_agree() -> None:
    reading = read([HEADER, ACME, ("ACME", "AP@acme.example", "p1", "Booth", "50.00")])
    assert isinstance(reading, SheetReading)
    assert [order.total for order in reading.orders] == [15_000]


def test_dates_that_a_program_understood_in_part_are_refused() -> None:
    """Excel made 3 April of 4 March, and left 31 March as a text."""
    rows = [(*HEADER, "Due date"), (*ACME[:4], 100.0, date(2027, 4, 3)),
            ("Beta", "b@beta.example", "P2", "Gold", 90.0, "31/03/2027")]  # fmt: skip
    reading = read(rows, sheet="Sponsors")
    assert isinstance(reading, SheetReading)
    assert [(problem.row, problem.code) for problem in reading.errors] == [(2, "date_invalid")]


@pytest.mark.parametrize("header", ["Zapłacono", "Already settled", "已收到"])
def test_a_column_that_repeats_the_amount_of_some_orders_only_is_asked_about(header: str) -> None:
    rows = [(*HEADER, header), (*ACME, "100.00"), ("Beta", "b@b.example", "P2", "Gold", "90", "")]
    assert read(rows) == [f"column:{header}"]
