"""Every command that a discrepancy or an error names is run until what it is for is gone.

All of them are played in one database and one account, each on purchase orders of its own, since
making a database takes longer than all the rest. A class or a command without a scene fails.
"""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, update

from po_toolkit import create_stripe_invoice
from po_toolkit.api import ledger
from po_toolkit.api.sync import sync_conference
from po_toolkit.domain import remedies
from po_toolkit.domain.discrepancies import DISCREPANCY_CLASSES
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.money import to_major
from po_toolkit.payments.event_handlers import handle
from po_toolkit.simulator import finalization
from po_toolkit.store.purchase_orders import by_reference
from po_toolkit.store.tables import BalanceTransaction, BankTransaction, Invoice
from tests.bank.statement import Entry, camt
from tests.cli.workplace import SETTINGS, SLUG, Workplace

AT = ("--conference", SLUG)
REMEDIES = [
    (code, number)
    for code, kind in DISCREPANCY_CLASSES.items()
    for number in range(len(kind.commands))
]


@dataclass
class Scene:
    """One discrepancy that was made.

    Attributes:
        mark: A purchase order's reference, or a word of the evidence.
        fill: What the placeholders of the command stand for.
        before: What a person does elsewhere first, as the words of the remedy say.
        after: What happens once the command was run, as when a reminded sponsor pays.
        shows: What the act brings to light: it was covered by what was wrong.
    """

    mark: str
    fill: dict[str, Any] = field(default_factory=dict)
    before: Callable[[], Any] = lambda: None
    after: Callable[[], Any] = lambda: None
    shows: str = "overdue"


class Stage:
    """The database and the account in which all scenes are played."""

    def __init__(self, work: Workplace) -> None:
        self.work, self.sim = work, work.simulator.control
        self.numbers = count(1)
        assert work.run("init").exit_code == 0
        self.opened = work.opened()

    def order(self, total: int = 1000_00, **details: Any) -> str:
        number = next(self.numbers)
        return self.work.order(
            total,
            **{
                "organization_name": f"Sponsor {number}",
                "contact_email": f"ap@sponsor{number}.example",
                "po_number": f"N-{number}",
                **details,
            },
        )

    def sent(self, total: int = 1000_00, **details: Any) -> tuple[str, str]:
        reference = self.order(total, **details)
        create_stripe_invoice(self.find(reference), opened=self.opened)
        return reference, self.invoice_of(reference)

    def run(self, *words: str) -> Any:
        return self.work.run(*words)

    def find(self, reference: str) -> Any:
        with self.opened.store.reading() as session:
            return by_reference(session, self.opened.conference, reference)

    def invoice_of(self, reference: str) -> str:
        return self.find(reference).stripe_invoice_id

    def sync(self) -> None:
        assert sync_conference(self.opened).problems == []

    def dashboard(self, path: str, **body: Any) -> Any:
        return self.opened.gateway.write(path, body, idempotency_key=uuid4().hex)

    def wire(self, reference: str, amount: int, **confirmed: bool) -> str:
        """Record a wire; return the number of its entry."""
        details = {"method": "wire", "payment_reference": f"FT {next(self.numbers)}", **confirmed}
        ledger.record_payment_by_hand(
            self.opened, reference, amount=to_major(amount, "usd"), **details
        )
        return str(self.find(reference).entries[-1].id)

    def pay_by_debit(self, invoice: str) -> Any:
        debit = self.sim.pay(invoice, method="us_bank_account", settled=False)
        return self.sim.settle(debit["id"])

    def by_hand(self, total: int, name: str, email: str) -> str:
        customer = self.dashboard("/v1/customers", name=name, email=email)["id"]
        made = self.dashboard(
            "/v1/invoices",
            customer=customer,
            collection_method="send_invoice",
            days_until_due=30,
            currency="usd",
        )["id"]
        lines = [{"amount": total, "description": "Booth"}]
        self.dashboard(f"/v1/invoices/{made}/add_lines", lines=lines)
        return self.dashboard(f"/v1/invoices/{made}/send")["id"]

    def adopted(self, total: int, asked: int, **sponsor: str) -> tuple[str, str]:
        """Adopt an invoice that staff sent over another sum, or to another sponsor."""
        reference = self.order(total)
        order = self.find(reference)
        whom = {"name": order.organization_name, "email": order.contact_email, **sponsor}
        invoice = self.by_hand(asked, **whom)
        done = self.run("adopt", reference, invoice)
        assert done.exit_code == 0, done.output
        return reference, invoice

    def statement(self, *lines: Entry) -> list[int]:
        """Import lines of the bank; return their numbers."""
        number = next(self.numbers)
        file = self.work.folder / f"statement-{number}.xml"
        file.write_bytes(camt(lines, number=f"S{number}"))
        done = self.work.json("bank", "import", str(file), *AT)
        assert done["new"] == len(lines), done
        with self.opened.store.reading() as session:
            rows = session.query(BankTransaction.id).order_by(BankTransaction.id.desc())
            return sorted(row.id for row in rows.limit(len(lines)))


