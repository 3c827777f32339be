"""What applies by itself is right, always; the rest is proposed, and the shares are printed."""

from __future__ import annotations

import csv
import os
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from po_toolkit.domain.bank_matching import Facts, match
from tests.bank.labelled.make import HERE, seasons
from tests.bank.labelled.scenes import LAYOUTS, Scene, answer, scene

SEASONS = seasons()
SCENES = int(os.environ.get("BANK_SCENES", "300"))
"""How many adversarial scenes; more are run by hand: BANK_SCENES=20000."""


def judge(made: Scene) -> tuple[Counter[str], list[str]]:
    """Return what became of a scene's lines, and what was applied wrongly."""
    found = {p.line.id: p for p in match(made.facts())}
    became: Counter[str] = Counter()
    wrong: list[str] = []
    for line in made.lines:
        proposal, truth = found.get(line.id), made.truth[line.id]
        offered = {f"{p.kind} {p.id} {p.amount}" for p in proposal.parts} if proposal else set()
        if proposal is not None and proposal.certainty == "certain":
            became["applied"] += 1
            if answer(proposal) != truth:
                wrong.append(
                    f"{made.story[line.id]} ({made.layout[line.id]}): {line.text!r} from "
                    f"{line.counterparty!r} is {truth or 'nothing of ours'}, applied was "
                    f"{answer(proposal)}: {proposal.evidence}"
                )
        elif not truth:
            became["nothing of ours, left to a person"] += 1
        elif set(truth.split("; ")) <= offered:
            became["proposed rightly"] += 1
        else:
            became["missed"] += 1
    return became, wrong


def test_what_applies_by_itself_in_the_labelled_set_is_always_right() -> None:
    """Else a sponsor's debt is paid with another's money and nobody looks."""
    total: Counter[str] = Counter()
    wrong: list[str] = []
    for made in SEASONS:
        became, errors = judge(made)
        total += became
        wrong += errors
    assert not wrong, "\n".join(wrong)
    lines = sum(total.values())
    ours = total["applied"] + total["proposed rightly"] + total["missed"]
    print(  # noqa: T201 the shares are to be seen
        f"\n{lines} lines, {ours} of them ours: {total['applied'] / ours:.1%} applied by "
        f"themselves, all right; {total['proposed rightly'] / ours:.1%} proposed rightly; "
        f"{total['missed'] / ours:.1%} missed"
    )
    assert lines >= 1000
    assert len({made.layout[x.id] for made in SEASONS for x in made.lines} & set(LAYOUTS)) >= 12
    assert total["applied"] / ours >= 0.6
    assert total["missed"] / ours <= 0.04


def test_the_labelled_set_is_the_one_that_is_kept() -> None:
    """Else a change of the rules and of what is right come together, and nobody sees which."""
    with (HERE / "lines.csv").open(encoding="utf-8", newline="") as file:
        kept = [(r["season"], r["line"], r["text"], r["truth"]) for r in csv.DictReader(file)]
    made = [
        (str(number), str(line.id), line.text, season.truth[line.id])
        for number, season in enumerate(SEASONS)
        for line in season.lines
    ]
    assert made == kept, "run python -m tests.bank.labelled.make and look at the difference"


def test_no_adversarial_scene_makes_a_wrong_match() -> None:
    """Else two sponsors of one price, a number inside another or a bank's name misleads it."""
    wrong = [error for seed in range(SCENES) for error in judge(scene(10_000 + seed, 25))[1]]
    assert not wrong, "\n".join(wrong[:20])


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_any_shuffle_of_everything_gives_the_same_matches(seed: int) -> None:
    """Else loading files in another order books other payments."""
    rng = random.Random(seed)
    whole = SEASONS[0].facts()
    mixed = {
        name: rng.sample(list(getattr(whole, name)), len(getattr(whole, name)))
        for name in ("lines", "orders", "entries", "payouts", "confirmed")
    }
    shuffled = Facts(**mixed, own=whole.own, accounts=whole.accounts)
    assert match(shuffled) == match(whole)


@pytest.mark.parametrize("made", SEASONS[:3])
def test_every_proposal_says_both_sides(made: Scene) -> None:
    """Else a person cannot judge a proposal, and applies it blindly."""
    for proposal in match(made.facts()):
        assert proposal.reasons
        assert bool(proposal.against) is (proposal.certainty != "certain")
