"""The contact, CC addresses, notes and files of a purchase order; changed without a new invoice."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime

from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.roles import Act
from po_toolkit.domain.wording import sentence
from po_toolkit.errors import NotFoundError, PurchaseOrderError
from po_toolkit.importers.fields import addresses
from po_toolkit.invoicing.customers import change_email
from po_toolkit.store import documents
from po_toolkit.store.purchase_orders import by_reference

MAX_FILE = 20 * 1024 * 1024
"""The largest file that is attached, in bytes."""


@dataclass(frozen=True, slots=True)
class ContactChanges:
    """What is to be different; None leaves it as it is. ``cc_emails`` are separated by commas."""

    contact_name: str | None = None
    contact_email: str | None = None
    contact_phone: str | None = None
    cc_emails: str | None = None
    notes: str | None = None


def change_contact(opened: OpenConference, reference: str, changes: ContactChanges) -> str:
    """Change contact, CC addresses and notes, also when an invoice was sent.

    The customer at Stripe gets the contact's new address too, so that the invoice can be resent
    there. What is in our books is saved first: where Stripe fails, the same call again goes on.

    Returns:
        Why the customer at Stripe was left as it is, or ``""``.

    Raises:
        NotAllowedError: The actor's role is too low.
        NotFoundError: No such purchase order.
        PurchaseOrderError: An address is not one.
        StripeGatewayError: Stripe refused, or the outcome is unknown; again is safe.
    """
    values = {name: value.strip() for name, value in asdict(changes).items() if value is not None}
    if "contact_email" in values:
        values["contact_email"] = _checked_address(values["contact_email"])
    if "cc_emails" in values:
        values["cc_emails"] = checked_addresses(values["cc_emails"])
    with opened.store.writing(opened.actor, Act.AMEND) as uow:
        found = by_reference(uow.session, opened.conference, reference)
        order = uow.lock_purchase_order(found.id)
        before = {n: getattr(order, n) for n, v in values.items() if getattr(order, n) != v}
        for name in before:
            setattr(order, name, values[name])
        if before:
            uow.audit(
                Act.AMEND, order, before=before, after={name: values[name] for name in before}
            )
    if "contact_email" not in values or opened.settings.mode == "none":
        return ""
    opened.check_account()
    return change_email(opened, order)


def checked_addresses(text: str) -> str:
    """Return email addresses separated by commas, each checked.

    Raises:
        PurchaseOrderError: One of them is none.
    """
    if not text.strip():
        return ""
    try:
        return ", ".join(dict.fromkeys(addresses(text)))
    except ValueError as error:
        raise PurchaseOrderError(
            f"Email {text.strip()!r}: {sentence(str(error))}", code="email_invalid"
        ) from None


def _checked_address(text: str) -> str:
    checked = checked_addresses(text)
    if not checked or "," in checked:
        raise PurchaseOrderError(
            f"The contact's email is {text!r}; it takes exactly one address. Put others into CC.",
            code="email_invalid",
        )
    return checked


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file that staff attached to a purchase order."""

    file_name: str
    sha256: str
    attached_at: datetime
    attached_by: str


def attach_file(opened: OpenConference, reference: str, file_name: str, content: bytes) -> None:
    """Attach a PDF, such as the sponsor's own purchase order; the same content is kept once.

    Raises:
        NotAllowedError: The actor's role is too low.
        NotFoundError: No such purchase order.
        PurchaseOrderError: It is no PDF, or too large.
    """
    if not content.startswith(b"%PDF-"):
        raise PurchaseOrderError(f"{file_name} is not a PDF. Save or print it as PDF first.")
    if len(content) > MAX_FILE:
        raise PurchaseOrderError(f"{file_name} is larger than {MAX_FILE // 1024**2} MB.")
    digest = hashlib.sha256(content).hexdigest()
    with opened.store.writing(opened.actor, Act.ATTACH) as uow:
        order = by_reference(uow.session, opened.conference, reference)
        if documents.attach(uow, order, file_name=file_name, content=content, sha256=digest):
            uow.audit(Act.ATTACH, order, after={"file_name": file_name, "sha256": digest})


def attached_files(opened: OpenConference, reference: str) -> list[AttachedFile]:
    """Return the files attached to a purchase order, oldest first.

    Raises:
        NotFoundError: No such purchase order.
    """
    with opened.store.reading() as session:
        order = by_reference(session, opened.conference, reference)
        return [AttachedFile(*row) for row in documents.attached(session, order)]


def attached_content(opened: OpenConference, reference: str, sha256: str) -> bytes:
    """Return an attached file.

    Raises:
        NotFoundError: None of this digest is attached there.
    """
    with opened.store.reading() as session:
        order = by_reference(session, opened.conference, reference)
        content = documents.attached_content(session, order, sha256)
    if content is None:
        raise NotFoundError(f"{reference} has no attached file with the digest {sha256}.")
    return content
