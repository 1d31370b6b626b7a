"""No call leaves for a trunk because of an unauthenticated request: everything that a stranger can send is
sent, in any order and beside calls of the tenant's own, and no request goes to any carrier's address.

What a stranger knows here is more than one can know: the Call-ID and tags of a call that stands, and a
phone's authenticated INVITE as it went over the wire.
"""

from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st

from switch.base.clock import SECOND
from switch.dialplan.centre import load_centre
from switch.sim.network import Datagram, Fate
from switch.sim.world import SWITCH, Interception, Setting, World
from switch.sip import digest
from switch.sip.flow import Address
from switch.sip.message import Request, Response, Uri, parse
from tests.sim import centres
from tests.sim.story import Answers

STRANGER = Address("198.18.0.66", 5060)
OUTSIDE = "+33612345678"
TRUNK = Address(centres.CARRIER, 5060)


class Ears(Interception):
    """Hears every request to a carrier, and the last answer to the stranger."""

    def __init__(self) -> None:
        self.leaked: list[bytes] = []
        self.to_stranger: list[Response] = []
        self.own_invite = b""
        self.inside: list[Request] = []

    def before(self, world: World, index: int, datagram: Datagram) -> Fate:
        del world, index
        if datagram.source == SWITCH and datagram.target.host == centres.CARRIER:
            if not datagram.data.startswith(b"SIP/2.0"):
                self.leaked.append(datagram.data)
        elif datagram.target == STRANGER:
            message = parse(datagram.data)
            if isinstance(message, Response):
                self.to_stranger.append(message)
        elif datagram.target == SWITCH and datagram.source != STRANGER:
            if b"Proxy-Authorization" in datagram.data and datagram.data.startswith(b"INVITE"):
                self.own_invite = datagram.data
        elif datagram.source == SWITCH and datagram.data.startswith(b"INVITE"):
            message = parse(datagram.data)
            assert isinstance(message, Request)
            self.inside.append(message)
        return Fate.DELIVERED


