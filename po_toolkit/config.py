"""Settings: where the database is, and each conference with its own Stripe keys.

Looked up in this order: environment variables ``PO_TOOLKIT_*``, then the table ``[po_toolkit]`` of
a TOML file (``PO_TOOLKIT_CONFIG``, else ``.streamlit/secrets.toml``). A nested setting is reached
with two underscores, ``PO_TOOLKIT_CONFERENCES__PYCON_2027__STRIPE_SECRET_KEY``; a name that ends in
``_FILE`` names a file whose content is the value. Keys stay inside ``SecretStr``, so that neither a
log nor an error text can show them.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from po_toolkit.errors import AmountError, SettingsError
from po_toolkit.invoice_settings import ContentSettings, EInvoiceSettings, ReminderDays, TaxSettings
from po_toolkit.logs import hide, hide_in, log_as_json
from po_toolkit.money import normalize_currency, to_major

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

DEFAULT_CONFIG = Path(".streamlit/secrets.toml")
DEFAULT_DATABASE_URL = "sqlite:///po_toolkit.db"

START_TOKEN = "PO_TOOLKIT_START_TOKEN"  # noqa: S105 its name
"""The environment variable in which ``po-toolkit app`` hands the start token to its server."""

EXAMPLE_SETTINGS = """\
[po_toolkit]
database_url = "sqlite:///po_toolkit.db"

[po_toolkit.conferences.pycon-2027]
name = "PyCon 2027"
currency = "usd"
timezone = "America/New_York"
stripe_secret_key = "sk_test_..."
stripe_webhook_secret = "whsec_..."
"""
"""What a front end shows to somebody who has no conference yet."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class People(BaseModel):
    """Who has which role in the app: addresses, ``*@example.org``, or ``group:finance``."""

    model_config = ConfigDict(extra="forbid")

    viewer: list[str] = Field(default_factory=list)
    """May look and download."""
    operator: list[str] = Field(default_factory=list)
    """May also import, invoice, sync and load bank statements."""
    treasurer: list[str] = Field(default_factory=list)
    """May also record money, refund, credit, cancel, match bank lines and close periods."""
    admin: list[str] = Field(default_factory=list)
    """May do everything."""


def is_loopback(host: str | None) -> bool:
    """Tell whether the name or address of a host is this machine's own, whatever DNS says."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


class NotifySettings(BaseModel):
    """Who is notified of new problems: a chat's incoming webhook, email addresses, or both."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    slack_webhook_url: SecretStr = SecretStr("")
    """The address of a Slack-compatible incoming webhook; whoever has it can post."""
    email_to: list[str] = Field(default_factory=list)
    """Who gets an email."""
    email_from: str = ""
    """The sender's address; needed with ``email_to``."""
    smtp_host: str = "localhost"
    """The mail server."""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    """Its port: 465 is encrypted from the start, others by STARTTLS where the server has it. A
    password goes only to a server with a valid certificate, or to this machine."""
    smtp_user: str = ""
    """The user at the mail server, where it needs one."""
    smtp_password: SecretStr = SecretStr("")
    """Its password."""
    discrepancies: list[str] | None = None
    """Which classes of discrepancy; by default all but ``not_invoiced`` and ``overdue``."""

    @field_validator("slack_webhook_url")
    @classmethod
    def _encrypted(cls, value: SecretStr) -> SecretStr:
        address = urlsplit(value.get_secret_value())
        here = address.scheme == "http" and is_loopback(address.hostname)
        if value.get_secret_value() and address.scheme != "https" and not here:
            raise ValueError("write the address of the incoming webhook with https://")
        return value

    @model_validator(mode="after")
    def _whole(self) -> NotifySettings:
        if self.email_to and not self.email_from:
            raise ValueError("email_to needs email_from, the sender's address")
        return self

    @property
    def wanted(self) -> bool:
        """Whether anybody is to be notified."""
        return bool(self.slack_webhook_url.get_secret_value() or self.email_to)


CHANGEABLE = (
    "invoice_memo",
    "invoice_footer",
    "days_until_due",
    "payment_methods",
    "reminders",
    "remind_from_hour",
)
"""Settings of a conference that a treasurer may change in the app; keys stay in the file."""


