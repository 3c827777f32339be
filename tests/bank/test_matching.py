"""Bank lines become payments, once; a person decides where two things fit; all can be undone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from po_toolkit.api.bank import import_bank_statement
from po_toolkit.api.bank_matching import (
    apply_line,
    bank_lines,
    choose,
    exclude_line,
    match_bank,
    undo_match,
)
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import cancel, record_payment_by_hand
from po_toolkit.api.sync import sync_conference
from po_toolkit.domain.bank_matching import Facts, Line, OpenOrder, match
from po_toolkit.domain.roles import Actor, Role
from po_toolkit.errors import (
    DuplicateEntryError,
    NotAllowedError,
    PurchaseOrderError,
    StripeUnknownError,
)
from po_toolkit.store.purchase_orders import by_reference
from tests.bank.statement import Entry, camt

DAY = date(2026, 11, 20)


def load(opened, *lines: tuple[str, str] | Entry, number: str = "S1") -> None:
    entries = [x if isinstance(x, Entry) else Entry(DAY, Decimal(x[0]), x[1]) for x in lines]
    report = import_bank_statement(opened, camt(entries, number=number))
    assert report.new == len(entries)


def order(opened, reference: str):
    with opened.store.reading() as session:
        return by_reference(session, opened.conference, reference)


def test_a_wire_naming_our_reference_pays_its_purchase_order_once(opened, make_order) -> None:
    """Else a treasurer types every wire, or it is counted at each run."""
    po = make_order(("Gold", 1, "5000.00"))
    load(opened, ("5000.00", f"SEPA {po.reference} THANK YOU"), ("3.00", "INTEREST"))
    before = match_bank(opened).as_json()
    assert (before["applied"], before["proposed"], before["unmatched"]) == (0, 1, 1)
    assert order(opened, po.reference).status == "draft"
    report = match_bank(opened, apply=True).as_json()
    found = report["matches"][0]
    assert set(found) >= {"line", "references", "amount", "rule", "evidence", "state"}
    assert (found["references"], found["amount"]) == ([po.reference], "5000.00")
    assert (found["rule"], found["state"]) == ("reference", "applied")
    assert match_bank(opened, apply=True).applied == 0
    paid = order(opened, po.reference)
    assert (paid.status, paid.balance_due) == ("paid", 0)
    assert [(e.source, e.method, e.payment_date) for e in paid.entries] == [("bank", "wire", DAY)]


def test_a_wire_less_charges_is_not_said_to_equal_what_is_outstanding(opened, make_order) -> None:
    """Who reads that 4,985.00 equals 5,000.00 trusts no other reason either."""
    po = make_order(("Gold", 1, "5000.00"))
    load(opened, ("4985.00", f"WIRE {po.organization_name}"))
    (found,) = match_bank(opened).as_json()["matches"]
    assert found["rule"] == "less_charges"
    assert f"5,000.00 USD is outstanding on {po.reference}" in found["evidence"]
    assert "equals" not in found["evidence"]


def test_an_open_invoice_hears_of_a_wire_found_on_the_statement(
    opened, make_order, simulator
) -> None:
    """Else the sponsor's page still asks for money that has come."""
    po = make_order(("Gold", 1, "5000.00"))
    invoice = invoice_purchase_orders(opened, references=[po.reference]).results[0]
    load(opened, ("5000.00", f"WIRE {po.reference}"))
    match_bank(opened, apply=True)
    assert simulator.control.get(invoice.stripe_invoice_id)["status"] == "paid"
    (entry,) = order(opened, po.reference).entries
    assert entry.stripe_payment_record_id
    assert bank_lines(opened)[0].references == [po.reference]
    line = bank_lines(opened)[0].line
    undo_match(opened, line)
    assert order(opened, po.reference).sums.paid == 0


def test_a_match_links_the_wire_that_was_entered_by_hand(opened, make_order) -> None:
    """Else one wire is counted twice: once typed, once from the statement."""
    po = make_order(("Gold", 1, "5000.00"))
    record_payment_by_hand(
        opened,
        po.reference,
        amount=Decimal(5000),
        method="wire",
        payment_date=DAY,
        date_as_given=True,
    )
    load(opened, ("4985.00", f"WIRE {po.reference}"))
    report = match_bank(opened, apply=True)
    assert report.matches[0].rule == "less_charges"
    assert len(order(opened, po.reference).entries) == 1
    undo_match(opened, report.matches[0].line)
    assert order(opened, po.reference).sums.paid == 500_000  # what was typed stays
    # Undone by a person, it is offered again and does not apply by itself.
    assert match_bank(opened, apply=True).proposed == 1
    apply_line(opened, report.matches[0].line)
    assert bank_lines(opened)[0].state == "applied"


