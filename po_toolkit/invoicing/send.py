"""Sends one purchase order's invoice exactly once, from wherever an earlier try left it.

customer → draft → lines (all in one call, then the total is checked) → send, which finalizes and
mails, or finalize alone where you deliver it yourself. Tax rates are made at Stripe before, once in
each account.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from po_toolkit import outbox
from po_toolkit.context import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.already_billed import NOT_BILLED
from po_toolkit.domain.deliveries import links_work
from po_toolkit.domain.roles import Act
from po_toolkit.domain.tax import Rate, payable
from po_toolkit.errors import (
    AlreadyBilledError,
    BusyError,
    InvoiceMismatchError,
    LostLeaseError,
    PoToolkitError,
    PurchaseOrderError,
    StripeAuthenticationError,
    StripeGatewayError,
    StripeNotFoundError,
    StripeRefusedError,
    WrongAccountError,
)
from po_toolkit.invoicing.billed import (
    LISTING_HOLDS,
    Found,
    Lookup,
    agrees,
    compare,
    delete_draft,
    find_at_stripe,
    find_billed,
    was_sent,
)
from po_toolkit.invoicing.customers import before_it_is_final, customer_step, forget_customer
from po_toolkit.invoicing.delivery import auto_advance_write, turn_on, waits_for_transfers
from po_toolkit.invoicing.existing import adopt_own, connect_void
from po_toolkit.invoicing.lease import (
    LAST_STEPS,
    Lease,
    claim,
    last_step,
    release,
    renewed_leases,
    step_slot,
)
from po_toolkit.invoicing.plan import all_lines, line_key, line_taxes, unbillable_reason
from po_toolkit.logs import get_logger
from po_toolkit.money import SENT_AS_TWO_DECIMAL, display, minor_from_api
from po_toolkit.outbox import Outcome, Write
from po_toolkit.store import invoices
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.purchase_orders import (
    ids_of,
    note_sent,
    refresh_status,
    to_bill,
    with_live_invoice,
)
from po_toolkit.store.stripe_writes import StoredWrite
from po_toolkit.store.tables import Invoice, PurchaseOrder, StripeTaxRate
from po_toolkit.store.upsert import insert_if_new

Json = dict[str, Any]

log = get_logger(__name__)

GENERATIONS = 3
"""How many drafts that others spoiled are thrown away in one go before a person must look."""


class _NextGenerationError(PoToolkitError):
    """This generation's draft is gone for certain; the next one may start."""


def send_invoice(
    opened: OpenConference,
    order_id: int,
    *,
    send: bool = True,
    read: PurchaseOrder | None = None,
    since: datetime | None = None,
) -> Invoice:
    """Take a purchase order's invoice to ``sent`` or ``finalized``, or to a checked draft.

    What its batch has read of Stripe's invoices since it began is used; for ``read`` see ``claim``.

    Returns:
        The invoice as it stands.

    Raises:
        BusyError: Another process is invoicing it.
        PurchaseOrderError: It cannot be invoiced.
        InvoiceMismatchError: Stripe's total is not the purchase order's; the draft was deleted.
        StripeGatewayError: Stripe refused, or the outcome is unknown and a repeat is safe.
    """
    for _ in range(GENERATIONS):
        before = _find_existing(opened, order_id, read, since)
        if isinstance(before, Invoice):
            return before
        lease = claim(opened, order_id, read, further_at_stripe, after=before)
        try:
            _walk(lease, send=send)
        except _NextGenerationError:
            read = None  # it has changed, and in a restored copy the next one may be billed already
            continue
        except LostLeaseError:
            raise
        except PoToolkitError as error:
            refused = isinstance(error, StripeRefusedError)
            if refused:
                _clear_away(lease)
            release(lease, str(error), refused=refused)
            raise
        except BaseException:
            release(lease)
            raise
        release(lease)
        return lease.invoice
    raise PurchaseOrderError(
        f"{lease.order.reference}: Its drafts keep changing at Stripe; find out who edits them, "
        f"then try again."
    )


