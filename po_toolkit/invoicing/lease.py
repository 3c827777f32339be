"""The lease on a purchase order's invoice, and the record of how far it has got.

A worker takes a lease on the invoice row, and commits each step's result by a compare-and-set on
generation, step and lease: a worker whose lease has ended cannot commit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from po_toolkit import outbox
from po_toolkit.context import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.periods import local_day
from po_toolkit.domain.references import comparable
from po_toolkit.domain.roles import Act
from po_toolkit.domain.states import InvoiceState, InvoiceStep, may_follow
from po_toolkit.domain.sums import PAID_SIGN, EntryKind
from po_toolkit.errors import BusyError, LostLeaseError, PurchaseOrderError
from po_toolkit.invoicing.plan import Content, InvoicePlan, refuse_unbillable
from po_toolkit.money import display
from po_toolkit.outbox import Kind, Outcome, Write
from po_toolkit.store import invoices, money_intents
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.purchase_orders import refresh_status
from po_toolkit.store.stripe_writes import StoredWrite
from po_toolkit.store.tables import LIVE_STATES, Invoice, PurchaseOrder, StripeCustomer
from po_toolkit.stripe_gateway.client import PAGE

Json = dict[str, Any]

ABSENCE_HOLDS = timedelta(hours=1)
"""How long 'not there' is believed; the key keeps two makers of one customer apart meanwhile."""


@dataclass
class Lease:
    """The right of one worker to work on one invoice, and how far it has got."""

    opened: OpenConference
    order: PurchaseOrder
    invoice: Invoice
    resumed: bool
    """True until the first look at Stripe, when an earlier worker may have done more than it
    could write down."""
    find: Callable[[Lease], Json | None] = lambda _lease: None
    """Looks at Stripe whether the invoice is further than the next step says."""
    pending: tuple[Write, StoredWrite] | None = None
    """The next write, stored."""
    rate_ids: dict[str, str] = field(default_factory=dict)
    """Stripe's ids of the tax rates that were made, by fingerprint."""
    finished: list[Outcome] = field(default_factory=list)
    """Writes that were done, to be noted with the next commit."""

    @property
    def plan(self) -> InvoicePlan:
        """What is to be sent."""
        conference = self.opened.conference
        invoice = self.invoice
        return InvoicePlan(
            self.order, conference, invoice.generation, self.rate_ids, invoice.settled_before
        )

    @contextmanager
    def step(self) -> Iterator[tuple[UnitOfWork, Invoice]]:
        """Commit what the block changes of the invoice, if this worker still holds it.

        The write of the step that follows is stored in the same transaction. Where it fails, the
        invoice is as it was before, here too.

        Raises:
            LostLeaseError: Another worker has it; nothing is changed.
        """
        row = self.invoice
        before = InvoiceState(row.state), InvoiceStep(row.step)
        try:
            with self.opened.store.writing(self.opened.actor, Act.INVOICE) as uow:
                yield uow, row
                _refuse_impossible(before, row)
                ended = before[0] in LIVE_STATES and row.state not in LIVE_STATES
                if ended:  # before the invoice's row, as everybody locks
                    uow.lock_purchase_order(row.purchase_order_id)
                self.invoice = invoices.keep_leased(uow, row)
                if ended:
                    refresh_status(uow.lock_purchase_order(row.purchase_order_id))
                self.note_progress(uow, self.invoice)
        except BaseException:
            self.invoice = row
            invoices.undo_changes(row)
            raise
        invoices.forget_changes(row)

    def advance(self, **changes: Any) -> None:
        """Commit changes of the invoice row."""
        with self.step() as (_, row):
            for name, value in changes.items():
                setattr(row, name, value)

    def note_progress(self, uow: UnitOfWork, row: Invoice) -> None:
        """Note what Stripe has done, and store what is asked of it next."""
        for outcome in self.finished:
            outbox.finish(uow, self.opened, outcome)
        self.finished.clear()
        self.pending = None
        write = self._next_write(row)
        if write is not None and row.state in LIVE_STATES:
            self.pending = write, outbox.declare(uow, self.opened, write)

    def write(self) -> Outcome:
        """Do the write that is stored for this step; it is noted with the next commit.

        Raises:
            StripeGatewayError: In one of its kinds.
        """
        if self.pending is None:
            raise LostLeaseError(f"{self.order.reference}: The outbox has no next step.")
        outcome = outbox.send(self.opened, *self.pending)
        self.finished.append(outcome)
        return outcome

    def _next_write(self, row: Invoice) -> Write | None:
        """Return the write of the row's step; None where something is read first."""
        customer, path = row.customer, f"/v1/invoices/{row.stripe_invoice_id}"
        match row.step:
            case "customer" if customer and self.knows_absent(customer):
                return self.customer_write(customer)
            case "draft" if customer and (stripe_id := customer.stripe_customer_id):
                return self._write(row, outbox.DRAFT, "/v1/invoices", self.plan.draft, stripe_id)
            case "lines":
                return self._write(row, outbox.LINES, f"{path}/add_lines", self.plan.lines)
            case "send":
                return self._write(row, outbox.SEND, f"{path}/send", dict)
            case "finalize":
                return self._write(
                    row, outbox.FINALIZE, f"{path}/finalize", lambda: {"auto_advance": False}
                )
        return None

    def _write(
        self, row: Invoice, kind: Kind, path: str, body: Callable[..., Json], *args: str
    ) -> Write:
        return Write(
            kind,
            step_slot(self.order, row, kind.name),
            path,
            partial(body, *args),
            find=lambda _stored: self.find(self),
            conference_id=row.conference_id,
            purchase_order_id=row.purchase_order_id,
        )

    def customer_write(self, customer: StripeCustomer) -> Write:
        """Return the write that makes the sponsor's customer, the same for all their orders."""
        return Write(
            outbox.CUSTOMER,
            customer_slot(customer, "create"),
            "/v1/customers",
            self.plan.customer,
            find=lambda _stored: existing_customer(self.opened, self.order),
            conference_id=customer.conference_id,
        )

    def knows_absent(self, customer: StripeCustomer) -> bool:
        """Tell whether the account is known not to have this customer, unless we made it since."""
        looked = customer.looked_for_at
        fresh = looked is not None and self.opened.now() - looked < ABSENCE_HOLDS
        new = not self.resumed and customer.attempt == 1 and not customer.stripe_customer_id
        return fresh and new


