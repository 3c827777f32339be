# ruff: noqa: E501, RUF001 texts as banks print them
"""Makes conferences with bank lines whose truth is known, as conferences sell and banks print.

Five list prices are shared by all sponsors; some sponsors are banks or payment services, some differ
by their legal form only, some share their first word; their numbers look like dates, ZIP codes and
one another. The truth of a line is what its story says that was paid, never what the rules find.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from po_toolkit.domain.bank_matching import (
    BatchPart,
    Confirmed,
    Facts,
    HandEntry,
    Line,
    OpenOrder,
    PayoutFact,
)
from po_toolkit.domain.references import REFERENCE_ALPHABET, structured_reference

PRICES = (250_000, 500_000, 750_000, 1_000_000, 2_500_000)
OWN = ("Python Conference", "PyCon 2027", "Python Conference Foundation Inc.")
FIRST = (
    "Aldermoor Bexhill Corvane Drumlin Eskerton Fennwick Galdora Hollins Inverlea Jarrowby Kestral "
    "Lorimer Marwick Nethercott Ostrava Penhale Quillon Ravelin Selwick Tarrant Ullswater Verity "
    "Wexcombe Yarborough Zellmark Ashdene Brinmoor Cadwell Dovecote Elmhurst Farrow Glenholt"
).split()
SECOND = (
    "Analytics Software Robotics Networks Instruments Publishing Semiconductors Logistics Biotech "
    "Observatory Foundry Mapping Compilers Storage Telemetry Learning"
).split()
FORMS = ["Inc.", "LLC", "GmbH", "Ltd", "B.V.", "S.A.S.", "AG", "Corp.", "GmbH & Co. KG", "Oy", "AB"]
BANK_SPONSORS = [
    "Deutsche Bank AG",
    "Citibank N.A.",
    "Wells Fargo & Company",
    "JPMorgan Chase & Co.",
]
SERVICE_SPONSORS = ["Wise Payments Limited", "Stripe Inc.", "PayPal Holdings Inc."]
ONE_WORD = ["Oracle", "Target", "Block", "Harbor", "Summit", "Orbit", "Anchor", "Beacon"]
ACCENTED = [
    "Müller & Söhne GmbH",
    "Société Lumière SAS",
    "Łódź Systemy sp. z o.o.",
    "Ångström Analys AB",
    "Peña y Núñez S.L.",
    "Çelik Yazılım A.Ş.",
]
BANKS = [
    "CITIBANK N.A.",
    "BANK OF AMERICA, N.A.",
    "DEUTSCHE BANK AG",
    "JPMORGAN CHASE BANK",
    "WELLS FARGO BANK NA",
    "BNP PARIBAS",
    "HSBC BANK PLC",
    "SILICON VALLEY BANK",
]
SERVICES = [
    "BILL.COM LLC",
    "WISE PAYMENTS LTD",
    "PAYONEER INC",
    "MELIO PAYMENTS INC",
    "PAYPAL",
    "TIPALTI INC",
    "RAMP",
    "COUPA PAY",
]
PEOPLE = ["MIRA OKAFOR", "JOHN ORACLE", "T. BEXHILL", "ANNA LORIMER", "PAUL TARGET", "LI WEI"]
STRANGERS = [
    "NORTHGATE CATERING LLC",
    "CITY OF PITTSBURGH",
    "EVENTBRITE INC",
    "MAPLE HOTEL GROUP",
    "BLUE HERON TRUST",
    "ORACLE PARK TICKETS",
    "TARGET FIELD EVENTS",
    "SUMMIT HIKING CLUB",
]
PLEASANTRIES = [
    "",
    "",
    "THANK YOU",
    "SPONSORSHIP",
    "GOLD SPONSOR",
    "PYCON 2027",
    "VIELEN DANK",
    "INVOICE PAYMENT",
    "PYTHON CONFERENCE",
]
RETURNED = [
    "RETURNED",
    "REJECTED BY BENEFICIARY BANK",
    "RETOURE",
    "RUECKZAHLUNG",
    "REFUND",
    "REMBOURSEMENT",
    "DEVOLUCION",
    "RIMBORSO",
    "TERUGBETALING",
    "ZWROT",
    "STORNO",
    "REVERSAL",
    "RETURN OF YOUR PAYMENT",
    "RÜCKÜBERWEISUNG",
    "ÅTERBETALNING",
]

Print = tuple[str, str]
"""A line's text and the other party's field."""


@dataclass
class Printed:
    """What a bank is given to print.

    Attributes:
        payer: Who sends.
        text: What the payer wrote.
        original: On whose behalf, if another.
        address: The payer's address, which some banks print after the name.
    """

    payer: str
    text: str
    original: str = ""
    address: str = ""


def _chips(r: random.Random, p: Printed) -> Print:
    n, bank = r.randrange(10**9), r.choice(BANKS)
    who = f"{p.payer.upper()[:33]} {p.address}".strip()
    text = (
        f"CHIPS CREDIT VIA: {bank}/0008 B/O: {who} REF: NBNF={OWN[0].upper()}/AC-0000{n % 10**8:08}"
        f" ORG={n} OGB={r.choice(BANKS)} OBI={p.text} BBI=/RFB/{n % 10**6} SSN: 0{n % 10**6:06}"
    )
    return text, ""


def _fedwire(r: random.Random, p: Printed) -> Print:
    text = (
        f"FEDWIRE CREDIT VIA: {r.choice(BANKS)}/021000021 B/O: {p.payer.upper()} {p.address} "
        f"REF: CHASE NYC/CTR/BNF={OWN[2].upper()} RFB=O/B {r.choice(BANKS)} OBI={p.text} IMAD: "
        f"0305B1QGC0{r.randrange(10**4):04}"
    )
    return text, ""


def _wells(r: random.Random, p: Printed) -> Print:
    n = r.randrange(10**8)
    text = (
        f"WT FED#{n % 10**5:05} {r.choice(BANKS)} /ORG={p.payer.upper()[:30]} SRF# {n} TRN#{n % 10**7} "
        f"RFB# {p.text}"
    )
    return text, ""


def _ach(r: random.Random, p: Printed) -> Print:
    n = r.randrange(10**9)
    text = (
        f"ORIG CO NAME:{p.payer.upper()[:16]} ORIG ID:{n} DESC DATE:270305 CO ENTRY DESCR:PAYMENT "
        f"SEC:CCD TRACE#:{n} EED:270305 IND ID:{p.text} IND NAME:{OWN[0].upper()}"
    )
    return text, ""


def _ach_short(r: random.Random, p: Printed) -> Print:
    n = r.randrange(10**9)
    text = f"{p.payer.upper()[:22]} DES:VENDOR PMT ID:{p.text} INDN:{OWN[0].upper()} CO ID:{n} CCD"
    return text, ""


def _swift(r: random.Random, p: Printed) -> Print:
    n = r.randrange(10**8)
    first = f"/ORDP/{p.payer.upper()}"
    return f"/EREF/{n}{first}/REMI/{p.text}/BENM/{OWN[0].upper()}", ""


def _dutch(r: random.Random, p: Printed) -> Print:
    n = r.randrange(10**9)
    text = (
        f"/TRTP/SEPA OVERBOEKING/IBAN/NL91ABNA{n:010}/BIC/ABNANL2A/NAME/{p.payer.upper()[:32]}"
        f"/REMI/{p.text}/EREF/NOTPROVIDED"
    )
    return text, p.payer.upper()[:32] if r.random() < 0.5 else ""


def _sepa(r: random.Random, p: Printed) -> Print:
    n = r.randrange(10**9)
    other = f"ABWA+{p.original.upper()[:27]}" if p.original else ""
    return f"SEPA-GUTSCHRIFT EREF+{n}SVWZ+{p.text}{other}", p.payer.upper()[:27]


def _camt(r: random.Random, p: Printed) -> Print:
    who = f"{p.payer} {p.original}".strip()
    return f"{p.text} {who}".strip(), who


def _french(r: random.Random, p: Printed) -> Print:
    return f"VIR SEPA RECU /DE {p.payer.upper()} /MOTIF {p.text} /REF {r.randrange(10**8)}", ""


def _fpi(r: random.Random, p: Printed) -> Print:
    return f"FPI {p.payer.upper()[:18]} {p.text[:18]} {r.randrange(10**14):014}", ""


def _bacs(r: random.Random, p: Printed) -> Print:
    return f"BACS {p.text} {p.payer.upper()[:18]}", ""


def _plain(r: random.Random, p: Printed) -> Print:
    return f"INCOMING WIRE {p.payer.upper()} {p.text}", ""


def _columns(r: random.Random, p: Printed) -> Print:
    return p.text or "PAYMENT", p.payer


def _cut(r: random.Random, p: Printed) -> Print:
    return f"WIRE {p.payer} {p.text}".upper()[:35].strip(), ""


LAYOUTS: dict[str, Callable[[random.Random, Printed], Print]] = {
    "US wire, CHIPS": _chips,
    "US wire, Fed": _fedwire,
    "US wire, ORG=": _wells,
    "ACH": _ach,
    "ACH, INDN": _ach_short,
    "SWIFT": _swift,
    "Dutch": _dutch,
    "SEPA, MT940": _sepa,
    "CAMT": _camt,
    "French": _french,
    "UK FPI": _fpi,
    "BACS": _bacs,
    "plain": _plain,
    "columns": _columns,
    "cut at 35": _cut,
}


NARROW = {"cut at 35": 22, "ACH": 99, "ACH, INDN": 99, "UK FPI": 99, "BACS": 99}
"""Layouts that cut much away, and the longest payer's name that leaves something beside it."""


