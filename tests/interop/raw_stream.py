"""A SIP phone by TLS or WebSocket that shares no code with the switch: it says what it is told to say."""

import asyncio
import hashlib
import itertools
import re
import ssl
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

ANSWER_S = 20.0
_numbers = itertools.count(1)


class _Wire(Protocol):
    async def send(self, text: str) -> None: ...
    async def receive(self) -> str: ...
    async def close(self) -> None: ...


class TlsWire:
    """Messages framed by Content-Length."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def dial(cls, host: str, port: int, context: ssl.SSLContext | None, name: str) -> "TlsWire":
        hostname = name if context is not None else None
        return cls(*await asyncio.open_connection(host, port, ssl=context, server_hostname=hostname))

    async def send(self, text: str) -> None:
        self._writer.write(text.encode())

    async def receive(self) -> str:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"(?im)^(?:content-length|l)\s*:\s*(\d+)", head)
        assert length, head
        return head + (await self._reader.readexactly(int(length[1]))).decode()

    async def close(self) -> None:
        self._writer.close()


class WebSocketWire:
    """A message a message."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    @classmethod
    async def dial(cls, url: str, context: ssl.SSLContext | None) -> "WebSocketWire":
        names = [Subprotocol("sip")]
        return cls(await connect(url, subprotocols=names, ssl=context, proxy=None))

    async def send(self, text: str) -> None:
        await self._connection.send(text)

    async def receive(self) -> str:
        return str(await self._connection.recv())

    async def close(self) -> None:
        await self._connection.close()


class StreamPhone:
    """One account by one wire. `via` is TLS, WS or WSS; `contact` is what it writes of itself."""

    def __init__(self, wire: _Wire, via: str, user: str, secret: str, contact: str) -> None:
        self.wire = wire
        self.via = via
        self.user, self.secret, self.contact = user, secret, contact
        self.heard: list[str] = []

    def request(
        self, method: str, uri: str, call_id: str, *headers: str, to: str = "", body: str = ""
    ) -> str:
        number = next(_numbers)
        if method == "REGISTER":
            to = f"<sip:{self.user}@switch.example>"
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/{self.via} {self.user}.invalid;rport;branch=z9hG4bKraw{number}",
            "Max-Forwards: 70",
            f"From: <sip:{self.user}@switch.example>;tag={self.user}",
            f"To: {to or f'<{uri}>'}",
            f"Call-ID: {call_id}",
            f"CSeq: {number} {method}",
            f"Contact: <{self.contact}>",
            *headers,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join(lines) + "\r\n\r\n" + body

    async def next(self, begins: str) -> str:
        """The next message that begins so; others are kept in `heard`."""
        async with asyncio.timeout(ANSWER_S):
            while True:
                message = await self.wire.receive()
                self.heard.append(message)
                if message.startswith(begins):
                    return message

    async def ask(self, method: str, uri: str, call_id: str, *headers: str, body: str = "") -> str:
        """With the digest that is asked for; the answer to that."""
        await self.wire.send(self.request(method, uri, call_id, *headers, body=body))
        challenge = await self.next("SIP/2.0 40")
        if method == "INVITE":
            await self.acknowledge(uri, challenge)
        name = "Authorization" if "401" in challenge.split("\r\n")[0] else "Proxy-Authorization"
        field = f"{name}: {self._digest(method, uri, challenge)}"
        await self.wire.send(self.request(method, uri, call_id, *headers, field, body=body))
        return await self.next("SIP/2.0 2")

    async def acknowledge(self, uri: str, answer: str) -> None:
        """The ACK of a refusal goes by the branch of its INVITE."""
        fields = {name: value(answer, name) for name in ("Via", "From", "To", "Call-ID")}
        lines = [f"ACK {uri} SIP/2.0", *(f"{name}: {text}" for name, text in fields.items())]
        lines += [f"CSeq: {value(answer, 'CSeq').split()[0]} ACK", "Content-Length: 0"]
        await self.wire.send("\r\n".join(lines) + "\r\n\r\n")

    async def answer(self, request: str, status: str, body: str = "") -> None:
        copied = [line for line in request.split("\r\n") if re.match(r"(?i)(via|from|call-id|cseq):", line)]
        to = value(request, "To")
        to += "" if ";tag=" in to else f";tag={self.user}"
        lines = [f"SIP/2.0 {status}", *copied, f"To: {to}", f"Contact: <{self.contact}>"]
        lines += ["Content-Type: application/sdp"] if body else []
        await self.wire.send("\r\n".join([*lines, f"Content-Length: {len(body)}"]) + "\r\n\r\n" + body)

    def _digest(self, method: str, uri: str, challenge: str) -> str:
        fields = re.findall(r"(?im)^(?:WWW|Proxy)-Authenticate:\s*Digest (.*?)\r?$", challenge)
        offered = [dict(re.findall(r'(\w+)="?([^",]*)"?', field)) for field in fields]
        asked = next(field for field in offered if field.get("algorithm") == "SHA-256")

        def digest(text: str) -> str:
            return hashlib.sha256(text.encode()).hexdigest()

        ha1, ha2 = digest(f"{self.user}:{asked['realm']}:{self.secret}"), digest(f"{method}:{uri}")
        response = digest(f"{ha1}:{asked['nonce']}:00000001:raw:auth:{ha2}")
        return (
            f'Digest username="{self.user}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", '
            f'uri="{uri}", response="{response}", algorithm=SHA-256, cnonce="raw", nc=00000001, qop=auth'
        )


def value(message: str, name: str) -> str:
    """The first value of a header."""
    found = re.search(rf"(?im)^{name}\s*:\s*(.*?)\r?$", message)
    assert found, f"no {name} in {message}"
    return found[1]


def audio(host: str, port: int) -> str:
    family = "IP6" if ":" in host else "IP4"
    return (
        f"v=0\r\no=- 1 1 IN {family} {host}\r\ns=-\r\nc=IN {family} {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 0\r\n"
    )


def browser_audio(host: str, port: int) -> str:
    """What a browser answers: DTLS (RFC 8829 section 5.3), for calls whose audio nobody hears."""
    fingerprint = ":".join(["AB"] * 32)
    return (
        f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
        f"m=audio {port} UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 {host}\r\na=rtpmap:0 PCMU/8000\r\n"
        f"a=mid:0\r\na=rtcp-mux\r\na=sendrecv\r\na=setup:active\r\na=fingerprint:sha-256 {fingerprint}\r\n"
        f"a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
        f"a=candidate:1 1 UDP 2130706431 {host} {port} typ host\r\n"
    )
