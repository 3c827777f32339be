"""``bank``: statements loaded, lines matched, the tie-out from purchase order to bank line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from po_toolkit.cli.console import (
    PARTIAL,
    WRONG_USAGE,
    agree,
    amount,
    complain,
    count,
    named_conference,
    print_json,
    print_table,
    remark,
    suggest,
    write_bytes,
    wrong_usage,
)
from po_toolkit.cli.options import (
    ConferenceOption,
    FormatOption,
    YesOption,
    day_option,
    read_amount,
    read_reference,
)
from po_toolkit.errors import (
    ColumnsUnknownError,
    ConfirmationNeededError,
    DuplicateEntryError,
    ImportChoiceError,
    Reason,
    Remedy,
)

if TYPE_CHECKING:
    from po_toolkit.api.bank import BankImportReport
    from po_toolkit.api.bank_matching import MatchReport

commands = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Bank statements, and what their lines are."
)

LineArgument = Annotated[int, typer.Argument(metavar="LINE", help="The bank line's number.")]
MappingOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN",
        help="For a spreadsheet: which column is date, value_date, amount, credit, debit, "
        "direction, status, balance, currency, fee, counterparty, payer, payee, "
        "counterparty_account, text, bank_reference or account; FIELD= leaves one out. "
        "Without a header, columns are called 'column A' and so on. Remembered for the "
        "bank's next file.",
    ),
]
WordsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--word",
        metavar="WORD=MEANING",
        help="What a word beside the amount or in a status column means: credit, debit, booked "
        "or skip. 'blank' is an empty cell.",
    ),
]


@commands.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The bank's file.")],
    conference: ConferenceOption,
    mapping: MappingOption = None,
    decimal: Annotated[
        Literal["point", "comma"] | None,
        typer.Option(help="The decimal mark of a spreadsheet, where the file does not say."),
    ] = None,
    dates: Annotated[
        Literal["dmy", "mdy"] | None,
        typer.Option(help="Day or month first, where a file does not say."),
    ] = None,
    currency: Annotated[
        str,
        typer.Option(
            metavar="CODE",
            help="The account's currency, where the file does not name it; 'each': every row is "
            "in the currency that its column names.",
        ),
    ] = "",
    account: Annotated[
        str,
        typer.Option(
            metavar="ACCOUNT", help="Which of your accounts it is, if the file is silent."
        ),
    ] = "",
    words: WordsOption = None,
    sign: Annotated[
        Literal["amount", "reversed"] | None,
        typer.Option(help="Whether the amounts' own signs count, or are the other way round."),
    ] = None,
    fee: Annotated[
        Literal["apart", "included"] | None,
        typer.Option(help="Whether a fee column comes on top of the amount or is in it."),
    ] = None,
    sheet: Annotated[str, typer.Option(metavar="NAME", help="Which sheet of a workbook.")] = "",
    intraday: Annotated[
        bool,
        typer.Option("--intraday", help="Import the booked entries of a camt.052 report."),
    ] = False,
    encoding: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The encoding of a text file that is read wrongly: cp850."
        ),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show how the file would be read.")
    ] = False,
    output: FormatOption = "table",
) -> None:
    """Import the lines of bank statements.

    The file is CSV, XLSX, OFX or QFX, QIF, MT940, BAI2 or CAMT.053, or a ZIP of them. A line is
    imported once, however often you import it; one that equals an earlier line in all but its
    wording is named as a suspected duplicate. A statement whose balances do not add up is held:
    none of its lines is imported until 'bank accept'. Exit code 2 when the file leaves a question
    open, 3 when a statement is held or a line cannot be read.

    Example: po-toolkit bank import march.xml --conference pycon-2027 --dry-run
    """
    from po_toolkit.api.bank import import_bank_statement

    try:
        report = import_bank_statement(
            named_conference(ctx, conference),
            file,
            mapping=_read_mapping(mapping or []),
            decimal=decimal,
            dates=dates,
            currency=_read_currency(currency),
            account=account,
            words=_read_words(words or []),
            sign=sign or "",
            fee=fee or "",
            sheet=sheet,
            intraday=intraday,
            encoding=encoding,
            dry_run=dry_run,
        )
    except ImportChoiceError as error:
        wrong_usage(_with_remedy(error))
    except ColumnsUnknownError as error:
        wrong_usage(f"{error} Add --map date=COLUMN --map amount=COLUMN.")
    if output == "json":
        print_json(report.as_json())
    else:
        _print_import(report)
    if report.new and not dry_run:
        remark(f"Next: po-toolkit bank match --conference {conference}")
    if report.held or report.problems:
        raise typer.Exit(PARTIAL)


def _with_remedy(error: ImportChoiceError) -> str:
    """Return the question with the option that answers it."""
    name, _, word = error.question.partition(":")
    if name == "intraday":
        option = "--intraday"
    elif name == "sign" and error.choices == ["amount"]:
        option = "--map direction=COLUMN, or --sign amount where all are credits"
    elif name == "word":
        option = " or ".join(f'--word "{word}={choice}"' for choice in error.choices)
    elif name == "mapping":
        option = " or ".join(f'--map "{choice}"' for choice in error.choices)
    else:
        option = f"--{name} " + " or ".join(error.choices)
    return f"{error} Add {option}."


def _read_currency(text: str) -> str:
    from po_toolkit.money import normalize_currency

    if not text or text.strip().lower() == "each":
        return text.strip().lower()
    try:
        return normalize_currency(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _read_words(pairs: list[str]) -> dict[str, str]:
    meanings = ("credit", "debit", "booked", "skip")
    words: dict[str, str] = {}
    for pair in pairs:
        word, equals, meaning = (part.strip() for part in pair.rpartition("="))
        if not (word and equals and meaning in meanings):
            raise typer.BadParameter(
                f"{pair!r}: Write the word, =, and {', '.join(meanings[:3])} or {meanings[3]}."
            )
        words[word] = meaning
    return words


def _read_mapping(pairs: list[str]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for pair in pairs:
        name, equals, column = (part.strip() for part in pair.partition("="))
        if not (name and equals):
            raise typer.BadParameter(f"{pair!r}: Write the field, =, and the column's heading.")
        mapping[name] = f"{mapping[name]}|{column}" if name in mapping else column
    return mapping


def _print_import(report: BankImportReport) -> None:
    reading = report.reading
    columns = ", ".join(f"{field} = {name}" for field, name in reading.columns.items())
    for label, value in (
        ("Layout", reading.layout or "columns found by their names"),
        ("Columns", columns),
        ("Sign", reading.sign),
        ("Currency", reading.currency),
        ("Dates", reading.dates),
        ("Decimals", reading.decimal),
    ):
        if value and report.dry_run:
            typer.echo(f"{label}: {value}")
    print_table(
        ("Statement", "Account", "Currency", "Opening", "Closing", "Lines", "New", "State", "Why"),
        [
            ("" if report.dry_run else s.id, s.account, s.currency.upper(), s.opening, s.closing,
             s.lines, s.new, s.state, s.reason)
            for s in report.statements
        ],
        right=(0, 3, 4, 5, 6),
    )  # fmt: skip
    if report.dry_run:
        print_table(
            ("Row", "Date", "Amount", "Counterparty", "Text"),
            [
                (x.row, x.booked_on, amount(Decimal(x.amount), x.currency), x.counterparty, x.text)
                for x in report.first_lines
            ],
            right=(0, 2),
        )
    for problem in report.problems:
        remark(
            problem.message
            if problem.message.startswith("Row")
            else f"Row {problem.row}: {problem.message}"
        )
    for suspicion in report.suspected:
        remark(suspicion.message)
    for note in report.notes:
        remark(f"Note: {note}")
    typer.echo(
        f"{count(report.lines, 'line')}: {report.new} new, {report.duplicates} duplicates, "
        f"{count(len(report.suspected), 'suspected duplicate')}, {report.quarantined} unreadable, "
        f"{count(report.held, 'statement')} held."
    )
    if report.dry_run:
        typer.echo("This was a dry run: nothing was imported.")


@commands.command("remove")
def remove(
    ctx: typer.Context,
    statement: Annotated[int, typer.Argument(metavar="STATEMENT", help="Its number.")],
    conference: ConferenceOption,
) -> None:
    """Remove a statement that was imported wrongly, and its lines.

    Lines that another statement holds too stay. While one of its lines is matched nothing is
    removed; undo the match first.

    Example: po-toolkit bank remove 3 --conference pycon-2027
    """
    from po_toolkit.api.bank import remove_statement

    removed = remove_statement(named_conference(ctx, conference), statement)
    typer.echo(f"Statement {statement} is removed, with {count(removed, 'line')}.")


@commands.command("statements")
def statements(
    ctx: typer.Context, conference: ConferenceOption, output: FormatOption = "table"
) -> None:
    """List the statements that were imported, newest first.

    Example: po-toolkit bank statements --conference pycon-2027
    """
    from po_toolkit.api.bank import loaded_statements

    found = loaded_statements(named_conference(ctx, conference))
    if output == "json":
        print_json([s.as_json() for s in found])
        return
    print_table(
        ("Statement", "Account", "Currency", "Number", "Opening", "Closing", "Lines", "State"),
        [
            (s.id, s.account, s.currency.upper(), s.number, s.opening, s.closing, s.lines, s.state)
            for s in found
        ],
        right=(0, 4, 5, 6),
    )


@commands.command("accept")
def accept(
    ctx: typer.Context,
    statement: Annotated[int, typer.Argument(metavar="STATEMENT", help="Its number.")],
    conference: ConferenceOption,
    reason: Annotated[str, typer.Option(help="Why it is right although its sums do not agree.")],
) -> None:
    """Accept a held statement.

    Example: po-toolkit bank accept 3 --conference pycon-2027 --reason "Bank left a page out"
    """
    from po_toolkit.api.bank import accept_statement

    found = accept_statement(named_conference(ctx, conference), statement, reason)
    typer.echo(f"Statement {found.id}: {found.new} new, {found.duplicates} duplicates.")


@commands.command("match")
def match(
    ctx: typer.Context,
    conference: ConferenceOption,
    apply: Annotated[
        bool,
        typer.Option(
            "--apply",
            help="Apply the proposals without evidence against them; the rest is left to you.",
        ),
    ] = False,
    yes: YesOption = False,
    output: FormatOption = "table",
) -> None:
    """Match the unmatched bank lines.

    A payout, a payment entered by hand, the payment of a purchase order, or an earlier payment
    that the bank reverses.

    Without --apply nothing is changed. Each proposal says what speaks for it and what against it;
    --apply applies those with nothing against them. Each payment on an open invoice is reported to
    Stripe.

    Example: po-toolkit bank match --conference pycon-2027 --apply
    """
    from po_toolkit.api.bank_matching import match_bank

    opened = named_conference(ctx, conference)
    if apply:
        agree(opened, "apply what is certain and report the payments to Stripe", yes=yes)
    report = match_bank(opened, apply=apply)
    if output == "json":
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
    if sure := [m.line for m in report.matches if m.sure and m.state != "applied"]:
        lines = ", ".join(map(str, sure[:10])) + (" …" if len(sure) > 10 else "")
        typer.echo(f"No evidence against {count(len(sure), 'line')}; --apply applies: {lines}.")


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
            help="The purchase order it pays; several share it, each with its amount unless all "
            "that is outstanding on them is paid.",
        ),
    ] = None,
    payouts: Annotated[
        list[str] | None,
        typer.Option("--payout", metavar="po_…", help="The payout it is; several for one line."),
    ] = None,
    entries: Annotated[
        list[int] | None,
        typer.Option(
            "--entry",
            metavar="ENTRY",
            help="The entry made by hand that it confirms; repeat it for several.",
        ),
    ] = None,
    reversal: Annotated[
        int | None,
        typer.Option(metavar="LINE", help="The earlier bank line that it reverses."),
    ] = None,
    write_off: Annotated[
        str,
        typer.Option(
            metavar="REASON",
            help="Write off the small amount that is missing: a credit note on the purchase "
            "order, or a fee that the bank kept of a payout.",
        ),
    ] = "",
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="It is other money than the entry of the same sponsor and amount."
        ),
    ] = False,
    overpaid: Annotated[
        bool, typer.Option("--overpaid", help="It is right, although more than is outstanding.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Apply a line's proposal, or say yourself what the line is.

    Exit code 2 when an entry of the same sponsor, amount and week may be this money, or when the
    purchase order has less outstanding than came.

    Example: po-toolkit bank apply 17 --conference pycon-2027 --po PO-7KQ2MX=9000 --po PO-8M2ABC
    """
    from po_toolkit.api import bank_matching

    opened = named_conference(ctx, conference)
    ways = (bool(orders), bool(payouts), bool(entries), reversal is not None)
    if sum(ways) > 1:
        wrong_usage("Give --po, --payout, --entry or --reversal, not several of them.")
    if write_off and not (orders or payouts):
        wrong_usage("--write-off needs --po or --payout.")
    agree(opened, f"match bank line {line} and report the payment to Stripe", yes=yes)
    try:
        if any(ways):
            bank_matching.choose(
                opened,
                line,
                orders=dict(map(_read_share, orders or [])),
                payout=payouts or (),
                entry=entries,
                reversal=reversal,
                again=again,
                overpaid=overpaid,
                write_off=write_off,
            )
            typer.echo(f"Bank line {line} is matched.")
            return
        found = bank_matching.apply_line(opened, line, again=again)
    except DuplicateEntryError as error:
        targets = [word for share in orders or () for word in ("--po", share)]
        targets += ["--write-off", write_off] if write_off else []
        command = ("bank", "apply", str(line), *targets, "--conference", opened.slug, "--again")
        anyway = Remedy("Or, if it is other money, match it all the same", command, "bank")
        complain(error.reason)
        suggest(Reason("", anyway))
        raise typer.Exit(WRONG_USAGE) from error
    except ConfirmationNeededError as error:
        complain(error.reason)
        raise typer.Exit(WRONG_USAGE) from error
    typer.echo(f"Bank line {line} is {', '.join(found.references)}: {found.evidence}.")


