"""What is in, what is late, whom to call, what came in, and what needs attention."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import streamlit as st

from po_toolkit.api.activity import health
from po_toolkit.api.bank import held_statements
from po_toolkit.api.home import (
    CashOverTime,
    CurrencyTotals,
    FrontPage,
    HomePage,
    OpenOrder,
    cash_over_time,
    home_page,
    log_call,
)
from po_toolkit.api.imports import BatchSummary, import_batches_of
from po_toolkit.api.terms import BUCKET_LABELS, Act, Status
from po_toolkit.jobs import batches
from po_toolkit.ui import charts, formats, tables
from po_toolkit.ui.failures import failures_shown
from po_toolkit.ui.language import _, ngettext
from po_toolkit.ui.order_form import call_fields
from po_toolkit.ui.sample_data import offer_removal, show_first_steps
from po_toolkit.ui.session import Visit
from po_toolkit.ui.sync_button import sync_button


@dataclass(frozen=True)
class Matter:
    """Something that waits for a person, and the page on which to attend to it."""

    text: str
    page: str
    query: dict[str, str]


def home_screen(visit: Visit) -> None:
    """Show the screen."""
    name, sync = st.columns([3, 1], vertical_alignment="bottom")
    name.title(formats.plain(visit.opened.settings.name))
    page = home_page(visit.opened)
    if not page.sums.by_status:
        show_first_steps(visit)
        return
    sync_button(visit, sync)
    imports = import_batches_of(visit.opened)
    offer_removal(visit, imports)
    _reversed_payments(visit, page.sums)
    own = visit.opened.settings.currency
    first, *others = sorted(page.sums.totals, key=lambda s: (s.currency != own, s.currency))
    _tiles(visit, first)
    if others:
        late = sum(totals.overdue_orders for totals in others)
        title = formats.count(len(others), "other currency", "other currencies")
        overdue = (
            _(", {orders} overdue", orders=formats.count(late, "purchase order")) if late else ""
        )
        with st.expander(f"{title}{overdue}", expanded=len(others) == 1):
            for totals in others:
                _tiles(visit, totals)
    left, right = st.columns(2)
    with left:
        _calls(visit, page)
        if not page.calls:
            _due_soon(visit, page)
    with right:
        _payments(visit, page)
        if page.calls:
            _due_soon(visit, page)
    _pictures(visit, page.sums)
    _attention(visit, page.sums, imports)
    with st.expander(_("Last sync with Stripe")):
        _health(visit)


def _reversed_payments(visit: Visit, page: FrontPage) -> None:
    """Warn of payments that went back, until each is dealt with."""
    if number := page.waiting.get("reversed_payments", 0):
        orders = formats.count(number, "purchase order")
        text = _("A payment was reversed and is owed again: {orders}.", orders=orders)
        st.warning(text, icon=":material/undo:")
        visit.link("orders", _("Show reversed payments"), view=_("Payment reversed"))


def _tiles(visit: Visit, totals: CurrencyTotals) -> None:
    """Show the four figures of one currency; each opens to its purchase orders."""
    currency, code = totals.currency, totals.currency.upper()

    def written(value: Decimal) -> str:
        return formats.amount(value, currency)

    invoiced = written(totals.invoiced)
    late = formats.count(totals.overdue_orders, "purchase order")
    tiles = (
        (
            _("Received"),
            totals.received,
            _("of {invoiced} invoiced", invoiced=invoiced)
            if totals.share is None
            else _(
                "{share} of {invoiced} invoiced",
                share=formats.percent(totals.share),
                invoiced=invoiced,
            ),
            _("Received"),
            _("Show received"),
        ),
        (
            _("Outstanding"),
            totals.outstanding,
            _("{written} not invoiced yet", written=written(totals.not_invoiced))
            if totals.not_invoiced
            else _("All invoiced"),
            _("Outstanding"),
            _("Show outstanding"),
        ),
        (
            _("Overdue"),
            totals.overdue,
            _("{late}, oldest {days}", late=late, days=formats.count(totals.oldest_days, "day"))
            if totals.overdue_orders
            else _("Nothing is overdue"),
            _("Overdue"),
            _("Show overdue"),
        ),
        (
            _("Last seven days"),
            totals.last_week,
            _("Received, less refunds"),
            _("Paid or refunded in the last 7 days"),
            _("Show payments"),
        ),
    )
    for place, (label, value, about, view, link) in zip(st.columns(4), tiles, strict=True):
        with place.container(border=True, height="stretch", gap="small"):
            st.metric(f"{label}, {code}", written(value))
            st.caption(about)
            visit.link("orders", link, view=view, currency=[code])


def _calls(visit: Visit, page: HomePage) -> None:
    st.subheader(_("Call today"))
    if message := visit.recall("home.message"):
        st.toast(message, icon=":material/check_circle:", duration="long")
        visit.keep("home.message", None)
    if not page.calls:
        overdue = any(totals.overdue_orders for totals in page.sums.totals)
        st.caption(
            _("Everyone overdue was called today or has promised to pay.")
            if overdue
            else _("Nobody is overdue.")
        )
        return
    for order in page.calls:
        _call(visit, order)
    if sum(totals.overdue_orders for totals in page.sums.totals) > len(page.calls):
        visit.link("orders", _("All that is overdue"), view=_("Overdue"))


def _call(visit: Visit, order: OpenOrder) -> None:
    """Show one sponsor to call: who, how much, since when, what was said before."""
    zone = visit.opened.conference.timezone
    about = [formats.plain(order.contact_name), _mail(order.contact_email)]
    if order.contact_phone:
        about.append(f":material/call: {formats.plain(order.contact_phone)}")
    reminded = formats.date_of(order.reminded_at, zone)
    about.append(
        _("Last reminder {reminded}", reminded=reminded) if reminded else _("Not reminded yet")
    )
    if order.called_at:
        about.append(_("Last call {called_at}", called_at=formats.date_of(order.called_at, zone)))
    if order.promised_on:
        about.append(
            _("Promised to pay by {promised_on}", promised_on=formats.day(order.promised_on))
        )
    with st.container(border=True, gap="small"):
        who, how = st.columns(2)
        with who:
            visit.link("order", formats.plain(order.organization_name), po=order.reference)
        with how:
            st.markdown(f"**{formats.amount(order.balance, order.currency)}**")
        left, right = st.columns(2)
        with left:
            st.markdown(" · ".join(filter(None, about)))  # links in captions are too pale
        with right:
            formats.overdue_badge(order.days_overdue)
            if visit.may(Act.LOG_CALL):
                _call_buttons(visit, order)


def _call_buttons(visit: Visit, order: OpenOrder) -> None:
    with st.container(horizontal=True, gap="small"):
        if st.button(_("Log call"), key=visit.key(f"call.{order.reference}")):
            _logged(visit, order)
        # Its own key, since an open popover stays open for the sponsor who moves up to its place.
        key = visit.key(f"call.note.{order.reference}")
        with st.popover(_("Note"), help=_("Log a call, with a note."), key=key):
            _call_form(visit, order)


def _call_form(visit: Visit, order: OpenOrder) -> None:
    with st.form(visit.key(f"call.form.{order.reference}"), border=False):
        call = call_fields(visit)
        if st.form_submit_button(_("Save call"), type="primary"):
            _logged(visit, order, **call)


def _logged(visit: Visit, order: OpenOrder, **call: Any) -> None:
    with failures_shown(visit):
        log_call(visit.opened, order.reference, **call)
        name = formats.plain(order.organization_name)
        visit.keep("home.message", _("Call to {organization_name} logged.", organization_name=name))
        st.rerun()


def _mail(address: str) -> str:
    return f"[{formats.plain(address)}](mailto:{address})" if address else ""


def _payments(visit: Visit, page: HomePage) -> None:
    st.subheader(_("Latest payments"))
    if not page.payments:
        st.caption(_("No payment yet."))
        return
    picked = tables.pick_cell(
        tables.frame_of(page.payments),
        {
            "organization_name": _("Sponsor"),
            "amount": _("Amount"),
            "booked_on": st.column_config.DateColumn(_("Date"), format="localized"),
        },
        money=["amount"],
        key=visit.key("home.payments"),
        alt=_("Latest payments; choose one to open its purchase order."),
    )
    if picked is not None:
        visit.open_order(page.payments[picked].reference)


def _due_soon(visit: Visit, page: HomePage) -> None:
    st.subheader(_("Due in two weeks"))
    if not page.due_soon:
        st.caption(_("Nothing is due in the next two weeks."))
        return
    picked = tables.pick_cell(
        tables.frame_of(page.due_soon),
        {
            "organization_name": _("Sponsor"),
            "balance": _("Outstanding"),
            "due_date": st.column_config.DateColumn(_("Due"), format="localized"),
        },
        money=["balance"],
        key=visit.key("home.due"),
        alt=_("What is due in two weeks; choose one to open its purchase order."),
    )
    if picked is not None:
        visit.open_order(page.due_soon[picked].reference)
    visit.link("orders", _("All due in two weeks"), view=_("Due in two weeks"))


def _attention(visit: Visit, page: FrontPage, imports: Iterable[BatchSummary]) -> None:
    st.subheader(_("Needs attention"))
    matters = [*_matters(visit, page), *_matters_elsewhere(visit, page, imports)]
    if not matters:
        st.success(_("You're all caught up."), icon=":material/check_circle:")
    for matter in matters:
        visit.link(matter.page, matter.text, **matter.query)


def _matters(visit: Visit, page: FrontPage) -> Iterator[Matter]:
    paused = [b for b in batches.latest(visit.opened, limit=1) if b.state == "paused"]
    for batch in paused:  # nothing else is sent meanwhile
        left = formats.count(batch.waiting, "invoice")
        text = _("A batch is paused, {left} not sent: resume or stop it", left=left)
        yield Matter(text, "invoice", {"run": str(batch.batch_id)})
    drafts = sum(s.purchase_orders for s in page.by_status if s.status == Status.DRAFT)
    if drafts and not paused:
        yield Matter(_("{drafts} to invoice", drafts=formats.count(drafts, "draft")), "invoice", {})
    failed = page.waiting.get("invoicing_failed", 0)
    if failed:
        text = _("{orders} where invoicing failed", orders=formats.count(failed, "purchase order"))
        yield Matter(text, "activity", {"activity-view": _("Failed tasks")})
    if late := sum(totals.overdue_orders for totals in page.totals):
        yield Matter(
            _("{orders} overdue", orders=formats.count(late, "purchase order")),
            "orders",
            {"view": _("Overdue")},
        )
    if number := page.waiting.get("cancelled_with_money", 0):
        text = _(
            "{orders} with money: refund or move it",
            orders=formats.count(number, "cancelled purchase order"),
        )
        yield Matter(text, "orders", {"view": _("Cancelled with money")})
    issued, overpaid = (
        sum(s.purchase_orders for s in page.by_status if s.status == status)
        for status in (Status.ISSUED, Status.OVERPAID)
    )
    if issued:
        text = ngettext(
            "{n} invoice to deliver yourself", "{n} invoices to deliver yourself", issued
        )
        yield Matter(text, "orders", {"status": formats.status(Status.ISSUED)})
    if overpaid:
        text = ngettext("{n} purchase order overpaid", "{n} purchase orders overpaid", overpaid)
        yield Matter(text, "orders", {"status": formats.status(Status.OVERPAID)})


def _matters_elsewhere(
    visit: Visit, page: FrontPage, imports: Iterable[BatchSummary]
) -> Iterator[Matter]:
    """What waits at Stripe, on bank statements and in imports."""
    if number := page.waiting.get("invoice_without_order", 0):
        text = ngettext(
            "{n} invoice at Stripe without a purchase order",
            "{n} invoices at Stripe without a purchase order",
            number,
        )
        yield Matter(text, "reconciliation", {})
    if number := page.waiting.get("money_stuck_at_stripe", 0):
        text = ngettext(
            "{n} sponsor with unapplied money at Stripe",
            "{n} sponsors with unapplied money at Stripe",
            number,
        )
        yield Matter(text, "reconciliation", {})
    if number := page.waiting.get("bank_lines", 0):
        text = ngettext("{n} bank line to match", "{n} bank lines to match", number)
        yield Matter(text, "bank", {})
    if held := len(held_statements(visit.opened)):
        text = _("{statements} on hold", statements=formats.count(held, "bank statement"))
        yield Matter(text, "bank", {"bank-view": _("Statements")})
    for batch in imports:
        if batch.waiting_rows and batch.undone_at is None:
            text = _(
                "{rows} of {file_name} to fix",
                rows=formats.count(batch.waiting_rows, "row"),
                file_name=batch.file_name,
            )
            yield Matter(formats.plain(text), "import", {"batch": str(batch.batch)})


def _health(visit: Visit) -> None:
    """Say in detail what was read from Stripe and what that proved."""
    zone = visit.opened.conference.timezone
    found = health(visit.opened)
    st.write(
        _("Last synced {last_sync_at}.", last_sync_at=formats.moment(found.last_sync_at, zone))
        if found.last_sync_at
        else _("Never synced yet.")
    )
    if found.last_error:
        st.warning(
            _(
                "The last sync did not finish. {last_error}",
                last_error=formats.message(found.last_error),
            ),
            icon=":material/sync_problem:",
        )
    if found.last_sweep_at is not None:
        _proved(found.last_sweep, formats.moment(found.last_sweep_at, zone))
    events = found.events
    if broken := events.get("set_aside", 0):
        st.warning(
            _("{events} failed.", events=formats.count(broken, "webhook event")),
            icon=":material/error:",
        )
        visit.link("activity", _("Show them"), **{"activity-view": _("Webhook events")})
    if again := events.get("failed", 0):
        st.write(
            _("{events} failed and will be retried.", events=formats.count(again, "webhook event"))
        )
    if events:
        number = formats.count(sum(events.values()), "webhook event")
        st.write(
            _(
                "{number} received, the last {last_event_at}.",
                number=number,
                last_event_at=formats.moment(found.last_event_at, zone),
            )
        )
    else:
        st.write(_("No webhooks received yet. Sync to update."))


def _proved(sweep: dict[str, Any], when: str) -> None:
    """Say what the last comparison of every object with the ledger proved."""
    compared = (
        formats.count(sweep.get("invoices", 0), "invoice"),
        formats.count(sweep.get("payments", 0), "payment"),
        formats.count(sweep.get("refunds", 0), "refund"),
        formats.count(sweep.get("disputes", 0), "dispute"),
        formats.count(sweep.get("credit_notes", 0), "credit note"),
    )
    st.write(
        _(
            "Checked against Stripe {when}: {compared}; {entries} recorded.",
            when=when,
            compared=", ".join(compared),
            entries=formats.count(sweep.get("found", 0), "missing entry", "missing entries"),
        )
    )
    for stray in sweep.get("only_here", []):
        st.warning(
            _("In the ledger and no longer at Stripe: {stray}", stray=formats.message(stray)),
            icon=":material/error:",
        )


def _pictures(visit: Visit, page: FrontPage) -> None:
    own = visit.opened.settings.currency
    currencies = sorted({s.currency for s in page.by_status}, key=lambda c: (c != own, c))
    currency = currencies[0]
    if len(currencies) > 1:
        currency = st.segmented_control(
            _("Currency"),
            currencies,
            default=currency,
            required=True,
            format_func=str.upper,
            key=visit.key("home.currency"),
        )
    left, right = st.columns(2)
    with left:
        st.subheader(_("Received against due"))
        _cash(visit, currency)
    with right:
        st.subheader(_("Outstanding by age"))
        _ageing(visit, page, currency)


def _cash(visit: Visit, currency: str) -> None:
    slug = visit.opened.settings.previous_conference
    earlier = visit.settings.conferences.get(slug) if slug in visit.slugs else None
    cash = cash_over_time(
        visit.opened,
        currency,
        previous=slug if earlier else "",
        previous_event=earlier.event_date if earlier else None,
    )
    if not any(day.due or day.received for day in (*cash.days, *cash.last_year)):
        st.caption(_("Nothing has fallen due and nothing was received yet."))
        return
    picked = charts.steps(
        _series(cash),
        currency,
        key=visit.key(f"home.cash.{currency}"),
        about=_(
            "Received against due in {currency}, up to today; choose a point to see the "
            "purchase orders as of that day",
            currency=currency.upper(),
        ),
    )
    if picked is not None:
        visit.go("reconciliation", **{"as-of": picked, "reconciliation-view": _("Purchase orders")})


def _series(cash: CashOverTime) -> list[tuple[str, list[tuple[date, Decimal]]]]:
    series = [
        (_("Due"), [(day.day, day.due) for day in cash.days]),
        (_("Received"), [(day.day, day.received) for day in cash.days]),
    ]
    if cash.last_year:
        name = _("{last_name} at the same point", last_name=cash.last_name)
        series.append((name, [(day.day, day.received) for day in cash.last_year]))
    return series


def _ageing(visit: Visit, page: FrontPage, currency: str) -> None:
    aged = [a for a in page.ageing if a.currency == currency]
    if not aged:
        st.caption(_("Nothing is outstanding."))
        return
    picked = charts.bars(
        [f"{_(BUCKET_LABELS[a.bucket])} ({a.purchase_orders})" for a in aged],
        [a.amount for a in aged],
        currency,
        key=visit.key(f"home.ageing.{currency}"),
        about=_(
            "What is outstanding in {currency} by age; choose a bar to see its rows",
            currency=currency.upper(),
        ),
    )
    if picked is not None:
        visit.go("orders", view=_(BUCKET_LABELS[aged[picked].bucket]), currency=[currency.upper()])
