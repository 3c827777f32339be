"""The simulator takes and answers what Stripe's own OpenAPI description says.

Every other test here that uses ``account`` also validates all it was answered.
"""

from __future__ import annotations

import json

import openapi
import pytest
import stripe

from po_toolkit.simulator import parameters, routes


@pytest.fixture
def described() -> None:
    try:
        openapi.module_directory()
    except openapi.NotAvailableError as reason:
        openapi.unavailable(reason)


def test_parameters_are_what_stripe_describes(described) -> None:
    """Else the simulator takes a parameter that Stripe would refuse, or the other way round."""
    assert openapi.request_parameters() == parameters.described()


def test_every_served_call_is_described_and_every_honoured_parameter_exists() -> None:
    for route in routes.ROUTES:
        known = parameters.described()[route.endpoint]["fields"]
        assert route.takes - {"expand"} <= known.keys(), route.endpoint


def test_a_wrong_answer_would_be_noticed(described, account) -> None:
    """Else the validation of all other tests proves nothing."""
    account.sent()
    good = next(body for _, path, _, body in account.http.answers if path.endswith("/send"))
    assert openapi.faults(good, "invoice") == []
    assert openapi.faults({**good, "amount_due": "100"}, "invoice")
    assert openapi.faults({**good, "status": "sent"}, "invoice")
    assert openapi.faults({**good, "paid": True}, "invoice") == ["invented field invoice.paid"]
    assert openapi.faults({k: v for k, v in good.items() if k != "total"}, "invoice")


def test_every_served_call_answers_what_stripe_describes(described, sim, account) -> None:
    """All 62, in one account: what no other test asks for may deviate without anybody noticing."""
    client = stripe.StripeClient(
        account.key,
        base_addresses={"api": sim.url},
        http_client=account.http,
        max_network_retries=0,
    )

    def call(method: str, path: str, **body) -> dict:
        return json.loads(client.raw_request(method, f"/v1/{path}", **body).body)

    def get(path: str, **query) -> dict:
        return call("get", path, **query)

    def post(path: str, **body) -> dict:
        return call("post", path, **body)

    def draft(customer: str, amount: int = 10_000) -> str:
        whom = {"customer": customer, "collection_method": "send_invoice", "days_until_due": 30}
        made = post("invoices", **whom, currency="usd")["id"]
        post(f"invoices/{made}/add_lines", lines=[{"amount": amount, "description": "Booth"}])
        return made

    def sent(customer: str) -> str:
        return post(f"invoices/{draft(customer)}/send")["id"]

    get("account")
    customer = post("customers", name="Acme", email="ap@acme.example")["id"]
    post(f"customers/{customer}", phone="1")
    get(f"customers/{customer}"), get("customers")
    number = post(f"customers/{customer}/tax_ids", type="eu_vat", value="DE123456789")["id"]
    get(f"customers/{customer}/tax_ids"), call("delete", f"customers/{customer}/tax_ids/{number}")
    post(f"customers/{customer}/balance_transactions", amount=-500, currency="usd")
    get(f"customers/{customer}/balance_transactions")
    coupon = post("coupons", percent_off=10, duration="once")["id"]
    get(f"coupons/{coupon}"), call("delete", f"coupons/{coupon}")
    rate = post("tax_rates", display_name="VAT", percentage="10", inclusive=False)["id"]
    post(f"tax_rates/{rate}", active=False), get(f"tax_rates/{rate}"), get("tax_rates")
    hook = post("webhook_endpoints", url="https://po.example.org", enabled_events=["*"])["id"]
    post(f"webhook_endpoints/{hook}", disabled=True), get("webhook_endpoints")
    post("invoiceitems", customer=customer, amount=100, currency="usd"), get("invoiceitems")
    by_card, wired, void, gone, off = (sent(customer) for _ in range(5))
    get(f"invoices/{by_card}/lines"), get("invoices"), get(f"invoices/{by_card}")
    post(f"invoices/{by_card}", metadata={"seen": "yes"})
    paying = {"amount": 2_000, "currency": "usd", "customer": customer, "confirm": True}
    paying |= {"payment_method_types": ["card"], "payment_method": "pm_card_visa"}
    intent = post("payment_intents", **paying)["id"]
    get(f"payment_intents/{intent}"), get("payment_intents")
    post(f"invoices/{by_card}/attach_payment", payment_intent=intent)
    payment = get("invoice_payments", invoice=by_card)["data"][-1]["id"]
    get(f"invoice_payments/{payment}")
    post(f"invoices/{by_card}/pay", payment_method="pm_card_visa")
    charge = get("charges")["data"][0]["id"]
    get(f"charges/{charge}")
    money = {"value": 10_000, "currency": "usd"}
    custom = {"type": "custom", "custom": {"display_name": "Wire"}}
    when = get(f"invoices/{wired}")["created"]
    record = post(
        "payment_records/report_payment",
        amount_requested=money, initiated_at=when, outcome="guaranteed",
        guaranteed={"guaranteed_at": when}, payment_method_details=custom,
    )["id"]  # fmt: skip
    (
        get(f"payment_records/{record}"),
        post(f"invoices/{wired}/attach_payment", payment_record=record),
    )
    back = {"amount": {"value": 100, "currency": "usd"}, "outcome": "refunded"}
    back |= {"refunded": {"refunded_at": when}, "processor_details": {"type": "custom"}}
    back["processor_details"]["custom"] = {"refund_reference": "R 1"}
    post(f"payment_records/{record}/report_refund", **back)
    post(f"invoices/{void}/void"), post(f"invoices/{gone}/mark_uncollectible")
    note = post("credit_notes", invoice=off, amount=100)["id"]
    get(f"credit_notes/{note}"), get("credit_notes"), post(f"credit_notes/{note}/void")
    refund = post("refunds", payment_intent=intent, amount=100)["id"]
    get(f"refunds/{refund}"), get("refunds")
    dispute = sim.control.dispute(payment)["id"]
    get(f"disputes/{dispute}"), get("disputes"), post(f"disputes/{dispute}/close")
    call("delete", f"invoices/{draft(customer)}"), post(f"invoices/{draft(customer)}/finalize")
    fund = f"test_helpers/customers/{customer}/fund_cash_balance"
    post(fund, amount=77, currency="usd"), get(f"customers/{customer}/cash_balance")
    get(f"customers/{customer}/cash_balance_transactions")
    get(f"events/{get('events')['data'][0]['id']}")
    move = get("balance_transactions")["data"][0]["id"]
    get(f"balance_transactions/{move}")
    sim.control.sell(90_000, account=account.key)
    sim.control.advance(3 * 86_400)
    payout = sim.control.payout(account=account.key)["id"]
    get(f"payouts/{payout}"), get("payouts")
    call("delete", f"customers/{post('customers')['id']}")
    answered = [(m, path) for m, path, status, _ in account.http.answers if status == 200]
    seen = {openapi.endpoint_of(*one) for one in answered}
    assert set(openapi.ENDPOINTS) - seen == set()
    assert len(seen) == len(routes.ROUTES) == 65
    assert {route.endpoint for route in routes.ROUTES} == set(openapi.ENDPOINTS)
    assert account.faults() == []
