"""Lists, expansion and events: a sync that pages by them loses nothing and sees nothing twice."""

from __future__ import annotations

import pytest
import stripe

DAY = 86_400


def test_pages_go_forward_and_back_without_a_gap_or_an_overlap(account) -> None:
    made = [account.customer().id for _ in range(25)]
    newest_first = made[::-1]
    listed = account.v1.customers.list
    first = listed({"limit": 10})
    assert [c.id for c in first.data] == newest_first[:10]
    assert first.has_more
    second = listed({"limit": 10, "starting_after": newest_first[9]})
    last = listed({"limit": 10, "starting_after": newest_first[19]})
    assert [c.id for c in second.data] == newest_first[10:20]
    assert ([c.id for c in last.data], last.has_more) == (newest_first[20:], False)
    back = listed({"limit": 10, "ending_before": newest_first[15]})
    assert ([c.id for c in back.data], back.has_more) == (newest_first[5:15], True)
    assert [c.id for c in listed({"limit": 3}).auto_paging_iter()] == newest_first
    assert [c.id for c in listed().data] == newest_first[:10]


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_has_1_to_100_objects(account, limit) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        account.v1.customers.list({"limit": limit})
    assert caught.value.param == "limit"


def test_a_cursor_that_does_not_exist_is_an_error_not_an_empty_page(account) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        account.v1.invoices.list({"starting_after": "in_gone"})
    assert caught.value.code == "resource_missing"


def test_invoices_are_listed_by_customer_status_and_time(account) -> None:
    mine = account.sent()
    draft = account.draft()
    listed = account.v1.invoices.list
    assert [i.id for i in listed({"customer": mine.customer}).data] == [mine.id]
    assert [i.id for i in listed({"status": "draft"}).data] == [draft.id]
    assert [i.id for i in listed({"collection_method": "send_invoice"}).data] == [
        draft.id,
        mine.id,
    ]
    account.sim.control.advance(DAY)
    late = account.sent()
    since = {"created": {"gte": mine.created + DAY // 2}}
    assert [i.id for i in listed(since).data] == [late.id]
    assert listed({"created": {"lt": mine.created}}).data == []


def test_payments_come_along_with_a_list_of_invoices_when_asked(account) -> None:
    sent = account.sent()
    account.sim.control.pay(sent.id, 4_000)
    (without,) = account.v1.invoices.list().data
    assert "payments" not in without
    (listed,) = account.v1.invoices.list({"expand": ["data.payments", "data.customer"]}).data
    assert sorted(p.amount_paid or 0 for p in listed.payments.data) == [0, 4_000]
    assert listed.customer.name == "Acme"
    deep = account.v1.invoices.retrieve(
        sent.id, {"expand": ["payments.data.payment.payment_intent.latest_charge"]}
    )
    charged = [p.payment.payment_intent.latest_charge for p in deep.payments.data]
    assert sorted(c.amount for c in charged if c) == [4_000]


@pytest.mark.parametrize("path", ["nonsense", "total", "a.b.c.d.e"])
def test_what_cannot_be_expanded_is_refused(account, path) -> None:
    sent = account.sent()
    with pytest.raises(stripe.InvalidRequestError, match="expand"):
        account.v1.invoices.retrieve(sent.id, {"expand": [path]})


def test_events_tell_what_was_then_not_what_is_now(account) -> None:
    sent = account.sent()
    account.sim.control.pay(sent.id)
    (finalized,) = account.events("invoice.finalized")
    assert finalized.data.object["status"] == "open"
    assert finalized.api_version == stripe.api_version
    (updated, *_rest) = account.events("invoice.updated")
    assert updated.data.previous_attributes["total"] == 0
    assert account.v1.events.retrieve(finalized.id).id == finalized.id


def test_an_event_names_the_request_that_caused_it(account) -> None:
    made = account.v1.customers.create({"name": "A"}, {"idempotency_key": "why"})
    (event,) = account.events("customer.created")
    assert event.request.idempotency_key == "why"
    assert event.request.id == made.last_response.request_id


def test_events_since_a_known_one_are_listed_and_old_ones_are_gone(account) -> None:
    account.customer()
    (first,) = account.events()
    account.customer()
    newer = account.v1.events.list({"ending_before": first.id, "limit": 100}).data
    assert [e.type for e in newer] == ["customer.created"]
    account.sim.control.advance(31 * DAY)
    assert account.events() == []
    with pytest.raises(stripe.InvalidRequestError):
        account.v1.events.retrieve(first.id)


def test_at_most_20_types_of_events_can_be_asked_for(account) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        account.v1.events.list({"types": [f"invoice.{n}" for n in range(21)]})


def test_two_accounts_share_nothing(account) -> None:
    from sdk_account import Account

    other = Account(account.sim, f"{account.key}other")
    sent = account.sent()
    assert other.v1.invoices.list().data == []
    with pytest.raises(stripe.InvalidRequestError):
        other.v1.invoices.retrieve(sent.id)
    assert other.events() == []
    assert account.v1.accounts.retrieve_current().id != other.v1.accounts.retrieve_current().id
