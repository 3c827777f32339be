"""Looks an installation over: settings, files, database, Stripe, schedules, workers, backup."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from po_toolkit.api.opening import check_connection
from po_toolkit.bootstrap import open_conference, open_database
from po_toolkit.config import Settings, shown_url, unknown_variables
from po_toolkit.context import OpenConference
from po_toolkit.domain.records import AsJson
from po_toolkit.domain.wording import count, written_day
from po_toolkit.errors import PoToolkitError, StripeGatewayError
from po_toolkit.payments.event_handlers import HANDLERS
from po_toolkit.store import cursors, workers
from po_toolkit.store.database import Store
from po_toolkit.store.overview import sqlite_path
from po_toolkit.store.schema import check_tables
from po_toolkit.stripe_gateway import server_time
from po_toolkit.stripe_gateway.client import API_VERSION

State = Literal["ok", "warning", "failed", "skipped"]

CLOCK_WARNING, CLOCK_FAILED = timedelta(seconds=30), timedelta(seconds=300)
"""How far the clock may be off; Stripe's signatures are refused above five minutes."""

SYNC_OLD, SWEEP_OLD = timedelta(hours=24), timedelta(hours=48)
BACKUP_OLD = timedelta(hours=26)

READS = (
    "balance_transactions",
    "charges",
    "credit_notes",
    "customers",
    "disputes",
    "events",
    "invoice_payments",
    "invoices",
    "payouts",
    "refunds",
)
WRITES = {
    "customers": "cus_po_toolkit_doctor",
    "invoices": "in_po_toolkit_doctor",
    "credit_notes": "cn_po_toolkit_doctor",
    "refunds": "re_po_toolkit_doctor",
}
"""What a key must be able to list, and to change: a change of an object that is not there is
refused for want of the object, or for want of the permission."""


@dataclass(frozen=True, slots=True)
class Finding(AsJson):
    """One thing that was looked at.

    Attributes:
        check: What was looked at.
        state: ok, warning, failed, or skipped where it cannot be known.
        detail: What was found, and what to do.
    """

    check: str
    state: State
    detail: str


def examine(settings: Settings, now: datetime) -> list[Finding]:
    """Look everything over; nothing is changed, here or at Stripe."""
    found = [*_settings(settings), *_files(settings)]
    try:
        store = open_database(settings, make=False)
        check_tables(store)
    except Exception as error:  # noqa: BLE001 whatever it is, the rest is looked at
        return [*found, Finding("database", "failed", _first_line(error)), _backup(settings, now)]
    found.append(Finding("database", "ok", "It answers, with the tables of this release."))
    try:
        found += _workers(store, settings, now)
        for slug, conference in sorted(settings.conferences.items()):
            opened = open_conference(slug, settings=settings, store=store, now=lambda: now)
            found += _schedules(opened)
            if conference.mode == "none":
                found.append(Finding(f"{slug} key", "warning", "No stripe_secret_key is set."))
            else:
                found += _stripe(opened, now)
    finally:
        store.engine.dispose()
    return [*found, _backup(settings, now)]


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0]


# -- this machine --------------------------------------------------------------------------------


def _settings(settings: Settings) -> Iterator[Finding]:
    where = settings.config_file or "the environment; there is no settings file"
    path = sqlite_path(settings.database_url)
    place = path.absolute() if path is not None else shown_url(settings.database_url)
    names = ", ".join(sorted(settings.conferences)) or "none"
    detail = f"Read from {where}. Database: {place}. Conferences: {names}."
    yield Finding("settings", "ok" if settings.conferences else "warning", detail)
    if unknown := unknown_variables():
        yield Finding(
            "environment variables",
            "warning",
            f"Not known, so not used: {', '.join(unknown)}. Correct or remove them.",
        )


