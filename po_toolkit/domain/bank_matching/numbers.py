"""Numbers in what a bank says: our references, Stripe's invoice numbers, the sponsors' own.

A number counts as a whole, however it is spaced or zero-filled: ``PO-1`` is never found inside
``PO-12``, nor ``12345`` inside ``12345-2``. What may be something else (a date, a ZIP code, another
sponsor's invoice, the bank's own number) says so in its doubts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from po_toolkit.domain.bank_matching.facts import OpenOrder
from po_toolkit.domain.bank_matching.names import FIELDS
from po_toolkit.domain.bank_matching.parties import (
    BANK,
    BENEFICIARY,
    NUMBER,
    PLAIN,
    REFERENCE,
    TEXT,
    Piece,
)
from po_toolkit.domain.references import REFERENCE_ALPHABET, structured_reference

_WORD = re.compile(r"[A-Z0-9]+")
_OWN = re.compile(r"P\W{0,2}[O0][\W_]{0,3}((?:[A-Z0-9][\W_]?){5}[A-Z0-9])")
_LIKE_OURS = re.compile(r"(?<![A-Z0-9])PO-([A-Z]{6})(?![A-Z0-9])")
"""What may be a reference of another conference; one with a digit is a number as any other."""
_RF = re.compile(r"(?<![A-Z0-9])RF\s?(\d\d)\s?P\s?[O0]\s?((?:[A-Z0-9]\s?){5}[A-Z0-9])")
_CUT_OWN = re.compile(r"(?<![A-Z0-9])P[O0][\W_]{0,2}([A-Z0-9]{3,5})$")
_PREFIX = re.compile(r"[A-Z]*")
_GLUED = re.compile(r"[A-Z]*?(?:P[O0])?(\d{5,})[A-Z]*")
"""A number that words are glued to: ``RECHNUNGPO31001SPONSORING``."""
_LONGEST = 4
"""Most words that one number may be broken into."""
_STRONG = 5
"""Digits that make a number tell on its own."""
_LONG = 7
"""Digits from which a number is hardly a date or a ZIP code."""
_GLUE = "-._/"
_FIELDS = {
    NUMBER: "stands where banks write their own numbers",
    BANK: "is in a bank's field",
    BENEFICIARY: "is in the beneficiary's field",
}
_ORDER_WORDS = frozenset(
    """
    PO POS P.O PURCHASEORDER ORDER ORDERS ORD BESTELLUNG BESTELLNUMMER BESTELLNR BEST AUFTRAG
    AUFTRAGSNR COMMANDE CDE BDC PEDIDO ORDINE ODA OC BESTELLING INKOOPORDER ZAMOWIENIE OBJEDNAVKA
    TILAUS BESTALLNING ORDRE PONO PONR POREF PONUMBER ENCOMENDA
    """.split()
)
_ANY_ORDER = frozenset("ORDER ORDERS ORD ORDRE AUFTRAG AUFTRAGSNR COMMANDE CDE ORDINE".split())
"""Words of orders of any kind: a shop's, a standing order, the bank's own."""
_INVOICE_WORDS = frozenset(
    """
    INV INVS INVOICE INVOICES INVNO INVNR INVOICENO RECHNUNG RECHNUNGEN RECHNUNGSNR RECHNUNGSNUMMER
    RECHN RG RGNR RNR RE REN FACTURE FACTURES FACT FACTURA FACTURAS FATTURA FATTURE FATT FT FAKTURA
    FAKT FAKTUUR FACTUUR FACTUURNR FAKTURY LASKU SZAMLA FV BILL
    """.split()
)
_NUMBER_WORDS = frozenset("NO NR NUM NUMBER NUMMER NUMERO REF ID N NO. NBR #".split())
_CHECK_WORDS = frozenset("CHECK CHECKS CHEQUE CHEQUES CHK CHQ CK SCHECK".split())
_DATE_WORDS = frozenset("DATE DATED DATUM DD VOM DU DEL ON DAY EFF DESC EED".split())
_LISTS = re.compile(r"^\s*(?:[,;&+]|/|AND|UND|ET|Y|E|EN|OCH|OG|I|,\s*AND|,\s*UND)\s*#?\s*$")
_RANGE = re.compile(r"^\s*(?:-|\u2013|\u2014|\.\.|TO|BIS|THROUGH|THRU|A|AU|AL|T/M|TOT)\s*$")
_MOST_IN_RANGE = 30
_ALONE = frozenset(("INVOICE", "INVOICES", "ORDER", "RECHNUNG", "FACTURE", "FACTURA", "FATTURA"))
"""What people write without a number."""
_LEAST, _MOST = 3, 11
"""How many digits a document's number has; banks' own numbers have more."""


@lru_cache(maxsize=200_000)
def number_words(text: str) -> tuple[str, ...]:
    """Return the words of a text in upper case, cut at everything but letters and digits."""
    return tuple(_WORD.findall(text.upper()))


@lru_cache(maxsize=200_000)
def key(joined: str) -> str:
    """Fold a number: letters and digits alone, O as 0, without leading zeros.

    ``PO-0012``, ``P0 12`` and ``po12`` are one; ``PO-1`` and ``PO-12`` are two.
    """
    prefix = _PREFIX.match(joined)
    letters = prefix[0] if prefix else ""
    rest = joined[len(letters) :].replace("O", "0").lstrip("0")
    return f"{letters.rstrip('O').replace('O', '0')}|{rest}"


@dataclass(frozen=True, slots=True)
class Hit:
    """A place in a text that names purchase orders.

    Attributes:
        orders: Their ids; several when they share a number.
        strength: own (our reference), invoice (Stripe's number), strong (a long number) or short.
        shown: The number as the text has it.
        doubts: Why it may be something else; a name that agrees settles them.
        wrong: Why it is another number, whoever pays.
    """

    orders: frozenset[int]
    strength: str
    shown: str
    doubts: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The numbers of a text.

    Attributes:
        hits: Those that name purchase orders.
        unknown_orders: Those that stand as numbers of purchase orders and are none of ours.
        unknown: Other numbers in the payer's words that are none of ours: invoices, most likely.
    """

    hits: tuple[Hit, ...]
    unknown_orders: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    """A word of a text with what stands before it."""

    word: str
    gap: str


class Numbers:
    """Finds the purchase orders that a text names."""

    def __init__(self, orders: Iterable[OpenOrder]) -> None:
        """Index them by our reference, Stripe's invoice numbers and the sponsor's number."""
        self._own: dict[str, int] = {}
        self._numbers: dict[str, set[int]] = defaultdict(set)
        self._invoices: dict[str, set[int]] = defaultdict(set)
        self._exact: dict[int, str] = {}
        self._pieces: dict[int, tuple[str, ...]] = {}
        for order in orders:
            self._own[order.reference.upper().removeprefix("PO-")] = order.id
            self._pieces[order.id] = number_words(order.po_number)
            joined = "".join(self._pieces[order.id])
            self._exact[order.id] = joined
            for found in _keys(joined):
                self._numbers[found].add(order.id)
            for number in order.invoices:
                self._invoices["".join(number_words(number))].add(order.id)
        self._cut: dict[str, set[int]] = defaultdict(set)
        for code, order_id in self._own.items():
            for length in range(3, len(code)):
                self._cut[code[:length]].add(order_id)

    def find(self, pieces: Iterable[Piece]) -> Found:
        """Return what some pieces of a bank's text name."""
        hits: list[Hit] = []
        orders: list[str] = []
        others: list[str] = []
        for piece in pieces:
            text, mine = self._own_in(piece)
            hits += mine
            more, strange_orders, strange = self._others_in(text, piece.role)
            own = {o for h in mine for o in h.orders}
            hits += [h for h in more if not (len(h.orders) == 1 and h.orders <= own)]
            orders += strange_orders
            others += strange
        return Found(tuple(dict.fromkeys(hits)), tuple(orders), tuple(others))

    def _own_in(self, piece: Piece) -> tuple[str, list[Hit]]:
        """Return our references in a text, and the text without them."""
        hits: list[Hit] = []
        why: tuple[str, ...]
        for match in _RF.finditer(piece.text):
            code = "".join(_WORD.findall(match[2]))
            if code in self._own:
                right = structured_reference(f"PO-{code}").startswith(f"RF{match[1]}")
                why = () if right else (f"the check digits of {match[0].strip()} are wrong",)
                hits.append(Hit(frozenset({self._own[code]}), "own", match[0].strip(), why))
        text = _RF.sub(" ", piece.text)
        taken: list[tuple[int, int]] = []
        for at in (m.start() for m in re.finditer("P", text)):
            place = _OWN.match(text, at)
            code = "".join(_WORD.findall(place[1])) if place else ""
            if place is not None and code in self._own:
                taken.append(place.span())
                inside = _inside(text, place.start(), place.end())
                why = (f"{code} is inside a longer word",) if inside else ()
                hits.append(Hit(frozenset({self._own[code]}), "own", place[0], why))
        for start, end in reversed(taken):
            text = f"{text[:start]} , {text[end:]}"
        for token in _tokens(text):
            bare = len(token.word) == 6 and not token.word.isdigit() and not token.word.isalpha()
            if bare and token.word in self._own and set(token.word) <= set(REFERENCE_ALPHABET):
                why = _field_doubts(token.word, piece.role)
                hits.append(Hit(frozenset({self._own[token.word]}), "own", token.word, why))
        cut = _CUT_OWN.search(text)
        if cut is not None and not hits and len(self._cut.get(cut[1], ())) == 1:
            doubt = f"only the beginning of the reference, {cut[0]}, is there"
            hits.append(Hit(frozenset(self._cut[cut[1]]), "own", cut[0], (doubt,)))
        return text, hits

    def _others_in(self, text: str, role: str) -> tuple[list[Hit], list[str], list[str]]:
        """Return the sponsors' own numbers and Stripe's, and those that nobody knows."""
        tokens = _tokens(text)
        contexts = _contexts(tokens)
        spans: list[tuple[int, int, Hit]] = []
        listed: set[int] = set()
        for start in range(len(tokens)):
            before = _any_order(tokens[:start])
            context = contexts[start]
            if not context and not tokens[start].gap.strip() and start in listed:
                context = "order"  # ``PO 31001 31002``
            for end in range(start + 1, min(start + _LONGEST, len(tokens)) + 1):
                hit = self._hit(tokens[start:end], context, role, before)
                if hit is not None:
                    spans.append((start, end, hit))
                    listed |= {end} if context == "order" else set()
        hits: list[Hit] = []
        known = {i for s, e, _ in spans for i in range(s, e)}
        covered: set[int] = set()
        for start, end, hit in spans:
            if any(s <= start and e >= end and (s, e) != (start, end) for s, e, _ in spans):
                continue
            longer = hit.strength != "own" and _longer(tokens, start, end, known)
            part = (f"{hit.shown} is a part of a longer number",) if longer else ()
            alone = tuple(
                f"{inner.shown} alone is a number too, and {hit.shown} may be two"
                for s, e, inner in spans
                if start <= s and e < end and not inner.orders & hit.orders
                if not tokens[e].gap.strip() and tokens[e].word.isdigit()
            )
            hits.append(replace(hit, wrong=(*hit.wrong, *part, *alone)))
            covered |= set(range(start, end))
        hits += self._ranges(tokens, spans)
        left = [
            (t, c)
            for i, (t, c) in enumerate(zip(tokens, contexts, strict=True))
            if i not in covered
        ]
        orders, others = _strange(left, role)
        orders += [
            code
            for code in _LIKE_OURS.findall(text)
            if code not in _NUMBER_WORDS and set(code) <= set(REFERENCE_ALPHABET)
        ]
        last = tokens[-1].word if tokens and role in (PLAIN, TEXT) else ""
        if last in _INVOICE_WORDS | _ORDER_WORDS and (
            len(text.strip()) in FIELDS or last not in _ALONE
        ):
            others.append(f"{last} …")
        return hits, orders, others

    def _hit(self, tokens: list[_Token], context: str, role: str, before: str) -> Hit | None:
        """Return what some words that follow each other name, read as one number."""
        joined = "".join(t.word for t in tokens)
        orders = self._invoices.get(joined)
        if orders and len(joined) >= _LONG:
            return Hit(frozenset(orders), "invoice", joined, _field_doubts(joined, role))
        found = self._numbered(joined, context)
        glued = _GLUED.fullmatch(joined) if not found and len(tokens) == 1 else None
        if glued is not None and (found := self._numbered(glued[1], "")):
            code = glued[1]
            why = (f"{code} is inside a longer word",)
            return Hit(frozenset(found), "strong", joined, (), why)
        if not found:
            return None
        exact = {o for o in found if self._exact[o] == joined}
        orders = exact or found
        if _is_amount(tokens) and all(len(self._pieces[o]) < len(tokens) for o in orders):
            return None
        strong = len(key(joined).partition("|")[2]) >= _STRONG
        doubts = list(_field_doubts(joined, role))
        wrong = (
            (f"{joined} is there as a date",)
            if (context == "date" or role == NUMBER) and _is_date(joined)
            else ()
        )
        words = tuple(t.word for t in tokens)
        letters = key(joined).partition("|")[0]
        ordered = context == "order" or letters == "P"
        spaced = any(t.gap.strip() == "" or len(t.gap) > 1 for t in tokens[1:])
        phone = len([w for w in words if w.isdigit()]) > 2
        if (spaced or phone) and not any(
            words[-len(self._pieces[o]) :] == self._pieces[o] for o in orders
        ):
            plain = words[1:] if words[0] in _ORDER_WORDS else words
            if len(plain) > 1:
                doubts.append(f"{joined} is put together from {' '.join(plain)}")
        if context == "invoice":
            doubts.append(f"{joined} is there as an invoice number")
        if not ordered:
            doubts += _may_be(joined, context)
        elif before and joined[0].isdigit():
            doubts.append(f"{before} {joined} may be another's order")
        strength = "strong" if strong else "short"
        return Hit(frozenset(orders), strength, " ".join(words), (*doubts,), wrong)

    def _numbered(self, joined: str, context: str) -> set[int]:
        """Return the purchase orders of a number, after a word for them also with ours before."""
        found = self._numbers.get(key(joined), set())
        if found or context != "order" or not joined[:1].isdigit():
            return found
        return self._numbers.get(f"P|{key(joined).partition('|')[2]}", set())

    def _ranges(self, tokens: list[_Token], spans: list[tuple[int, int, Hit]]) -> list[Hit]:
        """Return what stands between two numbers: ``1001-1004`` names 1002 and 1003 too."""
        found: list[Hit] = []
        ends = {start: (end, hit) for start, end, hit in spans}
        for _, end, hit in spans:
            after = ends.get(end)
            if after is None or not _RANGE.match(tokens[end].gap):
                low, high = tokens[end - 1].word, ""
            else:
                low, high = tokens[end - 1].word, tokens[after[0] - 1].word
            numbers = [re.search(r"\d+$", w) for w in (low, high)]
            if not (numbers[0] and numbers[1] and len(numbers[0][0]) == len(numbers[1][0])):
                continue
            first, last = int(numbers[0][0]), int(numbers[1][0])
            width = len(numbers[0][0])
            for number in range(first + 1, min(last, first + _MOST_IN_RANGE)):
                orders = self._numbers.get(key(f"PO{number:0{width}}"))
                orders = orders or self._numbers.get(key(f"{number:0{width}}"))
                if orders:
                    found.append(Hit(frozenset(orders), hit.strength, f"{number:0{width}}"))
        return found


def _is_amount(tokens: list[_Token]) -> bool:
    """Tell whether words are an amount with its cents: ``2500.00`` is not number 250000."""
    last = tokens[-1]
    return (
        len(tokens) > 1 and last.gap in (".", ",") and re.fullmatch(r"\d\d", last.word) is not None
    )


def _strange(left: list[tuple[_Token, str]], role: str) -> tuple[list[str], list[str]]:
    """Return the numbers that nobody knows: those of purchase orders, and others."""
    orders, others = list[str](), list[str]()
    for token, context in left:
        digits = sum(c.isdigit() for c in token.word)
        if not 0 < digits <= _MOST or role in _FIELDS:
            continue
        if context == "order":
            orders.append(token.word)
        elif context == "invoice" or (role != REFERENCE and _tells(token.word, digits)):
            others.append(token.word)
    return orders, others


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    end = 0
    for match in _WORD.finditer(text):
        found.append(_Token(match[0], text[end : match.start()]))
        end = match.end()
    return found


def _contexts(tokens: list[_Token]) -> list[str]:
    """Return as what each number stands: order, invoice, date or nothing told."""
    found: list[str] = []
    for at, token in enumerate(tokens):
        context = ""
        if any(c.isdigit() for c in token.word):
            back = at - 1
            while back >= 0 and at - back <= 3 and tokens[back].word in _NUMBER_WORDS:
                back -= 1
            before = tokens[back].word if back >= 0 else ""
            pair = (tokens[back - 1].word, before) if back >= 1 else ("", before)
            if before in _ORDER_WORDS or pair == ("P", "O") or re.match(r"P[O0]\d", token.word):
                context = "order"
            elif before in _INVOICE_WORDS or re.match(r"(?:INV|RG|RE|RN)\d", token.word):
                context = "invoice"
            elif before in _DATE_WORDS:
                context = "date"
            elif before in _CHECK_WORDS:
                context = "check"
            elif at and found[at - 1] and _LISTS.match(token.gap.upper()):
                context = found[at - 1]
            elif (
                at > 1
                and found[at - 2]
                and _LISTS.match(f" {tokens[at - 1].word} ")
                and not tokens[at - 1].gap.strip()
            ) or (at and found[at - 1] and _RANGE.match(token.gap)):
                context = found[at - 2] or found[at - 1]
        found.append(context)
    return found


def _any_order(tokens: list[_Token]) -> str:
    """Return the word before a number that calls it an order of any kind, or ``""``."""
    words = [t.word for t in tokens[-4:]]
    while words and words[-1] in _NUMBER_WORDS:
        words.pop()
    bought = words[-2:-1] in (["PURCHASE"], ["P"])
    return words[-1] if words and words[-1] in _ANY_ORDER and not bought else ""


def _inside(text: str, start: int, end: int) -> bool:
    """Tell whether a place is a part of a longer word, beyond the words that stand before it."""
    after = re.match(r"[A-Z0-9]+", text[end:])
    before = re.search(r"[A-Z0-9]+$", text[:start])
    tail = after[0] if after else ""
    head = before[0] if before else ""
    marks = ("EREF", "KREF", "MREF", "CRED", "SVWZ", "ABWA", "INV", "RECHNUNG", "IBAN", "BIC")
    known = (not tail) or tail.startswith(marks)
    glued = (not head) or head.isalpha() or head in marks
    return not (known and glued)


def _longer(tokens: list[_Token], start: int, end: int, known: set[int]) -> bool:
    """Tell whether a number goes on behind a dash or a point: ``12345-2``, ``2027-03-15``.

    Words in ``known`` are numbers of ours too: a list or a range.
    """
    before = tokens[start - 1].word if start else ""
    glued_before = tokens[start].gap != "" and tokens[start].gap in _GLUE
    listed = {i for i in known if len(tokens[i].word) > 2}
    if glued_before and any(c.isdigit() for c in before) and start - 1 not in listed:
        return True
    after = tokens[end] if end < len(tokens) else None
    if after is None or not after.gap or after.gap not in _GLUE or end in listed:
        return False
    return any(c.isdigit() for c in after.word) or len(after.word) < 3


def _field_doubts(joined: str, role: str) -> tuple[str, ...]:
    return (f"{joined} {_FIELDS[role]}",) if role in _FIELDS else ()


def _may_be(joined: str, context: str) -> list[str]:
    """Return what else a bare number may be."""
    digits = joined.lstrip("0")
    if context == "date" or _is_date(joined):
        return [f"{joined} may be a date"]
    if context == "check":
        return [f"{joined} may be the number of a check"]
    if digits.isdigit() and len(digits) < _LONG:
        return [f"{joined} may be a ZIP code or another's number"]
    return []


def _tells(word: str, digits: int) -> bool:
    """Tell whether a number that nobody knows is one of a document: no year or day in full."""
    year = word.isdigit() and digits == 4 and word[:2] in ("19", "20")
    if year or (digits == 8 and _is_date(word)):
        return False
    return digits >= _LEAST or bool(re.match(r"RF\d\d", word))


def _is_date(joined: str) -> bool:
    """Tell whether a number can be read as a day, in any usual order."""
    if not joined.isdigit() or len(joined) not in (6, 8):
        return False
    cut = [int(joined[i : i + 2]) for i in range(0, len(joined), 2)]
    if len(cut) == 3:
        orders = [(cut[2], cut[1]), (cut[0], cut[1]), (cut[1], cut[0])]
        return any(1 <= d <= 31 and 1 <= m <= 12 for d, m in orders)
    century_first = cut[0] in (19, 20) and any(
        1 <= d <= 31 and 1 <= m <= 12 for d, m in ((cut[3], cut[2]), (cut[2], cut[3]))
    )
    century_last = cut[2] in (19, 20) and any(
        1 <= d <= 31 and 1 <= m <= 12 for d, m in ((cut[0], cut[1]), (cut[1], cut[0]))
    )
    return century_first or century_last


def _keys(joined: str) -> set[str]:
    """Return under which keys a sponsor's number is found; none without a digit."""
    if not any(c.isdigit() for c in joined):
        return set()
    folded = key(joined)
    letters, _, rest = folded.partition("|")
    keys = {folded}
    if letters in ("", "P"):
        keys = {f"P|{rest}"}
        if len(rest) >= _STRONG:
            keys.add(f"|{rest}")
    return keys
