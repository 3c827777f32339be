"""A season with tickets, refunds, disputes, failed payouts and wires, tied out to the cent."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from po_toolkit.api.bank import import_bank_statement
from po_toolkit.api.bank_matching import choose, exclude_line, match_bank, undo_match
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.api.payouts import pull_payouts
from po_toolkit.api.sync import sync_conference
from po_toolkit.payments.payouts import take_payout
from po_toolkit.reconcile import reconcile_conference
from po_toolkit.reconcile.report import Sheet, month_end_report, payouts_report
from po_toolkit.reconcile.tie_out import tie_out
from po_toolkit.reconcile.tie_out_files import export
from po_toolkit.store import payouts as payouts_store
from po_toolkit.store.tables import BalanceTransaction
from tests.bank.statement import Entry, camt
from tests.conftest import KEY

DAY = 86_400


@pytest.fixture
def season(opened, make_order, simulator, clock):
    """Play it; return the orders, the payouts and the bank's lines."""
    orders = [
        make_order(("Sponsorship", 1, f"{1000 * (n + 1)}.00"), organization=f"Sponsor {w} Inc.",
                   po_number=f"45000{n:05}", email=f"ap{n}@sponsor.example")
        for n, w in enumerate("Alder Birch Cedar Dogwood Elm Fir Ginkgo Hazel".split())
    ]  # fmt: skip
    report = invoice_purchase_orders(opened, all_draft=True)
    invoices = {r.reference: r.stripe_invoice_id for r in report.results}
    control = simulator.control
    to_noon = (17 - clock().hour) % 24  # so that here and at Stripe it is the same day
    control.advance(to_noon * 3600)
    clock.advance(hours=to_noon)

    def pass_days(days: int) -> None:
        control.advance(days * DAY)
        clock.advance(days=days)

    def pay(n: int, amount: int | None = None, method: str = "card"):
        return control.pay(invoices[orders[n].reference], amount, method)

    payments = [pay(0), pay(1, method="us_bank_account"), pay(2)]
    for price in (50_00, 75_00, 120_00):
        control.sell(price, "usd", "Ticket", KEY)
    pass_days(3)
    lines: list[Entry] = []
    payouts = [control.payout("usd", trace="TRACE0000001", account=KEY)]
    control.payout_arrives(payouts[0]["id"])
    lines.append(_arrived(payouts[0], "TRACE0000001", opened))

    charges = {c["payment_intent"]: c for c in control.all("charge")}
    first = charges[payments[0]["payment"]["payment_intent"]]
    for part in (100_00, 50_00):  # several refunds on one charge
        control.refund(first["id"], part)
    control.dispute(charges[payments[2]["payment"]["payment_intent"]]["id"])
    pay(3)
    pass_days(3)
    # A payout without a trace that the bank sends back after it was paid.
    payouts.append(control.payout("usd", trace=None, account=KEY))
    control.payout_arrives(payouts[1]["id"])
    lines.append(_arrived(payouts[1], "", opened))
    control.payout_fails(payouts[1]["id"])
    back = lines[-1]
    lines.append(Entry(back.day + timedelta(days=1), -back.amount, "STRIPE RETURN", "STRIPE"))
    pass_days(1)
    pay(4)
    pass_days(3)
    payouts.append(control.payout("usd", trace="TRACE0000003", account=KEY))
    control.payout_arrives(payouts[2]["id"])
    lines.append(_arrived(payouts[2], "TRACE0000003", opened))
    pay(5)
    pass_days(3)
    payouts.append(control.payout("usd", 2000_00, instant=True, trace="TRACE0000004", account=KEY))
    control.payout_arrives(payouts[3]["id"])
    lines.append(_arrived(payouts[3], "TRACE0000004", opened))
    # Past Stripe: a wire entered by hand, one that is not, with a bank's charges, and interest.
    today = opened.today()
    record_payment_by_hand(opened, orders[6].reference, amount=Decimal(7000), method="wire",
                           payment_date=today)  # fmt: skip
    lines += [
        Entry(today, Decimal("6985.00"), f"WIRE {orders[6].reference}", "SPONSOR GINKGO INC"),
        Entry(today, Decimal("8000.00"), "INVOICE PAYMENT", "SPONSOR HAZEL INC"),
        Entry(today, Decimal("0.37"), "INTEREST", "THE BANK"),
        Entry(today, Decimal("-12.00"), "ACCOUNT FEE", "THE BANK"),
    ]
    sync_conference(opened)
    pull_payouts(opened)
    import_bank_statement(opened, camt(lines))
    return orders, payouts, lines


