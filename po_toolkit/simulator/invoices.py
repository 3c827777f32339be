"""Invoices as drafts: created, changed, given lines, listed, deleted."""

from __future__ import annotations

from po_toolkit.simulator import cash_balance, discounts, invoice_items
from po_toolkit.simulator.currencies import check_payment_methods
from po_toolkit.simulator.customers import living
from po_toolkit.simulator.errors import invalid
from po_toolkit.simulator.events import changed, emit
from po_toolkit.simulator.invoice_shape import (
    add_up,
    blank,
    payment_settings,
    render,
    rendering,
)
from po_toolkit.simulator.lines import check_count, new_line, shown_line
from po_toolkit.simulator.paging import page, within
from po_toolkit.simulator.parameters import merged
from po_toolkit.simulator.tax_rates import usable
from po_toolkit.simulator.world import Account, Json

DAY = 86_400
FIVE_YEARS = 5 * 366 * DAY
MOST_CUSTOM_FIELDS = 4

_EDITABLE_WHEN_FINAL = frozenset({"metadata", "auto_advance", "payment_settings", "expand"})


def create(account: Account, params: Json) -> Json:
    """POST /v1/invoices."""
    if params.get("from_invoice"):
        return _revise(account, params)
    if not params.get("customer"):
        raise invalid("You must specify a customer.", param="customer", code="parameter_missing")
    customer = living(account, params["customer"])
    invoice = blank(account, customer, params)
    invoice["discounts"] = discounts.of_new_invoice(account, customer, invoice["id"], params)
    _check_due(account, invoice["collection_method"], params)
    _check_content(account, invoice, params)
    if invoice["collection_method"] == "send_invoice":
        if not customer["email"]:
            raise invalid(
                "Missing email. In order to create invoices that are sent to the customer, the "
                "customer must have a valid email.",
                code="email_invalid",
                param="customer",
            )
        if "due_date" not in params and "days_until_due" not in params:
            raise invalid(
                "You must specify `days_until_due` or `due_date` when `collection_method` is "
                "`send_invoice`.",
                param="days_until_due",
                code="parameter_missing",
            )
    _apply_due(invoice, params)
    invoice["metadata"] = merged({}, params.get("metadata"))
    rates = params.get("default_tax_rates")
    invoice["_default_tax_rates"] = usable(account, rates, "default_tax_rates")
    if params.get("pending_invoice_items_behavior") == "include":
        invoice["lines"] = invoice_items.take_pending(account, invoice)
    customer["currency"] = customer["currency"] or invoice["currency"]
    add_up(account, invoice)
    account.add(invoice)
    shown = render(account, invoice)
    emit(account, "invoice.created", shown)
    return shown


def _revise(account: Account, params: Json) -> Json:
    """Copy a finalized invoice into a draft that replaces it once finalized.

    Source: Stripe, "Edit invoices": open and uncollectible ones only; the original becomes void
    when the revision is finalized.

    Raises:
        ApiError: The invoice cannot be revised.
    """
    where = "from_invoice[invoice]"
    original = account.get("invoice", params["from_invoice"]["invoice"], param=where, in_path=False)
    if original["status"] not in {"open", "uncollectible"}:
        raise invalid(
            f"You can only revise invoices that are open or uncollectible; this one is "
            f"{original['status']}.",
            param=where,
        )
    customer = living(account, original["customer"])
    invoice = blank(account, customer, {**original, **params})
    kept = {} if account.turned("revision_drops_metadata") else original["metadata"]
    invoice.update(
        from_invoice={"action": "revision", "invoice": original["id"]},
        metadata=merged(dict(kept), params.get("metadata", {})),
        due_date=max(original["due_date"], account.now() + 1) if original["due_date"] else None,
        discounts=list(original["discounts"]),
        _default_tax_rates=list(original["_default_tax_rates"]),
        number=None,
        lines=[
            {**line, "id": account.new_id("il"), "invoice": invoice["id"]}
            for line in original["lines"]
        ],
    )
    if "discounts" in params:
        discounts.replaced(account, invoice, params)
    _apply_due(invoice, params)
    add_up(account, invoice)
    account.add(invoice)
    shown = render(account, invoice)
    emit(account, "invoice.created", shown)
    return shown


def retrieve(account: Account, _params: Json, invoice_id: str) -> Json:
    """GET /v1/invoices/{invoice}."""
    return render(account, get(account, invoice_id))


def get(account: Account, invoice_id: str, *, in_path: bool = True) -> Json:
    """Return a stored invoice.

    Raises:
        ApiError: There is none, or it was deleted as a draft.
    """
    return account.get("invoice", invoice_id, param="invoice", in_path=in_path)


def update(account: Account, params: Json, invoice_id: str) -> Json:
    """POST /v1/invoices/{invoice}."""
    invoice = get(account, invoice_id)
    before = render(account, invoice)
    if invoice["status"] != "draft" and set(params) - _EDITABLE_WHEN_FINAL:
        raise invalid(
            "Finalized invoices can't be updated in this way.", code="invoice_not_editable"
        )
    _check_due(account, params.get("collection_method") or invoice["collection_method"], params)
    _check_content(account, invoice, params)
    _change(account, invoice, params)
    shown = announce_update(account, invoice, before)
    stays = account.turned("waiting_cash_stays")
    if params.get("auto_advance") and invoice["status"] == "open" and not stays:
        cash_balance.reconcile(account, invoice["customer"], invoice["currency"])
        shown = render(account, invoice)
    return shown


