"""The app in German: nothing of a daily page is left in English, and English stays as it was."""

from __future__ import annotations

import json
import re

import pytest
from babel import Locale
from google.protobuf.json_format import MessageToDict

from po_toolkit.domain.roles import Act, Role
from po_toolkit.domain.sentences import LoggedAct, audit_sentence
from po_toolkit.domain.states import InvoiceState
from po_toolkit.domain.sums import EntryKind
from po_toolkit.domain.translations import catalogue
from po_toolkit.domain.wording import label
from po_toolkit.ui import formats, language
from tests.docs.messages import APP, asked_for

DAILY = ("home", "orders", "order", "import", "invoice", "bank")


@pytest.fixture
def browser(monkeypatch):
    """Say which language the browser asks for."""

    def speak(tag):
        monkeypatch.setattr(language, "_browser", lambda: Locale.parse(tag, sep="-"))

    return speak


def strings(value):
    """Every text that goes to the browser, those inside column settings too."""
    if isinstance(value, str):
        yield value
        if value.startswith("{"):
            yield from strings(json.loads(value))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def shown(app):
    """What a page sends, its widgets' names for the code apart."""
    for node in app._tree:
        if getattr(node, "proto", None) is not None:
            sent = MessageToDict(node.proto)
            for name in ("id", "formId", "queryParamKey", "elementId", "data", "arrowData"):
                sent.pop(name, None)
            yield from strings(sent)


def english():
    """The app's texts that read otherwise in German."""
    german = catalogue("de", APP)
    single = {text for text in asked_for() if isinstance(text, str)}
    return {text for text in single if german.gettext(text) != text and text[:1].isupper()}


def test_a_german_browser_gets_each_daily_page_in_german(show, browser, season):
    """Half a page in English makes staff doubt what the other half means."""
    browser("de-DE")
    texts, found = english(), {}
    german = {catalogue("de", APP).gettext(text) for text in texts}
    for page in DAILY:
        app = show(page, **({"po": season} if page == "order" else {}))
        assert not app.exception
        sent = set(shown(app))
        assert len(sent & german) > 5, page
        found[page] = sorted(text for text in sent & texts if text not in german)
    assert found == {page: [] for page in DAILY}


def test_a_german_reads_what_happened_and_what_is_wrong_in_german(show, browser, season, read):
    """History, discrepancies and refusals are read when something is not as expected."""
    browser("de-DE")
    history = read(show("order", po=season))
    assert re.search(r"Zahlung über 100,00.USD per Überweisung, Referenz FT-1", history)
    trail = show("activity").table[0].value
    assert "40 Bestellungen aus" in trail["Was geschah"].iloc[-1]
    wrong = read(show("reconciliation"))
    assert "Auf die Bestellung wird Geld geschuldet, und es wurde keine Rechnung" in wrong
    app = show("order", po="PO-AAAAAA")
    assert "Konferenz pycon\\-2027 hat keine Bestellung PO\\-AAAAAA" in app.error[0].value


def test_a_german_is_asked_and_refused_in_german_while_importing(show, browser):
    """A question that is half understood is answered by a guess, and a guess is billed."""
    browser("de-DE")
    app = show("import")
    sheet = "Sponsor;Email;Betrag;Rabatt\nAcme;ap@acme.example;1.230;10\n"
    app.file_uploader[0].set_value(("lines.csv", sheet.encode(), "text/csv")).run()
    assert not app.exception
    asked = " ".join(
        [radio.label for radio in app.radio] + [o for r in app.radio for o in r.options]
    )
    assert "Wofür ist sie? Wenn keine Antwort passt" in asked
    assert "Es ändert nichts am geschuldeten Betrag" in asked
    assert not re.search(r"\b(?:which|what|the|leave|column)\b", asked, re.IGNORECASE)
    app = show("bank")
    app.file_uploader[0].set_value(("x.csv", b"%PDF-1.7\n", "text/csv")).run()
    assert "bitten Sie die Bank um" in app.error[0].value


def test_whoever_chooses_a_language_gets_it_with_its_numbers(show, browser, season, read):
    """A French treasurer on an English machine reads 1 234,50 as at home."""
    browser("en-US")
    app = show("orders", language="Français")
    assert [title.value for title in app.title] == ["Bons de commande"]
    assert "40 bons de commande" in read(app)
    assert "689\u202f378,66\xa0USD" in read(app)
    app.selectbox(key="language").select("English").run()
    assert [title.value for title in app.title] == ["Purchase orders"]


