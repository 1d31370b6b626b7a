"""All carriers: who calls, how numbers look there, which gateway is next, how many channels are left."""

from collections.abc import Iterable

from switch.base.errors import ConfigurationError, Problem
from switch.base.timers import TimerHeap
from switch.sip.flow import Flow
from switch.tenant.numbers import is_country
from switch.trunk.health import GatewayHealth, GatewayState, rested, step
from switch.trunk.identity import IdentityTable
from switch.trunk.numbers import normalise, present
from switch.trunk.settings import (
    ChannelsExhausted,
    Gateway,
    GatewayOutcome,
    RouteChoice,
    TrunkEvent,
    TrunkSettings,
)

_Key = tuple[str, Gateway]


class Trunks:
    """One owner, mutated in place; `poll()` drains the events."""

    __slots__ = ("_events", "_health", "_identities", "_in_use", "_settings", "_timers")

    def __init__(self, trunks: Iterable[TrunkSettings]) -> None:
        """Raises `ConfigurationError`: a name twice, a bad network, one network claimed by two trunks."""
        self._settings: dict[str, TrunkSettings] = {}
        self._identities = IdentityTable()
        self._in_use: dict[str, int] = {}
        self._health: dict[_Key, GatewayHealth] = {}
        self._timers: TimerHeap[_Key] = TimerHeap()
        self._events: list[TrunkEvent] = []
        self.set_trunks(trunks)

    def set_trunks(self, trunks: Iterable[TrunkSettings]) -> None:
        """Replace the settings at a reload; channels in use and the health of kept gateways stay.

        Raises `ConfigurationError`, and then everything is as it was.
        """
        trunks = tuple(trunks)
        identities = IdentityTable()
        problems = [problem for settings in trunks for problem in _problems(settings)]
        problems += [problem for settings in trunks for problem in identities.add(settings)]
        by_name = {settings.name: settings for settings in trunks}
        if len(by_name) < len(trunks):
            problems.append(Problem("", 0, 0, "two trunks have the same name"))
        if problems:
            raise ConfigurationError(tuple(problems))
        identities.seal()
        self._settings, self._identities = by_name, identities
        kept = {(settings.name, gateway) for settings in trunks for gateway in settings.gateways}
        for key in [key for key in self._health if key not in kept]:
            del self._health[key]
            self._timers.cancel(key)

    def settings(self, trunk: str) -> TrunkSettings | None:
        """One trunk by name."""
        return self._settings.get(trunk)

    def names(self) -> tuple[str, ...]:
        """All trunks, in the order given."""
        return tuple(self._settings)

    def identify(self, flow: Flow) -> str | None:
        """The trunk that a request came from: its network, the narrowest first, one with a port first."""
        return self._identities.find(flow)

    def normalise(self, trunk: str, text: str) -> str:
        """A number as the carrier wrote it, in E.164; digits as they are where it is no such number."""
        return normalise(self._settings[trunk], text)

    def present(self, trunk: str, number: str) -> str:
        """A number of ours (E.164, or a short one) in the carrier's form."""
        return present(self._settings[trunk], number)

    def routes(self, trunk: str, number: str, caller_id: str, now: int) -> tuple[RouteChoice, ...]:
        """Ways to reach a number, best first: gateways that are up or on trial, then those that rest.

        Empty only where the trunk is unknown: with every gateway down, trying is better than refusing.
        """
        settings = self._settings.get(trunk)
        if settings is None:
            return ()
        request_user = settings.prefix + present(settings, number)
        from_user = present(settings, caller_id) if caller_id else "anonymous"
        ordered = sorted(settings.gateways, key=lambda gateway: self._rests(trunk, gateway, now))
        return tuple(
            RouteChoice(trunk, gateway, settings.host or gateway.address.host, request_user, from_user)
            for gateway in ordered
        )

    def state(self, trunk: str, gateway: Gateway) -> GatewayState:
        """Whether a gateway is worth trying."""
        health = self._health.get((trunk, gateway))
        return GatewayState.UP if health is None else health.state

    def _rests(self, trunk: str, gateway: Gateway, now: int) -> bool:
        health = self._health.get((trunk, gateway))
        return health is not None and health.state is GatewayState.DOWN and health.until > now

    def acquire(self, trunk: str) -> bool:
        """Take a channel for a call in either direction; False where none is left or no such trunk is."""
        settings = self._settings.get(trunk)
        if settings is None:
            return False
        taken = self._in_use.get(trunk, 0)
        if settings.channels_max and taken >= settings.channels_max:
            self._events.append(ChannelsExhausted(trunk, settings.channels_max))
            return False
        self._in_use[trunk] = taken + 1
        return True

    def release(self, trunk: str) -> None:
        """Give the channel of an ended call back; also of a trunk that a reload took away."""
        taken = self._in_use.get(trunk, 0)
        assert taken > 0, "a channel is released once"
        if taken == 1:
            del self._in_use[trunk]
        else:
            self._in_use[trunk] = taken - 1

    def in_use(self, trunk: str) -> int:
        """Channels taken."""
        return self._in_use.get(trunk, 0)

    def report(
        self, trunk: str, gateway: Gateway, outcome: GatewayOutcome, now: int, *, retry_after_s: int = 0
    ) -> None:
        """How an attempt ended. A 503 with Retry-After takes the gateway out for that long at once."""
        settings = self._settings.get(trunk)
        if settings is None or gateway not in settings.gateways:
            return
        key = (trunk, gateway)
        health = self._health.setdefault(key, GatewayHealth())
        event = step(health, outcome, now, trunk, gateway, settings.health, retry_after_s)
        if event is not None:
            self._events.append(event)
        if health.state is GatewayState.DOWN:
            self._timers.set(key, health.until)
        else:
            self._timers.cancel(key)

    def handle_timer(self, now: int) -> None:
        """Let gateways that rested enough be tried again."""
        while (key := self._timers.pop(now)) is not None:
            rested(self._health[key])

    def next_timer(self) -> int | None:
        """When `handle_timer` has work, or None."""
        return self._timers.next()

    def poll(self) -> list[TrunkEvent]:
        """Everything that happened since the last call, in order."""
        events = self._events.copy()
        self._events.clear()
        return events


def _problems(settings: TrunkSettings) -> Iterable[Problem]:
    if not is_country(settings.country):
        yield Problem(settings.name, 0, 0, f"country {settings.country!r}: expected two letters, such as FR")
    if len(set(settings.gateways)) < len(settings.gateways):
        yield Problem(settings.name, 0, 0, "a gateway is named twice")
    if settings.channels_max < 0:
        yield Problem(settings.name, 0, 0, "channels_max must be 0 (no limit) or more")
    health = settings.health
    if health.failures_to_down < 1 or not 1 <= health.down_s <= health.down_s_max:
        yield Problem(
            settings.name, 0, 0, "health: expected failures_to_down >= 1 and 1 <= down_s <= down_s_max"
        )
