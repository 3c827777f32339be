"""What a monitor reads, in the text format of Prometheus; it answers without the database too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE

from po_toolkit.api.activity import MonitoringFigures, monitoring_figures
from po_toolkit.api.opening import Store, utc_now
from po_toolkit.logs import get_logger

__all__ = ["CONTENT_TYPE", "REFUSALS", "Counts", "text"]

log = get_logger(__name__)

REFUSALS = ("forged", "malformed", "oversized", "slow", "aborted", "not_stored")


class Counts:
    """What this process has done since it started."""

    def __init__(self, slugs: Iterable[str]) -> None:
        """Start every counter at zero, so that a rate can be told from the first on."""
        outcomes = ("stored", *REFUSALS)
        self.deliveries = Counter({(slug, o): 0 for slug in slugs for o in outcomes})
        self.strangers = 0
        """Deliveries for a conference that is not in the settings."""


def text(store: Store, counts: Counts, repeated: int, now: datetime | None = None) -> bytes:
    """Return every figure as Prometheus reads it; without the database, this process's alone."""
    present = now or utc_now()
    try:
        found = monitoring_figures(store, present)
    except Exception as error:  # noqa: BLE001 whatever it is, a monitor must hear of it
        log.warning("figures without the database", reason=type(error).__name__)
        found = None
    registry = CollectorRegistry()
    registry.register(_Figures([*_of_process(counts, repeated), *_of_database(found, present)]))
    return generate_latest(registry)


class _Figures:
    """Figures that were read already, as the client library collects them."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Return every figure."""
        yield from self._families


def _of_process(counts: Counts, repeated: int) -> Iterator[Metric]:
    yield _family(
        CounterMetricFamily,
        "po_toolkit_webhook_deliveries",
        "Deliveries by what became of them; only stored ones change anything.",
        ("conference", "outcome"),
        [(key, number) for key, number in counts.deliveries.items()],
    )
    yield _family(
        CounterMetricFamily,
        "po_toolkit_webhook_unknown_conference",
        "Deliveries to an address of no conference.",
        (),
        [((), counts.strangers)],
    )
    yield _family(
        CounterMetricFamily,
        "po_toolkit_webhook_repeated",
        "Stored deliveries whose event had been received before; they change nothing.",
        (),
        [((), repeated)],
    )


def _of_database(found: MonitoringFigures | None, now: datetime) -> Iterator[Metric]:
    yield _family(
        GaugeMetricFamily,
        "po_toolkit_database_up",
        "1 where the database answers; without it the figures below are missing.",
        (),
        [((), int(found is not None))],
    )
    if found is None:
        return
    waiting = [(number, at) for _, state, number, at in found.events if state in found.waiting]
    yield _family(
        GaugeMetricFamily,
        "po_toolkit_workers",
        "Workers that run.",
        (),
        [((), found.workers)],
    )
    yield _family(
        GaugeMetricFamily,
        "po_toolkit_webhook_events",
        "Events in the database by state; set_aside ones wait for a person.",
        ("conference", "state"),
        [((slug, state), number) for slug, state, number, _ in found.events],
    )
    yield _family(
        GaugeMetricFamily,
        "po_toolkit_webhook_backlog",
        "Events that are stored and not processed yet.",
        (),
        [((), sum(number for number, _ in waiting))],
    )
    yield _family(
        GaugeMetricFamily,
        "po_toolkit_webhook_lag_seconds",
        "Age of the oldest event that is not processed yet.",
        (),
        [((), max((_age(at, now) for _, at in waiting), default=0))],
    )
    yield _family(
        GaugeMetricFamily,
        "po_toolkit_sync_age_seconds",
        "Time since the last complete sync.",
        ("conference",),
        [((slug,), _age(at, now)) for slug, at, _, _ in found.syncs if at],
    )
    yield _family(
        GaugeMetricFamily,
        "po_toolkit_sweep_age_seconds",
        "Time since every object at Stripe was last compared with the ledger.",
        ("conference",),
        [((slug,), _age(at, now)) for slug, _, at, _ in found.syncs if at],
    )
    yield _family(
        GaugeMetricFamily,
        "po_toolkit_sync_failing",
        "1 where the last sync did not finish.",
        ("conference",),
        [((slug,), int(bool(error))) for slug, _, _, error in found.syncs],
    )


def _family(
    kind: type[CounterMetricFamily | GaugeMetricFamily],
    name: str,
    meaning: str,
    labels: tuple[str, ...],
    samples: Iterable[tuple[tuple[str, ...], float]],
) -> Metric:
    family = kind(name, meaning, labels=labels)
    for values, number in samples:
        family.add_metric(values, number)
    return family


def _age(at: datetime, now: datetime) -> float:
    return round(max((now - at).total_seconds(), 0), 3)
