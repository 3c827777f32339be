"""``reconcile``, ``summary``, ``journal``, ``statement``, ``invoice-pdf``, ``close`` and more."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast, get_args

import typer

from po_toolkit.cli.console import (
    FAILED,
    FOUND,
    PARTIAL,
    complain,
    conference_of,
    count,
    named_conference,
    print_json,
    print_table,
    remark,
    settings_of,
    write_bytes,
    wrong_usage,
)
from po_toolkit.cli.options import (
    ConferenceOption,
    Format,
    FormatOption,
    ReferenceArgument,
    TableFormat,
    day_option,
)
from po_toolkit.errors import NotFoundError


def reconcile(
    ctx: typer.Context,
    conference: ConferenceOption,
    as_of: Annotated[
        date | None,
        day_option(
            "What was true at the end of this day; default: today in the conference's timezone."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write it here instead of to stdout; the name's ending chooses the format.",
        ),
    ] = None,
    output: Annotated[
        TableFormat | None,
        typer.Option("--format", help="table for people, json, csv, xlsx or md. Default: table."),
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASS",
            help="Exit with 4 when a discrepancy of this name or code is found; repeat it for "
            "several; 'any' means every one. For cron jobs and monitors.",
        ),
    ] = None,
) -> None:
    """Show what was ordered, paid and is owed, and what disagrees.

    One row for each purchase order, with its discrepancies between our books and Stripe; totals
    per currency. Reads the database only: run sync first to include what is new at Stripe.

    Example: po-toolkit reconcile --conference pycon-2027 --out books.xlsx
    """
    from po_toolkit.api import reports

    chosen = output or _format_of(out)
    watched = {_discrepancy(name) for name in fail_on or [] if name != "any"}
    opened = named_conference(ctx, conference)
    found = reports.reconcile(opened, as_of=as_of)
    write_bytes(reports.export(found, chosen), out, binary=chosen == "xlsx")
    there = Counter(found.discrepancies["code"])
    named = sorted(code for code in there if code in watched or "any" in (fail_on or []))
    if named:
        each = ", ".join(f"{reports.DISCREPANCY_TITLES[code]} ({there[code]})" for code in named)
        complain(f"Discrepancies: {each}.")
        raise typer.Exit(FOUND)


def _discrepancy(name: str) -> str:
    """Return the code of a discrepancy that is named by its title or code."""
    from po_toolkit.api.reports import code_of

    try:
        return code_of(name)
    except NotFoundError as error:
        raise typer.BadParameter(str(error)) from None


def report(
    ctx: typer.Context,
    conference: ConferenceOption,
    as_of: Annotated[
        date | None,
        day_option("The last day that counts, in the conference's timezone; default: today."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write one HTML file that needs no network."),
    ] = None,
    pdf: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a PDF, A4 landscape.")
    ] = None,
) -> None:
    """Write the month-end report to print.

    The verdict comes first, then every table and chart. Without --html and --pdf it prints the
    verdict alone. The notebook reconciliation.ipynb shows the same report.

    Example: po-toolkit report --conference pycon-2027 --as-of 2027-03-31 --pdf march.pdf
    """
    from po_toolkit.api.reports import month_end_report

    made = month_end_report(named_conference(ctx, conference), as_of=as_of)
    typer.echo(f"{made.conference}. {made.period}. {made.verdict}")
    if html is not None:
        write_bytes(made.html().encode(), html, binary=False)
    if pdf is not None:
        write_bytes(made.pdf(), pdf, binary=True)


def _format_of(out: Path | None) -> TableFormat:
    if out is None:
        return "table"
    ending = out.suffix.lower().removeprefix(".")
    if ending not in get_args(TableFormat):
        raise typer.BadParameter(
            f"{out} does not say which format; end it in .csv, .xlsx, .json or .md, or add "
            f"--format."
        )
    return cast(TableFormat, ending)


if TYPE_CHECKING:
    from po_toolkit.api.opening import OpenConference


Program = Literal["quickbooks", "xero", "beancount"]
"""Accounting programs that a journal can be written for."""


AsOfOption = Annotated[date | None, day_option("The last day that counts; default: today.")]
SinceOption = Annotated[date | None, day_option("The first day; default: the beginning.")]
OutOption = Annotated[Path, typer.Option(metavar="FILE", help="The PDF to write.")]


def summary(
    ctx: typer.Context,
    as_of: AsOfOption = None,
    months: Annotated[
        bool, typer.Option("--months", help="By month instead of by status.")
    ] = False,
    output: FormatOption = "table",
) -> None:
    """Show the sums of every conference side by side.

    By conference, currency and status, or by conference, currency and month.

    Example: po-toolkit summary --months
    """
    from po_toolkit.api import reports

    table, frame = reports.summary(settings_of(ctx), as_of=as_of, months=months)
    if output == "json":
        print_json({"rows": reports.records(table, frame)})
        return
    made = reports.sheet(table, frame)
    if made.note:
        typer.echo(made.note)
    print_table(made.head, made.rows, right=made.right)


def journal(
    ctx: typer.Context,
    conference: ConferenceOption,
    program: Annotated[Program, typer.Option(help="The accounting program.")],
    folder: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the files go; made if it is missing.")
    ],
    since: SinceOption = None,
    through: AsOfOption = None,
    account: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=ACCOUNT",
            help="Your account's name (Xero: its code). Names: receivable, income, tax, credits, "
            "stripe, bank, customer_credit.",
        ),
    ] = None,
    tax_rate: Annotated[
        str, typer.Option(metavar="NAME", help="Xero's tax rate for sponsorships.")
    ] = "Tax Exempt",
) -> None:
    """Write balanced journal entries for an accounting program.

    A debt is charged when its invoice is issued, or when money settled it without one, its tax
    apart, and reversed when it is cancelled. QuickBooks and Xero take one currency and a limited
    number of lines a file, so there may be several.

    Example: po-toolkit journal --conference pycon-2027 --program xero --folder march --account
    receivable=620
    """
    from po_toolkit.api import reports

    entries = reports.journal(
        named_conference(ctx, conference),
        through=through,
        since=since,
        accounts=_accounts(account or []),
    )
    files = reports.journal_files(entries, program, tax_rate=tax_rate)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
        remark(f"Written: {folder / name}")


def _accounts(named: list[str]) -> Any:
    from dataclasses import fields

    from po_toolkit.api.reports import Accounts

    known = {field.name for field in fields(Accounts)}
    chosen = {}
    for text in named:
        name, sign, account = text.partition("=")
        if not sign or name not in known or not account.strip():
            raise typer.BadParameter(
                f"{text!r} is not NAME=ACCOUNT with a name out of {', '.join(sorted(known))}."
            )
        chosen[name] = account.strip()
    return Accounts(**chosen)


def statement(
    ctx: typer.Context,
    conference: ConferenceOption,
    sponsor: Annotated[
        str, typer.Option(metavar="NAME", help="The organization, as on its purchase order.")
    ],
    out: OutOption,
    since: SinceOption = None,
    as_of: AsOfOption = None,
) -> None:
    """Write a sponsor's statement of account as PDF.

    What was charged, paid and is owed over all the sponsor's purchase orders, each currency by
    itself.

    Example: po-toolkit statement --conference pycon-2027 --sponsor "Acme AG" --out acme.pdf
    """
    from po_toolkit.api.reports import statement_pdf

    opened = named_conference(ctx, conference)
    write_bytes(statement_pdf(opened, sponsor, as_of=as_of, since=since), out, binary=True)


def invoice_pdf(ctx: typer.Context, reference: ReferenceArgument, out: OutOption) -> None:
    """Write a purchase order's invoice as PDF.

    For sponsors whose portal takes nothing else; Stripe's own PDF is behind the invoice's link.

    Example: po-toolkit invoice-pdf PO-7KQ2MX --out invoice.pdf
    """
    from po_toolkit.api import reports

    write_bytes(reports.invoice_pdf(conference_of(ctx, reference), reference), out, binary=True)


def close(
    ctx: typer.Context,
    conference: ConferenceOption,
    through: Annotated[date, day_option("The last day of the period.")],
    output: FormatOption = "table",
) -> None:
    """Close the books up to a day.

    Nothing is booked on or before that day any more: what is found later counts from the next day,
    and its note says so. The report of the period is kept with its SHA-256.

    Example: po-toolkit close --conference pycon-2027 --through 2027-03-31
    """
    from po_toolkit.api.reports import close_books
    from po_toolkit.api.terms import written_day

    closed = close_books(named_conference(ctx, conference), through)
    if output == "json":
        print_json(closed.as_json())
        return
    typer.echo(f"Closed through the end of {written_day(closed.through)} ({closed.timezone}).")
    typer.echo(f"SHA-256 of the report: {closed.digest}")
    entries = count(closed.audit_entries, "entry", "entries")
    typer.echo(f"Audit log: {entries}, SHA-256 {closed.audit_digest}")


def month_end(
    ctx: typer.Context,
    conference: ConferenceOption,
    through: Annotated[date, day_option("The last day of the period.")],
    files: Annotated[
        Path | None,
        typer.Option(
            "--zip",
            metavar="FILE",
            help="Write report, workbooks, journals and invoice PDFs into one ZIP.",
        ),
    ] = None,
    output: FormatOption = "table",
) -> None:
    """Show what a month end still needs, and write its files.

    Statements without gaps, payouts read, bank lines explained, sums that agree, discrepancies
    solved or accepted, then close. Exit code 3 when something is left, or a file could not be
    written; each is named.

    Example: po-toolkit month-end --conference pycon-2027 --through 2027-03-31 --zip march.zip
    """
    from po_toolkit.api.month_end import checklist, month_end_files

    opened = named_conference(ctx, conference)
    steps = checklist(opened, through)
    if output == "json":
        print_json({"through": through.isoformat(), "steps": [step.as_json() for step in steps]})
    else:
        state = {True: "Done", False: "To do", None: ""}
        print_table(("Step", "State", "Result"), [(s.name, state[s.done], s.result) for s in steps])
    for detail in (d for step in steps for d in step.details):
        complain(detail)
    problems: list[str] = []
    if files is not None:
        made = month_end_files(opened, through)
        problems = made.problems
        write_bytes(made.content, files, binary=True)
    for problem in problems:
        complain(problem)
    if problems or any(step.done is False for step in steps):
        raise typer.Exit(PARTIAL)


def accept(
    ctx: typer.Context,
    code: Annotated[
        str, typer.Argument(metavar="CODE", help="The discrepancy, by its name or code.")
    ],
    conference: ConferenceOption,
    reference: Annotated[
        str, typer.Option("--po", metavar="REF", help="The purchase order it belongs to.")
    ] = "",
    evidence: Annotated[
        str,
        typer.Option(metavar="TEXT", help="What was found, for one without a purchase order."),
    ] = "",
    reason: Annotated[str, typer.Option(help="Why it is left as it is.")] = "",
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Open it again instead of accepting it.")
    ] = False,
) -> None:
    """Accept a discrepancy as it is, with a reason.

    It is printed in the month-end report as accepted, and comes back when its amount changes.

    Example: po-toolkit accept overpaid --conference pycon-2027 --po PO-7KQ2MX --reason "Kept for
    2028, agreed by email"
    """
    from po_toolkit.api.month_end import accept_discrepancies, withdraw_acceptance
    from po_toolkit.api.reports import DISCREPANCY_TITLES

    if bool(reference) == bool(evidence):
        wrong_usage("Give --po REF, or --evidence TEXT where no purchase order is named.")
    opened = named_conference(ctx, conference)
    title = DISCREPANCY_TITLES[_discrepancy(code)]
    if withdraw:
        withdraw_acceptance(opened, code, reference or evidence)
        typer.echo(f"'{title}' of {reference or evidence} is open again.")
        return
    accept_discrepancies(opened, code, [reference or evidence], reason=reason)
    typer.echo(f"'{title}' of {reference or evidence} is accepted.")


def closed(
    ctx: typer.Context,
    conference: ConferenceOption,
    verify: Annotated[
        date | None,
        day_option("Make the report of the period that ends on this day again and compare."),
    ] = None,
    report: Annotated[
        date | None,
        day_option("Write the report of the period that ends on this day, as it was closed."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where --report goes; default: stdout.")
    ] = None,
    output: FormatOption = "table",
) -> None:
    """List the closed periods, prove one, or write its report.

    With --verify the exit code is 1 when the ledger no longer says what was closed, and each
    difference is named.

    Example: po-toolkit closed --conference pycon-2027 --verify 2027-03-31
    """
    from po_toolkit.api.reports import closed_books, closed_report

    opened = named_conference(ctx, conference)
    if report is not None:
        write_bytes(closed_report(opened, report), out, binary=False)
        return
    if verify is not None:
        _verify(opened, verify, output)
        return
    periods = closed_books(opened)
    if output == "json":
        print_json({"closed": [p.as_json() for p in periods]})
        return
    print_table(
        ("Through", "Timezone", "Closed by", "Closed at", "SHA-256"),
        [(p.through, p.timezone, p.closed_by, p.closed_at, p.digest) for p in periods],
    )


def _verify(opened: OpenConference, through: date, output: Format) -> None:
    from po_toolkit.api.reports import verify_closed
    from po_toolkit.api.terms import written_day

    proof = verify_closed(opened, through)
    if output == "json":
        print_json(proof.as_json())
    elif proof.intact and proof.same_again:
        typer.echo(
            f"The books through {written_day(through)} still say what was closed ({proof.digest})."
        )
    if not proof.intact:
        complain(f"The kept report of {written_day(through)} is not the one that was closed.")
    for difference in proof.differences:
        complain(difference)
    if not (proof.intact and proof.same_again):
        raise typer.Exit(FAILED)
