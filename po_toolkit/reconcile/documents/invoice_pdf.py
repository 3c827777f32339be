"""A purchase order's invoice or credit note on paper, in the sponsor's language.

The pages are PDF/A-3: fonts embedded, with an output intent, so that an e-invoice can be embedded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import chain

from po_toolkit.domain.e_invoices import Breakdown, EInvoice, Party
from po_toolkit.domain.footers import footer_text
from po_toolkit.domain.periods import local_day
from po_toolkit.domain.references import structured_reference
from po_toolkit.domain.sums import Status, due_date
from po_toolkit.domain.tax import line_tax, rate_text, rates_of
from po_toolkit.domain.translations import DOCUMENTS, Language
from po_toolkit.money import display
from po_toolkit.reconcile.documents.page import Page
from po_toolkit.store.tables import Conference, CreditNote, PurchaseOrder

Sum = tuple[str, int, bool]
"""A name, an amount in minor units, and whether it is the one that counts."""


def language_of(order: PurchaseOrder, conference: Conference) -> str:
    """Return in which language a sponsor reads: the purchase order's, else the conference's."""
    return order.language or str((conference.content or {}).get("language") or "en")


def invoice_pdf(
    order: PurchaseOrder,
    conference: Conference,
    seller: Party | None = None,
    facturx: bytes | None = None,
    today: date | None = None,
) -> bytes:
    """Return a purchase order's invoice as PDF/A-3, with what was paid and is still due.

    The seller is by default the conference's name alone; ``facturx`` is CII XML to be embedded. A
    draft is dated ``today``, as when it is sent now; by default on the day it was created.

    Raises:
        PoToolkitError: No font of this machine has one of its letters.
    """
    live = order.live_invoice
    cancelled = order.status == Status.CANCELLED
    labels = Language.of(language_of(order, conference), DOCUMENTS)
    rows = [
        (line.description, line.quantity, line.unit_price, line.line_total)
        for line in order.line_items
    ]
    pay = live.hosted_url if live and order.sums.balance > 0 and not cancelled else ""
    return _paper(
        order,
        conference,
        labels,
        title=labels("Cancelled invoice" if cancelled else "Invoice"),
        facts=_facts(order, conference, labels, today),
        seller=seller,
        rows=rows,
        sums=_sums(order),
        pay=pay,
        facturx=facturx,
    )


def credit_note_pdf(
    order: PurchaseOrder,
    note: CreditNote,
    document: EInvoice,
    conference: Conference,
    facturx: bytes | None = None,
) -> bytes:
    """Return a credit note as PDF/A-3.

    ``document`` is the same as an e-invoice, with its split by VAT; ``facturx`` is its CII XML, to
    be embedded.

    Raises:
        PoToolkitError: No font of this machine has one of its letters.
    """
    labels = Language.of(language_of(order, conference), DOCUMENTS)
    facts = [
        (labels("Credit note"), document.number),
        (labels("Invoice credited"), document.preceding),
        (labels("Your PO number"), order.po_number),
        (labels("Our reference"), order.reference),
        (labels("Date"), labels.day(note.credit_date)),
    ]
    return _paper(
        order,
        conference,
        labels,
        title=labels("Credit note"),
        facts=[fact for fact in facts if fact[1]],
        seller=document.seller,
        rows=[(line.name, 1, line.net, line.net) for line in document.lines],
        sums=[*_vat_sums(document.breakdown), ("Total", note.amount, True)],
        pay="",
        facturx=facturx,
    )


def _paper(
    order: PurchaseOrder,
    conference: Conference,
    labels: Language,
    *,
    title: str,
    facts: Sequence[tuple[str, str]],
    seller: Party | None,
    rows: Sequence[tuple[str, int, int, int]],
    sums: Sequence[Sum],
    pay: str,
    facturx: bytes | None,
) -> bytes:
    """Write the one layout of invoices and credit notes."""
    currency = order.currency
    address = _address(order)
    lines = [
        [text, str(quantity), labels.amount(price, currency), labels.amount(amount, currency)]
        for text, quantity, price, amount in rows
    ]
    if labels.locale.language == "en":
        written = [(name, display(amount, currency), bold) for name, amount, bold in sums]
    else:
        written = [
            (labels(name), labels.money(amount, currency), bold) for name, amount, bold in sums
        ]
    pay_text = f"{labels('Pay online')}: {pay}" if pay else ""
    ours = _our_lines(seller, conference)
    code = currency.upper()
    head = [
        labels("Description"),
        labels("Quantity"),
        f"{labels('Unit price')} ({code})",
        f"{labels('Amount')} ({code})",
    ]
    footer = _footer(order, conference)
    page = Page(
        [
            *ours,
            conference.invoice_memo,
            pay_text,
            *address,
            *head,
            *chain(*facts),
            *chain(*lines),
            *chain(*((name, amount) for name, amount, _ in written)),
        ],
        title=f"{title} {facts[0][1]}",
        made_at=order.updated_at,
        labels=labels,
        small_print=footer,
        facturx=facturx,
    )
    page.heading("\n".join(ours), title)
    page.beside(address, facts)
    page.grid(head, lines, widths=(92, 20, 31, 31))
    page.sums(written)
    if conference.invoice_memo:
        page.paragraph(conference.invoice_memo)
    if pay:
        page.paragraph(pay_text, link=pay)
    return page.content()


def _our_lines(seller: Party | None, conference: Conference) -> list[str]:
    if seller is None:
        return [conference.name]
    place = " ".join(part for part in (seller.postcode, seller.city) if part)
    where = ", ".join(part for part in (seller.street, place, seller.country) if part)
    ids = ", ".join(part for part in (seller.vat_id or seller.tax_number,) if part)
    lines = [seller.name]
    if seller.name != conference.name:
        lines.append(conference.name)
    return [*lines, *(part for part in (where, ids) if part)]


def _facts(
    order: PurchaseOrder, conference: Conference, labels: Language, today: date | None
) -> list[tuple[str, str]]:
    live = order.live_invoice
    sent = live.sent_at if live else None
    issued = local_day(sent or order.created_at, conference.timezone)
    if today and not sent and order.status == Status.DRAFT:
        issued = today
    due = due_date(
        live.due_date if live else None,
        order.due_date,
        issued,
        own_days=order.days_until_due,
        usual_days=conference.days_until_due,
    )
    facts = [
        (labels("Invoice"), (live.number if live else "") or order.reference),
        (labels("Your PO number"), order.po_number),
        (labels("Our reference"), order.reference),
        (labels("Payment reference"), structured_reference(order.reference)),
        (labels("Date"), labels.day(issued)),
        (labels("Due"), labels.day(due)),
    ]
    return [(name, value) for name, value in facts if value]


def _address(order: PurchaseOrder) -> list[str]:
    parts = [order.organization_name, order.contact_name, order.billing_address]
    return [part for part in [*parts, order.tax_id, order.contact_email] if part]


def _taxes(order: PurchaseOrder) -> list[Sum]:
    """Return the sum of the lines and each tax by its rate, where there is any."""
    found: dict[str, int] = {}
    for line in order.line_items:
        rates = rates_of(line.tax_rates)
        if not rates and (line.tax_on_top or line.tax_included):
            found["Tax"] = found.get("Tax", 0) + line.tax_on_top + line.tax_included
        taxes = line_tax(line.line_total, order.currency, rates).by_rate
        for rate, amount in zip(rates, taxes, strict=True):
            found[rate_text(rate)] = found.get(rate_text(rate), 0) + amount
    if not found:
        return []
    lines = sum(line.line_total for line in order.line_items)
    return [("Lines", lines, False), *((name, tax, False) for name, tax in found.items())]


def _vat_sums(breakdown: Sequence[Breakdown]) -> list[Sum]:
    return [
        (f"{row.vat.reason or 'VAT'} {row.vat.percentage} %", row.tax, False)
        for row in breakdown
        if row.tax
    ]


def _footer(order: PurchaseOrder, conference: Conference) -> str:
    treatments = {r.treatment for line in order.line_items for r in rates_of(line.tax_rates)}
    return footer_text(conference.invoice_footer, conference.content, conference.tax, treatments)


def _sums(order: PurchaseOrder) -> list[Sum]:
    sums = order.sums
    rows = _taxes(order)
    rows.append(("Total", sums.total, False))
    rows += [("Credited", -sums.credited, False)] if sums.credited else []
    rows += [("Paid", -sums.paid, False)] if sums.paid else []
    rows += [("Refunded", sums.refunded, False)] if sums.refunded else []
    words = "Amount due" if sums.balance >= 0 else "In your favor"
    due = 0 if order.status == Status.CANCELLED else abs(sums.balance)
    rows.append((words, due, True))
    return rows