def usd(amount: int) -> str:
    return str(to_major(amount, "usd"))


def not_invoiced(stage, way):
    reference = stage.order()
    return Scene(reference, {"reference": reference})


def overdue(stage, way):
    reference, invoice = stage.sent(days_until_due=1)
    paid = {"after": partial(stage.sim.pay, invoice)} if way == 0 else {}
    return Scene(reference, {"reference": reference, "amount": "1000.00"}, **paid)


def amount_differs_from_stripe(stage, way):
    reference = stage.order(1000_00)
    assert stage.run("invoice", *AT, "--po", reference, "--no-send").exit_code == 0
    invoice = stage.invoice_of(reference)
    more = [{"amount": (100_00, 100_00, -100_00)[way], "description": "A change by staff"}]
    stage.dashboard(f"/v1/invoices/{invoice}/add_lines", lines=more)
    stage.dashboard(f"/v1/invoices/{invoice}/send")
    if way:
        stage.sim.pay(invoice)
        stage.sync()
    return Scene(reference, {"reference": reference, "amount": "100.00"})


def asked_is_not_owed(stage, way):
    if way == 0:  # a wire that came before the invoice, and Stripe could not be told of it
        reference = stage.order()
        stage.wire(reference, 400_00)
        stage.sim.fail(path="/v1/payment_records/*", method="POST", kind="drop_before", times=99)
        assert stage.run("invoice", *AT, "--po", reference).exit_code == 0
        stage.sim.clear_faults()
        return Scene(reference)
    if way == 2:
        return _credit_of_a_disputed_payment(stage)
    reference, invoice = stage.sent()
    stage.sim.move_balance(stage.sim.get(invoice)["customer"], -50_00)
    stage.sim.apply_credit(invoice, 50_00)
    stage.sync()
    return Scene(reference, {"reference": reference})


def _credit_of_a_disputed_payment(stage):
    """Credit of an overpayment lowers the next invoice, before its dispute is heard of."""
    sponsor = {"organization_name": "Credit Ltd", "contact_email": "ap@credit.example"}
    _, overpaid = stage.sent(500_00, **sponsor)
    payment = stage.sim.pay(overpaid, 600_00)
    stage.sync()
    stage.sim.dispute(payment["id"])
    reference, invoice = stage.sent(1000_00, **sponsor)
    assert stage.sim.get(invoice)["amount_remaining"] == 900_00
    stage.sync()

    def voided():
        stage.dashboard(f"/v1/invoices/{invoice}/void")
        stage.sync()

    return Scene(reference, {"reference": reference}, before=voided)


def paid_at_stripe_not_here(stage, way):
    reference, invoice = stage.sent()
    stage.sim.pay(invoice, 400_00)
    assert stage.run("resend", reference).exit_code == 0
    return Scene(reference)


