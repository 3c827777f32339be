"""What there is in a season: the conference's databases, Stripe, sponsors, a bank, and the truth.

The truth is kept apart from the toolkit: what sponsors sent, what persons confirmed, what the
simulator holds. :mod:`tests.seasons.checks` compares.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import bindparam, select

from po_toolkit.bootstrap import open_conference, open_database
from po_toolkit.config import Settings
from po_toolkit.domain.roles import Actor, Role
from po_toolkit.errors import Remedy
from po_toolkit.jobs import worker
from po_toolkit.simulator import unproven
from po_toolkit.store.database import WHOLE, Store, read_whole
from po_toolkit.store.tables import Conference, PurchaseOrder
from tests.seasons.machine import Machine, Place

KEY = "sk_test_season00000000001"
SECRET = "whsec_season"
SLUG = "season"
OTHER = "sprints"
"""The conference of somebody else on the same Stripe account."""
REMINDERS = (-7, 0, 14)
"""On which days from the due day sponsors are reminded."""
_EVERY_ORDER = (
    select(PurchaseOrder)
    .where(
        PurchaseOrder.conference_id
        == select(Conference.id).where(Conference.slug == bindparam("slug")).scalar_subquery()
    )
    .order_by(PurchaseOrder.id)
    .options(*WHOLE)
)
AMOUNTS = (1_00, 33_33, 100_00, 450_50, 1_500_00, 15_000_00)


@dataclass
class Wire:
    """Money that a sponsor sent past Stripe: it came, whatever anybody types or loads."""

    number: int
    sponsor: int
    order: str
    amount: int
    sent_on: date
    by: str = "wire"
    typed: str = ""
    """``""``; ``maybe`` while an act about it has no known end; ``yes``; ``lost`` with a database
    that a backup replaced; ``never`` for what only a bank line tells of."""
    returned: bool = False

    @property
    def reference(self) -> str:
        """Return the bank's reference."""
        return f"FT{self.number:06}"


@dataclass
class Asked:
    """A refund that somebody asked for, and what they were answered."""

    order: str
    amount: int
    state: str = "begun"
    """``begun``, also where its end is not known; ``done``; ``refused``."""


