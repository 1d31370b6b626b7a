"""Processes of other people's programs: free ports, bounded waits, and an end in every case."""

import asyncio
import os
import random
import socket
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TERMINATE_TIMEOUT_S = 5.0
POLL_S = 0.02

PORTS = (30_000, 32_600)
RTP_PORTS = (18_400, 24_000)
"""Above the switch's own range, below the demo's: each finds its ports where the others do not look."""
TRIES_MAX = 200
_given: deque[int] = deque(maxlen=64)
"""Not given again at once: whoever asked may not have bound it yet."""


def free_port() -> int:
    """A port that was free on loopback a moment ago, for programs that cannot tell which one they got.

    By UDP and TCP, and so is the next one, where baresip listens by TLS. Below those that the kernel gives to
    clients: one of theirs that was closed a minute ago still refuses a listener.
    """
    for _ in range(TRIES_MAX):
        port = random.randrange(*PORTS, 2)
        if port in _given:
            continue
        if all(_is_free(number, kind) for number in (port, port + 1) for kind in _KINDS):
            _given.append(port)
            return port
    raise RuntimeError(f"no port is free from {PORTS[0]} to {PORTS[1]}")


def free_rtp_range(ports: int = 64, between: tuple[int, int] = RTP_PORTS) -> tuple[int, int]:
    """First and last of a range of UDP ports on loopback that are all free at this moment, the first even.

    Below `PORTS`, so that no phone stands where the switch wants to. Chosen at random: a run of the tests
    beside this one would find the same range if it began at the same place. Of two test processes each has
    its half, where that is room enough: what one has chosen is bound only seconds later.
    """
    first, last = between
    half = (last - first) // 4 * 2
    if (worker := os.environ.get("PYTEST_XDIST_WORKER")) and half > 2 * ports:
        first += half * (int(worker.removeprefix("gw")) % 2)
        last = first + half
    for _ in range(TRIES_MAX):
        low = random.randrange(first, last - ports, 2)
        if all(_is_free(port, "udp") for port in range(low, low + ports)):
            return low, low + ports - 1
    raise RuntimeError(f"no {ports} free UDP ports in a row on 127.0.0.1")


async def until_bound(port: int, kind: str, process: asyncio.subprocess.Process, timeout_s: float) -> None:
    """Wait until somebody else has the port, which is how such programs show that they are ready."""
    deadline = time.monotonic() + timeout_s
    while _is_free(port, kind):
        if process.returncode is not None:
            raise RuntimeError(f"the program ended ({process.returncode}) before it had port {port}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"nobody has bound {kind} port {port} within {timeout_s} s")
        await asyncio.sleep(POLL_S)


async def end(process: asyncio.subprocess.Process) -> int:
    """SIGTERM, then SIGKILL; the exit code."""
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), TERMINATE_TIMEOUT_S)
        except TimeoutError:
            process.kill()
    return await process.wait()


def tail(path: Path, bytes_max: int = 2_000) -> str:
    """The end of a log, for a failure's message."""
    return path.read_bytes()[-bytes_max:].decode(errors="replace") if path.exists() else ""


def _is_free(port: int, kind: str) -> bool:
    with socket.socket(socket.AF_INET, _KINDS[kind]) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


_KINDS = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}


@dataclass(frozen=True, slots=True)
class Said:
    """How a program ended and what it wrote, standard output before standard error."""

    exit_code: int
    text: str


async def run_program(
    *arguments: str, timeout_s: float, environment: Mapping[str, str] | None = None
) -> Said:
    """Run one that ends by itself; past its time it is killed, and the test fails."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=None if environment is None else {**os.environ, **environment},
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), timeout_s)
    except TimeoutError:
        raise AssertionError(f"{' '.join(arguments)} did not end within {timeout_s} s") from None
    finally:
        await end(process)
    assert process.returncode is not None
    return Said(process.returncode, (out + err).decode(errors="replace"))
