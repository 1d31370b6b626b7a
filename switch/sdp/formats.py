"""What the formats of an RTP `m=` line stand for: rtpmap, static payload types, packet times."""

from dataclasses import dataclass
from functools import lru_cache

from switch.base.values import quick
from switch.sdp.codecs import ENCODINGS, NAMES, NARROW_CLOCK_HZ, STATIC_NAMES, TELEPHONE_EVENT
from switch.sdp.parse import number
from switch.sdp.session import Attribute, Media, SdpError

_PTIME_MS_MIN = 10
_PTIME_MS_MAX = 60
"""What the engine can pack; a multiple of 10 always fills whole frames."""

_DATAGRAM_MS_MAX = 200
"""Of 64 kbit/s; a packet of more does not fit Ethernet, and nobody sends it."""

_CLOCKS = {"8000": 8_000, "16000": 16_000, "48000": 48_000}
_CHANNELS = {"": 1, "1": 1, "2": 2}

DESCRIPTIONS_KEPT = 512
"""Lists of formats whose lines are kept made: nearly every call has one of a dozen."""


@quick
@dataclass(frozen=True, slots=True)
class Format:
    """One payload type. `name` is one of `ENCODINGS`, TELEPHONE_EVENT, or in upper case that of a codec of
    8 kHz and one channel that we do not have; `clock_hz` tells events of one clock from those of another."""

    payload_type: int
    name: str
    clock_hz: int = NARROW_CLOCK_HZ


def formats_of(media: Media) -> list[Format]:
    """The formats of a line that can be ours, in its order; whatever else it lists is left out."""
    maps: dict[int, tuple[str, int] | None] = {}
    for attribute in media.attributes:
        if attribute.name == "rtpmap" and attribute.value is not None:
            mapped = _rtpmap(attribute.value)
            if mapped is not None:
                maps.setdefault(mapped[0], mapped[1])
    found: list[Format] = []
    for text in media.formats:
        payload_type = _payload_type(text)
        if payload_type is None:
            continue
        # An explicit rtpmap wins over the static table: RFC 3551 section 3 lets it be said twice.
        if payload_type not in maps:
            name = STATIC_NAMES.get(payload_type)
            if name is not None:
                found.append(Format(payload_type, name))
        elif (mapped_to := maps[payload_type]) is not None:
            found.append(Format(payload_type, *mapped_to))
    return found


def event_for(formats: list[Format], clock_hz: int) -> Format | None:
    """The telephone-event that goes with a codec of this clock (RFC 4733 section 2.1: it should be the same);
    else that of 8000 Hz, which equipment offers beside any codec."""
    events = [known for known in formats if known.name == TELEPHONE_EVENT]
    of_clock = (known for known in events if known.clock_hz == clock_hz)
    return next(of_clock, next((known for known in events if known.clock_hz == NARROW_CLOCK_HZ), None))


def parameters_of(media: Media, payload_type: int) -> str:
    """What `a=fmtp` says of a payload type; empty where it says nothing."""
    for attribute in media.attributes:
        if attribute.name == "fmtp" and attribute.value is not None:
            number_text, _, parameters = attribute.value.strip().partition(" ")
            if _payload_type(number_text) == payload_type:
                return parameters
    return ""


def ptime_ms(media: Media, otherwise_ms: int) -> int:
    """How long packets to this peer are: its `ptime`, else ours, never above its `maxptime`."""
    wanted = _milliseconds(media, "ptime") or otherwise_ms
    longest = _milliseconds(media, "maxptime") or _PTIME_MS_MAX
    wanted = min(wanted, longest, _PTIME_MS_MAX)
    return max(wanted // 10 * 10, _PTIME_MS_MIN)


def ptime_max_ms(media: Media) -> int:
    """The longest packet that the peer takes; 0 where it does not say, or where none is as long."""
    longest = _milliseconds(media, "maxptime")
    return max(longest, _PTIME_MS_MIN) if longest and longest <= _DATAGRAM_MS_MAX else 0


def describe(formats: list[Format], packet_ms: int) -> tuple[Attribute, ...]:
    """The attributes that say what the payload types of a line of ours are."""
    return _described(tuple(formats), packet_ms)


@lru_cache(DESCRIPTIONS_KEPT)
def _described(formats: tuple[Format, ...], packet_ms: int) -> tuple[Attribute, ...]:
    lines: list[Attribute] = []
    for known in formats:
        ours = ENCODINGS.get(known.name)
        if ours is None:
            lines.append(Attribute("rtpmap", f"{known.payload_type} telephone-event/{known.clock_hz}"))
            # Events 0-15 are the sixteen keys; 16 (hook flash) is nothing that we act on.
            lines.append(Attribute("fmtp", f"{known.payload_type} 0-15"))
            continue
        channels = f"/{ours.channels}" if ours.channels > 1 else ""
        lines.append(Attribute("rtpmap", f"{known.payload_type} {ours.written}/{ours.clock_hz}{channels}"))
        if ours.parameters:
            lines.append(Attribute("fmtp", f"{known.payload_type} {ours.parameters}"))
    lines.append(Attribute("ptime", str(packet_ms)))
    return tuple(lines)


def _rtpmap(value: str) -> tuple[int, tuple[str, int] | None] | None:
    """(payload type, our name and the clock, or None where we have no such thing); None where malformed.

    A malformed map makes only its own payload type unknown: it may belong to a codec that we do not want.
    """
    fields = value.split()
    if len(fields) != 2:
        return None
    payload_type = _payload_type(fields[0])
    if payload_type is None:
        return None
    name, _, rest = fields[1].partition("/")
    clock, _, channels = rest.partition("/")
    return payload_type, _named(name.upper(), _CLOCKS.get(clock, 0), _CHANNELS.get(channels, 0))


def _named(name: str, clock_hz: int, channels: int) -> tuple[str, int] | None:
    if name == TELEPHONE_EVENT:
        return (name, clock_hz) if clock_hz and channels == 1 else None
    ours = NAMES.get((name, clock_hz, channels))
    if ours is not None:
        return ours, clock_hz
    # The name of a codec at another rate must not be taken for it.
    if name in ENCODINGS or (clock_hz, channels) != (NARROW_CLOCK_HZ, 1):
        return None
    return name, clock_hz


def _payload_type(text: str) -> int | None:
    try:
        value = number(text)
    except SdpError:
        return None
    return value if value <= 127 else None


def _milliseconds(media: Media, name: str) -> int | None:
    text = media.value(name)
    if text is None:
        return None
    try:
        # "20.0" is seen in the field; the fraction is nothing that a packet can have.
        return number(text.strip().partition(".")[0]) or None
    except SdpError:
        return None
