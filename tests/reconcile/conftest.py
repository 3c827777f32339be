"""A small conference made row by row, as the rooms that fill the tables would."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from po_toolkit.domain.references import comparable
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.store.database import Store, open_store
from po_toolkit.store.purchase_orders import refresh_status
from po_toolkit.store.tables import (
    Conference,
    CreditNote,
    Invoice,
    LedgerEntry,
    PurchaseOrder,
    PurchaseOrderLineItem,
    StripeCustomer,
)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@dataclass
class Ledgers:
    """Writes rows straight into the tables of one conference."""

    store: Store
    conference: Conference
    numbers: Any = field(default_factory=lambda: count(1))

    def order(
        self, *amounts: int, currency: str = "usd", day: date = date(2027, 1, 5), **columns: Any
    ) -> int:
        number = next(self.numbers)
        name = columns.pop("organization_name", f"Sponsor {number}")
        po_number = columns.pop("po_number", f"N-{number}")
        columns.setdefault("contact_email", f"ap{number}@sponsor.example")
        return self._add(
            PurchaseOrder(
                conference_id=self.conference.id,
                reference=columns.pop("reference", f"PO-T{number:05}"),
                organization_name=name,
                organization_key=comparable(name),
                po_number=po_number,
                po_number_key=comparable(po_number),
                currency=currency,
                created_at=noon(day),
                line_items=[
                    PurchaseOrderLineItem(
                        position=i, description=f"Item {i}", quantity=1, unit_price=a, line_total=a
                    )
                    for i, a in enumerate(amounts, start=1)
                ],
                **columns,
            )
        )

    def invoice(self, order_id: int, *, day: date = date(2027, 1, 6), **columns: Any) -> int:
        number = next(self.numbers)
        values: dict[str, Any] = {
            "generation": 1,
            "state": "sent",
            "step": "done",
            "currency": "usd",
            "stripe_invoice_id": f"in_{number}",
            "stripe_status": "open",
            "sent_at": noon(day),
            "created_at": noon(day),
        }
        return self._add(
            Invoice(
                conference_id=self.conference.id,
                purchase_order_id=order_id,
                **(values | columns),
            )
        )

    def entry(
        self,
        order_id: int,
        amount: int,
        *,
        kind: str = "payment",
        method: str = "stripe",
        day: date = date(2027, 1, 20),
        **columns: Any,
    ) -> int:
        number = next(self.numbers)
        values: dict[str, Any] = {
            "currency": "usd",
            "source": "stripe" if method == "stripe" else "manual",
            "source_id": f"inpay_{number}",
            "entered_by": "treasurer",
            "created_at": noon(day),
        }
        return self._add(
            LedgerEntry(
                conference_id=self.conference.id,
                purchase_order_id=order_id,
                kind=kind,
                method=method,
                amount=amount,
                payment_date=day,
                **(values | columns),
            )
        )

    def credit(
        self, order_id: int, amount: int, *, day: date = date(2027, 1, 25), **columns: Any
    ) -> int:
        values: dict[str, Any] = {
            "currency": "usd",
            "reason": "Booth was smaller",
            "issued_by": "treasurer",
            "created_at": noon(day),
        }
        return self._add(
            CreditNote(
                conference_id=self.conference.id,
                purchase_order_id=order_id,
                amount=amount,
                credit_date=day,
                **(values | columns),
            )
        )

    def customer(self, email: str, organization: str) -> int:
        return self._add(
            StripeCustomer(
                conference_id=self.conference.id,
                email=email,
                organization_key=comparable(organization),
            )
        )

    def _add(self, row: Any) -> int:
        with self.store.writing(STRIPE, Act.SYNC) as uow:
            uow.session.add(row)
            uow.session.flush()
            order_id = (
                row.id
                if isinstance(row, PurchaseOrder)
                else getattr(row, "purchase_order_id", None)
            )
            if order_id is not None:
                refresh_status(uow.lock_purchase_order(order_id))
            return int(row.id)


@pytest.fixture
def store(tmp_path: Path, sqlite_template: Path) -> Iterator[Store]:
    shutil.copy(sqlite_template, tmp_path / "books.db")
    opened = open_store(f"sqlite:///{tmp_path / 'books.db'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture
def conference(store: Store) -> Conference:
    made = Conference(
        slug="pycon-2027", name="PyCon 2027", currency="usd", timezone="America/New_York"
    )
    with store.writing(STRIPE, Act.SYNC) as uow:
        uow.session.add(made)
        uow.session.flush()
    return made


@pytest.fixture
def ledgers(store: Store, conference: Conference) -> Ledgers:
    return Ledgers(store, conference)
