"""How long matching takes, and how it grows: N purchase orders x N payments x N bank lines.

    python benchmarks/matching.py [N]

Reads everything from a database of the season (SQLite, made first) and matches it; prints the CPU
time for a tenth, a quarter, a half and all of N (10,000), and the growth between them.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from sqlalchemy import insert

from po_toolkit.domain.bank_matching import match
from po_toolkit.domain.references import REFERENCE_ALPHABET, comparable
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.store.bank_matches import facts
from po_toolkit.store.database import Store, open_store
from po_toolkit.store.schema import migrate
from po_toolkit.store.tables import (
    BankTransaction,
    Conference,
    LedgerEntry,
    PurchaseOrder,
    PurchaseOrderLineItem,
)

WORDS = "acme borealis cedar delta ember fjord granite harbor iris juniper krill lumen".split()
KINDS = "labs systems cloud data works studio analytics software networks security".split()
PRICES = (250_000, 500_000, 750_000, 1_000_000, 1_500_000, 2_500_000)
DAY = date(2027, 3, 1)


def season(store: Store, size: int) -> int:
    """Fill a database with a season of ``size``; return the conference's id."""
    rng = random.Random(7)
    noon = datetime(2027, 1, 5, 12, tzinfo=UTC)
    made = Conference(slug=f"bench-{size}", name="Benchmark", currency="usd")
    with store.writing(STRIPE, Act.SYNC) as uow:
        uow.session.add(made)
        uow.session.flush()
        orders, items, entries, lines = [], [], [], []
        for i in range(1, size + 1):
            name = f"{rng.choice(WORDS)} {rng.choice(KINDS)} {i:05} Inc."
            reference = "PO-" + "".join(rng.choices(REFERENCE_ALPHABET, k=6))
            total = rng.choice(PRICES) + rng.randrange(100)
            orders.append(
                {
                    "id": i,
                    "conference_id": made.id,
                    "reference": reference,
                    "po_number": f"45{i:08}",
                    "po_number_key": f"45{i:08}",
                    "organization_name": name,
                    "organization_key": comparable(name),
                    "contact_email": f"ap{i}@sponsor.example",
                    "currency": "usd",
                    "status": "sent",
                    "marked_sent": True,
                    "created_at": noon,
                    "updated_at": noon,
                }
            )
            items.append(
                {
                    "purchase_order_id": i,
                    "position": 1,
                    "description": "Sponsorship",
                    "quantity": 1,
                    "unit_price": total,
                    "line_total": total,
                }
            )
            day = DAY + timedelta(days=i % 60)
            paid = total if i % 3 == 0 else total // 2
            if i % 3 != 2:
                entries.append(_entry(made.id, i, paid, day, noon))
            words = (
                f"WIRE {name.upper()[:22]} {reference}",
                f"INV 45{i:08} {name.upper()[:14]}",
                f"INCOMING ACH {name.upper()}",
            )[i % 3]
            amount = paid if i % 3 != 2 else total
            lines.append(
                {
                    "conference_id": made.id,
                    "account": "1",
                    "currency": "usd",
                    "amount": amount,
                    "booked_on": day,
                    "counterparty": name.upper()[:35],
                    "text": words,
                    "bank_reference": f"{i}",
                    "details": [],
                    "fingerprint": f"{size}-{i}",
                    "occurrence": 0,
                    "set_aside": "",
                    "created_at": noon,
                }
            )
        paid_in_full = range(3, size + 1, 3)
        more = [_entry(made.id, i, 1, DAY, noon, again=True) for i in paid_in_full]
        entries += more[: size - len(entries)]
        for table, rows in (
            (PurchaseOrder, orders),
            (PurchaseOrderLineItem, items),
            (LedgerEntry, entries),
            (BankTransaction, lines),
        ):
            uow.session.execute(insert(table), rows)
        return made.id


def _entry(
    conference: int, order: int, amount: int, day: date, at: datetime, *, again: bool = False
) -> dict[str, object]:
    source = "stripe" if again else "manual"
    return {
        "conference_id": conference,
        "purchase_order_id": order,
        "kind": "payment",
        "method": "stripe" if again else "wire",
        "amount": amount,
        "currency": "usd",
        "source": source,
        "source_id": f"{source}-{order}",
        "reference": "",
        "payment_date": day,
        "booked_on": day,
        "entered_by": "benchmark",
        "created_at": at,
    }


def run(size: int) -> float:
    """Match a season of this size; return the CPU seconds from database to proposals."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/season.db")
        migrate(store)
        conference = season(store, size)
        began = time.process_time()
        with store.reading() as session:
            looked_at = facts(session, conference)
        found = match(looked_at)
        took = time.process_time() - began
        certain = sum(p.certainty == "certain" for p in found)
        print(f"{size:>7,} x 3   {took:>7.2f} s   {certain / size:>6.1%} certain")
        store.engine.dispose()
        return took


def main() -> None:
    """Print the table and the growth."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    sizes = [size // 10, size // 4, size // 2, size]
    times = [run(n) for n in sizes]
    for (a, b), (s, t) in zip(pairwise(sizes), pairwise(times), strict=True):
        print(f"{a:,} to {b:,}: {b / a:.1f} times the rows, {t / s:.1f} times the time")
    if size >= 10_000 and times[-1] >= 10:
        sys.exit(f"{times[-1]:.1f} s is not under 10 s")


if __name__ == "__main__":
    main()
