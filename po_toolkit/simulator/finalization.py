"""Invoices after the draft: finalized, sent, paid, voided, given up."""

from __future__ import annotations

from po_toolkit.simulator import cash_balance, invoice_payments
from po_toolkit.simulator.currencies import largest_charge, smallest_charge
from po_toolkit.simulator.customers import balance, move_balance
from po_toolkit.simulator.errors import ApiError, invalid
from po_toolkit.simulator.events import changed, emit
from po_toolkit.simulator.invoice_shape import add_up, links, render
from po_toolkit.simulator.invoices import get
from po_toolkit.simulator.taxes import check_final
from po_toolkit.simulator.world import Account, Json, Mail

ADVANCES_AFTER_SECONDS = 3600

_TEST_METHODS = {"pm_card_visa": "card", "pm_usBankAccount": "us_bank_account"}


def finalize(account: Account, params: Json, invoice_id: str) -> Json:
    """POST /v1/invoices/{invoice}/finalize."""
    invoice = get(account, invoice_id)
    if invoice["status"] != "draft":
        raise invalid(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
            code="invoice_not_editable",
        )
    if "auto_advance" in params:
        invoice["auto_advance"] = params["auto_advance"]
    make_final(account, invoice)
    if invoice["auto_advance"]:
        _mail_if_open(account, invoice)
    return render(account, invoice)


def _mail_if_open(account: Account, invoice: Json) -> None:
    """Mail an invoice that may advance by itself; without ``auto_advance`` Stripe mails nothing."""
    if invoice["status"] == "open" and invoice["collection_method"] == "send_invoice":
        announce_sent(account, invoice)


def make_final(account: Account, invoice: Json) -> None:
    """Number an invoice, settle it from the customer's balance, open it or mark it paid."""
    add_up(account, invoice)
    check_final(invoice)
    if invoice["from_invoice"]:
        _void_what_it_revises(account, invoice)
        add_up(account, invoice)
    too_large = invoice["amount_due"] > largest_charge(invoice["currency"])
    if too_large and account.turned("too_large_refused"):
        raise invalid(
            f"The invoice's total exceeds the largest amount that can be charged in "
            f"{invoice['currency']}.",
            code="amount_too_large",
        )
    before = render(account, invoice)
    now = account.now()
    _number(account, invoice)
    _apply_balance(account, invoice)
    invoice["status"] = "open"
    invoice["status_transitions"] = {**invoice["status_transitions"], "finalized_at": now}
    invoice["effective_at"] = invoice["effective_at"] or now
    invoice.update(links(account, invoice))
    if invoice["amount_remaining"] > 0:
        invoice_payments.open_default(account, invoice)
    shown = render(account, invoice)
    emit(account, "invoice.updated", shown, previous=changed(before, shown))
    emit(account, "invoice.finalized", shown)
    if invoice["amount_remaining"] == 0:
        invoice_payments.close_if_settled(account, invoice, shown)


def _void_what_it_revises(account: Account, invoice: Json) -> None:
    """Void the original of a revision, and point to its newest revision from each older one."""
    original = account.get("invoice", invoice["from_invoice"]["invoice"])
    before = render(account, original)
    _give_back_balance(account, original)
    original["status"] = "void"
    moments = original["status_transitions"]
    original["status_transitions"] = {**moments, "voided_at": account.now()}
    invoice_payments.cancel_open(account, original)
    older: Json | None = original
    while older is not None:
        older["latest_revision"] = invoice["id"]
        link = older["from_invoice"]
        older = account.get("invoice", link["invoice"]) if link else None
    shown = render(account, original)
    emit(account, "invoice.updated", shown, previous=changed(before, shown))
    emit(account, "invoice.voided", shown)


def advance_drafts(account: Account) -> None:
    """Finalize, and send, the drafts that may advance by themselves and are an hour old."""
    due = account.now() - ADVANCES_AFTER_SECONDS
    for invoice in list(account.all("invoice").values()):
        if invoice["status"] == "draft" and invoice["auto_advance"] and invoice["created"] <= due:
            make_final(account, invoice)
            _mail_if_open(account, invoice)


