"""``python -m tests.seasons``: play seasons by seed; see docs/seasons.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.seasons.machine import Disk
from tests.seasons.report import not_reached, visited_table
from tests.seasons.season import Played, as_test, play, rarest, shrink

CHOICE = 8
"""From so many seeds a long run takes the one that does most of what was rare so far."""

IN_MEMORY = Path("/dev/shm")


def main() -> int:
    """Play one season and tell it, or as many as asked for and count."""
    given = _arguments()
    folder = IN_MEMORY if IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=folder) as at:
        disk = Disk(Path(at))
        if given.seasons == 1 and not given.minutes:
            return _one(given.seed, given.acts, disk)
        return _many(given, disk)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.seasons", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first season's")
    parser.add_argument("--acts", type=int, default=200, help="of each season")
    parser.add_argument("--seasons", type=int, default=1, help="how many, one seed after another")
    parser.add_argument("--minutes", type=float, default=0, help="go on for so long instead")
    return parser.parse_args()


def _one(seed: int, acts: int, disk: Disk) -> int:
    played = play(seed, acts, disk=disk)
    if played.failure:
        played = shrink(played, disk=disk)
    say("\n".join(played.story))
    if played.failure:
        say(f"\n{played.where}\n{as_test(played)}")
    say(f"seed {seed}: log {played.digest}, {played.seconds:.2f} CPU s, {len(played.log)} events")
    return 1 if played.failure else 0


def _many(given: argparse.Namespace, disk: Disk) -> int:
    failed: dict[str, list[Played]] = {}
    visited: Counter[str] = Counter()
    began, spent, count, left = time.monotonic(), 0.0, 0, list[int]()
    after = given.seed
    while time.monotonic() - began < given.minutes * 60 if given.minutes else count < given.seasons:
        if given.minutes:
            left += range(after, after + CHOICE - len(left))
            after = max(after, left[-1] + 1)
            seed = rarest(left, visited)
            left.remove(seed)
        else:
            seed = given.seed + count
        played = play(seed, given.acts, disk=disk)
        visited += played.visited
        spent += played.seconds
        count += 1
        if played.failure:
            failed.setdefault(played.kind, []).append(played)
            say(f"seed {seed}: {played.failure.splitlines()[0][:300]}")
    say(visited_table(visited))
    say(not_reached(visited))
    for kind, seasons in sorted(failed.items(), key=lambda item: -len(item[1])):
        say(f"{len(seasons):6} seasons, first {seasons[0].seed}: {kind}")
    bad = sum(map(len, failed.values()))
    say(f"{bad} of {count} seasons failed; {spent:.1f} CPU s")
    return 1 if failed else 0


def say(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