def _find_existing(
    opened: OpenConference, order_id: int, read: PurchaseOrder | None, since: datetime | None
) -> Invoice | int:
    """Return the purchase order's own invoice at Stripe if it stands, else its last generation.

    Its own draft is adopted and then continued.

    Raises:
        AlreadyBilledError: Another invoice bills the same.
        PurchaseOrderError: What was credited or paid on a void one is to be read first.
    """
    if read is None:
        with opened.store.reading() as session:
            read = to_bill(session, [order_id]).get(order_id)
    if (
        read is None
        or read.live_invoice is not None
        or unbillable_reason(read, opened.conference, opened.today())
    ):
        return 0
    before = find_billed(opened, read, since)
    if before.void:
        connect_void(opened, order_id, before.void)
    if before.invoice is None:
        return before.generation
    taken = adopt_own(opened, order_id, before.invoice)
    return taken if taken.step == "done" else before.generation


def _walk(lease: Lease, *, send: bool) -> None:
    for fingerprint, rate in lease.plan.rates.items():
        if fingerprint not in lease.rate_ids:
            lease.rate_ids[fingerprint] = make_rate(lease.opened, rate)
    if lease.resumed:
        found = find_at_stripe(lease)
        _refuse_billed_meanwhile(lease, found)
        # Before the draft there is one only where a restored copy has forgotten it.
        if lease.invoice.step != "customer" or found.found is not Found.NOTHING:
            _accept(lease, found)
    while (step := lease.invoice.step) != "done":
        if step in LAST_STEPS and not send:
            return
        _STEPS[step](lease)


def _refuse_billed_meanwhile(lease: Lease, lookup: Lookup) -> None:
    """Leave it to a person where another database has billed the same since this was begun.

    Whatever was drafted here is deleted, so that the other invoice can be adopted.

    Raises:
        AlreadyBilledError: Another invoice bills the same.
        StripeGatewayError: Stripe could not be asked.
    """
    began = lease.invoice.first_tried_at
    just_begun = began is not None and lease.opened.now() - began < LISTING_HOLDS
    if just_begun or lookup.found not in _NOT_SENT:
        return
    if lookup.found is not Found.NOTHING:
        _adopt(lease, lookup)  # else the look would take the draft for somebody else's
    try:
        find_billed(lease.opened, lease.order)
    except AlreadyBilledError:
        if lookup.found is Found.NOTHING:
            lease.advance(state="deleted", lease_owner="", lease_until=None)
        else:
            _discard(lease)
        raise


_NOT_SENT = (Found.NOTHING, Found.EMPTY_DRAFT, Found.FULL_DRAFT, Found.OTHER_DRAFT)


def _draft_step(lease: Lease) -> None:
    customer = lease.invoice.customer
    if customer is None or not customer.stripe_customer_id:
        lease.advance(step="customer")
        return
    try:
        outcome = lease.write()
    except StripeNotFoundError as error:
        if error.param != "customer":
            raise
        forget_customer(lease, customer.stripe_customer_id)
        return
    if outcome.found:
        _accept(lease, compare(lease, outcome.answer))
        return
    lease.advance(step="lines", state="drafting", stripe_invoice_id=outcome.answer["id"])


def _lines_step(lease: Lease) -> None:
    outcome = lease.write()
    if outcome.found:
        _accept(lease, compare(lease, outcome.answer))
        return
    invoice = outcome.answer
    _check(lease, invoice)
    _check_asked(lease, invoice)
    taxed = taxed_lines(lease, invoice)
    with lease.step() as (uow, row):
        row.step, row.state = last_step(row), "drafted"
        _copy_from_stripe(lease, row, invoice)
        if taxed:
            lease.order = take_taxes(uow, lease.order.id, taxed)


