"""Datagrams of one UDP socket, as many a time as wait.

Python's own socket calls take 5 µs a datagram beside the kernel's time, and let go of the interpreter's lock
each time, so that the journal's thread is woken for nothing. So there is a C half (module.c); this one
specifies it and serves where the C was not built.

A source is what the halves call an address that a datagram came from: whatever can be looked up in a table,
and sent to.
"""

import importlib
import socket
from collections.abc import Hashable
from functools import partial
from typing import Any, Protocol, cast

BATCH = 32
"""Datagrams of one `receive` at most."""

DATAGRAM_MAX = 65_535


class Datagrams(Protocol):
    """Reads and writes one socket; neither ever waits."""

    def receive(self) -> list[tuple[bytes, Hashable]]:
        """What waits, with its sources; nothing where nothing does. Raises OSError, an error that the kernel
        held against the socket, which is gone with that."""

    def send(self, data: bytes, source: Hashable) -> None:
        """Raises OSError as the socket does, BlockingIOError among them."""

    def name(self, source: Hashable) -> tuple[str, int]:
        """Its host and port."""


class PythonDatagrams:
    """By the library's socket."""

    def __init__(self, bound: socket.socket) -> None:
        self._socket = bound
        self._buffer = bytearray(DATAGRAM_MAX)
        self._view = memoryview(self._buffer)
        self._error: OSError | None = None
        """What came after datagrams, told the next time."""

    def receive(self) -> list[tuple[bytes, Hashable]]:
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        received: list[tuple[bytes, Hashable]] = []
        while len(received) < BATCH:
            try:
                size, source = self._socket.recvfrom_into(self._buffer)
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                if not received:
                    raise
                self._error = error
                break
            received.append((bytes(self._view[:size]), source))
        return received

    def send(self, data: bytes, source: Hashable) -> None:
        self._socket.sendto(data, cast(tuple[str, int], source))

    def name(self, source: Hashable) -> tuple[str, int]:
        host, port = cast(tuple[str, int], source)[:2]
        return host, port


class CDatagrams:
    """By module.c."""

    def __init__(self, bound: socket.socket, module: Any) -> None:
        # The functions themselves: a call sends eight times, and a step of Python more counts.
        self.receive = partial(module.receive, bound.fileno())
        self.send = partial(module.send, bound.fileno())
        self.name = module.name


def datagrams(bound: socket.socket, *, prefer_c: bool = True) -> Datagrams:
    """In C where it was built. `bound` does not block, and outlives what is made here."""
    if prefer_c:
        try:
            return CDatagrams(bound, importlib.import_module("switch.net._net"))
        except ModuleNotFoundError:
            pass
    return PythonDatagrams(bound)
