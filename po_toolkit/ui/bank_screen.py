"""Bank statements: loaded, proven, and each line said to be what it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from functools import partial

import pandas as pd
import streamlit as st

from po_toolkit.api.bank import (
    BankImportReport,
    StatementResult,
    accept_statement,
    import_bank_statement,
    loaded_statements,
    quarantined_lines,
    remove_statement,
)
from po_toolkit.api.bank_matching import LineMatch, bank_lines
from po_toolkit.api.terms import Act
from po_toolkit.errors import (
    ColumnsUnknownError,
    ImportChoiceError,
    ImportFileError,
    PoToolkitError,
)
from po_toolkit.jobs import tasks
from po_toolkit.ui import formats, table_files, tables
from po_toolkit.ui.bank_line import decide, matched_to, shortcut, show_line
from po_toolkit.ui.failures import show_error
from po_toolkit.ui.language import N_, _, choices, ngettext, translated
from po_toolkit.ui.questions import Questions, encoding_of
from po_toolkit.ui.session import Visit
from po_toolkit.ui.task_view import task_button, task_result

STATES = {
    "proposed": N_("Proposed"),
    "ambiguous": N_("Multiple matches"),
    "unmatched": N_("Unmatched"),
    "applied": N_("Matched"),
    "set_aside": N_("Excluded"),
}
_UNDECIDED = ("proposed", "ambiguous", "unmatched")
"""States of lines that a person still has to decide about."""

_SEEN = "bank.seen"
"""The undecided line that this page showed last."""

_COLUMNS = {
    "date": N_("Date"),
    "amount": N_("Amount, or else credit and debit"),
    "credit": N_("Credit"),
    "debit": N_("Debit"),
    "direction": N_("Word for credit or debit"),
    "status": N_("Status"),
    "currency": N_("Currency"),
    "counterparty": N_("Other party"),
    "text": N_("Text"),
}
_STATEMENTS = {
    "proven": N_("Balances agree"),
    "unproven": N_("No balances to check"),
    "held": N_("On hold"),
    "accepted": N_("Accepted by a person"),
}


def bank_screen(visit: Visit) -> None:
    """Show the screen."""
    st.title(_("Bank"))
    if visit.may(Act.LOAD_STATEMENT):
        _load(visit)
    views = {
        N_("Lines"): _lines,
        N_("Statements"): _statements,
        N_("Lines that could not be read"): _bad,
    }
    labels = choices("bank-view", views.keys())
    chosen = st.segmented_control(
        _("Show"),
        list(views),
        default="Lines",
        required=True,
        format_func=labels.__getitem__,
        key="bank-view",
        bind="query-params",
    )
    views[chosen](visit)


def _load(visit: Visit) -> None:
    turn = visit.recall("bank.turn") or 0
    uploaded = st.file_uploader(
        _("Bank statement"),
        type=[
            "csv", "txt", "tsv", "xlsx", "xls", "ods", "ofx", "qfx", "qif", "sta", "mt940", "940",
            "xml", "bai", "bai2", "zip",
        ],
        key=visit.key(f"bank.file.{turn}"),
        help=_("CSV, Excel, OFX, QFX, QIF, MT940, BAI2, CAMT.053 or a ZIP of them; lines that "
"are here already stay as they are"),
    )  # fmt: skip
    report: BankImportReport | None = visit.recall("bank.message")
    if uploaded is None:
        if report is not None:
            _loaded(visit, report)
        return
    name = f"bank.{uploaded.file_id}"
    questions = Questions(visit, name)
    answers = questions.answers()
    named, account = _named_columns(visit, uploaded.file_id), _account(visit, uploaded.file_id)
    if answers is None:
        return
    answers["mapping"] |= named
    answers["account"] = answers.get("account") or account
    answers["encoding"] = encoding_of(visit, name, uploaded.name) or ""
    answers["intraday"] = answers.get("intraday") == "yes"

    def read(*, dry_run: bool) -> BankImportReport:
        return import_bank_statement(
            visit.opened, uploaded.getvalue(), file_name=uploaded.name, dry_run=dry_run, **answers
        )

    try:
        preview = read(dry_run=True)
    except ImportChoiceError as question:
        if question.question == "account":
            st.warning(formats.message(str(question)), icon=":material/help:")
            _ask_account(visit, uploaded.file_id)
            return
        questions.ask(question)
        st.rerun()
    except ImportFileError as error:
        show_error(error, visit)
        if isinstance(error, ColumnsUnknownError):
            visit.keep(f"bank.{uploaded.file_id}.columns", error.columns)
        _ask_columns(visit, uploaded.file_id, opened=isinstance(error, ColumnsUnknownError))
        return
    _preview(visit, preview)
    _correct(visit, uploaded.file_id, preview, account)
    if st.button(
        _("Import {lines}", lines=formats.count(preview.new, "line")),
        type="primary",
        key=visit.key(f"bank.import.{uploaded.file_id}"),
    ):
        visit.keep("bank.message", read(dry_run=False))
        visit.keep("bank.turn", turn + 1)
        st.rerun()


def _correct(visit: Visit, file_id: str, preview: BankImportReport, account: str) -> None:
    """Let a person say better what the file does not say itself."""
    if preview.reading.columns:
        _ask_columns(visit, file_id)
    if account or not all(statement.account for statement in preview.statements):
        _ask_account(visit, file_id)


def _preview(visit: Visit, report: BankImportReport) -> None:
    """Show how the file is read, before anything is kept."""
    reading = report.reading
    accounts = ", ".join(s.account or _("not named") for s in report.statements)
    findings = {
        _("Layout"): reading.layout or _("Columns found by their names"),
        _("Account"): accounts,
        _("Columns"): ", ".join(f"{formats.label(f)}: {c}" for f, c in reading.columns.items()),
        _("Money in or out"): reading.sign,
        _("Currency"): reading.currency,
        _("Dates"): reading.dates,
    }
    with st.container(border=True):
        st.subheader(_("How this file is read"))
        for label, value in findings.items():
            if value:
                st.markdown(f"**{label}**: {formats.sentence(formats.message(value))}")
        if report.first_lines:
            frame = pd.DataFrame(
                {
                    "row": x.row,
                    "booked_on": x.booked_on,
                    "amount": Decimal(x.amount),
                    "currency": x.currency,
                    "counterparty": x.counterparty,
                    "text": x.text,
                }
                for x in report.first_lines
            )
            columns = {
                **({"row": _("Row")} if frame["row"].is_unique else {}),
                "booked_on": st.column_config.DateColumn(_("Booked"), format="localized"),
                "amount": _("Amount"),
                "counterparty": _("Other party"),
                "text": _("Text"),
            }
            tables.show(frame, columns, money=["amount"], alt=_("The first lines as read"))
        _report(visit, report, "bank.preview")


def _account(visit: Visit, file_id: str) -> str:
    """Return the account that a person named."""
    return (_kept(visit, f"bank.{file_id}.account") or "").strip()


def _kept(visit: Visit, name: str) -> str | None:
    """Return what a field holds, and keep it while a question hides the field."""
    value: str | None = visit.recall(name)
    if value:
        visit.keep(name, value)
    return value


def _ask_account(visit: Visit, file_id: str) -> None:
    st.text_input(
        _("Which of your accounts is it, where the file does not say?"),
        key=visit.key(f"bank.{file_id}.account"),
    )


def _named_columns(visit: Visit, file_id: str) -> dict[str, str]:
    """Return the columns that a person named: field → column."""
    named = {field: _kept(visit, f"bank.{file_id}.column.{field}") for field in _COLUMNS}
    return {field: name.strip() for field, name in named.items() if name and name.strip()}


def _ask_columns(visit: Visit, file_id: str, *, opened: bool = False) -> None:
    columns = visit.recall(f"bank.{file_id}.columns") or []
    with st.expander(_("Name the columns of this file"), expanded=opened):
        st.write(_("Choose or enter column names. The mapping is saved for this bank."))
        for field, label in translated(_COLUMNS).items():
            st.selectbox(
                label,
                columns,
                index=None,
                accept_new_options=True,
                placeholder=_("Column"),
                key=visit.key(f"bank.{file_id}.column.{field}"),
            )


def _loaded(visit: Visit, report: BankImportReport) -> None:
    _report(visit, report, "bank.loaded")


def _report(visit: Visit, report: BankImportReport, key: str) -> None:
    """Say what became of each line, or would."""
    text = _(
        "{lines} read: {new} new, {duplicates} duplicates, {quarantined} unreadable.",
        lines=formats.count(report.lines, "line"),
        new=report.new,
        duplicates=report.duplicates,
        quarantined=report.quarantined,
    )
    if report.held or report.problems or report.suspected:
        st.warning(text, icon=":material/warning:")
    elif report.dry_run:
        st.info(text, icon=":material/info:")
    else:
        st.success(text, icon=":material/check_circle:")
    if report.problems:
        frame = pd.DataFrame([asdict(problem) for problem in report.problems])
        frame["message"] = frame["message"].map(formats.localized)
        columns = {"row": _("Row"), "value": _("Value"), "message": _("What is wrong")}
        tables.show_texts(frame, columns, key=visit.key(f"{key}.problems"))
    for suspicion in report.suspected:
        st.warning(formats.message(suspicion.message), icon=":material/content_copy:")
    for note in report.notes:
        st.info(formats.message(note), icon=":material/info:")


def _lines(visit: Visit) -> None:
    """Show the current line on the left, what it may be on the right, and all lines below."""
    lines = bank_lines(visit.opened) if loaded_statements(visit.opened) else []
    if not lines:
        st.info(_("No bank lines yet. Upload a statement."), icon=":material/inbox:")
        return
    _apply_sure(visit, lines)
    key, asked = visit.key("bank.states"), visit.asked("line")
    if asked is not None:  # by a search: it is shown whatever its state
        del st.query_params["line"]
        st.session_state[key] = []
        _turn(visit, asked)
    elif key not in st.session_state:
        st.session_state[key] = list(_UNDECIDED)
    states = st.pills(
        _("State"),
        list(STATES),
        selection_mode="multi",
        format_func=lambda s: _(STATES[s]),  # a label that counts would change, and be let go of
        key=key,
    )
    counts = Counter(line.state for line in lines)
    st.caption(" · ".join(f"{_(STATES[s])}: {counts[s]}" for s in STATES if counts[s]))
    _decided_by_others(visit, lines)
    shown = [line for line in lines if not states or line.state in states]
    if not shown:
        if any(line.state in _UNDECIDED for line in lines):
            st.info(_("No line has this state now."), icon=":material/filter_alt_off:")
        else:
            st.success(_("Every line is matched or excluded."), icon=":material/check_circle:")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        current = _current(visit, shown)
        visit.keep(_SEEN, current.line if current.state in _UNDECIDED else None)
        show_line(current)
    with right:
        st.subheader(_("What it may be") if current.state in _UNDECIDED else _("What it is"))
        decide(visit, current, partial(_next, visit, shown, current))
    _list(visit, shown, states)


def _current(visit: Visit, shown: Sequence[LineMatch]) -> LineMatch:
    """Return the line that is decided about, with the way to its neighbours."""
    by_number = {line.line: place for place, line in enumerate(shown)}
    place = by_number.get(visit.recall("bank.current") or 0, 0)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_("Line {line} of {lines}", line=place + 1, lines=len(shown)))
        for label, step, typed in ((_("Previous"), -1, "p"), (_("Next"), 1, "n")):
            if st.button(
                label,
                shortcut=shortcut(visit, shown[place], typed),
                disabled=len(shown) < 2,
                key=visit.key(f"bank.{label}"),
            ):
                _turn(visit, shown[(place + step) % len(shown)].line)
                st.rerun()
    return shown[place]


def _decided_by_others(visit: Visit, lines: Sequence[LineMatch]) -> None:
    """Say when somebody else has decided about the line that this page showed to be decided."""
    seen = visit.recall(_SEEN)
    line = next((x for x in lines if x.line == seen and x.state not in _UNDECIDED), None)
    visit.keep(_SEEN, None)
    if line is None:
        return
    amount = formats.amount(Decimal(line.amount), line.currency)
    what = f"{_(STATES[line.state])}: {', '.join(line.references) or line.evidence}"
    st.warning(
        _(
            "Somebody else has decided about line {line}, {amount}: {what}. Nothing was done "
            "twice. To change it, show its state above and undo it.",
            line=line.line,
            amount=amount,
            what=formats.plain(what),
        ),
        icon=":material/sync_problem:",
    )


def _turn(visit: Visit, line: int) -> None:
    """Make a line the current one, and let go of what is chosen in the list."""
    visit.keep(_SEEN, None)
    visit.keep("bank.current", line)
    visit.keep("bank.list.turn", (visit.recall("bank.list.turn") or 0) + 1)


def _next(visit: Visit, shown: Sequence[LineMatch], decided: LineMatch) -> None:
    """Turn to the next line that is not decided yet."""
    place = next(i for i, line in enumerate(shown) if line.line == decided.line)
    following = [*shown[place + 1 :], *shown[:place]]
    open_ones = [line for line in following if line.state in _UNDECIDED]
    _turn(visit, open_ones[0].line if open_ones else decided.line)


def _list(visit: Visit, shown: Sequence[LineMatch], states: Sequence[str]) -> None:
    picked = tables.pick(
        _frame(shown),
        {
            "booked_on": st.column_config.DateColumn(_("Booked"), format="localized"),
            "amount": _("Amount"),
            "state": _("State"),
            "text": st.column_config.TextColumn(_("Bank description"), width=160),
            "references": _("Matched to"),
            "evidence": st.column_config.TextColumn(_("Reason"), width=280),
        },
        money=["amount"],
        key=visit.key(f"bank.lines.{states}.{visit.recall('bank.list.turn') or 0}"),
        alt=_("Bank lines; choose one to decide about it."),
        lines=4,
    )
    table_files.downloads(
        f"{visit.opened.slug}-bank-lines", lambda: _frame(shown), key=visit.key("bank.download")
    )
    if picked is not None:
        _turn(visit, shown[picked].line)
        st.rerun()


def _frame(lines: Sequence[LineMatch]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "line": line.line,
            "booked_on": line.booked_on,
            "amount": Decimal(line.amount),
            "currency": line.currency,
            "state": _(STATES[line.state]),
            "references": matched_to(line),
            "evidence": formats.sentence(formats.localized(line.evidence)),
            "text": line.text,
        }
        for line in lines
    )


def _apply_sure(visit: Visit, lines: Sequence[LineMatch]) -> None:
    if not visit.may(Act.MATCH):
        return
    task_result(visit, tasks.latest(visit.opened, "match"))
    sure = sum(line.sure for line in lines)
    if sure:
        formats.mode_notice(visit.opened.settings.mode)
        label = ngettext("Apply {n} match", "Apply {n} matches", sure)
        task_button(visit, "match", label, icon=":material/done_all:", primary=True)


def _statements(visit: Visit) -> None:
    statements = loaded_statements(visit.opened)
    if not statements:
        st.info(_("No statement yet. Upload the bank's file."), icon=":material/inbox:")
        return
    for statement in (s for s in statements if s.state == "held"):
        _held(visit, statement.id, statement.reason)
    frame = pd.DataFrame(
        {
            **asdict(s),
            "opening": s.opening and Decimal(s.opening),
            "closing": s.closing and Decimal(s.closing),
            "state": _(_STATEMENTS.get(s.state, s.state)),
            "reason": formats.localized(s.reason),
        }
        for s in statements
    )
    columns = {
        "id": _("Statement"),
        "file_name": _("File"),
        "number": _("Number"),
        "account": _("Account"),
        "opening_date": st.column_config.DateColumn(_("From"), format="localized"),
        "closing_date": st.column_config.DateColumn(_("To"), format="localized"),
        "opening": _("Opening"),
        "closing": _("Closing"),
        "lines": _("Lines"),
        "state": _("State"),
        "reason": _("Reason"),
    }
    tables.show(
        frame,
        {name: label for name, label in columns.items() if frame[name].any()},
        money=["opening", "closing"],
        alt=_("Statements that were loaded"),
    )
    _remove(visit, statements)


def _remove(visit: Visit, statements: Sequence[StatementResult]) -> None:
    """Remove a statement that was imported wrongly."""
    if not visit.may(Act.REMOVE_STATEMENT):
        return
    with st.expander(_("Remove a statement")):
        st.write(_("Its lines are removed with it, unless another statement holds them too."))
        with st.form(visit.key("bank.remove"), border=False):
            chosen = st.selectbox(
                _("Statement"),
                [s.id for s in statements],
                index=None,
                format_func=lambda i: f"{i}: {next(s for s in statements if s.id == i).file_name}",
            )
            if st.form_submit_button(_("Remove statement")) and chosen is not None:
                try:
                    remove_statement(visit.opened, chosen)
                except PoToolkitError as error:
                    show_error(error, visit)
                else:
                    st.rerun()


def _held(visit: Visit, statement: int, reason: str) -> None:
    with st.container(border=True):
        st.warning(
            _(
                "Statement {statement} is on hold: {reason}",
                statement=statement,
                reason=formats.message(reason),
            ),
            icon=":material/pan_tool:",
        )
        if not visit.may(Act.ACCEPT_STATEMENT):
            return
        with st.form(visit.key(f"bank.accept.{statement}"), border=False):
            why = st.text_input(_("Reason for accepting"))
            if st.form_submit_button(_("Accept statement")):
                accept_statement(visit.opened, statement, why)
                st.rerun()


def _bad(visit: Visit) -> None:
    lines = quarantined_lines(visit.opened)
    if not lines:
        st.success(_("Every line could be read."), icon=":material/check_circle:")
        return
    frame = pd.DataFrame(
        {"row": line.row_number, "raw": line.raw, "message": line.message} for line in lines
    )
    columns = {"row": _("Row"), "raw": _("Original text"), "message": _("What is wrong")}
    tables.show_texts(frame, columns, key=visit.key("bank.bad"))
