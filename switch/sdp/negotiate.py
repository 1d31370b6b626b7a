"""Offer and answer for one audio stream (RFC 3264)."""

from switch.sdp.audio import Agreement, AudioCapability, Disagreement, NoAgreement
from switch.sdp.direction import Direction
from switch.sdp.session import Origin, Session


def build_offer(
    local_host: str,
    local_port: int,
    session_id: int,
    version: int,
    capability: AudioCapability,
    direction: Direction = Direction.SENDRECV,
    *,
    previous: Session | None = None,
) -> Session:
    """An offer of one audio stream.

    `previous` is what we last sent in this dialog, offer or answer; then its `m=` lines and payload
    numbers stay (RFC 3264 section 8), its version is kept if nothing changes and else counted up, and
    `session_id` and `version` are ignored.
    """
    return Session(Origin("-", session_id, version, "IP4", local_host))


def answer_offer(
    offer: Session,
    local_host: str,
    local_port: int,
    session_id: int,
    version: int,
    capability: AudioCapability,
    direction: Direction = Direction.SENDRECV,
    *,
    previous: Session | None = None,
) -> tuple[Session, Agreement] | NoAgreement:
    """Our answer: the first usable audio line, every other line declined. `direction` is what we want."""
    return NoAgreement(Disagreement.NO_AUDIO)


def accept_answer(offer: Session, answer: Session) -> Agreement | NoAgreement:
    """What the peer's answer to our offer comes to."""
    return NoAgreement(Disagreement.NO_AUDIO)
