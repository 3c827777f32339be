"""Long work that a page starts and anybody watches: news from Stripe, payouts, reminders, matches.

It runs in a thread of the server, so that no page waits for it and it goes on when the page is
closed. What it does is journalled where it is done, so that one cut off with the server loses and
doubles nothing: it is started again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from po_toolkit.api.bank_matching import match_bank
from po_toolkit.api.payouts import pull_payouts
from po_toolkit.api.reminders import send_reminders
from po_toolkit.api.sync import sync_conference
from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.roles import Act
from po_toolkit.domain.wording import count
from po_toolkit.errors import PoToolkitError
from po_toolkit.store import errands

log = structlog.get_logger(__name__)

BEAT_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of long work.

    Attributes:
        act: What it takes to start it.
        work: Does it and says what it brought.
    """

    act: Act
    work: Callable[[OpenConference], str]


@dataclass(frozen=True, slots=True)
class Errand:
    """How the latest errand of a kind stands.

    Attributes:
        state: running, done, failed, or cut_off when the server died with it.
        said: What it brought, or why it failed.
        stripe_calls: How far it is.
    """

    id: int
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
    if kind != "match":
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
    if row is None:
        return None
    dead = row.state == "running" and not errands.is_alive(row, opened.now())
    return Errand(
        id=row.id,
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
        said = kind.work(opened)
        state = "done"
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


def _sync(opened: OpenConference) -> str:
    report = sync_conference(opened)
    found = (
        f"Stripe was asked about {count(report.invoices_seen, 'invoice')}: "
        f"{count(report.payments_recorded, 'new payment')}, "
        f"{count(report.refunds_recorded, 'new refund')}."
    )
    return " ".join([found, *report.problems])


def _payouts(opened: OpenConference) -> str:
    report = pull_payouts(opened)
    return (
        f"{count(report.payouts_new, 'new payout')}, "
        f"{count(report.balance_transactions_new, 'new move')}."
    )


def _remind(opened: OpenConference) -> str:
    report = send_reminders(opened)
    others = [f"{r.reference}: {r.reason}" for r in report.results if r.outcome != "sent"]
    return " ".join([f"{count(report.count('sent'), 'reminder')} sent.", *others])


def _match(opened: OpenConference) -> str:
    report = match_bank(opened, apply=True)
    return f"{count(report.applied, 'bank line')} applied."


KINDS: Mapping[str, Kind] = {
    "sync": Kind(Act.SYNC, _sync),
    "payouts": Kind(Act.SYNC, _payouts),
    "remind": Kind(Act.REMIND, _remind),
    "match": Kind(Act.MATCH, _match),
}
"""Every kind of errand by its name in the database."""
