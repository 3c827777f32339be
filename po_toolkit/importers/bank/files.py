"""Opens a bank statement by what it is, not by what its name says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path, PurePath

from babel.numbers import get_territory_currencies

from po_toolkit.domain.bank_matching.vocabulary import other_currency
from po_toolkit.errors import ImportChoiceError, ImportFileError
from po_toolkit.importers.bank.columns import Saved
from po_toolkit.importers.bank.layout import Layout, known_layouts
from po_toolkit.importers.bank.model import (
    MONTH_FIRST,
    Answers,
    BankFile,
    Reading,
    Statement,
)
from po_toolkit.importers.bank.read_bai2 import read_bai2
from po_toolkit.importers.bank.read_camt import read_camt
from po_toolkit.importers.bank.read_mt940 import read_mt940
from po_toolkit.importers.bank.read_ofx import read_ofx
from po_toolkit.importers.bank.read_qif import read_qif
from po_toolkit.importers.bank.read_sheet import read_sheet
from po_toolkit.importers.bank.vocabulary import fields_of, iban_in
from po_toolkit.importers.problems import ImportQuestionsError
from po_toolkit.importers.readers import open_workbook, read_bytes
from po_toolkit.importers.readers.contract import Workbook
from po_toolkit.importers.readers.limits import Archive
from po_toolkit.importers.readers.text import DELIMITERS, ENCODINGS, chosen_text, decode

_MT940 = re.compile(r"^(?:\{4:\s*)?:(?:20|25|28C?|60[FM]|61):", re.MULTILINE)
_QIF = re.compile(r"^!(?:Type|Account|Option)", re.IGNORECASE)
_BAI2 = re.compile(r"^01,[^,\r\n]*,[^,\r\n]*,\d{6}(?:\d\d)?,")
_NONE = frozenset[str]()
_MONTH_FIRST = frozenset({"usd", "cad", "php"})
"""Currencies in whose countries a day may be written month first."""
_FIXED = (
    (re.compile(r"^\d{8}.{0,40}TITO|^T0[0-9]{3}"), "a Finnish TITO file", "camt.053"),
    (re.compile(r"^0[147]\d{5} {4}\d{5}[A-Z]{3}"), "a French CFONB 120 file", "camt.053 or CSV"),
    (re.compile(r"^11\d{16,}"), "a Spanish Norma 43 file", "camt.053, OFX or CSV"),
    (re.compile(r"^00000\d{6}"), "a Belgian CODA file", "camt.053 or CSV"),
    (re.compile(r"^ISA\*"), "an EDI (X12) file", "BAI2, camt.053 or CSV"),
    (re.compile(r"^074\d{16}"), "a Czech ABO (GPC) file", "camt.053, MT940 or CSV"),
    (re.compile(r"^\d{3}00000 {9}|^02RETORNO"), "a Brazilian CNAB file", "OFX or CSV"),
    (re.compile(r"^1CClientBankExchange"), "a 1C exchange file", "MT940 or CSV"),
)  # fmt: skip


def read_bank_file(
    source: Path | bytes,
    *,
    currency: str,
    answers: Answers | None = None,
    saved: Saved | None = None,
    layouts: Sequence[Layout] = (),
    known: Callable[[str], str] = lambda _: "",
) -> BankFile:
    """Read the statements of a file.

    A ZIP of statements is read file by file. The conference's currency is taken where nothing in
    the file speaks of another; ``known`` returns that of one of our accounts. ``saved`` returns the
    answers given before for a spreadsheet heading's fingerprint.

    Raises:
        ImportFileError: It is no bank statement that can be read.
        ImportChoiceError: Something in it must be chosen.
    """
    data = read_bytes(source)
    answers = answers or Answers()
    all_layouts = (*known_layouts(), *layouts)

    def read_one(content: bytes) -> BankFile:
        if answers.encoding and not content.startswith((b"PK", b"\xd0\xcf\x11\xe0", b"<?xml")):
            content = chosen_text(content, answers.encoding).encode()
        file = _read(content, currency, answers, saved, all_layouts)
        if not answers.currency and not file.remembered:
            _ask_if_another(file, answers.account, known)
        return file

    if data.startswith(b"PK"):
        archive = Archive(data)
        if not archive.names & {"xl/workbook.xml", "xl/workbook.bin", "mimetype"}:
            return _read_archive(archive, read_one)
    file = read_one(data)
    if answers.account:
        for statement in file.statements:
            statement.account = answers.account
    return file


def _ask_if_another(file: BankFile, account: str, known: Callable[[str], str]) -> None:
    """Ask for the currency of a file that names none, where something speaks against ours.

    Raises:
        ImportChoiceError: Our account, every payer's account, the form of the days, or a text
            beside the same amount is of another currency.
    """
    for statement in (s for s in file.statements if s.assumed):
        if known(account or statement.account):
            continue
        own = statement.currency
        why, others = _speaks_against(statement, account, file.reading.dates)
        if others:
            raise ImportChoiceError(
                f"The file does not name its currency, and {why}, which contradicts "
                f"{own.upper()}. Say which currency it is in.",
                question="currency",
                choices=[*sorted(others)[:3], own],
            )


def _speaks_against(statement: Statement, account: str, dates: str) -> tuple[str, frozenset[str]]:
    """Return what speaks against a statement's currency, and the currencies it speaks for."""
    own = statement.currency
    iban = iban_in(account) or iban_in(statement.account)
    payers = [c for x in statement.lines if (c := _of_iban(x.counterparty_account))]
    texts = (other_currency(x.text, x.amount, own) for x in statement.lines)
    named = next(filter(None, texts), "")
    if iban and own not in _of_iban(iban):
        return f"its account is in another country ({iban})", _of_iban(iban)
    if not iban and payers and not any(own in codes for codes in payers):
        return "all accounts in it are in other countries", frozenset().union(*payers)
    if named:
        return f"a line names its amount in {named.upper()}", frozenset({named})
    if dates == MONTH_FIRST and own not in _MONTH_FIRST:
        return "its days are written month first", frozenset({"usd"})
    return "", frozenset()


