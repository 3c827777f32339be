"""A reminder after payment, or the same one twice, costs a sponsor's good will."""

from __future__ import annotations

import random

import pytest

from po_toolkit import create_stripe_invoice
from po_toolkit.api import reminders
from po_toolkit.api.delivery import mark_delivered
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.api.reminders import preview_reminders, send_reminders, steps_of
from po_toolkit.api.schedules import remind_due
from po_toolkit.reconcile import purchase_order_story
from po_toolkit.store.purchase_orders import by_reference
from po_toolkit.store.reminders import reminders_of
from tests.conftest import SLUG, open_unpaced

SCHEDULE = [-7, 0, 14, 30]
DAY = 86_400


@pytest.fixture
def reminding(settings, clock):
    conference = settings.conferences[SLUG]
    settings.conferences[SLUG] = conference.model_copy(update={"reminders": SCHEDULE})
    return open_unpaced(settings, clock)


class World:
    """One invoice that waits to be paid, both clocks, and the mails that we write ourselves."""

    def __init__(self, opened, simulator, clock, make_order, number="1", delivery="stripe"):
        self.opened, self.control, self.clock = opened, simulator.control, clock
        self.order = make_order(
            ("Gold", 1, "1000.00"),
            po_number=number,
            organization=f"Sponsor {number}",
            delivery=delivery,
        )
        create_stripe_invoice(self.order, opened=opened)
        self.invoice_id = self.fresh().stripe_invoice_id
        self.drafts = []
        if delivery == "ourselves":
            mark_delivered(opened, self.order.reference)
            self.drafts.append("the invoice itself")

    def fresh(self):
        with self.opened.store.reading() as session:
            return by_reference(session, self.opened.conference, self.order.reference)

    def days(self, number):
        self.clock.advance(days=number)
        self.control.advance(number * DAY)

    def mails(self):
        by_stripe = sum(mail.invoice == self.invoice_id for mail in self.control.mails())
        return by_stripe + len(self.drafts)

    def rows(self):
        with self.opened.store.reading() as session:
            return reminders_of(session, [self.order.id])[self.order.id]

    def run(self):
        report = send_reminders(self.opened, drafts=lambda name, _: self.drafts.append(name))
        mine = [r for r in report.results if r.reference == self.order.reference]
        return mine[0].outcome if mine else "none"


@pytest.fixture
def world(reminding, simulator, clock, make_order):
    return World(reminding, simulator, clock, make_order)


def test_each_step_is_mailed_once_and_told_in_the_story(world):
    assert (world.run(), world.mails()) == ("none", 1)
    outcomes = []
    for _ in range(70):
        world.days(1)
        outcomes.append(world.run())
    assert outcomes.count("sent") == 4
    assert world.mails() == 5
    assert [(r.step, r.state) for r in world.rows()] == [(s, "sent") for s in SCHEDULE]
    story = purchase_order_story(world.opened.store, world.opened.conference, world.order.reference)
    assert [e.text for e in story.events if e.kind == "reminder"] == [
        "Reminded 7 days before it is due",
        "Reminded on the due date",
        "Reminded 14 days past due",
        "Reminded 30 days past due",
    ]


def test_the_preview_names_whom_and_calls_nobody(world):
    world.days(31)
    world.control.clear_calls()
    (due,) = preview_reminders(world.opened).due
    assert (due.reference, due.step, due.when) == (world.order.reference, 0, "on the due date")
    assert (world.control.calls(), world.mails()) == ([], 1)


def test_a_payment_that_nobody_synced_stops_the_reminder(world):
    world.days(31)
    world.control.pay(world.invoice_id)
    assert preview_reminders(world.opened).due != []
    assert (world.run(), world.mails()) == ("held", 1)
    assert world.fresh().status == "paid"


def test_no_reminder_while_a_bank_debit_is_under_way_and_one_after_it_failed(world):
    world.days(31)
    debit = world.control.pay(world.invoice_id, method="us_bank_account", settled=False)
    assert (world.run(), world.mails()) == ("held", 1)
    world.control.bounce(debit["id"])
    assert (world.run(), world.mails()) == ("sent", 2)


def test_no_reminder_on_a_dispute(world):
    payment = world.control.pay(world.invoice_id, amount=40_000)
    world.days(31)
    world.control.dispute(payment["id"])
    assert (world.run(), world.mails()) == ("held", 1)


def test_a_wire_that_was_entered_stops_the_reminder(world):
    world.days(31)
    record_payment_by_hand(world.opened, world.order.reference, amount=1000, method="wire")
    assert (world.run(), world.mails()) == ("none", 1)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "500"])
def test_a_reminder_that_was_cut_off_is_finished_once(world, kind):
    world.days(31)
    world.control.fail(path="/v1/invoices/*/send", kind=kind, times=20)
    assert world.run() == "failed"
    world.control.clear_faults()
    world.run()
    assert (world.mails(), [(r.step, r.state) for r in world.rows()]) == (
        2,
        [(0, "sent"), (-7, "passed")],
    )
    assert (world.run(), world.mails()) == ("none", 2)


