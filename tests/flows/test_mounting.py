"""The webhook address inside somebody else's project: a few lines, as docs/deploy.md says."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType

import pytest

from po_toolkit import create_stripe_invoice
from po_toolkit.store.purchase_orders import by_reference
from po_toolkit.webhook.asgi import create_app
from tests.conftest import SLUG
from tests.flows.test_webhook_service import signed
from tests.serving import served

DOCS = Path(__file__).parents[2] / "docs" / "deploy.md"
SECRET = "whsec_pycon2027secret"


@pytest.fixture
def news(opened, simulator, make_order):
    order = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(order, opened=opened)
    with opened.store.reading() as session:
        sent = by_reference(session, opened.conference, order.reference)
    simulator.control.pay(sent.stripe_invoice_id)
    (event,) = [e for e in simulator.control.all("event") if e["type"] == "invoice_payment.paid"]
    return order, json.dumps(event).encode()


def paid(opened, order):
    with opened.store.reading() as session:
        return by_reference(session, opened.conference, order.reference).status == "paid"


def example(framework: str) -> str:
    """Return the code that the documentation shows for a framework."""
    part = DOCS.read_text("utf-8").split(f"#### {framework}\n", 1)[1]
    return part.split("```python\n", 1)[1].split("```", 1)[0]


def run_example(framework: str, settings) -> ModuleType:
    module = ModuleType(f"shown_{framework.lower()}")
    source = example(framework).replace("load_settings()", "SETTINGS")
    module.__dict__["SETTINGS"] = settings
    exec(compile(source, str(DOCS), "exec"), module.__dict__)
    return module


@pytest.mark.parametrize("framework", ["Starlette", "FastAPI"])
def test_a_host_with_a_lifespan_works_events_by_itself(framework, opened, settings, news):
    order, body = news
    app = run_example(framework, settings).app
    with served(app) as call:
        answer = call("POST", f"/stripe/webhooks/stripe/{SLUG}", body, signed(body, SECRET))
        assert answer.status_code == 200
        assert call("GET", "/stripe/healthz").json() == {"status": "ok"}
    assert paid(opened, order)


def test_a_mounted_service_without_a_lifespan_starts_with_the_first_delivery(
    opened, settings, news
):
    from starlette.applications import Starlette
    from starlette.routing import Mount

    order, body = news
    service = create_app(settings)

    @asynccontextmanager
    async def only_at_the_end(_app):
        yield
        service.state.webhooks.worker.stop()

    host = Starlette(routes=[Mount("/stripe", service)], lifespan=only_at_the_end)
    with served(host) as call:
        path = f"/stripe/webhooks/stripe/{SLUG}"
        assert call("POST", path, body, signed(body, SECRET)).status_code == 200
    assert paid(opened, order)


def test_a_django_view_keeps_what_is_genuine_and_refuses_the_rest(opened, settings, news):
    import django
    from django.conf import settings as django_settings
    from django.test import RequestFactory

    order, body = news
    if not django_settings.configured:
        django_settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY="of no use")
        django.setup()
    view = run_example("Django", settings).stripe_webhook

    def post(secret):
        header = signed(body, secret)["Stripe-Signature"]
        request = RequestFactory().post(
            "/hook", body, content_type="application/json", headers={"Stripe-Signature": header}
        )
        return view(request, SLUG).status_code

    assert post("whsec_stranger") == 400
    assert not paid(opened, order)
    assert post(SECRET) == 200
    run_example("Django, the task", settings)
    assert paid(opened, order)
