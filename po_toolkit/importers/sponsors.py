"""Sponsors that are probably one: names that differ by a slip or a legal form."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from rapidfuzz import fuzz, process, utils

_LEGAL_FORMS = frozenset(
    """
    ab ag as asa bv co company corp corporation ev gbr gmbh hf inc incorporated kft kg kk limited
    llc llp lp ltd ltda mbh nv oy oyj plc pte pty sa sarl sas sl spa srl sro ug wll zrt
    """.split()
)
_INITIALS = re.compile(r"(?<=\b\w)\.(?=\w\b|\s|$)")
_ALIKE = 90.0
_MOST_COMPARISONS = 2_000_000
"""Names in one block, squared, beyond which only equal cores are found."""


def core(name: str) -> str:
    """Return a name without case, punctuation and legal form: ``Acme, Inc.`` → ``acme``."""
    plain = _INITIALS.sub("", name) if "." in name else name
    words = utils.default_process(plain).split()
    kept = [word for word in words if word not in _LEGAL_FORMS]
    return " ".join(kept or words)


def similar(names: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Find names that are almost another one.

    Args:
        names: The names of a file, each once, in their order.
        known: The names that are there already.

    Returns:
        Each doubtful name of the file, and the other one: a known one, or one before it.
    """
    there = set(known)
    blocks: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for name in there:
        own = core(name)
        _block(blocks, own).setdefault(own, name)
    found: dict[str, str] = {}
    for name in names:
        if name in there:
            continue
        there.add(name)
        own = core(name)
        block = _block(blocks, own)
        other = block.get(own) or _nearest(own, block)
        if other:
            found[name] = other
        block.setdefault(own, name)
    return found


def _block(blocks: dict[tuple[str, str], dict[str, str]], own: str) -> dict[str, str]:
    """Names are compared where they begin alike and hold the same digits."""
    return blocks[own[:2], "".join(filter(str.isdecimal, own))]


def _nearest(own: str, block: dict[str, str]) -> str:
    if not block or len(own) < 5 or len(block) ** 2 > _MOST_COMPARISONS:
        return ""
    best = process.extractOne(own, block.keys(), scorer=fuzz.ratio, score_cutoff=_ALIKE)
    return block[best[0]] if best else ""
