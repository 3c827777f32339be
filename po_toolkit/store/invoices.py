"""Invoices: whose they are, and who is working on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import Table, bindparam, func, insert, inspect, select, update
from sqlalchemy.orm import LoaderCallableStatus, Session, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from po_toolkit.domain.deliveries import links_work
from po_toolkit.domain.pseudonyms import is_pseudonym
from po_toolkit.domain.states import LIVE_STATES, InvoiceState
from po_toolkit.errors import AmountError, LostLeaseError
from po_toolkit.money import minor_from_api
from po_toolkit.store import history
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import Store, UnitOfWork
from po_toolkit.store.tables import (
    Conference,
    Invoice,
    PurchaseOrder,
    StripeCustomer,
    StripeTaxRate,
)
from po_toolkit.store.upsert import insert_rows

Sponsor = tuple[str, str]
"""E-mail and organization, both folded for comparison."""

LEASE = timedelta(seconds=15)
"""How long a worker holds an invoice without a sign of life."""


def by_stripe_id(session: Session, conference: Conference, stripe_id: str) -> Invoice | None:
    """Return the invoice with a Stripe id in this conference, of any generation."""
    which = {"conference": conference.id, "stripe_id": stripe_id}
    return session.scalars(_BY_STRIPE_ID, which).one_or_none()


_BY_STRIPE_ID = select(Invoice).where(
    Invoice.conference_id == bindparam("conference"),
    Invoice.stripe_invoice_id == bindparam("stripe_id"),
)


def known_stripe_ids(
    session: Session, conference: Conference, stripe_ids: Iterable[str]
) -> dict[str, int]:
    """Return which of these Stripe invoices are ours, with their purchase order's id."""
    which = {"conference": conference.id, "stripe_ids": list(stripe_ids)}
    rows = session.execute(_KNOWN, which) if which["stripe_ids"] else ()
    return {stripe_id: order_id for stripe_id, order_id in rows if stripe_id}


_KNOWN = select(Invoice.stripe_invoice_id, Invoice.purchase_order_id).where(
    Invoice.conference_id == bindparam("conference"),
    Invoice.stripe_invoice_id.in_(bindparam("stripe_ids", expanding=True)),
)


def undelivered(
    session: Session, conference: Conference, stripe_ids: Iterable[str] | None = None
) -> list[int]:
    """Return the purchase orders whose invoice waits to be delivered by you."""
    query = select(Invoice.purchase_order_id).where(
        Invoice.conference_id == conference.id, Invoice.state == "finalized"
    )
    if stripe_ids is not None:
        query = query.where(Invoice.stripe_invoice_id.in_(list(stripe_ids)))
    return list(session.scalars(query))


def final_stripe_ids(session: Session, conference: Conference, before: datetime) -> list[str]:
    """Return the Stripe ids of the invoices that had been finalized by then."""
    rows = session.scalars(
        select(Invoice.stripe_invoice_id)
        .where(
            Invoice.conference_id == conference.id,
            Invoice.stripe_invoice_id.is_not(None),
            Invoice.step == "done",
            Invoice.state != "deleted",
            Invoice.created_at < before,
        )
        .order_by(Invoice.id)
    )
    return [stripe_id for stripe_id in rows if stripe_id]


def was_sent_since(session: Session, order_id: int, moment: datetime) -> bool:
    """Tell whether an invoice of a purchase order went out after a moment."""
    query = select(Invoice.id).where(
        Invoice.purchase_order_id == order_id, Invoice.sent_at >= moment
    )
    return session.scalar(query.limit(1)) is not None


def any_sent_before(session: Session, conference: Conference, moment: datetime) -> bool:
    """Tell whether an invoice of the conference was sent before a moment."""
    query = select(Invoice.id).where(
        Invoice.conference_id == conference.id, Invoice.sent_at < moment
    )
    return session.scalar(query.limit(1)) is not None


