"""``init``, ``status``, ``demo``, ``worker``, ``stripe-check`` and ``stripe-sim``."""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from po_toolkit.cli.console import (
    FAILED,
    PARTIAL,
    complain,
    count,
    named_conference,
    print_json,
    print_table,
    refuse_taken,
    remark,
    settings_of,
    write_bytes,
    wrong_usage,
)
from po_toolkit.cli.options import ConferenceOption, FormatOption, TableFormat
from po_toolkit.errors import extra
from po_toolkit.logs import configure_logging

if TYPE_CHECKING:
    from po_toolkit.api.stripe_check import CheckReport
    from po_toolkit.config import Settings


def init(
    ctx: typer.Context,
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh", help="Rename the old database file, and begin with an empty one (SQLite)."
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --fresh: also where live invoices are in it.")
    ] = False,
) -> None:
    """Create or migrate the database; safe to repeat.

    Each conference in the settings gets its row. The tables are compared with those of this
    release.

    Example: po-toolkit init
    """
    from po_toolkit.api.opening import make_database
    from po_toolkit.config import DEFAULT_CONFIG, EXAMPLE_SETTINGS, shown_url

    settings = settings_of(ctx)
    if kept := make_database(settings, fresh=fresh, despite_live=yes):
        typer.echo(f"The old database is kept as {kept}")
    typer.echo(f"Database ready: {shown_url(settings.database_url)}")
    for slug, conference in sorted(settings.conferences.items()):
        key = f"Stripe {conference.mode} mode" if conference.mode != "none" else "no Stripe key yet"
        typer.echo(f"Conference: {slug} ({conference.name}), {key}")
    if not settings.conferences:
        where = settings.config_file or DEFAULT_CONFIG
        remark(f"There is no conference yet. Write one into {where}:\n\n{EXAMPLE_SETTINGS}")


def setup(
    ctx: typer.Context,
    name: Annotated[str, typer.Option(help="The conference's name, such as PyCon 2027.")] = "",
    slug: Annotated[
        str, typer.Option("--id", help="Its ID in addresses and commands; default: from the name.")
    ] = "",
    currency: Annotated[str, typer.Option(help="Three letters, such as usd.")] = "",
    timezone: Annotated[str, typer.Option(help="Such as Europe/Berlin.")] = "",
    key: Annotated[
        str,
        typer.Option(
            "--key-file",
            metavar="FILE",
            help="A file with Stripe's secret key; asked for on a terminal without it.",
        ),
    ] = "",
) -> None:
    """Set up a conference by answering questions.

    Writes it into the settings file, which only you can read, and makes the database. Stripe is
    asked whose key it is; one that it refuses is not kept. A key is
    never given on the command line, where other programs see it. Without a terminal --name,
    --currency and --timezone are needed; exit code 2 names what is missing.

    Example: po-toolkit setup
    """
    from po_toolkit.api.first_run import suggested_slug, write_conference

    asks = sys.stdin.isatty()
    given = {"--name": name, "--currency": currency, "--timezone": timezone}
    if not asks and (missing := [option for option, value in given.items() if not value]):
        wrong_usage(f"There is no terminal to ask on; give {', '.join(missing)}.")
    name = name or typer.prompt("Name of the conference")
    if asks:
        slug = slug or typer.prompt("ID, used in addresses and commands", suggested_slug(name))
    currency = currency or typer.prompt("Currency", "usd")
    timezone = timezone or typer.prompt("Timezone, such as Europe/Berlin", "UTC")
    given_config = ctx.find_root().obj
    config = Path(given_config) if given_config else None
    secret = _checked(config, Path(key).read_text("utf-8")) if key else ""
    if asks and not key:
        secret = _asked_key(config)
    path, made = write_conference(
        config,
        name=name,
        slug=slug,
        currency=currency,
        timezone=timezone,
        stripe_secret_key=secret,
    )
    typer.echo(f"Conference {made} is in {path}, which only you can read. The database is ready.")
    typer.echo("Next: po-toolkit app, or po-toolkit import FILE --conference " + made)


def _checked(config: Path | None, key: str) -> str:
    """Return a key that Stripe did not refuse, without what is around it, and say whose it is."""
    from po_toolkit.api.first_run import whose_key

    key = key.strip()
    if key:
        remark(whose_key(config, key))
    return key


