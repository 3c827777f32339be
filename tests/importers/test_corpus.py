"""Every file of the corpus is read as its writer meant it.

Beside each file lies what it holds; ``make_corpus.py`` wrote both. When one of these fails, a
treasurer whose program writes such files sends wrong invoices, or none.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from po_toolkit import errors
from po_toolkit.api.imports import ImportReport, import_purchase_orders
from po_toolkit.bootstrap import OpenConference
from po_toolkit.importers.rows import Order
from po_toolkit.money import to_major

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(path.with_suffix("") for path in CORPUS.glob("*.json"))


def order_as_json(order: Order) -> dict[str, Any]:
    return {
        "rows": order.rows,
        "organization_name": order.organization_name,
        "contact_name": order.contact_name,
        "contact_email": order.contact_email,
        "billing_address": order.billing_address,
        "po_number": order.po_number,
        "currency": order.currency,
        "due_date": order.due_date.isoformat() if order.due_date else None,
        "days_until_due": order.days_until_due,
        "notes": order.notes,
        "total": amount(order.total, order.currency),
        "lines": [
            [line.description, line.quantity, amount(line.unit_price, order.currency)]
            for line in order.lines
        ],
    }


def amount(minor: int, currency: str) -> str:
    return str(to_major(minor, currency).normalize().as_tuple())


def normalized(expected: dict[str, Any]) -> dict[str, Any]:
    """Write the expected amounts as :func:`amount` does, whatever zeros stand at their end."""
    from decimal import Decimal

    def same(text: str) -> str:
        return str(Decimal(text).normalize().as_tuple())

    return {
        **expected,
        "total": same(expected["total"]),
        "lines": [[text, quantity, same(price)] for text, quantity, price in expected["lines"]],
    }


def checked(report: ImportReport, expected: dict[str, Any]) -> None:
    assert [[p.row, p.column, p.code] for p in report.problems] == expected["errors"]
    assert [order_as_json(o) for o in report.orders] == [normalized(o) for o in expected["orders"]]
    assert [[p.row, p.code] for p in report.warnings] == expected["warnings"]
    said = "\n".join(report.notes)
    assert len(report.notes) == len(expected["notes"]), said
    for note in expected["notes"]:
        assert note in said


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_is_read_as_it_was_meant(path: Path, conference: OpenConference) -> None:
    expected = json.loads(path.with_name(path.name + ".json").read_text("utf-8"))
    if "raises" in expected:
        kind = getattr(errors, expected["raises"])
        with pytest.raises(kind) as refused:
            import_purchase_orders(conference, path, dry_run=True, **expected["options"])
        asked = issubclass(kind, errors.ImportChoiceError)
        assert isinstance(refused.value, errors.ImportChoiceError) == asked
        assert expected["says"] in str(refused.value)
        return
    report = import_purchase_orders(conference, path, dry_run=True, **expected["options"])
    checked(report, expected)


def test_the_corpus_is_complete() -> None:
    """A file without an expected result beside it would prove nothing."""
    assert len(FILES) >= 40
    files = {p for p in CORPUS.iterdir() if p.suffix != ".json"}
    assert files == set(FILES)
