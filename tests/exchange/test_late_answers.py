"""A 2xx that comes after our INVITE is over is acknowledged and ended (RFC 3261 section 13.2.2.4)."""

import pytest

from switch.base.clock import SECOND
from switch.call.surplus import SURPLUS_A_SECOND_MAX
from switch.dialplan.centre import load_centre
from switch.sim.network import Datagram
from switch.sim.phone import Phone
from switch.sim.phone_call import PhoneCall
from switch.sim.world import SWITCH, Setting, World
from switch.sip.message import Request, Response
from tests.exchange.test_rare_peers import PEER, Wire, sdp
from tests.sim.centres import SHOP, TRUNKS


class Carrier:
    """A forking carrier by hand: one INVITE, answers from several phones behind it."""

    def __init__(self, trunks: str = TRUNKS) -> None:
        trunks = trunks.replace(":5060", f":{PEER.port}")
        self.world = World(Setting(load_centre({"centre.yaml": trunks, "shop.yaml": SHOP}), slots=8))
        self.wire = Wire()
        self.world.interception = self.wire
        self.desk: Phone = self.world.phone("shop", "110")
        self.desk.register(self.world.now)
        self.world.touch()
        self.world.run(SECOND)

    def dial(self) -> PhoneCall:
        call = self.desk.call("+33612345678", self.world.now)
        self.world.touch()
        self.world.run(SECOND)
        return call

    def hang_up(self, call: PhoneCall) -> None:
        call.hang_up(self.world.now)
        self.world.touch()
        self.world.run(SECOND)

    def requests(self, method: str, tag: str = "") -> list[Request]:
        found = [m for m in self.wire.heard if isinstance(m, Request) and m.method == method]
        return [m for m in found if not tag or m.to.tag == tag]

    def say(self, response: Response) -> None:
        self.world.network.send(Datagram(PEER, SWITCH, response.to_bytes()), self.world.now)
        self.world.run(SECOND // 5)

    def answer(self, status: int, tag: str, to: str = "INVITE", direction: bytes = b"sendrecv") -> None:
        body = sdp().replace(b"sendrecv", direction) if status == 200 and to == "INVITE" else b""
        self.say(
            self.requests(to)[-1].make_response(
                status,
                to_tag=tag,
                headers=[("Contact", f"<sip:{tag}@{PEER}>")],
                body=body,
                content_type="application/sdp" if body else None,
            )
        )

    def ended(self, tag: str) -> bool:
        """Acknowledged and hung up."""
        return bool(self.requests("ACK", tag)) and bool(self.requests("BYE", tag))


def test_a_second_phone_answers_after_the_call_with_the_first_has_ended() -> None:
    carrier = Carrier()
    call = carrier.dial()
    carrier.answer(200, "first")
    carrier.hang_up(call)
    carrier.answer(200, "first", "BYE")
    carrier.world.run(2 * SECOND)
    carrier.answer(200, "second")
    assert carrier.ended("second")
    carrier.world.run(70 * SECOND)
    assert carrier.world.remains().none()


@pytest.mark.parametrize("late_s", [1, 20])
def test_a_phone_answers_after_the_final_refusal_of_a_call_that_was_cancelled(late_s: int) -> None:
    """A forking proxy passes a 2xx on whatever it has said before (section 16.7 step 5)."""
    carrier = Carrier()
    call = carrier.dial()
    carrier.answer(180, "first")
    carrier.hang_up(call)
    carrier.answer(200, "proxy", "CANCEL")
    carrier.answer(487, "proxy")
    carrier.world.run(late_s * SECOND)
    carrier.answer(200, "second")
    assert carrier.ended("second")
    carrier.world.run(70 * SECOND)
    assert carrier.world.remains().none()


def test_a_phone_answers_when_even_the_transaction_is_forgotten() -> None:
    carrier = Carrier()
    carrier.dial()
    carrier.answer(486, "first")
    carrier.world.run(60 * SECOND)
    assert carrier.world.remains().none()
    carrier.answer(200, "second")
    assert carrier.ended("second")


def test_invented_answers_get_no_more_than_so_many_a_second() -> None:
    carrier = Carrier()
    carrier.dial()
    carrier.answer(486, "first")
    carrier.world.run(60 * SECOND)
    invite = carrier.requests("INVITE")[-1]
    for number in range(5 * SURPLUS_A_SECOND_MAX):
        contact = [("Contact", f"<sip:x@198.51.100.{number}>")]
        data = invite.make_response(200, to_tag=f"t{number}", headers=contact).to_bytes()
        carrier.world.network.send(Datagram(PEER, SWITCH, data), carrier.world.now)
    carrier.world.run(SECOND // 5)
    byes = carrier.requests("BYE")
    assert len({bye.to.tag for bye in byes}) == SURPLUS_A_SECOND_MAX


def test_a_2xx_that_was_never_ours_gets_nothing() -> None:
    carrier = Carrier()
    carrier.dial()
    invite = carrier.requests("INVITE")[-1]
    response = invite.make_response(200, to_tag="x", headers=[("Contact", f"<sip:x@{PEER}>")])
    response.headers.set("Via", f"SIP/2.0/UDP {SWITCH};branch=z9hG4bK-not-ours")
    carrier.say(response)
    assert not carrier.requests("BYE")
