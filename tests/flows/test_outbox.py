"""Whatever breaks while something is written to Stripe: one object there, and no way blocked.

The faults are made between the SDK and Stripe, so that each can hit any call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
import stripe
from pydantic import SecretStr

from po_toolkit import create_purchase_order, create_stripe_invoice, outbox
from po_toolkit.api.invoices import invoice_purchase_orders, resend_invoice
from po_toolkit.api.ledger import cancel, credit, record_payment_by_hand, refund
from po_toolkit.api.order_changes import Changes, change_order
from po_toolkit.api.reminders import send_reminders
from po_toolkit.api.sync import sync_conference
from po_toolkit.domain.roles import Act
from po_toolkit.domain.states import WriteState
from po_toolkit.errors import BusyError, PoToolkitError
from po_toolkit.reconcile import reconcile_conference
from po_toolkit.store import stripe_writes
from po_toolkit.stripe_gateway import StripeGateway
from po_toolkit.stripe_gateway.client import TRIES
from tests.conftest import KEY, SLUG, fresh, open_unpaced

TAX = {"rates": {"vat": {"name": "VAT", "percentage": "19"}}, "default": []}


class Line(stripe.RequestsClient):
    """The line to Stripe, which breaks as told."""

    def __init__(self) -> None:
        super().__init__(timeout=30)
        self.fault, self.path, self.method, self.left = "", "", "post", 0
        self.stored: dict[str, tuple[bytes, int]] = {}

    def breaks(self, method: str, path: str, fault: str) -> None:
        """Let calls to a path fail: a stored failure once, a lost one until all tries are over."""
        once = fault in {"stored_500_before", "stored_500_after", "refused"}
        self.method, self.path, self.fault, self.left = method, path, fault, 1 if once else TRIES

    def request(self, method, url, headers, post_data=None):
        key = next((v for k, v in headers.items() if k.lower() == "idempotency-key"), "")
        if key in self.stored:
            body, status = self.stored[key]
            return body, status, {"Idempotent-Replayed": "true", "Stripe-Should-Retry": "false"}
        called = re.search(r"/v1/[^?]*", url)
        if not self.left or method != self.method or not re.fullmatch(self.path, called[0]):
            return super().request(method, url, headers, post_data)
        self.left -= 1
        answer = None
        if self.fault in {"stored_500_after", "cut_after", "truncated", "another_object", "a_page"}:
            answer = super().request(method, url, headers, post_data)
        return self._broken(key, answer)

    def _broken(self, key, answer):
        if self.fault in {"cut_before", "cut_after"}:
            raise stripe.APIConnectionError("the line is cut", should_retry=True)
        if self.fault == "truncated":
            return answer[0][: len(answer[0]) // 2], 200, answer[2]
        if self.fault == "another_object":
            return b'{"object": "list", "data": [], "has_more": false}', 200, answer[2]
        if self.fault == "a_page":
            return b"<html>Sign in to the network</html>", 200, {}
        if self.fault == "proxy":
            return b'{"error": "blocked"}', 403, {}
        kind, status = "api_error", 500
        if self.fault == "refused":
            kind, status = "invalid_request_error", 400
        error = {"error": {"type": kind, "message": f"made to fail: {self.fault}"}}
        self.stored[key] = json.dumps(error).encode(), status
        return self.stored[key][0], status, {}


@dataclass
class World:
    """A conference whose line to Stripe breaks, and both clocks."""

    opened: object
    control: object
    clock: object
    make_order: Callable
    line: Line
    order: object = None

    def sent(self, **details):
        self.order = self.make_order(("Booth", 1, "1000.00"), **details)
        create_stripe_invoice(self.order, opened=self.opened)
        self.order = fresh(self.opened, self.order)

    def invoice(self):
        report = invoice_purchase_orders(self.opened, references=[self.order.reference])
        return report.failed == 0

    def tries(self, act: Callable) -> bool:
        try:
            done = act()
        except PoToolkitError:
            return False
        return done is not False

    def days(self, number):
        self.clock.advance(days=number)
        self.control.advance(timedelta(days=number).total_seconds())

    def sync(self):
        return not sync_conference(self.opened).problems


@pytest.fixture
def world(settings, clock, simulator, make_order):
    settings.conferences[SLUG] = settings.conferences[SLUG].model_validate(
        {**settings.conferences[SLUG].model_dump(exclude_unset=True), "reminders": [0], "tax": TAX}
    )
    opened = open_unpaced(settings, clock)
    line = Line()
    opened.__dict__["gateway"] = StripeGateway(
        SecretStr(KEY),
        api_base=settings.stripe_api_base,
        permit=lambda _endpoint: None,
        sleep=lambda _seconds: None,
        http_client=line,
    )
    return World(opened, simulator.control, clock, make_order, line)


# ---- each kind of write: what comes before, the act, its path, and what Stripe has in the end


def new_order(world, **details):
    world.order = world.make_order(("Booth", 1, "1000.00"), **details)
    return world.invoice


def second_order(world, **details):
    world.sent()
    world.order = world.make_order(("Table", 1, "500.00"), po_number="2", **details)
    return world.invoice


def taxed(world):
    world.order = create_purchase_order(
        SLUG,
        organization_name="Acme GmbH",
        contact_email="ap@acme.example",
        line_items=[{"description": "Booth", "unit_price": Decimal(1000), "tax_rates": ["vat"]}],
        opened=world.opened,
    )
    return world.invoice


def one_invoice(world):
    (invoice,) = world.control.all("invoice")
    (customer,) = world.control.all("customer")
    assert (invoice["status"], invoice["total"], len(invoice["lines"]["data"])) == (
        "open",
        100_000,
        1,
    )
    assert len(world.control.mails()) == 1
    return customer


def one_customer_with(world, **says):
    (customer,) = world.control.all("customer")
    for name, value in says.items():
        assert customer[name] == value
    assert len(world.control.all("invoice")) == 2


def one_tax_id(world):
    one_customer_with(world)
    assert [t["value"] for t in world.control.all("tax_id")] == ["DE123456789"]


def one_tax_rate(world):
    assert len(world.control.all("tax_rate")) == 1
    assert [i["total"] for i in world.control.all("invoice")] == [119_000]


def paid_invoice(world):
    world.sent()
    world.control.pay(world.order.stripe_invoice_id)
    world.sync()


def cancelling(world):
    world.sent()
    return lambda: cancel(world.opened, world.order.reference)


def one_void_invoice(world):
    assert [i["status"] for i in world.control.all("invoice")] == ["void"]
    assert fresh(world.opened, world.order).status == "cancelled"


def resending(world):
    world.sent()
    return lambda: resend_invoice(world.opened, world.order.reference)


def two_emails(world):
    assert len(world.control.mails()) == 2


def reminding(world):
    world.sent()
    world.days(31)

    def act():
        report = send_reminders(world.opened)
        return all(r.outcome == "sent" for r in report.results)

    return act


def wiring(world):
    world.sent()
    today = world.opened.today()

    def act():
        if not any(e.amount == 40_000 for e in fresh(world.opened, world.order).entries):
            record_payment_by_hand(
                world.opened,
                world.order.reference,
                amount=Decimal(400),
                method="wire",
                payment_reference="FT1",
                payment_date=today,
            )

    return act


def one_wire(world):
    assert [e.amount for e in fresh(world.opened, world.order).entries] == [40_000]
    attached = [
        p for p in world.control.all("invoice_payment") if p["payment"]["type"] == "payment_record"
    ]
    assert [p["amount_paid"] for p in attached] == [40_000]


def refunding(world):
    paid_invoice(world)
    return lambda: refund(world.opened, world.order.reference, amount=Decimal(300))


def one_refund(world):
    assert [r["amount"] for r in world.control.all("refund")] == [30_000]
    assert [e.kind for e in fresh(world.opened, world.order).entries] == ["payment", "refund"]


def crediting(world):
    world.sent()
    return lambda: credit(
        world.opened, world.order.reference, amount=Decimal(100), reason="Smaller booth"
    )


def one_credit_note(world):
    assert [n["amount"] for n in world.control.all("credit_note")] == [10_000]
    assert [n.amount for n in fresh(world.opened, world.order).credit_notes] == [10_000]


WRITES = {
    "customer": (new_order, "/v1/customers", one_invoice),
    "draft": (new_order, "/v1/invoices", one_invoice),
    "lines": (new_order, "/v1/invoices/in_[^/]*/add_lines", one_invoice),
    "send": (new_order, "/v1/invoices/in_[^/]*/send", one_invoice),
    "customer details": (
        lambda world: second_order(world, billing_address="1 Main St\nBerlin 10115\nDE"),
        "/v1/customers/cus_[^/]*",
        one_customer_with,
    ),
    "tax id": (
        lambda world: second_order(world, tax_id="DE123456789"),
        "/v1/customers/cus_[^/]*/tax_ids",
        one_tax_id,
    ),
    "tax rate": (taxed, "/v1/tax_rates", one_tax_rate),
    "void": (cancelling, "/v1/invoices/in_[^/]*/void", one_void_invoice),
    "reminder": (reminding, "/v1/invoices/in_[^/]*/send", two_emails),
    "payment record": (wiring, "/v1/payment_records/report_payment", one_wire),
    "payment attached": (wiring, "/v1/invoices/in_[^/]*/attach_payment", one_wire),
    "refund": (refunding, "/v1/refunds", one_refund),
    "credit note": (crediting, "/v1/credit_notes", one_credit_note),
}
EMAILS = {
    **{name: WRITES[name] for name in ("send", "reminder")},
    "resend": (resending, WRITES["send"][1], two_emails),
}
FAULTS = [
    "stored_500_before",
    "stored_500_after",
    "cut_before",
    "cut_after",
    "truncated",
    "another_object",
    "a_page",
    "proxy",
]


LOST = ["stored_500_after", "cut_before", "cut_after"]
"""How a write can end for the books; the other faults are told from these by the gateway alone."""


@pytest.mark.parametrize(
    ("database_url", "hours", "fault"),
    [
        *(("sqlite", 0, fault) for fault in FAULTS),
        *(("sqlite", 25, fault) for fault in LOST),
        *(("postgresql", hours, fault) for hours, fault in zip((0, 0, 25), LOST, strict=True)),
    ],
    indirect=["database_url"],
)
@pytest.mark.parametrize("name", WRITES)
def test_a_write_that_broke_is_done_once(world, name, fault, hours):
    prepare, path, check = WRITES[name]
    act = prepare(world)
    world.line.breaks("post", path, fault)
    done = world.tries(act)
    waits = name == "reminder" and fault == "stored_500_before"  # Stripe may list the email later
    assert done == (fault.startswith("stored") and not waits)
    assert world.line.left == 0
    hours = hours or int(waits)
    world.clock.advance(hours=hours)
    world.control.advance(hours * 3600)
    if not done:
        assert world.tries(act)
    check(world)


@pytest.mark.parametrize("name", [n for n in WRITES if n != "payment attached"])
def test_after_a_definite_refusal_the_next_request_goes_through_at_once(world, name):
    prepare, path, check = WRITES[name]
    act = prepare(world)
    world.line.breaks("post", path, "refused")
    world.tries(act)
    assert world.line.left == 0
    world.tries(act)
    check(world)


def test_a_wire_that_stripe_does_not_attach_is_in_the_books_once(world):
    """The money came; the reconciliation shows that Stripe's invoice lacks it."""
    act = wiring(world)
    world.line.breaks("post", WRITES["payment attached"][1], "refused")
    assert world.tries(lambda: act() or True)
    act()
    world.sync()
    assert [e.amount for e in fresh(world.opened, world.order).entries] == [40_000]
    assert [e["type"] for e in world.control.all("event")].count("invoice_payment.paid") == 0
    books = reconcile_conference(
        world.opened.store, world.opened.conference, as_of=world.opened.today()
    )
    (row,) = books.as_json()["rows"]
    assert "paid_here_not_at_stripe" in row["discrepancies"]


