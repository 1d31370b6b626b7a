"""A node, its network, its phones and its engine on one virtual clock that jumps from event to event.

Theory of operation. Whatever can happen next (a datagram arrives, a phone's or the switch's timer is due,
the engine tells something, a script acts) has a time; `step` takes the earliest and, among equals, always
the same one. After each input to the switch its outputs are carried, and `watchers` see the new entries of
the journal: that is "every step" of the invariants. Nothing here reads a clock or draws a number that was
not seeded, so one seed is one history.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush

from switch.base.clock import MILLISECOND, SECOND
from switch.base.timers import TimerHeap
from switch.base.tokens import SeededTokens
from switch.dialplan.plan import Centre
from switch.exchange.mail import MailOrder, ReadMail
from switch.exchange.office import CommitWanted, Listener, QualityWanted
from switch.journal.entry import Entry, Journal
from switch.media.quality import NOTHING_HEARD
from switch.node.compose import REALM, Materials, build, rebuild
from switch.node.translate import trunk_settings
from switch.registrar.values import Account
from switch.sim.engine import ModelEngine
from switch.sim.network import CALM, Datagram, Fate, Network, Weather
from switch.sim.phone import Identity, Person, Phone
from switch.sip.digest import hashed_secrets
from switch.sip.flow import Address, Flow, Transport
from switch.sip.locate import Answer, Outcome, Question
from switch.sip.outputs import SendBytes
from switch.sip.transport import DEFAULT_PORT
from switch.tenant.names import wire_name
from switch.trunk.settings import TrunkSettings
from switch.trunk.stir.settings import CertificateWanted

SWITCH = Address("192.0.2.1", 5060)
START_US = 1_000 * SECOND
"""Monotonic time at which the world begins: not 0, which elsewhere means "never"."""

WALL_OFFSET_US = 1_772_614_800 * SECOND - START_US
"""The world begins on Wednesday, 4 March 2026, 09:00 UTC."""

STEPS_AT_ONCE_MAX = 100_000
"""Steps without any time passing: a loop between two parties, not a busy hour."""

COMMIT_US = 20 * MILLISECOND
"""The window of the journal."""

RESOLVER_US = 10 * MILLISECOND
"""How long the model of a resolver takes."""

Watcher = Callable[["World", list[Entry]], None]
Resolver = Callable[[Question], Answer]
Action = Callable[[int], None]


class Interception:
    """Looks at each datagram as it arrives; `index` counts arrivals from 0."""

    def before(self, world: "World", index: int, datagram: Datagram) -> Fate:  # noqa: ARG002 - for others
        """What becomes of it; may also act upon the world."""
        return Fate.DELIVERED

    def after(self, world: "World", index: int, datagram: Datagram) -> None:
        """It was delivered, and whatever followed at once is done."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a world is made from. `slots` are the engine's RTP ports."""

    centre: Centre
    seed: int = 1
    weather: Weather = CALM
    slots: int = 64
    prefer_c: bool = True


@dataclass(slots=True)
class Remains:
    """What a switch still holds; all zero when everybody has gone and the transactions have lingered."""

    calls: int
    legs: int
    dialogs: int
    owners: int
    transactions: int
    transaction_timers: int
    timers: int
    slots: int
    streams: int
    attempts: int
    contacts: int
    channels: int

    def none(self) -> bool:
        return not any(getattr(self, name) for name in self.__slots__)


