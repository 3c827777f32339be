"""What a user would lose if the product acted on what Stripe's documentation contradicts."""

from __future__ import annotations

import pytest

from po_toolkit import create_stripe_invoice
from po_toolkit.api import ledger
from po_toolkit.api.invoices import decide_balance, invoice_purchase_orders
from po_toolkit.api.order_changes import reissue
from po_toolkit.api.payouts import pull_payouts
from po_toolkit.api.sync import sync_conference, sync_purchase_order
from po_toolkit.errors import InvoiceMismatchError, PurchaseOrderError, StripeUnknownError
from po_toolkit.money import to_major
from po_toolkit.payments.event_handlers import handle
from po_toolkit.reconcile import reconcile_conference
from po_toolkit.store.purchase_orders import by_reference

ZZZ = "zzz"
"""A currency that Stripe does not name today; accounts outlive lists of currencies."""


@pytest.fixture
def key(opened) -> str:
    return opened.settings.stripe_secret_key.get_secret_value()


def again(opened, order):
    with opened.store.reading() as session:
        return by_reference(session, opened.conference, order.reference)


@pytest.fixture
def sent(opened, make_order):
    order = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(order, opened=opened)
    sync_conference(opened)
    return again(opened, order)


def dollars(amount: int):
    return to_major(amount, "usd")


# ---- credit notes after a refund


@pytest.mark.parametrize("refunded", [400_00, 600_00, 1000_00])
@pytest.mark.parametrize("credited", [100_00, 600_00, 1000_00])
def test_an_invoice_that_was_refunded_can_still_be_credited(
    opened, simulator, sent, refunded, credited
):
    """Each refund lowers what can be credited, unless the credit note is linked to it."""
    simulator.control.pay(sent.stripe_invoice_id)
    sync_conference(opened)
    ledger.refund(opened, sent.reference, amount=dollars(refunded))
    ledger.credit(opened, sent.reference, amount=dollars(credited), reason="smaller booth")
    (note,) = simulator.control.all("credit_note")
    linked = sum(link["amount_refunded"] for link in note["refunds"])
    assert (note["amount"], linked) == (credited, min(refunded, credited))
    assert again(opened, sent).sums.credited == credited
    assert sync_conference(opened, full=True).problems == []


def test_two_credit_notes_share_the_refunds_of_several_payments(opened, simulator, sent):
    """One linked twice would be refused, and the second half could never be credited."""
    for amount in (300_00, 700_00):
        simulator.control.pay(sent.stripe_invoice_id, amount)
    sync_conference(opened)
    ledger.refund(opened, sent.reference, amount=dollars(900_00))
    for amount in (500_00, 450_00):
        ledger.credit(opened, sent.reference, amount=dollars(amount), reason="smaller booth")
    first, second = simulator.control.all("credit_note")
    linked = [sum(row["amount_refunded"] for row in note["refunds"]) for note in (first, second)]
    assert linked == [500_00, 400_00]
    assert second["out_of_band_amount"] == 50_00


def test_a_refund_that_failed_is_linked_to_no_credit_note(opened, simulator, sent):
    payment = simulator.control.pay(sent.stripe_invoice_id)
    refund = simulator.control.refund(payment["id"], 600_00)
    simulator.control.finish_refund(refund["id"], failed=True)
    sync_conference(opened)
    ledger.credit(opened, sent.reference, amount=dollars(700_00), reason="smaller booth")
    (note,) = simulator.control.all("credit_note")
    assert (note["refunds"], note["out_of_band_amount"]) == ([], 700_00)


@pytest.mark.parametrize(("delivery", "mails"), [("ourselves", 0), ("stripe", 1)])
def test_stripe_mails_a_credit_note_only_to_whom_it_mails_invoices(
    opened, simulator, make_order, delivery, mails
):
    order = make_order(("Booth", 1, "1000.00"), delivery=delivery)
    create_stripe_invoice(order, opened=opened)
    before = len(simulator.control.mails())
    ledger.credit(opened, order.reference, amount=dollars(100_00), reason="smaller booth")
    assert len(simulator.control.mails()) - before == mails
    assert len(simulator.control.all("credit_note")) == 1


