"""Reports offline payments, credit notes and refunds to Stripe, and books what it answers.

What is to be reported is stored first (:mod:`po_toolkit.payments.intents`). Whoever finds it
unfinished, the same command or the next sync, goes on from where it stands. Only what Stripe took,
or could not take any more because its invoice is settled, is in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from po_toolkit import outbox
from po_toolkit.context import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.roles import Act, Actor, Role
from po_toolkit.domain.states import IntentKind, IntentStep
from po_toolkit.errors import (
    PoToolkitError,
    PurchaseOrderError,
    StripeAuthenticationError,
    StripeGatewayError,
    StripeIdempotencyError,
    StripeNotFoundError,
    StripeRefusedError,
    StripeUnknownError,
)
from po_toolkit.logs import get_logger
from po_toolkit.money import display, minor_from_api, minor_to_api
from po_toolkit.outbox import Kind, Outcome, Write
from po_toolkit.payments import credit_notes, customer_credit, ledger, refunds
from po_toolkit.payments.intents import report_earlier, slot_of
from po_toolkit.payments.refunds import FAILED_REFUNDS, paid_by, take_refund
from po_toolkit.payments.stripe_invoices import (
    RECORD_MARK,
    fetch_invoice,
    payment_id_of,
    record_id_of,
    settled,
    take_invoice,
)
from po_toolkit.store import money_intents, stripe_writes
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.invoices import by_stripe_id, id_of
from po_toolkit.store.tables import MoneyIntent, PurchaseOrder

log = get_logger(__name__)

Json = dict[str, Any]

ACTS = {
    IntentKind.PAYMENT: Act.RECORD_PAYMENT,
    IntentKind.CREDIT_NOTE: Act.ISSUE_CREDIT_NOTE,
    IntentKind.REFUND: Act.REFUND,
}


def _report_payment(opened: OpenConference, intent: MoneyIntent, order: PurchaseOrder) -> None:
    """Make a payment record; where one of it is attached already, as a copy forgot, take that."""
    step = f"report{_of_part(intent)}"
    if not _is_in_books(opened, intent):
        invoice = fetch_invoice(opened.gateway, intent.stripe_invoice_id)
        _refuse_forgotten(opened, intent, order, step, invoice)
    elif _is_reported_already(opened, intent):
        return
    write = _write(
        intent,
        outbox.PAYMENT_RECORD,
        step,
        "/v1/payment_records/report_payment",
        lambda: _payment_body(opened, intent, order),
        find=lambda: _attached_record(opened, intent),
    )

    def keep(uow: UnitOfWork, outcome: Outcome) -> None:
        row = row_of(uow, intent)
        if row.step != "report":
            return
        if outcome.found:
            ledger.note_record(row, outcome.answer)
            book(opened, uow, row)
        else:
            row.step, row.stripe_id = "attach", outcome.answer["id"]

    _perform(opened, intent, write, keep)


def _refuse_forgotten(
    opened: OpenConference, intent: MoneyIntent, order: PurchaseOrder, step: str, invoice: Json
) -> None:
    """Refuse what Stripe may have already: its invoice has one that the books do not have.

    Whoever restores a copy of the database and enters again what came after it would enter it
    twice. What a sync or another person has begun to report is not asked again. ``step`` is that of
    the write that would report it; the invoice is as Stripe has it now, with its payments.

    Raises:
        PurchaseOrderError: There is one; the intent is ended, and nothing was entered.
        StripeGatewayError: Stripe could not be asked; the same again is safe.
    """
    with opened.store.reading() as session:
        if stripe_writes.latest(session, slot_of(intent, step)) is not None:
            return
    find = _unknown_payments if intent.kind == "payment" else _unknown_credit_notes
    forgotten = find(opened, intent, invoice)
    if not forgotten:
        return
    what = intent.kind.replace("_", " ")
    shown = display(minor_from_api(forgotten[0], intent.currency), intent.currency)
    message = (
        f"{order.reference}: Stripe's invoice has a {what} of {shown} that these books do not "
        f"have, as after a backup was restored. Nothing was recorded. Sync first to read it; "
        f"then enter this {what} if it is another one."
    )
    with opened.store.writing(actor_of(intent), ACTS[IntentKind(intent.kind)]) as uow:
        row = row_of(uow, intent)
        row.step, row.error, row.finished_at = "refused", message, opened.now()
    raise PurchaseOrderError(
        message, code="sync_first", remedy=remedies.sync(opened.conference.slug)
    )


def _unknown_payments(opened: OpenConference, intent: MoneyIntent, invoice: Json) -> list[int]:
    """Return the API amounts of an invoice's payments by hand that the books do not have."""
    with opened.store.reading() as session:
        entries = session.get_one(PurchaseOrder, intent.purchase_order_id).entries
        known = {name for e in entries for name in (e.stripe_payment_record_id, e.source_id)}
        return [
            payment["amount_paid"]
            for payment in settled(invoice["payments"]["data"])
            if (record_id := record_id_of(payment))
            and not known & {record_id, payment["id"]}
            and not money_intents.by_stripe_id(session, opened.conference, "payment", record_id)
        ]


