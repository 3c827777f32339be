"""A report on paper: A4 landscape, every row and column, charts as images."""

from __future__ import annotations

import io
import struct
from itertools import chain

from po_toolkit.reconcile.documents.page import Page
from po_toolkit.reconcile.report import Chart, Report, Section, Sheet

_FRAME = {True: (26, 127, 55), False: (179, 89, 0), None: (102, 102, 102)}
"""The colour beside the verdict."""


def report_pdf(report: Report) -> bytes:
    """Return a report as PDF.

    Raises:
        PoToolkitError: No font of this machine has one of its letters.
    """
    texts = chain(
        [report.conference, report.title, report.period, report.verdict],
        *(_texts(section) for section in report.printed),
    )
    page = Page(
        list(texts),
        title=f"{report.conference}: {report.title}",
        made_at=report.made_at,
        small_print=report.small_print,
        landscape=True,
    )
    page.heading(report.conference, report.title)
    page.paragraph(report.period)
    page.verdict(report.verdict, _FRAME[report.agrees])
    for section in report.printed:
        _write(page, section)
    return page.content()


def _texts(section: Section) -> list[str]:
    found = [section.title, section.intro, section.nothing]
    for part in section.parts:
        found.append(part.title)
        if isinstance(part, Sheet):
            found += [part.note, *part.head, *chain.from_iterable(part.rows), *(part.foot or [])]
    return found


_WIDTH = 150.0
"""Of a chart, in mm."""


def _write(page: Page, section: Section) -> None:
    images = [part.png() if isinstance(part, Chart) else b"" for part in section.parts]
    rooms = [
        30 + 5 * (len(part.note) // 130) if isinstance(part, Sheet) else 12 + _height(image)
        for part, image in zip(section.parts, images, strict=True)
    ]
    page.subheading(section.title, 13, room=12 + rooms[0] if rooms else 30)
    if section.intro:
        page.paragraph(section.intro)
    if not section.parts:
        page.paragraph(section.nothing)
    for part, image, room in zip(section.parts, images, rooms, strict=True):
        if isinstance(part, Chart):
            page.subheading(part.title, 9.5, room=room)
            page.picture(io.BytesIO(image), width=_WIDTH, alt=part.title)
        else:
            _table(page, part, room)


def _height(png: bytes) -> float:
    """Return how high an image is drawn, in mm; its width and height follow PNG's signature."""
    width, height = struct.unpack(">II", png[16:24])
    return float(_WIDTH * height / width)


def _table(page: Page, sheet: Sheet, room: float) -> None:
    if sheet.title:
        page.subheading(sheet.title, 9.5, room=room)
    if sheet.note:
        page.paragraph(sheet.note)
    page.sheet(sheet.head, sheet.rows, right=sheet.right, long=sheet.long, foot=sheet.foot)
