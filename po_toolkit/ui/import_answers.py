"""What a person tells about a spreadsheet that it does not tell itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from po_toolkit.api.imports import FIELDS, Column, ImportReport
from po_toolkit.errors import ImportChoiceError, ImportFileError
from po_toolkit.ui import words
from po_toolkit.ui.questions import Questions
from po_toolkit.ui.session import Visit

_UNKNOWN = {"leave": "Leave them out", "notes": "Keep them in the notes"}
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
        self._questions = Questions(visit, self._name)
        self._grid = self._name
        self.sheet: str | None = None

    def given(self) -> dict[str, Any] | None:
        """Show what was asked; return the answers as arguments, or None while one is missing.

        Raises:
            ImportFileError: Two columns were given to one field; the message names it.
        """
        answers = self._questions.answers()
        if answers is None:
            return None
        self.sheet = answers.get("sheet")
        self._grid = f"{self._name}.{self.sheet or ''}"
        return {
            **answers,
            "mapping": answers["mapping"] | (self._mapping() or {}) or None,
            "unknown": self._visit.recall(f"{self._name}.unknown") or "leave",
            "allow_duplicates": bool(self._visit.recall(f"{self._name}.duplicates")),
        }

    def ask(self, error: ImportChoiceError) -> None:
        """Note a question for the next run."""
        self._questions.ask(error)

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
        with st.expander("Column mapping", expanded=expanded):
            st.write(about)
            self._editor(proposed)
            if any(field == _LEFT_OUT for _, field, _ in proposed):
                st.radio(
                    "Columns that are left out",
                    list(_UNKNOWN),
                    format_func=_UNKNOWN.__getitem__,
                    horizontal=True,
                    key=self._visit.key(f"{self._name}.unknown"),
                )

    def _editor(self, proposed: Grid) -> None:
        st.data_editor(
            pd.DataFrame(proposed, columns=["header", "field", "reason"]),
            column_config={
                "header": st.column_config.TextColumn("Column in the file", disabled=True),
                "field": st.column_config.SelectboxColumn(
                    "Maps to",
                    options=[*FIELDS, _PACKAGE, _LEFT_OUT],
                    format_func=_field_label,
                    required=True,
                ),
                "reason": st.column_config.TextColumn("Matched by", disabled=True),
            },
            hide_index=True,
            key=self._visit.key(f"{self._grid}.edits"),
            alt="Columns of the file and the fields they map to",
        )

    def offer_duplicates(self, report: ImportReport) -> None:
        """Offer to take what differs from a purchase order that is there under its number."""
        name = f"{self._name}.duplicates"
        if self._visit.recall(name) or any(p.code == "duplicate_differs" for p in report.problems):
            st.checkbox(
                "Import duplicates as new purchase orders",
                key=self._visit.key(name),
            )


def _field_label(field: object) -> str:
    if field == _LEFT_OUT:
        return _LEFT_OUT
    return "Price of a package" if field == _PACKAGE else words.label(str(field))
