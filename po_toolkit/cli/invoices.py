"""``invoice``, ``adopt`` and ``resend``: invoices at Stripe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from po_toolkit.cli.boundary import FAILED, PARTIAL, complain, tell, wrong_usage
from po_toolkit.cli.opening import agree, conference_of, named_conference, settings_of
from po_toolkit.cli.options import (
    ConferenceOption,
    DeliveryOption,
    Format,
    FormatOption,
    ReferenceArgument,
    YesOption,
    read_reference,
)
from po_toolkit.cli.output import amount, count, print_json, print_table
from po_toolkit.cli.progress import progress_of

if TYPE_CHECKING:
    from po_toolkit.api.invoices import InvoicePreview, InvoiceReport
    from po_toolkit.invoicing.batch import InvoiceResult


BatchOption = Annotated[
    int | None,
    typer.Option(metavar="ID", help="The purchase orders of this import; import names its ID."),
]
PoOption = Annotated[
    list[str] | None,
    typer.Option("--po", metavar="REF", parser=read_reference, help="This one; repeat for more."),
]
AllDraftOption = Annotated[bool, typer.Option("--all-draft", help="Every draft of the conference.")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be sent; call nobody.")
]
NoSendOption = Annotated[
    bool,
    typer.Option("--no-send", help="Leave the invoices as drafts at Stripe; mail nobody."),
]


def invoice(
    ctx: typer.Context,
    conference: ConferenceOption,
    batch: BatchOption = None,
    po: PoOption = None,
    all_draft: AllDraftOption = False,
    dry_run: DryRunOption = False,
    no_send: NoSendOption = False,
    delivery: DeliveryOption = None,
    yes: YesOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Create and send Stripe invoices, each exactly once.

    Run it again after an interruption: it takes up what was cut off and never bills twice. A live
    Stripe key is asked about first. What we deliver by ourselves is made final and mailed to
    nobody; then see deliver.

    Exit codes: 0 all done, now or before; 1 none could be; 2 wrong usage, or a live key without a
    terminal and without --yes; 3 some were refused, each named.

    Example: po-toolkit invoice --conference pycon-2027 --batch 1
    """
    if sum((batch is not None, bool(po), all_draft)) != 1:
        wrong_usage("Say which purchase orders: one of --batch ID, --po REF or --all-draft.")
    from po_toolkit.api import invoices
    from po_toolkit.api.delivery import choose_delivery
    from po_toolkit.jobs.batches import invoice_many

    opened = named_conference(ctx, conference)
    references = invoices.chosen_references(
        opened, batch=batch, references=po or None, all_draft=all_draft
    )
    preview = invoices.preview_invoices(opened, references=references, delivery=delivery)
    if dry_run:
        _print_preview(preview, output)
        return
    if preview.ready:
        totals = " and ".join(amount(total, code) for code, total in preview.totals.items())
        ours = sum(line.delivery != "stripe" for line in preview.ready)
        verb = "create drafts of" if no_send else "send"
        apart = f", {ours} of them without a mail, for us to deliver" if ours else ""
        what = f"{verb} {count(len(preview.ready), 'invoice')} of {totals}"
        agree(opened, what if no_send else what + apart, yes=yes)
    if delivery is not None:
        choose_delivery(opened, [line.reference for line in preview.ready], delivery)
    with progress_of(len(references), "Invoices") as step:
        run = invoice_many(opened, settings_of(ctx), references, send=not no_send, step=step)
    _print_report(run.report, output)
    if run.stopped:
        complain(run.stopped)
        raise typer.Exit(FAILED)
    if run.report.failed:
        everything = run.report.failed == len(references)
        raise typer.Exit(FAILED if everything else PARTIAL)


def adopt(
    ctx: typer.Context,
    reference: ReferenceArgument,
    invoice_id: Annotated[
        str, typer.Argument(metavar="INVOICE_ID", help="The invoice at Stripe: in_...")
    ],
    output: FormatOption = Format.TABLE,
) -> None:
    """Take over an invoice that was sent by hand.

    It becomes this purchase order's, which is then not billed again. Its total and currency must
    be the purchase order's; nothing changes at Stripe.

    Example: po-toolkit adopt PO-7KQ2MX in_1PqRsT
    """
    from po_toolkit.api import invoices

    opened = conference_of(ctx, reference)
    _finish(invoices.adopt_invoice(opened, reference, invoice_id.strip()), output, "adopted")


def resend(
    ctx: typer.Context,
    reference: ReferenceArgument,
    yes: YesOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Mail the open invoice to the sponsor once more.

    Stripe sends it, and in test mode sends nothing.

    Example: po-toolkit resend PO-7KQ2MX
    """
    from po_toolkit.api import invoices

    opened = conference_of(ctx, reference)
    agree(opened, f"mail the invoice of {reference} again", yes=yes)
    _finish(invoices.resend_invoice(opened, reference), output, "sent again")


def _finish(result: InvoiceResult, output: Format, done: str) -> None:
    if output is Format.JSON:
        print_json(result.as_json())
    elif result.outcome != "failed":
        typer.echo(f"{result.reference}: {result.stripe_invoice_id} {done}.")
        typer.echo(f"Invoice page: {result.hosted_invoice_url}")
    if result.outcome == "failed":
        complain(f"{result.reference}: {result.error}")
        raise typer.Exit(FAILED)


def _print_preview(preview: InvoicePreview, output: Format) -> None:
    from po_toolkit.domain.deliveries import way_words

    if output is Format.JSON:
        print_json(preview.as_json())
        return
    print_table(
        ("Reference", "Organization", "PO number", "Total", "Delivery", "Look at"),
        [
            (
                line.reference,
                line.organization_name,
                line.po_number,
                amount(line.total, line.currency),
                way_words(line.delivery),
                "; ".join(line.doubts),
            )
            for line in preview.ready
        ],
        title=f"Would be invoiced (Stripe {preview.mode} mode)",
        right=(3,),
    )
    if preview.skipped:
        typer.echo("")
        print_table(
            ("Reference", "Why not"),
            [(skip.reference, skip.reason) for skip in preview.skipped],
            title="Would be skipped",
        )
    totals = ", ".join(amount(total, code) for code, total in preview.totals.items())
    tell(f"{count(len(preview.ready), 'invoice')} of {totals or 'nothing'}. Nothing was sent.")


def _print_report(report: InvoiceReport, output: Format) -> None:
    if output is Format.JSON:
        print_json(report.as_json())
        return
    print_table(
        ("Reference", "Outcome", "Stripe invoice", "Invoice page or reason"),
        [
            (r.reference, r.outcome, r.stripe_invoice_id, r.error or r.hosted_invoice_url)
            for r in report.results
        ],
        whole=(0, 1, 2),
    )
    tell(f"{report.invoiced} invoiced, {report.skipped} skipped, {report.failed} failed.")
