"""Tables as a person reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from zlib import crc32

import pandas as pd
import streamlit as st
from babel import Locale
from pandas.io.formats.style import Styler

from po_toolkit.api.reports import Column, Kind, Table, with_decimals
from po_toolkit.ui import formats
from po_toolkit.ui.language import _, locale
from po_toolkit.ui.table_files import text_of

Mode = Literal["single-row", "multi-row", "single-cell"]

PAGE = 100
"""Rows of a long table that are shown at a time."""

TEXTS = 25
"""The same of a table whose texts wrap."""


def frame_of(rows: Iterable[Any]) -> pd.DataFrame:
    """Return a frame of flat dataclasses, a column for each field, whose values are not copied."""
    return pd.DataFrame([{f.name: getattr(row, f.name) for f in fields(row)} for row in rows])


def show(
    frame: pd.DataFrame,
    columns: Mapping[str, Any],
    *,
    money: Sequence[str] = (),
    key: str = "",
    alt: str = "",
) -> None:
    """Show a table.

    Args:
        frame: Its rows; amounts are ``Decimal`` in major units beside a ``currency`` column.
        columns: The columns to show, in order, with their headings or column configurations.
        money: Which of them are amounts; they read with their currency and sort by size.
        key: Given, a long table comes page by page under this key.
        alt: What the table holds, for those who cannot see it.
    """
    if key:
        frame = page_of(frame, PAGE, key)[0]
    st.dataframe(
        styled(_shown(frame, columns), money),
        column_order=list(columns),
        column_config=_wide_enough(frame, columns, money),
        hide_index=True,
        placeholder="",
        height=_height(frame),
        alt=alt or None,
    )


def pick(
    frame: pd.DataFrame,
    columns: Mapping[str, Any],
    *,
    money: Sequence[str] = (),
    key: str,
    alt: str,
    lines: int = 1,
) -> int | None:
    """Show a table of which one row can be chosen; return its place from 0, or None.

    The parameters are those of :func:`show`; ``alt`` also says what choosing does. In rows of
    more than one of ``lines``, long texts wrap.
    """
    event = _selectable(frame, columns, money, mode="single-row", key=key, alt=alt, lines=lines)
    rows: list[int] = event["selection"]["rows"]
    return rows[0] if rows else None


def status_column() -> Any:
    """Return the column of money statuses, each a coloured badge; its cells are lists of one."""
    labels = list(formats.statuses().values())
    return st.column_config.MultiselectColumn(
        _("Status"),
        width=30 + 6 * max(map(len, labels)),  # the longest is not cut
        options=labels,
        color=formats.STATUS_COLOURS,
    )


def pick_rows_or_cell(
    frame: pd.DataFrame, columns: Mapping[str, Any], *, money: Sequence[str], key: str, alt: str
) -> tuple[list[int], tuple[int, str] | None]:
    """Show a table whose rows can be ticked and whose cells can be clicked.

    Returns:
        The places of the ticked rows, and row and column of the cell that was clicked, or None.
    """
    event = _selectable(frame, columns, money, mode=["multi-row", "single-cell"], key=key, alt=alt)
    cells: list[tuple[int, str]] = event["selection"]["cells"]
    return list(event["selection"]["rows"]), cells[0] if cells else None


def pick_cell(
    frame: pd.DataFrame, columns: Mapping[str, Any], *, money: Sequence[str], key: str, alt: str
) -> int | None:
    """Show a table of which a click anywhere on a row chooses it; return its place, or None."""
    picked = pick_number(frame, columns, money=money, key=key, alt=alt)
    return None if picked is None else picked[0]


def pick_order(
    frame: pd.DataFrame, columns: Mapping[str, Any], *, key: str, alt: str
) -> str | None:
    """Show purchase orders, page by page when they are many.

    Returns:
        The reference of the one whose sponsor or reference was clicked, or None.
    """
    shown = page_of(frame, PAGE, f"{key}.page")[0]
    picked = pick_number(shown, columns, money=(), key=key, alt=alt)
    if picked is None or picked[1] not in ("organization_name", "reference"):
        return None
    return str(shown["reference"].iloc[picked[0]])


def pick_table(
    table: Table, frame: pd.DataFrame, columns: Mapping[str, Any], *, key: str
) -> int | None:
    """Show a table of the reconciliation, of which one row can be chosen; return its place.

    ``columns`` are as for :func:`show_table`; one may have a configuration in place of a heading.
    """
    shown, first = page_of(frame, PAGE, f"{key}.page")
    money = [name for name in table.money if name in columns]
    config = {
        name: _configured(table.column(name), label) if isinstance(label, str) else label
        for name, label in columns.items()
    }
    picked = pick(
        with_decimals(table, shown),
        config,
        money=money,
        key=f"{key}.{first}",
        alt=_("{title}; choose a row to open it.", title=table.title),
    )
    return None if picked is None else first + picked


def pick_number_of(
    table: Table, frame: pd.DataFrame, columns: Mapping[str, str], *, key: str
) -> tuple[int, str] | None:
    """Show sums of the reconciliation of which one can be chosen; return its row and column."""
    money = [name for name in table.money if name in columns]
    return pick_number(
        with_decimals(table, frame),
        {name: _configured(table.column(name), label) for name, label in columns.items()},
        money=money,
        key=key,
        alt=_("{title}; choose a number to see its rows.", title=table.title),
    )


def pick_number(
    frame: pd.DataFrame,
    columns: Mapping[str, Any],
    *,
    money: Sequence[str],
    key: str,
    alt: str,
) -> tuple[int, str] | None:
    """Show a table of which one number can be chosen; return its row from 0 and its column.

    The parameters are those of :func:`pick`.
    """
    event = _selectable(frame, columns, money, mode="single-cell", key=key, alt=alt)
    cells: list[tuple[int, str]] = event["selection"]["cells"]
    return cells[0] if cells else None


def _selectable(
    frame: pd.DataFrame,
    columns: Mapping[str, Any],
    money: Sequence[str],
    *,
    mode: Mode | list[Mode],
    key: str,
    alt: str,
    lines: int = 1,
) -> Any:
    return st.dataframe(
        styled(_shown(frame, columns), money),
        column_order=list(columns),
        column_config=_wide_enough(frame, columns, money),
        hide_index=True,
        placeholder="",
        height=_height(frame),
        row_height=None if lines == 1 else 16 + 19 * lines,
        on_select="rerun",
        selection_mode=mode,
        key=for_rows(key, frame),
        alt=alt,
    )


def for_rows(key: str, frame: pd.DataFrame) -> str:
    """Name a table with its rows, since Streamlit keeps by place what is chosen or changed in it.

    Other rows make it another table, in which nothing is chosen yet. Rows are known by their
    references where each has one, so that a choice outlasts a change of their figures.
    """
    named = "reference" in frame and frame["reference"].astype(bool).all()
    rows = frame["reference"] if named else frame
    return f"{key}.{crc32(rows.to_csv(index=False).encode())}"


def _height(frame: pd.DataFrame) -> int | Literal["content"]:
    return "content" if len(frame) <= 15 else 560


def show_texts(frame: pd.DataFrame, columns: Mapping[str, str], *, key: str) -> None:
    """Show a table whose long texts wrap instead of being cut off, page by page.

    ``key`` tells its pages from those of other tables on the screen.
    """
    shown = page_of(frame, TEXTS, key)[0][list(columns)].rename(columns=dict(columns))
    st.table(shown.map(_text), hide_index=True)


def _text(value: Any) -> str:
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    return formats.day(value) if is_day else formats.plain(text_of(value))


def show_table(table: Table, frame: pd.DataFrame, columns: Mapping[str, str], *, key: str) -> None:
    """Show a table of the reconciliation, page by page when it is long.

    Amounts are in minor units; ``key`` tells its pages from those of other tables on the screen.
    """
    frame = page_of(frame, PAGE, key)[0]
    config = {name: _configured(table.column(name), label) for name, label in columns.items()}
    money = [name for name in table.money if name in columns]
    show(with_decimals(table, frame), config, money=money, alt=table.title)


def page_of(frame: pd.DataFrame, rows: int, key: str) -> tuple[pd.DataFrame, int]:
    """Return the rows of the page that is turned to, and the place of the first."""
    pages = -(-len(frame) // rows)
    if pages <= 1:
        return frame, 0
    first = (st.pagination(pages, key=key) - 1) * rows
    return frame.iloc[first : first + rows], first


def _configured(column: Column, label: str) -> Any:
    if column.kind is Kind.DATE:
        return st.column_config.DateColumn(label, help=column.meaning, format="localized")
    return st.column_config.Column(
        label, help=column.meaning, alignment="right" if column.kind.is_money else None
    )


def _shown(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Leave out what is not shown, since each column takes time; amounts need their currency."""
    kept = dict.fromkeys([*columns, "currency"])
    return frame[[name for name in kept if name in frame]]


