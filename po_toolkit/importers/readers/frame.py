"""A DataFrame as a spreadsheet with one sheet: its column names are the header in row 1."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from typing import Any

import pandas as pd
from typing_extensions import TypeIs

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.cells import EXACT_DIGITS, Cell
from po_toolkit.importers.readers.contract import Sheet, SheetRow, Workbook


def is_frame(source: object) -> TypeIs[pd.DataFrame]:
    """Tell whether something is a DataFrame."""
    return isinstance(source, pd.DataFrame)


def open_frame(frame: pd.DataFrame) -> Workbook:
    """Open a DataFrame; an index with a name is a column too.

    Raises:
        ImportFileError: It has no rows.
    """
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    missing = frame.isna().to_numpy().tolist()
    rows: list[SheetRow] = [(1, [str(name) for name in frame.columns])]
    for at, values in enumerate(frame.itertuples(index=False, name=None)):
        cells = [None if gone else _cell(v) for v, gone in zip(values, missing[at], strict=True)]
        if any(cell is not None for cell in cells):
            rows.append((at + 2, cells))
    if len(rows) == 1:
        raise ImportFileError("The DataFrame has no rows. Nothing was imported.")
    return Workbook("frame", ["DataFrame"], lambda name: Sheet(name, rows))


def _cell(value: Any) -> Cell:
    if isinstance(value, datetime):
        plain = value.replace(tzinfo=None)
        return plain.date() if plain.time() == time() else plain
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, Decimal):
        exact = len(value.as_tuple().digits) <= EXACT_DIGITS
        return float(value) if exact else f"{value:f}"
    if isinstance(value, int):
        return float(value) if abs(value) < 10**EXACT_DIGITS else str(value)
    return value if isinstance(value, str | float) else _other(value)


def _other(value: Any) -> Cell:
    plain = getattr(value, "item", None)  # numpy's scalars
    return _cell(plain()) if callable(plain) else value if hasattr(value, "year") else str(value)