def _refuse_impossible(before: tuple[InvoiceState, InvoiceStep], row: Invoice) -> None:
    """Commit no move that the states do not know: it could bill twice."""
    after = InvoiceState(row.state), InvoiceStep(row.step)
    if not (may_follow(before[0], after[0]) and may_follow(before[1], after[1])):
        raise AssertionError(f"an invoice cannot go from {before} to {after}")


def step_slot(order: PurchaseOrder, invoice: Invoice, step: str) -> str:
    """Return the outbox slot of a step of an invoice."""
    return f"po-{order.uuid}-g{invoice.generation}-{step}"


def customer_slot(customer: StripeCustomer, step: str) -> str:
    """Return the outbox slot of something that is written to a customer."""
    return f"customer-{customer.uuid}-g{customer.attempt}-{step}"


@dataclass(frozen=True, slots=True)
class SeenCustomers:
    """Customers of the account.

    Attributes:
        rows: As Stripe listed them.
        whole: These are all of the account.
    """

    rows: list[Json]
    whole: bool

    def of(self, order: PurchaseOrder) -> Json | None:
        """Return the oldest customer of this email, in any case, and organization."""
        email = order.contact_email.strip().casefold()
        same = [
            row
            for row in self.rows
            if (row.get("email") or "").casefold() == email
            and comparable(row.get("name") or "") == order.organization_key
        ]
        return min(same, key=lambda row: (row["created"], row["id"]), default=None)


