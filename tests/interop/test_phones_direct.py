"""Two pjsua2 phones call each other with nothing between them.

This proves the measuring instrument: what a later test through the switch reports as lost was lost by
the switch.
"""

import asyncio

import pytest

from switch.cli.demo.phones import AnswerPolicy, Call, Phone, PhoneError, PhoneTimeoutError
from tests.interop.phones import PEAK_OTHER_MAX, Phones
from tests.interop.process import free_port

ANSWER = AnswerPolicy("answer")


async def connect(caller: Phone, callee: Phone) -> tuple[Call, Call]:
    """A call that both sides see as confirmed."""
    outgoing = await caller.call(callee.uri)
    incoming = await callee.incoming()
    await outgoing.expect("confirmed")
    await incoming.expect("confirmed")
    return outgoing, incoming


async def end(first: Call, second: Call) -> None:
    """The first hangs up; both sides see the end."""
    await first.hangup()
    await first.expect("disconnected")
    await second.expect("disconnected")


@pytest.mark.parametrize(("transport", "codec"), [("udp", "PCMU"), ("tcp", "PCMA")])
async def test_each_hears_the_other(phones: Phones, transport: str, codec: str) -> None:
    alice = await phones.start("alice", transport=transport, codecs=(codec,))
    bob = await phones.start("bob", transport=transport, answer=ANSWER)
    outgoing, incoming = await connect(alice, bob)
    assert (await outgoing.expect("media_active"))["codec"] == codec
    await asyncio.sleep(2.7)
    await phones.until_heard(outgoing, "bob", 3)
    await phones.until_heard(incoming, "alice", 3)
    statistics = await outgoing.statistics()
    assert statistics["received"] > 70
    assert statistics["received_lost"] == 0
    await end(outgoing, incoming)
    phones.assert_heard(outgoing, "bob", windows_min=3)
    phones.assert_heard(incoming, "alice", windows_min=3)
    assert phones.hears(outgoing, "alice").peak < PEAK_OTHER_MAX


async def test_hold_silences_and_resume_brings_back(phones: Phones) -> None:
    alice = await phones.start("alice")
    bob = await phones.start("bob", answer=ANSWER)
    outgoing, incoming = await connect(alice, bob)
    await outgoing.expect("media_active")
    await incoming.expect("media_active")
    await outgoing.hold()
    await outgoing.expect("media_local_hold")
    await incoming.expect("media_remote_hold")
    await asyncio.sleep(0.1)
    before = await outgoing.statistics()
    await asyncio.sleep(0.4)
    held = await outgoing.statistics()
    assert held["received"] - before["received"] <= 2, "the held side still sends"
    await outgoing.resume()
    await outgoing.expect("media_active")
    await incoming.expect("media_active")
    await asyncio.sleep(2.6)
    await phones.until_heard(outgoing, "bob", 3)
    await phones.until_heard(incoming, "alice", 3)
    await end(incoming, outgoing)
    phones.assert_heard(outgoing, "bob", windows_min=3)
    phones.assert_heard(incoming, "alice", windows_min=3)


async def test_the_media_port_can_be_chosen(phones: Phones) -> None:
    port = free_port() & ~1  # RTP wants the even one of a pair
    alice = await phones.start("alice", rtp_port=port)
    bob = await phones.start("bob", answer=ANSWER)
    _, incoming = await connect(alice, bob)
    assert (await incoming.expect("media_active"))["remote"] == f"127.0.0.1:{port}"


@pytest.mark.parametrize("method", ["rfc2833", "info"])
async def test_dtmf(phones: Phones, method: str) -> None:
    alice = await phones.start("alice")
    bob = await phones.start("bob", answer=ANSWER)
    outgoing, incoming = await connect(alice, bob)
    await outgoing.dtmf("1599*0#", method=method, duration_ms=80)
    heard = [await incoming.expect("dtmf", method=method) for _ in "1599*0#"]
    assert "".join(event["digit"] for event in heard) == "1599*0#"
    await end(outgoing, incoming)


async def test_dtmf_in_an_info_of_the_other_kind(phones: Phones) -> None:
    """`application/dtmf` carries the bare digit; the library itself sends `application/dtmf-relay`."""
    alice = await phones.start("alice")
    bob = await phones.start("bob", answer=ANSWER)
    outgoing, incoming = await connect(alice, bob)
    await outgoing.info("application/dtmf-relay", "Signal=7\r\nDuration=160\r\n")
    assert (await incoming.expect("dtmf"))["digit"] == "7"
    await outgoing.info("application/dtmf", "8")
    await end(outgoing, incoming)


