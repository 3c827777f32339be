"""What the people and banks of a season do, one act each; an act tells what it does.

An act of the toolkit's users runs the toolkit's own code and may be refused in the toolkit's own
words. An act outside (a sponsor, the dashboard, the bank) changes the simulated world only.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from typing import Any

from po_toolkit import create_purchase_order
from po_toolkit.api import invoices, ledger, order_changes, reminders, reports
from po_toolkit.api.bank import import_bank_statement
from po_toolkit.api.bank_matching import (
    apply_line,
    bank_lines,
    choose,
    exclude_line,
    match_bank,
    undo_match,
)
from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.new_order import LineItem
from po_toolkit.api.payouts import pull_payouts
from po_toolkit.api.sync import sync_conference
from po_toolkit.api.webhook_work import work_events
from po_toolkit.api.webhooks import ForgedError, receive
from po_toolkit.bootstrap import open_conference
from po_toolkit.domain.roles import STRIPE, Actor, Role
from po_toolkit.errors import PoToolkitError, StripeGatewayError, StripeRefusedError
from po_toolkit.jobs import batches, tasks
from po_toolkit.money import to_major, to_minor
from po_toolkit.payments.refunds import refundable
from po_toolkit.simulator import invoices as simulated_invoices
from po_toolkit.simulator.errors import ApiError
from po_toolkit.store import audit_chain, jobs
from po_toolkit.store.schema import check_tables, migrate
from po_toolkit.store.tables import BankMatch, BankTransaction, MoneyIntent
from po_toolkit.stripe_gateway.client import API_VERSION
from tests.bank.statement import Entry, camt
from tests.seasons.machine import Disk, Killed, need
from tests.seasons.world import KEY, REMINDERS, SLUG, Asked, Laptop, Line, Wire, World
from tests.store.interrupting import interrupted

Chance = random.Random


@dataclass(frozen=True)
class Act:
    """One thing that somebody may do."""

    name: str
    actor: str
    weight: float
    do: Callable[[World, Chance], Any]


ACTS: dict[str, Act] = {}


def act(actor: str, weight: float) -> Callable[[Any], Any]:
    """Register an act."""

    def register(do: Any) -> Any:
        ACTS[do.__name__] = Act(do.__name__, actor, weight, do)
        return do

    return register


def some_order(w: World, c: Chance, wanted: Callable[[Any], bool] = lambda _o: True) -> Any:
    """Return one purchase order, mostly the one that was dealt with before, or None."""
    found = [o for o in w.books.orders() if wanted(o)]
    if c.random() < 0.6:
        found = [o for o in found if o.reference == w.favourite] or found
    chosen = c.choice(found) if found else None
    if chosen is not None:
        w.favourite = chosen.reference
    return chosen


def some(c: Chance, things: Any) -> Any:
    """Return one of the things, or None."""
    found = list(things)
    return c.choice(found) if found else None


# ---- coordinators


@act("coordinator", 8)
def types_an_order(w: World, c: Chance) -> None:
    if len(w.books.orders()) >= w.most_orders:
        return
    number, sponsor = w.number(), c.randrange(w.sponsors)
    amount = c.choice(w.amounts)
    opened, tickets = w.books.open("coordinator"), 3 if c.random() < 0.3 else 0
    due: dict[str, Any] = c.choice(
        [{}, {"days_until_due": 10}, {"due_date": opened.today() + timedelta(days=12)}]
    )
    w.tell(f"types purchase order 45{number:05} of sponsor {sponsor} over {amount} {due or ''}")
    made = create_purchase_order(
        SLUG,
        organization_name=f"Sponsor {sponsor}",
        contact_email=f"ap{sponsor}@example.org",
        po_number=f"45{number:05}",
        line_items=[
            {"description": "Booth", "quantity": 1, "unit_price": to_major(amount, "usd")},
            *([{"description": "Ticket", "quantity": 3, "unit_price": to_major(850_00, "usd")}]
              if tickets else []),
        ],
        opened=opened,
        **due,
    )  # fmt: skip
    w.truth.orders.setdefault(made.reference, amount + tickets * 850_00)  # 0 if changed since
    w.tell(f"it is {made.reference}")


@act("coordinator", 4)
def imports_a_file(w: World, c: Chance) -> None:
    rows = []
    room = w.most_orders - len(w.books.orders())
    if room <= 0:
        return
    for _ in range(c.randint(1, min(room, 4))):
        number, sponsor, amount = w.number(), c.randrange(w.sponsors), c.choice(w.amounts)
        rows.append((f"Sponsor {sponsor}", f"ap{sponsor}@example.org", f"45{number:05}", amount))
    w.tell(f"imports {len(rows)} purchase orders from a file")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["organization_name", "contact_email", "po_number", "description", "quantity",
         "unit_price", "currency"]
    )  # fmt: skip
    for name, email, number, amount in rows:
        writer.writerow([name, email, number, "Booth", 1, to_major(amount, "usd"), "usd"])
    data = out.getvalue().encode()
    twice = c.random() < 0.3
    report = import_purchase_orders(w.books.open("coordinator"), data, file_name="s.csv")
    for made, row in zip(report.references, rows, strict=False):
        w.truth.orders.setdefault(made, row[3] if len(report.references) == len(rows) else 0)
    if twice:
        again = import_purchase_orders(w.books.open("coordinator 2"), data, file_name="s.csv")
        if again.references:
            raise AssertionError(f"the same file came in twice: {again.references}")


@act("coordinator", 9)
def invoices_some(w: World, c: Chance) -> None:
    orders = [o.reference for o in w.books.orders() if o.live_invoice is None]
    chosen = c.sample(orders, min(len(orders), c.randint(1, 3)))
    if w.favourite in orders and w.favourite not in chosen and c.random() < 0.5:
        chosen.append(w.favourite)
    if not chosen:
        return
    w.tell(f"invoices {', '.join(chosen)}")
    report = invoices.invoice_purchase_orders(w.books.open("coordinator"), references=chosen)
    for result in report.results:
        need_a_reason(w, result)
        w.machine.visited[f"invoice {result.outcome}"] += 1
        if result.outcome == "invoiced":
            w.truth.invoiced.add(result.reference)


def need_a_reason(w: World, result: Any) -> None:
    """Refuse that something is not invoiced for what is no reason."""
    own = [
        i["id"] for i in w.at_stripe("invoice")
        if (i["metadata"] or {}).get("purchase_order_ref") == result.reference
    ]  # fmt: skip
    need(
        not result.asks or not any(name in result.error for name in own),
        f"{result.reference}: its own invoice is named as another's: {result.error}",
    )
    need(
        "draft came to" not in result.error or w.truth.edited,
        f"nobody edited a draft of {result.reference}, and it came to another sum: {result.error}",
    )


@act("coordinator", 3)
def starts_a_batch(w: World, c: Chance) -> None:
    orders = [o.reference for o in w.books.orders() if o.live_invoice is None]
    if orders:
        chosen = c.sample(orders, min(len(orders), c.randint(1, 4)))
        w.tell(f"starts a batch of {', '.join(chosen)}")
        batches.start(w.books.open("coordinator"), chosen)


def _is_leased(w: World, order: Any) -> bool:
    live = order.live_invoice
    until = live.lease_until if live is not None else None
    return until is not None and until > w.machine.clock.present


@act("coordinator", 2)
def invoices_one_again(w: World, c: Chance) -> None:
    order = some_order(w, c)
    leased = some(c, (o for o in w.books.orders() if _is_leased(w, o)))
    if leased is not None and c.random() < 0.7:
        order = leased
    if order is not None:
        w.tell(f"invoices {order.reference}, whatever it is")
        live = order.live_invoice
        lease = live.lease_until if live is not None else None
        report = invoices.invoice_purchase_orders(
            w.books.open("other"), references=[order.reference]
        )
        need(
            lease is None
            or lease <= w.machine.clock.present
            or report.results[0].outcome != "invoiced",
            f"{order.reference} was invoiced while another process had it until {lease}",
        )


@act("coordinator", 2)
def reissues(w: World, c: Chance) -> None:
    order = some_order(w, c, lambda o: o.live_invoice is not None)
    if order is not None:
        w.tell(f"reissues {order.reference}")
        changes = order_changes.Changes(contact_name="New Name") if c.random() < 0.4 else None
        order_changes.reissue(w.books.open("coordinator"), order.reference, changes)


@act("coordinator", 2)
def cancels(w: World, c: Chance) -> None:
    order = some_order(w, c, lambda o: o.cancelled_at is None)
    if order is not None:
        w.tell(f"cancels {order.reference}")
        ledger.cancel(w.books.open("coordinator"), order.reference)
        w.truth.cancelled.add(order.reference)
        net = order.sums.paid - order.sums.refunded
        now = next(o for o in w.books.orders() if o.reference == order.reference).sums
        need(
            net <= 0 or now.paid - now.refunded != net,
            f"{order.reference} had {net} on it and was cancelled",
        )


@act("coordinator", 1)
def resends(w: World, c: Chance) -> None:
    order = some_order(w, c, lambda o: o.live_invoice is not None)
    if order is not None:
        w.tell(f"sends the invoice of {order.reference} again")
        w.truth.resent[order.reference] += 1
        invoices.resend_invoice(w.books.open("coordinator"), order.reference)


@act("coordinator", 2)
def reminds(w: World, c: Chance) -> None:
    """Send the reminders that are due, mostly on the day of the next one."""
    today, orders = w.books.open().today(), w.books.orders()
    due = [o.live_invoice.due_date for o in orders if o.live_invoice and o.sums.balance > 0]
    ahead = sorted({(day - today).days + step for day in due if day for step in REMINDERS})
    days = some(c, (n for n in ahead if 0 < n <= LONGEST_WAIT)) if c.random() < 0.7 else None
    if days:
        w.tell(f"waits {days} days")
        w.sim.advance(days * 86_400)
    for who in c.choice([["coordinator"], ["coordinator"], ["coordinator", "coordinator 2"]]):
        _remind(w, who)


LONGEST_WAIT = 15
"""So many days, at most, somebody waits to send a reminder."""


def _remind(w: World, who: str) -> None:
    w.tell("sends the reminders that are due")
    before = {o.reference: o for o in w.books.orders()}
    report = reminders.send_reminders(w.books.open(who))
    after = {o.reference: o for o in w.books.orders()}
    for sent in report.results:
        w.machine.visited[f"reminder {sent.outcome}"] += 1
        if sent.outcome != "sent":
            continue
        name = sent.reference
        need(
            any(o.sums.balance > 0 and o.cancelled_at is None for o in (before[name], after[name])),
            f"{name} owes nothing and was reminded",
        )
        live = after[name].live_invoice
        step = (name, live.stripe_invoice_id if live else "", sent.step)
        w.truth.reminded[step] += 1
        need(
            w.truth.reminded[step] == 1 or w.restored,
            f"{name} was reminded {w.truth.reminded[step]} times {sent.step} days from its due day",
        )


# ---- the treasurer


@act("treasurer", 7)
def types_a_wire(w: World, c: Chance) -> None:
    wire = some(
        c, (x for x in w.truth.wires if x.typed in ("", "lost") and x.order and not x.returned)
    )
    if wire is not None and wire.order in w.truth.orders:
        _type(w, wire, "treasurer")


@act("coordinator", 1)
def types_it_too(w: World, c: Chance) -> None:
    """The same wire, by somebody who has not seen that it is there."""
    wire = some(c, (x for x in w.truth.wires if x.typed == "yes" and not x.returned))
    if wire is not None:
        _type(w, wire, "coordinator")


def _type(w: World, wire: Wire, who: str) -> None:
    w.tell(f"types {wire.by} {wire.reference} over {wire.amount} on {wire.order}")
    wire.typed = wire.typed or "maybe"
    opened = w.books.open(who)
    try:
        ledger.record_payment_by_hand(
            opened,
            wire.order,
            amount=to_major(wire.amount, "usd"),
            method=wire.by,
            payment_reference=wire.reference,
            payment_date=wire.sent_on,
            overpaid=True,
            date_as_given=True,
        )
    except StripeGatewayError:
        return  # it is kept: the sync must go on with it
    except PoToolkitError:
        if wire.typed != "yes":
            wire.typed = "maybe"
        raise
    wire.typed = "yes"


@act("treasurer", 3)
def issues_a_credit_note(w: World, c: Chance) -> None:
    order = some_order(w, c)
    if order is not None:
        amount = c.choice(w.amounts)
        w.tell(f"credits {amount} on {order.reference}")
        done = ledger.credit(
            w.books.open("treasurer"),
            order.reference,
            amount=to_major(amount, "usd"),
            reason="smaller",
            again=c.random() < 0.5,
        )
        need(
            # A remark says that an earlier one was finished, which counts once.
            bool(done.remark) or order.sums.credited + amount <= order.sums.total,
            f"{order.reference} had {order.sums.credited} of {order.sums.total} credited, "
            f"and {amount} more",
        )


@act("treasurer", 3)
def repeats_what_was_cut_off(w: World, c: Chance) -> None:
    """Do again what has no known end: it is gone on with, and nothing is begun beside it."""
    with w.books.store.reading() as session:
        begun = session.query(MoneyIntent).where(MoneyIntent.finished_at.is_(None)).all()
    # A bank line is matched again, and a refund by wire is in the books: only its credit is left.
    typed = (
        x for x in begun
        if x.details.get("source") != "bank"
        and (x.kind != "refund" or x.details.get("stripe_payment_id"))
    )  # fmt: skip
    one = some(c, (x for x in typed if x.kind in ("payment", "credit_note", "refund")))
    if one is None or w.machine.waiting:
        return  # who paused may be about to finish it
    order = next(o for o in w.books.orders() if o.id == one.purchase_order_id)
    w.tell(f"does the {one.kind} of {one.amount} on {order.reference} again, which was cut off")
    before = _begun_like(w, one)
    opened, amount = w.books.open("treasurer"), to_major(one.amount, "usd")
    try:
        with w.machine.left_alone():
            if one.kind == "payment":
                ledger.record_payment_by_hand(
                    opened, order.reference, amount=amount, method=one.details["method"],
                    payment_reference=one.details["reference"], again=True, overpaid=True,
                    payment_date=date.fromisoformat(one.details["payment_date"]),
                    date_as_given=True,
                )  # fmt: skip
            elif one.kind == "credit_note":
                ledger.credit(
                    opened, order.reference, amount=amount, reason="once more", again=True
                )
            else:
                whole = to_major(one.details["whole"], "usd")
                ledger.refund(opened, order.reference, amount=whole, again=True)
    finally:
        need(
            _begun_like(w, one) == before,
            f"{order.reference}: a second {one.kind} of {one.amount} was begun beside the first",
        )


def _begun_like(w: World, one: MoneyIntent) -> int:
    with w.books.store.reading() as session:
        return (
            session.query(MoneyIntent)
            .filter_by(purchase_order_id=one.purchase_order_id, kind=one.kind)
            .count()
        )


@act("treasurer", 3)
def refunds_some(w: World, c: Chance) -> None:
    order = some_order(w, c, lambda o: o.sums.paid > 0)
    if order is not None:
        left = order.sums.paid - order.sums.refunded
        amount = max(c.choice([*w.amounts, left, left, left // 2, left + 1]), 1)
        w.tell(f"refunds {amount} on {order.reference}")
        asked = Asked(order.reference, amount)
        w.truth.refunds.append(asked)
        there = through_stripe(order)
        try:
            ledger.refund(
                w.books.open("treasurer"),
                order.reference,
                amount=to_major(amount, "usd"),
                again=c.random() < 0.3,
            )
        except StripeGatewayError as error:
            need(
                amount <= there or not _refund_begun(w, order, amount),
                f"Stripe was asked to refund {amount} of the {there} it took",
            )
            if isinstance(error, StripeRefusedError) and len(refundable(order)) == 1:
                asked.state = "refused"
            raise
        except PoToolkitError as error:
            if "Of the whole" not in str(error):  # else some of its parts went back
                asked.state = "refused"
            raise
        asked.state = "done"


def _refund_begun(w: World, order: Any, whole: int) -> bool:
    """Tell whether such a refund was begun; before, Stripe is asked only whose account a key is."""
    with w.books.store.reading() as session:
        begun = session.query(MoneyIntent).filter_by(purchase_order_id=order.id, kind="refund")
        return any(x.details.get("whole") == whole for x in begun)


def through_stripe(order: Any) -> int:
    """Return what came through Stripe and has not gone back, by the entries alone."""
    signs = {"payment": 1, "refund_failed": 1, "refund": -1}
    return sum(
        signs.get(e.kind, 0) * e.amount for e in order.entries
        if e.method == "stripe" and (e.kind != "payment" or e.stripe_payment_id)
    )  # fmt: skip


@act("treasurer", 1)
def reverses(w: World, c: Chance) -> None:
    mine = [
        (order, entry)
        for order in w.books.orders()
        for entry in order.entries
        if entry.source == "manual" and entry.kind == "payment"
        and not any(e.reverses_id == entry.id for e in order.entries)
    ]  # fmt: skip
    chosen = some(c, mine)
    if chosen is not None:
        order, entry = chosen
        w.tell(f"reverses {entry.reference} on {order.reference}, typed by mistake")
        ledger.reverse_entry(w.books.open("treasurer"), str(entry.id))
        for wire in w.truth.wires:
            if wire.reference == entry.reference:
                wire.typed = ""


@act("treasurer", 1)
def closes(w: World, c: Chance) -> None:
    if len(w.truth.closed) >= w.most_closings:
        return
    opened = w.books.open("treasurer")
    day = opened.today() - timedelta(days=c.choice([1, 3, 20]))
    w.tell(f"closes the books through {day}")
    made = reports.close_books(opened, day)
    w.truth.closed.append((day, made.digest))


@act("coordinator", 1)
def amends(w: World, c: Chance) -> None:
    order = some_order(w, c, lambda o: o.live_invoice is None)
    if order is not None:
        amount = c.choice(w.amounts)
        w.tell(f"changes {order.reference} to {amount}")
        lines = [LineItem(description="Stand", unit_price=to_major(amount, "usd"))]
        w.truth.orders[order.reference] = 0  # until it is confirmed, either may be
        order_changes.change_order(
            w.books.open("coordinator"), order.reference, order_changes.Changes(line_items=lines)
        )


@act("coordinator", 1)
def decides_about_a_balance(w: World, c: Chance) -> None:
    order = some_order(w, c)
    if order is not None:
        choice = c.choice(["use", "remove"])
        w.tell(f"decides to {choice} what is on the balance of the sponsor of {order.reference}")
        invoices.decide_balance(w.books.open("coordinator"), order.reference, choice)


@act("coordinator", 1)
def adopts_what_was_sent_by_hand(w: World, c: Chance) -> None:
    """Bill one sponsor in the dashboard, then say whose invoice that is."""
    order = some_order(
        w, c, lambda o: not o.invoices and not o.entries and not o.credit_notes
        and o.cancelled_at is None
    )  # fmt: skip
    if order is None:
        return
    customer = press(
        w, "/v1/customers", {"name": order.organization_name, "email": order.contact_email}
    )
    made = press(
        w,
        "/v1/invoices",
        {"customer": customer["id"], "collection_method": "send_invoice", "days_until_due": 30,
         "currency": "usd"},
    )["id"]  # fmt: skip
    line = {"amount": order.sums.total, "description": "Booth"}
    press(w, f"/v1/invoices/{made}/add_lines", {"lines": [line]})
    press(w, f"/v1/invoices/{made}/send", {})
    w.tell(f"sent {made} by hand for {order.reference} and adopts it")
    w.truth.by_hand[made] = order.reference
    invoices.adopt_invoice(w.books.open("coordinator"), order.reference, made)


@act("treasurer", 1)
def writes_off(w: World, c: Chance) -> None:
    order = some_order(w, c, lambda o: o.sums.balance > 0)
    if order is not None:
        amount = order.sums.balance
        w.tell(f"writes off {amount} on {order.reference}")
        ledger.credit(
            w.books.open("treasurer"),
            order.reference,
            amount=to_major(amount, "usd"),
            reason="never paid",
        )


@act("treasurer", 1)
def sends_money_back_by_wire(w: World, c: Chance) -> None:
    order = some_order(w, c, lambda o: o.sums.paid - o.sums.refunded > 0)
    if order is not None:
        amount = min(c.choice(w.amounts), order.sums.paid - order.sums.refunded)
        number = w.number()
        w.tell(f"sends {amount} of {order.reference} back by wire and types it")
        w.bank.book(
            w.books.open().today(), -amount, f"REFUND {order.reference}",
            order.organization_name, f"FT{number:06}",
        )  # fmt: skip
        w.truth.sent_back[order.reference] += amount
        ledger.refund(
            w.books.open("treasurer"),
            order.reference,
            amount=to_major(amount, "usd"),
            method="wire",
            payment_reference=f"FT{number:06}",
        )


@act("treasurer", 2)
def says_what_a_line_is(w: World, c: Chance) -> None:
    """Say what a line is, as a person who looks at names and amounts."""
    lines = [x for x in bank_lines(w.books.open()) if x.state in ("unmatched", "proposed")]
    line, order = some(c, lines), some_order(w, c, lambda o: o.cancelled_at is None)
    if line is None or Decimal(line.amount) <= 0:
        return
    with w.books.store.reading() as session:
        booked = session.get_one(BankTransaction, int(line.line))
    name = bank_name(f"{booked.bank_reference} {booked.text}")
    typed = [o for o in w.books.orders() if o.cancelled_at is None and _typed(o, name)]
    if typed and c.random() < 0.5:
        order = c.choice(typed)
    if order is None:
        return
    w.tell(f"says that bank line {line.line} pays {order.reference}")
    w.truth.said.add(int(line.line))
    w.bank.strange += to_minor(Decimal(line.amount), "usd")
    choose(
        w.books.open("treasurer"),
        line.line,
        orders={order.reference: None},
        overpaid=c.random() < 0.5,
        write_off="short" if c.random() < 0.2 else "",
    )
    need(order not in typed, f"{name} was typed on {order.reference} and is there again, unasked")


def _typed(order: Any, name: str | None) -> list[Any]:
    """Return the payments that a person has typed of the wire that a bank line names."""
    gone = {e.reverses_id for e in order.entries}
    return [
        e for e in order.entries
        if name and e.source == "manual" and e.kind == "payment" and e.id not in gone
        and bank_name(e.reference) == name
    ]  # fmt: skip


@act("treasurer", 1)
def says_it_from_an_old_page(w: World, c: Chance) -> None:
    """Say what a line is though it, or the entry it shall be, has its match already."""
    opened, lines = w.books.open("treasurer"), bank_lines(w.books.open())
    came = [x for x in lines if Decimal(x.amount) > 0]
    with w.books.store.reading() as session:
        taken = {m.entry_id for m in session.query(BankMatch).where(BankMatch.state == "applied")}
    alike = [
        (x.line, e.id)
        for x in came if x.state in ("unmatched", "proposed")
        for o in w.books.orders() for e in o.entries
        if e.id in taken and e.kind == "payment" and e.amount == to_minor(Decimal(x.amount), "usd")
    ]  # fmt: skip
    pair, line = some(c, alike), some(c, (x.line for x in came if x.state == "applied"))
    order = some_order(w, c, lambda o: o.cancelled_at is None)
    if pair is not None and c.random() < 0.7:
        w.tell(f"says that bank line {pair[0]} is entry {pair[1]}, which is another line's")
        with w.machine.left_alone():  # nobody undoes the match meanwhile
            choose(opened, pair[0], entry=pair[1])
        need(False, f"entry {pair[1]} was taken for two bank lines")
    elif line is not None and order is not None:
        w.tell(f"says that bank line {line}, which is matched, pays {order.reference}")
        with w.machine.left_alone():
            choose(opened, line, orders={order.reference: None}, again=True, overpaid=True)
        need(False, f"bank line {line} was matched twice")


def bank_name(text: str) -> str | None:
    """Return the bank's reference of a wire that a text names."""
    found = re.search(r"FT[0-9]{6}", text)
    return found[0] if found else None