def customers_like(opened: OpenConference, order: PurchaseOrder) -> SeenCustomers:
    """Read the customers among whom the sponsor is, if it is one.

    Stripe's email filter is case-sensitive (API reference, list customers). So the newest page of
    customers is read first, which is all of them in most accounts; in larger ones the email is
    also looked for as it was typed and in lower case.
    """
    email = order.contact_email.strip()
    newest = opened.gateway.read("/v1/customers", {"limit": PAGE})
    rows: list[Json] = newest["data"]
    if newest["has_more"]:
        for spelling in dict.fromkeys((email, email.lower())):
            for page in opened.gateway.pages("/v1/customers", {"email": spelling}):
                rows += page
    return SeenCustomers(rows, not newest["has_more"])


def existing_customer(opened: OpenConference, order: PurchaseOrder) -> Json | None:
    """Return the sponsor's oldest customer in the account, if there is one."""
    return customers_like(opened, order).of(order)


def last_step(invoice: Invoice) -> str:
    """Return the step that finalizes: Stripe's mail goes out with it, or nothing does."""
    return "finalize" if invoice.delivery == "ourselves" else "send"


LAST_STEPS = frozenset({"send", "finalize"})


def claim(
    opened: OpenConference,
    order_id: int,
    read: PurchaseOrder | None = None,
    find: Callable[[Lease], Json | None] = lambda _lease: None,
    *,
    after: int = 0,
) -> Lease:
    """Take the lease on a purchase order's invoice, making its row where there is none.

    Args:
        opened: The conference's account.
        order_id: Which purchase order.
        read: The purchase order as its batch read it, which keeps the transaction short where it
            is unchanged; without it the purchase order is read in the transaction.
        find: Looks at Stripe whether the invoice is further than its next step says.
        after: The last generation that Stripe knows; a new one gets a later number.

    Raises:
        BusyError: Another worker holds it.
        PurchaseOrderError: It cannot be invoiced; the message says why.
    """
    now = opened.now()
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        order = uow.lock_as_read(read) if read else uow.lock_purchase_order(order_id)
        refuse_unbillable(order, opened.conference, local_day(now, opened.conference.timezone))
        invoice = order.live_invoice
        resumed = invoice is not None
        if invoice is None:
            if order.invoices:
                refuse_unfinished(uow.session, opened, order)
            invoice = _next_generation(uow, opened, order, after)
        else:
            _refuse_leased(order, invoice, now)
            if invoice.refused and invoice.stripe_invoice_id is None:
                invoice.customer_id = invoices.customer_row(uow, order).id
                invoice.step = "customer"
            invoice.refused = False
            invoice.error = ""
            invoice.delivery = Content(order, opened.conference, invoice.generation).delivery
            if invoice.step in LAST_STEPS:
                invoice.step = last_step(invoice)
            _take(uow, opened, invoice)
        customer = invoice.customer
        lease = Lease(opened, order, invoice, resumed, find)
        known = customer is not None and bool(customer.stripe_customer_id)
        if invoice.step == "customer" and known and up_to_date(lease, customer):
            invoice.step = "draft"
        if lease.plan.rates:
            lease.rate_ids = invoices.known_tax_rates(
                uow.session, order.conference_id, lease.plan.rates
            )
        lease.note_progress(uow, invoice)
    return lease


def tax_id_key(order: PurchaseOrder) -> str:
    """Return by what we remember that a customer bears the sponsor's tax id; ``""`` without."""
    return f"{order.tax_id_type} {order.tax_id}" if order.tax_id else ""


def covers(put: Json, named: Json) -> bool:
    """Tell whether a customer is known to say all that is named."""
    return all(put.get(name) == value for name, value in named.items())


def up_to_date(lease: Lease, customer: StripeCustomer | None) -> bool:
    """Tell whether the customer at Stripe is known to have what the purchase order names."""
    return customer is None or (
        covers(customer.details_put, lease.plan.details(customer.details_put))
        and (not lease.order.tax_id or customer.tax_id_put == tax_id_key(lease.order))
    )


