"""Tax that Stripe computed by itself, taken into the purchase order."""

from __future__ import annotations

from typing import Any

from po_toolkit.domain.tax import payable
from po_toolkit.invoicing.drive import Drive
from po_toolkit.invoicing.look import all_lines
from po_toolkit.invoicing.plan import line_key, line_taxes
from po_toolkit.money import SENT_AS_TWO_DECIMAL, minor_from_api
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.purchase_orders import refresh_status
from po_toolkit.store.tables import PurchaseOrder

Json = dict[str, Any]


def taxed_lines(drive: Drive, invoice: Json) -> list[Json]:
    """Return the lines of an invoice whose tax Stripe computed; empty for any other.

    Raises:
        StripeGatewayError: Further lines could not be read.
    """
    if not drive.plan.content.automatic_tax:
        return []
    return all_lines(drive.opened.gateway, invoice)


def unpayable(invoice: Json) -> bool:
    """Tell whether Stripe computed a tax that cannot be paid in the invoice's currency."""
    currency = invoice["currency"]
    whole = currency in SENT_AS_TWO_DECIMAL
    lines = invoice["lines"]["data"] if whole else ()
    taxes = (tax["amount"] for line in lines for tax in line.get("taxes") or ())
    return not all(payable(amount, currency) for amount in (invoice["total"], *taxes))


def take_taxes(uow: UnitOfWork, order_id: int, lines: list[Json]) -> PurchaseOrder:
    """Give the locked purchase order's lines the tax that Stripe's lines bear."""
    order = uow.lock_purchase_order(order_id)
    waiting: dict[tuple[str, int], list[Json]] = {}
    for said in lines:
        waiting.setdefault((said["description"] or "", said["amount"]), []).append(said)
    for line in order.line_items:
        said = waiting[line_key(line, order.currency)].pop(0)
        on_top, included = (minor_from_api(tax, order.currency) for tax in line_taxes(said))
        line.tax_on_top, line.tax_included = on_top, included
    refresh_status(order)
    return order
