"""Stripe's own mock server: found, built or explained.

Looked for at ``STRIPE_MOCK_URL``, then as ``stripe-mock`` on the path, then in the cache, and at
last built into the cache with Go. It checks every request against Stripe's description and keeps
no state.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from urllib3.util import Retry

MODULE = "github.com/stripe/stripe-mock@latest"


class NotAvailableError(Exception):
    """There is no stripe-mock here and none could be built."""


def cache_directory() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "po-toolkit" / "bin"


def binary() -> Path:
    """Return the program, built where needed.

    Raises:
        NotAvailableError: With what is missing.
    """
    cached = cache_directory() / "stripe-mock"
    on_path = shutil.which("stripe-mock")
    if on_path:
        return Path(on_path)
    if not cached.exists():
        _build()
    return cached


def _build() -> None:
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        raise NotAvailableError(
            "set STRIPE_MOCK_URL (docker compose up stripe-mock), or put stripe-mock on the PATH, "
            "or install Go"
        )
    environment = {**os.environ, "GOBIN": str(cache_directory())}
    done = subprocess.run(
        [go, "install", MODULE],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        raise NotAvailableError(f"go install {MODULE} failed: {done.stderr.strip()}")


@contextmanager
def running() -> Iterator[str]:
    """Yield the address of a stripe-mock, started on a free port unless one is given.

    Raises:
        NotAvailableError: None can be had, or it does not answer.
    """
    given = os.environ.get("STRIPE_MOCK_URL")
    if given:
        _answers(given.rstrip("/"))
        yield given.rstrip("/")
        return
    port = _free_port()
    free = f"127.0.0.1:{_free_port()}"  # else two runs on one machine want the same port
    command = [binary(), "-http-addr", f"127.0.0.1:{port}", "-https-addr", free]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _answers(url)
            yield url
        finally:
            process.terminate()


def _answers(url: str) -> None:
    """Wait until the server answers, by the transport's own retries.

    Raises:
        NotAvailableError: It does not.
    """
    with requests.Session() as session:
        retries = Retry(connect=240, backoff_factor=0.02, backoff_max=0.5)  # two minutes
        session.mount(url, requests.adapters.HTTPAdapter(max_retries=retries))
        try:
            session.get(f"{url}/v1/account", auth=("sk_test_123", ""), timeout=10)
        except requests.ConnectionError as error:
            raise NotAvailableError(f"nothing answers at {url}: {error}") from error


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
