"""Money that leaves again at the simulator: debits that bounce, refunds, disputes."""

from __future__ import annotations

import pytest
import stripe


def kinds(account, *types: str) -> list[str]:
    return [event.type for event in account.events(*types)]


def ach(account, amount: int = 10_000, **more):
    return account.sent(
        amount,
        payment_settings={"payment_method_types": ["card", "us_bank_account"]},
        **more,
    )


def test_a_bank_debit_is_processing_for_days_and_then_pays(account) -> None:
    sent = ach(account)
    begun = account.sim.control.pay(sent.id, method="us_bank_account", settled=False)
    waiting = account.invoice(sent.id)
    assert (waiting.status, waiting.amount_paid) == ("open", 0)
    assert [p.status for p in waiting.payments.data] == ["open"]
    assert kinds(account, "invoice_payment.paid") == []
    for act in (account.v1.invoices.void_invoice, account.v1.invoices.mark_uncollectible):
        with pytest.raises(stripe.InvalidRequestError, match="open"):
            act(sent.id)
    account.sim.control.settle(begun["id"])
    assert account.invoice(sent.id).status == "paid"
    with pytest.raises(ValueError, match="not processing"):
        account.sim.control.settle(begun["id"])


def test_a_bank_debit_that_bounces_leaves_the_invoice_open_to_be_paid_again(account) -> None:
    sent = ach(account)
    begun = account.sim.control.pay(sent.id, method="us_bank_account", settled=False)
    account.sim.control.bounce(begun["id"])
    still = account.invoice(sent.id)
    assert (still.status, still.amount_remaining) == ("open", 10_000)
    assert "invoice.payment_failed" in kinds(account, "invoice.*")
    intent = account.v1.payment_intents.retrieve(begun["payment"]["payment_intent"])
    assert intent.status == "requires_payment_method"
    account.sim.control.pay(sent.id)
    assert account.invoice(sent.id).status == "paid"


def test_a_card_can_pay_while_a_debit_is_under_way_and_then_the_sponsor_has_paid_twice(
    account,
) -> None:
    sent = ach(account)
    begun = account.sim.control.pay(sent.id, method="us_bank_account", settled=False)
    account.sim.control.pay(sent.id)
    account.sim.control.settle(begun["id"])
    twice = account.invoice(sent.id)
    assert (twice.status, twice.amount_overpaid) == ("paid", 10_000)
    assert [p.amount_paid for p in twice.payments.data if p.status == "paid"] == [10_000, 10_000]
    assert account.v1.customers.retrieve(sent.customer).balance == -10_000


def test_a_debit_returned_after_it_looked_paid_is_a_lost_dispute(account) -> None:
    """Stripe: a failure from the bank after success becomes a dispute that cannot be contested."""
    sent = ach(account)
    payment = account.sim.control.pay(sent.id, method="us_bank_account")
    dispute = account.sim.control.dispute(payment["id"], reason="insufficient_funds")
    told = account.v1.disputes.retrieve(dispute["id"])
    assert (told.status, told.amount, told.reason) == ("lost", 10_000, "insufficient_funds")
    assert told.payment_intent == payment["payment"]["payment_intent"]
    assert account.invoice(sent.id).status == "paid"
    assert kinds(account, "charge.dispute.*") == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
    ]


@pytest.mark.parametrize(
    ("won", "net", "last"),
    [
        (True, 9_680, "charge.dispute.funds_reinstated"),
        (False, -1_820, "charge.dispute.funds_withdrawn"),
    ],
)
def test_a_cards_dispute_is_won_or_lost_with_its_fee(account, won, net, last) -> None:
    payment = account.sim.control.pay(account.sent().id)
    dispute = account.sim.control.dispute(payment["id"])
    assert dispute["status"] == "needs_response"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        account.v1.refunds.create({"payment_intent": payment["payment"]["payment_intent"]})
    assert caught.value.code == "charge_disputed"
    if won:
        account.sim.control.close_dispute(dispute["id"], won=True)
    else:
        account.v1.disputes.close(dispute["id"])
    told = account.v1.disputes.retrieve(dispute["id"])
    assert told.status == ("won" if won else "lost")
    moves = account.v1.balance_transactions.list().data
    assert sum(move.net for move in moves) == net
    assert kinds(account, "charge.dispute.*")[-2:] == [last, "charge.dispute.closed"]
    with pytest.raises(ValueError, match="already"):
        account.sim.control.close_dispute(dispute["id"], won=True)
    with pytest.raises(stripe.InvalidRequestError):
        account.v1.disputes.close(dispute["id"])


def test_refunds_in_parts_leave_the_invoice_as_it_was_and_end_with_the_charge(account) -> None:
    sent = account.sent()
    payment = account.sim.control.pay(sent.id)
    intent = payment["payment"]["payment_intent"]
    create = account.v1.refunds.create
    first = create(
        {"payment_intent": intent, "amount": 4_000, "metadata": {"entry": "17"}},
        {"idempotency_key": "refund-1"},
    )
    assert (first.status, first.amount) == ("succeeded", 4_000)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        create({"payment_intent": intent, "amount": 6_001})
    rest = create({"charge": first.charge})
    assert rest.amount == 6_000
    with pytest.raises(stripe.InvalidRequestError) as caught:
        create({"charge": first.charge})
    assert caught.value.code == "charge_already_refunded"
    assert account.invoice(sent.id).status == "paid"
    assert account.invoice(sent.id).amount_paid == 10_000
    charge = account.v1.charges.retrieve(first.charge)
    assert (charge.refunded, charge.amount_refunded) == (True, 10_000)
    listed = account.v1.refunds.list({"payment_intent": intent})
    assert [r.id for r in listed.data] == [rest.id, first.id]
    assert kinds(account, "refund.created") == ["refund.created"] * 2