def _asked_key(config: Path | None) -> str:
    """Ask for a key until Stripe does not refuse it."""
    from po_toolkit.api.first_run import KEY_HELP
    from po_toolkit.errors import StripeAuthenticationError

    typer.echo(KEY_HELP)
    while True:
        secret = typer.prompt("Stripe key (not shown; Enter to add it later)", "", hide_input=True,
                              show_default=False)  # fmt: skip
        try:
            return _checked(config, secret)
        except StripeAuthenticationError as error:
            remark(str(error))


def rename(
    ctx: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The name in the database.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The name in the settings.")],
) -> None:
    """Give a conference's data to its new name in the settings.

    Without it a new name is a new conference, which would bill everybody again.

    Example: po-toolkit rename pycon-27 pycon-2027
    """
    from po_toolkit.api.opening import rename_conference

    orders = rename_conference(settings_of(ctx), old, new)
    typer.echo(f"Conference {old} is now {new}, with its {orders} purchase orders.")


def archive(ctx: typer.Context, conference: ConferenceOption) -> None:
    """Archive a conference's data, so that it begins empty.

    For test data before the first live invoice, or another Stripe account. Nothing is deleted.

    Example: po-toolkit archive --conference pycon-2027
    """
    from po_toolkit.api.opening import archive_conference

    name = archive_conference(settings_of(ctx), conference)
    typer.echo(f"The data of {conference} are kept as {name}; {conference} is empty now.")


def status(ctx: typer.Context, output: FormatOption = "table") -> None:
    """Show the settings in force and what the database holds.

    Keys are obfuscated. Changes nothing and calls nobody.

    Example: po-toolkit status --format json
    """
    from po_toolkit.api.status import UNUSABLE, installation_status

    found = installation_status(settings_of(ctx), datetime.now(UTC))
    if output == "json":
        print_json(found)
    else:
        _print_status(found)
    if found["remedy"]:
        remark(f"Next: po-toolkit {' '.join(found['remedy'])}")
    if found["database"].startswith(UNUSABLE):
        raise typer.Exit(FAILED)


_PLAIN = ("version", "config_file", "database_url", "database", "stripe_api_base")
_UNSET = {"last_sync_error": "none"}
"""What is said of a fact that is not there; of a time: never."""

_CALLED = {
    "last_sync_at": "Last sync",
    "last_sweep_at": "Last full sync",
    "last_sweep": "Compared then",
    "found": "added here",
    "issued": "ready to deliver",
    "set_aside": "on hold",
}
"""Codes that people read in other words."""


def _print_status(found: dict[str, Any]) -> None:
    from po_toolkit.api.terms import label

    print_table(
        ("Setting", "Value"),
        [(label(name), found[name] or "(not set)") for name in _PLAIN],
    )
    for conference in found["conferences"]:
        typer.echo("")
        print_table(
            (conference["slug"], ""),
            [
                (_CALLED.get(name) or label(name), _in_words(name, value))
                for name, value in conference.items()
                if name != "slug"
            ],
        )
    if not found["conferences"]:
        from po_toolkit.config import EXAMPLE_SETTINGS

        remark(f"There is no conference in the settings. For example:\n\n{EXAMPLE_SETTINGS}")


def _in_words(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return ", ".join(_counted(number, code) for code, number in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "(not set)"
    if value is None:
        return _UNSET.get(name, "never")
    return datetime.fromisoformat(value) if name.endswith("_at") else str(value)


def _counted(number: int, code: str) -> str:
    words = _CALLED.get(code, code.replace("_", " "))
    return f"{number:,} {words.removesuffix('s') if number == 1 else words}"


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Print the reconciliation and stop; serve no app.")
    ] = False,
    port: Annotated[
        int, typer.Option(metavar="N", min=1, max=65535, help="The app's port.")
    ] = 8501,
    output: Annotated[
        TableFormat, typer.Option("--format", help="How --once prints the reconciliation.")
    ] = "table",
) -> None:
    """Play the whole job on sample data, then serve the app.

    Three spreadsheets are imported, the invoices go to a Stripe simulator on this machine,
    sponsors pay in full, in part, too much and by wire, the webhooks come in, and the
    reconciliation must add up to the cent: exit code 1 if it does not. Needs no settings and
    leaves nothing behind.

    Example: po-toolkit demo --once
    """
    from po_toolkit.api.reports import export

    with extra("app"):
        from po_toolkit.demo import play, serve_app

    if not once:
        refuse_taken("127.0.0.1", port)
    with play(remark) as played:
        content = export(played.reconciliation, output)
        write_bytes(content, None, binary=output == "xlsx")
        for difference in played.differences:
            complain(difference)
        if played.differences:
            raise typer.Exit(FAILED)
        remark("Every row and every currency adds up to the last unit.")
        if not once:
            serve_app(played.stage, port, remark)


