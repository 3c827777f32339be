"""A report on paper: A4 landscape, every row and column, charts as images."""

from __future__ import annotations

import io
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
    made = f"Made {report.made_at:%d %b %Y, %H:%M} ({report.made_at.tzname()})"
    texts = chain(
        [report.conference, report.title, report.period, report.verdict, made],
        *(_texts(section) for section in report.sections),
    )
    page = Page(
        list(texts),
        title=f"{report.conference}: {report.title}",
        made_at=report.made_at,
        small_print=made,
        landscape=True,
    )
    page.heading(report.conference, report.title)
    page.paragraph(report.period)
    page.verdict(report.verdict, _FRAME[report.agrees])
    for section in report.sections:
        _write(page, section)
    return page.content()


def _texts(section: Section) -> list[str]:
    found = [section.title, section.intro, section.nothing]
    for part in section.parts:
        found.append(part.title)
        if isinstance(part, Sheet):
            found += [part.note, *part.head, *chain.from_iterable(part.rows)]
    return found


def _write(page: Page, section: Section) -> None:
    page.subheading(section.title, 13)
    if section.intro:
        page.paragraph(section.intro)
    if not section.parts:
        page.paragraph(section.nothing)
    for part in section.parts:
        if isinstance(part, Chart):
            page.subheading(part.title, 9.5)
            page.picture(io.BytesIO(part.png()), alt=part.title)
        else:
            _table(page, part)


def _table(page: Page, sheet: Sheet) -> None:
    if sheet.title:
        page.subheading(sheet.title, 9.5)
    if sheet.note:
        page.paragraph(sheet.note)
    page.sheet(sheet.head, sheet.rows, right=sheet.right, long=sheet.long)