def _unknown_credit_notes(opened: OpenConference, intent: MoneyIntent, invoice: Json) -> list[int]:
    """Return the API amounts of an invoice's credit notes that the books do not have."""
    notes = [n for n in credit_notes.at_stripe(opened, invoice) if n["status"] != "void"]
    with opened.store.reading() as session:
        order = session.get_one(PurchaseOrder, intent.purchase_order_id)
        known = {note.stripe_credit_note_id for note in order.credit_notes}
        return [
            note["amount"]
            for note in notes
            if note["id"] not in known
            and not (
                (mark := ledger.uuid_in(note, credit_notes.NOTE_MARK))
                and money_intents.of_entry(session, mark)
            )
        ]


def _is_reported_already(opened: OpenConference, intent: MoneyIntent) -> bool:
    """Read what came on an invoice before, and tell whether the intent is among it.

    A copy that had forgotten the invoice holds what was entered again without it.
    """
    with opened.store.reading() as session:
        billed = by_stripe_id(session, opened.conference, intent.stripe_invoice_id)
    if billed is not None and billed.stripe_amount_paid:
        read_at = opened.now()
        stripe_invoice = fetch_invoice(opened.gateway, intent.stripe_invoice_id)
        take_invoice(opened, stripe_invoice, read_at=read_at)
    return _is_settled(opened, intent)


def _is_in_books(opened: OpenConference, intent: MoneyIntent) -> bool:
    """Tell whether what an intent reports is in the books already, as from before its invoice."""
    with opened.store.reading() as session:
        order = session.get_one(PurchaseOrder, intent.purchase_order_id)
        rows = order.credit_notes if intent.kind == "credit_note" else order.entries
        return any(row.uuid == intent.uuid for row in rows)


def _is_settled(opened: OpenConference, intent: MoneyIntent) -> bool:
    with opened.store.reading() as session:
        return session.get_one(MoneyIntent, intent.id).finished_at is not None


def _attached_record(opened: OpenConference, intent: MoneyIntent) -> Json | None:
    """Return the intent's record among the invoice's payments; only an attached one counts."""
    query = {"invoice": intent.stripe_invoice_id, "status": "paid"}
    rows = [row for page in opened.gateway.pages("/v1/invoice_payments", query) for row in page]
    for record_id in filter(None, map(record_id_of, rows)):
        record: Json = opened.gateway.read(f"/v1/payment_records/{record_id}")
        if (record.get("metadata") or {}).get(RECORD_MARK) == str(intent.uuid):
            return record
    return None


def _attach_payment(opened: OpenConference, intent: MoneyIntent, _order: PurchaseOrder) -> None:
    write = _write(
        intent,
        outbox.PAYMENT_ATTACHMENT,
        f"attach{_of_part(intent)}",
        f"/v1/invoices/{intent.stripe_invoice_id}/attach_payment",
        lambda: {"payment_record": intent.stripe_id},
        find=lambda: _attached(opened, intent),
    )
    _perform(opened, intent, write, lambda uow, _: book(opened, uow, intent))
    _read_invoice(opened, intent)


