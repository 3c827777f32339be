"""What a person says a line is, what the bank takes back, and money that would count twice."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import partial

import pytest

from po_toolkit import create_purchase_order
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
from po_toolkit.api.ledger import record_payment_by_hand as record_as_typed
from po_toolkit.api.ledger import reverse_entry
from po_toolkit.api.sync import sync_conference
from po_toolkit.bootstrap import open_conference
from po_toolkit.errors import DuplicateEntryError, PurchaseOrderError
from po_toolkit.reconcile import reconcile_conference
from po_toolkit.reconcile.tie_out import tie_out
from po_toolkit.store.purchase_orders import by_reference
from po_toolkit.store.tables import Payout
from tests.bank.statement import Entry, camt

DAY = date(2026, 11, 20)

record_payment_by_hand = partial(record_as_typed, date_as_given=True, overpaid=True)
"""Statements here are of fixed days, before the purchase orders of the test were made."""


def load(opened, *lines: tuple[str, str] | Entry, number: str = "S1") -> list[int]:
    entries = [x if isinstance(x, Entry) else Entry(DAY, Decimal(x[0]), x[1]) for x in lines]
    before = {x.line for x in bank_lines(opened)}
    assert import_bank_statement(opened, camt(entries, number=number)).new == len(entries)
    return sorted({x.line for x in bank_lines(opened)} - before)


def order(opened, reference: str):
    with opened.store.reading() as session:
        return by_reference(session, opened.conference, reference)


def codes(opened) -> dict[str, int]:
    found = reconcile_conference(opened.store, opened.conference, as_of=opened.today())
    return dict(zip(found.discrepancies["code"], found.discrepancies["at_stake"], strict=True))


def ties(opened) -> bool:
    """Tell whether all agrees; payouts here have no balance transactions behind them."""
    checks = tie_out(opened.store, opened.conference, as_of=opened.today()).checks
    checks = checks[~checks["check"].str.startswith("Stripe balance")]
    return bool(checks["difference"].eq(0).all())


def payout(opened, stripe_id: str, amount: int, day: date = DAY) -> None:
    from po_toolkit.domain.roles import STRIPE, Act

    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        uow.session.add(
            Payout(conference_id=opened.conference.id, stripe_payout_id=stripe_id, amount=amount,
                   currency="usd", status="paid", automatic=False, method="standard",
                   arrival_date=day, made_at=opened.now(), read_at=opened.now())
        )  # fmt: skip


# The same money by two ways


def test_a_wire_typed_after_its_line_was_matched_asks(opened, make_order) -> None:
    """Row 12: else one wire counts twice, and with part payments nobody sees it."""
    po = make_order(("Gold", 1, "10000.00"))
    (line,) = load(opened, ("5000.00", f"WIRE {po.reference}"))
    choose(opened, line, orders={po.reference: None})
    wire = {"amount": Decimal(5000), "method": "wire", "payment_date": DAY + timedelta(days=3)}
    with pytest.raises(DuplicateEntryError, match=f"bank line {line}"):
        record_payment_by_hand(opened, po.reference, **wire)
    assert order(opened, po.reference).sums.paid == 500_000
    record_payment_by_hand(opened, po.reference, **wire, again=True)
    assert order(opened, po.reference).sums.paid == 1_000_000


@pytest.mark.parametrize("typed", ["wire", "check"])
def test_a_line_of_money_that_was_typed_asks_and_confirms_the_entry(
    opened, make_order, typed
) -> None:
    """Row 12: else the typed wire or check and its deposit line settle two debts."""
    po = make_order(("Gold", 1, "10000.00"))
    record_payment_by_hand(
        opened, po.reference, amount=Decimal(5000), method=typed,
        payment_date=DAY - timedelta(days=2),
    )  # fmt: skip
    entry = order(opened, po.reference).entries[0].id
    (line,) = load(opened, ("5000.00", "COUNTER DEPOSIT"))
    with pytest.raises(DuplicateEntryError) as asked:
        choose(opened, line, orders={po.reference: None})
    assert f"--entry {entry}" in asked.value.remedy.command_line
    choose(opened, line, entry=entry)
    assert order(opened, po.reference).sums.paid == 500_000


def test_a_wire_typed_by_two_people_a_day_apart_asks(opened, make_order) -> None:
    """Row 12: else the second treasurer's entry pays the sponsor's other purchase order."""
    a = make_order(("A", 1, "700.00"), po_number="1", organization="Acme Inc.")
    b = make_order(("B", 1, "700.00"), po_number="2", organization="ACME INC.")
    other = make_order(("C", 1, "700.00"), po_number="3", organization="Borealis GmbH")
    wire = {"amount": Decimal(700), "method": "wire"}
    record_payment_by_hand(opened, a.reference, payment_date=DAY, **wire)
    for day in (DAY + timedelta(days=1), DAY - timedelta(days=7)):
        with pytest.raises(DuplicateEntryError):
            record_payment_by_hand(opened, b.reference, payment_date=day, **wire)
    record_payment_by_hand(opened, b.reference, payment_date=DAY + timedelta(days=8), **wire)
    record_payment_by_hand(opened, other.reference, payment_date=DAY, **wire)


# Reversals


def test_what_the_bank_takes_back_is_proposed_and_a_discrepancy_until_then(
    opened, make_order
) -> None:
    """Else a bounced check still counts as paid, and the sponsor is never asked again."""
    po = make_order(("Gold", 1, "5000.00"))
    (line,) = load(opened, ("5000.00", f"WIRE {po.reference}"))
    match_bank(opened, apply=True)
    back, rent = load(
        opened,
        Entry(DAY + timedelta(days=2), Decimal("-5000.00"), f"RETURNED {po.reference}"),
        Entry(DAY + timedelta(days=2), Decimal("-45.00"), "RENT"),
        number="S2",
    )
    opened_codes = codes(opened)
    assert opened_codes["payment_taken_back"] == 500_000
    assert opened_codes["bank_debit_not_explained"] == 4500
    report = match_bank(opened, apply=True)
    assert (report.applied, report.proposed, report.unmatched) == (0, 1, 1)
    (found,) = [m for m in report.matches if m.line == back]
    assert (found.rule, found.references) == ("reversal", [po.reference])
    assert found.evidence_for
    assert found.evidence_against
    apply_line(opened, back)
    assert order(opened, po.reference).balance_due == 5000
    assert "payment_taken_back" not in codes(opened)
    assert ties(opened)
    with pytest.raises(PurchaseOrderError, match=f"Bank line {back} reverses"):
        undo_match(opened, line)
    undo_match(opened, back)
    assert order(opened, po.reference).balance_due == 0
    assert codes(opened)["payment_taken_back"] == 500_000
    assert ties(opened)
    choose(opened, back, reversal=line)
    undo_match(opened, back)
    undo_match(opened, line)
    assert order(opened, po.reference).sums.paid == 0
    assert {x.line for x in bank_lines(opened) if x.state == "applied"} == set()
    assert rent


def test_an_open_invoice_is_right_through_a_reversal_and_its_undoing(
    opened, make_order, simulator
) -> None:
    """Else Stripe is told twice of money that came once."""
    po = make_order(("Gold", 1, "5000.00"))
    invoice = invoice_purchase_orders(opened, references=[po.reference]).results[0]
    load(opened, ("5000.00", f"WIRE {po.reference}"))
    match_bank(opened, apply=True)
    (back,) = load(opened, ("-5000.00", f"RETURN {po.reference}"), number="S2")
    apply_line(opened, back)
    assert order(opened, po.reference).sums.paid == 0
    undo_match(opened, back)
    assert order(opened, po.reference).status == "paid"
    assert simulator.control.get(invoice.stripe_invoice_id)["amount_paid"] == 500_000


def test_a_payment_typed_again_since_the_bank_took_it_back_is_not_entered_twice(
    opened, make_order
) -> None:
    """Else undoing a match doubles the money of whoever typed the payment in between."""
    po = make_order(("Gold", 1, "5000.00"))
    load(opened, ("5000.00", f"WIRE {po.reference}"))
    match_bank(opened, apply=True)
    (back,) = load(opened, ("-5000.00", f"RETURN {po.reference}"), number="S2")
    apply_line(opened, back)
    typed = {"amount": Decimal("5000.00"), "method": "wire", "payment_date": DAY}
    record_payment_by_hand(opened, po.reference, **typed)
    with pytest.raises(DuplicateEntryError, match="Reverse entry 3 first"):
        undo_match(opened, back)
    assert order(opened, po.reference).sums.paid == 500_000
    reverse_entry(opened, "3", reason="Typed twice")
    undo_match(opened, back)
    assert order(opened, po.reference).sums.paid == 500_000


# Payouts n:m, by rule and by hand


def test_several_payouts_in_a_line_and_a_payout_in_two_lines(opened) -> None:
    """Else money that is at the bank is reported as lost, and nothing can be done."""
    payout(opened, "po_a", 100_000)
    payout(opened, "po_b", 50_000)
    payout(opened, "po_c", 90_000, DAY + timedelta(days=20))
    (both,) = load(opened, ("1500.00", "STRIPE TRANSFER"))
    one, two = load(
        opened,
        Entry(DAY + timedelta(days=20), Decimal("600.00"), "STRIPE TRANSFER"),
        Entry(DAY + timedelta(days=20), Decimal("300.00"), "STRIPE TRANSFER 2"),
        number="S2",
    )  # fmt: skip
    report = match_bank(opened, apply=True)
    assert (report.applied, report.proposed) == (0, 3)
    apply_line(opened, both)
    apply_line(opened, one)
    choose(opened, two, payout="po_c")
    assert {x.state for x in bank_lines(opened)} == {"applied"}
    assert ties(opened)
    for line in (both, one, two):
        undo_match(opened, line)
    choose(opened, both, payout=["po_a", "po_b"])
    with pytest.raises(PurchaseOrderError, match="no payout po_a"):
        choose(opened, one, payout="po_a")
    assert ties(opened)


def test_a_payout_less_the_banks_fee_is_written_off_with_a_reason(opened) -> None:
    """Else the payout stays open for ever by the bank's fee."""
    payout(opened, "po_a", 100_000)
    (line,) = load(opened, ("985.00", "STRIPE TRANSFER"))
    assert match_bank(opened, apply=True).proposed == 1
    choose(opened, line, payout="po_a", write_off="Bank fee")
    assert ties(opened)
    fees = tie_out(opened.store, opened.conference, as_of=opened.today()).payouts
    assert fees["fees"].tolist() == [1500]


