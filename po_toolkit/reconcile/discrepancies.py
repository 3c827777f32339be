"""What does not add up: one function for each class of discrepancy, and their list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from operator import attrgetter
from typing import Any, TypeVar

import pandas as pd

from po_toolkit.domain.bank_matching.payouts import LATE
from po_toolkit.domain.discrepancies import DISCREPANCY_CLASSES
from po_toolkit.domain.references import comparable
from po_toolkit.domain.sums import EntryKind, gone_back_since
from po_toolkit.domain.wording import count, written_day
from po_toolkit.money import display
from po_toolkit.reconcile.books import Books
from po_toolkit.reconcile.tables import DISCREPANCIES

Finder = Callable[[Books], pd.DataFrame]
"""Returns the columns of ``COLUMNS``; those about purchase orders are indexed by order id."""

COLUMNS = ["reference", "organization_name", "currency", "at_stake", "evidence"]
"""``at_stake`` is in minor units; ``evidence`` says which rows are behind it."""


_NOTHING = pd.DataFrame(columns=COLUMNS)

Read = TypeVar("Read", pd.DataFrame, "pd.Series[int]")


def _once(read: Callable[[Books], Read]) -> Callable[[Books], Read]:
    """Keep what several classes need of the same books, so that it is worked out once."""

    @wraps(read)
    def kept(books: Books) -> Read:
        if read.__name__ not in books.kept:
            books.kept[read.__name__] = read(books)
        found: Read = books.kept[read.__name__]
        return found

    return kept


def finding(
    orders: pd.DataFrame, at_stake: pd.Series[Any], evidence: Callable[[Any, str], str]
) -> pd.DataFrame:
    """Return the finding for some orders.

    ``at_stake`` is in minor units, in the order of the purchase orders; ``evidence`` is written
    from a row and that amount with its currency.
    """
    if orders.empty:
        return _NOTHING.copy()
    stake = [int(amount) for amount in at_stake.tolist()]
    rows: Iterable[Any] = orders.itertuples()
    words = [
        evidence(row, display(amount, row.currency))
        for row, amount in zip(rows, stake, strict=True)
    ]
    found = orders[["reference", "organization_name", "currency"]].copy()
    found["at_stake"] = pd.Series(stake, dtype="int64", index=orders.index)
    found["evidence"] = pd.Series(words, dtype=object, index=orders.index)
    return found


def apart(rows: pd.DataFrame, at_stake: str, evidence: Callable[[Any, str], str]) -> pd.DataFrame:
    """Return the finding for rows that belong to no purchase order; as ``finding`` otherwise."""
    if rows.empty:
        return _NOTHING.copy()
    named = rows.assign(reference="", organization_name=rows["customer_name"])
    return finding(named, named[at_stake], evidence)


_COUNTED = ("open", "paid", "uncollectible")


def invoice_without_order(books: Books) -> pd.DataFrame:
    """Find invoices at Stripe that no purchase order has, and that nobody marked as known."""
    strays = books.strays
    rows = strays[
        strays["stripe_status"].isin(_COUNTED)
        & ~strays["ignored"].astype(bool)
        & ~strays["stripe_invoice_id"].isin(books.invoices["stripe_invoice_id"])
        & ~strays["stripe_invoice_id"].isin(books.orders["claimed_invoice_id"])
    ]

    def evidence(row: Any, amount: str) -> str:
        named = f", names {row.named_reference}" if row.named_reference else ""
        return f"{row.stripe_invoice_id} ({row.stripe_status}) of {amount}{named}"

    return apart(rows, "total", evidence)


def money_stuck_at_stripe(books: Books) -> pd.DataFrame:
    """Find money of customers that waits in a cash or credit balance."""
    rows = books.balances[books.balances["amount"].astype("int64") > 0]
    return apart(
        rows,
        "amount",
        lambda row, amount: f"{amount} in the {row.kind} balance of {row.stripe_customer_id}",
    )


def currency_differs(books: Books) -> pd.DataFrame:
    """Find invoices and payments in another currency than their purchase order."""
    orders = books.orders
    invoiced = orders[orders["has_live"] & orders["invoice_currency"].ne(orders["currency"])]
    on_invoice = finding(
        invoiced,
        invoiced["total"],
        lambda row, _amount: (
            f"Purchase order in {row.currency.upper()}, {row.stripe_invoice_id} in "
            f"{str(row.invoice_currency).upper()}"
        ),
    )
    entries = books.entries
    other = entries[entries["currency"].ne(entries["order_id"].map(orders["currency"]))]
    other = other.drop_duplicates("order_id").set_index("order_id")
    rows = orders.loc[orders.index.intersection(other.index).difference(invoiced.index)]
    paid = finding(
        rows,
        rows["open"],
        lambda row, _amount: (
            f"Purchase order in {row.currency.upper()}, {other['source_id'][row.Index]} in "
            f"{other['currency'][row.Index].upper()}"
        ),
    )
    return pd.concat([on_invoice, paid])


def two_alike(books: Books) -> pd.DataFrame:
    """Find purchase orders of one sponsor with the same number, or with none and the same total."""
    orders = books.orders[books.orders["status"].ne("cancelled")]
    numbered = orders[orders["po_number_key"].ne("")]
    bare = orders[orders["po_number_key"].eq("")]
    rows = pd.concat(
        [
            numbered[numbered.duplicated(["organization_key", "po_number_key"], keep=False)],
            bare[bare.duplicated(["organization_key", "currency", "total"], keep=False)],
        ]
    )
    if rows.empty:
        return _NOTHING.copy()
    keys = ["organization_key", "po_number_key", "currency"]
    names = rows.groupby(keys)["reference"].agg(list)

    def others(row: Any, _amount: str) -> str:
        alike = names[(row.organization_key, row.po_number_key, row.currency)]
        return f"The same as {', '.join(r for r in alike if r != row.reference)}"

    return finding(rows, rows["total"], others)


def customer_differs(books: Books) -> pd.DataFrame:
    """Find invoices that name another organization or address than their purchase order.

    A finalized invoice keeps the address that its customer had, so a corrected address that the
    customer was given since does not count.
    """
    orders = books.orders[books.orders["has_live"]]
    other_email = _other(orders["stripe_customer_email"], orders["contact_email"])
    corrected = [row.Index for row in orders[other_email].itertuples() if _given_since(row, books)]
    other_email &= ~orders.index.isin(corrected)
    other_name = _other(orders["stripe_customer_name"], orders["organization_name"])
    rows = orders[other_email | other_name]

    def evidence(row: Any, _amount: str) -> str:
        other = ", ".join(n for n in (row.stripe_customer_name, row.stripe_customer_email) if n)
        return (
            f"Purchase order: {row.organization_name}, {row.contact_email}; "
            f"{row.stripe_invoice_id}: {other}"
        )

    return finding(rows, rows["total"], evidence)


def _given_since(row: Any, books: Books) -> bool:
    """Tell whether the customer was given the contact's address after the invoice was sent."""
    address, at = books.addresses_given.get(row.stripe_customer_id, ("", None))
    if at is None or comparable(address) != comparable(row.contact_email):
        return False
    return bool(pd.isna(row.sent_at) or pd.to_datetime(row.sent_at, utc=True) <= at)


