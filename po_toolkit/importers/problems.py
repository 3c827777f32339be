"""What can be wrong with a spreadsheet, row by row: one code for each thing, and its meaning.

``docs/importing.md`` lists the codes; a test keeps the lists equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

ERRORS = {
    "required": "A cell that every row needs is empty.",
    "email_invalid": "The e-mail address cannot be written to.",
    "amount_unreadable": "The amount is not a number in the file's way of writing, or in any.",
    "amount_not_representable": "The amount has more decimals than its currency, or is too large.",
    "amount_mismatch": "The amount is not quantity times unit price, or not the packages' sum.",
    "quantity_invalid": "The quantity is not a whole number above zero.",
    "currency_unknown": "The currency is not one that Stripe takes.",
    "currency_conflict": "The amount is written in another currency than its purchase order has.",
    "date_invalid": "The date cannot be read, or there is no such day.",
    "days_invalid": "The days until due are not a whole number from 0 to 365.",
    "conflict": "The lines of one purchase order disagree about something it has only one of.",
    "total_not_positive": "The lines of the purchase order do not add up to more than zero.",
    "total_below_minimum": "The total is below what Stripe charges at least.",
    "total_too_large": "The total is above what Stripe can charge in this currency.",
    "too_many_lines": "The purchase order has more lines than a Stripe invoice holds.",
    "too_long": "The text is longer than Stripe takes.",
    "cell_error": "The cell holds an error such as #REF!, or a formula that nobody calculated.",
    "digits_lost": "The spreadsheet program rounded this number or made a date of it.",
    "tax_rate_unknown": "The tax rate is not one of the conference's.",
    "tax_not_representable": "The tax on the line cannot be paid in the currency: part of a crown.",
    "tax_id_invalid": "The tax id is not one in its country.",
    "service_period": "The service period ends before it begins.",
    "language_unknown": "Stripe writes no invoices in this language.",
    "payment_methods_unknown": "A way to pay is not one that an invoice can offer.",
    "delivery_unknown": "Who delivers the invoice is neither Stripe nor ourselves.",
    "invoice_id_invalid": "The Stripe invoice id does not look like in_…",
    "invoice_id_taken": "The Stripe invoice belongs to another purchase order.",
    "duplicate_differs": "A purchase order with this number exists, with another content.",
}
"""Reasons to reject a purchase order."""

WARNINGS = {
    "above_po_amount": "With what was billed before, the total is above what the PO authorizes.",
    "control_characters": "Invisible control characters were taken out of the text.",
    "due_date_past": "The due date has passed.",
    "duplicate_detail": "A purchase order that is there already has another contact or note.",
    "email_typo": "The e-mail's domain looks like a well-known one with a slip.",
    "hidden_row": "The row is hidden in the spreadsheet; it was read like any other.",
    "lines_twice": "Every line of the purchase order stands twice or more; it may be pasted twice.",
    "perhaps_thousands": "Three digits follow the decimal mark; thousands may be meant.",
    "quantity_in_text": "The amount cannot be divided by the quantity; it is one line of one.",
    "several_emails": "The cell has several addresses; the first gets the invoice.",
    "similar_sponsor": "A sponsor with almost the same name is there, or in the same file.",
    "tax_id_check_digit": "The check digits of the tax id do not fit.",
    "tax_id_kind": "The kind of tax id is not known; it is kept in the notes.",
    "unusual_total": "The total is far above or below the others of its currency.",
}
"""What is worth a look, but rejects nothing."""


@dataclass(frozen=True, slots=True)
class RowProblem:
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

    def as_json(self) -> dict[str, Any]:
        """Return the problem as JSON values."""
        return asdict(self)


def in_order(problems: Iterable[RowProblem]) -> list[RowProblem]:
    """Sort problems as the rows stand in the spreadsheet."""
    return sorted(problems, key=lambda p: p.row)
