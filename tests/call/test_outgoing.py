"""A leg whose INVITE we sent, against a peer who speaks in bytes."""

import pytest

from switch.call import events
from switch.call.cause import Reason, ours
from switch.call.destination import Credentials
from switch.call.states import LegState
from switch.sip.message import Request
from tests.call.wire import Wire, answer, sdp


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_an_answer_is_acknowledged_each_time_it_comes(wire: Wire) -> None:
    leg = wire.outgoing()
    (invite,) = wire.take()
    ok = answer(invite, 200, body=sdp())
    for _ in range(3):
        wire.give(ok)
    assert wire.took() == ["ACK"] * 3
    assert leg.state is LegState.CONFIRMED
    assert [type(event) for event in wire.told].count(events.LegAnswered) == 1


@pytest.mark.parametrize("status", [300, 301, 302, 305, 380])
def test_a_redirection_is_a_refusal(wire: Wire, status: int) -> None:
    """RFC 3261 section 8.1.3.4, for the leg: what a phone's Contact leads to is for the exchange to judge."""
    leg = wire.outgoing()
    (invite,) = wire.take()
    assert isinstance(invite, Request)
    wire.give(invite.make_response(status, to_tag="t", headers=[("Contact", "<sip:900@198.51.100.66>")]))
    assert wire.took() == ["ACK"]
    (ended,) = wire.ended()
    reason = Reason.DECLINED if status < 303 else Reason.FAILED
    assert (ended.cause.reason, ended.cause.sip_status) == (reason, status)
    assert leg.redirect == "<sip:900@198.51.100.66>"


def test_an_answer_that_crosses_our_cancel_is_acknowledged_and_ended(wire: Wire) -> None:
    """Or the phone that was too late stays in a call with nobody."""
    leg = wire.outgoing()
    (invite,) = wire.take()
    wire.give(answer(invite, 180))
    leg.hang_up(ours(Reason.CANCELLED), wire.now)
    wire.give(answer(invite, 200, body=sdp()))
    assert wire.took() == ["CANCEL", "ACK", "BYE"]
    assert len(wire.ended()) == 1


def test_a_change_in_an_early_dialog_that_we_cancelled_is_refused(wire: Wire) -> None:
    """An INVITE of the phone crosses our CANCEL: nothing was made of the early dialog yet, nor will be."""
    leg = wire.outgoing()
    (invite,) = wire.take()
    wire.give(answer(invite, 180, tag="theirs"))
    leg.hang_up(ours(Reason.CANCELLED), wire.now)
    wire.give(wire.request("INVITE", to_tag="ours"))
    assert wire.took() == ["CANCEL", "481 INVITE"]
    assert leg.state is LegState.CANCELLING


def test_of_two_phones_that_answer_the_second_is_ended(wire: Wire) -> None:
    """A proxy forked our INVITE (RFC 3261 section 13.2.2.4)."""
    leg = wire.outgoing()
    (invite,) = wire.take()
    wire.give(answer(invite, 200, body=sdp()))
    wire.take()
    wire.give(answer(invite, 200, tag="another", body=sdp()))
    ack, bye = wire.take()
    assert isinstance(ack, Request)
    assert isinstance(bye, Request)
    assert (ack.method, bye.method) == ("ACK", "BYE")
    assert ack.to.tag == bye.to.tag == "another"
    assert leg.state is LegState.CONFIRMED


def test_a_challenge_is_answered_once(wire: Wire) -> None:
    wire.outgoing(Credentials("us", "secret"))
    (first,) = wire.take()
    challenge = answer(first, 407)
    challenge.headers.add(
        "Proxy-Authenticate", 'Digest realm="carrier", nonce="n", algorithm=MD5, qop="auth"'
    )
    wire.give(challenge)
    ack, second = wire.take()
    assert isinstance(second, Request)
    assert (ack.cseq.method, second.method, second.cseq.number) == ("ACK", "INVITE", 2)
    assert "Proxy-Authorization" in second.headers
    again = answer(second, 407)
    again.headers.add("Proxy-Authenticate", 'Digest realm="carrier", nonce="m", algorithm=MD5, qop="auth"')
    wire.give(again)
    assert wire.took() == ["ACK"]
    assert len(wire.ended()) == 1


def test_a_phone_that_lost_the_race_shows_no_missed_call(wire: Wire) -> None:
    """RFC 3326: the CANCEL says that somebody else took the call."""
    leg = wire.outgoing()
    (invite,) = wire.take()
    wire.give(answer(invite, 180))
    leg.hang_up(ours(Reason.ELSEWHERE), wire.now)
    wire.pump()
    (cancel,) = wire.take()
    assert cancel.headers.get("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'


def test_nobody_there_ends_it_and_leaves_nothing(wire: Wire) -> None:
    wire.outgoing()
    wire.wait(33)
    assert [end.cause.reason for end in wire.ended()] == [Reason.UNREACHABLE]
    assert (wire.signalling.dialogs, wire.signalling.owned_transactions) == (0, 0)
    assert wire.layer.open_transactions == 0


def test_silence_of_a_held_phone_is_no_loss(wire: Wire) -> None:
    """The engine watches only a stream that must speak."""
    leg = wire.outgoing()
    (invite,) = wire.take()
    wire.give(answer(invite, 200, body=sdp()))
    assert leg.negotiation.plan().idle_s == 60
    for version, direction in ((2, "sendonly"), (3, "inactive"), (4, "recvonly")):
        wire.give(wire.request("INVITE", to_tag="ours", body=sdp(direction, version=version)))
        wire.give(wire.request("ACK", to_tag="ours", branch=f"ack{version}"))
        assert leg.negotiation.plan().idle_s == 0, direction
