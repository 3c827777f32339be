"""What can be wrong with a spreadsheet, row by row, and what only a person can answer about it.

``docs/importing.md`` lists the codes and the questions; a test keeps the lists equal.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from po_toolkit.domain.records import AsJson
from po_toolkit.errors import ImportChoiceError

ERRORS = {
    "required": "A cell that every row needs is empty.",
    "email_invalid": "The email address cannot be written to.",
    "amount_unreadable": "The amount is not a number in the file's way of writing, or in any.",
    "amount_not_representable": "The amount has more decimals than its currency, or is too large.",
    "amount_mismatch": "The amount is not quantity times unit price, or not the packages' sum.",
    "perhaps_thousands": "Three digits follow the decimal mark; thousands may be meant.",
    "quantity_invalid": "The quantity is not a whole number above zero.",
    "currency_unknown": "The currency is not one that Stripe takes.",
    "currency_conflict": "The amount is written in another currency than its purchase order has.",
    "date_invalid": "The date cannot be read, or there is no such day.",
    "days_invalid": "The days until due are not a whole number from 0 to 365.",
    "cells_shifted": "A comma split a cell of a text file in two, such as an amount of 5,000.",
    "characters_lost": "The file's characters were damaged before it came here.",
    "conflict": "The lines of one purchase order disagree about something it has only one of.",
    "total_not_positive": "The lines of the purchase order do not add up to more than zero.",
    "total_below_minimum": "The total is below what Stripe charges at least.",
    "total_too_large": "The total is above what Stripe can charge in this currency.",
    "too_many_lines": "The purchase order has more lines than a Stripe invoice holds.",
    "too_long": "The text is longer than Stripe takes.",
    "cell_error": "The cell holds an error such as #REF!, or a formula that nobody calculated.",
    "digits_lost": "The spreadsheet program rounded or cut this number, or made a date of it.",
    "tax_rate_unknown": "The tax rate is not one of the conference's.",
    "tax_not_representable": "The tax on the line cannot be paid in the currency: part of a crown.",
    "tax_id_invalid": "The tax id is not one in its country.",
    "service_period": "The service period ends before it begins.",
    "language_unknown": "Stripe writes no invoices in this language.",
    "payment_methods_unknown": "A payment method is not one that an invoice can offer.",
    "delivery_unknown": "Who delivers the invoice is neither Stripe nor ourselves.",
    "e_invoice_address_invalid": "The electronic address has no scheme before it.",
    "e_invoice_format_unknown": "The e-invoice format is not one that po-toolkit writes.",
    "invoice_id_invalid": "The Stripe invoice id does not look like in_…",
    "invoice_id_taken": "The Stripe invoice belongs to another purchase order.",
    "duplicate_differs": "A purchase order with this number exists, with another content.",
    "duplicate_likely": "The sponsor has one that this may correct; one of the two has no number.",
}
"""Reasons to reject a purchase order."""

WARNINGS = {
    "above_po_amount": "With what was billed before, the total is above what the PO authorizes.",
    "control_characters": "Invisible control characters were taken out of the text.",
    "due_date_past": "The due date has passed.",
    "duplicate_detail": "An existing purchase order has another contact or note.",
    "email_typo": "The email's domain looks like a well-known one misspelled.",
    "hidden_row": "The row is hidden in the spreadsheet; it was read like any other.",
    "lines_twice": "Every line of the purchase order stands twice or more; it may be pasted twice.",
    "quantity_in_text": "The amount cannot be divided by the quantity; it is one line of one.",
    "several_emails": "The cell has several addresses; the first gets the invoice.",
    "mojibake": "The text looks as if its characters were read in a wrong encoding.",
    "note_not_applied": "A note names a discount, tax, terms, parts, or another recipient.",
    "po_placeholder": "The PO number is only a placeholder; the purchase order has none.",
    "same_email": "Several sponsors have one email address.",
    "similar_sponsor": "A sponsor with almost the same name is there, or in the same file.",
    "tax_id_check_digit": "The check digits of the tax id do not fit.",
    "status_cancelled": "The row is marked as cancelled, paid or not agreed, or is struck through.",
    "tax_id_kind": "The kind of tax id is not known; it is kept in the notes.",
    "total_differs": "A totals row shows another sum than the rows above it have.",
    "unusual_total": "The total is far above or below the others of its currency.",
}
"""What is worth a look, but rejects nothing."""


@dataclass(frozen=True, slots=True)
class RowProblem(AsJson):
    """One thing that is wrong (or doubtful) in one row.

    Attributes:
        row: The line a person sees in the spreadsheet, from 1.
        column: The column by its own name in the file.
        code: A key of :data:`ERRORS` or :data:`WARNINGS`.
        value: The cell as it came.
        message: What is wrong and what would be right.
    """

    row: int
    column: str
    code: str
    value: str
    message: str


def in_order(problems: Iterable[RowProblem]) -> list[RowProblem]:
    """Sort problems as the rows stand in the spreadsheet."""
    return sorted(problems, key=lambda p: p.row)


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a question about a file.

    Attributes:
        label: The answer in words.
        answer: The arguments of an import that give it; ``mapping`` holds field → column.
        totals: What the file's purchase orders would add up to, by currency, in major units; None
            where that was not worked out.
        orders: How many purchase orders there would be.
    """

    label: str
    answer: Mapping[str, Any]
    totals: Mapping[str, str] | None = None
    orders: int | None = None

    @property
    def option(self) -> str:
        """The option of the command that gives this answer."""
        parts = []
        for name, value in self.answer.items():
            pairs = value.items() if name == "mapping" else ()
            for key, columns in pairs:
                names = ",".join(filter(None, columns.split("\n")))
                parts.append(f"--map {shlex.quote(f'{key}={names}')}")
            if name != "mapping":
                parts.append(f"--{name.replace('_', '-')} {shlex.quote(str(value))}")
        return " ".join(parts)

    @property
    def money(self) -> str:
        """What the answer would mean, in words: ``1 purchase order, 9,000.00 USD``."""
        if self.totals is None:
            return ""
        if not self.orders:
            return "no purchase order can be read"
        sums = ", ".join(f"{amount} {currency.upper()}" for currency, amount in self.totals.items())
        return f"{self.orders} purchase order{'s' if self.orders > 1 else ''}, {sums}"

    def as_json(self) -> dict[str, Any]:
        """Return the choice as JSON values."""
        totals = self.totals
        if totals is not None:
            totals = {code: amount.replace(",", "") for code, amount in totals.items()}
        return {"label": self.label, "option": self.option, "totals": totals}


