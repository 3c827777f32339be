"""Settings: found where they are said to be, and no key ever shown."""

from __future__ import annotations

import pytest

from po_toolkit import load_settings, obfuscate_key
from po_toolkit.errors import SettingsError

KEY = "sk_live_verysecretverysecret"

TOML = f"""
[po_toolkit]
database_url = "sqlite:///from-file.db"
[po_toolkit.conferences.pycon-2027]
name = "PyCon 2027"
currency = "EUR"
stripe_secret_key = "{KEY}"
stripe_webhook_secret = ["whsec_old", "whsec_new"]
timezone = "Europe/Berlin"
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    for name in ("CONFIG", "DATABASE_URL", "STRIPE_API_BASE"):
        monkeypatch.delenv(f"PO_TOOLKIT_{name}", raising=False)
    path = tmp_path / "secrets.toml"
    path.write_text(TOML)
    return path


def test_a_file_is_read_and_the_environment_wins(config, monkeypatch):
    settings = load_settings(config)
    conference = settings.conference("pycon-2027")
    assert settings.database_url == f"sqlite:///{config.parent}/from-file.db"
    assert (conference.currency, conference.mode) == ("eur", "live")
    assert len(conference.stripe_webhook_secret) == 2
    monkeypatch.setenv("PO_TOOLKIT_DATABASE_URL", "sqlite:///from-env.db")
    monkeypatch.setenv("PO_TOOLKIT_CONFIG", str(config))
    assert load_settings().database_url == f"sqlite:///{config.parent}/from-env.db"


def test_no_key_is_in_what_settings_print(config):
    settings = load_settings(config)
    assert KEY not in repr(settings)
    assert KEY not in str(settings.model_dump())
    assert KEY not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('currency = "EUR"', 'currency = "eurp"', "currency"),
        ('"Europe/Berlin"', '"Mars/Base"', "timezone"),
        ('name = "PyCon 2027"', "", "name"),
        ("[po_toolkit]", "[po_toolkit", "TOML"),
        ("stripe_secret_key", "stripe_secret_kye", "did you mean stripe_secret_key"),
        ("database_url", "databse_url", "did you mean database_url"),
        ("[po_toolkit]", "[po_toolkit]\npoeple = 1", "did you mean people"),
        ("timezone =", "people = {admn = []}\ntimezone =", "did you mean admin"),
        ("po_toolkit", "po-toolkit", "write it as [po_toolkit]"),
        (KEY, "sk_org_live_abcdefgh", "opens several accounts"),
        (KEY, "pk_live_abcdefghijkl", "not a secret key"),
        (KEY, "51abcdefghijklmnop", "not a secret key"),
    ],
)
def test_a_wrong_setting_is_named_without_its_secret(config, old, new, said):
    config.write_text(TOML.replace(old, new))
    with pytest.raises(SettingsError) as raised:
        load_settings(config)
    assert said in str(raised.value)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("key", [f" {KEY}", f"{KEY}\\n", f"\\t{KEY}  ", KEY.replace("sk_", "rk_")])
def test_a_pasted_blank_never_makes_a_live_key_pass_for_a_test_key(config, key):
    """Row 8: else invoices over real money go out without a question."""
    config.write_text(TOML.replace(KEY, key))
    conference = load_settings(config).conference("pycon-2027")
    assert conference.mode == "live"
    assert conference.stripe_secret_key.get_secret_value() in {KEY, KEY.replace("sk_", "rk_")}


def test_the_same_settings_name_the_same_database_from_every_folder(config, monkeypatch, tmp_path):
    """Row 4: else cron in another folder begins with an empty database and bills all again."""
    beside = f"sqlite:///{config.parent}/from-file.db"
    (tmp_path / "elsewhere").mkdir()
    for folder in (tmp_path, tmp_path / "elsewhere"):
        monkeypatch.chdir(folder)
        assert load_settings(config).database_url == beside
    for url in ("sqlite:////abs/books.db", "sqlite://", "postgresql://u@h/db"):
        config.write_text(TOML.replace("sqlite:///from-file.db", url))
        assert load_settings(config).database_url == url
    app = tmp_path / ".streamlit"
    app.mkdir()
    (app / "secrets.toml").write_text(TOML)
    assert load_settings(app / "secrets.toml").database_url == beside


def test_a_misspelled_variable_is_named(config, monkeypatch):
    monkeypatch.setenv("PO_TOOLKIT_DATABASE_ULR", "sqlite:///x.db")
    with pytest.raises(SettingsError, match="did you mean PO_TOOLKIT_DATABASE_URL"):
        load_settings(config)


def test_an_unknown_conference_names_those_there_are(config):
    with pytest.raises(SettingsError, match="pycon-2027"):
        load_settings(config).conference("pycon-2026")


def test_a_named_file_must_be_there(tmp_path):
    with pytest.raises(SettingsError, match="does not exist"):
        load_settings(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("sk_test_51abcdefghijWXYZ", "sk_test_…WXYZ"),
        ("whsec_short", "whsec_…"),
        ("plain", "…"),
        ("", "(not set)"),
    ],
)
def test_a_shown_key_tells_which_it_is_and_no_more(key, shown):
    assert obfuscate_key(key) == shown


def test_nested_settings_and_files_of_secrets_come_from_the_environment(
    config, tmp_path, monkeypatch
):
    """A container gets its keys as files, and nobody writes them into an image."""
    secret = tmp_path / "key"
    secret.write_text("sk_test_fromafile1234\n")
    url = tmp_path / "url"
    url.write_text(f"sqlite:///{tmp_path}/other.db")
    nested = "PO_TOOLKIT_CONFERENCES__PYCON_2027__"
    monkeypatch.setenv("PO_TOOLKIT_DATABASE_URL_FILE", str(url))
    monkeypatch.setenv(f"{nested}STRIPE_SECRET_KEY_FILE", str(secret))
    monkeypatch.setenv(f"{nested}PAYMENT_METHODS", '["card"]')
    monkeypatch.setenv(f"{nested}CONTENT__REMIT_TO", "Bank of Example")
    monkeypatch.setenv(f"{nested}DAYS_UNTIL_DUE", "14")
    settings = load_settings(config)
    conference = settings.conference("pycon-2027")
    assert settings.database_url == f"sqlite:///{tmp_path}/other.db"
    assert conference.stripe_secret_key.get_secret_value() == "sk_test_fromafile1234"
    assert (conference.name, conference.currency) == ("PyCon 2027", "eur")
    assert (conference.payment_methods, conference.days_until_due) == (["card"], 14)
    assert conference.content is not None
    assert conference.content.remit_to == "Bank of Example"


def test_a_table_given_whole_takes_its_parts_and_keeps_what_the_file_says(config, monkeypatch):
    whole = '{"pycon-2027": {"days_until_due": 7, "timezone": "Europe/Paris"}}'
    monkeypatch.setenv("PO_TOOLKIT_CONFERENCES", whole)
    monkeypatch.setenv("PO_TOOLKIT_CONFERENCES__PYCON_2027__DAYS_UNTIL_DUE", "14")
    conference = load_settings(config).conference("pycon-2027")
    assert (conference.days_until_due, conference.timezone) == (14, "Europe/Paris")
    assert (conference.name, conference.currency) == ("PyCon 2027", "eur")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CONFERENCES", "{not JSON", "conferences"),
        ("CONFERENCES__PYCON_2027__STRIPE_SECRET_KYE", "x", "did you mean stripe_secret_key"),
        ("CONFERENCES__PYCON_2027__STRIPE_SECRET_KEY_FILE", "/none", "/none"),
        ("CONFERENCES__PYCON_2027__TIMEZONE", "Mars/Base", "timezone"),
        ("DATABASE_URL_FILE", "/none", "PO_TOOLKIT_DATABASE_URL_FILE"),
        ("DATABSE_URL_FILE", "/none", "unknown"),
    ],
)
def test_a_wrong_variable_is_named(config, monkeypatch, name, value, said):
    """A key that is silently not read leaves the old account in force."""
    monkeypatch.setenv(f"PO_TOOLKIT_{name}", value)
    with pytest.raises(SettingsError, match=said):
        load_settings(config)


def test_a_setting_is_given_once(config, monkeypatch, tmp_path):
    """Of a key and a file of a key, nobody could say which counts."""
    monkeypatch.setenv("PO_TOOLKIT_DATABASE_URL", "sqlite:///a.db")
    monkeypatch.setenv("PO_TOOLKIT_DATABASE_URL_FILE", str(tmp_path / "url"))
    with pytest.raises(SettingsError, match="remove one"):
        load_settings(config)
