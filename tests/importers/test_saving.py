"""What is saved, what is there already, mending, taking back, and remembered mappings."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import func, select

import po_toolkit
from po_toolkit.api.imports import (
    ImportReport,
    import_batches_of,
    import_fixed_rows,
    import_purchase_orders,
    rejected_rows,
    rejected_rows_csv,
    rejected_rows_xlsx,
    template,
    undo_import,
)
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.roles import Actor, Role
from po_toolkit.errors import (
    ImportChoiceError,
    ImportFileError,
    NotAllowedError,
    NotFoundError,
    PurchaseOrderError,
)
from po_toolkit.store import imports
from po_toolkit.store.tables import (
    AuditEntry,
    ImportBatch,
    ImportRow,
    PurchaseOrder,
    PurchaseOrderLineItem,
)

SAMPLES = Path(po_toolkit.__file__).parent / "samples"
HEADER = "organization_name,contact_email,po_number,description,quantity,unit_price\n"
GOLD = "Acme,ap@acme.example,007,Gold,1,500.00\n"
BAD = "Bolt,nobody,008,Gold,1,500.00\n"
BAD_SISTER = "Bolt,ap@bolt.example,008,Booth,1,100.00\n"


def take(conference: OpenConference, *rows: str, **options: object) -> ImportReport:
    content = (HEADER + "".join(rows)).encode()
    return import_purchase_orders(conference, content, file_name="sponsors.csv", **options)  # type: ignore[arg-type]  # as in the API


def count(conference: OpenConference, table: type) -> int:
    with conference.store.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_purchase_order_leads_back_to_its_file_sheet_and_row(
    conference: OpenConference,
) -> None:
    """An auditor asks where a figure comes from; the answer must be a cell."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "May"
    for row in [["Sponsors"], [], *csv.reader([HEADER, GOLD, GOLD])]:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    report = import_purchase_orders(conference, out.getvalue(), file_name="may.xlsx")
    with conference.store.reading() as session:
        order = session.scalars(select(PurchaseOrder)).one()
        assert order.import_batch is not None
        assert (order.import_batch.file_name, order.import_batch.sheet) == ("may.xlsx", "May")
        assert (order.import_batch.id, order.reference) == (report.batch, report.references[0])
        assert order.import_row == 4
        assert [line.import_row for line in order.line_items] == [4, 5]
        rows = session.scalars(select(ImportRow).order_by(ImportRow.row_number)).all()
        assert [(r.row_number, r.outcome, r.purchase_order_id) for r in rows] == [
            (4, "accepted", order.id),
            (5, "accepted", order.id),
        ]
        assert rows[0].cells == ["Acme", "ap@acme.example", "007", "Gold", "1", "500.00"]
        audit = session.scalars(select(AuditEntry).where(AuditEntry.act == "import")).one()
        assert (audit.actor, audit.after["accepted"]) == ("test:operator", 1)


def test_the_same_file_again_creates_nothing(conference: OpenConference) -> None:
    first = import_purchase_orders(conference, SAMPLES / "sponsors-2027.csv")
    again = import_purchase_orders(conference, SAMPLES / "sponsors-2027.csv")
    assert (first.accepted, again.accepted, again.duplicates, again.rejected) == (40, 0, 40, 0)
    assert again.references == []
    assert count(conference, PurchaseOrder) == 40
    assert count(conference, PurchaseOrderLineItem) == 118