def first_on_a_phone(columns: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the columns, on a phone beginning with those that are named."""
    ahead = names if formats.on_a_phone() else ()
    return {name: columns[name] for name in ahead} | dict(columns)


def _wide_enough(
    frame: pd.DataFrame, columns: Mapping[str, Any], money: Sequence[str]
) -> dict[str, Any]:
    """Widen the columns whose amounts the browser would cut: 1,250.00 USD would read 50.00 USD.

    It sizes a column by its first cells, and passes over those twice as long as the average.
    """
    config = dict(columns)
    for name in money:
        amounts = zip(frame[name], frame["currency"], strict=True)
        lengths = [len(_writer(code, locale())(value)) for value, code in amounts]
        if max(lengths, default=0) > 2 * min(lengths, default=0):
            column = config[name]
            if isinstance(column, str):
                column = st.column_config.Column(column)
            width = 20 + 7 * max(*lengths, len(column["label"] or ""))
            config[name] = column | {"width": width}
    return config


def styled(
    frame: pd.DataFrame, money: Sequence[str], *, by: str = "currency"
) -> Styler | pd.DataFrame:
    """Write each amount in its own currency; what sorts and what is copied stays a number."""
    if not money or frame.empty:
        return frame
    numbered = frame.reset_index(drop=True)
    style, where, rest = numbered.style, locale(), numbered[by].tolist()
    for currency in dict.fromkeys(rest):
        write = _writer(str(currency), where)
        rows = [at for at, code in enumerate(rest) if code == currency]
        subset: Any = None if len(rows) == len(rest) else pd.IndexSlice[rows, list(money)]
        style = style.format(dict.fromkeys(money, write), subset=subset)
    return style


def _writer(currency: str, where: Locale) -> Callable[[Any], str]:
    def write(value: Any) -> str:
        return formats.amount(value, currency, where=where) if isinstance(value, Decimal) else ""

    return write
