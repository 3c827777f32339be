"""``stripe-check``: what po-toolkit believes about Stripe, tried on a real test account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from po_toolkit.cli.boundary import PARTIAL, complain, tell, wrong_usage
from po_toolkit.cli.opening import named_conference
from po_toolkit.cli.options import ConferenceOption, Format, FormatOption
from po_toolkit.cli.output import print_json, print_table

if TYPE_CHECKING:
    from po_toolkit.api.stripe_check import CheckReport


def stripe_check(
    ctx: typer.Context,
    conference: ConferenceOption,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the result to this file as JSON.")
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Try on a Stripe test account what po-toolkit believes about Stripe.

    Run it once before going live, with a test-mode key of the same Stripe account; a live key is
    refused before any call. It plays short scenes under customers named 'po-toolkit stripe-check',
    takes a few minutes, and cleans up; paid test invoices cannot be removed. Exit code 3 when a
    belief is broken; what that means for you is printed beside it.

    Example: po-toolkit stripe-check --conference pycon-test --out stripe-check.json
    """
    from po_toolkit.api.stripe_check import check_stripe, refuse_other_than_test_keys
    from po_toolkit.errors import SettingsError

    opened = named_conference(ctx, conference)
    try:
        refuse_other_than_test_keys(opened)
    except SettingsError as error:
        wrong_usage(str(error))
    report = check_stripe(opened, progress=lambda scene: tell(f"{scene} …"))
    if out is not None:
        out.write_text(json.dumps(report.as_json(), ensure_ascii=False, indent=2) + "\n", "utf-8")
        tell(f"Written: {out}")
    if output is Format.JSON:
        print_json(report.as_json())
    else:
        _print(report)
    for name in report.left:
        tell(f"Left at Stripe, remove it by hand: {name}")
    broken = [finding for finding in report.findings if finding.outcome == "broken"]
    for finding in broken:
        complain(f"{finding.belief}: {finding.detail}. {finding.meaning}")
    if broken:
        raise typer.Exit(PARTIAL)


def _print(report: CheckReport) -> None:
    print_table(
        ("Belief", "Result", "What po-toolkit believes", "What Stripe did"),
        [(f.belief, f.outcome.value, f.statement, f.detail) for f in report.findings],
        whole=(0, 1),
    )
    found = report.as_json()
    typer.echo(
        f"\n{found['held']} held, {found['broken']} broken, {found['not_tried']} not tried; "
        f"Stripe account {report.account or 'unknown'}, API version {report.api_version}, "
        f"{report.calls} calls."
    )
