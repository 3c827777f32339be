"""Faults that can be switched on: lost connections, failures with and without the write, 429."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, get_args

Kind = Literal[
    "drop_before",
    "drop_after",
    "500",
    "500_stored_before",
    "500_stored_after",
    "429",
    "409",
    "lock_timeout",
]
"""What goes wrong.

- drop_before, drop_after: the connection is cut before or after the call was carried out.
- 500: nothing is done and nothing kept; the same call again works.
- 500_stored_before, 500_stored_after: a 500 is kept under the idempotency key, and the write was
  not done, or was.
- 429: too many requests. 409: the key is in use. lock_timeout: 429 with ``lock_timeout``.
"""


@dataclass
class Fault:
    """One fault, for the next ``times`` calls that match, after ``skip`` that pass."""

    path: str
    method: str
    kind: Kind
    times: int
    skip: int


class Faults:
    """The faults that are switched on."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, path: str, method: str, kind: str, times: int, skip: int) -> None:
        """Switch a fault on; ``*`` in the path stands for anything.

        Raises:
            ValueError: No such kind.
        """
        if kind not in get_args(Kind):
            raise ValueError(f"{kind!r} is not one of {', '.join(get_args(Kind))}.")
        known: Kind = kind  # type: ignore[assignment]  # compared with the very list above
        self._waiting.append(Fault(path, method.upper(), known, times, skip))

    def take(self, method: str, path: str) -> Kind | None:
        """Return what goes wrong with this call, and count it off."""
        for fault in self._waiting:
            if fault.method not in {method, "*"} or not fnmatchcase(path, fault.path):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self._waiting.remove(fault)
            return fault.kind
        return None

    def clear(self) -> None:
        """Switch all faults off."""
        self._waiting.clear()