def _credit(opened: OpenConference, intent: MoneyIntent, order: PurchaseOrder) -> None:
    invoice = fetch_invoice(opened.gateway, intent.stripe_invoice_id)
    if not _is_in_books(opened, intent):
        _refuse_forgotten(opened, intent, order, "credit", invoice)
    else:
        for note in credit_notes.at_stripe(opened, invoice):
            credit_notes.take_credit_note(opened, note)
        if _is_settled(opened, intent):
            return
    with opened.store.reading() as session:
        billed = by_stripe_id(session, opened.conference, intent.stripe_invoice_id)
    amount = minor_to_api(intent.amount, intent.currency)
    body: Json = {
        "invoice": intent.stripe_invoice_id,
        "amount": amount,
        "memo": intent.details["reason"][:500],
        "metadata": {credit_notes.NOTE_MARK: str(intent.uuid)},
    }
    if billed is not None and billed.delivery == "ourselves":
        body["email_type"] = "none"  # "The default is credit_note." API, create a credit note
    given_back = amount - min(amount, invoice["amount_remaining"])
    refunds_of_it = _refunds_to_link(opened, invoice, given_back) if given_back else []
    if refunds_of_it:
        body["refunds"] = refunds_of_it
        given_back -= sum(link["amount_refunded"] for link in refunds_of_it)
    if given_back:
        body["out_of_band_amount"] = given_back
    query: Json = {"invoice": intent.stripe_invoice_id}
    path, mark = "/v1/credit_notes", credit_notes.NOTE_MARK
    write = _write(
        intent,
        outbox.CREDIT_NOTE,
        "credit",
        path,
        lambda: body,
        find=lambda: _by_metadata(opened, path, query, mark, intent),
    )
    _perform(
        opened,
        intent,
        write,
        lambda uow, outcome: book(opened, uow, intent, stripe_id=outcome.answer["id"]),
    )
    _read_invoice(opened, intent)


def _refunds_to_link(opened: OpenConference, invoice: Json, most: int) -> list[Json]:
    """Return the invoice's refunds that no credit note is linked to yet, up to an API amount.

    A refund lowers what can be credited, unless the credit note is linked to it. Source: API
    reference, create a credit note, ``refunds``.
    """
    left = _refunded(opened, invoice)
    if not left:
        return []
    for page in opened.gateway.pages("/v1/credit_notes", {"invoice": invoice["id"]}):
        for note in page:
            for link in (note.get("refunds") or []) * (note["status"] != "void"):
                refund_id = id_of(link.get("refund"))
                left[refund_id] = left.get(refund_id, 0) - link["amount_refunded"]
    links = []
    for refund_id, amount in sorted(left.items()):
        part = min(amount, most)
        if part > 0:
            links.append({"refund": refund_id, "amount_refunded": part})
            most -= part
    return links


def _refunded(opened: OpenConference, invoice: Json) -> dict[str, int]:
    """Return the refunds of an invoice's payments and their API amounts."""
    made: dict[str, int] = {}
    for payment in settled(invoice["payments"]["data"]):
        if behind := payment_id_of(payment):
            pages = opened.gateway.pages("/v1/refunds", paid_by(behind))
            rows = (row for page in pages for row in page)
            made |= {r["id"]: r["amount"] for r in rows if r.get("status") not in FAILED_REFUNDS}
    return made


def _read_invoice(opened: OpenConference, intent: MoneyIntent) -> None:
    """Read how the invoice stands now: the answer to the write may be a replay, and old."""
    read_at = opened.now()
    with suppress(StripeGatewayError):  # what was reported is booked; the next sync reads the rest
        stripe_invoice = fetch_invoice(opened.gateway, intent.stripe_invoice_id)
        take_invoice(opened, stripe_invoice, read_at=read_at)


