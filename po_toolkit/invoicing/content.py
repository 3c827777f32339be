"""What an invoice says beside its lines, from the conference's settings and the purchase order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from po_toolkit.domain.footers import footer_text
from po_toolkit.domain.payment_methods import takes, transfer_type
from po_toolkit.domain.tax import rates_of
from po_toolkit.money import display, to_minor
from po_toolkit.store.tables import Conference, PurchaseOrder

Json = dict[str, Any]

CUSTOM_FIELD_LENGTH = 140
FOOTER_LENGTH = 5000
MOST_CUSTOM_FIELDS = 4
"""Source: Stripe API 2026-10-28, invoices."""


@dataclass(frozen=True, slots=True)
class Content:
    """What the settings and the purchase order put on one generation of the invoice."""

    order: PurchaseOrder
    conference: Conference
    generation: int

    @property
    def _said(self) -> Json:
        return self.conference.content or {}

    @property
    def footer(self) -> str:
        """The conference's footer, where to pay, our tax id, and why there is no tax."""
        conference, lines = self.conference, self.order.line_items
        treatments = {rate.treatment for line in lines for rate in rates_of(line.tax_rates)}
        return footer_text(
            conference.invoice_footer, conference.content, conference.tax, treatments
        )

    @property
    def custom_fields(self) -> list[dict[str, str]]:
        """The sponsor's PO number, the conference's own fields, and our reference if it fits."""
        order = self.order
        fields = [("PO number", order.po_number)]
        for name, text in (self._said.get("custom_fields") or {}).items():
            fields.append((name, self._filled(text)))
        given = [{"name": name, "value": value} for name, value in fields if value]
        if len(given) < MOST_CUSTOM_FIELDS:
            given.append({"name": "Reference", "value": order.reference})
        return given

    def _filled(self, text: str) -> str:
        order = self.order
        for name in ("reference", "po_number", "organization_name", "contact_name"):
            text = text.replace(f"{{{name}}}", getattr(order, name))
        return " ".join(text.split())

    @property
    def methods(self) -> list[str]:
        """The ways to pay that take the currency and, for cards, the total."""
        order = self.order
        wanted = order.payment_methods or self.conference.payment_methods
        found = [m for m in wanted if takes(m, order.currency)]
        return [m for m in found if m != "card"] if self.above_card_limit else found

    @property
    def above_card_limit(self) -> bool:
        """Whether the total is more than may be paid by card."""
        limit = (self._said.get("max_card_amount") or {}).get(self.order.currency)
        if limit is None:
            return False
        return self.order.sums.total > to_minor(Decimal(limit), self.order.currency)

    @property
    def payment_settings(self) -> Json:
        """The ways to pay as Stripe takes them."""
        methods = self.methods
        settings: Json = {"payment_method_types": methods}
        if "customer_balance" in methods:
            transfer: Json = {"type": transfer_type(self.order.currency)}
            country = self._said.get("bank_transfer_country")
            if transfer["type"] == "eu_bank_transfer" and country:
                transfer["eu_bank_transfer"] = {"country": country}
            settings["payment_method_options"] = {
                "customer_balance": {"funding_type": "bank_transfer", "bank_transfer": transfer}
            }
        return settings

    @property
    def further(self) -> Json:
        """Return what only some conferences have: number, rendering and our tax ids."""
        said = self._said
        body: Json = {}
        if said.get("number_prefix"):
            body["number"] = f"{said['number_prefix']}{self.order.reference.removeprefix('PO')}" + (
                f"-{self.generation}" if self.generation > 1 else ""
            )
        rendering: Json = {}
        if said.get("template"):
            rendering["template"] = said["template"]
        if said.get("page_size"):
            rendering["pdf"] = {"page_size": said["page_size"]}
        if said.get("tax_display"):
            rendering["amount_tax_display"] = said["tax_display"]
        if rendering:
            body["rendering"] = rendering
        if self.automatic_tax:
            body["automatic_tax"] = {"enabled": True}
        if said.get("account_tax_ids"):
            body["account_tax_ids"] = said["account_tax_ids"]
        return body

    @property
    def automatic_tax(self) -> str:
        """``exclusive`` or ``inclusive`` where Stripe computes the tax, else ``""``."""
        return str((self.conference.tax or {}).get("automatic") or "")

    @property
    def language(self) -> str:
        """In which the sponsor reads the invoice; empty leaves it to Stripe."""
        return self.order.language or self._said.get("language") or ""

    @property
    def delivery(self) -> str:
        """Who delivers the invoice: ``stripe`` or ``ourselves``."""
        return self.order.delivery or self._said.get("delivery") or "stripe"

    @property
    def period(self) -> dict[str, int] | None:
        """The service period as Unix times in the conference's timezone."""
        start = self.order.service_start or self.order.service_end
        end = self.order.service_end or self.order.service_start
        if start is None or end is None:
            return None
        zone = ZoneInfo(self.conference.timezone)
        first = datetime.combine(start, time(), zone)
        after = datetime.combine(end + timedelta(days=1), time(), zone)
        return {"start": int(first.timestamp()), "end": int(after.timestamp()) - 1}

    def reasons(self) -> Iterator[str]:
        """Yield what Stripe would refuse of it."""
        order = self.order
        for given in self.custom_fields:
            if len(given["value"]) > CUSTOM_FIELD_LENGTH:
                yield (
                    f"its {given['name']} has {len(given['value'])} characters; Stripe prints at "
                    f"most {CUSTOM_FIELD_LENGTH}."
                )
        if len(self.footer) > FOOTER_LENGTH:
            yield (
                f"footer, bank details and tax notes have {len(self.footer)} characters together; "
                f"Stripe prints at most {FOOTER_LENGTH}."
            )
        if self.above_card_limit and not self.methods:
            yield (
                f"{display(order.sums.total, order.currency)} is more than may be paid by card, "
                f"and no other way to pay takes {order.currency.upper()}; add one to its "
                f"payment_methods or to the conference's."
            )
