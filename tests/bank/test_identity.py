# ruff: noqa: E501 the right lines of each case on one line
"""Whose a line is and whether it is new: the same money in another file is never counted twice."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from po_toolkit.api.bank import (
    accept_statement,
    import_bank_statement,
    loaded_statements,
    remove_statement,
)
from po_toolkit.api.bank_matching import choose, undo_match
from po_toolkit.errors import ImportChoiceError, PurchaseOrderError
from po_toolkit.money import to_major
from po_toolkit.store.bank_matches import all_lines
from tests.bank.statement import Entry, camt

CASES = Path(__file__).parent / "cases"
DAY = date(2026, 11, 20)
IBAN = "DE89370400440532013000"

OFX = """OFXHEADER:100
DATA:OFXSGML
<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>USD<BANKACCTFROM><BANKID>021000021<ACCTID>{account}
</BANKACCTFROM><BANKTRANLIST><DTSTART>20261101<DTEND>20261130
{lines}
</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
QIF = b"!Type:Bank\nD2026-11-20\nT500.00\nPALPHA\n^\n"
LINE = "<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>{day}<TRNAMT>{amount}<FITID>{id}<NAME>{name}<MEMO>{memo}"


def ofx(*lines: str, account: str = "1234567890") -> bytes:
    return OFX.format(account=account, lines="\n".join(lines)).encode()


def credit(id_: str, amount: str = "500.00", day: str = "20261120", memo: str = "PO 1") -> str:
    return LINE.format(day=day, amount=amount, id=id_, name="ALPHA", memo=memo)


def lines(opened):
    with opened.store.reading() as session:
        return sorted(all_lines(session, opened.conference.id), key=lambda x: (x.booked_on, x.id))


def read(opened) -> list[str]:
    return [f"{x.booked_on} {to_major(x.amount, x.currency)} {x.currency}" for x in lines(opened)]


