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
database_url = "sqlite:///{folder}/books.db"
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
        return open_conference(
            slug,
            settings=load_settings(self.config),
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
    """Debian's Chromium, without its window where that is installed; where there is none, a loud
    skip, and in CI a failure.
    """
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if path is None:
        said = "THE APP IS NOT TRIED IN A BROWSER: apt-get install chromium-headless-shell."
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


@dataclass
class Server:
    """A server of the app, in a folder of its own."""

    folder: Path
    options: Sequence[str] = ()
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    @property
    def url(self) -> str:
        path = next((o.partition("=")[2] for o in self.options if "baseUrlPath" in o), "")
        return f"http://127.0.0.1:{self.port}{path and f'/{path}'}"

    def read(self, settings: Path) -> None:
        """Let it read the settings in a folder; they apply when somebody opens a page."""
        link = self.folder / ".streamlit"
        link.unlink(missing_ok=True)
        link.symlink_to(settings)

    def start(self, script: str) -> None:
        log = self.folder / "app.log"
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / script)]
        environment = {n: v for n, v in os.environ.items() if not n.startswith("PO_TOOLKIT_")}
        environment[START_TOKEN] = TOKEN
        with log.open("wb") as written:
            self.process = subprocess.Popen(
                [*command, f"--server.port={self.port}", *self.options],
                cwd=self.folder,
                env=environment,
                stdout=written,
                stderr=written,
            )
        for _ in range(3000):
            try:
                with urlopen(f"{self.url}/_stcore/health", timeout=10):
                    return
            except OSError:
                try:
                    self.process.wait(0.01)
                except subprocess.TimeoutExpired:
                    continue
                pytest.fail(f"The app did not start:\n{log.read_text()}")
        pytest.fail("The app did not start within 30 s.")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)


@pytest.fixture(scope="session")
def idle() -> Iterator[list[Server]]:
    """Servers that read a test's settings; the next test has them with its own settings."""
    servers: list[Server] = []
    yield servers
    for server in servers:
        server.stop()


@pytest.fixture
def serve(tmp_path, tmp_path_factory, simulator, idle) -> Iterator[Callable[..., App]]:
    """Serve the app, with more settings where a test needs them, on a database of its own.

    Starting a server takes three seconds. What it reads only at its start, sign-in and options,
    gets one of its own, stopped at the end.
    """
    lent: list[Server] = []
    own: list[Server] = []

    def start(
        more: str = "", *, script: str = "app.py", options: Sequence[str] = (), **values: str
    ) -> App:
        alike = script == "app.py" and not options and "[auth]" not in more
        folder = tmp_path_factory.mktemp("server")
        server = idle.pop() if alike and idle else Server(folder, options)
        (lent if alike else own).append(server)
        config = tmp_path / ".streamlit" / "secrets.toml"
        config.parent.mkdir(exist_ok=True)
        front = f"http://127.0.0.1:{server.port}"
        values = {"stripe": simulator.url, "folder": str(tmp_path), "front": front} | values
        config.write_text((SETTINGS + more).format(**values))
        open_database(load_settings(config))
        server.read(config.parent)
        if server.process is None:
            server.start(script)
        return App(server.url, config)

    yield start
    idle.extend(lent)
    for server in own:
        server.stop()
