"""A sponsor's statement on paper."""

from __future__ import annotations

from datetime import datetime
from itertools import chain
from typing import Any

from po_toolkit.money import display, to_major
from po_toolkit.reconcile.documents.page import Page, day
from po_toolkit.reconcile.statement import Statement


def statement_pdf(statement: Statement, *, made_at: datetime) -> bytes:
    """Return a statement as PDF: a table and what is owed for each currency.

    Args:
        statement: From :func:`po_toolkit.reconcile.statement.sponsor_statement`.
        made_at: The date in the document's properties.

    Raises:
        PoToolkitError: No font of this machine has one of its letters.
    """
    period = f"to {day(statement.as_of)}"
    if statement.since:
        period = f"{day(statement.since)} {period}"
    facts = [("Statement", period), ("Timezone", statement.timezone)]
    parts = [
        statement.organization_name,
        statement.contact_name,
        statement.billing_address,
        statement.contact_email,
    ]
    address = [part for part in parts if part]
    tables = {currency: _rows(statement, currency) for currency in sorted(statement.owed)}
    cells = chain.from_iterable(chain.from_iterable(tables.values()))
    name = statement.conference.name
    page = Page(
        [name, *address, *chain(*facts), *cells],
        title=f"Statement {statement.organization_name}",
        made_at=made_at,
        small_print=statement.conference.invoice_footer,
    )
    page.heading(name, "Statement of account")
    page.beside(address, facts)
    for currency, rows in tables.items():
        code = currency.upper()
        page.grid(
            ["Date", "What", "Purchase order", f"Charged ({code})", "Credited", "Balance"],
            rows,
            widths=(24, 42, 36, 26, 23, 23),
            right=3,
        )
        owed = statement.owed[currency]
        words = "Amount due" if owed >= 0 else "In your favour"
        page.sums([(words, display(abs(owed), currency), True)])
    if not tables:
        page.paragraph("Nothing was charged or paid.")
    return page.content()


def _rows(statement: Statement, currency: str) -> list[list[str]]:
    lines = statement.lines[statement.lines["currency"].eq(currency)]
    rows: Any = lines.itertuples()
    return [
        [
            f"{row.day:%Y-%m-%d}",
            _what(row.what, row.details),
            " ".join(part for part in (row.reference, row.po_number) if part),
            _amount(row.charge, currency),
            _amount(row.credit, currency),
            f"{to_major(row.balance, currency):,}",
        ]
        for row in rows
    ]


def _what(what: str, details: str) -> str:
    words = what.replace("_", " ").capitalize()
    if not details:
        return words
    return f"{words} {details}" if what == "invoice" else f"{words}: {details}"


def _amount(minor: int, currency: str) -> str:
    return f"{to_major(minor, currency):,}" if minor else ""
