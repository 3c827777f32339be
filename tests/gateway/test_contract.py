"""Every call the toolkit makes is one that Stripe's own mock accepts.

The toolkit runs its whole job against the simulator while its requests are recorded; then each
distinct request goes to stripe-mock, which checks it against Stripe's description. A call in the
source that the recorded job did not make fails the second test, so that none stays unchecked.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import parse_qsl

import openapi
import pytest
import requests
from pydantic import SecretStr
from sdk_account import RecordingClient

import po_toolkit
from po_toolkit.api.content import compare_content
from po_toolkit.api.invoices import (
    adopt_invoice,
    invoice_purchase_orders,
    resend_invoice,
)
from po_toolkit.api.ledger import cancel, credit, record_payment_by_hand, refund
from po_toolkit.api.order_changes import Changes, reissue
from po_toolkit.api.payouts import pull_payouts
from po_toolkit.api.reminders import send_reminders
from po_toolkit.api.stripe_check import check_stripe
from po_toolkit.api.sync import sync_conference, sync_purchase_order
from po_toolkit.domain.roles import Act
from po_toolkit.errors import PoToolkitError
from po_toolkit.invoice_settings import ContentSettings, TaxSettings
from po_toolkit.payments.event_handlers import handle
from po_toolkit.store.conferences import by_slug
from po_toolkit.stripe_gateway import StripeGateway
from po_toolkit.stripe_gateway.client import API_VERSION

pytestmark = pytest.mark.contract

Call = tuple[str, str, str]


_played: list[Call] = []
_answers: list[tuple[str, str, int, dict]] = []


@pytest.fixture
def recorded(request) -> list[Call]:
    """The requests of the whole job, with what goes wrong on the way; it is played once."""
    if not _played:
        _played.extend(_recording(*map(request.getfixturevalue, _PARTS)))
    return _played


_PARTS = ("opened", "simulator", "make_order")


def _recording(opened, simulator, make_order) -> list[Call]:
    http = RecordingClient()
    opened.__dict__["gateway"] = StripeGateway(
        SecretStr(opened.settings.stripe_secret_key.get_secret_value()),
        api_base=simulator.url,
        permit=lambda _endpoint: None,
        http_client=http,
        sleep=lambda _seconds: None,
    )
    _play(opened, simulator, make_order)
    _answers.extend(http.answers)
    return http.sent


def _play(opened, simulator, make_order) -> None:
    def billed(name: str, *lines, send: bool = True, **details):
        order = make_order(*lines, organization=name, email=f"{name}@acme.example", **details)
        report = invoice_purchase_orders(opened, references=[order.reference], send=send)
        return order, report.results[0]

    opened.gateway.read("/v1/account")
    list(opened.gateway.pages("/v1/webhook_endpoints"))
    plain, said = billed("plain", notes="Thank you", billing_address="1 Main St, Springfield")
    for cents in range(21):
        simulator.control.pay(said.stripe_invoice_id, 100 + cents)
    simulator.control.pay(said.stripe_invoice_id, 9_999_900)
    sync_conference(opened, full=True)
    resend, _ = billed("resend")
    resend_invoice(opened, resend.reference)
    many = [(f"Item {n}", 1, "10.00") for n in range(12)]
    _go_wrong(simulator, "add_lines", "500_stored_after")
    billed("lines", *many)
    _go_wrong(simulator, "send", "500_stored_after")
    billed("send")
    simulator.control.fail("/v1/invoices", kind="500_stored_before")
    billed("draft")
    kept, _ = billed("kept", send=False)
    cancel(opened, kept.reference)
    voided, _ = billed("voided")
    cancel(opened, voided.reference)
    twin = make_order(organization="twin", email="twin@acme.example")
    with suppress(PoToolkitError):
        adopt_invoice(opened, twin.reference, said.stripe_invoice_id)
    sync_purchase_order(opened, plain.reference)
    sync_conference(opened)
    _move_money(opened, simulator, billed)
    sync_conference(opened)
    sync_conference(opened, full=True)
    _say_more(opened, simulator, make_order)
    simulator.control.transfer(simulator.control.all("customer")[0]["id"], 123)
    sync_conference(opened)
    sync_conference(opened, full=True)
    simulator.control.advance(3 * 86_400)
    simulator.control.payout(account=opened.settings.stripe_secret_key.get_secret_value())
    pull_payouts(opened, full=True)
    check_stripe(opened, wait=lambda _seconds: None)
    pull_payouts(opened)
    news = next(e for e in simulator.control.all("event") if e["type"].startswith("payout."))
    handle(opened, [news])
    paid = next(e for e in simulator.control.all("event") if e["type"] == "invoice_payment.paid")
    handle(opened, [{**paid, "api_version": "2025-05-28.basil"}])


_RATES = {
    "standard": {"name": "VAT", "percentage": "19", "country": "DE", "type": "vat"},
    "local": {"name": "Tax", "percentage": "8.875", "state": "NY", "jurisdiction": "NYC"},
}
_CONTENT = {
    "remit_to": "IBAN DE02 1203 0000 0000 2020 51",
    "account_tax_ids": ["txi_1Abc"],
    "custom_fields": {"Event": "PyCon 2027"},
    "number_prefix": "PC",
    "language": "de",
    "template": "inrtem_1Abc",
    "page_size": "a4",
    "tax_display": "exclude_tax",
}


def _say_more(opened, simulator, make_order) -> None:
    """Tax, content, reminders: all that settings can put on an invoice."""
    details = {
        "billing_address": "1 Broadway\nNew York, NY 10001\nUSA",
        "service_start": date(2027, 5, 14),
        "payment_methods": ["card", "customer_balance"],
        "tax_id": "DE123456789",
    }
    lines = [("Gold", 1, "100.00"), ("Discount", 1, "-10.00")]
    tax = TaxSettings(rates=_RATES, default=["standard", "local"])
    _settle(opened, tax=tax, content=ContentSettings(**_CONTENT), reminders=[-60])
    taxed = make_order(*lines, organization="taxed", email="t@acme.example", **details)
    opened.gateway.write(
        "/v1/customers", {"name": "taxed", "email": "t@acme.example"}, idempotency_key="taxed"
    )
    simulator.control.fail("/v1/tax_rates", kind="500_stored_before", times=1)
    invoice_purchase_orders(opened, references=[taxed.reference])
    assert invoice_purchase_orders(opened, references=[taxed.reference]).failed == 0
    compare_content(opened, taxed.reference)
    part = simulator.control.pay(_invoice_of(simulator, taxed), 1_000)
    assert part["status"] == "paid"
    assert send_reminders(opened).count("sent") > 0
    mended = make_order(*lines, organization="mended", email="m@acme.example", **details)
    assert invoice_purchase_orders(opened, references=[mended.reference]).failed == 0
    changes = Changes(billing_address="Platz 1\n10115 Berlin\nGermany", tax_id="DE999999999")
    assert reissue(opened, mended.reference, changes).error == ""
    simulator.control.tax_automatically({"US": "8"})
    _settle(opened, tax=TaxSettings(automatic="exclusive"))
    made = make_order(*lines, organization="auto", email="a@acme.example", **details)
    assert invoice_purchase_orders(opened, references=[made.reference]).failed == 0
    _settle(opened, tax=None, content=ContentSettings(delivery="ourselves"))
    ours = make_order(*lines, organization="portal", email="p@acme.example")
    assert invoice_purchase_orders(opened, references=[ours.reference]).failed == 0
    sync_conference(opened)
    _settle(opened, content=None)


def _invoice_of(simulator, order) -> str:
    wanted = order.reference
    found = simulator.control.all("invoice")
    return next(i["id"] for i in found if i["metadata"].get("purchase_order_ref") == wanted)


def _settle(opened, **settings) -> None:
    """Change what the conference's settings say."""
    with opened.store.writing(opened.actor, Act.CONFIGURE) as uow:
        kept = by_slug(uow.session, opened.slug)
        for name, value in settings.items():
            plain = value.model_dump(mode="json") if hasattr(value, "model_dump") else value
            setattr(kept, name, plain)
            setattr(opened.conference, name, plain)


