"""Money at the simulator arrives as it does at Stripe: in part, too much, by record, as credit."""

from __future__ import annotations

import pytest
import stripe


def paid(invoice) -> list[tuple]:
    return [
        (p.status, p.amount_paid, p.payment.type)
        for p in sorted(invoice.payments.data, key=lambda p: p.created)
        if p.status == "paid"
    ]


def test_a_whole_payment_closes_the_invoice_and_its_event_carries_the_payment(account) -> None:
    sent = account.sent(10_000)
    payment = account.sim.control.pay(sent.id)
    closed = account.invoice(sent.id)
    assert (closed.status, closed.amount_paid, closed.amount_remaining) == ("paid", 10_000, 0)
    assert closed.status_transitions.paid_at
    assert paid(closed) == [("paid", 10_000, "payment_intent")]
    (event,) = account.events("invoice_payment.paid")
    told = event.data.object
    assert (told["id"], told["invoice"], told["amount_paid"]) == (payment["id"], sent.id, 10_000)
    assert told["status_transitions"]["paid_at"]
    kinds = [e.type for e in account.events()]
    assert "invoice.paid" in kinds
    assert "invoice.payment_succeeded" in kinds


def test_payments_in_parts_are_each_their_own(account) -> None:
    sent = account.sent(10_000)
    account.sim.control.pay(sent.id, 4_000)
    half = account.invoice(sent.id)
    assert (half.status, half.amount_paid, half.amount_remaining) == ("open", 4_000, 6_000)
    (waiting,) = [p for p in half.payments.data if p.status == "open"]
    assert (waiting.amount_requested, waiting.is_default) == (6_000, True)
    account.sim.control.pay(sent.id, 6_000, method="card")
    done = account.invoice(sent.id)
    assert done.status == "paid"
    assert sorted(p[1] for p in paid(done)) == [4_000, 6_000]


def test_too_much_becomes_a_credit_that_settles_the_next_invoice_without_a_payment(
    account,
) -> None:
    """DESIGN §4.10: money that no InvoicePayment shows must still be found."""
    customer = account.customer()
    first = account.sent(10_000, customer=customer.id)
    account.sim.control.pay(first.id, 13_000)
    over = account.invoice(first.id)
    assert (over.status, over.amount_overpaid) == ("paid", 3_000)
    assert paid(over) == [("paid", 13_000, "payment_intent")]
    assert account.v1.customers.retrieve(customer.id).balance == -3_000
    assert [e.data.object["id"] for e in account.events("invoice.overpaid")] == [first.id]

    part = account.sent(5_000, customer=customer.id)
    assert (part.total, part.starting_balance, part.ending_balance) == (5_000, -3_000, 0)
    assert (part.amount_due, part.amount_remaining, part.status) == (2_000, 2_000, "open")
    account.sim.control.pay(part.id)
    assert paid(account.invoice(part.id)) == [("paid", 2_000, "payment_intent")]


def test_a_credit_larger_than_the_next_invoice_pays_it_whole(account) -> None:
    customer = account.customer()
    account.sim.control.pay(account.sent(1_000, customer=customer.id).id, 9_000)
    next_one = account.sent(5_000, customer=customer.id)
    assert (next_one.status, next_one.amount_due, next_one.ending_balance) == ("paid", 0, -3_000)
    assert account.invoice(next_one.id).payments.data == []
    assert account.v1.customers.retrieve(customer.id).balance == -3_000


def test_a_voided_invoice_gives_its_credit_back(account) -> None:
    customer = account.customer()
    account.sim.control.pay(account.sent(1_000, customer=customer.id).id, 3_000)
    sent = account.sent(5_000, customer=customer.id)
    assert account.v1.customers.retrieve(customer.id).balance == 0
    account.v1.invoices.void_invoice(sent.id)
    assert account.v1.customers.retrieve(customer.id).balance == -2_000


def test_below_the_minimum_an_invoice_is_paid_by_itself_and_the_customer_owes(account) -> None:
    customer = account.customer()
    small = account.sent(49, customer=customer.id)
    assert (small.status, small.amount_due, small.ending_balance) == ("paid", 0, 49)
    assert account.invoice(small.id).payments.data == []
    assert account.sent(1_000, customer=customer.id).amount_due == 1_049


def test_what_cannot_be_charged_is_refused(account) -> None:
    sent = account.sent(10_000)
    for amount in (49, 100_000_000):
        with pytest.raises(Exception, match="Amount must be"):
            account.sim.control.pay(sent.id, amount)
    limited = account.sent(payment_settings={"payment_method_types": ["us_bank_account"]})
    with pytest.raises(Exception, match="cannot be paid with card"):
        account.sim.control.pay(limited.id)
    account.sim.control.pay(limited.id, method="us_bank_account")
    with pytest.raises(Exception, match="already paid"):
        account.sim.control.pay(limited.id, method="us_bank_account")


def test_the_api_pays_with_a_test_card_or_out_of_band(account) -> None:
    invoices = account.v1.invoices
    by_card = invoices.pay(account.sent().id, {"payment_method": "pm_card_visa"})
    assert by_card.status == "paid"
    with pytest.raises(stripe.CardError) as caught:
        invoices.pay(account.sent().id, {"payment_method": "pm_card_chargeDeclined"})
    assert (caught.value.http_status, caught.value.code) == (402, "card_declined")
    outside = invoices.pay(account.sent(7_000).id, {"paid_out_of_band": True})
    assert (outside.status, outside.amount_paid) == ("paid", 7_000)
    shown = invoices.retrieve(outside.id, {"expand": ["payments", "amount_paid_off_stripe"]})
    assert (paid(shown), shown.amount_paid_off_stripe) == ([], 7_000)


