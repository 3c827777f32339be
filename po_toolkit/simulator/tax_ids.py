"""Customers' tax ids: checked for their form, shown on their invoices."""

from __future__ import annotations

import re

from po_toolkit.simulator.errors import invalid
from po_toolkit.simulator.events import emit
from po_toolkit.simulator.paging import page
from po_toolkit.simulator.world import Account, Json

_FORMS = {
    "au_abn": r"\d{11}",
    "ca_bn": r"\d{9}",
    "ca_gst_hst": r"\d{9}RT\d{4}",
    "ch_vat": r"CHE-?\d{3}\.?\d{3}\.?\d{3}( ?(MWST|TVA|IVA))?",
    "eu_vat": r"(AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK"
    r"|XI)[A-Z0-9+*]{2,12}",
    "gb_vat": r"(GB)?(\d{9}|\d{12}|(GD|HA)\d{3})",
    "in_gst": r"\d{2}[A-Z0-9]{13}",
    "no_vat": r"\d{9}MVA",
    "nz_gst": r"\d{8,9}",
    "us_ein": r"\d{2}-\d{7}",
}
"""The forms that are checked; other types are taken as they come."""


def create(account: Account, params: Json, customer_id: str) -> Json:
    """POST /v1/customers/{customer}/tax_ids."""
    account.get("customer", customer_id)
    return add(account, customer_id, params, "value")


def check(given: Json, param: str) -> tuple[str, str]:
    """Return a tax id's type and value.

    Raises:
        ApiError: It has not the form of its type.
    """
    kind, value = given["type"], given["value"].strip()
    form = _FORMS.get(kind)
    if not value or (form and not re.fullmatch(form, value)):
        raise invalid(f"Invalid value for {kind}.", code="tax_id_invalid", param=param)
    return kind, value


def add(account: Account, customer_id: str, given: Json, param: str) -> Json:
    """Put a tax id on a customer.

    Raises:
        ApiError: It has not the form of its type.
    """
    kind, value = check(given, param)
    made = account.add(
        {
            "id": account.new_id("txi"),
            "object": "tax_id",
            "country": kind[:2].upper() if kind[:2] != "eu" else value[:2],
            "created": account.now(),
            "customer": customer_id,
            "customer_account": None,
            "livemode": account.livemode,
            "owner": {"customer": customer_id, "type": "customer"},
            "type": kind,
            "value": value,
            "verification": {
                "status": "pending",
                "verified_address": None,
                "verified_name": None,
            },
        }
    )
    emit(account, "customer.tax_id.created", made)
    return made


def delete(account: Account, _params: Json, customer_id: str, tax_id: str) -> Json:
    """DELETE /v1/customers/{customer}/tax_ids/{id}."""
    account.get("customer", customer_id)
    emit(account, "customer.tax_id.deleted", account.get("tax_id", tax_id))
    del account.all("tax_id")[tax_id]
    return {"id": tax_id, "object": "tax_id", "deleted": True}


def list_ids(account: Account, params: Json, customer_id: str) -> Json:
    """GET /v1/customers/{customer}/tax_ids."""
    account.get("customer", customer_id)
    return page(of_customer(account, customer_id), params, f"/v1/customers/{customer_id}/tax_ids")


def of_customer(account: Account, customer_id: str) -> list[Json]:
    """Return a customer's tax ids, oldest first."""
    return [made for made in account.all("tax_id").values() if made["customer"] == customer_id]


def on_invoice(account: Account, customer_id: str) -> list[Json]:
    """Return a customer's tax ids as an invoice shows them."""
    return [
        {"type": made["type"], "value": made["value"]} for made in of_customer(account, customer_id)
    ]
