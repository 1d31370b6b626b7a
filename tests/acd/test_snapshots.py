"""What both halves write of a centre: nothing is lost, and what contradicts itself is refused."""

import struct
from collections.abc import Callable

import pytest

from switch.acd import events as ev
from switch.acd import snapshot
from switch.acd.limits import AMOUNT_MAX
from switch.acd.router import Router
from switch.acd.settings import (
    AgentSettings,
    Contact,
    Need,
    Preference,
    QueueSettings,
    Requirement,
    Step,
    TenantSettings,
)
from switch.acd.snapshot_bytes import SnapshotError, digest
from tests.acd.centre import SECOND, Centre
from tests.acd.halves import HALVES, half
from tests.acd.world import World

HUGE = (1 << 63) - 1
ZERO = struct.pack("<q", 0)
COUNTS_AT = 8 + 8 * 8
"""Where a snapshot says how many queues there are, then agents, then visits."""


def sealed(body: bytes) -> bytes:
    """With the digest put right."""
    return body + digest(body).to_bytes(8, "little")


def text(value: bytes) -> bytes:
    return struct.pack("<q", len(value)) + value


def rung() -> Centre:
    """One contact that rings at one agent, and one that waits."""
    centre = Centre(Router)
    centre.queue("line")
    centre.agent("anna")
    centre.arrive("caller", "line")
    centre.arrive("second", "line")
    return centre


def swapped(old: bytes, new: bytes, nth: int = 0) -> Callable[[bytes], bytes]:
    """The n-th of `old` replaced."""

    def change(body: bytes) -> bytes:
        parts = body.split(old)
        assert len(parts) > nth + 1, old
        return old.join(parts[: nth + 1]) + new + old.join(parts[nth + 1 :])

    return change


def counted(place: int) -> Callable[[bytes], bytes]:
    """A million million of what is counted at that place: of queues, agents or visits."""
    at = COUNTS_AT + 8 * place
    return lambda body: body[:at] + struct.pack("<q", 1 << 40) + body[at + 8 :]


DAMAGES = {
    "something is left over": lambda body: body + ZERO,
    "something is missing": lambda body: body[:-8],
    "a text that is no UTF-8": swapped(b"second", b"secon\xff"),
    "a text cut within a letter": swapped(b"second", b"secon\xc3"),
    "a letter that does not go on": swapped(b"second", b"seco\xc3("),
    "a text with half a pair": swapped(b"second", b"sec\xed\xa0\x80"),
    "four bytes where two would do": swapped(b"second", b"se\xf0\x80\x80\xaf"),
    "a text longer than it may be written": swapped(b"second", b"seco\xc0\xaf"),
    "a queue that is not there": swapped(text(b"line"), text(b"lime"), 1),
    "an agent who is not there": swapped(text(b"anna"), text(b"anne"), 1),
    "a queue where an agent must be": swapped(text(b"anna"), text(b"line"), 1),
    "a contact that stands twice": swapped(text(b"second"), text(b"caller")),
    "more queues than bytes": counted(0),
    "more agents than bytes": counted(1),
    "more visits than bytes": counted(2),
}


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_contradicts_itself_is_refused(name: str, damage: str) -> None:
    data = rung().router.snapshot()
    half(name).restore(sealed(data[:-8]))
    with pytest.raises(SnapshotError):
        half(name).restore(sealed(DAMAGES[damage](data[:-8])))


@pytest.mark.parametrize("name", HALVES)
def test_a_snapshot_of_the_first_version_goes_on(name: str) -> None:
    """What came later is as in a router without it: counts of the day are those since the start."""
    centre = rung()
    centre.claim("anna")
    centre.queue("line", wrap_up_us=60 * SECOND)
    router = centre.router
    assert isinstance(router, Router)
    first = snapshot.write(snapshot.read(router.snapshot()), version=1)
    assert first != router.snapshot()
    old = half(name).restore(first)
    assert old.snapshot() == Router.restore(first).snapshot()
    assert old.waiting(centre.now) == router.waiting(centre.now)
    assert old.agents(centre.now) == router.agents(centre.now)


