"""What is worth a look in purchase orders that hold no mistake."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rapidfuzz import fuzz, process, utils
from rapidfuzz.distance import OSA

from po_toolkit.domain.references import comparable
from po_toolkit.domain.tax_ids import has_wrong_check_digits
from po_toolkit.importers.assemble import Order
from po_toolkit.importers.problems import RowProblem
from po_toolkit.money import display


@dataclass(frozen=True, slots=True)
class Known:
    """What the conference knows already.

    Attributes:
        today: The date in its timezone.
        sponsors: The names of its sponsors.
        billed: Organization and PO number, folded → currency → the sum of the purchase orders
            under it, in minor units.
    """

    today: date
    sponsors: Sequence[str]
    billed: Mapping[tuple[str, str], Mapping[str, int]]


def doubts(orders: Sequence[Order], names: Mapping[str, str], known: Known) -> list[RowProblem]:
    """Return what is worth a look.

    Args:
        orders: The purchase orders that are to be taken.
        names: Field → the column's own name.
        known: What the conference knows already.
    """

    def note(order: Order, field: str, code: str, value: str, text: str) -> RowProblem:
        row = order.rows[0]
        return RowProblem(row, names.get(field, field), code, value, f"Row {row}: {text}")

    return [
        *_due_dates(orders, known.today, note),
        *_totals(orders, known, note),
        *_unusual(orders, note),
        *_twice(orders, note),
        *_email_slips(orders, note),
        *_tax_id_slips(orders, note),
        *_sponsors(orders, known.sponsors, note),
    ]


_Note = Callable[[Order, str, str, str, str], RowProblem]


def _due_dates(orders: Iterable[Order], today: date, note: _Note) -> Iterator[RowProblem]:
    for order in orders:
        if order.due_date is not None and order.due_date < today:
            day = order.due_date.isoformat()
            yield note(order, "due_date", "due_date_past", day, f"{day} has passed.")


def _totals(orders: Iterable[Order], known: Known, note: _Note) -> Iterator[RowProblem]:
    for order in orders:
        total, currency = order.total, order.currency
        if order.po_amount is None:
            continue
        shown = display(total, currency)
        key = comparable(order.organization_name), comparable(order.po_number)
        before = known.billed.get(key, {}).get(currency, 0) if order.po_number else 0
        if total + before > order.po_amount:
            rest = f" and {display(before, currency)} was billed before" if before else ""
            yield note(
                order,
                "po_amount",
                "above_po_amount",
                display(order.po_amount, currency),
                f"the lines add up to {shown}{rest}; the purchase order authorizes "
                f"{display(order.po_amount, currency)}.",
            )


_ENOUGH = 8
"""Below this many totals none of them is unusual."""


def _unusual(orders: Iterable[Order], note: _Note) -> Iterator[RowProblem]:
    """Totals far outside the middle half of their currency, on a scale of powers of ten."""
    by_currency: dict[str, list[Order]] = defaultdict(list)
    for order in orders:
        by_currency[order.currency].append(order)
    for currency, same in by_currency.items():
        if len(same) < _ENOUGH:
            continue
        powers = sorted(math.log10(order.total) for order in same)
        low, high = powers[len(powers) // 4], powers[(3 * len(powers)) // 4]
        margin = 2.5 * max(high - low, 0.4)
        for order in same:
            power = math.log10(order.total)
            if not low - margin <= power <= high + margin:
                shown = display(order.total, currency)
                middle = display(round(10 ** powers[len(powers) // 2]), currency)
                yield note(
                    order,
                    "amount",
                    "unusual_total",
                    shown,
                    f"{shown} is far from the others in {currency.upper()}, whose middle is about "
                    f"{middle}.",
                )


def _twice(orders: Iterable[Order], note: _Note) -> Iterator[RowProblem]:
    """Orders whose lines all stand twice or more: rows that were pasted twice add up to double."""
    for order in orders:
        lines = [(line.description, line.quantity, line.unit_price) for line in order.lines]
        if len(lines) > 1 and len(set(lines)) <= len(lines) // 2:
            times = Counter(lines)
            if min(times.values()) > 1:
                yield note(
                    order,
                    "po_number",
                    "lines_twice",
                    order.po_number,
                    f"every line of this purchase order stands {min(times.values())} times or "
                    f"more, in rows {order.rows[0]} to {order.rows[-1]}; were they pasted twice?",
                )


_WELL_KNOWN = (
    "gmail.com",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "outlook.com",
    "protonmail.com",
    "yahoo.com",
)
_ENDINGS = {"con": "com", "cmo": "com", "ocm": "com", "comm": "com", "nte": "net", "ogr": "org"}


def _email_slips(orders: Iterable[Order], note: _Note) -> Iterator[RowProblem]:
    meant: dict[str, str] = {}
    for order in orders:
        domain = order.contact_email.rpartition("@")[2].lower()
        if domain not in meant:
            meant[domain] = _meant(domain)
        if meant[domain]:
            yield note(
                order,
                "contact_email",
                "email_typo",
                order.contact_email,
                f"{domain} looks like {meant[domain]} with a slip.",
            )


def _tax_id_slips(orders: Iterable[Order], note: _Note) -> Iterator[RowProblem]:
    for order in orders:
        if order.tax_id is not None and has_wrong_check_digits(order.tax_id):
            yield note(
                order,
                "tax_id",
                "tax_id_check_digit",
                order.tax_id.value,
                "Its check digits do not fit, so a digit is probably wrong. Ask the sponsor.",
            )


def _meant(domain: str) -> str:
    name, _, ending = domain.rpartition(".")
    if ending in _ENDINGS:
        return f"{name}.{_ENDINGS[ending]}"
    if domain in _WELL_KNOWN:
        return ""
    near = (known for known in _WELL_KNOWN if len(known) > 8)
    return next((known for known in near if OSA.distance(domain, known, score_cutoff=1) <= 1), "")


def _sponsors(orders: Sequence[Order], known: Sequence[str], note: _Note) -> Iterator[RowProblem]:
    names = list(dict.fromkeys(order.organization_name for order in orders))
    folded = {comparable(name) for name in known}
    new = [name for name in names if comparable(name) not in folded]
    others = similar(new, known)
    said: set[str] = set()
    for order in orders if others else ():
        name = order.organization_name
        if name in others and name not in said and comparable(name) != comparable(others[name]):
            said.add(name)
            yield note(
                order,
                "organization_name",
                "similar_sponsor",
                name,
                f"{name!r} is almost {others[name]!r}; if they are one sponsor, write one name.",
            )


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
