"""Signing in with a real OpenID Connect provider, in a real browser."""

from __future__ import annotations

import pytest

from tests.browser.provider import AUTH, provider, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the provider and Authlib
]


@pytest.fixture
def app(serve):
    with provider() as address:
        yield serve(AUTH, provider=address, cookie_secret="c" * 40)


def test_a_stranger_sees_only_the_way_in(page, app):
    """Figures must not flash up before the sign-in, under any address."""
    from playwright.sync_api import expect

    for place in ("", "/orders", "/order?po=PO-AAAAAA", "/reconciliation"):
        page.goto(app.url + place)
        expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=20000)
        expect(page.get_by_role("link", name="Reconciliation")).to_have_count(0)
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_each_sees_what_his_role_permits(chromium, app):
    """The board acts, a viewer looks, and somebody unknown is told whom to ask."""
    from playwright.sync_api import expect

    seen = {"ada": "Admin", "vera": "Viewer"}
    for who, role in seen.items():
        page = chromium.new_context().new_page()
        sign_in(page, app.url, who)
        expect(page.get_by_text(role, exact=False).first).to_be_visible(timeout=20000)
        expect(page.get_by_role("link", name="Import")).to_have_count(1 if who == "ada" else 0)
        page.context.close()
    page = chromium.new_context().new_page()
    sign_in(page, app.url, "eve")
    expect(page.get_by_role("heading", name="No conference available")).to_be_visible()
    page.context.close()


def test_signing_out_ends_the_other_window_too(page, app):
    """An open second tab must not go on invoicing after its owner has left."""
    from playwright.sync_api import expect

    sign_in(page, app.url, "ada")
    other = page.context.new_page()
    other.goto(f"{app.url}/orders")
    expect(other.get_by_role("heading", name="Purchase orders")).to_be_visible(timeout=20000)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="End session").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=20000)
    other.get_by_role("textbox", name="Search", exact=True).fill("north")
    other.get_by_role("textbox", name="Search", exact=True).press("Enter")
    expect(other.get_by_text("You signed out in another window.")).to_be_visible()
