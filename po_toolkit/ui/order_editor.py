"""The form of a purchase order: new, duplicated, changed as a draft, or voided and reissued."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zlib import crc32

import pandas as pd
import streamlit as st

from po_toolkit.api.contact import ContactChanges, change_contact, checked_addresses
from po_toolkit.api.new_order import LineItem, line_items_of
from po_toolkit.api.order_changes import Changes, change_order, reissue
from po_toolkit.api.original import create_purchase_order
from po_toolkit.api.reports import PurchaseOrder, PurchaseOrderStory, purchase_orders_of
from po_toolkit.api.terms import WAYS
from po_toolkit.errors import (
    AmountError,
    DuplicateEntryError,
    PoToolkitError,
    PurchaseOrderError,
)
from po_toolkit.money import CURRENCIES
from po_toolkit.ui import formats, typed
from po_toolkit.ui.failures import show_error
from po_toolkit.ui.language import _
from po_toolkit.ui.order_form import perform, reason_field, refuse_without_reason, submit, turn
from po_toolkit.ui.session import Visit, wholly

_EMPTY_LINES = 3


@dataclass(frozen=True)
class Draft:
    """What the form says; amounts and lines as typed."""

    single: Mapping[str, Any]
    currency: str
    rows: list[dict[str, Any]]

    def line_items(self) -> list[LineItem]:
        """Return the lines; empty rows are left out.

        Raises:
            AmountError: A price is no amount; the message names the line.
        """
        lines: list[LineItem] = []
        for number, row in enumerate(self.rows, 1):
            given = {k: v for k, v in row.items() if not pd.isna(v) and str(v).strip()}
            if not given:
                continue
            line = LineItem(
                description=str(given.get("description", "")),
                unit_price=None,  # type: ignore[typeddict-item]  # refused later
            )
            if "unit_price" in given:
                try:
                    price = typed.amount(str(given["unit_price"]), self.currency)
                except AmountError as error:
                    raise AmountError(f"Line {number}: {error}") from None
                line["unit_price"] = price
            if "quantity" in given:
                line["quantity"] = int(given["quantity"])
            if "tax" in given:
                line["tax_rates"] = [name.strip() for name in str(given["tax"]).split("+")]
            lines.append(line)
        return lines


def new_order_screen(visit: Visit) -> None:
    """Show the form of a new purchase order, filled from another where the address names one."""
    st.title(_("New purchase order"))
    visit.link("orders", _("All purchase orders"))
    start = None
    if copied := st.query_params.get("from", "").strip():
        start = next(iter(purchase_orders_of(visit.opened, [copied])), None)
        if start is not None:
            st.caption(
                _("A copy of {reference}. It gets its own reference.", reference=start.reference)
            )
    key = f"new.{copied}.{visit.recall('new.turn') or 0}"
    with st.form(visit.key(f"{key}.form"), border=False):
        draft = _fields(visit, start, key)
        again = False
        if asked := visit.recall(f"{key}.asked"):
            st.warning(formats.message(asked), icon=":material/help:")
            again = st.checkbox(_("Create it even if one like it exists"))
        pressed = st.form_submit_button(_("Create purchase order"), type="primary")
    if not pressed:
        return

    def create() -> str:
        reference = _create(visit, draft, allow_duplicates=again)
        visit.keep("new.turn", (visit.recall("new.turn") or 0) + 1)
        created = _("{reference} was created as a draft.", reference=reference)
        visit.about(reference).keep("order.message", created)
        return reference

    try:
        reference = wholly(visit.key(key), create)
    except DuplicateEntryError as error:
        visit.keep(f"{key}.asked", str(error))
        st.rerun()
    except PoToolkitError as error:
        show_error(error, visit)
        return
    visit.go("order", po=reference)


def _create(visit: Visit, draft: Draft, *, allow_duplicates: bool) -> str:
    given = dict(draft.single)
    phone, cc = given.pop("contact_phone"), checked_addresses(given.pop("cc_emails"))
    made = create_purchase_order(
        visit.opened.slug,
        currency=draft.currency,
        line_items=draft.line_items(),
        allow_duplicates=allow_duplicates,
        opened=visit.opened,
        **given,
    )
    if phone or cc:
        also = ContactChanges(contact_phone=phone, cc_emails=cc)
        change_contact(visit.opened, made.reference, also)
    return made.reference


def change_form(visit: Visit, story: PurchaseOrderStory) -> None:
    """Change a draft, or void the open invoice and reissue it with what is changed."""
    out = bool(story.stripe_invoice_url)
    if out:
        st.write(_("The open invoice is voided and a new one is sent with what you change here."))
    (order,) = purchase_orders_of(visit.opened, [story.reference])
    key = f"change.{turn(visit)}"
    with st.form(visit.key(f"{key}.form"), border=False):
        draft = _fields(visit, order, key)
        reason = reason_field(_("Why the invoice is voided")) if out else ""
        if not submit(
            visit, _("Void the invoice and send a new one") if out else _("Save changes")
        ):
            return

    def act() -> str:
        changes = _changes(order, draft)
        if not out:
            change_order(visit.opened, story.reference, changes)
            return _("Changes saved.")
        refuse_without_reason(reason)
        result = reissue(visit.opened, story.reference, changes, reason=reason)
        if result.error:
            raise PurchaseOrderError(result.error)
        return _("The invoice was replaced; the old one was voided.")

    perform(visit, act)


def _changes(order: PurchaseOrder, draft: Draft) -> Changes:
    """Return what is different from the purchase order."""
    given = {n: v for n, v in draft.single.items() if v is not None and v != getattr(order, n)}
    before, lines = line_items_of(order), draft.line_items()
    plain = [{"quantity": 1, "tax_rates": ["none"], **line} for line in lines]
    changes = Changes(**given)
    return changes if plain == before else replace(changes, line_items=lines)


def contact_form(visit: Visit, story: PurchaseOrderStory) -> None:
    """Change contact, CC and notes; no new invoice is made."""
    (order,) = purchase_orders_of(visit.opened, [story.reference])
    st.write(_("No new invoice is made. Stripe's customer gets the new email address too."))
    with st.form(visit.key(f"order.contact.{turn(visit)}"), border=False):
        changes = ContactChanges(
            contact_name=st.text_input(_("Contact"), value=order.contact_name),
            contact_email=st.text_input(_("Contact email"), value=order.contact_email),
            contact_phone=st.text_input(_("Phone"), value=order.contact_phone),
            cc_emails=_cc_field(order),
            notes=st.text_area(_("Notes"), value=order.notes),
        )
        if not submit(visit, _("Save contact")):
            return

    def act() -> str:
        kept = change_contact(visit.opened, story.reference, changes)
        return f"{_('Contact and notes saved.')} {kept}".strip()

    perform(visit, act)


def _cc_field(order: PurchaseOrder | None) -> str:
    return st.text_input(
        _("CC"),
        value=order.cc_emails if order else "",
        help=_(
            "Further addresses for the emails that we write, separated by commas. Stripe's "
            "own emails go to the contact only."
        ),
    )


def _fields(visit: Visit, start: PurchaseOrder | None, key: str) -> Draft:
    """Show the fields, filled from a purchase order where there is one."""
    opened = visit.opened

    def text(label: str, name: str, **more: Any) -> str:
        return str(st.text_input(label, value=getattr(start, name, ""), **more)).strip()

    left, right = st.columns(2)
    with left:
        single: dict[str, Any] = {
            "organization_name": text(_("Sponsor"), "organization_name"),
            "po_number": text(_("PO number"), "po_number", help=_("The sponsor's own number.")),
            "tax_id": text(_("Sponsor's tax ID"), "tax_id"),
        }
        address = st.text_area(
            _("Billing address"), value=start.billing_address if start else "", height=122
        )
        single["billing_address"] = address.strip()
    with right:
        single |= {
            "contact_name": text(_("Contact"), "contact_name"),
            "contact_email": text(_("Contact email"), "contact_email"),
            "contact_phone": text(_("Phone"), "contact_phone"),
            "cc_emails": _cc_field(start),
        }
    with st.container(horizontal=True):
        known = sorted(code.upper() for code in CURRENCIES)
        currency = st.selectbox(
            _("Currency"),
            known,
            index=known.index((start.currency if start else opened.settings.currency).upper()),
            disabled=start is not None and key.startswith("change."),
            width=140,
        ).lower()
        single["due_date"] = _due_field(start)
        single["days_until_due"] = st.number_input(
            _("Or days until due"),
            min_value=0,
            max_value=365,
            value=start.days_until_due if start else None,
            placeholder=str(opened.conference.days_until_due),
            width=180,
        )
        ways = {"": _("Conference default")} | {way: formats.way(way) for way in WAYS}
        single["delivery"] = st.selectbox(
            _("Delivery"),
            list(ways),
            index=list(ways).index(start.delivery if start else ""),
            format_func=ways.__getitem__,
            width=240,
        )
    rows = _line_editor(visit, start, key, currency)
    single["notes"] = st.text_area(
        _("Notes"), value=start.notes if start else "", height=80
    ).strip()
    return Draft(single, currency, rows)


def _due_field(start: PurchaseOrder | None) -> date | None:
    return st.date_input(
        _("Due date"),
        value=start.due_date if start else None,
        format=formats.date_format(),
        width=180,
    )


def _line_editor(
    visit: Visit, start: PurchaseOrder | None, key: str, currency: str
) -> list[dict[str, Any]]:
    """Show the lines as a grid; a discount is a line with a negative price."""
    taxed = visit.opened.conference.tax is not None
    lines = line_items_of(start) if start else []
    frame = pd.DataFrame(
        {
            "description": [line["description"] for line in lines],
            "quantity": pd.array([line["quantity"] for line in lines], dtype="Int64"),
            "unit_price": [typed.written(line["unit_price"]) for line in lines],
            "tax": [" + ".join(line["tax_rates"] or ()) for line in lines],
        }
    ).astype({"description": "string", "unit_price": "string", "tax": "string"})
    if not lines:
        frame = frame.reindex(range(_EMPTY_LINES))
    edited: pd.DataFrame = st.data_editor(
        frame if taxed else frame.drop(columns="tax"),
        num_rows="dynamic",
        hide_index=True,
        column_config={
            "description": st.column_config.TextColumn(
                _("Description"), width="small" if formats.on_a_phone() else "large"
            ),
            "quantity": st.column_config.NumberColumn(_("Quantity"), min_value=1, step=1),
            "unit_price": st.column_config.TextColumn(
                _("Unit price, {currency}", currency=currency.upper())
            ),
            "tax": st.column_config.TextColumn(_("Tax rates")),
        },
        placeholder="",
        # what was typed into other lines than these is not for these
        key=visit.key(f"{key}.lines.{crc32(repr(lines).encode())}"),
        width="stretch",
    )
    st.caption(_("A discount is a line with a negative price."))
    return [{str(k): v for k, v in row.items()} for row in edited.to_dict("records")]
