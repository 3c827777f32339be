"""E-mail addresses out of a cell."""

from __future__ import annotations

import re

from email_validator import EmailNotValidError, validate_email

from po_toolkit.domain.stripe_limits import EMAIL_LENGTH

_PLAIN = re.compile(
    r"[a-z0-9]+(?:[._+-][a-z0-9]+)*@(?:[a-z0-9]+(?:-+[a-z0-9]+)*\.)+[a-z]{2,}", re.IGNORECASE
)
"""What most addresses look like; the rest is for the thorough and slow check."""

_NO_MAIL = frozenset({"invalid", "local", "localhost", "onion", "arpa", "internal", "home", "lan"})
_NAMED = re.compile(r"[^<>@]*<([^<>]+)>")
_LIST = re.compile(r"[;,\n]")
_BETWEEN = re.compile(r"\s*/\s*|\s+")


def addresses(text: str) -> list[str]:
    """Return the addresses in a cell, the first one being the one to write to.

    Takes several addresses, ``Name <address>`` and ``mailto:``.

    Raises:
        ValueError: One of them cannot be written to; the message says why.
    """
    if _PLAIN.fullmatch(text) and _mailable(text):
        return [text]
    parts = [part for chunk in _LIST.split(text) for part in _parts(chunk)]
    found = list(dict.fromkeys(map(_one, parts)))
    if not found:
        raise ValueError("this is not an e-mail address; write one like ap@sponsor.com.")
    return found


def _parts(chunk: str) -> list[str]:
    """Return the addresses in ``Name <address>``, or in what spaces and slashes separate."""
    chunk = chunk.strip()
    if found := _NAMED.fullmatch(chunk):
        return [found[1].removeprefix("mailto:").strip()]
    if chunk.count("@") < 2:
        return [chunk.removeprefix("mailto:")] if chunk else []
    return [part.removeprefix("mailto:") for part in _BETWEEN.split(chunk) if part]


def _one(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        reason = str(error).rstrip(".")
        raise ValueError(
            f"this is not an e-mail address: {reason}. Write one like ap@sponsor.com."
        ) from None


def _mailable(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    return (
        len(text) <= EMAIL_LENGTH
        and len(local) <= 64
        and domain.rpartition(".")[2].lower() not in _NO_MAIL
        and all(len(label) <= 63 for label in domain.split("."))
    )