@dataclass
class Scene:
    """One conference's season, with the truth of each line."""

    rng: random.Random
    orders: list[OpenOrder] = field(default_factory=list)
    entries: list[HandEntry] = field(default_factory=list)
    payouts: list[PayoutFact] = field(default_factory=list)
    confirmed: list[Confirmed] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    accounts: dict[str, frozenset[str]] = field(default_factory=dict)
    truth: dict[int, str] = field(default_factory=dict)
    """Line → its answer, ``""`` where it is nothing of ours."""
    story: dict[int, str] = field(default_factory=dict)
    layout: dict[int, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)

    def facts(self) -> Facts:
        """Return the scene as matching sees it."""
        return Facts(
            lines=self.lines,
            orders=self.orders,
            entries=self.entries,
            payouts=self.payouts,
            own=OWN,
            accounts=self.accounts,
            confirmed=self.confirmed,
        )

    # What is sold

    def name(self) -> str:
        """Make a sponsor's name, often like another's."""
        r = self.rng
        for _ in range(100):
            kind = r.random()
            if kind < 0.06:
                name = r.choice(BANK_SPONSORS + SERVICE_SPONSORS)
            elif kind < 0.12:
                name = f"{r.choice(ONE_WORD)} {r.choice(['', 'Inc.', 'Ltd'])}".strip()
            elif kind < 0.17:
                name = r.choice(ACCENTED)
            elif kind < 0.27 and self.names:  # another legal form of one that is there
                core = r.choice(self.names).rsplit(" ", 1)[0]
                name = f"{core} {r.choice(FORMS)}"
            elif kind < 0.42 and self.names:  # the same first word
                name = f"{r.choice(self.names).split()[0]} {r.choice(SECOND)} {r.choice(FORMS)}"
            else:
                name = f"{r.choice(FIRST)} {r.choice(SECOND)} {r.choice(FORMS)}"
            if name not in self.names:
                self.names.append(name)
                return name
        raise AssertionError("no name is left")

    def number(self) -> str:
        """Make a sponsor's own number; one may stand inside another."""
        r = self.rng
        for _ in range(100):
            number = r.choice(
                [
                    lambda: f"{r.randrange(10_000, 100_000)}",
                    lambda: f"{r.randrange(10_000, 100_000)}",
                    lambda: f"27{r.randrange(1, 13):02}{r.randrange(1, 29):02}",
                    lambda: f"PO-{r.randrange(1000, 1100)}",
                    lambda: f"45{r.randrange(10**8):08}",
                    lambda: f"2027-{r.randrange(1, 1000):03}",
                    lambda: f"PO{r.randrange(10**6):06}",
                    lambda: f"{r.randrange(1, 400)}",
                    lambda: f"{r.choice(sorted(self.numbers) or ['12345'])}{r.randrange(10)}",
                    lambda: "",
                ]
            )()
            if not number or number not in self.numbers:
                self.numbers.add(number) if number else None
                return number
        return ""

    def order(
        self,
        name: str = "",
        *,
        amount: int = 0,
        currency: str = "usd",
        number: str | None = None,
        paid: bool = False,
        cancelled: bool = False,
    ) -> OpenOrder:
        """Sell a package at a list price."""
        code = "".join(self.rng.choices(REFERENCE_ALPHABET, k=6))
        while code in self.codes:
            code = "".join(self.rng.choices(REFERENCE_ALPHABET, k=6))
        self.codes.add(code)
        total = amount or self.rng.choice(PRICES)
        made = OpenOrder(
            len(self.orders) + 1,
            f"PO-{code}",
            self.number() if number is None else number,
            name or self.name(),
            currency,
            0 if paid else total,
            cancelled,
            total,
            (f"{self.rng.randrange(16**8):08X}-{self.rng.randrange(1, 99):04}",),
        )
        self.orders.append(made)
        return made

    def day(self) -> date:
        """Return a day of the season."""
        return date(2027, 1, 4) + timedelta(days=self.rng.randrange(120))

    # What comes

    def line(
        self,
        story: str,
        amount: int,
        printed: Printed | Print,
        truth: str,
        *,
        currency: str = "usd",
        day: date | None = None,
        layout: str = "",
        whole: bool = False,
        **more: object,
    ) -> Line:
        """Add a line as one of the banks prints it; ``whole`` keeps all of the payer's name."""
        if isinstance(printed, Printed):
            layout = layout or self.rng.choice(list(LAYOUTS))
            while layout in NARROW and (whole or len(printed.payer) > NARROW[layout]):
                layout = self.rng.choice(list(LAYOUTS))  # what tells would be cut away
            text, who = LAYOUTS[layout](self.rng, printed)
        else:
            text, who = printed
        made = Line(
            len(self.lines) + 1,
            amount,
            currency,
            day or self.day(),
            " ".join(text.split()),
            who,
            **more,  # type: ignore[arg-type]  # fields of Line
        )
        self.lines.append(made)
        self.truth[made.id], self.story[made.id] = truth, story
        self.layout[made.id] = layout or "other"
        return made

    def own(self, order: OpenOrder) -> str:
        """Write our reference as payers do."""
        code = order.reference.removeprefix("PO-")
        return self.rng.choice(
            [
                order.reference,
                order.reference,
                f"PO {code}",
                f"PO{code}",
                f"P0-{code}",
                f"PO-{code[:3]} {code[3:]}",
                f"PO: {code}",
                f"RECHNUNG {order.reference}",
                f"RECHNUNGPO{code}",
                f"INV.{order.reference}",
                order.reference.lower(),
                structured_reference(order.reference),
                order.reference.translate({ord(c): ord(c) + 0xFEE0 for c in order.reference}),
            ]
        )

    def theirs(self, order: OpenOrder) -> str:
        """Write the sponsor's number as payers do."""
        number = order.po_number
        digits = number.removeprefix("PO").removeprefix("-")
        return self.rng.choice(
            [
                number,
                f"PO {digits}",
                f"PO-{digits}",
                f"PO NO. {digits}",
                f"P.O. {digits}",
                f"PO#{digits}",
                f"BESTELLNR {digits}",
                f"ORDER {digits}",
                f"INV {digits}",
                f"000{digits}",
            ]
        )

    def with_words(self, text: str) -> str:
        """Add what people write beside a number."""
        return f"{text} {self.rng.choice(PLEASANTRIES)}".strip()


