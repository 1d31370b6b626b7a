"""Encrypted streams in offers and answers: RFC 4568, RFC 5763, RFC 8839."""

import pytest

from switch.sdp.audio import Agreement, AudioCapability, Disagreement, NoAgreement
from switch.sdp.negotiate import PLAIN, Terms, accept_answer, answer_offer, build_offer
from switch.sdp.parse import parse
from switch.sdp.security import Dtls, Encryption, LocalSecurity, Sdes
from switch.sdp.session import Session

CAPABILITY = AudioCapability(codecs=("PCMU", "PCMA"))
OURS = LocalSecurity(b"o" * 32, "AA:" * 31 + "AA", "ourufrag", "our-password-of-24-letters"[:24])
THEIRS = LocalSecurity(b"t" * 32, "BB:" * 31 + "BB", "theirfrag", "their-password-24-letters"[:24])

FINGERPRINT = (
    "0F:74:31:25:CB:A2:13:EC:28:6F:6D:2C:61:FF:5D:C2:BC:B9:DB:3D:98:14:8D:1A:BB:EA:33:0C:A4:60:A8:8E"
)
BROWSER = """v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS 7a
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:Wn2v
a=ice-pwd:q9sL6mYc1Yl9dq8xq5m4C2Xk
a=ice-options:trickle
a=fingerprint:sha-256 FINGERPRINT
a=setup:actpass
a=mid:0
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=mid:1
a=rtpmap:96 VP8/90000
""".replace("FINGERPRINT", FINGERPRINT)


def terms(encryption: Encryption, local: LocalSecurity = OURS) -> Terms:
    return Terms(encryption, local)


def answered(offer: Session, ours: Terms) -> tuple[Session, Agreement]:
    outcome = answer_offer(offer, "192.0.2.1", 20000, 1, 1, CAPABILITY, terms=ours)
    assert not isinstance(outcome, NoAgreement)
    return parse(outcome[0].to_bytes()), outcome[1]


def offer_of(encryption: Encryption, local: LocalSecurity = OURS) -> Session:
    offer = build_offer("192.0.2.1", 20000, 1, 1, CAPABILITY, terms=terms(encryption, local))
    return parse(offer.to_bytes())


def test_both_sides_of_an_offer_with_keys_come_to_the_same_keys() -> None:
    offer = offer_of(Encryption.SDES)
    answer, theirs = answered(offer, terms(Encryption.OPTIONAL, THEIRS))
    ours = accept_answer(offer, answer, terms(Encryption.SDES))
    assert isinstance(ours, Agreement)
    assert isinstance(ours.security, Sdes)
    assert isinstance(theirs.security, Sdes)
    assert ours.security.suite == theirs.security.suite == "AEAD_AES_256_GCM"
    assert ours.security.local_key == theirs.security.remote_key
    assert ours.security.remote_key == theirs.security.local_key
    assert ours.security.local_key != ours.security.remote_key
    assert answer.media[0].protocol == "RTP/SAVP"


def test_an_answer_may_only_take_a_key_that_was_offered() -> None:
    offer = offer_of(Encryption.SDES)
    answer, _ = answered(offer, terms(Encryption.OPTIONAL, THEIRS))
    other = parse(answer.to_bytes().replace(b"crypto:1 ", b"crypto:9 "))
    assert accept_answer(offer, other, terms(Encryption.SDES)) == NoAgreement(Disagreement.ENCRYPTION)


def test_a_plain_answer_to_an_encrypted_offer_is_no_agreement() -> None:
    offer = offer_of(Encryption.SDES)
    plain, _ = answered(build_offer("192.0.2.1", 20000, 1, 1, CAPABILITY), PLAIN)
    assert accept_answer(offer, plain, terms(Encryption.SDES)) == NoAgreement(Disagreement.ENCRYPTION)


def test_a_plain_offer_is_declined_where_encryption_is_required() -> None:
    offer = build_offer("192.0.2.1", 20000, 1, 1, CAPABILITY)
    outcome = answer_offer(offer, "192.0.2.1", 2, 1, 1, CAPABILITY, terms=terms(Encryption.SDES))
    assert outcome == NoAgreement(Disagreement.ENCRYPTION)


