"""Messages of strangers that come to nothing: each kind by a name, each number another message."""

from collections.abc import Callable

from switch.sip.message.limits import MESSAGE_BYTES_MAX

_SDP = (
    "v=0\r\no=- 1 1 IN IP4 198.51.100.66\r\ns=-\r\nc=IN IP4 198.51.100.66\r\nt=0 0\r\n"
    "m=audio 6000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)


def _request(method: str, number: int, *, to_tag: str = "", extra: str = "", body: str = "") -> bytes:
    kind = "Content-Type: application/sdp\r\n" if body else ""
    return (
        f"{method} sip:0612345678@192.0.2.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 198.51.100.66:5060;rport;branch=z9hG4bKhostile{method}{number}\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:shop-101@192.0.2.1>;tag=h{number}\r\n"
        f"To: <sip:0612345678@192.0.2.1>{to_tag}\r\nCall-ID: hostile-{number}\r\nCSeq: 1 {method}\r\n"
        f"Contact: <sip:x@198.51.100.66:5060>\r\n{extra}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def _response(number: int, status: str, method: str) -> bytes:
    return (
        f"SIP/2.0 {status}\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{number:020d}\r\n"
        f"From: <sip:a@192.0.2.1>;tag=a\r\nTo: <sip:b@198.51.100.66>;tag=b\r\n"
        f"Call-ID: hostile-{number}\r\nCSeq: 1 {method}\r\n"
        "Contact: <sip:x@198.51.100.66>\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def _forged(number: int) -> str:
    return (
        'Authorization: Digest username="shop-101", realm="softswitch", nonce="000000000000", uri="sip:h", '
        f'response="{number:032x}", qop=auth, nc=00000001, cnonce="c", algorithm=SHA-256\r\n'
    )


def _deep(number: int) -> bytes:
    """Parts within parts."""
    body = "".join(
        f"--b{level}\r\nContent-Type: multipart/mixed;boundary=b{level + 1}\r\n\r\n" for level in range(60)
    )
    kind = "Content-Type: multipart/mixed;boundary=b0\r\n"
    return _request("INVITE", number, extra=kind).replace(
        b"Content-Length: 0", b"Content-Length: %d" % len(body)
    ) + (body.encode())


_GIANT = "X-Long: " + "y" * (MESSAGE_BYTES_MAX * 2 // 3) + "\r\n"
_MANY = "".join(f"X-{name}: z\r\n" for name in range(400))
_VALUES = "Contact: " + ", ".join(["<sip:a@h>"] * 500) + "\r\n"

KINDS: dict[str, Callable[[int], bytes]] = {
    "INVITE": lambda n: _request("INVITE", n, body=_SDP),
    "REGISTER": lambda n: _request("REGISTER", n, extra="Expires: 300\r\n"),
    "REGISTER, forged": lambda n: _request("REGISTER", n, extra=_forged(n)),
    "SUBSCRIBE": lambda n: _request("SUBSCRIBE", n, extra="Event: dialog\r\n"),
    "MESSAGE": lambda n: _request("MESSAGE", n),
    "PUBLISH": lambda n: _request("PUBLISH", n, extra="Event: presence\r\n"),
    "REFER": lambda n: _request("REFER", n, extra="Refer-To: <sip:600@192.0.2.1>\r\n"),
    "OPTIONS": lambda n: _request("OPTIONS", n),
    "BYE of no dialog": lambda n: _request("BYE", n, to_tag=";tag=none"),
    "re-INVITE of no dialog": lambda n: _request("INVITE", n, to_tag=";tag=none", body=_SDP),
    "INVITE, Replaces": lambda n: _request(
        "INVITE", n, extra="Replaces: c;to-tag=a;from-tag=b\r\n", body=_SDP
    ),
    "INVITE, Identity": lambda n: _request("INVITE", n, extra="Identity: e30.e30.AA;info=<https://c/a>\r\n"),
    "ACK of nothing": lambda n: _request("ACK", n, to_tag=";tag=none"),
    "CANCEL of nothing": lambda n: _request("CANCEL", n),
    "200 to nothing": lambda n: _response(n, "200 OK", "INVITE"),
    "486 to nothing": lambda n: _response(n, "486 Busy Here", "INVITE"),
    "unknown method": lambda n: _request("FOO", n),
    "unknown extension": lambda n: _request("INVITE", n, extra="Require: nonsense\r\n"),
    "giant header": lambda n: _request("INVITE", n, extra=_GIANT),
    "many headers": lambda n: _request("INVITE", n, extra=_MANY),
    "many contacts": lambda n: _request("REGISTER", n, extra=_VALUES),
    "deep multipart": _deep,
    "malformed session": lambda n: _request("INVITE", n, body="v=0\r\nm=" + "audio " * 200),
    "noise": lambda n: bytes((n * 7 + at * 13) % 256 for at in range(300)),
    "empty lines": lambda _: b"\r\n\r\n",
}