def _other(theirs: pd.Series[str], ours: pd.Series[str]) -> pd.Series[bool]:
    """Tell where Stripe names somebody else, whatever the case; unknown is nobody else."""
    differs = theirs.notna() & theirs.ne("") & theirs.ne(ours)
    same = theirs[differs].map(comparable).eq(ours[differs].map(comparable))
    return differs & ~same.reindex(differs.index, fill_value=False)


def not_invoiced(books: Books) -> pd.DataFrame:
    """Find open balances that no sponsor was ever sent."""
    orders = books.orders
    rows = orders[(orders["open"] > 0) & ~orders["sent"]]
    return finding(rows, rows["open"], _why_not_invoiced)


def _why_not_invoiced(row: Any, amount: str) -> str:
    if row.claimed_invoice_id and not row.has_live:
        return f"{amount} open; {row.claimed_invoice_id} is named for it but not adopted yet"
    if row.has_live:
        return f"{amount} open; its invoice is only {row.state}"
    return f"{amount} open; no invoice"


def overdue(books: Books) -> pd.DataFrame:
    """Find sent balances past their due date."""

    def evidence(row: Any, amount: str) -> str:
        late = (
            f"{amount} open, due {written_day(row.due_date)}, "
            f"{count(row.days_overdue, 'day')} overdue"
        )
        if row.state != "finalized":
            return late
        return f"{late}; nobody has marked it as delivered"

    rows = books.orders[books.orders["days_overdue"] > 0]
    return finding(
        rows,
        rows["open"],
        evidence,
    )


