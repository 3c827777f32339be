"""Charts for those who would rather look; the numbers always stand beside them.

One hue that differs in lightness from the page, amounts on the bars, and lines that differ in
pattern, mark and lightness as well as in colour keep them readable in greyscale, in dark mode and
by colour-blind eyes. Positions
need floats; every number that is read is written from the exact amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from po_toolkit.ui import words

BLUE = "#3d85c6"
"""Readable on white and on black."""

SERIES = {"light": ("#d97000", "#0b4f8a"), "dark": ("#d97000", "#9fd0ff")}
"""Orange and blue on each theme: apart in lightness, and both apart from the page."""

GREY = "#767676"
"""Readable on white and on black."""

ROOM = 1.6
"""How much wider than its longest bar a chart is, so that the amount finds room behind it."""


def bars(
    labels: Sequence[str], amounts: Sequence[Decimal], currency: str, *, key: str, about: str
) -> int | None:
    """Show one horizontal bar for each label, its amount written at its end.

    Returns the place of the bar that was chosen, or None.

    Args:
        labels: What each bar is, in order from the top.
        amounts: Major units of the currency.
        currency: Of all of them.
        key: Tells it from other charts.
        about: What the chart shows, for those who cannot see it.
    """
    rows: list[dict[str, Any]] = [
        {"label": label, "size": float(amount), "written": words.amount(amount, currency)}
        for label, amount in zip(labels, amounts, strict=True)
    ]
    names = [row["label"] for row in rows]
    room = ROOM * max([*(row["size"] for row in rows), 1.0])
    spec = {
        "data": {"values": rows},
        "height": 34 * max(len(rows), 1) + 10,
        "encoding": {
            "y": {
                "field": "label",
                "type": "nominal",
                "sort": None,
                "title": None,
                "axis": {"labelLimit": 220, "labelColor": _ink(), "labelFontSize": 13},
            },
            "x": {
                "field": "size",
                "type": "quantitative",
                "title": None,
                "axis": {"labels": False, "ticks": False, "grid": False, "domain": False},
                "scale": {"domain": [0, room], "nice": False},
            },
            "tooltip": [_tooltip("label", "What"), _tooltip("written", "Amount")],
        },
        "layer": [
            {
                "mark": {
                    "type": "bar",
                    "color": BLUE,
                    "height": {"band": 0.7},
                    "cursor": "pointer",
                },
                "params": [_picked_by("label")],
            },
            {
                "mark": {
                    "type": "text",
                    "align": "left",
                    "dx": 5,
                    "color": _ink(),
                    "fontSize": 13,
                },
                "encoding": {"text": {"field": "written", "type": "nominal"}},
            },
        ],
    }
    label = _draw(spec, about, key, "label")
    return names.index(label) if label in names else None


def steps(
    series: Sequence[tuple[str, Sequence[tuple[date, Decimal]]]],
    currency: str,
    *,
    key: str,
    about: str,
) -> str | None:
    """Show amounts over days as steps, a line for each series, told apart without colour too.

    Args:
        series: Names with their days and amounts in major units, at most three.
        currency: Of all amounts.
        key: Tells it from other charts.
        about: What the chart shows, for those who cannot see it.

    Returns:
        The day of the point that was chosen, ISO 8601, or None.
    """
    rows: list[dict[str, Any]] = [
        {
            "day": day.isoformat(),
            "on": words.day(day),
            "series": name,
            "size": float(amount),
            "written": words.amount(amount, currency),
        }
        for name, points in series
        for day, amount in points
    ]
    names = [name for name, _ in series]
    colours = [*SERIES["dark" if st.context.theme.type == "dark" else "light"], GREY]
    inked = {"labelColor": _ink(), "titleColor": _ink()}
    legend = {"orient": "top", "title": None, "labelColor": _ink(), "labelFontSize": 13}
    legend |= {"labelLimit": 400, "columns": 2}
    spec = {
        "data": {"values": rows},
        "height": 260,
        "encoding": {
            "x": {
                "field": "day",
                "type": "temporal",
                "title": None,
                "axis": {"format": "%b %Y", "labelOverlap": True, "tickCount": 6, **inked},
            },
            "y": {
                "field": "size",
                "type": "quantitative",
                "title": currency.upper(),
                "axis": {"format": "~s", **inked},
            },
            "color": _by_series(names, colours[: len(names)], legend),
            "tooltip": [
                _tooltip("on", "Day"),
                _tooltip("series", "What"),
                _tooltip("written", "Amount"),
            ],
        },
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 3, "interpolate": "step-after"},
                "encoding": {
                    "strokeDash": _by_series(names, [[6, 4], [1, 0], [2, 3]][: len(names)], None)
                },
            },
            {
                "mark": {"type": "point", "size": 60, "filled": True, "cursor": "pointer"},
                "params": [_picked_by("day")],
            },
        ],
    }
    return _draw(spec, about, key, "day")


def _picked_by(field: str) -> dict[str, Any]:
    """Let a mark be chosen."""
    return {"name": _PICK, "select": {"type": "point", "fields": [field]}}


_PICK = "pick"


def _ink() -> str:
    """Return the colour of text on the present theme, or one readable on both."""
    return {"light": "#111111", "dark": "#f5f5f5"}.get(st.context.theme.type or "", GREY)


def lines(frame: pd.DataFrame, currency: str, *, about: str) -> None:
    """Show amounts over months, a line for each of two series, told apart without colour too.

    Args:
        frame: Columns ``month`` (text), ``series`` and ``amount`` (major units).
        currency: Of all amounts.
        about: What the chart shows, for those who cannot see it.
    """
    rows: list[dict[str, Any]] = [
        {
            "month": month,
            "series": series,
            "size": float(amount),
            "written": words.amount(amount, currency),
        }
        for month, series, amount in zip(
            frame["month"], frame["series"], frame["amount"], strict=True
        )
    ]
    names = list(dict.fromkeys(row["series"] for row in rows))
    colours = SERIES["dark" if st.context.theme.type == "dark" else "light"]
    inked = {"labelColor": _ink(), "titleColor": _ink()}
    legend = {
        "orient": "top",
        "title": None,
        "labelColor": _ink(),
        "labelFontSize": 13,
    }
    spec = {
        "data": {"values": rows},
        "height": 260,
        "encoding": {
            "x": {
                "field": "month",
                "type": "ordinal",
                "title": None,
                "axis": {"labelAngle": 0, "labelOverlap": True, **inked},
            },
            "y": {
                "field": "size",
                "type": "quantitative",
                "title": currency.upper(),
                "axis": {"format": "~s", **inked},
            },
            "color": _by_series(names, list(colours), legend),
            "tooltip": [
                _tooltip("month", "Month"),
                _tooltip("series", "What"),
                _tooltip("written", "Amount"),
            ],
        },
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 3},
                "encoding": {"strokeDash": _by_series(names, [[6, 4], [1, 0]], None)},
            },
            {
                "mark": {"type": "point", "size": 90, "filled": True, "opacity": 1},
                "encoding": {"shape": _by_series(names, ["square", "circle"], legend)},
            },
        ],
    }
    _draw(spec, about)


def _by_series(names: list[str], looks: Sequence[Any], legend: dict[str, Any] | None) -> Any:
    """Give each series its own look."""
    scale = {"domain": names, "range": looks}
    return {"field": "series", "type": "nominal", "scale": scale, "legend": legend}


def _tooltip(field: str, title: str) -> dict[str, str]:
    """Show a field when somebody points at a mark."""
    return {"field": field, "type": "nominal", "title": title}


def _draw(spec: dict[str, Any], about: str, key: str = "", field: str = "") -> str | None:
    """Draw a chart; return what was chosen by a field, or None."""
    # Written as Vega-Lite's own dictionaries: Altair would take seconds to import and, for each
    # chart, longer than the whole page around it.
    if not key:
        st.vega_lite_chart(spec, alt=about, width="stretch")
        return None
    event: Any = st.vega_lite_chart(
        spec, alt=about, width="stretch", key=key, on_select="rerun", selection_mode=_PICK
    )
    chosen = (event or {}).get("selection", {}).get(_PICK) or []
    return str(chosen[0][field]) if chosen and field in chosen[0] else None
