"""A shift starts: five hundred agents register and sign in within ten seconds, and no call feels it.

The phones are sockets of our own that speak to a real switch: each registers, answering its challenge, and
then dials the sign-in code, answering another. Meanwhile twenty calls stand and say so ten times a second,
and new ones come. Times are printed and not judged.
"""

import asyncio
import itertools
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from switch.sip import digest
from tests.interop.switch_process import SwitchProcess, next_rtp_range

AGENTS = 500
STANDING = 20
SHIFT_S = 10.0
T1_S = 0.5
"""RFC 3261 section 17: what is not answered is sent again."""

SENDS_MAX = 12
SHED_MAX = 4 * AGENTS
"""Times that the switch may say 503: none on a machine with time for it."""

KEEP_EVERY_S = 0.1
NEW_EVERY_S = 0.2

_branches = itertools.count(1)
_HEADER = re.compile(r"^(via|from|to|call-id|cseq):\s*(.*?)\r?$", re.IGNORECASE | re.MULTILINE)


def plan() -> str:
    numbers = range(1000, 1000 + AGENTS)
    accounts = ", ".join(f'"{number}": {{}}' for number in (*numbers, 2000))
    agents = ", ".join(f'a{number}: {{account: "{number}", skills: {{english: 50}}}}' for number in numbers)
    return f"""
languages: [en]
numbers: {{"600": talk}}
accounts: {{{accounts}}}
skills: [english]
agents: {{{agents}}}
queues: {{sales: {{policy: longest-idle, refuse_without_agents: false}}}}
prompts: {{talk: {{en: "{"Please hold on for a moment. " * 12}"}}}}
flows:
  talk: [answer, {{play: talk}}, {{play: talk}}, {{play: talk}}, hangup]
"""


class Wire(asyncio.DatagramProtocol):
    """All phones of the office behind one address; what comes goes to whoever waits under its Call-ID."""

    def __init__(self, switch: SwitchProcess) -> None:
        self.switch = switch
        self.waiting: dict[tuple[str, str], asyncio.Queue[str]] = {}
        self.repeats = self.shed = 0
        self.ended: set[str] = set()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self.transport = transport
        host, port = transport.get_extra_info("sockname")
        self.address = f"{host}:{port}"

    def datagram_received(self, data: bytes, addr: object) -> None:
        del addr
        text = data.decode()
        fields = {name.lower(): value for name, value in _HEADER.findall(text)}
        call_id = fields["call-id"]
        if text.startswith("SIP/2.0"):
            queue = self.waiting.get((call_id, fields["cseq"]))
            if queue is not None:
                queue.put_nowait(text)
            return
        lines = "".join(f"{name}: {value}\r\n" for name, value in _HEADER.findall(text))
        if not text.startswith("ACK"):
            self.transport.sendto(f"SIP/2.0 200 OK\r\n{lines}Content-Length: 0\r\n\r\n".encode())
        if text.startswith("BYE"):
            self.ended.add(call_id)

    async def ask(self, text: str, call_id: str, cseq: str) -> tuple[str, float]:
        """The final answer, and when the first one beyond 100 came; sent again as UDP needs, and
        later where a switch whose machine stalls says so."""
        queue = self.waiting.setdefault((call_id, cseq), asyncio.Queue())
        first = 0.0
        wait_s = T1_S
        for _ in range(SENDS_MAX):
            self.transport.sendto(text.encode())
            try:
                while True:
                    answer = await asyncio.wait_for(queue.get(), wait_s)
                    status = int(answer.split(" ", 2)[1])
                    if status > 100 and not first:
                        first = time.perf_counter()
                    if status == 503 and self.shed < SHED_MAX:
                        self.shed += 1
                        after = re.search(r"^Retry-After: (\d+)", answer, re.MULTILINE)
                        await asyncio.sleep(int(after[1]) if after else 1)
                        text = re.sub(r"branch=\w+", f"branch=z9hG4bKs{next(_branches)}", text, count=1)
                        wait_s, first = T1_S, 0.0
                        break
                    if status >= 200:
                        del self.waiting[call_id, cseq]
                        return answer, first
                    wait_s = 30.0
            except TimeoutError:
                self.repeats += 1
                wait_s = min(2 * wait_s, 4.0)
        raise AssertionError(f"no answer to {text.splitlines()[0]}")