def overpaid(books: Books) -> pd.DataFrame:
    """Find balances below zero."""
    orders = books.orders
    rows = orders[(orders["balance"] < 0) & orders["status"].ne("cancelled")]
    return finding(
        rows,
        -rows["balance"],
        lambda row, amount: (
            f"{display(row.paid, row.currency)} paid of "
            f"{display(row.total - row.credited, row.currency)}, {amount} too much"
        ),
    )


def paid_twice(books: Books) -> pd.DataFrame:
    """Find the same amount through Stripe and otherwise, where it is too much."""
    orders = books.orders
    over = orders[
        (orders["balance"] < 0) & (orders["paid_stripe"] > 0) & (orders["paid_other"] > 0)
    ]
    if over.empty:
        return _NOTHING.copy()
    payments = books.entries[
        books.entries["kind"].eq(EntryKind.PAYMENT.value)
        & books.entries["order_id"].isin(over.index)
    ]
    by_stripe = payments["method"].eq("stripe")
    keys = ["order_id", "amount"]
    pairs = payments.loc[by_stripe, keys].merge(payments.loc[~by_stripe, keys], on=keys)
    twice = pairs.groupby("order_id")["amount"].max()
    excess = (-over["balance"]).reindex(twice.index)
    twice = twice[twice <= excess]
    rows = over.loc[over.index.intersection(twice.index)]
    return finding(
        rows,
        twice.reindex(rows.index),
        lambda _row, amount: f"{amount} through Stripe and {amount} otherwise",
    )


def paid_after_cancelled(books: Books) -> pd.DataFrame:
    """Find money on cancelled purchase orders."""
    orders = books.orders
    kept = orders["paid"] - orders["refunded"]
    rows = orders[orders["status"].eq("cancelled") & (kept != 0)]
    return finding(
        rows,
        kept.reindex(rows.index).abs(),
        lambda _row, amount: f"{amount} on a cancelled purchase order",
    )


def refunded_without_credit(books: Books) -> pd.DataFrame:
    """Find refunds that reopened a debt."""
    rows = books.orders[books.orders["refunded_without_credit"] > 0]
    return finding(
        rows,
        rows["refunded_without_credit"],
        lambda _row, amount: f"{amount} refunded and owed again",
    )


def disputed(books: Books) -> pd.DataFrame:
    """Find payments that a dispute took back and nothing reinstated."""
    return _reversed_payments(
        books, "disputed", "{amount} reversed in a dispute and not paid since"
    )


def ach_returned_late(books: Books) -> pd.DataFrame:
    """Find bank debits that Stripe recorded and then took back."""
    return _reversed_payments(books, "returned", "{amount} returned by the bank and not paid since")


def _reversed_payments(books: Books, column: str, words: str) -> pd.DataFrame:
    """Find what entries took back and is still owed."""
    if not books.entries[column].any():
        return _NOTHING.copy()
    since = gone_back_since(
        *(books.orders[n] for n in ("refunded", "reversed_payments", "asked_again"))
    )
    net = books.entries.groupby("order_id")[column].sum()
    net = net.clip(upper=since.reindex(net.index).fillna(0).clip(lower=0))
    rows = books.orders.loc[books.orders.index.intersection(net.index[net > 0])]
    rows = rows[rows["open"] > 0]
    at_stake = rows["open"].where(rows["open"] < net.reindex(rows.index), net.reindex(rows.index))
    return finding(rows, at_stake, lambda _row, amount: words.format(amount=amount))


