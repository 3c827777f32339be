"""Reports that a treasurer prints: the verdict first, then what is not zero, then every row.

One report is shown in a notebook, written as one HTML file that needs no network, and as PDF. Its
tables hold text that is ready to read: thousands separators, written dates, words for codes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from po_toolkit.domain.ageing import BUCKET_LABELS, Bucket
from po_toolkit.domain.discrepancies import DISCREPANCY_CLASSES, DISCREPANCY_TITLES
from po_toolkit.domain.sums import Status
from po_toolkit.domain.wording import STATUS_LABELS, count, label, person, written_day
from po_toolkit.errors import extra
from po_toolkit.money import to_major
from po_toolkit.reconcile.books import readable_entries, readable_evidence
from po_toolkit.reconcile.charts import PRINT_INK, bar_chart, line_chart
from po_toolkit.reconcile.comparisons import cash_against_due, discrepancy_changes, what_changed
from po_toolkit.reconcile.reconciliation import Reconciliation
from po_toolkit.reconcile.schema import Column, Kind, Table, decimal_text
from po_toolkit.reconcile.statement import Statement
from po_toolkit.reconcile.tables import (
    AGEING,
    BANK_LINES,
    CHANGES,
    CHECKS,
    DISCREPANCIES,
    ENTRIES,
    FEES,
    INVOICES,
    NEWS,
    PAYOUTS,
    PURCHASE_ORDERS,
    STATEMENT,
    SUMMARY,
    TAX,
    TIE_OUT,
)
from po_toolkit.reconcile.tie_out import TieOut

_HEADINGS = {
    "organization_name": "Sponsor",
    "purchase_orders": "Purchase orders",
    "paid_stripe": "Paid through Stripe",
    "paid_other": "Paid otherwise",
    "stripe_invoice_id": "Stripe ID",
    "stripe_status": "Status at Stripe",
    "stripe_total": "Total at Stripe",
    "stripe_amount_due": "Due at Stripe",
    "stripe_amount_paid": "Paid at Stripe",
    "number": "Invoice",
    "recorded": "Recorded here",
    "due_date": "Due",
    "entered_by": "Entered by",
    "payment_reference": "Payment reference",
    "payment_date": "Date",
    "booked_on": "Booked",
    "sent_on": "Sent",
    "source_id": "Source ID",
    "set_aside": "Excluded",
    "rule": "Matched by",
    "bucket": "Age",
    "code": "Discrepancy",
    "title": "Discrepancy",
    "remedy": "How to fix it",
    "evidence": "Found",
    "arrival_date": "Bank date",
    "made_on": "Made",
    "way": "Type",
    "sponsors": "Net from sponsors",
    "fees": "Fees deducted",
    "others": "Other activity",
    "not_itemised": "Not itemized",
    "left": "Expected",
    "right": "Actual",
    "words": "Description",
    "text": "Bank description",
    "whose": "Type",
    "at_stake": "At stake",
    "accepted": "Accepted because",
    "news": "Change",
    "was": "Before",
    "is_now": "After",
    "what": "Entry",
    "trace_id": "Trace ID",
    "po_currency": "PO currency",
    "po_amount": "PO amount",
}
"""Headings of columns whose name does not say it well enough."""

_WORTH_A_CHART = 3
"""Fewer purchase orders than this in a currency are read faster than drawn."""

_MINUS = "\N{MINUS SIGN}"
_ATTENTION = "Needs attention"
_NOTHING = "\N{EN DASH}"
"""An amount of zero in a table, so that what is not zero stands out."""

_ADDED = {
    "purchase_orders": ("total", "credited", "paid", "paid_stripe", "paid_other", "refunded",
                        "balance"),
    "invoices": ("stripe_total", "stripe_amount_due", "stripe_amount_paid", "recorded"),
    "entries": ("paid", "refunded", "credited"),
    "ageing": ("purchase_orders", "amount"),
    "tax": ("taxable", "tax"),
    "changes": ("total", "credited", "paid", "refunded", "balance"),
    "payouts": ("amount", "sponsors", "others", "not_itemised", "fees", "at_bank"),
    "bank_lines": ("amount", "payouts", "payments", "set_aside", "unexplained"),
    "fees": ("count", "gross", "fee", "net"),
    "tie_out": ("gross", "fee", "net", "paid_out", "at_bank"),
}  # fmt: skip
"""The columns of each table that have a sum below them."""

_LONG = frozenset(
    {
        "organization_name", "evidence", "remedy", "text", "note", "words", "details",
        "discrepancies", "check", "accepted", "reason", "title", "code",
    }
)  # fmt: skip
"""Columns that may break into lines; references, IDs, dates and amounts never do."""

_WORDS: Mapping[str, Callable[[str], str]] = {
    "status": lambda code: STATUS_LABELS.get(code) or label(code),
    "was": lambda code: STATUS_LABELS.get(code) or label(code),
    "is_now": lambda code: STATUS_LABELS.get(code) or label(code),
    "bucket": lambda code: BUCKET_LABELS[Bucket(code)],
    "code": lambda code: DISCREPANCY_TITLES.get(code) or label(code),
    "entered_by": person,
    "failure": lambda text: label(text) if re.fullmatch("[a-z_]+", text) else text,
    **dict.fromkeys(
        ("state", "kind", "treatment", "method", "way", "whose", "rule", "stripe_status", "source",
         "via", "what", "news"),
        label,
    ),
}  # fmt: skip
"""How codes are written for people."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table ready to read.

    Attributes:
        title: Its caption.
        head: The headings.
        rows: Every row as text.
        right: Places of the columns that hold figures.
        long: Places of the columns whose text may break into lines.
        note: A sentence below the caption.
        foot: The sums below the rows, or nothing.
    """

    title: str
    head: list[str]
    rows: list[list[str]]
    right: frozenset[int] = frozenset()
    long: frozenset[int] = frozenset()
    note: str = ""
    foot: list[str] | None = None

    def html(self) -> str:
        """Return it as an HTML table."""
        styles = [
            " ".join(
                name
                for name, places in (("figure", self.right), ("long", self.long))
                if place in places
            )
            for place in range(len(self.head))
        ]
        head = "".join(
            f'<th scope="col" class="{style}">{escape(text)}</th>'
            for text, style in zip(self.head, styles, strict=True)
        )
        body = "\n".join(
            ("<tr>" if row is not self.foot else '<tr class="sum">')
            + "".join(
                f'<td class="{style}">{escape(text)}</td>'
                for text, style in zip(row, styles, strict=True)
            )
            + "</tr>"
            for row in [*self.rows, *([self.foot] if self.foot else [])]
        )
        title = f"<h3>{escape(self.title)}</h3>" if self.title else ""
        note = f'<p class="note">{escape(self.note)}</p>' if self.note else ""
        return (
            f"{title}{note}<div class='scroll'><table>"
            f"<thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>"
        )

    def _repr_html_(self) -> str:
        return _fragment(self.html())


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as a static image.

    Attributes:
        title: Its caption, read out to those who cannot see it.
        spec: Vega-Lite.
    """

    title: str
    spec: dict[str, Any]

    @property
    def _complete(self) -> dict[str, Any]:
        paper = {"background": "#ffffff", "padding": 12, "config": {"font": "Arial, sans-serif"}}
        return {"width": 620} | paper | self.spec

    def svg(self) -> str:
        """Draw it as SVG, which needs neither network nor script to be seen."""
        with extra("pdf"):
            import vl_convert

        return str(vl_convert.vegalite_to_svg(self._complete))

    def png(self) -> bytes:
        """Draw it as PNG in print resolution."""
        with extra("pdf"):
            import vl_convert

        return bytes(vl_convert.vegalite_to_png(self._complete, scale=2.5))

    def html(self) -> str:
        """Return it with its caption."""
        return (
            f'<figure role="img" aria-label="{escape(self.title)}">'
            f"<figcaption>{escape(self.title)}</figcaption>{self.svg()}</figure>"
        )

    def _repr_html_(self) -> str:
        return _fragment(self.html())


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its tables and charts; without any it says ``nothing``."""

    title: str
    parts: Sequence[Sheet | Chart] = ()
    nothing: str = "Nothing to show."
    intro: str = ""

    def html(self) -> str:
        """Return it as HTML."""
        intro = f"<p>{escape(self.intro)}</p>" if self.intro else ""
        inner = "\n".join(part.html() for part in self.parts) or f"<p>{escape(self.nothing)}</p>"
        return f"<section><h2>{escape(self.title)}</h2>{intro}{inner}</section>"

    def _repr_html_(self) -> str:
        return _fragment(self.html())


@dataclass(frozen=True)
class Report:
    """A report on one conference at the end of a day.

    Attributes:
        conference: The conference's name.
        title: What it is.
        period: The day or days, with the timezone.
        made_at: When it was made, in the conference's timezone.
        agrees: True: all that was checked agrees and nothing needs attention; None: nothing
            disagrees, but not every side was read.
        verdict: The result in a sentence or two.
        sections: The rest, in order.
    """

    conference: str
    title: str
    period: str
    made_at: datetime
    agrees: bool | None
    verdict: str
    sections: list[Section]

    def __getitem__(self, title: str) -> Section:
        """Return one section by its title."""
        return next(section for section in self.sections if section.title == title)

    @property
    def printed(self) -> list[Section]:
        """The sections that hold something, and what needs attention even if nothing does."""
        return [s for s in self.sections if s.parts or s.title == _ATTENTION]

    @cached_property
    def front(self) -> Section:
        """The heading and the verdict alone, for the top of a notebook."""
        return _Front(self.title, report=self)

    @property
    def small_print(self) -> str:
        """What stands at the foot of every page, so that a lost page can be put back."""
        made = f"{written_day(self.made_at.date())}, {self.made_at:%H:%M %Z}"
        return f"{self.conference} · {self.title} · {self.period} · Made {made}"

    def html(self) -> str:
        """Return one HTML file that holds everything it shows."""
        foot = re.sub(r'[\\"<\n]', lambda found: f"\\{ord(found[0]):x} ", self.small_print)
        body = "\n".join([self.front.html(), *(section.html() for section in self.printed)])
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(f'{self.conference}: {self.title}')}</title>"
            f"<style>{_STYLE}{_PAGE_STYLE.replace('SMALL PRINT', foot)}</style></head>"
            f'<body><main class="po-report">{body}'
            f"<footer>{escape(self.small_print)}</footer></main></body></html>\n"
        )

    def pdf(self) -> bytes:
        """Return it as PDF on A4, landscape.

        Raises:
            PoToolkitError: No font of this machine has one of its letters.
        """
        from po_toolkit.reconcile.documents.report_pdf import report_pdf

        return report_pdf(self)

    def _repr_html_(self) -> str:
        return _fragment(
            "\n".join([self.front.html(), *(section.html() for section in self.printed)])
        )


@dataclass(frozen=True, slots=True)
class _Front(Section):
    report: Report | None = None

    def html(self) -> str:
        if self.report is None:
            return ""
        style = {True: "good", False: "bad", None: "open"}[self.report.agrees]
        return (
            f"<header><p>{escape(self.report.conference)}</p><h1>{escape(self.report.title)}</h1>"
            f"<p>{escape(self.report.period)}</p>"
            f'<p class="verdict {style}">{escape(self.report.verdict)}</p></header>'
        )


def sheet(
    table: Table,
    frame: pd.DataFrame,
    *,
    title: str | None = None,
    without: Iterable[str] = (),
    note: str = "",
) -> Sheet:
    """Return rows of a table as text: every row, and every column that holds something.

    The currency is named once above the table where it is the same in all rows. Money is in minor
    units; ``without`` are columns that the caption or the section says already.
    """
    one = {
        name
        for name in {column.currency for column in table.columns if column.kind.is_money}
        if name in frame and len(set(frame[name])) == 1
    }
    hidden = {*without, *one}
    columns = [
        column
        for column in table.columns
        if column.name not in hidden and _holds_something(column, frame)
    ]
    currencies = sorted({str(frame[name].iloc[0]).upper() for name in one})
    amounts = f"Amounts in {currencies[0]}." if len(currencies) == 1 else ""
    if len(currencies) > 1:
        columns = [c for c in table.columns if c in columns or c.name in one]
    cells = [_texts_of_column(column, frame, table) for column in columns]
    return Sheet(
        table.title if title is None else title,
        [_HEADINGS.get(column.name) or label(column.name) for column in columns],
        [list(row) for row in zip(*cells, strict=True)],
        frozenset(i for i, c in enumerate(columns) if c.kind.is_money or _is_count(c)),
        frozenset(i for i, c in enumerate(columns) if c.name in _LONG),
        " ".join(part for part in (note, amounts) if part),
    )


def by_currency(
    table: Table, frame: pd.DataFrame, noun: str, *, plural: str = "", without: Iterable[str] = ()
) -> list[Sheet | Chart]:
    """Return the rows of each currency as a table with its sums below; cancelled ones owe nothing.

    Money is in minor units. A row is a ``noun``, for the caption; ``without`` are columns that the
    report says elsewhere.
    """
    found: list[Sheet | Chart] = []
    for currency, rows in _grouped(frame, "currency", sorted(set(frame["currency"]))):
        made = sheet(table, rows, without=without)
        counted = (
            rows[rows["status"].ne(Status.CANCELLED.value)] if table is PURCHASE_ORDERS else rows
        )
        places = {(_HEADINGS.get(n) or label(n)): n for n in _ADDED[table.name]}
        sums = [
            _summed(table.column(places[head]), counted, currency) if head in places else ""
            for head in made.head
        ]
        sums[0] = sums[0] or "Total"
        several = len(rows) > 1 and any(sums[1:])
        title = count(len(rows), noun, plural) + (f" in {currency.upper()}" if currency else "")
        note = _CANCELLED if several and len(counted) < len(rows) else ""
        found.append(replace(made, title=title, note=note, foot=sums if several else None))
    return found


_CANCELLED = "Cancelled purchase orders owe nothing; the total leaves them out."


def _summed(column: Column, rows: pd.DataFrame, currency: str) -> str:
    total = int(rows[column.name].sum())
    return _figure(total, currency) if column.kind.is_money else f"{total:,}"


def month_end_report(books: Reconciliation, found: TieOut) -> Report:
    """Return what sponsors owe, what they paid, and what does not add up, at the end of a day.

    The tie-out is of the same conference and day.
    """
    checks = pd.concat([_own_checks(books), found.checks], ignore_index=True)
    agrees, verdict = _verdict(books, found, checks)
    wrong = checks[checks["difference"] != 0]
    attention = [sheet(CHECKS, wrong, title="Checks that do not agree")] if len(wrong) else []
    attention += [
        sheet(
            DISCREPANCIES,
            rows,
            title=f"{DISCREPANCY_TITLES[code]} ({len(rows)})",
            without=["code", "remedy"],
            note=DISCREPANCY_CLASSES[code].remedy,
        )
        for code, rows in _grouped(
            _open(books).sort_values(["currency", "at_stake"], ascending=[True, False]),
            "code",
            DISCREPANCY_CLASSES,
        )
    ]
    accepted = _found(books, accepted=True)
    ageing = books.ageing[books.ageing["purchase_orders"] > 0]
    return Report(
        books.name,
        "Month-end report",
        _through(books.as_of, books.timezone),
        books.made_at.astimezone(ZoneInfo(books.timezone)),
        agrees,
        verdict,
        [
            Section("Totals", [totals_sheet(books)] if books.totals else [], "No purchase orders."),
            Section(_ATTENTION, attention, "Nothing needs attention."),
            *(
                [
                    Section(
                        "Accepted", [sheet(DISCREPANCIES, accepted, title="", without=["remedy"])]
                    )
                ]
                if len(accepted)
                else []
            ),
            Section(
                "By status",
                [sheet(SUMMARY, books.summary, title="", without=["conference"])]
                if len(books.summary)
                else [],
                "No purchase orders.",
            ),
            Section(
                "Outstanding by age",
                [*_ageing_charts(ageing), sheet(AGEING, ageing, title="")] if len(ageing) else [],
                "Nothing is outstanding.",
            ),
            Section("Cash received against due", _cash_charts(books), "Too little to draw."),
            Section(
                "Purchase orders",
                by_currency(
                    PURCHASE_ORDERS,
                    _by_sponsor(books.rows),
                    "purchase order",
                    without=["stripe_invoice_id", "stripe_status", "stripe_amount_paid"],
                ),
                "No purchase orders.",
            ),
            Section(
                "Invoices",
                by_currency(
                    INVOICES,
                    _invoices(books),
                    "invoice",
                    without=["hosted_url", "generation", "state", "stripe_invoice_id"],
                ),
                "No invoices.",
            ),
            Section(
                "Payments, refunds and credit notes",
                by_currency(
                    ENTRIES,
                    _entries(books),
                    "entry",
                    plural="entries",
                    without=["amount", "source", "source_id"],
                ),
                "No payments, refunds or credit notes.",
            ),
            *([Section("Tax", by_currency(TAX, books.tax, "row"))] if len(books.tax) else []),
            Section("Checks", _if_rows(CHECKS, checks, "check"), "Nothing to check."),
        ],
    )


def payouts_report(found: TieOut, *, name: str, made_at: datetime) -> Report:
    """Return every cent from purchase order to bank line."""
    wrong = found.checks[found.checks["difference"] != 0]
    bank_lines = found.named("bank_lines")
    unexplained = bank_lines[bank_lines["unexplained"] != 0]
    unread = found.unread
    verdict = [_agreeing(found.checks)]
    if len(unexplained):
        sums = _sums(unexplained["unexplained"].abs(), unexplained["currency"])
        verdict.append(f"{count(len(unexplained), 'bank line')} not explained, {sums}.")
    verdict += unread
    bad = len(wrong) > 0 or len(unexplained) > 0
    fees = found.fees[found.fees["fee"] != 0]
    return Report(
        name,
        "Payouts and bank",
        _through(found.as_of, found.timezone),
        made_at.astimezone(ZoneInfo(found.timezone)),
        False if bad else None if unread else True,
        " ".join(verdict),
        [
            Section(
                _ATTENTION,
                [
                    *(
                        [sheet(CHECKS, wrong, title="Checks that do not agree")]
                        if len(wrong)
                        else []
                    ),
                    *(
                        [sheet(BANK_LINES, unexplained, title="Bank lines not explained")]
                        if len(unexplained)
                        else []
                    ),
                ],
                "Nothing needs attention.",
            ),
            Section(
                "Payouts",
                by_currency(PAYOUTS, found.named("payouts"), "payout", without=["payout"]),
                "No payouts.",
            ),
            Section(
                "Bank lines",
                by_currency(BANK_LINES, bank_lines, "bank line"),
                "No bank lines.",
            ),
            Section("Fees", [*_fee_charts(fees), *by_currency(FEES, fees, "row")], "No fees."),
            Section(
                "All transactions",
                by_currency(
                    TIE_OUT,
                    found.named("rows"),
                    "transaction",
                    without=["via", "entry", "source_id", "balance_transaction"],
                ),
                "No transactions.",
            ),
            Section("Checks", _if_rows(CHECKS, found.checks, "check"), "Nothing to check."),
        ],
    )


def changes_report(then: Reconciliation, now: Reconciliation) -> Report:
    """Return what moved between two days, and which discrepancies came and went."""
    changes, news = what_changed(then, now), discrepancy_changes(then, now)
    new, settled = (int(news["news"].eq(word).sum()) for word in ("new", "settled"))
    received = changes["paid"] - changes["refunded"]
    sums = _sums(received, changes["currency"]) or "nothing"
    charts = [
        _bars(
            f"Received between the days ({currency.upper()})",
            rows["organization_name"].tolist(),
            rows["received"].tolist(),
            currency,
        )
        for currency, rows in _grouped(
            changes.assign(received=received)[received.ne(0)].sort_values(
                "received", ascending=False, kind="stable"
            ),
            "currency",
        )
    ]
    return Report(
        now.name,
        "What changed",
        f"{written_day(then.as_of)} to {written_day(now.as_of)} ({now.timezone})",
        now.made_at.astimezone(ZoneInfo(now.timezone)),
        None if new else True,
        f"{count(len(changes), 'purchase order')} changed; {sums} received; "
        f"{count(new, 'new discrepancy', 'new discrepancies')}, {settled} settled.",
        [
            Section(
                f"Totals on {written_day(then.as_of)}", [totals_sheet(then)] if then.totals else []
            ),
            Section(
                f"Totals on {written_day(now.as_of)}", [totals_sheet(now)] if now.totals else []
            ),
            Section(
                "Purchase orders that changed",
                by_currency(CHANGES, changes, "purchase order"),
                "No purchase order changed.",
            ),
            Section("Received between the days", list(charts), "Nothing was received."),
            Section(
                "Discrepancies",
                [
                    sheet(NEWS, rows, title=label(str(word)), without=["news", "code"])
                    for word, rows in _grouped(news, "news")
                ],
                "No discrepancies on either day.",
            ),
        ],
    )


def statement_report(statement: Statement, *, made_at: datetime) -> Report:
    """Return a sponsor's statement of account as a report."""
    timezone = statement.timezone
    since = f"{written_day(statement.since)} to " if statement.since else ""
    owed = [
        f"{_money(abs(owed), currency)} {'due' if owed >= 0 else 'in their favor'}"
        for currency, owed in sorted(statement.owed.items())
    ]
    return Report(
        statement.conference.name,
        f"Statement of account: {statement.organization_name}",
        f"{since}{written_day(statement.as_of)} ({timezone}) · {statement.contact_email}",
        made_at.astimezone(ZoneInfo(timezone)),
        all(owed <= 0 for owed in statement.owed.values()) or None,
        f"{'; '.join(owed) or 'Nothing was charged or paid'}.",
        [
            Section(
                "Charges and payments",
                [
                    sheet(STATEMENT, rows, title=str(currency).upper())
                    for currency, rows in _grouped(statement.lines, "currency")
                ],
                "Nothing was charged or paid.",
            )
        ],
    )