def credit_known(session: Session, customer_id: str, order: PurchaseOrder) -> int:
    """Return what a customer overpaid on other purchase orders of this database, in minor units."""
    po = PurchaseOrder
    excess = po.sum_paid + po.sum_credited - po.sum_total - po.sum_refunded
    orders = (
        select(Invoice.purchase_order_id)
        .where(Invoice.stripe_customer_id == customer_id)
        .scalar_subquery()
    )
    query = select(func.coalesce(func.sum(excess), 0)).where(
        po.id.in_(orders), po.id != order.id, po.currency == order.currency, excess > 0
    )
    return int(session.scalar(query) or 0)


def never_read(session: Session, conference: Conference) -> list[str]:
    """Return the Stripe ids of invoices that were taken over and whose payments were not read."""
    rows = session.scalars(
        select(Invoice.stripe_invoice_id)
        .where(
            Invoice.conference_id == conference.id,
            Invoice.stripe_invoice_id.is_not(None),
            Invoice.step == "done",
            Invoice.stripe_read_at.is_(None),
            Invoice.state.in_(sorted({*LIVE_STATES, InvoiceState.VOID})),
        )
        .order_by(Invoice.id)
    )
    return [stripe_id for stripe_id in rows if stripe_id]


def note_read(store: Store, conference: Conference, stripe_id: str, read_at: datetime) -> None:
    """Note of an invoice that was taken over that all of its money has been read."""
    with store.reading() as session:
        if stripe_id not in never_read(session, conference):
            return
    with store.bookkeeping() as connection:
        connection.execute(
            update(Invoice)
            .where(
                Invoice.conference_id == conference.id,
                Invoice.stripe_invoice_id == stripe_id,
                Invoice.stripe_read_at.is_(None),
            )
            .values(stripe_read_at=read_at, updated_at=Invoice.updated_at)
        )


def renew_leases(store: Store, owner_prefix: str, now: datetime) -> None:
    """Keep every invoice that workers of this process hold."""
    with store.bookkeeping() as connection:
        connection.execute(
            update(Invoice)
            .where(Invoice.lease_owner.startswith(owner_prefix), Invoice.lease_until > now)
            .values(lease_until=now + LEASE, updated_at=Invoice.updated_at)
        )


def held(uow: UnitOfWork, mine: Invoice) -> Invoice:
    """Lock an invoice's row and return it, unless it has moved on without its worker.

    ``mine`` is the invoice as its worker read it, perhaps changed since.

    Raises:
        LostLeaseError: It has.
    """
    row = uow.session.scalars(_HELD, {"invoice_id": mine.id}).one()
    changes = _changes(mine)
    if any(getattr(row, name) != _before(mine, name, changes) for name in _FENCE):
        raise LostLeaseError("Another process is invoicing this purchase order; see its result.")
    return row


def keep_leased(uow: UnitOfWork, mine: Invoice) -> Invoice:
    """Store what a worker has changed of its invoice and of the invoice's customer.

    One statement compares the row with what the worker knows and changes it. Where others have
    changed the row meanwhile, as a sync, it is read again and changed then. ``mine`` is the invoice
    as its worker read it, outside of any session, and changed since.

    Returns:
        The invoice with the changes; once they are committed, call :func:`forget_changes`.

    Raises:
        LostLeaseError: Another worker has it; the transaction must not be committed.
    """
    connection, changes, customer = uow.connection, _changes(mine), mine.customer
    if customer is not None and (known := _new_values(customer, _changes(customer))):
        connection.execute(_CHANGE_CUSTOMER, {"row_id": customer.id, **known})
    new = _new_values(mine, changes)
    now = utc_now()
    fence = {f"known_{name}": _before(mine, name, changes) for name in (*_FENCE, "updated_at")}
    stored = connection.execute(
        _CHANGE_LEASED, {"row_id": mine.id, **fence, **new, "updated_at": now}
    )
    if not stored.rowcount:
        row = held(uow, mine)
        for name in changes:
            setattr(row, name, getattr(mine, name))
        uow.session.flush()
        return row
    old = {name: changes[name] for name in new}
    history.keep_replaced(connection, mine, old, now)
    mine.updated_at = now
    if customer is not None and mine.step in ("send", "finalize"):
        stripe_invoice = connection.execute(_SAYS, {"row_id": customer.id}).mappings().one()
        for name, value in stripe_invoice.items():
            set_committed_value(customer, name, value)
    return mine