def paid_here_not_at_stripe(stage, way):
    reference, invoice = stage.sent()
    if way == 0:
        sync_conference(stage.opened)
        since = len(stage.sim.all("event"))
        stage.sim.pay(invoice, 400_00)
        paid = [e for e in stage.sim.all("event")[since:] if e["type"] == "invoice_payment.paid"]
        handle(stage.opened, paid)
        return Scene(reference)
    stage.dashboard(f"/v1/invoices/{invoice}/mark_uncollectible")
    stage.sync()
    stage.sim.switch("record_uncollectible_refused", account=stage.work.key)
    entry = stage.wire(reference, 1000_00)
    stage.sim.switch("record_uncollectible_refused", account=stage.work.key, on=False)
    return Scene(reference, {"entry": entry}, shows="voided_at_stripe")


def not_attached_but_settled(stage, way):
    """The other words of it: void in the dashboard, and sync."""
    scene = paid_here_not_at_stripe(stage, 1)
    invoice = stage.invoice_of(scene.mark)
    scene.before = partial(stage.dashboard, f"/v1/invoices/{invoice}/void")
    return scene


def undone_here_not_at_stripe(stage, way):
    reference, _ = stage.sent()
    entry = stage.wire(reference, 1000_00)
    assert stage.run("reverse", entry).exit_code == 0
    return Scene(reference, {"reference": reference, "amount": "1000.00"})


def overpaid(stage, way):
    reference, invoice = stage.sent()
    fill = {"reference": reference, "amount": "200.00"}
    if way == 1:
        stage.sim.switch("record_above_refused", account=stage.work.key)
        stage.wire(reference, 1200_00, overpaid=True)
        stage.sim.switch("record_above_refused", account=stage.work.key, on=False)
        return Scene(reference, fill)
    stage.sim.pay(invoice, 1200_00)
    stage.sync()
    order = stage.find(reference)
    if way == 2:
        fill["other"] = stage.order(
            organization_name=order.organization_name, contact_email=order.contact_email
        )
    return Scene(reference, fill)


def paid_twice(stage, way):
    reference, invoice = stage.sent()
    stage.sim.pay(invoice)
    stage.wire(reference, 1000_00, overpaid=True)
    stage.sync()
    return Scene(reference, {"reference": reference, "amount": "1000.00"})


def paid_after_cancelled(stage, way):
    reference, invoice = stage.sent()
    payment = stage.pay_by_debit(invoice)
    stage.sync()
    refund = stage.sim.refund(payment["id"])
    stage.sync()
    assert stage.run("cancel", reference).exit_code == 0
    stage.sim.finish_refund(refund["id"], failed=True)
    return Scene(reference, {"reference": reference, "amount": "1000.00"})


def paid_on_old_generation(stage, way):
    reference, invoice = stage.sent()
    debit = stage.sim.pay(invoice, (400_00, 1000_00)[way], method="us_bank_account", settled=False)
    stored = stage.work.simulator.world.account_of(invoice).find(invoice)
    stored["status"] = "void"  # as staff can while a bank debit is under way
    assert sync_conference(stage.opened, full=True).problems == []
    assert stage.run("invoice", *AT, "--po", reference).exit_code == 0
    stage.sim.settle(debit["id"])
    later = stage.invoice_of(reference)
    assert later != invoice
    void = {"before": partial(stage.dashboard, f"/v1/invoices/{later}/void")} if way else {}
    return Scene(reference, {"reference": reference}, **void)


def refunded_without_credit(stage, way):
    reference, invoice = stage.sent()
    stage.sim.refund(stage.sim.pay(invoice)["id"])
    return Scene(reference, {"reference": reference, "amount": "1000.00"})


def disputed(stage, way):
    reference, invoice = stage.sent()
    dispute = stage.sim.dispute(stage.sim.pay(invoice)["id"])
    stage.sim.close_dispute(dispute["id"], won=False)
    return Scene(reference, {"reference": reference, "amount": "1000.00"})


