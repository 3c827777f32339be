"""Emails to sponsors with whatever their purchase orders say."""

from __future__ import annotations

from email import message_from_bytes, policy
from types import SimpleNamespace

import pytest

from po_toolkit.invoicing.delivery import mail_draft

ODD = (
    "A\nBcc: thief@example.org",
    "A\r\n\r\nBody",
    "=?utf-8?q?x?=",
    "x" * 3000,
    "\ud800x",
    "\U0001f600" * 300,
    "\x00\x1b[31m",
    'a, b <c@d>; "e"',
    "é\u2028x",
)


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_no_text_of_a_sponsor_adds_a_header_or_breaks_the_mail(text):
    """An invoice that cannot be delivered is not paid, and one with a Bcc goes to a stranger."""
    order = SimpleNamespace(
        po_number=text,
        reference="PO-7KQ2MX",
        notes="",
        cc_emails="",
        language="",
        contact_email=f"ap@sponsor.example{text[:1]}",
        currency="usd",
        sums=SimpleNamespace(balance=100_00),
    )
    invoice = SimpleNamespace(number="../" + text[:9], hosted_url="https://pay", due_date=None)
    conference = SimpleNamespace(name="PyCon 2027", content=None)
    made = mail_draft(order, invoice, conference, b"%PDF")
    mail = message_from_bytes(made, policy=policy.default)
    assert set(mail.keys()) == {"Subject", "To", "X-Unsent", "MIME-Version", "Content-Type"}
    (attached,) = mail.iter_attachments()
    assert "/" not in attached.get_filename()
