"""Zip archives (XLSX and ODS are such) opened without being blown up by them."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

from po_toolkit.errors import ImportFileError

LARGEST_PART = 512 * 1024 * 1024
"""Bytes of one unpacked part; 100,000 lines of 12 columns unpack to about 60 million."""

_LARGEST_RATIO = 300
"""Unpacked to packed, of a part above 16 MB; spreadsheets stay below 60."""

_CHUNK = 1024 * 1024

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)


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
        for part in self._zip.infolist():
            if part.flag_bits & 1:
                raise ImportFileError(
                    "The file is protected with a password. Save a copy without one."
                )
            bomb = part.file_size > max(16 << 20, _LARGEST_RATIO * part.compress_size)
            if bomb or part.file_size > LARGEST_PART:
                raise ImportFileError(
                    f"The file would unpack to {part.file_size / 1e6:,.0f} MB and was not opened. "
                    "A spreadsheet is not like that."
                )
        self.names = frozenset(self._zip.namelist())

    def read(self, name: str) -> bytes:
        """Return a whole part.

        Raises:
            ImportFileError: It is missing or damaged.
        """
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """Return a part piece by piece; its checksum is proven at the end.

        Raises:
            ImportFileError: It is missing or damaged.
        """
        try:
            with self._zip.open(name) as part:
                while chunk := part.read(_CHUNK):
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
