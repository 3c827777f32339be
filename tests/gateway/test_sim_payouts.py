"""Payouts at the simulator: each is the sum of its transactions, and failed ones come back."""

from __future__ import annotations

import pytest

DAY = 86_400


def items(account, payout: str) -> list:
    listed = account.v1.balance_transactions.list({"payout": payout, "limit": 100})
    return list(listed.auto_paging_iter())


def test_a_payout_is_the_sum_of_its_transactions_of_every_type(account) -> None:
    control = account.sim.control
    payment = control.pay(account.sent(100_000).id)
    control.sell(5_000, account=account.key)
    control.refund(payment["id"], 10_000)
    lost = control.dispute(control.pay(account.sent(20_000).id)["id"])
    control.close_dispute(lost["id"], won=False)
    with pytest.raises(ValueError, match="to pay out"):
        control.payout(account=account.key)
    control.advance(3 * DAY)
    payout = control.payout(account=account.key)
    inside = items(account, payout["id"])
    assert sorted(t.type for t in inside) == [
        "adjustment",
        "charge",
        "charge",
        "charge",
        "payout",
        "refund",
    ]
    moved = [t for t in inside if t.type != "payout"]
    assert sum(t.net for t in moved) == payout["amount"]
    assert sum(t.amount for t in moved) - sum(t.fee for t in moved) == payout["amount"]
    assert all(t.net == t.amount - t.fee for t in inside)
    assert {t.status for t in moved} == {"available"}
    ticket = next(t for t in moved if t.amount == 5_000)
    assert ticket.description == "Ticket"
    with pytest.raises(ValueError, match="to pay out"):
        control.payout(account=account.key)


def test_a_trace_id_is_known_after_arrival_or_never(account) -> None:
    control = account.sim.control
    control.sell(5_000, account=account.key)
    control.advance(3 * DAY)
    payout = control.payout(account=account.key)
    told = account.v1.payouts.retrieve(payout["id"])
    assert (told.status, told.trace_id.status) == ("in_transit", "pending")
    control.payout_arrives(payout["id"])
    told = account.v1.payouts.retrieve(payout["id"])
    assert (told.status, told.trace_id.value) == ("paid", "SIMTRACE000001")
    control.sell(5_000, account=account.key)
    control.advance(3 * DAY)
    untraced = control.payout(account=account.key, trace=None)
    control.payout_arrives(untraced["id"])
    assert account.v1.payouts.retrieve(untraced["id"]).trace_id.status == "unsupported"
    paid = account.v1.payouts.list({"status": "paid"}).data
    assert [p.id for p in paid] == [untraced["id"], payout["id"]]
    with pytest.raises(ValueError, match="paid"):
        control.payout_arrives(payout["id"])


def test_a_payout_that_fails_after_it_was_paid_comes_with_the_next_one(account) -> None:
    control = account.sim.control
    control.sell(50_000, account=account.key)
    control.advance(3 * DAY)
    first = control.payout(account=account.key)
    control.payout_arrives(first["id"])
    control.payout_fails(first["id"])
    failed = account.v1.payouts.retrieve(first["id"])
    assert (failed.status, failed.failure_code) == ("failed", "account_closed")
    second = control.payout(account=account.key)
    assert second["amount"] == first["amount"]
    assert sorted(t.type for t in items(account, second["id"])) == ["payout", "payout_failure"]
    kinds = [event.type for event in account.events("payout.failed", "payout.paid")]
    assert kinds == ["payout.paid", "payout.failed"]


def test_manual_and_instant_payouts_do_not_say_what_they_are_made_of(account) -> None:
    control = account.sim.control
    control.sell(50_000, account=account.key)
    control.advance(3 * DAY)
    manual = control.payout(amount=10_000, account=account.key)
    instant = control.payout(amount=5_000, instant=True, account=account.key)
    assert (manual["automatic"], manual["reconciliation_status"]) == (False, "not_applicable")
    assert instant["method"] == "instant"
    assert items(account, manual["id"]) == []
    fee = account.v1.balance_transactions.retrieve(instant["balance_transaction"])
    assert (fee.amount, fee.fee, fee.net) == (-5_000, 50, -5_050)
    with pytest.raises(ValueError, match="to pay out"):
        control.payout(amount=40_000, account=account.key)


def test_what_sponsors_pay_in_another_currency_is_paid_out_in_the_banks(account) -> None:
    control = account.sim.control
    control.settle_in("eur", "usd", "1.1", account=account.key)
    payment = control.pay(account.sent(10_000, "eur").id)
    control.refund(payment["id"], 1_000)
    refunded, charged = account.v1.balance_transactions.list().data
    assert (charged.currency, charged.amount, charged.exchange_rate) == ("usd", 11_000, 1.1)
    assert charged.net == 11_000 - charged.fee
    assert (refunded.currency, refunded.amount) == ("usd", -1_100)
    control.advance(3 * DAY)
    assert control.payout(account=account.key)["amount"] == charged.net - 1_100
