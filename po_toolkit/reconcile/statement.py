"""What one sponsor was charged, paid and owes, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from po_toolkit.domain.references import comparable
from po_toolkit.domain.sums import Status
from po_toolkit.domain.wording import written_day
from po_toolkit.errors import NotFoundError
from po_toolkit.reconcile.books import Books, by_number, open_books
from po_toolkit.reconcile.tables import STATEMENT
from po_toolkit.store.database import Store
from po_toolkit.store.tables import Conference


@dataclass(frozen=True)
class Statement:
    """A sponsor's account with a conference.

    Attributes:
        conference: The conference.
        organization_name: The sponsor, as the latest purchase order names him.
        contact_name: Whom to write to.
        contact_email: Where to.
        billing_address: The latest one.
        since: The first day shown; what was before is the opening balance. None: from the start.
        as_of: The last day shown, in ``timezone``.
        timezone: Where that day ends.
        lines: Table ``STATEMENT``, money in minor units.
        owed: What is owed at the end by currency, in minor units; below 0 is in his favour.
    """

    conference: Conference
    organization_name: str
    contact_name: str
    contact_email: str
    billing_address: str
    since: date | None
    as_of: date
    timezone: str
    lines: pd.DataFrame
    owed: dict[str, int]


def sponsors(store: Store, conference: Conference, *, as_of: date) -> list[str]:
    """Return the sponsors' names in alphabetical order."""
    orders = open_books(store, conference, as_of).orders
    latest = orders.drop_duplicates("organization_key", keep="last")
    return [str(name) for name in sorted(latest["organization_name"], key=str.casefold)]


def sponsor_statement(
    store: Store,
    conference: Conference,
    organization: str,
    *,
    as_of: date,
    since: date | None = None,
) -> Statement:
    """Return the statement of one sponsor over all his purchase orders.

    A purchase order is charged on the day its invoice was sent. One that was never sent is left
    out unless there is money on it, and a cancelled one charges nothing.

    Raises:
        NotFoundError: The conference has no purchase order of such a sponsor.
    """
    books = open_books(store, conference, as_of)
    orders = books.orders
    mine = orders[orders["organization_key"].eq(comparable(organization))]
    if mine.empty:
        raise NotFoundError(
            f"Conference {conference.slug} has no purchase order of {organization!r} "
            f"by the end of {written_day(as_of)}."
        )
    lines = _lines(books, mine[mine["sent"] | mine["active"]])
    sums = (lines["charge"] - lines["credit"]).groupby(lines["currency"]).sum()
    latest = mine.iloc[-1]
    return Statement(
        conference=conference,
        organization_name=str(latest["organization_name"]),
        contact_name=str(latest["contact_name"]),
        contact_email=str(latest["contact_email"]),
        billing_address=str(latest["billing_address"]),
        since=since,
        as_of=as_of,
        timezone=conference.timezone,
        lines=_running(lines if since is None else _opened(lines, since)),
        owed={str(currency): int(owed) for currency, owed in sums.items()},
    )


def _lines(books: Books, orders: pd.DataFrame) -> pd.DataFrame:
    charged = orders[orders["status"].ne(Status.CANCELLED)]
    first = pd.concat([books.entries, books.credit_notes]).groupby("order_id")["booked_on"].min()
    day = charged["sent_on"].fillna(first.reindex(charged.index)).fillna(charged["created_on"])
    charges = charged.assign(
        day=day,
        what="invoice",
        details=charged["number"].fillna(""),
        charge=charged["total"],
        credit=0,
    )
    entries = books.entries[books.entries["order_id"].isin(orders.index)]
    entries = entries[entries["currency"].eq(entries["order_id"].map(orders["currency"]))]
    net = entries["paid"] - entries["refunded"]
    moved = entries.assign(
        day=entries["booked_on"],
        what=entries["kind"],
        details=by_number(entries["payment_reference"], books.invoices),
        charge=(-net).clip(lower=0),
        credit=net.clip(lower=0),
    )
    notes = books.credit_notes[books.credit_notes["order_id"].isin(charged.index)]
    forgiven = notes.assign(
        day=notes["booked_on"],
        what="credit_note",
        details=notes["reason"],
        charge=0,
        credit=notes["amount"],
    )
    both = pd.concat([moved, forgiven])
    both["po_number"] = both["order_id"].map(orders["po_number"])
    columns = [c for c in STATEMENT.names if c != "balance"]
    lines = pd.concat([charges[columns], both[columns]])
    lines["day"] = pd.to_datetime(lines["day"]).astype("datetime64[s]")
    return lines.sort_values(["currency", "day", "reference"], kind="stable")


def _opened(lines: pd.DataFrame, since: date) -> pd.DataFrame:
    """Replace what was before a day by one opening balance for each currency."""
    before = lines["day"] < pd.Timestamp(since)
    net = lines["charge"] - lines["credit"]
    opening = net.where(before, 0).groupby(lines["currency"]).sum()
    heads = pd.DataFrame(
        {
            "day": pd.Timestamp(since),
            "what": "opening balance",
            "reference": "",
            "po_number": "",
            "details": "",
            "currency": opening.index,
            "charge": opening.clip(lower=0).to_numpy(),
            "credit": (-opening).clip(lower=0).to_numpy(),
        }
    )
    both = pd.concat([heads, lines[~before]])
    return both.sort_values("currency", kind="stable")


def _running(lines: pd.DataFrame) -> pd.DataFrame:
    net = (lines["charge"] - lines["credit"]).astype("int64")
    return STATEMENT.frame(lines.assign(balance=net.groupby(lines["currency"]).cumsum()))
