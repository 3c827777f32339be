"""Does it add up? Three checks that share no sum with the tables they check."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from po_toolkit.demo.story import Facts


def differences(
    reconciliation: Mapping[str, Any], facts: Mapping[str, Facts], sheets: Iterable[bytes]
) -> list[str]:
    """Return what does not add up, in words; nothing when all does.

    The reconciliation is ``Reconciliation.as_json()``; the sheets are those that were imported
    whole.
    """
    rows = reconciliation["rows"]
    return [
        *(difference for row in rows for difference in _identity(row)),
        *_against_story(rows, facts),
        *_against_sheets(reconciliation["totals"], rows, sheets),
    ]


def _identity(row: Mapping[str, Any]) -> Iterable[str]:
    """``total = credited + paid - refunded + balance``, and paid is Stripe's and other."""
    money = {name: Decimal(row[name]) for name in _MONEY}
    rest = money["total"] - money["credited"] - money["paid"] + money["refunded"]
    if rest != money["balance"]:
        yield f"{row['reference']}: The balance is {money['balance']}, but {rest} is left over."
    if money["paid"] != money["paid_stripe"] + money["paid_other"]:
        yield f"{row['reference']}: Paid is not the sum of paid through Stripe and otherwise."


_MONEY = ("total", "credited", "paid", "paid_stripe", "paid_other", "refunded", "balance")


def _against_story(rows: Iterable[Mapping[str, Any]], facts: Mapping[str, Facts]) -> Iterable[str]:
    found = {row["reference"]: row for row in rows}
    for reference in found.keys() ^ facts.keys():
        yield f"{reference} is not both in the story and in the books."
    for reference in found.keys() & facts.keys():
        row, fact = found[reference], facts[reference]
        for name in ("paid_stripe", "paid_other", "credited"):
            if Decimal(row[name]) != getattr(fact, name):
                yield f"{reference}: {name} is {row[name]}, but was {getattr(fact, name)}."
        if row["status"] != fact.status:
            yield f"{reference}: The status is {row['status']}, but should be {fact.status}."


def _against_sheets(
    totals: Mapping[str, Mapping[str, Any]],
    rows: Iterable[Mapping[str, Any]],
    sheets: Iterable[bytes],
) -> Iterable[str]:
    ordered: dict[str, Decimal] = defaultdict(Decimal)
    for sheet in sheets:
        for line in csv.DictReader(io.StringIO(sheet.decode("utf-8-sig"))):
            ordered[line["currency"]] += Decimal(line["quantity"]) * Decimal(line["unit_price"])
    every: dict[str, Decimal] = defaultdict(Decimal)
    summed: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in rows:
        every[row["currency"]] += Decimal(row["total"])
        for name in _MONEY if row["status"] != "cancelled" else ():
            summed[row["currency"]][name] += Decimal(row[name])
    for currency in ordered.keys() | totals.keys():
        if every[currency] != ordered[currency]:
            yield f"{currency}: The books' total is not the spreadsheets' {ordered[currency]}."
        for name in _MONEY:
            if Decimal(totals.get(currency, {}).get(name, 0)) != summed[currency][name]:
                yield f"{currency}: The total of {name} is not the sum of its rows."
