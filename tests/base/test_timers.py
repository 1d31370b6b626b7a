"""The timer heap against the plainest thing that can be right: a dict that is searched."""

from hypothesis import given
from hypothesis import strategies as st

from switch.base.timers import TimerHeap

_KEYS = st.integers(0, 8)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), _KEYS, st.integers(0, 50)),
        st.tuples(st.just("cancel"), _KEYS, st.just(0)),
        st.tuples(st.just("pop"), st.just(0), st.integers(0, 60)),
    ),
    max_size=60,
)


@given(_STEPS)
def test_it_does_what_a_searched_dict_does(steps: list[tuple[str, int, int]]) -> None:
    heap: TimerHeap[int] = TimerHeap()
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


def test_equal_times_fire_in_the_order_they_were_set() -> None:
    heap: TimerHeap[str] = TimerHeap()
    for key in ("c", "a", "b"):
        heap.set(key, 5)
    assert [heap.pop(5) for _ in range(4)] == ["c", "a", "b", None]


def test_a_timer_is_not_due_before_its_time() -> None:
    heap: TimerHeap[str] = TimerHeap()
    heap.set("a", 10)
    assert heap.pop(9) is None
    assert heap.pop(10) == "a"


def test_setting_again_moves_a_timer_and_its_old_time_never_fires() -> None:
    heap: TimerHeap[str] = TimerHeap()
    heap.set("a", 10)
    heap.set("a", 20)
    assert heap.next() == 20
    assert heap.pop(15) is None
    assert heap.pop(20) == "a"
    assert heap.pop(99) is None


def test_setting_again_to_the_same_time_fires_once() -> None:
    heap: TimerHeap[str] = TimerHeap()
    heap.set("a", 10)
    heap.set("a", 10)
    assert [heap.pop(10), heap.pop(10)] == ["a", None]


def test_ghosts_are_swept_so_that_a_restless_timer_costs_no_memory() -> None:
    heap: TimerHeap[int] = TimerHeap()
    heap.set(1, 1_000_000)
    for at in range(5_000):
        heap.set(2, at)
    assert len(heap) == 2
    assert len(heap._heap) < 200
    assert heap.pop(4_999) == 2
    assert heap.pop(1_000_000) == 1


def test_a_sweep_keeps_the_order_of_the_living() -> None:
    heap: TimerHeap[int] = TimerHeap()
    for key in range(300):
        heap.set(key, 1_000 - key)
    for key in range(200):
        heap.cancel(key)
    heap.set(1_000, 5_000)
    assert len(heap._heap) == 101
    assert [heap.pop(9_999) for _ in range(102)] == [*range(299, 199, -1), 1_000, None]
