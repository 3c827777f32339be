"""Tables of the reconciliation: their columns, types and meaning, and frames that keep to them.

Money is int64 in the minor unit of the row's currency (Int64 where it can be missing), so that
every sum is exact; it becomes a ``Decimal`` or a decimal string only where it leaves, and dates
become ISO 8601.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pandas as pd

from po_toolkit.money import exponent, to_major


class Kind(StrEnum):
    """What a column holds; each kind has one pandas type. An empty ID leaves as None."""

    TEXT = "str"
    ID = "str "
    MONEY = "int64"
    MONEY_OR_NONE = "Int64"
    COUNT = "int64 "
    COUNT_OR_NONE = "Int64 "
    DATE = "datetime64[s]"
    FLAG = "bool"
    CODES = "object"

    @property
    def dtype(self) -> str:
        """The pandas type."""
        return self.value.strip()

    @property
    def is_money(self) -> bool:
        """Whether it is an amount in minor units."""
        return self in (Kind.MONEY, Kind.MONEY_OR_NONE)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    kind: Kind
    meaning: str
    currency: str = "currency"
    """For money: the column that names its currency."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the reconciliation and what its columns mean."""

    name: str
    title: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The column names in order."""
        return [c.name for c in self.columns]

    @property
    def money(self) -> list[str]:
        """The names of the columns in minor units."""
        return [c.name for c in self.columns if c.kind.is_money]

    def column(self, name: str) -> Column:
        """Return a column by its name."""
        return next(c for c in self.columns if c.name == name)

    def frame(self, values: pd.DataFrame | Mapping[str, Any]) -> pd.DataFrame:
        """Return the values as this table: its columns in order, each of its type."""
        return pd.DataFrame(
            {c.name: _typed(values[c.name], c.kind) for c in self.columns}
        ).reset_index(drop=True)

    def empty(self) -> pd.DataFrame:
        """Return the table without rows."""
        return self.frame({c.name: [] for c in self.columns})


def frame_of(columns: Sequence[str], records: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Make a frame of a statement's rows without guessing types: each column is object."""
    return pd.DataFrame(records, columns=list(columns), dtype=object)


def _typed(values: Any, kind: Kind) -> pd.Series[Any]:
    series = values if isinstance(values, pd.Series) else pd.Series(values, dtype=object)
    series = series.reset_index(drop=True)
    if kind in (Kind.TEXT, Kind.ID):
        return pd.Series(["" if v is None or v != v else v for v in series.tolist()], dtype="str")  # noqa: PLR0124 only NaN differs from itself
    if kind is Kind.DATE:
        return pd.to_datetime(series).astype("datetime64[s]")
    dtype: Any = kind.dtype
    converted: pd.Series[Any] = series.astype(dtype)
    return converted


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
