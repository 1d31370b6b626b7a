"""The pool of slots: immediate, fair to ports, and strict about who frees."""

import pytest

from switch.media.plan import Slot
from switch.media.slots import SlotPool


def pool(size: int) -> SlotPool:
    return SlotPool(Slot(number, "192.0.2.1", 20000 + 2 * number) for number in range(size))


def test_reserve_gives_each_slot_once_then_none() -> None:
    slots = pool(3)
    assert [slots.reserve() for _ in range(4)] == [
        Slot(0, "192.0.2.1", 20000),
        Slot(1, "192.0.2.1", 20002),
        Slot(2, "192.0.2.1", 20004),
        None,
    ]
    assert (slots.in_use, slots.size) == (3, 3)


def test_first_released_is_first_reserved() -> None:
    slots = pool(3)
    taken = [slots.reserve() for _ in range(2)]
    assert None not in taken
    slots.release(1)
    slots.release(0)
    assert [slot.number for _ in range(3) if (slot := slots.reserve())] == [2, 1, 0]


def test_a_freed_port_rests_as_long_as_the_pool_allows() -> None:
    slots = pool(10)
    for turn in range(100):
        slot = slots.reserve()
        assert slot is not None
        assert slot.number == turn % 10
        slots.release(slot.number)
    assert slots.in_use == 0


@pytest.mark.parametrize("number", [0, 1, 99])
def test_release_of_what_is_not_reserved_is_our_bug(number: int) -> None:
    slots = pool(2)
    slot = slots.reserve()
    assert slot is not None
    slots.release(slot.number)
    with pytest.raises(AssertionError):
        slots.release(number)


def test_an_empty_pool_reserves_nothing() -> None:
    assert pool(0).reserve() is None


def test_slots_of_a_call_are_of_one_media_thread_and_calls_are_spread() -> None:
    slots = SlotPool((Slot(number, "192.0.2.1", 20000 + 2 * number) for number in range(9)), 3)
    calls = []
    for _ in range(3):
        first = slots.reserve()
        assert first is not None
        second = slots.reserve(first.number)
        assert second is not None
        calls.append((first.number, second.number))
    assert calls == [(0, 3), (1, 4), (2, 5)]
    assert sorted(number % 3 for number, _ in calls) == [0, 1, 2]


def test_where_a_thread_has_no_slot_left_another_gives_one() -> None:
    slots = SlotPool((Slot(number, "192.0.2.1", 20000 + 2 * number) for number in range(4)), 2)
    taken = [slots.reserve(0) for _ in range(5)]
    assert [slot and slot.number for slot in taken] == [0, 2, 1, 3, None]
