"""Invoicing many purchase orders from one command, durably."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from po_toolkit.api.invoices import InvoiceReport, invoice_purchase_orders
from po_toolkit.bootstrap import OpenConference
from po_toolkit.config import Settings
from po_toolkit.invoicing.send import InvoiceResult
from po_toolkit.jobs import batches
from po_toolkit.jobs.waiting import wait_for

FEW = 5
"""Up to so many are invoiced one after another; starting the queue would take longer."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one command did.

    Attributes:
        stopped: Why it stopped before its end, or ``""``.
    """

    report: InvoiceReport
    stopped: str = ""


def invoice_many(
    opened: OpenConference,
    settings: Settings,
    references: Sequence[str],
    *,
    send: bool = True,
    step: Callable[[InvoiceResult], None] | None = None,
) -> Run:
    """Invoice purchase orders and return when each is done or refused.

    Args:
        opened: The conference.
        settings: For the engine that works the batch.
        references: Which purchase orders.
        send: False leaves checked drafts at Stripe.
        step: Called with each result as it comes.

    Raises:
        NotFoundError: A reference does not exist.
        SettingsError: The conference has no Stripe key.
    """
    if len(references) <= FEW:
        return Run(invoice_purchase_orders(opened, references=references, send=send, progress=step))
    from po_toolkit.jobs.engine import Engine

    batch_id = batches.start(opened, references, send=send)
    with Engine(settings, only=[batch_id]):
        progress = wait_for(opened, batch_id, step)
    report = batches.results(opened, batch_id)
    if progress.state == "done":
        return Run(report)
    stopped = progress.error or _BY_A_PERSON[progress.state].format(batch=batch_id)
    if progress.error:
        batches.cancel(opened, batch_id)
    done = {result.reference for result in report.results}
    left = [InvoiceResult(r, "failed", error=stopped) for r in references if r not in done]
    return Run(InvoiceReport([*report.results, *left]), stopped=stopped)


_BY_A_PERSON = {
    "cancelled": "Somebody cancelled batch {batch} before this one's turn.",
    "paused": "Somebody paused batch {batch}; resume it in the app, where it goes on.",
}
