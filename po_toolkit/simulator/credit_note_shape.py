"""What a credit note looks like."""

from __future__ import annotations

from po_toolkit.simulator.metadata import merged
from po_toolkit.simulator.world import Account, Json


def new_note(
    account: Account, invoice: Json, params: Json, before_payment: int, after_payment: int
) -> Json:
    """Return a new credit note; its refunds and credit are filled in by who makes it."""
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
