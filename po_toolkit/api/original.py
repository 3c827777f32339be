"""The names of the original toolkit: functions of a purchase order.

Each updates the object passed to it. Settings and database come from the environment and the
settings file by default; pass an open conference as ``opened`` to use another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm.attributes import set_committed_value
from typing_extensions import Unpack

from po_toolkit.api import ledger, sync
from po_toolkit.api.new_order import Details, LineItem, add_order, checked_order
from po_toolkit.bootstrap import OpenConference, open_conference, open_database
from po_toolkit.config import load_settings
from po_toolkit.domain.references import new_reference
from po_toolkit.domain.roles import Act, Actor
from po_toolkit.domain.sums import EntryKind, Status
from po_toolkit.domain.tax_ids import read_tax_id
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.invoicing.send import send_invoice
from po_toolkit.money import normalize_currency, to_minor
from po_toolkit.payments.stripe_reports import report_after_sending
from po_toolkit.store import purchase_orders
from po_toolkit.store.purchase_orders import refresh_status
from po_toolkit.store.tables import CreditNote, LedgerEntry, PurchaseOrder


def opened_for(
    purchase_order: PurchaseOrder, opened: OpenConference | None = None
) -> OpenConference:
    """Open the conference of a purchase order, unless it is open already.

    Raises:
        SettingsError: The settings have no such conference.
        NotFoundError: The purchase order is not in the settings' database.
    """
    if opened is not None:
        return opened
    settings = load_settings()
    store = open_database(settings, make=False)
    with store.reading() as session:
        slug = purchase_orders.conference_of(session, purchase_order.reference)
    return open_conference(slug, settings=settings, store=store)


def refreshed(purchase_order: PurchaseOrder, opened: OpenConference) -> PurchaseOrder:
    """Read a purchase order again into the object that the caller holds, and return it.

    Raises:
        NotFoundError: It is gone.
    """
    read = _fresh(purchase_order, opened)
    for name, value in tuple(read.__dict__.items()):
        if name in inspect(PurchaseOrder).attrs:
            set_committed_value(purchase_order, name, value)
    for part in (*read.line_items, *read.invoices, *read.entries, *read.credit_notes):
        set_committed_value(part, "purchase_order", purchase_order)
    return purchase_order


@contextmanager
def updated(purchase_order: PurchaseOrder, opened: OpenConference) -> Iterator[None]:
    """Let the caller's object show how it is after the act, also where the act failed."""
    try:
        yield
    finally:
        refreshed(purchase_order, opened)


def _by(opened: OpenConference, person: Any) -> OpenConference:
    """Return the conference in the name of a person, with the same role."""
    name = str(person or "")
    return opened.acting_as(Actor(name, opened.actor.role)) if name else opened


def create_stripe_invoice(
    purchase_order: PurchaseOrder, *, opened: OpenConference | None = None
) -> str:
    """Create and send the purchase order's Stripe invoice, exactly once.

    Args:
        purchase_order: The purchase order.
        opened: Its conference, by default opened from the settings.

    Returns:
        The address of Stripe's hosted invoice page.

    Raises:
        SettingsError: The conference has no Stripe key (a ``ValueError``).
        PurchaseOrderError: It has an invoice already, or cannot be invoiced (a ``ValueError``).
        StripeGatewayError: Stripe refused, or the outcome is unknown and a repeat is safe.
    """
    open_now = opened_for(purchase_order, opened)
    with updated(purchase_order, open_now):
        sent = send_invoice(open_now, purchase_order.id)
        if sent.stripe_read_at is None:  # found at Stripe and taken over
            sync.sync_purchase_order(open_now, purchase_order.reference)
        report_after_sending(open_now)
    return sent.hosted_url


def sync_stripe_invoice_status(
    purchase_order: PurchaseOrder, *, opened: OpenConference | None = None
) -> None:
    """Enter the Stripe payments of the purchase order that are new.

    Raises:
        PurchaseOrderError: It has no Stripe invoice, or something on it cannot be booked (a
            ``ValueError``).
        StripeGatewayError: Stripe could not be asked.
    """
    open_now = opened_for(purchase_order, opened)
    with updated(purchase_order, open_now):
        sync.sync_purchase_order(open_now, purchase_order.reference).refuse_problems()


