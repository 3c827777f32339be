"""Which column of a file is which field, why, and what has to be asked about it.

A column is *known* when its whole name is one that people give a field, and no other column claims
the field with other values. Everything else that can change what is billed is a question.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.cells import (
    Cell,
    CellError,
    ShownNumber,
    days_of,
    is_empty,
    is_placeholder,
    sign_currencies,
    text_of,
    written_amount,
    written_date,
)
from po_toolkit.importers.fields import (
    ALREADY,
    FIELDS,
    HARMLESS,
    IN_KIND,
    MONEY_MARKS,
    MONEY_STEMS,
    NO,
    OTHER_PEOPLE,
    QUANTITY_STARTS,
    REASON,
    YES,
    field_of,
    fold,
    like,
    spoken,
)
from po_toolkit.importers.problems import Choice, Question
from po_toolkit.importers.readers.contract import SheetRow, column_letter
from po_toolkit.importers.rows import has_legal_form
from po_toolkit.money import CURRENCIES

PACKAGES = "packages"
"""The key of a mapping that names the package columns."""
IGNORED = "ignore"
"""The key of a mapping that names the columns that are left out."""
ADDED, TAKEN_OFF = "+", "-"
"""What a mapping gives to a column's name to bill it as a separate line, or to take it off."""
OWN_LINES = {ADDED: "a separate line", TAKEN_OFF: "a separate line, subtracted"}

_SAMPLE = 2000
_EMAIL = re.compile(r"[^\s@,;]@[^\s@,;]+\.[^\s@,;]")
_INVOICE_ID = re.compile(r"in_[A-Za-z0-9]{6,}")
_MONEY = ("unit_price", "amount", "quantity", "po_amount")
_IDENTITY = ("organization_name", "contact_email", "po_number", "currency", "due_date")
_CODES = frozenset(map(str.upper, CURRENCIES))
_GUESSED = (
    "organization_name",
    "contact_email",
    "po_number",
    "quantity",
    "unit_price",
    "amount",
    "currency",
    "due_date",
    "days_until_due",
)
"""Fields that are asked about when a column's name only contains a word for them."""
_TEXTS = ("description", "contact_name", "notes")
"""Fields that change no money: a column that is like one is taken for it."""