def test_a_typed_wire_is_the_line_that_holds_its_reference(opened, make_order) -> None:
    """Else another wire of the amount takes its place, and it pays a second purchase order."""
    paid, other = make_order(("Gold", 1, "100.00")), make_order(("Party", 1, "100.00"))
    record_payment_by_hand(
        opened,
        paid.reference,
        amount=Decimal(100),
        method="wire",
        payment_reference="FT000009",
        payment_date=DAY,
        date_as_given=True,
    )
    load(
        opened,
        ("100.00", f"WIRE {paid.reference} ACME GMBH FT000003"),
        ("100.00", "WIRE SPONSORING ACME GMBH FT000009"),
    )
    found = {match.line: match for match in match_bank(opened, apply=True).matches}
    again, typed = (found[line] for line in sorted(found))
    assert (typed.rule, typed.state, typed.references) == (
        "entry_reference", "applied", [paid.reference],
    )  # fmt: skip
    assert (again.state, again.references) == ("proposed", [paid.reference])
    assert order(opened, other.reference).sums.paid == 0


def test_every_match_can_be_undone_and_done_again(opened, make_order) -> None:
    """Else a wrong match needs a programmer."""
    po, other = make_order(("A", 1, "700.00")), make_order(("B", 1, "700.00"), po_number="2")
    load(opened, ("700.00", f"WIRE {po.reference}"))
    line = match_bank(opened, apply=True).matches[0].line
    assert undo_match(opened, line) == 1
    assert order(opened, po.reference).status != "paid"
    with pytest.raises(PurchaseOrderError, match="nothing to undo"):
        undo_match(opened, line)
    choose(opened, line, orders={other.reference: None})
    assert order(opened, other.reference).status == "paid"
    with pytest.raises(PurchaseOrderError, match="matched already"):
        choose(opened, line, orders={po.reference: None})


def test_one_credit_for_several_and_a_persons_own_division(opened, make_order) -> None:
    """Else a collected payment cannot be booked on the sponsor's orders."""
    a, b = (
        make_order(("A", 1, "700.00"), po_number="1"),
        make_order(("B", 1, "300.00"), po_number="2"),
    )
    load(opened, ("1000.00", f"FOR {a.reference} AND {b.reference}"), ("450.00", "SOME MONEY"))
    report = match_bank(opened, apply=True)
    assert (report.applied, report.unmatched) == (1, 1)
    assert {order(opened, x.reference).status for x in (a, b)} == {"paid"}
    c = make_order(("C", 1, "400.00"), po_number="3")
    d = make_order(("D", 1, "60.00"), po_number="4")
    line = next(x.line for x in bank_lines(opened) if x.state == "unmatched")
    with pytest.raises(PurchaseOrderError, match="Say how much"):
        choose(opened, line, orders={c.reference: None, d.reference: None})
    with pytest.raises(PurchaseOrderError, match="Divide the whole line"):
        choose(opened, line, orders={c.reference: Decimal(1), d.reference: Decimal(2)})
    choose(opened, line, orders={c.reference: Decimal(400), d.reference: None})
    assert order(opened, d.reference).sums.paid == 50_00


def test_where_two_fit_a_person_decides(opened, make_order) -> None:
    """Else a coin decides which of two equal orders is paid."""
    for number in ("1", "2"):
        make_order(("A", 1, "700.00"), po_number=number, organization="Cedar Labs Inc.")
    load(opened, Entry(DAY, Decimal("700.00"), "PAYMENT", "CEDAR LABS"))
    report = match_bank(opened, apply=True)
    assert (report.applied, report.ambiguous) == (0, 1)
    assert len(report.matches[0].references) == 2
    with pytest.raises(PurchaseOrderError, match="several matches"):
        apply_line(opened, report.matches[0].line)


def test_money_for_a_cancelled_order_and_too_much_wait_for_a_person(opened, make_order) -> None:
    """Else money lands where nobody expects it, or vanishes from sight."""
    gone, small = make_order(("A", 1, "700.00")), make_order(("B", 1, "10.00"), po_number="2")
    cancel(opened, gone.reference)
    load(opened, ("700.00", gone.reference), ("90.00", small.reference))
    report = match_bank(opened, apply=True)
    assert (report.applied, report.proposed) == (0, 2)
    line = next(m.line for m in report.matches if small.reference in m.references)
    apply_line(opened, line)
    assert order(opened, small.reference).status == "overpaid"


def test_a_line_that_is_no_sponsors_is_set_aside(opened) -> None:
    """Else rent and interest stay on the list of what is to do for ever."""
    load(opened, ("3.00", "INTEREST"))
    line = bank_lines(opened)[0].line
    exclude_line(opened, line, "Interest")
    assert match_bank(opened).unmatched == 0
    assert bank_lines(opened)[0].state == "set_aside"
    exclude_line(opened, line, "")
    assert match_bank(opened).unmatched == 1


def test_an_operator_may_load_but_not_match(opened, make_order) -> None:
    """Else money is booked by whom the treasurer did not allow it."""
    load(opened, ("3.00", "INTEREST"))
    object.__setattr__(opened, "actor", Actor("op", Role.OPERATOR))
    with pytest.raises(NotAllowedError):
        match_bank(opened)


