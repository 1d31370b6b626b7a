"""The first offer and answer of a dialog, for what nearly every phone sends: one audio line in the clear.

Theory of operation. Two calls of the same phone differ in the `o=` line, an address and a port. What they
agree on is the same but for that address and that port, and so is our answer but for our own. So a
description is cut into those and its *shape* (every other byte), and what `negotiate` made of a shape is kept
and filled in.

Nothing is decided here. A description with anything else in it (a second stream, an address of its own, bare
line feeds, text that is not ASCII), one that holds by 0.0.0.0, and one that cannot be agreed on: for all of
them the answer is None, and whoever asked takes the long way, where the verdicts are.
"""

import re
from dataclasses import fields
from typing import Any

from switch.sdp.audio import Agreement, AudioCapability, NoAgreement
from switch.sdp.description import Description
from switch.sdp.negotiate import accept_answer, answer_offer, build_offer, reachable
from switch.sdp.parse import parse
from switch.sdp.session import SdpError

SHAPES_KEPT = 1_024
"""A model of phone with one setting is one shape; the first that came goes when another is learned."""
BYTES_MAX = 2_048
"""Of a description that is kept: phones send 200 to 600. All that are kept take 2 MB at the most."""

_PLAIN = re.compile(
    rb"v=0\r\no=[!-~]+ [0-9]{1,32} [0-9]{1,32} IN [!-~]+ [!-~]+\r\n(?:s=[ -~]*\r\n)?"
    rb"c=IN IP[46] ([0-9A-Fa-f.:]{2,45})\r\n((?:b=[ -~]*\r\n)*)t=[0-9]{1,32} [0-9]{1,32}\r\n"
    rb"((?:[ab]=[ -~]*\r\n)*)m=audio ([1-9][0-9]{0,4}) ([ -~]*\r\n(?:[ab]=[ -~]*\r\n)*)"
)
"""Address, port, and what stands around them. What is left out (`o=`, `s=`, `t=`) is in a form that the long
way takes, and no part of what is agreed."""

_RTCP = re.compile(rb"(?<=\n)a=rtcp:([1-9][0-9]{0,4})(?: IN IP[46] [0-9A-Fa-f.:]+)?\r\n")
_SSRC = re.compile(rb"(?<=\n)a=ssrc:[ -~]*\r\n")
"""Lines that another number stands in with every call: the port of reports (RFC 3605), which is carried over
as the port of the audio is, and the source (RFC 5576), which nobody here reads."""

_UNSPECIFIED = frozenset({"0.0.0.0", "::"})

_Shape = tuple[bytes, bytes, bytes, bool]
_Ports = tuple[int, int]
_Terms = dict[str, Any]
"""The fields of an Agreement but for the peer's address and its two ports."""

_OTHERS = [
    field.name for field in fields(Agreement) if field.name not in ("remote_host", "remote_port", "rtcp_port")
]