def undo_changes(mine: Invoice) -> None:
    """Give an invoice and its customer, outside of any session, the values they had when read."""
    for row in _rows(mine):
        for name, value in _changes(row).items():
            set_committed_value(row, name, value)


def forget_changes(mine: Invoice) -> None:
    """Take the present values of an invoice and its customer for those that are stored."""
    for row in _rows(mine):
        for name in _changes(row):
            set_committed_value(row, name, getattr(row, name))


def _rows(mine: Invoice) -> list[Invoice | StripeCustomer]:
    return [mine, mine.customer] if mine.customer is not None else [mine]


def _changes(row: Invoice | StripeCustomer) -> dict[str, Any]:
    """Return the columns that were assigned since a row was read, with the values before."""
    state: Any = inspect(row)
    return {
        name: None if isinstance(value, LoaderCallableStatus) else value
        for name, value in state.committed_state.items()
        if name in state.mapper.columns
    }


def _new_values(row: Invoice | StripeCustomer, changes: Mapping[str, Any]) -> dict[str, Any]:
    present = {name: getattr(row, name) for name in changes}
    return {name: value for name, value in present.items() if value != changes[name]}


def _before(row: Invoice, name: str, changes: Mapping[str, Any]) -> Any:
    return changes[name] if name in changes else getattr(row, name)


_FENCE = ("generation", "step", "lease_owner")
"""What tells that an invoice is still its worker's and has got no further."""

_HELD = (
    select(Invoice)
    .where(Invoice.id == bindparam("invoice_id"))
    .options(joinedload(Invoice.customer))
    .with_for_update(of=Invoice)
)
_CHANGE_LEASED = update(cast(Table, Invoice.__table__)).where(
    Invoice.id == bindparam("row_id"),
    *(getattr(Invoice, name) == bindparam(f"known_{name}") for name in (*_FENCE, "updated_at")),
)
_CHANGE_CUSTOMER = update(cast(Table, StripeCustomer.__table__)).where(
    StripeCustomer.id == bindparam("row_id")
)
_SAYS = select(
    StripeCustomer.stripe_customer_id, StripeCustomer.details_put, StripeCustomer.tax_id_put
).where(StripeCustomer.id == bindparam("row_id"))
"""What another purchase order of the sponsor may have changed since the draft."""


def add_invoice(uow: UnitOfWork, order: PurchaseOrder, **values: Any) -> Invoice:
    """Store an invoice of a purchase order that was read whole, in one statement.

    The purchase order may be outside of any session; ``values`` are the columns without a default.
    """
    customer = customer_row(uow, order)
    values |= {
        "conference_id": order.conference_id,
        "purchase_order_id": order.id,
        "customer_id": customer.id,
        "currency": order.currency,
    }
    invoice = uow.session.scalars(_ADD, values).one()
    set_committed_value(invoice, "customer", customer)
    set_committed_value(invoice, "purchase_order", order)
    set_committed_value(order, "invoices", [*order.invoices, invoice])
    return invoice


_ADD = insert(Invoice).returning(Invoice)


def customer_row(uow: UnitOfWork, order: PurchaseOrder) -> StripeCustomer:
    """Return the sponsor's row, made where it is new."""
    sponsor = order.contact_email.strip().casefold(), order.organization_key
    return customer_rows(uow, order.conference_id, [sponsor])[sponsor]


def customer_rows(
    uow: UnitOfWork, conference_id: int, sponsors: Sequence[Sponsor]
) -> dict[Sponsor, StripeCustomer]:
    """Return the rows of sponsors, those made that are new."""
    rows = _known_customers(uow.session, conference_id, sponsors)
    new = [sponsor for sponsor in sponsors if sponsor not in rows]
    if not new:
        return rows
    columns = {"conference_id": conference_id, "attempt": 1, "created_at": utc_now()}
    insert_rows(
        uow.session,
        StripeCustomer,
        [
            {**columns, "email": email, "organization_key": organization, "uuid": uuid4()}
            for email, organization in new
        ],
        [StripeCustomer.conference_id, StripeCustomer.email, StripeCustomer.organization_key],
    )
    return rows | _known_customers(uow.session, conference_id, new)


