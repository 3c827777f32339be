"""Invoice: what a person sees before the button, what the button does, and what came of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.domain.roles import Act
from po_toolkit.jobs import batches
from po_toolkit.jobs.batches import wait_for
from po_toolkit.reconcile import list_purchase_orders
from po_toolkit.store import jobs
from po_toolkit.store.tables import Invoice, PurchaseOrder
from po_toolkit.ui.formats import plain

SHEET = """organization_name,contact_email,po_number,amount,currency
Acme,ap@acme.example,A-1,100.00,usd
Bolt,ap@bolt.example,B-1,200.00,usd
Kaito,ap@kaito.example,K-1,300000,jpy
"""
TOO_LATE = f"{datetime.now(UTC).year + 7}-01-31"
"""A due date that an import takes and Stripe, which takes five years, does not."""


@pytest.fixture
def drafts(conference):
    """Put three drafts into a conference."""

    def make(slug="pycon-2027", sheet=SHEET):
        return import_purchase_orders(conference(slug), sheet.encode(), file_name="three.csv")

    return make


def ask(app, label="Send 3 invoices"):
    button(app, f"{label}…").click().run()
    return app


def confirm(app, opened):
    """Say the second yes and wait for the end."""
    app.button(key=f"{opened.slug}:invoice.sure").click().run()
    assert not app.exception
    wait_for(opened, batches.latest(opened, limit=1)[0].batch_id)
    return app.run()


def button(app, label):
    return next(b for b in app.button if b.label == label)


def posts(simulator):
    return [c for c in simulator.control.calls() if c.method == "POST"]


def open_invoices(opened):
    page = list_purchase_orders(opened.store, opened.conference)
    return [o.stripe_invoice_url for o in page.orders if o.status == "sent"]


def test_what_would_be_sent_is_shown_with_totals_and_mode_first(show, read, drafts, simulator):
    """Nobody may be surprised by how many invoices leave, for how much, or in which mode."""
    drafts()
    app = show("invoice")
    assert not app.exception
    seen = read(app)
    for words in ("To send 3 invoices", "Total in USD 300.00", "Total in JPY 300,000", "Test mode"):
        assert words in seen
    assert posts(simulator) == []


def test_nothing_is_sent_before_the_second_yes(show, drafts, simulator):
    """One slip of the mouse must not mail three sponsors."""
    drafts()
    ask(show("invoice"))
    assert posts(simulator) == []


def test_confirmed_invoices_are_sent_and_listed_with_their_pages(
    show, read, drafts, conference, simulator
):
    """Staff need the link of each invoice for sponsors' portals, at once and as a file."""
    drafts()
    app = ask(show("invoice"))
    confirm(app, conference())
    assert not app.exception
    assert {m.label: m.value for m in app.metric} == {"Invoiced": "3", "Failed": "0"}
    results = app.dataframe[0].value
    assert set(results["organization_name"]) == {"Acme", "Bolt", "Kaito"}
    assert all(url.startswith(simulator.url) for url in results["hosted_invoice_url"])
    assert len(open_invoices(conference())) == 3
    button(app, "Done").click().run()
    assert "Nothing is waiting to be invoiced" in read(app)


def test_a_result_of_a_batch_opens_its_purchase_order(show, drafts, conference):
    """Whoever sees which one failed would have to search for it on another page."""
    drafts()
    app = confirm(ask(show("invoice")), conference())
    table = app.dataframe[0]
    wanted = str(table.value["reference"].iloc[1])
    for column, opens in (("outcome", False), ("reference", True)):
        app.session_state[table.key] = {
            "selection": {"rows": [], "columns": [], "cells": [(1, column)]}
        }
        app.run()
        assert not app.exception
        assert (app.title[0].value != "Invoice") == opens
    assert f"**{wanted}**" in [m.value for m in app.markdown]


def test_only_the_purchase_orders_that_are_ticked_are_sent(show, drafts, conference):
    """Ticking one of three must not send three."""
    drafts()
    app = show("invoice")
    app.session_state[app.get("data_editor")[0].key] = {
        "edited_rows": {0: {"send": False}, 2: {"send": False}},
        "added_rows": [],
        "deleted_rows": [],
    }
    app.run()
    ask(app, "Send 1 invoice")
    confirm(app, conference())
    assert len(open_invoices(conference())) == 1


