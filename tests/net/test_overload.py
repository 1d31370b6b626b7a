"""What is shed, when, and in which order: the same on every transport."""

import asyncio
import socket
from contextlib import closing

import pytest

from switch.net import intake as intake_module
from switch.net import overload
from switch.net.intake import Intake
from switch.net.overload import Level, Overload
from switch.net.ports import NetCounts
from switch.sip.flow import Address, Flow, Transport
from tests.net.inbox import Inbox, listening

FLOW = Flow(Transport.UDP, Address("192.0.2.1", 5060), Address("192.0.2.2", 5060))


def message(start: str, *headers: str, to: str = "To: <sip:a@b>") -> bytes:
    return "\r\n".join((start, to, *headers, "Content-Length: 0", "", "")).encode()


REGISTER = message("REGISTER sip:a SIP/2.0")
INVITE = message("INVITE sip:a SIP/2.0")
STANDING = (
    message("BYE sip:a SIP/2.0", to="To: <sip:a@b>;tag=1"),
    message("ACK sip:a SIP/2.0", to="To: <sip:a@b>;tag=1"),
    message("CANCEL sip:a SIP/2.0"),
    message("SIP/2.0 200 OK"),
    message("INVITE sip:a SIP/2.0", to="t:<sip:a@b> ; TAG=1"),
    message("OPTIONS sip:a SIP/2.0", to="TO : <sip:a@b>;x=y;tag=1"),
    message("UPDATE sip:a SIP/2.0", to="To: <sip:a@b>;tag=1"),
    message("INVITE sip:a SIP/2.0", "Replaces: x;to-tag=1;from-tag=2"),
)
OPTIONAL = tuple(
    message(f"{name} sip:a SIP/2.0") for name in ("REGISTER", "OPTIONS", "SUBSCRIBE", "PUBLISH", "MESSAGE")
)


def at(level: Level) -> Overload:
    made = Overload()
    made.level = level
    return made


@pytest.mark.parametrize("data", STANDING)
def test_what_belongs_to_a_call_that_stands_is_never_shed(data: bytes) -> None:
    assert not any(at(level).sheds(data) for level in Level)


def test_registrations_go_first_then_new_calls() -> None:
    for data in OPTIONAL:
        assert [at(level).sheds(data) for level in Level] == [False, True, True]
    assert [at(level).sheds(INVITE) for level in Level] == [False, False, True]
    trick = message("INVITE sip:a SIP/2.0", "Subject: To: x;tag=1", "X-To: a;tag=2")
    assert at(Level.FULL).sheds(trick), "only a To header has a To tag"


def test_up_at_once_and_down_by_steps_after_calm() -> None:
    made = Overload()
    made.note(overload.BUSY_WAIT_S - 0.01, 0, 0.0)
    assert made.level is Level.NORMAL
    made.note(overload.BUSY_WAIT_S, 0, 1.0)
    level = made.level
    assert level is Level.NORMAL, "one stall is worked off before anybody is refused"
    made.note(overload.BUSY_WAIT_S, 0, 1.1 + overload.LATE_S)
    assert made.level is Level.BUSY
    made.note(0.0, overload.FULL_DEPTH, 2.0)
    assert made.level is Level.FULL
    # Better, but not calm: nothing changes, however long it lasts.
    for now in (3.0, 4.0, 5.0):
        made.note(overload.CALM_WAIT_S + 0.01, 0, now)
        assert made.level is Level.FULL
    made.note(0.0, 0, 5.5)
    assert made.level is Level.FULL
    made.note(0.0, 0, 5.0 + overload.CALM_S)
    assert made.level is Level.BUSY
    made.note(0.0, 0, 6.5)
    assert made.level is Level.BUSY
    made.note(0.0, 0, 7.0 + 0.1)
    assert made.level is Level.NORMAL


def test_one_stall_of_the_loop_is_no_overload_and_two_are() -> None:
    made = Overload()
    made.note_lag(3.0, 0, 1.0)
    assert made.level is Level.NORMAL
    made.note_lag(0.0, 0, 1.1)
    made.note_lag(3.0, 0, 2.0)
    made.note_lag(3.0, 0, 5.0)
    assert made.level is Level.FULL


class _Slow(Inbox):
    """A switch that needs a while for each message."""

    def __init__(self, made: Intake) -> None:
        super().__init__()
        self.made = made

    def received(self, data: bytes, flow: Flow) -> None:
        super().received(data, flow)
        end = asyncio.get_running_loop().time() + 0.001
        while asyncio.get_running_loop().time() < end:
            pass


