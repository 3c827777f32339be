"""What Stripe really has of a purchase order: before it is billed, and when nobody here knows.

Every invoice of the account is read once, in pages, and kept; after that only what is new. So a
look before the first write costs one call: the new invoices where the sponsor is a known customer,
or the customers, where a sponsor that the account does not have cannot have been billed there.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any

from po_toolkit import outbox
from po_toolkit.context import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.already_billed import (
    NOT_BILLED,
    InvoiceAtStripe,
    ToBill,
    billed_beside,
    own_invoices,
    same_sponsor,
    sponsor_key,
)
from po_toolkit.domain.periods import local_day
from po_toolkit.domain.references import comparable
from po_toolkit.domain.roles import Act
from po_toolkit.domain.sums import Sums
from po_toolkit.errors import AlreadyBilledError, AmountError, Reason, StripeNotFoundError
from po_toolkit.invoicing.customers import details_of
from po_toolkit.invoicing.lease import Lease, SeenCustomers, customers_like, step_slot
from po_toolkit.invoicing.plan import all_lines, line_taxes, same_lines
from po_toolkit.money import display
from po_toolkit.outbox import Write
from po_toolkit.store import invoices, purchase_orders, stripe_only
from po_toolkit.store.stripe_writes import StoredWrite
from po_toolkit.store.tables import PurchaseOrder

Json = dict[str, Any]

LISTING_HOLDS = timedelta(minutes=1)
"""How long a batch believes that no invoice was made but its own."""

_OVERLAP = timedelta(hours=1)
"""Clocks differ, and an invoice is listed by when Stripe made it."""

_SETTLED_SECONDS = 60
"""By Stripe's own clock this is enough: a list shows at once what was made."""

MATCHED = 5
"""How many likely invoices are read anew before a person is asked."""


@dataclass(frozen=True, slots=True)
class Before:
    """What Stripe has of a purchase order before it is billed here.

    Attributes:
        invoice: Its own invoice, to be taken over; None where it has none that counts.
        generation: The last generation that Stripe knows of it.
        changed: One that stood when it was read does not any more: a revision may be in its place.
        void: Its own that are void and not known here, as in a restored copy.
    """

    invoice: InvoiceAtStripe | None = None
    generation: int = 0
    changed: bool = False
    void: tuple[InvoiceAtStripe, ...] = ()


def find_billed(
    opened: OpenConference, order: PurchaseOrder, since: datetime | None = None
) -> Before:
    """Find a purchase order's own invoice at Stripe, or one beside it that bills the same.

    The purchase order has no live invoice here. What its batch read since it began is believed for
    a minute.

    Raises:
        AlreadyBilledError: An invoice bills the same; the message names it and the ways on.
        StripeGatewayError: Stripe could not be asked.
    """
    listed = since is not None and _listed_since(opened, since)
    found = known_to_bill(opened, order)
    believed = listed and not found.changed
    if found.invoice is None and not believed and _read_what_is_new(opened, order, since):
        found = known_to_bill(opened, order)
    return found


def known_to_bill(
    opened: OpenConference,
    order: PurchaseOrder,
    *,
    ask: bool = True,
    beside: Collection[str] = (),
    rows: list[InvoiceAtStripe] | None = None,
) -> Before:
    """Do the same by what was read before; only what speaks against billing is read anew.

    Args:
        opened: The conference's account.
        order: The purchase order.
        ask: False believes what was read before.
        beside: Further invoices beside which a person is about to decide to bill it.
        rows: What was read before, as :func:`read_before` returns it; None reads it here.

    Raises:
        AlreadyBilledError: An invoice bills the same.
        StripeGatewayError: Stripe could not be asked.
    """
    wanted = to_bill_of(order)
    wanted = replace(wanted, beside=wanted.beside | set(beside))
    changed = False
    for _ in range(MATCHED):
        if rows is None:
            (rows,) = read_before(opened, [wanted])
        own = own_invoices(wanted, rows)
        generation = max((row.generation for row in own), default=0)
        void = tuple(row for row in own if row.status == "void")
        own_live = [row for row in own if row.counts or row.status == "draft"]
        mine = max(own_live, key=lambda row: row.counts, default=None)
        # Its own draft has asked nobody: what another database billed since comes first.
        same = None if mine is not None and mine.counts else billed_beside(wanted, rows)
        match = same or mine
        if match is None:
            return Before(None, generation, changed, void)
        if ask and not _still(opened, match):
            rows, changed = None, True
            continue
        if same is not None:
            raise AlreadyBilledError(why_not(opened, order, same))
        return Before(mine, generation, void=void)
    raise AlreadyBilledError(
        f"{order.reference}: Its invoices at Stripe keep changing; sync, then try again.",
        remedy=remedies.sync(opened.slug),
    )


