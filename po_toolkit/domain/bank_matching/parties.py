"""Who stands where in what a bank says: payer, original payer, banks, beneficiary, the rest.

The marks are those of US wires (``B/O``, ``ORG=``, ``OGB=``, ``BNF=``, ``OBI=``), ACH (``ORIG CO
NAME``, ``IND NAME``, ``INDN``), SWIFT and Dutch banks (``/ORDP/``, ``/NAME/``, ``/REMI/``), German
banks (``SVWZ+``, ``EREF+``, ``ABWA+``) and French ones (``/DE``, ``/MOTIF``).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

PAYER, ORIGINAL, BENEFICIARY, BANK, NUMBER, REFERENCE, TEXT, PLAIN = (
    "payer", "original", "beneficiary", "bank", "number", "reference", "text", "plain",
)  # fmt: skip
"""What a piece of text is: NUMBER holds the banks' own numbers, REFERENCE one of the bank's or the
payer's, TEXT what the payer wrote, PLAIN what nothing marks."""

_MARKS = {
    PAYER: """
        B/O|BO|ORG|ORIG|ORIG CO NAME|ORIG CO|CO NAME|COMPANY NAME|ORIGINATOR|ORIGINATOR NAME
        ORDP|NAME|NAAM|NOM|FROM|SENDER|SENDER NAME|REMITTER|REMITTER NAME|PAYER|PAYER NAME|PAYOR
        DEBTOR|DEBTOR NAME|DBTR|ORDERING CUSTOMER|ORDERING CUST|ORD CUST|ORDERING PARTY
        BY ORDER OF|EMETTEUR|DO|DONNEUR D'ORDRE|AUFTRAGGEBER|ORDENANTE|ORDINANTE|ZAHLER
        EINZAHLER|50K|50F|50A|BETALER|CNTP|AVSANDARE|AVSENDER|NADAWCA|MITTENTE|REMETENTE|MAKSAJA
        ZAHLUNGSPFLICHTIGER|RECEIVED FROM|PAID BY|OPDRACHTGEVER|VAN|REMITTING PARTY|COUNTERPARTY
        TEGENPARTIJ
        """,
    ORIGINAL: """
        ABWA|ULTD|ULTDBTR|ULTIMATE DEBTOR|ULTIMATE PAYER|ON BEHALF OF|OBO|ORIGINAL PAYER
        ORIG PAYER|FOR ACCOUNT OF|F/O|IM AUFTRAG VON|POUR LE COMPTE DE|PER CONTO DI|NAMENS
        PAYMENT FROM
        """,
    BENEFICIARY: """
        BNF|NBNF|BENEFICIARY|BENEFICIARY NAME|BENE|BENM|BENF|CR TO|CREDIT TO|IND NAME|INDN|ABWE
        CDTR|CREDITOR|PAYEE|EMPFANGER|BEGUNSTIGTER|BENEF|ULTC|RECEIVER|RECEIVER NAME|BNF NAME
        CRED NAME
        """,
    BANK: """
        VIA|OGB|O/B|SND BNK|SND BK|SENDING BANK|SENDER BANK|ORIG BANK|IBK|BBK|INS|ORDINST|ORDI
        ORIG INST|CORRESPONDENT|INTERMEDIARY BANK|INTERMEDIARY|INT BK|BIC|SWIFT|BANK|BANK NAME
        52A|52D|53A|54A|RCVR BANK|SBK|ORDERING BANK|ORD BANK|ORDERING INSTITUTION
        INSTRUCTING BANK|BBI|REMITTING BANK
        """,
    NUMBER: """
        TRN|SRF|IMAD|OMAD|SSN|SEQ|TRACE|ORIG ID|CO ID|CCD ID|PPD ID|CTX ID|WEB ID|DESC DATE|EED
        SEC|CRED|DEBT|MREF|IBAN|ACCT|ACCOUNT|ACCT NO|A/C|TIME|DATE|FED|FEDREF|FED REF
        TRANSACTION ID|TXN ID|UETR|ISA|BATCH|BATCH ID|TERMINAL|PHONE|TEL|ZIP|EFF DATE|CONF
        CONFIRMATION|TRANSREF|TRTP|PREF|BANK REF|SVCR REF|RATE|FX RATE|CSID|MANDATE|ABA|ROUTING
        RTN|RCVD|CARD|BLZ|KTO|VALUE DATE|VALUTA|ICM|BN|CUSTOMER ID|PTN|GSID
        """,
    REFERENCE: """
        EREF|KREF|REF|E2E|END TO END ID|ORIG REF|CUST REF|REFERENZ|CDTRREF|REFERENCE|EREFID
        """,
    TEXT: """
        OBI|RFB|REMI|USTD|STRD|SVWZ|MOTIF|REM|RMK|MEMO|INFO|DETAILS|CO ENTRY DESCR|IND ID|IID
        ADDENDA|RMR|LIB|CONCEPTO|CAUSALE|OMSCHRIJVING|KENMERK|COMMUNICATION|MEDEDELING
        VERWENDUNGSZWECK|ZWECK|MESSAGE|MELDING|ROC|PMT INFO|PAYMENT DETAILS|NOTE|DESC|70
        REMITTANCE|REMITTANCE INFO|PURP|YOUR REF|THEIR REF|MEDDELANDE|TYTULEM|TYTUL|OGGETTO
        ORIGTOBNF|FOR
        """,
}
_ROLE = {
    re.sub(r"\s+", " ", mark.strip()): role
    for role, marks in _MARKS.items()
    for mark in marks.replace("\n", "|").split("|")
    if mark.strip()
}
_BARE = (
    "B/O|O/B|VIA|BY ORDER OF|ON BEHALF OF|OBO|RECEIVED FROM|FROM|PAID BY|SENDING BANK|INDN|IND NAME"
)
"""Marks that need nothing after them."""
_AFTER_SLASH = "DE|MOTIF|REF|LIB|ID|BENEF|DO|BEN|RFB|ORG"


