"""CPU of the switch per authenticated registration, driven by phones of our own over loopback.

Five hundred phones refresh as fast as the switch answers, a bounded number at a time. `reused`: each answers
its challenge once and counts on with that nonce (RFC 7616 section 3.4), as real phones do. `challenged`: each
registration is refused with a new challenge first, so that it is two requests and two answers. CPU time is
that of the whole server process (user and system, from /proc) divided by completed registrations; one core
does at most as many a second as that time fits into it.

    python -m benchmarks.registrations [--phones 500] [--count 20000]
"""

import argparse
import asyncio
import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.witness import cpu_s
from switch.sip import digest
from tests.interop.switch_process import SwitchProcess

AT_ONCE = 25
"""Requests under way: enough to keep the switch busy, and far from what it sheds."""

SHED_PAUSE_S = 0.2
"""A switch that is behind sheds registrations first (503): the phone comes again, and it is counted."""

PATIENCE_S = 60
_STATUS = re.compile(rb"SIP/2.0 (\d+) ")
_CALL_ID = re.compile(rb"\r\nCall-ID: p(\d+)\r\n", re.IGNORECASE)
_CHALLENGE = re.compile(rb"\r\nWWW-Authenticate: ([^\r]+)", re.IGNORECASE)


def plan(phones: int) -> str:
    """A tenant with this many accounts."""
    accounts = ", ".join(f'"{number}": {{}}' for number in range(1000, 1000 + phones))
    return f"languages: [en]\nnumbers: {{'600': main}}\naccounts: {{{accounts}}}\nflows: {{main: [hangup]}}\n"


@dataclass(slots=True)
class _Phone:
    user: str
    key: digest.HashedSecrets
    challenge: str = ""
    count: int = 0
    cseq: int = 0


class Phones(asyncio.DatagramProtocol):
    """All phones behind one socket, as behind the NAT of an office."""

    def __init__(self, users: dict[str, str], server: str, *, reuse: bool) -> None:
        self.phones = [
            _Phone(user, digest.hashed_secrets(user, "softswitch", secret)) for user, secret in users.items()
        ]
        self._server = server
        self._reuse = reuse
        self._transport: asyncio.DatagramTransport | None = None
        self._turn = 0
        self.left = self.completed = self.challenged = self.shed = self._wanted = 0
        self.done = asyncio.Event()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport

    async def run(self, count: int) -> None:
        """Complete so many registrations."""
        self.left = self._wanted = count
        self.completed = self.challenged = self.shed = 0
        self.done.clear()
        for _ in range(min(AT_ONCE, count, len(self.phones))):
            self._next()
        await asyncio.wait_for(self.done.wait(), PATIENCE_S + count / 500)

    def datagram_received(self, data: bytes, addr: object) -> None:
        del addr
        status, number = _STATUS.match(data), _CALL_ID.search(data)
        assert status is not None
        assert number is not None, data
        phone = self.phones[int(number[1])]
        if status[1] == b"401":
            self.challenged += 1
            found = _CHALLENGE.search(data)
            assert found is not None
            phone.challenge, phone.count = found[1].decode(), 0
            self._send(int(number[1]))
            return
        if status[1] == b"503":
            self.shed += 1
            asyncio.get_running_loop().call_later(SHED_PAUSE_S, self._send, int(number[1]))
            return
        assert status[1] == b"200", data.decode()
        self.completed += 1
        if not self._reuse:
            phone.challenge = ""
        if self.left:
            self._next()
        elif self.completed == self._wanted:
            self.done.set()

    def _next(self) -> None:
        self.left -= 1
        self._turn = (self._turn + 1) % len(self.phones)
        self._send(self._turn)

    def _send(self, number: int) -> None:
        phone = self.phones[number]
        phone.cseq += 1
        uri = f"sip:{self._server}"
        head = (
            f"REGISTER {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK{number}x{phone.cseq};rport\r\n"
            f"Max-Forwards: 70\r\n"
            f"From: <sip:{phone.user}@{self._server}>;tag=t{number}\r\n"
            f"To: <sip:{phone.user}@{self._server}>\r\n"
            f"Call-ID: p{number}\r\n"
            f"CSeq: {phone.cseq} REGISTER\r\n"
            f"Contact: <sip:{phone.user}@127.0.0.1:5062>;expires=300\r\n"
            f"User-Agent: desk phone\r\n"
        )
        if phone.challenge:
            phone.count += 1
            value = digest.answer(
                phone.challenge, "REGISTER", uri, phone.user, phone.key, "0a4f113b", phone.count
            )
            head += f"Authorization: {value}\r\n"
        assert self._transport is not None
        self._transport.sendto(f"{head}Content-Length: 0\r\n\r\n".encode())


async def measure(folder: Path, phones: int, count: int, *, reuse: bool) -> str:
    """One run against a switch of its own, in words."""
    dialplans = folder / "dialplans"
    dialplans.mkdir(parents=True)
    (dialplans / "bench.yaml").write_text(plan(phones))
    async with await SwitchProcess.start(dialplans, folder / "state") as switch:
        host, _, port = switch.sip.rpartition(":")
        loop = asyncio.get_running_loop()
        transport, peers = await loop.create_datagram_endpoint(
            lambda: Phones(switch.secrets, switch.sip, reuse=reuse), remote_addr=(host, int(port))
        )
        try:
            # The first of each phone is a challenge and a new binding; what is measured is a refresh.
            await peers.run(phones)
            before, start = cpu_s(switch.process.pid), time.perf_counter()
            await peers.run(count)
            used, took = cpu_s(switch.process.pid) - before, time.perf_counter() - start
        finally:
            transport.close()
    each_us = used * 1e6 / peers.completed
    return (
        f"{'reused' if reuse else 'challenged':10}  {peers.completed} registrations, "
        f"{peers.challenged} challenges, {peers.shed} shed in {took:.1f} s: {each_us:.0f} us of CPU each, "
        f"{1e6 / each_us:.0f} a second on one core (target 3000)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--phones", type=int, default=500)
    parser.add_argument("--count", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for turn, reuse in enumerate((True, False)):
            print(
                asyncio.run(measure(Path(folder) / str(turn), options.phones, options.count, reuse=reuse)),
                flush=True,
            )


if __name__ == "__main__":
    main()