@pytest.mark.parametrize(("code", "after_ms"), [(486, 0), (603, 100)])
async def test_decline(phones: Phones, code: int, after_ms: int) -> None:
    alice = await phones.start("alice")
    bob = await phones.start("bob", answer=AnswerPolicy("decline", after_ms, code))
    outgoing = await alice.call(bob.uri)
    ended = await outgoing.expect("disconnected")
    assert ended["code"] == code
    assert alice.saw("early", outgoing.number) == (after_ms > 0)


async def test_decline_by_hand(phones: Phones) -> None:
    alice = await phones.start("alice")
    bob = await phones.start("bob")
    outgoing = await alice.call(bob.uri)
    incoming = await bob.incoming()
    await outgoing.expect("early", code=180)
    await incoming.decline(480)
    assert (await outgoing.expect("disconnected"))["code"] == 480


async def test_cancel(phones: Phones) -> None:
    alice = await phones.start("alice")
    bob = await phones.start("bob")
    outgoing = await alice.call(bob.uri)
    incoming = await bob.incoming()
    await outgoing.expect("early")
    await outgoing.hangup()
    assert (await outgoing.expect("disconnected"))["code"] == 487
    assert (await incoming.expect("disconnected"))["code"] == 487
    assert not bob.saw("confirmed")


async def test_a_cancelled_call_is_not_answered_later(phones: Phones) -> None:
    alice = await phones.start("alice")
    bob = await phones.start("bob", answer=AnswerPolicy("answer", 200))
    outgoing = await alice.call(bob.uri)
    await outgoing.expect("early")
    await outgoing.hangup()
    await outgoing.expect("disconnected")
    await asyncio.sleep(0.3)
    assert not bob.saw("confirmed")
    assert not bob.saw("fault")


async def test_a_call_answered_by_hand_is_not_answered_again(phones: Phones) -> None:
    alice = await phones.start("alice")
    bob = await phones.start("bob", answer=AnswerPolicy("decline", 200, 486))
    outgoing = await alice.call(bob.uri)
    incoming = await bob.incoming()
    await incoming.answer()
    await outgoing.expect("confirmed")
    await asyncio.sleep(0.3)
    assert not alice.saw("disconnected")
    await end(outgoing, incoming)


async def test_blind_transfer(phones: Phones) -> None:
    alice = await phones.start("alice")
    bob = await phones.start("bob", answer=ANSWER)
    carol = await phones.start("carol", answer=ANSWER)
    outgoing, incoming = await connect(alice, bob)
    await incoming.transfer(carol.uri)
    request = await outgoing.expect("transfer_request")
    assert (await incoming.expect("transfer_status", final=True))["code"] == 200
    await end(incoming, outgoing)
    await alice.expect("confirmed", call=request["new_call"])
    moved = await carol.incoming()
    await asyncio.sleep(2.8)
    await phones.until_heard(moved, "alice", 1)
    await moved.hangup()
    await moved.expect("disconnected")
    phones.assert_heard(moved, "alice")


async def test_early_media_is_heard_before_the_answer(phones: Phones) -> None:
    alice = await phones.start("alice", record_early=True)
    bob = await phones.start("bob")
    outgoing = await alice.call(bob.uri, headers={"X-Language": "fr"})
    event = await bob.expect("incoming")
    assert "X-Language: fr" in event["message"]
    await bob.command("answer", code=183)
    await outgoing.expect("early", code=183)
    await outgoing.expect("media_active")
    await outgoing.hangup()
    await outgoing.expect("disconnected")
    assert outgoing.recording is not None
    assert outgoing.recording.exists()


async def test_four_legs_and_no_fifth(phones: Phones) -> None:
    alice = await phones.start("alice")
    bob = await phones.start("bob", answer=ANSWER)
    calls = [await alice.call(bob.uri) for _ in range(4)]
    for call in calls:
        await call.expect("confirmed")
    with pytest.raises(PhoneError, match="call"):
        await alice.call(bob.uri)
    await calls[1].hangup()
    await calls[1].expect("disconnected")
    again = await alice.call(bob.uri)
    assert again.number == 5
    await again.expect("confirmed")


async def test_a_phone_that_vanishes_says_nothing(phones: Phones) -> None:
    alice = await phones.start("alice")
    bob = await phones.start("bob", answer=ANSWER)
    outgoing, _ = await connect(alice, bob)
    await bob.vanish()
    with pytest.raises(PhoneTimeoutError):
        await outgoing.expect("disconnected", 0.3)
