"""What the process tells of itself, beside the library that others use for it."""

import gc
import os

import pytest
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from switch.metrics.process import ProcessMetrics, open_descriptors

MEMORY_MAY_DIFFER_BYTES = 8 << 20
CPU_MAY_DIFFER_S = 0.5


def _families(collector: Collector) -> dict[str, Metric]:
    return {family.name: family for family in collector.collect()}


@pytest.fixture(scope="module")
def pair() -> tuple[dict[str, Metric], dict[str, Metric]]:
    gc.collect()  # or what it closes meanwhile is counted by the one and not by the other
    return _families(ProcessMetrics()), _families(ProcessCollector(registry=CollectorRegistry()))


def test_names_types_and_help_are_the_librarys(pair: tuple[dict[str, Metric], dict[str, Metric]]) -> None:
    ours, theirs = pair
    assert {name: (m.type, m.documentation) for name, m in ours.items()} == {
        name: (m.type, m.documentation) for name, m in theirs.items()
    }


@pytest.mark.parametrize(
    ("name", "may_differ"),
    [
        ("process_virtual_memory_bytes", MEMORY_MAY_DIFFER_BYTES),
        ("process_resident_memory_bytes", MEMORY_MAY_DIFFER_BYTES),
        ("process_start_time_seconds", 1.5),
        ("process_cpu_seconds", CPU_MAY_DIFFER_S),
        ("process_max_fds", 0),
        # It opens the folder to list it.
        ("process_open_fds", 1),
    ],
)
def test_figures_are_the_librarys(
    pair: tuple[dict[str, Metric], dict[str, Metric]], name: str, may_differ: float
) -> None:
    ours, theirs = (families[name].samples[0] for families in pair)
    assert ours.name == theirs.name
    assert abs(ours.value - theirs.value) <= may_differ


def test_a_descriptor_more_is_counted() -> None:
    gc.collect()
    before = open_descriptors()
    descriptor = os.open(os.devnull, os.O_RDONLY)
    try:
        assert open_descriptors() == before + 1
    finally:
        os.close(descriptor)
