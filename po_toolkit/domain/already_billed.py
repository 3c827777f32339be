"""Whether an invoice at Stripe bills a purchase order already: its own, or one beside it.

A purchase order's own invoice carries our uuid, or is a revision of one that was its own. One that
counts for the same sponsor and PO number speaks against billing; where one of the two has no
number, one for the same sponsor and total does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from po_toolkit.domain.bank_matching.names import name_words
from po_toolkit.domain.references import comparable

COUNTS = frozenset({"paid", "open", "uncollectible"})
"""The states of an invoice at Stripe that claims money or got it."""

NOT_BILLED = "not billed, since Stripe has invoice"
"""How the reason begins that asks a person; also by it a stored outcome is known as a question."""

NUMBER_FIELD = "PO number"
"""The name of our invoices' custom field with the sponsor's own number."""

_OURS = frozenset(
    {
        "purchase_order_id",
        "purchase_order_ref",
        "purchase_order_uuid",
        "conference_slug",
        "generation",
        "reference",
    }
)
"""What we write ourselves and is not the sponsor's number."""

_NUMBER_WORDS = frozenset(
    "po p.o pono ponumber purchase order number no nr num bestellung bestellnummer auftrag "
    "commande pedido orden ordine ordinativo encomenda bestelling inkoopnummer".split()
)
_TELLING = 5
"""A number of so many letters and digits is found in running text without such a word."""


@dataclass(frozen=True, slots=True)
class InvoiceAtStripe:
    """What an invoice at Stripe says of whom it bills, and for what.

    Attributes:
        total: Minor units of its currency.
        customer_name: As it was on the invoice; ``customer_email`` likewise.
        texts: What may hold a PO number: custom fields and metadata by name, and the description.
        order_uuid: The purchase order that its metadata name, or ``""``.
        generation: Which of its generations, 0 where that is not given.
        revises: The invoice that this one replaced in Stripe's dashboard, or ``""``.
    """

    stripe_id: str
    status: str
    currency: str
    total: int
    created: datetime
    number: str = ""
    customer_name: str = ""
    customer_email: str = ""
    texts: tuple[tuple[str, str], ...] = ()
    order_uuid: str = ""
    generation: int = 0
    revises: str = ""

    @property
    def counts(self) -> bool:
        """Whether it claims money or got it."""
        return self.status in COUNTS


@dataclass(frozen=True, slots=True)
class ToBill:
    """A purchase order about to be billed; the total in minor units.

    Attributes:
        own_ids: The Stripe ids of its invoices that are known here, of any generation.
        beside: Invoices beside which a person decided to bill it.
    """

    uuid: str
    organization_name: str
    contact_email: str
    po_number: str
    currency: str
    total: int
    own_ids: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()


def sponsor_key(name: str) -> str:
    """Fold a sponsor's name without its legal form: ``acme`` for Acme GmbH and ACME Inc."""
    return " ".join(name_words(name)) or comparable(name)


def own_invoices(order: ToBill, invoices: Iterable[InvoiceAtStripe]) -> list[InvoiceAtStripe]:
    """Return the purchase order's own invoices that are not known here.

    Those that count come first, the last generation of them before the others: an earlier one that
    is paid was replaced when its money went back.

    They carry its uuid, or revise one of its invoices, or revise such a revision.
    """
    rows = list(invoices)
    ids = set(order.own_ids)
    found: dict[str, InvoiceAtStripe] = {}
    while True:
        new = [
            row
            for row in rows
            if row.stripe_id not in ids and (row.order_uuid == order.uuid or row.revises in ids)
        ]
        if not new:
            break
        found |= {row.stripe_id: row for row in new}
        ids |= found.keys()
    order_of = ["paid", "open", "uncollectible", "draft"]
    return sorted(
        found.values(),
        key=lambda row: (
            0 if row.counts else 1 if row.status == "draft" else 2,
            -row.generation,
            order_of.index(row.status) if row.status in order_of else len(order_of),
            -row.created.timestamp(),
            row.stripe_id,
        ),
    )


def billed_beside(order: ToBill, invoices: Iterable[InvoiceAtStripe]) -> InvoiceAtStripe | None:
    """Return an invoice that bills the same, the oldest first; None where nothing speaks against.

    The purchase order's own invoices, and those beside which a person decided to bill it, are left
    out; so are void invoices and drafts.
    """
    alike = [
        row
        for row in invoices
        if row.counts
        and row.order_uuid != order.uuid
        and row.stripe_id not in order.own_ids | order.beside
        and _bills_the_same(order, row)
    ]
    return min(alike, key=lambda row: (row.created, row.stripe_id), default=None)


def _bills_the_same(order: ToBill, row: InvoiceAtStripe) -> bool:
    named = bool(order.po_number) and names_number(row.texts, order.po_number)
    if named:
        return same_sponsor(order, row) or _same_address(order, row)
    if order.po_number and states_number(row.texts):
        return False
    sums = (row.currency, row.total) == (order.currency, order.total)
    return sums and same_sponsor(order, row)


def same_sponsor(order: ToBill, row: InvoiceAtStripe) -> bool:
    """Tell whether an invoice bills the purchase order's organization.

    The folded names are equal; or the address is of the same domain and the names differ in their
    legal form alone.
    """
    if comparable(row.customer_name) == comparable(order.organization_name):
        return True
    return sponsor_key(row.customer_name) == sponsor_key(order.organization_name) and (
        _domain(row.customer_email) == _domain(order.contact_email) != ""
    )


def _same_address(order: ToBill, row: InvoiceAtStripe) -> bool:
    ours, theirs = comparable(order.contact_email), comparable(row.customer_email)
    return ours == theirs != ""


def _domain(email: str) -> str:
    return email.strip().casefold().rpartition("@")[2] if "@" in email else ""


def texts_of(invoice: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what of Stripe's invoice may hold a PO number, by name."""
    rows = [(field["name"], field["value"]) for field in invoice.get("custom_fields") or ()]
    rows += [*(invoice.get("metadata") or {}).items(), ("", invoice.get("description") or "")]
    return tuple(
        (str(name), str(text)) for name, text in rows if text and name.casefold() not in _OURS
    )


def states_number(texts: Iterable[tuple[str, str]]) -> bool:
    """Tell whether an invoice states a PO number in our custom field."""
    return any(name == NUMBER_FIELD for name, _ in texts)


def names_number(texts: Iterable[tuple[str, str]], po_number: str) -> bool:
    """Tell whether an invoice names a PO number, in a field of its own or in its description.

    A short number is only found in running text after a word such as ``PO``.
    """
    wanted = _number_tokens(po_number)
    if not wanted:
        return False
    telling = sum(map(len, wanted)) >= _TELLING and any(c.isdigit() for w in wanted for c in w)
    for name, text in texts:
        if name and _number_tokens(text) == wanted:
            return True
        tokens = _tokens(text)
        for at in range(len(tokens) - len(wanted) + 1):
            if tokens[at : at + len(wanted)] == wanted and (
                telling or (at and tokens[at - 1] in _NUMBER_WORDS)
            ):
                return True
    return False


def _number_tokens(number: str) -> list[str]:
    """Return the parts of a PO number, without a leading ``PO`` or ``No.``."""
    tokens = _tokens(number)
    start = 0
    while start < len(tokens) - 1 and tokens[start] in _NUMBER_WORDS:
        start += 1
    return tokens[start:]


def _tokens(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in comparable(text)).split()
