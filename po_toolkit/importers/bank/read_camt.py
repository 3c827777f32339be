"""CAMT.053: ISO 20022's bank-to-customer statement, in every version from .02 on.

Source of the rules: ISO 20022 message definition camt.053.001 and the CGI-MP guide. The direction
of an entry is its ``CdtDbtInd`` alone: ``RvslInd`` only says why it was booked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from xml.parsers import expat

from po_toolkit.errors import ImportChoiceError, ImportFileError
from po_toolkit.importers.bank.model import (
    BadLine,
    BankFile,
    BankLine,
    Payment,
    Statement,
    minor,
    one_line,
    plain_amount,
    same_currency,
)
from po_toolkit.money import display

_OPENING = ("OPBD", "PRCD", "ITBD")
_CLOSING = ("CLBD", "ITBD")
_EMPTY_REFERENCES = frozenset({"NOTPROVIDED", "NONREF"})


def read_camt(data: bytes, *, intraday: bool = False) -> BankFile:
    """Read every statement of a CAMT.053 file, or every report of a CAMT.052 file.

    ``intraday`` takes the booked entries of a CAMT.052 report, where a bank offers nothing else.

    Raises:
        ImportFileError: It is neither.
        ImportChoiceError: It is a CAMT.052, and nobody said that it is to be taken.
    """
    root = parse(data)
    if root.one("BkToCstmrDbtCdtNtfctn") is not None:
        raise ImportFileError(
            "The file is a camt.054 notice of single payments, which the statement repeats. Load "
            "the camt.053 statement instead."
        )
    reports = root.all("BkToCstmrAcctRpt/Rpt")
    if root.one("BkToCstmrAcctRpt") is not None and not intraday:
        raise ImportChoiceError(
            "The file is a camt.052 report of the day, whose lines may still change. Load the "
            "camt.053 statement instead. Only if the bank offers none, import the lines that the "
            "report says are booked.",
            question="intraday",
            choices=["yes"],
        )
    statements = reports or root.all("BkToCstmrStmt/Stmt")
    if not statements:
        raise ImportFileError("The XML file holds no camt.053 statement.")
    notes: list[str] = []
    found = [_statement(node, notes) for node in statements]
    return BankFile("camt052" if reports else "camt053", found, notes)


def _statement(node: Node, notes: list[str]) -> Statement:
    account = node.value("Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/PrtryAcct/Id")
    made = Statement(account=account, number=node.value("Id"))
    balances = node.all("Bal")
    opening = _balance(balances, _OPENING, last=False)
    closing = _balance(balances, _CLOSING, last=True)
    if opening is closing:
        # A lone interim balance is where the page ends, unless another kind says how it began.
        opening = None
    made.currency = _currency(node, opening, closing)
    made.opening, made.opening_date = _taken(made, opening, "opening")
    made.closing, made.closing_date = _taken(made, closing, "closing")
    for entry in node.all("Ntry"):
        status = entry.value("Sts/Cd", "Sts/Prtry", "Sts") or "BOOK"
        if status != "BOOK":
            notes.append(f"Row {entry.line}: An entry of status {status} is not booked; left out.")
            continue
        _take_entry(made, entry)
    declared = node.value("TxsSummry/TtlNtries/NbOfNtries")
    booked = len(node.all("Ntry"))
    if declared.isdigit() and int(declared) != booked:
        made.problems.append(f"it says that it has {int(declared)} entries and holds {booked}")
    return made


def _currency(node: Node, *balances: Node | None) -> str:
    named = node.value("Acct/Ccy")
    for balance in balances:
        amount = balance.one("Amt") if balance else None
        named = named or (amount.attributes.get("Ccy", "") if amount else "")
    entry = node.one("Ntry/Amt")
    return (named or (entry.attributes.get("Ccy", "") if entry else "")).lower()


def _balance(balances: list[Node], codes: tuple[str, ...], *, last: bool) -> Node | None:
    for code in codes:
        found = [b for b in balances if b.value("Tp/CdOrPrtry/Cd", "Tp/Cd") == code]
        if found:
            return found[-1 if last else 0]
    return None


def _taken(made: Statement, balance: Node | None, name: str) -> tuple[int | None, date | None]:
    if balance is None:
        return None, None
    try:
        amount, currency = _amount(balance)
        same_currency(currency, made.currency)
        day = _date(balance.value("Dt/Dt", "Dt/DtTm"))
        return minor(amount, currency), day
    except ValueError as error:
        made.problems.append(f"its {name} balance {error}")
        return None, None


def _amount(node: Node) -> tuple[Decimal, str]:
    """Return the signed amount in major units and its currency."""
    found = node.one("Amt")
    if found is None:
        raise ValueError("has no amount")
    amount, currency = plain_amount(found.text), found.attributes.get("Ccy", "").lower()
    direction = node.value("CdtDbtInd")
    if direction not in ("CRDT", "DBIT"):
        raise ValueError(f"is neither credit nor debit: {direction!r}")
    return (amount if direction == "CRDT" else -amount), currency


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise ValueError(f"{text!r} is not a date") from None


def _take_entry(made: Statement, entry: Node) -> None:
    amount: int | None = None
    try:
        major, currency = _amount(entry)
        same_currency(currency, made.currency)
        amount = minor(major, currency)
        booked = _date(entry.value("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm"))
        value = entry.value("ValDt/Dt", "ValDt/DtTm")
        value_date = _date(value) if value else None
    except ValueError as error:
        made.bad.append(BadLine(entry.line, _raw(entry), f"The entry {error}.", amount))
        return
    details = [
        _detail(d, credit=amount > 0, currency=currency) for d in entry.all("NtryDtls/TxDtls")
    ]
    _check_details(made, entry, amount, details)
    made.lines.append(
        BankLine(
            row=entry.line,
            amount=amount,
            currency=currency,
            booked_on=booked,
            value_date=value_date,
            counterparty=one_line(*(d.counterparty for d in details))[:255],
            counterparty_account=details[0].account if len(details) == 1 else "",
            references=tuple(dict.fromkeys(r for d in details for r in d.references)),
            reversal=_is_reversal(entry),
            text=one_line(
                *(d.text for d in details),
                _reference(entry.value("AddtlNtryInf")),
                _reference(entry.value("NtryRef")),
                _reference(entry.value("AcctSvcrRef")),
            ),
            bank_reference=entry.value("AcctSvcrRef", "NtryRef")[:255],
            details=tuple(details) if len(details) > 1 else (),
        )
    )


def _is_reversal(entry: Node) -> bool:
    """Tell whether the bank says that the entry takes back an earlier one."""
    indicator = entry.value("RvslInd", "NtryDtls/TxDtls/RvslInd").lower() in ("true", "1")
    return indicator or any(n.tag == "RtrInf" for n in entry.walk())


def _detail(node: Node, *, credit: bool, currency: str) -> Payment:
    """Return one payment of an entry; its amount only where it is in the entry's currency."""
    amount: int | None = None
    found = node.one("AmtDtls/TxAmt/Amt") or node.one("Amt")
    if found is not None and found.attributes.get("Ccy", "").lower() == currency:
        try:
            amount = minor(plain_amount(found.text), currency)
        except ValueError:
            amount = None
    sign = node.value("CdtDbtInd")
    if amount is not None and (sign == "DBIT" if sign else not credit):
        amount = -amount
    role = "Dbtr" if credit else "Cdtr"
    roles = (role, f"Ultmt{role}")
    names = [node.value(f"RltdPties/{r}/Nm", f"RltdPties/{r}/Pty/Nm") for r in roles]
    remittance = node.one("RmtInf")
    remittance_texts = (
        [n.text for n in remittance.walk() if n.tag in ("Ustrd", "Ref", "Nb", "AddtlRmtInf")]
        if remittance
        else []
    )
    references = [n.text for r in node.all("Refs") for n in r.walk() if not n.children]
    structured = [
        node.value("Refs/EndToEndId"),
        *(n.text for r in node.all("RmtInf/Strd") for n in r.walk() if n.tag in ("Ref", "Nb")),
        node.value("Refs/ChqNb"),
    ]
    account = f"RltdPties/{role}Acct/Id"
    return Payment(
        amount=amount,
        counterparty=one_line(*names),
        account=node.value(f"{account}/IBAN", f"{account}/Othr/Id", f"{account}/PrtryAcct/Id"),
        text=one_line(
            *remittance_texts, *map(_reference, references), node.value("AddtlTxInf"), *names
        ),
        references=tuple(dict.fromkeys(r for t in structured if (r := _reference(t.strip())))),
    )


