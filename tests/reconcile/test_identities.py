"""Whatever happened, the tables add up: random books, checked identity by identity."""

from __future__ import annotations

import csv
import io
import json
import shutil
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from po_toolkit.domain.ageing import bucket
from po_toolkit.domain.harmless import restore
from po_toolkit.domain.references import comparable
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.domain.sums import EntryKind
from po_toolkit.money import to_minor
from po_toolkit.reconcile import export, front_page, reconcile_conference, with_decimals
from po_toolkit.reconcile.statement import sponsor_statement
from po_toolkit.reconcile.tables import AGEING, PURCHASE_ORDERS, SUMMARY
from po_toolkit.store.database import open_store
from po_toolkit.store.purchase_orders import refresh_status
from po_toolkit.store.tables import (
    Conference,
    CreditNote,
    Invoice,
    LedgerEntry,
    PurchaseOrder,
    PurchaseOrderLineItem,
)

START = date(2027, 1, 1)
TODAY = date(2027, 6, 30)
DAYS = st.integers(0, 170).map(lambda n: START + timedelta(days=n))
AMOUNTS = st.integers(1, 40).map(lambda n: n * 1000)
NAMES = st.sampled_from(["Acme", "ACME", "=cmd", "Ünïcode GmbH", "株式会社", "-1", "'=x", "a,b"])
CURRENCIES = st.sampled_from(["usd", "jpy", "kwd", "isk", "eur"])

ENTRIES = st.tuples(
    st.sampled_from(list(EntryKind)), st.sampled_from(["stripe", "wire", "check"]), AMOUNTS, DAYS
)
ORDERS = st.fixed_dictionaries(
    {
        "name": NAMES,
        "currency": CURRENCIES,
        "lines": st.lists(AMOUNTS, min_size=1, max_size=3),
        "created": DAYS,
        "due": st.none() | DAYS,
        "cancelled": st.none() | DAYS,
        "invoice": st.none()
        | st.tuples(st.sampled_from(["sent", "finalized", "paid", "void", "drafting"]), DAYS),
        "entries": st.lists(ENTRIES, max_size=4),
        "credits": st.lists(st.tuples(AMOUNTS, DAYS), max_size=2),
    }
)
BOOKS = st.lists(ORDERS, max_size=8)
some = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def noon(day):
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@pytest.fixture
def kept(tmp_path, sqlite_template):
    """Put random books into a database of their own."""

    @contextmanager
    def keep(orders):
        path = tmp_path / "books.db"
        for old in tmp_path.glob("books.db*"):
            old.unlink()
        shutil.copy(sqlite_template, path)
        store = open_store(f"sqlite:///{path}")
        with store.writing(STRIPE, Act.SYNC) as uow:
            conference = Conference(slug="c", name="C", currency="usd", timezone="Europe/Berlin")
            uow.session.add(conference)
            uow.session.flush()
            rows = [made(conference.id, n, order) for n, order in enumerate(orders)]
            uow.session.add_all(rows)
            uow.session.flush()
            for row in rows:
                refresh_status(row)
        try:
            yield store, conference
        finally:
            store.engine.dispose()

    return keep


def made(conference_id, n, order):
    row = PurchaseOrder(
        conference_id=conference_id,
        reference=f"PO-{n:06}",
        po_number=f"=N{n}",
        po_number_key=f"=n{n}",
        organization_name=order["name"],
        organization_key=comparable(order["name"]),
        contact_email="ap@sponsor.example",
        currency=order["currency"],
        created_at=noon(order["created"]),
        due_date=order["due"],
        cancelled_at=noon(order["cancelled"]) if order["cancelled"] else None,
    )
    row.line_items = [
        PurchaseOrderLineItem(
            position=i, description="x", quantity=1, unit_price=amount, line_total=amount
        )
        for i, amount in enumerate(order["lines"])
    ]
    if order["invoice"]:
        state, day = order["invoice"]
        row.invoices = [
            Invoice(
                conference_id=conference_id,
                generation=1,
                state=state,
                currency=order["currency"],
                stripe_invoice_id=f"in_{n}",
                created_at=noon(day),
                sent_at=None if state == "drafting" else noon(day),
            )
        ]
    row.entries = [
        LedgerEntry(
            conference_id=conference_id,
            kind=kind.value,
            method=method,
            amount=amount,
            currency=order["currency"],
            source="stripe" if method == "stripe" else "manual",
            source_id=f"{n}-{i}",
            payment_date=day,
            entered_by="x",
        )
        for i, (kind, method, amount, day) in enumerate(order["entries"])
    ]
    row.credit_notes = [
        CreditNote(
            conference_id=conference_id,
            amount=amount,
            currency=order["currency"],
            reason="r",
            credit_date=day,
            issued_by="x",
        )
        for amount, day in order["credits"]
    ]
    return row