def _files(settings: Settings) -> Iterator[Finding]:
    if os.name == "nt":
        yield Finding("file permissions", "skipped", "Windows keeps them in another way.")
        return
    looked = []
    if settings.config_file is not None:
        # The group may read it, so that a service reads what root owns.
        looked.append((settings.config_file, stat.S_IRWXO | stat.S_IWGRP, "640"))
    database = sqlite_path(settings.database_url)
    if database is not None:
        beside = (database, *(Path(f"{database}{end}") for end in ("-wal", "-shm")))
        looked += [(path, stat.S_IRWXG | stat.S_IRWXO, "600") for path in beside]
    backup = settings.backup_path
    if backup is not None:
        mode = "700" if backup.is_dir() else "600"
        looked.append((backup, stat.S_IRWXG | stat.S_IRWXO, mode))
    for path, forbidden, mode in looked:
        if not path.exists():
            continue
        there = stat.S_IMODE(path.stat().st_mode)
        if there & forbidden:
            detail = (
                f"{path} has mode {there:o}. Others can read or change it. Run: chmod {mode} {path}"
            )
            yield Finding("file permissions", "failed", detail)
        else:
            yield Finding("file permissions", "ok", f"{path} has mode {there:o}.")


def _backup(settings: Settings, now: datetime) -> Finding:
    path = settings.backup_path
    if path is None:
        return Finding(
            "backup",
            "skipped",
            "Set backup_path to have the age of the newest backup checked here.",
        )
    files = [f for f in path.rglob("*") if f.is_file()] if path.is_dir() else [path]
    times = [f.stat().st_mtime for f in files if f.exists()]
    if not times:
        return Finding("backup", "failed", f"There is none at {path}.")
    age = now - datetime.fromtimestamp(max(times), now.tzinfo)
    state: State = "ok" if age < BACKUP_OLD else "failed"
    return Finding("backup", state, f"The newest at {path} is {_age(age)} old.")


