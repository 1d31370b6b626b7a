"""Binding RTP ports in advance, so that SDP can answer at once and a taken port is found at the start."""

import errno
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from switch.base.errors import ResourceError

# Expedited forwarding (RFC 3246), code point 46 in the upper six bits: what networks give to voice.
TRAFFIC_CLASS_VOICE = 46 << 2

_OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)


@dataclass(frozen=True, slots=True)
class PortPair:
    """An even port for RTP and the next one for RTCP (RFC 3550 section 11)."""

    rtp: socket.socket
    rtcp: socket.socket
    port: int

    def close(self) -> None:
        self.rtp.close()
        self.rtcp.close()


def bind_pairs(address: IPv4Address | IPv6Address, first: int, last: int, count: int) -> list[PortPair]:
    """Bind `count` pairs in `first` to `last`, both included. A pair with a taken port is skipped.

    Raises `ResourceError` when there are not enough, and then leaves nothing bound.
    """
    with ExitStack() as undo:
        pairs: list[PortPair] = []
        for port in range(first + first % 2, last, 2):
            if len(pairs) == count:
                break
            pair = _bind_pair(address, port, len(pairs), count)
            if pair is not None:
                undo.callback(pair.close)
                pairs.append(pair)
        if len(pairs) < count:
            raise ResourceError(
                f"only {len(pairs)} of {count} pairs of RTP ports are free on {address}, {first} to {last}: "
                "another program has them; choose others with --rtp"
            )
        undo.pop_all()
        return pairs


def _bind_pair(address: IPv4Address | IPv6Address, port: int, bound: int, count: int) -> PortPair | None:
    """The pair, or None when one of its ports is taken."""
    with ExitStack() as undo:
        sockets: list[socket.socket] = []
        for number in (port, port + 1):
            try:
                opened = socket.socket(
                    socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_DGRAM
                )
                undo.callback(opened.close)
                opened.setblocking(False)
                if address.version == 6:
                    # The wildcard is for both families, whatever the machine's default is.
                    opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not address.is_unspecified)
                opened.bind((str(address), number))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    return None
                raise _refusal(error, address, number, bound, count) from error
            sockets.append(opened)
        rtp, rtcp = sockets
        if address.version == 4:
            rtp.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, TRAFFIC_CLASS_VOICE)
        else:
            rtp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, TRAFFIC_CLASS_VOICE)
        undo.pop_all()
        return PortPair(rtp, rtcp, port)


def _refusal(
    error: OSError, address: IPv4Address | IPv6Address, port: int, bound: int, count: int
) -> ResourceError:
    if error.errno in _OUT_OF_DESCRIPTORS:
        return ResourceError(
            f"out of file descriptors after {bound} of {count} media slots, which need two each: "
            "raise LimitNOFILE (ulimit -n) or ask for fewer"
        )
    return ResourceError(
        f"cannot bind RTP port {port} on {address}: {error.strerror}; is it an address of this machine?"
    )
