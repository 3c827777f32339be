"""Connections of the webhook service: a slow or greedy client cannot keep Stripe out.

A request has so many seconds for its headers and so many for its body. No more connections are open
than the process can have files; where one more comes, the one that has waited longest for its
request is closed.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_SECONDS = 10.0
BODY_SECONDS = 20.0
"""How long a client may take for the headers of a request, and then for its body."""

HEADER_LIMIT = 64 * 1024
"""Most bytes of headers."""

RESERVED_FILES = 128
"""Files that are left for the database, logs and the worker."""

MOST_CONNECTIONS = 1000


def connection_limit() -> int:
    """Return how many connections may be open at once."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return MOST_CONNECTIONS
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return min(MOST_CONNECTIONS, max(files - RESERVED_FILES, files // 2))


class Connection(HttpToolsProtocol):
    """One connection, with deadlines."""

    limit: ClassVar[int] = connection_limit()
    _idle: ClassVar[dict[Connection, None]] = {}
    """Connections without a whole request, the one that has waited longest first."""
    _deadline: asyncio.TimerHandle | None = None
    _header_bytes = 0
    _in_headers = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # asyncio
        """Begin to wait for a request; make room where there are too many."""
        super().connection_made(transport)
        self._wait(HEADER_SECONDS)
        if len(self.connections) > self.limit:
            next(iter(self._idle)).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, as many headers as are reasonable."""
        if self._in_headers:
            self._header_bytes += len(data)
        super().data_received(data)
        if self._in_headers and self._header_bytes > HEADER_LIMIT:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """Begin the deadline of the headers."""
        super().on_message_begin()
        if not self._in_headers:
            self._in_headers, self._header_bytes = True, 0
            self._wait(HEADER_SECONDS)

    def on_headers_complete(self) -> None:
        """Begin the deadline of the body."""
        self._in_headers = False
        self._wait(BODY_SECONDS)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Let the request be answered in its own time."""
        self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request; the server closes one that never comes."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self._idle[self] = None

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._idle[self] = None
        self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        self._idle.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def server_options() -> dict[str, Any]:
    """Return the options of uvicorn that go with these connections."""
    return {"http": Connection, "log_config": None, "access_log": False, "backlog": 2048}
