"""Credit notes: what an invoice is lowered by, before or after it was paid."""

from __future__ import annotations

from collections.abc import Iterable

from po_toolkit.simulator import invoice_payments
from po_toolkit.simulator.customers import move_balance
from po_toolkit.simulator.errors import invalid
from po_toolkit.simulator.events import emit
from po_toolkit.simulator.invoice_shape import render
from po_toolkit.simulator.paging import page
from po_toolkit.simulator.parameters import merged
from po_toolkit.simulator.refunds import refund_charge
from po_toolkit.simulator.world import Account, Json, Mail


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


def create(account: Account, params: Json) -> Json:
    """POST /v1/credit_notes: by ``amount`` alone, not by lines.

    It first lowers what remains of the invoice. What exceeds that must be given back: by
    ``refund_amount``, ``refunds``, ``credit_amount`` (to the customer's balance) or
    ``out_of_band_amount``. The customer is mailed unless ``email_type`` says ``none``: "the default
    is credit_note" (API reference, create a credit note).
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
    if params.get("email_type", "credit_note") == "credit_note":
        subject = f"Credit note {note['number']} from {invoice['account_name']}"
        account.mails.append(Mail(invoice["id"], invoice["customer_email"], subject, note["pdf"]))
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
    notes = account.all("credit_note").values()
    return page(notes, params, "/v1/credit_notes", same=("invoice", "customer"))


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
    counted = [n for n in notes if n["invoice"] == invoice["id"] and n["status"] != "void"]
    earlier = sum(n["amount"] for n in counted)
    linked = _used_by(counted)
    most = invoice["total"] - earlier - _refunded_beside(account, invoice, linked)
    most += sum(_linkable(account, given, linked) for given in _refunds_of(params))
    if amount > most:
        raise invalid(
            f"The credit note amount ({amount}) cannot exceed the invoice's total less its earlier "
            f"credit notes and its refunds ({most}).",
            param="amount",
        )
    return amount


def _used_by(notes: Iterable[Json]) -> dict[str, int]:
    """Return how much of each refund the notes are linked to."""
    used: dict[str, int] = {}
    for note in notes:
        for link in note["refunds"]:
            used[link["refund"]] = used.get(link["refund"], 0) + link["amount_refunded"]
    return used


def _refunded_beside(account: Account, invoice: Json, linked: dict[str, int]) -> int:
    """Return what was refunded without a credit note: it lowers what can be credited.

    Source: API reference, create a credit note: "the credit note API subtracts those refund amounts
    from the maximum creditable amount".
    """
    intents = {
        payment["payment"].get("payment_intent")
        for payment in invoice_payments.of_invoice(account, invoice["id"])
        if payment["status"] == "paid"
    } - {None}
    return sum(
        refund["amount"] - linked.get(refund["id"], 0)
        for refund in account.all("refund").values()
        if refund["payment_intent"] in intents and refund["status"] != "failed"
    )


def _linkable(account: Account, given: Json, linked: dict[str, int]) -> int:
    """Return how much of a refund this note links for the first time."""
    refund = account.all("refund").get(given.get("refund") or "")
    if refund is None:
        return 0
    left: int = refund["amount"] - linked.get(refund["id"], 0)
    wanted: int = given.get("amount_refunded", left)
    return min(left, wanted)


def _apply(account: Account, invoice: Json, note: Json) -> None:
    before = render(account, invoice)
    invoice["pre_payment_credit_notes_amount"] += note["pre_payment_amount"]
    invoice["post_payment_credit_notes_amount"] += note["post_payment_amount"]
    invoice["amount_remaining"] -= note["pre_payment_amount"]
    invoice["amount_due"] -= note["pre_payment_amount"]
    emit(account, "credit_note.created", note)
    if note["pre_payment_amount"]:
        invoice_payments.close_if_settled(account, invoice, before)
