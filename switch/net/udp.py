"""SIP over UDP: one socket, read until it is empty, with the errors that the network sends back.

Theory of operation. The socket is read by us and not by a library, for two reasons. Everything that waits in
the kernel is taken at once and put into the one queue (`intake`), where it is told apart before anything is
lost. And the kernel is asked to keep ICMP errors with the datagram that they quote (`IP_RECVERR`): so a phone
or gateway that is gone fails at once the one transaction that spoke to it, where a timer would take 32 s.

An ICMP error can be forged by whoever knows two addresses. So it counts only where it quotes the branch of a
transaction of ours: 100 bits that only somebody on the way has seen.

Event loops do not agree on what an error condition of a socket means (uvloop ends its watch for good). So the
loop watches an epoll descriptor that holds the socket: that is merely readable, whatever happened.
"""

import asyncio
import errno
import re
import select
import socket
import struct
from collections.abc import Hashable

from switch.base.errors import ResourceError
from switch.net import stun
from switch.net.datagrams import BATCH, Datagrams, datagrams
from switch.net.intake import Intake
from switch.net.ports import NetCounts, Receiver
from switch.sip.flow import Address, Flow, Transport

READS_MAX = 16
"""Batches taken before the queue is worked off for a slice: 512 datagrams, half a millisecond's worth."""

ERRORS_MAX = 64
"""ICMP errors taken at a time; a scan of the network must not hold the reader."""

KERNEL_BUFFER = 4 << 20
"""What we ask the kernel to keep while the loop is busy. To a process without privileges it grants no more
than `net.core.rmem_max`, often 208 kB: a twentieth of a second of 600 calls a second."""

FLOWS_MAX = 16_384
"""Sources whose flow is kept made; forgotten all at once when a spoofed flood has filled the table."""

PORT_MAX = 65_535

_SO_RCVBUFFORCE = 33
_SO_MEMINFO, _MEMINFO = 55, struct.Struct("=9I")
_MEMINFO_DROPS = 8
"""asm-generic/socket.h and linux/sock_diag.h (SK_MEMINFO_DROPS), since Linux 4.12."""
_IP_RECVERR, _IPV6_RECVERR = 11, 25
"""linux/in.h and in6.h; Python names neither."""
_ORIGIN_LOCAL = 1
"""linux/errqueue.h: SO_EE_ORIGIN_LOCAL, an error of our own kernel; ICMP is 2, ICMPv6 is 3."""
_EXTENDED_ERROR = struct.Struct("=IB")
_QUOTE_BYTES = 2_048
_BRANCH = re.compile(rb";[ \t]*branch[ \t]*=[ \t]*([A-Za-z0-9.!%*_+`'~-]+)")

_KEEPALIVE_BYTES_MAX = 8
_PING, _PONG = b"\r\n\r\n", b"\r\n"


