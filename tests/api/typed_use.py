"""What a type checker sees of the public API; `make types` checks it, nothing runs it."""

from __future__ import annotations

from decimal import Decimal
from typing import assert_type

import pandas as pd

from po_toolkit import (
    Conference,
    CreditNote,
    ImportReport,
    InvoiceReport,
    LedgerEntry,
    LineItem,
    PurchaseOrder,
    Reconciliation,
    SyncReport,
    create_stripe_invoice,
    handle_invoice_paid_webhook,
    open_conference,
)


def use() -> None:
    """Use each part of the API once."""
    with open_conference("pycon-2027") as conference:
        assert_type(conference, Conference)
        items = [LineItem(description="Booth", unit_price=Decimal(5000))]
        order = conference.create_purchase_order(
            organization_name="Acme", contact_email="a@acme.example", line_items=items, notes=""
        )
        assert_type(order, PurchaseOrder)
        assert_type(order.balance_due, Decimal)
        assert_type(conference.list_purchase_orders(status="draft"), list[PurchaseOrder])
        assert_type(conference.import_purchase_orders(pd.DataFrame(), dry_run=True), ImportReport)
        assert_type(conference.invoice_many([order, "PO-7KQ2MX"]), InvoiceReport)
        assert_type(conference.record_payment(order, Decimal(1), "wire"), LedgerEntry)
        assert_type(conference.issue_credit_note(order, Decimal(1), "Late"), CreditNote)
        assert_type(conference.sync(), SyncReport)
        books = conference.reconcile()
        assert_type(books, Reconciliation)
        assert_type(books.frame("rows"), pd.DataFrame)
        assert_type(create_stripe_invoice(order, opened=conference), str)
        handle_invoice_paid_webhook(b"{}", raise_errors=True)

        conference.record_payment(order, 1.5, "wire")  # type: ignore[arg-type]
        conference.create_purchase_order(organization_name="Acme", line_items=items)  # type: ignore[call-arg]
        LineItem(describtion="Booth", unit_price=Decimal(1))  # type: ignore[typeddict-unknown-key, typeddict-item]