def _refund(opened: OpenConference, intent: MoneyIntent, order: PurchaseOrder) -> None:
    """Refund through Stripe, unless it was sent back from the bank, and take the credit down."""
    refund_id = ""
    if intent.details.get("stripe_payment_id"):
        intent.stripe_id = refund_id = _refund_at_stripe(opened, intent, order)
    if intent.details.get("credit"):
        _take_credit_down(opened, intent, order)
    with opened.store.writing(actor_of(intent), Act.REFUND) as uow:
        row = row_of(uow, intent)
        row.stripe_id = refund_id
        ledger.finish_intent(row, opened.now())


def _refund_at_stripe(opened: OpenConference, intent: MoneyIntent, order: PurchaseOrder) -> str:
    payment = paid_by(intent.details["stripe_payment_id"])
    body = {
        **payment,
        "amount": minor_to_api(intent.amount, intent.currency),
        "metadata": {
            "refund_uuid": str(intent.uuid),
            "purchase_order_ref": order.reference,
            "conference_slug": opened.conference.slug,
        },
    }
    write = _write(
        intent,
        outbox.REFUND,
        "refund",
        "/v1/refunds",
        lambda: body,
        find=lambda: _by_metadata(opened, "/v1/refunds", payment, "refund_uuid", intent),
    )
    refund = _perform(opened, intent, write).answer
    take_refund(opened, refund)
    return str(refund["id"])


def _take_credit_down(opened: OpenConference, intent: MoneyIntent, order: PurchaseOrder) -> None:
    """Take the refunded excess off the customer's balance, where it would lower an invoice.

    Raises:
        PurchaseOrderError: Stripe refused that; the refund itself is in the books.
        StripeGatewayError: The outcome is unknown; a sync goes on with it.
    """
    with opened.store.reading() as session:
        billed = by_stripe_id(session, opened.conference, intent.stripe_invoice_id)
        customer_path = f"/v1/customers/{billed.stripe_customer_id if billed else ''}"
    path = f"{customer_path}/balance_transactions"
    body: Json = {
        "amount": minor_to_api(intent.details["credit"], intent.currency),
        "currency": intent.currency,
        "description": f"Refunded: overpaid on {order.reference}",
        "metadata": {"refund_uuid": str(intent.uuid), "purchase_order_ref": order.reference},
    }
    if not intent.details.get("stripe_payment_id"):  # Stripe has nothing else of such a refund
        body["metadata"][customer_credit.SENT_BACK] = str(intent.details["whole"])

    write = _write(
        intent,
        outbox.CREDIT_TAKEN_DOWN,
        "credit",
        path,
        lambda: body,
        find=lambda: _by_metadata(opened, path, {}, "refund_uuid", intent),
    )
    try:
        _perform(opened, intent, write)
    except StripeRefusedError as error:
        with opened.store.writing(actor_of(intent), Act.REFUND) as uow:
            row = row_of(uow, intent)
            row.step, row.error, row.finished_at = "refused", str(error), opened.now()
        raise PurchaseOrderError(
            f"{order.reference}: {_unfinished(intent)}, where it lowers the next invoice: {error} "
            f"Remove it in Stripe's dashboard."
        ) from None
    read_at = opened.now()
    with suppress(StripeGatewayError):  # the next sync reads what is left
        query = {"expand": list(customer_credit.MONEY_FIELDS)}
        customer = opened.gateway.read(customer_path, query)
        customer_credit.take_customer(opened.store, opened.conference, customer, read_at=read_at)


Step = Callable[[OpenConference, MoneyIntent, PurchaseOrder], None]
STEPS: dict[tuple[IntentKind, IntentStep], Step] = {
    (IntentKind.PAYMENT, IntentStep.REPORT): _report_payment,
    (IntentKind.PAYMENT, IntentStep.ATTACH): _attach_payment,
    (IntentKind.CREDIT_NOTE, IntentStep.REPORT): _credit,
    (IntentKind.REFUND, IntentStep.REPORT): _refund,
}