def pays(order: OpenOrder, amount: int | None = None) -> str:
    """Write the truth of a payment of a purchase order."""
    return f"order {order.id} {order.balance if amount is None else amount}"


def together(*orders: OpenOrder) -> str:
    """Write the truth of one payment of several purchase orders."""
    return "; ".join(pays(o) for o in sorted(orders, key=lambda o: o.id))


# Stories: each adds orders and lines and says what was paid.


def sponsor_with_reference(s: Scene) -> None:
    o = s.order()
    s.line(
        "our reference", o.balance, Printed(o.organization_name, s.with_words(s.own(o))), pays(o)
    )


def sponsor_with_number(s: Scene) -> None:
    o = s.order()
    text = s.theirs(o) if o.po_number else o.invoices[0]
    s.line("sponsor's number", o.balance, Printed(o.organization_name, s.with_words(text)), pays(o))


def sponsor_with_invoice_number(s: Scene) -> None:
    o = s.order()
    text = s.rng.choice(
        [o.invoices[0], f"INVOICE {o.invoices[0]}", o.invoices[0].replace("-", " ")]
    )
    s.line("Stripe's invoice number", o.balance, Printed(o.organization_name, text), pays(o))


def sponsor_alone(s: Scene) -> None:
    o = s.order()
    text = s.rng.choice(["SPONSORSHIP", "PAYMENT", "SPONSORING PYCON 2027", "INVOICE", ""])
    s.line("name and amount", o.balance, Printed(o.organization_name, text), pays(o))