REASONS = {
    "name": "its name",
    "like": "a word in its name",
    "content": "what its cells look like",
    "address": "a part of the address",
    "saved": "used so with this header before",
    "chosen": "your choice",
    "": "",
}
LABELS = {
    "organization_name": "the sponsor (organization_name)",
    "contact_email": "the email address that gets the invoice (contact_email)",
    "po_number": "the sponsor's PO number (po_number)",
    "quantity": "the quantity (quantity)",
    "unit_price": "the price of one (unit_price)",
    "amount": "the amount of the line (amount)",
    "currency": "the currency (currency)",
    "due_date": "the due date (due_date)",
    "days_until_due": "the days until due (days_until_due)",
    "po_amount": "what the purchase order authorizes (po_amount)",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file, and what it was taken for.

    Attributes:
        position: From 0.
        header: Its name in the file; told apart by its letter where two have the same.
        field: The canonical field, or None when it is left out.
        reason: ``name``, ``like``, ``content``, ``address``, ``saved``, ``chosen`` or ``""``.
    """

    position: int
    header: str
    field: str | None
    reason: str = ""

    @property
    def why(self) -> str:
        """The reason in words."""
        return REASONS[self.reason]

    @property
    def certainty(self) -> str:
        """``known``, or ``guessed`` where only a word in its name or its cells say so."""
        return "guessed" if self.reason in ("like", "content") else "known"

    def as_json(self) -> dict[str, str | None]:
        """Return the column as JSON values."""
        return {
            "column": self.header,
            "field": self.field,
            "reason": self.reason,
            "certainty": self.certainty if self.field else None,
        }


@dataclass(slots=True)
class Assignment:
    """What the columns of a header are taken for, and what is asked about them.

    Attributes:
        columns: Every column.
        packages: Position → name of the columns that are billed as one line each.
        own_lines: Position → :data:`ADDED` or :data:`TAKEN_OFF` of the columns that are a line
            beside the row's own.
        address: Positions of the parts of a billing address, in the order they are written.
        settled: Positions that a person has decided to leave out.
        questions: What must be asked.
        unreadable: Whether too little is known to go on reading.
    """

    columns: list[Column]
    packages: dict[int, str] = field(default_factory=dict)
    own_lines: dict[int, str] = field(default_factory=dict)
    address: dict[int, str] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)
    questions: list[Question] = field(default_factory=list)
    unreadable: bool = False


def distinct_headers(cells: Sequence[Cell], rows: Sequence[SheetRow] = ()) -> list[str]:
    """Name every column up to the last that has a name, is mostly filled, or holds a currency.

    It is called by its header, with its letter where that is empty or not unique.
    """
    texts = [" ".join(text_of(cell).split()) for cell in cells]
    tables: list[Sequence[Cell]] = []
    if texts and not texts[-1]:
        tables = [cells for _, cells in rows if sum(not is_empty(cell) for cell in cells) > 2]
    while texts and not texts[-1]:
        beyond = [cell for row in tables if not is_empty(cell := _at(row, len(texts) - 1))]
        if 2 * len(beyond) > len(tables) or any(text_of(c).strip() in _CODES for c in beyond):
            break
        texts.pop()
    times = Counter(fold(text) or text for text in texts if text)
    return [_distinct(text, at, times) for at, text in enumerate(texts)]


def _distinct(text: str, position: int, times: Counter[str]) -> str:
    letter = column_letter(position)
    if not text:
        return f"column {letter}"
    return f"{text} (column {letter})" if times[fold(text) or text] > 1 else text


def bare(header: str) -> str:
    """Return a header without the letter that tells it from others of its name."""
    return re.sub(r" \(column [A-Z]+\)$", "", header)


def is_reason(header: str) -> bool:
    """Tell whether a column is the one in which rejected rows say why."""
    return header.strip().startswith(REASON)


def is_canonical(headers: Sequence[str]) -> bool:
    """Tell whether a header consists of canonical columns alone: nothing is asked about those."""
    return all(header in FIELDS or is_reason(header) for header in headers)


def fingerprint(headers: Sequence[str]) -> str:
    """Return what a file's header is remembered by: its names, folded, in their order.

    The column of reasons does not count, so that a file of rejected rows is read as theirs was.
    """
    names = [fold(header) for header in headers if not is_reason(header)]
    while names and re.fullmatch(r"column [a-z]+", names[-1]):
        names.pop()  # named by nobody; a later file may not fill it
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:32]


def find(headers: Sequence[str], name: str) -> int:
    """Return the position of a column by its name.

    Raises:
        ImportFileError: There is none, or several; the message lists those there are.
    """
    wanted = " ".join(name.split())
    exact = [i for i, header in enumerate(headers) if header == wanted]
    alike = exact or [i for i, header in enumerate(headers) if fold(header) == fold(wanted)]
    if len(alike) == 1:
        return alike[0]
    raise ImportFileError(
        f"There is no column {name!r} in this file; it has: {', '.join(map(repr, headers))}."
    )


def _listed(headers: Sequence[str], names: str) -> list[int]:
    """Return the positions of columns named in one text, between commas or line breaks."""
    between = r"\n" if "\n" in names else r"[;,]"
    try:
        return [find(headers, name) for name in re.split(between, names) if name.strip()]
    except ImportFileError:
        # A single column may have a comma in its own name.
        return [find(headers, names.strip())]


def assign(
    headers: Sequence[str],
    rows: Sequence[SheetRow],
    *,
    mapping: Mapping[str, str] | None = None,
    chosen: Container[str] = (),
) -> Assignment:
    """Propose a field for each column, and ask where that is not certain.

    Args:
        headers: The distinct column names.
        rows: The data rows.
        mapping: Field → column name, as a person chose or as used before; an empty name leaves the
            field out, and a column's name with an empty text leaves that column out; with
            :data:`ADDED` or :data:`TAKEN_OFF` it is a separate line.
            ``packages`` and ``ignore`` name several columns.
        chosen: Which fields of the mapping a person chose now; the others are from before.

    Raises:
        ImportFileError: A field or column of the mapping does not exist.
    """
    return _Assigner(headers, rows, mapping or {}, chosen).result()


class _Assigner:
    def __init__(
        self,
        headers: Sequence[str],
        rows: Sequence[SheetRow],
        mapping: Mapping[str, str],
        chosen: Container[str],
    ) -> None:
        self._headers = headers
        self._rows = rows
        self._mapping = mapping
        self._chosen = chosen
        self._taken: dict[int, tuple[str, str]] = {}
        self._left_out: set[str] = set()
        """Fields that a person left out."""
        self._made = Assignment([])
        self._samples: dict[int, list[Cell]] = {}

    def result(self) -> Assignment:
        headers = self._headers
        self._as_chosen()
        self._made.settled |= {at for at, header in enumerate(headers) if is_reason(header)}
        candidates = self._named()
        for name, positions in candidates.items():
            if name not in self._fields and name not in self._left_out:
                self._take_named(name, positions, candidates)
        if not is_canonical(headers):
            self._by_content()
            self._address()
            for name in _TEXTS:
                self._take_like(name)
            if not self._made.packages:
                self._find_packages()
            for name in _GUESSED:
                self._ask_like(name)
            for name, words in _RIVALS.items():
                self._ask_rivals(name, words)
            self._ask_number()
        self._made.columns = [
            Column(at, header, *self._taken.get(at, (None, "")))
            for at, header in enumerate(headers)
        ]
        return self._made

    @property
    def _fields(self) -> set[str]:
        return {name for name, _ in self._taken.values()}

    def _free(self) -> list[int]:
        made = self._made
        return [
            at
            for at in range(len(self._headers))
            if at not in self._taken
            and at not in made.settled
            and at not in made.packages
            and at not in made.own_lines
            and at not in made.address
        ]

    def _as_chosen(self) -> None:
        headers = self._headers
        for key, name in self._mapping.items():
            if key == PACKAGES:
                self._made.packages = {at: headers[at] for at in _listed(headers, name)}
            elif key == IGNORED:
                self._made.settled |= set(_listed(headers, name))
            elif key in FIELDS and name:
                position = find(headers, name)
                if position in self._taken:
                    raise ImportFileError(
                        f"Column {headers[position]!r} is given to {self._taken[position][0]} and "
                        f"to {key}; a column can be only one field."
                    )
                self._taken[position] = (key, "chosen" if key in self._chosen else "saved")
                rivals = {i for i, h in enumerate(headers) if _names_field(h, key)}
                self._made.settled |= rivals
            elif key in FIELDS:
                self._left_out.add(key)
                if any(field_of(bare(header)) for header in headers):
                    found = [i for i, h in enumerate(headers) if _names_field(h, key)]
                    self._made.settled |= set(found)
            elif name in OWN_LINES:
                self._made.own_lines[find(headers, key)] = name
            elif name:
                raise ImportFileError(
                    f"{key!r} is not a field; the fields are: {', '.join(FIELDS)}."
                )
            else:
                self._made.settled.add(find(headers, key))
        self._made.settled -= set(self._taken) | set(self._made.packages)

    def _named(self) -> dict[str, list[tuple[int, int]]]:
        """Return field → rank and position of every column with a name of its."""
        candidates: dict[str, list[tuple[int, int]]] = {}
        for at in self._free():
            found = field_of(bare(self._headers[at]))
            if found is not None:
                found = self._as_its_cells_show(at, found)
                candidates.setdefault(found[0], []).append((found[1], at))
        return {name: sorted(places) for name, places in candidates.items()}

    def _as_its_cells_show(self, at: int, found: tuple[str, int]) -> tuple[str, int]:
        """Return the field of a name that stands over two kinds of cells, by the cells.

        *Bill to* is an address or a company, *Due* a day or terms (``Net 30``), *Terms* likewise.
        """
        if self._headers[at] in FIELDS or not (cells := self._sample(at)):
            return found
        name, rank = found
        if name == "billing_address" and fold(bare(self._headers[at])) == "bill to":
            named = not any(re.search(r"[\d\n,]", text_of(cell)) for cell in cells)
            return ("organization_name", 0) if named else found
        if name == "due_date" and all(_is_terms(c) and kind_of(c) == "text" for c in cells):
            return "days_until_due", rank
        if name == "days_until_due" and _share(cells, "date") == 1:
            return "due_date", rank
        return found

    def _take_named(
        self,
        name: str,
        places: Sequence[tuple[int, int]],
        candidates: Mapping[str, Sequence[tuple[int, int]]],
    ) -> None:
        filled = [place for place in places if len(places) == 1 or self._sample(place[1])]
        filled = filled or list(places)
        if name in _MONEY or name in _IDENTITY:
            rivals = self._rivals(name, filled)
            if len(rivals) > 1 and name == "amount":
                rivals = self._products(rivals, candidates) or rivals
            if len(rivals) > 1:
                self._ask_which(name, rivals)
            self._taken[rivals[0]] = (name, "name")
        elif name != "cc_emails" or _fits(name, self._sample(filled[0][1])):
            self._taken[filled[0][1]] = (name, "name")

    def _rivals(self, name: str, places: Sequence[tuple[int, int]]) -> list[int]:
        """Return the columns that claim a field with other values than the best of them."""
        positions = [at for _, at in places]
        if self._headers[positions[0]] in FIELDS:
            return positions[:1] if name in _IDENTITY else self._different(positions)
        for words in _BETTER.get(name, ()):
            better = [at for at in positions if words & set(spoken(self._headers[at]).split())]
            if (
                better
                and len(better) < len(positions)
                and not self._is_fuller(name, positions, better)
            ):
                positions = better
        return self._different(positions)

    def _is_fuller(self, name: str, positions: Sequence[int], better: Sequence[int]) -> bool:
        """Tell whether a row has the sponsor only in a column that is not the better one."""
        return name == "organization_name" and any(
            is_empty(_at(cells, better[0]))
            and not all(is_empty(_at(cells, at)) for at in positions)
            for _, cells in islice(self._rows, _SAMPLE)
        )

    def _different(self, positions: Sequence[int]) -> list[int]:
        best = positions[0]
        return [best, *(at for at in positions[1:] if self._differ(best, at))]

    def _differ(self, one: int, other: int) -> bool:
        return any(
            _plain(_at(cells, one)) != _plain(_at(cells, other))
            for _, cells in islice(self._rows, _SAMPLE)
            if not is_empty(_at(cells, other))
        )

    def _products(
        self, rivals: Sequence[int], candidates: Mapping[str, Sequence[tuple[int, int]]]
    ) -> list[int]:
        """Of several amounts, return the one that is quantity times unit price in every row."""
        price = next((at for _, at in candidates.get("unit_price", ())), None)
        if price is None:
            return []
        quantity = next((at for _, at in candidates.get("quantity", ())), None)
        fitting = []
        for at in rivals:
            checked = [
                self._is_product(cells, at, price, quantity)
                for _, cells in islice(self._rows, _SAMPLE)
            ]
            known = [one for one in checked if one is not None]
            if known and all(known):
                fitting.append(at)
        return fitting[:1]

    def _is_product(
        self, cells: Sequence[Cell], at: int, price: int, quantity: int | None
    ) -> bool | None:
        total, each = written_amount(_at(cells, at)), written_amount(_at(cells, price))
        times = written_amount(_at(cells, quantity)) if quantity is not None else None
        if total is None or each is None:
            return None
        count = times.point or times.comma if times else Decimal(1)
        return any(
            a is not None and b is not None and a == b * (count or 1)
            for a, b in ((total.point, each.point), (total.comma, each.comma))
        )

    def _ask_which(self, name: str, rivals: Sequence[int]) -> None:
        headers = [self._headers[at] for at in rivals]
        self._made.questions.append(
            Question(
                "field",
                name,
                f"Columns {_and(map(repr, headers))} could each be {LABELS[name]}, and they "
                "differ. Which one is it?",
                [
                    Choice(
                        f"{header!r} is {LABELS[name]}; leave out {_and(map(repr, others))}",
                        {"mapping": {name: header} | dict.fromkeys(others, "")},
                    )
                    for header in headers
                    for others in [[one for one in headers if one != header]]
                ],
                self._shown(rivals),
            )
        )
        self._made.settled |= set(rivals[1:])

    def _ask_rivals(self, name: str, words: frozenset[str]) -> None:
        """Ask where a column is like a field, and holds other values than the one of its name."""
        taken = next((at for at, found in self._taken.items() if found == (name, "name")), None)
        if taken is None or self._headers[taken] in FIELDS:
            return
        if name in _BETTER and _BILLING & set(spoken(self._headers[taken]).split()):
            return
        rivals = [
            at
            for at in self._free()
            if _fits(name, cells := self._sample(at))
            and _is_rival(name, words, header := self._headers[at], cells)
            and not _is_harmless(header, name)
            and not all(fold(text_of(cell)) in YES | NO for cell in cells)
            and self._differ(taken, at)
        ]
        if rivals:
            self._ask_which(name, [taken, *rivals])

    def _by_content(self) -> None:
        """Find Stripe invoice ids by what the cells look like: nobody is to be billed twice."""
        if "stripe_invoice_id" in self._fields | self._left_out:
            return
        for at in self._free():
            texts = [text_of(cell).strip() for cell in self._sample(at)]
            if texts and sum(bool(_INVOICE_ID.fullmatch(t)) for t in texts) >= 0.8 * len(texts):
                self._taken[at] = ("stripe_invoice_id", "content")
                return

    def _take_like(self, name: str) -> None:
        if name in self._fields | self._left_out:
            return
        for at in self._free():
            header = self._headers[at]
            if name in like(header) and like(header) <= {name, "organization_name"}:
                kinds = _kinds(self._sample(at))
                if kinds == {"text"} and not set(spoken(header).split()) & (_WEAK | OTHER_PEOPLE):
                    self._taken[at] = (name, "like")
                    return

    def _ask_like(self, name: str) -> None:
        """Ask about columns whose names contain a word for a field that has no column."""
        fields = self._fields
        if name in fields | self._left_out or self._covered(name, fields):
            return
        fitting = [at for at in self._free() if _fits(name, self._sample(at))]
        free = [
            at
            for at in fitting
            if name in like(self._headers[at])
            and not (name != "contact_email" and _is_harmless(self._headers[at], name))
        ]
        if name == "contact_email":
            free = free or fitting
        elif name == "po_number":
            free = free or [
                at
                for at in fitting
                if all(map(_called_po, self._sample(at)))
                or _numbers_something(self._headers[at], self._sample(at))
            ]
        elif name == "organization_name":
            people = [i for i, (key, _) in self._taken.items() if key == "contact_name"]
            free = free or [
                *people,
                *(at for at in fitting if not _is_harmless(self._headers[at], name)),
            ]
        required = name in ("organization_name", "contact_email")
        if not free:
            if required:
                self._made.unreadable = True
            return
        free = free[:8]
        choices = [
            Choice(f"{self._headers[at]!r} is {LABELS[name]}", self._choosing(name, at))
            for at in free
        ]
        if not required:
            nothing = {"mapping": {self._headers[at]: "" for at in free}}
            choices.append(Choice("None of them; leave them out", nothing))
        named = _and(repr(self._headers[at]) for at in free)
        self._made.questions.append(
            Question(
                "field",
                name,
                f"No column is called {LABELS[name]} for certain. "
                + (f"Is it {named}?" if len(free) == 1 else f"Which one is it: {named}?"),
                choices,
                self._shown(free),
            )
        )
        self._taken[free[0]] = (name, "like")
        self._made.settled |= set(free[1:])

    def _choosing(self, name: str, at: int) -> dict[str, dict[str, str]]:
        return {"mapping": {name: self._headers[at]}}

    def _covered(self, name: str, fields: set[str]) -> bool:
        """Tell whether a field needs no column, seeing which others there are."""
        priced = not fields.isdisjoint({"unit_price", "amount"}) or bool(self._made.packages)
        if name == "quantity":
            return "unit_price" not in fields
        if name in ("unit_price", "amount"):
            return priced
        if name == "days_until_due":
            return "due_date" in fields
        return False

    def _ask_number(self) -> None:
        """Without a column of money, ask which columns of numbers are billed."""
        fields = self._fields
        if not fields.isdisjoint({"unit_price", "amount"}) or self._made.packages:
            return
        free = [
            at
            for at in self._free()
            if _fits("amount", self._sample(at)) and not _is_harmless(self._headers[at], "amount")
        ]
        if not free:
            self._made.unreadable = True
            return
        headers = [self._headers[at] for at in free[:8]]
        choices = [
            Choice(
                f"Bill {header!r}" + (f"; leave out {_and(map(repr, others))}" if others else ""),
                {"mapping": {"amount": header} | dict.fromkeys(others, "")},
            )
            for header in headers
            for others in [[one for one in headers if one != header]]
        ]
        if len(headers) > 1 and not fields & {"description", "quantity"}:
            choices.append(
                Choice(
                    f"Bill all of them, each as a separate line: {_and(map(repr, headers))}",
                    {"mapping": {PACKAGES: "".join(f"{header}\n" for header in headers)}},
                )
            )
        self._made.questions.append(
            Question(
                "packages",
                "amount",
                f"No column is called an amount. What is billed: {', '.join(map(repr, headers))}?",
                choices,
                self._shown(free),
            )
        )
        self._taken[free[0]] = ("amount", "like")
        self._made.settled |= set(free[1:])

    def _find_packages(self) -> None:
        """Recognize columns that are a line each: they add up to the amount, or are called so.

        A package is known by its name (``Gold``, ``Booth``) only where its cells are written as
        money; numbers of passes, booths or last year's prices are never billed by themselves.
        """
        fields = self._fields
        if not fields.isdisjoint({"unit_price", "description", "quantity"}):
            return
        free = [at for at in self._free() if _fits("package", self._sample(at))]
        if any(_says_paid(self._headers[at]) for at in free):
            return  # Deposit and balance, or net and tax, add up to the amount as packages do.
        total = next((at for at, (name, _) in self._taken.items() if name == "amount"), None)
        if total is not None:
            money = [at for at in free if not _is_harmless(self._headers[at], "package")]
            for parts in (free, money):
                if len(parts) >= 2 and self._add_up(parts, total):
                    self._made.packages = {at: self._headers[at] for at in parts}
                    return
        elif len(free) >= 1 and all(
            set(spoken(self._headers[at]).split()) <= _PACKAGE_WORDS
            and all(map(written_as_money, self._sample(at)))
            for at in free
        ):
            self._made.packages = {at: self._headers[at] for at in free}

    def _add_up(self, parts: Sequence[int], total: int) -> bool:
        """Tell whether most rows' parts are their total, in either habit; the others are errors."""
        checked = agreed = 0
        for _, cells in islice(self._rows, _SAMPLE):
            whole = written_amount(_at(cells, total))
            if whole is None:
                continue
            amounts = [written_amount(c) for at in parts if (c := _at(cells, at))]
            point = sum((a.point or 0 for a in amounts if a), Decimal())
            comma = sum((a.comma or 0 for a in amounts if a), Decimal())
            checked += 1
            agreed += whole.point == point or whole.comma == comma
        return agreed >= max(1, 0.8 * checked)

    def _address(self) -> None:
        """Put the columns of street, city, state, postal code and country together."""
        if "billing_address" in self._left_out:
            return
        found: dict[str, dict[str, list[int]]] = {}
        street = next((at for at, (n, _) in self._taken.items() if n == "billing_address"), None)
        for at in self._free():
            part, family = _address_part(self._headers[at])
            if part:
                found.setdefault(family, {}).setdefault(part, []).append(at)
        for family in ("billing", "", "postal"):
            parts = found.get(family, {})
            if parts.get("city") or parts.get("code") or (street is None and parts.get("street")):
                if not parts.get("street") and street is None:
                    continue
                streets = [street] if street is not None and not parts.get("street") else []
                order = {"street": streets + parts.get("street", [])}
                order |= {
                    part: parts.get(part, [])[:1] for part in ("code", "city", "state", "country")
                }
                for part, positions in order.items():
                    for at in positions:
                        self._taken.pop(at, None)
                        self._made.address[at] = part
                return

    def _sample(self, position: int) -> list[Cell]:
        """Return the cells of a column that hold anything."""
        if position not in self._samples:
            self._samples[position] = [
                cell
                for _, cells in islice(self._rows, _SAMPLE)
                if position < len(cells) and not is_empty(cell := cells[position])
            ]
        return self._samples[position]

    def _shown(self, positions: Iterable[int]) -> list[tuple[int, str]]:
        return shown_rows(self._headers, self._rows, list(positions))


def shown_rows(
    headers: Sequence[str], rows: Sequence[SheetRow], positions: Sequence[int]
) -> list[tuple[int, str]]:
    """Return what the first rows hold in some columns: line, and name and cell of each."""
    shown = []
    for number, cells in rows:
        parts = [(headers[at], text_of(_at(cells, at))) for at in positions]
        if any(text.strip() for _, text in parts):
            one = parts[0][1] if len(parts) == 1 else "; ".join(f"{h}: {t}" for h, t in parts)
            shown.append((number, " ".join(one.split())[:120]))
        if len(shown) == 3:
            break
    return shown


def _called_po(cell: Cell) -> bool:
    return re.match(r"(?:po|p\.o\.)[ #:/_-]*\d", text_of(cell).strip(), re.IGNORECASE) is not None


_OTHER_NUMBERS = re.compile(
    r"customer|kunde|client|klant|vendor|supplier|lieferant|fourniss|provee|invoice|rechnung|fact|"
    r"fatt|fatur|faktur|quote|angebot|devis|offer|presup|contract|vertrag|contrat|deal|projek?[ck]t|"
    r"member|mitglied|item|artikel|position|line|lfd|hrb|house|haus|batch|serial|ticket|case"
)


def _numbers_something(header: str, cells: Sequence[Cell]) -> bool:
    """Tell whether a column is called the number of something that may be an order."""
    folded = spoken(header)
    words = folded.split()
    called = [word for word in words if word in _NUMBER_WORDS or word.endswith(_NUMBERED[:3])]
    return (
        bool(called)
        and (len(words) > 1 or words[0] not in _NUMBER_WORDS - {"ref"})
        and (HARMLESS - _NUMBER_WORDS).isdisjoint(words)
        and ("auftrag" in folded or not _OTHER_NUMBERS.search(folded))
        and any(len(text_of(cell).strip()) > 3 for cell in cells)
    )


_NUMBER_WORDS = frozenset("no nr num number numero nummer n code ref".split())
_BILLING = frozenset(
    """
    billing bill billed invoice invoices invoicing payable ap rechnung rechnungs rechnungsemail
    rechnungsmail rechnungsempfanger facturation facturacion faturacao faturamento cobranca
    fatturazione factuur facturatie faktura fakturamail fakturering fakturor
    """.split()
)
_PURCHASE = frozenset(
    "po purchase bestellnummer bestell bestellnr commande compra oc oda bc inkooporder".split()
)
_BETTER = {
    "organization_name": (_BILLING,),
    "contact_email": (_BILLING,),
    "po_number": (_BILLING, _PURCHASE),
}
"""Words that make a column the better one of several with a field's name."""
_NEWER = _BILLING | frozenset("new revised updated payment pay neu neue nouveau nuevo novo".split())
_RIVALS = {
    "organization_name": _NEWER,
    "contact_email": _NEWER,
    "po_number": _PURCHASE,
    "currency": frozenset(),
    "due_date": _NEWER | frozenset("second 2nd zweite deuxieme segundo segunda final".split()),
}
"""Words that make a column like a field a rival of the one that has the field's name."""
_PAYERS = frozenset(
    """
    payer payor payeur zahler pagador pagatore betaler agency agence agentur agencia
    agenzia bureau byra parent holding invoicee recipient empfanger rechnungsempfanger
    destinataire destinatario ontvanger facturer facturar faturar fatturare reseller
    behalf through sold fiscal entity entidad party vertragspartner kostentrager tomador
    intestatario factureren faktureras fakturamottagare paying
    """.split()
)
"""Words of columns that may name somebody else than the sponsor as the one to bill."""
_PAYER_STEMS = ("抬头", "抬頭", "請求先", "支払", "付款方")
_NOT_BILLED = frozenset(
    """
    brand logo trading dba website domain product deal opportunity project booth subsidiary
    display competitor group venue supplier bank
    """.split()
)
"""Words of columns with names of companies that are not the one to bill."""
_OTHER_ROLES = frozenset(
    """
    marketing logo logos artwork design technical tech booth speaker press pr social web website
    personal private backup alternate alternative second secondary other 2 bcc day site onsite
    event logistics recruiter recruiting hr jobs
    """.split()
)
"""Words of columns with the email of somebody who has other tasks than paying."""
_WEAK = frozenset("id no number nr code url link date type status stage kind category".split())
_PACKAGE_WORDS = frozenset(
    """
    gold golden silver bronze platinum diamond titanium ruby emerald sapphire copper crystal package
    sponsor sponsorship sponsoring level tier booth stand exhibition workshop lanyard lanyards
    keynote party dinner coffee lunch reception wifi badge badges bag bags banner ad advert
    advertisement startup community supporter partner headline premium basic main paket gold-paket
    silber bronze-paket messestand messe logo or argent bronce oro plata platino ouro prata prata
    bronzo argento goud zilver brons guld silver solv sølv platina plus add ons
    """.split()
)


def _is_rival(name: str, words: frozenset[str], header: str, cells: Sequence[Cell]) -> bool:
    """Tell whether a column without a field's name may hold the field better than its own.

    Any other address may be where the invoice goes, and any other company the one that pays.
    """
    spoken_words = set(spoken(header).split())
    if name == "contact_email":
        return spoken_words.isdisjoint(_OTHER_ROLES)
    if name == "organization_name" and spoken_words.isdisjoint(_WEAK | _NOT_BILLED):
        payer = spoken_words & _PAYERS or any(stem in header for stem in _PAYER_STEMS)
        companies = sum(has_legal_form(text_of(cell)) for cell in cells)
        if payer or 2 * companies > len(cells):
            return True
    return name in like(header) and (not words or bool(words & spoken_words))


def _names_field(header: str, name: str) -> bool:
    found = field_of(bare(header))
    return found is not None and found[0] == name


def _and(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:-1]) + (" and " if len(listed) > 1 else "") + listed[-1]


