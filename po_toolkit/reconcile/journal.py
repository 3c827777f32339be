"""Balanced journal entries for accounting, and the files that accounting programs import."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Literal, get_args

import pandas as pd

from po_toolkit.domain.harmless import harmless
from po_toolkit.domain.sums import EntryKind, Status
from po_toolkit.errors import PoToolkitError
from po_toolkit.reconcile.books import Books, open_books, readable_entries
from po_toolkit.reconcile.schema import decimal_text
from po_toolkit.store.database import Store
from po_toolkit.store.tables import Conference


@dataclass(frozen=True, slots=True)
class Accounts:
    """The names (or codes) of the accounts in the accounting program.

    Attributes:
        receivable: What sponsors owe.
        income: What they ordered, without the tax.
        tax: The tax on it, owed to the tax office.
        credits: What was forgiven, tax and all; a deduction from income.
        stripe: Money that Stripe holds until it pays out.
        bank: Money that came by wire, check or otherwise.
        customer_credit: Credit moved from one of a sponsor's invoices to another.
    """

    receivable: str = "Accounts Receivable"
    income: str = "Sponsorship Income"
    tax: str = "Sales Tax Payable"
    credits: str = "Sponsorship Credit Notes"
    stripe: str = "Stripe Clearing"
    bank: str = "Bank Clearing"
    customer_credit: str = "Customer Credit"


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of an entry; the amount is in minor units, above zero for a debit."""

    account: str
    amount: int


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One journal entry; its postings add up to zero.

    Attributes:
        number: Stable and unique, at most 21 characters.
        day: The day it counts from.
        narration: What happened, in words.
        name: The sponsor.
    """

    number: str
    day: date
    narration: str
    name: str
    reference: str
    currency: str
    postings: tuple[Posting, ...]


def journal(
    store: Store,
    conference: Conference,
    *,
    through: date,
    since: date | None = None,
    accounts: Accounts | None = None,
) -> list[JournalEntry]:
    """Return the journal entries of a period by day.

    The days are in the conference's timezone; without ``since`` it is from the beginning.
    """
    named = accounts or Accounts()
    books = open_books(store, conference, through)
    before = open_books(store, conference, since - timedelta(days=1)) if since else None
    entries = [
        *_charges(books, before, named),
        *_movements(books, since, named),
        *_credit_notes(books, since, named),
    ]
    return sorted(entries, key=lambda e: (e.day, e.number))


def _charges(books: Books, before: Books | None, accounts: Accounts) -> Iterator[JournalEntry]:
    """Charge each debt, by what changed since the period began."""
    orders, now = books.orders.fillna({"number": ""}), _charged(books)
    was = (_charged(before) if before else now.iloc[:0]).reindex(now.index, fill_value=0)
    change = now - was
    first = None if before is None else before.as_of + timedelta(days=1)
    settled_on = _settled_on(books)
    changed: Any = change[(change != 0).any(axis=1)].itertuples()
    for order_id, amount, tax in changed:
        row: Any = orders.loc[order_id]
        due = row["sent_on"] if row["sent"] else settled_on.get(order_id, pd.NaT)
        new = not was.loc[order_id, "charge"]
        day = due.date() if new and not pd.isna(due) else books.as_of
        if first is not None and day < first:
            day = first
        words = "Invoice" if row["sent"] else "Settled without an invoice:"
        words = words if amount > 0 else "Invoice voided"
        yield JournalEntry(
            number=f"C{order_id}-{day:%y%m%d}",
            day=day,
            narration=f"{words} {row['number']} {row['reference']}".replace("  ", " "),
            name=row["organization_name"],
            reference=row["reference"],
            currency=row["currency"],
            postings=tuple(
                Posting(account, int(part))
                for account, part in (
                    (accounts.receivable, amount),
                    (accounts.income, tax - amount),
                    (accounts.tax, -tax),
                )
                if part
            ),
        )


def _charged(books: Books) -> pd.DataFrame:
    """Return what each purchase order charges: its total while it stands, else what was forgiven.

    One that was settled by money without an invoice stands too: its income was earned. What was
    forgiven keeps a credit note that was issued before a cancellation from leaving a rest. Beside
    it stands the tax in the total, which is none once the total is taken back.
    """
    orders = books.orders
    settled = (orders["balance"] <= 0) & (orders["paid"] > orders["refunded"])
    stands = (orders["sent"] | settled) & orders["status"].ne(Status.CANCELLED)
    charge = orders["total"].where(stands, orders["credited"])
    return pd.DataFrame({"charge": charge, "tax": orders["tax"].where(stands, 0)})


def _settled_on(books: Books) -> pd.Series[Any]:
    """Return the day on which money and credit notes first came to each purchase order's total."""
    money = books.entries[["order_id", "booked_on"]].assign(
        amount=books.entries["paid"] - books.entries["refunded"]
    )
    moves = pd.concat([money, books.credit_notes[["order_id", "booked_on", "amount"]]])
    moves = moves.sort_values("booked_on", kind="stable")
    so_far = moves.groupby("order_id")["amount"].cumsum()
    enough = moves[so_far >= moves["order_id"].map(books.orders["total"])]
    return enough.groupby("order_id")["booked_on"].min()


