"""The rows of the tie-out: each movement with its purchase order, payout and bank line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from po_toolkit.domain.sums import PAID_SIGN, REFUNDED_SIGN, EntryKind
from po_toolkit.domain.wording import written_day
from po_toolkit.store import bank_books as read
from po_toolkit.store.books import Cutoff, Rows
from po_toolkit.store.tables import BalanceTransaction, BankTransaction, Base, Payout
from po_toolkit.store.tie_out import Sides

AsItWas = Callable[[Callable[[Session, int, Cutoff], Rows], str, type[Base]], pd.DataFrame]


@dataclass(frozen=True)
class BankSide:
    """Money in minor units.

    Attributes:
        payouts: Every payout, whether the bank had it and what it is made of.
        open_credits: Credits at the bank that nothing explains.
        open_debits: Debits at the bank that nothing explains, with the payment that each seems to
            take back.
        fee_gaps: Balance transactions whose fee their details do not explain.
    """

    payouts: pd.DataFrame
    open_credits: pd.DataFrame
    open_debits: pd.DataFrame
    fee_gaps: pd.DataFrame


def read_bank_side(as_it_was: AsItWas) -> BankSide:
    """Read it as it was at the cutoff."""
    payouts = as_it_was(read.payouts, "payout_id", Payout)
    for name in ("arrival_date", "read_through"):
        payouts[name] = pd.to_datetime(payouts[name]).astype("datetime64[s]")
    for name in ("amount", "items", "came"):
        payouts[name] = payouts[name].astype("int64")
    return BankSide(
        payouts,
        as_it_was(read.open_credits, "line_id", BankTransaction),
        as_it_was(read.open_debits, "line_id", BankTransaction),
        as_it_was(read.fee_gaps, "move_id", BalanceTransaction),
    )


_SIGN = {k.value: s for k, s in PAID_SIGN.items()} | {k.value: -s for k, s in REFUNDED_SIGN.items()}
"""Whether an entry brings money (1) or takes it (-1)."""

_TRANSFERS = (EntryKind.TRANSFER_IN.value, EntryKind.TRANSFER_OUT.value)
_OUT = "payout"
"""The balance transaction of a payout itself; the payout's own row stands for it."""

Record = dict[str, Any]


def rows_of(sides: Sides, day_of: Callable[[datetime], date]) -> list[Record]:
    """Return the rows of the tie-out; every cent of each payout and bank line is on one of them.

    ``day_of`` turns an instant into a date where the conference is.
    """
    return _Tying(sides, day_of).rows()


