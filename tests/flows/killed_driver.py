"""Invoices one purchase order and kills its own process before or after its n-th call."""

from __future__ import annotations

import os
import signal

import stripe
from pydantic import SecretStr

from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.bootstrap import open_conference
from po_toolkit.config import Settings
from po_toolkit.stripe_gateway import StripeGateway


class KillingClient(stripe.RequestsClient):
    """The SDK's own transport, with a sudden end."""

    def __init__(self, fatal: int, when: str) -> None:
        super().__init__(timeout=10)
        self.fatal, self.when, self.count = fatal, when, 0

    def request(self, *args, **kwargs):
        self.count += 1
        if (self.count, self.when) == (self.fatal, "before"):
            os.kill(os.getpid(), signal.SIGKILL)
        answer = super().request(*args, **kwargs)
        if self.count == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


def drive(
    database_url: str, api_base: str, key: str, reference: str, fatal: int, when: str
) -> None:
    settings = Settings(
        database_url=database_url,
        stripe_api_base=api_base,
        conferences={
            "pycon-2027": {
                "name": "PyCon 2027",
                "stripe_secret_key": key,
                "timezone": "America/New_York",
            }
        },
    )
    opened = open_conference("pycon-2027", settings=settings)
    opened.__dict__["gateway"] = StripeGateway(
        SecretStr(key),
        api_base=api_base,
        permit=lambda _endpoint: None,
        http_client=KillingClient(fatal, when),
    )
    invoice_purchase_orders(opened, references=[reference])
