"""Offers, refusals and reliable answers by hand: what each request meets (RFC 3261, 3262, 3264, 3311)."""

import pytest

from switch.call import events
from switch.call.cause import Reason
from switch.call.incoming import IncomingLeg
from switch.call.states import LegState
from switch.media.commands import OpenStream, UpdateStream
from switch.media.plan import Codec, StreamPlan
from switch.sdp.direction import Direction
from switch.sip.message import Message, Request, Response
from tests.call.bench import SDP, Bench

OFFER = SDP.format(direction="sendrecv")
RELIABLE = "Supported: 100rel\r\n"


def plans(bench: Bench) -> list[StreamPlan]:
    """Every plan that the engine was given."""
    commands = [e.command for e in bench.told if isinstance(e, events.MediaWanted)]
    return [c.plan for c in commands if isinstance(c, OpenStream | UpdateStream)]


def talking() -> tuple[Bench, IncomingLeg]:
    bench = Bench()
    leg = bench.incoming()
    leg.answer(bench.now)
    bench.receive(bench.request("ACK", 1))
    return bench, leg


def early(more: str = RELIABLE) -> tuple[Bench, IncomingLeg]:
    """A caller who knows reliable answers; nothing is said yet."""
    bench = Bench()
    bench.receive(bench.request("INVITE", 1, to_tag="", body=OFFER, more=more))
    assert isinstance(bench.leg, IncomingLeg)
    return bench, bench.leg


def last(bench: Bench, method: str) -> Response:
    """The last answer to the peer's requests of this method."""
    found = [m for m in bench.sent if isinstance(m, Response) and m.cseq.method == method]
    return found[-1]


def rack(message: Message, method: str = "INVITE") -> str:
    return f"RAck: {message.headers.get('RSeq')} 1 {method}\r\n"


def change(bench: Bench, method: str, cseq: int, body: str, more: str = "") -> Response:
    bench.receive(bench.request(method, cseq, body=body, more=more))
    if method == "INVITE" and last(bench, method).status < 300:
        bench.receive(bench.request("ACK", cseq))
    return last(bench, method)


# RFC 3264 section 8: a standing session.


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_what_changes_in_mid_call_reaches_the_engine(method: str) -> None:
    """Sections 8.3.1 and 8.3.2: address, port, payload types, codec and packet time."""
    bench, _ = talking()
    before = plans(bench)[-1]
    offer = OFFER.replace("c=IN IP4 198.51.100.7", "c=IN IP4 203.0.113.9")
    offer = offer.replace("40000 RTP/AVP 8 101", "41000 RTP/AVP 0 96").replace("rtpmap:101", "rtpmap:96")
    answer = change(bench, method, 2, offer + "a=ptime:40\r\n")
    assert answer.status == 200
    after = plans(bench)[-1]
    assert (before.remote_host, before.remote_port, before.codec) == ("198.51.100.7", 40_000, Codec.PCMA)
    assert (after.remote_host, after.remote_port, after.codec) == ("203.0.113.9", 41_000, Codec.PCMU)
    assert (after.payload_type, after.dtmf_payload_type, after.ptime_ms) == (0, 96, 40)
    assert b"m=audio 20000 RTP/AVP 0 96\r\n" in answer.body


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_every_way_to_hold_and_back(method: str) -> None:
    """Section 8.4: sendonly, inactive, and the 0.0.0.0 of RFC 2543."""
    bench, leg = talking()
    holds = [
        (OFFER.replace("sendrecv", "sendonly"), b"a=recvonly"),
        (OFFER.replace("sendrecv", "inactive"), b"a=inactive"),
        (OFFER.replace("c=IN IP4 198.51.100.7", "c=IN IP4 0.0.0.0"), b"a=recvonly"),
    ]
    for number, (hold, says) in enumerate(holds):
        answer = change(bench, method, 2 + 2 * number, hold)
        assert says in answer.body
        assert leg.remote_held
        assert not plans(bench)[-1].sends
        answer = change(bench, method, 3 + 2 * number, OFFER)
        assert b"a=sendrecv" in answer.body
        assert not leg.remote_held
        assert plans(bench)[-1].sends
    told = [event.held for event in bench.told if isinstance(event, events.LegHeld)]
    assert told == [True, False] * 3


