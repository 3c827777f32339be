"""Reads payouts and balance transactions from Stripe: what came, what it cost, where it went."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from po_toolkit.context import OpenConference
from po_toolkit.domain.records import AsJson
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.errors import PoToolkitError
from po_toolkit.money import minor_from_api
from po_toolkit.store import payouts as kept
from po_toolkit.store.invoices import id_of

Json = dict[str, Any]

PAYOUTS_CHANGE = timedelta(days=30)
"""A payout may fail 5 business days after it was paid, and its trace comes up to 10 days late."""

MOVES_AGAIN = timedelta(days=1)


@dataclass
class PayoutReport(AsJson):
    """What a reading of payouts saw; its calls are counted apart from those of a sync.

    Attributes:
        problems: What could not be read and why; the rest was.
    """

    payouts_seen: int = 0
    payouts_new: int = 0
    balance_transactions_new: int = 0
    not_itemised: int = 0
    stripe_calls: int = 0
    problems: list[str] = field(default_factory=list)

    def read(self, of: Callable[[Json], Json], page: Iterable[Json]) -> list[Json]:
        """Return what a page says; what cannot be read is named, once, and stops no other."""
        rows = []
        for stripe_object in page:
            try:
                rows.append(of(stripe_object))
            except (PoToolkitError, ArithmeticError, LookupError, TypeError, ValueError) as error:
                kind = str(stripe_object.get("object") or "object").replace("_", " ")
                reason = (
                    str(error)
                    if isinstance(error, PoToolkitError)
                    else f"it cannot be read ({type(error).__name__}: {error})."
                )
                problem = f"Stripe's {kind} {stripe_object.get('id')}: {reason}"
                if problem not in self.problems:
                    self.problems.append(problem)
        return rows


def pull(opened: OpenConference, *, full: bool = False) -> PayoutReport:
    """Read payouts and balance transactions that are new or may have changed.

    Raises:
        StripeGatewayError: Stripe could not be read to the end; the next reading goes on.
    """
    report = PayoutReport()
    before = opened.gateway.calls
    with opened.store.reading() as session:
        # An event may have brought a payout that is newer than many that were never read.
        read_until = None if full else kept.newest_move(session, opened.conference.id)
    _read_payouts(opened, read_until, report)
    _read_moves(opened, read_until, report)
    _itemise(opened, report, recount=full)
    report.stripe_calls = opened.gateway.calls - before
    return report


def take_payout(opened: OpenConference, stripe_object: Json) -> None:
    """Keep what Stripe says of one payout; its balance transactions come with the next reading."""
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        kept.keep_payouts(uow, opened.conference.id, [_payout(stripe_object, opened.now())])


def _since(moment: datetime | None, back: timedelta) -> Json:
    return {"created": {"gte": int((moment - back).timestamp())}} if moment else {}


def _read_payouts(opened: OpenConference, since: datetime | None, report: PayoutReport) -> None:
    for page in opened.gateway.pages("/v1/payouts", _since(since, PAYOUTS_CHANGE)):
        rows = report.read(lambda payout: _payout(payout, opened.now()), page)
        with opened.store.writing(STRIPE, Act.SYNC) as uow:
            report.payouts_new += kept.keep_payouts(uow, opened.conference.id, rows)
        report.payouts_seen += len(rows)


def _read_moves(opened: OpenConference, since: datetime | None, report: PayoutReport) -> None:
    query = {**_since(since, MOVES_AGAIN), "expand": ["data.source"]}
    pages = opened.gateway.pages("/v1/balance_transactions", query)
    # Kept from the oldest on: the newest one says up to where all were read.
    for rows in reversed([report.read(_move, page) for page in pages]):
        with opened.store.writing(STRIPE, Act.SYNC) as uow:
            report.balance_transactions_new += kept.keep_moves(uow, opened.conference.id, rows)


def _itemise(opened: OpenConference, report: PayoutReport, *, recount: bool) -> None:
    """Ask which balance transactions each automatic payout is the sum of."""
    with opened.store.reading() as session:
        waiting = kept.to_itemise(session, opened.conference.id, recount=recount)
    for payout in waiting:
        whole = True
        query = {"payout": payout.stripe_payout_id, "expand": ["data.source"]}
        for page in opened.gateway.pages("/v1/balance_transactions", query):
            rows = report.read(_move, page)
            whole = whole and len(rows) == len(page)
            with opened.store.writing(STRIPE, Act.SYNC) as uow:
                report.balance_transactions_new += kept.keep_moves(
                    uow, opened.conference.id, rows, payout_id=payout.id
                )
        if not whole:
            continue  # the next reading asks again, and its gap is shown until then
        with opened.store.writing(STRIPE, Act.SYNC) as uow:
            report.not_itemised += not kept.note_itemised(uow, payout.id)


def _payout(stripe_object: Json, read_at: datetime) -> Json:
    trace = stripe_object.get("trace_id") or {}
    return {
        "stripe_payout_id": stripe_object["id"],
        "amount": minor_from_api(stripe_object["amount"], stripe_object["currency"]),
        "currency": stripe_object["currency"],
        "status": stripe_object["status"],
        "automatic": bool(stripe_object["automatic"]),
        "method": stripe_object.get("method") or "",
        "arrival_date": datetime.fromtimestamp(stripe_object["arrival_date"], UTC).date(),
        "statement_descriptor": stripe_object.get("statement_descriptor") or "",
        "trace_id": trace.get("value") or "",
        "failure_code": stripe_object.get("failure_code") or "",
        "failure_message": stripe_object.get("failure_message") or "",
        "made_at": datetime.fromtimestamp(stripe_object["created"], UTC),
        "read_at": read_at,
    }


def _move(stripe_object: Json) -> Json:
    source = stripe_object.get("source")
    whole: Json = source if isinstance(source, dict) else {}
    is_charge = whole.get("object") == "charge"
    currency = stripe_object["currency"]
    named = sum(
        d["amount"] for d in stripe_object.get("fee_details") or [] if d["currency"] == currency
    )
    return {
        "fee_gap": minor_from_api(stripe_object["fee"] - named, currency),
        "stripe_id": stripe_object["id"],
        "type": stripe_object["type"],
        "currency": currency,
        "amount": minor_from_api(stripe_object["amount"], currency),
        "fee": minor_from_api(stripe_object["fee"], currency),
        "net": minor_from_api(stripe_object["net"], currency),
        "fee_details": [
            {
                "amount": minor_from_api(d["amount"], d["currency"]),
                "currency": d["currency"],
                "type": d["type"],
                "description": d.get("description") or "",
            }
            for d in stripe_object.get("fee_details") or []
        ],
        "exchange_rate": str(stripe_object["exchange_rate"] or "")
        if stripe_object.get("exchange_rate")
        else "",
        "method": (whole.get("payment_method_details") or {}).get("type") or "",
        "source_id": id_of(source),
        "charge_id": whole["id"] if is_charge else id_of(whole.get("charge")),
        "payment_intent_id": id_of(whole.get("payment_intent")),
        "description": stripe_object.get("description") or "",
        "made_at": datetime.fromtimestamp(stripe_object["created"], UTC),
        "available_on": datetime.fromtimestamp(stripe_object["available_on"], UTC).date(),
    }
