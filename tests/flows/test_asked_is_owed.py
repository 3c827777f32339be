"""What a sponsor is asked at Stripe equals what the books say is owed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest

from po_toolkit import create_purchase_order, create_stripe_invoice
from po_toolkit.api import ledger
from po_toolkit.api.content import compare_content
from po_toolkit.api.home import home_page
from po_toolkit.api.invoices import decide_balance, invoice_purchase_orders
from po_toolkit.api.order_changes import reissue
from po_toolkit.api.sync import sync_conference
from po_toolkit.bootstrap import open_conference
from po_toolkit.errors import (
    DuplicateEntryError,
    InvoiceMismatchError,
    PurchaseOrderError,
    StripeGatewayError,
    WrongAccountError,
)
from po_toolkit.reconcile import reconcile_conference
from po_toolkit.store import conferences
from po_toolkit.store.purchase_orders import by_reference
from tests.conftest import SLUG, TREASURER, fresh

KEYS = count(1)


@pytest.fixture
def sent(opened, make_order):
    """A sent invoice over 1,000.00 USD."""
    order = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(order, opened=opened)
    return fresh(opened, order)


@pytest.fixture
def dashboard(opened):
    """Do something with an invoice or customer as staff do in Stripe's dashboard."""

    def act(path, **body):
        return opened.gateway.write(f"/v1/{path}", body, idempotency_key=f"staff-{next(KEYS)}")

    return act


def found(opened):
    day = opened.today() + timedelta(days=1)
    rows = reconcile_conference(opened.store, opened.conference, as_of=day).discrepancies
    return dict(zip(rows["code"], rows["at_stake"], strict=True))


def wire(opened, order, amount="400.00", **more):
    ledger.record_payment_by_hand(
        opened, order.reference, amount=Decimal(amount), method="wire", payment_reference="FT1",
        **more,
    )  # fmt: skip


def credit(opened, order, amount="100.00"):
    ledger.credit(opened, order.reference, amount=Decimal(amount), reason="smaller booth")


def asked(opened, order):
    live = fresh(opened, order).live_invoice
    said = opened.gateway.read(f"/v1/invoices/{live.stripe_invoice_id}")
    assert said["status"] == "open"
    return said["amount_remaining"]


@pytest.mark.parametrize("entered", ["before it was voided", "meanwhile", "after that was seen"])
def test_row_11_what_was_entered_about_a_void_invoice_lowers_the_next_one(
    opened, simulator, sent, dashboard, entered
):
    """Else the sponsor is asked the full sum for ever, and nobody is told."""
    if entered == "before it was voided":
        credit(opened, sent)
        dashboard(f"invoices/{sent.stripe_invoice_id}/void")
        wire(opened, sent)
    else:
        dashboard(f"invoices/{sent.stripe_invoice_id}/void")
        if entered == "after that was seen":
            sync_conference(opened)
        wire(opened, sent)
        credit(opened, sent)
    sync_conference(opened)
    assert fresh(opened, sent).sums.balance == 500_00
    assert fresh(opened, sent).live_invoice is None
    create_stripe_invoice(fresh(opened, sent), opened=opened)
    assert asked(opened, sent) == 500_00
    for full in (False, True):
        report = sync_conference(opened, full=full)
        assert (report.problems, fresh(opened, sent).sums.balance) == ([], 500_00)
    assert asked(opened, sent) == 500_00
    assert found(opened) == {}
    simulator.control.pay(fresh(opened, sent).stripe_invoice_id)
    sync_conference(opened)
    assert (fresh(opened, sent).status, found(opened)) == ("paid", {})


