"""An invoice or credit note as the European standard EN 16931 describes it, and what it lacks.

Pure: amounts go in as minor units of one currency, a document whose sums add up comes out. The
terms in quotation marks such as BT-13 and the rules such as BR-AE-02 are those of EN 16931-1:2017
and of its validation rules, published by CEN as "EN 16931 validation artefacts"; BR-DE rules are
those of XRechnung 3.0 (KoSIT), PEPPOL rules those of Peppol BIS Billing 3.0 (OpenPeppol).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, get_args

from po_toolkit.domain.tax import EXEMPT, REVERSE_CHARGE, Rate, line_tax
from po_toolkit.money import exponent

Format = Literal["facturx", "xrechnung", "xrechnung-ubl", "peppol"]
FORMATS: tuple[Format, ...] = get_args(Format)

INVOICE, CREDIT_NOTE = "380", "381"
"""Document types (BT-3), from UNTDID 1001."""

Category = Literal["S", "Z", "E", "AE", "K", "G", "O"]
"""VAT categories (UNTDID 5305): standard, zero, exempt, reverse charge, intra-community supply,
export, not subject to VAT."""

_REASON_CODES: Mapping[str, str] = {
    "AE": "VATEX-EU-AE",
    "K": "VATEX-EU-IC",
    "G": "VATEX-EU-G",
    "O": "VATEX-EU-O",
}
"""Source: CEF code list of VAT exemption reasons (VATEX)."""

_REASONS: Mapping[str, str] = {
    "AE": "Reverse charge",
    "K": "Intra-community supply",
    "G": "Export outside the EU",
    "O": "Not subject to VAT",
}
_OTHER_TAX_REASON = "Not part of the VAT base"
_OTHER_TAXES = frozenset({"pst", "qst", "rst", "sales_tax", "service_tax"})
"""Kinds of tax that are no VAT: beside a VAT on the same line they are charges."""

PEPPOL_SCHEMES = frozenset(
    """
    0002 0007 0009 0060 0088 0096 0097 0106 0130 0135 0142 0151 0183 0184 0188 0190 0191 0192 0195
    0196 0198 0199 0200 0201 0204 0208 0209 0210 0211 0216 0218 0221 0225 0230 0235 0240 0242 0244
    0245 0246 0248 9910 9913 9914 9915 9918 9919 9920 9922 9923 9924 9925 9926 9927 9928 9929 9930
    9931 9932 9933 9934 9935 9936 9937 9938 9939 9940 9941 9942 9943 9944 9945 9946 9947 9948 9949
    9950 9951 9952 9953 9957 9959
    """.split()
)
"""Electronic address schemes (EAS) that Peppol takes. Source: Peppol BIS Billing 3.0, May 2026."""


@dataclass(frozen=True, slots=True)
class Party:
    """The seller or the buyer.

    Attributes:
        country: Two letters; empty where it is not known.
        endpoint: Electronic address with its scheme, such as ``0208:0123456789`` or
            ``EM:invoices@example.org``.
        registration: Legal registration number; ``SCHEME:NUMBER`` where it has an ICD scheme.
    """

    name: str
    street: str = ""
    street2: str = ""
    city: str = ""
    postcode: str = ""
    region: str = ""
    country: str = ""
    vat_id: str = ""
    tax_number: str = ""
    registration: str = ""
    endpoint: str = ""
    contact_name: str = ""
    contact_phone: str = ""
    contact_email: str = ""


@dataclass(frozen=True, slots=True)
class VatKind:
    """A VAT category with its rate; lines of one kind are one row of the VAT breakdown."""

    category: Category
    percentage: str = "0"
    reason: str = ""

    @property
    def reason_code(self) -> str:
        """The exemption reason's code, where the category has one of its own."""
        return _REASON_CODES.get(self.category, "")