def _check(lease: Lease, invoice: Json) -> None:
    """Let no draft pass whose total is not the purchase order's, to the minor unit."""
    fraction = lease.plan.content.automatic_tax and unpayable(invoice)
    if agrees(lease, invoice) and not fraction:
        return
    order = lease.order
    _discard(lease)
    if fraction:
        raise InvoiceMismatchError(
            f"{order.reference}: The tax that Stripe computed cannot be paid in "
            f"{order.currency.upper()}. The draft was deleted and nothing was sent; choose a price "
            f"whose tax comes out even."
        )
    if lease.plan.content.automatic_tax and invoice["automatic_tax"]["status"] != "complete":
        raise InvoiceMismatchError(
            f"{order.reference}: Stripe cannot compute the tax "
            f"({invoice['automatic_tax']['status']}). The draft was deleted and nothing was sent; "
            f"write the sponsor's billing address with its country on a separate line."
        )
    shown = display(minor_from_api(invoice["total"], invoice["currency"]), invoice["currency"])
    raise InvoiceMismatchError(
        f"{order.reference}: Stripe's draft came to {shown}, the purchase order is "
        f"{display(order.sums.total, order.currency)}. The draft was deleted and nothing was "
        f"sent; look for taxes, discounts or other rules in the Stripe account."
    )


def _check_asked(lease: Lease, invoice: Json) -> None:
    """Let no draft pass that asks another sum than its total, unless that is known or decided.

    What lies on the customer's balance lowers or raises ``amount_due`` when the invoice is final.
    Credit that another purchase order here left is known; it is booked when it is used.
    """
    order, opened, currency = lease.order, lease.opened, invoice["currency"]
    difference = minor_from_api(invoice["amount_due"] - invoice["total"], currency)
    choice = (order.answers or {}).get("balance")
    if not difference or choice == "use":
        return
    customer = lease.invoice.customer
    customer_id = (customer.stripe_customer_id if customer else None) or ""
    with opened.store.reading() as session:
        known = invoices.credit_known(session, customer_id, order)
    if 0 < -difference <= known or 0 < -difference <= known + _overpaid_since(lease, customer_id):
        return
    if choice == "remove":
        outbox.perform(opened, _balance_removal(lease, customer_id, invoice), Act.INVOICE)
        return
    _discard(lease)
    shown, asked = (
        display(abs(difference), currency),
        display(minor_from_api(invoice["amount_due"], currency), currency),
    )
    cause = (
        f"the sponsor has {shown} of credit on its balance"
        if difference < 0
        else f"the sponsor owes {shown} from before on its balance"
    )
    use = remedies.decide_balance(opened.slug, order.reference, "use")
    raise InvoiceMismatchError(
        f"{order.reference}: Its invoice would ask {asked}, the purchase order is "
        f"{display(order.sums.total, currency)}: {cause} at Stripe ({customer_id}), which no "
        f"purchase order here explains. The draft was deleted and nothing was sent; decide whether "
        f"it counts on this invoice or is removed.",
        code="balance_at_stripe",
        remedy=replace(
            use, otherwise=remedies.decide_balance(opened.slug, order.reference, "remove")
        ),
    )


def _overpaid_since(lease: Lease, customer_id: str) -> int:
    """Return what Stripe says was overpaid on our invoices beyond what was read before."""
    opened, currency, found = lease.opened, lease.order.currency, 0
    for page in opened.gateway.pages("/v1/invoices", {"customer": customer_id}):
        with opened.store.reading() as session:
            for invoice in page:
                ours = invoices.by_stripe_id(session, opened.conference, invoice["id"])
                if ours is not None and ours.currency == invoice["currency"] == currency:
                    now = minor_from_api(invoice.get("amount_overpaid") or 0, currency)
                    found += max(now - (ours.stripe_amount_overpaid or 0), 0)
    return found


