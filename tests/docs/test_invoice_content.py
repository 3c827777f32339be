"""docs/invoice-content.md names every setting and column, and its examples are settings."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from po_toolkit.config import Settings
from po_toolkit.importers.fields import FIELDS
from po_toolkit.invoice_settings import ContentSettings, TaxRateSettings, TaxSettings

PAGE = (Path(__file__).parents[2] / "docs" / "invoice-content.md").read_text("utf-8")


def test_its_examples_are_settings_that_load() -> None:
    """Whoever copies them must not be told that they are wrong."""
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    merged: dict = {}
    for block in blocks:
        found = tomllib.loads(block)["po_toolkit"]["conferences"]["pycon-2027"]
        merged |= found
    settings = Settings(conferences={"pycon-2027": {"name": "PyCon 2027", **merged}})
    conference = settings.conference("pycon-2027")
    assert conference.tax is not None
    assert conference.content is not None
    assert conference.reminders == [-7, 0, 14, 30]


def test_it_names_every_setting() -> None:
    """A setting that no page tells of is found by nobody."""
    names = {*ContentSettings.model_fields, *TaxSettings.model_fields}
    names |= {*TaxRateSettings.model_fields} - {"jurisdiction", "state"}
    assert {name for name in names if name not in PAGE} == set()


def test_it_names_every_column() -> None:
    """A column of which nobody knows what it does on the invoice is left empty."""
    assert {f for f in FIELDS if f not in PAGE} - {"amount", "currency", "stripe_invoice_id"} == (
        set()
    )
