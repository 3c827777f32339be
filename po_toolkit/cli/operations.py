"""``app``, ``doctor``, ``verify``, ``notify``, ``forget`` and ``copy-database``."""

from __future__ import annotations

import importlib.util
import os
import secrets
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from po_toolkit.cli.console import (
    FAILED,
    WRONG_USAGE,
    complain,
    count,
    named_conference,
    print_json,
    print_table,
    refuse_taken,
    remark,
    settings_of,
    wrong_usage,
)
from po_toolkit.cli.options import ConferenceOption, FormatOption, HostOption, PortOption
from po_toolkit.errors import PurchaseOrderError


def serve_app(
    ctx: typer.Context,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8501,
    with_webhooks: Annotated[
        bool,
        typer.Option(
            "--with-webhooks", help="Also receive Stripe's webhooks, and sync every 15 minutes."
        ),
    ] = False,
) -> None:
    """Serve the app until it is stopped.

    Without a sign-in it serves this machine only, and uses a live key only for people who open the
    address with the start token that is printed here.

    Example: po-toolkit app --with-webhooks
    """
    from po_toolkit.config import START_TOKEN
    from po_toolkit.demo import app_home

    settings = settings_of(ctx)
    if importlib.util.find_spec("streamlit") is None:
        wrong_usage("The app is not installed. Run: pip install 'po-toolkit[app]'")
    refuse_taken(host, port)
    token = secrets.token_urlsafe(24)
    environment = {**os.environ, START_TOKEN: token}
    if settings.config_file is not None:
        config = str(settings.config_file.absolute())
        environment["PO_TOOLKIT_CONFIG"] = config
        environment.setdefault("STREAMLIT_SECRETS_FILES", config)
    script = app_home() / ("asgi.py" if with_webhooks else "app.py")
    place = f"http://{host if host != '0.0.0.0' else '127.0.0.1'}:{port}/"  # noqa: S104 compared, not bound
    live = any(conference.mode == "live" for conference in settings.conferences.values())
    typer.echo(f"The app: {place}{f'?token={token}' if live else ''}  (stop: Ctrl-C)", err=True)
    options = [f"--server.address={host}", f"--server.port={port}", "--server.headless=true"]
    command = [sys.executable, "-m", "streamlit", "run", str(script), *options]
    os.execve(sys.executable, command, environment)  # noqa: S606 our own interpreter and file


_MARKS = {"ok": "ok", "warning": "WARNING", "failed": "FAILED", "skipped": "skipped"}


def doctor(ctx: typer.Context, output: FormatOption = "table") -> None:
    """Check the installation and name what is wrong.

    It checks settings, files, database, Stripe, schedules, worker and backup. Nothing is
    changed, here or at Stripe. The exit code is 1 when something failed.

    Example: po-toolkit doctor
    """
    from po_toolkit.api.doctor import as_json, examine

    found = examine(settings_of(ctx), datetime.now(UTC))
    if output == "json":
        print_json(as_json(found))
    else:
        rows = [(_MARKS[f.state], f.check, f.detail) for f in found]
        print_table(("Result", "Check", "Finding"), rows, whole=(0, 1))
    if any(f.state == "failed" for f in found):
        raise typer.Exit(FAILED)


def verify(ctx: typer.Context, output: FormatOption = "table") -> None:
    """Prove that the audit log is as it was written.

    Each entry's digest covers the one before it, and the newest digest is printed on every closing
    report. The exit code is 1 when an entry was changed, removed or added.

    Example: po-toolkit verify
    """
    from po_toolkit.api.activity import prove_audit_trail
    from po_toolkit.api.opening import open_database

    proof = prove_audit_trail(open_database(settings_of(ctx), make=False))
    if output == "json":
        print_json(
            {
                "entries": proof.entries,
                "digest": proof.digest,
                "older_entries": proof.older,
                "rewritten_entries": proof.rewritten,
                "problems": proof.problems,
            }
        )
    elif not proof.problems:
        typer.echo(f"{count(proof.entries, 'audit entry', 'audit entries')}, unchanged.")
        typer.echo(f"SHA-256 of the last one: {proof.digest or 'none'}")
        if proof.older:
            remark(f"{proof.older} older ones were written before there was a chain.")
        if proof.rewritten:
            entries = count(proof.rewritten, "entry", "entries")
            remark(f"{entries} had personal data replaced by forget, as later entries note.")
    for problem in proof.problems:
        complain(problem)
    if proof.problems:
        raise typer.Exit(FAILED)