class ConferenceSettings(BaseModel):
    """One conference: what its invoices say and the keys of its Stripe account."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: str
    """What people read in the app, in reports and on invoices."""
    currency: str = "usd"
    """The currency of purchase orders that name none: three letters."""
    stripe_secret_key: SecretStr = SecretStr("")
    """A secret or restricted key of the conference's own Stripe account: sk_test_…, sk_live_…,
    rk_test_… or rk_live_…."""
    stripe_webhook_secret: list[SecretStr] = Field(default_factory=list)
    """The signing secret of the webhook endpoint, whsec_…; a list while one is being replaced."""
    days_until_due: int = Field(default=30, ge=0, le=365)
    """Days from sending to the due date, for purchase orders that name neither."""
    payment_methods: list[str] = Field(default_factory=lambda: ["card", "us_bank_account"])
    """Stripe's names of the payment methods that invoices offer."""
    invoice_footer: str = Field(default="", max_length=5000)
    """Printed at the foot of every invoice."""
    invoice_memo: str = Field(default="", max_length=1500)
    """Printed above the lines of every invoice."""
    timezone: str = "UTC"
    """Where the conference is, such as Europe/Berlin; days begin and end there."""
    max_invoice_lines: int = Field(default=250, ge=1)
    """The highest number of lines of a purchase order; Stripe takes 250."""
    shares_stripe_account: bool = False
    """Whether it may bill from a Stripe account that another conference bills from too."""
    tax: TaxSettings | None = None
    """Which taxes are charged; see [What an invoice says](invoice-content.md)."""
    content: ContentSettings | None = None
    """What else the invoice says, and how it may be paid."""
    e_invoice: EInvoiceSettings | None = None
    """Who we are on an e-invoice, and which sponsors need one."""
    reminders: ReminderDays = Field(default_factory=list)
    """Days from the due date on which sponsors are reminded: [-7, 0, 14, 30]."""
    remind_from_hour: int | None = Field(default=None, ge=0, le=23)
    """From which hour of the day, where the conference is, the worker reminds by itself; without
    it only a person does."""
    event_date: date | None = None
    """The first day of the conference, from which Home measures how far away it is."""
    previous_conference: str = ""
    """The slug of last year's conference, whose payments Home draws beside this year's."""
    second_person_above: dict[str, Decimal] = Field(default_factory=dict)
    """By currency, in major units: refunds and credit notes above it need a second person. Where
    it is set, a currency that is not named needs one for any amount."""
    bank_layouts: Path | None = None
    """A folder of bank layouts of your own (TOML), beside those that come with the program."""
    people: People | None = None
    """Who may see this conference, in place of the people of all conferences."""

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str) -> str:
        try:
            return normalize_currency(value)
        except AmountError as error:
            raise ValueError(str(error)) from None

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f"unknown timezone {value!r}; use a name such as Europe/Berlin"
            ) from None
        return value

    @field_validator("second_person_above")
    @classmethod
    def _known_currencies(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        try:
            return {normalize_currency(currency): above for currency, above in value.items()}
        except AmountError as error:
            raise ValueError(str(error)) from None

    @field_validator("stripe_secret_key")
    @classmethod
    def _known_key(cls, value: SecretStr) -> SecretStr:
        """Take what surrounds a pasted key away; refuse a key that does not say its mode."""
        key = value.get_secret_value().strip()
        if key.startswith("sk_org_"):
            raise ValueError(
                "an organization's key (sk_org_…) opens several accounts; use a key of the account "
                "that this conference bills from"
            )
        if key and not key.startswith(_SECRET_PREFIXES):
            raise ValueError(
                "not a secret key of Stripe; it starts with sk_test_, sk_live_, rk_test_ or "
                "rk_live_, and the beginning says whether real money moves"
            )
        return SecretStr(key)

    @field_validator("stripe_webhook_secret", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        given = [value] if isinstance(value, str | SecretStr) else value
        if not isinstance(given, list):
            return given
        plain = [v.get_secret_value() if isinstance(v, SecretStr) else v for v in given]
        return [v.strip() if isinstance(v, str) else v for v in plain if v]

    @model_validator(mode="after")
    def _something_to_remind_by(self) -> ConferenceSettings:
        if self.remind_from_hour is not None and not self.reminders:
            raise ValueError(
                "remind_from_hour needs reminders, the days from the due date: [-7, 0, 14, 30]"
            )
        return self

    def needs_second_person(self, amount: int, currency: str) -> bool:
        """Tell whether a refund or credit note, in minor units, needs a second person."""
        above = self.second_person_above
        return bool(above) and to_major(amount, currency) > above.get(currency, Decimal(0))

    def with_changes(self, changes: Mapping[str, Any]) -> ConferenceSettings:
        """Return the settings with values that were changed in the app.

        Raises:
            SettingsError: A value is wrong, or does not go with the others.
        """
        if not changes:
            return self
        try:
            return ConferenceSettings.model_validate(
                {**{name: getattr(self, name) for name in type(self).model_fields}, **changes}
            )
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, e['loc'])) or 'settings'}: {_in_words(e)}"
                for e in error.errors(include_input=False, include_url=False, include_context=False)
            )
            raise SettingsError(f"Settings changed in the app are wrong: {wrong}.") from None

    @property
    def mode(self) -> Literal["live", "test", "none"]:
        """Whether the key moves real money, from its prefix; ``none`` without a key."""
        key = self.stripe_secret_key.get_secret_value()
        if not key:
            return "none"
        return "test" if key.startswith(("sk_test_", "rk_test_")) else "live"


