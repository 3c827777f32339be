"""Progress of a long command, on stderr and only for a person who watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def progress_of(total: int, noun: str) -> Iterator[Callable[[Any], None]]:
    """Give a function to call after each finished piece of work, whatever its result."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(noun, total=total)

        def step(_result: Any) -> None:
            bar.advance(task)

        yield step
