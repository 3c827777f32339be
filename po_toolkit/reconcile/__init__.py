"""Reconciliation: read-only tables that add up, and what does not."""

from po_toolkit.money import display
from po_toolkit.reconcile.comparisons import (
    discrepancy_changes,
    months_of,
    reconcile_conferences,
    summary_of,
    what_changed,
)
from po_toolkit.reconcile.export import FORMATS, Format, export, table_csv
from po_toolkit.reconcile.front_page import FrontPage, front_page
from po_toolkit.reconcile.journal import (
    JOURNAL_FORMATS,
    Accounts,
    JournalEntry,
    JournalFormat,
    journal,
    journal_files,
)
from po_toolkit.reconcile.listing import ListedOrder, PurchaseOrderPage, list_purchase_orders
from po_toolkit.reconcile.reconciliation import TABLES, Reconciliation, reconcile_conference
from po_toolkit.reconcile.schema import with_decimals
from po_toolkit.reconcile.statement import Statement, sponsor_statement, sponsors
from po_toolkit.reconcile.story import PurchaseOrderStory, purchase_order_story
from po_toolkit.reconcile.tables import CHANGES, MONTHS, NEWS, STATEMENT, SUMMARY

__all__ = [
    "CHANGES",
    "FORMATS",
    "JOURNAL_FORMATS",
    "MONTHS",
    "NEWS",
    "STATEMENT",
    "SUMMARY",
    "TABLES",
    "Accounts",
    "Format",
    "FrontPage",
    "JournalEntry",
    "JournalFormat",
    "ListedOrder",
    "PurchaseOrderPage",
    "PurchaseOrderStory",
    "Reconciliation",
    "Statement",
    "discrepancy_changes",
    "display",
    "export",
    "front_page",
    "journal",
    "journal_files",
    "list_purchase_orders",
    "months_of",
    "purchase_order_story",
    "reconcile_conference",
    "reconcile_conferences",
    "sponsor_statement",
    "sponsors",
    "summary_of",
    "table_csv",
    "what_changed",
    "with_decimals",
]
