"""A network of datagrams that loses, repeats, delays and so reorders, all from one seed.

Reordering needs no mechanism of its own: each copy of a datagram takes its own time, and whatever was
sent later may be quicker. Equal times arrive in the order sent, so that a run never depends on a hash.
"""

from dataclasses import dataclass
from enum import Enum
from heapq import heappop, heappush

from switch.base.clock import MILLISECOND
from switch.base.rng import SplitMix64
from switch.sip.flow import Address


@dataclass(frozen=True, slots=True)
class Weather:
    """What the network does to datagrams. Chances are of 10,000; delays in microseconds, evenly spread."""

    lost: int = 0
    repeated: int = 0
    delay_us_min: int = 5 * MILLISECOND
    delay_us_max: int = 5 * MILLISECOND


CALM = Weather()
"""Nothing is lost and everything takes the same time: for runs whose messages are counted."""

ROUGH = Weather(lost=300, repeated=200, delay_us_min=5 * MILLISECOND, delay_us_max=180 * MILLISECOND)
"""Worse than a home's wireless network on a bad day: 3% lost, 2% repeated, reordered within 180 ms."""


class Fate(Enum):
    """What an interception makes of one datagram at the moment when it arrives."""

    DELIVERED = "delivered"
    LOST = "lost"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Datagram:
    """Bytes under way."""

    source: Address
    target: Address
    data: bytes


class Network:
    """Datagrams in flight. `sent` and `lost` count what was given to it and what it swallowed."""

    def __init__(self, seed: int, weather: Weather = CALM) -> None:
        self.weather = weather
        self.sent = 0
        self.lost = 0
        self._rng = SplitMix64(seed)
        self._flight: list[tuple[int, int, Datagram]] = []
        self._order = 0

    def send(self, datagram: Datagram, now: int) -> None:
        """Take a datagram; it arrives never, once, or twice."""
        weather = self.weather
        self.sent += 1
        if weather.lost and self._rng.chance(weather.lost, 10_000):
            self.lost += 1
            return
        self._post(datagram, now)
        if weather.repeated and self._rng.chance(weather.repeated, 10_000):
            self._post(datagram, now)

    def next(self) -> int | None:
        """When the next datagram arrives."""
        return self._flight[0][0] if self._flight else None

    def take(self) -> Datagram:
        """The datagram that arrives next."""
        return heappop(self._flight)[2]

    def _post(self, datagram: Datagram, now: int) -> None:
        weather = self.weather
        spread = weather.delay_us_max - weather.delay_us_min
        delay = weather.delay_us_min + (self._rng.below(spread + 1) if spread else 0)
        self._order += 1
        heappush(self._flight, (now + delay, self._order, datagram))
