"""News from Stripe fetched, and what was entered by hand reported to it."""

from __future__ import annotations

from po_toolkit.api.invoices import adopt_claimed
from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.roles import Act, require
from po_toolkit.errors import PurchaseOrderError, StripeNotFoundError
from po_toolkit.invoicing.delivery import turn_reconciliation_on
from po_toolkit.payments.ledger import Change
from po_toolkit.payments.stripe_reports import report_waiting
from po_toolkit.payments.sync import SyncReport, failure_noted, sync_all, sync_one
from po_toolkit.store.purchase_orders import by_reference
from po_toolkit.store.tables import Invoice

__all__ = [
    "SyncReport",
    "sync_conference",
    "sync_purchase_order",
]


def sync_conference(opened: OpenConference, *, full: bool = False) -> SyncReport:
    """Bring a conference's ledger up to Stripe, and Stripe up to the ledger.

    ``full`` compares every object at Stripe with the ledger, instead of the news since last time.

    Returns:
        What changed. With ``problems`` in it the sync is not complete, and the next one reads the
        same news again.

    Raises:
        NotAllowedError: The actor's role is too low.
        SettingsError: The conference has no Stripe key.
        StripeGatewayError: Stripe could not be read to the end.
    """
    require(opened.actor, Act.SYNC)
    opened.check_account()
    before = opened.gateway.calls
    with failure_noted(opened):
        unreported = [
            f"{result.reference}: {result.error}"
            for result in adopt_claimed(opened)
            if result.outcome == "failed"
        ]
        unreported += report_waiting(opened)
    report = sync_all(opened, full=full, unreported=unreported)
    for reference, turned_on, what in turn_reconciliation_on(opened):
        if turned_on:
            report.changes.append(Change(reference, what))
        else:
            report.problems.append(f"{reference}: {what}")
    report.stripe_calls = opened.gateway.calls - before
    return report


def sync_purchase_order(opened: OpenConference, reference: str) -> SyncReport:
    """Bring one purchase order up to Stripe.

    Raises:
        NotAllowedError: The actor's role is too low.
        NotFoundError: No such purchase order.
        PurchaseOrderError: It has no invoice at Stripe.
        StripeGatewayError: Stripe could not be asked.
    """
    require(opened.actor, Act.SYNC)
    with opened.store.reading() as session:
        order = by_reference(session, opened.conference, reference)
    opened.check_account()
    made = [i for i in order.invoices if i.state != "deleted" and i.stripe_invoice_id]
    asked = [report for invoice in made for report in _sync_invoice(opened, invoice)]
    if not asked:
        raise PurchaseOrderError(
            f"{order.reference} has no Stripe invoice yet; invoice it first.",
            remedy=remedies.invoice(opened.slug, order.reference),
        )
    total = SyncReport()
    for report in asked:
        total.merge(report)
    return total


def _sync_invoice(opened: OpenConference, invoice: Invoice) -> list[SyncReport]:
    """Bring one invoice up to Stripe; nothing where it was a draft that somebody deleted there."""
    stripe_id = invoice.stripe_invoice_id or ""
    try:
        return [sync_one(opened, stripe_id)]
    except StripeNotFoundError:
        if invoice.sent_at is not None:
            raise opened.does_not_know(stripe_id) from None
        return []