def worker(
    ctx: typer.Context,
    sync_minutes: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Sync each conference every N minutes, compare everything at night, and remind "
            "where remind_from_hour is set; 0: none of these.",
        ),
    ] = 15,
    check: Annotated[
        bool,
        typer.Option("--check", help="Start none; check that one runs, for health checks."),
    ] = False,
) -> None:
    """Run batches, webhook events and syncs until stopped.

    You need it only once one machine is not enough: the app, invoice and webhook serve process
    their queues themselves. Any number of workers may run on one PostgreSQL. Stopped by Ctrl-C or
    SIGTERM, it finishes what it has begun; killed, it loses nothing: another worker does the rest
    within 30 seconds. With --check the exit code is 1 when none was seen within the last minute.

    Example: po-toolkit worker
    """
    from po_toolkit.jobs.worker import Worker

    settings = settings_of(ctx)
    if check:
        _check_worker(settings)
        return
    configure_logging(logging.INFO, server=True)
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    every = timedelta(minutes=sync_minutes) if sync_minutes else None
    with Worker(settings, sync_every=every):
        remark("Working. Stop with Ctrl-C.")
        stop.wait()
    remark("Stopped. Nothing was left unfinished.")


def _check_worker(settings: Settings) -> None:
    from po_toolkit.api.activity import monitoring_figures
    from po_toolkit.api.opening import open_database

    found = monitoring_figures(open_database(settings, make=False), datetime.now(UTC)).workers
    if not found:
        complain("No worker runs. Start one: po-toolkit worker")
        raise typer.Exit(FAILED)
    typer.echo(f"{count(found, 'worker')} running.")


def stripe_check(
    ctx: typer.Context,
    conference: ConferenceOption,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the result to this file as JSON.")
    ] = None,
    output: FormatOption = "table",
) -> None:
    """Check on a test account that Stripe behaves as expected.

    Run it once before going live, with a test-mode key of the same Stripe account; a live key is
    refused before any call. It plays short scenes under customers named 'po-toolkit stripe-check',
    takes a few minutes, and cleans up; paid test invoices cannot be removed. Exit code 3 when a
    belief is broken; what that means for you is printed with it.

    Example: po-toolkit stripe-check --conference pycon-test --out stripe-check.json
    """
    from po_toolkit.api.stripe_check import check_stripe, refuse_other_than_test_keys
    from po_toolkit.errors import SettingsError

    opened = named_conference(ctx, conference)
    try:
        refuse_other_than_test_keys(opened)
    except SettingsError as error:
        wrong_usage(str(error))
    report = check_stripe(opened, progress=lambda scene: remark(f"{scene} …"))
    if out is not None:
        out.write_text(json.dumps(report.as_json(), ensure_ascii=False, indent=2) + "\n", "utf-8")
        remark(f"Written: {out}")
    if output == "json":
        print_json(report.as_json())
    else:
        _print_check(report)
    for name in report.left:
        remark(f"Left at Stripe, remove it by hand: {name}")
    broken = [finding for finding in report.findings if finding.outcome == "broken"]
    for finding in broken:
        complain(f"{finding.belief}: {finding.detail}. {finding.meaning}")
    if broken:
        raise typer.Exit(PARTIAL)


def _print_check(report: CheckReport) -> None:
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


def stripe_sim(
    port: Annotated[
        int, typer.Option(metavar="N", min=1, max=65535, help="The port to listen on.")
    ] = 12111,
) -> None:
    """Run the Stripe simulator until stopped.

    Invoices and payments without an account: any key that looks like a Stripe key is an account
    by itself, and its state is kept in memory.

    Example: po-toolkit stripe-sim --port 12111, and in another terminal
    PO_TOOLKIT_STRIPE_API_BASE=http://127.0.0.1:12111 po-toolkit sync --conference pycon-2027
    """
    with extra("webhook"):
        from po_toolkit.simulator import serve

    refuse_taken("127.0.0.1", port)
    remark(f"Stripe simulator: PO_TOOLKIT_STRIPE_API_BASE=http://127.0.0.1:{port}")
    serve(port=port)