def ach_returned_late(stage, way):
    reference, invoice = stage.sent()
    stage.sim.dispute(stage.pay_by_debit(invoice)["id"], reason="insufficient_funds")
    return Scene(reference, {"reference": reference, "amount": "1000.00"})


def currency_differs(stage, way):
    reference, invoice = stage.sent()
    with stage.opened.store.writing(STRIPE, Act.SYNC) as uow:
        wrong = update(Invoice).where(Invoice.stripe_invoice_id == invoice)
        uow.session.execute(wrong.values(currency="eur"))
    return Scene(reference, {"reference": reference})


def two_alike(stage, way):
    reference = stage.order(po_number="TWICE", organization_name="Twice Ltd")
    stage.order(po_number="TWICE", organization_name="Twice Ltd")
    return Scene(reference, {"reference": reference})


def customer_differs(stage, way):
    reference, _ = stage.adopted(1000_00, 1000_00, name="Somebody Else", email="else@x.example")
    return Scene(reference, {"reference": reference})


def voided_at_stripe(stage, way):
    reference, invoice = stage.sent()
    act = "mark_uncollectible" if way == 2 else "void"
    stage.dashboard(f"/v1/invoices/{invoice}/{act}")
    return Scene(reference, {"reference": reference, "amount": "1000.00"})


def settled_by_itself(stage, way):
    real, finalization.smallest_charge = finalization.smallest_charge, lambda _currency: 50_00
    try:
        reference, _ = stage.sent(10_00)
    finally:
        finalization.smallest_charge = real
    return Scene(reference, {"reference": reference, "amount": "10.00"})


def invoice_without_order(stage, way):
    reference = stage.order(900_00)
    order = stage.find(reference)
    invoice = stage.by_hand(900_00, order.organization_name, order.contact_email)
    ignored = {"po_toolkit": "ignore"}
    path = f"/v1/invoices/{invoice}"
    known = {"before": partial(stage.dashboard, path, metadata=ignored)} if way else {}
    return Scene(invoice, {"reference": reference, "invoice": invoice}, **known)


def money_stuck_at_stripe(stage, way):
    _, invoice = stage.sent()
    customer = stage.sim.get(invoice)["customer"]
    stage.sim.move_balance(customer, -500)
    return Scene(customer, before=partial(stage.sim.move_balance, customer, 500))


def _payout(stage, amount):
    stage.sim.sell(amount, account=stage.work.key)
    stage.sim.advance(3 * 86_400)
    return stage.sim.payout(account=stage.work.key)


def payout_not_at_bank(stage, way):
    payout = _payout(stage, 777_00)
    stage.sim.payout_arrives(payout["id"])
    assert stage.run("bank", "payouts", *AT).exit_code == 0
    day = datetime.fromtimestamp(payout["arrival_date"], UTC).date()
    fee = Entry(day + timedelta(days=15), Decimal("-1.00"), "ACCOUNT FEE OF THE MONTH")
    stage.statement(fee)

    def load() -> None:
        arrived = Entry(day, Decimal(payout["amount"]) / 100, f"STRIPE TRANSFER {payout['id']}")
        stage.statement(arrived)

    return Scene(payout["id"], before=load)


def payout_failed(stage, way):
    payout = _payout(stage, 555_00)
    stage.sim.payout_fails(payout["id"])
    assert stage.run("bank", "payouts", *AT).exit_code == 0

    def again() -> None:
        stage.sim.sell(5_000_00, account=stage.work.key)
        stage.sim.advance(3 * 86_400)
        stage.sim.payout_arrives(stage.sim.payout(account=stage.work.key)["id"])

    return Scene(payout["id"], before=again)


def bank_credit_not_explained(stage, way):
    reference = stage.order(130_00)
    (line,) = stage.statement(Entry(stage.today, Decimal("130.00"), f"DEPOSIT {way} BY NOBODY"))
    return Scene(f"Bank line {line} ", {"line": line, "reference": reference})