def test_row_11_each_generation_hears_of_a_wire_that_none_before_could_take(
    opened, simulator, sent, dashboard
):
    """The second invoice is void too before Stripe answers that it has taken the wire."""
    dashboard(f"invoices/{sent.stripe_invoice_id}/void")
    wire(opened, sent)
    path = "/v1/invoices/*/attach_payment"
    simulator.control.fail(path=path, method="POST", kind="drop_before", times=99)
    create_stripe_invoice(fresh(opened, sent), opened=opened)
    dashboard(f"invoices/{fresh(opened, sent).stripe_invoice_id}/void")
    simulator.control.clear_faults()
    sync_conference(opened)
    create_stripe_invoice(fresh(opened, sent), opened=opened)
    assert (asked(opened, sent), fresh(opened, sent).sums.balance) == (600_00, 600_00)


def test_row_11_a_reissued_invoice_asks_less_by_the_credit_note_of_the_void_one(opened, sent):
    credit(opened, sent)
    assert reissue(opened, sent.reference).outcome == "invoiced"
    assert (asked(opened, sent), fresh(opened, sent).sums.balance) == (900_00, 900_00)
    assert compare_content(opened, sent.reference).equal
    sync_conference(opened, full=True)
    assert found(opened) == {}


def test_row_11_a_wire_that_was_sent_back_does_not_lower_the_first_invoice(opened, make_order):
    order = make_order(("Booth", 1, "1000.00"))
    wire(opened, order)
    ledger.refund(opened, order.reference, amount=Decimal("400.00"), method="wire")
    create_stripe_invoice(fresh(opened, order), opened=opened)
    assert (asked(opened, order), fresh(opened, order).sums.balance) == (1000_00, 1000_00)


# ---- an excess that goes back, and the credit that Stripe made of it


@pytest.fixture
def overpaid(opened, simulator, sent):
    """The sent invoice paid with 50.00 USD too much, which lie on the sponsor's balance."""
    simulator.control.pay(sent.stripe_invoice_id, 1050_00)
    sync_conference(opened)
    return fresh(opened, sent)


def back(opened, order, amount="50.00", method="wire", **more):
    return ledger.refund(opened, order.reference, amount=Decimal(amount), method=method, **more)


def credit_at_stripe(simulator):
    (customer,) = simulator.control.all("customer")
    return -customer["balance"]


@pytest.mark.parametrize("kind", ["", "drop_before", "drop_after", "500"])
def test_row_13_an_excess_sent_back_by_wire_takes_the_credit_down_once(
    opened, simulator, overpaid, kind
):
    """Else the sponsor gets it twice: from the bank, and on the next invoice."""
    if kind:
        path = "/v1/customers/*/balance_transactions"
        simulator.control.fail(path=path, method="POST", kind=kind, times=99)
        with pytest.raises(StripeGatewayError, match="the refund is in the books"):
            back(opened, overpaid)
        simulator.control.clear_faults()
        sync_conference(opened)
    else:
        back(opened, overpaid)
    for _ in range(2):
        with pytest.raises(DuplicateEntryError):
            back(opened, overpaid)
        sync_conference(opened, full=True)
        assert credit_at_stripe(simulator) == 0
    assert (fresh(opened, overpaid).sums.balance, found(opened)) == (0, {})


def test_row_13_an_excess_whose_credit_was_used_is_not_sent_back_as_an_excess(
    opened, simulator, overpaid, make_order
):
    second = make_order(("Dinner", 1, "500.00"), po_number="2")
    create_stripe_invoice(second, opened=opened)
    with pytest.raises(PurchaseOrderError, match=r"only 0\.00 USD are left"):
        back(opened, overpaid)
    assert fresh(opened, overpaid).sums.refunded == 0
    sync_conference(opened)
    assert fresh(opened, overpaid).sums.balance == 0


def test_row_13_what_staff_took_off_the_balance_themselves_is_not_taken_again(
    opened, simulator, overpaid
):
    """Money that went back must be recordable, also where somebody put Stripe right before."""
    (customer,) = simulator.control.all("customer")
    simulator.control.move_balance(customer["id"], 30_00)
    back(opened, overpaid)
    assert (credit_at_stripe(simulator), fresh(opened, overpaid).sums.balance) == (0, 0)