def _known_customers(
    session: Session, conference_id: int, sponsors: Sequence[Sponsor]
) -> dict[Sponsor, StripeCustomer]:
    emails = [email for email, _ in sponsors]
    rows = session.scalars(_OF_EMAILS, {"conference_id": conference_id, "emails": emails})
    wanted = set(sponsors)
    return {
        (r.email, r.organization_key): r for r in rows if (r.email, r.organization_key) in wanted
    }


_OF_EMAILS = select(StripeCustomer).where(
    StripeCustomer.conference_id == bindparam("conference_id"),
    StripeCustomer.email.in_(bindparam("emails", expanding=True)),
)


def customer_billed(session: Session, order: PurchaseOrder) -> StripeCustomer | None:
    """Return the customer that a purchase order's latest invoice is billed to, if any."""
    return session.scalars(
        select(StripeCustomer)
        .join(Invoice, Invoice.customer_id == StripeCustomer.id)
        .where(Invoice.purchase_order_id == order.id)
        .order_by(Invoice.generation.desc())
    ).first()


def other_addresses(session: Session, customer: StripeCustomer, email: str) -> list[str]:
    """Return the purchase orders billed to a customer whose contact has another address."""
    po = PurchaseOrder
    return list(
        session.scalars(
            select(po.reference)
            .join(Invoice, Invoice.purchase_order_id == po.id)
            .where(
                Invoice.customer_id == customer.id,
                Invoice.state.in_(sorted(LIVE_STATES)),
                func.lower(po.contact_email) != email,
                po.cancelled_at.is_(None),
            )
            .order_by(po.reference)
            .distinct()
        )
    )


def known_customer(session: Session, customer: StripeCustomer, email: str) -> bool:
    """Tell whether the same sponsor has another customer with this address."""
    row = StripeCustomer
    query = select(row.id).where(
        row.conference_id == customer.conference_id,
        row.organization_key == customer.organization_key,
        row.email == email,
        row.id != customer.id,
    )
    return session.scalar(query) is not None


def known_tax_rates(session: Session, conference_id: int, wanted: Iterable[str]) -> dict[str, str]:
    """Return the Stripe ids of rates that were made, by fingerprint."""
    rows = session.execute(
        select(StripeTaxRate.fingerprint, StripeTaxRate.stripe_tax_rate_id).where(
            StripeTaxRate.conference_id == conference_id,
            StripeTaxRate.fingerprint.in_(list(wanted)),
            StripeTaxRate.stripe_tax_rate_id.is_not(None),
        )
    )
    return {fingerprint: str(stripe_id) for fingerprint, stripe_id in rows}


def note_customers(
    uow: UnitOfWork,
    found: Mapping[int, tuple[str, dict[str, Any]]],
    absent: Sequence[int],
    now: datetime,
) -> None:
    """Note who of these rows is which customer at Stripe, what that says, and who was not there."""
    connection, row = uow.connection, StripeCustomer
    if found:
        statement = update(row).where(row.id == bindparam("row_id"))
        connection.execute(
            statement.values(stripe_customer_id=bindparam("found"), details_put=bindparam("borne")),
            [
                {"row_id": row_id, "found": stripe_id, "borne": borne}
                for row_id, (stripe_id, borne) in found.items()
            ],
        )
    if absent:
        connection.execute(update(row).where(row.id.in_(absent)).values(looked_for_at=now))


