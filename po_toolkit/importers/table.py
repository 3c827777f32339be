"""A sheet as a table: its header found, its columns named, and every row sorted.

A row is an order's line, or a line that goes on with the order above it, or it is left out: a
totals row, a repeated header, a heading, a footer, or a row of check boxes and empty formulas. What
is left out is kept with what it held.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any

from po_toolkit.domain.wording import named_rows
from po_toolkit.errors import ImportFileError
from po_toolkit.importers.cells import (
    Cell,
    clean,
    is_empty,
    sign_currencies,
    text_of,
    written_amount,
)
from po_toolkit.importers.columns import (
    IGNORED,
    OWN_LINES,
    PACKAGES,
    Assignment,
    Column,
    assign,
    bare,
    distinct_headers,
    fingerprint,
    is_canonical,
    is_reason,
    kind_of,
)
from po_toolkit.importers.fields import (
    FIELDS,
    REASON,
    REQUIRED,
    TOTAL_STARTS,
    TOTAL_WORDS,
    field_of,
    fold,
    like,
    recognized,
)
from po_toolkit.importers.problems import Choice, ImportQuestionsError, Question
from po_toolkit.importers.readers.contract import Sheet, SheetRow, Workbook, column_letter
from po_toolkit.importers.rows import column_cells

NEEDED = "One header row must name an organization, a contact email, and an amount or a unit price."

_HEADER_WITHIN = 50
"""A header stands in the first rows of its sheet."""

_REPEATED = frozenset(
    [
        "organization_name",
        "contact_name",
        "contact_email",
        "billing_address",
        "po_number",
        "currency",
        "due_date",
        "days_until_due",
        "notes",
        "stripe_invoice_id",
    ]
)
"""Fields whose merged cells hold for each of their rows. A merged amount is one amount."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that is no purchase order.

    Attributes:
        row: Its line, as seen.
        why: What it was taken for.
        held: What stood in it.
    """

    row: int
    why: str
    held: str

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"row": self.row, "why": self.why, "held": self.held}


@dataclass(slots=True)
class Table:
    """The rows of one sheet under their header.

    Attributes:
        sheet: The sheet's name; ``""`` for a text file.
        header_row: The line of the header, as seen.
        headers: Every column's distinct name.
        assignment: What each column was taken for, and what is asked about it.
        rows: Line number and cells of every data row.
        hints: Position → what a row of units under the header holds.
        titles: The texts above the header.
        headings: Line of a row that holds one text → the text.
        delimited: Whether it is from a text file, whose numbers another program may have changed.
        footers: The texts below it that are no order.
        continued: Line of a row that goes on with the order above → the line it goes on from.
        left_out: The rows that are no purchase order.
        mismatched: Line of a totals row that is written as a line, and that does not add up.
        differing: Lines of totals rows that show another sum, with what they show.
        examples: Lines that look like an example for whoever fills the sheet in.
        kept: Lines that a person takes for purchase orders, whatever they look like.
        shifted: Lines of a text file where one cell was split in two → how that is seen.
        hidden_rows: Line numbers of data rows that are hidden in the sheet.
        struck_rows: Line numbers of data rows that are struck through.
        notes: What was assumed or left out.
        remembered: The answers about values that were given for this header before.
    """

    sheet: str
    header_row: int
    headers: list[str]
    assignment: Assignment
    rows: list[SheetRow]
    hints: dict[int, str] = field(default_factory=dict)
    titles: list[str] = field(default_factory=list)
    headings: dict[int, str] = field(default_factory=dict)
    delimited: bool = False
    footers: list[str] = field(default_factory=list)
    continued: dict[int, int] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    mismatched: dict[int, str] = field(default_factory=dict)
    differing: dict[int, str] = field(default_factory=dict)
    examples: list[int] = field(default_factory=list)
    kept: Container[int] = ()
    shifted: dict[int, str] = field(default_factory=dict)
    hidden_rows: frozenset[int] = frozenset()
    struck_rows: frozenset[int] = frozenset()
    notes: list[str] = field(default_factory=list)
    remembered: dict[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> list[Column]:
        """What each column was taken for."""
        return self.assignment.columns

    @property
    def packages(self) -> dict[int, str]:
        """Position → name of the columns that are billed as one line each."""
        return self.assignment.packages

    @property
    def own_lines(self) -> dict[int, str]:
        """Position → ``+`` or ``-`` of the columns that are a line beside the row's own."""
        return self.assignment.own_lines

    @property
    def positions(self) -> dict[str, int]:
        """Field → column position."""
        return {c.field: c.position for c in self.columns if c.field}

    @property
    def mapping(self) -> dict[str, str]:
        """Field → column name."""
        return {c.field: c.header for c in self.columns if c.field}

    @property
    def canonical(self) -> bool:
        """Whether the header consists of canonical columns alone."""
        return is_canonical(self.headers)

    @property
    def unknown(self) -> list[Column]:
        """The columns that were taken for nothing."""
        assigned = self.assignment
        return [
            c
            for c in self.columns
            if c.field is None
            and c.position not in assigned.packages
            and c.position not in assigned.own_lines
            and c.position not in assigned.address
            and not is_reason(c.header)
        ]

    def answers(self) -> dict[str, str]:
        """Return the mapping with what was left out by a person, as it is remembered."""
        settled = self.assignment.settled
        ignored = [h for at, h in enumerate(self.headers) if at in settled and not is_reason(h)]
        found = dict(self.mapping)
        # The last line break says that the names are separated by line breaks, not by commas.
        found |= {self.headers[at]: sign for at, sign in self.own_lines.items()}
        if self.packages:
            found[PACKAGES] = "".join(f"{name}\n" for name in self.packages.values())
        if ignored:
            found[IGNORED] = "".join(f"{name}\n" for name in ignored)
        return found


