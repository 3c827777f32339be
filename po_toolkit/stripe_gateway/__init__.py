"""Stripe: the only room that knows its SDK."""

from po_toolkit.stripe_gateway.client import StripeGateway
from po_toolkit.stripe_gateway.signatures import verify_signature

__all__ = ["StripeGateway", "verify_signature"]
