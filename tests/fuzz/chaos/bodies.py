"""Session descriptions that a phone may send at any moment: good, odd, and wrong."""

from base64 import b64encode

from switch.base.rng import SplitMix64

SDP = "application/sdp"

_HEAD = "v=0\r\no=- {number} {version} IN IP4 {host}\r\ns=-\r\nc=IN IP4 {connection}\r\nt=0 0\r\n"
_PLAIN = "m=audio {port} RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
_KEY = b64encode(bytes(range(30))).decode()
_SDES = (
    "m=audio {port} RTP/SAVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
    f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{_KEY}\r\n"
    f"a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:{_KEY}|2^20|1:4\r\n"
)
_DTLS = (
    "m=audio {port} UDP/TLS/RTP/SAVPF 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
    "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\na=setup:{setup}\r\na=mid:0\r\na=rtcp-mux\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"
    "a=candidate:1 1 UDP 2130706431 {host} {port} typ host\r\n"
)
_VIDEO = "m=video {port} RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
_FAX = "m=image {port} udptl t38\r\n"
_REJECTED = "m=audio 0 RTP/AVP 8\r\n"
_STRANGE = "m=audio {port} RTP/AVP 96 97\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:97 G729/8000\r\n"
_SIX = _PLAIN.replace("a={direction}", "c=IN IP6 2001:db8::7\r\na={direction}")

_LINES = (
    (_PLAIN,),
    (_PLAIN,),
    (_PLAIN,),
    (_SDES,),
    (_DTLS,),
    (_SDES, _PLAIN),
    (_PLAIN, _VIDEO),
    (_VIDEO, _PLAIN),
    (_FAX,),
    (_REJECTED,),
    (_STRANGE,),
    (_SIX,),
    (),
)


def session(rng: SplitMix64, host: str, *, plain: bool = False) -> bytes:
    """A description; with `plain` one that any switch takes."""
    lines = (_PLAIN,) if plain else _LINES[rng.below(len(_LINES))]
    held = rng.chance(1, 12) and not plain
    text = (_HEAD + "".join(lines)).format(
        number=1 + rng.below(3),
        version=1 + rng.below(5),
        host=host,
        connection="0.0.0.0" if held else host,
        port=30_000 + 2 * rng.below(20),
        direction="sendrecv" if plain else ("sendrecv", "sendonly", "recvonly", "inactive")[rng.below(4)],
        setup=("actpass", "active", "passive", "holdconn")[rng.below(4)],
    )
    return text.encode()


_BOUNDARY = "b"


def body(rng: SplitMix64, host: str) -> tuple[str | None, bytes]:
    """Content-Type and body of a request that may carry an offer: also none, noise, and one within parts."""
    kind = rng.below(16)
    if kind < 2:
        return None, b""
    if kind == 2:
        return SDP, session(rng, host)[: rng.below(120)]
    if kind == 3:
        return "text/plain", b"v=0\r\n"
    if kind == 4:
        part = session(rng, host)
        text = b"--b\r\nContent-Type: application/sdp\r\n\r\n" + part + b"\r\n--b--\r\n"
        return f'multipart/mixed;boundary="{_BOUNDARY}"', text
    return SDP, session(rng, host, plain=kind < 10)
