"""A workplace for each test: a folder, settings, an empty database and a simulated Stripe."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from po_toolkit.simulator import Simulator
from po_toolkit.stripe_gateway import transport
from tests.cli.workplace import SETTINGS, Workplace


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


BEGIN_WITH_NOTHING = {"test_accounts", "test_installation", "test_on_postgresql"}
"""Files whose tests begin without a database; the others save the migrations."""


@pytest.fixture
def make_workplace(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    simulator: Simulator,
    sqlite_template: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str], Workplace]:
    """A workplace with a key of the given mode; each test has a Stripe account of its own."""
    monkeypatch.setattr(transport, "STRIPE", simulator.url)  # a live key is sent nowhere else
    if request.path.stem not in BEGIN_WITH_NOTHING:
        shutil.copy(sqlite_template, tmp_path / "books.db")

    def make(mode: str) -> Workplace:
        key = f"sk_{mode}_{uuid4().hex}"
        (tmp_path / "secrets.toml").write_text(SETTINGS.format(folder=tmp_path, key=key))
        return Workplace(tmp_path, simulator, key)

    return make


@pytest.fixture
def work(make_workplace: Callable[[str], Workplace]) -> Workplace:
    """A workplace with a test key."""
    return make_workplace("test")


@pytest.fixture
def live(make_workplace: Callable[[str], Workplace]) -> Workplace:
    """A workplace whose key would move real money."""
    return make_workplace("live")
