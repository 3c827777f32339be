"""Journal entries as the files that accounting programs import.

Sources: Intuit, "Import journal entries in QuickBooks Online" (one row for each posting; debits
and credits in columns of their own; dates as MM/DD/YYYY; accounts by name); Xero, "Import manual
journals" (amount above zero is a debit; dates as dd/mm/yyyy; accounts by code; at most 300 lines
a file; rows of one narration and date are one journal); beancount, "Language syntax".
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal, get_args

from po_toolkit.domain.harmless import harmless
from po_toolkit.errors import PoToolkitError
from po_toolkit.reconcile.edge import decimal_text
from po_toolkit.reconcile.journal import JournalEntry

JournalFormat = Literal["quickbooks", "xero", "beancount"]
JOURNAL_FORMATS: tuple[str, ...] = get_args(JournalFormat)

_LINES_A_FILE = {"quickbooks": 1000, "xero": 300}


def journal_files(
    entries: Iterable[JournalEntry], program: JournalFormat, *, tax_rate: str = "Tax Exempt"
) -> dict[str, bytes]:
    """Return the files to import, by name.

    QuickBooks and Xero keep one currency in a file and a limited number of lines, so there may be
    several; beancount takes everything in one.

    Args:
        entries: From :func:`po_toolkit.reconcile.journal.journal`.
        program: ``quickbooks``, ``xero`` or ``beancount``.
        tax_rate: The name of Xero's tax rate for sponsorships.

    Raises:
        PoToolkitError: The program is unknown.
    """
    if program == "beancount":
        return {"journal.beancount": _beancount(list(entries)).encode()}
    if program not in _LINES_A_FILE:
        known = ", ".join(JOURNAL_FORMATS)
        raise PoToolkitError(f"There is no journal for {program!r}; take one of {known}.")
    files: dict[str, bytes] = {}
    by_currency = sorted(entries, key=lambda e: (e.currency, e.day, e.number))
    for currency, group in groupby(by_currency, key=lambda e: e.currency):
        for part, chunk in enumerate(_chunks(list(group), _LINES_A_FILE[program]), start=1):
            name = f"journal-{program}-{currency}-{part}.csv"
            files[name] = _quickbooks(chunk) if program == "quickbooks" else _xero(chunk, tax_rate)
    return files


def _chunks(entries: list[JournalEntry], lines: int) -> Iterator[list[JournalEntry]]:
    """Cut between entries where a file would have more lines than allowed."""
    chunk: list[JournalEntry] = []
    left = lines
    for entry in entries:
        if len(entry.postings) > left:
            yield chunk
            chunk, left = [], lines
        chunk.append(entry)
        left -= len(entry.postings)
    if chunk:
        yield chunk


def _quickbooks(entries: Sequence[JournalEntry]) -> bytes:
    head = ["JournalNo", "JournalDate", "AccountName", "Debits", "Credits", "Description", "Name"]
    rows = [[*head, "Currency"]]
    for entry in entries:
        for posting in entry.postings:
            amount = decimal_text(abs(posting.amount), entry.currency)
            rows.append(
                [
                    entry.number,
                    f"{entry.day:%m/%d/%Y}",
                    posting.account,
                    amount if posting.amount > 0 else "",
                    amount if posting.amount < 0 else "",
                    harmless(entry.narration),
                    harmless(entry.name),
                    entry.currency.upper(),
                ]
            )
    return _csv(rows)


def _xero(entries: Sequence[JournalEntry], tax_rate: str) -> bytes:
    rows = [["*Narration", "*Date", "Description", "*AccountCode", "*TaxRate", "*Amount"]]
    rows += [
        [
            harmless(f"{entry.number} {entry.narration}"),
            f"{entry.day:%d/%m/%Y}",
            harmless(entry.name),
            posting.account,
            tax_rate,
            decimal_text(posting.amount, entry.currency),
        ]
        for entry in entries
        for posting in entry.postings
    ]
    return _csv(rows)


def _csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def _beancount(entries: Sequence[JournalEntry]) -> str:
    used = {p.account for e in entries for p in e.postings}
    first = min((e.day for e in entries), default=None)
    lines = [f"{first} open {_bean_account(account)}" for account in sorted(used)]
    for entry in entries:
        lines += [
            "",
            f'{entry.day} * "{_bean_text(entry.name)}" "{_bean_text(entry.narration)}"',
            f'  number: "{entry.number}"',
            f'  reference: "{entry.reference}"',
        ]
        lines += [
            f"  {_bean_account(posting.account)}  "
            f"{decimal_text(posting.amount, entry.currency)} {entry.currency.upper()}"
            for posting in entry.postings
        ]
    return "\n".join(lines) + "\n"


_ROOTS = ("Assets", "Liabilities", "Equity", "Income", "Expenses")


def _bean_account(account: str) -> str:
    """Write an account as beancount wants it; a plain name goes below a root that fits it."""
    if account.split(":", maxsplit=1)[0] in _ROOTS:
        return account
    root = "Income" if "ncome" in account or "Credit Notes" in account else "Assets"
    root = "Liabilities" if account.endswith("Payable") else root
    return f"{root}:" + re.sub(r"[^A-Za-z0-9]+", "-", account).strip("-")


def _bean_text(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
