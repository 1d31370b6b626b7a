"""A leg's side of offer and answer: SDP on the wire, a `StreamPlan` for the engine.

One `Negotiation` belongs to one dialog for its whole life; it keeps the session id and counts versions
(RFC 8866 section 5.2), so that a repeated answer is byte-identical and a changed one is seen as such. At most
one offer of ours is outstanding (RFC 3264 section 4); one that is refused changes nothing.
"""

from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b

from switch.base.tokens import TokenSource
from switch.media.plan import (
    Codec,
    DtlsPeer,
    IceCredentials,
    OpusSettings,
    Slot,
    SrtpKeys,
    SrtpSuite,
    StreamPlan,
)
from switch.sdp import negotiate
from switch.sdp.audio import Agreement, AudioCapability, Disagreement, NoAgreement
from switch.sdp.codecs import COMFORT_NOISE, OpusWishes
from switch.sdp.description import Description
from switch.sdp.direction import Direction
from switch.sdp.formats import formats_of
from switch.sdp.negotiate import Terms
from switch.sdp.parse import parse
from switch.sdp.plain import PlainNegotiator
from switch.sdp.security import SECURE_PROTOCOLS, Dtls, Encryption, LocalSecurity, Sdes
from switch.sdp.session import SdpError, Session

CAPABILITY = AudioCapability(codecs=("PCMU", "PCMA"), telephone_event=True, ptime_ms=20)
"""Where nothing else is stated."""

CAPABILITIES_KEPT = 64
"""Lists of codecs that a centre states, each as often as it has codecs."""

_SENDING = {direction: (direction.sends, direction.receives) for direction in Direction}
_CODECS = {codec.name: codec for codec in Codec}

IDLE_S = 60
"""Silence on the wire for so long ends the call. Phones that suppress silence still send comfort noise
within this time, and a lost BYE must not hold an agent longer (OpenSIPS 3123)."""

_SECRET_CHARACTERS = 64
"""Of 36 letters: 330 bits, more than the 256 that are made of them."""

_UNREADABLE = '399 softswitch "Session description cannot be read"'