def report(account, value: int, currency: str = "usd", **more):
    now = account.sim.world.clock.now()
    return account.v1.payment_records.report_payment(
        {
            "amount_requested": {"value": value, "currency": currency},
            "initiated_at": now - 60,
            "outcome": "guaranteed",
            "guaranteed": {"guaranteed_at": now - 30},
            "payment_method_details": {"type": "custom", "custom": {"display_name": "Wire"}},
            "processor_details": {"type": "custom", "custom": {"payment_reference": "W-17"}},
            **more,
        },
        {"idempotency_key": f"record-{value}-{currency}"},
    )


def test_a_wire_is_told_as_a_payment_record_and_counts_once(account) -> None:
    sent = account.sent(10_000)
    record = report(account, 4_000)
    attached = account.v1.invoices.attach_payment(sent.id, {"payment_record": record.id})
    assert (attached.amount_paid, attached.amount_remaining) == (4_000, 6_000)
    (ours,) = account.v1.invoice_payments.list({"invoice": sent.id, "status": "paid"}).data
    assert ours.payment.payment_record == record.id
    with pytest.raises(stripe.InvalidRequestError, match="already attached"):
        account.v1.invoices.attach_payment(sent.id, {"payment_record": record.id})
    with pytest.raises(stripe.InvalidRequestError, match="currency"):
        account.v1.invoices.attach_payment(
            sent.id, {"payment_record": report(account, 4_000, "eur").id}
        )
    account.sim.control.pay(sent.id)
    assert sorted(p[1:] for p in paid(account.invoice(sent.id))) == [
        (4_000, "payment_record"),
        (6_000, "payment_intent"),
    ]


def test_a_payment_is_found_by_its_intent(account) -> None:
    payment = account.sim.control.pay(account.sent().id)
    intent = payment["payment"]["payment_intent"]
    found = account.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": intent}}
    )
    assert [p.id for p in found.data] == [payment["id"]]
    whole = account.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge"]})
    assert (whole.status, whole.latest_charge.amount) == ("succeeded", 10_000)
    moved = account.v1.balance_transactions.list({"source": whole.latest_charge.id}).data[0]
    assert (moved.amount, moved.fee, moved.net) == (10_000, 320, 9_680)


def test_a_credit_note_lowers_what_remains_before_it_gives_anything_back(account) -> None:
    sent = account.sent(10_000)
    notes = account.v1.credit_notes
    first = notes.create({"invoice": sent.id, "amount": 3_000, "reason": "order_change"})
    assert (first.pre_payment_amount, first.post_payment_amount) == (3_000, 0)
    lowered = account.invoice(sent.id)
    assert (lowered.total, lowered.amount_due, lowered.amount_remaining) == (10_000, 7_000, 7_000)
    account.sim.control.pay(sent.id)
    with pytest.raises(stripe.InvalidRequestError, match="post payment amount"):
        notes.create({"invoice": sent.id, "amount": 500})
    after = notes.create({"invoice": sent.id, "amount": 500, "credit_amount": 500})
    assert (after.type, after.post_payment_amount) == ("post_payment", 500)
    assert account.v1.customers.retrieve(sent.customer).balance == -500
    with pytest.raises(stripe.InvalidRequestError, match="cannot exceed"):
        notes.create({"invoice": sent.id, "amount": 6_501, "credit_amount": 6_501})
    assert [n.id for n in notes.list({"invoice": sent.id}).data] == [after.id, first.id]


def test_a_credit_note_over_all_that_remains_closes_the_invoice(account) -> None:
    sent = account.sent(10_000)
    account.v1.credit_notes.create({"invoice": sent.id, "amount": 10_000})
    assert account.invoice(sent.id).status == "paid"


def test_an_uncollectible_invoice_can_still_be_paid(account) -> None:
    sent = account.sent()
    assert account.v1.invoices.mark_uncollectible(sent.id).status == "uncollectible"
    account.sim.control.pay(sent.id)
    assert account.invoice(sent.id).status == "paid"


def test_a_sponsor_sees_and_pays_on_the_hosted_page(account) -> None:
    import requests

    sent = account.sent(123_456, lines=[{"amount": 123_456, "description": "Gold <b>& more</b>"}])
    page = requests.get(sent.hosted_invoice_url, timeout=10)
    assert "1,234.56 USD" in page.text
    assert "Gold &lt;b&gt;&amp; more&lt;/b&gt;" in page.text
    part = requests.post(
        f"{sent.hosted_invoice_url}/pay", {"amount": "1000.00", "method": "card"}, timeout=10
    )
    assert "234.56 USD" in part.text
    wrong = requests.post(f"{sent.hosted_invoice_url}/pay", {"amount": "1.001"}, timeout=10)
    assert wrong.status_code == 400
    requests.post(f"{sent.hosted_invoice_url}/pay", {"method": "card"}, timeout=10)
    assert account.invoice(sent.id).status == "paid"
    assert requests.get(sent.invoice_pdf, timeout=10).content.startswith(b"%PDF-1.4")
    missing = f"{sent.hosted_invoice_url}0"
    assert requests.get(missing, timeout=10).status_code == 404