def payment_taken_back(stage, way):
    reference = stage.order(310_00)
    days = [stage.today - timedelta(days=2), stage.today]
    lines = stage.statement(Entry(days[0], Decimal("310.00"), f"WIRE {reference}"))
    applied = stage.run("bank", "apply", str(lines[0]), *AT, "--po", reference)
    assert applied.exit_code == 0, applied.output
    (line,) = stage.statement(Entry(days[1], Decimal("-310.00"), f"RETURNED ITEM {reference}"))
    fill = {"line": line}

    def refunded() -> None:
        back = ("refund", reference, "--amount", "310.00", "--method", "wire")
        assert stage.run(*back).exit_code == 0
        fill["entry"] = str(stage.find(reference).entries[-1].id)

    other = {"before": refunded} if way else {}
    return Scene(f"Bank line {line} ", fill, **other)


def bank_debit_not_explained(stage, way):
    reference = stage.order(100_00)
    stage.wire(reference, 145_00 + way * 100, overpaid=True)
    amount = Decimal(45 + way)
    back = ("refund", reference, "--amount", str(amount), "--method", "wire")
    assert stage.run(*back).exit_code == 0
    entry = str(stage.find(reference).entries[-1].id)
    (line,) = stage.statement(Entry(stage.today, -amount, "TRANSFER TO SOMEBODY"))
    return Scene(f"Bank line {line} ", {"line": line, "entry": entry})


def fees_not_explained(stage, way):
    payout = _payout(stage, 333_00)
    stage.sim.payout_arrives(payout["id"])
    assert stage.run("bank", "payouts", *AT).exit_code == 0
    with stage.opened.store.writing(STRIPE, Act.SYNC) as uow:
        uow.session.execute(delete(BalanceTransaction).where(BalanceTransaction.amount == 333_00))
    return Scene(payout["id"])


SCENES: dict[str, Callable[[Stage, int], Scene]] = {
    name: scene for name, scene in list(globals().items()) if name in DISCREPANCY_CLASSES
}
MORE = {("paid_here_not_at_stripe", "void"): not_attached_but_settled}
"""What the words of a remedy name beside the commands: the first command after an act elsewhere."""
KEYS = [*REMEDIES, *MORE]
LAST = [
    ("payout_failed", 0),
    ("paid_here_not_at_stripe", 0),
    ("asked_is_not_owed", 0),
    ("paid_at_stripe_not_here", 0),
]
"""Made last: the next payout or sync is what they need. The second one syncs all others."""


@pytest.fixture(scope="module")
def stage(simulator, tmp_path_factory) -> Stage:
    folder = tmp_path_factory.mktemp("remedies")
    key = f"sk_test_{uuid4().hex}"
    (folder / "secrets.toml").write_text(SETTINGS.format(folder=folder, key=key))
    stage = Stage(Workplace(folder, simulator, key))
    stage.today = stage.opened.today()
    return stage


@pytest.fixture(scope="module")
def played(stage) -> dict[Any, tuple[Any, ...]]:
    """What each remedy found, how its command ended, what it left, and what is new."""
    scenes, ran = {}, {}
    for code, way in sorted(KEYS, key=lambda key: LAST.index(key) if key in LAST else -1):
        make = MORE.get((code, way)) or SCENES[code]
        try:
            scenes[code, way] = make(stage, way if isinstance(way, int) else 0)
        except Exception as error:  # noqa: BLE001 the others are played, and its test says it
            ran[code, way] = error
    found = _codes(stage, scenes)
    for (code, way), scene in scenes.items():
        commands = DISCREPANCY_CLASSES[code].commands
        line = commands[way if isinstance(way, int) else 0]
        try:
            scene.before()
            words = shlex.split(line.format(conference=SLUG, **scene.fill))
            ran[code, way] = stage.run(*words[1:])
            scene.after()
        except Exception as error:  # noqa: BLE001 likewise
            ran[code, way] = error
    problems = sync_conference(stage.opened).problems
    assert problems == []
    left = _codes(stage, scenes)
    new = {key: {*left[key]} - {*found[key], scene.shows} for key, scene in scenes.items()}
    return {key: (found.get(key), ran[key], left.get(key), new.get(key)) for key in KEYS}


