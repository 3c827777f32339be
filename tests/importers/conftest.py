"""A conference on a fresh database, without a Stripe account: an import needs none."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from po_toolkit.bootstrap import OpenConference, open_conference, open_database
from po_toolkit.config import Settings
from po_toolkit.domain.roles import Actor, Role

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
OPERATOR = Actor("test:operator", Role.OPERATOR)


def settings_for(database: Path) -> Settings:
    return Settings(
        database_url=f"sqlite:///{database}",
        conferences={"pycon-2027": {"name": "PyCon 2027"}, "other-2027": {"name": "Other"}},  # type: ignore[dict-item]  # pydantic makes them
    )


Opener = Callable[..., OpenConference]


@pytest.fixture
def opener(sqlite_template: Path, tmp_path: Path) -> Opener:
    """Opens a conference on one fresh database."""
    path = tmp_path / "books.db"
    shutil.copy(sqlite_template, path)
    settings = settings_for(path)
    store = open_database(settings)

    def opened(slug: str = "pycon-2027", actor: Actor = OPERATOR) -> OpenConference:
        return open_conference(slug, settings=settings, store=store, actor=actor, now=lambda: NOW)

    return opened


@pytest.fixture
def conference(opener: Opener) -> OpenConference:
    """The conference PyCon 2027, in dollars, on a fresh database."""
    return opener()
