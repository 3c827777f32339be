"""Rules of Stripe that surprise; each test names what a user loses by believing otherwise."""

from __future__ import annotations

import pytest
import requests
import stripe

from po_toolkit.simulator import unproven

DAY = 86_400
BY_TRANSFER = {"payment_method_types": ["customer_balance"]}


def refused(match: str):
    return pytest.raises(stripe.InvalidRequestError, match=match)


def record(account, value: int, currency: str = "usd", **more):
    now = account.sim.world.clock.now()
    return account.v1.payment_records.report_payment(
        {
            "amount_requested": {"value": value, "currency": currency},
            "initiated_at": now,
            "outcome": "guaranteed",
            "guaranteed": {"guaranteed_at": now},
            "payment_method_details": {"type": "custom"},
            **more,
        }
    )


def attach(account, invoice, value: int, **more):
    body = {"payment_record": record(account, value, invoice.currency, **more).id}
    return account.v1.invoices.attach_payment(invoice.id, body)


# ---- credit notes after refunds


def test_a_refund_lowers_what_can_still_be_credited_unless_the_note_links_it(account) -> None:
    sent = account.sent()
    payment = account.sim.control.pay(sent.id)
    refund = account.sim.control.refund(payment["id"], 6_000)
    create = account.v1.credit_notes.create
    with refused("cannot exceed"):
        create({"invoice": sent.id, "amount": 4_001, "out_of_band_amount": 4_001})
    create({"invoice": sent.id, "amount": 6_000, "refunds": [{"refund": refund["id"]}]})
    rest = create({"invoice": sent.id, "amount": 4_000, "credit_amount": 4_000})
    assert rest.post_payment_amount == 4_000


def test_a_refund_that_failed_lowers_nothing(account) -> None:
    sent = account.sent(payment_settings={"payment_method_types": ["us_bank_account"]})
    payment = account.sim.control.pay(sent.id, method="us_bank_account")
    refund = account.sim.control.refund(payment["id"])
    account.sim.control.finish_refund(refund["id"], failed=True)
    note = account.v1.credit_notes.create(
        {"invoice": sent.id, "amount": 10_000, "credit_amount": 10_000}
    )
    assert note.amount == 10_000


def test_a_credit_note_mails_the_sponsor_unless_told_not_to(account) -> None:
    sent = account.sent()

    def mails() -> int:
        return sum(mail.invoice == sent.id for mail in account.sim.control.mails())

    before = mails()
    account.v1.credit_notes.create({"invoice": sent.id, "amount": 100, "email_type": "none"})
    assert mails() == before
    account.v1.credit_notes.create({"invoice": sent.id, "amount": 100})
    assert mails() == before + 1


# ---- bank transfers


def test_a_transfer_waits_while_auto_advance_is_off_and_pays_once_it_is_on(account) -> None:
    customer = account.customer().id
    sent = account.sent(customer=customer, payment_settings=BY_TRANSFER)
    fund = account.v1.test_helpers.customers.fund_cash_balance
    fund(customer, {"amount": 10_000, "currency": "usd", "reference": "PO-1"})
    assert account.invoice(sent.id).status == "open"
    assert account.v1.invoices.update(sent.id, {"auto_advance": True}).status == "paid"


def test_six_invoices_are_too_many_for_one_transfer(account) -> None:
    customer = account.customer().id
    for _ in range(6):
        one = account.sent(1_000, customer=customer, payment_settings=BY_TRANSFER)
        account.v1.invoices.update(one.id, {"auto_advance": True})
    account.sim.control.transfer(customer, 6_000)
    assert account.v1.customers.cash_balance.retrieve(customer).available["usd"] == 6_000


# ---- what comes only when expanded


def test_expandable_fields_are_left_out_unless_asked_for(account) -> None:
    customer = account.customer().id
    sent = account.sent(customer=customer)
    attach(account, sent, 4_000)
    account.sim.control.move_balance(customer, -500, "eur")
    plain = account.v1.customers.retrieve(customer)
    assert not {"invoice_credit_balance", "cash_balance"} & plain.to_dict().keys()
    asked = account.v1.customers.retrieve(customer, {"expand": ["invoice_credit_balance"]})
    assert asked.invoice_credit_balance.to_dict() == {"eur": 500}
    bare = account.v1.invoices.retrieve(sent.id)
    assert not {"payments", "amount_paid_off_stripe"} & bare.to_dict().keys()
    asked = account.v1.invoices.retrieve(sent.id, {"expand": ["amount_paid_off_stripe"]})
    assert asked.amount_paid_off_stripe == 4_000
    assert all(
        "payments" not in event.data.object.to_dict() for event in account.events("invoice.*")
    ), "events never hold what needs expansion"


