"""A purchase order as an invoice on paper, for sponsors whose portal takes nothing else."""

from __future__ import annotations

from itertools import chain

from po_toolkit.domain.footers import footer_text
from po_toolkit.domain.periods import local_day
from po_toolkit.domain.sums import Status, due_date
from po_toolkit.domain.tax import line_tax, rate_words, rates_of
from po_toolkit.money import display, to_major
from po_toolkit.reconcile.documents.page import Page, day
from po_toolkit.store.tables import Conference, PurchaseOrder


def invoice_pdf(order: PurchaseOrder, conference: Conference) -> bytes:
    """Return a purchase order's invoice as PDF, with what was paid and is still due.

    Args:
        order: The purchase order with its lines, invoices, entries and credit notes.
        conference: Its conference.

    Raises:
        PoToolkitError: No font of this machine has one of its letters.
    """
    live = order.live_invoice
    facts = _facts(order, conference)
    address = _address(order)
    lines = [
        [
            line.description,
            str(line.quantity),
            f"{to_major(line.unit_price, order.currency):,}",
            f"{to_major(line.line_total, order.currency):,}",
        ]
        for line in order.line_items
    ]
    cancelled = order.status == Status.CANCELLED
    title = "Cancelled invoice" if cancelled else "Invoice"
    pay = f"Pay online: {live.hosted_url}" if live and live.hosted_url else ""
    texts = [
        conference.name,
        conference.invoice_memo,
        pay,
        *address,
        *chain(*facts),
        *chain(*lines),
        *(name for name, _, _ in _sums(order)),
    ]
    page = Page(
        texts,
        title=f"{title} {facts[0][1]}",
        made_at=order.updated_at,
        small_print=_footer(order, conference),
    )
    page.heading(conference.name, title)
    page.beside(address, facts)
    code = order.currency.upper()
    page.grid(
        ["Description", "Quantity", f"Unit price ({code})", f"Amount ({code})"],
        lines,
        widths=(92, 20, 31, 31),
        right=3,
    )
    page.sums(_sums(order))
    if conference.invoice_memo:
        page.paragraph(conference.invoice_memo)
    if live and pay and order.sums.balance > 0 and not cancelled:
        page.paragraph(pay, link=live.hosted_url)
    return page.content()


def _facts(order: PurchaseOrder, conference: Conference) -> list[tuple[str, str]]:
    live = order.live_invoice
    sent = live.sent_at if live else None
    issued = local_day(sent or order.created_at, conference.timezone)
    due = due_date(
        live.due_date if live else None,
        order.due_date,
        issued,
        own_days=order.days_until_due,
        usual_days=conference.days_until_due,
    )
    facts = [
        ("Invoice", (live.number if live else "") or order.reference),
        ("Your PO number", order.po_number),
        ("Our reference", order.reference),
        ("Date", day(issued)),
        ("Due", day(due) if due else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _address(order: PurchaseOrder) -> list[str]:
    parts = [order.organization_name, order.contact_name, order.billing_address]
    return [part for part in [*parts, order.tax_id, order.contact_email] if part]


def _taxes(order: PurchaseOrder) -> list[tuple[str, int, bool]]:
    """Return the sum of the lines and each tax by its rate, where there is any."""
    found: dict[str, int] = {}
    for line in order.line_items:
        rates = rates_of(line.tax_rates)
        if not rates and (line.tax_on_top or line.tax_included):
            found["Tax"] = found.get("Tax", 0) + line.tax_on_top + line.tax_included
        taxes = line_tax(line.line_total, order.currency, rates).by_rate
        for rate, amount in zip(rates, taxes, strict=True):
            found[rate_words(rate)] = found.get(rate_words(rate), 0) + amount
    if not found:
        return []
    lines = sum(line.line_total for line in order.line_items)
    return [("Lines", lines, False), *((name, tax, False) for name, tax in found.items())]


def _footer(order: PurchaseOrder, conference: Conference) -> str:
    treatments = {r.treatment for line in order.line_items for r in rates_of(line.tax_rates)}
    return footer_text(conference.invoice_footer, conference.content, conference.tax, treatments)


def _sums(order: PurchaseOrder) -> list[tuple[str, str, bool]]:
    sums = order.sums
    rows = _taxes(order)
    rows.append(("Total", sums.total, False))
    rows += [("Credited", -sums.credited, False)] if sums.credited else []
    rows += [("Paid", -sums.paid, False)] if sums.paid else []
    rows += [("Refunded", sums.refunded, False)] if sums.refunded else []
    words = "Amount due" if sums.balance >= 0 else "In your favour"
    due = 0 if order.status == Status.CANCELLED else abs(sums.balance)
    rows.append((words, due, True))
    return [(name, display(amount, order.currency), bold) for name, amount, bold in rows]
