"""Bank statement → lines, each once. Nothing here calls Stripe."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.roles import Act, require
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.importers.bank import BankLine, Proof, Statement, prove, read_bank_file
from po_toolkit.importers.files import read_bytes
from po_toolkit.money import to_major
from po_toolkit.store import bank as kept
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.imports import lock_conference
from po_toolkit.store.tables import BankStatement, QuarantinedBankLine


@dataclass(frozen=True, slots=True)
class StatementResult:
    """What became of one statement.

    Attributes:
        id: Ours, by which a held one is accepted.
        opening: Major units as a decimal string, or None when the file has none.
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

    def as_json(self) -> dict[str, Any]:
        """Return the statement as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class LineProblem:
    """Why a line was set apart, or a statement held; ``row`` is the line of the file."""

    row: int
    code: str
    value: str
    message: str

    def as_json(self) -> dict[str, Any]:
        """Return the problem as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class BankImportReport:
    """What a file of statements brought; each line is new, a duplicate, quarantined or held."""

    format: str
    lines: int
    new: int
    duplicates: int
    quarantined: int
    statements: list[StatementResult]
    problems: list[LineProblem]
    notes: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)

    @property
    def held(self) -> int:
        """How many statements were held back."""
        return sum(s.state == "held" for s in self.statements)

    def as_json(self) -> dict[str, Any]:
        """Return the report as the command prints it."""
        return {
            "format": self.format,
            "lines": self.lines,
            "new": self.new,
            "duplicates": self.duplicates,
            "quarantined": self.quarantined,
            "statements": [s.as_json() for s in self.statements],
            "errors": [p.as_json() for p in self.problems],
            "notes": list(self.notes),
        }


def import_bank_statement(
    opened: OpenConference,
    source: Path | bytes,
    *,
    file_name: str = "",
    mapping: Mapping[str, str] | None = None,
    decimal: Literal["point", "comma"] | None = None,
    dates: Literal["dmy", "mdy"] | None = None,
) -> BankImportReport:
    """Take the lines of a file's statements in, each once however often it is loaded.

    A statement that does not add up is held: none of its lines is taken until a person accepts it.
    A line that cannot be read is quarantined, never taken for 0.

    Args:
        opened: The conference.
        source: The file, or its content: CSV, XLSX, OFX or QFX, MT940 or CAMT.053.
        file_name: What the file is called; by default the path's name.
        mapping: For a spreadsheet: field → column name; remembered for the next file of the bank.
        decimal: The decimal mark of a spreadsheet's amounts, where the file does not tell.
        dates: Which of day and month comes first, where the file does not tell.

    Raises:
        ImportFileError: It is no bank statement that can be read; nothing is written.
        ImportChoiceError: Something must be chosen; nothing is written.
        NotAllowedError: The actor may not load statements.
    """
    require(opened.actor, Act.LOAD_STATEMENT)
    data = read_bytes(source)
    name = file_name or (source.name if isinstance(source, Path) else "")
    conference_id = opened.conference.id
    with opened.store.reading() as session:
        file = read_bank_file(
            data,
            currency=opened.conference.currency,
            mapping=mapping,
            saved=lambda print_: kept.saved_mapping(session, conference_id, print_),
            decimal=decimal,
            dates=dates,
        )
    digest = hashlib.sha256(data).hexdigest()
    results: list[StatementResult] = []
    problems: list[LineProblem] = []
    with opened.store.writing(opened.actor, Act.LOAD_STATEMENT) as uow:
        lock_conference(uow, conference_id)
        for statement in file.statements:
            proof = prove(statement)
            row = _row(opened, statement, proof, file_name=name, digest=digest, format_=file.format)
            results.append(_take(uow, row, statement))
            problems += _problems(statement, results[-1])
        if mapping and file.fingerprint:
            kept.save_mapping(uow, conference_id, file.fingerprint, file.columns)
    return BankImportReport(
        format=file.format,
        lines=sum(s.lines for s in results),
        new=sum(s.new for s in results),
        duplicates=sum(s.duplicates for s in results),
        quarantined=sum(s.quarantined for s in results),
        statements=results,
        problems=problems,
        notes=file.notes,
        columns=file.columns,
    )


def accept_statement(opened: OpenConference, statement_id: int, reason: str) -> StatementResult:
    """Take the lines of a statement in although it does not add up.

    Args:
        opened: The conference.
        statement_id: The held statement.
        reason: Why it is right all the same; kept beside it.

    Raises:
        NotFoundError: No such statement.
        PurchaseOrderError: It is not held, or no reason is given.
        NotAllowedError: The actor may not accept statements.
    """
    if not reason.strip():
        raise PurchaseOrderError("Say why the statement is right although it does not add up.")
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
    format_: str,
) -> BankStatement:
    return BankStatement(
        conference_id=opened.conference.id,
        file_name=file_name,
        file_sha256=digest,
        format=format_,
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


def _take(uow: UnitOfWork, row: BankStatement, statement: Statement) -> StatementResult:
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
        return _result(row)
    found = kept.keep_lines(uow, row, lines)
    kept.quarantine(uow, row, ((b.row, b.raw, b.message) for b in statement.bad))
    return _result(row, new=found.new, duplicates=found.duplicates, quarantined=len(statement.bad))


def _result(row: BankStatement, **counts: int) -> StatementResult:
    return StatementResult(
        id=row.id,
        account=row.account,
        currency=row.currency,
        number=row.number,
        opening=_text(row.opening, row.currency),
        closing=_text(row.closing, row.currency),
        state=row.state,
        reason=row.reason,
        lines=row.line_count,
        **counts,
    )


def _text(minor: int | None, currency: str) -> str | None:
    return None if minor is None else str(to_major(minor, currency))


def _problems(statement: Statement, result: StatementResult) -> list[LineProblem]:
    found = [LineProblem(b.row, "unreadable", b.raw, b.message) for b in statement.bad]
    if result.state == "held":
        row = min([line.row for line in statement.lines] + [b.row for b in statement.bad] or [1])
        which = f"statement {result.number or result.id} of {result.account or 'the account'}"
        found.append(LineProblem(row, "held", result.number, f"Held, {which}: {result.reason}."))
    return found


def _new_line(line: BankLine) -> kept.NewLine:
    return kept.NewLine(
        row=line.row,
        amount=line.amount,
        currency=line.currency,
        booked_on=line.booked_on,
        value_date=line.value_date,
        counterparty=line.counterparty,
        text=line.text,
        bank_reference=line.bank_reference,
        details=[payment.as_json() for payment in line.details],
        counterparty_account=line.counterparty_account,
        references=line.references,
        reversal=line.reversal,
    )


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