def adds_up(frame):
    left = frame["total"]
    right = frame["credited"] + frame["paid"] - frame["refunded"] + frame["balance"]
    return bool((left == right).all())


@some
@given(orders=BOOKS, day=DAYS)
def test_every_row_sum_and_figure_adds_up_on_any_day(kept, orders, day):
    """Random books serve all identities, since making them takes longest."""
    with kept(orders) as (store, conference):
        books = reconcile_conference(store, conference, as_of=day)
        sums_add_up(books)
        ageing_and_months_add_up(books)
        each_number_opens_to_its_rows(books)
        statements_end_with_what_is_owed(books, store, conference, day)


def sums_add_up(books):
    assert adds_up(books.rows)
    assert adds_up(books.summary)
    for sums in books.totals.values():
        assert sums["total"] == (
            sums["credited"] + sums["paid"] - sums["refunded"] + sums["balance"]
        )
        assert sums["paid"] == sums["paid_stripe"] + sums["paid_other"]
    for name in ("total", "credited", "paid", "refunded", "balance"):
        by_currency = books.rows.groupby("currency")[name].sum().to_dict()
        assert by_currency == books.summary.groupby("currency")[name].sum().to_dict()
        kept_ones = books.rows[name].where(books.rows["status"].ne("cancelled"), 0)
        in_totals = kept_ones.groupby(books.rows["currency"]).sum().to_dict()
        assert in_totals == {c: s[name] for c, s in books.totals.items()}


def ageing_and_months_add_up(books):
    """Age comes to what is open, and months to what moved."""
    aged = books.ageing.groupby("currency")["amount"].sum().to_dict()
    assert aged == {c: s["open"] for c, s in books.totals.items()}
    for name in ("paid", "refunded", "credited"):
        moved = books.months.groupby("currency")[name].sum().to_dict()
        for currency, rows in books.rows.groupby("currency"):
            assert moved.get(currency, 0) == rows[name].sum()
    for row in books.books.orders.itertuples():
        if row.open:
            assert row.bucket == bucket(
                row.days_overdue, sent=row.sent, held=row.refunded_without_credit > 0
            )


SUMMED = {"open": "balance", "overdue": "balance", "overpaid": "balance", "amount": "balance"}
"""Columns of sums whose rows show what they add under another name."""

KEYS = ("currency", "status", "bucket", "month")


def added(behind, column):
    """What the rows that open from a number come to."""
    if column == "received":
        return behind["paid"].sum() - behind["refunded"].sum()
    if column == "invoiced":
        return behind["total"].sum()
    total = behind[SUMMED.get(column, column)].sum()
    return -total if column == "overpaid" else total


def each_number_opens_to_its_rows(books):
    totals = [{"currency": c, **sums} for c, sums in books.totals.items()]
    for table, records in (
        ("totals", totals),
        *((t, getattr(books, t).to_dict("records")) for t in ("summary", "ageing", "months")),
    ):
        for record in records:
            figure = {name: record[name] for name in KEYS if name in record}
            for column in record.keys() - {*KEYS, "conference", "paid_stripe", "paid_other"}:
                behind = books.behind_number(table, column, **figure)
                if column == "purchase_orders":
                    assert len(behind) == record[column]
                else:
                    assert added(behind, column) == record[column], (table, column)
    for row in books.rows.itertuples():
        behind = books.behind("rows", reference=row.reference)
        for name in ("paid", "refunded", "credited"):
            assert behind[name].sum() == getattr(row, name)
    for code, rows in books.discrepancies.groupby("code"):
        behind = books.behind("discrepancies", code=code)
        assert set(behind["reference"]) == set(rows["reference"])


