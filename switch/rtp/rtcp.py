"""RTCP's reports (RFC 3550 section 6): the reference that `switch/engine/rtcp.c` is tested against."""

import struct
from dataclasses import dataclass

from switch.rtp.packet import VERSION, RtpError

SENDER_REPORT, RECEIVER_REPORT, DESCRIPTION, BYE = 200, 201, 202, 203
_CNAME = 1
_SENDER = struct.Struct("!QIII")
_BLOCK = struct.Struct("!IIIIII")


@dataclass(frozen=True, slots=True)
class Block:
    """What the report's writer has heard of `ssrc` (section 6.4.1). `delay` in 65536ths of a second."""

    ssrc: int
    fraction_lost: int = 0
    lost: int = 0
    highest: int = 0
    jitter: int = 0
    last_report: int = 0
    delay: int = 0

    @classmethod
    def parse(cls, data: bytes) -> "Block":
        ssrc, loss, highest, jitter, last_report, delay = _BLOCK.unpack(data)
        lost = loss & 0xFFFFFF
        signed = lost - 0x1000000 if lost & 0x800000 else lost
        return cls(ssrc, loss >> 24, signed, highest, jitter, last_report, delay)

    def serialize(self) -> bytes:
        loss = self.fraction_lost << 24 | self.lost & 0xFFFFFF
        return _BLOCK.pack(self.ssrc, loss, self.highest, self.jitter, self.last_report, self.delay)


@dataclass(frozen=True, slots=True)
class SenderInfo:
    """`ntp` is 64 bits since 1900, 32 of them a fraction; `timestamp` is the RTP clock's at that moment."""

    ntp: int
    timestamp: int
    packets: int
    octets: int


@dataclass(frozen=True, slots=True)
class Report:
    """One compound packet: a report, the writer's name, and whether it leaves."""

    ssrc: int
    sender: SenderInfo | None = None
    blocks: tuple[Block, ...] = ()
    cname: str = ""
    bye: bool = False

    @classmethod
    def parse(cls, datagram: bytes) -> "Report":
        """Raises `RtpError` where any part of the compound packet is wrong (section A.2)."""
        packets = _split(datagram)
        kind, count, body = packets[0]
        if kind not in (SENDER_REPORT, RECEIVER_REPORT):
            raise RtpError(f"a compound packet begins with {kind}")
        start = 4 + (_SENDER.size if kind == SENDER_REPORT else 0)
        if len(body) < start + count * _BLOCK.size:
            raise RtpError("cut short in the blocks")
        (ssrc,) = struct.unpack_from("!I", body)
        sender = SenderInfo(*_SENDER.unpack_from(body, 4)) if kind == SENDER_REPORT else None
        ends = range(start, start + count * _BLOCK.size, _BLOCK.size)
        blocks = tuple(Block.parse(body[at : at + _BLOCK.size]) for at in ends)
        cname, bye = "", False
        for kind, count, body in packets[1:]:
            if kind == BYE:
                if len(body) < 4 * count:
                    raise RtpError("cut short in the good-bye")
                bye = bye or ssrc in struct.unpack_from(f"!{count}I", body)
            elif kind == DESCRIPTION and count and len(body) > 6 and body[4] == _CNAME:
                cname = body[6 : 6 + body[5]].decode("utf-8", "replace")
        return cls(ssrc, sender, blocks, cname, bye)

    def serialize(self) -> bytes:
        body = struct.pack("!I", self.ssrc)
        if self.sender is not None:
            info = self.sender
            body += _SENDER.pack(info.ntp, info.timestamp, info.packets, info.octets)
        body += b"".join(block.serialize() for block in self.blocks)
        written = _packet(RECEIVER_REPORT if self.sender is None else SENDER_REPORT, len(self.blocks), body)
        name = self.cname.encode()
        chunk = struct.pack("!IBB", self.ssrc, _CNAME, len(name)) + name
        written += _packet(DESCRIPTION, 1, chunk + bytes(4 - len(chunk) % 4))
        if self.bye:
            written += _packet(BYE, 1, struct.pack("!I", self.ssrc))
        return written


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", VERSION << 6 | count, kind, len(body) // 4) + body


def _split(datagram: bytes) -> list[tuple[int, int, bytes]]:
    """Type, count and body of each packet."""
    packets, at = [], 0
    while at < len(datagram):
        if len(datagram) - at < 4 or datagram[at] >> 6 != VERSION:
            raise RtpError("no header of RTCP")
        length = 4 * (int.from_bytes(datagram[at + 2 : at + 4], "big") + 1)
        end = at + length
        if end > len(datagram):
            raise RtpError("cut short")
        if datagram[at] & 0x20 and (at == 0 or end != len(datagram)):
            raise RtpError("padding before the end")
        packets.append((datagram[at + 1], datagram[at] & 0x1F, datagram[at + 4 : end]))
        at = end
    if not packets:
        raise RtpError("nothing")
    return packets
