"""What an administrator may choose about every leg."""

from dataclasses import dataclass

from switch.call.negotiation import CAPABILITY
from switch.sdp.audio import AudioCapability

SESSION_EXPIRES_S = 1_800
"""RFC 4028 section 4 recommends half an hour."""

MIN_SE_S = 90
"""RFC 4028 section 5: nobody may ask for more frequent refreshes than one in 90 s."""


@dataclass(frozen=True, slots=True)
class LegSettings:
    """`reliable_183`: early media is told reliably (RFC 3262) to callers who can acknowledge it.

    `audio` is of legs for which nothing else is stated; `unserved` are codecs whose library is not here.
    """

    expires_s: int = SESSION_EXPIRES_S
    min_s: int = MIN_SE_S
    reliable_183: bool = True
    audio: AudioCapability = CAPABILITY
    unserved: frozenset[str] = frozenset()


DEFAULTS = LegSettings()
