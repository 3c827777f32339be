"""A workplace for the bank commands, as for all others."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import uuid4

import pytest

from po_toolkit.simulator import Simulator
from tests.cli.workplace import SETTINGS, Workplace


@pytest.fixture
def work(tmp_path: Path, simulator: Simulator, sqlite_template: Path) -> Workplace:
    key = f"sk_test_{uuid4().hex}"
    (tmp_path / "secrets.toml").write_text(SETTINGS.format(folder=tmp_path, key=key))
    shutil.copy(sqlite_template, tmp_path / "books.db")
    return Workplace(tmp_path, simulator, key)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What writes lines and matches is tried on both databases."""
    both = {"test_matching", "test_statements", "test_random_seasons"}
    if "database_url" in metafunc.fixturenames and metafunc.definition.path.stem in both:
        metafunc.parametrize("database_url", ("sqlite", "postgresql"), indirect=True)
