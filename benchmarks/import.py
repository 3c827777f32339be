"""How fast a spreadsheet becomes purchase orders: pandas' way beside ours, in one run.

    python benchmarks/import.py [--orders 20000] [--lines 5] [--rounds 3]

pandas' way: ``read_csv(dtype=str)`` and ``to_sql`` through SQLAlchemy, without a look at a value.
Ours: every cell read and checked, purchase orders, their lines and every row as it came saved in
one transaction. Both write into an empty SQLite file. Each try is a process of its own; counted is
the CPU time (of the process that opens a workbook too) without the start of Python and the imports,
since machines are shared; the memory is the peak of the whole process.
The lowest of the rounds counts, the same for both.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import xlsxwriter

HEADER = (
    "organization_name,contact_name,contact_email,billing_address,po_number,description,quantity,"
    "unit_price,currency,due_date,days_until_due,notes"
).split(",")
NUMBERS = (HEADER.index("quantity"), HEADER.index("unit_price"))
ITEMS = ("Silver sponsorship", "Corporate ticket", "Booth power, 20 A circuit", "Lanyards")

AT_MOST_TIMES_PANDAS = 3.0
AT_MOST_MEGABYTES = 400
AT_MOST_SECONDS_OF_PREVIEW = 1.0


def main() -> int:
    """Write the files, run every way, print the table; 1 when a promise is broken."""
    arguments = _arguments()
    if arguments.one:
        way, path = arguments.one
        print(json.dumps(WAYS[way](Path(path))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return compare(Path(folder), arguments.orders, arguments.lines, arguments.rounds)


def compare(folder: Path, orders: int, lines: int, rounds: int) -> int:
    """Run every way and print what it took."""
    whole, small = folder / "whole.csv", folder / "small.csv"
    write_csv(whole, orders, lines)
    write_csv(small, 200, 5)
    write_xlsx(whole), write_xlsx(small)
    pandas = best("pandas", whole, rounds)
    from_csv = best("ours", whole, rounds)
    from_xlsx = best("ours", whole.with_suffix(".xlsx"), rounds)
    previews = [best("preview", path, rounds) for path in (small, small.with_suffix(".xlsx"))]
    ratio = from_csv["seconds"] / pandas["seconds"]
    print(f"{orders * lines:,} lines in {orders:,} purchase orders into SQLite")
    print(f"{'':34}{'CPU s':>9}{'peak MB':>9}")
    for name, result in (
        ("pandas read_csv + to_sql, no checks", pandas),
        ("CSV, checked and saved", from_csv),
        ("XLSX, checked and saved", from_xlsx),
    ):
        print(f"{name:36}{result['seconds']:7.2f}{result['megabytes']:9.0f}")
    print(f"CSV takes {ratio:.2f} times the CPU of pandas (at most {AT_MOST_TIMES_PANDAS:.0f}).")
    for kind, preview in zip(("CSV", "XLSX"), previews, strict=True):
        print(f"Preview of a {kind} file of 1,000 lines: {preview['seconds']:.2f} CPU s.")
    kept = (
        ratio <= AT_MOST_TIMES_PANDAS
        and max(from_csv["megabytes"], from_xlsx["megabytes"]) < AT_MOST_MEGABYTES
        and max(preview["seconds"] for preview in previews) < AT_MOST_SECONDS_OF_PREVIEW
    )
    return 0 if kept else 1


def best(way: str, path: Path, rounds: int) -> dict[str, float]:
    """Run one way several times, each in a process of its own; return the fastest."""
    results = []
    for _ in range(rounds):
        command = [sys.executable, __file__, "--one", way, str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        results.append(json.loads(done.stdout))
    return min(results, key=lambda result: result["seconds"])


def by_pandas(path: Path) -> dict[str, float]:
    import pandas as pd
    import sqlalchemy

    with tempfile.TemporaryDirectory() as folder:
        engine = sqlalchemy.create_engine(f"sqlite:///{folder}/books.db")
        start = cpu_seconds()
        pd.read_csv(path, dtype=str).to_sql("rows", engine, index=False)
        return measured(start)


def by_us(path: Path, *, preview: bool = False) -> dict[str, float]:
    from po_toolkit.api.imports import import_purchase_orders
    from po_toolkit.bootstrap import open_conference
    from po_toolkit.config import ConferenceSettings, Settings

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            database_url=f"sqlite:///{folder}/books.db",
            conferences={"conference": ConferenceSettings(name="Conference")},
        )
        opened = open_conference("conference", settings=settings)
        start = cpu_seconds()
        report = import_purchase_orders(opened, path, dry_run=preview)
        result = measured(start)
    if report.rejected or not report.accepted:
        raise SystemExit(f"{report.rejected} purchase orders were rejected: {report.problems[:1]}")
    return result


def by_preview(path: Path) -> dict[str, float]:
    return by_us(path, preview=True)


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of those it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def measured(start: float) -> dict[str, float]:
    seconds = cpu_seconds() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "megabytes": peak / (1 << 20 if sys.platform == "darwin" else 1024)}


WAYS: dict[str, Callable[[Path], dict[str, float]]] = {
    "pandas": by_pandas,
    "ours": by_us,
    "preview": by_preview,
}


def write_csv(path: Path, orders: int, lines: int) -> None:
    """Write purchase orders of several lines, no two amounts alike."""
    chance = random.Random(2027)
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(HEADER)
        for order in range(orders):
            for _ in range(lines):
                writer.writerow(
                    [
                        f"Sponsor {order:05} GmbH",
                        "Accounts Payable",
                        f"ap{order}@sponsor-{order}.example",
                        f"{order} Harbour Street, Lyon 69002, FR",
                        f"PO-{order:06}",
                        chance.choice(ITEMS),
                        chance.randint(1, 5),
                        f"{chance.randint(100, 900_000) / 100:.2f}",
                        "usd",
                        "2027-04-30",
                        "",
                        "Send to the vendor portal",
                    ]
                )


def write_xlsx(path: Path) -> None:
    """Write the same rows as a workbook, with numbers as numbers."""
    target = path.with_suffix(".xlsx")
    with (
        path.open(newline="", encoding="utf-8") as source,
        xlsxwriter.Workbook(target, {"constant_memory": True}) as book,
    ):
        sheet = book.add_worksheet("Purchase orders")
        for at, row in enumerate(csv.reader(source)):
            for column, value in enumerate(row):
                if at and column in NUMBERS:
                    sheet.write_number(at, column, float(value))
                elif value:
                    sheet.write_string(at, column, value)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--lines", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