def _environment() -> dict[str, Any]:
    """Return what the environment sets, as nested tables.

    Raises:
        SettingsError: A file cannot be read, or two variables give the same setting.
    """
    found: dict[str, Any] = {}
    for name in sorted(os.environ):  # a table as a whole before its parts
        path, from_file = _setting_of(name)
        if not path:
            continue
        value = os.environ[name]
        if from_file and name[: -len("_FILE")] in os.environ:
            raise SettingsError(f"{name} and {name[:-5]} set the same value; remove one.")
        table = found
        for step in path[:-1]:
            table = table.setdefault(step, {})
            if not isinstance(table, dict):
                raise SettingsError(f"{name}: {step} is given as a value and as a table.")
        table[path[-1]] = _content(name, value) if from_file else _structured(value)
    return found


def _with(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested tables with others laid over them."""
    both = {
        name: _with(values[name], change)
        for name, change in changes.items()
        if isinstance(change, dict) and isinstance(values.get(name), dict)
    }
    return {**values, **changes, **both}


def _setting_of(variable: str) -> tuple[list[str], bool]:
    """Return the path of the setting that a variable gives, and whether it names a file.

    A shell's variables have no hyphens, so that a conference is written with underscores.
    """
    prefix, _, rest = variable.upper().partition("PO_TOOLKIT_")
    if prefix:
        return [], False
    path = rest.lower().split("__")
    from_file = path[-1].endswith("_file")
    path[-1] = path[-1].removesuffix("_file")
    if "" in path or path[0] not in _settings_names():
        return [], False
    if path[0] == "conferences" and len(path) > 1:
        path[1] = path[1].replace("_", "-")
    return path, from_file


def _content(variable: str, path: str) -> Any:
    try:
        return _structured(Path(path).expanduser().read_text("utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SettingsError(f"{variable} names {path}, which cannot be read: {reason}.") from None


def _structured(text: str) -> Any:
    """Return a list or table that is written as JSON, else the text."""
    if text[:1] in {"[", "{"}:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


class Settings(BaseModel):
    """Everything read from the environment, which wins, and the configuration file."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    def __init__(self, **values: Any) -> None:
        """Lay the environment's settings over the file's.

        Raises:
            SettingsError: A variable cannot be read, or two give the same setting.
            ValidationError: A value is wrong.
        """
        super().__init__(**_with(values, _environment()))

    database_url: str = Field(default=DEFAULT_DATABASE_URL, repr=False)
    """The database, as an SQLAlchemy URL. A relative SQLite path counts from the settings
    file's folder."""
    stripe_api_base: str | None = None
    """Where Stripe's API is; only for the simulator and tests."""
    conferences: dict[Slug, ConferenceSettings] = Field(default_factory=dict)
    people: People = Field(default_factory=People)
    session_hours: int = Field(default=12, ge=1, le=720)
    """How long a sign-in to the app lasts."""
    language: Literal["", "de", "en", "es", "fr"] = ""
    """The app's language, until somebody chooses another; by default each browser's own."""
    log_format: Literal["text", "json"] = "text"
    """How logs are written: for people, or one JSON object a line."""
    metrics_token: SecretStr = SecretStr("")
    """What Prometheus shows to get ``/metrics`` from an address that is not an inner one."""
    notify: NotifySettings = Field(default_factory=NotifySettings)
    keep_event_payloads_days: int = Field(default=30, ge=0)
    """How long what an event of Stripe said is kept after it was processed."""
    backup_path: Path | None = None
    """The backup, or the folder with the backups, whose age ``doctor`` checks."""
    config_file: Path | None = None

    @model_validator(mode="after")
    def _settle_logs(self) -> Settings:
        self.settle_logs()
        return self

    def settle_logs(self) -> None:
        """Let this process log as the settings say, and keep their secrets out of its logs.

        Done when they are read; a process that gets them from another one calls it.
        """
        log_as_json(self.log_format == "json")
        hide(_password_in(self.database_url), os.environ.get("PGPASSWORD", ""))
        notify = self.notify
        for secret in (self.metrics_token, notify.slack_webhook_url, notify.smtp_password):
            hide(secret.get_secret_value())
        for conference in self.conferences.values():
            secrets = (conference.stripe_secret_key, *conference.stripe_webhook_secret)
            hide(*(secret.get_secret_value() for secret in secrets))

    def conference(self, slug: str) -> ConferenceSettings:
        """Return one conference's settings.

        Raises:
            SettingsError: There is no such conference; the message names those there are.
        """
        try:
            return self.conferences[slug]
        except KeyError:
            known = ", ".join(sorted(self.conferences)) or "none"
            where = self.config_file or "the environment (no configuration file was found)"
            raise SettingsError(
                f"There is no conference {slug!r} in {where}; it has: {known}. Add a table "
                f"[po_toolkit.conferences.{slug}] to the configuration file."
            ) from None


def load_settings(config: Path | str | None = None) -> Settings:
    """Read the settings.

    Args:
        config: The TOML file; by default ``PO_TOOLKIT_CONFIG``, else ``.streamlit/secrets.toml``
            if it is there.

    Raises:
        SettingsError: The named file is missing, is no TOML, or a value is wrong. The message
            names each wrong setting, never a key.
    """
    named = config or os.environ.get("PO_TOOLKIT_CONFIG")
    path = Path(named) if named else DEFAULT_CONFIG
    values: dict[str, Any] = {}
    _refuse_misspelled_variables()
    if path.is_file():
        values = _read_toml(path)
        _refuse_unknown(values, path)
        values["config_file"] = path
    elif named:
        raise SettingsError(f"The configuration file {path} does not exist.")
    try:
        settings = Settings(**values)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'settings'}: {_in_words(e)}"
            for e in error.errors(include_input=False, include_url=False, include_context=False)
        )
        raise SettingsError(
            f"Settings from {path if path.is_file() else 'the environment'} are wrong: {wrong}."
        ) from None
    if path.is_file():
        settings.database_url = _beside(settings.database_url, path)
    return settings


