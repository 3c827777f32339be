"""Compares every object at Stripe with the ledger: page by page, never one call for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from po_toolkit.context import OpenConference
from po_toolkit.errors import PurchaseOrderError, StripeNotFoundError
from po_toolkit.logs import get_logger
from po_toolkit.payments import credit, unexplained
from po_toolkit.payments.books import Taken
from po_toolkit.payments.credit_notes import take_credit_note
from po_toolkit.payments.from_stripe import (
    fetch_invoice,
    id_of,
    record_id_of,
    settled,
    take_invoice,
    take_invoices,
    with_all_payments,
)
from po_toolkit.payments.money_back import payment_ids, take_dispute, take_refund
from po_toolkit.payments.report import Sweep, SyncReport
from po_toolkit.store import ledger, stripe_only
from po_toolkit.store.columns import utc_now
from po_toolkit.store.invoices import final_stripe_ids, known_stripe_ids, unchanged

Json = dict[str, Any]

log = get_logger(__name__)


def sweep(opened: OpenConference, report: SyncReport) -> None:
    """Compare invoices, payments, refunds, disputes and credit notes with the ledger.

    What is missing here is entered; what is only here is named in the report.

    Raises:
        StripeGatewayError: Stripe could not be read to the end; nothing is proved then.
    """
    started = utc_now()
    with opened.store.reading() as session:
        facts = ledger.facts_of_stripe(session, opened.conference, started)
    proof = report.sweep = Sweep()
    seen = walk_invoices(opened, report, proof)
    seen |= walk_refunds(opened, report, proof)
    seen |= walk_disputes(opened, report, proof)
    seen |= walk_credit_notes(opened, report, proof)
    _walk_customers(opened)
    report.add(credit.settle_missing(opened))
    with opened.store.reading() as session:
        now = ledger.facts_of_stripe(session, opened.conference, utc_now())
    proof.found = len(now.keys() & seen - facts.keys())
    proof.only_here = sorted(
        f"{stripe_id} ({reference})"
        for stripe_id, reference in facts.items()
        if stripe_id not in seen
    )


def walk_invoices(opened: OpenConference, report: SyncReport, proof: Sweep) -> set[str]:
    """Compare every invoice and its payments; return the ids of the payments of ours."""
    started = utc_now()
    query = {"collection_method": "send_invoice", "expand": ["data.payments"]}
    met: set[str] = set()
    payments: set[str] = set()
    for read_at, page in _timed_pages(opened, "/v1/invoices", query):
        with opened.store.reading() as session:
            ours = known_stripe_ids(session, opened.conference, [row["id"] for row in page])
        met |= ours.keys()
        strays = [said for said in page if said["id"] not in ours]
        unexplained.take_strays(opened.store, opened.conference, strays, read_at=read_at)
        mine = [with_all_payments(opened.gateway, said) for said in page if said["id"] in ours]
        payments |= _compare_invoices(opened, mine, read_at, report)
        _read_customers(opened, (said for said in page if said.get("amount_overpaid")))
    with opened.store.reading() as session:
        final = final_stripe_ids(session, opened.conference, started)
    for stripe_id in final:
        if stripe_id not in met:
            payments |= _unlisted(opened, stripe_id, report)
    report.invoices_seen += len(met)
    proof.invoices = len(met)
    proof.payments = len(payments)
    return payments


def walk_refunds(opened: OpenConference, report: SyncReport, proof: Sweep) -> set[str]:
    """Compare every refund; return the ids of those of our payments."""
    taken_back = ("failed", "canceled")
    return _walk_moves(
        opened,
        report,
        "/v1/refunds",
        more_ids=lambda said: [f"{said['id']}:failed"] if said.get("status") in taken_back else [],
        take=take_refund,
        count=lambda number: setattr(proof, "refunds", number),
    )


def walk_disputes(opened: OpenConference, report: SyncReport, proof: Sweep) -> set[str]:
    """Compare every dispute; return the ids of those of our payments."""
    return _walk_moves(
        opened,
        report,
        "/v1/disputes",
        more_ids=lambda said: [f"{said['id']}:won"] if said.get("status") == "won" else [],
        take=take_dispute,
        count=lambda number: setattr(proof, "disputes", number),
    )


def walk_credit_notes(opened: OpenConference, report: SyncReport, proof: Sweep) -> set[str]:
    """Compare every credit note; return the ids of those on our invoices."""
    seen: set[str] = set()
    for page in _listed(opened, "/v1/credit_notes"):
        with opened.store.reading() as session:
            wanted = [id_of(said["invoice"]) for said in page]
            ours = known_stripe_ids(session, opened.conference, wanted)
            booked = ledger.credit_notes(session, opened.conference, [said["id"] for said in page])
        _read_customers(opened, (n for n in page if n.get("customer_balance_transaction")))
        for said in page:
            if id_of(said["invoice"]) in ours:
                seen.add(said["id"])
                if said["id"] not in booked or said.get("status") == "void":
                    attempt(report, take_credit_note, opened, said)
    proof.credit_notes = len(seen)
    return seen


def attempt(
    report: SyncReport,
    take: Callable[[OpenConference, Json], Taken | None],
    opened: OpenConference,
    said: Json,
) -> None:
    """Take one thing; what cannot be booked is named and stops no other."""
    try:
        report.add(take(opened, said))
    except PurchaseOrderError as error:
        report.problems.append(error.reason)


def _compare_invoices(
    opened: OpenConference, page: list[Json], read_at: datetime, report: SyncReport
) -> set[str]:
    """Take the invoices of a page that differ; return the ids of all payments on the page."""
    with opened.store.reading() as session:
        same = unchanged(session, opened.conference, page)
        of = {said["id"]: settled(said["payments"]["data"]) for said in page}
        all_payments = [payment for payments in of.values() for payment in payments]
        ids = {payment["id"] for payment in all_payments}
        records = {record_id_of(payment) for payment in all_payments} - {""}
        booked = ledger.entered(session, opened.conference, ids)
        booked |= ledger.known_records(session, opened.conference, records)
    other = [
        said
        for said in page
        if said["id"] not in same
        or not booked.issuperset(record_id_of(p) or p["id"] for p in of[said["id"]])
    ]
    if other:
        try:
            report.add(take_invoices(opened, other, read_at=read_at))
        except PurchaseOrderError:
            for said in other:
                attempt(report, partial(take_invoice, read_at=read_at), opened, said)
    return ids


def _unlisted(opened: OpenConference, stripe_id: str, report: SyncReport) -> set[str]:
    """Fetch an invoice of ours that the list leaves out, as of another collection method."""
    read_at = opened.now()
    try:
        said = fetch_invoice(opened.gateway, stripe_id)
    except StripeNotFoundError:
        return set()
    if said.get("deleted"):
        return set()
    return _compare_invoices(opened, [said], read_at, report)


def _walk_moves(
    opened: OpenConference,
    report: SyncReport,
    path: str,
    *,
    more_ids: Callable[[Json], list[str]],
    take: Callable[[OpenConference, Json], Taken | None],
    count: Callable[[int], None],
) -> set[str]:
    seen: set[str] = set()
    for page in _listed(opened, path):
        with opened.store.reading() as session:
            behind = [payment_id for said in page for payment_id in payment_ids(said)]
            ours = ledger.known_payments(session, opened.conference, behind)
            ids = [source_id for said in page for source_id in [said["id"], *more_ids(said)]]
            booked = ledger.entered(session, opened.conference, ids)
        for said in page:
            if ours.isdisjoint(payment_ids(said)):
                continue
            seen.add(said["id"])
            if not booked.issuperset([said["id"], *more_ids(said)]):
                attempt(report, take, opened, said)
    count(len(seen))
    return seen


def _listed(opened: OpenConference, path: str) -> Iterator[list[Json]]:
    """Walk a list; a server that does not know it, as a plain stand-in, holds nothing of it."""
    try:
        yield from opened.gateway.pages(path)
    except StripeNotFoundError:
        log.info("the server has no such list", path=path)


def _read_customers(opened: OpenConference, credited: Iterable[Json]) -> None:
    """Read the customers to whom an invoice or a credit note gave credit."""
    for customer_id in sorted({id_of(said["customer"]) for said in credited}):
        read_at = opened.now()
        query = {"expand": list(unexplained.MONEY_FIELDS)}
        customer = opened.gateway.read(f"/v1/customers/{customer_id}", query)
        if not customer.get("deleted"):
            unexplained.take_customer(opened.store, opened.conference, customer, read_at=read_at)


def _walk_customers(opened: OpenConference) -> None:
    """Read what waits in the cash balances, where bank transfers are taken at all."""
    with opened.store.reading() as session:
        if not stripe_only.takes_transfers(session, opened.conference):
            return
        known = stripe_only.with_money(session, opened.conference)
    query = {"expand": [f"data.{name}" for name in unexplained.MONEY_FIELDS]}
    for read_at, page in _timed_pages(opened, "/v1/customers", query):
        for customer in page:
            if customer["id"] in known or unexplained.says_money(customer):
                unexplained.take_customer(
                    opened.store, opened.conference, customer, read_at=read_at
                )


def _timed_pages(
    opened: OpenConference, path: str, query: Json
) -> Iterator[tuple[datetime, list[Json]]]:
    read_at = opened.now()
    for page in opened.gateway.pages(path, query):
        yield read_at, page
        read_at = opened.now()
