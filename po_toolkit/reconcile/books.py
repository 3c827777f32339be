"""The books of one conference at the end of one day, as frames read by seven statements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from po_toolkit.domain.periods import end_of_day
from po_toolkit.domain.sums import DISPUTED_SIGN, PAID_SIGN, REFUNDED_SIGN, RETURNED_SIGN
from po_toolkit.reconcile.balances import with_live_invoice, with_status, with_sums
from po_toolkit.reconcile.schema import frame_of
from po_toolkit.reconcile.tie_out_rows import BankSide, read_bank_side
from po_toolkit.store import books as read
from po_toolkit.store import closing
from po_toolkit.store.database import Store
from po_toolkit.store.purchase_orders import SENT_STATES
from po_toolkit.store.tables import (
    LIVE_STATES,
    Base,
    Conference,
    CreditNote,
    CustomerBalance,
    Invoice,
    LedgerEntry,
    PurchaseOrder,
    StrayInvoice,
)


@dataclass(frozen=True)
class Books:
    """What was true of one conference at the end of one day; money in minor units.

    Attributes:
        conference: Whose books.
        as_of: The day, in the conference's timezone.
        orders: One row for each purchase order, with its sums, status and live invoice.
        invoices: Every generation of every invoice.
        entries: Every ledger entry, with what it adds to paid and refunded.
        credit_notes: Every credit note.
        strays: Invoices at Stripe that belong to no purchase order.
        balances: Money of customers that lies at Stripe.
        bank: Payouts and bank lines.
        taxed_lines: Each line that bears a tax rate.
        addresses_given: Customer at Stripe → the address that we gave it last, and when.
        accepted: Code, subject, currency and amount of the discrepancies that are accepted → why.
        kept: What was worked out of all this once and is needed again.
    """

    conference: Conference
    as_of: date
    orders: pd.DataFrame
    invoices: pd.DataFrame
    entries: pd.DataFrame
    credit_notes: pd.DataFrame
    strays: pd.DataFrame
    balances: pd.DataFrame
    bank: BankSide
    taxed_lines: pd.DataFrame
    addresses_given: dict[str, tuple[str, datetime]]
    accepted: dict[tuple[str, str, str, int], str]
    kept: dict[str, Any] = field(default_factory=dict, repr=False)


def open_books(store: Store, conference: Conference, as_of: date) -> Books:
    """Read the books as they stood at the end of a day in the conference's timezone."""
    cutoff = read.Cutoff(as_of, end_of_day(as_of, conference.timezone))
    with store.reading() as session:
        old = read.superseded(session, conference.id, cutoff)

        def as_it_was(statement: Statement, key: str, table: type[Base]) -> pd.DataFrame:
            rows = statement(session, conference.id, cutoff)
            frame = frame_of(rows.columns, rows.records)
            return _put_back(frame, key, old.get(table.__tablename__, {}))

        orders = as_it_was(read.orders, "order_id", PurchaseOrder)
        invoices = as_it_was(read.invoices, "invoice_id", Invoice)
        entries = as_it_was(read.entries, "entry_id", LedgerEntry)
        notes = as_it_was(read.credit_notes, "credit_note_id", CreditNote)
        strays = as_it_was(read.stray_invoices, "stray_id", StrayInvoice)
        balances = as_it_was(read.customer_balances, "balance_id", CustomerBalance)
        bank = read_bank_side(as_it_was)
        taxed = read.taxed_lines(session, conference.id, cutoff)
        given = read.addresses_given(session, conference.id, cutoff)
        accepted = {
            (a.code, a.subject, a.currency, a.at_stake): a.reason
            for a in closing.accepted(session, conference.id)
        }
    orders = _keyed(orders, conference.timezone, cutoff)
    invoices = _dated_invoices(invoices, conference.timezone, cutoff)
    entries = _named(_signed_entries(entries), orders)
    notes = _named(_dated_notes(notes), orders)
    orders = with_sums(orders, entries, notes)
    orders = with_live_invoice(orders, invoices, conference)
    return Books(
        conference,
        as_of,
        with_status(orders, as_of),
        _named(invoices, orders),
        entries,
        notes,
        strays,
        balances,
        bank,
        frame_of(taxed.columns, taxed.records),
        given,
        accepted,
    )


Statement = Callable[[Session, int, read.Cutoff], read.Rows]


def _put_back(frame: pd.DataFrame, key: str, old: dict[int, dict[str, Any]]) -> pd.DataFrame:
    """Give rows the values they had at the cutoff where they were changed since."""
    if not old:
        return frame
    at = {row_id: position for position, row_id in enumerate(frame[key].tolist())}
    columns = {name: frame[name].tolist() for name in frame.columns}
    for row_id, values in old.items():
        if row_id not in at:
            continue
        for name, value in values.items():
            if name in columns:
                columns[name][at[row_id]] = _revived(name, value)
    return pd.DataFrame(columns, dtype=object)


def _revived(name: str, value: Any) -> Any:
    if value is None or name not in ("due_date", "sent_at"):
        return value
    return date.fromisoformat(value) if name == "due_date" else datetime.fromisoformat(value)