class Town:
    """The shop with two phones that talk, and a stranger."""

    def __init__(self) -> None:
        self.world = World(Setting(load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": centres.SHOP})))
        self.ears = Ears()
        self.world.interception = self.ears
        world = self.world
        self.phones = [world.phone("shop", name, Answers(world)) for name in ("101", "102", "110")]
        for phone in self.phones:
            phone.register(world.now)
        world.touch()
        world.run(SECOND)
        self.phones[2].call("101", world.now)
        world.touch()
        world.run(3 * SECOND)
        assert self.ears.own_invite
        self.count = 0

    def send(self, data: bytes, source: Address = STRANGER) -> None:
        self.world.network.send(Datagram(source, SWITCH, data), self.world.now)
        self.world.run(SECOND // 5)

    def request(
        self,
        method: str,
        number: str = OUTSIDE,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        user: str = "mallory",
        source: Address = STRANGER,
        dialog: tuple[str, str, str] | None = None,
        body: bytes = b"",
    ) -> None:
        self.count += 1
        call_id, ours, theirs = dialog or (f"stranger-{self.count}", "", "evil")
        fields = [
            ("Via", f"SIP/2.0/UDP {source};branch=z9hG4bKevil{self.count}"),
            ("Max-Forwards", "70"),
            ("From", f"<sip:{user}@{SWITCH.host}>;tag={theirs}"),
            ("To", f"<sip:{number}@{SWITCH.host}>" + (f";tag={ours}" if ours else "")),
            ("Call-ID", call_id),
            ("CSeq", f"{100 + self.count} {method}"),
            ("Contact", f"<sip:{user}@{source}>"),
            *headers,
        ]
        self.send(Request(method, Uri(user=number, host=SWITCH.host), fields, body).to_bytes(), source)

    def standing(self) -> tuple[str, str, str]:
        """Call-ID and tags of the desk's own call, as seen from the switch: ours, theirs."""
        session = next(iter(self.world.exchange.office.sessions.values()), None)
        if session is None or session.call.anchor.dialog is None:
            return ("none", "none", "none")
        return session.call.anchor.dialog.key


def _replaces(town: Town) -> None:
    call_id, ours, theirs = town.standing()
    value = f"{call_id};to-tag={ours};from-tag={theirs}"
    town.request("INVITE", headers=(("Replaces", value), ("Supported", "replaces")))
    town.request("INVITE", headers=(("Replaces", value), ("Require", "replaces")))
    town.request("INVITE", "102", headers=(("Replaces", value), ("Referred-By", f"<sip:{OUTSIDE}@x>")))


def _refer(town: Town) -> None:
    for target in (f"<sip:{OUTSIDE}@{SWITCH.host}>", f"<tel:{OUTSIDE}>", f"<sip:{OUTSIDE}@{TRUNK}>"):
        town.request("REFER", "101", headers=(("Refer-To", target),))
        town.request("REFER", OUTSIDE, headers=(("Refer-To", target),), user="shop-110")


def _refer_into_a_dialog(town: Town) -> None:
    """Inside a call that stands, with one tag wrong. Who knows both has read the wire."""
    call_id, ours, theirs = town.standing()
    to = ("Refer-To", f"<sip:{OUTSIDE}@{SWITCH.host}>")
    town.request("REFER", "110", headers=(to,), dialog=(call_id, ours, theirs[:-1] + "x"))
    town.request("REFER", "110", headers=(to,), dialog=(call_id, ours[:-1] + "x", theirs))
    town.request("INVITE", OUTSIDE, dialog=(call_id, "", theirs))


def _guessed_password(town: Town) -> None:
    town.request("INVITE", user="shop-110")
    answers = [r for r in town.ears.to_stranger if r.status == 407]
    challenge = (
        answers[-1].headers.fields("Proxy-Authenticate")[0] if answers else 'Digest realm="softswitch"'
    )
    uri = str(Uri(user=OUTSIDE, host=SWITCH.host))
    for user, realm in (("shop-110", "softswitch"), ("shop-110", "elsewhere"), ("root", "softswitch")):
        changed = challenge.replace('realm="softswitch"', f'realm="{realm}"')
        if "nonce" in changed:
            value = digest.answer(changed, "INVITE", uri, user, "guess", "c0ffee")
            town.request("INVITE", user="shop-110", headers=(("Proxy-Authorization", value),))
            town.request("INVITE", user="shop-110", headers=(("Authorization", value),))


def _replayed(town: Town) -> None:
    """The desk's own INVITE, overheard: as it was, to another number, in another call, as another method."""
    overheard = town.ears.own_invite
    town.send(overheard)
    request = parse(overheard)
    assert isinstance(request, Request)
    for number in (OUTSIDE, "0612345678", "101"):
        town.count += 1
        copy = request.copy()
        copy.uri = Uri(user=number, host=SWITCH.host)
        copy.headers.set("Via", f"SIP/2.0/UDP {STRANGER};branch=z9hG4bKreplay{town.count}")
        copy.headers.set("Call-ID", f"replayed-{town.count}")
        copy.headers.set("Contact", f"<sip:110@{STRANGER}>")
        town.send(copy.to_bytes())
        town.send(copy.to_bytes(), town.phones[2].address)


def _trunk_address(town: Town) -> None:
    """The source address of a carrier, forged, and numbers that are nobody's: nothing is dialled for it."""
    for number in (OUTSIDE, "112", "0612345678", "101", "600", "*11", f"{OUTSIDE};phone-context=+33"):
        town.request("INVITE", number, source=TRUNK)
        town.request("REFER", number, source=TRUNK, headers=(("Refer-To", f"<sip:{OUTSIDE}@{SWITCH.host}>"),))


def _forged_from(town: Town) -> None:
    for user in ("shop-110", "110", "+33199000100", "anonymous", "carrier"):
        identity = (("P-Asserted-Identity", "<sip:shop-110@softswitch>"), ("Remote-Party-ID", "<sip:110@x>"))
        town.request("INVITE", user=user, headers=identity)
        town.request("INVITE", "112", user=user)


def _other_methods(town: Town) -> None:
    methods = (
        "REGISTER",
        "SUBSCRIBE",
        "PUBLISH",
        "MESSAGE",
        "NOTIFY",
        "UPDATE",
        "PRACK",
        "INFO",
        "BYE",
        "CANCEL",
    )
    for method in (*methods, "ACK", "OPTIONS", "EVIL"):
        town.request(method, OUTSIDE, headers=(("Event", "refer"), ("Contact", f"<sip:{OUTSIDE}@{TRUNK}>")))


def _routed(town: Town) -> None:
    """Used as a proxy: a Route or a request URI that names the carrier."""
    town.request("INVITE", headers=(("Route", f"<sip:{SWITCH};lr>, <sip:{TRUNK};lr>"),))
    town.count += 1
    request = Request(
        "INVITE",
        Uri(user=OUTSIDE, host=TRUNK.host),
        [
            ("Via", f"SIP/2.0/UDP {STRANGER};branch=z9hG4bKroute{town.count}"),
            ("Max-Forwards", "70"),
            ("From", "<sip:shop-110@softswitch>;tag=r"),
            ("To", f"<sip:{OUTSIDE}@{TRUNK}>"),
            ("Call-ID", f"routed-{town.count}"),
            ("CSeq", "1 INVITE"),
            ("Contact", f"<sip:m@{STRANGER}>"),
        ],
    )
    town.send(request.to_bytes())


def _redirecting_phone(town: Town) -> None:
    """An answer from outside any transaction of ours, and one that points at the carrier."""
    for invite in town.ears.inside[-2:]:
        for status in (302, 305, 200):
            contact = [("Contact", f"<sip:{OUTSIDE}@{TRUNK}>")]
            town.send(invite.make_response(status, to_tag="evil", headers=contact).to_bytes())


MOVES: dict[str, Callable[[Town], None]] = {
    "an INVITE with Replaces": _replaces,
    "a REFER outside any dialog": _refer,
    "a REFER into somebody's dialog": _refer_into_a_dialog,
    "a guessed password": _guessed_password,
    "an overheard INVITE": _replayed,
    "a carrier's address": _trunk_address,
    "a forged From": _forged_from,
    "every other method": _other_methods,
    "a route to the carrier": _routed,
    "a redirecting answer": _redirecting_phone,
}


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(sorted(MOVES)), max_size=6))
@example(sorted(MOVES))
@example(sorted(MOVES, reverse=True))
def test_nothing_that_a_stranger_sends_leaves_for_a_trunk(moves: list[str]) -> None:
    town = Town()
    for move in moves:
        MOVES[move](town)
        assert town.ears.leaked == [], move
    town.world.run(20 * SECOND)
    assert town.ears.leaked == []
    assert town.world.remains().channels == 0


def test_the_ears_hear_what_an_account_may_do() -> None:
    """Without this the test above might be deaf."""
    town = Town()
    town.phones[1].call("0612345678", town.world.now)
    town.world.touch()
    town.world.run(SECOND)
    assert town.ears.leaked
    assert town.ears.leaked[0].startswith(b"INVITE sip:+33612345678@")


def test_a_phone_that_redirects_a_customer_to_the_outside_dials_nothing() -> None:
    """302 from a phone that a customer's call rings: the caller beyond the trunk proved nothing."""
    town = Town()
    shop = centres.SHOP.replace('"+33199000100": main', '"+33199000100": direct')
    shop = shop.replace("flows:\n", 'flows:\n  direct: [{dial: {extension: "110"}}, hangup]\n')
    town.world.reload(load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": shop}))
    for phone in town.phones:
        for call in list(phone.calls):
            call.hang_up(town.world.now)
    town.world.touch()
    town.world.run(SECOND)
    heard = len(town.ears.inside)
    town.request("INVITE", "+33199000100", source=Address(centres.CARRIER, 5062))
    town.world.run(SECOND)
    for invite in town.ears.inside[heard:]:
        answer = invite.make_response(
            302, to_tag="desk", headers=[("Contact", f"<sip:{OUTSIDE}@{SWITCH.host}>")]
        )
        town.send(answer.to_bytes(), town.phones[2].address)
    town.world.run(5 * SECOND)
    assert len(town.ears.inside) > heard
    assert not [data for data in town.ears.leaked if data.startswith(b"INVITE")]
