"""Options and arguments that several commands share, and how their values are read."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

import typer

from po_toolkit.api.payment_details import DETAILS
from po_toolkit.errors import AmountError
from po_toolkit.money import parse_decimal

Command = TypeVar("Command", bound=Callable[..., None])


Format = Literal["table", "json"]
"""How a result is printed."""


TableFormat = Literal["table", "json", "csv", "xlsx", "md"]
"""How the reconciliation is written."""


def read_amount(text: str) -> Decimal:
    """Read an amount in major units: a plain decimal number above zero."""
    try:
        amount = parse_decimal(text)
    except AmountError as error:
        raise typer.BadParameter(str(error)) from None
    if amount <= 0:
        raise typer.BadParameter(f"{text} is not above zero; write the amount without a sign.")
    return amount


def read_date(text: str) -> date:
    """Read a date as ISO 8601 writes it."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a date; write year-month-day, like 2027-03-31."
        ) from None


def day_option(text: str) -> Any:
    """Return an option that takes a day, with its help; it is named like its parameter."""
    return typer.Option(metavar="DATE", parser=read_date, help=text)


def read_reference(text: str) -> str:
    """Read our reference of a purchase order, in any case, with or without its ``PO-``."""
    plain = text.strip().upper()
    return plain if plain.startswith("PO-") else f"PO-{plain}"


def with_details(command: Command) -> Command:
    """Give a command, in place of its ``**details``, an option for each detail of a payment."""
    options = [
        inspect.Parameter(
            detail.column,
            inspect.Parameter.KEYWORD_ONLY,
            default="",
            annotation=Annotated[
                str, typer.Option(detail.option, metavar=detail.metavar, help=detail.help)
            ],
        )
        for detail in DETAILS
    ]
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    first = [p.kind is p.KEYWORD_ONLY for p in own].index(True)
    own[first:first] = options
    made: Any = command
    made.__signature__ = signature.replace(parameters=own)
    made.__annotations__ |= {option.name: option.annotation for option in options}
    return command


DeliveryWay = Literal["stripe", "ourselves"]
"""Who delivers an invoice."""


FormatOption = Annotated[
    Format,
    typer.Option(
        "--format",
        help="table for people, or json for programs: the JSON stands alone on stdout, amounts "
        "as decimal strings.",
    ),
]
HostOption = Annotated[
    str, typer.Option(metavar="H", help="The address to listen on; 0.0.0.0 for all.")
]
PortOption = Annotated[
    int, typer.Option(metavar="N", min=1, max=65535, help="The port to listen on.")
]
ConferenceOption = Annotated[
    str,
    typer.Option(
        "--conference",
        envvar="PO_TOOLKIT_CONFERENCE",
        metavar="SLUG",
        help="The conference, by its name in the settings: [po_toolkit.conferences.SLUG].",
    ),
]
ReferenceArgument = Annotated[
    str,
    typer.Argument(
        metavar="REF", parser=read_reference, help="The purchase order, e.g. PO-7KQ2MX."
    ),
]
YesOption = Annotated[
    bool,
    typer.Option("--yes", help="Do not ask before reaching a live Stripe account."),
]
HistoryReasonOption = Annotated[
    str,
    typer.Option(
        "--reason", metavar="R", help="Why, kept in the history. Asked for where a terminal is."
    ),
]
DeliveryOption = Annotated[
    DeliveryWay | None,
    typer.Option(
        "--delivery",
        help="stripe emails the invoice; or you deliver it yourself, and nobody is emailed. "
        "Default: as the purchase order says, else the conference.",
    ),
]
