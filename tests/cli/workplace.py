"""Where the command line is tried: a folder, settings, books and a simulated Stripe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import requests
from jsonschema import Draft202012Validator
from typer import testing
from typer.testing import CliRunner, Result

from po_toolkit.bootstrap import OpenConference, open_conference
from po_toolkit.cli import app
from po_toolkit.config import load_settings
from po_toolkit.domain.roles import Act
from po_toolkit.simulator import Simulator
from po_toolkit.store import purchase_orders

testing._get_command = cache(testing._get_command)  # else each call builds all commands again

SLUG = "pycon-2027"

SETTINGS = """\
[po_toolkit]
database_url = "sqlite:///{folder}/books.db"

[po_toolkit.conferences.pycon-2027]
name = "PyCon 2027"
currency = "usd"
stripe_secret_key = "{key}"
stripe_webhook_secret = "whsec_abcdefghijklmnop"
"""


SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
_VARIANTS = {
    ("invoice", "--dry-run"): "invoice_dry-run",
    ("remind", "--dry-run"): "remind_dry-run",
    ("closed", "--verify"): "closed_verify",
}


def schema_of(args: Sequence[str]) -> Draft202012Validator:
    """Return the schema of what a command prints with ``--format json``."""
    words = [word for word in args if not word.startswith("-")]
    name = "_".join(words[:2]) if words[0] in {"bank", "webhook"} else words[0]
    variants = [_VARIANTS[(name, arg)] for arg in args if (name, arg) in _VARIANTS]
    return _schema((variants or [name])[0])


@cache
def _schema(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text("utf-8")))


_AS_STRIPE = """
import sys
from po_toolkit.stripe_gateway import transport
transport.STRIPE = sys.argv.pop(1)
from po_toolkit.cli import main
main()
"""


@dataclass(frozen=True)
class Workplace:
    """Where a test works, and how it calls the command line."""

    folder: Path
    simulator: Simulator
    key: str

    @property
    def config(self) -> Path:
        return self.folder / "secrets.toml"

    @property
    def environment(self) -> dict[str, str]:
        """What a shell on this workplace has set."""
        ours = {k: v for k, v in os.environ.items() if not k.startswith("PO_TOOLKIT_")}
        return ours | {
            "PO_TOOLKIT_CONFIG": str(self.config),
            "PO_TOOLKIT_STRIPE_API_BASE": self.simulator.url,
        }

    def run(self, *args: str, stdin: str | None = None) -> Result:
        """Run a command in this process; stdin is no terminal."""
        return CliRunner(env=self.environment).invoke(
            app, args, prog_name="po-toolkit", input=stdin
        )

    def json(self, *args: str, exit_code: int = 0) -> Any:
        """Run a command with ``--format json`` and return what it printed on stdout."""
        result = self.run(*args, "--format", "json")
        assert result.exit_code == exit_code, (result.output, result.exception)
        return json.loads(result.stdout)

    def checked_json(self, *args: str, exit_code: int = 0) -> Any:
        """Do the same, and hold the result against the schema in docs/schemas."""
        found = self.json(*args, exit_code=exit_code)
        schema_of(args).validate(found)
        return found

    def process(self, *args: str, live: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own, as a shell would.

        Args:
            args: The command's words.
            live: Let the process take the simulator for Stripe, which alone gets a live key.
        """
        program = ["-c", _AS_STRIPE, self.simulator.url] if live else ["-m", "po_toolkit"]
        return subprocess.run(
            [sys.executable, *program, *args],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def opened(self) -> OpenConference:
        """Open the conference beside the command line, to look at the books."""
        settings = load_settings(self.config)
        settings.stripe_api_base = self.simulator.url
        return open_conference(SLUG, settings=settings)

    def order(self, total: int = 100_000, **details: Any) -> str:
        """Add a draft purchase order of one line, in minor units; returns its reference."""
        opened = self.opened()
        with opened.store.writing(opened.actor, Act.CREATE) as uow:
            made = purchase_orders.create(
                uow,
                opened.conference,
                **{
                    "organization_name": "Northwind GmbH",
                    "contact_email": "ap@northwind.example",
                    "currency": "usd",
                    "po_number": "4711",
                    "lines": [("Silver sponsorship", 1, total)],
                    **details,
                },
            )
            return made.reference

    def invoiced(self, **details: Any) -> tuple[str, str]:
        """Add a purchase order and send its invoice; returns both ids."""
        reference = self.order(**details)
        found = self.json("invoice", "--conference", SLUG, "--po", reference)
        return reference, found["results"][0]["stripe_invoice_id"]

    def invoice_by_hand(self, total: int) -> str:
        """Send an invoice as a person does in Stripe's dashboard; returns its id."""

        def post(path: str, **form: str) -> str:
            url = f"{self.simulator.url}/v1/{path}"
            answer = requests.post(url, data=form, auth=(self.key, ""), timeout=30)
            assert answer.ok, answer.text
            return str(answer.json()["id"])

        customer = post("customers", email="ap@northwind.example", name="Northwind GmbH")
        invoice = post(
            "invoices",
            customer=customer,
            collection_method="send_invoice",
            days_until_due="30",
            currency="usd",
            pending_invoice_items_behavior="exclude",
        )
        post(
            f"invoices/{invoice}/add_lines",
            **{"lines[0][amount]": str(total), "lines[0][description]": "Silver sponsorship"},
        )
        return post(f"invoices/{invoice}/send")