# ---- links


def test_links_expire_and_a_fresh_one_works(account) -> None:
    sent = account.sent()
    old_page, old_pdf = sent.hosted_invoice_url, sent.invoice_pdf
    account.sim.control.advance(61 * DAY)
    assert requests.get(old_page, timeout=10).status_code == 404
    assert requests.get(old_pdf, timeout=10).status_code == 404
    fresh = account.invoice(sent.id)
    assert requests.get(fresh.hosted_invoice_url, timeout=10).status_code == 200
    assert requests.get(fresh.invoice_pdf, timeout=10).status_code == 200


def test_no_link_lives_longer_than_120_days(account) -> None:
    sent = account.sent(days_until_due=200)
    account.sim.control.advance(119 * DAY)
    assert requests.get(sent.hosted_invoice_url, timeout=10).status_code == 200
    account.sim.control.advance(2 * DAY)
    assert requests.get(sent.hosted_invoice_url, timeout=10).status_code == 404


# ---- discounts


def test_a_draft_inherits_its_customers_discount_unless_discounts_is_empty(account) -> None:
    customer = account.customer().id
    account.sim.control.give_coupon(customer, percent_off="10")
    assert account.draft(customer=customer).total == 9_000
    assert account.draft(customer=customer, discounts="").total == 10_000


def test_a_discount_is_shared_among_the_lines_to_the_cent_and_lowers_their_tax(account) -> None:
    rate = account.v1.tax_rates.create(
        {"display_name": "VAT", "percentage": "20", "inclusive": False}
    )
    coupon = account.v1.coupons.create({"amount_off": 1_000, "currency": "usd"})
    lines = [{"amount": n, "description": "x"} for n in (3_333, 3_333, 3_334)]
    draft = account.draft(
        lines=lines, default_tax_rates=[rate.id], discounts=[{"coupon": coupon.id}]
    )
    taken = [line.discount_amounts[0].amount for line in draft.lines.data]
    assert sum(taken) == 1_000
    assert draft.total_discount_amounts[0].amount == 1_000
    assert draft.total == 9_000 + 1_800
    account.v1.coupons.delete(coupon.id)
    assert account.v1.invoices.update(draft.id, {"discounts": ""}).total == 12_001
    with pytest.raises(stripe.InvalidRequestError):
        account.v1.coupons.retrieve(coupon.id)


# ---- customer balance


def test_a_debit_on_the_customer_raises_what_the_sponsor_is_asked(account) -> None:
    customer = account.customer().id
    account.v1.customers.balance_transactions.create(customer, {"amount": 50, "currency": "usd"})
    sent = account.sent(customer=customer)
    assert (sent.total, sent.amount_due) == (10_000, 10_050)
    moves = account.v1.customers.balance_transactions.list(customer).data
    assert [(m.type, m.amount) for m in moves] == [("applied_to_invoice", -50), ("adjustment", 50)]


def test_an_invoice_above_the_maximum_is_marked_paid_and_debited(account) -> None:
    customer = account.customer().id
    sent = account.v1.invoices.finalize_invoice(account.draft(100_000_000, customer=customer).id)
    assert (sent.status, sent.amount_due, sent.amount_paid) == ("paid", 0, 0)
    (move,) = account.v1.customers.balance_transactions.list(customer).data
    assert (move.type, move.amount) == ("invoice_too_large", 100_000_000)
    assert account.sent(100_000_000, "idr").amount_due == 100_000_000, "limits differ by currency"


# ---- revisions


def test_a_revision_replaces_the_invoice_and_voids_it(account) -> None:
    sent = account.sent(metadata={"po": "1"})
    first = account.sim.control.revise(sent.id, amount=12_000)
    second = account.sim.control.revise(first["id"])
    assert first["total"] == second["total"] == 12_000
    assert account.v1.invoices.retrieve(second["id"]).metadata.to_dict() == {"po": "1"}
    for old in (sent.id, first["id"]):
        told = account.invoice(old)
        assert (told.status, told.latest_revision) == ("void", second["id"])
    with refused("revise"):
        account.v1.invoices.create({"from_invoice": {"action": "revision", "invoice": first["id"]}})


def test_credit_used_by_the_original_is_used_again_by_its_revision(account) -> None:
    customer = account.customer().id
    account.sim.control.move_balance(customer, -3_000)
    sent = account.sent(customer=customer)
    assert sent.amount_due == 7_000
    assert account.sim.control.revise(sent.id)["amount_due"] == 7_000


