"""A database that an update cannot bring to today's tables is lost work for its conference."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from po_toolkit.errors import SettingsError
from po_toolkit.store.database import open_store
from po_toolkit.store.schema import current_revision, differences, is_current, migrate


@pytest.fixture
def empty(database_url):
    """A database without a table."""
    store = open_store(database_url)
    yield store
    store.engine.dispose()


def test_an_empty_database_gets_exactly_the_tables_the_code_knows(empty):
    migrate(empty)
    with empty.engine.connect() as connection:
        assert differences(connection) == []
    assert is_current(empty)


def test_migrating_again_is_harmless(empty):
    migrate(empty)
    with empty._writer.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO conferences (slug, name, currency, days_until_due, payment_methods, "
                "invoice_footer, invoice_memo, timezone, max_invoice_lines, created_at) VALUES "
                "('kept', 'Kept', 'usd', 30, '[]', '', '', 'UTC', 250, '2026-11-01 00:00:00')"
            )
        )
    migrate(empty)
    with empty.engine.connect() as connection:
        assert connection.execute(text("SELECT slug FROM conferences")).scalars().all() == ["kept"]


def test_a_database_of_a_newer_release_is_left_alone(empty):
    migrate(empty)
    with empty._writer.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match="revision 9999"):
        migrate(empty)
    assert current_revision(empty) == "9999"
