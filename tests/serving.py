"""Serves an ASGI application on a free port while a test runs."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import requests
import uvicorn


@contextmanager
def served(app):
    """Yield a function that calls the application over HTTP."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        assert time.monotonic() < until, "the service did not start"
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]

    def call(method, path, content=None, headers=None):
        url = f"http://127.0.0.1:{port}{path}"
        return requests.request(method, url, data=content, headers=headers, timeout=20)

    try:
        yield call
    finally:
        server.should_exit = True
        thread.join(20)