def test_a_wire_that_was_recorded_after_the_months_end_explains_its_line_in_the_month(
    opened, make_order
) -> None:
    """Else the month's checklist is never done, for money that everybody knows of."""
    acme = make_order(("Gold", 1, "100.00"))
    record_payment_by_hand(
        opened, acme.reference, amount=Decimal(100), method="wire", payment_date=date(2026, 11, 24)
    )
    (line,) = load(opened, ("100.00", "SOME WIRE"))
    (entry,) = order(opened, acme.reference).entries
    before = tie_out(opened.store, opened.conference, as_of=DAY)
    assert before.unexplained == ["1 bank line not matched."]
    choose(opened, line, entry=entry.id)
    found = tie_out(opened.store, opened.conference, as_of=DAY)
    assert found.unexplained == []
    (row,) = found.rows.to_dict("records")
    assert (row["kind"], row["at_bank"], row["po_amount"]) == ("recorded_later", 10000, 0)
    assert (row["reference"], row["words"]) == (
        acme.reference,
        "Recorded with the date 24 Nov 2026",
    )
    assert found.bank_lines["payments"].tolist() == [10000]
    assert found.checks["difference"].eq(0).all()
    later = tie_out(opened.store, opened.conference, as_of=date(2026, 11, 24))
    assert later.rows["kind"].tolist() == ["payment"]
    assert ties(opened)