def _payment_body(opened: OpenConference, intent: MoneyIntent, order: PurchaseOrder) -> Json:
    when = _instant(date.fromisoformat(intent.details["payment_date"]), opened)
    method = intent.details["method"]
    name = {"wire": "Wire transfer", "ach": "ACH credit", "check": "Check"}.get(method, "Other")
    shown = intent.details["reference"] or order.reference
    with opened.store.reading() as session:
        billed = by_stripe_id(session, opened.conference, intent.stripe_invoice_id)
        customer = billed.stripe_customer_id if billed else ""
    return {
        **({"customer_details": {"customer": customer}} if customer else {}),
        "amount_requested": {
            "value": minor_to_api(intent.details.get("part", intent.amount), intent.currency),
            "currency": intent.currency,
        },
        "initiated_at": when,
        "outcome": "guaranteed",
        "guaranteed": {"guaranteed_at": when},
        "payment_method_details": {"type": "custom", "custom": {"display_name": name}},
        "processor_details": {
            "type": "custom",
            "custom": {"payment_reference": shown[:200]},
        },
        "metadata": {
            RECORD_MARK: str(intent.uuid),
            "purchase_order_ref": order.reference,
            "conference_slug": opened.conference.slug,
        },
    }


def _instant(day: date, opened: OpenConference) -> int:
    """Return noon of the day where the conference is, but never what Stripe calls the future."""
    noon = datetime.combine(day, time(12), ZoneInfo(opened.conference.timezone)).astimezone(UTC)
    return int(min(noon, opened.now() - timedelta(minutes=1)).timestamp())


def _attached(opened: OpenConference, intent: MoneyIntent) -> Json | None:
    """Return the payment of the invoice that carries the intent's record, if it is attached."""
    query = {"invoice": intent.stripe_invoice_id, "status": "paid"}
    return next(
        (
            row
            for page in opened.gateway.pages("/v1/invoice_payments", query)
            for row in page
            if record_id_of(row) == intent.stripe_id
        ),
        None,
    )


def _by_metadata(
    opened: OpenConference, path: str, query: Json, name: str, intent: MoneyIntent
) -> Json | None:
    for page in opened.gateway.pages(path, query):
        for row in page:
            if (row.get("metadata") or {}).get(name) == str(intent.uuid):
                return row
    return None


def book(
    opened: OpenConference,
    uow: UnitOfWork,
    intent: MoneyIntent,
    *,
    stripe_id: str | None = None,
    reported: bool = True,
) -> None:
    """Put into the books what an intent says, unless somebody else just did.

    Without ``reported`` Stripe could not take it any more, and only we know of it.
    """
    order = uow.lock_purchase_order(intent.purchase_order_id)
    row = row_of(uow, intent)
    if row.finished_at is not None:
        return
    if row.kind == "credit_note":
        ledger.book_credit_note(uow, order, row, stripe_id=stripe_id, now=opened.now())
        return
    invoice = next(
        (i for i in order.invoices if i.stripe_invoice_id == row.stripe_invoice_id), None
    )
    ledger.book_payment(
        uow,
        order,
        row,
        invoice_id=invoice.id if invoice else None,
        now=opened.now(),
        reported=reported,
    )


def _write(
    intent: MoneyIntent,
    kind: Kind,
    step: str,
    path: str,
    body: Callable[[], Json],
    *,
    find: Callable[[], Json | None],
) -> Write:
    return Write(
        kind,
        slot_of(intent, step),
        path,
        body,
        find=lambda _stored: find(),
        conference_id=intent.conference_id,
        purchase_order_id=intent.purchase_order_id,
        since=intent.created_at,
    )


def _perform(
    opened: OpenConference,
    intent: MoneyIntent,
    write: Write,
    keep: Callable[[UnitOfWork, Outcome], None] = lambda _uow, _outcome: None,
) -> Outcome:
    """Report an intent in the name of whoever ordered it."""
    theirs = opened.acting_as(actor_of(intent))
    return outbox.perform(theirs, write, ACTS[IntentKind(intent.kind)], keep)


def row_of(uow: UnitOfWork, intent: MoneyIntent) -> MoneyIntent:
    """Lock the intent's row and return it as it stands now."""
    return uow.session.get_one(MoneyIntent, intent.id, with_for_update=True, populate_existing=True)