# ---- bank transfers


@pytest.fixture
def by_transfer(opened):
    opened.conference.payment_methods = ["card", "customer_balance"]


def transfer_of(simulator, order, amount=1000_00):
    customer = simulator.control.get(order.stripe_invoice_id)["customer"]
    simulator.control.transfer(customer, amount)


@pytest.mark.parametrize("switch", ["", "send_turns_auto_advance_on", "waiting_cash_stays"])
def test_a_bank_transfer_pays_the_invoice_by_itself(
    opened, simulator, make_order, by_transfer, switch
):
    """Else it waits in the cash balance, while the sponsor is reminded."""
    if switch:
        opened.gateway.read("/v1/account")
        simulator.control.switch(switch)
    order = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(order, opened=opened)
    order = again(opened, order)
    path = f"/v1/invoices/{order.stripe_invoice_id}"
    writes = [c for c in simulator.control.calls() if (c.method, c.path) == ("POST", path)]
    assert len(writes) == (0 if switch == "send_turns_auto_advance_on" else 1)
    transfer_of(simulator, order)
    sync_conference(opened)
    assert again(opened, order).status == "paid"


def test_a_draft_never_finalizes_by_itself(opened, simulator, make_order, by_transfer):
    order = make_order(("Booth", 1, "1000.00"))
    invoice_purchase_orders(opened, references=[order.reference], send=False)
    (draft,) = simulator.control.all("invoice")
    assert (draft["status"], draft["auto_advance"]) == ("draft", False)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "500", "429"])
def test_what_was_cut_off_before_transfers_reconcile_is_made_good_by_a_sync(
    opened, simulator, make_order, by_transfer, kind
):
    order = make_order(("Booth", 1, "1000.00"))
    invoice_purchase_orders(opened, references=[order.reference], send=False)
    (draft,) = simulator.control.all("invoice")
    simulator.control.fail(f"/v1/invoices/{draft['id']}", method="POST", kind=kind, times=99)
    assert invoice_purchase_orders(opened, references=[order.reference]).invoiced == 1
    simulator.control.clear_faults()
    sync_conference(opened)
    order = again(opened, order)
    assert simulator.control.get(order.stripe_invoice_id)["auto_advance"] is True


@pytest.mark.parametrize("full", [False, True])
def test_what_somebody_turned_off_is_turned_on_and_named(
    opened, simulator, make_order, by_transfer, full
):
    order = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(order, opened=opened)
    order = again(opened, order)
    sync_conference(opened)
    for number in range(2):
        opened.gateway.write(
            f"/v1/invoices/{order.stripe_invoice_id}",
            {"auto_advance": False},
            idempotency_key=f"staff {number}",
        )
        report = sync_conference(opened, full=full)
        assert [change.reference for change in report.changes] == [order.reference]
        assert "automatic advancement" in report.changes[0].what
        assert simulator.control.get(order.stripe_invoice_id)["auto_advance"] is True
    assert sync_conference(opened, full=full).changes == []


def test_who_pays_by_card_costs_no_further_call(opened, simulator, sent):
    assert simulator.control.get(sent.stripe_invoice_id)["auto_advance"] is False
    path = f"/v1/invoices/{sent.stripe_invoice_id}"
    assert not [c for c in simulator.control.calls() if (c.method, c.path) == ("POST", path)]


def test_an_invoice_that_we_deliver_is_left_to_us_until_it_is_delivered(
    opened, simulator, make_order, by_transfer
):
    """Stripe might mail what it may advance by itself."""
    order = make_order(("Booth", 1, "1000.00"), delivery="ourselves")
    create_stripe_invoice(order, opened=opened)
    sync_conference(opened)
    order = again(opened, order)
    assert simulator.control.get(order.stripe_invoice_id)["auto_advance"] is False
    assert simulator.control.mails() == []


