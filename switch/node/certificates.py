"""Fetches the certificates of those who sign numbers. The URL is a stranger's: see what is refused.

| refused | because |
| --- | --- |
| another scheme than https, a user or password in the URL | nobody publishes a certificate so |
| a host that the trunk does not list, where it lists any | the administrator said so |
| a host with an address that is not public | we would knock at doors of our own house |
| a redirect | it would lead round the rows above |
| more than BYTES_MAX, or longer than FETCH_S | a caller waits |

A name is resolved once, and that very address is connected to, so that a second answer of the DNS cannot
lead elsewhere. `insecure` allows plain http and private addresses, for laboratories.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable

import httpx
import structlog

from switch.trunk.stir.settings import CertificateWanted

_log = structlog.get_logger()

FETCH_S = 3.0
"""Longer than any caller waits for it; the next caller finds it."""

BYTES_MAX = 65_536
"""A chain of five certificates is 8 kB."""

AT_ONCE_MAX = 8
"""Connections at a time."""

QUEUE_MAX = 200
"""Fetches that wait for their turn, after which a URL counts as not fetched."""

Tell = Callable[[str, bytes | None], None]


class FetchError(Exception):
    """Why a certificate was not fetched, in words for the log."""


class CertificateFetcher:
    """One for a node; `tell` hears of each wanted certificate once."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)
        self._tasks: set[asyncio.Task[None]] = set()

    def want(self, wanted: CertificateWanted) -> None:
        """Begin to fetch."""
        if len(self._tasks) >= QUEUE_MAX:
            asyncio.get_running_loop().call_soon(self._tell, wanted.url, None)
            return
        task = asyncio.create_task(self._fetch(wanted), name="certificate")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _fetch(self, wanted: CertificateWanted) -> None:
        pem: bytes | None = None
        try:
            async with self._turns, asyncio.timeout(FETCH_S):
                pem = await fetch(wanted)
        except (FetchError, httpx.HTTPError, OSError, TimeoutError) as error:
            _log.warning(
                "a certificate cannot be fetched", url=wanted.url[:200], reason=str(error) or "too late"
            )
        self._tell(wanted.url, pem)


async def fetch(wanted: CertificateWanted) -> bytes:
    """The certificate's bytes. Raises FetchError, httpx.HTTPError, OSError."""
    try:
        url = httpx.URL(wanted.url)
    except (httpx.InvalidURL, ValueError):
        raise FetchError("no URL") from None
    if url.scheme != "https" and not (wanted.insecure and url.scheme == "http"):
        raise FetchError("only https is fetched")
    if url.userinfo or not url.host:
        raise FetchError("a URL with a user, or without a host")
    if wanted.hosts and url.host.lower() not in wanted.hosts:
        raise FetchError("the host is not one of the trunk's")
    address = await _address(
        url.host, url.port or (443 if url.scheme == "https" else 80), insecure=wanted.insecure
    )
    headers = {"Host": url.netloc.decode("ascii"), "Accept": "application/pem-certificate-chain, */*"}
    async with (
        httpx.AsyncClient(timeout=FETCH_S, follow_redirects=False, trust_env=False) as client,
        client.stream(
            "GET", url.copy_with(host=address), headers=headers, extensions={"sni_hostname": url.host}
        ) as response,
    ):
        if response.status_code != 200:
            raise FetchError(f"status {response.status_code}")
        found = bytearray()
        async for part in response.aiter_bytes():
            found += part
            if len(found) > BYTES_MAX:
                raise FetchError("too large")
        return bytes(found)


async def _address(host: str, port: int, *, insecure: bool) -> str:
    """One address of a host, none of whose addresses is of our own house."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(item[4][0])) for item in found]
    if not insecure and not all(one.is_global and not one.is_multicast for one in addresses):
        raise FetchError("an address that is not public")
    return str(addresses[0])
