"""Many talks that end at the same moment: when does the INVITE for each freed agent leave?

A real exchange behind the real queue of received messages (`net/intake.py`), without sockets, in one process:
so many agents talk, more callers wait, and the BYEs of all talks lie in the queue together, as after one reading
of the socket. Told is the switch's own CPU from the first BYE until an INVITE is handed to the socket, by the
INVITE's place in the burst: who is freed as the n-th waits for n - 1 others, whatever the machine. The lowest of
several bursts, for other work on the machine only adds. The whole way, with sockets and clocks, is `queued`.

    python -m benchmarks.burst [--agents 50] [--rounds 15] [--profile]
"""

import argparse
import asyncio
import cProfile
import pstats
from time import thread_time_ns

from benchmarks.parties import FROM_CALLER, Parties, plain
from switch.base.clock import SECOND
from switch.net.intake import Intake
from switch.net.ports import NetCounts
from switch.node.collector import Collector
from switch.sip.flow import Flow

HOUR_US = 3_600 * SECOND


class Burst:
    """As the node between the sockets' queue and the exchange, with the time of each INVITE."""

    def __init__(self, agents: int) -> None:
        self.agents = agents
        self.parties = Parties(8 * agents + 100, agents=agents)
        self.parties.hold_us = HOUR_US
        self.sent_ns: list[int] = []
        self._began_ns = 0
        self._intake = Intake(NetCounts())
        self._intake.start(self)
        self._fill()

    def _fill(self) -> None:
        """All agents talk, and as many callers wait."""
        while self.parties.tally.started - self.parties.tally.ended < 2 * self.agents:
            self.parties.call()
            self.parties.advance(self.parties.now + SECOND // 50)

    def received(self, data: bytes, flow: Flow) -> None:
        self.parties.exchange.receive(data, flow, self.parties.now)

    def refused(self, data: bytes, flow: Flow) -> None:
        raise AssertionError((data, flow))

    def drained(self) -> None:
        now_ns = thread_time_ns()
        self.sent_ns += [now_ns - self._began_ns] * self.parties.carry().count(b"INVITE")

    async def once(self) -> list[int]:
        """One burst; then the phones answer, and others come to wait."""
        parties = self.parties
        byes = [plain("BYE", number, tag) for _, number, tag in parties.take_byes(self.agents)]
        self.sent_ns = []
        for data in byes:
            self._intake.put(data, FROM_CALLER)
        self._began_ns = thread_time_ns()
        self._intake.drain()
        while self._intake.waiting:
            await asyncio.sleep(0)
        found = self.sent_ns
        assert len(found) == self.agents, f"{len(found)} INVITEs for {self.agents} agents"
        parties.converse()
        parties.advance(parties.now + 40 * SECOND)
        self._fill()
        return found


async def measure(agents: int, rounds: int) -> None:
    burst = Burst(agents)
    Collector().start()
    found = [await burst.once() for _ in range(rounds)]
    lowest = [min(times) / 1e6 for times in zip(*found, strict=True)]
    places = sorted({0, agents // 4, agents // 2, 3 * agents // 4, agents - 1})
    told = ", ".join(f"{place + 1}. after {lowest[place]:.2f} ms" for place in places)
    print(f"burst: {agents} talks end together, longest-idle; INVITEs: {told} (mean {sum(lowest) / agents:.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--agents", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--profile", action="store_true", help="where the time goes, by cProfile")
    options = parser.parse_args()
    profile = cProfile.Profile() if options.profile else None
    if profile:
        profile.enable()
    asyncio.run(measure(options.agents, options.rounds))
    if profile:
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)


if __name__ == "__main__":
    main()
