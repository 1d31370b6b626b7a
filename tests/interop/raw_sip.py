"""A SIP client of a hundred lines that shares no code with the switch: it sends what it is told to send."""

import asyncio
import hashlib
import itertools
import re
import socket
from dataclasses import dataclass

ANSWER_S = 20.0
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: its status, its header lines in order, and how long it took."""

    status: int
    lines: tuple[str, ...]
    seconds: float

    def values(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        prefix = f"{name.lower()}:"
        return [line.partition(":")[2].strip() for line in self.lines if line.lower().startswith(prefix)]

    def challenges(self) -> list[dict[str, str]]:
        """The parameters of each WWW-Authenticate, in order."""
        fields = self.values("WWW-Authenticate") + self.values("Proxy-Authenticate")
        return [dict(re.findall(r'(\w+)="?([^",]*)"?', field)) for field in fields]


class RawClient:
    """A UDP socket that speaks to one switch. Use it in a `with` block."""

    def __init__(self, switch: str) -> None:
        host, _, port = switch.rpartition(":")
        self.switch = switch
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.connect((host, int(port)))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """One datagram, whatever it is."""
        self._socket.send(data)

    async def ask(self, request: str) -> Answer:
        """Send it, and give the next final answer."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        self.send(request.encode())
        while True:
            data = await asyncio.wait_for(loop.sock_recv(self._socket, 65_536), ANSWER_S)
            first, *lines = data.decode().partition("\r\n\r\n")[0].split("\r\n")
            status = int(first.split()[1])
            if status >= 200:
                return Answer(status, tuple(lines), loop.time() - begun)

    def request(self, method: str, user: str, *headers: str, uri: str = "", call_id: str = "") -> str:
        """A whole request without a body."""
        number = next(_numbers)
        lines = [
            f"{method} {uri or 'sip:' + self.switch} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address};rport;branch=z9hG4bKraw{number}",
            "Max-Forwards: 70",
            f"From: <sip:{user}@{self.switch}>;tag=raw{number}",
            f"To: <sip:{user}@{self.switch}>",
            f"Call-ID: {call_id or f'raw{number}'}@{self.address}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:{user}@{self.address}>",
            *headers,
            "Content-Length: 0",
        ]
        return "\r\n".join(lines) + "\r\n\r\n"

    async def register(
        self, user: str, secret: str, *headers: str, algorithm: str = "SHA-256", call_id: str = "raw"
    ) -> Answer:
        """Register by one of the algorithms that are offered; the last answer."""
        first = await self.ask(self.request("REGISTER", user, *headers, call_id=call_id))
        if first.status != 401:
            return first
        offered = {challenge["algorithm"]: challenge for challenge in first.challenges()}
        field = self.authorization("REGISTER", user, secret, offered[algorithm])
        return await self.ask(self.request("REGISTER", user, field, *headers, call_id=call_id))

    def authorization(self, method: str, user: str, secret: str, challenge: dict[str, str]) -> str:
        """RFC 8760 with qop=auth."""
        algorithm, realm, nonce = challenge["algorithm"], challenge["realm"], challenge["nonce"]
        make = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm]

        def digest(text: str) -> str:
            return make(text.encode()).hexdigest()

        uri = f"sip:{self.switch}"
        ha1, ha2 = digest(f"{user}:{realm}:{secret}"), digest(f"{method}:{uri}")
        response = digest(f"{ha1}:{nonce}:00000001:raw:auth:{ha2}")
        return (
            f'Authorization: Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
            f'response="{response}", algorithm={algorithm}, cnonce="raw", nc=00000001, qop=auth'
        )
