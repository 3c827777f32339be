"""Our own purchase-order references, and how names and numbers are compared."""

from __future__ import annotations

import secrets
import unicodedata

REFERENCE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Letters and digits that nobody confuses on the phone: no 0, O, 1 or I."""

_LENGTH = 6


def new_reference() -> str:
    """Draw a random reference such as ``PO-7KQ2MX``; uniqueness is the database's to check."""
    return "PO-" + "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(_LENGTH))


def new_references(count: int) -> set[str]:
    """Draw up to ``count`` different random references at once."""
    letters = iter(secrets.token_bytes(count * _LENGTH))
    return {
        "PO-" + "".join(REFERENCE_ALPHABET[next(letters) % 32] for _ in range(_LENGTH))
        for _ in range(count)
    }


def comparable(text: str) -> str:
    """Fold a name or PO number for comparison: NFC, case folded, single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def structured_reference(reference: str) -> str:
    """Write our reference as a creditor reference with check digits: ``RF18PO7KQ2MX``.

    A bank's form checks the digits, so a slip is refused while it is typed (ISO 11649; the digits
    are those of ISO 7064 MOD 97-10).
    """
    body = "".join(c for c in reference.upper() if c.isalnum())
    number = int("".join(str(int(c, 36)) for c in f"{body}RF00"))
    return f"RF{98 - number % 97:02}{body}"


def named_by(po_number: str) -> str:
    """Return the description of a line that was given none."""
    return f"Purchase order {po_number}".strip()
