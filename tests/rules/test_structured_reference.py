"""Our reference with check digits: a bank's form accepts it, and its line is recognised."""

from __future__ import annotations

from datetime import date

import pytest

from po_toolkit.domain.bank_matching import Facts, Line, OpenOrder, match
from po_toolkit.domain.references import structured_reference


def test_the_check_digits_are_those_of_the_standard() -> None:
    """Else every bank's form refuses the reference that we print (ISO 11649's own example)."""
    assert structured_reference("539007547034") == "RF18539007547034"
    assert structured_reference("PO-7KQ2MX") == structured_reference("po-7kq2mx")


@pytest.mark.parametrize(
    ("change", "certainty"),
    [
        (lambda rf: rf, "certain"),
        (lambda rf: f"{rf[:4]} {rf[4:8]} {rf[8:]}", "certain"),
        (lambda rf: f"RF{(int(rf[2:4]) + 1) % 90 + 2:02}{rf[4:]}", "proposed"),
    ],
)
def test_a_structured_reference_is_recognised_and_a_slip_in_it_is_not_applied(
    change, certainty
) -> None:
    """Else the safest reference of all is typed off by hand, or a slip pays somebody's debt."""
    po = OpenOrder(1, "PO-7KQ2MX", "", "Acme Inc.", "usd", 500)
    text = f"SEPA CREDIT {change(structured_reference(po.reference))}"
    found = match(Facts([Line(1, 500, "usd", date(2027, 3, 1), text)], [po]))
    assert [p.certainty for p in found] == [certainty]