def _read_share(text: str) -> tuple[str, Decimal | None]:
    reference, _, value = text.partition("=")
    return read_reference(reference), read_amount(value) if value else None


@commands.command("undo")
def undo(ctx: typer.Context, line: LineArgument, conference: ConferenceOption) -> None:
    """Undo a match or an exclusion.

    A payment that it made is reversed, and so is a write-off; a reversal enters its payment again.

    Example: po-toolkit bank undo 17 --conference pycon-2027
    """
    from po_toolkit.api.bank_matching import undo_match

    undone = undo_match(named_conference(ctx, conference), line)
    what = f" ({count(undone, 'match', 'matches')} undone)" if undone else ""
    typer.echo(f"Bank line {line} is unmatched again{what}.")


@commands.command("exclude")
def exclude(
    ctx: typer.Context,
    line: LineArgument,
    conference: ConferenceOption,
    reason: Annotated[
        str, typer.Option(help="What it is instead, e.g. rent; empty includes it again.")
    ],
) -> None:
    """Exclude a line that is not a sponsor payment.

    Example: po-toolkit bank exclude 18 --conference pycon-2027 --reason "Interest"
    """
    from po_toolkit.api.bank_matching import exclude_line

    exclude_line(named_conference(ctx, conference), line, reason)
    typer.echo(f"Bank line {line} is {'excluded' if reason.strip() else 'unmatched again'}.")


