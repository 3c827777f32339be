"""Many purchase orders, one after another; each has its own result and stops no other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from po_toolkit.context import OpenConference
from po_toolkit.errors import (
    BusyError,
    LostLeaseError,
    PoToolkitError,
    StripeAuthenticationError,
)
from po_toolkit.invoicing.drive import signs_of_life
from po_toolkit.invoicing.send import send_invoice
from po_toolkit.store.purchase_orders import by_reference, id_of
from po_toolkit.store.tables import PurchaseOrder

POLL_SECONDS = 0.5
"""How often a purchase order in other hands is looked at again."""


@dataclass(frozen=True, slots=True)
class InvoiceResult:
    """What became of one purchase order."""

    reference: str
    outcome: str
    """invoiced, skipped or failed."""
    stripe_invoice_id: str = ""
    hosted_invoice_url: str = ""
    error: str = ""

    def as_json(self) -> dict[str, str | None]:
        """Return the result as the command prints it."""
        return {
            "reference": self.reference,
            "outcome": self.outcome,
            "stripe_invoice_id": self.stripe_invoice_id or None,
            "hosted_invoice_url": self.hosted_invoice_url or None,
            "error": self.error or None,
        }


def run_batch(
    opened: OpenConference,
    references: Sequence[str],
    *,
    send: bool = True,
    wait: Callable[[float], None],
) -> Iterator[InvoiceResult]:
    """Invoice purchase orders and yield each one's result, when it is done or refused.

    A purchase order that another process drives is waited for. When Stripe does not accept the
    key, nothing more is tried: what is left fails with that reason and is untouched.

    Args:
        opened: The conference's account.
        references: Which purchase orders.
        send: False stops at checked drafts.
        wait: Sleeps, in seconds, before looking again at one in other hands.
    """
    queue = deque(references)
    with signs_of_life(opened):
        while queue:
            reference = queue.popleft()
            with opened.store.reading() as session:
                order_id = id_of(session, opened.conference, reference)
            try:
                yield invoice_one(opened, order_id, reference, send=send)
            except (BusyError, LostLeaseError):
                queue.append(reference)
                wait(POLL_SECONDS if len(queue) == 1 else 0)
            except StripeAuthenticationError as error:
                yield InvoiceResult(reference, "failed", error=error.reason)
                yield from (InvoiceResult(r, "failed", error=error.reason) for r in queue)
                return


def invoice_one(
    opened: OpenConference,
    order_id: int,
    reference: str,
    *,
    send: bool,
    read: PurchaseOrder | None = None,
) -> InvoiceResult:
    """Invoice one purchase order and say what became of it.

    Args:
        opened: The conference's account.
        order_id: Which purchase order.
        reference: Its reference.
        send: False stops at the draft.
        read: The purchase order as it was read before; see ``claim``.

    Raises:
        BusyError: Another process drives it.
        LostLeaseError: Another process took it over.
        StripeAuthenticationError: Stripe does not accept the key.
    """
    try:
        invoice = send_invoice(opened, order_id, send=send, read=read)
    except (BusyError, LostLeaseError, StripeAuthenticationError):
        raise
    except PoToolkitError as error:
        return _not_invoiced(opened, reference, error.reason)
    return InvoiceResult(reference, "invoiced", invoice.stripe_invoice_id or "", invoice.hosted_url)


def _not_invoiced(opened: OpenConference, reference: str, reason: str) -> InvoiceResult:
    """Tell a purchase order that needs nothing from one that needs mending."""
    with opened.store.reading() as session:
        order = by_reference(session, opened.conference, reference)
    if not _settled(order):
        return InvoiceResult(reference, "failed", error=reason)
    live = order.live_invoice
    url = live.hosted_url if live else ""
    return InvoiceResult(reference, "skipped", order.stripe_invoice_id, url, reason)


def _settled(order: PurchaseOrder) -> bool:
    """Tell whether there is simply nothing to do, as against something to mend."""
    live = order.live_invoice
    return (
        (live is not None and live.step == "done")
        or order.cancelled_at is not None
        or bool(order.claimed_invoice_id)
        or order.sums.balance <= 0 < order.sums.total
    )
