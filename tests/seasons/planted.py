"""Faults planted in the product, one at a time, and how many seasons it takes to find each.

``python -m tests.seasons.planted --seasons 20``. Each fault is data: a function, and a piece of
its text that is replaced.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


FAULTS = (
    Fault("a stored 500 is not looked after", "po_toolkit.outbox", "send",
          "found = write.find(stored)\n        if found is not None:\n"
          "            return Outcome(stored, found, found=True)\n        if end",
          "found = None\n        if end"),
    Fault("an unknown outcome counts as refused", "po_toolkit.stripe_gateway.translate", "_kind",
          "return StripeUnknownError, (", "return StripeRefusedError, ("),
    Fault("a lease of another process is ignored", "po_toolkit.invoicing.lease", "claim",
          "elif invoice.lease_until is not None and invoice.lease_until > now:", "elif False:"),
    Fault("what was begun is not looked up", "po_toolkit.invoicing.send", "_walk",
          'if lease.resumed and lease.invoice.step != "customer":', "if False:"),
    Fault("a wire is taken twice", "po_toolkit.domain.same_money", "same_money",
          "abs(money.day - new.day) <= SAME_MONEY", "False"),
    Fault("a refund is not owed again", "po_toolkit.domain.sums", "balance_of",
          "- paid + refunded", "- paid"),
    Fault("cancelling ignores money", "po_toolkit.api.ledger", "_refuse_with_money",
          "if sums.paid", "if False and sums.paid"),
    Fault("a failed event is forgotten", "po_toolkit.api.webhook_work", "_failed",
          'return Outcome(event.id, "failed", attempts, error, now + pause)',
          'return Outcome(event.id, "processed", attempts)'),
    Fault("what was typed is never told", "po_toolkit.api.telling", "tell_waiting",
          "waiting = [i.id for i in money_intents.unfinished(session, opened.conference)]",
          "waiting = []"),
    Fault("a refund may exceed its payment", "po_toolkit.payments.refunds", "refundable",
          "left = entry.amount - _gone(order, entry)", "left = entry.amount"),
)  # fmt: skip


@contextmanager
def planted(fault: Fault) -> Iterator[None]:
    """Have a fault in the product while the block runs.

    Raises:
        LookupError: The function does not read so any more.
    """
    module = import_module(fault.module)
    real = getattr(module, fault.function)
    text = textwrap.dedent(inspect.getsource(real))
    if text.count(fault.old) != 1:
        raise LookupError(f"{fault.name}: {fault.function} does not hold {fault.old!r} once.")
    room: dict[str, Any] = {}
    code = compile(text.replace(fault.old, fault.new), str(module.__file__), "exec")
    exec(code, vars(module) | {"__name__": fault.module}, room)
    made = room[fault.function]
    wherever = [
        m
        for name, m in list(sys.modules.items())
        if name.startswith("po_toolkit") and getattr(m, fault.function, None) is real
    ]
    for place in wherever:
        setattr(place, fault.function, made)
    try:
        yield
    finally:
        for place in wherever:
            setattr(place, fault.function, real)


def main() -> int:
    """Plant each fault and say in how many seasons it is found."""
    parser = argparse.ArgumentParser(prog="python -m tests.seasons.planted")
    parser.add_argument("--seasons", type=int, default=20, help="for each fault")
    parser.add_argument("--acts", type=int, default=70)
    parser.add_argument("--seed", type=int, default=5000)
    given = parser.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(Path(folder))
        for fault in FAULTS:
            found, first = "not found", ""
            with planted(fault):
                for number in range(given.seasons):
                    played = play(given.seed + number, given.acts, disk=disk)
                    if played.failure:
                        found, first = f"found in season {number + 1}", played.failure[:120]
                        break
            missed += not first
            sys.stdout.write(f"{fault.name}: {found} {first}\n")
            sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
