"""``sync``: news from Stripe into the books."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from po_toolkit.cli.boundary import PARTIAL, complain, tell
from po_toolkit.cli.opening import named_conference
from po_toolkit.cli.options import ConferenceOption, Format, FormatOption
from po_toolkit.cli.output import print_json, print_table

if TYPE_CHECKING:
    from po_toolkit.bootstrap import OpenConference
    from po_toolkit.payments.report import SyncReport


def sync(
    ctx: typer.Context,
    conference: ConferenceOption,
    full: Annotated[
        bool,
        typer.Option("--full", help="Compare everything again, not only what changed since last."),
    ] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Fetch payments, refunds, statuses and payouts from Stripe.

    What is known already is not taken twice, however often this runs. Stripe is also told of the
    wires, checks and credit notes that it has not heard of. Exit code 3 when something could not
    be taken; it is named.

    Example: po-toolkit sync --conference pycon-2027
    """
    from po_toolkit.api.sync import sync_conference

    opened = named_conference(ctx, conference)
    report = sync_conference(opened, full=full)
    payouts = _payouts(opened, full=full)
    if output is Format.JSON:
        print_json(report.as_json() | {"payouts": payouts})
    else:
        _print_report(report, payouts or {})
    for problem in report.problems:
        complain(problem)
    if report.problems:
        tell("The sync is not complete; what is named above was not taken.")
        raise typer.Exit(PARTIAL)


def _payouts(opened: OpenConference, *, full: bool) -> dict[str, int] | None:
    """Read payouts; a key that may not see them, or no answer, does not undo the sync."""
    from po_toolkit.api.payouts import pull_payouts
    from po_toolkit.errors import StripeGatewayError

    try:
        return pull_payouts(opened, full=full).as_json()
    except StripeGatewayError as error:
        tell(f"Payouts were not read: {error}")
        return None


def _print_report(report: SyncReport, payouts: Mapping[str, int]) -> None:
    figures = {n: v for n, v in report.as_json().items() if isinstance(v, int)}
    if payouts.get("payouts_new") or payouts.get("balance_transactions_new"):
        figures |= {n: payouts[n] for n in ("payouts_new", "balance_transactions_new")}
    print_table(
        ("From Stripe", "Number"),
        [(name.replace("_", " "), number) for name, number in figures.items()],
        right=(1,),
    )
    if report.changes:
        typer.echo("")
        print_table(
            ("Purchase order", "What changed"), [(c.reference, c.what) for c in report.changes]
        )
    if report.sweep is not None:
        proof = report.sweep
        typer.echo(
            f"\nCompared with the ledger: {proof.invoices} invoices, {proof.payments} payments, "
            f"{proof.refunds} refunds, {proof.disputes} disputes, {proof.credit_notes} credit "
            f"notes; {proof.found} were missing here and are entered now."
        )
        for stripe_id in proof.only_here:
            tell(f"In the ledger and no longer at Stripe: {stripe_id}")
