"""The process's own metrics, under the names that Prometheus's libraries agree on.

The library counts descriptors by listing them: with an RTP port a slot those are thousands, and the list
takes half of a scrape's time, all of it on the loop. Linux tells their number since 6.2.
"""

import os
import resource
import time
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_PROC = Path("/proc/self")
_DESCRIPTORS = _PROC / "fd"
_STATE_AT = 2
"""proc_pid_stat(5): what follows the name in parentheses begins with field 3."""
_USER, _SYSTEM, _START, _VIRTUAL, _RESIDENT = 14, 15, 22, 23, 24
"""Fields of the same page."""


class ProcessMetrics(Collector):
    """Processor time, memory and descriptors of this process."""

    def __init__(self) -> None:
        self._ticks_s = os.sysconf("SC_CLK_TCK")
        self._page = resource.getpagesize()
        self._booted_wall_s = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)

    def collect(self) -> Iterable[Metric]:
        fields = (_PROC / "stat").read_text().rpartition(")")[2].split()

        def field(number: int) -> int:
            return int(fields[number - _STATE_AT - 1])

        yield GaugeMetricFamily(
            "process_virtual_memory_bytes", "Virtual memory size in bytes.", field(_VIRTUAL)
        )
        yield GaugeMetricFamily(
            "process_resident_memory_bytes", "Resident memory size in bytes.", field(_RESIDENT) * self._page
        )
        yield GaugeMetricFamily(
            "process_start_time_seconds",
            "Start time of the process since unix epoch in seconds.",
            self._booted_wall_s + field(_START) / self._ticks_s,
        )
        yield CounterMetricFamily(
            "process_cpu_seconds_total",
            "Total user and system CPU time spent in seconds.",
            (field(_USER) + field(_SYSTEM)) / self._ticks_s,
        )
        yield GaugeMetricFamily(
            "process_max_fds",
            "Maximum number of open file descriptors.",
            resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        )
        yield GaugeMetricFamily("process_open_fds", "Number of open file descriptors.", open_descriptors())


def open_descriptors() -> int:
    """How many descriptors this process has open."""
    return _DESCRIPTORS.stat().st_size or len(os.listdir(_DESCRIPTORS))
