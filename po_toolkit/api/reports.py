"""Reports on the books: reconciliation, lists, statements, journals, PDFs and closed periods."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from po_toolkit.api.delivery import refresh_old_links
from po_toolkit.bootstrap import open_conference, open_database
from po_toolkit.config import Settings
from po_toolkit.context import OpenConference
from po_toolkit.domain.discrepancies import DISCREPANCY_TITLES, code_of
from po_toolkit.domain.records import AsJson
from po_toolkit.domain.roles import Act
from po_toolkit.payments import ledger
from po_toolkit.reconcile import (
    MONTHS,
    SUMMARY,
    Accounts,
    FrontPage,
    JournalEntry,
    JournalFormat,
    ListedOrder,
    PurchaseOrderPage,
    PurchaseOrderStory,
    Reconciliation,
    Statement,
    export,
    journal_files,
    months_of,
    reconcile_conference,
    summary_of,
    with_decimals,
)
from po_toolkit.reconcile import front_page as read_front_page
from po_toolkit.reconcile import journal as make_journal
from po_toolkit.reconcile import list_purchase_orders as read_purchase_orders
from po_toolkit.reconcile import purchase_order_story as read_story
from po_toolkit.reconcile import report as reports
from po_toolkit.reconcile import sponsor_statement as make_statement
from po_toolkit.reconcile import sponsors as read_sponsors
from po_toolkit.reconcile.books import readable_entries, readable_evidence
from po_toolkit.reconcile.charts import ON_DARK, ON_LIGHT, bar_chart, line_chart, step_chart
from po_toolkit.reconcile.closed_report import closed_report as make_report
from po_toolkit.reconcile.closed_report import differences
from po_toolkit.reconcile.comparisons import CASH, cash_against_due, totals_of
from po_toolkit.reconcile.listing import SearchHit, search_everything
from po_toolkit.reconcile.report import Report, sheet
from po_toolkit.reconcile.schema import Column, Kind, Table, records
from po_toolkit.reconcile.story import StoryEntry, StoryEvent
from po_toolkit.reconcile.tables import (
    AGEING,
    BANK_LINES,
    CHECKS,
    CONFERENCES,
    DISCREPANCIES,
    ENTRIES,
    FEES,
    PAYOUTS,
    PURCHASE_ORDERS,
    TAX,
    TIE_OUT,
)
from po_toolkit.reconcile.tie_out import TieOut
from po_toolkit.reconcile.tie_out import tie_out as make_tie_out
from po_toolkit.reconcile.tie_out_files import export as export_tie_out
from po_toolkit.store import closing as periods
from po_toolkit.store import purchase_orders
from po_toolkit.store.database import WHOLE
from po_toolkit.store.listing import View
from po_toolkit.store.tables import ClosedPeriod, PurchaseOrder

__all__ = [
    "AGEING",
    "BANK_LINES",
    "CASH",
    "CHECKS",
    "DISCREPANCIES",
    "DISCREPANCY_TITLES",
    "ENTRIES",
    "FEES",
    "MONTHS",
    "ON_DARK",
    "ON_LIGHT",
    "PAYOUTS",
    "PURCHASE_ORDERS",
    "SUMMARY",
    "TAX",
    "TIE_OUT",
    "Accounts",
    "ClosedBooks",
    "Column",
    "FrontPage",
    "JournalEntry",
    "JournalFormat",
    "Kind",
    "ListedOrder",
    "PurchaseOrder",
    "PurchaseOrderPage",
    "PurchaseOrderStory",
    "Reconciliation",
    "Report",
    "SearchHit",
    "Statement",
    "StoryEntry",
    "StoryEvent",
    "Table",
    "TieOut",
    "Verification",
    "View",
    "bar_chart",
    "cash_against_due",
    "changes_report",
    "close_books",
    "closed_books",
    "closed_report",
    "code_of",
    "conference_totals",
    "export",
    "export_tie_out",
    "front_page",
    "invoice_pdf",
    "journal",
    "journal_files",
    "line_chart",
    "list_purchase_orders",
    "month_end_report",
    "payouts_report",
    "purchase_order_story",
    "purchase_orders_of",
    "readable_entries",
    "readable_evidence",
    "reconcile",
    "records",
    "search",
    "sheet",
    "sponsors",
    "statement",
    "statement_pdf",
    "statement_report",
    "step_chart",
    "summary",
    "tie_out",
    "verify_closed",
    "with_decimals",
]


def reconcile(opened: OpenConference, *, as_of: date | None = None) -> Reconciliation:
    """Reconcile the conference as of the end of a day in its timezone; by default today."""
    return reconcile_conference(
        opened.store, opened.conference, as_of=as_of or opened.today(), now=opened.now()
    )


def summary(
    settings: Settings, *, as_of: date | None = None, months: bool = False
) -> tuple[Table, pd.DataFrame]:
    """Return the sums of every conference in the settings, by status or by month.

    Args:
        settings: The settings; each conference is reconciled by its own timezone.
        as_of: The last day that counts; by default today.
        months: By month instead of by status.
    """
    made = _every(settings, as_of)
    return (MONTHS, months_of(made)) if months else (SUMMARY, summary_of(made))


def conference_totals(
    settings: Settings, *, as_of: date | None = None
) -> tuple[Table, pd.DataFrame]:
    """Return the totals of every conference in the settings side by side, by currency."""
    return CONFERENCES, totals_of(_every(settings, as_of))


def _every(settings: Settings, as_of: date | None) -> list[Reconciliation]:
    store = open_database(settings, make=False)
    return [
        reconcile(open_conference(slug, settings=settings, store=store), as_of=as_of)
        for slug in sorted(settings.conferences)
    ]


def journal(
    opened: OpenConference,
    *,
    through: date | None = None,
    since: date | None = None,
    accounts: Accounts | None = None,
) -> list[JournalEntry]:
    """Return balanced journal entries up to a day, by default today.

    The days are in the conference's timezone; without ``since`` it is from the beginning.
    """
    return make_journal(
        opened.store,
        opened.conference,
        through=through or opened.today(),
        since=since,
        accounts=accounts,
    )


def statement(
    opened: OpenConference,
    organization: str,
    *,
    as_of: date | None = None,
    since: date | None = None,
) -> Statement:
    """Return a sponsor's statement of account, by default as of today.

    Raises:
        NotFoundError: The conference has no purchase order of such a sponsor.
    """
    return make_statement(
        opened.store, opened.conference, organization, as_of=as_of or opened.today(), since=since
    )


def sponsors(opened: OpenConference, *, as_of: date | None = None) -> list[str]:
    """Return the names of all sponsors with a purchase order on a day, by default today."""
    return read_sponsors(opened.store, opened.conference, as_of=as_of or opened.today())


def statement_pdf(
    opened: OpenConference,
    organization: str,
    *,
    as_of: date | None = None,
    since: date | None = None,
) -> bytes:
    """Return a sponsor's statement of account as PDF.

    Raises:
        NotFoundError: The conference has no purchase order of such a sponsor.
    """
    from po_toolkit.reconcile.documents import statement_pdf as write_statement

    made = statement(opened, organization, as_of=as_of, since=since)
    return write_statement(made, made_at=opened.now())


def invoice_pdf(opened: OpenConference, reference: str) -> bytes:
    """Return a purchase order's invoice, with its payments, as PDF.

    Raises:
        NotFoundError: The conference has no such purchase order.
        MissingExtraError: ``po-toolkit[pdf]`` is not installed.
    """
    from po_toolkit.reconcile.documents import invoice_pdf as write_invoice

    with opened.store.reading() as session:
        order = purchase_orders.by_reference(session, opened.conference, reference)
    order = refresh_old_links(opened, order)
    return write_invoice(order, opened.conference, today=opened.today())


def tie_out(opened: OpenConference, *, as_of: date | None = None) -> TieOut:
    """Follow every cent from purchase order to bank line, by default up to today."""
    return make_tie_out(opened.store, opened.conference, as_of=as_of or opened.today())


def month_end_report(opened: OpenConference, *, as_of: date | None = None) -> Report:
    """Return the report on a conference at the end of a day, by default today: to print.

    It shows itself in a notebook; ``html()`` and ``pdf()`` return files.
    """
    return reports.month_end_report(reconcile(opened, as_of=as_of), tie_out(opened, as_of=as_of))


def payouts_report(opened: OpenConference, *, as_of: date | None = None) -> Report:
    """Return every cent from purchase order to bank line as a report, by default up to today."""
    return reports.payouts_report(
        tie_out(opened, as_of=as_of), name=opened.conference.name, made_at=opened.now()
    )


def changes_report(opened: OpenConference, *, before: date, after: date | None = None) -> Report:
    """Return what changed between the ends of two days as a report; the later is today."""
    return reports.changes_report(reconcile(opened, as_of=before), reconcile(opened, as_of=after))


def statement_report(
    opened: OpenConference,
    organization: str,
    *,
    as_of: date | None = None,
    since: date | None = None,
) -> Report:
    """Return a sponsor's statement of account as a report.

    Raises:
        NotFoundError: The conference has no purchase order of such a sponsor.
    """
    made = statement(opened, organization, as_of=as_of, since=since)
    return reports.statement_report(made, made_at=opened.now())


def front_page(opened: OpenConference) -> FrontPage:
    """Return what the first page of the app shows."""
    return read_front_page(opened.store, opened.conference, today=opened.today())


def purchase_orders_of(opened: OpenConference, references: Iterable[str]) -> list[PurchaseOrder]:
    """Return purchase orders, whole, by their references; unknown ones are left out."""
    with opened.store.reading() as session:
        return purchase_orders.by_references(session, opened.conference, references, *WHOLE)


def list_purchase_orders(opened: OpenConference, **query: Any) -> PurchaseOrderPage:
    """Return one page of purchase orders; the query as in ``reconcile.list_purchase_orders``."""
    query.setdefault("today", opened.today())
    return read_purchase_orders(opened.store, opened.conference, **query)


def search(opened: OpenConference, text: str, *, amount: Decimal | None = None) -> list[SearchHit]:
    """Return what fits whatever a caller says; see ``reconcile.listing.search_everything``."""
    return search_everything(opened.store, opened.conference, text, amount=amount)


def purchase_order_story(opened: OpenConference, reference: str) -> PurchaseOrderStory:
    """Return one purchase order with everything that happened to it, and links that work.

    Raises:
        NotFoundError: The conference has no such purchase order.
    """
    with opened.store.reading() as session:
        order = purchase_orders.by_reference(session, opened.conference, reference)
    refresh_old_links(opened, order)
    return read_story(opened.store, opened.conference, reference, now=opened.now())


@dataclass(frozen=True, slots=True)
class ClosedBooks(AsJson):
    """A closed period.

    Attributes:
        through: Its last day.
        timezone: Where that day ended.
        digest: SHA-256 of its report, in hexadecimal.
        audit_entries: How long the chain of audit entries was when it was closed.
        audit_digest: The head of that chain.
    """

    through: date
    timezone: str
    closed_at: datetime
    closed_by: str
    digest: str
    audit_entries: int
    audit_digest: str


@dataclass(frozen=True, slots=True)
class Verification(AsJson):
    """Whether a closed period still says what it said.

    Attributes:
        intact: The kept report has the digest that was written down when it was closed.
        same_again: The report made again from the ledger is the same, byte for byte.
        differences: What is different now, in words.
    """

    through: date
    digest: str
    intact: bool
    same_again: bool
    differences: list[str]


def close_books(opened: OpenConference, through: date) -> ClosedBooks:
    """Close all that is booked up to and including a day; what comes later counts after it.

    Raises:
        PurchaseOrderError: The day is not over, or it or a later one is closed already.
        NotAllowedError: The actor is no treasurer.
    """
    with opened.store.writing(opened.actor, Act.CLOSE) as uow:
        periods.lock(uow.session, opened.conference.id, to_close=True)
        before = periods.closed_through(uow.session, opened.conference.id)
        report = _report(opened, through, before)
        return _shown(ledger.close_period(uow, opened.conference, through, report=report))


def closed_books(opened: OpenConference) -> list[ClosedBooks]:
    """Return every closed period, the earliest first."""
    with opened.store.reading() as session:
        return [_shown(p) for p in periods.periods(session, opened.conference)]


def closed_report(opened: OpenConference, through: date) -> bytes:
    """Return the report of a closed period as it was closed: JSON, UTF-8.

    Raises:
        NotFoundError: No period ends on that day.
    """
    with opened.store.reading() as session:
        return zlib.decompress(periods.period(session, opened.conference, through).report)


def verify_closed(opened: OpenConference, through: date) -> Verification:
    """Make the report of a closed period again and compare it with what was closed.

    Raises:
        NotFoundError: No period ends on that day.
    """
    with opened.store.reading() as session:
        period = periods.period(session, opened.conference, through)
        days = [p.last_day for p in periods.periods(session, opened.conference)]
    kept = zlib.decompress(period.report)
    before = max((day for day in days if day < through), default=None)
    again = _report(opened, through, before)
    return Verification(
        through=through,
        digest=period.digest,
        intact=hashlib.sha256(kept).hexdigest() == period.digest,
        same_again=hashlib.sha256(again).hexdigest() == period.digest,
        differences=differences(kept, again) if again != kept else [],
    )


def _report(opened: OpenConference, through: date, before: date | None) -> bytes:
    return make_report(reconcile(opened, as_of=through), after=before)


def _shown(period: ClosedPeriod) -> ClosedBooks:
    return ClosedBooks(
        through=period.last_day,
        timezone=period.timezone,
        closed_at=period.closed_at,
        closed_by=period.closed_by,
        digest=period.digest,
        audit_entries=period.audit_entries,
        audit_digest=period.audit_digest,
    )
