"""One season: acts drawn from a seed, played, brought to rest and compared with what really was."""

from __future__ import annotations

import gc
import random
import re
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from po_toolkit.errors import PoToolkitError
from tests.seasons import checks
from tests.seasons.acts import ACTS
from tests.seasons.machine import Job, Machine, Place, Weather, digest, played_on
from tests.seasons.world import World

QUIET_EVERY = 100
"""After so many acts the season comes to rest and everything is compared."""

DRAWN = 8
"""So many acts are drawn for one turn; the first that has an occasion is done."""


@dataclass
class Played:
    """How a season went."""

    seed: int
    acts: Sequence[int]
    did: list[int] = field(default_factory=list)
    """Those of the acts that found something to do."""
    place: int = 0
    """So many acts were begun."""
    failure: str = ""
    where: str = ""
    story: list[str] = field(default_factory=list)
    digest: str = ""
    visited: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    log: list[Any] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """The first line of the failure without its numbers, to know it again while shrinking."""
        first = self.failure.splitlines()[0] if self.failure else ""
        return re.sub(r"[A-Z]+-[A-Z0-9]+|\b[a-z]+_1\w+|[0-9]+", "#", first)[:90]


def play(
    seed: int,
    acts: int | Sequence[int] = 200,
    *,
    disk: Place,
    weather: Weather | None = None,
) -> Played:
    """Play one season and say how it went.

    Args:
        seed: Decides everything.
        acts: How many, or the numbers of those that are played: a shorter history of the same.
        disk: Where its databases are.
        weather: By default drawn from the seed.
    """
    numbers = range(acts) if isinstance(acts, int) else acts
    began = time.process_time()
    drawn = weather or Weather.drawn(random.Random(f"{seed}:weather"))
    machine = Machine(seed, drawn)
    played = Played(seed, list(numbers))
    with played_on(machine), _no_collection():
        world = World(machine, disk)
        season = _Season(world)
        try:
            for place, number in enumerate(numbers, 1):
                played.place = place
                told = world.told
                season.act(number)
                if world.told > told:
                    played.did.append(number)
                if place % QUIET_EVERY == 0 and place < len(numbers):
                    season.rest(number)
            season.rest(-1, last=True)
        except Exception as error:  # noqa: BLE001 whatever it is, the season has failed
            played.failure = f"{type(error).__name__}: {error}"
            played.where = traceback.format_exc()
        played.story = world.story
        played.log = machine.log
    played.digest = digest(machine.log)
    played.visited = machine.visited
    played.seconds = time.process_time() - began
    return played


SHRINK_SECONDS = 60.0
"""So much CPU time is spent at most on making one failure shorter."""


