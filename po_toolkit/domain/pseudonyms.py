"""What stands in place of the address of somebody who was forgotten."""

from __future__ import annotations

import re
from secrets import token_hex

_PSEUDONYM = re.compile(r"forgotten-[0-9a-f]{8}@example\.invalid")


def new_pseudonym() -> str:
    """Return an address that reaches nobody and says nothing of whom it stands for.

    Source: RFC 2606, names under ``invalid`` exist nowhere.
    """
    return f"forgotten-{token_hex(4)}@example.invalid"


def is_pseudonym(address: str) -> bool:
    """Tell whether an address is such a one."""
    return _PSEUDONYM.fullmatch(address) is not None