def test_orders_without_a_number_are_not_doubled_either(conference: OpenConference) -> None:
    two = "Acme,ap@acme.example,,Ticket,1,50.00\n" * 2
    assert take(conference, two).accepted == 2
    assert take(conference, two).duplicates == 2
    third = take(conference, two, "Acme,ap@acme.example,,Ticket,1,50.00\n")
    assert (third.accepted, third.duplicates) == (1, 2)


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ("ACME ,ap@acme.example,007,Gold,1,501.00\n", "its total is 500.00 USD, here 501.00 USD"),
        ("Acme,ar@acme.example,007,Gold,1,500.00\n", "its contact email is ap@acme.example"),
        ("Acme,ap@acme.example,007,Silver,1,500.00\n", "one of its lines is 1 x 'gold'"),
        ("Acme,ap@acme.example,007,Gold,2,250.00\n", "one of its lines is 1 x 'gold'"),
    ],
)
def test_a_duplicate_that_differs_is_an_error_that_names_its_difference(
    conference: OpenConference, changed: str, difference: str
) -> None:
    reference = take(conference, GOLD).references[0]
    report = take(conference, changed, "Bolt,ap@bolt.example,1,Gold,1,500.00\n")
    assert (report.accepted, report.rejected, report.duplicates) == (1, 1, 0)
    (problem,) = report.problems
    assert (problem.row, problem.column, problem.code) == (2, "po_number", "duplicate_differs")
    assert reference in problem.message
    assert difference in problem.message


def test_duplicates_are_allowed_on_demand_but_never_the_same_twice(
    conference: OpenConference,
) -> None:
    take(conference, GOLD)
    changed = GOLD.replace("500.00", "501.00")
    assert take(conference, changed, allow_duplicates=True).accepted == 1
    again = take(conference, GOLD, allow_duplicates=True)
    assert (again.accepted, again.duplicates) == (0, 1)


def test_another_conference_has_its_own_numbers(
    conference: OpenConference, opener: Callable[..., OpenConference]
) -> None:
    take(conference, GOLD)
    assert take(opener("other-2027"), GOLD).accepted == 1


def test_a_duplicate_with_another_note_is_counted_and_told(conference: OpenConference) -> None:
    head = HEADER.replace("\n", ",notes\n").encode()
    import_purchase_orders(conference, head + b"Acme,ap@acme.example,007,Gold,1,500.00,one\n")
    report = import_purchase_orders(
        conference, head + b"Acme,ap@acme.example,007,Gold,1,500.00,two\n"
    )
    assert (report.duplicates, report.rejected) == (1, 0)
    assert [(w.row, w.column, w.code) for w in report.warnings] == [
        (2, "notes", "duplicate_detail")
    ]


def test_a_sponsor_invoiced_by_hand_is_claimed_and_only_once(conference: OpenConference) -> None:
    """His invoice is adopted later; a second one must never be sent."""
    head = HEADER.replace("\n", ",stripe_invoice_id\n").encode()
    first = b"Acme,ap@acme.example,007,Gold,1,500.00,in_1abc\n"
    second = b"Bolt,ap@bolt.example,008,Gold,1,500.00,in_1abc\n"
    report = import_purchase_orders(conference, head + first + second)
    assert (report.accepted, report.rejected) == (1, 1)
    assert [(p.row, p.code) for p in report.problems] == [(3, "invoice_id_taken")]
    with conference.store.reading() as session:
        assert session.scalars(select(PurchaseOrder.claimed_invoice_id)).one() == "in_1abc"
    later = import_purchase_orders(conference, head + second)
    assert report.references[0] in later.problems[0].message


def test_a_dry_run_writes_nothing(conference: OpenConference) -> None:
    report = take(conference, GOLD, BAD, dry_run=True)
    assert (report.batch, report.accepted, report.rejected) == (None, 1, 1)
    assert report.references == []
    for table in (ImportBatch, ImportRow, PurchaseOrder):
        assert count(conference, table) == 0


def test_a_viewer_may_look_but_not_import(opener: Callable[..., OpenConference]) -> None:
    viewer = opener(actor=Actor("test:viewer", Role.VIEWER))
    assert take(viewer, GOLD, dry_run=True).accepted == 1
    with pytest.raises(NotAllowedError):
        take(viewer, GOLD)
    assert count(viewer, PurchaseOrder) == 0


