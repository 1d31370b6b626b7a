"""Fetching a stranger's URL: what is refused before a byte is sent, and what is too much."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from switch.node import certificates
from switch.node.certificates import BYTES_MAX, CertificateFetcher, FetchError, fetch
from switch.trunk.stir.settings import CertificateWanted

HEARD: list[str] = []


class Publisher(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # the name is the library's
        HEARD.append(f"{self.headers['Host']} {self.path}")
        body = b"x" * (BYTES_MAX + 1) if self.path == "/large" else b"a certificate"
        self.send_response(302 if self.path == "/moved" else 404 if self.path == "/none" else 200)
        self.send_header("Location", "/certificate")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name is the library's
        del format, arguments


@contextmanager
def publisher() -> Iterator[str]:
    HEARD.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def wanted(url: str, *hosts: str, insecure: bool = True) -> CertificateWanted:
    return CertificateWanted(url, frozenset(hosts), insecure)


def test_a_certificate_is_fetched_by_its_name_from_the_address_that_was_looked_at() -> None:
    with publisher() as base:
        assert asyncio.run(fetch(wanted(f"{base}/certificate", "localhost"))) == b"a certificate"
        assert [f"{base.removeprefix('http://')} /certificate"] == HEARD


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1/x", "only https"),
        ("file:///etc/passwd", "only https"),
        ("gopher://127.0.0.1/x", "only https"),
        ("https://127.0.0.1/x", "not public"),
        ("https://localhost/x", "not public"),
        ("https://10.0.0.1/x", "not public"),
        ("https://169.254.169.254/latest/meta-data", "not public"),
        ("https://[::1]/x", "not public"),
        ("https://[::ffff:127.0.0.1]/x", "not public"),
        ("https://[fe80::1]/x", "not public"),
        ("https://224.0.0.1/x", "not public"),
        ("https://me:secret@192.0.2.1/x", "user"),
        ("https:///x", "without a host"),
        ("no url", "only https"),
    ],
)
def test_what_is_not_even_tried(url: str, why: str) -> None:
    with pytest.raises(FetchError, match=why):
        asyncio.run(fetch(wanted(url, insecure=False)))


def test_a_host_that_the_trunk_does_not_list_is_not_asked() -> None:
    with publisher() as base:
        with pytest.raises(FetchError, match="not one of"):
            asyncio.run(fetch(wanted(f"{base}/certificate", "cr.example")))
        assert HEARD == []


@pytest.mark.parametrize(("path", "why"), [("/moved", "302"), ("/none", "404"), ("/large", "too large")])
def test_a_redirect_a_refusal_and_too_much_are_no_certificate(path: str, why: str) -> None:
    with publisher() as base:
        with pytest.raises(FetchError, match=why):
            asyncio.run(fetch(wanted(base + path)))
        assert len(HEARD) == 1


def test_each_wanted_certificate_is_told_once_also_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(certificates, "QUEUE_MAX", 3)
    told: list[tuple[str, bytes | None]] = []

    async def run(base: str) -> None:
        fetcher = CertificateFetcher(lambda url, pem: told.append((url, pem)))
        for path in ("/certificate", "/none", "/moved", "/one-too-many"):
            fetcher.want(wanted(base + path))
        while len(told) < 4:
            await asyncio.sleep(0.01)
        await fetcher.stop()

    with publisher() as base:
        asyncio.run(run(base))
        found = {url.removeprefix(base): pem for url, pem in told}
    assert found == {"/certificate": b"a certificate", "/none": None, "/moved": None, "/one-too-many": None}


def test_a_server_that_is_not_there() -> None:
    with publisher() as base:
        pass
    with pytest.raises((httpx.HTTPError, OSError)):
        asyncio.run(fetch(wanted(base)))