def actor_of(intent: MoneyIntent) -> Actor:
    """Return whoever ordered it; what the role permits was checked then."""
    return Actor(intent.entered_by, Role.TREASURER)


_OPEN = ("open", "uncollectible")


def report(opened: OpenConference, intent_id: int) -> None:
    """Take an intent to its end: reported to Stripe and booked.

    Raises:
        PurchaseOrderError: Stripe refused; nothing was booked, and the message says what to do.
        StripeGatewayError: The outcome is unknown or the key was refused; the intent is kept and
            goes on with the same command or the next sync.
    """
    for _ in IntentStep:
        intent, order = _load(opened, intent_id)
        if intent.finished_at is not None:
            return
        try:
            STEPS[IntentKind(intent.kind), IntentStep(intent.step)](opened, intent, order)
        except StripeUnknownError as error:
            with opened.store.writing(actor_of(intent), ACTS[IntentKind(intent.kind)]) as uow:
                row_of(uow, intent).error = str(error)
            raise StripeUnknownError(
                f"{order.reference}: {_unfinished(intent)}. {error} Or sync: "
                f"it continues from where it stopped and nothing is done twice."
            ) from None
        except StripeIdempotencyError:
            raise
        except StripeRefusedError as error:
            if not _refused(opened, intent, order, error):
                return


def _refused(
    opened: OpenConference, intent: MoneyIntent, order: PurchaseOrder, error: StripeRefusedError
) -> bool:
    """Decide what a definite refusal means: the invoice is settled meanwhile, or a real one.

    A payment that Stripe has a record of and only does not attach to the invoice is money all the
    same. Stripe does not say whether it attaches more than the amount remaining, or to a
    written-off invoice. As much as the invoice still needs is tried; what it never takes is
    booked here, and reconcile shows that Stripe's invoice lacks it.

    Returns:
        Whether a part of it is to be tried.

    Raises:
        PurchaseOrderError: A real one; nothing was booked.
    """
    if intent.kind != "refund" and _settled_meanwhile(opened, intent):
        return False
    if intent.kind == "payment" and intent.step == "attach":
        if _begin_part(opened, intent):
            return True
        _book_here_only(opened, intent)
        return False
    with opened.store.writing(actor_of(intent), ACTS[IntentKind(intent.kind)]) as uow:
        row = row_of(uow, intent)
        row.step, row.error, row.finished_at = "refused", str(error), opened.now()
        other = refunds.give_up_rest(uow, row, opened.now()) if row.kind == "refund" else None
    if other is not None:
        raise PurchaseOrderError(
            f"{order.reference}: {error} So {_words(intent)} did not go back. Of the whole "
            f"{display(other.whole, order.currency)}, {display(other.done, order.currency)} did; "
            f"the rest was not tried. Sync, then refund the rest."
        )
    raise PurchaseOrderError(
        f"{order.reference}: {error} So {_words(intent)} was not entered here either, and "
        f"nothing is half done. Sync to see the invoice's state, then try again with what Stripe "
        f"accepts."
    )


def _begin_part(opened: OpenConference, intent: MoneyIntent) -> bool:
    """Report only what the invoice still needs, where that is less; the record of all is unused."""
    with opened.store.writing(actor_of(intent), Act.RECORD_PAYMENT) as uow:
        row = row_of(uow, intent)
        invoice = by_stripe_id(uow.session, opened.conference, row.stripe_invoice_id)
        if invoice is None or "part" in row.details:
            return False
        needed = (invoice.stripe_amount_due or 0) - (invoice.stripe_amount_paid or 0)
        if not 0 < needed < row.amount:
            return False
        row.details = {**row.details, "part": needed}
        row.step, row.stripe_id = "report", ""
    return True


def _of_part(intent: MoneyIntent) -> str:
    return "-part" if "part" in intent.details else ""


