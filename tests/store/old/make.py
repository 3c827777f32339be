"""Writes a database as a release left it, and what Stripe held at that moment.

How ``b0b54f2.db`` and ``b0b54f2.stripe.json`` were made: check that commit out, copy this file into
its ``tests/store/old/`` and run ``python -m tests.store.old.make tests/store/old b0b54f2``. It uses
that commit's code, so later releases need not be able to run it.
"""

from __future__ import annotations

import base64
import json
import sqlite3
import sys
import tempfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import requests

from po_toolkit import create_purchase_order, create_stripe_invoice, record_payment
from po_toolkit.api.bank import import_bank_statement
from po_toolkit.api.bank_matching import match_bank
from po_toolkit.api.closing import close_books
from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.ledger import cancel, credit, refund, reverse_entry
from po_toolkit.api.sync import sync_conference
from po_toolkit.api.webhook_work import work_events
from po_toolkit.api.webhooks import receive
from po_toolkit.bootstrap import open_conference
from po_toolkit.config import Settings
from po_toolkit.domain.roles import Act, Actor, Role
from po_toolkit.errors import StripeUnknownError
from po_toolkit.jobs import batches
from po_toolkit.simulator import Simulator
from po_toolkit.store.purchase_orders import by_reference
from po_toolkit.store.tables import InvoiceBatchItem
from tests.bank.statement import Entry, camt
from tests.flows.test_webhook_service import signed

KEY = "sk_test_pycon2027abcdefghijkl"
SLUG = "pycon-2027"
SECRET = "whsec_pycon2027secret"


def write(folder: Path, name: str) -> None:
    with tempfile.TemporaryDirectory() as place, Simulator() as simulator:
        settings = Settings(
            database_url=f"sqlite:///{place}/books.db",
            stripe_api_base=simulator.url,
            conferences={
                SLUG: {
                    "name": "PyCon 2027",
                    "currency": "usd",
                    "stripe_secret_key": KEY,
                    "stripe_webhook_secret": SECRET,
                    "timezone": "America/New_York",
                    "reminders": [-7, 0, 14],
                }
            },
        )
        actor = Actor("test:treasurer", Role.ADMIN)
        opened = open_conference(SLUG, settings=settings, actor=actor)
        _season(opened, settings, simulator.control)
        opened.store.engine.dispose()
        (folder / f"{name}.db").unlink(missing_ok=True)
        with sqlite3.connect(f"{place}/books.db") as database:
            database.execute("PRAGMA journal_mode=DELETE")
            database.execute("PRAGMA page_size=512")
            database.execute(f"VACUUM INTO '{folder / name}.db'")
        account = simulator.world.accounts[KEY]
        held = {"key": KEY, "id": account.id, "created": account.created}
        held |= {"objects": account.objects, "payments_of": account.payments_of}
        (folder / f"{name}.stripe.json").write_text(
            json.dumps(held, separators=(",", ":"), default=_plain).replace(
                simulator.url, "http://stripe.test"
            )
        )


