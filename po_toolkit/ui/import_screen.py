"""Upload a spreadsheet, see what it would give and what is wrong with it, import it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from po_toolkit.api.imports import (
    PACKAGES,
    ImportQuestionsError,
    ImportReport,
    import_batches_of,
    import_purchase_orders,
    proposed_columns,
    template,
)
from po_toolkit.errors import ImportFileError
from po_toolkit.ui import formats, table_files, tables
from po_toolkit.ui.failures import show_error
from po_toolkit.ui.import_answers import Answers
from po_toolkit.ui.import_batch import show_batch, show_problems, show_reading
from po_toolkit.ui.language import N_, _
from po_toolkit.ui.questions import encoding_of
from po_toolkit.ui.session import Visit


def import_screen(visit: Visit) -> None:
    """Show the screen: an import that was made, or the way to make one."""
    st.title(_("Import"))
    batch = visit.asked("batch")
    if batch is not None:
        show_batch(visit, batch)
        return
    uploaded = st.file_uploader(
        _("Spreadsheet of purchase orders"),
        type=["csv", "tsv", "txt", "xlsx", "xls", "ods"],
        key=visit.key("import.file"),
    )
    if uploaded is None:
        _start()
        _earlier(visit)
    else:
        _uploaded(visit, uploaded)


def _start() -> None:
    st.write(
        _(
            "One row for each line of a purchase order, or one row for each purchase "
            "order. Nothing is kept before you have seen the preview and agreed."
        )
    )
    label = N_("Empty template ({ending})")
    table_files.file_buttons("purchase-orders", template, key="template", label=label)


def _earlier(visit: Visit) -> None:
    imports = import_batches_of(visit.opened)
    if not imports:
        return
    st.subheader(_("Earlier imports"))
    frame = pd.DataFrame(
        {
            "when": formats.moment(one.created_at, visit.opened.conference.timezone),
            "file": one.file_name,
            "accepted": one.accepted,
            "waiting": one.waiting_rows or None,
            "by": formats.person(one.entered_by),
            "undone": _("Undone") if one.undone_at else "",
        }
        for one in imports
    )
    columns = {
        "when": _("When"),
        "file": _("File"),
        "accepted": _("Purchase orders"),
        **({"waiting": _("Rows to fix")} if frame["waiting"].any() else {}),
        "by": _("By"),
        **({"undone": _("State")} if frame["undone"].any() else {}),
    }
    picked = tables.pick(
        frame,
        columns,
        key=visit.key("import.earlier"),
        alt=_("Earlier imports; choose one to open it."),
    )
    if picked is not None:
        visit.go("import", batch=str(imports[picked].batch))


def _uploaded(visit: Visit, uploaded: UploadedFile) -> None:
    answers = Answers(visit, uploaded.file_id)
    data = uploaded.getvalue()
    encoding = encoding_of(visit, f"import.{uploaded.file_id}", uploaded.name)
    try:
        given = answers.given()
        if given is None:
            return
        given["file_name"] = uploaded.name
        given |= {"encoding": encoding} if encoding else {}
        report = import_purchase_orders(visit.opened, data, dry_run=True, **given)
    except ImportQuestionsError as asked:
        answers.ask(asked)
        st.rerun()
    except ImportFileError as error:
        show_error(error, visit)
        _offer_columns(visit, answers, data, uploaded.name)
        return
    _preview(visit, data, given, report)
    answers.offer_duplicates(report)
    show_problems(visit, report, "preview")
    answers.correct_cells(report)
    show_reading(visit, report)
    answers.show_columns(
        report.columns,
        dict.fromkeys(report.packages, PACKAGES) | report.own_lines,
        _(
            "The header is in row {header_row}; the sheet has {shape}.",
            header_row=report.header_row,
            shape=report.shape,
        ),
    )
    _orders(visit, report)


def _offer_columns(visit: Visit, answers: Answers, data: bytes, name: str) -> None:
    """Let a person say what the columns are, where that is what is missing."""
    try:
        columns = proposed_columns(visit.opened, data, file_name=name, sheet=answers.sheet)
    except ImportFileError:
        return
    answers.show_columns(columns, {}, _("Choose the column of each missing field."), expanded=True)


def _preview(visit: Visit, data: bytes, given: dict[str, Any], report: ImportReport) -> None:
    figures = {
        _("Purchase orders ready to import"): report.accepted,
        _("Rejected"): report.rejected,
        _("Already imported"): report.duplicates,
    }
    with st.container(horizontal=True):
        for label, figure in figures.items():
            if figure or figure is report.accepted:
                st.metric(label, figure, border=True, width="content")
    if report.accepted:
        label = _("Import {orders}", orders=formats.count(report.accepted, "purchase order"))
    elif report.rejected:
        label = _(
            "Fix {orders} here", orders=formats.count(report.rejected, "rejected purchase order")
        )
    else:
        st.info(_("Everything is imported already."), icon=":material/info:")
        return
    if st.button(label, type="primary", icon=":material/check:", key=visit.key("import.go")):
        taken = import_purchase_orders(visit.opened, data, **given)
        visit.go("import", batch=str(taken.batch))


def _orders(visit: Visit, report: ImportReport) -> None:
    if not report.orders:
        return
    st.subheader(_("What would be imported"))
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
            "organization_name": _("Sponsor"),
            "po_number": _("Their PO number"),
            "total": _("Total"),
            "lines": _("Lines"),
            "contact_email": _("Contact email"),
            "due_date": st.column_config.DateColumn(_("Due"), format="localized"),
            "rows": _("Rows"),
        },
        money=["total"],
        key=visit.key("import.orders"),
        alt=_("Purchase orders in the file"),
    )
