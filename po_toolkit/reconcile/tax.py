"""The tax in the totals, by purchase order and rate, as a return to the tax office needs it."""

from __future__ import annotations

import pandas as pd

from po_toolkit.domain.tax import line_tax, rate_words, rates_of
from po_toolkit.reconcile.books import Books
from po_toolkit.reconcile.tables import TAX


def by_rate(books: Books) -> pd.DataFrame:
    """Return one row for each purchase order and rate (table ``TAX``), in minor units.

    With a rate inside the price the taxable amount is the price without the taxes inside.
    """
    orders = books.orders
    sums: dict[tuple[int, str, str], list[int]] = {}
    lines = books.taxed_lines
    columns = (lines[name].tolist() for name in ("order_id", "currency", "line_total", "tax_rates"))
    for order_id, currency, line_total, kept in zip(*columns, strict=True):
        if order_id not in orders.index:
            continue
        rates = rates_of(kept)
        tax = line_tax(line_total, currency, rates)
        for rate, amount in zip(rates, tax.by_rate, strict=True):
            found = sums.setdefault((order_id, rate_words(rate), rate.treatment), [0, 0])
            found[0] += line_total - tax.included
            found[1] += amount
    ids = [order_id for order_id, _, _ in sums]
    chosen = orders.loc[ids]
    return TAX.frame(
        {
            "reference": chosen["reference"].tolist(),
            "organization_name": chosen["organization_name"].tolist(),
            "sent_on": chosen["sent_on"],
            "currency": chosen["currency"].tolist(),
            "rate": [rate for _, rate, _ in sums],
            "treatment": [treatment for _, _, treatment in sums],
            "taxable": [taxable for taxable, _ in sums.values()],
            "tax": [amount for _, amount in sums.values()],
        }
    )
