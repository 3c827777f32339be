"""What the people and banks of a season do, one act each; an act tells what it does.

An act of the toolkit's users runs the toolkit's own code and may be refused in the toolkit's own
words. An act outside (a sponsor, the dashboard, the bank) changes the simulated world only.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from po_toolkit import create_purchase_order
from po_toolkit.api import amend, invoices, ledger, reminders, reports
from po_toolkit.api.bank import import_bank_statement
from po_toolkit.api.bank_matching import (
    apply_line,
    bank_lines,
    exclude_line,
    match_bank,
    undo_match,
)
from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.payouts import pull_payouts
from po_toolkit.api.sync import sync_conference
from po_toolkit.api.webhook_work import work_events
from po_toolkit.api.webhooks import receive
from po_toolkit.domain.roles import STRIPE
from po_toolkit.errors import PoToolkitError, StripeGatewayError
from po_toolkit.jobs import batches, tasks
from po_toolkit.money import to_major
from po_toolkit.payments.refunds import refundable
from po_toolkit.simulator.errors import ApiError
from po_toolkit.store import jobs
from tests.bank.statement import Entry, camt
from tests.seasons.world import KEY, SLUG, SPONSORS, Wire, World

Chance = random.Random
AMOUNTS = (1_00, 33_33, 100_00, 450_50, 1_500_00, 15_000_00)


@dataclass(frozen=True)
class Act:
    """One thing that somebody may do."""

    name: str
    actor: str
    weight: int
    do: Callable[[World, Chance], Any]


ACTS: dict[str, Act] = {}


def act(actor: str, weight: int) -> Callable[[Any], Any]:
    """Register an act."""

    def register(do: Any) -> Any:
        ACTS[do.__name__] = Act(do.__name__, actor, weight, do)
        return do

    return register


def some_order(w: World, c: Chance, wanted: Callable[[Any], bool] = lambda _o: True) -> Any:
    """Return one purchase order, or None."""
    found = [o for o in w.books.orders() if wanted(o)]
    return c.choice(found) if found else None


def some(c: Chance, things: Any) -> Any:
    """Return one of the things, or None."""
    found = list(things)
    return c.choice(found) if found else None


# ---- coordinators


@act("coordinator", 8)
def types_an_order(w: World, c: Chance) -> None:
    number, sponsor = w.number(), c.randrange(SPONSORS)
    amount = c.choice(AMOUNTS)
    w.tell(f"types purchase order 45{number:05} of sponsor {sponsor} over {amount}")
    made = create_purchase_order(
        SLUG,
        organization_name=f"Sponsor {sponsor}",
        contact_email=f"ap{sponsor}@example.org",
        po_number=f"45{number:05}",
        line_items=[
            {"description": "Booth", "quantity": 1, "unit_price": to_major(amount, "usd")},
            *([{"description": "Ticket", "quantity": 3, "unit_price": to_major(850_00, "usd")}]
              if c.random() < 0.3 else []),
        ],
        opened=w.books.open("coordinator"),
    )  # fmt: skip
    w.truth.orders[made.reference] = made.sums.total
    w.tell(f"it is {made.reference}")


@act("coordinator", 4)
def imports_a_file(w: World, c: Chance) -> None:
    rows = []
    for _ in range(c.randint(1, 4)):
        number, sponsor, amount = w.number(), c.randrange(SPONSORS), c.choice(AMOUNTS)
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
    for made in report.references:
        w.truth.orders[made] = 0
    if twice:
        again = import_purchase_orders(w.books.open("coordinator 2"), data, file_name="s.csv")
        if again.references:
            raise AssertionError(f"the same file came in twice: {again.references}")


@act("coordinator", 9)
def invoices_some(w: World, c: Chance) -> None:
    orders = [o.reference for o in w.books.orders() if o.live_invoice is None]
    chosen = c.sample(orders, min(len(orders), c.randint(1, 3)))
    if not chosen:
        return
    w.tell(f"invoices {', '.join(chosen)}")
    report = invoices.invoice_purchase_orders(w.books.open("coordinator"), references=chosen)
    for result in report.results:
        w.machine.visited[f"invoice {result.outcome}"] += 1
        if result.outcome == "invoiced":
            w.truth.invoiced.add(result.reference)


@act("coordinator", 3)
def starts_a_batch(w: World, c: Chance) -> None:
    orders = [o.reference for o in w.books.orders() if o.live_invoice is None]
    if orders:
        chosen = c.sample(orders, min(len(orders), c.randint(1, 4)))
        w.tell(f"starts a batch of {', '.join(chosen)}")
        batches.start(w.books.open("coordinator"), chosen)


@act("coordinator", 2)
def invoices_one_again(w: World, c: Chance) -> None:
    order = some_order(w, c)
    if order is not None:
        w.tell(f"invoices {order.reference}, whatever it is")
        invoices.invoice_purchase_orders(w.books.open("other"), references=[order.reference])


@act("coordinator", 2)
def reissues(w: World, c: Chance) -> None:
    order = some_order(w, c, lambda o: o.live_invoice is not None)
    if order is not None:
        w.tell(f"reissues {order.reference}")
        changes = amend.Changes(contact_name="New Name") if c.random() < 0.4 else None
        amend.reissue(w.books.open("coordinator"), order.reference, changes)


@act("coordinator", 2)
def cancels(w: World, c: Chance) -> None:
    order = some_order(w, c, lambda o: o.cancelled_at is None)
    if order is not None:
        w.tell(f"cancels {order.reference}")
        ledger.cancel(w.books.open("coordinator"), order.reference)
        w.truth.cancelled.add(order.reference)


@act("coordinator", 1)
def resends(w: World, c: Chance) -> None:
    order = some_order(w, c, lambda o: o.live_invoice is not None)
    if order is not None:
        w.tell(f"sends the invoice of {order.reference} again")
        invoices.resend_invoice(w.books.open("coordinator"), order.reference)


@act("coordinator", 1)
def reminds(w: World, c: Chance) -> None:
    del c
    w.tell("sends the reminders that are due")
    reminders.send_reminders(w.books.open("coordinator"))


# ---- the treasurer


@act("treasurer", 7)
def types_a_wire(w: World, c: Chance) -> None:
    wire = some(c, (x for x in w.truth.wires if not x.typed and not x.returned))
    if wire is not None:
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
        amount = c.choice(AMOUNTS)
        w.tell(f"credits {amount} on {order.reference}")
        w.truth.credit_maybe[order.reference] += amount
        ledger.credit(
            w.books.open("treasurer"),
            order.reference,
            amount=to_major(amount, "usd"),
            reason="smaller",
            again=c.random() < 0.5,
        )
        w.truth.credited[order.reference] += amount


@act("treasurer", 3)
def refunds_some(w: World, c: Chance) -> None:
    order = some_order(w, c, refundable)
    if order is not None:
        most = sum(left for _, left in refundable(order))
        amount = min(c.choice(AMOUNTS), most)
        w.tell(f"refunds {amount} on {order.reference}")
        ledger.refund(w.books.open("treasurer"), order.reference, amount=to_major(amount, "usd"))


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
    opened = w.books.open("treasurer")
    day = opened.today() - timedelta(days=c.choice([1, 3, 20]))
    w.tell(f"closes the books through {day}")
    made = reports.close_books(opened, day)
    w.truth.closed.append((day, made.digest))


# ---- the bank account


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


def load(w: World, overlap: int = 0) -> None:
    """Load the bank's statement up to now."""
    layout = w.bank.layout
    last = len(w.bank.lines)
    first = max(w.bank.loaded - overlap, 0)
    while first and w.bank.lines[first - 1].day == w.bank.lines[first].day:
        first -= 1  # a statement holds whole days
    lines, opening = w.bank.statement(first, last)
    w.tell(f"loads a statement of {len(lines)} lines as {layout}")
    if layout == "camt":
        entries = [
            Entry(x.day, Decimal(x.amount) / 100, x.text, x.name, x.reference) for x in lines
        ]
        data = camt(entries, opening=opening, number=f"S{first}-{last}")
    else:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["Date", "Amount", "Description", "Name", "Reference", "Balance"])
        for x in lines:
            opening += Decimal(x.amount) / 100
            writer.writerow([x.day, Decimal(x.amount) / 100, x.text, x.name, x.reference, opening])
        data = out.getvalue().encode()
    opened, name = w.books.open("treasurer"), f"s.{layout}"
    if layout == "camt":
        report = import_bank_statement(opened, data, file_name=name)
    else:
        report = import_bank_statement(
            opened,
            data,
            file_name=name,
            account="DE02120300000000202051",
            currency="usd",
            sign="amount",
        )
    if report.held or report.quarantined:
        raise AssertionError(f"a right statement is not taken: {report.as_json()}")
    w.bank.loaded = max(w.bank.loaded, last)


