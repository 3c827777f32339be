"""A sponsor's statement on paper."""

from __future__ import annotations

from datetime import datetime
from itertools import chain
from typing import Any

from po_toolkit.domain.translations import DOCUMENTS, Language
from po_toolkit.reconcile.documents.page import Page
from po_toolkit.reconcile.statement import Statement


def statement_pdf(statement: Statement, *, made_at: datetime, language: str = "en") -> bytes:
    """Return a statement as PDF: a table and what is owed for each currency.

    The language is the sponsor's, such as ``de``.

    Raises:
        PoToolkitError: No font of this machine has one of its letters.
    """
    labels = Language.of(language, DOCUMENTS)
    period = labels.day(statement.as_of)
    if statement.since:
        period = f"{labels.day(statement.since)} \N{EN DASH} {period}"
    facts = [(labels("Statement"), period), (labels("Timezone"), statement.timezone)]
    parts = [
        statement.organization_name,
        statement.contact_name,
        statement.billing_address,
        statement.contact_email,
    ]
    address = [part for part in parts if part]
    tables = {currency: _rows(statement, currency, labels) for currency in sorted(statement.owed)}
    cells = chain.from_iterable(chain.from_iterable(tables.values()))
    name = statement.conference.name
    page = Page(
        [name, *address, *chain(*facts), *cells],
        title=f"{labels('Statement')} {statement.organization_name}",
        made_at=made_at,
        labels=labels,
        small_print=statement.conference.invoice_footer,
    )
    page.heading(name, labels("Statement of account"))
    page.beside(address, facts)
    for currency, rows in tables.items():
        code = currency.upper()
        page.grid(
            [
                labels("Date"),
                labels("Entry"),
                labels("Purchase order"),
                f"{labels('Charged')} ({code})",
                labels("Credited"),
                labels("Balance"),
            ],
            rows,
            widths=(33, 42, 31, 24, 22, 22),
        )
        owed = statement.owed[currency]
        words = "Amount due" if owed >= 0 else "In your favor"
        page.sums([(labels(words), labels.money(abs(owed), currency), True)])
    if not tables:
        page.paragraph(labels("Nothing was charged or paid."))
    return page.content()


def _rows(statement: Statement, currency: str, labels: Language) -> list[list[str]]:
    lines = statement.lines[statement.lines["currency"].eq(currency)]
    rows: Any = lines.itertuples()
    return [
        [
            labels.day(row.day),
            _what(row.what, row.details, labels),
            " ".join(part for part in (row.reference, row.po_number) if part),
            labels.amount(row.charge, currency) if row.charge else "",
            labels.amount(row.credit, currency) if row.credit else "",
            labels.amount(row.balance, currency),
        ]
        for row in rows
    ]


def _what(what: str, details: str, labels: Language) -> str:
    words = labels(what.replace("_", " ").capitalize())
    if not details:
        return words
    return f"{words} {details}" if what == "invoice" else f"{words}: {details}"
