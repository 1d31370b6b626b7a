"""A jitter buffer of the engine's C under a virtual clock, and the language in which its tests are written.

A script is read line by line:

    put N ...    packets N arrive now. Packet N is sent `ptime` after packet N-1
    run MS       time passes, in ticks of 10 ms: each takes what it hears
    play N ...   the same as, for each N: put N, then run one packet time; `-` is a packet that does not come
    heard WORDS  what was heard since the last `heard`, without the silence before the first packet:
                 a number is that packet, L a lost packet (its packet time), s a tick starved, z a tick of the
                 sender's silence, and - a tick without anything. 3*s is s s s
    silence MS   the sender says nothing for so long: timestamps go on, sequence numbers do not
    key          a telephone event arrives: a sequence number that is no audio
    ptime MS     of the packets from here on
    sender X     packets come from another SSRC from here on
    clock MS     the sender's clock jumps by so much
    count NAME N a counter of the buffer
    delay A B    a packet that nothing held up would wait between A and B ms
    target A B   what the buffer wants to wait
"""

import ctypes
import re
from collections.abc import Callable

from tests.engine.build import c_library

TICK_MS = 10
CELL_BYTES = 480
NAMES = ("packets", "late", "duplicates", "discarded", "resets", "concealed_units", "target_ms")
PACKET, LOST, PAUSE, STARVED, SILENT = range(5)


class RtpPacketC(ctypes.Structure):
    """`struct rtp_packet`."""

    _fields_ = (
        ("payload", ctypes.c_char_p),
        ("payload_bytes", ctypes.c_size_t),
        ("timestamp", ctypes.c_uint32),
        ("ssrc", ctypes.c_uint32),
        ("sequence", ctypes.c_uint16),
        ("payload_type", ctypes.c_uint8),
        ("marker", ctypes.c_bool),
    )


class Piece(ctypes.Structure):
    """`struct jitter_piece`."""

    _fields_ = (
        ("units", ctypes.c_uint32),
        ("skip", ctypes.c_uint32),
        ("payload", ctypes.POINTER(ctypes.c_char)),
        ("bytes", ctypes.c_uint16),
    )


