"""Offer and answer for one audio stream (RFC 3264), on an endpoint that relays every packet itself.

An answer names exactly one codec (and telephone-event), so that both sides know what will be heard. Of
several usable audio lines the first is taken and the others are declined, as is every line of another kind
(video, T.38, MSRP): declining leaves the call alive without them (section 6).
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from switch.base.values import quick
from switch.sdp.audio import Agreement, AudioCapability, Disagreement, NoAgreement
from switch.sdp.codecs import (
    COMFORT_NOISE,
    ENCODINGS,
    NARROW_CLOCK_HZ,
    TELEPHONE_EVENT,
    OpusWishes,
    clock_of,
    opus_wishes,
)
from switch.sdp.direction import Direction
from switch.sdp.direction import direction as flow
from switch.sdp.formats import Format, describe, event_for, formats_of, parameters_of, ptime_max_ms, ptime_ms
from switch.sdp.security import (
    DTLS_PROTOCOL,
    PLAIN_PROTOCOLS,
    SDES_PROTOCOL,
    SECURE_PROTOCOLS,
    Dtls,
    Encryption,
    LocalSecurity,
    Security,
    answer_attributes,
    is_bundled,
    offer_attributes,
    security_of,
    session_attributes,
)
from switch.sdp.session import Attribute, Connection, Media, Origin, Session, same_but_version

_PROTOCOL_OF = {Encryption.SDES: SDES_PROTOCOL, Encryption.DTLS: DTLS_PROTOCOL}

HOSTS_KEPT = 4_096
"""Media addresses whose family is remembered: the same phones and carriers come again and again."""

_UNSPECIFIED = frozenset({"0.0.0.0", "::"})
"""As `reachable` writes them."""

_MUX = Attribute("rtcp-mux")

_EVENT_TYPES = {NARROW_CLOCK_HZ: 101, 16_000: 100, 48_000: 110}
"""The numbers that most of the field uses, so that equipment which never reads rtpmap still hears digits."""


@quick
@dataclass(frozen=True, slots=True)
class _Stream:
    """A usable audio line of the peer."""

    host: str
    port: int
    codec: Format
    event: Format | None
    listens: bool
    talks: bool
    security: Security | None
    rtcp_mux: bool
    rtcp_port: int
    opus: OpusWishes | None
    noise: Format | None

    @property
    def dtmf(self) -> int | None:
        return None if self.event is None else self.event.payload_type


@quick
@dataclass(frozen=True, slots=True)
class Terms:
    """Whether our side encrypts, and with what. `local` may be None where `encryption` is OFF."""

    encryption: Encryption = Encryption.OFF
    local: LocalSecurity | None = None


PLAIN = Terms()


def build_offer(
    local_host: str,
    local_port: int,
    session_id: int,
    version: int,
    capability: AudioCapability,
    direction: Direction = Direction.SENDRECV,
    *,
    previous: Session | None = None,
    sent: Session | None = None,
    terms: Terms = PLAIN,
) -> Session:
    """An offer of one audio stream.

    `previous` is our side of what was last agreed in this dialog; then its `m=` lines and payload
    numbers stay (RFC 3264 section 8) and the codec in use comes first. `sent` is what we last put on the
    wire, where that is something else: an offer that was refused. Its version is kept if nothing changes
    and else counted up, and `session_id` and `version` are ignored. A stream stays as encrypted as it is;
    `terms` say how a first one is.
    """
    lines = list(previous.media) if previous is not None else []
    index = _live_audio(lines)
    earlier = formats_of(lines[index]) if index < len(lines) else []
    formats = _offered_formats(earlier, capability)
    protocol = _PROTOCOL_OF.get(terms.encryption, "RTP/AVP")
    extra = _offered_security(terms, local_host, local_port, None)
    if index < len(lines):
        protocol = lines[index].protocol
        extra = _offered_security(terms, local_host, local_port, lines[index])
        if _has_mux(lines[index]) and _MUX not in extra:
            extra = (_MUX, *extra)
    lines = [_declined(line) for line in lines]
    line = _audio_line(local_port, protocol, formats, capability.ptime_ms, direction, extra)
    lines[index : index + 1] = [line]
    common = session_attributes(line, bundled=True)
    return _revised(sent or previous, _session(local_host, session_id, version, lines, common))


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
    terms: Terms = PLAIN,
) -> tuple[Session, Agreement] | NoAgreement:
    """Our answer, and what it comes to. `direction` is the most that we want; `previous` is what we last
    sent in this dialog, for the version."""
    found = _first_usable(offer, local_host, capability, terms)
    if isinstance(found, Disagreement):
        return NoAgreement(found)
    index, stream = found
    ours = flow(sends=stream.listens, receives=stream.talks).within(direction)
    packet_ms = ptime_ms(offer.media[index], capability.ptime_ms)
    lines = [_declined(line) for line in offer.media]
    formats = [known for known in (stream.codec, stream.noise, stream.event) if known is not None]
    extra: tuple[Attribute, ...] = ()
    if stream.security is not None and terms.local is not None:
        extra = answer_attributes(offer.media[index], stream.security, terms.local, local_host, local_port)
    elif stream.rtcp_mux:
        extra = (_MUX,)
    lines[index] = _audio_line(local_port, offer.media[index].protocol, formats, packet_ms, ours, extra)
    common = session_attributes(lines[index], bundled=is_bundled(offer))
    agreement = Agreement(
        remote_host=stream.host,
        remote_port=stream.port,
        codec=stream.codec.name,
        payload_type=stream.codec.payload_type,
        receive_payload_type=stream.codec.payload_type,
        dtmf_payload_type=stream.dtmf,
        receive_dtmf_payload_type=stream.dtmf,
        ptime_ms=packet_ms,
        direction=ours,
        remote_holds=not stream.listens,
        media_index=index,
        security=stream.security,
        rtcp_mux=stream.rtcp_mux,
        rtcp_port=stream.rtcp_port,
        opus=stream.opus,
        noise_payload_type=None if stream.noise is None else stream.noise.payload_type,
        ptime_max_ms=ptime_max_ms(offer.media[index]),
    )
    return _revised(previous, _session(local_host, session_id, version, lines, common)), agreement


def accept_answer(offer: Session, answer: Session, terms: Terms = PLAIN) -> Agreement | NoAgreement:
    """What the peer's answer to our offer comes to. `offer` is one of `build_offer`'s."""
    index = _live_audio(offer.media)
    assert index < len(offer.media), "our offers have an audio line"
    ours = offer.media[index]
    if index >= len(answer.media) or answer.media[index].kind != "audio":
        return NoAgreement(Disagreement.NO_AUDIO)
    theirs = answer.media[index]
    if theirs.port == 0:
        return NoAgreement(Disagreement.REFUSED)
    offered = formats_of(ours)
    numbers = {(known.name, known.clock_hz): known.payload_type for known in offered}
    local = offer.connection_of(ours)
    assert local is not None, "our offers have an address"
    names = tuple(known.name for known in offered if known.name != TELEPHONE_EVENT)
    if theirs.protocol in PLAIN_PROTOCOLS and ours.protocol not in PLAIN_PROTOCOLS:
        return NoAgreement(Disagreement.ENCRYPTION)
    capability = AudioCapability(names, len(names) < len(offered))
    stream = _usable(answer, theirs, local.address, capability, terms, ours)
    if isinstance(stream, Disagreement):
        return NoAgreement(stream)
    event = stream.event
    if event is not None and (event.name, event.clock_hz) not in numbers:
        event = None
    wanted = offer.direction_of(ours)
    return Agreement(
        remote_host=stream.host,
        remote_port=stream.port,
        codec=stream.codec.name,
        payload_type=stream.codec.payload_type,
        receive_payload_type=numbers[stream.codec.name, stream.codec.clock_hz],
        dtmf_payload_type=None if event is None else event.payload_type,
        receive_dtmf_payload_type=None if event is None else numbers[event.name, event.clock_hz],
        ptime_ms=ptime_ms(theirs, int(ours.value("ptime") or 20)),
        ptime_max_ms=ptime_max_ms(theirs),
        direction=flow(sends=stream.listens, receives=stream.talks).within(wanted),
        # A peer that may not hear us by our own wish has no way to say that it holds, too.
        remote_holds=wanted.sends and not stream.listens,
        media_index=index,
        security=stream.security,
        rtcp_mux=stream.rtcp_mux and _has_mux(ours),
        rtcp_port=stream.rtcp_port,
        opus=stream.opus,
        noise_payload_type=None if stream.noise is None else stream.noise.payload_type,
    )


def _first_usable(
    offer: Session, local_host: str, capability: AudioCapability, terms: Terms
) -> tuple[int, _Stream] | Disagreement:
    """The first audio line that we can serve, or what was wrong with the first that was alive."""
    wrong: Disagreement | None = None
    for index, media in enumerate(offer.media):
        if media.kind != "audio" or media.port == 0:
            continue
        found = _usable(offer, media, local_host, capability, terms, None)
        if isinstance(found, _Stream):
            return index, found
        wrong = wrong or found
    return wrong or Disagreement.NO_AUDIO


def _usable(
    session: Session,
    media: Media,
    local_host: str,
    capability: AudioCapability,
    terms: Terms,
    sent: Media | None,
) -> _Stream | Disagreement:
    """What a line of the peer comes to. `sent` is the line of our offer that it answers."""
    security = _security(session, media, terms, sent)
    if isinstance(security, Disagreement):
        return security
    connection = session.connection_of(media)
    assert connection is not None, "parse refuses a live stream without an address"
    # With ICE the peer's checks say where it is; what stands here is often nothing (RFC 8839 section 4.2.1).
    by_ice = isinstance(security, Dtls) and security.remote_ufrag != ""
    host = "0.0.0.0" if by_ice else reachable(connection.address, local_host)
    if host is None:
        return Disagreement.ADDRESS
    formats = formats_of(media)
    talk = [known for known in formats if known.name != COMFORT_NOISE]
    codec = next((known for known in talk if known.name in capability.codecs), None)
    if codec is None:
        return Disagreement.NO_COMMON_CODEC
    if capability.wanted in capability.codecs:
        codec = next((known for known in talk if known.name == capability.wanted), codec)
    noise = next((known for known in formats if known.name == COMFORT_NOISE), None)
    has_noise = COMFORT_NOISE in capability.codecs and codec.clock_hz == NARROW_CLOCK_HZ
    says = session.direction_of(media)
    return _Stream(
        host,
        media.port,
        codec,
        event_for(formats, codec.clock_hz) if capability.telephone_event else None,
        # RFC 3264 section 8.4: 0.0.0.0 is the hold of RFC 2543, still sent and therefore understood.
        listens=says.receives and (by_ice or host not in _UNSPECIFIED),
        talks=says.sends,
        security=security,
        rtcp_mux=_has_mux(media),
        rtcp_port=_rtcp_port(media),
        opus=opus_wishes(parameters_of(media, codec.payload_type)) if codec.name == "OPUS" else None,
        noise=noise if has_noise else None,
    )


def _has_mux(media: Media) -> bool:
    return any(attribute.name == _MUX.name for attribute in media.attributes)


def _rtcp_port(media: Media) -> int:
    """Of `a=rtcp` (RFC 3605), 0 where it says nothing that can be used. An address in it is passed over:
    reports go to the host of the audio, so that nobody can be made to get the reports of others."""
    value = media.value("rtcp")
    word = value.split(maxsplit=1)[0] if value else ""
    port = int(word) if word.isascii() and word.isdecimal() and len(word) <= 5 else 0
    return port if port < 65_536 else 0


def _security(
    session: Session, media: Media, terms: Terms, sent: Media | None
) -> Security | Disagreement | None:
    if media.protocol in PLAIN_PROTOCOLS:
        return Disagreement.ENCRYPTION if terms.encryption.required else None
    if media.protocol not in SECURE_PROTOCOLS or terms.encryption is Encryption.OFF or terms.local is None:
        return Disagreement.TRANSPORT
    return security_of(session, media, terms.local, sent) or Disagreement.ENCRYPTION


def _offered_security(
    terms: Terms, local_host: str, local_port: int, before: Media | None
) -> tuple[Attribute, ...]:
    """For our offer; `before` is the line as it stands, whose way of encryption is kept."""
    encryption = terms.encryption
    if before is not None:
        by_handshake = before.value("fingerprint") is not None
        by_key = before.value("crypto") is not None
        encryption = Encryption.DTLS if by_handshake else Encryption.SDES if by_key else Encryption.OFF
    if terms.local is None or not encryption.required:
        return ()
    offered = offer_attributes(encryption, terms.local, local_host, local_port)
    mid = None if before is None else before.value("mid")
    return tuple(Attribute("mid", mid) if a.name == "mid" and mid is not None else a for a in offered)


@lru_cache(HOSTS_KEPT)
def reachable(peer_host: str, local_host: str) -> str | None:
    """The peer's address in the family of our own, or None.

    A host name is legal (RFC 8866 section 5.7) but would need a resolver in the middle of an answer; no
    telephone sends one. Multicast is for announcements, not for calls.
    """
    try:
        address = ip_address(peer_host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_unspecified:
        return str(address)
    if address.is_multicast or address.version != ip_address(local_host).version:
        return None
    return str(address)


def _live_audio(lines: tuple[Media, ...] | list[Media]) -> int:
    """The index of our audio stream; one past the end where there is none yet."""
    live = (index for index, line in enumerate(lines) if line.kind == "audio" and line.port)
    return next(live, len(lines))


def _audio_line(
    port: int,
    protocol: str,
    formats: list[Format],
    packet_ms: int,
    direction: Direction,
    extra: tuple[Attribute, ...] = (),
) -> Media:
    numbers = tuple(str(known.payload_type) for known in formats)
    attributes = (*describe(formats, packet_ms), Attribute(direction.value), *extra)
    return Media("audio", port, protocol, numbers, attributes=attributes)


def _offered_formats(earlier: list[Format], capability: AudioCapability) -> list[Format]:
    """What an offer of ours lists: the codec in use, then those that we want; numbers stay as they are."""
    names = [known.name for known in earlier if known.name in capability.codecs]
    if capability.wanted in capability.codecs and capability.wanted not in names:
        names.append(capability.wanted)
    names.extend(name for name in capability.codecs if name not in names)
    # It is never what the other end should choose.
    names.sort(key=COMFORT_NOISE.__eq__)
    numbers = {(known.name, known.clock_hz): known.payload_type for known in earlier}
    formats: list[Format] = []
    taken = set(numbers.values())

    def add(name: str, clock_hz: int, usual: int) -> None:
        number = numbers.get((name, clock_hz))
        if number is None:
            number = _free_type(usual, taken)
            taken.add(number)
        formats.append(Format(number, name, clock_hz))

    for name in names:
        add(name, ENCODINGS[name].clock_hz, ENCODINGS[name].payload_type)
    if capability.telephone_event:
        for clock_hz in sorted({NARROW_CLOCK_HZ, *map(clock_of, names)}):
            add(TELEPHONE_EVENT, clock_hz, _EVENT_TYPES[clock_hz])
    return formats


def _free_type(usual: int, taken: set[int]) -> int:
    """The usual number of a format, or one that nothing else of the line has: an earlier offer may have
    given it away."""
    candidate = usual
    while candidate in taken:
        # The dynamic ones: 96 to 127 (RFC 3551 section 3); we have fewer formats than those.
        candidate = 96 + (candidate - 95) % 32
    return candidate


def _declined(line: Media) -> Media:
    """The line with port 0. RFC 3264 section 6: it still lists formats, which then mean nothing."""
    return Media(line.kind, 0, line.protocol, line.formats)


def _session(
    local_host: str, session_id: int, version: int, lines: list[Media], attributes: tuple[Attribute, ...]
) -> Session:
    address_type = "IP6" if ":" in local_host else "IP4"
    return Session(
        Origin("-", session_id, version, address_type, local_host),
        connection=Connection(address_type, local_host),
        attributes=attributes,
        media=tuple(lines),
    )


def _revised(previous: Session | None, draft: Session) -> Session:
    """RFC 3264 section 8: the same description keeps its version, a changed one counts one up."""
    if previous is None:
        return draft
    revised = replace(draft, origin=previous.origin)
    if same_but_version(previous, revised):
        return previous
    return replace(revised, origin=replace(previous.origin, version=previous.origin.version + 1))