def test_a_draft_that_was_unticked_on_another_page_is_not_sent(show, drafts, conference):
    """Whoever turns the page would bill the one that they left out."""
    rows = "".join(f"Sponsor {n},ap@s.example,N-{n},100.00,usd\n" for n in range(102))
    drafts(sheet=SHEET.splitlines(keepends=True)[0] + rows)
    app = show("invoice")
    app.pagination[0].set_value(2).run()
    app.session_state[app.get("data_editor")[0].key] = {
        "edited_rows": {1: {"send": False}}, "added_rows": [], "deleted_rows": []
    }  # fmt: skip
    app.run()
    app.pagination[0].set_value(1).run()
    assert app.get("data_editor")[0].value["send"].all()
    assert button(app, "Send 101 invoices…")
    app.pagination[0].set_value(2).run()
    assert app.get("data_editor")[0].value["send"].tolist() == [True, False]
    ask(app, "Send 101 invoices")
    app.button(key=f"{conference().slug}:invoice.sure").click().run()
    (batch,) = batches.latest(conference(), limit=1)
    assert batch.total == 101


def test_purchase_orders_that_came_after_the_preview_are_not_sent(show, drafts, conference):
    """What is sent is what was shown, even when a colleague imports meanwhile."""
    drafts()
    app = ask(show("invoice"))
    drafts(sheet=SHEET.replace("-1,", "-2,"))
    confirm(app, conference())
    assert len(open_invoices(conference())) == 3


def test_in_live_mode_the_button_waits_for_the_typed_name(show, read, drafts, conference):
    """Real money takes more than a click."""
    drafts("live-2027")
    app = ask(show("invoice", name="Live 2027"))
    sure = "live-2027:invoice.sure"
    assert "Live mode." in read(app)
    assert app.button(key=sure).disabled
    box = next(t for t in app.text_input if t.label == "Type live-2027 to send real invoices")
    box.set_value("live-2027").run()
    assert not app.button(key=sure).disabled
    confirm(app, conference("live-2027"))
    assert len(open_invoices(conference("live-2027"))) == 3


def test_without_a_key_there_is_no_button_but_the_reason(show, read, drafts):
    """A button that can only fail teaches people to distrust all buttons."""
    drafts("keyless-2027")
    app = show("invoice", name="Keyless 2027")
    assert "This conference has no Stripe key" in read(app)
    assert not [b for b in app.button if b.label.startswith("Send")]


def test_a_refusal_names_its_purchase_order_and_stops_no_other(
    show, read, drafts, conference, simulator
):
    """One bad address among a thousand must not keep the others from being billed."""
    late = SHEET.replace("currency\n", "currency,due_date\n").replace("usd\n", "usd,\n")
    drafts(sheet=late.replace("jpy\n", f"jpy,{TOO_LATE}\n"))
    app = ask(show("invoice"))
    confirm(app, conference())
    assert {m.label: m.value for m in app.metric} == {"Invoiced": "2", "Failed": "1"}
    results = app.dataframe[0].value.set_index("organization_name")
    assert "due date" in results.loc["Kaito", "error"]


def test_only_what_failed_is_tried_again(show, drafts, conference, simulator):
    """A retry must not touch what was sent."""
    late = SHEET.replace("currency\n", "currency,due_date\n").replace("usd\n", "usd,\n")
    drafts(sheet=late.replace("jpy\n", f"jpy,{TOO_LATE}\n"))
    app = confirm(ask(show("invoice")), conference())
    simulator.control.clear_calls()
    button(app, "Try the 1 failed one again").click().run()
    assert not app.exception
    done = wait_for(conference(), batches.latest(conference(), limit=1)[0].batch_id)
    assert (done.invoiced, done.failed) == (2, 1)
    tried = [c for c in posts(simulator) if c.path == "/v1/invoices"]
    assert len(tried) == 1


def test_a_second_person_sees_the_batch_and_cannot_start_another(show, read, drafts, conference):
    """Two impatient people must not double the work, and both want to see how far it is."""
    opened = conference()
    batch = batches.start(opened, drafts().references)
    batches.pause(opened, batch)
    app = show("invoice")
    assert not app.exception
    assert f"Batch {batch}, started by test" in read(app)
    assert not [b for b in app.button if b.label.startswith("Send")]


def test_invoices_that_another_batch_keeps_waiting_are_not_taken_for_sent(
    show, read, drafts, conference
):
    """Whoever presses Send and sees a batch that is done believes that it was theirs."""
    mine, other, _ = drafts().references
    app = show("invoice", po=mine)
    opened = conference()
    batches.pause(opened, batches.start(opened, [other]))
    button(app, "Send 1 invoice").click().run()
    assert not app.exception
    assert "Your invoices are not sent" in read(app)
    assert "This batch is paused" in read(app)
    button(app, "Stop").click().run()
    button(app, "Done").click().run()
    button(app, "Send 1 invoice").click().run()
    assert not app.exception
    assert "Your invoices are not sent" not in read(app)


def test_from_its_own_page_one_draft_is_previewed_at_once(show, read, drafts, simulator):
    """Who has pressed Send for one purchase order wants its invoice, not a list of one."""
    first, second, _ = drafts().references
    app = show("invoice", po=first)
    assert "Send 1 invoice?" in read(app)
    app.query_params["po"] = second  # looked at, not sent: the next is the next one's
    app.run()
    assert app.dataframe[0].value["reference"].tolist() == [second]
    del app.query_params["po"]
    app.run()
    assert "Send 3 invoices…" in [b.label for b in app.button]
    app = show("invoice", po=first)
    button(app, "Not now").click().run()
    assert not app.exception
    assert app.title[0].value == "Acme"
    assert posts(simulator) == []


