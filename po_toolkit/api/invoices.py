"""Invoices: preview, send, adopt, send again."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.already_billed import InvoiceAtStripe
from po_toolkit.domain.records import json_value
from po_toolkit.domain.roles import Act, require
from po_toolkit.errors import (
    PoToolkitError,
    PurchaseOrderError,
    StripeGatewayError,
)
from po_toolkit.invoicing import billed
from po_toolkit.invoicing.delivery import send_again
from po_toolkit.invoicing.existing import adopt, check_void
from po_toolkit.invoicing.plan import Content, doubts, unbillable_reason
from po_toolkit.invoicing.send import InvoiceResult, run_batch
from po_toolkit.money import to_major
from po_toolkit.payments.customer_credit import settle
from po_toolkit.payments.stripe_reports import report_after_sending
from po_toolkit.payments.sync import sync_one
from po_toolkit.store import purchase_orders
from po_toolkit.store.authorized import authorized
from po_toolkit.store.tables import PurchaseOrder

__all__ = [
    "InvoicePreview",
    "InvoiceReport",
    "InvoiceResult",
    "PreviewLine",
    "PreviewSkip",
    "adopt_claimed",
    "adopt_invoice",
    "chosen_references",
    "decide_balance",
    "decide_to_bill_again",
    "invoice_purchase_orders",
    "preview_invoices",
    "read_adopted",
    "resend_invoice",
]


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A purchase order that would be invoiced; the total in major units."""

    reference: str
    organization_name: str
    po_number: str
    total: Decimal
    currency: str
    doubts: list[str]
    delivery: str = "stripe"
    """Who delivers the invoice: stripe or ourselves."""


@dataclass(frozen=True, slots=True)
class PreviewSkip:
    """A purchase order that would not be invoiced, and why."""

    reference: str
    reason: str


@dataclass(frozen=True, slots=True)
class InvoicePreview:
    """What invoicing would do, before anything is sent."""

    mode: str
    ready: list[PreviewLine] = field(default_factory=list)
    skipped: list[PreviewSkip] = field(default_factory=list)

    @property
    def totals(self) -> dict[str, Decimal]:
        """The sum of what would be invoiced in each currency, in major units."""
        sums: dict[str, Decimal] = {}
        for line in self.ready:
            sums[line.currency] = sums.get(line.currency, Decimal(0)) + line.total
        return sums

    def as_json(self) -> dict[str, Any]:
        """Return the preview as ``--dry-run`` prints it, amounts as decimal strings."""
        return {
            "mode": self.mode,
            "count": len(self.ready),
            "totals": json_value(self.totals),
            "ready": json_value(self.ready),
            "skipped": json_value(self.skipped),
        }


@dataclass(frozen=True, slots=True)
class InvoiceReport:
    """Result for each purchase order."""

    results: list[InvoiceResult]

    def _count(self, outcome: str) -> int:
        return sum(result.outcome == outcome for result in self.results)

    @property
    def invoiced(self) -> int:
        """How many were invoiced."""
        return self._count("invoiced")

    @property
    def skipped(self) -> int:
        """How many needed nothing."""
        return self._count("skipped")

    @property
    def failed(self) -> int:
        """How many were refused or are of unknown outcome."""
        return self._count("failed")

    def as_json(self) -> dict[str, Any]:
        """Return the report as the command prints it."""
        return {
            "invoiced": self.invoiced,
            "skipped": self.skipped,
            "failed": self.failed,
            "results": [result.as_json() for result in self.results],
        }


def chosen_references(
    opened: OpenConference,
    *,
    batch: int | None = None,
    references: Iterable[str] | None = None,
    all_draft: bool = False,
) -> list[str]:
    """Return the references that a choice means: an import batch, some by name, or all drafts.

    Raises:
        NotFoundError: The batch or one of the references does not exist.
        PurchaseOrderError: Nothing was chosen.
    """
    if batch is None and references is None and not all_draft:
        raise PurchaseOrderError("Say which purchase orders: a batch, some references, or all.")
    with opened.store.reading() as session:
        if all_draft:
            return purchase_orders.to_be_invoiced(session, opened.conference)
        return purchase_orders.references(session, opened.conference, batch=batch, named=references)


