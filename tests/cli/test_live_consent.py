"""Real money moves only after somebody said yes."""

from __future__ import annotations

import pytest

from tests.cli.workplace import SLUG, Workplace

ACTS = [
    ("invoice", "--conference", SLUG, "--po", "{reference}"),
    ("payment", "{reference}", "--amount", "10", "--method", "wire"),
    ("refund", "{reference}", "--amount", "10"),
    ("credit-note", "{reference}", "--amount", "10", "--reason", "r"),
    ("cancel", "{reference}"),
    ("resend", "{reference}"),
    ("reissue", "{reference}", "--email", "ap@sponsor.example"),
]


@pytest.mark.parametrize("act", ACTS, ids=[act[0] for act in ACTS])
def test_a_live_key_without_terminal_and_yes_does_nothing(
    live: Workplace, act: tuple[str, ...]
) -> None:
    """A script with the wrong settings must not mail forty sponsors."""
    reference = live.order()
    before = len(live.simulator.control.calls())

    result = live.run(*(word.format(reference=reference) for word in act))
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert not result.stdout
    made = live.simulator.control.calls()[before:]
    assert {call.method for call in made} <= {"GET"}, "it looks for invoices that are there already"
    assert live.json("status")["conferences"][0]["purchase_orders"] == {"draft": 1}


def test_a_live_key_with_yes_invoices(live: Workplace) -> None:
    """Consent that was given must be enough for a script."""
    reference = live.order()

    found = live.json("invoice", "--conference", SLUG, "--po", reference, "--yes")
    assert found["invoiced"] == 1


def test_a_dry_run_needs_no_consent_and_writes_nothing(live: Workplace) -> None:
    """Looking at what would be sent must be safe with the real key."""
    live.order()
    before = len(live.simulator.control.calls())

    found = live.json("invoice", "--conference", SLUG, "--all-draft", "--dry-run")
    assert (found["mode"], found["totals"]) == ("live", {"usd": "1000.00"})
    made = live.simulator.control.calls()[before:]
    assert {call.method for call in made} <= {"GET"}, "it looks for invoices that are there"
