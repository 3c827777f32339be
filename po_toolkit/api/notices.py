"""Notifying people of new problems, each once while it lasts: in a chat, by email, or both."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from email.utils import localtime, make_msgid

import requests

from po_toolkit.api.reports import reconcile
from po_toolkit.bootstrap import OpenConference
from po_toolkit.config import NotifySettings, is_loopback
from po_toolkit.domain.discrepancies import DISCREPANCY_TITLES
from po_toolkit.domain.wording import written_day
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
    """Send one message with the problems that are new on each way; return them in words.

    A problem that was solved and comes back is new again. Where one way of sending fails, they stay
    new there; the other way does not repeat them.

    Raises:
        NoticeError: A message could not be sent.
    """
    found = _problems(opened, settings)
    ways = _ways(settings)
    claims = {f"{way} {subject}": (way, subject) for way in ways for subject in found}
    conference_id, subject_line = opened.conference.id, f"po-toolkit: {opened.slug}"
    new = notices.claim(opened.store, conference_id, list(claims), opened.now())
    sent: dict[str, None] = {}
    failed: dict[str, NoticeError] = {}
    for way, send_message in ways.items():
        of_way = {name: claims[name][1] for name in new if claims[name][0] == way}
        if not of_way:
            continue
        try:
            _sent_by(send_message, settings, subject_line, [found[s] for s in of_way.values()])
        except Exception as error:
            notices.give_back(opened.store, conference_id, list(of_way))
            if not isinstance(error, NoticeError):
                raise
            failed[way] = error
        else:
            sent |= dict.fromkeys(of_way.values())
    if failed:
        raise _joined(failed)
    for subject in sent:
        if subject.startswith(_WORKER):
            workers.leave(opened.store, subject.removeprefix(_WORKER))
    return [found[subject] for subject in sent]


_WORKER = "worker "


def _problems(opened: OpenConference, settings: NotifySettings) -> dict[str, str]:
    """Return every problem that there is now, by a name that stays while it lasts."""
    found: dict[str, str] = {}
    now = opened.now()
    rows = reconcile(opened).discrepancies
    for code, reference in zip(rows["code"], rows["reference"], strict=True):
        wanted = settings.discrepancies
        if code in wanted if wanted is not None else code not in _QUIET:
            subject = f"{code} {reference or ''}"[:240]
            found[subject] = f"{DISCREPANCY_TITLES[code]}: {reference or 'See reconcile'}"
    with opened.store.reading() as session:
        cursor = cursors.cursor_of(session, opened.conference)
        dead = workers.dead(session, now)
    if cursor is not None and cursor.last_error:
        synced_at = cursor.last_sync_at
        if synced_at is None or now - synced_at > SYNC_FAILED_AFTER:
            found["sync"] = f"The sync with Stripe fails: {redact(cursor.last_error)}"
    for worker in dead:
        found[f"{_WORKER}{worker.name}"] = (
            f"A worker stopped unexpectedly, last on {written_day(worker.seen_at)} at "
            f"{worker.seen_at:%H:%M} UTC."
        )
    return found


def send(settings: NotifySettings, subject: str, lines: list[str]) -> None:
    """Send one message on each way that is set; what others wrote in it is plain text.

    Raises:
        NoticeError: One of them did not take it; the others were tried too.
    """
    failed: dict[str, NoticeError] = {}
    for way, send_message in _ways(settings).items():
        try:
            _sent_by(send_message, settings, subject, lines)
        except NoticeError as error:
            failed[way] = error
    if failed:
        raise _joined(failed)


_Way = Callable[[NotifySettings, str, list[str]], None]


def _ways(settings: NotifySettings) -> dict[str, _Way]:
    ways: dict[str, _Way] = {}
    if settings.slack_webhook_url.get_secret_value():
        ways["chat"] = _post
    if settings.email_to:
        ways["email"] = _mail
    return ways


def _sent_by(send_message: _Way, settings: NotifySettings, subject: str, lines: list[str]) -> None:
    shown = lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        shown.append(f"And {len(lines) - MOST_LINES} more. See reconcile.")
    try:
        send_message(settings, subject, shown)
    except (OSError, smtplib.SMTPException, requests.RequestException) as error:
        raise NoticeError(
            f"The notice could not be sent ({type(error).__name__}). Check [po_toolkit.notify] in "
            f"the settings; it is tried again."
        ) from None


def _joined(failed: dict[str, NoticeError]) -> NoticeError:
    return NoticeError(" ".join(f"By {way}: {error}" for way, error in failed.items()))


def _post(settings: NotifySettings, subject: str, lines: list[str]) -> None:
    text = "\n".join([subject, *lines])
    block = {"type": "section", "text": {"type": "plain_text", "text": text[:3000], "emoji": False}}
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    message = {"text": escaped, "mrkdwn": False, "blocks": [block]}
    address = settings.slack_webhook_url.get_secret_value()
    answer = requests.post(address, json=message, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    if not 200 <= answer.status_code < 300:
        raise NoticeError(
            f"The chat did not accept the notice: status {answer.status_code}. Check "
            f"slack_webhook_url in [po_toolkit.notify]; it is tried again."
        )


def _mail(settings: NotifySettings, subject: str, lines: list[str]) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"] = subject, settings.email_from
    mail["To"] = ", ".join(settings.email_to)
    mail["Date"] = localtime()
    mail["Message-ID"] = make_msgid(domain=settings.email_from.rpartition("@")[2].strip("> "))
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n".join(lines) + "\n")
    with _mail_server(settings) as server:
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        server.send_message(mail)


def _mail_server(settings: NotifySettings) -> smtplib.SMTP:
    """Connect, encrypted where the server can be.

    A password goes to a server with a valid certificate alone, or to this machine. Without one,
    nothing is secret, and encryption with an unknown certificate is better than none (RFC 7435).
    """
    host, port = settings.smtp_host, settings.smtp_port
    here = is_loopback(host)
    verified = ssl.create_default_context()
    lenient = ssl.create_default_context()
    lenient.check_hostname, lenient.verify_mode = False, ssl.CERT_NONE
    context = verified if settings.smtp_user and not here else lenient
    if port == smtplib.SMTP_SSL_PORT:
        return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
    server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    try:
        server.ehlo_or_helo_if_needed()  # else the server has not said that it has STARTTLS
        if server.has_extn("starttls") or (settings.smtp_user and not here):
            server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server