# ---- one object never stops the others


def foreign(simulator, key, what):
    if what == "unknown currency":
        return simulator.control.foreign_invoice(5_000, ZZZ, account=key)["id"]
    if what == "isk":
        return simulator.control.foreign_invoice(5_050, "isk", account=key)["id"]
    made = simulator.control.foreign_invoice(5_000, "usd", account=key)
    return simulator.control.move_balance(made["customer"], -500, ZZZ)["customer"]


@pytest.mark.parametrize("what", ["unknown currency", "isk"])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("first", [False, True], ids=["before", "after"])
def test_a_foreign_object_that_cannot_be_read_stops_no_payment(
    opened, simulator, sent, key, what, full, first
):
    if first:
        simulator.control.pay(sent.stripe_invoice_id)
    name = foreign(simulator, key, what)
    if not first:
        simulator.control.pay(sent.stripe_invoice_id)
    report = sync_conference(opened, full=full)
    assert len(report.problems) == 1
    assert name in report.problems[0]
    assert again(opened, sent).status == "paid"
    after = sync_conference(opened)
    assert after.sweep is None, "the next sync is an ordinary one"
    assert sync_conference(opened, full=True).sweep.invoices == 1


ODD = [{"currency": ZZZ}, {"currency": "isk", "amount_due": 5}]


@pytest.mark.parametrize("said", ODD)
@pytest.mark.parametrize("full", [False, True])
def test_an_invoice_of_ours_that_cannot_be_read_stops_no_other(
    opened, simulator, make_order, said, full
):
    """It is named until somebody put it right, and everything else is in the books."""
    orders = [make_order(("Booth", 1, "1000.00"), po_number=f"N{n}") for n in range(7)]
    for order in orders:
        create_stripe_invoice(order, opened=opened)
    sync_conference(opened)
    orders = [again(opened, order) for order in orders]
    bad = orders.pop(3)
    for order in [bad, *orders]:
        simulator.control.pay(order.stripe_invoice_id, 500_00)
    kept = spoil(simulator, bad.stripe_invoice_id, said)
    for _ in range(2):
        report = sync_conference(opened, full=full)
        assert report.problems
        assert all(bad.stripe_invoice_id in problem for problem in report.problems)
        assert {again(opened, order).status for order in orders} == {"partially_paid"}
    spoil(simulator, bad.stripe_invoice_id, kept)
    assert sync_conference(opened, full=full).problems == []
    assert again(opened, bad).status == "partially_paid"


@pytest.mark.parametrize("noun", ["refund", "dispute", "credit_note"])
@pytest.mark.parametrize("full", [False, True])
def test_money_back_that_the_books_refuse_stops_no_other(opened, simulator, make_order, noun, full):
    orders = [make_order(("Booth", 1, "1000.00"), po_number=f"N{n}") for n in range(3)]
    for order in orders:
        create_stripe_invoice(order, opened=opened)
    sync_conference(opened)
    orders = [again(opened, order) for order in orders]
    payments = [simulator.control.pay(order.stripe_invoice_id) for order in orders]
    sync_conference(opened)
    for order, payment in zip(orders, payments, strict=True):
        if noun == "credit_note":
            body = {"invoice": order.stripe_invoice_id, "amount": 100, "credit_amount": 100}
            opened.gateway.write("/v1/credit_notes", body, idempotency_key=order.reference)
        else:
            getattr(simulator.control, noun)(payment["id"])
    bad = simulator.control.all(noun)[1]
    spoil(simulator, bad["id"], {"currency": ZZZ})
    report = sync_conference(opened, full=full)
    assert report.problems
    assert all(bad["id"] in problem for problem in report.problems)
    moved = [again(opened, order) for order in orders]
    booked = [bool(o.sums.credited or o.sums.refunded or o.sums.balance) for o in moved]
    assert booked == [True, False, True]


