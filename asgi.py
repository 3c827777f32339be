"""The app with the webhook service in one server; `po-toolkit app --with-webhooks` starts it.

One process only: visitors' sessions live in it. Batches that were cut off go on at the start.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from po_toolkit.api.schedules import SYNC_EVERY
from po_toolkit.config import load_settings
from po_toolkit.logs import configure_logging
from po_toolkit.ui.background import work_on
from po_toolkit.webhook.asgi import create_app

configure_logging(logging.INFO, server=True)
settings = load_settings()
service = create_app(settings, sync_every=SYNC_EVERY)


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Work webhook events, schedules and batches while the server runs."""
    await run_in_threadpool(work_on, settings)
    async with service.state.webhooks.running():
        yield


app = st.App(
    Path(__file__).with_name("app.py"),
    # Streamlit answers every address it does not know with the app's page, so that all addresses
    # of the service are handed over whole: it says 404 and 405 itself.
    routes=[Route("/webhooks/{rest:path}", service), Route("/healthz", service)],
    lifespan=lifespan,
)
