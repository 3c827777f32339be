"""``payment``, ``credit-note`` and ``cancel``: single acts on one purchase order's books."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from po_toolkit.cli.opening import agree, conference_of
from po_toolkit.cli.options import (
    Format,
    FormatOption,
    ReferenceArgument,
    YesOption,
    read_amount,
    read_date,
)
from po_toolkit.cli.output import amount as in_words
from po_toolkit.cli.output import print_json

if TYPE_CHECKING:
    from po_toolkit.api.ledger import MoneyResult


class Method(StrEnum):
    """How money came that Stripe did not collect."""

    WIRE = "wire"
    ACH = "ach"
    CHECK = "check"
    OTHER = "other"


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
    typer.Option("--date", metavar="D", parser=read_date, help="When it arrived; default: today."),
]
NoteOption = Annotated[str, typer.Option(metavar="TEXT", help="A remark for the books.")]
AgainOption = Annotated[
    bool,
    typer.Option("--again", help="Record it although the same payment is there: it came twice."),
]
ReasonOption = Annotated[str, typer.Option(metavar="R", help="Why, for the books and the sponsor.")]


def payment(
    ctx: typer.Context,
    reference: ReferenceArgument,
    amount: AmountOption,
    method: MethodOption,
    payment_reference: NumberOption = "",
    payment_date: DateOption = None,
    note: NoteOption = "",
    again: AgainOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Record money that did not come through Stripe.

    It came by wire, ACH, check or otherwise. The same payment again is refused without --again.

    Example: po-toolkit payment PO-7KQ2MX --amount 5000.00 --method wire --reference FT27081
    """
    from po_toolkit.api import ledger

    opened = conference_of(ctx, reference)
    result = ledger.record_payment_by_hand(
        opened,
        reference,
        amount=amount,
        method=method.value,
        payment_reference=payment_reference,
        payment_date=payment_date,
        note=note,
        again=again,
    )
    _print_result(result, output)


def credit_note(
    ctx: typer.Context,
    reference: ReferenceArgument,
    amount: AmountOption,
    reason: ReasonOption,
    output: FormatOption = Format.TABLE,
) -> None:
    """Forgive a part of what is owed.

    Example: po-toolkit credit-note PO-7KQ2MX --amount 250.00 --reason "Booth was smaller"
    """
    from po_toolkit.api import ledger

    opened = conference_of(ctx, reference)
    _print_result(ledger.credit(opened, reference, amount=amount, reason=reason), output)


def cancel(
    ctx: typer.Context,
    reference: ReferenceArgument,
    yes: YesOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Cancel a purchase order and void its open invoice.

    Refused once money is on it: refund or credit that first.

    Example: po-toolkit cancel PO-7KQ2MX
    """
    from po_toolkit.api import ledger

    opened = conference_of(ctx, reference)
    agree(opened, f"cancel {reference} and void its Stripe invoice", yes=yes)
    _print_result(ledger.cancel(opened, reference), output)


def _print_result(result: MoneyResult, output: Format) -> None:
    if output is Format.JSON:
        print_json(result.as_json())
        return
    status = result.status.replace("_", " ")
    typer.echo(f"{result.reference}: {status}, balance {in_words(result.balance, result.currency)}")
