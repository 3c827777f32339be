"""Who has which role; a mistake here lets a stranger send invoices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from po_toolkit.domain.roles import Role, role_of

PEOPLE = {
    "viewer": ["*@example.org", "group:auditors"],
    "operator": ["Olga@Example.org"],
    "treasurer": [" group:finance "],
    "admin": ["ada@example.org"],
}


@pytest.mark.parametrize(
    ("address", "groups", "role"),
    [
        ("ada@example.org", (), Role.ADMIN),
        ("ADA@EXAMPLE.ORG", (), Role.ADMIN),
        ("olga@example.org", (), Role.OPERATOR),
        ("olga@example.org", ("finance",), Role.TREASURER),
        ("vera@example.org", (), Role.VIEWER),
        ("x@elsewhere.example", ("auditors",), Role.VIEWER),
        ("x@elsewhere.example", ("Finance",), None),
        ("ada@sub.example.org", (), None),
        ("ada@example.org.evil.example", (), None),
        ("ada@example.org@evil.example", (), None),
        ("@example.org", (), None),
        ("example.org", (), None),
        ("", (), None),
        ("", ("group:finance",), None),
    ],
)
def test_the_highest_role_of_any_entry_and_none_for_strangers(address, groups, role):
    """Both a treasurer who is shut out and a stranger who is let in lose somebody's trust."""
    assert role_of(PEOPLE, address=address, groups=groups) == role


@given(st.text(), st.lists(st.text()))
def test_an_empty_list_lets_nobody_in(address, groups):
    """Forgotten settings must not mean an open door."""
    assert role_of({"admin": []}, address=address, groups=groups) is None


@given(st.emails(), st.emails())
def test_one_address_is_never_taken_for_another(one, other):
    """Addresses are compared whole, whatever signs they hold."""
    role = role_of({"admin": [one]}, address=other)
    assert (role is Role.ADMIN) == (one.casefold() == other.casefold())
