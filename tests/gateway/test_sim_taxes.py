"""Tax at the simulator comes to what Stripe would show, to the cent.

Each expected sum below was worked out by hand: a line's tax is rounded half up, then added.
"""

from __future__ import annotations

import pytest
import stripe


def rate(account, percentage: str, *, inclusive: bool = False, **more) -> str:
    made = account.v1.tax_rates.create(
        {"display_name": "VAT", "percentage": percentage, "inclusive": inclusive, **more}
    )
    return made.id


def sums(invoice) -> tuple[int, int, int, int]:
    tax = sum(tax.amount for tax in invoice.total_taxes)
    return invoice.subtotal, tax, invoice.total_excluding_tax, invoice.total


@pytest.mark.parametrize(
    ("percentage", "inclusive", "amounts", "expected"),
    [
        # two lines of 43 and 484 at 15 %: 6.45 -> 6 and 72.6 -> 73, as in Stripe's own table
        ("15", False, [43, 484], (527, 79, 527, 606)),
        ("19", False, [10_000], (10_000, 1_900, 10_000, 11_900)),
        ("19", True, [11_900], (11_900, 1_900, 10_000, 11_900)),
        # a half is rounded up, and a discount's half down in size of the total
        ("5", False, [10, 10, 10], (30, 3, 30, 33)),
        ("5", False, [100, -10], (90, 4, 90, 94)),
        # 7.7 % of 333: 25.641 -> 26, three times
        ("7.7", False, [333, 333, 333], (999, 78, 999, 1_077)),
        # included in 1000 at 7.7 %: 1000 - 1000 / 1.077 = 71.49 -> 71
        ("7.7", True, [1_000], (1_000, 71, 929, 1_000)),
        ("8.875", False, [9_999], (9_999, 887, 9_999, 10_886)),
        ("0", False, [5_000], (5_000, 0, 5_000, 5_000)),
        ("20", True, [1], (1, 0, 1, 1)),
    ],
)
def test_one_rate_on_every_line(account, percentage, inclusive, amounts, expected) -> None:
    chosen = rate(account, percentage, inclusive=inclusive)
    lines = [{"amount": amount, "tax_rates": [chosen]} for amount in amounts]
    draft = account.draft(lines=lines)
    assert sums(draft) == expected
    sent = account.v1.invoices.send_invoice(draft.id)
    assert sums(sent) == expected
    due = expected[3]
    assert sent.amount_due == (due if due >= 50 else 0)


def test_several_rates_on_one_line_and_a_default_that_a_line_overrides(account) -> None:
    gst, pst, reduced = rate(account, "5"), rate(account, "7"), rate(account, "2.5")
    draft = account.draft(
        default_tax_rates=[gst, pst],
        lines=[{"amount": 10_050}, {"amount": 3_330, "tax_rates": [reduced]}],
    )
    # 502.5 -> 503; 703.5 -> 704; 83.25 -> 83
    by_rate = {t.tax_rate_details.tax_rate: t.amount for t in draft.total_taxes}
    assert by_rate == {gst: 503, pst: 704, reduced: 83}
    assert draft.total == 13_380 + 1_290
    assert [r.id for r in draft.default_tax_rates] == [gst, pst]
    first = draft.lines.data[0].taxes
    assert [(t.amount, t.taxable_amount, t.tax_behavior) for t in first] == [
        (503, 10_050, "exclusive"),
        (704, 10_050, "exclusive"),
    ]


def test_tax_on_top_is_computed_without_the_tax_inside(account) -> None:
    inside, on_top = rate(account, "10", inclusive=True), rate(account, "5")
    draft = account.draft(lines=[{"amount": 1_100, "tax_rates": [inside, on_top]}])
    assert sums(draft) == (1_100, 150, 1_000, 1_150)