def read_before(opened: OpenConference, wanted: Sequence[ToBill]) -> list[list[InvoiceAtStripe]]:
    """Return for each purchase order the invoices at Stripe that may bill it, as read last."""
    with opened.store.reading() as session:
        return list(stripe_only.may_bill(session, opened.conference, wanted))


def own_at_stripe(
    opened: OpenConference, order: PurchaseOrder, *, ask: bool
) -> InvoiceAtStripe | None:
    """Return an invoice of a purchase order that counts at Stripe and is not connected to it here.

    Without ``ask``, what a sync has read is believed of one that was never invoiced here. One whose
    invoice ended may have another since, as a revision made in Stripe's dashboard, so Stripe is
    asked.

    Raises:
        StripeGatewayError: Stripe could not be asked.
    """
    if ask or order.invoices:
        _read_what_is_new(opened, order, None)
    wanted = to_bill_of(order)
    (rows,) = read_before(opened, [wanted])
    return next((row for row in own_invoices(wanted, rows) if row.counts), None)


def to_bill_of(order: PurchaseOrder, sums: Sums | None = None) -> ToBill:
    """Return a purchase order as the rules compare it; its sums where they are added up already."""
    return ToBill(
        uuid=str(order.uuid),
        organization_name=order.organization_name,
        contact_email=order.contact_email,
        po_number=order.po_number,
        currency=order.currency,
        total=(sums or order.sums).total,
        own_ids=frozenset(i.stripe_invoice_id for i in order.invoices if i.stripe_invoice_id),
        beside=frozenset((order.answers or {}).get("beside") or ()),
    )


def why_not(opened: OpenConference, order: PurchaseOrder, found: InvoiceAtStripe) -> Reason:
    """Say which invoice bills the same, and the ways on."""
    day = local_day(found.created, opened.conference.timezone)
    named = f" ({found.number})" if found.number else ""
    for_what = f"PO number {order.po_number}" if order.po_number else "the same total"
    same = (found.total, found.currency) == (order.sums.total, order.currency)
    again = remedies.bill_again(opened.slug, order.reference, found.stripe_id)
    with opened.store.reading() as session:
        taken = purchase_orders.has_uuid(session, found.order_uuid)
    adoptable = same and not taken
    ways = (
        "adopt it if it is this purchase order's, or bill again on purpose if there are two"
        if adoptable
        else "cancel this purchase order if that one bills it, or bill again on purpose if there "
        "are two"
    )
    one = (
        remedies.adopt(order.reference, found.stripe_id)
        if adoptable
        else remedies.cancel(order.reference)
    )
    return Reason(
        f"{order.reference}: {NOT_BILLED} {found.stripe_id}{named} of "
        f"{display(found.total, found.currency)}, {found.status}, made on {day} for "
        f"{found.customer_name or found.customer_email} with {for_what}. Look at it, then {ways}.",
        replace(one, otherwise=again),
    )


def _still(opened: OpenConference, match: InvoiceAtStripe) -> bool:
    """Read an invoice anew; tell whether it is as it was read before."""
    read_at = opened.now()
    invoice = None
    with suppress(StripeNotFoundError):
        invoice = opened.gateway.read(f"/v1/invoices/{match.stripe_id}")
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        if invoice is None or invoice.get("deleted"):
            stripe_only.forget_stray(uow, opened.conference, match.stripe_id)
            return False
        stripe_only.note_strays(uow, opened.conference, [invoice], read_at)
    return bool(invoice["status"] == match.status)


def _read_what_is_new(opened: OpenConference, order: PurchaseOrder, since: datetime | None) -> bool:
    """Read the invoices that are new, unless the sponsor cannot have any in this account.

    Returns:
        True where something may have been read that was not known before.
    """
    sponsor = order.contact_email.strip().casefold(), order.organization_key
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        row = invoices.customer_rows(uow, opened.conference.id, [sponsor])[sponsor]
    looked = row.looked_for_at is not None and since is not None and row.looked_for_at >= since
    if not row.stripe_customer_id and not looked:
        seen = customers_like(opened, order)
        there = seen.of(order)
        noted = {row.id: (str(there["id"]), details_of(there))} if there else {}
        with opened.store.writing(opened.actor, Act.INVOICE) as uow:
            invoices.note_customers(uow, noted, [] if there else [row.id], opened.now())
        if seen.whole and not _may_be_known(order, seen):
            return False
    list_invoices(opened)
    _read_drafts(opened, order)
    return True