def payout_not_at_bank(books: Books) -> pd.DataFrame:
    """Find paid payouts that no bank line is, where lines well past their arrival are known."""
    payouts = books.bank.payouts
    late = payouts["arrival_date"] + pd.Timedelta(LATE)
    rows = payouts.assign(missing=payouts["amount"].abs() - payouts["came"])[
        payouts["status"].eq("paid")
        & payouts["came"].lt(payouts["amount"].abs())
        & payouts["read_through"].notna()
        & late.lt(payouts["read_through"])
    ]
    return _apart(
        rows,
        lambda row, amount: (
            f"{row.stripe_payout_id} of {amount} was to arrive {written_day(row.arrival_date)}; "
            f"bank lines are known through {written_day(row.read_through)}"
        ),
        at_stake="missing",
    )


def payout_failed(books: Books) -> pd.DataFrame:
    """Find payouts that came back and whose money has not been sent again."""
    payouts = books.bank.payouts
    rows = payouts[payouts["status"].eq("failed") & payouts["sent_again"].astype("int64").eq(0)]
    return _apart(
        rows,
        lambda row, amount: (
            f"{row.stripe_payout_id} of {amount}: {row.failure_message or 'No reason given'}"
        ),
    )


def bank_credit_not_explained(books: Books) -> pd.DataFrame:
    """Find money on the bank account that is neither a payout nor a sponsor's payment."""
    rows = books.bank.open_credits.assign(customer_name=books.bank.open_credits["counterparty"])
    return apart(
        rows,
        "amount",
        _bank_line,
    )


def _bank_line(row: Any, amount: str) -> str:
    return f"Bank line {row.line_id} of {written_day(row.booked_on)}, {amount}: {row.text}"


def payment_taken_back(books: Books) -> pd.DataFrame:
    """Find debits by which the bank seems to reverse a sponsor's payment."""
    debits = books.bank.open_debits
    rows = debits[debits["order_id"].astype("int64").ne(0)].set_index("order_id")
    orders = books.orders[["reference", "organization_name"]]
    return finding(
        rows.join(orders, how="inner"),
        rows["amount"],
        lambda row, amount: (
            f"Bank line {row.line_id} of {written_day(row.booked_on)}, {amount}, seems to reverse "
            f"bank line {row.earlier_line}: {row.text}"
        ),
    )


def bank_debit_not_explained(books: Books) -> pd.DataFrame:
    """Find money that left the bank account and is no refund, payout or reversal known here."""
    debits = books.bank.open_debits
    rows = debits[debits["order_id"].astype("int64").eq(0)]
    return apart(
        rows.assign(customer_name=rows["counterparty"]),
        "amount",
        _bank_line,
    )


def fees_not_explained(books: Books) -> pd.DataFrame:
    """Find payouts and fees that are not the sum of what Stripe says they are made of."""
    payouts = books.bank.payouts
    gap = payouts["amount"] - payouts["items"]
    rows = payouts.assign(gap=gap)[
        payouts["automatic"].astype(bool) & payouts["status"].eq("paid") & gap.ne(0)
    ].assign(at_stake=lambda r: r["gap"].abs())
    of_payouts = _apart(
        rows,
        lambda row, amount: (
            f"{row.stripe_payout_id} is {display(row.amount, row.currency)}, its balance "
            f"transactions are {display(row.items, row.currency)}, {amount} apart"
        ),
        at_stake="at_stake",
    )
    gaps = books.bank.fee_gaps
    of_fees = _apart(
        gaps.assign(at_stake=gaps["fee_gap"].astype("int64").abs()),
        lambda row, amount: f"The fee of {row.stripe_id} has {amount} that no detail names",
        at_stake="at_stake",
    )
    return pd.concat([of_payouts, of_fees])


def _apart(rows: pd.DataFrame, evidence: Any, *, at_stake: str = "amount") -> pd.DataFrame:
    return apart(rows.assign(customer_name=""), at_stake, evidence)


def amount_differs_from_stripe(books: Books) -> pd.DataFrame:
    """Find live invoices whose total at Stripe is not the purchase order's.

    One that is paid, with nothing open and nothing too much, asks nobody for the difference.
    """
    orders = books.orders
    known = orders["stripe_total"].notna() & orders["invoice_currency"].eq(orders["currency"])
    settled = orders["stripe_status"].eq("paid") & orders["balance"].eq(0)
    rows = orders[known & ~settled]
    asked = rows["stripe_total"].astype("int64") + rows["settled_before"].astype("int64")
    difference = asked - rows["total"]
    rows = rows[difference != 0]
    return finding(
        rows,
        difference[difference != 0].abs(),
        lambda row, _amount: (
            f"The purchase order is {display(row.total, row.currency)}, {row.stripe_invoice_id} is "
            f"{display(int(row.stripe_total), row.currency)}"
        ),
    )