def record_payment(  # noqa: PLR0917 the original callers pass these by position
    purchase_order: PurchaseOrder,
    amount: Decimal,
    method: str,
    reference: str = "",
    payment_date: date | None = None,
    note: str = "",
    entered_by: Any = "",
    *,
    currency: str | None = None,
    again: bool = False,
    date_as_given: bool = False,
    overpaid: bool = False,
    opened: OpenConference | None = None,
) -> LedgerEntry:
    """Record a payment that did not come through Stripe.

    Args:
        purchase_order: What it pays.
        amount: Major units of the purchase order's currency, above zero.
        method: wire, ach, check or other.
        reference: The bank's or the sponsor's reference.
        payment_date: When the money came; by default today in the conference's timezone.
        note: Anything worth knowing.
        entered_by: Who records it, added to the note; any object whose text is a name.
        currency: Where given, must be the purchase order's.
        again: Record it although the same sponsor and amount are there within seven days.
        date_as_given: Its date is right, though before the purchase order or in a closed period.
        overpaid: It is more than what is open.
        opened: The conference, by default opened from the settings.

    Raises:
        PurchaseOrderError: Wrong amount, method, date or currency, or cancelled (a ``ValueError``).
        DuplicateEntryError: The same payment is there already.
        ConfirmationNeededError: The date or the amount is unlikely; an argument confirms it.
        AmountError: The amount cannot be represented in the currency.
    """
    open_now = opened_for(purchase_order, opened)
    if currency is not None and normalize_currency(currency) != purchase_order.currency:
        raise PurchaseOrderError(
            f"{purchase_order.reference} is in {purchase_order.currency.upper()}, not in "
            f"{currency.upper()}; amounts are never converted."
        )
    whole_note = f"{note} (entered by {entered_by})".strip() if entered_by else note
    with updated(purchase_order, open_now):
        ledger.record_payment_by_hand(
            open_now,
            purchase_order.reference,
            amount=amount,
            method=method,
            payment_reference=reference,
            payment_date=payment_date,
            note=whole_note,
            again=again,
            date_as_given=date_as_given,
            overpaid=overpaid,
        )
    facts = (EntryKind.PAYMENT, method, to_minor(amount, purchase_order.currency))
    return max(
        (
            entry
            for entry in purchase_order.entries
            if (entry.kind, entry.method, entry.amount) == facts
        ),
        key=lambda entry: entry.id,
    )


def issue_credit_note(
    purchase_order: PurchaseOrder,
    amount: Decimal,
    reason: str,
    issued_by: Any = "",
    *,
    again: bool = False,
    opened: OpenConference | None = None,
) -> CreditNote:
    """Issue a credit note over part of what the purchase order owes; the amount in major units.

    Raises:
        PurchaseOrderError: The amount is more than can be credited (a ``ValueError``).
        DuplicateEntryError: One of this amount is there within seven days; ``again`` issues it.
        AmountError: The amount cannot be represented in the currency.
    """
    open_now = _by(opened_for(purchase_order, opened), issued_by)
    with updated(purchase_order, open_now):
        ledger.credit(open_now, purchase_order.reference, amount=amount, reason=reason, again=again)
    minor = to_minor(amount, purchase_order.currency)
    notes = purchase_order.credit_notes
    return max((note for note in notes if note.amount == minor), key=lambda note: note.id)


def update_po_status(purchase_order: PurchaseOrder, *, opened: OpenConference | None = None) -> str:
    """Bring the status up to the sums, and return it."""
    open_now = opened_for(purchase_order, opened)
    with open_now.store.writing(open_now.actor, Act.SYNC) as uow:
        refresh_status(uow.lock_purchase_order(purchase_order.id))
    return refreshed(purchase_order, open_now).status


