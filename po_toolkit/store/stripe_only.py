"""What Stripe has and no purchase order explains: stray invoices and customers' balances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session, aliased

from po_toolkit.domain.already_billed import InvoiceAtStripe, ToBill, sponsor_key, texts_of
from po_toolkit.domain.pseudonyms import is_pseudonym
from po_toolkit.domain.records import copied
from po_toolkit.money import minor_from_api
from po_toolkit.store.cursors import cursor_row
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import (
    Conference,
    CustomerBalance,
    Invoice,
    PurchaseOrder,
    RowVersion,
    StrayInvoice,
    SyncCursor,
)

Json = Mapping[str, Any]

TRANSFER = "customer_balance"
"""Stripe's name of bank transfers to a sponsor's virtual account."""


def may_be_sponsors(invoice: Json) -> bool:
    """Tell whether an invoice is one that is sent to somebody, or will be."""
    sent = invoice.get("collection_method") == "send_invoice" and not invoice.get("deleted")
    return sent and bool(invoice.get("status"))


def note_strays(
    uow: UnitOfWork, conference: Conference, invoices: Sequence[Json], read_at: datetime
) -> None:
    """Note what Stripe says of invoices that belong to no purchase order.

    Sessions that read the same new invoice at once take turns until they are committed.

    Raises:
        AmountError: One is in no currency that has purchase orders.
    """
    uow.session.execute(_TURN, {"conference": conference.id})
    rows = uow.session.scalars(
        select(StrayInvoice).where(
            StrayInvoice.conference_id == conference.id,
            StrayInvoice.stripe_invoice_id.in_([invoice["id"] for invoice in invoices]),
        )
    )
    known = {row.stripe_invoice_id: row for row in rows}
    for invoice in invoices:
        row = known.get(invoice["id"])
        if row is None:
            row = StrayInvoice(conference_id=conference.id, stripe_invoice_id=invoice["id"])
            known[invoice["id"]] = row
        elif row.read_at > read_at:
            continue
        metadata, currency = invoice.get("metadata") or {}, invoice["currency"]
        row.total = minor_from_api(invoice["total"], currency)
        row.amount_paid = minor_from_api(invoice.get("amount_paid") or 0, currency)
        uow.session.add(row)
        row.number = invoice.get("number") or ""
        if not is_pseudonym(row.customer_email or ""):
            row.customer_name = invoice.get("customer_name") or ""
            row.customer_email = invoice.get("customer_email") or ""
        row.sponsor_key = sponsor_key(row.customer_name)
        row.named_reference = metadata.get("purchase_order_ref") or ""
        row.conference_slug = metadata.get("conference_slug") or ""
        row.order_uuid = (metadata.get("purchase_order_uuid") or "")[:36]
        row.generation = _number(metadata.get("generation"))
        row.revises = (invoice.get("from_invoice") or {}).get("invoice") or ""
        row.texts = [list(text) for text in texts_of(invoice)]
        row.stripe_created_at = datetime.fromtimestamp(invoice["created"], UTC)
        row.ignored = metadata.get("po_toolkit") == "ignore"
        row.stripe_status = invoice["status"]
        row.currency = currency
        row.read_at = read_at


_TURN = (
    select(Conference.id)
    .where(Conference.id == bindparam("conference"))
    .with_for_update(key_share=True)
)


def _number(text: Any) -> int:
    return int(text) if str(text or "").isdecimal() and len(str(text)) < 9 else 0


def note_listed(uow: UnitOfWork, conference: Conference, until: datetime) -> None:
    """Note that every invoice of the account that was made until then has been read."""
    cursor_row(uow, conference).invoices_listed_at = until


def listed_until(session: Session, conference: Conference) -> datetime | None:
    """Return until when every invoice of the account has been read; None if it never was."""
    return session.connection().execute(_LISTED, {"conference": conference.id}).scalar_one_or_none()


_LISTED = select(SyncCursor.invoices_listed_at).where(
    SyncCursor.conference_id == bindparam("conference")
)


def nobody_elses(conference_id: int | BindParameter[int]) -> ColumnElement[bool]:
    """Return the condition that a stray invoice is not of another conference of the account."""
    slug = select(Conference.slug).where(Conference.id == conference_id).scalar_subquery()
    return or_(StrayInvoice.conference_slug == "", StrayInvoice.conference_slug == slug)


def shown_here(before: datetime | None = None) -> ColumnElement[bool]:
    """Return the condition that a customer's money is shown in its row's conference.

    Of a past day it follows from what the rows held then, so that closed books read as they did.

    The conferences of one Stripe account read the same customer. The first that has an invoice of
    them shows the money, else the first that read of it; where their amounts differ, one of them
    has not synced since, and both are shown.

    Args:
        before: The first instant that no longer counts; by default all does.
    """
    here, other = CustomerBalance, aliased(CustomerBalance)

    def by_then(row: Any) -> ColumnElement[bool]:
        return true() if before is None else row.created_at < before

    def bills(row: Any) -> ColumnElement[bool]:
        same = Invoice.stripe_customer_id == row.stripe_customer_id
        of_row = select(Invoice.id).where(Invoice.conference_id == row.conference_id, same)
        return of_row.where(by_then(Invoice)).correlate(here, other).exists()

    def amount(row: Any) -> ColumnElement[int]:
        if before is None:
            return row.amount  # type: ignore[no-any-return]
        old = RowVersion.old_values["amount"].as_integer()
        replaced = select(old).where(
            RowVersion.table_name == CustomerBalance.__tablename__,
            RowVersion.conference_id == row.conference_id,
            RowVersion.row_id == row.id,
            RowVersion.until >= before,
            old.is_not(None),
        )
        first = replaced.order_by(RowVersion.until, RowVersion.id).limit(1)
        return func.coalesce(first.correlate(here, other).scalar_subquery(), row.amount)

    comes_first = or_(
        and_(bills(other), ~bills(here)),
        and_(other.conference_id < here.conference_id, or_(bills(other), ~bills(here))),
    )
    same = [
        getattr(other, name) == getattr(here, name)
        for name in ("stripe_customer_id", "kind", "currency")
    ]
    same += [amount(other) == amount(here), by_then(other)]
    return ~select(other.id).where(*same, comes_first).correlate(here).exists()


def forget_stray(uow: UnitOfWork, conference: Conference, stripe_id: str) -> None:
    """Forget an invoice that Stripe no longer has: a draft that was deleted."""
    uow.session.execute(
        delete(StrayInvoice).where(
            StrayInvoice.conference_id == conference.id,
            StrayInvoice.stripe_invoice_id == stripe_id,
        )
    )


def may_bill(
    session: Session, conference: Conference, orders: Sequence[ToBill]
) -> Iterator[list[InvoiceAtStripe]]:
    """Yield for each purchase order the account's invoices that may bill it, as read last.

    Those of the conference's own purchase orders are left out: what they bill is known here.
    """
    for start in range(0, len(orders), _AT_ONCE):
        some = orders[start : start + _AT_ONCE]
        keys = {order.uuid: sponsor_key(order.organization_name) for order in some}
        emails = {email for order in some for email in _emails(order)}
        values = {
            "conference_id": conference.id,
            "order_uuids": list(keys),
            "sponsor_keys": sorted(set(keys.values())),
            "emails": sorted(emails),
        }
        rows = [row for row in session.scalars(_MAY_BILL, values) if not row.ignored]
        invoices = [_at_stripe(row) for row in rows]
        for order in some:
            yield [
                invoice
                for row, invoice in zip(rows, invoices, strict=True)
                if row.revises
                or row.order_uuid == order.uuid
                or row.sponsor_key == keys[order.uuid]
                or row.customer_email in _emails(order)
            ]


def _emails(order: ToBill) -> tuple[str, str]:
    email = order.contact_email.strip()
    return email, email.lower()


def _at_stripe(row: StrayInvoice) -> InvoiceAtStripe:
    return copied(
        InvoiceAtStripe,
        row,
        stripe_id=row.stripe_invoice_id,
        status=row.stripe_status,
        created=row.stripe_created_at or row.created_at,
        texts=tuple((name, text) for name, text in row.texts),
    )


_AT_ONCE = 500
"""Purchase orders in one statement; below every database's limit of parameters."""