def asked_is_not_owed(books: Books) -> pd.DataFrame:
    """Find open invoices of which Stripe asks another sum than is owed here, with the cause.

    Money that only Stripe or only the ledger has on an invoice, money on a replaced one, another
    total, and what went back without a decision are classes of their own and are left to them.
    """
    orders, entries, notes = books.orders, books.entries, books.credit_notes
    live = books.invoices[
        books.invoices["stripe_status"].eq("open")
        & books.invoices["stripe_amount_due"].notna()
        & books.invoices["currency"].eq(books.invoices["order_id"].map(orders["currency"]))
    ]
    rows = orders[orders.index.isin(live["order_id"])]
    if rows.empty:
        return _NOTHING.copy()

    def by_order(of: pd.DataFrame, amounts: pd.Series[Any]) -> pd.Series[Any]:
        summed = amounts.astype("int64").groupby(of["order_id"]).sum()
        return summed.reindex(rows.index, fill_value=0)

    asked = by_order(live, live["stripe_amount_due"] - live["stripe_amount_paid"].fillna(0))
    owed = rows["open"] - rows["refunded_without_credit"]
    total = by_order(live, live["stripe_total"] + live["settled_before"].astype("int64"))
    on_live = entries[entries["invoice_id"].isin(live["invoice_id"])]
    undone_by_order = _reversed_but_reported(books).groupby("order_id")["at_stripe"].sum()
    of_others = (_gaps(books), undone_by_order, -_paid_on_old(books))
    gaps, undone, old = (amounts.reindex(rows.index, fill_value=0) for amounts in of_others)
    reversed_payments = by_order(on_live, on_live["reversed_payments"])
    elsewhere = total - rows["total"] - gaps - undone - old - reversed_payments
    moved = on_live[
        on_live["kind"].isin([EntryKind.TRANSFER_IN.value, EntryKind.TRANSFER_OUT.value])
        & ~on_live["entry_id"].isin(entries["reverses_id"].dropna())
    ]
    balance = by_order(moved, moved["paid"]) - by_order(live, live["stripe_credit_used"])
    unreported = _unreported(books)
    only_here = notes[notes["stripe_credit_note_id"].isna() & notes["amount"].gt(0)]
    causes = {
        "the sponsor's balance at Stripe": balance,
        "a payment that was not reported to Stripe": by_order(unreported, unreported["amount"]),
        "a credit note that Stripe does not have": by_order(only_here, only_here["amount"]),
        "a refund, which Stripe does not ask for again": (
            rows["refunded_without_credit"] - rows["refunded"]
        ),
    }
    left = asked - owed - elsewhere
    found = rows[left != 0]
    moves = live.set_index("order_id")["stripe_balance_moves"]

    def evidence(row: Any, _amount: str) -> str:
        def shown(amount: Any) -> str:
            return display(int(amount), row.currency)

        why = {words: int(amounts[row.Index]) for words, amounts in causes.items()}
        words = [f"{shown(abs(n))} by {of}" for of, n in why.items() if n]
        if why["the sponsor's balance at Stripe"]:
            words[0] += _named_moves(moves.loc[[row.Index]])
        if sum(why.values()) != left[row.Index]:
            words.append("for a cause that is not known")
        return (
            f"Stripe asks for {shown(asked[row.Index])}, but {shown(owed[row.Index])} is owed: "
            f"{', '.join(words)}"
        )

    return finding(found, left[left != 0].abs(), evidence)


def _named_moves(moves: Iterable[Any]) -> str:
    """Name the transactions of a customer's balance, those on the invoice first."""
    found = [f"{move['id']} {move['type']}" for of in moves for move in of or ()]
    return f" ({', '.join(found)})" if found else ""


