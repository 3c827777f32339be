"""The command tree: which function stands behind which name."""

from __future__ import annotations

import logging
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from po_toolkit.cli import (
    bank,
    imports,
    installation,
    invoices,
    operations,
    payments,
    reports,
    webhook,
)
from po_toolkit.cli.console import Commands
from po_toolkit.logs import configure_logging

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"po-toolkit {version('po-toolkit')}")
        raise typer.Exit


@app.callback()
def po_toolkit(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Settings file (TOML). Default: $PO_TOOLKIT_CONFIG, else .streamlit/secrets.toml.",
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show what is being done, on stderr.")
    ] = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Turn sponsors' purchase orders into Stripe invoices and books that add up.

    The usual order of work is import, invoice, sync, reconcile; 'po-toolkit demo' plays all of it
    on sample data without a Stripe account.

    Exit codes: 0 all done; 1 failed; 2 wrong usage; 3 done in part (some rows or purchase orders
    were rejected, each named); 4 reconcile found what --fail-on names.
    """
    ctx.obj = config
    configure_logging(logging.INFO if verbose else logging.WARNING)


app.command("setup")(installation.setup)
app.command("init")(installation.init)
app.command("demo")(installation.demo)
app.command("template")(imports.template)
app.command("import")(imports.import_)
app.command("preview")(invoices.preview)
app.command("invoice")(invoices.invoice)
app.command("adopt")(invoices.adopt)
app.command("sync")(payments.sync)
app.command("payment")(payments.payment)
app.command("reverse")(payments.reverse)
app.command("refund")(payments.refund)
app.command("credit-note")(payments.credit_note)
app.command("cancel")(payments.cancel)
app.command("resend")(invoices.resend)
app.command("deliver")(invoices.deliver)
app.command("e-invoices")(invoices.e_invoices)
app.command("remind")(invoices.remind)
app.command("reissue")(invoices.reissue)
app.command("reconcile")(reports.reconcile)
app.command("report")(reports.report)
app.command("summary")(reports.summary)
app.command("month-end")(reports.month_end)
app.command("accept")(reports.accept)
app.command("close")(reports.close)
app.command("closed")(reports.closed)
app.command("journal")(reports.journal)
app.command("statement")(reports.statement)
app.command("invoice-pdf")(reports.invoice_pdf)
app.command("rename")(installation.rename)
app.command("archive")(installation.archive)
app.command("status")(installation.status)
app.command("doctor")(operations.doctor)
app.command("verify")(operations.verify)
app.command("notify")(operations.notify)
app.command("forget")(operations.forget)
app.command("copy-database")(operations.copy_database)
app.command("app")(operations.serve_app)
app.command("worker")(installation.worker)
app.command("stripe-check")(installation.stripe_check)
app.command("stripe-sim")(installation.stripe_sim)
app.add_typer(webhook.commands, name="webhook")
app.add_typer(bank.commands, name="bank")
