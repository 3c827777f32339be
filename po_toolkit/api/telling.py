"""Tells Stripe what was entered here and it has not heard of yet."""

from __future__ import annotations

from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.roles import Act
from po_toolkit.errors import (
    PoToolkitError,
    PurchaseOrderError,
    StripeAuthenticationError,
    StripeGatewayError,
)
from po_toolkit.logs import get_logger
from po_toolkit.payments import stripe_reports
from po_toolkit.payments.intents import report_earlier
from po_toolkit.store import money_intents

log = get_logger(__name__)

PATIENCE = 3
"""After so many things that Stripe did not answer, the rest waits for the next sync."""


def tell_waiting(opened: OpenConference) -> list[str]:
    """Tell Stripe of everything entered by hand that it has not heard of yet.

    Returns:
        What could not be told and why; one thing that cannot be told stops no other.

    Raises:
        StripeAuthenticationError: Stripe no longer accepts the key.
    """
    with opened.store.reading() as session:
        waiting = [i.id for i in money_intents.unfinished(session, opened.conference)]
    problems = _settle(opened, waiting) if waiting else []
    return problems + _tell_orders(opened)


def _tell_orders(opened: OpenConference) -> list[str]:
    problems: list[str] = []
    with opened.store.reading() as session:
        untold = money_intents.untold_orders(session, opened.conference)
    for order_id in untold:
        with opened.store.writing(opened.actor, Act.SYNC) as uow:
            intents = report_earlier(uow, uow.lock_purchase_order(order_id))
        problems += _settle(opened, intents)
    return problems


def _settle(opened: OpenConference, intents: list[int]) -> list[str]:
    problems = []
    unanswered = 0
    for intent in intents:
        if unanswered == PATIENCE:
            problems.append("Stripe does not answer; the next sync reports the rest.")
            break
        try:
            stripe_reports.report(opened, intent)
        except StripeAuthenticationError:
            raise
        except StripeGatewayError as error:
            unanswered += 1
            problems.append(error.reason)
        except PurchaseOrderError as error:
            problems.append(error.reason)
    return problems


def tell_after_sending(opened: OpenConference) -> None:
    """Tell the invoices that were just sent of earlier money; what fails is the next sync's."""
    try:
        for problem in _tell_orders(opened):
            log.warning("payment not reported to stripe", reason=problem)
    except PoToolkitError as error:
        log.warning("payment not yet reported to stripe; the next sync does it", reason=str(error))
