"""Which contact is served first, in each order; and that nobody overtakes within a queue."""

from typing import Any

import pytest

from switch.acd import events as ev
from switch.acd.decisions import Offered
from switch.acd.settings import Order, TenantSettings
from tests.acd.centre import SECOND, Centre
from tests.acd.halves import half, knowing


@pytest.fixture(params=knowing("order"))
def centre(request: pytest.FixtureRequest) -> Centre:
    centre = Centre(half(request.param))
    centre.agent("a")
    centre.do(ev.Pause("a", ""))
    return centre


def order(centre: Centre, word: Order, **settings: Any) -> None:
    centre.do(ev.SetTenant(TenantSettings(word, **settings)))


def served(centre: Centre) -> list[str]:
    """Who is offered one after the other; each leaves before the next."""
    names = []
    centre.do(ev.Resume("a"))
    while centre.offered():
        names.append(centre.offered()[0][0])
        centre.do(ev.Abandon(names[-1]))
    return names


def key(centre: Centre) -> int:
    return centre.of(Offered)[0].choice.key


def test_first_come_knows_no_priority(centre: Centre) -> None:
    order(centre, Order.FIRST_COME)
    centre.queue("low")
    centre.queue("high", priority=9)
    centre.arrive("one", "low", t=200)
    centre.arrive("two", "high", priority=9, t=201)
    centre.arrive("three", "low", priority=5, t=202)
    assert centre.waiting() == ["one", "three", "two"]
    assert centre.router.waiting(0)[1].position == 2
    assert served(centre) == ["one", "two", "three"]


def test_a_point_of_priority_is_worth_so_much_waiting(centre: Centre) -> None:
    order(centre, Order.AGEING, ageing_us=30 * SECOND)
    centre.queue("plain")
    centre.queue("gold", priority=2)
    centre.arrive("old", "plain", t=200)
    centre.arrive("urgent", "plain", priority=1, t=229)
    centre.arrive("gold", "gold", t=259)
    centre.arrive("late-gold", "gold", t=261)
    centre.arrive("late", "plain", priority=1, t=231)
    centre.do(ev.Resume("a"), 300)
    assert centre.offered() == [("urgent", "a")]
    assert key(centre) == (300 - 229 + 30) * SECOND
    centre.do(ev.Pause("a", ""))
    centre.do(ev.Abandon("urgent"))
    assert served(centre) == ["gold", "old", "late-gold", "late"]


def test_a_change_of_order_sorts_the_lines_anew(centre: Centre) -> None:
    centre.queue()
    centre.arrive("first", t=200)
    centre.arrive("urgent", priority=1, t=201)
    assert centre.waiting() == ["urgent", "first"]
    order(centre, Order.FIRST_COME)
    assert centre.waiting() == ["first", "urgent"]
    order(centre, Order.AGEING, ageing_us=2 * SECOND)
    assert centre.waiting() == ["urgent", "first"]
    order(centre, Order.PRIORITY)
    assert centre.waiting() == ["urgent", "first"]


def test_cost_of_waiting_times_speed_of_service(centre: Centre) -> None:
    """3 for 60 s of 300 s beats 1 for 100 s of 200 s, and is beaten by 1 for 50 s of 50 s."""
    order(centre, Order.COST)
    for name, cost, mean_s in (("slow", 3, 300), ("plain", 1, 200), ("quick", 1, 50)):
        centre.queue(name, cost=cost, handling_us=mean_s * SECOND)
    centre.arrive("plain", "plain", t=200)
    centre.arrive("slow", "slow", t=240)
    centre.arrive("quick", "quick", t=250)
    centre.do(ev.Wake(), 300)
    centre.do(ev.Resume("a"))
    assert centre.offered() == [("quick", "a")]
    assert key(centre) == (50 * SECOND << 12) // (50 * SECOND >> 10)
    centre.do(ev.Abandon("quick"))
    assert centre.offered() == [("slow", "a")]
    centre.do(ev.Abandon("slow"))
    assert centre.offered() == [("plain", "a")]


