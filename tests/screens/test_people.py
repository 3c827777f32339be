"""Sign-in and roles: who may look, who may act, and when a sign-in ends."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.config import load_settings
from po_toolkit.domain.roles import Act, Actor, Role, require
from po_toolkit.errors import NotAllowedError
from po_toolkit.store.columns import utc_now
from po_toolkit.store.sign_outs import sign_out
from po_toolkit.ui.sign_in import Person
from tests.screens.conftest import TOKEN

PEOPLE = """
[po_toolkit.people]
viewer = ["*@example.org"]
operator = ["olga@example.org"]
treasurer = ["group:finance"]
admin = ["Ada@Example.org"]

[po_toolkit.conferences.live-2027.people]
admin = ["lena@example.org"]
"""


@pytest.fixture
def enter(config, show):
    """Open the app as somebody whom the provider vouches for."""
    config.write_text(config.read_text() + PEOPLE)

    def open_(place="orders", *, hours_ago=0, name="PyCon 2027", claims=None, **user):
        began = utc_now() - timedelta(hours=hours_ago)
        who = {
            "is_logged_in": True,
            "iss": "https://id.example.org",
            "sub": user.get("email", "nobody"),
            "iat": int(began.timestamp()),
            **user,
        }
        return show(place, name=name, user=who)

    return open_


def headings(app):
    assert not app.exception
    return app.title[0].value


def test_without_a_provider_this_machine_is_told_that_it_may_do_everything(show, read):
    """Nobody should believe that an open app is guarded."""
    assert "No sign-in: anyone who uses this machine has full access." in read(show("orders"))


def test_a_live_key_without_a_sign_in_is_not_used_before_the_start_token_is_shown(show, read):
    """Any other account of this machine reaches the port, too, and could bill."""

    def may_act(app):
        return "Invoice" in [page.label for page in app.sidebar.get("page_link")] or not any(
            t.label == "Start token" for t in app.text_input
        )

    app = show("orders", name="Live 2027", token="")
    assert not may_act(app)
    assert "you can look, not act" in read(app)
    (box,) = (t for t in app.text_input if t.label == "Start token")
    box.set_value("a guess").run()
    assert not may_act(app)
    assert "This is not the start token." in read(app)
    (box,) = (t for t in app.text_input if t.label == "Start token")
    box.set_value(TOKEN).run()
    assert may_act(app)
    assert may_act(show("orders", name="Live 2027", token=TOKEN))
    assert may_act(show("orders", name="PyCon 2027", token=""))


def test_without_the_start_token_the_act_itself_is_refused_too(config):
    """A page that still shows a button must not be the only guard."""
    settings = load_settings(config)
    visitor = Person().actor(settings, "live-2027")
    with pytest.raises(NotAllowedError):
        require(visitor, Act.INVOICE)
    assert Person(token_shown=True).actor(settings, "live-2027").role is Role.ADMIN


def test_a_stranger_sees_nothing_but_the_way_to_sign_in(show, read, sample, conference):
    """A sponsor's figures on the open web would be the end of the toolkit."""
    import_purchase_orders(conference(), sample("sponsors-2027.csv")[1], file_name="s.csv")
    app = show("orders", user={"is_logged_in": False})
    assert headings(app) == "po-toolkit"
    assert [b.label for b in app.button] == ["Sign in"]
    assert "Northwind" not in read(app)


@pytest.mark.parametrize(
    ("user", "role"),
    [
        ({"email": "vera@example.org"}, "Viewer"),
        ({"email": "Olga@EXAMPLE.org"}, "Operator"),
        ({"email": "tom@elsewhere.example", "groups": ["finance"]}, "Treasurer"),
        ({"email": "ada@example.org"}, "Admin"),
    ],
)
def test_each_person_has_the_highest_role_of_address_and_groups(enter, read, user, role):
    """A treasurer who cannot act, or a viewer who can, both end in a call to the developers."""
    app = enter(**user)
    assert headings(app) == "Purchase orders"
    assert role in read(app)