@pytest.mark.parametrize(
    ("number", "text", "names"),
    [
        ("PO-1", "PAYMENT PO-12", False),
        ("PO-1", "PAYMENT XPO-1", False),
        ("PO-1", "PAYMENT PO-1", True),
        ("PO-1", "PAYMENT P0 0001", True),
        ("PO-12", "PAYMENT PO12", True),
        ("4500012345", "REF 0004500012345.", True),
        ("4500012345", "REF 45000 12345", True),
        ("4500012345", "REF 45OOO12345", True),
        ("4500012345", "REF 94500012345", False),
        ("4500012345", "REF 45000123456", False),
        ("2027-001", "2027 001", True),
        ("2027-001", "12027-001", False),
        ("12345", "PO NO. 12345", True),
    ],
)
def test_a_number_is_found_however_it_is_written_and_never_inside_another(
    number: str, text: str, *, names: bool
) -> None:
    """Else PO-1 is paid with the money for PO-12."""
    po = OpenOrder(1, "PO-7KQ2MX", number, "Acme", "usd", 500)
    found = match(Facts([Line(1, 500, "usd", DAY, text)], [po]))
    assert bool(found) is names


def test_what_stripe_refuses_leaves_the_line_open_and_the_rest_goes_on(
    opened, make_order, simulator
) -> None:
    """Else one refused payment stops a month's matching, or counts as booked."""
    first, second = make_order(("A", 1, "700.00")), make_order(("B", 1, "900.00"), po_number="2")
    invoice_purchase_orders(opened, references=[first.reference])
    load(opened, ("700.00", first.reference), ("900.00", second.reference))
    simulator.control.fail("/v1/payment_records/*", kind="409", times=20)
    with pytest.raises(StripeUnknownError):
        match_bank(opened, apply=True)
    simulator.control.clear_faults()
    sync_conference(opened)
    report = match_bank(opened, apply=True)
    assert report.applied == 1
    assert {order(opened, x.reference).status for x in (first, second)} == {"paid"}
    assert [len(order(opened, x.reference).entries) for x in (first, second)] == [1, 1]
    assert {x.state for x in bank_lines(opened)} == {"applied"}


def test_a_payment_that_a_sync_finishes_is_known_as_its_bank_lines(
    opened, make_order, simulator
) -> None:
    """Else whoever types the wire again is told of a payment, and not of the line that it is."""
    po = make_order(("A", 1, "700.00"))
    invoice_purchase_orders(opened, references=[po.reference])
    load(opened, ("700.00", po.reference))
    simulator.control.fail("/v1/payment_records/*", kind="409", times=20)
    with pytest.raises(StripeUnknownError):
        match_bank(opened, apply=True)
    simulator.control.clear_faults()
    sync_conference(opened)
    with pytest.raises(DuplicateEntryError, match=f"bank line {bank_lines(opened)[0].line}"):
        record_payment_by_hand(
            opened,
            po.reference,
            amount=Decimal(700),
            method="wire",
            payment_date=DAY,
            date_as_given=True,
        )


def test_a_second_person_cannot_match_the_same_line_or_entry(opened, make_order) -> None:
    """Else two treasurers book one wire twice."""
    po = make_order(("A", 1, "700.00"))
    record_payment_by_hand(
        opened,
        po.reference,
        amount=Decimal(700),
        method="wire",
        payment_date=DAY,
        date_as_given=True,
    )
    load(opened, ("700.00", "ONE"), ("700.00", "TWO"))
    entry = order(opened, po.reference).entries[0].id
    one, two = (x.line for x in bank_lines(opened))
    choose(opened, one, entry=entry)
    with pytest.raises(PurchaseOrderError, match=f"no entry {entry}"):
        choose(opened, two, entry=entry)
    with pytest.raises(PurchaseOrderError, match="matched already"):
        choose(opened, one, orders={po.reference: None})


@pytest.mark.parametrize(
    ("name", "who", "certainty"),
    [
        ("Oracle Inc.", "ORACLE PARK TICKETS", "proposed"),
        ("Oracle Inc.", "ORACLE, INC.", "certain"),
        ("Müller & Söhne GmbH", "MUELLER UND SOEHNE", "certain"),
        ("Müller & Söhne GmbH", "MULLER & SOHNE GM", "certain"),
        ("Borealis Cloud Systems LLC", "BOREALIS CLOUD SYS", "certain"),
        ("Borealis Cloud Systems LLC", "BOREALIS CLOTHES", None),
        ("IBM", "IBMO TRADING", None),
    ],
)
def test_a_sponsors_name_is_found_and_a_like_one_is_not(name, who, certainty) -> None:
    """Else a stranger's payment settles a sponsor's debt because the amounts are list prices."""
    po = OpenOrder(1, "PO-7KQ2MX", "", name, "usd", 500_000)
    found = match(Facts([Line(1, 500_000, "usd", DAY, "PAYMENT", who)], [po]))
    assert [p.certainty for p in found] == ([certainty] if certainty else [])
