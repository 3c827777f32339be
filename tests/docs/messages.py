"""Collects what the app shows into its catalogues: python -m tests.docs.messages.

Into ``app.po`` come the texts marked with ``_``, ``N_``, ``ngettext`` and ``formats.count`` in
``po_toolkit/ui``, and the labels that the app takes from the layers below; into ``messages.po`` the
messages of those layers, which also the command line and the log write, so that they are English
where they are made: an f-string becomes a text with named values. What is translated stays; what is
gone goes.
"""

from __future__ import annotations

import ast
import io
import keyword
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from po_toolkit.api.payment_details import DETAILS
from po_toolkit.api.terms import (
    BUCKET_LABELS,
    DISCREPANCY_CLASSES,
    STATUS_LABELS,
    WAYS,
    label,
    way_label,
)
from po_toolkit.domain.translations import APP, FOLDER, MESSAGES, languages
from po_toolkit.domain.wording import WAYS_IN
from po_toolkit.importers.columns import LABELS as COLUMN_LABELS
from po_toolkit.importers.columns import OWN_LINES
from po_toolkit.importers.columns import REASONS as COLUMN_REASONS
from po_toolkit.importers.table import NEEDED

PACKAGE = Path(__file__).parents[2] / "po_toolkit"
UI = PACKAGE / "ui"

WORDED = (
    "api/bank_matching", "api/contact", "api/first_run", "api/import_plan", "api/invoices",
    "api/ledger", "api/month_end", "api/new_order", "api/order_changes", "api/reminders",
    "domain/bank_matching/facts", "domain/bank_matching/numbers", "domain/bank_matching/payouts",
    "domain/bank_matching/reading", "domain/bank_matching/resolve",
    "domain/bank_matching/reversals", "domain/bank_matching/rules", "domain/duplicates",
    "domain/remedies", "domain/reminders", "domain/roles", "domain/sentences", "invoicing/billed",
    "invoicing/customers", "invoicing/delivery", "invoicing/existing", "invoicing/lease",
    "invoicing/plan", "invoicing/reminders", "invoicing/send", "jobs/batches", "jobs/tasks",
    "money", "outbox", "payments/bank_matches", "payments/credit_notes", "payments/customer_credit",
    "payments/ledger", "payments/offline_payments", "payments/payouts", "payments/refunds",
    "payments/stripe_invoices", "payments/stripe_reports", "payments/sync",
    "reconcile/discrepancies", "reconcile/statement", "reconcile/story",
    "reconcile/tie_out", "reconcile/tie_out_rows",
    "store/audit_chain", "store/import_batches", "store/purchase_orders", "store/trouble",
    "stripe_gateway/translate",
)  # fmt: skip
"""Modules whose every message is translated."""

RAISED = (
    "api/bank", "api/conference_settings", "api/content", "api/delivery",
    "api/e_invoices", "api/home", "api/imports", "api/notices", "api/original",
    "api/sync",
    "api/webhook_work",
    "bootstrap", "config", "context", "domain/deliveries", "domain/tax", "domain/tax_ids", "errors",
    "importers/bank/columns", "importers/bank/files", "importers/bank/layout",
    "importers/bank/model", "importers/bank/read_bai2", "importers/bank/read_camt",
    "importers/bank/read_mt940", "importers/bank/read_ofx", "importers/bank/read_qif",
    "importers/bank/read_sheet", "importers/cells", "importers/columns", "importers/fields",
    "importers/orders", "importers/readers/__init__", "importers/readers/contract",
    "importers/readers/limits", "importers/readers/ods", "importers/readers/text",
    "importers/readers/xls", "importers/readers/xlsx", "importers/rows", "importers/table",
    "invoice_settings", "jobs/worker",
    "reconcile/documents/e_invoice", "reconcile/documents/e_invoice_xml",
    "reconcile/documents/fonts",
    "store/bank", "store/bank_matches", "store/closing", "store/conferences", "store/documents",
    "store/history",
    "store/invoices", "store/jobs", "store/ledger", "store/schema",
    "stripe_gateway/client", "stripe_gateway/transport",
    "ui/import_answers", "ui/import_batch", "ui/order_editor", "ui/order_form", "ui/typed",
)  # fmt: skip
"""Modules that are full of words of spreadsheets; what they raise or note is translated."""