def _balance_removal(lease: Lease, customer_id: str, invoice: Json) -> Write:
    """Return the write that takes a customer's balance to zero, as a person decided."""
    path = f"/v1/customers/{customer_id}/balance_transactions"
    slot = step_slot(lease.order, lease.invoice, outbox.BALANCE_REMOVED.name)
    body = {
        "amount": invoice["total"] - invoice["amount_due"],
        "currency": invoice["currency"],
        "description": f"Removed before {lease.order.reference} was invoiced",
        "metadata": {"po_toolkit_slot": slot},
    }

    def made(_stored: StoredWrite) -> Json | None:
        rows = (row for page in lease.opened.gateway.pages(path) for row in page)
        wanted = (r for r in rows if (r.get("metadata") or {}).get("po_toolkit_slot") == slot)
        return next(wanted, None)

    return Write(
        outbox.BALANCE_REMOVED,
        slot,
        path,
        lambda: body,
        find=made,
        conference_id=lease.invoice.conference_id,
        purchase_order_id=lease.invoice.purchase_order_id,
    )


def _last_step(lease: Lease) -> None:
    before_it_is_final(lease)
    outcome = lease.write()
    if outcome.found:
        _accept(lease, compare(lease, outcome.answer))
    else:
        _done(lease, outcome.answer, mailed=lease.invoice.step == "send")


_STEPS: dict[str, Callable[[Lease], None]] = {
    "customer": customer_step,
    "draft": _draft_step,
    "lines": _lines_step,
    "send": _last_step,
    "finalize": _last_step,
}


def further_at_stripe(lease: Lease) -> Json | None:
    """Return the invoice at Stripe where it is further than its next step says, else None.

    Of an open one only an event says whether it was emailed.
    """
    lookup = find_at_stripe(lease)
    match lease.invoice.step, lookup.found:
        case "draft", Found.NOTHING:
            return None
        case "lines", Found.EMPTY_DRAFT:
            return None
        case "send" | "finalize", Found.FULL_DRAFT:
            return None
        case "send", Found.OPEN if not was_sent(lease, lookup.invoice["id"]):
            return outbox.NOT_LISTED
    return lookup.invoice


def _accept(lease: Lease, lookup: Lookup) -> None:
    """Go on from what Stripe has, not from what we remember."""
    lease.resumed = False
    match lookup.found:
        case Found.NOTHING:
            if lease.invoice.stripe_invoice_id is not None:
                _gone(lease)
        case Found.EMPTY_DRAFT:
            _adopt(lease, lookup, step="lines", state="drafting")
        case Found.FULL_DRAFT:
            _adopt(lease, lookup, step=last_step(lease.invoice), state="drafted")
            _check_asked(lease, lookup.invoice)
        case Found.OTHER_DRAFT:
            _adopt(lease, lookup, step="lines", state="drafting")
            _discard(lease)
            raise _NextGenerationError
        case Found.OPEN:
            _opened_before(lease, lookup)
        case Found.PAID:
            _done(lease, lookup.invoice, mailed=True)
        case Found.VOID:
            _voided_by_hand(lease, lookup)
        case Found.OTHER_LINES:
            _finalized_otherwise(lease, lookup)


def _opened_before(lease: Lease, lookup: Lookup) -> None:
    """Complete a final invoice: Stripe still emails it where it is to and has not."""
    mailed = was_sent(lease, lookup.invoice["id"])
    if mailed or last_step(lease.invoice) == "finalize":
        _done(lease, lookup.invoice, mailed=mailed)
    else:
        _adopt(lease, lookup, step="send", state="drafted")


def _adopt(lease: Lease, lookup: Lookup, **changes: Any) -> None:
    lease.advance(stripe_invoice_id=lookup.invoice["id"], **changes)


def _gone(lease: Lease) -> None:
    lease.advance(state="deleted", lease_owner="", lease_until=None)
    raise _NextGenerationError