def _verdict(books: Reconciliation, found: TieOut, checks: pd.DataFrame) -> tuple[bool | None, str]:
    items = _open(books)
    words = [_agreeing(checks)]
    if len(items):
        sums = at_stake(items)
        stake = f", {sums} at stake" if sums else ""
        verb = "needs" if len(items) == 1 else "need"
        words.append(f"{count(len(items), 'item')} {verb} attention{stake}.")
    else:
        words.append("Nothing needs attention.")
    words += found.unread
    bad = bool(len(items)) or bool(checks["difference"].ne(0).any())
    return (False if bad else None if found.unread else True), " ".join(words)


def at_stake(items: pd.DataFrame) -> str:
    """Write the money that discrepancies are about, each sum once.

    Several about one purchase order are about the same money, and so is what a sponsor paid too
    much and Stripe keeps as their credit.
    """
    most: Counter[tuple[str, Any]] = Counter()
    credit, over = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    rows: Iterable[Any] = items.itertuples()
    for row in rows:
        sponsor = (row.currency, row.organization_name)
        if row.code == "money_stuck_at_stripe":
            credit[sponsor] += row.at_stake
            continue
        if row.code == "overpaid":
            over[sponsor] += row.at_stake
        one = (row.currency, row.reference or row.Index)
        most[one] = max(most[one], row.at_stake)
    each = [(c, amount) for (c, _), amount in (most + (credit - over)).items()]
    return _sums([amount for _, amount in each], [currency for currency, _ in each])


