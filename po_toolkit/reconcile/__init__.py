"""Reconciliation: read-only tables that add up, and what does not."""

from po_toolkit.reconcile.export import FORMATS, Format, export, table_csv
from po_toolkit.reconcile.listing import ListedOrder, PurchaseOrderPage, list_purchase_orders
from po_toolkit.reconcile.reconciliation import Reconciliation, reconcile_conference
from po_toolkit.reconcile.story import PurchaseOrderStory, purchase_order_story

__all__ = [
    "FORMATS",
    "Format",
    "ListedOrder",
    "PurchaseOrderPage",
    "PurchaseOrderStory",
    "Reconciliation",
    "export",
    "list_purchase_orders",
    "purchase_order_story",
    "reconcile_conference",
    "table_csv",
]
