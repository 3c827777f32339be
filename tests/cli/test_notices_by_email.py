"""Notices by email, against a small mail server that can speak TLS."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from po_toolkit.api import notices
from po_toolkit.config import NotifySettings
from po_toolkit.store.columns import utc_now
from tests.cli.workplace import Workplace


class Mailbox(socketserver.StreamRequestHandler):
    """Speaks as much SMTP as one message takes (RFC 5321, 3207, 4954)."""

    def handle(self) -> None:
        server, encrypted = self.server, False
        self.say("220 mail.example.org")
        while line := self.rfile.readline().decode().strip():
            command = line.upper()
            server.lines.append((command.split()[0], encrypted))
            if command.startswith("EHLO"):
                words = ["mail.example.org", *server.offers, "AUTH PLAIN"]
                self.say(*[f"250-{word}" for word in words[:-1]], f"250 {words[-1]}")
            elif command == "STARTTLS":
                self.say("220 go on")
                try:
                    self.request = server.context.wrap_socket(self.request, server_side=True)
                except (ssl.SSLError, OSError):
                    return
                self.rfile, encrypted = self.request.makefile("rb"), True
            elif command == "DATA":
                self.say("354 go on")
                server.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                self.say("250 taken")
            else:
                code = {"AUTH": 235, "QUIT": 221}.get(command.split()[0], 250)
                self.say(f"{code} yes")

    def say(self, *lines: str) -> None:
        self.request.sendall("".join(f"{line}\r\n" for line in lines).encode())


def certificate(folder: Path) -> ssl.SSLContext:
    """Make one that nobody has signed."""
    key, now = ec.generate_private_key(ec.SECP256R1()), utc_now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.org")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    both = signed.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "mail.pem").write_bytes(both)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "mail.pem")
    return context


@contextmanager
def mail_server(folder: Path, *offers: str) -> Iterator[socketserver.ThreadingTCPServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.daemon_threads, server.block_on_close = True, False
        server.lines, server.mails, server.offers = [], [], offers
        server.context = certificate(folder)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def settings_for(server: socketserver.TCPServer, **others: str) -> NotifySettings:
    return NotifySettings(
        email_to=["treasurer@example.org", "second@example.org"],
        email_from="po-toolkit <books@example.org>",
        smtp_host="127.0.0.1",
        smtp_port=server.server_address[1],
        **others,
    )


def test_a_notice_by_email_is_a_whole_message(tmp_path: Path) -> None:
    """A mail without a date or an identity ends in the spam folder."""
    with mail_server(tmp_path) as server:
        notices.send(settings_for(server), "po-toolkit: pycon", ["Overpaid: PO-1", "<b>@here"])
    mail = message_from_bytes(server.mails[0], policy=policy.default)
    assert mail["Subject"] == "po-toolkit: pycon"
    assert mail["To"] == "treasurer@example.org, second@example.org"
    assert mail["Date"].datetime is not None
    assert mail["Message-ID"].endswith("@example.org>")
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().splitlines() == ["Overpaid: PO-1", "<b>@here"]


def test_a_notice_by_email_is_encrypted_where_the_server_can(tmp_path: Path) -> None:
    """Who owes what is nobody's business on the way."""
    with mail_server(tmp_path, "STARTTLS") as server:
        notices.send(settings_for(server), "s", ["x"])
        notices.send(settings_for(server, smtp_user="u", smtp_password="p"), "s", ["x"])
    assert len(server.mails) == 2
    assert {encrypted for word, encrypted in server.lines if word in {"MAIL", "AUTH"}} == {True}


@pytest.mark.parametrize("offers", [(), ("STARTTLS",)])
def test_a_mail_password_is_not_shown_to_a_server_that_cannot_prove_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offers: tuple[str, ...]
) -> None:
    """Whoever answers in the mail server's place must not learn the password."""
    monkeypatch.setattr(notices, "is_loopback", lambda _host: False)  # a server elsewhere
    with mail_server(tmp_path, *offers) as server:
        settings = settings_for(server, smtp_user="u", smtp_password="PLANTED")
        with pytest.raises(notices.NoticeError) as refused:
            notices.send(settings, "s", ["x"])
    assert "PLANTED" not in str(refused.value)
    assert not {word for word, _ in server.lines} & {"AUTH", "MAIL"}


def test_a_mail_server_that_is_away_does_not_make_the_chat_repeat_itself(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notice every five minutes, since the other way fails, is one that nobody reads."""
    order = work.order(organization_name="Acme")
    work.json("payment", order, "--amount", "1500.00", "--method", "wire", "--overpaid")
    chat: list[list[str]] = []
    mails: list[list[str]] = []
    working: list[bool] = []

    def mail(_settings: NotifySettings, _subject: str, lines: list[str]) -> None:
        if not working:
            raise OSError
        mails.append(lines)

    monkeypatch.setattr(notices, "_post", lambda _settings, _subject, lines: chat.append(lines))
    monkeypatch.setattr(notices, "_mail", mail)
    settings = NotifySettings(
        slack_webhook_url="https://chat.example.org/x",
        email_to=["a@b.example"],
        email_from="a@b.example",
    )
    opened = work.opened()
    for _ in range(2):
        with pytest.raises(notices.NoticeError, match="By email"):
            notices.notify(opened, settings)
    working.append(True)
    assert notices.notify(opened, settings) == [f"Overpaid: {order}"]
    assert notices.notify(opened, settings) == []
    assert (chat, mails) == ([[f"Overpaid: {order}"]], [[f"Overpaid: {order}"]])