_UNFILLED = (
    b'"Report-', b'"POT-', b'"PO-', b'"Last-', b'"Language-T', b'"Generated-', b'"Project-',
)  # fmt: skip

Message = str | tuple[str, str]

PARTS = (
    *(f"{{header}} is {label}" for label in COLUMN_LABELS.values()),
    "{header} is {labels}, and {name} is left out", "No column is called {labels} for certain.",
    "The day: {open_value} is {day}", "The month: {open_value} is {day}",
    "The year: {open_value} is {day}", "Row {row} {error}.", "row {row_numbers}",
    "rows {row_numbers}", "But {why}", "and", "or",
    "the payer is {shown}, not {name}", "repeats the header",
    "the entry of {date} on {reference} has this amount{less}",
    "{shown} stands where banks write their own numbers", "{shown} is in a bank's field",
    "{shown} is in the beneficiary's field",
    "Row {row} has {cell} for its {name}, which is not an amount.",
    (
        "{first} and {beside} in the next column may be one amount, {first2},{beside2} (write "
        "{first3}.00 where {first4} is meant)"
    ),
    "is marked as pending, so it may not be booked",
    "speaks of a balance in one of its cells, so it may be no line",
    (
        "has {beyond} beyond the last column, so a mark inside an amount or a text may have "
        "parted it"
    ),
    (
        "has no balance although every other row has one, so it may not be booked yet; load the "
        "next statement once it is"
    ),
    "speaks of a total and is the sum of the rows before it",
    "write the days until due as a whole number from 0 to 365, such as 30.",
    (
        "The file is a web page, not a spreadsheet. Open it in a spreadsheet program and save it "
        "as .xlsx or .csv."
    ),
    *COLUMN_LABELS.values(), *COLUMN_REASONS.values(), *OWN_LINES.values(), NEEDED,
    "a discount", "tax", "payment terms", "payment in parts", "another recipient",
    "a line that is optional", "above the header", "below the table",
    "day first", "month first", "year first",
    "the day", "the month", "the year", "kept in the notes", "no field of this name",
    "may change what is owed", "holds numbers, and its name is unknown",
    "the same as the line's amount", "the same as the purchase order's sum",
    "the same as the quantity", "the same as the unit price", "The file", "Sheet {name}",
    "the row has {cells} cells, more than the header", "was left out", "was read as {field}",
    "it must be more than zero", "Stripe charges {least} or more",
    "Stripe charges {currency} or less in one invoice; split it into several purchase orders",
    " and {before} was billed before",
    "as the format says", "as written", "as written in the amount", "heading of each amount",
    "the conference's; the file names none", "your answer",
    "text above the heading", "no amount has a minus: all are credits",
    "no amount has a minus, which this bank writes: all are credits",
    "no amount has a sign; the running balance proves each",
    "marks beside the amounts; no mark = {meaning}", "nothing says whether all are credits",
    "the column {suspicious} may say which way the money went",
    "with balances, turnovers or totals", "that the bank has not booked",
    "that the bank's layout does not count as lines",
    "has no header with", "has no header with the columns of a bank statement, not even",
    "a line names its amount in {named}", "all accounts in it are in other countries",
    "its account is in another country ({iban})", "its days are written month first",
    (
        "opening {opening} + lines {moved} is {value}, but it closes with {closing}: "
        "{difference} apart"
    ),
    "the file holds no {missing} balance to prove it by",
    (
        "Row {row} is dated {booked_on}, which is after today, {today}. It was not imported. "
        "Once it is booked, import the statement again."
    ),
    ("{n} row", "{n} rows"), "could not be reached", "failed with {status}", "credit", "debit",
    "opening", "closing", "due {day}", "entry {number}", "cancelled",
)  # fmt: skip
"""What messages are put together from, and what pages show of a file as it was read."""