@dataclass(frozen=True, slots=True)
class Line:
    """One line, or a document-level allowance (a discount) or charge; amounts in minor units."""

    name: str
    quantity: int
    net: int
    vat: VatKind
    tax: int = 0


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The sums of one VAT kind, in minor units."""

    vat: VatKind
    taxable: int
    tax: int


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A purchase order's line, as the books have it.

    Attributes:
        amount: Quantity times unit price in minor units, with inclusive tax; below 0: a discount.
    """

    description: str
    quantity: int
    amount: int
    rates: tuple[Rate, ...] = ()


@dataclass(frozen=True, slots=True)
class EInvoice:
    """One invoice or credit note; amounts in minor units of ``currency``."""

    number: str
    type_code: str
    issued_on: date
    currency: str
    seller: Party
    buyer: Party
    lines: tuple[Line, ...]
    allowances: tuple[Line, ...] = ()
    charges: tuple[Line, ...] = ()
    prepaid: int = 0
    due_on: date | None = None
    po_number: str = ""
    our_reference: str = ""
    buyer_reference: str = ""
    service_start: date | None = None
    service_end: date | None = None
    payment_terms: str = ""
    remittance: str = ""
    iban: str = ""
    bic: str = ""
    account_name: str = ""
    preceding: str = ""
    preceding_issued_on: date | None = None
    notes: tuple[str, ...] = ()

    @property
    def breakdown(self) -> tuple[Breakdown, ...]:
        """The VAT breakdown (BG-23): one row for each category and rate."""
        found: dict[tuple[str, str], Breakdown] = {}
        rows = [(1, x) for x in (*self.lines, *self.charges)]
        for sign, line in [*rows, *((-1, x) for x in self.allowances)]:
            key = (line.vat.category, line.vat.percentage)
            old = found.get(key, Breakdown(line.vat, 0, 0))
            reasons = dict.fromkeys(r for r in (old.vat.reason, line.vat.reason) if r)
            vat = VatKind(line.vat.category, line.vat.percentage, "; ".join(reasons))
            found[key] = Breakdown(vat, old.taxable + sign * line.net, old.tax + sign * line.tax)
        return tuple(found.values())

    @property
    def line_sum(self) -> int:
        """Sum of the lines' net amounts (BT-106)."""
        return sum(line.net for line in self.lines)

    @property
    def allowance_sum(self) -> int:
        """Sum of the allowances (BT-107)."""
        return sum(line.net for line in self.allowances)

    @property
    def charge_sum(self) -> int:
        """Sum of the charges (BT-108)."""
        return sum(line.net for line in self.charges)

    @property
    def net(self) -> int:
        """Total without VAT (BT-109)."""
        return self.line_sum - self.allowance_sum + self.charge_sum

    @property
    def tax(self) -> int:
        """Total VAT (BT-110)."""
        return sum(row.tax for row in self.breakdown)

    @property
    def total(self) -> int:
        """Total with VAT (BT-112)."""
        return self.net + self.tax

    @property
    def payable(self) -> int:
        """Amount due (BT-115)."""
        return self.total - self.prepaid


@dataclass(frozen=True, slots=True)
class VatRules:
    """Which VAT category a rate, or a line without one, is.

    Attributes:
        kinds: By a rate's fingerprint, ``exempt``, ``reverse_charge`` or ``none``: what the
            settings say.
        exempt_reason: Why exempt lines have no tax.
        reverse_charge_reason: The note for reverse charge.
    """

    kinds: Mapping[str, tuple[Category, str]] = field(default_factory=dict)
    exempt_reason: str = ""
    reverse_charge_reason: str = ""

    def of_rate(self, rate: Rate | None) -> VatKind:
        """Return the kind of a rate; of a line without a rate for None."""
        if rate is None:
            category, reason = self.kinds.get("none", ("O", ""))
            return VatKind(category, "0", reason or _REASONS.get(category, ""))
        if rate == EXEMPT:
            category, reason = self.kinds.get("exempt", ("E", self.exempt_reason))
            return VatKind(category, "0", reason or _REASONS.get(category, ""))
        if rate == REVERSE_CHARGE:
            category, reason = self.kinds.get("reverse_charge", ("AE", self.reverse_charge_reason))
            return VatKind(category, "0", reason or _REASONS.get(category, ""))
        default: tuple[Category, str] = ("S" if rate.parts else "Z", "")
        category, reason = self.kinds.get(rate.fingerprint, default)
        return VatKind(category, rate.percentage, reason or _REASONS.get(category, ""))


