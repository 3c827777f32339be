"""How an invoice gets to the sponsor: Stripe mails it, or a person of ours delivers it.

Vendor portals and some mailboxes take a file only, and a mail of Stripe's beside it confuses them.
With ``auto_advance`` off Stripe mails nothing when an invoice is finalized. Source: Stripe,
"Automatic invoice advancement".
"""

from __future__ import annotations

from datetime import datetime, timedelta

from po_toolkit.errors import PurchaseOrderError

WAYS = ("stripe", "ourselves")

LINKS_WORK = timedelta(days=29)
"""For how long the links work that Stripe gave with an invoice: the page for 30 days at least, the
PDF for longer. Source: Stripe, "Hosted Invoice Page"."""


def links_work(read_at: datetime | None, now: datetime) -> bool:
    """Tell whether the links of an invoice that was read then can still be used."""
    return read_at is not None and now - read_at < LINKS_WORK


_NAMES = {
    "stripe": "stripe", "by stripe": "stripe", "mail": "stripe", "email": "stripe",
    "e mail": "stripe", "by mail": "stripe", "by email": "stripe",
    "ourselves": "ourselves", "by ourselves": "ourselves", "us": "ourselves", "by us": "ourselves",
    "portal": "ourselves", "vendor portal": "ourselves", "by hand": "ourselves",
    "manual": "ourselves",
}  # fmt: skip

_WORDS = {"stripe": "emailed by Stripe", "ourselves": "delivered by you"}


def way_named(folded: str) -> str:
    """Return the way that a name means, or ``""``; the name without case or punctuation."""
    return _NAMES.get(folded, "")


def refuse_unknown(way: str) -> None:
    """Refuse what is no way of delivery; empty leaves it to the conference.

    Raises:
        PurchaseOrderError: It is none.
    """
    if way and way not in WAYS:
        raise PurchaseOrderError(
            f"There is no delivery method {way!r}; it is one of: {', '.join(WAYS)}."
        )


def way_label(way: str) -> str:
    """Say a way for people: ``mailed by Stripe``."""
    return _WORDS[way]