CODES = (
    "ach", "ach_credit_transfer", "amount", "bank_transfer", "bill_to", "check", "cancelled",
    "created", "credit", "credit_note", "credit_note_voided", "debit", "dispute",
    "dispute_reinstated", "draft", "failed", "invoiced", "open", "other", "paid", "payment",
    "payment_reversal", "refund", "refund_failed", "sent", "skipped", "stripe", "transfer",
    "uncollectible", "void", "wire", "bank_set_aside", "bank_unexplained", "recorded_later",
    "quickbooks", "payout_not_itemised", "viewer", "operator", "treasurer", "admin",
    "adopted", "automatic", "bank_fee", "canceled", "deleted", "drafted", "drafting", "exempt",
    "finalized", "in_transit", "instant", "invoice_footer", "invoice_memo", "manual",
    "payout_manual", "payout_returned", "payout_share", "pending", "remind_from_hour", "replaced",
    "reverse_charge", "taxed", "transfer_in", "transfer_out", "due_so_far", "received_so_far",
    "due", "received", "month",
)  # fmt: skip
"""Codes that pages show by ``formats.label``."""

LABELS = (
    *STATUS_LABELS.values(),
    *BUCKET_LABELS.values(),
    *(text for c in DISCREPANCY_CLASSES.values() for text in (c.title, c.explanation, c.remedy)),
    *map(way_label, WAYS),
    *(text for detail in DETAILS for text in (detail.label, detail.heading)),
    *map(label, CODES),
    *WAYS_IN.values(),
    "automatic",
    "point",
    "comma",
    "Day",  # of a chart
)
"""Labels from below that pages translate where they show them."""


@cache
def parents(path: Path) -> dict[ast.AST, ast.AST]:
    """Return every node of a module with the node that it stands in."""
    found: dict[ast.AST, ast.AST] = {}
    left: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while left:
        node = left.pop()
        children = list(ast.iter_child_nodes(node))
        found.update(dict.fromkeys(children, node))
        left += children
    return found


def marked(path: Path) -> Iterator[Message]:
    """Yield the texts that a module marks for translation."""
    for node in parents(path):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
        if name in {"_", "N_"} and texts:
            yield texts[0]
        elif name == "ngettext" and len(texts) == 2:
            yield texts[0], texts[1]
        elif name == "count" and len(node.args) > 1 and texts and str(texts[0]).strip():
            noun, plural = texts if len(texts) == 2 else (texts[-1], f"{texts[-1]}s")
            yield f"{{n}} {noun}", f"{{n}} {plural}"


def asked_for() -> set[Message]:
    """Return every text that the app asks its catalogues for."""
    found: set[Message] = {text for path in UI.glob("*.py") for text in marked(path)}
    plurals = {form for text in found if isinstance(text, tuple) for form in text}
    return {text for text in found if text not in plurals} | {*LABELS}


def template(node: ast.AST) -> str:
    """Return the text of a constant or an f-string, its values named by what they are."""
    if not isinstance(node, ast.JoinedStr):
        return node.value if isinstance(node, ast.Constant) and type(node.value) is str else ""
    parts, names = [], Counter[str]()
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value).replace("{", "{{").replace("}", "}}"))
        elif isinstance(part, ast.FormattedValue):
            name = _named(part.value)
            names[name] += 1
            parts.append(f"{{{name}{names[name] if names[name] > 1 else ''}}}")
    return "".join(parts)


def _named(node: ast.AST) -> str:
    """Name a value of an f-string by its last word: ``total`` for ``display(order.total, …)``."""
    if isinstance(node, ast.Call) and node.args:
        return _named(node.args[0])
    if isinstance(node, ast.Call):
        return _named(node.func.value if isinstance(node.func, ast.Attribute) else node.func)
    if isinstance(node, ast.Subscript):
        return _named(node.slice if isinstance(node.slice, ast.Constant) else node.value)
    said = getattr(node, "id", "") or getattr(node, "attr", "") or getattr(node, "value", "")
    name = str(said).strip("_").lower()
    return name if name.isidentifier() and not keyword.iskeyword(name) else "value"


