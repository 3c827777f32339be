"""Bank statements: loaded, proven, and each line said to be what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal

import pandas as pd
import streamlit as st

from po_toolkit.api.bank import (
    BankImportReport,
    accept_statement,
    import_bank_statement,
    loaded_statements,
    quarantined_lines,
)
from po_toolkit.api.bank_matching import LineMatch, bank_lines
from po_toolkit.api.terms import Act
from po_toolkit.errors import ImportChoiceError, ImportFileError
from po_toolkit.ui import table_files, tables, words
from po_toolkit.ui.bank_line import show_line
from po_toolkit.ui.errand_view import errand_button, errand_news
from po_toolkit.ui.failures import show_error
from po_toolkit.ui.questions import Questions
from po_toolkit.ui.session import Visit

STATES = {
    "proposed": "Proposed",
    "ambiguous": "Several fit",
    "unmatched": "Nothing fits",
    "applied": "Applied",
    "set_aside": "Set aside",
}
_COLUMNS = {
    "date": "Date",
    "amount": "Amount, or else credit and debit",
    "credit": "Credit",
    "debit": "Debit",
    "text": "Text",
}
_STATEMENTS = {
    "proven": "Proven: opening balance and lines come to the closing balance",
    "unproven": "Taken unproven",
    "held": "Held back",
    "accepted": "Accepted by a person",
}


def bank_screen(visit: Visit) -> None:
    """Show the screen."""
    st.title("Bank")
    if visit.may(Act.LOAD_STATEMENT):
        _load(visit)
    views = {"Lines": _lines, "Statements": _statements, "Lines that could not be read": _bad}
    chosen = st.segmented_control(
        "Show",
        list(views),
        default="Lines",
        required=True,
        key="bank-view",
        bind="query-params",
    )
    views[chosen](visit)


def _load(visit: Visit) -> None:
    turn = visit.recall("bank.turn") or 0
    uploaded = st.file_uploader(
        "Bank statement",
        type=["csv", "txt", "xlsx", "ofx", "qfx", "sta", "mt940", "940", "xml"],
        key=visit.key(f"bank.file.{turn}"),
        help="CSV, XLSX, OFX, QFX, MT940 or CAMT.053; lines that are here already stay as they are",
    )
    said: BankImportReport | None = visit.recall("bank.said")
    if uploaded is None:
        if said is not None:
            _loaded(visit, said)
        return
    questions = Questions(visit, f"bank.{uploaded.file_id}")
    answers = questions.answers()
    if answers is None:
        return
    answers["mapping"] |= _named_columns(visit, uploaded.file_id)
    try:
        report = import_bank_statement(
            visit.opened, uploaded.getvalue(), file_name=uploaded.name, **answers
        )
    except ImportChoiceError as question:
        questions.ask(question)
        st.rerun()
    except ImportFileError as error:
        show_error(error, visit)
        _ask_columns(visit, uploaded.file_id)
        return
    visit.keep("bank.said", report)
    visit.keep("bank.turn", turn + 1)
    st.rerun()


def _named_columns(visit: Visit, file_id: str) -> dict[str, str]:
    """Return the columns that a person named: field → column."""
    named = {field: visit.recall(f"bank.{file_id}.column.{field}") for field in _COLUMNS}
    return {field: name.strip() for field, name in named.items() if name and name.strip()}


def _ask_columns(visit: Visit, file_id: str) -> None:
    with st.expander("Name the columns of this file"):
        st.write("Write each name as it stands in the file. The bank's next file is read alike.")
        for field, label in _COLUMNS.items():
            st.text_input(label, key=visit.key(f"bank.{file_id}.column.{field}"))


def _loaded(visit: Visit, report: BankImportReport) -> None:
    text = (
        f"{words.count(report.lines, 'line')} read: {report.new} new, {report.duplicates} here "
        f"already, {report.quarantined} that could not be read."
    )
    if report.held or report.quarantined:
        st.warning(text, icon=":material/warning:")
    else:
        st.success(text, icon=":material/check_circle:")
    if report.problems:
        frame = pd.DataFrame([asdict(problem) for problem in report.problems])
        columns = {"row": "Row", "value": "What it says", "message": "What is wrong"}
        tables.show_texts(frame, columns, key=visit.key("bank.problems"))
    for note in report.notes:
        st.info(words.plain(note), icon=":material/info:")


def _lines(visit: Visit) -> None:
    lines = bank_lines(visit.opened) if loaded_statements(visit.opened) else []
    if not lines:
        st.info("No bank line is here yet. Load a statement.", icon=":material/inbox:")
        return
    _apply_sure(visit, lines)
    states = st.pills(
        "State",
        list(STATES),
        selection_mode="multi",
        format_func=lambda s: f"{STATES[s]} ({sum(line.state == s for line in lines)})",
        key=visit.key("bank.states"),
    )
    shown = [line for line in lines if not states or line.state in states]
    if not shown:
        st.caption("No line is in this state.")
        return
    picked = tables.pick(
        _frame(shown),
        {
            "booked_on": st.column_config.DateColumn("Booked", format="localized"),
            "amount": "Amount",
            "state": "State",
            "references": "For",
            "evidence": st.column_config.TextColumn("Because", width="medium"),
            "text": st.column_config.TextColumn("What the bank says", width="large"),
        },
        money=["amount"],
        key=visit.key(f"bank.lines.{states}"),
        alt="Bank lines; choose one to decide about it.",
    )
    table_files.downloads(
        f"{visit.opened.slug}-bank-lines", lambda: _frame(shown), key=visit.key("bank.download")
    )
    if picked is None:
        st.caption("Choose a line to decide about it.")
    else:
        show_line(visit, shown[picked])


def _frame(lines: Sequence[LineMatch]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "line": line.line,
            "booked_on": line.booked_on,
            "amount": Decimal(line.amount),
            "currency": line.currency,
            "state": STATES[line.state],
            "references": ", ".join(line.references),
            "evidence": line.evidence,
            "text": line.text,
        }
        for line in lines
    )


def _apply_sure(visit: Visit, lines: Sequence[LineMatch]) -> None:
    if not visit.may(Act.MATCH):
        return
    errand_news(visit, "match")
    sure = sum(line.sure for line in lines)
    if sure:
        words.mode_notice(visit.opened.settings.mode)
        label = "Apply 1 match" if sure == 1 else f"Apply {sure} matches"
        errand_button(visit, "match", label, icon=":material/done_all:", primary=True)


def _statements(visit: Visit) -> None:
    statements = loaded_statements(visit.opened)
    if not statements:
        st.info("No statement is here yet. Load the bank's file.", icon=":material/inbox:")
        return
    for statement in (s for s in statements if s.state == "held"):
        _held(visit, statement.id, statement.reason)
    frame = pd.DataFrame(
        {
            **asdict(s),
            "opening": s.opening and Decimal(s.opening),
            "closing": s.closing and Decimal(s.closing),
            "state": _STATEMENTS.get(s.state, s.state),
        }
        for s in statements
    )
    tables.show(
        frame,
        {
            "number": "Number",
            "account": "Account",
            "opening": "Opening",
            "closing": "Closing",
            "lines": "Lines",
            "state": "State",
            "reason": "Why",
        },
        money=["opening", "closing"],
        alt="Statements that were loaded",
    )


def _held(visit: Visit, statement: int, reason: str) -> None:
    with st.container(border=True):
        st.warning(f"Statement {statement} is held back: {reason}", icon=":material/pan_tool:")
        if not visit.may(Act.ACCEPT_STATEMENT):
            return
        with st.form(visit.key(f"bank.accept.{statement}"), border=False):
            why = st.text_input("Why it is right all the same")
            if st.form_submit_button("Take its lines in"):
                accept_statement(visit.opened, statement, why)
                st.rerun()


def _bad(visit: Visit) -> None:
    lines = quarantined_lines(visit.opened)
    if not lines:
        st.success("Every line could be read.", icon=":material/check_circle:")
        return
    frame = pd.DataFrame(
        {"row": line.row_number, "raw": line.raw, "message": line.message} for line in lines
    )
    columns = {"row": "Row", "raw": "As it came", "message": "What is wrong"}
    tables.show_texts(frame, columns, key=visit.key("bank.bad"))
