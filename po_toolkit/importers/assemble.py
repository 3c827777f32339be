"""The rows of one purchase order → the order, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from po_toolkit.domain import stripe_limits
from po_toolkit.domain.tax import TaxRules, line_tax
from po_toolkit.domain.tax_ids import TaxId
from po_toolkit.errors import AmountError
from po_toolkit.importers.findings import Findings
from po_toolkit.importers.orders import Order, OrderLine
from po_toolkit.importers.pricing import Pricer
from po_toolkit.importers.rows import Refusal, Rows
from po_toolkit.money import display

_SINGLE = (
    "contact_email",
    "due_date",
    "days_until_due",
    "stripe_invoice_id",
    "tax_id",
    "language",
    "service_start",
    "service_end",
    "payment_methods",
    "delivery",
)
"""What a purchase order has one of; its lines must agree or be silent."""


class Assembler:
    """Puts the orders of one table together, and names what is wrong with each."""

    def __init__(
        self,
        rows: Rows,
        findings: Findings,
        pricer: Pricer,
        *,
        currency: str,
        header_currencies: Mapping[str, str],
        unknown: Mapping[str, str],
        max_lines: int,
        tax: TaxRules,
    ) -> None:
        """Take what all orders of the table share.

        Args:
            rows: The rows as read.
            findings: Where problems go.
            pricer: Makes a row's lines.
            currency: The conference's, for orders that name none.
            header_currencies: Column key → the currency its header names.
            unknown: Column key → the name of a column whose texts go to the notes.
            max_lines: How many lines a Stripe invoice holds.
            tax: The conference's rates and rules.
        """
        self._rows = rows
        self._findings = findings
        self._pricer = pricer
        self._currency = currency
        named = set(header_currencies.values())
        self._header_currency = named.pop() if len(named) == 1 else ""
        self._amounts = [
            key
            for key in rows.values
            if key in ("unit_price", "amount") or key.startswith("package:")
        ]
        self._unknown = unknown
        self._max_lines = max_lines
        self._tax = tax

    def order(self, group: Sequence[int]) -> Order | None:
        """Return the order of these rows, or None after noting what is wrong."""
        before = len(self._findings.errors)
        self._note_cells(group)
        single = {name: self._agreed(group, name) for name in _SINGLE}
        currency = self._one_currency(group)
        tax_id = self._tax_id(group, single["tax_id"])
        lines = self._lines(group, currency, tax_id)
        authorized = self._authorized(group, currency)
        if lines is None or currency is None or len(self._findings.errors) > before:
            return None
        rows, first = self._rows, group[0]
        addresses: list[str] = single["contact_email"]
        order = Order(
            rows=[rows.numbers[row] for row in group],
            organization_name=rows.value(first, "organization_name"),
            contact_email=addresses[0],
            currency=currency,
            lines=lines,
            contact_name=self._first(group, "contact_name"),
            billing_address=self._first(group, "billing_address"),
            po_number=rows.value(first, "po_number") or "",
            due_date=single["due_date"],
            days_until_due=single["days_until_due"],
            stripe_invoice_id=single["stripe_invoice_id"] or "",
            notes=self._notes(group, addresses),
            po_amount=authorized,
            tax_id=tax_id,
            language=single["language"] or "",
            service_start=single["service_start"],
            service_end=single["service_end"],
            payment_methods=single["payment_methods"] or (),
            delivery=single["delivery"] or "",
        )
        self._check_sum(first, order)
        self._check_period(first, order)
        return order if len(self._findings.errors) == before else None

    def _note_cells(self, group: Sequence[int]) -> None:
        for row in group:
            for key in self._rows.refused.get(row, ()):
                refusal = self._rows.values[key][row]
                self._findings.error(row, key, refusal.code, refusal.message)
            for key in self._rows.cleaned.get(row, ()):
                self._findings.warn(
                    row, key, "control_characters", "invisible control characters were taken out."
                )

    def _one_currency(self, group: Sequence[int]) -> str | None:
        """Find the order's currency: its column, the header, the signs, the conference's."""
        if "currency" in self._rows.values:
            if any(self._rows.is_bad(row, "currency") for row in group):
                return None
            if said := self._agreed(group, "currency"):
                return str(said)
        return self._header_currency or self._signed(group) or self._currency

    def _signed(self, group: Sequence[int]) -> str:
        """Return the currency that the signs beside the amounts name, if it is one."""
        possible: frozenset[str] | None = None
        for key in self._amounts:
            for row in group:
                amount = self._rows.value(row, key)
                if amount and amount[1] is not None:
                    possible = amount[1] if possible is None else possible & amount[1]
        if not possible or self._currency in possible:
            return ""
        return next(iter(possible)) if len(possible) == 1 else ""

    def _agreed(self, group: Sequence[int], key: str) -> Any:
        """Return what the lines agree on, after noting each that differs."""
        column = self._rows.values.get(key)
        if column is None:
            return None
        first = column[group[0]]
        if type(first) is not Refusal and (
            key in self._rows.same or all(column[row] is first for row in group)
        ):
            return first
        said: Any = None
        by = group[0]
        for row in group:
            value = self._rows.value(row, key)
            if value is said or value is None or value == "":
                continue
            if said is None:
                said, by = value, row
            elif value != said:
                self._findings.error(
                    row,
                    key,
                    "conflict",
                    f"row {self._rows.numbers[by]} of the same purchase order says "
                    f"{self._rows.shown(by, key)!r}; make them equal, or leave one empty.",
                )
        return said

    def _lines(
        self, group: Sequence[int], currency: str | None, tax_id: TaxId | None
    ) -> list[OrderLine] | None:
        if currency is None:
            return None
        made: list[OrderLine] = []
        bad = False
        for row in group:
            lines = self._pricer.lines(row, currency)
            if lines and self._tax.active:
                lines = self._taxed(row, lines, currency, tax_id)
            bad = bad or lines is None
            made.extend(lines or ())
        if len(made) > self._max_lines:
            self._findings.error(
                group[0],
                "po_number",
                "too_many_lines",
                f"the purchase order has {len(made)} lines; a Stripe invoice holds "
                f"{self._max_lines}. Split it.",
            )
        return None if bad else made

    def _taxed(
        self, row: int, lines: list[OrderLine], currency: str, tax_id: TaxId | None
    ) -> list[OrderLine] | None:
        """Return a row's lines with their tax, or None after noting what is wrong."""
        if self._rows.is_bad(row, "tax_rate"):
            return None
        rates = self._tax.chosen(self._rows.value(row, "tax_rate"), tax_id)
        try:
            taxes = [line_tax(line.line_total, currency, rates) for line in lines]
        except AmountError as error:
            self._findings.error(row, "tax_rate", "tax_not_representable", str(error))
            return None
        return [
            line._replace(rates=rates, tax_on_top=tax.on_top, tax_included=tax.included)
            for line, tax in zip(lines, taxes, strict=True)
        ]

    def _tax_id(self, group: Sequence[int], said: TaxId | None) -> TaxId | None:
        """Return a tax id whose kind is known; another one goes to the notes as it came."""
        if said is None or said.type:
            return said
        self._findings.warn(
            group[0],
            "tax_id",
            "tax_id_kind",
            f"the kind of tax id {said.value!r} cannot be told, so it is kept in the notes and "
            f"not put on the invoice; write the kind before it, as in au_abn 51824753556.",
        )
        return None

    def _authorized(self, group: Sequence[int], currency: str | None) -> int | None:
        if currency is None or self._agreed(group, "po_amount") is None:
            return None
        row = next(row for row in group if self._rows.value(row, "po_amount"))
        return self._pricer.minor(row, "po_amount", currency)

    def _notes(self, group: Sequence[int], addresses: Sequence[str]) -> str:
        notes = self._texts(group, "notes")
        tax_id = self._agreed(group, "tax_id")
        if tax_id is not None and not tax_id.type:
            notes.append(f"Tax id: {tax_id.value}")
        for key, name in self._unknown.items():
            notes += [f"{name}: {text}" for text in self._texts(group, key)]
        if len(addresses) > 1:
            others = ", ".join(addresses[1:])
            notes.append(f"Other addresses: {others}")
            self._findings.warn(
                group[0],
                "contact_email",
                "several_emails",
                f"the invoice goes to {addresses[0]}; {others} is kept in the notes.",
            )
        return "\n".join(notes)

    def _texts(self, group: Sequence[int], key: str) -> list[str]:
        """Return the different texts of a column, in their order."""
        column = self._rows.values.get(key)
        if column is None:
            return []
        first = column[group[0]]
        if type(first) is str and (
            key in self._rows.same or all(column[row] is first for row in group)
        ):
            return [first] if first else []
        texts = (self._rows.value(row, key) for row in group)
        return [text for text in dict.fromkeys(texts) if text]

    def _first(self, group: Sequence[int], key: str) -> str:
        return next(iter(self._texts(group, key)), "")

    def _check_period(self, first: int, order: Order) -> None:
        start, end = order.service_start, order.service_end
        if start is not None and end is not None and end < start:
            self._findings.error(
                first, "service_end", "service_period", f"{end} is before the start, {start}."
            )

    def _check_sum(self, first: int, order: Order) -> None:
        total, currency = order.total, order.currency
        least = stripe_limits.minimum_total(currency)
        if least <= total and stripe_limits.total_fits(total, currency):
            return
        shown = display(total, currency)
        if total <= 0:
            code, message = "total_not_positive", "it must be more than zero"
        elif total < least:
            code = "total_below_minimum"
            message = f"Stripe charges {display(least, currency)} or more"
        else:
            code, message = (
                "total_too_large",
                (
                    f"Stripe charges {display(stripe_limits.maximum_total(currency), currency)} or "
                    f"less in one invoice; split it into several purchase orders"
                ),
            )
        self._findings.error(
            first, self._pricer.price_field, code, f"the lines add up to {shown}; {message}."
        )
