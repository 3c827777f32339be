"""Charts for those who would rather look; the numbers always stand beside them.

One hue that differs in lightness from the page, amounts on the bars, and lines that differ in
pattern, mark and lightness as well as in colour keep them readable in greyscale, in dark mode and
by colour-blind eyes. Positions
need floats; every number that is read is written from the exact amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from po_toolkit.ui import words

BLUE = "#3d85c6"
"""Readable on white and on black."""

SERIES = {"light": ("#d97000", "#0b4f8a"), "dark": ("#d97000", "#9fd0ff")}
"""Orange and blue on each theme: apart in lightness, and both apart from the page."""

ROOM = 1.6
"""How much wider than its longest bar a chart is, so that the amount finds room behind it."""


def bars(labels: Sequence[str], amounts: Sequence[Decimal], currency: str, *, about: str) -> None:
    """Show one horizontal bar for each label, its amount written at its end.

    Args:
        labels: What each bar is, in order from the top.
        amounts: Major units of the currency.
        currency: Of all of them.
        about: What the chart shows, for those who cannot see it.
    """
    frame = pd.DataFrame(
        {
            "label": labels,
            "size": [float(amount) for amount in amounts],
            "written": [words.amount(amount, currency) for amount in amounts],
        }
    )
    base = alt.Chart(frame).encode(
        y=alt.Y(
            "label:N",
            sort=None,
            title=None,
            axis=alt.Axis(labelLimit=220, labelColor=_ink(), labelFontSize=13),
        ),
        x=alt.X(
            "size:Q",
            title=None,
            axis=alt.Axis(labels=False, ticks=False, grid=False, domain=False),
            scale=alt.Scale(domain=[0, ROOM * max([*frame["size"], 1.0])], nice=False),
        ),
        tooltip=[alt.Tooltip("label:N", title="What"), alt.Tooltip("written:N", title="Amount")],
    )
    marks = base.mark_bar(color=BLUE, height={"band": 0.7})
    texts = base.mark_text(align="left", dx=5, color=_ink(), fontSize=13).encode(text="written:N")
    _draw((marks + texts).properties(height=34 * max(len(frame), 1) + 10), about)


def _ink() -> str:
    """Return the colour of text on the present theme, or one that both themes bear."""
    return {"light": "#111111", "dark": "#f5f5f5"}.get(st.context.theme.type or "", "#767676")


def lines(frame: pd.DataFrame, currency: str, *, about: str) -> None:
    """Show amounts over months, a line for each of two series, told apart without colour too.

    Args:
        frame: Columns ``month`` (text), ``series`` and ``amount`` (major units).
        currency: Of all amounts.
        about: What the chart shows, for those who cannot see it.
    """
    drawn = frame.assign(
        size=[float(amount) for amount in frame["amount"]],
        written=[words.amount(amount, currency) for amount in frame["amount"]],
    ).drop(columns="amount")
    names = list(dict.fromkeys(drawn["series"]))
    colours = SERIES["dark" if st.context.theme.type == "dark" else "light"]
    legend = alt.Legend(
        orient="top", title=None, labelColor=_ink(), labelFontSize=13, symbolDash=[1, 0]
    )
    inked: dict[str, Any] = {"labelColor": _ink(), "titleColor": _ink()}
    base = alt.Chart(drawn).encode(
        x=alt.X("month:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True, **inked)),
        y=alt.Y("size:Q", title=currency.upper(), axis=alt.Axis(format="~s", **inked)),
        color=alt.Color(
            "series:N", scale=alt.Scale(domain=names, range=list(colours)), legend=legend
        ),
        tooltip=[
            alt.Tooltip("month:O", title="Month"),
            alt.Tooltip("series:N", title="What"),
            alt.Tooltip("written:N", title="Amount"),
        ],
    )
    dashes = alt.Scale(domain=names, range=[[6, 4], [1, 0]])
    shapes = alt.Scale(domain=names, range=["square", "circle"])
    marked = base.mark_line(strokeWidth=3).encode(
        strokeDash=alt.StrokeDash("series:N", scale=dashes, legend=None)
    ) + base.mark_point(size=90, filled=True, opacity=1).encode(
        shape=alt.Shape("series:N", scale=shapes, legend=legend)
    )
    _draw(marked.properties(height=260), about)


def _draw(chart: alt.Chart | alt.LayerChart, about: str) -> None:
    # Checking a chart against Vega-Lite's schema takes longer than the whole page around it.
    st.vega_lite_chart(chart.to_dict(validate=False), alt=about, width="stretch")
