"""Bad input never costs more than its answer: what strangers send leaves nothing but that answer, for a time.

| of one message | at most |
| --- | --- |
| transactions, until 64*T1 have passed | one, and none for ACK, answers and noise |
| sessions, legs, dialogs, subscriptions, bindings, timers of calls, RTP ports | none |
| journal entries, media commands, requests to anybody else | none |
| packets at once | one, to where it came from; for an invented 2xx two, so many a second |

`benchmarks/hostile.py` prints what each takes of the processor.
"""

import gc
import tracemalloc
from functools import _lru_cache_wrapper

import pytest

from switch.base.clock import MILLISECOND, SECOND
from switch.call.surplus import SURPLUS_A_SECOND_MAX
from switch.sim.world import SWITCH, Setting, World
from switch.sip.flow import Address, Flow, Transport
from switch.sip.outputs import SendBytes
from tests.exchange.hostile import KINDS
from tests.sim.centres import shop

STRANGER = Flow(Transport.UDP, SWITCH, Address("198.51.100.66", 5060))
MESSAGES = 300
STATELESS = (
    "ACK of nothing",
    "486 to nothing",
    "noise",
    "empty lines",
    "unknown method",
)
BYTES_A_MESSAGE_MAX = 12_000
"""Of a transaction that lingers: its request, its answer and its timers; a giant header stays as long."""
LEFT_BYTES_MAX = 64 * 1024
"""Some 200 bytes a message: less than the smallest thing that could be left of it."""
FLOODS_MAX = 4


class Town:
    """A shop's switch, and everything that it puts out."""

    def __init__(self) -> None:
        self.world = World(Setting(shop()))
        self.exchange, self.now = self.world.exchange, self.world.now
        self.world.materials.journal.drain()
        self.sent: list[SendBytes] = []
        self.others: list[object] = []

    def give(self, data: bytes) -> int:
        """Packets that went out at once for it."""
        self.exchange.receive(data, STRANGER, self.now)
        return self._carry()

    def _carry(self) -> int:
        outputs = self.exchange.poll()
        self.others += [output for output in outputs if not isinstance(output, SendBytes)]
        sent = [output for output in outputs if isinstance(output, SendBytes)]
        self.sent += sent
        return len(sent)

    def run(self, span_us: int) -> None:
        end = self.now + span_us
        while (due := self.exchange.next_timer()) is not None and due <= end:
            self.now = max(self.now, due)
            self.exchange.handle_timer(self.now)
            self._carry()
        self.now = end


@pytest.mark.parametrize("kind", KINDS)
def test_a_flood_leaves_nothing_but_its_answers(kind: str) -> None:
    town = Town()
    at_once = []
    for number in range(MESSAGES):
        at_once.append(town.give(KINDS[kind](number)))
        town.run(MILLISECOND)
    remains = town.world.remains()
    surplus = SURPLUS_A_SECOND_MAX if kind == "200 to nothing" else 0
    assert max(at_once) <= (2 if surplus else 1)
    assert sum(at_once) <= (2 * surplus or MESSAGES)
    allowed = surplus or (0 if kind in STATELESS else MESSAGES)
    assert remains.transactions <= allowed
    remains.transactions = remains.transaction_timers = 0
    assert remains.none(), remains
    assert town.exchange.office.watching is None
    assert not town.exchange.office.parts.registrar.binding_count()
    assert not town.world.materials.journal.drain()
    assert not town.others, "neither media nor questions"
    assert {output.flow.remote for output in town.sent} <= {STRANGER.remote}
    town.run(70 * SECOND)
    assert town.world.remains().none()


@pytest.mark.parametrize("kind", ["INVITE", "REGISTER, forged", "giant header", "many headers", "noise"])
def test_memory_is_given_back(kind: str) -> None:
    """So many bytes a message while its transaction lingers, and none of a further flood that the ones before
    did not take already. What leaks does so in every flood; what a thread of an earlier test takes comes now
    and then, so that one flood of a few without it is enough."""
    town = Town()
    held_max = MESSAGES * (BYTES_A_MESSAGE_MAX + 6 * len(KINDS[kind](0)))

    def flood(first: int) -> int:
        for number in range(first, first + MESSAGES):
            town.give(KINDS[kind](number))
        held = tracemalloc.get_traced_memory()[0]
        town.run(70 * SECOND)
        town.sent.clear()
        gc.collect()
        for cache in [o for o in gc.get_objects() if isinstance(o, _lru_cache_wrapper)]:
            # Bounded, and full some day; here they would only hide what grows.
            cache.cache_clear()
        return held

    # A switch that ran in this process before has frozen what there was: those caches would not be found.
    gc.unfreeze()
    tracemalloc.start()
    try:
        flood(0)
        seen = []
        for number in range(1, 1 + FLOODS_MAX):
            before = tracemalloc.get_traced_memory()[0]
            held = flood(number * MESSAGES) - before
            seen.append((held, tracemalloc.get_traced_memory()[0] - before))
            if min(held for held, _ in seen) < held_max and min(left for _, left in seen) < LEFT_BYTES_MAX:
                break
    finally:
        tracemalloc.stop()
    assert min(held for held, _ in seen) < held_max, seen
    assert min(left for _, left in seen) < LEFT_BYTES_MAX, f"a flood leaves nothing behind: {seen}"
