"""A sent invoice or a credit note as an e-invoice document, from the books and the settings."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from po_toolkit.domain.addresses import address_parts
from po_toolkit.domain.e_invoices import (
    CREDIT_NOTE,
    FORMATS,
    INVOICE,
    EInvoice,
    Format,
    Gap,
    OrderLine,
    Party,
    VatRules,
    credit_lines,
    document_lines,
    gaps,
)
from po_toolkit.domain.periods import local_day
from po_toolkit.domain.records import copied
from po_toolkit.domain.tax import Rate, TaxRules, rates_of
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.invoice_settings import EInvoiceSettings
from po_toolkit.money import display
from po_toolkit.store.tables import Conference, CreditNote, Invoice, PurchaseOrder


class EInvoiceError(PurchaseOrderError):
    """An e-invoice lacks something; ``gaps`` names each field and rule."""

    code = "e_invoice_incomplete"

    def __init__(self, reference: str, wanted: Format, found: list[Gap]) -> None:
        """Write all of it into one message."""
        lines = "\n".join(f"  {gap.rule} ({gap.field}): {gap.message}" for gap in found)
        super().__init__(
            f"{reference}: No {wanted} document was written, since it would not be valid:\n{lines}"
        )
        self.gaps = found


def format_for(order: PurchaseOrder, settings: EInvoiceSettings) -> Format | None:
    """Return the format in which the sponsor needs an e-invoice; None when nothing says so."""
    if order.e_invoice_format:
        return next(name for name in FORMATS if name == order.e_invoice_format)
    country = address_parts(order.billing_address).get("country", "")
    return settings.formats.get(country)


def missing_before_sending(
    order: PurchaseOrder, conference: Conference, settings: EInvoiceSettings
) -> list[Gap]:
    """Return what the e-invoice that this sponsor needs would lack, before its invoice is sent."""
    wanted = format_for(order, settings)
    if wanted is None:
        return []
    planned = replace(
        _document(order, conference, settings), number="planned", payment_terms="planned"
    )
    return gaps(planned, wanted)


def invoice_document(
    order: PurchaseOrder, conference: Conference, settings: EInvoiceSettings
) -> EInvoice:
    """Return the e-invoice of a purchase order's live invoice.

    Raises:
        PurchaseOrderError: Its invoice is not sent, or its sums are not those at Stripe.
    """
    live = order.live_invoice
    if live is None or live.step != "done" or live.sent_at is None:
        raise PurchaseOrderError(
            f"{order.reference} has no final invoice. Send it first with: "
            f"po-toolkit invoice --conference {conference.slug} --po {order.reference}."
        )
    made = _document(order, conference, settings)
    if live.stripe_total is not None and made.total != live.stripe_total:
        raise PurchaseOrderError(
            f"{order.reference}: The invoice at Stripe is over "
            f"{display(live.stripe_total, order.currency)}, the e-invoice would be over "
            f"{display(made.total, order.currency)}. Nothing was written. Run: "
            f"po-toolkit sync --conference {conference.slug}."
        )
    return made


def credit_document(
    order: PurchaseOrder,
    note: CreditNote,
    number: str,
    conference: Conference,
    settings: EInvoiceSettings,
) -> EInvoice:
    """Return the e-invoice of a credit note.

    The number is the credit note's at Stripe.

    Raises:
        PurchaseOrderError: The credit note was taken back, or the invoice is not sent.
    """
    if note.amount <= 0:
        raise PurchaseOrderError(f"{order.reference}: This credit note was voided.")
    invoice = invoice_document(order, conference, settings)
    return replace(
        invoice,
        number=number,
        type_code=CREDIT_NOTE,
        issued_on=note.credit_date,
        lines=credit_lines(note.amount, invoice.breakdown, note.reason or "Credit"),
        allowances=(),
        charges=(),
        prepaid=0,
        due_on=None,
        payment_terms=note.reason or "Credit",
        preceding=invoice.number,
        preceding_issued_on=invoice.issued_on,
    )


def refuse_gaps(made: EInvoice, wanted: Format, reference: str) -> None:
    """Refuse a document that would not be valid in a format.

    Raises:
        EInvoiceError: Names each rule and the field to fill.
    """
    found = gaps(made, wanted)
    if found:
        raise EInvoiceError(reference, wanted, found)


def _document(order: PurchaseOrder, conference: Conference, settings: EInvoiceSettings) -> EInvoice:
    live = order.live_invoice
    unknown = next((i for i in order.line_items if i.tax and not i.tax_rates), None)
    if unknown is not None:
        raise PurchaseOrderError(
            f"{order.reference}: Stripe computed the tax of line {unknown.position} and its rate "
            f"(BT-152) is not known here. Use your own tax rates for e-invoices."
        )
    lines, allowances, charges = document_lines(
        (
            OrderLine(i.description, i.quantity, i.line_total, rates_of(i.tax_rates))
            for i in order.line_items
        ),
        order.currency,
        _vat_rules(conference, settings),
    )
    return EInvoice(
        number=(live.number if live else "") or "",
        type_code=INVOICE,
        issued_on=_issued(order, live, conference),
        currency=order.currency,
        seller=_seller(conference, settings),
        buyer=_buyer(order),
        lines=lines,
        allowances=allowances,
        charges=charges,
        prepaid=_prepaid(live),
        due_on=(live.due_date if live else None) or order.due_date,
        po_number=order.po_number,
        our_reference=order.reference,
        buyer_reference=order.buyer_reference,
        service_start=order.service_start or order.service_end,
        service_end=order.service_end or order.service_start,
        payment_terms=f"Pay online: {live.hosted_url}" if live and live.hosted_url else "",
        remittance=(live.number if live else "") or order.reference,
        iban=settings.iban,
        bic=settings.bic,
        account_name=settings.account_name,
        notes=(conference.invoice_memo,) if conference.invoice_memo else (),
    )


def _issued(order: PurchaseOrder, live: Invoice | None, conference: Conference) -> date:
    return local_day((live.sent_at if live else None) or order.created_at, conference.timezone)


def _prepaid(live: Invoice | None) -> int:
    """Return what credit settled before the invoice was final, in minor units."""
    if live is None or live.stripe_total is None or live.stripe_amount_due is None:
        return 0
    return max(live.stripe_total - live.stripe_amount_due, 0)


def _seller(conference: Conference, settings: EInvoiceSettings) -> Party:
    name, country = settings.legal_name or conference.name, settings.country or ""
    return copied(Party, settings, name=name, street2="", country=country)


_VAT_ID_TYPES = frozenset({"eu_vat", "gb_vat", "ch_vat", "no_vat"})


def _buyer(order: PurchaseOrder) -> Party:
    parts = address_parts(order.billing_address)
    return Party(
        name=order.organization_name,
        street=parts.get("line1", ""),
        street2=parts.get("line2", ""),
        city=parts.get("city", ""),
        postcode=parts.get("postal_code", ""),
        region=parts.get("state", ""),
        country=parts.get("country", ""),
        vat_id=_vat_id(order) if order.tax_id_type in _VAT_ID_TYPES else "",
        registration="" if order.tax_id_type in _VAT_ID_TYPES else order.tax_id,
        endpoint=order.e_invoice_address
        or (f"EM:{order.contact_email}" if order.contact_email else ""),
        contact_name=order.contact_name,
        contact_email=order.contact_email,
    )


def _vat_id(order: PurchaseOrder) -> str:
    """Return the VAT ID with its country before it, as BR-CO-09 wants it."""
    return f"NO{order.tax_id}" if order.tax_id_type == "no_vat" else order.tax_id


def _vat_rules(conference: Conference, settings: EInvoiceSettings) -> VatRules:
    tax: dict[str, Any] = conference.tax or {}
    named: dict[str, Rate] = dict(TaxRules.of(tax).rates) if tax.get("rates") else {}
    kinds = {
        named[name].fingerprint if name in named else name: (chosen.category, chosen.reason)
        for name, chosen in settings.categories.items()
    }
    return VatRules(
        kinds=kinds,
        exempt_reason=str(tax.get("exempt_note") or ""),
        reverse_charge_reason=str(tax.get("reverse_charge_note") or ""),
    )
