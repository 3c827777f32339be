"""Invoice items: lines that wait for a customer's next invoice, or are added one by one."""

from __future__ import annotations

from po_toolkit.simulator import tax_rates
from po_toolkit.simulator.customers import living
from po_toolkit.simulator.errors import invalid
from po_toolkit.simulator.events import changed, emit
from po_toolkit.simulator.invoice_shape import add_up, render
from po_toolkit.simulator.lines import check_count, new_line
from po_toolkit.simulator.paging import page, within
from po_toolkit.simulator.world import Account, Json


def create(account: Account, params: Json) -> Json:
    """POST /v1/invoiceitems: onto a draft, or pending for the customer's next invoice."""
    if not params.get("customer"):
        raise invalid("You must specify a customer.", param="customer", code="parameter_missing")
    customer = living(account, params["customer"])
    if params.get("invoice"):
        return _onto_draft(account, customer, params)
    price = params.get("price_data") or {}
    currency = params.get("currency") or price.get("currency") or customer["currency"]
    if not currency:
        raise invalid("You must specify a currency.", param="currency", code="parameter_missing")
    line = _line(account, {"id": None, "currency": currency}, params)
    return _item(account, customer, line, None)


def list_items(account: Account, params: Json) -> Json:
    """GET /v1/invoiceitems."""
    on = params.pop("created", None)
    return page(
        account.all("invoiceitem").values(),
        params,
        "/v1/invoiceitems",
        shown,
        same=("customer", "invoice"),
        wanted=lambda i: within(i["date"], on) and not (params.get("pending") and i["invoice"]),
    )


def take_pending(account: Account, invoice: Json) -> list[Json]:
    """Return the customer's pending items in this currency as lines, pending no more."""
    lines = []
    for item in account.all("invoiceitem").values():
        mine = item["customer"] == invoice["customer"] and item["currency"] == invoice["currency"]
        if mine and item["invoice"] is None:
            item["invoice"] = item["_line"]["invoice"] = invoice["id"]
            lines.append(item["_line"])
    check_count(account, 0, len(lines))
    return lines


def _onto_draft(account: Account, customer: Json, params: Json) -> Json:
    invoice = account.get("invoice", params["invoice"], param="invoice", in_path=False)
    if invoice["customer"] != customer["id"]:
        raise invalid("The invoice belongs to another customer.", param="invoice")
    if invoice["status"] != "draft":
        raise invalid("This invoice is no longer editable", code="invoice_not_editable")
    currency = params.get("currency")
    if currency and currency != invoice["currency"]:
        raise invalid(
            f"The currency of the item ({currency}) must be the same as the currency of the "
            f"invoice ({invoice['currency']}).",
            param="currency",
        )
    check_count(account, len(invoice["lines"]), 1)
    before = render(account, invoice)
    line = _line(account, invoice, params)
    invoice["lines"] = [*invoice["lines"], line]
    add_up(account, invoice)
    after = render(account, invoice)
    item = _item(account, customer, line, invoice["id"])
    emit(account, "invoice.updated", after, previous=changed(before, after))
    return item


def _line(account: Account, invoice: Json, params: Json) -> Json:
    if "unit_amount_decimal" in params:
        given = {k: v for k, v in params.items() if k not in {"unit_amount_decimal", "currency"}}
        given["price_data"] = {
            "currency": invoice["currency"],
            "product_data": {"name": params.get("description") or "Item"},
            "unit_amount_decimal": params["unit_amount_decimal"],
        }
        return new_line(account, invoice, given, "")
    return new_line(account, invoice, params, "")


def _item(account: Account, customer: Json, line: Json, invoice_id: str | None) -> Json:
    item = account.add(
        {
            "id": line["parent"]["invoice_item_details"]["invoice_item"],
            "object": "invoiceitem",
            "amount": line["amount"],
            "currency": line["currency"],
            "customer": customer["id"],
            "customer_account": None,
            "date": account.now(),
            "description": line["description"],
            "discountable": line["discountable"],
            "discounts": [],
            "invoice": invoice_id,
            "livemode": account.livemode,
            "metadata": line["metadata"],
            "net_amount": line["amount"],
            "parent": None,
            "period": line["period"],
            "pricing": line["pricing"],
            "proration": False,
            "quantity": line["quantity"],
            "quantity_decimal": line["quantity_decimal"],
            "tax_rates": [
                tax_rates.shown(account.get("tax_rate", rate_id)) for rate_id in line["_tax_rates"]
            ],
            "test_clock": None,
            "_line": line,
        }
    )
    emit(account, "invoiceitem.created", shown(item))
    return shown(item)


def shown(item: Json) -> Json:
    """Return an invoice item as the API shows it."""
    return {name: value for name, value in item.items() if name != "_line"}
