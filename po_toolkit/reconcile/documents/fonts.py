"""Fonts for names in any script: bundled ones first, then those of this machine.

DejaVu Sans covers Latin, Greek, Cyrillic, Arabic and Hebrew, Droid Sans Fallback Chinese and
Japanese, NanumSquare Korean. For another script a font of the machine is looked for; a letter that
no font has is an error, never an empty box on an invoice.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path

from fontTools.ttLib import TTFont, TTLibError

from po_toolkit.errors import PoToolkitError

_FOLDER = Path(__file__).parent / "fonts"
REGULAR = _FOLDER / "DejaVuSans.ttf"
BOLD = _FOLDER / "DejaVuSans-Bold.ttf"
BUNDLED = (_FOLDER / "DroidSansFallbackFull.ttf", _FOLDER / "NanumSquareR.ttf")

_SYSTEM_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("/Library/Fonts"),
    Path("/System/Library/Fonts"),
    Path("C:/Windows/Fonts"),
    Path.home() / ".fonts",
    Path.home() / ".local/share/fonts",
    Path.home() / "Library/Fonts",
)


@cache
def covered(font: Path) -> frozenset[int]:
    """Return the code points that a font has a glyph for; none when it cannot be read."""
    try:
        with TTFont(font, lazy=True) as opened:
            return frozenset(opened.getBestCmap() or ())
    except (TTLibError, OSError, AttributeError):
        return frozenset()


def fallbacks(text: str) -> list[Path]:
    """Return the fonts needed beside DejaVu Sans to write a text.

    Raises:
        PoToolkitError: No font of this machine has one of its letters; the message names it.
    """
    missing = {c for c in text if _needs_glyph(c)} - _characters(REGULAR)
    chosen: list[Path] = []
    for font in chain(BUNDLED, _installed()):
        if not missing:
            break
        found = missing & _characters(font)
        if found:
            chosen.append(font)
            missing -= found
    unknown = sorted(c for c in missing if not _may_be_dropped(c))
    if unknown:
        raise PoToolkitError(
            f"No font on this machine can write {unknown[0]!r} "
            f"({unicodedata.name(unknown[0], 'unnamed')}). Install one that can; on Debian: "
            f"apt-get install fonts-noto-core."
        )
    return chosen


def writable(text: str, fonts: Iterable[Path]) -> str:
    """Return the text without symbols that none of the fonts has, such as emoji."""
    if text.isascii():
        return text
    sets = [_characters(font) for font in (REGULAR, *fonts)]
    return "".join(c for c in text if any(c in known for known in sets) or not _needs_glyph(c))


@cache
def _characters(font: Path) -> set[str]:
    return {chr(code) for code in covered(font)}


def _needs_glyph(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character) not in ("Cc", "Cf", "Cs")


def _may_be_dropped(character: str) -> bool:
    """Tell whether a text says the same without it: pictures and joiners, never a letter."""
    return unicodedata.category(character) in ("So", "Sk", "Mn", "Me", "Co", "Cn")


def _installed() -> Iterator[Path]:
    """Yield the fonts of this machine."""
    for folder in _SYSTEM_FOLDERS:
        for suffix in ("*.ttf", "*.otf"):
            yield from sorted(folder.rglob(suffix))
