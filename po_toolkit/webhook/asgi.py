"""The webhook service: verify, store, acknowledge; the work is done afterwards.

``POST /webhooks/stripe/{conference}`` takes Stripe's deliveries, ``GET /healthz`` tells whether
the database answers, ``GET /metrics`` holds figures for Prometheus. The application can be mounted
in another one: a mounted one starts its work with the first delivery, or with the host when the
host enters ``app.state.webhooks.running()``.
"""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Literal

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from po_toolkit.api.opening import (
    OpenConference,
    Store,
    check_database,
    open_conference,
    open_database,
    utc_now,
)
from po_toolkit.api.schedules import SYNC_EVERY
from po_toolkit.api.terms import STRIPE
from po_toolkit.api.webhooks import ForgedError, MalformedError, verify
from po_toolkit.config import Settings
from po_toolkit.jobs.worker import ALL_BUT_BATCHES, Worker, WorkerProcess
from po_toolkit.logs import get_logger
from po_toolkit.webhook import metrics
from po_toolkit.webhook.intake import Intake

log = get_logger(__name__)

BODY_LIMIT = 512 * 1024
"""Largest body in bytes; Stripe's events are far smaller."""


class Webhooks:
    """The service's parts: what takes deliveries, what works them, what counts both."""

    def __init__(
        self,
        store: Store,
        conferences: dict[str, OpenConference],
        worker: Worker | WorkerProcess | None,
    ) -> None:
        """Put the parts together; nothing runs yet."""
        self.store = store
        self.conferences = conferences
        self.counts = metrics.Counts(conferences)
        self.intake = Intake(store)
        self.worker = worker

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work stored events and keep the schedules while the block runs."""
        if self.worker is not None:
            self.worker.start()
        try:
            yield
        finally:
            if self.worker is not None:
                await run_in_threadpool(self.worker.stop)

    async def deliver(self, request: Request) -> Response:
        """Take one delivery: it is stored before it is acknowledged."""
        slug = request.path_params["conference"]
        opened = self.conferences.get(slug)
        if opened is None:
            self.counts.strangers += 1
            return _refusal("no such conference", 404)
        body = await _body(request)
        if body is None:
            return self._refuse(slug, "oversized", 413)
        try:
            delivery = verify(opened, body, request.headers.get("stripe-signature", ""))
        except ForgedError:
            return self._refuse(slug, "forged", 400)
        except MalformedError:
            return self._refuse(slug, "malformed", 400)
        try:
            await self.intake.keep(delivery)
        except Exception:
            log.exception("delivery not stored", conference=slug)
            self.counts.deliveries[slug, "not_stored"] += 1
            return _refusal("not stored; send it again", 503)
        self.counts.deliveries[slug, "stored"] += 1
        if self.worker is not None:
            self.worker.start()
            self.worker.ring()
        return Response(b'{"received":true}', media_type="application/json")

    def _refuse(self, slug: str, outcome: str, status: int) -> Response:
        self.counts.deliveries[slug, outcome] += 1
        log.warning("delivery refused", conference=slug, reason=outcome)
        return _refusal("too large" if outcome == "oversized" else "refused", status)

    async def healthz(self, _request: Request) -> Response:
        """Tell whether the database answers."""
        try:
            await run_in_threadpool(check_database, self.store)
        except Exception:  # noqa: BLE001 whatever it is, the service is not healthy
            return JSONResponse({"status": "database does not answer"}, 503)
        return JSONResponse({"status": "ok"})

    async def metrics(self, _request: Request) -> Response:
        """Return the figures for Prometheus."""
        said = await run_in_threadpool(metrics.text, self.store, self.counts, self.intake.repeated)
        return Response(said, media_type=metrics.CONTENT_TYPE)


def create_app(
    settings: Settings,
    *,
    now: Callable[[], datetime] = utc_now,
    worker: Worker | WorkerProcess | Literal["threads"] | None = "threads",
    sync_every: timedelta | None = None,
) -> Starlette:
    """Build the service for every conference in the settings that has a webhook secret.

    Args:
        settings: Conferences and the database.
        now: The clock.
        worker: Who works the events: threads of this process, something else, or, with None,
            another process that is started elsewhere.
        sync_every: How often the threads sync each conference, and sweep it every night; by
            default that is left to somebody else.

    Raises:
        SettingsError: A setting is wrong.
    """
    store = open_database(settings, make=False)
    conferences = {
        slug: open_conference(slug, settings=settings, store=store, actor=STRIPE, now=now)
        for slug, configured in settings.conferences.items()
        if configured.stripe_webhook_secret
    }
    if worker == "threads":
        worker = Worker(settings, kinds=ALL_BUT_BATCHES, sync_every=sync_every, now=now)
    webhooks = Webhooks(store, conferences, worker)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with webhooks.running():
            yield

    app = Starlette(
        routes=[
            Route("/webhooks/stripe/{conference}", webhooks.deliver, methods=["POST"]),
            Route("/healthz", webhooks.healthz),
            Route("/metrics", webhooks.metrics),
        ],
        lifespan=lifespan,
    )
    app.state.webhooks = webhooks
    return app


def serve(
    settings: Settings,
    host: str,
    port: int,
    *,
    work: bool = True,
    sync_every: timedelta | None = SYNC_EVERY,
) -> None:
    """Run the service until it is interrupted."""
    worker = WorkerProcess(settings, kinds=ALL_BUT_BATCHES, sync_every=sync_every) if work else None
    app = create_app(settings, worker=worker)
    gc.freeze()  # as in the worker's process
    uvicorn.run(app, host=host, port=port, log_config=None, access_log=False)


def _refusal(reason: str, status: int) -> Response:
    return JSONResponse({"error": reason}, status)


async def _body(request: Request) -> bytes | None:
    """Read the body, or give up where it is larger than the limit."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > BODY_LIMIT:
        return None
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > BODY_LIMIT:
            return None
    return bytes(chunks)
