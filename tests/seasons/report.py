"""What seasons have visited, and what none has."""

from __future__ import annotations

from collections import Counter

from po_toolkit.domain.discrepancies import DISCREPANCY_CLASSES
from po_toolkit.domain.sums import EntryKind, Status
from tests.seasons.acts import ACTS
from tests.seasons.machine import ON_WRITES

EVERYTHING = frozenset(
    {
        *(f"act {name}" for name in ACTS),
        *(f"discrepancy {code}" for code in DISCREPANCY_CLASSES),
        *(f"call {kind}" for kind in ("well", *ON_WRITES)),
        *(f"invoice {outcome}" for outcome in ("invoiced", "skipped", "failed")),
        *(f"status {status}" for status in Status),
        *(f"entry {kind} stripe" for kind in EntryKind if "transfer" not in kind),
        "died",
        "paused",
    }
)
"""What a season may visit, as far as it can be listed beforehand."""


def visited_table(visited: Counter[str]) -> str:
    """Return every place with how often it was visited, the rarest first."""
    return "\n".join(f"{n:8} {name}" for name, n in sorted(visited.items(), key=lambda x: x[1]))


def not_reached(visited: Counter[str]) -> str:
    """Name what no season has reached."""
    missing = sorted(EVERYTHING - visited.keys())
    return "not reached: " + (", ".join(missing) if missing else "nothing")
