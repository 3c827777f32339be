"""Many seasons in several processes, and what they found."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Self

from tests import postgres
from tests.seasons.machine import Disk, Place, Server
from tests.seasons.report import not_reached, visited_table
from tests.seasons.season import Played, as_test, play, rarest, shrink

CHOICE = 8
"""From so many seeds a long run takes the one that does most of what was rare so far."""

IN_MEMORY = Path("/dev/shm")


@contextmanager
def disk(port: int = 0) -> Iterator[Place]:
    """Have a place for databases: files in memory, or a PostgreSQL server where a port is given."""
    if port:
        place = Server(postgres.Server(port, lambda *_: None).url)
        try:
            yield place
        finally:
            place.close()
        return
    folder = IN_MEMORY if IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=folder) as at:
        yield Disk(Path(at))


_PLACE: list[Place] = []


def _begin(port: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends the others
    opened = ExitStack()
    _PLACE[:] = [opened.enter_context(disk(port))]
    Finalize(None, opened.close, exitpriority=10)


def _played(seed: int, acts: int) -> Played:
    played = play(seed, acts, disk=_PLACE[0])
    played.log = []
    return played


def _shrunk(played: Played) -> Played:
    short = shrink(played, disk=_PLACE[0])
    short.log = []
    return short


class Many:
    """Seasons one after another in several processes, and what they found."""

    def __init__(self, given: argparse.Namespace, port: int) -> None:
        self.given = given
        self.failed: dict[str, list[int]] = {}
        self.visited: Counter[str] = Counter()
        self.began = time.monotonic()
        self.spent, self.begun, self.count = 0.0, 0, 0
        self.left: list[int] = []
        self.shrinking: set[Future[Played]] = set()
        self.after = given.seed
        self.pool = ProcessPoolExecutor(
            given.jobs, get_context("spawn"), initializer=_begin, initargs=(port,)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown(cancel_futures=True)

    def play(self) -> int:
        """Play until there are enough, and say what they came to."""
        running: set[Future[Played]] = set()
        try:
            while True:
                while len(running) < self.given.jobs and (seed := self._next()) is not None:
                    running.add(self.pool.submit(_played, seed, self.given.acts))
                if not running:
                    break
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    running |= self._take(future)
        except KeyboardInterrupt:
            say("stopped")
        return self._end()

    def _next(self) -> int | None:
        """Return the seed of the next season, or None where there are enough."""
        if not self.given.minutes:
            if self.begun == self.given.seasons:
                return None
            self.begun += 1
            return int(self.given.seed) + self.begun - 1
        if time.monotonic() - self.began > self.given.minutes * 60:
            return None
        self.left += range(self.after, self.after + CHOICE - len(self.left))
        self.after = max(self.after, self.left[-1] + 1)
        seed = rarest(self.left, self.visited)
        self.left.remove(seed)
        return seed

    def _take(self, future: Future[Played]) -> set[Future[Played]]:
        """Count a season; a failure of a new kind is made shorter, while the others go on."""
        played = future.result()
        if future in self.shrinking:
            say("\n".join(["", *played.story, played.where, as_test(played)]))
            return set()
        self.visited += played.visited
        self.spent += played.seconds
        self.count += 1
        if not played.failure:
            return set()
        say(f"seed {played.seed}: {played.failure.splitlines()[0][:300]}")
        seeds = self.failed.setdefault(played.kind, [])
        seeds.append(played.seed)
        if len(seeds) > 1:
            return set()
        self.shrinking.add(begun := self.pool.submit(_shrunk, played))
        return {begun}

    def _end(self) -> int:
        say(visited_table(self.visited))
        say(not_reached(self.visited))
        for kind, seeds in sorted(self.failed.items(), key=lambda item: -len(item[1])):
            say(f"{len(seeds):6} seasons, first {seeds[0]}: {kind}")
        bad = sum(map(len, self.failed.values()))
        each = self.spent / max(self.count, 1)
        say(f"{bad} of {self.count} seasons failed; {each:.2f} CPU s for each")
        return 1 if bad else 0


def say(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