def test_lines_come_and_stay_declined() -> None:
    """Section 8.1 and 8.2: video, T.38, MSRP and a second audio line are declined, in their places."""
    bench, leg = talking()
    more = (
        "m=video 5000 RTP/AVP 31\r\nm=image 5002 udptl t38\r\nm=audio 5004 RTP/AVP 8\r\n"
        "m=message 5006 TCP/MSRP *\r\na=path:msrp://x\r\n"
    )
    answer = change(bench, "INVITE", 2, OFFER + more)
    lines = [line for line in answer.body.decode().splitlines() if line.startswith("m=")]
    assert [line.split()[:2] for line in lines] == [
        ["m=audio", "20000"],
        ["m=video", "0"],
        ["m=image", "0"],
        ["m=audio", "0"],
        ["m=message", "0"],
    ]
    # An offer of ours has as many: lines never go away.
    bench.receive(bench.request("INVITE", 3))
    ours = last(bench, "INVITE").body.decode()
    assert ours.count("m=") == 5
    assert leg.negotiation.offering


def test_only_video_is_refused_and_the_talk_goes_on() -> None:
    bench, leg = talking()
    before = plans(bench)
    answer = change(bench, "INVITE", 2, OFFER.replace("m=audio 40000", "m=video 40000"))
    assert (answer.status, answer.headers.get("Warning")) == (
        488,
        '304 softswitch "Media type not available"',
    )
    assert plans(bench) == before
    assert leg.state is LegState.CONFIRMED


@pytest.mark.parametrize("protocol", ["RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVPF"])
def test_an_offer_of_encryption_without_a_key_is_refused_with_a_warning(protocol: str) -> None:
    bench = Bench()
    leg = bench.incoming(OFFER.replace("RTP/AVP", protocol))
    assert not leg.answer(bench.now)
    bench.settle()
    refusal = last(bench, "INVITE")
    assert (refusal.status, refusal.headers.get("Warning")) == (
        488,
        '399 softswitch "Encryption of audio cannot be agreed on"',
    )