def test_a_paused_batch_waits_in_sight_of_whoever_comes_next(show, drafts, conference):
    """Forty invoices that wait behind a page that nobody opens are sent a month late."""
    opened = conference()
    batch = batches.start(opened, drafts().references)
    batches.pause(opened, batch)
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:  # where the first one stopped
        invoice = Invoice(
            conference_id=opened.conference.id,
            purchase_order_id=uow.session.scalars(select(PurchaseOrder.id)).first(),
            generation=1,
            state="planned",
            currency="usd",
            error="Stripe does not accept the key",
        )
        uow.session.add(invoice)
    labels = [link.proto.label for link in show("home").get("page_link")]
    about = [x for x in labels if any(w in x for w in ("batch", "draft", "failed"))]
    assert about == ["A batch is paused, 3 invoices not sent: resume or stop it"], "named once"
    batches.cancel(opened, batch)
    labels = [link.proto.label for link in show("home").get("page_link")]
    assert "3 drafts to invoice" in labels
    assert "1 purchase order where invoicing failed" in labels


def test_a_paused_batch_goes_on_when_it_is_resumed(show, read, drafts, conference):
    """A pause for a phone call must not end in invoices that nobody sends."""
    opened = conference()
    batch = batches.start(opened, drafts().references)
    batches.pause(opened, batch)
    app = show("invoice")
    button(app, "Resume").click().run()
    assert not app.exception
    assert wait_for(opened, batch).invoiced == 3
    app = show("invoice", run=str(batch))
    assert {m.label: m.value for m in app.metric} == {"Invoiced": "3", "Failed": "0"}


def test_what_is_left_undone_can_be_sent_later(show, read, drafts, conference, simulator):
    """Who stops a batch must find the rest among the drafts, not lost."""
    opened = conference()
    batches.pause(opened, batches.start(opened, drafts().references))
    app = show("invoice")
    button(app, "Stop").click().run()
    assert not app.exception
    assert posts(simulator) == []
    assert "To send 3 invoices" in read(show("invoice"))


def test_a_batch_that_stopped_says_why_and_how_to_go_on(show, drafts, conference):
    """A revoked key midway must be read on the page, not found out from a sponsor."""
    opened = conference()
    batch = batches.start(opened, drafts().references)
    jobs.pause_batch(opened.store, batch, "Stripe does not accept the key.")
    app = show("invoice")
    assert not app.exception
    assert app.error[0].value == plain("Stripe does not accept the key.")
    assert button(app, "Resume")


def test_another_conferences_batch_stays_shut(show, drafts, conference):
    """A guessed number must not open another conference's invoices."""
    batch = batches.start(conference(), drafts().references)
    batches.pause(conference(), batch)
    app = show("invoice", name="Live 2027", run=str(batch))
    assert not app.exception
    assert f"no invoice batch {batch}" in app.error[0].value


def test_the_way_of_delivery_is_seen_and_chosen_before_the_second_yes(
    show, read, drafts, conference, simulator
):
    """Three portals must not get three mails because nobody could say so in time."""
    drafts()
    app = ask(show("invoice"))
    assert list(app.dataframe[0].value["delivery"]) == ["Emailed by Stripe"] * 3
    next(s for s in app.selectbox if s.label == "Delivery").set_value("ourselves").run()
    assert list(app.dataframe[0].value["delivery"]) == ["Delivered by you"] * 3
    confirm(app, conference())
    assert simulator.control.mails() == []
    page = list_purchase_orders(conference().store, conference().conference)
    assert {o.status for o in page.orders} == {"issued"}


def test_what_only_a_person_can_decide_has_a_button_for_each_way(
    show, read, drafts, conference, simulator
):
    """Else the page names the options of a command that nobody can type there."""
    drafts()
    confirm(ask(show("invoice")), conference())
    acme = next(c for c in simulator.control.all("customer") if c["name"] == "Acme")
    simulator.control.move_balance(acme["id"], -40_00)
    drafts(sheet=SHEET.replace("-1,", "-2,"))
    app = confirm(ask(show("invoice")), conference())
    assert "the sponsor has 40.00 USD of credit on its balance" in read(app)
    assert len(open_invoices(conference())) == 5
    button(app, "Remove the balance")
    button(app, "Let the balance count").click().run()
    confirm(app, conference())
    assert len(open_invoices(conference())) == 6
    asked = [
        i["amount_due"] for i in simulator.control.all("invoice") if i["customer"] == acme["id"]
    ]
    assert asked == [100_00, 60_00]
