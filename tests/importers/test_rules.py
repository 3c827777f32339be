"""Which rows are one purchase order, and what rejects it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import po_toolkit
from po_toolkit.api.imports import ImportReport, import_purchase_orders
from po_toolkit.bootstrap import OpenConference
from po_toolkit.errors import ImportFileError
from po_toolkit.importers.problems import ERRORS, WARNINGS

SAMPLES = Path(po_toolkit.__file__).parent / "samples"

ROW: dict[str, Any] = {
    "organization_name": "Acme",
    "contact_email": "ap@acme.example",
    "po_number": "1",
    "description": "Gold",
    "quantity": "1",
    "unit_price": "500.00",
}


def sheet(*changes: dict[str, Any]) -> bytes:
    """A CSV file with a row for each set of changes to a good row; None drops the cell's column."""
    rows = [{k: v for k, v in {**ROW, **change}.items() if v is not None} for change in changes]
    header = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, header, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def found(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(p.row, p.column, p.code) for p in report.problems]


def check(conference: OpenConference, *changes: dict[str, Any], **options: Any) -> ImportReport:
    return import_purchase_orders(conference, sheet(*changes), dry_run=True, **options)


def test_the_sample_of_forty_is_taken_to_the_cent(conference: OpenConference) -> None:
    report = import_purchase_orders(conference, SAMPLES / "sponsors-2027.csv")
    assert (report.accepted, report.rejected, report.duplicates) == (40, 0, 0)
    assert sum(len(order.lines) for order in report.orders) == 118
    assert sum(order.total for order in report.orders) == 68937866
    assert report.warnings == []


def test_seven_mistakes_reject_seven_orders_and_not_their_neighbour(
    conference: OpenConference,
) -> None:
    report = import_purchase_orders(conference, SAMPLES / "sponsors-with-errors.csv")
    assert (report.accepted, report.rejected) == (1, 7)
    assert report.orders[0].organization_name == "Maple Energy Inc."
    assert found(report) == [
        (4, "contact_email", "email_invalid"),
        (7, "unit_price", "amount_unreadable"),
        (9, "quantity", "quantity_invalid"),
        (12, "description", "required"),
        (15, "currency", "currency_unknown"),
        (19, "due_date", "date_invalid"),
        (22, "organization_name", "required"),
    ]


def test_currencies_keep_their_own_decimals(conference: OpenConference) -> None:
    report = import_purchase_orders(conference, SAMPLES / "sponsors-currencies.csv")
    assert (report.accepted, report.rejected) == (5, 0)
    assert {order.currency: order.total for order in report.orders} == {
        "jpy": 1650000,
        "bhd": 2827500 + 3 * 320250,
        "isk": 485000,
        "ugx": 900000,
        "eur": 690000 + 7 * 78435,
    }


def test_rows_of_one_number_are_one_order_wherever_they_stand(conference: OpenConference) -> None:
    report = check(conference, {}, {"po_number": "2"}, {"organization_name": " ACME "}, {})
    assert [order.rows for order in report.orders] == [[2, 4, 5], [3]]


def test_rows_without_a_number_never_group(conference: OpenConference) -> None:
    """Two tickets of one sponsor would else become one invoice nobody asked for."""
    report = check(conference, {"po_number": ""}, {"po_number": ""})
    assert [order.rows for order in report.orders] == [[2], [3]]


def test_the_same_number_of_two_sponsors_is_two_orders(conference: OpenConference) -> None:
    report = check(conference, {}, {"organization_name": "Bolt"})
    assert [order.organization_name for order in report.orders] == ["Acme", "Bolt"]


def test_a_row_that_lacks_its_sponsor_is_a_hole_in_the_order_above(
    conference: OpenConference,
) -> None:
    """Else the order above would be billed one line short."""
    bolt = {"organization_name": "Bolt", "po_number": "2"}
    report = check(conference, {}, {"organization_name": ""}, bolt)
    assert (report.accepted, report.rejected) == (1, 1)
    assert found(report) == [(3, "organization_name", "required")]
    report = check(conference, {"organization_name": ""}, {}, bolt)
    assert (report.accepted, report.rejected) == (1, 1)
    assert [row for row, _ in report.rejected_rows] == [2, 3]


