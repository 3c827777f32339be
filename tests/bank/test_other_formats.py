"""BAI2, QIF, ZIP and camt.052: read, asked about, or refused with what to ask the bank for."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest

from po_toolkit.errors import ImportChoiceError, ImportFileError
from po_toolkit.importers.bank import Answers, prove, read_bank_file
from tests.bank.statement import Entry, camt

BAI2 = """01,122099999,123456789,270315,0200,1,80,1,2/
02,123456789,122099999,1,270315,2400,USD,2/
03,1234567890,USD,010,100000,,,015,520000,,/
16,195,500000,Z,REF1,,WIRE IN ALPHA ANALYTICS/
88,PO 4500012345
16,475,80000,V,270315,,REF2,1201,CHECK PAID
49,1200000,5/
98,1200000,1,7/
99,1200000,1,9/
"""


def lines(data: bytes, **answers):
    file = read_bank_file(data, currency="usd", answers=Answers(**answers))
    return [(x.booked_on, x.amount, x.text) for s in file.statements for x in s.lines], file


def test_bai2_signs_come_from_its_type_codes() -> None:
    """Else a check that was paid is money in."""
    found, file = lines(BAI2.encode())
    assert [(d, a) for d, a, _ in found] == [
        (date(2027, 3, 15), 500000),
        (date(2027, 3, 15), -80000),
    ]
    assert "PO 4500012345" in found[0][2]
    statement = file.statements[0]
    assert (statement.account, statement.opening, statement.closing) == (
        "1234567890",
        100000,
        520000,
    )
    assert prove(statement).state == "proven"


def test_bai2_that_is_cut_or_interim_is_held() -> None:
    """Else a page that is missing, or a report of the day, passes for the whole truth."""
    _, cut = lines(BAI2.replace("16,475,80000,V,270315,,REF2,1201,CHECK PAID\n", "").encode())
    assert prove(cut.statements[0]).state == "held"
    _, interim = lines(BAI2.replace("2400,USD,2/", "2400,USD,3/").encode())
    assert "interim" in prove(interim.statements[0]).reason


QIF = """!Type:Bank
D03/15'27
T5,000.00
PALPHA ANALYTICS
MPO 4500012345
^
D03/02'27
T-800.00
N1201
PVENUE
^
"""


def test_qif_reads_payee_memo_and_check() -> None:
    """Else QuickBooks' only file cannot be read."""
    found, _ = lines(QIF.encode())
    assert found == [
        (date(2027, 3, 15), 500000, "ALPHA ANALYTICS PO 4500012345"),
        (date(2027, 3, 2), -80000, "VENUE CHECK 1201"),
    ]


def test_qif_with_open_dates_is_asked_about() -> None:
    """Else the third of April is booked as the fourth of March."""
    data = QIF.replace("03/15'27", "03/04'27").encode()
    with pytest.raises(ImportChoiceError) as asked:
        lines(data)
    assert asked.value.question == "dates"
    assert lines(data, dates="dmy")[0][0][0] == date(2027, 4, 3)


def test_a_zip_holds_one_format() -> None:
    """Else the same lines in two formats of one archive count twice."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.xml", camt([Entry(date(2027, 3, 15), Decimal(5), "A")]))
        archive.writestr("b.qif", QIF)
    with pytest.raises(ImportFileError, match="several formats"):
        lines(packed.getvalue())


def test_a_camt_052_is_taken_only_when_a_person_says_so() -> None:
    """Else lines that may still change are booked."""
    report = camt([Entry(date(2027, 3, 15), Decimal(5), "A")])
    report = report.replace(b"BkToCstmrStmt", b"BkToCstmrAcctRpt").replace(b"Stmt>", b"Rpt>")
    with pytest.raises(ImportChoiceError) as asked:
        lines(report)
    assert asked.value.question == "intraday"
    found, file = lines(report, intraday=True)
    assert ([a for _, a, _ in found], file.format) == ([500], "camt052")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"11210004184502000513322703012703312000000001000009783PYCONF", "Norma 43"),
        (b"0740000001234567890PYCONF              011126000000001000", "ABO"),
        (b"34100000         2123456789000123                    01234", "CNAB"),
        (b"1CClientBankExchange\n\xca\xee\xe4=Windows\n", "1C"),
        (b"ISA*00*          *00*          *ZZ*BANK", "X12"),
        (b"<html><table><tr><td>Date</td></tr></table></html>", "web page"),
    ],
)
def test_a_format_that_is_not_read_is_named(data: bytes, words: str) -> None:
    """Else a treasurer does not know what to ask the bank for."""
    with pytest.raises(ImportFileError, match=words):
        lines(data)
