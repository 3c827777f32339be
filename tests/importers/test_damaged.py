"""Damaged files: one clear error, never a traceback, never a half-written batch.

Files reach us cut short by a mail gateway, with bytes flipped by a stick, or made on purpose.
"""

from __future__ import annotations

import contextlib
import io
import random
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.bootstrap import OpenConference
from po_toolkit.errors import ImportFileError
from po_toolkit.importers.orders import Options, read_orders
from po_toolkit.importers.readers import reader_of
from po_toolkit.importers.table import choose_sheet, read_table
from po_toolkit.store.tables import ImportBatch, ImportRow, PurchaseOrder, PurchaseOrderLineItem

CORPUS = Path(__file__).parent / "corpus"
WHOLE = {
    path.name: path.read_bytes()
    for path in sorted(CORPUS.iterdir())
    if path.suffix != ".json" and 0 < path.stat().st_size < 60_000
}
BOOKS = [name for name in WHOLE if name.endswith((".xlsx", ".xls", ".ods"))]


def try_to_read(content: bytes) -> None:
    """Read a file as far as it goes; only our own error may come out of it."""
    with contextlib.suppress(ImportFileError):
        book = reader_of(content).open(content)
        for name in book.names:
            with contextlib.suppress(ImportFileError):
                read_orders(read_table(choose_sheet(book, name)), Options("usd"))


@settings(max_examples=80, deadline=None)
@given(name=st.sampled_from(sorted(WHOLE)), seed=st.integers(0, 2**32))
def test_flipped_cut_and_doubled_bytes_fail_in_words(name: str, seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(WHOLE[name])
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(content) or 1)
        match chance.randrange(4):
            case 0:
                content[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del content[at:]
            case 2:
                content[at:at] = content[: chance.randrange(len(content) + 1)]
            case _:
                del content[at : at + chance.randint(1, 200)]
    try_to_read(bytes(content))


@settings(max_examples=80, deadline=None)
@given(name=st.sampled_from(BOOKS), seed=st.integers(0, 2**32))
def test_parts_damaged_under_a_right_checksum_fail_in_words(name: str, seed: int) -> None:
    """A program that writes nonsense writes it with a good checksum."""
    if not name.endswith((".xlsx", ".ods")):
        try_to_read(damaged(WHOLE[name], random.Random(seed)))
        return
    chance = random.Random(seed)
    out = io.BytesIO()
    try:
        source = zipfile.ZipFile(io.BytesIO(WHOLE[name]))
    except zipfile.BadZipFile:
        return
    with source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.namelist():
            try:
                content = source.read(part)
            except (zipfile.BadZipFile, zlib.error, RuntimeError):
                content = b""
            if chance.random() < 0.3:
                content = damaged(content, chance)
            if chance.random() > 0.05:
                target.writestr(part, content)
    try_to_read(out.getvalue())


def damaged(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        piece = chance.choice([b"", b"<", b'"', b"&#0;", b"999999999", b"\xff", b"-1", b"<c r='"])
        changed[at : at + chance.randrange(4)] = piece
    return bytes(changed)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_at_all_fail_in_words(content: bytes) -> None:
    try_to_read(content)
    try_to_read(b"PK\x03\x04" + content)
    try_to_read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + content)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_cells_under_a_good_header_fail_row_by_row(text: str) -> None:
    header = "organization_name,contact_email,po_number,unit_price,quantity,due_date,currency\n"
    try_to_read((header + text).encode("utf-8", "replace"))


@pytest.mark.parametrize("name", sorted(WHOLE)[::4])
def test_a_damaged_file_writes_nothing_or_a_whole_batch(
    name: str, conference: OpenConference
) -> None:
    content = WHOLE[name]
    for size in (len(content) // 3, len(content) // 2, len(content) - 1):
        try:
            import_purchase_orders(conference, content[:size])
        except ImportFileError:
            continue
    with conference.store.reading() as session:
        counted = [
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in (ImportBatch, ImportRow, PurchaseOrder, PurchaseOrderLineItem)
        ]
        without_rows = session.scalars(
            select(ImportBatch.id).where(ImportBatch.id.not_in(select(ImportRow.batch_id)))
        ).all()
        without_lines = session.scalars(
            select(PurchaseOrder.id).where(
                PurchaseOrder.id.not_in(select(PurchaseOrderLineItem.purchase_order_id))
            )
        ).all()
    assert not without_rows, counted
    assert not without_lines, counted
