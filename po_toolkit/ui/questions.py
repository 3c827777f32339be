"""Questions about a file that it does not answer itself, asked on the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from po_toolkit.api.imports import ENCODINGS
from po_toolkit.errors import ImportChoiceError
from po_toolkit.money import CURRENCIES
from po_toolkit.ui import formats
from po_toolkit.ui.language import N_, _
from po_toolkit.ui.session import Visit

_QUESTIONS = {
    "sheet": N_("Which sheet is it?"),
    "decimal": N_("How does this file write decimals?"),
    "dates": N_("Which comes first in this file's dates?"),
    "currency": N_("Which currency is the account in?"),
    "account": N_("Which of your accounts is it?"),
    "sign": N_("Which way are the amounts written?"),
    "fee": N_("Does the fee come on top of the amount?"),
    "intraday": N_("Import what this report of the day says is booked?"),
}
_CHOICES = {
    "point": N_("With a point: 1,234.50"),
    "comma": N_("With a comma: 1.234,50"),
    "dmy": N_("The day: 31/12/2027"),
    "mdy": N_("The month: 12/31/2027"),
    "amount": N_("An amount with a minus is money out, one without is money in"),
    "reversed": N_("The other way round"),
    "apart": N_("Yes, the account was debited the fee as well"),
    "included": N_("No, it is in the amount"),
    "each": N_("Each row is in the currency that it names"),
    "booked": N_("It is booked money"),
    "skip": N_("It is not booked; leave it out"),
    "credit": N_("Money in"),
    "debit": N_("Money out"),
    "ignore": N_("Neither; leave it out"),
    "account": N_("Your own account"),
    "counterparty_account": N_("The other party's account"),
}
_MAPPING = "mapping:"
_COLUMN = "column:"
_WORD = "word:"


_TEXT_FILES = (".csv", ".tsv", ".txt")


def encoding_of(visit: Visit, name: str, file_name: str) -> str | None:
    """Let a person say what a text file is written in; None believes what was found."""
    if not file_name.lower().endswith(_TEXT_FILES):
        return None
    with st.expander(_("Letters look wrong?")):
        chosen: str = st.selectbox(
            _("Encoding of the file"),
            ["", "utf-8", *ENCODINGS],
            format_func=lambda choice: choice or _("As it was found"),
            key=visit.key(f"{name}.encoding"),
        )
    return chosen or None


class Questions:
    """What was asked about one uploaded file, kept while it is on the screen."""

    def __init__(self, visit: Visit, name: str) -> None:
        """Find what was asked before."""
        self._visit = visit
        self._name = name

    @property
    def _asked(self) -> dict[str, Sequence[str]]:
        asked: dict[str, Sequence[str]] = self._visit.recall(f"{self._name}.asked") or {}
        return asked

    def answers(self) -> dict[str, Any] | None:
        """Show the questions; return the answers as arguments, or None while one is missing.

        Answers about columns are put together as ``mapping``: field → column; those about words, if
        any, as ``words``: word → what it means.
        """
        answers = {q: self._radio(q, choices) for q, choices in self._asked.items()}
        if None in answers.values():
            return None
        columns = [question for question in answers if question.startswith(_MAPPING)]
        mapping = {question.removeprefix(_MAPPING): answers.pop(question) for question in columns}
        for question in [question for question in answers if question.startswith(_COLUMN)]:
            mapping[str(answers.pop(question))] = question.removeprefix(_COLUMN)
        found: dict[str, Any] = {**answers, "mapping": mapping}
        about_words = [question for question in answers if question.startswith(_WORD)]
        if about_words:
            found["words"] = {q.removeprefix(_WORD): found.pop(q) for q in about_words}
        return found

    def ask(self, error: ImportChoiceError) -> None:
        """Note a question for the next run."""
        question, choices = error.question, error.choices
        if question == "mapping":
            fields, columns = zip(*(choice.split("=", 1) for choice in choices), strict=True)
            several = len(set(columns)) > 1
            question = _MAPPING + fields[0] if several else _COLUMN + columns[0]
            choices = list(columns if several else fields)
        self._visit.keep(f"{self._name}.asked", {**self._asked, question: choices})

    def _radio(self, question: str, choices: Sequence[str]) -> str | None:
        field = formats.inner(formats.label(question.removeprefix(_MAPPING)))
        asked = _("Which column is the {field}?", field=field)
        if question.startswith(_WORD):
            asked = _(
                "What does “{word}” mean?",
                word=formats.plain(question.removeprefix(_WORD)),
            )
        elif question.startswith(_COLUMN):
            asked = _(
                "What is the column “{column}”?",
                column=formats.plain(question.removeprefix(_COLUMN)),
            )
        if question == "currency":  # the right one may be none of those that are likely
            rest = sorted(CURRENCIES.difference(choices))
            return st.selectbox(
                _(_QUESTIONS[question]),
                [*choices, *rest],
                index=None,
                format_func=lambda code: _(_CHOICES.get(code, code.upper())),
                key=self._visit.key(f"{self._name}.{question}"),
                width=320,
            )
        return st.radio(
            _(_QUESTIONS[question]) if question in _QUESTIONS else asked,
            choices,
            index=None,
            format_func=lambda choice: _(_CHOICES.get(str(choice), str(choice))),
            horizontal=True,
            key=self._visit.key(f"{self._name}.{question}"),
        )
