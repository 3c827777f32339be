"""Credit notes: what an invoice is lowered by, before or after it was paid."""

from __future__ import annotations

from po_toolkit.simulator import invoice_payments
from po_toolkit.simulator.customers import move_balance
from po_toolkit.simulator.errors import invalid
from po_toolkit.simulator.events import emit
from po_toolkit.simulator.invoice_shape import render
from po_toolkit.simulator.metadata import merged
from po_toolkit.simulator.paging import created_within, page
from po_toolkit.simulator.world import Account, Json


def create(account: Account, params: Json) -> Json:
    """POST /v1/credit_notes: by ``amount`` alone.

    It first lowers what remains of the invoice; what exceeds that must be given back by
    ``credit_amount`` (to the customer's balance) or ``out_of_band_amount``.
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
    credited, elsewhere = params.get("credit_amount", 0), params.get("out_of_band_amount", 0)
    if credited + elsewhere != after_payment:
        raise invalid(
            f"The sum of credit_amount, refund_amount and out_of_band_amount must equal the post "
            f"payment amount of the credit note ({after_payment}).",
            param="amount",
        )
    note = account.add(_new_note(account, invoice, params, before_payment, after_payment))
    if credited:
        moved = move_balance(
            account, invoice["customer"], -credited, invoice["currency"],
            kind="credit_note", invoice=invoice["id"], credit_note=note["id"],
        )  # fmt: skip
        note["customer_balance_transaction"] = moved["id"]
    _apply(account, invoice, note)
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
    earlier = sum(n["amount"] for n in notes if n["invoice"] == invoice["id"])
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


def _new_note(
    account: Account, invoice: Json, params: Json, before_payment: int, after_payment: int
) -> Json:
    note_id = account.new_id("cn")
    amount = before_payment + after_payment
    notes = account.all("credit_note").values()
    ordinal = 1 + sum(n["invoice"] == invoice["id"] for n in notes)
    return {
        "id": note_id,
        "object": "credit_note",
        "amount": amount,
        "amount_shipping": 0,
        "created": account.now(),
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "customer_balance_transaction": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": params.get("effective_at") or account.now(),
        "invoice": invoice["id"],
        "lines": _lines(account, note_id, amount),
        "livemode": account.livemode,
        "memo": params.get("memo") or None,
        "metadata": merged({}, params.get("metadata")),
        "number": f"{invoice['number']}-CN-{ordinal:02d}",
        "out_of_band_amount": params.get("out_of_band_amount"),
        "pdf": f"{account.world.base_url}/i/{account.id}/{note_id}/pdf",
        "post_payment_amount": after_payment,
        "pre_payment_amount": before_payment,
        "pretax_credit_amounts": [],
        "reason": params.get("reason"),
        "refunds": [],
        "shipping_cost": None,
        "status": "issued",
        "subtotal": amount,
        "subtotal_excluding_tax": amount,
        "total": amount,
        "total_excluding_tax": amount,
        "total_taxes": [],
        "type": _kind(before_payment, after_payment),
        "voided_at": None,
    }


def _kind(before_payment: int, after_payment: int) -> str:
    if before_payment and after_payment:
        return "mixed"
    return "post_payment" if after_payment else "pre_payment"


def _lines(account: Account, note_id: str, amount: int) -> Json:
    line = {
        "id": account.new_id("cnli"),
        "object": "credit_note_line_item",
        "amount": amount,
        "description": "Credit",
        "discount_amount": 0,
        "discount_amounts": [],
        "livemode": account.livemode,
        "metadata": {},
        "pretax_credit_amounts": [],
        "quantity": 1,
        "tax_rates": [],
        "taxes": [],
        "type": "custom_line_item",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }
    url = f"/v1/credit_notes/{note_id}/lines"
    return {"object": "list", "data": [line], "has_more": False, "url": url}
