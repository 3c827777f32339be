"""Conference rows, kept equal to the settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from po_toolkit.config import ConferenceSettings
from po_toolkit.domain import remedies
from po_toolkit.domain.roles import Act
from po_toolkit.errors import NotFoundError, PurchaseOrderError
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import Store, UnitOfWork
from po_toolkit.store.tables import Conference, Invoice, PurchaseOrder

_MIRRORED = (
    "name",
    "currency",
    "days_until_due",
    "payment_methods",
    "invoice_footer",
    "invoice_memo",
    "timezone",
    "max_invoice_lines",
    "tax",
    "content",
    "reminders",
)


def by_slug(session: Session, slug: str) -> Conference:
    """Return a conference.

    Raises:
        NotFoundError: The database has no such conference.
    """
    found = session.scalars(_BY_SLUG, {"wanted": slug}).one_or_none()
    if found is None:
        raise NotFoundError(
            f"The database has no conference {slug!r}; set it up first.",
            remedy=remedies.set_up_database(),
        )
    return found


_BY_SLUG = select(Conference).where(Conference.slug == bindparam("wanted"))


def all_conferences(session: Session) -> list[Conference]:
    """Return every conference, by slug."""
    return list(session.scalars(select(Conference).order_by(Conference.slug)))


def differs(conference: Conference | None, settings: ConferenceSettings) -> bool:
    """Tell whether the row must be made or changed to agree with the settings."""
    return conference is None or any(
        getattr(conference, field) != value for field, value in _mirror(settings).items()
    )


def effective(conference: Conference | None, settings: ConferenceSettings) -> ConferenceSettings:
    """Return the settings in force: those of the file with what was changed in the app.

    Raises:
        SettingsError: A changed value does not go with those of the file any more.
    """
    return settings if conference is None else settings.with_changes(conference.changed_settings)


def change_settings(
    uow: UnitOfWork,
    slug: str,
    settings: ConferenceSettings,
    changes: dict[str, Any],
    forget: Iterable[str] = (),
) -> Conference:
    """Keep settings that count instead of those of the file, and audit what changed.

    ``forget`` names those whose value of the file counts again.

    Raises:
        NotFoundError: There is no such conference.
        SettingsError: A value is wrong.
    """
    conference = by_slug(uow.session, slug)
    before = effective(conference, settings)
    kept = {n: v for n, v in (conference.changed_settings | changes).items() if n not in {*forget}}
    kept = {name: value for name, value in kept.items() if value != getattr(settings, name)}
    after = settings.with_changes(kept)
    different = [n for n in {*changes, *forget} if getattr(before, n) != getattr(after, n)]
    conference.changed_settings = kept
    for field, value in _mirror(after).items():
        setattr(conference, field, value)
    if different:
        uow.audit(
            Act.CHANGE_SETTINGS,
            conference,
            before={name: getattr(before, name) for name in sorted(different)},
            after={name: getattr(after, name) for name in sorted(different)},
        )
    uow.session.flush()
    return conference


def _mirror(settings: ConferenceSettings) -> dict[str, Any]:
    """Return the settings as the row keeps them: tables of settings as JSON, an empty list none."""
    values = {field: getattr(settings, field) for field in _MIRRORED}
    for field in ("tax", "content"):
        value = values[field]
        values[field] = value.model_dump(mode="json") if value is not None else None
    values["reminders"] = values["reminders"] or None
    return values


def ensure(uow: UnitOfWork, slug: str, settings: ConferenceSettings) -> Conference:
    """Make the conference's row or bring it up to the settings.

    Raises:
        PurchaseOrderError: The timezone would change under dated entries.
    """
    conference = uow.session.scalars(
        select(Conference).where(Conference.slug == slug)
    ).one_or_none()
    values = _mirror(settings)
    if conference is None:
        conference = Conference(slug=slug, **values)
        uow.session.add(conference)
    elif conference.timezone != settings.timezone and _has_orders(uow.session, conference):
        raise PurchaseOrderError(
            f"Conference {slug} has purchase orders dated in {conference.timezone}; its timezone "
            f"cannot become {settings.timezone}. Put the old timezone back in the settings."
        )
    else:
        for field, value in values.items():
            setattr(conference, field, value)
    uow.session.flush()
    return conference


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another conference of the database that has purchase orders."""

    slug: str
    account_id: str
    livemode: bool | None
    orders: int
    invoice_id: str
    """One of its invoices at Stripe that is final, or ``""``."""


