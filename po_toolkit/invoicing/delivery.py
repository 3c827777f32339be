"""After the invoice is final: delivery by email, and the bank transfers that may pay it.

Stripe emails it again, or you send a draft of our own with Stripe's PDF.

A transfer pays an invoice by itself only while the invoice's ``auto_advance`` is on. A draft would
finalize by itself then, so it is turned on after sending, and never before. One that you deliver
yourself waits until it is delivered. Source: API reference, update an invoice, ``auto_advance``;
docs, Customer balance reconciliation.
"""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from sqlalchemy import or_, select

from po_toolkit import outbox
from po_toolkit.context import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.references import structured_reference
from po_toolkit.domain.roles import Act
from po_toolkit.domain.states import InvoiceState
from po_toolkit.domain.translations import Language
from po_toolkit.errors import (
    PoToolkitError,
    PurchaseOrderError,
    StripeAuthenticationError,
    StripeRefusedError,
    StripeUnknownError,
)
from po_toolkit.invoicing.lease import step_slot
from po_toolkit.invoicing.plan import Content
from po_toolkit.outbox import Outcome, Write
from po_toolkit.store import invoices, stripe_writes
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.invoices import copy_stripe_invoice
from po_toolkit.store.stripe_writes import StoredWrite
from po_toolkit.store.tables import Conference, Invoice, PurchaseOrder

Json = dict[str, Any]

LARGEST_PDF = 20_000_000
"""Bytes; mail servers take no more."""

_TIMEOUT_SECONDS = 30
_OTHERS = "Other addresses: "
"""How an import notes the further addresses of a row."""


def fetch_pdf(url: str, reference: str) -> bytes:
    """Fetch an invoice's PDF from the address that Stripe gave.

    Raises:
        StripeUnknownError: It could not be fetched; again is safe.
        PurchaseOrderError: What came is no PDF, or too large for a mail.
    """
    if not url.startswith(("https://", "http://")):
        raise PurchaseOrderError(f"{reference}: Stripe gave no address of the PDF; sync first.")
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 checked
            content: bytes = answer.read(LARGEST_PDF + 1)
    except (urllib.error.URLError, OSError) as error:
        raise StripeUnknownError(
            f"{reference}: Stripe's PDF could not be fetched ({error}); try again."
        ) from None
    if not content.startswith(b"%PDF-") or len(content) > LARGEST_PDF:
        raise PurchaseOrderError(
            f"{reference}: Stripe's answer is not a PDF of at most {LARGEST_PDF:,} bytes; open the "
            f"invoice's page instead: {url}"
        )
    return content


def recipients(order: PurchaseOrder) -> list[str]:
    """Return where the invoice goes: the contact, CC, and the further addresses of its row."""
    found = [order.contact_email.strip(), *(a.strip() for a in order.cc_emails.split(","))]
    for line in order.notes.splitlines():
        if line.startswith(_OTHERS):
            found += [address.strip() for address in line.removeprefix(_OTHERS).split(",")]
    return [address for address in dict.fromkeys(found) if address]


def file_name(invoice: Invoice, order: PurchaseOrder) -> str:
    """Return what the PDF is called in the mail."""
    number = invoice.number or order.reference
    return f"invoice-{re.sub(r'[^A-Za-z0-9._-]', '-', number)}.pdf"


def _one_line(text: str) -> str:
    """Return a text as a header takes it: whatever would break a line or a name is a space."""
    whole = text.encode("utf-8", "replace").decode()
    return " ".join("".join(c if c.isprintable() else " " for c in whole).split())


def mail_draft(
    order: PurchaseOrder,
    invoice: Invoice,
    conference: Conference,
    pdf: bytes,
    *,
    e_invoice: tuple[str, bytes] | None = None,
    reminder: bool = False,
) -> bytes:
    """Return a mail that any mail program opens as a draft: recipients, text, link and PDF.

    The e-invoice's XML that goes with it is given by name and content.
    """
    mail = EmailMessage(policy=SMTP)
    mail["Subject"], text = mail_text(order, invoice, conference, reminder=reminder)
    mail["To"] = ", ".join(map(_one_line, recipients(order)))
    mail["X-Unsent"] = "1"
    mail.set_content(text)
    mail.add_attachment(
        pdf, maintype="application", subtype="pdf", filename=file_name(invoice, order)
    )
    if e_invoice is not None:
        name, content = e_invoice
        mail.add_attachment(content, maintype="application", subtype="xml", filename=name)
    return mail.as_bytes()