def _at(cells: Sequence[Cell], position: int) -> Cell:
    return cells[position] if position < len(cells) else ""


def _plain(cell: Cell) -> object:
    """Return a cell for comparison: a number by its value, a text folded."""
    written = written_amount(cell)
    if written is not None:
        return written.point, written.comma
    return " ".join(text_of(cell).casefold().split())


def kind_of(cell: Cell) -> str:
    """Return what a filled cell is: number, date, email, mark (a dash or placeholder) or text."""
    if isinstance(cell, str):
        return _kind_of_text(cell.strip())
    if isinstance(cell, CellError):
        return "mark"
    return "number" if isinstance(cell, float | int) else "date"


def _kind_of_text(text: str) -> str:
    if is_placeholder(text):
        return "mark"
    if written_amount(text) is not None or re.fullmatch(r"-?\d[\d.,]*\s?%", text):
        return "number"
    if _EMAIL.search(text):
        return "email"
    return "date" if written_date(text) is not None else "text"


def _kinds(cells: Iterable[Cell]) -> set[str]:
    return {kind_of(cell) for cell in cells} - {"mark"}


def _share(cells: Sequence[Cell], kind: str) -> float:
    known = [k for cell in cells if (k := kind_of(cell)) != "mark"]
    return sum(k == kind for k in known) / len(known) if known else 0.0


