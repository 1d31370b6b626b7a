"""Where an INVITE goes, and the further ways to the same phone."""

from dataclasses import dataclass

from switch.base.values import quick
from switch.call.keys import KeyWay
from switch.sdp.audio import AudioCapability
from switch.sdp.security import Encryption
from switch.sip.flow import Flow
from switch.sip.uri import Uri


@dataclass(frozen=True, slots=True)
class Credentials:
    """What we answer a carrier's challenge with."""

    username: str
    password: str


@quick
@dataclass(frozen=True, slots=True)
class Destination:
    """Where an INVITE goes: the request URI, the flow to send by, whom we say we are.

    `from_` and `to` are as they are written, without a tag: for a phone they are the same in every call.
    """

    uri: Uri
    flow: Flow
    from_: str
    to: str
    headers: tuple[tuple[str, str], ...] = ()
    credentials: Credentials | None = None
    encryption: Encryption = Encryption.OPTIONAL
    others: tuple["Way", ...] = ()
    audio: AudioCapability | None = None
    key_way: KeyWay = KeyWay.AUTO


@dataclass(frozen=True, slots=True)
class Way:
    """A further flow to the same phone (RFC 5626), by which it is tried where the one before it is dead.

    `routes` are its Route values, `registration` the Call-ID and CSeq of the REGISTER that named it.
    `media_host` is where whoever speaks by this flow reaches our audio.
    """

    uri: Uri
    flow: Flow
    media_host: str
    routes: tuple[str, ...] = ()
    registration: tuple[str, int] = ("", 0)
    encryption: Encryption = Encryption.OPTIONAL
