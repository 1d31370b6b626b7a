"""What a stream is: an address, a codec, payload types. `call` translates SDP into this."""

from dataclasses import dataclass
from enum import IntEnum


class Codec(IntEnum):
    """Audio codecs by their static RTP payload type (RFC 3551 table 4)."""

    PCMU = 0
    PCMA = 8


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """How one stream sends and receives.

    `remote_port` 0 means that nothing is known yet: the engine only listens. `dtmf_payload_type`
    None means that the peer offered no telephone-event. `ptime_ms` is 10 to 60. `symmetric` learns
    the real source from the first valid packets and sends there (RFC 4961 latching).
    `idle_s` 0 switches the inactivity event off, as is right for a stream on hold.
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


@dataclass(frozen=True, slots=True)
class Slot:
    """A pre-bound RTP port of the engine; `number` is what commands call a stream."""

    number: int
    host: str
    port: int
