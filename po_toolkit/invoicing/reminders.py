"""Sends one reminder: its row is there before the mail, so that no step is ever sent twice.

An invoice that you deliver yourself is reminded of by an email draft, which a person sends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from po_toolkit import outbox
from po_toolkit.context import OpenConference
from po_toolkit.domain.reminders import passed_steps, why_not
from po_toolkit.domain.roles import Act
from po_toolkit.errors import StripeRefusedError
from po_toolkit.invoicing.delivery import emailed_since, mail_draft
from po_toolkit.invoicing.existing import undecided
from po_toolkit.outbox import Write
from po_toolkit.store import money_intents, reminders
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import PurchaseOrder, Reminder

EVENTS_KEPT = timedelta(days=29)
"""Stripe lists for 30 days what it emailed; an older email of unknown outcome is not repeated."""

_UNDER_WAY = frozenset({"processing", "requires_capture"})


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one reminder."""

    state: str
    """sent, drafted, held (not now), refused or taken (another process took the step)."""
    why: str = ""


def held_by_books(order: PurchaseOrder) -> str:
    """Return why the books forbid to remind of this purchase order now, or ``""``."""
    live = order.live_invoice
    if order.cancelled_at is not None:
        return "cancelled"
    if live is None or live.step != "done" or not live.stripe_invoice_id or live.due_date is None:
        return "it has no invoice that the sponsor can pay"
    if live.state == "finalized":
        return "nobody has marked it as delivered"
    return why_not(order.sums, order.currency)


def held_by_stripe(opened: OpenConference, stripe_id: str) -> str:
    """Return why what Stripe says now forbids a reminder, or ``""``.

    Raises:
        StripeGatewayError: In one of its kinds.
    """
    gateway = opened.gateway
    path = f"/v1/invoices/{stripe_id}"
    invoice = gateway.read(path, {"expand": ["payments.data.payment.payment_intent"]})
    if invoice["status"] != "open":
        return f"the invoice is {invoice['status']} at Stripe"
    for payment in (invoice.get("payments") or {}).get("data", ()):
        intent = (payment.get("payment") or {}).get("payment_intent")
        if not isinstance(intent, dict):
            continue
        if intent["status"] in _UNDER_WAY:
            return "a payment is under way"
    return "a payment is disputed" if undecided(opened, invoice) else ""


def remind(opened: OpenConference, order_id: int, step: int, schedule: list[int]) -> Sent:
    """Have Stripe mail the invoice again for a step, unless it was taken or is forbidden.

    The payments were read from Stripe just now. A step is the days from the due date; earlier ones
    of the schedule are passed over for good.

    Raises:
        StripeUnknownError: Nobody knows whether it was mailed; the same call again is safe.
        StripeAuthenticationError: The key is wrong.
    """
    stripe_id, why = _asked(opened, order_id)
    if why:
        return Sent("held", why)
    with opened.store.writing(opened.actor, Act.REMIND) as uow:
        held = _take(opened, uow, order_id, stripe_id, step, schedule=schedule, state="sending")
        if held:
            return held
        row = reminders.reminder_row(uow.session, order_id, step)
        if row.state != "sending":
            return Sent("taken")
        if opened.now() - row.created_at > EVENTS_KEPT:
            row.state, row.error = "refused", "it is not known whether Stripe emailed it"
            return Sent("refused", row.error)
    return _mail(opened, row)


def draft_reminder(
    opened: OpenConference,
    order_id: int,
    step: int,
    schedule: list[int],
    *,
    pdf: bytes,
    keep: Callable[[bytes], None],
) -> Sent:
    """Write the mail of a step that you deliver yourself, unless it was taken or is forbidden.

    The same holds as for :func:`remind`. ``keep`` takes the email draft; where it fails, the step
    is not taken.

    Raises:
        StripeGatewayError: Stripe could not be asked.
    """
    stripe_id, why = _asked(opened, order_id)
    if why:
        return Sent("held", why)
    with opened.store.writing(opened.actor, Act.REMIND) as uow:
        held = _take(opened, uow, order_id, stripe_id, step, schedule=schedule, state="drafted")
        row = reminders.reminder_row(uow.session, order_id, step) if not held else None
        if held or row is None or row.state != "drafted" or row.sent_at is not None:
            return held or Sent("taken")
        row.sent_at = opened.now()
        order = uow.lock_purchase_order(order_id)
        uow.audit(Act.REMIND, order, after={"step": step, "state": "drafted"})
        live = order.live_invoice
        if live is not None:
            keep(mail_draft(order, live, opened.conference, pdf, reminder=True))
    return Sent("drafted")


def _asked(opened: OpenConference, order_id: int) -> tuple[str, str]:
    """Return Stripe's id of the live invoice, and why Stripe forbids a reminder."""
    with opened.store.reading() as session:
        live = session.get_one(PurchaseOrder, order_id).live_invoice
        stripe_id = (live.stripe_invoice_id or "") if live else ""
    if not stripe_id:
        return "", "it has no invoice at Stripe"
    return stripe_id, held_by_stripe(opened, stripe_id)


def _take(
    opened: OpenConference,
    uow: UnitOfWork,
    order_id: int,
    stripe_id: str,
    step: int,
    *,
    schedule: list[int],
    state: str,
) -> Sent | None:
    """Take a step and pass those before it over; say why where that cannot be."""
    order = uow.lock_purchase_order(order_id)
    live = order.live_invoice
    why = held_by_books(order)
    for begun in money_intents.not_in_books(uow.session, order)[:1]:
        what = begun.kind.replace("_", " ")
        why = why or f"a {what} was begun and is not in the books yet; sync first"
    if why or live is None or live.stripe_invoice_id != stripe_id:
        return Sent("held", why or "its invoice was replaced just now")
    now = opened.now()
    known = {row.step for row in reminders.reminders_of(uow.session, [order_id])[order_id]}
    if any(later > step for later in known):
        return Sent("taken")
    reminders.take_step(uow, order, live, step, state=state, now=now)
    for earlier in passed_steps(schedule, known, step):
        reminders.take_step(uow, order, live, earlier, state="passed", now=now)
    return None


def _mail(opened: OpenConference, row: Reminder) -> Sent:
    path = f"/v1/invoices/{row.stripe_invoice_id}/send"
    write = Write(
        outbox.REMINDER,
        f"reminder-{row.uuid}",
        path,
        dict,
        find=lambda stored: emailed_since(opened, path, stored),
        conference_id=row.conference_id,
        purchase_order_id=row.purchase_order_id,
    )
    try:
        outbox.perform(opened, write, Act.REMIND, lambda uow, _: _sent(opened, uow, row))
    except StripeRefusedError as error:
        with opened.store.writing(opened.actor, Act.REMIND) as uow:
            uow.session.get_one(Reminder, row.id).error = str(error)
        return Sent("refused", str(error))  # the step stays due, and the next run tries it again
    return Sent("sent")


def _sent(opened: OpenConference, uow: UnitOfWork, row: Reminder) -> None:
    order = uow.lock_purchase_order(row.purchase_order_id)
    kept = uow.session.get_one(Reminder, row.id)
    if kept.state == "sending":
        kept.state, kept.error, kept.sent_at = "sent", "", opened.now()
        uow.audit(Act.REMIND, order, after={"step": row.step, "state": "sent"})
