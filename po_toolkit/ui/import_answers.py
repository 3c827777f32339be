"""What a person tells about a spreadsheet that it does not tell itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from po_toolkit.errors import ImportChoiceError
from po_toolkit.importers.columns import Column
from po_toolkit.importers.headers import FIELDS
from po_toolkit.ui import words
from po_toolkit.ui.session import Visit

_QUESTIONS = {
    "sheet": "Which sheet holds the purchase orders?",
    "decimal": "How does this file write decimals?",
    "dates": "Which comes first in this file's dates?",
}
_CHOICES = {
    "point": "With a point: 1,234.50",
    "comma": "With a comma: 1.234,50",
    "dmy": "The day: 31/12/2027",
    "mdy": "The month: 12/31/2027",
}
_REASONS = {
    "name": "by its name",
    "content": "by what its cells look like",
    "saved": "as in an earlier file",
    "chosen": "you chose it",
}
_LEFT_OUT = "(left out)"


class Answers:
    """The answers about one uploaded file, kept while it is on the screen."""

    def __init__(self, visit: Visit, file_id: str) -> None:
        """Find what was asked and answered before."""
        self._visit = visit
        self._name = f"import.{file_id}"
        self._grid = self._name

    @property
    def _asked(self) -> dict[str, Sequence[str]]:
        asked: dict[str, Sequence[str]] = self._visit.recall(f"{self._name}.asked") or {}
        return asked

    def show_questions(self) -> dict[str, Any] | None:
        """Show what was asked; return the answers as arguments, or None while one is missing."""
        given: dict[str, Any] = {}
        for question, choices in self._asked.items():
            given[question] = st.radio(
                _QUESTIONS[question],
                choices,
                index=None,
                format_func=lambda choice: _CHOICES.get(choice, choice),
                horizontal=True,
                key=self._visit.key(f"{self._name}.{question}"),
            )
        self._grid = f"{self._name}.{given.get('sheet') or ''}"
        return None if None in given.values() else given

    def ask(self, error: ImportChoiceError) -> bool:
        """Note a question for the next run; False when it is none that can be asked here."""
        if error.question not in _QUESTIONS:
            return False
        self._visit.keep(f"{self._name}.asked", {**self._asked, error.question: error.choices})
        return True

    def mapping(self) -> dict[str, str] | None:
        """Return field → column for columns that a person changed, else None.

        Raises:
            ValueError: Two columns were given to one field; the message names it.
        """
        proposed: list[Column] | None = self._visit.recall(f"{self._grid}.columns")
        edits: Mapping[int, Mapping[str, str | None]] = (
            self._visit.recall(f"{self._grid}.edits") or {}
        ).get("edited_rows", {})
        if proposed is None or not edits:
            return None
        mapping = dict.fromkeys((c.field for c in proposed if c.field), "")
        for position, column in enumerate(proposed):
            chosen = edits.get(position, {}).get("field", column.field or _LEFT_OUT)
            if not chosen or chosen == _LEFT_OUT:
                continue
            if mapping.get(chosen):
                raise ValueError(
                    f"{words.label(chosen)} is given to {mapping[chosen]!r} and to "
                    f"{column.header!r}; leave one of them out."
                )
            mapping[chosen] = column.header
        return mapping

    def show_columns(self, columns: Sequence[Column]) -> None:
        """Show what each column was taken for, to be changed in place."""
        proposed: Sequence[Column] = self._visit.recall(f"{self._grid}.columns") or columns
        self._visit.keep(f"{self._grid}.columns", proposed)
        with st.expander("What each column was taken for"):
            st.data_editor(
                pd.DataFrame(
                    {
                        "header": column.header,
                        "field": column.field or _LEFT_OUT,
                        "reason": _REASONS.get(column.reason, ""),
                    }
                    for column in proposed
                ),
                column_config={
                    "header": st.column_config.TextColumn("Column in the file", disabled=True),
                    "field": st.column_config.SelectboxColumn(
                        "Taken for",
                        options=[*FIELDS, _LEFT_OUT],
                        format_func=_field_label,
                        required=True,
                    ),
                    "reason": st.column_config.TextColumn("Why", disabled=True),
                },
                hide_index=True,
                key=self._visit.key(f"{self._grid}.edits"),
                alt="Columns of the file and the fields they were taken for",
            )


def _field_label(field: object) -> str:
    return _LEFT_OUT if field == _LEFT_OUT else words.label(str(field))
