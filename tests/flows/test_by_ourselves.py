"""A vendor portal takes a file: a mail of Stripe's beside it brings the invoice back."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import default

import pytest
import stripe

from po_toolkit.api.content import compare_content, preview_content
from po_toolkit.api.delivery import choose_delivery, deliver, mark_delivered
from po_toolkit.api.invoices import (
    invoice_purchase_orders,
    preview_invoices,
    resend_invoice,
)
from po_toolkit.api.reminders import preview_reminders, send_reminders
from po_toolkit.api.sync import sync_conference
from po_toolkit.api.webhook_work import work_events
from po_toolkit.api.webhooks import receive
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.invoicing.lease import claim
from po_toolkit.invoicing.send import _walk, further_at_stripe, send_invoice
from po_toolkit.reconcile import purchase_order_story, reconcile_conference
from po_toolkit.reconcile.front_page import front_page
from po_toolkit.store.purchase_orders import to_be_invoiced
from tests.conftest import SLUG, fresh, open_unpaced


def issue(opened, order):
    report = invoice_purchase_orders(opened, references=[order.reference])
    assert report.failed == 0, report.results
    return report.results[0].stripe_invoice_id


@pytest.fixture
def ours(make_order):
    return make_order(delivery="ourselves")


def test_it_is_final_at_stripe_and_nobody_was_mailed(opened, simulator, ours):
    stripe_id = issue(opened, ours)
    invoice = simulator.control.get(stripe_id)
    assert (invoice["status"], invoice["auto_advance"]) == ("open", False)
    assert simulator.control.mails() == []
    assert [c.path for c in simulator.control.calls()][-1] == f"/v1/invoices/{stripe_id}/finalize"
    kept = fresh(opened, ours)
    assert (kept.status, kept.live_invoice.state) == ("issued", "finalized")
    assert kept.stripe_invoice_url


def test_it_is_owed_and_ages_like_one_that_was_mailed(opened, clock, ours):
    issue(opened, ours)
    with opened.store.reading() as session:
        assert to_be_invoiced(session, opened.conference) == []
    clock.advance(days=40)
    books = reconcile_conference(opened.store, opened.conference, as_of=opened.today())
    (row,) = books.as_json()["rows"]
    assert (row["status"], row["days_overdue"] > 0) == ("issued", True)
    page = front_page(opened.store, opened.conference, today=opened.today())
    assert [(s.status, s.purchase_orders) for s in page.by_status] == [("issued", 1)]
    assert sum(a.purchase_orders for a in page.ageing) == 1


def test_the_draft_is_written_then_a_person_says_that_it_went_out(opened, simulator, ours):
    issue(opened, ours)
    mail = message_from_bytes(deliver(opened, ours.reference).mail, policy=default)
    assert fresh(opened, ours).stripe_invoice_url in mail.get_body(("plain",)).get_content()
    assert fresh(opened, ours).status == "issued"
    assert [mark_delivered(opened, ours.reference) for _ in range(2)] == ["sent", "sent"]
    assert simulator.control.mails() == []
    books = reconcile_conference(opened.store, opened.conference, as_of=opened.today())
    assert books.as_json()["rows"][0]["status"] == "sent"
    story = purchase_order_story(opened.store, opened.conference, ours.reference)
    texts = [e.text for e in story.events if e.kind == "invoice_sent"]
    assert [t.endswith("finalized, ready for you to deliver") for t in texts] == [True]
    assert [e.kind for e in story.events if e.kind.startswith("act:deliver")] == [
        "act:deliver",
        "act:delivered",
    ]


def test_only_what_we_deliver_can_be_noted_as_delivered(opened, make_order):
    order = make_order()
    with pytest.raises(PurchaseOrderError, match="has no invoice"):
        mark_delivered(opened, order.reference)
    issue(opened, order)
    with pytest.raises(PurchaseOrderError, match="emailed by Stripe"):
        mark_delivered(opened, order.reference)


def test_stripe_is_not_asked_to_mail_it_by_resend(opened, simulator, ours):
    issue(opened, ours)
    with pytest.raises(PurchaseOrderError, match="email draft"):
        resend_invoice(opened, ours.reference)
    assert simulator.control.mails() == []


def test_news_and_syncs_leave_it_undelivered_until_it_is_paid(opened, simulator, ours):
    sync_conference(opened)
    stripe_id = issue(opened, ours)
    sync_conference(opened)
    sync_conference(opened, full=True)
    assert fresh(opened, ours).status == "issued"
    simulator.control.pay(stripe_id)
    sync_conference(opened)
    kept = fresh(opened, ours)
    assert (kept.status, kept.live_invoice.state) == ("paid", "paid")


@pytest.mark.parametrize("by", ["sync", "webhook"])
def test_a_mail_that_somebody_sent_from_stripes_page_counts_as_delivered(
    opened, simulator, settings, ours, by
):
    sync_conference(opened)
    stripe_id = issue(opened, ours)
    sync_conference(opened)
    opened.gateway.write(f"/v1/invoices/{stripe_id}/send", {}, idempotency_key="by-hand")
    opened.gateway.write(
        f"/v1/invoices/{stripe_id}", {"metadata": {"seen": "yes"}}, idempotency_key="then"
    )
    if by == "sync":
        sync_conference(opened)
    else:
        secret = settings.conferences[SLUG].stripe_webhook_secret[0].get_secret_value()
        for event in simulator.control.all("event"):
            body = json.dumps(event)
            header = stripe.WebhookSignature.generate_signature_header(body, secret)
            receive(opened, body.encode(), header)
        work_events(opened)
    assert fresh(opened, ours).status == "sent"


def test_one_that_somebody_finalized_by_hand_is_taken_as_it_is(opened, simulator, ours):
    invoice_purchase_orders(opened, references=[ours.reference], send=False)
    (draft,) = simulator.control.all("invoice")
    assert (draft["status"], fresh(opened, ours).live_invoice.step) == ("draft", "finalize")
    opened.gateway.write(f"/v1/invoices/{draft['id']}/finalize", {}, idempotency_key="by-hand")
    assert issue(opened, ours) == draft["id"]
    assert (fresh(opened, ours).status, simulator.control.mails()) == ("issued", [])
    assert len(simulator.control.all("invoice")) == 1


def test_one_that_somebody_sent_by_hand_counts_as_delivered(opened, simulator, ours):
    invoice_purchase_orders(opened, references=[ours.reference], send=False)
    (draft,) = simulator.control.all("invoice")
    opened.gateway.write(f"/v1/invoices/{draft['id']}/send", {}, idempotency_key="by-hand")
    issue(opened, ours)
    assert (fresh(opened, ours).status, len(simulator.control.mails())) == ("sent", 1)


def test_finalized_by_hand_between_our_look_and_our_write(opened, simulator, ours):
    """Stripe refuses to finalize twice; what it has is then what was wanted."""
    send_invoice(opened, ours.id, send=False)
    lease = claim(opened, ours.id, find=further_at_stripe)
    lease.resumed = False
    opened.gateway.write(
        f"/v1/invoices/{lease.invoice.stripe_invoice_id}/finalize", {}, idempotency_key="by-hand"
    )
    _walk(lease, send=True)
    assert (fresh(opened, ours).status, simulator.control.mails()) == ("issued", [])


def test_the_way_may_be_chosen_until_the_invoice_is_final(opened, simulator, make_order):
    order = make_order()
    invoice_purchase_orders(opened, references=[order.reference], send=False)
    assert fresh(opened, order).live_invoice.step == "send"
    assert choose_delivery(opened, [order.reference], "ourselves") == 1
    issue(opened, order)
    assert (fresh(opened, order).status, simulator.control.mails()) == ("issued", [])
    assert choose_delivery(opened, [order.reference], "stripe") == 0
    with pytest.raises(PurchaseOrderError, match="pigeon"):
        choose_delivery(opened, [order.reference], "pigeon")


def test_a_conference_may_deliver_all_by_itself_and_a_purchase_order_say_otherwise(
    settings, clock, simulator, make_order
):
    conference = settings.conferences[SLUG]
    settings.conferences[SLUG] = conference.model_validate(
        {**conference.model_dump(exclude_unset=True), "content": {"delivery": "ourselves"}}
    )
    opened = open_unpaced(settings, clock)
    usual, mailed = make_order(po_number="1"), make_order(po_number="2", delivery="stripe")
    preview = preview_invoices(opened, all_draft=True)
    assert [line.delivery for line in preview.ready] == ["ourselves", "stripe"]
    assert preview_content(opened, usual.reference).delivery == "ourselves"
    invoice_purchase_orders(opened, all_draft=True)
    assert [fresh(opened, o).status for o in (usual, mailed)] == ["issued", "sent"]
    assert len(simulator.control.mails()) == 1
    assert compare_content(opened, usual.reference).equal


@pytest.fixture
def reminding(settings, clock):
    conference = settings.conferences[SLUG]
    settings.conferences[SLUG] = conference.model_copy(update={"reminders": [0, 14]})
    return open_unpaced(settings, clock)


def test_nobody_is_reminded_of_an_invoice_that_was_not_delivered(reminding, clock, ours):
    issue(reminding, ours)
    clock.advance(days=31)
    preview = preview_reminders(reminding)
    assert (preview.due, preview.held) == (
        [],
        [(ours.reference, "nobody has marked it as delivered")],
    )


def test_each_of_our_reminders_is_a_mail_draft_written_once(reminding, simulator, clock, ours):
    issue(reminding, ours)
    mark_delivered(reminding, ours.reference)
    clock.advance(days=31)
    simulator.control.advance(31 * 86_400)
    assert [r.delivery for r in preview_reminders(reminding).to_draft] == ["ourselves"]
    assert [r.outcome for r in send_reminders(reminding).results] == ["held"]
    drafts = {}
    for _ in range(2):
        send_reminders(reminding, drafts=drafts.__setitem__)
    (content,) = drafts.values()
    mail = message_from_bytes(content, policy=default)
    assert mail["Subject"].strip().startswith("Reminder: Invoice ")
    assert "17,550.00 USD" in mail.get_body(("plain",)).get_content()
    assert [p.get_content()[:5] for p in mail.iter_attachments()] == [b"%PDF-"]
    assert simulator.control.mails() == []
    story = purchase_order_story(reminding.store, reminding.conference, ours.reference)
    assert [e.text for e in story.events if e.kind == "reminder"] == [
        "Reminder drafted on the due date"
    ]


def test_a_draft_that_could_not_be_kept_is_written_the_next_time(reminding, simulator, clock, ours):
    issue(reminding, ours)
    mark_delivered(reminding, ours.reference)
    clock.advance(days=31)

    def full(_name, _mail):
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        send_reminders(reminding, drafts=full)
    drafts = {}
    send_reminders(reminding, drafts=drafts.__setitem__)
    assert len(drafts) == 1


def test_no_draft_after_payment_nor_while_a_debit_is_under_way(reminding, simulator, clock, ours):
    stripe_id = issue(reminding, ours)
    mark_delivered(reminding, ours.reference)
    clock.advance(days=31)
    drafts = {}
    debit = simulator.control.pay(stripe_id, method="us_bank_account", settled=False)
    for act in (None, "settle"):
        if act:
            simulator.control.settle(debit["id"])
        report = send_reminders(reminding, drafts=drafts.__setitem__)
        assert [r.outcome for r in report.results] == ["held"]
    assert drafts == {}
