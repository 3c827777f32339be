"""Payouts and fees, fetched from Stripe."""

from __future__ import annotations

from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.roles import Act, require
from po_toolkit.payments.payouts import PayoutReport, pull


def pull_payouts(opened: OpenConference, *, full: bool = False) -> PayoutReport:
    """Read payouts and balance transactions that are new or may have changed.

    Raises:
        NotAllowedError: The actor's role is too low.
        SettingsError: The conference has no Stripe key.
        StripeGatewayError: Stripe could not be read to the end; the next reading goes on.
    """
    require(opened.actor, Act.SYNC)
    return pull(opened, full=full)