_MAY_BILL = select(StrayInvoice).where(
    StrayInvoice.conference_id == bindparam("conference_id"),
    ~select(Invoice.id)
    .where(
        Invoice.conference_id == StrayInvoice.conference_id,
        Invoice.stripe_invoice_id == StrayInvoice.stripe_invoice_id,
    )
    .exists(),
    or_(
        StrayInvoice.order_uuid.in_(bindparam("order_uuids", expanding=True)),
        StrayInvoice.revises != "",
        StrayInvoice.sponsor_key.in_(bindparam("sponsor_keys", expanding=True)),
        StrayInvoice.customer_email.in_(bindparam("emails", expanding=True)),
    ),
)


def note_balances(
    uow: UnitOfWork,
    conference: Conference,
    customer: Json,
    *,
    kind: str,
    api_amounts: Mapping[str, int],
    read_at: datetime,
) -> None:
    """Note how much of a customer's money lies at Stripe.

    The kind is ``cash`` or ``credit``. Amounts are in Stripe's API units by currency, above zero
    when the money is the customer's; nothing lies there in any other currency.
    """
    rows = uow.session.scalars(
        select(CustomerBalance).where(
            CustomerBalance.conference_id == conference.id,
            CustomerBalance.stripe_customer_id == customer["id"],
            CustomerBalance.kind == kind,
        )
    )
    known = {row.currency: row for row in rows}
    for currency in {**known, **api_amounts}:
        amount = max(minor_from_api(api_amounts.get(currency, 0), currency), 0)
        row = known.get(currency)
        if row is None:
            if not amount:
                continue
            row = CustomerBalance(
                conference_id=conference.id,
                stripe_customer_id=customer["id"],
                kind=kind,
                currency=currency,
            )
            uow.session.add(row)
        elif row.read_at > read_at:
            continue
        row.amount = amount
        if not is_pseudonym(row.customer_email or ""):
            row.customer_name = customer.get("name") or row.customer_name or ""
            row.customer_email = customer.get("email") or row.customer_email or ""
        row.read_at = read_at