def test_one_odd_thing_on_an_invoice_is_named_when_it_alone_is_synced(opened, simulator, sent):
    first = simulator.control.pay(sent.stripe_invoice_id, 500_00)
    sync_conference(opened)
    refunds = [simulator.control.refund(first["id"], amount) for amount in (100_00, 50_00)]
    spoil(simulator, refunds[1]["id"], {"currency": ZZZ})
    report = sync_purchase_order(opened, sent.reference)
    assert [refunds[1]["id"] in problem for problem in report.problems] == [True]
    assert again(opened, sent).sums.refunded == 100_00


@pytest.mark.parametrize("noun", ["payout", "balance_transaction"])
def test_a_payout_that_cannot_be_read_stops_no_other(opened, simulator, key, noun):
    opened.gateway.read("/v1/account")
    for amount in (10_000, 20_000, 30_000):
        simulator.control.sell(amount, account=key)
        simulator.control.advance(8 * 86_400)
        made = simulator.control.payout(account=key)
        simulator.control.payout_arrives(made["id"])
    bad = simulator.control.all(noun)[0]
    kept = spoil(simulator, bad["id"], {"currency": ZZZ})
    report = pull_payouts(opened)
    assert [bad["id"] in problem for problem in report.problems] == [True]
    assert report.payouts_new == (2 if noun == "payout" else 3)
    spoil(simulator, bad["id"], kept)
    healed = pull_payouts(opened, full=True)
    assert (healed.problems, healed.not_itemised) == ([], 0)


def spoil(simulator, object_id, said):
    """Let Stripe say of an object what nobody foresaw; return what it said before."""
    stored = simulator.world.account_of(object_id).find(object_id)
    before = {name: stored[name] for name in said}
    stored.update(said)
    return before


# ---- a debt that is open again


def goes_back(simulator, payment, how):
    control = simulator.control
    if how == "refund":
        control.refund(payment["id"])
    elif how == "dispute":
        control.close_dispute(control.dispute(payment["id"])["id"], won=False)
    else:
        control.dispute(payment["id"], reason="insufficient_funds")


WAYS = ["refund", "dispute", "return"]


def paid(simulator, order, how):
    """Pay what is left: by card where it is to be disputed, else by bank debit."""
    if how == "dispute":
        return simulator.control.pay(order.stripe_invoice_id)
    debit = simulator.control.pay(order.stripe_invoice_id, method="us_bank_account", settled=False)
    return simulator.control.settle(debit["id"])


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("kept", [0, 400_00])
def test_what_went_back_can_be_asked_for_again(opened, simulator, sent, how, kept):
    """The invoice is paid: nothing of it can be sent again, and the debt would never be paid."""
    if kept:
        simulator.control.pay(sent.stripe_invoice_id, kept)
    payment = paid(simulator, sent, how)
    sync_conference(opened)
    goes_back(simulator, payment, how)
    mails = len(simulator.control.mails())
    reissue(opened, sent.reference)
    order = again(opened, sent)
    assert len(simulator.control.mails()) == mails + 1
    new = simulator.control.get(order.stripe_invoice_id)
    assert (new["amount_due"], order.sums.balance) == (1000_00 - kept, 1000_00 - kept)
    assert sorted(invoice.state for invoice in order.invoices) == ["replaced", "sent"]
    sync_conference(opened, full=True)
    wrong = {"amount_differs_from_stripe", "paid_on_old_generation", "paid_here_not_at_stripe"}
    assert wrong.isdisjoint(codes(opened))
    simulator.control.pay(order.stripe_invoice_id)
    assert sync_conference(opened, full=True).problems == []
    assert again(opened, sent).status == "paid"
    assert codes(opened) == []


def codes(opened, as_of=None):
    found = reconcile_conference(opened.store, opened.conference, as_of=as_of or opened.today())
    return sorted(found.discrepancies["code"])


