"""The audit log in sentences: who reads it is no developer, and must not be misled."""

from __future__ import annotations

import re

import pytest

from po_toolkit.domain.roles import Act
from po_toolkit.domain.sentences import LoggedAct, audit_sentence
from po_toolkit.jobs.tasks import TASKS

WHOSE = "Northwind (PO-7KQ2MX)"
PAID = {"kind": "payment", "amount": 1066244, "currency": "usd", "status": "paid"}


@pytest.mark.parametrize(
    ("act", "before", "after", "text"),
    [
        (
            Act.SYNC,
            {"status": "sent"},
            {**PAID, "source": "stripe"},
            (
                f"Payment of 10,662.44 USD from {WHOSE} through Stripe recorded. "
                "The purchase order is now paid."
            ),
        ),
        (
            Act.RECORD_PAYMENT,
            {"status": "paid"},
            {**PAID, "source": "manual", "amount": 1650000, "currency": "jpy"},
            f"Payment of 1,650,000 JPY from {WHOSE} recorded.",
        ),
        (Act.INVOICE, {}, {"generation": 1}, ""),
        (Act.INVOICE, {}, {"stripe_invoice_id": "in_1", "sent": True}, f"Invoice sent to {WHOSE}."),
        (
            Act.INVOICE,
            {},
            {"sent": True, "amount": 100000, "currency": "usd"},
            f"Invoice of 1,000.00 USD sent to {WHOSE}.",
        ),
        (
            Act.INVOICE,
            {},
            {"sent": False, "amount": 100000, "currency": "jpy"},
            f"Invoice of 100,000 JPY for {WHOSE} finalized. Deliver it yourself.",
        ),
        (
            Act.CANCEL,
            {"status": "sent"},
            {"status": "cancelled", "reason": "They withdrew"},
            f"Purchase order of {WHOSE} cancelled: They withdrew.",
        ),
        (
            Act.AMEND,
            {"contact_email": "a@x.example", "due_date": None, "organization_key": "x"},
            {"contact_email": "b@x.example", "due_date": "2027-03-05", "organization_key": "x"},
            (
                f"{WHOSE} changed: Contact email from “a@x.example” to “b@x.example”; "
                "Due date from nothing to 5 Mar 2027."
            ),
        ),
        (
            Act.IMPORT,
            {},
            {"file_name": "s.csv", "accepted": 40, "rejected": 2, "duplicates": 1},
            "40 purchase orders imported from s.csv, 2 rejected, 1 duplicate skipped.",
        ),
        (
            Act.LOG_CALL,
            {},
            {"note": "AP is ill", "promised_on": "2027-03-05"},
            f"Called {WHOSE}: AP is ill. They promised to pay by 5 Mar 2027.",
        ),
        (Act.REMIND, {}, {"step": 14, "state": "sent"}, f"Reminder sent to {WHOSE}, 14 days past"),
        (
            Act.CHANGE_SETTINGS,
            {"reminders": []},
            {"reminders": [-14, 3]},
            "Settings changed: Reminders: 14 days before it is due; 3 days past due.",
        ),
        (
            Act.CHANGE_SETTINGS,
            {"reminders": [0]},
            {"reminders": []},
            "Settings changed: Reminders: none.",
        ),
        (Act.CLOSE, {}, {"last_day": "2027-01-31", "digest": "ab"}, "Books closed through 31 Jan"),
        (Act.SYNC, {}, {"started": "sync"}, "A sync with Stripe started."),
        (Act.SYNC, {"state": "running"}, {"done": "3 payments"}, "Sync: finished. 3 payments"),
        (
            Act.INVOICE,
            {"state": "running"},
            {"state": "paused"},
            "A batch of invoices was paused.",
        ),
        (Act.SET_ASIDE, {}, {"set_aside": "Rent"}, "Bank line excluded: Rent."),
        (
            Act.SET_ASIDE,
            {"set_aside": ""},
            {"set_aside": "Rent", "amount": 5000, "currency": "usd"},
            "Bank line of 50.00 USD excluded: Rent.",
        ),
        (
            Act.MATCH,
            {},
            {"rule": "amount", "is": "entry 7", "amount": 5000, "currency": "usd"},
            "Bank line of 50.00 USD matched to a recorded payment (entry 7).",
        ),
        (
            Act.UNDO_MATCH,
            {"rule": "amount"},
            {"amount": 5000, "currency": "usd"},
            "Bank line of 50.00 USD is no longer matched.",
        ),
        (
            Act.ISSUE_CREDIT_NOTE,
            {},
            {"asked": True, "amount": 5000, "currency": "usd"},
            f"Credit note of 50.00 USD to {WHOSE} needs a second person.",
        ),
        (
            Act.REFUND,
            {},
            {"confirmed": True, "asked_by": "app:ada", "amount": 5000, "currency": "usd"},
            f"Refund of 50.00 USD to {WHOSE} confirmed by a second person.",
        ),
        (
            Act.ACCEPT_DISCREPANCY,
            {},
            {"code": "overdue", "of": "PO-1", "reason": "Agreed", "amount": 1, "currency": "usd"},
            "Discrepancy accepted, 0.01 USD: Unpaid past its due date. Agreed.",
        ),
        ("a_new_act", {"limit": 1}, {"limit": 2}, f"A new act for {WHOSE}: Limit from 1 to 2."),
    ],
)
def test_an_act_is_one_sentence_with_amounts_names_and_what_changed(act, before, after, text):
    """`amount: 1066244` was read as a million."""
    assert audit_sentence(LoggedAct(act, before, after, WHOSE)).startswith(text)
    if not text.endswith("Jan") and not text.endswith("past"):
        assert audit_sentence(LoggedAct(act, before, after, WHOSE)).rstrip(".") == text.rstrip(".")


@pytest.mark.parametrize("act", list(Act))
def test_every_act_reads_as_a_sentence_whatever_it_holds(act):
    """A log entry that fails to show hides what somebody did."""
    for after in ({}, {"x": None}, {"amount": 5, "currency": "usd"}, {"kind": "unknown"}):
        for whose in ("", WHOSE):
            text = audit_sentence(LoggedAct(act, {}, after, whose))
            assert not re.search(r"[{}]|None|_", text), text
            assert not text or text[0].isupper() or text[0].isdigit()


def test_every_background_task_is_named_when_it_starts():
    """Saying only that a task started tells nobody what it was."""
    for kind in TASKS:
        said = audit_sentence(LoggedAct(TASKS[kind].act, {}, {"started": kind}, ""))
        assert said != "A task started.", kind


def test_a_sponsor_whose_name_ends_with_a_point_ends_the_sentence():
    """“Café Données S.A..” looks like a mistake on every page that shows it."""
    sent = {"stripe_invoice_id": "in_1", "sent": True}
    said = audit_sentence(LoggedAct(Act.INVOICE, {}, sent, "Café Données S.A."))
    assert said == "Invoice sent to Café Données S.A."