def _beside(database_url: str, config: Path) -> str:
    """Return the URL with a relative SQLite path made absolute, seen from the settings file.

    Else the same settings, used from another folder, would name another database. A file in
    ``.streamlit`` counts as being in the folder that holds it.
    """
    scheme, slashes, rest = database_url.partition(":///")
    name, mark, query = rest.partition("?")
    if not scheme.startswith("sqlite") or not slashes or name in {"", ":memory:"}:
        return database_url
    folder = config.expanduser().resolve().parent
    folder = folder.parent if folder.name == ".streamlit" else folder
    return f"{scheme}:///{folder / Path(name).expanduser()}{mark}{query}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return what a name was probably meant to be, as the end of a sentence, or ``""``."""
    found = difflib.get_close_matches(name, sorted(known), 1)
    return f"; did you mean {found[0]}?" if found else ""


def _settings_names() -> set[str]:
    return set(Settings.model_fields) - {"config_file"}


def _refuse_unknown(values: dict[str, Any], path: Path) -> None:
    unknown = [name for name in values if name not in _settings_names()]
    if unknown:
        wrong = "; ".join(
            f"{name}: Unknown setting{nearest(name, _settings_names())}" for name in unknown
        )
        raise SettingsError(f"Settings from {path} are wrong: {wrong}.")