def _movements(books: Books, since: date | None, accounts: Accounts) -> Iterator[JournalEntry]:
    rows: Any = _from(readable_entries(books.entries, books.invoices), since).itertuples()
    transfers = (EntryKind.TRANSFER_IN, EntryKind.TRANSFER_OUT)
    for row in rows:
        amount = int(row.paid - row.refunded)
        other = accounts.stripe if row.method == "stripe" else accounts.bank
        if row.kind in transfers:
            other = accounts.customer_credit
        words = row.kind.replace("_", " ").capitalize()
        yield JournalEntry(
            number=f"E{row.entry_id}",
            day=row.booked_on.date(),
            narration=f"{words} {row.reference} {row.payment_reference}".strip(),
            name=row.organization_name,
            reference=row.reference,
            currency=row.currency,
            postings=(Posting(other, amount), Posting(accounts.receivable, -amount)),
        )


def _credit_notes(books: Books, since: date | None, accounts: Accounts) -> Iterator[JournalEntry]:
    rows: Any = _from(books.credit_notes, since).itertuples()
    for row in rows:
        yield JournalEntry(
            number=f"N{row.credit_note_id}",
            day=row.booked_on.date(),
            narration=f"Credit note {row.reference}: {row.reason}",
            name=row.organization_name,
            reference=row.reference,
            currency=row.currency,
            postings=(
                Posting(accounts.credits, int(row.amount)),
                Posting(accounts.receivable, -int(row.amount)),
            ),
        )


def _from(rows: pd.DataFrame, since: date | None) -> pd.DataFrame:
    return rows if since is None else rows[rows["booked_on"] >= pd.Timestamp(since)]


JournalFormat = Literal["quickbooks", "xero", "beancount"]
JOURNAL_FORMATS: tuple[str, ...] = get_args(JournalFormat)

_LINES_A_FILE = {"quickbooks": 1000, "xero": 300}


def journal_files(
    entries: Iterable[JournalEntry], program: JournalFormat, *, tax_rate: str = "Tax Exempt"
) -> dict[str, bytes]:
    """Return the files to import, by name.

    QuickBooks and Xero keep one currency in a file and a limited number of lines, so there may be
    several; beancount takes everything in one. ``tax_rate`` is the name of Xero's tax rate for
    sponsorships.

    Raises:
        PoToolkitError: The program is unknown.
    """
    if program == "beancount":
        return {"journal.beancount": _beancount(list(entries)).encode()}
    if program not in _LINES_A_FILE:
        known = ", ".join(JOURNAL_FORMATS)
        raise PoToolkitError(f"There is no journal for {program!r}; use one of {known}.")
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