def _open(books: Reconciliation) -> pd.DataFrame:
    """Return the discrepancies that nobody accepted."""
    return _found(books, accepted=False)


def _found(books: Reconciliation, *, accepted: bool) -> pd.DataFrame:
    found = books.discrepancies[books.discrepancies["accepted"].ne("") == accepted]
    return found.assign(evidence=readable_evidence(found["evidence"], books.books.invoices))


def _agreeing(checks: pd.DataFrame) -> str:
    good = int(checks["difference"].eq(0).sum())
    return f"{good} of {count(len(checks), 'check')} agree." if len(checks) else "Nothing to check."


def _own_checks(books: Reconciliation) -> pd.DataFrame:
    """Return the sums inside the reconciliation that must agree, by currency."""
    rows, found = books.rows, []
    for currency, sums in books.totals.items():
        here = rows[rows["currency"].eq(currency)]
        by_status = books.summary[books.summary["currency"].eq(currency)]
        by_age = books.ageing[books.ageing["currency"].eq(currency)]
        entries = books.entries[books.entries["currency"].eq(currency)]
        entries = entries[entries["reference"].isin(here["reference"])]
        found += [
            {
                "check": name,
                "currency": currency,
                "left": int(left),
                "right": int(right),
                "difference": int(left) - int(right),
            }
            for name, left, right in (
                (
                    "Purchase orders: total = credited + paid - refunded + balance",
                    sums["total"],
                    sums["credited"] + sums["paid"] - sums["refunded"] + sums["balance"],
                ),
                ("By status: balance = purchase orders", by_status["balance"].sum(),
                 here["balance"].sum()),
                ("By age: outstanding = totals", by_age["amount"].sum(), sums["open"]),
                ("Entries: paid - refunded = purchase orders",
                 (entries["paid"] - entries["refunded"]).sum(),
                 (here["paid"] - here["refunded"]).sum()),
                ("Credit notes: credited = purchase orders", entries["credited"].sum(),
                 here["credited"].sum()),
            )
        ]  # fmt: skip
    return CHECKS.frame(pd.DataFrame(found, columns=CHECKS.names))


