"""Damaged files and damaged signed events by the thousand: no traceback, no secret, no money wrong.

``python -m tests.operations.fuzz --files 10000 --events 2000`` is the long run; the tests do a few.
What goes wrong is printed with its seed.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import logging
import random
import re
import sys
import tempfile
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from po_toolkit import create_purchase_order, create_stripe_invoice
from po_toolkit.api.bank import import_bank_statement
from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.reports import reconcile
from po_toolkit.api.sync import sync_conference
from po_toolkit.api.webhook_work import work_events
from po_toolkit.api.webhooks import keep_deliveries, verify
from po_toolkit.bootstrap import OpenConference, open_conference
from po_toolkit.config import Settings
from po_toolkit.errors import MalformedError, PoToolkitError
from po_toolkit.simulator import Simulator
from po_toolkit.store.tables import (
    BankStatement,
    LedgerEntry,
    PurchaseOrder,
    PurchaseOrderLineItem,
    WebhookEvent,
)
from tests.flows.test_webhook_service import SECRET, signed

ROOT = Path(__file__).parents[1]
KEY = "sk_test_PLANTEDfuzz0123456789"
SLUG = "pycon-2027"
HEADER = "organization_name,contact_email,po_number,description,amount,currency"


class Failures:
    """What went wrong, by kind, with the seeds that show it."""

    def __init__(self) -> None:
        self.found: dict[str, list[int]] = defaultdict(list)
        self.outcomes: Counter[str] = Counter()

    def check(self, kind: str, good: bool, seed: int) -> None:
        if not good:
            self.found[kind].append(seed)

    def text(self, message: str, seed: int) -> None:
        self.check("a secret in a message", "PLANTED" not in message, seed)
        self.check("a traceback in a message", "Traceback" not in message, seed)

    def unexpected(self, error: Exception, seed: int) -> None:
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else ""
        self.found[f"{type(error).__name__} at {where}: {str(error)[:100]}"].append(seed)


class Errors(logging.Handler):
    """Takes note of every traceback that is logged."""

    def __init__(self, failures: Failures) -> None:
        super().__init__(logging.ERROR)
        self.failures, self.seed = failures, 0

    def emit(self, record: logging.LogRecord) -> None:
        self.failures.check(f"logged: {str(record.msg)[:300]}", good=False, seed=self.seed)


def conference(folder: Path, simulator: Simulator, name: str = "books") -> OpenConference:
    settings = Settings(
        database_url=f"sqlite:///{folder}/{name}.db",
        stripe_api_base=simulator.url,
        conferences={
            SLUG: {
                "name": "PyCon 2027",
                "currency": "usd",
                "stripe_secret_key": KEY,
                "stripe_webhook_secret": SECRET,
            }
        },
    )
    opened = open_conference(SLUG, settings=settings)
    opened.gateway._permit = lambda _endpoint: None
    opened.gateway._sleep = lambda _seconds: None
    return opened


# -- files ---------------------------------------------------------------------------------------


def sheet(chance: random.Random) -> bytes:
    """A file in our own columns, all of whose amounts are known."""
    rows = [HEADER]
    for number in range(chance.randint(1, 8)):
        amount = f"{chance.randint(1, 99999)}.{chance.randint(0, 99):02d}"
        rows.append(f"Sponsor {number},ap{number}@s.example,N{number},Booth,{amount},usd")
    return ("\n".join(rows) + "\n").encode()


def sources() -> list[Path]:
    found = [p for p in sorted((ROOT / "bank" / "cases").iterdir()) if p.suffix != ".json"]
    found += sorted((ROOT / "bank" / "files_by_others").rglob("*.*"))
    for folder in ("corpus", "sheets"):
        found += [p for p in sorted((ROOT / "importers" / folder).iterdir()) if p.suffix != ".json"]
    return [p for p in found if p.is_file() and p.stat().st_size < 30_000]


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Damage a file; an archive mostly inside one of its parts, so that it can still be opened."""
    if content.startswith(b"PK") and chance.random() < 0.8:
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                parts = {name: archive.read(name) for name in archive.namelist()}
        except (zipfile.BadZipFile, zlib.error):
            return _damaged(content, chance)
        name = chance.choice(
            [n for n in parts if n.endswith((".xml", ".csv", ".txt"))] or list(parts)
        )
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for part, held in parts.items():
                archive.writestr(part, _damaged(held, chance) if part == name else held)
        return out.getvalue()
    return _damaged(content, chance)


