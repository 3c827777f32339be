"""Statements are taken in once, proven, and never guessed at."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from po_toolkit.api.bank import (
    accept_statement,
    held_statements,
    import_bank_statement,
    quarantined_lines,
)
from po_toolkit.api.bank_matching import match_bank
from po_toolkit.domain.roles import Actor, Role
from po_toolkit.errors import (
    ImportChoiceError,
    ImportFileError,
    NotAllowedError,
    PurchaseOrderError,
)
from po_toolkit.store.bank_matches import all_lines
from tests.bank.statement import Entry, camt

MARCH = date(2027, 3, 5)


def wire(amount: str = "100.00", text: str = "WIRE", day: date = MARCH, **more) -> Entry:
    return Entry(day, Decimal(amount), text, "ACME", **more)


def amounts(opened) -> list[int]:
    with opened.store.reading() as session:
        return sorted(x.amount for x in all_lines(session, opened.conference.id))


def test_a_proven_statement_is_taken_once_however_often_it_is_loaded(opened) -> None:
    """Else every reload doubles the money."""
    data = camt([wire(), wire("-3.50", "FEE")])
    first = import_bank_statement(opened, data, file_name="march.xml").as_json()
    assert {k: first[k] for k in ("format", "lines", "new", "duplicates", "quarantined")} == {
        "format": "camt053", "lines": 2, "new": 2, "duplicates": 0, "quarantined": 0,
    }  # fmt: skip
    statement = first["statements"][0]
    assert {k: statement[k] for k in ("account", "currency", "opening", "closing", "state")} == {
        "account": "DE02120300000000202051", "currency": "usd", "opening": "1000.00",
        "closing": "1096.50", "state": "proven",
    }  # fmt: skip
    again = import_bank_statement(opened, data, file_name="march (1).xml")
    assert (again.new, again.duplicates) == (0, 2)
    assert amounts(opened) == [-350, 10000]


def test_two_genuine_equal_lines_stay_two(opened) -> None:
    """Else the second of two equal payments of one day is lost, as banks reuse their ids."""
    twice = [wire(reference="7"), wire(reference="7")]
    assert import_bank_statement(opened, camt(twice)).new == 2
    assert import_bank_statement(opened, camt(twice)).duplicates == 2
    # A statement of a longer time repeats the day, and has a third one.
    longer = [*twice, wire(reference="7"), wire("1.00", day=date(2027, 3, 6))]
    report = import_bank_statement(opened, camt(longer, number="S2"))
    assert (report.new, report.duplicates) == (2, 2)


def test_equal_lines_of_two_statements_that_follow_one_another_are_two(opened) -> None:
    """Else a morning's and an evening's statement lose one of two equal payments."""
    import_bank_statement(opened, camt([wire()], number="AM"))
    evening = camt([wire()], number="PM", opening=Decimal("1100.00"))
    assert import_bank_statement(opened, evening).new == 1
    whole_day = camt([wire(), wire()], number="DAY")
    assert import_bank_statement(opened, whole_day).duplicates == 2
    assert import_bank_statement(opened, evening).duplicates == 1
    assert amounts(opened) == [10000, 10000]


@pytest.mark.parametrize("newest_first", [False, True])
def test_equal_lines_are_asked_about_where_balances_fit_both_before_and_within(
    newest_first, opened, make_order
) -> None:
    """Else a payment is booked twice, or a second one that is equal in every letter is lost."""
    order = make_order(("Gold", 1, "100.00"))
    came, back = wire(text=order.reference), wire("-100.00", "RETURN")
    step = -1 if newest_first else 1
    assert import_bank_statement(opened, camt([came], number="1")).new == 1
    both = import_bank_statement(opened, camt([came, back][::step], number="2"))
    assert (both.new, both.duplicates, both.suspected) == (1, 1, [])  # its balance does not move
    earlier = [wire("5.00", "A"), came, back]
    longer = camt(earlier[::step], number="3", opening=Decimal("995.00"))
    report = import_bank_statement(opened, longer)
    assert (report.new, report.duplicates, len(report.suspected)) == (2, 1, 1)
    with opened.store.reading() as session:
        paid = {x.id for x in all_lines(session, opened.conference.id) if x.amount == 100_00}
    assert {report.suspected[0].earlier, report.suspected[0].line} == paid
    assert match_bank(opened, apply=True).applied == 1


def test_a_statement_that_does_not_add_up_is_held_until_a_person_accepts_it(opened) -> None:
    """Else a statement with a page missing passes for the whole truth."""
    data = camt([wire()], closing=Decimal("1250.00"))
    report = import_bank_statement(opened, data)
    assert (report.lines, report.new, report.held) == (1, 0, 1)
    assert "150.00 USD apart" in report.statements[0].reason
    assert report.problems[0].code == "held"
    assert amounts(opened) == []
    (held,) = held_statements(opened)
    with pytest.raises(PurchaseOrderError, match="Give a reason"):
        accept_statement(opened, held.id, " ")
    assert accept_statement(opened, held.id, "The bank left page 2 out").new == 1
    assert import_bank_statement(opened, data).duplicates == 1
    assert amounts(opened) == [10000]


def test_an_entry_that_is_not_the_sum_of_its_details_holds_the_statement(opened) -> None:
    """Else money for several sponsors is booked though the bank's own parts disagree."""
    good = wire("100.00", details=(Decimal(60), Decimal(40)))
    assert import_bank_statement(opened, camt([good])).held == 0
    bad = wire("100.00", details=(Decimal(60), Decimal(41)))
    report = import_bank_statement(opened, camt([bad], number="S2"))
    assert report.held == 1
    assert "not the sum of its details: -1.00 USD apart" in report.statements[0].reason


