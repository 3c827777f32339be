"""Charts for those who would rather look; the numbers always stand beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from po_toolkit.api.reports import ON_DARK, ON_LIGHT, bar_chart, line_chart, step_chart
from po_toolkit.ui import formats
from po_toolkit.ui.language import _, language, locale

_PICK = "pick"


def bars(
    labels: Sequence[str], amounts: Sequence[Decimal], currency: str, *, key: str, about: str
) -> int | None:
    """Show one horizontal bar for each label, its amount written at its end.

    Amounts are in major units; ``about`` is for those who cannot see the chart.

    Returns:
        The place of the bar that was chosen, or None.
    """
    written = [formats.amount(amount, currency) for amount in amounts]
    label = _pick(bar_chart(labels, amounts, written, ink=_ink()), about, key, "label", layer=0)
    return labels.index(label) if label in labels else None


def steps(
    series: Sequence[tuple[str, Sequence[tuple[date, Decimal]]]],
    currency: str,
    *,
    key: str,
    about: str,
) -> str | None:
    """Show amounts over days as steps, a line for each series, told apart without colour too.

    Series are at most three names with their days and amounts in major units; ``about`` is for
    those who cannot see the chart.

    Returns:
        The day of the point that was chosen, ISO 8601, or None.
    """
    rows = [
        {
            "day": day.isoformat(),
            "on": formats.day(day),
            "series": name,
            "size": float(amount),
            "written": formats.amount(amount, currency),
        }
        for name, points in series
        for day, amount in points
    ]
    day = {"en": "%b %-d", "de": "%-d. %b"}.get(language(), "%-d %b")
    spec = step_chart(rows, currency, ink=_ink(), colours=_colours(), day=day)
    spec["config"] = {"locale": {"time": _months()}}
    return _pick(spec, about, key, "day", layer=1)


def lines(frame: pd.DataFrame, currency: str, *, about: str) -> None:
    """Show amounts over months, a line for each of two series, told apart without colour too.

    The frame has ``month`` (text), ``series`` and ``amount`` (major units); ``about`` is for those
    who cannot see the chart.
    """
    written = [formats.amount(amount, currency) for amount in frame["amount"]]
    drawn = frame.assign(written=written)
    spec = _translated(line_chart(drawn, currency, ink=_ink(), colours=_colours()))
    # Written as Vega-Lite's own dictionaries: Altair would take seconds to import and, for each
    # chart, longer than the whole page around it.
    st.vega_lite_chart(spec, alt=about, width="stretch")


def _translated(spec: Any) -> Any:
    """Return a chart whose titles are in the visit's language."""
    if isinstance(spec, list):
        return [_translated(part) for part in spec]
    if not isinstance(spec, dict):
        return spec
    return {
        name: _(part) if name == "title" and isinstance(part, str) else _translated(part)
        for name, part in spec.items()
    }


def _months() -> dict[str, Any]:
    """Return the names of days and months as Vega wants them, Sunday first."""
    names = {width: locale().days["format"][width] for width in ("wide", "abbreviated")}
    days = {width: [names[width][(d + 6) % 7] for d in range(7)] for width in names}
    months = {w: list(locale().months["format"][w].values()) for w in names}
    return {
        "dateTime": "%x %X",
        "date": "%Y-%m-%d",
        "time": "%H:%M",
        "periods": ["AM", "PM"],
        "days": days["wide"],
        "shortDays": days["abbreviated"],
        "months": months["wide"],
        "shortMonths": months["abbreviated"],
    }


def _colours() -> Sequence[str]:
    return ON_DARK if st.context.theme.type == "dark" else ON_LIGHT


def _ink() -> str:
    """Return the colour of text on the present theme, or one readable on both."""
    return {"light": "#111111", "dark": "#f5f5f5"}.get(st.context.theme.type or "", "#767676")


def _pick(spec: dict[str, Any], about: str, key: str, field: str, *, layer: int) -> str | None:
    """Draw a chart whose marks in one layer can be chosen; return the field of the chosen one."""
    spec = _translated(spec)
    spec["layer"][layer]["params"] = [
        {"name": _PICK, "select": {"type": "point", "fields": [field]}}
    ]
    spec["layer"][layer]["mark"]["cursor"] = "pointer"
    event: Any = st.vega_lite_chart(
        spec, alt=about, width="stretch", key=key, on_select="rerun", selection_mode=_PICK
    )
    chosen = (event or {}).get("selection", {}).get(_PICK) or []
    return str(chosen[0][field]) if chosen and field in chosen[0] else None