def sponsor_of_two_alike(s: Scene) -> None:
    first = s.order()
    second = s.order(first.organization_name, amount=first.balance, paid=s.rng.random() < 0.4)
    chosen = s.rng.choice([first, second])
    s.line(
        "two alike, by name",
        first.balance,
        Printed(first.organization_name, "SPONSORSHIP"),
        f"order {chosen.id} {first.balance}",
    )


def parent_or_agent(s: Scene) -> None:
    o = s.order()
    core = o.organization_name.split()[0]
    payer = s.rng.choice(
        [
            f"{core} HOLDING AG",
            f"{core} GROUP TREASURY",
            "TREASURY SERVICES EUROPE",
            "MEDIA AGENCY LTD",
            f"{core} FOUNDATION",
            *SERVICES,
        ]
    )
    text = s.rng.choice(
        [
            s.own(o),
            s.theirs(o) if o.po_number else s.own(o),
            o.organization_name.upper(),
            f"{o.organization_name.upper()} {s.own(o)}",
        ]
    )
    original = o.organization_name if s.rng.random() < 0.3 else ""
    s.line("parent, agent, service", o.balance, Printed(payer, text, original), pays(o))


def sibling(s: Scene) -> None:
    """A company of the same name and another legal form pays for something else."""
    o = s.order(f"{s.rng.choice(FIRST)} {s.rng.choice(SECOND)} {s.rng.choice(FORMS[:4])}")
    core = o.organization_name.rsplit(" ", 1)[0]
    other = s.rng.choice([f for f in FORMS[4:8] if f"{core} {f}" not in s.names])
    s.line(
        "sibling, other legal form",
        o.balance,
        Printed(f"{core} {other}", "PAYMENT"),
        "",
        whole=True,
    )


def two_siblings(s: Scene) -> None:
    """Two sponsors of one name and different legal forms, one amount."""
    core = f"{s.rng.choice(FIRST)}{s.rng.choice('aeiou')} {s.rng.choice(SECOND)}"
    one, two = s.rng.sample(FORMS[:6], 2)
    amount = s.rng.choice(PRICES)
    a, b = s.order(f"{core} {one}", amount=amount), s.order(f"{core} {two}", amount=amount)
    who = s.rng.choice([a, b])
    text = s.rng.choice(["PAYMENT", s.own(who), s.theirs(who) if who.po_number else "PAYMENT"])
    name = who.organization_name if s.rng.random() < 0.6 else core
    s.line("two siblings", amount, Printed(name, text), pays(who))