@dataclass
class Truth:
    """What really happened, and what a person was told is done."""

    orders: dict[str, int] = field(default_factory=dict)
    """Reference → total of every purchase order whose making was confirmed."""
    invoiced: set[str] = field(default_factory=set)
    wires: list[Wire] = field(default_factory=list)
    sent_back: Counter[str] = field(default_factory=Counter)
    """Reference → what was sent back by wire, at most."""
    cancelled: set[str] = field(default_factory=set)
    closed: list[tuple[date, str]] = field(default_factory=list)
    reports: dict[date, bytes] = field(default_factory=dict)
    """Day → the report of that day, as it was first read after the day was closed."""
    by_hand: dict[str, str] = field(default_factory=dict)
    """Invoice that staff made in the dashboard → the purchase order that adopted it."""
    refunds: list[Asked] = field(default_factory=list)
    reminded: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """Reference, invoice and step → how often that reminder was said to be sent."""
    resent: Counter[str] = field(default_factory=Counter)
    """Reference → how often somebody had its invoice mailed again."""
    said: set[int] = field(default_factory=set)
    """Bank lines of which a person said, without looking, what they pay."""
    changed: set[str] = field(default_factory=set)
    """Customers that were changed in the dashboard."""
    edited: set[str] = field(default_factory=set)
    """Drafts that were changed in the dashboard."""
    heard: set[str] = field(default_factory=set)
    """Deliveries that the service confirmed to Stripe."""
    identities: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Uuid → sponsor and PO number, of every purchase order that any database ever had."""


@dataclass
class Backup:
    """A copy of the database, and what the people had been told by then."""

    copy: Any
    orders: dict[str, int]
    invoiced: set[str]
    typed: dict[int, str]
    cancelled: set[str]
    closed: list[tuple[date, str]]
    by_hand: dict[str, str]
    loaded: int


class Laptop:
    """One installation: its database, its conference, its settings, its people."""

    def __init__(
        self, world: World, name: str, slug: str = SLUG, store: Store | None = None
    ) -> None:
        self.world, self.slug = world, slug
        self.store = store or world.disk.fresh(name)
        self.settings = self.read_settings()
        self._read: list[Any] = []
        self._read_at = -1
        self._opened: Any = None
        self._opened_at = (-1, 0)
        with world.machine.left_alone():  # nobody changes the key before others know this one
            self.conference_made()

    def read_settings(self) -> Settings:
        """Return the settings as they are now."""
        world = self.world
        return Settings(
            database_url=str(self.store.engine.url),
            stripe_api_base="https://stripe.example",
            conferences={
                self.slug: {
                    "name": f"{self.slug.title()} 2027",
                    "currency": "usd",
                    "stripe_secret_key": world.key,
                    "stripe_webhook_secret": world.secret,
                    "timezone": "America/New_York",
                    "payment_methods": ["card", "us_bank_account", "customer_balance"],
                    "reminders": list(REMINDERS),
                    "shares_stripe_account": True,
                }
            },
        )

    def conference_made(self) -> None:
        """Have the row of the conference in the database."""
        # The engine of the season, with the row that a first start makes.
        from po_toolkit import bootstrap

        real = bootstrap.open_store
        bootstrap.open_store = lambda _url: self.store
        try:
            open_database(self.settings)
        finally:
            bootstrap.open_store = real

    def open(self, who: str = "treasurer", role: Role = Role.ADMIN) -> Any:
        """Open the conference as a process of its own does; its row is read when it has changed."""
        machine, actor = self.world.machine, Actor(who, role)
        machine.must_live()
        at = (machine.commits, id(self.settings))
        if self._opened_at != at:
            self._opened_at, self._opened = (
                at,
                open_conference(
                    self.slug,
                    settings=self.settings,
                    store=self.store,
                    actor=actor,
                    now=machine.clock,
                ),
            )
            return self._opened
        return replace(self._opened, actor=actor, lease_prefix=uuid4().hex)

    def orders(self) -> list[Any]:
        """Return every purchase order as the database has it, oldest first."""
        if self._read_at != self.world.machine.commits:
            with self.store.reading() as session:
                self._read = read_whole(session, _EVERY_ORDER, {"slug": self.slug})
            self._read_at = self.world.machine.commits
            self.world.truth.identities |= {
                str(o.uuid): (o.organization_name, o.po_number) for o in self._read
            }
        return list(self._read)

    def worker(self) -> Any:
        """Return a worker whose threads are this one."""
        real = worker.open_database
        worker.open_database = lambda *_a, **_k: self.store
        try:
            made = worker.Worker(
                self.settings,
                now=self.world.machine.clock,
                sync_every=worker.SYNC_EVERY if self.world.scheduled else None,
            )
        finally:
            worker.open_database = real
        for lane, work in (("_invoices", made._run_invoice), ("_tasks", made._run_task)):
            setattr(made, lane, Inline(work))
        return made


class Inline:
    """A lane of a worker that does each job at once."""

    def __init__(self, work: Any) -> None:
        self.size, self.held, self.batches, self._work = 4, 0, set(), work

    def give(self, jobs: list[Any]) -> None:
        """Do them."""
        self.batches = {job.batch_id for job in jobs if job.batch_id is not None}
        self.held += len(jobs)
        for job in jobs:
            self._work(job)

    def done(self) -> None:
        """Take note that one is done."""
        self.held -= 1


class World:
    """A season's world."""

    def __init__(self, machine: Machine, disk: Place) -> None:
        self.machine, self.disk = machine, disk
        self.sim = machine.stripe
        self.truth = Truth()
        self.story: list[str] = []
        self.numbers = self.told = 0
        self.delivered = 0
        self.unheard: list[dict[str, Any]] = []
        self.shown: list[Remedy] = []
        """What errors have named as a way on since the last rest."""
        self.backups: list[Backup] = []
        self.key, self.secret = KEY, SECRET
        self.second: Laptop | None = None
        self.other: Laptop | None = None
        """Another conference's installation, in this database or in one of its own."""
        self.afterwards: Callable[[], None] | None = None
        """What an act goes on with once everybody else is dead."""
        chance = random.Random(f"{machine.seed}:world")
        machine.world.account(KEY)
        names = sorted(unproven.SWITCHES)
        self.switches = sorted(chance.sample(names, chance.choice([0, 0, 1, 3, 6])))
        for name in self.switches:
            self.sim.switch(name, account=KEY)
        self.sponsors = chance.choice([1, 2, 4])
        self.amounts = sorted(chance.sample(AMOUNTS, chance.choice([2, 3, 6])))
        self.most_orders = chance.choice([2, 4, 8])
        """So few that much happens to each of them."""
        self.most_closings = chance.choice([1, 1, 1, 2])
        """Each costs as much as ten other acts."""
        self.scheduled = chance.choice([True, False])
        """Whether a worker keeps the schedules, or only persons sync and sweep."""
        self.favourite = ""
        self.restored = False
        self.books = Laptop(self, "books")
        self.bank = Bank(chance.choice(["camt", "csv", "sides", "mt940", "ofx"]))
        self.same_database = chance.choice([True, False])

    def another_conference(self) -> Laptop:
        """Return the other conference's installation, which begins when somebody first uses it."""
        if self.other is None:
            self.other = Laptop(
                self, "other", OTHER, self.books.store if self.same_database else None
            )
        return self.other

    def back_up(self) -> None:
        """Copy the database as it stands, with what the people know by now."""
        truth, number = self.truth, len(self.backups)
        self.backups.append(
            Backup(
                self.disk.back_up("books", f"books{number}"),
                dict(truth.orders),
                set(truth.invoiced),
                {wire.number: wire.typed for wire in truth.wires},
                set(truth.cancelled),
                list(truth.closed),
                dict(truth.by_hand),
                self.bank.loaded,
            )
        )

    def restore(self, backup: Backup) -> None:
        """Put a backup in the database's place; what was done since is forgotten here."""
        self.books.orders()  # so that the identities of what is lost are known
        self.disk.put("books", backup.copy)
        self.machine.commits += 1
        truth = self.truth
        truth.orders, truth.invoiced = dict(backup.orders), set(backup.invoiced)
        truth.cancelled, truth.closed = set(backup.cancelled), list(backup.closed)
        truth.by_hand = dict(backup.by_hand)
        truth.reports = {d: r for d, r in truth.reports.items() if (d <= max(
            (day for day, _ in truth.closed), default=date.min))}  # fmt: skip
        for wire in truth.wires:
            before = backup.typed.get(wire.number, "")
            # What was typed since may come back from Stripe, which was told of it.
            wire.typed = before if before or not wire.typed else "lost"
        self.bank.loaded = backup.loaded
        truth.heard.clear()
        self.restored = True

    def number(self) -> int:
        """Return a number that nothing else in the season has."""
        self.numbers += 1
        return self.numbers

    def at_stripe(self, noun: str) -> list[dict[str, Any]]:
        """Return the account's objects of a kind, as they are stored."""
        return list(self.machine.world.account(KEY).all(noun).values())

    def invoices(self, *statuses: str) -> list[dict[str, Any]]:
        """Return our invoices that have one of these statuses."""
        return [
            i
            for i in self.at_stripe("invoice")
            if i["status"] in statuses and not (i.get("metadata") or {}).get("foreign")
        ]

    def tell(self, sentence: str) -> None:
        """Add a sentence to the story of the act that is told now."""
        job = self.machine.running
        who = f"{job.number}. {job.actor}: " if job else ""
        self.told += 1
        self.story.append(f"{who}{sentence}")
        self.machine.note("said", sentence)

    # ---- news

    def collect_mail(self) -> None:
        """Take what Stripe has sent into the bag of what was not delivered yet."""
        self.unheard += self.machine.mail
        self.machine.mail.clear()

    def signed(self, event: dict[str, Any]) -> tuple[bytes, str]:
        """Return an event as it is delivered."""
        from po_toolkit.simulator.events import shown

        body = json.dumps(shown(event)).encode()
        moment = self.machine.clock.now()
        mac = hmac.new(self.secret.encode(), f"{moment}.".encode() + body, hashlib.sha256)
        return body, f"t={moment},v1={mac.hexdigest()}"


@dataclass
class Line:
    """A line of the bank account."""

    day: date
    amount: int
    text: str
    name: str
    reference: str
    place: int


class Bank:
    """The conference's bank account: what came and went, in the order of booking."""

    def __init__(self, layout: str) -> None:
        self.layout = layout
        self.lines: list[Line] = []
        self.opening = 100_000
        self.loaded = 0
        self.strange = 0
        """What came in that is no sponsor's, and that somebody might take for one's."""

    def book(self, day: date, amount: int, text: str, name: str, reference: str) -> Line:
        """Book a line; a day is never before the line above."""
        day = max([day, *(x.day for x in self.lines[-1:])])
        line = Line(day, amount, text, name, reference, len(self.lines))
        self.lines.append(line)
        return line

    def statement(self, first: int, last: int) -> tuple[list[Line], Decimal]:
        """Return the lines from one to another, and the balance before them."""
        before = self.opening + sum(x.amount for x in self.lines[:first])
        return self.lines[first:last], Decimal(before) / 100
