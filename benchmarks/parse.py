"""CPU of parsing sipp's INVITE with every routing header read, in both halves, alternately in the same run.

The floor is what no parser can avoid: cutting the head at its line ends and each line at its colon.

    python -m benchmarks.parse [--rounds 7]
"""

import argparse
from collections.abc import Callable
from time import thread_time_ns

from benchmarks.parties import invite
from switch.sip.message.select import Parse, halves

MESSAGES = 3_000
"""Each with a Call-ID, a tag and a branch of its own, as calls have them."""


def read(parse: Parse, data: bytes) -> None:
    """What routing a message needs of it."""
    message = parse(data)
    _ = (message.vias, message.from_, message.to, message.call_id, message.cseq, message.max_forwards)
    _ = (message.contacts, message.routes, message.record_routes)


def split(data: bytes) -> None:
    """The floor."""
    head, _, _ = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        line.partition(b":")


def main() -> None:
    parser_of_words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser_of_words.add_argument("--rounds", type=int, default=7)
    rounds = parser_of_words.parse_args().rounds
    in_c, in_python = halves.parser(), halves.parser(prefer_c=False)
    ways: dict[str, Callable[[bytes], None]] = {
        "floor": split,
        "C": lambda data: read(in_c, data),
        "Python": lambda data: read(in_python, data),
    }
    if in_c is in_python:
        del ways["C"]
    messages = [invite(number) for number in range(MESSAGES)]
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, half in ways.items():
            start = thread_time_ns()
            for data in messages:
                half(data)
            took[name].append((thread_time_ns() - start) / len(messages) / 1_000)
    floor = min(took["floor"])
    print("half     lowest us  median us  x floor")
    for name, times in took.items():
        times.sort()
        print(f"{name:7s}  {times[0]:9.1f}  {times[len(times) // 2]:9.1f}  {times[0] / floor:7.1f}")


if __name__ == "__main__":
    main()
