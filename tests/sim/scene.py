"""A shop with its phones registered and its agents at work: where a test of a few calls begins."""

from collections.abc import Sequence

from switch.base.clock import SECOND
from switch.dialplan.actions import AgentVerb
from switch.dialplan.plan import Centre
from switch.journal import events
from switch.sim.network import CALM, Datagram, Fate, Weather
from switch.sim.phone import Person, Phone
from switch.sim.phone_call import CallState, PhoneCall
from switch.sim.world import SWITCH, Interception, Setting, World
from tests.sim.centres import shop
from tests.sim.observer import Observer

CALLER = "+33612345678"
SHOP = "+33199000100"


class Picks(Person):
    """Answers after `after_us`, never where that is None. `rang` and `stopped` count calls."""

    def __init__(self, world: World, after_us: int | None = SECOND) -> None:
        self.world = world
        self.after_us = after_us
        self.rang: list[PhoneCall] = []
        self.over: list[PhoneCall] = []
        self.news: list[int] = []

    def incoming(self, call: PhoneCall, now: int) -> None:
        self.rang.append(call)
        if self.after_us is not None:
            self.world.at(now + self.after_us, call.answer)

    def ended(self, call: PhoneCall, now: int) -> None:
        del now
        self.over.append(call)

    def transferred(self, call: PhoneCall, status: int, now: int) -> None:
        del call, now
        self.news.append(status)


class Wire(Interception):
    """Remembers what arrived, and loses what `loses` says."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, Datagram]] = []
        self.losing: list[tuple[str, str]] = []

    def before(self, world: World, index: int, datagram: Datagram) -> Fate:
        del index
        self.seen.append((world.now, datagram))
        peer = datagram.source if datagram.target == SWITCH else datagram.target
        first = datagram.data.split(b"\r\n", 1)[0].decode("latin-1")
        lost = any(host == peer.host and first.startswith(start) for host, start in self.losing)
        return Fate.LOST if lost else Fate.DELIVERED

    def sent_to(self, phone: Phone, start: str) -> list[int]:
        """When messages that begin with `start` arrived at a phone."""
        return [at for at, d in self.seen if d.target == phone.address and d.data.startswith(start.encode())]


class Scene:
    """`picks[phone]` is who holds it."""

    def __init__(
        self,
        centre: Centre | None = None,
        agents: Sequence[str] = ("anna", "ben"),
        *,
        slots: int = 32,
        weather: Weather = CALM,
        observed: bool = True,
    ) -> None:
        self.centre = centre or shop()
        self.world = World(Setting(self.centre, slots=slots, weather=weather))
        self.observer = Observer(self.centre, "shop")
        if observed:
            self.world.watchers.append(self.observer)
        self.wire = Wire()
        self.world.interception = self.wire
        self.carrier = self.world.carrier("carrier", Picks(self.world))
        self.phones = {
            account: self.world.phone("shop", account, Picks(self.world))
            for account in self.centre.tenants["shop"].accounts
        }
        for phone in self.phones.values():
            phone.register(self.world.now)
        self.world.touch()
        self.run(1)
        for agent in agents:
            self.verb(agent, AgentVerb.SIGN_IN)
        self.run(1)

    def __getattr__(self, name: str) -> Phone:
        accounts = {"anna": "101", "ben": "102", "desk": "110"}
        return self.phones[accounts[name]]

    def person(self, phone: Phone) -> Picks:
        assert isinstance(phone.person, Picks)
        return phone.person

    def run(self, seconds: float) -> None:
        self.world.run(int(seconds * SECOND))

    def verb(self, agent: str, verb: AgentVerb, reason: str = "") -> None:
        self.world.exchange.agent("shop", agent, verb, reason, self.world.now)
        self.world.touch()

    def dial(self, phone: Phone, number: str, caller: str = "") -> PhoneCall:
        call = phone.call(number, self.world.now, caller)
        self.world.touch()
        return call

    def customer(self, caller: str = CALLER, *, key: str = "1") -> PhoneCall:
        """A customer who has chosen and is in the queue (or rings an agent already)."""
        call = self.dial(self.carrier, SHOP, caller)
        self.run(0.1)
        call.press(key, self.world.now)
        self.run(0.1)
        return call

    def hang_up(self, call: PhoneCall) -> None:
        call.hang_up(self.world.now)
        self.world.touch()

    def shown(self, agent: str) -> str:
        return str(self.observer.workers[agent].shown)

    def talk_between(self, one: PhoneCall, other: PhoneCall) -> bool:
        """Each hears the other."""
        hears = self.world.engine.hears
        return hears(one.remote_port) == other.media and hears(other.remote_port) == one.media

    def told(self, kind: type[events.Event]) -> list[events.Event]:
        return [entry.event for entry in self.world.journal if isinstance(entry.event, kind)]

    def records(self) -> list[events.CallEnded]:
        return [entry.event for entry in self.world.journal if isinstance(entry.event, events.CallEnded)]

    def nothing_is_left(self) -> None:
        """Everybody hangs up and unregisters; half a minute of lingering later the switch is empty."""
        for phone in self.world.phones.values():
            for call in list(phone.calls):
                call.hang_up(self.world.now)
        self.world.touch()
        self.run(100)
        for phone in self.world.phones.values():
            assert all(call.state is CallState.ENDED for call in phone.calls)
            if phone.alive and phone.identity.password:
                phone.unregister(self.world.now)
        self.world.touch()
        self.run(400)
        self.observer.balance()
        assert self.world.remains().none(), self.world.remains()
