"""Reminding sponsors by the conference's schedule: previewed, then sent, each step once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from po_toolkit.api.delivery import final_pdf
from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.records import json_fields, json_value
from po_toolkit.domain.reminders import DEFAULT_STEPS, due_step, step_label
from po_toolkit.domain.roles import Act, require
from po_toolkit.errors import PoToolkitError, StripeAuthenticationError
from po_toolkit.invoicing.delivery import mail_text, recipients
from po_toolkit.invoicing.reminders import draft_reminder, held_by_books, remind
from po_toolkit.money import to_major
from po_toolkit.payments.sync import sync_one
from po_toolkit.store.purchase_orders import by_references
from po_toolkit.store.reminders import reminders_of, take_step, unpaid_references
from po_toolkit.store.tables import PurchaseOrder, Reminder


@dataclass(frozen=True, slots=True)
class DueReminder:
    """A reminder whose turn it is; the balance in major units."""

    reference: str
    organization_name: str
    contact_email: str
    balance: Decimal
    currency: str
    due_date: date
    step: int
    delivery: str = "stripe"
    """stripe emails it; of an invoice delivered by ``ourselves`` an email draft is written."""
    recipients: tuple[str, ...] = ()
    text: str = ""
    """What the sponsor gets, as far as it is written here."""

    @property
    def when(self) -> str:
        """The step in words."""
        return step_label(self.step)


@dataclass(frozen=True, slots=True)
class ReminderPreview:
    """What reminding would do now, as far as the books tell; Stripe is asked before each mail."""

    due: list[DueReminder] = field(default_factory=list)
    held: list[tuple[str, str]] = field(default_factory=list)
    """Reference of those whose turn it would be, and why not."""
    unread: int = 0
    """Overdue purchase orders that were not looked at any more."""

    @property
    def to_mail(self) -> list[DueReminder]:
        """Those that Stripe mails."""
        return [r for r in self.due if r.delivery == "stripe"]

    @property
    def to_draft(self) -> list[DueReminder]:
        """Those whose mail a person sends."""
        return [r for r in self.due if r.delivery != "stripe"]

    def as_json(self) -> dict[str, Any]:
        """Return the preview as ``--dry-run`` prints it, amounts as decimal strings."""
        return {
            "due": [json_fields(due, "recipients", "text") for due in self.due],
            "held": [{"reference": reference, "reason": why} for reference, why in self.held],
        }


@dataclass(frozen=True, slots=True)
class ReminderResult:
    """What became of one reminder."""

    reference: str
    step: int
    outcome: str
    """sent, drafted, held, taken or failed."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReminderReport:
    """What became of each reminder."""

    results: list[ReminderResult]

    def count(self, outcome: str) -> int:
        """How many ended so."""
        return sum(result.outcome == outcome for result in self.results)

    def as_json(self) -> dict[str, Any]:
        """Return the report as the command prints it."""
        return {
            **{outcome: self.count(outcome) for outcome in ("sent", "drafted", "held", "failed")},
            "results": json_value(self.results),
        }


_AT_ONCE = 500
"""Purchase orders that are read together."""


def preview_reminders(opened: OpenConference, *, limit: int | None = None) -> ReminderPreview:
    """Say whom the schedule would remind today; nothing is called and nothing stored.

    Where the conference has chosen no steps, ``DEFAULT_STEPS`` count; only a person sends those. It
    stops once ``limit`` are due; ``unread`` of the preview counts the rest.
    """
    schedule = steps_of(opened)
    preview, unread = ReminderPreview(), 0
    with opened.store.reading() as session:
        references = unpaid_references(
            session, opened.conference, due_by=opened.today() - timedelta(days=min(schedule))
        )
        for start in range(0, len(references), _AT_ONCE):
            if limit is not None and len(preview.due) >= limit:
                unread = len(references) - start
                break
            some = references[start : start + _AT_ONCE]
            orders = by_references(session, opened.conference, some)
            taken = reminders_of(session, [order.id for order in orders])
            _preview_orders(opened, orders, taken, schedule, preview)
    return replace(preview, unread=unread)


def _preview_orders(
    opened: OpenConference,
    orders: Sequence[PurchaseOrder],
    taken: Mapping[int, Sequence[Reminder]],
    schedule: Sequence[int],
    preview: ReminderPreview,
) -> None:
    """Add to the preview those of the purchase orders whose turn it is."""
    for order in orders:
        live = order.live_invoice
        if live is None or live.due_date is None:
            continue
        steps = {row.step for row in taken[order.id] if row.state != "sending"}
        step = due_step(schedule, steps, (opened.today() - live.due_date).days)
        if step is None:
            continue
        why = held_by_books(order)
        if why:
            preview.held.append((order.reference, why))
        else:
            preview.due.append(_due(opened, order, live.due_date, step))


