"""The tables of a reconciliation and of the tie-out, documented column by column."""

from __future__ import annotations

from po_toolkit.domain.offline_payments import DETAILS
from po_toolkit.reconcile.schema import Column, Kind, Table

_REFERENCE = Column("reference", Kind.TEXT, "Our own number of the purchase order, PO-…")
_CURRENCY = Column("currency", Kind.TEXT, "Three-letter code in lower case")
_ORGANIZATION = Column("organization_name", Kind.TEXT, "The sponsor")

_CONFERENCE = Column("conference", Kind.TEXT, "The conference's name in the settings")

PURCHASE_ORDERS = Table(
    "purchase_orders",
    "Purchase orders",
    (
        _REFERENCE,
        Column("po_number", Kind.TEXT, "The sponsor's own number, as it came"),
        _ORGANIZATION,
        _CURRENCY,
        Column(
            "status",
            Kind.TEXT,
            "draft, issued (finalized, ready for you to deliver), sent, partially_paid, paid, "
            "overpaid or cancelled, from the sums of the row",
        ),
        Column("total", Kind.MONEY, "Sum of the lines, discounts included"),
        Column("credited", Kind.MONEY, "Credit notes"),
        Column("paid", Kind.MONEY, "Payments, net of returns, lost disputes and reversals"),
        Column("paid_stripe", Kind.MONEY, "The part of paid that came through Stripe"),
        Column("paid_other", Kind.MONEY, "The part of paid that came by wire, check or otherwise"),
        Column("refunded", Kind.MONEY, "Refunds, net of refunds that failed"),
        Column("balance", Kind.MONEY, "total - credited - paid + refunded; below 0 is overpaid"),
        Column("stripe_invoice_id", Kind.ID, "Its current invoice, or empty"),
        Column("stripe_status", Kind.ID, "What Stripe called that invoice when last read"),
        Column("stripe_amount_paid", Kind.MONEY_OR_NONE, "Stripe's own sum when last read"),
        Column("due_date", Kind.DATE, "When the sponsor has to have paid, if that is known"),
        Column("days_overdue", Kind.COUNT, "Days since the due date of an open, sent balance"),
        Column("discrepancies", Kind.CODES, "Codes of its discrepancies"),
    ),
)

INVOICES = Table(
    "invoices",
    "Invoices",
    (
        _REFERENCE,
        Column("generation", Kind.COUNT, "1 for the first invoice, 2 for the one that replaced it"),
        Column("state", Kind.TEXT, "How far it has got here"),
        Column("stripe_invoice_id", Kind.ID, "Stripe's id"),
        Column("number", Kind.ID, "The number printed on it"),
        _CURRENCY,
        Column("due_date", Kind.DATE, "The due date printed on it"),
        Column("sent_on", Kind.DATE, "The day it was sent"),
        Column("stripe_status", Kind.ID, "What Stripe called it when last read"),
        Column("stripe_total", Kind.MONEY_OR_NONE, "Stripe's total when last read"),
        Column("stripe_amount_due", Kind.MONEY_OR_NONE, "Stripe's amount due when last read"),
        Column("stripe_amount_paid", Kind.MONEY_OR_NONE, "Stripe's amount paid when last read"),
        Column("recorded", Kind.MONEY, "Payments on it that our ledger shares with Stripe"),
        Column("hosted_url", Kind.ID, "The sponsor's page"),
    ),
)

ENTRIES = Table(
    "entries",
    "Ledger",
    (
        _REFERENCE,
        _ORGANIZATION,
        Column("payment_date", Kind.DATE, "The day the money moved"),
        Column(
            "booked_on",
            Kind.DATE,
            "The day it counts from; later than payment_date where that period was closed",
        ),
        Column("kind", Kind.TEXT, "payment, refund, dispute, … or credit_note"),
        Column("method", Kind.TEXT, "stripe, wire, ach, check or other"),
        _CURRENCY,
        Column("amount", Kind.MONEY, "Always positive; the kind says which way it went"),
        Column("paid", Kind.MONEY, "What it adds to the purchase order's paid"),
        Column("refunded", Kind.MONEY, "What it adds to refunded"),
        Column("credited", Kind.MONEY, "What it adds to credited"),
        Column("source", Kind.TEXT, "stripe, manual or bank"),
        Column("source_id", Kind.TEXT, "That source's own id"),
        *(Column(detail.column, Kind.TEXT, detail.about) for detail in DETAILS),
        Column("entered_by", Kind.TEXT, "Who entered it"),
    ),
)

AGEING = Table(
    "ageing",
    "Ageing",
    (
        _CURRENCY,
        Column("bucket", Kind.TEXT, "Days overdue, in the order of the table"),
        Column("purchase_orders", Kind.COUNT, "How many purchase orders"),
        Column("amount", Kind.MONEY, "What is outstanding on them"),
    ),
)

DISCREPANCIES = Table(
    "discrepancies",
    "Discrepancies",
    (
        Column("code", Kind.TEXT, "The class; see docs/reconciliation.md"),
        _REFERENCE,
        _ORGANIZATION,
        _CURRENCY,
        Column("at_stake", Kind.MONEY, "The money that it is about"),
        Column("evidence", Kind.TEXT, "The rows behind it, in words"),
        Column("remedy", Kind.TEXT, "How to fix it"),
        Column("accepted", Kind.ID, "Why a treasurer accepted it, or empty"),
    ),
)