def test_the_mean_is_learnt_from_eight_handlings(centre: Centre) -> None:
    order(centre, Order.COST)
    centre.queue("a", handling_us=100 * SECOND, wrap_up_us=2 * SECOND)
    centre.queue("b", handling_us=60 * SECOND)
    centre.do(ev.Resume("a"))
    for number in range(9):
        centre.do(ev.Pause("a", ""))
        centre.arrive("a", "a", t=200 + 100 * number)
        centre.arrive("b", "b")
        centre.do(ev.Wake(), centre.t + 10)
        centre.do(ev.Resume("a"))
        assert centre.offered()[0][0] == ("a" if number == 8 else "b")
        centre.do(ev.Abandon("b"))
        centre.claim("a")
        centre.do(ev.Finish("a"), centre.t + 8)
        centre.wake(centre.t + 3)


def test_the_queue_furthest_over_its_share(centre: Centre) -> None:
    """Four wait of the share 3, two of the share 1: the second has more than a quarter of them."""
    order(centre, Order.RATIO)
    centre.queue("big", share=3)
    centre.queue("small", share=1)
    for number in range(4):
        centre.arrive(f"big-{number}", "big", t=200 + number)
    for number in range(2):
        centre.arrive(f"small-{number}", "small", t=210 + number)
    assert served(centre) == ["small-0", "big-0", "big-1", "small-1", "big-2", "big-3"]


def test_within_one_event_the_shares_move_with_each_offer(centre: Centre) -> None:
    """Two are freed by one reload: one contact of each queue, though `big` was over its share by three."""
    order(centre, Order.RATIO, channels=(("chat", 50),))
    centre.queue("big")
    centre.queue("small")
    for queue, count in (("big", 4), ("small", 3)):
        for number in range(count):
            centre.arrive(f"{queue}-{number}", queue, channel="chat", t=200 + number)
    centre.do(ev.Resume("a"))
    assert [contact for contact, _ in centre.offered()] == ["big-0", "big-1"]
    assert [offer.choice.key for offer in centre.of(Offered)] == [4 * 2 - 7, 3 * 2 - 6]


def test_the_queue_most_at_risk(centre: Centre) -> None:
    """`late` has missed half of its target's calls; `fine` none; equal waits."""
    order(centre, Order.SERVICE_LEVEL)
    centre.queue("fine", service_level_us=20 * SECOND, target_percent=80)
    centre.queue("late", service_level_us=20 * SECOND, target_percent=80)
    for number, (queue, patience) in enumerate([("fine", 5), ("late", 25), ("fine", 5), ("late", 5)]):
        centre.arrive(f"gone-{number}", queue, t=200 + 50 * number)
        centre.do(ev.Abandon(f"gone-{number}"), centre.t + patience)
    centre.arrive("fine", "fine", t=500)
    centre.arrive("late", "late", t=505)
    centre.do(ev.Wake(), 510)
    centre.do(ev.Resume("a"))
    assert centre.offered() == [("late", "a")]
    lateness = (80 << 16) // 100 - (1 << 16) // 2
    assert key(centre) == (lateness << 32) + (5 << 16) // 20


def test_who_can_still_be_in_time_goes_before_who_cannot(centre: Centre) -> None:
    order(centre, Order.SERVICE_LEVEL)
    centre.queue("strict", service_level_us=10 * SECOND)
    centre.queue("loose", service_level_us=100 * SECOND)
    centre.queue("none", service_level_us=0)
    centre.arrive("too-late", "strict", t=200)
    centre.arrive("none", "none", t=205)
    centre.arrive("in-time", "loose", t=210)
    centre.arrive("behind", "strict", t=219)
    centre.do(ev.Wake(), 220)
    assert served(centre) == ["in-time", "none", "too-late", "behind"]


@pytest.mark.parametrize("word", list(Order))
def test_nobody_overtakes_within_a_queue(centre: Centre, word: Order) -> None:
    order(centre, word)
    for queue, priority in (("p", 3), ("q", 0)):
        centre.queue(queue, priority=priority, share=priority, cost=priority, service_level_us=4 * SECOND)
    for number in range(10):
        centre.arrive(f"{number}", "pq"[number % 2], t=200 + number)
    names = served(centre)
    assert sorted(names) == sorted(str(number) for number in range(10))
    for queue in (0, 1):
        mine = [name for name in names if int(name) % 2 == queue]
        assert mine == sorted(mine)
