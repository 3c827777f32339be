"""What needs somebody's attention today, and how the conference stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from po_toolkit.api.activity import health
from po_toolkit.api.bank import held_statements
from po_toolkit.api.imports import import_batches_of
from po_toolkit.api.reports import FrontPage, front_page
from po_toolkit.api.terms import BUCKET_LABELS, Bucket, Status
from po_toolkit.ui import charts, tables, words
from po_toolkit.ui.sample_data import offer_removal, show_first_steps
from po_toolkit.ui.session import Visit
from po_toolkit.ui.sync_button import sync_button

STALE = timedelta(hours=24)
"""A sync older than this is worth a warning."""

_LATE = (Bucket.DAYS_1_30, Bucket.DAYS_31_60, Bucket.DAYS_61_90, Bucket.OVER_90)


@dataclass(frozen=True)
class Matter:
    """Something that waits for a person, and where he attends to it."""

    text: str
    page: str
    query: dict[str, str]


def home_screen(visit: Visit) -> None:
    """Show the screen."""
    st.title(words.plain(visit.opened.settings.name))
    page = front_page(visit.opened)
    if not page.by_status:
        show_first_steps(visit)
        return
    offer_removal(visit)
    left, right = st.columns([3, 2])
    with left:
        _attention(visit, page)
    with right:
        _health(visit)
    _totals(visit, page)
    _pictures(visit, page)


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
    late = sum(a.purchase_orders for a in page.ageing if a.bucket in _LATE)
    if late:
        text = f"{words.count(late, 'purchase order')} overdue"
        yield Matter(text, "reconciliation", {"reconciliation-view": "By age"})
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
    st.subheader("Stripe")
    words.mode_badge(visit.opened.settings.mode)
    found = health(visit.opened)
    events, came = found.events, found.last_event_at
    _synced(visit, found.last_sync_at)
    if found.last_error:
        said = words.plain(found.last_error)
        st.warning(f"The last sync did not finish. {said}", icon=":material/sync_problem:")
    if found.last_sweep_at is not None:
        when = words.moment(found.last_sweep_at, visit.opened.conference.timezone)
        _proved(found.last_sweep, when)
    broken = events.get("set_aside", 0)
    if broken:
        st.warning(f"{words.count(broken, 'webhook event')} failed.", icon=":material/error:")
        visit.link("activity", "Show them", **{"activity-view": "Webhook events"})
    elif events:
        st.write(
            f"{words.count(sum(events.values()), 'webhook event')} received, last "
            f"{words.moment(came, visit.opened.conference.timezone)}; none failed."
        )
    if again := events.get("failed", 0):
        st.write(f"{words.count(again, 'webhook event')} failed and will be retried.")
    if not events:
        st.write("No webhooks received yet. Sync to update.")
    sync_button(visit)


def _synced(visit: Visit, synced: datetime | None) -> None:
    if synced is None:
        st.write("Never synced yet.")
        return
    st.write(f"Last synced {words.moment(synced, visit.opened.conference.timezone)}.")
    if visit.opened.now() - synced > STALE:
        st.warning("That is more than a day ago.", icon=":material/schedule:")


def _proved(sweep: dict[str, Any], when: str) -> None:
    """Say what the last comparison of every object with the ledger proved."""
    nouns = ("invoice", "payment", "refund", "dispute", "credit note")
    compared = [words.count(sweep.get(f"{n}s".replace(" ", "_"), 0), n) for n in nouns]
    st.write(
        f"Checked against Stripe {when}: {', '.join(compared)}; "
        f"{words.count(sweep.get('found', 0), 'missing entry', 'missing entries')} recorded."
    )
    for stray in sweep.get("only_here", []):
        st.warning(f"In the ledger and no longer at Stripe: {stray}", icon=":material/error:")


def _totals(visit: Visit, page: FrontPage) -> None:
    st.subheader("Totals")
    own = visit.opened.settings.currency
    order = list(words.STATUS_LABELS)
    sums = sorted(
        page.by_status, key=lambda s: (s.currency != own, s.currency, order.index(Status(s.status)))
    )
    frame = pd.DataFrame([asdict(s) for s in sums])
    frame["status"] = [words.status(s) for s in frame["status"]]
    picked = tables.pick(
        frame,
        {
            "status": "Status",
            "purchase_orders": "Purchase orders",
            "total": "Ordered",
            "credited": "Credited",
            "paid": "Paid",
            "refunded": "Refunded",
            "balance": "Balance",
        },
        money=["total", "credited", "paid", "refunded", "balance"],
        key=visit.key("home.totals"),
        alt="Totals by currency and status; choose a row to see its purchase orders.",
    )
    if picked is not None:
        chosen = sums[picked]
        status, currency = words.status(chosen.status), chosen.currency.upper()
        visit.go("orders", status=status, currency=currency)


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
    order = list(words.STATUS_LABELS)
    with left:
        st.subheader("By status")
        sums = sorted(
            (s for s in page.by_status if s.currency == currency),
            key=lambda s: order.index(Status(s.status)),
        )
        charts.bars(
            [f"{words.status(s.status)} ({s.purchase_orders})" for s in sums],
            [s.total for s in sums],
            currency,
            about=f"What was ordered in {currency.upper()} by status; figures in the table above",
        )
    with right:
        st.subheader("Outstanding by age")
        aged = [a for a in page.ageing if a.currency == currency]
        if not aged:
            st.caption("Nothing is open.")
            return
        charts.bars(
            [f"{BUCKET_LABELS[a.bucket]} ({a.purchase_orders})" for a in aged],
            [a.amount for a in aged],
            currency,
            about=f"What is open in {currency.upper()} by how late it is",
        )
