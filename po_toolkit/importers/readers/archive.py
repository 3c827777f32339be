"""Zip archives (XLSX and ODS are such) opened without being blown up by them."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

from po_toolkit.errors import ImportFileError

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
                f"The file would unpack to {size / 1e6:,.0f} MB in {len(parts)} parts and was not "
                "opened. A spreadsheet is not like that."
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
                            "spreadsheet is not like that."
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
