"""Opens one conference: settings, database, Stripe account, clock and actor.

Every front end and job starts here; tests pass the parts they want to be different.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import datetime

from po_toolkit.config import Settings, load_settings, shown_url
from po_toolkit.context import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.roles import Act, Actor, Role
from po_toolkit.errors import SettingsError
from po_toolkit.store import conferences
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import Store, open_store
from po_toolkit.store.overview import sqlite_path
from po_toolkit.store.schema import current_revision, migrate

__all__ = ["SYSTEM", "OpenConference", "local_actor", "open_conference", "open_database"]

SYSTEM = Actor("po-toolkit", Role.ADMIN)


def local_actor(prefix: str = "cli", role: Role = Role.ADMIN) -> Actor:
    """Return whoever is logged in on this machine, who by default may do everything here."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Actor(f"{prefix}:{name}", role)


def open_database(settings: Settings, *, make: bool = True) -> Store:
    """Open the database, migrate it, and make a row for each conference in the settings.

    Args:
        settings: Where it is.
        make: False refuses where there is none: a new one knows of no invoice that was sent, and
            would bill everybody again.

    Raises:
        SettingsError: It cannot be used, or is not there; the message says where it was looked for.
    """
    if not make:
        _refuse_absent(settings)
    store = open_store(settings.database_url)
    migrate(store)
    with store.reading() as session:
        rows = {c.slug: c for c in conferences.all_conferences(session)}
    wanted = {s: conferences.effective(rows.get(s), c) for s, c in settings.conferences.items()}
    stale = [s for s, c in wanted.items() if conferences.differs(rows.get(s), c)]
    if stale:
        with store.writing(SYSTEM, Act.CONFIGURE) as uow:
            for slug in stale:
                conferences.ensure(uow, slug, wanted[slug])
    return store


def _refuse_absent(settings: Settings) -> None:
    path = sqlite_path(settings.database_url)
    if path is not None and str(path) in {".", ":memory:"}:
        return
    if path is None:
        store = open_store(settings.database_url)
        made = current_revision(store) is not None
        store.engine.dispose()
    else:
        made = path.is_file()
    if not made:
        where = settings.config_file or "the environment"
        raise SettingsError(
            f"There is no database at {path or shown_url(settings.database_url)}, which the "
            f"settings from {where} name. If you have one, put its address there as database_url; "
            f"if this is the beginning, make it.",
            remedy=remedies.set_up_database(),
        )


def open_conference(
    slug: str,
    *,
    settings: Settings | None = None,
    store: Store | None = None,
    actor: Actor | None = None,
    now: Callable[[], datetime] = utc_now,
    patient: bool = False,
    make: bool = True,
) -> OpenConference:
    """Open one conference.

    By default settings are read from the environment and the configuration file, the store is the
    settings' database, and the user of this machine acts. ``patient`` lets a person's single act go
    first; without ``make`` it refuses where there is no database.

    Raises:
        SettingsError: No such conference, or a wrong setting.
    """
    settings = settings or load_settings()
    configured = settings.conference(slug)
    store = (store or open_database(settings, make=make)).by_clock(now)
    with store.reading() as session:
        conference = conferences.by_slug(session, slug)
    return OpenConference(
        slug=slug,
        settings=conferences.effective(conference, configured),
        conference=conference,
        store=store,
        actor=actor or local_actor(),
        now=now,
        file_settings=configured,
        stripe_api_base=settings.stripe_api_base,
        patient=patient,
    )