def _fits(name: str, cells: Sequence[Cell]) -> bool:
    """Tell whether a column's cells can be those of a field."""
    if not cells:
        return False
    checks: dict[str, Callable[[], bool]] = {
        "organization_name": lambda: _share(cells, "text") >= 0.5 and not _share(cells, "email"),
        "contact_email": lambda: _share(cells, "email") >= 0.5,
        "cc_emails": lambda: _share(cells, "email") >= 0.5,
        "po_number": lambda: _has_numbers(cells) and not any(map(written_as_money, cells)),
        "currency": lambda: all(_is_currency(cell) for cell in cells),
        "due_date": lambda: _share(cells, "date") >= 0.5,
        "days_until_due": lambda: all(map(_is_terms, cells)),
        "package": lambda: _kinds(cells) == {"number"},
    }
    check = checks.get(name)
    return check() if check else _share(cells, "number") >= 0.5


def _has_numbers(cells: Sequence[Cell]) -> bool:
    """Tell whether most cells can be a document's number: digits, and neither email nor date."""
    texts = [text_of(cell) for cell in cells if kind_of(cell) not in ("email", "date", "mark")]
    return 2 * sum(bool(re.search(r"\d", text)) for text in texts) > len(cells)


def _is_currency(cell: Cell) -> bool:
    text = text_of(cell).strip()
    return text.lower() in CURRENCIES or bool(sign_currencies(text))


