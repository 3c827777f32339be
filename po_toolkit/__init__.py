"""Stripe invoices for conference purchase orders: import, invoice once, sync, reconcile.

The public names are loaded when they are first used, so that a part of the toolkit that does not
need Stripe or the database starts without them. Errors are also in :mod:`po_toolkit.errors`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from po_toolkit.api.conference import Conference, open_conference
    from po_toolkit.api.import_report import ImportReport
    from po_toolkit.api.invoices import InvoicePreview, InvoiceReport, InvoiceResult
    from po_toolkit.api.new_order import LineItem
    from po_toolkit.api.original import (
        cancel_purchase_order,
        create_purchase_order,
        create_stripe_invoice,
        generate_invoice_pdf,
        generate_po_reference,
        issue_credit_note,
        record_payment,
        send_purchase_order,
        sync_stripe_invoice_status,
        update_po_status,
    )
    from po_toolkit.api.webhooks import handle_invoice_paid_webhook
    from po_toolkit.config import Settings, load_settings, obfuscate_key
    from po_toolkit.context import OpenConference
    from po_toolkit.domain.harmless import harmless
    from po_toolkit.domain.roles import Actor, Role
    from po_toolkit.errors import (
        AlreadyBilledError,
        AmountError,
        BusyError,
        ConfirmationNeededError,
        DatabaseUnavailableError,
        DuplicateEntryError,
        ForgedError,
        ImportFileError,
        InvoiceMismatchError,
        MalformedError,
        NotAllowedError,
        NotFoundError,
        PoToolkitError,
        PurchaseOrderError,
        SettingsError,
        StripeAuthenticationError,
        StripeGatewayError,
        StripeRefusedError,
        StripeUnknownError,
        WrongAccountError,
    )
    from po_toolkit.importers.problems import ImportQuestionsError
    from po_toolkit.money import convert_amount_for_api, convert_amount_for_db
    from po_toolkit.payments.sync import SyncReport
    from po_toolkit.reconcile.reconciliation import Reconciliation
    from po_toolkit.store.tables import CreditNote, Invoice, LedgerEntry, PurchaseOrder

__all__ = [
    "Actor",
    "AlreadyBilledError",
    "AmountError",
    "BusyError",
    "Conference",
    "ConfirmationNeededError",
    "CreditNote",
    "DatabaseUnavailableError",
    "DuplicateEntryError",
    "ForgedError",
    "ImportFileError",
    "ImportQuestionsError",
    "ImportReport",
    "Invoice",
    "InvoiceMismatchError",
    "InvoicePreview",
    "InvoiceReport",
    "InvoiceResult",
    "LedgerEntry",
    "LineItem",
    "MalformedError",
    "NotAllowedError",
    "NotFoundError",
    "OpenConference",
    "PoToolkitError",
    "PurchaseOrder",
    "PurchaseOrderError",
    "Reconciliation",
    "Role",
    "Settings",
    "SettingsError",
    "StripeAuthenticationError",
    "StripeGatewayError",
    "StripeRefusedError",
    "StripeUnknownError",
    "SyncReport",
    "WrongAccountError",
    "cancel_purchase_order",
    "convert_amount_for_api",
    "convert_amount_for_db",
    "create_purchase_order",
    "create_stripe_invoice",
    "generate_invoice_pdf",
    "generate_po_reference",
    "handle_invoice_paid_webhook",
    "harmless",
    "issue_credit_note",
    "load_settings",
    "obfuscate_key",
    "open_conference",
    "record_payment",
    "send_purchase_order",
    "sync_stripe_invoice_status",
    "update_po_status",
]

_MODULES = {
    "Actor": "domain.roles",
    "Conference": "api.conference",
    "CreditNote": "store.tables",
    "ImportQuestionsError": "importers.problems",
    "ImportReport": "api.import_report",
    "Invoice": "store.tables",
    "InvoicePreview": "api.invoices",
    "InvoiceReport": "api.invoices",
    "InvoiceResult": "api.invoices",
    "LedgerEntry": "store.tables",
    "LineItem": "api.new_order",
    "OpenConference": "context",
    "PurchaseOrder": "store.tables",
    "Reconciliation": "reconcile.reconciliation",
    "Role": "domain.roles",
    "Settings": "config",
    "SyncReport": "payments.sync",
    "convert_amount_for_api": "money",
    "convert_amount_for_db": "money",
    "handle_invoice_paid_webhook": "api.webhooks",
    "harmless": "domain.harmless",
    "load_settings": "config",
    "obfuscate_key": "config",
    "open_conference": "api.conference",
}
"""Where the public names are that are neither errors nor the original's functions."""


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    other = "errors" if name.endswith("Error") else "api.original"
    return getattr(import_module(f"po_toolkit.{_MODULES.get(name, other)}"), name)


def __dir__() -> list[str]:
    """List the public names too, which are not loaded yet."""
    return sorted({*globals(), *__all__})
