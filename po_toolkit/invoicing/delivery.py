"""An invoice in a mail of our own: Stripe's PDF, kept with its digest, and a draft to send."""

from __future__ import annotations

import urllib.error
import urllib.request
from email.message import EmailMessage
from email.policy import SMTP

from po_toolkit.errors import PurchaseOrderError, StripeUnknownError
from po_toolkit.money import display
from po_toolkit.store.tables import Conference, Invoice, PurchaseOrder

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
            f"{reference}: what Stripe gave is no PDF of at most {LARGEST_PDF:,} bytes; open the "
            f"invoice's page instead: {url}"
        )
    return content


def recipients(order: PurchaseOrder) -> list[str]:
    """Return where the invoice goes: the contact, and the further addresses of its row."""
    found = [order.contact_email.strip()]
    for line in order.notes.splitlines():
        if line.startswith(_OTHERS):
            found += [address.strip() for address in line.removeprefix(_OTHERS).split(",")]
    return [address for address in dict.fromkeys(found) if address]


def file_name(invoice: Invoice, order: PurchaseOrder) -> str:
    """Return what the PDF is called in the mail."""
    return f"invoice-{invoice.number or order.reference}.pdf"


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

    Args:
        order: The purchase order.
        invoice: Its invoice.
        conference: Whose.
        pdf: The invoice as PDF.
        e_invoice: Name and content of an e-invoice's XML that goes with it.
        reminder: Whether the text reminds of an invoice that was sent before.
    """
    mail = EmailMessage(policy=SMTP)
    number = invoice.number or order.reference
    theirs = f" for purchase order {order.po_number}" if order.po_number else ""
    subject = f"Invoice {number}{theirs}, {conference.name}"
    mail["Subject"] = f"Reminder: {subject}" if reminder else subject
    mail["To"] = ", ".join(recipients(order))
    mail["X-Unsent"] = "1"
    balance = display(order.sums.balance, order.currency)
    due = f", due on {invoice.due_date}" if invoice.due_date else ""
    paragraphs = [
        f"This is a reminder of invoice {number}{theirs}, which is attached again."
        if reminder
        else f"Please find attached invoice {number}{theirs}.",
        f"Amount due: {balance}{due}.",
        f"To see and pay it online: {invoice.hosted_url}",
        (conference.content or {}).get("remit_to") or "",
        conference.name,
    ]
    mail.set_content("\n\n".join(text for text in paragraphs if text) + "\n")
    mail.add_attachment(
        pdf, maintype="application", subtype="pdf", filename=file_name(invoice, order)
    )
    if e_invoice is not None:
        name, content = e_invoice
        mail.add_attachment(content, maintype="application", subtype="xml", filename=name)
    return mail.as_bytes()