def _of_iban(account: str) -> frozenset[str]:
    """Return the currencies of the country of an IBAN; none where it is no IBAN."""
    country = iban_in(account)[:2]
    return frozenset(c.lower() for c in get_territory_currencies(country)) if country else _NONE


def _read_archive(archive: Archive, read: Callable[[bytes], BankFile]) -> BankFile:
    names = sorted(
        n for n in archive.names
        if not n.endswith("/") and not PurePath(n).name.startswith(".") and "__MACOSX" not in n
    )  # fmt: skip
    if not names:
        raise ImportFileError("The ZIP archive is empty.")
    files: list[BankFile] = []
    for name in names:
        try:
            files.append(read(archive.read(name)))
        except ImportChoiceError as error:
            raise ImportChoiceError(
                f"In {name}: {error}", question=error.question, choices=error.choices
            ) from None
        except ImportFileError as error:
            raise ImportFileError(f"In {name}: {error}") from None
    formats = {f.format for f in files}
    if len(formats) > 1:
        raise ImportFileError(
            f"The ZIP archive holds files of several formats ({', '.join(sorted(formats))}), which "
            f"may hold the same lines twice. Unpack it and import the files of one format."
        )
    prints = {f.fingerprint for f in files}
    return BankFile(
        files[0].format,
        [s for f in files for s in f.statements],
        [f"{name}: {note}" for name, f in zip(names, files, strict=True) for note in f.notes],
        files[0].columns,
        prints.pop() if len(prints) == 1 else "",
        files[0].reading,
    )


def _read(
    data: bytes,
    currency: str,
    answers: Answers,
    saved: Saved | None,
    layouts: Sequence[Layout],
) -> BankFile:
    if not data.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        made = _as_marked_up(data, currency, answers)
        made = made or _as_tagged(_decode(data), currency, answers)
        if made is not None:
            return made
        book = _as_text(data, _decoded(data))
    else:
        book = open_workbook(data)
    return read_sheet(book, currency=currency, answers=answers, saved=saved, layouts=layouts)


def _as_marked_up(data: bytes, currency: str, answers: Answers) -> BankFile | None:
    """Read OFX and XML; None where the file is neither.

    Raises:
        ImportFileError: It is a PDF or a web page.
    """
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if b"<OFX" in data[:65536].upper() or head.upper().startswith(b"OFXHEADER"):
        return _own(read_ofx(_decode(data)[0], currency=currency, answers=answers), "OFX")
    if head.startswith((b"<?xml", b"<Document")) or b"camt.05" in data[:4096]:
        return _own(read_camt(data, intraday=answers.intraday), "ISO 20022")
    if data.startswith(b"%PDF"):
        raise ImportFileError("The file is a PDF; ask the bank for CAMT.053, MT940, OFX or CSV.")
    plain = _decode(data)[0].lstrip("\ufeff \t\r\n")
    if re.match(r"<(?:!doctype )?html|<table", plain, re.IGNORECASE):
        raise ImportFileError(
            "The file is a web page, whatever its name says. Open it in a spreadsheet program and "
            "save it as XLSX or CSV, or ask the bank for camt.053, MT940, OFX or CSV."
        )
    if plain.startswith("<"):
        return _own(read_camt(data, intraday=answers.intraday), "ISO 20022")
    return None


