"""``remind``: sponsors reminded by the conference's schedule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from po_toolkit.cli.boundary import FAILED, PARTIAL
from po_toolkit.cli.opening import agree, named_conference
from po_toolkit.cli.options import ConferenceOption, Format, FormatOption, YesOption
from po_toolkit.cli.output import amount, count, print_json, print_table, write_bytes

if TYPE_CHECKING:
    from po_toolkit.api.reminders import Keep, ReminderPreview

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show who would be reminded; call nobody.")
]
DraftsOption = Annotated[
    Path | None,
    typer.Option(
        "--drafts",
        metavar="FOLDER",
        file_okay=False,
        help="Write the mails of invoices that we deliver by ourselves into this folder.",
    ),
]


def remind(
    ctx: typer.Context,
    conference: ConferenceOption,
    dry_run: DryRunOption = False,
    drafts: DraftsOption = None,
    yes: YesOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Remind sponsors of unpaid invoices.

    Stripe mails them again, by the conference's schedule; of an invoice that we deliver by
    ourselves a mail draft is written, for you to send (--drafts).

    Each step of the schedule (reminders in the settings) is sent at most once for a purchase
    order: never after payment, while a payment is under way, or on a dispute. Run it daily, or
    set remind_from_hour and the worker does.

    Exit codes: 0 all done; 1 none could be sent; 2 a live key without a terminal and without
    --yes; 3 some failed, each named.

    Example: po-toolkit remind --conference pycon-2027 --dry-run
    """
    from po_toolkit.api import reminders

    opened = named_conference(ctx, conference)
    preview = reminders.preview_reminders(opened)
    if dry_run:
        if output is Format.JSON:
            print_json(preview.as_json())
            return
        _print_preview(preview)
        return
    if preview.to_mail:
        agree(opened, f"send {count(len(preview.to_mail), 'reminder')}", yes=yes)
    report = reminders.send_reminders(opened, drafts=None if drafts is None else _into(drafts))
    if output is Format.JSON:
        print_json(report.as_json())
    else:
        results = [(r.reference, r.outcome, r.reason) for r in report.results]
        print_table(["Reference", "Outcome", "Why"], results)
    failed = report.count("failed")
    if failed:
        raise typer.Exit(FAILED if failed == len(report.results) else PARTIAL)


def _into(folder: Path) -> Keep:
    """Return what writes a mail draft into a folder, made where it is missing."""

    def keep(name: str, mail: bytes) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(mail, folder / name, binary=True)

    return keep


def _print_preview(preview: ReminderPreview) -> None:
    from po_toolkit.domain.deliveries import way_words

    rows = [
        (
            r.reference,
            r.organization_name,
            r.contact_email,
            amount(r.balance, r.currency),
            r.when,
            way_words(r.delivery),
        )
        for r in preview.due
    ]
    headers = ["Reference", "Sponsor", "E-mail", "Open", "Reminder", "Delivery"]
    print_table(headers, rows, right=(3,))
    if preview.held:
        print_table(["Held back", "Why"], preview.held)
