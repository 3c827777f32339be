"""What a conference's invoices say beside their lines: tax, content, ways to pay, reminders.

Each class is one table of a conference in the configuration file; without it nothing changes on
the invoice. Limits are Stripe's (API 2026-10-28).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from po_toolkit.errors import AmountError
from po_toolkit.money import normalize_currency, to_minor

RateName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,30}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Percentage = Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)]
Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,4})?$")]

RESERVED = frozenset({"exempt", "none", "reverse_charge", "default"})
"""Words of the spreadsheet's tax_rate column that can be no rate's name."""


class TaxRateSettings(BaseModel):
    """One tax rate, as it stands on the invoice."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=50)
    """What the sponsor reads, such as VAT; Stripe adds the percentage."""
    percentage: Percentage
    """Such as 19 or 7.7; at most four decimals."""
    inclusive: bool = False
    """True where the prices in the spreadsheet hold the tax already."""
    country: Country | None = None
    """Where the tax is owed: two letters."""
    state: str = ""
    """The state or province, where the tax is one of those."""
    jurisdiction: str = Field(default="", max_length=50)
    """What Stripe prints beside the name."""
    type: Literal[
        "", "gst", "hst", "igst", "jct", "pst", "qst", "rst", "sales_tax", "service_tax", "vat"
    ] = ""
    """Stripe's word for the kind of tax."""


class TaxSettings(BaseModel):
    """Which taxes are charged, and what is printed where none is."""

    model_config = ConfigDict(extra="forbid")

    rates: dict[RateName, TaxRateSettings] = Field(default_factory=dict)
    """The tax rates, by the names that the column tax_rate uses."""
    default: list[RateName] = Field(default_factory=list)
    """The rates of a line that names none; empty: such a line has no tax."""
    home: Country | None = None
    """Where the conference is taxed; with it, a sponsor with a VAT number of another EU member
    state gets reverse charge wherever their line names no rate."""
    automatic: Literal["", "exclusive", "inclusive"] = ""
    """Let Stripe compute the tax, on top of the prices or inside them; the account must be
    registered for it at Stripe, and each sponsor's address must name its country."""
    reverse_charge_note: str = Field(
        default="Reverse charge: VAT is to be accounted for by the recipient "
        "(Article 196 of Council Directive 2006/112/EC).",
        max_length=500,
    )
    """Printed on invoices with reverse charge."""
    exempt_note: str = Field(default="", max_length=500)
    """Why exempt lines have no tax; printed on invoices that have one."""

    @model_validator(mode="after")
    def _known(self) -> TaxSettings:
        if self.automatic and (self.rates or self.home):
            raise ValueError("automatic tax and your own tax rates cannot be used together")
        unknown = [name for name in self.default if name not in self.rates]
        if unknown:
            raise ValueError(f"default names {unknown[0]!r}, and rates has no such rate")
        reserved = RESERVED & self.rates.keys()
        if reserved:
            raise ValueError(
                f"{min(reserved)!r} cannot be the name of a rate; the word has another meaning"
            )
        return self