def preview_invoices(
    opened: OpenConference,
    *,
    batch: int | None = None,
    references: Iterable[str] | None = None,
    all_draft: bool = False,
    delivery: str | None = None,
    ask: bool = False,
    bill_again: Collection[str] = (),
    sponsor_balance: str = "",
) -> InvoicePreview:
    """Say what invoicing would do; nothing is sent and nobody billed.

    Args:
        opened: The conference.
        batch: The purchase orders of this import.
        references: These purchase orders.
        all_draft: Every draft of the conference.
        delivery: ``stripe`` or ``ourselves`` for all of them, as it is about to be chosen.
        ask: Have Stripe asked for invoices that bill the same; else what was read last counts.
        bill_again: What is about to be decided, see :func:`decide_to_bill_again`; nothing is kept.
        sponsor_balance: Likewise, see :func:`decide_balance`.

    Raises:
        NotFoundError: The batch or one of the references does not exist.
    """
    preview = InvoicePreview(opened.settings.mode)
    chosen = chosen_references(opened, batch=batch, references=references, all_draft=all_draft)
    with opened.store.reading() as session:
        orders = purchase_orders.by_references(session, opened.conference, chosen)
        limits = authorized(session, orders)
    ask = ask and opened.settings.mode != "none"
    unasked = _why_unasked(opened) if ask else ""
    today, ask_now = opened.today(), ask and not unasked
    all_sums = [order.sums for order in orders]
    bills = [billed.to_bill_of(order, sums) for order, sums in zip(orders, all_sums, strict=True)]
    before = billed.read_before(opened, bills)
    for order, sums, at_stripe in zip(orders, all_sums, before, strict=True):
        reason, billed_before = unbillable_reason(order, opened.conference, today, sums), ""
        if not reason and at_stripe and order.live_invoice is None:
            billed_before = _billed_before(opened, order, at_stripe, bill_again, ask=ask_now)
        if ask_now:  # else Stripe is asked before it is sent
            reason = reason or billed_before
        if reason:
            preview.skipped.append(PreviewSkip(order.reference, reason))
        else:
            preview.ready.append(
                PreviewLine(
                    order.reference,
                    order.organization_name,
                    order.po_number,
                    to_major(sums.total, order.currency),
                    order.currency,
                    [
                        *doubts(order, limits.get(order.id)),
                        *_e_invoice_doubts(opened, order),
                        *filter(None, (unasked, billed_before)),
                        *(f"billed again beside {stripe_id}" for stripe_id in bill_again),
                        *filter(None, (_BALANCES.get(sponsor_balance),)),
                    ],
                    delivery or Content(order, opened.conference, 1).delivery,
                )
            )
    return preview


def _why_unasked(opened: OpenConference) -> str:
    """Read the account's new invoices; return why that was not possible, or ``""``."""
    try:
        opened.check_account()
        billed.list_invoices(opened)
    except StripeGatewayError as error:
        return f"Stripe could not be asked whether it is billed already: {error}"
    return ""


_BALANCES = {
    "use": "the sponsor's balance at Stripe counts on the invoice",
    "remove": "the sponsor's balance at Stripe is removed first",
}


def _billed_before(
    opened: OpenConference,
    order: PurchaseOrder,
    at_stripe: list[InvoiceAtStripe],
    beside: Collection[str],
    *,
    ask: bool,
) -> str:
    """Return which invoice at Stripe bills a purchase order already, or ``""``.

    A void invoice of this purchase order that is missing here must be read first if it has a
    credit note.
    """
    try:
        before = billed.known_to_bill(opened, order, ask=ask, beside=beside, rows=at_stripe)
        if ask:
            check_void(opened, order.reference, before.void)
    except PurchaseOrderError as error:
        return error.reason
    except StripeGatewayError as error:
        return f"Stripe could not be asked whether it is billed already: {error}"
    if before.void and not ask:
        return (
            f"its void invoice {before.void[0].stripe_id} at Stripe is not in this database. If it "
            f"has a credit note or payment, you will have to sync before it is invoiced."
        )
    if before.invoice is None or not before.invoice.counts:
        return ""
    return (
        f"invoiced before as {before.invoice.stripe_id}, {before.invoice.status} at Stripe; it is "
        f"adopted."
    )


def _e_invoice_doubts(opened: OpenConference, order: PurchaseOrder) -> list[str]:
    """Return what the e-invoice that the sponsor needs would lack."""
    if opened.settings.e_invoice is None and not order.e_invoice_format:
        return []
    from po_toolkit.api.e_invoices import missing_for

    return [
        f"E-invoice: {gap.message} ({gap.rule}, {gap.field})" for gap in missing_for(opened, order)
    ]


