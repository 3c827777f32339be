"""Invoices at the simulator go through the states, sums and refusals that they have at Stripe."""

from __future__ import annotations

import time

import pytest
import stripe

DAY = 86_400


def refused(account, params: dict, *, param: str | None = None, code: str | None = None) -> str:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        account.draft(**params)
    if param:
        assert caught.value.param == param
    if code:
        assert caught.value.code == code
    return str(caught.value)


def line(**price) -> dict:
    data = {"currency": "usd", "product_data": {"name": "Booth"}, "unit_amount": 500, **price}
    return {"description": "Booth", "quantity": 2, "price_data": data}


def test_an_invoice_goes_from_draft_to_sent_with_everything_a_sponsor_needs(account) -> None:
    draft = account.draft(
        lines=[line(), {"amount": -250, "description": "Early bird"}],
        custom_fields=[{"name": "PO number", "value": "4500012345"}],
        description="Thank you",
        footer="Wire to …",
        metadata={"purchase_order_ref": "PO-ABC234"},
        payment_settings={"payment_method_types": ["card", "us_bank_account"]},
    )
    assert (draft.status, draft.total, draft.number) == ("draft", 750, None)
    assert draft.hosted_invoice_url is None
    assert draft.invoice_pdf is None
    sent = account.v1.invoices.send_invoice(draft.id)
    assert (sent.status, sent.amount_due, sent.amount_remaining) == ("open", 750, 750)
    assert sent.hosted_invoice_url.startswith(account.sim.url)
    assert sent.number
    assert sent.status_transitions.finalized_at == sent.effective_at
    assert sent.due_date == sent.created + 30 * DAY
    assert sent.custom_fields[0].value == "4500012345"
    assert sent.metadata["purchase_order_ref"] == "PO-ABC234"
    assert "payments" not in sent
    kinds = [event.type for event in account.events("invoice.*")]
    assert kinds == [
        "invoice.created",
        "invoice.updated",
        "invoice.updated",
        "invoice.finalized",
        "invoice.sent",
    ]
    assert [mail.to for mail in account.sim.control.mails() if mail.invoice == sent.id] == [
        "ap@acme.example"
    ]


def test_250_lines_fit_and_are_paged_in_order_and_251_do_not(account) -> None:
    lines = [{"amount": n, "description": f"Line {n}"} for n in range(1, 251)]
    draft = account.draft(lines=lines)
    assert (len(draft.lines.data), draft.lines.has_more) == (10, True)
    assert draft.total == sum(range(1, 251))
    paged = account.v1.invoices.line_items.list(draft.id, {"limit": 100})
    assert [entry.amount for entry in paged.auto_paging_iter()] == list(range(1, 251))
    with pytest.raises(stripe.InvalidRequestError, match="at most 250"):
        account.v1.invoices.add_lines(draft.id, {"lines": [{"amount": 1}]})
    assert account.invoice(draft.id).total == sum(range(1, 251))


def test_a_refused_line_leaves_none_of_its_neighbours(account) -> None:
    draft = account.draft(100)
    with pytest.raises(stripe.InvalidRequestError):
        account.v1.invoices.add_lines(draft.id, {"lines": [line(), line(currency="eur")]})
    assert account.invoice(draft.id).total == 100


@pytest.mark.parametrize(
    ("bad", "param", "code"),
    [
        ({**line(), "unit_amount": 500}, "lines[0][unit_amount]", "parameter_unknown"),
        (line(colour="red"), "lines[0][price_data][colour]", "parameter_unknown"),
        (line(unit_amount=-5), "lines[0][price_data][unit_amount]", None),
        (line(unit_amount_decimal="5.5"), "lines[0][price_data][unit_amount_decimal]", None),
        ({**line(), "amount": 100}, "lines[0][price_data]", None),
        ({"amount": 100, "quantity": 2}, "lines[0][quantity]", None),
        ({"description": "nothing"}, "lines[0][amount]", None),
        ({"amount": "ten"}, "lines[0][amount]", "parameter_invalid_integer"),
        ({"amount": 1, "description": "x" * 5001}, "lines[0][description]", None),
        (line(currency="eur"), "lines[0][price_data][currency]", None),
        (line(product_data={"name": ""}), "lines[0][price_data][product_data][name]", None),
        ({"amount": 1, "metadata": {"k" * 41: "v"}}, "lines[0][metadata]", None),
        ({"amount": 1, "metadata": {"k": "v" * 501}}, "lines[0][metadata]", None),
        ({"amount": 1, "discounts": [{"coupon": "x"}]}, "lines[0][discounts]", "not_simulated"),
    ],
)
def test_a_line_that_stripe_refuses_is_refused(account, bad, param, code) -> None:
    refused(account, {"lines": [bad]}, param=param, code=code)


