"""Legs against hand-written messages: crossings, repetitions, refusals, silence."""

import pytest

from switch.call import events
from switch.call.cause import By, Cause, Reason, ours
from switch.call.destination import Credentials
from switch.call.incoming import IncomingLeg
from switch.call.outgoing import NOBODY_THERE
from switch.call.states import LegState
from switch.media.commands import CloseStream, OpenStream, UpdateStream
from switch.sdp.direction import Direction
from tests.call.bench import SDP, Bench

OFFER = SDP.format(direction="sendrecv")


def test_an_answer_is_acknowledged_and_the_stream_opens() -> None:
    bench = Bench()
    leg = bench.outgoing()
    bench.receive(bench.response(180, bench.last("INVITE")))
    bench.answer()
    assert leg.state is LegState.CONFIRMED
    assert bench.count("ACK") == 1
    commands = [e.command for e in bench.told if isinstance(e, events.MediaWanted)]
    assert [type(command) for command in commands] == [OpenStream]
    assert bench.tell(events.LegAnswered) == [events.LegAnswered("l1", "PCMA")]
    bench.receive(bench.request("BYE", 1))
    assert bench.ended() == [events.LegEnded("l1", Cause(Reason.NORMAL, By.PEER))]
    bench.nothing_is_left()


def test_a_repeated_answer_is_acknowledged_again_and_told_once() -> None:
    bench = Bench()
    bench.outgoing()
    for _ in range(3):
        bench.answer()
    assert bench.count("ACK") == 3
    assert len(bench.tell(events.LegAnswered)) == 1


def test_a_second_phone_that_answers_a_forked_invite_is_acknowledged_and_ended() -> None:
    bench = Bench()
    leg = bench.outgoing()
    bench.answer(tag="first")
    bench.answer(tag="second")
    assert bench.count("ACK") == 2
    assert bench.last("BYE").to.tag == "second"
    assert leg.state is LegState.CONFIRMED
    bench.receive(bench.response(200, bench.last("BYE")))
    assert not bench.ended()


def test_a_cancel_that_crosses_the_answer_ends_with_ack_and_bye() -> None:
    bench = Bench()
    leg = bench.outgoing()
    bench.receive(bench.response(180, bench.last("INVITE")))
    leg.hang_up(ours(Reason.CANCELLED), bench.now)
    bench.settle()
    assert bench.count("CANCEL") == 1
    bench.answer()
    assert (bench.count("ACK"), bench.count("BYE")) == (1, 1)
    assert not bench.tell(events.LegAnswered)
    bench.receive(bench.response(200, bench.last("BYE")))
    bench.nothing_is_left()


def test_a_cancelled_invite_that_nobody_answers_is_given_up() -> None:
    bench = Bench()
    leg = bench.outgoing()
    leg.hang_up(ours(Reason.CANCELLED), bench.now)
    bench.settle()
    assert bench.count("CANCEL") == 0, "a CANCEL waits for a provisional answer"
    bench.nothing_is_left()


@pytest.mark.parametrize(("seconds", "cause"), [(3, ours(Reason.NO_ANSWER)), (5, NOBODY_THERE)])
def test_a_peer_that_says_nothing_for_long_is_not_there(seconds: float, cause: Cause) -> None:
    bench = Bench()
    leg = bench.outgoing()
    bench.run(seconds)
    leg.hang_up(ours(Reason.NO_ANSWER), bench.now)
    bench.settle()
    assert bench.ended() == [events.LegEnded("l1", cause)]


def test_a_ringing_peer_is_there() -> None:
    bench = Bench()
    leg = bench.outgoing()
    bench.receive(bench.response(180, bench.last("INVITE")))
    bench.run(20)
    leg.hang_up(ours(Reason.NO_ANSWER), bench.now)
    bench.settle()
    assert bench.ended()[0].cause.reason is Reason.NO_ANSWER