def test_what_is_asked_for_again_leaves_out_what_was_credited_and_wired(opened, simulator, sent):
    """Credit notes told to the old invoice lower the new one by a line, others once it is sent."""
    payment = paid(simulator, sent, "dispute")
    sync_conference(opened)
    ledger.credit(opened, sent.reference, amount=dollars(100_00), reason="smaller booth")
    goes_back(simulator, payment, "dispute")
    sync_conference(opened)
    ledger.record_payment_by_hand(
        opened, sent.reference, amount=dollars(250_00), method="wire", payment_reference="FT 1"
    )
    reissue(opened, sent.reference)
    sync_conference(opened)
    order = again(opened, sent)
    new = simulator.control.get(order.stripe_invoice_id)
    assert (new["amount_remaining"], order.sums.balance) == (650_00, 650_00)


def test_an_undecided_dispute_is_not_asked_for_twice(opened, simulator, sent):
    """If it is won, the sponsor would have paid twice."""
    simulator.control.dispute(simulator.control.pay(sent.stripe_invoice_id)["id"])
    sync_conference(opened)
    with pytest.raises(PurchaseOrderError, match="dispute is not decided"):
        reissue(opened, sent.reference)
    assert len(simulator.control.all("invoice")) == 1


def test_money_that_came_back_unheard_is_not_asked_for_again(opened, simulator, sent):
    """A dispute that was won since the last sync has paid the invoice."""
    dispute = simulator.control.dispute(simulator.control.pay(sent.stripe_invoice_id)["id"])
    sync_conference(opened)
    simulator.control.close_dispute(dispute["id"], won=True)
    with pytest.raises(PurchaseOrderError, match="Stripe has"):
        reissue(opened, sent.reference)
    assert again(opened, sent).status == "paid"
    assert len(simulator.control.all("invoice")) == 1


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "500"])
@pytest.mark.parametrize("step", ["", "/*/add_lines", "/*/send"])
def test_asking_again_that_was_cut_off_asks_once(opened, simulator, sent, kind, step):
    payment = paid(simulator, sent, "return")
    sync_conference(opened)
    goes_back(simulator, payment, "return")
    sync_conference(opened)
    simulator.control.fail(f"/v1/invoices{step}", method="POST", kind=kind, times=99)
    reissue(opened, sent.reference)
    simulator.control.clear_faults()
    sync_conference(opened)
    reissue(opened, sent.reference)
    invoices = simulator.control.all("invoice")
    assert sorted(invoice["status"] for invoice in invoices if invoice["status"] != "void") == [
        "open",
        "paid",
    ]
    assert [i["amount_due"] for i in invoices if i["status"] == "open"] == [1000_00]


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("credited", [0, 300_00])
def test_what_went_back_can_be_forgiven_by_cancelling(opened, simulator, sent, how, credited):
    """Stripe voids no paid invoice; a credit note says that nothing is owed any more."""
    payment = paid(simulator, sent, how)
    sync_conference(opened)
    goes_back(simulator, payment, how)
    sync_conference(opened)
    if credited:
        ledger.credit(opened, sent.reference, amount=dollars(credited), reason="smaller booth")
    for _ in range(2):
        ledger.cancel(opened, sent.reference)
    order = again(opened, sent)
    assert (order.status, order.sums.balance) == ("cancelled", 0)
    assert sum(note["amount"] for note in simulator.control.all("credit_note")) == 1000_00
    assert sync_conference(opened, full=True).problems == []
    assert codes(opened) == []


# ---- what a customer's balance did to an invoice


def heard(opened, simulator, channel, since):
    if channel == "webhook":
        for event in reversed(simulator.control.all("event")[since:]):
            handle(opened, [event])
    else:
        assert sync_conference(opened, full=channel == "sweep").problems == []


@pytest.fixture
def of_one_sponsor(opened, make_order):
    """Make and send a purchase order of the same sponsor over an amount of dollars."""

    def make(price, *, number, send=True):
        order = make_order(("Booth", 1, price), po_number=number)
        if send:
            create_stripe_invoice(order, opened=opened)
        return again(opened, order)

    return make


