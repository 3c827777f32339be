"""Decoding of Stripe's bracket-encoded forms: ``lines[0][price_data][currency]=usd``."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from po_toolkit.simulator.errors import malformed

_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_PART = re.compile(r"\[([^\[\]]*)\]")


def decode(encoded: str) -> dict[str, Any]:
    """Return nested dictionaries of strings; a list is a dictionary with digits as keys.

    Which dictionaries are lists is not visible in a form: the endpoint's parameters decide.

    Raises:
        ApiError: A name whose brackets do not match, or that is both a value and a group.
    """
    decoded: dict[str, Any] = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        matched = _NAME.match(name)
        if not matched:
            raise malformed(f"Invalid parameter name: {name}", param=name)
        keys = [matched.group(1), *_PART.findall(matched.group(2))]
        _put(decoded, keys, value, name)
    return decoded


def _put(target: dict[str, Any], keys: list[str], value: str, name: str) -> None:
    """Store one value at the end of its path of keys."""
    for position, key in enumerate(keys):
        place = str(len(target)) if key == "" else key
        if position == len(keys) - 1:
            if isinstance(target.get(place), dict):
                raise malformed(
                    f"Invalid parameter: {name} is both a value and a group", param=name
                )
            target[place] = value
            return
        below = target.setdefault(place, {})
        if not isinstance(below, dict):
            raise malformed(f"Invalid parameter: {name} is both a value and a group", param=name)
        target = below