def test_every_mistake_of_a_row_is_told_at_once(conference: OpenConference) -> None:
    bad = {"contact_email": "nobody", "quantity": "some", "unit_price": "x", "due_date": "soon"}
    report = check(conference, bad)
    assert Counter(p.code for p in report.problems) == {
        "email_invalid": 1,
        "quantity_invalid": 1,
        "amount_unreadable": 1,
        "date_invalid": 1,
    }


@pytest.mark.parametrize(
    ("change", "column", "code"),
    [
        ({"unit_price": ""}, "unit_price", "required"),
        ({"contact_email": ""}, "contact_email", "required"),
        ({"contact_email": "ap@acme"}, "contact_email", "email_invalid"),
        ({"contact_email": "ap@acme.invalid"}, "contact_email", "email_invalid"),
        ({"quantity": "0"}, "quantity", "quantity_invalid"),
        ({"quantity": "-1"}, "quantity", "quantity_invalid"),
        ({"quantity": "1.5"}, "quantity", "quantity_invalid"),
        ({"quantity": "1000000"}, "quantity", "quantity_invalid"),
        ({"unit_price": "12.345"}, "unit_price", "amount_not_representable"),
        ({"unit_price": "-5.00"}, "unit_price", "total_not_positive"),
        ({"unit_price": "0.00"}, "unit_price", "total_not_positive"),
        ({"unit_price": "0.49"}, "unit_price", "total_below_minimum"),
        ({"unit_price": "99999999999.00"}, "unit_price", "total_too_large"),
        ({"unit_price": "9" * 40}, "unit_price", "amount_not_representable"),
        ({"unit_price": "€ 5.00", "currency": "usd"}, "unit_price", "currency_conflict"),
        ({"amount": "501.00"}, "amount", "amount_mismatch"),
        ({"currency": "xbt"}, "currency", "currency_unknown"),
        ({"po_number": "9" * 141}, "po_number", "too_long"),
        ({"organization_name": "x" * 257}, "organization_name", "too_long"),
        ({"description": "x" * 5001}, "description", "too_long"),
        ({"description": ""}, "description", "required"),
        ({"due_date": "2027-02-30"}, "due_date", "date_invalid"),
        ({"due_date": "1927-02-03"}, "due_date", "date_invalid"),
        ({"days_until_due": "soon"}, "days_until_due", "days_invalid"),
        ({"days_until_due": "400"}, "days_until_due", "days_invalid"),
        ({"stripe_invoice_id": "INV-1"}, "stripe_invoice_id", "invoice_id_invalid"),
    ],
)
def test_what_stripe_would_refuse_later_is_an_error_now(
    conference: OpenConference, change: dict[str, str], column: str, code: str
) -> None:
    report = check(conference, change, {"po_number": "2", "unit_price": "12.50"})
    assert found(report) == [(2, column, code)]
    assert (report.accepted, report.rejected) == (1, 1)
    problem = report.problems[0]
    assert problem.value == (change.get(column) or "")
    assert problem.message.startswith("Row 2: ")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("2027-02-30", "There is no such day; write a date like 2027-03-31."),
        ("March 2027", "This names a month without a day; write a date like 2027-03-31."),
        (
            "Net 30",
            (
                "This is a payment term, not a date; write a date like 2027-03-31, or put the days "
                "into a column days_until_due."
            ),
        ),
        ("soon", "This is not a date; write one like 2027-03-31."),
        ("1927-02-03", "The year 1927 is out of range; write a date like 2027-03-31."),
        (
            "03/04/2027",
            (
                "This can be 2027-03-04 or 2027-04-03; write it like 2027-03-31, or choose the "
                "order of the file's dates."
            ),
        ),
    ],
)
def test_what_is_wrong_with_a_date_is_said_with_what_to_write(
    conference: OpenConference, written: str, message: str
) -> None:
    """Each of these is corrected in another way, so none may share another's words."""
    report = check(conference, {"due_date": written}, {"po_number": "2", "unit_price": "12.50"})
    assert [p.message for p in report.problems] == [f"Row 2: {message}"]


def test_250_lines_are_taken_and_251_refused(conference: OpenConference) -> None:
    assert check(conference, *[{}] * 250).accepted == 1
    report = check(conference, *[{}] * 251)
    assert found(report) == [(2, "po_number", "too_many_lines")]
    assert "250" in report.problems[0].message