@pytest.mark.parametrize("ours_to_answer", [True, False])
@pytest.mark.parametrize(("answered", "status"), [(False, 480), (True, 200)])
def test_what_ended_a_leg_that_was_answered_is_a_bye(
    ours_to_answer: bool, answered: bool, status: int
) -> None:
    """An administrator ends it: before the answer that is our 480, or a CANCEL; later no status is said."""
    bench = Bench()
    leg = bench.incoming() if ours_to_answer else bench.outgoing()
    if answered and isinstance(leg, IncomingLeg):
        assert leg.answer(bench.now)
    elif answered:
        bench.answer()
    leg.hang_up(ours(Reason.ADMINISTRATOR), bench.now)
    bench.settle()
    cause = bench.ended()[0].cause
    assert (cause.reason, cause.by, cause.sip_status) == (Reason.ADMINISTRATOR, By.US, status)


def test_a_copy_of_a_provisional_answer_is_no_news() -> None:
    bench = Bench()
    bench.outgoing()
    for status in (180, 180, 183, 180, 180):
        bench.receive(bench.response(status, bench.last("INVITE")))
    told = [event for event in bench.told if isinstance(event, events.LegProgress)]
    assert [event.status for event in told] == [180, 183, 180]


def test_a_challenge_is_answered_once() -> None:
    bench = Bench()
    bench.outgoing(Credentials("us", "secret"))
    challenge = 'Proxy-Authenticate: Digest realm="carrier", nonce="n", algorithm=MD5, qop="auth"\r\n'
    bench.receive(bench.response(407, bench.last("INVITE"), more=challenge))
    again = bench.last("INVITE")
    assert again.cseq.number == 2
    assert 'username="us"' in (again.headers.get("Proxy-Authorization") or "")
    bench.receive(bench.response(407, again, more=challenge))
    assert bench.ended()[0].cause.sip_status == 407
    bench.nothing_is_left()


@pytest.mark.parametrize("method", ["BYE", "INVITE"])
def test_a_challenge_inside_the_dialog_is_answered_once(method: str) -> None:
    """A carrier that asks each time would otherwise keep, and bill, a call that has ended."""
    bench = Bench()
    leg = bench.outgoing(Credentials("us", "secret"))
    bench.answer()
    if method == "BYE":
        leg.hang_up(ours(Reason.NORMAL), bench.now)
    else:
        leg.propose(Direction.SENDONLY, bench.now)
    bench.settle()
    challenge = 'WWW-Authenticate: Digest realm="carrier", nonce="n", algorithm=MD5, qop="auth"\r\n'
    first = bench.last(method)
    bench.receive(bench.response(401, first, more=challenge))
    again = bench.last(method)
    assert again.cseq.number == first.cseq.number + 1
    assert 'uri="sip:theirs@198.51.100.7"' in (again.headers.get("Authorization") or "")
    bench.receive(bench.response(401, again, more=challenge))
    assert bench.last(method) is again
    if method == "BYE":
        bench.nothing_is_left()
    else:
        assert leg.state is LegState.CONFIRMED
        assert leg.change is None


@pytest.mark.parametrize(
    "challenge",
    [
        'Digest realm="c", nonce="n", algorithm=MD5, qop="other"',
        'Digest realm="c", algorithm=MD5',
        "Basic realm=c",
    ],
)
def test_a_challenge_that_cannot_be_met_is_a_refusal(challenge: str) -> None:
    bench = Bench()
    bench.outgoing(Credentials("us", "secret"))
    bench.receive(bench.response(407, bench.last("INVITE"), more=f"Proxy-Authenticate: {challenge}\r\n"))
    assert [event.cause.sip_status for event in bench.ended()] == [407]
    bench.nothing_is_left()


def test_an_answer_without_a_session_is_refused() -> None:
    bench = Bench()
    bench.outgoing()
    bench.receive(bench.response(200, bench.last("INVITE")))
    assert (bench.count("ACK"), bench.count("BYE")) == (1, 1)
    assert bench.ended()[0].cause.reason is Reason.NOT_ACCEPTABLE
    bench.receive(bench.response(200, bench.last("BYE")))
    bench.nothing_is_left()


def test_a_caller_is_answered_until_the_ack_comes() -> None:
    bench = Bench()
    leg = bench.incoming()
    assert leg.answer(bench.now)
    bench.run(3.6)
    assert bench.statuses("INVITE") == [200, 200, 200, 200]
    bench.receive(bench.request("ACK", 1))
    assert bench.tell(events.LegConfirmed)
    bench.run(60)
    assert len(bench.statuses("INVITE")) == 4
    assert leg.state is LegState.CONFIRMED