def _voided_by_hand(lease: Lease, lookup: Lookup) -> None:
    with lease.step() as (_, row):
        row.stripe_invoice_id = lookup.invoice["id"]
        row.state, row.step = "void", "done"
        _copy_from_stripe(lease, row, lookup.invoice)
    raise PurchaseOrderError(
        f"{lease.order.reference}: Invoice {lookup.invoice['id']} was voided by hand at Stripe. "
        f"Send it again to bill it under a new invoice, or cancel the purchase order.",
        remedy=replace(
            remedies.invoice(lease.opened.slug, lease.order.reference),
            otherwise=remedies.cancel(lease.order.reference),
        ),
    )


def _finalized_otherwise(lease: Lease, lookup: Lookup) -> None:
    order, invoice = lease.order, lookup.invoice
    lease.advance(stripe_invoice_id=invoice["id"])
    shown = display(minor_from_api(invoice["total"], invoice["currency"]), invoice["currency"])
    raise InvoiceMismatchError(
        f"{order.reference}: Somebody finalized invoice {invoice['id']} at Stripe with other "
        f"lines ({shown}, the purchase order is {display(order.sums.total, order.currency)}). "
        f"Void it at Stripe, then try again."
    )


def _done(lease: Lease, invoice: Json, *, mailed: bool) -> None:
    opened = lease.opened
    taxed = taxed_lines(lease, invoice)
    write, stored = None, None
    with lease.step() as (uow, row):
        if taxed:
            take_taxes(uow, lease.order.id, taxed)
        paid = invoice["status"] == "paid"
        note_sent(uow, lease.order.id, delivered=mailed or paid)
        row.stripe_invoice_id = invoice["id"]
        row.step = "done"
        issued = "sent" if mailed else "finalized"
        row.state = "paid" if paid else issued
        row.sent_at = opened.now()
        row.lease_owner, row.lease_until = "", None
        _copy_from_stripe(lease, row, invoice)
        if invoice["amount_paid"]:
            row.stripe_read_at = None  # it was sent before; its payments are still to be read
        sent = {
            "stripe_invoice_id": invoice["id"],
            "sent": mailed,
            "amount": row.stripe_total,
            "currency": lease.order.currency,
        }
        uow.audit(Act.INVOICE, lease.order, after=sent)
        if waits_for_transfers(lease.order, row, opened.conference):
            write = auto_advance_write(opened, lease.order, row)
            stored = outbox.declare(uow, opened, write)
    if write is not None and stored is not None:
        try:
            turn_on(opened, write, stored, lease.invoice)
        except StripeGatewayError as error:  # the invoice is out; the next sync turns it on
            log.warning("auto_advance is not on yet", reason=str(error))


def _discard(lease: Lease) -> None:
    """Delete the draft and confirm it; only then may the next generation start."""
    delete_draft(lease)
    lease.advance(state="deleted", lease_owner="", lease_until=None)


def _clear_away(lease: Lease) -> None:
    """After a refusal leave no orphan draft behind, so that the purchase order can be corrected."""
    if lease.invoice.stripe_invoice_id is None or lease.invoice.step == "done":
        return
    try:
        if find_at_stripe(lease).found in _NOT_SENT[1:]:
            _discard(lease)
    except StripeGatewayError:
        return  # it stays in the journal, and the next run looks at it first


def _copy_from_stripe(lease: Lease, row: Invoice, stripe_invoice: Json) -> None:
    opened = lease.opened
    invoices.copy_stripe_invoice(row, stripe_invoice, opened.conference.timezone, opened.now())


POLL_SECONDS = 0.5
"""How often a purchase order that another process is invoicing is read again."""


@dataclass(frozen=True, slots=True)
class InvoiceResult:
    """What became of one purchase order."""

    reference: str
    outcome: str
    """invoiced, skipped or failed."""
    stripe_invoice_id: str = ""
    hosted_invoice_url: str = ""
    error: str = ""
    unread: bool = False
    """It was found at Stripe and taken over; its payments are still to be read."""

    @property
    def asks(self) -> bool:
        """Whether it was left for a person to decide, since Stripe bills the same already."""
        return self.outcome == "skipped" and NOT_BILLED in self.error

    def as_json(self) -> dict[str, str | None]:
        """Return the result as the command prints it."""
        return {
            "reference": self.reference,
            "outcome": self.outcome,
            "stripe_invoice_id": self.stripe_invoice_id or None,
            "hosted_invoice_url": self.hosted_invoice_url or None,
            "error": self.error or None,
        }


