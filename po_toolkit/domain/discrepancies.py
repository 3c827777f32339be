"""Every way in which the books may fail to add up: its code, its meaning, and what solves it.

The rules that find them are in :mod:`po_toolkit.reconcile`; codes are part of the public output of
``po-toolkit reconcile`` and never change their meaning.
"""

from __future__ import annotations

from dataclasses import dataclass

from po_toolkit.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class DiscrepancyClass:
    """One class of discrepancy.

    Attributes:
        code: Stable name, as in the ``discrepancies`` column.
        title: A few words for a heading.
        explanation: What is wrong and how it comes about.
        at_stake: Which amount is given with it.
        remedy: How to fix it, in words.
        commands: The commands for it, each of which a test runs until the discrepancy is gone, with
            ``{reference}`` of the purchase order, ``{conference}``, ``{amount}``, the bank
            ``{line}``, the ledger ``{entry}``, the ``{invoice}`` at Stripe and an ``{other}``
            purchase order.
    """

    code: str
    title: str
    explanation: str
    at_stake: str
    remedy: str
    commands: tuple[str, ...] = ()


_CLASSES = (
    DiscrepancyClass(
        "not_invoiced",
        "Not invoiced",
        "Money is owed on the purchase order and no invoice for it was sent.",
        "The balance",
        "Send the invoice, or cancel the purchase order.",
        (
            "po-toolkit invoice --conference {conference} --po {reference}",
            "po-toolkit cancel {reference}",
        ),
    ),
    DiscrepancyClass(
        "overdue",
        "Unpaid past its due date",
        "The invoice was sent, its due date has passed and a balance is left.",
        "The balance",
        "Remind the sponsor; record a wire or check that has arrived meanwhile.",
        (
            "po-toolkit resend {reference}",
            "po-toolkit payment {reference} --amount {amount} --method wire",
        ),
    ),
    DiscrepancyClass(
        "amount_differs_from_stripe",
        "Amount differs from Stripe",
        "The total of the invoice at Stripe is not the total of the purchase order.",
        "The difference",
        "Reissue the invoice, which then asks for the purchase order's total. If it is already "
        "paid, refund the excess or credit what is missing.",
        (
            "po-toolkit reissue {reference}",
            "po-toolkit refund {reference} --amount {amount}",
            "po-toolkit credit-note {reference} --amount {amount} --reason REASON",
        ),
    ),
    DiscrepancyClass(
        "asked_is_not_owed",
        "Stripe asks for a different amount",
        "The open invoice at Stripe asks for a different amount than is owed here. The "
        "evidence names the cause: credit or debt from the sponsor's balance at Stripe with its "
        "transactions, a payment or credit note that Stripe does not have, or a refund.",
        "The difference",
        "Sync, which reports to Stripe what it does not have. If the sponsor's balance is the "
        "cause, let it count, so that less or more is owed here too; where it was an overpayment "
        "that the bank took back, void the invoice in Stripe's dashboard, sync, and send a new one "
        "without it. What Stripe does not ask for again after a refund, ask for yourself.",
        (
            "po-toolkit sync --conference {conference} --full",
            "po-toolkit invoice --conference {conference} --po {reference} --sponsor-balance use",
            (
                "po-toolkit invoice --conference {conference} --po {reference} "
                "--sponsor-balance remove"
            ),
        ),
    ),
    DiscrepancyClass(
        "paid_at_stripe_not_here",
        "Paid at Stripe, not recorded here",
        "Stripe has more money on the invoice than the ledger has recorded for it.",
        "The money that is missing here",
        "Sync, so that the payment is recorded.",
        ("po-toolkit sync --conference {conference} --full",),
    ),
    DiscrepancyClass(
        "paid_here_not_at_stripe",
        "Recorded here, not paid at Stripe",
        "The ledger has money for an invoice that Stripe does not count as paid, so the sponsor's "
        "page and reminders still ask for it.",
        "The money that Stripe does not know of",
        "Sync. If the difference remains, Stripe does not accept the "
        "payment: where nothing is owed any more, "
        "void the invoice in Stripe's dashboard and sync; reverse the entry if it was a mistake.",
        (
            "po-toolkit sync --conference {conference} --full",
            "po-toolkit reverse {entry}",
        ),
    ),
    DiscrepancyClass(
        "undone_here_not_at_stripe",
        "Undone here, still counted at Stripe",
        "A wire or check was reversed here after it was reported to Stripe. Stripe cannot undo "
        "a recorded payment, so the sponsor's page and reminders do not ask for that money.",
        "What Stripe still counts of the open balance",
        "Credit the balance if it is waived. Otherwise reissue the invoice, which asks for it "
        "again; "
        "while it is paid in part only, ask the sponsor yourself.",
        (
            "po-toolkit credit-note {reference} --amount {amount} --reason REASON",
            "po-toolkit reissue {reference}",
            "po-toolkit payment {reference} --amount {amount} --method wire",
        ),
    ),
    DiscrepancyClass(
        "overpaid",
        "Overpaid",
        "More was paid than is owed.",
        "The excess",
        "Refund the excess, or agree with the sponsor to use it for another invoice: what Stripe "
        "keeps as credit lowers the next one.",
        (
            "po-toolkit refund {reference} --amount {amount}",
            "po-toolkit refund {reference} --amount {amount} --method wire",
            "po-toolkit invoice --conference {conference} --po {other}",
        ),
    ),
    DiscrepancyClass(
        "paid_twice",
        "Paid twice",
        "The same amount came through Stripe and by wire or check, and the purchase order is "
        "overpaid by it.",
        "The amount that came twice",
        "Refund one of the two payments.",
        (
            "po-toolkit refund {reference} --amount {amount}",
            "po-toolkit refund {reference} --amount {amount} --method wire",
        ),
    ),
    DiscrepancyClass(
        "paid_after_cancelled",
        "Paid although cancelled",
        "The purchase order is cancelled, but it has payments.",
        "The money on it",
        "Refund the payment.",
        (
            "po-toolkit refund {reference} --amount {amount}",
            "po-toolkit refund {reference} --amount {amount} --method wire",
        ),
    ),
    DiscrepancyClass(
        "paid_on_old_generation",
        "Paid on a replaced invoice",
        "The sponsor paid an invoice that was voided or replaced by a later one.",
        "The money paid there",
        "Reissue the later invoice: the new one asks only for what is still owed. Where nothing "
        "is owed, void the later one in Stripe's dashboard and sync.",
        (
            "po-toolkit reissue {reference}",
            "po-toolkit sync --conference {conference} --full",
        ),
    ),
    DiscrepancyClass(
        "refunded_without_credit",
        "Refunded without a credit note",
        "Money went back to the sponsor and no credit note says that they owe less, so the debt is "
        "open again. It is neither aged nor reminded of until a person decides.",
        "The refund that nothing explains",
        "Issue a credit note if the debt is waived; otherwise reissue the invoice, which asks for "
        "it again. An invoice that is still open keeps asking for the rest: reissue it once that "
        "is paid.",
        (
            "po-toolkit credit-note {reference} --amount {amount} --reason REASON",
            "po-toolkit reissue {reference}",
        ),
    ),
    DiscrepancyClass(
        "disputed",
        "Disputed",
        "The sponsor's bank has reversed a payment in a dispute.",
        "The reversed money",
        "Answer the dispute in Stripe's dashboard before its deadline. Once it is lost, reissue "
        "the invoice, which asks for the money again, or credit it.",
        (
            "po-toolkit reissue {reference}",
            "po-toolkit credit-note {reference} --amount {amount} --reason REASON",
        ),
    ),
    DiscrepancyClass(
        "ach_returned_late",
        "Bank debit returned late",
        "A bank debit looked paid and was returned days afterwards.",
        "The returned amount",
        "Reissue the invoice, which asks for the money again; the paid one cannot be sent again. "
        "Or credit it.",
        (
            "po-toolkit reissue {reference}",
            "po-toolkit credit-note {reference} --amount {amount} --reason REASON",
        ),
    ),
    DiscrepancyClass(
        "currency_differs",
        "Currency differs",
        "The invoice or a payment is not in the purchase order's currency.",
        "The amount in the other currency",
        "Reissue the invoice, which is then in the purchase order's currency.",
        ("po-toolkit reissue {reference}",),
    ),
    DiscrepancyClass(
        "two_alike",
        "Possible duplicate purchase order",
        "Another purchase order of the same sponsor has the same number, or neither has a number "
        "and currency and total are the same: one sponsorship may be billed twice.",
        "The total of the purchase order",
        "Cancel the extra one; keep both if the sponsor did order twice.",
        ("po-toolkit cancel {reference}",),
    ),
    DiscrepancyClass(
        "customer_differs",
        "Customer differs",
        "The invoice names a different organization or address than the purchase order: it went to "
        "somebody else, or the contact was changed after it was sent and the customer at Stripe "
        "has the old address.",
        "The total of the invoice",
        "Reissue the invoice, which goes to the purchase order's sponsor. If the sponsor has the "
        "invoice and only the contact is new, accept it as it is.",
        ("po-toolkit reissue {reference}",),
    ),
    DiscrepancyClass(
        "voided_at_stripe",
        "Void at Stripe, open here",
        "The last invoice was voided or written off at Stripe and its balance is still open here.",
        "The balance",
        "Send a new invoice, or cancel the purchase order; if it was written off, credit the "
        "balance.",
        (
            "po-toolkit invoice --conference {conference} --po {reference}",
            "po-toolkit cancel {reference}",
            "po-toolkit credit-note {reference} --amount {amount} --reason REASON",
        ),
    ),
    DiscrepancyClass(
        "settled_by_itself",
        "Marked paid without a payment",
        "Stripe marked the invoice paid without a payment, as it does below its minimum amount.",
        "The balance",
        "Issue a credit note for the small sum, or record what was collected another way.",
        (
            "po-toolkit credit-note {reference} --amount {amount} --reason REASON",
            "po-toolkit payment {reference} --amount {amount} --method wire",
        ),
    ),
    DiscrepancyClass(
        "invoice_without_order",
        "Invoice at Stripe without a purchase order",
        "Somebody sent an invoice from the conference's Stripe account that no purchase order "
        "here has.",
        "The total of the invoice",
        "Adopt it for its purchase order; if it is not for a sponsor, set its metadata "
        "po_toolkit = "
        "ignore in Stripe's dashboard.",
        (
            "po-toolkit adopt {reference} {invoice}",
            "po-toolkit sync --conference {conference} --full",
        ),
    ),
    DiscrepancyClass(
        "money_stuck_at_stripe",
        "Money stuck at Stripe",
        "A customer's bank transfer matched no invoice and is held in the cash balance, or an "
        "overpayment is in the credit balance.",
        "The unapplied money",
        "Apply it to an invoice or send it back in Stripe's dashboard, then sync.",
        ("po-toolkit sync --conference {conference} --full",),
    ),
    DiscrepancyClass(
        "payout_not_at_bank",
        "Payout not at the bank",
        "Stripe says that a payout arrived, but no bank line matches it, although the bank "
        "account has later lines.",
        "The payout",
        "Load the bank's statement for that day and match; if the money is not there, give "
        "Stripe the payout's trace ID.",
        ("po-toolkit bank match --conference {conference} --apply",),
    ),
    DiscrepancyClass(
        "payout_failed",
        "Payout failed",
        "The bank sent a payout back, and its money is back on the Stripe balance.",
        "The payout",
        "Correct the bank account in Stripe's dashboard; Stripe sends the money again.",
        ("po-toolkit bank payouts --conference {conference}",),
    ),
    DiscrepancyClass(
        "bank_credit_not_explained",
        "Bank credit not explained",
        "Money came to the bank account that is neither a payout nor a sponsor's payment here.",
        "The credit",
        "Match it to a purchase order, or exclude it with a reason.",
        (
            "po-toolkit bank apply {line} --conference {conference} --po {reference}",
            "po-toolkit bank exclude {line} --conference {conference} --reason REASON",
        ),
    ),
    DiscrepancyClass(
        "payment_taken_back",
        "Payment reversed at the bank",
        "A debit on the bank account seems to reverse a sponsor's payment: a bounced check, a "
        "returned transfer or a reversal. The payment still counts here.",
        "The debit",
        "Apply the reversal, so that the payment is open again; or match the debit to the refund "
        "that it is.",
        (
            "po-toolkit bank apply {line} --conference {conference}",
            "po-toolkit bank apply {line} --conference {conference} --entry {entry}",
        ),
    ),
    DiscrepancyClass(
        "bank_debit_not_explained",
        "Bank debit not explained",
        "Money left the bank account that is not a refund, payout or reversal known here.",
        "The debit",
        "Match it to what it is, or exclude it with a reason.",
        (
            "po-toolkit bank apply {line} --conference {conference} --entry {entry}",
            "po-toolkit bank exclude {line} --conference {conference} --reason REASON",
        ),
    ),
    DiscrepancyClass(
        "fees_not_explained",
        "Fees not explained",
        "A payout is not the sum of its balance transactions, or a fee is not the sum of its "
        "details.",
        "What is missing",
        "Read everything from Stripe again; if the difference remains, "
        "ask Stripe about the transaction.",
        ("po-toolkit bank payouts --conference {conference} --full",),
    ),
)

DISCREPANCY_TITLES = {c.code: c.title for c in _CLASSES}
"""The words for each code."""

DISCREPANCY_CLASSES = {c.code: c for c in _CLASSES}
"""All classes by code, in the order of the table."""


def code_of(name: str) -> str:
    """Return the code of a discrepancy that a person names by its code or its title.

    Raises:
        NotFoundError: There is no such class.
    """
    folded = name.strip().casefold()
    for each in _CLASSES:
        if folded in (each.code, each.title.casefold()):
            return each.code
    known = ", ".join(f"'{each.title}'" for each in _CLASSES)
    raise NotFoundError(f"There is no discrepancy called {name!r}. Use one of {known}.")