async def test_calls_that_stand_survive_a_flood() -> None:
    """A minute's registrations and calls at once: each BYE among them is taken, in order."""
    counts = NetCounts()
    made = Intake(counts)
    slow = _Slow(made)
    made.start(slow)
    byes = []
    for number in range(4_000):
        made.put(REGISTER, FLOW)
        made.put(INVITE, FLOW)
        if number % 100 == 0:
            byes.append(message("BYE sip:a SIP/2.0", f"X: {number}", to="To: <sip:a@b>;tag=1"))
            made.put(byes[-1], FLOW)
        if number % 200 == 0:
            made.drain()
            await asyncio.sleep(0)
    made.drain()
    begun = asyncio.get_running_loop().time()
    while made.waiting:
        await asyncio.sleep(0.001)
        assert asyncio.get_running_loop().time() - begun < 60
    taken = [data for data, _ in slow.messages if data.startswith(b"BYE")]
    assert taken == byes
    assert made.overload.level is Level.FULL
    assert counts.messages_refused > 0
    assert counts.messages_refused + counts.messages_shed + len(slow.messages) == 8_000 + len(byes)
    assert {data[:6] for data, _ in slow.refusals} == {b"REGIST", b"INVITE"}
    assert len(slow.refusals) == counts.messages_refused


async def test_the_queue_is_bounded_even_before_the_level_rises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "QUEUE_SOFT", 2)
    monkeypatch.setattr(intake_module, "QUEUE_HARD", 4)
    made = Intake(NetCounts())
    for data in (REGISTER, INVITE, INVITE, STANDING[0], STANDING[1], STANDING[0]):
        made.put(data, FLOW)
    inbox = Inbox()
    made.start(inbox)
    assert [data for data, _ in inbox.messages] == [REGISTER, INVITE, STANDING[0], STANDING[1]]


async def test_a_queue_of_the_longest_datagrams_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound of messages alone would let strangers fill the memory with long ones."""
    monkeypatch.setattr(intake_module, "LARGE_DEPTH", 2)
    made = Intake(NetCounts())
    long = STANDING[0] + bytes(intake_module.LARGE_BYTES)
    for data in (long, long, long, STANDING[1]):
        made.put(data, FLOW)
    inbox = Inbox()
    made.start(inbox)
    assert [data for data, _ in inbox.messages] == [long, long, STANDING[1]]


async def test_work_leaves_room_for_the_rest_of_the_loop() -> None:
    made = Intake(NetCounts())
    slow = _Slow(made)
    for _ in range(60):
        made.put(STANDING[0], FLOW)
    made.start(slow)
    seen = []
    while made.waiting:
        seen.append(made.waiting)
        await asyncio.sleep(0)
    assert len(seen) >= 5
    assert len(slow.messages) == 60
    assert slow.drains >= 5, "what a slice led to is sent before the next one"


class _Timed(Inbox):
    """Each message takes 0.4 ms, of a clock that only they move."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.taken_at_sending: list[int] = []

    def received(self, data: bytes, flow: Flow) -> None:
        super().received(data, flow)
        self.now += 0.0004

    def drained(self) -> None:
        self.taken_at_sending.append(len(self.messages))


async def test_what_messages_led_to_is_sent_while_others_still_wait() -> None:
    """Every millisecond, so that whoever is freed first of many is rung first; and not after each message."""
    timed = _Timed()
    made = Intake(NetCounts(), clock=lambda: timed.now)
    for _ in range(20):
        made.put(STANDING[0], FLOW)
    made.start(timed)
    assert timed.taken_at_sending == [3, 6, 9, 12, 13]
    while made.waiting:
        await asyncio.sleep(0)
    assert timed.taken_at_sending == [3, 6, 9, 12, 13, 16, 19, 20]


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM], ids=["UDP", "TCP"])
async def test_every_transport_sheds_by_the_same_rule(kind: socket.SocketKind) -> None:
    async with listening() as (network, inbox, bound):
        network.intake.overload.level = Level.FULL
        network.intake.overload._noisy_at = asyncio.get_running_loop().time() + 60
        with closing(socket.socket(socket.AF_INET, kind)) as phone:
            phone.connect((bound.host, bound.port))
            for data in (REGISTER, INVITE, STANDING[0]):
                phone.send(data)
            await inbox.until(lambda: len(inbox.messages) == 1 and len(inbox.refusals) == 2)
        assert inbox.messages[0][0] == STANDING[0]
        assert [data for data, _ in inbox.refusals] == [REGISTER, INVITE]
        assert network.counts.messages_refused == 2
