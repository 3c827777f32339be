"""The code stays small enough to be read, and the public names are chosen, not leaked."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import po_toolkit

ROOT = Path(__file__).parents[2]
PACKAGE = [p for p in sorted((ROOT / "po_toolkit").rglob("*.py")) if "versions" not in p.parts]

PUBLIC = [
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


def functions() -> list[tuple[str, int]]:
    """Every function of the package with its number of lines."""
    return [
        (f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1)
        for path in PACKAGE
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    ]


def test_functions_are_short_as_a_rule() -> None:
    """Long functions are where the next mistake hides."""
    measured = functions()
    assert [f for f in measured if f[1] > 100] == []
    short = sum(size <= 40 for _, size in measured)
    assert short >= 0.95 * len(measured)


def test_the_public_names_are_exactly_these() -> None:
    """A name that vanishes breaks somebody's program; one that leaks must be kept for ever."""
    assert sorted(po_toolkit.__all__) == sorted(PUBLIC)
    for name in PUBLIC:
        assert getattr(po_toolkit, name) is not None
        assert getattr(po_toolkit, name).__doc__, name
    with pytest.raises(AttributeError):
        _ = po_toolkit.stripe
