"""What the sockets tell whoever owns them, and what they are told."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from switch.sip.flow import Flow


class Receiver(Protocol):
    """The owner. Called on the loop, one at a time."""

    def received(self, data: bytes, flow: Flow) -> None:
        """One datagram, or one message cut from a stream."""

    def refused(self, data: bytes, flow: Flow) -> None:
        """A request that opens something new, while the switch is overloaded: answer 503 and keep nothing."""

    def drained(self) -> None:
        """All that came has been handed up, or enough of it: the moment to send what it led to."""

    def failed(self, flow: Flow, branch: str = "") -> None:
        """Bytes could not be sent by this flow; where `branch` is known, those of that transaction alone."""

    def closed(self, flow: Flow) -> None:
        """A stream is gone; its connection number will not come again."""


@dataclass(slots=True)
class NetCounts:
    """Since start. What was shed was shed on purpose, by the bounds of this room."""

    datagrams_received: int = 0
    datagrams_unsent: int = 0
    datagrams_lost: int = 0
    """Dropped by the kernel, whose buffer was full; as of the last `Network.count_lost`."""
    socket_errors: int = 0
    unreachable: int = 0
    """ICMP errors that quoted a datagram of ours."""
    keepalives: int = 0
    """Empty lines, zero bytes and STUN requests; answered where their RFC has an answer."""
    messages_refused: int = 0
    """Answered 503 because the switch was overloaded."""
    messages_shed: int = 0
    """Dropped without an answer: there were too many even to refuse."""
    connections_refused: int = 0
    connections_cut: int = 0
    handshakes_failed: int = 0
    connections: Counter[str] = field(default_factory=Counter)
    """Open now, by transport."""

    @property
    def connections_open(self) -> int:
        return self.connections.total()