# ---- what was lost before there was one outbox


def test_a_corrected_tax_id_is_sent_after_the_wrong_one_was_refused(world):
    act = second_order(world, tax_id="DE999999999")
    world.line.breaks("post", "/v1/customers/cus_[^/]*/tax_ids", "refused")
    assert not world.tries(act)
    change_order(world.opened, world.order.reference, Changes(tax_id="DE123456789"))
    assert world.tries(act)
    one_tax_id(world)


def test_a_corrected_address_is_sent_after_the_wrong_one_was_refused(world):
    act = second_order(world, billing_address="1 Wrong St\nBerlin 10115\nDE")
    world.line.breaks("post", "/v1/customers/cus_[^/]*", "refused")
    assert not world.tries(act)
    right = Changes(billing_address="2 Right St\nBerlin 10115\nDE")
    change_order(world.opened, world.order.reference, right)
    assert world.tries(act)
    (customer,) = world.control.all("customer")
    assert customer["address"]["line1"].startswith("2 Right St")


def test_a_body_that_was_refused_after_an_unknown_outcome_gives_way_to_the_right_one(world):
    """Two purchase orders change one customer, and the first one's change never came through."""
    first = second_order(world, billing_address="1 Wrong St\nBerlin 10115\nDE")
    path = "/v1/customers/cus_[^/]*"
    world.line.breaks("post", path, "cut_before")
    assert not world.tries(first)
    right = {"billing_address": "2 Right St\nBerlin 10115\nDE", "po_number": "3"}
    world.order = world.make_order(("Lanyards", 1, "500.00"), **right)
    world.line.breaks("post", path, "refused")
    assert world.tries(world.invoice)
    (customer,) = world.control.all("customer")
    assert customer["address"]["line1"].startswith("2 Right St")


