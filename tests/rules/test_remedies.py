"""A remedy that does not work leaves the person who follows it worse off than no remedy."""

from __future__ import annotations

import inspect
import re
import shlex
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from po_toolkit import errors
from po_toolkit.cli import app
from po_toolkit.domain import remedies
from po_toolkit.domain.offline_payments import PaymentDetails
from po_toolkit.errors import PoToolkitError, Reason, Remedy

COMMAND = get_command(app)
ROOT = Path(__file__).parents[2] / "po_toolkit"

SAMPLES: dict[str, Any] = {
    "again": True,
    "amount": Decimal("1234.50"),
    "choice": "use",
    "conference": "pycon-2027",
    "confirmed": ("again", "date_as_given", "overpaid"),
    "despite_live": True,
    "day": date(2027, 3, 31),
    "entry": 214,
    "details": PaymentDetails(reference="FT 2708 'x'", note="by 'telephone'"),
    "due_date": date(2027, 3, 31),
    "full": True,
    "invoice_id": "in_1PqRsT",
    "reason": "Never paid",
    "line": 17,
    "method": "wire",
    "old": "pycon-27",
    "reference": "PO-7KQ2MX",
}

MAKERS = [
    maker
    for name, maker in inspect.getmembers(remedies, inspect.isfunction)
    if maker.__module__ == remedies.__name__ and not name.startswith("_")
]


def parse(words: list[str]) -> None:
    """Parse a command line with the real commands, without running it."""
    command = COMMAND
    context = command.make_context("po-toolkit", words)
    while hasattr(command, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
@pytest.mark.parametrize("whole", [True, False], ids=["all", "least"])
def test_every_remedy_is_a_command_that_parses(maker: Any, whole: bool) -> None:
    """Whoever pastes the command must not get an error about it."""
    parameters = inspect.signature(maker).parameters.values()
    given = {p.name: SAMPLES[p.name] for p in parameters if whole or p.default is p.empty}
    remedy = maker(**given)
    assert remedy.label[0].isupper()
    words = shlex.split(remedy.command_line)
    assert words[0] == "po-toolkit"
    parse(words[1:])


def test_every_kind_of_error_has_a_code_of_its_own() -> None:
    """Programs tell failures apart by code; two with one code cannot be told apart."""
    kinds = [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, PoToolkitError)
    ]
    assert len({kind.code for kind in kinds}) == len(kinds) > 15
    assert all(re.fullmatch(r"[a-z0-9_]+", kind.code) for kind in kinds)


def test_an_error_keeps_its_code_and_remedy_beside_its_message() -> None:
    """What catches an error must be able to offer the way out."""
    remedy = Remedy("Sync with Stripe", ("sync", "--conference", "x"), "home")
    error = errors.BusyError("It is busy.", code="batch_busy", remedy=remedy)
    assert (str(error), error.code, error.remedy) == ("It is busy.", "batch_busy", remedy)
    assert (error.reason, error.reason.remedy) == ("It is busy.", remedy)
    assert errors.BusyError(Reason("It is busy.", remedy)).remedy is remedy
    assert (errors.BusyError("No.").code, errors.BusyError("No.").remedy) == ("busy", None)


def test_no_message_below_the_command_line_holds_a_command_or_an_option() -> None:
    """In the app nobody can type a command; it belongs into the remedy."""
    names = "|".join(sorted(COMMAND.commands))
    rooms = ("api", "domain", "importers", "invoicing", "jobs", "payments", "store", "ui")
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for room in rooms
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.name not in {"discrepancies.py", "doctor.py", "remedies.py", "stripe_check.py"}
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(rf"""f?["'][^"'`]*(po-toolkit ({names})\b| --[a-z]{{2,}})""", line)
    ]
    assert found == []
