"""The app as a person has it: a real server, a real Chromium, and the simulator for Stripe."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from po_toolkit.bootstrap import OpenConference, open_conference, open_database
from po_toolkit.config import START_TOKEN, load_settings
from po_toolkit.domain.roles import Actor, Role

ROOT = Path(__file__).parents[2]
TOKEN = "shown-at-start"
ZERO = timedelta()

SETTINGS = """
[po_toolkit]
database_url = "sqlite:///books.db"
stripe_api_base = "{stripe}"

[po_toolkit.conferences.pycon-2027]
name = "PyCon 2027"
timezone = "America/New_York"
stripe_secret_key = "sk_test_browser_pycon_2027"
stripe_webhook_secret = "whsec_browser_pycon_2027"
"""


@dataclass
class App:
    """A running app and the settings it runs with."""

    url: str
    config: Path

    def conference(self, slug: str = "pycon-2027", *, ago: timedelta = ZERO) -> OpenConference:
        """Open its books beside it, with a clock that is slow by a time."""
        found = load_settings(self.config)
        books = f"sqlite:///{self.config.parents[1] / 'books.db'}"
        settings = found.model_copy(update={"database_url": books})
        return open_conference(
            slug,
            settings=settings,
            actor=Actor("test", Role.ADMIN),
            now=lambda: datetime.now(UTC) - ago,
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a browser test twice before it counts as failed; the summary names each second try.

    A browser, the app's server, its workers and the simulator share two cores with the other
    tests: Playwright's own advice for such machines (playwright.dev/docs/test-retries).
    """
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium; where there is none, a loud skip, and in CI a failure."""
    path = shutil.which("chromium")
    if path is None:
        said = "THE APP IS NOT TRIED IN A BROWSER: there is no chromium; apt-get install chromium."
        if os.environ.get("CI") == "true":
            pytest.fail(said, pytrace=False)
        pytest.skip(said)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)  # a busy machine is slow, not wrong
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium) -> Iterator[Any]:
    """A new visitor's tab."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def serve(tmp_path, simulator) -> Iterator[Callable[..., App]]:
    """Start the app's server, with more settings where a test needs them; stopped at the end."""
    running: list[subprocess.Popen[bytes]] = []

    def start(
        more: str = "", *, script: str = "app.py", options: Sequence[str] = (), **values: str
    ) -> App:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        config = tmp_path / ".streamlit" / "secrets.toml"
        config.parent.mkdir(exist_ok=True)
        values = {"stripe": simulator.url, "front": f"http://127.0.0.1:{port}"} | values
        config.write_text((SETTINGS + more).format(**values))
        open_database(load_settings(config))
        log = (tmp_path / "app.log").open("wb")
        own = [f"--server.port={port}", *options]
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / script), *own]
        environment = {n: v for n, v in os.environ.items() if not n.startswith("PO_TOOLKIT_")}
        environment[START_TOKEN] = TOKEN
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
        running.append(server)
        app = App(f"http://127.0.0.1:{port}{_base(options)}", config)
        _wait_for(app, server, tmp_path / "app.log")
        return app

    yield start
    for server in running:
        server.terminate()
        server.wait(20)


def _base(options: Sequence[str]) -> str:
    path = next((o.partition("=")[2] for o in options if "baseUrlPath" in o), "")
    return f"/{path}" if path else ""


def _wait_for(app: App, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(3000):
        try:
            with urlopen(f"{app.url}/_stcore/health", timeout=10):
                return
        except OSError:
            try:
                server.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
            pytest.fail(f"The app did not start:\n{log.read_text()}")
    pytest.fail("The app did not start within 30 s.")
