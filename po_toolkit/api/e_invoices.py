"""E-invoices of sent invoices and credit notes: written, kept with their digest, exported."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import urlsplit

from po_toolkit.api.opening import OpenConference
from po_toolkit.domain.e_invoices import FORMATS, EInvoice, Format, Gap
from po_toolkit.domain.periods import local_day
from po_toolkit.domain.roles import Act, require
from po_toolkit.errors import (
    EInvoiceHandOverError,
    NotFoundError,
    PoToolkitError,
    PurchaseOrderError,
    SettingsError,
)
from po_toolkit.invoice_settings import EInvoiceSettings
from po_toolkit.reconcile.documents import credit_note_pdf, invoice_pdf
from po_toolkit.reconcile.documents.e_invoice import (
    credit_document,
    format_for,
    invoice_document,
    missing_before_sending,
    refuse_gaps,
)
from po_toolkit.reconcile.documents.e_invoice_xml import e_invoice_xml
from po_toolkit.store import documents, purchase_orders
from po_toolkit.store.tables import CreditNote, PurchaseOrder

E_INVOICE_FORMATS = FORMATS
"""The formats that are written."""

_TRIES = 3
_POST_SECONDS = 30


@dataclass(frozen=True, slots=True)
class EInvoiceFile:
    """One e-invoice, as a file.

    Attributes:
        reference: The purchase order's.
        number: Of the invoice or credit note.
        format: One of ``facturx``, ``xrechnung``, ``xrechnung-ubl`` and ``peppol``.
        name: What the file is called.
        mime: ``application/pdf`` or ``application/xml``.
        content: The file.
    """

    reference: str
    number: str
    format: Format
    name: str
    mime: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Digest of the file, as it is kept."""
        return hashlib.sha256(self.content).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Return what was written, without the file."""
        return {
            "reference": self.reference,
            "number": self.number,
            "format": self.format,
            "file_name": self.name,
            "sha256": self.sha256,
            "bytes": len(self.content),
        }


def read_format(text: str) -> Format:
    """Return a format by its name.

    Raises:
        PurchaseOrderError: There is no such format.
    """
    found = next((name for name in FORMATS if name == text), None)
    if found is None:
        raise PurchaseOrderError(
            f"Unknown e-invoice format {text!r}. Use one of: {', '.join(FORMATS)}."
        )
    return found


def settings_of(opened: OpenConference) -> EInvoiceSettings:
    """Return the conference's e-invoice settings; empty ones where it has none."""
    return opened.settings.e_invoice or EInvoiceSettings()


def missing_for(opened: OpenConference, order: PurchaseOrder) -> list[Gap]:
    """Return what the e-invoice that a sponsor needs would lack; empty when nothing does."""
    return missing_before_sending(order, opened.conference, settings_of(opened))


def e_invoice(
    opened: OpenConference,
    reference: str,
    wanted: Format | None = None,
    *,
    credit_note: str | None = None,
) -> EInvoiceFile:
    """Write the e-invoice of a purchase order's invoice, or of one of its credit notes; keep it.

    Args:
        opened: The conference.
        reference: The purchase order's.
        wanted: The format; by default the one that the sponsor needs, else ``facturx``.
        credit_note: Stripe's id of a credit note, or its place (``1`` is the first).

    Raises:
        EInvoiceError: Something is missing; it names each rule and the field to fill.
        NotAllowedError: The actor's role is too low.
        NotFoundError: No such purchase order or credit note.
        PurchaseOrderError: The invoice is not final, or its sums differ from Stripe's.
    """
    require(opened.actor, Act.DELIVER)
    with opened.store.reading() as session:
        order = purchase_orders.by_reference(session, opened.conference, reference)
    note = _credit_note(order, credit_note) if credit_note is not None else None
    made = _write(opened, order, wanted or format_for(order, settings_of(opened)), note)
    _keep(opened, order, made)
    return made


