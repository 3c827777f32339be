"""``po-toolkit worker``: any number of processes work what others queued."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from threading import Event

import pytest

from po_toolkit.api.webhooks import events_on_hold
from po_toolkit.jobs import batches
from po_toolkit.store.tables import WebhookEvent
from tests.cli.workplace import Workplace


@pytest.fixture(params=["sqlite", "postgresql"])
def place(work: Workplace, request: pytest.FixtureRequest) -> Iterator[Workplace]:
    """A workplace on each database."""
    if request.param == "sqlite":
        yield work
        return
    server = request.getfixturevalue("postgres_server")
    name = server.create()
    local = f"sqlite:///{work.folder}/books.db"
    work.config.write_text(work.config.read_text().replace(local, server.url(name)))
    yield work
    server.drop(name)


def wait_until(true: Callable[[], bool]) -> None:
    until, pause = time.monotonic() + 60, Event()
    while not true():
        assert time.monotonic() < until, "the workers did not do it"
        pause.wait(0.1)


def test_two_workers_share_a_batch_and_the_events_and_stop_when_told(place: Workplace) -> None:
    """Where one machine is outgrown, none of them may bill a second time or leave work behind."""
    references = [place.order(po_number=str(n), organization_name=f"S {n}") for n in range(12)]
    opened = place.opened()
    with opened.store.writing(opened.actor, "sync") as uow:
        uow.session.add(
            WebhookEvent(
                conference_id=opened.conference.id,
                stripe_event_id="evt_1",
                type="product.created",
                payload='{"id": "evt_1", "type": "product.created", "data": {"object": {}}}',
            )
        )
    logs = [place.folder / f"worker-{n}.log" for n in range(2)]
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "po_toolkit", "worker", "--sync-minutes", "0"],
            cwd=place.folder,
            env=place.environment,
            stderr=log.open("wb"),
        )
        for log in logs
    ]
    try:
        batch = batches.start(opened, references)
        wait_until(lambda: batches.progress(opened, batch).ended)
        assert batches.progress(opened, batch).invoiced == 12
        with opened.store.reading() as session:
            assert session.query(WebhookEvent).one().state == "ignored"
        assert events_on_hold(opened) == []
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        codes = [worker.wait(timeout=60) for worker in workers]
    said = [log.read_text() for log in logs]
    assert codes == [0, 0], said
    assert all("Nothing was left unfinished" in text for text in said)
    assert len(place.simulator.control.all("invoice", account=place.key)) == 12
