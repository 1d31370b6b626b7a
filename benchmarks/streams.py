"""Memory of relayed legs, and what opening and closing streams leaves behind.

    python benchmarks/streams.py [--streams 100000] [--slots 2000]

Both are of the whole process (resident set), measured in processes of their own. A leg's share is what an
engine of `--slots` streams that are open, bridged and relaying takes more than one of a tenth of them; the
kernel's own memory for sockets is not in it.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from switch.engine import Engine
from switch.media.commands import Bridge, CloseStream, OpenStream
from switch.media.events import StreamClosed
from switch.media.plan import Codec, SrtpKeys, SrtpSuite, StreamPlan
from switch.rtp import RtpPacket

PORTS = (30000, 49000)
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
CYCLE_SLOTS = 200
WARM_UP = 40
"""Rounds before the first look: what is allocated once (tables, objects of Python) is there by then, and the
rings have gone round, which touch their last page only then."""


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


def _settle(engine: Engine) -> int:
    """Wait until all commands are applied; the streams that were closed since."""
    closed = 0
    while engine.stats().commands_waiting:
        closed += sum(isinstance(event, StreamClosed) for event in engine.poll())
        time.sleep(0.001)
    return closed + sum(isinstance(event, StreamClosed) for event in engine.poll())


def relaying(slots: int) -> int:
    """Bytes of a process whose engine relays on all of its slots."""
    engine = Engine("127.0.0.1", PORTS, slots)
    engine.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 0))
        plan = StreamPlan("127.0.0.1", phone.getsockname()[1], Codec.PCMU, 0)
        for slot in range(slots):
            assert engine.submit(OpenStream(slot, plan))
        for slot in range(0, slots, 2):
            assert engine.submit(Bridge(slot, slot + 1))
        _settle(engine)
        for sequence in range(10):
            for slot in engine.slots:
                packet = RtpPacket(0, sequence, 160 * sequence, slot.number, bytes(160))
                phone.sendto(packet.serialize(), ("127.0.0.1", slot.port))
        time.sleep(0.5)
        assert engine.stats().packets_relayed > 0
        found = resident_bytes()
    engine.close()
    return found


def growth(streams: int, *, secured: bool) -> int:
    """Bytes more after so many streams were opened, bridged and closed than after the first few."""
    engine = Engine("127.0.0.1", PORTS, CYCLE_SLOTS)
    engine.start()
    suite = SrtpSuite.AES_CM_128_HMAC_SHA1_80
    keys = SrtpKeys(suite, bytes(suite.key_bytes), bytes(suite.key_bytes)) if secured else None
    plan = StreamPlan("127.0.0.1", 9, Codec.PCMU, 0, srtp=keys)
    before = 0
    for turn in range(WARM_UP + streams // CYCLE_SLOTS):
        if turn == WARM_UP:
            before = resident_bytes()
        for slot in range(CYCLE_SLOTS):
            assert engine.submit(OpenStream(slot, plan))
        for slot in range(0, CYCLE_SLOTS, 2):
            assert engine.submit(Bridge(slot, slot + 1))
        for slot in range(CYCLE_SLOTS):
            assert engine.submit(CloseStream(slot))
        closed = _settle(engine)
        while closed < CYCLE_SLOTS:
            closed += _settle(engine)
    after = resident_bytes()
    assert engine.stats().streams_open == 0
    engine.close()
    return after - before


def apart(call: str) -> int:
    """The number that a function of this file gives in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", f"from benchmarks import streams; print(streams.{call})"],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def leg_bytes(slots: int) -> float:
    """A relayed leg's share."""
    return (apart(f"relaying({slots})") - apart(f"relaying({slots // 10})")) / (slots - slots // 10)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=100_000)
    parser.add_argument("--slots", type=int, default=2_000)
    arguments = parser.parse_args()
    print(f"a relayed leg: {leg_bytes(arguments.slots) / 1024:.1f} kB")
    for secured in (False, True):
        grown = apart(f"growth({arguments.streams}, secured={secured})")
        kind = "SRTP" if secured else "RTP"
        print(f"{arguments.streams} {kind} streams opened and closed: {grown} bytes more")
    return 0


if __name__ == "__main__":
    sys.exit(main())
