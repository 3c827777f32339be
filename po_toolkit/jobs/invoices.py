"""Jobs of a batch: its beginning, each of its purchase orders, its end."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from po_toolkit.api.invoices import read_adopted
from po_toolkit.bootstrap import OpenConference, open_conference
from po_toolkit.config import Settings
from po_toolkit.domain.roles import Actor, Role
from po_toolkit.domain.states import JobState
from po_toolkit.errors import (
    BusyError,
    LostLeaseError,
    PoToolkitError,
    SettingsError,
    StripeAuthenticationError,
    StripeGatewayError,
)
from po_toolkit.invoicing.billed import Listing
from po_toolkit.invoicing.customers import WORTH_PAGES, find_customers
from po_toolkit.invoicing.send import invoice_one
from po_toolkit.logs import get_logger
from po_toolkit.payments.stripe_reports import report_after_sending
from po_toolkit.store import conferences, jobs
from po_toolkit.store.database import Store
from po_toolkit.store.invoices import renew_leases, was_sent_since
from po_toolkit.store.jobs import Claimed, Result
from po_toolkit.store.purchase_orders import to_bill
from po_toolkit.store.tables import Conference, PurchaseOrder

log = get_logger(__name__)

RETRY = timedelta(seconds=1)
"""A job that found its purchase order or the database busy is tried again after this."""

KEPT = 200
"""Most purchase orders that are kept as they were read ahead."""


class Invoicing:
    """The Stripe accounts that this process invoices in."""

    def __init__(self, settings: Settings, store: Store) -> None:
        """Open nothing yet."""
        self._settings = settings
        self._store = store
        self._accounts: dict[tuple[str, str], OpenConference] = {}
        self._listings: dict[str, Listing] = {}
        self._lock = threading.Lock()
        self._read: dict[int, PurchaseOrder] = {}

    def read_ahead(self, claimed: Sequence[Claimed]) -> None:
        """Read the purchase orders of jobs in one go; one that changes until then is read again.

        Settings that were changed in the app meanwhile count from here.
        """
        ids = [job.purchase_order_id for job in claimed if job.purchase_order_id is not None]
        with self._store.reading() as session:
            read = to_bill(session, ids)
            found = [conferences.by_slug(session, slug) for slug in {job.slug for job in claimed}]
        self._take_settings({conference.slug: conference for conference in found})
        self._read = {**dict(list(self._read.items())[-KEPT:]), **read}

    def _take_settings(self, conferences_now: Mapping[str, Conference]) -> None:
        """Go on with the settings in force; what is being sent keeps its leases."""
        with self._lock:
            for (slug, who), opened in list(self._accounts.items()):
                now = conferences_now.get(slug)
                if now is None or now.changed_settings == opened.conference.changed_settings:
                    continue
                try:
                    settings = conferences.effective(now, opened.file_settings or opened.settings)
                except SettingsError:
                    del self._accounts[slug, who]  # opening it again says why
                    continue
                self._accounts[slug, who] = replace(opened, settings=settings, conference=now)

    def renew(self) -> None:
        """Keep the leases of the invoices that are being sent here."""
        for opened in list(self._accounts.values()):
            renew_leases(opened.store, opened.lease_prefix, opened.now())

    def invoice(self, job: Claimed) -> Result:
        """Invoice one purchase order.

        Raises:
            SQLAlchemyError: The database failed.
        """
        order_id = job.purchase_order_id or 0
        try:
            account = self._account(job.slug, job.entered_by)
            self._read_what_is_new(account, job)
            result = invoice_one(
                account,
                order_id,
                job.reference,
                send=job.send,
                read=self._read.pop(order_id, None),
                since=job.batch_created_at,
            )
        except (BusyError, LostLeaseError):
            return self._again(job)
        except (StripeAuthenticationError, SettingsError) as error:
            jobs.pause_batch(self._store, job.batch_id or 0, str(error))
            return self._again(job)
        except PoToolkitError as error:
            return Result(job.id, job.lease, JobState.FAILED, error.reason)
        read_adopted(account, result)
        state = JobState(result.outcome)
        if state is JobState.SKIPPED and self._sent_by(job):
            state = JobState.INVOICED
        return Result(
            job.id,
            job.lease,
            state,
            result.error if state is not JobState.INVOICED else "",
            result.stripe_invoice_id,
            result.hosted_invoice_url,
        )

    def batch(self, job: Claimed) -> Result:
        """Do what a batch needs before its first invoice, or after its last one.

        Raises:
            SQLAlchemyError: The database failed.
        """
        batch_id = job.batch_id or 0
        if job.prepared:
            report_after_sending(self._open(job.slug, job.entered_by))
            jobs.end_batch(self._store, batch_id, datetime.now(UTC))
            return Result(job.id, job.lease, JobState.DONE)
        with self._store.reading() as session:
            sponsors = jobs.sponsors_of(session, batch_id)
        try:
            account = self._account(job.slug, job.entered_by)
            with ThreadPoolExecutor() as pool:
                customers = pool.submit(find_customers, account, sponsors)
                if len(sponsors) >= WORTH_PAGES:
                    pool.submit(self._listings[job.slug].begin, account).result()
                customers.result()
        except (StripeAuthenticationError, SettingsError) as error:
            jobs.pause_batch(self._store, batch_id, str(error))
            return self._again(job)
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 then each sponsor is looked up with its invoice
            log.warning("sponsors are looked up one by one", reason=str(error))
        jobs.customers_found(self._store, batch_id, datetime.now(UTC))
        return Result(job.id, job.lease, JobState.WAITING)

    def _read_what_is_new(self, account: OpenConference, job: Claimed) -> None:
        """Read what is new at Stripe in time; where that fails, each purchase order asks itself."""
        try:
            self._listings[job.slug].renew(account, job.batch_created_at)
        except StripeAuthenticationError:
            raise
        except StripeGatewayError as error:
            log.warning("new invoices at Stripe could not be read ahead", reason=str(error))

    def _sent_by(self, job: Claimed) -> bool:
        """Tell whether a worker that died had sent the invoice before it could say so."""
        if job.attempts == 1 or job.batch_created_at is None:
            return False
        with self._store.reading() as session:
            return was_sent_since(session, job.purchase_order_id or 0, job.batch_created_at)

    def _again(self, job: Claimed) -> Result:
        return Result(
            job.id,
            job.lease,
            JobState.WAITING,
            run_after=datetime.now(UTC) + RETRY,
            attempts=job.attempts - 1,
        )

    def _account(self, slug: str, entered_by: str) -> OpenConference:
        with self._lock:
            if (slug, entered_by) not in self._accounts:
                opened = self._open(slug, entered_by)
                opened.require_stripe()
                self._accounts[slug, entered_by] = opened
                self._listings.setdefault(slug, Listing())
            return self._accounts[slug, entered_by]

    def _open(self, slug: str, entered_by: str) -> OpenConference:
        return open_conference(
            slug,
            settings=self._settings,
            store=self._store,
            actor=Actor(entered_by, Role.OPERATOR),
            patient=True,
        )
