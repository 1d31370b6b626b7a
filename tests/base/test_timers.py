"""Both halves of the timer heap against the plainest thing that can be right: a dict that is searched."""

import importlib
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.base.timers import PythonTimerHeap, timer_heap

_KEYS = st.integers(0, 8)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), _KEYS, st.integers(0, 50)),
        st.tuples(st.just("cancel"), _KEYS, st.just(0)),
        st.tuples(st.just("pop"), st.just(0), st.integers(0, 60)),
    ),
    max_size=60,
)

# Compiled at every installation: where it is missing, that is a failure and no reason to look away.
importlib.import_module("switch.base._base")
HALVES = [timer_heap(), timer_heap(prefer_c=False)]
assert HALVES[0] is not HALVES[1]
Heap = PythonTimerHeap[int] | PythonTimerHeap[str]


@pytest.mark.parametrize("heap_class", HALVES, ids=["C", "Python"])
class TestTimerHeap:
    @given(_STEPS)
    def test_it_does_what_a_searched_dict_does(
        self, heap_class: type[Heap], steps: list[tuple[str, int, int]]
    ) -> None:
        heap: PythonTimerHeap[int] = heap_class()
        plain: dict[int, tuple[int, int]] = {}
        for order, (what, key, at) in enumerate(steps):
            if what == "set":
                heap.set(key, at)
                plain[key] = (at, order)
            elif what == "cancel":
                heap.cancel(key)
                plain.pop(key, None)
            else:
                due = sorted((when, k) for k, when in plain.items() if when[0] <= at)
                expected = due[0][1] if due else None
                assert heap.pop(at) == expected
                if expected is not None:
                    del plain[expected]
            assert heap.next() == (min(plain.values())[0] if plain else None)
            assert len(heap) == len(plain)
            assert all((k in heap) == (k in plain) for k in range(9))

    def test_equal_times_fire_in_the_order_they_were_set(self, heap_class: type[Heap]) -> None:
        heap: PythonTimerHeap[str] = heap_class()
        for key in ("c", "a", "b"):
            heap.set(key, 5)
        assert [heap.pop(5) for _ in range(4)] == ["c", "a", "b", None]

    def test_a_timer_is_not_due_before_its_time(self, heap_class: type[Heap]) -> None:
        heap: PythonTimerHeap[str] = heap_class()
        heap.set("a", 10)
        assert heap.pop(9) is None
        assert heap.pop(10) == "a"

    def test_setting_again_moves_a_timer_and_its_old_time_never_fires(self, heap_class: type[Heap]) -> None:
        heap: PythonTimerHeap[str] = heap_class()
        heap.set("a", 10)
        heap.set("a", 20)
        assert heap.next() == 20
        assert heap.pop(15) is None
        assert heap.pop(20) == "a"
        assert heap.pop(99) is None

    def test_setting_again_to_the_same_time_fires_once(self, heap_class: type[Heap]) -> None:
        heap: PythonTimerHeap[str] = heap_class()
        heap.set("a", 10)
        heap.set("a", 10)
        assert [heap.pop(10), heap.pop(10)] == ["a", None]

    def test_ghosts_are_swept_so_that_a_restless_timer_costs_no_memory(self, heap_class: type[Heap]) -> None:
        heap: PythonTimerHeap[int] = heap_class()
        heap.set(1, 1_000_000)
        for at in range(5_000):
            heap.set(2, at)
        assert len(heap) == 2
        assert heap.entries < 200
        assert heap.pop(4_999) == 2
        assert heap.pop(1_000_000) == 1

    def test_a_sweep_keeps_the_order_of_the_living(self, heap_class: type[Heap]) -> None:
        heap: PythonTimerHeap[int] = heap_class()
        for key in range(300):
            heap.set(key, 1_000 - key)
        for key in range(200):
            heap.cancel(key)
        heap.set(1_000, 5_000)
        assert heap.entries == 101
        assert [heap.pop(9_999) for _ in range(102)] == [*range(299, 199, -1), 1_000, None]

    def test_what_is_no_time_and_what_is_no_key(self, heap_class: type[Heap]) -> None:
        heap: PythonTimerHeap[object] = heap_class()
        with pytest.raises(TypeError):
            heap.set([], 5)
        assert len(heap) == 0
        assert heap.next() is None

    def test_nothing_of_a_key_is_left(self, heap_class: type[Heap]) -> None:
        heap: PythonTimerHeap[object] = heap_class()
        keys = [(object(), number) for number in range(100)]
        before = sys.getrefcount(keys[0])
        for number, key in enumerate(keys):
            heap.set(key, number)
            heap.set(key, number + 1)
        for key in keys[:50]:
            heap.cancel(key)
        assert heap.due(keys[0]) is None
        assert heap.due(keys[50]) == 51
        while heap.pop(1_000) is not None:
            pass
        after = [sys.getrefcount(keys[0]), sys.getrefcount(keys[99])]
        assert after == [before, before]
        heap.set(keys[0], 5)
        del heap
        after = [sys.getrefcount(keys[0])]
        assert after == [before]
