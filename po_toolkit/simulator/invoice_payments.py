"""Invoice payments: which payment went to which invoice, and what it does to the invoice."""

from __future__ import annotations

from po_toolkit.simulator import charges
from po_toolkit.simulator.customers import move_balance
from po_toolkit.simulator.errors import ApiError, invalid
from po_toolkit.simulator.events import changed, emit
from po_toolkit.simulator.invoice_shape import render
from po_toolkit.simulator.paging import page
from po_toolkit.simulator.world import Account, Json

PAYABLE = frozenset({"open", "uncollectible"})


def open_default(account: Account, invoice: Json) -> Json:
    """Make the open payment that Stripe keeps for what remains of a finalized invoice."""
    types = invoice["payment_settings"]["payment_method_types"] or ["card"]
    amount, currency = invoice["amount_remaining"], invoice["currency"]
    intent = charges.new_intent(account, invoice["customer"], amount, currency, types)
    reference = {"type": "payment_intent", "payment_intent": intent["id"]}
    return _new(account, invoice, amount, reference, is_default=True)


def pay_by_customer(
    account: Account, invoice: Json, amount: int | None, method: str, *, settled: bool = True
) -> Json:
    """Let the customer pay, in API units, by card or bank debit; return the invoice payment.

    Raises:
        ApiError: The invoice takes no payment, or the amount cannot be charged.
    """
    payment = begin(account, invoice, amount, method)
    intent = account.get("payment_intent", payment["payment"]["payment_intent"])
    charged = payment["amount_requested"] if amount is None else amount
    pending = not settled and method not in charges.IMMEDIATE
    charges.charge(account, intent, charged, method, pending=pending)
    if not pending:
        settle(account, invoice, payment, charged)
    return payment


def begin(account: Account, invoice: Json, amount: int | None, method: str) -> Json:
    """Return the invoice payment through which this amount will be paid."""
    if invoice["status"] not in PAYABLE:
        raise unpayable(invoice)
    allowed = invoice["payment_settings"]["payment_method_types"]
    if allowed and method not in allowed:
        raise invalid(f"This invoice cannot be paid with {method}.", param="payment_method")
    remaining = invoice["amount_remaining"]
    asked = remaining if amount is None else amount
    charges.check_chargeable(asked, invoice["currency"])
    default = default_payment(account, invoice)
    if default is not None and asked >= remaining and not is_processing(account, default):
        default["amount_requested"] = asked
        return default
    types = allowed or ["card"]
    customer, currency = invoice["customer"], invoice["currency"]
    intent = charges.new_intent(account, customer, asked, currency, types)
    return _new(account, invoice, asked, {"type": "payment_intent", "payment_intent": intent["id"]})


def attach_record(account: Account, invoice: Json, record: Json) -> Json:
    """Credit a payment record's amount to an invoice."""
    reference = {"type": "payment_record", "payment_record": record["id"]}
    amount = record["amount_guaranteed"]["value"]
    payment = _new(account, invoice, amount, reference)
    settle(account, invoice, payment, amount)
    return payment


def attach_intent(account: Account, invoice: Json, intent: Json) -> Json:
    """Credit a payment intent's money to an invoice."""
    reference = {"type": "payment_intent", "payment_intent": intent["id"]}
    payment = _new(account, invoice, intent["amount_received"], reference)
    settle(account, invoice, payment, intent["amount_received"])
    return payment


def attach_charge(account: Account, invoice: Json, charge: Json) -> Json:
    """Credit a charge without an intent, as invoices of before March 2019 have them."""
    payment = _new(account, invoice, charge["amount"], {"type": "charge", "charge": charge["id"]})
    settle(account, invoice, payment, charge["amount"])
    return payment


def settle(account: Account, invoice: Json, payment: Json, amount: int) -> None:
    """Book a payment that came in: the invoice's sums, its status, the customer's credit."""
    before = render(account, invoice)
    over = max(amount - invoice["amount_remaining"], 0)
    shown = amount - over if account.turned("overpaid_left_out") else amount
    payment.update(status="paid", amount_paid=shown, amount_requested=amount)
    payment["status_transitions"] = {"canceled_at": None, "paid_at": account.now()}
    emit(account, "invoice_payment.paid", payment)
    invoice["amount_paid"] += amount - over
    invoice["amount_overpaid"] += over
    invoice["amount_remaining"] -= amount - over
    invoice["attempt_count"] += 1
    invoice["attempted"] = True
    if payment["payment"]["type"] == "payment_record":
        invoice["_off_stripe"] = invoice.get("_off_stripe", 0) + amount
    if over:
        move_balance(
            account, invoice["customer"], -over, invoice["currency"],
            kind="invoice_overpaid", invoice=invoice["id"],
        )  # fmt: skip
    close_if_settled(account, invoice, before)
    if over:
        emit(account, "invoice.overpaid", render(account, invoice))