@pytest.mark.parametrize(
    ("bad", "param"),
    [
        ({"unit_amount": 5}, "unit_amount"),
        ({"due_date": int(time.time()) - DAY, "days_until_due": None}, "due_date"),
        ({"due_date": int(time.time()) + 900 * DAY}, "due_date"),
        ({"collection_method": "by_pigeon"}, "collection_method"),
        ({"description": "x" * 1501}, "description"),
        ({"footer": "x" * 5001}, "footer"),
        ({"number": "x" * 27}, "number"),
        ({"custom_fields": [{"name": "n" * 41, "value": "v"}]}, "custom_fields[0][name]"),
        ({"custom_fields": [{"name": "n", "value": "v" * 141}]}, "custom_fields[0][value]"),
        ({"custom_fields": [{"name": "n", "value": "v"}] * 5}, "custom_fields"),
        ({"custom_fields": [{"name": "n", "value": ""}]}, "custom_fields[0][value]"),
        ({"metadata": {f"k{n}": "v" for n in range(51)}}, "metadata"),
        ({"currency": "xyz"}, "currency"),
        ({"customer": "cus_nobody"}, "customer"),
        (
            {"payment_settings": {"payment_method_types": ["us_bank_account"]}, "currency": "eur"},
            "payment_settings[payment_method_types]",
        ),
        (
            {"payment_settings": {"payment_method_types": ["coins"]}},
            "payment_settings[payment_method_types][0]",
        ),
    ],
)
def test_a_draft_that_stripe_refuses_is_refused(account, bad, param) -> None:
    bad = {k: v for k, v in bad.items() if v is not None}
    if "due_date" in bad and bad["due_date"] < time.time():
        with pytest.raises(stripe.InvalidRequestError) as caught:
            account.v1.invoices.create(
                {
                    "customer": account.customer().id,
                    "collection_method": "send_invoice",
                    "due_date": bad["due_date"],
                }
            )
        assert caught.value.param == "due_date"
        return
    refused(account, bad, param=param)


def test_an_invoice_item_takes_no_unit_amount(account) -> None:
    """API 2025-03-31 and later: the call the original made on every line is refused."""
    customer = account.customer()
    with pytest.raises(stripe.InvalidRequestError) as caught:
        account.v1.invoice_items.create(
            {"customer": customer.id, "currency": "usd", "unit_amount": 5, "quantity": 1}
        )
    assert (caught.value.code, caught.value.param) == ("parameter_unknown", "unit_amount")
    assert caught.value.http_status == 400


def test_pending_invoice_items_go_only_where_they_are_asked_for(account) -> None:
    customer = account.customer()
    account.v1.invoice_items.create({"customer": customer.id, "amount": 700, "currency": "usd"})
    assert account.draft(100, customer=customer.id).total == 100
    items = account.v1.invoice_items.list({"customer": customer.id, "pending": True})
    assert len(items.data) == 1
    with_it = account.draft(100, customer=customer.id, pending_invoice_items_behavior="include")
    assert with_it.total == 800
    onto = account.v1.invoice_items.create(
        {
            "customer": customer.id,
            "invoice": with_it.id,
            "quantity": 3,
            "unit_amount_decimal": "33.5",
            "currency": "usd",
        }
    )
    assert (onto.amount, account.invoice(with_it.id).total) == (101, 901)


def test_what_is_final_can_be_neither_changed_nor_deleted_but_voided(account) -> None:
    sent = account.sent()
    invoices = account.v1.invoices
    for act in (
        lambda: invoices.add_lines(sent.id, {"lines": [{"amount": 1}]}),
        lambda: invoices.update(sent.id, {"description": "new"}),
        lambda: invoices.delete(sent.id),
        lambda: invoices.finalize_invoice(sent.id),
    ):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            act()
        assert caught.value.code == "invoice_not_editable"
    assert invoices.update(sent.id, {"metadata": {"a": "1"}}).metadata["a"] == "1"
    voided = invoices.void_invoice(sent.id)
    assert voided.status == "void"
    assert [p.status for p in account.invoice(sent.id).payments.data] == ["canceled"]
    for act in (invoices.send_invoice, invoices.void_invoice, invoices.pay):
        with pytest.raises(stripe.InvalidRequestError):
            act(sent.id)


