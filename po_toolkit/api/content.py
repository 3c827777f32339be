"""What an invoice says: before it is sent, beside what Stripe has, and within what limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from po_toolkit.bootstrap import OpenConference
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.invoicing.lease import settled_before
from po_toolkit.invoicing.plan import (
    ContentField,
    InvoicePlan,
    planned_content,
    sent_content,
    unbillable_reason,
)
from po_toolkit.money import to_major
from po_toolkit.store.authorized import Authorized, authorized
from po_toolkit.store.purchase_orders import by_reference
from po_toolkit.store.tables import PurchaseOrder


@dataclass(frozen=True, slots=True)
class ContentLine:
    """One field of the invoice: as planned, and as Stripe has it where that was asked for."""

    name: str
    planned: str
    sent: str | None = None

    @property
    def equal(self) -> bool:
        """Whether Stripe has what was planned; true where nobody asked Stripe."""
        return self.sent is None or self.sent == self.planned


@dataclass(frozen=True, slots=True)
class InvoiceContent:
    """The content of one purchase order's invoice.

    Attributes:
        reference: Ours.
        reason: Why it cannot be invoiced now, or ``""``.
        delivery: Who delivers it: ``stripe`` or ``ourselves``.
        lines: Its fields in the order of the page.
        limit: What the sponsor's purchase order authorizes, where that is known.
    """

    reference: str
    reason: str
    delivery: str
    lines: list[ContentLine]
    limit: Authorized | None

    @property
    def equal(self) -> bool:
        """Whether every field at Stripe is the planned one."""
        return all(line.equal for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """Return the content as the command prints it, amounts as decimal strings."""
        limit = self.limit
        return {
            "reference": self.reference,
            "reason": self.reason,
            "delivery": self.delivery,
            "equal": self.equal,
            "fields": [
                {"name": line.name, "planned": line.planned, "sent": line.sent}
                for line in self.lines
            ],
            "authorized": None
            if limit is None
            else {
                "currency": limit.currency,
                "limit": str(to_major(limit.limit, limit.currency)),
                "billed": str(to_major(limit.billed, limit.currency)),
                "left": str(to_major(limit.left, limit.currency)),
                "references": list(limit.references),
            },
        }


def preview_content(opened: OpenConference, reference: str) -> InvoiceContent:
    """Return what the invoice of a purchase order would say; nothing is called.

    Raises:
        NotFoundError: No such purchase order.
    """
    order, limit = _order(opened, reference)
    plan = _plan(opened, order)
    live = order.live_invoice
    fields = planned_content(plan, (live and live.sent_at) or opened.now())
    lines = [ContentLine(field.name, field.value) for field in fields]
    reason = unbillable_reason(order, opened.conference, opened.today())
    out = live is not None and live.step == "done"
    delivery = live.delivery if live is not None and out else plan.content.delivery
    return InvoiceContent(order.reference, reason, delivery, lines, limit)


def compare_content(opened: OpenConference, reference: str) -> InvoiceContent:
    """Return the planned content beside what the live invoice at Stripe says, field by field.

    Raises:
        NotFoundError: No such purchase order.
        PurchaseOrderError: It has no invoice at Stripe.
        StripeGatewayError: Stripe could not be asked.
    """
    order, limit = _order(opened, reference)
    live = order.live_invoice
    if live is None or not live.stripe_invoice_id:
        raise PurchaseOrderError(f"{order.reference} has no invoice at Stripe to compare with.")
    plan = _plan(opened, order)
    planned = planned_content(plan, live.sent_at or opened.now())
    sent = sent_content(opened.gateway, plan, live.stripe_invoice_id)
    lines = _beside(planned, sent)
    return InvoiceContent(order.reference, "", live.delivery, lines, limit)


def _beside(planned: list[ContentField], sent: list[ContentField]) -> list[ContentLine]:
    """Pair fields by name, in the order of the plan; what only Stripe has comes last."""
    left: dict[str, list[str]] = {}
    for field in sent:
        left.setdefault(field.name, []).append(field.value)
    lines = []
    for field in planned:
        values = left.get(field.name) or [""]
        lines.append(ContentLine(field.name, field.value, values.pop(0) if values else ""))
    rest = [ContentLine(name, "", value) for name, values in left.items() for value in values]
    return lines + rest


def _order(opened: OpenConference, reference: str) -> tuple[PurchaseOrder, Authorized | None]:
    with opened.store.reading() as session:
        order = by_reference(session, opened.conference, reference)
        return order, authorized(session, [order]).get(order.id)


def _plan(opened: OpenConference, order: PurchaseOrder) -> InvoicePlan:
    live = order.live_invoice
    if live is not None:
        generation, settled = live.generation, live.settled_before
    else:
        generation = max((i.generation for i in order.invoices), default=0) + 1
        with opened.store.reading() as session:
            settled = settled_before(session, order)
    return InvoicePlan(order, opened.conference, generation, settled_before=settled)
