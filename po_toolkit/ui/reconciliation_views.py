"""The tables of a reconciliation, each figure of which opens to the rows it is the sum of."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from po_toolkit.api.month_end import accept_discrepancies, withdraw_acceptance
from po_toolkit.api.payment_details import DETAILS
from po_toolkit.api.reports import (
    AGEING,
    CASH,
    DISCREPANCIES,
    ENTRIES,
    MONTHS,
    PURCHASE_ORDERS,
    SUMMARY,
    TAX,
    Reconciliation,
    Table,
    cash_against_due,
    conference_totals,
    readable_entries,
    readable_evidence,
    with_decimals,
)
from po_toolkit.api.terms import BUCKET_LABELS, DISCREPANCY_CLASSES, DISCREPANCY_TITLES, Act, Bucket
from po_toolkit.errors import PoToolkitError
from po_toolkit.money import to_major
from po_toolkit.ui import charts, formats, table_files, tables
from po_toolkit.ui.failures import show_error
from po_toolkit.ui.language import N_, _, translated
from po_toolkit.ui.session import Visit

_ORDERS = {
    "organization_name": N_("Sponsor"),
    "status": N_("Status"),
    "total": N_("Total"),
    "credited": N_("Credited"),
    "paid": N_("Paid"),
    "refunded": N_("Refunded"),
    "balance": N_("Balance"),
    "due_date": N_("Due"),
    "days_overdue": N_("Days overdue"),
    "discrepancies": N_("Discrepancies"),
    "stripe_status": N_("At Stripe"),
    "stripe_amount_paid": N_("Paid at Stripe"),
    "po_number": N_("Their PO number"),
    "reference": N_("Reference"),
}
_FOUND = {
    "organization_name": N_("Sponsor"),
    "reference": N_("Reference"),
    "at_stake": N_("At stake"),
    "evidence": N_("What was found"),
}
_STATUS = {
    "status": N_("Status"),
    "purchase_orders": N_("Purchase orders"),
    "total": N_("Ordered"),
    "credited": N_("Credited"),
    "paid": N_("Paid"),
    "refunded": N_("Refunded"),
    "balance": N_("Balance"),
}
_AGEING = {
    "bucket": N_("Days overdue"),
    "purchase_orders": N_("Purchase orders"),
    "amount": N_("Open"),
}
_CONFERENCES = {
    "conference": N_("Conference"),
    "purchase_orders": N_("Purchase orders"),
    "total": N_("Ordered"),
    "credited": N_("Credited"),
    "paid": N_("Paid"),
    "refunded": N_("Refunded"),
    "open": N_("Outstanding"),
    "overdue": N_("Overdue"),
    "overpaid": N_("Overpaid"),
}
_MONTHS = {
    "month": N_("Month"),
    "invoiced": N_("Invoiced"),
    "credited": N_("Credited"),
    "paid": N_("Paid"),
    "refunded": N_("Refunded"),
    "received": N_("Received"),
}
_ENTRIES = {
    "payment_date": N_("Date"),
    "organization_name": N_("Sponsor"),
    "kind": N_("What"),
    "amount": N_("Amount"),
    "method": N_("Method"),
    **{detail.column: detail.heading for detail in DETAILS},
    "entered_by": N_("Entered by"),
    "reference": N_("Purchase order"),
}
_TAX = {
    "organization_name": N_("Sponsor"),
    "rate": N_("Rate"),
    "treatment": N_("Treatment"),
    "taxable": N_("Net amount"),
    "tax": N_("Tax"),
    "sent_on": N_("Invoiced on"),
    "reference": N_("Reference"),
}
_FIGURES = ("currency", "status", "bucket", "month")
"""Columns that say which row of sums a number stands in."""


def discrepancies_view(visit: Visit, result: Reconciliation) -> None:
    """Each class with its explanation, its remedy and its rows."""
    every = _readable(result)
    found = every[every["accepted"].eq("")]
    if found.empty:
        st.success(_("No open discrepancies."), icon=":material/check_circle:")
    for code in (c for c in DISCREPANCY_CLASSES if c in set(found["code"])):
        about, rows = DISCREPANCY_CLASSES[code], found[found["code"] == code]
        shown = rows.assign(evidence=rows["found"].map(formats.localized))
        with st.expander(f"{_(about.title)}: {len(rows)}"):
            st.write(_(about.explanation))
            st.write(_("**How to fix it:** {remedy}", remedy=_(about.remedy)))
            key = visit.key(f"found.{code}")
            picked = tables.pick_table(DISCREPANCIES, shown, translated(_FOUND), key=key)
            if visit.may(Act.ACCEPT_DISCREPANCY):
                _accept(visit, result, code, rows)
            _open(visit, rows, picked)
    _accepted(visit, every[every["accepted"].ne("")])


def _readable(result: Reconciliation) -> pd.DataFrame:
    """Return the discrepancies with what was found, in ``found``, as it is read."""
    every = result.discrepancies
    return every.assign(found=readable_evidence(every["evidence"], result.books.invoices))


def _accept(visit: Visit, result: Reconciliation, code: str, rows: pd.DataFrame) -> None:
    """Offer to leave discrepancies as they are, with one reason."""
    subjects = _subjects(rows)
    places = list(subjects)
    with st.form(visit.key(f"accept.{code}"), border=False):
        chosen = st.multiselect(
            _("Accept as it is"),
            places,
            default=places if len(places) == 1 else None,
            format_func=subjects.__getitem__,
        )
        reason = st.text_input(_("Reason, printed in the month-end report")).strip()
        pressed = st.form_submit_button(_("Accept discrepancies"))
    if not pressed:
        return
    if not chosen:
        st.error(_("Choose what to accept."), icon=":material/error:")
        return
    named = rows["reference"].where(rows["reference"].ne(""), rows["evidence"])
    try:
        accept_discrepancies(
            visit.opened, code, set(named.loc[chosen]), reason=reason, as_of=result.as_of
        )
    except PoToolkitError as error:
        show_error(error, visit)
        return
    st.rerun()


def _subjects(rows: pd.DataFrame) -> dict[int, str]:
    """Name each discrepancy by its place in the table."""
    named = zip(rows.index, rows["organization_name"], rows["reference"], rows["found"])  # noqa: B905 columns of one frame
    return {
        place: " · ".join(formats.localized(part) for part in parts if part)
        for place, *parts in named
    }


def _accepted(visit: Visit, rows: pd.DataFrame) -> None:
    """Show what was accepted and why; a treasurer can open it again."""
    if rows.empty:
        return
    with st.expander(_("Accepted: {len}", len=len(rows))):
        worded = rows.assign(
            code=[_(DISCREPANCY_TITLES[code]) for code in rows["code"]],
            evidence=rows["found"].map(formats.localized),
        )
        columns = {"code": _("Discrepancy"), **translated(_FOUND), "accepted": _("Reason")}
        tables.show_table(DISCREPANCIES, worded, columns, key=visit.key("accepted"))
        if not visit.may(Act.ACCEPT_DISCREPANCY):
            return
        subjects = _subjects(rows)
        with st.form(visit.key("withdraw"), border=False):
            chosen = st.selectbox(
                _("Accepted discrepancy"),
                list(subjects),
                index=None if len(subjects) > 1 else 0,
                format_func=subjects.__getitem__,
            )
            pressed = st.form_submit_button(_("Open again"))
            if pressed and chosen is None:
                st.error(_("Choose what to open again."), icon=":material/error:")
            elif pressed:
                row = rows.loc[chosen]
                subject = str(row["reference"]) or str(row["evidence"])
                withdraw_acceptance(visit.opened, str(row["code"]), subject)
                st.rerun()


def conferences_view(visit: Visit, result: Reconciliation) -> None:
    """Every conference that the person may see, side by side."""
    mine = visit.settings.model_copy(
        update={"conferences": {slug: visit.settings.conferences[slug] for slug in visit.slugs}}
    )
    table, frame = conference_totals(mine, as_of=result.as_of)
    named = {slug: conference.name for slug, conference in mine.conferences.items()}
    shown = frame.assign(conference=[named[slug] for slug in frame["conference"]])
    tables.show_table(table, shown, translated(_CONFERENCES), key=visit.key("conferences"))
    table_files.downloads(
        f"conferences-{result.as_of.isoformat()}",
        lambda: with_decimals(table, shown),
        key=visit.key("conferences.download"),
    )


def orders_view(visit: Visit, result: Reconciliation) -> None:
    """Every purchase order."""
    _show_orders(visit, result.rows, "rows")


def status_view(visit: Visit, result: Reconciliation) -> None:
    """Sums by currency and status."""
    frame = result.summary
    shown = frame.assign(status=[formats.status(s) for s in frame["status"]])
    _numbers(visit, result, SUMMARY, translated(_STATUS), frame=frame, shown=shown)


def ageing_view(visit: Visit, result: Reconciliation) -> None:
    """What is open by how late it is."""
    frame = result.ageing[result.ageing["purchase_orders"] > 0].reset_index(drop=True)
    if frame.empty:
        st.success(_("Nothing is open."), icon=":material/check_circle:")
        return
    labels = [_(BUCKET_LABELS[Bucket(b)]) for b in frame["bucket"]]
    _numbers(
        visit, result, AGEING, translated(_AGEING), frame=frame, shown=frame.assign(bucket=labels)
    )


def months_view(visit: Visit, result: Reconciliation) -> None:
    """What was invoiced and what came in by month, and cash against due as a picture."""
    _cash(visit, result)
    if not result.months.empty:
        shown = result.months.assign(month=result.months["month"].map(formats.month))
        _numbers(visit, result, MONTHS, translated(_MONTHS), frame=result.months, shown=shown)


def _numbers(
    visit: Visit,
    result: Reconciliation,
    table: Table,
    columns: Mapping[str, str],
    *,
    frame: pd.DataFrame,
    shown: pd.DataFrame,
) -> None:
    """Show sums; the one that is chosen opens to its rows."""
    picked = tables.pick_number_of(table, shown, columns, key=visit.key(table.name))
    if picked is None:
        st.caption(_("Select a figure to see its rows."))
        return
    row, column = picked
    figure = {n: str(frame[n].iloc[row]) for n in _FIGURES if n in frame}
    named = [str(shown[n].iloc[row]) for n in figure if n != "currency"]
    heading = _(
        "{columns} in {figure}, {named}",
        columns=columns[column],
        figure=figure["currency"].upper(),
        named=", ".join(named),
    )
    rows_behind(visit, result, table.name, column, heading, **figure)


def rows_behind(
    visit: Visit, result: Reconciliation, table: str, column: str, heading: str, **figure: str
) -> None:
    """Show the rows that a number is the sum of, each with the way to its purchase order.

    Args:
        visit: Who looks at which conference.
        result: The reconciliation.
        table: The table that the number stands in.
        column: Its column there.
        heading: What the number is, in words.
        figure: Its row, by the columns that name it.
    """
    rows = result.behind_number(table, column, **figure)
    with st.container(border=True):
        st.markdown(f"**{formats.plain(heading)}**: {formats.count(len(rows), 'row')}")
        if rows.empty:
            return
        key = ".".join([table, column, *figure.values()])
        if "payment_date" in rows:
            _show_entries(visit, result, rows, key)
        else:
            _show_orders(visit, rows, key)


def ledger_view(visit: Visit, result: Reconciliation) -> None:
    """Every entry of the ledger."""
    _show_entries(visit, result, result.entries, "ledger")


def tax_view(visit: Visit, result: Reconciliation) -> None:
    """The tax in the totals, by purchase order and rate."""
    frame = result.tax
    if frame.empty:
        st.caption(_("No tax on any line."))
        return
    worded = frame.assign(treatment=[formats.label(t) for t in frame["treatment"]])
    picked = tables.pick_table(TAX, worded, translated(_TAX), key=visit.key("tax"))
    name = f"{result.slug}-tax-{result.as_of.isoformat()}"
    table_files.downloads(name, lambda: with_decimals(TAX, frame), key=visit.key("tax.download"))
    _open(visit, frame, picked)


def _cash(visit: Visit, result: Reconciliation) -> None:
    cash = cash_against_due(result)
    currencies = list(dict.fromkeys(cash["currency"]))
    if not currencies:
        return
    currency = currencies[0]
    if len(currencies) > 1:
        own = visit.opened.settings.currency
        currency = st.segmented_control(
            _("Chart in"),
            currencies,
            default=own if own in currencies else currency,
            required=True,
            format_func=str.upper,
            key=visit.key("cash.currency"),
        )
    mine = cash[cash["currency"] == currency]
    mine = mine.assign(month=mine["month"].map(formats.month))
    drawn = pd.DataFrame(
        {"month": month, "series": label, "amount": to_major(int(amount), currency)}
        for column, label in (
            ("due_so_far", _("Due so far")),
            ("received_so_far", _("Received so far")),
        )
        for month, amount in zip(mine["month"], mine[column], strict=True)
    )
    charts.lines(
        drawn,
        currency,
        about=_("{title} in {currency}, by month", title=CASH.title, currency=currency.upper()),
    )
    with st.expander(_("The figures of this chart")):
        columns = {c.name: formats.label(c.name) for c in CASH.columns if c.name != "currency"}
        tables.show_table(CASH, mine, columns, key=visit.key("cash"))


def _show_orders(visit: Visit, rows: pd.DataFrame, key: str) -> None:
    worded = rows.assign(
        status=rows["status"].map(lambda status: [formats.status(status)]),
        discrepancies=[
            ", ".join(_(DISCREPANCY_TITLES[code]) for code in codes)
            for codes in rows["discrepancies"]
        ],
    )
    columns = tables.first_on_a_phone(
        translated(_ORDERS) | {"status": tables.status_column()}, "balance", "status"
    )
    _open(visit, rows, tables.pick_table(PURCHASE_ORDERS, worded, columns, key=visit.key(key)))


def _show_entries(visit: Visit, result: Reconciliation, entries: pd.DataFrame, key: str) -> None:
    if entries.empty:
        st.caption(_("No money has moved: no payment, refund or credit note is entered."))
        return
    worded = readable_entries(entries, result.books.invoices)
    for name, write in (
        ("kind", formats.label),
        ("method", formats.label),
        ("entered_by", formats.person),
    ):
        worded[name] = [write(value) for value in worded[name]]
    _open(
        visit, entries, tables.pick_table(ENTRIES, worded, translated(_ENTRIES), key=visit.key(key))
    )


def _open(visit: Visit, rows: pd.DataFrame, picked: int | None) -> None:
    """Turn to the purchase order of the row that was chosen; some rows have none."""
    reference = "" if picked is None else str(rows["reference"].iloc[picked])
    if reference:
        visit.open_order(reference)
