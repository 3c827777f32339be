"""The small parts of an XLSX file: where each sheet is, what its formats show, how it was saved."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, fromstring

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.archive import Archive
from po_toolkit.importers.number_formats import NumberFormat, read_format


@dataclass(frozen=True, slots=True)
class XlsxParts:
    """What the sheets' own parts do not say.

    Attributes:
        sheets: Sheet name → the archive's part that holds it.
        hidden: Names of hidden sheets.
        formats: Cell style → its number format, for formats that show more than the number.
        uncalculated: Whether the program that wrote the file left its formulas to be calculated.
    """

    sheets: dict[str, str]
    hidden: frozenset[str]
    formats: dict[int, NumberFormat]
    uncalculated: bool


def read_parts(archive: Archive) -> XlsxParts:
    """Read the workbook's directory and styles.

    Raises:
        ImportFileError: They are damaged.
    """
    book = parse(archive, "xl/workbook.xml")
    targets = {}
    if "xl/_rels/workbook.xml.rels" in archive.names:
        for relation in parse(archive, "xl/_rels/workbook.xml.rels"):
            target = relation.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
            targets[relation.get("Id", "")] = posixpath.normpath(path)
    sheets, hidden = {}, set()
    for sheet in _all(book, "sheet"):
        name = sheet.get("name", "")
        relation_id = next((v for k, v in sheet.attrib.items() if _local(k) == "id"), "")
        part = targets.get(relation_id, "")
        if part in archive.names and "worksheets" in part:
            sheets[name] = part
        if sheet.get("state", "visible") != "visible":
            hidden.add(name)
    calculation = next(iter(_all(book, "calcPr")), None)
    full = calculation is not None and calculation.get("fullCalcOnLoad") in ("1", "true")
    return XlsxParts(sheets, frozenset(hidden), _formats(archive), full)


def _formats(archive: Archive) -> dict[int, NumberFormat]:
    if "xl/styles.xml" not in archive.names:
        return {}
    styles = parse(archive, "xl/styles.xml")
    telling = {
        code.get("numFmtId"): found
        for code in _all(styles, "numFmt")
        if (found := read_format(code.get("formatCode", "")))
    }
    cell_styles = next(iter(_all(styles, "cellXfs")), None)
    return {
        index: telling[style.get("numFmtId")]
        for index, style in enumerate(cell_styles if cell_styles is not None else ())
        if style.get("numFmtId") in telling
    }


def parse(archive: Archive, name: str) -> Element:
    """Parse a small XML part.

    Raises:
        ImportFileError: It is no XML, or declares entities.
    """
    data = archive.read(name)
    if b"<!DOCTYPE" in data[:4096] or b"<!ENTITY" in data:
        raise ImportFileError(f"The file's part {name} declares entities and was not read.")
    try:
        return fromstring(data)  # noqa: S314 entities are refused above
    except (ParseError, LookupError, ValueError) as error:
        raise ImportFileError(f"The file is damaged: {name}: {error}.") from None


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _all(root: Element, name: str) -> list[Element]:
    return [element for element in root.iter() if _local(element.tag) == name]