def _move_money(opened, simulator, billed) -> None:
    """Tell Stripe of wires, credit notes and refunds, cut off on the way; and be told of some."""
    for kind in ("drop_before", "500_stored_before"):
        for path in _TOLD:
            wired, said = billed(f"{kind}{path.count('/')}{path[-3:]}")
            simulator.control.pay(said.stripe_invoice_id, 50_000)
            sync_purchase_order(opened, wired.reference)
            simulator.control.fail(path, kind=kind, times=6 if kind == "drop_before" else 1)
            _move(opened, wired.reference)
            simulator.control.clear_faults()
            sync_conference(opened)
    _, told = billed("told")
    payment = simulator.control.pay(told.stripe_invoice_id)
    sync_conference(opened)
    undone = simulator.control.refund(payment["id"], 1_000)
    simulator.control.finish_refund(undone["id"], failed=True)
    simulator.control.dispute(payment["id"], 2_000)
    requests.post(
        f"{simulator.url}/v1/credit_notes",
        {"invoice": told.stripe_invoice_id, "amount": 100, "out_of_band_amount": 100},
        auth=(opened.settings.stripe_secret_key.get_secret_value(), ""),
        timeout=10,
    ).raise_for_status()


def _move(opened, reference: str) -> None:
    with suppress(PoToolkitError):
        record_payment_by_hand(opened, reference, amount=Decimal("10.00"), method="wire")
    with suppress(PoToolkitError):
        credit(opened, reference, amount=Decimal("5.00"), reason="Smaller booth")
    with suppress(PoToolkitError):
        refund(opened, reference, amount=Decimal("20.00"))