@pytest.mark.parametrize(
    ("column", "one", "other"),
    [
        ("contact_email", "ap@acme.example", "ar@acme.example"),
        ("currency", "usd", "eur"),
        ("due_date", "2027-03-31", "2027-04-30"),
        ("days_until_due", "30", "45"),
        ("stripe_invoice_id", "in_abc", "in_def"),
        ("po_amount", "1000.00", "2000.00"),
    ],
)
def test_lines_that_disagree_reject_their_order(
    conference: OpenConference, column: str, one: str, other: str
) -> None:
    report = check(conference, {column: one}, {column: other}, {"po_number": "2", column: one})
    assert found(report) == [(3, column, "conflict")]
    assert (report.accepted, report.rejected) == (1, 1)


def test_a_silent_line_takes_what_its_order_says(conference: OpenConference) -> None:
    said = {"currency": "eur", "due_date": "2027-03-31", "contact_name": "Ann", "notes": "Fragile"}
    report = check(conference, said, {"notes": "Two boxes"})
    (order,) = report.orders
    assert (order.currency, str(order.due_date), order.contact_name) == ("eur", "2027-03-31", "Ann")
    assert order.notes == "Fragile\nTwo boxes"


def test_an_amount_stands_for_quantity_times_price(conference: OpenConference) -> None:
    report = check(
        conference,
        {"unit_price": None, "amount": "300.00", "quantity": "3"},
        {"unit_price": None, "amount": "100.00", "quantity": "3", "po_number": "2"},
        {"unit_price": None, "amount": "-50.00", "po_number": "2", "description": "Discount"},
    )
    first, second = report.orders
    assert [line[:4] for line in first.lines] == [(2, "Gold", 3, 10000)]
    assert [line[:4] for line in second.lines] == [
        (3, "3 x Gold", 1, 10000),
        (4, "Discount", 1, -5000),
    ]
    assert [(w.row, w.code) for w in report.warnings] == [(3, "quantity_in_text")]


@pytest.mark.parametrize(
    ("price", "currency", "doubtful"),
    [
        ("1.000", "usd", True),
        ("-250.000", "usd", True),
        ("1000.000", "usd", False),
        ("0.500", "usd", False),
        ("1.000", "kwd", False),
        ("1,000", "usd", False),
    ],
)
def test_a_thousand_written_by_another_habit_is_not_billed_as_one_unseen(
    conference: OpenConference, price: str, currency: str, doubtful: bool
) -> None:
    report = check(
        conference,
        {"unit_price": price, "currency": currency, "quantity": "2"},
        {"unit_price": "900.50", "currency": currency},
        {"unit_price": "1234.50", "po_number": "2"},
    )
    assert ("perhaps_thousands" in {p.code for p in report.problems}) == doubtful


@pytest.mark.parametrize(
    ("price", "currency", "total"),
    [
        ("500.00", "usd", 50000),
        ("$500.00", "usd", 50000),
        ("€500.00", "eur", 50000),
        ("500.00 gbp", "gbp", 50000),
        ("¥50000 jpy", "jpy", 50000),
    ],
)
def test_the_sign_beside_an_amount_names_its_currency(
    conference: OpenConference, price: str, currency: str, total: int
) -> None:
    """500 euros billed as 500 dollars is the wrong invoice."""
    (order,) = check(conference, {"unit_price": price}).orders
    assert (order.currency, order.total) == (currency, total)


def test_a_sign_that_several_currencies_share_is_no_contradiction(
    conference: OpenConference,
) -> None:
    (order,) = check(conference, {"unit_price": "$500.00", "currency": "cad"}).orders
    assert order.currency == "cad"


def test_the_header_names_the_currency(conference: OpenConference) -> None:
    content = b"Sponsor,Email,PO,Amount (EUR)\nAcme,ap@acme.example,P1,500.00\n"
    (order,) = import_purchase_orders(conference, content, dry_run=True).orders
    assert (order.currency, order.total) == ("eur", 50000)


@pytest.mark.parametrize(("text", "days"), [("30", 30), ("Net 30", 30), ("45 days", 45), ("0", 0)])
def test_days_until_due_are_read_as_people_write_them(
    conference: OpenConference, text: str, days: int
) -> None:
    (order,) = check(conference, {"days_until_due": text}).orders
    assert order.days_until_due == days


