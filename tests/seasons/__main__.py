"""``python -m tests.seasons``: play seasons by seed."""

from __future__ import annotations

import argparse
import faulthandler
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.seasons.machine import Disk
from tests.seasons.season import play


def main() -> int:
    """Play one season and tell it, or as many as asked and count."""
    parser = argparse.ArgumentParser(prog="python -m tests.seasons")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--acts", type=int, default=200)
    parser.add_argument("--seasons", type=int, default=1)
    parser.add_argument("--story", action="store_true")
    given = parser.parse_args()
    kinds: Counter[str] = Counter()
    first: dict[str, int] = {}
    visited: Counter[str] = Counter()
    began, cpu = time.time(), 0.0
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as at:
        disk = Disk(Path(at))
        faulthandler.enable()
        for seed in range(given.seed, given.seed + given.seasons):
            faulthandler.dump_traceback_later(60, exit=True)
            played = play(seed, given.acts, disk=disk)
            visited += played.visited
            cpu += played.seconds
            if played.failure:
                kinds[played.kind] += 1
                first.setdefault(played.kind, seed)
            if given.seasons > 1:
                print(seed, f"{played.seconds:.1f}", played.kind, flush=True)
            if given.story or (given.seasons == 1):
                print("\n".join(played.story))
                print(played.where)
                print(played.digest, f"{played.seconds:.2f} s")
    for kind, count in kinds.most_common():
        print(f"{count:5} {first[kind]:6} {kind}")
    if given.seasons == 1:
        for name, count in sorted(visited.items()):
            print(f"{count:6} {name}")
    print(f"{sum(kinds.values())} of {given.seasons} seasons failed; {cpu:.1f} CPU s, "
          f"{time.time() - began:.1f} s")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
