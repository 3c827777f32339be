"""Lets Stripe reconcile bank transfers with the invoices that were sent.

A transfer pays an invoice by itself only while the invoice's ``auto_advance`` is on. A draft would
finalize by itself then, so it is turned on after sending, and never before. One that we deliver by
ourselves waits until it is delivered. Source: API reference, update an invoice, ``auto_advance``;
docs, Customer balance reconciliation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import or_, select

from po_toolkit import outbox
from po_toolkit.context import OpenConference
from po_toolkit.domain.roles import Act
from po_toolkit.domain.states import InvoiceState
from po_toolkit.errors import PoToolkitError, StripeAuthenticationError, StripeRefusedError
from po_toolkit.invoicing.lease import step_slot
from po_toolkit.invoicing.plan import Content
from po_toolkit.outbox import Outcome, Write
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.invoices import take_over
from po_toolkit.store.stripe_writes import StoredWrite
from po_toolkit.store.tables import Conference, Invoice, PurchaseOrder

Json = dict[str, Any]


def waits_for_transfers(order: PurchaseOrder, invoice: Invoice, conference: Conference) -> bool:
    """Tell whether a sent invoice of ours takes bank transfers that Stripe leaves unreconciled."""
    return (
        invoice.state == InvoiceState.SENT
        and invoice.stripe_status == "open"
        and not invoice.adopted
        and not invoice.stripe_auto_advance
        and "customer_balance" in Content(order, conference, invoice.generation).methods
    )


def auto_advance_write(opened: OpenConference, order: PurchaseOrder, invoice: Invoice) -> Write:
    """Return the write that turns ``auto_advance`` on; who turned it off may do so again."""
    path = f"/v1/invoices/{invoice.stripe_invoice_id}"

    def is_on(_stored: StoredWrite) -> Json | None:
        found = opened.gateway.read(path)
        return found if found["auto_advance"] else None

    return Write(
        outbox.AUTO_ADVANCE,
        step_slot(order, invoice, outbox.AUTO_ADVANCE.name),
        path,
        lambda: {"auto_advance": True},
        find=is_on,
        conference_id=invoice.conference_id,
        purchase_order_id=invoice.purchase_order_id,
    )


def turn_on(opened: OpenConference, write: Write, stored: StoredWrite, invoice: Invoice) -> bool:
    """Do the stored write, keep what Stripe answers, and tell whether it is on now.

    Raises:
        StripeGatewayError: Stripe refused, or the outcome is unknown and a repeat is safe.
    """
    outcome = outbox.send(opened, write, stored)
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        outbox.finish(uow, opened, outcome)
        _keep(uow, opened, invoice, outcome)
    return bool(outcome.answer["auto_advance"])


def _keep(uow: UnitOfWork, opened: OpenConference, invoice: Invoice, outcome: Outcome) -> None:
    row = uow.session.get_one(Invoice, invoice.id, with_for_update=True)
    if outcome.answer["status"] == "open":
        take_over(row, outcome.answer, opened.conference.timezone, opened.now())
    else:  # money that waited has paid it, and the next sync brings the payment
        row.stripe_auto_advance = outcome.answer["auto_advance"]


def turn_reconciliation_on(opened: OpenConference) -> Iterator[tuple[str, bool, str]]:
    """Turn ``auto_advance`` on for each sent invoice that takes transfers and has it off.

    Yields:
        The reference of its purchase order, whether it is on now, and what was found in words.

    Raises:
        StripeAuthenticationError: Stripe does not accept the key.
    """
    with opened.store.reading() as session:
        rows = session.execute(
            select(PurchaseOrder, Invoice)
            .join(Invoice, Invoice.purchase_order_id == PurchaseOrder.id)
            .where(
                Invoice.conference_id == opened.conference.id,
                Invoice.state == InvoiceState.SENT.value,
                Invoice.stripe_status == "open",
                or_(Invoice.stripe_auto_advance.is_(None), Invoice.stripe_auto_advance.is_(False)),
            )
            .order_by(Invoice.id)
        ).all()
        waiting = [(o, i) for o, i in rows if waits_for_transfers(o, i, opened.conference)]
    for order, invoice in waiting:
        write, which = auto_advance_write(opened, order, invoice), invoice.stripe_invoice_id
        try:
            with opened.store.writing(opened.actor, Act.INVOICE) as uow:
                stored = outbox.declare(uow, opened, write)
            is_on = turn_on(opened, write, stored, invoice)
        except StripeAuthenticationError:
            raise
        except StripeRefusedError as error:
            yield (
                order.reference,
                False,
                f"bank transfers do not pay {which} by themselves: {error}",
            )
            continue
        except PoToolkitError as error:
            yield order.reference, False, f"{error} Until then no bank transfer pays {which}."
            continue
        found = (
            f"bank transfers did not pay {which} by themselves; automatic advancement is on again"
            if is_on
            else f"Stripe leaves automatic advancement of {which} off, so no bank transfer pays it "
            f"by itself. Turn it on in Stripe's dashboard."
        )
        yield order.reference, is_on, found
