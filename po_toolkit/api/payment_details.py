"""What a person may add to a payment, for the front ends that ask for it; quick to import."""

from po_toolkit.domain.offline_payments import DETAILS

__all__ = ["DETAILS"]
