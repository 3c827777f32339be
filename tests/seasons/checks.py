"""What must hold whenever the faults have stopped and everything has come to rest."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import typer
from sqlalchemy import select
from typer.exceptions import TyperException
from typer.testing import CliRunner

from po_toolkit import config
from po_toolkit.api import invoices, opening
from po_toolkit.api.bank_matching import match_bank
from po_toolkit.api.payouts import pull_payouts
from po_toolkit.api.reports import journal, reconcile, verify_closed
from po_toolkit.api.sync import sync_conference
from po_toolkit.api.webhook_work import work_events
from po_toolkit.cli import app
from po_toolkit.domain.discrepancies import DISCREPANCY_CLASSES
from po_toolkit.domain.roles import STRIPE
from po_toolkit.errors import Remedy
from po_toolkit.jobs import batches
from po_toolkit.payments.stripe_invoices import RECORD_MARK
from po_toolkit.reconcile import reconcile_conference
from po_toolkit.reconcile.books import open_books
from po_toolkit.reconcile.closed_report import closed_report as make_report
from po_toolkit.reconcile.discrepancies import invoice_without_order
from po_toolkit.reconcile.journal import Accounts
from po_toolkit.reconcile.tie_out import tie_out
from po_toolkit.simulator.events import shown
from po_toolkit.store import audit_chain
from po_toolkit.store.tables import (
    AuditEntry,
    BankMatch,
    BankTransaction,
    InvoiceBatch,
    Job,
    MoneyIntent,
    Reminder,
    StripeWrite,
    WebhookEvent,
)
from tests.seasons.acts import (
    TWICE,
    bank_name,
    excludes_what_is_there_twice,
    hear,
    load,
    need_a_reason,
    run_worker,
)
from tests.seasons.machine import need
from tests.seasons.world import KEY, SLUG, Laptop, World

SAY_NOTHING_OF_SUMS = {
    "overdue", "two_alike", "customer_differs", "not_invoiced", "overpaid", "paid_twice",
}  # fmt: skip
"""Classes that do not explain why an invoice asks another sum than is owed."""

WAYS = ("webhooks", "sync", "both")
"""How what happened at Stripe comes in when all is quiet: each way alone must bring all of it."""

FOLLOWS_EVERY = 5
"""In every fifth season the remedies of what is named at its end are carried out."""

COUNTS = {"open", "paid", "uncollectible"}


def come_to_rest(w: World, way: str = "both") -> None:
    """Do what runs by itself until there is nothing left to do.

    Args:
        w: The season's world.
        way: One of :data:`WAYS`.

    Raises:
        TroubleError: There is no end to it.
    """
    if w.machine.world.account(KEY).holds_events or w.machine.world.account(KEY).held:
        w.sim.release_events(account=KEY)
    _what_was_heard_is_booked(w)
    w.sim.advance(600)  # leases of the dead run out
    follow_remedies(w, shown_lately(w))
    w.collect_mail()
    if way == "sync":  # the service is down, and these deliveries never come
        _synced(w.books)
    else:
        hear(w, w.unheard)
    w.unheard.clear()
    if way == "webhooks":
        for _ in range(9):
            if not work_events(w.books.open("webhook").acting_as(STRIPE), limit=500):
                w.sim.advance(1000)
        _what_was_heard_is_booked(w)
    for _ in range(9):
        run_worker(w, turns=3)
        work_events(w.books.open("webhook").acting_as(STRIPE), limit=500)
        if not _waits(w):
            break
        _resume_paused(w)
        w.sim.advance(1000)  # what failed before waits at most a quarter of an hour
    _finish_what_was_begun(w)
    if len(w.bank.lines) > w.bank.loaded:
        load(w)
    excludes_what_is_there_twice(w)
    pull_payouts(w.books.open("sync"))
    match_bank(w.books.open("treasurer"), apply=True)
    for laptop in filter(None, (w.books, w.other)):
        swept = _synced(laptop)
        need(swept.sweep is not None and not swept.sweep.only_here, f"only here: {swept.sweep}")
    waits = _waits(w, tasks=False)
    need(not waits, f"stuck: {waits}")


def _resume_paused(w: World) -> None:
    """Whoever sees a paused batch resumes it."""
    coordinator = w.books.open("coordinator")
    with w.books.store.reading() as session:
        paused = session.query(InvoiceBatch.id).filter_by(state="paused").all()
    for (batch_id,) in paused:
        w.tell(f"batch {batch_id} was paused and is resumed")
        batches.resume(coordinator, batch_id)


def _finish_what_was_begun(w: World) -> None:
    """Whoever was cut off while invoicing does the same again."""
    begun = [
        o.reference for o in w.books.orders()
        if o.live_invoice is not None and o.live_invoice.step != "done"
    ]  # fmt: skip
    if begun:
        w.tell(f"what was begun is finished: {', '.join(begun)}")
        report = invoices.invoice_purchase_orders(w.books.open("coordinator"), references=begun)
        for result in report.results:
            need_a_reason(w, result)
            w.tell(f"({result.outcome} {result.reference} {result.error})")
            w.shown += ways_on(result.error)


MOST_FOLLOWED = 3
"""So many remedies are carried out at one rest; all are parsed."""

FOLLOWED = {
    ("sync",), ("invoice",), ("adopt",), ("cancel",), ("reissue",), ("resend",), ("credit-note",),
    ("reconcile",), ("bank", "undo"),
}  # fmt: skip
"""Commands that may be carried out whatever the world's truth; money is only typed that came."""

