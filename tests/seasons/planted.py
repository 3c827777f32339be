"""Faults planted in the product, one at a time, and how many seasons it takes to find each.

``python -m tests.seasons.planted --seasons 20``. Each fault is data: a function, and a piece of
its text that is replaced.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import sys
import tempfile
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.seasons.machine import Disk
from tests.seasons.season import play


@dataclass(frozen=True)
class Fault:
    """One planted fault: what it breaks, and where which text becomes which."""

    name: str
    module: str
    function: str
    old: str
    new: str
    also: tuple[str, ...] = ()
    """Names of faults that are planted too: the guards behind which this one hides."""
    more: tuple[tuple[str, str], ...] = ()
    """Further guards in the same function: which text becomes which."""
    when: str = ""
    """Where the place is reached more often than the fault matters: when it does."""


FAULTS = (
    Fault("a stored 500 is not looked after", "po_toolkit.outbox", "send",
          "found = write.find(stored)\n        if found:\n"
          "            return Outcome(stored, found, found=True)\n        if end",
          "found = None\n        if end"),
    Fault("an unknown outcome counts as refused", "po_toolkit.stripe_gateway.translate", "_kind",
          "return StripeUnknownError, (", "return StripeRefusedError, ("),
    Fault("a lease of another process is ignored", "po_toolkit.invoicing.lease", "_refuse_leased",
          "if invoice.lease_until is not None and invoice.lease_until > now:", "if False:"),
    Fault("what was begun is not looked up", "po_toolkit.invoicing.send", "_walk",
          "if lease.resumed:", "if False:"),
    Fault("a wire is taken twice", "po_toolkit.domain.same_money", "same_money",
          "abs(money.day - new.day) <= SAME_MONEY", "False"),
    Fault("a refund is not owed again", "po_toolkit.domain.sums", "balance_of",
          "- paid + refunded", "- paid"),
    Fault("cancelling ignores money", "po_toolkit.api.ledger", "_refuse_with_money",
          "if sums.paid", "if False and sums.paid"),
    Fault("a failed event is forgotten", "po_toolkit.api.webhook_work", "_failed",
          'return Outcome(event.id, "failed", attempts, error, now + pause)',
          'return Outcome(event.id, "processed", attempts)'),
    Fault("what was typed is never told", "po_toolkit.payments.stripe_reports", "report_waiting",
          "waiting = [i.id for i in money_intents.unfinished(session, opened.conference)]",
          "waiting = []"),
    Fault("a refund may exceed its payment", "po_toolkit.payments.refunds", "refundable",
          "left = entry.amount - _gone(order, entry)", "left = entry.amount"),
    Fault("a dispute that was won stays lost", "po_toolkit.payments.disputes", "take_dispute",
          'if dispute.get("status") == "won":', "if False:"),
    Fault("a refund that failed stays refunded", "po_toolkit.payments.refunds", "take_refund",
          'if stripe_object.get("status") in FAILED_REFUNDS:', "if False:"),
    Fault("a credit note that is void still counts", "po_toolkit.payments.credit_notes",
          "_enter_voided", "ledger.add_credit_note(uow, order, note)", "pass"),
    Fault("a credit note may exceed its total", "po_toolkit.payments.credit_notes",
          "_refuse_credit", "order.sums.total - order.sums.credited", "10**12"),
    Fault("money is booked into closed books", "po_toolkit.payments.ledger", "booked",
          "closing.closed_through(uow.session, order.conference_id)", "None"),
    Fault("a match that is undone keeps its payment", "po_toolkit.payments.bank_matches", "undo",
          "elif match.created_entry:", "elif False:"),
    Fault("events that were listed late are missed", "po_toolkit.payments.sync", "_late_events",
          "return _Late(found[::-1], until)", "return _Late()",
          when="found"),
    Fault("payments in events are passed over", "po_toolkit.payments.sync", "_take_events",
          "_take_payments(opened, [e for e in events if carries_payment(e)], report)", "pass"),
    Fault("another database's invoice is no reason", "po_toolkit.invoicing.billed",
          "known_to_bill", "None if mine is not None and mine.counts else", "None and",
          when="billed_beside(wanted, rows)"),
    Fault("its own invoice is not found again", "po_toolkit.invoicing.billed", "known_to_bill",
          "own = own_invoices(wanted, rows)", "own = own_invoices(wanted, [])",
          when="own_invoices(wanted, rows)"),
    Fault("nothing new is read before billing", "po_toolkit.invoicing.billed",
          "find_billed", "if found.invoice is None and not believed and", "if False and"),
    Fault("another generation's invoice is gone on with", "po_toolkit.invoicing.billed",
          "_first_match", "== wanted:", "[:1] == wanted[:1]:",
          when='has.get("purchase_order_uuid") == wanted[0] and has["generation"] != wanted[1]'),
    Fault("a status is not brought up to its sums", "po_toolkit.payments.ledger", "record_all",
          "refresh_status(order)", "pass"),
    Fault("the audit chain has no links", "po_toolkit.store.audit_chain", "append",
          "digest = _digest(digest, entry)", 'digest = _digest("", entry)'),
    Fault("an event that failed is never tried again", "po_toolkit.api.webhook_work", "_failed",
          "LONGEST_PAUSE)", "LONGEST_PAUSE) * 99999"),
    Fault("a credit note does not balance in the journal", "po_toolkit.reconcile.journal",
          "_credit_notes", "-int(row.amount)", "int(row.amount)"),
    Fault("a refund is missing in the journal", "po_toolkit.reconcile.journal", "_movements",
          "amount = int(row.paid - row.refunded)", "amount = int(row.paid)"),
    Fault("no page names an invoice of nobody", "po_toolkit.reconcile.discrepancies",
          "invoice_without_order", 'strays["stripe_status"].isin(_COUNTED)',
          'strays["stripe_status"].isin(())'),
    Fault("no page says that Stripe asks too much", "po_toolkit.reconcile.discrepancies",
          "asked_is_not_owed", "left = asked - owed - elsewhere",
          "left = (asked - owed - elsewhere) * 0",
          when="(asked - owed - elsewhere).any()"),
    Fault("what a reissue replaces stays open", "po_toolkit.invoicing.existing",
          "void_at_stripe", "state = _end_at_stripe(lease, lookup)", 'state = "void"'),
    Fault("a cancelled purchase order is still asked for", "po_toolkit.api.ledger", "cancel",
          "void_at_stripe(opened, order.id)", "pass"),
    Fault("an overlapping statement counts twice", "po_toolkit.store.bank", "_pairs",
          "there[k.amount, k.booked_on, k.wording].append(k)", "pass"),
    Fault("a dispute takes no money", "po_toolkit.payments.disputes", "take_dispute",
          'moves = [Move(kind, dispute["id"], withdrawn)]', "moves = []"),
    Fault("the purchase order's due date is lost", "po_toolkit.invoicing.plan", "InvoicePlan._due",
          "if self.order.due_date is not None:", "if False:"),
    Fault("the purchase order's terms are lost", "po_toolkit.invoicing.plan", "InvoicePlan._due",
          "self.conference.days_until_due if days is None else days",
          "self.conference.days_until_due"),
    Fault("an invoice is due a day late", "po_toolkit.invoicing.plan", "InvoicePlan._due",
          "last_second(self.order.due_date, self.conference.timezone)",
          "last_second(self.order.due_date, self.conference.timezone) + 86400"),
    Fault("an invoice names no PO number", "po_toolkit.invoicing.plan", "Content.custom_fields",
          '[("PO number", order.po_number)]', "[]"),
    Fault("an invoice goes to another address", "po_toolkit.invoicing.plan",
          "InvoicePlan.customer", "order.contact_email.strip()",
          '"x" + order.contact_email.strip()'),
    Fault("a cancellation is not kept", "po_toolkit.api.ledger", "cancel",
          "locked.cancelled_at = opened.now()", "pass"),
    Fault("a credit note is issued again for one that was cut off",
          "po_toolkit.payments.credit_notes", "enter_credit_note",
          'money_intents.same_unfinished(uow.session, order, "credit_note", amount)', "None",
          when='money_intents.same_unfinished(uow.session, order, "credit_note", amount)'),
    Fault("a payment is entered again for one that was cut off",
          "po_toolkit.payments.offline_payments", "type_payment", "if begun is not None:",
          "if False:"),
    Fault("one entry stands for two bank lines", "po_toolkit.payments.bank_matches",
          "_join_entry",
          "if bank_matches.entry_match(uow.session, conference.id, entry.id) is not None:",
          "if False:"),
    Fault("a bank line is matched twice", "po_toolkit.payments.bank_matches",
          "_refuse_if_explained", "if bank_matches.matches_of(uow.session, [line.id])[line.id]:",
          "if False:"),
    Fault("a typed wire is no reason to ask", "po_toolkit.payments.bank_matches", "_join",
          "if not decision.again:", "if False:"),
    Fault("a wire that the bank took back stays paid", "po_toolkit.payments.bank_matches",
          "_join_reversal",
          "offline_payments.reverse(uow, order, entry, today=line.booked_on, reason=why)", "pass"),
    Fault("a delivery is not verified", "po_toolkit.api.webhooks", "verify",
          "if not verify_signature(payload, signature, secrets, opened.now()):", "if False:"),
    Fault("a refund in the dashboard is passed over", "po_toolkit.payments.event_handlers",
          "refund_changed", 'return _refund_or_dispute(opened, event, "/v1/refunds", take_refund)',
          "return None"),
    Fault("a dispute is passed over", "po_toolkit.payments.event_handlers", "dispute_changed",
          'return _refund_or_dispute(opened, event, "/v1/disputes", take_dispute)', "return None"),
    Fault("a credit note in the dashboard is passed over", "po_toolkit.payments.event_handlers",
          "credit_note_changed", 'if not _ours(opened, id_of(note["invoice"])):', "if True:",
          when='_ours(opened, id_of(note["invoice"]))'),
    Fault("an invoice that changed is passed over", "po_toolkit.payments.event_handlers",
          "invoice_changed", "if ours is None:", "if True:",
          when="ours is not None"),
    Fault("a past day shows what was booked later", "po_toolkit.store.books", "entries",
          "entry.booked_on <= cutoff.day", "entry.id > 0"),
    Fault("a past day shows later credit notes", "po_toolkit.store.books", "credit_notes",
          "note.booked_on <= cutoff.day", "note.id > 0"),
    Fault("a reminder is sent again", "po_toolkit.api.reminders", "_preview_orders",
          'steps = {row.step for row in taken[order.id] if row.state != "sending"}',
          "steps = set()",
          when='any(row.state != "sending" for row in taken[order.id])'),
    Fault("a reminder is sent again, and taking its step is not looked at",
          "po_toolkit.invoicing.reminders", "remind", 'if row.state != "sending":', "if False:",
          also=("a reminder is sent again",)),
    Fault("who owes nothing is reminded", "po_toolkit.domain.reminders", "why_not",
          "if sums.balance <= 0:", "if False:"),
    Fault("who owes nothing is reminded, and is on the list", "po_toolkit.store.reminders",
          "unpaid_references", "po.kept_balance > 0,", "po.kept_balance >= 0,",
          also=("who owes nothing is reminded",)),
    Fault("a small part payment is none", "po_toolkit.domain.sums", "status_rules",
          "(paid > 0, Status.PARTIALLY_PAID)", "(paid > 10000, Status.PARTIALLY_PAID)"),
    Fault("an overpaid purchase order is paid", "po_toolkit.domain.sums", "status_rules",
          "(balance < 0, Status.OVERPAID)", "(balance < -999999999, Status.OVERPAID)"),
    Fault("no page says that an invoice was voided", "po_toolkit.reconcile.discrepancies",
          "voided_at_stripe", 'rows = rows[rows["open"] > 0]', 'rows = rows[rows["open"] < 0]',
          when='(rows["open"] > 0).any()'),
    Fault("a sponsor's discount lowers the invoice", "po_toolkit.invoicing.plan",
          "InvoicePlan.draft", '"discounts": "",', ""),
    Fault("a payout's fees are its money", "po_toolkit.payments.payouts", "_move",
          'minor_from_api(stripe_object["net"]', 'minor_from_api(stripe_object["amount"]'),
    Fault("what was corrected is refused for what was wrong", "po_toolkit.outbox", "send",
          "end is WriteState.REFUSED and stored.body == write.body()",
          "end is WriteState.REFUSED",
          when="end is WriteState.REFUSED and stored.body != write.body()"),
    Fault("a refund goes out again after a copy was restored", "po_toolkit.api.ledger",
          "refund", "refunds.refuse_forgotten(opened, locked)", "pass"),
    Fault("a report goes out again after a copy was restored",
          "po_toolkit.payments.stripe_reports", "_report_payment",
          "_refuse_forgotten(", "(lambda *_a, **_k: None)("),
    Fault("payments in events are passed over, and so are invoices in them",
          "po_toolkit.payments.sync", "_take_events",
          "_take_payments(opened, [e for e in events if carries_payment(e)], report)", "pass",
          more=(("left = _read_listed(opened, of_kind, ours, report) if", "left = {} if"),)),
    Fault("a cancelled purchase order is still asked for, and its invoice not looked at",
          "po_toolkit.api.ledger", "cancel", "void_at_stripe(opened, order.id)", "pass",
          more=(("if locked.live_invoice is not None:", "if False:"),)),
)  # fmt: skip


@contextmanager
def planted(fault: Fault) -> Iterator[None]:
    """Have a fault in the product while the block runs.

    The function keeps its identity and gets another code, so whoever imported it has the fault.

    Raises:
        LookupError: The function does not read so any more.
    """
    with ExitStack() as undone:
        for one in (f for f in FAULTS if f.name in _all(fault)):
            undone.enter_context(
                _other_code(one.module, one.function, lambda text, one=one: _with(one, text))
            )
        yield


@contextmanager
def counted(faults: Sequence[Fault]) -> Iterator[Counter[str]]:
    """Count by name how often the place of each fault is reached while the block runs."""
    reached: Counter[str] = Counter()
    places: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        places.setdefault((fault.module, fault.function), []).append(fault)
    with ExitStack() as undone:
        for (module, function), there in places.items():
            undone.enter_context(_other_code(module, function, partial(_counting, there)))
            vars(import_module(module))[COUNT] = partial(_count, reached)
            undone.callback(vars(import_module(module)).pop, COUNT, None)
        yield reached


COUNT = "_count_planted"
FUTURE = annotations.compiler_flag


def _count(reached: Counter[str], name: str) -> None:
    reached[name] += 1


@contextmanager
def _other_code(name: str, function: str, changed: Callable[[str], ast.AST]) -> Iterator[None]:
    """Have a function run what its text becomes by a change."""
    module = import_module(name)
    held: Any = module
    for part in function.split("."):
        held = getattr(held, part)
    real = inspect.unwrap(getattr(held, "fget", held))
    made = compile(
        changed(textwrap.dedent(inspect.getsource(real))),
        str(module.__file__), "exec", dont_inherit=True, flags=FUTURE,
    )  # fmt: skip
    before = real.__code__
    real.__code__ = next(c for c in made.co_consts if getattr(c, "co_name", "") == real.__name__)
    try:
        yield
    finally:
        real.__code__ = before


def _with(fault: Fault, text: str) -> ast.AST:
    if text.count(fault.old) != 1:
        raise LookupError(f"{fault.name}: {fault.function} does not hold {fault.old!r} once.")
    for old, new in ((fault.old, fault.new), *fault.more):
        text = text.replace(old, new)
    return ast.parse(text)


def _counting(faults: Sequence[Fault], text: str) -> ast.AST:
    tree = ast.parse(text)
    for fault in faults:
        _with(fault, text)
        _count_before(tree, text[: text.index(fault.old)].count("\n") + 1, fault)
    return ast.fix_missing_locations(tree)


def _count_before(tree: ast.AST, line: int, fault: Fault) -> None:
    """Have the statement of a line counted whenever it is reached.

    Where the fault is that a condition never holds, it is counted how often it holds.
    """
    blocks = [
        block
        for node in ast.walk(tree)
        for field in ("body", "orelse", "finalbody")
        if isinstance(block := getattr(node, field, None), list)
        and not isinstance(node, ast.Module)
    ]
    _, _, block, place = max(
        (s.lineno, number, block, place)
        for number, block in enumerate(blocks)
        for place, s in enumerate(block)
        if s.lineno <= line <= (s.end_lineno or s.lineno)
    )  # fmt: skip
    if isinstance(block[place], ast.If) and fault.new in ("if False:", "elif False:"):
        block, place = block[place].body, 0
    count = ast.parse(f"if {fault.when or True}: {COUNT}({fault.name!r})").body[0]
    for node in ast.walk(count):
        ast.copy_location(node, block[place])
    block.insert(place, count)


def _all(fault: Fault) -> tuple[str, ...]:
    return (fault.name, *fault.also)


def search(faults: Sequence[Fault], given: argparse.Namespace, disk: Disk) -> int:
    """Find each fault in the first season that fails with it; return how many were not found.

    A season that does not reach the fault's place plays as it does without the fault, so each is
    played once for all faults, and again only with those whose place it reaches.
    """
    reached: dict[int, Counter[str]] = {}
    for seed in range(given.seed, given.seed + given.seasons):
        with counted(faults) as here:
            whole = play(seed, given.acts, disk=disk)
        if whole.failure:
            say(f"seed {seed} fails without any fault: {whole.failure[:200]}")
        else:
            reached[seed] = here
    missed = 0
    for fault in faults:
        times = sum(here[fault.name] for here in reached.values())
        seeds = [seed for seed, here in reached.items() if any(map(here.get, _all(fault)))]
        told = f"not found, reached {times} times in {len(seeds)} of {len(reached)} seasons"
        for place, seed in enumerate(seeds[: given.tries], 1):
            with planted(fault):
                found = play(seed, given.acts, disk=disk)
            if found.failure:
                told = (
                    f"season {seed - given.seed + 1} (seed {seed}, {place}. of {len(seeds)} that "
                    f"reach it, of {len(reached)}): {found.failure[:160]}"
                )
                break
        else:
            missed += 1
            told += f", played {len(seeds[: given.tries])}"
        say(f"{fault.name}: {told}")
    return missed


def say(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Plant each fault and say in which season it is found."""
    parser = argparse.ArgumentParser(prog="python -m tests.seasons.planted")
    parser.add_argument("--seasons", type=int, default=20, help="at most, for each fault")
    parser.add_argument("--acts", type=int, default=70)
    parser.add_argument("--seed", type=int, default=5000)
    parser.add_argument("--tries", type=int, default=9, help="seasons that reach it, at most")
    parser.add_argument("--only", default="", help="faults whose name matches this")
    parser.add_argument("--part", default="1/1", help="1/2 is every second fault")
    given = parser.parse_args()
    folder = IN_MEMORY if IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=folder) as at:
        part, parts = map(int, given.part.split("/"))
        chosen = [f for f in FAULTS if re.search(given.only, f.name)][part - 1 :: parts]
        return 1 if search(chosen, given, Disk(Path(at))) else 0


IN_MEMORY = Path("/dev/shm")

if __name__ == "__main__":
    sys.exit(main())
