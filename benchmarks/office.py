"""An office behind one UDP socket: agents who answer at once, callers who call again; for benchmarks.

The phones are text templates over asyncio and share no code with the switch but the digest's arithmetic. An
agent's phone answers 200 to each INVITE, talks, and sends BYE. A caller answers the challenge, acknowledges
and waits for the BYE of the other side. The kernel stamps what arrives, so that it does not count how busy
this process is.
"""

import asyncio
import re
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from switch.sip import digest
from tests.interop.switch_process import SwitchProcess

KERNEL_BUFFER = 4 << 20
_SO_TIMESTAMPNS = 35
"""asm-generic/socket.h; Python 3.11 does not name it. The control message has the same number."""

_STAMP = struct.Struct("=qq")
_REPEAT_S = 0.5
"""Timer E of RFC 3261: a request without an answer is sent again, for UDP may lose it."""

_START = re.compile(rb"(?:SIP/2\.0 (\d+)|([A-Z]+) sip:([^@ ;]+))")
_CALL_ID = re.compile(rb"\r\nCall-ID: ([^\r]*)")
_TO = re.compile(rb"\r\nTo: ([^\r]*)")
_FROM = re.compile(rb"\r\nFrom: ([^\r]*)")
_CSEQ = re.compile(rb"\r\nCSeq: (\d+) ([A-Z]+)")
_CONTACT = re.compile(rb"\r\nContact: <([^>]*)>")
_CHALLENGE = re.compile(rb"\r\n(?:Proxy|WWW)-Authenticate: ([^\r]*)")
_COPIED = re.compile(rb"\r\n((?:Via|From|Call-ID|CSeq): [^\r]*)")


@dataclass(slots=True)
class Agent:
    """`freed_ns` is when the last BYE was sent (wall clock), 0 before the first talk."""

    user: str
    freed_ns: int = 0


def first(pattern: re.Pattern[bytes], data: bytes) -> str:
    """What the pattern's group finds; the message must have it."""
    found = pattern.search(data)
    assert found is not None, data
    return found[1].decode()


