"""What a person tells about a spreadsheet that it does not tell itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from po_toolkit.api.imports import ImportReport
from po_toolkit.errors import ImportChoiceError, ImportFileError
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
    "leave": "Leave them out",
    "notes": "Keep them in the notes",
}
_MAPPING = "mapping:"
_LEFT_OUT = "(left out)"
_PACKAGE = "packages"

Grid = list[tuple[str, str, str]]
"""Header, field and reason of each column as it was proposed."""


class Answers:
    """The answers about one uploaded file, kept while it is on the screen."""

    def __init__(self, visit: Visit, file_id: str) -> None:
        """Find what was asked and answered before."""
        self._visit = visit
        self._name = f"import.{file_id}"
        self._grid = self._name
        self.sheet: str | None = None

    @property
    def _asked(self) -> dict[str, Sequence[str]]:
        asked: dict[str, Sequence[str]] = self._visit.recall(f"{self._name}.asked") or {}
        return asked

    def given(self) -> dict[str, Any] | None:
        """Show what was asked; return the answers as arguments, or None while one is missing.

        Raises:
            ImportFileError: Two columns were given to one field; the message names it.
        """
        answers = {q: self._radio(q, choices) for q, choices in self._asked.items()}
        if None in answers.values():
            return None
        self._grid = f"{self._name}.{answers.get('sheet') or ''}"
        named = {
            q.removeprefix(_MAPPING): answers.pop(q)
            for q in list(answers)
            if q.startswith(_MAPPING)
        }
        mapping = named | (self._mapping() or {})
        return {
            **answers,
            "mapping": mapping or None,
            "unknown": self._visit.recall(f"{self._name}.unknown") or "leave",
            "allow_duplicates": bool(self._visit.recall(f"{self._name}.duplicates")),
        }

    def ask(self, error: ImportChoiceError) -> None:
        """Note a question for the next run."""
        question, choices = error.question, error.choices
        if question == "mapping":
            question = _MAPPING + choices[0].partition("=")[0]
            choices = [choice.partition("=")[2] for choice in choices]
        self._visit.keep(f"{self._name}.asked", {**self._asked, question: choices})

    def _radio(self, question: str, choices: Sequence[str]) -> str | None:
        field = words.label(question.removeprefix(_MAPPING)).lower()
        return st.radio(
            _QUESTIONS.get(question, f"Which column is the {field}?"),
            choices,
            index=None,
            format_func=lambda choice: _CHOICES.get(choice, choice),
            horizontal=True,
            key=self._visit.key(f"{self._name}.{question}"),
        )

    def _mapping(self) -> dict[str, str] | None:
        """Return field → column for the columns as a person changed them, or None."""
        proposed: Grid = self._visit.recall(f"{self._grid}.columns") or []
        edits: Mapping[int, Mapping[str, str]] = (
            self._visit.recall(f"{self._grid}.edits") or {}
        ).get("edited_rows", {})
        if not proposed or not edits:
            return None
        mapping = dict.fromkeys((field for _, field, _ in proposed if field != _LEFT_OUT), "")
        for position, (header, field, _) in enumerate(proposed):
            chosen = edits.get(position, {}).get("field", field)
            if chosen == _PACKAGE:
                mapping[chosen] = mapping.get(chosen, "") + f"{header}\n"
            elif chosen and chosen != _LEFT_OUT:
                if mapping.get(chosen):
                    raise ImportFileError(
                        f"{words.label(chosen)} is given to {mapping[chosen]!r} and to "
                        f"{header!r}; leave one of them out."
                    )
                mapping[chosen] = header
        return mapping

    def show_columns(
        self,
        columns: Sequence[Column],
        packages: Sequence[str],
        about: str,
        *,
        expanded: bool = False,
    ) -> None:
        """Show what each column was taken for, to be changed in place."""
        proposed: Grid = self._visit.recall(f"{self._grid}.columns") or [
            (c.header, _PACKAGE if c.header in packages else c.field or _LEFT_OUT, c.why)
            for c in columns
        ]
        self._visit.keep(f"{self._grid}.columns", proposed)
        with st.expander("What each column was taken for", expanded=expanded):
            st.write(about)
            self._editor(proposed)
            if any(field == _LEFT_OUT for _, field, _ in proposed):
                st.radio(
                    "Columns that are left out",
                    ["leave", "notes"],
                    format_func=_CHOICES.__getitem__,
                    horizontal=True,
                    key=self._visit.key(f"{self._name}.unknown"),
                )

    def _editor(self, proposed: Grid) -> None:
        st.data_editor(
            pd.DataFrame(proposed, columns=["header", "field", "reason"]),
            column_config={
                "header": st.column_config.TextColumn("Column in the file", disabled=True),
                "field": st.column_config.SelectboxColumn(
                    "Taken for",
                    options=[*FIELDS, _PACKAGE, _LEFT_OUT],
                    format_func=_field_label,
                    required=True,
                ),
                "reason": st.column_config.TextColumn("Because of", disabled=True),
            },
            hide_index=True,
            key=self._visit.key(f"{self._grid}.edits"),
            alt="Columns of the file and the fields they were taken for",
        )

    def offer_duplicates(self, report: ImportReport) -> None:
        """Offer to take what differs from a purchase order that is there under its number."""
        name = f"{self._name}.duplicates"
        if self._visit.recall(name) or any(p.code == "duplicate_differs" for p in report.problems):
            st.checkbox(
                "Import those with a number that is here already, as purchase orders of their own",
                key=self._visit.key(name),
            )


def _field_label(field: object) -> str:
    if field == _LEFT_OUT:
        return _LEFT_OUT
    return "Price of a package" if field == _PACKAGE else words.label(str(field))
