"""The app's screens with the real services, a temporary database and the simulator."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.bootstrap import OpenConference, open_conference
from po_toolkit.config import START_TOKEN, load_settings
from po_toolkit.domain.roles import Actor, Role
from po_toolkit.reconcile import list_purchase_orders
from po_toolkit.store import jobs
from po_toolkit.stripe_gateway import transport
from po_toolkit.ui import failures

manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
"""Each AppTest would look through every installed package for components: a second of its time."""

SETTINGS = """
[po_toolkit]
database_url = "sqlite:///{folder}/books.db"
stripe_api_base = "{stripe}"

[po_toolkit.conferences.pycon-2027]
name = "PyCon 2027"
timezone = "America/New_York"
stripe_secret_key = "sk_test_screens_pycon_2027"

[po_toolkit.conferences.live-2027]
name = "Live 2027"
currency = "eur"
stripe_secret_key = "sk_live_screens_live_2027"

[po_toolkit.conferences.keyless-2027]
name = "Keyless 2027"
"""

ADMIN = Actor("test", Role.ADMIN)
TOKEN = "a-start-token-of-the-screens"

Show = Callable[..., AppTest]


@pytest.fixture
def sample() -> Callable[[str], tuple[str, bytes, str]]:
    """A sample spreadsheet as a browser uploads it."""
    folder = Path(__file__).parents[2] / "po_toolkit" / "samples"

    def upload(name: str) -> tuple[str, bytes, str]:
        return name, (folder / name).read_bytes(), "text/csv"

    return upload


@pytest.fixture
def season(conference, sample) -> str:
    """Forty purchase orders of the sample, one of them paid by wire in part."""
    name, data, _ = sample("sponsors-2027.csv")
    opened = conference()
    import_purchase_orders(opened, data, file_name=name)
    first = list_purchase_orders(opened.store, opened.conference, text="northwind").orders[0]
    record_payment_by_hand(
        opened, first.reference, amount=Decimal(100), method="wire", payment_reference="FT-1"
    )
    return first.reference


@pytest.fixture
def config(tmp_path, simulator, monkeypatch, sqlite_template) -> Iterator[Path]:
    """Settings and database of conferences in test mode, in live mode and without a key."""
    monkeypatch.delenv("PO_TOOLKIT_DATABASE_URL", raising=False)
    monkeypatch.delenv("PO_TOOLKIT_STRIPE_API_BASE", raising=False)
    monkeypatch.setattr(transport, "STRIPE", simulator.url)  # a live key is sent nowhere else
    # A page puts itself in its place, and processes that are started later would run it.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setenv(START_TOKEN, TOKEN)
    monkeypatch.setattr(type(st.context), "headers", {"Host": "127.0.0.1:8501"})
    monkeypatch.setattr(type(st.context), "ip_address", None)  # as Streamlit names this machine
    path = tmp_path / "secrets.toml"
    path.write_text(SETTINGS.format(folder=tmp_path, stripe=simulator.url))
    monkeypatch.setenv("PO_TOOLKIT_CONFIG", str(path))
    shutil.copy(sqlite_template, tmp_path / "books.db")
    yield path
    st.cache_resource.clear()  # stops the batch engine and closes the database


@pytest.fixture
def conference(config) -> Callable[..., OpenConference]:
    """Open a conference of the settings beside the app, to look at or to prepare its books."""

    def open_(slug: str = "pycon-2027", actor: Actor = ADMIN) -> OpenConference:
        return open_conference(slug, settings=load_settings(config), actor=actor)

    return open_


@pytest.fixture
def show(config) -> Show:
    """Open the app at a screen, as a new visitor, and let it run once."""

    def open_(
        start: str, *, name: str = "PyCon 2027", user: dict[str, Any] | None = None, **query: str
    ) -> AppTest:
        app = AppTest.from_function(_app, args=(start,), default_timeout=30)
        if user is not None:
            app.user = user
        for field, value in {"conference": name, "token": TOKEN, **query}.items():
            app.query_params[field] = value
        return app.run()

    return open_


def _app(start):
    from po_toolkit.ui.shell import run

    run(start)


@pytest.fixture(autouse=True)
def _failures_fail(monkeypatch) -> None:
    """Let what nobody foresaw fail the test instead of being told kindly."""

    def raise_again(error: Exception) -> None:
        raise error

    monkeypatch.setattr(failures, "show_unexpected", raise_again)


@pytest.fixture
def finish(conference) -> Callable[[AppTest], AppTest]:
    """Wait until what a page started is done, and look again."""

    def wait(app: AppTest) -> AppTest:
        opened = conference()
        pause = threading.Event()
        for _ in range(600):
            with opened.store.reading() as session:
                if not jobs.work_left(session, [opened.slug]):
                    break
            pause.wait(0.1)
        return app.run()

    return wait


@pytest.fixture
def press(monkeypatch) -> Callable[[AppTest, str], bytes]:
    """Press a download button and return the file; it is made on the click."""
    offered: dict[str, Any] = {}
    real = st.download_button

    def note(label: str, data: Any, *args: Any, **details: Any) -> bool:
        offered[label] = data
        return real(label, data, *args, **details)

    monkeypatch.setattr(st, "download_button", note)

    def press_(app: AppTest, label: str) -> bytes:
        assert label in [button.label for button in app.get("download_button")]
        data = offered[label]
        return data() if callable(data) else data

    return press_


@pytest.fixture
def read() -> Callable[[AppTest], str]:
    """Everything on the screen that is text, for looking whether something is there at all."""
    return _texts


def _texts(app: AppTest) -> str:
    blocks = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.text]
    blocks += [*app.error, *app.warning, *app.info, *app.success]
    values = [block.value for block in blocks]
    values += [f"{metric.label} {metric.value}" for metric in app.metric]
    values += [frame.value.to_string() for frame in [*app.dataframe, *app.table]]
    return "\n".join(map(str, values)).replace("\\", "")