# ---- charges, events, keys


def test_charges_without_an_intent_pay_invoices_and_cannot_be_filtered(account) -> None:
    sent = account.sent()
    charge = account.sim.control.charge_without_intent(10_000, invoice_id=sent.id)
    (paid,) = account.v1.invoice_payments.list({"invoice": sent.id, "status": "paid"}).data
    assert (paid.payment.type, paid.payment.charge) == ("charge", charge["id"])
    with refused("must be one of"):
        account.v1.invoice_payments.list({"payment": {"type": "charge"}})
    with refused("unknown parameter"):
        account.v1.invoice_payments.list({"payment": {"type": "charge", "charge": charge["id"]}})
    assert account.sim.control.refund(charge["id"], 100)["payment_intent"] is None


def test_a_payment_intent_made_by_others_pays_part_of_an_invoice(account) -> None:
    sent = account.sent()
    body = {"amount": 2_500, "currency": "usd", "customer": sent.customer, "confirm": True}
    intent = account.v1.payment_intents.create(
        {**body, "payment_method": "pm_card_visa", "payment_method_types": ["card"]}
    )
    after = account.v1.invoices.attach_payment(sent.id, {"payment_intent": intent.id})
    assert (after.status, after.amount_remaining) == ("open", 7_500)


@pytest.mark.parametrize(("amount", "currency"), [(1_234, "isk"), (500, "xyz"), (7, "usd")])
def test_an_account_holds_invoices_that_stripe_would_refuse_today(account, amount, currency):
    account.customer()
    foreign = account.sim.control.foreign_invoice(amount, currency, account.key)
    listed = account.v1.invoices.list().data
    found = [(i.id, i.currency, i.total) for i in listed]
    assert found == [(foreign["id"], currency, amount)]


def test_events_have_the_shape_of_the_accounts_version(account) -> None:
    account.customer()
    account.sim.control.set_api_version("2024-06-20", account.key)
    sent = account.sent()
    account.sim.control.pay(sent.id)
    kinds = {event.type: event for event in account.events()}
    assert "invoice_payment.paid" not in kinds
    paid = kinds["invoice.paid"]
    assert paid.api_version == "2024-06-20"
    assert paid.data.object.paid is True
    assert paid.data.object.payment_intent.startswith("pi_")
    assert "amount_overpaid" not in paid.data.object.to_dict()


def test_an_event_can_appear_after_newer_ones(account) -> None:
    account.customer()
    account.sim.control.hold_events(account.key)
    sent = account.sent()
    account.sim.control.pay(sent.id)
    assert account.events("invoice.*") == []
    account.sim.control.advance(60)
    count = account.sim.control.release_events(account=account.key)
    later = account.customer(name="Later")
    kinds = [event.type for event in account.events()]
    assert count == len(kinds) - 2
    assert kinds[-1] == "customer.created"
    assert later.id


def test_two_keys_see_one_account_and_a_live_key_sees_no_test_object(account) -> None:
    account.customer()
    control = account.sim.control
    name = account.key.removeprefix("sk_test_")
    control.add_key(f"sk_test_second_{name}", account.key)
    control.add_key(f"sk_live_{name}", account.key)
    second, live = (
        type(account)(account.sim, key) for key in (f"sk_test_second_{name}", f"sk_live_{name}")
    )
    mine = account.v1.accounts.retrieve_current().id
    assert {second.v1.accounts.retrieve_current().id, live.v1.accounts.retrieve_current().id} == {
        mine
    }
    assert len(second.v1.customers.list().data) == 1
    assert live.v1.customers.list().data == []
    assert live.customer().livemode is True


def test_a_restricted_key_is_told_which_permission_it_lacks(account) -> None:
    account.customer()
    key = account.key.replace("sk_", "rk_")
    account.sim.control.add_key(key, account.key, ["customer_write", "invoice_read"])
    restricted = type(account)(account.sim, key)
    restricted.customer()
    assert restricted.v1.invoices.list().data == []
    with pytest.raises(stripe.PermissionError, match="'rak_invoice_write' permission"):
        restricted.v1.invoices.create({"customer": "cus_1"})


# ---- what nobody knows


@pytest.fixture
def turned(account):
    """Turn one of the account's switches."""
    account.customer()
    return lambda name: account.sim.control.switch(name, account=account.key)


