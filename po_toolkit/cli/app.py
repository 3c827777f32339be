"""The command tree: which function stands behind which name."""

from __future__ import annotations

import logging
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from po_toolkit.cli import (
    amending,
    bank,
    books,
    closing,
    content,
    database,
    delivery,
    demonstration,
    invoices,
    ledger,
    reconciliation,
    reminders,
    simulator,
    spreadsheets,
    stripe_check,
    sync,
    webhook,
    worker,
)
from po_toolkit.cli.boundary import Commands
from po_toolkit.logs import configure_logging

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
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
    were refused, each named).
    """
    ctx.obj = config
    configure_logging(logging.INFO if verbose else logging.WARNING)


app.command("init")(database.init)
app.command("demo")(demonstration.demo)
app.command("template")(spreadsheets.template)
app.command("import")(spreadsheets.import_)
app.command("preview")(content.preview)
app.command("invoice")(invoices.invoice)
app.command("adopt")(invoices.adopt)
app.command("sync")(sync.sync)
app.command("payment")(ledger.payment)
app.command("reverse")(ledger.reverse)
app.command("refund")(ledger.refund)
app.command("credit-note")(ledger.credit_note)
app.command("cancel")(ledger.cancel)
app.command("resend")(invoices.resend)
app.command("deliver")(delivery.deliver)
app.command("remind")(reminders.remind)
app.command("reissue")(amending.reissue)
app.command("reconcile")(reconciliation.reconcile)
app.command("summary")(books.summary)
app.command("close")(closing.close)
app.command("closed")(closing.closed)
app.command("journal")(books.journal)
app.command("statement")(books.statement)
app.command("invoice-pdf")(books.invoice_pdf)
app.command("status")(database.status)
app.command("worker")(worker.worker)
app.command("stripe-check")(stripe_check.stripe_check)
app.command("stripe-sim")(simulator.stripe_sim)
app.add_typer(webhook.commands, name="webhook")
app.add_typer(bank.commands, name="bank")