def run_batch(
    opened: OpenConference,
    references: Sequence[str],
    *,
    send: bool = True,
    wait: Callable[[float], None],
) -> Iterator[InvoiceResult]:
    """Invoice purchase orders and yield each one's result, when it is done or refused.

    One that another process is invoicing is waited for. When Stripe does not accept the key,
    nothing more is tried: what is left fails with that reason and is untouched. Without ``send`` it
    stops at checked drafts. ``wait`` sleeps, in seconds, before looking again at one that another
    process is invoicing.
    """
    with opened.store.reading() as session:
        ids = ids_of(session, opened.conference, references)
    queue = deque(zip(ids, references, strict=True))
    with renewed_leases(opened):
        while queue:
            order_id, reference = queue.popleft()
            try:
                yield invoice_one(opened, order_id, reference, send=send)
            except (BusyError, LostLeaseError):
                queue.append((order_id, reference))
                wait(POLL_SECONDS if len(queue) == 1 else 0)
            except (StripeAuthenticationError, WrongAccountError) as error:
                yield InvoiceResult(reference, "failed", error=error.reason)
                yield from (InvoiceResult(r, "failed", error=error.reason) for _, r in queue)
                return


def invoice_one(
    opened: OpenConference,
    order_id: int,
    reference: str,
    *,
    send: bool,
    read: PurchaseOrder | None = None,
    since: datetime | None = None,
) -> InvoiceResult:
    """Invoice one purchase order and say what became of it.

    The parameters are those of ``send_invoice``.

    Raises:
        BusyError: Another process is invoicing it.
        LostLeaseError: Another process took it over.
        StripeAuthenticationError: Stripe does not accept the key.
        WrongAccountError: The key is of another account.
    """
    try:
        invoice = send_invoice(opened, order_id, send=send, read=read, since=since)
    except (BusyError, LostLeaseError, StripeAuthenticationError, WrongAccountError):
        raise
    except AlreadyBilledError as error:
        return InvoiceResult(reference, "skipped", error=error.reason)
    except PoToolkitError as error:
        return _not_invoiced(opened, reference, error.reason)
    if invoice.step == "done" and invoice.stripe_read_at is None:
        return InvoiceResult(
            reference,
            "skipped",
            invoice.stripe_invoice_id or "",
            invoice.hosted_url,
            f"{reference}: Invoiced before as {invoice.stripe_invoice_id}, which was found at "
            f"Stripe and adopted.",
            unread=True,
        )
    return InvoiceResult(reference, "invoiced", invoice.stripe_invoice_id or "", invoice.hosted_url)


def _not_invoiced(opened: OpenConference, reference: str, reason: str) -> InvoiceResult:
    """Return what became of a purchase order that could not be invoiced, or needed nothing."""
    with opened.store.reading() as session:
        order, live = with_live_invoice(session, opened.conference, reference)
    if not _settled(order, live):
        return InvoiceResult(reference, "failed", error=reason)
    works = live is not None and links_work(live.stripe_read_at, opened.now())
    url = live.hosted_url if live and works else ""
    name = (live.stripe_invoice_id or "") if live else ""
    return InvoiceResult(reference, "skipped", name, url, reason)


def _settled(order: PurchaseOrder, live: Invoice | None) -> bool:
    """Tell whether there is simply nothing to do, as against something to correct."""
    return (
        (live is not None and live.step == "done")
        or order.cancelled_at is not None
        or bool(order.claimed_invoice_id)
        or order.kept_balance <= 0 < order.sum_total
    )