def test_the_switches_are_named_in_one_place(account) -> None:
    account.customer()
    with pytest.raises(ValueError, match="record_above_refused"):
        account.sim.control.switch("typo", account=account.key)
    assert all(s.off and s.on and s.why for s in unproven.SWITCHES.values())


def test_sending_may_turn_auto_advance_on(account, turned) -> None:
    assert account.sent().auto_advance is False
    turned("send_turns_auto_advance_on")
    assert account.sent().auto_advance is True


def test_waiting_cash_may_stay_although_auto_advance_is_turned_on(account, turned) -> None:
    turned("waiting_cash_stays")
    customer = account.customer().id
    sent = account.sent(customer=customer, payment_settings=BY_TRANSFER)
    account.sim.control.transfer(customer, 10_000)
    assert account.v1.invoices.update(sent.id, {"auto_advance": True}).status == "open"


@pytest.mark.parametrize(("on", "shown"), [(False, 12_000), (True, 10_000)])
def test_what_was_paid_too_much_is_in_the_payment_or_not(account, turned, on, shown) -> None:
    if on:
        turned("overpaid_left_out")
    sent = account.sent()
    payment = account.sim.control.pay(sent.id, 12_000)
    after = account.invoice(sent.id)
    assert (payment["amount_paid"], after.amount_overpaid) == (shown, 2_000)


def test_a_record_above_what_remains_is_taken_or_refused(account, turned) -> None:
    assert attach(account, account.sent(), 12_000).amount_overpaid == 2_000
    turned("record_above_refused")
    with refused("greater than the amount remaining"):
        attach(account, account.sent(), 12_000)


def test_a_record_on_a_written_off_invoice_is_taken_or_refused(account, turned) -> None:
    def written_off():
        return account.v1.invoices.mark_uncollectible(account.sent().id)

    assert attach(account, written_off(), 10_000).status == "paid"
    turned("record_uncollectible_refused")
    with refused("open invoices"):
        attach(account, written_off(), 10_000)


def test_a_record_without_a_customer_is_taken_or_refused(account, turned) -> None:
    assert attach(account, account.sent(), 10_000).status == "paid"
    turned("record_needs_customer")
    sent = account.sent()
    with refused("customer"):
        attach(account, sent, 10_000)
    named = {"customer_details": {"customer": sent.customer}}
    assert attach(account, sent, 10_000, **named).status == "paid"


def test_the_starting_balance_may_read_zero_once_final(account, turned) -> None:
    customer = account.customer().id
    account.sim.control.move_balance(customer, -1_000)
    sent = account.sent(customer=customer)
    assert (sent.starting_balance, sent.ending_balance) == (-1_000, 0)
    turned("starting_balance_zero")
    assert account.invoice(sent.id).starting_balance == 0


def test_an_invoice_above_the_maximum_may_be_refused(account, turned) -> None:
    turned("too_large_refused")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        account.sent(100_000_000)
    assert caught.value.code == "amount_too_large"


def test_a_refusal_is_kept_under_its_key_or_not(account, turned) -> None:
    def twice(key: str) -> list[str]:
        draft = account.draft()
        options = {"idempotency_key": f"{key}-{account.key}"}
        seen = []
        for ready in (False, True):
            if ready:
                account.v1.invoices.finalize_invoice(draft.id)
            try:
                account.v1.invoices.mark_uncollectible(draft.id, {}, options)
                seen.append("done")
            except stripe.InvalidRequestError:
                seen.append("refused")
        return seen

    assert twice("a") == ["refused", "refused"]
    turned("refusal_not_kept")
    assert twice("b") == ["refused", "done"]


def test_tax_is_rounded_by_line_or_in_total(account, turned) -> None:
    rate = account.v1.tax_rates.create(
        {"display_name": "VAT", "percentage": "10", "inclusive": False}
    )
    lines = [{"amount": 105, "description": "x"} for _ in range(4)]

    def tax() -> int:
        draft = account.draft(lines=lines, default_tax_rates=[rate.id])
        return draft.total - draft.subtotal

    assert tax() == 44
    turned("tax_rounded_on_total")
    assert tax() == 42


def test_a_revision_may_lose_the_metadata_we_look_for(account, turned) -> None:
    turned("revision_drops_metadata")
    revised = account.sim.control.revise(account.sent(metadata={"po": "1"}).id)
    assert revised["metadata"] == {}


def test_cents_of_isk_are_refused_or_taken(account, turned) -> None:
    with refused("evenly divisible"):
        account.draft(12_345, "isk")
    turned("cents_of_whole_currencies_taken")
    assert account.draft(12_345, "isk").total == 12_345
