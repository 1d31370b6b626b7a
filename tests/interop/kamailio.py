"""A Kamailio as a carrier's proxy and registrar. The context always ends it."""

import asyncio
from pathlib import Path
from types import TracebackType

from tests.interop.process import end, tail

CONFIGURATIONS = Path(__file__).parent
START_S = 60.0


class Kamailio:
    """`phone` is where its subscribers' one telephone is, HOST:PORT."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @classmethod
    async def start(
        cls, program: str, folder: Path, listen: str, phone: str, tls: dict[str, str] | None = None
    ) -> "Kamailio":
        """Start one on `listen` (HOST:PORT), ready when this returns. `tls` are the further words of
        `kamailio_tls.cfg`, which stands in for the plain one then."""
        own = folder / f"kamailio-{listen.replace(':', '-')}"
        own.mkdir(exist_ok=True)
        words = {"LISTEN_ON": listen, "PHONE_HOST": phone.partition(":")[0], "PHONE_AT": phone}
        words |= {"TLS_FILE": str(own / "kamailio_tls_files.cfg")} | (tls or {})
        names = ("kamailio.cfg",) if tls is None else ("kamailio_tls.cfg", "kamailio_tls_files.cfg")
        for name in names:
            text = (CONFIGURATIONS / name).read_text()
            # A comment may name the words, too; it is no worse for it.
            for word, value in words.items():
                text = text.replace(word, value)
            (own / name).write_text(text)
        log = own / "log"
        arguments = [
            "-f",
            str(own / names[0]),
            "-DD",
            "-E",
            "-m",
            "16" if tls is None else "64",
            "-M",
            "4" if tls is None else "8",
            "-Y",
            str(own),
        ]
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                program, *arguments, stdout=output, stderr=output, stdin=asyncio.subprocess.DEVNULL
            )
        running = cls(process, log)
        try:
            await running._until_it_answers(listen)
        except BaseException:
            await running.stop()
            raise
        return running

    async def __aenter__(self) -> "Kamailio":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        await end(self._process)

    async def _until_it_answers(self, listen: str) -> None:
        """An OPTIONS of our own, again and again, until something comes back."""
        host, _, port = listen.rpartition(":")
        loop = asyncio.get_running_loop()
        heard: asyncio.Future[bytes] = loop.create_future()

        class Ear(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: object) -> None:
                del addr
                if not heard.done():
                    heard.set_result(data)

        transport, _ = await loop.create_datagram_endpoint(Ear, local_addr=("127.0.0.1", 0))
        mine = "{}:{}".format(*transport.get_extra_info("sockname"))
        try:
            for number in range(int(START_S / 0.1)):
                if self._process.returncode is not None:
                    raise RuntimeError(f"kamailio ended: {tail(self._log)}")
                transport.sendto(
                    f"OPTIONS sip:{listen} SIP/2.0\r\nVia: SIP/2.0/UDP {mine};branch=z9hG4bK{number}\r\n"
                    f"From: <sip:x@{mine}>;tag=1\r\nTo: <sip:{listen}>\r\nCall-ID: {number}@{mine}\r\n"
                    "CSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n".encode(),
                    (host, int(port)),
                )
                await asyncio.wait({heard}, timeout=0.1)
                if heard.done():
                    return
            raise TimeoutError(f"kamailio does not answer: {tail(self._log)}")
        finally:
            transport.close()
