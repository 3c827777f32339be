"""Short histories that need a guard: right with the product as it is, wrong with it planted.

Each shows that what must hold notices the fault, and which acts it takes. Where another guard hides
a fault, its history is right with the one and wrong with both.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import pytest
import stripe

from po_toolkit import create_purchase_order
from po_toolkit.api import invoices, ledger, order_changes, reports
from po_toolkit.api.bank_matching import choose, match_bank, undo_match
from po_toolkit.api.sync import sync_conference
from po_toolkit.api.webhook_work import work_events
from po_toolkit.domain.roles import STRIPE
from po_toolkit.errors import PoToolkitError
from po_toolkit.money import to_major
from tests.seasons import acts, many
from tests.seasons.checks import come_to_rest, compare
from tests.seasons.machine import CALM, Job, Killed, Machine, need, played_on
from tests.seasons.planted import FAULTS, planted
from tests.seasons.world import Asked, Laptop, Wire, World

WHOLE = 1_000_00
PLAIN = 16
"""A seed without unproven switches, and with one sponsor."""

Json = dict[str, Any]


@pytest.fixture(scope="module")
def disk():
    with many.disk() as place:
        yield place


def fails(disk: Any, history: Callable[[World], str | None]) -> str:
    """Play a history without chance, bring it to rest and compare; return how it fails, or ''."""
    machine = Machine(PLAIN, CALM)
    with played_on(machine):
        w = World(machine, disk)
        w.scheduled = False
        try:
            come_to_rest(w, history(w) or "both")
            compare(w)
        except Exception as error:  # noqa: BLE001 whatever it is, the history has failed
            return f"{type(error).__name__}: {error}"
    return ""


# ---- what people do


def types(w: World, laptop: Laptop | None = None, number: str = "4711", **more: Any) -> str:
    """Type a purchase order; return its reference."""
    laptop = laptop or w.books
    made = create_purchase_order(
        laptop.slug,
        organization_name="Sponsor 0",
        contact_email="ap0@example.org",
        po_number=number,
        line_items=[{"description": "Booth", "unit_price": to_major(WHOLE, "usd")}],
        opened=laptop.open("coordinator"),
        **more,
    ).reference
    laptop.orders()
    if laptop is w.books:
        w.truth.orders[made] = WHOLE
    return made


def bills(w: World, *orders: str, laptop: Laptop | None = None) -> str:
    """Invoice purchase orders; return the outcome of the last."""
    opened = (laptop or w.books).open("coordinator")
    (*_, last) = invoices.invoice_purchase_orders(opened, references=list(orders)).results
    acts.need_a_reason(w, last)
    return str(last.outcome)


def sent(w: World) -> tuple[str, str]:
    """Type a purchase order and bill it; return its reference and its invoice."""
    order = types(w)
    need(bills(w, order) == "invoiced", "it was not invoiced")
    return order, w.invoices("open")[-1]["id"]


def elsewhere(w: World, number: str = "4711") -> None:
    """Bill from a database of one's own."""
    w.second = Laptop(w, "second")
    bills(w, types(w, w.second, number), laptop=w.second)


def heard(w: World) -> None:
    """Have all news delivered and worked."""
    w.collect_mail()
    acts.hear(w, w.unheard)
    w.unheard.clear()
    work_events(w.books.open("webhook").acting_as(STRIPE))


def sync(w: World, *, full: bool = False) -> None:
    sync_conference(w.books.open("sync"), full=full)


def wire(
    w: World, order: str, amount: int = WHOLE, *, typed: bool = True, line: bool = False
) -> Wire:
    """Let a sponsor send a wire, of which somebody types, or the bank tells, or both."""
    day = w.books.open().today()
    sent = Wire(w.number(), 0, order, amount, day)
    w.truth.wires.append(sent)
    if line:
        w.bank.book(day, amount, "WIRE SPONSORING", "AGENCY LTD", sent.reference)
        acts.load(w)
    if typed:
        acts._type(w, sent, "treasurer")
    return sent


def does(w: World, do: Callable[[], Any], **job: Any) -> None:
    """Let somebody do something in a process of their own, which may die or be refused."""
    with suppress(PoToolkitError):
        w.machine.start(Job(0, "somebody", "something", random.Random(1), do, **job))