def longer_name(s: Scene) -> None:
    o = s.order(s.rng.choice([*ONE_WORD, f"{s.rng.choice(FIRST)} {s.rng.choice(FORMS)}"]))
    core = o.organization_name.split()[0].upper()
    payer = s.rng.choice(
        [
            f"{core} PARK LLC",
            f"JOHN {core}",
            f"{core} FAMILY TRUST",
            f"NEW {core} INC",
            f"{core} DENTAL CARE",
        ]
    )
    s.line("longer name", o.balance, Printed(payer, s.rng.choice(["PAYMENT", "DONATION", ""])), "")


def stranger(s: Scene) -> None:
    """Somebody else pays a list price, with a number that is also a sponsor's."""
    o = s.order()
    bare = o.po_number.removeprefix("PO-").removeprefix("PO")
    text = s.rng.choice(
        [
            "",
            "TICKETS",
            f"INV {bare}",
            f"INVOICE {bare}",
            bare,
            f"RG {bare}",
            f"REF {bare}",
            f"DATED {bare}",
            "GRANT 2027",
            "PYCON 2027",
        ]
    )
    zip_code = bare if len(bare) == 5 else f"{s.rng.randrange(10_000, 99_999)}"
    address = f"1 MAIN ST NEW YORK NY {zip_code}"
    payer = s.rng.choice(STRANGERS + PEOPLE)
    if any(_same(payer, n) for n in s.names):
        return
    s.line("stranger", o.balance, Printed(payer, text, address=address), "")


def _same(payer: str, name: str) -> bool:
    first = payer.split(maxsplit=1)[0]
    return first.casefold() == name.casefold()


def tickets(s: Scene) -> None:
    o = s.order()
    word = s.rng.choice(
        [
            "TICKETS",
            "10 TICKETS PYCON",
            "REGISTRATION",
            "SPENDE",
            "DONATION",
            "BILLETS",
            "MEMBERSHIP 2027",
            "ENTRADAS",
            "EINTRITTSKARTEN",
        ]
    )
    s.line("sponsor buys tickets", o.balance, Printed(o.organization_name, word), "")


def last_year(s: Scene) -> None:
    o = s.order()
    text = s.rng.choice(
        [
            "INVOICE 2026-0114",
            "INV 88213",
            "PO-ZZZ299",
            "RECHNUNG 2026/77",
            "PO 998877",
            "FACTURE 26-0031",
            "BESTELLUNG 771234",
        ]
    )
    s.line("an earlier year's debt", o.balance, Printed(o.organization_name, text), "")


def returned(s: Scene) -> None:
    """Our own payment to a sponsor comes back."""
    o = s.order()
    text = f"{s.rng.choice(RETURNED)} {s.rng.choice(['', s.own(o)])}".strip()
    s.line("return", o.balance, Printed(o.organization_name, text), "")


def reversed_by_bank(s: Scene) -> None:
    o = s.order()
    s.line(
        "marked as reversal", o.balance, Printed(o.organization_name, s.own(o)), "", reversal=True
    )


def duplicate(s: Scene) -> None:
    o = s.order()
    text = s.own(o)
    first = s.line("our reference", o.balance, Printed(o.organization_name, text), pays(o))
    s.line(
        "suspected duplicate",
        o.balance,
        Printed(o.organization_name, text),
        "",
        day=first.booked_on + timedelta(days=1),
        duplicate_of=first.id,
    )


def paid_already(s: Scene) -> None:
    o = s.order(paid=True)
    text = s.rng.choice([s.own(o), s.theirs(o) if o.po_number else s.own(o)])
    s.line(
        "paid already", o.total or 0, Printed(o.organization_name, text), f"order {o.id} {o.total}"
    )


def cancelled(s: Scene) -> None:
    o = s.order(cancelled=True)
    s.line("cancelled", o.balance, Printed(o.organization_name, s.own(o)), pays(o))


def typed(s: Scene) -> None:
    """A wire was typed, then its line comes; the sponsor has another order of the same amount."""
    o = s.order(paid=True)
    amount, day = o.total or 0, s.day()
    e = HandEntry(len(s.entries) + 1, o.id, amount, "usd", day, "", "wire")
    s.entries.append(e)
    if s.rng.random() < 0.3:
        s.order(o.organization_name, amount=amount)
    text = s.rng.choice([s.own(o), s.theirs(o) if o.po_number else "PAYMENT", "PAYMENT"])
    booked = day + timedelta(days=s.rng.randrange(-2, 5))
    s.line(
        "typed before",
        amount,
        Printed(o.organization_name, text),
        f"entry {e.id} {amount}",
        day=booked,
    )


def typed_elsewhere(s: Scene) -> None:
    """A wire was typed on one order; the line names another of the sponsor with the same amount."""
    a = s.order(paid=True)
    b = s.order(a.organization_name, amount=a.total or 0)
    day = s.day()
    e = HandEntry(len(s.entries) + 1, a.id, a.total or 0, "usd", day, "", "wire")
    s.entries.append(e)
    s.line(
        "typed on another order",
        b.balance,
        Printed(b.organization_name, s.own(b)),
        f"entry {e.id} {b.balance}",
        day=day + timedelta(days=2),
    )


