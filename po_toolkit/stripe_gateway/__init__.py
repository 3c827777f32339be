"""Stripe: the only room that knows its SDK."""

from po_toolkit.stripe_gateway.client import StripeGateway
from po_toolkit.stripe_gateway.signatures import verify_signature
from po_toolkit.stripe_gateway.transport import server_time

__all__ = ["StripeGateway", "server_time", "verify_signature"]
