"""When a purchase order in a spreadsheet is one that is there already.

The same conference, organization and PO number make a duplicate, whatever the amount. One with the
same content is just counted; one that differs is an error that names its difference. Where one of
them has no number, the same sponsor with the same total or a line in common may be the purchase
order corrected: a person says whether it is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from po_toolkit.domain.references import comparable
from po_toolkit.money import display

Line = tuple[str, int, int]
"""Description, quantity and unit price in minor units."""


@dataclass(frozen=True, slots=True)
class Content:
    """What two purchase orders must share to be the same one."""

    currency: str
    contact_email: str
    due_date: date | None
    days_until_due: int | None
    stripe_invoice_id: str
    lines: tuple[Line, ...]
    tax_on_top: int = 0
    """Tax beside the lines' prices, in minor units."""

    @property
    def total(self) -> int:
        """The sum of the lines with the tax on top, in minor units."""
        return sum(quantity * price for _, quantity, price in self.lines) + self.tax_on_top

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """Equal for the same content, whatever the order of the lines."""
        return (
            self.currency,
            comparable(self.contact_email),
            self.due_date,
            self.days_until_due,
            self.stripe_invoice_id,
            self.tax_on_top,
            frozenset(Counter((comparable(d), q, p) for d, q, p in self.lines).items()),
        )


def difference(there: Content, new: Content) -> str:
    """Say how a new purchase order differs from the one that is there; ``""`` if it does not."""
    if there.fingerprint == new.fingerprint:
        return ""
    if (there.total, there.currency) != (new.total, new.currency):
        return (
            f"its total is {display(there.total, there.currency)}, here "
            f"{display(new.total, new.currency)}"
        )
    for name, old, now in (
        ("contact email", comparable(there.contact_email), comparable(new.contact_email)),
        ("due date", there.due_date, new.due_date),
        ("days until due", there.days_until_due, new.days_until_due),
        ("Stripe invoice ID", there.stripe_invoice_id, new.stripe_invoice_id),
    ):
        if old != now:
            return f"its {name} is {old or 'empty'}, here {now or 'empty'}"
    return _line_difference(there, new)


def in_common(there: Content, new: Content) -> str:
    """Say what makes a new purchase order look like one that is there, corrected; else ``""``.

    It is the total, or a line's description, whatever became of its quantity and price.
    """
    if (there.total, there.currency) == (new.total, new.currency):
        return f"the same total of {display(new.total, new.currency)}"
    lines = {comparable(line[0]) for line in there.lines}
    shared = next((line[0] for line in new.lines if comparable(line[0]) in lines), None)
    if shared is None:
        return ""
    return f"the line {shared!r} too and a total of {display(there.total, there.currency)}"


def _line_difference(there: Content, new: Content) -> str:
    old, now = (Counter((comparable(d), q, p) for d, q, p in c.lines) for c in (there, new))
    gone, came = next(iter(old - now), None), next(iter(now - old), None)

    def shown(line: Line | None) -> str:
        if line is None:
            return "missing"
        return f"{line[1]} x {line[0]!r} at {display(line[2], new.currency)}"

    return f"one of its lines is {shown(gone)}, here {shown(came)}"
