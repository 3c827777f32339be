"""The tables. Money columns are integers in the minor unit of the row's currency."""

from po_toolkit.domain.states import LIVE_STATES
from po_toolkit.store.tables.audit import AuditEntry
from po_toolkit.store.tables.bank import (
    BankMatch,
    BankStatement,
    BankStatementLine,
    BankTransaction,
    QuarantinedBankLine,
)
from po_toolkit.store.tables.base import Base
from po_toolkit.store.tables.closing import AcceptedDiscrepancy, ClosedPeriod, RowVersion
from po_toolkit.store.tables.conferences import Conference
from po_toolkit.store.tables.documents import InvoiceDocument, PurchaseOrderFile
from po_toolkit.store.tables.events import SyncCursor, WebhookEvent
from po_toolkit.store.tables.imports import ColumnMapping, ImportBatch, ImportRow
from po_toolkit.store.tables.intents import MoneyIntent
from po_toolkit.store.tables.invoices import (
    Invoice,
    RateWindow,
    StripeCustomer,
    StripeTaxRate,
    StripeWrite,
)
from po_toolkit.store.tables.jobs import InvoiceBatch, Job
from po_toolkit.store.tables.ledger import CreditNote, LedgerEntry
from po_toolkit.store.tables.operations import Approval, AuditHead, Notice, WorkerSeen
from po_toolkit.store.tables.payouts import BalanceTransaction, Payout
from po_toolkit.store.tables.purchase_orders import PurchaseOrder, PurchaseOrderLineItem
from po_toolkit.store.tables.reminders import ContactCall, Reminder
from po_toolkit.store.tables.sign_outs import SignOut
from po_toolkit.store.tables.stripe_only import CustomerBalance, StrayInvoice

__all__ = [
    "LIVE_STATES",
    "AcceptedDiscrepancy",
    "Approval",
    "AuditEntry",
    "AuditHead",
    "BalanceTransaction",
    "BankMatch",
    "BankStatement",
    "BankStatementLine",
    "BankTransaction",
    "Base",
    "ClosedPeriod",
    "ColumnMapping",
    "Conference",
    "ContactCall",
    "CreditNote",
    "CustomerBalance",
    "ImportBatch",
    "ImportRow",
    "Invoice",
    "InvoiceBatch",
    "InvoiceDocument",
    "Job",
    "LedgerEntry",
    "MoneyIntent",
    "Notice",
    "Payout",
    "PurchaseOrder",
    "PurchaseOrderFile",
    "PurchaseOrderLineItem",
    "QuarantinedBankLine",
    "RateWindow",
    "Reminder",
    "RowVersion",
    "SignOut",
    "StrayInvoice",
    "StripeCustomer",
    "StripeTaxRate",
    "StripeWrite",
    "SyncCursor",
    "WebhookEvent",
    "WorkerSeen",
]