class PlainNegotiator:
    """Negotiations by one capability of ours, for any number of dialogs."""

    __slots__ = ("_accepted", "_answered", "_capability", "_offered")

    def __init__(self, capability: AudioCapability) -> None:
        self._capability = capability
        self._offered = ""
        self._answered: dict[_Shape, tuple[str, _Terms]] = {}
        self._accepted: dict[tuple[str, _Shape], _Terms] = {}

    @property
    def kept(self) -> int:
        """Shapes of offers and of answers that are known."""
        return len(self._answered) + len(self._accepted)

    def offer(self, host: str, port: int, session_id: int) -> Description:
        """A first offer of ours, which wants to send and receive."""
        if not self._offered:
            first = build_offer(host, port, session_id, 1, self._capability)
            self._offered = _shape_of_ours(first.to_bytes(), host, port, session_id)
        return Description(body=_filled(self._offered, host, port, session_id), shape=self._offered)

    def answer(
        self, body: bytes, host: str, port: int, session_id: int
    ) -> tuple[Description, Agreement] | None:
        """Our answer to a first offer of the peer, and what it comes to."""
        cut = _cut(body, host)
        if cut is None:
            return None
        remote_host, ports, shape = cut
        known = self._answered.get(shape)
        if known is None:
            try:
                outcome = answer_offer(parse(body), host, port, session_id, 1, self._capability)
            except SdpError:
                return None
            if isinstance(outcome, NoAgreement):
                return None
            terms = _terms(outcome[1], remote_host, ports)
            if terms is None:
                return None
            known = (_shape_of_ours(outcome[0].to_bytes(), host, port, session_id), terms)
            if len(body) <= BYTES_MAX:
                if len(self._answered) >= SHAPES_KEPT:
                    del self._answered[next(iter(self._answered))]
                self._answered[shape] = known
        text = _filled(known[0], host, port, session_id)
        return Description(body=text), _agreement(remote_host, ports, known[1])

    def accept(self, offer: Description, body: bytes, host: str) -> Agreement | None:
        """What the peer's answer to an offer made here comes to; `host` is ours."""
        cut = _cut(body, host) if offer.shape else None
        if cut is None:
            return None
        remote_host, ports, shape = cut
        known = self._accepted.get((offer.shape, shape))
        if known is None:
            try:
                outcome = accept_answer(offer.session, parse(body))
            except SdpError:
                return None
            if isinstance(outcome, NoAgreement):
                return None
            known = _terms(outcome, remote_host, ports)
            if known is None:
                return None
            if len(body) <= BYTES_MAX:
                if len(self._accepted) >= SHAPES_KEPT:
                    del self._accepted[next(iter(self._accepted))]
                self._accepted[offer.shape, shape] = known
        return _agreement(remote_host, ports, known)


def _cut(body: bytes, host: str) -> tuple[str, _Ports, _Shape] | None:
    """The peer's address in the family of ours, its ports, and the rest; None where it is not plain."""
    found = _PLAIN.fullmatch(body)
    if found is None:
        return None
    address, head, attributes, port, line = found.groups()
    remote_host = reachable(address.decode(), host)
    remote_port = int(port)
    if remote_host is None or remote_host in _UNSPECIFIED or remote_port > 65_535:
        return None
    if b"a=ssrc:" in line:
        line = _SSRC.sub(b"", line)
    rtcp = _RTCP.findall(line) if b"a=rtcp:" in line else ()
    if len(rtcp) == 1 and int(rtcp[0]) <= 65_535 and line.count(b"a=rtcp:") == 1:
        return remote_host, (remote_port, int(rtcp[0])), (head, attributes, _RTCP.sub(b"", line), True)
    return remote_host, (remote_port, 0), (head, attributes, line, False)


def _agreement(remote_host: str, ports: _Ports, terms: _Terms) -> Agreement:
    return Agreement(remote_host=remote_host, remote_port=ports[0], rtcp_port=ports[1], **terms)


def _terms(agreement: Agreement, remote_host: str, ports: _Ports) -> _Terms | None:
    """None where it is not the numbers of this line that were agreed on."""
    assert (agreement.remote_host, agreement.remote_port) == (remote_host, ports[0]), (
        "a plain line has one address"
    )
    if agreement.rtcp_port != ports[1]:
        return None
    return {name: getattr(agreement, name) for name in _OTHERS}


def _shape_of_ours(text: bytes, host: str, port: int, session_id: int) -> str:
    """What stands behind the port in a description of ours."""
    shape = text.decode().rpartition(f"\r\nm=audio {port} ")[2]
    assert text == _filled(shape, host, port, session_id), "ours differ in nothing else"
    return shape


def _filled(shape: str, host: str, port: int, session_id: int) -> bytes:
    at = f"IN IP{6 if ':' in host else 4} {host}"
    return f"v=0\r\no=- {session_id} 1 {at}\r\ns=-\r\nc={at}\r\nt=0 0\r\nm=audio {port} {shape}".encode()
