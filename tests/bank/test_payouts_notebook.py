"""The notebook that shows where the money on the account comes from."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import nbformat
import papermill

from po_toolkit.api.bank import import_bank_statement
from po_toolkit.api.bank_matching import match_bank
from po_toolkit.api.payouts import pull_payouts
from po_toolkit.reconcile.tie_out import tie_out
from po_toolkit.reconcile.tie_out_files import export
from tests.bank.statement import Entry, camt
from tests.conftest import KEY, SLUG

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "payouts.ipynb"


def test_the_notebook_ties_a_month_out(
    opened, make_order, simulator, database_url, tmp_path, monkeypatch
) -> None:
    """Else the one page that an auditor asks for ends in an error."""
    opened.gateway.read("/v1/account")
    simulator.control.sell(50_00, "usd", "Ticket", KEY)
    simulator.control.advance(3 * 86_400)
    payout = simulator.control.payout("usd", trace="TRACE77", account=KEY)
    simulator.control.payout_arrives(payout["id"])
    po = make_order(("Gold", 1, "5000.00"))
    pull_payouts(opened)
    amount = Decimal(payout["amount"]) / 100
    lines = [
        Entry(opened.today(), amount, "STRIPE TRANSFER TRACE77"),
        Entry(opened.today(), Decimal(5000), f"WIRE {po.reference}"),
        Entry(opened.today(), Decimal("9.99"), "WHO IS THIS"),
    ]
    import_bank_statement(opened, camt(lines))
    match_bank(opened, apply=True)
    settings = tmp_path / "secrets.toml"
    settings.write_text(
        f'[po_toolkit]\ndatabase_url = "{database_url}"\n'
        f'[po_toolkit.conferences.{SLUG}]\nname = "PyCon 2027"\ntimezone = "America/New_York"\n'
    )
    monkeypatch.setenv("PO_TOOLKIT_CONFIG", str(settings))
    out = tmp_path / "out.ipynb"
    later = date.today().replace(year=date.today().year + 1)  # noqa: DTZ011 any day after all of it
    papermill.execute_notebook(
        str(NOTEBOOK),
        str(out),
        parameters={"conference": SLUG, "as_of": later.isoformat()},
        cwd=str(tmp_path),
        progress_bar=False,
    )
    cells = nbformat.read(out, as_version=4).cells
    output = json.dumps([c.get("outputs", []) for c in cells], ensure_ascii=False)
    for expected in (payout["id"], po.reference, "WHO IS THIS", "9.99", "Other income", "<svg"):
        assert expected in output
    for form in ("table", "json", "csv", "xlsx"):
        content = export(tie_out(opened.store, opened.conference, as_of=later), form)
        assert len(content) > 200
