"""Reads the UDP payloads of a capture: classic pcap, IPv4, without anything of ours."""

import struct
from pathlib import Path

# Bytes before the IP header, by link type: Ethernet, Linux cooked.
_LINK_HEADER = {1: 14, 113: 16}


def udp_payloads(path: Path) -> list[tuple[float, bytes]]:
    """Capture time in seconds and payload of each UDP datagram."""
    data = path.read_bytes()
    order = "<" if data[:4] == b"\xd4\xc3\xb2\xa1" else ">"
    skipped = _LINK_HEADER[struct.unpack_from(order + "I", data, 20)[0]]
    found = []
    at = 24
    while at + 16 <= len(data):
        seconds, microseconds, captured, _ = struct.unpack_from(order + "IIII", data, at)
        frame = data[at + 16 + skipped : at + 16 + captured]
        at += 16 + captured
        header = (frame[0] & 0x0F) * 4
        if frame[9] == 17:
            length = struct.unpack_from("!H", frame, header + 4)[0]
            found.append((seconds + microseconds / 1e6, frame[header + 8 : header + length]))
    return found
