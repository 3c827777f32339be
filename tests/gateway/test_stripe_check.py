"""The check of beliefs: all hold at the simulator, and each one that breaks is noticed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from po_toolkit.api import stripe_check
from po_toolkit.api.stripe_check import EMAIL, beliefs, check_stripe
from po_toolkit.errors import SettingsError
from po_toolkit.simulator import credit_notes, customers, finalization, unproven

DAY = 86_400

BREAKS = {
    "send_turns_auto_advance_on": {"send_leaves_auto_advance"},
    "waiting_cash_stays": {"cash_pays_when_turned_on"},
    "overpaid_left_out": {"overpaid_included"},
    "record_above_refused": {"record_above"},
    "record_uncollectible_refused": {"record_uncollectible"},
    "record_needs_customer": {"record_without_customer"},
    "starting_balance_zero": {"starting_balance_kept"},
    "too_large_refused": {"too_large"},
    "refusal_not_kept": {"refusal_replayed"},
    "tax_rounded_on_total": {"tax_by_line"},
    "revision_drops_metadata": {"revision_metadata"},
    "cents_of_whole_currencies_taken": {"isk_whole", "ugx_whole"},
}
"""Which belief each switch breaks."""


@pytest.fixture
def key(opened, simulator) -> str:
    """The conference's key; its account has a payout that arrived."""
    key = opened.settings.stripe_secret_key.get_secret_value()
    opened.gateway.read("/v1/account")
    simulator.control.sell(10_000, account=key)
    simulator.control.advance(3 * DAY)
    simulator.control.payout_arrives(simulator.control.payout(account=key)["id"])
    return key


def checked(opened):
    report = check_stripe(opened, wait=lambda _seconds: None)
    broken = {f.belief: f.detail for f in report.findings if f.outcome == "broken"}
    idle = {f.belief: f.detail for f in report.findings if f.outcome == "not tried"}
    return report, broken, idle


def test_all_beliefs_hold_at_the_simulator_and_nothing_is_left_there(opened, simulator, key):
    report, broken, idle = checked(opened)
    assert (broken, idle, report.left) == ({}, {}, [])
    assert [f.belief for f in report.findings]
    assert {f.belief for f in report.findings} == set(beliefs())
    assert opened.gateway.read("/v1/customers", {"limit": 100})["data"] == []
    left = {invoice["status"] for invoice in simulator.control.all("invoice", key)}
    assert left <= {"paid", "void", "open"}
    partly = [i for i in simulator.control.all("invoice", key) if i["status"] == "open"]
    assert all(invoice["amount_paid"] for invoice in partly)


def test_every_switch_of_the_simulator_has_a_belief_that_notices_it() -> None:
    assert unproven.SWITCHES.keys() == BREAKS.keys()


@pytest.mark.parametrize("switch", BREAKS)
def test_a_switch_that_is_turned_breaks_exactly_its_belief(opened, simulator, key, switch):
    simulator.control.switch(switch, account=key)
    _, broken, idle = checked(opened)
    assert broken.keys() == BREAKS[switch]
    assert all(broken.values()), "what Stripe did instead is said"
    allowed = {"overpaid_included"} if switch == "record_above_refused" else set()
    assert idle.keys() <= allowed


def test_events_in_another_version_are_noticed(opened, simulator, key):
    simulator.control.set_api_version("2024-06-20", account=key)
    _, broken, _ = checked(opened)
    assert broken.keys() == {"event_version"}


def _fold(account, params):
    email = (params.get("email") or "").casefold()
    rows = [c for c in account.all("customer").values() if not c.get("deleted")]
    found = [c for c in rows if (c["email"] or "").casefold() == email]
    return {"object": "list", "data": found[::-1], "has_more": False, "url": "/v1/customers"}


DOCUMENTED = {
    "refund_lowers_credit": (credit_notes, "_refunded_beside", lambda *_: 0),
    "void_needs_no_payment": (finalization, "_has_payments", lambda *_: False),
    "revision_voids": (finalization, "_void_what_it_revises", lambda *_: None),
    "expanded_only": (customers, "retrieve", None),
}


@pytest.mark.parametrize("belief", DOCUMENTED)
def test_a_documented_rule_that_stripe_drops_is_noticed(opened, key, monkeypatch, belief):
    module, name, instead = DOCUMENTED[belief]
    if instead is None:
        real = customers.retrieve

        def instead(account, params, customer_id):
            shown = real(account, params, customer_id)
            return {**shown, "invoice_credit_balance": {}}

        from po_toolkit.simulator import routes

        place = next(r for r in routes.ROUTES if r.endpoint == "GET /v1/customers/{customer}")
        monkeypatch.setitem(place.__dict__, "handler", instead)
    else:
        monkeypatch.setattr(module, name, instead)
    _, broken, _ = checked(opened)
    assert broken.keys() == {belief}


def test_a_scene_that_cannot_be_played_is_not_tried_and_the_others_go_on(opened, simulator, key):
    simulator.control.fail("/v1/coupons", kind="500", times=50)
    report, broken, idle = checked(opened)
    assert (broken, idle.keys()) == ({}, {"discounts_emptied"})
    assert "Stripe" in idle["discounts_emptied"]
    assert len(report.findings) == len(set(beliefs()))


def test_what_an_interrupted_check_left_is_removed_by_the_next(opened, simulator, key):
    gateway = opened.gateway
    body = {"name": "po-toolkit stripe-check", "email": EMAIL}
    customer = gateway.write("/v1/customers", body, idempotency_key="left")["id"]
    other = gateway.write("/v1/customers", {**body, "name": "A real one"}, idempotency_key="other")[
        "id"
    ]
    checked(opened)
    found = [row["id"] for row in gateway.read("/v1/customers", {"limit": 100})["data"]]
    assert (customer in found, other in found) == (False, True)


@pytest.mark.parametrize("key", ["sk_live_x", "rk_live_x", "", "pk_test_x", "something"])
def test_any_other_than_a_test_key_is_refused_before_any_call(opened, simulator, key):
    opened.settings.stripe_secret_key = SecretStr(key)
    before = len(simulator.control.calls())
    with pytest.raises(SettingsError, match="no test-mode key"):
        check_stripe(opened)
    assert len(simulator.control.calls()) == before


def test_each_belief_stands_in_the_document_with_its_scene() -> None:
    text = Path("docs/stripe-beliefs.md").read_text("utf-8")
    named = set(re.findall(r"`([a-z0-9_]+)` \|$", text, flags=re.MULTILINE))
    assert named - {"none"} == set(beliefs())
    assert all(f"`{name}`" in text for name in unproven.SWITCHES)
    assert f"{len(stripe_check.SCENES)} short scenes" in text
