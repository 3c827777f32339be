"""Single acts on one purchase order, as a treasurer types them."""

from __future__ import annotations

import json

import pytest

from po_toolkit.cli import console
from po_toolkit.domain.roles import Act
from po_toolkit.jobs import batches
from po_toolkit.reconcile.story import purchase_order_story
from po_toolkit.store.purchase_orders import by_reference
from tests.cli.workplace import SLUG, Workplace


def test_a_wire_and_a_credit_note_settle_an_invoice(work: Workplace) -> None:
    """Money that came by wire must be in the books, whoever sends it."""
    reference, _ = work.invoiced(total=100_000)

    wired = work.json("payment", reference, "--amount", "900.00", "--method", "wire")
    assert (
        wired.items()
        >= {"reference": reference, "status": "partially_paid", "balance": "100.00"}.items()
    )
    credited = work.json("credit-note", reference, "--amount", "100", "--reason", "Smaller booth")
    assert (credited["status"], credited["balance"]) == ("paid", "0.00")


def test_the_same_wire_twice_is_refused_without_again(work: Workplace) -> None:
    """A payment entered by two people must not settle two invoices' worth."""
    reference, _ = work.invoiced(total=100_000)
    wire = ("payment", reference, "--amount", "10", "--method", "wire", "--reference", "FT1")

    assert work.run(*wire).exit_code == 0
    second = work.run(*wire)
    assert second.exit_code == 2
    assert "again" in second.stderr
    assert work.json(*wire, "--again")["balance"] == "980.00"


def test_a_cancelled_purchase_order_has_no_open_invoice_left(work: Workplace) -> None:
    """A sponsor who withdrew must not be able to pay by mistake."""
    reference, invoice_id = work.invoiced()

    assert work.json("cancel", reference)["status"] == "cancelled"
    assert work.simulator.control.get(invoice_id)["status"] == "void"
    assert "was cancelled before, on " in work.run("cancel", reference).stderr


@pytest.mark.parametrize(
    ("command", "answered"), [("reissue", True), ("reissue", False), ("cancel", True)]
)
def test_why_an_invoice_was_voided_is_asked_and_kept(
    work: Workplace, monkeypatch: pytest.MonkeyPatch, command: str, answered: bool
) -> None:
    """A year later nobody remembers why a sponsor has two invoices."""
    reference, _ = work.invoiced()
    monkeypatch.setattr(console, "can_ask", lambda: answered)
    given = () if answered else ("--reason", "They moved")

    done = work.run(command, reference, *given, stdin="They moved\n" if answered else None)
    assert done.exit_code == 0, done.output
    opened = work.opened()
    story = purchase_order_story(opened.store, opened.conference, reference)
    assert any(event.text.endswith(": They moved.") for event in story.events)


def test_cancelling_a_purchase_order_with_money_on_it_is_refused(work: Workplace) -> None:
    """Cancelling must not make received money disappear from view."""
    reference, _ = work.invoiced()
    work.run("payment", reference, "--amount", "10", "--method", "check")

    refused = work.run("cancel", reference)
    assert refused.exit_code == 1
    assert reference in refused.stderr
    assert "10.00 USD" in refused.stderr


def test_an_invoice_sent_by_hand_is_adopted_and_never_billed_again(work: Workplace) -> None:
    """A sponsor invoiced before the toolkit came must not get a second invoice."""
    by_hand = work.invoice_by_hand(100_000)
    reference = work.order(total=100_000)

    adopted = work.json("adopt", reference, by_hand)
    assert (adopted["reference"], adopted["stripe_invoice_id"]) == (reference, by_hand)
    again = work.json("invoice", "--conference", SLUG, "--po", reference)
    assert (again["invoiced"], again["skipped"]) == (0, 1)


def test_an_invoice_of_another_total_is_not_adopted(work: Workplace) -> None:
    """Adopting the wrong invoice would hide that a sponsor was billed wrongly."""
    by_hand = work.invoice_by_hand(99_999)
    reference = work.order(total=100_000)

    refused = work.run("adopt", reference, by_hand)
    assert refused.exit_code == 1
    assert "999.99" in refused.stderr


def test_resend_mails_the_invoice_again(work: Workplace) -> None:
    """A sponsor who lost the mail must be able to get it once more."""
    reference, invoice_id = work.invoiced()

    result = work.json("resend", reference)
    assert (result["reference"], result["stripe_invoice_id"]) == (reference, invoice_id)


