"""Which parameters each endpoint takes, of which type and length: Stripe's own description.

``parameters.json`` holds the request half of Stripe's OpenAPI description for the endpoints that
the simulator serves, cut down to names, types, lengths, choices and required names, with the
changes of API version 2026-10-28. A test compares it with the description inside stripe-mock.

A type is a word ("integer", "boolean", "decimal", "number", "currency", "string", ...) or one of
``{"text": longest}``, ``{"enum": [...]}``, ``{"items": type}``, ``{"map": type}``,
``{"fields": {name: type}, "required": [...]}``, or a list of types of which one must fit.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import parse_qsl

from po_toolkit.simulator.currencies import CURRENCIES
from po_toolkit.simulator.errors import ApiError, invalid, malformed

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


METADATA_KEYS = 50
METADATA_KEY_LENGTH = 40
METADATA_VALUE_LENGTH = 500


@cache
def described() -> dict[str, Any]:
    """Return the parameters of each endpoint, keyed by ``METHOD /template``."""
    text = resources.files("po_toolkit.simulator").joinpath("parameters.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def check(endpoint: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with their types, or refuse them as Stripe does.

    Raises:
        ApiError: An unknown, missing or ill-typed parameter, named with its full path.
    """
    checked: dict[str, Any] = _fields(described()[endpoint], given, "")
    return checked


def _fields(wanted: dict[str, Any], given: dict[str, Any], path: str) -> dict[str, Any]:
    """Check one group of named parameters."""
    unknown = [_join(path, name) for name in given if name not in wanted["fields"]]
    if unknown:
        plural = "s" if len(unknown) > 1 else ""
        raise malformed(
            f"Received unknown parameter{plural}: {', '.join(unknown)}",
            param=unknown[0],
            code="parameter_unknown",
        )
    for name in wanted.get("required", ()):
        if name not in given:
            missing = _join(path, name)
            raise malformed(
                f"Missing required param: {missing}.", param=missing, code="parameter_missing"
            )
    return {name: _value(wanted["fields"][name], v, _join(path, name)) for name, v in given.items()}


def _value(wanted: Any, given: Any, path: str) -> Any:
    """Check one value against its type."""
    if isinstance(wanted, list):
        return _first_that_fits(wanted, given, path)
    if isinstance(wanted, str):
        return _word(wanted, given, path)
    if "fields" in wanted:
        return _fields(wanted, _group(given, path), path)
    if "items" in wanted:
        return _list(wanted["items"], given, path)
    if "map" in wanted:
        return _map(_group(given, path), path)
    text = _scalar(given, path)
    return _choice(wanted["enum"], text, path) if "enum" in wanted else _text(text, wanted, path)


def _first_that_fits(choices: list[Any], given: Any, path: str) -> Any:
    """Check a value that may have one of several types."""
    if given == "":
        if {"enum": [""]} in choices:
            return None
        raise _empty(path)
    first: ApiError | None = None
    for choice in choices:
        if choice == {"enum": [""]} or isinstance(given, dict) != _takes_group(choice):
            continue
        try:
            return _value(choice, given, path)
        except ApiError as error:
            first = first or error
    raise first or malformed(f"Invalid value for {path}", param=path)


def _takes_group(wanted: Any) -> bool:
    return isinstance(wanted, dict) and bool({"fields", "map", "items"} & wanted.keys())


def _group(given: Any, path: str) -> dict[str, Any]:
    if isinstance(given, dict):
        return given
    raise malformed("Invalid object", param=path, code="parameter_invalid_object")


def _scalar(given: Any, path: str) -> str:
    if isinstance(given, str):
        return given
    raise malformed(f"Invalid string: {path} is a group of values", param=path)


def _list(wanted: Any, given: Any, path: str) -> list[Any]:
    entries = _group(given, path) if given != "" else {}
    if not all(key.isdigit() for key in entries):
        raise malformed("Invalid array", param=path, code="parameter_invalid_array")
    ordered = sorted(entries, key=int)
    return [_value(wanted, entries[key], f"{path}[{key}]") for key in ordered]


