"""A baresip phone as a process with a generated configuration, driven over its control socket.

Its microphone is a WAV file (played once, so it is made as long as a test lasts); what it hears is dumped
by its `sndfile` module. The module `aubridge` stands for the loudspeaker: it takes audio and drops it.
"""

import asyncio
import ctypes
import json
import socket
import threading
import wave
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from switch.cli.demo import audio
from tests.interop.process import POLL_S, end, free_port, tail, until_bound

START_TIMEOUT_S = 30.0
EXPECT_TIMEOUT_S = 20.0
EVENTS_MAX = 200
SPOKEN_S = 60
MODULES = Path("/usr/lib/baresip/modules")
# A netstring longer than this is not from baresip.
_NETSTRING_DIGITS_MAX = 6

_CONFIG = """\
poll_method epoll
sip_listen {host}:{port}
net_interface {interface}
module_path {modules}
module g711.so
module g722.so
module opus.so
module aufile.so
module aubridge.so
module sndfile.so
module srtp.so
module dtls_srtp.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
snd_path {folder}
audio_player aubridge,nobody
audio_source aufile,{spoken}
audio_alert aubridge,nobody
ausrc_srate {rate_hz}
auplay_srate {rate_hz}
ausrc_channels 1
auplay_channels 1
call_max_calls 4
"""


@dataclass(frozen=True, slots=True)
class BaresipAccount:
    """Whom it registers as. `registrar` is host:port, or empty for a phone that is only called directly.

    Version 1.0 knows MD5 alone: a challenge with SHA-256 in it, first or second, ends the registration. By
    TLS it believes every certificate: it knows `sip_cafile` and verifies nothing (Debian's build links
    neither `tls_peer_verify` nor `tls_set_verify_server`). It finds no name without a DNS server either.
    """

    user: str
    password: str = ""
    registrar: str = ""
    transport: str = "udp"
    auto_answer: bool = True
    codec: str = "PCMU"
    """Its name alone at 8000 Hz, or as in baresip's settings: `G722/16000/1`, `opus/48000/2`."""
    encryption: str = ""
    """Of media: `srtp-mand` (keys in the description) or `dtls_srtp`."""
    rtcp_mux: bool = False
    """Reports share the port of the audio (RFC 5761)."""
    outbound: tuple[str, ...] = ()
    """SIP URIs of proxies to each of which it keeps a flow (RFC 5626)."""

    @property
    def sample_rate_hz(self) -> int:
        _, _, rest = self.codec.partition("/")
        return int(rest.partition("/")[0]) if rest else audio.RATE_HZ