def choose_sheet(
    workbook: Workbook,
    name: str | None,
    chosen: Mapping[str, str] | None = None,
    saved: Container[str] = (),
) -> Sheet:
    """Return the sheet that was asked for, or the only one with a recognizable header.

    Raises:
        ImportQuestionsError: Several sheets fit.
        ImportFileError: None does, or there is no sheet of that name.
    """
    if name:
        return workbook.sheet(name)
    if len(workbook.names) == 1:
        return workbook.sheet(workbook.names[0])
    visible = list(workbook.visible())
    fitting = [
        name for name in visible if find_header(workbook.sheet(name), chosen, saved) is not None
    ]
    if len(fitting) == 1:
        others = [name for name in visible if name != fitting[0] and workbook.sheet(name).rows]
        if others:
            named = ", ".join(map(repr, others))
            workbook.notes.append(f"Sheets without purchase orders were left out: {named}.")
        return workbook.sheet(fitting[0])
    if fitting:
        question = Question(
            "sheet",
            "",
            f"Several sheets hold purchase orders: {', '.join(map(repr, fitting))}. Choose one.",
            [Choice(f"Sheet {one!r}", {"sheet": one}) for one in fitting],
        )
        raise ImportQuestionsError([question])
    shown = ", ".join(map(repr, visible))
    raise ImportFileError(
        f"No sheet has a header with the columns of an import; the sheets are: {shown}. {NEEDED}"
    )


def find_header(
    sheet: Sheet, chosen: Mapping[str, str] | None = None, saved: Container[str] = ()
) -> int | None:
    """Return the index in ``sheet.rows`` of the row that names most fields, or None.

    Of several, the first that names almost as many as the best: what is below is its data, or
    another table. A row that was a header before, whose fingerprint is among ``saved``, is one
    again.
    """
    wanted = {fold(name) for name in _named_columns(chosen or {})}
    scores: list[tuple[int, int]] = []
    for index, (_, cells) in enumerate(sheet.rows[:_HEADER_WITHIN]):
        if saved and fingerprint(distinct_headers(cells)) in saved:
            return index
        named = wanted & {fold(c) for c in cells if isinstance(c, str) and len(c) < 100}
        if named or _names_enough(cells):
            scores.append((2 * recognized(cells) + _alike(cells) + 4 * len(named), index))
    best = max((score for score, _ in scores), default=0)
    return next((index for score, index in scores if score and score >= 0.6 * best), None)


def _named_columns(chosen: Mapping[str, str]) -> set[str]:
    names = {
        key for key, name in chosen.items() if key not in FIELDS and (not name or name in OWN_LINES)
    }
    for name in set(chosen.values()) - OWN_LINES.keys():
        names |= {part.strip() for part in re.split(r"\n|[;,]", name) if part.strip()} | {name}
    return names - {""}


def _alike(cells: Sequence[Cell]) -> int:
    """Count the different fields that the cells of a header are like."""
    texts = [c for c in cells if isinstance(c, str) and c.strip() and len(c) < 100]
    return len(set().union(*(like(c) for c in texts))) if texts else 0


def _names_enough(cells: Sequence[Cell]) -> bool:
    texts = [c for c in cells if isinstance(c, str) and c.strip() and len(c) < 100]
    if any("@" in c and kind_of(c) == "email" for c in texts):
        return False
    fields = {found[0] for c in texts if (found := field_of(c))}
    close = {next(iter(f)) for c in texts if len(f := like(c)) == 1 and len(c) < 60} | fields
    people = {"organization_name", "contact_email"}
    return bool(fields) and len(close) >= 2 and not close.isdisjoint(people) and len(texts) >= 2