GUESSES = {"--bill-again", "--again"}
"""Options by which a person says what only they know."""


def ways_on(error: Any) -> list[Remedy]:
    """Return the remedies that an error or a reason names."""
    remedy = getattr(error, "remedy", None)
    return [r for r in (remedy, remedy.otherwise) if r is not None] if remedy is not None else []


def shown_lately(w: World) -> list[Sequence[str]]:
    """Return each command that an error showed since the last rest, the newest first."""
    shown = dict.fromkeys(tuple(remedy.command) for remedy in reversed(w.shown))
    w.shown.clear()
    return list(shown)


def _of_discrepancies(w: World, orders: list[Any], named: Named) -> list[Sequence[str]]:
    """Return the commands that the discrepancies name, of each class those of one."""
    found = {}
    by_reference = {o.reference: o for o in orders}
    for row in named.discrepancies.to_dict("records"):
        order = by_reference.get(row["reference"])
        live = order.live_invoice if order is not None else None
        fill = {
            "conference": SLUG, "reference": row["reference"], "amount": "1.00", "line": "1",
            "entry": "1", "invoice": live.stripe_invoice_id if live else "in_1",
            "other": row["reference"],
        }  # fmt: skip
        for command in DISCREPANCY_CLASSES[row["code"]].commands:
            words = shlex.split(command.format_map(fill))[1:]
            if row["reference"] or "{reference}" not in command:
                found[row["code"], command] = words
    return list(found.values())


def follow_remedies(w: World, commands: list[Sequence[str]]) -> None:
    """Carry out what the toolkit has named as a way on, at the command line.

    Raises:
        TroubleError: A command is none, fails without a reason, or names itself as the way on.
    """
    left = MOST_FOLLOWED
    for command in commands:
        _parses(command)
        kind = tuple(command[:2]) if command[0] == "bank" else tuple(command[:1])
        if kind not in FOLLOWED or GUESSES & set(command) or not left:
            continue
        left -= 1
        w.tell(f"follows the remedy: {shlex.join(command)}")
        if command[0] == "resend":
            w.truth.resent[command[1]] += 1
        done = _at_the_terminal(w, command)
        w.machine.visited[f"remedy {' '.join(kind)} {done.exit_code}"] += 1
        if done.exit_code == 0 and command[0] == "cancel":
            w.truth.cancelled.add(command[1])
        w.tell(f"(exit {done.exit_code}: {done.output.strip()[-200:]})")
        need(
            done.exit_code == 0
            or not any(
                line.endswith(f"po-toolkit {shlex.join(command)}")
                for line in done.output.splitlines()
            ),
            f"{shlex.join(command)} fails and names itself as the way on",
        )


def _parses(command: Sequence[str]) -> None:
    found: Any = _commands()
    words = list(command)
    context = None
    while hasattr(found, "commands"):
        need(words and words[0] in found.commands, f"{command} is no command")
        context = found.make_context(words[0], [], parent=context, resilient_parsing=True)
        found = found.commands[words.pop(0)]
    try:
        found.make_context(command[0], words, parent=context).close()
    except TyperException as error:
        need(False, f"{shlex.join(command)} is named as a remedy: {error}")


@cache
def _commands() -> Any:
    return typer.main.get_command(app)


def _at_the_terminal(w: World, command: Sequence[str]) -> Any:
    """Run a command in this process, on the season's database and by its clock."""

    def opened(*_: Any, **__: Any) -> Any:
        return w.books.open("at the terminal")

    def others_work(seconds: float) -> None:
        w.sim.advance(seconds)
        run_worker(w, turns=1)

    with (
        mock.patch("typer.testing._get_command", return_value=_commands()),  # else made each time
        mock.patch.object(config, "load_settings", return_value=w.books.settings),
        mock.patch.object(opening, "open_conference", opened),
        mock.patch.object(opening, "open_conference_of", opened),
        mock.patch.object(opening, "open_database", return_value=w.books.store),
        mock.patch.object(batches, "Worker", return_value=mock.MagicMock(stuck=False)),  # no thread
        mock.patch.dict(batches.wait_for.__kwdefaults__, sleep=others_work),
    ):
        done = CliRunner().invoke(app, list(command), prog_name="po-toolkit", input="")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def _synced(laptop: Laptop) -> Any:
    """Sync, then sweep, which finds nothing more; return what the sweep said."""
    report = sync_conference(laptop.open("sync"))
    if report.problems:
        report = sync_conference(laptop.open("sync"))
    need(not report.problems, f"stuck: the sync ends with {report.problems}")
    swept = sync_conference(laptop.open("sync"), full=True)
    need(not swept.problems, f"stuck: the sweep ends with {swept.problems}")
    need(not swept.changes, f"the sweep found what the sync had not: {swept.changes}")
    return swept