def test_a_caller_who_never_acknowledges_is_hung_up() -> None:
    bench = Bench()
    leg = bench.incoming()
    leg.answer(bench.now)
    bench.run(33)
    assert bench.ended()[0].cause.reason is Reason.SIGNALLING_LOST
    assert bench.count("BYE") >= 1
    bench.nothing_is_left()


def test_we_hang_up_before_the_ack_and_say_bye_after_it() -> None:
    bench = Bench()
    leg = bench.incoming()
    leg.answer(bench.now)
    leg.hang_up(ours(Reason.NORMAL), bench.now)
    bench.settle()
    assert bench.count("BYE") == 0, "RFC 3261 section 15: not before the ACK"
    assert bench.ended(), "the call is told at once"
    bench.run(1)
    assert bench.statuses("INVITE") == [200, 200], "the answer is repeated all the same"
    bench.receive(bench.request("ACK", 1))
    assert bench.count("BYE") == 1
    bench.receive(bench.response(200, bench.last("BYE")))
    bench.nothing_is_left()


def test_a_bye_before_the_ack_ends_the_call() -> None:
    bench = Bench()
    leg = bench.incoming()
    leg.answer(bench.now)
    bench.receive(bench.request("BYE", 2))
    assert bench.statuses("BYE") == [200]
    bench.receive(bench.request("ACK", 1))
    bench.nothing_is_left()


def test_a_late_copy_of_the_first_ack_does_not_acknowledge_a_re_invite() -> None:
    bench = Bench()
    leg = bench.incoming()
    leg.answer(bench.now)
    ack = bench.request("ACK", 1)
    bench.receive(ack)
    bench.receive(bench.request("INVITE", 2, body=SDP.format(direction="sendonly")))
    bench.receive(ack)
    bench.run(0.6)
    assert bench.statuses("INVITE") == [200, 200, 200], "the second answer is repeated until its own ACK"
    bench.receive(bench.request("ACK", 2))
    bench.run(40)
    assert leg.state is LegState.CONFIRMED
    assert bench.tell(events.LegHeld) == [events.LegHeld("l1", True)]


def test_a_re_invite_meets_491_while_the_last_answer_waits_for_its_ack() -> None:
    bench = Bench()
    leg = bench.incoming()
    leg.answer(bench.now)
    bench.receive(bench.request("ACK", 1))
    bench.receive(bench.request("INVITE", 2, body=OFFER))
    bench.receive(bench.request("INVITE", 3, body=OFFER))
    assert bench.statuses("INVITE") == [200, 200, 491]


def test_an_offer_that_cannot_be_met_in_mid_call_changes_nothing() -> None:
    bench = Bench()
    leg = bench.incoming()
    leg.answer(bench.now)
    bench.receive(bench.request("ACK", 1))
    before = leg.negotiation.plan()
    bench.receive(bench.request("INVITE", 2, body=OFFER.replace("RTP/AVP 8 101", "RTP/AVP 96")))
    assert bench.statuses("INVITE")[-1] == 488
    assert leg.negotiation.plan() == before
    bench.receive(bench.request("INVITE", 3, body="this is no session"))
    assert bench.statuses("INVITE")[-1] == 488
    assert leg.state is LegState.CONFIRMED


def test_an_ack_with_an_answer_after_the_end_opens_no_stream() -> None:
    """The peer asks for our offer by an empty re-INVITE, we hang up, then its ACK with the answer comes."""
    bench = Bench()
    leg = bench.outgoing()
    bench.answer()
    bench.receive(bench.request("INVITE", 1))
    leg.hang_up(ours(Reason.NORMAL), bench.now)
    bench.settle()
    bench.receive(bench.request("ACK", 1, body=OFFER))
    commands = [e.command for e in bench.told if isinstance(e, events.MediaWanted)]
    assert isinstance(commands[-1], CloseStream)
    assert not [command for command in commands if isinstance(command, UpdateStream)]
    bench.receive(bench.response(200, bench.last("BYE")))
    bench.nothing_is_left()


