"""What can be done with several purchase orders at once."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from po_toolkit.api.invoices import resend_invoice
from po_toolkit.api.ledger import cancel
from po_toolkit.api.reminders import ReminderReport, send_reminders
from po_toolkit.api.reports import ListedOrder, invoice_pdf
from po_toolkit.api.terms import Act
from po_toolkit.errors import PoToolkitError
from po_toolkit.ui import formats
from po_toolkit.ui.language import _
from po_toolkit.ui.session import Visit, wholly

_OUTCOME = "orders.bulk"
_TURN = "orders.bulk.turn"
"""How often something was done to several in this visit; it is part of their buttons' keys."""


def orders_bulk(visit: Visit, chosen: Sequence[ListedOrder]) -> None:
    """Show what came of the last act, and what can be done with the ticked rows."""
    for done, text in visit.recall(_OUTCOME) or []:
        (st.success if done else st.error)(formats.message(text))
    visit.keep(_OUTCOME, None)
    if not chosen:
        st.caption(_("Click a sponsor's name to open it. Tick rows to act on several."))
        return
    number = formats.count(len(chosen), "purchase order")
    st.markdown(_("**{number} ticked**", number=number))
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(chosen) == 1:
            visit.link(
                "order",
                _(
                    "Open {organization_name}",
                    organization_name=formats.plain(chosen[0].organization_name),
                ),
                po=chosen[0].reference,
            )
        st.download_button(
            _("Download PDFs"),
            lambda: _pdfs(visit, chosen),
            f"{visit.opened.slug}-invoices.zip",
            "application/zip",
            icon=":material/picture_as_pdf:",
            on_click="ignore",
            key=visit.key("orders.pdfs"),
        )
        if visit.may(Act.REMIND) and visit.opened.settings.mode != "none":
            with st.popover(_("Remind"), icon=":material/notifications:"):
                _remind(visit, chosen)
        if visit.may(Act.RESEND) and visit.opened.settings.mode != "none":
            with st.popover(_("Resend invoices"), icon=":material/forward_to_inbox:"):
                _resend(visit, chosen)
        if visit.may(Act.CANCEL):
            with st.popover(_("Cancel"), icon=":material/block:"):
                _cancel(visit, chosen)


def _remind(visit: Visit, chosen: Sequence[ListedOrder]) -> None:
    """Send the reminders of these whose turn it is; the others are named with the reason."""
    number = formats.count(len(chosen), "purchase order")
    st.write(
        _(
            "Reminders that are due by the schedule are sent; each step goes out once. "
            "Stripe is asked first whether a payment came."
        )
    )
    these = _these(visit, chosen)
    if not _confirmed(these, "orders.remind", _("Remind {number}", number=number), ready=True):
        return
    names = {order.reference: order.organization_name for order in chosen}

    def act() -> list[tuple[bool, str]]:
        return _reminded(send_reminders(visit.opened, references=set(names)), names)

    _done(visit, number, act)


def _reminded(report: ReminderReport, names: Mapping[str, str]) -> list[tuple[bool, str]]:
    """Say of each whether it was reminded, or why not."""
    results = {result.reference: result for result in report.results}
    outcome = [
        (True, _("{reminders} sent.", reminders=formats.count(report.count("sent"), "reminder")))
    ]
    for reference, name in names.items():
        result = results.get(reference)
        if result is None:
            outcome.append((False, _("{name}: No reminder is due.", name=name)))
        elif result.outcome != "sent":
            outcome.append((False, f"{name}: {formats.localized(result.reason or result.outcome)}"))
    return outcome


def _resend(visit: Visit, chosen: Sequence[ListedOrder]) -> None:
    number = formats.count(len(chosen), "invoice")
    st.write(_("Stripe emails {number} to the sponsors' contacts again.", number=number))

    def act(order: ListedOrder) -> str:
        resend_invoice(visit.opened, order.reference)
        return ""

    these = _these(visit, chosen)
    if _confirmed(these, "orders.resend", _("Resend {number}", number=number), ready=True):
        _each(visit, chosen, act, _("{number} resent."))


def _cancel(visit: Visit, chosen: Sequence[ListedOrder]) -> None:
    number = formats.count(len(chosen), "purchase order")
    st.write(_("They are removed from every total, and their open invoices are voided at Stripe."))
    these = _these(visit, chosen)
    reason = st.text_input(_("Reason"), key=these.key("orders.cancel.reason")).strip()

    def act(order: ListedOrder) -> str:
        return cancel(visit.opened, order.reference, reason=reason).remark

    if _confirmed(these, "orders.cancel", _("Cancel {number}", number=number), ready=bool(reason)):
        _each(visit, chosen, act, _("{number} cancelled."))


def _these(visit: Visit, chosen: Sequence[ListedOrder]) -> Visit:
    """Return the visit for what is entered about just these, and only until it is done."""
    return visit.about(f"{visit.recall(_TURN)}", *(order.reference for order in chosen))


def _confirmed(visit: Visit, key: str, label: str, *, ready: bool) -> bool:
    """Show the button that does it; in live mode it takes a tick."""
    live = visit.opened.settings.mode == "live"
    sure = not live or st.checkbox(
        _("Yes, in the real Stripe account of {name}", name=visit.opened.settings.name),
        key=visit.key(f"{key}.sure"),
    )
    return st.button(label, type="primary", disabled=not (ready and sure), key=visit.key(key))


def _each(
    visit: Visit, chosen: Sequence[ListedOrder], act: Callable[[ListedOrder], str], done: str
) -> None:
    """Perform an act for each; one that fails is named and does not stop the others."""

    def all_of_them() -> list[tuple[bool, str]]:
        finished = 0
        outcome: list[tuple[bool, str]] = []
        for order in chosen:
            try:
                remark = act(order)
            except PoToolkitError as error:
                outcome.append((False, f"{order.organization_name}: {error}"))
                continue
            finished += 1
            if remark:
                outcome.append((True, f"{order.organization_name}: {formats.localized(remark)}"))
        if finished:
            outcome.insert(0, (True, done.format(number=formats.count(finished, "purchase order"))))
        return outcome

    _done(visit, formats.count(len(chosen), "purchase order"), all_of_them)


def _done(visit: Visit, number: str, act: Callable[[], list[tuple[bool, str]]]) -> None:
    """Do it, and show what came of it; a second click does nothing more."""

    def keep() -> None:
        visit.keep(_OUTCOME, act())
        visit.keep(_TURN, (visit.recall(_TURN) or 0) + 1)

    with st.spinner(f"{number}…"):
        wholly(visit.key(_TURN), keep)
    st.rerun()


def _pdfs(visit: Visit, chosen: Sequence[ListedOrder]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as files:
        for order in chosen:
            files.writestr(f"{order.reference}.pdf", invoice_pdf(visit.opened, order.reference))
    return out.getvalue()