def _keyed(orders: pd.DataFrame, timezone: str, cutoff: read.Cutoff) -> pd.DataFrame:
    created = pd.to_datetime(orders["created_at"], utc=True)
    orders["created_by_then"] = created < pd.Timestamp(cutoff.before)
    orders["created_on"] = _local_days(created, timezone)
    orders["order_id"] = orders["order_id"].astype("int64")
    for name in ("total", "tax", "asked_again"):
        orders[name] = orders[name].astype("int64")
    return orders.set_index("order_id", drop=False).rename_axis(None)


def _named(rows: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Name the purchase order and the sponsor of each row."""
    for name in ("reference", "organization_name"):
        rows[name] = rows["order_id"].map(orders[name])
    return rows


def _local_days(instants: pd.Series[Any], timezone: str) -> pd.Series[Any]:
    """Return the dates that the clocks of the timezone showed."""
    local = instants.dt.tz_convert(timezone).dt.tz_localize(None)
    days: pd.Series[Any] = local.dt.normalize().astype("datetime64[s]")
    return days


def _dated_notes(notes: pd.DataFrame) -> pd.DataFrame:
    for name in ("order_id", "amount"):
        notes[name] = notes[name].astype("int64")
    for name in ("credit_date", "booked_on"):
        notes[name] = pd.to_datetime(notes[name]).astype("datetime64[s]")
    return notes


def by_number(references: pd.Series, invoices: pd.DataFrame) -> pd.Series:
    """Name an invoice by the number that the sponsor knows instead of by Stripe's ID."""
    known = invoices[invoices["number"].fillna("").ne("")]
    numbers = known.set_index("stripe_invoice_id")["number"].to_dict()
    return references.map(lambda reference: numbers.get(reference, reference))


def readable_evidence(evidence: pd.Series, invoices: pd.DataFrame) -> pd.Series:
    """Name invoices in what was found by their numbers; what is kept and compared has the IDs."""
    ids = evidence.str.findall(_INVOICE_ID).explode().dropna().drop_duplicates()
    numbers = dict(zip(ids, by_number(ids, invoices), strict=True))
    return evidence.str.replace(_INVOICE_ID, lambda found: numbers[found[0]], regex=True)


_INVOICE_ID = r"\bin_\w+"


def readable_entries(entries: pd.DataFrame, invoices: pd.DataFrame) -> pd.DataFrame:
    """Name the invoice of each payment by its number, and leave out a note that only repeats it."""
    automatic = entries["method"].eq("stripe") & entries["kind"].eq("payment")
    return entries.assign(
        payment_reference=by_number(entries["payment_reference"], invoices),
        note=entries["note"].mask(automatic, ""),
    )


def _dated_invoices(invoices: pd.DataFrame, timezone: str, cutoff: read.Cutoff) -> pd.DataFrame:
    sent_at = pd.to_datetime(invoices["sent_at"], utc=True)
    was_sent = sent_at.isna() | (sent_at < pd.Timestamp(cutoff.before))
    invoices["stripe_invoice_id"] = invoices["stripe_invoice_id"].fillna("")
    invoices["sent_on"] = _local_days(sent_at, timezone).where(was_sent)
    invoices["is_live"] = invoices["state"].isin(LIVE_STATES)
    invoices["is_sent"] = invoices["state"].isin(SENT_STATES) & was_sent
    invoices["due_date"] = pd.to_datetime(invoices["due_date"]).astype("datetime64[s]")
    for name in ("order_id", "generation"):
        invoices[name] = invoices[name].astype("int64")
    for name in ("total", "amount_due", "amount_paid", "amount_overpaid"):
        invoices[f"stripe_{name}"] = invoices[f"stripe_{name}"].astype("Int64")
    return invoices


def _signed_entries(entries: pd.DataFrame) -> pd.DataFrame:
    amount = entries["amount"].astype("int64")
    entries["amount"] = amount
    entries["at_stripe"] = entries["stripe_attached"].astype("Int64").fillna(amount).astype("int64")
    entries["order_id"] = entries["order_id"].astype("int64")
    entries["invoice_id"] = entries["invoice_id"].astype("Int64")
    entries["paid"] = amount * _signs(entries["kind"], PAID_SIGN)
    entries["refunded"] = amount * _signs(entries["kind"], REFUNDED_SIGN)
    entries["disputed"] = amount * _signs(entries["kind"], DISPUTED_SIGN)
    returned = amount * _signs(entries["kind"], RETURNED_SIGN)
    entries["returned"] = returned.where(entries["source"].eq("stripe"), 0)
    entries["reversed_payments"] = entries["disputed"] + entries["returned"]
    for name in ("payment_date", "booked_on"):
        entries[name] = pd.to_datetime(entries[name]).astype("datetime64[s]")
    return entries


def _signs(kinds: pd.Series[Any], signs: Any) -> pd.Series[Any]:
    return kinds.map({kind.value: sign for kind, sign in signs.items()}).fillna(0).astype("int64")
