"""``preview``, ``invoice``, ``adopt``, ``resend``, ``deliver``, ``remind`` and ``reissue``."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from po_toolkit.cli.console import (
    FAILED,
    PARTIAL,
    WRONG_USAGE,
    agree,
    amount,
    asked_reason,
    complain,
    conference_of,
    count,
    named_conference,
    print_json,
    print_table,
    progress_of,
    remark,
    settings_of,
    suggest,
    write_bytes,
    wrong_usage,
)
from po_toolkit.cli.options import (
    ConferenceOption,
    DeliveryOption,
    Format,
    FormatOption,
    HistoryReasonOption,
    ReferenceArgument,
    YesOption,
    day_option,
    read_date,
    read_reference,
)

if TYPE_CHECKING:
    from po_toolkit.api.invoices import InvoicePreview, InvoiceReport, InvoiceResult
    from po_toolkit.api.reminders import Keep, ReminderPreview


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
    bool, typer.Option("--dry-run", help="Show what would be sent; send nothing.")
]
NoSendOption = Annotated[
    bool,
    typer.Option("--no-send", help="Leave the invoices as drafts at Stripe; nobody is emailed."),
]


BillAgainOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="INVOICE_ID",
        help="Bill the one --po although this invoice seems to bill the same; repeat for more.",
    ),
]


SponsorBalance = Literal["use", "remove"]
"""What becomes of what lies on the sponsor's balance at Stripe."""


SponsorBalanceOption = Annotated[
    SponsorBalance | None,
    typer.Option(
        help="Let credit or debt on the one --po's sponsor's balance at Stripe count, or remove it."
    ),
]


def invoice(
    ctx: typer.Context,
    conference: ConferenceOption,
    batch: BatchOption = None,
    po: PoOption = None,
    all_draft: AllDraftOption = False,
    dry_run: DryRunOption = False,
    no_send: NoSendOption = False,
    bill_again: BillAgainOption = None,
    sponsor_balance: SponsorBalanceOption = None,
    delivery: DeliveryOption = None,
    yes: YesOption = False,
    output: FormatOption = "table",
) -> None:
    """Create and send Stripe invoices, each exactly once.

    Run it again after an interruption: it resumes and never bills twice. If
    Stripe already has an invoice of the same sponsor and PO number, from another database or made
    by hand, it is named and nothing is billed: adopt it, or bill again with --bill-again. With a
    live Stripe key you are asked first. An invoice that you deliver yourself is finalized and
    emailed to nobody; see deliver.

    Exit codes: 0 all done, now or before; 1 none could be; 2 wrong usage, a live key without a
    terminal and without --yes, or all were left for you to decide; 3 some were rejected or left for
    you, each named.

    Example: po-toolkit invoice --conference pycon-2027 --batch 1
    """
    if sum((batch is not None, bool(po), all_draft)) != 1:
        wrong_usage("Say which purchase orders: one of --batch ID, --po REF or --all-draft.")
    if (bill_again or sponsor_balance) and len(po or ()) != 1:
        wrong_usage(
            "--bill-again and --sponsor-balance decide about one purchase order: name it with "
            "--po REF."
        )
    from po_toolkit.api import invoices
    from po_toolkit.api.delivery import choose_delivery
    from po_toolkit.jobs.batches import invoice_many

    opened = named_conference(ctx, conference)
    references = invoices.chosen_references(
        opened, batch=batch, references=po or None, all_draft=all_draft
    )
    if not dry_run:
        if bill_again:
            invoices.decide_to_bill_again(opened, references[0], bill_again)
        if sponsor_balance:
            invoices.decide_balance(opened, references[0], sponsor_balance)
    preview = invoices.preview_invoices(
        opened,
        references=references,
        delivery=delivery,
        ask=dry_run,
        bill_again=bill_again or (),
        sponsor_balance=sponsor_balance or "",
    )
    if dry_run:
        _print_preview(preview, output)
        return
    if preview.ready:
        totals = " and ".join(amount(total, code) for code, total in preview.totals.items())
        ours = sum(line.delivery != "stripe" for line in preview.ready)
        verb = "create drafts of" if no_send else "send"
        apart = f", {ours} of them for you to deliver" if ours else ""
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
    _exit_by(run.report, len(references))