def test_several_statements_and_accounts_of_one_file(opened) -> None:
    """Else a file with two accounts is read as one, or one bad statement stops the others."""
    parts = [
        camt([wire()], number="A"),
        camt([wire("5.00")], number="B", account="OTHER", closing=Decimal("0.00")),
        camt([wire("7.00")], number="C", account="THIRD", currency="EUR"),
    ]
    inner = b"".join(p.split(b"<BkToCstmrStmt>")[1].split(b"</BkToCstmrStmt>")[0] for p in parts)
    head, tail = parts[0].split(b"<BkToCstmrStmt>")[0], b"</BkToCstmrStmt></Document>"
    report = import_bank_statement(opened, head + b"<BkToCstmrStmt>" + inner + tail)
    assert [s.state for s in report.statements] == ["proven", "held", "proven"]
    assert (report.lines, report.new) == (3, 2)


CSV = (
    "Date,Description,Amount,Balance\n"
    "03/15/2027,WIRE ACME,100.00,1100.00\n"
    "03/16/2027,FEE,-5.00,{}\n"
)


def test_a_running_balance_proves_a_csv(opened) -> None:
    """Else a CSV with a line cut out is taken for complete."""
    report = import_bank_statement(opened, CSV.format("1095.00").encode())
    assert report.statements[0].state == "proven"
    assert (report.statements[0].opening, report.statements[0].closing) == ("1000.00", "1095.00")
    report = import_bank_statement(opened, CSV.format("1090.00").encode())
    assert report.statements[0].state == "held"
    assert "row 3: -5.00 USD apart" in report.statements[0].reason


def test_an_unreadable_line_is_set_apart_and_never_zero(opened) -> None:
    """Else money vanishes into a line of 0.00."""
    data = b"Date,Description,Amount\n03/15/2027,A,+12.00\n03/16/2027,B,twelve\n,C,5.00\n"
    report = import_bank_statement(opened, data)
    assert (report.lines, report.new, report.quarantined) == (3, 1, 2)
    assert [p.row for p in report.problems] == [3, 4]
    assert amounts(opened) == [1200]
    assert sorted(q.row_number for q in quarantined_lines(opened)) == [3, 4]
    again = import_bank_statement(opened, data)
    assert again.new + again.duplicates + again.quarantined == again.lines
    assert len(quarantined_lines(opened)) == 2


