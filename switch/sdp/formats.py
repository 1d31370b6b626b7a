"""What the formats of an RTP `m=` line stand for: rtpmap, static payload types, packet times."""

from dataclasses import dataclass
from functools import lru_cache

from switch.base.values import quick
from switch.sdp.parse import number
from switch.sdp.session import Attribute, Media, SdpError

TELEPHONE_EVENT = "TELEPHONE-EVENT"
"""RFC 4733, with the encoding name in upper case as everywhere here."""

STATIC_PAYLOAD_TYPES = {"PCMU": 0, "PCMA": 8}
"""RFC 3551 table 4, for the codecs that we have. They need no rtpmap (RFC 8866 section 6.6)."""

_STATIC_NAMES = {value: name for name, value in STATIC_PAYLOAD_TYPES.items()}
_CLOCK_HZ = 8_000
_PTIME_MS_MIN = 10
_PTIME_MS_MAX = 60
"""What the engine can pack; a multiple of 10 always fills whole frames."""

DESCRIPTIONS_KEPT = 512
"""Lists of formats whose lines are kept made: nearly every call has one of a dozen."""


@quick
@dataclass(frozen=True, slots=True)
class Format:
    """One payload type of an 8 kHz, one-channel encoding; `name` in upper case."""

    payload_type: int
    name: str


def formats_of(media: Media) -> list[Format]:
    """The 8 kHz single-channel formats of a line, in its order; whatever else it lists is left out."""
    maps: dict[int, str | None] = {}
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
        name = maps.get(payload_type, _STATIC_NAMES.get(payload_type))
        if name is not None:
            found.append(Format(payload_type, name))
    return found


def ptime_ms(media: Media, otherwise_ms: int) -> int:
    """How long packets to this peer are: its `ptime`, else ours, never above its `maxptime`."""
    wanted = _milliseconds(media, "ptime") or otherwise_ms
    longest = _milliseconds(media, "maxptime") or _PTIME_MS_MAX
    wanted = min(wanted, longest, _PTIME_MS_MAX)
    return max(wanted // 10 * 10, _PTIME_MS_MIN)


def describe(formats: list[Format], packet_ms: int) -> tuple[Attribute, ...]:
    """The attributes that say what the payload types of a line of ours are."""
    return _described(tuple(formats), packet_ms)


@lru_cache(DESCRIPTIONS_KEPT)
def _described(formats: tuple[Format, ...], packet_ms: int) -> tuple[Attribute, ...]:
    lines: list[Attribute] = []
    for known in formats:
        is_dtmf = known.name == TELEPHONE_EVENT
        name = "telephone-event" if is_dtmf else known.name
        lines.append(Attribute("rtpmap", f"{known.payload_type} {name}/{_CLOCK_HZ}"))
        if is_dtmf:
            # Events 0-15 are the sixteen keys; 16 (hook flash) is nothing that we act on.
            lines.append(Attribute("fmtp", f"{known.payload_type} 0-15"))
    lines.append(Attribute("ptime", str(packet_ms)))
    return tuple(lines)


def _rtpmap(value: str) -> tuple[int, str | None] | None:
    """(payload type, upper-case name, or None where it is not 8 kHz mono); None where malformed.

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
    usable = clock == str(_CLOCK_HZ) and channels in ("", "1")
    return payload_type, name.upper() if usable else None


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
