"""Linphone without a screen (`linphonec` of Debian's linphone-cli), told what to do on its standard input.

Its microphone is a WAV file, and what it hears goes to another one: it has a mode for that, so it needs no
sound card. It reads its commands once every 20 ms, and says what became of a call in lines of text.
"""

import asyncio
import re
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np

from switch.cli.demo import audio
from tests.interop.process import end, free_port, tail

START_TIMEOUT_S = 60.0
"""It opens three databases of its own first."""

EXPECT_TIMEOUT_S = 20.0
POLL_S = 0.25
LINES_MAX = 400
SPOKEN_S = 60

_CONFIG = """\
[sip]
sip_port={udp}
sip_tcp_port={tcp}
sip_tls_port={tls}
bind_address=127.0.0.1
guess_hostname=0
default_proxy=0
use_ipv6=0
root_ca={authority}
verify_server_certs=1
verify_server_cn=1
media_encryption={encryption}
media_encryption_mandatory={mandatory}
[sound]
echocancellation=0
[video]
enabled=0
[rtp]
audio_rtp_port=-1
[misc]
log_collection=0
[proxy_0]
reg_proxy=<sip:{registrar};transport={transport}>
reg_identity=sip:{user}@{domain}
reg_expires=300
reg_sendregister=1
publish=0
[auth_info_0]
username={user}
passwd={password}
realm=softswitch
"""


@dataclass(frozen=True, slots=True)
class LinphoneAccount:
    """Whom it registers as. `authority` is the PEM file of whoever signs the switch's certificate."""

    user: str
    password: str
    registrar: str
    transport: str = "udp"
    encrypted: bool = False
    """Audio by SDES, or no call."""

    authority: Path | None = None


class Linphone:
    """A running Linphone. The context always ends it."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.folder = folder
        self.heard_file = folder / "heard.wav"
        self._process = process
        self._lines: deque[str] = deque(maxlen=LINES_MAX)
        self._arrived = asyncio.Event()
        self._reader_task: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls,
        program: str,
        account: LinphoneAccount,
        folder: Path,
        voice: audio.Samples,
        *,
        answers: bool = False,
    ) -> "Linphone":
        """Start it with `voice` as its microphone; with `answers` it takes every call."""
        own = folder / f"linphone-{account.user}"
        # Without these it ends at once: it makes its databases, and not the folders for them.
        (own / ".local/share/linphone").mkdir(parents=True)
        (own / ".config/linphone").mkdir(parents=True)
        repeats = int(np.ceil(SPOKEN_S * audio.RATE_HZ / len(voice)))
        spoken = audio.write_wav(own / "speaks.wav", np.tile(voice, repeats))
        (own / "linphonerc").write_text(_config(account))
        with (own / "screen.log").open("wb") as screen:
            process = await asyncio.create_subprocess_exec(
                program,
                *("-S", "-c", str(own / "linphonerc"), "-d", "6", "-l", str(own / "debug.log")),
                *(("-a",) if answers else ()),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=screen,
                env={"HOME": str(own), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            )
        phone = cls(process, own)
        phone._reader_task = asyncio.create_task(phone._read(), name=f"linphone {account.user}")
        try:
            await phone.command("soundcard use files")
            await phone.expect("Using wav files", START_TIMEOUT_S)
            await phone.command(f"play {spoken}")
            await phone.command(f"record {phone.heard_file}")
        except BaseException:
            await phone.stop()
            raise
        return phone

    async def __aenter__(self) -> "Linphone":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def command(self, line: str) -> None:
        """`call URI`, `answer`, `terminate`, `pause`, `resume`, ... as linphonec knows them."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()

    async def expect(self, pattern: str, timeout_s: float = EXPECT_TIMEOUT_S) -> str:
        """Claim the oldest line that the pattern is found in; the lines before it are gone."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    while self._lines:
                        line = self._lines.popleft()
                        if re.search(pattern, line):
                            return line
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            message = f"linphone: nothing like {pattern!r} within {timeout_s} s"
            raise TimeoutError(f"{message}\n{self._said()}") from None

    async def registered(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Ask until it says so."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    await self.command("status register")
                    if (await self.expect("registered")).startswith("registered, identity="):
                        return
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise TimeoutError(f"linphone is not registered\n{self._said()}") from None

    def heard(self) -> audio.Samples:
        """What came in on its calls; complete after their end."""
        assert self.heard_file.exists(), f"linphone has recorded nothing\n{self._said()}"
        return audio.read_wav(self.heard_file)

    def sent_and_received(self) -> str:
        """Every SIP message, with its own remarks between."""
        return (self.folder / "debug.log").read_text(errors="replace")

    async def stop(self) -> None:
        """End it: it unregisters on `quit`, then SIGTERM, then SIGKILL."""
        if self._process.returncode is None:
            try:
                await self.command("quit")
                await asyncio.wait_for(self._process.wait(), 4)
            except (TimeoutError, ConnectionError):
                pass
        await end(self._process)
        if self._reader_task is not None:
            await self._reader_task

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self._lines.append(line.decode(errors="replace").strip())
            self._arrived.set()

    def _said(self) -> str:
        sip = [line for line in self.sent_and_received().splitlines() if "SIP/2.0" in line or "error" in line]
        return "\n".join([tail(self.folder / "screen.log"), *sip[-30:]])


def _config(account: LinphoneAccount) -> str:
    """Its configuration file. A port of -1 is any that is free, of which TLS alone makes nothing."""
    ports = {"udp": -1, "tcp": -1, "tls": -1}
    ports[account.transport] = free_port()
    return _CONFIG.format(
        user=account.user,
        password=account.password,
        registrar=account.registrar,
        domain=account.registrar.partition(":")[0],
        transport=account.transport,
        encryption="srtp" if account.encrypted else "none",
        mandatory=int(account.encrypted),
        authority=account.authority or "",
        **ports,
    )