def test_two_emails_that_a_person_asked_for_are_two(world):
    world.sent()
    for _ in range(2):
        resend_invoice(world.opened, world.order.reference)
    assert len(world.control.mails()) == 3


@pytest.mark.parametrize("fault", ["cut_after", "cut_before", "truncated"])
def test_an_email_asked_for_again_after_an_unknown_outcome_is_one(world, fault):
    world.sent()
    world.line.breaks("post", "/v1/invoices/in_[^/]*/send", fault)
    assert not world.tries(lambda: resend_invoice(world.opened, world.order.reference))
    resend_invoice(world.opened, world.order.reference)
    assert len(world.control.mails()) == 2


@pytest.mark.parametrize("fault", ["cut_before", "cut_after", "truncated"])
def test_a_draft_that_is_deleted_leaves_nothing_behind(world, fault):
    act = new_order(world)
    world.line.breaks("post", "/v1/invoices/in_[^/]*/send", "refused")
    whole = world.line.request
    world.line.request = _also_breaks(world.line, fault)
    assert not world.tries(act)
    world.line.request = whole
    assert world.tries(act)
    assert [i["status"] for i in world.control.all("invoice")] == ["open"]


def _also_breaks(line, fault):
    """Let the deletion break too, once all its tries."""
    other, whole = Line(), line.request
    other.breaks("delete", "/v1/invoices/in_[^/]*", fault)

    def request(method, url, headers, post_data=None):
        chosen = other.request if method == "delete" else whole
        return chosen(method, url, headers, post_data)

    return request


