"""``reissue``: an invoice that came back, voided and sent anew."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from po_toolkit.cli.boundary import FAILED, complain
from po_toolkit.cli.opening import agree, conference_of
from po_toolkit.cli.options import (
    DeliveryOption,
    Format,
    FormatOption,
    ReferenceArgument,
    YesOption,
    read_date,
)
from po_toolkit.cli.output import print_json


def _text(name: str, what: str) -> object:
    return typer.Option(name, metavar="TEXT", help=f"The right {what}.")


def reissue(
    ctx: typer.Context,
    reference: ReferenceArgument,
    email: Annotated[str | None, _text("--email", "e-mail address")] = None,
    organization: Annotated[str | None, _text("--organization", "name of the sponsor")] = None,
    contact: Annotated[str | None, _text("--contact", "name of the person")] = None,
    address: Annotated[str | None, _text("--address", "billing address")] = None,
    po_number: Annotated[str | None, _text("--po-number", "PO number of the sponsor")] = None,
    tax_id: Annotated[str | None, _text("--tax-id", "tax id, like DE123456789")] = None,
    delivery: DeliveryOption = None,
    due_date: Annotated[
        date | None,
        typer.Option(
            "--due-date", metavar="D", parser=read_date, help="The new due date, like 2027-03-31."
        ),
    ] = None,
    yes: YesOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Void the open invoice and send a corrected one.

    Refused once Stripe has money on the invoice. Without an invoice out it just sends one.

    Example: po-toolkit reissue PO-7KQ2MX --email invoices@sponsor.example
    """
    from po_toolkit.api.amend import Changes
    from po_toolkit.api.amend import reissue as issue_again

    opened = conference_of(ctx, reference)
    agree(opened, f"void the invoice of {reference} and send a new one", yes=yes)
    changes = Changes(
        organization_name=organization,
        contact_name=contact,
        contact_email=email,
        billing_address=address,
        po_number=po_number,
        tax_id=tax_id,
        delivery=delivery,
        due_date=due_date,
    )
    result = issue_again(opened, reference, changes)
    if output is Format.JSON:
        print_json(result.as_json())
    elif result.outcome == "invoiced":
        typer.echo(f"{result.reference}: its invoice is {result.stripe_invoice_id} now.")
        typer.echo(f"Invoice page: {result.hosted_invoice_url}")
    if result.outcome != "invoiced":
        complain(f"{result.reference}: {result.error}")
        raise typer.Exit(FAILED)
