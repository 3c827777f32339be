"""What stands under the lines of an invoice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


def footer_text(
    own: str,
    content: Mapping[str, Any] | None,
    tax: Mapping[str, Any] | None,
    treatments: Collection[str],
) -> str:
    """Return the footer: the conference's own, where to pay, our tax id, why there is no tax.

    ``treatments`` are how the lines are taxed: taxed, exempt, reverse_charge.
    """
    texts, rules = content or {}, tax or {}
    parts = [
        own,
        texts.get("remit_to"),
        texts.get("our_tax_id"),
        rules.get("reverse_charge_note") if "reverse_charge" in treatments else "",
        rules.get("exempt_note") if "exempt" in treatments else "",
    ]
    return "\n\n".join(part for part in parts if part)
