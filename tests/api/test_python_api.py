"""What a program does with the toolkit: the object it holds shows what happened."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import fields
from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

import po_toolkit
from po_toolkit import (
    AmountError,
    Conference,
    DuplicateEntryError,
    ForgedError,
    ImportFileError,
    LineItem,
    MalformedError,
    NotFoundError,
    PurchaseOrderError,
    SettingsError,
    StripeGatewayError,
    handle_invoice_paid_webhook,
    open_conference,
)
from po_toolkit.config import Settings
from tests.conftest import SLUG

BOOTH = LineItem(description="Booth", unit_price=Decimal("5000.00"))


@pytest.fixture
def conference(opened):
    """The conference as programs open it, with the test's gateway that does not pace."""
    made = Conference(**{f.name: getattr(opened, f.name) for f in fields(opened)})
    made.__dict__["gateway"] = opened.gateway
    return made


@pytest.fixture
def order(conference):
    return conference.create_purchase_order(
        organization_name="Acme GmbH",
        contact_email="ap@acme.example",
        po_number="4711",
        line_items=[BOOTH],
    )


def test_the_object_that_was_passed_shows_invoice_status_and_sums(conference, order, simulator):
    """A program that shows the old status would invoice or remind again."""
    assert (order.status, order.total, order.stripe_invoice_url) == ("draft", 5000, "")
    assert conference.invoice(order) is order
    assert order.status == "sent"
    assert order.stripe_invoice_id.startswith("in_")
    assert order.stripe_invoice_url.startswith("http")

    entry = conference.record_payment(order, Decimal("1500.00"), "wire", reference="FT1")
    assert (entry.amount_major, order.status, order.balance_due) == (1500, "partially_paid", 3500)
    note = conference.issue_credit_note(order, Decimal(500), "Smaller booth")
    assert (note.amount_major, order.total_credited, order.balance_due) == (500, 500, 3000)
    simulator.control.pay(order.stripe_invoice_id)
    conference.sync(order)
    assert (order.status, order.balance_due) == ("paid", 0)
    conference.refund(order, Decimal(3000))
    assert (order.total_refunded, order.status) == (3000, "partially_paid")
    assert all(part.purchase_order is order for part in (*order.line_items, *order.entries))


def test_the_functions_of_the_original_update_the_object_too(opened, make_order, simulator):
    """Their callers read the object again and never the database."""
    order = make_order(("Booth", 1, "1000.00"))
    assert po_toolkit.create_stripe_invoice(order, opened=opened) == order.stripe_invoice_url
    simulator.control.pay(order.stripe_invoice_id)
    po_toolkit.sync_stripe_invoice_status(order, opened=opened)
    assert order.status == "paid"
    assert po_toolkit.update_po_status(order, opened=opened) == "paid"

    other = make_order(("Table", 1, "200.00"), organization="Beta Ltd")
    assert po_toolkit.send_purchase_order(other, opened=opened) is other
    assert other.status == "sent"
    with pytest.raises(ValueError, match="only a draft"):
        po_toolkit.send_purchase_order(other, opened=opened)
    po_toolkit.issue_credit_note(
        purchase_order=other, amount=Decimal(50), reason="Late", issued_by="erin", opened=opened
    )
    assert [n.issued_by for n in other.credit_notes] == ["erin"]
    po_toolkit.record_payment(
        other,
        amount=Decimal("150.00"),
        method="check",
        payment_date=opened.today(),
        entered_by="erin",
        opened=opened,
    )
    assert other.status == "paid"


def test_a_refused_act_leaves_the_object_as_the_books_are(conference, order, simulator):
    """After an error a program decides by the object; it must not show a half-done act."""
    with pytest.raises(PurchaseOrderError):
        conference.record_payment(order, Decimal(10), "pigeon")
    assert order.entries == []
    simulator.control.fail("/v1/invoices*", "*", times=500)
    with pytest.raises(StripeGatewayError):
        conference.invoice(order)
    simulator.control.clear_faults()
    assert order.status == "draft"
    conference.invoice(order)
    assert order.status == "sent"


def test_the_keywords_of_the_original_still_work(opened):
    """Its callers pass the conference and the author by keyword."""
    made = po_toolkit.create_purchase_order(
        conference=opened,
        organization_name="Acme GmbH",
        contact_email="ap@acme.example",
        contact_name="Ada",
        billing_address="",
        line_items=[dict(BOOTH)],
        notes="",
        created_by="erin",
    )
    assert made.contact_name == "Ada"


