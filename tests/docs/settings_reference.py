"""Writes docs/settings.md from the settings model: every key, its type, default and meaning."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from po_toolkit.config import ConferenceSettings, NotifySettings, People, Settings

_HEAD = """\
# Settings

Written from the settings model by `make docs`; a test keeps the two equal.

Settings are read from environment variables, then from the table `[po_toolkit]` of a TOML file:
the one that `--config` or `PO_TOOLKIT_CONFIG` names, else `.streamlit/secrets.toml`. An unknown key
is an error that names the nearest one. `po-toolkit status` shows what is in force, with keys
obfuscated.
The tables `[auth]` and others in the same file are Streamlit's: see [The app](app.md).

## Environment variables

- A top-level key: `PO_TOOLKIT_DATABASE_URL`.
- A key in a table: two underscores for each level. In a conference's name write `_` for `-`:
  `PO_TOOLKIT_CONFERENCES__PYCON_2027__STRIPE_SECRET_KEY`.
- Any key from a file, for the secrets of Docker and Kubernetes: add `_FILE`, and name the file:
  `PO_TOOLKIT_CONFERENCES__PYCON_2027__STRIPE_SECRET_KEY_FILE=/run/secrets/stripe_key`.
- A list or a table: as JSON, `PO_TOOLKIT_CONFERENCES__PYCON_2027__REMINDERS=[-7,0,14]`.

A variable and its `_FILE` together are an error. Names that you choose yourself, such as those of
tax rates, are read in lower case; put tables with other names into the file.
"""


_TABLES = {"conferences", "notify", "people"}


def docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Return the text under each field of a model."""
    (node,) = ast.parse(inspect.getsource(model)).body
    assert isinstance(node, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in zip(node.body, node.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            found[field.target.id] = " ".join(str(below.value.value).split())
    return found


def tables() -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield each table of the file and its model, in the order of the page."""

    def below(path: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
        yield path, model
        for name, field in model.model_fields.items():
            for part in _models(field.annotation):
                named = f"{path}.{name}" + (".NAME" if _is_table_of(field.annotation) else "")
                yield from below(named, part)

    yield "po_toolkit", Settings
    yield "po_toolkit.people", People
    yield "po_toolkit.notify", NotifySettings
    yield from below("po_toolkit.conferences.SLUG", ConferenceSettings)


def reference() -> str:
    """Return the whole page."""
    parts = [_HEAD]
    for path, model in tables():
        said = docstrings(model)
        rows = []
        for name, field in model.model_fields.items():
            if name == "config_file" or (model is Settings and name in _TABLES):
                continue
            assert said.get(name), f"{model.__name__}.{name} has no docstring"
            default = _default(field)
            rows.append(f"| `{name}` | {_words(field.annotation)} | {default} | {said[name]} |")
        doc = inspect.getdoc(model) or ""
        head = "| key | type | default | meaning |\n|---|---|---|---|\n"
        parts.append(f"## [{path}]\n\n{' '.join(doc.split())}\n\n{head}" + "\n".join(rows) + "\n")
    return "\n".join(parts).replace("``", "`")


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for part in get_args(annotation) for m in _models(part)]


def _is_table_of(annotation: Any) -> bool:
    return get_origin(annotation) is dict


_NAMES = {
    SecretStr: "secret text",
    str: "text",
    bool: "true or false",
    int: "whole number",
    Decimal: "number",
    Path: "path",
    date: "date",
}


def _words(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is list:
        return f"list of {_words(parts[0])}"
    if origin is dict:
        return "tables" if _models(parts[1]) else f"table: name = {_words(parts[1])}"
    if origin is Literal:
        return ", ".join(f'`"{p}"`' for p in parts)
    if origin is Annotated:
        return _words(parts[0])
    if parts:
        return " or ".join(_words(p) for p in parts if p is not type(None))
    return "table" if _models(annotation) else _NAMES[annotation]


def _default(field: Any) -> str:
    value = field.default
    if field.default_factory is not None:
        value = field.default_factory()
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value in ("", [], {}) or isinstance(value, BaseModel):
        return ""
    text = str(value).lower() if isinstance(value, bool) else re.sub(r"'", '"', str(value))
    return f"`{text}`"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), "utf-8")