def test_a_reference_that_is_taken_is_drawn_again(
    conference: OpenConference, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = take(conference, GOLD).references[0]
    draws = iter([{taken}, {"PO-222222"}])
    monkeypatch.setattr(imports, "new_references", lambda _count: next(draws))
    assert take(conference, "Bolt,ap@bolt.example,1,Gold,1,500.00\n").references == ["PO-222222"]


def test_nothing_is_left_of_an_import_that_fails_midway(
    conference: OpenConference, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(imports, "_save_rows", broken)
    with pytest.raises(RuntimeError):
        take(conference, GOLD)
    for table in (ImportBatch, ImportRow, PurchaseOrder, PurchaseOrderLineItem):
        assert count(conference, table) == 0


@pytest.mark.parametrize("write", [rejected_rows_csv, rejected_rows_xlsx])
def test_rejected_rows_are_written_as_they_came_with_a_reason(
    conference: OpenConference, write: Callable[[ImportReport], bytes]
) -> None:
    """Mended in a spreadsheet program, the file is imported alone."""
    report = take(conference, GOLD, BAD, BAD_SISTER, '=1+1,ap@c.example,"00,9",x,1,nope\n')
    content = write(report)
    name = "rejected.csv" if write is rejected_rows_csv else "rejected.xlsx"
    again = import_purchase_orders(conference, content, file_name=name, dry_run=True)
    assert [row[1][:6] for row in again.rejected_rows] == [r[1] for r in report.rejected_rows]
    reasons = [row[1][6] for row in again.rejected_rows]
    assert "Row 3: This email address has no @ sign" in str(reasons[0])
    assert [column.field for column in again.columns][-1] is None
    mended = content.replace(b"nobody", b"ap@bolt.example") if name.endswith("csv") else None
    if mended:
        taken = import_purchase_orders(conference, mended, file_name=name)
        assert (taken.accepted, taken.rejected) == (1, 1)
        assert len(taken.orders[0].lines) == 2


def test_rejected_rows_are_mended_in_place(conference: OpenConference) -> None:
    """Without a new upload: they are in the database until somebody mends them."""
    batch = take(conference, GOLD, BAD, BAD_SISTER).batch
    assert batch is not None
    waiting = rejected_rows(conference, batch)
    assert waiting.headers[1] == "contact_email"
    assert [(row.row, len(row.problems)) for row in waiting.rows] == [(3, 1), (4, 0)]
    edited = [(row.row, list(row.cells)) for row in waiting.rows]
    edited[0][1][1] = "still nobody"
    checked = import_fixed_rows(conference, batch, edited, dry_run=True)
    assert [(p.row, p.code) for p in checked.problems] == [(3, "email_invalid")]
    edited[0][1][1] = "ap@bolt.example"
    report = import_fixed_rows(conference, batch, edited)
    assert (report.accepted, report.rejected) == (1, 0)
    assert rejected_rows(conference, batch).rows == []
    with conference.store.reading() as session:
        order = session.scalars(
            select(PurchaseOrder).where(PurchaseOrder.reference == report.references[0])
        ).one()
        assert order.import_batch is not None
        assert (order.import_batch.file_name, order.import_row) == ("sponsors.csv", 3)
        assert [line.import_row for line in order.line_items] == [3, 4]
    with pytest.raises(ImportFileError, match="corrected before"):
        import_fixed_rows(conference, batch, edited)


def test_rows_can_be_added_and_left_out_while_mending(conference: OpenConference) -> None:
    batch = take(conference, BAD, BAD_SISTER).batch
    assert batch is not None
    good = ["Bolt", "ap@bolt.example", "008", "Booth", "1", "100.00"]
    report = import_fixed_rows(
        conference, batch, [(3, good), (0, [*good[:3], "Ticket", "2", "9.50"])]
    )
    assert (report.accepted, report.orders[0].rows) == (1, [3, 4])
    assert [row.row for row in rejected_rows(conference, batch).rows] == [2]
    with pytest.raises(ImportFileError, match="no row"):
        import_fixed_rows(conference, batch, [(0, ["", " "])])
    with pytest.raises(NotFoundError):
        import_fixed_rows(conference, 999, [(0, good)])


def test_mended_rows_are_read_in_the_habit_of_their_file(conference: OpenConference) -> None:
    """One row alone could not tell that 1.500 is fifteen hundred here."""
    rows = '"1.234,50"', '"1.500"'
    content = HEADER + "".join(
        f"S{at},{'x' if at else 'ap@s.example'},{at},Gold,1,{price}\n"
        for at, price in enumerate(rows)
    )
    batch = import_purchase_orders(conference, content.encode()).batch
    assert batch is not None
    (row,) = rejected_rows(conference, batch).rows
    cells = [*row.cells[:1], "ap@s.example", *row.cells[2:]]
    assert import_fixed_rows(conference, batch, [(row.row, cells)]).orders[0].total == 150000


def test_a_batch_of_drafts_is_taken_back_as_a_whole(conference: OpenConference) -> None:
    kept = take(conference, GOLD).references
    batch = take(conference, "Bolt,ap@bolt.example,1,Gold,1,500.00\n", BAD).batch
    assert batch is not None
    repeat = take(conference, "Bolt,ap@bolt.example,1,Gold,1,500.00\n")
    assert repeat.duplicates == 1
    report = undo_import(conference, batch)
    assert len(report.purchase_orders) == 1
    assert report.as_json() == {"batch": batch, "purchase_orders": report.purchase_orders}
    with conference.store.reading() as session:
        assert list(session.scalars(select(PurchaseOrder.reference))) == kept
        found = session.get_one(ImportBatch, batch)
        assert found.undone_at is not None
        rows = session.scalars(select(ImportRow.outcome).where(ImportRow.batch_id == batch))
        assert sorted(rows) == ["rejected", "undone"]
    with pytest.raises(PurchaseOrderError, match="undone before"):
        undo_import(conference, batch)
    assert take(conference, "Bolt,ap@bolt.example,1,Gold,1,500.00\n").accepted == 1


def test_an_order_taken_back_leaves_its_id_to_nobody(conference: OpenConference) -> None:
    """What the audit log says of it would else be told of a stranger."""
    first = take(conference, GOLD)
    with conference.store.reading() as session:
        gone = session.scalars(select(PurchaseOrder.id)).one()
    assert first.batch is not None
    undo_import(conference, first.batch)
    take(conference, GOLD)
    with conference.store.reading() as session:
        assert session.scalars(select(PurchaseOrder.id)).one() > gone


def test_a_batch_with_an_order_that_moved_on_is_not_taken_back(
    conference: OpenConference,
) -> None:
    """Taking back what was sent or paid would lose money from the books."""
    report = take(conference, GOLD, "Bolt,ap@bolt.example,1,Gold,1,500.00\n")
    treasurer = replace(conference, actor=Actor("test:treasurer", Role.TREASURER))
    record_payment_by_hand(
        treasurer,
        report.references[0],
        amount=Decimal(500),
        method="wire",
        date_as_given=True,
    )
    assert report.batch is not None
    with pytest.raises(PurchaseOrderError, match=report.references[0]):
        undo_import(conference, report.batch)
    assert count(conference, PurchaseOrder) == 2


def test_batches_are_listed_with_what_waits_in_them(conference: OpenConference) -> None:
    take(conference, GOLD)
    batch = take(conference, GOLD, BAD).batch
    latest, first = import_batches_of(conference)
    assert (latest.batch, latest.accepted, latest.rejected, latest.duplicates) == (batch, 0, 1, 1)
    assert (latest.waiting_rows, latest.can_be_undone) == (1, False)
    assert (first.waiting_rows, first.can_be_undone, first.file_name) == (0, True, "sponsors.csv")


def test_a_mapping_is_remembered_for_files_with_the_same_header(
    conference: OpenConference, opener: Callable[..., OpenConference]
) -> None:
    content = b"Who,Mail to,Nr,Fee,Extra\nAcme,ap@acme.example,007,500.00,1.00\n"
    other = content.replace(b"Acme", b"Bolt")
    with pytest.raises(ImportFileError):
        import_purchase_orders(conference, content)
    mapping = {"organization_name": "Who", "contact_email": "Mail to", "amount": "Extra"}
    assert import_purchase_orders(conference, content, mapping=mapping).orders[0].total == 100
    report = import_purchase_orders(conference, other)
    assert report.orders[0].total == 100
    assert {c.reason for c in report.columns if c.field} == {"saved"}
    changed = {"organization_name": "Who", "amount": "Fee", "po_number": ""}
    import_purchase_orders(conference, other, mapping=changed, allow_duplicates=True)
    third = import_purchase_orders(conference, content.replace(b"Acme", b"Cork"))
    assert (third.orders[0].total, third.orders[0].po_number) == (50000, "")
    with pytest.raises(ImportFileError):
        import_purchase_orders(opener("other-2027"), content)


def test_a_file_of_rejected_rows_is_read_with_the_mapping_of_their_file(
    conference: OpenConference,
) -> None:
    content = b"Who,Mail to,Fee,Fee\nAcme,ap@acme.example,500.00,1.00\nBolt,nobody,200.00,1.00\n"
    mapping = {"organization_name": "Who", "contact_email": "Mail to", "amount": "Fee (column C)"}
    report = import_purchase_orders(conference, content, mapping=mapping)
    assert (report.accepted, report.rejected) == (1, 1)
    mended = rejected_rows_csv(report).replace(b"nobody", b"ap@bolt.example")
    (order,) = import_purchase_orders(conference, mended).orders
    assert (order.organization_name, order.total) == ("Bolt", 20000)


def test_a_question_writes_nothing_and_its_answer_imports(conference: OpenConference) -> None:
    row = 'Acme,ap@acme.example,007,Gold,1,"1,500"\n'
    with pytest.raises(ImportChoiceError) as asked:
        take(conference, row)
    assert asked.value.question == "decimal"
    assert asked.value.choices == ["--decimal point", "--decimal comma"]
    assert count(conference, ImportBatch) == 0
    assert take(conference, row, decimal="point").orders[0].total == 150000


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_template_is_read_back_and_asks_for_rows(conference: OpenConference, kind: str) -> None:
    content = template(kind)  # type: ignore[arg-type]  # one of the two
    with pytest.raises(ImportFileError, match="no purchase order under it"):
        import_purchase_orders(conference, content, file_name=f"template.{kind}")


def test_a_file_that_is_too_large_is_not_read(
    conference: OpenConference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("po_toolkit.importers.readers.LARGEST_FILE", 100)
    with pytest.raises(ImportFileError, match="Split it"):
        import_purchase_orders(conference, b"x" * 101)
    with pytest.raises(ImportFileError, match="cannot be read"):
        import_purchase_orders(conference, Path("/no/such/file.csv"))


@pytest.mark.parametrize("column", [1, 2, 4, 5])
@pytest.mark.parametrize("text", ["9", "9.", "a", "PO-1", "-{}x"])
def test_an_endless_cell_costs_its_own_row_alone(conference: OpenConference, column, text) -> None:
    """One broken cell of 100,000 signs must neither end the import of the others nor take hours."""
    cells = ["Bolt", "ap@bolt.example", "008", "Gold", "1", "500.00"]
    cells[column] = text.format(" " * 100_000) if "{" in text else text * (100_000 // len(text))
    report = take(conference, GOLD, ",".join(cells) + "\n")
    no_number = column == 2 and not any(map(str.isdigit, text))  # it has none, with a warning
    assert (report.accepted, report.rejected) == ((2, 0) if no_number else (1, 1))
    assert {problem.row for problem in (*report.problems, *report.warnings)} == {3}