@pytest.mark.parametrize("written", ["{0}", "{1}", "  {1}  "])
def test_a_reference_may_be_typed_in_small_letters_or_without_po(
    work: Workplace, written: str
) -> None:
    """References are read out on the phone."""
    reference = work.order()
    typed = written.format(reference.lower(), reference.removeprefix("PO-"))

    assert work.json("cancel", typed)["reference"] == reference


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("payment", "PO-ABCDEF", "--amount", "10", "--method", "wire"), 1, "PO-ABCDEF"),
        (("payment", "PO-ABCDEF", "--amount", "1,5", "--method", "wire"), 2, "1234.50"),
        (("payment", "PO-ABCDEF", "--amount", "-5", "--method", "wire"), 2, "above zero"),
        (("payment", "PO-ABCDEF", "--amount", "5", "--method", "gold"), 2, "wire"),
        (
            ("payment", "PO-ABCDEF", "--amount", "5", "--method", "ach", "--date", "3.4.2027"),
            2,
            "2027-03-31",
        ),
        (("credit-note", "PO-ABCDEF", "--amount", "5"), 2, "--reason"),
        (("cancel", "PO-ABCDEF"), 1, "PO-ABCDEF"),
        (("resend", "PO-ABCDEF"), 1, "PO-ABCDEF"),
        (("adopt", "PO-ABCDEF", "in_1"), 1, "PO-ABCDEF"),
        (("sync", "--conference", "pycon-2028"), 1, SLUG),
    ],
)
def test_a_mistake_is_told_in_a_line_that_helps(
    work: Workplace, words: tuple[str, ...], code: int, told: str
) -> None:
    """A traceback, or an error without the way out, leaves a treasurer stuck."""
    assert work.run("init").exit_code == 0
    result = work.run(*words)

    assert result.exit_code == code
    assert told in result.stderr
    assert "Traceback" not in result.output
    assert not result.stdout


def test_an_amount_that_the_currency_cannot_hold_is_refused(work: Workplace) -> None:
    """Half a yen must not be rounded into the books."""
    reference = work.order(currency="jpy", total=5_000)

    refused = work.run("payment", reference, "--amount", "10.50", "--method", "wire")
    assert refused.exit_code == 1
    assert "JPY" in refused.stderr


def test_a_reversed_wire_that_stripe_was_told_of_is_said_beside_the_result(work: Workplace) -> None:
    """Nobody would ask the sponsor for that money, since Stripe calls it paid."""
    reference, invoice_id = work.invoiced(total=100_000)
    work.run("payment", reference, "--amount", "400", "--method", "wire")

    undone = work.run("reverse", "1", "--format", "json")

    assert undone.exit_code == 0
    assert json.loads(undone.stdout)["balance"] == "1000.00"
    assert invoice_id in undone.stderr
    assert "cannot undo it" in undone.stderr


def test_a_sync_that_stripe_cuts_off_exits_1_and_stays_in_the_status(work: Workplace) -> None:
    """A cron job that trusts the exit code must not believe half a sync."""
    _, invoice_id = work.invoiced(total=100_000)
    assert work.run("sync", "--conference", SLUG).exit_code == 0
    work.simulator.control.pay(invoice_id)
    work.simulator.control.revoke_key(work.key)

    assert work.run("sync", "--conference", SLUG).exit_code == 1

    (conference,) = work.json("status")["conferences"]
    assert "does not accept" in conference["last_sync_error"]
    work.simulator.control.revoke_key(work.key, revoked=False)
    assert work.json("sync", "--conference", SLUG)["payments_recorded"] == 1
    (conference,) = work.json("status")["conferences"]
    assert conference["last_sync_error"] is None
    assert "none" in work.run("status").stdout


def test_a_sync_in_which_something_was_not_taken_exits_3_and_names_it(work: Workplace) -> None:
    """A purchase order that names a wrong invoice must not look synced."""
    reference = work.order(total=100_000)
    opened = work.opened()
    with opened.store.writing(opened.actor, Act.ADOPT) as uow:
        found = by_reference(uow.session, opened.conference, reference)
        uow.lock_purchase_order(found.id).claimed_invoice_id = "in_nobodys"

    partial = work.run("sync", "--conference", SLUG)

    assert partial.exit_code == 3
    assert reference in partial.stderr
    assert "not complete" in partial.stderr
    assert reference in work.json("status")["conferences"][0]["last_sync_error"]


def test_the_status_shows_a_batch_that_has_not_ended(work: Workplace) -> None:
    """Else a batch that somebody paused is forgotten."""
    reference = work.order(total=100_000)
    opened = work.opened()
    batches.pause(opened, batches.start(opened, [reference]))

    (conference,) = work.json("status")["conferences"]

    assert conference["batches"] == {"paused": 1, "left": 1}
