"""One conference as a Python object: what scripts and other programs use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Literal, Self

from typing_extensions import TypedDict, Unpack

from po_toolkit import bootstrap
from po_toolkit.api import invoices, ledger, original
from po_toolkit.api import sync as syncing
from po_toolkit.api.new_order import Details, LineItem
from po_toolkit.config import Settings, load_settings
from po_toolkit.context import OpenConference
from po_toolkit.domain.references import comparable
from po_toolkit.domain.roles import Actor, Role
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.store import listing, purchase_orders
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import WHOLE, Store
from po_toolkit.store.tables import CreditNote, LedgerEntry, PurchaseOrder

if TYPE_CHECKING:
    import pandas as pd

    from po_toolkit.api.import_report import ImportReport
    from po_toolkit.api.invoices import InvoicePreview, InvoiceReport
    from po_toolkit.payments.sync import SyncReport
    from po_toolkit.reconcile.reconciliation import Reconciliation

__all__ = ["Conference", "ImportOptions", "open_conference"]


class ImportOptions(TypedDict, total=False):
    """The answers that a file of purchase orders may need; see ``docs/importing.md``."""

    file_name: str
    sheet: str | None
    mapping: Mapping[str, str] | None
    dry_run: bool
    allow_duplicates: bool
    decimal: Literal["point", "comma"] | None
    dates: Literal["dmy", "mdy", "ymd"] | None
    currency: str | None
    scale: int | None
    encoding: str | None
    unknown: Literal["leave", "notes"]
    skip_rows: str | Iterable[int]
    keep_rows: str | Iterable[int]
    corrections: Mapping[int, Mapping[int, str]] | None


@dataclass(frozen=True)
class Conference(OpenConference):
    """One open conference. Use it as a context manager, which closes the database at the end.

    A method that changes a purchase order also updates the object passed to it: afterwards it
    shows the invoice, the status and the sums. Where a purchase order is asked for, its reference
    (``"PO-7KQ2MX"``) will do. Amounts are ``Decimal`` in major units, each in the purchase order's
    currency; a float is refused.
    """

    owns_database: bool = False
    """Whether closing it closes the database connections too."""

    def __enter__(self) -> Self:
        """Return the conference itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the conference."""
        self.close()

    def close(self) -> None:
        """Close the database connections, unless the database was passed in open."""
        if self.owns_database:
            self.store.engine.dispose()

    # Purchase orders

    def create_purchase_order(
        self,
        *,
        organization_name: str,
        contact_email: str,
        line_items: Iterable[LineItem],
        currency: str | None = None,
        po_number: str = "",
        tax_id: str = "",
        po_amount: Decimal | None = None,
        allow_duplicates: bool = False,
        **details: Unpack[Details],
    ) -> PurchaseOrder:
        """Create a draft purchase order, checked as an import checks it.

        Args:
            organization_name: The sponsor.
            contact_email: Where the invoice goes.
            line_items: Its lines; see [`LineItem`][po_toolkit.LineItem].
            currency: Three letters; by default the conference's.
            po_number: The sponsor's own number.
            tax_id: The sponsor's, such as ``DE123456789``.
            po_amount: What the sponsor's purchase order authorizes, in major units.
            allow_duplicates: Create it although there is one that may be the same.
            details: ``contact_name``, ``billing_address``, ``notes``, ``due_date``,
                ``days_until_due``, ``language``, ``service_start``, ``service_end``,
                ``payment_methods``, ``delivery``, ``buyer_reference``, ``e_invoice_address`` and
                ``e_invoice_format``.

        Raises:
            PurchaseOrderError: Something is missing, wrong or unknown; ``code`` is the import's.
            DuplicateEntryError: The sponsor has this purchase order already.
            AmountError: A price or its tax cannot be represented in the currency.
        """
        return original.create_purchase_order(
            self,
            organization_name=organization_name,
            contact_email=contact_email,
            line_items=line_items,
            currency=currency,
            po_number=po_number,
            tax_id=tax_id,
            po_amount=po_amount,
            allow_duplicates=allow_duplicates,
            **details,
        )

    def get_purchase_order(self, reference: str) -> PurchaseOrder:
        """Return one purchase order by our reference, such as ``PO-7KQ2MX``.

        Raises:
            NotFoundError: The conference has no such purchase order.
        """
        with self.store.reading() as session:
            return purchase_orders.by_reference(session, self.conference, reference)

    def list_purchase_orders(
        self,
        *,
        status: str | Collection[str] = (),
        currency: str | Collection[str] = (),
        text: str = "",
        sort: str = "created_at",
        descending: bool = False,
        offset: int = 0,
        limit: int | None = None,
    ) -> list[PurchaseOrder]:
        """Return purchase orders, whole, as they are now.

        Args:
            status: ``draft``, ``issued``, ``sent``, ``partially_paid``, ``paid``, ``overpaid`` or
                ``cancelled``, or several of them; all by default.
            currency: Three letters, or several; all by default.
            text: Part of the reference, PO number, organization, contact name or email.
            sort: ``created_at``, ``reference``, ``po_number``, ``organization_name``, ``status``,
                ``currency``, ``due_date``, ``total`` or ``balance``.
            descending: The largest or latest first.
            offset: How many to skip.
            limit: How many to return at most; all by default.

        Raises:
            PurchaseOrderError: There is no such status, or nothing to sort by under this name.
        """
        condition = listing.filtered(
            self.conference.id, _statuses(status), _several(currency), text
        )
        with self.store.reading() as session:
            chosen = listing.references(
                session, condition, sort=sort, descending=descending, offset=offset, limit=limit
            )
            return purchase_orders.by_references(session, self.conference, chosen, *WHOLE)

    def find_purchase_orders(
        self, *, organization_name: str = "", po_number: str = "", contact_email: str = ""
    ) -> list[PurchaseOrder]:
        """Return the purchase orders that have exactly these values, the earliest first.

        Values are compared as an import compares them: whatever their case and spaces. Use it to
        see whether a purchase order of another system is here already.

        Raises:
            PurchaseOrderError: No value was given.
        """
        wanted = {
            "organization_name": organization_name,
            "po_number": po_number,
            "contact_email": contact_email,
        }
        given = {name: comparable(value) for name, value in wanted.items() if comparable(value)}
        if not given:
            raise PurchaseOrderError(
                "Give at least one value to search for: organization_name, po_number or "
                "contact_email. To list all of them, use list_purchase_orders."
            )
        rarest = next(n for n in ("po_number", "contact_email", "organization_name") if n in given)
        return [
            order
            for order in self.list_purchase_orders(text=wanted[rarest])
            if all(comparable(getattr(order, name)) == value for name, value in given.items())
        ]

    def refresh(self, purchase_order: PurchaseOrder) -> PurchaseOrder:
        """Read a purchase order again into the same object, and return it.

        Raises:
            NotFoundError: It is gone.
        """
        return original.refreshed(purchase_order, self)

    def import_purchase_orders(
        self,
        source: str | Path | bytes | IO[bytes] | pd.DataFrame,
        **options: Unpack[ImportOptions],
    ) -> ImportReport:
        """Import a spreadsheet of purchase orders as drafts; good rows are kept, bad ones named.

        Args:
            source: The path of a file, its content, an open binary file, or a DataFrame whose
                columns are named like those of a file. In reports, a DataFrame's header is row 1.
            options: The answers that a file may need: ``file_name``, ``sheet``, ``mapping`` (field
                → column name), ``dry_run``, ``allow_duplicates``, ``decimal``, ``dates``,
                ``currency``, ``scale``, ``encoding``, ``unknown``, ``skip_rows``, ``keep_rows``
                and ``corrections``.

        Returns:
            What was accepted, rejected (with the reason of each row) and skipped as a duplicate.

        Raises:
            ImportQuestionsError: Something that changes what is billed must be answered first;
                nothing was written. ``questions`` has the choices.
            ImportFileError: The file cannot be read or holds no purchase order.
        """
        from po_toolkit.api.imports import import_purchase_orders

        return import_purchase_orders(self, source, **options)

    # Invoices

    def preview(
        self, purchase_orders: Iterable[PurchaseOrder | str] | None = None, *, ask: bool = False
    ) -> InvoicePreview:
        """Say what invoicing would do; nothing is sent.

        Args:
            purchase_orders: Which; by default every draft.
            ask: Also ask Stripe for invoices that bill the same; else what was read last counts.

        Raises:
            NotFoundError: The conference lacks one of them.
        """
        chosen = None if purchase_orders is None else [_reference(o) for o in purchase_orders]
        return invoices.preview_invoices(self, references=chosen, all_draft=chosen is None, ask=ask)

    def invoice(self, purchase_order: PurchaseOrder | str) -> PurchaseOrder:
        """Create and send one purchase order's Stripe invoice, exactly once.

        Calling it again, also after a crash, never bills twice.

        Returns:
            The purchase order, with ``stripe_invoice_id`` and ``stripe_invoice_url``.

        Raises:
            SettingsError: The conference has no Stripe key.
            PurchaseOrderError: It cannot be invoiced; the message says why.
            AlreadyBilledError: An invoice at Stripe may bill the same; a person decides.
            BusyError: Another process is invoicing it now.
            StripeGatewayError: Stripe refused, or the outcome is unknown; calling again is safe.
        """
        order = self._order(purchase_order)
        original.create_stripe_invoice(order, opened=self)
        return order

    def invoice_many(
        self,
        purchase_orders: Iterable[PurchaseOrder | str] | None = None,
        *,
        batch: int | None = None,
        send: bool = True,
        progress: Callable[[invoices.InvoiceResult], None] | None = None,
    ) -> InvoiceReport:
        """Create and send several invoices, each exactly once; one that fails stops no other.

        Args:
            purchase_orders: Which; by default every draft, unless ``batch`` says otherwise.
            batch: The purchase orders of this import, by ``ImportReport.batch``.
            send: False leaves checked drafts at Stripe.
            progress: Called with each result as it comes.

        Raises:
            NotFoundError: The batch or one of the purchase orders does not exist.
            SettingsError: The conference has no Stripe key.
        """
        passed = None if purchase_orders is None else list(purchase_orders)
        chosen = None if passed is None else [_reference(o) for o in passed]
        report = invoices.invoice_purchase_orders(
            self,
            batch=batch,
            references=chosen,
            all_draft=chosen is None and batch is None,
            send=send,
            progress=progress,
        )
        for order in passed or ():
            if isinstance(order, PurchaseOrder):
                self.refresh(order)
        return report

    def cancel(self, purchase_order: PurchaseOrder | str) -> PurchaseOrder:
        """Cancel a purchase order; its open invoice is voided at Stripe first.

        Raises:
            PurchaseOrderError: There is money on it, or Stripe refused.
            StripeGatewayError: Stripe could not be asked; nothing was changed.
        """
        return original.cancel_purchase_order(self._order(purchase_order), opened=self)

    def invoice_pdf(self, purchase_order: PurchaseOrder | str) -> bytes:
        """Return the invoice with its payments as PDF; needs ``po-toolkit[pdf]``."""
        return original.generate_invoice_pdf(self._order(purchase_order), opened=self)

    # Money

    def record_payment(
        self,
        purchase_order: PurchaseOrder | str,
        amount: Decimal,
        method: str,
        *,
        reference: str = "",
        payment_date: date | None = None,
        note: str = "",
        again: bool = False,
        date_as_given: bool = False,
        overpaid: bool = False,
    ) -> LedgerEntry:
        """Record a payment that did not come through Stripe, and report it to Stripe.

        Args:
            purchase_order: What it pays.
            amount: Major units of the purchase order's currency, above zero.
            method: ``wire``, ``ach``, ``check`` or ``other``.
            reference: The bank's or the sponsor's reference.
            payment_date: When the money came; by default today in the conference's timezone.
            note: Anything worth knowing.
            again: Record it although the same sponsor paid the same within seven days.
            date_as_given: The date is right, although it is before the purchase order or in a
                closed period.
            overpaid: It is meant to be more than what is outstanding.

        Raises:
            PurchaseOrderError: Wrong amount, method or date, or the purchase order is cancelled.
            DuplicateEntryError: The same payment is there already; ``again`` records it.
            ConfirmationNeededError: The date or the amount is unlikely; ``questions`` names the
                argument that confirms it.
            AmountError: The amount cannot be represented in the currency.
        """
        return original.record_payment(
            self._order(purchase_order),
            amount,
            method,
            reference,
            payment_date,
            note,
            again=again,
            date_as_given=date_as_given,
            overpaid=overpaid,
            opened=self,
        )

    def issue_credit_note(
        self,
        purchase_order: PurchaseOrder | str,
        amount: Decimal,
        reason: str,
        *,
        again: bool = False,
    ) -> CreditNote:
        """Issue a credit note, at Stripe too where there is an invoice.

        Raises:
            PurchaseOrderError: The amount is more than what can be credited, or Stripe refused.
            DuplicateEntryError: One of this amount is there within seven days; ``again`` issues it.
        """
        order = self._order(purchase_order)
        return original.issue_credit_note(order, amount, reason, again=again, opened=self)

    def refund(
        self,
        purchase_order: PurchaseOrder | str,
        amount: Decimal,
        *,
        method: str = "stripe",
        reference: str = "",
        refund_date: date | None = None,
        note: str = "",
    ) -> PurchaseOrder:
        """Refund money through Stripe, or record what was sent back from the bank.

        Args:
            purchase_order: Whose payment goes back.
            amount: Major units of its currency, above zero.
            method: ``stripe`` refunds payments that came through Stripe, the newest first;
                ``wire``, ``ach``, ``check`` or ``other`` only records what was sent another way.
            reference: The bank's reference of what was sent back.
            refund_date: When it was sent; by default today in the conference's timezone.
            note: Anything worth knowing.

        Raises:
            PurchaseOrderError: So much cannot be refunded that way, or Stripe refused.
            StripeGatewayError: The outcome is unknown; the same call again is safe.
        """
        order = self._order(purchase_order)
        with original.updated(order, self):
            ledger.refund(
                self,
                order.reference,
                amount=amount,
                method=method,
                payment_reference=reference,
                refund_date=refund_date,
                note=note,
            )
        return order

    # Stripe

    def sync(
        self, purchase_order: PurchaseOrder | str | None = None, *, full: bool = False
    ) -> SyncReport:
        """Read from Stripe what is new, and report offline payments to it.

        Args:
            purchase_order: Only this one; by default the whole conference.
            full: Compare every object at Stripe with the ledger.

        Returns:
            What changed. ``problems`` names what could not be booked; the next sync reads it again.

        Raises:
            SettingsError: The conference has no Stripe key.
            StripeGatewayError: Stripe could not be read to the end.
        """
        if purchase_order is None:
            return syncing.sync_conference(self, full=full)
        order = self._order(purchase_order)
        with original.updated(order, self):
            return syncing.sync_purchase_order(self, order.reference)

    def receive_webhook(self, payload: bytes, signature: str) -> bool:
        """Check the signature of a webhook request and store its event; return whether it is new.

        Stored, nothing can be lost: answer Stripe with 200, then call
        [`process_webhooks`][po_toolkit.Conference.process_webhooks].

        Args:
            payload: The body exactly as received.
            signature: The header ``Stripe-Signature``.

        Raises:
            ForgedError: It is not signed with this conference's secret, or is too old.
            MalformedError: It is signed, but is no Stripe event.
        """
        from po_toolkit.api.webhooks import receive

        return receive(self, payload, signature)

    def process_webhooks(self) -> int:
        """Process the stored webhook events that are due, and return how many were.

        An event that cannot be processed now keeps its error and is tried again later.
        """
        from po_toolkit.api.webhook_work import work_events

        processed = 0
        while worked := work_events(self):
            processed += worked
        return processed

    # Books

    def reconcile(self, *, as_of: date | None = None) -> Reconciliation:
        """Return the books as of the end of a day, by default today in the conference's timezone.

        ``reconcile().frame("rows")`` is a DataFrame with one row for each purchase order;
        ``"summary"``, ``"ageing"``, ``"months"``, ``"discrepancies"``, ``"invoices"``,
        ``"entries"`` and ``"tax"`` are the other tables.
        """
        from po_toolkit.api.reports import reconcile

        return reconcile(self, as_of=as_of)

    def _order(self, purchase_order: PurchaseOrder | str) -> PurchaseOrder:
        if isinstance(purchase_order, str):
            return self.get_purchase_order(purchase_order)
        return purchase_order


def open_conference(
    slug: str,
    *,
    config: Path | str | None = None,
    settings: Settings | None = None,
    store: Store | None = None,
    actor: Actor | str | None = None,
    now: Callable[[], datetime] = utc_now,
    patient: bool = False,
    make: bool = False,
) -> Conference:
    """Open one conference; use it in a ``with`` statement.

    Args:
        slug: Its name in the settings, such as ``pycon-2027``.
        config: The settings file; by default ``PO_TOOLKIT_CONFIG``, else
            ``.streamlit/secrets.toml``.
        settings: Settings that were loaded before, in place of a file.
        store: An open database, in place of the one in the settings.
        actor: Who acts, for the audit log: a name such as ``"crm-import"``, which may do
            everything, or an [`Actor`][po_toolkit.Actor] with a role. By default the user of this
            machine.
        now: The clock.
        patient: True for batches, whose calls let a person's single act go first.
        make: Create the database where there is none. Without it that is an error, since an empty
            database knows of no invoice and would bill everybody again.

    Raises:
        SettingsError: There is no such conference or database, or a setting is wrong.
    """
    if isinstance(actor, str):
        actor = Actor(actor, Role.ADMIN)
    opened = bootstrap.open_conference(
        slug,
        settings=settings or load_settings(config),
        store=store,
        actor=actor or bootstrap.local_actor("python"),
        now=now,
        patient=patient,
        make=make,
    )
    parts: Mapping[str, Any] = {f.name: getattr(opened, f.name) for f in fields(opened)}
    return Conference(**parts, owns_database=store is None)


def _reference(purchase_order: PurchaseOrder | str) -> str:
    return purchase_order if isinstance(purchase_order, str) else purchase_order.reference


def _several(values: str | Collection[str]) -> Collection[str]:
    return (values,) if isinstance(values, str) else values


def _statuses(values: str | Collection[str]) -> Collection[str]:
    from po_toolkit.domain.sums import Status

    known = [status.value for status in Status]
    for value in _several(values):
        if value not in known:
            raise PurchaseOrderError(
                f"There is no status {value!r}; use one of {', '.join(known)}.",
                code="status_unknown",
            )
    return _several(values)