def read_table(
    sheet: Sheet,
    *,
    chosen: Mapping[str, str] | None = None,
    saved: Mapping[str, Mapping[str, Any]] | None = None,
    skip_rows: Container[int] = (),
    keep_rows: Container[int] = (),
) -> Table:
    """Find the header of a sheet, name its columns, and sort its rows.

    Args:
        sheet: The sheet as read.
        chosen: Field → column name, as a person chose; see :func:`~po_toolkit.importers.columns.
            assign`.
        saved: Fingerprint of a header → the mapping and answers used with it before.
        skip_rows: Lines that a person leaves out.
        keep_rows: Lines that a person takes for purchase orders, whatever they look like.

    Raises:
        ImportFileError: There is no header, no row under it, or a second table with other columns.
    """
    if not sheet.rows:
        raise ImportFileError(f"{_called(sheet)} is empty. Nothing was imported.")
    index = find_header(sheet, chosen, saved or ())
    if index is None:
        first = ", ".join(repr(text_of(c)) for c in sheet.rows[0][1] if not is_empty(c))
        raise ImportFileError(
            f"{_called(sheet)} has no header with the columns of an import; its first row is: "
            f"{first[:300]}. {NEEDED}"
        )
    header_row, cells = sheet.rows[index]
    rows = [row for row in sheet.rows[index + 1 :] if row[0] not in skip_rows]
    cells, rows, second = _second_headers(cells, rows)
    beyond = 0 if sheet.delimiter else max((len(c) for _, c in rows), default=0) - len(cells)
    headers = distinct_headers([*cells, *[""] * beyond], rows)
    written = _embedded(headers)
    remembered = dict((saved or {}).get(fingerprint(headers)) or {}) | written
    assigned = assign_with(headers, rows, chosen or {}, remembered)
    table = Table(
        sheet.name,
        header_row,
        headers,
        assigned,
        rows,
        kept=keep_rows,
        titles=[" ".join(filter(None, map(text_of, above))) for _, above in sheet.rows[:index]],
        delimited=bool(sheet.delimiter),
        remembered={k: v for k, v in remembered.items() if k.startswith("@")},
    )
    table.left_out += second
    if sheet.delimiter:
        _find_shifted(table, len(sheet.rows[index][1]), len(cells), second)
    if sheet.delimiter == ",":
        _find_split_amounts(table)
    _fill_merged(table, sheet)
    _fill_ditto(table)
    _Sorter(table).sort()
    _note_left_out(table)
    if not table.rows:
        raise ImportFileError(
            f"{_called(sheet)} has a header in row {header_row}, but no purchase order under it. "
            "Nothing was imported."
        )
    _note_what_is_not_seen(table, sheet)
    return table


def assign_with(
    headers: Sequence[str],
    rows: Sequence[SheetRow],
    chosen: Mapping[str, str],
    remembered: Mapping[str, Any],
) -> Assignment:
    """Assign the columns by what a person chose, and else by what was used before."""
    mapping = {key: str(name) for key, name in remembered.items() if not key.startswith("@")}
    names = {fold(name) for name in _named_columns(chosen)}
    replaced = ""
    for key in [
        k
        for k, name in mapping.items()
        if k in chosen or fold(k if name in OWN_LINES else name) in names
    ]:
        before = mapping.pop(key)
        if key in chosen and key in FIELDS and before and fold(before) not in names:
            replaced += f"{before}\n"
    if replaced:
        mapping[IGNORED] = mapping.get(IGNORED, "") + replaced
    for key in (PACKAGES, IGNORED):
        if key in mapping:
            kept = [one for one in mapping[key].split("\n") if one and fold(one) not in names]
            mapping[key] = "".join(f"{one}\n" for one in kept)
            if not kept:
                del mapping[key]
    for key, name in list(mapping.items()):
        # A column that was used before and is not in this file is looked for again.
        if name and key in FIELDS and fold(name) not in map(fold, headers):
            del mapping[key]
    return assign(headers, rows, mapping=mapping | dict(chosen), chosen=set(chosen))


def table_of(
    sheet: str,
    header_row: int,
    headers: Sequence[str],
    rows: list[SheetRow],
    mapping: Mapping[str, Any],
) -> Table:
    """Make a table of rows that were read before, under their headers and their mapping."""
    fields = dict.fromkeys(FIELDS, "") | {k: v for k, v in mapping.items() if k[:1] != "@"}
    assigned = assign(headers, rows, mapping=fields, chosen=set())
    assigned.settled |= {c.position for c in assigned.columns if c.field is None}
    assigned.questions.clear()
    table = Table(sheet, header_row, list(headers), assigned, rows)
    table.remembered = {k: v for k, v in mapping.items() if k.startswith("@")}
    return table


def _called(sheet: Sheet) -> str:
    return f"Sheet {sheet.name!r}" if sheet.name else "The file"


def _embedded(headers: Sequence[str]) -> dict[str, Any]:
    """Return the answers that a file of rejected rows carries in its column of reasons."""
    for header in headers:
        text = bare(header).removeprefix(REASON).strip()
        if is_reason(header) and text.startswith("{"):
            try:
                found = json.loads(text)
            except ValueError:
                return {}
            return {str(k): v for k, v in found.items()} if isinstance(found, dict) else {}
    return {}


def with_answers(answers: Mapping[str, Any]) -> str:
    """Return the header of the column of reasons, with the answers that the file was read by."""
    return f"{REASON} {json.dumps(answers, ensure_ascii=False)}" if answers else REASON


