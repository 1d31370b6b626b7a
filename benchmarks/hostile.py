"""CPU of messages that come to nothing, by kind, next to that of a good call's first INVITE.

python -m benchmarks.hostile [--rounds 5]
"""

import argparse
from time import thread_time_ns

from benchmarks.parties import Parties, invite
from switch.base.clock import MILLISECOND, SECOND
from switch.sip.flow import Address, Flow, Transport
from tests.exchange.hostile import KINDS

MESSAGES = 400
STRANGER = Flow(Transport.UDP, Address("192.0.2.1", 5060), Address("198.51.100.66", 5060))


def spent_us(parties: Parties, messages: list[bytes]) -> float:
    """CPU of the switch a message, with all that its timers do later."""
    exchange, spent = parties.exchange, 0
    for data in messages:
        parties.now += MILLISECOND
        start = thread_time_ns()
        exchange.receive(data, STRANGER, parties.now)
        exchange.poll()
        spent += thread_time_ns() - start
    end = parties.now + 70 * SECOND
    start = thread_time_ns()
    while (due := exchange.next_timer()) is not None and due <= end:
        parties.now = max(parties.now, due)
        exchange.handle_timer(parties.now)
        exchange.poll()
    spent += thread_time_ns() - start
    parties.now = end
    return spent / len(messages) / 1_000


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("--rounds", type=int, default=5)
    rounds = words.parse_args().rounds
    parties = Parties(slots=64)
    kinds = {"good INVITE (challenged)": invite, **KINDS}
    took: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(rounds):
        for name, make in kinds.items():
            first = turn * MESSAGES
            took[name].append(spent_us(parties, [make(n) for n in range(first, first + MESSAGES)]))
    good = min(took["good INVITE (challenged)"])
    print("message                     lowest us  median us  x good INVITE")
    for name, times in took.items():
        times.sort()
        print(f"{name:26s}  {times[0]:9.1f}  {times[len(times) // 2]:9.1f}  {times[0] / good:13.2f}")


if __name__ == "__main__":
    main()