# ---- the bank account


@act("bank", 1)
def sends_a_wire_back(w: World, c: Chance) -> None:
    wire = some(c, (x for x in w.truth.wires if not x.returned))
    if wire is not None:
        wire.returned = True
        w.tell(f"takes {wire.by} {wire.reference} over {wire.amount} back")
        day = w.books.open().today()
        text = f"RETURN {wire.reference} {wire.order}"
        w.bank.book(day, -wire.amount, text, f"Sponsor {wire.sponsor}", wire.reference)


@act("bank", 2)
def books_something_else(w: World, c: Chance) -> None:
    amount = c.choice([-12_00, -35_00, 450_00, 37])
    w.tell(f"books {amount} that has nothing to do with sponsors")
    w.bank.strange += max(amount, 0)
    w.bank.book(w.books.open().today(), amount, "SERVICE", "THE BANK", f"B{w.number():06}")


@act("bank", 3)
def pays_out(w: World, c: Chance) -> None:
    trace = c.choice([f"TRACE{w.number():06}", None])
    made = dashboard(w, lambda: w.sim.payout("usd", None, trace=trace, account=KEY))
    if made is None:
        return
    w.tell(f"Stripe pays out {made['amount']}")
    if c.random() < 0.9:
        w.sim.payout_arrives(made["id"])
        day = w.books.open().today()
        w.bank.book(day, made["amount"], f"STRIPE TRANSFER {trace or ''}", "STRIPE", "")