def checks(s: Scene) -> None:
    number = f"{s.rng.randrange(1000, 9999)}"
    o = s.order(paid=True)
    e = HandEntry(
        len(s.entries) + 1, o.id, o.total or 0, "usd", s.day(), f"Check {number}", "check"
    )
    s.entries.append(e)
    text = s.rng.choice(
        [f"DEPOSIT CHECK {number}", f"CHECK # {number} REMOTE DEPOSIT", f"CHECK {number}"]
    )
    s.line(
        "typed check",
        e.amount,
        (text, ""),
        f"entry {e.id} {e.amount}",
        day=e.date + timedelta(days=s.rng.randrange(0, 6)),
    )


def several_checks(s: Scene) -> None:
    day, made = s.day(), []
    for _ in range(s.rng.randrange(2, 4)):
        o = s.order(paid=True)
        e = HandEntry(
            len(s.entries) + 1,
            o.id,
            (o.total or 0) + s.rng.randrange(100),
            "usd",
            day,
            f"Check {s.rng.randrange(1000, 9999)}",
            "check",
        )
        s.entries.append(e)
        made.append(e)
    truth = "; ".join(f"entry {e.id} {e.amount}" for e in made)
    s.line(
        "deposit of several checks",
        sum(e.amount for e in made),
        ("COUNTER DEPOSIT", ""),
        truth,
        day=day + timedelta(days=1),
    )


def lists(s: Scene) -> None:
    first = s.order(number=f"PO-{s.rng.randrange(2, 9)}{len(s.orders):04}1")
    stem = int(first.po_number.removeprefix("PO-"))
    some = [first] + [
        s.order(first.organization_name, number=f"PO-{stem + i}")
        for i in range(1, s.rng.randrange(2, 4))
    ]
    total = sum(o.balance for o in some)
    numbers = [o.po_number.removeprefix("PO-") for o in some]
    text = s.rng.choice(
        [
            f"PO-{', '.join(numbers[:-1])} AND {numbers[-1]}",
            f"PO {numbers[0]}-{numbers[-1]}",
            " ".join(o.reference for o in some),
            f"PO-{' + '.join(numbers)}",
            f"BESTELLUNGEN PO-{', '.join(numbers[:-1])} UND {numbers[-1]}",
            f"PO {'/'.join(numbers)}",
        ]
    )
    kept = s.rng.choice([0, 0, 0, 1500])
    story = "several, less charges" if kept else "several named"
    if kept:
        most = max(some, key=lambda o: (o.balance, o.id))
        truth = "; ".join(pays(o, o.balance - (kept if o is most else 0)) for o in some)
    else:
        truth = together(*some)
    s.line(story, total - kept, Printed(first.organization_name, text), truth)


def several_by_name(s: Scene) -> None:
    a = s.order()
    b = s.order(a.organization_name)
    s.line(
        "several, by name",
        a.balance + b.balance,
        Printed(a.organization_name, "PAYMENT"),
        together(a, b),
    )


def inside_another(s: Scene) -> None:
    o = s.order(number=f"{s.rng.randrange(10**4, 10**5)}")
    n = o.po_number
    text = s.rng.choice(
        [f"PO {n}7", f"{n}-2", f"PO-{n}/3", f"9{n}", f"PO {n[:-1]}", f"{n}.11", f"X{n}"]
    )
    payer = s.rng.choice([o.organization_name, *STRANGERS[:4]])
    s.line("a number inside another", o.balance, Printed(payer, text), "")


def in_part(s: Scene) -> None:
    o = s.order()
    part = o.balance // s.rng.choice([2, 4])
    s.line("in part", part, Printed(o.organization_name, s.own(o)), pays(o, part))


def less_charges(s: Scene) -> None:
    o = s.order()
    kept = s.rng.choice([1000, 1500, 2500])
    text = s.rng.choice([s.own(o), "PAYMENT"])
    s.line(
        "less charges",
        o.balance - kept,
        Printed(o.organization_name, text),
        pays(o, o.balance - kept),
    )


def too_much(s: Scene) -> None:
    o = s.order()
    s.line(
        "too much",
        o.balance + 10_000,
        Printed(o.organization_name, s.own(o)),
        pays(o, o.balance + 10_000),
    )


def other_currency(s: Scene) -> None:
    o = s.order(currency="eur")
    if s.rng.random() < 0.5:
        s.order(o.organization_name, amount=o.balance)
    s.line("other currency", o.balance, Printed(o.organization_name, s.own(o)), "")


def two_sponsors_named(s: Scene) -> None:
    """One sponsor writes another's reference, or both are named."""
    amount = s.rng.choice(PRICES)
    a, b = s.order(amount=amount), s.order(amount=amount)
    if s.rng.random() < 0.5:
        s.line(
            "another sponsor's reference", amount, Printed(a.organization_name, s.own(b)), pays(b)
        )
    else:
        text = f"FOR {b.organization_name.upper()} BOOTH"
        s.line("another sponsor named", amount, Printed(a.organization_name, text), pays(b))