def test_doubts_are_told_and_reject_nothing(conference: OpenConference) -> None:
    many = [{"po_number": str(n), "unit_price": f"{4000 + n}.00"} for n in range(20, 32)]
    report = check(
        conference,
        *many,
        {"po_number": "2", "unit_price": "900000.00"},
        {"po_number": "3", "contact_email": "ap@gmial.com", "unit_price": "4500.00"},
        {"po_number": "4", "due_date": "2026-11-23", "unit_price": "4500.00"},
        {"po_number": "5", "unit_price": "4500.00", "po_amount": "4000.00"},
        {"po_number": "6", "organization_name": "Acme Inc.", "unit_price": "4500.00"},
        {"po_number": "7", "unit_price": "4.50"},
    )
    assert report.rejected == 0
    assert [(w.row, w.code) for w in report.warnings] == [
        (14, "unusual_total"),
        (15, "email_typo"),
        (16, "due_date_past"),
        (17, "above_po_amount"),
        (18, "similar_sponsor"),
        (19, "unusual_total"),
    ]


def test_rows_that_were_pasted_twice_are_told(conference: OpenConference) -> None:
    """They are lines of one purchase order, and bill it double."""
    booth = {"description": "Booth"}
    report = check(
        conference, {}, booth, {}, booth, {"po_number": "2"}, {"po_number": "2", **booth}
    )
    assert [(w.row, w.code) for w in report.warnings] == [(2, "lines_twice")]


def test_a_missing_column_is_named_beside_those_there_are(conference: OpenConference) -> None:
    with pytest.raises(ImportFileError, match="amount or unit_price") as refused:
        check(conference, {"unit_price": None})
    assert "'po_number'" in str(refused.value)


def test_a_mapping_names_the_column_for_a_field(conference: OpenConference) -> None:
    content = b"Who,Mail to,Nr,Sum\nAcme,ap@acme.example,007,500.00\n"
    mapping = {
        "organization_name": "Who",
        "contact_email": "Mail to",
        "po_number": "nr",
        "amount": "Sum",
    }
    report = import_purchase_orders(conference, content, dry_run=True, mapping=mapping)
    (order,) = report.orders
    assert (order.po_number, order.total) == ("007", 50000)
    assert [(c.header, c.field, c.reason) for c in report.columns] == [
        ("Who", "organization_name", "chosen"),
        ("Mail to", "contact_email", "chosen"),
        ("Nr", "po_number", "chosen"),
        ("Sum", "amount", "chosen"),
    ]


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ({"sponsor": "Who"}, "not a field"),
        ({"organization_name": "Whom"}, "no column 'Whom'"),
        ({"organization_name": "Who", "contact_name": "Who"}, "only one field"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(
    conference: OpenConference, mapping: dict[str, str], says: str
) -> None:
    content = b"Who,Email,Amount\nAcme,ap@acme.example,500.00\n"
    with pytest.raises(ImportFileError, match=says):
        import_purchase_orders(conference, content, dry_run=True, mapping=mapping)


def test_the_shape_is_told(conference: OpenConference) -> None:
    assert check(conference, {}, {}).shape == "one row per line item"
    assert check(conference, {}).shape == "one row per purchase order"


def test_named_package_columns_are_taken_as_named(conference: OpenConference) -> None:
    content = b"Sponsor,Email,PO,Gold,Year\nAcme,ap@acme.example,P1,500.00,2027\n"
    report = import_purchase_orders(conference, content, dry_run=True, mapping={"packages": "Gold"})
    (order,) = report.orders
    assert [(line.description, line.unit_price) for line in order.lines] == [("Gold", 50000)]
    assert report.packages == ["Gold"]


def test_numbers_that_are_no_money_are_no_packages(conference: OpenConference) -> None:
    """A zip code that is billed as an amount would be an expensive one."""
    content = b"Sponsor,Email,Zip,Phone\nAcme,ap@acme.example,97204,5551234\n"
    with pytest.raises(ImportFileError, match="amount or unit_price"):
        import_purchase_orders(conference, content, dry_run=True)


def test_each_code_is_in_one_list_only() -> None:
    assert ERRORS.keys().isdisjoint(WARNINGS)