def test_finding_and_listing(conference, order):
    """Found again, a CRM's purchase order is not created twice."""
    other = conference.create_purchase_order(
        organization_name="Beta Ltd", contact_email="Pay@Beta.example", line_items=[BOOTH]
    )
    found = conference.find_purchase_orders(organization_name=" acme GMBH", po_number="4711 ")
    assert [o.reference for o in found] == [order.reference]
    assert conference.find_purchase_orders(po_number="471") == []
    assert conference.find_purchase_orders(contact_email="pay@beta.example")[0].id == other.id
    with pytest.raises(PurchaseOrderError, match="po_number"):
        conference.find_purchase_orders()
    names = [o.organization_name for o in conference.list_purchase_orders(sort="reference")]
    assert sorted(names) == ["Acme GmbH", "Beta Ltd"]
    assert [o.id for o in conference.list_purchase_orders(limit=1, offset=1)] == [other.id]
    assert conference.list_purchase_orders(status="paid") == []
    with pytest.raises(PurchaseOrderError, match="partially_paid"):
        conference.list_purchase_orders(status="payed")
    with pytest.raises(PurchaseOrderError, match="sorted"):
        conference.list_purchase_orders(sort="size")
    assert conference.get_purchase_order(order.reference.lower()).id == order.id
    with pytest.raises(NotFoundError):
        conference.get_purchase_order("PO-NONE22")


def test_a_program_and_an_import_are_held_to_the_same_rules(conference, order):
    """Else a float rounds, or a duplicate is billed."""
    again = {"organization_name": "ACME GmbH", "contact_email": "ap@acme.example"}
    with pytest.raises(DuplicateEntryError):
        conference.create_purchase_order(**again, po_number="4711", line_items=[BOOTH])
    with pytest.raises(AmountError):
        conference.create_purchase_order(
            **again, line_items=[LineItem(description="Talk", unit_price=0.1)]
        )
    report = conference.import_purchase_orders(
        b"organization_name,contact_email,po_number,description,amount\n"
        b"Acme GmbH,ap@acme.example,4711,Booth,5000.00\n"
    )
    assert (report.accepted, report.duplicates) == (0, 1)


def test_a_spreadsheet_may_be_a_path_bytes_a_file_or_a_frame(conference, tmp_path):
    """Each is the same import; what cannot be one is refused in words."""
    content = (
        b"organization_name,contact_email,description,amount\nAcme,ap@acme.example,Booth,100.00\n"
    )
    path = tmp_path / "sponsors.csv"
    path.write_bytes(content)
    frame = pd.read_csv(io.BytesIO(content))
    for source in (str(path), path, content, io.BytesIO(content), frame):
        report = conference.import_purchase_orders(source, dry_run=True)
        assert (report.accepted, report.totals) == (1, {"usd": "100.00"}), source
    for wrong in (io.StringIO("text"), 7, None, [content]):
        with pytest.raises(ImportFileError, match="DataFrame"):
            conference.import_purchase_orders(wrong)
    with pytest.raises(ImportFileError, match="no rows"):
        conference.import_purchase_orders(frame.iloc[:0])


def test_a_frame_keeps_what_its_cells_are(conference):
    """A missing cell is no 'nan', a day no midnight, and a PO number keeps its zeros."""
    frame = pd.DataFrame(
        {
            "po_number": ["007", "12", None, "9"],
            "organization_name": ["Acme", "Beta", "Gamma", "Delta"],
            "contact_email": ["a@acme.example", "b@beta.example", "c@gamma.example", float("nan")],
            "description": ["Booth"] * 4,
            "quantity": [2, 1, 1, 1],
            "unit_price": [Decimal("1250.55"), 3000, 19.5, 5],
            "due_date": pd.to_datetime(["2027-03-01", None, "2027-04-01", None]),
            "notes": [pd.NA, "=1+1", "a, b", ""],
        }
    ).set_index("po_number")
    report = conference.import_purchase_orders(frame)
    assert (report.accepted, report.rejected) == (3, 1)
    assert [(p.row, p.column) for p in report.problems] == [(5, "contact_email")]
    by_name = {
        o.organization_name: o for o in map(conference.get_purchase_order, report.references)
    }
    acme, beta, gamma = by_name["Acme"], by_name["Beta"], by_name["Gamma"]
    assert (acme.po_number, acme.total, acme.due_date) == (
        "007",
        Decimal("2501.10"),
        date(2027, 3, 1),
    )
    assert (beta.po_number, beta.total, beta.due_date) == ("12", 3000, None)
    assert (gamma.po_number, gamma.total, gamma.notes) == ("", Decimal("19.50"), "a, b")
    assert conference.import_purchase_orders(frame).duplicates == 3


def test_books_are_frames_as_of_today(conference, order):
    """A frame of minor units shown as major ones is wrong by a hundred."""
    conference.invoice(order)
    books = conference.reconcile()
    assert books.as_of == conference.today()
    (row,) = books.frame().to_dict("records")
    assert (row["reference"], row["total"], row["balance"]) == (order.reference, 5000, 5000)
    assert isinstance(row["total"], Decimal)
    for table in ("summary", "ageing", "months", "discrepancies", "invoices", "entries", "tax"):
        assert isinstance(books.frame(table), pd.DataFrame)
    with pytest.raises(ValueError, match="ageing"):
        books.frame("aging")