def _settled_meanwhile(opened: OpenConference, intent: MoneyIntent) -> bool:
    """Look whether the invoice takes nothing any more; then the intent is booked here only.

    It is booked before what Stripe says of the invoice is taken, so that money which staff marked
    as paid there and entered here is known to be the same.
    """
    read_at = opened.now()
    try:
        stripe_invoice = fetch_invoice(opened.gateway, intent.stripe_invoice_id)
    except StripeNotFoundError:
        raise opened.does_not_know(intent.stripe_invoice_id) from None
    takes = _OPEN if intent.kind == "payment" else (*_OPEN, "paid")
    settled = stripe_invoice["status"] not in takes
    if settled:
        _book_here_only(opened, intent)
    take_invoice(opened, stripe_invoice, read_at=read_at)
    return settled


def _book_here_only(opened: OpenConference, intent: MoneyIntent) -> None:
    with opened.store.writing(actor_of(intent), ACTS[IntentKind(intent.kind)]) as uow:
        book(opened, uow, intent, reported=False)


def _load(opened: OpenConference, intent_id: int) -> tuple[MoneyIntent, PurchaseOrder]:
    with opened.store.reading() as session:
        intent = session.get_one(MoneyIntent, intent_id)
        return intent, session.get_one(PurchaseOrder, intent.purchase_order_id)


def _unfinished(intent: MoneyIntent) -> str:
    back = intent.stripe_id or not intent.details.get("stripe_payment_id")
    if intent.kind == "refund" and back:
        shown = display(intent.details["credit"], intent.currency)
        return (
            f"the refund is in the books, but {shown} of credit are still on the sponsor's balance"
        )
    return f"{_words(intent)} is not in the books yet"


def _words(intent: MoneyIntent) -> str:
    return f"the {intent.kind.replace('_', ' ')} of {display(intent.amount, intent.currency)}"


PATIENCE = 3
"""After so many things that Stripe did not answer, the rest waits for the next sync."""


def report_waiting(opened: OpenConference) -> list[str]:
    """Report to Stripe everything entered by hand that it does not have yet.

    Returns:
        What could not be reported and why; one that cannot be reported stops no other.

    Raises:
        StripeAuthenticationError: Stripe no longer accepts the key.
    """
    with opened.store.reading() as session:
        waiting = [i.id for i in money_intents.unfinished(session, opened.conference)]
    problems = _report_all(opened, waiting) if waiting else []
    return problems + _report_orders(opened)


def _report_orders(opened: OpenConference) -> list[str]:
    problems: list[str] = []
    with opened.store.reading() as session:
        unreported = money_intents.orders_to_report(session, opened.conference)
    for order_id in unreported:
        with opened.store.writing(opened.actor, Act.SYNC) as uow:
            intents = report_earlier(uow, uow.lock_purchase_order(order_id))
        problems += _report_all(opened, intents)
    return problems


def _report_all(opened: OpenConference, intents: list[int]) -> list[str]:
    problems = []
    unanswered = 0
    for intent in intents:
        if unanswered == PATIENCE:
            problems.append("Stripe does not answer; the next sync reports the rest.")
            break
        try:
            report(opened, intent)
        except StripeAuthenticationError:
            raise
        except StripeGatewayError as error:
            unanswered += 1
            problems.append(error.reason)
        except PurchaseOrderError as error:
            forgotten = error.code == "sync_first"
            problems.append(_not_recorded(opened, intent) if forgotten else error.reason)
    return problems


def _not_recorded(opened: OpenConference, intent_id: int) -> str:
    """Say what a sync did not report, since it reads first what Stripe may have of it already."""
    intent, order = _load(opened, intent_id)
    what = intent.kind.replace("_", " ")
    return (
        f"{order.reference}: The {what} of {display(intent.amount, intent.currency)} was not "
        f"recorded: Stripe's invoice had a {what} that these books did not have, as after a backup "
        f"was restored. It is read now. Enter yours again if it is another one."
    )


def report_after_sending(opened: OpenConference) -> None:
    """Report earlier money to the invoices just sent; what fails is left to the next sync."""
    try:
        for problem in _report_orders(opened):
            log.warning("payment not reported to stripe", reason=problem)
    except PoToolkitError as error:
        log.warning("payment not yet reported to stripe; the next sync does it", reason=str(error))
