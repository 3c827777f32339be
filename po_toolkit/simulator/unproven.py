"""What Stripe does not document, as switches: each has two behaviours, and the toolkit meets both.

A switch is off for the behaviour that is expected, and on for the other. Set them for a world
(``Simulator(switches=["record_above_refused"])``) or for one account
(``sim.control.switch("record_above_refused")``). Everything else that the simulator enforces is
documented, and the code that enforces it names its source.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Switch:
    """One thing that Stripe does not document.

    Attributes:
        off: What is expected, and happens while the switch is off.
        on: What may happen as well.
        why: What is published about it.
    """

    name: str
    off: str
    on: str
    why: str


_ALL = [
    Switch(
        "send_turns_auto_advance_on",
        "sending an invoice leaves auto_advance as it is",
        "sending sets auto_advance to true",
        "API reference, send an invoice: says nothing about auto_advance.",
    ),
    Switch(
        "waiting_cash_stays",
        "turning auto_advance on reconciles money that waits in the cash balance already",
        "only the next transfer is reconciled",
        "Docs, customer balance reconciliation: an invoice awaits funding while it is open; when "
        "Stripe looks again is not said.",
    ),
    Switch(
        "overpaid_left_out",
        "an invoice payment's amount_paid includes what was paid too much",
        "amount_paid stops at what the invoice needed; the rest is in amount_overpaid only",
        "API reference, InvoicePayment.amount_paid: 'actually paid for this invoice'.",
    ),
    Switch(
        "record_above_refused",
        "a payment record above the amount remaining is attached; the excess is a credit",
        "such a payment record is refused",
        "API reference, attach a payment: no limit is stated.",
    ),
    Switch(
        "record_uncollectible_refused",
        "a payment record is attached to an uncollectible invoice",
        "only open invoices take payment records",
        "Docs, invoice overview: uncollectible invoices can still be paid; records unmentioned.",
    ),
    Switch(
        "record_needs_customer",
        "a payment record without a customer can be attached",
        "its customer must be the invoice's",
        "API reference, report a payment: customer_details is optional.",
    ),
    Switch(
        "starting_balance_zero",
        "a finalized invoice keeps its starting_balance",
        "starting_balance is 0 once finalized",
        "API reference: 'customer balance before the invoice is finalized'; reports of 0.",
    ),
    Switch(
        "too_large_refused",
        "an invoice above the currency's maximum is marked paid and debited to the balance",
        "it is refused with amount_too_large",
        "Docs, customer balance: transaction type invoice_too_large; limits in 'Currencies'.",
    ),
    Switch(
        "refusal_not_kept",
        "a 400 of an endpoint is replayed under its idempotency key",
        "after a 400 the same key runs the request again",
        "API reference, idempotent requests: any result after execution began; public reports "
        "of 400s that are not replayed.",
    ),
    Switch(
        "tax_rounded_on_total",
        "tax is rounded on each line, then added",
        "tax is added for each rate, then rounded once",
        "Support, 'Rounding rules': by line; tax settings of an account may say otherwise.",
    ),
    Switch(
        "revision_drops_metadata",
        "a revision carries the metadata of the invoice it replaces",
        "a revision has no metadata",
        "Docs, 'Edit invoices': the new draft is a copy; metadata is not mentioned.",
    ),
    Switch(
        "cents_of_whole_currencies_taken",
        "ISK and UGX amounts that do not end in 00 are refused",
        "they are taken",
        "Docs, 'Currencies', special cases: no fraction can be charged; lines unmentioned.",
    ),
]
SWITCHES: dict[str, Switch] = {switch.name: switch for switch in _ALL}


def known(name: str) -> str:
    """Return a switch's name.

    Raises:
        ValueError: There is no such switch.
    """
    if name not in SWITCHES:
        raise ValueError(f"No switch {name!r}; there are {', '.join(SWITCHES)}.")
    return name
