"""An e-invoice as XML: CII for Factur-X, ZUGFeRD and XRechnung, UBL for XRechnung and Peppol.

The ``factur-x`` library writes both syntaxes from the business terms of EN 16931 and checks them
against the official XSD; this module is the mapping from our document to those terms.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from lxml import etree

from po_toolkit.domain.e_invoices import EInvoice, Format, Line, Party
from po_toolkit.errors import PoToolkitError
from po_toolkit.money import exponent, to_major

Terms = dict[str, Any]

SPECIFICATION: dict[Format, str] = {
    "facturx": "urn:cen.eu:en16931:2017",
    "xrechnung": "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0",
    "xrechnung-ubl": "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0",
    "peppol": "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0",
}
"""Specification identifier (BT-24). Sources: EN 16931-1; XRechnung 3.0; Peppol BIS Billing 3.0."""

_PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
"""Business process (BT-23) of Peppol billing, which XRechnung names too."""

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SPECIFICATION_ID = (
    "//*[local-name()='CustomizationID']"
    " | //*[local-name()='GuidelineSpecifiedDocumentContextParameter']/*[local-name()='ID']"
)

_ONE = "C62"
"""Unit of a line (BT-130), UN/ECE Recommendation 20: one."""

_DISCOUNT = "95"
"""Reason of an allowance (BT-98), UNTDID 5189: discount."""

_CREDIT_TRANSFER, _SEPA, _ONLINE = "30", "58", "68"
"""Payment means (BT-81), UNTDID 4461."""


def e_invoice_xml(invoice: EInvoice, wanted: Format) -> bytes:
    """Return a document as XML, checked against the XSD of its syntax.

    :func:`po_toolkit.domain.e_invoices.gaps` found nothing in it. ``facturx`` gives the CII XML
    that is embedded in the PDF.

    Raises:
        PoToolkitError: The library or the XSD refuses the document.
    """
    from facturx import generate_xml, xml_check_xsd

    ubl = wanted in ("peppol", "xrechnung-ubl")
    terms = _terms(invoice)
    if wanted != "facturx":
        terms["BT-23"] = _PROCESS
    try:
        made = generate_xml(
            terms,
            flavor="ubl-2.1" if ubl else "factur-x",
            level="en16931",
            check_xsd=False,
            check_schematron=False,
        )
        tree = etree.fromstring(made, etree.XMLParser(resolve_entities=False, no_network=True))
        for empty in tree.xpath("//*[@xsi:nil]", namespaces={"xsi": _XSI}):
            del empty.attrib[f"{{{_XSI}}}nil"]  # the XSD takes an empty element, but not this
        xml_check_xsd(tree)
    except Exception as error:  # the library raises bare exceptions of several kinds
        raise PoToolkitError(
            f"Invoice {invoice.number}: The {wanted} document is not valid ({error}). Nothing was "
            f"written. Please report this."
        ) from error
    tree.xpath(_SPECIFICATION_ID)[0].text = SPECIFICATION[wanted]
    return bytes(etree.tostring(tree, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _terms(invoice: EInvoice) -> Terms:
    money = _money(invoice.currency)
    terms: Terms = {
        "BT-1": invoice.number,
        "BT-2": invoice.issued_on,
        "BT-3": invoice.type_code,
        "BT-5": invoice.currency.upper(),
        "BT-9": invoice.due_on,
        "BT-10": invoice.buyer_reference,
        "BT-13": invoice.po_number,
        "BT-14": invoice.our_reference if invoice.po_number else "",
        "BT-20": _clean(invoice.payment_terms),
        "BT-73": invoice.service_start,
        "BT-74": invoice.service_end,
        "BG-4": _party(invoice.seller, seller=True),
        "BG-7": _party(invoice.buyer, seller=False),
        "BG-25": [_line(number, line, money) for number, line in enumerate(invoice.lines, 1)],
        "BG-20": [
            _adjustment(line, money) | {"reason_code": _DISCOUNT} for line in invoice.allowances
        ],
        "BG-21": [_adjustment(line, money) for line in invoice.charges],
        "BG-23": [
            {
                "BT-116": money(row.taxable),
                "BT-117": money(row.tax),
                "BT-118": row.vat.category,
                "BT-119": _rate(row.vat.category, row.vat.percentage),
                "BT-120": _clean(row.vat.reason),
                "BT-121": row.vat.reason_code,
            }
            for row in invoice.breakdown
        ],
        "BG-1": [{"BT-22": _clean(note)} for note in invoice.notes],
        "BT-106": money(invoice.line_sum),
        "BT-107": money(invoice.allowance_sum) if invoice.allowances else None,
        "BT-108": money(invoice.charge_sum) if invoice.charges else None,
        "BT-109": money(invoice.net),
        "BT-110": money(invoice.tax),
        "BT-112": money(invoice.total),
        "BT-113": money(invoice.prepaid) if invoice.prepaid else None,
        "BT-115": money(invoice.payable),
    }
    if any(row.vat.category == "K" for row in invoice.breakdown):
        terms["BT-72"] = invoice.service_end or invoice.service_start
        terms["BG-13"] = {"country_code": invoice.buyer.country}
    if invoice.preceding:
        terms["BG-3"] = [{"BT-25": invoice.preceding, "BT-26": invoice.preceding_issued_on}]
    return {name: value for name, value in (terms | _payment(invoice)).items() if value}


def _payment(invoice: EInvoice) -> Terms:
    if not invoice.iban:
        return {"BT-81": _ONLINE, "BT-83": invoice.remittance}
    return {
        "BT-81": _SEPA if invoice.currency == "eur" else _CREDIT_TRANSFER,
        "BT-83": invoice.remittance,
        "BT-84": invoice.iban.replace(" ", ""),
        "BT-85": _clean(invoice.account_name or invoice.seller.name),
        "BT-86": invoice.bic,
    }


def _party(party: Party, *, seller: bool) -> Terms:
    scheme, _, endpoint = party.endpoint.partition(":")
    icd, _, number = party.registration.rpartition(":")
    terms: Terms = {
        "name": _clean(party.name),
        "addr_l1": _clean(party.street),
        "addr_l2": _clean(party.street2),
        "city": _clean(party.city),
        "postcode": party.postcode,
        "country_subdivision": _clean(party.region),
        "country_code": party.country,
        "vat_identifier": party.vat_id,
        "legal_identifier": number,
        "legal_identifier_schemeid": icd,
        "einvoicing_addr": endpoint,
        "einvoicing_addr_schemeid": scheme,
    }
    if seller:
        terms["tax_identifier"] = party.tax_number
    contact = {
        "name": _clean(party.contact_name),
        "phone": party.contact_phone,
        "email": party.contact_email,
    }
    if any(contact.values()):
        terms["contacts"] = [{name: value for name, value in contact.items() if value}]
    return {name: value for name, value in terms.items() if value}


def _line(number: int, line: Line, money: Any) -> Terms:
    """Return a line; its price is the net of the whole quantity, so that no price is rounded."""
    return {
        "BT-126": str(number),
        "BT-129": str(line.quantity),
        "BT-130": _ONE,
        "BT-131": money(line.net),
        "BT-146": money(line.net),
        "BT-149": str(line.quantity),
        "BT-151": line.vat.category,
        "BT-152": _rate(line.vat.category, line.vat.percentage),
        "BT-153": _clean(line.name)[:250],
        **({"BT-154": _clean(line.name)} if len(_clean(line.name)) > 250 else {}),
    }


def _adjustment(line: Line, money: Any) -> Terms:
    """Return a document-level allowance or charge."""
    return {
        "amount": money(line.net),
        "reason": _clean(line.name),
        "vat_category_code": line.vat.category,
        "vat_rate": _rate(line.vat.category, line.vat.percentage),
    }


def _rate(category: str, percentage: str) -> str | None:
    """Return a VAT rate; a line that is not subject to VAT names none (BR-O-05)."""
    return None if category == "O" else percentage


def _money(currency: str) -> Any:
    digits = min(exponent(currency), 2)

    def write(minor: int) -> str:
        value = to_major(minor, currency)
        return str(value.quantize(Decimal(1).scaleb(-digits)))

    return write


def _clean(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return re.sub(r"[^\x09\x0A\x0D\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]", "", text).strip()
