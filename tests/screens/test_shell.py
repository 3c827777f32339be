"""What surrounds every screen: without it a treasurer does not know where he is."""

from __future__ import annotations

import inspect
import re

import pytest

from po_toolkit.ui import failures, formats, orders_screen
from po_toolkit.ui.shell import SCREENS
from tests.rules.test_remedies import MAKERS, SAMPLES

UNFORESEEN = failures.show_unexpected

HEADINGS = {
    "home": "",  # the conference's own name
    "import": "Import",
    "imported": "Import",
    "invoice": "Invoice",
    "invoices": "Invoice",
    "orders": "Purchase orders",
    "order": "Purchase order",
    "new": "New purchase order",
    "reconciliation": "Reconciliation",
    "bank": "Bank",
    "payouts": "Payouts",
    "activity": "Activity",
    "settings": "Settings",
}


def test_every_screen_has_a_heading_here():
    """A screen nobody lists here would go untested."""
    assert set(HEADINGS) == set(SCREENS)


def test_every_remedy_opens_a_page_that_exists():
    """A link to a page that is gone ends on the first page, far from the problem."""
    for maker in MAKERS:
        given = {name: SAMPLES[name] for name in inspect.signature(maker).parameters}
        assert maker(**given).page in {"", *SCREENS}


@pytest.mark.parametrize("place", HEADINGS)
@pytest.mark.parametrize("name", ["PyCon 2027", "Keyless 2027"])
def test_every_screen_opens_on_an_empty_conference(show, place, name):
    """A new conference is the first thing anybody sees; a traceback there ends the visit."""
    app = show(place, name=name)
    assert not app.exception
    assert not app.error
    assert app.title[0].value == (HEADINGS[place] or name)


@pytest.mark.parametrize(
    ("place", "entry"),
    [("imported", "import"), ("invoices", "invoice"), ("order", "orders"), ("new", "orders")],
)
def test_a_page_without_an_entry_marks_the_one_that_it_belongs_to(show, place, entry):
    """Who sees nothing marked in the sidebar does not know where they are."""
    app = show(place)
    styles = "".join(html.proto.body for html in app.get("html"))
    assert f"[data-testid=stSidebarNavLink][href$='/{entry}']" in styles
    assert "stSidebarNavLink" not in "".join(h.proto.body for h in show(entry).get("html"))


@pytest.mark.parametrize(
    ("actor", "read_as"),
    [
        ("cli:ada", "ada (command line)"),
        ("python:ada", "ada (Python)"),
        ("app:ada@example.org", "ada@example.org"),
        ("stripe", "Stripe"),
        ("schedule", "automatic"),
        ("Ada: treasurer", "Ada: treasurer"),
        ("", ""),
    ],
)
def test_who_acted_is_named_as_people_read_it(actor, read_as):
    """“cli:ada” is a riddle to a treasurer."""
    assert formats.person(actor) == read_as


def test_without_settings_the_app_asks_for_the_first_conference_and_says_where_it_goes(
    show, config
):
    """Somebody who has just installed the toolkit has no settings yet."""
    config.write_text("[po_toolkit]\n")
    app = show("import")
    assert app.title[0].value == "Set up a conference"
    assert str(config) in " ".join(caption.value for caption in app.caption)
    assert "Stripe test key" in [field.label for field in app.text_input]


def set_up(show, config, key):
    config.write_text("".join(config.read_text().partition("\n\n")[0]))  # no conference
    app = show("home")
    for field, value in zip(app.text_input, ("PyCon 2028", key), strict=True):
        field.set_value(value)
    next(b for b in app.button if b.label == "Set up the conference").click().run()
    assert not app.exception
    return app


def test_the_first_key_is_saved_with_a_word_on_whose_it_is(show, read, config, simulator):
    """The key of another event's account would bill from there, and nobody would see it."""
    account = simulator.control.add_key("sk_test_of_pycon_2028", "sk_test_of_pycon_2028")
    app = set_up(show, config, " sk_test_of_pycon_2028 ")
    assert "The key belongs to " in read(app)
    assert f"({account})" in read(app)
    assert "sk_test_of_pycon_2028" in config.read_text()
    assert "key belongs" not in read(app.run())


def test_a_first_key_that_stripe_refuses_is_not_saved(show, read, config, simulator):
    """A key with a letter missing would fail at the first invoice, days later."""
    simulator.control.add_key("sk_test_of_pycon_2028", "sk_test_of_pycon_2028")
    simulator.control.revoke_key("sk_test_of_pycon_2028")
    app = set_up(show, config, "sk_test_of_pycon_2028")
    assert app.title[0].value == "Set up a conference"
    assert "does not accept this key. Nothing is saved" in read(app)
    assert "sk_test_of" not in read(app)
    assert "sk_test_of" not in config.read_text()


def test_a_first_key_is_saved_unchecked_where_stripe_does_not_answer(show, read, config):
    """Without a network on the train the rest can still be set up."""
    text = config.read_text()
    config.write_text(
        re.sub('stripe_api_base = ".*"', 'stripe_api_base = "http://127.0.0.1:9"', text)
    )
    app = set_up(show, config, "sk_test_of_pycon_2028")
    assert "Stripe did not say whose it is" in read(app)
    assert "sk_test_of_pycon_2028" in config.read_text()


