"""Reminding is a look and a press, and never mails whom it did not show."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial

from po_toolkit import create_purchase_order, create_stripe_invoice
from po_toolkit.api.delivery import mark_delivered
from po_toolkit.api.reminders import preview_reminders
from po_toolkit.api.schedules import remind_due
from po_toolkit.bootstrap import open_conference
from po_toolkit.jobs.worker import Worker
from po_toolkit.store.columns import utc_now
from po_toolkit.ui import background


def test_who_is_due_is_shown_then_reminded_once(
    show, read, config, conference, simulator, monkeypatch, finish
):
    text = config.read_text()
    name = 'name = "PyCon 2027"'
    config.write_text(text.replace(name, f"{name}\nreminders = [-7, 0]"))
    opened = conference()
    order = create_purchase_order(
        "pycon-2027",
        organization_name="Acme GmbH",
        contact_email="ap@acme.example",
        line_items=[{"description": "Gold", "unit_price": Decimal("15000.00")}],
        opened=opened,
    )
    create_stripe_invoice(order, opened=opened)
    app = show("orders")
    assert not app.exception
    assert not [e for e in app.expander if "Reminders" in e.label]
    later = utc_now() + timedelta(days=25)
    defaults = {**open_conference.__kwdefaults__, "now": lambda: later}
    monkeypatch.setattr(open_conference, "__kwdefaults__", defaults)
    monkeypatch.setattr(background, "Worker", partial(Worker, now=lambda: later))
    app = show("orders")
    assert not app.exception
    (panel,) = [e for e in app.expander if "Reminders" in e.label]
    assert panel.label == "Reminders: 1 due today"
    assert len(simulator.control.mails()) == 1
    app = finish(next(b for b in app.button if b.label == "Send 1 reminder").click().run())
    assert not app.exception
    assert "1 reminder sent." in read(app)
    assert len(simulator.control.mails()) == 2
    assert not [e for e in app.expander if "Reminders" in e.label]


def test_a_reminder_that_we_deliver_is_written_to_be_taken_away_and_the_clock_is_told_of(
    show, read, config, conference, simulator, monkeypatch
):
    """Whoever waits for the worker must see that it runs, and what it leaves to people."""
    text = config.read_text()
    name = 'name = "PyCon 2027"'
    config.write_text(text.replace(name, f"{name}\nreminders = [-7, 0]\nremind_from_hour = 9"))
    opened = conference()
    order = create_purchase_order(
        "pycon-2027",
        organization_name="Portal AG",
        contact_email="ap@portal.example",
        line_items=[{"description": "Gold", "unit_price": Decimal("15000.00")}],
        delivery="ourselves",
        opened=opened,
    )
    create_stripe_invoice(order, opened=opened)
    mark_delivered(opened, order.reference)
    later = (utc_now() + timedelta(days=25)).replace(hour=17)  # past 9:00 in New York
    defaults = {**open_conference.__kwdefaults__, "now": lambda: later}
    monkeypatch.setattr(open_conference, "__kwdefaults__", defaults)
    app = show("orders")
    assert "A worker sends reminders from 9:00 each day." in read(app)
    next(b for b in app.button if b.label == "Write 1 email draft").click().run()
    assert not app.exception
    assert "1 email draft written" in read(app)
    assert f"reminder-{order.reference}.eml" in [d.label for d in app.get("download_button")]
    assert simulator.control.mails() == []
    remind_due(conference())
    assert "Last run: " in read(show("orders"))


def test_without_a_schedule_who_is_overdue_is_still_seen_and_can_be_left_out(
    show, read, conference, simulator, monkeypatch
):
    """Nobody is reminded because a line is missing in a file that the treasurer never saw."""
    opened = conference()
    orders = [
        create_purchase_order(
            "pycon-2027",
            organization_name=name,
            contact_email=f"{name.lower()}@acme.example",
            line_items=[{"description": "Gold", "unit_price": Decimal("15000.00")}],
            opened=opened,
        )
        for name in ("Acme", "Bolt")
    ]
    for order in orders:
        create_stripe_invoice(order, opened=opened)
    later = utc_now() + timedelta(days=40)
    defaults = {**open_conference.__kwdefaults__, "now": lambda: later}
    monkeypatch.setattr(open_conference, "__kwdefaults__", defaults)
    app = show("orders")
    app.toggle(key="pycon-2027:reminders.show").set_value(True).run()
    assert [e.label for e in app.expander if "Reminders" in e.label] == ["Reminders: 2 due today"]
    assert "acme@acme.example" in read(app)
    assert "Stripe emails invoice" in read(app)
    app.multiselect(key="pycon-2027:reminders.left-out.0").set_value([orders[0].reference]).run()
    next(b for b in app.button if b.label == "Leave out 1 sponsor").click().run()
    assert not app.exception
    assert [e.label for e in app.expander if "Reminders" in e.label] == ["Reminders: 1 due today"]
    assert "Send 1 reminder" in [b.label for b in app.button]
    assert [entry.reference for entry in preview_reminders(conference()).due] == [
        orders[1].reference
    ]


def ticked(app, rows):
    """The list with some rows ticked, as a click on their boxes does."""
    key = next(t.key for t in app.dataframe if "orders.table" in (t.key or ""))
    app.session_state[key] = {"selection": {"rows": rows, "cells": []}}
    return app.run()


def test_several_ticked_are_resent_and_reminded_and_one_without_invoice_is_named(
    show, read, config, conference, simulator, monkeypatch
):
    """One sponsor without an invoice must neither stop the reminders of the others nor be lost."""
    text = config.read_text()
    name = 'name = "PyCon 2027"'
    config.write_text(text.replace(name, f"{name}\nreminders = [-7, 0]"))
    opened = conference()
    for sponsor in ("Acme GmbH", "Blue Fjord AS", "Draft & Co"):
        order = create_purchase_order(
            "pycon-2027",
            organization_name=sponsor,
            contact_email=f"ap@{sponsor[:4].lower()}.example",
            line_items=[{"description": "Gold", "unit_price": Decimal("15000.00")}],
            opened=opened,
        )
        if sponsor != "Draft & Co":
            create_stripe_invoice(order, opened=opened)
    sent = len(simulator.control.mails())

    app = ticked(show("orders", sort="Sponsor"), [0, 1, 2])
    next(b for b in app.button if b.label == "Resend 3 invoices").click().run()
    assert not app.exception
    assert "2 purchase orders resent." in read(app)
    assert "Draft & Co: " in read(app)
    assert len(simulator.control.mails()) == sent + 2

    later = utc_now() + timedelta(days=25)
    defaults = {**open_conference.__kwdefaults__, "now": lambda: later}
    monkeypatch.setattr(open_conference, "__kwdefaults__", defaults)
    app = ticked(show("orders", sort="Sponsor"), [0, 1, 2])
    next(b for b in app.button if b.label == "Remind 3 purchase orders").click().run()
    assert not app.exception
    assert "2 reminders sent." in read(app)
    assert "Draft & Co: No reminder is due." in read(app)
    assert len(simulator.control.mails()) == sent + 4
