"""Many talks that end at the same moment: when does the INVITE for each freed agent leave?

A real exchange behind the real queue of received messages (`net/intake.py`), in one process: so many agents
talk, as many callers wait, and the BYEs of all talks lie in the queue together, as after one reading of the
socket. What the switch sends goes to a socket that nobody reads. Told is the CPU from the first BYE until an
INVITE was sent, by the INVITE's place in the burst: who is freed as the n-th waits for n - 1 others, whatever
the machine; and the CPU of the whole burst. Other work on the machine only adds, so of several bursts each
figure is the lowest. The whole way, with phones and clocks, is `queued`.

    python -m benchmarks.burst [--agents 50] [--rounds 15] [--profile]
"""

import argparse
import asyncio
import cProfile
import pstats
import socket
from time import thread_time, thread_time_ns

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
        self._unread = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._unread.bind(("127.0.0.1", 0))
        self._sink = self._unread.getsockname()
        self._send = socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto
        self._intake = Intake(NetCounts(), thread_time)
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
        for data in self.parties.take_sent():
            self._send(data, self._sink)
            if data.startswith(b"INVITE"):
                self.sent_ns.append(thread_time_ns() - self._began_ns)

    async def once(self) -> list[int]:
        """When each INVITE of one burst was sent, and the whole. Then the phones answer, and others wait."""
        parties = self.parties
        byes = [plain("BYE", number, tag) for _, number, tag in parties.take_byes(self.agents)]
        self.sent_ns = []
        for data in byes:
            self._intake.put(data, FROM_CALLER)
        self._began_ns = thread_time_ns()
        self._intake.drain()
        while self._intake.waiting:
            await asyncio.sleep(0)
        whole_ns = thread_time_ns() - self._began_ns
        found = [*self.sent_ns, whole_ns]
        assert len(self.sent_ns) == self.agents, f"{len(self.sent_ns)} INVITEs for {self.agents} agents"
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
    mean = sum(lowest[:agents]) / agents
    print(
        f"burst: {agents} talks end together, longest-idle; INVITEs: {told}; mean {mean:.2f}, the whole "
        f"{lowest[agents]:.2f} ms of CPU"
    )


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