def _codes(stage: Stage, scenes: dict[Any, Scene]) -> dict[Any, list[str]]:
    day = (stage.today + timedelta(days=29)).isoformat()
    rows = stage.work.json("reconcile", *AT, "--as-of", day)["discrepancies"]
    return {
        key: [
            r["code"]
            for r in rows
            if scene.mark in (r["reference"], "") or scene.mark in r["evidence"]
        ]
        for key, scene in scenes.items()
    }


def test_every_class_has_a_scene_and_every_remedy_a_command() -> None:
    assert SCENES.keys() == DISCREPANCY_CLASSES.keys()
    assert all(kind.commands for kind in DISCREPANCY_CLASSES.values())


@pytest.mark.parametrize(("code", "way"), KEYS)
def test_who_does_what_a_discrepancy_names_is_rid_of_it(played, code, way) -> None:
    """Advice that cannot be followed leaves a treasurer with a red line for ever."""
    found, ran, left, new = played[code, way]
    if isinstance(ran, Exception):
        raise ran
    assert code in found
    assert ran.exit_code == 0, ran.output
    assert code not in left, left
    assert new == set(), "no advice leads to the next problem"


# ---- errors: each act that one of them names is done, as it is printed


@dataclass
class Refused:
    """A command that is refused, and what the printed remedy must have brought about.

    Attributes:
        words: The command.
        way: Which of the printed commands is followed: a word that only it has.
        then: Whether it did what was wanted.
        fill: What a person writes for its placeholders.
    """

    words: tuple[str, ...]
    way: str
    then: Callable[[], Any]
    fill: dict[str, str] = field(default_factory=dict)


def list_orders(stage):
    return Refused(("invoice", *AT, "--po", "PO-NOPE22"), "reconcile", lambda: True)


def sync(stage):
    reference, invoice = stage.sent()
    stage.sim.pay(invoice, 400_00)
    return Refused(
        ("reissue", reference), "sync", lambda: stage.find(reference).sums.paid == 400_00
    )


def invoice(stage):
    reference = stage.order()
    words = ("deliver", reference, "--out", str(stage.work.folder / "x.eml"))
    return Refused(words, "invoice", lambda: stage.invoice_of(reference))


def _beside(stage):
    """An order without a number, and an invoice of staff to the same sponsor over the same sum."""
    reference = stage.order(po_number="")
    order = stage.find(reference)
    made = stage.by_hand(1000_00, order.organization_name, order.contact_email)
    return reference, made, ("invoice", *AT, "--po", reference)


def adopt(stage):
    reference, made, words = _beside(stage)
    return Refused(words, "adopt", lambda: stage.invoice_of(reference) == made)


def bill_again(stage):
    reference, made, words = _beside(stage)
    return Refused(words, "--bill-again", lambda: stage.invoice_of(reference) not in {None, made})


def decide_balance(stage, choice="use"):
    first, made = stage.sent()
    stage.sim.move_balance(stage.sim.get(made)["customer"], 700)
    order = stage.find(first)
    sponsor = {"organization_name": order.organization_name, "contact_email": order.contact_email}
    reference = stage.order(**sponsor)
    due = 1007_00 if choice == "use" else 1000_00
    return Refused(
        ("invoice", *AT, "--po", reference),
        choice,
        lambda: stage.sim.get(stage.invoice_of(reference))["amount_due"] == due,
    )


def reissue(stage):
    reference = stage.order(due_date=stage.today - timedelta(days=5))
    words = ("invoice", *AT, "--po", reference)
    return Refused(words, "reissue", lambda: stage.invoice_of(reference))


def cancel(stage):
    reference = stage.order()
    assert stage.run("invoice", *AT, "--po", reference, "--no-send").exit_code == 0
    path = f"/v1/invoices/{stage.invoice_of(reference)}"
    stage.dashboard(f"{path}/finalize")
    stage.dashboard(f"{path}/void")
    words = ("invoice", *AT, "--po", reference)
    return Refused(words, "cancel", lambda: stage.find(reference).status == "cancelled")


