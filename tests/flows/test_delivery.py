"""A portal that takes only a file must get the very PDF that Stripe made."""

from __future__ import annotations

import hashlib
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import select

from po_toolkit import create_stripe_invoice
from po_toolkit.api.delivery import deliver, kept_documents, kept_pdf
from po_toolkit.errors import NotFoundError, PurchaseOrderError, StripeUnknownError
from po_toolkit.reconcile import purchase_order_story
from po_toolkit.store.tables import InvoiceDocument


def test_the_draft_holds_every_address_the_link_and_stripes_pdf(opened, simulator, make_order):
    order = make_order(notes="Call first\nOther addresses: finance@acme.example, po@acme.example")
    url = create_stripe_invoice(order, opened=opened)
    made = deliver(opened, order.reference)
    mail = message_from_bytes(made.mail, policy=default)
    assert mail["To"] == "ap@acme.example, finance@acme.example, po@acme.example"
    assert "4500012345" in mail["Subject"]
    assert url in mail.get_body(("plain",)).get_content()
    (pdf,) = mail.iter_attachments()
    assert (pdf.get_content(), pdf.get_content_type()) == (made.pdf, "application/pdf")
    assert made.pdf.startswith(b"%PDF-")
    assert made.sha256 == hashlib.sha256(made.pdf).hexdigest()
    assert len(simulator.control.mails()) == 1


def test_the_pdf_is_kept_once_with_its_digest_and_told_in_the_story(opened, make_order):
    order = make_order()
    create_stripe_invoice(order, opened=opened)
    digests = {deliver(opened, order.reference).sha256 for _ in range(2)}
    with opened.store.reading() as session:
        kept = session.scalars(select(InvoiceDocument)).all()
    assert {k.sha256 for k in kept} == digests
    assert all(hashlib.sha256(k.content).hexdigest() == k.sha256 for k in kept)
    listed = kept_documents(opened, order.reference)
    assert {k.sha256 for k in listed} == digests
    assert kept_pdf(opened, order.reference, listed[0].sha256).startswith(b"%PDF-")
    with pytest.raises(NotFoundError, match="no PDF with the digest"):
        kept_pdf(opened, order.reference, "0" * 64)
    story = purchase_order_story(opened.store, opened.conference, order.reference)
    assert [e.kind for e in story.events].count("act:deliver") == 2


def test_without_an_invoice_or_its_file_nothing_is_made(opened, simulator, make_order):
    order = make_order()
    with pytest.raises(PurchaseOrderError, match="no finalized invoice"):
        deliver(opened, order.reference)
    create_stripe_invoice(order, opened=opened)
    simulator.stop()
    with pytest.raises(StripeUnknownError, match=r"(?i)try again"):
        deliver(opened, order.reference)