def notify(
    ctx: typer.Context,
    conference: ConferenceOption,
    test: Annotated[
        bool, typer.Option("--test", help="Send a test message, whatever problems there are.")
    ] = False,
    output: FormatOption = "table",
) -> None:
    """Send the problems that are new to a chat or by email.

    These are new discrepancies, failing syncs and dead workers, each sent once. The worker does it
    every five minutes where [po_toolkit.notify] is set; without a worker, run it by cron.

    Example: po-toolkit notify --conference pycon-2027
    """
    from po_toolkit.api import notices

    settings = settings_of(ctx)
    if not settings.notify.wanted:
        wrong_usage(
            "Nobody is to be notified. Set slack_webhook_url or email_to in [po_toolkit.notify]."
        )
    if test:
        notices.send(settings.notify, f"po-toolkit: {conference}", ["This is a test."])
        sent = ["This is a test."]
    else:
        sent = notices.notify(named_conference(ctx, conference), settings.notify)
    if output == "json":
        print_json({"sent": sent})
        return
    typer.echo(f"Sent: {count(len(sent), 'new problem')}")
    for line in sent:
        typer.echo(line)


def forget(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(metavar="EMAIL", help="Whose data, in any case.")],
    attached: Annotated[
        str,
        typer.Option(
            "--attached",
            metavar="keep|delete",
            help="What becomes of files attached to the contact's purchase orders.",
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    output: FormatOption = "table",
) -> None:
    """Replace a contact's personal data by a pseudonym.

    That is the email address, and the name and phone number. Refused while a purchase
    order that is not settled needs the contact. What the books need is kept and listed: the ledger,
    bank lines, closing reports, the sponsor's name and address, sent invoices.

    Example: po-toolkit forget ada@example.org
    """
    from po_toolkit.api.personal_data import ATTACHED
    from po_toolkit.api.personal_data import forget as forget_address

    settings = settings_of(ctx)
    if attached and attached not in ATTACHED:
        wrong_usage(f"--attached is {attached!r}; use keep or delete.")
    if not yes:
        if not sys.stdin.isatty():
            wrong_usage("There is no terminal to ask on, so nothing was done. Add --yes.")
        if not typer.confirm(f"Replace {address} for good? This cannot be undone.", err=True):
            complain("Stopped; nothing was done.")
            raise typer.Exit(FAILED)
    try:
        found = forget_address(settings, address, attached=attached)
    except PurchaseOrderError as error:
        if error.code != "choice_needed":
            raise
        complain(f"{error} Add --attached keep or --attached delete.")
        raise typer.Exit(WRONG_USAGE) from error
    if output == "json":
        print_json(found.as_json())
        return
    typer.echo(f"Replaced by {found.pseudonym}")
    rows = [(name, number, "replaced") for name, number in found.replaced.items()]
    rows += [(name, number, "kept") for name, number in found.kept.items()]
    print_table(("Table", "Rows", "Outcome"), rows, right=(1,))
    for customer in found.stripe_customers:
        remark(f"Delete this customer in Stripe's dashboard too: {customer}")


def copy_database(
    ctx: typer.Context,
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="The new, empty database's address.")
    ],
    output: FormatOption = "table",
) -> None:
    """Copy the database into an empty one, and prove the copy.

    Counts, sums and every value of every table are compared; if anything differs, nothing is
    kept. Stop the app, webhook service and workers first; then put the new address into the
    settings.

    Example: po-toolkit copy-database --to postgresql://po_toolkit@db.example.org/po_toolkit
    """
    from po_toolkit.api.copying import copy_books
    from po_toolkit.config import shown_url

    settings = settings_of(ctx)
    proofs = copy_books(settings, to, datetime.now(UTC))
    if output == "json":
        print_json({"tables": [proof.as_json() for proof in proofs]})
        return
    print_table(
        ("Table", "Rows", "Amounts", "SHA-256 of all rows"),
        [(p.table, p.rows, p.amounts, p.digest) for p in proofs],
        right=(1,),
    )
    rows = sum(proof.rows for proof in proofs)
    typer.echo(f"\nCopied and proven: {rows:,} rows of {len(proofs)} tables.")
    remark(
        f"Next: put the address of {shown_url(to)} into the settings as database_url, and keep the "
        f"old database until the first reconcile."
    )