def document_lines(
    lines: Iterable[OrderLine], currency: str, rules: VatRules
) -> tuple[tuple[Line, ...], tuple[Line, ...], tuple[Line, ...]]:
    """Return lines, allowances and charges of a purchase order's lines.

    A discount becomes an allowance, since EN 16931 forbids a negative price (BR-27). Of several
    taxes on one line one is the VAT; each other becomes a charge, which bears none.

    Raises:
        AmountError: A tax cannot be paid in the currency.
    """
    kept: list[Line] = []
    allowances: list[Line] = []
    others: dict[str, int] = {}
    for line in lines:
        found = line_tax(line.amount, currency, line.rates)
        vat = _vat_of(line.rates)
        tax = found.by_rate[line.rates.index(vat)] if vat else 0
        net = line.amount - found.included
        made = Line(line.description, line.quantity, abs(net), rules.of_rate(vat), abs(tax))
        (allowances if net < 0 else kept).append(made)
        for rate, amount in zip(line.rates, found.by_rate, strict=True):
            if rate is not vat:
                name = f"{rate.name} {rate.percentage} %"
                others[name] = others.get(name, 0) + amount
    exempt = VatKind("E", "0", _OTHER_TAX_REASON)
    charges = [Line(name, 1, amount, exempt) for name, amount in others.items() if amount > 0]
    allowances += [Line(name, 1, -amount, exempt) for name, amount in others.items() if amount < 0]
    return tuple(kept), tuple(allowances), tuple(charges)


def _vat_of(rates: Sequence[Rate]) -> Rate | None:
    return next((rate for rate in rates if rate.type not in _OTHER_TAXES), next(iter(rates), None))


def credit_lines(amount: int, invoice: Sequence[Breakdown], reason: str) -> tuple[Line, ...]:
    """Split a credited amount over the VAT kinds of its invoice, to the unit.

    Neither the credit note at Stripe nor the books say which lines are credited, so each kind gets
    its share of the invoice's total; inside a kind, net and tax are split in its own proportion.
    What is left by rounding goes to the largest remainders. The amount is in minor units with its
    tax, above 0; the reason is what the sponsor reads.
    """
    gross = [row.taxable + row.tax for row in invoice]
    parts = _shares(amount, gross)
    lines = []
    for row, part, whole in zip(invoice, parts, gross, strict=True):
        if part:
            net, tax = _shares(part, [row.taxable, row.tax]) if whole else (part, 0)
            lines.append(Line(reason, 1, net, row.vat, tax))
    return tuple(lines)


