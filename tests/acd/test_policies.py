"""One office in which each policy calls somebody else, one hall in which each order serves somebody else.

So no policy does what another one does. Equal by intention in the first moment are `longest-idle`,
`ring-progressively` (which goes on to the next) and `ring-all` (which rings the others as well).
"""

import pytest

from switch.acd import events as ev
from switch.acd.decisions import Offered
from switch.acd.settings import AgentSettings, Order, Policy, QueueSettings, TenantSettings
from tests.acd.centre import SECOND, Centre
from tests.acd.halves import half, knowing

POLICIES = [policy.value for policy in Policy]
SHARES = (("a", 1), ("b", 8))
LUCKY = "lucky-87"
"""Whom the first random word of seed 1 likes best: found by trying names."""

NAMES = (
    "rested", "second", "team", "mate", "skilled", "plain", "few", "first", "fresh", "before", "next",
    "heavy", LUCKY,
)  # fmt: skip
"""In the order in which their last talks end, but for `before`, who talks last of all."""

CALLED = {
    Policy.MOST_SKILLED: ("skilled",),
    Policy.LEAST_SKILLED: ("plain",),
    Policy.LONGEST_IDLE: ("rested",),
    Policy.FEWEST_CALLS: ("few",),
    Policy.LINEAR: ("first",),
    Policy.RANDOM: (LUCKY,),
    Policy.LEAST_OCCUPIED: ("fresh",),
    Policy.ROUND_ROBIN: ("next",),
    Policy.WEIGHTED_RANDOM: ("heavy",),
    Policy.IDLENESS_RATIO: ("team",),
    Policy.RING_PROGRESSIVELY: ("rested", "second"),
}
"""Who is rung within twelve seconds; with `ring-all` it is everybody."""


def office(centre: Centre, policy: Policy) -> None:
    """Thirteen agents who are each the best by somebody's lights, all free."""
    queue = {"policy": policy, "ring_us": 60 * SECOND, "ring_more_us": 10 * SECOND, "shares": SHARES}
    centre.queue("q", **queue)
    centre.queue("past")
    for number, name in enumerate(NAMES):
        more = {
            "teams": ("a" if name in ("team", "mate") else "b",),
            "weight": 1000 if name == "heavy" else 1,
        }
        french = {"skilled": 100, "plain": 10}.get(name, 50)
        order = {"first": -1, "before": 50, "next": 51}.get(name, 10 + number)
        centre.agent(name, order=order, more=more, french=french, **{f"is-{name}": 1})
    for lesson in range(2):
        for name in NAMES:
            talks_s = {"few": 60, "fresh": 1}.get(name, 10)
            if name != "few" or lesson == 1:
                _talk(centre, "past", name, talks_s)
    _talk(centre, "q", "before", 10)


def _talk(centre: Centre, queue: str, name: str, talks_s: float) -> None:
    centre.arrive(f"past-{centre.t}", queue, (0, {f"is-{name}": 1}))
    (offered,) = centre.of(Offered)
    assert offered.agent == name
    centre.claim(name)
    centre.do(ev.Finish(offered.contact), centre.t + talks_s)


def rung(centre: Centre) -> tuple[str, ...]:
    centre.arrive("c", "q", (0, {"french": 10}))
    found = [agent for _, agent in centre.offered()]
    centre.wake(centre.t + 12)
    return (*found, *(agent for _, agent in centre.offered()))


@pytest.mark.parametrize("policy", list(Policy))
@pytest.mark.parametrize("name", knowing(*POLICIES, "order"))
def test_who_is_called(name: str, policy: Policy) -> None:
    centre = Centre(half(name))
    office(centre, policy)
    called = rung(centre)
    if policy is Policy.RING_ALL:
        assert sorted(called) == sorted(NAMES)
    else:
        assert called == CALLED[policy]


def test_no_two_policies_call_the_same() -> None:
    assert CALLED.keys() | {Policy.RING_ALL} == set(Policy)
    assert len(set(CALLED.values())) == len(CALLED)


SERVED = {
    Order.PRIORITY: "vip",
    Order.FIRST_COME: "old",
    Order.AGEING: "aged",
    Order.COST: "dear",
    Order.RATIO: "long",
    Order.SERVICE_LEVEL: "late",
}
"""Whose contact is served first."""


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("name", knowing("order"))
def test_who_is_served(name: str, order: Order) -> None:
    """At 310 s the one agent comes back to six queues."""
    centre = Centre(half(name))
    centre.do(ev.SetTenant(TenantSettings(order, ageing_us=10 * SECOND)))
    queues = (
        QueueSettings("vip", priority=9),
        QueueSettings("old"),
        QueueSettings("aged", priority=5),
        QueueSettings("dear", cost=1000),
        QueueSettings("long"),
        QueueSettings("late", target_percent=100),
    )
    for queue in queues:
        centre.do(ev.SetQueue(queue))
    centre.do(ev.SetAgent(AgentSettings("a")))
    for event in (ev.SignIn("a"), ev.Reach("a", True), ev.Pause("a", "lunch")):
        centre.do(event)
    centre.arrive("gave-up", "late", t=100)
    centre.do(ev.Abandon("gave-up"), 190)
    for queue_name, t in (
        ("old", 200),
        ("aged", 230),
        ("vip", 300),
        ("long", 302),
        ("late", 304),
        ("dear", 305),
    ):
        centre.arrive(queue_name, queue_name, t=t)
    for number in range(4):
        centre.arrive(f"more-{number}", "long", t=306)
    centre.do(ev.Resume("a"), 310)
    assert centre.offered() == [(SERVED[order], "a")]


def test_no_two_orders_serve_the_same() -> None:
    assert SERVED.keys() == set(Order)
    assert len(set(SERVED.values())) == len(SERVED)
