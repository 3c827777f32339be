"""The image finds its files and installs what is locked; the services are confined."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text("utf-8"))
COPIES = [
    line.split()[1:]
    for line in DOCKERFILE.splitlines()
    if line.startswith("COPY ") and "--from=" not in line
]
UNITS = sorted((ROOT / "deploy").glob("*.service"))


def in_context(path: Path) -> bool:
    """Whether .dockerignore lets a file of the checkout into the build: the last match decides."""
    name, kept = path.relative_to(ROOT).as_posix(), True
    for rule in (ROOT / ".dockerignore").read_text("utf-8").split():
        pattern = rule.removeprefix("!").removeprefix("**/").rstrip("/")
        parts = [name, *(p.as_posix() for p in Path(name).parents)]
        names = [*parts, *Path(name).parts] if "**/" in rule else parts
        if any(fnmatch(part, pattern) for part in names):
            kept = rule.startswith("!")
    return kept


def copied(words: list[str], into: Path) -> None:
    """Do what one COPY does, from the files that are in the context."""
    *sources, target = (w for w in words if not w.startswith("--"))
    place = into / target.removeprefix("./").removeprefix("/")
    for source in sources:
        found = ROOT / source
        files = [f for f in found.rglob("*") if f.is_file()] if found.is_dir() else [found]
        kept = [f for f in files if f.is_file() and in_context(f)]
        assert kept, f"COPY {source}: .dockerignore keeps it out of the build"
        for file in kept:
            single = place if not target.endswith("/") and len(sources) == 1 else place / source
            goal = place / file.relative_to(found) if found.is_dir() else single
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, goal)


def test_every_file_that_the_image_copies_is_in_its_context(tmp_path) -> None:
    """`docker compose up --build` ended at the first COPY; and no secret may get into an image."""
    assert len(COPIES) >= 4
    for words in COPIES:
        copied(words, tmp_path)
    assert not in_context(ROOT / ".streamlit" / "secrets.toml")
    assert not in_context(ROOT / "settings.toml")
    assert not in_context(ROOT / "po_toolkit.db")
    assert not in_context(ROOT / "tests" / "conftest.py")


def test_the_package_builds_from_what_the_image_copies(tmp_path) -> None:
    """A file that the build needs and the context lacks shows up only in somebody's deployment."""
    for words in COPIES:
        if not words[-1].startswith("/") and "/srv" not in words[-1]:
            copied(words, tmp_path / "src")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps"),
            *("--no-build-isolation", "--wheel-dir", str(tmp_path), str(tmp_path / "src")),
        ],
        check=True,
        timeout=180,
    )
    assert list(tmp_path.glob("po_toolkit-*.whl"))


def test_the_image_installs_by_hash_and_runs_as_no_root() -> None:
    """A package that was swapped at its index would read every key."""
    installs = re.findall(r"pip install [^&\n]*", DOCKERFILE)
    assert installs
    for install in installs:
        assert "--require-hashes" in install or "--no-index" in install, install
    last = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    assert re.search(r"^USER (?!0|root)\S+", last, re.MULTILINE)
    assert last.index("USER ") < last.index("CMD ")


def test_each_service_of_compose_has_a_health_check() -> None:
    """What hangs is restarted only when somebody asks whether it lives."""
    text = (ROOT / "compose.yaml").read_text("utf-8")
    services = re.split(r"^  (?=\w[\w-]*:$)", text.split("\nservices:\n")[1], flags=re.MULTILINE)
    for name in ("app", "webhook", "worker", "database"):
        (service,) = [s for s in services if s.startswith(f"{name}:")]
        assert "healthcheck:" in service, name


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_a_unit_leaves_a_service_little_to_reach(unit: Path) -> None:
    """A hole in the service must not open the machine."""
    text = unit.read_text("utf-8")
    for line in ("UMask=0077", "ProtectSystem=strict", "NoNewPrivileges=yes", "SystemCallFilter="):
        assert line in text
    for path in re.findall(r"^Exec\w+=(\S+)", text, re.MULTILINE):
        assert path.startswith("/")
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    shown = subprocess.run(
        [analyze, "security", "--offline=true", "--threshold=20", str(unit)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert shown.returncode == 0, shown.stdout[-400:] + shown.stderr
