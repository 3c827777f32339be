"""CSV and TSV in every encoding and dialect that spreadsheet programs write."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from itertools import chain, islice, pairwise
from typing import cast

from charset_normalizer import from_bytes

from po_toolkit.domain.harmless import restore
from po_toolkit.errors import ImportFileError
from po_toolkit.importers.cells import Cell
from po_toolkit.importers.fields import recognized
from po_toolkit.importers.problems import Choice, ImportQuestionsError, Question
from po_toolkit.importers.readers.contract import Reader, Sheet, SheetRow, Workbook

DELIMITERS = ",;\t|"
_SAMPLE_ROWS = 100
_MOST_CELLS = 6_000_000
_END = "\ue000end of file\ue000"
_SEP_LINE = re.compile(r"\ufeff?\"?sep=(.)\"?(?:\r\n|\r|\n)", re.IGNORECASE)

LOST = "\ufffd"
"""Stands for a character that is damaged in the file."""

TWICE = "utf-8-twice"
"""Our name for text that was encoded as UTF-8, read as Windows-1252 and encoded again."""

ENCODINGS = (
    "cp1252", "cp932", "gb18030", "big5", "euc_kr", "cp1251", "koi8_r", "cp1250", "iso8859_2",
    "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "mac_roman", "cp850", "cp437", "euc_jp",
)  # fmt: skip
"""What a text file that is not UTF-8 may be in: the encodings that spreadsheet programs write."""

_ALPHABETS = tuple(
    frozenset(letters)
    for letters in (
        "äöüßÄÖÜé", "àâæçéèêëîïôœùûüÿÀÂÆÇÉÈÊËÎÏÔŒÙÛÜ", "áéíñóúüªºÁÉÍÑÓÚÜ",
        "áâãàçéêíóôõúüªºÁÂÃÀÇÉÊÍÓÔÕÚ",
        "àèéìíòóùúÀÈÉÌÒÙ", "åäöæøéüÅÄÖÆØÉÜ", "ëïéèöüóáíúËÏÉ", "àéèíïóòúüçÀÉÈÍÏÓÒÚÜÇ",
    )
)  # fmt: skip
_WESTERN_MARKS = frozenset("€\u2013\u2014\u2018\u2019\u201a“”„•…™©®°«»§·\u00b4¡¿\u00a0£²³\u00d7±½¼")


def open_text(data: bytes, encoding: str | None = None) -> Workbook:
    """Open a text file as a workbook of one sheet without a name.

    The encoding is what a person has chosen.

    Raises:
        ImportFileError: It is no text, or a quotation mark is never closed.
        ImportQuestionsError: Its encoding must be chosen.
    """
    text, notes = (chosen_text(data, encoding), []) if encoding else decode(data)
    if not text.strip():
        raise ImportFileError("The file is empty. Nothing was imported.")
    hint = ""
    if found := _SEP_LINE.match(text):
        # Excel's own hint; it does not show this line, so it has no row number.
        hint, text = str(found[1]), text[found.end() :]
    delimiter = hint or find_delimiter(text)

    def load(name: str) -> Sheet:
        return Sheet(name, _rows(text, delimiter), delimiter=delimiter)

    return Workbook("csv", [""], load, notes=notes)


def chosen_text(data: bytes, encoding: str) -> str:
    """Return the text in the encoding that a person has chosen.

    Raises:
        ImportFileError: There is no such encoding, or the file is not in it.
    """
    try:
        if encoding.lower() == TWICE:
            return _repaired(data.decode("utf-8-sig"))
        return data.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        raise ImportFileError(
            f"There is no encoding {encoding!r}; some are: utf-8, {', '.join(ENCODINGS)}."
        ) from None
    except UnicodeError as error:
        raise ImportFileError(f"The file is not {encoding}: {error}.") from None


_MARKED = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def decode(data: bytes) -> tuple[str, list[str]]:
    """Return the text and what was assumed to read it.

    UTF-8 and its marked siblings are known by their bytes. Anything else is taken for Windows-1252
    only where every word is one that a Western language can write; else a person must choose.

    Raises:
        ImportFileError: The bytes are no text, or the last character is cut off.
        ImportQuestionsError: The encoding must be chosen.
    """
    marked = next((name for mark, name in _MARKED if data.startswith(mark)), None)
    if marked:
        return _decode_as(data, marked), []
    if b"\x00" in data[:4096]:
        unmarked = _unmarked_utf16(data)
        if unmarked is None:
            raise ImportFileError(
                "The file is not a spreadsheet: it holds binary data. Save it as .xlsx or .csv."
            )
        return _decode_as(data, unmarked), []
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if (
            error.end == len(data)
            and error.start >= len(data) - 3
            and not data[: error.start].isascii()
        ):
            raise ImportFileError(
                "The file is cut short in the middle of a character. Save or download it again."
            ) from None
    else:
        if "\x1b$" in text[:200_000]:
            return chosen_text(data, "iso2022_jp"), ["The file was read as ISO-2022-JP."]
        return text, []
    mostly = data.decode("utf-8", "replace")
    damaged = mostly.count(LOST)
    if sum(not c.isascii() and c != LOST for c in mostly) >= 3 * damaged:
        note = (
            f"The file is UTF-8 with {damaged} damaged character(s), shown as {LOST}; rows whose "
            "sponsor, email or PO number has one are refused."
        )
        return mostly, [note]
    western = _western(data)
    if western is not None:
        return western, [
            "The file is not UTF-8; it was read as Windows-1252. Check names with accents."
        ]
    raise _ask_encoding(data)


def _western(data: bytes) -> str | None:
    """Return the text in Windows-1252 if all its words could be of a Western language."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    for word in set(re.split(r"[\s,;|\"'()/.&:+-]+", text)):
        if word.isascii():
            continue
        letters = {c for c in word if not c.isascii() and c not in _WESTERN_MARKS}
        inner = word[1:-1]
        if letters and not any(letters <= alphabet for alphabet in _ALPHABETS):
            return None
        if any(c in _WESTERN_MARKS and c not in "\u2019\u00b4·€£" for c in inner):
            return None
        if re.search(r"[^\W\d_]£|£[^\W\d_]|[a-z][ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞ]", word):
            return None
        if re.search(r"[^\x00-\x7f]{3}", word) and letters:
            return None
    return text


