"""axe-core, the accessibility checker: found, fetched with npm, or explained."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

VERSION = "4.14.1"
OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],  # of what passes, one element each is enough
}

STREAMLITS_OWN = {"target-size": "stDateInput"}
"""Violations that no theme or setting of ours mends: rule → the element of Streamlit's."""


class NotAvailableError(Exception):
    """There is no axe-core here and none could be fetched."""


def script() -> Path:
    """Return axe.min.js, fetched into the cache where it is not yet.

    Raises:
        NotAvailableError: With what is missing.
    """
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    cached = Path(root) / "po-toolkit" / f"axe-core-{VERSION}" / "axe.min.js"
    if not cached.exists():
        _fetch(cached)
    return cached


def _fetch(wanted: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NotAvailableError("install npm, by which axe-core comes")
    wanted.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [npm, "pack", f"axe-core@{VERSION}", "--silent"],
        cwd=wanted.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    archive = wanted.parent / f"axe-core-{VERSION}.tgz"
    if done.returncode or not archive.exists():
        raise NotAvailableError(f"npm pack axe-core failed: {done.stderr.strip()}")
    with tarfile.open(archive) as tar:
        member = tar.extractfile("package/axe.min.js")
        assert member is not None
        wanted.write_bytes(member.read())
    archive.unlink()


def violations(page: Any, checker: Path) -> list[str]:
    """Return what is wrong on the page and ours to mend, each in a line."""
    page.add_script_tag(path=str(checker))
    found = page.evaluate("options => axe.run(document, options)", OPTIONS)
    assert len(found["passes"]) > 10, "the checker saw no page"
    return [
        f"{violation['id']} ({violation['impact']}): {node['target']} {node['html'][:200]}"
        for violation in found["violations"]
        for node in violation["nodes"]
        if STREAMLITS_OWN.get(violation["id"], "-") not in _ancestry(page, node["target"][0])
    ]


def _ancestry(page: Any, selector: str) -> str:
    """Return the test ids around an element, by which Streamlit's own parts are known."""
    return str(
        page.evaluate(
            """selector => {
                const ids = [];
                for (let e = document.querySelector(selector); e; e = e.parentElement)
                    if (e.dataset && e.dataset.testid) ids.push(e.dataset.testid);
                return ids.join(' ');
            }""",
            selector,
        )
    )
