"""Settings: where the database is, and each conference with its own Stripe keys.

Looked up in this order: environment variables ``PO_TOOLKIT_*``, then the table ``[po_toolkit]`` of
a TOML file (``PO_TOOLKIT_CONFIG``, else ``.streamlit/secrets.toml``). Keys stay inside
``SecretStr``, so that neither a log nor an error text can show them.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
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
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from po_toolkit.errors import AmountError, SettingsError
from po_toolkit.invoice_settings import ContentSettings, ReminderDays, TaxSettings
from po_toolkit.money import normalize_currency

DEFAULT_CONFIG = Path(".streamlit/secrets.toml")
DEFAULT_DATABASE_URL = "sqlite:///po_toolkit.db"

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
    operator: list[str] = Field(default_factory=list)
    treasurer: list[str] = Field(default_factory=list)
    admin: list[str] = Field(default_factory=list)


class ConferenceSettings(BaseModel):
    """One conference: what its invoices say and the keys of its own Stripe account."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: str
    currency: str = "usd"
    stripe_secret_key: SecretStr = SecretStr("")
    stripe_webhook_secret: list[SecretStr] = Field(default_factory=list)
    days_until_due: int = Field(default=30, ge=0, le=365)
    payment_methods: list[str] = Field(default_factory=lambda: ["card", "us_bank_account"])
    invoice_footer: str = Field(default="", max_length=5000)
    invoice_memo: str = Field(default="", max_length=1500)
    timezone: str = "UTC"
    max_invoice_lines: int = Field(default=250, ge=1)
    tax: TaxSettings | None = None
    content: ContentSettings | None = None
    reminders: ReminderDays = Field(default_factory=list)
    remind_from_hour: int | None = Field(default=None, ge=0, le=23)
    """From which hour of the day, where the conference is, the worker reminds by itself; without
    it only a person does."""
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

    @field_validator("stripe_webhook_secret", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        if isinstance(value, str | SecretStr):
            return [value] if value else []
        return value

    @model_validator(mode="after")
    def _something_to_remind_by(self) -> ConferenceSettings:
        if self.remind_from_hour is not None and not self.reminders:
            raise ValueError(
                "remind_from_hour needs reminders, the days from the due date: [-7, 0, 14, 30]"
            )
        return self

    @property
    def mode(self) -> Literal["live", "test", "none"]:
        """Whether the key moves real money, from its prefix; ``none`` without a key."""
        key = self.stripe_secret_key.get_secret_value()
        if not key:
            return "none"
        return "live" if key.startswith(("sk_live_", "rk_live_")) else "test"


class Settings(BaseSettings):
    """Everything read from the environment and the configuration file."""

    model_config = SettingsConfigDict(
        env_prefix="PO_TOOLKIT_", extra="ignore", hide_input_in_errors=True
    )

    database_url: str = DEFAULT_DATABASE_URL
    stripe_api_base: str | None = None
    conferences: dict[Slug, ConferenceSettings] = Field(default_factory=dict)
    people: People = Field(default_factory=People)
    session_hours: int = Field(default=12, ge=1, le=720)
    """How long a sign-in to the app lasts."""
    config_file: Path | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 pydantic's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over what the file gave as init values."""
        return env_settings, init_settings

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
    if path.is_file():
        values = _read_toml(path)
        values["config_file"] = path
    elif named:
        raise SettingsError(f"The configuration file {path} does not exist.")
    try:
        return Settings(**values)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}"
            for e in error.errors(include_input=False, include_url=False, include_context=False)
        )
        raise SettingsError(
            f"Settings from {path if path.is_file() else 'the environment'} are wrong: {wrong}."
        ) from None
    except ValueError as error:
        raise SettingsError(f"A PO_TOOLKIT_* environment variable is wrong: {error}") from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text("utf-8")).get("po_toolkit", {})
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from None
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: po_toolkit must be a table, [po_toolkit].")
    return table


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


_KEY_PREFIXES = ("sk_test_", "sk_live_", "rk_test_", "rk_live_", "pk_test_", "pk_live_", "whsec_")