def test_a_wrong_setting_is_named_instead_of_a_traceback(show, read, config):
    """Whoever mistyped a currency must read which setting it is; a key must never show."""
    config.write_text(config.read_text().replace('currency = "eur"', 'currency = "euro"'))
    app = show("import")
    assert not app.exception
    assert "conferences.live-2027.currency" in read(app)
    assert "sk_" not in app.error[0].value


def test_a_lost_database_is_named_instead_of_an_empty_one_made(show, config):
    """An empty one knows of no invoice that was sent, and bills everybody again."""
    gone = config.with_name("books.db")
    gone.unlink()
    app = show("home")
    assert f"There is no database at {gone}" in app.error[0].value.replace("\\", "")
    assert app.code[0].value == "po-toolkit init"
    assert not gone.exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("PyCon 2027", "Test mode"),
        ("Live 2027", "Live mode"),
        ("Keyless 2027", "No Stripe key"),
    ],
)
def test_the_mode_is_always_in_sight(show, read, name, words):
    """Who takes a live account for a test one sends real invoices."""
    assert words in read(show("orders", name=name))


def test_one_conference_never_shows_anothers_rows(show, read, conference, sample):
    """A conference's figures on another's page would be a breach and a wrong decision."""
    app = show("import")
    app.file_uploader[0].set_value(sample("sponsors-2027.csv")).run()
    app.button(key="pycon-2027:import.go").click().run()
    assert "40 purchase orders imported" in read(app)
    app.selectbox(key="conference").set_value("Live 2027").run()
    assert "imported" not in read(app)
    for place in ("orders", "invoice", "reconciliation"):
        assert "Northwind" in read(show(place))
        assert "Northwind" not in read(show(place, name="Live 2027"))


def test_an_address_opens_a_conference_by_its_slug_and_says_where_it_is_not_there(show, read):
    """After a conference is renamed, an old link would show another's figures without a word."""
    app = show("orders", name="keyless-2027")
    assert app.selectbox(key="conference").value == "keyless-2027"
    assert "not among your conferences" not in read(app)
    app = show("orders", name="PyCon 2026")
    assert app.selectbox(key="conference").value == "pycon-2027"
    assert "“PyCon 2026”, which is not among your conferences" in read(app)
    assert "not among your conferences" not in read(app.run())


@pytest.fixture
def kindly(monkeypatch):
    """What nobody foresaw is told as people see it, not raised as other tests want it."""
    monkeypatch.setattr(failures, "show_unexpected", UNFORESEEN)


def test_what_nobody_foresaw_is_told_with_a_number_and_a_way_on(
    show, read, monkeypatch, kindly, capsys
):
    """'This app has encountered an error' helps neither the treasurer nor whom she calls."""

    broken, real = [True], orders_screen.list_purchase_orders

    def explode(*arguments, **more):
        if broken:
            raise RuntimeError("sk_test_secret in the works")
        return real(*arguments, **more)

    monkeypatch.setattr(orders_screen, "list_purchase_orders", explode)
    app = show("orders")
    assert not app.exception
    said = app.error[0].value
    assert said.startswith("Unexpected error")
    assert "works" not in read(app)
    assert [b.label for b in app.button if b.key == "failures.again"] == ["Try again"]
    assert "Home" in [link.proto.label for link in app.get("page_link")]
    logged = capsys.readouterr().err
    assert re.search(r"error ID ([0-9a-f]{8})", said)[1] in logged
    assert "in the works" in logged
    assert "sk_test_secret" not in logged
    broken.clear()
    app.button(key="failures.again").click().run()
    assert app.title[0].value == "Purchase orders"
    assert not app.error


@pytest.mark.parametrize(
    ("place", "query"),
    [
        ("invoice", {"run": "9" * 40}),
        ("invoice", {"run": "²"}),
        ("invoice", {"batch": "-1"}),
        ("import", {"batch": "9" * 40}),
        ("order", {"po": "\"><script>alert(1)</script>'; DROP TABLE x;--"}),
        ("order", {"po": "ПО-ÄÖ\n\x00" + "A" * 3000}),
        ("orders", {"status": "Nonsense", "sort": "evil", "orders-page": "999999"}),
        ("reconciliation", {"reconciliation-view": "Nope", "as-of": "2026-13-45"}),
        ("activity", {"activity-view": "Nope"}),
    ],
)
def test_a_mangled_address_ends_in_words(show, place, query):
    """Addresses are pasted from mails that broke them."""
    app = show(place, **query)
    assert not app.exception
    assert app.title


def test_errors_name_no_command_to_people_who_have_no_terminal(show, read):
    """'run po-toolkit reconcile' is no way on for whoever has never seen a terminal."""
    app = show("order", po="PO-ZZZZZZ")
    seen = read(app)
    assert "has no purchase order PO-ZZZZZZ; look it up" in seen
    assert "po-toolkit" not in seen
    assert "List purchase orders" in [link.proto.label for link in app.get("page_link")]
