"""A batch's life: begun by a person, worked by the engine, looked at by anyone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from po_toolkit.api.invoices import InvoiceReport, adopt_claimed
from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.roles import Act, require
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.invoicing.send import InvoiceResult
from po_toolkit.store import batches, purchase_orders

RATE_WINDOW = timedelta(seconds=10)
"""The rate shown is that of the last seconds."""

OUTCOMES = ("invoiced", "skipped", "failed")


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How a batch stands.

    Attributes:
        rate: Purchase orders finished a second, lately.
        seconds_left: At that rate, or None where it cannot be told.
    """

    batch_id: int
    state: str
    error: str
    entered_by: str
    created_at: datetime
    ended_at: datetime | None
    total: int
    waiting: int
    in_hand: int
    invoiced: int
    skipped: int
    failed: int
    cancelled: int
    rate: float

    @property
    def done(self) -> int:
        """How many have a result."""
        return self.invoiced + self.skipped + self.failed + self.cancelled

    @property
    def ended(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.state in ("done", "cancelled", "paused") and self.in_hand == 0

    @property
    def seconds_left(self) -> int | None:
        """How long the rest takes at the present rate."""
        left = self.waiting + self.in_hand
        return round(left / self.rate) if left and self.rate else None


def start(opened: OpenConference, references: Iterable[str], *, send: bool = True) -> int:
    """Queue purchase orders to be invoiced and return the batch's id; the engine does the rest.

    Purchase orders whose invoice was sent by hand are adopted first.

    Raises:
        NotAllowedError: The actor's role is too low.
        NotFoundError: A reference does not exist.
        PurchaseOrderError: No purchase order was named.
        SettingsError: The conference has no Stripe key.
    """
    require(opened.actor, Act.INVOICE)
    chosen = list(references)
    if not chosen:
        raise PurchaseOrderError("Nothing to invoice: no purchase order was chosen.")
    opened.check_account()
    adopt_claimed(opened, chosen)
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        ids = purchase_orders.ids_of(uow.session, opened.conference, chosen)
        batch = batches.create(uow, opened.conference, ids, send=send)
        uow.audit(Act.INVOICE, batch, after={"purchase_orders": len(ids), "send": send})
        return batch.id


def progress(opened: OpenConference, batch_id: int) -> BatchProgress:
    """Say how a batch stands.

    Raises:
        NotFoundError: The conference has no such batch.
    """
    now = datetime.now(UTC)
    with opened.store.reading() as session:
        batch = batches.by_id(session, opened.conference, batch_id)
        count = batches.counts(session, batch_id)
        since = max(now - RATE_WINDOW, batch.created_at)
        lately = batches.finished_since(session, batch_id, since)
    seconds = max((now - since).total_seconds(), 1.0)
    return BatchProgress(
        batch_id=batch.id,
        state=batch.state,
        error=batch.error,
        entered_by=batch.entered_by,
        created_at=batch.created_at,
        ended_at=batch.ended_at,
        total=sum(count.values()),
        waiting=count.get("waiting", 0),
        in_hand=count.get("queued", 0),
        invoiced=count.get("invoiced", 0),
        skipped=count.get("skipped", 0),
        failed=count.get("failed", 0),
        cancelled=count.get("cancelled", 0),
        rate=lately / seconds,
    )


def latest(opened: OpenConference, limit: int = 20) -> list[BatchProgress]:
    """Return how the latest batches stand, newest first."""
    with opened.store.reading() as session:
        ids = [batch.id for batch in batches.recent(session, opened.conference, limit)]
    return [progress(opened, batch_id) for batch_id in ids]


def results(
    opened: OpenConference, batch_id: int, *, after: datetime | None = None
) -> InvoiceReport:
    """Return what became of each purchase order of a batch so far, in order.

    Args:
        opened: The conference.
        batch_id: The batch.
        after: Only results that came after this moment.

    Raises:
        NotFoundError: The conference has no such batch.
    """
    with opened.store.reading() as session:
        batches.by_id(session, opened.conference, batch_id)
        rows = batches.results(session, batch_id, after=after)
    return InvoiceReport(
        [
            InvoiceResult(
                reference, item.state, item.stripe_invoice_id, item.hosted_url, item.error
            )
            for item, reference, _ in rows
            if item.state in OUTCOMES
        ]
    )


def pause(opened: OpenConference, batch_id: int) -> None:
    """Stop taking new purchase orders of a batch; what is in hand is finished."""
    _change(opened, batch_id, "paused", allowed=("running",))


def resume(opened: OpenConference, batch_id: int) -> None:
    """Go on with a paused batch."""
    _change(opened, batch_id, "running", allowed=("paused",))


def cancel(opened: OpenConference, batch_id: int) -> None:
    """Leave what waits undone; what is in hand is finished, what was sent stays sent."""
    _change(opened, batch_id, "cancelled", allowed=("running", "paused"))


def retry(opened: OpenConference, batch_id: int) -> int:
    """Try the failed purchase orders of a batch again, and only those; return how many.

    Raises:
        NotAllowedError: The actor's role is too low.
        NotFoundError: The conference has no such batch.
    """
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        batch = batches.by_id(uow.session, opened.conference, batch_id)
        again = batches.retry_failed(uow, batch)
        uow.audit(Act.INVOICE, batch, after={"retried": again})
        return again


def _change(opened: OpenConference, batch_id: int, state: str, *, allowed: tuple[str, ...]) -> None:
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        batch = batches.by_id(uow.session, opened.conference, batch_id)
        if batch.state not in allowed:
            raise PurchaseOrderError(
                f"Batch {batch_id} is {batch.state}; it cannot become {state}."
            )
        before = batch.state
        batches.set_state(uow, batch, state, opened.now())
        uow.audit(Act.INVOICE, batch, before={"state": before}, after={"state": state})
