"""Conference rows, kept equal to the settings."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from po_toolkit.config import ConferenceSettings
from po_toolkit.domain import remedies
from po_toolkit.errors import NotFoundError, PurchaseOrderError
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import Conference, PurchaseOrder

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
    found = session.scalars(select(Conference).where(Conference.slug == slug)).one_or_none()
    if found is None:
        raise NotFoundError(
            f"The database has no conference {slug!r}; set it up first.",
            remedy=remedies.set_up_database(),
        )
    return found


def all_conferences(session: Session) -> list[Conference]:
    """Return every conference, by slug."""
    return list(session.scalars(select(Conference).order_by(Conference.slug)))


def differs(conference: Conference | None, settings: ConferenceSettings) -> bool:
    """Tell whether the row must be made or changed to agree with the settings."""
    return conference is None or any(
        getattr(conference, field) != value for field, value in _mirror(settings).items()
    )


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


def _has_orders(session: Session, conference: Conference) -> bool:
    query = select(PurchaseOrder.id).where(PurchaseOrder.conference_id == conference.id).limit(1)
    return session.scalar(query) is not None