def _reference(text: str) -> str:
    return "" if text.strip() in _EMPTY_REFERENCES else text


def _check_details(made: Statement, entry: Node, amount: int, details: list[Payment]) -> None:
    """An entry is the sum of its details, where each is given in the entry's currency."""
    amounts = [d.amount for d in details if d.amount is not None]
    if not amounts or len(amounts) < len(details):
        return
    apart = amount - sum(amounts)
    if apart and abs(apart) != _charges(entry, made.currency):
        made.problems.append(
            f"the entry in row {entry.line} of {display(amount, made.currency)} is not the sum of "
            f"its details: {display(apart, made.currency)} apart"
        )


def _charges(entry: Node, currency: str) -> int:
    """Return the charges that the entry names, in minor units.

    Where a total stands beside its records, the total counts and the records do not.
    """
    total = 0
    for charges in [*entry.all("Chrgs"), *entry.all("NtryDtls/TxDtls/Chrgs")]:
        found = charges.all("TtlChrgsAndTaxAmt") or charges.all("Rcrd/Amt") or charges.all("Amt")
        for node in found:
            if node.attributes.get("Ccy", "").lower() == currency:
                try:
                    total += minor(plain_amount(node.text), currency)
                except ValueError:
                    continue
    return total


def _raw(entry: Node) -> str:
    return one_line(*(f"{n.tag}={n.text.strip()}" for n in entry.walk() if n.text.strip()))[:2000]


