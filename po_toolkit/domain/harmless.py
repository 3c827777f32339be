"""Text that a spreadsheet program would take for a formula, made harmless and restored.

Source of the characters: OWASP, "CSV Injection": ``= + - @``, tab, carriage return, line feed and
the full-width forms that some programs convert.
"""

from __future__ import annotations

_STARTERS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def is_formula_like(text: str) -> bool:
    """Tell whether a spreadsheet program might run the text instead of showing it."""
    if not text:
        return False
    return text[0] < " " or text.lstrip()[:1] in _STARTERS


def harmless(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet program might run as a formula.

    For CSV files of your own; those of the toolkit have it, and an import takes it off again.
    """
    return "'" + text if is_formula_like(text.lstrip("'")) else text


def restore(text: str) -> str:
    """Return the text that :func:`harmless` was given."""
    guarded = text.startswith("'") and is_formula_like(text.lstrip("'"))
    return text[1:] if guarded else text