@act("treasurer", 4)
def matches(w: World, c: Chance) -> None:
    del c
    w.tell("matches the bank lines")
    found = match_bank(w.books.open("treasurer"), apply=True)
    w.tell(f"{found.applied} are applied, {found.proposed} proposed, {found.unmatched} open")


@act("treasurer", 2)
def applies_a_proposal(w: World, c: Chance) -> None:
    lines = [x for x in bank_lines(w.books.open()) if x.state == "proposed"]
    line = some(c, lines)
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
    made._look_at_clock()
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
        amount = c.choice([None, None, None, c.choice(AMOUNTS), max(left // 2, 1), left + 100_00])
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
    way = [
        (w.sim.settle if well else w.sim.bounce, p["id"], {})
        for p in w.at_stripe("invoice_payment")
        if p["status"] == "open"
    ]
    way += [(w.sim.close_dispute, d["id"], {"won": well}) for d in w.at_stripe("dispute")]
    way += [(w.sim.finish_refund, r["id"], {"failed": not well}) for r in w.at_stripe("refund")]
    chosen = some(c, way)
    if chosen is not None:
        what, which, how = chosen
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
        amount = c.choice([invoice["amount_remaining"], c.choice(AMOUNTS)])
        w.tell(f"transfers {amount} to the virtual account of {invoice['customer']}")
        dashboard(w, lambda: w.sim.transfer(invoice["customer"], amount))


@act("sponsor", 6)
def wires(w: World, c: Chance) -> None:
    order = some_order(w, c, lambda o: o.cancelled_at is None)
    if order is not None:
        owed = max(order.sums.balance, 100)
        amount = c.choice([owed, owed, owed, c.choice(AMOUNTS), owed + 50_00, max(owed // 2, 1)])
        day = w.books.open().today()
        sponsor = int(order.organization_name.split()[-1])
        by = c.choice(["wire", "wire", "check"])
        wire = Wire(w.number(), sponsor, order.reference, amount, day, by)
        named = c.choice([order.reference, order.po_number, f"INV {order.reference}", "SPONSORING"])
        w.tell(f"sends {by} {wire.reference} over {amount} for {order.reference}, saying {named}")
        w.truth.wires.append(wire)
        payer = c.choice([order.organization_name.upper(), order.organization_name, "AGENCY LTD"])
        w.bank.book(day, amount, f"{by.upper()} {named}", payer, wire.reference)


# ---- the dashboard


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
        amount = c.choice([None, c.choice(AMOUNTS)])
        w.tell(f"refunds {amount or 'all'} of {paid['id']} in the dashboard")
        dashboard(w, lambda: w.sim.refund(paid["id"], amount))


@act("dashboard", 1)
def credits_there(w: World, c: Chance) -> None:
    invoice = some(c, w.invoices("open", "paid"))
    if invoice is not None:
        amount = c.choice(AMOUNTS)
        body: dict[str, Any] = {"invoice": invoice["id"], "amount": amount}
        after = amount - min(amount, invoice["amount_remaining"])
        if after:
            body[c.choice(["credit_amount", "out_of_band_amount"])] = after
        w.tell(f"credits {amount} on {invoice['id']} in the dashboard")
        press(w, "/v1/credit_notes", body)


@act("dashboard", 1)
def voids_a_credit_note(w: World, c: Chance) -> None:
    note = some(c, (n for n in w.at_stripe("credit_note") if n["status"] == "issued"))
    if note is not None:
        w.tell(f"voids {note['id']} in the dashboard")
        press(w, f"/v1/credit_notes/{note['id']}/void", {})


def press(w: World, path: str, body: dict[str, Any]) -> None:
    """Do something through Stripe's own dashboard: no fault and no pause touches it."""
    machine, job = w.machine, w.machine.running
    machine.running = None
    try:
        opened = w.books.open()
        opened.gateway._admitted = True
        opened.gateway.write(path, body, idempotency_key=f"dashboard-{w.number()}")
    except StripeGatewayError as error:
        w.tell(f"(that is refused: {error.code})")
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


@act("operator", 1)
def restarts(w: World, c: Chance) -> None:
    del c
    w.tell("the machine loses power")
