"""Tells Stripe of wires, checks, credit notes and refunds, each once, and books what it answers.

The intent is stored first, with the body of each call; whoever finds it unfinished (the same
command again, or the next sync) goes on from where it stands with the same keys and bodies. Only
what Stripe took, or could not take any more because its invoice is settled, is in the ledger.
"""

from __future__ import annotations

from po_toolkit.context import OpenConference
from po_toolkit.domain.states import IntentKind, IntentStep
from po_toolkit.errors import (
    PurchaseOrderError,
    StripeIdempotencyError,
    StripeNotFoundError,
    StripeRefusedError,
    StripeUnknownError,
)
from po_toolkit.money import display
from po_toolkit.payments import refunds
from po_toolkit.payments.from_stripe import fetch_invoice, take_invoice
from po_toolkit.payments.tell_steps import ACTS, STEPS, actor_of, book, row_of
from po_toolkit.store.tables import MoneyIntent, PurchaseOrder

_OPEN = ("open", "uncollectible")


def settle(opened: OpenConference, intent_id: int) -> None:
    """Take an intent to its end: told to Stripe and booked.

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
                f"{order.reference}: {_words(intent)} is not in the books yet. {error} Or sync: "
                f"it goes on from where it stands and is never doubled."
            ) from None
        except StripeIdempotencyError:
            raise
        except StripeRefusedError as error:
            _refused(opened, intent, order, error)
            return


def _refused(
    opened: OpenConference, intent: MoneyIntent, order: PurchaseOrder, error: StripeRefusedError
) -> None:
    """Decide what a definite refusal means: the invoice is settled meanwhile, or a real one.

    Raises:
        PurchaseOrderError: A real one; nothing was booked.
    """
    if intent.kind != "refund" and _settled_meanwhile(opened, intent):
        return
    with opened.store.writing(actor_of(intent), ACTS[IntentKind(intent.kind)]) as uow:
        row = row_of(uow, intent)
        row.step, row.error, row.finished_at = "refused", str(error), opened.now()
        other = refunds.give_up_rest(uow, row, opened.now()) if row.kind == "refund" else None
    if other is not None:
        raise PurchaseOrderError(
            f"{order.reference}: {error} So {_words(intent)} did not go back. Of the whole "
            f"{display(other.whole, order.currency)}, {display(other.done, order.currency)} did; "
            f"the rest was not tried. Sync, then refund what is still to go back."
        )
    raise PurchaseOrderError(
        f"{order.reference}: {error} So {_words(intent)} was not entered here either, and nothing "
        f"is half done. Sync to see how the invoice stands, then try again with what Stripe takes."
    )


def _settled_meanwhile(opened: OpenConference, intent: MoneyIntent) -> bool:
    """Look whether the invoice takes nothing any more; then the intent is booked here only.

    It is booked before what Stripe says of the invoice is taken, so that money which staff marked
    as paid there and entered here is known to be the same.
    """
    read_at = opened.now()
    try:
        said = fetch_invoice(opened.gateway, intent.stripe_invoice_id)
    except StripeNotFoundError:
        _book_here_only(opened, intent)
        return True
    takes = _OPEN if intent.kind == "payment" else (*_OPEN, "paid")
    settled = said["status"] not in takes
    if settled:
        _book_here_only(opened, intent)
    take_invoice(opened, said, read_at=read_at)
    return settled


def _book_here_only(opened: OpenConference, intent: MoneyIntent) -> None:
    with opened.store.writing(actor_of(intent), ACTS[IntentKind(intent.kind)]) as uow:
        book(opened, uow, intent, told=False)


def _load(opened: OpenConference, intent_id: int) -> tuple[MoneyIntent, PurchaseOrder]:
    with opened.store.reading() as session:
        intent = session.get_one(MoneyIntent, intent_id)
        return intent, session.get_one(PurchaseOrder, intent.purchase_order_id)


def _words(intent: MoneyIntent) -> str:
    return f"the {intent.kind.replace('_', ' ')} of {display(intent.amount, intent.currency)}"
