"""Stripe's deliveries over HTTP."""