_DECLARED = re.compile(rb"""<\?xml[^>]*encoding=["']([A-Za-z0-9._-]+)["'][^>]*\?>""")


@dataclass(slots=True)
class Node:
    """One element, its namespace left out."""

    tag: str
    line: int
    attributes: dict[str, str]
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, path: str) -> list[Node]:
        """Return the elements at a path of tags such as ``Bal/Amt``."""
        found = [self]
        for tag in path.split("/"):
            found = [child for node in found for child in node.children if child.tag == tag]
        return found

    def one(self, path: str) -> Node | None:
        """Return the first element at a path."""
        found = self.all(path)
        return found[0] if found else None

    def value(self, *paths: str) -> str:
        """Return the text of the first of these paths that holds any."""
        for path in paths:
            for node in self.all(path):
                if node.text.strip():
                    return node.text.strip()
        return ""

    def walk(self) -> Iterator[Node]:
        """Visit the element and all within it."""
        yield self
        for child in self.children:
            yield from child.walk()


_DEEPEST = 100
"""Elements within each other; camt.053 has about 15 levels."""
_MOST_ELEMENTS = 5_000_000
"""In one file; 100,000 entries have about 3 million."""


def parse(data: bytes) -> Node:
    """Parse an XML document.

    Raises:
        ImportFileError: It is no well-formed XML, is cut short, has a document type, or is nested
            or large as no statement is.
    """
    root = Node("", 0, {})
    open_nodes = [root]
    parser = expat.ParserCreate()
    parser.buffer_text = True

    elements = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal elements
        elements += 1
        if len(open_nodes) > _DEEPEST or elements > _MOST_ELEMENTS:
            raise ImportFileError("The XML file holds no camt.053 statement.")
        node = Node(name.rpartition(":")[2], parser.CurrentLineNumber, attributes)
        open_nodes[-1].children.append(node)
        open_nodes.append(node)

    def text(chunk: str) -> None:
        open_nodes[-1].text += chunk

    def refuse(*_: object) -> None:
        raise ImportFileError("The file declares a document type, which no bank statement has.")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: open_nodes.pop()
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(_readable(data), True)
    except expat.ExpatError as error:
        why = expat.ErrorString(error.code)
        raise ImportFileError(
            f"The XML is damaged or cut short in line {error.lineno}: {why}."
        ) from None
    return root.children[0]


def _readable(data: bytes) -> bytes:
    """Return the document in an encoding that the parser knows; it knows but four."""
    data = data.lstrip()
    declared = _DECLARED.match(data)
    name = declared[1].decode("ascii") if declared else "utf-8"
    if declared is None or name.lower() in ("utf-8", "utf-16", "iso-8859-1", "us-ascii"):
        return data
    try:
        return data[declared.end() :].decode(name).encode()
    except (LookupError, UnicodeDecodeError):
        raise ImportFileError(
            f"The XML declares the encoding {name}, but is not written in it."
        ) from None
