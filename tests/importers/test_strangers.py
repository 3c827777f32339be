"""Sheets in words that no synonym list holds, as they come from strangers' programs.

Each is of a kind that once lost a discount, a PO number or a currency without a message. When one
of these fails, a sponsor is billed a wrong amount, or under a wrong number, and nobody is asked.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date

import openpyxl
import pytest

from po_toolkit.importers.orders import Options, SheetReading, read_orders
from po_toolkit.importers.problems import ImportQuestionsError
from po_toolkit.importers.readers import reader_of
from po_toolkit.importers.table import choose_sheet, read_table

HEADER = ("Sponsor", "Email", "PO number", "Description", "Amount")
ACME = ("Acme", "ap@acme.example", "P1", "Gold", "100.00")


def read(rows: Sequence[Sequence[str]], *, sheet: str = "") -> SheetReading | list[str]:
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
