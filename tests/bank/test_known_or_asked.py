# ruff: noqa: E501, ISC004 files are easier to read as a bank writes them
"""Small files of unknown banks: the lines they hold, what is asked, or what is set apart."""

from __future__ import annotations

import pytest

from po_toolkit.api.bank import import_bank_statement
from po_toolkit.errors import ImportChoiceError, ImportFileError
from po_toolkit.importers.bank import prove, read_bank_file
from po_toolkit.money import to_major
from tests.bank.test_identity import read

HEAD = "Date,Description,Amount"
CASES: dict[str, tuple[str, str]] = {
    # What speaks against the conference's currency, where the file names none
    "our account is in another country": (
        f"IBAN:,DE89370400440532013000\n{HEAD}\n2027-03-15,A,5.00\n2027-03-16,B,-6.00\n",
        "asked currency eur usd",
    ),
    "all payers' accounts are in other countries": (
        f"{HEAD},Counterparty IBAN\n2027-03-15,A,5.00,DE89370400440532013000\n2027-03-16,B,-6.00,\n",
        "asked currency eur usd",
    ),
    "a text names the line's amount in another currency": (
        f"{HEAD}\n2027-03-15,PO 1 EUR 5000.00,5000.00\n2027-03-16,B,-6.00\n",
        "asked currency eur usd",
    ),
    "a text names another amount in another currency": (
        f"{HEAD}\n2027-03-15,PO 1 EUR 4500.00,5000.00\n2027-03-16,B,-6.00\n",
        "2027-03-15 5000.00 usd; 2027-03-16 -6.00 usd",
    ),
    # Signs
    "the running balance proves amounts without signs": (
        f"{HEAD},Balance\n2027-03-01,Opening balance,,10.00\n2027-03-02,A,5.00,15.00\n"
        "2027-03-03,B,6.00,9.00\n2027-03-04,C,2.00,11.00\n",
        "2027-03-02 5.00 usd; 2027-03-03 -6.00 usd; 2027-03-04 2.00 usd",
    ),
    "a single amount without a sign and without a balance": (
        f"{HEAD}\n2027-03-15,A,5.00\n",
        "asked sign amount",
    ),
    "newest first, and the opening balance without a day": (
        f"{HEAD},Balance\n2027-03-04,C,1.00,16.00\n2027-03-02,A,5.00,15.00\n,Opening balance,,10.00\n",
        "2027-03-02 5.00 usd; 2027-03-04 1.00 usd",
    ),
    "the oldest amount without a sign has no balance before it": (
        f"{HEAD},Balance\n2027-03-02,A,5.00,15.00\n2027-03-03,B,6.00,21.00\n",
        "asked sign amount",
    ),
    "a dash that fills a column of references is no minus": (
        f"{HEAD},Ref\n2027-03-15,A,5.00,-\n2027-03-16,B,6.00,-\n",
        "asked sign amount",
    ),
    "amounts under Debit/Credit": (
        "Date,Description,Debit/Credit\n2027-03-15,A,5.00\n2027-03-16,B,-6.00\n",
        "2027-03-15 5.00 usd; 2027-03-16 -6.00 usd",
    ),
    "a balance that follows only with the signs turned": (
        f"{HEAD},Balance\n2027-03-01,A,-1.00,11.00\n2027-03-02,B,-5.00,16.00\n2027-03-03,C,6.00,10.00\n",
        "asked sign reversed amount",
    ),
    "a balance that follows only with credit and debit turned": (
        "Date,Description,Debit,Credit,Balance\n2027-03-01,A,,1.00,10.00\n2027-03-02,B,5.00,,15.00\n"
        "2027-03-03,C,,6.00,9.00\n",
        "asked sign reversed amount",
    ),
    "receipts beside payments": (
        "Date,Description,Receipt,Payment\n2027-03-15,A,5.00,\n2027-03-16,B,,6.00\n",
        "asked mapping credit=Receipt debit=Receipt ignore=Receipt",
    ),
    "charges and payments of a card": (
        "Date,Description,Charges,Payments\n2027-03-15,A,,5.00\n2027-03-16,B,6.00,\n",
        "asked mapping credit=Charges debit=Charges ignore=Charges",
    ),
    "signs behind the amounts": (
        f"{HEAD}\n2027-03-15,A,5.00+\n2027-03-16,B,6.00-\n",
        "2027-03-15 5.00 usd; 2027-03-16 -6.00 usd",
    ),
    # Amounts in thousands
    "a heading says thousands": (f"{HEAD} ('000)\n2027-03-15,A,5.00\n2027-03-16,B,-6.00\n", "asked "),
    "a text above says thousands": (
        f"Beträge in Tausend EUR\n{HEAD}\n2027-03-15,A,5.00\n2027-03-16,B,-6.00\n",
        "asked ",
    ),
    "a text below says thousands": (
        f"{HEAD}\n2027-03-15,A,5.00\n2027-03-16,B,-6.00\nAll amounts in USD thousands\n",
        "asked ",
    ),
    "an account number with 000 in it, and air miles": (
        f"Account: 12 000 345\nAir Miles card\n{HEAD}\n2027-03-15,A,5.00\n2027-03-16,B,-6.00\n",
        "2027-03-15 5.00 usd; 2027-03-16 -6.00 usd",
    ),
    # A currency that only a text names
    "a text above names a currency": (
        f"Account: Business EUR Current\n{HEAD}\n2027-03-15,A,5.00\n2027-03-16,B,-6.00\n",
        "asked currency eur usd",
    ),
    "a currency in words": (
        f"Statement in British Pounds\n{HEAD}\n2027-03-15,A,5.00\n2027-03-16,B,-6.00\n",
        "asked currency gbp usd",
    ),
    "headings of sections name currencies": (
        f"{HEAD}\nUSD account\n2027-03-15,A,5.00\n2027-03-16,B,-6.00\nEUR account\n"
        "2027-03-15,C,7.00\n2027-03-16,D,-8.00\n",
        "asked currency eur usd",
    ),
    "a known bank's account may be in another currency": (
        "Date, Type, Description, Value, Balance, Account Name, Account Number\n"
        "15/03/2027,BAC,'ACME,5000.00,6000.00,'PYCON,'600001-12345678,\n"
        "16/03/2027,D/D,'RENT,-800.00,5200.00,'PYCON,'600001-12345678,\n",
        "asked currency gbp usd",
    ),
    # Other calendars
    "years of the Thai calendar": (
        f"{HEAD}\n15/03/2570,A,5.00\n16/03/2570,B,-6.00\n",
        "2027-03-15 5.00 usd; 2027-03-16 -6.00 usd",
    ),
    "years of the Persian calendar": (f"{HEAD}\n1405/12/24,A,5.00\n1405/12/25,B,-6.00\n", "2 apart"),
    "months in Polish": (
        "Date;Description;Amount\n15 marca 2027;A;5.00\n16 marca 2027;B;-6.00\n",
        "2027-03-15 5.00 usd; 2027-03-16 -6.00 usd",
    ),
    # Records of labelled lines, as Santander writes them
    "labelled lines": (
        "From: 01/03/2027 to 31/03/2027\n\nAccount: XXXX 1234\n\nDate:\xa016/03/2027\n"
        "Description:\xa0FASTER PAYMENTS RECEIPT REF 4500012345\nAmount:\xa05.00\xa0\nBalance:\xa016.00\xa0\n"
        "\nDate:\xa015/03/2027\nDescription:\xa0RENT\nAmount:\xa0-6.00\nBalance:\xa011.00\n",
        "2027-03-15 -6.00 usd; 2027-03-16 5.00 usd",
    ),
    # What a mark inside a cell parted
    "a decimal comma between commas": (
        f"{HEAD}\n2027-03-15,A,1234,56\n2027-03-16,B,-6,25\n",
        "2 apart",
    ),
    "a comma of thousands between commas": (
        f"{HEAD}\n2027-03-15,A,5,000.00\n2027-03-16,B,-6.00\n",
        "2027-03-16 -6.00 usd; 1 apart",
    ),
    # Days
    "years in two digits that stand first": (f"{HEAD}\n27/03/15,A,5.00\n27/03/16,B,-6.00\n", "asked "),
    # What is no booked line
    "a text that ends with (pending), and a kind that begins with it": (
        "Date,Type,Description,Amount\n2027-03-17,ACH,B (pending),1.00\n"
        "2027-03-17,PENDING ACH,C,1.00\n2027-03-15,ACH,A,5.00\n2027-03-16,ACH,C,-2.00\n",
        "2027-03-15 5.00 usd; 2027-03-16 -2.00 usd; 2 apart",
    ),
    "yes and no under Booked": (
        f"{HEAD},Booked\n2027-03-17,B,1.00,No\n2027-03-15,A,5.00,Yes\n2027-03-16,C,-2.00,Yes\n",
        "2027-03-15 5.00 usd; 2027-03-16 -2.00 usd",
    ),
    "a closing balance with its day in words": (
        f"{HEAD}\n2027-03-15,A,5.00\n2027-03-16,C,-2.00\n2027-03-31,Balance as at 31 March 2027,3.00\n",
        "2027-03-15 5.00 usd; 2027-03-16 -2.00 usd",
    ),
    "receipts of the period are the sum of the credits": (
        f"{HEAD}\n2027-03-15,A,5.00\n2027-03-15,B,1.00\n2027-03-16,C,-2.00\n"
        "2027-03-31,Receipts this period,6.00\n",
        "2027-03-15 1.00 usd; 2027-03-15 5.00 usd; 2027-03-16 -2.00 usd; 1 apart",
    ),
    "rows under a heading of pending ones above the header": (
        f"Pending transactions\n{HEAD}\n2027-03-17,B,1.00\n\nPosted transactions\n{HEAD}\n"
        "2027-03-15,A,5.00\n2027-03-16,C,-2.00\n",
        "2027-03-15 5.00 usd; 2027-03-16 -2.00 usd",
    ),
    "a text that begins with PENDING": (
        f"{HEAD}\n2027-03-17,PENDING - ACH B,1.00\n2027-03-15,A,5.00\n2027-03-16,C,-2.00\n",
        "2027-03-15 5.00 usd; 2027-03-16 -2.00 usd; 1 apart",
    ),
    "a closing balance with spaced letters": (
        f"{HEAD}\n2027-03-15,A,5.00\n2027-03-16,C,-2.00\n2027-03-31,S A L D O,3.00\n",
        "2027-03-15 5.00 usd; 2027-03-16 -2.00 usd",
    ),
    # Accounts and columns
    "a column of several accounts, ours or theirs": (
        f"Account,{HEAD}\nA-1,2027-03-15,A,5.00\nB-2,2027-03-15,B,-6.00\n",
        "asked mapping account=Account counterparty_account=Account",
    ),
    "a fee beside the columns of a short layout": (
        "Date,Description,Amount,Running Bal.,Fee\n03/15/2027,A,5.00,14.00,1.00\n"
        "03/16/2027,B,-6.00,8.00,0.00\n03/17/2027,C,7.00,14.00,1.00\n",
        "2027-03-15 4.00 usd; 2027-03-16 -6.00 usd; 2027-03-17 6.00 usd",
    ),
    "amounts in cents": ("date,text,amount_cents\n2027-03-15,A,500\n2027-03-16,B,-600\n", "asked "),
    "headings in Japanese": (
        "日付,摘要,お支払金額,お預り金額,差引残高,通貨\n2027/3/15,A,,5000,9000,JPY\n"
        "2027/3/16,B,600,,8400,JPY\n",
        "2027-03-15 5000 jpy; 2027-03-16 -600 jpy",
    ),
}  # fmt: skip