def test_known_calls_stay_as_few_as_they_were(world):
    world.order = world.make_order(("Booth", 1, "1000.00"))
    world.invoice()
    first = [(c.method, c.path) for c in world.control.calls()]
    assert [m for m, _ in first] == ["GET", "POST", "POST", "POST", "POST"]
    world.control.clear_calls()
    world.order = world.make_order(("Table", 1, "500.00"), po_number="2")
    world.invoice()
    assert [c.method for c in world.control.calls()].count("POST") == 3


def test_a_machine_that_was_suspended_before_a_call_bills_no_second_time(world):
    """Meanwhile another process has sent the invoice, and Stripe has forgotten the key."""
    new_order(world)
    seconds = [0.0]
    gateway = world.opened.gateway
    permit, gateway._clock = gateway._permit, lambda: seconds[0]

    def suspended(endpoint):
        if endpoint == "post /v1/invoices":
            gateway._permit = permit
            world.days(25 / 24)
            assert world.tries(world.invoice)
            world.days(25 / 24)
            seconds[0] += 50 * 3600
        permit(endpoint)

    gateway._permit = suspended
    world.tries(world.invoice)
    assert len(world.control.all("invoice")) == 1


@pytest.mark.parametrize("name", ["payment record", "refund", "credit note"])
@pytest.mark.parametrize("hours", [22.5, 25])
def test_two_that_go_on_with_what_is_a_day_old_do_it_once(world, name, hours):
    """One has looked and found nothing, and pauses before its call; the other does it meanwhile."""
    prepare, path, check = WRITES[name]
    act = prepare(world)
    world.line.breaks("post", path, "cut_before")
    assert not world.tries(act)
    world.days(hours / 24)
    seconds = [0.0]
    gateway = world.opened.gateway
    permit, gateway._clock = gateway._permit, lambda: seconds[0]

    def paused(endpoint):
        if endpoint.startswith("post"):
            gateway._permit = permit
            world.days(0.75 / 24)
            seconds[0] += 0.75 * 3600
            assert world.tries(act)
        permit(endpoint)

    gateway._permit = paused
    world.tries(act)
    assert gateway._permit is permit
    world.sync()
    check(world)