def copy_stripe_invoice(
    invoice: Invoice, stripe_invoice: Mapping[str, Any], timezone: str, now: datetime
) -> None:
    """Copy what Stripe says of an invoice: its sums (minor units), status and addresses.

    What it took from the customer's balance is copied where it was read, see
    :func:`po_toolkit.payments.customer_credit.with_balance`; else it stays, unless the sums say
    that it is nothing.
    """
    currency = stripe_invoice["currency"]
    sums = {
        name: minor_from_api(stripe_invoice[name], currency)
        if stripe_invoice.get(name) is not None
        else None
        for name in ("total", "amount_due", "amount_paid", "amount_overpaid", "starting_balance")
    }
    invoice.stripe_total = sums["total"]
    invoice.stripe_amount_due = sums["amount_due"]
    invoice.stripe_amount_paid = sums["amount_paid"]
    invoice.stripe_amount_overpaid = sums["amount_overpaid"]
    invoice.stripe_starting_balance = sums["starting_balance"]
    if "balance_moves" in stripe_invoice or not balance_on(stripe_invoice):
        moves = stripe_invoice.get("balance_moves") or []
        invoice.stripe_credit_used = minor_from_api(
            stripe_invoice.get("credit_used") or 0, currency
        )
        invoice.stripe_balance_moves = [
            {**move, "amount": minor_from_api(move["amount"], currency)} for move in moves
        ]
    invoice.stripe_status = stripe_invoice.get("status") or ""
    invoice.stripe_auto_advance = stripe_invoice.get("auto_advance")
    invoice.stripe_customer_id = id_of(stripe_invoice.get("customer"))
    if not is_pseudonym(invoice.stripe_customer_email or ""):  # Stripe keeps what we forgot
        invoice.stripe_customer_name = stripe_invoice.get("customer_name") or ""
        invoice.stripe_customer_email = stripe_invoice.get("customer_email") or ""
    invoice.number = stripe_invoice.get("number") or invoice.number
    invoice.hosted_url = stripe_invoice.get("hosted_invoice_url") or invoice.hosted_url
    invoice.pdf_url = stripe_invoice.get("invoice_pdf") or invoice.pdf_url
    invoice.due_date = local_date(stripe_invoice.get("due_date"), timezone) or invoice.due_date
    invoice.stripe_read_at = now


def id_of(reference: Any) -> str:
    """Return the id of an object that Stripe gave whole or by its id."""
    return str(reference["id"] if isinstance(reference, Mapping) else reference or "")


def balance_on(stripe_invoice: Mapping[str, Any]) -> int:
    """Return by how much a customer's balance seems to change what an invoice asks, in API units.

    Above 0 credit lowers it, below 0 a debit raises it. An amount that was carried over, as below
    the minimum, looks like credit; the balance's transactions tell.
    """
    if stripe_invoice.get("status") in (None, "draft"):
        return 0
    notes = stripe_invoice.get("pre_payment_credit_notes_amount") or 0
    return int(stripe_invoice["total"] - notes - (stripe_invoice.get("amount_due") or 0))


def local_date(timestamp: int | None, timezone: str) -> date | None:
    """Return the date of a Unix time in a timezone."""
    if not timestamp:
        return None
    return datetime.fromtimestamp(timestamp, UTC).astimezone(ZoneInfo(timezone)).date()


def unchanged(
    session: Session, conference: Conference, page: Iterable[Mapping[str, Any]], now: datetime
) -> set[str]:
    """Return the ids of the listed invoices that say what was read of them before.

    Those whose links may have expired since are left out, so that new ones are stored.
    """
    listed = {stripe_invoice["id"]: stripe_invoice for stripe_invoice in page}
    rows = session.scalars(
        select(Invoice).where(
            Invoice.conference_id == conference.id, Invoice.stripe_invoice_id.in_(list(listed))
        )
    )
    return {
        row.stripe_invoice_id
        for row in rows
        if row.stripe_invoice_id
        and _stored_values(row) == _values_at_stripe(listed[row.stripe_invoice_id])
        and links_work(row.stripe_read_at, now)
    }


_COMPARED = ("total", "amount_due", "amount_paid", "amount_overpaid")


def _stored_values(invoice: Invoice) -> tuple[Any, ...] | None:
    if invoice.stripe_read_at is None:
        return None
    sums = (getattr(invoice, f"stripe_{name}") for name in _COMPARED)
    return (invoice.stripe_status, invoice.stripe_auto_advance, invoice.stripe_credit_used, *sums)


def _values_at_stripe(stripe_invoice: Mapping[str, Any]) -> tuple[Any, ...]:
    currency = stripe_invoice["currency"]
    sums = (balance_on(stripe_invoice), *(stripe_invoice.get(name) for name in _COMPARED))
    try:
        minor = [None if amount is None else minor_from_api(amount, currency) for amount in sums]
    except AmountError:  # whoever takes the invoice names it
        return ()
    return (stripe_invoice["status"], stripe_invoice.get("auto_advance"), *minor)