def one_invoice(session: Session, conference_id: int) -> str:
    """Return the Stripe id of the newest invoice that was finalized, or ``""``."""
    query = select(Invoice.stripe_invoice_id).where(
        Invoice.conference_id == conference_id,
        Invoice.step == "done",
        Invoice.stripe_invoice_id.is_not(None),
        Invoice.state != "deleted",
    )
    return session.scalar(query.order_by(Invoice.id.desc()).limit(1)) or ""


def others_with_orders(session: Session, conference_id: int) -> list[Neighbour]:
    """Return the other conferences that have purchase orders and were not put aside."""
    counted = (
        select(Conference, func.count(PurchaseOrder.id))
        .join(PurchaseOrder, PurchaseOrder.conference_id == Conference.id)
        .where(Conference.id != conference_id, Conference.archived_at.is_(None))
        .group_by(Conference.id)
        .order_by(Conference.id)
    )
    return [
        Neighbour(
            row.slug, row.stripe_account_id, row.stripe_livemode, n, one_invoice(session, row.id)
        )
        for row, n in session.execute(counted)
    ]


def note_account(
    store: Store, conference_id: int, account_id: str, *, live: bool, digest: str
) -> None:
    """Keep which Stripe account a conference bills from, and which key opens it."""
    values = {
        "stripe_account_id": account_id,
        "stripe_livemode": live,
        "stripe_key_digest": digest,
    }
    with store.bookkeeping() as connection:
        connection.execute(update(Conference).where(Conference.id == conference_id).values(values))


def rename(uow: UnitOfWork, old: str, new: str) -> int:
    """Give a conference's data to another name; returns how many purchase orders it has.

    Raises:
        NotFoundError: There is no conference of the old name.
        PurchaseOrderError: The new name has purchase orders of its own.
    """
    conference = by_slug(uow.session, old)
    taken = uow.session.scalars(select(Conference).where(Conference.slug == new)).one_or_none()
    if taken is not None and taken.id == conference.id:
        raise PurchaseOrderError(f"Conference {old} has that name already.")
    if taken is not None and _has_orders(uow.session, taken):
        raise PurchaseOrderError(
            f"Conference {new} has purchase orders too, which would be billed beside those "
            f"of {old}. Put them aside, then rename.",
            remedy=remedies.archive(new),
        )
    if taken is not None:
        _put_aside(uow, taken)
    conference.slug = new
    uow.audit(Act.CONFIGURE, conference, before={"slug": old}, after={"slug": new})
    uow.session.flush()
    query = select(func.count()).where(PurchaseOrder.conference_id == conference.id)
    return int(uow.session.scalar(query) or 0)


def archive(uow: UnitOfWork, slug: str) -> str:
    """Put a conference's data aside under another name, which is returned.

    Raises:
        NotFoundError: There is no such conference.
    """
    return _put_aside(uow, by_slug(uow.session, slug))


def _put_aside(uow: UnitOfWork, conference: Conference) -> str:
    before, ending = conference.slug, f"-archived-{conference.id}"
    conference.slug = before[: 63 - len(ending)] + ending
    conference.archived_at = utc_now()
    uow.audit(Act.CONFIGURE, conference, before={"slug": before}, after={"slug": conference.slug})
    uow.session.flush()
    return conference.slug


def _has_orders(session: Session, conference: Conference) -> bool:
    query = select(PurchaseOrder.id).where(PurchaseOrder.conference_id == conference.id).limit(1)
    return session.scalar(query) is not None
