"""A media engine without packets: it answers commands as the real one does, and knows who can be heard.

Phones say when they begin and stop to send audio to a port of ours; that is all there is of RTP. The
commands that the real engine ignores because they cross the end of a stream are counted here; those that
would be our mistake (a stream opened twice, updated before it is open) fail an assertion.
"""

from dataclasses import dataclass
from heapq import heappop, heappush

from switch.base.clock import MILLISECOND, SECOND
from switch.base.timers import TimerHeap
from switch.media.commands import (
    Bridge,
    CloseStream,
    Command,
    Mix,
    MoveRecording,
    OpenStream,
    Play,
    StartRecording,
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
    StreamClosed,
    StreamIdle,
)
from switch.media.plan import Slot, StreamPlan
from switch.media.quality import NOTHING_HEARD, StreamQuality
from switch.sip.flow import Address

TICK_US = 10 * MILLISECOND
"""From a command to the event that answers it."""

CLIP_US = 1_500 * MILLISECOND
"""How long every clip lasts."""

DIGIT_MS = 120


@dataclass(slots=True)
class Stream:
    """An open slot. `playback` is the number of what plays; `heard` is when audio last came."""

    plan: StreamPlan
    heard: int
    playback: int | None = None
    clips: tuple[str, ...] = ()
    partner: int | None = None
    idle_told: bool = False
    recording: int = 0
    """Its number; they count from 1."""
    recorded_since: int = 0


