"""What can be done with one purchase order: only what its state and the person's role allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import streamlit as st

from po_toolkit.api.delivery import Delivery, deliver, mark_delivered
from po_toolkit.api.home import log_call
from po_toolkit.api.invoices import resend_invoice
from po_toolkit.api.ledger import cancel
from po_toolkit.api.reports import PurchaseOrderStory
from po_toolkit.api.terms import Act, Status
from po_toolkit.errors import PoToolkitError
from po_toolkit.ui import formats
from po_toolkit.ui.language import N_, _
from po_toolkit.ui.order_editor import change_form, contact_form
from po_toolkit.ui.order_form import (
    call_fields,
    forget_questions,
    forget_seen,
    happened_since,
    perform,
    reason_field,
    refuse_without_reason,
    show_outcome,
    stands,
    submit,
    turn,
)
from po_toolkit.ui.order_money import (
    by_hand,
    credit_form,
    payment_form,
    refund_form,
    reverse_form,
)
from po_toolkit.ui.session import Visit


def order_acts(visit: Visit, story: PurchaseOrderStory) -> None:
    """Show what can be done, the form of what was chosen, and what came of the last act."""
    show_outcome(visit)
    choices = {_(c.label): c for c in CHOICES if visit.may(c.act) and c.possible(story)}
    if not choices:
        return
    key = visit.key(f"order.act.{turn(visit)}")
    _meanwhile(visit, story, key, choices)
    chosen = st.pills(
        _("What do you want to do?"),
        list(choices),
        key=key,
        on_change=partial(_turn_to_another, visit),
    )
    if chosen is not None:
        with st.container(border=True):
            choices[chosen].show(visit, story)
    _why_not(visit, story)


_MEANWHILE = "order.meanwhile"


def _turn_to_another(visit: Visit) -> None:
    visit.keep(_MEANWHILE, None)
    forget_questions(visit)


def _meanwhile(
    visit: Visit, story: PurchaseOrderStory, key: str, choices: Mapping[str, Choice]
) -> None:
    """Say above an open form what others did since it was opened, and whether it still can be."""
    label = st.session_state.get(key)
    what = happened_since(visit, story, form_open=label is not None)
    if what and label is not None:
        notice = _(
            "Since you opened “{act}”: {what}. Nothing that you entered was done. Check what "
            "the page shows now before you go on.",
            act=label,
            what=what,
        )
        if label not in choices:
            del st.session_state[key]
            choice = next(c for c in CHOICES if _(c.label) == label)
            notice = f"{notice} {_('It is no longer possible.')} {choice.why_not(story)}".strip()
        visit.keep(_MEANWHILE, (key, notice))
    about, notice = visit.recall(_MEANWHILE) or ("", "")
    if about == key:
        st.warning(notice, icon=":material/sync_problem:")


def _invoice(visit: Visit, story: PurchaseOrderStory) -> None:
    visit.link("invoice", _("Preview the invoice and send it"), po=story.reference)


def _resend(visit: Visit, story: PurchaseOrderStory) -> None:
    st.write(
        _(
            "Stripe emails the invoice to {contact_email} again.",
            contact_email=formats.plain(story.contact_email),
        )
    )
    with st.form(visit.key("order.resend"), border=False):
        if not submit(visit, _("Email it again")):
            return

    def act() -> str:
        resend_invoice(visit.opened, story.reference)
        return _("The invoice was emailed again.")

    perform(visit, act)


def _call(visit: Visit, story: PurchaseOrderStory) -> None:
    with st.form(visit.key("order.call"), border=False):
        call = call_fields(visit)
        if not st.form_submit_button(_("Save call"), type="primary"):
            return

    def act() -> str:
        log_call(visit.opened, story.reference, **call)
        return _("Call logged.")

    perform(visit, act)


def _deliver(visit: Visit, story: PurchaseOrderStory) -> None:
    st.write(
        _(
            "Stripe does not email this invoice: write the email with the invoice's PDF and "
            "link, check it, and send it or upload the PDF. Then mark the invoice as delivered."
        )
    )
    name = "order.mail"
    with st.container(horizontal=True):
        if st.button(_("Write the email"), icon=":material/draft:", key=visit.key("order.deliver")):
            try:
                visit.keep(name, deliver(visit.opened, story.reference))
                forget_seen(visit)  # what is new is the writer's own
            except PoToolkitError as error:
                st.error(formats.message(str(error)), icon=":material/error:")
        made = visit.recall(name)
        if isinstance(made, Delivery):
            _downloads(visit, made)
    if made is not None and any(i.state == "finalized" for i in story.invoices):
        with st.form(visit.key("order.delivered"), border=False):
            if not st.form_submit_button(_("Mark as delivered"), type="primary"):
                return
        visit.keep(name, None)
        perform(visit, lambda: _delivered(visit, story))


def _downloads(visit: Visit, made: Delivery) -> None:
    for label, content, name, kind in (
        (_("Email draft"), made.mail, f"{made.reference}.eml", "message/rfc822"),
        (_("PDF"), made.pdf, made.file_name, "application/pdf"),
    ):
        st.download_button(
            label, content, name, kind, on_click="ignore", key=visit.key(f"order.{kind}")
        )


def _delivered(visit: Visit, story: PurchaseOrderStory) -> str:
    status = mark_delivered(visit.opened, story.reference)
    return _(
        "Marked as delivered; it is now {status}.", status=formats.inner(formats.status(status))
    )


def _cancel(visit: Visit, story: PurchaseOrderStory) -> None:
    st.write(_("Its open invoice is voided at Stripe; nothing more can be paid on it."))
    with st.form(visit.key("order.cancel"), border=False):
        reason = reason_field(_("Why it is cancelled"))
        if not submit(visit, _("Cancel {reference}", reference=story.reference)):
            return

    def act() -> str:
        refuse_without_reason(reason)
        return _(
            "Cancelled. {stands}",
            stands=stands(cancel(visit.opened, story.reference, reason=reason)),
        )

    perform(visit, act)


@dataclass(frozen=True)
class Choice:
    """One thing that can be done.

    ``why_not`` says why it cannot and what to do instead; it is asked only where ``possible`` says
    no, and may be empty.
    """

    label: str
    act: Act
    possible: Callable[[PurchaseOrderStory], bool]
    show: Callable[[Visit, PurchaseOrderStory], None]
    why_not: Callable[[PurchaseOrderStory], str] = lambda _story: ""


def _is_open(story: PurchaseOrderStory) -> bool:
    return story.status != Status.CANCELLED


def _to_be_sent(story: PurchaseOrderStory) -> bool:
    return _is_open(story) and story.balance > 0 and not story.stripe_invoice_url


def _is_out(story: PurchaseOrderStory, way: str = "stripe") -> bool:
    return any(i.stripe_status == "open" and i.delivery == way for i in story.invoices)


def _owed(story: PurchaseOrderStory) -> bool:
    return _is_open(story) and bool(story.stripe_invoice_url) and story.balance > 0


def _creditable(story: PurchaseOrderStory) -> bool:
    return _is_open(story) and story.credited < story.total


def _without_money(story: PurchaseOrderStory) -> bool:
    return _is_open(story) and story.paid == story.refunded


def _changeable(story: PurchaseOrderStory) -> bool:
    return _without_money(story) and not story.stripe_invoice_url


def _reissuable(story: PurchaseOrderStory) -> bool:
    if not story.stripe_invoice_url or not _is_open(story):
        return False
    owed_again = story.balance > 0 and story.invoices[-1].stripe_status == "paid"
    return owed_again or _without_money(story)


def _held(story: PurchaseOrderStory) -> str:
    return formats.amount(story.paid - story.refunded, story.currency)


def _why_not_sent(story: PurchaseOrderStory) -> str:
    if story.stripe_invoice_url:
        return (
            _("Its invoice was sent. Resend it, or void and reissue it with changes.")
            if _reissuable(story)
            else _("Its invoice was sent.")
        )
    return _("Nothing is owed on it.") if _is_open(story) else _("It is cancelled.")


def _why_not_paid(_story: PurchaseOrderStory) -> str:
    return _("It is cancelled. Record the payment on the purchase order that it was meant for.")


def _why_not_changed(story: PurchaseOrderStory) -> str:
    if not _is_open(story):
        return _("It is cancelled. Duplicate it to begin a new one.")
    if story.stripe_invoice_url and _reissuable(story):
        return _(
            "Its invoice was sent. Contact and notes can be changed; for the rest, reissue it."
        )
    return _(
        "{held} is received. Contact and notes can be changed; to change more, refund "
        "or reverse the payment first.",
        held=_held(story),
    )


def _why_not_reissued(story: PurchaseOrderStory) -> str:
    if not _is_open(story):
        return _("It is cancelled. Duplicate it to begin a new one.")
    if not story.stripe_invoice_url:
        return _("No invoice was sent yet. Edit it instead.")
    return _(
        "{held} is received, and Stripe voids no invoice with payments. Issue a credit "
        "note for what is too much, or a new purchase order for what comes on top.",
        held=_held(story),
    )


def _why_not_cancelled(story: PurchaseOrderStory) -> str:
    if not _is_open(story):
        return _("It is cancelled already.")
    return _(
        "{held} is received. Refund it first, or issue a credit note for the rest and "
        "keep what was paid.",
        held=_held(story),
    )


def _duplicate(visit: Visit, story: PurchaseOrderStory) -> None:
    visit.link("new", _("Open a copy as a new purchase order"), **{"from": story.reference})


def _why_not(visit: Visit, story: PurchaseOrderStory) -> None:
    """Say why an act is not offered, and what to do instead."""
    missing = [
        (choice.label, why)
        for choice in CHOICES
        if visit.may(choice.act) and not choice.possible(story) and (why := choice.why_not(story))
    ]
    if not missing:
        return
    with st.expander(_("What cannot be done now, and why")):
        for label, why in missing:
            st.markdown(f"**{_(label)}:** {formats.plain(why)}")


CHOICES = (
    Choice(N_("Send invoice"), Act.INVOICE, _to_be_sent, _invoice, _why_not_sent),
    Choice(N_("Record payment"), Act.RECORD_PAYMENT, _is_open, payment_form, _why_not_paid),
    Choice(N_("Send invoice again"), Act.RESEND, _is_out, _resend),
    Choice(N_("Log call"), Act.LOG_CALL, _owed, _call),
    Choice(N_("Deliver"), Act.DELIVER, lambda story: _is_out(story, "ourselves"), _deliver),
    Choice(N_("Credit note"), Act.ISSUE_CREDIT_NOTE, _creditable, credit_form),
    Choice(N_("Refund"), Act.REFUND, lambda story: story.paid > story.refunded, refund_form),
    Choice(
        N_("Reverse an entry"),
        Act.REVERSE,
        lambda story: any(by_hand(entry) for entry in story.entries),
        reverse_form,
    ),
    Choice(N_("Edit"), Act.AMEND, _changeable, change_form, _why_not_changed),
    Choice(N_("Contact and notes"), Act.AMEND, lambda _story: True, contact_form),
    Choice(N_("Void and reissue"), Act.REISSUE, _reissuable, change_form, _why_not_reissued),
    Choice(N_("Duplicate"), Act.CREATE, lambda _story: True, _duplicate),
    Choice(N_("Cancel"), Act.CANCEL, _without_money, _cancel, _why_not_cancelled),
)
