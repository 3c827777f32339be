"""XML as plain nodes that know their line; a document type, which could hide bombs, is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from po_toolkit.errors import ImportFileError

_DECLARED = re.compile(rb"""<\?xml[^>]*encoding=["']([A-Za-z0-9._-]+)["'][^>]*\?>""")


@dataclass(slots=True)
class Node:
    """One element, its namespace left out."""

    tag: str
    line: int
    attributes: dict[str, str]
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, path: str) -> list[Node]:
        """Return the elements at a path of tags such as ``Bal/Amt``."""
        found = [self]
        for tag in path.split("/"):
            found = [child for node in found for child in node.children if child.tag == tag]
        return found

    def one(self, path: str) -> Node | None:
        """Return the first element at a path."""
        found = self.all(path)
        return found[0] if found else None

    def value(self, *paths: str) -> str:
        """Return the text of the first of these paths that holds any."""
        for path in paths:
            for node in self.all(path):
                if node.text.strip():
                    return node.text.strip()
        return ""

    def walk(self) -> Iterator[Node]:
        """Visit the element and all within it."""
        yield self
        for child in self.children:
            yield from child.walk()


def parse(data: bytes) -> Node:
    """Parse an XML document.

    Raises:
        ImportFileError: It is no well-formed XML, is cut short, or has a document type.
    """
    root = Node("", 0, {})
    open_nodes = [root]
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        node = Node(name.rpartition(":")[2], parser.CurrentLineNumber, attributes)
        open_nodes[-1].children.append(node)
        open_nodes.append(node)

    def text(chunk: str) -> None:
        open_nodes[-1].text += chunk

    def refuse(*_: object) -> None:
        raise ImportFileError("The file declares a document type, which no bank statement has.")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: open_nodes.pop()
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(_readable(data), True)
    except expat.ExpatError as error:
        why = expat.ErrorString(error.code)
        raise ImportFileError(
            f"The XML is damaged or cut short in line {error.lineno}: {why}."
        ) from None
    return root.children[0]


def _readable(data: bytes) -> bytes:
    """Return the document in an encoding that the parser knows; it knows but four."""
    data = data.lstrip()
    declared = _DECLARED.match(data)
    name = declared[1].decode("ascii") if declared else "utf-8"
    if declared is None or name.lower() in ("utf-8", "utf-16", "iso-8859-1", "us-ascii"):
        return data
    try:
        return data[declared.end() :].decode(name).encode()
    except (LookupError, UnicodeDecodeError):
        raise ImportFileError(f"The XML says that it is {name}, and is not.") from None
