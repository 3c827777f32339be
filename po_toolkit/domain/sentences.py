"""What an entry of the audit log says, as one sentence that a person understands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from po_toolkit.domain.discrepancies import DISCREPANCY_TITLES
from po_toolkit.domain.reminders import step_label
from po_toolkit.domain.roles import Act
from po_toolkit.domain.wording import count, label, written_day
from po_toolkit.money import display

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LoggedAct:
    """One entry of the audit log.

    Attributes:
        act: What was done.
        before: The values before.
        after: The values after; amounts in minor units beside a ``currency``.
        whose: The sponsor, and the reference where more than that is needed; may be empty.
    """

    act: str
    before: Values
    after: Values
    whose: str

    @property
    def amount(self) -> str:
        """The amount that moved, with its currency, or ``""``."""
        amount, currency = self.after.get("amount"), self.after.get("currency")
        return display(int(amount), str(currency)) if amount is not None and currency else ""


def audit_sentence(entry: LoggedAct) -> str:
    """Return what an entry says; ``""`` for an internal step that nobody needs to read."""
    if "started" in entry.after:
        return _TASKS.get(str(entry.after["started"]), "A task started.")
    if entry.before.get("state") == "running" and len(entry.after.keys() & _STATES.keys()) == 1:
        (state, message) = next(iter(entry.after.items()))
        text = f"{label(entry.act)}: {_STATES[state]}"
        return f"{text}. {message}" if message else f"{text}."
    write = (
        _approval
        if "asked" in entry.after or "asked_by" in entry.after
        else _SENTENCES.get(entry.act, _other)
    )
    text = write(entry).replace(f"{entry.whose}.", entry.whose.removesuffix(".") + ".")
    return " ".join(part for part in (text, _status(entry)) if part)


def _approval(entry: LoggedAct) -> str:
    """Say that money waits for a second person, or that they agreed; it has not moved yet."""
    what = "Refund" if entry.act == Act.REFUND else "Credit note"
    if "asked" in entry.after:
        return f"{what} of {entry.amount} to {entry.whose} needs a second person."
    return f"{what} of {entry.amount} to {entry.whose} confirmed by a second person."


_TASKS = {
    "sync": "A sync with Stripe started.",
    "sweep": "A full sync with Stripe started.",
    "payouts": "Reading payouts from Stripe started.",
    "remind": "Sending reminders started.",
    "remind_due": "Sending reminders started.",
    "match": "Matching bank lines started.",
    "replay": "Replaying webhook events started.",
}
_STATES = {"done": "finished", "partly": "finished in part", "failed": "failed"}


def _status(entry: LoggedAct) -> str:
    """Say which status follows, where an act of money changed it."""
    after = entry.after.get("status")
    if after is None or after == entry.before.get("status") or entry.act == Act.CANCEL:
        return ""
    return f"The purchase order is now {label(str(after)).lower()}."


def _imported(entry: LoggedAct) -> str:
    after = entry.after
    accepted, file_name = int(after.get("accepted", 0)), str(after.get("file_name", "a file"))
    orders, rejected = count(accepted, "purchase order"), after.get("rejected")
    duplicates = after.get("duplicates") and count(int(after["duplicates"]), "duplicate")
    if rejected and duplicates:
        return f"{orders} imported from {file_name}, {rejected} rejected, {duplicates} skipped."
    if rejected:
        return f"{orders} imported from {file_name}, {rejected} rejected."
    if duplicates:
        return f"{orders} imported from {file_name}, {duplicates} skipped."
    return f"{orders} imported from {file_name}."


def _statement_loaded(entry: LoggedAct) -> str:
    lines = count(int(entry.after.get("lines") or 0), "line")
    return f"{lines} of the bank statement {entry.after.get('file_name', '')} imported."


def _import_undone(entry: LoggedAct) -> str:
    number = len(entry.before.get("purchase_orders") or ())
    return f"The import of {count(number, 'purchase order')} was undone."


def _sent(entry: LoggedAct) -> str:
    if not entry.amount:  # an entry of an earlier release
        if entry.after["sent"]:
            return f"Invoice sent to {entry.whose}."
        return f"Invoice for {entry.whose} finalized. Deliver it yourself."
    if entry.after["sent"]:
        return f"Invoice of {entry.amount} sent to {entry.whose}."
    return f"Invoice of {entry.amount} for {entry.whose} finalized. Deliver it yourself."


def _batch_begun(entry: LoggedAct) -> str:
    number = int(entry.after["purchase_orders"])
    if entry.after.get("send", True):
        return f"A batch began sending {count(number, 'invoice')}."
    return f"A batch began preparing {count(number, 'invoice')}."


def _balance_decided(entry: LoggedAct) -> str:
    if entry.after["balance"] == "use":
        return f"Decided for {entry.whose}: The credit at Stripe counts on the invoice."
    return f"Decided for {entry.whose}: The credit at Stripe is removed before the invoice."


_BATCHES = {
    "running": "A batch of invoices was resumed.",
    "paused": "A batch of invoices was paused.",
    "cancelled": "A batch of invoices was stopped.",
    "done": "A batch of invoices is done.",
}

_INVOICED: dict[str, Callable[[LoggedAct], str]] = {
    "generation": lambda _entry: "",
    "sent": _sent,
    "purchase_orders": _batch_begun,
    "retried": lambda e: f"{count(int(e.after['retried']), 'failed invoice')} of a batch retried.",
    "state": lambda e: _BATCHES[str(e.after["state"])],
    "beside": lambda e: (
        f"Decided for {e.whose}: {', '.join(e.after['beside'])} bills something else."
    ),
    "balance": _balance_decided,
}
"""How an act on invoices reads, by the value that it is known by."""


def _invoiced(entry: LoggedAct) -> str:
    write = next((w for name, w in _INVOICED.items() if name in entry.after), None)
    return write(entry) if write else f"Purchase order of {entry.whose} marked as sent."


_MONEY = {
    "payment": "Payment of {amount} from {whose} recorded.",
    "payment_reversal": "Payment of {amount} from {whose} reversed.",
    "refund": "Refund of {amount} to {whose} recorded.",
    "refund_failed": "Refund of {amount} to {whose} failed.",
    "dispute": "{amount} from {whose} disputed by their bank.",
    "dispute_reinstated": "Dispute of {amount} from {whose} won.",
    "transfer_in": "{amount} moved to {whose}.",
    "transfer_out": "{amount} moved away from {whose}.",
}
_PAID = {
    "stripe": "Payment of {amount} from {whose} through Stripe recorded.",
    "bank": "Payment of {amount} from {whose} by bank line recorded.",
}


def _money(entry: LoggedAct) -> str:
    after = entry.after
    if "replayed" in after:
        return "A webhook event was replayed."
    text = _MONEY.get(str(after.get("kind", "")))
    if text is None:
        if entry.act == Act.REFUND and entry.amount:
            return f"Refund of {entry.amount} to {entry.whose} requested."
        return _other(entry)
    if after["kind"] == "payment":
        text = _PAID.get(str(after.get("source", "")), text)
    return text.format(amount=entry.amount, whose=entry.whose)


def _reminded(entry: LoggedAct) -> str:
    if "step" not in entry.after:
        return _other(entry)
    when = step_label(int(entry.after["step"]))
    if entry.after.get("state") == "drafted":
        return f"Reminder drafted for {entry.whose}, {when}."
    return f"Reminder sent to {entry.whose}, {when}."


def _called(entry: LoggedAct) -> str:
    text = f"Called {entry.whose}."
    if note := entry.after.get("note"):
        text = f"Called {entry.whose}: {_ended(note)}"
    if promised := entry.after.get("promised_on"):
        day = written_day(date.fromisoformat(str(promised)))
        return f"{text} They promised to pay by {day}."
    return text


def _delivered(entry: LoggedAct) -> str:
    after = entry.after
    if "handed_over_to" in after:
        return f"E-invoice for {entry.whose} sent to the access point."
    if "recipients" in after:
        return f"Email with the invoice for {entry.whose} written."
    return f"E-invoice for {entry.whose} written."


def _amendment(entry: LoggedAct) -> str:
    changes = _changes(entry)
    return f"{entry.whose or 'Purchase order'} changed: {'; '.join(changes)}." if changes else ""


_SILENT = frozenset({"organization_key", "po_number_key", "tax_id_type", "status", "currency"})


def _changes(entry: LoggedAct) -> list[str]:
    """Return what changed from what to what; of reminders, what they are now."""
    return [
        f"Reminders: {'; '.join(map(step_label, value)) or 'none'}"
        if name == "reminders"
        else f"{label(name).replace('Cc emails', 'CC')} from {_value(entry.before.get(name))} to "
        f"{_value(value)}"
        for name, value in entry.after.items()
        if name not in _SILENT and value != entry.before.get(name)
    ]


def _value(value: Any) -> str:
    if value in (None, "", []):
        return "nothing"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    text = str(value)
    try:
        return written_day(date.fromisoformat(text))
    except ValueError:
        return f"“{text}”" if isinstance(value, str) else text


def _settings(entry: LoggedAct) -> str:
    return f"Settings changed: {'; '.join(_changes(entry))}."


def _matched(entry: LoggedAct) -> str:
    if str(entry.after.get("is")).startswith("entry "):
        return f"{_line(entry)} matched to a recorded payment ({entry.after['is']})."
    return f"{_line(entry)} matched to {entry.after.get('is', 'what it pays')}."


def _unmatched(entry: LoggedAct) -> str:
    return f"{_line(entry)} is no longer matched."


def _excluded(entry: LoggedAct) -> str:
    what, reason = _line(entry), entry.after.get("set_aside")
    return f"{what} excluded: {_ended(reason)}" if reason else f"{what} included again."


def _line(entry: LoggedAct) -> str:
    return f"Bank line of {entry.amount}" if entry.amount else "Bank line"


def _accepted(entry: LoggedAct) -> str:
    values = entry.after or entry.before
    title = DISCREPANCY_TITLES.get(str(values.get("code")), "Discrepancy")
    if not entry.after:
        return f"Discrepancy opened again: {title}."
    reason = _ended(values.get("reason", ""))
    if entry.amount:
        return f"Discrepancy accepted, {entry.amount}: {title}. {reason}"
    return f"Discrepancy accepted: {title}. {reason}"


def _with_reason(text: str) -> Callable[[LoggedAct], str]:
    """Write a sentence whose reason, if there is one, follows it."""

    def write(entry: LoggedAct) -> str:
        filled = text.format(whose=entry.whose, amount=entry.amount, **_strings(entry.after))
        reason = entry.after.get("reason")
        return f"{filled}: {_ended(reason)}" if reason else f"{filled}."

    return write


def _strings(values: Values) -> dict[str, str]:
    known = {name: str(values.get(name, "")) for name in ("file_name", "lines")}
    if day := values.get("last_day"):
        known["last_day"] = written_day(date.fromisoformat(str(day)))
    return {"last_day": ""} | known


def _ended(text: Any) -> str:
    ended = str(text).strip()
    return ended if ended.endswith((".", "!", "?")) else f"{ended}."


def _other(entry: LoggedAct) -> str:
    """Write an act without a sentence of its own, with what it changed."""
    whose = f" for {entry.whose}" if entry.whose else ""
    changes = _changes(entry)
    return f"{label(entry.act)}{whose}" + (f": {'; '.join(changes)}." if changes else ".")


_SENTENCES: dict[str, Callable[[LoggedAct], str]] = {
    Act.IMPORT: _imported,
    Act.UNDO_IMPORT: _import_undone,
    Act.CREATE: _with_reason("Purchase order of {whose} created"),
    Act.INVOICE: _invoiced,
    Act.ADOPT: _with_reason("Invoice of {whose} that was sent by hand adopted"),
    Act.SYNC: _money,
    Act.RECORD_PAYMENT: _money,
    Act.REVERSE: _money,
    Act.REFUND: _money,
    Act.ISSUE_CREDIT_NOTE: _with_reason("Credit note of {amount} issued to {whose}"),
    Act.CANCEL: _with_reason("Purchase order of {whose} cancelled"),
    Act.RESEND: _with_reason("Invoice resent to {whose}"),
    Act.REMIND: _reminded,
    Act.LOG_CALL: _called,
    Act.ATTACH: _with_reason("File {file_name} attached to the purchase order of {whose}"),
    Act.DELIVER: _delivered,
    Act.DELIVERED: _with_reason("Invoice for {whose} marked as delivered"),
    Act.REISSUE: _with_reason("Invoice of {whose} voided to be reissued"),
    Act.AMEND: _amendment,
    Act.CHANGE_SETTINGS: _settings,
    Act.ACCEPT_DISCREPANCY: _accepted,
    Act.CLOSE: _with_reason("Books closed through {last_day}"),
    Act.LOAD_STATEMENT: _statement_loaded,
    Act.ACCEPT_STATEMENT: _with_reason("Bank statement accepted although its sums do not agree"),
    Act.REMOVE_STATEMENT: _with_reason("Bank statement removed"),
    Act.MATCH: _matched,
    Act.UNDO_MATCH: _unmatched,
    Act.SET_ASIDE: _excluded,
}
