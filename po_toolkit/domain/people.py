"""Who has which role: by address, by domain, or by a group that the sign-in vouches for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from po_toolkit.domain.roles import Role

GROUP = "group:"
"""What a group's name is written after, to tell it from an address."""


def role_of(
    people: Mapping[str, Sequence[str]], *, address: str, groups: Iterable[str] = ()
) -> Role | None:
    """Return the highest role that somebody has, or None for a stranger.

    Args:
        people: Role's name → entries: ``ada@example.org``, ``*@example.org`` or ``group:finance``.
            Addresses are compared whatever their case, groups as they are.
        address: The person's verified email address; ``""`` matches no entry.
        groups: The groups the sign-in named.
    """
    names = _names_of(address) | {GROUP + group for group in groups}
    return max(
        (
            Role[role.upper()]
            for role, entries in people.items()
            if names & {_folded(entry) for entry in entries}
        ),
        default=None,
    )


def _names_of(address: str) -> set[str]:
    local, at, domain = address.strip().casefold().rpartition("@")
    return {f"{local}@{domain}", f"*@{domain}"} if local and at and domain else set()


def _folded(entry: str) -> str:
    entry = entry.strip()
    return entry if entry.startswith(GROUP) else entry.casefold()
