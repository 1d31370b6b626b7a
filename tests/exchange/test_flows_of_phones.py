"""Calls to phones with several flows, and of phones whose flow dies under them (RFC 5626, 5627, 3327)."""

import pytest

from switch.base.clock import SECOND
from switch.call import modify
from switch.call.cause import Reason
from switch.call.session_timer import SessionTimer
from switch.exchange.office import Listener
from switch.sdp.direction import Direction
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Request, Uri
from tests.exchange.bench import HERE, Bench, Phone, tcp, udp

CALLER = udp(5060, "192.0.2.50")
ONE, TWO, THREE = tcp(1), tcp(2), tcp(3, "203.0.113.9")
DESK = Uri(user="102", host=HERE.host)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def caller(bench: Bench) -> Phone:
    phone = Phone(bench, "maple-101", instance="")
    phone.register(CALLER)
    return phone


@pytest.fixture
def phone(bench: Bench) -> Phone:
    """Registered by two flows; the second is the newer, and so the first to be tried."""
    phone = Phone(bench)
    phone.register(ONE, 1)
    phone.register(TWO, 2)
    return phone


def talk(bench: Bench, caller: Phone, phone: Phone, flow: Flow) -> Request:
    """A call that `phone` has answered by `flow`; the INVITE that it got."""
    caller.invite(CALLER, DESK)
    invite = bench.request(flow, "INVITE")
    phone.answer(flow, invite, 180)
    phone.answer(flow, invite, 200)
    bench.request(flow, "ACK")
    answered = bench.response(CALLER, 200)
    ack = [("Via", f"SIP/2.0/UDP {CALLER.remote};branch=z9hG4bKack"), ("CSeq", f"{answered.cseq.number} ACK")]
    ack += [(name, value) for name, value in answered.headers if name in ("From", "To", "Call-ID")]
    bench.give(Request("ACK", DESK, ack), CALLER)
    return invite


def hang_up(bench: Bench) -> None:
    """The caller's BYE."""
    (leg,) = [leg for leg in bench.exchange.office.legs.values() if leg.account == "101"]
    assert leg.dialog is not None
    fields = [
        ("Via", f"SIP/2.0/UDP {CALLER.remote};branch=z9hG4bKbye"),
        ("From", str(leg.dialog.remote)),
        ("To", str(leg.dialog.local)),
        ("Call-ID", leg.dialog.call_id),
        ("CSeq", "99 BYE"),
    ]
    bench.give(Request("BYE", DESK, fields), CALLER)


def refused(bench: Bench, flow: Flow) -> None:
    """`net` says of what was sent that it could not go."""
    bench.exchange.transport_failed(flow, bench.now)
    bench._carry()


