"""The calls the simulator serves, and which of Stripe's parameters it knows how to honour.

A parameter that Stripe takes and this table does not name is refused loudly, never ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from po_toolkit.simulator import (
    accounts,
    balance,
    cash_balance,
    charges,
    credit_notes,
    customers,
    discounts,
    disputes,
    events,
    finalization,
    invoice_items,
    invoice_payments,
    invoices,
    payment_records,
    payouts,
    refunds,
    tax_ids,
    tax_rates,
    webhook_endpoints,
)
from po_toolkit.simulator.errors import malformed, unknown_address
from po_toolkit.simulator.world import Json

Handler = Callable[..., Json]

_CURSORS = "limit starting_after ending_before"
_PAGE = f"{_CURSORS} created"
_INVOICE = (
    "account_tax_ids auto_advance collection_method custom_fields days_until_due "
    "default_tax_rates description discounts due_date effective_at footer metadata number "
    "payment_settings rendering statement_descriptor"
)


@dataclass(frozen=True)
class Route:
    """One call: its handler and the names of the parameters that are honoured."""

    endpoint: str
    handler: Handler
    takes: frozenset[str]
    pattern: re.Pattern[str]

    @property
    def method(self) -> str:
        """GET, POST or DELETE."""
        return self.endpoint.split()[0]

    def check_simulated(self, params: Json) -> None:
        """Refuse a parameter that is Stripe's but not the simulator's.

        Raises:
            ApiError: The simulator would have to ignore it.
        """
        for name in params:
            if name not in self.takes:
                raise malformed(
                    f"The simulator does not know what {name} does in {self.endpoint}; see the "
                    f"table in po_toolkit.simulator.",
                    param=name,
                    code="not_simulated",
                )


def _route(endpoint: str, handler: Handler, takes: str = "") -> Route:
    template = endpoint.split()[1]
    pattern = re.compile(re.sub(r"\{[a-z_]+\}", r"([^/]+)", template) + r"/?")
    return Route(endpoint, handler, frozenset([*takes.split(), "expand"]), pattern)


def _stored(kind: str, param: str) -> Handler:
    """Return the handler of an object that is answered as it is kept."""
    return lambda account, _params, object_id: account.get(kind, object_id, param=param)


ROUTES = [
    _route("GET /v1/account", accounts.retrieve),
    _route(
        "POST /v1/customers",
        customers.create,
        "name email phone description address metadata tax_exempt preferred_locales tax_id_data",
    ),
    _route("GET /v1/customers", customers.list_customers, f"{_PAGE} email"),
    _route("GET /v1/customers/{customer}", customers.retrieve),
    _route(
        "POST /v1/customers/{customer}",
        customers.update,
        "name email phone description address metadata tax_exempt preferred_locales",
    ),
    _route("DELETE /v1/customers/{customer}", customers.delete),
    _route(
        "GET /v1/customers/{customer}/balance_transactions",
        customers.list_balance_moves,
        f"{_PAGE} invoice",
    ),
    _route(
        "POST /v1/customers/{customer}/balance_transactions",
        customers.create_balance_move,
        "amount currency description metadata",
    ),
    _route(
        "POST /v1/test_helpers/customers/{customer}/fund_cash_balance",
        cash_balance.fund_in_test_mode,
        "amount currency reference",
    ),
    _route(
        "POST /v1/coupons",
        discounts.create_coupon,
        "amount_off currency duration id metadata name percent_off",
    ),
    _route("GET /v1/coupons/{coupon}", _stored("coupon", "coupon")),
    _route("DELETE /v1/coupons/{coupon}", discounts.delete_coupon),
    _route("GET /v1/customers/{customer}/tax_ids", tax_ids.list_ids, _CURSORS),
    _route("POST /v1/customers/{customer}/tax_ids", tax_ids.create, "type value"),
    _route("DELETE /v1/customers/{customer}/tax_ids/{id}", tax_ids.delete),
    _route(
        "POST /v1/tax_rates",
        tax_rates.create,
        "active country description display_name inclusive jurisdiction metadata percentage state "
        "tax_type",
    ),
    _route("GET /v1/tax_rates", tax_rates.list_rates, f"{_PAGE} active inclusive"),
    _route("GET /v1/tax_rates/{tax_rate}", tax_rates.retrieve),
    _route(
        "POST /v1/tax_rates/{tax_rate}",
        tax_rates.update,
        "active country description display_name jurisdiction metadata state tax_type",
    ),
    _route("GET /v1/customers/{customer}/cash_balance", cash_balance.retrieve),
    _route(
        "GET /v1/customers/{customer}/cash_balance_transactions",
        cash_balance.list_moves,
        _CURSORS,
    ),
    _route(
        "POST /v1/invoices",
        invoices.create,
        f"{_INVOICE} automatic_tax customer currency from_invoice pending_invoice_items_behavior",
    ),
    _route(
        "GET /v1/invoices",
        invoices.list_invoices,
        f"{_PAGE} customer status collection_method due_date subscription",
    ),
    _route("GET /v1/invoices/{invoice}", invoices.retrieve),
    _route("POST /v1/invoices/{invoice}", invoices.update, _INVOICE),
    _route("DELETE /v1/invoices/{invoice}", invoices.delete),
    _route("POST /v1/invoices/{invoice}/add_lines", invoices.add_lines, "lines invoice_metadata"),
    _route("GET /v1/invoices/{invoice}/lines", invoices.list_lines, _CURSORS),
    _route("POST /v1/invoices/{invoice}/finalize", finalization.finalize, "auto_advance"),
    _route("POST /v1/invoices/{invoice}/send", finalization.send),
    _route("POST /v1/invoices/{invoice}/void", finalization.void),
    _route("POST /v1/invoices/{invoice}/pay", finalization.pay, "paid_out_of_band payment_method"),
    _route("POST /v1/invoices/{invoice}/mark_uncollectible", finalization.mark_uncollectible),
    _route(
        "POST /v1/invoices/{invoice}/attach_payment",
        payment_records.attach_payment,
        "payment_intent payment_record",
    ),
    _route(
        "POST /v1/invoiceitems",
        invoice_items.create,
        "amount currency customer description discountable invoice metadata period price_data "
        "pricing quantity quantity_decimal tax_rates unit_amount_decimal",
    ),
    _route("GET /v1/invoiceitems", invoice_items.list_items, f"{_PAGE} customer invoice pending"),
    _route(
        "GET /v1/invoice_payments",
        invoice_payments.list_payments,
        f"{_PAGE} invoice status payment",
    ),
    _route(
        "GET /v1/invoice_payments/{invoice_payment}", _stored("invoice_payment", "invoice_payment")
    ),
    _route(
        "POST /v1/payment_records/report_payment",
        payment_records.report_payment,
        "amount_requested customer_details customer_presence description failed guaranteed "
        "initiated_at metadata outcome payment_method_details processor_details",
    ),
    _route("GET /v1/payment_records/{id}", payment_records.retrieve),
    _route(
        "POST /v1/payment_records/{id}/report_refund",
        payment_records.report_refund,
        "amount initiated_at metadata outcome processor_details refunded",
    ),
    _route(
        "POST /v1/credit_notes",
        credit_notes.create,
        "amount credit_amount effective_at email_type invoice memo metadata out_of_band_amount "
        "reason refund_amount refunds",
    ),
    _route("GET /v1/credit_notes", credit_notes.list_notes, f"{_PAGE} customer invoice"),
    _route("GET /v1/credit_notes/{id}", credit_notes.retrieve),
    _route("POST /v1/credit_notes/{id}/void", credit_notes.void),
    _route("GET /v1/events", events.list_events, f"{_PAGE} type types"),
    _route("GET /v1/events/{id}", events.retrieve),
    _route(
        "POST /v1/payment_intents",
        charges.create_intent,
        "amount confirm currency customer metadata payment_method payment_method_types",
    ),
    _route("GET /v1/payment_intents", charges.list_intents, f"{_PAGE} customer"),
    _route("GET /v1/payment_intents/{intent}", _stored("payment_intent", "intent")),
    _route("GET /v1/charges", charges.list_charges, f"{_PAGE} customer payment_intent"),
    _route("GET /v1/charges/{charge}", _stored("charge", "charge")),
    _route("GET /v1/payouts", payouts.list_payouts, f"{_PAGE} arrival_date status"),
    _route("GET /v1/payouts/{payout}", payouts.retrieve),
    _route("POST /v1/refunds", refunds.create, "amount charge metadata payment_intent reason"),
    _route("GET /v1/refunds", refunds.list_refunds, f"{_PAGE} charge payment_intent"),
    _route("GET /v1/refunds/{refund}", _stored("refund", "refund")),
    _route("GET /v1/disputes", disputes.list_disputes, f"{_PAGE} charge payment_intent"),
    _route("GET /v1/disputes/{dispute}", _stored("dispute", "dispute")),
    _route("POST /v1/disputes/{dispute}/close", disputes.accept),
    _route("GET /v1/balance_transactions/{id}", balance.retrieve),
    _route(
        "GET /v1/balance_transactions",
        balance.list_transactions,
        f"{_PAGE} currency payout source type",
    ),
    _route(
        "POST /v1/webhook_endpoints",
        webhook_endpoints.create,
        "url enabled_events api_version description metadata",
    ),
    _route("GET /v1/webhook_endpoints", webhook_endpoints.list_endpoints, _CURSORS),
    _route(
        "POST /v1/webhook_endpoints/{webhook_endpoint}",
        webhook_endpoints.update,
        "description disabled enabled_events url",
    ),
]


def find(method: str, path: str) -> tuple[Route, tuple[Any, ...]]:
    """Return the call that a method and a path name, and the ids in the path.

    Raises:
        ApiError: Stripe, or the simulator, has no such address.
    """
    for route in ROUTES:
        matched = route.pattern.fullmatch(path) if route.method == method else None
        if matched:
            return route, matched.groups()
    raise unknown_address(method, path)
