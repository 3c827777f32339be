"""Metadata: set by key, unset by an empty value, all unset by an empty ``metadata``."""

from __future__ import annotations

from po_toolkit.simulator.errors import invalid
from po_toolkit.simulator.parameters import METADATA_KEYS


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
