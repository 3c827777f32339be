"""What every act starts from: one conference, its database, Stripe account, clock and actor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from hashlib import sha256
from typing import Self
from uuid import uuid4

from po_toolkit.config import ConferenceSettings
from po_toolkit.domain import remedies
from po_toolkit.domain.periods import local_day
from po_toolkit.domain.roles import Actor
from po_toolkit.errors import (
    SettingsError,
    StripeAuthenticationError,
    StripeNotFoundError,
    StripeRefusedError,
    WrongAccountError,
)
from po_toolkit.store import conferences, permits
from po_toolkit.store.database import Store
from po_toolkit.store.tables import Conference
from po_toolkit.stripe_gateway import StripeGateway


@dataclass(frozen=True)
class OpenConference:
    """One conference, ready to work with."""

    slug: str
    settings: ConferenceSettings
    conference: Conference
    store: Store
    actor: Actor
    now: Callable[[], datetime]
    stripe_api_base: str | None = None
    file_settings: ConferenceSettings | None = None
    """The settings of the file, without what was changed in the app."""
    patient: bool = False
    """True for batches: their calls let a person's single act go first."""
    lease_prefix: str = field(default_factory=lambda: uuid4().hex)
    """Starts the owner of every lease taken here, so that one statement renews them all."""

    @cached_property
    def gateway(self) -> StripeGateway:
        """The conference's Stripe account.

        Raises:
            SettingsError: The conference has no Stripe key.
        """
        key = self.settings.stripe_secret_key
        if not key.get_secret_value():
            raise SettingsError(
                f"Conference {self.slug} has no stripe_secret_key. Put it in the table "
                f"[po_toolkit.conferences.{self.slug}] of the configuration file."
            )
        pace = permits.account_pace(self.store, key, patient=self.patient)
        return StripeGateway(
            key,
            api_base=self.stripe_api_base,
            permit=pace.wait,
            slow_down=pace.slow_down,
            admit=self._admit,
        )

    def check_account(self) -> None:
        """Refuse where the key is not of the account that the conference's data belong to.

        Stripe is asked once for each key; the answer is kept with the conference.

        Raises:
            SettingsError: The conference has no Stripe key.
            WrongAccountError: It is another account or mode; the message says what to do.
            StripeGatewayError: Stripe was to be asked and could not.
        """
        self.gateway.be_admitted()

    def check_known_account(self) -> None:
        """Refuse as above where a key is set and the conference's account is known."""
        if self.settings.mode != "none" and self.conference.stripe_account_id:
            self.check_account()

    def _admit(self, gateway: StripeGateway) -> None:
        key = self.settings.stripe_secret_key.get_secret_value()
        digest, live = sha256(key.encode()).hexdigest()[:16], self.settings.mode == "live"
        row = self.conference
        if (row.stripe_key_digest, row.stripe_livemode) == (digest, live):
            return
        with self.store.reading() as session:
            row = conferences.by_slug(session, self.slug)
        account_id = self._account_of_key(gateway, key)
        if not row.stripe_account_id:
            self._refuse_strange(gateway, row, account_id, live=live)
        elif (row.stripe_account_id, row.stripe_livemode) != (account_id, live):
            raise WrongAccountError(
                f"The data of conference {self.slug} belong to Stripe account "
                f"{row.stripe_account_id} in {_mode(live=bool(row.stripe_livemode))} mode; its key "
                f"in the settings opens {account_id} in {_mode(live=live)} mode. Nothing was done. "
                f"Put the old key back, or put the old data aside and begin again.",
                remedy=remedies.archive(self.slug),
            )
        conferences.note_account(self.store, row.id, account_id, live=live, digest=digest)

    def _account_of_key(self, gateway: StripeGateway, key: str) -> str:
        try:
            return str(gateway.read("/v1/account")["id"])
        except (StripeRefusedError, StripeAuthenticationError) as error:
            if not key.startswith("rk_"):
                raise
            raise SettingsError(
                f"The restricted key of conference {self.slug} cannot read which account it "
                f"opens, so nothing was done: {error} Give the key that permission in Stripe's "
                f"dashboard, or use a secret key (sk_…)."
            ) from error

    def _refuse_strange(
        self, gateway: StripeGateway, row: Conference, account_id: str, *, live: bool
    ) -> None:
        """Refuse at the first contact what speaks against this account."""
        with self.store.reading() as session:
            mine = conferences.one_invoice(session, row.id)
            others = conferences.others_with_orders(session, row.id)
        if mine:
            if not _knows(gateway, mine):
                raise self.does_not_know(mine, account_id)
            return
        if self.settings.shares_stripe_account:
            return
        for other in others:
            here = (other.account_id, other.livemode) == (account_id, live)
            unknown = not other.account_id and other.invoice_id
            if here or (unknown and _knows(gateway, other.invoice_id)):
                raise WrongAccountError(
                    f"Stripe account {account_id} belongs to conference {other.slug}, which has "
                    f"{other.orders} purchase orders. Nothing was done. If {self.slug} is its new "
                    f"name, rename it. If both bill from this account, set "
                    f"shares_stripe_account = true in [po_toolkit.conferences.{self.slug}].",
                    remedy=remedies.rename(other.slug, self.slug),
                )

    def does_not_know(self, invoice_id: str, account_id: str = "") -> WrongAccountError:
        """Return the refusal of an account that does not know a finalized invoice of ours.

        A finalized invoice can be voided and never deleted, so that one that the account does not
        know was made in another. Source: Stripe, "Delete a draft invoice".
        """
        account = account_id or self.conference.stripe_account_id
        return WrongAccountError(
            f"Conference {self.slug} has invoice {invoice_id}, which Stripe account "
            f"{f'{account} ' if account else ''}({self.settings.mode} mode) does not know. An "
            f"invoice that was sent is never deleted, so the key belongs to another "
            f"account or mode, or "
            f"its test data were deleted. Nothing was done. Put the right key into the settings, "
            f"or put the old data aside.",
            remedy=remedies.archive(self.slug),
        )

    def acting_as(self, actor: Actor) -> Self:
        """Return the same conference, with the same gateway, in the name of another."""
        other = replace(self, actor=actor)
        if self.settings.mode != "none":
            other.__dict__["gateway"] = self.gateway
        return other

    def today(self) -> date:
        """The present date in the conference's timezone."""
        return local_day(self.now(), self.conference.timezone)

    def day_of(self, timestamp: int) -> date:
        """Return the date of a Unix time in the conference's timezone."""
        return local_day(datetime.fromtimestamp(timestamp, UTC), self.conference.timezone)

    def require_stripe(self) -> None:
        """Refuse before anything is changed where there is no Stripe key.

        Raises:
            SettingsError: The conference has no Stripe key.
        """
        _ = self.gateway


def _mode(*, live: bool) -> str:
    return "live" if live else "test"


def _knows(gateway: StripeGateway, invoice_id: str) -> bool:
    try:
        gateway.read(f"/v1/invoices/{invoice_id}")
    except StripeNotFoundError:
        return False
    return True
