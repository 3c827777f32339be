"""Stripe over HTTP, in memory: a stand-in that the real SDK talks to.

It imports nothing of the toolkit, so that it cannot share its mistakes.
"""

from po_toolkit.simulator.server import Simulator, serve

__all__ = ["Simulator", "serve"]
