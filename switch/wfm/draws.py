"""What chance decides in a simulated day, drawn before the day begins.

Each call has its handling time and patience from the start, whoever serves it: so two staffings, policies or
routers are compared on the same callers (common random numbers), and differences are those of the decisions.
PCG64 of numpy is seeded by the scenario's seed and the number of the replication.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from switch.wfm.scenario import Accepts, Handling, Scenario, Shape, Stream

CALLS_MAX = 5_000_000
"""Of one day: beyond it the memory would be that of the machine. The largest centres have a tenth."""

RETRIALS_MAX = 5
"""Of one caller in a day: whoever has given up so often calls somebody else."""

TRIES_MAX = 10
"""Of a callback, as in the dialplans."""

_OWN_CALLS, _HABITS = 1, 2
"""What is drawn apart, so that callers come and wait as they would without it."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Habits:
    """What else a caller does. `key` (`key 0`) is pressed after so long in a queue; empty: none. `reached` by
    try is whether the customer answers who is called back; empty: does not want to be. `customer` is the same
    for several calls of one."""

    key: str = ""
    key_after_s: float = 0.0
    reached: tuple[bool, ...] = ()
    answer_s: float = 0.0
    customer: int = -1


@dataclass(frozen=True, slots=True)
class Caller:
    """`patience_s` is infinite for some. After giving up, calls again `retrials` times at most. `habits`
    None: waits, and gives up, and nothing else."""

    at_s: float
    stream: int
    handling_s: float
    patience_s: float
    retrials: int
    retrial_after_s: float
    habits: Habits | None = None


class Draws:
    """The callers of one day, in order of arrival, and what else chance decides."""

    def __init__(self, scenario: Scenario, seed: int, replication: int) -> None:
        self._seed, self._replication = seed, replication
        self._chance = np.random.Generator(np.random.PCG64([seed, replication]))
        busy = 1.0
        if scenario.day_variation:
            shape = scenario.day_variation**-2
            busy = float(self._chance.gamma(shape, 1 / shape))
        callers: list[Caller] = []
        for number, stream in enumerate(scenario.streams):
            callers += self._stream(scenario, stream, number, busy)
        callers.sort(key=lambda caller: caller.at_s)
        self.callers = callers
        self.own_calls = list(_own_calls(scenario, seed, replication))
        self.answers = self._chance.random(max(1, 2 * len(callers)))

    def _stream(self, scenario: Scenario, stream: Stream, number: int, busy: float) -> list[Caller]:
        times = self._times(scenario, stream, busy)
        count = len(times)
        handling = self._handling(stream.handling, count)
        patience = (
            self._exponential(stream.patience_s, count) if stream.patience_s else np.full(count, np.inf)
        )
        again = self._exponential(stream.retrial_s, count)
        retrials = np.minimum(self._chance.geometric(1 - stream.retrial, count) - 1, RETRIALS_MAX)
        for place, call in enumerate(stream.trace):
            handling[place] = call.handling_s
            if call.patience_s is not None:
                patience[place] = call.patience_s
        columns = (times, handling, patience, retrials, again)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        habits = _habits(stream, count, (self._seed, self._replication, _HABITS, number))
        if habits is None:
            return [Caller(at, number, *rest) for at, *rest in rows]
        return [
            Caller(at, number, talk, gives_up, calls, after, own)
            for (at, talk, gives_up, calls, after), own in zip(rows, habits, strict=True)
        ]

    def _times(self, scenario: Scenario, stream: Stream, busy: float) -> Floats:
        if stream.trace:
            return np.array([call.at_s for call in stream.trace])
        expected = np.array(stream.calls) * busy
        assert expected.sum() < CALLS_MAX, "the reader bounds the calls of a day"
        counts = self._chance.poisson(expected)
        starts = np.repeat(np.arange(len(counts)) * scenario.interval_s, counts)
        return np.sort(starts + self._chance.random(len(starts)) * scenario.interval_s)

    def _exponential(self, mean: float, count: int) -> Floats:
        return self._chance.exponential(mean, count)

    def _handling(self, handling: Handling, count: int) -> Floats:
        if handling.shape is Shape.CONSTANT:
            return np.full(count, handling.mean_s)
        if handling.shape is Shape.EXPONENTIAL:
            return self._exponential(handling.mean_s, count)
        square = log(1 + handling.variation**2)
        return self._chance.lognormal(log(handling.mean_s) - square / 2, square**0.5, count)


def _habits(stream: Stream, count: int, seeds: tuple[int, ...]) -> list[Habits] | None:
    """By caller, in the order of their coming; None where nobody does anything else."""
    if not (stream.presses or stream.accepts or stream.repeat):
        return None
    chance = np.random.Generator(np.random.PCG64(list(seeds)))
    chosen, after = chance.random(count).tolist(), chance.exponential(1.0, count).tolist()
    accepts = stream.accepts or Accepts(0.0)
    wishes = (chance.random(count) < accepts.share).tolist()
    reached = (chance.random((count, TRIES_MAX)) < accepts.reached).tolist()
    again = (chance.random(count) < stream.repeat).tolist()
    before = chance.random(count).tolist()
    customers: list[int] = []
    found: list[Habits] = []
    for place in range(count):
        # The first call is nobody's second one.
        known = again[place] and place
        customers.append(customers[int(before[place] * place)] if known else place)
        key, after_s = "", 0.0
        left = chosen[place]
        for press in stream.presses:
            if left < press.share:
                key, after_s = press.key, after[place] * press.after_s
                break
            left -= press.share
        tries = tuple(reached[place]) if wishes[place] else ()
        customer = seeds[-1] * CALLS_MAX + customers[place] if stream.repeat else -1
        found.append(Habits(key, after_s, tries, accepts.answer_s, customer))
    return found


def _own_calls(scenario: Scenario, seed: int, replication: int) -> Iterator[tuple[float, str, float]]:
    """When agents mean to call somebody themselves, who, and for how long; callers are drawn apart."""
    if not any(worker.own_calls for worker in scenario.workers):
        return
    chance = np.random.Generator(np.random.PCG64([seed, replication, _OWN_CALLS]))
    for worker in scenario.workers:
        for shift in worker.shifts:
            there_s = shift.to_s - shift.from_s
            count = int(chance.poisson(worker.own_calls * there_s / 3600))
            times = shift.from_s + chance.random(count) * there_s
            lasts = chance.exponential(worker.own_call_s, count)
            for at_s, talk_s in zip(times.tolist(), lasts.tolist(), strict=True):
                yield at_s, worker.agent.name, talk_s