class Buffer:
    """One jitter buffer, taken from as an ear does: 10 ms of what it gave at each tick."""

    def __init__(self, units_per_ms: int = 8) -> None:
        self._c = c_library()
        for name in ("jitter_delay", "jitter_excess"):
            getattr(self._c, name).argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint64]
        self._c.jitter_bytes.restype = ctypes.c_size_t
        self._c.jitter_put.restype = ctypes.c_bool
        self._c.jitter_put.argtypes = [
            ctypes.c_void_p,
            ctypes.POINTER(RtpPacketC),
            ctypes.c_uint32,
            ctypes.c_uint64,
        ]
        size = self._c.jitter_bytes(CELL_BYTES)
        self._memory = (ctypes.c_uint64 * (size // 8 + 1))()
        self._at = ctypes.addressof(self._memory)
        self._c.jitter_init(ctypes.c_void_p(self._at), CELL_BYTES, units_per_ms)
        self._c.jitter_counts.restype = ctypes.POINTER(ctypes.c_uint64)
        self.units_per_ms = units_per_ms
        self.ahead = 0

    def put(
        self, sequence: int, timestamp: int, units: int, now_us: int, *, ssrc: int = 1, name: int = 0
    ) -> bool:
        """`name` is what the payload says, for whoever takes it out."""
        payload = name.to_bytes(8, "big")
        packet = RtpPacketC(payload, len(payload), timestamp % 2**32, ssrc, sequence % 2**16)
        return bool(self._c.jitter_put(self._at, ctypes.byref(packet), units, now_us))

    def aside(self, sequence: int, timestamp: int, *, ssrc: int = 1) -> None:
        packet = RtpPacketC(b"", 0, timestamp % 2**32, ssrc, sequence % 2**16)
        self._c.jitter_aside(ctypes.c_void_p(self._at), ctypes.byref(packet))

    def take(self) -> tuple[int, Piece]:
        piece = Piece()
        return self._c.jitter_take(ctypes.c_void_p(self._at), ctypes.byref(piece)), piece

    def tick(self, heard: Callable[[int, Piece], None]) -> None:
        """What an ear does at a tick."""
        while self.ahead < TICK_MS * self.units_per_ms:
            verdict, piece = self.take()
            heard(verdict, piece)
            self.ahead += piece.units - piece.skip
        self.ahead -= TICK_MS * self.units_per_ms

    def delay_ms(self, now_us: int) -> float:
        return self._c.jitter_delay(self._at, self.ahead, now_us) / self.units_per_ms

    def excess_ms(self, now_us: int) -> float:
        return self._c.jitter_excess(self._at, self.ahead, now_us) / self.units_per_ms

    def counts(self) -> dict[str, int]:
        counts = self._c.jitter_counts(ctypes.c_void_p(self._at))
        return {name: counts[i] for i, name in enumerate(NAMES)}


class Script:
    """Runs the lines of a script; the first that does not hold fails with its text."""

    def __init__(self, text: str, first_sequence: int = 100, first_timestamp: int = 1000) -> None:
        self._lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
        self._buffer = Buffer()
        self._first_sequence = first_sequence
        self._now_us = 1_000_000
        self._ptime_ms = 20
        self._made = 0
        """Packets whose timestamp is known: those up to this one."""
        self._timestamps: dict[int, int] = {}
        self._end = first_timestamp
        """Of the newest packet that was made."""
        self._gap = 0
        self._keys = 0
        self._sequences: dict[int, int] = {}
        self._ssrc = 1
        self._heard: list[str] = []

    def run(self) -> None:
        for line in self._lines:
            word, *rest = line.split("#")[0].split()
            try:
                if word == "heard":
                    self._compare(tuple(rest))
                else:
                    getattr(self, f"_{word}")(*rest)
            except AssertionError as error:
                raise AssertionError(f"{line!r}: {error}") from error

    def _name(self, number: int) -> tuple[int, int]:
        """Sequence number and timestamp of packet N; the packets before it are made with it."""
        units = self._ptime_ms * self._buffer.units_per_ms
        while self._made < number:
            self._made += 1
            self._timestamps[self._made] = self._end + self._gap
            self._end = self._timestamps[self._made] + units
            self._sequences[self._made] = self._first_sequence + self._made + self._keys
            self._gap = 0
        return self._sequences[number], self._timestamps[number]

    def _put(self, *numbers: str) -> None:
        for number in map(int, numbers):
            sequence, timestamp = self._name(number)
            units = self._ptime_ms * self._buffer.units_per_ms
            self._buffer.put(sequence, timestamp, units, self._now_us, ssrc=self._ssrc, name=number)

    def _run(self, ms: str) -> None:
        for _ in range(int(ms) // TICK_MS):
            self._buffer.tick(self._hear)
            self._now_us += TICK_MS * 1000

    def _hear(self, verdict: int, piece: Piece) -> None:
        if verdict == PACKET:
            self._heard.append(str(int.from_bytes(piece.payload[:8], "big")))
        else:
            self._heard.append({LOST: "L", STARVED: "s", PAUSE: "z", SILENT: "-"}[verdict])

    def _play(self, *numbers: str) -> None:
        for number in numbers:
            first, _, last = number.partition("..")
            for each in range(int(first), int(last or first) + 1) if first != "-" else ["-"]:
                if each != "-":
                    self._put(str(each))
                self._run(str(self._ptime_ms))

    def _take_heard(self) -> list[str]:
        heard, self._heard = self._heard, []
        while heard and heard[0] in "z-":
            heard.pop(0)
        return heard

    def _compare(self, words: tuple[str, ...]) -> None:
        wanted: list[str] = []
        for word in words:
            times = re.fullmatch(r"(\d+)\*(.)", word)
            spread = re.fullmatch(r"(\d+)\.\.(\d+)", word)
            if times is not None:
                wanted += [times[2]] * int(times[1])
            elif spread is not None:
                wanted += [str(i) for i in range(int(spread[1]), int(spread[2]) + 1)]
            else:
                wanted.append(word)
        heard = self._take_heard()
        assert heard == wanted, f"heard {' '.join(heard)}"

    def _silence(self, ms: str) -> None:
        self._gap += int(ms) * self._buffer.units_per_ms

    _clock = _silence

    def _key(self) -> None:
        self._keys += 1
        sequence = self._first_sequence + self._made + self._keys
        self._buffer.aside(sequence, self._end, ssrc=self._ssrc)

    def _ptime(self, ms: str) -> None:
        self._ptime_ms = int(ms)

    def _sender(self, ssrc: str) -> None:
        self._ssrc = int(ssrc)

    def _count(self, name: str, number: str) -> None:
        counted = self._buffer.counts()[name]
        assert counted == int(number), f"it is {counted}"

    def _delay(self, low: str, high: str) -> None:
        delay = self._buffer.delay_ms(self._now_us)
        assert int(low) <= delay <= int(high), f"it is {delay}"

    def _target(self, low: str, high: str) -> None:
        target = self._buffer.counts()["target_ms"]
        assert int(low) <= target <= int(high), f"it is {target}"
