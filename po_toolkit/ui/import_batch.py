"""An import that was made: what it took, mending what it did not take, taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd
import streamlit as st

from po_toolkit.api.imports import (
    BatchSummary,
    ImportReport,
    RejectedRows,
    RowProblem,
    import_batches_of,
    import_fixed_rows,
    keep_corrections,
    rejected_rows,
    rejected_rows_csv,
    rejected_rows_xlsx,
    undo_import,
)
from po_toolkit.api.terms import Act
from po_toolkit.errors import ImportFileError, NotFoundError
from po_toolkit.ui import formats, table_files, tables
from po_toolkit.ui.failures import show_error
from po_toolkit.ui.import_answers import (
    cells_editor,
    faulty_columns,
    faulty_first,
    rows_to_correct,
    with_problems,
)
from po_toolkit.ui.language import N_, _, translated
from po_toolkit.ui.session import Visit

_PROBLEMS = {
    "row": N_("Row"),
    "column": N_("Column"),
    "value": N_("Value"),
    "message": N_("What is wrong"),
}


def show_batch(visit: Visit, batch: int) -> None:
    """Show one import of this conference."""
    summary = next((b for b in import_batches_of(visit.opened) if b.batch == batch), None)
    visit.link("import", _("Import another file"))
    if summary is None:
        raise NotFoundError(f"There is no import {batch} in this conference.")
    _taken(visit, summary)
    if summary.waiting_rows:
        _rows_to_fix(visit, rejected_rows(visit.opened, batch))
    if summary.can_be_undone and visit.may(Act.UNDO_IMPORT):
        _undo(visit, summary)


def show_problems(visit: Visit, report: ImportReport, key: str) -> None:
    """Show what is wrong, what is worth a look, and what was assumed."""
    if report.problems:
        st.subheader(_("What is wrong in the file"))
        st.write(
            _(
                "A purchase order with a problem is skipped entirely; the others can be "
                "imported. Fix the rest here, or in the file of rejected rows."
            )
        )
        tables.show_texts(
            _by_row(report.problems),
            tables.first_on_a_phone(translated(_PROBLEMS), "row", "message"),
            key=visit.key(f"{key}.problems"),
        )
    if report.rejected_rows:
        table_files.file_buttons(
            "rejected-rows",
            lambda ending: (rejected_rows_csv if ending == "csv" else rejected_rows_xlsx)(report),
            key=visit.key(f"{key}.rejected"),
            label=N_("Download rejected rows ({ending})"),
        )
    if report.warnings:
        st.subheader(_("Check these"))
        tables.show_texts(
            _by_row(report.warnings), translated(_PROBLEMS), key=visit.key(f"{key}.warnings")
        )
    for note in report.notes:
        st.info(formats.message(note), icon=":material/info:")


def show_reading(visit: Visit, report: ImportReport) -> None:
    """Show how the file was read: its currency, its sums, and what was left out."""
    sums = ", ".join(f"{total} {code.upper()}" for code, total in report.totals.items())
    st.caption(
        _(
            "The purchase orders add up to {sums}. Rows that name no currency are in {currency}.",
            sums=sums or _("nothing"),
            currency=report.currency.upper(),
        )
        + (
            _(" Amounts have a decimal {decimal}.", decimal=_(report.decimal))
            if report.decimal
            else ""
        )
    )
    if report.left_columns:
        st.subheader(_("Columns left out"))
        frame = pd.DataFrame([column.as_json() for column in report.left_columns])
        frame["why"] = frame["why"].map(formats.localized)
        tables.show_texts(
            frame,
            {"column": _("Column"), "cells": _("Cells"), "first": _("First cell"), "why": _("Why")},
            key=visit.key("preview.left.columns"),
        )
        st.caption(_("To use one of them, choose its field under “Column mapping” below."))
    if report.left_rows:
        st.subheader(_("Rows left out"))
        frame = pd.DataFrame([row.as_json() for row in report.left_rows[:200]])
        frame["why"] = frame["why"].map(formats.localized)
        tables.show_texts(
            frame,
            {"row": _("Row"), "why": _("Why"), "held": _("What it held")},
            key=visit.key("preview.left.rows"),
        )


def _by_row(problems: Sequence[RowProblem]) -> pd.DataFrame:
    """Return problems as a table; its first column says the row, so the text need not."""
    frame = pd.DataFrame([asdict(problem) for problem in problems])
    frame["message"] = [formats.beside_row(p.row, p.message) for p in problems]
    return frame


def _taken(visit: Visit, summary: BatchSummary) -> None:
    when = formats.moment(summary.created_at, visit.opened.conference.timezone)
    sheet = _(", sheet {sheet}", sheet=summary.sheet) if summary.sheet else ""
    st.text(f"{summary.file_name}{sheet}\n{when}, {formats.person(summary.entered_by)}")
    if summary.undone_at is not None:
        st.info(
            _(
                "This import was undone: its purchase orders are removed. Import the file again to "
                "bring them back."
            ),
            icon=":material/undo:",
        )
        return
    if summary.accepted:
        orders = formats.count(summary.accepted, "purchase order")
        st.success(
            _("{orders} imported. No invoice is sent until you send it.", orders=orders)
            if summary.can_be_undone
            else _(
                "{orders} imported. Some are more than drafts, so that this import cannot be "
                "undone.",
                orders=orders,
            ),
            icon=":material/check_circle:",
        )
        with st.container(horizontal=True):
            visit.link("invoice", _("Invoice them"), batch=str(summary.batch))
            visit.link("orders", _("See all purchase orders"))
    if summary.duplicates:
        st.caption(
            _(
                "{orders} already imported.",
                orders=formats.count(summary.duplicates, "purchase order"),
            )
        )


def _rows_to_fix(visit: Visit, waiting: RejectedRows) -> None:
    st.subheader(_("Rows to fix"))
    if not visit.may(Act.IMPORT):
        return
    st.write(
        _(
            "Change the cells that are wrong, or add lines to a purchase order. What is "
            "right can be imported at once; what you have changed is kept when you leave "
            "the page."
        )
    )
    name = f"fix.{waiting.batch}"
    problems = [problem for row in waiting.rows for problem in row.problems]
    order = faulty_first(waiting.headers, problems)
    frame = visit.recall(f"{name}.frame")
    if frame is None or set(frame["Row"]) != {row.row for row in waiting.rows}:
        rows = [(row.row, row.corrected or row.cells) for row in waiting.rows]
        frame = rows_to_correct(waiting.headers, order, rows)
        frame = with_problems(frame, problems, {row.row for row in waiting.rows})
        visit.keep(f"{name}.frame", frame)
    edited = cells_editor(frame, faulty_columns(problems), visit.key(name), dynamic=True)
    back = sorted(range(len(order)), key=order.__getitem__)
    rows = [
        (
            0 if pd.isna(number) else int(number),
            ["" if pd.isna(cells[at]) else str(cells[at]) for at in back],
        )
        for number, _why, *cells in edited.itertuples(index=False)
    ]
    keep_corrections(visit.opened, waiting, rows)
    try:
        report = import_fixed_rows(visit.opened, waiting.batch, rows, dry_run=True)
    except ImportFileError as error:
        show_error(error, visit)
        return
    label = _("Import {orders}", orders=formats.count(report.accepted, "fixed purchase order"))
    if report.accepted and st.button(
        label, type="primary", icon=":material/check:", key=visit.key(f"fix.go.{waiting.batch}")
    ):
        taken = import_fixed_rows(visit.opened, waiting.batch, rows)
        visit.go("import", batch=str(taken.batch))
    show_problems(visit, report, f"fix.{waiting.batch}.check")


def _undo(visit: Visit, summary: BatchSummary) -> None:
    with st.expander(_("Undo this import")):
        st.write(
            _(
                "{drafts} will be removed; the rows are kept as evidence. To import them again, "
                "upload the file again: corrections that were made here are not in it.",
                drafts=formats.count(summary.accepted, "draft"),
            )
        )
        if st.button(_("Undo import"), icon=":material/undo:", key=visit.key("import.undo")):
            undo_import(visit.opened, summary.batch)
            st.rerun()
