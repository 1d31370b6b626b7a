"""One RTP packet (RFC 3550 section 5.1)."""

import struct
from dataclasses import dataclass

from switch.base.errors import PeerError

VERSION = 2
FIXED_HEADER = struct.Struct("!BBHII")


class RtpError(PeerError):
    """A datagram that is no RTP packet."""


def is_rtcp(datagram: bytes) -> bool:
    """RTCP on RTP's port: packet types 192 to 223 stand where RTP has marker and payload type (RFC 5761)."""
    return len(datagram) >= 2 and datagram[0] >> 6 == VERSION and 192 <= datagram[1] <= 223


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """What the fixed header says, and the payload. CSRCs, extension, padding are skipped, never written."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    @classmethod
    def parse(cls, datagram: bytes) -> "RtpPacket":
        """Raises `RtpError`."""
        if len(datagram) < FIXED_HEADER.size:
            raise RtpError(f"{len(datagram)} bytes are less than a header")
        first, second, sequence, timestamp, ssrc = FIXED_HEADER.unpack_from(datagram)
        if first >> 6 != VERSION:
            raise RtpError(f"version {first >> 6}")
        if is_rtcp(datagram):
            raise RtpError("RTCP")
        body = datagram[FIXED_HEADER.size + 4 * (first & 0x0F) :]
        if len(datagram) < FIXED_HEADER.size + 4 * (first & 0x0F):
            raise RtpError("cut short in the contributing sources")
        if first & 0x10:
            body = _after_extension(body)
        if first & 0x20:
            body = _without_padding(body)
        return cls(second & 0x7F, sequence, timestamp, ssrc, body, bool(second & 0x80))

    def serialize(self) -> bytes:
        header = FIXED_HEADER.pack(
            VERSION << 6,
            self.marker << 7 | self.payload_type,
            self.sequence,
            self.timestamp,
            self.ssrc,
        )
        return header + self.payload


def _after_extension(body: bytes) -> bytes:
    if len(body) < 4:
        raise RtpError("cut short in the extension's header")
    words = int.from_bytes(body[2:4], "big")
    if len(body) < 4 + 4 * words:
        raise RtpError("cut short in the extension")
    return body[4 + 4 * words :]


def _without_padding(body: bytes) -> bytes:
    # The count includes itself, so that neither 0 nor an empty body can be right.
    if not body or not 0 < body[-1] <= len(body):
        raise RtpError("padding longer than the payload")
    return body[: -body[-1]]