Keep = Callable[[str, bytes], None]
"""Takes the name and the content of an email draft."""


def send_reminders(
    opened: OpenConference,
    *,
    drafts: Keep | None = None,
    only: str | None = None,
    references: Collection[str] | None = None,
) -> ReminderReport:
    """Send every reminder that is due, after reading from Stripe what was paid meanwhile.

    Run it as often as you like: a step is sent at most once for a purchase order, and none after
    payment, while a payment is under way or on a dispute.

    Args:
        opened: The conference.
        drafts: Takes the mail of each invoice that you deliver yourself, for a person to send;
            without it those are held. Where it fails, the step is not taken.
        only: Just those that ``stripe`` mails, or that we deliver by ``ourselves``.
        references: Just these purchase orders.

    Raises:
        NotAllowedError: The actor's role is too low.
        SettingsError: The conference has no Stripe key.
        StripeAuthenticationError: Stripe does not accept the key.
    """
    require(opened.actor, Act.REMIND)
    results = []
    for due in preview_reminders(opened).due:
        if only is not None and due.delivery != only:
            continue
        if references is not None and due.reference not in references:
            continue
        result = _send(opened, due, drafts)
        results.append(result)
    return ReminderReport(results)


def _send(opened: OpenConference, due: DueReminder, drafts: Keep | None) -> ReminderResult:
    if due.delivery != "stripe" and drafts is None:
        why = "you deliver it yourself; have its email written, and send it"
        return ReminderResult(due.reference, due.step, "held", why)
    try:
        with opened.store.reading() as session:
            (order,) = by_references(session, opened.conference, [due.reference])
        if order.stripe_invoice_id:
            sync_one(opened, order.stripe_invoice_id).refuse_problems()
        schedule = steps_of(opened)
        if due.delivery == "stripe" or drafts is None:
            sent = remind(opened, order.id, due.step, schedule)
        else:
            name = f"reminder-{order.reference}.eml"
            _, _, pdf = final_pdf(opened, order.reference)
            sent = draft_reminder(
                opened, order.id, due.step, schedule, pdf=pdf, keep=partial(drafts, name)
            )
    except StripeAuthenticationError:
        raise
    except PoToolkitError as error:
        return ReminderResult(due.reference, due.step, "failed", str(error))
    outcome = "failed" if sent.state == "refused" else sent.state
    return ReminderResult(due.reference, due.step, outcome, sent.why)


def skip_reminders(opened: OpenConference, references: Iterable[str]) -> int:
    """Leave sponsors out of the reminder that is due; their next step comes as scheduled.

    Purchase orders that are not due now are ignored.

    Returns:
        How many were left out.

    Raises:
        NotAllowedError: The actor's role is too low.
    """
    require(opened.actor, Act.REMIND)
    wanted = set(references)
    due = {r.reference: r.step for r in preview_reminders(opened).due if r.reference in wanted}
    left_out = 0
    for reference, step in sorted(due.items()):
        with opened.store.writing(opened.actor, Act.REMIND) as uow:
            (found,) = by_references(uow.session, opened.conference, [reference])
            order = uow.lock_purchase_order(found.id)
            live = order.live_invoice
            if live is None or not take_step(
                uow, order, live, step, state="passed", now=opened.now()
            ):
                continue
            uow.audit(Act.REMIND, order, after={"step": step, "state": "left out"})
            left_out += 1
    return left_out


def steps_of(opened: OpenConference) -> list[int]:
    """Return the days from the due date on which sponsors are reminded."""
    return sorted(set(opened.conference.reminders or DEFAULT_STEPS))


def _due(opened: OpenConference, order: PurchaseOrder, due_date: date, step: int) -> DueReminder:
    live = order.live_invoice
    delivery = live.delivery if live else "stripe"
    if live is None or delivery == "stripe":
        text = (
            f"Stripe emails invoice {(live and live.number) or order.reference} again, with its "
            f"PDF and the link to pay it. The wording is Stripe's, in the sponsor's language."
        )
    else:
        text = "\n\n".join(mail_text(order, live, opened.conference, reminder=True))
    return DueReminder(
        order.reference,
        order.organization_name,
        order.contact_email,
        to_major(order.sums.balance, order.currency),
        order.currency,
        due_date,
        step,
        delivery,
        tuple(recipients(order)),
        text,
    )
