"""The built package starts without anything that only developers have."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def locked() -> Iterator[str]:
    """The names in requirements.lock that apply to this machine."""
    for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines():
        if re.match(r"[a-z0-9]", line):
            requirement = Requirement(line.rstrip(" \\"))
            if requirement.marker is None or requirement.marker.evaluate():
                yield requirement.name


def lend(name: str, site_packages: Path) -> None:
    """Link one installed package into another environment: quicker than installing it again."""
    for file in importlib.metadata.distribution(name).files or ():
        top = file.parts[0]
        link = site_packages / top
        source = Path(str(file.locate())).parents[len(file.parts) - 1] / top
        if top not in {"..", "__pycache__"} and not link.exists():
            link.symlink_to(source)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--wheel-dir", str(out), str(ROOT)),
        ],
        check=True,
        timeout=120,
    )
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """A fresh virtual environment with the wheel and only what it says it needs."""
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, with_pip=False, symlinks=True)
    site = next(home.glob("lib/python*/site-packages"))
    for name in locked():
        lend(name, site)
    python = str(home / "bin" / "python")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", python),
            *("install", "--quiet", "--no-deps", "--no-index", str(wheel)),
        ],
        check=True,
        timeout=120,
    )
    return home


def run(
    environment: Path, folder: Path, *words: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PO_TOOLKIT_", "PYTHON"))}
    return subprocess.run(
        [str(environment / "bin" / words[0]), *words[1:]],
        cwd=folder,
        env=clean | settings,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_wheel_holds_what_runs_and_nothing_else(wheel: Path) -> None:
    """Samples, migrations and the app must travel; tests and secrets must not."""
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        "po_toolkit/py.typed",
        "po_toolkit/demo/app.py",
        "po_toolkit/demo/.streamlit/config.toml",
        "po_toolkit/samples/sponsors-2027.csv",
        "po_toolkit/store/migrations/env.py",
    }
    assert wanted <= names
    assert not [n for n in names if "secrets" in n or n.startswith("tests/") or n.endswith(".db")]


def test_help_and_the_demo_run_from_the_wheel_and_leave_the_installation_alone(
    environment: Path, tmp_path: Path
) -> None:
    """Whoever installs the package has neither our checkout nor our test tools.

    Somebody who tries the demo beside real settings must find their books untouched.
    """
    tools = run(environment, tmp_path, "python", "-c", "import pytest")
    assert "ModuleNotFoundError" in tools.stderr

    shown = run(environment, tmp_path, "po-toolkit", "--help")
    assert shown.returncode == 0, shown.stderr
    settings = {
        "PO_TOOLKIT_DATABASE_URL": f"sqlite:///{tmp_path / 'real.db'}",
        "PO_TOOLKIT_STRIPE_API_BASE": "http://127.0.0.1:1",
        "PO_TOOLKIT_CONFIG": str(tmp_path / "missing.toml"),
    }
    demo = ("po-toolkit", "demo", "--once", "--format", "json")
    played = run(environment, tmp_path, *demo, **settings)
    assert played.returncode == 0, played.stderr
    assert "adds up" in played.stderr
    found = json.loads(played.stdout)
    usd = [row for row in found["rows"] if row["currency"] == "usd"]
    (cancelled,) = [row for row in usd if row["status"] == "cancelled"]
    assert sum(Decimal(row["total"]) for row in usd) == Decimal("689378.66")
    assert cancelled["total"] == "32500.00"
    assert found["totals"]["usd"]["total"] == "656878.66"
    statuses = {row["status"] for row in found["rows"]}
    assert statuses == {"sent", "partially_paid", "paid", "overpaid", "cancelled"}
    assert list(tmp_path.iterdir()) == []


def test_every_module_of_the_wheel_can_be_imported(environment: Path, tmp_path: Path) -> None:
    """A dependency that only development brings shows up on the first customer's machine."""
    script = (
        "import importlib, pkgutil, po_toolkit\n"
        "for m in pkgutil.walk_packages(po_toolkit.__path__, 'po_toolkit.'):\n"
        "    if not m.name.startswith(('po_toolkit.__main__', 'po_toolkit.demo.app', "
        "'po_toolkit.demo.asgi', 'po_toolkit.store.migrations')):\n"
        "        importlib.import_module(m.name)\n"
        "print(po_toolkit.__file__)\n"
    )
    done = run(environment, tmp_path, "python", "-c", script)
    assert done.returncode == 0, done.stderr
    assert str(environment) in done.stdout