def _any(marks: list[str]) -> str:
    """Return an expression for any of some marks, the longest first."""
    ordered = sorted(marks, key=lambda m: (-len(m), m))
    return "|".join(re.escape(m).replace(r"\ ", r"\s+") for m in ordered)


_ALL = _any(list(_ROLE))
_MARK = re.compile(
    rf"/(?P<slash>{_ALL})(?=/)/*"
    r"|(?P<german>SVWZ|EREF|KREF|MREF|CRED|DEBT|ABWA|ABWE|IBAN|BIC|PURP)\s?\+"
    rf"|(?<![A-Z0-9])(?P<marked>{_ALL})\s?[#.]?\s?[:=+]+"
    rf"|(?<![A-Z0-9])(?P<number>TRN|SRF|TRACE|FED|RFB|SEQ|REF|SSN|TEL|ACCT|A/C|CONF|BATCH)\s?#+"
    r"|(?<!\d)(?P<sort>\d\d-\d\d-\d\d)(?=\s\d{8}(?!\d))"
    rf"|/(?P<french>{_AFTER_SLASH})(?=\s)"
    rf"|(?<![A-Z0-9/])(?P<bare>{_any(_BARE.split('|'))})(?=\s)"
)
_ACCOUNT_FIRST = re.compile(r"^[/\s]*(?:\d[\d\s]{5,}|[A-Z]{2}\d{2}[A-Z0-9]{8,})(?:[/\s]+|$)")
_LINE_OF_50F = re.compile(r"^\s*1/(?P<name>.*?)(?:\s+[2-8]/.*)?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a bank's text and what it is."""

    role: str
    text: str


def upper(text: str) -> str:
    """Write a text in capital letters and with usual ones instead of full-width ones."""
    return unicodedata.normalize("NFKC", text).upper()


@lru_cache(maxsize=100_000)
def pieces(text: str) -> tuple[Piece, ...]:
    """Cut what a bank says at its marks."""
    whole = upper(text)
    found: list[Piece] = []
    role, start = PLAIN, 0
    for mark in _MARK.finditer(whole):
        found.append(Piece(role, whole[start : mark.start()]))
        role, start = _role(mark), mark.end()
    found.append(Piece(role, whole[start:]))
    return tuple(_cleaned(p) for p in found if p.text.strip(" /,;:-"))


def _role(mark: re.Match[str]) -> str:
    if mark["sort"]:  # a British account number follows
        return NUMBER
    name = next(value for value in mark.groups() if value is not None)
    if mark["french"]:
        return {"DE": PAYER, "DO": PAYER, "ORG": PAYER, "BENEF": BENEFICIARY, "BEN": BENEFICIARY,
                "ID": NUMBER, "REF": REFERENCE}.get(name, TEXT)  # fmt: skip
    if mark["slash"] and name == "RFB":  # a bank's own number within BBI=
        return REFERENCE
    return _ROLE[re.sub(r"\s+", " ", name)]


def _cleaned(piece: Piece) -> Piece:
    """Leave account numbers and the numbering of SWIFT's field 50F off a party's name."""
    if piece.role not in (PAYER, ORIGINAL):
        return piece
    text = piece.text
    if (numbered := _LINE_OF_50F.match(text)) is not None:
        return Piece(piece.role, numbered["name"])
    text = _ACCOUNT_FIRST.sub("", text)
    parts = [p for p in text.split("/") if p.strip()]
    if len(parts) > 1 and re.fullmatch(r"\s*[A-Z]{4}[A-Z]{2}[A-Z0-9]{2,5}\s*", parts[0]):
        return Piece(piece.role, parts[1])
    return Piece(piece.role, text)