@dataclass(frozen=True, slots=True)
class Question:
    """Something about a file that can change who is billed, how much, or by when.

    Attributes:
        kind: ``sheet``, ``field``, ``column``, ``packages``, ``decimal``, ``dates``, ``currency``,
            ``scale``, ``encoding``, ``email``, ``grouping`` or ``rows``.
        subject: The field, column or value that it is about.
        text: The question in words.
        choices: The possible answers; the first is what the import goes on with to find more
            questions, never what it imports.
        rows: The first rows that show what is meant: line, and what it holds.
    """

    kind: str
    subject: str
    text: str
    choices: Sequence[Choice]
    rows: Sequence[tuple[int, str]] = ()

    @property
    def key(self) -> str:
        """What tells this question from the others about the same file."""
        return f"{self.kind}:{self.subject}"

    def as_json(self) -> dict[str, Any]:
        """Return the question as JSON values."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "question": self.text,
            "rows": [{"row": row, "value": value} for row, value in self.rows],
            "choices": [choice.as_json() for choice in self.choices],
        }


class ImportQuestionsError(ImportChoiceError):
    """A file leaves questions open that change what is billed; nothing was written."""

    def __init__(self, questions: Sequence[Question]) -> None:
        """Keep the questions; the message is all of them in words."""
        first = questions[0]
        super().__init__(
            " ".join(question.text for question in questions),
            question=first.kind,
            choices=[choice.option for choice in first.choices],
        )
        self.questions = list(questions)
