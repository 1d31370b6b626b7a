"""What we can do with audio, and what two sides came to."""

from dataclasses import dataclass
from enum import Enum

from switch.base.values import quick
from switch.sdp.codecs import OpusWishes
from switch.sdp.direction import Direction
from switch.sdp.security import Security


@quick
@dataclass(frozen=True, slots=True)
class AudioCapability:
    """`codecs` are names of `switch.sdp.codecs`, dearest first; COMFORT_NOISE among them is none to talk in,
    and stands last. `ptime_ms` is 10..60.

    Our order decides in offers; in answers the offerer's order decides (RFC 3264 section 6.1), unless it
    offers `wanted`: that is what the other end of the call speaks, and so nothing needs to be transcoded.
    """

    codecs: tuple[str, ...] = ("PCMA", "PCMU")
    telephone_event: bool = True
    ptime_ms: int = 20
    wanted: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Agreement:
    """One audio stream as both sides agreed. All directions are ours.

    `remote_host` is an IP address and `remote_port` 1..65535. While the peer names 0.0.0.0 (the hold of
    RFC 2543) the host is that and nothing may be sent: `direction` says so already.
    `codec` is a name of `switch.sdp.codecs`. `payload_type` and `dtmf_payload_type` (None: the peer takes
    no telephone-event) stand in what we send, the `receive_` ones in what arrives; they differ only where
    an answerer chose numbers of its own (RFC 3264 section 6.1).
    `ptime_ms` is how long our packets are, a multiple of 10 in 10..60.
    `rtcp_mux`: RTCP shares the port (RFC 5761); else it goes to `rtcp_port` (RFC 3605), 0 for the next one.
    `remote_holds`: the peer does not listen to what we could send. `security` None: plain RTP. With a
    handshake and ICE the host says nothing.
    """

    remote_host: str
    remote_port: int
    codec: str
    payload_type: int
    receive_payload_type: int
    dtmf_payload_type: int | None
    receive_dtmf_payload_type: int | None
    ptime_ms: int
    direction: Direction
    remote_holds: bool
    media_index: int
    security: Security | None = None
    rtcp_mux: bool = False
    opus: OpusWishes | None = None
    """Of the peer, where the codec is Opus."""
    rtcp_port: int = 0
    noise_payload_type: int | None = None
    """Of comfort noise (RFC 3389), where both sides have it for a codec of this clock."""
    ptime_max_ms: int = 0
    """The longest packet that the peer takes (its `maxptime`), 0 for any; never below `ptime_ms`."""


class Disagreement(Enum):
    """Why no audio stream came about, with the warn-code and warn-text of RFC 3261 section 20.43."""

    NO_AUDIO = (304, "Media type not available")
    NO_COMMON_CODEC = (305, "Incompatible media format")
    TRANSPORT = (302, "Incompatible transport protocol")
    ADDRESS = (301, "Incompatible network address formats")
    REFUSED = (399, "Audio stream was refused")
    ENCRYPTION = (399, "Encryption of audio cannot be agreed on")

    @property
    def warn_code(self) -> int:
        return self.value[0]

    @property
    def warn_text(self) -> str:
        return self.value[1]


@dataclass(frozen=True, slots=True)
class NoAgreement:
    """Answer 488 to such an offer; end the leg at such an answer."""

    reason: Disagreement
