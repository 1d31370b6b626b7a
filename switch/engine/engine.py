"""The owner of the media engine: typed commands in, typed events out.

Commands are values of `switch.media.commands`. `submit` turns one into a cell of the engine's command ring
and returns at once; the engine thread applies them in order. Events wait in the other ring; `fileno()`
becomes readable, and `poll()` takes them. No packet ever enters Python.
"""

import secrets
import sys
from array import array
from base64 import b64encode
from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import cast

from switch.base.errors import PeerError, ResourceError
from switch.engine import _engine
from switch.engine.detection import detected, raw_settings
from switch.engine.dtls import Identity
from switch.engine.handshakes import Handshakes
from switch.engine.ports import bind_pairs
from switch.engine.stats import EngineStats, RecordingStats
from switch.media.commands import (
    MEMBERS_MAX,
    USUAL_ANSWERS,
    Bridge,
    CloseStream,
    Command,
    Mix,
    MoveRecording,
    OpenStream,
    PacePlay,
    PauseRecording,
    Play,
    SendDigits,
    SoundFormat,
    StartDetection,
    StartRecording,
    SteerPlay,
    StopDetection,
    StopPlay,
    StopRecording,
    Unbridge,
    Unmix,
    UpdateStream,
)
from switch.media.events import (
    DigitReceived,
    Event,
    PlayFinished,
    RecordingEnded,
    RecordingReason,
    SecurityFailed,
    StreamAlarm,
    StreamClosed,
    StreamIdle,
    StreamLatched,
)
from switch.media.plan import IceCredentials, OpusSettings, Slot, SrtpKeys, SrtpSuite, StreamPlan
from switch.media.quality import NOTHING_HEARD, Alarm, StreamQuality

# RFC 4733 section 3.2: the events 0 to 15.
KEYS = "0123456789*#ABCD"

# Commands that may wait: some milliseconds' worth at thousands a second; each slot's close fits besides.
COMMANDS_MAX = 4096
# Events that may wait for a slow loop. A slot rarely has more than a few at once.
EVENTS_PER_SLOT = 8
EVENTS_MIN = 1024
# Different sounds: prompts of a large centre in two languages, and what reloads replaced since the start.
CLIPS_MAX = 8192
# Peers' addresses that are kept parsed: one an office or carrier, and room for phones that have their own.
ADDRESSES_KEPT = 4096


_SUITES = tuple(SrtpSuite)

# RFC 7022 section 5: 96 bits, which base64 makes the 16 characters of RTCP_CNAME_BYTES.
_CNAME_RANDOM_BYTES = 12
SUFFIXES = {SoundFormat.WAV: ".wav", SoundFormat.OPUS: ".opus"}
"""Of recorded files."""


_ALARMS = tuple(Alarm)

_Raw = tuple[int, bytes, bytes]
_Change = tuple[_Raw, bool, bool]


@lru_cache(ADDRESSES_KEPT)
def _parsed(host: str) -> IPv4Address | IPv6Address:
    """Reading one takes 3 µs, four times a call, and the same phones call all day. Raises ValueError."""
    return ip_address(host)


def _quality(values: tuple[int, ...]) -> StreamQuality:
    """Of the tuple in the order of view.h. A call without audio, as an unanswered one is, makes no object."""
    return StreamQuality(*values) if any(values) else NOTHING_HEARD


def _raw(keys: SrtpKeys) -> _Raw:
    return _SUITES.index(keys.suite), keys.inbound, keys.outbound


def _opus(settings: OpusSettings) -> tuple[int, int, bool, bool]:
    return settings.bitrate_max, settings.playback_rate_hz, settings.correct, settings.pause


def _native(pcm: bytes) -> bytes:
    """Little-endian samples as this machine has them."""
    if sys.byteorder == "little":
        return pcm
    samples = array("h", pcm)
    samples.byteswap()
    return samples.tobytes()


_MAPPED = bytes(10) + b"\xff\xff"


class UnusableAddressError(PeerError):
    """An address in the peer's session description that nothing can be sent to from here."""


class SlotState(IntEnum):
    FREE = 0
    OPEN = 1
    CLOSING = 2


