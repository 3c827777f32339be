"""Ends whoever uses a database, as a loss of power or Ctrl-C does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine


@contextmanager
def interrupted(after: int, how: type[BaseException]) -> Iterator[None]:
    """Raise an exception in whoever runs one statement more than so many."""
    left = [after]

    def count(*_: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise how

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", count)
