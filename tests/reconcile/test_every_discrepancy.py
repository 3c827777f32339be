"""Every class of discrepancy is made once and found: none may be silent."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from po_toolkit.domain.discrepancies import DISCREPANCY_CLASSES
from po_toolkit.reconcile import reconcile_conference
from po_toolkit.reconcile.discrepancies import FINDERS
from po_toolkit.store.tables import (
    BalanceTransaction,
    BankMatch,
    BankTransaction,
    CustomerBalance,
    Payout,
    StrayInvoice,
)

AS_OF = date(2027, 3, 1)
NOON = datetime(2027, 1, 30, 12, tzinfo=UTC)


def not_invoiced(ledgers):
    ledgers.order(100_00)
    return 100_00


def overdue(ledgers):
    order = ledgers.order(100_00)
    ledgers.invoice(order, due_date=date(2027, 2, 28))
    return 100_00


def amount_differs_from_stripe(ledgers):
    order = ledgers.order(100_00)
    ledgers.invoice(order, stripe_total=97_50)
    return 2_50


def asked_is_not_owed(ledgers):
    order = ledgers.order(100_00)
    ledgers.invoice(
        order, stripe_status="open", stripe_total=100_00, stripe_amount_due=95_00,
        stripe_amount_paid=0, stripe_credit_used=5_00,
        stripe_balance_moves=[{"id": "cbtxn_1", "type": "applied_to_invoice", "amount": 5_00}],
    )  # fmt: skip
    return 5_00


def paid_at_stripe_not_here(ledgers):
    order = ledgers.order(100_00)
    invoice = ledgers.invoice(order, stripe_amount_paid=60_00)
    ledgers.entry(order, 20_00, invoice_id=invoice)
    ledgers.entry(order, 15_00, method="wire")
    return 40_00


def paid_here_not_at_stripe(ledgers):
    order = ledgers.order(100_00)
    ledgers.invoice(order, stripe_amount_paid=0)
    ledgers.entry(order, 30_00, method="wire")
    return 30_00


def undone_here_not_at_stripe(ledgers):
    order = ledgers.order(100_00)
    invoice = ledgers.invoice(order, stripe_amount_paid=40_00)
    on = {"invoice_id": invoice, "method": "wire"}
    wire = ledgers.entry(order, 40_00, stripe_payment_record_id="pr_1", **on)
    ledgers.entry(order, 40_00, kind="payment_reversal", reverses_id=wire, **on)
    return 40_00


def overpaid(ledgers):
    order = ledgers.order(100_00)
    ledgers.entry(order, 130_00)
    return 30_00


def paid_twice(ledgers):
    order = ledgers.order(100_00)
    ledgers.entry(order, 100_00)
    ledgers.entry(order, 100_00, method="wire")
    return 100_00


def paid_after_cancelled(ledgers):
    order = ledgers.order(100_00, cancelled_at=NOON)
    ledgers.entry(order, 100_00)
    return 100_00


def paid_on_old_generation(ledgers):
    order = ledgers.order(100_00)
    old = ledgers.invoice(order, state="void", stripe_status="void")
    ledgers.invoice(order, generation=2)
    ledgers.entry(order, 100_00, invoice_id=old)
    return 100_00


def refunded_without_credit(ledgers):
    order = ledgers.order(100_00)
    ledgers.invoice(order)
    ledgers.entry(order, 100_00)
    ledgers.entry(order, 40_00, kind="refund")
    return 40_00


def disputed(ledgers):
    order = ledgers.order(100_00)
    ledgers.invoice(order)
    ledgers.entry(order, 100_00)
    ledgers.entry(order, 100_00, kind="dispute")
    return 100_00


def ach_returned_late(ledgers):
    order = ledgers.order(100_00)
    ledgers.invoice(order)
    payment = ledgers.entry(order, 100_00)
    ledgers.entry(order, 100_00, kind="payment_reversal", reverses_id=payment)
    return 100_00


def currency_differs(ledgers):
    order = ledgers.order(100_00)
    ledgers.invoice(order, currency="eur")
    return 100_00


def two_alike(ledgers):
    ledgers.order(100_00, organization_name="Acme", po_number="77")
    ledgers.order(100_00, organization_name="ACME", po_number="77")
    return 100_00


def customer_differs(ledgers):
    order = ledgers.order(100_00, organization_name="Acme", contact_email="ap@acme.example")
    ledgers.invoice(order, stripe_customer_name="Acme", stripe_customer_email="old@acme.example")
    return 100_00


def voided_at_stripe(ledgers):
    order = ledgers.order(100_00)
    ledgers.invoice(order, state="void", stripe_status="void")
    return 100_00


def settled_by_itself(ledgers):
    order = ledgers.order(30)
    ledgers.invoice(order, state="paid", stripe_status="paid", stripe_amount_paid=0)
    return 30


def invoice_without_order(ledgers):
    ledgers._add(
        StrayInvoice(
            conference_id=ledgers.conference.id,
            stripe_invoice_id="in_stray",
            stripe_status="open",
            currency="usd",
            total=55_00,
            amount_paid=0,
            read_at=NOON,
            created_at=NOON,
        )
    )
    return 55_00


def money_stuck_at_stripe(ledgers):
    ledgers._add(
        CustomerBalance(
            conference_id=ledgers.conference.id,
            stripe_customer_id="cus_1",
            kind="cash",
            currency="usd",
            amount=12_00,
            read_at=NOON,
            created_at=NOON,
        )
    )
    return 12_00


def _payout(ledgers, **columns):
    values = {
        "conference_id": ledgers.conference.id,
        "stripe_payout_id": "po_1",
        "amount": 80_00,
        "currency": "usd",
        "status": "paid",
        "automatic": False,
        "arrival_date": date(2027, 1, 30),
        "made_at": NOON,
        "read_at": NOON,
    }
    return ledgers._add(Payout(**(values | columns)))


def _bank_line(ledgers, amount, day=date(2027, 2, 20), text="WHO KNOWS"):
    return ledgers._add(
        BankTransaction(
            conference_id=ledgers.conference.id,
            currency="usd",
            amount=amount,
            booked_on=day,
            text=text,
            fingerprint=text,
            occurrence=0,
        )
    )


def payout_not_at_bank(ledgers):
    _payout(ledgers)
    _bank_line(ledgers, -1_00)
    return 80_00


def payout_failed(ledgers):
    _payout(ledgers, status="failed", failure_message="The account is closed.")
    return 80_00


def bank_credit_not_explained(ledgers):
    _bank_line(ledgers, 7_00)
    return 7_00


def payment_taken_back(ledgers):
    order = ledgers.order(100_00, reference="PO-7KQ2MX")
    entry = ledgers.entry(order, 100_00, method="check")
    line = _bank_line(ledgers, 100_00, text="CHECK DEPOSIT")
    ledgers._add(
        BankMatch(
            conference_id=ledgers.conference.id,
            bank_transaction_id=line,
            kind="entry",
            purchase_order_id=order,
            entry_id=entry,
            amount=100_00,
            rule="by_hand",
            evidence="seen",
            applied_by="treasurer",
            applied_at=NOON,
        )
    )
    _bank_line(ledgers, -100_00, date(2027, 2, 24), text="RETURNED ITEM PO-7KQ2MX")
    return 100_00


def bank_debit_not_explained(ledgers):
    _bank_line(ledgers, -45_00)
    return 45_00


def fees_not_explained(ledgers):
    payout = _payout(ledgers, automatic=True)
    ledgers._add(
        BalanceTransaction(
            conference_id=ledgers.conference.id,
            stripe_id="txn_1",
            payout_id=payout,
            type="charge",
            currency="usd",
            amount=80_00,
            fee=2_00,
            net=78_00,
            made_at=NOON,
            available_on=date(2027, 1, 30),
        )
    )
    return 2_00


MAKE = {
    f.__name__: f
    for f in (
        not_invoiced,
        overdue,
        amount_differs_from_stripe,
        asked_is_not_owed,
        paid_at_stripe_not_here,
        paid_here_not_at_stripe,
        undone_here_not_at_stripe,
        overpaid,
        paid_twice,
        paid_after_cancelled,
        paid_on_old_generation,
        refunded_without_credit,
        disputed,
        ach_returned_late,
        currency_differs,
        two_alike,
        customer_differs,
        voided_at_stripe,
        settled_by_itself,
        invoice_without_order,
        money_stuck_at_stripe,
        payout_not_at_bank,
        payout_failed,
        bank_credit_not_explained,
        payment_taken_back,
        bank_debit_not_explained,
        fees_not_explained,
    )
}


def test_each_class_is_explained_found_and_made_here():
    assert list(DISCREPANCY_CLASSES) == list(FINDERS) == list(MAKE)
    for kind in DISCREPANCY_CLASSES.values():
        assert kind.explanation.endswith(".")
        assert kind.remedy.endswith(".")


@pytest.mark.parametrize("code", MAKE)
def test_a_discrepancy_is_found_with_the_money_at_stake(code, ledgers, store, conference):
    at_stake = MAKE[code](ledgers)
    found = reconcile_conference(store, conference, as_of=AS_OF).discrepancies
    rows = found[found["code"] == code]
    assert not rows.empty, f"{code} is silent; found {found['code'].tolist()}"
    assert rows["at_stake"].tolist()[0] == at_stake
    assert rows["evidence"].str.len().min() > 0
    assert rows["remedy"].tolist()[0] == DISCREPANCY_CLASSES[code].remedy


def test_a_fee_is_not_explained_before_any_payout(ledgers, store, conference):
    columns = {"stripe_id": "txn_1", "type": "charge", "currency": "usd", "amount": 80_00}
    columns |= {"fee": 2_00, "fee_gap": 50, "net": 78_00, "made_at": NOON}
    ledgers._add(
        BalanceTransaction(
            conference_id=ledgers.conference.id, available_on=date(2027, 1, 30), **columns
        )
    )
    found = reconcile_conference(store, conference, as_of=AS_OF).discrepancies
    assert found[["code", "at_stake"]].to_dict("records") == [
        {"code": "fees_not_explained", "at_stake": 50}
    ]


def test_books_that_add_up_show_nothing(ledgers, store, conference):
    paid = ledgers.order(100_00, po_number="1")
    invoice = ledgers.invoice(
        paid, state="paid", stripe_status="paid", stripe_total=100_00, stripe_amount_paid=100_00
    )
    ledgers.entry(paid, 70_00, invoice_id=invoice)
    ledgers.entry(paid, 30_00, method="wire", invoice_id=invoice, stripe_payment_record_id="pr_1")
    waiting = ledgers.order(100_00, po_number="2")
    ledgers.invoice(waiting, due_date=date(2027, 3, 1), stripe_total=100_00, stripe_amount_paid=0)
    forgiven = ledgers.order(100_00, po_number="3")
    sent = ledgers.invoice(
        forgiven, state="paid", stripe_status="paid", stripe_total=100_00, stripe_amount_paid=100_00
    )
    ledgers.entry(forgiven, 100_00, invoice_id=sent)
    ledgers.entry(forgiven, 25_00, kind="refund")
    ledgers.credit(forgiven, 25_00)
    found = reconcile_conference(store, conference, as_of=AS_OF).discrepancies
    assert found.to_dict("records") == []


def test_an_overpayment_sent_back_is_no_refund_without_credit(ledgers, store, conference):
    order = ledgers.order(100_00)
    ledgers.invoice(order)
    ledgers.entry(order, 150_00)
    ledgers.entry(order, 50_00, kind="refund")
    assert reconcile_conference(store, conference, as_of=AS_OF).discrepancies.empty


def test_a_refund_without_credit_does_not_age(ledgers, store, conference):
    order = ledgers.order(100_00)
    ledgers.invoice(order, due_date=date(2027, 1, 10))
    ledgers.entry(order, 100_00)
    ledgers.entry(order, 40_00, kind="refund")
    made = reconcile_conference(store, conference, as_of=AS_OF)
    ageing = made.ageing.set_index("bucket")["amount"]
    assert ageing["held"] == 40_00
    assert ageing.sum() == 40_00
    assert made.rows["days_overdue"].tolist() == [0]


def test_a_bank_debit_paid_again_is_settled(ledgers, store, conference):
    order = ledgers.order(100_00)
    ledgers.invoice(order)
    payment = ledgers.entry(order, 100_00)
    ledgers.entry(order, 100_00, kind="payment_reversal", reverses_id=payment)
    ledgers.entry(order, 100_00, method="wire", stripe_payment_record_id="pr_1")
    found = reconcile_conference(store, conference, as_of=AS_OF).discrepancies
    assert "ach_returned_late" not in found["code"].tolist()
