"""The docs site is built without a warning, and every public name is on it."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import po_toolkit

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(out)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_no_link_of_the_site_is_broken_and_every_public_name_is_on_it(site: Path) -> None:
    """What the reference leaves out is found by nobody; a broken link ends a reader's way."""
    page = (site / "api.html").read_text("utf-8")
    anchors = set(re.findall(r'id="po_toolkit\.([\w.]+)"', page))
    on_page = {name.rpartition(".")[2] for name in anchors}
    assert set(po_toolkit.__all__) - on_page == set()
    assert {"Conference.invoice", "Conference.reconcile", "errors.StripeUnknownError"} <= anchors
    for method in ("record_payment", "find_purchase_orders", "import_purchase_orders"):
        assert f'id="po_toolkit.Conference.{method}"' in page
    assert (site / "schemas" / "sync.json").is_file()
    assert (site / "examples" / "flask_webhook.py").is_file()


def test_the_recipes_show_the_whole_scripts(site: Path) -> None:
    """A formatter once made a sum of the mark that includes them, and the page showed that."""
    shown = html.unescape(re.sub(r"<[^>]+>", "", (site / "recipes.html").read_text("utf-8")))
    for script in (ROOT / "docs" / "examples").glob("*.py"):
        assert script.read_text("utf-8").strip() in shown, script.name
