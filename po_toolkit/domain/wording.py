"""Words that go with numbers."""

from __future__ import annotations


def count(number: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun: ``1 purchase order``, ``2 purchase orders``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