def _arrived(payout, trace: str, opened) -> Entry:
    amount = Decimal(payout["amount"]) / 100
    return Entry(opened.today(), amount, f"STRIPE TRANSFER {trace}", "STRIPE", trace)


def test_every_cent_of_each_payout_and_bank_line_is_on_one_row(season, opened) -> None:
    """Else a treasurer cannot show an auditor where the money on the account comes from."""
    orders, payouts, _ = season
    report = match_bank(opened, apply=True)
    assert (report.applied, report.ambiguous, report.unmatched) == (7, 0, 2)
    found = tie_out(opened.store, opened.conference, as_of=opened.today())
    assert found.checks["difference"].eq(0).all(), found.checks
    table = found.payouts.set_index("payout")
    for payout in payouts:
        row = table.loc[payout["id"]]
        assert row["sponsors"] + row["others"] + row["not_itemised"] == payout["amount"]
        assert found.of(payout=payout["id"])["paid_out"].sum() == payout["amount"]
        assert row["at_bank"] == (0 if row["status"] == "failed" else payout["amount"])
    for line in found.bank_lines.itertuples():
        assert found.of(bank_line=line.bank_line)["at_bank"].sum() == line.amount
        assert line.payouts + line.payments + line.set_aside + line.unexplained == line.amount
    assert sorted(found.bank_lines["unexplained"][found.bank_lines["unexplained"] != 0]) == [
        -1200,
        37,
    ]
    ginkgo = found.of(reference=orders[6].reference).iloc[0]
    assert (ginkgo["gross"], ginkgo["fee"], ginkgo["at_bank"]) == (700_000, 1500, 698_500)
    tickets = found.rows[found.rows["kind"].eq("other_income")]
    assert tickets["gross"].sum() == 245_00
    assert found.rows["kind"].isin(["refund"]).sum() == 2


def test_a_report_names_no_stripe_id_and_no_code(season, opened) -> None:
    """A treasurer knows the invoice's number and the day of a payout, not in_1Pq or po_1Pq."""
    match_bank(opened, apply=True)
    day = opened.today()
    found = tie_out(opened.store, opened.conference, as_of=day)
    books = reconcile_conference(opened.store, opened.conference, as_of=day)
    for report in (
        month_end_report(books, found),
        payouts_report(found, name="PyCon", made_at=opened.now()),
    ):
        sheets = [p for s in report.printed for p in s.parts if isinstance(p, Sheet)]
        cells = [cell for sheet in sheets for row in sheet.rows for cell in row]
        assert [c for c in cells if re.search(r"\b(?:in|po|ch|py|pi|re|txn|inpay)_\w+", c)] == []
        assert sorted({c for c in cells if re.fullmatch(r"[a-z]+(?:_[a-z]+)*", c)}) == []
    rows, payouts = found.named("rows"), found.named("payouts")
    for name in ("gross", "at_bank"):
        assert rows[name].sum() == found.rows[name].sum(), "a blank changes no total"
    lines = rows["kind"].eq("bank_unexplained")
    assert lines.any()
    assert rows.loc[lines, ["gross", "fee", "net"]].isna().all(axis=None)
    assert rows.loc[rows["balance_transaction"].ne(""), "gross"].notna().all()
    assert rows.loc[rows["bank_line"].notna(), "at_bank"].notna().all()
    assert rows.loc[rows["bank_line"].isna(), "at_bank"].isna().all()
    assert payouts["at_bank"].sum() == found.payouts["at_bank"].sum()
    assert {"stripe", "bank"} <= set(rows["via"])
    assert rows.loc[rows["source_id"].str.startswith("py_"), "invoice"].ne("").all()
    text = export(found, "table").decode()
    assert re.findall(r"\bin_\w+", text) == []


def test_books_and_stripe_agree_with_the_tie_out(season, opened) -> None:
    """Else fees by month or a purchase order's money on the page differ from the ledger."""
    match_bank(opened, apply=True)
    found = tie_out(opened.store, opened.conference, as_of=opened.today())
    fees = found.fees
    assert fees["fee"].sum() == found.rows["fee"].sum()
    assert {"card", "us_bank_account", "wire"} <= set(fees["method"])
    books = reconcile_conference(opened.store, opened.conference, as_of=opened.today())
    paid = books.rows.set_index("reference")
    for reference, rows in found.rows[found.rows["reference"].ne("")].groupby("reference"):
        sums = paid.loc[reference]
        assert rows["po_amount"].sum() == sums["paid"] - sums["refunded"]


