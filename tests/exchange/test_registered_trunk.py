"""Two whole switches, one of which registers with the other as with its carrier, over a network that loses.

The carrier's switch has our trunk as one of its phones: it challenges our REGISTER, rings us by the Contact
that we gave, and takes the calls that we place. Nothing of either side is a model.
"""

import pytest

from switch.base.clock import SECOND
from switch.base.tokens import SeededTokens
from switch.dialplan.centre import load_centre
from switch.exchange.exchange import Exchange
from switch.exchange.office import Listener
from switch.journal import events
from switch.journal.entry import Entry, Journal
from switch.node.compose import Materials, build, rebuild
from switch.node.translate import trunk_settings
from switch.registrar.values import Account
from switch.sim.engine import ModelEngine
from switch.sim.network import CALM, ROUGH, Datagram, Network, Weather
from switch.sip.digest import hashed_secrets
from switch.sip.flow import Address, Flow, Transport
from switch.sip.outputs import SendBytes
from switch.trunk.registration import RegistrationState
from switch.trunk.settings import RegistrationLost, RegistrationRejected, RegistrationUp, TrunkEvent

CARRIER, US = Address("203.0.113.9", 5060), Address("192.0.2.1", 5060)
PASSWORD = "the trunk's own"

THEIRS = """
numbers: {"600": to_us}
accounts: {"200": {name: Our trunk}}
flows: {to_us: [{dial: {extension: "200", timeout_s: 30}}]}
"""

OURS = """
trunks:
  carrier:
    gateways: ["203.0.113.9:5060"]
    country: FR
    username: tel-200
    password_env: NOT_READ
    registration: {expires_s: 120}
numbers: {"+33199000100": main}
accounts: {"101": {}}
outside: {trunk: carrier, allow: [+33]}
flows: {main: [answer, {pause_s: 30}]}
"""


class Side:
    """One switch."""

    def __init__(self, address: Address, name: str, plan: str, seed: int) -> None:
        self.address = address
        self.name = name
        self.engine = ModelEngine(address.host, 20_000, 8)
        self.materials = Materials(
            listeners=(Listener(Transport.UDP, address),),
            slots=self.engine.slots,
            journal=Journal(0, 0),
            tokens=SeededTokens(seed),
            nonce_secret=b"a secret for simulations",
            node=name,
            epoch="0",
            seed=seed,
        )
        self.journal: list[Entry] = []
        self.told: list[TrunkEvent] = []
        self.exchange = self.build(plan)
        self.alive = True

    def parts(self, plan: str, password: str = PASSWORD) -> tuple[object, ...]:
        centre = load_centre({f"{self.name}.yaml": plan})
        hashes = hashed_secrets("tel-200", "softswitch", PASSWORD)
        accounts = [Account("tel-200", "tel", "200", hashes)] if self.name == "tel" else []
        return centre, accounts, tuple(trunk_settings(trunk, password) for trunk in centre.trunks)

    def build(self, plan: str, password: str = PASSWORD) -> Exchange:
        return build(*self.parts(plan, password), self.materials, 0)  # type: ignore[arg-type]  # see `parts`


class Pair:
    """Both, and the network between them."""

    def __init__(self, seed: int, weather: Weather = CALM, password: str = PASSWORD) -> None:
        self.now = SECOND
        self.network = Network(seed, weather)
        self.carrier = Side(CARRIER, "tel", THEIRS, seed)
        self.us = Side(US, "shop", OURS, seed + 1)
        if password != PASSWORD:
            self.us.exchange = self.us.build(OURS, password)
        for side in (self.carrier, self.us):
            side.exchange.start(self.now)
            self.carry(side)

    def carry(self, side: Side) -> None:
        for output in side.exchange.poll():
            if isinstance(output, SendBytes):
                self.network.send(Datagram(side.address, output.flow.remote, output.data), self.now)
            elif not hasattr(output, "place"):
                side.engine.submit(output, self.now)  # type: ignore[arg-type]  # what is no bytes is media
        side.journal += side.materials.journal.drain()
        side.told += side.exchange.take_notices()

    def run(self, seconds: float) -> None:
        end = self.now + int(seconds * SECOND)
        while True:
            sides = [side for side in (self.carrier, self.us) if side.alive]
            dues = [self.network.next(), *(side.exchange.next_timer() for side in sides)]
            due = min((at for at in dues if at is not None), default=end + 1)
            if due > end:
                break
            self.now = max(self.now, due)
            if (at := self.network.next()) is not None and at <= self.now:
                self.arrive(self.network.take())
                continue
            for side in sides:
                side.exchange.handle_timer(self.now)
                self.carry(side)
        self.now = end

    def arrive(self, datagram: Datagram) -> None:
        for side in (self.carrier, self.us):
            if side.alive and datagram.target == side.address:
                side.exchange.receive(
                    datagram.data, Flow(Transport.UDP, side.address, datagram.source), self.now
                )
                self.carry(side)

    @property
    def known(self) -> int:
        """Contacts that the carrier has of us."""
        return len(self.carrier.exchange.office.parts.registrar.bindings("tel-200", self.now))

    @property
    def state(self) -> RegistrationState | None:
        registration = self.us.exchange.office.parts.trunks.registration("carrier")
        return None if registration is None else registration.state


