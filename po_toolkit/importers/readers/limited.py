"""Opens a workbook in a process with limits of its own.

A few thousand bytes can unpack to gigabytes in ways that no check foresees; then this process ends,
and the app and the imports of others go on.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from typing import Any

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.readers.contract import Reader, Sheet, Workbook

MEMORY = 1536 * 1024 * 1024
"""Bytes of address space; 100,000 lines of 12 columns take about 400 million."""
SECONDS = 60
"""Of processor time; 100,000 lines take about 2."""


def open_limited(reader: Reader, data: bytes, sheet: str | None = None) -> Workbook:
    """Open a workbook and load its visible sheets, or the one that is asked for.

    Raises:
        ImportFileError: It cannot be read, or needs more memory or time than an import may take.
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    child = subprocess.run(  # noqa: S603 our own interpreter and module
        [sys.executable, "-m", __name__, reader.kind, sheet or "", str(MEMORY), str(SECONDS)],
        input=data,
        capture_output=True,
        env=environment,
        check=False,
    )
    if child.returncode:
        raise ImportFileError(
            "The file needs more memory or time than an import may take, so it was not read. Copy "
            "the rows to a new spreadsheet and import that."
        )
    kind, found = pickle.loads(child.stdout)  # noqa: S301 written by our own process
    if kind == "error":
        raise ImportFileError(found)
    sheets: dict[str, Sheet] = found["sheets"]
    return Workbook(
        found["kind"],
        found["names"],
        sheets.__getitem__,
        hidden=found["hidden"],
        notes=found["notes"],
    )


def _work(reader: Reader, data: bytes, sheet: str) -> tuple[str, Any]:
    try:
        book = reader.open(data)
        wanted = [name for name in book.names if name == sheet] or list(book.visible())
        return "book", {
            "kind": book.kind,
            "names": book.names,
            "hidden": book.hidden,
            "notes": book.notes,
            "sheets": {name: book.sheet(name) for name in wanted},
        }
    except ImportFileError as error:
        return "error", str(error)


def _limit(memory: int, seconds: int) -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(arguments: list[str]) -> None:
    """Read a workbook from stdin and write its sheets to stdout."""
    from po_toolkit.importers.readers import readers

    kind, sheet, memory, seconds = arguments
    reader = next(one for one in readers() if one.kind == kind)
    _limit(int(memory), int(seconds))
    outcome = _work(reader, sys.stdin.buffer.read(), sheet)
    pickle.dump(outcome, sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)
    sys.stdout.buffer.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