def send(account: Account, _params: Json, invoice_id: str) -> Json:
    """POST /v1/invoices/{invoice}/send: finalizes a draft; an open one is mailed again."""
    invoice = get(account, invoice_id)
    if invoice["collection_method"] != "send_invoice":
        raise invalid(
            "You can only manually send an invoice if its collection method is 'send_invoice'."
        )
    if invoice["status"] in {"void", "paid", "uncollectible"}:
        raise invalid(
            f"You can't send an invoice with status {invoice['status']}: only draft and open "
            f"invoices can be sent.",
            code="invoice_not_editable",
        )
    if invoice["status"] == "draft":
        make_final(account, invoice)
    if account.turned("send_turns_auto_advance_on") and invoice["status"] == "open":
        invoice["auto_advance"] = True
        cash_balance.reconcile(account, invoice["customer"], invoice["currency"])
    announce_sent(account, invoice)
    return render(account, invoice)


def announce_sent(account: Account, invoice: Json) -> None:
    """Record ``invoice.sent`` and the mail that live mode would have sent."""
    subject = f"Invoice {invoice['number']} from {invoice['account_name']}"
    account.mails.append(
        Mail(invoice["id"], invoice["customer_email"], subject, invoice["hosted_invoice_url"])
    )
    emit(account, "invoice.sent", render(account, invoice))


def void(account: Account, _params: Json, invoice_id: str) -> Json:
    """POST /v1/invoices/{invoice}/void: open and uncollectible invoices only."""
    invoice = get(account, invoice_id)
    if invoice["status"] not in invoice_payments.PAYABLE:
        raise _not_open(invoice, "voided")
    if _has_payments(account, invoice):
        raise invalid(
            "You can't void an invoice that has open or paid payments; issue a credit note instead."
        )
    before = render(account, invoice)
    _give_back_balance(account, invoice)
    invoice["status"] = "void"
    invoice["status_transitions"] = {**invoice["status_transitions"], "voided_at": account.now()}
    invoice_payments.cancel_open(account, invoice)
    shown = render(account, invoice)
    emit(account, "invoice.updated", shown, previous=changed(before, shown))
    emit(account, "invoice.voided", shown)
    return shown


def mark_uncollectible(account: Account, _params: Json, invoice_id: str) -> Json:
    """POST /v1/invoices/{invoice}/mark_uncollectible: it can still be paid."""
    invoice = get(account, invoice_id)
    if invoice["status"] != "open":
        raise _not_open(invoice, "marked uncollectible")
    payments = invoice_payments.of_invoice(account, invoice_id)
    if any(invoice_payments.is_processing(account, payment) for payment in payments):
        raise invalid("You can't mark an invoice uncollectible while it has open payments.")
    before = render(account, invoice)
    invoice["status"] = "uncollectible"
    invoice["status_transitions"] = {
        **invoice["status_transitions"],
        "marked_uncollectible_at": account.now(),
    }
    shown = render(account, invoice)
    emit(account, "invoice.updated", shown, previous=changed(before, shown))
    emit(account, "invoice.marked_uncollectible", shown)
    return shown


def pay(account: Account, params: Json, invoice_id: str) -> Json:
    """POST /v1/invoices/{invoice}/pay: out of band, or with a test payment method."""
    invoice = get(account, invoice_id)
    if invoice["status"] == "draft":
        make_final(account, invoice)
    if invoice["status"] not in invoice_payments.PAYABLE:
        raise invoice_payments.unpayable(invoice)
    if params.get("paid_out_of_band"):
        return _pay_out_of_band(account, invoice)
    given = params.get("payment_method")
    if not given:
        raise invalid(
            "There is no `default_payment_method` set on this Customer or Invoice. Please attach "
            "a payment method to this customer and try again.",
            code="missing_payment_method",
        )
    if given == "pm_card_chargeDeclined":
        raise ApiError(
            402, "Your card was declined.", kind="card_error", code="card_declined",
            decline_code="generic_decline",
        )  # fmt: skip
    if given not in _TEST_METHODS:
        raise invalid(f"No such PaymentMethod: '{given}'", param="payment_method")
    invoice_payments.pay_by_customer(account, invoice, None, _TEST_METHODS[given])
    return render(account, invoice)


