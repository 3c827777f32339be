"""Credit notes: what an invoice is lowered by, before or after it was paid."""

from __future__ import annotations

from po_toolkit.simulator import invoice_payments
from po_toolkit.simulator.credit_note_shape import new_note
from po_toolkit.simulator.customers import move_balance
from po_toolkit.simulator.errors import invalid
from po_toolkit.simulator.events import emit
from po_toolkit.simulator.invoice_shape import render
from po_toolkit.simulator.paging import created_within, page
from po_toolkit.simulator.refunds import refund_charge
from po_toolkit.simulator.world import Account, Json


def create(account: Account, params: Json) -> Json:
    """POST /v1/credit_notes: by ``amount`` alone, not by lines.

    It first lowers what remains of the invoice. What exceeds that must be given back: by
    ``refund_amount``, ``refunds``, ``credit_amount`` (to the customer's balance) or
    ``out_of_band_amount``.
    """
    invoice = account.get("invoice", params["invoice"], param="invoice", in_path=False)
    if invoice["status"] not in {"open", "paid", "uncollectible"}:
        raise invalid(
            f"You can only create credit notes for open, paid or uncollectible invoices; this one "
            f"is {invoice['status']}.",
            param="invoice",
        )
    amount = _amount(account, invoice, params)
    before_payment = min(amount, invoice["amount_remaining"])
    after_payment = amount - before_payment
    linked = [_linked(account, given, place) for place, given in enumerate(_refunds_of(params))]
    given_back = sum(params.get(name, 0) for name in _GIVEN_BACK) + sum(
        entry["amount_refunded"] for entry in linked
    )
    if given_back != after_payment:
        raise invalid(
            f"The sum of credit_amount, refund_amount, refunds and out_of_band_amount "
            f"({given_back}) must equal the post payment amount of the credit note "
            f"({after_payment}).",
            param="amount",
        )
    charge = _only_charge(account, invoice) if params.get("refund_amount") else None
    note = account.add(new_note(account, invoice, params, before_payment, after_payment))
    if charge is not None:
        refund = refund_charge(account, charge, params["refund_amount"], {})
        linked.append(_link(refund["id"], refund["amount"]))
    note["refunds"] = linked
    _credit_customer(account, invoice, note, params.get("credit_amount", 0))
    _apply(account, invoice, note)
    return note


def void(account: Account, _params: Json, note_id: str) -> Json:
    """POST /v1/credit_notes/{id}/void: while its invoice is open and nothing was given back."""
    note = account.get("credit_note", note_id)
    invoice = account.get("invoice", note["invoice"])
    if note["status"] == "void":
        raise invalid("This credit note is already void.")
    if note["post_payment_amount"] or invoice["status"] != "open":
        raise invalid("You can only void credit notes whose invoice is open.")
    before = render(account, invoice)
    note.update(status="void", voided_at=account.now())
    lowered = note["pre_payment_amount"]
    invoice["pre_payment_credit_notes_amount"] -= lowered
    invoice["amount_due"] += lowered
    invoice["amount_remaining"] += lowered
    emit(account, "credit_note.voided", note)
    invoice_payments.close_if_settled(account, invoice, before)
    return note


def retrieve(account: Account, _params: Json, note_id: str) -> Json:
    """GET /v1/credit_notes/{id}."""
    return account.get("credit_note", note_id)


def list_notes(account: Account, params: Json) -> Json:
    """GET /v1/credit_notes."""
    found = [
        note
        for note in account.all("credit_note").values()
        if all(not params.get(n) or note[n] == params[n] for n in ("invoice", "customer"))
        and created_within(note, params.get("created"))
    ]
    return page(found, params, "/v1/credit_notes")


_GIVEN_BACK = ("credit_amount", "refund_amount", "out_of_band_amount")


def _refunds_of(params: Json) -> list[Json]:
    return params.get("refunds") or []


def _linked(account: Account, given: Json, place: int) -> Json:
    """Return the link to a refund that was made before."""
    where = f"refunds[{place}]"
    if not given.get("refund"):
        raise invalid("You must name a refund.", param=f"{where}[refund]", code="parameter_missing")
    refund = account.get("refund", given["refund"], param=f"{where}[refund]", in_path=False)
    amount: int = given["amount_refunded"] if "amount_refunded" in given else refund["amount"]
    used = sum(
        link["amount_refunded"]
        for note in account.all("credit_note").values()
        for link in note["refunds"]
        if link["refund"] == refund["id"]
    )
    if not 0 < amount <= refund["amount"] - used:
        raise invalid(
            f"Refund {refund['id']} has {refund['amount'] - used} left for credit notes, not "
            f"{amount}.",
            param=f"{where}[amount_refunded]",
        )
    return _link(refund["id"], amount)


def _link(refund_id: str, amount: int) -> Json:
    return {
        "amount_refunded": amount,
        "payment_record_refund": None,
        "refund": refund_id,
        "type": "refund",
    }


def _only_charge(account: Account, invoice: Json) -> Json:
    """Return the one charge that ``refund_amount`` can be taken from."""
    paid = [
        payment
        for payment in invoice_payments.of_invoice(account, invoice["id"])
        if payment["status"] == "paid" and payment["payment"]["type"] == "payment_intent"
    ]
    if len(paid) != 1:
        raise invalid(
            "refund_amount needs an invoice with exactly one payment made through Stripe; pass "
            "refunds instead.",
            param="refund_amount",
        )
    intent = account.get("payment_intent", paid[0]["payment"]["payment_intent"])
    return account.get("charge", intent["latest_charge"])


def _credit_customer(account: Account, invoice: Json, note: Json, amount: int) -> None:
    if amount:
        moved = move_balance(
            account,
            invoice["customer"],
            -amount,
            invoice["currency"],
            kind="credit_note",
            invoice=invoice["id"],
            credit_note=note["id"],
        )
        note["customer_balance_transaction"] = moved["id"]


def _amount(account: Account, invoice: Json, params: Json) -> int:
    amount: int | None = params.get("amount")
    if amount is None:
        raise invalid(
            "You must specify one of these parameters: amount, lines, shipping_cost.",
            param="amount",
            code="parameter_missing",
        )
    if amount <= 0:
        raise invalid(
            f"Invalid positive integer: {amount}", param="amount", code="parameter_invalid_integer"
        )
    notes = account.all("credit_note").values()
    standing = [n for n in notes if n["invoice"] == invoice["id"] and n["status"] != "void"]
    earlier = sum(n["amount"] for n in standing)
    if amount > invoice["total"] - earlier:
        raise invalid(
            f"The credit note amount ({amount}) cannot exceed the invoice's total less its earlier "
            f"credit notes ({invoice['total'] - earlier}).",
            param="amount",
        )
    return amount


def _apply(account: Account, invoice: Json, note: Json) -> None:
    before = render(account, invoice)
    invoice["pre_payment_credit_notes_amount"] += note["pre_payment_amount"]
    invoice["post_payment_credit_notes_amount"] += note["post_payment_amount"]
    invoice["amount_remaining"] -= note["pre_payment_amount"]
    invoice["amount_due"] -= note["pre_payment_amount"]
    emit(account, "credit_note.created", note)
    if note["pre_payment_amount"]:
        invoice_payments.close_if_settled(account, invoice, before)