def test_a_machine_that_was_suspended_between_two_tries_looks_first(world):
    """Else Stripe has forgotten the key, and the sponsor gets the same invoice twice."""
    new_order(world)
    seconds = [0.0]

    def suspended(_seconds):
        seconds[0] += 25 * 3600
        world.days(25 / 24)

    gateway = world.opened.gateway
    gateway._sleep, gateway._clock = suspended, lambda: seconds[0]
    world.line.breaks("post", r"/v1/invoices/[^/]+/send", "cut_after")
    world.line.left = 1
    world.tries(world.invoice)
    world.days(1)
    assert world.tries(world.invoice)
    sent = [e for e in world.control.all("event") if e["type"] == "invoice.sent"]
    assert len(sent) == 1


@pytest.mark.parametrize("name", ["send", "reminder", "resend"])
def test_an_email_that_is_listed_late_is_not_sent_again(world, name):
    """Stripe has sent it, stored a failure, and shows nothing of it for some minutes."""
    prepare, path, check = EMAILS[name]
    act = prepare(world)
    world.line.breaks("post", path, "stored_500_after")
    world.control.hold_events(KEY)
    assert not world.tries(act)
    world.control.release_events(account=KEY)
    world.clock.advance(hours=1)
    world.control.advance(3600)
    assert world.tries(act)
    check(world)


@pytest.mark.parametrize("kind", [outbox.SEND, outbox.RESEND, outbox.TAX_ID], ids=lambda k: k.name)
def test_who_was_slower_does_not_send_the_email_again(world, kind):
    """Its worker paused after Stripe's stored failure, and the email's event was listed late."""
    opened, path = world.opened, "/v1/invoices/in_1/send"

    def look(stored):
        with opened.store.writing(opened.actor, Act.INVOICE) as uow:
            stripe_writes.settle(uow, stored.key, WriteState.SUPERSEDED, opened.now())
            other = outbox.declare(uow, opened, write, after=stored.attempt)
            stripe_writes.settle(uow, other.key, WriteState.DONE, opened.now())

    write = outbox.Write(kind, "slot", path, dict, look, opened.conference.id)
    world.line.breaks("post", path, "stored_500_before")
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        stored = outbox.declare(uow, opened, write)
    with pytest.raises(BusyError):
        outbox.send(opened, write, stored)
    assert [c for c in world.control.calls() if c.path == path] == []


def test_who_was_slower_sends_no_second_reminder(world, monkeypatch):
    """Another has sent it since this one took the step."""
    act, perform = reminding(world), outbox.perform

    def slower(*asked):
        monkeypatch.setattr(outbox, "perform", perform)
        assert act()
        return perform(*asked)

    monkeypatch.setattr(outbox, "perform", slower)
    act()
    two_emails(world)