def unknown_variables() -> list[str]:
    """Return the environment variables that begin as ours do and are none of ours."""
    ours = (n for n in os.environ if n.startswith("PO_TOOLKIT_") and not _setting_of(n)[0])
    return sorted({*ours} - _known_variables())


_OTHER_VARIABLES = {"PO_TOOLKIT_CONFIG", "PO_TOOLKIT_CONFERENCE", START_TOKEN}


def _known_variables() -> set[str]:
    return {f"PO_TOOLKIT_{name.upper()}" for name in _settings_names()} | _OTHER_VARIABLES


def _refuse_misspelled_variables() -> None:
    """Refuse a variable that is almost one of ours; others may be somebody else's."""
    for name in unknown_variables():
        if near := nearest(name, _known_variables()):
            raise SettingsError(f"The environment variable {name} is unknown{near}")


def _in_words(error: ErrorDetails) -> str:
    """Say what is wrong with a setting; an unknown one with the nearest that there is."""
    if error["type"] != "extra_forbidden":
        return str(error["msg"])
    model: Any = Settings
    for step in error["loc"][:-1]:
        fields = getattr(model, "model_fields", {})
        model = _model_in(fields[step].annotation) if step in fields else model
    known = getattr(model, "model_fields", {})
    return f"unknown setting{nearest(str(error['loc'][-1]), known)}"


def _model_in(annotation: Any) -> Any:
    """Return the model that an annotation names, also inside of ``dict[…]`` or ``… | None``."""
    inside = [_model_in(part) for part in get_args(annotation)]
    found = [part for part in inside if part is not None]
    if found:
        return found[0]
    return annotation if hasattr(annotation, "model_fields") else None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from None
    hide_in(tables)  # [auth] too, which is the app's
    table = tables.get("po_toolkit")
    if table is None and (
        near := difflib.get_close_matches("po_toolkit", [t.lower() for t in tables], 1)
    ):
        raise SettingsError(f"{path} has a table [{near[0]}]; write it as [po_toolkit].")
    table = {} if table is None else table
    if not isinstance(table, dict):
        raise SettingsError(f"{path} has po_toolkit as a value; write it as a table, [po_toolkit].")
    return table


def _password_in(database_url: str) -> str:
    """Return the password of a database's address, or ``""``."""
    user = urlsplit(database_url).netloc.rpartition("@")[0]
    named = re.search(r"(?i)[?&]password=([^&]*)", database_url)
    return user.partition(":")[2] or (named[1] if named else "")


def shown_url(database_url: str) -> str:
    """Return the database's address without its password, for people and logs."""
    parts = urlsplit(database_url)
    user, at, host = parts.netloc.rpartition("@")
    if not parts.scheme or (at and not host):
        return "(no database address)"
    name, colon, _ = user.partition(":")
    shown = f"{name}{':***' if colon else ''}{at}{host}"
    query = re.sub(r"(?i)(password=)[^&]*", r"\1***", parts.query)
    return f"{parts.scheme}://{shown}{parts.path}{'?' if query else ''}{query}"


def obfuscate_key(key: str) -> str:
    """Show which key it is without showing the key: ``sk_test_…wxyz``.

    A key too short to hide anything in shows only its prefix, or nothing.
    """
    prefix = next((p for p in _KEY_PREFIXES if key.startswith(p)), "")
    rest = key[len(prefix) :]
    if not key:
        return "(not set)"
    return f"{prefix}…{rest[-4:]}" if len(rest) >= 12 else f"{prefix}…"


_SECRET_PREFIXES = ("sk_test_", "sk_live_", "rk_test_", "rk_live_")
_KEY_PREFIXES = (*_SECRET_PREFIXES, "sk_org_", "pk_test_", "pk_live_", "whsec_")