def _read_drafts(opened: OpenConference, order: PurchaseOrder) -> None:
    """Read the sponsor's drafts anew: one that was sent since is listed by when it was drafted."""
    wanted = to_bill_of(order)
    (rows,) = read_before(opened, [wanted])
    drafts = [row for row in rows if row.status == "draft" and same_sponsor(wanted, row)]
    for row in drafts[:MATCHED]:
        _still(opened, row)


def _listed_since(opened: OpenConference, since: datetime) -> bool:
    """Tell whether the batch that began then has just read the new invoices."""
    with opened.store.reading() as session:
        until = stripe_only.listed_until(session, opened.conference)
    return until is not None and until >= since and opened.now() - until < LISTING_HOLDS


def _may_be_known(order: PurchaseOrder, seen: SeenCustomers) -> bool:
    """Tell whether one of the customers could be the sponsor, under any address or legal form."""
    key, email = sponsor_key(order.organization_name), comparable(order.contact_email)
    return any(
        sponsor_key(row.get("name") or "") == key or comparable(row.get("email") or "") == email
        for row in seen.rows
    )


def _keep(opened: OpenConference, listed: list[dict[str, Any]], read_at: datetime) -> None:
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        stripe_only.note_strays(uow, opened.conference, listed, read_at)


def list_invoices(opened: OpenConference, newest: int = 0) -> int:
    """Read the account's invoices that are new since the last time, the first time all of them.

    Args:
        opened: The conference's account.
        newest: When Stripe made the newest invoice that was read before, in Unix seconds by
            Stripe's clock, where less must be read again than our clock would ask for.

    Returns:
        The same of what is read now; test clocks are passed over.

    Raises:
        StripeGatewayError: Stripe could not be read to the end; what was read is kept.
    """
    began = opened.now()
    with opened.store.reading() as session:
        until = stripe_only.listed_until(session, opened.conference)
    query: dict[str, object] = {"collection_method": "send_invoice"}
    if until is not None:
        query["created"] = {"gte": max(_since(until), newest - _SETTLED_SECONDS)}
    read_at = began
    for page in opened.gateway.pages("/v1/invoices", query):
        newest = max([newest, *(int(i["created"]) for i in page if not i.get("test_clock"))])
        with opened.store.reading() as session:
            ours = invoices.known_stripe_ids(session, opened.conference, [i["id"] for i in page])
        others = [i for i in page if i["id"] not in ours and stripe_only.may_be_sponsors(i)]
        try:
            _keep(opened, others, read_at)
        except AmountError:
            for invoice in others:
                with suppress(AmountError):  # in no currency of a purchase order; sync names it
                    _keep(opened, [invoice], read_at)
        read_at = opened.now()
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        stripe_only.note_listed(uow, opened.conference, began)
    return newest


class Listing:
    """Reads what is new in one account for all threads that invoice in a batch.

    Without it, each of them would do so once what was read is a minute old.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self._lock = threading.Lock()
        self._newest = 0
        self._fresh_until = datetime.min.replace(tzinfo=UTC)

    def begin(self, opened: OpenConference) -> None:
        """Read what is new before the batch's first invoice.

        Raises:
            StripeGatewayError: Stripe could not be read to the end; what was read is kept.
        """
        with self._lock:
            self._newest = list_invoices(opened, self._newest)

    def renew(self, opened: OpenConference, began: datetime | None) -> None:
        """Read what is new again when half of the time is over that it is believed for.

        One thread does it; the others go on, and wait for it once all of the time is over. What
        was not read since the batch began, since it is small, is not read here either.

        Raises:
            StripeGatewayError: Stripe could not be read to the end; what was read is kept.
        """
        if began is None or opened.now() < self._fresh_until:
            return
        if not (age := self._age(opened, began)):
            return
        if self._lock.acquire(blocking=age >= LISTING_HOLDS):
            try:
                if self._age(opened, began):
                    self._newest = list_invoices(opened, self._newest)
            finally:
                self._lock.release()

    def _age(self, opened: OpenConference, began: datetime) -> timedelta:
        """Return how old what was read is where it is to be renewed, else nothing."""
        with opened.store.reading() as session:
            until = stripe_only.listed_until(session, opened.conference)
        if until is None or until < began:
            return timedelta()
        self._fresh_until = until + LISTING_HOLDS / 2
        return opened.now() - until if opened.now() >= self._fresh_until else timedelta()


class Found(Enum):
    """What stands at Stripe for this generation."""

    NOTHING = auto()
    EMPTY_DRAFT = auto()
    FULL_DRAFT = auto()
    OTHER_DRAFT = auto()
    OPEN = auto()
    PAID = auto()
    VOID = auto()
    OTHER_LINES = auto()
    """Finalized, but not with the planned lines."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One look at Stripe."""

    found: Found
    invoice: Json


