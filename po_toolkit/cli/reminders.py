"""``remind``: sponsors reminded by the conference's schedule."""

from __future__ import annotations

from typing import Annotated

import typer

from po_toolkit.cli.boundary import FAILED, PARTIAL
from po_toolkit.cli.opening import agree, named_conference
from po_toolkit.cli.options import ConferenceOption, Format, FormatOption, YesOption
from po_toolkit.cli.output import amount, count, print_json, print_table

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show who would be reminded; call nobody.")
]


def remind(
    ctx: typer.Context,
    conference: ConferenceOption,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Remind sponsors of unpaid invoices.

    Stripe mails them again, by the conference's schedule.

    Each step of the schedule (reminders in the settings) is sent at most once for a purchase
    order: never after payment, while a payment is under way, or on a dispute. Run it daily.

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
        rows = [
            (
                r.reference,
                r.organization_name,
                r.contact_email,
                amount(r.balance, r.currency),
                r.when,
            )
            for r in preview.due
        ]
        headers = ["Reference", "Sponsor", "E-mail", "Open", "Reminder"]
        print_table(headers, rows, right=(3,))
        if preview.held:
            print_table(["Held back", "Why"], preview.held)
        return
    if preview.due:
        agree(opened, f"send {count(len(preview.due), 'reminder')}", yes=yes)
    report = reminders.send_reminders(opened)
    if output is Format.JSON:
        print_json(report.as_json())
    else:
        results = [(r.reference, r.outcome, r.reason) for r in report.results]
        print_table(["Reference", "Outcome", "Why"], results)
    failed = report.count("failed")
    if failed:
        raise typer.Exit(FAILED if failed == len(report.results) else PARTIAL)
