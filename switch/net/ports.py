"""What the sockets tell whoever owns them, and what they are told."""

from dataclasses import dataclass
from typing import Protocol

from switch.sip.flow import Flow


class Receiver(Protocol):
    """The owner. Called on the loop, one at a time."""

    def received(self, data: bytes, flow: Flow) -> None:
        """One datagram, or one message cut from a stream."""

    def failed(self, flow: Flow) -> None:
        """Bytes could not be sent by this flow."""

    def closed(self, flow: Flow) -> None:
        """A stream is gone; its connection number will not come again."""


@dataclass(slots=True)
class NetCounts:
    """Since start. What was shed was shed on purpose, by the bounds below."""

    datagrams_received: int = 0
    datagrams_shed: int = 0
    datagrams_unsent: int = 0
    socket_errors: int = 0
    connections_open: int = 0
    connections_refused: int = 0
    connections_cut: int = 0
