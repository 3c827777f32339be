"""The account itself, as ``GET /v1/account`` answers, and what its restricted keys may do."""

from __future__ import annotations

from po_toolkit.simulator.world import Account, Json


def retrieve(account: Account, _params: Json) -> Json:
    """GET /v1/account."""
    return {
        "id": account.id,
        "object": "account",
        "business_profile": None,
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": "US",
        "created": account.created,
        "default_currency": "usd",
        "details_submitted": True,
        "email": None,
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "branding": {
                "icon": None,
                "logo": None,
                "primary_color": None,
                "secondary_color": None,
            },
            "card_payments": {
                "statement_descriptor_prefix": None,
                "statement_descriptor_prefix_kana": None,
                "statement_descriptor_prefix_kanji": None,
            },
            "dashboard": {"display_name": "Simulated account", "timezone": "Etc/UTC"},
            "payments": {
                "statement_descriptor": "SIMULATED",
                "statement_descriptor_kana": None,
                "statement_descriptor_kanji": None,
            },
        },
        "type": "standard",
    }


_RESOURCES = {
    "account": "accounts_kyc_basic",
    "balance_transactions": "balance_transaction_source",
    "invoiceitems": "invoice",
    "invoice_payments": "invoice",
    "coupons": "coupon",
}
"""Permissions whose name is not the resource's own; Stripe publishes no whole list."""


def permission_for(method: str, path: str) -> str:
    """Return the permission of a restricted key that a call needs, e.g. ``customer_write``."""
    resource = path.split("/")[2]
    name = _RESOURCES.get(resource, resource.removesuffix("s"))
    return f"{name}_{'read' if method == 'GET' else 'write'}"