def _pay_out_of_band(account: Account, invoice: Json) -> Json:
    before = render(account, invoice)
    remaining = invoice["amount_remaining"]
    invoice["_off_stripe"] = invoice.get("_off_stripe", 0) + remaining
    invoice["amount_paid"] += remaining
    invoice["amount_remaining"] = 0
    invoice_payments.close_if_settled(account, invoice, before)
    return render(account, invoice)


def _number(account: Account, invoice: Json) -> None:
    if invoice["number"]:
        return
    customer = account.get("customer", invoice["customer"])
    invoice["number"] = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
    customer["next_invoice_sequence"] += 1


def _apply_balance(account: Account, invoice: Json) -> None:
    """Use the customer's credit, add what they owe, carry over what cannot be charged.

    Source: Stripe, "Customer balance": below the minimum and above the maximum an invoice is marked
    paid and its amount debited to the balance (``invoice_too_small``, ``invoice_too_large``).
    """
    start, total = invoice["starting_balance"], invoice["total"]
    due = total + start
    too_large = due > largest_charge(invoice["currency"])
    if due < smallest_charge(invoice["currency"]) or too_large:
        invoice["amount_due"] = 0
        invoice["ending_balance"] = due
    else:
        invoice["amount_due"] = due
        invoice["ending_balance"] = 0
    invoice["amount_remaining"] = invoice["amount_due"]
    moved = invoice["ending_balance"] - start
    if moved:
        kind = "applied_to_invoice" if total >= 0 else "adjustment"
        if 0 < due < smallest_charge(invoice["currency"]):
            kind = "invoice_too_small"
        elif too_large:
            kind = "invoice_too_large"
        move_balance(
            account, invoice["customer"], moved, invoice["currency"],
            kind=kind, invoice=invoice["id"],
        )  # fmt: skip


def _give_back_balance(account: Account, invoice: Json) -> None:
    """Undo what an invoice took from or put on the customer's balance."""
    moved = (invoice["ending_balance"] or 0) - invoice["starting_balance"]
    moved += invoice.get("_late_credit", 0)
    if moved:
        move_balance(
            account, invoice["customer"], -moved, invoice["currency"],
            kind="unapplied_from_invoice", invoice=invoice["id"],
        )  # fmt: skip


def apply_credit(account: Account, invoice: Json, amount: int, *, as_paid: bool) -> Json:
    """Use credit of the customer on an invoice that is open already, as in the dashboard.

    Source: changelog 2026-11-18 (preview). Which of the invoice's sums moves is not said.

    Raises:
        ApiError: The invoice is not open, or there is not so much of the one or the other.
    """
    if invoice["status"] not in invoice_payments.PAYABLE:
        raise invoice_payments.unpayable(invoice)
    customer, currency = invoice["customer"], invoice["currency"]
    if not 0 < amount <= min(-balance(account, customer, currency), invoice["amount_remaining"]):
        raise invalid("There is not so much credit, or so much to pay.", param="amount")
    before = render(account, invoice)
    kind = "applied_to_invoice"
    move_balance(account, customer, amount, currency, kind=kind, invoice=invoice["id"])
    invoice["_late_credit"] = invoice.get("_late_credit", 0) + amount
    if as_paid:
        invoice["amount_paid"] += amount
    else:
        invoice["amount_due"] -= amount
    invoice["amount_remaining"] -= amount
    invoice_payments.close_if_settled(account, invoice, before)
    return render(account, invoice)


def _has_payments(account: Account, invoice: Json) -> bool:
    """Whether anything was paid, or is under way; the default payment nobody made is neither."""
    return any(
        payment["status"] == "paid" or invoice_payments.is_processing(account, payment)
        for payment in invoice_payments.of_invoice(account, invoice["id"])
    )


def _not_open(invoice: Json, act: str) -> ApiError:
    return invalid(
        f"You can only pass in open invoices. This invoice isn't open: it is {invoice['status']} "
        f"and cannot be {act}.",
        code="invoice_not_editable" if invoice["status"] == "paid" else None,
    )
