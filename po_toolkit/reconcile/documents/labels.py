"""The words of our own documents in the sponsor's language, and its way to write dates and numbers.

A language that is not here gets English; numbers and dates follow the CLDR data of Babel.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal

from po_toolkit.money import exponent, to_major

_ENGLISH = (
    "Invoice",
    "Cancelled invoice",
    "Credit note",
    "Statement of account",
    "Your PO number",
    "Our reference",
    "Date",
    "Due",
    "Description",
    "Quantity",
    "Unit price",
    "Amount",
    "Lines",
    "Tax",
    "Total",
    "Credited",
    "Paid",
    "Refunded",
    "Amount due",
    "In your favor",
    "Pay online",
    "Page {page} of {pages}",
    "Invoice credited",
    "Statement",
    "Timezone",
    "Purchase order",
    "Charged",
    "Balance",
    "Entry",
    "Nothing was charged or paid.",
    "Payment",
    "Refund",
    "Opening balance",
    "Your VAT ID",
    "Payment reference",
)

_TRANSLATED: dict[str, tuple[str, ...]] = {
    "de": (
        "Rechnung",
        "Stornierte Rechnung",
        "Gutschrift",
        "Kontoauszug",
        "Ihre Bestellnummer",
        "Unser Zeichen",
        "Datum",
        "Fällig",
        "Beschreibung",
        "Menge",
        "Einzelpreis",
        "Betrag",
        "Positionen",
        "Steuer",
        "Gesamt",
        "Gutgeschrieben",
        "Bezahlt",
        "Erstattet",
        "Offener Betrag",
        "Zu Ihren Gunsten",
        "Online bezahlen",
        "Seite {page} von {pages}",
        "Zu Rechnung",
        "Auszug",
        "Zeitzone",
        "Bestellung",
        "Belastet",
        "Saldo",
        "Vorgang",
        "Es wurde nichts berechnet oder bezahlt.",
        "Zahlung",
        "Erstattung",
        "Anfangssaldo",
        "Ihre USt-IdNr.",
        "Zahlungsreferenz",
    ),
    "fr": (
        "Facture",
        "Facture annulée",
        "Avoir",
        "Relevé de compte",
        "Votre n° de commande",
        "Notre référence",
        "Date",
        "Échéance",
        "Description",
        "Quantité",
        "Prix unitaire",
        "Montant",
        "Lignes",
        "Taxe",
        "Total",
        "Crédité",
        "Payé",
        "Remboursé",
        "Montant dû",
        "En votre faveur",
        "Payer en ligne",
        "Page {page} sur {pages}",
        "Facture créditée",
        "Relevé",
        "Fuseau horaire",
        "Bon de commande",
        "Débit",
        "Solde",
        "Opération",
        "Aucune facturation ni paiement.",
        "Paiement",
        "Remboursement",
        "Solde initial",
        "Votre n° de TVA",
        "Référence de paiement",
    ),
    "es": (
        "Factura",
        "Factura anulada",
        "Nota de abono",
        "Estado de cuenta",
        "Su número de pedido",
        "Nuestra referencia",
        "Fecha",
        "Vencimiento",
        "Descripción",
        "Cantidad",
        "Precio unitario",
        "Importe",
        "Líneas",
        "Impuesto",
        "Total",
        "Abonado",
        "Pagado",
        "Reembolsado",
        "Importe pendiente",
        "A su favor",
        "Pagar en línea",
        "Página {page} de {pages}",
        "Factura abonada",
        "Estado",
        "Zona horaria",
        "Pedido",
        "Cargo",
        "Saldo",
        "Movimiento",
        "No hay cargos ni pagos.",
        "Pago",
        "Reembolso",
        "Saldo inicial",
        "Su NIF-IVA",
        "Referencia de pago",
    ),
    "it": (
        "Fattura",
        "Fattura annullata",
        "Nota di credito",
        "Estratto conto",
        "Vostro numero d'ordine",
        "Nostro riferimento",
        "Data",
        "Scadenza",
        "Descrizione",
        "Quantità",
        "Prezzo unitario",
        "Importo",
        "Righe",
        "Imposta",
        "Totale",
        "Accreditato",
        "Pagato",
        "Rimborsato",
        "Importo dovuto",
        "A vostro favore",
        "Paga online",
        "Pagina {page} di {pages}",
        "Fattura accreditata",
        "Estratto",
        "Fuso orario",
        "Ordine",
        "Addebito",
        "Saldo",
        "Movimento",
        "Nessun addebito o pagamento.",
        "Pagamento",
        "Rimborso",
        "Saldo iniziale",
        "Vostra partita IVA",
        "Riferimento di pagamento",
    ),
    "nl": (
        "Factuur",
        "Geannuleerde factuur",
        "Creditnota",
        "Rekeningoverzicht",
        "Uw inkoopordernummer",
        "Onze referentie",
        "Datum",
        "Vervaldatum",
        "Omschrijving",
        "Aantal",
        "Stukprijs",
        "Bedrag",
        "Regels",
        "Belasting",
        "Totaal",
        "Gecrediteerd",
        "Betaald",
        "Terugbetaald",
        "Te betalen",
        "In uw voordeel",
        "Online betalen",
        "Pagina {page} van {pages}",
        "Gecrediteerde factuur",
        "Overzicht",
        "Tijdzone",
        "Inkooporder",
        "In rekening",
        "Saldo",
        "Mutatie",
        "Er is niets in rekening gebracht of betaald.",
        "Betaling",
        "Terugbetaling",
        "Beginsaldo",
        "Uw btw-nummer",
        "Betalingskenmerk",
    ),
}
LANGUAGES = ("en", *_TRANSLATED)


@dataclass(frozen=True, slots=True)
class Labels:
    """Words, dates and amounts of one language."""

    locale: Locale

    @classmethod
    def of(cls, language: str) -> Labels:
        """Return the labels of a language such as ``de`` or ``pt-BR``; English where unknown."""
        try:
            locale = Locale.parse((language or "en").replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            locale = Locale("en")
        return cls(locale if locale.language in LANGUAGES else Locale("en"))

    def __call__(self, english: str) -> str:
        """Return a label, named by its English words; other texts stay as they are."""
        words = _TRANSLATED.get(self.locale.language)
        if words is None or english not in _ENGLISH:
            return english
        return words[_ENGLISH.index(english)]

    def day(self, value: date | None) -> str:
        """Write a date so that nobody confuses day and month: 5 March 2027."""
        if value is None:
            return ""
        if self.locale.language == "en":
            return f"{value.day} {value:%B %Y}"
        return str(format_date(value, format="long", locale=self.locale))

    def amount(self, minor: int, currency: str) -> str:
        """Write an amount without its currency."""
        digits = exponent(currency)
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return str(format_decimal(to_major(minor, currency), pattern, locale=self.locale))

    def money(self, minor: int, currency: str) -> str:
        """Write an amount with its currency."""
        return f"{self.amount(minor, currency)} {currency.upper()}"