def invoice_purchase_orders(
    opened: OpenConference,
    *,
    batch: int | None = None,
    references: Iterable[str] | None = None,
    all_draft: bool = False,
    send: bool = True,
    progress: Callable[[InvoiceResult], None] | None = None,
) -> InvoiceReport:
    """Create and send invoices, each exactly once; resumes what was cut off.

    Args:
        opened: The conference.
        batch: The purchase orders of this import.
        references: These purchase orders.
        all_draft: Every draft of the conference.
        send: False leaves checked drafts at Stripe.
        progress: Called with each result as it comes.

    Raises:
        NotAllowedError: The actor's role is too low.
        NotFoundError: The batch or one of the references does not exist.
        SettingsError: The conference has no Stripe key.
    """
    require(opened.actor, Act.INVOICE)
    chosen = chosen_references(opened, batch=batch, references=references, all_draft=all_draft)
    opened.check_account()
    adopt_claimed(opened, chosen)
    results = []
    for result in run_batch(opened, chosen, send=send, wait=time.sleep):
        read_adopted(opened, result)
        results.append(result)
        if progress is not None:
            progress(result)
    if send:
        report_after_sending(opened)
    return InvoiceReport(results)


def read_adopted(opened: OpenConference, result: InvoiceResult) -> None:
    """Read the payments of an invoice that was found at Stripe and adopted.

    Where Stripe cannot be asked now, the next sync does it.
    """
    if result.unread:
        with suppress(StripeGatewayError):
            sync_one(opened, result.stripe_invoice_id)


def decide_to_bill_again(
    opened: OpenConference, reference: str, invoice_ids: Iterable[str]
) -> None:
    """Keep a person's decision that these invoices bill something else than a purchase order.

    Raises:
        NotAllowedError: The actor's role is too low.
        NotFoundError: No such purchase order.
    """
    require(opened.actor, Act.INVOICE)
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        order = purchase_orders.by_reference(uow.session, opened.conference, reference)
        before = (order.answers or {}).get("beside") or []
        after = sorted({*before, *(i.strip() for i in invoice_ids)})
        order.answers = {**(order.answers or {}), "beside": after}
        uow.audit(Act.INVOICE, order, before={"beside": before}, after={"beside": after})


def decide_balance(opened: OpenConference, reference: str, choice: str) -> None:
    """Keep whether what lies on a sponsor's balance at Stripe counts on its invoice.

    What an invoice that is out has used of it already counts at once. ``use``, or ``remove``, by
    which the balance becomes zero.

    Raises:
        NotAllowedError: The actor's role is too low.
        NotFoundError: No such purchase order.
    """
    require(opened.actor, Act.INVOICE)
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        order = purchase_orders.by_reference(uow.session, opened.conference, reference)
        order.answers = {**(order.answers or {}), "balance": choice}
        uow.audit(Act.INVOICE, order, after={"balance": choice})
        customers = {i.stripe_customer_id for i in order.invoices if i.stripe_credit_used}
    for customer_id in sorted(customers):
        settle(opened, customer_id)


def adopt_invoice(opened: OpenConference, reference: str, stripe_invoice_id: str) -> InvoiceResult:
    """Take an invoice that was sent by hand as this purchase order's, with its payments.

    Raises:
        NotAllowedError: The actor's role is too low.
        NotFoundError: No such purchase order or Stripe invoice.
        InvoiceMismatchError: Total or currency differ.
        PurchaseOrderError: One of the two is taken already.
        StripeGatewayError: Stripe could not be asked.
    """
    require(opened.actor, Act.ADOPT)
    with opened.store.reading() as session:
        order = purchase_orders.by_reference(session, opened.conference, reference)
    invoice = adopt(opened, order.id, stripe_invoice_id)
    sync_one(opened, stripe_invoice_id).refuse_problems()
    return InvoiceResult(order.reference, "skipped", stripe_invoice_id, invoice.hosted_url)


def adopt_claimed(
    opened: OpenConference, references: Iterable[str] | None = None
) -> list[InvoiceResult]:
    """Adopt the invoices that the spreadsheet named for purchase orders not yet adopted.

    Returns:
        One result each; a failed one stays claimed, is not billed, and says why.

    Raises:
        SettingsError: The conference has no Stripe key.
    """
    with opened.store.reading() as session:
        claims = purchase_orders.claims(session, opened.conference, references)
    results = []
    for reference, stripe_id in claims:
        try:
            results.append(adopt_invoice(opened, reference, stripe_id))
        except PoToolkitError as error:
            results.append(InvoiceResult(reference, "failed", stripe_id, error=error.reason))
    return results


def resend_invoice(opened: OpenConference, reference: str) -> InvoiceResult:
    """Have Stripe mail an open invoice again.

    Raises:
        NotFoundError: No such purchase order.
        PurchaseOrderError: It has no open invoice, or you deliver it yourself.
        StripeGatewayError: Stripe refused or could not be asked.
    """
    with opened.store.reading() as session:
        order = purchase_orders.by_reference(session, opened.conference, reference)
    invoice = send_again(opened, order.id)
    return InvoiceResult(
        order.reference, "invoiced", invoice.stripe_invoice_id or "", invoice.hosted_url
    )
