"""Whole seasons under one seed: see docs/seasons.md. ``make seasons`` plays more of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.seasons import many
from tests.seasons.machine import Server
from tests.seasons.planted import FAULTS, counted, planted
from tests.seasons.season import as_test, play, shrink

ACTS = 200
SEEDS = range(2028, 2228)
RESTORES = 3
"""A season in which a backup is restored."""
TOGETHER = 5
"""So many seasons are one test, so that several processes share them."""


@pytest.fixture(scope="module")
def disk():
    with many.disk() as place:
        yield place


@pytest.fixture
def server(postgres_server):
    place = Server(postgres_server.url)
    yield place
    place.close()


@pytest.mark.parametrize("first", SEEDS[::TOGETHER])
def test_a_season_ends_with_books_that_say_what_really_happened(first, disk):
    """Else money is lost, invented or asked twice between two features that work alone."""
    for seed in range(first, first + TOGETHER):
        played = play(seed, ACTS, disk=disk)
        if played.failure:
            short = shrink(played, disk=disk)
            pytest.fail("\n".join([*short.story, short.where, as_test(short)]))


def test_a_season_on_postgresql_goes_as_on_sqlite(disk, server):
    """Else what holds with the one database is not known of the other, backups included."""
    first, second = (play(RESTORES, 60, disk=place) for place in (disk, server))
    assert first.visited["act restores"]
    assert not second.failure, second.where
    assert first.log == second.log


def test_an_actor_that_waits_for_a_paused_one_is_found(server):
    """Else a season on PostgreSQL stands still for ever instead of saying what is locked."""
    engine = server.fresh("books").engine
    lock = text("SELECT entries FROM audit_head FOR UPDATE")
    with engine.connect() as paused, engine.connect() as other:
        paused.execute(lock)
        with pytest.raises(OperationalError, match="lock timeout"):
            other.execute(lock)


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