class TestFailover:
    """RFC 5626 section 5.3: a request goes by the next flow where one is dead."""

    @pytest.mark.usefixtures("phone")
    def test_a_phone_is_rung_once_by_its_newest_flow(self, bench: Bench, caller: Phone) -> None:
        caller.invite(CALLER, DESK)
        assert bench.methods(TWO) == ["INVITE"]
        assert bench.methods(ONE) == []

    @pytest.mark.usefixtures("phone")
    def test_another_phone_of_the_account_rings_too(self, bench: Bench, caller: Phone) -> None:
        other = Phone(bench, instance="<urn:uuid:other>")
        other.register(THREE, 1)
        caller.invite(CALLER, DESK)
        assert (bench.methods(ONE), bench.methods(TWO), bench.methods(THREE)) == ([], ["INVITE"], ["INVITE"])

    @pytest.mark.usefixtures("phone")
    def test_a_closed_connection_before_the_call(self, bench: Bench, caller: Phone) -> None:
        bench.close(TWO)
        caller.invite(CALLER, DESK)
        assert bench.methods(ONE) == ["INVITE"]

    @pytest.mark.parametrize("progress", [0, 100, 180])
    def test_a_connection_that_closes_under_the_invite(
        self, bench: Bench, caller: Phone, phone: Phone, progress: int
    ) -> None:
        """The same INVITE goes by the other flow at once: no second leg, and nothing that rings twice."""
        caller.invite(CALLER, DESK)
        first = bench.request(TWO, "INVITE")
        if progress:
            phone.answer(TWO, first, progress)
        legs = len(bench.exchange.office.legs)
        bench.close(TWO)
        second = bench.request(ONE, "INVITE")
        assert (second.call_id, second.from_.tag, second.cseq) == (first.call_id, first.from_.tag, first.cseq)
        assert second.via.branch != first.via.branch
        assert second.body == first.body
        assert len(bench.exchange.office.legs) == legs
        phone.answer(ONE, second, 180)
        phone.answer(ONE, second, 200)
        assert bench.methods(ONE) == ["ACK"]
        bench.response(CALLER, 200)

    @pytest.mark.parametrize("status", [430, 408])
    def test_an_edge_that_has_lost_the_phone(
        self, bench: Bench, caller: Phone, phone: Phone, status: int
    ) -> None:
        caller.invite(CALLER, DESK)
        phone.answer(TWO, bench.request(TWO, "INVITE"), status)
        assert bench.methods(ONE) == ["INVITE"]
        # And the next call goes there at once.
        caller.invite(CALLER, DESK, "next")
        assert bench.methods(ONE) == ["INVITE", "INVITE"]
        assert "INVITE" not in bench.methods(TWO)

    def test_a_silent_flow_is_called_off_and_the_other_tried(self, bench: Bench, caller: Phone) -> None:
        phone = Phone(bench)
        old, new = udp(41_000), udp(52_000)
        phone.register(old, 1)
        phone.register(new, 2)
        caller.invite(CALLER, DESK)
        first = bench.request(new, "INVITE")
        bench.run(4 * SECOND)
        second = bench.request(old, "INVITE")
        phone.answer(old, second, 180)
        # The first one arrives after all, and its phone answers: it is acknowledged and ended.
        phone.answer(new, first, 200, tag="late")
        assert "ACK" in bench.methods(new)
        phone.answer(old, second, 200)
        assert "ACK" in bench.methods(old)
        assert "BYE" not in bench.methods(old)

    def test_a_late_word_of_the_silent_flow_s_edge_ends_no_talk(self, bench: Bench, caller: Phone) -> None:
        """Its 408 is of the INVITE that was given up, not of the dialog that stands by the other flow."""
        phone = Phone(bench)
        old, new = udp(41_000), udp(52_000)
        phone.register(old, 1)
        phone.register(new, 2)
        caller.invite(CALLER, DESK)
        first = bench.request(new, "INVITE")
        bench.run(4 * SECOND)
        second = bench.request(old, "INVITE")
        phone.answer(old, second, 200)
        bench.request(old, "ACK")
        phone.answer(new, first, 408, tag="edge")
        assert bench.methods(old) == []
        assert len(bench.exchange.office.sessions) == 1

    @pytest.mark.parametrize("browser_first", [True, False])
    def test_each_flow_is_offered_the_encryption_that_it_can_answer(
        self, bench: Bench, caller: Phone, browser_first: bool
    ) -> None:
        """A softphone with one flow by WSS and one by TCP: a handshake is for the browser's alone."""
        phone = Phone(bench)
        web = Flow(Transport.WSS, HERE, Address("192.0.2.10", 40_009), 9)
        first, second = (web, ONE) if browser_first else (ONE, web)
        phone.register(second, 1)
        phone.register(first, 2)
        caller.invite(CALLER, DESK)
        offers = {first: bench.request(first, "INVITE").body}
        bench.close(first)
        offers[second] = bench.request(second, "INVITE").body
        assert b" UDP/TLS/RTP/SAVPF " in offers[web]
        assert b"a=fingerprint:" in offers[web]
        assert b" RTP/AVP " in offers[ONE]
        assert b"a=fingerprint:" not in offers[ONE]

    def test_each_flow_is_told_the_audio_s_address_of_its_own_listener(self) -> None:
        inside = Address("10.0.0.1", 5060)
        bench = Bench((Listener(Transport.TCP, inside, media_host="10.0.0.1"),))
        caller = Phone(bench, "maple-101", instance="")
        caller.register(CALLER)
        phone = Phone(bench)
        near = Flow(Transport.TCP, inside, Address("10.0.0.7", 40_001), 1)
        phone.register(near, 1)
        phone.register(TWO, 2)
        caller.invite(CALLER, DESK)
        assert b"c=IN IP4 198.51.100.1\r\n" in bench.request(TWO, "INVITE").body
        bench.close(TWO)
        assert b"c=IN IP4 10.0.0.1\r\n" in bench.request(near, "INVITE").body

    def test_any_other_answer_is_the_phone_s(self, bench: Bench, caller: Phone, phone: Phone) -> None:
        caller.invite(CALLER, DESK)
        phone.answer(TWO, bench.request(TWO, "INVITE"), 486)
        assert bench.methods(ONE) == []
        bench.response(CALLER, 486)

    def test_a_phone_that_had_the_invite_already_and_says_so(
        self, bench: Bench, caller: Phone, phone: Phone
    ) -> None:
        """RFC 3261 section 8.2.2.2: merged. It never rings twice, and nobody is rung for ever."""
        caller.invite(CALLER, DESK)
        bench.request(TWO, "INVITE")
        bench.close(TWO)
        phone.answer(ONE, bench.request(ONE, "INVITE"), 482)
        assert not any(leg.account == "102" for leg in bench.exchange.office.legs.values())

    @pytest.mark.usefixtures("phone")
    def test_when_every_flow_is_dead_the_caller_is_told(self, bench: Bench, caller: Phone) -> None:
        caller.invite(CALLER, DESK)
        bench.close(TWO)
        bench.close(ONE)
        bench.run(SECOND)
        assert not any(leg.account == "102" for leg in bench.exchange.office.legs.values())
        assert bench.exchange.office.parts.registrar.bindings("maple-102", bench.now) == []

    def test_calling_off_calls_off_the_flow_that_rings(
        self, bench: Bench, caller: Phone, phone: Phone
    ) -> None:
        caller.invite(CALLER, DESK)
        bench.close(TWO)
        second = bench.request(ONE, "INVITE")
        phone.answer(ONE, second, 180)
        for call in list(bench.exchange.office.sessions):
            bench.exchange.hang_up(call, Reason.ADMINISTRATOR, bench.now)
        bench._carry()
        cancel = bench.request(ONE, "CANCEL")
        assert cancel.via.branch == second.via.branch


