"""``bank``: statements loaded, lines matched, the tie-out from purchase order to bank line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from po_toolkit.cli.console import (
    PARTIAL,
    agree,
    amount,
    complain,
    count,
    named_conference,
    print_json,
    print_table,
    tell,
    write_bytes,
    wrong_usage,
)
from po_toolkit.cli.options import (
    ConferenceOption,
    Format,
    FormatOption,
    YesOption,
    read_amount,
    read_date,
    read_reference,
)
from po_toolkit.errors import ImportChoiceError, ImportFileError

if TYPE_CHECKING:
    from po_toolkit.api.bank import BankImportReport
    from po_toolkit.api.bank_matching import MatchReport

commands = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Bank statements, and what their lines are."
)

LineArgument = Annotated[int, typer.Argument(metavar="LINE", help="The bank line's number.")]


@commands.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The bank's file.")],
    conference: ConferenceOption,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="For a spreadsheet: which column is date, value_date, amount, credit, debit, "
            "direction, balance, currency, counterparty, text, bank_reference or account. "
            "Remembered for the bank's next file.",
        ),
    ] = None,
    decimal: Annotated[
        Literal["point", "comma"] | None,
        typer.Option(help="The decimal mark of a spreadsheet, where the file does not tell."),
    ] = None,
    dates: Annotated[
        Literal["dmy", "mdy"] | None,
        typer.Option(help="Day or month first, where a spreadsheet does not tell."),
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Take the lines of bank statements in.

    The file is CSV, OFX or QFX, MT940 or CAMT.053. A line is taken once, however often it is
    loaded. A statement whose balances do not add up is held: none of its lines is taken until
    'bank accept'. Exit code 3 when one is held or a line cannot be read.

    Example: po-toolkit bank import march.xml --conference pycon-2027
    """
    from po_toolkit.api.bank import import_bank_statement

    try:
        report = import_bank_statement(
            named_conference(ctx, conference),
            file,
            mapping=_read_mapping(mapping or []),
            decimal=decimal,
            dates=dates,
        )
    except ImportChoiceError as error:
        wrong_usage(f"{error} Add --{error.question} {' or '.join(error.choices)}.")
    except ImportFileError as error:
        if error.code != "columns_unknown":
            raise
        wrong_usage(f"{error} Add --map date=COLUMN --map amount=COLUMN.")
    if output is Format.JSON:
        print_json(report.as_json())
    else:
        _print_import(report)
    if report.new:
        tell(f"Next: po-toolkit bank match --conference {conference}")
    if report.held or report.quarantined:
        raise typer.Exit(PARTIAL)


