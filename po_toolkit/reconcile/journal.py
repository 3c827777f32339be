"""The books as double-entry journal entries, each of which balances.

A sponsor's debt is charged when his invoice is issued, with its tax apart, and taken back when the
purchase order is cancelled or falls back to a draft; payments, refunds, disputes and credit notes
follow the ledger.
Everything counts from the day it was booked, so that a closed period is exported the same again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from po_toolkit.domain.sums import EntryKind, Status
from po_toolkit.reconcile.books import Books, open_books
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

    Args:
        store: The database; it is only read.
        conference: Whose books.
        through: The last day, in the conference's timezone.
        since: The first day; None: from the beginning.
        accounts: What the accounts are called.
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
    orders, now = books.orders, _charged(books)
    was = (_charged(before) if before else now.iloc[:0]).reindex(now.index, fill_value=0)
    change = now - was
    first = None if before is None else before.as_of + timedelta(days=1)
    changed: Any = change[(change != 0).any(axis=1)].itertuples()
    for order_id, amount, tax in changed:
        row: Any = orders.loc[order_id]
        sent = pd.NaT if pd.isna(row["sent_on"]) else row["sent_on"].date()
        new = not was.loc[order_id, "charge"]
        day = sent if new and not pd.isna(sent) else books.as_of
        if first is not None and day < first:
            day = first
        words = "Invoice" if amount > 0 else "Invoice taken back"
        yield JournalEntry(
            number=f"C{order_id}-{day:%y%m%d}",
            day=day,
            narration=f"{words} {row['number'] or ''} {row['reference']}".replace("  ", " "),
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

    The second keeps a credit note that was issued before a cancellation from leaving a rest. Beside
    it stands the tax in the total, which is none once the total is taken back.
    """
    orders = books.orders
    stands = orders["sent"] & orders["status"].ne(Status.CANCELLED)
    charge = orders["total"].where(stands, orders["credited"])
    return pd.DataFrame({"charge": charge, "tax": orders["tax"].where(stands, 0)})


def _movements(books: Books, since: date | None, accounts: Accounts) -> Iterator[JournalEntry]:
    rows: Any = _from(books.entries, since).itertuples()
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
