"""What solves a problem, each act once: its label, its command, and its page in the app."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from po_toolkit.domain.offline_payments import DETAILS, PaymentDetails
from po_toolkit.errors import Remedy


def set_up_database() -> Remedy:
    """Create or migrate the database."""
    return Remedy("Set up the database", ("init",))


def begin_again(*, despite_live: bool = False) -> Remedy:
    """Keep the database beside it and begin with an empty one."""
    yes = ["--yes"] if despite_live else []
    return Remedy("Begin with an empty database", ("init", "--fresh", *yes))


def archive(conference: str) -> Remedy:
    """Put a conference's data aside."""
    return Remedy("Put the old data aside", ("archive", "--conference", conference))


def rename(old: str, conference: str) -> Remedy:
    """Give a conference's data to its new name."""
    return Remedy("Rename the conference", ("rename", old, conference))


def list_orders(conference: str) -> Remedy:
    """List the purchase orders."""
    return Remedy("List purchase orders", ("reconcile", "--conference", conference), "orders")


def sync(conference: str, *, full: bool = False) -> Remedy:
    """Fetch from Stripe what is new, or compare everything."""
    command = ("sync", "--conference", conference, *(["--full"] if full else []))
    return Remedy("Sync with Stripe", command, "home")


def invoice(conference: str, reference: str) -> Remedy:
    """Invoice one purchase order."""
    command = ("invoice", "--conference", conference, "--po", reference)
    return Remedy("Send the invoice", command, "invoice")


def adopt(reference: str, invoice_id: str) -> Remedy:
    """Make an invoice that was sent by hand the purchase order's."""
    return _on_order("Adopt the invoice", reference, "adopt", reference, invoice_id)


def bill_again(conference: str, reference: str, invoice_id: str) -> Remedy:
    """Bill a purchase order on purpose beside an invoice that seems to bill the same."""
    command = ("invoice", "--conference", conference, "--po", reference, "--bill-again", invoice_id)
    return Remedy("Bill it again on purpose", command, "invoice")


def decide_balance(conference: str, reference: str, choice: str) -> Remedy:
    """Invoice a purchase order and use or remove what lies on the sponsor's balance at Stripe."""
    labels = {"use": "Let the balance count", "remove": "Remove the balance"}
    decided = ("--po", reference, "--sponsor-balance", choice)
    return Remedy(labels[choice], ("invoice", "--conference", conference, *decided), "invoice")


def reissue(reference: str, *, due_date: date | None = None) -> Remedy:
    """Void the open invoice and send a corrected one."""
    changes = ["--due-date", due_date.isoformat()] if due_date else []
    return _on_order("Reissue the invoice", reference, "reissue", reference, *changes)


def cancel(reference: str) -> Remedy:
    """Cancel a purchase order."""
    return _on_order("Cancel the purchase order", reference, "cancel", reference)


def deliver(reference: str) -> Remedy:
    """Write the email draft of an invoice."""
    command = ("deliver", reference, "--out", "invoice.eml")
    return _on_order("Write the email draft", reference, *command)


def credit_note(
    reference: str, amount: Decimal, *, reason: str = "REASON", again: bool = False
) -> Remedy:
    """Credit an amount in major units, perhaps beside a credit note that looks the same."""
    command = ("credit-note", reference, "--amount", str(amount), "--reason", reason)
    if again:
        return _on_order("Issue a second credit note", reference, *command, "--again")
    return _on_order("Issue a credit note", reference, *command)


def refund(reference: str, amount: Decimal, *, method: str = "", again: bool = False) -> Remedy:
    """Refund an amount in major units through Stripe, or record what went back by a method.

    ``again`` does so beside a refund that looks the same.
    """
    options = [*(["--method", method] if method else []), *(["--again"] if again else [])]
    label = "Record the refund" if method else "Refund the payment"
    label = "Refund it as a second one" if again else label
    return _on_order(label, reference, "refund", reference, "--amount", str(amount), *options)


def record_payment(
    reference: str,
    amount: Decimal,
    method: str,
    day: date,
    *,
    details: PaymentDetails,
    confirmed: Iterable[str] = (),
) -> Remedy:
    """Record an offline payment, an amount in major units, with what a person confirms of it.

    ``confirmed`` are those of ``again``, ``date_as_given`` and ``overpaid`` that are confirmed.
    """
    texts = ((detail.option, getattr(details, detail.name)) for detail in DETAILS)
    named = [word for option, text in texts if text for word in (option, text)]
    options = [f"--{name.replace('_', '-')}" for name in confirmed]
    command = ("payment", reference, "--amount", str(amount), "--method", method)
    label = "Record it as a second payment" if "again" in confirmed else "Record it as given"
    whole = (*command, "--date", day.isoformat(), *named, *options)
    return _on_order(label, reference, *whole)


def match_line(conference: str, line: int) -> Remedy:
    """Match a bank line to a purchase order."""
    command = ("bank", "apply", str(line), "--conference", conference, "--po", "REFERENCE")
    return Remedy("Match the line", command, "bank")


def confirm_entry(conference: str, line: int, entry: int) -> Remedy:
    """Match a bank line to an entry that was made by hand."""
    command = ("bank", "apply", str(line), "--conference", conference, "--entry", str(entry))
    return Remedy("Match the line to that entry", command, "bank")


def match_overpaid(conference: str, line: int, reference: str, amount: Decimal) -> Remedy:
    """Match a bank line to a purchase order that has less open than came."""
    share = ("--po", f"{reference}={amount}")
    command = ("bank", "apply", str(line), "--conference", conference, *share, "--overpaid")
    return Remedy("Match it anyway", command, "bank")


def undo_match(conference: str, line: int) -> Remedy:
    """Undo what a bank line was matched to."""
    command = ("bank", "undo", str(line), "--conference", conference)
    return Remedy("Undo the match", command, "bank")


def _on_order(label: str, reference: str, *command: str) -> Remedy:
    return Remedy(label, command, "order", reference)
