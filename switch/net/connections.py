"""All streams of one switch (TCP, TLS, WebSocket): how many there may be, and which is used again."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable
from itertools import count
from typing import Protocol

from switch.net.intake import Intake
from switch.net.ports import NetCounts, Receiver
from switch.sip.flow import Address, Flow, Transport
from switch.sip.transport import response_address

CONNECTIONS_MAX = 10_000
"""One an agent's phone, and room for a shift that comes while the other has not left."""

CONNECTIONS_PER_HOST_MAX = 2_000
"""A large office behind one NAT fits; one stranger cannot take all connections."""

WAYS_MAX = 2 * CONNECTIONS_MAX
"""Whom connections reach: of each one its peer, and for most a port that the peer named. A peer that names
ever other ports fills no table."""

LAPSED_MAX = 1_000
"""Connections of ours that ended, by whom they reached: a dialog that used one goes on by a new one. So many
gateways would have to close at the same time for one to be forgotten too early."""

ENDING_TURNS = 100
"""Hundredths of a second that an aborted connection may take to say so."""

Way = tuple[Transport, Address, str]
"""Whom a connection of ours reaches: the name is what its certificate proved, so that one address that serves
two carriers is not taken for either (RFC 5923 section 8.2)."""


class Stream(Protocol):
    """One connection, open or being opened."""

    flow: Flow

    def send(self, data: bytes) -> None:
        """Write, or keep until it is open."""

    def abort(self) -> None:
        """End it at once."""


Dial = Callable[[Flow], Stream]


class Connections:
    """The table that all stream listeners share."""

    def __init__(self, counts: NetCounts, intake: Intake) -> None:
        self.counts = counts
        self.intake = intake
        self._receiver: Receiver | None = None
        self._numbers = count(1)
        self._streams: dict[int, Stream] = {}
        self._hosts: Counter[str] = Counter()
        self._ways: dict[Way, int] = {}
        self._lapsed: OrderedDict[int, Flow] = OrderedDict()

    def start(self, receiver: Receiver) -> None:
        self._receiver = receiver

    @property
    def receiver(self) -> Receiver:
        assert self._receiver is not None, "nothing moves before start"
        return self._receiver

    def next_number(self) -> int:
        return next(self._numbers)

    def admit(self, host: str) -> bool:
        """Whether one more from this host may stand; counted if not."""
        if len(self._streams) < CONNECTIONS_MAX and self._hosts[host] < CONNECTIONS_PER_HOST_MAX:
            return True
        self.counts.connections_refused += 1
        if not self._hosts[host]:
            del self._hosts[host]
        return False

    def add(self, stream: Stream) -> None:
        self._streams[stream.flow.connection] = stream
        self._hosts[stream.flow.remote.host] += 1
        self.counts.connections[stream.flow.transport.value] += 1

    def add_ours(self, stream: Stream) -> None:
        """One that we open: later requests to the same peer use it (RFC 3261 section 18)."""
        self.add(stream)
        self._ways[_way(stream.flow)] = stream.flow.connection

    def alias(self, stream: Stream, port: int, name: str) -> None:
        """A peer that proved `name` wants our requests by its own connection (RFC 5923)."""
        if len(self._ways) >= WAYS_MAX:
            return
        remote = Address(stream.flow.remote.host, port)
        self._ways.setdefault((stream.flow.transport, remote, name), stream.flow.connection)

    def remove(self, stream: Stream) -> bool:
        """Forget one that ended; False where it was forgotten before."""
        flow = stream.flow
        if self._streams.pop(flow.connection, None) is None:
            return False
        self.counts.connections[flow.transport.value] -= 1
        self._hosts[flow.remote.host] -= 1
        if not self._hosts[flow.remote.host]:
            del self._hosts[flow.remote.host]
        if self._ways.get(_way(flow)) == flow.connection:
            del self._ways[_way(flow)]
            self._lapsed[flow.connection] = Flow(flow.transport, flow.local, flow.remote, 0, flow.server_name)
            if len(self._lapsed) > LAPSED_MAX:
                self._lapsed.popitem(last=False)
        for way in [way for way, number in self._ways.items() if number == flow.connection]:
            del self._ways[way]
        return True

    def send(self, data: bytes, flow: Flow, dial: Dial | None) -> None:
        """By the flow's connection; by one of ours to its remote address, opened by `dial` when needed."""
        number = flow.connection
        if number:
            stream = self._streams.get(number)
            if stream is None:
                self._send_anew(data, flow, dial)
                return
        else:
            stream = self._streams.get(self._ways.get(_way(flow), 0))
        if stream is None and dial is not None:
            stream = dial(flow)
        if stream is None:
            self.receiver.failed(flow)
        else:
            stream.send(data)

    def _send_anew(self, data: bytes, flow: Flow, dial: Dial | None) -> None:
        """The connection is gone. To a gateway that we had connected to, we connect again; an answer goes to
        its Via (RFC 3261 section 18.2.2); any other request has lost its way."""
        again = self._lapsed.get(flow.connection)
        if again is None and dial is not None:
            again = _answer_flow(data, flow)
        if again is None or dial is None:
            self.receiver.failed(flow)
        else:
            self.send(data, again, dial)

    def end_all(self) -> None:
        for stream in list(self._streams.values()):
            stream.abort()

    async def ended(self) -> None:
        """Wait until every end is told; a loop that is stopped before would tell none."""
        for _ in range(ENDING_TURNS):
            if not self._streams:
                return
            await asyncio.sleep(0.01)


def _way(flow: Flow) -> Way:
    return flow.transport, flow.remote, flow.server_name.lower()


def _answer_flow(data: bytes, flow: Flow) -> Flow | None:
    """By TLS only to a peer that had proved the name in its Via: others could not be told from strangers."""
    found = response_address(data, flow)
    if found is None:
        return None
    remote, host = found
    if flow.transport is Transport.TLS:
        if host.lower() not in flow.certificate_names:
            return None
        return Flow(flow.transport, flow.local, remote, 0, host)
    return Flow(flow.transport, flow.local, remote)
