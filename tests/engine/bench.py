"""An engine with peers: each peer is a UDP socket that speaks RTP by the Python reference."""

import os
import select
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from switch.engine import Engine
from switch.media.commands import Bridge, CloseStream, Command, OpenStream
from switch.media.events import Event, StreamClosed
from switch.media.plan import Codec, StreamPlan
from switch.rtp import RtpPacket, TelephoneEvent

EventT = TypeVar("EventT")

WAIT_S = 30.0
"""For what comes at once where nothing else runs. A machine that is busy may take its time."""
TICK_MS = 10
STEPS_MAX = 3000
"""Half a minute of the engine's time, for what must come."""
DTMF = 101


def until(condition: Callable[[], bool], what: str) -> None:
    """Waits for something that another thread does."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {WAIT_S} s: {what}"
        time.sleep(0.0002)


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
    sent: int = 0
    """Packets, to the engine."""
    wait: Callable[[int], None] | None = None
    """Lets milliseconds pass where time is the test's, see `Bench`."""

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
        self.send_raw(packet.serialize())
        self.sequence = (self.sequence + 1) % 2**16
        self.timestamp = (self.timestamp + len(payload)) % 2**32
        return packet

    def send_raw(self, datagram: bytes) -> None:
        self.socket.sendto(datagram, self.target)
        self.sent += 1

    def send_key(self, event: int, timestamp: int, duration: int, *, end: bool = False) -> None:
        packet = RtpPacket(
            DTMF, self.sequence, timestamp, self.ssrc, TelephoneEvent(event, duration, end).serialize()
        )
        self.send_raw(packet.serialize())
        self.sequence += 1

    def pause(self, ms: int) -> None:
        """Lets milliseconds pass."""
        if self.wait is None:
            time.sleep(ms / 1000)
        else:
            self.wait(ms)

    def datagram(self) -> bytes:
        """The next one that comes."""
        if self.wait is not None:
            for _ in range(STEPS_MAX):
                self.wait(0)
                if select.select([self.socket], [], [], 0)[0]:
                    break
                self.wait(TICK_MS)
        return self.socket.recv(4096)

    def receive(self) -> RtpPacket:
        return RtpPacket.parse(self.datagram())

    def _comes(self, silence_s: float) -> bool:
        """Is there a datagram, or one before that much time has passed?"""
        if self.wait is None:
            return bool(select.select([self.socket], [], [], silence_s)[0])
        self.wait(0)
        for _ in range(round(silence_s * 1000 / TICK_MS)):
            if select.select([self.socket], [], [], 0)[0]:
                return True
            self.wait(TICK_MS)
        return bool(select.select([self.socket], [], [], 0)[0])

    def receive_raw(self, silence_s: float = 0.1) -> list[bytes]:
        """Datagrams as they come, until nothing comes."""
        datagrams = []
        while self._comes(silence_s):
            datagrams.append(self.socket.recv(4096))
        return datagrams

    def receive_all(self, silence_s: float = 0.1) -> list[RtpPacket]:
        """What comes until nothing comes."""
        return [RtpPacket.parse(datagram) for datagram in self.receive_raw(silence_s)]


class Bench:
    """An engine that runs, and the events that it told so far.

    `stepped`: its time is what `wait` says and no other, so that a test is the same on every machine; what
    peers sent before arrives before.
    """

    def __init__(
        self,
        slots: int = 4,
        host: str = "127.0.0.1",
        start: bool = True,
        stepped: bool = False,
        **options: Any,
    ) -> None:
        self._clock = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC) if stepped else None
        self.engine = Engine(host, (21000, 29000), slots, clock=self._clock, **options)
        self.host = host
        if start:
            self.engine.start()
        self.peers: list[Peer] = []
        self.events: list[Event] = []

    def close(self) -> None:
        self.engine.close()
        if self._clock is not None:
            os.close(self._clock)
        for peer in self.peers:
            peer.socket.close()

    def wait(self, ms: int) -> None:
        """Lets milliseconds pass; where the time is ours, everything that was due has been done then."""
        if self._clock is None:
            time.sleep(ms / 1000)
            return
        sent = sum(peer.sent for peer in self.peers)
        until(lambda: self.engine.stats().datagrams_received >= sent, "what was sent arrives")
        ticks = self.engine.stats().ticks
        for tick in range(1, ms // TICK_MS + 1):
            os.eventfd_write(self._clock, 1)
            # Spun upon at first: it takes microseconds.
            now, spins = ticks + tick, 50
            while self.engine.stats().ticks != now and spins > 0:
                spins -= 1
            if spins == 0:
                until(partial(self._has_ticked, now), "a tick")

    def add(self, peer: Peer) -> None:
        """One more phone: its sockets are closed with the rest, and it waits by the engine's time."""
        self.peers.append(peer)
        if self._clock is not None:
            peer.wait = self.wait

    @property
    def now_ms(self) -> int:
        """The engine's time, by its ticks."""
        return self.engine.stats().ticks * TICK_MS

    def _has_ticked(self, ticks: int) -> bool:
        return self.engine.stats().ticks == ticks

    def open(self, slot: int, codec: Codec = Codec.PCMU, **plan: Any) -> Peer:
        """Opens a stream with a peer at the announced address."""
        peer = Peer(self.host, payload_type=payload_type(codec), ssrc=0x1111 * (slot + 1))
        peer.target = (self.host, self.engine.slots[slot].port)
        self.add(peer)
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
        if self._clock is not None:
            self.wait(TICK_MS)
            return
        ticks = self.engine.stats().ticks
        until(lambda: self.engine.stats().ticks > ticks, "a tick")

    def poll(self) -> list[Event]:
        new = self.engine.poll()
        self.events += new
        return new

    def wait_for(self, kind: type[EventT]) -> EventT:
        """The next event of a kind; the ones before it are kept in `events` too."""

        def found() -> bool:
            if self._clock is not None:
                self.wait(TICK_MS)
            self.poll()
            return any(isinstance(event, kind) for event in self.events)

        until(found, kind.__name__)
        event = next(event for event in self.events if isinstance(event, kind))
        self.events.remove(event)
        return event

    def close_stream(self, slot: int) -> StreamClosed:
        self.submit(CloseStream(slot))
        return self.wait_for(StreamClosed)