class World:
    """`now` is monotonic microseconds; `journal` is everything that was written."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.now = START_US
        self.journal: list[Entry] = []
        self.phones: dict[Address, Phone] = {}
        self.watchers: list[Watcher] = []
        self.interception: Interception | None = None
        self.resolver: Resolver = _knows_nothing
        self.arrivals = 0
        self.stores = True
        """Whether the model of a disk takes what must be durable."""
        self.certificates: dict[str, bytes] = {}
        """What is published, by URL; `fetched` are those that the switch asked for."""
        self.fetched: list[CertificateWanted] = []
        self.mail: list[MailOrder] = []
        """What was asked of mailboxes' files; those in `mail_lost` are not there."""
        self.mail_lost: set[str] = set()
        self._script: list[tuple[int, int, Action]] = []
        self._order = 0
        self._phone_timers: TimerHeap[Address] = TimerHeap()
        self._phone_due: dict[Address, int | None] = {}
        self._stirred: dict[Address, None] = {}
        self.network = Network(setting.seed ^ 0x6E6574, setting.weather)
        self.engine = ModelEngine(SWITCH.host, 20_000, setting.slots)
        self.materials = Materials(
            listeners=(Listener(Transport.UDP, SWITCH),),
            slots=self.engine.slots,
            journal=Journal(0, WALL_OFFSET_US),
            tokens=SeededTokens(setting.seed),
            nonce_secret=b"a secret for simulations",
            node="sim",
            epoch="0",
            seed=setting.seed,
            prefer_c=setting.prefer_c,
        )
        self.exchange = build(
            setting.centre, _accounts(setting.centre), _trunks(setting.centre), self.materials, self.now
        )
        self.exchange.start(self.now)
        self._carry()

    # People.

    def phone(self, tenant: str, account: str, person: Person | None = None) -> Phone:
        """A phone of an account, switched on but not registered."""
        host = f"198.51.{100 + len(self.phones) // 250}.{1 + len(self.phones) % 250}"
        identity = Identity(wire_name(tenant, account), _password(tenant, account))
        return self._add(identity, Address(host, 5060), person)

    def carrier(self, name: str, person: Person | None = None) -> Phone:
        """The first gateway of a trunk: customers call from there, and outside calls arrive there."""
        trunk = next(trunk for trunk in self.setting.centre.trunks if trunk.name == name)
        gateway = trunk.gateways[0]
        return self.at_gateway(name, Address(gateway.host, gateway.port or DEFAULT_PORT), person)

    def at_gateway(self, name: str, address: Address, person: Person | None = None) -> Phone:
        """A carrier's machine at an address that it has in the DNS."""
        return self._add(Identity(name), address, person)

    def _add(self, identity: Identity, address: Address, person: Person | None) -> Phone:
        seed = self.setting.seed * 10_007 + len(self.phones)
        phone = Phone(identity, address, SWITCH, self.engine, seed, self._stirred)
        phone.person = person or phone.person
        self.phones[address] = phone
        return phone

    # What outsiders do to the switch.

    def at(self, when: int, action: Action) -> None:
        """Let `action(now)` happen at a time; never before now."""
        self._order += 1
        heappush(self._script, (max(when, self.now), self._order, action))

    def after(self, delay_us: int, action: Action) -> None:
        self.at(self.now + delay_us, action)

    def reload(self, centre: Centre) -> None:
        """Give the running switch another configuration."""
        rebuild(self.exchange, centre, _accounts(centre), _trunks(centre), self.materials, self.now)
        self._carry()

    def touch(self) -> None:
        """Carry what a direct call upon the exchange or a phone has made."""
        self._carry()
        for address in list(self._stirred):
            self._post(address)

    # Time.

    def run(self, duration_us: int) -> None:
        """Let everything happen that is due within the duration; the clock stands at its end afterwards."""
        end = self.now + duration_us
        steps = 0
        while (due := self._next()) is not None and due <= end:
            steps = 0 if due > self.now else steps + 1
            assert steps < STEPS_AT_ONCE_MAX, f"time stands still at {self.now}"
            self.now = max(self.now, due)
            self._step()
        self.now = end

    def _next(self) -> int | None:
        due = self.exchange.next_timer()
        for at in (
            self.network.next(),
            self._phone_timers.next(),
            self.engine.next_timer(),
            self._script[0][0] if self._script else None,
        ):
            if at is not None and (due is None or at < due):
                due = at
        return due

    def _step(self) -> None:
        """The one thing that is due first; among equals in this order."""
        now = self.now
        if (at := self.network.next()) is not None and at <= now:
            self._arrive(self.network.take())
        elif (address := self._phone_timers.pop(now)) is not None:
            self._phone_due[address] = None
            self.phones[address].handle_timer(now)
            self._post(address)
        elif (at := self.engine.next_timer()) is not None and at <= now:
            for event in self.engine.handle_timer(now):
                self.exchange.media_event(event, now)
            self._carry()
        elif (at := self.exchange.next_timer()) is not None and at <= now:
            self.exchange.handle_timer(now)
            self._carry()
        else:
            heappop(self._script)[2](now)
            self.touch()

    # Carrying.

    def _arrive(self, datagram: Datagram) -> None:
        index = self.arrivals
        self.arrivals += 1
        if self.interception is None:
            self._deliver(datagram)
            return
        fate = self.interception.before(self, index, datagram)
        self.touch()
        if fate is Fate.LOST:
            return
        self._deliver(datagram)
        if fate is Fate.REPEATED:
            self._deliver(datagram)
        self.interception.after(self, index, datagram)
        self.touch()

    def _deliver(self, datagram: Datagram) -> None:
        if datagram.target == SWITCH:
            self.exchange.receive(datagram.data, Flow(Transport.UDP, SWITCH, datagram.source), self.now)
            self._carry()
            return
        phone = self.phones.get(datagram.target)
        if phone is not None:
            phone.receive(datagram.data, self.now)
            self._post(phone.address)

    def _post(self, address: Address) -> None:
        """Take a phone's bytes, and note when it wants to be woken."""
        self._stirred.pop(address, None)
        phone = self.phones[address]
        if phone.outbox:
            for data in phone.outbox:
                self.network.send(Datagram(address, SWITCH, data), self.now)
            phone.outbox = []
        due = phone.next_timer()
        if due == self._phone_due.get(address):
            return
        self._phone_due[address] = due
        if due is None:
            self._phone_timers.cancel(address)
        else:
            self._phone_timers.set(address, due)

    def _carry(self) -> None:
        for output in self.exchange.poll():
            if isinstance(output, SendBytes):
                self.network.send(Datagram(SWITCH, output.flow.remote, output.data), self.now)
            elif isinstance(output, Question):
                self.after(RESOLVER_US, partial(self._answer, output))
            elif isinstance(output, QualityWanted):
                self.after(0, partial(self._quality, output.slot))
            elif isinstance(output, CommitWanted):
                self.after(COMMIT_US, partial(self._commit, output.sequence))
            elif isinstance(output, MailOrder):
                self.mail.append(output)
                if isinstance(output, ReadMail):
                    self.after(RESOLVER_US, partial(self._mail_read, output))
            elif isinstance(output, CertificateWanted):
                self.fetched.append(output)
                self.after(RESOLVER_US, partial(self._certificate, output.url))
            else:
                self.engine.submit(output, self.now)
        entries = self.materials.journal.drain()
        self.journal += entries
        for watcher in self.watchers:
            watcher(self, entries)

    def _commit(self, sequence: int, now: int) -> None:
        self.exchange.committed(sequence, self.stores, now)

    def _quality(self, slot: int, now: int) -> None:
        self.exchange.quality(slot, self.engine.qualities.get(slot, NOTHING_HEARD), now)

    def _mail_read(self, order: ReadMail, now: int) -> None:
        clip = "" if order.path in self.mail_lost else f"mail:{order.path}"
        self.exchange.mail_read(order.number, clip, now, gone=not clip)

    def _certificate(self, url: str, now: int) -> None:
        self.exchange.certificate(url, self.certificates.get(url), now)

    def _answer(self, question: Question, now: int) -> None:
        self.exchange.located(self.resolver(question), now)

    # Looking.

    def remains(self) -> Remains:
        """What the switch holds now."""
        office = self.exchange.office
        return Remains(
            calls=len(office.sessions),
            legs=len(office.legs),
            dialogs=office.signalling.dialogs,
            owners=office.signalling.owned_transactions,
            transactions=office.signalling.layer.open_transactions,
            transaction_timers=office.signalling.layer.pending_timers,
            timers=len(office.timers),
            slots=office.parts.slots.in_use,
            streams=len(self.engine.streams),
            attempts=len(office.session_of_attempt),
            contacts=len(office.session_of_contact),
            channels=sum(office.parts.trunks.in_use(name) for name in office.parts.trunks.names()),
        )


def _knows_nothing(question: Question) -> Answer:
    return Answer(question, Outcome.NONE)


def _password(tenant: str, account: str) -> str:
    return f"secret of {wire_name(tenant, account)}"


def _accounts(centre: Centre) -> Iterable[Account]:
    for key, plan in centre.tenants.items():
        for name in plan.accounts:
            user = wire_name(key, name)
            yield Account(user, key, name, hashed_secrets(user, REALM, _password(key, name)))


def _trunks(centre: Centre) -> tuple[TrunkSettings, ...]:
    return tuple(trunk_settings(plan, "") for plan in centre.trunks)
