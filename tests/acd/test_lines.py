"""Long lines in both halves, against a plain sorted list: C keeps chunks of 64, which split and merge."""

import pytest

from switch.acd import events as ev
from switch.acd.settings import AgentSettings, Policy
from switch.base.rng import SplitMix64
from tests.acd.centre import Centre
from tests.acd.halves import HALVES, half

CHUNK = 64
"""As CHUNK_ROOM of line.h."""


class Line:
    """One queue without agents, and what must stand in it: (waiting since, arrival, contact)."""

    def __init__(self, name: str) -> None:
        self.centre, self.rng, self.arrived = Centre(half(name)), SplitMix64(5), 0
        self.centre.t = 1000.0
        self.centre.queue()
        # Who could serve them, but does not come: without anybody who could, nobody would be let in.
        self.centre.do(ev.SetAgent(AgentSettings("away")))
        self.there: list[tuple[float, int, str]] = []

    def come(self, since: float) -> None:
        self.arrived += 1
        contact = f"c{self.arrived}"
        self.centre.arrive(contact, since=since)
        self.there.append((since, self.arrived, contact))
        self.there.sort()

    def go(self, place: int) -> None:
        _, _, contact = self.there.pop(place)
        self.centre.do(ev.Abandon(contact))

    def check(self) -> None:
        """The order as it is shown, and the place that each is told."""
        assert self.centre.waiting() == [contact for _, _, contact in self.there]
        router, now = self.centre.router, self.centre.now
        for number, (_, _, contact) in enumerate(self.there, start=1):
            place = router.place(contact, now)
            assert place is not None
            assert (place.position, place.waiting) == (number, len(self.there))


@pytest.mark.parametrize("name", HALVES)
def test_who_comes_between_the_others_stands_between_them(name: str) -> None:
    """Full chunks are split at any place, and each newcomer hears the right position."""
    line = Line(name)
    for _ in range(3 * CHUNK):
        line.come(1 + line.rng.below(900))
        if line.arrived % 40 == 0:
            line.check()
    line.check()


@pytest.mark.parametrize("name", HALVES)
def test_who_leaves_anywhere_moves_the_others_up(name: str) -> None:
    """Until nobody is left: chunks are merged, and those that become empty are dropped."""
    line = Line(name)
    for since in range(1, 3 * CHUNK + 1):
        line.come(since)
    line.check()
    while line.there:
        line.go(line.rng.below(len(line.there)))
        if len(line.there) % 25 == 0:
            line.check()
    line.come(5)
    line.check()


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("first", [True, False])
def test_a_line_that_empties_from_one_end(name: str, first: bool) -> None:
    """As queues do; whole chunks go while others stay full."""
    line = Line(name)
    for since in range(1, 2 * CHUNK + 3):
        line.come(since)
    for _ in range(2 * CHUNK):
        line.go(0 if first else len(line.there) - 1)
        if len(line.there) in (CHUNK + 1, CHUNK, CHUNK - 1, 2):
            line.check()
            line.come(1 if first else 999)
            line.check()
            line.go(0 if first else len(line.there) - 1)


@pytest.mark.parametrize("name", HALVES)
def test_the_longest_idle_is_found_behind_a_long_line(name: str) -> None:
    """A class's own line serves as the queue's does: first come, first served, whatever leaves between."""
    line = Line(name)
    for _ in range(2 * CHUNK):
        line.come(1 + line.rng.below(900))
    for _ in range(40):
        line.go(line.rng.below(len(line.there)))
    line.centre.queue(policy=Policy.LONGEST_IDLE)
    line.centre.agent("a")
    while line.there:
        ((contact, agent),) = line.centre.offered()
        assert (contact, agent) == (line.there.pop(0)[2], "a")
        line.centre.claim("a")
        line.centre.do(ev.Finish(contact))