class ContentSettings(BaseModel):
    """What else the invoice says, and how it may be paid."""

    model_config = ConfigDict(extra="forbid")

    remit_to: str = Field(default="", max_length=2000)
    """Bank details for wires and where checks go; printed under the footer."""
    our_tax_id: str = Field(default="", max_length=200)
    """Our own tax id in words, such as ``VAT ID: DE123456789``; printed under the footer."""
    account_tax_ids: list[Annotated[str, StringConstraints(pattern=r"^(txi|atxi)_\w+$")]] = Field(
        default_factory=list, max_length=25
    )
    """Our tax ids as Stripe knows them (Stripe's dashboard, Tax settings); printed by Stripe."""
    custom_fields: dict[str, str] = Field(default_factory=dict, max_length=3)
    """Further fields beside the PO number; their values may hold {reference}, {po_number},
    {organization_name} and {contact_name}. With three of them our reference is left out."""
    number_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{0,12}$")] = ""
    """Makes invoice numbers of the prefix, our reference and the generation."""
    language: Locale | None = None
    """For sponsors whose row names none."""
    template: Annotated[str, StringConstraints(pattern=r"^(inrtem_\w+)?$")] = ""
    """Stripe's rendering template, with the logo and colours set in Stripe's dashboard."""
    page_size: Literal["", "a4", "letter", "auto"] = ""
    """The page size of Stripe's PDF."""
    tax_display: Literal["", "exclude_tax", "include_inclusive_tax"] = ""
    """Whether prices are printed with or without included tax."""
    max_card_amount: dict[str, Decimal] = Field(default_factory=dict)
    """Currency → the largest total (major units) that may be paid by card."""
    delivery: Literal["stripe", "ourselves"] = "stripe"
    """Who delivers the invoices of purchase orders that do not say it themselves."""
    bank_transfer_country: Literal["BE", "DE", "ES", "FR", "IE", "NL"] | None = None
    """Whose virtual IBAN sponsors get who pay euros by ``customer_balance``."""

    @field_validator("custom_fields")
    @classmethod
    def _short(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if not 1 <= len(name) <= 40 or not 1 <= len(text) <= 140:
                raise ValueError(
                    f"custom field {name[:40]!r}: a name has 1 to 40 characters, a value 1 to 140"
                )
        return value

    @field_validator("max_card_amount")
    @classmethod
    def _amounts(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        try:
            found = {normalize_currency(code): amount for code, amount in value.items()}
            for code, amount in found.items():
                to_minor(amount, code)
        except AmountError as error:
            raise ValueError(str(error)) from None
        return found


ReminderDays = Annotated[list[Annotated[int, Field(ge=-365, le=365)]], Field(max_length=12)]
"""Days from the due date on which a sponsor is reminded: below 0 before it, 0 on the day."""


class VatCategorySettings(BaseModel):
    """The VAT category of a rate on e-invoices (UNTDID 5305), and why it has no VAT."""

    model_config = ConfigDict(extra="forbid")

    category: Literal["S", "Z", "E", "AE", "K", "G", "O"]
    """The code of the category: S, Z, E, AE, K, G or O."""
    reason: str = Field(default="", max_length=500)
    """Why no VAT is charged, where none is."""


EInvoiceFormat = Literal["facturx", "xrechnung", "xrechnung-ubl", "peppol"]
ElectronicAddress = Annotated[str, StringConstraints(pattern=r"^([0-9A-Z]{2,4}:\S{1,100})?$")]
"""A scheme and an identifier, such as ``0208:0123456789`` or ``EM:invoices@example.org``."""


class EInvoiceSettings(BaseModel):
    """Who we are on an e-invoice, and which sponsors need one."""

    model_config = ConfigDict(extra="forbid")

    legal_name: str = Field(default="", max_length=200)
    """The name of the seller in the register."""
    street: str = Field(default="", max_length=200)
    """Street and number."""
    city: str = Field(default="", max_length=100)
    """City."""
    postcode: str = Field(default="", max_length=20)
    """Postcode."""
    region: str = Field(default="", max_length=100)
    """State or province, where addresses have one."""
    country: Country | None = None
    """Two letters."""
    vat_id: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}[A-Z0-9+*]{2,20})?$")] = ""
    """With its country first, such as DE123456789."""
    tax_number: str = Field(default="", max_length=50)
    """The tax office's own number, where there is no VAT ID."""
    registration: str = Field(default="", max_length=60)
    """Legal registration; with its ICD scheme before it where it has one: 0208:0123456789."""
    endpoint: ElectronicAddress = ""
    """Our electronic address with its scheme."""
    contact_name: str = Field(default="", max_length=100)
    """Whom sponsors ask."""
    contact_phone: str = Field(default="", max_length=40)
    """Their phone number."""
    contact_email: str = Field(default="", max_length=200)
    """Their email address."""
    iban: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}[0-9]{2}[A-Z0-9 ]{11,40})?$")] = ""
    """The account for wires."""
    bic: Annotated[str, StringConstraints(pattern=r"^([A-Z0-9]{8}([A-Z0-9]{3})?)?$")] = ""
    """Its bank."""
    account_name: str = Field(default="", max_length=70)
    """The account holder's name."""
    formats: dict[Country, EInvoiceFormat] = Field(default_factory=dict)
    """Which format sponsors of a country need; a column e_invoice_format goes before it."""
    categories: dict[str, VatCategorySettings] = Field(default_factory=dict)
    """By the name of a tax rate, or exempt, reverse_charge or none (a line without tax)."""
    hand_over: str = Field(default="", max_length=500)
    """Where documents go for an access point: a directory, or an https address that takes POST."""

    @field_validator("hand_over")
    @classmethod
    def _safe(cls, value: str) -> str:
        if value.startswith("http://") and not value.startswith(
            ("http://127.0.0.1", "http://localhost", "http://[::1]")
        ):
            raise ValueError(
                "hand_over must be an https address, since an invoice is never sent unencrypted"
            )
        return value