# A small difference


def test_a_small_difference_is_written_off_and_comes_back_when_undone(opened, make_order) -> None:
    """Else a purchase order stays open by the fifteen dollars that a bank kept."""
    po = make_order(("Gold", 1, "5000.00"))
    (line,) = load(opened, ("4985.00", "SOME WIRE"))
    choose(opened, line, orders={po.reference: None}, write_off="Bank charges")
    paid = order(opened, po.reference)
    assert (paid.status, paid.sums.credited) == ("paid", 1500)
    undo_match(opened, line)
    again = order(opened, po.reference)
    assert (again.balance_due, again.sums.credited) == (5000, 0)
    big = make_order(("Gold", 1, "9000.00"), po_number="2")
    with pytest.raises(PurchaseOrderError, match="more than"):
        choose(opened, line, orders={big.reference: None}, write_off="Bank charges")
    assert order(opened, big.reference).sums.paid == 0


def test_a_write_off_that_stripe_has_is_undone_and_what_differs_there_is_shown(
    opened, make_order
) -> None:
    """Else a wrong match of an invoiced sponsor can never be taken back."""
    po = make_order(("Gold", 1, "5000.00"))
    invoice_purchase_orders(opened, references=[po.reference])
    sync_conference(opened)
    (line,) = load(opened, ("4985.00", "SOME WIRE"))
    choose(opened, line, orders={po.reference: None}, write_off="Bank charges")
    assert order(opened, po.reference).status == "paid"
    undo_match(opened, line)
    sync_conference(opened, full=True)
    again = order(opened, po.reference)
    assert (again.balance_due, again.sums.credited) == (5000, 0)
    found = reconcile_conference(opened.store, opened.conference, as_of=opened.today())
    assert po.reference in set(found.discrepancies["reference"])


