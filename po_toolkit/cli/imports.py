"""``template`` and ``import``: spreadsheets of sponsors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from po_toolkit.cli.console import (
    PARTIAL,
    amount,
    count,
    named_conference,
    print_json,
    print_table,
    remark,
    write_bytes,
    wrong_usage,
)
from po_toolkit.cli.options import ConferenceOption, Format, FormatOption

if TYPE_CHECKING:
    from po_toolkit.api.imports import ImportReport, LeftColumn, Question


FileFormat = Literal["csv", "xlsx"]
"""Spreadsheet formats that are written."""


def template(
    file_format: Annotated[
        FileFormat, typer.Option("--format", help="csv, or xlsx with the columns explained.")
    ] = "csv",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it here instead of to stdout.")
    ] = None,
) -> None:
    """Write an empty spreadsheet with the columns of import.

    Example: po-toolkit template --format xlsx --out sponsors.xlsx
    """
    from po_toolkit.api import imports

    content = imports.template(file_format)
    write_bytes(content, out, binary=file_format == "xlsx")


FileArgument = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        exists=True,
        dir_okay=False,
        readable=True,
        help="The spreadsheet: CSV, TSV, XLSX, XLS or ODS.",
    ),
]
SheetOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Which sheet, where several could be meant."),
]
MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN",
        help="Read FIELD (e.g. unit_price) from the column with the heading COLUMN. Repeat for "
        "more fields. FIELD= leaves a field out, COLUMN= leaves a column out, and "
        "packages=Gold,Booth names columns that are billed as a line each. COLUMN=+ bills a column "
        "as a line beside the row's own, COLUMN=- takes it off. It is remembered for files with "
        "the same headings.",
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be imported; write nothing.")
]
ErrorsOutOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write the rejected rows with their reasons into this .csv or .xlsx file, to be "
        "corrected and imported.",
    ),
]
AllowDuplicatesOption = Annotated[
    bool,
    typer.Option(
        "--allow-duplicates",
        help="Import duplicates as new purchase orders.",
    ),
]
DecimalOption = Annotated[
    Literal["point", "comma"] | None,
    typer.Option(help="How amounts are written, where the file leaves it open: 1.234 is what?"),
]
DatesOption = Annotated[
    Literal["dmy", "mdy", "ymd"] | None,
    typer.Option(help="How dates are written, where the file leaves it open: 03/04 is when?"),
]
CurrencyOption = Annotated[
    str | None,
    typer.Option(
        metavar="CODE",
        help="The currency of rows that name none, where the file leaves it open.",
    ),
]
ScaleOption = Annotated[
    int | None,
    typer.Option(
        min=1, max=1_000_000, help="Multiply amounts by this, where the file has thousands: 1000."
    ),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The encoding of a text file that is not UTF-8: cp932."),
]
SkipRowsOption = Annotated[
    str, typer.Option(metavar="ROWS", help="Leave these rows out: 2 or 2,7-9.")
]
KeepRowsOption = Annotated[
    str,
    typer.Option(
        metavar="ROWS", help="Read these rows as purchase orders although they look different."
    ),
]
UnknownOption = Annotated[
    Literal["leave", "notes"],
    typer.Option(help="Leave columns that are no field out, or keep them in the notes."),
]


def import_(
    ctx: typer.Context,
    file: FileArgument,
    conference: ConferenceOption,
    sheet: SheetOption = None,
    mapping: MapOption = None,
    dry_run: DryRunOption = False,
    errors_out: ErrorsOutOption = None,
    allow_duplicates: AllowDuplicatesOption = False,
    decimal: DecimalOption = None,
    dates: DatesOption = None,
    currency: CurrencyOption = None,
    scale: ScaleOption = None,
    encoding: EncodingOption = None,
    skip_rows: SkipRowsOption = "",
    keep_rows: KeepRowsOption = "",
    unknown: UnknownOption = "leave",
    output: FormatOption = "table",
) -> None:
    """Import a spreadsheet of sponsors as draft purchase orders.

    Rows with the same organization and PO number are the lines of one purchase order. Good ones
    are kept, bad ones are named row by row; the same file again adds nothing. Nothing is sent.

    Exit codes: 0 all imported or duplicates; 1 unreadable, or no purchase order in it; 2 wrong
    usage, or a question that an option must answer; 3 some were rejected, each named.

    Example: po-toolkit import sponsors.xlsx --conference pycon-2027 --dry-run
    """
    from po_toolkit.api import imports

    chosen = _read_mapping(mapping or [])
    _refuse_unwritable(errors_out)
    opened = named_conference(ctx, conference, make=True)
    try:
        report = imports.import_purchase_orders(
            opened,
            file,
            file_name=file.name,
            sheet=sheet,
            mapping=chosen or None,
            dry_run=dry_run,
            allow_duplicates=allow_duplicates,
            decimal=decimal,
            dates=dates,
            currency=currency,
            scale=scale,
            encoding=encoding,
            unknown=unknown,
            skip_rows=skip_rows,
            keep_rows=keep_rows,
        )
    except imports.ImportQuestionsError as error:
        _ask(error.questions, file.name, output)
    if output == "json":
        print_json(report.as_json())
    else:
        _print_report(report, dry_run=dry_run)
    if errors_out is not None and report.rejected:
        as_book = errors_out.suffix.lower() == ".xlsx"
        write = imports.rejected_rows_xlsx if as_book else imports.rejected_rows_csv
        write_bytes(write(report), errors_out, binary=as_book)
    if report.batch is not None and report.accepted:
        remark(
            f"Next: po-toolkit invoice --conference {conference} --batch {report.batch} --dry-run"
        )
    if report.rejected:
        raise typer.Exit(PARTIAL)


def _ask(questions: Sequence[Question], file: str, output: Format) -> NoReturn:
    """Print what the file leaves open, with the options that answer it; exits 2."""
    if output == "json":
        print_json({**_NOTHING, "questions": [question.as_json() for question in questions]})
    lines = [f"{file} leaves {count(len(questions), 'question')} open. Nothing was imported."]
    for number, question in enumerate(questions, 1):
        lines += ["", f"{number}. {question.text}"]
        lines += [f"   Row {row}: {value}" for row, value in question.rows]
        for choice in question.choices:
            money = f" → {choice.money}" if choice.money else ""
            lines += [f"   {choice.option}", f"      {choice.label}{money}"]
    lines += ["", "Add one option for each question and run the command again."]
    wrong_usage("\n".join(lines))


_NOTHING: dict[str, Any] = {
    "batch": None,
    "accepted": 0,
    "rejected": 0,
    "duplicates": 0,
    "purchase_orders": [],
    "errors": [],
    "warnings": [],
}


def _refuse_unwritable(errors_out: Path | None) -> None:
    """Refuse before the import what would fail after it."""
    if errors_out is None:
        return
    if errors_out.suffix.lower() not in (".csv", ".xlsx"):
        raise typer.BadParameter(
            f"The rejected rows are written as CSV or XLSX; end {errors_out} in .csv or .xlsx."
        )
    if errors_out.is_dir() or not errors_out.absolute().parent.is_dir():
        raise typer.BadParameter(f"{errors_out} cannot be written: no such folder.")


def _read_mapping(pairs: list[str]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for pair in pairs:
        divide = str.rpartition if pair.rstrip().endswith(("=", "=+", "=-")) else str.partition
        field, equals, column = (part.strip() for part in divide(pair.rstrip(), "="))
        if not (field and equals):
            raise typer.BadParameter(
                f"{pair!r}: Write the field, =, and the column's heading, e.g. "
                f"--map 'unit_price=Price each'; or a heading and = to leave its column out."
            )
        if field in mapping:
            raise typer.BadParameter(f"{field} is mapped twice; remove one --map.")
        mapping[field] = column
    return mapping


def _print_report(report: ImportReport, *, dry_run: bool) -> None:
    _print_reading(report)
    if dry_run and report.orders:
        _print_orders(report)
    if report.problems:
        print_table(
            ("Row", "Column", "Value", "What is wrong, and how to fix it"),
            [
                (p.row, p.column, p.value, p.message.removeprefix(f"Row {p.row}: "))
                for p in report.problems
            ],
            title="Rejected",
            right=(0,),
            whole=(),
        )
        typer.echo("")
    if any("the order of the file's dates" in p.message for p in report.problems):
        remark("How the dates of the file are written: --dates dmy, --dates mdy or --dates ymd.")
    for warning in report.warnings:
        remark(f"Check row {warning.row}: {warning.message.removeprefix(f'Row {warning.row}: ')}")
    for note in report.notes:
        remark(f"Note: {note}")
    batch = f"Batch {report.batch}: " if report.batch is not None else ""
    orders = count(report.accepted, "purchase order")
    sums = ", ".join(f"{total} {code.upper()}" for code, total in report.totals.items())
    typer.echo(
        f"{batch}{orders} {'would be imported' if dry_run else 'imported'}"
        f"{f' ({sums})' if sums else ''}, {report.rejected} rejected, "
        f"{count(report.duplicates, 'duplicate')} skipped."
    )
    if report.references:
        typer.echo(f"References: {', '.join(report.references)}")


def _print_reading(report: ImportReport) -> None:
    """Print how the file was read: what each column maps to, and what was left out."""
    from po_toolkit.api.imports import OWN_LINES
    from po_toolkit.api.terms import sentence

    typer.echo(f"The sheet has {report.shape}. {_habits(report)}")
    lines = dict.fromkeys(report.packages, "a package") | {
        name: OWN_LINES[sign] for name, sign in report.own_lines.items()
    }
    left = {column.column: column for column in report.left_columns}
    print_table(
        ("Column", "Maps to", "Matched by"),
        [
            (
                c.header,
                c.field or lines.get(c.header, "(left out)"),
                sentence(c.why) if c.field else _left(left.get(c.header)),
            )
            for c in report.columns
        ],
    )
    typer.echo("")


def _left(column: LeftColumn | None) -> str:
    """Say what a column held that was left out."""
    if column is None:
        return ""
    return f"{count(column.cells, 'cell')}, first: {column.first} ({column.why})"


def _habits(report: ImportReport) -> str:
    currency = report.currency.upper()
    by = {"conference": "the conference's", "title": "as a text above or below the table says"}
    parts = [f"Rows that name no currency are in {currency}"]
    parts[0] += f", {by[report.currency_by]}" if report.currency_by in by else ""
    if report.decimal:
        parts.append(f"amounts have a decimal {report.decimal}")
    if report.dates:
        parts.append(f"dates are written {report.dates}")
    if report.scale != 1:
        parts.append(f"amounts were multiplied by {report.scale:,}")
    return "; ".join(parts) + "."


def _print_orders(report: ImportReport) -> None:
    print_table(
        ("Organization", "PO number", "Lines", "Total", "Due"),
        [
            (
                order.organization_name,
                order.po_number,
                len(order.lines),
                amount(order.total_major, order.currency),
                order.due_date,
            )
            for order in report.orders
        ],
        title="Would be imported",
        right=(2, 3),
    )
    typer.echo("")
