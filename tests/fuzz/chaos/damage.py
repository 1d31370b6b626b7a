"""What may be wrong with a message: damage to its bytes, and a header that says something else."""

from switch.base.rng import SplitMix64
from tests.fuzz.test_sip_fuzz import mutated

_LINES = (
    b"Contact: <sip:x@203.0.113.77:5099>",
    b"Contact: *",
    b"Contact: <tel:+33199000100>",
    b"Contact: <sip:x@name.example>",
    b"Contact: <sip:x@[2001:db8::9]>;expires=10",
    b"Record-Route: <sip:192.0.2.200;lr>",
    b"Record-Route: <sip:192.0.2.200>",
    b"Route: <sip:192.0.2.1;lr>",
    b"Require: 100rel",
    b"Require: timer, replaces",
    b"Require: nonsense",
    b"Supported: 100rel, timer, replaces, norefersub, path, outbound, gruu",
    b"RSeq: 0",
    b"RSeq: 4294967295",
    b"RAck: 1 1 INVITE",
    b"RAck: 99999999999 1 INVITE",
    b"Session-Expires: 90;refresher=uac",
    b"Session-Expires: 90;refresher=uas",
    b"Session-Expires: 5",
    b"Session-Expires: 99999999999",
    b"Min-SE: 3600",
    b"Expires: 0",
    b"Expires: 1",
    b"Event: dialog",
    b"Event: refer",
    b"Event: presence;id=7",
    b"Subscription-State: terminated",
    b"Max-Forwards: 0",
    b"Max-Forwards: 255",
    b"Refer-To: <sip:101@192.0.2.1?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>",
    b"Refer-To: <tel:101>",
    b"Refer-To: sip:600@192.0.2.1;method=BYE",
    b"Refer-Sub: false",
    b"Referred-By: <sip:b@h>;cid=x",
    b"Replaces: a;to-tag=b;from-tag=c;early-only",
    b"Privacy: id;critical",
    b'P-Asserted-Identity: <tel:+33612345678>, "N" <sip:+33612345678@h>',
    b"Diversion: <sip:+33199000100@h>;reason=no-answer;counter=99",
    b"History-Info: <sip:a@h>;index=1, <sip:b@h>;index=1.1",
    b"Identity: e30.e30.AAAA;info=<https://c.example/a.pem>;alg=ES256;ppt=shaken",
    b"Reason: Q.850;cause=16",
    b"Retry-After: 7 (busy);duration=9",
    b"Content-Type: message/sipfrag",
    b"Content-Type: multipart/mixed;boundary=b",
    b"Content-Encoding: gzip",
    b'Warning: 399 h "x"',
    b"To: <sip:101@192.0.2.1>;tag=another",
    b"From: <sip:101@192.0.2.1>",
    b"CSeq: 2147483647 INVITE",
    b"CSeq: 0 BYE",
    b"CSeq: 7 ACK",
    b"Call-ID: another",
    b"Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKanother",
    b"Via: SIP/2.0/TCP h:1;branch=1",
)


def damaged(rng: SplitMix64, data: bytes, other: bytes) -> bytes:
    """A header added, changed or gone (most often), or bytes cut and pasted."""
    if rng.chance(1, 4):
        return mutated(rng, data, other)
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    for _ in range(1 + rng.below(3)):
        at = 1 + rng.below(max(1, len(lines) - 1))
        kind = rng.below(5)
        new = _LINES[rng.below(len(_LINES))]
        if kind == 0 and at < len(lines):
            del lines[at]
        elif kind == 1:
            lines.insert(at, new)
        elif kind == 2 and at < len(lines):
            lines.insert(at, lines[at])
        elif kind == 3:
            lines = lines[:1] + [
                mutated(rng, line, new) if n == at else line for n, line in enumerate(lines) if n
            ]
        else:
            name = new.split(b":")[0].lower()
            lines = [new if line.split(b":")[0].lower() == name else line for line in lines]
            if new not in lines:
                lines.append(new)
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
