"""Questions about a file that it does not answer itself, asked on the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from po_toolkit.errors import ImportChoiceError
from po_toolkit.ui import words
from po_toolkit.ui.session import Visit

_QUESTIONS = {
    "sheet": "Which sheet is it?",
    "decimal": "How does this file write decimals?",
    "dates": "Which comes first in this file's dates?",
    "currency": "Which currency is the account in?",
    "account": "Which of your accounts is it?",
    "sign": "Which way are the amounts written?",
    "fee": "Does the fee come on top of the amount?",
    "intraday": "Import what this report of the day says is booked?",
}
_CHOICES = {
    "point": "With a point: 1,234.50",
    "comma": "With a comma: 1.234,50",
    "dmy": "The day: 31/12/2027",
    "mdy": "The month: 12/31/2027",
    "amount": "An amount with a minus is money out, one without is money in",
    "reversed": "The other way round",
    "apart": "Yes, the account was debited the fee as well",
    "included": "No, it is in the amount",
    "each": "Each row is in the currency that it names",
    "booked": "It is booked money",
    "skip": "It is not booked; leave it out",
    "credit": "Money in",
    "debit": "Money out",
}
_MAPPING = "mapping:"
_WORD = "word:"


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
        found: dict[str, Any] = {**answers, "mapping": mapping}
        about_words = [question for question in answers if question.startswith(_WORD)]
        if about_words:
            found["words"] = {q.removeprefix(_WORD): found.pop(q) for q in about_words}
        return found

    def ask(self, error: ImportChoiceError) -> None:
        """Note a question for the next run."""
        question, choices = error.question, error.choices
        if question == "mapping":
            question = _MAPPING + choices[0].partition("=")[0]
            choices = [choice.partition("=")[2] for choice in choices]
        self._visit.keep(f"{self._name}.asked", {**self._asked, question: choices})

    def _radio(self, question: str, choices: Sequence[str]) -> str | None:
        field = words.label(question.removeprefix(_MAPPING)).lower()
        asked = f"Which column is the {field}?"
        if question.startswith(_WORD):
            asked = f"What does “{words.plain(question.removeprefix(_WORD))}” mean?"
        return st.radio(
            _QUESTIONS.get(question, asked),
            choices,
            index=None,
            format_func=lambda choice: _CHOICES.get(choice, choice),
            horizontal=True,
            key=self._visit.key(f"{self._name}.{question}"),
        )
