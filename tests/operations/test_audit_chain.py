"""The audit log is a chain: whoever changes it afterwards is found out."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from po_toolkit.api.contact import ContactChanges, change_contact
from po_toolkit.api.ledger import cancel
from po_toolkit.api.reports import close_books, closed_books
from po_toolkit.domain.pseudonyms import new_pseudonym
from po_toolkit.store import audit_chain, forgetting
from po_toolkit.store.columns import utc_now
from tests.tampering import tamper

TWO = ("sqlite", "postgresql")


@pytest.fixture
def trail(opened, make_order):
    """Three purchase orders, and the period before closed."""
    for number in range(3):
        make_order(("Booth", 1, "1000.00"), organization=f"Sponsor {number} ÄÖ", po_number="")
    close_books(opened, opened.today().replace(day=1).replace(year=2025))
    make_order(("Booth", 1, "10.00"), organization="Later", po_number="")
    return opened


def prove(opened):
    with opened.store.reading() as session:
        return audit_chain.prove(session)


@pytest.mark.parametrize("database_url", TWO, indirect=True)
def test_a_trail_as_it_was_written_is_proven_with_the_head_that_a_closing_noted(trail):
    """Else every proof would be an alarm."""
    proof = prove(trail)
    assert proof.problems == []
    assert proof.entries > 4
    (closed,) = closed_books(trail)
    assert 0 < closed.audit_entries < proof.entries
    assert len(closed.audit_digest) == 64
    assert closed.audit_digest != proof.digest


@pytest.mark.parametrize("database_url", TWO, indirect=True)
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_entries SET actor = 'somebody else' WHERE id = 2",
        "UPDATE audit_entries SET at = '2020-01-01 00:00:00+00:00' WHERE id = 2",
        "DELETE FROM audit_entries WHERE id = 2",
        "DELETE FROM audit_entries WHERE id = (SELECT max(id) FROM audit_entries)",
        "UPDATE audit_entries SET digest = '' WHERE id = 1",
    ],
)
def test_a_change_to_the_trail_is_found(trail, change):
    """Who refunds to a friend and edits the trail must not get away with it."""
    tamper(trail.store, change)
    assert prove(trail).problems


@pytest.mark.parametrize("database_url", TWO, indirect=True)
def test_a_chain_made_anew_does_not_fit_the_closing_report(trail):
    """Whoever can write the database can compute digests too."""
    tamper(trail.store, "UPDATE audit_entries SET actor = 'somebody' WHERE id = 1")
    digest = ""
    with trail.store.bookkeeping() as connection:
        entries = audit_chain._ENTRIES
        for row in connection.execute(entries.select().order_by(entries.c.id)).all():
            digest = audit_chain._digest(digest, row._asdict())
            changed = entries.update().where(entries.c.id == row.id)
            connection.execute(changed.values(digest=digest))
        connection.execute(audit_chain._HEAD.update().values(digest=digest))
    (problem,) = prove(trail).problems
    assert "is not the one on its report" in problem


@pytest.mark.parametrize("database_url", TWO, indirect=True)
def test_the_trail_is_proven_after_a_contact_was_forgotten_and_the_guards_are_back(
    opened, make_order
):
    """Else forgetting somebody would look like an edited trail, or leave the ledger unguarded."""
    order = make_order(("Booth", 1, "10.00"), organization="Ö AG", email="jörg@ö.example")
    store, address = opened.store, order.contact_email
    change_contact(opened, order.reference, ContactChanges(contact_name="Jörg Öztürk"))
    change_contact(opened, order.reference, ContactChanges(contact_name="J. Öztürk"))
    cancel(opened, order.reference, reason="A test")
    with store.reading() as session:
        person = forgetting.find(session, address.upper(), new_pseudonym())
    replaced = forgetting.forget(store, person, opened.actor, utc_now(), delete_files=False)
    assert replaced["audit_entries"] == 2
    proof = prove(opened)
    assert (proof.problems, proof.rewritten) == ([], 2)
    with store.reading() as session:
        said = str(session.execute(text("SELECT * FROM audit_entries")).all())
    assert address not in said
    with pytest.raises(DBAPIError, match="never changed"), store.bookkeeping() as connection:
        connection.exec_driver_sql("UPDATE audit_entries SET actor = 'x'")
    tamper(store, "UPDATE audit_entries SET actor = 'somebody' WHERE act = 'amend'")
    assert prove(opened).problems