class StripeEvent:
    """Stripe's own event object: no dictionary, but it can become one."""

    def __init__(self, event):
        self._event = event

    def to_dict(self):
        return self._event


@pytest.mark.parametrize(
    "form",
    [
        dict,
        json.dumps,
        lambda event: json.dumps(event).encode(),
        lambda event: bytearray(json.dumps(event), "utf-8"),
        StripeEvent,
    ],
    ids=["dict", "str", "bytes", "bytearray", "event object"],
)
def test_an_invoice_paid_event_may_come_in_any_form(conference, order, simulator, settings, form):
    """A payment must not depend on what the web framework hands over."""
    conference.invoice(order)
    simulator.control.pay(order.stripe_invoice_id)
    (event,) = [e for e in simulator.control.all("event") if e["type"] == "invoice.paid"]
    handle_invoice_paid_webhook(
        stripe_event_payload=form(event), settings=settings, store=conference.store
    )
    assert conference.refresh(order).status == "paid"


@pytest.mark.parametrize(
    "payload", [None, b"{", "[]", 5, {}, {"data": {"object": {"id": 3}}}, b"\xff", "[" * 100_000]
)
def test_a_malformed_event_changes_nothing_and_raises_where_asked(settings, opened, payload):
    """A traceback answered to Stripe, or silence where the caller wants to know, loses events."""
    handle_invoice_paid_webhook(payload, settings=settings, store=opened.store)
    with pytest.raises(MalformedError):
        handle_invoice_paid_webhook(
            payload, settings=settings, store=opened.store, raise_errors=True
        )


def test_an_event_that_cannot_be_processed_raises_where_asked(
    conference, order, settings, simulator
):
    """A caller that answers 500 has Stripe send the event again."""
    nobodys = {"data": {"object": {"id": "in_nobodys"}}}
    with pytest.raises(NotFoundError):
        handle_invoice_paid_webhook(
            nobodys, settings=settings, store=conference.store, raise_errors=True
        )


def test_no_database_is_made_by_mistake(tmp_path):
    """An empty database knows of no invoice and would bill everybody again."""
    settings = Settings(
        database_url=f"sqlite:///{tmp_path / 'typo.db'}", conferences={SLUG: {"name": "PyCon"}}
    )
    with pytest.raises(SettingsError, match="no database"):
        open_conference(SLUG, settings=settings)
    with pytest.raises(SettingsError, match="no database"):
        open_conference(SLUG, settings=settings)
    with open_conference(SLUG, settings=settings, make=True, actor="crm-import") as made:
        assert made.list_purchase_orders() == []
        assert made.actor.name == "crm-import"


def test_a_webhook_request_with_a_wrong_signature_is_refused(conference):
    """Anybody could report a payment that never came."""
    with pytest.raises(ForgedError):
        conference.receive_webhook(b"{}", "t=1,v1=00")


def test_every_public_name_is_listed_before_it_is_loaded():
    """Tab completion is how most people find an API."""
    script = "import po_toolkit; assert set(po_toolkit.__all__) <= set(dir(po_toolkit))"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


WITHOUT_EXTRAS = """
import sys
EXTRAS = ("streamlit", "starlette", "uvicorn", "fpdf", "fontTools", "uharfbuzz", "facturx", "lxml",
          "psycopg", "httptools", "uvloop", "vl_convert")
for name in EXTRAS:
    sys.modules[name] = None
from decimal import Decimal
import po_toolkit
for name in po_toolkit.__all__:
    getattr(po_toolkit, name)
from po_toolkit.config import Settings
settings = Settings(
    database_url=f"sqlite:///{sys.argv[1]}", conferences={"c": {"name": "C", "currency": "usd"}}
)
with po_toolkit.open_conference("c", settings=settings, make=True) as conference:
    order = conference.create_purchase_order(
        organization_name="Acme", contact_email="ap@acme.example",
        line_items=[{"description": "Booth", "unit_price": Decimal(5)}],
    )
    assert len(conference.reconcile().frame()) == 1
    try:
        conference.invoice_pdf(order)
    except ImportError as error:
        assert "po-toolkit[pdf]" in str(error), error
    else:
        raise AssertionError("no PDF can be made")
from po_toolkit.cli import app
from typer.testing import CliRunner
answer = CliRunner().invoke(app, ["stripe-sim"])
assert answer.exit_code == 1 and "po-toolkit[webhook]" in answer.output, answer.output
"""


def test_the_python_api_needs_none_of_the_extras(tmp_path):
    """A script on a server should not need Streamlit and a PDF library."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS, str(tmp_path / "books.db")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