def test_an_encrypted_offer_is_declined_where_encryption_is_off() -> None:
    outcome = answer_offer(offer_of(Encryption.SDES), "192.0.2.1", 2, 1, 1, CAPABILITY, terms=PLAIN)
    assert outcome == NoAgreement(Disagreement.TRANSPORT)


def test_a_browsers_offer_is_answered_as_a_lite_agent() -> None:
    answer, agreement = answered(parse(BROWSER.encode()), terms(Encryption.OPTIONAL))
    assert agreement.security == Dtls(
        "sha-256",
        FINGERPRINT,
        we_connect=False,
        remote_ufrag="Wn2v",
    )
    assert (agreement.codec, agreement.dtmf_payload_type) == ("PCMU", 126)
    assert not agreement.remote_holds
    written = {a.name: a.value for a in answer.attributes}
    assert written == {"group": "BUNDLE 0", "ice-lite": None}
    audio, video = answer.media
    assert (audio.protocol, video.port) == ("UDP/TLS/RTP/SAVPF", 0)
    for name, value in (
        ("mid", "0"),
        ("setup", "passive"),
        ("ice-ufrag", OURS.ice_ufrag),
        ("ice-pwd", OURS.ice_password),
        ("candidate", "1 1 UDP 2130706431 192.0.2.1 20000 typ host"),
    ):
        assert audio.value(name) == value
    assert any(a.name == "rtcp-mux" for a in audio.attributes)


def test_our_offer_to_a_browser_and_its_answer() -> None:
    offer = offer_of(Encryption.DTLS)
    assert offer.media[0].value("setup") == "actpass"
    answer, theirs = answered(offer, terms(Encryption.OPTIONAL, THEIRS))
    ours = accept_answer(offer, answer, terms(Encryption.DTLS))
    assert isinstance(ours, Agreement)
    # The other side of this test is lite too, and waits; so we connect.
    assert ours.security == Dtls("sha-256", THEIRS.fingerprint, we_connect=True, remote_ufrag="theirfrag")
    assert theirs.security == Dtls("sha-256", OURS.fingerprint, we_connect=False, remote_ufrag="ourufrag")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("setup:actpass", "setup:holdconn"),
        ("fingerprint:sha-256", "fingerprint:sha-1"),
        ("ice-pwd:", "x-pwd:"),
        ("ice-ufrag:Wn2v", "ice-ufrag:!!!!"),
    ],
)
def test_handshakes_that_cannot_be(before: str, after: str) -> None:
    offer = parse(BROWSER.replace(before, after).encode())
    outcome = answer_offer(offer, "192.0.2.1", 2, 1, 1, CAPABILITY, terms=terms(Encryption.OPTIONAL))
    assert outcome == NoAgreement(Disagreement.ENCRYPTION)


def test_a_later_offer_stays_as_encrypted_as_the_stream_is() -> None:
    """Also one whose terms would begin in the clear: the peer chose encryption once."""
    peer = offer_of(Encryption.SDES, THEIRS)
    ours, _ = answered(peer, terms(Encryption.OPTIONAL))
    again = build_offer("192.0.2.1", 20000, 1, 1, CAPABILITY, previous=ours, terms=terms(Encryption.OPTIONAL))
    assert again.media[0].protocol == "RTP/SAVP"
    assert again.media[0].value("crypto") is not None

    ours, _ = answered(parse(BROWSER.encode()), terms(Encryption.OPTIONAL))
    again = build_offer("192.0.2.1", 20000, 1, 1, CAPABILITY, previous=ours, terms=terms(Encryption.OPTIONAL))
    assert (again.media[0].value("setup"), again.media[0].value("mid")) == ("actpass", "0")


def test_keys_are_never_shown() -> None:
    assert "o" * 4 not in repr(OURS)
    assert repr(Sdes("AEAD_AES_128_GCM", b"k" * 28, b"r" * 28)) == "Sdes(AEAD_AES_128_GCM)"