@pytest.mark.parametrize("name", HALVES)
def test_each_goes_on_from_any_moment_as_if_nothing_had_been(name: str) -> None:
    """Restored after each event, with what waits for a time: rings, rests, steps, wrap-ups, who is kept."""
    for seed in range(3):
        world = World(seed, agents=5, queues=2, contacts=14)
        router, again = half(name)(seed), half(name)(seed)
        for step in range(120):
            event, now = world.next()
            decisions = router.apply(event, now)
            assert again.apply(event, now) == decisions, (seed, step, event)
            world.learn(decisions)
            again = half(name).restore(again.snapshot())
            assert again.digest() == router.digest(), (seed, step, event)
        assert again.queues(world.now) == router.queues(world.now)
        assert again.agents(world.now) == router.agents(world.now)


ODD = (
    ev.SetTenant(
        TenantSettings(ageing_us=HUGE, channels=(("chat", HUGE), ("mail", -HUGE)), day_start_us=-HUGE)
    ),
    ev.SetQueue(
        QueueSettings(
            "high",
            priority=HUGE,
            ring_us=HUGE,
            lease_margin_us=HUGE,
            wrap_up_us=HUGE,
            misses_before_pause=HUGE,
            contacts_max=HUGE,
            service_level_us=HUGE,
            retry_same_agent_us=HUGE,
            share=HUGE,
            cost=HUGE,
            handling_us=HUGE,
            target_percent=HUGE,
            shares=(("east", HUGE), ("west", -HUGE)),
            ring_more_us=HUGE,
        )
    ),
    ev.SetQueue(
        QueueSettings(
            "low",
            priority=-HUGE,
            ring_us=-1,
            lease_margin_us=-1,
            wrap_up_us=-1,
            misses_before_pause=-1,
            contacts_max=-1,
            service_level_us=-1,
            retry_same_agent_us=-1,
            share=-1,
            cost=-1,
            handling_us=-1,
            target_percent=-1,
            ring_more_us=-1,
        )
    ),
    ev.SetAgent(
        AgentSettings(
            "anna",
            (("french", HUGE), ("latin", -1), ("latin", 7)),
            ("low", "high", "low"),
            HUGE,
            ("west", "east", "west"),
            HUGE,
            HUGE,
            (("voice", HUGE), ("chat", -1), ("mail", HUGE), ("mail", 2)),
        )
    ),
    ev.SetAgent(AgentSettings("ben", order=-HUGE, weight=-1, units=-1)),
    ev.Reach("anna", True),
    ev.SignIn("anna"),
    ev.Arrive(
        Contact(
            "c",
            "high",
            Requirement(
                (
                    Step(
                        -5,
                        (Need("french", -HUGE),),
                        ((Need("latin", -HUGE),),),
                        (Need("german", HUGE),),
                        (Preference("french", HUGE), Preference("latin", -1)),
                        queues=("low",),
                    ),
                    Step(HUGE, (Need("french", HUGE),)),
                )
            ),
            priority=HUGE,
            waiting_since=-HUGE,
            sticky_us=HUGE,
            before="ben",
        )
    ),
)
"""Numbers that nobody would write, beyond each bound of limits.py."""


def test_no_number_is_too_large_for_either_half() -> None:
    python, c = Router(1), half("c")(1)
    for now, event in enumerate(ODD):
        assert python.apply(event, now) == c.apply(event, now), event
        assert python.snapshot() == c.snapshot(), event
    assert python.apply(ev.Wake(), HUGE) == c.apply(ev.Wake(), HUGE)
    assert python.snapshot() == c.snapshot()
    assert len(c.waiting(HUGE)) == 1, "it was let in"
    assert all(abs(queue.priority) <= AMOUNT_MAX for queue in _queues(python))


def _queues(router: Router) -> list[QueueSettings]:
    return [queue.settings for queue in snapshot.read(router.snapshot()).queues.values()]
