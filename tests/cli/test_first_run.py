"""Somebody who has never seen TOML gets a conference, and a file that nobody else can read."""

from __future__ import annotations

import stat

import pytest

from po_toolkit.api.first_run import suggested_slug, write_conference
from po_toolkit.api.opening import open_conference
from po_toolkit.config import load_settings
from po_toolkit.errors import SettingsError

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