def test_row_13_two_parts_of_an_excess_take_their_own_part_of_the_credit(
    opened, simulator, overpaid
):
    back(opened, overpaid, "20.00")
    assert credit_at_stripe(simulator) == 30_00
    back(opened, overpaid, "30.00", method="stripe")
    assert (credit_at_stripe(simulator), fresh(opened, overpaid).sums.balance) == (0, 0)


@pytest.mark.parametrize("parts", [1, 2])
def test_a_refund_that_a_sync_finished_is_not_given_again_by_whoever_repeats_it(
    opened, simulator, sent, parts
):
    """Else "try again: it is safe" pays the sponsor twice."""
    for _ in range(parts):
        simulator.control.pay(sent.stripe_invoice_id, 1000_00 // parts)
    sync_conference(opened)
    simulator.control.fail(path="/v1/refunds", method="POST", kind="drop_after", times=99)
    with pytest.raises(StripeGatewayError):
        back(opened, sent, "800.00", method="stripe")
    simulator.control.clear_faults()
    sync_conference(opened)
    assert fresh(opened, sent).sums.refunded == 800_00
    for method in ("stripe", "wire"):
        with pytest.raises(DuplicateEntryError) as asks:
            back(opened, sent, "800.00", method=method)
        assert "--again" in asks.value.remedy.command
    assert sum(r["amount"] for r in simulator.control.all("refund")) == 800_00
    back(opened, sent, "100.00", method="stripe")
    back(opened, sent, "100.00", method="stripe", again=True)
    assert fresh(opened, sent).sums.refunded == 1000_00


# ---- credit and debt on the sponsor's balance that came from elsewhere


@pytest.fixture
def customer(simulator, sent):
    """The sponsor, who owes nothing but the sent invoice."""
    (found,) = simulator.control.all("customer")
    return found["id"]


@pytest.mark.parametrize("moved", [-50_00, 50_00], ids=["credit", "debt"])
def test_row_14_what_a_person_lets_count_changes_what_is_owed_here_too(
    opened, simulator, sent, customer, make_order, moved
):
    """Else the books show a rest that nobody owes, or advise to refund what was owed."""
    second = make_order(("Dinner", 1, "500.00"), po_number="2")
    simulator.control.move_balance(customer, moved)
    with pytest.raises(InvoiceMismatchError):
        create_stripe_invoice(second, opened=opened)
    decide_balance(opened, second.reference, "use")
    create_stripe_invoice(second, opened=opened)
    sync_conference(opened, full=True)
    assert (asked(opened, second), fresh(opened, second).sums.balance) == (500_00 + moved,) * 2
    assert found(opened) == {}
    simulator.control.pay(fresh(opened, second).stripe_invoice_id)
    sync_conference(opened)
    assert (fresh(opened, second).status, found(opened)) == ("paid", {})


def test_row_14_a_draft_that_waited_is_not_sent_once_credit_lowers_it(
    opened, simulator, sent, customer, make_order
):
    """What was right when it was drafted may ask another sum by the time it is sent."""
    second = make_order(("Dinner", 1, "500.00"), po_number="2")
    invoice_purchase_orders(opened, references=[second.reference], send=False)
    simulator.control.move_balance(customer, -50_00)
    with pytest.raises(InvoiceMismatchError, match="no purchase order here explains"):
        create_stripe_invoice(fresh(opened, second), opened=opened)
    assert fresh(opened, second).status == "draft"
    decide_balance(opened, second.reference, "remove")
    create_stripe_invoice(fresh(opened, second), opened=opened)
    assert (asked(opened, second), fresh(opened, second).sums.balance) == (500_00, 500_00)


def test_row_14_credit_applied_to_an_open_invoice_is_a_discrepancy_until_it_is_let_count(
    opened, simulator, sent, customer, dashboard
):
    simulator.control.move_balance(customer, -50_00)
    simulator.control.apply_credit(sent.stripe_invoice_id, 50_00)
    sync_conference(opened)
    moves = [m["id"] for m in simulator.control.all("customer_balance_transaction")]
    day = opened.today() + timedelta(days=1)
    rows = reconcile_conference(opened.store, opened.conference, as_of=day).discrepancies
    (evidence,) = rows["evidence"]
    assert evidence.startswith("Stripe asks for 950.00 USD, but 1,000.00 USD is owed: 50.00 USD by")
    assert all(move in evidence for move in moves)
    assert found(opened) == {"asked_is_not_owed": 50_00}
    decide_balance(opened, sent.reference, "use")
    assert (asked(opened, sent), fresh(opened, sent).sums.balance, found(opened)) == (
        950_00, 950_00, {},
    )  # fmt: skip
    dashboard(f"invoices/{sent.stripe_invoice_id}/void")
    sync_conference(opened)
    assert fresh(opened, sent).sums.balance == 1000_00


def test_credit_that_paid_a_reissued_invoice_is_named_once_its_overpayment_went_back(
    opened, simulator, sent, make_order
):
    """Else the sponsor owes money here that Stripe never asks for, and nobody is told."""

    def paid_and_sent_back(order, amount):
        invoice = fresh(opened, order).stripe_invoice_id
        simulator.control.pay(invoice, amount)
        sync_conference(opened)
        payments = simulator.control.all("invoice_payment")
        simulator.control.refund(next(p["id"] for p in payments if p["invoice"] == invoice))

    second = make_order(("Dinner", 1, "500.00"), po_number="2")
    create_stripe_invoice(second, opened=opened)
    paid_and_sent_back(second, 500_00)
    sync_conference(opened)
    paid_and_sent_back(sent, 2000_00)
    assert reissue(opened, second.reference).outcome == "invoiced"
    sync_conference(opened)
    assert fresh(opened, second).live_invoice.stripe_status == "paid"
    assert fresh(opened, second).sums.balance == 500_00
    assert found(opened)["settled_by_itself"] == 500_00


@pytest.fixture
def other(opened, settings):
    """Another conference on the same Stripe account, in yen, and a way to bill the sponsor."""
    chosen = settings.model_copy(deep=True)
    chosen.conferences["other-2027"] = chosen.conferences[SLUG].model_copy(
        update={"name": "Other", "currency": "jpy", "shares_stripe_account": True}
    )
    other = open_conference("other-2027", settings=chosen, actor=TREASURER, now=opened.now)
    other.__dict__["gateway"] = opened.gateway
    for one in (opened, other):
        conferences.note_account(
            opened.store, one.conference.id, "acct_1", live=False, digest="of the key"
        )
    return other


def billed(conference, currency, amount):
    order = create_purchase_order(
        conference.slug, organization_name="Acme GmbH", contact_email="ap@acme.example",
        po_number=str(next(KEYS)), currency=currency, opened=conference,
        line_items=[{"description": "Booth", "unit_price": Decimal(amount)}],
    )  # fmt: skip
    create_stripe_invoice(order, opened=conference)
    return order


def balance(conference, order):
    with conference.store.reading() as session:
        return by_reference(session, conference.conference, order.reference).sums.balance


def test_row_14_credit_from_another_conference_of_the_account_is_moved_to_where_it_was_used(
    opened, other, overpaid
):
    """Else the one is told to refund what was spent, and the other to collect what was paid."""
    order = billed(other, "usd", 300)
    sync_conference(other)
    assert (balance(other, order), fresh(opened, overpaid).sums.balance) == (250_00, 0)
    for one in (opened, other):
        sync_conference(one, full=True)
        assert found(one) == {}


@pytest.mark.parametrize("mine", [False, True])
def test_credit_that_two_conferences_of_an_account_see_is_shown_once(
    opened, other, simulator, mine
):
    """Else two treasurers send the same money back."""
    if mine:
        billed(opened, "usd", 100)
    billed(other, "usd", 100)
    for _ in range(2):
        for one in (opened, other):
            sync_conference(one)
        (sponsor,) = simulator.control.all("customer")
        simulator.control.move_balance(sponsor["id"], -20_00)
    stuck = "money_stuck_at_stripe"
    for one in (opened, other):
        sync_conference(one)
    shown = {one.slug: found(one).get(stuck) for one in (opened, other)}
    assert shown == {SLUG: 40_00 if mine else None, "other-2027": None if mine else 40_00}
    waiting = {one.slug: home_page(one).sums.waiting[stuck] for one in (opened, other)}
    assert waiting == {slug: int(bool(amount)) for slug, amount in shown.items()}


def test_row_14_credit_in_two_currencies_crosses_two_conferences_each_in_its_own(
    opened, other, simulator, overpaid
):
    """The second currency's credit comes only when expanded; none may pay for the other."""
    first = billed(other, "jpy", 10_000)
    simulator.control.pay(simulator.control.all("invoice")[-1]["id"], 17_000)
    for one in (opened, other):
        sync_conference(one)
    crossing = [billed(other, "usd", 300), billed(opened, "jpy", 4_000)]
    for one in (opened, other):
        sync_conference(one)
    owed = [balance(one, order) for one, order in zip((other, opened), crossing, strict=True)]
    assert owed == [250_00, 0]
    assert (fresh(opened, overpaid).sums.balance, balance(other, first)) == (0, -3_000)
    ledger.refund(other, first.reference, amount=Decimal(3_000))
    for one in (opened, other):
        sync_conference(one, full=True)
        assert found(one) == {}
    moves = simulator.control.all("customer_balance_transaction")
    assert sum(m["amount"] for m in moves if m["currency"] == "jpy") == 0


def test_row_14_credit_used_by_an_invoice_of_another_database_is_no_excess_any_more(
    opened, simulator, overpaid, dashboard
):
    """Else it is refunded as well, or the refund is refused and the excess stands for ever."""
    (sponsor,) = simulator.control.all("customer")
    made = dashboard(
        "invoices", customer=sponsor["id"], collection_method="send_invoice", days_until_due=9,
        currency="usd", auto_advance=False, metadata={"conference_slug": "another-2027"},
    )  # fmt: skip
    lines = [{"description": "Lunch", "amount": 300_00}]
    dashboard(f"invoices/{made['id']}/add_lines", lines=lines)
    dashboard(f"invoices/{made['id']}/send")
    sync_conference(opened)
    for full in (False, True):
        sync_conference(opened, full=full)
        assert (fresh(opened, overpaid).sums.balance, found(opened)) == (0, {})
    dashboard(f"invoices/{made['id']}/void")
    sync_conference(opened)
    assert fresh(opened, overpaid).sums.balance == -50_00


# ---- an account that does not know an invoice that was sent


@pytest.mark.parametrize(
    "act",
    [
        lambda o, order: ledger.cancel(o, order.reference),
        lambda o, order: reissue(o, order.reference),
        wire,
        credit,
        lambda o, order: sync_conference(o, full=True),
    ],
    ids=["cancel", "reissue", "payment", "credit-note", "sync --full"],
)
def test_row_5_an_account_that_does_not_know_a_sent_invoice_is_the_wrong_one_at_any_time(
    opened, simulator, sent, act
):
    """Else it is taken for deleted: cancelled without being void, or billed again."""
    at_stripe = simulator.control._world.account_of(sent.stripe_invoice_id).objects["invoice"]
    kept = at_stripe.pop(sent.stripe_invoice_id)
    with pytest.raises(WrongAccountError, match="does not know"):
        act(opened, sent)
    at_stripe[kept["id"]] = kept
    now = fresh(opened, sent)
    assert (now.status, now.sums.balance, now.live_invoice.state) == ("sent", 1000_00, "sent")
    sync_conference(opened)
    assert len(simulator.control.all("invoice")) == 1