class ModelEngine:
    """Commands in by `submit`, events out by `handle_timer`."""

    def __init__(self, host: str, first_port: int, slots: int) -> None:
        self.slots = tuple(Slot(number, host, first_port + 2 * number) for number in range(slots))
        self.streams: dict[int, Stream] = {}
        self.ignored = 0
        self.rooms: dict[int, Mix] = {}
        self.qualities: dict[int, StreamQuality] = {}
        """What a stream's end shall tell of its audio, by slot; the rest have had none."""
        self._number = {slot.port: slot.number for slot in self.slots}
        self._voices: set[Address] = set()
        self._timers: TimerHeap[tuple[str, int]] = TimerHeap()
        self._events: list[tuple[int, int, Event]] = []
        self._order = 0

    # What the switch asks.

    def submit(self, command: Command, now: int) -> None:
        """Apply one command."""
        if isinstance(command, OpenStream):
            assert command.slot not in self.streams, f"slot {command.slot} is opened twice"
            self.streams[command.slot] = Stream(command.plan, now)
            self._watch(command.slot, now)
        elif isinstance(command, CloseStream):
            self._close(command.slot, now)
        elif isinstance(command, Bridge):
            self._bridge(command.left, command.right)
        elif isinstance(command, Mix):
            for number in [number for number, mix in self.rooms.items() if _shares(mix, command)]:
                self._leave(number, command)
            self.rooms[command.room] = command
        elif isinstance(command, Unmix):
            self.rooms.pop(command.room, None)
        else:
            stream = self.streams.get(command.slot)
            if stream is not None:
                self._to_stream(stream, command, now)
                return
            assert not isinstance(command, UpdateStream), "a stream is updated that is not open"
            self.ignored += 1
            if isinstance(command, Play):
                self._tell(PlayFinished(command.slot, command.playback, False), now)

    def _to_stream(self, stream: Stream, command: Command, now: int) -> None:
        if isinstance(command, UpdateStream):
            stream.plan, stream.heard, stream.idle_told = command.plan, now, False
            self._watch(command.slot, now)
        elif isinstance(command, Play):
            self._stop(command.slot, stream, now)
            stream.playback, stream.clips = command.playback, command.clips
            if not command.loop:
                lasts_us = CLIP_US * len(command.clips) * 100 // command.speed_percent
                self._timers.set(("play", command.slot), now + lasts_us)
        elif isinstance(command, StopPlay):
            self._stop(command.slot, stream, now)
        elif isinstance(command, Unbridge):
            self._part(stream)
        elif isinstance(command, StartRecording):
            self._end_recording(command.slot, stream, RecordingReason.STOPPED, now)
            stream.recording, stream.recorded_since = command.recording, now
        elif isinstance(command, StopRecording) and stream.recording == command.recording:
            self._end_recording(command.slot, stream, RecordingReason.STOPPED, now)
        elif isinstance(command, MoveRecording) and command.to in self.streams:
            taker = self.streams[command.to]
            taker.recording, taker.recorded_since = stream.recording, stream.recorded_since
            stream.recording = 0

    def _end_recording(self, slot: int, stream: Stream, reason: RecordingReason, now: int) -> None:
        if stream.recording:
            lasted_ms = (now - stream.recorded_since) // 1000
            self._tell(RecordingEnded(slot, stream.recording, reason, 0, lasted_ms, 0, 0), now)
            stream.recording = 0

    def _close(self, slot: int, now: int) -> None:
        stream = self.streams.pop(slot, None)
        assert stream is not None, f"slot {slot} is closed and was not open"
        self._stop(slot, stream, now)
        self._part(stream)
        for number in [number for number, mix in self.rooms.items() if slot in _slots(mix)]:
            self._without(number, {slot})
        self._end_recording(slot, stream, RecordingReason.CLOSED, now)
        self._timers.cancel(("idle", slot))
        self._tell(StreamClosed(slot, self.qualities.pop(slot, NOTHING_HEARD)), now)

    def _bridge(self, left: int, right: int) -> None:
        one, other = self.streams.get(left), self.streams.get(right)
        if one is None or other is None:
            self.ignored += 1
            return
        self._part(one)
        self._part(other)
        one.partner, other.partner = right, left

    def _part(self, stream: Stream) -> None:
        if stream.partner is not None:
            self.streams[stream.partner].partner = None
            stream.partner = None

    def _stop(self, slot: int, stream: Stream, now: int) -> None:
        if stream.playback is not None:
            self._tell(PlayFinished(slot, stream.playback, False), now)
            stream.playback, stream.clips = None, ()
            self._timers.cancel(("play", slot))

    # What phones do.

    def speak(self, phone: Address) -> None:
        """Audio leaves this address from now on."""
        self._voices.add(phone)

    def fall_silent(self, phone: Address, now: int) -> None:
        """No more audio leaves this address."""
        if phone not in self._voices:
            return
        self._voices.discard(phone)
        for stream in self.streams.values():
            if _remote(stream) == phone:
                stream.heard = now

    def press(self, port: int, digit: str, now: int) -> None:
        """A key of RFC 4733, sent to a port of ours."""
        slot = self._number[port]
        stream = self.streams.get(slot)
        if stream is not None and stream.plan.receives:
            self._tell(DigitReceived(slot, digit, DIGIT_MS), now)

    def hears(self, port: int) -> Address | None:
        """Whose audio is sent to the phone that listens to `port` of ours; None for music and silence."""
        stream = self.streams.get(self._number[port])
        if stream is None or stream.playback is not None or stream.partner is None:
            return None
        return _remote(self.streams[stream.partner])

    def hears_of_room(self, port: int) -> frozenset[Address]:
        """Whose voices a room sends to the phone that listens to `port` of ours."""
        slot = self._number[port]
        stream = self.streams.get(slot)
        if stream is None or stream.playback is not None:
            return frozenset()
        heard = {h for mix in self.rooms.values() for m in mix.members if m.slot == slot for h in m.hears}
        return frozenset(_remote(self.streams[other]) for other in heard if other in self.streams)

    def _leave(self, number: int, command: Mix) -> None:
        self._without(number, _slots(command))

    def _without(self, number: int, slots: set[int]) -> None:
        """Members leave a room, which goes with the last of them."""
        mix = self.rooms[number]
        left = tuple(member for member in mix.members if member.slot not in slots)
        if left:
            self.rooms[number] = Mix(number, left, mix.levels)
        else:
            del self.rooms[number]

    def playing(self, port: int) -> tuple[str, ...]:
        """The clips that the phone at `port` of ours hears."""
        stream = self.streams.get(self._number[port])
        return () if stream is None else stream.clips

    # Time.

    def next_timer(self) -> int | None:
        """When `handle_timer` has something to tell."""
        due = self._timers.next()
        if not self._events:
            return due
        return self._events[0][0] if due is None else min(due, self._events[0][0])

    def handle_timer(self, now: int) -> list[Event]:
        """What the engine tells at `now`."""
        while (key := self._timers.pop(now)) is not None:
            kind, slot = key
            if kind == "idle":
                self._idle(slot, now)
            else:
                self._played(slot, now)
        out = []
        while self._events and self._events[0][0] <= now:
            out.append(heappop(self._events)[2])
        return out

    def _played(self, slot: int, now: int) -> None:
        stream = self.streams[slot]
        assert stream.playback is not None, "a playback that ended was playing"
        self._tell(PlayFinished(slot, stream.playback, True), now)
        stream.playback, stream.clips = None, ()

    def _idle(self, slot: int, now: int) -> None:
        stream = self.streams[slot]
        if _remote(stream) in self._voices:
            stream.heard = now
        if now >= stream.heard + stream.plan.idle_s * SECOND:
            if not stream.idle_told:
                stream.idle_told = True
                self._tell(StreamIdle(slot), now)
            return
        self._watch(slot, stream.heard)

    def _watch(self, slot: int, since: int) -> None:
        idle_s = self.streams[slot].plan.idle_s
        if idle_s:
            self._timers.set(("idle", slot), since + idle_s * SECOND)
        else:
            self._timers.cancel(("idle", slot))

    def _tell(self, event: Event, now: int) -> None:
        self._order += 1
        heappush(self._events, (now + TICK_US, self._order, event))


def _slots(mix: Mix) -> set[int]:
    return {member.slot for member in mix.members}


def _shares(one: Mix, other: Mix) -> bool:
    return bool(_slots(one) & _slots(other))


def _remote(stream: Stream) -> Address:
    return Address(stream.plan.remote_host, stream.plan.remote_port)