def mail_text(
    order: PurchaseOrder, invoice: Invoice, conference: Conference, *, reminder: bool
) -> tuple[str, str]:
    """Return the subject and the text of a mail with an invoice, in the sponsor's language."""
    content = conference.content or {}
    say = Language.of(order.language or content.get("language") or "")
    number = _one_line(invoice.number or order.reference)
    what = say("Invoice {number}", number=number)
    if order.po_number:
        theirs = "Invoice {number} for purchase order {po_number}"
        what = say(theirs, number=number, po_number=_one_line(order.po_number))
    subject = f"{what}, {_one_line(conference.name)}"
    amount = say.money(order.sums.balance, order.currency)
    due = invoice.due_date
    paragraphs = [
        say("This is a reminder of: {what}. It is attached again.", what=what)
        if reminder
        else say("Please find attached: {what}.", what=what),
        say("Amount due: {amount}, due on {day}.", amount=amount, day=say.day(due))
        if due
        else say("Amount due: {amount}.", amount=amount),
        say("To see and pay it online: {url}", url=invoice.hosted_url),
        content.get("remit_to") or "",
        say(
            "Payment reference for a bank transfer: {reference}",
            reference=structured_reference(order.reference),
        ),
        conference.name,
    ]
    subject = say("Reminder: {subject}", subject=subject) if reminder else subject
    return subject, "\n\n".join(text for text in paragraphs if text) + "\n"


def send_again(opened: OpenConference, order_id: int) -> Invoice:
    """Have Stripe mail the open invoice again.

    Each call is an email of its own, except that one whose outcome was unknown is tried again.

    Raises:
        PurchaseOrderError: There is no open invoice, or you deliver it yourself.
        StripeGatewayError: Stripe refused or could not be asked.
    """
    with opened.store.writing(opened.actor, Act.RESEND) as uow:
        order = uow.lock_purchase_order(order_id)
        invoice = order.live_invoice
        if invoice is None or invoice.stripe_status not in ("open", "uncollectible"):
            if invoice is not None and invoice.stripe_status == "paid":
                raise PurchaseOrderError(
                    f"{order.reference}: Its invoice is paid; there is nothing to send again."
                )
            raise PurchaseOrderError(
                f"{order.reference} has no open invoice to send again; invoice it first."
            )
        if invoice.delivery == "ourselves":
            raise PurchaseOrderError(
                f"{order.reference} is delivered by you, so Stripe does not email it; write the "
                f"email draft and send it.",
                remedy=remedies.deliver(order.reference),
            )
        uow.audit(Act.RESEND, order, after={"stripe_invoice_id": invoice.stripe_invoice_id})
    path = f"/v1/invoices/{invoice.stripe_invoice_id}/send"
    write = Write(
        outbox.RESEND,
        step_slot(order, invoice, outbox.RESEND.name),
        path,
        dict,
        find=lambda stored: emailed_since(opened, path, stored),
        conference_id=order.conference_id,
        purchase_order_id=order.id,
    )

    def keep(uow: UnitOfWork, outcome: Outcome) -> None:
        row = uow.session.get_one(Invoice, invoice.id)
        invoices.copy_stripe_invoice(row, outcome.answer, opened.conference.timezone, opened.now())

    outbox.perform(opened, write, Act.RESEND, keep)
    with opened.store.reading() as session:
        return session.get_one(Invoice, invoice.id)


_CLOCKS = timedelta(minutes=5)
"""How far Stripe's clock may be from ours."""


def emailed_since(opened: OpenConference, path: str, stored: StoredWrite) -> Json:
    """Return the invoice where Stripe lists one email more than those that others sent.

    ``stored`` is the email whose outcome is in doubt, ``path`` the endpoint that sends it.

    Raises:
        StripeGatewayError: In one of its kinds.
    """
    since = stored.stored_at - _CLOCKS
    invoice = path.removesuffix("/send")
    query = {"types": ["invoice.sent"], "created": {"gte": int(since.timestamp())}}
    sent = [
        event["data"]["object"]
        for page in opened.gateway.pages("/v1/events", query)
        for event in page
        if event["data"]["object"]["id"] == invoice.removeprefix("/v1/invoices/")
    ]
    with opened.store.reading() as session:
        others = stripe_writes.done_since(session, path, since - _CLOCKS, but=stored.key)
    return opened.gateway.read(invoice) if len(sent) > others else outbox.NOT_LISTED