def _is_terms(cell: Cell) -> bool:
    try:
        days_of(text_of(cell))
    except ValueError:
        return False
    return True


def written_as_money(cell: Cell) -> bool:
    """Tell whether a cell is written as money is, and not as a count or a number of something."""
    written = written_amount(cell)
    if written is None:
        return isinstance(cell, str) and is_placeholder(cell.strip())
    if written.currencies:
        return True
    if isinstance(cell, str):
        return bool(re.search(r"\d[.,]\d\d$|\d[., '\u2019\u00a0\u202f]\d{3}(?!\d)", cell.strip()))
    value = written.point or Decimal()
    return not isinstance(cell, ShownNumber) and (
        value >= 100 or value != value.to_integral_value()
    )


def is_money_mark(header: str) -> bool:
    """Tell whether a column is called discount, tax, shipping, deposit, paid, balance or alike."""
    folded = spoken(header)
    words = set(folded.split()) | set(fold(header).split())
    return not MONEY_MARKS.isdisjoint(words) or any(stem in folded for stem in MONEY_STEMS)


def _says_paid(header: str) -> bool:
    """Tell whether a column is called by what was paid of an amount, or is tax or discount."""
    words = set(spoken(header).split()) | set(fold(header).split())
    return not ALREADY.isdisjoint(words) or not _INSTALMENTS.isdisjoint(words) or is_in_kind(header)


