"""An engine with peers: each peer is a UDP socket that speaks RTP by the Python reference."""

import select
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from switch.engine import Engine
from switch.media.commands import Bridge, CloseStream, Command, OpenStream
from switch.media.events import Event, StreamClosed
from switch.media.plan import Codec, StreamPlan
from switch.rtp import RtpPacket, TelephoneEvent

EventT = TypeVar("EventT")

WAIT_S = 3.0
DTMF = 101


def until(condition: Callable[[], bool], what: str) -> None:
    """Waits for something that another thread does."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {WAIT_S} s: {what}"
        time.sleep(0.001)


def pcm(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}h", *values)


def payload_type(codec: Codec) -> int:
    """The static one, or one of those that are agreed upon (RFC 3551 section 3)."""
    return int(codec) if codec < 96 else 102 + codec - Codec.OPUS


@dataclass
class Peer:
    """A phone's media socket."""

    host: str = "127.0.0.1"
    payload_type: int = 0
    ssrc: int = 0x1111
    sequence: int = 1000
    timestamp: int = 50000
    target: tuple[str, int] = ("", 0)

    def __post_init__(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((self.host, 0))
        self.socket.settimeout(WAIT_S)

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def send(self, payload: bytes = bytes(160), **header: Any) -> RtpPacket:
        """The next packet of a steady stream; `header` overrides fields of this one."""
        packet = RtpPacket(self.payload_type, self.sequence, self.timestamp, self.ssrc, payload)
        packet = replace(packet, **header)
        self.socket.sendto(packet.serialize(), self.target)
        self.sequence = (self.sequence + 1) % 2**16
        self.timestamp = (self.timestamp + len(payload)) % 2**32
        return packet

    def send_key(self, event: int, timestamp: int, duration: int, *, end: bool = False) -> None:
        packet = RtpPacket(
            DTMF, self.sequence, timestamp, self.ssrc, TelephoneEvent(event, duration, end).serialize()
        )
        self.socket.sendto(packet.serialize(), self.target)
        self.sequence += 1

    def receive(self) -> RtpPacket:
        return RtpPacket.parse(self.socket.recv(4096))

    def receive_raw(self, silence_s: float = 0.1) -> list[bytes]:
        """Datagrams as they come, until nothing comes."""
        datagrams = []
        while select.select([self.socket], [], [], silence_s)[0]:
            datagrams.append(self.socket.recv(4096))
        return datagrams

    def receive_all(self, silence_s: float = 0.1) -> list[RtpPacket]:
        """What comes until nothing comes."""
        packets = []
        while select.select([self.socket], [], [], silence_s)[0]:
            packets.append(self.receive())
        return packets


class Bench:
    """An engine that runs, and the events that it told so far."""

    def __init__(self, slots: int = 4, host: str = "127.0.0.1", start: bool = True, **options: Any) -> None:
        self.engine = Engine(host, (21000, 29000), slots, **options)
        self.host = host
        if start:
            self.engine.start()
        self.peers: list[Peer] = []
        self.events: list[Event] = []

    def close(self) -> None:
        self.engine.close()
        for peer in self.peers:
            peer.socket.close()

    def open(self, slot: int, codec: Codec = Codec.PCMU, **plan: Any) -> Peer:
        """Opens a stream with a peer at the announced address."""
        peer = Peer(self.host, payload_type=payload_type(codec), ssrc=0x1111 * (slot + 1))
        peer.target = (self.host, self.engine.slots[slot].port)
        self.peers.append(peer)
        self.submit(OpenStream(slot, self.plan(peer, codec, **plan)))
        return peer

    @staticmethod
    def plan(peer: Peer, codec: Codec = Codec.PCMU, **plan: Any) -> StreamPlan:
        made = StreamPlan(peer.host, peer.port, codec, payload_type(codec), dtmf_payload_type=DTMF)
        return replace(made, **plan)

    def bridge(self, left: Codec = Codec.PCMU, right: Codec = Codec.PCMU) -> tuple[Peer, Peer]:
        peers = self.open(0, left), self.open(1, right)
        self.submit(Bridge(0, 1))
        return peers

    def submit(self, *commands: Command) -> None:
        """Submits and waits until the engine has applied them."""
        for command in commands:
            assert self.engine.submit(command)
        until(lambda: self.engine.stats().commands_waiting == 0, "commands are applied")
        # The last one has left the ring; the turn in which it is applied ends before the next tick does.
        ticks = self.engine.stats().ticks
        until(lambda: self.engine.stats().ticks > ticks, "a tick")

    def poll(self) -> list[Event]:
        new = self.engine.poll()
        self.events += new
        return new

    def wait_for(self, kind: type[EventT]) -> EventT:
        """The next event of a kind; the ones before it are kept in `events` too."""

        def found() -> bool:
            self.poll()
            return any(isinstance(event, kind) for event in self.events)

        until(found, kind.__name__)
        event = next(event for event in self.events if isinstance(event, kind))
        self.events.remove(event)
        return event

    def close_stream(self, slot: int) -> StreamClosed:
        self.submit(CloseStream(slot))
        return self.wait_for(StreamClosed)