def _ask_encoding(data: bytes) -> ImportQuestionsError:
    """Ask in which encoding the names are in their own letters, the likelier ones first."""
    likely = [found.encoding for found in from_bytes(data)]
    ranked = sorted(
        dict.fromkeys([*likely[:2], *ENCODINGS]),
        key=lambda name: (_oddness(data, name), name not in likely),
    )
    choices, shown = [], set()
    for name in ranked:
        sample = _sample_of(data, name)
        if sample and sample not in shown:
            shown.add(sample)
            choices.append(Choice(f"{sample} ({name})", {"encoding": name}))
        if len(choices) == 12:
            break
    if not choices:
        raise ImportFileError(
            "The file's characters cannot be read in any known encoding. Save it as UTF-8."
        )
    return ImportQuestionsError(
        [
            Question(
                "encoding",
                "",
                "The file is not UTF-8, and its letters can be read in several encodings. Which "
                "of these is written as it should be?",
                choices,
            )
        ]
    )


def _oddness(data: bytes, encoding: str) -> float:
    """Return how unlikely it is that text looks as these bytes do in an encoding; 0 is best."""
    try:
        text = data[:200_000].decode(encoding, "ignore")
    except LookupError:
        return 1e9
    odd = total = 0
    for word in set(re.findall(r"[^\s,;|\"@.]*[^\x00-\x7f][^\s,;|\"@.]*", text)):
        letters = [c for c in word if not c.isascii()]
        total += len(letters)
        scripts = {_script(c) for c in word if c.isalpha()}
        odd += 2 * len(letters) * (len(scripts) > 1)
        odd += sum(not c.isalpha() and c not in _WESTERN_MARKS for c in letters)
        odd += 2 * sum(unicodedata.category(c) in ("Cc", "Cn", "Co") for c in letters)
        odd += sum(a.islower() and b.isupper() for a, b in pairwise(word))
        odd += 2 * sum("HALFWIDTH" in unicodedata.name(c, "") for c in letters)
    return odd / total if total else 0.0


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "?").split()[0]
    return "CJK" if name in ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "FULLWIDTH") else name


def _sample_of(data: bytes, encoding: str) -> str:
    """Return the first words that are not plain letters, as this encoding reads them."""
    try:
        text = data.decode(encoding)
    except (UnicodeError, LookupError):
        return ""
    cells = re.findall(r"[^,;\t|\r\n\"]*[^\x00-\x7f,;\t|\r\n\"][^,;\t|\r\n\"]*", text)
    unlike = list(dict.fromkeys(cell.strip()[:30] for cell in cells))
    return "; ".join(unlike[:3])


def mojibake(text: str) -> str:
    """Return what a text that was encoded twice was meant to be, or ``""``."""
    if not _MOJIBAKE.search(text):
        return ""
    try:
        meant = _repaired(text)
    except UnicodeError:
        return ""
    return meant if meant != text else ""


_MOJIBAKE = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030"
    "\u0160\u2039\u0152\u017d\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178]"
)


def _repaired(text: str) -> str:
    """Undo one reading as Windows-1252 (with its undefined bytes as Latin-1)."""
    raw = bytearray()
    for c in text:
        try:
            raw += c.encode("cp1252")
        except UnicodeEncodeError:
            raw += c.encode("latin-1")
    return raw.decode("utf-8")