def is_in_kind(header: str) -> bool:
    """Tell whether a column holds what a sponsor gives in goods or services, not in money."""
    return any(stem in spoken(header) for stem in IN_KIND)


_INSTALMENTS = frozenset(
    "instalment instalments installment installments rate raten cuota cuotas parcela parcelas"
    " termijn termijnen mensualites".split()
)


def _is_harmless(header: str, name: str) -> bool:
    """Tell whether a column is called by a word for ids, telephones, dates and such."""
    folded = spoken(header)
    if folded.startswith(QUANTITY_STARTS):
        return False
    words = folded.split()
    if name in ("due_date", "days_until_due"):
        return not OTHER_PEOPLE.isdisjoint(words)
    if name == "po_number":
        return bool({"po", "date", "amount", "total", "box"} & set(words) - {"po"})
    numbers = any(word.endswith(_NUMBERED) for word in words) or header.strip() == "#"
    return numbers or not HARMLESS.isdisjoint(words) or not OTHER_PEOPLE.isdisjoint(words)


_NUMBERED = ("nummer", "nummern", "nr", "konto")
"""How words of numbers of things end: ``Kundennummer``."""


def is_harmless(header: str, cells: Sequence[Cell]) -> bool:
    """Tell whether a column of numbers cannot be money: ids, telephones, years and such."""
    if not _is_harmless(header, "amount") or is_money_mark(header):
        return False
    if {"year", "jahr", "annee", "ano", "anno"} & set(spoken(header).split()):
        return all(re.fullmatch(r"(19|20)\d\d(\.0)?", text_of(cell).strip()) for cell in cells)
    return not any(
        (written := written_amount(cell)) is not None
        and (written.currencies is not None or _has_cents(cell))
        for cell in cells
    )


