"""A sign-in provider for the tests, the settings that name it, and how somebody signs in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

AUTH = """
[po_toolkit.people]
viewer = ["*@example.org"]
admin = ["group:board"]

[auth]
redirect_uri = "{front}/oauth2callback"
cookie_secret = "{cookie_secret}"
client_id = "po-toolkit"
client_secret = "not-checked-by-the-mock"
server_metadata_url = "{provider}/.well-known/openid-configuration"
"""


@contextmanager
def provider() -> Iterator[str]:
    """Run a provider that lets in whoever names one of its users; gives its address."""
    from oidc_provider_mock import User, run_server_in_thread

    users = [
        User(sub="ada", claims={"email": "ada@example.org", "groups": ["board"]}),
        User(sub="vera", claims={"email": "vera@example.org"}),
        User(sub="eve", claims={"email": "eve@evil.example"}),
    ]
    with run_server_in_thread(user_claims=users) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def sign_in(page, address, who):
    """Sign in as one of the provider's users."""
    page.goto(address)
    page.get_by_role("button", name="Sign in").click(timeout=20000)
    page.locator("input[name=sub]").fill(who)
    page.get_by_role("button", name="Authorize").click()