class _Tying:
    """Joins the sides; each ledger entry and balance transaction is used once."""

    def __init__(self, sides: Sides, day_of: Callable[[datetime], date]) -> None:
        self.sides = sides
        self.day_of = day_of
        self.payouts = {p.id: p for p in sides.payouts}
        self.lines = {x.id: x for x in sides.lines}
        self.left = {x.id: x.amount for x in sides.lines}
        """What no row has of each bank line yet."""
        self.unsent = {p.id: p.amount for p in sides.payouts}
        """What no row has of each payout yet."""
        self.shares: dict[tuple[str, int], list[Any]] = defaultdict(list)
        """The matches of each payout, and of each payout's going back."""
        for match in sides.matches:
            if match.payout_id is not None and match.bank_transaction_id in self.lines:
                self.shares[match.kind, match.payout_id].append(match)
        self.entries: dict[tuple[str, int], list[Any]] = defaultdict(list)
        for entry in sides.entries:
            if _through_stripe(entry) and entry.kind not in _TRANSFERS:
                for name in _names(entry):
                    self.entries[name, _SIGN[entry.kind]].append(entry)
        self.used: set[int] = set()

    def rows(self) -> list[Record]:
        """Return all rows."""
        made = [row for move in self.sides.moves for row in self._of_move(move)]
        made += [row for payout in self.sides.payouts for row in self._of_payout(payout)]
        made += [row for entry in self.sides.entries for row in self._of_entry(entry)]
        made += self._recorded_later()
        made += [row for line in self.sides.lines for row in self._of_line(line)]
        return made

    def _of_move(self, move: Any) -> list[Record]:
        if move.type == _OUT:
            # An instant payout costs a fee; what was paid out stands on the payout's own row.
            return (
                [self._on_balance(move, 0, move.fee, "other_costs", "fee of a payout")]
                if move.fee
                else []
            )
        shares = self._entries_of(move)
        left, fee = move.amount, move.fee
        made: list[Record] = []
        for entry in shares:
            same = entry.currency == move.currency
            gross = _SIGN[entry.kind] * entry.amount if same and len(shares) > 1 else left
            made.append(self._on_balance(move, gross, fee, entry.kind, "") | _of(entry))
            left, fee = left - gross, 0
        if not shares or left:
            made.append(self._on_balance(move, left, fee, *self._other(move)))
        return made

    def _entries_of(self, move: Any) -> list[Any]:
        """Return the ledger's entries of a move: by its own id, else by the payment behind it."""
        sign = 1 if move.amount > 0 else -1
        own = self.entries.get((move.source_id, sign), []) if move.source_id else []
        if not own and move.type in ("charge", "payment"):
            behind = move.payment_intent_id or move.charge_id
            own = self.entries.get((behind, sign), [])
            own = own or self.entries.get((move.charge_id, sign), [])
            own = [e for e in own if e.kind == EntryKind.PAYMENT.value]
        found = [e for e in own if e.id not in self.used]
        self.used |= {e.id for e in found}
        return found

    def _other(self, move: Any) -> tuple[str, str]:
        """Name what is no sponsor's: its kind and words."""
        words = f"{move.type}: {move.description}" if move.description else move.type
        if move.type == "payout_failure":
            return "payout_failure", f"{move.source_id} came back"
        return ("other_income" if move.amount > 0 else "other_costs"), words

    def _on_balance(self, move: Any, gross: int, fee: int, kind: str, words: str) -> Record:
        net = gross - fee
        payout = self.payouts.get(move.payout_id) if move.type != _OUT else None
        row = _row(
            date=self.day_of(move.made_at),
            kind=kind,
            via="stripe",
            source_id=move.source_id,
            balance_transaction=move.stripe_id,
            currency=move.currency,
            gross=gross,
            fee=fee,
            net=net,
            method=move.method,
            words=words,
        )
        if payout is not None:
            row |= {"paid_out": net, "payout": payout.stripe_payout_id}
            self.unsent[payout.id] -= net
            row |= self._at_bank(payout, net)
        return row

    def _at_bank(self, payout: Any, amount: int) -> Record:
        """Place a row of a payout on its bank line, where the payout is that one line."""
        shares = self.shares.get(("payout", payout.id), [])
        if len(shares) != 1 or shares[0].charges or shares[0].amount != abs(payout.amount):
            return {}
        line = shares[0].bank_transaction_id
        self.left[line] -= amount
        return {"at_bank": amount, "bank_line": line}

    def _shared(self, payout: Any) -> list[Record]:
        """Return a row for each line of a payout that is not one line, and for a bank's fee."""
        shares = self.shares.get(("payout", payout.id), [])
        if self._at_bank(payout, 0) or not shares:
            return []
        sign = 1 if payout.amount > 0 else -1
        made: list[Record] = []
        for share in shares:
            self.left[share.bank_transaction_id] -= sign * share.amount
            made.append(
                self._payout_row(payout, "payout_share")
                | {"at_bank": sign * share.amount, "bank_line": share.bank_transaction_id}
            )
            if share.charges:
                fee = {"fee": share.charges, "net": -share.charges, "via": "bank"}
                made.append(self._payout_row(payout, "bank_fee") | fee)
        return made

    def _of_payout(self, payout: Any) -> list[Record]:
        """What a payout has beyond its transactions, and what of it went back."""
        made: list[Record] = []
        rest = self.unsent[payout.id]
        if rest:
            kind = "payout_not_itemised" if payout.automatic else "payout_manual"
            row = self._payout_row(payout, kind) | {"paid_out": rest}
            made.append(row | self._at_bank(payout, rest))
        made += self._shared(payout)
        for share in self.shares.get(("payout_return", payout.id), []):
            back = -share.amount if payout.amount > 0 else share.amount
            self.left[share.bank_transaction_id] -= back
            made.append(
                self._payout_row(payout, "payout_returned")
                | {"at_bank": back, "bank_line": share.bank_transaction_id}
            )
        return made

    def _payout_row(self, payout: Any, kind: str) -> Record:
        words = {
            "payout_returned": payout.failure_message,
            "payout_share": "A part of the payout, or one of several in the line",
            "bank_fee": "The bank's fee for the payout",
        }.get(kind, f"{payout.method.capitalize()} payout")
        return _row(
            date=payout.arrival_date, kind=kind, via="stripe", payout=payout.stripe_payout_id,
            currency=payout.currency, words=words,
        )  # fmt: skip

    def _of_entry(self, entry: Any) -> list[Record]:
        """What is in the ledger and not on the Stripe balance."""
        if entry.id in self.used:
            return []
        row = _row(
            date=entry.payment_date, via="books", currency=entry.currency, method=entry.method
        ) | _of(entry)
        if entry.kind in _TRANSFERS:
            return [row | {"words": "Credit moved between a sponsor's invoices"}]
        sign = _SIGN[entry.kind]
        gross = sign * entry.amount
        row |= {"gross": gross, "net": gross}
        if _through_stripe(entry):
            return [row | {"words": "No balance transaction read yet"}]
        match = self._match_of(entry)
        if match is None:
            return [row | {"words": "Not found at the bank"}]
        at_bank = sign * match.amount
        self.left[match.bank_transaction_id] -= at_bank
        return [
            row
            | {
                "via": "bank",
                "fee": gross - at_bank,
                "net": at_bank,
                "at_bank": at_bank,
                "bank_line": match.bank_transaction_id,
                "words": match.evidence,
            }
        ]

    def _match_of(self, entry: Any) -> Any:
        if not hasattr(self, "_matches"):
            self._matches = {
                m.entry_id: m
                for m in self.sides.matches
                if m.kind in ("entry", "reversal") and m.bank_transaction_id in self.lines
            }
        return self._matches.get(entry.id)

    def _recorded_later(self) -> list[Record]:
        """What the bank booked by now of payments and refunds that count from a later day."""
        now = {entry.id for entry in self.sides.entries}
        made = []
        for match in self.sides.matches:
            line = self.lines.get(match.bank_transaction_id)
            if line is None or match.entry_id is None or match.entry_id in now:
                continue
            at_bank = match.amount if line.amount > 0 else -match.amount
            self.left[line.id] -= at_bank
            made.append(
                _row(
                    date=line.booked_on, kind="recorded_later", via="bank", currency=line.currency,
                    at_bank=at_bank, bank_line=line.id, reference=match.reference,
                    organization_name=match.organization_name,
                    words=f"Recorded with the date {written_day(match.booked_on)}",
                )
            )  # fmt: skip
        return made

    def _of_line(self, line: Any) -> list[Record]:
        rest = self.left[line.id]
        if not rest:
            return []
        kind = "bank_set_aside" if line.set_aside else "bank_unexplained"
        return [
            _row(
                date=line.booked_on, kind=kind, via="bank", currency=line.currency, at_bank=rest,
                bank_line=line.id, words=line.set_aside or line.text,
            )
        ]  # fmt: skip


