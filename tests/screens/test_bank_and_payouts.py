"""Bank and payouts: from the statement to the purchase order, and from the payout to the cent."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import partial

import pytest

from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.api.payouts import pull_payouts
from po_toolkit.api.sync import sync_conference
from po_toolkit.bootstrap import open_conference
from po_toolkit.jobs.worker import Worker
from po_toolkit.reconcile import purchase_order_story
from po_toolkit.ui import background, shell
from po_toolkit.ui.formats import plain
from tests.bank.statement import Entry, camt

KEY = "sk_test_screens_pycon_2027"
SHEET = b"""organization_name,contact_email,po_number,amount
Acme Press,ap@acme.example,A-1,100.00
Bolt Systems,ap@bolt.example,B-1,200.00
"""


@pytest.fixture
def books(conference):
    """Two purchase orders, not invoiced."""
    opened = conference()
    return opened, import_purchase_orders(opened, SHEET, file_name="two.csv").references


def press_import(app) -> None:
    """Import the file that is shown as it would be read."""
    next(b for b in app.button if b.label.startswith("Import ")).click().run()
    assert not app.exception


def statement(opened, *entries, **details):
    lines = [Entry(opened.today(), Decimal(amount), text, name) for amount, text, name in entries]
    return camt(lines, **details)


def upload(show, data, name="statement.xml"):
    app = show("bank")
    app.file_uploader[0].set_value((name, data, "application/xml")).run()
    assert not app.exception
    if any(b.label.startswith("Import ") for b in app.button):
        press_import(app)
    return app


def every(app):
    """Show the lines that are decided too."""
    app.session_state["pycon-2027:bank.states"] = []
    return app.run()


def name_columns(app, named):
    for label, column in named.items():
        next(s for s in app.selectbox if s.label == label).set_value(column)
    return app.run()


def match(app, key):
    """Press the button of one candidate."""
    next(b for b in app.button if b.label == "Match" and plain(key) in b.help).click().run()
    assert not app.exception
    return app


def choose(app, row=0):
    table = next(d for d in app.dataframe if "evidence" in d.value)
    app.session_state[table.key] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    return app


def button(app, label):
    return next(b for b in app.button if b.label == label)


def story(opened, reference):
    return purchase_order_story(opened.store, opened.conference, reference)


def test_a_statement_is_loaded_and_what_fits_is_applied_in_one_go(show, read, books, finish):
    """The treasurer's afternoon with a marker pen, in two clicks."""
    opened, (acme, bolt) = books
    data = statement(
        opened,
        ("100.00", f"Invoice {acme} thank you", "Acme Press"),
        ("-12.00", "Account fee", "Bank"),
    )
    app = upload(show, data)
    assert "2 lines read: 2 new, 0 duplicates" in read(app)
    app = finish(button(app, "Apply 1 match").click().run())
    assert not app.exception
    assert "1 bank line applied." in read(app)
    assert story(opened, acme).balance == 0
    assert story(opened, bolt).paid == 0


def test_the_same_statement_again_changes_nothing(show, read, books):
    """A file loaded twice must not pay anybody's invoice twice."""
    opened, (acme, _) = books
    data = statement(opened, ("100.00", f"Invoice {acme}", "Acme Press"))
    upload(show, data)
    assert "1 line read: 0 new, 1 duplicates" in read(upload(show, data))


def test_a_line_that_nothing_fits_is_decided_by_a_person_and_undone(show, read, books):
    """'Thanks from the Acme team' is clear to a person and to nobody else."""
    opened, (acme, _) = books
    upload(show, statement(opened, ("60.00", "thanks from the team", "J. Doe")))
    app = show("bank")
    assert "40.00\xa0USD less on the bank line" in read(app)
    match(app, acme)
    assert str(story(opened, acme).paid) == "60.00"
    assert "Every line is matched or excluded." in read(app)
    app = choose(every(show("bank")))
    button(app, "Undo match").click().run()
    assert not app.exception
    assert story(opened, acme).paid == 0