def _map(given: dict[str, Any], path: str) -> dict[str, str]:
    """Check metadata: 50 keys of 40 characters, values of 500."""
    if len(given) > METADATA_KEYS:
        raise malformed(
            f"You can have up to {METADATA_KEYS} keys of metadata, but you passed in {len(given)}.",
            param=path,
        )
    for key, value in given.items():
        if len(key) > METADATA_KEY_LENGTH:
            raise malformed(
                f"Metadata keys can have up to {METADATA_KEY_LENGTH} characters, but you passed "
                f"in a key that is {len(key)} characters. Invalid key: {key}",
                param=path,
            )
        text = _scalar(value, _join(path, key))
        if len(text) > METADATA_VALUE_LENGTH:
            raise malformed(
                f"Metadata values can have up to {METADATA_VALUE_LENGTH} characters, but you "
                f"passed in a value that is {len(text)} characters. Invalid value: {text}",
                param=path,
            )
    return dict(given)


def _choice(choices: list[str], given: str, path: str) -> str:
    if given in choices:
        return given
    *others, last = choices
    listed = f"{', '.join(others)}, or {last}" if others else last
    raise malformed(f"Invalid {path}: must be one of {listed}", param=path)


def _text(given: str, wanted: dict[str, int], path: str) -> str:
    longest = wanted["text"]
    if len(given) > longest:
        raise malformed(
            f"Invalid string: {given[:10]}...{given[-10:]}; must be at most {longest} characters",
            param=path,
        )
    return given


def _empty(path: str) -> ApiError:
    return malformed(
        f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset "
        f"a parameter; however '{path}' cannot be unset. You should remove '{path}' from your "
        f"request or supply a non-empty value.",
        param=path,
        code="parameter_invalid_empty",
    )


def _word(wanted: str, given: Any, path: str) -> Any:
    """Check a value whose type is one word."""
    text = _scalar(given, path)
    if wanted == "string":
        return text
    if text == "":
        raise _empty(path)
    if wanted in {"integer", "unix-time"}:
        return _integer(text, path)
    if wanted == "boolean":
        if text not in {"true", "false"}:
            raise malformed(f"Invalid boolean: {text}", param=path)
        return text == "true"
    if wanted in {"decimal", "number"}:
        return _decimal(text, path)
    if wanted == "currency":
        return _currency(text, path)
    return text


def _integer(text: str, path: str) -> int:
    if not re.fullmatch(r"-?[0-9]+", text) or abs(int(text)) >= 1 << 63:
        raise malformed(f"Invalid integer: {text}", param=path, code="parameter_invalid_integer")
    return int(text)


def _decimal(text: str, path: str) -> Decimal:
    if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)", text):
        raise malformed(f"Invalid decimal: {text}", param=path)
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > 12:
        raise malformed(
            f"Invalid decimal: {text}; must contain at maximum 12 decimal places.", param=path
        )
    return number


def _currency(text: str, path: str) -> str:
    code = text.lower()
    if code not in CURRENCIES:
        raise malformed(
            f"Invalid currency: {text}. Stripe currently supports these currencies: "
            f"{', '.join(sorted(CURRENCIES))}",
            param=path,
        )
    return code


def _join(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def merged(kept: dict[str, str], given: dict[str, str] | None) -> dict[str, str]:
    """Return an object's metadata after an update; ``None`` unsets all.

    Raises:
        ApiError: More than 50 keys would stand there.
    """
    if given is None:
        return {}
    result = {**kept, **given}
    result = {key: value for key, value in result.items() if value != ""}
    if len(result) > METADATA_KEYS:
        raise invalid(
            f"An object can have up to {METADATA_KEYS} keys of metadata.", param="metadata"
        )
    return result