def _has_cents(cell: Cell) -> bool:
    if isinstance(cell, str):
        return re.search(r"\d[.,]\d\d$", cell.strip()) is not None
    return isinstance(cell, float) and cell != int(cell)


_PART_NAMES: dict[str, str] = {}
for _part, _text in {
    "street": "street,street address,address line 1,address line 2,address line 3,address line 4,"
    "address 1,address 2,"
    "address 3,address1,address2,address line1,address line2,address line,street 1,street 2,"
    "street1,street2,"
    "street name,street line 1,street line 2,road,strasse,str,hausnummer,hausnr,"
    "strasse und hausnummer,strasse hausnummer,strasse hausnr,"
    "strasse nr,adresszusatz,rue,voie,numero et rue,n et rue,n et nom de rue,adresse ligne 1,"
    "adresse ligne 2,"
    "adresse 1,adresse 2,complement d adresse,complement adresse,calle,calle y numero,"
    "direccion 1,direccion 2,"
    "direccion linea 1,rua,logradouro,rua e numero,endereco linha 1,endereco 1,endereco 2,"
    "morada 1,morada 2,via,via e numero,"
    "indirizzo 1,indirizzo 2,n civico,numero civico,civico,straat,huisnummer,"
    "straat en huisnummer,straatnaam,"
    "gata,gatuadress,gate,gateadresse,vej,vejnavn,katuosoite,ulica,番地,住所1,住所2,町名番地,建物名",
    "city": "city,town,town city,city town,suburb,locality,ort,stadt,wohnort,ville,commune,"
    "localite,ciudad,poblacion,"
    "localidad,municipio,cidade,localidade,concelho,citta,comune,localita,plaats,stad,woonplaats,"
    "postort,by,sted,poststed,"
    "kaupunki,postitoimipaikka,miasto,市区町村,市町村,市",
    "state": "state,province,state province,region,county,state region,state or province,"
    "bundesland,kanton,departement,provincia,"
    "estado,comunidad autonoma,distrito,uf,prov,regione,provincie,lan,fylke,都道府県",
    "code": "zip,zip code,zipcode,postal code,postcode,post code,zip postal code,zip postal,"
    "zip or postal code,zip postcode,postal,plz,"
    "postleitzahl,code postal,cp,c p,codigo postal,cod postal,cep,cap,codice postale,postnummer,"
    "postnr,"
    "postinumero,kod pocztowy,郵便番号",
    "country": "country,country region,nation,country code,land,staat,pays,pais,paese,nazione,"
    "maa,kraj,国,国名",
}.items():
    for _name in _text.split(","):
        _PART_NAMES.setdefault(fold(_name), _part)

_FAMILIES = {
    "billing": """billing bill to invoice invoicing rechnung rechnungs rechnungsadresse
        facturation facturacion
        facturation fatturazione cobranca faturacao faturamento factuur faktura fakturerings
        請求先""",
    "": "company sponsor customer client organization business firma entreprise empresa azienda hq"
    " head office legal account registered",
    "postal": "po postal mailing mail post",
    "other": "shipping ship delivery sa street physical lieferung livraison envio spedizione event"
    " booth",
}
_FAMILY_OF = {word: family for family, words in _FAMILIES.items() for word in fold(words).split()}


def _address_part(header: str) -> tuple[str, str]:
    """Return which part of an address a column holds, and whose: billing, none named, or other."""
    name = bare(header)
    for text in (spoken(name), fold(name)):
        words = text.split()
        for cut in range(min(3, len(words))):
            part = _PART_NAMES.get(" ".join(words[cut:]))
            if part:
                families = {_FAMILY_OF.get(word, "?") for word in words[:cut]} - {""}
                if "?" in families or "other" in families:
                    return ("", "")
                return part, families.pop() if families else ""
    return "", ""
