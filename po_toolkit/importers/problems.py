"""What can be wrong with a spreadsheet, row by row: one code for each thing, and its meaning.

``docs/importing.md`` lists the codes; a test keeps the two lists equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

ERRORS = {
    "required": "A cell that every row needs is empty.",
    "email_invalid": "The e-mail address cannot be written to.",
    "amount_unreadable": "The amount is not a number in any known way of writing.",
    "amount_not_representable": "The amount has more decimals than its currency, or is too large.",
    "amount_mismatch": "The amount beside quantity and unit price is not their product.",
    "total_mismatch": "The total beside the package columns is not their sum.",
    "quantity_invalid": "The quantity is not a whole number above zero.",
    "currency_unknown": "The currency is not one that Stripe takes.",
    "currency_conflict": "The amount is written in another currency than its row says.",
    "date_invalid": "The date cannot be read, or there is no such day.",
    "days_invalid": "The days until due are not a whole number from 0 to 365.",
    "conflict": "The lines of one purchase order disagree about something it has only one of.",
    "total_not_positive": "The lines of the purchase order do not add up to more than zero.",
    "total_below_minimum": "The total is below what Stripe charges at least.",
    "total_too_large": "The total is above what a Stripe invoice can hold.",
    "too_many_lines": "The purchase order has more lines than a Stripe invoice holds.",
    "too_long": "The text is longer than Stripe takes.",
    "cell_error": "The cell holds an error such as #REF!, or a formula that was never calculated.",
    "digits_lost": "The spreadsheet program has rounded this number, so its digits are lost.",
    "invoice_id_invalid": "The Stripe invoice id does not look like in_…",
    "invoice_id_taken": "The Stripe invoice belongs to another purchase order.",
    "duplicate_differs": "A purchase order with this number exists, with another content.",
    "row_too_wide": "The row has more cells than the header has columns.",
}
"""Reasons to reject a purchase order."""

WARNINGS = {
    "duplicate_detail": "A purchase order that is there already has another contact or note.",
    "quantity_in_text": "The amount cannot be divided by the quantity; it is one line of one.",
    "due_date_past": "The due date has passed.",
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
