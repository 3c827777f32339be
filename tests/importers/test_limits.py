"""A small file that unpacks to a large one is refused, and takes nothing down with it."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.readers import limits, open_workbook


def workbook(**replaced: bytes) -> bytes:
    """Return a small workbook with some of its parts replaced; ``_`` stands for ``/``."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Company", "Email", "Amount"])
    sheet.append(["Acme", "ap@acme.example", 5])
    plain = io.BytesIO()
    book.save(plain)
    parts = {name.replace("_", "/", 1): content for name, content in replaced.items()}
    out = io.BytesIO()
    with (
        zipfile.ZipFile(plain) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target,
    ):
        for name in source.namelist():
            target.writestr(name, parts.pop(name.removesuffix(".xml"), None) or source.read(name))
        for name, content in parts.items():
            target.writestr(name, content)
    return out.getvalue()


MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def styles(count: int) -> bytes:
    cells = b'<xf numFmtId="0" fontId="0"/>' * count
    return b"<styleSheet " + MAIN + b"><cellXfs>" + cells + b"</cellXfs></styleSheet>"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda: workbook(xl_styles=b"<styleSheet>" + b" " * 9_000_000), "more than 8 MB"),
        (lambda: workbook(xl_styles=styles(285_000)), "more entries than a spreadsheet has"),
        (lambda: workbook(xl_theme=b" " * 40_000_000), "would unpack to"),
        (lambda: workbook(**{f"xl_{n}": b" " * 4_000_000 for n in range(8)}), "would unpack to"),
    ],
    ids=["a large directory", "a directory of many entries", "one large part", "many parts"],
)
def test_a_few_kilobytes_cannot_cost_gigabytes(content: object, words: str) -> None:
    """Else one file by mail takes the app away from everybody."""
    made = content()  # type: ignore[operator]  # each is a function without arguments
    assert len(made) < 70_000
    with pytest.raises(ImportFileError, match=words):
        open_workbook(made, "bomb.xlsx")


def test_cells_far_apart_are_no_table_of_their_holes() -> None:
    """A stray cell in the last corner must not become seventeen thousand million cells."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["XFD1048576"] = "Company", "stray"
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(ImportFileError, match="too large a table"):
        open_workbook(out.getvalue(), "far.xlsx")


@pytest.mark.parametrize("limit", ["MEMORY", "SECONDS"])
def test_a_file_beyond_the_limits_ends_its_own_process_only(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """What no check foresees ends in one sentence; the next file is read."""
    good = workbook()
    large = io.BytesIO(good)
    with zipfile.ZipFile(large, "a") as archive:
        archive.writestr("xl/media/picture.bin", bytes(48_000_000))
    monkeypatch.setattr(limits, limit, 40 * 1024 * 1024 if limit == "MEMORY" else 0)
    with pytest.raises(ImportFileError, match="more memory or time"):
        open_workbook(large.getvalue(), "large.xlsx")
    monkeypatch.undo()
    assert open_workbook(good, "good.xlsx").names == ["Sheet"]
