"""The app in German: nothing of a daily page is left in English, and English stays as it was."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from babel import Locale
from google.protobuf.json_format import MessageToDict

from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.domain.translations import catalogue
from po_toolkit.reconcile import list_purchase_orders
from po_toolkit.ui import language
from tests.docs.messages import APP, asked_for

DAILY = ("home", "orders", "order", "import", "invoice", "bank")


@pytest.fixture
def browser(monkeypatch):
    """Say which language the browser asks for."""

    def speak(tag):
        monkeypatch.setattr(language, "_browser", lambda: Locale.parse(tag, sep="-"))

    return speak


@pytest.fixture
def reference(conference, sample):
    """Forty purchase orders of the sample, one of them paid by wire in part."""
    name, data, _ = sample("sponsors-2027.csv")
    opened = conference()
    import_purchase_orders(opened, data, file_name=name)
    first = list_purchase_orders(opened.store, opened.conference, text="northwind").orders[0]
    record_payment_by_hand(
        opened, first.reference, amount=Decimal(100), method="wire", payment_reference="FT-1"
    )
    return first.reference


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


def test_a_german_browser_gets_each_daily_page_in_german(show, browser, reference):
    """Half a page in English makes staff doubt what the other half means."""
    browser("de-DE")
    texts, found = english(), {}
    german = {catalogue("de", APP).gettext(text) for text in texts}
    for page in DAILY:
        app = show(page, **({"po": reference} if page == "order" else {}))
        assert not app.exception
        sent = set(shown(app))
        assert len(sent & german) > 5, page
        found[page] = sorted(text for text in sent & texts if text not in german)
    assert found == {page: [] for page in DAILY}


def test_whoever_chooses_a_language_gets_it_with_its_numbers(show, browser, reference, read):
    """A French treasurer on an English machine reads 1 234,50 as at home."""
    browser("en-US")
    app = show("orders", language="Français")
    assert [title.value for title in app.title] == ["Bons de commande"]
    assert "40 bons de commande" in read(app)
    assert "689\u202f378,66\xa0USD" in read(app)
    app.selectbox(key="language").select("English").run()
    assert [title.value for title in app.title] == ["Purchase orders"]


def test_a_language_without_a_catalogue_falls_back_to_english(show, browser, read):
    """An Italian browser shows whole English sentences, not empty ones."""
    browser("it-IT")
    assert "There are no purchase orders yet" in read(show("home"))
