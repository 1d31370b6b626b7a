"""Metric families with a bound on their label sets, and the label sets kept at hand.

Looking a child up by label values costs more than counting does, so each is looked up once.
"""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

LABEL_SETS_MAX = 2_000
"""Children of one family. Tenants times queues of a large node are some hundreds; a histogram's child is
about 17 lines, so 2,000 are a scrape of 3 MB. What comes later is counted under OTHER."""

OTHER = "other"
"""The value of every label of the child that takes what is over the bound."""

WAIT_BUCKETS_S = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)
"""Dense where service levels are promised (10 to 60 s); past ten minutes the exact wait is no matter."""

TALK_BUCKETS_S = (5, 15, 30, 60, 120, 180, 240, 300, 420, 600, 900, 1800, 3600)
"""Talks last minutes; those under 5 s are wrong numbers and broken audio."""

WRAP_UP_BUCKETS_S = (1, 5, 10, 15, 30, 45, 60, 90, 120, 180, 300, 600)
"""Wrap-up is set in seconds; longer ones were paused or forgotten."""

MOS_BUCKETS = (1.5, 2.0, 2.6, 3.1, 3.6, 4.0, 4.2, 4.3, 4.4)
"""The categories of ITU-T G.109 end at 2.6, 3.1, 3.6, 4.0 and 4.3."""

LOSS_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5)
"""One per cent is heard by trained ears, three by all; above ten there is no talk."""

JITTER_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2)
"""Wired networks stay below 5 ms; phones' buffers end at 60 to 200 ms."""

ROUND_TRIP_BUCKETS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
"""A town, a country, a continent, a satellite; from 300 ms on people interrupt each other."""

LAG_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""A loop that is 20 ms late delays a ring-back tone; at 500 ms phones retransmit (T1 of RFC 3261)."""


class CounterFamily(Collector):
    """A counter by labels, on one thread: the library's own takes a lock each time it counts, and a call is
    counted some twenty times."""

    __slots__ = ("_bound", "_counts", "_definition", "_labels", "_name")

    def __init__(
        self,
        registry: CollectorRegistry,
        name: str,
        definition: str,
        labels: tuple[str, ...],
        bound: int = LABEL_SETS_MAX,
    ) -> None:
        self._name = name
        self._definition = definition
        self._labels = labels
        self._bound = bound
        self._counts: dict[tuple[str, ...], float] = {}
        registry.register(self)

    def add(self, *labels: str, amount: float = 1) -> None:
        counts = self._counts
        if labels not in counts:
            labels = self._make(labels)
        counts[labels] += amount

    def show(self, *labels: str) -> None:
        """Expose the child at 0, so that its first increase is seen as one."""
        if labels not in self._counts:
            self._make(labels)

    def collect(self) -> Iterable[Metric]:
        """What a scrape shows."""
        family = CounterMetricFamily(self._name, self._definition, labels=self._labels)
        for labels, count in self._counts.items():
            family.add_metric(labels, count)
        return (family,)

    def _make(self, labels: tuple[str, ...]) -> tuple[str, ...]:
        """Begin at 0, under OTHER where the bound is reached; what it is counted under comes back."""
        if len(self._counts) >= self._bound:
            labels = (OTHER,) * len(self._labels)
        self._counts.setdefault(labels, 0)
        return labels


class HistogramFamily:
    """A histogram of seconds by labels, or of shares or scores; `observe` takes millionths of them."""

    __slots__ = ("_bound", "_metric", "_observes", "_width")

    def __init__(
        self,
        registry: CollectorRegistry,
        name: str,
        definition: str,
        labels: tuple[str, ...],
        buckets_s: tuple[float, ...],
        bound: int = LABEL_SETS_MAX,
    ) -> None:
        self._metric = Histogram(name, definition, labels, buckets=buckets_s, registry=registry)
        self._width = len(labels)
        self._bound = bound
        self._observes: dict[tuple[str, ...], Callable[[float], None]] = {}

    def observe(self, *labels: str, us: int) -> None:
        observe = self._observes.get(labels)
        if observe is None:
            observe = self._make(labels)
        observe(us / 1_000_000)

    def show(self, *labels: str) -> None:
        """Expose the child at 0, so that its first increase is seen as one."""
        if labels not in self._observes:
            self._make(labels)

    def _make(self, labels: tuple[str, ...]) -> Callable[[float], None]:
        if len(self._observes) >= self._bound:
            return self._metric.labels(*[OTHER] * self._width).observe
        made = self._observes[labels] = self._metric.labels(*labels).observe
        return made