def totals_sheet(books: Reconciliation, *, title: str = "") -> Sheet:
    """Return the sums of each currency; cancelled purchase orders are in none of them."""
    names = {
        "purchase_orders": "Purchase orders",
        "total": "Ordered",
        "credited": "Credited",
        "paid": "Paid",
        "refunded": "Refunded",
        "open": "Outstanding",
        "overdue": "Overdue",
        "overpaid": "Overpaid",
    }
    used = [n for n in names if any(sums[n] for sums in books.totals.values())]
    rows = [
        [
            currency.upper(),
            *(f"{sums[n]:,}" if n == "purchase_orders" else _figure(sums[n], currency)
              for n in used),
        ]
        for currency, sums in books.totals.items()
    ]  # fmt: skip
    return Sheet(
        title,
        ["Currency", *(names[n] for n in used)],
        rows,
        frozenset(range(1, len(used) + 1)),
    )


def _if_rows(table: Table, frame: pd.DataFrame, noun: str) -> list[Sheet | Chart]:
    return [sheet(table, frame, title=count(len(frame), noun))] if len(frame) else []


def _by_sponsor(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values("organization_name", kind="stable", key=lambda of: of.str.casefold())


def _invoices(books: Reconciliation) -> pd.DataFrame:
    """Return the invoices that Stripe has, in the order of their numbers."""
    known = books.invoices[books.invoices["stripe_invoice_id"].ne("")]
    return known.sort_values(["number", "reference"], kind="stable")


def _entries(books: Reconciliation) -> pd.DataFrame:
    """Return the entries as they are printed: an invoice by its number instead of Stripe's ID.

    The day an entry counts from is named only where it is another than the day the money moved.
    """
    entries = readable_entries(books.entries, books.invoices)
    same = entries["booked_on"].eq(entries["payment_date"])
    return entries.assign(booked_on=entries["booked_on"].where(~same))


def _ageing_charts(ageing: pd.DataFrame) -> list[Chart]:
    return [
        _bars(
            f"Outstanding by age ({currency.upper()})",
            [BUCKET_LABELS[bucket] for bucket in rows["bucket"]],
            rows["amount"].tolist(),
            currency,
        )
        for currency, rows in _grouped(ageing, "currency")
        if len(rows) > 1
    ]


def _fee_charts(fees: pd.DataFrame) -> list[Chart]:
    charts = []
    for currency, rows in _grouped(fees, "currency"):
        months = rows.groupby("month", sort=True)["fee"].sum()
        charts.append(
            _bars(f"Fees by month ({currency.upper()})",
                  [_month(str(m)) for m in months.index], months.tolist(), currency)
        )  # fmt: skip
    return charts


def _cash_charts(books: Reconciliation) -> list[Sheet | Chart]:
    charts: list[Sheet | Chart] = []
    now = f"{books.as_of:%Y-%m}"
    for currency, rows in _grouped(cash_against_due(books), "currency"):
        if books.totals[currency]["purchase_orders"] < _WORTH_A_CHART:
            continue
        drawn = pd.DataFrame(
            {
                "month": _month(month),
                "series": name,
                "amount": to_major(int(amount), currency),
                "written": _money(int(amount), currency),
            }
            for column, name in (
                ("due_so_far", "Due so far"),
                ("received_so_far", "Received so far"),
            )
            for month, amount in zip(rows["month"], rows[column], strict=True)
            if column == "due_so_far" or month <= now
        )
        spec = line_chart(drawn, currency, ink=PRINT_INK)
        spec["encoding"]["x"]["sort"] = None
        charts.append(Chart(f"Received against due, added up ({currency.upper()})", spec))
    return charts


def _bars(title: str, labels: Sequence[str], amounts: Sequence[int], currency: str) -> Chart:
    majors = [to_major(int(a), currency) for a in amounts]
    written = [_money(int(a), currency) for a in amounts]
    return Chart(title, bar_chart(labels, majors, written, ink=PRINT_INK))


def _grouped(
    frame: pd.DataFrame, column: str, order: Iterable[str] | None = None
) -> list[tuple[str, pd.DataFrame]]:
    present = list(dict.fromkeys(frame[column]))
    keys = present if order is None else [key for key in order if key in set(present)]
    return [(key, frame[frame[column].eq(key)]) for key in keys]


def _is_count(column: Column) -> bool:
    """Whether it is a number of things; the number of a bank line or an entry is a name."""
    return column.kind is Kind.COUNT or (
        column.kind is Kind.COUNT_OR_NONE and column.name not in ("bank_line", "entry")
    )


def _holds_something(column: Column, frame: pd.DataFrame) -> bool:
    values = frame[column.name]
    if column.kind.is_money:
        return bool((values.notna() & values.ne(0).fillna(value=False)).any())
    if column.kind in (Kind.TEXT, Kind.ID):
        return bool(values.ne("").any())
    if column.kind is Kind.CODES:
        return any(len(codes) for codes in values)
    return bool((values.notna() & values.ne(0)).any())


def _texts_of_column(column: Column, frame: pd.DataFrame, table: Table) -> list[str]:
    values = frame[column.name].tolist()
    if column.kind.is_money:
        pairs = zip(values, frame[column.currency].tolist(), strict=True)
        write = _amount if table in (CHECKS, STATEMENT) else _figure
        return ["" if pd.isna(value) else write(int(value), currency) for value, currency in pairs]
    if column.kind is Kind.CODES:
        return ["; ".join(DISCREPANCY_TITLES[code] for code in codes) for codes in values]
    words = _writer(column)
    return ["" if pd.isna(value) or value == "" else words(value) for value in values]


def _writer(column: Column) -> Callable[[Any], str]:
    """Return how a value of the column that is not empty is written."""
    if column.kind is Kind.DATE:
        return lambda value: written_day(value.date())
    if _is_count(column):
        return lambda value: f"{value:,}" if value else _NOTHING
    if column.name in ("currency", "po_currency"):
        return lambda value: str(value).upper()
    if column.name == "month":
        return _month
    return _WORDS.get(column.name, str)


def _amount(minor: int, currency: str) -> str:
    """Write an amount with thousands separators and a minus sign that does not break."""
    whole, point, rest = decimal_text(abs(minor), currency).partition(".")
    return f"{_MINUS if minor < 0 else ''}{int(whole):,}{point}{rest}"


def _figure(minor: int, currency: str) -> str:
    """Write an amount of a table, zero as a dash."""
    return _amount(minor, currency) if minor else _NOTHING


def _money(minor: int, currency: str) -> str:
    return f"{_amount(minor, currency)} {currency.upper()}"


def _sums(amounts: Iterable[int], currencies: Iterable[str]) -> str:
    """Write the sum of each currency: ``400.00 USD and 90.00 EUR``."""
    sums: Counter[str] = Counter()
    for amount, currency in zip(amounts, currencies, strict=True):
        if currency:
            sums[str(currency)] += int(amount)
    *most, last = [_money(sums[c], c) for c in sorted(sums) if sums[c]] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def _month(value: str) -> str:
    """Write a month: ``2027-03`` as ``Mar 2027``."""
    return f"{date.fromisoformat(f'{value}-01'):%b %Y}"


def _through(day: date, timezone: str) -> str:
    return f"As of the end of {written_day(day)} ({timezone})"


def _fragment(html: str) -> str:
    """Return HTML for a notebook's output, styled as the report is."""
    return f'<style>{_STYLE}</style><div class="po-report">{html}</div>'


_STYLE = """
.po-report{font:14px/1.45 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;
color:#111;background:#fff;color-scheme:light}
.po-report h1{font-size:26px;margin:0 0 4px}.po-report h2{font-size:19px;margin:28px 0 8px;
border-bottom:2px solid #0b4f8a;padding-bottom:4px}.po-report h3{font-size:15px;margin:16px 0 4px}
.po-report p{margin:4px 0;max-width:72ch}.po-report .note{color:#444}
.po-report .verdict{font-size:17px;font-weight:600;padding:10px 14px;border-left:6px solid;
margin:12px 0;max-width:none}.po-report .good{border-color:#1a7f37;background:#eef8f0}
.po-report .bad{border-color:#b35900;background:#fdf4ea}
.po-report .open{border-color:#666;background:#f3f3f3}
.po-report .scroll{overflow-x:auto}
.po-report table{border-collapse:collapse;margin:6px 0 14px;font-variant-numeric:tabular-nums}
.po-report th,.po-report td{padding:4px 10px;text-align:left!important;vertical-align:top;
white-space:nowrap;border-bottom:1px solid #ddd;background:#fff;color:#111;font-size:13px}
.po-report th{border-bottom:2px solid #111;font-weight:600;white-space:normal;
vertical-align:bottom}
.po-report .figure{text-align:right!important}
.po-report .sum td{font-weight:600;border-top:2px solid #111;border-bottom:0}
.po-report td.long{white-space:normal;min-width:16ch;max-width:48ch}
.po-report figure{margin:10px 0}.po-report figcaption{font-weight:600}
.po-report svg{max-width:100%;height:auto;overflow:visible}
.po-report footer{color:#444;margin-top:24px;font-size:12px}
@page{size:A4 landscape}
@media print{.po-report table{font-size:8pt}
.po-report th,.po-report td{font-size:7pt;padding:2px 5px}
.po-report .scroll{overflow:visible}.po-report thead{display:table-header-group}
.po-report tr,.po-report figure{break-inside:avoid}
.po-report h2,.po-report h3,.po-report .note{break-after:avoid}
.po-report .verdict{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
_PAGE_STYLE = """
body{margin:0;background:#fff}main.po-report{max-width:1240px;margin:0 auto;padding:24px}
@page{margin:12mm 12mm 16mm;
@bottom-left{content:"SMALL PRINT";font:7pt sans-serif;width:85%;color:#444}
@bottom-right{content:"Page " counter(page) " of " counter(pages);
font:7pt sans-serif;color:#444}}
@media print{main.po-report{max-width:none;padding:0}.po-report footer{display:none}}
"""