@commands.command("payouts")
def payouts(
    ctx: typer.Context,
    conference: ConferenceOption,
    full: Annotated[bool, typer.Option("--full", help="Read all of them again.")] = False,
    output: FormatOption = "table",
) -> None:
    """Fetch payouts and balance transactions from Stripe.

    Its calls are counted apart from those of 'sync'. Run it before 'bank match', so that payouts
    are found on the statement. Exit code 3 when something could not be read; it is named.

    Example: po-toolkit bank payouts --conference pycon-2027
    """
    from po_toolkit.api.payouts import pull_payouts

    report = pull_payouts(named_conference(ctx, conference), full=full)
    found = report.as_json()
    if output == "json":
        print_json(found)
    else:
        from po_toolkit.api.terms import label

        print_table(
            ("From Stripe", "Number"),
            [(label(n), number) for n, number in found.items() if n != "problems"],
            right=(1,),
        )
    for problem in report.problems:
        complain(problem)
    if report.problems:
        raise typer.Exit(PARTIAL)


TieOutFormat = Literal["table", "json", "csv", "xlsx"]
"""How the tie-out is written."""


@commands.command("tie-out")
def tie_out(
    ctx: typer.Context,
    conference: ConferenceOption,
    as_of: Annotated[date | None, day_option("The last day; default: today.")] = None,
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
    ] = "table",
) -> None:
    """Follow every cent from purchase order to bank line.

    With --po, --payout or --line only the rows behind that, with their payouts and bank lines;
    fees and checks are always those of the whole. Exit code 1 when sums that must agree differ.

    Example: po-toolkit bank tie-out --conference pycon-2027 --out tie-out.xlsx --format xlsx
    """
    from po_toolkit.api.reports import export_tie_out
    from po_toolkit.api.reports import tie_out as follow

    opened = named_conference(ctx, conference)
    found = follow(opened, as_of=as_of)
    if po or payout or line is not None:
        reference = read_reference(po) if po else ""
        found = found.only(found.of(reference=reference, payout=payout, bank_line=line))
    write_bytes(export_tie_out(found, output), out, binary=output == "xlsx")
    wrong = int((found.checks["difference"] != 0).sum())
    if wrong:
        complain(f"{count(wrong, 'sum')} that must agree {'does' if wrong == 1 else 'do'} not.")
        raise typer.Exit(1)
