"""What a monitor reads, in the text format of Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from po_toolkit.api.activity import monitoring_figures
from po_toolkit.api.opening import Store, utc_now

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

REFUSALS = ("forged", "malformed", "oversized", "not_stored")


class Counts:
    """What this process has done since it started."""

    def __init__(self, slugs: Iterable[str]) -> None:
        """Start every counter at zero, so that a rate can be told from the first on."""
        outcomes = ("stored", *REFUSALS)
        self.deliveries = Counter({(slug, o): 0 for slug in slugs for o in outcomes})
        self.strangers = 0
        """Deliveries for a conference that is not in the settings."""


def text(store: Store, counts: Counts, repeated: int, now: datetime | None = None) -> str:
    """Return every figure as Prometheus reads it."""
    present = now or utc_now()
    found = monitoring_figures(store)
    lines = [
        *_family(
            "po_toolkit_webhook_deliveries_total",
            "counter",
            "Deliveries by what became of them; forged, malformed and oversized ones change "
            "nothing.",
            [({"conference": slug, "outcome": o}, n) for (slug, o), n in counts.deliveries.items()],
        ),
        *_family(
            "po_toolkit_webhook_unknown_conference_total",
            "counter",
            "Deliveries to an address of no conference.",
            [({}, counts.strangers)],
        ),
        *_family(
            "po_toolkit_webhook_repeated_total",
            "counter",
            "Stored deliveries whose event was there already; they change nothing.",
            [({}, repeated)],
        ),
        *_family(
            "po_toolkit_webhook_events",
            "gauge",
            "Events in the database by state; set_aside ones wait for a person.",
            [({"conference": slug, "state": s}, n) for slug, s, n, _ in found.events],
        ),
        *_family(
            "po_toolkit_webhook_backlog",
            "gauge",
            "Events that are stored and not worked yet.",
            [({}, sum(n for _, s, n, _ in found.events if s in found.waiting))],
        ),
        *_family(
            "po_toolkit_webhook_lag_seconds",
            "gauge",
            "Age of the oldest event that is not worked yet.",
            [({}, _oldest([at for _, s, _, at in found.events if s in found.waiting],
                          present))],
        ),
        *_family(
            "po_toolkit_sync_age_seconds",
            "gauge",
            "Time since the last complete sync.",
            [({"conference": slug}, _age(at, present)) for slug, at, _, _ in found.syncs if at],
        ),
        *_family(
            "po_toolkit_sweep_age_seconds",
            "gauge",
            "Time since every object at Stripe was last compared with the ledger.",
            [({"conference": slug}, _age(at, present)) for slug, _, at, _ in found.syncs if at],
        ),
        *_family(
            "po_toolkit_sync_failing",
            "gauge",
            "1 where the last sync stopped short.",
            [({"conference": slug}, int(bool(error))) for slug, _, _, error in found.syncs],
        ),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _family(
    name: str, kind: str, meaning: str, samples: Iterable[tuple[dict[str, str], float]]
) -> list[str]:
    lines = [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]
    for labels, value in samples:
        inside = ",".join(f'{label}="{said}"' for label, said in labels.items())
        lines.append(f"{name}{{{inside}}} {value}" if inside else f"{name} {value}")
    return lines


def _oldest(times: list[datetime], now: datetime) -> float:
    return max((_age(at, now) for at in times), default=0)


def _age(at: datetime, now: datetime) -> float:
    return round(max((now - at).total_seconds(), 0), 3)
