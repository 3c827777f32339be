"""Stripe invoices for conference purchase orders: import, invoice once, sync, reconcile.

The public names are loaded when they are first used, so that a part of the toolkit that does not
need Stripe or the database starts without them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from po_toolkit.bootstrap import OpenConference, open_conference
    from po_toolkit.config import load_settings, obfuscate_key
    from po_toolkit.errors import PoToolkitError
    from po_toolkit.money import convert_amount_for_api, convert_amount_for_db

__all__ = [
    "OpenConference",
    "PoToolkitError",
    "cancel_purchase_order",
    "convert_amount_for_api",
    "convert_amount_for_db",
    "create_purchase_order",
    "create_stripe_invoice",
    "generate_invoice_pdf",
    "generate_po_reference",
    "handle_invoice_paid_webhook",
    "issue_credit_note",
    "load_settings",
    "obfuscate_key",
    "open_conference",
    "record_payment",
    "send_purchase_order",
    "sync_stripe_invoice_status",
    "update_po_status",
]

_ROOMS = {
    "OpenConference": "bootstrap",
    "PoToolkitError": "errors",
    "convert_amount_for_api": "money",
    "convert_amount_for_db": "money",
    "handle_invoice_paid_webhook": "api.webhooks",
    "load_settings": "config",
    "obfuscate_key": "config",
    "open_conference": "bootstrap",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its room."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"po_toolkit.{_ROOMS.get(name, 'api.original')}"), name)
