"""What a spreadsheet leaves open is asked, and what it makes plain is read: sheets people have.

Each sheet here is of a kind that was billed wrong without a message once. ``right`` is what it must
give: the totals of its purchase orders, or a question about the thing named. When one of these
fails, a sponsor gets a wrong invoice that nobody was asked about.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from po_toolkit.api.imports import (
    ImportQuestionsError,
    ImportReport,
    import_purchase_orders,
    rejected_rows_csv,
    rejected_rows_xlsx,
)
from po_toolkit.bootstrap import OpenConference
from po_toolkit.errors import ImportFileError

SHEETS = Path(__file__).parent / "sheets"
CASES: dict[str, dict[str, Any]] = json.loads((SHEETS / "right.json").read_text("utf-8"))


def outcome(conference: OpenConference, path: Path, **options: Any) -> dict[str, Any]:
    """Return what became of a file, as ``right.json`` writes it down."""
    try:
        report = import_purchase_orders(conference, path, dry_run=True, **options)
    except ImportQuestionsError as asked:
        return {"asks": [question.key for question in asked.questions]}
    except ImportFileError as refused:
        return {"refused": str(refused)}
    return taken(report)


def taken(report: ImportReport) -> dict[str, Any]:
    found: dict[str, Any] = {
        "orders": [
            [
                order.organization_name,
                order.contact_email,
                order.po_number,
                f"{order.total_major} {order.currency}",
                order.due_date.isoformat() if order.due_date else order.days_until_due,
            ]
            for order in report.orders
        ]
    }
    if report.problems:
        found["errors"] = [[problem.row, problem.code] for problem in report.problems]
    if report.warnings:
        found["warnings"] = [[warning.row, warning.code] for warning in report.warnings]
    if report.left_rows:
        found["left_out"] = [left.row for left in report.left_rows]
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_sheet_is_read_right_or_asked_about(conference: OpenConference, name: str) -> None:
    right = dict(CASES[name])
    addresses = right.pop("addresses", None)
    if addresses:
        report = import_purchase_orders(conference, SHEETS / name, dry_run=True)
        assert [order.billing_address for order in report.orders] == addresses
    found = outcome(conference, SHEETS / name, **right.pop("options", {}))
    if "refused" in right:
        assert right["refused"] in found["refused"]
    else:
        assert found == right


def test_every_sheet_has_its_right_result() -> None:
    assert {path.name for path in SHEETS.iterdir()} == CASES.keys() | {"right.json"}


ASKED = [name for name, right in CASES.items() if "asks" in right]


@pytest.mark.parametrize("name", ASKED)
def test_every_answer_that_is_offered_is_taken(conference: OpenConference, name: str) -> None:
    """An option that the message names must answer the question, whichever it is."""
    options = dict(CASES[name].get("options", {}))
    with pytest.raises(ImportQuestionsError) as asked:
        import_purchase_orders(conference, SHEETS / name, dry_run=True, **options)
    for question in asked.value.questions:
        for choice in question.choices:
            answer = dict(choice.answer)
            mapping = {**options.get("mapping", {}), **answer.pop("mapping", {})}
            given = {**options, **answer, "mapping": mapping}
            found = outcome(conference, SHEETS / name, **given)
            assert question.key not in found.get("asks", []), choice.option
            assert choice.option.startswith("--")


def test_an_answer_is_not_asked_for_again(conference: OpenConference) -> None:
    """The second file of the season has the same header; nobody answers twice."""
    header = "Organization,Email,PO number,Description,Quantity,Unit price,Discount %\n"
    first = f"{header}Acme,ap@acme.example,P1,Gold,1,100.00,10\n".encode()
    with pytest.raises(ImportQuestionsError):
        import_purchase_orders(conference, first)
    import_purchase_orders(conference, first, mapping={"Discount %": ""})
    second = f"{header}Bolt,ap@bolt.example,P2,Gold,1,100.00,20\n".encode()
    assert import_purchase_orders(conference, second).accepted == 1


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_corrected_file_gives_the_same_without_its_other_rows(
    conference: OpenConference, ending: str
) -> None:
    """The rows that proved the decimal mark are not in the file of rejected rows."""
    content = (
        b"Firma;E-Mail;PO;Paket;Menge;Einzelpreis\n"
        b"Acme;ap@acme;A1;Gold;1;2.500\n"
        b"Bolt;ap@bolt.example;B1;Gold;1;1.500,25\n"
    )
    report = import_purchase_orders(conference, content, dry_run=True)
    write = rejected_rows_csv if ending == "csv" else rejected_rows_xlsx
    corrected = write(report)
    again = import_purchase_orders(conference, corrected, file_name=f"r.{ending}", dry_run=True)
    assert [p.code for p in again.problems] == ["email_invalid"]
    fixed = import_purchase_orders(
        conference,
        corrected,
        file_name=f"r.{ending}",
        dry_run=True,
        corrections={2: {1: "ap@acme.example"}},
    )
    assert [str(order.total_major) for order in fixed.orders] == ["2500.00"]