def outcome(text: str, conference: str = "usd") -> str:
    """Return the lines of the statements that are not held, or what is asked."""
    try:
        file = read_bank_file(text.encode(), currency=conference)
    except ImportFileError as error:
        choices = error.choices if isinstance(error, ImportChoiceError) else []
        return " ".join(["asked", getattr(error, "question", ""), *choices])
    taken = [s for s in file.statements if prove(s).state != "held"]
    lines = sorted(
        f"{x.booked_on} {to_major(x.amount, x.currency)} {x.currency}"
        for s in taken
        for x in s.lines
    )
    apart = sum(len(s.bad) for s in file.statements)
    return "; ".join([*lines, *([f"{apart} apart"] if apart else [])])


@pytest.mark.parametrize("name", CASES)
def test_what_decides_money_is_known_or_asked(name: str) -> None:
    """Else euros pay a purchase order in dollars, or a debit or a pending row is booked."""
    text, expected = CASES[name]
    assert outcome(text) == expected


def test_days_written_month_first_speak_for_an_american_account() -> None:
    """Else dollars pay a purchase order in euros."""
    rows = f"{HEAD}\n03/25/2027,A,5.00\n03/26/2027,B,-6.00\n"
    assert outcome(rows, "eur") == "asked currency usd eur"


@pytest.mark.parametrize(
    "text",
    [
        "Date,Transaction,Name,Memo,Amount\n11/13/2026,CREDIT,ACME,A,5.00\n11/20/2026,DEBIT,B,B,-6.00\n",
        "Date,Description,Withdrawals,Deposits,Balance\n11/13/2026,A,,$5.00,$9.00\n"
        "11/16/2026,B,$6.00,,$3.00\n",
    ],
)
def test_a_heading_that_banks_of_two_countries_have_names_no_currency(text: str) -> None:
    """Else a Canadian account's dollars pay what is billed in those of the United States."""
    assert outcome(text, "cad") == "asked currency usd cad"
    assert "5.00 usd" in outcome(text, "usd")