def _through_stripe(entry: Any) -> bool:
    """Tell whether an entry's money came through Stripe, which may also only count it as paid."""
    return bool(entry.source == "stripe" and entry.method == "stripe")


def _names(entry: Any) -> list[str]:
    """Return by which Stripe ids a balance transaction may name an entry."""
    own = entry.source_id.partition(":")[0]
    if entry.kind == EntryKind.PAYMENT.value and entry.stripe_payment_id:
        return [own, entry.stripe_payment_id]
    return [own]


def _of(entry: Any) -> Record:
    return {
        "kind": entry.kind,
        "reference": entry.reference,
        "organization_name": entry.organization_name,
        "invoice": entry.stripe_invoice_id,
        "entry": entry.id,
        "source_id": entry.source_id if entry.source == "stripe" else "",
        "po_currency": entry.currency,
        "po_amount": _SIGN.get(entry.kind, 0) * entry.amount,
    }


def _row(**values: Any) -> Record:
    blank: Record = {
        "kind": "", "reference": "", "organization_name": "", "invoice": "", "entry": None,
        "source_id": "", "balance_transaction": "", "gross": 0, "fee": 0, "net": 0,
        "paid_out": 0, "payout": "", "at_bank": 0, "bank_line": None, "method": "", "words": "",
        "po_amount": 0,
    }  # fmt: skip
    return blank | {"po_currency": values["currency"]} | values