def test_encryption_that_is_only_offered_is_answered_in_the_clear() -> None:
    """RTP/AVP with a=crypto: whoever insists says RTP/SAVP (RFC 4568 section 3)."""
    bench = Bench()
    leg = bench.incoming(OFFER + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxxx\r\n")
    assert leg.answer(bench.now)
    bench.settle()
    assert b"RTP/AVP 8 101" in last(bench, "INVITE").body
    assert b"crypto" not in last(bench, "INVITE").body


def test_a_re_invite_without_a_session_gets_our_offer_and_answers_in_the_ack() -> None:
    """RFC 3261 section 14.2: the offer has our whole choice again; the answer changes the stream."""
    bench, leg = talking()
    bench.receive(bench.request("INVITE", 2))
    assert b"m=audio 20000 RTP/AVP 8 0 101" in last(bench, "INVITE").body
    assert len(plans(bench)) == 1
    bench.receive(bench.request("ACK", 2, body=OFFER.replace("RTP/AVP 8", "RTP/AVP 0")))
    assert plans(bench)[-1].codec is Codec.PCMU
    assert leg.state is LegState.CONFIRMED


@pytest.mark.parametrize("body", ["", "no session", OFFER.replace("40000", "0")])
def test_an_ack_without_the_answer_ends_the_call(body: str) -> None:
    """A port of 0 is a refusal of the only stream."""
    bench, _ = talking()
    bench.receive(bench.request("INVITE", 2))
    bench.receive(bench.request("ACK", 2, body=body))
    assert bench.ended()[0].cause.reason is Reason.NOT_ACCEPTABLE
    assert bench.count("BYE") == 1


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_body_that_is_no_session_description(method: str) -> None:
    bench, _ = talking()
    text = bench.request(method, 2, body="x").replace("application/sdp", "text/plain")
    bench.receive(text)
    assert (last(bench, method).status, last(bench, method).headers.get("Accept")) == (415, "application/sdp")


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_refresh_that_asks_for_too_short_an_interval(method: str) -> None:
    """RFC 4028 section 9."""
    bench, _ = talking()
    for body in (OFFER, ""):
        cseq = 3 if body else 4
        answer = change(bench, method, cseq, body, "Supported: timer\r\nSession-Expires: 60\r\n")
        assert (answer.status, answer.headers.get("Min-SE")) == (422, "90")


# RFC 3261 section 14.2 and RFC 3311 section 5.2: not now.


def test_a_change_before_our_final_answer_is_to_come_later() -> None:
    """500 with a Retry-After of 0 to 10 s, for a second INVITE and for an UPDATE with an offer."""
    bench, leg = early()
    leg.ring(bench.now)
    for method in ("INVITE", "UPDATE"):
        answer = change(bench, method, 2 + (method == "UPDATE"), OFFER)
        assert answer.status == 500
        assert 0 <= int(answer.headers.get("Retry-After") or "-1") <= 10
    assert leg.state is LegState.INCOMING_PROCEEDING
    # Without an offer an UPDATE only says where the caller is (RFC 3311 section 5.2).
    assert change(bench, "UPDATE", 4, "").status == 200


def test_an_offer_that_crosses_ours_meets_491() -> None:
    bench, leg = talking()
    bench.receive(bench.request("INVITE", 2))
    assert change(bench, "UPDATE", 3, OFFER).status == 491
    assert change(bench, "UPDATE", 4, "").status == 200
    bench.receive(bench.request("ACK", 2, body=OFFER))
    assert change(bench, "UPDATE", 5, OFFER).status == 200
    assert leg.state is LegState.CONFIRMED


def test_an_update_of_the_callee_before_it_has_answered_meets_491() -> None:
    """RFC 3311 section 5.2: our INVITE's offer is not answered; in whichever early dialog."""
    bench = Bench()
    bench.outgoing()
    bench.receive(bench.response(180, bench.last("INVITE")))
    assert change(bench, "UPDATE", 1, OFFER).status == 491
    assert change(bench, "UPDATE", 2, "").status == 200
    bench.receive(bench.request("UPDATE", 1, body=OFFER).replace("tag=theirs", "tag=stranger"))
    assert bench.statuses("UPDATE") == [491, 200, 481], "a dialog that nobody made is nobody's"


@pytest.mark.parametrize("ends", [False, True])
def test_a_re_invite_that_is_never_answered_is_called_off(ends: bool) -> None:
    """After a provisional answer the transaction itself would wait for ever (RFC 3261 section 17.1.1.2)."""
    bench = Bench()
    leg = bench.outgoing()
    bench.answer()
    leg.propose(Direction.SENDONLY, bench.now)
    bench.settle()
    invite = bench.last("INVITE")
    bench.receive(bench.response(100, invite))
    if ends:
        bench.receive(bench.request("BYE", 1))
        assert bench.count("CANCEL") == 1
        bench.nothing_is_left()
        return
    assert change(bench, "INVITE", 1, OFFER).status == 491
    bench.run(33)
    assert bench.count("CANCEL") >= 1
    bench.receive(bench.response(487, invite))
    assert leg.state is LegState.CONFIRMED
    assert change(bench, "INVITE", 2, OFFER).status == 200


# RFC 3262: reliable provisional answers.


def test_a_prack_with_another_number_meets_481_and_changes_nothing() -> None:
    bench, leg = early()
    leg.early_media(bench.now)
    bench.settle()
    said = last(bench, "INVITE")
    right = rack(said)
    wrong = ["", "RAck: x\r\n", "RAck: 1 1 INVITE\r\n", rack(said, "UPDATE"), right.replace(" 1 ", " 2 ")]
    for number, header in enumerate(wrong):
        assert change(bench, "PRACK", 2 + number, "", header).status == 481
    assert change(bench, "PRACK", 20, "", right).status == 200
    assert change(bench, "PRACK", 21, "", right).status == 481, "it is acknowledged already"
    bench.run(5)
    assert bench.statuses("INVITE").count(183) == 1


def test_an_offer_in_a_prack_is_answered_in_its_200() -> None:
    """RFC 3262 section 5."""
    bench, leg = early()
    leg.early_media(bench.now)
    bench.settle()
    answer = change(bench, "PRACK", 2, OFFER.replace("RTP/AVP 8", "RTP/AVP 0"), rack(last(bench, "INVITE")))
    assert answer.status == 200
    assert b"RTP/AVP 0 101" in answer.body
    assert plans(bench)[-1].codec is Codec.PCMU


def test_an_offer_in_a_prack_that_cannot_be_met_ends_the_call() -> None:
    """RFC 6337 section 2.3: it cannot be refused and the call go on."""
    bench, leg = early()
    leg.early_media(bench.now)
    bench.settle()
    answer = change(bench, "PRACK", 2, OFFER.replace("RTP/AVP 8", "RTP/AVP 9"), rack(last(bench, "INVITE")))
    assert answer.status == 488
    assert bench.statuses("INVITE")[-1] == 488
    assert [end.cause.reason for end in bench.ended()] == [Reason.NOT_ACCEPTABLE]


def test_a_caller_without_an_offer_hears_ours_in_the_first_reliable_answer() -> None:
    """RFC 3261 section 13.2.1: also where that is only a 180; the PRACK answers it, or the call ends."""
    for body, ends in ((OFFER, False), ("", True)):
        bench = Bench()
        bench.receive(bench.request("INVITE", 1, to_tag="", more="Require: 100rel\r\n"))
        assert isinstance(bench.leg, IncomingLeg)
        bench.leg.ring(bench.now)
        bench.settle()
        ringing = last(bench, "INVITE")
        assert b"m=audio 20000" in ringing.body
        change(bench, "PRACK", 2, body, rack(ringing))
        assert bool(bench.ended()) is ends
        assert bool(plans(bench)) is not ends


def test_reliable_answers_of_the_callee_are_acknowledged_once_and_in_order() -> None:
    """Section 4: a copy is absorbed, one that comes before its predecessor is left to come again."""
    bench = Bench()
    bench.outgoing()
    invite = bench.last("INVITE")

    def says(status: int, rseq: str, body: str = "") -> None:
        more = f"Require: 100rel\r\nRSeq: {rseq}\r\n"
        bench.receive(bench.response(status, invite, body=body, more=more))

    says(180, "7")
    says(180, "7")
    says(183, "9", OFFER)
    says(183, "x", OFFER)
    assert not plans(bench)
    says(183, "8")
    says(183, "9", OFFER)
    pracks = [m for m in bench.sent if isinstance(m, Request) and m.method == "PRACK"]
    assert [p.headers.get("RAck") for p in pracks] == ["7 1 INVITE", "8 1 INVITE", "9 1 INVITE"]
    assert [p.cseq.number for p in pracks] == [2, 3, 4]
    assert len(plans(bench)) == 1
    # What the 2xx says of the session then is not listened to (RFC 6337 section 3.1.1).
    bench.receive(bench.response(200, invite, body=OFFER.replace("40000", "50000")))
    assert bench.tell(events.LegAnswered)
    assert plans(bench)[-1].remote_port == 40_000


def test_a_refused_prack_is_no_end_of_the_call() -> None:
    bench = Bench()
    leg = bench.outgoing()
    more = "Require: 100rel\r\nRSeq: 1\r\n"
    bench.receive(bench.response(180, bench.last("INVITE"), more=more))
    bench.receive(bench.response(481, bench.last("PRACK")))
    assert leg.state is LegState.OUTGOING_EARLY
    bench.answer()
    assert leg.state is LegState.CONFIRMED


def test_an_early_dialog_that_ended_is_no_news() -> None:
    """RFC 6228: 199."""
    bench = Bench()
    leg = bench.outgoing()
    bench.receive(bench.response(199, bench.last("INVITE")))
    assert not bench.tell(events.LegProgress)
    bench.answer(tag="another")
    assert leg.state is LegState.CONFIRMED


def test_a_surplus_answer_is_acknowledged_each_time_and_ended_once() -> None:
    """RFC 3261 section 13.2.2.4, with early dialogs that had used numbers of their own."""
    bench = Bench()
    bench.outgoing()
    invite = bench.last("INVITE")
    for tag in ("one", "two"):
        more = "Require: 100rel\r\nRSeq: 1\r\n"
        bench.receive(bench.response(183, invite, tag=tag, body=OFFER, more=more))
    bench.answer(tag="one")
    for _ in range(3):
        bench.answer(tag="two")
    assert bench.count("ACK") == 4
    assert bench.count("BYE") == 1
    assert (bench.last("BYE").to.tag, bench.last("BYE").cseq.number) == ("two", 3)


def test_a_flood_of_early_dialogs_is_not_followed() -> None:
    bench = Bench()
    leg = bench.outgoing()
    for number in range(40):
        more = "Require: 100rel\r\nRSeq: 1\r\n"
        bench.receive(bench.response(183, bench.last("INVITE"), tag=f"t{number}", body=OFFER, more=more))
    assert bench.count("PRACK") == 16
    assert bench.signalling.dialogs == 16
    bench.answer(tag="t39")
    assert leg.state is LegState.CONFIRMED
    assert bench.signalling.dialogs == 1