def bank_sponsors(s: Scene) -> None:
    """A sponsor that is a bank, and a wire that only went through it."""
    bank = s.rng.choice(BANK_SPONSORS)
    amount = s.rng.choice(PRICES)
    if bank not in s.names:
        s.names.append(bank)
    b = s.order(bank, amount=amount)
    payer = s.rng.choice(STRANGERS)
    short = s.rng.choice([bank.upper(), " ".join(bank.upper().split()[:2])])
    text = s.rng.choice(
        [
            f"WIRE VIA {short} B/O {payer} OBI=EVENT",
            f"FEDWIRE CREDIT VIA: {short}/021 B/O: {payer} OBI=PAY",
            f"/ORDP/{payer}/ORDI/{short}/REMI/EVENT",
            f"WT FED#12345 {short} /ORG={payer} RFB# 991",
        ]
    )
    s.line("only through a bank that is a sponsor", b.balance, (text, ""), "")


def batch(s: Scene) -> None:
    some = [s.order() for _ in range(s.rng.randrange(2, 4))]
    parts = tuple(BatchPart(o.balance, s.own(o), o.organization_name) for o in some)
    s.line(
        "batch",
        sum(o.balance for o in some),
        ("SAMMELGUTSCHRIFT", ""),
        together(*some),
        parts=parts,
        layout="CAMT batch",
    )


def batch_with_a_stranger(s: Scene) -> None:
    a, b = s.order(), s.order()
    parts = (
        BatchPart(a.balance, s.own(a), a.organization_name),
        BatchPart(b.balance, "TICKETS", "MIRA OKAFOR"),
    )
    s.line(
        "batch with a stranger",
        a.balance + b.balance,
        ("SAMMELGUTSCHRIFT", ""),
        "",
        parts=parts,
        layout="CAMT batch",
    )


def learned(s: Scene) -> None:
    o = s.order()
    account = f"DE{s.rng.randrange(10**18):020}"
    s.accounts[account] = frozenset({o.organization_name})
    s.line(
        "known account",
        o.balance,
        Printed("TREASURY SERVICES EUROPE", s.rng.choice([s.own(o), "PAYMENT"])),
        pays(o),
        account=account,
    )


def payouts(s: Scene) -> None:
    r = s.rng
    arrival = s.day()
    amount = r.choice([*PRICES, r.randrange(10_000, 900_000)])
    p = _payout(
        s, amount, arrival, trace=f"{r.randrange(10**14, 10**15)}" if r.random() < 0.3 else ""
    )
    text = r.choice(
        [
            "STRIPE TRANSFER ST-A1B2C3",
            "STRIPE PAYOUT",
            "STRIPE TECHNOLOGY EUROPE LTD",
            "ORIG CO NAME:STRIPE ORIG ID:1800948598 CO ENTRY DESCR:TRANSFER SEC:CCD",
        ]
    )
    text = f"{text} TRACE#:{p.trace_id}" if p.trace_id else text
    s.line(
        "payout",
        amount,
        (text, ""),
        f"payout {p.id} {amount}",
        day=arrival + timedelta(days=r.randrange(3)),
    )


def _payout(
    s: Scene, amount: int, arrival: date, *, trace: str = "", failed: bool = False
) -> PayoutFact:
    made = PayoutFact(
        len(s.payouts) + 1, f"po_1Q{len(s.payouts):08}", amount, "usd", arrival, trace, "", failed
    )
    s.payouts.append(made)
    return made


def payouts_alike(s: Scene) -> None:
    arrival, amount = s.day(), s.rng.choice(PRICES)
    late = timedelta(days=s.rng.choice([0, 0, 1]))
    for shift in (0, s.rng.choice([1, 3])):
        p = _payout(s, amount, arrival + timedelta(days=shift))
        s.line(
            "payouts alike",
            amount,
            ("STRIPE TRANSFER", ""),
            f"payout {p.id} {amount}",
            day=p.arrival + late,
        )


def payouts_shared(s: Scene) -> None:
    r = s.rng
    arrival = s.day()
    first = _payout(s, r.randrange(100_000, 900_000), arrival)
    kind = r.randrange(3)
    if kind == 0:
        second = _payout(s, r.randrange(100_000, 900_000), arrival)
        truth = f"payout {first.id} {first.amount}; payout {second.id} {second.amount}"
        s.line(
            "several payouts in one line",
            first.amount + second.amount,
            ("STRIPE", ""),
            truth,
            day=arrival,
        )
    elif kind == 1:
        half = first.amount // 3
        for share in (half, first.amount - half):
            s.line(
                "one payout in two lines",
                share,
                ("STRIPE TRANSFER", ""),
                f"payout {first.id} {share}",
                day=arrival,
            )
    else:
        came = first.amount - 1500
        s.line(
            "payout less a fee",
            came,
            ("STRIPE TRANSFER", ""),
            f"payout {first.id} {came}",
            day=arrival,
        )