def at_rate(samples: audio.Samples, from_hz: int, to_hz: int) -> audio.Samples:
    """The whole of a sound at another rate, by its spectrum."""
    if from_hz == to_hz or len(samples) == 0:
        return samples
    count = len(samples) * to_hz // from_hz
    spectrum = np.fft.rfft(samples)
    wanted = np.zeros(count // 2 + 1, dtype=complex)
    shared = min(len(spectrum), len(wanted))
    wanted[:shared] = spectrum[:shared]
    return np.fft.irfft(wanted, count) * (count / len(samples))


@dataclass(frozen=True, slots=True)
class Home:
    """Where it runs: a network namespace, and the address and interface that it has there."""

    namespace: str
    host: str
    interface: str


class Baresip:
    """A running baresip. The context always ends it."""

    def __init__(
        self, process: asyncio.subprocess.Process, folder: Path, port: int, host: str = "127.0.0.1"
    ) -> None:
        self.address = f"{host}:{port}"
        self.folder = folder
        self.events: deque[Mapping[str, Any]] = deque(maxlen=EVENTS_MAX)
        self._unclaimed: deque[Mapping[str, Any]] = deque(maxlen=EVENTS_MAX)
        self._arrived = asyncio.Event()
        self._replies: dict[str, asyncio.Future[Mapping[str, Any]]] = {}
        self._commands_sent = 0
        self._process = process
        self._writer: asyncio.StreamWriter | None = None
        self._reader_task: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls,
        program: str,
        account: BaresipAccount,
        folder: Path,
        voice: audio.Samples,
        home: Home | None = None,
    ) -> "Baresip":
        """Start it with `voice` as its microphone; files go to a folder of its own under `folder`."""
        own = folder / f"baresip-{account.user}"
        own.mkdir()
        repeats = int(np.ceil(SPOKEN_S * audio.RATE_HZ / len(voice)))
        rate_hz = account.sample_rate_hz
        looped = np.tile(at_rate(voice, audio.RATE_HZ, rate_hz), repeats)
        spoken = audio.write_wav(own / "speaks.wav", looped, rate_hz)
        port, control = free_port(), free_port()
        (own / "config").write_text(
            _CONFIG.format(
                host="127.0.0.1" if home is None else home.host,
                interface="127.0.0.1" if home is None else home.interface,
                port=port,
                control=control,
                modules=MODULES,
                folder=own,
                spoken=spoken,
                rate_hz=rate_hz,
            )
            + f"rtcp_mux {'yes' if account.rtcp_mux else 'no'}\n"
        )
        prefix = () if home is None else ("ip", "netns", "exec", home.namespace)
        for name in ("accounts", "contacts"):
            (own / name).write_text("")
        with (own / "screen.log").open("wb") as screen:
            process = await asyncio.create_subprocess_exec(
                *(*prefix, program, "-4", "-s", "-v", "-f", str(own)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=screen,
                stderr=screen,
            )
        phone = cls(process, own, port, "127.0.0.1" if home is None else home.host)
        try:
            if home is None:
                await until_bound(control, "tcp", process, START_TIMEOUT_S)
                reader, phone._writer = await asyncio.open_connection("127.0.0.1", control)
            else:
                connected = await _connect_inside(home.namespace, control)
                reader, phone._writer = await asyncio.open_connection(sock=connected)
        except BaseException as error:
            await end(process)
            error.add_note(tail(own / "screen.log"))
            raise
        phone._reader_task = asyncio.create_task(phone._read(reader), name=f"baresip {account.user}")
        # Not by the file `accounts`: the events of a registration would be over before anybody listens.
        try:
            await phone.command("uanew", _account_line(account, port))
        except BaseException:
            await phone.stop()
            raise
        return phone

    async def __aenter__(self) -> "Baresip":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def command(self, name: str, parameters: str = "") -> str:
        """One command of baresip's menu (`dial`, `accept`, `hangup`, `hold`, ...), and what it printed."""
        assert self._writer is not None
        self._commands_sent += 1
        token = str(self._commands_sent)
        reply: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[token] = reply
        body = json.dumps({"command": name, "params": parameters, "token": token}).encode()
        self._writer.write(b"%d:%s," % (len(body), body))
        try:
            answer = await asyncio.wait_for(reply, EXPECT_TIMEOUT_S)
        finally:
            del self._replies[token]
        assert answer["ok"], f"baresip: {name} {parameters}: {answer}"
        return str(answer["data"])

    async def expect(self, kind: str, timeout_s: float = EXPECT_TIMEOUT_S) -> Mapping[str, Any]:
        """Claim the oldest event of that type: REGISTER_OK, REGISTER_FAIL, CALL_INCOMING, CALL_RINGING,
        CALL_ESTABLISHED, CALL_CLOSED (its `param` is the reason)."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    for event in self._unclaimed:
                        if event["type"] == kind:
                            self._unclaimed.remove(event)
                            return event
                    await self._arrived.wait()
        except TimeoutError:
            seen = ", ".join(str(event["type"]) for event in self.events)
            message = f"baresip: no {kind} within {timeout_s} s; it saw {seen or 'nothing'}"
            raise TimeoutError(f"{message}\n{tail(self.folder / 'screen.log')}") from None

    def heard(self) -> audio.Samples:
        """What came in on the latest call, at 8 kHz; complete after its end."""
        dumps = sorted(self.folder.glob("dump-*-dec.wav"), key=lambda path: path.stat().st_mtime)
        assert dumps, f"baresip has recorded nothing\n{tail(self.folder / 'screen.log')}"
        with wave.open(str(dumps[-1])) as file:
            channels, rate_hz = file.getnchannels(), file.getframerate()
            frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, channels)
        return at_rate(frames.mean(axis=1) / 32_768, rate_hz, audio.RATE_HZ)

    async def stop(self) -> None:
        """End it: SIGTERM, on which it hangs up and unregisters, then SIGKILL."""
        if self._writer is not None:
            self._writer.close()
        await end(self._process)
        if self._reader_task is not None:
            await self._reader_task

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                digits = await reader.readuntil(b":")
                assert len(digits) <= _NETSTRING_DIGITS_MAX + 1, digits
                value = json.loads(await reader.readexactly(int(digits[:-1])))
                await reader.readexactly(1)
                self._note(value)
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    def _note(self, value: Mapping[str, Any]) -> None:
        if value.get("response"):
            reply = self._replies.get(str(value.get("token")))
            if reply is not None and not reply.done():
                reply.set_result(value)
            return
        self.events.append(value)
        self._unclaimed.append(value)
        self._arrived.set()
        self._arrived = asyncio.Event()


async def _connect_inside(namespace: str, port: int) -> socket.socket:
    """A connection to the loopback of another network namespace: a socket stays in the one it was made in."""
    async with asyncio.timeout(START_TIMEOUT_S):
        while True:
            try:
                return await asyncio.to_thread(_connect_there, namespace, port)
            except ConnectionRefusedError:
                await asyncio.sleep(POLL_S)


def _connect_there(namespace: str, port: int) -> socket.socket:
    libc = ctypes.CDLL(None, use_errno=True)
    found: list[socket.socket | OSError] = []

    def connect() -> None:
        # A namespace is a thread's own; this thread ends with it.
        try:
            with Path(f"/run/netns/{namespace}").open() as there:
                if libc.setns(there.fileno(), 0) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            found.append(socket.create_connection(("127.0.0.1", port)))
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=connect)
    thread.start()
    thread.join()
    if isinstance(found[0], OSError):
        raise found[0]
    found[0].setblocking(False)
    return found[0]


def _account_line(account: BaresipAccount, port: int) -> str:
    """An account as baresip writes it."""
    domain = account.registrar or f"127.0.0.1:{port}"
    parameters = [
        f"regint={300 if account.registrar else 0}",
        f"answermode={'auto' if account.auto_answer else 'manual'}",
        f"audio_codecs={account.codec if '/' in account.codec else account.codec + '/8000/1'}",
    ]
    if account.encryption:
        parameters.append(f"mediaenc={account.encryption}")
    if account.outbound:
        parameters.append("sipnat=outbound")
        parameters += [f'outbound{n}="{uri}"' for n, uri in enumerate(account.outbound, 1)]
    if account.password:
        parameters += [f"auth_user={account.user}", f"auth_pass={account.password}"]
    return f"<sip:{account.user}@{domain};transport={account.transport}>;{';'.join(parameters)}"
