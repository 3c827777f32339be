"""A bank transfer to a virtual account pays what it equals, and waits otherwise (DESIGN §5)."""

from __future__ import annotations

import pytest

DAY = 86_400
BY_TRANSFER = {
    "payment_method_types": ["card", "customer_balance"],
    "payment_method_options": {
        "customer_balance": {
            "funding_type": "bank_transfer",
            "bank_transfer": {"type": "us_bank_transfer"},
        }
    },
}


def sent(account, amount: int, customer: str, **more):
    invoice = account.sent(amount, customer=customer, payment_settings=BY_TRANSFER, **more)
    return account.v1.invoices.update(invoice.id, {"auto_advance": True})


def statuses(account, *invoices) -> list[str]:
    return [account.invoice(invoice.id).status for invoice in invoices]


def waiting(account, customer: str) -> int:
    balance = account.v1.customers.cash_balance.retrieve(customer)
    return balance.available["usd"] if balance.available else 0


def test_a_transfer_of_exactly_one_invoice_pays_it(account) -> None:
    customer = account.customer().id
    invoice = sent(account, 10_000, customer)
    account.sim.control.transfer(customer, 10_000, reference="PO-ABC234")
    done = account.invoice(invoice.id)
    assert done.status == "paid"
    assert [p.amount_paid for p in done.payments.data if p.status == "paid"] == [10_000]
    assert waiting(account, customer) == 0
    moves = account.v1.customers.cash_balance_transactions.list(customer).data
    assert [(m.type, m.net_amount) for m in moves] == [
        ("applied_to_payment", -10_000),
        ("funded", 10_000),
    ]
    assert moves[1].funded.bank_transfer.reference == "PO-ABC234"


def test_a_transfer_of_the_sum_of_some_pays_just_those(account) -> None:
    customer = account.customer().id
    one, two, three = (sent(account, amount, customer) for amount in (1_000, 2_500, 4_000))
    account.sim.control.transfer(customer, 5_000)
    assert statuses(account, one, two, three) == ["paid", "open", "paid"]


@pytest.mark.parametrize("amount", [9_999, 10_001])
def test_a_transfer_that_fits_nothing_waits_until_somebody_decides(account, amount) -> None:
    customer = account.customer().id
    invoice = sent(account, 10_000, customer)
    account.sim.control.transfer(customer, amount)
    assert statuses(account, invoice) == ["open"]
    assert waiting(account, customer) == amount
    with pytest.raises(ValueError, match="Only"):
        account.sim.control.apply_cash(invoice.id, amount + 1)
    account.sim.control.apply_cash(invoice.id, 4_000)
    partly = account.invoice(invoice.id)
    assert (partly.amount_remaining, waiting(account, customer)) == (6_000, amount - 4_000)


def test_two_transfers_that_together_fit_pay_with_the_second(account) -> None:
    customer = account.customer().id
    invoice = sent(account, 10_000, customer)
    account.sim.control.transfer(customer, 4_000)
    assert statuses(account, invoice) == ["open"]
    account.sim.control.transfer(customer, 6_000)
    assert statuses(account, invoice) == ["paid"]


def test_what_is_overdue_by_more_than_30_days_is_not_paid_by_itself(account) -> None:
    customer = account.customer().id
    invoice = sent(account, 10_000, customer, days_until_due=1)
    account.sim.control.advance(32 * DAY)
    account.sim.control.transfer(customer, 10_000)
    assert statuses(account, invoice) == ["open"]
    assert waiting(account, customer) == 10_000


def test_an_invoice_that_takes_cards_only_is_not_paid_by_transfer(account) -> None:
    customer = account.customer().id
    invoice = account.sent(10_000, customer=customer)
    account.sim.control.transfer(customer, 10_000)
    assert statuses(account, invoice) == ["open"]
    with pytest.raises(ValueError, match="no bank transfers"):
        account.sim.control.transfer(customer, 10_000, "isk")