def test_a_refund_to_a_bank_is_pending_and_can_fail(account) -> None:
    sent = ach(account)
    payment = account.sim.control.pay(sent.id, method="us_bank_account")
    refund = account.sim.control.refund(payment["id"], 2_500)
    assert refund["status"] == "pending"
    account.sim.control.finish_refund(refund["id"], failed=True)
    told = account.v1.refunds.retrieve(refund["id"])
    assert (told.status, told.failure_reason) == ("failed", "unknown")
    charge = account.v1.charges.retrieve(refund["charge"])
    assert (charge.refunded, charge.amount_refunded) == (False, 0)
    moves = account.v1.balance_transactions.list().data
    assert [move.amount for move in moves] == [2_500, -2_500, 10_000]
    assert kinds(account, "refund.failed") == ["refund.failed"]
    again = account.sim.control.refund(payment["id"])
    account.sim.control.finish_refund(again["id"])
    assert account.v1.refunds.retrieve(again["id"]).status == "succeeded"
    with pytest.raises(ValueError, match="failed already"):
        account.sim.control.finish_refund(refund["id"])


def test_a_refund_needs_something_to_refund(account) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        account.v1.refunds.create({"amount": 5})
    assert caught.value.code == "parameter_missing"
    sent = account.sent()
    (waiting,) = account.v1.invoice_payments.list({"invoice": sent.id}).data
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        account.v1.refunds.create({"payment_intent": waiting.payment.payment_intent})
    with pytest.raises(LookupError):
        account.sim.control.refund(waiting.id)


def test_a_credit_note_can_give_back_by_refund_and_link_one_made_before(account) -> None:
    sent = account.sent()
    payment = account.sim.control.pay(sent.id)
    create = account.v1.credit_notes.create
    note = create({"invoice": sent.id, "amount": 1_000, "refund_amount": 1_000})
    assert [(r.amount_refunded, r.type) for r in note.refunds] == [(1_000, "refund")]
    earlier = account.sim.control.refund(payment["id"], 2_000)
    link = {"refund": earlier["id"], "amount_refunded": 1_500}
    linked = create({"invoice": sent.id, "amount": 1_500, "refunds": [link]})
    assert linked.refunds[0].refund == earlier["id"]
    with pytest.raises(stripe.InvalidRequestError, match="500 left"):
        create({"invoice": sent.id, "amount": 1_500, "refunds": [link]})
    charge = account.v1.charges.retrieve(earlier["charge"])
    assert charge.amount_refunded == 3_000
    assert account.invoice(sent.id).post_payment_credit_notes_amount == 2_500


def test_a_credit_note_on_an_open_invoice_can_be_voided(account) -> None:
    sent = account.sent()
    note = account.v1.credit_notes.create({"invoice": sent.id, "amount": 3_000})
    assert account.v1.credit_notes.void_credit_note(note.id).status == "void"
    restored = account.invoice(sent.id)
    assert (restored.amount_due, restored.amount_remaining) == (10_000, 10_000)
    account.v1.credit_notes.create({"invoice": sent.id, "amount": 10_000})
    with pytest.raises(stripe.InvalidRequestError):
        account.v1.credit_notes.void_credit_note(note.id)


def test_a_wire_given_back_is_reported_on_its_payment_record(account) -> None:
    now = account.sim.world.clock.now()
    record = account.v1.payment_records.report_payment(
        {
            "amount_requested": {"value": 5_000, "currency": "usd"},
            "initiated_at": now - 60,
            "outcome": "guaranteed",
            "guaranteed": {"guaranteed_at": now - 60},
            "payment_method_details": {"type": "custom"},
        }
    )

    def give_back(value: int):
        return account.v1.payment_records.report_refund(
            record.id,
            {
                "amount": {"value": value, "currency": "usd"},
                "outcome": "refunded",
                "refunded": {"refunded_at": now},
                "processor_details": {
                    "type": "custom",
                    "custom": {"refund_reference": f"back-{value}"},
                },
            },
        )

    assert give_back(2_000).amount_refunded.value == 2_000
    with pytest.raises(stripe.InvalidRequestError, match="greater"):
        give_back(3_001)
    assert give_back(3_000).amount_refunded.value == 5_000


def test_a_sepa_debit_takes_days_too(account) -> None:
    sent = account.sent(10_000, "eur", payment_settings={"payment_method_types": ["sepa_debit"]})
    begun = account.sim.control.pay(sent.id, method="sepa_debit", settled=False)
    assert account.invoice(sent.id).status == "open"
    account.sim.control.settle(begun["id"])
    assert account.invoice(sent.id).status == "paid"