NOTHING = Lookup(Found.NOTHING, {})


def find_at_stripe(lease: Lease) -> Lookup:
    """Find this generation's invoice at Stripe, by its id or by its metadata.

    Raises:
        WrongAccountError: It was sent, and the account does not know it.
        StripeGatewayError: Stripe could not be asked.
    """
    stripe_id = lease.invoice.stripe_invoice_id
    if stripe_id is None:
        stripe_id = _by_metadata(lease)
    if not stripe_id:
        return NOTHING
    try:
        invoice = lease.opened.gateway.read(f"/v1/invoices/{stripe_id}")
    except StripeNotFoundError:
        if lease.invoice.sent_at is not None:
            raise lease.opened.does_not_know(stripe_id) from None
        return NOTHING
    return compare(lease, invoice)


def compare(lease: Lease, invoice: Json) -> Lookup:
    """Compare an invoice as Stripe has it with the plan."""
    gateway = lease.opened.gateway
    if not invoice or invoice.get("deleted"):
        return NOTHING
    if invoice["status"] == "void":
        return Lookup(Found.VOID, invoice)
    lines = all_lines(gateway, invoice)
    equal = same_lines(lease.plan, lines) and agrees(lease, invoice)
    if invoice["status"] == "draft":
        draft = Found.FULL_DRAFT if equal else Found.OTHER_DRAFT
        return Lookup(draft if lines else Found.EMPTY_DRAFT, invoice)
    if not equal:
        return Lookup(Found.OTHER_LINES, invoice)
    settled = invoice["status"] in ("paid", "uncollectible")  # neither can be sent any more
    return Lookup(Found.PAID if settled else Found.OPEN, invoice)


def delete_draft(lease: Lease) -> None:
    """Delete the draft at Stripe; one that is gone already is as good.

    Raises:
        StripeGatewayError: In one of its kinds.
    """
    path = f"/v1/invoices/{lease.invoice.stripe_invoice_id}"

    def gone(_stored: StoredWrite) -> Json | None:
        with suppress(StripeNotFoundError):
            invoice = lease.opened.gateway.read(path)
            return invoice if invoice.get("deleted") else None
        return {}

    write = Write(
        outbox.DRAFT_DELETION,
        step_slot(lease.order, lease.invoice, outbox.DRAFT_DELETION.name),
        path,
        dict,
        find=gone,
        conference_id=lease.invoice.conference_id,
        purchase_order_id=lease.invoice.purchase_order_id,
    )
    outbox.perform(lease.opened, write, Act.INVOICE)


def agrees(lease: Lease, invoice: Json) -> bool:
    """Tell whether Stripe's total and currency are the purchase order's, to the minor unit.

    Where Stripe computes the tax, the sum before tax must be the planned one and all else be tax.
    """
    plan = lease.plan
    if plan.content.automatic_tax:
        on_top = line_taxes({"taxes": invoice.get("total_taxes")})[0]
        return (invoice["subtotal"], invoice["total"], invoice["currency"]) == (
            plan.api_subtotal,
            plan.api_subtotal + on_top,
            lease.order.currency,
        ) and invoice["automatic_tax"]["status"] == "complete"
    return (invoice["total"], invoice["currency"]) == (plan.api_total, lease.order.currency)


def was_sent(lease: Lease, stripe_id: str) -> bool:
    """Tell whether Stripe has sent this invoice, by its events."""
    since = _since(lease.invoice.first_tried_at or lease.opened.now())
    query = {"types": ["invoice.sent"], "created": {"gte": since}}
    return any(
        event["data"]["object"]["id"] == stripe_id
        for page in lease.opened.gateway.pages("/v1/events", query)
        for event in page
    )


def _by_metadata(lease: Lease) -> str | None:
    """Return the id of the invoice that carries this purchase order's uuid and generation."""
    invoice = lease.invoice
    query: Json = {"created": {"gte": _since(invoice.first_tried_at or lease.opened.now())}}
    customer = invoice.customer.stripe_customer_id if invoice.customer else None
    if customer:
        try:
            return _first_match(lease, {**query, "customer": customer})
        except StripeNotFoundError:
            pass  # the customer is gone; its invoices are still listed without it
    return _first_match(lease, query)


def _first_match(lease: Lease, query: Json) -> str | None:
    metadata = lease.plan.metadata()
    wanted = (metadata["purchase_order_uuid"], metadata["generation"])
    for page in lease.opened.gateway.pages("/v1/invoices", query):
        for row in page:
            has = row.get("metadata") or {}
            if (has.get("purchase_order_uuid"), has.get("generation")) == wanted:
                return str(row["id"])
    return None


def _since(time: datetime) -> int:
    return int((time - _OVERLAP).timestamp())
