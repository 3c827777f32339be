"""Where the demo plays: Stripe's simulator, our webhook server, and a database for the moment.

Nothing of the installation takes part: its settings and environment are put aside, so that the
demo can never write into somebody's books or reach a real Stripe account.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn

from po_toolkit.api.opening import OpenConference, open_conference
from po_toolkit.config import Settings, load_settings
from po_toolkit.errors import PoToolkitError
from po_toolkit.simulator import Simulator
from po_toolkit.webhook.asgi import create_app

SLUG = "pycon-2027"
KEY = "sk_test_demoPyCon2027simulatorOnly"
SECRET = "whsec_demoPyCon2027simulatorOnly"  # noqa: S105 it opens nothing but the demo's own server

_SETTINGS = """\
[po_toolkit]
database_url = "sqlite:///{database}"
stripe_api_base = "{stripe}"

[po_toolkit.conferences.{slug}]
name = "PyCon 2027"
currency = "usd"
timezone = "America/New_York"
stripe_secret_key = "{key}"
stripe_webhook_secret = "{secret}"
"""


@dataclass(frozen=True)
class Stage:
    """Everything the demo plays with."""

    config: Path
    settings: Settings
    simulator: Simulator
    opened: OpenConference


@contextmanager
def stage() -> Iterator[Stage]:
    """Set the stage, and leave nothing behind."""
    with (
        TemporaryDirectory(prefix="po-toolkit-demo-", ignore_cleanup_errors=True) as folder,
        _without_our_environment(),
        Simulator(port=0, deliver="at_once") as simulator,
    ):
        config = Path(folder, "secrets.toml")
        database = Path(folder, "demo.db").as_posix()
        config.write_text(
            _SETTINGS.format(
                database=database, stripe=simulator.url, slug=SLUG, key=KEY, secret=SECRET
            ),
            "utf-8",
        )
        settings = load_settings(config)
        opened = open_conference(SLUG, settings=settings)
        try:
            with _webhook_server(settings) as url:
                simulator.control.send_webhooks_to(
                    f"{url}/webhooks/stripe/{SLUG}", SECRET, account=KEY
                )
                yield Stage(config, settings, simulator, opened)
        finally:
            opened.store.engine.dispose()


@contextmanager
def _without_our_environment() -> Iterator[None]:
    aside = {k: v for k, v in os.environ.items() if k.upper().startswith("PO_TOOLKIT_")}
    for name in aside:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(aside)


@contextmanager
def _webhook_server(settings: Settings) -> Iterator[str]:
    """Serve our real webhook app on a free port; gives its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = uvicorn.Server(
            uvicorn.Config(create_app(settings), log_config=None, access_log=False)
        )
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            while not server.started:
                thread.join(0.02)
                if not thread.is_alive():
                    raise PoToolkitError("The demo's webhook server ended before it was ready.")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def wait_for_webhooks(ready: Callable[[], bool], progress: Callable[[], Any]) -> None:
    """Wait until the webhooks are processed, for as long as ``progress`` changes.

    Raises:
        PoToolkitError: Nothing has changed for a minute.
    """
    seen, since = progress(), time.monotonic()
    while not ready():
        if (now := progress()) != seen:
            seen, since = now, time.monotonic()
        if time.monotonic() - since > 60:
            raise PoToolkitError(
                f"The demo waits for the webhooks to be processed, and nothing has changed for a "
                f"minute (last: {seen}). Run it again; if it stays so, report it with this message."
            )
        time.sleep(0.02)  # it is another thread's or process's turn
