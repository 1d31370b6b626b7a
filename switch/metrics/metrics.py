"""The switch's Prometheus metrics: fed by the journal and a snapshot, rendered as text.

One thread (the loop's) feeds and renders. Nothing here asks another room for anything.

A page is written in pieces, a family each, so that whoever asks for it can let calls in between: written at
once it would keep the loop from them for longer than anything else that it does. All figures are of the
moment of the first piece.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

import prometheus_client
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from switch.journal.entry import Entry
from switch.metrics.counters import JournalCounters
from switch.metrics.families import LAG_BUCKETS_S
from switch.metrics.gauges import SnapshotCollector
from switch.metrics.process import ProcessMetrics
from switch.metrics.snapshot import Snapshot

CONTENT_TYPE = CONTENT_TYPE_LATEST


class _One(Collector):
    """A family by itself."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterable[Metric]:
        return (self._family,)


class _Thresholds(Collector):
    """The T of each queue, so that a dashboard can draw the line that the figures are measured by."""

    def __init__(self, counters: JournalCounters) -> None:
        self._counters = counters

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily(
            "softswitch_queue_service_level_threshold_seconds",
            "The threshold T of the queue's service level.",
            labels=("tenant", "queue"),
        )
        for queue, threshold_us in self._counters.thresholds_us().items():
            family.add_metric(queue, threshold_us / 1_000_000)
        return (family,)


class Metrics:
    """All families of one switch in one registry."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """With its own registry where none is given, which then also has the process's metrics."""
        # A series more for every counter, of which no rule of ours makes use.
        # (The library has types, but not for this function.)
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        if registry is None:
            registry = CollectorRegistry()
            registry.register(ProcessMetrics())
        self._registry = registry
        self._counters = JournalCounters(registry)
        self._lag = Histogram(
            "softswitch_event_loop_lag_seconds",
            "By how much the event loop woke later than asked, measured all the time.",
            buckets=LAG_BUCKETS_S,
            registry=registry,
        )
        registry.register(_Thresholds(self._counters))
        # Not in the registry: its figures are of one moment already, and so need not be collected at once.
        self._gauges = SnapshotCollector()

    def set_thresholds(self, thresholds_us: Mapping[tuple[str, str], int]) -> None:
        """The service level threshold of every configured queue by (tenant, queue), in microseconds.

        Call at start and after a reload; it also shows those queues' series at 0 from the start.
        """
        self._counters.set_thresholds(thresholds_us)

    def observe(self, entries: Iterable[Entry]) -> None:
        """Count journal entries, each once, in order."""
        self._counters.observe(entries)

    def observe_loop_lag(self, lags_s: Iterable[float]) -> None:
        """By how many seconds the loop overslept, one value a measurement."""
        for lag_s in lags_s:
            self._lag.observe(lag_s)

    def set_gauges(self, snapshot: Snapshot) -> None:
        """What the next renderings show of the present."""
        self._gauges.snapshot = snapshot

    def pieces(self) -> Iterator[bytes]:
        """The exposition text. What is counted is read with the first piece, and so is the snapshot."""
        gauges = self._gauges.collect()
        for family in chain(tuple(self._registry.collect()), gauges):
            yield generate_latest(_One(family))

    def render(self) -> tuple[bytes, str]:
        """The whole text and its content type."""
        return b"".join(self.pieces()), CONTENT_TYPE