@_once
def _unreported(books: Books) -> pd.DataFrame:
    """Return the payments that came otherwise, stand, and were not reported to Stripe."""
    entries = books.entries
    return entries[
        entries["kind"].eq(EntryKind.PAYMENT.value)
        & entries["source"].ne("stripe")
        & entries["stripe_payment_record_id"].eq("")
        & ~entries["entry_id"].isin(entries["reverses_id"].dropna())
    ]


def shared_with_stripe(books: Books) -> pd.DataFrame:
    """Return the payments in the ledger that Stripe has to know of too."""
    entries = books.entries
    known = entries["source"].eq("stripe") | entries["stripe_payment_record_id"].ne("")
    return entries[entries["kind"].eq(EntryKind.PAYMENT.value) & known]


@_once
def _gaps(books: Books) -> pd.Series[int]:
    """Return, by order id, Stripe's sum less ours over all invoices that Stripe has told of.

    A purchase order whose live invoice was never read is left out: nothing is known yet.
    """
    invoices, orders = books.invoices, books.orders
    unread = orders.index[orders["has_live"] & orders["stripe_amount_paid"].isna()]
    read = invoices[invoices["stripe_amount_paid"].notna() & ~invoices["order_id"].isin(unread)]
    paid_there = _all_paid(read).groupby(read["order_id"]).sum()
    shared = shared_with_stripe(books)
    on_read = shared["invoice_id"].isna() | shared["invoice_id"].isin(read["invoice_id"])
    recorded = shared["at_stripe"].where(on_read, 0).groupby(shared["order_id"]).sum()
    gaps: pd.Series[int] = paid_there - recorded.reindex(paid_there.index, fill_value=0)
    return gaps


def _all_paid(read: pd.DataFrame) -> pd.Series[int]:
    """Return what Stripe got on each invoice, what was overpaid included exactly once.

    Stripe documents ``amount_overpaid`` beside ``amount_paid`` without saying whether the one is
    part of the other; a sum that covers what was due and the excess has it in it already.
    """
    paid = read["stripe_amount_paid"].astype("int64")
    over = read["stripe_amount_overpaid"].fillna(0).astype("int64")
    due = read["stripe_amount_due"].fillna(0).astype("int64")
    return paid + over.where(paid < due + over, 0)


def _found_gaps(books: Books, gaps: pd.Series[int], words: str) -> pd.DataFrame:
    rows = books.orders.loc[books.orders.index.intersection(gaps.index)]
    invoices = books.invoices[
        books.invoices["order_id"].isin(rows.index) & books.invoices["stripe_amount_paid"].notna()
    ]
    ids = invoices.groupby("order_id")["stripe_invoice_id"].agg(", ".join).to_dict()
    return finding(
        rows,
        gaps.reindex(rows.index).abs(),
        lambda row, amount: words.format(amount=amount, invoices=ids[row.Index]),
    )


def paid_at_stripe_not_here(books: Books) -> pd.DataFrame:
    """Find invoices on which Stripe has more money than the ledger."""
    gaps = _gaps(books)
    words = "Stripe has {amount} more on {invoices} than the ledger"
    return _found_gaps(books, gaps[gaps > 0], words)


def paid_here_not_at_stripe(books: Books) -> pd.DataFrame:
    """Find money in the ledger that Stripe does not count on the invoice."""
    gaps = _gaps(books)
    words = "The ledger has {amount} more on {invoices} than Stripe"
    ahead = _found_gaps(books, gaps[gaps < 0], words)
    orders, unreported = books.orders, _unreported(books)
    asks = orders["stripe_status"].isin(["open", "uncollectible"])
    open_there = orders[asks & ~orders.index.isin(ahead.index)]
    amount = unreported.groupby("order_id")["amount"].sum()
    rows = open_there.loc[open_there.index.intersection(amount.index)]
    unreported_payments = finding(
        rows,
        amount.reindex(rows.index),
        lambda row, amount: f"{amount} paid on {row.stripe_invoice_id} was not reported to Stripe",
    )
    return pd.concat([ahead, unreported_payments])