class TestPath:
    """RFC 3327 section 5.3: requests to the phone carry the path as Route."""

    def test_it_becomes_the_route(self, bench: Bench, caller: Phone) -> None:
        edges = (("Path", "<sip:in.example;lr>"), ("Path", "<sip:edge.example;lr;ob>"))
        phone = Phone(bench, extra=edges)
        phone.register(ONE)
        caller.invite(CALLER, DESK)
        invite = bench.request(ONE, "INVITE")
        assert [str(route) for route in invite.routes] == ["<sip:in.example;lr>", "<sip:edge.example;lr;ob>"]

    def test_each_flow_has_its_own(self, bench: Bench, caller: Phone) -> None:
        Phone(bench).register(ONE, 1)
        Phone(bench, extra=(("Path", "<sip:edge2.example;lr;ob>"),), cseq=9).register(TWO, 2)
        caller.invite(CALLER, DESK)
        assert [str(route) for route in bench.request(TWO, "INVITE").routes] == ["<sip:edge2.example;lr;ob>"]
        bench.close(TWO)
        assert bench.request(ONE, "INVITE").routes == ()


class TestGruu:
    """RFC 5627 section 5.1: a request to a GRUU goes to that phone."""

    def gruu(self, phone: Phone, flow: Flow, which: str) -> Uri:
        response = phone.register(flow)
        (value,) = [
            c.param(which) for c in response.contacts if phone.instance in (c.param("+sip.instance") or "")
        ]
        return Uri.parse((value or "").strip('"'))

    @pytest.mark.parametrize("which", ["pub-gruu", "temp-gruu"])
    def test_it_rings_one_phone_of_the_account(self, bench: Bench, caller: Phone, which: str) -> None:
        Phone(bench, instance="<urn:uuid:other>").register(TWO)
        uri = self.gruu(Phone(bench), ONE, which)
        caller.invite(CALLER, uri)
        invite = bench.request(ONE, "INVITE")
        assert str(invite.uri) == f"sip:maple-102@{ONE.remote};transport=tcp"
        assert bench.methods(TWO) == []

    def test_a_phone_that_is_away_is_480_and_an_unknown_one_404(self, bench: Bench, caller: Phone) -> None:
        public = self.gruu(Phone(bench), ONE, "pub-gruu")
        bench.close(ONE)
        caller.invite(CALLER, public)
        bench.response(CALLER, 480)
        caller.invite(CALLER, Uri.parse(f"sip:tgruu.abc@{HERE.host};gr"), "unknown")
        bench.response(CALLER, 404)

    def test_another_tenant_s_phone_is_nobody(self, bench: Bench, caller: Phone) -> None:
        stranger = Phone(bench, "birch-101", instance="<urn:uuid:b>")
        uri = self.gruu(stranger, THREE, "pub-gruu")
        caller.invite(CALLER, uri)
        bench.response(CALLER, 404)


