"""Opens one conference: settings, database, Stripe account, clock and actor.

Every front end and job starts here; tests pass the parts they want to be different.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import datetime

from po_toolkit.config import Settings, load_settings
from po_toolkit.context import OpenConference
from po_toolkit.domain.roles import Act, Actor, Role
from po_toolkit.store import conferences
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import Store, open_store
from po_toolkit.store.schema import migrate

__all__ = ["SYSTEM", "OpenConference", "local_actor", "open_conference", "open_database"]

SYSTEM = Actor("po-toolkit", Role.ADMIN)


def local_actor(prefix: str = "cli") -> Actor:
    """Return whoever is logged in on this machine, who may do everything here."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Actor(f"{prefix}:{name}", Role.ADMIN)


def open_database(settings: Settings) -> Store:
    """Open the database, migrate it, and make a row for each conference in the settings."""
    store = open_store(settings.database_url)
    migrate(store)
    with store.reading() as session:
        rows = {c.slug: c for c in conferences.all_conferences(session)}
    stale = [s for s, c in settings.conferences.items() if conferences.differs(rows.get(s), c)]
    if stale:
        with store.writing(SYSTEM, Act.CONFIGURE) as uow:
            for slug in stale:
                conferences.ensure(uow, slug, settings.conferences[slug])
    return store


def open_conference(
    slug: str,
    *,
    settings: Settings | None = None,
    store: Store | None = None,
    actor: Actor | None = None,
    now: Callable[[], datetime] = utc_now,
    patient: bool = False,
) -> OpenConference:
    """Open one conference.

    Args:
        slug: Its name in the settings.
        settings: By default read from the environment and the configuration file.
        store: By default the settings' database, created or migrated where needed.
        actor: Who acts; by default the user of this machine.
        now: The clock.
        patient: True for batches, whose calls let a person's single act go first.

    Raises:
        SettingsError: No such conference, or a wrong setting.
    """
    settings = settings or load_settings()
    configured = settings.conference(slug)
    store = store or open_database(settings)
    with store.reading() as session:
        conference = conferences.by_slug(session, slug)
    return OpenConference(
        slug=slug,
        settings=configured,
        conference=conference,
        store=store,
        actor=actor or local_actor(),
        now=now,
        stripe_api_base=settings.stripe_api_base,
        patient=patient,
    )
