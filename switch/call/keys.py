"""How keys reach a peer, and come from it: as telephone events (RFC 4733), as SIP INFO, or as tones.

| way | offered in SDP | a key to it | a key from it, besides INFO |
| --- | --- | --- | --- |
| AUTO | telephone-event | an event; a tone if the peer takes none | events; tones if it sends none |
| RFC4733 | telephone-event | an event, or nothing | events |
| INFO | no telephone-event | INFO | - |
| INBAND | no telephone-event | a tone | tones |

INFO is understood from any peer, whatever its way. Between events and tones the engine translates by itself.
"""

from collections import deque
from enum import Enum

from switch.media.commands import Detector, StartDetection, StopDetection
from switch.media.plan import StreamPlan

INFO_TYPE = "application/dtmf-relay"
"""What every phone that takes keys by INFO understands; it never was an RFC."""

WAITING_MAX = 32
"""Keys that wait for the answer to the one before: a telephone number and its extension."""


class KeyWay(Enum):
    """The administrator's word `dtmf`."""

    AUTO = "auto"
    RFC4733 = "rfc4733"
    INFO = "info"
    INBAND = "inband"

    @property
    def has_events(self) -> bool:
        """Telephone events are offered and taken."""
        return self in (KeyWay.AUTO, KeyWay.RFC4733)

    @property
    def has_tones(self) -> bool:
        """Tones are made and listened for where there are no events."""
        return self in (KeyWay.AUTO, KeyWay.INBAND)


def hearing(way: KeyWay, slot: int, plan: StreamPlan, listens: bool) -> StartDetection | StopDetection | None:
    """What the engine is told when a plan begins or changes: to listen for tones, or no more."""
    wanted = plan.dtmf_payload_type is None and way.has_tones
    if wanted == listens:
        return None
    return StartDetection(slot, Detector.KEYS) if wanted else StopDetection(slot, Detector.KEYS)


class InfoKeys:
    """Keys to one peer by INFO (application/dtmf-relay), one after another: the order is what they say.

    An INFO waits for the answer to the one before; a refused one is not repeated.
    """

    __slots__ = ("_waiting", "transaction")

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, int]] = deque(maxlen=WAITING_MAX)
        self.transaction = ""
        """Of the INFO that is not answered yet; empty: none."""

    def send(self, digit: str, duration_ms: int) -> None:
        """When its turn comes; beyond the bound the oldest is lost."""
        self._waiting.append((digit, duration_ms))

    def next(self) -> bytes | None:
        """The body of the next INFO, where there is one and none is under way."""
        if self.transaction or not self._waiting:
            return None
        digit, duration_ms = self._waiting.popleft()
        return f"Signal={digit}\r\nDuration={duration_ms}\r\n".encode()