def _change(account: Account, invoice: Json, params: Json) -> None:
    for name in (
        "account_tax_ids",
        "description",
        "footer",
        "number",
        "custom_fields",
        "statement_descriptor",
    ):
        if name in params:
            invoice[name] = params[name] or None
    for name in ("auto_advance", "collection_method", "effective_at"):
        if name in params:
            invoice[name] = params[name]
    if "rendering" in params:
        invoice["rendering"] = rendering(params["rendering"])
    if "default_tax_rates" in params:
        rates = params["default_tax_rates"]
        invoice["_default_tax_rates"] = usable(account, rates, "default_tax_rates")
        add_up(account, invoice)
    if "discounts" in params:
        discounts.replaced(account, invoice, params)
        add_up(account, invoice)
    _apply_due(invoice, params)
    if "payment_settings" in params:
        invoice["payment_settings"] = payment_settings(params["payment_settings"])
    if "metadata" in params:
        invoice["metadata"] = merged(invoice["metadata"], params["metadata"])


def announce_update(account: Account, invoice: Json, before: Json) -> Json:
    """Emit ``invoice.updated`` when something differs, and return the invoice as shown."""
    shown = render(account, invoice)
    differences = changed(before, shown)
    if differences:
        emit(account, "invoice.updated", shown, previous=differences)
    return shown


def add_lines(account: Account, params: Json, invoice_id: str) -> Json:
    """POST /v1/invoices/{invoice}/add_lines: all of the lines, or none."""
    invoice = get(account, invoice_id)
    if invoice["status"] != "draft":
        raise not_editable()
    if not params["lines"]:
        raise invalid("You must pass at least one line.", param="lines", code="parameter_missing")
    check_count(account, len(invoice["lines"]), len(params["lines"]))
    before = render(account, invoice)
    lines = [
        new_line(account, invoice, given, f"lines[{position}]")
        for position, given in enumerate(params["lines"])
    ]
    invoice["lines"] = [*invoice["lines"], *lines]
    if "invoice_metadata" in params:
        invoice["metadata"] = merged(invoice["metadata"], params["invoice_metadata"])
    add_up(account, invoice)
    return announce_update(account, invoice, before)


def list_lines(account: Account, params: Json, invoice_id: str) -> Json:
    """GET /v1/invoices/{invoice}/lines: in the order in which they were added."""
    invoice = get(account, invoice_id)
    url = f"/v1/invoices/{invoice_id}/lines"
    return page(invoice["lines"], params, url, shown_line, newest_first=False)


def list_invoices(account: Account, params: Json) -> Json:
    """GET /v1/invoices."""
    return page(
        account.all("invoice").values(),
        params,
        "/v1/invoices",
        lambda invoice: render(account, invoice),
        same=("customer", "status", "collection_method", "subscription"),
        wanted=lambda invoice: within(invoice["due_date"], params.get("due_date")),
    )


def delete(account: Account, _params: Json, invoice_id: str) -> Json:
    """DELETE /v1/invoices/{invoice}: drafts only."""
    invoice = get(account, invoice_id)
    if invoice["status"] != "draft":
        raise invalid(
            "You can only delete draft invoices. Finalized invoices must be voided instead.",
            code="invoice_not_editable",
        )
    emit(account, "invoice.deleted", render(account, invoice))
    del account.all("invoice")[invoice_id]
    return {"id": invoice_id, "object": "invoice", "deleted": True}


def not_editable() -> Exception:
    """Return Stripe's refusal to change the lines of a finalized invoice."""
    return invalid("This invoice is no longer editable", code="invoice_not_editable")


def _check_due(account: Account, collection_method: str, params: Json) -> None:
    due, days = params.get("due_date"), params.get("days_until_due")
    if due is not None and days is not None:
        raise invalid(
            "You may only specify one of these parameters: days_until_due, due_date.",
            param="due_date",
        )
    if (due is not None or days is not None) and collection_method != "send_invoice":
        raise invalid(
            "`due_date` and `days_until_due` can only be used when `collection_method` is "
            "`send_invoice`.",
            param="due_date" if due is not None else "days_until_due",
        )
    if days is not None and days < 0:
        raise invalid(f"Invalid non-negative integer: {days}", param="days_until_due")
    if due is not None and due <= account.now():
        raise invalid("The due date must be in the future.", param="due_date")
    if due is not None and due > account.now() + FIVE_YEARS:
        raise invalid("The due date cannot be more than five years away.", param="due_date")


def _apply_due(invoice: Json, params: Json) -> None:
    if params.get("due_date") is not None:
        invoice["due_date"] = params["due_date"]
    elif params.get("days_until_due") is not None:
        invoice["due_date"] = invoice["created"] + params["days_until_due"] * DAY


def _check_content(account: Account, invoice: Json, params: Json) -> None:
    fields = params.get("custom_fields") or []
    if len(fields) > MOST_CUSTOM_FIELDS:
        raise invalid(
            f"You may have at most {MOST_CUSTOM_FIELDS} custom fields.", param="custom_fields"
        )
    for position, entry in enumerate(fields):
        for part in ("name", "value"):
            if not entry[part]:
                raise invalid(
                    f"custom_fields[{position}][{part}] must not be empty.",
                    param=f"custom_fields[{position}][{part}]",
                    code="parameter_invalid_empty",
                )
    types = (params.get("payment_settings") or {}).get("payment_method_types")
    if types:
        where = "payment_settings[payment_method_types]"
        check_payment_methods(types, invoice["currency"], where)
    number = params.get("number")
    taken = number and any(
        other["number"] == number and other is not invoice
        for other in account.all("invoice").values()
    )
    if taken:
        raise invalid(f"The invoice number {number} is already in use.", param="number")
