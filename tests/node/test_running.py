"""A real node on the loopback: its timers, and what a mistake of ours or a full journal does to it."""

import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from switch.exchange.office import QualityWanted
from switch.journal import events
from switch.media.quality import NOTHING_HEARD, StreamQuality
from switch.net.overload import Level
from switch.node.clock import now_us
from switch.node.node import Node
from switch.node.options import RunOptions
from switch.node.start import running
from switch.registrar.values import AuthenticationFailed
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Request, Uri
from tests.interop.process import free_rtp_range
from tests.net.inbox import Inbox

PLAN = "languages: [en]\nnumbers: {600: main}\naccounts: {'101': {}}\nflows: {main: [hangup]}\n"


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    plan = tmp_path / "shop.yaml"
    plan.write_text(PLAN)
    # Another run of the tests beside this one has another process number.
    low, high = free_rtp_range()
    options = RunOptions(
        plan, (Address("127.0.0.1", 0),), None, tmp_path / "state", rtp_low=low, rtp_high=high
    )
    async with running(options) as (control, _):
        yield control.node


class Peer:
    """A phone's socket; what it hears is read without waiting."""

    def __init__(self, node: Node) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        address = node.network.listeners[0][1]
        self.switch = (address.host, address.port)
        self.heard: list[bytes] = []
        self._number = 0

    def say(self, method: str) -> None:
        self._number += 1
        host, port = self.socket.getsockname()
        message = (
            f"{method} sip:600@{host} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{self._number}\r\n"
            f"From: <sip:x@{host}>;tag=t\r\nTo: <sip:600@{host}>\r\nCall-ID: c{self._number}\r\n"
            f"CSeq: 1 {method}\r\nContact: <sip:x@{host}:{port}>\r\nContent-Length: 0\r\n\r\n"
        )
        self.socket.sendto(message.encode(), self.switch)

    def count(self, start: bytes) -> int:
        """Answers so far that begin so."""
        try:
            while True:
                self.heard.append(self.socket.recv(65_536))
        except BlockingIOError:
            return sum(data.startswith(start) for data in self.heard)


@pytest.fixture
def peer(node: Node) -> Iterator[Peer]:
    made = Peer(node)
    with closing(made.socket):
        yield made


async def test_a_mistake_of_ours_is_counted_and_the_next_message_is_taken(
    node: Node, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or one strange packet would make the switch deaf, without a word."""

    def explode(*_: object) -> None:
        raise AssertionError("a mistake")

    # Told as the switch tells it: a traceback with all locals in colour takes seconds on a busy machine, and
    # the node refuses what comes meanwhile.
    with monkeypatch.context() as broken, capture_logs():
        broken.setattr(node.exchange, "receive", explode)
        peer.say("OPTIONS")
        await Inbox().until(lambda: node.faults == 1)
    peer.say("OPTIONS")
    await Inbox().until(lambda: peer.count(b"SIP/2.0 200") == 1)


async def test_a_timer_that_comes_before_the_one_that_waits_is_not_late(node: Node, peer: Peer) -> None:
    office = node.exchange.office
    office.timers.set(("flow", "nobody"), now_us() + 32_000_000)
    node.carry()
    started = time.monotonic()
    host, port = peer.socket.getsockname()
    flow = Flow(Transport.UDP, Address(*peer.switch), Address(host, port))
    # Not answered, and so repeated after half a second.
    fields = [("From", "<sip:x@y>;tag=t"), ("To", "<sip:z@y>"), ("Call-ID", "c"), ("CSeq", "1 OPTIONS")]
    office.signalling.layer.open(Request("OPTIONS", Uri(host="y"), fields), flow, now_us())
    node.exchange.settle(now_us())
    node.carry()
    await Inbox().until(lambda: peer.count(b"OPTIONS sip") == 2)
    # Not at once, and not with the timer that was there before.
    assert 0.4 < time.monotonic() - started < 25
    assert node.faults == 0


async def test_a_journal_that_has_no_room_refuses_new_calls(
    node: Node, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.say("INVITE")
    await Inbox().until(lambda: peer.count(b"SIP/2.0 407") >= 1)
    monkeypatch.setattr(node.writer, "_shed_entries", 0)
    node.journal.write(_anything(), 0)
    node.carry()
    await Inbox().until(lambda: node.exchange.office.sheds)
    peer.say("INVITE")
    await Inbox().until(lambda: peer.count(b"SIP/2.0 503") >= 1)


def _anything() -> events.Event:
    return events.NodeStopped("a test")


async def test_calls_are_taken_again_when_the_store_has_caught_up(
    node: Node, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A switch that refuses all calls has nothing to write, so it must not wait for an entry to notice."""
    with monkeypatch.context() as full:
        full.setattr(type(node.writer), "sheds", property(lambda _: True))
        node.journal.write(_anything(), 0)
        node.carry()
        await Inbox().until(lambda: node.exchange.office.sheds)
    await Inbox().until(lambda: not node.exchange.office.sheds)
    peer.say("INVITE")
    await Inbox().until(lambda: peer.count(b"SIP/2.0 407") >= 1)


async def test_an_overload_is_told_as_it_begins_and_ends(node: Node) -> None:
    overload = node.network.intake.overload
    overload._noisy_at = float("inf")
    with capture_logs() as told:
        for level in (Level.BUSY, Level.FULL, Level.FULL, Level.NORMAL):
            overload.level = level
            node._lag_noted(0.0)
    began, worse, over = (line["event"] for line in told)
    assert "registrations" in began
    assert "new calls" in worse
    assert over.startswith("the overload is over")


async def test_wrong_passwords_are_told_with_their_address(node: Node) -> None:
    failed = [AuthenticationFailed("192.0.2.66", "", count) for count in range(1, 101)]
    node.exchange.office.parts.registrar.news += failed
    with capture_logs() as told:
        node.exchange.settle(now_us())
        node._after()
    assert [line["failures"] for line in told] == [1, 10, 100]
    assert told[0]["peer"] == "192.0.2.66"
    assert node.exchange.office.failed_logins == 100


async def test_who_asks_how_a_stream_is_hears_it_from_the_engine(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, StreamQuality]] = []
    monkeypatch.setattr(node.exchange, "quality", lambda slot, quality, _now: told.append((slot, quality)))
    node.exchange.office.outputs.append(QualityWanted(3))
    node.carry()
    assert told == [], "not in the middle of what is carried out"
    await Inbox().until(lambda: told == [(3, NOTHING_HEARD)])
    assert node.faults == 0
