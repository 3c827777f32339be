"""The app on the demo's data, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from po_toolkit.demo.stage import Stage
from po_toolkit.errors import PoToolkitError

_OPTIONS = ("--server.headless=true", "--server.address=127.0.0.1", "--logger.level=warning")


def serve_app(stage: Stage, port: int, say: Callable[[str], None]) -> None:
    """Serve the app until it is interrupted (Ctrl-C, SIGTERM) or ends by itself.

    Raises:
        PoToolkitError: It did not start.
    """
    home = app_home()
    command = [sys.executable, "-m", "streamlit", "run", str(home / "app.py")]
    environment = {**os.environ, "PO_TOOLKIT_CONFIG": str(stage.config)}
    with (
        _terminate_like_interrupt(),
        subprocess.Popen(  # noqa: S603 our own interpreter and file
            [*command, f"--server.port={port}", *_OPTIONS],
            cwd=home,
            env=environment,
            stdout=subprocess.DEVNULL,
        ) as app,
    ):
        try:
            address = f"http://127.0.0.1:{port}"
            waited = 0
            while not _answers(address):  # on a busy machine for minutes; Ctrl-C ends it
                if app.poll() is not None:
                    raise PoToolkitError(
                        f"The app ended with exit code {app.returncode} before it was ready. Its "
                        f"output is above."
                    )
                time.sleep(0.1)  # Streamlit does not say when it is ready
                waited += 1
                if waited % 300 == 0:
                    say("The app is still starting …")
            say(f"The app: {address}  (Stripe's simulator: {stage.simulator.url}; stop: Ctrl-C)")
            app.wait()
        except KeyboardInterrupt:
            say("Stopped; the demo leaves nothing behind.")
        finally:
            app.terminate()


def app_home() -> Path:
    """Return where app.py, asgi.py and .streamlit/ lie.

    In a wheel it is beside this module, else the checkout.
    """
    here = Path(__file__).parent
    return here if (here / "app.py").is_file() else here.parents[1]


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):  # noqa: S310 our own
            return True
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def _terminate_like_interrupt() -> Iterator[None]:
    """Let SIGTERM end the demo as Ctrl-C does, so that the app's process never outlives it."""

    def interrupt(_number: int, _frame: FrameType | None) -> Any:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
