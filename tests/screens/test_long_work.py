"""Long work leaves the page: it goes on, everybody sees it, and it runs once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.jobs import batches, tasks
from po_toolkit.store import activity
from po_toolkit.store.tables import Job

SHEET = b"organization_name,contact_email,po_number,amount\nAcme,ap@acme.example,A-1,100.00\n"
SYNC = "pycon-2027:task.sync"


@pytest.fixture
def sent(conference, simulator):
    """A conference with one invoice that its sponsor has paid."""
    opened = conference()
    report = import_purchase_orders(opened, SHEET, file_name="a.csv")
    (result,) = invoice_purchase_orders(opened, references=report.references).results
    simulator.control.pay(result.stripe_invoice_id, account="sk_test_screens_pycon_2027")
    return opened


def running(opened, **values):
    """A task that somebody else's worker runs."""
    now = opened.now()
    with opened.store.engine.begin() as connection:
        row = {"kind": "sync", "state": "running", "entered_by": "app:ann", "created_at": now}
        row |= {"lease_owner": "another", "lease_until": now + timedelta(hours=1), "moved_at": now}
        row |= {"conference_id": opened.conference.id, "progress": 12} | values
        connection.execute(Job.__table__.insert().values(row))


def test_a_sync_brings_its_news_without_holding_the_page(show, read, sent, finish):
    """The page must not freeze for as long as Stripe takes."""
    app = show("home").button(key=SYNC).click().run()
    assert not app.exception
    app = finish(app)
    assert "Stripe was asked about 1 invoice: 1 new payment, 0 new refunds." in read(app)
    assert not app.button(key=SYNC).disabled


def test_who_comes_meanwhile_sees_it_and_cannot_start_another(show, read, sent, simulator):
    """Two people who both press would ask Stripe everything twice."""
    running(sent)
    app = show("home")
    assert "by ann: 12 calls to Stripe so far" in read(app)
    assert app.button(key=SYNC).disabled
    simulator.control.clear_calls()
    assert not tasks.start(sent, "sync")
    assert simulator.control.calls() == []


def test_a_page_that_was_opened_before_starts_nothing_twice(show, read, sent, simulator):
    """The button of an old page is still blue; pressing it must not double the work."""
    app = show("home")
    running(sent)
    simulator.control.clear_calls()
    app.button(key=SYNC).click().run()
    assert not app.exception
    assert "by ann" in read(app)
    assert simulator.control.calls() == []


def test_what_a_dead_worker_left_is_done_by_the_next_one(show, read, sent, finish):
    """A sync that 'runs' for ever keeps everybody from the next one."""
    running(sent, lease_until=sent.now() - timedelta(minutes=2))
    app = finish(show("home"))
    assert "1 new payment" in read(app)
    assert not app.button(key=SYNC).disabled


def test_work_that_does_not_move_says_so(show, read, sent):
    """A page that counts on nobody looks as if all were well for hours."""
    running(sent, moved_at=sent.now() - timedelta(minutes=2))
    assert "No progress since" in read(show("home"))


def test_stripe_out_of_reach_is_told_and_leads_on(show, read, sent, config, simulator, finish):
    """Stripe down for an hour must not look like an app that is broken."""
    config.write_text(config.read_text().replace(simulator.url, "http://127.0.0.1:1"))
    app = finish(show("home").button(key=SYNC).click().run())
    assert "Stripe could not be reached" in app.error[0].value
    assert not app.button(key=SYNC).disabled
    assert "Stripe could not be reached" in read(
        show("activity", **{"activity-view": "Failed tasks"})
    )
    assert not show("orders").exception


def test_what_nobody_foresaw_ends_the_task_too(show, read, sent, monkeypatch, finish):
    """A task that dies without a word would block the button for everybody."""

    def explode(_opened):
        raise RuntimeError("boom")

    monkeypatch.setitem(tasks.TASKS, "sync", tasks.Kind(tasks.TASKS["sync"].act, explode))
    app = finish(show("home").button(key=SYNC).click().run())
    assert "See the log" in app.error[0].value
    assert not any(column.error for column in app.columns), "sentences need the page's width"
    assert not app.button(key=SYNC).disabled


def test_what_could_not_be_done_is_not_told_as_done(show, read, sent, monkeypatch, finish):
    """A green message over a payment that is in no ledger."""

    def in_part(_opened):
        return "1 new payment.", ["The sync is not complete.", "PO-7KQ2MX is in EUR."]

    monkeypatch.setitem(tasks.TASKS, "sync", tasks.Kind(tasks.TASKS["sync"].act, in_part))
    app = finish(show("home").button(key=SYNC).click().run())
    assert not app.success or "new payment" not in app.success[0].value
    assert "PO-7KQ2MX is in EUR." in read(app)


def test_a_conference_without_a_key_offers_no_task(show, conference):
    """A button that can only fail teaches people to distrust all buttons."""
    import_purchase_orders(conference("keyless-2027"), SHEET, file_name="a.csv")
    for place in ("home", "orders", "payouts"):
        app = show(place, name="Keyless 2027")
        assert not app.exception
        assert not [b for b in app.button if b.key and "task." in b.key]


def test_the_audit_trail_names_who_started_it(show, sent, finish):
    """Who asked Stripe, and what came of it, must be known a year later."""
    finish(show("home").button(key=SYNC).click().run())
    with sent.store.reading() as session:
        rows, _ = activity.audit(session, sent.conference, acts=["sync"], offset=0, limit=50)
    mine = [row for row in rows if row.subject_type == "Job"]
    assert [row.after for row in mine][-1] == {"started": "sync"}
    assert (mine[0].before, list(mine[0].after)) == ({"state": "running"}, ["done"])
    assert all(row.actor.startswith("app:") for row in mine)


def test_settings_that_change_while_a_batch_runs_do_not_stop_it(
    show, read, sent, config, simulator
):
    """It used to stand at 0 of N until the server was started again."""
    simulator.world.options = replace(simulator.world.options, latency=0.2)
    rows = "".join(f"S{n},ap{n}@s.example,B-{n},{n + 1}.00\n" for n in range(24))
    sheet = b"organization_name,contact_email,po_number,amount\n" + rows.encode()
    references = import_purchase_orders(sent, sheet, file_name="b.csv").references
    batch = batches.start(sent, references)
    show("home")
    config.write_text(config.read_text().replace('name = "PyCon 2027"', 'name = "PyCon US"'))
    assert "PyCon US" in read(show("home", name="PyCon US"))
    ended = batches.wait_for(sent, batch)
    assert (ended.state, ended.invoiced, ended.failed) == ("done", 24, 0)
    again = import_purchase_orders(sent, sheet.replace(b"B-", b"C-"), file_name="c.csv")
    later = batches.start(sent, again.references)
    show("home", name="PyCon US")
    assert batches.wait_for(sent, later).invoiced == 24