class Negotiation:
    """Offers and answers for one dialog on one slot. `warning` says why the last offer was refused."""

    __slots__ = (
        "_agreement",
        "_capability",
        "_encryption",
        "_local",
        "_offer",
        "_plain",
        "_security",
        "_sent",
        "_session_id",
        "_slot",
        "_tokens",
        "warning",
    )

    def __init__(
        self,
        slot: Slot,
        session_id: int,
        encryption: Encryption,
        tokens: TokenSource,
        capability: AudioCapability = CAPABILITY,
    ) -> None:
        self._slot = slot
        self._capability = capability
        self._plain = _PLAIN if capability is CAPABILITY else plain_negotiator(capability)
        self._encryption = encryption
        self._tokens = tokens
        self._security: LocalSecurity | None = None
        """Made when the first encrypted description is read or written: most calls never need it."""
        self._session_id = session_id
        self._agreement: Agreement | None = None
        self._local: Description | None = None
        """Our side of what was last agreed."""
        self._offer: Description | None = None
        """Our offer that has no final answer yet."""
        self._sent: Description | None = None
        """What we last put on the wire."""
        self.warning = ""

    def fork(self) -> "Negotiation":
        """The same state for another dialog that our offer made."""
        other = Negotiation(self._slot, self._session_id, self._encryption, self._tokens, self._capability)
        other._security = self._security
        other._agreement, other._local = self._agreement, self._local
        other._offer, other._sent = self._offer, self._sent
        return other

    def anew(self, slot: Slot, encryption: Encryption) -> "Negotiation":
        """Nothing offered yet, for the same call by another way."""
        return Negotiation(slot, self._session_id, encryption, self._tokens, self._capability)

    @property
    def chooses(self) -> bool:
        """There is more than the two laws of G.711 to choose from, and nothing is agreed yet."""
        return self._capability is not CAPABILITY and self._agreement is None

    def want(self, codec_name: str) -> None:
        """The other end of the call speaks this codec: it is taken where the peer has it, and we may."""
        self._capability = wanting(self._capability, codec_name)
        self._plain = plain_negotiator(self._capability)

    def foreseen(self, body: bytes) -> str:
        """The codec that we would take of an offer; empty where none."""
        try:
            offer = parse(body)
        except SdpError:
            return ""
        index = next((i for i, line in enumerate(offer.media) if line.kind == "audio" and line.port), -1)
        formats = formats_of(offer.media[index]) if index >= 0 else []
        ours = set(self._capability.codecs) - {COMFORT_NOISE}
        return next((known.name for known in formats if known.name in ours), "")

    @property
    def agreed(self) -> bool:
        return self._agreement is not None

    @property
    def offering(self) -> bool:
        """An offer of ours has no final answer yet: no other may be made, and the peer's meets 491."""
        return self._offer is not None

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
        assert self._sent is not None, "nothing was offered or answered yet"
        return self._sent.body

    def offer(self, direction: Direction = Direction.SENDRECV) -> bytes:
        """Our offer; the peer answers."""
        assert self._offer is None, "one offer at a time"
        if self._sent is None and direction is Direction.SENDRECV and not self._encryption.required:
            offer = self._plain.offer(self._slot.host, self._slot.port, self._session_id)
        else:
            offer = self._later_offer(direction)
        self._offer = self._sent = offer
        return offer.body

    def _later_offer(self, direction: Direction) -> Description:
        local = _values(self._local)
        return self._described(
            negotiate.build_offer(
                self._slot.host,
                self._slot.port,
                self._session_id,
                1,
                self._capability,
                direction,
                previous=local,
                sent=_values(self._sent),
                terms=self._terms(secure=self._encryption.required or _is_secure(local)),
            )
        )

    def repeat(self) -> bytes:
        """An offer of what stands, under its own version: it asks for no change (RFC 4028 section 7.4)."""
        assert self._offer is None, "one offer at a time"
        if self._local is None or self._local is not self._sent:
            return self.offer()
        self._offer = self._local
        return self._offer.body

    def withdraw(self) -> None:
        """Our offer was refused: what was agreed before stands."""
        self._offer = None

    def answer(self, body: bytes) -> StreamPlan | None:
        """Answer the peer's offer; None where nothing fits or it cannot be read (488, with `warning`).

        Our answer is `local_body` afterwards. An offer that cannot be met changes nothing.
        """
        assert self._offer is None, "an offer that crosses ours is refused before it is read"
        plain = None
        if self._sent is None and not self._encryption.required:
            plain = self._plain.answer(body, self._slot.host, self._slot.port, self._session_id)
        if plain is None:
            return self._answer_any(body)
        self._local, self._agreement = plain
        self._sent = self._local
        return self.plan()

    def _answer_any(self, body: bytes) -> StreamPlan | None:
        try:
            offer = parse(body)
            outcome = negotiate.answer_offer(
                offer,
                self._slot.host,
                self._slot.port,
                self._session_id,
                1,
                self._capability,
                previous=_values(self._sent),
                terms=self._terms(secure=_is_secure(offer)),
            )
        except SdpError:
            self.warning = _UNREADABLE
            return None
        if isinstance(outcome, NoAgreement):
            self.warning = _warning(outcome.reason)
            return None
        self._agreement = outcome[1]
        self._local = self._sent = self._described(outcome[0])
        return self.plan()

    def accept(self, body: bytes, *, preview: bool = False) -> StreamPlan | None:
        """Take the peer's answer to our offer; None where it cannot be used, and then nothing has changed.

        A `preview` came in an answer that may be lost: a later one may still say otherwise.
        """
        assert self._offer is not None, "an answer without an offer"
        offer = self._offer
        agreement = self._plain.accept(offer, body, self._slot.host) or self._accept_any(offer, body)
        if agreement is None:
            return None
        self._agreement = agreement
        if not preview:
            self.settle()
        return self.plan()

    def _accept_any(self, offer: Description, body: bytes) -> Agreement | None:
        try:
            answer = parse(body)
            outcome = negotiate.accept_answer(offer.session, answer, self._terms(secure=_is_secure(answer)))
        except SdpError:
            return None
        return None if isinstance(outcome, NoAgreement) else outcome

    def _described(self, session: Session) -> Description:
        """What was said before, where it is the same."""
        if self._sent is not None and self._sent.session is session:
            return self._sent
        return Description(session=session)

    def settle(self) -> None:
        """The answer that we have is final."""
        self._local, self._offer = self._offer, None

    def plan(self) -> StreamPlan:
        """What the engine does for the present agreement."""
        agreement = self._agreement
        assert agreement is not None, "a plan needs an agreement"
        sends, receives = _SENDING[agreement.direction]
        plan = StreamPlan(
            agreement.remote_host,
            agreement.remote_port,
            _CODECS[agreement.codec],
            agreement.payload_type,
            agreement.dtmf_payload_type,
            agreement.ptime_ms,
            sends,
            receives,
            idle_s=IDLE_S if receives and not agreement.remote_holds else 0,
            receive_payload_type=agreement.receive_payload_type,
            receive_dtmf_payload_type=agreement.receive_dtmf_payload_type,
            rtcp_mux=agreement.rtcp_mux,
            rtcp_port=agreement.rtcp_port,
        )
        if agreement.opus is not None:
            plan = replace(plan, opus=_opus_settings(agreement.opus))
        if agreement.noise_payload_type is not None:
            plan = replace(plan, noise_payload_type=agreement.noise_payload_type)
        if agreement.ptime_max_ms:
            plan = replace(plan, ptime_max_ms=agreement.ptime_max_ms)
        if agreement.security is None:
            return plan
        return replace(plan, srtp=self._srtp(), dtls=self._dtls(), ice=self._ice())

    def _srtp(self) -> SrtpKeys | None:
        assert self._agreement is not None, "keys need an agreement"
        security = self._agreement.security
        if not isinstance(security, Sdes):
            return None
        return SrtpKeys(SrtpSuite[security.suite], inbound=security.remote_key, outbound=security.local_key)

    def _dtls(self) -> DtlsPeer | None:
        assert self._agreement is not None, "a handshake needs an agreement"
        security = self._agreement.security
        if not isinstance(security, Dtls):
            return None
        return DtlsPeer(security.algorithm, security.fingerprint, security.we_connect)

    def _ice(self) -> IceCredentials | None:
        assert self._agreement is not None, "checks need an agreement"
        security, local = self._agreement.security, self._security
        if not isinstance(security, Dtls) or not security.remote_ufrag or local is None:
            return None
        return IceCredentials(local.ice_ufrag, local.ice_password, security.remote_ufrag)

    def _terms(self, *, secure: bool) -> Terms:
        """How our side encrypts; `secure` where a description is concerned that does."""
        wanted = self._encryption is not Encryption.OFF and self._slot.secures
        if secure and self._security is None and wanted:
            token = self._tokens.token
            self._security = LocalSecurity(
                secret=blake2b(token(_SECRET_CHARACTERS).encode(), digest_size=32).digest(),
                fingerprint=self._slot.fingerprint,
                ice_ufrag=token(8),
                ice_password=token(24),
            )
        return Terms(self._encryption, self._security)


def _values(description: Description | None) -> Session | None:
    return None if description is None else description.session


def _opus_settings(wishes: OpusWishes) -> OpusSettings:
    return OpusSettings(
        bitrate_max=wishes.bitrate_max,
        playback_rate_hz=wishes.playback_rate_hz,
        correct=wishes.correct,
        pause=wishes.pause,
    )


@lru_cache(CAPABILITIES_KEPT)
def wanting(capability: AudioCapability, codec_name: str) -> AudioCapability:
    """The same, with the codec that the other end of a call speaks."""
    return replace(capability, wanted=codec_name)


@lru_cache(CAPABILITIES_KEPT)
def plain_negotiator(capability: AudioCapability) -> PlainNegotiator:
    """What the first offers and answers of dialogs without encryption have in common, learned from them."""
    return PlainNegotiator(capability)


_PLAIN = plain_negotiator(CAPABILITY)


def _is_secure(session: Session | None) -> bool:
    return session is not None and any(line.protocol in SECURE_PROTOCOLS for line in session.media)


def _warning(reason: Disagreement) -> str:
    """The Warning of a 488 (RFC 3261 section 20.43)."""
    return f'{reason.warn_code} softswitch "{reason.warn_text}"'