SUMMARY = Table(
    "summary",
    "By status",
    (
        _CONFERENCE,
        _CURRENCY,
        Column("status", Kind.TEXT, "Status of the purchase orders"),
        Column("purchase_orders", Kind.COUNT, "How many"),
        Column("total", Kind.MONEY, "Sum of their totals"),
        Column("credited", Kind.MONEY, "Sum of their credit notes"),
        Column("paid", Kind.MONEY, "Sum of what was paid"),
        Column("refunded", Kind.MONEY, "Sum of what was refunded"),
        Column("balance", Kind.MONEY, "Sum of their balances"),
    ),
)

CONFERENCES = Table(
    "conferences",
    "Conferences",
    (
        _CONFERENCE,
        _CURRENCY,
        Column("purchase_orders", Kind.COUNT, "How many"),
        Column("total", Kind.MONEY, "Sum of their totals"),
        Column("credited", Kind.MONEY, "Sum of their credit notes"),
        Column("paid", Kind.MONEY, "Sum of what was paid"),
        Column("refunded", Kind.MONEY, "Sum of what was refunded"),
        Column("open", Kind.MONEY, "What is outstanding"),
        Column("overdue", Kind.MONEY, "The part of it past its due date"),
        Column("overpaid", Kind.MONEY, "What came too much"),
    ),
)

MONTHS = Table(
    "months",
    "By month",
    (
        _CONFERENCE,
        _CURRENCY,
        Column("month", Kind.TEXT, "Like 2027-03, in the conference's timezone"),
        Column("invoiced", Kind.MONEY, "Totals of the purchase orders whose invoice was sent then"),
        Column("credited", Kind.MONEY, "Credit notes that count from then"),
        Column("paid", Kind.MONEY, "Payments, net of reversals"),
        Column("refunded", Kind.MONEY, "Refunds, net of those that failed"),
        Column("received", Kind.MONEY, "paid - refunded: what is left of the month's money"),
    ),
)

TAX = Table(
    "tax",
    "Tax",
    (
        _REFERENCE,
        _ORGANIZATION,
        Column("sent_on", Kind.DATE, "The day its invoice was sent; empty before"),
        _CURRENCY,
        Column("rate", Kind.TEXT, "The rate as it stands on the invoice"),
        Column("treatment", Kind.TEXT, "taxed, exempt or reverse_charge"),
        Column("taxable", Kind.MONEY, "What it is computed on, without tax"),
        Column("tax", Kind.MONEY, "The tax in the total of the purchase order"),
    ),
)

STATEMENT = Table(
    "statement",
    "Statement",
    (
        Column("day", Kind.DATE, "When the invoice was sent or the money moved"),
        Column("what", Kind.TEXT, "opening balance, invoice, payment, credit_note, refund, …"),
        _REFERENCE,
        Column("po_number", Kind.TEXT, "The sponsor's own number, as it came"),
        Column("details", Kind.TEXT, "Invoice number, payment reference or reason"),
        _CURRENCY,
        Column("charge", Kind.MONEY, "What it adds to the debt"),
        Column("credit", Kind.MONEY, "What it takes off the debt"),
        Column("balance", Kind.MONEY, "What is owed after it, in this currency"),
    ),
)

CHANGES = Table(
    "changes",
    "What changed",
    (
        _REFERENCE,
        _ORGANIZATION,
        _CURRENCY,
        Column("was", Kind.TEXT, "Status on the earlier day; empty when it was not there yet"),
        Column("is_now", Kind.TEXT, "Status on the later day"),
        Column("total", Kind.MONEY, "By how much the total changed"),
        Column("credited", Kind.MONEY, "What was credited between the days"),
        Column("paid", Kind.MONEY, "What was paid between the days, net of reversals"),
        Column("refunded", Kind.MONEY, "What was refunded between the days"),
        Column("balance", Kind.MONEY, "By how much the balance changed"),
    ),
)

NEWS = Table(
    "news",
    "New and settled discrepancies",
    (
        Column("news", Kind.TEXT, "new, settled or still there"),
        Column("code", Kind.TEXT, "The class; see docs/reconciliation.md"),
        Column("title", Kind.TEXT, "The class in words"),
        _REFERENCE,
        _ORGANIZATION,
        _CURRENCY,
        Column("at_stake", Kind.MONEY, "The money that it is or was about"),
        Column("evidence", Kind.TEXT, "The rows behind it, in words"),
    ),
)


_ACCOUNT_CURRENCY = Column(
    "currency", Kind.TEXT, "Of the Stripe balance or bank account; lower case"
)
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
            "account; payout_failure; payout_manual; recorded_later; bank_unexplained; …",
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
        _ACCOUNT_CURRENCY,
        Column("gross", Kind.MONEY, "Before fees"),
        Column("fee", Kind.MONEY, "What Stripe or a bank kept, as far as it is known"),
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
        _ACCOUNT_CURRENCY,
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
        _ACCOUNT_CURRENCY,
        Column("amount", Kind.MONEY, "A debit is below 0"),
        Column("payouts", Kind.MONEY, "What of it are payouts"),
        Column("payments", Kind.MONEY, "What of it are sponsors' payments past Stripe"),
        Column("set_aside", Kind.MONEY, "What a person excluded"),
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
        _ACCOUNT_CURRENCY,
        Column("count", Kind.COUNT, "How many moves"),
        Column("gross", Kind.MONEY, "Before fees"),
        Column("fee", Kind.MONEY, "What was kept"),
        Column("net", Kind.MONEY, "gross - fee"),
    ),
)

CHECKS = Table(
    "checks",
    "Checks",
    (
        Column("check", Kind.TEXT, "The sum"),
        _ACCOUNT_CURRENCY,
        Column("left", Kind.MONEY, "One side"),
        Column("right", Kind.MONEY, "The other side"),
        Column("difference", Kind.MONEY, "0, or the books are wrong"),
    ),
)