def cut_off(w: World, path: str, do: Callable[[], Any], *, after: bool = False) -> None:
    """Let a process die before, or after, its call to a path of Stripe."""

    def dies(call: Callable[[], Any]) -> Any:
        if after:
            call()
        assert w.machine.running is not None
        w.machine.running.dead = True
        raise Killed

    with _answered(w, path, dies):
        does(w, do)
    w.sim.advance(3600)


def unanswered(w: World, path: str, do: Callable[[], Any]) -> None:
    """Let no call to a path of Stripe come through while somebody does something."""

    def lost(_call: Callable[[], Any]) -> Any:
        raise stripe.APIConnectionError("No answer came.", should_retry=True)

    with _answered(w, path, lost):
        does(w, do)


@contextmanager
def refused_once(w: World, path: str) -> Iterator[None]:
    """Let Stripe refuse the next call to a path."""
    waiting = [{"type": "invalid_request_error", "message": "This is wrong."}]

    def refuses(call: Callable[[], Any]) -> Any:
        return (json.dumps({"error": waiting.pop()}).encode(), 400, {}) if waiting else call()

    with _answered(w, path, refuses):
        yield


@contextmanager
def _answered(w: World, path: str, answer: Callable[[Callable[[], Any]], Any]) -> Iterator[None]:
    """Have something else done for each call to a path, which may make it."""
    real = w.machine.request

    def request(method: str, url: str, headers: Any, *body: Any) -> Any:
        def call() -> Any:
            return real(method, url, headers, *body)

        if method.upper() != "POST" or not re.search(f"{path}$", urlsplit(url).path):
            return call()
        found = answer(call)
        if found[1] == 400:
            w.machine.refused.add(headers["Idempotency-Key"])
        return found

    with mock.patch.object(w.machine, "request", request):
        yield


def meanwhile(w: World, do: Callable[[], Any], other: Callable[[], Any]) -> None:
    """Let somebody do something between what another has read and what that one writes."""
    waiting = [other]

    def pause(where: str) -> None:
        if where == "before a transaction" and waiting:
            waiting.pop()()

    with mock.patch.object(w.machine, "pause", pause), suppress(PoToolkitError):
        do()


# ---- histories


def stripe_does_not_answer(w: World) -> None:
    order, _ = sent(w)
    unanswered(w, "/report_payment", lambda: wire(w, order))


def another_bills_what_was_begun(w: World) -> None:
    order = types(w)
    cut_off(w, "/send", lambda: bills(w, order))
    elsewhere(w)
    w.sim.advance(3600)
    bills(w, order)


def an_event_fails(w: World) -> str:
    _, invoice = sent(w)
    payment = w.sim.pay(invoice)
    heard(w)
    w.sim.refund(payment["id"])
    w.collect_mail()
    acts.hear(w, w.unheard)
    w.unheard.clear()
    service = w.books.open("webhook").acting_as(STRIPE)
    does(w, lambda: work_events(service), fault="500", spell=60)
    return "webhooks"


def an_event_is_listed_late(w: World) -> str:
    sent(w)
    sync(w)
    w.sim.advance(60)
    acts.lists_an_event_late(w, random.Random(1))
    return "sync"