def _what_was_heard_is_booked(w: World) -> None:
    """What all its deliveries told of is in the books without any sync, or waits in the queue."""
    with w.books.store.reading() as session:
        done = WebhookEvent.state.in_(("processed", "ignored"))
        worked = set(session.scalars(select(WebhookEvent.stripe_event_id).where(done)))
    orders = w.books.orders()
    read = (i for o in orders for i in o.invoices if i.step == "done" and i.stripe_read_at)
    known = {i.stripe_invoice_id: i for i in read}
    booked = {e.source_id for o in orders for e in o.entries}
    credited = {n.stripe_credit_note_id for o in orders for n in o.credit_notes}
    unheard, last = set(), {}
    for event in w.at_stripe("event"):
        thing = shown(event)["data"]["object"]
        if "id" not in thing:
            continue
        last[thing["id"]] = thing["object"], event["type"]
        if event["id"] not in w.truth.heard & worked:
            unheard.add(thing["id"])
    ours = {
        p["payment"].get("payment_intent") or p["payment"].get("charge")
        for p in w.at_stripe("invoice_payment")
        if p["id"] in booked and p["payment"]["type"] != "payment_record"
    }
    for name in last.keys() - unheard:
        kind = last[name][0]
        if kind not in ("invoice", "invoice_payment", "refund", "dispute", "credit_note"):
            continue
        thing = next((x for x in w.at_stripe(kind) if x["id"] == name), None)
        if thing is None or thing.get("deleted"):
            continue
        behind = thing.get("payment_intent") or thing.get("charge")
        if kind == "invoice":
            right = name not in known or known[name].stripe_status == thing["status"]
        elif kind == "invoice_payment":
            right = (
                thing["status"] != "paid"
                or not thing["amount_paid"]  # all was too much: its invoice's events say how much
                or thing["invoice"] not in known
                or name in booked
                or thing["payment"]["type"] == "payment_record"
            )
        elif kind == "credit_note":
            right = thing["invoice"] not in known or name in credited
        else:
            ended = ("failed", "canceled", "won")
            right = behind not in ours or name in booked or thing["status"] in ended
        need(right, f"{name} was delivered and worked ({last[name][1]}), and is not in the books")


def _waits(w: World, *, tasks: bool = True) -> list[Any]:
    """Return what is in a queue, and how it says why."""
    with w.books.store.reading() as session:
        found: list[Any] = [
            (x.type, x.state, x.error)
            for x in session.query(WebhookEvent).where(
                WebhookEvent.state.not_in(("processed", "ignored"))
            )
        ]
        found += [
            (x.kind, x.state, x.message)
            for x in session.query(Job).where(Job.state.in_(("waiting", "running")))
            if x.kind != "events" and (tasks or x.kind in ("invoice", "batch"))
        ]
        if not tasks:
            found += [
                (x.kind, x.step, x.error)
                for x in session.query(MoneyIntent).where(MoneyIntent.finished_at.is_(None))
            ]
    return found


def compare(w: World, *, last: bool = True) -> None:
    """Compare the books with what really was.

    Args:
        w: The season's world.
        last: The season ends here: every closed period is read again, not only the newest.

    Raises:
        TroubleError: They differ, and nothing names the difference.
    """
    follows = last and w.machine.seed % FOLLOWS_EVERY == 0
    with _books_read_once():
        named = Named(w.books)
        _compare(w, named, last=last)
        commands = _of_discrepancies(w, w.books.orders(), named) if follows else []
    if follows:
        follow_remedies(w, commands)
        come_to_rest(w)
        compare(w, last=False)


@contextmanager
def _books_read_once() -> Iterator[None]:
    """Read the books of each day once for all that looks at them: nobody writes meanwhile."""
    kept: dict[tuple[str, date], Any] = {}

    def once(store: Any, conference: Any, as_of: date) -> Any:
        key = conference.slug, as_of
        if key not in kept:
            kept[key] = open_books(store, conference, as_of)
        return kept[key]

    with (
        mock.patch("po_toolkit.reconcile.reconciliation.open_books", once),
        mock.patch("po_toolkit.reconcile.journal.open_books", once),
    ):
        yield


def _compare(w: World, named: Named, *, last: bool) -> None:
    orders = w.books.orders()
    _note_visited(w, orders)
    _every_invoice_is_known(w, named)
    _nothing_is_lost(w, orders)
    _one_invoice_each(w, orders, named)
    _as_ordered(w, orders)
    _once_at_stripe(w, orders)
    _sums(w, orders)
    _wires_once(w, orders)
    _asked(w, orders, named)
    _billed_once(w)
    _other_conference(w, orders)
    _lines(w)
    _audit(w)
    _journal(w, orders)
    _past(w, last=last)
    if last:
        _closed(w)
        _bank(w, orders, named)
        for code in sorted(set(named.discrepancies["code"])):
            w.machine.visited[f"discrepancy {code}"] += 1


