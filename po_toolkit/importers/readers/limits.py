"""Opens workbooks without letting one file take the app down.

Zip archives (XLSX and ODS are such) are checked and capped as they are unpacked. A few thousand
bytes can still unpack to gigabytes in ways that no check foresees, so a workbook is opened in a
process with limits of its own; then that process ends, and the imports of others go on.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.readers.contract import Reader, Sheet, Workbook

LARGEST_PART = 512 * 1024 * 1024
"""Bytes of one unpacked part; 100,000 lines of 12 columns unpack to about 60 million."""

LARGEST_SUM = 640 * 1024 * 1024
"""Bytes of all unpacked parts together."""

_LARGEST_RATIO = 150
"""Unpacked to packed, of all parts above 16 MB; spreadsheets stay below 60."""
_MOST_PARTS = 10_000

_CHUNK = 256 * 1024

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)


def is_archive(data: bytes) -> bool:
    """Tell whether a file begins as a zip archive does."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06"))


class Archive:
    """The parts of a zip archive, each checked as it is read."""

    def __init__(self, data: bytes) -> None:
        """Open the archive.

        Raises:
            ImportFileError: It is damaged, encrypted, or would unpack to far too much.
        """
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            raise _damaged(error) from None
        parts = self._zip.infolist()
        if any(part.flag_bits & 1 for part in parts):
            raise ImportFileError("The file is protected with a password. Save a copy without one.")
        size = sum(part.file_size for part in parts)
        largest = max((part.file_size for part in parts), default=0)
        bomb = size > max(16 << 20, _LARGEST_RATIO * len(data)) or len(parts) > _MOST_PARTS
        if bomb or largest > LARGEST_PART or size > LARGEST_SUM:
            raise ImportFileError(
                f"The file would unpack to {size / 1e6:,.0f} MB in {len(parts)} parts and was "
                f"not opened. A normal spreadsheet is never that large."
            )
        self.names = frozenset(self._zip.namelist())

    def read(self, name: str) -> bytes:
        """Return a whole part.

        Raises:
            ImportFileError: It is missing or damaged.
        """
        return b"".join(self.chunks(name))

    def chunks(self, name: str, *, largest: int = LARGEST_PART) -> Iterator[bytes]:
        """Return a part piece by piece; its checksum is proven at the end.

        Raises:
            ImportFileError: It is missing, damaged, or has more than ``largest`` bytes.
        """
        size = 0
        try:
            with self._zip.open(name) as part:
                while chunk := part.read(_CHUNK):
                    size += len(chunk)
                    if size > largest:
                        raise ImportFileError(
                            f"The file's part {name} has more than {largest / 1e6:,.0f} MB; a "
                            f"normal spreadsheet is never that large."
                        )
                    yield chunk
        except KeyError:
            raise ImportFileError(f"The file is damaged: its part {name} is missing.") from None
        except _BROKEN as error:
            raise _damaged(error) from None

    def prove(self) -> None:
        """Read every part once, so that nothing else meets a damaged one.

        Raises:
            ImportFileError: A part is damaged.
        """
        for name in self.names:
            for _ in self.chunks(name):
                pass


def _damaged(error: Exception) -> ImportFileError:
    return ImportFileError(
        f"The file is damaged or cut short ({error}). Save or download it again."
    )


MEMORY = 1536 * 1024 * 1024
"""Bytes of address space; 100,000 lines of 12 columns take about 400 million."""
SECONDS = 60
"""Of processor time; 100,000 lines take about 2."""


_CHILD = f"import sys; from {__name__} import main; main(sys.argv[1:])"


def open_limited(reader: Reader, data: bytes, sheet: str | None = None) -> Workbook:
    """Open a workbook and load its visible sheets, or the one that is asked for.

    Raises:
        ImportFileError: It cannot be read, or needs more memory or time than an import may take.
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    child = subprocess.run(  # noqa: S603 our own interpreter and module
        [sys.executable, "-c", _CHILD, reader.kind, sheet or "", str(MEMORY), str(SECONDS)],
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
