"""The tutorial and the whole scripts, run as they stand against the simulator."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pandas as pd
import pytest

from po_toolkit import open_conference
from tests.flows.test_webhook_service import signed

DOCS = Path(__file__).parents[2] / "docs"
SECRET = "whsec_pycon2027secret"
SETTINGS = f"""\
[po_toolkit]
database_url = "sqlite:///po_toolkit.db"

[po_toolkit.conferences.pycon-2027]
name = "PyCon 2027"
currency = "usd"
timezone = "America/New_York"
stripe_secret_key = "sk_test_pycon2027abcdefghijkl"
stripe_webhook_secret = "{SECRET}"
"""


@pytest.fixture
def newcomer(tmp_path, simulator, monkeypatch):
    """The folder of somebody who wrote the settings of the quick start, and nothing else."""
    monkeypatch.chdir(tmp_path)
    for name in ("PO_TOOLKIT_CONFIG", "PO_TOOLKIT_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PO_TOOLKIT_STRIPE_API_BASE", simulator.url)
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(SETTINGS, "utf-8")
    return tmp_path


def test_the_tutorial_runs_from_top_to_bottom(newcomer, capsys):
    """Whoever types it must see what the page says."""
    code = re.findall(
        r"^```python\n(.*?)^```", (DOCS / "python.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    names: dict = {}
    for block in code:
        exec(compile(block, "docs/python.md", "exec"), names)
    shown = capsys.readouterr().out
    assert "duplicate_purchase_order" in shown
    assert "4 contact_email email_invalid" in shown
    assert "('overpaid',)" in shown
    assert "decimal" in shown


def test_the_whole_scripts_run_and_repeat_without_billing_twice(newcomer, simulator, capsys):
    """A script that is copied from the docs handles real money."""
    open_conference("pycon-2027", make=True).close()
    for _ in range(2):
        runpy.run_path(str(DOCS / "examples" / "create_and_invoice.py"))
        shown = capsys.readouterr().out
        assert "Not created" in shown
        assert "Acme GmbH sent 6600.00 USD" in shown
    (invoice,) = simulator.control.all("invoice")

    app = runpy.run_path(str(DOCS / "examples" / "flask_webhook.py"))["app"]
    simulator.control.pay(invoice["id"])
    for event in simulator.control.all("event"):
        body = json.dumps(event).encode()
        for secret, answer in (("whsec_stranger", 400), (SECRET, 200)):
            posted = app.test_client().post(
                "/stripe-webhook", data=body, headers=signed(body, secret)
            )
            assert posted.status_code == answer
    with open_conference("pycon-2027") as conference:
        assert [o.status for o in conference.list_purchase_orders()] == ["paid"]

    runpy.run_path(str(DOCS / "examples" / "books_in_pandas.py"))
    assert "6600.00" in capsys.readouterr().out
    assert len(pd.read_csv(newcomer / "outstanding.csv")) == 0