EXPECTED = {
    "01-chase.csv": "2027-03-04 5000.00 usd; 2027-03-03 -200.00 usd; 2027-03-02 -75.50 usd; 2027-03-01 1250.00 usd",
    "03-wellsfargo.csv": "2027-03-05 -45.00 usd; 2027-03-02 5000.00 usd",
    "05-brex-like.csv": "2027-03-04 5000.00 usd",
    "07-wise-history.csv": "2027-03-06 -801.00 eur; 2027-03-05 5000.00 eur",
    "08-revolut-business.csv": "2027-03-04 3000.00 gbp; 2027-03-03 -10.00 eur; 2027-03-02 5000.00 eur",
    "13-deutsche-bank.csv": "2027-03-01 5000.00 eur; 2027-03-02 -800.00 eur",
    "14-sparkasse-camt.csv": "2027-03-15 5000.00 eur; 2027-03-02 -800.00 eur",
    "17-rabobank.csv": "2027-03-01 5000.00 eur; 2027-03-02 -800.00 eur",
    "18-bnp-fortis.csv": "2027-03-15 5000.00 eur",
    "21-nordea-se.csv": "2027-03-02 -800.00 sek; 2027-03-01 5000.00 sek",
    "26-swedbank-baltic.csv": "2027-03-02 -800.00 eur; 2027-03-15 5000.00 eur",
    "32-capitalone.csv": "2027-03-15 5000.00 usd; 2027-03-02 -800.00 usd",
    "34-volksbank-sh.csv": "2027-03-15 5000.00 eur; 2027-03-02 -800.00 eur; 2027-03-01 -1337.00 eur",
    "37-n26.csv": "2027-03-15 5000.00 eur; 2027-03-02 -800.00 eur",
    "40-trailing-total.csv": "2027-03-02 -800.00 usd; 2027-03-15 5000.00 usd",
    "42-no-cols-sign-word.csv": "2027-03-15 5000.00 usd; 2027-03-02 -800.00 usd",
    "44-euro-sign.csv": "2027-03-15 5000.00 eur; 2027-03-02 -800.00 eur",
    "camt1-charges-total-and-record.xml": "2027-03-15 4985.00 eur",
    "camt9.zip": "2027-03-15 5000.00 eur",
    "mt3-text-looks-like-tag.sta": "2027-03-15 5000.00 eur",
    "ofx2-correct-replace.ofx": "2027-03-01 500.00 usd",
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_a_statement_of_a_real_bank_is_read_right(name: str, opened) -> None:
    """Else a debit, a pending row or a balance is booked as a sponsor's payment."""
    dates = "mdy" if name[:2] in ("01", "03") else None
    report = import_bank_statement(opened, CASES / name, dates=dates)
    assert sorted(read(opened)) == sorted(EXPECTED[name].split("; "))
    assert (report.held, report.quarantined) == (0, 0)


def test_a_file_that_names_neither_bank_nor_currency_is_asked_about(opened) -> None:
    """Else Australian dollars pay a purchase order in US dollars."""
    with pytest.raises(ImportChoiceError) as asked:
        import_bank_statement(opened, CASES / "23-commbank.csv")
    assert (asked.value.question, asked.value.choices) == ("currency", ["aud", "usd"])
    import_bank_statement(opened, CASES / "23-commbank.csv", currency="aud")
    assert read(opened) == ["2027-03-02 -800.00 aud", "2027-03-15 5000.00 aud"]


def test_a_day_that_two_statements_share_is_not_taken_twice(opened) -> None:
    """Else a payment and its return on one day are booked twice, since they come to nothing."""
    assert import_bank_statement(opened, CASES / "overlap-a.csv").new == 3
    second = import_bank_statement(opened, CASES / "overlap-b.csv")
    assert (second.new, second.duplicates, second.suspected) == (1, 2, [])


def test_a_bank_that_renumbers_its_lines_sends_no_new_money(opened) -> None:
    """Else every download of the same month pays every purchase order again."""
    assert import_bank_statement(opened, ofx(credit("A1"), credit("A2", "70.00"))).new == 2
    again = import_bank_statement(opened, ofx(credit("B1"), credit("B2", "70.00")))
    assert (again.new, again.duplicates) == (0, 2)


def test_two_equal_payments_of_one_day_are_two(opened) -> None:
    """Else the second of two sponsors who paid the same is lost."""
    assert import_bank_statement(opened, ofx(credit("A1"), credit("A2"))).new == 2
    assert import_bank_statement(opened, ofx(credit("A1"), credit("A2"))).duplicates == 2


def test_the_same_payment_in_another_format_is_named_and_never_applied(opened) -> None:
    """Else OFX in March and CAMT in April pay one purchase order twice."""
    import_bank_statement(opened, ofx(credit("A1", memo="WIRE PO 4500012345")))
    other = camt(
        [Entry(DAY + timedelta(days=2), Decimal("500.00"), "PO 4500012345", "ALPHA INC")],
        account="1234567890",
    )
    report = import_bank_statement(opened, other)
    assert (report.new, len(report.suspected)) == (1, 1)
    first, second = lines(opened)
    assert (second.duplicate_of_id, report.suspected[0].earlier) == (first.id, first.id)
    assert "may be bank line" in report.suspected[0].message


def test_a_day_that_comes_to_nothing_is_not_taken_twice_in_another_format(opened) -> None:
    """Else the day's payment and its return are applied twice, since the balances agree."""
    paid, back = Decimal("500.00"), Decimal("-500.00")
    first = [Entry(DAY - timedelta(days=1), Decimal(70), "A"), Entry(DAY, paid, "PO 1")]
    whole = camt([*first, Entry(DAY, back, "RETURN")], account=IBAN)
    assert import_bank_statement(opened, whole).new == 3
    rows = f"{DAY},PO 1 ALPHA,500.00,1570.00\n{DAY},RETURNED,-500.00,1070.00\n"
    data = f"Date,Description,Amount,Balance\n{rows}{DAY},B,7.00,1077.00\n".encode()
    report = import_bank_statement(opened, data, account=IBAN)
    assert (report.new, len(report.suspected)) == (3, 2)


def test_a_file_without_an_account_is_asked_about_where_that_matters(opened) -> None:
    """Else lines of the savings account vanish as duplicates, or those of one account double."""
    import_bank_statement(opened, ofx(credit("A1")))
    data = b"Date,Description,Amount\n2026-11-20,ALPHA PO 1,500.00\n2026-11-21,RENT,-20.00\n"
    with pytest.raises(ImportChoiceError) as asked:
        import_bank_statement(opened, data)
    assert (asked.value.question, asked.value.choices) == ("account", ["021000021 1234567890"])
    other = import_bank_statement(opened, data, account="Savings", dry_run=True)
    assert (other.new, other.suspected) == (2, [])
    same = import_bank_statement(opened, data, account="1234567890")
    assert (same.new, len(same.suspected)) == (2, 1)


def test_an_equal_line_of_a_second_account_is_kept(opened) -> None:
    """Else money on the second account is in no book."""
    assert import_bank_statement(opened, ofx(credit("A1"))).new == 1
    report = import_bank_statement(opened, ofx(credit("A1"), account="9999999999"))
    assert (report.new, report.suspected) == (1, [])


def test_what_was_only_noted_counts_once_it_is_booked(opened) -> None:
    """Else money is booked when a bank announces it, and again when it comes."""
    booked = camt([Entry(DAY, Decimal("500.00"), "PO 1", "ALPHA")])
    noted = booked.replace(b"<Cd>BOOK</Cd>", b"<Cd>PDNG</Cd>").replace(b"1500.00", b"1000.00")
    assert import_bank_statement(opened, noted).new == 0
    assert import_bank_statement(opened, booked).new == 1


def test_a_correction_in_a_later_file_sets_the_wrong_line_aside(opened) -> None:
    """Else the wrong amount stays beside the right one."""
    import_bank_statement(opened, ofx(credit("A1", "5000.00")))
    fixed = credit("A2", "500.00") + "<CORRECTFITID>A1<CORRECTACTION>REPLACE"
    import_bank_statement(opened, ofx(fixed))
    wrong, right = sorted(lines(opened), key=lambda x: -x.amount)
    assert "replaced it" in wrong.set_aside
    assert right.set_aside == ""


def test_unsigned_amounts_take_their_sign_from_the_type(opened) -> None:
    """Else rent is booked as income."""
    rent = credit("A1").replace("CREDIT", "DEBIT")
    import_bank_statement(opened, ofx(rent, credit("A2", "70.00")))
    assert sorted(x.amount for x in lines(opened)) == [-50000, 7000]


def test_a_dry_run_shows_the_reading_and_keeps_nothing(opened) -> None:
    """Else nobody sees how a file is read before it is in the books."""
    report = import_bank_statement(opened, CASES / "34-volksbank-sh.csv", dry_run=True)
    assert (report.new, report.dry_run, read(opened), loaded_statements(opened)) == (
        3,
        True,
        [],
        [],
    )
    assert report.reading.sign == "column M: H = credit, S = debit"
    assert report.reading.currency.startswith("EUR")
    assert [x.amount for x in report.first_lines] == ["5000.00", "-800.00", "-1337.00"]
    assert report.as_json()["dry_run"] is True


def test_a_statement_taken_wrongly_can_be_removed(opened) -> None:
    """Else a wrong sign stays in the books for ever."""
    first = import_bank_statement(opened, CASES / "overlap-a.csv").statements[0]
    second = import_bank_statement(opened, CASES / "overlap-b.csv").statements[0]
    assert remove_statement(opened, first.id) == 1
    assert len(read(opened)) == 3
    assert remove_statement(opened, second.id) == 3
    assert (read(opened), loaded_statements(opened)) == ([], [])
    assert import_bank_statement(opened, CASES / "overlap-a.csv").new == 3


def test_a_statement_whose_line_is_matched_stays(opened, make_order) -> None:
    """Else a payment in the books has lost the bank line that proves it."""
    order = make_order(("Gold", 1, "100.00"))
    paid = camt([Entry(DAY, Decimal("100.00"), f"PO {order.reference}", "ACME")])
    loaded = import_bank_statement(opened, paid).statements[0]
    line = lines(opened)[0].id
    choose(opened, line, orders={order.reference: None})
    with pytest.raises(PurchaseOrderError, match=f"line {line} is matched"):
        remove_statement(opened, loaded.id)
    undo_match(opened, line)
    assert remove_statement(opened, loaded.id) == 1


def test_a_held_statement_can_be_removed(opened) -> None:
    """Else a file that is not a statement of this account is held for ever."""
    held = import_bank_statement(
        opened, camt([Entry(DAY, Decimal(5), "X")], closing=Decimal(1))
    ).statements[0]
    assert remove_statement(opened, held.id) == 0
    with pytest.raises(PurchaseOrderError):
        accept_statement(opened, held.id, "because")


def test_a_new_mapping_replaces_the_old_one(opened) -> None:
    """Else a column that was named wrongly once is read wrongly for ever."""
    head = b"Tag;Erster;Zweiter\n"
    first = {"date": "Tag", "amount": "Erster"}
    row = b"15.03.2027;+100,00;-200,00\n"
    import_bank_statement(opened, head + row, mapping=first, currency="usd")
    second = {"date": "Tag", "amount": "Zweiter"}
    import_bank_statement(opened, head + row, mapping=second, dry_run=False)
    import_bank_statement(opened, head + b"16.03.2027;5,00;-7,00\n")
    assert sorted(x.amount for x in lines(opened)) == [-20000, -700, 10000]


def test_an_answer_about_a_word_is_remembered(opened) -> None:
    """Else the same question comes every month."""
    head = b"Date,Description,Amount,Movement\n"
    with pytest.raises(ImportChoiceError) as asked:
        import_bank_statement(opened, head + b"2027-03-15,A,5.00,Zu\n2027-03-16,B,6.00,Ab\n")
    assert asked.value.question in ("sign", "word:Zu")
    words = {"Zu": "credit", "Ab": "debit"}
    mapping = {"direction": "Movement"}
    data = head + b"2027-03-15,A,5.00,Zu\n2027-03-16,B,6.00,Ab\n"
    import_bank_statement(opened, data, words=words, mapping=mapping)
    import_bank_statement(opened, head + b"2027-03-17,C,7.00,Ab\n")
    assert [x.amount for x in lines(opened)] == [500, -600, -700]


def test_a_gap_between_statements_is_named(opened) -> None:
    """Else a month that was never loaded is not missed."""
    import_bank_statement(opened, camt([Entry(DAY, Decimal(5), "A")], number="1"))
    later = [Entry(DAY + timedelta(days=30), Decimal(7), "B")]
    report = import_bank_statement(opened, camt(later, number="2", opening=Decimal("2000.00")))
    assert any("A gap: statement" in note for note in report.notes)


def test_a_reversal_keeps_what_the_bank_says_of_it(opened) -> None:
    """Else a payment that the bank takes back is nobody's business."""
    import_bank_statement(opened, CASES / "reversal-1.xml")
    report = import_bank_statement(opened, CASES / "reversal-2.xml")
    assert (report.new, report.duplicates) == (2, 1)
    assert [(x.amount, x.reversal) for x in lines(opened)] == [
        (500000, False),
        (-500000, True),
        (7700, False),
    ]


@pytest.mark.parametrize("nameless", [ofx(credit("1")).replace(b"<CURDEF>USD", b""), QIF])
def test_a_file_whose_account_is_new_and_without_currency_is_asked_about(opened, nameless) -> None:
    """500 euros that are booked as 500 dollars pay a purchase order that is still open."""
    with pytest.raises(ImportChoiceError, match="does not name its currency") as asked:
        import_bank_statement(opened, nameless)
    assert (asked.value.question, asked.value.choices) == ("currency", ["usd"])
    assert read(opened) == []
    import_bank_statement(opened, nameless, currency="eur", account="A-1")
    (line,) = read(opened)
    assert line.endswith(" eur")


def test_a_file_without_currency_has_that_of_its_accounts_earlier_statement(opened) -> None:
    """Whoever answered once must not be asked every month."""
    first, second = (
        ofx(credit(id_, amount, day)).replace(b"<CURDEF>USD", b"")
        for id_, amount, day in (("1", "500.00", "20261120"), ("2", "70.00", "20261121"))
    )
    import_bank_statement(opened, first, currency="eur")
    import_bank_statement(opened, second)
    assert [line[-3:] for line in read(opened)] == ["eur", "eur"]