def statements_end_with_what_is_owed(books, store, conference, day):
    books = books.books.orders
    for name in books["organization_key"].unique()[:2]:
        mine = books[books["organization_key"] == name]
        whole = sponsor_statement(store, conference, name, as_of=day)
        middle = START + (day - START) / 2
        part = sponsor_statement(store, conference, name, as_of=day, since=middle)
        for statement in (whole, part):
            last = statement.lines.drop_duplicates("currency", keep="last")
            ends = last.set_index("currency")["balance"].to_dict()
            assert ends == statement.owed
        shown = mine[(mine["sent"] | mine["active"]) & (mine["status"] != "cancelled")]
        back = mine[(mine["status"] == "cancelled") & mine["active"]]
        expected = shown.groupby("currency")["balance"].sum()
        expected = expected.sub(
            (back["paid"] - back["refunded"]).groupby(back["currency"]).sum(), fill_value=0
        )
        for currency, owed in whole.owed.items():
            assert owed == expected.get(currency, 0)


@some
@given(orders=BOOKS)
def test_today_is_what_is_live_and_on_the_first_page(kept, orders):
    with kept(orders) as (store, conference):
        books = reconcile_conference(store, conference, as_of=TODAY)
        rows = books.rows.set_index("reference")
        with store.reading() as session:
            live = session.query(PurchaseOrder).all()
            assert {p.reference for p in live} == set(rows.index)
            for order in live:
                row = rows.loc[order.reference]
                assert row["status"] == order.status
                sums = order.sums
                assert (row["total"], row["credited"]) == (sums.total, sums.credited)
                assert (row["paid"], row["refunded"]) == (sums.paid, sums.refunded)
                assert row["balance"] == sums.balance
        page = front_page(store, conference, today=TODAY)
        summary = with_decimals(SUMMARY, books.summary).drop(columns="conference")
        assert [asdict(s) for s in page.by_status] == summary.to_dict("records")
        ageing = with_decimals(AGEING, books.ageing[books.ageing["purchase_orders"] > 0])
        assert [asdict(a) for a in page.ageing] == ageing.to_dict("records")


def read_csv(content):
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    return [{k: restore(v) for k, v in row.items()} for row in rows]


def read_json(content):
    rows = json.loads(content)["rows"]
    return [
        {
            k: " ".join(v) if isinstance(v, list) else "" if v is None else str(v)
            for k, v in r.items()
        }
        for r in rows
    ]


def read_xlsx(content):
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Purchase orders"]
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


@some
@given(orders=BOOKS, day=DAYS)
def test_an_export_read_back_equals_the_frame(kept, orders, day):
    with kept(orders) as (store, conference):
        books = reconcile_conference(store, conference, as_of=day)
        frame = books.rows
        for read, format_ in ((read_csv, "csv"), (read_json, "json")):
            back = read(export(books, format_))
            assert [r["organization_name"] for r in back] == frame["organization_name"].tolist()
            assert [r["discrepancies"].split() for r in back] == frame["discrepancies"].tolist()
            for name in PURCHASE_ORDERS.money:
                minor = [
                    to_minor(Decimal(r[name]), r["currency"]) if r[name] else None for r in back
                ]
                assert minor == [None if pd.isna(v) else v for v in frame[name]]
        sheet = read_xlsx(export(books, "xlsx"))
        names = [restore(r["organization_name"] or "") for r in sheet]
        assert names == frame["organization_name"].tolist()
        for name in ("total", "paid", "refunded", "balance"):
            minor = [to_minor(Decimal(repr(r[name])), r["currency"]) for r in sheet]
            assert minor == frame[name].tolist()
        days = [r["due_date"].date() if r["due_date"] else None for r in sheet]
        assert days == [None if pd.isna(v) else v.date() for v in frame["due_date"]]
