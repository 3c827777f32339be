"""News from Stripe, fetched, and what Stripe was to be told, told."""

from __future__ import annotations

from collections.abc import Iterable

from po_toolkit.api.invoices import adopt_claimed, books_of
from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.roles import Act, require
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.payments import telling
from po_toolkit.payments.books import Books
from po_toolkit.payments.intend import tell_earlier
from po_toolkit.payments.report import SyncReport
from po_toolkit.payments.sync import sync_all, sync_one
from po_toolkit.store import money_intents
from po_toolkit.store.purchase_orders import by_reference, by_references


def sync_conference(opened: OpenConference, *, full: bool = False) -> SyncReport:
    """Bring a conference's ledger up to Stripe, and Stripe up to the ledger.

    Args:
        opened: The conference.
        full: Compare every object at Stripe with the ledger, instead of the news since last time.

    Returns:
        What changed. With ``problems`` in it the sync is not complete, and the next one reads the
        same news again.

    Raises:
        NotAllowedError: The actor's role is too low.
        SettingsError: The conference has no Stripe key.
        StripeGatewayError: Stripe could not be read to the end.
    """
    require(opened.actor, Act.SYNC)
    books = books_of(opened)
    before = books.gateway.calls
    problems = [
        f"{result.reference}: {result.error}"
        for result in adopt_claimed(opened)
        if result.outcome == "failed"
    ]
    problems += tell_waiting(opened)
    report = sync_all(books, full=full)
    report.stripe_calls = books.gateway.calls - before
    report.problems += problems
    return report


def sync_purchase_order(opened: OpenConference, reference: str) -> SyncReport:
    """Bring one purchase order up to Stripe.

    Raises:
        NotAllowedError: The actor's role is too low.
        NotFoundError: No such purchase order.
        PurchaseOrderError: It has no invoice at Stripe.
        StripeGatewayError: Stripe could not be asked.
    """
    require(opened.actor, Act.SYNC)
    with opened.store.reading() as session:
        order = by_reference(session, opened.conference, reference)
    ids = [i.stripe_invoice_id for i in order.invoices if i.stripe_invoice_id]
    if not ids:
        raise PurchaseOrderError(
            f"{order.reference} has no Stripe invoice yet; create it with: "
            f"po-toolkit invoice --conference {opened.slug} --po {order.reference}."
        )
    total = SyncReport()
    for stripe_id in ids:
        total.merge(sync_one(books_of(opened), stripe_id))
    return total


def tell_earlier_money(opened: OpenConference, references: Iterable[str]) -> list[str]:
    """Tell newly sent invoices of the payments and credit notes that were entered before them.

    Returns:
        What Stripe refused, in words; what was cut off goes on with the next sync.

    Raises:
        SettingsError: The conference has no Stripe key.
    """
    with opened.store.reading() as session:
        orders = by_references(session, opened.conference, references)
    return _tell_orders(opened, [o.id for o in orders if o.entries or o.credit_notes])


def tell_waiting(opened: OpenConference) -> list[str]:
    """Tell Stripe of everything entered by hand that it has not heard of yet.

    Returns:
        What could not be told and why.

    Raises:
        StripeGatewayError: Stripe cannot be reached, or no longer accepts the key.
    """
    with opened.store.reading() as session:
        waiting = [i.id for i in money_intents.unfinished(session, opened.conference)]
        untold = money_intents.untold_orders(session, opened.conference)
    problems = _settle(books_of(opened), waiting) if waiting else []
    return problems + _tell_orders(opened, untold)


def _tell_orders(opened: OpenConference, order_ids: list[int]) -> list[str]:
    problems: list[str] = []
    for order_id in order_ids:
        with opened.store.writing(opened.actor, Act.SYNC) as uow:
            intents = tell_earlier(uow, uow.lock_purchase_order(order_id))
        problems += _settle(books_of(opened), intents)
    return problems


def _settle(books: Books, intents: list[int]) -> list[str]:
    problems = []
    for intent in intents:
        try:
            telling.settle(books, intent)
        except PurchaseOrderError as error:
            problems.append(str(error))
    return problems
