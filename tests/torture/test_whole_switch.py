"""Every message of RFC 4475 and RFC 5118 given to a whole switch: the answer that its sender would see.

`test_torture.py` says what parser and transaction layer decide. Here a stranger sends the message (the first
answer of FINAL), and then a carrier whom the switch knows by its address (the second, where it differs).
"""

from dataclasses import replace

import pytest

from switch.sim.world import SWITCH, Setting, World
from switch.sip import digest
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import NameAddr, Request, Response, Uri, parse
from switch.sip.outputs import SendBytes
from tests.sim.centres import CARRIER, shop
from tests.torture.test_torture import DECIDED, read

STRANGER = Address("192.0.2.10", 5060)

FINAL: dict[str, tuple[int, ...]] = {
    # A To tag of no dialog of ours (section 3.1.1.1).
    "rfc4475/wsinv.dat": (481,),
    "rfc4475/intmeth.dat": (501,),
    "rfc4475/esc01.dat": (407, 404),
    "rfc4475/escnull.dat": (401,),
    "rfc4475/esc02.dat": (501,),
    "rfc4475/lwsdisp.dat": (200,),
    "rfc4475/longreq.dat": (407, 404),
    "rfc4475/dblreq.dat": (401,),
    "rfc4475/semiuri.dat": (200,),
    "rfc4475/transports.dat": (200,),
    # A MESSAGE of several parts; plain text alone is taken, and that is said.
    "rfc4475/mpart01.dat": (415,),
    "rfc4475/unreason.dat": (),
    "rfc4475/noreason.dat": (),
    "rfc4475/badinv01.dat": (400,),
    "rfc4475/clerr.dat": (400,),
    "rfc4475/ncl.dat": (400,),
    "rfc4475/scalar02.dat": (400,),
    "rfc4475/scalarlg.dat": (),
    "rfc4475/quotbal.dat": (400,),
    "rfc4475/ltgtruri.dat": (400,),
    "rfc4475/lwsruri.dat": (400,),
    "rfc4475/lwsstart.dat": (400,),
    "rfc4475/trws.dat": (400,),
    "rfc4475/escruri.dat": (400,),
    "rfc4475/baddate.dat": (407, 404),
    "rfc4475/regbadct.dat": (400,),
    "rfc4475/badaspec.dat": (200,),
    "rfc4475/baddn.dat": (400,),
    "rfc4475/badvers.dat": (505,),
    "rfc4475/mismatch01.dat": (400,),
    "rfc4475/mismatch02.dat": (400,),
    "rfc4475/bigcode.dat": (),
    "rfc4475/badbranch.dat": (200,),
    "rfc4475/insuf.dat": (400,),
    "rfc4475/unkscm.dat": (416,),
    "rfc4475/novelsc.dat": (416,),
    "rfc4475/unksm2.dat": (400,),
    "rfc4475/bext01.dat": (420,),
    "rfc4475/invut.dat": (415,),
    # Credentials of a scheme that we do not know are none.
    "rfc4475/regaut01.dat": (401,),
    "rfc4475/multi01.dat": (400,),
    "rfc4475/mcl01.dat": (400,),
    "rfc4475/bcast.dat": (),
    "rfc4475/zeromf.dat": (200,),
    "rfc4475/cparam01.dat": (401,),
    "rfc4475/cparam02.dat": (401,),
    "rfc4475/regescrt.dat": (401,),
    "rfc4475/sdp01.dat": (406,),
    # RFC 2543 did without a Contact; in a dialog of ours it is where the BYE goes.
    "rfc4475/inv2543.dat": (400,),
    "rfc5118/ipv6-good.dat": (401,),
    "rfc5118/ipv6-bad.dat": (400,),
    "rfc5118/port-ambiguous.dat": (401,),
    "rfc5118/port-unambiguous.dat": (401,),
    "rfc5118/mult-ip-in-header.dat": (481,),
    "rfc5118/via-received-param-with-delim.dat": (481,),
    "rfc5118/via-received-param-no-delim.dat": (200,),
    "rfc5118/ipv6-in-sdp.dat": (400,),
    "rfc5118/mult-ip-in-sdp.dat": (407, 404),
    "rfc5118/ipv4-mapped-ipv6.dat": (407, 404),
    "rfc5118/ipv6-bug-abnf-3-colons.dat": (400,),
    "rfc5118/ipv6-correct-abnf-2-colons.dat": (200,),
    "rfc5118/ipv6-in-sdp.clfixed.dat": (407, 404),
    "rfc5118/mult-ip-in-sdp.clfixed.dat": (407, 404),
    "rfc5118/ipv4-mapped-ipv6.clfixed.dat": (407, 404),
}