def deliver(stage):
    reference, _ = stage.sent(delivery="ourselves")
    return Refused(("resend", reference), "deliver", lambda: True)


def credit_note(stage):
    reference, _ = stage.sent()
    words = ("credit-note", reference, "--amount", "100", "--reason", "smaller booth")
    assert stage.run(*words).exit_code == 0
    return Refused(words, "--again", lambda: stage.find(reference).sums.credited == 200_00)


def refund(stage):
    reference, _ = stage.sent()
    stage.wire(reference, 1000_00)
    words = ("refund", reference, "--amount", "100")
    return Refused(words, "--method", lambda: stage.find(reference).sums.refunded == 100_00)


def record_payment(stage):
    reference = stage.order()
    words = ("payment", reference, "--amount", "400", "--method", "wire")
    assert stage.run(*words).exit_code == 0
    return Refused(words, "--again", lambda: stage.find(reference).sums.paid == 800_00)


def _line(stage, amount):
    (line,) = stage.statement(Entry(stage.today, Decimal(amount), f"COUNTER DEPOSIT {amount}"))
    return str(line)


def match_line(stage):
    reference, line = stage.order(611_00), _line(stage, 500)
    fill = {"REFERENCE": reference}
    paid = lambda: stage.find(reference).sums.paid == 500_00  # noqa: E731
    return Refused(("bank", "apply", line, *AT), "--po", paid, fill)


def confirm_entry(stage):
    reference, line = stage.order(), _line(stage, 444)
    stage.wire(reference, 444_00)
    words = ("bank", "apply", line, *AT, "--po", f"{reference}=444")
    return Refused(words, "--entry", lambda: len(stage.find(reference).entries) == 1)


def match_overpaid(stage):
    reference, line = stage.order(100_00), _line(stage, 157)
    words = ("bank", "apply", line, *AT, "--po", f"{reference}=157")
    return Refused(words, "--overpaid", lambda: stage.find(reference).sums.paid == 157_00)


def undo_match(stage):
    reference, line = stage.order(163_00), _line(stage, 163)
    words = ("bank", "apply", line, *AT, "--po", reference)
    assert stage.run(*words).exit_code == 0
    return Refused(words, "undo", lambda: stage.run(*words).exit_code == 0)


ERRORS = [
    *(list_orders, sync, invoice, adopt, bill_again, decide_balance, reissue, cancel, deliver),
    *(credit_note, refund, record_payment, match_line, confirm_entry, match_overpaid, undo_match),
    partial(decide_balance, choice="remove"),
]
ELSEWHERE = {"set_up_database", "begin_again", "archive", "rename"}
"""Tried in test_installation.py and test_accounts.py, each on a database of its own."""


def _name(scene: Any) -> str:
    return getattr(scene, "func", scene).__name__


def test_every_act_that_an_error_names_has_a_scene() -> None:
    acts = inspect.getmembers(remedies, inspect.isfunction)
    public = {name for name, act in acts if act.__module__ == remedies.__name__ and name[0] != "_"}
    assert public == {_name(scene) for scene in ERRORS} | ELSEWHERE


@pytest.mark.parametrize("scene", ERRORS, ids=_name)
def test_who_does_what_an_error_names_gets_on(stage, scene, monkeypatch) -> None:
    """A way out that is printed and does not work is worse than none."""
    monkeypatch.chdir(stage.work.folder)
    case = scene(stage)
    refused = stage.run(*case.words)
    assert refused.exit_code != 0
    printed = [line.partition("po-toolkit ")[2] for line in refused.output.splitlines()]
    ways = [way for way in map(shlex.split, printed) if case.way in way]
    assert ways, refused.output
    done = stage.run(*(case.fill.get(word, word) for word in ways[0]))
    assert done.exit_code == 0, done.output
    assert case.then()
