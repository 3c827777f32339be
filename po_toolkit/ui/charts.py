"""Charts for those who would rather look; the numbers always stand beside them.

One hue that differs in lightness from the page, labels on the marks, and line patterns instead of
colours alone keep them readable in greyscale, in dark mode and by colour-blind eyes. Positions
need floats; every number that is read is written from the exact amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import altair as alt
import pandas as pd
import streamlit as st

from po_toolkit.ui import words

BLUE = "#3d85c6"
"""Readable on white and on black."""

ORANGE = "#d55e00"


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
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=220)),
        x=alt.X(
            "size:Q",
            title=None,
            axis=alt.Axis(labels=False, ticks=False, grid=False, domain=False),
            scale=alt.Scale(domainMin=0, padding=90),
        ),
        tooltip=[alt.Tooltip("label:N", title="What"), alt.Tooltip("written:N", title="Amount")],
    )
    marks = base.mark_bar(color=BLUE, height={"band": 0.7})
    texts = base.mark_text(align="left", dx=5, color=_ink()).encode(text="written:N")
    _draw((marks + texts).properties(height=34 * max(len(frame), 1) + 10), about)


def _ink() -> str:
    """Return the colour of text on the present theme, or one that both themes bear."""
    return {"light": "#111111", "dark": "#f5f5f5"}.get(st.context.theme.type or "", "#767676")


def lines(frame: pd.DataFrame, currency: str, *, about: str) -> None:
    """Show amounts over months, a line for each series, told apart by pattern and colour.

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
    chart = (
        alt.Chart(drawn)
        .mark_line(interpolate="step-after", strokeWidth=3)
        .encode(
            x=alt.X("month:O", title=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("size:Q", title=currency.upper(), axis=alt.Axis(format="~s")),
            color=alt.Color(
                "series:N",
                scale=alt.Scale(domain=names, range=[ORANGE, BLUE]),
                legend=alt.Legend(orient="top", title=None),
            ),
            strokeDash=alt.StrokeDash(
                "series:N", scale=alt.Scale(domain=names, range=[[6, 4], [1, 0]]), legend=None
            ),
            tooltip=[
                alt.Tooltip("month:O", title="Month"),
                alt.Tooltip("series:N", title="What"),
                alt.Tooltip("written:N", title="Amount"),
            ],
        )
        .properties(height=260)
    )
    _draw(chart, about)


def _draw(chart: alt.Chart | alt.LayerChart, about: str) -> None:
    # Checking a chart against Vega-Lite's schema takes longer than the whole page around it.
    st.vega_lite_chart(chart.to_dict(validate=False), alt=about, width="stretch")
