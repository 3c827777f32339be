"""Developers' tool: write the migration from the last release's tables to today's.

python -m tests.store.new_migration "What changed"
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from po_toolkit.store.database import open_store
from po_toolkit.store.schema import alembic_config


def write(message: str) -> None:
    """Migrate an empty database, compare it with the tables, write what is missing."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'empty.db'}")
        config = alembic_config(store)
        number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
        with store.bookkeeping() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            command.revision(config, message, autogenerate=True, rev_id=f"{number:04}")


if __name__ == "__main__":
    write(sys.argv[1])
