"""Receive Stripe's webhooks in a Flask app: flask --app flask_webhook run

In Stripe's dashboard, send the events of docs/deploy.md to https://YOUR-HOST/stripe-webhook.
"""

from flask import Flask, request

from po_toolkit import ForgedError, MalformedError, open_conference

app = Flask(__name__)
conference = open_conference("pycon-2027")


@app.post("/stripe-webhook")
def stripe_webhook():
    """Check the signature, store the event, answer, and process what is due."""
    try:
        conference.receive_webhook(request.get_data(), request.headers.get("Stripe-Signature", ""))
    except (ForgedError, MalformedError):
        return "", 400
    # The event is stored: what cannot be processed now is tried again later, and a sync finds it.
    conference.process_webhooks()
    return "", 200