def failed(account: Account, invoice: Json) -> None:
    """Announce that a payment of an invoice failed; its sums stay as they are."""
    before = render(account, invoice)
    invoice["attempt_count"] += 1
    invoice["attempted"] = True
    shown = render(account, invoice)
    emit(account, "invoice.updated", shown, previous=changed(before, shown))
    emit(account, "invoice.payment_failed", shown)


def close_if_settled(account: Account, invoice: Json, before: Json) -> None:
    """Mark an invoice paid once nothing remains, keep its default payment in step, announce it."""
    if invoice["amount_remaining"] == 0 and invoice["status"] in PAYABLE:
        invoice["status"] = "paid"
        invoice["status_transitions"] = {
            **invoice["status_transitions"],
            "paid_at": account.now(),
        }
        cancel_open(account, invoice)
    else:
        default = default_payment(account, invoice)
        if default is not None and not is_processing(account, default):
            default["amount_requested"] = invoice["amount_remaining"]
            intent = account.get("payment_intent", default["payment"]["payment_intent"])
            intent["amount"] = invoice["amount_remaining"]
    shown = render(account, invoice)
    emit(account, "invoice.updated", shown, previous=changed(before, shown))
    if invoice["status"] == "paid" and before["status"] != "paid":
        emit(account, "invoice.paid", shown)
        emit(account, "invoice.payment_succeeded", shown)


def cancel_open(account: Account, invoice: Json) -> None:
    """Cancel the payments of an invoice that nobody has made; a bank debit under way goes on."""
    for payment in of_invoice(account, invoice["id"]):
        if payment["status"] == "open" and not is_processing(account, payment):
            payment["status"] = "canceled"
            payment["status_transitions"] = {"canceled_at": account.now(), "paid_at": None}
            intent = account.get("payment_intent", payment["payment"]["payment_intent"])
            charges.cancel_intent(account, intent)


def default_payment(account: Account, invoice: Json) -> Json | None:
    """Return the open payment that Stripe made at finalization."""
    for payment in of_invoice(account, invoice["id"]):
        if payment["is_default"] and payment["status"] == "open":
            return payment
    return None


def is_processing(account: Account, payment: Json) -> bool:
    """Whether a bank debit is under way for this payment."""
    intent_id = payment["payment"].get("payment_intent")
    intent = account.all("payment_intent").get(intent_id) if intent_id else None
    return bool(intent and intent["status"] == "processing")


def of_invoice(account: Account, invoice_id: str) -> list[Json]:
    """Return an invoice's payments, oldest first."""
    return [account.all("invoice_payment")[i] for i in account.payments_of.get(invoice_id, ())]


def unpayable(invoice: Json) -> ApiError:
    """Return Stripe's refusal to take a payment in the invoice's present status."""
    status = invoice["status"]
    if status == "paid":
        return invalid("Invoice is already paid", code="invoice_already_paid")
    if status == "void":
        return invalid("Invoice is void and can no longer be paid", code="invoice_not_editable")
    return invalid("This invoice is a draft and must be finalized before it can be paid.")


def list_payments(account: Account, params: Json) -> Json:
    """GET /v1/invoice_payments: ``payment[type]`` is payment_intent or payment_record only."""
    wanted = params.get("payment")
    if wanted and wanted["type"] not in wanted:
        raise invalid(
            f"payment[{wanted['type']}] is required.",
            param=f"payment[{wanted['type']}]",
            code="parameter_missing",
        )
    kept = account.all("invoice_payment").values()
    candidates = of_invoice(account, params["invoice"]) if params.get("invoice") else kept
    found = [
        payment
        for payment in candidates
        if not wanted or payment["payment"].get(wanted["type"]) == wanted[wanted["type"]]
    ]
    return page(found, params, "/v1/invoice_payments", same=("status",))


def payments_of(account: Account, invoice: Json) -> Json:
    """Return what ``expand[]=payments`` puts on an invoice."""
    found = of_invoice(account, invoice["id"])
    return page(found, {"limit": 20}, "/v1/invoice_payments")


def _new(
    account: Account, invoice: Json, amount: int, reference: Json, *, is_default: bool = False
) -> Json:
    payment = account.add(
        {
            "id": account.new_id("inpay"),
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": amount,
            "created": account.now(),
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": is_default,
            "livemode": account.livemode,
            "payment": reference,
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
    )
    account.payments_of.setdefault(invoice["id"], []).append(payment["id"])
    return payment