@pytest.mark.parametrize(
    ("channel", "zero", "when"),
    [
        ("webhook", True, "finalized"),
        ("sync", False, "finalized"),
        ("sweep", True, "finalized"),
        ("webhook", False, "later"),
        ("sync", True, "later as paid"),
    ],
)
def test_credit_that_an_invoice_used_is_not_advised_to_be_refunded(
    opened, simulator, key, of_one_sponsor, channel, zero, when
):
    """The overpayment is spent, whatever the invoice says of its starting balance."""
    opened.gateway.read("/v1/account")
    if zero:
        simulator.control.switch("starting_balance_zero", account=key)
    giver = of_one_sponsor("1000.00", number="A")
    user = None if when == "finalized" else of_one_sponsor("500.00", number="B")
    simulator.control.pay(giver.stripe_invoice_id, 1200_00)
    sync_conference(opened)
    since = len(simulator.control.all("event"))
    if user is None:
        user = of_one_sponsor("500.00", number="B")
    else:
        as_paid = when == "later as paid"
        simulator.control.apply_credit(user.stripe_invoice_id, 200_00, as_paid=as_paid)
    for _ in range(2):
        heard(opened, simulator, channel, since)
        assert again(opened, giver).sums.balance == 0
        used = again(opened, user)
        assert (used.sums.balance, used.live_invoice.stripe_credit_used) == (300_00, 200_00)
    simulator.control.pay(user.stripe_invoice_id)
    heard(opened, simulator, channel, since)
    assert again(opened, user).status == "paid"
    sync_conference(opened, full=True)
    assert codes(opened) == []


def test_credit_of_a_voided_invoice_belongs_again_to_whom_it_came_from(
    opened, simulator, of_one_sponsor
):
    giver = of_one_sponsor("1000.00", number="A")
    simulator.control.pay(giver.stripe_invoice_id, 1200_00)
    sync_conference(opened)
    user = of_one_sponsor("500.00", number="B")
    sync_conference(opened)
    assert again(opened, user).sums.balance == 300_00
    since = len(simulator.control.all("event"))
    path = f"/v1/invoices/{user.stripe_invoice_id}/void"
    opened.gateway.write(path, {}, idempotency_key="staff")
    heard(opened, simulator, "webhook", since)
    assert (again(opened, giver).sums.balance, again(opened, user).sums.balance) == (
        -200_00,
        500_00,
    )


@pytest.mark.parametrize(("channel", "zero"), [("webhook", True), ("sweep", False)])
def test_a_debit_that_stripe_carried_over_settles_the_purchase_order_it_came_from(
    opened, simulator, key, of_one_sponsor, channel, zero
):
    """Else the sponsor is asked twice for it, and advised to get a refund of the same money."""
    opened.gateway.read("/v1/account")
    if zero:
        simulator.control.switch("starting_balance_zero", account=key)
    small = of_one_sponsor("10.00", number="A", send=False)
    carried(opened, simulator, small)
    sync_conference(opened)
    assert codes(opened) == ["settled_by_itself"]
    big = of_one_sponsor("1000.00", number="B", send=False)
    with pytest.raises(InvoiceMismatchError, match=r"ask 1,010.00 USD.*owes 10.00 USD from before"):
        create_stripe_invoice(big, opened=opened)
    decide_balance(opened, big.reference, "use")
    create_stripe_invoice(big, opened=opened)
    since = len(simulator.control.all("event"))
    big = again(opened, big)
    simulator.control.pay(big.stripe_invoice_id)
    for _ in range(2):
        heard(opened, simulator, channel, since)
        assert again(opened, small).sums.balance == 0
        assert (again(opened, big).sums.balance, again(opened, big).status) == (0, "paid")
        assert codes(opened) == []