class TestCallsThatOutliveTheirFlow:
    """PEERS 23: agents at home whose network changes keep their calls."""

    def test_the_other_flow_takes_over_at_once(self, bench: Bench, caller: Phone, phone: Phone) -> None:
        talk(bench, caller, phone, TWO)
        bench.close(TWO)
        assert len(bench.exchange.office.sessions) == 1
        hang_up(bench)
        assert bench.methods(ONE) == ["BYE"]

    def test_a_phone_that_reconnects_keeps_its_call(self, bench: Bench, caller: Phone) -> None:
        phone = Phone(bench)
        phone.register(ONE)
        talk(bench, caller, phone, ONE)
        bench.close(ONE)
        bench.run(20 * SECOND)
        phone.register(THREE)
        hang_up(bench)
        bye = bench.request(THREE, "BYE")
        assert str(bye.uri) == f"sip:maple-102@{THREE.remote};transport=tcp"

    def test_before_the_old_connection_is_noticed_dead(self, bench: Bench, caller: Phone) -> None:
        """A phone that changes from wifi to the mobile network is there long before TCP gives up."""
        phone = Phone(bench)
        phone.register(ONE)
        talk(bench, caller, phone, ONE)
        phone.register(THREE)
        hang_up(bench)
        assert "BYE" in bench.methods(THREE)
        assert "BYE" not in bench.methods(ONE)

    def test_a_mapping_of_a_home_router_that_changes(self, bench: Bench, caller: Phone) -> None:
        phone = Phone(bench, instance="")
        old, new = udp(41_000), udp(52_000)
        private = "sip:maple-102@10.0.0.5:5060"
        phone.register(old, contact=private)
        talk(bench, caller, phone, old)
        phone.register(new, contact=private)
        hang_up(bench)
        assert "BYE" in bench.methods(new)

    @pytest.mark.usefixtures("caller")
    def test_a_caller_s_leg_moves_as_well(self, bench: Bench, phone: Phone) -> None:
        mover = Phone(bench, "maple-103", instance="<urn:uuid:103>")
        mover.register(THREE)
        mover.invite(THREE, DESK)
        invite = bench.request(TWO, "INVITE")
        phone.answer(TWO, invite, 200)
        bench.close(THREE)
        (leg,) = [leg for leg in bench.exchange.office.legs.values() if leg.account == "103"]
        fresh = tcp(9)
        mover.register(fresh)
        assert leg.flow == fresh

    def test_a_probe_that_the_transport_refuses_ends_the_call_only_after_a_minute(
        self, bench: Bench, caller: Phone
    ) -> None:
        phone = Phone(bench)
        phone.register(ONE, expires_s=3600)
        talk(bench, caller, phone, ONE)

        def live(seconds: int) -> int:
            """`net` says of each message by the closed connection that it could not go."""
            for _ in range(seconds):
                bench.run(SECOND)
                if "OPTIONS" in bench.methods(ONE):
                    bench.take(ONE, "OPTIONS")
                    bench.exchange.transport_failed(ONE, bench.now)
                    bench._carry()
                for request in [m for m in bench.heard.get(CALLER, []) if isinstance(m, Request)]:
                    bench.heard[CALLER].remove(request)
                    bench.give(request.make_response(200), CALLER)
            return len(bench.exchange.office.sessions)

        bench.close(ONE)
        assert live(140) == 1
        assert live(40) == 0

    def test_a_bye_waits_for_a_phone_between_two_networks(self, bench: Bench, caller: Phone) -> None:
        """The caller hangs up while the phone has no flow: back, it learns that its call is over."""
        phone = Phone(bench)
        phone.register(ONE)
        talk(bench, caller, phone, ONE)
        bench.close(ONE)
        hang_up(bench)
        bench.response(CALLER, 200)
        first = bench.request(ONE, "BYE")
        refused(bench, ONE)
        bench.run(5 * SECOND)
        phone.register(THREE)
        bye = bench.request(THREE, "BYE")
        assert bye.call_id == first.call_id
        assert bye.cseq.number > first.cseq.number
        assert bye.headers.get("Reason") == first.headers.get("Reason") != ""
        bench.give(bye.make_response(200), THREE)
        assert not bench.exchange.office.legs
        bench.run(60 * SECOND)
        assert "BYE" not in bench.methods(THREE)

    def test_a_bye_waits_a_minute_and_no_longer(self, bench: Bench, caller: Phone) -> None:
        phone = Phone(bench)
        phone.register(ONE, expires_s=3600)
        talk(bench, caller, phone, ONE)
        bench.close(ONE)
        hang_up(bench)
        for second in range(70):
            if "BYE" in bench.methods(ONE):
                bench.take(ONE, "BYE")
                refused(bench, ONE)
            assert bool(bench.exchange.office.legs) == (second < 60), second
            bench.run(SECOND)
        assert bench.exchange.office.signalling.dialogs == 0

    def test_a_bye_that_udp_has_swallowed_is_said_again_by_the_new_mapping(
        self, bench: Bench, caller: Phone
    ) -> None:
        phone = Phone(bench)
        old, new = udp(41_000), udp(52_000)
        phone.register(old)
        talk(bench, caller, phone, old)
        hang_up(bench)
        bench.request(old, "BYE")
        bench.run(5 * SECOND)
        phone.register(new)
        bench.give(bench.request(new, "BYE").make_response(481), new)
        assert not bench.exchange.office.legs
        # What is left of the first one troubles nobody.
        bench.run(60 * SECOND)
        assert bench.methods(new) == []

    @pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
    def test_a_change_of_the_session_waits_too(self, bench: Bench, caller: Phone, method: str) -> None:
        """Hold, by the other side; or the refresh of a session timer by UPDATE (RFC 4028 section 10)."""
        phone = Phone(bench)
        phone.register(ONE)
        talk(bench, caller, phone, ONE)
        (leg,) = [leg for leg in bench.exchange.office.legs.values() if leg.account == "102"]
        bench.close(ONE)
        if method == "INVITE":
            leg.propose(Direction.SENDONLY, bench.now)
        else:
            leg.session_timer = SessionTimer(1800, bench.now, ours=True, by_update=True)
            modify.refresh(leg, bench.now)
        bench.exchange.settle(bench.now)
        bench._carry()
        bench.request(ONE, method)
        refused(bench, ONE)
        assert len(bench.exchange.office.sessions) == 1
        bench.run(5 * SECOND)
        phone.register(THREE)
        again = bench.request(THREE, method)
        assert (b"a=sendonly" in again.body) == (method == "INVITE")
        phone.answer(THREE, again, 200)
        assert leg.change is None
        assert leg.negotiation.offering is False
        assert len(bench.exchange.office.sessions) == 1

    @pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
    def test_a_refresh_that_udp_has_swallowed_is_sent_by_the_new_mapping(
        self, bench: Bench, caller: Phone, method: str
    ) -> None:
        """UPDATE at once; a re-INVITE when the first has given up, for a 2xx to that would need its ACK."""
        phone = Phone(bench)
        old, new = udp(41_000), udp(52_000)
        phone.register(old)
        talk(bench, caller, phone, old)
        (leg,) = [leg for leg in bench.exchange.office.legs.values() if leg.account == "102"]
        leg.session_timer = SessionTimer(1800, bench.now, ours=True, by_update=method == "UPDATE")
        modify.refresh(leg, bench.now)
        bench.exchange.settle(bench.now)
        bench._carry()
        bench.request(old, method)
        bench.run(SECOND)
        phone.register(new)
        assert (method in bench.methods(new)) == (method == "UPDATE")
        if method == "INVITE":
            bench.run(33 * SECOND)
        phone.answer(new, bench.request(new, method), 200)
        assert leg.change is None
        assert len(bench.exchange.office.sessions) == 1

    def test_a_change_that_waited_a_minute_ends_the_call(self, bench: Bench, caller: Phone) -> None:
        phone = Phone(bench)
        phone.register(ONE, expires_s=3600)
        talk(bench, caller, phone, ONE)
        (leg,) = [leg for leg in bench.exchange.office.legs.values() if leg.account == "102"]
        bench.close(ONE)
        leg.propose(Direction.SENDONLY, bench.now)
        bench.exchange.settle(bench.now)
        bench._carry()
        for second in range(70):
            for _ in [method for method in bench.methods(ONE) if method in ("INVITE", "BYE", "OPTIONS")]:
                refused(bench, ONE)
            bench.heard.pop(ONE, None)
            assert bool(bench.exchange.office.sessions) == (second < 60), second
            bench.run(SECOND)

    def test_no_other_account_s_calls_move(self, bench: Bench, caller: Phone, phone: Phone) -> None:
        """Behind one proxy all phones share a flow."""
        talk(bench, caller, phone, TWO)
        other = Phone(bench, "maple-103", instance="<urn:uuid:103>")
        other.register(TWO)
        other.register(THREE)
        (leg,) = [leg for leg in bench.exchange.office.legs.values() if leg.account == "102"]
        assert leg.flow == TWO
