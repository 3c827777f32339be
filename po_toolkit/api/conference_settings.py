"""What a treasurer may change of a conference's settings without its file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from po_toolkit.config import CHANGEABLE
from po_toolkit.context import OpenConference
from po_toolkit.domain.payment_methods import CODES
from po_toolkit.domain.roles import Act
from po_toolkit.errors import SettingsError
from po_toolkit.store import conferences

__all__ = ["CHANGEABLE", "CODES", "change_settings", "changed_settings"]


def changed_settings(opened: OpenConference) -> dict[str, Any]:
    """Return the settings that count instead of those of the file."""
    return dict(opened.conference.changed_settings)


def change_settings(
    opened: OpenConference, *, from_file: Iterable[str] = (), **changes: Any
) -> OpenConference:
    """Change settings; they count at once, for everybody, and the change is audited.

    Args:
        opened: The conference.
        from_file: Names of settings whose value of the file counts again.
        changes: New values of settings in ``CHANGEABLE``.

    Returns:
        The conference with its new settings.

    Raises:
        NotAllowedError: The actor is no treasurer.
        SettingsError: Such a setting cannot be changed here, or a value is wrong.
    """
    names = {*changes, *from_file}
    if unknown := sorted(names - {*CHANGEABLE}):
        raise SettingsError(
            f"{unknown[0]} cannot be changed here; change it in the settings file. These can: "
            f"{', '.join(CHANGEABLE)}."
        )
    methods = changes.get("payment_methods")
    if methods is not None and (not methods or not set(methods) <= {*CODES}):
        raise SettingsError(f"Choose at least one payment method out of {', '.join(CODES)}.")
    if "reminders" in changes:
        changes["reminders"] = sorted(set(changes["reminders"]))
    of_file = opened.file_settings or opened.settings
    with opened.store.writing(opened.actor, Act.CHANGE_SETTINGS) as uow:
        row = conferences.change_settings(uow, opened.slug, of_file, changes, from_file)
        settings = conferences.effective(row, of_file)
    with opened.store.reading() as session:
        return replace(
            opened, settings=settings, conference=conferences.by_slug(session, opened.slug)
        )
