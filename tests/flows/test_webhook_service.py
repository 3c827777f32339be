"""The address that Stripe reports to: nothing is lost, nothing forged gets in."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from po_toolkit import create_stripe_invoice
from po_toolkit.api.webhook_work import TRIES, work_events
from po_toolkit.api.webhooks import events_on_hold, replay_events
from po_toolkit.bootstrap import open_conference
from po_toolkit.config import Settings
from po_toolkit.payments.event_handlers import HANDLERS, LISTENED
from po_toolkit.store.purchase_orders import by_reference
from po_toolkit.store.tables import Payout, WebhookEvent
from po_toolkit.webhook.asgi import BODY_LIMIT, create_app
from tests.conftest import KEY, SLUG, fresh
from tests.serving import served

SECRET = "whsec_pycon2027secret"
OTHER = "whsec_other2027secret"


def signed(body: bytes, *secrets: str, at: int | None = None) -> dict[str, str]:
    moment = at or int(time.time())
    digests = [
        hmac.new(s.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        for s in secrets
    ]
    return {"Stripe-Signature": ",".join([f"t={moment}", *(f"v1={d}" for d in digests)])}


def odd_headers(body: bytes) -> list[dict[str, str]]:
    """Return headers by which an old delivery would pass for a new one, and broken ones."""
    now = int(time.time())
    (old,) = signed(body, SECRET, at=now - 301).values()
    names = [
        f"{old},t={now}",
        f"t={now},{old}",
        f"t={now},v1=\xe9",
        f"t={'9' * 400},v1=a",
        "t=,v1=",
    ]
    return [{"Stripe-Signature": name.encode("latin-1")} for name in names]


@pytest.fixture
def two(settings: Settings) -> Settings:
    """Two conferences on one database, each with its own key and secret."""
    conferences = {slug: c.model_dump() for slug, c in settings.conferences.items()}
    conferences["djangocon-2027"] = {
        "name": "DjangoCon 2027",
        "stripe_secret_key": "sk_test_djangocon2027abcdefgh",
        "stripe_webhook_secret": OTHER,
    }
    return Settings(
        database_url=settings.database_url,
        stripe_api_base=settings.stripe_api_base,
        conferences=conferences,
    )


@pytest.fixture
def call(opened, two, clock):
    """The service without a worker: a test works the events itself."""
    with served(create_app(two, now=clock, worker=None, inner=True)) as call:
        yield call


@pytest.fixture
def news(opened, simulator, make_order):
    """A paid invoice and the event that tells of it."""
    order = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(order, opened=opened)
    with opened.store.reading() as session:
        sent = by_reference(session, opened.conference, order.reference)
    simulator.control.pay(sent.stripe_invoice_id)
    (event,) = [e for e in simulator.control.all("event") if e["type"] == "invoice_payment.paid"]
    return sent, event


def post(call, event, *secrets, slug=SLUG, **more):
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    headers = signed(body, *(secrets or (SECRET,)), **more)
    return call("POST", f"/webhooks/stripe/{slug}", body, headers)


def stored(opened):
    with opened.store.reading() as session:
        return session.query(WebhookEvent).all()


def test_an_event_is_stored_before_it_is_acknowledged_and_worked_once(opened, call, news):
    order, event = news
    assert [post(call, event).status_code for _ in range(3)] == [200] * 3
    (row,) = stored(opened)
    assert (row.state, json.loads(row.payload)) == ("received", event)
    assert fresh(opened, order).entries == []
    assert work_events(opened) == 1
    assert fresh(opened, order).status == "paid"
    assert [r.state for r in stored(opened)] == ["processed"]


def test_a_delivery_that_is_replayed_is_counted_and_changes_nothing(opened, call, news):
    """Stripe repeats deliveries itself, so a copy within five minutes is no refusal."""
    order, event = news
    body = json.dumps(event).encode()
    headers = signed(body, SECRET)
    for _ in range(3):
        assert call("POST", f"/webhooks/stripe/{SLUG}", body, headers).status_code == 200
        work_events(opened)
    assert "po_toolkit_webhook_repeated_total 2" in call("GET", "/metrics").text
    assert (len(stored(opened)), len(fresh(opened, order).entries)) == (1, 1)


def test_a_delivery_that_cannot_be_stored_is_not_acknowledged(call, news, monkeypatch):
    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr("po_toolkit.store.webhook_events.keep", broken)
    assert post(call, news[1]).status_code == 503


def test_forged_stale_malformed_and_oversized_requests_change_nothing(
    opened, call, news, caplog, capsys
):
    _, event = news
    body = json.dumps(event).encode()
    requests = {
        "forged": [
            post(call, event, "whsec_stranger"),
            post(call, event, OTHER),
            post(call, event, SECRET, at=int(time.time()) - 301),
            post(call, event, SECRET, at=int(time.time()) + 301),
            call("POST", f"/webhooks/stripe/{SLUG}", body),
            call("POST", f"/webhooks/stripe/{SLUG}", body + b" ", signed(body, SECRET)),
            *(call("POST", f"/webhooks/stripe/{SLUG}", body, h) for h in odd_headers(body)),
        ],
        "malformed": [
            post(call, b"{}"),
            post(call, b"no json"),
            post(call, b'{"id": 3}'),
            post(call, b'{"id": "evt_1", "type": "invoice.paid"}'),
            post(call, b'{"id": "evt_1", "type": "invoice.paid", "data": {"object": null}}'),
            post(call, b'{"id": "evt_\\u0000", "type": "x", "data": {"object": {}}}'),
            post(call, b'{"id": "evt_\\ud800", "type": "x", "data": {"object": {}}}'),
            post(call, b"[" * 100_000),
        ],
        "oversized": [post(call, b" " * (BODY_LIMIT + 1))],
    }
    assert post(call, event, slug="nobody-2027").status_code == 404
    statuses = {kind: {r.status_code for r in answers} for kind, answers in requests.items()}
    assert statuses == {"forged": {400}, "malformed": {400}, "oversized": {413}}
    assert stored(opened) == []
    assert work_events(opened) == 0
    figures = call("GET", "/metrics").text
    for kind, answers in requests.items():
        labels = f'conference="{SLUG}",outcome="{kind}"'
        assert f"po_toolkit_webhook_deliveries_total{{{labels}}} {len(answers)}" in figures
    assert "po_toolkit_webhook_unknown_conference_total 1" in figures
    said = "".join(r.text for answers in requests.values() for r in answers) + caplog.text + figures
    said += "".join(capsys.readouterr())
    for secret in (SECRET, OTHER, KEY, "sponsor", "nobody-2027"):
        assert secret not in said


def test_a_body_of_no_announced_length_is_read_no_further_than_the_limit(call):
    chunks = iter([b"x" * 65_536] * 9)
    assert call("POST", f"/webhooks/stripe/{SLUG}", chunks).status_code == 413


def test_each_secret_counts_while_one_rolls(opened, two, clock, news):
    two.conferences[SLUG].stripe_webhook_secret = [SecretStr("whsec_old"), SecretStr(SECRET)]
    with served(create_app(two, now=clock, worker=None, inner=True)) as call:
        assert post(call, news[1], "whsec_old").status_code == 200
        assert post(call, news[1], SECRET, "whsec_older").status_code == 200
        assert post(call, news[1], "whsec_older").status_code == 400


def test_an_event_of_another_conference_touches_nobody_elses_rows_though_ids_collide(
    opened, two, call, news, simulator
):
    order, event = news
    other = open_conference("djangocon-2027", settings=two, actor=opened.actor)
    assert post(call, event, OTHER, slug="djangocon-2027").status_code == 200
    assert work_events(other) == 1
    assert work_events(opened) == 0
    assert fresh(opened, order).entries == []
    assert post(call, event).status_code == 200
    assert work_events(opened) == 1
    assert fresh(opened, order).status == "paid"
    assert sorted(row.state for row in stored(opened)) == ["ignored", "processed"]


def test_an_event_that_is_not_ours_is_counted_and_left(opened, call, news):
    _, event = news
    event["data"]["object"]["invoice"] = "in_of_a_stranger"
    post(call, event)
    post(call, {**event, "id": "evt_2", "type": "product.created"})
    work_events(opened)
    assert [row.state for row in stored(opened)] == ["ignored", "ignored"]


def test_a_poison_event_is_set_aside_with_its_error_and_can_be_replayed(
    opened, call, news, clock, simulator
):
    order, event = news
    poison = json.loads(json.dumps(event))
    poison["data"]["object"]["currency"] = "eur"
    post(call, poison)
    for _ in range(TRIES):
        work_events(opened)
        clock.advance(minutes=20)
    (aside,) = events_on_hold(opened)
    assert (aside.attempts, "EUR" in aside.error) == (TRIES, True)
    assert work_events(opened) == 0
    assert 'state="set_aside"} 1' in call("GET", "/metrics").text
    with opened.store.writing(opened.actor, "sync") as uow:
        uow.session.query(WebhookEvent).one().payload = json.dumps(event)
    assert replay_events(opened) == [event["id"]]
    assert work_events(opened) == 1
    assert fresh(opened, order).status == "paid"


def test_a_poison_payment_does_not_hold_up_the_others_of_its_batch(opened, call, news):
    order, event = news
    poison = json.loads(json.dumps(event))
    poison["id"] = "evt_poison"
    poison["data"]["object"].update(id="inpay_poison", currency="eur")
    post(call, poison)
    post(call, event)
    assert work_events(opened) == 2
    assert sorted(row.state for row in stored(opened)) == ["failed", "processed"]
    assert fresh(opened, order).status == "paid"


def test_a_stored_event_without_an_object_holds_up_no_other(opened, call, news):
    order, event = news
    post(call, {**event, "id": "evt_hollow", "type": "invoice.updated"})
    post(call, event)
    with opened.store.writing(opened.actor, "sync") as uow:
        hollow = uow.session.query(WebhookEvent).filter_by(stripe_event_id="evt_hollow").one()
        hollow.payload = json.dumps({"id": "evt_hollow", "type": "invoice.updated"})
    assert work_events(opened) == 2
    errors = {row.stripe_event_id: row.error for row in stored(opened)}
    assert "evt_hollow contains no object" in errors["evt_hollow"]
    assert fresh(opened, order).status == "paid"


def test_a_monitor_hears_of_lag_and_of_a_dead_database(opened, call, news, monkeypatch):
    post(call, news[1])
    assert call("GET", "/healthz").json() == {"status": "ok"}
    figures = call("GET", "/metrics").text
    assert "po_toolkit_webhook_backlog 1" in figures

    def broken(*_):
        raise OSError("gone")

    monkeypatch.setattr("po_toolkit.webhook.asgi.unfit", broken)
    assert call("GET", "/healthz").status_code == 503


def test_events_of_one_invoice_cost_one_look_at_it(opened, call, news, simulator):
    events = [e for e in simulator.control.all("event") if e["type"].startswith("invoice.")]
    for event in events:
        post(call, event)
    simulator.control.clear_calls()
    assert work_events(opened) == sum(e["type"] in HANDLERS for e in events) > 2
    assert len(simulator.control.calls()) == 1


def test_news_of_a_payout_is_kept(opened, call, news, simulator):
    simulator.control.advance(3 * 86_400)
    payout = simulator.control.payout(account=KEY)
    events = [e for e in simulator.control.all("event") if e["type"] == "payout.created"]
    post(call, events[0])
    assert work_events(opened) == 1
    with opened.store.reading() as session:
        (row,) = session.query(Payout).all()
    assert (row.stripe_payout_id, row.amount) == (payout["id"], payout["amount"])


def test_every_type_that_is_handled_is_in_the_guide_and_a_sync_reads_no_more_than_20():
    guide = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text("utf-8")
    listed = set(guide.split("```text\n", 1)[1].split("```", 1)[0].split())
    assert listed == set(HANDLERS) - {"invoice.payment_succeeded"}
    assert set(LISTENED) <= set(HANDLERS)
    assert len(LISTENED) <= 20
