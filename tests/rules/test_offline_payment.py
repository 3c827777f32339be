"""A payment that lost a field on its way to Stripe would be booked as another one."""

from __future__ import annotations

from datetime import date

from po_toolkit.domain.offline_payments import OfflinePayment

WIRE = OfflinePayment(
    amount=40_000,
    currency="usd",
    method="wire",
    payment_date=date(2027, 3, 1),
    reference="FT1",
    note="by telephone",
    source="bank",
    source_id="line 7",
    entered_by="treasurer",
)


def test_what_waits_for_stripe_comes_back_whole():
    kept = {"amount": 40_000, "currency": "usd", "entered_by": "treasurer"}
    assert OfflinePayment.from_details(WIRE.as_details(), **kept) == WIRE


def test_what_waited_when_an_older_release_stored_it_is_still_the_same_payment():
    stored = {
        "method": "wire",
        "reference": "FT1",
        "payment_date": "2027-03-01",
        "note": "by telephone",
        "source": "bank",
        "source_id": "line 7",
    }
    assert WIRE.as_details() == stored