class Office:
    """`open` first, then `register` the agents, then `call`. `talk_s` says how long the next talk lasts."""

    def __init__(self, switch: SwitchProcess, talk_s: Callable[[], float]) -> None:
        self._server = switch.sip
        self._secrets = switch.secrets
        self._talk_s = talk_s
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._agents: dict[str, Agent] = {}
        self._answers: dict[str, asyncio.Future[bytes]] = {}
        self._open: dict[str, asyncio.TimerHandle] = {}
        self._talks: dict[str, tuple[Agent, str]] = {}
        self._calls = 0
        self._numbers: dict[str, str] = {}
        self.completed = self.failed = self.repeated = 0
        self.idle_ns: list[int] = []
        """From each BYE of an agent to the next INVITE for that agent."""
        self.again = True
        """Whoever has talked calls again at once."""

    def open(self) -> None:
        """From here on datagrams come."""
        host, _, port = self._server.rpartition(":")
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BUFFER)
        self._socket.setblocking(False)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.connect((host, int(port)))
        self._address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._media.bind(("127.0.0.1", 0))
        # What is never read is dropped by the kernel when the buffer is full: the cheapest of all listeners.
        self._sdp = (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self._media.getsockname()[1]} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
        )
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._readable)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        for handle in self._open.values():
            handle.cancel()
        self._socket.close()
        self._media.close()

    async def register(self, user: str) -> None:
        """One agent's phone."""
        self._agents[user] = Agent(user)
        challenge = ""
        for cseq in (1, 2):
            lines = [
                *self._head("REGISTER", f"sip:{self._server}", f"r-{user}", cseq, user, user),
                f"Contact: <sip:{user}@{self._address}>;expires=3600",
            ]
            if challenge:
                lines.append(f"Authorization: {self._credentials(challenge, 'REGISTER', user, self._server)}")
            answer = asyncio.get_running_loop().create_future()
            self._answers[f"r-{user}"] = answer
            self._request(f"r-{user}", lines, "")
            data = await asyncio.wait_for(answer, 20)
            if data.startswith(b"SIP/2.0 401"):
                challenge = first(_CHALLENGE, data)
        assert data.startswith(b"SIP/2.0 200"), data

    def call(self, number: str, user: str) -> None:
        """One more caller dials `number`."""
        self._calls += 1
        self._invite(f"c-{self._calls}-{user}", number)

    def _credentials(self, challenge: str, method: str, user: str, target: str) -> str:
        secret = self._secrets[user]
        return digest.answer(challenge, method, f"sip:{target}", user, secret, f"{self._calls:x}c")

    def _head(self, method: str, uri: str, call_id: str, cseq: int, user: str, to: str) -> list[str]:
        return [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._address};rport;branch=z9hG4bK{call_id}.{cseq}{method}",
            "Max-Forwards: 70",
            f"From: <sip:{user}@{self._server}>;tag=f{call_id}",
            f"To: <sip:{to}@{self._server}>",
            f"Call-ID: {call_id}",
            f"CSeq: {cseq} {method}",
        ]

    def _invite(self, call_id: str, number: str, challenge: str = "") -> None:
        user = call_id.split("-", 2)[2]
        target = f"{number}@{self._server}"
        cseq = 2 if challenge else 1
        lines = [
            *self._head("INVITE", f"sip:{target}", call_id, cseq, user, number),
            f"Contact: <sip:{user}@{self._address}>",
            "Content-Type: application/sdp",
        ]
        if challenge:
            lines.append(f"Proxy-Authorization: {self._credentials(challenge, 'INVITE', user, target)}")
        self._numbers[call_id] = number
        self._request(call_id, lines, self._sdp)

    def _request(self, call_id: str, lines: list[str], body: str) -> None:
        """Send it, and again until something comes."""
        data = ("\r\n".join([*lines, f"Content-Length: {len(body)}"]) + f"\r\n\r\n{body}").encode()
        loop = asyncio.get_running_loop()

        def again() -> None:
            self.repeated += 1
            self._socket.send(data)
            self._open[call_id] = loop.call_later(_REPEAT_S, again)

        self._settled(call_id)
        self._socket.send(data)
        self._open[call_id] = loop.call_later(_REPEAT_S, again)

    def _settled(self, call_id: str) -> None:
        handle = self._open.pop(call_id, None)
        if handle is not None:
            handle.cancel()

    def _readable(self) -> None:
        while True:
            try:
                data, control, _, _ = self._socket.recvmsg(65_535, 64)
            except BlockingIOError:
                return
            seconds, nanoseconds = _STAMP.unpack(control[0][2])
            self._take(data, seconds * 1_000_000_000 + nanoseconds)

    def _take(self, data: bytes, stamp_ns: int) -> None:
        start = _START.match(data)
        assert start is not None, data
        call_id = first(_CALL_ID, data)
        if start[1] is not None:
            self._response(int(start[1]), call_id, data)
        elif start[2] == b"INVITE":
            self._rung(self._agents[start[3].decode()], call_id, data, stamp_ns)
        elif start[2] == b"BYE":
            self._socket.send(self._reply(data, "Content-Length: 0\r\n\r\n", ""))
            self._ended(call_id)

    def _response(self, status: int, call_id: str, data: bytes) -> None:
        self._settled(call_id)
        method = _CSEQ.search(data)
        assert method is not None
        if call_id.startswith("r-"):
            answer = self._answers[call_id]
            if not answer.done():
                answer.set_result(data)
        elif method[2] != b"INVITE" or status < 200:
            return
        elif status == 200:
            self._acknowledge(call_id, data, first(_CONTACT, data))
        else:
            self._acknowledge(call_id, data, f"sip:{self._numbers[call_id]}@{self._server}")
            if status in (401, 407) and method[1] == b"1":
                self._invite(call_id, self._numbers[call_id], first(_CHALLENGE, data))
            else:
                self.failed += 1

    def _acknowledge(self, call_id: str, data: bytes, uri: str) -> None:
        cseq = int(first(_CSEQ, data))
        user = call_id.split("-", 2)[2]
        lines = self._head("ACK", uri, call_id, cseq, user, self._numbers[call_id])
        if not data.startswith(b"SIP/2.0 200"):
            # RFC 3261 section 17.1.1.3: of the same transaction.
            lines[1] = lines[1].removesuffix("ACK") + "INVITE"
        lines[4] = f"To: {first(_TO, data)}"
        self._socket.send(("\r\n".join(lines) + "\r\nContent-Length: 0\r\n\r\n").encode())

    def _rung(self, agent: Agent, call_id: str, data: bytes, stamp_ns: int) -> None:
        """Answered at once. An INVITE that is sent again finds its talk here."""
        if call_id not in self._talks:
            if agent.freed_ns:
                self.idle_ns.append(stamp_ns - agent.freed_ns)
                agent.freed_ns = 0
            lines = [
                *self._head("BYE", first(_CONTACT, data), call_id, 1, agent.user, ""),
            ]
            lines[3] = f"From: {first(_TO, data)};tag=a"
            lines[4] = f"To: {first(_FROM, data)}"
            self._talks[call_id] = (agent, "\n".join(lines))
            asyncio.get_running_loop().call_later(self._talk_s(), self._hang_up, call_id)
        rest = f"Contact: <sip:{agent.user}@{self._address}>\r\nContent-Type: application/sdp\r\n"
        self._socket.send(
            self._reply(data, f"{rest}Content-Length: {len(self._sdp)}\r\n\r\n{self._sdp}", ";tag=a")
        )

    def _hang_up(self, call_id: str) -> None:
        talk = self._talks.pop(call_id, None)
        if talk is None:
            return
        agent, lines = talk
        agent.freed_ns = time.time_ns()
        self._request(call_id, lines.split("\n"), "")

    def _ended(self, call_id: str) -> None:
        """The other side hung up: a caller's talk is over, or an agent's (the caller's doing)."""
        talk = self._talks.pop(call_id, None)
        number = self._numbers.pop(call_id, None)
        if talk is None and number is not None:
            self.completed += 1
            if self.again:
                self.call(number, call_id.split("-", 2)[2])

    @staticmethod
    def _reply(data: bytes, rest: str, tag: str) -> bytes:
        lines = ["SIP/2.0 200 OK", *(line.decode() for line in _COPIED.findall(data))]
        return "\r\n".join([*lines, f"To: {first(_TO, data)}{tag}", rest]).encode()