def _second_headers(
    cells: Sequence[Cell], rows: Sequence[SheetRow]
) -> tuple[list[Cell], list[SheetRow], list[LeftOut]]:
    """Leave repeated headers out; one that adds columns to the right adds them for all rows."""
    header = list(cells)
    names = [fold(text_of(cell)) for cell in header]
    kept: list[SheetRow] = []
    left: list[LeftOut] = []
    written = {cell for cell in header if isinstance(cell, str) and cell.strip()}
    if rows and _translates(cells, rows[0][1]):
        left.append(LeftOut(rows[0][0], "repeats the header", held_in(rows[0][1])))
        rows = rows[1:]
    for number, row in rows:
        if written.isdisjoint(row):
            kept.append((number, row))
            continue
        texts = [fold(c) if isinstance(c, str) else "" for c in row]
        same = sum(bool(a) and a == b for a, b in zip(names, texts, strict=False))
        if same < 2:
            kept.append((number, row))
            continue
        clash = [a for a, b in zip(names, texts, strict=False) if a and b and a != b]
        if clash:
            kept.append((number, row))
            continue
        for at, cell in enumerate(row):
            if at >= len(header):
                header.append(cell)
                names.append(fold(text_of(cell)))
            elif not names[at]:
                header[at], names[at] = cell, fold(text_of(cell))
        left.append(LeftOut(number, "repeats the header", held_in(row)))
    return header, kept, left


def _translates(header: Sequence[Cell], row: Sequence[Cell]) -> bool:
    """Tell whether a row names the header's fields again, in other words."""
    known = [
        (one[0], other[0])
        for a, b in zip(header, row, strict=False)
        if isinstance(a, str) and isinstance(b, str)
        if (one := field_of(a)) and (other := field_of(b))
    ]
    return len(known) > 1 and all(a == b for a, b in known) and not _is_data(row)


def _is_data(row: Sequence[Cell]) -> bool:
    return any(kind_of(c) in ("email", "number", "date") for c in row if not is_empty(c))


def held_in(cells: Sequence[Cell]) -> str:
    """Return what stands in a row, in a few words."""
    texts = [" ".join(text_of(c).split()) for c in cells if not is_empty(c)]
    shown = ", ".join(repr(text) for text in texts[:6])
    return shown[:200] + (" …" if len(texts) > 6 else "")


def _find_shifted(table: Table, width: int, wider: int, second: Sequence[LeftOut]) -> None:
    """Find rows of a text file with more cells than their header: one was split in two."""
    after = second[0].row if second else 0
    for number, cells in table.rows:
        if len(cells) > (wider if second and number > after else width):
            table.shifted[number] = f"the row has {len(cells)} cells, more than the header"


_MONEY_FIELDS = ("unit_price", "amount", "po_amount")
_MARK = r"(?:[^\W\d_]{1,3}\.?|[^\w\s.,'+()%-]){0,4}"
"""A currency's sign or code."""
_BEGINS = re.compile(
    rf"\(?\s*[-+\u2212]?\s*{_MARK}\s*[-+\u2212]?"
    r"(?:[1-9]\d{0,2}(?P<groups>(?:[. '\u2019\u00a0\u202f]\d{3})*)|\d+)"
)
"""The part of an amount before a comma: up to three digits, or with another mark for thousands."""
_LONGEST_AMOUNT = 60
"""What is longer is none; thousands of blanks between its signs would take hours."""
_THOUSANDS = re.compile(rf"\d{{3}}(?P<cents>\.\d\d?|\.?-+)?\s*\)?-?\s*{_MARK}")
_CENTS = re.compile(rf"\d\d\s*\)?-?\s*{_MARK}")


def _find_split_amounts(table: Table) -> None:
    """Find amounts that their own comma split in two where the row is not too long for that.

    A row whose last cell was missing anyway has as many cells as the header: ``5,000`` becomes an
    amount of 5 and the number 000 in the next column.
    """
    at = table.positions
    counted = {at[name] for name in (*_MONEY_FIELDS, "quantity") if name in at}
    counted |= set(table.packages)
    for column in sorted(counted - {at.get("quantity", -1)}):
        if not any(text_of(c).strip()[:1].isdigit() for c in _different(table.rows, column + 1)):
            continue
        found: dict[int, tuple[str, str, str]] = {}
        texts: list[str] = []
        for number, cells in table.rows:
            first, rest = text_of(_at(cells, column)).strip(), cells[column + 1 :]
            texts.append(beside := text_of(_at(rest, 0)).strip())
            if seen := _split_amount(first, rest, beside_counts=column + 1 in counted):
                found[number] = seen, first, beside
        amounts = (text_of(_at(cells, column)).strip() for _, cells in table.rows)
        if all(beside in ("", amount) for amount, beside in zip(amounts, texts, strict=True)):
            continue  # the next column repeats the amount
        # Where the next column is full of such numbers, a likely one is a number like the others.
        texts = [text for text in texts if text]
        of_three = sum(bool(re.fullmatch(r"\d{3}", text)) for text in texts)
        digits = sum(text.isdecimal() for text in texts)
        certain = any(seen == "certain" for seen, _, _ in found.values())
        kept = {
            "certain": True,
            "thousands": certain or 2 * of_three <= len(texts) or len(found) == of_three,
            "cents": certain or 2 * digits <= len(texts),
        }
        for number, (seen, first, beside) in found.items():
            if kept[seen]:
                table.shifted.setdefault(
                    number,
                    f"{first!r} and {beside!r} in the next column may be one amount, "
                    f"{first},{beside} (write {first}.00 where {first} is meant)",
                )