@act("bank", 1)
def sends_a_payout_back(w: World, c: Chance) -> None:
    payout = some(c, (p for p in w.at_stripe("payout") if p["status"] == "paid"))
    if payout is not None:
        w.tell(f"the bank sends {payout['id']} back")
        w.sim.payout_fails(payout["id"])
        trace = (payout["trace_id"] or {}).get("value") or ""
        day = w.books.open().today()
        w.bank.book(day, -payout["amount"], f"STRIPE RETURN {trace}", "STRIPE", "")


@act("treasurer", 5)
def loads_a_statement(w: World, c: Chance) -> None:
    """A statement of all since the last one, perhaps with some of it again."""
    if len(w.bank.lines) > w.bank.loaded:
        load(w, c.choice([0, 0, 1, 4]))


def _csv(lines: list[Line], opening: Decimal, _number: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Date", "Amount", "Description", "Name", "Reference", "Balance"])
    for x in lines:
        opening += Decimal(x.amount) / 100
        writer.writerow([x.day, Decimal(x.amount) / 100, x.text, x.name, x.reference, opening])
    return out.getvalue().encode()


def _sides(lines: list[Line], opening: Decimal, _number: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(["Booked on", "Debit", "Credit", "Details", "Name", "Reference", "Balance"])
    for x in lines:
        amount = Decimal(x.amount) / 100
        opening += amount
        debit, credit = ("", amount) if amount > 0 else (-amount, "")
        writer.writerow([x.day, debit, credit, x.text, x.name, x.reference, opening])
    return out.getvalue().encode()


def _camt(lines: list[Line], opening: Decimal, number: str) -> bytes:
    entries = [Entry(x.day, Decimal(x.amount) / 100, x.text, x.name, x.reference) for x in lines]
    return camt(entries, opening=opening, number=number)


def _mt940(lines: list[Line], opening: Decimal, number: str) -> bytes:
    def side(amount: Decimal) -> tuple[str, str]:
        return ("C" if amount >= 0 else "D", f"{abs(amount):.2f}".replace(".", ","))

    closing = opening + sum(Decimal(x.amount) / 100 for x in lines)
    mark, amount = side(opening)
    rows = [":20:STARTUMS", f":25:{ACCOUNT}", f":28C:{number[1:].replace('-', '/')}",
            f":60F:{mark}{lines[0].day:%y%m%d}USD{amount}"]  # fmt: skip
    for x in lines:
        mark, amount = side(Decimal(x.amount) / 100)
        rows += [f":61:{x.day:%y%m%d}{x.day:%m%d}{mark}{amount}NTRF{x.reference or 'NONREF'}",
                 f":86:{x.text} {x.name}"]  # fmt: skip
    mark, amount = side(closing)
    rows.append(f":62F:{mark}{lines[-1].day:%y%m%d}USD{amount}")
    return ("\r\n".join([*rows, "-"]) + "\r\n").encode()


def _ofx(lines: list[Line], opening: Decimal, _number: str) -> bytes:
    rows = "".join(
        f"<STMTTRN><TRNTYPE>{'CREDIT' if x.amount > 0 else 'DEBIT'}<DTPOSTED>{x.day:%Y%m%d}"
        f"<TRNAMT>{Decimal(x.amount) / 100}<FITID>F{x.place}<NAME>{x.name[:32]}"
        f"<MEMO>{x.text} {x.reference}</STMTTRN>"
        for x in lines
    )
    closing = opening + sum(Decimal(x.amount) / 100 for x in lines)
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:UTF-8\nCHARSET:NONE\n\n"
        "<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>USD<BANKACCTFROM><BANKID>1<ACCTID>2"
        f"</BANKACCTFROM><BANKTRANLIST>{rows}</BANKTRANLIST><LEDGERBAL><BALAMT>{closing}"
        f"<DTASOF>{lines[-1].day:%Y%m%d}</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    ).encode()


ACCOUNT = "DE02120300000000202051"
LAYOUTS = {"csv": _csv, "sides": _sides, "camt": _camt, "mt940": _mt940, "ofx": _ofx}
"""How the bank of a season writes its statements; one layout for a season."""


def load(w: World, overlap: int = 0) -> None:
    """Load the bank's statement up to now."""
    layout = w.bank.layout
    last = len(w.bank.lines)
    first = max(w.bank.loaded - overlap, 0)
    while first and w.bank.lines[first - 1].day == w.bank.lines[first].day:
        first -= 1  # a statement holds whole days
    lines, opening = w.bank.statement(first, last)
    w.tell(f"loads a statement of {len(lines)} lines as {layout}")
    data = LAYOUTS[layout](lines, opening, f"S{first}-{last}")
    opened, name = w.books.open("treasurer"), f"s.{layout}"
    table = {"account": ACCOUNT, "currency": "usd"} if layout in ("csv", "sides") else {}
    if layout == "csv":
        table["sign"] = "amount"
    report = import_bank_statement(opened, data, file_name=name, **table)
    if report.held or report.quarantined:
        raise AssertionError(f"a right statement is not taken: {report.as_json()}")
    w.bank.loaded = max(w.bank.loaded, last)
    excludes_what_is_there_twice(w)


def excludes_what_is_there_twice(w: World) -> None:
    """Answer what is asked of a line: whether it repeats an earlier one."""
    with w.books.store.reading() as session:
        lines = session.query(BankTransaction).where(BankTransaction.set_aside != TWICE).all()
    balances = list(accumulate((x.amount for x in w.bank.lines), initial=0))
    unclear = len(set(balances)) < len(balances)  # lines that come to nothing in between
    there = Counter((x.booked_on, x.amount) for x in lines)
    there.subtract((x.day, x.amount) for x in w.bank.lines)
    for line in lines:
        what = line.booked_on, line.amount
        if line.duplicate_of_id is not None and not line.set_aside and there[what] > 0:
            there[what] -= 1
            need(unclear, f"bank line {line.id} was asked about, and can only be an earlier one")
            w.tell(f"excludes bank line {line.id}, which is line {line.duplicate_of_id} again")
            exclude_line(w.books.open("treasurer"), line.id, TWICE)


TWICE = "there twice"


@act("treasurer", 4)
def matches(w: World, c: Chance) -> None:
    del c
    w.tell("matches the bank lines")
    found = match_bank(w.books.open("treasurer"), apply=True)
    w.tell(f"{found.applied} are applied, {found.proposed} proposed, {found.unmatched} open")


@act("treasurer", 2)
def applies_a_proposal(w: World, c: Chance) -> None:
    lines = [x for x in bank_lines(w.books.open()) if x.state == "proposed"]
    theirs = w.other.orders() if w.other is not None else []
    strange = {"repeat", *(n for o in theirs for n in (o.reference.split("-")[1], o.po_number))}
    # Whoever reads that it repeats another line, or whose number it names, does not apply it.
    line = some(
        c, (x for x in lines if not any(n in y for y in x.evidence_against for n in strange))
    )
    if line is not None:
        w.tell(f"applies bank line {line.line} to {line.references} ({line.rule})")
        apply_line(w.books.open("treasurer"), line.line)


@act("treasurer", 1)
def undoes_a_match(w: World, c: Chance) -> None:
    line = some(c, (x for x in bank_lines(w.books.open()) if x.state == "applied"))
    if line is not None:
        w.tell(f"undoes the match of bank line {line.line}")
        undo_match(w.books.open("treasurer"), line.line)


@act("treasurer", 1)
def excludes_a_line(w: World, c: Chance) -> None:
    line = some(c, (x for x in bank_lines(w.books.open()) if x.state == "unmatched"))
    if line is not None:
        w.tell(f"excludes bank line {line.line}")
        exclude_line(w.books.open("treasurer"), line.line, "not ours")


# ---- what runs by itself


@act("sync", 4)
def syncs(w: World, c: Chance) -> None:
    full = c.random() < 0.25
    w.tell("sync, everything" if full else "sync")
    opened = w.books.open("sync")
    sync_conference(opened, full=full)
    if c.random() < 0.3:
        pull_payouts(opened)


@act("worker", 8)
def works(w: World, c: Chance) -> None:
    w.tell("a worker looks at the queue")
    run_worker(w, turns=c.randint(1, 4))


def run_worker(w: World, turns: int) -> None:
    """Let a worker look at its queue a few times."""
    made = w.books.worker()
    made._check_clock()
    jobs.put_back(w.books.store, w.machine.clock())
    done: list[Any] = []
    for _ in range(turns):
        made._turn(done, claim=True)
    made._turn(done, claim=False)


@act("worker", 1)
def starts_a_task(w: World, c: Chance) -> None:
    kind = c.choice(sorted(tasks.TASKS))
    w.tell(f"starts the task {kind}")
    tasks.start(w.books.open("coordinator"), kind)


@act("webhook", 10)
def delivers(w: World, c: Chance) -> None:
    w.collect_mail()
    if not w.unheard:
        return
    chosen = [e for e in w.unheard if c.random() < 0.6][:12]
    kept = {id(e) for e in chosen} if c.random() < 0.9 else set()
    w.unheard = [e for e in w.unheard if id(e) not in kept]
    if c.random() < 0.5:
        c.shuffle(chosen)
    lost = c.random() < 0.15
    w.tell(f"{len(chosen)} deliveries {'are lost' if lost else 'come in'}")
    if not lost:
        hear(w, chosen)


def hear(w: World, events: list[dict[str, Any]]) -> None:
    """Take deliveries as the service does."""
    opened = w.books.open("webhook")
    for event in events:
        receive(opened, *w.signed(event))
        w.truth.heard.add(event["id"])


@act("stranger", 1)
def forges_a_delivery(w: World, c: Chance) -> None:
    """Somebody who knows the address of the service, but not its secret, says that money came."""
    invoice = some(c, w.invoices("open"))
    if invoice is None:
        return
    w.tell(f"says with a forged signature that {invoice['id']} is paid")
    moment, number = w.machine.clock.now(), w.number()
    payment = {
        "id": f"inpay_forged{number}", "object": "invoice_payment", "invoice": invoice["id"],
        "status": "paid", "amount_paid": invoice["amount_remaining"], "currency": "usd",
        "amount_requested": invoice["amount_remaining"], "livemode": False, "created": moment,
        "payment": {"type": "payment_intent", "payment_intent": f"pi_forged{number}"},
        "status_transitions": {"paid_at": moment},
    }  # fmt: skip
    body = json.dumps(
        {"id": f"evt_forged{number}", "object": "event", "type": "invoice_payment.paid",
         "api_version": API_VERSION, "created": moment, "data": {"object": payment}}
    ).encode()  # fmt: skip
    try:
        receive(w.books.open("webhook"), body, f"t={moment},v1={'0' * 64}")
    except ForgedError:
        return
    need(False, f"a forged delivery about {invoice['id']} was taken")


@act("webhook", 6)
def works_events(w: World, c: Chance) -> None:
    w.tell("the webhook service works its events")
    work_events(w.books.open("webhook").acting_as(STRIPE), limit=c.choice([1, 5, 40]))


# ---- sponsors


def dashboard(w: World, change: Callable[[], Any]) -> Any:
    """Do something outside that may be refused there."""
    try:
        return change()
    except (ApiError, LookupError, ValueError) as error:
        w.tell(f"(that is refused: {type(error).__name__})")
        return None


@act("sponsor", 9)
def pays(w: World, c: Chance) -> None:
    invoice = some(c, w.invoices("open", "uncollectible"))
    if invoice is not None:
        left = invoice["amount_remaining"]
        amount = c.choice([None, None, None, c.choice(w.amounts), max(left // 2, 1), left + 100_00])
        way = c.choice(["card", "card", "us_bank_account"])
        w.tell(f"pays {amount or left} on {invoice['id']} by {way}")
        dashboard(w, lambda: w.sim.pay(invoice["id"], amount, way))


@act("sponsor", 3)
def debits(w: World, c: Chance) -> None:
    invoice = some(c, w.invoices("open"))
    if invoice is not None:
        w.tell(f"lets {invoice['id']} be debited; it is under way")
        dashboard(w, lambda: w.sim.pay(invoice["id"], None, "us_bank_account", settled=False))


@act("sponsor", 4)
def ends(w: World, c: Chance) -> None:
    """What was under way ends: a debit, a dispute, a refund."""
    well = c.random() < 0.6
    debits = [p["id"] for p in w.at_stripe("invoice_payment") if p["status"] == "open"]
    undecided = [
        d["id"] for d in w.at_stripe("dispute") if d["status"] not in ("won", "lost")
    ]  # fmt: skip
    sent = [r["id"] for r in w.at_stripe("refund") if r["status"] not in ("failed", "canceled")]
    what, ids, how = some(
        c,
        [
            kind for kind in (
                (w.sim.settle if well else w.sim.bounce, debits, {}),
                (w.sim.close_dispute, undecided, {"won": well}),
                (w.sim.finish_refund, sent, {"failed": not well}),
            ) if kind[1]
        ],
    ) or (None, [], {})  # fmt: skip
    if what is not None:
        which = c.choice(ids)
        w.tell(f"{which} ends {'well' if well else 'badly'}")
        dashboard(w, lambda: what(which, **how))


@act("sponsor", 2)
def disputes(w: World, c: Chance) -> None:
    paid = some(c, _payments(w))
    if paid is not None:
        reason = c.choice(["fraudulent", "insufficient_funds"])
        w.tell(f"disputes {paid['id']} ({reason})")
        dashboard(w, lambda: w.sim.dispute(paid["id"], reason=reason))


def _payments(w: World) -> list[dict[str, Any]]:
    return [
        p
        for p in w.at_stripe("invoice_payment")
        if p["status"] == "paid" and p["payment"]["type"] == "payment_intent"
    ]


@act("sponsor", 3)
def transfers(w: World, c: Chance) -> None:
    invoice = some(c, w.invoices("open"))
    if invoice is not None:
        amount = c.choice([invoice["amount_remaining"], c.choice(w.amounts)])
        w.tell(f"transfers {amount} to the virtual account of {invoice['customer']}")
        dashboard(w, lambda: w.sim.transfer(invoice["customer"], amount))


@act("sponsor", 6)
def wires(w: World, c: Chance) -> None:
    order = some_order(w, c, lambda o: o.cancelled_at is None)
    theirs = some(c, w.other.orders()) if w.other is not None and c.random() < 0.3 else None
    order = theirs or order
    if order is not None:
        owed = max(order.sums.balance, 100)
        amount = c.choice([owed, owed, owed, c.choice(w.amounts), owed + 50_00, max(owed // 2, 1)])
        day = w.books.open().today()
        sponsor = int(order.organization_name.split()[-1])
        by = c.choice(["wire", "wire", "check"])
        sent_on = day - timedelta(days=c.choice([0, 0, 2, 6]))  # a treasurer types that day
        typed = "never" if theirs else ""  # theirs comes to our account and is not ours
        wire = Wire(w.number(), sponsor, order.reference, amount, sent_on, by, typed)
        names = [order.reference, order.po_number, f"INV {order.reference}"]
        named = c.choice(names if theirs else [*names, "SPONSORING"])
        w.tell(f"sends {by} {wire.reference} over {amount} for {order.reference}, saying {named}")
        w.truth.wires.append(wire)
        payer = c.choice(
            [order.organization_name.upper(), order.organization_name, "AGENCY LTD",
             f"{order.organization_name} Holdings"]
        )  # fmt: skip
        w.bank.book(day, amount, f"{by.upper()} {named}", payer, wire.reference)


@act("sponsor", 1)
def wires_for_several(w: World, c: Chance) -> None:
    """One wire for all that a sponsor owes, perhaps through the parent company."""
    first = some_order(w, c, lambda o: o.cancelled_at is None and o.sums.balance > 0)
    if first is None:
        return
    alike = [
        o for o in w.books.orders()
        if o.organization_name == first.organization_name
        and o.cancelled_at is None and o.sums.balance > 0
    ][:4]  # fmt: skip
    amount = sum(o.sums.balance for o in alike)
    named = " ".join(c.choice([o.reference, o.po_number]) for o in alike)
    day, sponsor = w.books.open().today(), int(first.organization_name.split()[-1])
    wire = Wire(w.number(), sponsor, "", amount, day, typed="never")
    w.tell(f"sends wire {wire.reference} over {amount} for {len(alike)} purchase orders")
    w.truth.wires.append(wire)
    payer = c.choice([first.organization_name, "PARENT HOLDING"])
    w.bank.book(day, amount, f"WIRE {named}", payer, wire.reference)


@act("sponsor", 1)
def pays_without_an_intent(w: World, c: Chance) -> None:
    invoice = some(c, w.invoices("open"))
    if invoice is not None:
        amount = invoice["amount_remaining"]
        w.tell(f"pays {amount} on {invoice['id']} by a charge of the old kind")
        dashboard(w, lambda: w.sim.charge_without_intent(amount, "usd", invoice["id"]))


# ---- the dashboard


@act("dashboard", 1)
def revises(w: World, c: Chance) -> None:
    invoice = some(c, w.invoices("open"))
    if invoice is not None:
        amount = c.choice([None, None, c.choice(w.amounts)])
        w.tell(f"edits {invoice['id']} in the dashboard, over {amount or 'the same'}")
        made = dashboard(w, lambda: w.sim.revise(invoice["id"], amount))
        if made is not None:
            w.tell(f"(the revision is {made['id']})")


@act("dashboard", 1)
def deletes_a_draft(w: World, c: Chance) -> None:
    invoice = some(c, w.invoices("draft"))
    if invoice is not None:
        w.tell(f"deletes the draft {invoice['id']} in the dashboard")
        account = w.machine.world.account(KEY)
        dashboard(w, lambda: simulated_invoices.delete(account, {}, invoice["id"]))


@act("dashboard", 1)
def edits_a_draft(w: World, c: Chance) -> None:
    invoice = some(c, w.invoices("draft"))
    if invoice is not None:
        w.tell(f"adds a line to the draft {invoice['id']} in the dashboard")
        w.truth.edited.add(invoice["id"])
        line = {"amount": c.choice([5_00, -1_00]), "description": "By staff"}
        press(w, f"/v1/invoices/{invoice['id']}/add_lines", {"lines": [line]})


@act("dashboard", 1)
def changes_a_customer(w: World, c: Chance) -> None:
    customer = some(c, w.at_stripe("customer"))
    if customer is not None:
        change = c.choice([{"email": "Billing@Example.org"}, {"name": "Renamed Ltd"},
                           {"metadata": {"purchase_order": ""}}])  # fmt: skip
        w.tell(f"changes {', '.join(change)} of {customer['id']} in the dashboard")
        w.truth.changed.add(customer["id"])
        press(w, f"/v1/customers/{customer['id']}", change)


@act("dashboard", 1)
def gives_a_coupon(w: World, c: Chance) -> None:
    customer = some(c, w.at_stripe("customer"))
    if customer is not None:
        w.tell(f"gives {customer['id']} 10 % off in the dashboard")
        dashboard(w, lambda: w.sim.give_coupon(customer["id"], percent_off="10"))


@act("dashboard", 1)
def moves_a_balance(w: World, c: Chance) -> None:
    customer = some(c, w.at_stripe("customer"))
    if customer is not None:
        amount = c.choice([-50_00, 25_00])
        w.tell(f"books {amount} on the balance of {customer['id']} in the dashboard")
        dashboard(w, lambda: w.sim.move_balance(customer["id"], amount))


@act("dashboard", 1)
def applies_credit(w: World, c: Chance) -> None:
    invoice = some(c, w.invoices("open"))
    if invoice is not None:
        credit = -w.machine.world.account(KEY).get("customer", invoice["customer"])["balance"]
        amount = min(credit, invoice["amount_remaining"])
        if amount > 0:
            w.tell(f"uses {amount} of the credit of {invoice['customer']} on {invoice['id']}")
            dashboard(w, lambda: w.sim.apply_credit(invoice["id"], amount))


@act("dashboard", 1)
def applies_cash(w: World, c: Chance) -> None:
    invoice = some(c, w.invoices("open"))
    if invoice is not None:
        amount = c.choice([invoice["amount_remaining"], 1_00])
        w.tell(f"pays {amount} of {invoice['id']} from the cash balance")
        dashboard(w, lambda: w.sim.apply_cash(invoice["id"], amount))


@act("others", 1)
def bills_somebody_else(w: World, c: Chance) -> None:
    amount, paid = c.choice(w.amounts), c.random() < 0.5
    w.tell(f"another product bills {amount}{', which is paid' if paid else ''}")
    made = w.sim.foreign_invoice(amount, c.choice(["usd", "eur"]), KEY, paid=paid)
    w.at_stripe("invoice")
    stored = w.machine.world.account(KEY).get("invoice", made["id"])
    stored["metadata"] = {**(stored.get("metadata") or {}), "foreign": "yes"}


@act("stripe", 1)
def keeps_events_back(w: World, c: Chance) -> None:
    account = w.machine.world.account(KEY)
    if account.holds_events or account.held:
        order = list(range(len(account.held)))
        c.shuffle(order)
        w.tell(f"{len(order)} events that were late are listed now")
        w.sim.release_events(order, KEY)
    else:
        w.tell("events are late from now on")
        w.sim.hold_events(KEY)


@act("stripe", 1)
def lists_an_event_late(w: World, c: Chance) -> None:
    """A payment's event is listed behind another that a sync has read by then."""
    account, invoice = w.machine.world.account(KEY), some(c, w.invoices("open"))
    customer = some(c, w.at_stripe("customer"))
    if invoice is None or customer is None or account.holds_events or account.held:
        return
    w.tell(f"the event that {invoice['id']} is paid is listed late")
    w.sim.hold_events(KEY)
    dashboard(w, lambda: w.sim.pay(invoice["id"], None, "card"))
    w.sim.hold_events(KEY, on=False)
    w.sim.advance(1)
    press(w, f"/v1/customers/{customer['id']}", {"metadata": {"seen": str(w.number())}})
    with w.machine.left_alone():
        try:
            sync_conference(w.books.open("sync"))
        finally:
            w.sim.release_events(account=KEY)


CALLERS = (
    "works_events works_events types_a_wire types_a_wire issues_a_credit_note refunds_some syncs "
    "invoices_some reissues cancels reminds"
).split()


@act("stripe", 4)
def is_down(w: World, c: Chance) -> None:
    """Stripe answers nothing that one person or service asks while they do one thing."""
    job, name = w.machine.running, c.choice(CALLERS)
    assert job is not None
    job.fault, job.spell = c.choice(["500", "429", "drop_before", "drop_after"]), 60
    w.tell(f"Stripe is down while somebody {name.replace('_', ' ')}")
    ACTS[name].do(w, c)


@act("dashboard", 2)
def voids(w: World, c: Chance) -> None:
    invoice = some(c, w.invoices("open", "uncollectible"))
    if invoice is not None:
        what = c.choice(["void", "mark_uncollectible"])
        w.tell(f"{what} {invoice['id']} in the dashboard")
        press(w, f"/v1/invoices/{invoice['id']}/{what}", {})


@act("dashboard", 1)
def marks_as_paid(w: World, c: Chance) -> None:
    invoice = some(c, w.invoices("open"))
    if invoice is not None:
        w.tell(f"marks {invoice['id']} as paid in the dashboard")
        press(w, f"/v1/invoices/{invoice['id']}/pay", {"paid_out_of_band": True})


@act("dashboard", 1)
def refunds_there(w: World, c: Chance) -> None:
    paid = some(c, _payments(w))
    if paid is not None:
        amount = c.choice([None, c.choice(w.amounts)])
        w.tell(f"refunds {amount or 'all'} of {paid['id']} in the dashboard")
        dashboard(w, lambda: w.sim.refund(paid["id"], amount))


@act("dashboard", 1)
def credits_there(w: World, c: Chance) -> None:
    invoice = some(c, w.invoices("open", "paid"))
    if invoice is not None:
        amount = c.choice(w.amounts)
        body: dict[str, Any] = {"invoice": invoice["id"], "amount": amount}
        after = amount - min(amount, invoice["amount_remaining"])
        if after:
            body[c.choice(["credit_amount", "out_of_band_amount"])] = after
        w.tell(f"credits {amount} on {invoice['id']} in the dashboard")
        press(w, "/v1/credit_notes", body)


@act("dashboard", 1)
def voids_a_credit_note(w: World, c: Chance) -> None:
    still_open = {i["id"] for i in w.invoices("open")}
    note = some(
        c,
        (
            n for n in w.at_stripe("credit_note")
            if n["status"] == "issued" and n["invoice"] in still_open
        ),
    )  # fmt: skip
    if note is not None:
        w.tell(f"voids {note['id']} in the dashboard")
        press(w, f"/v1/credit_notes/{note['id']}/void", {})


def press(w: World, path: str, body: dict[str, Any]) -> Any:
    """Do something through Stripe's own dashboard: no fault and no pause touches it."""
    machine, job = w.machine, w.machine.running
    machine.running = None
    try:
        opened = w.books.open()
        opened.gateway._admitted = True
        return opened.gateway.write(path, body, idempotency_key=f"dashboard-{w.number()}")
    except StripeGatewayError as error:
        w.tell(f"(that is refused: {error.code})")
        return {}
    finally:
        machine.running = job


@act("others", 1)
def sells_a_ticket(w: World, c: Chance) -> None:
    amount = c.randrange(10_00, 900_00)
    w.tell(f"another product takes {amount} by card")
    w.sim.sell(amount, "usd", "Ticket", KEY)


# ---- time and machines


@act("time", 5)
def time_passes(w: World, c: Chance) -> None:
    seconds = c.choice([30, 600, 3600, 86_400, 3 * 86_400, 9 * 86_400])
    w.tell(f"{seconds} seconds pass")
    w.sim.advance(seconds)
    if seconds >= 86_400 and w.sim.release_events(account=KEY):  # late is by hours
        w.tell("events that were late are listed")


@act("operator", 1)
def backs_up(w: World, c: Chance) -> None:
    del c
    w.tell(f"makes backup {len(w.backups)}")
    w.back_up()


@act("operator", 1)
def restores(w: World, c: Chance) -> None:
    """Put a backup back, and do what the manual says: sync everything before anybody invoices."""
    backup = some(c, w.backups[-3:])
    if backup is not None:
        w.tell(f"restores backup {w.backups.index(backup)} and syncs everything")

        def afterwards() -> None:
            w.restore(backup)
            w.books.conference_made()
            with w.machine.left_alone():
                if c.random() < 0.4:
                    _does_again_what_was_lost(w, c)
                sync_conference(w.books.open("operator"), full=True)
                if w.other is not None and w.same_database:
                    w.other.conference_made()
                    sync_conference(w.other.open("operator"), full=True)

        w.afterwards = afterwards


def _does_again_what_was_lost(w: World, c: Chance) -> None:
    """Somebody types or refunds what the backup does not have, before anything was synced."""
    went = (r for r in w.at_stripe("refund") if r["status"] not in ("failed", "canceled"))
    gone = some(c, (r for r in went if "refund_uuid" in (r["metadata"] or {})))
    wire = some(c, (x for x in w.truth.wires if x.typed == "lost" and x.order and not x.returned))
    with suppress(PoToolkitError):
        if wire is not None and c.random() < 0.5:
            _type(w, wire, "treasurer")
        elif gone is not None:
            name, known = gone["metadata"]["purchase_order_ref"], gone["id"]
            order = next((o for o in w.books.orders() if o.reference == name), None)
            forgotten = order and not any(e.source_id == known for e in order.entries)
            w.tell(f"refunds {gone['amount']} on {name} before the sync")
            w.truth.refunds.append(Asked(name, gone["amount"]))
            amount = to_major(gone["amount"], "usd")
            count = len(w.at_stripe("refund"))
            with suppress(PoToolkitError):
                ledger.refund(w.books.open("treasurer"), name, amount=amount, again=True)
            need(
                not forgotten or len(w.at_stripe("refund")) == count,
                f"{known} of {name}, which a backup had forgotten, was made once more",
            )


OLD_RELEASE = Path(__file__).parents[1] / "store" / "old" / "b0b54f2.db"
OLD_SLUG = "pycon-2027"


@act("operator", 1)
def upgrades(w: World, c: Chance) -> None:
    """Bring another installation from an older release to this one; power fails in between."""
    if c.random() < 0.95 or not isinstance(w.disk, Disk):
        return
    store = w.disk.put("old", OLD_RELEASE)
    before = _facts(store)
    for after in c.choice([[], [c.randrange(950)], [c.randrange(950), c.randrange(950)]]):
        w.tell(f"upgrades an old installation, and power fails after statement {after}")
        if after in w.disk.cut_off:
            continue
        w.disk.cut_off.add(after)
        with interrupted(after, Killed), suppress(Killed):
            migrate(store)
        need(_facts(store) == before, f"a migration cut off after {after} changed the books")
    w.tell("upgrades an old installation")
    if w.disk.upgraded is None:
        migrate(store)
        check_tables(store)
        w.disk.upgraded = w.disk.back_up("old", "upgraded")
    store = w.disk.put("old", w.disk.upgraded)
    need(_facts(store) == before, "an upgrade changed the books")
    settings = w.books.settings.model_copy(
        update={"conferences": {OLD_SLUG: w.books.settings.conferences[SLUG]}}
    )
    with w.machine.left_alone():
        opened = open_conference(
            OLD_SLUG, settings=settings, store=store, actor=Actor("operator", Role.ADMIN),
            now=w.machine.clock,
        )  # fmt: skip
        made = create_purchase_order(
            OLD_SLUG,
            organization_name="Newcomer",
            contact_email="ap@newcomer.example",
            line_items=[{"description": "Booth", "unit_price": to_major(100_00, "usd")}],
            opened=opened,
        )
        ledger.record_payment_by_hand(
            opened, made.reference, amount=to_major(100_00, "usd"), method="wire"
        )
    with store.reading() as session:
        proof = audit_chain.prove(session)
    need(not proof.problems, f"after an upgrade the audit log does not prove: {proof}")
    count, total = before["payment"]
    need(
        _facts(store)["payment"] == (count + 1, total + 100_00),
        "what was typed after an upgrade is not in the books",
    )


def _facts(store: Any) -> dict[str, tuple[int, int]]:
    """Return how many rows there are of what must never be lost, and what they come to."""
    counted = {
        "orders": "SELECT count(*), 0 FROM purchase_orders",
        "invoices": "SELECT count(stripe_invoice_id), 0 FROM invoices WHERE step = 'done'",
        "credit notes": "SELECT count(*), sum(amount) FROM credit_notes",
        "bank lines": "SELECT count(*), sum(amount) FROM bank_transactions",
        "payment": "SELECT count(*), sum(amount) FROM ledger_entries WHERE kind = 'payment'",
        "others": "SELECT count(*), sum(amount) FROM ledger_entries WHERE kind <> 'payment'",
    }
    with store.engine.connect() as connection:
        return {
            what: tuple(connection.exec_driver_sql(query).one()) for what, query in counted.items()
        }


@act("operator", 1)
def rotates_keys(w: World, c: Chance) -> None:
    """Put a new key and webhook secret in the settings; the old key ends at once or later."""
    old, w.key = w.key, f"sk_test_rotated{w.number():011}"
    w.tell(f"puts key {w.key[-5:]} and a new webhook secret into the settings")
    w.sim.add_key(w.key, KEY)
    w.secret = f"whsec_season{w.number()}"
    for laptop in filter(None, (w.books, w.second, w.other)):
        laptop.settings = laptop.read_settings()
    if c.random() < 0.5:
        w.sim.revoke_key(old)


@act("second laptop", 2)
def bills_elsewhere(w: World, c: Chance) -> None:
    """Somebody bills from a database of their own: new purchase orders, and ones we have.

    Nothing else goes on meanwhile: what another database bills in the same minute cannot be known.
    """
    if w.machine.waiting:
        return
    if w.second is None:
        w.second = Laptop(w, "second")
    _bills_at(w, c, w.second, 0.8)


@act("other conference", 0.3)
def bills_for_another_conference(w: World, c: Chance) -> None:
    """Another conference on the account, in this database or its own, bills its sponsors or syncs.

    They are the same sponsors, and some send it a PO number that they have sent us too.
    """
    if w.machine.waiting:
        return
    other = w.another_conference()
    if c.random() < 0.7:
        _bills_at(w, c, other, 0.2)
    else:
        w.tell("syncs")
        with w.machine.left_alone():
            sync_conference(other.open("another conference"), full=c.random() < 0.3)


def _bills_at(w: World, c: Chance, laptop: Laptop, ours: float) -> None:
    known = None
    if c.random() < ours:
        unbilled = c.random() < 0.6
        known = some_order(w, c, lambda o: not unbilled or o.live_invoice is None)
    if known is None:
        number, sponsor, amount = f"45{w.number():05}", c.randrange(w.sponsors), c.choice(w.amounts)
    else:
        number, sponsor = known.po_number, int(known.organization_name.split()[-1])
        amount = c.choice([known.sums.total, c.choice(w.amounts)])
    w.tell(f"bills purchase order {number} of sponsor {sponsor} over {amount}")
    with w.machine.left_alone():
        opened = laptop.open("elsewhere")
        made = create_purchase_order(
            laptop.slug,
            organization_name=f"Sponsor {sponsor}",
            contact_email=f"ap{sponsor}@example.org",
            po_number=number,
            line_items=[
                {"description": "Booth", "quantity": 1, "unit_price": to_major(amount, "usd")}
            ],
            opened=opened,
        )
        laptop.orders()
        report = invoices.invoice_purchase_orders(opened, references=[made.reference])
    for result in report.results:
        w.tell(f"({result.outcome} {result.stripe_invoice_id} {result.error})")
        w.machine.visited[f"elsewhere {result.outcome}"] += 1


@act("operator", 1)
def restarts(w: World, c: Chance) -> None:
    del c
    w.tell("the machine loses power")
