"""Which rows are the lines of one purchase order."""

from __future__ import annotations

from collections.abc import Sequence

from po_toolkit.domain.references import comparable
from po_toolkit.importers.cells import Cell, clean, text_of
from po_toolkit.importers.rows import Rows


def group_rows(rows: Rows) -> list[list[int]]:
    """Put the rows of each purchase order together, in the order of their first rows.

    Rows share a purchase order when organization and PO number are the same, whatever their case
    and spaces; a row without a PO number stands alone. A row with a number but no organization has
    a hole: it belongs to the nearest order above it with that number, else to the next below.
    """
    count = len(rows.numbers)
    organizations = _keys(rows.cells["organization_name"])
    po_numbers = _keys(rows.cells["po_number"]) if "po_number" in rows.cells else [""] * count
    groups: dict[object, list[int]] = {}
    latest: dict[str, object] = {}
    orphans: list[int] = []
    for row, (organization, po_number) in enumerate(zip(organizations, po_numbers, strict=True)):
        if not po_number:
            groups[row] = [row]
        elif organization or po_number in latest:
            key = (organization, po_number) if organization else latest[po_number]
            latest[po_number] = key
            groups.setdefault(key, []).append(row)
        else:
            orphans.append(row)
    for row in orphans:
        key = latest.get(po_numbers[row], ("", po_numbers[row]))
        groups.setdefault(key, []).append(row)
    if not orphans:
        return list(groups.values())
    return sorted((sorted(group) for group in groups.values()), key=lambda group: group[0])


def _keys(cells: Sequence[Cell]) -> list[str]:
    folded = {cell: comparable(clean(text_of(cell))) for cell in set(cells)}
    return [folded[cell] for cell in cells]
