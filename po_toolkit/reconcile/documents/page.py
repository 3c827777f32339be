"""An A4 page that writes any script, with the furniture all documents share."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from po_toolkit.domain.translations import DOCUMENTS, Language
from po_toolkit.reconcile.documents.fonts import BOLD, REGULAR, fallbacks, writable

FACTURX_NAME = "factur-x.xml"

_XMP = """\
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
   <pdfaid:part>3</pdfaid:part>
   <pdfaid:conformance>B</pdfaid:conformance>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
   <pdf:Producer>po-toolkit</pdf:Producer>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
   <xmp:CreateDate>{made_at}</xmp:CreateDate>
   <xmp:ModifyDate>{made_at}</xmp:ModifyDate>
  </rdf:Description>{extension}
 </rdf:RDF>
</x:xmpmeta>"""
"""What PDF/A-3 wants to know of the document, always the same for the same document."""


def _property(name: str, words: str) -> str:
    return (
        '<rdf:li rdf:parseType="Resource"><pdfaProperty:name>' + name + "</pdfaProperty:name>"
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType>"
        "<pdfaProperty:category>external</pdfaProperty:category>"
        "<pdfaProperty:description>" + words + "</pdfaProperty:description></rdf:li>"
    )


_FACTURX_XMP = f"""
  <rdf:Description rdf:about="" xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#">
   <fx:DocumentType>INVOICE</fx:DocumentType>
   <fx:DocumentFileName>{FACTURX_NAME}</fx:DocumentFileName>
   <fx:Version>1.0</fx:Version>
   <fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>
  </rdf:Description>
  <rdf:Description rdf:about=""
    xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
    xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
    xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
   <pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
    <pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>
    <pdfaSchema:namespaceURI>urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#</pdfaSchema:namespaceURI>
    <pdfaSchema:prefix>fx</pdfaSchema:prefix>
    <pdfaSchema:property><rdf:Seq>
     {_property("DocumentFileName", "Name of the embedded XML file")}
     {_property("DocumentType", "INVOICE")}
     {_property("Version", "Version of the Factur-X XML schema")}
     {_property("ConformanceLevel", "Conformance level of the embedded XML")}
    </rdf:Seq></pdfaSchema:property>
   </rdf:li></rdf:Bag></pdfaExtension:schemas>
  </rdf:Description>"""
"""How a PDF says that an invoice is inside. Source: Factur-X 1.0.7, section 6.2 (XMP)."""

_UNBROKEN = 16
"""So many letters of a word stay on one line; a longer one is broken where it must be."""


def _breadth(text: str) -> int:
    """Tell about how wide a text is: an ideograph is as wide as two letters."""
    return len(text) + sum(1 for letter in text if letter > "\u2e80")


_GREY = (105, 105, 105)
_LINE = (200, 200, 200)
_SHADE = (242, 242, 242)


class Page(FPDF):
    """A document of one or more A4 pages, as PDF/A-3B (ISO 19005-3).

    Args:
        texts: Everything that will be written, so that fonts for all of it are at hand.
        title: The document's title in its properties.
        made_at: Its date in its properties; the same content at the same time is the same bytes.
        labels: The language of its words; by default English.
        small_print: Written at the foot of each page.
        facturx: CII XML to embed, which makes it a Factur-X and ZUGFeRD document.
        landscape: On its long side, for wide tables.

    Raises:
        PoToolkitError: No font of this machine has one of the letters.
    """

    def __init__(
        self,
        texts: Sequence[str],
        *,
        title: str,
        made_at: datetime,
        labels: Language | None = None,
        small_print: str = "",
        facturx: bytes | None = None,
        landscape: bool = False,
    ) -> None:
        """Load the fonts and open the first page."""
        super().__init__(
            orientation="landscape" if landscape else "portrait",
            format="A4",
            enforce_compliance="PDF/A-3B",
        )
        self._labels = labels or Language.of("en", DOCUMENTS)
        self._page_of = self._labels("Page {page} of {pages}")
        self._fonts = fallbacks("".join([*texts, title, small_print, self._page_of]))
        self._small_print = small_print
        self._title, self._made_at, self._facturx = title, made_at.astimezone(UTC), facturx
        self.set_creation_date(made_at)
        self.set_title(title)
        self.set_producer("po-toolkit")
        self.set_lang(str(self._labels.locale).replace("_", "-"))
        self.set_margin(14 if landscape else 18)
        self.set_auto_page_break(auto=True, margin=24)
        self.add_font("Sans", "", REGULAR)
        self.add_font("Sans", "B", BOLD)
        for font in self._fonts:
            for style in ("", "B"):
                self.add_font(font.stem, style, font)
        self.set_fallback_fonts([f.stem for f in self._fonts], exact_match=False)
        self.set_text_shaping(use_shaping_engine=True)
        self.add_page()

    def footer(self) -> None:
        """Write the small print and the page number at the foot of the page."""
        self.set_y(-20)
        self.set_font("Sans", size=7.5)
        self.set_text_color(*_GREY)
        if self._small_print:
            self.multi_cell(
                0,
                3.6,
                self.clean(self._small_print),
                align="L",
                new_x=XPos.LMARGIN,
                new_y=YPos.NEXT,
            )
        self.cell(0, 4, self._page_of.format(page=self.page_no(), pages="{nb}"), align="R")
        self.set_text_color(0)

    def clean(self, text: str) -> str:
        """Return the text without control characters and pictures no font has."""
        lines = text.replace("\r\n", "\n").split("\n")
        flat = ["".join(c if c.isprintable() else " " for c in line).strip() for line in lines]
        return writable("\n".join(flat), self._fonts)

    def heading(self, name: str, title: str) -> None:
        """Write whose document it is, and what it is."""
        self.set_font("Sans", size=11)
        self.set_text_color(*_GREY)
        self.multi_cell(0, 6, self.clean(name), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_text_color(0)
        self.set_font("Sans", "B", 20)
        self.multi_cell(0, 11, self.clean(title), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(4)

    def beside(self, left: Sequence[str], right: Sequence[tuple[str, str]]) -> None:
        """Write an address on the left and facts with their names on the right."""
        top = self.get_y()
        self.set_font("Sans", size=10)
        for number, line in enumerate(left):
            self.set_font("Sans", "B" if number == 0 else "", 10)
            self.multi_cell(
                84, 5.2, self.clean(line), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
            )
        bottom = self.get_y()
        self.set_y(top)
        for name, value in right:
            self.set_x(102)
            self.set_font("Sans", size=9)
            self.set_text_color(*_GREY)
            self.cell(42, 5.2, name)
            self.set_text_color(0)
            self.set_font("Sans", size=10)
            self.multi_cell(
                0, 5.2, self.clean(value), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
            )
        self.set_y(max(bottom, self.get_y()) + 7)

    def grid(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        widths: Sequence[int],
    ) -> None:
        """Write a table; its last three columns are figures. The head repeats on each page."""
        self.set_font("Sans", size=9)
        self.set_draw_color(*_LINE)
        align = ["LEFT"] * (len(head) - 3) + ["RIGHT"] * 3
        with self.table(
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            col_widths=tuple(widths),
            headings_style=FontFace(emphasis="BOLD", fill_color=_SHADE),
            line_height=5,
            padding=(1.2, 1),
            text_align=tuple(align),
        ) as table:
            table.row([self.clean(cell) for cell in head])
            for row in rows:
                table.row([self.clean(cell) for cell in row])
        self.ln(3)

    def sums(self, rows: Sequence[tuple[str, str, bool]]) -> None:
        """Write sums below each other at the right edge; the marked ones are bold."""
        if self.get_y() + 6 * len(rows) > self.page_break_trigger:
            self.add_page()
        for name, amount, important in rows:
            self.set_x(100)
            self.set_font("Sans", "B" if important else "", 11 if important else 9.5)
            self.cell(48, 6.5 if important else 5.5, name)
            self.cell(0, 6.5 if important else 5.5, amount, align="R")
            self.ln()
        self.ln(4)

    def paragraph(self, text: str, *, link: str = "") -> None:
        """Write a paragraph; the whole of it leads to ``link`` where one is given."""
        self.set_font("Sans", size=9.5)
        self.set_text_color(*((0, 84, 166) if link else (0, 0, 0)))
        self.multi_cell(
            0, 5, self.clean(text), link=link, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )
        self.set_text_color(0)
        self.ln(2)

    def subheading(self, text: str, size: float, *, room: float = 30) -> None:
        """Write a heading, on the next page where less than ``room`` mm are left for it."""
        if self.get_y() + room > self.page_break_trigger:
            self.add_page()
        self.set_font("Sans", "B", size)
        self.ln(2)
        self.multi_cell(
            0, size * 0.55, self.clean(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )
        self.ln(1)

    def verdict(self, text: str, colour: tuple[int, int, int]) -> None:
        """Write the result, with a bar of its colour beside it."""
        self.set_font("Sans", "B", 12)
        top = self.get_y()
        self.set_x(self.l_margin + 4)
        self.multi_cell(0, 6.5, self.clean(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_fill_color(*colour)
        self.rect(self.l_margin, top, 1.6, self.get_y() - top, style="F")
        self.ln(3)

    def picture(self, image: io.BytesIO, *, width: float, alt: str) -> None:
        """Place a chart, so many mm wide, on this page or the next."""
        self.image(image, w=width, alt_text=self.clean(alt))
        self.ln(2)

    def sheet(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        right: Collection[int],
        long: Collection[int],
        foot: Sequence[str] | None = None,
    ) -> None:
        """Write a wide table as small as it must be; only ``long`` columns break into lines.

        The head stays with the first row, and the sums with the last. The head repeats on each
        page; ``right`` are the places of the columns of figures; the sums of ``foot`` are in bold.
        """
        every = [head, *rows, *([foot] if foot else [])]
        cells = [[self.clean(cell) for cell in row] for row in every]
        size, widths = self._fitted(cells, long)
        self.set_font("Sans", size=size)
        self.set_draw_color(*_LINE)
        line = size * 0.46
        wrapped = [
            [
                self._wrapped(text, width - 2, size, bold=number == 0)
                if place in long or number == 0
                else [text]
                for place, (text, width) in enumerate(zip(row, widths, strict=True))
            ]
            for number, row in enumerate(cells)
        ]
        heights = [line * max(len(lines) for lines in row) + 1.4 for row in wrapped]
        last = len(cells) - 1
        for number, row in enumerate(wrapped):
            is_sum = foot is not None and number == last
            together = number == 0 or (foot is not None and number == last - 1)
            if self.get_y() + sum(heights[number : number + 1 + together]) > (
                self.page_break_trigger
            ):
                self.add_page()
                if number:
                    self._sheet_row(wrapped[0], widths, right, size, bold=True, shaded=True)
            self._sheet_row(
                row, widths, right, size, bold=number == 0 or is_sum, shaded=number == 0
            )
        self.ln(3)

    def _sheet_row(
        self,
        wrapped: Sequence[Sequence[str]],
        widths: Sequence[float],
        right: Collection[int],
        size: float,
        *,
        bold: bool,
        shaded: bool,
    ) -> None:
        line = size * 0.46
        height = line * max(len(lines) for lines in wrapped) + 1.4
        top, x = self.get_y(), self.l_margin
        self.set_font("Sans", "B" if bold else "", size)
        if shaded:
            self.set_fill_color(*_SHADE)
            self.rect(x, top, sum(widths), height, style="F")
        for place, (lines, width) in enumerate(zip(wrapped, widths, strict=True)):
            for number, text in enumerate(lines):
                self.set_xy(x, top + 0.7 + number * line)
                if text:
                    self.cell(width, line, text, align="R" if place in right else "L")
            x += width
        self.line(self.l_margin, top + height, x, top + height)
        self.set_xy(self.l_margin, top + height)

    def _fitted(
        self, cells: Sequence[Sequence[str]], long: Collection[int]
    ) -> tuple[float, list[float]]:
        """Return the largest type, and the widths, at which the columns stand side by side."""
        columns = list(zip(*cells, strict=True))
        self.set_font("Sans", "B", 10)

        def widest(texts: Iterable[str]) -> float:
            some = sorted(set(texts), key=_breadth)[-8:]
            return max((self.get_string_width(text) for text in some), default=0.0) / 10

        def parts(texts: Iterable[str]) -> list[str]:
            return [part[:_UNBROKEN] for text in texts for part in text.split()]

        needed, wanted = [], []
        for place, texts in enumerate(columns):
            body = parts(texts[1:]) if place in long else texts[1:]
            needed.append(max(widest(parts(texts[:1])), widest(body)))
            wanted.append(max(needed[-1], min(widest(texts), 6.0) if place in long else 0.0))
        room = self.epw - 2.6 * len(columns)
        size = max(min(room / sum(wanted), room / sum(needed), 8.5), 4.0)
        if size < 6.5:
            size = max(min(room / sum(needed), 6.5), 4.0)
            wanted = needed
        widths = [width * size + 2.6 for width in wanted]
        spare = self.epw - sum(widths)
        growing = [place for place in range(len(widths)) if place in long]
        for place in growing if spare > 0 else []:
            widths[place] += min(spare / len(growing), 50.0)
        return size, widths

    def _wrapped(self, text: str, width: float, size: float, *, bold: bool) -> list[str]:
        self.set_font("Sans", "B" if bold else "", size)
        lines, line = [], ""
        for word in text.split():
            longer = f"{line} {word}".strip()
            if line and self.get_string_width(longer) > width:
                lines.append(line)
                longer = word
            while len(longer) > _UNBROKEN and self.get_string_width(longer) > width:
                end = next(
                    (n for n in range(len(longer) - 1, 1, -1)
                     if self.get_string_width(longer[:n]) <= width), 1,
                )  # fmt: skip
                lines.append(longer[:end])
                longer = longer[end:]
            line = longer
        return [*lines, line]

    def content(self) -> bytes:
        """Return the document."""
        made_at = f"{self._made_at:%Y-%m-%dT%H:%M:%S}+00:00"
        extension = ""
        if self._facturx is not None:
            extension = _FACTURX_XMP
            self.embed_file(
                bytes=self._facturx,
                basename=FACTURX_NAME,
                desc="Factur-X invoice",
                mime_type="text/xml",
                associated_file_relationship="Alternative",
                creation_date=self._made_at,
                modification_date=self._made_at,
                compress=True,
            )
        self.set_xmp_metadata(
            _XMP.format(title=escape(self._title), made_at=made_at, extension=extension)
        )
        return bytes(self.output())
