"""``python -m tests.seasons``: play seasons by seed; see docs/seasons.md."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext

from tests import postgres
from tests.seasons.machine import Place
from tests.seasons.many import Many, disk, say
from tests.seasons.season import as_test, play, shrink


def main() -> int:
    """Play one season and tell it, or as many as asked for and count."""
    given = _arguments()
    with postgres.running() if given.postgresql else nullcontext() as server:
        port = server.port if server else 0
        if given.seasons == 1 and not given.minutes:
            with disk(port) as one:
                return _one(given.seed, given.acts, one)
        with Many(given, port) as many:
            return many.play()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.seasons", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first season's")
    parser.add_argument("--acts", type=int, default=200, help="of each season")
    parser.add_argument("--seasons", type=int, default=1, help="how many, one seed after another")
    parser.add_argument("--minutes", type=float, default=0, help="go on for so long instead")
    parser.add_argument("--jobs", type=int, default=2, help="so many processes play")
    parser.add_argument("--postgresql", action="store_true", help="instead of SQLite")
    return parser.parse_args()


def _one(seed: int, acts: int, place: Place) -> int:
    played = play(seed, acts, disk=place)
    if played.failure:
        played = shrink(played, disk=place)
    say("\n".join(played.story))
    if played.failure:
        say(f"\n{played.where}\n{as_test(played)}")
    say(f"seed {seed}: log {played.digest}, {played.seconds:.2f} CPU s, {len(played.log)} events")
    return 1 if played.failure else 0


if __name__ == "__main__":
    sys.exit(main())