class Named:
    """What a conference's reconciliation names; it is made when somebody asks."""

    def __init__(self, laptop: Laptop) -> None:
        self.laptop = laptop

    @cached_property
    def books(self) -> Any:
        opened = self.laptop.open()
        return reconcile_conference(
            opened.store, opened.conference, as_of=opened.today(), now=opened.now()
        )

    @property
    def discrepancies(self) -> Any:
        """Return all of them."""
        return self.books.discrepancies

    @cached_property
    def _by_reference(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for reference, code in self.discrepancies[["reference", "code"]].itertuples(index=False):
            found.setdefault(reference, set()).add(code)
        return found

    def __getitem__(self, reference: str) -> set[str]:
        return self._by_reference.get(reference, set())

    @cached_property
    def strays(self) -> str:
        """Return what names invoices of nobody."""
        return " ".join(invoice_without_order(self.books.books)["evidence"])


def _note_visited(w: World, orders: list[Any]) -> None:
    """Count the states that were reached, for the report of what never was."""
    visited = w.machine.visited
    for order in orders:
        visited[f"status {order.status}"] += 1
        for invoice in order.invoices:
            visited[f"invoice is {invoice.state}"] += 1
        for entry in order.entries:
            visited[f"entry {entry.kind} {entry.source}"] += 1
    with w.books.store.reading() as session:
        for write in session.query(StripeWrite):
            visited[f"outbox {write.kind} {write.state}"] += 1
        for line in session.query(AuditEntry).where(AuditEntry.before.is_not(None)):
            was, is_ = ((x or {}).get("status") for x in (line.before, line.after))
            if was and is_ and was != is_:
                visited[f"from {was} to {is_}"] += 1


def owners(w: World, orders: list[Any]) -> dict[str, Any]:
    """Return whose each of our invoices is: by its metadata, or by what it revises."""
    by_uuid = {str(o.uuid): o for o in orders}
    by_reference = {o.reference: o for o in orders}
    adopted = {i.stripe_invoice_id: o for o in orders for i in o.invoices if i.adopted}
    found: dict[str, Any] = {}
    for invoice in w.at_stripe("invoice"):
        uuid = (invoice.get("metadata") or {}).get("purchase_order_uuid")
        before = (invoice.get("from_invoice") or {}).get("invoice")
        if uuid in by_uuid:
            found[invoice["id"]] = by_uuid[uuid]
        elif before in found:
            found[invoice["id"]] = found[before]
        elif invoice["id"] in w.truth.by_hand:
            owner = by_reference.get(w.truth.by_hand[invoice["id"]])
            if owner and any(i.stripe_invoice_id == invoice["id"] for i in owner.invoices):
                found[invoice["id"]] = owner
        elif invoice["id"] in adopted:
            found[invoice["id"]] = adopted[invoice["id"]]
    return found


def _every_invoice_is_known(w: World, named: Named) -> None:
    """An invoice that stands at Stripe is a purchase order's, or it is named as nobody's."""
    both = [named, Named(w.other)] if w.other else [named]
    known = {i.stripe_invoice_id for n in both for o in n.laptop.orders() for i in o.invoices}
    for invoice in w.at_stripe("invoice"):
        if invoice["status"] in COUNTS and invoice["collection_method"] == "send_invoice":
            need(
                invoice["id"] in known or any(invoice["id"] in n.strays for n in both),
                f"{invoice['id']} is {invoice['status']} at Stripe and nothing here names it",
            )


def _nothing_is_lost(w: World, orders: list[Any]) -> None:
    there = {o.reference for o in orders}
    lost = sorted(set(w.truth.orders) - there)
    need(not lost, f"purchase orders that were confirmed are gone: {lost}")
    for order in orders:
        total = w.truth.orders.get(order.reference)
        need(
            not total or order.sums.total == total,
            f"{order.reference} was typed over {total} and is over {order.sums.total}",
        )
        if order.reference in w.truth.cancelled:
            need(order.cancelled_at is not None, f"{order.reference} is not cancelled any more")
        entries = Counter(
            e.reference
            for e in order.entries
            if e.source == "manual" and e.kind == "payment"
            and not any(r.reverses_id == e.id for r in order.entries)
        )  # fmt: skip
        undone = any(e.kind == "payment_reversal" and e.source == "manual" for e in order.entries)
        for wire in w.truth.wires:
            if wire.order != order.reference:
                continue
            count = entries.pop(wire.reference, 0)
            need(count <= 1, f"{wire.reference} is {count} times on {order.reference}")
            undone = any(
                e.kind == "payment_reversal" for e in order.entries if e.source == "manual"
            )
            if wire.typed == "yes" and not wire.returned and not undone:
                need(count == 1, f"{wire.reference} was confirmed and is not on {order.reference}")
            if not wire.typed:
                need(count == 0, f"{wire.reference} is on {order.reference} and nobody typed it")
        need(not entries, f"{order.reference} has money that never came: {entries}")


def _one_invoice_each(w: World, orders: list[Any], named: Named) -> None:
    mine = owners(w, orders)
    counting: dict[str, list[dict[str, Any]]] = {}
    for invoice in w.at_stripe("invoice"):
        if invoice["id"] in mine and invoice["status"] in COUNTS:
            counting.setdefault(mine[invoice["id"]].reference, []).append(invoice)
    by_reference = {o.reference: o for o in orders}
    for order in orders:
        asking = {i["id"] for i in counting.get(order.reference, []) if i["status"] == "open"}
        replaced = {i.stripe_invoice_id for i in order.invoices if i.state in ("replaced", "void")}
        need(
            not asking & replaced,
            f"{order.reference}: {asking & replaced} was replaced and still asks",
        )
        need(
            not asking or order.reference not in w.truth.cancelled,
            f"{order.reference} was cancelled and is still asked for by {asking}",
        )
    for reference, found in counting.items():
        order = by_reference[reference]
        replaced = {i.stripe_invoice_id for i in order.invoices if i.state == "replaced"}
        live = [i for i in found if i["id"] not in replaced and i["amount_remaining"] > 0]
        need(
            len(live) <= 1,
            f"{reference} is asked for by {len(live)} invoices: {[i['id'] for i in live]}",
        )
    for reference in w.truth.invoiced:
        order = by_reference.get(reference)
        need(
            reference in counting or order.cancelled_at or named[reference] or order.invoices,
            f"{reference} was said to be invoiced and has none that counts",
        )


def _as_ordered(w: World, orders: list[Any]) -> None:
    """What a sponsor reads on its invoice is the purchase order's."""
    at_stripe = {i["id"]: i for i in w.at_stripe("invoice")}
    customers = {c["id"]: c for c in w.at_stripe("customer")}
    for order in orders:
        live = order.live_invoice
        said = at_stripe.get(live.stripe_invoice_id) if live is not None else None
        if said is None or live.adopted or live.step != "done" or said.get("from_invoice"):
            continue
        fields = {f["name"]: f["value"] for f in said.get("custom_fields") or ()}
        need(order.po_number in fields.values(), f"{said['id']} names no PO number: {fields}")
        need(said["currency"] == order.currency, f"{said['id']} is in {said['currency']}")
        need(not said["discounts"], f"{said['id']} of {order.reference} has a discount")
        _due_as_ordered(order, said)
        customer = customers[said["customer"]]
        need(
            customer["id"] in w.truth.changed or customer["email"] == order.contact_email,
            f"{said['id']} of {order.reference} goes to {customer['email']}",
        )
        named = said["metadata"].get("purchase_order_ref")
        need(named == order.reference, f"{said['id']} of {order.reference} names {named}")


def _due_as_ordered(order: Any, said: dict[str, Any]) -> None:
    """It is due on the purchase order's day, or so many days after it was made or sent."""
    due = datetime.fromtimestamp(said["due_date"], UTC)
    if order.due_date is not None:
        day = due.astimezone(ZoneInfo("America/New_York")).date()
        need(day == order.due_date, f"{said['id']} is due on {day}, ordered {order.due_date}")
        return
    days = timedelta(days=30 if order.days_until_due is None else order.days_until_due)
    made = datetime.fromtimestamp(said["created"], UTC)
    sent = said["status_transitions"]["finalized_at"]
    last = datetime.fromtimestamp(sent, UTC) if sent else made
    need(
        made + days <= due <= last + days or due.date() == (made + days).date(),
        f"{said['id']} of {order.reference} is due {due}, made {made}, with {days.days} days",
    )


MARKS = {
    "refund": "refund_uuid",
    "credit_note": "credit_note_uuid",
    "payment_record": RECORD_MARK,
}


def _once_at_stripe(w: World, orders: list[Any]) -> None:
    """What somebody asked for once was done once at Stripe, and what was refused was not."""
    attached = {p["payment"].get("payment_record") for p in w.at_stripe("invoice_payment")}
    for noun, mark in MARKS.items():
        made: dict[str, list[str]] = {}
        for thing in w.at_stripe(noun):
            named = (thing.get("metadata") or {}).get(mark)
            if named and (noun != "payment_record" or thing["id"] in attached):
                made.setdefault(named, []).append(thing["id"])
        for found in made.values():
            need(len(found) == 1, f"one {noun} was made {len(found)} times: {found}")
    _invoices_once(w)
    _refused_by_stripe(w)
    _refunds_asked_for(w)
    _mailed_as_asked(w, orders)


def _refused_by_stripe(w: World) -> None:
    """What a person was told is refused, Stripe did refuse."""
    with w.books.store.reading() as session:
        refused = select(StripeWrite.idempotency_key).where(
            StripeWrite.state == "refused",
            StripeWrite.kind.not_in(["draft_deletion"]),  # no key
        )
        unsaid = set(session.scalars(refused)) - w.machine.refused
    need(not unsaid, f"Stripe has not refused {sorted(unsaid)}, and they count as refused")


def _invoices_once(w: World) -> None:
    made: dict[str, list[str]] = {}
    for invoice in w.at_stripe("invoice"):
        of = invoice.get("metadata") or {}
        if "purchase_order_uuid" in of and not invoice.get("from_invoice"):
            key = f"{of['purchase_order_uuid']} {of.get('generation')}"
            made.setdefault(key, []).append(invoice["id"])
    if not w.restored:
        for found in made.values():
            need(len(found) == 1, f"one invoice was made {len(found)} times: {found}")


def _refunds_asked_for(w: World) -> None:
    back: Counter[str] = Counter()
    for refund in w.at_stripe("refund"):
        of = refund.get("metadata") or {}
        if "refund_uuid" in of:
            back[of["purchase_order_ref"]] += refund["amount"]
    for reference, amount in back.items():
        asked = sum(
            a.amount for a in w.truth.refunds if a.order == reference and a.state != "refused"
        )
        need(
            amount <= asked,
            f"{reference}: {amount} went back through Stripe, asked for were {asked}",
        )


def _mailed_as_asked(w: World, orders: list[Any]) -> None:
    mails = Counter(
        shown(e)["data"]["object"]["id"]
        for e in w.at_stripe("event") if e["type"] == "invoice.sent"
    )  # fmt: skip
    with w.books.store.reading() as session:
        reminded = Counter(
            r.stripe_invoice_id for r in session.query(Reminder)
            if r.state not in ("passed", "drafted")
        )  # fmt: skip
    for order in orders:
        for invoice in order.invoices:
            name = invoice.stripe_invoice_id
            most = 1 + w.truth.resent[order.reference] + reminded[name]
            need(
                mails[name] <= most or w.restored,
                f"{name} of {order.reference} was mailed {mails[name]} times, at most {most} asked",
            )


@dataclass
class AtStripe:
    """What Stripe has on each purchase order, by reference."""

    paid: Counter[str] = field(default_factory=Counter)
    back: Counter[str] = field(default_factory=Counter)
    credited: Counter[str] = field(default_factory=Counter)


def at_stripe(w: World, orders: list[Any]) -> AtStripe:
    """Sum up what the simulator holds, without any of the toolkit's own reading."""
    known = {i.stripe_invoice_id for o in orders for i in o.invoices}
    mine = {name: owner for name, owner in owners(w, orders).items() if name in known}
    found = AtStripe()
    behind: dict[str, str] = {}
    for payment in w.at_stripe("invoice_payment"):
        owner, by = mine.get(payment["invoice"]), payment["payment"]
        if payment["status"] != "paid" or owner is None or by["type"] == "payment_record":
            continue
        found.paid[owner.reference] += payment["amount_requested"]
        behind[by.get("payment_intent") or by.get("charge")] = owner.reference
    for refund in w.at_stripe("refund"):
        of = behind.get(refund["payment_intent"] or refund["charge"])
        if of is not None and refund["status"] not in ("failed", "canceled"):
            found.back[of] += refund["amount"]
    for dispute in w.at_stripe("dispute"):
        of = behind.get(dispute["payment_intent"] or dispute["charge"])
        if of is not None and dispute["status"] != "won":
            found.paid[of] -= dispute["amount"]
    for note in w.at_stripe("credit_note"):
        if note["status"] == "issued" and note["invoice"] in mine:
            found.credited[mine[note["invoice"]].reference] += note["amount"]
    return found


def _outside(w: World, order: Any) -> int:
    """Return what was marked as paid outside of Stripe.

    Where a debit that was under way came in before that was read, it is what Stripe calls too much.
    """
    entries = {e.source_id: e.amount for e in order.entries}
    ids = {invoice.stripe_invoice_id for invoice in order.invoices}
    marked = Counter({i["id"]: i.get("_off_stripe", 0) for i in w.at_stripe("invoice")})
    for payment in w.at_stripe("invoice_payment"):
        if payment["status"] == "paid" and payment["payment"]["type"] == "payment_record":
            marked[payment["invoice"]] -= payment["amount_requested"]
    return sum(
        entries.get(f"{name}:outside", min(marked[name], entries.get(f"{name}:overpaid", 0)))
        for name in ids
        if marked[name] > 0
    )


def _sums(w: World, orders: list[Any]) -> None:
    really = at_stripe(w, orders)
    billed = Counter({invoice["id"]: invoice["total"] for invoice in w.at_stripe("invoice")})
    paid, back, credited = really.paid, really.back, really.credited
    by_staff: Counter[str] = Counter()
    for note in w.at_stripe("credit_note"):
        if note["status"] == "issued" and MARKS["credit_note"] not in (note["metadata"] or {}):
            by_staff[note["invoice"]] += note["amount"]
    records = {
        p["id"]: p["amount_requested"]
        for p in w.at_stripe("invoice_payment")
        if p["payment"]["type"] == "payment_record"
    }
    for order in orders:
        name = order.reference
        moved = sum(
            {"transfer_in": 1, "transfer_out": -1}.get(e.kind, 0) * e.amount for e in order.entries
        )
        outside = _outside(w, order)
        by_hand = sum(
            {"payment": 1, "payment_reversal": -1}.get(e.kind, 0) * e.amount
            for e in order.entries
            if e.source in ("manual", "bank")
        )
        recorded = sum(records.get(e.source_id, 0) for e in order.entries)
        back_by_hand = sum(
            e.amount for e in order.entries if e.kind == "refund" and e.source in ("manual", "bank")
        )
        need(
            back_by_hand <= w.truth.sent_back[name],
            f"{name}: {back_by_hand} went back by wire, sent were {w.truth.sent_back[name]}",
        )
        only_here = sum(n.amount for n in order.credit_notes if not n.stripe_credit_note_id)
        sums = order.sums
        want = paid[name] + by_hand + moved + outside + recorded
        need(sums.paid == want, f"{name}: the ledger has {sums.paid} paid, really it is {want}")
        want = back[name] + back_by_hand
        need(
            sums.refunded == want,
            f"{name}: the ledger has {sums.refunded} refunded, really it is {want}",
        )
        want = credited[name] + only_here
        need(
            sums.credited == want,
            f"{name}: {sums.credited} is credited here, at Stripe and here {want}",
        )
        balance = sums.total - sums.credited - sums.paid + sums.refunded
        need(sums.balance == balance, f"{name}: the balance is {sums.balance}, it is {balance}")
        # An invoice whose money went back before it was made asks for that again, and all of it can
        # be credited at Stripe.
        most = max([sums.total, *(billed[i.stripe_invoice_id] for i in order.invoices)])
        # Staff may credit in the dashboard what is credited here and Stripe was not told of.
        ours = sums.credited - sum(by_staff[i.stripe_invoice_id] for i in order.invoices)
        need(ours <= most, f"{name}: {ours} of {most} is credited")
        status = _status(order, balance)
        need(order.status == status, f"{name} is {order.status}, by its sums {status}")


def _status(order: Any, balance: int) -> str:
    """Return the status that follows from the sums alone."""
    live, sums = order.live_invoice, order.sums
    if order.cancelled_at is not None:
        return "cancelled"
    if balance < 0:
        return "overpaid"
    if balance == 0 and (order.entries or order.credit_notes):
        return "paid"
    if sums.paid > 0:
        return "partially_paid"
    return "sent" if live and live.state in {"sent", "paid", "adopted"} else "draft"


def _wires_once(w: World, orders: list[Any]) -> None:
    """What a sponsor sent once past Stripe is in the books at most once."""
    booked, said = _wires_booked(w, orders), _said(w)
    for wire in w.truth.wires:
        name = wire.reference
        need(
            booked[name] <= wire.amount or name in said,
            f"{name} over {wire.amount} is in the books with {booked[name]}",
        )


def _said(w: World) -> set[str | None]:
    """Return the bank's references of lines of which a person said what they pay."""
    with w.books.store.reading() as session:
        lines = session.query(BankTransaction).where(BankTransaction.id.in_(w.truth.said))
        return {bank_name(f"{line.bank_reference} {line.text}") for line in lines}


def _wires_booked(w: World, orders: list[Any]) -> Counter[str]:
    """Return by the bank's reference what of a wire is in the books."""
    records = {r["id"]: r for r in w.at_stripe("payment_record")}
    payments = {p["id"]: p for p in w.at_stripe("invoice_payment")}
    with w.books.store.reading() as session:
        applied = session.query(BankMatch).where(BankMatch.state == "applied")
        matched = Counter(m.entry_id for m in applied if m.entry_id is not None)
    twice = [entry for entry, lines in matched.items() if lines > 1]
    need(not twice, f"entries {twice} stand for several bank lines each")
    booked: Counter[str] = Counter()
    for order in orders:
        gone = {e.reverses_id for e in order.entries if e.kind == "payment_reversal"}
        for entry in order.entries:
            if entry.kind != "payment" or entry.id in gone:
                continue
            need(
                entry.source != "bank" or entry.id in matched,
                f"{order.reference}: entry {entry.id} is of a bank line that is not matched to it",
            )
            text = f"{entry.reference} {entry.note}"
            by = (payments.get(entry.source_id) or {}).get("payment") or {}
            if entry.source == "stripe" and by.get("type") == "payment_record":
                text = str(records[by["payment_record"]]["processor_details"])
            elif entry.source == "stripe":
                continue
            if name := bank_name(text):
                booked[name] += entry.amount
    return booked


def _asked(w: World, orders: list[Any], named: Named) -> None:
    """What the sponsor's page asks is what the books say is owed, or the difference is named."""
    at_stripe = {i["id"]: i for i in w.at_stripe("invoice")}
    for order in orders:
        live = order.live_invoice
        said = at_stripe.get(live.stripe_invoice_id) if live is not None else None
        if order.cancelled_at is None and order.sums.balance > 0:
            last = order.invoices[-1].stripe_invoice_id if order.invoices else None
            ended = last in at_stripe and at_stripe[last]["status"] in ("void", "uncollectible")
            words = "voided_at_stripe" if ended else "not_invoiced" if live is None else ""
            need(
                not words or words in named[order.reference],
                f"{order.reference} owes {order.sums.balance} and is not named as {words}",
            )
        if said is None or live.step != "done":
            continue
        asks = said["amount_remaining"] if said["status"] == "open" else 0
        owed = max(order.sums.balance, 0) if order.cancelled_at is None else 0
        if asks != owed:
            need(
                named[order.reference] - SAY_NOTHING_OF_SUMS,
                f"{order.reference}: Stripe asks {asks}, the books say {owed}, "
                f"and no discrepancy says why",
            )


def _billed_once(w: World) -> None:
    """No sponsor is asked twice for one PO number, whichever database did it."""
    named, asking = w.truth.identities, {}
    for invoice in w.at_stripe("invoice"):
        uuid = (invoice.get("metadata") or {}).get("purchase_order_uuid")
        if uuid in named and invoice["status"] == "open" and invoice["amount_remaining"] > 0:
            asking.setdefault(named[uuid], {})[uuid] = invoice["id"]
    for (sponsor, number), found in asking.items():
        need(len(found) <= 1, f"{sponsor} is asked for {number} by {sorted(found.values())}")


def _audit(w: World) -> None:
    with w.books.store.reading() as session:
        proof = audit_chain.prove(session)
    need(not proof.problems, f"the audit log does not prove: {proof}")


def _journal(w: World, orders: list[Any]) -> None:
    """The journal balances, and says what the ledger says."""
    accounts, sums = Accounts(), Counter()
    for entry in journal(w.books.open(), accounts=accounts):
        need(sum(p.amount for p in entry.postings) == 0, f"{entry} does not balance")
        for posting in entry.postings:
            sums[posting.account] += posting.amount
    money = sums[accounts.stripe] + sums[accounts.bank] + sums[accounts.customer_credit]
    want = sum(o.sums.paid - o.sums.refunded for o in orders)
    need(money == want, f"the journal has {money} in all money accounts, the ledger {want}")
    want = sum(o.sums.credited for o in orders)
    need(sums[accounts.credits] == want, f"the journal has not {want} in credit notes: {sums}")


def _past(w: World, *, last: bool) -> None:
    """What a day within closed books looked like once, it looks like for ever."""
    opened, reports = w.books.open(), w.truth.reports
    if w.truth.closed and not last and not reports:
        day = max(day for day, _ in w.truth.closed) - timedelta(days=2)
        reports.setdefault(day, _report_of(opened, day))
    elif last:
        for day, before in sorted(reports.items())[:1]:
            need(_report_of(opened, day) == before, f"the books as of {day} read differently now")


def _report_of(opened: Any, day: date) -> bytes:
    return make_report(reconcile(opened, as_of=day), after=None)


def _lines(w: World) -> None:
    """Every line that the bank booked is here once."""
    with w.books.store.reading() as session:
        lines = [x.amount for x in session.query(BankTransaction) if x.set_aside != TWICE]
    need(
        len(lines) == len(w.bank.lines),
        f"the bank has {len(w.bank.lines)} lines, the books {len(lines)}",
    )
    need(
        sum(lines) == sum(x.amount for x in w.bank.lines),
        "the bank lines do not come to what the bank booked",
    )


def _other_conference(w: World, orders: list[Any]) -> None:
    """Each conference of the account has its own money, and what crosses is in neither's books.

    Credit is left out: Stripe keeps one balance for a customer, and does not say of which
    conference's overpayment an invoice has used.
    """
    if w.other is None:
        return
    theirs = w.other.orders()
    _sums(w, theirs)
    _asked(w, theirs, Named(w.other))
    ours, others = (
        {
            e.source_id
            for o in some
            for e in o.entries
            if e.source == "stripe" and ":credit:" not in (e.source_id or "")
        }
        for some in (orders, theirs)
    )
    need(not ours & others, f"two conferences have {ours & others} in their books")
    numbers = {o.po_number for o in orders}
    apart = {o.reference for o in theirs if o.po_number not in numbers}
    booked = _wires_booked(w, orders)
    for wire in w.truth.wires:
        need(
            wire.order not in apart or not booked[wire.reference] or wire.reference in _said(w),
            f"{wire.reference} names {wire.order} of another conference and is in our books",
        )


def _bank(w: World, orders: list[Any], named: Named) -> None:
    opened = w.books.open()
    found = tie_out(w.books.store, opened.conference, as_of=opened.today() + timedelta(days=9))
    need(found.checks["difference"].eq(0).all(), f"it does not tie out: {found.checks.to_dict()}")
    lines = found.bank_lines
    with w.books.store.reading() as session:
        twice = session.query(BankTransaction).filter_by(set_aside=TWICE).count()
    need(
        len(lines) == len(w.bank.lines) + twice,
        f"the bank has {len(w.bank.lines)} lines, the tie-out {len(lines)}",
    )
    parts = lines["payouts"] + lines["payments"] + lines["set_aside"] + lines["unexplained"]
    need(parts.eq(lines["amount"]).all(), "a bank line is not wholly on one side")
    said = " ".join(named.discrepancies["evidence"])
    for line in lines.loc[lines["unexplained"] > 0, "bank_line"]:
        need(f"Bank line {line} of" in said, f"bank line {line} is not explained, and not named")
    records = {
        p["id"] for p in w.at_stripe("invoice_payment") if p["payment"]["type"] == "payment_record"
    }
    came, booked = Counter(), Counter()
    for wire in w.truth.wires:
        came[wire.sponsor] += wire.amount
    for order in orders:
        signs = {"payment": 1, "payment_reversal": -1}
        booked[int(order.organization_name.split()[-1])] += sum(
            signs.get(e.kind, 0) * e.amount
            for e in order.entries
            if e.source in ("manual", "bank") or e.source_id in records
        )
    strange = w.bank.strange
    for sponsor, amount in booked.items():
        need(
            amount <= came[sponsor] + strange,
            f"sponsor {sponsor} has {amount} by wire in the books and sent {came[sponsor]}",
        )


def _closed(w: World) -> None:
    """The newest closing, and the first, which verify what lies between, read as they did."""
    opened = w.books.open()
    for day, digest in sorted({*w.truth.closed[:1], *w.truth.closed[-1:]}):
        found = verify_closed(opened, day)
        need(found.digest == digest, f"the report of {day} was exchanged")
        need(
            found.intact and found.same_again,
            f"the books closed through {day} read differently now: {found.differences}",
        )