def _age(age: timedelta) -> str:
    minutes = max(int(age.total_seconds() // 60), 0)
    return count(minutes, "minute") if minutes < 120 else count(minutes // 60, "hour")


# -- the database --------------------------------------------------------------------------------


def _workers(store: Store, settings: Settings, now: datetime) -> Iterator[Finding]:
    with store.reading() as session:
        running, dead = workers.running(session, now), workers.dead(session, now)
    if running:
        yield Finding("worker", "ok", f"{count(len(running), 'worker')} running.")
    elif any(c.stripe_webhook_secret for c in settings.conferences.values()):
        yield Finding(
            "worker",
            "warning",
            "None is running, so webhook events wait. Run: po-toolkit webhook serve",
        )
    else:
        yield Finding("worker", "skipped", "None is running; none is needed without webhooks.")
    if dead:
        last = max(w.seen_at for w in dead)
        detail = (
            f"{count(len(dead), 'worker')} stopped unexpectedly, last on {written_day(last)} at "
            f"{last:%H:%M} UTC. Their work was given to others."
        )
        yield Finding("worker", "warning", detail)


def _schedules(opened: OpenConference) -> Iterator[Finding]:
    with opened.store.reading() as session:
        cursor = cursors.cursor_of(session, opened.conference)
    now = opened.now()
    times = (
        ("sync", cursor.last_sync_at if cursor else None, SYNC_OLD, ""),
        ("full sync", cursor.last_sweep_at if cursor else None, SWEEP_OLD, " --full"),
    )
    for name, at, old, option in times:
        again = f"Run: po-toolkit sync --conference {opened.slug}{option}"
        if at is None:
            yield Finding(f"{opened.slug} {name}", "warning", f"Never. {again}")
        elif now - at > old:
            yield Finding(f"{opened.slug} {name}", "warning", f"{_age(now - at)} ago. {again}")
        else:
            yield Finding(f"{opened.slug} {name}", "ok", f"{_age(now - at)} ago.")
    if cursor is not None and cursor.last_error:
        yield Finding(f"{opened.slug} sync", "failed", cursor.last_error)


# -- Stripe --------------------------------------------------------------------------------------


def _stripe(opened: OpenConference, now: datetime) -> Iterator[Finding]:
    try:
        opened.check_account()
        account = check_connection(opened)
    except PoToolkitError as error:
        yield Finding(f"{opened.slug} key", "failed", str(error))
        return
    mode = f"{account.account_id} ({account.name or 'no name'}), {opened.settings.mode} mode."
    yield Finding(f"{opened.slug} key", "ok", mode)
    yield _clock(opened, now)
    yield _permissions(opened)
    yield _endpoint(opened)


def _clock(opened: OpenConference, now: datetime) -> Finding:
    name = f"{opened.slug} clock"
    try:
        theirs = server_time(opened.stripe_api_base)
    except StripeGatewayError as error:
        return Finding(name, "skipped", str(error))
    if theirs is None:
        return Finding(name, "skipped", "Stripe's answer has no date.")
    off = abs(now - theirs)
    seconds = f"{count(round(off.total_seconds()), 'second')} apart from Stripe's clock."
    if off > CLOCK_FAILED:
        return Finding(
            name, "failed", f"{seconds} Webhooks are refused. Set up time synchronization."
        )
    return Finding(name, "warning" if off > CLOCK_WARNING else "ok", seconds)


def _permissions(opened: OpenConference) -> Finding:
    name = f"{opened.slug} permissions"
    key = opened.settings.stripe_secret_key.get_secret_value()
    if not key.startswith("rk_"):
        return Finding(name, "ok", "A secret key may do everything; a restricted one is safer.")
    gateway, change = opened.gateway, {"metadata": {"po_toolkit": "doctor"}}
    missing = [f"read {what}" for what in READS if not _permitted(gateway.read, f"/v1/{what}")]
    missing += [
        f"write {what}"
        for what, absent in WRITES.items()
        if not _permitted(
            gateway.write, f"/v1/{what}/{absent}", change, idempotency_key=f"doctor-{uuid4().hex}"
        )
    ]
    if missing:
        detail = (
            f"The key may not {', '.join(missing)}. Give it these rights in Stripe's dashboard."
        )
        return Finding(name, "failed", detail)
    return Finding(name, "ok", f"The key has all {len(READS) + len(WRITES)} rights it needs.")


def _permitted(call: Callable[..., object], *arguments: object, **named: object) -> bool:
    try:
        call(*arguments, **named)
    except StripeGatewayError as error:
        return error.code != "stripe_key_rejected"
    return True


def _endpoint(opened: OpenConference) -> Finding:
    name = f"{opened.slug} webhook"
    if not opened.settings.stripe_webhook_secret:
        return Finding(name, "skipped", "No stripe_webhook_secret is set; syncs find everything.")
    try:
        pages = opened.gateway.pages("/v1/webhook_endpoints")
        endpoints = [endpoint for page in pages for endpoint in page]
    except StripeGatewayError as error:
        return Finding(name, "skipped", f"The endpoints cannot be read: {error}")
    ours = [
        e
        for e in endpoints
        if str(e.get("url", "")).rstrip("/").endswith(f"/webhooks/stripe/{opened.slug}")
        and e.get("status") == "enabled"
    ]
    if not ours:
        detail = f"No enabled endpoint of the account ends in /webhooks/stripe/{opened.slug}."
        return Finding(name, "failed", f"{detail} Add it in Stripe's dashboard: docs/deploy.md.")
    sent = {event for endpoint in ours for event in endpoint.get("enabled_events") or ()}
    expected = set(HANDLERS) - {"invoice.payment_succeeded"}  # the older name of invoice.paid
    missing = sorted(expected - sent) if "*" not in sent else []
    if missing:
        return Finding(
            name, "failed", f"The endpoint does not send {', '.join(missing)}. Add them."
        )
    versions = sorted({str(e["api_version"]) for e in ours if e.get("api_version")} - {API_VERSION})
    if versions:
        detail = (
            f"The endpoint sends events of API version {', '.join(versions)}. Events are only "
            f"hints, so nothing is booked wrong; add an endpoint of {API_VERSION} all the same."
        )
        return Finding(name, "warning", detail)
    return Finding(name, "ok", f"{ours[0]['url']} gets every type of event that is needed.")


def as_json(found: Iterable[Finding]) -> dict[str, Any]:
    """Return the findings as the command prints them."""
    return {"findings": [finding.as_json() for finding in found]}