def create_purchase_order(
    conference: str | OpenConference = "",
    *,
    conference_slug: str = "",
    organization_name: str,
    contact_email: str,
    line_items: Iterable[LineItem],
    currency: str | None = None,
    po_number: str = "",
    tax_id: str = "",
    po_amount: Decimal | None = None,
    allow_duplicates: bool = False,
    created_by: Any = "",
    opened: OpenConference | None = None,
    **details: Unpack[Details],
) -> PurchaseOrder:
    """Create a draft purchase order, under the rules of an import.

    Args:
        conference: The conference, open or by its name in the settings.
        conference_slug: Its name, as the keyword is also written.
        organization_name: The sponsor.
        contact_email: Where the invoice goes.
        line_items: Its lines; see :class:`po_toolkit.api.new_order.LineItem`.
        currency: By default the conference's.
        po_number: The sponsor's own number.
        tax_id: The sponsor's, such as ``DE123456789``.
        po_amount: What the sponsor's purchase order authorizes, in major units.
        allow_duplicates: Create it although one is there that may be the same.
        created_by: Who creates it, for the audit log; any object whose text is a name.
        opened: The open conference, by default opened from the settings.
        details: See :class:`po_toolkit.api.new_order.Details`.

    Raises:
        PurchaseOrderError: Something is missing, wrong or unknown (a ``ValueError``); its ``code``
            is that of the import.
        DuplicateEntryError: The sponsor has one with this number, or without a number one of the
            same total or with a line in common.
        AmountError: A price or its tax cannot be represented in the currency.
    """
    named = conference if isinstance(conference, str) else ""
    found = conference if isinstance(conference, OpenConference) else None
    open_now = opened or found or open_conference(named or conference_slug, make=False)
    open_now = _by(open_now, created_by)
    code = normalize_currency(currency or open_now.conference.currency)
    _refuse_unclear_tax_id(tax_id, organization_name)
    given = {
        "organization_name": organization_name,
        "contact_email": contact_email,
        "po_number": po_number,
        "tax_id": tax_id,
    }
    order = checked_order(open_now, line_items, code, po_amount, given | details)
    with open_now.store.writing(open_now.actor, Act.CREATE) as uow:
        made = add_order(uow, open_now, order, allow_duplicates=allow_duplicates)
        uow.audit(Act.CREATE, made, after={"reference": made.reference})
        return made


def _refuse_unclear_tax_id(text: str, organization_name: str) -> None:
    try:
        read_tax_id(text)
    except ValueError as error:
        raise PurchaseOrderError(
            f"{organization_name}: The tax ID {text!r} cannot be used: {error}",
            code="tax_id_invalid",
        ) from None


def send_purchase_order(
    purchase_order: PurchaseOrder, *, opened: OpenConference | None = None
) -> PurchaseOrder:
    """Mark a draft as sent to the sponsor by a person, without Stripe.

    Raises:
        PurchaseOrderError: It is no draft (a ``ValueError``).
    """
    open_now = opened_for(purchase_order, opened)
    with (
        updated(purchase_order, open_now),
        open_now.store.writing(open_now.actor, Act.INVOICE) as uow,
    ):
        locked = uow.lock_purchase_order(purchase_order.id)
        if locked.status != Status.DRAFT:
            raise PurchaseOrderError(
                f"{locked.reference} is {locked.status}; only a draft can be marked as sent."
            )
        locked.marked_sent = True
        refresh_status(locked)
        uow.audit(Act.INVOICE, locked, before={"status": "draft"}, after={"status": locked.status})
    return purchase_order


def cancel_purchase_order(
    purchase_order: PurchaseOrder, *, opened: OpenConference | None = None
) -> PurchaseOrder:
    """Cancel a purchase order; its open invoice is voided at Stripe first.

    Raises:
        PurchaseOrderError: There is money on it, or Stripe refused (a ``ValueError``).
        StripeGatewayError: Stripe could not be asked; nothing was changed.
    """
    open_now = opened_for(purchase_order, opened)
    with updated(purchase_order, open_now):
        ledger.cancel(open_now, purchase_order.reference)
    return purchase_order


def generate_po_reference() -> str:
    """Draw a reference such as ``PO-7KQ2MX``; storing it checks that it is new."""
    return new_reference()


def _fresh(purchase_order: PurchaseOrder, opened: OpenConference) -> PurchaseOrder:
    with opened.store.reading() as session:
        return purchase_orders.by_reference(session, opened.conference, purchase_order.reference)


def generate_invoice_pdf(
    purchase_order: PurchaseOrder, *, opened: OpenConference | None = None
) -> bytes:
    """Return the purchase order's invoice as PDF, with what was paid and is still due.

    Raises:
        NotFoundError: The purchase order is not in the settings' database (a ``ValueError``).
        PoToolkitError: No font of this machine has one of its letters.
    """
    from po_toolkit.api.reports import invoice_pdf

    return invoice_pdf(opened_for(purchase_order, opened), purchase_order.reference)
