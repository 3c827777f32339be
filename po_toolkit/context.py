"""What every act starts from: one conference, its database, Stripe account, clock and actor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from uuid import uuid4

from po_toolkit.config import ConferenceSettings
from po_toolkit.domain.periods import local_day
from po_toolkit.domain.roles import Actor
from po_toolkit.errors import SettingsError
from po_toolkit.store import permits
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
            key, api_base=self.stripe_api_base, permit=pace.wait, slow_down=pace.slow_down
        )

    def acting_as(self, actor: Actor) -> OpenConference:
        """Return the same conference, with the same gateway, in the name of another."""
        other = replace(self, actor=actor)
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