def with_money(session: Session, conference: Conference) -> set[str]:
    """Return the Stripe ids of the customers of whom money is noted."""
    query = select(CustomerBalance.stripe_customer_id).where(
        CustomerBalance.conference_id == conference.id, CustomerBalance.amount > 0
    )
    return set(session.scalars(query))


def ever_credited(session: Session, conference: Conference) -> set[str]:
    """Return the Stripe ids of the customers of whom credit is or was noted."""
    query = select(CustomerBalance.stripe_customer_id).where(
        CustomerBalance.conference_id == conference.id, CustomerBalance.kind == "credit"
    )
    return set(session.scalars(query))


def takes_transfers(session: Session, conference: Conference) -> bool:
    """Tell whether bank transfers to virtual accounts are or were offered to anybody."""
    named = session.scalars(
        select(PurchaseOrder.payment_methods).where(
            PurchaseOrder.conference_id == conference.id,
            PurchaseOrder.payment_methods.is_not(None),
        )
    )
    noted = select(CustomerBalance.id).where(
        CustomerBalance.conference_id == conference.id, CustomerBalance.kind == "cash"
    )
    return (
        TRANSFER in conference.payment_methods
        or any(TRANSFER in (methods or ()) for methods in named)
        or session.scalars(noted.limit(1)).first() is not None
    )
