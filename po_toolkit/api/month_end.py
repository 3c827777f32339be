"""The end of a month: what must be done before the books are closed, and the files afterwards."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import get_args

from po_toolkit.api.reports import (
    JournalFormat,
    Reconciliation,
    TieOut,
    closed_books,
    closed_report,
    export,
    export_tie_out,
    invoice_pdf,
    journal,
    journal_files,
    month_end_report,
    reconcile,
    tie_out,
)
from po_toolkit.context import OpenConference
from po_toolkit.domain.discrepancies import DISCREPANCY_TITLES, code_of
from po_toolkit.domain.periods import end_of_day
from po_toolkit.domain.records import AsJson
from po_toolkit.domain.roles import Act, require
from po_toolkit.domain.wording import count, written_day
from po_toolkit.errors import NotFoundError, PoToolkitError, PurchaseOrderError
from po_toolkit.money import display
from po_toolkit.store import bank, closing, cursors
from po_toolkit.store.tables import AcceptedDiscrepancy, BankStatement


@dataclass(frozen=True, slots=True)
class Step(AsJson):
    """One thing to do before a period is closed.

    Attributes:
        name: What it is, such as ``Bank statements``.
        done: True: done; False: not done; None: nothing says that it is needed.
        result: How it stands, in a sentence.
        details: What is missing, one sentence each.
        page: The page of the app on which it is done.
    """

    name: str
    done: bool | None
    result: str
    details: tuple[str, ...] = ()
    page: str = ""


def checklist(opened: OpenConference, through: date) -> list[Step]:
    """Return what must be done before the books are closed through a day, in its order.

    The last day of the period is one in the conference's timezone.
    """
    found, books = tie_out(opened, as_of=through), reconcile(opened, as_of=through)
    return [
        _synced(opened, through),
        _statements(opened, through, found),
        _payouts(found),
        _lines(found),
        _checks(found),
        _discrepancies(books),
        _closed(opened, through),
    ]


def _synced(opened: OpenConference, through: date) -> Step:
    with opened.store.reading() as session:
        cursor = cursors.cursor_of(session, opened.conference)
    name = "Sync with Stripe"
    if opened.settings.mode == "none":
        return Step(name, None, "This conference has no Stripe key.")
    if cursor is None or cursor.last_sync_at is None:
        return Step(name, False, "Never synced.", page="home")
    if cursor.last_error:
        return Step(name, False, "The last sync did not finish.", (cursor.last_error,), "home")
    if cursor.last_sync_at < end_of_day(through, opened.conference.timezone):
        return Step(
            name, False, f"Not synced since the end of {written_day(through)}.", page="home"
        )
    return Step(name, True, f"Synced after {written_day(through)}.")


def _statements(opened: OpenConference, through: date, found: TieOut) -> Step:
    name = "Bank statements"
    with opened.store.reading() as session:
        rows = list(bank.statements(session, opened.conference.id))
    if not rows:
        if any(e.source != "stripe" for e in found.sides.entries) or found.sides.payouts:
            return Step(name, False, "No bank statement has been imported.", page="bank")
        return Step(name, None, "No bank statement has been imported; no money went to a bank.")
    wrong = [
        f"Statement {row.number or row.id} of {row.account or 'the account'} is on hold: "
        f"{row.reason}"
        for row in rows
        if row.state == "held"
    ]
    accounts: dict[tuple[str, str], list[BankStatement]] = defaultdict(list)
    for row in rows:
        if row.state != "held":
            accounts[row.account, row.currency].append(row)
    for (account, _), some in sorted(accounts.items()):
        wrong += gaps(account or "The account", some, through)
    if wrong:
        return Step(name, False, f"{count(len(wrong), 'gap or hold', 'gaps or holds')}.",
                    tuple(wrong), "bank")  # fmt: skip
    return Step(name, True, f"{count(len(rows), 'statement')} without a gap.")


def gaps(account: str, statements: list[BankStatement], through: date) -> list[str]:
    """Say where the statements of one account do not follow each other up to a day."""
    dated = [s for s in statements if s.closing_date is not None]
    dated.sort(key=lambda s: (s.closing_date or date.min, s.opening_date or date.min, s.id))
    wrong = []
    for before, after in itertools.pairwise(dated):
        if before.closing is None or after.opening is None:
            continue
        if before.closing != after.opening and not _overlap(before, after):
            wrong.append(
                f"{account}: {display(before.closing, before.currency)} at the end of "
                f"{written_day(before.closing_date or through)}, and "
                f"{display(after.opening, after.currency)} at the beginning of the next statement. "
                f"Import the statement between them."
            )
    last = max((s.closing_date for s in dated if s.closing_date), default=None)
    if last is None:
        wrong.append(
            f"{account}: No statement says up to which day it goes. Import a file that shows "
            f"balances: CAMT.053, MT940, OFX, BAI2, or a table with a column for the balance."
        )
    elif last < through:
        wrong.append(
            f"{account}: The last statement ends on {written_day(last)}. Import the one up to "
            f"{written_day(through)}."
        )
    return wrong


def _overlap(before: BankStatement, after: BankStatement) -> bool:
    """Whether two files hold the same days, as two exports of one month do."""
    first, last = after.opening_date, before.closing_date
    return first is not None and last is not None and first < last


def _payouts(found: TieOut) -> Step:
    name = "Payouts from Stripe"
    if not any(e.source == "stripe" for e in found.sides.entries) and not found.sides.payouts:
        return Step(name, None, "No payment came through Stripe.")
    if not found.sides.moves:
        return Step(name, False, "Payouts have not been read from Stripe.", page="payouts")
    return Step(name, True, f"{count(len(found.payouts), 'payout')} read.")


def _lines(found: TieOut) -> Step:
    lines = found.bank_lines
    left = int(lines["unexplained"].ne(0).sum())
    if left:
        return Step("Bank lines", False, f"{count(left, 'bank line')} not explained.", page="bank")
    if lines.empty:
        return Step("Bank lines", None, "No bank line up to this day.")
    return Step("Bank lines", True, f"{count(len(lines), 'bank line')}, all explained.")


def _checks(found: TieOut) -> Step:
    wrong = found.checks[found.checks["difference"] != 0]
    if len(wrong):
        names = tuple(f"{c} ({x.upper()})" for c, x in zip(wrong["check"], wrong["currency"]))  # noqa: B905 one frame
        return Step("Checks", False, f"{count(len(wrong), 'sum')} do not agree.", names, "payouts")
    if found.checks.empty:
        return Step("Checks", None, "Nothing to check.")
    return Step("Checks", True, f"All {len(found.checks)} sums agree.")


def _discrepancies(books: Reconciliation) -> Step:
    items = books.discrepancies
    left = int(items["accepted"].eq("").sum())
    accepted = len(items) - left
    if left:
        result = f"{count(left, 'discrepancy', 'discrepancies')} neither solved nor accepted."
        return Step("Discrepancies", False, result, page="reconciliation")
    if accepted:
        return Step("Discrepancies", True, f"None open; {accepted} accepted.")
    return Step("Discrepancies", True, "No discrepancies.")


def _closed(opened: OpenConference, through: date) -> Step:
    done = [period for period in closed_books(opened) if period.through >= through]
    if done:
        return Step("Close", True, f"Closed through {written_day(done[0].through)}.")
    return Step(
        "Close", False, f"Not closed through {written_day(through)}.", page="reconciliation"
    )


def accept_discrepancies(
    opened: OpenConference,
    code: str,
    subjects: Collection[str],
    *,
    reason: str,
    as_of: date | None = None,
) -> int:
    """Accept discrepancies as they are, with a reason; each comes back when its amount changes.

    Args:
        opened: The conference.
        code: Their class, by its code or title.
        subjects: The purchase order's reference of each, or, for one that belongs to none, what
            was found.
        reason: Why they are left as they are; printed in the month-end report.
        as_of: The day of the reconciliation that shows them; by default today.

    Returns:
        How many were accepted: more than subjects where a class names one purchase order twice.

    Raises:
        NotAllowedError: The actor is no treasurer.
        NotFoundError: The reconciliation does not show one of them as still open; none is accepted.
        PurchaseOrderError: The reason is missing.
    """
    require(opened.actor, Act.ACCEPT_DISCREPANCY)
    code = code_of(code)
    if not reason.strip():
        raise PurchaseOrderError("Give a reason: it is printed in the month-end report.")
    items = reconcile(opened, as_of=as_of).discrepancies
    mine = items[items["code"].eq(code) & items["accepted"].eq("")]
    mine = mine.assign(subject=mine["reference"].where(mine["reference"].ne(""), mine["evidence"]))
    gone = sorted(set(subjects) - set(mine["subject"])) if subjects else ["nothing"]
    if gone:
        title = DISCREPANCY_TITLES[code]
        raise NotFoundError(f"There is no open discrepancy {title!r} of {', '.join(gone)}.")
    mine = mine[mine["subject"].isin(subjects)]
    with opened.store.writing(opened.actor, Act.ACCEPT_DISCREPANCY) as uow:
        for subject, currency, at_stake in zip(
            mine["subject"], mine["currency"], mine["at_stake"], strict=True
        ):
            row = AcceptedDiscrepancy(
                conference_id=opened.conference.id,
                code=code,
                subject=subject,
                currency=currency,
                at_stake=int(at_stake),
                reason=reason.strip(),
                accepted_by=opened.actor.name,
                accepted_at=opened.now(),
            )
            uow.session.add(row)
            uow.session.flush()
            after = {"code": code, "of": subject, "reason": row.reason}
            after |= {"amount": row.at_stake, "currency": row.currency} if row.currency else {}
            uow.audit(Act.ACCEPT_DISCREPANCY, row, after=after)
    return len(mine)


def withdraw_acceptance(opened: OpenConference, code: str, subject: str) -> int:
    """Open an accepted discrepancy again; return how many acceptances were withdrawn.

    The class is given by its code or title, the subject by the purchase order's reference or the
    evidence.

    Raises:
        NotAllowedError: The actor is no treasurer.
        NotFoundError: It is not accepted.
    """
    code = code_of(code)
    with opened.store.writing(opened.actor, Act.ACCEPT_DISCREPANCY) as uow:
        rows = [
            row
            for row in closing.accepted(uow.session, opened.conference.id)
            if (row.code, row.subject) == (code, subject)
        ]
        if not rows:
            raise NotFoundError(
                f"No discrepancy '{DISCREPANCY_TITLES[code]}' of {subject or 'nothing'} is "
                f"accepted."
            )
        for row in rows:
            row.withdrawn_by, row.withdrawn_at = opened.actor.name, opened.now()
            before = {"code": code, "of": subject, "reason": row.reason}
            uow.audit(Act.ACCEPT_DISCREPANCY, row, before=before)
    return len(rows)


@dataclass(frozen=True, slots=True)
class MonthEndFiles:
    """The files of a period in one ZIP.

    Attributes:
        content: The ZIP.
        problems: What could not be written, one sentence each; also in ``problems.txt`` inside.
    """

    content: bytes
    problems: list[str]


def month_end_files(opened: OpenConference, through: date) -> MonthEndFiles:
    """Return everything of a period for accounting: reports, journals and invoice PDFs.

    The journals and the invoices are those of the days after the period before. One invoice that
    cannot be written stops no other.
    """
    before = max((p.through for p in closed_books(opened) if p.through < through), default=None)
    since = date.fromordinal(before.toordinal() + 1) if before else None
    found, books = tie_out(opened, as_of=through), reconcile(opened, as_of=through)
    report = month_end_report(opened, as_of=through)
    problems: list[str] = []
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.html", report.html())
        try:
            archive.writestr("report.pdf", report.pdf())
        except PoToolkitError as error:
            problems.append(f"report.pdf: {error}")
        archive.writestr("reconciliation.xlsx", export(books, "xlsx"))
        archive.writestr("tie-out.xlsx", export_tie_out(found, "xlsx"))
        if any(period.through == through for period in closed_books(opened)):
            archive.writestr("closed.json", closed_report(opened, through))
        entries = journal(opened, through=through, since=since)
        for program in get_args(JournalFormat):
            for name, content in journal_files(entries, program).items():
                archive.writestr(f"journals/{program}/{name}", content)
        for reference in _invoiced(books, since):
            try:
                archive.writestr(f"invoices/{reference}.pdf", invoice_pdf(opened, reference))
            except PoToolkitError as error:
                problems.append(f"{reference}: {error}")
        if problems:
            archive.writestr("problems.txt", "\n".join(problems) + "\n")
    return MonthEndFiles(out.getvalue(), problems)


def _invoiced(books: Reconciliation, since: date | None) -> list[str]:
    """Return the purchase orders whose invoice was sent in the period."""
    orders = books.books.orders
    sent = orders[orders["sent_on"].notna()]
    if since is not None:
        sent = sent[sent["sent_on"].dt.date >= since]
    return sorted(sent["reference"])