def carried(opened, simulator, order):
    """Let Stripe mark an invoice paid and carry its amount over, as below a minimum it raised."""
    from po_toolkit.simulator import finalization

    real = finalization.smallest_charge
    finalization.smallest_charge = lambda _currency: 50_00
    try:
        create_stripe_invoice(order, opened=opened)
    finally:
        finalization.smallest_charge = real


# ---- what Stripe does not attach of a wire


@pytest.mark.parametrize("switch", ["", "record_above_refused"])
@pytest.mark.parametrize("written_off", [False, True], ids=["open", "written off"])
def test_a_wire_of_too_much_pays_the_invoice_and_the_rest_is_shown(
    opened, simulator, key, sent, switch, written_off
):
    """Else the sponsor is reminded of an invoice that they paid, or money is entered nowhere."""
    if switch:
        simulator.control.switch(switch, account=key)
    if written_off:
        path = f"/v1/invoices/{sent.stripe_invoice_id}/mark_uncollectible"
        opened.gateway.write(path, {}, idempotency_key="staff")
        sync_conference(opened)
    ledger.record_payment_by_hand(
        opened,
        sent.reference,
        amount=dollars(1200_00),
        method="wire",
        payment_reference="FT 1",
        overpaid=True,
    )
    for _ in range(2):
        assert simulator.control.get(sent.stripe_invoice_id)["status"] == "paid"
        order = again(opened, sent)
        assert (order.sums.paid, order.sums.balance) == (1200_00, -200_00)
        assert set(codes(opened)) - {"money_stuck_at_stripe"} == {"overpaid"}
        sync_conference(opened, full=True)
    if switch:
        (entry,) = order.entries
        ledger.reverse_entry(opened, str(entry.id))
        found = reconcile_conference(opened.store, opened.conference, as_of=opened.today())
        rows = found.discrepancies.set_index("code")["at_stake"]
        assert rows["undone_here_not_at_stripe"] == 1000_00


def test_a_wire_that_an_uncollectible_invoice_does_not_take_is_shown(opened, simulator, key, sent):
    """Its page can still be paid, a second time then."""
    simulator.control.switch("record_uncollectible_refused", account=key)
    path = f"/v1/invoices/{sent.stripe_invoice_id}/mark_uncollectible"
    opened.gateway.write(path, {}, idempotency_key="staff")
    sync_conference(opened)
    for amount, reference in ((400_00, "FT 1"), (600_00, "FT 2")):
        wire = {"method": "wire", "payment_reference": reference}
        ledger.record_payment_by_hand(opened, sent.reference, amount=dollars(amount), **wire)
    assert again(opened, sent).status == "paid"
    sync_conference(opened, full=True)
    assert codes(opened) == ["paid_here_not_at_stripe"]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_part_that_was_cut_off_is_attached_once(opened, simulator, key, sent, kind):
    simulator.control.switch("record_above_refused", account=key)
    path = "/v1/payment_records/report_payment"
    simulator.control.fail(path, method="POST", kind=kind, times=99, skip=1)
    wire = {"method": "wire", "payment_reference": "FT 1", "overpaid": True}
    with pytest.raises(StripeUnknownError):
        ledger.record_payment_by_hand(opened, sent.reference, amount=dollars(1200_00), **wire)
    simulator.control.clear_faults()
    for _ in range(2):
        sync_conference(opened)
        assert again(opened, sent).sums.paid == 1200_00
        assert simulator.control.get(sent.stripe_invoice_id)["amount_paid"] == 1000_00


def test_what_staff_marked_as_paid_costs_no_call_for_balances(opened, simulator, sent):
    """Hundreds of such invoices would make a full sync take minutes."""
    path = f"/v1/invoices/{sent.stripe_invoice_id}/pay"
    opened.gateway.write(path, {"paid_out_of_band": True}, idempotency_key="staff")
    simulator.control.clear_calls()
    sync_conference(opened, full=True)
    assert again(opened, sent).status == "paid"
    asked = [c.path for c in simulator.control.calls() if c.path.endswith("balance_transactions")]
    assert [path for path in asked if "customers" in path] == []
