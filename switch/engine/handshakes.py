"""The handshakes of all streams: from records to keys, and from keys to the engine."""

from collections.abc import Callable

from switch.engine.dtls import Handshake, Identity, State
from switch.media.plan import DtlsPeer, SrtpKeys

RETRANSMIT_EVERY_S = 0.2
"""How often `repeat` should be called; DTLS itself waits a second and doubles."""


class Handshakes:
    """At most one a slot. `send` and `secure` go to the engine; failures are kept until they are taken."""

    def __init__(
        self, identity: Identity, send: Callable[[int, bytes], None], secure: Callable[[int, SrtpKeys], None]
    ) -> None:
        self._identity = identity
        self._send = send
        self._secure = secure
        self._of_slot: dict[int, Handshake] = {}
        self._running: set[int] = set()
        self._failures: list[tuple[int, str]] = []

    def knows(self, slot: int, peer: DtlsPeer) -> bool:
        """Whether the stream's handshake is with this peer already, so that its keys stay."""
        known = self._of_slot.get(slot)
        return known is not None and known.peer == peer

    def expect(self, slot: int, peer: DtlsPeer | None) -> None:
        """The stream's plan names this peer now; None: no handshake."""
        if peer is not None and self.knows(slot, peer):
            return
        self.forget(slot)
        if peer is not None:
            handshake = self._of_slot[slot] = Handshake.begin(self._identity, peer)
            self._running.add(slot)
            if peer.we_connect:
                self._carry(slot, handshake, handshake.advance())

    def forget(self, slot: int) -> None:
        """The stream is closed, or its keys come in another way."""
        self._of_slot.pop(slot, None)
        self._running.discard(slot)

    def receive(self, slot: int, record: bytes) -> None:
        """A record that came to the stream's port; one of a stream that is gone is nobody's."""
        handshake = self._of_slot.get(slot)
        if handshake is not None:
            self._carry(slot, handshake, handshake.receive(record))

    def repeat(self) -> None:
        """Send again what was not answered in time."""
        for slot in tuple(self._running):
            handshake = self._of_slot[slot]
            self._carry(slot, handshake, handshake.timed_out())

    def take_failures(self) -> list[tuple[int, str]]:
        """Slots whose handshake came to nothing since the last call, each with its reason."""
        failures, self._failures = self._failures, []
        return failures

    def _carry(self, slot: int, handshake: Handshake, records: list[bytes]) -> None:
        if slot in self._running and handshake.state is not State.RUNNING:
            self._running.discard(slot)
            if handshake.keys is not None:
                # Before our last record leaves: the peer may speak as soon as it has it.
                self._secure(slot, handshake.keys)
            else:
                self._failures.append((slot, handshake.failure))
        for record in records:
            self._send(slot, record)
