"""The four-way tie-out: purchase order, invoice and payment, payout and fees, bank line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd

from po_toolkit.domain.periods import end_of_day, local_day
from po_toolkit.domain.sums import PAID_SIGN, REFUNDED_SIGN
from po_toolkit.domain.wording import count, written_day
from po_toolkit.money import display
from po_toolkit.reconcile.schema import records, with_decimals
from po_toolkit.reconcile.tables import BANK_LINES, CHECKS, FEES, PAYOUTS, TIE_OUT
from po_toolkit.reconcile.tie_out_rows import rows_of
from po_toolkit.store import tie_out as read
from po_toolkit.store.database import Store
from po_toolkit.store.tables import Conference

TABLES = {
    "rows": TIE_OUT,
    "payouts": PAYOUTS,
    "bank_lines": BANK_LINES,
    "fees": FEES,
    "checks": CHECKS,
}
"""The tables of a tie-out by the attribute that holds them."""

_SPONSORS = frozenset(
    {
        "payment",
        "payment_reversal",
        "refund",
        "refund_failed",
        "dispute",
        "dispute_reinstated",
    }
)


@dataclass(frozen=True)
class TieOut:
    """All money of one conference up to the end of a day, on all four sides.

    Frames hold money as int64 in minor units; ``as_json`` writes decimals.

    Attributes:
        slug: The conference.
        as_of: The last day that counts.
        sides: What it was made from.
        rows: One row for each piece of money (table ``TIE_OUT``).
    """

    slug: str
    as_of: date
    timezone: str
    sides: read.Sides
    rows: pd.DataFrame

    def only(self, rows: pd.DataFrame) -> TieOut:
        """Return some rows with their payouts and bank lines; fees and checks are the whole's."""
        some = replace(self, rows=rows)
        some.__dict__.update(fees=self.fees, checks=self.checks)
        for name, key in (("payouts", "payout"), ("bank_lines", "bank_line")):
            whole = getattr(self, name)
            some.__dict__[name] = whole[whole[key].isin(rows[key])].reset_index(drop=True)
        return some

    @cached_property
    def payouts(self) -> pd.DataFrame:
        """Every payout, what it is the sum of, and its bank line (table ``PAYOUTS``)."""
        mine = self.rows[self.rows["payout"].ne("")]
        sponsors = mine["kind"].isin(_SPONSORS)
        rest = mine["kind"].isin(["payout_manual", "payout_not_itemised"])

        def sums(column: str, which: Any) -> dict[str, int]:
            return {str(k): int(v) for k, v in mine[which].groupby("payout")[column].sum().items()}

        every = mine["kind"].notna()
        ours, others = sums("paid_out", sponsors), sums("paid_out", ~sponsors & ~rest)
        open_, fees = sums("paid_out", rest), sums("fee", every)
        at_bank = sums("at_bank", every)
        credited = mine[mine["bank_line"].notna() & mine["kind"].ne("payout_returned")]
        lines = dict(zip(credited["payout"], credited["bank_line"], strict=True))
        return PAYOUTS.frame(
            pd.DataFrame(
                [
                    {
                        "payout": p.stripe_payout_id,
                        "made_on": local_day(p.made_at, self.timezone),
                        "arrival_date": p.arrival_date,
                        "status": p.status,
                        "way": _way(p),
                        "currency": p.currency,
                        "amount": p.amount,
                        "sponsors": ours.get(p.stripe_payout_id, 0),
                        "others": others.get(p.stripe_payout_id, 0),
                        "not_itemised": open_.get(p.stripe_payout_id, 0),
                        "fees": fees.get(p.stripe_payout_id, 0),
                        "at_bank": at_bank.get(p.stripe_payout_id, 0),
                        "bank_line": lines.get(p.stripe_payout_id),
                        "trace_id": p.trace_id,
                        "failure": p.failure_message or p.failure_code,
                    }
                    for p in self.sides.payouts
                ],
                columns=PAYOUTS.names,
            )
        )

    @cached_property
    def bank_lines(self) -> pd.DataFrame:
        """Every bank line and what explains it (table ``BANK_LINES``)."""
        mine = self.rows[self.rows["bank_line"].notna()]
        whose = mine["kind"].map(lambda kind: _bank_column(str(kind)))
        whose = whose.where(mine["via"].eq("bank"), "payouts")
        sums = mine["at_bank"].groupby([mine["bank_line"].astype("int64"), whose]).sum().to_dict()
        why = {m.bank_transaction_id: m for m in self.sides.matches}
        return BANK_LINES.frame(
            pd.DataFrame(
                [
                    {
                        "bank_line": x.id,
                        "booked_on": x.booked_on,
                        "account": x.account,
                        "currency": x.currency,
                        "amount": x.amount,
                        **{
                            name: int(sums.get((x.id, name), 0))
                            for name in ("payouts", "payments", "set_aside", "unexplained")
                        },
                        "rule": why[x.id].rule if x.id in why else "",
                        "evidence": why[x.id].evidence if x.id in why else "",
                        "text": x.text,
                    }
                    for x in self.sides.lines
                ],
                columns=BANK_LINES.names,
            )
        )

    @cached_property
    def fees(self) -> pd.DataFrame:
        """What was kept, by month and method (table ``FEES``)."""
        rows = self.rows[(self.rows["gross"] != 0) | (self.rows["fee"] != 0)]
        rows = rows[rows["kind"].ne("payout_failure") & rows["via"].ne("books")]
        method = rows["method"].where(rows["method"].ne(""), rows["kind"])
        keyed = rows.assign(
            month=rows["date"].dt.strftime("%Y-%m"),
            method=method,
            whose=rows["kind"].isin(_SPONSORS).map({True: "sponsors", False: "others"}),
        )
        keys = ["month", "method", "whose", "currency"]
        sums = keyed.groupby(keys, sort=True)[["gross", "fee", "net"]].sum()
        counts = keyed.groupby(keys, sort=True).size()
        return FEES.frame(sums.assign(count=counts).reset_index())

    @cached_property
    def checks(self) -> pd.DataFrame:
        """The sums that must agree to the cent, by currency (table ``CHECKS``)."""
        rows, found = self.rows, []
        for currency in sorted(set(rows["currency"]) | set(rows["po_currency"])):
            here = rows[rows["currency"].eq(currency)]
            stripe = here[here["via"].eq("stripe")]
            pairs: Iterable[tuple[str, int, int]] = (
                (
                    "Payouts: sent = sum of their transactions",
                    _total(self.sides.payouts, "amount", currency),
                    int(stripe["paid_out"].sum()),
                ),
                (
                    "Bank lines: booked = sum of their matches",
                    _total(self.sides.lines, "amount", currency),
                    int(here["at_bank"].sum()),
                ),
                (
                    "Stripe balance: sum of its transactions = earned - paid out",
                    _total(self.sides.moves, "net", currency),
                    int(stripe["net"].sum() - stripe["paid_out"].sum()),
                ),
                (
                    "Ledger: paid - refunded = sum of all transactions",
                    self._ledger(currency),
                    int(rows.loc[rows["po_currency"].eq(currency), "po_amount"].sum()),
                ),
            )
            found += [
                {"check": name, "currency": currency, "left": a, "right": b, "difference": a - b}
                for name, a, b in pairs
            ]
        return CHECKS.frame(pd.DataFrame(found, columns=CHECKS.names))

    @property
    def unread(self) -> list[str]:
        """The sides that were not read, a sentence each: what agrees says nothing about them."""
        missing = []
        if not self.sides.moves and any(e.source == "stripe" for e in self.sides.entries):
            missing.append("Payouts have not been read from Stripe.")
        if not self.sides.lines:
            missing.append("No bank statement has been imported.")
        return missing

    @property
    def unexplained(self) -> list[str]:
        """What was read and nothing explains yet, a sentence each."""
        found = []
        if lines := int((self.bank_lines["unexplained"] != 0).sum()):
            found.append(f"{count(lines, 'bank line')} not matched.")
        if open_ := int((self.payouts["not_itemised"] != 0).sum()):
            found.append(f"{count(open_, 'payout')} with amounts that nothing explains.")
        arrived = self.payouts[self.payouts["status"].eq("paid")]
        if missing := int(arrived["bank_line"].isna().sum()):
            found.append(f"{count(missing, 'payout')} not found on a bank statement.")
        return found

    def _ledger(self, currency: str) -> int:
        signs = {k.value: s for k, s in PAID_SIGN.items()}
        signs |= {k.value: -s for k, s in REFUNDED_SIGN.items()}
        return sum(signs[e.kind] * e.amount for e in self.sides.entries if e.currency == currency)

    def of(
        self,
        *,
        reference: str = "",
        entry: int | None = None,
        payout: str = "",
        bank_line: int | None = None,
    ) -> pd.DataFrame:
        """Return the rows of one purchase order, ledger entry, payout or bank line."""
        rows = self.rows
        for column, value in (
            ("reference", reference),
            ("entry", entry),
            ("payout", payout),
            ("bank_line", bank_line),
        ):
            if value not in ("", None):
                rows = rows[rows[column].eq(value).fillna(value=False)]
        return rows.reset_index(drop=True)

    def named(self, table: str) -> pd.DataFrame:
        """Return one table for people, its money still in minor units.

        An invoice is named by its number and a payout by its day and amount, where the table is not
        the one in which their Stripe ids are looked up. What nobody has said yet is left empty:
        the fee of a payment that neither Stripe nor the bank shows, what is on a bank line where
        there is none, and the payment of a row that is no payment, such as an unmatched line.
        """
        frame: pd.DataFrame = getattr(self, table)
        known = {
            p.stripe_payout_id: f"{written_day(p.arrival_date)}, {display(p.amount, p.currency)}"
            for p in self.sides.payouts
        } | {e.stripe_invoice_id: e.number for e in self.sides.entries if e.number}

        def name(text: str) -> str:
            return _STRIPE_ID.sub(lambda found: known.get(found[0], found[0]), text)

        texts = {"words", "evidence", *({"invoice", "payout"} if table == "rows" else ())}
        shown = frame.assign(**{n: frame[n].map(name) for n in texts & set(frame)})
        if table == "rows":
            no_payment = frame["entry"].isna() & frame["balance_transaction"].eq("")
            unsaid = frame["via"].eq("books")
            for column in ("gross", "fee", "net"):
                blank = no_payment & frame[column].eq(0)
                if column != "gross":
                    blank |= unsaid
                shown[column] = frame[column].astype("Int64").mask(blank)
        if "at_bank" in frame:
            nowhere = frame["bank_line"].isna() & frame["at_bank"].eq(0)
            shown["at_bank"] = frame["at_bank"].astype("Int64").mask(nowhere)
        return shown

    def readable(self, table: str) -> pd.DataFrame:
        """Return one table for people: amounts as ``Decimal`` major units.

        Args:
            table: ``rows``, ``payouts``, ``bank_lines``, ``fees`` or ``checks``.
        """
        return with_decimals(TABLES[table], getattr(self, table))

    def as_json(self) -> dict[str, Any]:
        """Return every table as JSON values: decimal strings, ISO dates."""
        tables = {name: records(table, getattr(self, name)) for name, table in TABLES.items()}
        return {"conference": self.slug, "as_of": self.as_of.isoformat(), **tables}


def tie_out(store: Store, conference: Conference, *, as_of: date) -> TieOut:
    """Tie all money of a conference out, from purchase order to bank line.

    Args:
        store: The database.
        conference: Whose.
        as_of: The last day that counts, in the conference's timezone; matches are as they
            stand now.
    """
    zone = conference.timezone
    with store.reading() as session:
        sides = read.sides(session, conference.id, day=as_of, before=end_of_day(as_of, zone))
    records = rows_of(sides, lambda moment: local_day(moment, zone))
    frame = TIE_OUT.frame(pd.DataFrame(records, columns=TIE_OUT.names))
    return TieOut(
        conference.slug,
        as_of,
        zone,
        sides,
        frame.sort_values("date", kind="stable", ignore_index=True),
    )


_STRIPE_ID = re.compile(r"\b(?:in|po)_\w+")


def _way(payout: Any) -> str:
    if payout.method == "instant":
        return "instant"
    return "automatic" if payout.automatic else "manual"


def _bank_column(kind: str) -> str:
    return {"bank_unexplained": "unexplained", "bank_set_aside": "set_aside"}.get(kind, "payments")


def _total(rows: Iterable[Any], column: str, currency: str) -> int:
    return sum(getattr(row, column) for row in rows if row.currency == currency)