def test_what_the_bank_side_lacks_is_a_discrepancy(season, opened, clock) -> None:
    """Else a payout that never arrived, or money nobody can explain, stays unseen."""
    _, payouts, _ = season
    codes = _codes(opened)
    assert "bank_credit_not_explained" in codes
    match_bank(opened, apply=True)
    assert "payout_not_at_bank" not in _codes(opened)
    third = next(m.line for m in match_bank_lines(opened) if payouts[2]["id"] in m.references)
    undo_match(opened, third)
    later = Entry(opened.today() + timedelta(days=20), Decimal("1.00"), "LATER", "SOMEBODY")
    clock.advance(days=30)
    import_bank_statement(opened, camt([later], number="S2", opening=Decimal("5.00")))
    rows = _found(opened)
    assert rows["payout_not_at_bank"] == [payouts[2]["amount"]]
    # The money of the failed payout came with the next one, so nothing is left to do.
    assert "payout_failed" not in rows
    choose(opened, third, payout=payouts[2]["id"])
    rows = _found(opened)
    assert "payout_not_at_bank" not in rows
    assert rows["bank_credit_not_explained"] == [37, 100]
    for line in match_bank_lines(opened):
        if line.state == "unmatched":
            exclude_line(opened, line.line, "The bank's own")
    assert "bank_credit_not_explained" not in _found(opened)


def match_bank_lines(opened):
    from po_toolkit.api.bank_matching import bank_lines

    return bank_lines(opened)


def _codes(opened) -> set[str]:
    return set(_found(opened))


def _found(opened) -> dict[str, list[int]]:
    books = reconcile_conference(opened.store, opened.conference, as_of=opened.today())
    table = books.discrepancies
    return {code: sorted(rows["at_stake"]) for code, rows in table.groupby("code")}


def test_money_settled_in_another_currency_keeps_both(opened, make_order, simulator, clock) -> None:
    """Else a sponsor who pays euros into a dollar account makes the payout inexplicable."""
    po = make_order(("Gold", 1, "1000.00"), currency="eur")
    invoice = invoice_purchase_orders(opened, references=[po.reference]).results[0]
    control = simulator.control
    control.settle_in("eur", "usd", "1.10", KEY)
    control.pay(invoice.stripe_invoice_id)
    control.advance(3 * DAY)
    clock.advance(days=3)
    payout = control.payout("usd", trace="TRACE5", account=KEY)
    control.payout_arrives(payout["id"])
    sync_conference(opened)
    pull_payouts(opened)
    import_bank_statement(opened, camt([_arrived(payout, "TRACE5", opened)]))
    assert match_bank(opened, apply=True).applied == 1
    found = tie_out(opened.store, opened.conference, as_of=opened.today())
    assert found.checks["difference"].eq(0).all(), found.checks
    row = found.of(reference=po.reference).iloc[0]
    assert (row["po_currency"], row["po_amount"]) == ("eur", 100_000)
    assert (row["currency"], row["gross"], row["at_bank"]) == ("usd", 110_000, payout["amount"])
    text = {r["reference"]: r for r in found.as_json()["rows"]}[po.reference]
    assert (text["po_amount"], text["gross"]) == ("1000.00", "1100.00")


def test_an_event_of_a_new_payout_hides_none_that_was_never_read(opened, simulator, clock) -> None:
    """Else months of payouts and of what they are made of stay unread, and the bank has gaps."""
    control = simulator.control
    payouts = []
    for price in (50_00, 75_00):
        control.sell(price, "usd", "Ticket", KEY)
        control.advance(100 * DAY)
        clock.advance(days=100)
        payouts.append(control.payout("usd", account=KEY))
    take_payout(opened, payouts[1])
    report = pull_payouts(opened)
    assert (report.payouts_new, report.payouts_seen) == (1, 2)
    assert report.balance_transactions_new == 4


def test_a_reading_that_broke_goes_on_with_what_it_had_not_read(opened, simulator, clock) -> None:
    """Else the newest page alone is kept, and what is older counts as read for ever."""
    for price in range(1, 151):
        simulator.control.sell(price * 100, "usd", "Ticket", KEY)
        simulator.control.advance(DAY)
        clock.advance(days=1)
    real = payouts_store.keep_moves
    calls = []

    def break_off(*args, **details):
        calls.append(args)
        if len(calls) == 2:
            raise OSError("the machine loses power")
        return real(*args, **details)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payouts_store, "keep_moves", break_off)
        with pytest.raises(OSError, match="power"):
            pull_payouts(opened)
    pull_payouts(opened)
    with opened.store.reading() as session:
        assert session.query(BalanceTransaction).count() == 150