_TOLD = (
    "/v1/payment_records/report_payment",
    "/v1/invoices/*/attach_payment",
    "/v1/credit_notes",
    "/v1/refunds",
)


def _go_wrong(simulator, act: str, kind: str) -> None:
    simulator.control.fail(f"/v1/invoices/*/{act}", kind=kind)


def _distinct(calls: list[Call]) -> list[Call]:
    """Keep one request of each shape: method, endpoint and names of parameters."""
    shapes = {}
    for method, path, encoded in calls:
        names = {re.sub(r"\d+", "0", name) for name, _ in parse_qsl(encoded, True)}
        shape = (method, re.sub(r"/[a-z]+_[A-Za-z0-9]+", "/*", path), frozenset(names))
        shapes.setdefault(shape, (method, path, encoded))
    return list(shapes.values())


def test_stripes_mock_accepts_every_call_we_make(recorded, stripe_mock_url) -> None:
    refused = []
    for method, path, encoded in _distinct(recorded):
        form = method == "POST"
        answer = requests.request(
            method,
            f"{stripe_mock_url}{path}" + ("" if form or not encoded else f"?{encoded}"),
            data=encoded if form else None,
            headers={
                "Authorization": "Bearer sk_test_123",
                "Content-Type": "application/x-www-form-urlencoded",
                "Stripe-Version": API_VERSION,
            },
            timeout=10,
        )
        if answer.status_code != 200:
            refused.append(f"{method} {path} {encoded}: {answer.text}")
    assert refused == []


def test_what_the_simulator_told_us_is_what_stripe_describes(recorded) -> None:
    """Else the toolkit is tried against answers that Stripe would never give."""
    try:
        openapi.module_directory()
    except openapi.NotAvailableError as reason:
        openapi.unavailable(reason)
    found = set()
    for method, path, status, answer in _answers:
        if status == 200:
            found.update(openapi.faults_of_answer(method, path, answer))
    assert _answers
    assert sorted(found) == []


def test_the_gateway_itself_talks_to_stripes_mock(stripe_mock_url) -> None:
    """The SDK, our headers and our error translation, without the simulator in between."""
    gateway = StripeGateway(
        SecretStr("sk_test_123"), api_base=stripe_mock_url, permit=lambda _endpoint: None
    )
    made = gateway.write("/v1/customers", {"name": "Acme"}, idempotency_key="contract-1")
    assert made["object"] == "customer"
    (page,) = gateway.pages("/v1/invoices", {"collection_method": "send_invoice"})
    assert page[0]["object"] == "invoice"
    assert gateway.delete("/v1/invoices/in_123")["deleted"]
    with pytest.raises(PoToolkitError, match="additional properties"):
        gateway.write("/v1/customers", {"colour": "red"}, idempotency_key="contract-2")


def test_every_call_in_the_source_is_among_those_that_were_checked(recorded) -> None:
    """A new call must be played in this file, else nobody would notice that Stripe refuses it."""
    made = {path for _, path, _ in recorded}
    unplayed = [
        f"{place}: {pattern}"
        for pattern, place in _paths_in_source()
        if not any(fnmatchcase(path, pattern) for path in made)
    ]
    assert unplayed == []


def _paths_in_source() -> Iterator[tuple[str, str]]:
    root = Path(po_toolkit.__file__).parent
    for room in ("invoicing", "payments", "api", "stripe_gateway"):
        for file in sorted((root / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                pattern = _pattern(node)
                if re.fullmatch(r"(/v1|\*)(/[a-z_*]+)+", pattern):
                    yield pattern, f"{file.relative_to(root)}:{getattr(node, 'lineno', 0)}"


def _pattern(node: ast.AST) -> str:
    """Return a path as it stands in the source, with ``*`` for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values
        )
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
