"""All carriers: how numbers look there, which gateway is next, how many channels, what state they are in."""

from collections import Counter
from collections.abc import Iterable

from switch.base.errors import ConfigurationError, Problem
from switch.base.rng import SplitMix64
from switch.base.timers import TimerHeap
from switch.base.tokens import SeededTokens, TokenSource
from switch.sip.flow import Flow
from switch.sip.locate import Target, in_order
from switch.sip.message import Request, Response
from switch.sip.uri import Uri
from switch.trunk.asking import ProbeKey, Probes
from switch.trunk.capacity import Capacity
from switch.trunk.health import GatewayHealth, GatewayState, rested, step
from switch.trunk.identity import IdentityTable, plain_address
from switch.trunk.lines import Lines, line_of
from switch.trunk.numbers import normalise, present
from switch.trunk.registration import Registration, retry_after_s
from switch.trunk.routes import ordered
from switch.trunk.settings import (
    Ask,
    Gateway,
    GatewayLocated,
    GatewayOutcome,
    GatewayUncertain,
    NamedGateway,
    Refusal,
    RouteChoice,
    TrunkEvent,
    TrunkSettings,
)
from switch.trunk.validity import problems_of

_Key = tuple[str, Gateway]
_NOTHING: list[TrunkEvent | Ask] = []


