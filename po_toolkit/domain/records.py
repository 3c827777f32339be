"""Dataclasses filled from rows, and turned into JSON.

In JSON, fields go by name, amounts are decimal strings and dates ISO 8601.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar

Record = TypeVar("Record")


def copied(kind: type[Record], source: object, /, **others: Any) -> Record:
    """Make a dataclass whose fields have the values of the source's attributes of their names.

    ``others`` are the fields that have other values.
    """
    names = [f.name for f in fields(kind) if f.name not in others]  # type: ignore[arg-type]  # a dataclass
    return kind(**{name: getattr(source, name) for name in names}, **others)


class AsJson:
    """Gives a dataclass ``as_json``."""

    __slots__ = ()

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return json_fields(self)


def json_fields(made: Any, *left_out: str) -> dict[str, Any]:
    """Return the fields of a dataclass as JSON values, without those that are left out."""
    names = (f.name for f in fields(made) if f.name not in left_out)
    return {name: json_value(getattr(made, name)) for name in names}


def json_value(value: Any) -> Any:
    """Return a value as JSON knows it."""
    if isinstance(value, Mapping):
        return {key: json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    if is_dataclass(value):
        return value.as_json() if isinstance(value, AsJson) else json_fields(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