def test_a_mapping_is_remembered_for_the_banks_next_file(opened) -> None:
    """Else a treasurer names the columns again every month."""
    head = b"Tag;Was;Wer;Wieviel\n"
    with pytest.raises(ImportFileError, match="Name the columns of the date"):
        import_bank_statement(opened, head + b"15.03.2027;X;ACME;+100,00\n")
    mapping = {"date": "Tag", "text": "Was", "counterparty": "Wer", "amount": "Wieviel"}
    row = head + b"15.03.2027;X;ACME;+100,00\n"
    assert import_bank_statement(opened, row, mapping=mapping, currency="usd").new
    report = import_bank_statement(opened, head + b"16.03.2027;Y;ACME;+1.200,50\n")
    assert report.new == 1
    assert amounts(opened) == [10000, 120050]


def test_a_currency_that_no_file_names_is_asked_once(opened, make_order) -> None:
    """Else 5,000 euros pay a purchase order of 5,000 dollars."""
    make_order(currency="eur")
    data = b"Date,Description,Amount\n2027-03-15,A,+12.00\n"
    with pytest.raises(ImportChoiceError, match="EUR"):
        import_bank_statement(opened, data)
    report = import_bank_statement(opened, data, currency="eur", account="DE1")
    assert report.statements[0].currency == "eur"
    later = b"Date,Description,Amount\n2027-04-15,B,+13.00\n"
    assert import_bank_statement(opened, later, account="DE1").statements[0].currency == "eur"
    qif = b"!Type:Bank\nD2027-05-15\nT14.00\nPACME\n^\n"
    with pytest.raises(ImportChoiceError, match="EUR"):
        import_bank_statement(opened, qif)
    assert import_bank_statement(opened, qif, account="DE1").statements[0].currency == "eur"


def test_a_bank_file_in_an_odd_encoding_is_read_on_request(opened) -> None:
    """Else the payer's name is garbled, and its match waits for a person."""
    data = "Date,Description,Amount\n2027-03-15,ŁÓDŹ SOFTWARE,+12.00\n".encode("cp852")
    report = import_bank_statement(opened, data, encoding="cp852")
    assert [line.text for line in report.first_lines] == ["ŁÓDŹ SOFTWARE"]


def test_what_a_csv_does_not_tell_is_asked(opened) -> None:
    """Else the third of April is booked as the fourth of March."""
    data = b"Date,Description,Amount\n03/04/2027,A,+12.00\n"
    with pytest.raises(ImportChoiceError) as asked:
        import_bank_statement(opened, data)
    assert asked.value.question == "dates"
    assert import_bank_statement(opened, data, dates="dmy").new == 1


@pytest.mark.parametrize(("ahead", "apart"), [((0, 3), 0), ((0, 4), 1), ((40, 50), 0), ((380,), 1)])
def test_what_a_bank_cannot_have_booked_yet_is_no_money(opened, ahead, apart) -> None:
    """Else a scheduled payment, or a day read the wrong way round, pays a purchase order."""
    days = [opened.today() + timedelta(days=n) for n in ahead]
    rows = [Entry(day, Decimal(n), f"WIRE {n}") for n, day in enumerate(days, start=5)]
    report = import_bank_statement(opened, camt(rows))
    assert (report.new, report.quarantined) == (len(rows) - apart, apart)
    assert report.statements[0].state == "proven"
    assert ["after today" in p.message for p in report.problems] == [True] * apart
    assert ["after today" in note for note in report.notes] == [True] * (ahead == (40, 50))