def hold(opened: OpenConference, order_id: int) -> Lease | None:
    """Take the lease on the live invoice, if there is one, to do something else with it.

    Raises:
        BusyError: Another worker holds it.
    """
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        order = uow.lock_purchase_order(order_id)
        invoice = order.live_invoice
        if invoice is None:
            return None
        _refuse_leased(order, invoice, opened.now())
        _take(uow, opened, invoice)
    return Lease(opened, order, invoice, resumed=True)


def refuse_unfinished(session: Session, opened: OpenConference, order: PurchaseOrder) -> None:
    """Refuse to bill again or to cancel while money or a credit note is on its way.

    Raises:
        PurchaseOrderError: One was begun, and its outcome decides what is owed.
    """
    for begun in money_intents.not_in_books(session, order)[:1]:
        what = begun.kind.replace("_", " ")
        raise PurchaseOrderError(
            f"{order.reference}: A {what} of {display(begun.amount, begun.currency)} was begun and "
            f"is not in the books yet, so what is owed is not known. Nothing was changed. Sync "
            f"first, which finishes it, then look at what is owed.",
            remedy=remedies.sync(opened.slug),
        )


def _refuse_leased(order: PurchaseOrder, invoice: Invoice, now: datetime) -> None:
    if invoice.lease_until is not None and invoice.lease_until > now:
        raise BusyError(f"{order.reference}: Another process is invoicing it right now.")


def _take(uow: UnitOfWork, opened: OpenConference, invoice: Invoice) -> None:
    invoice.lease_owner, invoice.lease_until = _new_lease(opened)
    uow.session.flush()
    uow.session.refresh(invoice, ["customer"])


def _new_lease(opened: OpenConference) -> tuple[str, datetime]:
    return f"{opened.lease_prefix}-{uuid4().hex[:8]}", opened.now() + invoices.LEASE


def _next_generation(
    uow: UnitOfWork, opened: OpenConference, order: PurchaseOrder, after: int
) -> Invoice:
    generation = max(after, *(i.generation for i in order.invoices), 0) + 1
    owner, until = _new_lease(opened)
    invoice = invoices.add_invoice(
        uow,
        order,
        generation=generation,
        first_tried_at=opened.now(),
        settled_before=settled_before(uow.session, order),
        delivery=Content(order, opened.conference, generation).delivery,
        lease_owner=owner,
        lease_until=until,
    )
    uow.audit(Act.INVOICE, order, after={"generation": generation})
    return invoice


def settled_before(session: Session, order: PurchaseOrder) -> int:
    """Return what is settled and an invoice to come does not hear of by itself, in minor units.

    An earlier generation had it: a credit note on one that is void now, the money of a paid one
    that was replaced. Money and credit notes that no invoice at Stripe has taken are reported to
    the new one once it is sent, and lower it then; so does the sponsor's credit that a void one
    gave back.
    """
    sums, unheard = order.sums, money_intents.unreported(session, order)
    void = {i.id for i in order.invoices if i.state != InvoiceState.REPLACED}
    returned = {entry.reverses_id for entry in order.entries}
    given_back = sum(
        PAID_SIGN[EntryKind(entry.kind)] * entry.amount
        for entry in order.entries
        if entry.kind in (EntryKind.TRANSFER_IN, EntryKind.TRANSFER_OUT)
        and entry.invoice_id in void
        and entry.id not in returned
    )
    return sums.total - sums.balance - given_back - sum(row.amount for row in unheard)


def release(lease: Lease, error: str = "", *, refused: bool = False) -> None:
    """Give the lease back.

    ``refused``: Stripe refused these data for certain.
    """
    mine = lease.invoice
    if not mine.lease_owner and not error:
        return
    with lease.opened.store.writing(lease.opened.actor, Act.INVOICE) as uow:
        row = uow.session.get_one(Invoice, mine.id)
        if row.lease_owner == mine.lease_owner:
            row.lease_owner = ""
            row.lease_until = None
            row.error = error
            row.refused = refused


@contextmanager
def renewed_leases(opened: OpenConference) -> Iterator[None]:
    """Renew the leases that were taken here while the block runs."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(invoices.LEASE.total_seconds() / 3):
            invoices.renew_leases(opened.store, opened.lease_prefix, opened.now())

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
