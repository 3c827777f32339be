"""What is in, what is late, whom to call, what came in, and what needs attention."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from po_toolkit.api.activity import health
from po_toolkit.api.bank import held_statements
from po_toolkit.api.home import (
    CashOverTime,
    FrontPage,
    HomePage,
    OpenOrder,
    Standing,
    cash_over_time,
    home_page,
    log_call,
)
from po_toolkit.api.imports import import_batches_of
from po_toolkit.api.terms import BUCKET_LABELS, Act, Status
from po_toolkit.ui import charts, tables, words
from po_toolkit.ui.failures import failures_shown
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
    name.title(words.plain(visit.opened.settings.name))
    page = home_page(visit.opened)
    if not page.sums.by_status:
        show_first_steps(visit)
        return
    with sync:
        sync_button(visit)
    offer_removal(visit)
    _taken_back(visit, page.sums)
    own = visit.opened.settings.currency
    first, *others = sorted(page.sums.standing, key=lambda s: (s.currency != own, s.currency))
    _tiles(visit, first)
    if others:
        late = sum(standing.overdue_orders for standing in others)
        title = words.count(len(others), "other currency", "other currencies")
        overdue = f", {words.count(late, 'purchase order')} overdue" if late else ""
        with st.expander(f"{title}{overdue}", expanded=len(others) == 1):
            for standing in others:
                _tiles(visit, standing)
    left, right = st.columns(2)
    with left:
        _calls(visit, page)
    with right:
        _payments(visit, page)
        _due_soon(visit, page)
    _pictures(visit, page.sums)
    _attention(visit, page.sums)
    with st.expander("Stripe", icon=":material/sync:"):
        _health(visit)


def _taken_back(visit: Visit, page: FrontPage) -> None:
    """Warn of payments that went back, until each is dealt with."""
    if number := page.waiting.get("taken_back", 0):
        payments = words.count(number, "purchase order")
        st.warning(
            f"A payment was taken back and is owed again: {payments}.", icon=":material/undo:"
        )
        visit.link("orders", "Show payments taken back", view="Payment taken back")


def _tiles(visit: Visit, standing: Standing) -> None:
    """Show the four figures of one currency; each opens to its purchase orders."""
    currency, code = standing.currency, standing.currency.upper()

    def written(value: Decimal) -> str:
        return words.amount(value, currency)

    share = "" if standing.share is None else f"{words.percent(standing.share)} "
    late = words.count(standing.overdue_orders, "purchase order")
    tiles = (
        ("Received", standing.received, f"{share}of {written(standing.invoiced)} invoiced", "All"),
        (
            "Outstanding",
            standing.outstanding,
            f"{written(standing.not_invoiced)} not invoiced yet"
            if standing.not_invoiced
            else "All invoiced",
            "Outstanding",
        ),
        (
            "Overdue",
            standing.overdue,
            f"{late}, oldest {words.count(standing.oldest_days, 'day')}"
            if standing.overdue_orders
            else "Nothing is overdue",
            "Overdue",
        ),
        (
            "Last seven days",
            standing.last_week,
            "Received, less refunds",
            "Paid or refunded in the last 7 days",
        ),
    )
    for place, (label, value, about, view) in zip(st.columns(4), tiles, strict=True):
        with place.container(border=True, height="stretch", gap="small"):
            st.metric(f"{label}, {code}", written(value))
            st.caption(about)
            link = f"Show {'payments' if label == 'Last seven days' else label.lower()}"
            visit.link("orders", link, view=view, currency=[code])


def _calls(visit: Visit, page: HomePage) -> None:
    st.subheader("Call today")
    if not page.calls:
        overdue = any(standing.overdue_orders for standing in page.sums.standing)
        st.caption(
            "Everyone overdue was called today or has promised to pay."
            if overdue
            else "Nobody is overdue."
        )
        return
    for order in page.calls:
        _call(visit, order)
    if sum(standing.overdue_orders for standing in page.sums.standing) > len(page.calls):
        visit.link("orders", "All that is overdue", view="Overdue")


def _call(visit: Visit, order: OpenOrder) -> None:
    """Show one sponsor to call: who, how much, since when, what was said before."""
    zone = visit.opened.conference.timezone
    about = [words.plain(order.contact_name), _mail(order.contact_email)]
    if order.contact_phone:
        about.append(f":material/call: {words.plain(order.contact_phone)}")
    reminded = words.date_of(order.reminded_at, zone)
    about.append(f"Last reminder {reminded}" if reminded else "Not reminded yet")
    if order.called_at:
        about.append(f"Last call {words.date_of(order.called_at, zone)}")
    if order.promised_on:
        about.append(f"Promised to pay by {words.day(order.promised_on)}")
    with st.container(border=True, gap="small"):
        who, how = st.columns(2)
        with who:
            visit.link("order", words.plain(order.organization_name), po=order.reference)
        with how:
            st.markdown(f"**{words.amount(order.balance, order.currency)}**")
        left, right = st.columns(2)
        with left:
            st.markdown(" · ".join(filter(None, about)))  # links in captions are too pale
        with right:
            st.badge(f"{words.count(order.days_overdue, 'day')} overdue", color="red")
            if visit.may(Act.LOG_CALL):
                _call_buttons(visit, order)


def _call_buttons(visit: Visit, order: OpenOrder) -> None:
    with st.container(horizontal=True, gap="small"):
        if st.button("Log call", key=visit.key(f"call.{order.reference}")):
            _logged(visit, order)
        with st.popover("Note", help="Log a call with what was said."):
            _call_form(visit, order)


def _call_form(visit: Visit, order: OpenOrder) -> None:
    with st.form(visit.key(f"call.form.{order.reference}"), border=False):
        note = st.text_input("What was said")
        promised = st.date_input(
            "Promised to pay by",
            value=None,
            min_value=visit.opened.today(),
            format=words.date_format(),
        )
        if st.form_submit_button("Save call", type="primary"):
            _logged(visit, order, note=note, promised_on=promised)


def _logged(visit: Visit, order: OpenOrder, **said: Any) -> None:
    with failures_shown(visit):
        log_call(visit.opened, order.reference, **said)
        st.toast(f"Call to {words.plain(order.organization_name)} logged.")
        st.rerun()


def _mail(address: str) -> str:
    return f"[{words.plain(address)}](mailto:{address})" if address else ""


def _payments(visit: Visit, page: HomePage) -> None:
    st.subheader("Latest payments")
    if not page.payments:
        st.caption("No payment yet.")
        return
    frame = pd.DataFrame([asdict(payment) for payment in page.payments])
    picked = tables.pick_cell(
        frame,
        {
            "organization_name": "Sponsor",
            "amount": "Amount",
            "booked_on": st.column_config.DateColumn("Date", format="localized"),
        },
        money=["amount"],
        key=visit.key("home.payments"),
        alt="Latest payments; choose one to open its purchase order.",
    )
    if picked is not None:
        visit.open_order(page.payments[picked].reference)


def _due_soon(visit: Visit, page: HomePage) -> None:
    st.subheader("Due in two weeks")
    if not page.due_soon:
        st.caption("Nothing is due in the next two weeks.")
        return
    picked = tables.pick_cell(
        pd.DataFrame([asdict(order) for order in page.due_soon]),
        {
            "organization_name": "Sponsor",
            "balance": "Outstanding",
            "due_date": st.column_config.DateColumn("Due", format="localized"),
        },
        money=["balance"],
        key=visit.key("home.due"),
        alt="What is due in two weeks; choose one to open its purchase order.",
    )
    if picked is not None:
        visit.open_order(page.due_soon[picked].reference)
    visit.link("orders", "All due in two weeks", view="Due in two weeks")


def _attention(visit: Visit, page: FrontPage) -> None:
    st.subheader("Needs attention")
    matters = list(_matters(visit, page))
    if not matters:
        st.success("You're all caught up.", icon=":material/check_circle:")
    for matter in matters:
        visit.link(matter.page, matter.text, **matter.query)


def _matters(visit: Visit, page: FrontPage) -> Iterator[Matter]:
    drafts = sum(s.purchase_orders for s in page.by_status if s.status == Status.DRAFT)
    if drafts:
        yield Matter(f"{words.count(drafts, 'draft')} to invoice", "invoice", {})
    failed = page.waiting.get("invoicing_failed", 0)
    if failed:
        text = f"{words.count(failed, 'purchase order')} where invoicing failed"
        yield Matter(text, "activity", {"activity-view": "Failed tasks"})
    if late := sum(standing.overdue_orders for standing in page.standing):
        yield Matter(
            f"{words.count(late, 'purchase order')} overdue", "orders", {"view": "Overdue"}
        )
    if number := page.waiting.get("cancelled_with_money", 0):
        text = f"{words.count(number, 'cancelled purchase order')} with money: refund or move it"
        yield Matter(text, "orders", {"view": "Cancelled with money"})
    for status, noun, text in (
        (Status.ISSUED, "invoice", "to deliver yourself"),
        (Status.OVERPAID, "purchase order", "overpaid"),
    ):
        if number := sum(s.purchase_orders for s in page.by_status if s.status == status):
            found = f"{words.count(number, noun)} {text}"
            yield Matter(found, "orders", {"status": words.STATUS_LABELS[status]})
    yield from _matters_elsewhere(visit, page)


def _matters_elsewhere(visit: Visit, page: FrontPage) -> Iterator[Matter]:
    """What waits at Stripe, on bank statements and in imports."""
    for code, text in (
        ("invoice_without_order", "at Stripe without a purchase order"),
        ("money_stuck_at_stripe", "with unapplied money at Stripe"),
    ):
        if number := page.waiting.get(code, 0):
            what = "invoice" if code == "invoice_without_order" else "sponsor"
            yield Matter(f"{words.count(number, what)} {text}", "reconciliation", {})
    if held := len(held_statements(visit.opened)):
        text = f"{words.count(held, 'bank statement')} on hold"
        yield Matter(text, "bank", {"bank-view": "Statements"})
    for batch in import_batches_of(visit.opened):
        if batch.waiting_rows and batch.undone_at is None:
            text = f"{words.count(batch.waiting_rows, 'row')} of {batch.file_name} to fix"
            yield Matter(words.plain(text), "import", {"batch": str(batch.batch)})


def _health(visit: Visit) -> None:
    """Say in detail what was read from Stripe and what that proved."""
    zone = visit.opened.conference.timezone
    found = health(visit.opened)
    st.write(
        f"Last synced {words.moment(found.last_sync_at, zone)}."
        if found.last_sync_at
        else "Never synced yet."
    )
    if found.last_error:
        st.warning(
            f"The last sync did not finish. {words.message(found.last_error)}",
            icon=":material/sync_problem:",
        )
    if found.last_sweep_at is not None:
        _proved(found.last_sweep, words.moment(found.last_sweep_at, zone))
    events = found.events
    if broken := events.get("set_aside", 0):
        st.warning(f"{words.count(broken, 'webhook event')} failed.", icon=":material/error:")
        visit.link("activity", "Show them", **{"activity-view": "Webhook events"})
    if again := events.get("failed", 0):
        st.write(f"{words.count(again, 'webhook event')} failed and will be retried.")
    if events:
        number = words.count(sum(events.values()), "webhook event")
        st.write(f"{number} received, the last {words.moment(found.last_event_at, zone)}.")
    else:
        st.write("No webhooks received yet. Sync to update.")


def _proved(sweep: dict[str, Any], when: str) -> None:
    """Say what the last comparison of every object with the ledger proved."""
    nouns = ("invoice", "payment", "refund", "dispute", "credit note")
    compared = [words.count(sweep.get(f"{n}s".replace(" ", "_"), 0), n) for n in nouns]
    st.write(
        f"Checked against Stripe {when}: {', '.join(compared)}; "
        f"{words.count(sweep.get('found', 0), 'missing entry', 'missing entries')} recorded."
    )
    for stray in sweep.get("only_here", []):
        st.warning(
            f"In the ledger and no longer at Stripe: {words.message(stray)}",
            icon=":material/error:",
        )


def _pictures(visit: Visit, page: FrontPage) -> None:
    own = visit.opened.settings.currency
    currencies = sorted({s.currency for s in page.by_status}, key=lambda c: (c != own, c))
    currency = currencies[0]
    if len(currencies) > 1:
        currency = st.segmented_control(
            "Currency",
            currencies,
            default=currency,
            required=True,
            format_func=str.upper,
            key=visit.key("home.currency"),
        )
    left, right = st.columns(2)
    with left:
        st.subheader("Received against due")
        _cash(visit, currency)
    with right:
        st.subheader("Outstanding by age")
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
    if not cash.days:
        st.caption("Nothing has fallen due and nothing was received yet.")
        return
    picked = charts.steps(
        _series(cash),
        currency,
        key=visit.key(f"home.cash.{currency}"),
        about=f"Received against due in {currency.upper()}, up to today; choose a point to see the "
        "purchase orders as of that day",
    )
    if picked is not None:
        visit.go("reconciliation", **{"as-of": picked, "reconciliation-view": "Purchase orders"})


def _series(cash: CashOverTime) -> list[tuple[str, list[tuple[date, Decimal]]]]:
    series = [
        ("Due", [(day.day, day.due) for day in cash.days]),
        ("Received", [(day.day, day.received) for day in cash.days]),
    ]
    if cash.last_year:
        name = f"Received, {cash.last_name}, as far from the event"
        series.append((name, [(day.day, day.received) for day in cash.last_year]))
    return series


def _ageing(visit: Visit, page: FrontPage, currency: str) -> None:
    aged = [a for a in page.ageing if a.currency == currency]
    if not aged:
        st.caption("Nothing is outstanding.")
        return
    picked = charts.bars(
        [f"{BUCKET_LABELS[a.bucket]} ({a.purchase_orders})" for a in aged],
        [a.amount for a in aged],
        currency,
        key=visit.key(f"home.ageing.{currency}"),
        about=f"What is outstanding in {currency.upper()} by age; choose a bar to see its rows",
    )
    if picked is not None:
        visit.go("orders", view=BUCKET_LABELS[aged[picked].bucket], currency=[currency.upper()])
