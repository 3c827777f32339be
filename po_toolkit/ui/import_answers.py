"""The answers that a person gives about a spreadsheet: its questions, columns and cells."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from po_toolkit.api.imports import (
    FIELDS,
    OWN_LINES,
    PACKAGES,
    Column,
    ImportQuestionsError,
    ImportReport,
    Question,
    RowProblem,
)
from po_toolkit.errors import ImportFileError
from po_toolkit.ui import formats
from po_toolkit.ui.language import N_, _, ngettext
from po_toolkit.ui.session import Visit

_UNKNOWN = {"leave": N_("Leave them out"), "notes": N_("Keep them in the notes")}
_LEFT_OUT = N_("(left out)")

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

    def _asked(self) -> Iterator[Question]:
        """Return the questions about the file, then those about the sheet that was chosen."""
        yield from (self._visit.recall(f"{self._grid}.asked") or {}).values()
        if self.sheet:
            self._grid = f"{self._name}.{self.sheet}"
            yield from (self._visit.recall(f"{self._grid}.asked") or {}).values()

    def given(self) -> dict[str, Any] | None:
        """Show what was asked; return the answers as arguments, or None while one is missing.

        Raises:
            ImportFileError: Two columns were given to one field; the message names it.
        """
        answers: dict[str, Any] = {}
        mapping: dict[str, str] = {}
        open_questions = 0
        for number, question in enumerate(self._asked()):
            if not number:
                st.subheader(_("Questions about this file"))
            picked = self._radio(question)
            if picked is None:
                open_questions += 1
                continue
            for key, value in question.choices[picked].answer.items():
                if key == "mapping":
                    mapping |= value
                else:
                    answers[key] = f"{answers[key]},{value}" if key in answers else value
            self.sheet = answers.get("sheet")
        if open_questions:
            st.info(
                ngettext(
                    "Nothing can be imported before {n} question is answered.",
                    "Nothing can be imported before {n} questions are answered.",
                    open_questions,
                ),
                icon=":material/help:",
            )
            return None
        return {
            **answers,
            "mapping": mapping | (self._mapping() or {}) or None,
            "unknown": self._visit.recall(f"{self._name}.unknown") or "leave",
            "allow_duplicates": bool(self._visit.recall(f"{self._name}.duplicates")),
            "corrections": self._corrections(),
        }

    def ask(self, error: ImportQuestionsError) -> None:
        """Note questions for the next run."""
        name = f"{self._grid}.asked"
        new = {question.key: question for question in error.questions}
        self._visit.keep(name, (self._visit.recall(name) or {}) | new)

    def _radio(self, question: Question) -> int | None:
        def shown(at: int) -> str:
            choice = question.choices[at]
            return formats.localized(choice.label) + (f" → {choice.money}" if choice.money else "")

        rows = "; ".join(
            _("row {row}: {value}", row=row, value=value) for row, value in question.rows
        )
        return st.radio(
            formats.message(question.text),
            range(len(question.choices)),
            index=None,
            format_func=lambda at: formats.plain(shown(at)),
            captions=[rows if rows and not at else "" for at in range(len(question.choices))],
            key=self._visit.key(f"{self._grid}.{question.key}"),
        )

    def _mapping(self) -> dict[str, str] | None:
        """Return field → column for the columns as a person changed them, or None."""
        proposed: Grid = self._visit.recall(f"{self._grid}.columns") or []
        edits: Mapping[int, Mapping[str, str]] = (
            self._visit.recall(f"{self._grid}.edits") or {}
        ).get("edited_rows", {})
        if not proposed or not edits:
            return None
        mapping = dict.fromkeys((field for _at, field, _why in proposed if field in FIELDS), "")
        ignored = ""
        for position, (header, field, _why) in enumerate(proposed):
            chosen = edits.get(position, {}).get("field", field)
            if chosen == _LEFT_OUT and position in edits:
                ignored += f"{header}\n"
            elif chosen in OWN_LINES:
                mapping[header] = chosen
            elif chosen == PACKAGES:
                mapping[chosen] = mapping.get(chosen, "") + f"{header}\n"
            elif chosen and chosen != _LEFT_OUT:
                if mapping.get(chosen):
                    raise ImportFileError(
                        f"{formats.label(chosen)} is given to {mapping[chosen]!r} and to "
                        f"{header!r}; leave one of them out."
                    )
                mapping[chosen] = header
        return mapping | {"ignore": ignored} if ignored else mapping

    def _corrections(self) -> dict[int, dict[int, str]]:
        """Return line → position → text for the cells that were corrected on the page."""
        shown: list[int] = self._visit.recall(f"{self._grid}.rows") or []
        order: list[int] = self._visit.recall(f"{self._grid}.order") or []
        headers: list[str] = self._visit.recall(f"{self._grid}.headers") or []
        edited = (self._visit.recall(f"{self._grid}.cells") or {}).get("edited_rows", {})
        at_of = {headers[at]: at for at in order} if headers else {}
        return {
            shown[index]: {
                at_of[name]: "" if text is None else str(text)
                for name, text in cells.items()
                if name in at_of
            }
            for index, cells in edited.items()
            if index < len(shown)
        }

    def correct_cells(self, report: ImportReport) -> None:
        """Show the rejected rows, each to be corrected before the import."""
        if not report.rejected_rows and not self._visit.recall(f"{self._grid}.rows"):
            return
        name = f"{self._grid}.frame"
        frame = self._visit.recall(name)
        if frame is None:
            headers = [column.header for column in report.columns]
            order = faulty_first(headers, report.problems)
            frame = rows_to_correct(headers, order, report.rejected_texts)
            self._visit.keep(name, frame)
            self._visit.keep(f"{self._grid}.rows", [n for n, _why in report.rejected_rows])
            self._visit.keep(f"{self._grid}.order", order)
            self._visit.keep(f"{self._grid}.headers", headers)
            self._visit.keep(f"{self._grid}.faulty", faulty_columns(report.problems))
        st.subheader(_("Correct the rows here"))
        st.write(_("Change the cells that are wrong; the check above runs again at once."))
        rejected = {number for number, _why in report.rejected_rows}
        cells_editor(
            with_problems(frame, report.problems, rejected),
            self._visit.recall(f"{self._grid}.faulty") or (),
            self._visit.key(f"{self._grid}.cells"),
        )

    def show_columns(
        self,
        columns: Sequence[Column],
        lines: Mapping[str, str],
        about: str,
        *,
        expanded: bool = False,
    ) -> None:
        """Show what each column was taken for, to be changed in place."""
        proposed: Grid = self._visit.recall(f"{self._grid}.columns") or [
            (c.header, lines.get(c.header) or c.field or _LEFT_OUT, c.why) for c in columns
        ]
        self._visit.keep(f"{self._grid}.columns", proposed)
        with st.expander(_("Column mapping"), expanded=expanded):
            st.write(about)
            self._editor(proposed)
            if any(field == _LEFT_OUT for _at, field, _why in proposed):
                st.radio(
                    _("Columns that are left out"),
                    list(_UNKNOWN),
                    format_func=lambda choice: _(_UNKNOWN[choice]),
                    horizontal=True,
                    key=self._visit.key(f"{self._name}.unknown"),
                )

    def _editor(self, proposed: Grid) -> None:
        st.data_editor(
            pd.DataFrame(
                [(header, field, formats.localized(why)) for header, field, why in proposed],
                columns=["header", "field", "reason"],
            ),
            column_config={
                "header": st.column_config.TextColumn(_("Column in the file"), disabled=True),
                "field": st.column_config.SelectboxColumn(
                    _("Maps to"),
                    options=[*FIELDS, PACKAGES, *OWN_LINES, _LEFT_OUT],
                    format_func=_field_label,
                    required=True,
                ),
                "reason": st.column_config.TextColumn(_("Matched by"), disabled=True),
            },
            hide_index=True,
            key=self._visit.key(f"{self._grid}.edits"),
            alt=_("Columns of the file and the fields they map to"),
        )

    def offer_duplicates(self, report: ImportReport) -> None:
        """Offer to take what differs from a purchase order that is there under its number."""
        name = f"{self._name}.duplicates"
        if self._visit.recall(name) or any(
            p.code in ("duplicate_differs", "duplicate_likely") for p in report.problems
        ):
            st.checkbox(
                _("Import duplicates as new purchase orders"),
                key=self._visit.key(name),
            )


def _field_label(field: object) -> str:
    names = {_LEFT_OUT: _(_LEFT_OUT), PACKAGES: _("Price of a package")}
    names |= {sign: formats.localized(text.capitalize()) for sign, text in OWN_LINES.items()}
    return names.get(str(field)) or formats.label(str(field))


def faulty_columns(problems: Sequence[RowProblem]) -> list[str]:
    """Return the columns that hold a cell with a problem."""
    return list(dict.fromkeys(p.column for p in problems if p.column))


def faulty_first(headers: Sequence[str], problems: Sequence[RowProblem]) -> list[int]:
    """Return the positions of the columns, those with a problem first, so that they are in view."""
    faulty = faulty_columns(problems)
    return sorted(range(len(headers)), key=lambda at: (headers[at] not in faulty, at))


def rows_to_correct(
    headers: Sequence[str], order: Sequence[int], rows: Sequence[tuple[int, Sequence[str]]]
) -> pd.DataFrame:
    """Return rejected rows as a table: the line and its cells in this order."""
    return pd.DataFrame(
        [
            [number, *(cells[at] if at < len(cells) else "" for at in order)]
            for number, cells in rows
        ],
        columns=["Row", *(headers[at] for at in order)],
    )


def with_problems(
    frame: pd.DataFrame, problems: Sequence[RowProblem], rejected: Collection[int]
) -> pd.DataFrame:
    """Add what is wrong with each row now; ``rejected`` are the lines that are left out."""
    wrong: dict[int, list[str]] = {}
    for problem in problems:
        where = f"{formats.label(problem.column)}: " if problem.column else ""
        text = formats.beside_row(problem.row, problem.message)
        wrong.setdefault(problem.row, []).append(where + text)
    another = [_("Another row of this purchase order is wrong.")]
    texts = [
        " ".join(wrong.get(number, another if number in rejected else [_("Corrected.")]))
        for number in frame["Row"]
    ]
    shown = frame.copy()
    shown.insert(1, "What is wrong", texts)
    return shown


def cells_editor(
    frame: pd.DataFrame, faulty: Sequence[str], key: str, *, dynamic: bool = False
) -> pd.DataFrame:
    """Show rows to be corrected; columns with a faulty cell are marked and come first.

    A ``dynamic`` editor forgets what was typed when its rows change, so it says why they were
    rejected, and what is wrong now stands below it.
    """
    config: dict[str, Any] = {
        "Row": st.column_config.NumberColumn(_("Row"), disabled=True, width="small"),
        "What is wrong": st.column_config.TextColumn(
            _("Rejected because") if dynamic else _("What is wrong"), disabled=True, width="large"
        ),
    }
    config |= {
        name: st.column_config.TextColumn(f"⚠ {name}", help=_("A cell in this column is wrong."))
        for name in faulty
        if name in frame.columns
    }
    edited: pd.DataFrame = st.data_editor(
        frame,
        column_config=config,
        hide_index=True,
        num_rows="dynamic" if dynamic else "fixed",
        key=key,
        alt=_("Rejected rows of the spreadsheet, to be corrected"),
    )
    return edited
