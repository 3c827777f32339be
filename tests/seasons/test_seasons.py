"""Whole seasons under one seed: see docs/seasons.md. ``make seasons`` plays more of them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.seasons.machine import Disk
from tests.seasons.planted import FAULTS, counted, planted
from tests.seasons.season import play, shrink

ACTS = 70
SEEDS = range(2027, 2033)


@pytest.fixture(scope="module")
def disk():
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Disk(Path(folder))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_season_ends_with_books_that_say_what_really_happened(seed, disk):
    """Else money is lost, invented or asked twice between two features that work alone."""
    played = play(seed, ACTS, disk=disk)
    assert not played.failure, "\n".join([*played.story, played.where])


def test_a_seed_plays_the_same_season_in_every_process():
    """Else a failure that was found cannot be looked at."""
    said = [
        subprocess.run(
            [sys.executable, "-m", "tests.seasons", "--seed", "3", "--acts", "25"],
            env={**os.environ, "PYTHONHASHSEED": hashes},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        for hashes in ("1", "2")
    ]
    lines = [text.splitlines()[-1].split(",")[0] for text in said]
    assert lines[0].startswith("seed 3: log ")
    assert lines[0] == lines[1]


def test_a_season_plays_the_same_again(disk):
    """Else nothing found in a long run can be found again."""
    first, second = (play(5, 50, disk=disk).log for _ in range(2))
    assert first == second
    assert len(first) > 50


def test_a_failing_season_is_told_shortly(disk, monkeypatch):
    """Else somebody reads two hundred acts to find the three that matter."""
    from tests.seasons import checks

    def nobody_pays(world, **_):
        assert not world.at_stripe("invoice_payment"), "somebody paid"

    monkeypatch.setattr(checks, "come_to_rest", lambda *_: None)
    monkeypatch.setattr(checks, "compare", nobody_pays)
    found = next(p for seed in range(1, 20) if (p := play(seed, 40, disk=disk)).failure)
    short = shrink(found, disk=disk)
    assert short.failure.startswith("AssertionError: somebody paid")
    assert len(short.acts) < len(found.acts) / 2


def test_a_planted_fault_is_still_in_the_product_to_be_planted():
    """Else the faults that seasons are said to find are no longer looked for."""
    for fault in FAULTS:
        with planted(fault):
            pass
    with counted(FAULTS) as reached:
        assert not reached