def answers(world: World, data: bytes, source: Address) -> list[bytes]:
    world.exchange.receive(data, Flow(Transport.UDP, SWITCH, source), world.now)
    return [output.data for output in world.exchange.poll() if isinstance(output, SendBytes)]


def status(data: bytes) -> int:
    """The status alone: an answer to a message without a Call-ID has none either."""
    version, number, _ = data.split(b" ", 2)
    assert version == b"SIP/2.0"
    return int(number)


def test_every_message_has_its_answer() -> None:
    assert FINAL.keys() == DECIDED.keys()
    for name, decided in DECIDED.items():
        if decided != "user":
            assert FINAL[name] == (() if decided == "drop" else (decided,)), name


@pytest.mark.parametrize("name", FINAL)
def test_a_stranger_gets_the_answer_of_the_rfc_and_nothing_is_left(name: str) -> None:
    world = World(Setting(shop(), slots=4))
    got = [status(data) for data in answers(world, read(name), STRANGER)]
    assert got == list(FINAL[name][:1])
    again = [status(data) for data in answers(world, read(name), STRANGER)]
    assert set(again) <= set(got), "a copy gets the same answer, or none"
    world.run(60_000_000)
    assert world.remains().none()


@pytest.mark.parametrize("name", FINAL)
def test_a_carrier_gets_the_answer_of_the_rfc(name: str) -> None:
    world = World(Setting(shop(), slots=4))
    got = [status(data) for data in answers(world, read(name), Address(CARRIER, 5060))]
    assert got == list(FINAL[name][-1:])
    world.run(60_000_000)
    assert world.remains().none()


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("rfc4475/intmeth.dat", {"Allow": "INVITE"}),
        ("rfc4475/esc02.dat", {"Allow": "INVITE"}),
        ("rfc4475/mpart01.dat", {"Accept": "text/plain"}),
        ("rfc4475/invut.dat", {"Accept": "application/sdp"}),
        ("rfc4475/bext01.dat", {"Unsupported": "nothingsupportsthis"}),
        (
            "rfc4475/zeromf.dat",
            {"Allow": "INVITE", "Accept": "application/sdp", "Accept-Encoding": "identity"},
        ),
    ],
)
def test_the_answer_says_what_would_be_understood(name: str, fields: dict[str, str]) -> None:
    """RFC 3261 sections 8.2.1, 8.2.2.3, 8.2.3 and 11.2."""
    (data,) = answers(World(Setting(shop(), slots=4)), read(name), STRANGER)
    response = parse(data)
    for field, part in fields.items():
        assert part in (response.headers.get(field) or ""), field
    if name.endswith("bext01.dat"):
        assert len(response.headers.all("Unsupported")) == 4, "Require and Proxy-Require"


@pytest.mark.parametrize("name", ["cparam01", "cparam02", "regescrt", "escnull"])
def test_the_contacts_of_a_registration_come_back_as_they_were_given(name: str) -> None:
    """Sections 3.3.13 to 3.3.15 and 3.1.1.4: the same contacts from somebody who may register.

    `regescrt` comes back without its Route: such fields have no place in the Request-URI that a contact
    becomes (RFC 3261 section 19.1.5), and would lead our calls wherever a phone likes.
    """
    given = parse(read(f"rfc4475/{name}.dat")).contacts
    world = World(Setting(shop(), slots=4))
    response = register(world, given)
    assert response.status == 200
    kept = {str(replace(contact.uri, headers=())) for contact in given}
    assert {str(contact.uri) for contact in response.contacts} == kept


def register(world: World, contacts: tuple[NameAddr, ...]) -> Response:
    user = "shop-101"
    authorization = ""
    for number in (1, 2):
        fields = [
            ("Via", f"SIP/2.0/UDP {STRANGER};branch=z9hG4bKr{number}"),
            ("From", f"<sip:{user}@{SWITCH.host}>;tag=t"),
            ("To", f"<sip:{user}@{SWITCH.host}>"),
            ("Call-ID", "torture"),
            ("CSeq", f"{number} REGISTER"),
            *(("Contact", str(contact)) for contact in contacts),
        ]
        if authorization:
            fields.append(("Authorization", authorization))
        request = Request("REGISTER", Uri(user=None, host=SWITCH.host), fields)
        (data,) = answers(world, request.to_bytes(), STRANGER)
        response = parse(data)
        assert isinstance(response, Response)
        challenge = digest.best_challenge(response.headers.fields("WWW-Authenticate"))
        if challenge is not None:
            authorization = digest.answer(
                challenge, "REGISTER", str(request.uri), user, f"secret of {user}", cnonce="c"
            )
    return response
