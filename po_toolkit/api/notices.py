"""Notifying people of new problems, each once while it lasts: in a chat, by email, or both."""

from __future__ import annotations

import smtplib
from datetime import datetime, timedelta
from email.message import EmailMessage

import requests

from po_toolkit.api.reports import reconcile
from po_toolkit.bootstrap import OpenConference
from po_toolkit.config import NotifySettings
from po_toolkit.domain.discrepancies import DISCREPANCY_TITLES
from po_toolkit.errors import PoToolkitError
from po_toolkit.logs import redact
from po_toolkit.store import cursors, notices, workers

TIMEOUT_SECONDS = 10
MOST_LINES = 20
"""Problems named in one message; of more, the number is given."""

SYNC_FAILED_AFTER = timedelta(minutes=30)
"""A sync that stopped short is news once it has not been complete for so long."""

_QUIET = frozenset({"not_invoiced", "overdue"})
"""Classes that every season has."""


class NoticeError(PoToolkitError):
    """A message could not be sent; it is tried again."""

    code = "notice_not_sent"
    retryable = True


def notify(opened: OpenConference, settings: NotifySettings) -> list[str]:
    """Send one message with the problems that are new; return them in words.

    A problem that was solved and comes back is new again. Where sending fails, they stay new.

    Raises:
        NoticeError: A message could not be sent.
    """
    found = _problems(opened, settings)
    new = notices.claim(opened.store, opened.conference.id, list(found), opened.now())
    if not new:
        return []
    lines = [found[subject] for subject in new]
    try:
        send(settings, f"po-toolkit: {opened.slug}", lines)
    except Exception:
        notices.give_back(opened.store, opened.conference.id, new)
        raise
    for subject in new:
        if subject.startswith(_WORKER):
            workers.leave(opened.store, subject.removeprefix(_WORKER))
    return lines


_WORKER = "worker "


def _problems(opened: OpenConference, settings: NotifySettings) -> dict[str, str]:
    """Return every problem that there is now, by a name that stays while it lasts."""
    found: dict[str, str] = {}
    now = opened.now()
    rows = reconcile(opened).discrepancies
    for code, reference in zip(rows["code"], rows["reference"], strict=True):
        wanted = settings.discrepancies
        if code in wanted if wanted is not None else code not in _QUIET:
            subject = f"{code} {reference or ''}"[:255]
            found[subject] = f"{DISCREPANCY_TITLES[code]}: {reference or 'see reconcile'}"
    with opened.store.reading() as session:
        cursor = cursors.cursor_of(session, opened.conference)
        dead = workers.dead(session, now)
    if cursor is not None and cursor.last_error and _long_ago(cursor.last_sync_at, now):
        found["sync"] = f"The sync with Stripe fails: {redact(cursor.last_error)}"
    for worker in dead:
        found[f"{_WORKER}{worker.name}"] = (
            f"A worker stopped without a word; it was last seen at {worker.seen_at:%Y-%m-%d %H:%M} "
            f"UTC."
        )
    return found


def _long_ago(at: datetime | None, now: datetime) -> bool:
    return at is None or now - at > SYNC_FAILED_AFTER


def send(settings: NotifySettings, subject: str, lines: list[str]) -> None:
    """Send one message on each way that is set; what others wrote in it is plain text.

    Raises:
        NoticeError: One of them did not take it.
    """
    shown = lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        shown.append(f"And {len(lines) - MOST_LINES} more: see reconcile.")
    try:
        if address := settings.slack_webhook_url.get_secret_value():
            _post(address, subject, shown)
        if settings.email_to:
            _mail(settings, subject, shown)
    except (OSError, smtplib.SMTPException, requests.RequestException) as error:
        raise NoticeError(
            f"The notice could not be sent ({type(error).__name__}). Check [po_toolkit.notify] in "
            f"the settings; it is tried again."
        ) from None


def _post(address: str, subject: str, lines: list[str]) -> None:
    text = "\n".join([subject, *lines])
    block = {"type": "section", "text": {"type": "plain_text", "text": text[:3000], "emoji": False}}
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    message = {"text": escaped, "mrkdwn": False, "blocks": [block]}
    answer = requests.post(address, json=message, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    if not 200 <= answer.status_code < 300:
        raise NoticeError(
            f"The chat did not take the notice: status {answer.status_code}. Check "
            f"slack_webhook_url in [po_toolkit.notify]; it is tried again."
        )


def _mail(settings: NotifySettings, subject: str, lines: list[str]) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"] = subject, settings.email_from
    mail["To"] = ", ".join(settings.email_to)
    mail.set_content("\n".join(lines) + "\n")
    with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT_SECONDS) as server:
        if settings.smtp_user or server.has_extn("starttls"):
            server.starttls()
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        server.send_message(mail)
