"""Upload a spreadsheet, see what it would give and what is wrong with it, import it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Literal

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from po_toolkit.api.imports import (
    ImportReport,
    RowProblem,
    import_purchase_orders,
    rejected_rows_csv,
    template,
)
from po_toolkit.errors import ImportChoiceError
from po_toolkit.ui import tables, words
from po_toolkit.ui.import_answers import Answers
from po_toolkit.ui.session import Visit

_TEMPLATES: tuple[tuple[Literal["csv", "xlsx"], str], ...] = (
    ("xlsx", tables.XLSX),
    ("csv", "text/csv"),
)

_PROBLEMS = {
    "row": "Row",
    "column": "Column",
    "value": "What it says",
    "message": "What is wrong",
}


def import_screen(visit: Visit) -> None:
    """Show the screen."""
    st.title("Import")
    turn = visit.recall("import.turn") or 0
    uploaded = st.file_uploader(
        "Spreadsheet of purchase orders",
        type=["csv", "tsv", "txt", "xlsx"],
        key=visit.key(f"import.file.{turn}"),
    )
    if uploaded is not None:
        _uploaded(visit, uploaded)
    elif (done := visit.recall("import.done")) is not None:
        _done(visit, done)
    else:
        _start()


def _start() -> None:
    st.write(
        "One row for each line of a purchase order; rows with the same organization and PO number "
        "belong together. Nothing is kept before you have seen the preview and agreed."
    )
    with st.container(horizontal=True):
        for ending, mime in _TEMPLATES:
            st.download_button(
                f"Empty template ({ending.upper()})",
                partial(template, ending),
                f"purchase-orders.{ending}",
                mime,
                icon=":material/download:",
                on_click="ignore",
            )


def _uploaded(visit: Visit, uploaded: UploadedFile) -> None:
    answers = Answers(visit, uploaded.file_id)
    given = answers.show_questions()
    if given is None:
        return
    try:
        given |= {"file_name": uploaded.name, "mapping": answers.mapping()}
        report = import_purchase_orders(visit.opened, uploaded.getvalue(), dry_run=True, **given)
    except ImportChoiceError as question:
        if answers.ask(question):
            st.rerun()
        raise
    except ValueError as error:
        st.error(str(error), icon=":material/error:")
        return
    _preview(visit, uploaded.getvalue(), given, report)
    answers.show_columns(report.columns)
    _orders(report)


def _preview(visit: Visit, data: bytes, given: dict[str, Any], report: ImportReport) -> None:
    _counts(report, "ready to import")
    if report.accepted:
        label = f"Import {words.count(report.accepted, 'purchase order')}"
        if st.button(label, type="primary", icon=":material/check:", key=visit.key("import.go")):
            visit.keep("import.done", import_purchase_orders(visit.opened, data, **given))
            visit.keep("import.turn", (visit.recall("import.turn") or 0) + 1)
            st.rerun()
    elif report.duplicates and not report.rejected:
        st.info("All of it is here already; there is nothing to import.", icon=":material/info:")
    _problems(visit, report)
    _remarks(visit, report)


def _counts(report: ImportReport, accepted: str) -> None:
    with st.container(horizontal=True):
        st.metric(f"Purchase orders {accepted}", report.accepted, border=True, width="content")
        if report.rejected:
            st.metric("Rejected", report.rejected, border=True, width="content")
        if report.duplicates:
            st.metric("Imported before", report.duplicates, border=True, width="content")


def _problems(visit: Visit, report: ImportReport) -> None:
    if not report.problems:
        return
    st.subheader("What is wrong in the file")
    st.write(
        "A purchase order with a problem stays out as a whole; all others can be imported. "
        "Download the rejected rows, mend them and upload that file."
    )
    tables.show_texts(_by_row(report.problems), _PROBLEMS, key=visit.key("import.problems"))
    if report.rejected:
        st.download_button(
            "Download rejected rows",
            lambda: rejected_rows_csv(report),
            "rejected-rows.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=visit.key("import.rejected"),
        )


def _by_row(problems: Sequence[RowProblem]) -> pd.DataFrame:
    """Return problems as a table; its first column says the row, so the text need not."""
    frame = pd.DataFrame([asdict(problem) for problem in problems])
    frame["message"] = [p.message.removeprefix(f"Row {p.row}: ") for p in problems]
    return frame


def _remarks(visit: Visit, report: ImportReport) -> None:
    if report.warnings:
        st.subheader("Worth a look")
        tables.show_texts(_by_row(report.warnings), _PROBLEMS, key=visit.key("import.warnings"))
    for note in report.notes:
        st.info(words.plain(note), icon=":material/info:")


def _orders(report: ImportReport) -> None:
    if not report.orders:
        return
    st.subheader("What would be imported")
    frame = pd.DataFrame(
        {
            "organization_name": order.organization_name,
            "po_number": order.po_number,
            "total": order.total_major,
            "currency": order.currency,
            "lines": len(order.lines),
            "contact_email": order.contact_email,
            "due_date": order.due_date,
            "rows": ", ".join(map(str, order.rows)),
        }
        for order in report.orders
    )
    tables.show(
        frame,
        {
            "organization_name": "Organization",
            "po_number": "Their PO number",
            "total": "Total",
            "lines": "Lines",
            "contact_email": "Contact e-mail",
            "due_date": st.column_config.DateColumn("Due", format="localized"),
            "rows": "Rows",
        },
        money=["total"],
        alt="Purchase orders in the file",
    )


def _done(visit: Visit, report: ImportReport) -> None:
    st.success(
        f"{words.count(report.accepted, 'purchase order')} imported. No invoice was sent yet.",
        icon=":material/check_circle:",
    )
    _counts(report, "imported")
    with st.container(horizontal=True):
        if report.batch is not None and report.accepted:
            visit.link("invoice", "Invoice them", batch=str(report.batch))
        visit.link("orders", "See all purchase orders")
    _problems(visit, report)
