"""rtpengine (Debian's `rtpengine-daemon`) in user space, told what to relay by its ng control protocol.

It is started on loopback with one thread for media, so that what it takes can be set against one thread of
ours, and ended with the benchmark.
"""

import re
import shutil
import socket
import subprocess
import tempfile
import time
from itertools import count
from types import TracebackType

PORTS = (50000, 59999)
START_S = 5.0


def available() -> bool:
    return shutil.which("rtpengine") is not None


def _encoded(value: object) -> bytes:
    """Bencode: what the ng protocol is written in."""
    if isinstance(value, dict):
        return b"d" + b"".join(_encoded(key) + _encoded(value[key]) for key in sorted(value)) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(map(_encoded, value)) + b"e"
    text = str(value).encode()
    return b"i" + text + b"e" if isinstance(value, int) else b"%d:%s" % (len(text), text)


def _session(port: int) -> str:
    lines = (
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        f"m=audio {port} RTP/AVP 0",
        "a=rtpmap:0 PCMU/8000",
    )
    return "".join(f"{line}\r\n" for line in lines)


class Rtpengine:
    """A process that relays; `relay` gives the ports that a pair of phones sends to."""

    def __init__(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self._control = probe.getsockname()
        self._folder = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [
                # It steps before the load, as the engine's thread and the floor do.
                *("chrt", "--rr", "1", "rtpengine"),
                "--foreground",
                "--log-stderr",
                "--log-level=1",
                "--table=-1",
                "--interface=127.0.0.1",
                f"--listen-ng=127.0.0.1:{self._control[1]}",
                f"--port-min={PORTS[0]}",
                f"--port-max={PORTS[1]}",
                "--num-threads=1",
                "--config-file=none",
                f"--pidfile={self._folder.name}/pid",
            ],
            stderr=subprocess.DEVNULL,
        )
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(1.0)
        self._cookies = count(1)
        deadline = time.monotonic() + START_S
        while True:
            try:
                self._ask({"command": "ping"})
                return
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    self.close()
                    raise RuntimeError("rtpengine does not start") from None
                time.sleep(0.05)

    def __enter__(self) -> "Rtpengine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._socket.close()
        self._folder.cleanup()

    @property
    def cpu_us(self) -> int:
        """Of the whole process: its media thread does nearly all of it."""
        return time.clock_gettime_ns((~self._process.pid << 3) | 2) // 1000

    def relay(self, left: int, right: int) -> tuple[int, int]:
        """Join two phones at these ports; where the first and the second one shall send."""
        call = f"call-{left}-{right}"
        common: dict[str, object] = {
            "call-id": call,
            "from-tag": "a",
            "replace": ["origin"],
            "ICE": "remove",
            "flags": ["trust-address"],
        }
        offered = self._ask({**common, "command": "offer", "sdp": _session(left)})
        answered = self._ask({**common, "command": "answer", "to-tag": "b", "sdp": _session(right)})
        return _port(answered), _port(offered)

    def _ask(self, question: dict[str, object]) -> bytes:
        cookie = b"%d " % next(self._cookies)
        self._socket.sendto(cookie + _encoded(question), self._control)
        while True:
            answer = self._socket.recv(65_535)
            if answer.startswith(cookie):
                return answer


def _port(answer: bytes) -> int:
    found = re.search(rb"m=audio (\d+) ", answer)
    if found is None:
        raise RuntimeError(f"rtpengine refuses: {answer!r}")
    return int(found[1])