@pytest.mark.parametrize("reader", ["en-US", "fr-FR", "de-DE"])
def test_a_link_opens_the_same_view_in_every_language(show, browser, season, reader):
    """A German colleague's link would open all purchase orders for the others."""
    browser(reader)
    app = show(
        "orders",
        view="Überfällig, nicht erinnert",
        sort="Größter Saldo",
        status="Teilweise bezahlt",
    )
    assert not app.exception
    assert not app.warning
    assert app.selectbox(key="view").value == "Overdue, not reminded"
    assert app.selectbox(key="sort").value == "Largest balance"
    assert app.button_group(key="status").value == ["partially_paid"]
    app = show("orders", view="Overdue")
    assert (app.selectbox(key="view").value, app.selectbox(key="sort").value) == (
        "Overdue",
        "Due date",
    )
    app = show("reconciliation", **{"reconciliation-view": "Monatsabschluss"})
    assert app.button_group(key="reconciliation-view").value == "Month end"
    app = show("bank", **{"bank-view": "Kontoauszüge"})
    assert app.button_group(key="bank-view").value == "Statements"
    app = show("activity", **{"activity-view": "Failed tasks"})
    assert app.button_group(key="activity-view").value == "Failed tasks"


def test_another_language_keeps_what_is_chosen(show, browser, season):
    """Who reads on in German still looks at what is overdue."""
    browser("en-US")
    app = show("orders")
    app.selectbox(key="view").set_value("Overdue").run()
    app.button_group(key="status").set_value(["partially_paid"]).run()
    app.selectbox(key="language").set_value("Deutsch").run()
    assert not app.exception
    assert app.selectbox(key="view").value == "Overdue"
    assert app.button_group(key="status").value == ["partially_paid"]
    assert "Überfällig" in app.selectbox(key="view").options


def test_a_language_without_a_catalogue_falls_back_to_english(show, browser, read):
    """An Italian browser shows whole English sentences, not empty ones."""
    browser("it-IT")
    assert "There are no purchase orders yet" in read(show("home"))


def test_a_rejected_row_is_told_of_in_german_as_a_whole(monkeypatch):
    """A sentence that begins in English and goes on in German is read twice and trusted once."""
    monkeypatch.setattr(formats, "language", lambda: "de")
    monkeypatch.setattr(formats, "locale", lambda: Locale("de"))
    message = (
        "Row 23: Maple Inc. has purchase order 905 already as PO-8N8QDJ; its total is 21,449.99 "
        "USD, here 13,899.99 USD. Change PO-8N8QDJ, or allow duplicates if both are meant."
    )
    said = formats.beside_row(23, message).replace("\u00a0", " ")
    assert said.startswith("Maple Inc. hat Bestellung 905 schon als PO-8N8QDJ; ihre Summe ist 21.4")
    assert said.endswith("lassen Sie Duplikate zu, wenn beide gemeint sind.")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("de", "Zahlungserinnerungen: 14 Tage vor Fälligkeit; am Fälligkeitstag"),
        ("es", "Recordatorios: 14 días antes del vencimiento; el día del vencimiento"),
        ("fr", "14 jours avant l'échéance\u00a0; à l'échéance"),
    ],
)
def test_a_changed_schedule_of_reminders_is_said_in_days(monkeypatch, code, words):
    """Nobody knows on which side of the due date "-14" is."""
    monkeypatch.setattr(formats, "language", lambda: code)
    monkeypatch.setattr(formats, "locale", lambda: Locale(code))
    entry = LoggedAct(Act.CHANGE_SETTINGS, {"reminders": []}, {"reminders": [-14, 0]}, "")
    assert words in formats.localized(audit_sentence(entry))


def test_no_state_of_the_books_is_shown_in_english():
    """A treasurer in Lyon should not have to guess what a payout in transit is."""
    codes = [*InvoiceState, *EntryKind, *(role.name.lower() for role in Role)]
    codes += ["in_transit", "pending", "canceled", "automatic", "manual", "instant"]
    assert {label(code) for code in codes} - asked_for() == set()