def pays(w: World) -> str:
    _, invoice = sent(w)
    sync(w)
    w.sim.pay(invoice, WHOLE // 2)
    return "sync"


def billed_elsewhere_and_read(w: World) -> None:
    order = types(w)
    elsewhere(w)
    sync(w)
    bills(w, order)


def billed_elsewhere(w: World) -> None:
    order = types(w)
    elsewhere(w)
    bills(w, order)


def a_copy_has_forgotten_the_invoice(w: World) -> None:
    order = types(w)
    w.back_up()
    w.sim.advance(3600)
    bills(w, order)
    w.restore(w.backups[-1])
    w.books.conference_made()
    w.sim.advance(2 * 86_400)  # Stripe has forgotten the keys
    sync(w, full=True)
    bills(w, order)


def begun_again_after_a_void_one(w: World) -> None:
    order, first = sent(w)
    acts.press(w, f"/v1/invoices/{first}/void", {})
    sync(w)
    cut_off(w, "/v1/invoices", lambda: bills(w, order))
    bills(w, order)


def credit_of_the_dashboard_is_used(w: World) -> None:
    _, invoice = sent(w)
    sync(w)
    customer = w.at_stripe("customer")[0]["id"]
    w.sim.move_balance(customer, -50_00)
    w.sim.apply_credit(invoice, 50_00)


def voided_in_the_dashboard(w: World) -> str:
    _, invoice = sent(w)
    heard(w)
    acts.press(w, f"/v1/invoices/{invoice}/void", {})
    return "webhooks"


def cancelled(w: World) -> None:
    order, _ = sent(w)
    ledger.cancel(w.books.open("coordinator"), order)
    w.truth.cancelled.add(order)


def gives_credit(w: World, order: str, amount: int, *, again: bool = False) -> None:
    ledger.credit(
        w.books.open("treasurer"), order, amount=to_major(amount, "usd"), reason="smaller",
        again=again,
    )  # fmt: skip


def a_credit_note_was_cut_off(w: World) -> None:
    order, _ = sent(w)
    unanswered(w, "/v1/credit_notes", lambda: gives_credit(w, order, 100_00))
    acts.repeats_what_was_cut_off(w, random.Random(1))


def a_payment_was_cut_off(w: World) -> None:
    order, _ = sent(w)
    unanswered(w, "/report_payment", lambda: wire(w, order))
    acts.repeats_what_was_cut_off(w, random.Random(1))


def two_people_choose_one_entry(w: World) -> None:
    order = types(w)
    wire(w, order, line=True)
    other = Wire(w.number(), 0, order, WHOLE, w.books.open().today(), typed="never")
    w.truth.wires.append(other)
    w.bank.book(w.books.open().today(), WHOLE, "WIRE SPONSORING", "AGENCY LTD", other.reference)
    acts.load(w)

    def chooses(line: str) -> None:
        choose(w.books.open(f"treasurer of line {line}"), line, entry=1)

    meanwhile(w, lambda: chooses("1"), lambda: chooses("2"))


def a_typed_wire_is_on_the_statement(w: World) -> None:
    order = types(w)
    wire(w, order, 400_00, line=True)
    with suppress(PoToolkitError):
        choose(w.books.open("treasurer"), "1", orders={order: None}, overpaid=True)


def the_bank_takes_a_wire_back(w: World) -> None:
    order = types(w)
    came = wire(w, order, typed=False, line=True)
    came.typed = "never"
    choose(w.books.open("treasurer"), "1", orders={order: None})
    w.sim.advance(86_400)
    came.returned = True
    text = f"RETURN {came.reference} {order}"
    w.bank.book(w.books.open().today(), -WHOLE, text, "AGENCY LTD", came.reference)
    acts.load(w)
    match_bank(w.books.open("treasurer"), apply=True)
    acts.applies_a_proposal(w, random.Random(1))


def refunded_there(w: World) -> str:
    _, invoice = sent(w)
    payment = w.sim.pay(invoice)
    heard(w)
    w.sim.refund(payment["id"])
    return "webhooks"


def disputed(w: World) -> str:
    _, invoice = sent(w)
    payment = w.sim.pay(invoice)
    heard(w)
    w.sim.dispute(payment["id"])
    return "webhooks"


def credited_there(w: World) -> str:
    _, invoice = sent(w)
    heard(w)
    acts.press(w, "/v1/credit_notes", {"invoice": invoice, "amount": 100_00})
    return "webhooks"


def reminded_twice(w: World) -> None:
    sent(w)
    w.sim.advance(30 * 86_400)
    acts._remind(w, "coordinator")
    acts._remind(w, "coordinator 2")


def reminded_of_what_was_typed_while_it_was_sent(w: World) -> None:
    order = types(w)

    def meanwhile_typed(call: Callable[[], Any]) -> Any:
        found = call()
        wire(w, order)
        return found

    with _answered(w, "/send", meanwhile_typed):
        unanswered(w, "/report_payment", lambda: bills(w, order))
    w.sim.advance(30 * 86_400)
    acts._remind(w, "coordinator")


def a_coupon_is_given(w: World) -> None:
    _, _ = sent(w)
    w.sim.give_coupon(w.at_stripe("customer")[0]["id"], percent_off="10")
    need(bills(w, types(w, number="4712")) == "invoiced", "a coupon keeps it from being invoiced")


def a_change_is_corrected_whose_outcome_is_unknown(w: World) -> None:
    sent(w)
    one = "/v1/customers/cus_[^/]*"
    wrong = types(w, number="4712", billing_address="1 Wrong St\nBerlin 10115\nDE")
    unanswered(w, one, lambda: bills(w, wrong))
    right = types(w, number="4713", billing_address="2 Right St\nBerlin 10115\nDE")
    with refused_once(w, one):
        need(bills(w, right) == "invoiced", "what is right was refused")


def refunds(w: World, order: str) -> None:
    ledger.refund(w.books.open("treasurer"), order, amount=to_major(400_00, "usd"), again=True)


def a_copy_has_forgotten_a_refund(w: World) -> None:
    order, invoice = sent(w)
    w.sim.pay(invoice)
    sync(w)
    w.back_up()
    w.truth.refunds.append(Asked(order, 400_00))
    refunds(w, order)
    w.restore(w.backups[-1])
    w.books.conference_made()
    with suppress(PoToolkitError):
        refunds(w, order)


def a_copy_has_forgotten_a_wire(w: World) -> None:
    order, _ = sent(w)
    sync(w)
    w.back_up()
    came = wire(w, order, 400_00)
    w.restore(w.backups[-1])
    w.books.conference_made()
    with suppress(PoToolkitError):
        acts._type(w, came, "treasurer")


def an_error_is_stored(w: World) -> None:
    order = types(w)

    def stored(call: Callable[[], Any]) -> Any:
        with mock.patch.object(w.machine, "_fault", return_value="500_stored_after"):
            return call()

    with _answered(w, "/v1/invoices", stored):
        does(w, lambda: bills(w, order))


def another_process_has_the_lease(w: World) -> None:
    order = types(w)
    w.favourite = order
    waiting = [lambda: acts.invoices_one_again(w, random.Random(1))]

    def another(call: Callable[[], Any]) -> Any:
        while waiting:
            waiting.pop()()
        return call()

    with _answered(w, "/send", another):
        does(w, lambda: bills(w, order))


def typed_twice(w: World) -> None:
    came = wire(w, types(w))
    does(w, lambda: acts._type(w, came, "coordinator"))


def refunded_and_synced(w: World) -> None:
    _, invoice = sent(w)
    payment = w.sim.pay(invoice)
    sync(w)
    w.sim.refund(payment["id"], 400_00)


def a_refund_fails(w: World) -> None:
    refunded_and_synced(w)
    sync(w)
    w.sim.finish_refund(w.at_stripe("refund")[0]["id"], failed=True)


def cancelled_with_money_on_it(w: World) -> None:
    order = types(w)
    wire(w, order)
    with suppress(PoToolkitError):
        ledger.cancel(w.books.open("coordinator"), order)
        need(False, "it was cancelled with money on it")


def refunded_too_often(w: World) -> None:
    order, invoice = sent(w)
    w.sim.pay(invoice)
    sync(w)
    w.truth.refunds += [Asked(order, 400_00), Asked(order, 400_00)]
    for _ in range(2):
        refunds(w, order)
    with suppress(PoToolkitError):
        refunds(w, order)
    asked = [event for event in w.machine.log if event[2:4] == ("POST", "/v1/refunds")]
    need(len(asked) == 2, "Stripe was asked to refund more than it took")


def a_dispute_is_won(w: World) -> None:
    disputed(w)
    sync(w)
    w.sim.close_dispute(w.at_stripe("dispute")[0]["id"], won=True)


def a_credit_note_is_voided(w: World) -> None:
    credited_there(w)
    sync(w)
    acts.press(w, f"/v1/credit_notes/{w.at_stripe('credit_note')[0]['id']}/void", {})


def credited_too_much(w: World) -> None:
    order = types(w)
    gives_credit(w, order, WHOLE)
    with suppress(PoToolkitError):
        gives_credit(w, order, 100_00)


def closes(w: World) -> None:
    opened = w.books.open("treasurer")
    day = opened.today() - timedelta(days=1)
    w.truth.closed.append((day, reports.close_books(opened, day).digest))


def typed_into_closed_books(w: World) -> None:
    order = types(w)
    w.sim.advance(20 * 86_400)
    closes(w)
    came = Wire(w.number(), 0, order, WHOLE, w.books.open().today() - timedelta(days=9))
    w.truth.wires.append(came)
    acts._type(w, came, "treasurer")


def a_past_day_is_looked_at(w: World) -> None:
    order = types(w)
    gives_credit(w, order, 50_00)
    w.sim.advance(20 * 86_400)
    closes(w)
    come_to_rest(w)
    compare(w, last=False)
    wire(w, order, 400_00)
    gives_credit(w, order, 100_00)


def a_match_is_undone(w: World) -> None:
    order = types(w)
    wire(w, order, typed=False, line=True).typed = "never"
    choose(w.books.open("treasurer"), "1", orders={order: None})
    undo_match(w.books.open("treasurer"), "1")
    w.truth.said.add(1)


def matched_from_an_old_page(w: World) -> None:
    order = types(w)
    wire(w, order, 400_00, typed=False, line=True).typed = "never"
    choose(w.books.open("treasurer"), "1", orders={order: None})
    with suppress(PoToolkitError):
        opened = w.books.open("coordinator")
        choose(opened, "1", orders={order: None}, again=True, overpaid=True)


def a_statement_overlaps(w: World) -> None:
    w.bank.layout = "csv"  # others name each line or statement
    order = types(w)
    wire(w, order, 400_00, line=True)
    w.sim.advance(86_400)
    wire(w, order, 300_00, line=True)
    acts.load(w, 2)


def billed_for_nobody_here(w: World) -> None:
    elsewhere(w)


def reissued(w: World) -> None:
    order, _ = sent(w)
    order_changes.reissue(w.books.open("coordinator"), order)


def due_on_a_day(w: World) -> None:
    bills(w, types(w, due_date=w.books.open().today() + timedelta(days=12)))


def due_by_terms(w: World) -> None:
    bills(w, types(w, days_until_due=10))


def just_sent(w: World) -> None:
    sent(w)


def a_stranger_says_it_is_paid(w: World) -> None:
    sent(w)
    acts.forges_a_delivery(w, random.Random(1))


def paid_a_little(w: World) -> None:
    wire(w, types(w), 1_00)


def paid_too_much(w: World) -> None:
    wire(w, types(w), WHOLE + 100_00)


def paid_out(w: World) -> None:
    _, invoice = sent(w)
    w.sim.pay(invoice)
    w.sim.advance(9 * 86_400)
    acts.pays_out(w, random.Random(1))


HISTORIES: dict[str, Callable[[World], str | None]] = {
    "a stored 500 is not looked after": an_error_is_stored,
    "a lease of another process is ignored": another_process_has_the_lease,
    "a wire is taken twice": typed_twice,
    "a refund is not owed again": refunded_and_synced,
    "cancelling ignores money": cancelled_with_money_on_it,
    "what was typed is never told": stripe_does_not_answer,
    "a refund may exceed its payment": refunded_too_often,
    "a dispute that was won stays lost": a_dispute_is_won,
    "a refund that failed stays refunded": a_refund_fails,
    "a credit note that is void still counts": a_credit_note_is_voided,
    "a credit note may exceed its total": credited_too_much,
    "money is booked into closed books": typed_into_closed_books,
    "a match that is undone keeps its payment": a_match_is_undone,
    "a status is not brought up to its sums": paid_a_little,
    "the audit chain has no links": just_sent,
    "an event that failed is never tried again": an_event_fails,
    "a credit note does not balance in the journal": credited_there,
    "a refund is missing in the journal": refunded_there,
    "no page names an invoice of nobody": billed_for_nobody_here,
    "what a reissue replaces stays open": reissued,
    "an overlapping statement counts twice": a_statement_overlaps,
    "a dispute takes no money": disputed,
    "the purchase order's due date is lost": due_on_a_day,
    "the purchase order's terms are lost": due_by_terms,
    "an invoice is due a day late": due_on_a_day,
    "an invoice names no PO number": just_sent,
    "an invoice goes to another address": just_sent,
    "a cancellation is not kept": cancelled,
    "a bank line is matched twice": matched_from_an_old_page,
    "a delivery is not verified": a_stranger_says_it_is_paid,
    "a past day shows what was booked later": a_past_day_is_looked_at,
    "a past day shows later credit notes": a_past_day_is_looked_at,
    "a small part payment is none": paid_a_little,
    "an overpaid purchase order is paid": paid_too_much,
    "a payout's fees are its money": paid_out,
    "an unknown outcome counts as refused": stripe_does_not_answer,
    "what was begun is not looked up": another_bills_what_was_begun,
    "a failed event is forgotten": an_event_fails,
    "events that were listed late are missed": an_event_is_listed_late,
    "payments in events are passed over, and so are invoices in them": pays,
    "another database's invoice is no reason": billed_elsewhere_and_read,
    "its own invoice is not found again": a_copy_has_forgotten_the_invoice,
    "nothing new is read before billing": billed_elsewhere,
    "another generation's invoice is gone on with": begun_again_after_a_void_one,
    "no page says that Stripe asks too much": credit_of_the_dashboard_is_used,
    "no page says that an invoice was voided": voided_in_the_dashboard,
    "a cancelled purchase order is still asked for": cancelled,
    "a cancelled purchase order is still asked for, and its invoice not looked at": cancelled,
    "a credit note is issued again for one that was cut off": a_credit_note_was_cut_off,
    "a payment is entered again for one that was cut off": a_payment_was_cut_off,
    "one entry stands for two bank lines": two_people_choose_one_entry,
    "a typed wire is no reason to ask": a_typed_wire_is_on_the_statement,
    "a wire that the bank took back stays paid": the_bank_takes_a_wire_back,
    "a refund in the dashboard is passed over": refunded_there,
    "a dispute is passed over": disputed,
    "a credit note in the dashboard is passed over": credited_there,
    "an invoice that changed is passed over": voided_in_the_dashboard,
    "a reminder is sent again, and taking its step is not looked at": reminded_twice,
    "who owes nothing is reminded, and is on the list": (
        reminded_of_what_was_typed_while_it_was_sent
    ),
    "what was corrected is refused for what was wrong": (
        a_change_is_corrected_whose_outcome_is_unknown
    ),
    "a sponsor's discount lowers the invoice": a_coupon_is_given,
    "a refund goes out again after a copy was restored": a_copy_has_forgotten_a_refund,
    "a report goes out again after a copy was restored": a_copy_has_forgotten_a_wire,
}
"""Each fault, and a history that goes wrong with it."""

HIDDEN = [
    (name, both)
    for both, names in {
        "payments in events are passed over, and so are invoices in them": [
            "payments in events are passed over"
        ],
        "a reminder is sent again, and taking its step is not looked at": [
            "a reminder is sent again"
        ],
        "who owes nothing is reminded, and is on the list": ["who owes nothing is reminded"],
    }.items()
    for name in names
]
"""Each fault that another guard hides, and the fault that lacks that guard too."""


@pytest.mark.parametrize("name", HISTORIES)
def test_a_history_is_right_until_its_guard_is_gone(name, disk):
    """Else a guard may be lost, and no season says so."""
    (fault,) = (f for f in FAULTS if f.name == name)
    assert not fails(disk, HISTORIES[name])
    with planted(fault):
        assert fails(disk, HISTORIES[name])


@pytest.mark.parametrize(("name", "both"), HIDDEN)
def test_a_hidden_fault_shows_only_without_the_other_guard(name, both, disk):
    """Else a guard that is said to stand behind another does not."""
    (fault,) = (f for f in FAULTS if f.name == name)
    with planted(fault):
        assert not fails(disk, HISTORIES[both])


def test_every_planted_fault_has_its_history():
    """Else what no season finds is nowhere shown to be found."""
    shown = [*HISTORIES, *(name for name, _ in HIDDEN)]
    assert sorted(shown) == sorted(fault.name for fault in FAULTS)
