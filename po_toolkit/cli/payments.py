"""``sync``, ``payment``, ``reverse``, ``refund``, ``credit-note`` and ``cancel``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from po_toolkit.cli.console import (
    PARTIAL,
    agree,
    asked_reason,
    complain,
    conference_of,
    count,
    named_conference,
    print_json,
    print_table,
    remark,
    settings_of,
    suggest,
    wrong_usage,
)
from po_toolkit.cli.console import amount as in_words
from po_toolkit.cli.options import (
    ConferenceOption,
    Format,
    FormatOption,
    HistoryReasonOption,
    ReferenceArgument,
    YesOption,
    read_amount,
    read_date,
    with_details,
)
from po_toolkit.errors import ConfirmationNeededError, DuplicateEntryError

if TYPE_CHECKING:
    from po_toolkit.api.ledger import MoneyResult
    from po_toolkit.api.opening import OpenConference
    from po_toolkit.api.sync import SyncReport


def sync(
    ctx: typer.Context,
    conference: ConferenceOption,
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="Compare everything, not only what has changed since the last sync."
        ),
    ] = False,
    output: FormatOption = "table",
) -> None:
    """Fetch payments, refunds, statuses and payouts from Stripe.

    Nothing counts twice, however often this runs. Wires, checks and credit notes that Stripe does
    not have yet are reported to it. Exit code 3 when something could not be read; it is named.

    Example: po-toolkit sync --conference pycon-2027
    """
    from po_toolkit.api.sync import sync_conference

    opened = named_conference(ctx, conference)
    report = sync_conference(opened, full=full)
    payouts = _payouts(opened, full=full)
    if output == "json":
        print_json(report.as_json() | {"payouts": payouts})
    else:
        _print_report(report, payouts or {})
    problems = [*report.problems, *((payouts or {}).get("problems") or [])]
    for problem in problems:
        complain(problem)
    if problems:
        remark("The sync is not complete; what is named above was not taken.")
        raise typer.Exit(PARTIAL)


def _payouts(opened: OpenConference, *, full: bool) -> dict[str, Any] | None:
    """Read payouts; a key that may not see them, or no answer, does not undo the sync."""
    from po_toolkit.api.payouts import pull_payouts
    from po_toolkit.errors import StripeGatewayError

    try:
        return pull_payouts(opened, full=full).as_json()
    except StripeGatewayError as error:
        remark(f"Payouts were not read: {error}")
        return None


def _print_report(report: SyncReport, payouts: Mapping[str, Any]) -> None:
    from po_toolkit.api.terms import label

    figures = {n: v for n, v in report.as_json().items() if isinstance(v, int)}
    if payouts.get("payouts_new") or payouts.get("balance_transactions_new"):
        figures |= {n: payouts[n] for n in ("payouts_new", "balance_transactions_new")}
    print_table(
        ("From Stripe", "Number"),
        [(label(name), number) for name, number in figures.items()],
        right=(1,),
    )
    if report.changes:
        typer.echo("")
        print_table(
            ("Purchase order", "What changed"), [(c.reference, c.what) for c in report.changes]
        )
    if report.sweep is not None:
        proof = report.sweep
        compared = ", ".join(
            count(getattr(proof, kind), kind.removesuffix("s").replace("_", " "))
            for kind in ("invoices", "payments", "refunds", "disputes", "credit_notes")
        )
        typer.echo(f"\nCompared with the ledger: {compared}. Added here: {proof.found}.")
        for stripe_id in proof.only_here:
            remark(f"In the ledger and no longer at Stripe: {stripe_id}")


Method = Literal["wire", "ach", "check", "other"]
"""How money came that Stripe did not collect."""


AmountOption = Annotated[
    Decimal,
    typer.Option(
        "--amount",
        metavar="A",
        parser=read_amount,
        help="In the purchase order's currency, written like 1234.50.",
    ),
]


MethodOption = Annotated[Method, typer.Option(help="How the money came.")]
NumberOption = Annotated[
    str,
    typer.Option(
        "--reference", metavar="R", help="The wire's or check's own number, as the bank has it."
    ),
]
DateOption = Annotated[
    date | None,
    typer.Option(
        "--date",
        metavar="D",
        parser=read_date,
        help="The day on which the money moved; default: today.",
    ),
]
NoteOption = Annotated[str, typer.Option(metavar="TEXT", help="A remark for the books.")]
AgainOption = Annotated[
    bool,
    typer.Option("--again", help="It is a second one, although the same one exists."),
]
ReasonOption = Annotated[str, typer.Option(metavar="R", help="Why, for the books and the sponsor.")]


@with_details
def payment(
    ctx: typer.Context,
    reference: ReferenceArgument,
    amount: AmountOption,
    method: MethodOption,
    *,
    payment_date: DateOption = None,
    again: AgainOption = False,
    date_as_given: Annotated[
        bool,
        typer.Option(
            "--date-as-given",
            help="The date is right, although before the purchase order or in a closed period.",
        ),
    ] = False,
    overpaid: Annotated[
        bool,
        typer.Option("--overpaid", help="The amount is right, although more than is outstanding."),
    ] = False,
    yes: YesOption = False,
    output: FormatOption = "table",
    **details: str,
) -> None:
    """Record money that did not come through Stripe.

    It came by wire, ACH, check or otherwise. It is reported to Stripe where an invoice is open, so
    that the sponsor's page and reminders are right. The same sponsor and amount within seven days
    is the same money until you say --again: without it the command exits with 2. So it does for a
    date before the purchase order or in a closed period, and for more than what is outstanding.

    Example: po-toolkit payment PO-7KQ2MX --amount 5000.00 --method wire --reference FT27081
    """
    from po_toolkit.api import ledger

    opened = conference_of(ctx, reference)
    agree(opened, f"record this payment on {reference} and report it to Stripe", yes=yes)
    try:
        result = ledger.record_payment_by_hand(
            opened,
            reference,
            amount=amount,
            method=method,
            payment_date=payment_date,
            again=again,
            date_as_given=date_as_given,
            overpaid=overpaid,
            **details,
        )
    except (DuplicateEntryError, ConfirmationNeededError) as error:
        wrong_usage(error.reason)
    _print_result(result, output)


Back = Literal["stripe", "wire", "ach", "check", "other"]
"""How money goes back."""


def reverse(
    ctx: typer.Context,
    entry: Annotated[
        str, typer.Argument(metavar="ENTRY", help="The entry's number in the ledger.")
    ],
    reason: HistoryReasonOption = "",
    output: FormatOption = "table",
) -> None:
    """Undo a payment or refund that was entered by mistake.

    The entry stays and a reversing one is added. A payment through Stripe is refunded instead.

    Example: po-toolkit reverse 214 --reason "Wrong sponsor"
    """
    from po_toolkit.api import ledger
    from po_toolkit.api.opening import open_conference, open_database

    settings = settings_of(ctx)
    store = open_database(settings, make=False)
    slug = ledger.conference_of_entry(store, entry)
    opened = open_conference(slug, settings=settings, store=store)
    reason = asked_reason(reason, f"reverse entry {entry}", yes=False)
    _print_result(ledger.reverse_entry(opened, entry, reason=reason), output)


def refund(
    ctx: typer.Context,
    reference: ReferenceArgument,
    amount: AmountOption,
    method: Annotated[
        Back,
        typer.Option(help="stripe sends it back; the others record what you sent back."),
    ] = "stripe",
    payment_id: Annotated[
        str,
        typer.Option(
            "--payment", metavar="P", help="Refund this payment alone: its number or Stripe's id."
        ),
    ] = "",
    payment_reference: NumberOption = "",
    refund_date: DateOption = None,
    note: NoteOption = "",
    again: AgainOption = False,
    yes: YesOption = False,
    output: FormatOption = "table",
) -> None:
    """Refund through Stripe, the newest payments first.

    With another --method nothing is sent: it records what you sent back from the bank. Either way
    the credit that Stripe made of an overpayment is taken off the sponsor's balance. The same
    amount within seven days is the same refund until you say --again: without it the command exits
    with 2.

    Example: po-toolkit refund PO-7KQ2MX --amount 250.00
    """
    from po_toolkit.api import ledger

    opened = conference_of(ctx, reference)
    if method == "stripe":
        agree(opened, f"refund {amount} on {reference} through Stripe", yes=yes)
    result = ledger.refund(
        opened,
        reference,
        amount=amount,
        method=method,
        payment=payment_id,
        payment_reference=payment_reference,
        refund_date=refund_date,
        note=note,
        again=again,
    )
    _print_result(result, output)


def credit_note(
    ctx: typer.Context,
    reference: ReferenceArgument,
    amount: AmountOption,
    reason: ReasonOption,
    again: AgainOption = False,
    yes: YesOption = False,
    output: FormatOption = "table",
) -> None:
    """Credit part of what is owed.

    The open invoice at Stripe gets the credit note too. The same amount within seven days is the
    same credit note until you say --again: without it the command exits with 2.

    Example: po-toolkit credit-note PO-7KQ2MX --amount 250.00 --reason "Booth was smaller"
    """
    from po_toolkit.api import ledger

    opened = conference_of(ctx, reference)
    agree(opened, f"issue this credit note on {reference}, also at Stripe", yes=yes)
    try:
        result = ledger.credit(opened, reference, amount=amount, reason=reason, again=again)
    except DuplicateEntryError as error:
        wrong_usage(error.reason)
    _print_result(result, output)


def cancel(
    ctx: typer.Context,
    reference: ReferenceArgument,
    reason: HistoryReasonOption = "",
    yes: YesOption = False,
    output: FormatOption = "table",
) -> None:
    """Cancel a purchase order and void its open invoice.

    Refused once money is on it: refund or credit that first.

    Example: po-toolkit cancel PO-7KQ2MX --reason "Sponsor withdrew"
    """
    from po_toolkit.api import ledger

    opened = conference_of(ctx, reference)
    agree(opened, f"cancel {reference} and void its Stripe invoice", yes=yes)
    reason = asked_reason(reason, f"cancel {reference}", yes=yes)
    _print_result(ledger.cancel(opened, reference, reason=reason), output)


def _print_result(result: MoneyResult, output: Format) -> None:
    if result.remark:
        remark(result.remark)
        suggest(result.remark)
    if output == "json":
        print_json(result.as_json())
        return
    from po_toolkit.api.terms import STATUS_LABELS, Status

    balance = in_words(result.balance, result.currency)
    typer.echo(f"{result.reference}: {STATUS_LABELS[Status(result.status)]}, balance {balance}")
