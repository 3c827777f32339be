"""Where frames leave: minor units become decimals, dates become ISO 8601, missing becomes None."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd

from po_toolkit.money import exponent, to_major
from po_toolkit.reconcile.schema import Column, Kind, Table


def decimal_text(minor: int, currency: str) -> str:
    """Write minor units as a decimal string with the currency's decimals: ``-12.50``."""
    digits = exponent(currency)
    if not digits:
        return str(minor)
    whole, rest = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{whole}.{rest:0{digits}d}"


def with_decimals(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with its money as ``Decimal`` major units, for notebooks and people."""
    return _convert(table, frame, to_major)


def with_decimal_text(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with its money as decimal strings."""
    return _convert(table, frame, decimal_text)


def records(table: Table, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as JSON values: decimal strings, ISO dates, None where nothing is known."""
    text = with_decimal_text(table, frame)
    columns = [_json_values(text[c.name], c) for c in table.columns]
    return [dict(zip(table.names, row, strict=True)) for row in zip(*columns, strict=True)]


def _convert(
    table: Table, frame: pd.DataFrame, convert: Callable[[int, str], Decimal | str]
) -> pd.DataFrame:
    changed = frame.copy()
    for name in table.money:
        currencies = frame[table.column(name).currency].tolist()
        values = [
            None if pd.isna(minor) else convert(int(minor), currency)
            for minor, currency in zip(frame[name].tolist(), currencies, strict=True)
        ]
        changed[name] = pd.Series(values, dtype=object, index=frame.index)
    return changed


def _json_values(series: pd.Series[Any], column: Column) -> list[Any]:
    if column.kind is Kind.DATE:
        return [None if pd.isna(v) else v.date().isoformat() for v in series]
    if column.kind is Kind.CODES:
        return [list(v) for v in series]
    if column.kind is Kind.ID:
        return [v or None for v in series.tolist()]
    return [None if v is pd.NA else v for v in series.tolist()]
