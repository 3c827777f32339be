"""The demo from beginning to end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from po_toolkit.api.reports import Reconciliation, reconcile
from po_toolkit.demo import story
from po_toolkit.demo.proof import differences
from po_toolkit.demo.stage import Stage, stage


@dataclass(frozen=True)
class Played:
    """A demo that has been played and is still on its stage.

    Attributes:
        stage: Where it played.
        reconciliation: The books afterwards.
        differences: What does not add up, in words; empty when all does.
    """

    stage: Stage
    reconciliation: Reconciliation
    differences: list[str]


@contextmanager
def play(say: story.Say) -> Iterator[Played]:
    """Play the story and check the books; the stage stands until the block is left.

    ``say`` is called with each step as it happens.
    """
    with stage() as here:
        facts = story.tell(here, say)
        opened = here.opened
        today = opened.today()
        found = reconcile(opened, as_of=today)
        sheets = [story.sample(name, today) for name in (story.GOOD, story.CURRENCIES)]
        yield Played(here, found, differences(found.as_json(), facts, sheets))
