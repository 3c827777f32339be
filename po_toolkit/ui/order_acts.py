"""What can be done with one purchase order: only what its state and the person's role allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import streamlit as st

from po_toolkit.api.invoices import resend_invoice
from po_toolkit.api.ledger import MoneyResult, cancel, credit, record_payment_by_hand
from po_toolkit.domain.roles import Act
from po_toolkit.domain.sums import Status
from po_toolkit.errors import DuplicateEntryError, PoToolkitError
from po_toolkit.money import parse_decimal
from po_toolkit.reconcile import PurchaseOrderStory
from po_toolkit.ui import words
from po_toolkit.ui.session import Visit

METHODS = {"wire": "Wire", "ach": "ACH", "check": "Check", "other": "Other"}


@dataclass(frozen=True)
class Choice:
    """One thing that can be done."""

    label: str
    act: Act
    possible: Callable[[PurchaseOrderStory], bool]
    show: Callable[[Visit, PurchaseOrderStory], None]


def order_acts(visit: Visit, story: PurchaseOrderStory) -> None:
    """Show what can be done, the form of what was chosen, and what came of the last act."""
    said = visit.recall(_said(story))
    if said:
        st.success(said, icon=":material/check_circle:")
        visit.keep(_said(story), None)
    choices = {c.label: c for c in CHOICES if visit.may(c.act) and c.possible(story)}
    if not choices:
        return
    turn = visit.recall(_turn(story)) or 0
    chosen = st.pills(
        "What do you want to do?",
        list(choices),
        key=visit.key(f"order.act.{story.reference}.{turn}"),
    )
    if chosen is not None:
        with st.container(border=True):
            choices[chosen].show(visit, story)


def _said(story: PurchaseOrderStory) -> str:
    return f"order.said.{story.reference}"


def _turn(story: PurchaseOrderStory) -> str:
    return f"order.turn.{story.reference}"


def _done(visit: Visit, story: PurchaseOrderStory, said: str) -> None:
    visit.keep(_said(story), said)
    visit.keep(_turn(story), (visit.recall(_turn(story)) or 0) + 1)
    st.rerun()


def _stands(result: MoneyResult) -> str:
    balance = words.amount(result.balance, result.currency)
    return f"{result.reference} is now {words.status(result.status).lower()}, balance {balance}."


def _sure(visit: Visit) -> bool:
    """Ask before anything reaches a real Stripe account."""
    if visit.opened.settings.mode != "live":
        return True
    return st.checkbox(f"Yes, in the real Stripe account of {visit.opened.settings.name}")


def _submit(label: str, *, sure: Callable[[], bool]) -> bool:
    agreed = sure()
    pressed = st.form_submit_button(label, type="primary")
    if pressed and not agreed:
        st.error("Tick the box first: this reaches a real Stripe account.")
    return pressed and agreed


def _amount(label: str, proposed: Decimal) -> str:
    return st.text_input(label, value=str(max(proposed, Decimal(0))))


def _payment(visit: Visit, story: PurchaseOrderStory) -> None:
    with st.form(visit.key("order.payment"), border=False):
        amount = _amount(f"Amount in {story.currency.upper()}", story.balance)
        method = st.radio("Method", METHODS, format_func=METHODS.__getitem__, horizontal=True)
        reference = st.text_input("The bank's or the sponsor's reference")
        when = st.date_input("Date", value=visit.opened.today(), format="YYYY-MM-DD")
        note = st.text_input("Note")
        again = st.checkbox("The very same payment came twice")
        if not _submit("Record payment", sure=lambda: _sure(visit)):
            return
    try:
        result = record_payment_by_hand(
            visit.opened,
            story.reference,
            amount=parse_decimal(amount),
            method=method,
            payment_reference=reference.strip(),
            payment_date=when,
            note=note.strip(),
            again=again,
        )
    except DuplicateEntryError:
        st.error(
            "The same payment is recorded already. If it really came twice, tick the box above.",
            icon=":material/content_copy:",
        )
        return
    except PoToolkitError as error:
        st.error(str(error), icon=":material/error:")
        return
    _done(visit, story, f"Payment recorded. {_stands(result)}")


def _credit(visit: Visit, story: PurchaseOrderStory) -> None:
    with st.form(visit.key("order.credit"), border=False):
        amount = _amount(f"Amount to forgive in {story.currency.upper()}", Decimal(0))
        reason = st.text_input("Reason")
        if not _submit("Issue credit note", sure=lambda: _sure(visit)):
            return
    if not reason.strip():
        st.error("Say why: the reason stands on the credit note.", icon=":material/error:")
        return
    try:
        result = credit(
            visit.opened, story.reference, amount=parse_decimal(amount), reason=reason.strip()
        )
    except PoToolkitError as error:
        st.error(str(error), icon=":material/error:")
        return
    _done(visit, story, f"Credit note issued. {_stands(result)}")


def _resend(visit: Visit, story: PurchaseOrderStory) -> None:
    st.write(f"Stripe mails the invoice to {words.plain(story.contact_email)} again.")
    with st.form(visit.key("order.resend"), border=False):
        if not _submit("Mail it again", sure=lambda: _sure(visit)):
            return
    try:
        resend_invoice(visit.opened, story.reference)
    except PoToolkitError as error:
        st.error(str(error), icon=":material/error:")
        return
    _done(visit, story, "The invoice was mailed again.")


def _cancel(visit: Visit, story: PurchaseOrderStory) -> None:
    st.write("Its open invoice is voided at Stripe; nothing more can be paid on it.")
    with st.form(visit.key("order.cancel"), border=False):
        if not _submit(f"Cancel {story.reference}", sure=lambda: _sure(visit)):
            return
    try:
        result = cancel(visit.opened, story.reference)
    except PoToolkitError as error:
        st.error(str(error), icon=":material/error:")
        return
    _done(visit, story, f"Cancelled. {_stands(result)}")


def _invoice(visit: Visit, story: PurchaseOrderStory) -> None:
    visit.link("invoice", "Preview the invoice and send it", po=story.reference)


def _is_open(story: PurchaseOrderStory) -> bool:
    return story.status != Status.CANCELLED


CHOICES = (
    Choice(
        "Send invoice",
        Act.INVOICE,
        lambda story: _is_open(story) and story.balance > 0 and not story.stripe_invoice_url,
        _invoice,
    ),
    Choice("Record payment", Act.RECORD_PAYMENT, _is_open, _payment),
    Choice(
        "Mail invoice again",
        Act.RESEND,
        lambda story: any(i.stripe_status == "open" for i in story.invoices),
        _resend,
    ),
    Choice(
        "Credit note",
        Act.ISSUE_CREDIT_NOTE,
        lambda story: _is_open(story) and story.credited < story.total,
        _credit,
    ),
    Choice(
        "Cancel",
        Act.CANCEL,
        lambda story: _is_open(story) and story.paid == story.refunded,
        _cancel,
    ),
)