def test_credit_and_debit_columns_and_a_preamble(opened) -> None:
    """Else the banks that write so cannot be read."""
    data = (
        b"Account: 123456\nFrom 1 March\n\n"
        b"Booking date,Details of transaction,Paid in,Paid out,Balance\n"
        b"16.03.2027,FEE,,5.00,1095.00\n15.03.2027,WIRE,100.00,,1100.00\n"
    )
    report = import_bank_statement(opened, data)
    assert report.statements[0].state == "proven"
    assert amounts(opened) == [-500, 10000]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7 ...", "PDF"),
        (b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><x>camt.053</x>", "document type"),
        (b"<?xml version='1.0'?><Document><BkToCstmrAcctRpt/></Document>", "camt.052"),
        (b"<?xml version='1.0'?><Document><BkToCstmrStmt><Stmt>", "cut short"),
        (b"<?xml version='1.0'?><Document>" + b"<a>" * 200 + b"camt.053", "no camt.053"),
        (b"hello\nworld\n", "no header"),
        (b"03/01/2027,-5.00,FEE,95.00\n03/02/2027,10.00\n", "column"),
        (b"03/01/2027,FEE,-5.00\n03/02/2027 10.00\n", "date and an amount"),
    ],
)
def test_what_is_no_statement_is_refused_by_name(data, words, opened) -> None:
    """Else a wrong file ends in a traceback, or in nothing at all."""
    with pytest.raises(ImportFileError, match=words):
        import_bank_statement(opened, data)


def test_a_viewer_may_not_load_nor_an_operator_accept(opened) -> None:
    """Else whoever sees the books can change them."""
    held = import_bank_statement(opened, camt([wire()], closing=Decimal(1))).statements[0]
    object.__setattr__(opened, "actor", Actor("op", Role.OPERATOR))
    with pytest.raises(NotAllowedError):
        accept_statement(opened, held.id, "because")
    object.__setattr__(opened, "actor", Actor("see", Role.VIEWER))
    with pytest.raises(NotAllowedError):
        import_bank_statement(opened, camt([wire()]))


MT940 = """{1:F01COBADEFFXXXX0000000000}{2:I940COBADEFFXXXXN}{4:
:20:A
:25:DE89370400440532013000
:28C:1/1
:60F:C270301EUR10,00
:61:2703050305C5,NTRFNONREF//B1
:86:166?00GUTSCHRIFT?20SVWZ+PO-7KQ2MX?32ACME GMBH
:62F:C270305EUR15,
-}{1:F01COBADEFFXXXX0000000000}{2:I940COBADEFFXXXXN}{4:
:20:B
:25:DE89370400440532013000
:28C:2/1
:60F:C270305EUR15,00
:61:2703060306RC5,00NTRFNONREF//B2
:86:166?00STORNO
:62F:C270306EUR10,00
-}
"""


def test_swift_frames_around_statements_are_no_part_of_them(opened) -> None:
    """Else a bank that sends whole SWIFT messages has every statement held."""
    report = import_bank_statement(opened, MT940.encode())
    assert [s.state for s in report.statements] == ["proven", "proven"]
    assert amounts(opened) == [-500, 500]
    with opened.store.reading() as session:
        line = next(x for x in all_lines(session, opened.conference.id) if x.amount > 0)
    assert (line.counterparty, "PO-7KQ2MX" in line.text) == ("ACME GMBH", True)


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-16", "iso-8859-1"])
def test_a_camt_in_the_banks_own_encoding(encoding: str, opened) -> None:
    """Else a sponsor's umlaut stops the whole statement."""
    entry = Entry(MARCH, Decimal(5), "ZAHLUNG", "MÜLLER GMBH")
    text = camt([entry]).decode().replace('encoding="UTF-8"', f'encoding="{encoding}"')
    import_bank_statement(opened, text.encode(encoding))
    with opened.store.reading() as session:
        assert all_lines(session, opened.conference.id)[0].counterparty == "MÜLLER GMBH"