class UdpListener:
    """One bound UDP address."""

    def __init__(self, counts: NetCounts, intake: Intake) -> None:
        self._counts = counts
        self._intake = intake
        self._receiver: Receiver | None = None
        self._socket: socket.socket | None = None
        self._epoll: select.epoll | None = None
        self._datagrams: Datagrams | None = None
        self._flows: dict[Hashable, Flow] = {}
        """By source."""
        self._sources: dict[tuple[str, int], Hashable] = {}
        """By host and port; of the same as `_flows`."""
        self._family = socket.AF_INET
        self.address = Address("", 0)
        """As peers see it."""

    def open(self, bind: Address, advertised: Address | None = None) -> Address:
        """Bind; port 0 asks for any. Raises ResourceError with one line. What comes waits for `start`.

        The bound address comes back; `advertised` is what flows call ours, the bound one where it is None.
        """
        self._family = socket.AF_INET6 if ":" in bind.host else socket.AF_INET
        made = socket.socket(self._family, socket.SOCK_DGRAM)
        try:
            made.setblocking(False)
            if self._family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                made.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
            else:
                made.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            _ask_for_room(made)
            made.bind((bind.host, bind.port))
        except OSError as error:
            made.close()
            raise ResourceError(
                f"cannot listen on UDP {bind}: {error.strerror or error}; choose another with --sip"
            ) from error
        bound = Address(bind.host, made.getsockname()[1])
        self._socket, self._datagrams = made, datagrams(made)
        self.address = advertised or bound
        return bound

    @property
    def lost(self) -> int:
        """Datagrams that the kernel dropped since the start, because its buffer was full."""
        if self._socket is None:
            return 0
        try:
            told = self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
        except OSError:
            return 0  # a kernel that does not tell
        return int(_MEMINFO.unpack(told)[_MEMINFO_DROPS]) if len(told) == _MEMINFO.size else 0

    def start(self, receiver: Receiver) -> None:
        """Hand up what comes."""
        assert self._socket is not None, "open comes before start"
        self._receiver = receiver
        self._epoll = select.epoll()
        self._epoll.register(self._socket.fileno(), select.EPOLLIN)
        asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._readable)

    def _readable(self) -> None:
        """Take all that there is, then let it be worked off."""
        assert self._datagrams is not None, "a closed socket is not watched"
        taken = 0
        for _ in range(READS_MAX):
            try:
                received = self._datagrams.receive()
            except OSError:
                # An error that the kernel holds against the socket: it is told here once, and cleared.
                self._counts.socket_errors += 1
                continue
            for data, source in received:
                self._take(data, source)
            taken += len(received)
            if len(received) < BATCH:
                break
        if taken == 0:
            self._read_errors()
        self._counts.datagrams_received += taken
        self._intake.drain()

    def _take(self, data: bytes, source: Hashable) -> None:
        flow = self._flows.get(source)
        if flow is None:
            flow = self._flow(source)
        # A message begins with a letter: what does not is a keep-alive, or nothing.
        if len(data) <= _KEEPALIVE_BYTES_MAX and not data.strip(b"\r\n\0"):
            self._counts.keepalives += 1
            if data == _PING:
                # RFC 5626 asks this of streams; phones that do it here hold their NAT open as well by the
                # answer. A pong gets none, so that two switches cannot keep each other busy.
                self.send(_PONG, flow)
        elif data[0] < 0x40 and stun.is_stun(data):
            self._counts.keepalives += 1
            said = stun.answer(data, flow.remote.host, flow.remote.port)
            if said is not None:
                self.send(said, flow)
        else:
            self._intake.put(data, flow)

    def _flow(self, source: Hashable) -> Flow:
        assert self._datagrams is not None, "a closed socket is not watched"
        if len(self._flows) >= FLOWS_MAX:
            self._flows.clear()
            self._sources.clear()
        host, port = self._datagrams.name(source)
        flow = Flow(Transport.UDP, self.address, Address(host, port))
        self._flows[source] = flow
        self._sources[host, port] = source
        return flow

    def send(self, data: bytes, flow: Flow) -> None:
        """Put one datagram on the wire; a full buffer or a bad address loses it, counted."""
        remote = flow.remote
        if self._socket is None or not 0 < remote.port <= PORT_MAX:
            self._unsent(flow)
            return
        try:
            self._send(data, remote)
        except BlockingIOError:
            # The kernel's buffer is full: a loss like any other on the way.
            self._counts.datagrams_unsent += 1
        except (OSError, ValueError):
            # A Via or Contact may name an address that no socket takes (another family, a name).
            self._unsent(flow)

    def _send(self, data: bytes, remote: Address) -> None:
        """Never asks a resolver: what is no address is an error."""
        assert self._socket is not None, "only an open socket sends"
        assert self._datagrams is not None, "they come together"
        source = self._sources.get((remote.host, remote.port))
        if source is None:
            socket.inet_pton(self._family, remote.host.partition("%")[0])
        for last in (False, True):
            try:
                if source is None:
                    self._socket.sendto(data, (remote.host, remote.port))
                else:
                    self._datagrams.send(data, source)
            except OSError as error:
                # The kernel may tell here of a datagram that was sent before to somebody else.
                if last or error.errno not in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH):
                    raise
            else:
                return

    def _unsent(self, flow: Flow) -> None:
        self._counts.datagrams_unsent += 1
        if self._receiver is not None:
            self._receiver.failed(flow)

    def _read_errors(self) -> None:
        """ICMP errors, each with the datagram of ours that it quotes."""
        assert self._socket is not None, "a closed socket is not watched"
        for _ in range(ERRORS_MAX):
            try:
                quote, ancillary, _, remote = self._socket.recvmsg(_QUOTE_BYTES, 512, socket.MSG_ERRQUEUE)
            except OSError:
                return
            if not remote or not any(_is_icmp(level, kind, data) for level, kind, data in ancillary):
                continue
            self._counts.unreachable += 1
            # An answer is quoted with the peer's branch, a request of ours with our own.
            branch = _BRANCH.search(quote)
            if branch is not None and self._receiver is not None and not quote.startswith(b"SIP/2.0 "):
                flow = Flow(Transport.UDP, self.address, Address(remote[0], remote[1]))
                self._receiver.failed(flow, branch.group(1).decode("ascii"))

    async def close(self) -> None:
        if self._epoll is not None:
            asyncio.get_running_loop().remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None
        if self._socket is not None:
            self._socket.close()
            self._socket = self._datagrams = None


def _ask_for_room(made: socket.socket) -> None:
    try:
        made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, KERNEL_BUFFER)
    except OSError:
        # Beyond the machine's limit only for CAP_NET_ADMIN, which a switch has no other use for.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BUFFER)


def _is_icmp(level: int, kind: int, data: bytes) -> bool:
    """An error that came over the network and is final for this datagram."""
    if (level, kind) not in ((socket.IPPROTO_IP, _IP_RECVERR), (socket.IPPROTO_IPV6, _IPV6_RECVERR)):
        return False
    number, origin = _EXTENDED_ERROR.unpack_from(data)
    # "Too big" is for the kernel, which remembers the path's size and fragments what follows.
    return origin > _ORIGIN_LOCAL and number not in (errno.EMSGSIZE, 0)
