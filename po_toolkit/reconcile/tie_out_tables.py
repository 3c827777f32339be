"""The tables of the tie-out, documented column by column."""

from __future__ import annotations

from po_toolkit.reconcile.schema import Column, Kind, Table

_CURRENCY = Column("currency", Kind.TEXT, "Of the Stripe balance or bank account; lower case")
_BANK_LINE = Column("bank_line", Kind.COUNT_OR_NONE, "Our number of the bank line")
_PAYOUT = Column("payout", Kind.ID, "Stripe's id of the payout")

TIE_OUT = Table(
    "tie_out",
    "Tie-out",
    (
        Column("date", Kind.DATE, "The day the money moved"),
        Column(
            "kind",
            Kind.TEXT,
            "payment, refund, dispute, … of a sponsor; other_income and other_costs of the Stripe "
            "account; payout_failure; payout_manual; wire_unconfirmed; bank_unexplained; …",
        ),
        Column("via", Kind.TEXT, "stripe, bank, or books where neither has it"),
        Column("reference", Kind.ID, "The purchase order"),
        Column("organization_name", Kind.TEXT, "The sponsor"),
        Column("invoice", Kind.ID, "Stripe's id of the invoice"),
        Column("entry", Kind.COUNT_OR_NONE, "The number of the ledger entry"),
        Column("source_id", Kind.ID, "Stripe's id of payment, refund or dispute"),
        Column("po_currency", Kind.TEXT, "The purchase order's currency"),
        Column(
            "po_amount", Kind.MONEY, "What it adds to paid less refunded", currency="po_currency"
        ),
        Column("balance_transaction", Kind.ID, "Stripe's id of the move of the balance"),
        _CURRENCY,
        Column("gross", Kind.MONEY, "Before fees"),
        Column("fee", Kind.MONEY, "What Stripe or a bank kept"),
        Column("net", Kind.MONEY, "gross - fee"),
        Column("paid_out", Kind.MONEY, "What of it left the Stripe balance with the payout"),
        _PAYOUT,
        Column("at_bank", Kind.MONEY, "What of it is on the bank line"),
        _BANK_LINE,
        Column("method", Kind.ID, "card, us_bank_account, wire, check, …"),
        Column("words", Kind.TEXT, "What the row is, where the ids do not say it"),
    ),
)
"""One row for each piece of money, with its place on all four sides."""

PAYOUTS = Table(
    "payouts",
    "Payouts",
    (
        _PAYOUT,
        Column("made_on", Kind.DATE, "The day Stripe made it"),
        Column("arrival_date", Kind.DATE, "When it was to be at the bank"),
        Column("status", Kind.TEXT, "pending, in_transit, paid, failed or canceled"),
        Column("way", Kind.TEXT, "automatic, manual or instant"),
        _CURRENCY,
        Column("amount", Kind.MONEY, "What Stripe sent"),
        Column("sponsors", Kind.MONEY, "Net of sponsors' payments, refunds and disputes in it"),
        Column("others", Kind.MONEY, "Net of everything else in it, tickets for example"),
        Column("not_itemised", Kind.MONEY, "What no balance transaction explains"),
        Column("fees", Kind.MONEY, "Fees in it"),
        Column("at_bank", Kind.MONEY, "What the bank lines matched to it come to"),
        _BANK_LINE,
        Column("trace_id", Kind.ID, "The bank's reference"),
        Column("failure", Kind.ID, "Why it failed"),
    ),
)

BANK_LINES = Table(
    "bank_lines",
    "Bank lines",
    (
        _BANK_LINE,
        Column("booked_on", Kind.DATE, "The day the bank booked it"),
        Column("account", Kind.ID, "The account"),
        _CURRENCY,
        Column("amount", Kind.MONEY, "A debit is below 0"),
        Column("payouts", Kind.MONEY, "What of it are payouts"),
        Column("payments", Kind.MONEY, "What of it are sponsors' payments past Stripe"),
        Column("set_aside", Kind.MONEY, "What a person said has to do with no sponsor"),
        Column("unexplained", Kind.MONEY, "What is left"),
        Column("rule", Kind.ID, "By which rule it was matched"),
        Column("evidence", Kind.ID, "Why"),
        Column("text", Kind.TEXT, "What the bank says"),
    ),
)

FEES = Table(
    "fees",
    "Fees",
    (
        Column("month", Kind.TEXT, "Year and month"),
        Column("method", Kind.TEXT, "card, us_bank_account, … or the kind of cost"),
        Column("whose", Kind.TEXT, "sponsors or others"),
        _CURRENCY,
        Column("count", Kind.COUNT, "How many moves"),
        Column("gross", Kind.MONEY, "Before fees"),
        Column("fee", Kind.MONEY, "What was kept"),
        Column("net", Kind.MONEY, "gross - fee"),
    ),
)

CHECKS = Table(
    "checks",
    "What must agree",
    (
        Column("check", Kind.TEXT, "The sum"),
        _CURRENCY,
        Column("left", Kind.MONEY, "One side"),
        Column("right", Kind.MONEY, "The other side"),
        Column("difference", Kind.MONEY, "0, or the books are wrong"),
    ),
)