def payout_fails(s: Scene) -> None:
    arrival, amount = s.day(), s.rng.choice(PRICES)
    p = _payout(s, amount, arrival, failed=True)
    again = _payout(s, amount, arrival + timedelta(days=5))
    s.line(
        "payout, failed later",
        amount,
        ("STRIPE TRANSFER", ""),
        f"payout {p.id} {amount}",
        day=arrival,
    )
    s.line(
        "payout, going back",
        -amount,
        ("STRIPE RETURN", ""),
        f"payout_return {p.id} {amount}",
        day=arrival + timedelta(days=2),
    )
    s.line(
        "payout, sent again",
        amount,
        ("STRIPE TRANSFER", ""),
        f"payout {again.id} {amount}",
        day=again.arrival,
    )


def descriptor(s: Scene) -> None:
    """A sponsor pays what a payout is; both print our own name."""
    o = s.order()
    day = s.day()
    s.payouts.append(
        PayoutFact(
            len(s.payouts) + 1,
            f"po_1Q{len(s.payouts):08}",
            o.balance,
            "usd",
            day,
            "",
            "PYTHON CONFERENCE",
        )
    )
    s.line(
        "a payout's amount, a sponsor's payment",
        o.balance,
        Printed(o.organization_name, s.own(o)),
        pays(o),
        day=day,
        layout=s.rng.choice(["US wire, CHIPS", "US wire, Fed", "ACH"]),
    )


def taken_back(s: Scene) -> None:
    """A bank takes a sponsor's payment back; another debit of the amount is something else."""
    o = s.order(paid=True)
    day = s.day()
    before = Line(100_000 + len(s.lines), o.total or 0, "usd", day, s.own(o), o.organization_name)
    s.confirmed.append(
        Confirmed(
            len(s.confirmed) + 1,
            before,
            before.amount,
            100_000 + o.id,
            o.id,
            o.reference,
            o.organization_name,
            (o.po_number,),
        )
    )
    text = s.rng.choice(
        [
            f"RETURNED ITEM {s.own(o)}",
            f"CHARGEBACK {o.organization_name.upper()}",
            f"REVERSAL OF CREDIT {o.organization_name.upper()}",
            "RUECKLASTSCHRIFT",
        ]
    )
    s.line(
        "reversal",
        -before.amount,
        (text, ""),
        f"reversal {s.confirmed[-1].match_id} {before.amount}",
        day=day + timedelta(days=s.rng.randrange(1, 9)),
        reversal=s.rng.random() < 0.5,
    )
    s.line(
        "other debit",
        -before.amount,
        ("VENUE RENT 2027", "MAPLE HOTEL GROUP"),
        "",
        day=day + timedelta(days=3),
    )


def noise(s: Scene) -> None:
    text = s.rng.choice(
        [
            "INTEREST PAYMENT",
            "RENT DEPOSIT RETURN",
            "IRS TREAS 310 TAX REF",
            "CASH DEPOSIT BRANCH 044",
            "EVENTBRITE EDI PYMNTS",
            "PAYPAL TRANSFER",
            "MOBILE CHECK DEPOSIT",
            "VENUE REFUND 2026",
            "GRANT 2027-11",
            "ZELLE FROM MIRA OKAFOR",
            "BANK CREDIT",
        ]
    )
    s.line("noise", s.rng.choice([*PRICES, s.rng.randrange(100, 500_000)]), (text, ""), "")
    s.line(
        "noise, debit",
        -s.rng.randrange(100, 900_000),
        (s.rng.choice(["MONTHLY FEE", "WIRE FEE"]), ""),
        "",
    )


STORIES: dict[Callable[[Scene], None], int] = {
    sponsor_with_reference: 10,
    sponsor_with_number: 10,
    sponsor_with_invoice_number: 4,
    sponsor_alone: 8,
    sponsor_of_two_alike: 2,
    parent_or_agent: 5,
    sibling: 2,
    two_siblings: 3,
    longer_name: 3,
    stranger: 6,
    tickets: 2,
    last_year: 2,
    returned: 2,
    reversed_by_bank: 1,
    duplicate: 1,
    paid_already: 2,
    cancelled: 1,
    typed: 4,
    typed_elsewhere: 1,
    checks: 2,
    several_checks: 1,
    lists: 4,
    several_by_name: 2,
    inside_another: 3,
    in_part: 2,
    less_charges: 3,
    too_much: 1,
    other_currency: 2,
    two_sponsors_named: 2,
    bank_sponsors: 2,
    batch: 2,
    batch_with_a_stranger: 1,
    learned: 2,
    payouts: 5,
    payouts_alike: 2,
    payouts_shared: 2,
    payout_fails: 1,
    descriptor: 1,
    taken_back: 2,
    noise: 3,
}
"""Each story and how often it happens."""


def scene(seed: int, stories: int) -> Scene:
    """Make a conference of so many stories."""
    made = Scene(random.Random(seed))
    for story in made.rng.choices(list(STORIES), list(STORIES.values()), k=stories):
        story(made)
    return made


def answer(proposal) -> str:
    """Write a proposal the way the truth is written."""
    return "; ".join(
        f"{p.kind} {p.id} {p.amount}" for p in sorted(proposal.parts, key=lambda p: (p.kind, p.id))
    )
