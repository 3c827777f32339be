"""The notebooks a treasurer opens at month end."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import nbformat
import papermill
import pytest

from po_toolkit.bootstrap import open_conference, open_database
from po_toolkit.config import load_settings
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.store import purchase_orders
from po_toolkit.store.tables import Invoice, LedgerEntry

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture
def settings_file(tmp_path, monkeypatch):
    path = tmp_path / "secrets.toml"
    path.write_text(
        f'[po_toolkit]\ndatabase_url = "sqlite:///{tmp_path / "books.db"}"\n'
        '[po_toolkit.conferences.pycon-2027]\nname = "PyCon 2027"\ntimezone = "Europe/Berlin"\n'
    )
    monkeypatch.setenv("PO_TOOLKIT_CONFIG", str(path))
    return path


@pytest.fixture
def conference(settings_file):
    settings = load_settings()
    opened = open_conference("pycon-2027", settings=settings, store=open_database(settings))
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        for n, (paid, currency) in enumerate([(0, "usd"), (40_000, "usd"), (100_000, "eur")]):
            order = purchase_orders.create(
                uow,
                opened.conference,
                organization_name=f"Sponsor {n}",
                contact_email=f"ap{n}@sponsor.example",
                currency=currency,
                lines=[("Booth", 1, 90_000)],
                due_date=opened.today() - timedelta(days=5 + 40 * n),
            )
            uow.session.add(
                Invoice(
                    conference_id=order.conference_id,
                    purchase_order_id=order.id,
                    generation=1,
                    state="sent",
                    currency=currency,
                    stripe_invoice_id=f"in_{n}",
                )
            )
            if paid:
                uow.session.add(
                    LedgerEntry(
                        conference_id=order.conference_id,
                        purchase_order_id=order.id,
                        kind="payment",
                        method="wire",
                        amount=paid,
                        currency=currency,
                        source="manual",
                        source_id=f"wire-{n}",
                        payment_date=date(2026, 11, 2),
                        entered_by="treasurer",
                    )
                )
    return opened


def run(name, tmp_path, **parameters):
    out = tmp_path / "out.ipynb"
    papermill.execute_notebook(
        str(FOLDER / name), str(out), parameters=parameters, cwd=str(tmp_path), progress_bar=False
    )
    return nbformat.read(out, as_version=4)


def shown(notebook):
    return json.dumps([c.get("outputs", []) for c in notebook.cells], ensure_ascii=False)


def test_a_month_end_begins_with_the_verdict_and_draws_without_a_network(conference, tmp_path):
    notebook = run("reconciliation.ipynb", tmp_path, conference="pycon-2027")
    output = shown(notebook)
    assert "18 of 18 checks agree. 3 items need attention" in output
    assert "1,800.00" in output
    assert "1,400.00" in output
    assert "Overpaid" in output
    assert "Unpaid past its due date" in output
    assert "Europe/Berlin" in output
    assert "<svg" in output
    assert "<script" not in output
    assert not any(o.output_type == "error" for c in notebook.cells for o in c.get("outputs", []))


def test_a_statement_shows_one_sponsor_and_writes_their_pdf(conference, tmp_path):
    notebook = run(
        "sponsor_statement.ipynb",
        tmp_path,
        conference="pycon-2027",
        sponsor="sponsor 1",
        save_as="statement.pdf",
    )
    output = shown(notebook)
    assert "Sponsor 1" in output
    assert "500.00 USD" in output
    assert (tmp_path / "statement.pdf").read_bytes().startswith(b"%PDF-")


def test_what_changed_shows_the_money_that_came_between_two_days(conference, tmp_path):
    notebook = run(
        "what_changed.ipynb",
        tmp_path,
        conference="pycon-2027",
        before="2026-11-01",
        after=str(conference.today()),
    )
    output = shown(notebook)
    assert "Sponsor 2" in output
    assert "1,000.00" in output
    assert "<svg" in output


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_can_be_read_without_being_a_programmer(path):
    notebook = nbformat.read(path, as_version=4)
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert all(len(c.source.splitlines()) <= 15 for c in code)
    assert all(not c.outputs and c.execution_count is None for c in code)
    assert sum("parameters" in c.metadata.get("tags", []) for c in code) == 1
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.startswith("# ")


def test_every_notebook_is_run_by_some_test():
    tests = [p.read_text() for p in Path(__file__).parents[1].rglob("test_*.py")]
    assert NOTEBOOKS
    assert all(any(f'"{n.name}"' in text for text in tests) for n in NOTEBOOKS)
