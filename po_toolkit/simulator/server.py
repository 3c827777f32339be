"""The HTTP server: in a thread for tests and the demo, or in the foreground."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from po_toolkit.simulator import hosted_page
from po_toolkit.simulator.api import Api, ConnectionDropped
from po_toolkit.simulator.control import Control
from po_toolkit.simulator.control import routes as control_routes
from po_toolkit.simulator.webhooks import Webhooks
from po_toolkit.simulator.world import Options, World

_START_SECONDS = 10.0


class _Server(uvicorn.Server):
    """A server that says when it listens and can cut a client off."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()
        self._stopped = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self.listening.set()

    def stop(self) -> None:
        """Stop from another thread, at once and not at uvicorn's next tenth of a second."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._stopped.set)

    async def main_loop(self) -> None:
        stopped = asyncio.create_task(self._stopped.wait())
        ticking = asyncio.create_task(super().main_loop())
        await asyncio.wait({stopped, ticking}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        ticking.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in self.servers:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)  # what was idle is closed now
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)

    def cut(self, client: tuple[str, int] | None) -> None:
        """Abort the connection of this peer, without a last word."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, H11Protocol) and connection.client == client:
                connection.transport.abort()


class Simulator:
    """A Stripe of one's own: ``with Simulator() as sim: stripe.StripeClient(…, sim.url)``.

    Args:
        port: 0 takes a free one.
        host: Where to listen.
        options: As in :class:`Options`, by name: latency, rate_limits, deliver,
            max_invoice_items.
    """

    def __init__(self, port: int = 0, *, host: str = "127.0.0.1", **options: Any) -> None:
        self._socket = socket.create_server((host, port))
        # Else each answer waits 40 ms: asyncio sets this only on sockets it makes itself.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        shown_host = "127.0.0.1" if host in {"", "0.0.0.0"} else host  # noqa: S104 - compared only
        self.url = f"http://{shown_host}:{self._socket.getsockname()[1]}"
        self.world = World(Options(**options), base_url=self.url)
        self._api = Api(self.world)
        self._webhooks = Webhooks(at_once=self.world.options.deliver == "at_once")
        self.world.on_event = self._webhooks.happened
        self.control = Control(self.world, self._api, self._webhooks)
        config = uvicorn.Config(
            self._app(),
            http="h11",
            lifespan="off",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Listen in a thread; return when calls are answered.

        Raises:
            RuntimeError: It did not start.
        """
        self._webhooks.start()
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="stripe-simulator", daemon=True
        )
        self._thread.start()
        if not self._server.listening.wait(_START_SECONDS):
            raise RuntimeError(f"The Stripe simulator did not start at {self.url}.")
        return self

    def run(self) -> None:
        """Listen in the foreground until interrupted."""
        self._webhooks.start()
        try:
            self._server.run([self._socket])
        finally:
            self._webhooks.stop()

    def stop(self) -> None:
        """Stop listening and wait for the thread to end."""
        self._server.stop()
        if self._thread is not None:
            self._thread.join(_START_SECONDS)
        self._socket.close()
        self._webhooks.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _app(self) -> Starlette:
        async def api(request: Request) -> Response:
            try:
                return await self._api.answer(request)
            except ConnectionDropped:
                client = request.client
                self._server.cut((client.host, client.port) if client else None)
                await asyncio.sleep(0)
                return Response(status_code=500)

        methods = ["GET", "POST", "DELETE"]
        return Starlette(
            routes=[
                Route("/v1/{rest:path}", api, methods=methods),
                Route("/v2/{rest:path}", api, methods=methods),
                *hosted_page.routes(self.world),
                *control_routes(self.control),
            ]
        )


def serve(port: int = 12111, *, host: str = "127.0.0.1", **options: Any) -> None:
    """Run the simulator in the foreground, as ``po-toolkit stripe-sim`` does."""
    Simulator(port, host=host, **options).run()
