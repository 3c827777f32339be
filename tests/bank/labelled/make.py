"""Makes the labelled set: bank lines in the layouts of real banks, made-up names, and what each is.

    python tests/bank/labelled/make.py

The truth of a line is what the story says that was paid, never what the rules find. Where a person
must decide (paid twice, two payouts alike), the truth is still what it was; ``by_itself`` is no
where nothing in the line could tell.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).parent
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
FIRST = (
    "Aldermoor Bexhill Corvane Drumlin Eskerton Fennwick Galdora Hollins Inverlea Jarrowby Kestral "
    "Lorimer Marwick Nethercott Ostrava Penhale Quillon Ravelin Selwick Tarrant Ullswater Verity "
    "Wexcombe Yarborough Zellmark Ashdene Brinmoor Cadwell Dovecote Elmhurst Farrow Glenholt"
).split()
SECOND = (
    "Analytics Software Robotics Networks Instruments Publishing Semiconductors Logistics Biotech "
    "Observatory Foundry Mapping Compilers Storage Telemetry Learning"
).split()
FORMS = ["Inc.", "LLC", "GmbH", "Ltd", "B.V.", "S.A.S.", "AG", "Corp.", "GmbH & Co. KG", ""]


@dataclass
class Story:
    rng: random.Random = field(default_factory=lambda: random.Random(2027))
    orders: list[dict] = field(default_factory=list)
    entries: list[dict] = field(default_factory=list)
    payouts: list[dict] = field(default_factory=list)
    lines: list[dict] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    amounts: set[int] = field(default_factory=set)

    def name(self) -> str:
        while True:
            words = [self.rng.choice(FIRST), self.rng.choice(SECOND), self.rng.choice(FORMS)]
            name = " ".join(w for w in words if w)
            core = " ".join(words[:2])
            if core not in self.used:
                self.used.add(core)
                return name

    def amount(self) -> int:
        """A price of the list, with cents that make most of them differ."""
        while True:
            base = self.rng.choice([150_000, 250_000, 500_000, 900_000, 1_500_000, 2_500_000])
            amount = base + self.rng.randrange(0, 90_000, 25)
            if amount not in self.amounts:
                self.amounts.add(amount)
                return amount

    def order(self, name="", number=None, amount=None, currency="usd", cancelled=False, paid=0):
        reference = "PO-" + "".join(self.rng.choices(ALPHABET, k=6))
        if number is None:
            number = self.rng.choice(
                [f"45{self.rng.randrange(10**8):08}", f"PO{self.rng.randrange(10**6):06}",
                 f"2027-{self.rng.randrange(10**5):05}", ""]
            )  # fmt: skip
        made = {
            "id": len(self.orders) + 1, "reference": reference, "po_number": number,
            "organization_name": name or self.name(), "currency": currency,
            "balance": (self.amount() if amount is None else amount) - paid,
            "cancelled": int(cancelled),
        }  # fmt: skip
        self.orders.append(made)
        return made

    def entry(self, order, amount, day, reference=""):
        made = {
            "id": len(self.entries) + 1, "order_id": order["id"], "amount": amount,
            "currency": order["currency"], "date": day, "reference": reference,
        }  # fmt: skip
        self.entries.append(made)
        return made

    def payout(self, amount=None, trace="", arrival=None, failed=False, currency="usd"):
        made = {
            "id": len(self.payouts) + 1, "stripe_id": f"po_1Q{len(self.payouts):08}",
            "amount": self.amount() if amount is None else amount, "currency": currency,
            "arrival": arrival or self.day(), "trace_id": trace, "descriptor": "",
            "failed": int(failed),
        }  # fmt: skip
        self.payouts.append(made)
        return made

    def line(self, story, amount, text, truth, *, who="", day=None, currency="usd", by_itself=True):
        self.lines.append(
            {
                "id": len(self.lines) + 1, "story": story, "amount": amount, "currency": currency,
                "booked_on": day or self.day(), "counterparty": who,
                "text": f"{who} {text}".strip(), "truth": truth,
                "by_itself": "yes" if by_itself else "no",
            }
        )  # fmt: skip

    def day(self) -> date:
        return date(2027, 1, 4) + timedelta(days=self.rng.randrange(120))


def wrap(s: Story, name: str, reference: str) -> str:
    """A wire as one of ten banks prints it."""
    rng, up = s.rng, name.upper()
    n = rng.randrange(10**9)
    return rng.choice(
        [
            (
                f"CHIPS CREDIT VIA: CITIBANK N.A./0008 B/O: {up[:33]} REF: NBNF=PYTHON CONFERENCE "
                f"ORG={n} OGB=BNP PARIBAS BBI=/RFB/{reference} SSN: 0{n % 10**6:06}"
            ),
            (
                f"FEDWIRE CREDIT VIA: JPMORGAN CHASE BANK/021000021 B/O: {up} RFB={reference} "
                f"OBI=SPONSORSHIP IMAD: 0305B1QGC0{n % 10**4:04}"
            ),
            (
                f"WT FED#{n % 10**5:05} BANK OF AMERICA, N /ORG={up[:30]} SRF# {n} TRN#{n % 10**8} "
                f"RFB# {reference}"
            ),
            f"SEPA-GUTSCHRIFT {up[:27]} SVWZ+{reference} RECHNUNG VIELEN DANK EREF+{n}",
            f"/TRTP/SEPA OVERBOEKING/IBAN/NL91ABNA{n}/NAME/{up[:32]}/REMI/{reference}/EREF/{n}",
            (
                f"ORIG CO NAME:{up[:16]} ORIG ID:{n} DESC DATE:270305 CO ENTRY DESCR:PAYMENT "
                f"SEC:CCD TRACE#:{n} EED:270305 IND ID:{reference} IND NAME:PYTHON CONFERENCE"
            ),
            f"INCOMING WIRE {up} {reference}",
            f"VIR SEPA RECU /DE {up} /MOTIF {reference} /REF {n}",
            f"BACS {up[:18]} {reference}",
            f"ACH DEPOSIT {up[:22]} {reference} CCD ID: {n}",
        ]
    )


def own_forms(s: Story, reference: str) -> str:
    code = reference.removeprefix("PO-")
    return s.rng.choice(
        [reference, reference.lower(), f"PO {code}", f"PO{code}", f"P0-{code}",
         f"PO-{code[:3]} {code[3:]}", f"PO: {code}", f"PO/{code}", code, f"PO#{code}"]
    )  # fmt: skip


def number_forms(s: Story, number: str) -> str:
    digits = number.removeprefix("PO")
    return s.rng.choice(
        [number, f"PO {digits}", f"PO-{digits}", f"PO NO. {digits}", f"P.O. {digits}",
         f"{digits[:4]} {digits[4:]}" if "-" not in digits else digits.replace("-", " "),
         digits.replace("0", "O", 1) if "0" in digits[1:] else digits,
         f"000{digits}" if "-" not in digits else digits, f"PO{digits}"]
    )  # fmt: skip


def pay(order, amount=None) -> str:
    return f"order {order['reference']} {order['balance'] if amount is None else amount}"


def references(s: Story) -> None:
    for _ in range(60):
        o = s.order()
        text = wrap(s, o["organization_name"], own_forms(s, o["reference"]))
        s.line("own reference", o["balance"], text, pay(o))
    for i in range(60):
        number = [f"45{s.rng.randrange(10**8):08}", f"PO{s.rng.randrange(10**5, 10**6)}",
                  f"2027-{s.rng.randrange(10**4, 10**5)}"][i % 3]  # fmt: skip
        o = s.order(number=number)
        payer = o["organization_name"] if i % 4 else "Treasury Services Europe"
        s.line("sponsor's number", o["balance"], wrap(s, payer, number_forms(s, number)), pay(o))
    for _ in range(15):
        o = s.order()
        first = o["balance"] // 100 * 37
        for part in (first, o["balance"] - first):
            text = wrap(s, o["organization_name"], own_forms(s, o["reference"]))
            s.line("in part, reference", part, text, pay(o, part))
    for _ in range(8):
        o = s.order()
        text = wrap(s, o["organization_name"], own_forms(s, o["reference"]))
        s.line("too much", o["balance"] + 10_000, text, pay(o, o["balance"] + 10_000),
               by_itself=False)  # fmt: skip
    for _ in range(3):
        o = s.order()
        for _ in range(2):
            text = wrap(s, o["organization_name"], o["reference"])
            s.line("paid twice", o["balance"], text, pay(o), by_itself=False)
    for _ in range(5):
        o = s.order(cancelled=True)
        text = wrap(s, o["organization_name"], o["reference"])
        s.line("cancelled", o["balance"], text, pay(o), by_itself=False)


def names(s: Story) -> None:
    for i in range(50):
        o = s.order(number="" if i % 2 else None)
        up = o["organization_name"].upper()
        who = [up, up[:22], up.replace(" & ", " UND "), up.replace(".", "")][i % 4]
        s.line("amount and name", o["balance"], s.rng.choice(
            ["SPONSORSHIP", "INVOICE", "WIRE IN", "PAYMENT 0000123", "SPENDE", "MEMBERSHIP EVENT"]
        ), pay(o), who=who)  # fmt: skip
    for _ in range(6):
        o = s.order()
        first = o["balance"] // 100 * 41
        for part in (first, o["balance"] - first):
            s.line("instalments", part, "RATE", pay(o, part), who=o["organization_name"].upper())
    for _ in range(10):
        name = s.name()
        two = [s.order(name=name), s.order(name=name)]
        text = f"OUR ORDERS {two[0]['reference']} AND {two[1]['reference']}"
        truth = "; ".join(pay(o) for o in two)
        s.line("several, references", sum(o["balance"] for o in two), text, truth, who=name.upper())
    for i in range(15):
        name = s.name()
        some = [s.order(name=name) for _ in range(3)]
        paid = some if i % 3 == 0 else some[:2]
        truth = "; ".join(pay(o) for o in paid)
        s.line("several, name", sum(o["balance"] for o in paid), "COLLECTED PAYMENT", truth,
               who=name.upper())  # fmt: skip


def by_hand(s: Story) -> None:
    for i in range(70):
        o = s.order()
        amount, day = o["balance"], s.day()
        o["balance"] = 0
        booked = day + timedelta(days=s.rng.randrange(-3, 4))
        up = o["organization_name"].upper()
        if i < 25:
            e = s.entry(o, amount, day)
            text = wrap(s, o["organization_name"], own_forms(s, o["reference"]))
        elif i < 50:
            check = f"{s.rng.randrange(1000, 99999)}"
            e = s.entry(o, amount, day, f"Check {check}")
            text = s.rng.choice(
                [f"DEPOSIT CHECK {check}", f"CHECK # {check} REMOTE DEPOSIT", f"CHECK {check}"]
            )
        else:
            e = s.entry(o, amount, day)
            text = f"INCOMING WIRE {up}"
        s.line("entered by hand", amount, text, f"entry {e['id']} {amount}", day=booked)
    for _ in range(8):
        o = s.order(paid=0)
        e = s.entry(o, -12_345 - o["id"], s.day())
        s.line("refund by wire", e["amount"], f"OUTGOING WIRE {o['organization_name'].upper()} "
               f"REFUND {o['reference']}", f"entry {e['id']} {-e['amount']}",
               day=e["date"] + timedelta(days=1))  # fmt: skip


def charges(s: Story) -> None:
    for i in range(20):
        o = s.order()
        kept = s.rng.choice([1000, 1500, 2500, 3500])
        up = o["organization_name"].upper()
        if i % 3 == 0:
            text = wrap(s, o["organization_name"], o["reference"])
            s.line("charges, reference", o["balance"] - kept, text, pay(o, o["balance"] - kept))
        elif i % 3 == 1:
            s.line(
                "charges, name", o["balance"] - kept, "WIRE", pay(o, o["balance"] - kept), who=up
            )
        else:
            day, amount = s.day(), o["balance"]
            o["balance"] = 0
            e = s.entry(o, amount, day)
            text = wrap(s, o["organization_name"], o["reference"])
            s.line("charges, by hand", amount - kept, text, f"entry {e['id']} {amount - kept}",
                   day=day)  # fmt: skip


def payouts(s: Story) -> None:
    for i in range(80):
        trace = f"{s.rng.randrange(10**14, 10**15)}" if i % 2 else ""
        p = s.payout(trace=trace)
        text = s.rng.choice(
            [f"STRIPE TRANSFER ST-{s.rng.choices(ALPHABET, k=8)}", "STRIPE PAYOUT",
             "ORIG CO NAME:STRIPE ORIG ID:1800948598 CO ENTRY DESCR:TRANSFER SEC:CCD",
             "STRIPE TECHNOLOGY EUROPE LTD PYCON"]
        )  # fmt: skip
        late = s.rng.randrange(0, 4)
        if trace:
            late = s.rng.randrange(0, 12)
            text = f"{text} TRACE#:{trace}"
        s.line("payout", p["amount"], text, f"payout {p['stripe_id']} {p['amount']}",
               day=p["arrival"] + timedelta(days=late))  # fmt: skip
    for _ in range(5):
        arrival, amount = s.day(), s.amount()
        for shift in (0, 1):
            p = s.payout(amount=amount, arrival=arrival + timedelta(days=shift))
            truth = f"payout {p['stripe_id']} {amount}"
            s.line("two payouts alike", amount, "STRIPE TRANSFER", truth, day=p["arrival"],
                   by_itself=False)  # fmt: skip
    for i in range(6):
        trace = f"RET{i}{s.rng.randrange(10**8)}" if i % 2 else ""
        p = s.payout(trace=trace, failed=True)
        s.line("payout, failed later", p["amount"], f"STRIPE TRANSFER {trace}",
               f"payout {p['stripe_id']} {p['amount']}", day=p["arrival"])  # fmt: skip
        s.line("payout, going back", -p["amount"], f"STRIPE RETURN {trace}",
               f"payout_return {p['stripe_id']} {p['amount']}",
               day=p["arrival"] + timedelta(days=2))  # fmt: skip
    for _ in range(4):
        p = s.payout(amount=-s.amount() // 100)
        s.line("payout, collected", p["amount"], "STRIPE DEBIT",
               f"payout {p['stripe_id']} {-p['amount']}", day=p["arrival"])  # fmt: skip


def traps(s: Story) -> None:
    for i in range(8):  # PO-1 never matches inside PO-12
        short, long = s.order(number=f"PO-{i + 1}"), s.order(number=f"PO-{i + 1}{i}")
        text = f"WIRE {long['organization_name'].upper()} PO-{i + 1}{i}"
        s.line("short numbers", long["balance"], text, pay(long))
        text = f"WIRE {short['organization_name'].upper()} PO {i + 1}"
        s.line("short numbers", short["balance"], text, pay(short))
    for _ in range(10):  # a number inside a longer one is another number
        o = s.order(number=f"{s.rng.randrange(10**5, 10**6)}")
        s.line("inside a longer number", o["balance"] - 60_000,
               f"CREDIT MEMO 9{o['po_number']}7 CLEARING HOUSE", "")  # fmt: skip
    for _ in range(5):  # two sponsors use the same number
        number = f"77{s.rng.randrange(10**6):06}"
        two = [s.order(number=number), s.order(number=number)]
        for o in two:
            text = f"PAYMENT PO {number} {o['organization_name'].upper()}"
            s.line("shared number", o["balance"], text, pay(o))
    for _ in range(5):  # one name is the beginning of another
        name = s.name().rsplit(" ", 1)[0]
        short, long = s.order(name=f"{name} Inc."), s.order(name=f"{name} Europe GmbH")
        s.line("longer name", long["balance"], "PAYMENT", pay(long), who=f"{name} EUROPE".upper())
        s.line("shorter name", short["balance"], "PAYMENT", pay(short), who=f"{name} INC".upper())
    for _ in range(6):
        o = s.order(currency="eur")
        text = wrap(s, o["organization_name"], o["reference"])
        s.line("other currency", o["balance"], text, "")
    for _ in range(6):  # two purchase orders of one sponsor with one amount
        name, amount = s.name(), s.amount()
        two = [s.order(name=name, amount=amount), s.order(name=name, amount=amount)]
        s.line("two alike of one sponsor", amount, "PAYMENT", pay(two[0]), who=name.upper(),
               by_itself=False)  # fmt: skip
    for _ in range(20):  # a stranger pays what a sponsor owes
        o = s.order()
        s.line("stranger, same amount", o["balance"], "TICKETS", "", who="MIRA OKAFOR")
    for _ in range(20):  # a stranger with a like name, another amount
        o = s.order()
        like = o["organization_name"].split()[0].upper()
        s.line("like name", o["balance"] // 3, "DONATION", "", who=f"{like} FAMILY TRUST")


def noise(s: Story) -> None:
    for text in ("INTEREST PAYMENT", "RENT DEPOSIT RETURN", "IRS TREAS 310 TAX REF", "ZELLE FROM",
                 "CASH DEPOSIT BRANCH 044", "EVENTBRITE EDI PYMNTS", "PAYPAL TRANSFER",
                 "MOBILE CHECK DEPOSIT", "VENUE REFUND 2026", "GRANT 2027-11"):  # fmt: skip
        for _ in range(4):
            s.line("noise", s.rng.randrange(100, 500_000), text, "")
    for text in ("MONTHLY FEE", "WIRE FEE", "VENUE RENT", "CATERING", "INSURANCE"):
        for _ in range(3):
            s.line("noise, debit", -s.rng.randrange(100, 900_000), text, "")


def write(name: str, rows: list[dict]) -> None:
    with (HERE / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    s = Story()
    for part in (references, names, by_hand, charges, payouts, traps, noise):
        part(s)
    for name in ("orders", "entries", "payouts", "lines"):
        write(f"{name}.csv", getattr(s, name))


if __name__ == "__main__":
    main()