def test_several_checks_of_one_deposit_are_confirmed_together(opened, make_order) -> None:
    """Else a treasurer who types checks can never match their deposit."""
    made = [make_order(("A", 1, f"{n}00.00"), po_number=str(n)) for n in (3, 4)]
    for number, po in enumerate(made, 1001):
        record_payment_by_hand(
            opened, po.reference, amount=po.balance_due, method="check",
            payment_reference=f"Check {number}", payment_date=DAY - timedelta(days=1),
        )  # fmt: skip
    (line,) = load(opened, ("700.00", "COUNTER DEPOSIT"))
    assert match_bank(opened, apply=True).matches[0].rule == "deposit"
    apply_line(opened, line)
    undo_match(opened, line)
    entries = [order(opened, po.reference).entries[0].id for po in made]
    choose(opened, line, entry=entries)
    assert ties(opened)


def test_the_payers_account_is_learned_from_what_a_person_confirmed(opened, make_order) -> None:
    """Else a parent that pays every year is a stranger every year."""
    from po_toolkit.store import bank_matches

    po = make_order(("Gold", 1, "5000.00"), organization="Acme Inc.")
    (line,) = load(opened, Entry(DAY, Decimal("5000.00"), "PAYMENT", "TREASURY EUROPE"))
    choose(opened, line, orders={po.reference: None})
    with opened.store.reading() as session:
        known = bank_matches.facts(session, opened.conference.id).confirmed
    assert [m.organization_name for m in known] == ["Acme Inc."]


def test_several_purchase_orders_need_no_amounts_where_all_that_is_open_is_paid(
    opened, make_order
) -> None:
    """Else a treasurer types what the books know; and a sum that does not agree is guessed."""
    first, second = make_order(("Gold", 1, "100.00")), make_order(("Silver", 1, "50.00"))
    whole, less = load(opened, ("150.00", "BOTH"), ("140.00", "MOST"))
    both = {first.reference: None, second.reference: None}
    with pytest.raises(
        PurchaseOrderError, match=r"100\.00 USD is outstanding.*50\.00 USD is outstanding"
    ):
        choose(opened, less, orders=both)
    choose(opened, whole, orders=both)
    assert [order(opened, r).sums.balance for r in both] == [0, 0]


def test_an_excluded_line_is_undone_like_a_match(opened) -> None:
    """Else the way back from a wrong exclusion is not the one of everything else."""
    (line,) = load(opened, ("150.00", "TICKETS"))
    exclude_line(opened, line, "tickets")
    assert undo_match(opened, line) == 0
    assert [x.state for x in bank_lines(opened)] == ["unmatched"]


def test_a_month_is_right_once_its_lines_are_matched_after_its_end(opened) -> None:
    """Statements come when the month is over: else no month could be closed without a remark."""
    end = opened.today() - timedelta(days=20)
    lines = load(opened, Entry(end, Decimal(250), "Interest"), Entry(end, Decimal(-90), "Rent"))

    def unexplained() -> set[str]:
        found = reconcile_conference(opened.store, opened.conference, as_of=end)
        return set(found.discrepancies["code"])

    assert unexplained() == {"bank_credit_not_explained", "bank_debit_not_explained"}
    for line in lines:
        exclude_line(opened, line, "The bank's own")
    assert unexplained() == set()


def test_a_line_that_another_conference_matched_waits(opened, settings) -> None:
    """Else one wire of a sponsor of both pays a purchase order in each, from the same account."""
    settings.conferences["djangocon"] = settings.conferences[opened.slug].model_copy(
        update={"name": "DjangoCon"}
    )
    other = open_conference("djangocon", settings=settings, actor=opened.actor, now=opened.now)
    wire = Entry(DAY, Decimal("5000.00"), "SPONSORSHIP", name="ACME SOFTWARE GMBH")
    for conference in (opened, other):
        create_purchase_order(
            conference, organization_name="Acme Software GmbH", contact_email="ap@acme.example",
            po_number=f"PO-{conference.slug}",
            line_items=[{"description": "Gold", "quantity": 1, "unit_price": Decimal(5000)}],
        )  # fmt: skip
        import_bank_statement(conference, camt([wire]))
    report = match_bank(opened, apply=True)
    assert report.applied == 0, "the other conference's sponsor may have paid there"
    assert "of DjangoCon may be meant as well" in report.matches[0].evidence
    apply_line(opened, report.matches[0].line)
    report = match_bank(other, apply=True)
    assert (report.applied, report.proposed) == (0, 1)
    assert "PyCon 2027 has matched the same bank line" in report.matches[0].evidence
