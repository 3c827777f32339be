"""Bank statement → lines, each once. Nothing here calls Stripe."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.records import AsJson, copied, json_fields, json_value
from po_toolkit.domain.roles import Act, require
from po_toolkit.domain.wording import written_day
from po_toolkit.errors import ImportChoiceError, PurchaseOrderError
from po_toolkit.importers.bank import (
    Answers,
    BankFile,
    BankLine,
    Layout,
    Proof,
    Reading,
    Statement,
    layouts_in,
    prove,
    read_bank_file,
    set_future_apart,
)
from po_toolkit.importers.readers import read_bytes
from po_toolkit.money import display, to_major
from po_toolkit.store import bank as kept
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.imports import lock_conference
from po_toolkit.store.tables import BankStatement, QuarantinedBankLine

_FIRST_LINES = 10


@dataclass(frozen=True, slots=True)
class StatementResult(AsJson):
    """What became of one statement.

    Attributes:
        id: Ours, by which a held one is accepted.
        opening: Major units as a decimal string, or None when the file has none.
        opening_date: The first day that it covers, or None where the file names none.
        closing_date: The last.
        state: proven, unproven, held, or accepted (held once, then taken by a person).
        reason: Why it is held or unproven.
    """

    id: int
    account: str
    currency: str
    number: str
    opening: str | None
    closing: str | None
    state: str
    reason: str
    lines: int
    new: int = 0
    duplicates: int = 0
    quarantined: int = 0
    file_name: str = ""
    opening_date: date | None = None
    closing_date: date | None = None


@dataclass(frozen=True, slots=True)
class LineProblem(AsJson):
    """Why a line was set apart, or a statement held; ``row`` is the line of the file."""

    row: int
    code: str
    value: str
    message: str


@dataclass(frozen=True, slots=True)
class SuspectedDuplicate(AsJson):
    """A new line that may be an earlier one again; matching leaves it to a person.

    Attributes:
        row: The line of the file.
        line: Our number of the new line.
        earlier: Our number of the line that was there.
    """

    row: int
    line: int
    earlier: int
    message: str


@dataclass(frozen=True, slots=True)
class ReadLine(AsJson):
    """One of the first lines, as read; the amount is in major units."""

    row: int
    booked_on: date
    amount: str
    currency: str
    account: str
    counterparty: str
    text: str


@dataclass(frozen=True, slots=True)
class BankImportReport:
    """What a file of statements brought; each line is new, a duplicate, quarantined or held.

    Attributes:
        reading: How it was read: columns, sign, currency, order of dates, decimal mark.
        first_lines: The first lines as read.
        suspected: Which of the new lines may be earlier ones again.
        dry_run: Nothing was kept.
    """

    format: str
    lines: int
    new: int
    duplicates: int
    quarantined: int
    statements: list[StatementResult]
    problems: list[LineProblem]
    notes: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)
    first_lines: list[ReadLine] = field(default_factory=list)
    suspected: list[SuspectedDuplicate] = field(default_factory=list)
    dry_run: bool = False

    @property
    def held(self) -> int:
        """How many statements were held back."""
        return sum(s.state == "held" for s in self.statements)

    def as_json(self) -> dict[str, Any]:
        """Return the report as the command prints it."""
        only_dry = () if self.dry_run else ("dry_run", "first_lines")
        found = json_fields(self, "problems", "columns", *only_dry)
        return found | {"errors": json_value(self.problems)}


class _DryRun(Exception):  # noqa: N818 it is no error: it rolls a dry run back
    """Ends the transaction of a dry run."""

    def __init__(self, report: BankImportReport) -> None:
        super().__init__()
        self.report = report


def import_bank_statement(
    opened: OpenConference,
    source: Path | bytes,
    *,
    file_name: str = "",
    mapping: Mapping[str, str] | None = None,
    decimal: Literal["point", "comma"] | None = None,
    dates: Literal["dmy", "mdy"] | None = None,
    currency: str = "",
    account: str = "",
    words: Mapping[str, str] | None = None,
    sign: str = "",
    fee: str = "",
    sheet: str = "",
    intraday: bool = False,
    encoding: str = "",
    dry_run: bool = False,
) -> BankImportReport:
    """Import the lines of a file's statements, each once however often it is loaded.

    A statement that does not add up is held: none of its lines is taken until a person accepts it.
    A line that cannot be read is quarantined, never taken for 0. What was answered about a
    spreadsheet is remembered for the next file with its heading; a new mapping replaces the old.

    Args:
        opened: The conference.
        source: The file, or its content: CSV, XLSX, OFX or QFX, QIF, MT940, BAI2, CAMT.053, or a
            ZIP of them.
        file_name: What the file is called; by default the path's name.
        mapping: For a spreadsheet: field → column name, ``|`` between several.
        decimal: The decimal mark of a spreadsheet's amounts, where the file does not say.
        dates: Which of day and month comes first, where the file does not say.
        currency: The account's currency, where the file does not name it, or ``each``.
        account: Which of our accounts it is, where the file does not name it.
        words: What a word of a direction or status column means: credit, debit, booked or skip;
            ``blank`` is an empty cell.
        sign: Whether the ``amount``s' own signs count, or are ``reversed``.
        fee: Whether a fee column is ``apart`` from the amount or ``included``.
        sheet: Which sheet of a workbook.
        intraday: Take the booked entries of a CAMT.052 report.
        encoding: What a text file is in, where it is not read right: ``cp850``.
        dry_run: Only show how it would be read; nothing is kept.

    Raises:
        ImportFileError: It is no bank statement that can be read; nothing is written.
        ImportChoiceError: Something must be answered; nothing is written.
        NotAllowedError: The actor may not load statements.
    """
    require(opened.actor, Act.LOAD_STATEMENT)
    data = read_bytes(source)
    name = file_name or (source.name if isinstance(source, Path) else "")
    answers = Answers(
        mapping=dict(mapping or {}),
        decimal=decimal,
        dates=dates,
        currency=currency.strip().lower(),
        account=" ".join(account.split()),
        words=dict(words or {}),  # type: ignore[arg-type]  # offered as these
        sign=sign,  # type: ignore[arg-type]  # offered as these
        fee=fee,  # type: ignore[arg-type]  # offered as these
        sheet=sheet,
        intraday=intraday,
        encoding=encoding,
    )
    conference_id = opened.conference.id
    with opened.store.reading() as session:
        accounts, held = kept.currencies(session, conference_id)

        def known(account: str) -> str:
            same = (c for a, c in accounts.items() if account and kept.same_account(a, account))
            return next(same, "")

        def read(answers: Answers) -> BankFile:
            return read_bank_file(
                data,
                currency=opened.conference.currency,
                answers=answers,
                saved=lambda print_: kept.saved_mapping(session, conference_id, print_),
                layouts=_own_layouts(opened),
                known=known,
            )

        file = read(answers)
        other = _known_currency(opened, file, known, held)
        if other:
            file = read(replace(answers, currency=other))
    set_future_apart(file, opened.today())
    digest = hashlib.sha256(data).hexdigest()
    try:
        with opened.store.writing(opened.actor, Act.LOAD_STATEMENT) as uow:
            lock_conference(uow, conference_id)
            report = _keep(opened, uow, file, answers, name=name, digest=digest)
            if dry_run:
                raise _DryRun(replace(report, dry_run=True))  # noqa: TRY301 it rolls all back
    except _DryRun as ended:
        return ended.report
    return report


def _known_currency(
    opened: OpenConference, file: BankFile, known: Callable[[str], str], others: set[str]
) -> str:
    """Return the currency of a file that names none, where its account had another before.

    ``known`` returns the currency of an account, or nothing; the others are every currency that is
    billed or held.

    Raises:
        ImportChoiceError: The account is not known, and the conference uses several
            currencies, or the file has no heading whose answer could be remembered.
    """
    nameless = [s for s in file.statements if s.assumed]
    codes = {known(s.account) for s in nameless}
    own = file.remembered or opened.conference.currency
    if "" not in codes and len(codes) == 1:
        return next(iter(codes - {own}), "")
    if file.remembered:
        if not any(s.account for s in nameless):
            return ""
        others = others | {opened.conference.currency}  # what was answered was another account's
    listed = sorted(others | {own}, key=lambda code: (code != own, code))
    if codes and len(listed) > 1:
        raise ImportChoiceError(
            "The file does not name its currency, and the conference uses "
            f"{', '.join(code.upper() for code in listed)}. Say which currency it is in.",
            question="currency",
            choices=listed,
        )
    if codes and file.format in ("ofx", "qif"):
        raise ImportChoiceError(
            "The file does not name its currency, and its account has no statement here yet. Say "
            "which currency it is in.",
            question="currency",
            choices=listed,
        )
    return ""


def _own_layouts(opened: OpenConference) -> Sequence[Layout]:
    folder = opened.settings.bank_layouts
    return layouts_in(folder) if folder else ()


def _keep(
    opened: OpenConference,
    uow: UnitOfWork,
    file: BankFile,
    answers: Answers,
    *,
    name: str,
    digest: str,
) -> BankImportReport:
    results: list[StatementResult] = []
    problems: list[LineProblem] = []
    suspected: list[SuspectedDuplicate] = []
    notes = list(file.notes)
    for statement in file.statements:
        proof = prove(statement)
        row = _row(opened, statement, proof, file_name=name, digest=digest, file=file)
        _ask_account(uow, row, statement)
        result, suspects = _take(uow, row, statement, [r.id for r in results])
        results.append(result)
        problems += _problems(statement, result)
        suspected += [_suspicion(s) for s in suspects]
        if result.state != "held":
            stored = kept.statement_by_id(uow.session, opened.conference.id, result.id)
            notes += kept.chain_notes(uow.session, stored)
            for line, wrong in kept.correct(uow, stored, statement.corrections):
                problems.append(
                    LineProblem(
                        1,
                        "corrected",
                        wrong,
                        f"The bank corrects line {line}, which is matched. Undo that "
                        f"match, then match the line that replaces it.",
                    )
                )
    if file.fingerprint and (answers.given or file.signs == "written"):
        before = kept.saved_mapping(uow.session, opened.conference.id, file.fingerprint) or {}
        saved = answers.to_save(before, file.signs)
        kept.save_mapping(uow, opened.conference.id, file.fingerprint, saved)
    return BankImportReport(
        format=file.format,
        lines=sum(s.lines for s in results),
        new=sum(s.new for s in results),
        duplicates=sum(s.duplicates for s in results),
        quarantined=sum(s.quarantined for s in results),
        statements=results,
        problems=problems,
        notes=notes,
        columns=file.columns,
        reading=file.reading,
        first_lines=_first_lines(file),
        suspected=suspected,
    )


def _ask_account(uow: UnitOfWork, row: BankStatement, statement: Statement) -> None:
    """Ask whose a file's lines are, where it names no account and that decides what is new.

    Raises:
        ImportChoiceError: Names the accounts that are known.
    """
    if kept.same_statement(uow.session, row) is not None:
        return
    lines = [_new_line(line) for line in statement.lines]
    known = kept.account_in_doubt(uow.session, row, lines)
    if known is None:
        return
    named = f" Known are: {', '.join(known)}." if known else ""
    raise ImportChoiceError(
        f"The file does not name its account, and it holds lines that equal others which are "
        f"here already.{named} Say which account it is.",
        question="account",
        choices=known or ["ACCOUNT"],
    )


def _suspicion(suspect: kept.Suspect) -> SuspectedDuplicate:
    amount = display(suspect.amount, suspect.currency)
    return SuspectedDuplicate(
        suspect.row,
        suspect.line,
        suspect.earlier,
        f"Row {suspect.row}: {amount} may be bank line {suspect.earlier} of "
        f"{written_day(suspect.earlier_day)} again. It is never applied by itself. "
        f"If it is the same, exclude line {suspect.line}.",
    )


def _first_lines(file: BankFile) -> list[ReadLine]:
    lines = [(s, line) for s in file.statements for line in s.lines]
    return [
        ReadLine(
            x.row, x.booked_on, str(to_major(x.amount, x.currency)), x.currency, s.account,
            x.counterparty, x.text,
        )
        for s, x in sorted(lines, key=lambda p: p[1].row)[:_FIRST_LINES]
    ]  # fmt: skip


def remove_statement(opened: OpenConference, statement_id: int) -> int:
    """Remove a statement and the lines that no other statement holds.

    Returns:
        How many lines were removed.

    Raises:
        NotFoundError: No such statement.
        PurchaseOrderError: One of its lines is matched; names it. Nothing was removed.
        NotAllowedError: The actor may not load statements.
    """
    with opened.store.writing(opened.actor, Act.REMOVE_STATEMENT) as uow:
        lock_conference(uow, opened.conference.id)
        row = kept.statement_by_id(uow.session, opened.conference.id, statement_id)
        before = {
            "file_name": row.file_name,
            "account": row.account,
            "number": row.number,
            "lines": row.line_count,
            "state": row.state,
        }
        uow.audit(Act.REMOVE_STATEMENT, row, before=before)
        return kept.remove(uow, row)


def accept_statement(opened: OpenConference, statement_id: int, reason: str) -> StatementResult:
    """Accept a statement that does not add up: import its lines.

    The reason is kept with the statement.

    Raises:
        NotFoundError: No such statement.
        PurchaseOrderError: It is not held, or no reason is given.
        NotAllowedError: The actor may not accept statements.
    """
    if not reason.strip():
        raise PurchaseOrderError(
            "Give a reason for accepting the statement although its sums do not agree."
        )
    with opened.store.writing(opened.actor, Act.ACCEPT_STATEMENT) as uow:
        lock_conference(uow, opened.conference.id)
        row = kept.statement_by_id(uow.session, opened.conference.id, statement_id)
        if row.state != "held":
            raise PurchaseOrderError(f"Statement {statement_id} is {row.state}, not held.")
        before = row.reason
        row.state, row.reason = "accepted", f"{reason.strip()} (held because {before})"
        row.accepted_by, row.accepted_at = opened.actor.name, opened.now()
        lines = [_from_json(value) for value in row.held_lines]
        found = kept.keep_lines(uow, row, lines)
        row.held_lines = []
        uow.audit(
            Act.ACCEPT_STATEMENT, row, before={"reason": before}, after={"reason": row.reason}
        )
        return _result(row, new=found.new, duplicates=found.duplicates)


def held_statements(opened: OpenConference) -> list[StatementResult]:
    """Return the statements that wait for a person, newest first."""
    return [s for s in loaded_statements(opened) if s.state == "held"]


def loaded_statements(opened: OpenConference) -> list[StatementResult]:
    """Return every statement that was loaded, newest first."""
    with opened.store.reading() as session:
        return [_result(row) for row in kept.statements(session, opened.conference.id)]


def quarantined_lines(opened: OpenConference) -> list[QuarantinedBankLine]:
    """Return the lines that could not be read, as they came, newest first."""
    with opened.store.reading() as session:
        return kept.quarantined(session, opened.conference.id)


def _row(
    opened: OpenConference,
    statement: Statement,
    proof: Proof,
    *,
    file_name: str,
    digest: str,
    file: BankFile,
) -> BankStatement:
    return BankStatement(
        conference_id=opened.conference.id,
        file_name=file_name,
        file_sha256=digest,
        format=file.format,
        layout=file.reading.layout or file.fingerprint,
        account=statement.account[:255],
        currency=statement.currency[:3],
        number=statement.number[:255],
        opening=statement.opening,
        closing=statement.closing,
        opening_date=statement.opening_date,
        closing_date=statement.closing_date,
        state=proof.state,
        difference=proof.difference,
        reason=proof.reason,
        line_count=statement.count,
        held_lines=[],
        entered_by=opened.actor.name,
    )


def _take(
    uow: UnitOfWork, row: BankStatement, statement: Statement, same_file: Sequence[int]
) -> tuple[StatementResult, list[kept.Suspect]]:
    lines = [_new_line(line) for line in statement.lines]
    before = kept.same_statement(uow.session, row)
    if before is None:
        uow.session.add(row)
        uow.session.flush()
        uow.audit(
            Act.LOAD_STATEMENT,
            row,
            after={"file_name": row.file_name, "lines": row.line_count, "state": row.state},
        )
    row = before or row
    if row.state == "held":
        row.held_lines = [_as_json(line) for line in lines]
        return _result(row), []
    found = kept.keep_lines(uow, row, lines, same_file)
    kept.quarantine(uow, row, ((b.row, b.raw, b.message) for b in statement.bad))
    bad = len(statement.bad)
    result = _result(row, new=found.new, duplicates=found.duplicates, quarantined=bad)
    return result, found.suspects


def _result(row: BankStatement, **counts: int) -> StatementResult:
    return copied(
        StatementResult,
        row,
        opening=_text(row.opening, row.currency),
        closing=_text(row.closing, row.currency),
        lines=row.line_count,
        **{"new": 0, "duplicates": 0, "quarantined": 0, **counts},
    )


def _text(minor: int | None, currency: str) -> str | None:
    return None if minor is None else str(to_major(minor, currency))


def _problems(statement: Statement, result: StatementResult) -> list[LineProblem]:
    found = [LineProblem(b.row, "unreadable", b.raw, b.message) for b in statement.bad]
    if result.state == "held":
        row = min([line.row for line in statement.lines] + [b.row for b in statement.bad] or [1])
        message = (
            f"Statement {result.number or result.id} of {result.account or 'the account'} is on "
            f"hold: {result.reason}."
        )
        found.append(LineProblem(row, "held", result.number, message))
    return found


def _new_line(line: BankLine) -> kept.NewLine:
    return copied(kept.NewLine, line, details=json_value(line.details))


def _as_json(line: kept.NewLine) -> dict[str, Any]:
    value = asdict(line)
    value["booked_on"] = line.booked_on.isoformat()
    value["value_date"] = line.value_date.isoformat() if line.value_date else None
    value["details"] = list(line.details)
    value["references"] = list(line.references)
    return value


def _from_json(value: dict[str, Any]) -> kept.NewLine:
    dated = {
        "booked_on": date.fromisoformat(value["booked_on"]),
        "value_date": date.fromisoformat(value["value_date"]) if value["value_date"] else None,
    }
    return kept.NewLine(**{**value, **dated})
