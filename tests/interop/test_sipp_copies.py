"""The benchmark's scenarios where either side was late: copies are no mistakes, refusals still are."""

import asyncio
import re
from pathlib import Path
from typing import cast

import pytest

from tests.interop.sipp import BENCHMARKS, Sipp, credentials, run_sipp

CHALLENGE = 'Proxy-Authenticate: Digest realm="r", nonce="n{number}", algorithm=MD5, qop="auth"\r\n'
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"


class LateServer(asyncio.DatagramProtocol):
    """Challenges the first INVITE twice, with two nonces, as a server without transactions does whose caller
    repeated it; the one with credentials is answered, or challenged once more."""

    def __init__(self, *, refuses: bool) -> None:
        self._refuses = refuses
        self._first = ""
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode()
        method, proved = text.partition(" ")[0], "Proxy-Authorization:" in text
        if method == "INVITE" and not proved:
            self._first = text
            for number in (1, 2):
                self._answer(text, addr, "407 Proxy Authentication Required", CHALLENGE.format(number=number))
        elif method == "INVITE" and self._refuses:
            self._answer(text, addr, "407 Proxy Authentication Required", CHALLENGE.format(number=3))
        elif method == "INVITE":
            # One more copy of it comes between what is said to this INVITE.
            self._answer(self._first, addr, "407 Proxy Authentication Required", CHALLENGE.format(number=4))
            self._answer(
                text, addr, "200 OK", "Contact: <sip:127.0.0.1>\r\nContent-Type: application/sdp\r\n", SDP
            )
        elif method == "BYE":
            self._answer(text, addr, "200 OK")

    def _answer(
        self, request: str, addr: tuple[str, int], status: str, more: str = "", body: str = ""
    ) -> None:
        assert self._transport is not None
        lines = re.findall(r"^(?:Via|From|Call-ID|CSeq):.*\r\n", request, re.MULTILINE)
        to = re.search(r"^(To:.*?)\r\n", request, re.MULTILINE)
        assert to is not None
        tag = "" if ";tag=" in to[1] else ";tag=theirs"
        head = (
            f"SIP/2.0 {status}\r\n{''.join(lines)}{to[1]}{tag}\r\n{more}Content-Length: {len(body)}\r\n\r\n"
        )
        self._transport.sendto((head + body).encode(), addr)


@pytest.mark.parametrize("refuses", [False, True])
async def test_a_second_challenge_of_the_first_invite_is_no_refusal(
    sipp_program: str, tmp_path: Path, refuses: bool
) -> None:
    """RFC 3261 section 17.1.1.2: the copy belongs to a transaction that is over."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: LateServer(refuses=refuses), local_addr=("127.0.0.1", 0)
    )
    host, port = transport.get_extra_info("sockname")
    try:
        result = await run_sipp(
            sipp_program,
            BENCHMARKS / "caller.xml",
            tmp_path,
            f"{host}:{port}",
            rows=[("100", credentials("100", "secret"), "200", f"{host}:{port}")],
            extra=("-d", "10"),
        )
    finally:
        transport.close()
    assert (result.exit_code, result.failed) == ((1, 1) if refuses else (0, 0)), result


class LateCaller(asyncio.DatagramProtocol):
    """Says everything twice, but for the BYE."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None
        self._acknowledged = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        for _ in range(2):
            self._say("INVITE", 1, "invite")

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        del addr
        text = data.decode()
        if not text.startswith("SIP/2.0 200"):
            return
        to = re.search(r"^To:.*?(;tag=\S+)\r\n", text, re.MULTILINE)
        assert to is not None
        if "CSeq: 2 BYE" in text:
            self.ended.set()
        elif not self._acknowledged:
            self._acknowledged = True
            self._say("INVITE", 1, "invite")
            for _ in range(2):
                self._say("ACK", 1, "ack", to[1])
            self._say("BYE", 2, "bye", to[1])

    def _say(self, method: str, number: int, branch: str, tag: str = "") -> None:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")
        head = (
            f"{method} sip:102@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{branch}\r\n"
            f"From: <sip:1@{host}>;tag=a\r\nTo: <sip:102@{host}>{tag}\r\nCall-ID: one\r\n"
            f"CSeq: {number} {method}\r\nContact: <sip:1@{host}:{port}>\r\nMax-Forwards: 70\r\n"
        )
        body = SDP if method == "INVITE" else ""
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self._transport.sendto(f"{head}{kind}Content-Length: {len(body)}\r\n\r\n{body}".encode())


async def test_a_callee_stays_where_everything_comes_twice(sipp_program: str, tmp_path: Path) -> None:
    async with await Sipp.start(sipp_program, BENCHMARKS / "callee.xml", tmp_path, calls=1) as callee:
        loop = asyncio.get_running_loop()
        transport, caller = await loop.create_datagram_endpoint(
            LateCaller, remote_addr=("127.0.0.1", callee.port)
        )
        try:
            await asyncio.wait_for(caller.ended.wait(), 30)
        finally:
            transport.close()
        result = await callee.finish()
        assert (result.exit_code, result.failed) == (0, 0), result
