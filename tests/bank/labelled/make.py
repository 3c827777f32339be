"""Writes the labelled set: one large season, with the truth of each line beside it.

    python -m tests.bank.labelled.make

The set is a plain table, so that a change of what is expected shows in a diff.
"""

from __future__ import annotations

import csv
from pathlib import Path

from tests.bank.labelled.scenes import Scene, scene

HERE = Path(__file__).parent
SEED, SEASONS, STORIES = 2027, 12, 80
"""Twelve conferences of eighty stories: names and numbers repeat within each, as in life."""


def seasons() -> list[Scene]:
    """Make the conferences of the labelled set."""
    return [scene(SEED + number, STORIES) for number in range(SEASONS)]


def main() -> None:
    """Write the table."""
    with (HERE / "lines.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["season", "line", "story", "layout", "amount", "currency", "booked_on",
             "counterparty", "text", "truth"]
        )  # fmt: skip
        for number, made in enumerate(seasons()):
            for line in made.lines:
                writer.writerow(
                    [number, line.id, made.story[line.id], made.layout[line.id], line.amount,
                     line.currency, line.booked_on, line.counterparty, line.text,
                     made.truth[line.id]]
                )  # fmt: skip


if __name__ == "__main__":
    main()
