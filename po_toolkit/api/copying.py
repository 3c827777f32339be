"""Moving an installation to another database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from po_toolkit.bootstrap import open_database
from po_toolkit.config import Settings
from po_toolkit.errors import SettingsError
from po_toolkit.money import display
from po_toolkit.store import copying, workers
from po_toolkit.store.database import open_store


@dataclass(frozen=True, slots=True)
class Copied:
    """What a table holds, as both databases have it.

    Attributes:
        table: Its name.
        rows: How many rows.
        amounts: The sums of its amounts by currency, for people.
        sums: The sum of each column of whole numbers, by currency where a row has one.
        digest: SHA-256 over every value of every row.
    """

    table: str
    rows: int
    amounts: str
    sums: dict[str, int]
    digest: str

    def as_json(self) -> dict[str, Any]:
        """Return it as the command prints it."""
        return {
            "table": self.table,
            "rows": self.rows,
            "sums": self.sums,
            "sha256": self.digest,
        }


_AMOUNTS = ("amount", "line_total", "sum_total")


def _amounts(sums: Mapping[str, int]) -> str:
    parts = (name.partition(" ") for name in sums)
    shown = [
        display(sums[f"{column} {currency}"], currency)
        for column, _, currency in parts
        if column in _AMOUNTS and currency
    ]
    return ", ".join(shown)


def copy_books(settings: Settings, to: str, now: datetime) -> list[Copied]:
    """Copy the database into an empty one and prove that both hold the same.

    Raises:
        SettingsError: A worker runs, the address is wrong, the database is not empty, or the copy
            is not the same; nothing is kept then.
    """
    if to == settings.database_url:
        raise SettingsError("That is the database itself. Name a new, empty one.")
    source = open_database(settings, make=False)
    with source.reading() as session:
        if running := workers.running(session, now):
            raise SettingsError(
                f"{len(running)} workers run, and what they write meanwhile would be missing in "
                f"the copy. Stop the app, webhook service and workers, and copy again."
            )
    target = open_store(to)
    try:
        return [
            Copied(
                proof.table,
                proof.rows,
                _amounts(proof.sums),
                dict(proof.sums),
                proof.digest,
            )
            for proof in copying.copy_database(source, target)
        ]
    finally:
        source.engine.dispose()
        target.engine.dispose()