def _split_amount(first: str, rest: Sequence[Cell], *, beside_counts: bool) -> str:
    """Tell whether a cell and the next are one amount: certainly, or by thousands or cents.

    Args:
        first: The cell of an amount.
        rest: The cells after it.
        beside_counts: Whether the next column holds amounts or quantities, where 500 is as good.

    Returns:
        ``certain``, ``thousands``, ``cents``, or ``""`` where they are two.
    """
    begins = _BEGINS.fullmatch(first) if len(first) < _LONGEST_AMOUNT else None
    beside = text_of(_at(rest, 0)).strip()
    if begins is None or not beside[:1].isdigit():
        return ""
    whole = re.sub(r"\D", "", first)
    thousands = _THOUSANDS.fullmatch(beside) if len(whole) <= 3 else None
    if thousands is None and not _CENTS.fullmatch(beside):
        return ""
    grouped = begins["groups"] or (thousands is not None and (thousands["cents"] or "(" in first))
    if beside[0] == "0" or (grouped and not beside_counts):
        return "certain"
    if thousands is None:
        return "cents" if len(whole) > 3 and not beside_counts else ""
    more = re.fullmatch(r"\d{3}(?:\.\d\d?)?", text_of(_at(rest, 1)).strip())
    likely = more or int(whole) < 100 or int(beside[:3]) % 50 == 0
    return "thousands" if likely and not beside_counts else ""


def _fill_merged(table: Table, sheet: Sheet) -> None:
    """Give each row of a merged range its value, where a value can be that of several rows."""
    fields = {c.position: c for c in table.columns if c.field in _REPEATED}
    by_row = dict(table.rows)
    filled: set[int] = set()
    for top, left, bottom, _right in sheet.merged:
        value = by_row.get(top, [])[left : left + 1]
        if left not in fields or top == bottom or not value or is_empty(value[0]):
            continue
        for number in range(top + 1, bottom + 1):
            cells = by_row.get(number)
            if cells is not None:
                cells += [""] * (left + 1 - len(cells))
                cells[left] = value[0]
                filled.add(left)
    for position in sorted(filled):
        table.notes.append(
            f"Merged cells in column {fields[position].header!r} were read as one value for each "
            "of their rows."
        )


_DITTO = frozenset(
    (
        "\u0022 \u2033 \u3003 \u201d '' ditto dito do. idem same same_as_above s.o. s._o. "
        "siehe_oben wie_oben comme_ci-dessus igual come_sopra 同上"
    ).split(" ")
)
"""What stands for the cell above."""


def _fill_ditto(table: Table) -> None:
    """Read a ditto mark as the value above it, where a value can be that of several rows.

    A sponsor may be called so; then the row has an email, and what is above is not theirs.
    """
    positions = {c.field: c.position for c in table.columns if c.field in _REPEATED - {"notes"}}
    name, email = (positions.get(field, -1) for field in REQUIRED)
    if not any(_is_ditto(c) for at in positions.values() for c in _different(table.rows, at)):
        return
    for (_, above), (_, cells) in pairwise(table.rows):
        if not any(map(_is_ditto, cells)):
            continue
        if _is_ditto(_at(cells, name)) and (is_empty(mail := _at(cells, email)) or _is_ditto(mail)):
            cells[name] = _at(above, name)
        if fold(text_of(_at(cells, name))) == fold(text_of(_at(above, name))):
            for at in positions.values():
                if _is_ditto(_at(cells, at)):
                    cells[at] = _at(above, at)


def _is_ditto(cell: Cell) -> bool:
    return (
        isinstance(cell, str)
        and len(cell) < 20
        and cell.strip().casefold().replace(" ", "_") in _DITTO
    )