def waits_for_transfers(order: PurchaseOrder, invoice: Invoice, conference: Conference) -> bool:
    """Tell whether a sent invoice of ours takes bank transfers that Stripe leaves unreconciled."""
    return (
        invoice.state == InvoiceState.SENT
        and invoice.stripe_status == "open"
        and not invoice.adopted
        and not invoice.stripe_auto_advance
        and "customer_balance" in Content(order, conference, invoice.generation).methods
    )


def auto_advance_write(opened: OpenConference, order: PurchaseOrder, invoice: Invoice) -> Write:
    """Return the write that turns ``auto_advance`` on; who turned it off may do so again."""
    path = f"/v1/invoices/{invoice.stripe_invoice_id}"

    def is_on(_stored: StoredWrite) -> Json | None:
        found = opened.gateway.read(path)
        return found if found["auto_advance"] else None

    return Write(
        outbox.AUTO_ADVANCE,
        step_slot(order, invoice, outbox.AUTO_ADVANCE.name),
        path,
        lambda: {"auto_advance": True},
        find=is_on,
        conference_id=invoice.conference_id,
        purchase_order_id=invoice.purchase_order_id,
    )


def turn_on(opened: OpenConference, write: Write, stored: StoredWrite, invoice: Invoice) -> bool:
    """Do the stored write, keep what Stripe answers, and tell whether it is on now.

    Raises:
        StripeGatewayError: Stripe refused, or the outcome is unknown and a repeat is safe.
    """
    outcome = outbox.send(opened, write, stored)
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        outbox.finish(uow, opened, outcome)
        _keep(uow, opened, invoice, outcome)
    return bool(outcome.answer["auto_advance"])


def _keep(uow: UnitOfWork, opened: OpenConference, invoice: Invoice, outcome: Outcome) -> None:
    row = uow.session.get_one(Invoice, invoice.id, with_for_update=True)
    if outcome.answer["status"] == "open":
        copy_stripe_invoice(row, outcome.answer, opened.conference.timezone, opened.now())
    else:  # money that waited has paid it, and the next sync brings the payment
        row.stripe_auto_advance = outcome.answer["auto_advance"]


def turn_reconciliation_on(opened: OpenConference) -> Iterator[tuple[str, bool, str]]:
    """Turn ``auto_advance`` on for each sent invoice that takes transfers and has it off.

    Yields:
        The reference of its purchase order, whether it is on now, and what was found in words.

    Raises:
        StripeAuthenticationError: Stripe does not accept the key.
    """
    with opened.store.reading() as session:
        rows = session.execute(
            select(PurchaseOrder, Invoice)
            .join(Invoice, Invoice.purchase_order_id == PurchaseOrder.id)
            .where(
                Invoice.conference_id == opened.conference.id,
                Invoice.state == InvoiceState.SENT.value,
                Invoice.stripe_status == "open",
                or_(Invoice.stripe_auto_advance.is_(None), Invoice.stripe_auto_advance.is_(False)),
            )
            .order_by(Invoice.id)
        ).all()
        waiting = [(o, i) for o, i in rows if waits_for_transfers(o, i, opened.conference)]
    for order, invoice in waiting:
        write, which = auto_advance_write(opened, order, invoice), invoice.stripe_invoice_id
        try:
            with opened.store.writing(opened.actor, Act.INVOICE) as uow:
                stored = outbox.declare(uow, opened, write)
            is_on = turn_on(opened, write, stored, invoice)
        except StripeAuthenticationError:
            raise
        except StripeRefusedError as error:
            yield (
                order.reference,
                False,
                f"bank transfers do not pay {which} automatically: {error}",
            )
            continue
        except PoToolkitError as error:
            yield order.reference, False, f"{error} Until then no bank transfer pays {which}."
            continue
        found = (
            f"bank transfers did not pay {which} automatically; automatic advancement is on again"
            if is_on
            else f"Stripe leaves automatic advancement of {which} off, so no bank transfer pays it "
            f"automatically. Turn it on in Stripe's dashboard."
        )
        yield order.reference, is_on, found