def _keep(opened: OpenConference, order: PurchaseOrder, made: EInvoiceFile) -> None:
    with opened.store.writing(opened.actor, Act.DELIVER) as uow:
        documents.keep(
            uow,
            order,
            file_name=made.name,
            content=made.content,
            sha256=made.sha256,
            kept_by=opened.actor.name,
        )
        uow.audit(Act.DELIVER, order, after=made.as_json())


def keep_and_hand_over(opened: OpenConference, files: Iterable[EInvoiceFile]) -> dict[str, str]:
    """Keep e-invoices and give each to the access point; return what failed, by reference.

    One that is not taken does not stop the others.

    Raises:
        NotAllowedError: The actor's role is too low.
        SettingsError: The settings name no access point.
    """
    problems: dict[str, str] = {}
    for made in files:
        with opened.store.reading() as session:
            order = purchase_orders.by_reference(session, opened.conference, made.reference)
        _keep(opened, order, made)
        try:
            hand_over(opened, made)
        except EInvoiceHandOverError as error:
            problems[made.reference] = f"{made.reference}: {error}"
    return problems


def _write(
    opened: OpenConference, order: PurchaseOrder, wanted: Format | None, note: CreditNote | None
) -> EInvoiceFile:
    wanted = wanted or "facturx"
    settings = settings_of(opened)
    document = (
        invoice_document(order, opened.conference, settings)
        if note is None
        else credit_document(order, note, _number(opened, order, note), opened.conference, settings)
    )
    refuse_gaps(document, wanted, order.reference)
    content = e_invoice_xml(document, wanted)
    kind = "invoice" if note is None else "credit-note"
    stem = f"{kind}-{document.number}"
    if wanted == "facturx":
        content = _paper(opened, order, document, note, content)
        return EInvoiceFile(
            order.reference, document.number, wanted, f"{stem}.pdf", "application/pdf", content
        )
    return EInvoiceFile(
        order.reference,
        document.number,
        wanted,
        f"{stem}-{wanted}.xml",
        "application/xml",
        content,
    )


def _paper(
    opened: OpenConference,
    order: PurchaseOrder,
    document: EInvoice,
    note: CreditNote | None,
    xml: bytes,
) -> bytes:
    if note is None:
        return invoice_pdf(order, opened.conference, document.seller, xml)
    return credit_note_pdf(order, note, document, opened.conference, xml)


def _credit_note(order: PurchaseOrder, named: str) -> CreditNote:
    notes = [note for note in order.credit_notes if note.amount > 0]
    for place, note in enumerate(notes, 1):
        if named in (str(place), note.stripe_credit_note_id):
            return note
    raise NotFoundError(
        f"{order.reference} has no credit note {named!r}. It has {len(notes)}; name one by its "
        f"place, 1 being the first."
    )


def _number(opened: OpenConference, order: PurchaseOrder, note: CreditNote) -> str:
    """Return the credit note's number at Stripe, or one of ours where only we know of it."""
    if note.stripe_credit_note_id:
        found = opened.gateway.read(f"/v1/credit_notes/{note.stripe_credit_note_id}")
        return str(found["number"])
    place = [n.id for n in order.credit_notes].index(note.id) + 1
    live = order.live_invoice
    return f"{(live.number if live else '') or order.reference}-CN-{place:02}"


@dataclass(frozen=True, slots=True)
class EInvoiceExport:
    """The e-invoices of a period.

    Attributes:
        content: A ZIP archive with one file for each document.
        files: What is in it.
        problems: What was left out, and why, by reference.
    """

    content: bytes
    files: list[EInvoiceFile]
    problems: dict[str, str]


