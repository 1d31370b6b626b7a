"""The codecs that a description can name, and what `a=fmtp` says of Opus.

| name here | in `a=rtpmap` | source |
| --- | --- | --- |
| PCMU, PCMA | `PCMU/8000` 0, `PCMA/8000` 8 | RFC 3551 |
| G722 | `G722/8000` 9; the samples are at 16 kHz | RFC 3551 section 4.5.2 |
| L16_8K, L16_16K | `L16/8000`, `L16/16000`, dynamic | RFC 3551 section 4.5.11 |
| OPUS | `opus/48000/2`, dynamic, whatever is sent | RFC 7587 section 7 |
| CN | `CN/8000` 13: comfort noise beside a codec of that clock | RFC 3389 section 4 |
"""

from dataclasses import dataclass

TELEPHONE_EVENT = "TELEPHONE-EVENT"
"""RFC 4733, with the encoding name in upper case as everywhere here."""

COMFORT_NOISE = "CN"
"""What silence sounds like, in packets of its own (RFC 3389)."""

NARROW_CLOCK_HZ = 8_000
"""That of telephone-event where the codec's own is not offered, and of everything in RFC 3551's time."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """`payload_type` is static where `is_static`, else only what most of the field uses. `parameters` are
    what we say of it by `a=fmtp`."""

    written: str
    clock_hz: int
    channels: int
    payload_type: int
    is_static: bool = True
    parameters: str = ""


ENCODINGS = {
    "PCMU": Encoding("PCMU", 8_000, 1, 0),
    "PCMA": Encoding("PCMA", 8_000, 1, 8),
    "G722": Encoding("G722", 8_000, 1, 9),
    "OPUS": Encoding("opus", 48_000, 2, 111, False, "minptime=10;useinbandfec=1"),
    "L16_16K": Encoding("L16", 16_000, 1, 96, False),
    "L16_8K": Encoding("L16", 8_000, 1, 97, False),
    COMFORT_NOISE: Encoding("CN", 8_000, 1, 13),
}
"""By the name that the rest of the switch uses."""

STATIC_NAMES = {known.payload_type: name for name, known in ENCODINGS.items() if known.is_static}
"""RFC 3551 table 4, of the codecs that we have. They need no rtpmap (RFC 8866 section 6.6)."""

NAMES = {(known.written.upper(), known.clock_hz, known.channels): name for name, known in ENCODINGS.items()}

_BITRATE_MIN, _BITRATE_MAX = 6_000, 510_000
_PLAYBACK_HZ_MIN, _PLAYBACK_HZ_MAX = 8_000, 48_000
_DIGITS_MAX = 6


@dataclass(frozen=True, slots=True)
class OpusWishes:
    """What a peer wants to receive (RFC 7587 section 6.1). 0: it says nothing.

    `correct` is useinbandfec, `pause` usedtx.
    """

    bitrate_max: int = 0
    playback_rate_hz: int = 0
    correct: bool = False
    pause: bool = False


def clock_of(name: str) -> int:
    """Of a codec's RTP timestamps."""
    known = ENCODINGS.get(name)
    return NARROW_CLOCK_HZ if known is None else known.clock_hz


def opus_wishes(parameters: str) -> OpusWishes:
    """Of the value of `a=fmtp` behind the payload type. What is out of range or no number says nothing."""
    said: dict[str, str] = {}
    for part in parameters.split(";"):
        name, _, value = part.partition("=")
        said.setdefault(name.strip().lower(), value.strip())
    return OpusWishes(
        bitrate_max=_number(said.get("maxaveragebitrate", ""), _BITRATE_MIN, _BITRATE_MAX),
        playback_rate_hz=_number(said.get("maxplaybackrate", ""), _PLAYBACK_HZ_MIN, _PLAYBACK_HZ_MAX),
        correct=said.get("useinbandfec") == "1",
        pause=said.get("usedtx") == "1",
    )


def _number(text: str, lowest: int, highest: int) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > _DIGITS_MAX:
        return 0
    value = int(text)
    return value if lowest <= value <= highest else 0
