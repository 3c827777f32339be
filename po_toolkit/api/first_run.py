"""The first conference, for somebody who has never seen a settings file."""

from __future__ import annotations

import json
import os
import re
import tempfile
import tomllib
import unicodedata
from pathlib import Path

from pydantic import SecretStr, ValidationError

from po_toolkit.api.opening import check_key
from po_toolkit.bootstrap import open_database
from po_toolkit.config import DEFAULT_CONFIG, ConferenceSettings, Settings, load_settings
from po_toolkit.errors import SettingsError, StripeAuthenticationError, StripeGatewayError
from po_toolkit.logs import hide

KEY_HELP = (
    "A Stripe key lets po-toolkit create invoices in your Stripe account; treat it like a "
    "password. Start with a test key: it begins with sk_test_, nothing is emailed and no money "
    "moves. To get one, sign in at https://dashboard.stripe.com, open a sandbox or test mode, then "
    "Developers, API keys, Secret key."
)
"""What a key is and where to get one."""


def suggested_slug(name: str) -> str:
    """Return an ID from a name: ``PyCon España 2027`` becomes ``pycon-espana-2027``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63].strip("-")


def whose_key(config: Path | None, key: str) -> str:
    """Return in a sentence whose Stripe key it is, or that Stripe did not say; nothing is changed.

    Args:
        config: The settings file, as for :func:`write_conference`; it may be new.
        key: Stripe's secret key.

    Raises:
        StripeAuthenticationError: Stripe does not accept the key.
    """
    hide(key)
    path = _path(config)
    try:
        account = check_key(key, load_settings(path) if path.is_file() else Settings())
    except StripeAuthenticationError:
        raise StripeAuthenticationError(
            "Stripe does not accept this key. Nothing is saved: copy the key from Stripe again."
        ) from None
    except StripeGatewayError as error:
        return (
            f"The key was not checked. Stripe did not say whose it is: {error} Test the connection "
            f"on the app's Settings page."
        )
    name = account.name or "an account without a name"
    return f"The key belongs to {name} ({account.account_id})."


def write_conference(
    config: Path | None,
    *,
    name: str,
    slug: str = "",
    currency: str = "usd",
    timezone: str = "UTC",
    stripe_secret_key: str = "",
) -> tuple[Path, str]:
    """Add a conference to the settings file, readable by its owner alone, and make the database.

    What is in the file already stays as it is. The file is replaced as a whole, so that it is
    never half-written.

    Args:
        config: The settings file; None: ``PO_TOOLKIT_CONFIG``, else ``.streamlit/secrets.toml``.
        name: What people call the conference.
        slug: Its ID in addresses and commands; by default made of the name.
        currency: Three letters.
        timezone: Such as ``Europe/Berlin``.
        stripe_secret_key: Stripe's secret key, or ``""`` to add it later.

    Returns:
        The file and the conference's ID.

    Raises:
        SettingsError: A value is wrong, the conference is there already, or the file cannot be
            read or written.
    """
    path = _path(config)
    slug = slug.strip() or suggested_slug(name)
    if stripe_secret_key.strip():
        hide(stripe_secret_key.strip())
    if not name.strip():
        raise SettingsError("Enter the name of the conference.")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", slug):
        raise SettingsError(
            f"{slug!r} cannot be an ID: use small letters, digits and hyphens, such as pycon-2027."
        )
    try:
        made = ConferenceSettings(
            name=name.strip(),
            currency=currency.strip(),
            timezone=timezone.strip(),
            stripe_secret_key=SecretStr(stripe_secret_key),
        )
    except ValidationError as error:
        wrong = [e["msg"] for e in error.errors(include_input=False, include_url=False)]
        raise SettingsError(f"Nothing was written. {'; '.join(wrong)}.") from None
    settings = load_settings(path) if path.is_file() else None
    if settings is not None and slug in settings.conferences:
        raise SettingsError(f"{path} already has a conference {slug}; nothing was written.")
    before = path.read_text("utf-8") if path.is_file() else ""
    content = f"{before.rstrip()}\n\n".lstrip() + _table(slug, made, head=not before.strip())
    try:
        tomllib.loads(content)
    except tomllib.TOMLDecodeError:
        raise SettingsError(
            f"{name!r} cannot be written into the settings file. Leave control characters out."
        ) from None
    _write(path, content)
    open_database(load_settings(path)).engine.dispose()
    return path, slug


def _path(config: Path | None) -> Path:
    return config or Path(os.environ.get("PO_TOOLKIT_CONFIG") or DEFAULT_CONFIG)


def _table(slug: str, made: ConferenceSettings, *, head: bool) -> str:
    """Write the conference as TOML; JSON's strings are TOML's too."""
    values = {
        "name": made.name,
        "currency": made.currency,
        "timezone": made.timezone,
        "stripe_secret_key": made.stripe_secret_key.get_secret_value(),
        "stripe_webhook_secret": "".join(s.get_secret_value() for s in made.stripe_webhook_secret),
    }
    lines = ['[po_toolkit]\ndatabase_url = "sqlite:///po_toolkit.db"\n'] if head else []
    lines.append(f"[po_toolkit.conferences.{slug}]")
    lines += [
        f"{name} = {json.dumps(value, ensure_ascii=False)}"
        for name, value in values.items()
        if value
    ]
    return "\n".join(lines) + "\n"


def _write(path: Path, content: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".secrets-")
        try:  # mkstemp's file is readable by its owner alone (0600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(content)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error}.") from None