def shrink(played: Played, *, disk: Place, seconds: float = SHRINK_SECONDS) -> Played:
    """Return a shorter history that fails in the same way: acts are left out while it does.

    First goes what did nothing, then half of the rest, then quarters, down to single acts. Later
    acts are tried first, since the earlier ones are mostly what they build on.

    Args:
        played: A season that failed.
        disk: Where databases are.
        seconds: How much CPU time it may cost.
    """
    best, until = played, time.process_time() + seconds

    def fails(acts: Sequence[int]) -> bool:
        nonlocal best
        again = play(best.seed, acts, disk=disk)
        if again.kind != best.kind:
            return False
        best = again
        return True

    for fewer in (played.did, played.acts[: played.place]):
        if len(fewer) < len(played.acts) and fails(fewer):
            break
    size = max(len(best.acts) // 2, 1)
    while size and time.process_time() < until:
        before, end = len(best.acts), len(best.acts)
        while end > 0 and time.process_time() < until:
            start = max(end - size, 0)
            fails([*best.acts[:start], *best.acts[end:]])
            end = start
        if size > 1 or len(best.acts) == before:
            size = min(size // 2, len(best.acts) // 2)
    return best


def as_test(played: Played) -> str:
    """Return a failed season as a test to be kept in ``test_seasons.py``."""
    return (
        f"def test_season_{played.seed}(disk):\n"
        f"    played = play({played.seed}, {list(played.acts)}, disk=disk)\n"
        f"    assert not played.failure, played.failure\n"
    )


THEMES = {
    "refunds": "pays refunds_some refunds_there ends disputes cancels sends_money_back_by_wire",
    "credit": "invoices_some issues_a_credit_note credits_there voids_a_credit_note writes_off "
    "pays cancels",
    "closing": "closes types_a_wire wires reverses issues_a_credit_note time_passes matches",
    "bank": "wires wires_for_several types_a_wire types_it_too loads_a_statement matches "
    "undoes_a_match applies_a_proposal says_what_a_line_is says_it_from_an_old_page "
    "sends_a_wire_back",
    "copies": "backs_up restores invoices_some invoices_one_again starts_a_batch types_a_wire "
    "refunds_some pays",
    "two conferences": "bills_for_another_conference pays wires transfers cancels matches",
    "elsewhere": "bills_elsewhere invoices_some invoices_one_again cancels reissues",
    "events": "keeps_events_back lists_an_event_late delivers syncs pays works_events "
    "refunds_there is_down",
    "disputes": "pays disputes ends delivers works_events syncs refunds_some",
    "reminders": "reminds time_passes invoices_some pays disputes resends writes_off is_down",
    "invoicing": "invoices_some invoices_one_again starts_a_batch works reissues amends cancels "
    "restarts deletes_a_draft",
    "unknown ends": "types_a_wire wires refunds_some issues_a_credit_note works_events delivers "
    "is_down repeats_what_was_cut_off",
}
"""What a season is mostly about: acts that matter to each other, which meet often there."""


def liking(seed: int) -> dict[str, float]:
    """Return by how much each act is likelier in this season than by its weight.

    Each season has two themes and leaves something nearly out, since faults hide where an act meets
    many of another. It follows from the seed alone, so that leaving acts out while a failure is
    made shorter changes none of the others.
    """
    chance = random.Random(f"{seed}:liking")
    liked = {name: chance.choice([0.2, 1, 1, 1, 2]) for name in sorted(ACTS)}
    for theme in chance.sample(sorted(THEMES), 2):
        for name in THEMES[theme].split():
            liked[name] *= max(4, 12 / ACTS[name].weight)
    return liked


def rarest(seeds: Sequence[int], visited: Counter[str]) -> int:
    """Return the seed whose season does most of what was done least so far."""

    def worth(seed: int) -> float:
        return sum(
            factor * ACTS[name].weight / (1 + visited[f"act {name}"])
            for name, factor in liking(seed).items()
        )

    return max(seeds, key=worth)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Look for garbage once a season: what Python has loaded is looked through each time."""
    gc.collect()
    gc.freeze()  # for good: the next collection looks only at what this season leaves
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class _Season:
    """Draws acts and starts them."""

    def __init__(self, world: World) -> None:
        self.world, self.machine = world, world.machine
        self.names = sorted(ACTS)
        liked = liking(self.machine.seed)
        self.weights = [ACTS[name].weight * liked[name] for name in self.names]

    def act(self, number: int) -> None:
        """Start the act of this number, or go on with others first."""
        chance = random.Random(f"{self.machine.seed}:{number}")
        while self.machine.waiting and chance.random() < 0.5:
            self.machine.go_on_with_one(chance)
        job = Job(number, "", "", chance, lambda: None)
        job.run = lambda: self._do(job)
        self.machine.start(job)
        if job.what in ("restarts", "restores"):
            self.machine.kill_all()
            afterwards, self.world.afterwards = self.world.afterwards, None
            if afterwards is not None:
                self.machine.start(Job(number, job.actor, job.what, chance, afterwards))

    def _do(self, job: Job) -> None:
        """Do the first of some drawn acts for which there is an occasion."""
        for name in job.chance.choices(self.names, self.weights, k=DRAWN):
            chosen = ACTS[name]
            job.what, job.actor = name, chosen.actor
            told = self.world.told
            try:
                chosen.do(self.world, job.chance)
            except PoToolkitError as error:
                self.world.tell(f"({error.code}: {error})")
                self.world.shown += checks.ways_on(error)
                self.machine.visited[f"refused {name} {error.code}"] += 1
            if self.world.told > told:
                self.machine.visited[f"act {name}"] += 1
                return

    def rest(self, number: int, *, last: bool = False) -> None:
        """Let the faults stop and everything end; then compare.

        Args:
            number: The last act's.
            last: The season ends here: what is dear to look at is looked at too.
        """
        self.machine.calm = True
        try:
            self.world.story.append("--- all is quiet")
            self.machine.finish_all()
            chance = random.Random(f"{self.machine.seed}:{number}:rest")
            checks.come_to_rest(self.world, chance.choice(checks.WAYS))
            checks.compare(self.world, last=last)
        finally:
            self.machine.calm = False
