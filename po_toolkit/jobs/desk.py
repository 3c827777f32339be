"""Works one purchase order of a batch, in whatever process it lands."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import InterfaceError, OperationalError

from po_toolkit.api.telling import tell_after_sending
from po_toolkit.bootstrap import OpenConference, open_conference
from po_toolkit.config import Settings
from po_toolkit.domain.roles import Actor, Role
from po_toolkit.errors import (
    BusyError,
    LostLeaseError,
    PoToolkitError,
    SettingsError,
    StripeAuthenticationError,
)
from po_toolkit.invoicing.customers import find_customers
from po_toolkit.invoicing.lease import renewed_leases
from po_toolkit.invoicing.send import invoice_one
from po_toolkit.logs import get_logger
from po_toolkit.store import batches
from po_toolkit.store.batches import Assignment
from po_toolkit.store.database import Store
from po_toolkit.store.purchase_orders import to_bill
from po_toolkit.store.tables import InvoiceBatch, PurchaseOrder

log = get_logger(__name__)

KEPT_READ = 200
"""Most purchase orders that are kept as they were read ahead."""

LOOK_AGAIN = timedelta(seconds=1)
"""A purchase order that another process drives is looked at again after this."""


class Desk:
    """The open accounts of this process, with one sign of life for all they hold."""

    def __init__(self, settings: Settings, store: Store) -> None:
        """Open nothing yet."""
        self._settings = settings
        self._store = store
        self._accounts: dict[tuple[str, str], OpenConference] = {}
        self._lock = threading.Lock()
        self._alive = ExitStack()
        self._read: dict[int, PurchaseOrder] = {}

    def stop(self) -> None:
        """Let the leases go."""
        self._alive.close()

    def read_ahead(self, works: Sequence[Assignment]) -> None:
        """Read the purchase orders of assignments in one go; who changes until then is read anew.

        What another process works is forgotten with the next ones.
        """
        with self._store.reading() as session:
            read = to_bill(session, batches.orders_of(session, [work.item_id for work in works]))
        kept = list(self._read.items())[-KEPT_READ:]
        self._read = {**dict(kept), **read}

    def work(self, work: Assignment) -> None:
        """Invoice one purchase order and note what became of it."""
        with self._store.reading() as session:
            turn = batches.in_turn(session, work.item_id, work.round)
        if turn is None:
            return
        state, order_id = turn
        if state != "running":
            self._settle(work, "cancelled" if state == "cancelled" else "waiting")
            return
        try:
            opened = self._account(work.slug, work.entered_by)
            read = self._read.pop(order_id, None)
            result = invoice_one(opened, order_id, work.reference, send=work.send, read=read)
        except (BusyError, LostLeaseError):
            self._settle(work, "waiting", wait=LOOK_AGAIN)
        except (StripeAuthenticationError, SettingsError) as error:
            self._settle(work, "waiting")
            self._pause(work, str(error))
        except PoToolkitError as error:
            self._settle(work, "failed", error=str(error))
        except (OperationalError, InterfaceError) as error:
            log.warning("the database is busy; trying again", error=type(error.orig).__name__)
            self._settle(work, "waiting", wait=LOOK_AGAIN)
        except Exception as error:
            log.exception("invoicing failed unexpectedly", reference=work.reference)
            self._settle(
                work,
                "failed",
                error=f"{type(error).__name__}: see the log. Trying again is safe.",
            )
        else:
            self._settle(
                work,
                result.outcome,
                stripe_invoice_id=result.stripe_invoice_id,
                hosted_url=result.hosted_invoice_url,
                error=result.error,
            )

    def find_customers(self, batch: InvoiceBatch, slug: str) -> None:
        """Look for the batch's new sponsors at Stripe in one go, once for the whole batch."""
        opened = self._account(slug, batch.entered_by)
        with self._store.reading() as session:
            sponsors = batches.sponsors_of(session, batch.id)
        try:
            find_customers(opened, sponsors)
        except StripeAuthenticationError as error:
            batches.pause_because(self._store, batch.id, str(error))
            raise
        batches.customers_found(self._store, batch.id, datetime.now(UTC))

    def tell_of_earlier_money(self, batch: InvoiceBatch, slug: str) -> None:
        """Tell the invoices of a batch that ended of wires and checks that came before them."""
        tell_after_sending(self._open(slug, batch.entered_by))

    def _open(self, slug: str, entered_by: str) -> OpenConference:
        return open_conference(
            slug,
            settings=self._settings,
            store=self._store,
            actor=Actor(entered_by, Role.OPERATOR),
            patient=True,
        )

    def _account(self, slug: str, entered_by: str) -> OpenConference:
        with self._lock:
            if (slug, entered_by) not in self._accounts:
                opened = self._open(slug, entered_by)
                opened.require_stripe()
                self._alive.enter_context(renewed_leases(opened))
                self._accounts[slug, entered_by] = opened
            return self._accounts[slug, entered_by]

    def _settle(
        self,
        work: Assignment,
        state: str,
        *,
        stripe_invoice_id: str = "",
        hosted_url: str = "",
        error: str = "",
        wait: timedelta | None = None,
    ) -> None:
        batches.settle(
            self._store,
            work.item_id,
            work.round,
            state=state,
            now=datetime.now(UTC),
            stripe_invoice_id=stripe_invoice_id,
            hosted_url=hosted_url,
            error=error,
            wait=wait,
        )

    def _pause(self, work: Assignment, reason: str) -> None:
        with self._store.reading() as session:
            batch_id = batches.batch_of(session, work.item_id)
        batches.pause_because(self._store, batch_id, reason)