def _shares(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Split an amount by weights, to the unit; negative weights get nothing."""
    counted = [max(weight, 0) for weight in weights]
    total = sum(counted)
    exact = [Decimal(amount) * weight / total for weight in counted]
    parts = [int(share) for share in exact]
    left = amount - sum(parts)
    order = sorted(range(len(parts)), key=lambda i: exact[i] - parts[i], reverse=True)
    for index in order[:left]:
        parts[index] += 1
    return tuple(parts)


@dataclass(frozen=True, slots=True)
class Gap:
    """Something an e-invoice lacks.

    Attributes:
        rule: The rule's number, such as ``BR-AE-02``.
        field: The setting or column to fill.
        message: What is missing, and where to give it.
    """

    rule: str
    field: str
    message: str


def gaps(invoice: EInvoice, wanted: Format) -> list[Gap]:
    """Return what a document lacks to be valid in a format; empty when nothing does."""
    found = [
        *_common(invoice),
        *_vat_ids(invoice),
        *_vat_gaps(invoice),
        *_sum_gaps(invoice),
    ]
    if wanted.startswith("xrechnung"):
        found += _xrechnung(invoice)
    if wanted != "facturx":
        found += _addresses(invoice, peppol=wanted == "peppol")
    if wanted == "peppol" and not (invoice.buyer_reference or invoice.po_number):
        found.append(
            Gap("PEPPOL-EN16931-R003", "po_number", "Give a PO number or a buyer_reference.")
        )
    return found


def _common(invoice: EInvoice) -> Iterator[Gap]:
    seller, buyer = invoice.seller, invoice.buyer
    if not invoice.number:
        yield Gap("BR-02", "number", "The invoice has no number at Stripe yet. Send it first.")
    if not seller.name:
        yield Gap("BR-06", "e_invoice.legal_name", "Give your legal name in the settings.")
    if not seller.country:
        yield Gap("BR-09", "e_invoice.country", "Give your country in the settings.")
    if not (seller.vat_id or seller.tax_number or seller.registration):
        yield Gap(
            "BR-CO-26",
            "e_invoice.vat_id",
            "Give your VAT ID, tax number or registration number in the settings.",
        )
    if not buyer.country:
        yield Gap(
            "BR-11",
            "billing_address",
            "The sponsor's billing address does not end with a country. Add it, such as "
            "'Example Street 1, 10115 Berlin, Germany'.",
        )
    if invoice.payable > 0 and not invoice.due_on and not invoice.payment_terms:
        yield Gap("BR-CO-25", "due_date", "Give a due date or days_until_due.")
    for line in invoice.lines:
        if not line.name.strip():
            yield Gap("BR-25", "description", "A line has no description.")
    if not invoice.lines:
        yield Gap("BR-16", "description", "The document has no line with an amount above zero.")


def _vat_ids(invoice: EInvoice) -> Iterator[Gap]:
    for party, name, setting in (
        (invoice.seller, "Your", "e_invoice.vat_id"),
        (invoice.buyer, "The sponsor's", "tax_id"),
    ):
        prefix = party.vat_id[:2]
        if party.vat_id and not (prefix.isalpha() and prefix.isupper()):
            yield Gap("BR-CO-09", setting, f"{name} VAT ID must begin with its country code.")


def _vat_gaps(invoice: EInvoice) -> Iterator[Gap]:
    seller, buyer = invoice.seller, invoice.buyer
    kinds = {row.vat.category: row.vat for row in invoice.breakdown}
    for category, vat in kinds.items():
        if category in ("S", "Z", "E", "AE", "K", "G") and not (
            seller.vat_id or (seller.tax_number and category in ("S", "Z", "E", "AE"))
        ):
            yield Gap(
                f"BR-{_family(category)}-02",
                "e_invoice.vat_id",
                f"A line has VAT category {category}. Give your VAT ID in the settings.",
            )
        if category == "AE" and not (buyer.vat_id or buyer.registration):
            yield Gap(
                "BR-AE-02", "tax_id", "Reverse charge needs the sponsor's VAT ID (column tax_id)."
            )
        if category == "K" and not buyer.vat_id:
            yield Gap(
                "BR-IC-02",
                "tax_id",
                "An intra-community supply needs the sponsor's VAT ID (column tax_id).",
            )
        if category == "K" and not (invoice.service_start or invoice.service_end):
            yield Gap(
                "BR-IC-11",
                "service_start",
                "An intra-community supply needs a service period "
                "(columns service_start and service_end).",
            )
        if category in ("E", "AE", "K", "G", "O") and not vat.reason:
            name = {"E": "exempt", "AE": "reverse_charge"}.get(category, "none")
            where = "tax.exempt_note" if category == "E" else f"e_invoice.categories.{name}.reason"
            yield Gap(
                f"BR-{_family(category)}-10",
                where,
                f"A line has no VAT (category {category}). Say why in the settings.",
            )
    if "O" in kinds and len(kinds) > 1:
        yield Gap(
            "BR-O-11",
            "e_invoice.categories.none",
            "Lines without tax stand beside lines with a VAT category. Choose the category of "
            "lines without tax in the settings: E or Z.",
        )
    if "O" in kinds and (seller.vat_id or buyer.vat_id):
        yield Gap(
            "BR-O-02",
            "e_invoice.categories.none",
            "A line is not subject to VAT, but a VAT ID is given for you or the sponsor. Choose "
            "the category of lines without tax in the settings: E with its reason, or Z.",
        )


def _family(category: str) -> str:
    return "IC" if category == "K" else category


def _sum_gaps(invoice: EInvoice) -> Iterator[Gap]:
    unit = 10 ** exponent(invoice.currency)
    for row in invoice.breakdown:
        exact = Decimal(row.taxable) * Decimal(row.vat.percentage) / 100
        if abs(exact - row.tax) >= max(unit, 1):
            yield Gap(
                "BR-CO-17",
                "quantity",
                f"VAT of {row.vat.percentage} % rounded line by line differs by one unit of "
                f"currency or more from the VAT of their sum. Put equal lines into one line with "
                f"a quantity.",
            )
    if invoice.payable < 0:
        yield Gap("BR-CO-16", "amount", "More was paid in advance than the document's total.")
    amounts = [x.net for x in (*invoice.lines, *invoice.allowances, *invoice.charges)]
    if exponent(invoice.currency) == 3 and any(amount % 10 for amount in amounts):
        yield Gap("BR-DEC-23", "amount", "EN 16931 takes no third decimal.")


def _xrechnung(invoice: EInvoice) -> Iterator[Gap]:
    seller, buyer = invoice.seller, invoice.buyer
    if not invoice.buyer_reference:
        yield Gap(
            "BR-DE-15",
            "buyer_reference",
            "Give the sponsor's buyer reference (Leitweg-ID) in the column buyer_reference.",
        )
    wanted = (
        ("BR-DE-3", "e_invoice.city", seller.city, "your city in the settings"),
        ("BR-DE-4", "e_invoice.postcode", seller.postcode, "your postcode in the settings"),
        ("BR-DE-5", "e_invoice.contact_name", seller.contact_name, "a contact in the settings"),
        ("BR-DE-6", "e_invoice.contact_phone", seller.contact_phone, "a phone number there"),
        ("BR-DE-7", "e_invoice.contact_email", seller.contact_email, "an email address there"),
        ("BR-DE-8", "billing_address", buyer.city, "the city in the sponsor's billing address"),
        ("BR-DE-9", "billing_address", buyer.postcode, "the postcode in that address"),
    )
    for rule, name, value, words in wanted:
        if not value:
            yield Gap(rule, name, f"Give {words}.")
    if not (seller.vat_id or seller.tax_number):
        yield Gap("BR-DE-16", "e_invoice.vat_id", "Give your VAT ID or tax number in the settings.")


def _addresses(invoice: EInvoice, *, peppol: bool) -> Iterator[Gap]:
    for party, rule, name, words in (
        (invoice.seller, "PEPPOL-EN16931-R020", "e_invoice.endpoint", "your"),
        (invoice.buyer, "PEPPOL-EN16931-R010", "e_invoice_address", "the sponsor's"),
    ):
        scheme, _, value = party.endpoint.partition(":")
        if not scheme or not value:
            yield Gap(
                rule,
                name,
                f"Give {words} electronic address with its scheme in {name}, such as "
                f"0208:0123456789 or EM:invoices@example.org.",
            )
        elif peppol and scheme not in PEPPOL_SCHEMES:
            yield Gap(
                "PEPPOL-EN16931-CL008",
                name,
                f"Peppol takes no electronic address with the scheme {scheme}. Give {words} Peppol "
                f"address in {name}, such as 0208:0123456789 (Belgium) or 9930:DE123456789.",
            )
