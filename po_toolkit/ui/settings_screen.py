"""The settings in force, with keys obfuscated, and whether Stripe accepts the key."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st

from po_toolkit.api.conference_settings import CODES, change_settings, changed_settings
from po_toolkit.api.opening import check_connection
from po_toolkit.api.terms import Act, step_label
from po_toolkit.config import DEFAULT_CONFIG, ConferenceSettings, obfuscate_key, shown_url
from po_toolkit.errors import PoToolkitError
from po_toolkit.ui import formats
from po_toolkit.ui.failures import show_error
from po_toolkit.ui.language import _
from po_toolkit.ui.session import Visit

_STEPS = (-14, -7, -3, 0, 7, 14, 30, 60, 90)
"""Days from the due date that are offered for reminders."""


def settings_screen(visit: Visit) -> None:
    """Show the screen."""
    st.title(_("Settings"))
    where = visit.settings.config_file or DEFAULT_CONFIG
    st.write(
        _(
            "Keys and the rest are read from `{where}`; changes apply on the next click. "
            "What is in the form below is changed here. Keys are shown only in part.",
            where=where,
        )
    )
    if len(visit.slugs) > 1:
        _conferences(visit)
    _conference(visit)
    _connection(visit)
    _invoice(visit)
    _people(visit)
    _installation(visit)


def _facts(facts: dict[str, str]) -> None:
    rows = pa.table({"": list(facts), "value": [formats.plain(v) for v in facts.values()]})
    st.table(rows, hide_index=True, hide_header=True)


def _conferences(visit: Visit) -> None:
    """List every conference that the person may see; the sidebar turns to another one."""
    st.subheader(_("Conferences"))
    frame = pd.DataFrame(
        {
            "name": formats.plain(conference.name),
            "slug": formats.plain(slug),
            "mode": _(formats.MODES[conference.mode]),
            "key": formats.plain(obfuscate_key(conference.stripe_secret_key.get_secret_value())),
            "currency": conference.currency.upper(),
        }
        for slug, conference in visit.settings.conferences.items()
        if slug in visit.slugs
    )
    headings = {
        "name": _("Name"),
        "slug": _("ID (in web addresses)"),
        "mode": _("Mode"),
        "key": _("Stripe key"),
        "currency": _("Currency"),
    }
    st.table(frame.rename(columns=headings), hide_index=True)


def _conference(visit: Visit) -> None:
    settings = visit.opened.settings
    st.subheader(formats.plain(settings.name))
    secrets = [obfuscate_key(s.get_secret_value()) for s in settings.stripe_webhook_secret]
    _facts(
        {
            _("ID (in web addresses)"): visit.opened.slug,
            _("Currency"): settings.currency.upper(),
            _("Timezone"): settings.timezone,
            _("Stripe key"): obfuscate_key(settings.stripe_secret_key.get_secret_value()),
            _("Webhook secrets"): ", ".join(secrets) or _("(not set)"),
            _("Webhook address"): f"…/webhooks/stripe/{visit.opened.slug}",
        }
    )


def _connection(visit: Visit) -> None:
    formats.mode_notice(visit.opened.settings.mode)
    if visit.opened.settings.mode == "none":
        return
    if not st.button(
        _("Test the connection"), icon=":material/lan:", key=visit.key("settings.test")
    ):
        return
    try:
        account = check_connection(visit.opened)
    except PoToolkitError as error:
        show_error(error, visit)
        return
    name = formats.plain(account.name or account.account_id)
    st.success(
        _(
            "Stripe answers: {name} ({account_id}). Charges {charges}, payouts {payouts}.",
            name=name,
            account_id=account.account_id,
            charges=_("on") if account.charges_enabled else _("OFF"),
            payouts=_("on") if account.payouts_enabled else _("OFF"),
        ),
        icon=":material/check_circle:",
    )


def _invoice(visit: Visit) -> None:
    settings = visit.opened.settings
    st.subheader(_("Invoices"))
    if visit.may(Act.CHANGE_SETTINGS):
        _change(visit, settings)
        shown = {}
    else:
        shown = {
            _("Payment methods"): ", ".join(map(formats.payment_method, settings.payment_methods)),
            _("Days until due"): str(settings.days_until_due),
            _("Memo"): settings.invoice_memo or _("(none)"),
            _("Footer"): settings.invoice_footer or _("(none)"),
            _("Reminders"): _reminders(settings),
        }
    _facts(
        {
            **shown,
            _("Maximum lines"): str(settings.max_invoice_lines),
            _("Delivery"): formats.way(settings.content.delivery if settings.content else "stripe"),
        }
    )


def _change(visit: Visit, settings: ConferenceSettings) -> None:
    """Change what a treasurer may change; it counts from the next invoice and reminder."""
    if message := visit.recall("settings.message"):
        st.success(formats.plain(message), icon=":material/check_circle:")
        visit.keep("settings.message", None)
    changed = changed_settings(visit.opened)
    turn = visit.recall("settings.turn") or 0
    with st.form(visit.key(f"settings.change.{turn}")):
        memo = st.text_area(_("Memo on each invoice"), settings.invoice_memo, max_chars=1500)
        footer = st.text_area(_("Footer of each invoice"), settings.invoice_footer, max_chars=5000)
        days = st.number_input(_("Days until due"), 0, 365, settings.days_until_due)
        methods = st.multiselect(
            _("Payment methods"),
            CODES,
            settings.payment_methods,
            format_func=lambda code: formats.sentence(formats.payment_method(code)),
        )
        steps = st.multiselect(
            _("Remind sponsors"),
            sorted({*_STEPS, *settings.reminders}),
            settings.reminders,
            format_func=lambda step: formats.sentence(formats.localized(step_label(step))),
            placeholder=_("No reminders"),
            help=_("Without a choice, a person still sees who is overdue and can remind them."),
        )
        hours = [None, *range(24)]
        hour = st.selectbox(
            _("Send reminders"),
            hours,
            hours.index(settings.remind_from_hour),
            format_func=lambda h: (
                _("By hand") if h is None else _("Automatically, from {h}:00", h=h)
            ),
            help=_("Hours are in {timezone}.", timezone=settings.timezone),
        )
        if not st.form_submit_button(_("Save settings"), type="primary"):
            _from_file(changed)
            return
    new = {
        "invoice_memo": memo,
        "invoice_footer": footer,
        "days_until_due": int(days),
        "payment_methods": methods,
        "reminders": steps,
        "remind_from_hour": hour,
    }
    try:
        change_settings(visit.opened, **new)
    except PoToolkitError as error:
        show_error(error, visit)
        return
    visit.keep(
        "settings.message", _("Settings saved. They apply to the next invoices and reminders.")
    )
    visit.keep("settings.turn", turn + 1)
    st.rerun()


def _from_file(changed: dict[str, Any]) -> None:
    """Say which values are not those of the file."""
    if changed:
        names = ", ".join(formats.inner(formats.label(name)) for name in sorted(changed))
        st.caption(
            _("Changed in the app, so that the file's value does not count: {names}.", names=names)
        )


def _reminders(settings: ConferenceSettings) -> str:
    if not settings.reminders:
        return _("(none)")
    days = ", ".join(formats.localized(step_label(step)) for step in sorted(settings.reminders))
    hour = settings.remind_from_hour
    when = _("by hand only") if hour is None else _("automatic, from {hour}:00", hour=hour)
    return f"{days}; {when}"


def _people(visit: Visit) -> None:
    people = visit.opened.settings.people or visit.settings.people
    st.subheader(_("People"))
    listed = {
        formats.label(role): ", ".join(entries) or _("(nobody)")
        for role, entries in people.model_dump().items()
    }
    _facts(
        {
            **listed,
            _("Session length"): _(
                "{session_hours} hours", session_hours=visit.settings.session_hours
            ),
        }
    )


def _installation(visit: Visit) -> None:
    st.subheader(_("Installation"))
    _facts(
        {
            _("Version"): version("po-toolkit"),
            _("Database"): shown_url(visit.settings.database_url),
            _("Stripe API URL"): visit.settings.stripe_api_base or _("default"),
        }
    )