def _exit_by(report: InvoiceReport, chosen: int) -> None:
    if report.failed:
        raise typer.Exit(FAILED if report.failed == chosen else PARTIAL)
    questions = sum(result.asks for result in report.results)
    if questions:
        raise typer.Exit(WRONG_USAGE if questions == chosen else PARTIAL)


def adopt(
    ctx: typer.Context,
    reference: ReferenceArgument,
    invoice_id: Annotated[
        str, typer.Argument(metavar="INVOICE_ID", help="The invoice at Stripe: in_...")
    ],
    output: FormatOption = "table",
) -> None:
    """Adopt an invoice that was sent by hand.

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
    output: FormatOption = "table",
) -> None:
    """Send the open invoice to the sponsor again.

    Stripe emails it; in test mode it emails nobody.

    Example: po-toolkit resend PO-7KQ2MX
    """
    from po_toolkit.api import invoices

    opened = conference_of(ctx, reference)
    agree(opened, f"email the invoice of {reference} again", yes=yes)
    _finish(invoices.resend_invoice(opened, reference), output, "sent again")


def _reason_of(result: InvoiceResult) -> str:
    """Return why something was not done, with its reference once."""
    return f"{result.reference}: {result.error.removeprefix(f'{result.reference}: ')}"


def _finish(result: InvoiceResult, output: Format, done: str) -> None:
    if output == "json":
        print_json(result.as_json())
    elif result.outcome != "failed":
        typer.echo(f"{result.reference}: {result.stripe_invoice_id} {done}.")
        typer.echo(f"Invoice page: {result.hosted_invoice_url}")
    if result.outcome == "failed":
        complain(_reason_of(result))
        suggest(result.error)
        raise typer.Exit(FAILED)


def _print_preview(preview: InvoicePreview, output: Format) -> None:
    from po_toolkit.api.terms import sentence, way_label

    if output == "json":
        print_json(preview.as_json())
        return
    print_table(
        ("Reference", "Organization", "PO number", "Total", "Delivery", "Check"),
        [
            (
                line.reference,
                line.organization_name,
                line.po_number,
                amount(line.total, line.currency),
                way_label(line.delivery),
                sentence("; ".join(line.doubts)),
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
    suggest(*(skip.reason for skip in preview.skipped))
    totals = ", ".join(amount(total, code) for code, total in preview.totals.items())
    of = f" of {totals}" if totals else ""
    remark(f"{count(len(preview.ready), 'invoice')}{of}. Nothing was sent.")


def _print_report(report: InvoiceReport, output: Format) -> None:
    if output == "json":
        print_json(report.as_json())
        return
    from po_toolkit.api.terms import label, sentence

    print_table(
        ("Reference", "Outcome", "Stripe invoice", "Invoice page or reason"),
        [
            (
                r.reference,
                label(r.outcome),
                r.stripe_invoice_id,
                sentence((r.error or "").removeprefix(f"{r.reference}: "))
                or r.hosted_invoice_url
                or "Left as a draft at Stripe.",
            )
            for r in report.results
        ],
        whole=(0, 1, 2),
    )
    suggest(*(result.error for result in report.results))
    remark(f"{report.invoiced} invoiced, {report.skipped} skipped, {report.failed} failed.")


SentOption = Annotated[
    bool, typer.Option("--sent", help="Compare with the invoice at Stripe, field by field.")
]


def preview(
    ctx: typer.Context,
    reference: ReferenceArgument,
    sent: SentOption = False,
    output: FormatOption = "table",
) -> None:
    """Preview the invoice exactly as it will be sent.

    Shows its texts, lines, taxes and payment methods. Nothing is sent. With --sent the invoice at
    Stripe is shown beside them, and the exit code is 1 where a field differs.

    Example: po-toolkit preview PO-7KQ2MX
    """
    from po_toolkit.api import content
    from po_toolkit.api.terms import sentence, way_label
    from po_toolkit.money import display

    opened = conference_of(ctx, reference)
    ask = content.compare_content if sent else content.preview_content
    found = ask(opened, reference)
    if output == "json":
        print_json(found.as_json())
    else:
        rows = [
            (
                line.name,
                _written(line.name, line.planned),
                *([_written(line.name, line.sent), "" if line.equal else "differs"] * sent),
            )
            for line in found.lines
        ]
        headers = ["", "Planned", *(["At Stripe", ""] if sent else [])]
        print_table(headers, rows)
        if found.limit is not None:
            shown = [
                f"{word} {display(amount, found.limit.currency)}"
                for word, amount in (
                    ("authorized", found.limit.limit),
                    ("billed", found.limit.billed),
                    ("left", found.limit.left),
                )
            ]
            remark(f"Their purchase order: {', '.join(shown)}.")
        remark(f"The invoice is {way_label(found.delivery)}.")
    if found.reason:
        remark(f"It cannot be invoiced now. {sentence(found.reason)}")
        suggest(found.reason)
    if not found.equal:
        raise typer.Exit(FAILED)


def _written(field: str, text: str | None) -> str | date:
    """Return the due date as a date, which the table writes out; JSON keeps it as it is."""
    try:
        return date.fromisoformat(text or "") if field == "Due" else text or ""
    except ValueError:  # a field of the sponsor's own has this name too
        return text or ""


class DeliverFormat(StrEnum):
    """How a result is printed, and in which format an e-invoice is written."""

    TABLE = "table"
    JSON = "json"
    FACTURX = "facturx"
    XRECHNUNG = "xrechnung"
    XRECHNUNG_UBL = "xrechnung-ubl"
    PEPPOL = "peppol"


OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Where: an email draft, or the PDF or XML alone for *.pdf and *.xml.",
    ),
]
DoneOption = Annotated[bool, typer.Option("--done", help="Mark the invoice as delivered by you.")]
DeliverFormatOption = Annotated[
    list[DeliverFormat] | None,
    typer.Option(
        "--format", help="An e-invoice's format; or how the result is printed. May be repeated."
    ),
]
CreditNoteOption = Annotated[
    str | None,
    typer.Option(
        metavar="N", help="The e-invoice of this credit note: its place (1 is the first) or id."
    ),
]
HandOverOption = Annotated[
    bool,
    typer.Option(
        "--hand-over", help="Give the e-invoice to the access point that the settings name."
    ),
]


def deliver(
    ctx: typer.Context,
    reference: ReferenceArgument,
    out: OutOption = None,
    done: DoneOption = False,
    credit_note: CreditNoteOption = None,
    give: HandOverOption = False,
    formats: DeliverFormatOption = None,
) -> None:
    """Write an invoice as an email draft, PDF or e-invoice.

    For vendor portals and mailboxes that want a file: Stripe's PDF is fetched and kept with its
    digest; the draft (.eml) holds every address of the purchase order, the link and the PDF.
    Nothing is sent. Once you have sent or uploaded it, mark it as delivered with --done.

    With --format facturx, xrechnung, xrechnung-ubl or peppol it is an e-invoice. If something is
    missing, it is listed with its rule, and nothing is written.

    Example: po-toolkit deliver PO-7KQ2MX --format xrechnung --out invoice.xml
    """
    if out is None and not done and not give:
        wrong_usage(
            "Say where the invoice goes: --out FILE or --hand-over; or that it was delivered: "
            "--done."
        )
    from po_toolkit.api.delivery import deliver as prepare
    from po_toolkit.api.delivery import mark_delivered
    from po_toolkit.api.e_invoices import e_invoice, hand_over, read_format

    chosen = [f.value for f in formats or () if f not in ("table", "json")]
    if len(chosen) > 1:
        wrong_usage(f"Choose one format: {' or '.join(chosen)}.")
    as_json = "json" in (formats or ())
    wanted = read_format(chosen[0]) if chosen else None
    opened = conference_of(ctx, reference)
    found: dict[str, Any] = {"reference": reference}
    alone = give or credit_note is not None or (out is not None and out.suffix.lower() == ".xml")
    if alone or (wanted == "facturx" and out is not None and out.suffix.lower() == ".pdf"):
        file = e_invoice(opened, reference, wanted, credit_note=credit_note)
        if out is not None:
            write_bytes(file.content, out, binary=True)
        found |= file.as_json()
        lines = [f"{reference}: {file.name} ({file.format}), SHA-256 {file.sha256}"]
        if give:
            found["handed_over_to"] = hand_over(opened, file)
            lines.append(f"Handed over to {found['handed_over_to']}.")
    elif out is not None:
        made = prepare(opened, reference, wanted)
        write_bytes(made.pdf if out.suffix.lower() == ".pdf" else made.mail, out, binary=True)
        found |= made.as_json()
        lines = [
            f"{made.reference}: {made.file_name}, SHA-256 {made.sha256}",
            f"For: {', '.join(made.recipients)}",
        ]
    else:
        lines = []
    if done:
        found["status"] = mark_delivered(opened, reference)
        lines.append(f"{reference}: Marked as delivered; it is {found['status']}.")
    if as_json:
        print_json(found)
        return
    for line in lines:
        typer.echo(line)


SinceOption = Annotated[date, day_option("First day.")]
UntilOption = Annotated[date, day_option("Last day.")]
ZipOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="The ZIP file to write.")
]


def e_invoices(
    ctx: typer.Context,
    conference: ConferenceOption,
    since: SinceOption,
    until: UntilOption,
    out: ZipOption = None,
    give: HandOverOption = False,
    formats: DeliverFormatOption = None,
) -> None:
    """Write the e-invoices of a period.

    They go into a ZIP or to the access point: every invoice and credit note issued from --since to
    --until, in the format that the sponsor needs, else the one given by --format, else Factur-X. A
    document that lacks something is left out and named; the exit code is 3 then.

    Example: po-toolkit e-invoices --conference pycon-2027 --since 2027-01-01 --until 2027-03-31
    --out q1.zip
    """
    if out is None and not give:
        wrong_usage("Say where the e-invoices go: --out FILE or --hand-over.")
    from po_toolkit.api.e_invoices import export_e_invoices, keep_and_hand_over, read_format

    chosen = [f.value for f in formats or () if f not in ("table", "json")]
    if len(chosen) > 1:
        wrong_usage(f"Choose one format: {' or '.join(chosen)}.")
    opened = named_conference(ctx, conference)
    made = export_e_invoices(opened, since, until, read_format(chosen[0]) if chosen else None)
    problems = dict(made.problems)
    if give:
        problems |= keep_and_hand_over(opened, made.files)
    if out is not None:
        write_bytes(made.content, out, binary=True)
    if "json" in (formats or ()):
        print_json({"documents": [file.as_json() for file in made.files], "problems": problems})
    else:
        typer.echo(f"{count(len(made.files), 'e-invoice')} written.")
        for reason in problems.values():
            complain(reason)
    if problems:
        raise typer.Exit(PARTIAL if made.files else FAILED)


RemindDryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show who would be reminded; nobody is emailed.")
]
DraftsOption = Annotated[
    Path | None,
    typer.Option(
        "--drafts",
        metavar="FOLDER",
        file_okay=False,
        help="Write the emails of invoices that you deliver yourself into this folder.",
    ),
]


def remind(
    ctx: typer.Context,
    conference: ConferenceOption,
    dry_run: RemindDryRunOption = False,
    drafts: DraftsOption = None,
    yes: YesOption = False,
    output: FormatOption = "table",
) -> None:
    """Remind sponsors of unpaid invoices.

    Stripe emails them again, by the conference's schedule; of an invoice that you deliver
    yourself an email draft is written, for you to send (--drafts).

    Each step of the schedule (reminders in the settings) is sent at most once for a purchase
    order: never after payment, while a payment is under way, or on a dispute. Run it daily, or
    set remind_from_hour and the worker does.

    Exit codes: 0 all done; 1 none could be sent; 2 a live key without a terminal and without
    --yes; 3 some failed, each named.

    Example: po-toolkit remind --conference pycon-2027 --dry-run
    """
    from po_toolkit.api import reminders

    opened = named_conference(ctx, conference)
    preview = reminders.preview_reminders(opened)
    if dry_run:
        if output == "json":
            print_json(preview.as_json())
            return
        _print_reminders(preview)
        return
    if preview.to_mail:
        agree(opened, f"send {count(len(preview.to_mail), 'reminder')}", yes=yes)
    report = reminders.send_reminders(opened, drafts=None if drafts is None else _into(drafts))
    if output == "json":
        print_json(report.as_json())
    elif not report.results:
        typer.echo("No reminder is due.")
    else:
        from po_toolkit.api.terms import label, sentence

        results = [(r.reference, label(r.outcome), sentence(r.reason)) for r in report.results]
        print_table(["Reference", "Outcome", "Why"], results)
    failed = report.count("failed")
    if failed:
        raise typer.Exit(FAILED if failed == len(report.results) else PARTIAL)


def _into(folder: Path) -> Keep:
    """Return what writes an email draft into a folder, made where it is missing."""

    def keep(name: str, mail: bytes) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(mail, folder / name, binary=True)

    return keep


def _print_reminders(preview: ReminderPreview) -> None:
    from po_toolkit.api.terms import way_label

    rows = [
        (
            r.reference,
            r.organization_name,
            r.contact_email,
            amount(r.balance, r.currency),
            r.when,
            way_label(r.delivery),
        )
        for r in preview.due
    ]
    headers = ["Reference", "Sponsor", "Email", "Outstanding", "Reminder", "Delivery"]
    if rows:
        print_table(headers, rows, right=(3,))
    else:
        typer.echo("No reminder is due.")
    if preview.held:
        print_table(["Held back", "Why"], preview.held)


def _text(name: str, what: str) -> object:
    return typer.Option(name, metavar="TEXT", help=f"The right {what}.")


def reissue(
    ctx: typer.Context,
    reference: ReferenceArgument,
    email: Annotated[str | None, _text("--email", "email address")] = None,
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
    reason: HistoryReasonOption = "",
    yes: YesOption = False,
    output: FormatOption = "table",
) -> None:
    """Void the open invoice and send a corrected one.

    Refused once Stripe has money on the invoice. If none was sent yet, one is sent.

    Example: po-toolkit reissue PO-7KQ2MX --address "1 New Road, Leeds" --reason "They moved"
    """
    from po_toolkit.api.order_changes import Changes
    from po_toolkit.api.order_changes import reissue as issue_again

    opened = conference_of(ctx, reference)
    agree(opened, f"void the invoice of {reference} and send a new one", yes=yes)
    reason = asked_reason(reason, f"reissue {reference}", yes=yes)
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
    result = issue_again(opened, reference, changes, reason=reason)
    if output == "json":
        print_json(result.as_json())
    elif result.outcome == "invoiced":
        typer.echo(f"{result.reference}: Its invoice is {result.stripe_invoice_id} now.")
        typer.echo(f"Invoice page: {result.hosted_invoice_url}")
    if result.outcome != "invoiced":
        complain(_reason_of(result))
        suggest(result.error)
        raise typer.Exit(FAILED)