def _read_mapping(pairs: list[str]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for pair in pairs:
        name, equals, column = (part.strip() for part in pair.partition("="))
        if not (name and equals and column):
            raise typer.BadParameter(f"{pair!r}: write the field, =, and the column's heading.")
        mapping[name] = f"{mapping[name]}|{column}" if name in mapping else column
    return mapping


def _print_import(report: BankImportReport) -> None:
    print_table(
        ("Statement", "Account", "Currency", "Opening", "Closing", "Lines", "New", "State", "Why"),
        [
            (s.id, s.account, s.currency.upper(), s.opening, s.closing, s.lines, s.new, s.state,
             s.reason)
            for s in report.statements
        ],
        right=(0, 3, 4, 5, 6),
    )  # fmt: skip
    for problem in report.problems:
        tell(f"Row {problem.row}: {problem.message}")
    for note in report.notes:
        tell(f"Note: {note}")
    typer.echo(
        f"{count(report.lines, 'line')}: {report.new} new, {report.duplicates} there already, "
        f"{report.quarantined} unreadable and set apart, {count(report.held, 'statement')} held."
    )


@commands.command("accept")
def accept(
    ctx: typer.Context,
    statement: Annotated[int, typer.Argument(metavar="STATEMENT", help="Its number.")],
    conference: ConferenceOption,
    reason: Annotated[str, typer.Option(help="Why it is right although it does not add up.")],
) -> None:
    """Take a held statement in all the same.

    Example: po-toolkit bank accept 3 --conference pycon-2027 --reason "Bank left a page out"
    """
    from po_toolkit.api.bank import accept_statement

    found = accept_statement(named_conference(ctx, conference), statement, reason)
    typer.echo(f"Statement {found.id}: {found.new} new, {found.duplicates} there already.")


@commands.command("match")
def match(
    ctx: typer.Context,
    conference: ConferenceOption,
    apply: Annotated[
        bool, typer.Option("--apply", help="Apply what has one candidate; leave the rest to you.")
    ] = False,
    yes: YesOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Find what each open bank line is.

    A payout, a payment entered by hand, or the payment of a purchase order.

    Without --apply nothing is changed. Each proposal says its rule and its evidence. An open
    invoice hears of the payment that is found for it.

    Example: po-toolkit bank match --conference pycon-2027 --apply
    """
    from po_toolkit.api.bank_matching import match_bank

    opened = named_conference(ctx, conference)
    if apply:
        agree(opened, "apply what is certain and tell Stripe of the payments", yes=yes)
    report = match_bank(opened, apply=apply)
    if output is Format.JSON:
        print_json(report.as_json())
        return
    _print_matches(report)


def _print_matches(report: MatchReport) -> None:
    if report.matches:
        print_table(
            ("Line", "Date", "Amount", "Is", "State", "Rule", "Evidence or text"),
            [
                (m.line, m.booked_on, amount(Decimal(m.amount), m.currency),
                 ", ".join(m.references), m.state, m.rule, m.evidence or m.text)
                for m in report.matches
            ],
            right=(0, 2),
        )  # fmt: skip
        typer.echo("")
    typer.echo(
        f"{report.applied} applied, {report.proposed} proposed, {report.ambiguous} ambiguous, "
        f"{report.unmatched} unmatched."
    )


@commands.command("apply")
def apply_(
    ctx: typer.Context,
    line: LineArgument,
    conference: ConferenceOption,
    orders: Annotated[
        list[str] | None,
        typer.Option(
            "--po",
            metavar="REF[=AMOUNT]",
            help="The purchase order it pays; several share it, each with its amount.",
        ),
    ] = None,
    payout: Annotated[str, typer.Option(metavar="po_…", help="The payout it is.")] = "",
    entry: Annotated[
        int | None, typer.Option(metavar="ENTRY", help="The entry made by hand it confirms.")
    ] = None,
    yes: YesOption = False,
) -> None:
    """Apply a line's proposal, or say yourself what the line is.

    Example: po-toolkit bank apply 17 --conference pycon-2027 --po PO-7KQ2MX=9000 --po PO-8M2ABC
    """
    from po_toolkit.api import bank_matching

    opened = named_conference(ctx, conference)
    if sum((bool(orders), bool(payout), entry is not None)) > 1:
        wrong_usage("Give --po, --payout or --entry, not several of them.")
    agree(opened, f"match bank line {line} and tell Stripe of the payment", yes=yes)
    if orders or payout or entry is not None:
        shares = dict(map(_read_share, orders or []))
        bank_matching.choose(opened, line, orders=shares, payout=payout, entry=entry)
        typer.echo(f"Bank line {line} is matched.")
        return
    found = bank_matching.apply_line(opened, line)
    typer.echo(f"Bank line {line} is {', '.join(found.references)}: {found.evidence}.")


def _read_share(text: str) -> tuple[str, Decimal | None]:
    reference, _, value = text.partition("=")
    return read_reference(reference), read_amount(value) if value else None


@commands.command("undo")
def undo(ctx: typer.Context, line: LineArgument, conference: ConferenceOption) -> None:
    """Take back what a line was said to be.

    A payment that it made is reversed.

    Example: po-toolkit bank undo 17 --conference pycon-2027
    """
    from po_toolkit.api.bank_matching import undo_match

    undone = undo_match(named_conference(ctx, conference), line)
    typer.echo(f"Bank line {line} is open again ({count(undone, 'match', 'matches')} undone).")


@commands.command("set-aside")
def set_aside(
    ctx: typer.Context,
    line: LineArgument,
    conference: ConferenceOption,
    reason: Annotated[
        str, typer.Option(help="What it is instead, e.g. rent; empty takes it back.")
    ],
) -> None:
    """Say that a line has to do with no sponsor.

    Example: po-toolkit bank set-aside 18 --conference pycon-2027 --reason "Interest"
    """
    from po_toolkit.api.bank_matching import set_line_aside

    set_line_aside(named_conference(ctx, conference), line, reason)
    typer.echo(f"Bank line {line} is {'set aside' if reason.strip() else 'open again'}.")


@commands.command("payouts")
def payouts(
    ctx: typer.Context,
    conference: ConferenceOption,
    full: Annotated[bool, typer.Option("--full", help="Read all of them again.")] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Fetch payouts and balance transactions from Stripe.

    Its calls are counted apart from those of 'sync'. Run it before 'bank match', so that payouts
    are found on the statement.

    Example: po-toolkit bank payouts --conference pycon-2027
    """
    from po_toolkit.api.payouts import pull_payouts

    found = pull_payouts(named_conference(ctx, conference), full=full).as_json()
    if output is Format.JSON:
        print_json(found)
        return
    print_table(
        ("From Stripe", "Number"),
        [(name.replace("_", " "), number) for name, number in found.items()],
        right=(1,),
    )


class TieOutFormat(StrEnum):
    """How the tie-out is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


@commands.command("tie-out")
def tie_out(
    ctx: typer.Context,
    conference: ConferenceOption,
    as_of: Annotated[
        date | None,
        typer.Option(metavar="DATE", parser=read_date, help="The last day; default: today."),
    ] = None,
    po: Annotated[
        str, typer.Option("--po", metavar="REF", help="Only the rows of this purchase order.")
    ] = "",
    payout: Annotated[str, typer.Option(metavar="po_…", help="Only this payout's rows.")] = "",
    line: Annotated[
        int | None, typer.Option(metavar="LINE", help="Only this bank line's rows.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it here instead of to stdout.")
    ] = None,
    output: Annotated[
        TieOutFormat, typer.Option("--format", help="table, json, csv (the rows) or xlsx (all).")
    ] = TieOutFormat.TABLE,
) -> None:
    """Follow every cent from purchase order to bank line.

    On its way over payment and payout.

    With --po, --payout or --line only the rows behind that. Exit code 1 when a sum that must agree
    does not.

    Example: po-toolkit bank tie-out --conference pycon-2027 --out tie-out.xlsx --format xlsx
    """
    from po_toolkit.api.reports import export_tie_out
    from po_toolkit.api.reports import tie_out as follow

    opened = named_conference(ctx, conference)
    found = follow(opened, as_of=as_of)
    if po or payout or line is not None:
        reference = read_reference(po) if po else ""
        found = found.only(found.of(reference=reference, payout=payout, bank_line=line))
    write_bytes(export_tie_out(found, output.value), out, binary=output is TieOutFormat.XLSX)
    wrong = int((found.checks["difference"] != 0).sum())
    if wrong:
        complain(f"{count(wrong, 'sum')} that must agree {'does' if wrong == 1 else 'do'} not.")
        raise typer.Exit(1)
