"""All carriers: who calls, how numbers look there, which gateway is next, how many channels are left."""

from collections.abc import Iterable

from switch.base.errors import ConfigurationError, Problem
from switch.base.rng import SplitMix64
from switch.base.timers import TimerHeap
from switch.sip.flow import Flow
from switch.sip.locate import Target, in_order
from switch.tenant.numbers import is_country
from switch.trunk.health import GatewayHealth, GatewayState, rested, step
from switch.trunk.identity import IdentityTable
from switch.trunk.numbers import normalise, present
from switch.trunk.settings import (
    ChannelsExhausted,
    Gateway,
    GatewayLocated,
    GatewayOutcome,
    GatewayUncertain,
    NamedGateway,
    RouteChoice,
    TrunkEvent,
    TrunkSettings,
)

_Key = tuple[str, Gateway]


class Trunks:
    """One owner, mutated in place; `poll()` drains the events."""

    __slots__ = (
        "_events",
        "_gateways",
        "_health",
        "_identities",
        "_in_use",
        "_located",
        "_rng",
        "_settings",
        "_timers",
        "_uncertain",
    )

    def __init__(self, trunks: Iterable[TrunkSettings], seed: int = 0) -> None:
        """`seed` is for the shares of servers of one priority.

        Raises `ConfigurationError`: a name twice, a bad network, one network claimed by two trunks."""
        self._settings: dict[str, TrunkSettings] = {}
        self._identities = IdentityTable()
        self._in_use: dict[str, int] = {}
        self._health: dict[_Key, GatewayHealth] = {}
        self._timers: TimerHeap[_Key] = TimerHeap()
        self._events: list[TrunkEvent] = []
        self._rng = SplitMix64(seed)
        self._gateways: dict[str, tuple[Gateway, ...]] = {}
        """Every known address of a trunk; kept, because each call that ends asks."""
        self._located: dict[tuple[str, NamedGateway], tuple[Target, ...]] = {}
        self._uncertain: set[tuple[str, NamedGateway]] = set()
        """Named gateways of which the resolver says nothing at present; told once."""
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
        named = {(s.name, g) for s in trunks for g in s.gateways if isinstance(g, NamedGateway)}
        self._located = {key: found for key, found in self._located.items() if key in named}
        self._uncertain &= named
        self._learn()

    def _learn(self) -> None:
        """The addresses anew, and no health of those that no trunk has any more."""
        self._gateways = {
            name: tuple(g for configured in settings.gateways for g in self._addresses(name, configured))
            for name, settings in self._settings.items()
        }
        kept = {(name, gateway) for name, gateways in self._gateways.items() for gateway in gateways}
        for key in [key for key in self._health if key not in kept]:
            del self._health[key]
            self._timers.cancel(key)

    # Gateways by name.

    def named(self) -> tuple[tuple[str, NamedGateway], ...]:
        """What is to be located: trunk and gateway."""
        return tuple(
            (name, gateway)
            for name, settings in self._settings.items()
            for gateway in settings.gateways
            if isinstance(gateway, NamedGateway)
        )

    def located(
        self, trunk: str, gateway: NamedGateway, targets: tuple[Target, ...], *, certain: bool = True
    ) -> None:
        """Where a named gateway was found; none that is certain takes its addresses away.

        Not `certain` says that a resolver failed: then known addresses stay, and what came fills in only
        where nothing is known.
        """
        key = (trunk, gateway)
        if key not in self.named():
            return
        known = self._located.get(key, ())
        if not certain and (known or not targets):
            if key not in self._uncertain:
                self._uncertain.add(key)
                self._events.append(GatewayUncertain(trunk, gateway, len(known)))
            return
        again = key in self._uncertain
        self._uncertain.discard(key)
        first = key not in self._located
        self._located[key] = targets
        addresses = tuple(dict.fromkeys(target.address for target in targets))
        if first or again or {t.address for t in targets} != {t.address for t in known}:
            self._events.append(GatewayLocated(trunk, gateway, addresses))
        self._learn()

    def gateways(self, trunk: str) -> tuple[Gateway, ...]:
        """Every address of a trunk that is known, in the order of its settings."""
        return self._gateways.get(trunk, ())

    def _addresses(
        self, trunk: str, configured: Gateway | NamedGateway, *, shared: bool = False
    ) -> tuple[Gateway, ...]:
        """`shared`: in an order drawn by weight (RFC 2782), so that servers share the calls."""
        if isinstance(configured, Gateway):
            return (configured,)
        targets = self._located.get((trunk, configured), ())
        if shared:
            targets = in_order(targets, self._rng)
        return tuple(Gateway(target.address, target.transport, configured.host) for target in targets)

    # Trunks.

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
        ways = [
            (gateway, settings.host or gateway.name or gateway.address.host, _uri_port(settings, configured))
            for configured in settings.gateways
            for gateway in self._addresses(trunk, configured, shared=True)
        ]
        ways.sort(key=lambda way: self._rests(trunk, way[0], now))
        return tuple(
            RouteChoice(trunk, gateway, host, port, request_user, from_user) for gateway, host, port in ways
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
        if settings is None or gateway not in self.gateways(trunk):
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


def _uri_port(settings: TrunkSettings, gateway: Gateway | NamedGateway) -> int | None:
    """The Request-URI's port: a name that was located keeps what its administrator wrote."""
    if settings.host:
        return None
    return gateway.port if isinstance(gateway, NamedGateway) else gateway.address.port


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