def _season(opened, settings, control) -> None:
    references: dict[str, str] = {}

    def make(number: str, total: str, **more):
        order = create_purchase_order(
            SLUG,
            organization_name=f"Sponsor {number} GmbH",
            contact_email=f"ap{number}@sponsor.example",
            po_number=f"4500-{number}",
            line_items=[
                {"description": "Gold sponsorship", "unit_price": Decimal(total)},
                {"description": "Early discount", "unit_price": Decimal("-100.00")},
            ],
            opened=opened,
            **more,
        )
        references[number] = order.reference
        return order

    def sent(number: str, total: str):
        create_stripe_invoice(make(number, total), opened=opened)
        return again(number)

    def again(number: str):
        with opened.store.reading() as session:
            return by_reference(session, opened.conference, references[number])

    make("draft", "1100.00")
    make("due", "1100.00", due_date=date(2030, 3, 1))
    sent("open", "1100.00")
    control.pay(sent("card", "1100.00").stripe_invoice_id)
    control.pay(sent("part", "1100.00").stripe_invoice_id, amount=40_000)
    control.pay(sent("over", "1100.00").stripe_invoice_id, amount=110_000)
    ach = sent("ach", "1100.00")
    control.pay(ach.stripe_invoice_id, method="us_bank_account")
    wired = sent("wire", "1100.00")
    record_payment(wired, Decimal("600.00"), "wire", "FT1", date.today(), "", "", opened=opened)  # noqa: DTZ011
    undone = sent("undone", "1100.00")
    record_payment(undone, Decimal("250.00"), "check", "C9", date.today(), "", "", opened=opened)  # noqa: DTZ011
    reverse_entry(opened, str(again("undone").entries[0].id), reason="Entered on the wrong order")
    credit(opened, sent("credit", "1100.00").reference, amount=Decimal("150.00"), reason="Smaller")
    cancel(opened, sent("cancelled", "1100.00").reference)
    control.pay(sent("refunded", "1100.00").stripe_invoice_id)
    control.pay(sent("disputed", "1100.00").stripe_invoice_id)
    for event in control.all("event")[:8]:
        body = json.dumps(event).encode()
        receive(opened, body, signed(body, SECRET)["Stripe-Signature"])
    work_events(opened)
    sync_conference(opened)
    refund(opened, references["refunded"], amount=Decimal("300.00"), note="Fewer tickets")
    control.dispute(_intent(again("disputed")))
    sync_conference(opened, full=True)
    event = control.all("event")[-1]
    body = json.dumps(event).encode()
    receive(opened, body, signed(body, SECRET)["Stripe-Signature"])
    hurt = sent("cut", "1100.00")
    control.fail(path="/v1/payment_records/*", method="POST", kind="drop_before", times=20)
    try:
        record_payment(hurt, Decimal("10.00"), "wire", "FT2", date.today(), "", "", opened=opened)  # noqa: DTZ011
    except StripeUnknownError:
        control.clear_faults()
    url = opened.stripe_api_base
    requests.post(f"{url}/v1/customers", data={"email": "x@y.example"}, auth=(KEY, ""), timeout=9)
    sheet = (
        b"organization_name,contact_email,po_number,description,quantity,unit_price,currency\n"
        b"Imported AG,ap@imported.example,I-1,Booth,1,500.00,usd\n"
        b"Broken AG,ap(at)broken.example,I-2,Booth,1,500.00,usd\n"
    )
    import_purchase_orders(opened, sheet, file_name="sponsors.csv")
    today = opened.today()
    lines = [
        Entry(today, Decimal("1000.00"), f"WIRE {references['open']}"),
        Entry(today, Decimal("600.00"), f"FT1 {references['wire']}"),
        Entry(today, Decimal("77.00"), "NOBODY KNOWS"),
    ]
    import_bank_statement(opened, camt(lines), file_name="november.xml")
    wrong = camt(lines[:1], number="S2", closing=Decimal("5.00"))
    import_bank_statement(opened, wrong, file_name="torn.xml")
    match_bank(opened, apply=True)
    close_books(opened, today - timedelta(days=40))
    waiting = [make(f"batch{n}", "1100.00").reference for n in range(4)]
    batch = batches.start(opened, waiting)
    create_stripe_invoice(again("batch0"), opened=opened)
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        items = uow.session.query(InvoiceBatchItem).order_by(InvoiceBatchItem.id).all()
        items[0].state, items[0].round = "invoiced", 1
        items[0].stripe_invoice_id = again("batch0").stripe_invoice_id
        items[0].finished_at = opened.now()
        items[1].state, items[1].round, items[1].queued_at = "queued", 1, opened.now()
    print(batches.progress(opened, batch))  # noqa: T201


def _plain(value: object) -> object:
    """Write what JSON has no form for: the packed body of an event as base64, else as text."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def _intent(order) -> str:
    return next(e.stripe_payment_id for e in order.entries if e.kind == "payment")


if __name__ == "__main__":
    write(Path(sys.argv[1]).resolve(), sys.argv[2])