def undone_here_not_at_stripe(books: Books) -> pd.DataFrame:
    """Find reversed payments that were reported to Stripe, as far as their debt is open."""
    orders, undone = books.orders, _reversed_but_reported(books)
    amount = undone.groupby("order_id")["at_stripe"].sum()
    rows = orders.loc[orders.index.intersection(amount.index)]
    rows = rows[rows["open"] > 0]
    on = undone["invoice_id"].map(books.invoices.set_index("invoice_id")["stripe_invoice_id"])
    named = on.groupby(undone["order_id"]).agg(lambda ids: ", ".join(ids.unique()))
    return finding(
        rows.assign(stripe_invoice_id=named.reindex(rows.index)),
        amount.reindex(rows.index).clip(upper=rows["open"]),
        lambda row, amount: f"Stripe counts {amount} on {row.stripe_invoice_id} that was reversed",
    )


@_once
def _reversed_but_reported(books: Books) -> pd.DataFrame:
    """Return the payments reported to Stripe that were reversed since the live invoice was made.

    A later invoice asks again for what was reversed before it.
    """
    entries = books.entries
    return entries[
        entries["kind"].eq(EntryKind.PAYMENT.value)
        & entries["stripe_payment_record_id"].ne("")
        & entries["source"].ne("stripe")
        & entries["entry_id"].isin(_undoing(books)["reverses_id"].dropna())
    ]


def _undoing(books: Books) -> pd.DataFrame:
    """Return the entries since the live invoice was made, by which payments are reversed too."""
    return books.entries[books.entries["invoice_id"].isin(books.orders["invoice_id"].dropna())]


def paid_on_old_generation(books: Books) -> pd.DataFrame:
    """Find payments on a replaced invoice, while the later one asks for more than is owed.

    Where both are paid, the purchase order is overpaid.
    """
    amount = _paid_on_old(books)
    rows = books.orders.loc[books.orders.index.intersection(amount.index)]
    return finding(
        rows,
        amount.reindex(rows.index),
        lambda _row, amount: f"{amount} paid on an invoice that was voided or replaced",
    )


@_once
def _paid_on_old(books: Books) -> pd.Series[int]:
    """Return, by order id, what was paid on a replaced invoice while the later one asks for it."""
    orders = books.orders
    asked = (orders["stripe_amount_due"] - orders["stripe_amount_paid"]).fillna(orders["total"])
    asks_too_much = (
        orders["has_live"] & orders["stripe_status"].ne("paid") & asked.gt(orders["open"])
    )
    entries = books.entries
    live = entries["order_id"].map(books.orders["invoice_id"]).astype("Int64")
    replaced = books.invoices.loc[books.invoices["state"].eq("replaced"), "invoice_id"]
    old = entries[
        entries["kind"].eq(EntryKind.PAYMENT.value)
        & entries["invoice_id"].notna()
        & ~entries["invoice_id"].isin(replaced)
        & entries["invoice_id"].ne(live).fillna(value=True)
        & entries["order_id"].isin(orders.index[asks_too_much])
    ]
    return old.groupby("order_id")["amount"].sum()


def voided_at_stripe(books: Books) -> pd.DataFrame:
    """Find open balances whose last invoice Stripe has as void or uncollectible."""
    last = books.invoices.drop_duplicates("order_id", keep="last").set_index("order_id")
    ended = last[last["stripe_status"].isin(["void", "uncollectible"])]
    rows = books.orders.loc[books.orders.index.intersection(ended.index)]
    rows = rows[rows["open"] > 0]
    return finding(
        rows,
        rows["open"],
        lambda row, amount: (
            f"{ended['stripe_invoice_id'][row.Index]} is {ended['stripe_status'][row.Index]} "
            f"at Stripe; {amount} open here"
        ),
    )


def settled_by_itself(books: Books) -> pd.DataFrame:
    """Find invoices that Stripe calls paid though no payment ever covered them.

    What was paid and went back since, as by a dispute, is another matter.
    """
    orders = books.orders[books.orders["stripe_status"].eq("paid") & (books.orders["open"] > 0)]
    if orders.empty:
        return _NOTHING.copy()
    gaps = _gaps(books)
    agree = orders.index.isin(gaps.index[gaps == 0])
    never = orders["total"] - orders["credited"] - _ever_came(books).reindex(orders.index)
    at_stake = never.clip(upper=orders["open"]).astype("int64")
    found = (at_stake > 0) & agree
    rows = orders[found]
    return finding(
        rows,
        at_stake[found],
        lambda row, amount: f"{row.stripe_invoice_id} is paid at Stripe; {amount} was never paid",
    )


