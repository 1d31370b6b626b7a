"""Requests inside a carrier's dialog go where the dialog says (RFC 3261 sections 12.2.1.1 and 18.1.1)."""

import pytest

from switch.base.clock import SECOND
from switch.call.ways import Ways
from switch.sim.network import Datagram, Fate
from switch.sim.world import SWITCH, Interception, World
from switch.sip.dialog import Dialog
from switch.sip.flow import Address, Flow, Transport
from switch.sip.locate import Abilities, Answer, Outcome, Question, RecordType
from switch.sip.locator import Locator
from switch.sip.message import NameAddr, Request, Uri, parse
from tests.exchange.test_late_answers import Carrier
from tests.exchange.test_rare_peers import PEER, sdp

ELSEWHERE = Address("203.0.113.50", 5082)


NOTHING = Question("", RecordType.A)


class Watch(Interception):
    """Requests of the switch by where they went."""

    def __init__(self) -> None:
        self.went: list[tuple[str, Address]] = []

    def before(self, world: World, index: int, datagram: Datagram) -> Fate:
        del world, index
        message = parse(datagram.data)
        if isinstance(message, Request) and datagram.target != SWITCH:
            self.went.append((message.method, datagram.target))
        return Fate.DELIVERED

    def of(self, method: str) -> set[Address]:
        return {target for name, target in self.went if name == method}


def talk(contact: str, record_route: str = "", resolve: Answer | None = None) -> Watch:
    """A call out that is answered with this Contact, and hung up by the phone."""
    carrier = Carrier()
    if resolve is not None:
        carrier.world.resolver = lambda question: Answer(
            question, resolve.outcome, resolve.records, resolve.ttl_s
        )
    call = carrier.dial()
    watch = Watch()
    carrier.world.interception = watch
    headers = [("Contact", f"<{contact}>")]
    if record_route:
        headers.append(("Record-Route", f"<{record_route}>"))
    answer = carrier.requests("INVITE")[-1].make_response(
        200, to_tag="first", headers=headers, body=sdp(), content_type="application/sdp"
    )
    carrier.say(answer)
    carrier.world.run(SECOND)
    if resolve is not None:
        carrier.say(answer)
    carrier.hang_up(call)
    return watch


def test_ack_and_bye_go_to_the_contact() -> None:
    watch = talk(f"sip:x@{ELSEWHERE}")
    assert watch.of("ACK") == {ELSEWHERE}
    assert ELSEWHERE in watch.of("BYE")
    assert PEER not in watch.of("BYE")


def test_a_route_comes_before_the_contact() -> None:
    watch = talk("sip:x@198.51.100.99:5999", f"sip:{ELSEWHERE};lr")
    assert watch.of("ACK") == {ELSEWHERE}
    assert ELSEWHERE in watch.of("BYE")


def test_a_name_is_located_without_waiting_and_used_once_it_is_known() -> None:
    found = Answer(NOTHING, Outcome.FOUND, (ELSEWHERE.host,), 60)
    watch = talk(f"sip:x@sbc.example:{ELSEWHERE.port}", resolve=found)
    acks = [target for method, target in watch.went if method == "ACK"]
    assert acks[0] == PEER, "the first cannot wait"
    assert acks[-1] == ELSEWHERE, "the answer came again, and by then it was known"
    assert PEER not in watch.of("BYE")


def test_a_name_that_is_nowhere_leaves_the_flow() -> None:
    nowhere = Answer(NOTHING, Outcome.NONE)
    watch = talk("sip:x@sbc.example:5082", resolve=nowhere)
    assert watch.of("ACK") == {PEER}
    assert PEER in watch.of("BYE")


def test_a_phone_is_spoken_to_by_its_flow_whatever_its_contact_says() -> None:
    carrier = Carrier()
    carrier.dial()
    watch = Watch()
    carrier.world.interception = watch
    carrier.answer(200, "first")
    carrier.world.run(70 * SECOND)
    assert carrier.desk.address in watch.of("BYE")


OURS = {Transport.UDP: Address("192.0.2.1", 5060), Transport.TCP: Address("192.0.2.1", 5060)}
PUBLIC = Flow(Transport.UDP, OURS[Transport.UDP], Address("8.8.4.4", 5060))
TLS_FLOW = Flow(Transport.TLS, Address("192.0.2.1", 5061), Address("8.8.4.4", 5061), 7)


@pytest.mark.parametrize(
    ("target", "flow", "goes"),
    [
        ("sip:x@8.8.4.4", PUBLIC, PUBLIC),
        ("sip:x@8.8.4.4:5060;transport=udp", PUBLIC, PUBLIC),
        ("sip:x@8.8.8.8:5070", PUBLIC, Flow(Transport.UDP, PUBLIC.local, Address("8.8.8.8", 5070))),
        ("sip:x@8.8.8.8;transport=tcp", PUBLIC, Flow(Transport.TCP, PUBLIC.local, Address("8.8.8.8", 5060))),
        # Of a carrier that forgot its NAT, or would aim us at machines inside.
        ("sip:x@10.0.0.7", PUBLIC, PUBLIC),
        ("sip:x@127.0.0.1:8080", PUBLIC, PUBLIC),
        ("sip:x@224.0.1.75", PUBLIC, PUBLIC),
        ("sip:x@0.0.0.0", PUBLIC, PUBLIC),
        # Another family, or a transport that we do not listen on.
        ("sip:x@[2001:4860:4860::8888]", PUBLIC, PUBLIC),
        ("sip:x@8.8.8.8;transport=tls", PUBLIC, PUBLIC),
        # Nobody talks us out of encryption; a Contact without a word of it means the call's.
        ("sip:x@8.8.8.8;transport=udp", TLS_FLOW, TLS_FLOW),
        ("sip:x@8.8.8.8", TLS_FLOW, Flow(Transport.TLS, TLS_FLOW.local, Address("8.8.8.8", 5061))),
        ("sip:x@8.8.4.4:5061", TLS_FLOW, TLS_FLOW),
    ],
)
def test_where_a_target_leads(target: str, flow: Flow, goes: Flow) -> None:
    us = NameAddr.parse("<sip:us@192.0.2.1>")
    dialog = Dialog("c", local=us, remote=us, remote_target=Uri.parse(target), local_contact=us)
    assert Ways(OURS, Locator(Abilities())).way(dialog, flow, 0) == goes