_EXAMPLE = re.compile(
    r"(?:\(|\[|\*|<)?\s*(?:for )?(?:example|e\.?g\.?|sample|beispiel\w*|z\.?\s?b\.?|muster\w*|"
    r"exemple|par exemple|p\.?\s?ex\.?|ejemplo|esempio|es\.|exemplo|voorbeeld|bijv\.|exempel|"
    r"eksempel|esimerkki|przykład)(?=[\s:.,)\]\-\u2013\u2014/]|$)|(?:記入例|例|サンプル|見本)",
    re.IGNORECASE,
)
_DELETE_ME = re.compile(
    r"delete this (?:row|line)|remove this (?:row|line)|example row|sample row|"
    r"diese zeile löschen|beispielzeile|supprimer cette ligne|eliminar esta fila|"
    r"eliminare questa riga|apagar esta linha|この行を削除",
    re.IGNORECASE,
)
_FOOTER = re.compile(
    r"\s*(?:generated|exported|printed|created|prepared|report|copyright|©|\(c\)|"
    r"page \d|confidential|"
    r"source|as of|filter|notes?:|\*+|seite \d|erstellt|stand:?|gedruckt|vertraulich|quelle|généré|"
    r"exporté|imprimé|confidentiel|généré|página|generado|exportado|impreso|pagina|generato|"
    r"esportato|stampato|gerado|afgedrukt|bladzijde|utskriven|sida|side \d|ページ|出力|作成日|注)",
    re.IGNORECASE,
)
_UNIT_WORDS = frozenset(
    map(
        fold,
        """text number date string integer decimal required optional yyyy mm dd pcs pieces
        units each
        stück stk datum zahl pflicht nombre texte fecha texto numero testo data antal unidades
        unités currency iso days tage jours días giorni name email e-mail % max characters free
        ex vat excl incl net netto brutto nos qty 円 個 任意 必須 y n yes no format""".split(),
    )
)


