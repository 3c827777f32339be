"""Which sheet of a workbook holds the purchase orders, and in which row its header stands."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from po_toolkit.errors import ImportChoiceError, ImportFileError
from po_toolkit.importers.cells import Cell
from po_toolkit.importers.columns import distinct_headers, fingerprint
from po_toolkit.importers.headers import field_of, fold, recognized
from po_toolkit.importers.workbook import Sheet, Workbook

NEEDED = (
    "Needed are an organization, a contact e-mail, and an amount or a unit price in one header row."
)

_HEADER_WITHIN = 50
"""A header stands in the first rows of its sheet."""


def choose_sheet(
    workbook: Workbook,
    name: str | None,
    chosen: Mapping[str, str] | None = None,
    saved: Container[str] = (),
) -> Sheet:
    """Return the sheet that was asked for, or the only one with a recognizable header.

    Raises:
        ImportChoiceError: Several sheets fit.
        ImportFileError: None does, or there is no sheet of that name.
    """
    if name:
        return workbook.sheet(name)
    if len(workbook.names) == 1:
        return workbook.sheet(workbook.names[0])
    fitting = [
        name
        for name in workbook.visible()
        if find_header(workbook.sheet(name), chosen, saved) is not None
    ]
    if len(fitting) == 1:
        return workbook.sheet(fitting[0])
    if fitting:
        raise ImportChoiceError(
            f"Several sheets hold purchase orders: {', '.join(map(repr, fitting))}. Choose one.",
            question="sheet",
            choices=fitting,
        )
    shown = ", ".join(map(repr, workbook.visible()))
    raise ImportFileError(
        f"No sheet has a header with the columns of an import; the sheets are: {shown}. {NEEDED}"
    )


def find_header(
    sheet: Sheet, chosen: Mapping[str, str] | None = None, saved: Container[str] = ()
) -> int | None:
    """Return the index in ``sheet.rows`` of the row that names most fields, or None.

    A row that was a header before, whose fingerprint is among ``saved``, is one again.
    """
    wanted = {fold(name) for name in (chosen or {}).values() if name}
    best, best_score = None, 0
    for index, (_, cells) in enumerate(sheet.rows[:_HEADER_WITHIN]):
        if saved and fingerprint(distinct_headers(cells)) in saved:
            return index
        named = wanted & {fold(c) for c in cells if isinstance(c, str) and len(c) < 100}
        score = recognized(cells) + 2 * len(named)
        if score > best_score and (named or _names_enough(cells)):
            best, best_score = index, score
    return best


def _names_enough(cells: Sequence[Cell]) -> bool:
    fields = {
        found[0]
        for c in cells
        if isinstance(c, str) and c.strip() and len(c) < 100 and (found := field_of(c))
    }
    return len(fields) >= 2 and not fields.isdisjoint({"organization_name", "contact_email"})