@pytest.mark.parametrize(
    ("status", "reason"), [("exempt", "customer_exempt"), ("reverse", "reverse_charge")]
)
def test_an_exempt_customer_and_reverse_charge_pay_no_tax(account, status, reason) -> None:
    import requests

    customer = account.customer(
        tax_exempt=status, tax_id_data=[{"type": "eu_vat", "value": "DE123456789"}]
    )
    sent = account.sent(
        customer=customer.id,
        lines=[{"amount": 10_000, "tax_rates": [rate(account, "19")]}],
    )
    assert sums(sent) == (10_000, 0, 10_000, 10_000)
    assert [t.taxability_reason for t in sent.total_taxes] == [reason]
    assert [(n.type, n.value) for n in sent.customer_tax_ids] == [("eu_vat", "DE123456789")]
    page = requests.get(sent.hosted_invoice_url, timeout=10).text
    assert ("Reverse charge" in page) == (status == "reverse")


def test_a_rate_is_archived_not_changed_and_then_cannot_be_used(account) -> None:
    chosen = rate(account, "19", country="DE", tax_type="vat")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        account.v1.tax_rates.update(chosen, {"percentage": "21"})
    assert caught.value.code == "parameter_unknown"
    assert account.v1.tax_rates.update(chosen, {"active": False}).active is False
    with pytest.raises(stripe.InvalidRequestError, match="archived"):
        account.draft(lines=[{"amount": 1_000, "tax_rates": [chosen]}])
    assert account.v1.tax_rates.list({"active": True}).data == []
    assert account.v1.tax_rates.retrieve(chosen).percentage == 19


@pytest.mark.parametrize(
    "wrong",
    [
        {"percentage": "101"},
        {"percentage": "1.23456"},
        {"display_name": "x" * 51},
        {"tax_type": "tithe"},
    ],
)
def test_a_rate_that_stripe_refuses_is_refused(account, wrong) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        rate(account, **{"percentage": "19", **wrong})


def test_a_tax_id_has_the_form_of_its_type(account) -> None:
    customer = account.customer()
    ids = account.v1.customers.tax_ids
    with pytest.raises(stripe.InvalidRequestError) as caught:
        ids.create(customer.id, {"type": "eu_vat", "value": "123"})
    assert caught.value.code == "tax_id_invalid"
    made = ids.create(customer.id, {"type": "us_ein", "value": "12-3456789"})
    assert [n.id for n in ids.list(customer.id).data] == [made.id]
    assert ids.delete(customer.id, made.id).deleted
    assert ids.list(customer.id).data == []
    with pytest.raises(stripe.InvalidRequestError):
        account.customer(tax_id_data=[{"type": "gb_vat", "value": "?"}])


def test_automatic_tax_follows_the_customers_country(account) -> None:
    account.v1.accounts.retrieve_current()
    account.sim.control.tax_automatically({"DE": "19"}, account=account.key)
    asked = {"automatic_tax": {"enabled": True}}
    price = {"currency": "usd", "product_data": {"name": "Gold"}, "unit_amount": 10_000}
    for behavior, expected in (
        ("exclusive", (10_000, 1_900, 10_000, 11_900)),
        ("inclusive", (10_000, 1_597, 8_403, 10_000)),
    ):
        customer = account.customer(address={"line1": "x", "country": "DE"})
        lines = [{"price_data": {**price, "tax_behavior": behavior}, "quantity": 1}]
        draft = account.draft(customer=customer.id, lines=lines, **asked)
        assert draft.automatic_tax.status == "complete"
        assert sums(draft) == expected
    elsewhere = account.customer(address={"line1": "x", "country": "JP"})
    draft = account.draft(customer=elsewhere.id, lines=[{"amount": 10_000}], **asked)
    assert sums(draft) == (10_000, 0, 10_000, 10_000)
    nowhere = account.customer()
    draft = account.draft(customer=nowhere.id, lines=[{"amount": 10_000}], **asked)
    assert draft.automatic_tax.status == "requires_location_inputs"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        account.v1.invoices.send_invoice(draft.id)
    assert caught.value.code == "customer_tax_location_invalid"
    with pytest.raises(stripe.InvalidRequestError, match="automatic tax"):
        account.draft(
            customer=nowhere.id, lines=[{"amount": 1, "tax_rates": [rate(account, "5")]}], **asked
        )


def test_our_own_tax_ids_stand_on_the_invoice(account) -> None:
    draft = account.draft(account_tax_ids=["txi_1Abc"])
    assert draft.account_tax_ids == ["txi_1Abc"]