class _Sorter:
    """Sorts the rows of a table into lines, continued lines and what is left out."""

    def __init__(self, table: Table) -> None:
        self._table = table
        at = table.positions
        self._organization = at.get("organization_name", -1)
        self._email = at.get("contact_email", -1)
        self._number = at.get("po_number", -1)
        self._description = at.get("description", -1)
        self._quantity = at.get("quantity", -1)
        packages = list(table.packages)
        self._money = [at[name] for name in ("unit_price", "amount") if name in at] + packages
        self._kept: list[SheetRow] = []
        self._since = 0
        """Where the rows begin that a subtotal adds up."""
        self._blank: list[int] = []

    def sort(self) -> None:
        """Keep the rows that are lines; move the others to what is left out."""
        table = self._table
        rows = self._without_units(table.rows)
        email, description = self._email, self._description
        canonical = table.canonical
        totals: dict[str, bool] = {}
        sums: set[int] = set()
        for row in rows:
            number, cells = row
            text = cells[email] if 0 <= email < len(cells) else ""
            if isinstance(text, str) and "@" in text:
                says = cells[description] if 0 <= description < len(cells) else ""
                if isinstance(says, str) and len(says) < 40:
                    total = totals.get(says)
                    if total is None:
                        total = totals[says] = _bare_total(says)
                    asked = total and number not in self._table.kept and self._group_above(cells)
                    if asked and self._left_or_mismatched(row):
                        continue
                if not canonical and number not in self._table.kept and self._is_named_sum(cells):
                    sums.add(number)
                self._kept.append(row)
            elif number in self._table.kept:
                self._kept.append(row)
            else:
                self._odd(row)
        self._flush_blank()
        table.rows = self._kept
        if not canonical:
            marked = self._example_marks()
            table.examples = [
                number
                for number, cells in self._kept
                if number not in self._table.kept
                and (number in sums or (marked and not marked.isdisjoint(enumerate(cells))))
            ]

    def _without_units(self, rows: list[SheetRow]) -> list[SheetRow]:
        """Take a row of units under the header off, and keep what it holds beside the header."""
        if not rows or rows[0][0] in self._table.kept:
            return rows
        cells = rows[0][1]
        filled = {at: text_of(c).strip() for at, c in enumerate(cells) if not is_empty(c)}
        kinds = {kind_of(cells[at]) for at in filled}
        units = [
            text
            for text in filled.values()
            if sign_currencies(text.strip("()[]")) or set(fold(text).split()) <= _UNIT_WORDS
        ]
        if filled and kinds <= {"text", "mark"} and len(units) == len(filled):
            self._table.hints = filled
            self._leave(rows[0], "is a row of units")
            return rows[1:]
        return rows

    def _odd(self, row: SheetRow) -> None:
        """Sort a row that has no email address."""
        table = self._table
        number, cells = row
        filled = [at for at, cell in enumerate(cells) if not is_empty(cell)]
        texts = [text_of(cells[at]).strip() for at in filled if isinstance(cells[at], str)]
        money = [at for at in self._money if self._amount(cells, at)]
        named = self._text(cells, self._organization)
        described = self._text(cells, self._description)
        numbered = self._text(cells, self._number)
        if not filled:
            return
        header_like = len(filled) > 2 and not _is_data(cells) and recognized(cells) >= 3
        if header_like and _names_enough(cells):
            raise ImportFileError(
                f"A second table with other columns begins in row {number}: {held_in(cells)}. Move "
                "it to a separate sheet."
            )
        if not money and not named and not described and not numbered and self._is_blank(cells):
            self._blank.append(number)
            return
        self._flush_blank()
        if self._is_total(cells, texts, money):
            self._total(row, money)
        elif len(filled) == 1 and written_amount(cells[filled[0]]) is None:
            table.footers += texts
            table.headings[number] = text_of(cells[filled[0]]).strip()
            self._leave(row, "is a heading or a footer: it holds one cell")
        elif not money and texts and _FOOTER.match(texts[0]) and not numbered:
            table.footers += texts
            self._leave(row, "is a footer")
        else:
            if not numbered and (not named or self._same_sponsor(cells)) and money:
                self._continue(row)
            self._kept.append(row)

    def _continue(self, row: SheetRow) -> None:
        """Let a line without sponsor, email and number go on with the order right above it."""
        number, _ = row
        above = self._kept[-1][0] if self._kept else 0
        between = {left.row for left in self._table.left_out}
        if len(self._kept) > self._since and all(n in between for n in range(above + 1, number)):
            self._table.continued[number] = self._table.continued.get(above, above)

    def _same_sponsor(self, cells: Sequence[Cell]) -> bool:
        if not self._kept or self._email < 0:
            return False
        above = self._text(self._kept[-1][1], self._organization)
        return fold(above) == fold(self._text(cells, self._organization))

    def _is_total(self, cells: Sequence[Cell], texts: Sequence[str], money: Sequence[int]) -> bool:
        if self._text(cells, self._number):
            return False
        first = texts[0] if texts else ""
        words = [text for text in texts if _bare_total(text)]
        if words and (len(texts) == len(words) or self._adds_up(cells, money)):
            return not self._text(cells, self._description) or bool(words)
        if _bare_total(first) and not self._text(cells, self._description):
            return True
        if fold(first).startswith(TOTAL_STARTS) and (not money or self._adds_up(cells, money)):
            return not self._text(cells, self._description)
        if self._text(cells, self._organization):
            return False
        described = bool(self._text(cells, self._description))
        spans = (self._kept, self._kept[self._since :]) if described else ()
        whole = [rows for rows in spans if self._several(rows)]
        return bool(money) and described == bool(whole) and self._adds_up(cells, money, whole)

    def _several(self, rows: Iterable[SheetRow]) -> bool:
        """Tell whether rows are of several sponsors: their sum is no line of one of them."""
        return len({self._text(cells, self._organization) for _, cells in rows} - {""}) > 1

    def _total(self, row: SheetRow, money: Sequence[int]) -> None:
        number, cells = row
        if money and self._kept and not self._adds_up(cells, money):
            shown = ", ".join(text_of(cells[at]).strip() for at in money)
            self._table.differing[number] = shown
        self._leave(row, "is a totals row")
        self._since = len(self._kept)

    def _group_above(self, cells: Sequence[Cell]) -> list[SheetRow]:
        """Return the lines of a row's own order right above it."""
        own = fold(self._text(cells, self._organization)), self._text(cells, self._number)
        above: list[SheetRow] = []
        for row in reversed(self._kept):
            key = fold(self._text(row[1], self._organization)), self._text(row[1], self._number)
            if key != own:
                break
            above.append(row)
        return above

    def _left_or_mismatched(self, row: SheetRow) -> bool:
        number, cells = row
        above = self._group_above(cells)
        for at in self._money:
            written = written_amount(_at(cells, at))
            if written and self._matches(written, [self._sum(above, at), self._sum_lines(above)]):
                self._leave(row, "is a totals row")
                return True
        self._table.mismatched[number] = self._text(cells, self._description)
        return False

    def _is_named_sum(self, cells: Sequence[Cell]) -> bool:
        """Tell whether a row with an email address is called a total and is the sum above it."""
        named = self._text(cells, self._organization)
        return len(named) < 40 and _bare_total(named) and self._adds_up(cells, self._money)

    def _adds_up(
        self,
        cells: Sequence[Cell],
        money: Sequence[int],
        whole: Sequence[Sequence[SheetRow]] = (),
    ) -> bool:
        """Tell whether every amount of a row is the sum of the rows above it."""
        kept, since = self._kept, self._kept[self._since :]
        if not kept or not money:
            return False
        group = self._last_group()
        for at in money:
            written = written_amount(_at(cells, at))
            if written is None:
                return False
            parts = whole or ([kept, since, group] if since else [kept, group])
            sums = [self._sum(rows, at) for rows in parts]
            if "unit_price" in self._table.positions:
                sums += [self._sum_lines(rows) for rows in parts]
            if not self._matches(written, sums):
                return False
        return True

    def _last_group(self) -> list[SheetRow]:
        if not self._kept:
            return []
        last = self._kept[-1]
        if last[0] in self._table.continued:
            start = self._table.continued[last[0]]
            return [row for row in self._kept if row[0] >= start]
        return [last, *self._group_above(last[1])][1:] or [last]

    def _matches(self, written: Any, sums: Iterable[tuple[Decimal, Decimal]]) -> bool:
        return any(written.point == a or written.comma == b for a, b in sums)

    def _sum(self, rows: Iterable[SheetRow], at: int) -> tuple[Decimal, Decimal]:
        point = comma = Decimal()
        for _, cells in rows:
            written = written_amount(_at(cells, at))
            if written:
                point += written.point or 0
                comma += written.comma or 0
        return point, comma

    def _sum_lines(self, rows: Iterable[SheetRow]) -> tuple[Decimal, Decimal]:
        """Add up quantity times unit price."""
        price = self._table.positions.get("unit_price", -1)
        point = comma = Decimal()
        for _, cells in rows:
            each, times = (
                written_amount(_at(cells, price)),
                written_amount(_at(cells, self._quantity)),
            )
            if each:
                point += (each.point or 0) * ((times.point if times else None) or 1)
                comma += (each.comma or 0) * ((times.comma if times else None) or 1)
        return point, comma

    def _is_blank(self, cells: Sequence[Cell]) -> bool:
        """Tell whether a row holds only check boxes, zeros, and what a form fills in by itself."""
        for at, cell in enumerate(cells):
            if is_empty(cell) or at in self._money or at == self._quantity:
                continue
            text = text_of(cell).strip()
            if text.casefold() in ("false", "true", "falsch", "wahr", "faux", "vrai", "falso"):
                continue
            written = written_amount(cell)
            if written is not None and not written.point and not written.comma:
                continue
            if at in (self._organization, self._email, self._number, self._description):
                return False
            if kind_of(cell) == "email" or len(text) > 20:
                return False
        return True

    def _example_marks(self) -> set[tuple[int, Cell]]:
        """Return column and cell of what says that its row is an example."""
        width = max((len(cells) for _, cells in self._kept), default=0)
        texts = (
            (at, cell)
            for at in range(width)
            for cell in _different(self._kept, at)
            if isinstance(cell, str)
        )
        return {
            (at, cell)
            for at, cell in texts
            if _DELETE_ME.search(cell) or (at == self._organization and _EXAMPLE.match(clean(cell)))
        }

    def _amount(self, cells: Sequence[Cell], at: int) -> bool:
        cell = _at(cells, at)
        if is_empty(cell):
            return False
        written = written_amount(cell)
        return written is None or bool(written.point or written.comma)

    def _text(self, cells: Sequence[Cell], at: int) -> str:
        return clean(text_of(_at(cells, at))) if at >= 0 else ""

    def _leave(self, row: SheetRow, why: str) -> None:
        self._table.left_out.append(LeftOut(row[0], why, held_in(row[1])))

    def _flush_blank(self) -> None:
        for number in self._blank:
            self._table.left_out.append(
                LeftOut(number, "holds only check boxes, zeros or defaults", "")
            )
        self._blank.clear()


