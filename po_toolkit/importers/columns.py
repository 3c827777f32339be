"""Which column of a file is which field, and why."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from po_toolkit.errors import ImportChoiceError, ImportFileError
from po_toolkit.importers.cells import Cell, text_of
from po_toolkit.importers.headers import FIELDS, REASON, field_of, fold
from po_toolkit.importers.workbook import SheetRow, column_letter
from po_toolkit.money import CURRENCIES

_SAMPLE = 200
_EMAIL = re.compile(r"[^\s@,;]+@[^\s@,;]+\.[^\s@,;]+")
_INVOICE_ID = re.compile(r"in_[A-Za-z0-9]{6,}")
_MONEY = frozenset({"unit_price", "amount", "quantity", "po_amount"})

_WHY = {
    "name": "its name",
    "content": "what its cells look like",
    "saved": "used so with this header before",
    "chosen": "your choice",
    "": "no field of this name",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file, and what it was taken for.

    Attributes:
        position: From 0.
        header: Its name in the file; told apart by its letter where two have the same.
        field: The canonical field, or None when it is left out.
        reason: ``name``, ``content``, ``saved``, ``chosen`` or ``""``.
    """

    position: int
    header: str
    field: str | None
    reason: str = ""

    @property
    def why(self) -> str:
        """The reason in words."""
        return _WHY[self.reason]

    def as_json(self) -> dict[str, str | None]:
        """Return the column as JSON values."""
        return {"column": self.header, "field": self.field, "reason": self.reason}


def distinct_headers(cells: Sequence[Cell]) -> list[str]:
    """Name every column up to the last that has a name.

    It is called by its header, with its letter where that is empty or not unique.
    """
    texts = [" ".join(text_of(cell).split()) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    times = Counter(fold(text) or text for text in texts if text)
    return [_distinct(text, at, times) for at, text in enumerate(texts)]


def _distinct(text: str, position: int, times: Counter[str]) -> str:
    letter = column_letter(position)
    if not text:
        return f"column {letter}"
    return f"{text} (column {letter})" if times[fold(text) or text] > 1 else text


def fingerprint(headers: Sequence[str]) -> str:
    """Return what a file's header is remembered by: its names, folded, in their order.

    The column of reasons does not count, so that a file of rejected rows is read as theirs was.
    """
    names = [fold(header) for header in headers if header != REASON]
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:32]


def assign(
    headers: Sequence[str],
    rows: Sequence[SheetRow],
    *,
    mapping: Mapping[str, str] | None = None,
    reason: str = "chosen",
) -> list[Column]:
    """Propose a field for each column.

    Args:
        headers: The distinct column names.
        rows: The data rows; the first few hundred are looked at.
        mapping: Field → column name, as a person said or as used before. An empty name leaves the
            field out.
        reason: Where the mapping comes from: ``chosen`` or ``saved``.

    Raises:
        ImportChoiceError: Two columns of the same name fit a field of money.
        ImportFileError: A field or column of the mapping does not exist.
    """
    taken: dict[int, tuple[str, str]] = {}
    settled = set(mapping or ())
    for field, name in (mapping or {}).items():
        if field not in FIELDS:
            raise ImportFileError(f"{field!r} is no field; the fields are: {', '.join(FIELDS)}.")
        if not name:
            continue
        position = find(headers, name)
        if position in taken:
            raise ImportFileError(
                f"Column {headers[position]!r} is given to {taken[position][0]} and to {field}; "
                "a column can be one field only."
            )
        taken[position] = (field, reason)
    for position, field in _by_name(headers, rows, taken, settled):
        taken[position] = (field, "name")
        settled.add(field)
    for position, field in _by_content(headers, rows, taken, settled):
        taken[position] = (field, "content")
    return [Column(i, header, *taken.get(i, (None, ""))) for i, header in enumerate(headers)]


def find(headers: Sequence[str], name: str) -> int:
    """Return the position of a column by its name.

    Raises:
        ImportFileError: There is none, or several; the message lists those there are.
    """
    wanted = name.strip()
    exact = [i for i, header in enumerate(headers) if header == wanted]
    alike = exact or [i for i, header in enumerate(headers) if fold(header) == fold(wanted)]
    if len(alike) == 1:
        return alike[0]
    raise ImportFileError(
        f"There is no column {name!r} in this file; it has: {', '.join(map(repr, headers))}."
    )


def _by_name(
    headers: Sequence[str],
    rows: Sequence[SheetRow],
    taken: Mapping[int, object],
    settled: set[str],
) -> list[tuple[int, str]]:
    candidates: dict[str, list[tuple[int, int]]] = {}
    for position, header in enumerate(headers):
        found = field_of(re.sub(r" \(column [A-Z]+\)$", "", header))
        if position not in taken and found is not None and found[0] not in settled:
            candidates.setdefault(found[0], []).append((found[1], position))
    chosen: list[tuple[int, str]] = []
    for field, places in candidates.items():
        best = min(places)
        rivals = [at for rank, at in places if rank == best[0]]
        if field in _MONEY and len(rivals) > 1 and _differ(rivals, rows):
            names = [headers[at] for at in rivals]
            raise ImportChoiceError(
                f"Several columns could be {field}: {', '.join(map(repr, names))}. Say which one "
                "it is.",
                question="mapping",
                choices=[f"{field}={name}" for name in names],
            )
        chosen.append((best[1], field))
    return chosen


def _differ(positions: Sequence[int], rows: Sequence[SheetRow]) -> bool:
    return any(
        len({text_of(cells[at]) if at < len(cells) else "" for at in positions}) > 1
        for _, cells in rows
    )


def _by_content(
    headers: Sequence[str],
    rows: Sequence[SheetRow],
    taken: Mapping[int, object],
    settled: set[str],
) -> list[tuple[int, str]]:
    """Find e-mails, currencies and Stripe invoice ids by what the cells look like."""
    found: dict[str, int] = {}
    for position in range(len(headers)):
        if position in taken:
            continue
        texts = [
            text
            for _, cells in islice(rows, _SAMPLE)
            if position < len(cells) and (text := text_of(cells[position]).strip())
        ]
        field = _looks_like(texts)
        if field and field not in settled and field not in found:
            found[field] = position
    return [(position, field) for field, position in found.items()]


def _looks_like(texts: Sequence[str]) -> str | None:
    if not texts:
        return None
    if sum(bool(_EMAIL.search(text)) for text in texts) >= 0.8 * len(texts):
        return "contact_email"
    if all(text.lower() in CURRENCIES for text in texts):
        return "currency"
    if sum(bool(_INVOICE_ID.fullmatch(text)) for text in texts) >= 0.8 * len(texts):
        return "stripe_invoice_id"
    return None