def worded(path: Path, *, raised: bool) -> Iterator[str]:
    """Yield the messages of a module below the app; with ``raised`` only those in calls."""
    above = parents(path)
    for node in above:
        text = template(node)
        own = _WORD.findall(_VALUE.sub("", text))
        sentence = _VALUE.search(text) and (
            text[0].isupper() or text.endswith(".") or text.startswith("{what}")
        )
        if " " not in text or text[-1].isspace() or len(own) < (1 if sentence else 2):
            continue
        where = above[node]
        while isinstance(
            where, ast.IfExp | ast.Tuple | ast.FormattedValue | ast.JoinedStr | ast.BinOp
        ):
            if isinstance(where, ast.JoinedStr) and node in where.values:
                break
            where = above[where]
        call = where.func if isinstance(where, ast.Call) else None
        name = getattr(call, "id", "") or getattr(call, "attr", "")
        if name == "AssertionError":
            continue
        if name.endswith("Error") or name in _SAYING or not (raised or _is_apart(where)):
            yield text


def _is_apart(where: ast.AST) -> bool:
    """Tell whether a text stands where it is no message: a docstring, a call, a part of another."""
    return isinstance(where, ast.Expr | ast.Call | ast.JoinedStr | ast.Attribute)


_WORD = re.compile(r"[A-Za-z]{2,}")
_VALUE = re.compile(r"\{\w+\}")
_SAYING = frozenset(
    {
        "Reason",
        "Remedy",
        "Step",
        "_on_order",
        "_wrong",
        "_with_reason",
        "warn",
        "error",
        "note",
        "join",
        "Choice",
        "LineProblem",
        "Question",
        "RowProblem",
        "_ask_currency",
        "_ask_rows",
        "_leave",
        "_refusal",
        "_warning",
        "append",
        "extend",
    }
)
"""Calls whose argument is a message, beside those of an error."""


@cache
def messages() -> set[Message]:
    """Return every message of the layers below, and the nouns that they count."""
    found: set[Message] = set()
    for name in (*WORDED, *RAISED):
        path = PACKAGE / f"{name}.py"
        found |= set(worded(path, raised=name in RAISED))
        if path.parent != UI:
            found |= {text for text in marked(path) if isinstance(text, tuple)}
    return found | {part for part in PARTS if part}


def update(language: str, name: str = APP) -> Catalog:
    """Return a language's catalogue with exactly the texts that are asked for."""
    path = FOLDER / language / "LC_MESSAGES" / f"{name}.po"
    old = Catalog(language)
    if path.is_file():
        with path.open("rb") as file:
            old = read_po(file, locale=language)
    new = Catalog(language, project="po-toolkit", header_comment="", fuzzy=False)
    for text in CATALOGUES[name]():
        kept = old.get(text if isinstance(text, str) else text[0])
        new.add(text, kept.string if kept else None)
    return new


CATALOGUES = {APP: asked_for, MESSAGES: messages}
"""What is asked for of each catalogue."""


def save(file: IO[bytes], catalog: Catalog) -> None:
    """Write a catalogue, its header without what nobody fills in."""
    written = io.BytesIO()
    write_po(written, catalog, sort_output=True, width=100)
    lines = written.getvalue().splitlines(keepends=True)
    file.writelines(line for line in lines if not line.startswith(_UNFILLED))


def write() -> None:
    """Write every catalogue of the app again, its texts in the order of the alphabet."""
    for language in sorted(languages(APP) - {"en"}):
        for name in CATALOGUES:
            catalog = update(language, name)
            with (FOLDER / language / "LC_MESSAGES" / f"{name}.po").open("wb") as file:
                save(file, catalog)


if __name__ == "__main__":
    write()