def test_a_draft_can_be_deleted_and_not_voided(account) -> None:
    draft = account.draft()
    with pytest.raises(stripe.InvalidRequestError):
        account.v1.invoices.void_invoice(draft.id)
    assert account.v1.invoices.delete(draft.id).deleted
    with pytest.raises(stripe.InvalidRequestError) as caught:
        account.v1.invoices.retrieve(draft.id)
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")
    assert [e.type for e in account.events("invoice.deleted")] == ["invoice.deleted"]


def test_sending_twice_mails_twice_and_makes_one_invoice(account) -> None:
    sent = account.sent()
    account.v1.invoices.send_invoice(sent.id)
    assert len([m for m in account.sim.control.mails() if m.invoice == sent.id]) == 2
    assert len(account.events("invoice.sent")) == 2
    assert len(account.v1.invoices.list().data) == 1


def test_an_invoice_number_is_taken_once(account) -> None:
    account.draft(number="2027-001")
    refused(account, {"number": "2027-001"}, param="number")


def test_metadata_merges_and_unsets(account) -> None:
    draft = account.draft(metadata={"a": "1", "b": "2"})
    changed = account.v1.invoices.update(draft.id, {"metadata": {"a": "", "c": "3"}})
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    assert account.v1.invoices.update(draft.id, {"metadata": ""}).metadata.to_dict() == {}


@pytest.mark.parametrize(
    ("currency", "good", "bad"),
    [("isk", 150_000, 150_050), ("ugx", 5_000_00, 5_000_01), ("kwd", 12_340, 12_345)],
)
def test_currencies_with_rules_of_their_own(account, currency, good, bad) -> None:
    assert account.draft(good, currency).total == good
    refused(account, {"amount": bad, "currency": currency}, param="lines[0][amount]")


def test_yen_have_no_decimals_and_come_back_as_sent(account) -> None:
    assert account.sent(150_000, "jpy").amount_due == 150_000


def test_an_unknown_or_missing_customer_email_stops_before_the_invoice(account) -> None:
    nameless = account.v1.customers.create({"name": "No mail"})
    with pytest.raises(stripe.InvalidRequestError, match="valid email"):
        account.draft(customer=nameless.id)
    gone = account.customer()
    account.v1.customers.delete(gone.id)
    refused(account, {"customer": gone.id}, param="customer", code="resource_missing")
    assert account.v1.customers.retrieve(gone.id).deleted


def test_customers_are_found_by_their_exact_address(account) -> None:
    account.customer(metadata={"conference_slug": "pycon"})
    account.v1.customers.create({"email": "AP@acme.example"})
    found = account.v1.customers.list({"email": "ap@acme.example", "limit": 100})
    assert [c.metadata.to_dict() for c in found.data] == [{"conference_slug": "pycon"}]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        account.v1.customers.create({"email": "not an address"})
    assert caught.value.param == "email"


def test_a_draft_left_to_itself_is_finalized_only_if_it_may_advance(account) -> None:
    stays = account.draft()
    goes = account.draft(auto_advance=True)
    account.sim.control.advance(3700)
    assert account.invoice(stays.id).status == "draft"
    assert account.invoice(goes.id).status == "open"


def test_finalizing_mails_only_what_may_advance_by_itself(account) -> None:
    """The way of vendor portals rests on this: final, payable, and nobody is mailed."""
    quiet, loud = (account.draft(lines=[line()]) for _ in range(2))
    final = account.v1.invoices.finalize_invoice(quiet.id, {"auto_advance": False})
    account.v1.invoices.finalize_invoice(loud.id, {"auto_advance": True})
    assert (final.status, final.auto_advance) == ("open", False)
    assert final.hosted_invoice_url
    assert final.invoice_pdf
    mailed = {mail.invoice for mail in account.sim.control.mails()} & {quiet.id, loud.id}
    assert mailed == {loud.id}
