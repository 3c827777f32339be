"""Stripe over HTTP, in memory: a stand-in that the real SDK talks to.

    with Simulator() as sim:
        client = stripe.StripeClient("sk_test_x", base_addresses={"api": sim.url})

What Stripe does not document is a switch with both behaviours, see
:mod:`po_toolkit.simulator.unproven`; the rest follows the documentation, and the code names it.
It answers API version 2026-10-28 for the calls in :mod:`po_toolkit.simulator.routes`, in the shapes
and with the refusals of Stripe's own OpenAPI description. Each API key is an account of its own.
What happens behind Stripe's back (payments, bounces, disputes, faults, time) is in ``sim.control``,
and for other processes under ``POST /_sim/…``. It imports nothing of the toolkit, so that it
cannot share its mistakes. It keeps nothing: when it ends, its accounts are gone.

What it does not do:

=====================  ===========================================================================
part of Stripe         here
=====================  ===========================================================================
any other call         404, as Stripe answers an unknown address
other parameters       those Stripe has and this does not: 400 with code ``not_simulated``
                       (shipping, application fees, transfers, previews, …)
message texts          Stripe's own where they are public, else near to them; ``type``, ``code``,
                       ``param`` and status are what programs may rely on
objects of one's own   products, prices, payment methods, subscriptions, quotes, files,
                       tax ids of the account, rendering templates
tax                    tax rates and one automatic rate for each country; a credit note is one
                       amount that is not broken down into tax
cards and banks        no card numbers; ``sim.control`` says what comes of a payment
mail                   nothing is sent, in test mode or live; ``sim.control.mails()`` has them
hosted page            pays whole or in part, at once also by bank debit (``sim.control.pay`` can
                       leave a debit processing); no login, no saved methods, no receipts
attached payments      payment records, and payment intents that succeeded
balance                one charge, one fee at US list prices; no reserves, no fee refunds
PDF                    one plain page of text
Connect                ``Stripe-Account`` is refused
keys                   each new key opens an account; ``sim.control.add_key`` gives an account more
connected clocks       no test clocks; ``sim.control.advance`` moves the one clock there is
webhooks               no retries of its own; ``deliver()`` posts what is still pending; endpoints
                       that are registered by API are listed, ``sim.control`` says where events go
search                 no ``/search``; at Stripe it lags behind, so the toolkit does without it
rate limits            off unless asked for; a sliding second, and none for concurrency
API version 2          404
test data              live and test keys behave alike, apart from ``livemode`` and rate limits
=====================  ===========================================================================
"""

from po_toolkit.simulator.server import Simulator, serve

__all__ = ["Simulator", "serve"]
