"""Text that a sponsor, a bank or a colleague chose, on every page of the app."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from po_toolkit.api.bank import import_bank_statement
from po_toolkit.api.contact import ContactChanges, attach_file, change_contact
from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.api.sync import sync_conference
from po_toolkit.domain.roles import Actor, Role
from po_toolkit.ui.shell import SCREENS
from tests.bank.statement import Entry, camt

EVIL = "*Zed* [zz](https://evil.example) ![i](https://evil.example/i.png) <b>$x$ :red[now]"
SIGNS = ("[zz](", "![i](", ":red[now", "<b>")
NOT_MARKDOWN = {
    ("Text", "body"),
    ("TextInput", "value"),
    ("TextInput", "default"),
    ("TextArea", "value"),
    ("TextArea", "default"),
    ("Selectbox", "options"),
    ("Selectbox", "raw_value"),
    ("MultiSelect", "options"),
    ("ArrowVegaLiteChart", "spec"),
}
"""What Streamlit shows as it is."""


def as_markdown(message: Any) -> Iterator[tuple[str, str, str]]:
    """Every text in a part of the page that Streamlit may read as Markdown or HTML."""
    for field, value in message.ListFields():
        values = value if field.is_repeated else [value]
        for one in values:
            if field.message_type is not None and hasattr(one, "ListFields"):
                yield from as_markdown(one)
            elif isinstance(one, str):
                name = message.DESCRIPTOR.name, field.name
                if name not in NOT_MARKDOWN:
                    yield (*name, one)


def parts(node: Any) -> Iterator[Any]:
    """Every part of a page, boxes included."""
    if (proto := getattr(node, "proto", None)) is not None:
        yield proto
    for child in getattr(node, "children", {}).values():
        yield from parts(child)


@pytest.fixture
def season(conference, simulator) -> dict[str, dict[str, str]]:
    """Books in which all that others wrote is hostile, and the pages that show them."""
    opened = conference(actor=Actor(f"app:{EVIL}", Role.ADMIN))
    head = (
        "organization_name,contact_name,contact_email,po_number,description,billing_address,notes,"
    )
    row = '"{0} {1}","{0}",a{1}@zed.example,"{0} {1}","{0}","{0}","{0}",{2}\n'
    rows = [row.format(EVIL, n, f"{100 + n}.00") for n in range(4)]
    rows += [f'"{EVIL} bad","{EVIL}","{EVIL}","{EVIL}","{EVIL}","{EVIL}","{EVIL}","{EVIL}"\n']
    report = import_purchase_orders(
        opened, (head + "amount\n" + "".join(rows)).encode(), file_name=f"{EVIL}.csv"
    )
    assert (report.accepted, report.rejected) == (4, 1)
    first, second, third, _ = report.references
    results = invoice_purchase_orders(opened, references=[first, second, third]).results
    simulator.control.pay(results[0].stripe_invoice_id, account="sk_test_screens_pycon_2027")
    record_payment_by_hand(
        opened,
        second,
        amount=Decimal(500),
        method="wire",
        payment_reference=EVIL,
        note=EVIL,
        overpaid=True,
    )
    change_contact(opened, third, ContactChanges(contact_phone=EVIL[:30], notes=EVIL))
    attach_file(opened, third, f"{EVIL}.pdf", b"%PDF-1.7")
    sync_conference(opened)
    lines = [Entry(opened.today(), Decimal(n), EVIL, EVIL) for n in (102, 777)]
    import_bank_statement(opened, camt(lines), file_name=f"{EVIL}.xml")
    pages: dict[str, dict[str, str]] = {p: {"start": p} for p in SCREENS if p != "order"}
    pages |= {r: {"start": "order", "po": r} for r in report.references}
    pages |= {
        "import-batch": {"start": "imported", "batch": str(report.batch)},
        "bank-statements": {"start": "bank", "bank-view": "Statements"},
        "by-month": {"start": "reconciliation", "reconciliation-view": "By month"},
        "discrepancies": {"start": "reconciliation", "reconciliation-view": "Discrepancies"},
    }
    return pages


def markup(app: Any) -> set[tuple[str, str, str]]:
    """Return what of the hostile text is read as Markdown or HTML."""
    texts = {text for proto in parts(app._tree) for text in as_markdown(proto)}
    return {text for text in texts if any(sign in unescaped(text[2]) for sign in SIGNS)}


def unescaped(text: str) -> str:
    """Take away the signs whose meaning a backslash has taken."""
    return re.sub(r"\\.", "", text)


def test_nothing_that_others_wrote_becomes_a_link_a_picture_or_markup_on_any_page(show, season):
    """A sponsor named "[your bank](https://evil.example)" would send a treasurer there."""
    found = {name: markup(show(**query)) for name, query in season.items()}
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_a_question_about_a_hostile_file_quotes_it_as_it_is(show):
    """The names of columns and what stands in the cells is quoted before anything is decided."""
    table = "".join(f'"{EVIL} {n}","{EVIL}","1.500","01/02/2027"\n' for n in range(3))
    head = f'"{EVIL} Sponsor","{EVIL}","Amount {EVIL}","Date {EVIL}"\n'
    app = show("import")
    app.file_uploader[0].set_value((f"{EVIL}.csv", (head + table).encode(), "text/csv")).run()
    assert any("zz" in text for proto in parts(app._tree) for *_, text in as_markdown(proto))
    assert markup(app) == set()
