"""Charts as Vega-Lite specifications: the app draws them in the browser, reports as static images.

One hue that differs in lightness from the page, amounts on the bars, and lines that differ in
pattern, mark and lightness as well as in colour keep them readable in greyscale, in dark mode and
by colour-blind eyes. Positions need floats; every number that is read is written from the exact
amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

BLUE = "#3d85c6"
"""Readable on white and on black."""

ON_LIGHT = ("#d97000", "#0b4f8a", "#767676")
ON_DARK = ("#d97000", "#9fd0ff", "#909090")
"""Orange, blue and grey on each theme: apart in lightness, and all apart from the page."""

PRINT_INK = "#111111"

_CHARACTER = 8
"""Pixels of a character of an amount, which stands behind its bar on the narrowest telephone."""


def bar_chart(
    labels: Sequence[str], amounts: Sequence[Decimal], written: Sequence[str], *, ink: str
) -> dict[str, Any]:
    """Return horizontal bars, each with its amount written at its end.

    Amounts are in major units of one currency; ``ink`` is the colour of text on the page.
    """
    rows: list[dict[str, Any]] = [
        {"label": label, "size": float(amount), "end": max(float(amount), 0.0), "written": text}
        for label, amount, text in zip(labels, amounts, written, strict=True)
    ]
    room = _CHARACTER * max([len(text) + 1 for text in written], default=0)
    return {
        "data": {"values": rows},
        "height": 34 * max(len(rows), 1) + 10,
        "encoding": {
            "y": {
                "field": "label",
                "type": "nominal",
                "sort": None,
                "title": None,
                "axis": {"labelLimit": 220, "labelColor": ink, "labelFontSize": 13},
            },
            "x": {
                "field": "size",
                "type": "quantitative",
                "title": None,
                "axis": {"labels": False, "ticks": False, "grid": False, "domain": False},
                "scale": {"domain": [min([0.0, *(row["size"] for row in rows)]),
                                     max([1.0, *(row["size"] for row in rows)])],
                          "nice": False, "rangeMax": {"expr": f"max(width - {room}, 20)"}},
            },
            "tooltip": [_tooltip("label", "What"), _tooltip("written", "Amount")],
        },
        "layer": [
            {"mark": {"type": "bar", "color": BLUE, "height": {"band": 0.7}}},
            {
                "mark": {"type": "text", "align": "left", "dx": 5, "color": ink, "fontSize": 13},
                "encoding": {
                    "text": {"field": "written", "type": "nominal"},
                    "x": {"field": "end", "type": "quantitative"},
                },
            },
        ],
    }  # fmt: skip


def line_chart(
    frame: pd.DataFrame, currency: str, *, ink: str, colours: Sequence[str] = ON_LIGHT
) -> dict[str, Any]:
    """Return amounts over months, a line for each of two series, told apart without colour too.

    The frame has ``month`` (text), ``series``, ``amount`` (major units) and ``written``.
    """
    rows: list[dict[str, Any]] = [
        {"month": month, "series": series, "size": float(amount), "written": written}
        for month, series, amount, written in zip(
            *(frame[name] for name in ("month", "series", "amount", "written")), strict=True
        )
    ]
    names = list(dict.fromkeys(row["series"] for row in rows))
    legend = _legend(ink)
    axis = {"labelAngle": 0, "labelOverlap": True}
    x_axis = {"field": "month", "type": "ordinal", "title": None, "axis": axis, "sort": None}
    return {
        "data": {"values": rows},
        "height": 260,
        "encoding": {
            **_amounts_over(x_axis, currency, ink, _tooltip("month", "Month")),
            "color": _by_series(names, colours[: len(names)], legend),
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


_MONTHS_APART = timedelta(days=6 * 31)


def step_chart(
    rows: Sequence[dict[str, Any]],
    currency: str,
    *,
    ink: str,
    colours: Sequence[str] = ON_LIGHT,
    day: str = "%b %-d",
) -> dict[str, Any]:
    """Return amounts over days as steps, a line for each of up to three series.

    A row has ``day`` (ISO 8601), ``on`` (as people read it), ``series``, ``size`` (major units) and
    ``written``. ``day`` writes a day as d3-time-format has it.
    """
    names = list(dict.fromkeys(row["series"] for row in rows))
    days = sorted(date.fromisoformat(row["day"]) for row in rows)
    # six ticks within few months would name the same month twice
    day_format = "%b %Y" if days and days[-1] - days[0] > _MONTHS_APART else day
    axis = {"format": day_format, "labelOverlap": True, "tickCount": 6}
    x_axis = {"field": "day", "type": "temporal", "title": None, "axis": axis}
    legend = _legend(ink) | {
        "labelLimit": 400,
        "columns": 1,
        "symbolType": "stroke",
        "symbolSize": 400,
    }
    return {
        "data": {"values": list(rows)},
        "height": 300,
        "encoding": {
            **_amounts_over(x_axis, currency, ink, _tooltip("on", "Day")),
            "color": _by_series(names, colours[: len(names)], legend),
        },
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 3, "interpolate": "step-after"},
                "encoding": {
                    "strokeDash": _by_series(names, [[6, 4], [1, 0], [2, 3]][: len(names)], None)
                },
            },
            {"mark": {"type": "point", "size": 40, "filled": True, "opacity": 1}},
        ],
    }


def _legend(ink: str) -> dict[str, Any]:
    return {"orient": "top", "title": None, "labelColor": ink, "labelFontSize": 13}


def _amounts_over(
    x_axis: dict[str, Any], currency: str, ink: str, when: dict[str, str]
) -> dict[str, Any]:
    """Encode amounts over time, with what is shown when somebody points at a mark."""
    inked = {"labelColor": ink, "titleColor": ink}
    return {
        "x": x_axis | {"axis": x_axis["axis"] | inked},
        "y": {
            "field": "size",
            "type": "quantitative",
            "title": currency.upper(),
            "axis": {"format": "~s", **inked},
        },
        "tooltip": [when, _tooltip("series", "What"), _tooltip("written", "Amount")],
    }


def _by_series(names: Sequence[str], looks: Sequence[Any], legend: dict[str, Any] | None) -> Any:
    """Give each series its own look."""
    scale = {"domain": names, "range": looks}
    return {"field": "series", "type": "nominal", "scale": scale, "legend": legend}


def _tooltip(field: str, title: str) -> dict[str, str]:
    """Show a field when somebody points at a mark."""
    return {"field": field, "type": "nominal", "title": title}