@pytest.mark.parametrize(
    "user",
    [
        {"email": "eve@evil.example"},
        {"email": "ada@example.org", "email_verified": False},
        {"email": "ada@example.org.evil.example"},
        {"email": "ada@evil.example@example.com"},
        {"groups": ["group:finance"]},
        {},
    ],
)
def test_who_is_in_no_list_sees_no_conference(enter, read, user):
    """Signing in proves who somebody is, not that he may look."""
    app = enter(**user)
    assert headings(app) == "No conference available"
    assert [box.label for box in app.selectbox] == ["Language"]


def test_a_conference_with_its_own_people_is_hidden_from_all_others(enter, conference):
    """One conference's treasurer has no business in another's books."""
    app = enter(email="ada@example.org", name="Live 2027")
    assert app.selectbox(key="conference").options == ["PyCon 2027", "Keyless 2027"]
    lena = enter(email="lena@example.org", name="Live 2027")
    assert lena.selectbox(key="conference").options == ["PyCon 2027", "Live 2027", "Keyless 2027"]


def test_a_viewer_is_offered_no_act_and_the_functions_refuse_him(
    enter, conference, sample, simulator
):
    """Hiding a button guards nothing; the function that acts must refuse."""
    from po_toolkit.api.invoices import invoice_purchase_orders
    from po_toolkit.api.ledger import cancel, credit, record_payment_by_hand
    from po_toolkit.api.sync import sync_conference

    sheet = sample("sponsors-2027.csv")[1]
    report = import_purchase_orders(conference(), sheet, file_name="s.csv")
    app = enter("order", email="vera@example.org")
    assert not app.button_group
    viewer = conference(actor=Actor("app:vera@example.org", Role.VIEWER))
    operator = conference(actor=Actor("app:olga@example.org", Role.OPERATOR))
    one = report.references[0]
    for act in (
        lambda: import_purchase_orders(viewer, sheet, file_name="s.csv"),
        lambda: invoice_purchase_orders(viewer, references=[one]),
        lambda: sync_conference(viewer),
        lambda: record_payment_by_hand(operator, one, amount=Decimal(1), method="wire"),
        lambda: credit(operator, one, amount=Decimal(1), reason="x"),
        lambda: cancel(operator, one),
    ):
        with pytest.raises(NotAllowedError):
            act()
    assert [c for c in simulator.control.calls() if c.method == "POST"] == []


@pytest.mark.parametrize("place", ["import", "invoice"])
def test_a_viewer_who_types_the_address_is_told_who_may(enter, place):
    """An address is no permission; and an empty page would be no answer."""
    app = enter(place, email="vera@example.org")
    assert not app.exception
    assert "takes operator" in app.error[0].value
    assert not app.title


def test_a_sign_out_ends_every_window_and_a_new_sign_in_begins_anew(enter, conference, read):
    """A shared computer must not stay signed in because a second tab was open."""
    assert headings(enter(email="ada@example.org", hours_ago=1)) == "Purchase orders"
    sign_out(conference().store, "https://id.example.org ada@example.org", utc_now())
    app = enter(email="ada@example.org", hours_ago=1)
    assert "You signed out in another window." in read(app)
    assert headings(enter(email="ada@example.org")) == "Purchase orders"


def test_an_old_sign_in_is_over(enter, read):
    """A cookie of last month on a lost laptop must open nothing."""
    app = enter(email="ada@example.org", hours_ago=13)
    assert "Your session expired after 12 hours." in read(app)


def test_a_role_taken_away_counts_with_the_next_click(enter, config, read):
    """Who left the team this morning must not invoice this afternoon."""
    app = enter(email="ada@example.org")
    assert "Admin" in read(app)
    config.write_text(config.read_text().replace('"Ada@Example.org"', ""))
    assert "Viewer" in read(app.run())
