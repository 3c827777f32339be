"""What the simulator remembers: accounts with their objects, a movable clock, and its options."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

from po_toolkit.simulator import unproven
from po_toolkit.simulator.errors import missing

Json = dict[str, Any]

API_VERSION = "2026-10-28.endive"


class Clock:
    """Seconds since 1970 that run with the machine's clock and can be moved ahead."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> int:
        """Return the present second, as Stripe writes times."""
        return int(time.time() + self._ahead)

    def advance(self, seconds: float) -> None:
        """Move ahead, e.g. by a day to let idempotency keys expire."""
        self._ahead += seconds


@dataclass(frozen=True)
class Options:
    """How the simulator is to behave beyond Stripe's rules.

    Attributes:
        latency: Seconds each API call takes, on top of its own work.
        rate_limits: Whether more than 100 calls a second (live) or 25 (test), or 25 for one
            endpoint, are answered with 429.
        deliver: "on_request" keeps events until they are asked for; "at_once" posts them.
        max_invoice_items: How many lines one invoice may have.
        switches: Which of :data:`po_toolkit.simulator.unproven.SWITCHES` are on.
    """

    latency: float = 0.0
    rate_limits: bool = False
    deliver: str = "on_request"
    max_invoice_items: int = 250
    switches: Collection[str] = ()


@dataclass(frozen=True)
class RecordedCall:
    """One API call that arrived; ``status`` 0 means that the connection was dropped."""

    method: str
    path: str
    account: str
    idempotency_key: str
    status: int
    replayed: bool = False


@dataclass(frozen=True)
class Mail:
    """What Stripe would have mailed in live mode."""

    invoice: str
    to: str
    subject: str
    hosted_invoice_url: str


@dataclass
class Key:
    """One API key; ``permissions`` are a restricted key's, e.g. ``customer_write``."""

    key: str
    account: Account
    revoked: bool = False
    permissions: frozenset[str] | None = None


@dataclass
class Account:
    """One mode of one Stripe account; ``key`` is its first API key."""

    key: str
    id: str
    world: World
    created: int
    objects: dict[str, dict[str, Json]] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    payments_of: dict[str, list[str]] = field(default_factory=dict)
    settles: dict[str, tuple[str, Decimal]] = field(default_factory=dict)
    automatic_taxes: dict[str, Decimal] = field(default_factory=dict)
    api_version: str = API_VERSION
    """The account's default version: it shapes the events."""
    switches: set[str] = field(default_factory=set)
    held: list[Json] = field(default_factory=list)
    """Events that happened and are neither listed nor delivered yet."""
    holds_events: bool = False
    events_came_late: bool = False
    request_id: str | None = None
    idempotency_key: str | None = None
    on_event: Callable[[Account, Json], None] | None = None

    @property
    def livemode(self) -> bool:
        """Whether its key is a live one."""
        return "_live_" in self.key

    def turned(self, switch: str) -> bool:
        """Whether an unproven behaviour is switched on."""
        return unproven.known(switch) in self.switches

    def now(self) -> int:
        """Return the simulator's present second."""
        return self.world.clock.now()

    def new_id(self, prefix: str) -> str:
        """Return an id that no other object in any simulator has."""
        return self.world.new_id(prefix)

    def all(self, noun: str) -> dict[str, Json]:
        """Return the objects of one kind by id, oldest first."""
        return self.objects.setdefault(noun, {})

    def add(self, stored: Json) -> Json:
        """Remember a new object under its ``object`` and ``id``."""
        self.all(stored["object"])[stored["id"]] = stored
        return stored

    def get(self, noun: str, object_id: str, *, param: str = "id", in_path: bool = True) -> Json:
        """Return one object.

        Raises:
            ApiError: There is none with that id in this account.
        """
        found = self.all(noun).get(object_id)
        if found is None:
            raise missing(noun, object_id, param, in_path=in_path)
        return found

    def find(self, object_id: str) -> Json | None:
        """Return the object with this id, whatever its kind."""
        for kept in self.objects.values():
            if object_id in kept:
                return kept[object_id]
        return None


class World:
    """Everything the simulator knows; guarded by one lock, held only while state changes."""

    def __init__(self, options: Options | None = None, *, base_url: str = "") -> None:
        self.options = options or Options()
        self.base_url = base_url
        self.clock = Clock()
        self.lock = threading.RLock()
        self.accounts: dict[str, Account] = {}
        self.keys: dict[str, Key] = {}
        self.calls: list[RecordedCall] = []
        self.on_event: Callable[[Account, Json], None] | None = None
        self._run = secrets.token_hex(4)
        self._numbers = count(1)

    def new_id(self, prefix: str) -> str:
        """Return an id unique over all accounts and all runs of the simulator."""
        return f"{prefix}_1{self._run}{next(self._numbers):011d}"

    def account(self, key: str) -> Account:
        """Return the account of a key, made at its first use."""
        return self.key(key).account

    def key(self, key: str) -> Key:
        """Return what is known about a key; a new one opens an account of its own."""
        if key not in self.keys:
            self.keys[key] = Key(key, self._open(key, self.new_id("acct")))
        return self.keys[key]

    def add_key(self, key: str, account: Account, permissions: Collection[str] | None) -> Key:
        """Give an account one more key; one of the other mode sees nothing of this mode."""
        same_mode = ("_live_" in key) == account.livemode
        of_account = account if same_mode else self._open(key, account.id)
        allowed = None if permissions is None else frozenset(permissions)
        self.keys[key] = Key(key, of_account, permissions=allowed)
        return self.keys[key]

    def _open(self, key: str, account_id: str) -> Account:
        switches = {unproven.known(name) for name in self.options.switches}
        account = Account(
            key, account_id, self, self.clock.now(), switches=switches, on_event=self.on_event
        )
        self.accounts[key] = account
        return account

    def account_of(self, object_id: str) -> Account:
        """Return the account that holds an object.

        Raises:
            LookupError: No account holds it.
        """
        for account in self.accounts.values():
            if account.find(object_id) is not None:
                return account
        raise LookupError(f"No account of the simulator holds {object_id}.")
