"""What a leg offers and answers where audio cannot be encrypted: a machine without libsrtp2."""

import pytest

from switch.base.tokens import SeededTokens
from switch.call.negotiation import Negotiation
from switch.media.plan import Slot
from switch.sdp.security import Encryption

HEAD = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
PLAIN = (HEAD + "m=audio 4000 RTP/AVP 0\r\n").encode()
KEY = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40 + "\r\n"
SEALED = (HEAD + "m=audio 4000 RTP/SAVP 0\r\n" + KEY).encode()


def negotiation(encryption: Encryption, *, secures: bool = False) -> Negotiation:
    return Negotiation(Slot(0, "192.0.2.10", 40_000, secures=secures), 1, encryption, SeededTokens(1))


def test_where_it_can_be_the_same_offer_is_answered_with_keys() -> None:
    ours = negotiation(Encryption.OPTIONAL, secures=True)
    plan = ours.answer(SEALED)
    assert plan is not None
    assert plan.srtp is not None


def test_what_need_not_be_encrypted_goes_on_in_the_clear() -> None:
    assert negotiation(Encryption.OPTIONAL).answer(SEALED) is None
    plan = negotiation(Encryption.OPTIONAL).answer(PLAIN)
    assert plan is not None
    assert plan.srtp is None


@pytest.mark.parametrize("encryption", [Encryption.SDES, Encryption.DTLS])
def test_what_must_be_encrypted_is_neither_answered_nor_ever_agreed_on(encryption: Encryption) -> None:
    """And no offer has keys of ours; whoever answers it all the same is not talked to."""
    for offer in (PLAIN, SEALED):
        assert negotiation(encryption).answer(offer) is None
    for answer in (PLAIN, SEALED):
        ours = negotiation(encryption)
        offered = ours.offer()
        assert b"RTP/AVP " not in offered
        assert not any(word in offered for word in (b"a=crypto", b"a=fingerprint", b"a=ice-pwd"))
        assert ours.accept(answer) is None