def export_e_invoices(
    opened: OpenConference, since: date, until: date, wanted: Format | None = None
) -> EInvoiceExport:
    """Write the e-invoices of all invoices and credit notes issued in a period.

    One document that lacks something does not stop the others; it is named with its reason.

    Args:
        opened: The conference.
        since: The first day, in the conference's timezone.
        until: The last day.
        wanted: The format; by default for each sponsor the one that they need, else ``facturx``.

    Raises:
        NotAllowedError: The actor's role is too low.
    """
    require(opened.actor, Act.DELIVER)
    with opened.store.reading() as session:
        orders = purchase_orders.with_final_invoice(session, opened.conference)
    files: list[EInvoiceFile] = []
    problems: dict[str, str] = {}
    for order in orders:
        for note in (None, *(n for n in order.credit_notes if n.amount > 0)):
            if not since <= _issued_on(opened, order, note) <= until:
                continue
            chosen = wanted or format_for(order, settings_of(opened))
            try:
                files.append(_write(opened, order, chosen, note))
            except PoToolkitError as error:
                problems[order.reference] = str(error)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(f"{file.reference}/{file.name}", file.content)
    return EInvoiceExport(packed.getvalue(), files, problems)


def _issued_on(opened: OpenConference, order: PurchaseOrder, note: CreditNote | None) -> date:
    if note is not None:
        return note.credit_date
    live = order.live_invoice
    sent = (live.sent_at if live else None) or order.created_at
    return local_day(sent, opened.conference.timezone)


def hand_over(opened: OpenConference, made: EInvoiceFile) -> str:
    """Give a kept e-invoice to the access point that the settings name; return where it went.

    A directory gets the file, written whole before it has its name. An https address gets it by
    POST, with its digest as idempotency key, so that repeating a call that was cut off is safe. A
    file that was handed over before is not given again.

    Raises:
        NotAllowedError: The actor's role is too low.
        SettingsError: The settings name no access point.
        EInvoiceHandOverError: It did not take the file; the same call again is safe.
    """
    require(opened.actor, Act.DELIVER)
    target = settings_of(opened).hand_over
    if not target:
        raise SettingsError(
            "The settings name no access point. Put hand_over, a directory or an https address, "
            f"into the table [po_toolkit.conferences.{opened.slug}.e_invoice]."
        )
    with opened.store.reading() as session:
        order = purchase_orders.by_reference(session, opened.conference, made.reference)
        done = documents.handed_over(session, order, made.sha256)
    if done:
        return done
    if target.startswith(("https://", "http://")):
        _post(target, made)
        where = urlsplit(target).hostname or target
    else:
        where = str(_put(Path(target), made))
    with opened.store.writing(opened.actor, Act.DELIVER) as uow:
        documents.note_handed_over(uow, order, made.sha256, to=where, now=opened.now())
        uow.audit(Act.DELIVER, order, after={"file_name": made.name, "handed_over_to": where})
    return where


def _put(folder: Path, made: EInvoiceFile) -> Path:
    final = folder / f"{made.reference}-{made.name}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=folder, prefix=".", delete=False) as partial:
            partial.write(made.content)
        Path(partial.name).replace(final)
    except OSError as error:
        raise EInvoiceHandOverError(
            f"{made.name} could not be written to {folder} ({error.strerror}). Correct the cause "
            f"and try again."
        ) from None
    return final


def _post(address: str, made: EInvoiceFile) -> None:
    import requests

    headers = {
        "Content-Type": made.mime,
        "Content-Disposition": f'attachment; filename="{made.name}"',
        "Idempotency-Key": made.sha256,
    }
    last = "no answer"
    for _ in range(_TRIES):
        try:
            answer = requests.post(
                address,
                data=made.content,
                headers=headers,
                timeout=_POST_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            last = type(error).__name__
            continue
        if answer.ok and not answer.is_redirect:
            return
        last = f"HTTP {answer.status_code}"
        if answer.status_code < 500:
            break
    raise EInvoiceHandOverError(
        f"The access point did not accept {made.name} ({last}). The document is kept; run the same "
        f"command again, which is safe."
    )
