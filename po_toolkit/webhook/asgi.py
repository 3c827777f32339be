"""The webhook service: verify, store, acknowledge; the work is done afterwards.

``POST /webhooks/stripe/{conference}`` takes Stripe's deliveries, ``GET /healthz`` tells whether
database, worker and syncs are as they should be, ``GET /metrics`` holds figures for Prometheus
where it is switched on. The application can be mounted
in another one: a mounted one starts its work with the first delivery, or with the host when the
host enters ``app.state.webhooks.running()``.
"""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from hmac import compare_digest
from ipaddress import ip_address
from typing import Literal
from uuid import uuid4

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from po_toolkit.api.health import unfit
from po_toolkit.api.opening import (
    OpenConference,
    Store,
    open_conference,
    open_database,
    utc_now,
)
from po_toolkit.api.schedules import SYNC_EVERY
from po_toolkit.api.terms import STRIPE
from po_toolkit.api.webhooks import Delivery, ForgedError, MalformedError, verify
from po_toolkit.config import Settings
from po_toolkit.jobs.worker import ALL_BUT_BATCHES, Worker, WorkerProcess
from po_toolkit.logs import Sparing, during, get_logger
from po_toolkit.webhook import metrics
from po_toolkit.webhook.connections import BODY_SECONDS, server_options
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
        *,
        settings: Settings,
        inner: bool,
        now: Callable[[], datetime],
    ) -> None:
        """Put the parts together; nothing runs yet."""
        self.store = store
        self.settings = settings
        self.inner = inner
        self.now = now
        self.started_at = now()
        self.refused = Sparing()
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
        with during(request_id=_request_id(request), conference=request.path_params["conference"]):
            return await self._deliver(request)

    async def _deliver(self, request: Request) -> Response:
        slug = request.path_params["conference"]
        opened = self.conferences.get(slug)
        if opened is None:
            self.counts.strangers += 1
            return _refusal("no such conference", 404)
        try:
            delivery = await _verified(opened, request)
        except _RefusedError as refused:
            return self._refuse(slug, refused.outcome)
        try:
            await self.intake.keep(delivery)
        except Exception:
            self.counts.deliveries[slug, "not_stored"] += 1
            if (left_out := self.refused.suppressed_before("not_stored")) is not None:
                log.exception(
                    "delivery not stored", stripe_event_id=delivery.event_id, left_out=left_out
                )
            return _refusal("not stored; send it again", 503)
        self.counts.deliveries[slug, "stored"] += 1
        if self.worker is not None:
            self.worker.start()
            self.worker.ring()
        return Response(b'{"received":true}', media_type="application/json")

    def _refuse(self, slug: str, outcome: str) -> Response:
        self.counts.deliveries[slug, outcome] += 1
        left_out = self.refused.suppressed_before(f"{slug} {outcome}")
        if left_out is not None:
            log.warning("delivery refused", reason=outcome, left_out=left_out)
        return _refusal(*_REFUSALS.get(outcome, ("refused", 400)))

    async def healthz(self, _request: Request) -> Response:
        """Tell whether the database answers, a worker runs and no sync is late."""
        try:
            problems = await run_in_threadpool(
                unfit, self.store, self.settings, self.now(), since=self.started_at
            )
        except Exception:  # noqa: BLE001 whatever it is, the service is not healthy
            problems = ["database does not answer"]
        if problems:
            return JSONResponse({"status": "; ".join(problems)}, 503)
        return JSONResponse({"status": "ok"})

    async def metrics(self, request: Request) -> Response:
        """Return the figures for Prometheus, to those who may have them."""
        token = self.settings.metrics_token.get_secret_value()
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        allowed = compare_digest(given.encode(), token.encode()) if token else self.inner
        if not allowed:
            return _refusal("not found", 404)
        figures = await run_in_threadpool(
            metrics.text, self.store, self.counts, self.intake.repeated, self.now()
        )
        return Response(figures, media_type=metrics.CONTENT_TYPE)


def create_app(
    settings: Settings,
    *,
    now: Callable[[], datetime] = utc_now,
    worker: Worker | WorkerProcess | Literal["threads"] | None = "threads",
    sync_every: timedelta | None = None,
    inner: bool = False,
) -> Starlette:
    """Build the service for every conference in the settings that has a webhook secret.

    Args:
        settings: Conferences and the database.
        now: The clock.
        worker: Who works the events: threads of this process, something else, or, with None,
            another process that is started elsewhere.
        sync_every: How often the threads sync each conference, and sweep it every night; by
            default that is left to somebody else.
        inner: Whether only this machine or an inner network reaches it: then ``/metrics`` answers
            without ``metrics_token``.

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
    webhooks = Webhooks(store, conferences, worker, settings=settings, inner=inner, now=now)

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
    app = create_app(settings, worker=worker, inner=_is_inner(host))
    gc.freeze()  # as in the worker's process
    uvicorn.run(app, host=host, port=port, **server_options())


def _is_inner(host: str) -> bool:
    """Tell whether an address to listen on is reached from this machine or an inner network."""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_private and not address.is_unspecified


def _request_id(request: Request) -> str:
    """Return the id that a proxy gave the request, or a new one."""
    given = request.headers.get("x-request-id", "")
    return given if re.fullmatch(r"[\w.-]{1,64}", given, re.ASCII) else uuid4().hex


def _refusal(reason: str, status: int) -> Response:
    return JSONResponse({"error": reason}, status)


_REFUSALS = {"oversized": ("too large", 413), "slow": ("too slow", 408)}


class _RefusedError(Exception):
    """A delivery is refused, and counted under this outcome."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


async def _verified(opened: OpenConference, request: Request) -> Delivery:
    """Read and verify a delivery.

    Raises:
        _RefusedError: It is too large, comes too slowly, breaks off, or Stripe did not send it.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _body(request)
    except TimeoutError:
        raise _RefusedError("slow") from None
    except ClientDisconnect:
        raise _RefusedError("aborted") from None
    if body is None:
        raise _RefusedError("oversized")
    try:
        return verify(opened, body, request.headers.get("stripe-signature", ""))
    except ForgedError:
        raise _RefusedError("forged") from None
    except MalformedError:
        raise _RefusedError("malformed") from None


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
