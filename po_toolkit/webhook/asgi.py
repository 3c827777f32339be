"""The webhook service: verify, store, acknowledge; the work is done afterwards.

``POST /webhooks/stripe/{conference}`` takes Stripe's deliveries, ``GET /healthz`` tells whether
the database answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import structlog
import uvicorn
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from po_toolkit.api.webhooks import ForgedError, MalformedError, receive, work_events
from po_toolkit.bootstrap import OpenConference, open_conference, open_database
from po_toolkit.config import Settings
from po_toolkit.domain.roles import STRIPE
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import Store

log = structlog.get_logger(__name__)

BODY_LIMIT = 512 * 1024
"""Largest body in bytes; Stripe's events are far smaller."""

LOOK_AGAIN_SECONDS = 1.0
"""How often events that failed before are looked at when nothing new comes."""


def create_app(settings: Settings, *, now: Callable[[], datetime] = utc_now) -> Starlette:
    """Build the service for every conference in the settings that has a webhook secret.

    Args:
        settings: Conferences and the database.
        now: The clock.

    Raises:
        SettingsError: A setting is wrong.
    """
    store = open_database(settings)
    conferences = {
        slug: open_conference(slug, settings=settings, store=store, actor=STRIPE, now=now)
        for slug, configured in settings.conferences.items()
        if configured.stripe_webhook_secret
    }
    bell = asyncio.Event()

    async def deliver(request: Request) -> Response:
        opened = conferences.get(request.path_params["conference"])
        if opened is None:
            return JSONResponse({"error": "no such conference"}, 404)
        body = await _body(request)
        if body is None:
            return JSONResponse({"error": "too large"}, 413)
        signature = request.headers.get("stripe-signature", "")
        try:
            await run_in_threadpool(receive, opened, body, signature)
        except (ForgedError, MalformedError) as error:
            log.warning("delivery refused", conference=opened.slug, reason=type(error).__name__)
            return JSONResponse({"error": "refused"}, 400)
        bell.set()
        return JSONResponse({"received": True})

    async def healthz(_request: Request) -> Response:
        try:
            await run_in_threadpool(_answers, store)
        except Exception:  # noqa: BLE001 whatever it is, the service is not healthy
            return JSONResponse({"status": "database does not answer"}, 503)
        return JSONResponse({"status": "ok"})

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        worker = asyncio.create_task(_work(list(conferences.values()), bell))
        yield
        worker.cancel()

    return Starlette(
        routes=[
            Route("/webhooks/stripe/{conference}", deliver, methods=["POST"]),
            Route("/healthz", healthz),
        ],
        lifespan=lifespan,
    )


def serve(settings: Settings, host: str, port: int) -> None:
    """Run the service until it is interrupted."""
    uvicorn.run(create_app(settings), host=host, port=port, log_level="warning")


async def _body(request: Request) -> bytes | None:
    """Read the body, or give up where it is larger than the limit."""
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > BODY_LIMIT:
            return None
    return bytes(chunks)


def _answers(store: Store) -> None:
    with store.reading() as session:
        session.execute(text("SELECT 1"))


async def _work(conferences: list[OpenConference], bell: asyncio.Event) -> None:
    """Work what waits, for as long as the service runs."""
    while True:
        bell.clear()
        worked = 0
        for opened in conferences:
            try:
                worked += await run_in_threadpool(work_events, opened)
            except Exception:
                log.exception("webhook work failed", conference=opened.slug)
        if not worked:
            try:
                await asyncio.wait_for(bell.wait(), LOOK_AGAIN_SECONDS)
            except TimeoutError:
                continue