def _at(cells: Sequence[Cell], position: int) -> Cell:
    return cells[position] if 0 <= position < len(cells) else ""


def _different(rows: Sequence[SheetRow], position: int) -> set[Cell]:
    return set(column_cells(rows, position))


@lru_cache(maxsize=8192)
def _bare_total(text: str) -> bool:
    """Tell whether a text is a word for a total, whatever count or currency stands beside it."""
    if len(text) > 60:
        return False
    folded = fold(re.sub(r"\([^()]*\)|[\d.,:=#€$£¥]+", " ", text))
    words = [
        w for w in folded.split() if w not in ("records", "record", "rows", "usd", "eur", "gbp")
    ]
    return " ".join(words) in TOTAL_WORDS


_MOST_NOTES = 20


def _note_left_out(table: Table) -> None:
    """Say what was left out, and what goes on with the order above it."""
    table.left_out.sort(key=lambda left: left.row)
    blank = [left for left in table.left_out if not left.held]
    for left in [left for left in table.left_out if left.held][:_MOST_NOTES]:
        table.notes.append(f"Row {left.row} {left.why} and was left out: {left.held}.")
    more = len(table.left_out) - len(blank) - _MOST_NOTES
    if more > 0:
        table.notes.append(f"{more} more rows were left out.")
    if blank:
        shown = named_rows([left.row for left in blank])
        table.notes.append(f"{shown}: Only check boxes, zeros or defaults, so nothing is imported.")
    if table.continued:
        shown = named_rows(sorted(table.continued))
        table.notes.append(f"{shown}: No sponsor is named, so the purchase order above goes on.")


def _note_what_is_not_seen(table: Table, sheet: Sheet) -> None:
    width = len(table.headers)
    beyond = [
        f"{held_in(cells[width:])} in row {number}"
        for number, cells in table.rows
        if number not in table.shifted and any(not is_empty(c) for c in cells[width:])
    ]
    if beyond:
        more = f", and {len(beyond) - 5} more" if len(beyond) > 5 else ""
        table.notes.append(
            "Cells to the right of the last named column were left out: "
            f"{', '.join(beyond[:5])}{more}."
        )
    numbers = {n for n, _ in table.rows}
    table.hidden_rows = sheet.hidden_rows & numbers
    table.struck_rows = sheet.struck_rows & numbers
    for column in (c for c in table.columns if c.position in sheet.hidden_columns):
        used = f"was read as {column.field}" if column.field else "was left out"
        letter = column_letter(column.position)
        table.notes.append(f"Column {letter} ({column.header}) is hidden in the sheet; it {used}.")