def _as_tagged(decoded: tuple[str, list[str]], currency: str, answers: Answers) -> BankFile | None:
    """Read QIF, BAI2 and MT940; None where the file is none of them.

    Raises:
        ImportFileError: It is a national format that is not read; says what to ask for.
    """
    text, notes = decoded
    plain = text.lstrip("\ufeff \t\r\n")
    if _QIF.match(plain):
        return _own(read_qif(plain, currency=currency, answers=answers), "QIF")
    if _BAI2.match(plain):
        return _own(read_bai2(plain, currency=currency), "BAI2")
    if _MT940.search(text[:65536]):
        file = read_mt940(text)
        file.notes[:0] = notes
        return _own(file, "MT940")
    for pattern, what, ask in _FIXED:
        if pattern.match(plain):
            raise ImportFileError(f"The file is {what}, which is not read. Ask the bank for {ask}.")
    return None


def _own(file: BankFile, what: str) -> BankFile:
    codes = sorted({s.currency.upper() for s in file.statements})
    file.reading = Reading(
        layout=what, sign="as the format says", currency=", ".join(codes), dates="as written"
    )
    return file


def _decode(data: bytes) -> tuple[str, list[str]]:
    """Decode a text file; where its letters leave several encodings open, by its headings."""
    try:
        return decode(data)
    except ImportQuestionsError:
        best = _by_headings(data)
        note = f"The file is not UTF-8; it was read as {best}. Check names with accents."
        return data.decode(best, errors="replace"), [note]


def _decoded(data: bytes) -> str:
    """Decode a text file; of encodings that are not UTF-8, the one whose headings can be read."""
    text = _decode(data)[0]
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if not data.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\x00" not in data[:4096]:
            other = data.decode(_by_headings(data), errors="replace")
            return max(text, other, key=lambda t: _delimiter(t)[1])
    return text


def _by_headings(data: bytes) -> str:
    """Return the encoding in which most names of columns are known; the usual one where none is."""
    head = {name: data[:16384].decode(name, errors="replace") for name in ENCODINGS}
    return max(head, key=lambda name: (_delimiter(head[name])[1], -head[name].count("\ufffd")))


def _delimiter(text: str) -> tuple[str, int]:
    """Return the delimiter under which some row names most of a statement's columns, and how many.

    A name that is known whole counts double, so that letters read wrongly lose.
    """
    best, most = "", 3
    lines = text[:16384].splitlines()[:60]
    for delimiter in DELIMITERS:
        for line in lines:
            cells = [c.strip().strip('"') for c in line.split(delimiter)]
            found = [fields_of(c)[0] for c in cells if c and len(c) < 60 and fields_of(c)]
            named = len({f for f, _ in found}) + sum(rank < 1000 for _, rank in found)
            if len(cells) > 1 and named > most:
                best, most = delimiter, named
    return best, most


_LABELLED = re.compile(r"\s*([^\W\d][^:;\t]{0,30}?)\s*:\s*(.*?)\s*")


def _as_table(text: str) -> str:
    """Return a text of labelled lines, such as ``Date: …`` and ``Amount: …``, as a table of tabs.

    A record begins at each date; nothing is returned where a line has no label.
    """
    found = [_LABELLED.fullmatch(line) for line in text.splitlines() if line.strip("\ufeff\xa0 \t")]
    pairs = [(m[1], m[2]) for m in found if m]
    fields = [{name for name, _ in fields_of(label)[:1]} for label, _ in pairs]
    starts = [at for at, names in enumerate(fields) if names == {"date"}]
    if None in found or not starts or not any(names == {"amount"} for names in fields):
        return ""
    above = [f"{label}: {value}" for label, value in pairs[: starts[0]]]
    records = [dict(pairs[a:b]) for a, b in pairwise([*starts, len(pairs)])]
    labels = list(dict.fromkeys(label for record in records for label in record))
    rows = [[record.get(label, "").replace("\t", " ") for label in labels] for record in records]
    return "\n".join([*above, *map("\t".join, [labels, *rows])])


def _as_text(data: bytes, text: str) -> Workbook:
    """Open a text file by the delimiter of its heading, as Excel's own first line would name it."""
    text = _as_table(text) or text
    delimiter = _delimiter(text)[0]
    if not delimiter or re.match(r'\ufeff?"?sep=', text, re.IGNORECASE):
        return open_workbook(data)
    hint = f"sep={delimiter}\n"
    return open_workbook((hint + text.removeprefix("\ufeff")).encode())
