"""Bank statements as they came, their lines, and what each line was found to be."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.domain.states import MatchKind, MatchState, StatementState
from po_toolkit.store.columns import CreatedAt, CurrencyCode, Key, LongText, MinorUnits, Time, known
from po_toolkit.store.tables.base import Base


class BankStatement(Base):
    """One statement of one account, as a file held it."""

    __tablename__ = "bank_statements"
    __table_args__ = (
        known("state", StatementState),
        Index("ix_bank_statements_account", "conference_id", "account", "currency"),
    )

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    file_name: Mapped[str]
    file_sha256: Mapped[str] = mapped_column(String(64))
    format: Mapped[str] = mapped_column(String(8))
    """csv, xlsx, ofx, mt940, camt053, camt052, bai2 or qif."""
    layout: Mapped[str] = mapped_column(default="", server_default="")
    """The known layout it was read by, or the fingerprint of its heading."""
    account: Mapped[str] = mapped_column(default="")
    currency: Mapped[str] = mapped_column(String(3), default="")
    number: Mapped[str] = mapped_column(default="")
    """The statement's own number or id."""
    opening: Mapped[MinorUnits | None]
    closing: Mapped[MinorUnits | None]
    opening_date: Mapped[date | None]
    closing_date: Mapped[date | None]
    state: Mapped[str] = mapped_column(String(16))
    """proven, unproven, held, or accepted (held, then taken by a person)."""
    difference: Mapped[MinorUnits | None]
    """closing - (opening + lines), where that is not 0."""
    reason: Mapped[LongText] = mapped_column(default="")
    """Why it is held, and then why a person accepted it."""
    line_count: Mapped[int]
    held_lines: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """The lines of a statement that is held, as read."""
    entered_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    accepted_by: Mapped[str] = mapped_column(default="")
    accepted_at: Mapped[Time | None]


class BankTransaction(Base):
    """One line of a bank account, kept once however many statements hold it."""

    __tablename__ = "bank_transactions"
    __table_args__ = (
        UniqueConstraint("conference_id", "fingerprint", "occurrence"),
        Index("ix_bank_transactions_date", "conference_id", "booked_on"),
    )

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    account: Mapped[str] = mapped_column(default="")
    currency: Mapped[CurrencyCode]
    amount: Mapped[MinorUnits]
    """Above 0 for a credit, below for a debit."""
    booked_on: Mapped[date]
    value_date: Mapped[date | None]
    counterparty: Mapped[str] = mapped_column(default="")
    counterparty_account: Mapped[str] = mapped_column(default="", server_default="")
    """The other party's IBAN or account number, if the file gives it."""
    text: Mapped[LongText] = mapped_column(default="")
    """Everything the bank says of it: remittance information, references, names."""
    bank_reference: Mapped[str] = mapped_column(default="")
    """The bank's own id; banks use one again for another line."""
    payment_references: Mapped[list[Any]] = mapped_column(JSON, default=list, server_default="[]")
    """Structured references: end-to-end id, creditor's reference, check number."""
    details: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """The payments that the bank booked together as this line, if it says so: each with ``amount``
    (minor units or None), ``counterparty``, ``account``, ``text`` and ``references``."""
    reversal: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The bank says that this line takes back an earlier one."""
    duplicate_of_id: Mapped[int | None] = mapped_column(ForeignKey("bank_transactions.id"))
    """The line of the same amount and nearly the same day that this one may be again; such a line
    is never applied by itself."""
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 of account, currency, amount, day, the other party and the text."""
    occurrence: Mapped[int]
    """0 for the first line that says exactly this, 1 for the second."""
    set_aside: Mapped[LongText] = mapped_column(default="")
    """Why a person says that it has to do with no sponsor; empty otherwise."""
    set_aside_at: Mapped[Time | None]
    created_at: Mapped[CreatedAt]


class BankStatementLine(Base):
    """Where a line stands: a line may be on several statements that overlap."""

    __tablename__ = "bank_statement_lines"

    statement_id: Mapped[int] = mapped_column(ForeignKey("bank_statements.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    transaction_id: Mapped[int] = mapped_column(ForeignKey("bank_transactions.id"), index=True)
    row_number: Mapped[int]
    """The line of the file where it begins, from 1."""


class QuarantinedBankLine(Base):
    """A line of a statement that could not be read: kept as it came, never taken for 0."""

    __tablename__ = "quarantined_bank_lines"
    __table_args__ = (UniqueConstraint("conference_id", "file_sha256", "row_number"),)

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    statement_id: Mapped[int] = mapped_column(ForeignKey("bank_statements.id"), index=True)
    file_sha256: Mapped[str] = mapped_column(String(64))
    row_number: Mapped[int]
    raw: Mapped[LongText]
    message: Mapped[LongText]
    created_at: Mapped[CreatedAt]


class BankMatch(Base):
    """What a line, or a part of it, was found to be; undone, it stays as history."""

    __tablename__ = "bank_matches"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        known("kind", MatchKind),
        known("state", MatchState),
        Index("ix_bank_matches_line", "bank_transaction_id", "state"),
    )

    id: Mapped[Key]
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"), index=True)
    bank_transaction_id: Mapped[int] = mapped_column(ForeignKey("bank_transactions.id"))
    kind: Mapped[str] = mapped_column(String(16))
    """payout, payout_return (a failed payout going back), entry, or reversal (an earlier match that
    the bank took back)."""
    payout_id: Mapped[int | None] = mapped_column(ForeignKey("payouts.id"), index=True)
    purchase_order_id: Mapped[int | None] = mapped_column(
        ForeignKey("purchase_orders.id"), index=True
    )
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entries.id"), index=True)
    created_entry: Mapped[bool] = mapped_column(default=False)
    """Whether the match made the ledger entry; else it was there, entered by hand."""
    amount: Mapped[MinorUnits]
    """The part of the line, without sign."""
    charges: Mapped[MinorUnits] = mapped_column(default=0)
    """What the entry or payout has and the line has not: charges that a bank kept."""
    credit_note_uuid: Mapped[UUID | None]
    """The credit note that writes off what the line is short of its purchase order."""
    reversed_match_id: Mapped[int | None] = mapped_column(ForeignKey("bank_matches.id"))
    """The match that a reversal takes back."""
    rule: Mapped[str] = mapped_column(String(32))
    evidence: Mapped[LongText]
    state: Mapped[str] = mapped_column(String(16), default="applied")
    """applied or undone."""
    applied_by: Mapped[str]
    applied_at: Mapped[Time]
    undone_by: Mapped[str] = mapped_column(default="")
    undone_at: Mapped[Time | None]
