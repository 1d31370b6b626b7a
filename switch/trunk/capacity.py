"""Channels in use and calls a second, of a trunk or of a gateway."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from switch.base.clock import SECOND
from switch.trunk.settings import CallsTooFast, ChannelsExhausted, Gateway, Refusal, TrunkSettings

CALLS_PER_SECOND_MAX = 1_000
"""A cap beyond this is none: one process starts fewer. It also bounds what is remembered of a second."""


class Lack(Enum):
    """Which cap stands in the way."""

    CHANNELS = "channels"
    RATE = "rate"


@dataclass(slots=True)
class Usage:
    """What is in use now. `starts` are the last calls begun, kept only where their rate is capped."""

    channels: int = 0
    starts: deque[int] = field(default_factory=deque)
    _second: int = 0
    _this: int = 0
    _last: int = 0

    def lacks(self, channels_max: int, calls_per_second_max: int, now: int) -> Lack | None:
        """The cap that a further call would break, 0 being no cap.

        Not a token bucket: full at rest, it would let nearly twice the rate through in its first second,
        and carriers count in any second.
        """
        if channels_max and self.channels >= channels_max:
            return Lack.CHANNELS
        if calls_per_second_max:
            starts = self.starts
            while starts and now - starts[0] >= SECOND:
                starts.popleft()
            if len(starts) >= calls_per_second_max:
                return Lack.RATE
        return None

    def take(self, calls_per_second_max: int, now: int) -> None:
        """One call begins."""
        self.channels += 1
        if calls_per_second_max:
            self.starts.append(now)
            if len(self.starts) > CALLS_PER_SECOND_MAX:
                # Only emergency calls, which no cap stops, can get here.
                self.starts.popleft()
        self._count(now)
        self._this += 1

    def calls_last_second(self, now: int) -> int:
        """Calls begun in the last whole second of the clock."""
        self._count(now)
        return self._last

    def _count(self, now: int) -> None:
        second = now // SECOND
        if second != self._second:
            self._last = self._this if second == self._second + 1 else 0
            self._second, self._this = second, 0


class Capacity:
    """The channels of all trunks and gateways. `tell` hears of each call that a trunk's cap refused.

    `attempts` counts by trunk, gateway and how it ended for the gateway, since the start.
    """

    __slots__ = ("_gateways", "_tell", "_trunks", "attempts")

    def __init__(self, tell: Callable[[ChannelsExhausted | CallsTooFast], None]) -> None:
        self._tell = tell
        self._trunks: dict[str, Usage] = {}
        self._gateways: dict[tuple[str, str], Usage] = {}
        """By trunk and what the gateway is known as."""
        self.attempts: Counter[tuple[str, str, str]] = Counter()

    def acquire(
        self, settings: TrunkSettings, now: int, gateway: Gateway | None, *, emergency: bool
    ) -> Refusal | None:
        """Take a channel; `gateway` is the way of a call that we send, which counts among calls a second."""
        trunk = settings.name
        use = self._trunks.get(trunk)
        if use is None:
            use = self._trunks[trunk] = Usage()
        rate_max = 0 if gateway is None else settings.calls_per_second_max
        if not emergency:
            lack = use.lacks(settings.channels_max, rate_max, now)
            if lack is Lack.CHANNELS:
                self._tell(ChannelsExhausted(trunk, settings.channels_max))
                return Refusal.TRUNK_CHANNELS
            if lack is Lack.RATE:
                self._tell(CallsTooFast(trunk, rate_max))
                return Refusal.TRUNK_RATE
        if gateway is not None:
            terms = gateway.terms
            key = (trunk, gateway.known_as)
            way = self._gateways.get(key)
            if way is None:
                way = self._gateways[key] = Usage()
            lack = None if emergency else way.lacks(terms.channels_max, terms.calls_per_second_max, now)
            if lack is not None:
                self.attempts[(*key, "full")] += 1
                return Refusal.GATEWAY_CHANNELS if lack is Lack.CHANNELS else Refusal.GATEWAY_RATE
            way.take(terms.calls_per_second_max, now)
        use.take(rate_max, now)
        return None

    def release(self, trunk: str, gateway: Gateway | None) -> None:
        """Give the channel of an ended call back."""
        use = self._trunks.get(trunk)
        assert use is not None, "a channel is released once"
        assert use.channels > 0, "a channel is released once"
        use.channels -= 1
        if gateway is not None:
            way = self._gateways[trunk, gateway.known_as]
            assert way.channels > 0, "a gateway's channel is released once"
            way.channels -= 1

    def usage(self, trunk: str, gateway: Gateway | None) -> Usage | None:
        """What a trunk or one of its gateways uses; None where it was never used."""
        if gateway is None:
            return self._trunks.get(trunk)
        return self._gateways.get((trunk, gateway.known_as))

    def keep(self, trunks: set[str], gateways: set[tuple[str, str]]) -> None:
        """After a reload: forget what is not configured any more, once its last call has ended."""
        for name in [name for name, use in self._trunks.items() if name not in trunks and not use.channels]:
            del self._trunks[name]
        for key in [key for key, use in self._gateways.items() if key not in gateways and not use.channels]:
            del self._gateways[key]