def test_a_caller_without_an_offer_gets_ours_and_answers_in_the_ack() -> None:
    bench = Bench()
    leg = bench.incoming(body="")
    leg.answer(bench.now)
    bench.settle()
    assert b"m=audio 20000" in bench.sent[-1].body
    assert not leg.stream_open
    bench.receive(bench.request("ACK", 1, body=OFFER))
    assert leg.stream_open
    assert bench.tell(events.LegConfirmed)


def test_a_dead_dialog_is_found_by_asking() -> None:
    bench = Bench()
    leg = bench.outgoing()
    bench.answer()
    bench.run(90.2)
    assert bench.count("OPTIONS") == 1
    bench.receive(bench.response(200, bench.last("OPTIONS")))
    bench.run(90.2)
    assert bench.count("OPTIONS") == 2
    bench.receive(bench.response(481, bench.last("OPTIONS")))
    assert bench.ended()[0].cause.reason is Reason.SIGNALLING_LOST
    assert leg.over
    bench.receive(bench.response(481, bench.last("BYE")))
    bench.nothing_is_left()


def test_a_peer_with_a_session_timer_is_asked_only_while_it_holds() -> None:
    """The timer is slow, and one who holds sends no audio that could show that it lives."""
    bench = Bench()
    bench.outgoing()
    more = "Session-Expires: 1800;refresher=uas\r\nRequire: timer\r\n"
    invite = bench.last("INVITE")
    bench.receive(bench.response(200, invite, body=OFFER, more=more))
    bench.run(200)
    assert bench.count("OPTIONS") == 0
    bench.receive(
        bench.request("INVITE", 1, body=SDP.format(direction="sendonly"), more="Supported: timer\r\n")
    )
    bench.receive(bench.request("ACK", 1))
    bench.run(91)
    assert bench.count("OPTIONS") > 0


def test_a_question_answered_after_the_end_wakes_nobody() -> None:
    bench = Bench()
    leg = bench.outgoing()
    bench.answer()
    bench.run(90.2)
    bench.receive(bench.request("BYE", 1))
    bench.receive(bench.response(200, bench.last("OPTIONS")))
    assert leg.next_timer() is None
    bench.nothing_is_left()


def test_a_cancelled_caller_hears_487() -> None:
    bench = Bench()
    bench.incoming()
    bench.receive(bench.request("CANCEL", 1, to_tag="", branch="z9hG4bKpeer1"))
    assert bench.statuses("INVITE") == [487]
    assert bench.statuses("CANCEL") == [200]
    assert bench.ended()[0].cause.reason is Reason.CANCELLED
    bench.receive(bench.request("ACK", 1, branch="z9hG4bKpeer1"))
    bench.nothing_is_left()


@pytest.mark.parametrize(
    ("method", "more", "status"),
    [
        ("INFO", "", 200),
        ("OPTIONS", "", 200),
        ("REFER", "Refer-To: <sip:110@192.0.2.1>\r\n", 202),
        ("REFER", "", 400),
        ("REFER", "Refer-To: <tel:+33>\r\n", 400),
        ("REFER", "Refer-To: <<\r\n", 400),
        ("REFER", "Refer-To: <sip:110@192.0.2.1?Replaces=x>\r\n", 400),
        ("REFER", "Refer-To: <sip:110@192.0.2.1;method=BYE>\r\n", 403),
        ("SUBSCRIBE", "Event: refer\r\n", 481),
        ("SUBSCRIBE", "Event: presence\r\n", 489),
        ("NOTIFY", "Event: refer\r\n", 481),
        ("MESSAGE", "", 405),
    ],
)
def test_what_is_answered_inside_a_dialog(method: str, more: str, status: int) -> None:
    bench = Bench()
    bench.outgoing()
    bench.answer()
    bench.receive(bench.request(method, 1, more=more))
    assert bench.statuses(method) == [status]
    bench.receive(bench.request("OPTIONS", 1))
    assert bench.statuses("OPTIONS")[-1] == 500, "a number that was used before is refused"


def test_an_info_without_a_key_is_refused_with_what_would_be_understood() -> None:
    bench = Bench()
    bench.outgoing()
    bench.answer()
    bench.receive(bench.request("INFO", 1, body="hello"))
    assert bench.statuses("INFO") == [415]
    assert not bench.tell(events.LegDigit)