@pytest.mark.parametrize("seed", range(6))
def test_registered_over_a_network_that_loses_and_so_for_an_hour(seed: int) -> None:
    pair = Pair(seed, ROUGH)
    pair.run(40)
    assert (pair.known, pair.state) == (1, RegistrationState.REGISTERED)
    for _ in range(60):
        pair.run(60)
        assert pair.known == 1, "refreshed before it expires"
    assert [type(told) for told in pair.us.told] == [RegistrationUp]
    assert pair.us.exchange.office.signalling.owned_transactions <= 1


@pytest.mark.parametrize(
    ("to", "more"),
    [
        ("+33199000100", ""),
        # RFC 7315 section 4.2: before To, which a caller may have written.
        ("someone", "P-Called-Party-ID: <sip:+33199000100@carrier.example>\r\n"),
        ("+33199000100", "P-Called-Party-ID: <<\r\n"),
    ],
)
def test_a_call_comes_in_by_the_registered_line(to: str, more: str) -> None:
    """The carrier calls the Contact; the number dialled is in other headers."""
    pair = Pair(1)
    pair.run(1)
    [binding] = pair.carrier.exchange.office.parts.registrar.bindings("tel-200", pair.now)
    invite = (
        f"INVITE {binding.contact} SIP/2.0\r\nVia: SIP/2.0/UDP {CARRIER};branch=z9hG4bKa1\r\n"
        "Max-Forwards: 70\r\n"
        f"From: <sip:+33612345678@{CARRIER.host}>;tag=a\r\nTo: <sip:{to}@{US.host}>\r\n{more}"
        "Call-ID: a1\r\n"
        f"CSeq: 1 INVITE\r\nContact: <sip:{CARRIER}>\r\nContent-Length: 0\r\n\r\n"
    ).encode()
    stranger = Address("198.51.100.66", 5060)
    pair.us.exchange.receive(invite.replace(b"a1", b"b1"), Flow(Transport.UDP, US, stranger), pair.now)
    pair.carry(pair.us)
    assert not any(isinstance(entry.event, events.CallStarted) for entry in pair.us.journal), (
        "the line alone is no proof: it was readable on its way"
    )
    pair.us.exchange.receive(invite, Flow(Transport.UDP, US, CARRIER), pair.now)
    pair.carry(pair.us)
    [started] = [e.event for e in pair.us.journal if isinstance(e.event, events.CallStarted)]
    assert (started.direction, started.called, started.source) == ("inbound", "+33199000100", "carrier")
    assert pair.us.exchange.office.parts.trunks.in_use("carrier") == 1


def test_a_carrier_that_dies_and_comes_back_is_registered_with_again() -> None:
    pair = Pair(2)
    pair.run(1)
    pair.carrier.alive = False
    pair.run(200)
    assert [type(told) for told in pair.us.told] == [RegistrationUp, RegistrationLost]
    pair.carrier = Side(CARRIER, "tel", THEIRS, 77)
    pair.run(2_000)
    assert [type(told) for told in pair.us.told][2:] == [RegistrationUp], "within half an hour"
    assert pair.known == 1


def test_a_wrong_password_is_told_and_does_not_look_like_an_attack() -> None:
    pair = Pair(3, password="wrong")
    pair.run(3_600)
    assert [type(told) for told in pair.us.told] == [RegistrationRejected] * len(pair.us.told)
    assert 2 <= len(pair.us.told) <= 5
    assert pair.carrier.exchange.office.failed_logins <= 5


def test_a_stop_takes_the_registration_back() -> None:
    pair = Pair(4)
    pair.run(1)
    assert pair.known == 1
    pair.us.exchange.stop(pair.now)
    pair.carry(pair.us)
    assert pair.us.exchange.office.parts.trunks.unregistering
    pair.run(1)
    assert pair.known == 0
    assert not pair.us.exchange.office.parts.trunks.unregistering
    pair.run(200)
    assert pair.known == 0


def test_a_reload_without_the_registration_takes_it_back() -> None:
    pair = Pair(5)
    pair.run(1)
    plan = OURS.replace("    registration: {expires_s: 120}\n", "    identify: [203.0.113.9]\n")
    rebuild(pair.us.exchange, *pair.us.parts(plan), pair.us.materials, pair.now)  # type: ignore[arg-type]  # see `parts`
    pair.carry(pair.us)
    pair.run(2)
    assert (pair.known, pair.state) == (0, None)
