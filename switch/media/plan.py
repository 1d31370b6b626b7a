"""What a stream is: an address, a codec, payload types. `call` translates SDP into this."""

from dataclasses import dataclass
from enum import Enum, IntEnum

from switch.base.values import quick


class Codec(IntEnum):
    """Audio codecs by their static RTP payload type (RFC 3551 table 4); from 128 on those that have none.

    The same numbers as in `enum codec_id` of codecs/codecs.h.
    """

    PCMU = 0
    PCMA = 8
    G722 = 9
    OPUS = 128
    L16_8K = 129
    L16_16K = 130


class SrtpSuite(Enum):
    """Crypto-suites by their name in SDP, with the bytes of master key and salt together (RFC 4568 section
    6.2, RFC 7714 section 14). In the order of `enum srtp_suite` in switch/engine/security.h."""

    AES_CM_128_HMAC_SHA1_80 = ("AES_CM_128_HMAC_SHA1_80", 30)
    AES_CM_128_HMAC_SHA1_32 = ("AES_CM_128_HMAC_SHA1_32", 30)
    AEAD_AES_128_GCM = ("AEAD_AES_128_GCM", 28)
    AEAD_AES_256_GCM = ("AEAD_AES_256_GCM", 44)

    @property
    def key_bytes(self) -> int:
        return self.value[1]


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """What encrypts a stream (RFC 3711): master key and salt of each direction, `suite.key_bytes` long.

    `inbound` is the peer's key, with which we decrypt; `outbound` is ours. A key is never shown.
    """

    suite: SrtpSuite
    inbound: bytes
    outbound: bytes

    def __repr__(self) -> str:
        return f"SrtpKeys({self.suite.name})"


@dataclass(frozen=True, slots=True)
class DtlsPeer:
    """Who makes the keys of a stream with us by a DTLS handshake (RFC 5763).

    `algorithm` and `fingerprint` are those of `a=fingerprint`: `sha-256` and `AB:CD:...`; `we_connect`
    where the peer waits for our first record (`a=setup:passive`).
    """

    algorithm: str
    fingerprint: str
    we_connect: bool = False


@dataclass(frozen=True, slots=True)
class IceCredentials:
    """Of a peer that is a full agent, while we are a lite one (RFC 8445 section 2.5)."""

    local_ufrag: str
    local_password: str
    remote_ufrag: str

    def __repr__(self) -> str:
        return f"IceCredentials({self.local_ufrag!r}, {self.remote_ufrag!r})"


@dataclass(frozen=True, slots=True)
class OpusSettings:
    """How we send Opus, by what the peer asked for (RFC 7587 section 6.1); all zero: for nothing.

    `bitrate_max` in bits a second, `correct` sends in-band correction as soon as packets are lost, `pause`
    leaves silence out (DTX).
    """

    bitrate_max: int = 0
    playback_rate_hz: int = 0
    correct: bool = False
    pause: bool = False


@quick
@dataclass(frozen=True, slots=True)
class StreamPlan:
    """How one stream sends and receives.

    `remote_port` 0 means that nothing is known yet: the engine only listens. `dtmf_payload_type`
    None means that the peer offered no telephone-event. `ptime_ms` is 10 to 60. `symmetric` learns
    the real source from the first valid packets and sends there (RFC 4961 latching).
    The `receive_` types stand in what arrives; None: the same as in what is sent (RFC 3264 section 6.1).
    `idle_s` 0 switches the inactivity event off, as is right for a stream on hold. `srtp` None is plain RTP;
    the same keys in a later plan go on where they were, others begin anew. With `dtls` the keys come by a
    handshake on the stream's own port, and nothing is sent or heard before. With `ice` the peer's checks
    say where to send, and `remote_host` and `remote_port` say nothing.
    `rtcp_mux`: reports share the audio's port (RFC 5761); else they go to `rtcp_port`, 0 for the next one.
    `opus` says nothing where the codec is another.
    `key_tones`: where the peer takes no telephone-event, keys are sent to it as tones.
    `noise_payload_type`: what silence sounds like is told in such packets (RFC 3389), and nothing else is
    sent for it; None: that was not agreed on.
    `ptime_max_ms` is the longest packet that the peer takes, 0 for any: longer ones of its partner are cut.
    """

    remote_host: str
    remote_port: int
    codec: Codec
    payload_type: int
    dtmf_payload_type: int | None = None
    ptime_ms: int = 20
    sends: bool = True
    receives: bool = True
    symmetric: bool = True
    idle_s: int = 60
    srtp: SrtpKeys | None = None
    receive_payload_type: int | None = None
    receive_dtmf_payload_type: int | None = None
    dtls: DtlsPeer | None = None
    ice: IceCredentials | None = None
    rtcp_mux: bool = False
    rtcp_port: int = 0
    opus: OpusSettings | None = None
    key_tones: bool = True
    noise_payload_type: int | None = None
    ptime_max_ms: int = 0


@dataclass(frozen=True, slots=True)
class Slot:
    """A pre-bound RTP port of the engine; `number` is what commands call a stream.

    `fingerprint` is that of our certificate by SHA-256; empty where the engine makes no handshakes.
    `secures`: it can encrypt; else no description of ours has keys, and what must be encrypted is refused.
    """

    number: int
    host: str
    port: int
    fingerprint: str = ""
    secures: bool = True
