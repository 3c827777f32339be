"""Which bank line is which payout, payment or purchase order: rules, evidence, no I/O.

The rules look at all lines at once, the strongest first; the order of lines changes nothing. A line
applies by itself only if nothing speaks against it. What one rule has taken is gone for the next;
what two lines or two candidates compete for is left to a person, and no weaker rule touches it.
"""

from po_toolkit.domain.bank_matching.facts import (
    BatchPart,
    Confirmed,
    Facts,
    HandEntry,
    Line,
    OpenOrder,
    Part,
    PayoutFact,
    Proposal,
    tolerance,
)
from po_toolkit.domain.bank_matching.matching import match

__all__ = [
    "BatchPart",
    "Confirmed",
    "Facts",
    "HandEntry",
    "Line",
    "OpenOrder",
    "Part",
    "PayoutFact",
    "Proposal",
    "match",
    "tolerance",
]
