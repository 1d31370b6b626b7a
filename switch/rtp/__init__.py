"""RTP's formats in Python: the reference that the C engine is tested against. Never on the packet path."""

from switch.rtp.packet import RtpError, RtpPacket, is_rtcp
from switch.rtp.rtcp import Block, Report, SenderInfo
from switch.rtp.telephone_event import KEYS, KeyDetector, KeyPress, TelephoneEvent

__all__ = [
    "KEYS",
    "Block",
    "KeyDetector",
    "KeyPress",
    "Report",
    "RtpError",
    "RtpPacket",
    "SenderInfo",
    "TelephoneEvent",
    "is_rtcp",
]