class Trunks:
    """One owner, mutated in place; `poll()` drains the events, and what is to be sent."""

    __slots__ = (
        "_capacity",
        "_gateways",
        "_health",
        "_identities",
        "_lines",
        "_located",
        "_open",
        "_probes",
        "_rng",
        "_settings",
        "_started",
        "_ticket",
        "_timers",
        "_uncertain",
        "news",
    )

    def __init__(
        self, trunks: Iterable[TrunkSettings], seed: int = 0, tokens: TokenSource | None = None
    ) -> None:
        """`seed` is for shares and jitter; `tokens` for what nobody may guess, seeded where it is None.

        Raises `ConfigurationError`: a name twice, a bad network, one network claimed by two trunks.
        """
        self._settings: dict[str, TrunkSettings] = {}
        self._identities = IdentityTable()
        self._health: dict[_Key, GatewayHealth] = {}
        self._timers: TimerHeap[_Key] = TimerHeap()
        self.news: list[TrunkEvent | Ask] = []
        """What happened since the last `poll`."""
        self._rng = SplitMix64(seed)
        tokens = SeededTokens(seed) if tokens is None else tokens
        self._capacity = Capacity(self._tell)
        self._probes = Probes(tokens, self._rng)
        self._lines = Lines(tokens, self._rng, self._ask, self._tell)
        self._open: dict[int, ProbeKey | Registration] = {}
        """Requests under way: at most one for each gateway that is probed and each registration."""
        self._ticket = 0
        self._started = False
        self._gateways: dict[str, tuple[Gateway, ...]] = {}
        """Every known address of a trunk; kept, because each call that ends asks."""
        self._located: dict[tuple[str, NamedGateway], tuple[Target, ...]] = {}
        self._uncertain: set[tuple[str, NamedGateway]] = set()
        """Named gateways of which the resolver says nothing at present; told once."""
        self.set_trunks(trunks)

    def set_trunks(self, trunks: Iterable[TrunkSettings], now: int = 0) -> None:
        """Replace the settings at a reload; channels in use and the health of kept gateways stay.

        Raises `ConfigurationError`, and then everything is as it was.
        """
        trunks = tuple(trunks)
        identities = IdentityTable()
        problems = [problem for settings in trunks for problem in problems_of(settings)]
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
        self._learn(now)

    def start(self, now: int) -> None:
        """Begin to register and to probe: the switch takes calls from now on."""
        self._started = True
        self._learn(now)

    def stop(self, now: int) -> None:
        """Take registrations back, and ask nothing more."""
        self._started = False
        self._probes.watch({}, now)
        self._lines.stop(now)

    @property
    def unregistering(self) -> bool:
        """Whether a carrier has yet to answer that it has taken a registration back."""
        return self._lines.unregistering

    def _learn(self, now: int) -> None:
        """What follows from the gateways that there are: no health of others, probes, registrations."""
        self._gateways = {
            name: tuple(g for configured in settings.gateways for g in self._addresses(name, configured))
            for name, settings in self._settings.items()
        }
        kept = {(name, gateway) for name, gateways in self._gateways.items() for gateway in gateways}
        places = {(name, gateway.address, gateway.transport): gateway for name, gateway in kept}
        for key in [key for key in self._health if key not in kept]:
            health = self._health.pop(key)
            self._timers.cancel(key)
            # The same address under other terms is the same machine.
            again = places.get((key[0], key[1].address, key[1].transport))
            if again is not None:
                self._health[key[0], again] = health
                self._rest(key[0], again, health)
        self._capacity.keep(set(self._settings), {(name, gateway.known_as) for name, gateway in kept})
        if not self._started:
            return
        probed = {key: self._settings[key[0]].health.probe_s for key in sorted(kept, key=str)}
        self._probes.watch({key: period_s for key, period_s in probed.items() if period_s}, now)
        self._register(now)

    def _register(self, now: int) -> None:
        lines = {name: line for name, settings in self._settings.items() if (line := line_of(settings))}
        self._lines.want({name: (line, self.gateways(name)) for name, line in lines.items()}, now)

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
        self,
        trunk: str,
        gateway: NamedGateway,
        targets: tuple[Target, ...],
        now: int = 0,
        *,
        certain: bool = True,
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
                self.news.append(GatewayUncertain(trunk, gateway, len(known)))
            return
        again = key in self._uncertain
        self._uncertain.discard(key)
        first = key not in self._located
        self._located[key] = targets
        addresses = tuple(dict.fromkeys(target.address for target in targets))
        if first or again or {t.address for t in targets} != {t.address for t in known}:
            self.news.append(GatewayLocated(trunk, gateway, addresses))
        self._learn(now)

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
        return tuple(
            Gateway(target.address, target.transport, configured.host, configured.terms) for target in targets
        )

    # Trunks.

    def settings(self, trunk: str) -> TrunkSettings | None:
        """One trunk by name."""
        return self._settings.get(trunk)

    def names(self) -> tuple[str, ...]:
        """All trunks, in the order given."""
        return tuple(self._settings)

    def identify(self, flow: Flow, uri: Uri | None = None, now: int = 0) -> str | None:
        """The trunk that a request came from: by its line, its certificate, or its network.

        The narrowest network is first, and one with a port before one without.
        """
        if self._lines.by_trunk and uri is not None:
            trunk = self._lines.trunk_of(uri.param("line") or "")
            if trunk is not None and self._is_line(trunk, flow, now):
                return trunk
        return self._identities.find(flow)

    def _is_line(self, trunk: str, flow: Flow, now: int) -> bool:
        """The token is not enough: over UDP it is readable on its way (docs/decisions/0020)."""
        registration = self._lines.of(trunk)
        if registration is None or not registration.stands(now):
            return False
        source = plain_address(flow.remote.host)
        return any(plain_address(gateway.address.host) == source for gateway in self.gateways(trunk))

    def line_user(self, trunk: str) -> str:
        """What we register as; empty where we do not."""
        registration = self._lines.of(trunk)
        return "" if registration is None else registration.line.user

    def registration(self, trunk: str) -> Registration | None:
        """The trunk's registration, to look at."""
        return self._lines.of(trunk)

    def normalise(self, trunk: str, text: str) -> str:
        """A number as the carrier wrote it, in E.164; digits as they are where it is no such number."""
        return normalise(self._settings[trunk], text)

    def present(self, trunk: str, number: str) -> str:
        """A number of ours (E.164, or a short one) in the carrier's form."""
        return present(self._settings[trunk], number)

    def routes(
        self, trunk: str, number: str, caller_id: str, now: int, *, emergency: bool = False
    ) -> tuple[RouteChoice, ...]:
        """Ways to reach a number, best first: gateways that are up or on trial, then those that rest.

        Empty only where the trunk is unknown, or no gateway of it takes this number: with every gateway
        down, trying is better than refusing.
        """
        settings = self._settings.get(trunk)
        if settings is None:
            return ()
        request_user = settings.prefix + present(settings, number)
        from_user = present(settings, caller_id) if caller_id else "anonymous"
        ways = [
            RouteChoice(
                trunk,
                gateway,
                settings.host or gateway.name or gateway.address.host,
                _uri_port(settings, configured),
                request_user,
                from_user,
                self._rests(trunk, gateway, now),
            )
            for configured in ordered(
                settings.gateways, settings.order, number, self._rng, emergency=emergency
            )
            for gateway in self._addresses(trunk, configured, shared=True)
        ]
        ways.sort(key=_rests_last)
        return tuple(ways)

    def state(self, trunk: str, gateway: Gateway) -> GatewayState:
        """Whether a gateway is worth trying."""
        health = self._health.get((trunk, gateway))
        return GatewayState.UP if health is None else health.state

    def health(self, trunk: str, gateway: Gateway) -> GatewayHealth | None:
        """All that is known of a gateway, to look at; None where nothing has happened yet."""
        return self._health.get((trunk, gateway))

    def _rests(self, trunk: str, gateway: Gateway, now: int) -> bool:
        health = self._health.get((trunk, gateway))
        if health is None or health.state is not GatewayState.DOWN:
            return False
        return health.until > now or self._settings[trunk].health.probe_s > 0

    # Channels.

    def acquire(
        self, trunk: str, now: int = 0, gateway: Gateway | None = None, *, emergency: bool = False
    ) -> Refusal | None:
        """Take a channel for a call; the reason where there is none.

        `gateway` is the way of a call that we send; it also counts among the calls a second. An emergency
        call takes a channel like any other, and no cap stops it.
        """
        settings = self._settings.get(trunk)
        if settings is None:
            return Refusal.NO_TRUNK
        return self._capacity.acquire(settings, now, gateway, emergency=emergency)

    def release(self, trunk: str, gateway: Gateway | None = None) -> None:
        """Give the channel of an ended call back; also of a trunk that a reload took away."""
        self._capacity.release(trunk, gateway)

    def in_use(self, trunk: str, gateway: Gateway | None = None) -> int:
        """Channels taken, of the trunk or of one gateway."""
        use = self._capacity.usage(trunk, gateway)
        return 0 if use is None else use.channels

    def calls_last_second(self, trunk: str, now: int, gateway: Gateway | None = None) -> int:
        """Calls begun within the last whole second."""
        use = self._capacity.usage(trunk, gateway)
        return 0 if use is None else use.calls_last_second(now)

    @property
    def attempts(self) -> Counter[tuple[str, str, str]]:
        """Calls tried since the start, by trunk, gateway and how it ended for the gateway."""
        return self._capacity.attempts

    # Health.

    def report(
        self,
        trunk: str,
        gateway: Gateway,
        outcome: GatewayOutcome | None,
        now: int,
        *,
        retry_after_s: int = 0,
        said: str = "",
    ) -> None:
        """How an attempt ended; None says nothing of the gateway.

        A 503 with Retry-After takes it out for that long at once. `said` is the same for people: a status,
        or how it failed.
        """
        if gateway not in self.gateways(trunk):
            return
        word = "408" if outcome is None else str(outcome)
        self.attempts[trunk, gateway.known_as, word] += 1
        self._judge(trunk, gateway, outcome, now, retry_after_s, said or word, probe=False)

    def _judge(
        self,
        trunk: str,
        gateway: Gateway,
        outcome: GatewayOutcome | None,
        now: int,
        wait_s: int,
        said: str,
        *,
        probe: bool,
    ) -> None:
        key = (trunk, gateway)
        health = self._health.get(key)
        if health is None:
            health = self._health[key] = GatewayHealth(since=now)
        health.last, health.last_at = said, now
        if outcome is None:
            return
        settings = self._settings[trunk].health
        event = step(health, outcome, now, trunk, gateway, settings, wait_s, probe=probe)
        if event is not None:
            self.news.append(event)
        self._rest(trunk, gateway, health)

    def _rest(self, trunk: str, gateway: Gateway, health: GatewayHealth) -> None:
        """The timer after which a gateway is on trial; a probed one has its probes."""
        if health.state is GatewayState.DOWN and not self._settings[trunk].health.probe_s:
            self._timers.set((trunk, gateway), health.until)
        else:
            self._timers.cancel((trunk, gateway))

    # What we ask.

    def compose(self, ask: Ask, flow: Flow) -> Request | None:
        """The request of an `Ask` by this flow; None where it is not wanted any more."""
        what = self._open.get(ask.ticket)
        if what is None:
            return None
        if isinstance(what, Registration):
            return what.request(flow)
        return self._probes.compose(what[1], flow)

    def answered(self, ticket: int, response: Response | None, now: int, failure: str = "timeout") -> None:
        """The final answer to what was asked, or None and why there was none."""
        what = self._open.pop(ticket, None)
        if what is None:
            return
        if isinstance(what, Registration):
            self._lines.answered(what, response, now, failure)
            if self._started and self._lines.of(what.line.trunk) is None:
                # Taken back because a reload has changed it: now it is registered anew.
                self._register(now)
            return
        took_us = self._probes.answered(what, ticket, now)
        if took_us is None:
            return
        trunk, gateway = what
        if response is None:
            outcome = GatewayOutcome.TRANSPORT if failure == "transport" else GatewayOutcome.TIMEOUT
            self._judge(trunk, gateway, outcome, now, 0, f"OPTIONS {failure}", probe=True)
            return
        wait_s, said = 0, f"OPTIONS {response.status}"
        outcome = GatewayOutcome.ANSWERED
        if response.status == 503:
            outcome, wait_s = GatewayOutcome.UNAVAILABLE, retry_after_s(response)
        elif response.status == 408:
            outcome = GatewayOutcome.TIMEOUT
        self._judge(trunk, gateway, outcome, now, wait_s, said, probe=True)
        self._health[what].rtt_us = took_us

    def _ask(self, what: ProbeKey | Registration, gateway: Gateway) -> int:
        if isinstance(what, Registration):
            # A registration asks one thing at a time; an answer to what it asked before is of no matter.
            for ticket in [ticket for ticket, asker in self._open.items() if asker is what]:
                del self._open[ticket]
        self._ticket += 1
        self._open[self._ticket] = what
        self.news.append(Ask(self._ticket, gateway.transport, gateway.address, gateway.name))
        return self._ticket

    def _tell(self, event: TrunkEvent) -> None:
        self.news.append(event)

    # Time.

    def handle_timer(self, now: int) -> None:
        """Let gateways that rested enough be tried again; probe; register."""
        while (key := self._timers.pop(now)) is not None:
            rested(self._health[key], self._settings[key[0]].health, now)
        while (probe := self._probes.due(now)) is not None:
            (trunk, gateway), failed = probe
            if failed:
                self._judge(trunk, gateway, GatewayOutcome.TIMEOUT, now, 0, "OPTIONS timeout", probe=True)
            else:
                self._probes.asked((trunk, gateway), self._ask((trunk, gateway), gateway), now)
        if self._lines.by_trunk:
            self._lines.handle_timer(now)

    def next_timer(self) -> int | None:
        """When `handle_timer` has work, or None."""
        due = self._timers.next()
        if not self._probes.periods_us and not self._lines.by_trunk:
            return due
        times = (due, self._probes.next_timer(), self._lines.next_timer())
        return min((at for at in times if at is not None), default=None)

    def poll(self) -> list[TrunkEvent | Ask]:
        """Everything that happened since the last call, in order."""
        if not self.news:
            return _NOTHING
        events, self.news = self.news, []
        return events


def _uri_port(settings: TrunkSettings, gateway: Gateway | NamedGateway) -> int | None:
    """The Request-URI's port: a name that was located keeps what its administrator wrote."""
    if settings.host:
        return None
    return gateway.port if isinstance(gateway, NamedGateway) else gateway.address.port


def _rests_last(choice: RouteChoice) -> bool:
    return choice.rests