class Engine:
    """Media threads with `slots` pre-bound RTP ports on `host`, out of `port_range` (first and last port).

    Slot number N begins on thread N modulo `threads`; streams of one bridge are brought to one thread.
    `host` is an IP address, and `::` takes both families; `advertised_host` is what SDP shall say when that
    is another one, as behind a static NAT. `recordings` is the folder below which recordings are written.
    `clock` is an eventfd: what is written to it are the ticks, and no other time passes; for one thread.
    Raises `ResourceError` when the machine has too few ports, descriptors or too little memory.
    """

    def __init__(
        self,
        host: str,
        port_range: tuple[int, int],
        slots: int,
        *,
        advertised_host: str | None = None,
        commands_max: int = COMMANDS_MAX,
        events_max: int | None = None,
        clips_max: int = CLIPS_MAX,
        threads: int = 1,
        recordings: str = "recordings",
        random_bits: Callable[[int], int] = secrets.randbits,
        clock: int | None = None,
    ) -> None:
        self._address = ip_address(host)
        self._dual = self._address == IPv6Address("::")
        self._random_bits = random_bits
        self._recordings = recordings
        self._threads = threads
        self._pairs = bind_pairs(self._address, port_range[0], port_range[1], slots)
        identity = Identity()
        self._handshakes = Handshakes(identity, self._send_record, self._secure)
        self._slots = tuple(
            Slot(number, advertised_host or host, pair.port, identity.fingerprint, not _engine.SRTP_MISSING)
            for number, pair in enumerate(self._pairs)
        )
        self._states = bytearray(slots)
        self._keys: list[SrtpKeys | None] = [None] * slots
        """Of each open stream: a plan with the same keys must not start them again."""
        self._ice: list[IceCredentials | None] = [None] * slots
        self._clips: dict[str, int] = {}
        self._sounds: dict[bytes, int] = {}
        """Clip numbers by what they sound like: a reload, or a second tenant, adds only what is new."""
        try:
            self._core = _engine.Core(
                [pair.rtp.fileno() for pair in self._pairs],
                [pair.rtcp.fileno() for pair in self._pairs],
                commands_max,
                events_max if events_max is not None else max(EVENTS_MIN, EVENTS_PER_SLOT * slots),
                clips_max,
                threads,
                -1 if clock is None else clock,
            )
        except (OSError, MemoryError) as error:
            self._close_sockets()
            raise ResourceError(f"cannot make a media engine of {slots} slots: {error}") from error

    @property
    def threads(self) -> int:
        return self._threads

    @property
    def slots(self) -> tuple[Slot, ...]:
        return self._slots

    def start(self) -> None:
        """Start the threads. Commands that were submitted before are applied now."""
        try:
            self._core.start()
        except OSError as error:
            raise ResourceError(f"cannot start the media engine: {error.strerror}") from error

    def close(self) -> None:
        """Stop the threads and free the ports. No packet is sent after this returns. Harmless twice."""
        self._core.close()
        self._close_sockets()

    def _close_sockets(self) -> None:
        for pair in self._pairs:
            pair.close()

    # Clips

    def add_clip(self, name: str, pcm: bytes, wide: bytes = b"", *, shared: bool = True) -> None:
        """Add a clip: 16-bit little-endian mono samples at 8 kHz. Any time, also while streams play.

        `wide` is the same at 16 kHz, twice as many samples, for listeners of a codec that carries it.

        A name that is there already means the new clip from the next `Play` on; playbacks that run keep the
        old one, which stays in memory. Not `shared`: `drop_clip` frees it. Raises `ResourceError` when the
        catalogue is full.
        """
        assert len(pcm) % 2 == 0, "a sample has two bytes"
        assert 0 < len(pcm) <= 2 * _engine.CLIP_SAMPLES_MAX, "a clip lasts from one sample to one hour"
        assert len(wide) in (0, 2 * len(pcm)), "the same sound at twice the rate, or nothing"
        hashed = blake2b(pcm, digest_size=16)
        hashed.update(wide)
        sound = hashed.digest() if shared else b""
        number = self._sounds.get(sound)
        if number is None:
            try:
                number = self._core.add_clip(_native(pcm), _native(wide))
            except OSError as error:
                raise ResourceError(f"no room for clip {name!r}: {error.strerror}") from error
            if shared:
                self._sounds[sound] = number
        self._clips[name] = number

    def drop_clip(self, name: str) -> None:
        """Free a clip that was not shared. Nobody may play it, nor have been told to, for some ticks."""
        self._core.drop_clip(self._clips.pop(name))

    def has_clip(self, name: str) -> bool:
        return name in self._clips

    # Commands and events

    def submit(self, command: Command) -> bool:
        """Queue a command and have it applied at once; see `post`."""
        accepted = self.post(command)
        self._core.wake()
        return accepted

    def post(self, command: Command) -> bool:
        """Queue a command for the engine's next tick, 10 ms away at most; False when the ring is full. A
        `CloseStream` always fits. To wake the engine costs more than to queue, a waking for each message of a
        call would be half of what its thread does, and what a command starts is heard at a tick anyway.

        Raises `KeyError` for a clip that was never added, `UnusableAddressError` for a plan whose remote
        address is no unicast address of our family. Commands for a stream that is closing or closed are
        harmless, except that a slot is opened and closed in turn.
        """
        match command:
            case OpenStream(slot, plan):
                assert self._states[slot] == SlotState.FREE, f"slot {slot} is in use"
                accepted = self._open(slot, plan, update=False)
                if accepted:
                    self._states[slot] = SlotState.OPEN
                return accepted
            case UpdateStream(slot, plan):
                return self._open(slot, plan, update=True)
            case CloseStream(slot):
                assert self._states[slot] == SlotState.OPEN, f"slot {slot} is not open"
                self._states[slot] = SlotState.CLOSING
                self._handshakes.forget(slot)
                accepted = self._core.close_stream(slot)
                assert accepted, "room for a close is reserved"
                return True
            case Bridge(left, right):
                assert left != right, "a stream is not bridged with itself"
                return self._core.bridge(left, right)
            case Unbridge(slot):
                return self._core.unbridge(slot)
            case Play(slot, playback, clips, loop, speed, volume):
                numbers = tuple(self._clips[name] for name in clips)
                return self._core.play(slot, playback, numbers, loop, speed, volume)
            case StopPlay(slot):
                return self._core.stop_play(slot)
            case SteerPlay(slot, playback, how, ms):
                return self._core.steer_play(slot, playback, how, 8 * ms)
            case PacePlay(slot, playback, speed, volume):
                return self._core.pace_play(slot, playback, speed, volume)
            case SendDigits(slot, digits, ms):
                return self._core.send_digits(slot, bytes(KEYS.index(digit) for digit in digits), ms)
            case StartRecording():
                return self._record(command)
            case Mix(room, members, levels):
                index = {member.slot: 1 << place for place, member in enumerate(members)}
                assert len(index) == len(members) <= MEMBERS_MAX, "each stream once, and not too many"
                sets = tuple((member.slot, sum(index[heard] for heard in member.hears)) for member in members)
                return self._core.mix(room, levels, sets)
            case Unmix(room):
                return self._core.unmix(room)
            case StopRecording(slot, recording):
                return self._core.stop_recording(slot, recording)
            case PauseRecording(slot, recording, paused):
                return self._core.pause_recording(slot, recording, paused)
            case MoveRecording(slot, to):
                return self._core.move_recording(slot, to)
            case StartDetection(slot, detectors, silence_ms, answers):
                return self._core.detect(slot, detectors, 0, silence_ms, raw_settings(answers))
            case StopDetection(slot, detectors):
                return self._core.detect(slot, 0, detectors, 0, raw_settings(USUAL_ANSWERS))

    def _record(self, order: StartRecording) -> bool:
        path = f"{self._recordings}/{order.path}{SUFFIXES[order.format]}"
        return self._core.record(
            order.slot,
            order.recording,
            path,
            order.format,
            order.rate_hz,
            order.channels,
            order.seconds_max,
            order.silence_ms,
        )

    def _open(self, slot: int, plan: StreamPlan, *, update: bool) -> bool:
        assert 10 <= plan.ptime_ms <= 60, "packet times from 10 to 60 ms"
        dtmf = -1 if plan.dtmf_payload_type is None else plan.dtmf_payload_type
        # One question for all three (RFC 3550 section 5.1): each costs a system call. An update goes on with
        # what the stream has.
        random = 0 if update else self._random_bits(32 + 16 + 32 + 8 * _CNAME_RANDOM_BYTES)
        accepted = self._core.open_stream(
            update,
            slot,
            self._remote(plan),
            plan.remote_port,
            plan.codec,
            plan.payload_type,
            dtmf,
            plan.payload_type if plan.receive_payload_type is None else plan.receive_payload_type,
            dtmf if plan.receive_dtmf_payload_type is None else plan.receive_dtmf_payload_type,
            plan.ptime_ms,
            plan.sends,
            plan.receives,
            plan.symmetric,
            plan.idle_s,
            random >> 48 & 0xFFFF_FFFF,
            random & 0xFFFF,
            random >> 16 & 0xFFFF_FFFF,
            plan.dtls is not None,
            self._security(slot, plan, update=update),
            self._credentials(slot, plan, update=update),
            plan.rtcp_mux,
            plan.rtcp_port,
            b"" if update else b64encode((random >> 80).to_bytes(_CNAME_RANDOM_BYTES, "big")),
            None if plan.opus is None else _opus(plan.opus),
            plan.key_tones,
            -1 if plan.noise_payload_type is None else plan.noise_payload_type,
            plan.ptime_max_ms,
        )
        if accepted:
            self._keys[slot], self._ice[slot] = plan.srtp, plan.ice
            self._handshakes.expect(slot, plan.dtls)
        return accepted

    def _security(self, slot: int, plan: StreamPlan, *, update: bool) -> _Change | bool | None:
        keys = plan.srtp
        if plan.dtls is not None:
            return True if update and self._handshakes.knows(slot, plan.dtls) else None
        if keys is None:
            return None
        before = self._keys[slot] if update else None
        if keys == before:
            return True
        same_suite = before is not None and before.suite is keys.suite
        return (
            _raw(keys),
            same_suite and before is not None and before.inbound == keys.inbound,
            same_suite and before is not None and before.outbound == keys.outbound,
        )

    def _credentials(self, slot: int, plan: StreamPlan, *, update: bool) -> bool | tuple[str, str] | None:
        ice = plan.ice
        if ice is None:
            return None
        if update and ice == self._ice[slot]:
            return True
        return f"{ice.local_ufrag}:{ice.remote_ufrag}", ice.local_password

    def _send_record(self, slot: int, record: bytes) -> None:
        # What finds no room is lost as on the network; the handshake repeats it.
        self._core.send_record(slot, record)
        self._core.wake()

    def _secure(self, slot: int, keys: SrtpKeys) -> None:
        if not self._core.secure(slot, _raw(keys)):
            self._handshakes.forget(slot)
        self._core.wake()

    def repeat_handshakes(self) -> None:
        """Call each `RETRANSMIT_EVERY_S`: sends again what peers have not answered."""
        self._handshakes.repeat()

    def _remote(self, plan: StreamPlan) -> bytes:
        """The packed address, or nothing when there is none to send to."""
        if plan.remote_port == 0:
            return b""
        try:
            remote = _parsed(plan.remote_host)
        except ValueError as error:
            raise UnusableAddressError(f"{plan.remote_host!r} is no IP address") from error
        # RFC 3264 section 8.4: how hold was written before, and still is.
        if remote.is_unspecified:
            return b""
        if remote.is_multicast or remote == IPv4Address("255.255.255.255"):
            raise UnusableAddressError(f"{remote} is not one peer's address")
        if self._dual and remote.version == 4:
            # One socket for both families sees IPv4 peers under ::ffff:0:0/96 (RFC 4291 section 2.5.5.2).
            return _MAPPED + remote.packed
        if remote.version != self._address.version:
            raise UnusableAddressError(
                f"{remote} is IPv{remote.version}, our media is IPv{self._address.version}"
            )
        return remote.packed

    def fileno(self) -> int:
        """A descriptor that is readable while events wait."""
        return self._core.fileno()

    def poll(self) -> list[Event]:
        """Take the events that wait, oldest first; `fileno()` stays readable if there are more."""
        events = [self._event(raw) for raw in self._core.poll()]
        while (record := self._core.poll_record()) is not None:
            self._handshakes.receive(*record)
        while (ended := self._core.poll_recording()) is not None:
            slot, recording, reason, *counts = ended
            events.append(RecordingEnded(slot, recording, RecordingReason(reason), *counts))
        return events + [SecurityFailed(slot, why) for slot, why in self._handshakes.take_failures()]

    def _event(self, raw: tuple[int | bool | str | tuple[int, ...], ...]) -> Event:
        """The kinds are `enum event_kind` of values.h, in its order."""
        kind = raw[0]
        numbers = cast(tuple[int, ...], raw)
        if kind == 0:
            return PlayFinished(numbers[1], numbers[2], bool(raw[3]))
        if kind == 1:
            return DigitReceived(numbers[1], KEYS[numbers[2]], numbers[3])
        if kind == 2:
            return StreamLatched(numbers[1], str(raw[2]).removeprefix("::ffff:"), numbers[3])
        if kind == 3:
            return StreamIdle(numbers[1])
        if kind == 5:
            return StreamAlarm(numbers[1], _ALARMS[numbers[2]], bool(raw[3]))
        if kind != 4:
            return detected(numbers)
        self._states[numbers[1]] = SlotState.FREE
        quality = _quality(cast(tuple[int, ...], raw[2]))
        return StreamClosed(numbers[1], quality)

    def quality(self, slot: int) -> StreamQuality:
        """What was known of the stream at most five seconds ago; `NOTHING_HEARD` where there is none."""
        values = self._core.quality(slot)
        return NOTHING_HEARD if values is None else _quality(values)

    def recording_stats(self) -> RecordingStats:
        return RecordingStats(*self._core.recording_stats())

    def stats(self) -> EngineStats:
        return EngineStats(*self._core.stats())