def test_the_next_line_comes_at_once(show, read, books):
    """Ten lines are a minute's work, unless each must be looked for in the list again."""
    opened, (acme, _bolt) = books
    lines = (("-5.00", "fee", "Bank"), ("70.00", "two", "J. Doe"), ("60.00", "one", "J. Doe"))
    upload(show, statement(opened, *lines))
    app = show("bank")
    assert "Line 1 of 3" in read(app)
    first = app.text[0].value
    match(app, acme)
    assert "Line 1 of 2" in read(app) or "Line 2 of 2" in read(app)
    assert app.text[0].value != first
    seen = app.text[0].value
    button(app, "Next").click().run()
    assert app.text[0].value != seen


def test_a_purchase_order_with_nothing_open_asks_before_it_is_overpaid(show, read, books):
    """A click on the wrong sponsor must not turn their paid invoice into a refund."""
    opened, (acme, _) = books
    for text in ("first", "second"):
        upload(show, statement(opened, ("100.00", text, "J. Doe"), number=text))
    app = match(show("bank"), acme)
    app.text_input[1].set_value("acme").run()
    match(app, acme)
    assert "has nothing outstanding" in read(app)
    assert str(story(opened, acme).paid) == "100.00"
    yes = next(b for b in app.button if b.key.startswith("pycon-2027:bank.yes."))
    yes.click().run()
    while any((b.key or "").startswith("pycon-2027:bank.yes.") for b in app.button):
        next(b for b in app.button if b.key.startswith("pycon-2027:bank.yes.")).click().run()
    assert not app.exception
    assert str(story(opened, acme).paid) == "200.00"


def test_what_banks_kept_is_written_off_with_a_reason_only(show, read, books):
    """A write-off without a reason is a hole in the books that an auditor finds."""
    opened, (_, bolt) = books
    upload(show, statement(opened, ("195.00", f"Invoice {bolt}", "Bolt Systems")))
    app = show("bank")
    button(app, "Match and write off 5.00\xa0USD").click().run()
    button(app, "Write off and match").click().run()
    assert "Enter a reason" in read(app)
    assert story(opened, bolt).paid == 0
    reason = next(t for t in app.text_input if t.label.startswith("Reason, for example bank"))
    reason.set_value("bank charges")
    button(app, "Write off and match").click().run()
    assert not app.exception
    assert str(story(opened, bolt).credited) == "5.00"
    assert story(opened, bolt).balance == 0


def test_a_line_of_no_sponsor_is_excluded_with_its_reason(show, read, books):
    """Bank charges must leave the list of open lines, not the books."""
    opened, _ = books
    upload(show, statement(opened, ("-12.00", "Account fee", "Bank")))
    app = show("bank")
    states = app.pills[0].options  # where a label changes, a browser may let go of the choice
    button(app, "Exclude").click().run()
    why = next(t for t in app.text_input if t.label.startswith("Reason, for example rent"))
    why.set_value("bank charges")
    [b for b in app.button if b.label == "Exclude"][-1].click().run()
    assert not app.exception
    assert app.pills[0].options == states
    assert "Excluded: 1" in read(app)
    app = every(show("bank"))
    assert "bank charges" in read(app)


def test_lines_of_another_state_are_not_called_done(show, read, books):
    """A treasurer who reads that every line is matched closes the month."""
    opened, _ = books
    upload(show, statement(opened, ("-12.00", "Account fee", "Bank")))
    app = show("bank")
    app.session_state["pycon-2027:bank.states"] = ["applied"]
    assert "Every line is matched" not in read(app.run())
    assert "No line has this state now." in read(app)


def test_a_statement_is_known_by_its_file_and_days(show, read, books):
    """A treasurer who looks for October's statement knows its file and its days."""
    opened, _ = books
    upload(show, statement(opened, ("100.00", "x", "y")), name="october.xml")
    (shown,) = show("bank", **{"bank-view": "Statements"}).dataframe
    assert shown.value["file_name"].tolist() == ["october.xml"]
    assert shown.value["closing_date"].tolist() == [opened.today()]
    assert "reason" not in shown.value
    said = read(show("activity")).replace("\\", "")
    assert "1 line of the bank statement october.xml imported." in said


