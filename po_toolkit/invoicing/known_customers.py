"""Finding many new sponsors in a Stripe account at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from po_toolkit.context import OpenConference
from po_toolkit.domain.references import comparable
from po_toolkit.domain.roles import Act
from po_toolkit.invoicing.customer_details import borne
from po_toolkit.store.invoices import Sponsor, customer_rows, note_customers
from po_toolkit.stripe_gateway.client import PAGE

T = TypeVar("T")
Json = dict[str, Any]

WORTH_PAGES = 20
"""From so many new sponsors on, pages of all customers are cheaper than one look-up each."""

_AT_ONCE = 200
"""Rows changed in one transaction, so that nobody waits long for the database."""


def find_customers(opened: OpenConference, sponsors: Sequence[Sponsor]) -> None:
    """Look for many new sponsors at Stripe by pages of all customers, not one by one.

    What was found, and that the rest is not there, is stored with each sponsor's row, so that
    every process that works the batch knows. Below 20 new sponsors it does nothing; in an account
    with many customers it stops when one by one would be cheaper.
    """
    new = _new_rows(opened, sponsors)
    if len(new) < WORTH_PAGES:
        return
    found, saw_all = _look_through(opened, new)
    for some in _parts(list(new.values())):
        there = {
            row_id: (str(found[row_id]["id"]), borne(found[row_id]))
            for row_id in some
            if row_id in found
        }
        absent = [row_id for row_id in some if row_id not in found] if saw_all else []
        with opened.store.writing(opened.actor, Act.INVOICE) as uow:
            note_customers(uow, there, absent, opened.now())


def _new_rows(opened: OpenConference, sponsors: Sequence[Sponsor]) -> dict[Sponsor, int]:
    """Return the rows of those whom Stripe does not know through us, made where they are new."""
    new: dict[Sponsor, int] = {}
    for some in _parts(sponsors):
        with opened.store.writing(opened.actor, Act.INVOICE) as uow:
            rows = customer_rows(uow, opened.conference.id, some)
        new |= {sponsor: row.id for sponsor, row in rows.items() if not row.stripe_customer_id}
    return new


def _look_through(opened: OpenConference, new: dict[Sponsor, int]) -> tuple[dict[int, Json], bool]:
    """Return the oldest customer of each row, and whether every customer was looked at."""
    found: dict[int, Json] = {}
    for number, page in enumerate(opened.gateway.pages("/v1/customers"), start=1):
        for seen in page:
            sponsor = (seen.get("email") or "").casefold(), comparable(seen.get("name") or "")
            row_id = new.get(sponsor)
            if row_id is not None:
                found[row_id] = min(found.get(row_id, seen), seen, key=_age)
        if number > len(new) // 10 and len(page) == PAGE:
            return found, False
    return found, True


def _age(customer: Json) -> tuple[int, str]:
    return customer["created"], customer["id"]


def _parts(rows: Sequence[T]) -> list[Sequence[T]]:
    return [rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE)]