class Phone:
    """One account."""

    def __init__(self, wire: Wire, user: str) -> None:
        self.wire, self.user, self.cseq = wire, user, 0

    def text(self, method: str, target: str, call_id: str, to: str, extra: str = "", body: str = "") -> str:
        return (
            f"{method} {target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.wire.address};rport;branch=z9hG4bKs{next(_branches)}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{self.user}@{self.wire.switch.sip}>;tag=f\r\n{to}\r\n"
            f"Call-ID: {call_id}\r\nCSeq: {self.cseq} {method}\r\n"
            f"Contact: <sip:{self.user}@{self.wire.address}>\r\n{extra}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    async def authenticated(
        self, method: str, target: str, call_id: str, to: str, extra: str = "", body: str = ""
    ) -> tuple[str, float, float]:
        """The answer to the request with credentials, when that was sent, and when its first answer came."""
        self.cseq += 1
        request = self.text(method, target, call_id, to, extra, body)
        answer, _ = await self.wire.ask(request, call_id, f"{self.cseq} {method}")
        field = re.search(r"^(WWW|Proxy)-Authenticate: (.*?)\r$", answer, re.MULTILINE)
        assert field is not None, answer
        if method == "INVITE":
            self.acknowledge(answer, target, call_id, request)
        name = "Authorization" if field[1] == "WWW" else "Proxy-Authorization"
        secret = self.wire.switch.secrets[self.user]
        self.cseq += 1
        value = digest.answer(field[2], method, target, self.user, secret, "cn")
        request = self.text(method, target, call_id, to, f"{name}: {value}\r\n{extra}", body)
        sent = time.perf_counter()
        answer, first = await self.wire.ask(request, call_id, f"{self.cseq} {method}")
        if method == "INVITE":
            self.acknowledge(answer, target, call_id, "")
        return answer, sent, first

    def acknowledge(self, answer: str, target: str, call_id: str, refused: str) -> None:
        to = re.search(r"^To: .*?\r$", answer, re.MULTILINE)
        assert to is not None
        ack = self.text("ACK", target, call_id, to[0].strip())
        if refused:
            # Of a refusal: under the INVITE's own branch.
            via = re.search(r"branch=\w+", refused)
            assert via is not None
            ack = re.sub(r"branch=\w+", via[0], ack)
        self.wire.transport.sendto(ack.encode())

    async def register(self) -> None:
        server = f"sip:{self.wire.switch.sip}"
        to = f"To: <sip:{self.user}@{self.wire.switch.sip}>"
        answer, _, _ = await self.authenticated("REGISTER", server, f"r-{self.user}", to, "Expires: 300\r\n")
        assert answer.startswith("SIP/2.0 200"), answer

    async def call(self, number: str, call_id: str) -> tuple[str, float]:
        """The 200, and how long after the dialling the first sign came."""
        target = f"sip:{number}@{self.wire.switch.sip}"
        body = (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            "m=audio 9 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        )
        extra = "Content-Type: application/sdp\r\n"
        answer, sent, first = await self.authenticated(
            "INVITE", target, call_id, f"To: <{target}>", extra, body
        )
        assert answer.startswith("SIP/2.0 200"), answer
        return answer, first - sent


async def keep(phone: Phone, answer: str, call_id: str, end: float) -> int:
    """A call that stands: it asks ten times a second, once each time, and must always be answered."""
    to = re.search(r"^To: .*?\r$", answer, re.MULTILINE)
    contact = re.search(r"^Contact: <(.*?)>", answer, re.MULTILINE)
    assert to is not None
    assert contact is not None
    asked = 0
    while time.perf_counter() < end:
        phone.cseq += 1
        request = phone.text("OPTIONS", contact[1], call_id, to[0].strip())
        reply, _ = await phone.wire.ask(request, call_id, f"{phone.cseq} OPTIONS")
        assert reply.startswith("SIP/2.0 200"), reply
        asked += 1
        await asyncio.sleep(KEEP_EVERY_S)
    return asked


async def later(delay_s: float, what: Callable[[], Awaitable[None]]) -> None:
    await asyncio.sleep(delay_s)
    await what()


async def test_five_hundred_agents_come_to_work(tmp_path: Path) -> None:
    dialplans = tmp_path / "dialplans"
    dialplans.mkdir()
    (dialplans / "office.yaml").write_text(plan())
    async with await SwitchProcess.start(dialplans, tmp_path / "state", rtp=next_rtp_range(3_000)) as switch:
        host, _, port = switch.sip.rpartition(":")
        transport, wire = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Wire(switch), remote_addr=(host, int(port))
        )
        try:
            await shift(switch, wire)
        finally:
            transport.close()


async def shift(switch: SwitchProcess, wire: Wire) -> None:
    standing = [Phone(wire, "office-2000") for _ in range(STANDING)]
    answers = [(await phone.call("600", f"s-{n}"))[0] for n, phone in enumerate(standing)]
    before, start = wire.repeats, time.perf_counter()

    async def begin(user: str) -> None:
        phone = Phone(wire, user)
        await phone.register()
        await phone.call("*11", f"in-{user}")

    delays: list[float] = []

    async def dial(number: int) -> None:
        delays.append((await Phone(wire, "office-2000").call("600", f"new-{number}"))[1])

    async with asyncio.TaskGroup() as group:
        kept = [
            group.create_task(keep(phone, answer, f"s-{n}", start + SHIFT_S))
            for n, (phone, answer) in enumerate(zip(standing, answers, strict=True))
        ]
        for number in range(AGENTS):
            group.create_task(later(number * SHIFT_S / AGENTS, lambda n=number: begin(f"office-{1000 + n}")))
        for number in range(int(SHIFT_S / NEW_EVERY_S)):
            group.create_task(later(number * NEW_EVERY_S, lambda n=number: dial(n)))
    took = time.perf_counter() - start
    repeats = wire.repeats - before
    delays.sort()
    print(
        f"\n{AGENTS} agents registered and signed in within {took:.1f} s; {STANDING} standing calls were"
        f" answered {sum(task.result() for task in kept)} times; {len(delays)} new calls: post-dial delay"
        f" p50 {delays[len(delays) // 2] * 1e3:.1f} ms, p99 {delays[int(len(delays) * 0.99)] * 1e3:.1f} ms;"
        f" {repeats} messages were sent again, {wire.shed} put off"
    )
    assert not [call for call in wire.ended if call.startswith("s-")], "a standing call was ended"
    rows = await switch.cli("accounts", "list")
    assert sum(row["registered"] for row in rows) == AGENTS
    agents = await switch.cli("agents", "list")
    assert sum(row["state"] != "logged-out" for row in agents) == AGENTS