def _decode_as(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise ImportFileError(
            f"The file says that it is {encoding.removesuffix('-sig').upper()}, but it is damaged "
            "or cut short. Save or download it again."
        ) from None


def _unmarked_utf16(data: bytes) -> str | None:
    """UTF-16 without its mark: mostly Latin text has a zero in every second byte."""
    sample = data[:4096]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.4 * len(sample[1::2]) and even < 0.05 * len(sample):
        return "utf-16-le"
    if even > 0.4 * len(sample[0::2]) and odd < 0.05 * len(sample):
        return "utf-16-be"
    return None


def find_delimiter(text: str) -> str:
    """Choose the delimiter under which the first rows make the most sense."""

    def sense(delimiter: str) -> tuple[int, float, int]:
        reader = csv.reader(io.StringIO(text[:200_000], newline=""), delimiter=delimiter)
        try:
            rows = [row for row in islice(reader, _SAMPLE_ROWS) if any(c.strip() for c in row)]
        except csv.Error:
            return 0, 0.0, 0
        if not rows:
            return 0, 0.0, 0
        fields = max(recognized(row) for row in rows[:30])
        width, count = Counter(map(len, rows)).most_common(1)[0]
        return fields, count / len(rows) if width > 1 else 0.0, width

    return max(DELIMITERS, key=sense)


def _rows(text: str, delimiter: str) -> list[SheetRow]:
    try:
        rows, several_lines = _parsed(text, delimiter)
    except csv.Error:
        rows, several_lines = _as_typed(text, delimiter), 0
    if "'" in text or '="' in text or '=""' in text:
        _restore(rows)
    if several_lines:
        _refuse_swallowed_rows(rows, delimiter)
    return rows


def _as_typed(text: str, delimiter: str) -> list[SheetRow]:
    """Read a file whose quotation marks do not follow the rules, line by line.

    A mark closes a cell only before a delimiter or the end of the line; one inside is a mark.

    Raises:
        ImportFileError: A cell runs over several lines, so that rows might be swallowed.
    """
    rows: list[SheetRow] = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        if line.strip(f"{delimiter} "):
            try:
                strict = next(csv.reader([line], delimiter=delimiter, strict=True))
                rows.append((number, cast(list[Cell], strict)))
            except csv.Error:
                rows.append((number, cast(list[Cell], _cells_as_typed(line, delimiter, number))))
    return rows


def _cells_as_typed(line: str, delimiter: str, number: int) -> list[str]:
    cells: list[str] = []
    at = 0
    while at <= len(line):
        if line.startswith('"', at):
            end = _closing(line, at + 1, delimiter)
            if end >= 0:
                cells.append(line[at + 1 : end].replace('\\"', '"').replace('""', '"'))
                at = end + 2
                continue
            if line.find('"', at + 1) < 0:
                raise ImportFileError(
                    f"A quotation mark that opens in row {number} is never closed, so what "
                    f"follows is read as one cell. Correct it and import the file again."
                )
        end = line.find(delimiter, at)
        end = len(line) if end < 0 else end
        cells.append(line[at:end])
        at = end + 1
    return cells


def _closing(line: str, start: int, delimiter: str) -> int:
    """Return where the mark stands that closes a cell, or -1."""
    at = line.find('"', start)
    while at >= 0:
        after = line[at + 1 : at + 2]
        if line[at - 1] != "\\" and after in ("", delimiter):
            return at
        at = line.find('"', at + (2 if after == '"' else 1))
    return -1


def _parsed(text: str, delimiter: str) -> tuple[list[SheetRow], int]:
    """Return the rows that are not empty, and the first that takes several lines (or 0)."""
    lines = chain(io.StringIO(text, newline=""), ("\r\n", _END))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    rows: list[SheetRow] = []
    number = several = count = 0
    for number, row in enumerate(reader, 1):
        if row and ((row[0] and not row[0].isspace()) or any(c.strip() for c in row)):
            rows.append((number, cast(list[Cell], row)))
            count += len(row)
            if count > _MOST_CELLS:
                raise ImportFileError(
                    f"The file is too large a table: more than {_MOST_CELLS:,} cells. Split it."
                )
        if not several and reader.line_num > number:
            several = number
    if not rows or rows[-1][1] != [_END]:
        raise ImportFileError(
            f"A quotation mark that opens in row {number} is never closed. The file is cut short, "
            "or the mark does not belong there."
        )
    rows.pop()
    return rows, several


def _restore(rows: list[SheetRow]) -> None:
    """Take off what keeps a program from running a text: our own apostrophe, Excel's ``="…"``."""
    for _, cells in rows:
        for at, cell in enumerate(cells):
            if isinstance(cell, str) and cell.startswith("'"):
                cells[at] = restore(cell)
            elif isinstance(cell, str) and cell.startswith('="') and cell.endswith('"'):
                cells[at] = cell[2:-1].replace('""', '"')


def _refuse_swallowed_rows(rows: list[SheetRow], delimiter: str) -> None:
    """A stray quotation mark joins rows into one cell; their orders must not vanish in it."""
    for number, cells in rows:
        for cell in cells:
            text = str(cell)
            width = max(len(cells), 4)
            if any(line.count(delimiter) >= width // 2 for line in text.splitlines()[1:]):
                raise ImportFileError(
                    f"The quotation mark in row {number} is not closed, so the rows after it are "
                    f"read as one cell. Close it or remove it."
                )


READER = Reader(
    "csv",
    "a text file (CSV)",
    (".csv", ".tsv", ".tab", ".txt"),
    lambda data: not data.startswith(b"PK"),
    open_text,
    limited=False,
)
