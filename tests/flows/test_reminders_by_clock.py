"""Reminders by the clock: only where they were switched on, by day, and by one process of many."""

from __future__ import annotations

import threading
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from po_toolkit import create_stripe_invoice
from po_toolkit.api import schedules
from po_toolkit.api.schedules import remind_due
from po_toolkit.config import ConferenceSettings
from po_toolkit.domain.reminders import reminder_clock
from po_toolkit.jobs.worker import Worker
from po_toolkit.reconcile import purchase_order_story
from po_toolkit.store import cursors, jobs
from po_toolkit.store.reminders import reminders_of
from po_toolkit.store.tables import Job
from tests.conftest import SLUG, open_unpaced

HOUR = 9
ZONE = ZoneInfo("America/New_York")


@pytest.fixture
def by_clock(settings, clock):
    conference = settings.conferences[SLUG]
    settings.conferences[SLUG] = conference.model_copy(
        update={"reminders": [-7, 0, 14], "remind_from_hour": HOUR}
    )
    return open_unpaced(settings, clock)


@pytest.fixture
def travel(clock, simulator):
    """Set both clocks to an hour of the day, some days from now, where the conference is."""
    start = datetime.now(ZONE)

    def to(days, hour):
        there = start.replace(hour=hour, minute=30, second=0) + schedules.timedelta(days=days)
        seconds = (there - clock().astimezone(ZONE)).total_seconds()
        clock.advance(seconds=seconds)
        simulator.control.advance(seconds)

    return to


@pytest.fixture
def order(by_clock, make_order):
    order = make_order(("Gold", 1, "1000.00"))
    create_stripe_invoice(order, opened=by_clock)
    return order


def cursor(opened):
    with opened.store.reading() as session:
        return cursors.cursor_of(session, opened.conference)


def test_a_step_goes_out_by_day_once_and_in_the_name_of_the_schedule(
    by_clock, simulator, order, travel
):
    travel(31, 8)
    assert remind_due(by_clock) is None
    travel(31, 10)
    assert remind_due(by_clock).count("sent") == 1
    assert remind_due(by_clock) is None
    travel(32, 10)
    assert remind_due(by_clock).results == []
    assert len(simulator.control.mails()) == 2
    story = purchase_order_story(by_clock.store, by_clock.conference, order.reference)
    assert [e.actor for e in story.events if e.kind == "reminder"] == ["schedule"]


def test_a_day_on_which_nothing_ran_is_made_up_for_by_day(by_clock, simulator, order, travel):
    travel(31, 10)
    remind_due(by_clock)
    travel(50, 3)
    assert remind_due(by_clock) is None
    travel(50, 11)
    assert remind_due(by_clock).count("sent") == 1
    assert len(simulator.control.mails()) == 3


def test_nothing_goes_out_unless_it_was_switched_on(settings, clock, simulator, make_order, travel):
    conference = settings.conferences[SLUG]
    settings.conferences[SLUG] = conference.model_copy(update={"reminders": [0]})
    opened = open_unpaced(settings, clock)
    create_stripe_invoice(make_order(), opened=opened)
    travel(31, 12)
    assert remind_due(opened) is None
    assert len(simulator.control.mails()) == 1
    with pytest.raises(ValueError, match="needs reminders"):
        ConferenceSettings(name="PyCon", remind_from_hour=9)


def reminded(opened):
    found = cursor(opened)
    return found is not None and found.last_reminders_at is not None


def work_by_clock(settings, clock, until):
    """Let a worker run until something is true."""
    with Worker(settings, sync_every=schedules.SYNC_EVERY, now=clock):
        pause = threading.Event()
        for _ in range(600):
            if until():
                return
            pause.wait(0.05)
    raise AssertionError("the worker did not do it")


def test_of_several_workers_one_reminds(by_clock, settings, clock, simulator, order, travel):
    travel(31, 10)
    with Worker(settings, sync_every=schedules.SYNC_EVERY, now=clock):
        work_by_clock(settings, clock, lambda: reminded(by_clock))
    with by_clock.store.reading() as session:
        assert session.query(Job).filter_by(kind="remind_due").count() == 1
    assert len(simulator.control.mails()) == 2


def test_a_worker_that_died_in_the_middle_is_followed_when_its_lease_is_over(
    by_clock, settings, simulator, order, travel, clock
):
    travel(31, 10)
    now, conference = clock(), by_clock.conference.id
    with by_clock.store.bookkeeping() as connection:
        jobs.add_task(connection, conference, "remind_due", jobs.SCHEDULE, now)
        jobs.claim_others(connection, "dead", now, 4, slugs=[SLUG], kinds=["remind_due"])
    clock.advance(seconds=16)
    work_by_clock(settings, clock, lambda: reminded(by_clock))
    assert len(simulator.control.mails()) == 2


def test_what_failed_is_tried_again_within_the_hour_and_shown_meanwhile(
    by_clock, simulator, make_order, order, travel, clock
):
    other = make_order(("Gold", 1, "1000.00"), po_number="2", organization="Other")
    create_stripe_invoice(other, opened=by_clock)
    travel(31, 10)
    live = next(i for i in simulator.control.all("invoice"))
    simulator.control.fail(path=f"/v1/invoices/{live['id']}/send", kind="drop_before", times=20)
    report = remind_due(by_clock)
    assert (report.count("sent"), report.count("failed")) == (1, 1)
    simulator.control.clear_faults()
    standing = reminder_clock(by_clock.settings, cursor(by_clock), by_clock.now())
    assert (standing.last["sent"], standing.last["failed"], standing.last_at) == (1, 1, None)
    assert "may or may not" in standing.last["error"]
    assert (standing.next_at - by_clock.now()).total_seconds() > 3000
    assert remind_due(by_clock) is None
    clock.advance(hours=1, minutes=1)
    assert remind_due(by_clock).count("sent") == 1
    standing = reminder_clock(by_clock.settings, cursor(by_clock), by_clock.now())
    assert (standing.last["sent"], "error" in standing.last) == (2, False)
    assert standing.next_at.astimezone(ZONE).hour == HOUR
    assert len(simulator.control.mails()) == 4


def test_a_payment_that_came_meanwhile_stops_it(by_clock, simulator, order, travel):
    (invoice,) = simulator.control.all("invoice")
    simulator.control.pay(invoice["id"])
    travel(31, 10)
    report = remind_due(by_clock)
    assert [r.outcome for r in report.results] == ["held"]
    assert len(simulator.control.mails()) == 1


def test_the_worker_reminds_and_what_we_deliver_waits_for_a_person(
    by_clock, settings, simulator, clock, make_order, order, travel
):
    from po_toolkit.api.delivery import mark_delivered

    ours = make_order(po_number="2", organization="Portal AG", delivery="ourselves")
    create_stripe_invoice(ours, opened=by_clock)
    mark_delivered(by_clock, ours.reference)
    travel(31, 10)
    work_by_clock(
        settings,
        clock,
        lambda: reminded(by_clock),
    )
    assert cursor(by_clock).last_reminders | {"day": ""} == {
        "day": "",
        "sent": 1,
        "held": 1,
        "failed": 0,
    }
    with by_clock.store.reading() as session:
        assert reminders_of(session, [ours.id])[ours.id] == []
    assert len(simulator.control.mails()) == 2
