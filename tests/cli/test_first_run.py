"""Somebody who has never seen TOML gets a conference, and a file that nobody else can read."""

from __future__ import annotations

import stat
from types import SimpleNamespace

import pytest

from po_toolkit.api.first_run import suggested_slug, write_conference
from po_toolkit.api.opening import open_conference
from po_toolkit.cli import installation
from po_toolkit.config import load_settings
from po_toolkit.errors import SettingsError
from tests.cli.workplace import Workplace

KEY = "sk_test_" + "firstRun" * 3


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("PyCon España 2027", "pycon-espana-2027"),
        ("  DjangoCon (EU) ", "djangocon-eu"),
        ("会議", ""),
    ],
)
def test_an_id_is_suggested_from_any_name(name, slug):
    assert suggested_slug(name) == slug


def test_what_is_written_opens_and_is_readable_by_its_owner_alone(tmp_path, monkeypatch):
    """A key in a file for everybody is everybody's key."""
    monkeypatch.chdir(tmp_path)
    name = 'Conf "Quotes" \\ 2027 \u2603 \U0001f600'
    path, slug = write_conference(
        None, name=name, currency="EUR", timezone="Europe/Berlin", stripe_secret_key=f" {KEY} "
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    settings = load_settings(path)
    opened = open_conference(slug, settings=settings)
    assert (opened.conference.name, opened.conference.currency) == (name, "eur")
    assert opened.settings.stripe_secret_key.get_secret_value() == KEY


def test_a_second_conference_leaves_the_first_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "own.toml"
    path.write_text('# mine\n[po_toolkit]\ndatabase_url = "sqlite:///x.db"\n[other]\na = 1\n')
    write_conference(path, name="One 2027")
    write_conference(path, name="Two 2027")
    assert path.read_text().startswith("# mine\n[po_toolkit]\n")
    assert set(load_settings(path).conferences) == {"one-2027", "two-2027"}
    before = path.read_text()
    with pytest.raises(SettingsError, match="already"):
        write_conference(path, name="One 2027")
    assert path.read_text() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"timezone": "Mars/Olympus"},
        {"currency": "xyz"},
        {"stripe_secret_key": "pk_test_published"},
        {"slug": "../etc"},
        {"name": " "},
    ],
)
def test_a_wrong_answer_writes_nothing_and_shows_no_key(tmp_path, wrong):
    path = tmp_path / "secrets.toml"
    with pytest.raises(SettingsError) as refused:
        write_conference(path, **{"name": "PyCon", "stripe_secret_key": KEY, **wrong})
    assert KEY not in str(refused.value)
    assert not path.exists()


@pytest.fixture
def set_up(work, monkeypatch):
    """Answer the questions of ``po-toolkit setup`` at a terminal."""
    terminal = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(installation, "sys", terminal)

    def answer(*keys):
        answers = ["PyCon 2028", "", "usd", "UTC", *keys]
        result = work.run("setup", stdin="\n".join(answers) + "\n")
        assert result.exit_code == 0, result.output
        assert not any(key and key in result.output for key in keys)
        return result.output, load_settings(work.config).conferences["pycon-2028"]

    return answer


def test_a_typed_key_that_stripe_refuses_is_asked_for_again(set_up, work):
    """A key with a letter missing would fail at the first invoice, days later."""
    good, bad = (f"sk_test_{letter}_of_pycon_2028" for letter in "gb")
    account = work.simulator.control.add_key(good, good)
    work.simulator.control.add_key(bad, bad)
    work.simulator.control.revoke_key(bad)
    said, written = set_up(bad, good)
    assert "does not accept this key" in said
    assert f"({account})" in said
    assert written.stripe_secret_key.get_secret_value() == good


def test_a_typed_key_is_kept_unchecked_where_stripe_does_not_answer(set_up, monkeypatch):
    """Without a network on the train the rest can still be set up."""
    nowhere = {"PO_TOOLKIT_STRIPE_API_BASE": "http://127.0.0.1:9"}
    usual = Workplace.environment.fget
    monkeypatch.setattr(Workplace, "environment", property(lambda w: usual(w) | nowhere))
    said, written = set_up("sk_test_of_pycon_2028")
    assert "The key was not checked." in said
    assert written.mode == "test"


def test_a_key_in_a_file_that_stripe_refuses_writes_nothing(work, tmp_path):
    """Nobody is there to be asked again."""
    work.simulator.control.revoke_key(work.key)
    (tmp_path / "key").write_text(f"{work.key}\n")
    before = work.config.read_text()
    answers = ("--name", "PyCon 2028", "--currency", "usd", "--timezone", "UTC")
    result = work.run("setup", *answers, "--key-file", str(tmp_path / "key"))
    assert result.exit_code == 1
    assert "does not accept this key" in result.output
    assert work.key not in result.output
    assert work.config.read_text() == before