@pytest.mark.parametrize(("rows", "ours"), [(3, "DE02120300000000202051"), (2, "")])
def test_a_column_with_one_account_in_every_row_is_never_the_payers(rows: int, ours: str) -> None:
    """Else our own account is learned as a sponsor's, who then seems to pay whatever comes."""
    lines = [f"1{n}.11.2026;WIRE;DE02120300000000202051;+5,00\n" for n in range(rows)]
    data = "Datum;Text;Kennung;Betrag\n" + "".join(lines)
    (statement,) = read_bank_file(data.encode(), currency="eur").statements
    assert statement.account == ours
    assert {line.counterparty_account for line in statement.lines} == {""}


def test_accounts_in_sections_of_one_file_stay_apart() -> None:
    """Else the lines of the second account are put into the first."""
    part = "Account:,{}\nCurrency:,{}\n" + HEAD + "\n2027-03-15,A,5.00\n2027-03-16,B,-6.00\n\n"
    text = part.format("111-1", "USD") + part.format("222-2", "EUR")
    file = read_bank_file(text.encode(), currency="usd")
    assert [(s.account, s.currency, len(s.lines)) for s in file.statements] == [
        ("111-1", "usd", 2),
        ("222-2", "eur", 2),
    ]


def test_a_currency_that_was_answered_is_not_that_of_another_account(opened) -> None:
    """Else the dollar account of a bank is read in euros, since its other account was."""
    text = "Account,Date,Description,Amount\n{0},2027-03-15,A,5.00\n{0},2027-03-16,B,-6.00\n"
    import_bank_statement(opened, text.format("A-1").encode(), currency="eur")
    import_bank_statement(opened, text.format("A-1").replace("03-1", "04-1").encode())
    assert {line[-3:] for line in read(opened)} == {"eur"}
    with pytest.raises(ImportChoiceError) as asked:
        import_bank_statement(opened, text.format("B-2").encode())
    assert (asked.value.question, asked.value.choices) == ("currency", ["eur", "usd"])