def _ever_came(books: Books) -> pd.Series[int]:
    """Return, by order id, all payments and credit, also what went back.

    What had gone back when the invoice was reissued is asked for again, and does not count. A
    mistake counts only where Stripe counts it on the live invoice.
    """
    entries, orders = books.entries, books.orders
    mistake = (
        entries["source"].ne("stripe")
        & entries["entry_id"].isin(entries["reverses_id"].dropna())
        & ~entries.index.isin(_reversed_but_reported(books).index)
    )
    kinds = [EntryKind.PAYMENT.value, EntryKind.TRANSFER_IN.value, EntryKind.TRANSFER_OUT.value]
    kept = entries["kind"].isin(kinds)
    total: pd.Series[int] = entries[kept & ~mistake].groupby("order_id")["paid"].sum()
    before = kept & mistake & ~entries["entry_id"].isin(_undoing(books)["reverses_id"].dropna())
    left_out = entries[before].groupby("order_id")["amount"].sum()
    again = orders["asked_again"] - left_out.reindex(orders.index, fill_value=0)
    return total.reindex(orders.index, fill_value=0) - again.clip(lower=0)


FINDERS: dict[str, tuple[Finder, *tuple[str, ...]]] = {
    "not_invoiced": (not_invoiced, "orders"),
    "overdue": (overdue, "orders"),
    "amount_differs_from_stripe": (amount_differs_from_stripe, "invoices"),
    "asked_is_not_owed": (asked_is_not_owed, "invoices"),
    "paid_at_stripe_not_here": (paid_at_stripe_not_here, "invoices"),
    "paid_here_not_at_stripe": (paid_here_not_at_stripe, "invoices"),
    "undone_here_not_at_stripe": (undone_here_not_at_stripe, "entries"),
    "overpaid": (overpaid, "orders"),
    "paid_twice": (paid_twice, "entries"),
    "paid_after_cancelled": (paid_after_cancelled, "entries"),
    "paid_on_old_generation": (paid_on_old_generation, "entries"),
    "refunded_without_credit": (refunded_without_credit, "entries"),
    "disputed": (disputed, "entries"),
    "ach_returned_late": (ach_returned_late, "entries"),
    "currency_differs": (currency_differs, "orders"),
    "two_alike": (two_alike, "orders"),
    "customer_differs": (customer_differs, "invoices"),
    "voided_at_stripe": (voided_at_stripe, "invoices"),
    "settled_by_itself": (settled_by_itself, "invoices"),
    "invoice_without_order": (invoice_without_order, "strays"),
    "money_stuck_at_stripe": (money_stuck_at_stripe, "balances"),
    "payout_not_at_bank": (payout_not_at_bank, "bank.payouts"),
    "payout_failed": (payout_failed, "bank.payouts"),
    "bank_credit_not_explained": (bank_credit_not_explained, "bank.open_credits"),
    "payment_taken_back": (payment_taken_back, "bank.open_debits"),
    "bank_debit_not_explained": (bank_debit_not_explained, "bank.open_debits"),
    "fees_not_explained": (fees_not_explained, "bank.payouts", "bank.fee_gaps"),
}
"""The function that finds each class, in the order of the table, and the tables it looks at."""


def find(books: Books) -> pd.DataFrame:
    """Return every discrepancy as the table ``DISCREPANCIES``, by class, then reference."""
    found: list[pd.DataFrame] = []
    for code, (finder, *tables) in FINDERS.items():
        if all(attrgetter(table)(books).empty for table in tables):
            continue
        rows = finder(books)
        if not rows.empty:
            rows = rows.sort_values(["reference", "evidence"], kind="stable")
            named = zip(rows["reference"], rows["evidence"], strict=True)
            subjects = [reference or evidence for reference, evidence in named]
            keys = zip(subjects, rows["currency"], rows["at_stake"], strict=True)
            why = [books.accepted.get((code, s, c, int(a)), "") for s, c, a in keys]
            remedy = DISCREPANCY_CLASSES[code].remedy
            found.append(rows.assign(code=code, remedy=remedy, accepted=why))
    return DISCREPANCIES.frame(pd.concat(found)) if found else DISCREPANCIES.empty()
