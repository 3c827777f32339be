"""Charts for those who would rather look; the numbers always stand beside them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from po_toolkit.api.reports import ON_DARK, ON_LIGHT, bar_chart, line_chart
from po_toolkit.ui import words


def bars(labels: Sequence[str], amounts: Sequence[Decimal], currency: str, *, about: str) -> None:
    """Show one horizontal bar for each label, its amount written at its end.

    Args:
        labels: What each bar is, in order from the top.
        amounts: Major units of the currency.
        currency: Of all of them.
        about: What the chart shows, for those who cannot see it.
    """
    written = [words.amount(amount, currency) for amount in amounts]
    _draw(bar_chart(labels, amounts, written, ink=_ink()), about)


def lines(frame: pd.DataFrame, currency: str, *, about: str) -> None:
    """Show amounts over months, a line for each of two series, told apart without colour too.

    Args:
        frame: Columns ``month`` (text), ``series`` and ``amount`` (major units).
        currency: Of all amounts.
        about: What the chart shows, for those who cannot see it.
    """
    written = [words.amount(amount, currency) for amount in frame["amount"]]
    colours = ON_DARK if st.context.theme.type == "dark" else ON_LIGHT
    spec = line_chart(frame.assign(written=written), currency, ink=_ink(), colours=colours)
    _draw(spec, about)


def _ink() -> str:
    """Return the colour of text on the present theme, or one that both themes bear."""
    return {"light": "#111111", "dark": "#f5f5f5"}.get(st.context.theme.type or "", "#767676")


def _draw(spec: dict[str, Any], about: str) -> None:
    # Written as Vega-Lite's own dictionaries: Altair would take seconds to import and, for each
    # chart, longer than the whole page around it.
    st.vega_lite_chart(spec, alt=about, width="stretch")