def test_one_of_unknown_outcome_is_found_after_the_key_is_forgotten(world):
    world.days(31)
    world.control.fail(path="/v1/invoices/*/send", kind="drop_after", times=20)
    world.run()
    world.control.clear_faults()
    world.days(2)
    assert (world.run(), world.mails()) == ("sent", 2)
    assert (world.run(), world.mails()) == ("none", 2)


def test_one_that_nobody_can_look_for_any_more_is_not_repeated(world):
    world.days(31)
    world.control.fail(path="/v1/invoices/*/send", kind="drop_after", times=20)
    world.run()
    world.control.clear_faults()
    world.clock.advance(days=30)
    assert (world.run(), world.mails()) == ("sent", 3), "the next step, 30 days past due"
    assert (world.run(), world.mails()) == ("none", 3), "the one in doubt is not mailed again"


def test_without_a_schedule_only_a_person_reminds(opened):
    assert remind_due(opened) is None
    assert send_reminders(opened).results == []
    assert steps_of(opened) == [0, 14, 30]


def _under_way(world):
    intents = world.control.all("payment_intent")
    payments = world.control.all("invoice_payment")
    mine = {
        p["payment"].get("payment_intent") for p in payments if p["invoice"] == world.invoice_id
    }
    return any(i["id"] in mine and i["status"] == "processing" for i in intents)


ACTS = ("days", "days", "run", "run", "run", "pay part", "pay all", "debit", "settle", "bounce",
        "dispute", "wire", "cut before", "cut after")  # fmt: skip


def _act(world, act, rng):
    """Do one thing, if it can be done now."""
    control, open_now = world.control, world.control.get(world.invoice_id)["status"] == "open"
    if act == "days":
        world.days(rng.choice([1, 5, 13, 40]))
    elif act == "pay part" and open_now and not _under_way(world):
        left = control.get(world.invoice_id)["amount_remaining"]
        if left > 20_000:
            world.paid.append(control.pay(world.invoice_id, amount=10_000))
    elif act == "pay all" and open_now and not _under_way(world):
        world.paid.append(control.pay(world.invoice_id))
    elif act == "debit" and open_now and not _under_way(world):
        world.debit = control.pay(world.invoice_id, method="us_bank_account", settled=False)
    elif act in ("settle", "bounce") and _under_way(world):
        getattr(control, act)(world.debit["id"])
    elif act == "dispute" and world.paid:
        world.disputes.append(control.dispute(world.paid.pop()["id"]))
    elif act == "wire" and world.fresh().sums.balance > 30_000 and open_now:
        record_payment_by_hand(
            world.opened, world.order.reference, amount=50, method="wire", again=True
        )


def _run_and_check(world, act):
    forbidden = (
        world.control.get(world.invoice_id)["status"] != "open"
        or _under_way(world)
        or any(
            world.control.get(d["id"])["status"] in ("needs_response", "under_review")
            for d in world.disputes
        )
    )
    before = world.mails()
    if act.startswith("cut"):
        world.control.fail(path="/v1/invoices/*/send", kind=f"drop_{act[4:]}", times=20)
    world.run()
    world.control.clear_faults()
    new = world.mails() - before
    assert new <= (0 if forbidden else 1), (act, forbidden)
    rows = world.rows()
    assert len({r.step for r in rows}) == len(rows)
    taken = ("sent", "drafted", "sending", "refused")
    assert world.mails() - 1 <= sum(r.state in taken for r in rows)


@pytest.mark.parametrize(
    ("database_url", "seed", "way"),
    [
        *(("sqlite", n, "stripe") for n in range(12)),
        *(("sqlite", n, "ourselves") for n in range(6)),
        *(("postgresql", n, way) for n in range(2) for way in ("stripe", "ourselves")),
    ],
    indirect=["database_url"],
)
def test_payments_and_reminders_in_any_order_give_none_twice_and_none_after_payment(
    reminding, simulator, clock, make_order, seed, way
):
    """A model test: random histories, each act followed by what must then hold."""
    rng = random.Random(seed)
    world = World(reminding, simulator, clock, make_order, number=str(seed), delivery=way)
    world.paid, world.disputes, world.debit = [], [], None
    world.days(rng.choice([0, 22, 28, 35]))
    for _ in range(18):
        act = rng.choice(ACTS)
        if act == "run" or act.startswith("cut"):
            _run_and_check(world, act)
        else:
            _act(world, act, rng)
    if way == "ourselves":
        assert world.control.mails() == []
    sent = [r for r in world.rows() if r.state in ("sent", "drafted")]
    assert len({r.step for r in sent}) == len(sent)


def test_a_long_list_is_previewed_in_part_and_says_how_much_is_left(
    world, reminding, simulator, clock, make_order, monkeypatch
):
    """Fifty thousand who pay late must not stop the page that reminds them."""
    monkeypatch.setattr(reminders, "_AT_ONCE", 1)
    World(reminding, simulator, clock, make_order, number="2")
    world.days(31)
    whole, part = (preview_reminders(world.opened, limit=limit) for limit in (None, 1))
    assert (len(whole.due), whole.unread) == (2, 0)
    assert (part.due, part.unread) == (whole.due[:1], 1)
