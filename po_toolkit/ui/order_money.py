"""Forms for the money of one purchase order: payments by hand, credit, refunds, reversals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import streamlit as st

from po_toolkit.api.ledger import credit, record_payment_by_hand, refund, reverse_entry
from po_toolkit.api.payment_details import DETAILS
from po_toolkit.api.reports import PurchaseOrderStory, StoryEntry
from po_toolkit.ui import formats, typed
from po_toolkit.ui.language import N_, _
from po_toolkit.ui.order_form import amount_field, confirmed, perform, stands, submit
from po_toolkit.ui.session import Visit

METHODS = {"wire": N_("Wire"), "ach": N_("ACH"), "check": N_("Check"), "other": N_("Other")}


def payment_form(visit: Visit, story: PurchaseOrderStory) -> None:
    """Record a payment that did not come through Stripe."""
    with st.form(visit.key("order.payment"), border=False):
        amount = amount_field(
            visit,
            "payment",
            _("Amount in {currency}", currency=story.currency.upper()),
            story.balance,
        )
        method = st.radio(
            _("Method"), METHODS, format_func=lambda m: _(METHODS[m]), horizontal=True
        )
        when = st.date_input(_("Date"), value=visit.opened.today(), format=formats.date_format())
        details = {detail.column: st.text_input(_(detail.label)) for detail in DETAILS}
        confirmations = confirmed(
            visit,
            {
                "again": _("This is a second payment of the same amount"),
                "date_as_given": _("The date is right, though before the PO or in a closed period"),
                "overpaid": _("The amount is right, though more than is outstanding"),
            },
        )
        if not submit(visit, _("Record payment")):
            return

    def act(**answers: Any) -> str:
        result = record_payment_by_hand(
            visit.opened,
            story.reference,
            amount=typed.amount(amount, story.currency),
            method=method,
            payment_date=when,
            **answers | {column: text.strip() for column, text in details.items()},
        )
        return _("Payment recorded. {stands}", stands=stands(result))

    perform(visit, act, confirmations)


def credit_form(visit: Visit, story: PurchaseOrderStory) -> None:
    """Credit part of what is owed."""
    with st.form(visit.key("order.credit"), border=False):
        amount = amount_field(
            visit,
            "credit",
            _("Amount to credit in {currency}", currency=story.currency.upper()),
            Decimal(0),
        )
        reason = st.text_input(_("Reason")).strip()
        confirmations = confirmed(
            visit, {"again": _("This is a second credit note of the same amount")}
        )
        if not submit(visit, _("Issue credit note")):
            return
    if not reason:
        st.error(_("Enter a reason: it is printed on the credit note."), icon=":material/error:")
        return

    def act(**answers: Any) -> str:
        value = typed.amount(amount, story.currency)
        result = credit(visit.opened, story.reference, amount=value, reason=reason, **answers)
        return _("Credit note issued. {stands}", stands=stands(result))

    perform(visit, act, confirmations)


def refund_form(visit: Visit, story: PurchaseOrderStory) -> None:
    """Give money back, or note what was sent back from the bank."""
    with st.form(visit.key("order.refund"), border=False):
        amount = amount_field(
            visit,
            "refund",
            _("Amount to refund in {currency}", currency=story.currency.upper()),
            -story.balance,
        )
        method = st.radio(
            _("How"),
            ["stripe", *METHODS],
            format_func=lambda m: _(METHODS.get(m, N_("Through Stripe"))),
            horizontal=True,
            help=_("Other methods only record what you sent back from the bank."),
        )
        reference = st.text_input(_("The bank's reference, where it was sent from the bank"))
        note = st.text_input(_("Note"))
        confirmations = confirmed(visit, {"again": _("This is a second refund of the same amount")})
        if not submit(visit, _("Refund")):
            return

    def act(**answers: Any) -> str:
        result = refund(
            visit.opened,
            story.reference,
            amount=typed.amount(amount, story.currency),
            method=method,
            payment_reference=reference.strip(),
            note=note.strip(),
            **answers,
        )
        return _("Refunded. {stands}", stands=stands(result))

    perform(visit, act, confirmations)


def reverse_form(visit: Visit, story: PurchaseOrderStory) -> None:
    """Undo an entry that was made by mistake, by a reversing one."""
    entries = {str(e.number): e for e in story.entries if by_hand(e)}

    def written(number: str) -> str:
        e = entries[number]
        amount = formats.amount(e.amount, story.currency)
        return _(
            "Entry {number}: {kind} of {amount}, {method}, {date} {reference}",
            number=number,
            kind=formats.label(e.kind),
            amount=amount,
            method=formats.label(e.method),
            date=formats.day(e.date),
            reference=e.reference,
        )

    with st.form(visit.key("order.reverse"), border=False):
        entry = st.radio(
            _("Entered by mistake"),
            list(entries),
            index=None if len(entries) > 1 else 0,
            format_func=written,
        )
        reason = st.text_input(_("Reason"))
        if not submit(visit, _("Reverse the entry")):
            return

    if entry is None:
        st.error(_("Choose the entry to reverse."), icon=":material/error:")
        return

    def act() -> str:
        result = reverse_entry(visit.opened, entry, reason=reason.strip())
        return _("Reversed. {stands}", stands=stands(result))

    perform(visit, act)


def by_hand(entry: StoryEntry) -> bool:
    """Tell whether a person entered it, so that a person may reverse it."""
    return entry.number is not None and entry.source == "manual"