def test_a_statement_that_does_not_add_up_waits_for_a_person(show, read, books):
    """A missing page of a statement is money that nobody looks for."""
    opened, _ = books
    data = statement(opened, ("100.00", "x", "y"), closing=Decimal("9999.00"))
    upload(show, data)
    app = show("bank", **{"bank-view": "Statements"})
    assert not app.exception
    assert "is on hold" in app.warning[0].value
    app.text_input[1].set_value("The bank says so too")
    button(app, "Accept statement").click().run()
    assert not app.exception
    assert "Accepted by a person" in read(app)


def test_what_is_no_statement_is_refused_in_words(show, books):
    """A holiday picture uploaded by mistake must not look like an empty month."""
    app = upload(show, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\3\0", name="x.csv")
    assert app.error


@pytest.fixture
def days_pass(simulator, clock, monkeypatch):
    """Let days go by at Stripe and in the app: money takes some until it can be paid out."""
    monkeypatch.setattr(shell, "open_conference", partial(open_conference, now=clock))
    monkeypatch.setattr(background, "Worker", partial(Worker, now=clock))

    def pass_(days):
        simulator.control.advance(days * 86_400)
        clock.advance(days=days)

    return pass_


def test_a_payout_opens_to_the_payments_it_is_the_sum_of(
    show, read, books, simulator, days_pass, finish
):
    """The bank shows one credit; the auditor asks which sponsors are in it."""
    opened, references = books
    invoice_purchase_orders(opened, references=references)
    for reference in references:
        simulator.control.pay(story(opened, reference).stripe_invoice_id, account=KEY)
    sync_conference(opened)
    days_pass(3)
    payout = simulator.control.payout("usd", trace="TRACE1", account=KEY)
    simulator.control.payout_arrives(payout["id"])
    before = read(show("payouts"))
    assert "All four sides agree" not in before, "payouts and statements were not read"
    assert "Payouts have not been read from Stripe. No bank statement" in before
    app = show("payouts")
    app = finish(button(app, "Sync payouts").click().run())
    assert not app.exception
    assert "1 new payout" in read(app)
    table = next(d for d in app.dataframe if "sponsors" in d.value)
    app.session_state[table.key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    moves = app.dataframe[-1].value
    assert {"Acme Press", "Bolt Systems"} <= set(moves["organization_name"])
    assert moves["paid_out"].sum() == Decimal(payout["amount"]) / 100
    assert payout["id"] in [code.value for code in app.code], "where one looks Stripe up"
    every = show("payouts", **{"payouts-view": "All transactions"}).dataframe[-1].value
    assert re.findall(r"\b(?:in|po|ch|py|pi)_\w+", every.to_string()) == []
    assert every["payout"].str.contains("USD").sum() == len(moves)


def test_a_payment_that_the_bank_has_not_shown_has_its_amount(show, conference, sample, season):
    """A check of 100.00 that reads as 0.00 is taken for one that was never typed.

    What is at the bank is not 0.00 either, as long as no statement shows it.
    """
    moves = show("payouts", **{"payouts-view": "All transactions"}).dataframe[-1].value
    (typed,) = moves.to_dict("records")
    assert typed["gross"] == Decimal(100)
    assert typed["words"] == "Not found at the bank"
    assert (typed["fee"], typed["net"], typed["at_bank"]) == (None, None, None)


@pytest.mark.parametrize("view", ["Fees", "All transactions", "Bank lines", "Checks"])
def test_every_table_of_the_tie_out_opens(show, books, simulator, view):
    """Four sides, each a table; none may end in a traceback."""
    opened, references = books
    invoice_purchase_orders(opened, references=references[:1])
    simulator.control.pay(story(opened, references[0]).stripe_invoice_id, account=KEY)
    sync_conference(opened)
    pull_payouts(opened)
    app = show("payouts", **{"payouts-view": view})
    assert not app.exception
    assert not app.error


def test_the_columns_of_an_unknown_bank_can_be_named(show, read, books):
    """A bank whose file nobody has seen before is still a bank."""
    data = b"Kiam,Kiom,Kial\n2026-11-20,+60.00,thanks from the team\n"
    app = show("bank")
    app.file_uploader[0].set_value(("kirjaus.csv", data, "text/csv")).run()
    assert not app.exception
    assert "Name the columns of the date and the amount" in app.error[0].value
    assert "--map" not in app.error[0].value
    name_columns(app, {"Date": "Kiam", "Amount, or else credit and debit": "Kiom", "Text": "Kial"})
    assert not app.exception
    assert "Kial" in read(app)
    press_import(app)
    assert "1 line read: 1 new" in read(app)


def test_a_question_about_the_file_forgets_no_column_that_was_named(show, read, books):
    """Who names the columns twice for one file does not believe that the third time counts."""
    data = b"Kiam;Kiu;Kiom\n30.11.2026;Acme;60,00\n30.11.2026;Bank;-1,00\n"
    app = show("bank")
    app.file_uploader[0].set_value(("kirjaus.csv", data, "text/csv")).run()
    offered = next(s for s in app.selectbox if s.label == "Date").options
    assert offered == ["Kiam", "Kiu", "Kiom"]
    name_columns(app, {"Date": "Kiam", "Amount, or else credit and debit": "Kiom"})
    while question := next((r for r in app.radio if r.value is None), None):
        question.set_value("With a comma: 1.234,50").run()
    next(s for s in app.selectbox if s.label.startswith("Which currency")).set_value("usd").run()
    assert not app.error
    assert "2 lines read: 2 new" in read(app)


def test_what_a_column_is_can_be_answered_on_the_page(show, read, books):
    """Who can only choose the same name three times never imports the file, or turns its signs."""
    data = b"Date,Description,Receipt,Payment\n2026-11-28,A,5.00,\n2026-11-29,B,,6.00\n"
    app = show("bank")
    app.file_uploader[0].set_value(("book.csv", data, "text/csv")).run()
    (question,) = [r for r in app.radio if r.value is None]
    assert question.label == "What is the column “Receipt”?"
    assert question.options == ["Money in", "Money out", "Neither; leave it out"]
    question.set_value("Money in").run()
    assert not app.error
    press_import(app)
    assert "2 lines read: 2 new" in read(app)


def test_a_bank_account_may_be_in_a_currency_that_was_never_used_here(show, read, conference):
    """Who banks in francs and may choose dollars only books dollars."""
    conference()
    app = show("bank")
    ofx = (
        b"<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><BANKACCTFROM><BANKID>1<ACCTID>2</BANKACCTFROM>"
        b"<BANKTRANLIST><STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261120<TRNAMT>5.00<FITID>1<NAME>ALPHA"
        b"</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    )
    app.file_uploader[0].set_value(("a.ofx", ofx, "application/x-ofx")).run()
    assert not app.exception
    question = next(s for s in app.selectbox if "currency" in s.label)
    assert question.value is None
    assert question.options[0] == "USD"
    question.set_value("chf").run()
    assert not app.exception
    assert "1 line read: 1 new" in read(app)
    assert next(d.value for d in app.dataframe if "currency" in d.value)["currency"][0] == "chf"


def test_what_is_proposed_is_the_first_candidate_even_where_nothing_is_open(show, read, books):
    """Who sees only other sponsors beside a line matches the second payment to one of them."""
    opened, (acme, _) = books
    record_payment_by_hand(opened, acme, amount=Decimal(100), method="check")
    upload(show, statement(opened, ("40.00", f"Invoice {acme} again", "Acme Press")))
    app = show("bank")
    offered = [b.help for b in app.button if b.label == "Match"]
    assert plain(acme) in offered[0]
    match(app, acme)
    assert "has nothing outstanding" in read(app)
    assert str(story(opened, acme).paid) == "100.00"


def test_both_sides_of_a_proposal_and_what_is_recorded_are_offered(show, read, books):
    """A person who sees one side only applies what an agent paid for somebody else."""
    opened, (acme, _) = books
    upload(show, statement(opened, ("100.00", f"Invoice {acme}", "Media Agency Ltd")))
    assert "Media Agency Ltd" in read(show("bank"))
    record_payment_by_hand(
        opened,
        acme,
        amount=Decimal(100),
        method="wire",
        payment_date=date(2026, 11, 20),
        date_as_given=True,
    )
    app = show("bank")
    assert "Recorded: Acme Press" in read(app)
    match(app, "Recorded: Acme Press")
    assert str(story(opened, acme).paid) == "100.00"
