"""A leg's side of offer and answer: SDP on the wire, a `StreamPlan` for the engine.

One `Negotiation` belongs to one leg for its whole life; it keeps the session id and counts versions
(RFC 8866 section 5.2), so that a repeated answer is byte-identical and a changed one is seen as such.
"""

from switch.media.plan import Codec, Slot, StreamPlan
from switch.sdp import negotiate
from switch.sdp.audio import Agreement, AudioCapability, NoAgreement
from switch.sdp.parse import parse
from switch.sdp.session import SdpError, Session

CAPABILITY = AudioCapability(codecs=("PCMU", "PCMA"), telephone_event=True, ptime_ms=20)

IDLE_S = 60
"""Silence on the wire for so long ends the call. Phones that suppress silence still send comfort noise
within this time, and a lost BYE must not hold an agent longer (OpenSIPS 3123)."""


class Negotiation:
    """Offers and answers for one leg on one slot."""

    __slots__ = ("_agreement", "_local", "_session_id", "_slot")

    def __init__(self, slot: Slot, session_id: int) -> None:
        self._slot = slot
        self._session_id = session_id
        self._agreement: Agreement | None = None
        self._local: Session | None = None

    @property
    def agreed(self) -> bool:
        return self._agreement is not None

    @property
    def held(self) -> bool:
        """The peer does not want to hear us."""
        return self._agreement is not None and self._agreement.remote_holds

    @property
    def codec_name(self) -> str:
        return "" if self._agreement is None else self._agreement.codec

    @property
    def local_body(self) -> bytes:
        """Our last offer or answer; sent again as it was."""
        assert self._local is not None, "nothing was offered or answered yet"
        return self._local.to_bytes()

    def offer(self) -> bytes:
        """Our offer; the peer answers."""
        self._local = negotiate.build_offer(
            self._slot.host, self._slot.port, self._session_id, 1, CAPABILITY, previous=self._local
        )
        return self._local.to_bytes()

    def answer(self, body: bytes) -> StreamPlan | None:
        """Answer the peer's offer; None where nothing fits or it cannot be read (488).

        Our answer is `local_body` afterwards. An offer that cannot be met changes nothing.
        """
        try:
            outcome = negotiate.answer_offer(
                parse(body),
                self._slot.host,
                self._slot.port,
                self._session_id,
                1,
                CAPABILITY,
                previous=self._local,
            )
        except SdpError:
            return None
        if isinstance(outcome, NoAgreement):
            return None
        self._local, self._agreement = outcome
        return self.plan()

    def accept(self, body: bytes) -> StreamPlan | None:
        """Take the peer's answer to our offer; None where it cannot be used."""
        assert self._local is not None, "an answer without an offer"
        try:
            outcome = negotiate.accept_answer(self._local, parse(body))
        except SdpError:
            return None
        if isinstance(outcome, NoAgreement):
            return None
        self._agreement = outcome
        return self.plan()

    def plan(self) -> StreamPlan:
        """What the engine does for the present agreement."""
        agreement = self._agreement
        assert agreement is not None, "a plan needs an agreement"
        receives = agreement.direction.receives
        return StreamPlan(
            remote_host=agreement.remote_host,
            remote_port=agreement.remote_port,
            codec=Codec[agreement.codec],
            payload_type=agreement.payload_type,
            dtmf_payload_type=agreement.dtmf_payload_type,
            ptime_ms=agreement.ptime_ms,
            sends=agreement.direction.sends,
            receives=receives,
            idle_s=IDLE_S if receives and not agreement.remote_holds else 0,
        )
