"""Long work that a page starts and anybody watches: sync, payouts, reminders, matches, replay.

It runs in a thread of the server, so that no page waits for it and it goes on when the page is
closed. What it does is journalled where it is done, so that one cut off with the server loses and
doubles nothing: it is started again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from po_toolkit.api.bank_matching import match_bank
from po_toolkit.api.payouts import pull_payouts
from po_toolkit.api.reminders import send_reminders
from po_toolkit.api.sync import sync_conference
from po_toolkit.api.webhook_work import work_events
from po_toolkit.api.webhooks import events_set_aside
from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.roles import Act
from po_toolkit.domain.wording import count
from po_toolkit.errors import PoToolkitError
from po_toolkit.logs import get_logger
from po_toolkit.store import errands
from po_toolkit.store.tables import Errand as Row

log = get_logger(__name__)

BEAT_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of long work.

    Attributes:
        act: What it takes to start it.
        work: Does it and says what it brought, and what it could not do.
        calls_stripe: Whether it takes a Stripe key.
    """

    act: Act
    work: Callable[[OpenConference], tuple[str, Sequence[str]]]
    calls_stripe: bool = True


@dataclass(frozen=True, slots=True)
class Errand:
    """How the latest errand of a kind stands.

    Attributes:
        state: running, done, partly (some of it could not be done), failed, or cut_off when the
            server died with it.
        said: What it brought, or why it failed.
        stripe_calls: How far it is.
    """

    id: int
    kind: str
    state: str
    said: str
    stripe_calls: int
    entered_by: str
    created_at: datetime
    ended_at: datetime | None


def start(opened: OpenConference, kind: str) -> bool:
    """Start an errand; False where one of its kind is under way already.

    Raises:
        NotAllowedError: The actor's role is too low.
        SettingsError: The conference has no Stripe key.
    """
    wanted = KINDS[kind]
    if wanted.calls_stripe:
        _ = opened.gateway  # without a key there is nothing to start
    with opened.store.writing(opened.actor, wanted.act) as uow:
        errand = errands.begin(uow, opened.conference, kind, opened.now())
        if errand is None:
            return False
        uow.audit(wanted.act, errand, after={"started": kind})
    threading.Thread(
        target=_run, args=(opened, wanted, errand.id), name=f"errand-{errand.id}", daemon=True
    ).start()
    return True


def latest(opened: OpenConference, kind: str) -> Errand | None:
    """Return how the latest errand of a kind stands; None where there was never one."""
    with opened.store.reading() as session:
        row = errands.latest(session, opened.conference, kind)
    return None if row is None else _shown(opened, row)


def failed(opened: OpenConference, limit: int = 50) -> list[Errand]:
    """Return the errands that did not do all they were started for, newest first."""
    with opened.store.reading() as session:
        rows = errands.not_done(session, opened.conference, limit)
    return [shown for row in rows if (shown := _shown(opened, row)).state != "running"]


def _shown(opened: OpenConference, row: Row) -> Errand:
    dead = row.state == "running" and not errands.is_alive(row, opened.now())
    return Errand(
        id=row.id,
        kind=row.kind,
        state="cut_off" if dead else row.state,
        said=row.said,
        stripe_calls=row.stripe_calls,
        entered_by=row.entered_by,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def _run(opened: OpenConference, kind: Kind, errand_id: int) -> None:
    over = threading.Event()
    beat = threading.Thread(target=_beat, args=(opened, errand_id, over), daemon=True)
    beat.start()
    state, said = "failed", "It failed in a way that nobody foresaw; the server's log says how."
    try:
        brought, problems = kind.work(opened)
        state, said = ("partly" if problems else "done"), " ".join([brought, *problems])
    except PoToolkitError as error:
        said = str(error)
    except Exception:
        log.exception("an errand failed", errand=errand_id)
    finally:
        over.set()
        beat.join()
        with opened.store.writing(opened.actor, kind.act) as uow:
            errand = errands.end(uow, errand_id, state, said, opened.now())
            uow.audit(kind.act, errand, before={"state": "running"}, after={state: said})


def _beat(opened: OpenConference, errand_id: int, over: threading.Event) -> None:
    before = _calls(opened)
    while not over.wait(BEAT_SECONDS):
        errands.still_alive(opened.store, errand_id, opened.now(), _calls(opened) - before)


def _calls(opened: OpenConference) -> int:
    return opened.gateway.calls if opened.settings.mode != "none" else 0


def _sync(opened: OpenConference) -> tuple[str, Sequence[str]]:
    report = sync_conference(opened)
    found = (
        f"Stripe was asked about {count(report.invoices_seen, 'invoice')}: "
        f"{count(report.payments_recorded, 'new payment')}, "
        f"{count(report.refunds_recorded, 'new refund')}."
    )
    return found, ["The sync is not complete.", *report.problems] if report.problems else []


def _payouts(opened: OpenConference) -> tuple[str, Sequence[str]]:
    report = pull_payouts(opened)
    found = (
        f"{count(report.payouts_new, 'new payout')}, "
        f"{count(report.balance_transactions_new, 'new move')}."
    )
    return found, []


def _remind(opened: OpenConference) -> tuple[str, Sequence[str]]:
    report = send_reminders(opened, only="stripe")
    others = [f"{r.reference}: {r.reason}." for r in report.results if r.outcome != "sent"]
    return f"{count(report.count('sent'), 'reminder')} sent.", others


def _match(opened: OpenConference) -> tuple[str, Sequence[str]]:
    return f"{count(match_bank(opened, apply=True).applied, 'bank line')} applied.", []


def _replay(opened: OpenConference) -> tuple[str, Sequence[str]]:
    worked = 0
    while some := work_events(opened):
        worked += some
    left = [f"{event.event_id}: {event.error}" for event in events_set_aside(opened)]
    return f"{count(worked, 'event')} worked again.", left


KINDS: Mapping[str, Kind] = {
    "sync": Kind(Act.SYNC, _sync),
    "payouts": Kind(Act.SYNC, _payouts),
    "remind": Kind(Act.REMIND, _remind),
    "match": Kind(Act.MATCH, _match, calls_stripe=False),
    "replay": Kind(Act.SYNC, _replay, calls_stripe=False),
}
"""Every kind of errand by its name in the database."""
