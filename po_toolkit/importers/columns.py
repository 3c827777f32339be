"""Which column of a file is which field, and why."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.cells import Cell, text_of
from po_toolkit.importers.headers import FIELDS, field_of, fold
from po_toolkit.importers.workbook import SheetRow, column_letter
from po_toolkit.money import CURRENCIES

_SAMPLE = 200
_EMAIL = re.compile(r"[^\s@,;]+@[^\s@,;]+\.[^\s@,;]+")
_INVOICE_ID = re.compile(r"in_[A-Za-z0-9]{6,}")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file, and what it was taken for.

    Attributes:
        position: From 0.
        header: Its name in the file; told apart by its letter where two have the same.
        field: The canonical field, or None when it is left out.
        reason: Why: ``name``, ``content``, ``saved``, ``chosen`` or ``""``.
    """

    position: int
    header: str
    field: str | None
    reason: str = ""


def distinct_headers(cells: Sequence[Cell], width: int) -> list[str]:
    """Name every column: by its header, with its letter where that is empty or not unique."""
    texts = [" ".join(text_of(cell).split()) for cell in cells]
    texts += [""] * (width - len(texts))
    times = Counter(fold(text) or text for text in texts if text)
    return [
        f"column {column_letter(i)}"
        if not text
        else f"{text} (column {column_letter(i)})"
        if times[fold(text) or text] > 1
        else text
        for i, text in enumerate(texts)
    ]


def fingerprint(headers: Sequence[str]) -> str:
    """Return what a file's header is remembered by: its names, folded, in their order."""
    return hashlib.sha256("\n".join(map(fold, headers)).encode()).hexdigest()[:32]


def assign(
    headers: Sequence[str],
    rows: Sequence[SheetRow],
    *,
    chosen: Mapping[str, str] | None = None,
    saved: Mapping[str, str] | None = None,
) -> list[Column]:
    """Propose a field for each column.

    Args:
        headers: The distinct column names.
        rows: The data rows; the first few hundred are looked at.
        chosen: What a person said: field → column name. An empty name leaves the field out.
        saved: What was used before with this header: field → column name.

    Raises:
        ImportFileError: A chosen field or column does not exist; the message lists those that do.
    """
    taken: dict[int, tuple[str, str]] = {}
    settled = _settle(headers, chosen or {}, "chosen", taken)
    if not chosen and saved:
        settled |= _settle(headers, saved, "saved", taken)
    for position, field in _by_name(headers, taken, settled):
        taken[position] = (field, "name")
        settled.add(field)
    for position, field in _by_content(headers, rows, taken, settled):
        taken[position] = (field, "content")
        settled.add(field)
    return [Column(i, header, *taken.get(i, (None, ""))) for i, header in enumerate(headers)]


def _settle(
    headers: Sequence[str],
    mapping: Mapping[str, str],
    reason: str,
    taken: dict[int, tuple[str, str]],
) -> set[str]:
    for field, name in mapping.items():
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
    return set(mapping)


def find(headers: Sequence[str], name: str) -> int:
    """Return the position of a column by its name.

    Raises:
        ImportFileError: There is none, or several; the message lists those there are.
    """
    exact = [i for i, header in enumerate(headers) if header == name.strip()]
    alike = exact or [i for i, header in enumerate(headers) if fold(header) == fold(name)]
    if len(alike) == 1:
        return alike[0]
    raise ImportFileError(
        f"There is no column {name!r} in this file; it has: {', '.join(map(repr, headers))}."
    )


def _by_name(
    headers: Sequence[str], taken: Mapping[int, object], settled: set[str]
) -> list[tuple[int, str]]:
    best: dict[str, tuple[int, int]] = {}
    for position, header in enumerate(headers):
        found = field_of(re.sub(r" \(column [A-Z]+\)$", "", header))
        if position in taken or found is None or found[0] in settled:
            continue
        field, rank = found
        if field not in best or rank < best[field][0]:
            best[field] = (rank, position)
    return [(position, field) for field, (_, position) in best.items()]


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