_OURS = "po_toolkit_rate"
"""The metadata that leads from a rate at Stripe back to its row."""


def make_rate(opened: OpenConference, rate: Rate) -> str:
    """Make a rate at Stripe, once whoever else makes it too, and return its id.

    Raises:
        StripeGatewayError: In one of its kinds; the same call again is safe.
    """
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        row = _row(uow, opened.conference.id, rate)
    if row.stripe_tax_rate_id:
        return row.stripe_tax_rate_id
    write = Write(
        outbox.TAX_RATE,
        f"tax-rate-{row.uuid}",
        "/v1/tax_rates",
        lambda: _body(row, rate),
        find=lambda _stored: _existing(opened, str(row.uuid)),
        conference_id=row.conference_id,
    )

    def keep(uow: UnitOfWork, outcome: Outcome) -> None:
        uow.session.get_one(StripeTaxRate, row.id).stripe_tax_rate_id = outcome.answer["id"]

    return str(outbox.perform(opened, write, Act.INVOICE, keep).answer["id"])


def _row(uow: UnitOfWork, conference_id: int, rate: Rate) -> StripeTaxRate:
    same = {"conference_id": conference_id, "fingerprint": rate.fingerprint}
    insert_if_new(
        uow.session,
        StripeTaxRate,
        {**same, "uuid": uuid4(), "attempt": 1, "created_at": utc_now()},
        [StripeTaxRate.conference_id, StripeTaxRate.fingerprint],
    )
    return uow.session.scalars(select(StripeTaxRate).filter_by(**same)).one()


def _body(row: StripeTaxRate, rate: Rate) -> Json:
    body: Json = {
        "display_name": rate.name,
        "percentage": rate.percentage,
        "inclusive": rate.inclusive,
        "metadata": {_OURS: str(row.uuid)},
    }
    further = {
        "country": rate.country,
        "state": rate.state,
        "jurisdiction": rate.jurisdiction,
        "tax_type": rate.type,
    }
    return body | {name: value for name, value in further.items() if value}


def _existing(opened: OpenConference, uuid: str) -> Json | None:
    """Return the rate that an earlier try made, by its metadata; lists are consistent."""
    for page in opened.gateway.pages("/v1/tax_rates"):
        for rate in page:
            if (rate.get("metadata") or {}).get(_OURS) == uuid:
                return rate
    return None


def taxed_lines(lease: Lease, invoice: Json) -> list[Json]:
    """Return the lines of an invoice whose tax Stripe computed; empty for any other.

    Raises:
        StripeGatewayError: Further lines could not be read.
    """
    if not lease.plan.content.automatic_tax:
        return []
    return all_lines(lease.opened.gateway, invoice)


def unpayable(invoice: Json) -> bool:
    """Tell whether Stripe computed a tax that cannot be paid in the invoice's currency."""
    currency = invoice["currency"]
    whole = currency in SENT_AS_TWO_DECIMAL
    lines = invoice["lines"]["data"] if whole else ()
    taxes = (tax["amount"] for line in lines for tax in line.get("taxes") or ())
    return not all(payable(amount, currency) for amount in (invoice["total"], *taxes))


def take_taxes(uow: UnitOfWork, order_id: int, lines: list[Json]) -> PurchaseOrder:
    """Give the locked purchase order's lines the tax that Stripe's lines bear."""
    order = uow.lock_purchase_order(order_id)
    waiting: dict[tuple[str, int], list[Json]] = {}
    for stripe_line in lines:
        waiting.setdefault((stripe_line["description"] or "", stripe_line["amount"]), []).append(
            stripe_line
        )
    for line in order.line_items:
        stripe_line = waiting[line_key(line, order.currency)].pop(0)
        on_top, included = (minor_from_api(tax, order.currency) for tax in line_taxes(stripe_line))
        line.tax_on_top, line.tax_included = on_top, included
    refresh_status(order)
    return order