def test_a_currency_that_was_answered_gives_way_to_one_that_the_file_names(opened) -> None:
    """Else a statement in dollars is read in euros, since last month's was."""
    text = "Currency:,{}\nDate,Description,Amount\n2027-{}-15,A,5.00\n2027-{}-16,B,-6.00\n"
    import_bank_statement(opened, text.format("", "03", "03").encode(), currency="eur")
    import_bank_statement(opened, text.format("USD", "04", "04").encode())
    assert [line[-3:] for line in read(opened)] == ["eur", "eur", "usd", "usd"]


def test_that_all_amounts_of_one_file_are_credits_says_nothing_of_the_next(opened) -> None:
    """Else a debit without a sign in next month's file is booked as income."""
    text = "Date,Description,Amount\n2027-{}-15,A,5.00\n2027-{}-16,B,6.00\n"
    import_bank_statement(opened, text.format("03", "03").encode(), sign="amount")
    with pytest.raises(ImportChoiceError) as asked:
        import_bank_statement(opened, text.format("04", "04").encode())
    assert asked.value.question == "sign"


def test_a_bank_that_wrote_a_minus_before_is_not_asked_about_signs(opened) -> None:
    """Else a month of payments alone is asked about, although the bank writes a minus at debits."""
    text = "Date,Description,Amount\n2027-{0}-15,A,5.00\n2027-{0}-16,B,{1}6.00\n"
    import_bank_statement(opened, text.format("03", "-").encode())
    assert import_bank_statement(opened, text.format("04", "").encode()).new == 2


@pytest.mark.parametrize(
    ("name", "memo"),
    [
        ("New Balance", "PO 4500012345"),
        ("Total", "SPONSORING"),
        ("ALPHA", "Saldo"),
        ("IBM", "Total"),
    ],
)
def test_a_payment_that_names_a_balance_in_one_cell_is_set_apart_by_name(
    name: str, memo: str
) -> None:
    """Else what New Balance pays, or what a payer calls the rest, is left out as a balance."""
    rows = f"2027-03-15,{name},{memo},5.00\n2027-03-16,C,RENT,-2.00\n"
    assert outcome(f"Date,Name,Memo,Amount\n{rows}") == "2027-03-16 -2.00 usd; 1 apart"


@pytest.mark.parametrize(
    "words",
    [
        "B/F", "Your opening balance was", "Balance from last statement", "Saldo vorige periode",
        "Solde au 31 octobre 2026", "Saldo em 31/10/2026", "Saldo na początek okresu", "前月繰越",
        "期初余额", "Входящий остаток", "Overført fra forrige side", "Net movement",
        "Number of transactions", "Available funds",
    ],
)  # fmt: skip
def test_a_balance_in_other_words_is_no_line(words: str) -> None:
    """Else what the account held before is money that came."""
    rows = f"2027-03-01,{words},9.00\n2027-03-15,A,5.00\n2027-03-16,B,-6.00\n"
    assert outcome(f"{HEAD}\n{rows}") == "2027-03-15 5.00 usd; 2027-03-16 -6.00 usd"