def _damaged(content: bytes, chance: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(8):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[at : at + chance.randint(1, 40)]
            case 2:
                data[at:at] = data[: chance.randrange(len(data) + 1)][:200]
            case 3:
                data[at:at] = chance.choice([b'"', b",", b"\n", b";", b"\t", b"\0", b"\xff\xfe"])
            case 4:
                digits = [i for i, c in enumerate(data) if 48 <= c <= 57]
                if digits:
                    data[chance.choice(digits)] = chance.choice(b"0123456789.,-e")
            case 5:
                lines = bytes(data).split(b"\n")
                chance.shuffle(lines)
                data = bytearray(b"\n".join(lines))
            case 6:
                data[at:at] = chance.choice(
                    [b"9" * 40, b"=1+1", "١٢٣".encode(), b"<x>", b"NaN", b"1e9", b"-0.00", b"@SUM"]
                )
            case _:
                del data[chance.randrange(len(data) + 1) :]
    return bytes(data)


def _key(name: str, po_number: str) -> tuple[str, ...]:
    """Return sponsor and number without control characters, which an import takes out."""
    return tuple(
        re.sub(r"[\x00-\x1f\x7f]", "", text).strip().casefold() for text in (name, po_number)
    )


def known_amounts(content: bytes) -> dict[tuple[str, ...], Decimal | None] | None:
    """The sums of a file in our columns as Python's csv reads it; None where that is no measure.

    The sum is None where a row of the sponsor and number is no plain one.
    """
    try:
        rows = list(csv.reader(io.StringIO(content.decode())))
    except (UnicodeDecodeError, csv.Error):
        return None
    if not rows or ",".join(rows[0]) != HEADER:
        return None
    sums: dict[tuple[str, ...], Decimal | None] = {}
    for row in rows[1:]:
        if len(row) == 6:
            key, plain = _key(row[0], row[2]), re.fullmatch(r"\d{1,7}\.\d\d", row[4])
            before = sums.get(key, Decimal(0))
            sums[key] = before + Decimal(row[4]) if plain and before is not None else None
        elif row:
            return None
    return sums


def fuzz_files(number: int, seed: int, failures: Failures, opened: OpenConference) -> None:
    """Import damaged spreadsheets and statements, each into the same books."""
    templates = sources()
    for which in range(seed, seed + number):
        chance = random.Random(which)
        try:
            if which % 2:
                _import_sheet(damaged(sheet(chance), chance), which, failures, opened)
            else:
                path = chance.choice(templates)
                content = damaged(path.read_bytes(), chance)
                _import_other(path, content, failures, opened, as_bank=chance.random() < 0.8)
        except PoToolkitError as error:
            failures.outcomes[f"refused: {error.code}"] += 1
            failures.text(str(error), which)
        except Exception as error:  # noqa: BLE001 it is what is looked for
            failures.unexpected(error, which)
    _check_books(failures, opened, seed)


def _import_sheet(content: bytes, seed: int, failures: Failures, opened: OpenConference) -> None:
    with opened.store.reading() as session:
        last = session.scalar(select(func.max(PurchaseOrder.id))) or 0
    report = import_purchase_orders(opened, content, file_name=f"{seed}.csv", allow_duplicates=True)
    failures.outcomes["accepted" if report.accepted else "nothing accepted"] += 1
    failures.text(json.dumps(report.as_json(), default=str), seed)
    known = known_amounts(content)
    with opened.store.reading() as session:
        made = session.scalars(select(PurchaseOrder).where(PurchaseOrder.id > last)).unique().all()
        for order in made if known is not None else ():
            key = _key(order.organization_name, order.po_number)
            failures.check("a sponsor that the file does not have", key in (known or {}), seed)
            if (wanted := (known or {}).get(key)) is not None:
                right = Decimal(order.sum_total) / 100 == wanted
                failures.check("an amount of an import is wrong", right, seed)
                failures.outcomes["amounts compared"] += 1


def _import_other(
    path: Path, content: bytes, failures: Failures, opened: OpenConference, *, as_bank: bool
) -> None:
    if as_bank:
        import_bank_statement(opened, content, file_name=path.name)
        failures.outcomes["statements read"] += 1
    else:
        import_purchase_orders(opened, content, file_name=path.name, dry_run=True)
        failures.outcomes["other sheets read"] += 1


def _check_books(failures: Failures, opened: OpenConference, seed: int) -> None:
    """Sums of orders are those of their lines; a proven statement adds up."""
    with opened.store.reading() as session:
        lines = dict(
            session.execute(
                select(
                    PurchaseOrderLineItem.purchase_order_id,
                    func.sum(PurchaseOrderLineItem.line_total + PurchaseOrderLineItem.tax_on_top),
                ).group_by(PurchaseOrderLineItem.purchase_order_id)
            ).all()
        )
        for order_id, total in session.execute(select(PurchaseOrder.id, PurchaseOrder.sum_total)):
            failures.check("a total is not the sum of its lines", lines[order_id] == total, seed)
        failures.check(
            "a file booked money", not session.scalar(select(func.count(LedgerEntry.id))), seed
        )
        failures.outcomes["statements kept"] = session.scalar(select(func.count(BankStatement.id)))


# -- events --------------------------------------------------------------------------------------

STRANGE: tuple[Any, ...] = (
    None,
    "",
    -1,
    0,
    1e300,
    10**30,
    True,
    [],
    {},
    [None],
    {"id": None},
    "in_nobody",
    "x" * 5000,
    "\x00",
    "usd",
    "eur",
    "٣",
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    if path:
        yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index, one in enumerate(value[:3]):
            yield from places(one, (*path, index))


def damaged_event(event: dict[str, Any], chance: random.Random) -> bytes:
    """Damage an event that Stripe would sign; a plausible other amount is Stripe's own word."""
    copy = json.loads(json.dumps(event))
    for _ in range(chance.randint(1, 4)):
        path = chance.choice(list(places(copy)) or [("id",)])
        inside = copy
        for step in path[:-1]:
            inside = inside[step]
        match chance.randrange(4):
            case 0 if isinstance(inside, dict):
                del inside[path[-1]]
            case 1 if path != ("type",):
                inside[path[-1]] = {"nested": inside[path[-1]]}
            case 2:
                copy["type"] = chance.choice(TYPES)
            case _:
                inside[path[-1]] = chance.choice(STRANGE)
    if chance.random() < 0.9 and isinstance(copy, dict):
        copy["id"] = f"evt_{chance.getrandbits(64):x}"
    body = json.dumps(copy).encode()
    return body if chance.random() < 0.97 else body[: chance.randrange(len(body))]


TYPES = ("invoice.paid", "refund.created", "credit_note.created", "payout.paid", "ping", "a.b")


def season(opened: OpenConference, simulator: Simulator) -> list[dict[str, Any]]:
    """Invoices that are paid, refunded, credited, void; return Stripe's events of them."""
    control = simulator.control
    for number in range(6):
        order = create_purchase_order(
            organization_name=f"Sponsor {number}",
            contact_name="Ada",
            contact_email=f"ap{number}@s.example",
            currency="usd",
            po_number=f"E{number}",
            line_items=[{"description": "Booth", "quantity": 1, "unit_price": 100 + number}],
            opened=opened,
        )
        create_stripe_invoice(order, opened=opened)
        if number % 2 == 0:
            with opened.store.reading() as session:
                fresh = session.get_one(PurchaseOrder, order.id)
                invoice_id = fresh.live_invoice.stripe_invoice_id
            control.pay(invoice_id, account=KEY)
    return [dict(event) for event in control.all("event", account=KEY)]


def fuzz_events(
    number: int, seed: int, failures: Failures, opened: OpenConference, simulator: Simulator
) -> None:
    """Deliver damaged events with a right signature, work them, then compare with Stripe."""
    errors = Errors(failures)
    logging.getLogger().addHandler(errors)
    try:
        events = season(opened, simulator)
        for which in range(seed, seed + number):
            chance = random.Random(which)
            errors.seed = which
            body = damaged_event(chance.choice(events), chance)
            try:
                (header,) = signed(body, SECRET).values()
                keep_deliveries(opened.store, [verify(opened, body, header)])
                failures.outcomes["stored"] += 1
            except MalformedError:
                failures.outcomes["malformed"] += 1
            except Exception as error:  # noqa: BLE001 it is what is looked for
                failures.unexpected(error, which)
            if which % 25 == 0:
                while work_events(opened):
                    pass
        while work_events(opened):
            pass
    finally:
        logging.getLogger().removeHandler(errors)
    with opened.store.reading() as session:
        for state, error in session.execute(select(WebhookEvent.state, WebhookEvent.error)):
            failures.outcomes[f"event {state}"] += 1
            failures.text(error, seed)
    sync_conference(opened, full=True)
    paid = sum(p["amount_paid"] for p in simulator.control.all("invoice_payment", account=KEY)
               if p.get("status") == "paid")  # fmt: skip
    with opened.store.reading() as session:
        booked = session.scalar(select(func.sum(LedgerEntry.amount))) or 0
    failures.check(f"the ledger has {booked}, Stripe {paid}", booked == paid, seed)
    found = set(reconcile(opened).discrepancies["code"]) - {"not_invoiced", "overdue"}
    failures.check(f"discrepancies {sorted(found)}", not found, seed)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    failures = Failures()
    with tempfile.TemporaryDirectory() as folder, Simulator() as simulator:
        fuzz_files(chosen.files, chosen.seed, failures, conference(Path(folder), simulator))
        opened = conference(Path(folder), simulator, "events")
        fuzz_events(chosen.events, chosen.seed, failures, opened, simulator)
    for outcome, number in sorted(failures.outcomes.items()):
        sys.stdout.write(f"{number:7} {outcome}\n")
    for kind, seeds in failures.found.items():
        sys.stdout.write(f"WRONG {len(seeds)} times: {kind}; seeds {seeds[:5]}\n")
    return bool(failures.found)


if __name__ == "__main__":
    sys.exit(main())
