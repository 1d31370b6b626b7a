"""SIP over TLS on real sockets: versions, names, client certificates, reload, handshakes that do not end."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from switch.base.errors import ResourceError
from switch.net import connections, streams
from switch.net.network import Listening, Network
from switch.net.tls import (
    Certificate,
    ClientCertificates,
    ClientTls,
    ServerContexts,
    ServerTls,
    check_name,
    client_context,
    proved_names,
)
from switch.sip.flow import Address, Flow, Transport
from tests.certificates import Authority, Files
from tests.net.inbox import HERE, WAIT_S, Inbox

ONE = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 2\r\n\r\nhi"
TWO = b"OPTIONS sip:b SIP/2.0\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


def ours(files: Files, *names: str) -> Certificate:
    return Certificate(files.chain, files.key, names)


@asynccontextmanager
async def secure(
    tls: ServerTls, client: ClientTls | None = None
) -> AsyncIterator[tuple[Network, Inbox, Address]]:
    network, inbox = Network(client or ClientTls()), Inbox()
    bound = await network.listen(Listening(HERE, (Transport.TLS,), None, tls))
    await network.start(inbox)
    try:
        yield network, inbox, bound
    finally:
        await network.close()


def phone_context(authority: Authority, own: Files | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.ca)
    if own is not None:
        context.load_cert_chain(own.chain, own.key)
    return context


async def dial(
    bound: Address, context: ssl.SSLContext, name: str = "sip.example"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(bound.host, bound.port, ssl=context, server_hostname=name)


async def refused(bound: Address, context: ssl.SSLContext) -> bool:
    """Whether the handshake is refused."""
    try:
        reader, writer = await dial(bound, context)
        writer.write(ONE)
        return await reader.read(1) == b""
    except (ssl.SSLError, ConnectionError):
        return True


def shown(writer: asyncio.StreamWriter) -> list[str]:
    return [value for _, value in writer.get_extra_info("peercert")["subjectAltName"]]


@pytest.fixture
def plain_tls(authority: Authority) -> ServerTls:
    return ServerTls((ours(authority.issue("sip", "sip.example")),))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_messages_go_both_ways(
    authority: Authority, plain_tls: ServerTls, version: ssl.TLSVersion
) -> None:
    async with secure(plain_tls) as (network, inbox, bound):
        context = phone_context(authority)
        context.minimum_version = context.maximum_version = version
        reader, writer = await dial(bound, context)
        writer.write(ONE + TWO)
        await inbox.until(lambda: len(inbox.messages) == 2)
        flow = inbox.messages[0][1]
        assert (flow.transport, flow.local, flow.certificate_names) == (Transport.TLS, bound, ())
        network.send(b"answer", flow)
        assert await reader.readexactly(6) == b"answer"
        assert network.counts.connections["TLS"] == 1
        writer.close()
        await inbox.until(lambda: inbox.ends == [flow])


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
async def test_tls_1_1_is_refused(authority: Authority, plain_tls: ServerTls) -> None:
    """RFC 8996: 1.0 and 1.1 must not be spoken."""
    async with secure(plain_tls) as (network, inbox, bound):
        context = phone_context(authority)
        # SECLEVEL 0, or the client's own library would not even ask.
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        with capture_logs() as told:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await dial(bound, context)
            await inbox.until(lambda: network.counts.handshakes_failed == 1)
        assert [line["reason"] for line in told] == ["it knows no TLS 1.2 or 1.3"]
        assert network.counts.connections_open == 0


async def test_the_name_asked_for_picks_the_certificate(authority: Authority) -> None:
    """SNI, RFC 6066 section 3; an unknown name, and none, get the first."""
    tls = ServerTls(
        (
            ours(authority.issue("one", "one.example")),
            ours(authority.issue("two", "two.example", "*.wild.example")),
            ours(authority.issue("three", "inner.example"), "three.example"),
        )
    )
    async with secure(tls) as (_, _, bound):
        context = phone_context(authority)
        context.check_hostname = False
        wanted = {
            "one.example": "one.example",
            "TWO.example": "two.example",
            "a.wild.example": "two.example",
            "three.example": "inner.example",
            "unknown.example": "one.example",
            "127.0.0.1": "one.example",
        }
        for name, certificate in wanted.items():
            _, writer = await dial(bound, context, name)
            assert shown(writer)[0] == certificate, name
            writer.close()


async def test_a_stranger_is_refused_where_certificates_are_required(
    authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path).issue("stranger", "carrier.example")
    friend = authority.issue("friend", "carrier.example", "10.0.0.1")
    tls = ServerTls((ours(authority.issue("sip", "sip.example")),), ClientCertificates.REQUIRED, authority.ca)
    async with secure(tls) as (network, inbox, bound):
        with capture_logs() as told:
            for own in (None, stranger):
                # With TLS 1.3 the client's side stands before its certificate was looked at.
                assert await refused(bound, phone_context(authority, own))
        assert network.counts.handshakes_failed == 2
        assert [line["event"] for line in told] == ["a TLS handshake failed"] * 2
        assert told[0]["reason"] == "it showed no certificate, which this listener requires"
        assert told[0]["peer"].startswith("127.0.0.1:")
        assert not inbox.messages
        _, writer = await dial(bound, phone_context(authority, friend))
        writer.write(ONE)
        await inbox.until(lambda: len(inbox.messages) == 1)
        assert inbox.messages[0][1].certificate_names == ("carrier.example", "10.0.0.1")


async def test_an_optional_certificate_may_be_missing_but_not_wrong(
    authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path).issue("stranger", "carrier.example")
    tls = ServerTls((ours(authority.issue("sip", "sip.example")),), ClientCertificates.OPTIONAL, authority.ca)
    async with secure(tls) as (network, inbox, bound):
        _, writer = await dial(bound, phone_context(authority))
        writer.write(ONE)
        await inbox.until(lambda: len(inbox.messages) == 1)
        assert inbox.messages[0][1].certificate_names == ()
        assert await refused(bound, phone_context(authority, stranger))
        assert network.counts.handshakes_failed == 1
        writer.close()


async def test_a_reload_shows_the_new_certificate_and_ends_no_connection(
    authority: Authority, plain_tls: ServerTls
) -> None:
    async with secure(plain_tls) as (network, inbox, bound):
        context = phone_context(authority)
        context.check_hostname = False
        _, first = await dial(bound, context)
        new = ServerTls((ours(authority.issue("new", "new.example")),))
        network.reload_tls(ClientTls(), {bound: new})
        _, second = await dial(bound, context, "new.example")
        assert (shown(first), shown(second)) == (["sip.example"], ["new.example"])
        assert [loaded.names for loaded in network.certificates] == [("new.example",)]
        broken = ServerTls((Certificate(Path("/nowhere"), Path("/nowhere")),))
        with pytest.raises(ResourceError, match="/nowhere"):
            network.reload_tls(ClientTls(), {bound: broken})
        _, third = await dial(bound, context, "new.example")
        assert shown(third) == ["new.example"]
        for writer in (first, second, third):
            writer.write(TWO)
        await inbox.until(lambda: len(inbox.messages) == 3)


async def test_a_handshake_that_does_not_end_is_cut(
    plain_tls: ServerTls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HANDSHAKE_S", 0.1)
    async with secure(plain_tls) as (network, _, bound):
        silent = await asyncio.open_connection(bound.host, bound.port)
        half = await asyncio.open_connection(bound.host, bound.port)
        half[1].write(b"\x16\x03\x01\x02\x00\x01\x00")
        nonsense = await asyncio.open_connection(bound.host, bound.port)
        nonsense[1].write(ONE)
        for reader, _ in (silent, half, nonsense):
            with suppress(ConnectionResetError):
                await asyncio.wait_for(reader.read(), WAIT_S)
        assert network.counts.handshakes_failed == 3
        assert network.counts.connections_open == 0


@pytest.mark.parametrize("bound_name", ["HANDSHAKES_MAX", "CONNECTIONS_PER_HOST_MAX"])
async def test_handshakes_count_before_they_cost_anything(
    authority: Authority, plain_tls: ServerTls, monkeypatch: pytest.MonkeyPatch, bound_name: str
) -> None:
    monkeypatch.setattr(streams if bound_name == "HANDSHAKES_MAX" else connections, bound_name, 2)
    async with secure(plain_tls) as (network, inbox, bound):
        held = [await asyncio.open_connection(bound.host, bound.port) for _ in range(2)]
        await inbox.until(lambda: network.counts.connections_open == 2)
        with pytest.raises((ConnectionError, ssl.SSLError)):
            await dial(bound, phone_context(authority))
        assert network.counts.connections_refused == 1
        for _, writer in held:
            writer.close()
        await inbox.until(lambda: network.counts.connections_open == 0)
        await dial(bound, phone_context(authority))


class Gateway:
    """A carrier's gateway that speaks TLS."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.heard = bytearray()
        self.visits = 0
        self.writer: asyncio.StreamWriter | None = None
        self._context = context

    async def open(self) -> Address:
        self._server = await asyncio.start_server(self._visit, "127.0.0.1", 0, ssl=self._context)
        return Address("127.0.0.1", self._server.sockets[0].getsockname()[1])

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        self.writer = writer
        while data := await reader.read(1 << 16):
            self.heard += data
        writer.close()

    def close(self) -> None:
        self._server.close()


def gateway_context(files: Files, ca: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.chain, files.key)
    if ca is not None:
        context.load_verify_locations(ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def to(remote: Address, bound: Address, name: str = "carrier.example") -> Flow:
    return Flow(Transport.TLS, bound, remote, 0, name)


async def test_a_gateway_that_proves_its_name_is_spoken_to_and_used_again(
    authority: Authority, plain_tls: ServerTls
) -> None:
    """RFC 5922 section 7.3; and it sees our own certificate where it asks for one."""
    context = gateway_context(authority.issue("carrier", "Carrier.example"), authority.ca)
    gateway = Gateway(context)
    remote = await gateway.open()
    client = ClientTls(authority.ca, ours(authority.issue("client", "sip.example")))
    async with secure(plain_tls, client) as (network, inbox, bound):
        for _ in range(3):
            network.send(TWO, to(remote, bound))
        await inbox.until(lambda: bytes(gateway.heard) == TWO * 3)
        assert gateway.visits == 1
        assert gateway.writer is not None
        gateway.writer.write(ONE)
        await inbox.until(lambda: bool(inbox.messages))
        flow = inbox.messages[0][1]
        assert flow.certificate_names == ("carrier.example",)
        # It closes; what belongs to a dialog by that connection goes on by a new one.
        gateway.writer.close()
        await inbox.until(lambda: bool(inbox.ends))
        network.send(ONE, flow)
        await inbox.until(lambda: gateway.visits == 2 and gateway.heard.endswith(ONE))
        # Another name at the same address is another carrier, whom this certificate does not prove.
        network.send(TWO, to(remote, bound, "other.example"))
        await inbox.until(lambda: bool(inbox.failures))
        assert gateway.visits == 3
    gateway.close()


@pytest.mark.parametrize(
    "case", ["another name", "another authority", "wildcard", "expired", "wildcard allowed"]
)
async def test_a_gateway_that_does_not_prove_its_name_fails_at_once(
    authority: Authority, plain_tls: ServerTls, tmp_path: Path, case: str
) -> None:
    signer = Authority(tmp_path) if case == "another authority" else authority
    names = {"another name": "other.example"}.get(
        case, "*.example" if case.startswith("wildcard") else "carrier.example"
    )
    if case == "wildcard allowed":
        names = "*.carrier.example"
    files = signer.issue("gateway", names, days=-1 if case == "expired" else 10)
    gateway = Gateway(gateway_context(files))
    remote = await gateway.open()
    client = ClientTls(authority.ca, wildcards=case == "wildcard allowed")
    name = "sip.carrier.example" if case == "wildcard allowed" else "carrier.example"
    async with secure(plain_tls, client) as (network, inbox, bound):
        network.send(TWO, to(remote, bound, name))
        if case == "wildcard allowed":
            await inbox.until(lambda: bytes(gateway.heard) == TWO)
        else:
            await inbox.until(lambda: bool(inbox.failures))
            assert inbox.failures == [to(remote, bound)]
            assert network.counts.handshakes_failed == 1
            assert not gateway.heard
    gateway.close()


async def test_a_gateway_by_address_must_have_it_in_its_certificate(
    authority: Authority, plain_tls: ServerTls
) -> None:
    gateway = Gateway(gateway_context(authority.issue("byip", "127.0.0.1")))
    remote = await gateway.open()
    async with secure(plain_tls, ClientTls(authority.ca)) as (network, inbox, bound):
        network.send(TWO, Flow(Transport.TLS, bound, remote))
        await inbox.until(lambda: bytes(gateway.heard) == TWO)
    gateway.close()


async def test_rfc5923_alias_only_for_a_proved_name(authority: Authority) -> None:
    """RFC 5923 section 5: our requests go by the connection of a peer that proved who it is."""
    tls = ServerTls((ours(authority.issue("sip", "sip.example")),), ClientCertificates.OPTIONAL, authority.ca)
    friend = authority.issue("friend", "carrier.example")
    request = b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TLS %s:5071;alias;branch=z9hG4bKx\r\nl: 0\r\n\r\n"
    async with secure(tls, ClientTls(authority.ca)) as (network, inbox, bound):
        reader, writer = await dial(bound, phone_context(authority, friend))
        writer.write(request % b"other.example" + request % b"carrier.example")
        await inbox.until(lambda: len(inbox.messages) == 2)
        wanted = Address(inbox.messages[0][1].remote.host, 5071)
        network.send(TWO, to(wanted, bound))
        assert await asyncio.wait_for(reader.readexactly(len(TWO)), WAIT_S) == TWO
        network.send(TWO, to(wanted, bound, "other.example"))
        await inbox.until(lambda: bool(inbox.failures))
        writer.close()


async def test_an_answer_to_a_peer_that_proved_its_name_goes_to_its_via(authority: Authority) -> None:
    """RFC 3261 section 18.2.2 by TLS: only where the Via names whom the lost connection had proved."""
    friend = authority.issue("friend", "carrier.example")
    gateway = Gateway(gateway_context(friend))
    remote = await gateway.open()
    tls = ServerTls((ours(authority.issue("sip", "sip.example")),), ClientCertificates.OPTIONAL, authority.ca)
    answer = "SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS {}:{};branch=z9hG4bKx\r\n\r\n"
    async with secure(tls, ClientTls(authority.ca)) as (network, inbox, bound):
        _, writer = await dial(bound, phone_context(authority, friend))
        writer.write(TWO)
        await inbox.until(lambda: bool(inbox.messages))
        writer.close()
        await inbox.until(lambda: bool(inbox.ends))
        flow = inbox.messages[0][1]
        network.send(answer.format("stranger.example", remote.port).encode(), flow)
        assert inbox.failures == [flow]
        right = answer.format("carrier.example", remote.port).encode()
        network.send(right, flow)
        await inbox.until(lambda: bytes(gateway.heard) == right)
    gateway.close()


def test_no_context_speaks_less_than_tls_1_2(authority: Authority, plain_tls: ServerTls) -> None:
    """Whatever the machine's OpenSSL would allow."""
    for context in (ServerContexts(plain_tls).default, client_context(ClientTls(authority.ca))):
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2


async def test_every_cut_of_the_bytes(authority: Authority, plain_tls: ServerTls) -> None:
    """TLS records may end anywhere, too."""
    async with secure(plain_tls) as (_, inbox, bound):
        _, writer = await dial(bound, phone_context(authority))
        transport = writer.transport.get_extra_info("socket")
        transport.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = ONE + b"\r\n" + TWO
        for cut in range(1, len(stream)):
            writer.write(stream[:cut])
            await asyncio.sleep(0.001)
            writer.write(stream[cut:])
            await asyncio.sleep(0)
        count = 2 * (len(stream) - 1)
        await inbox.until(lambda: len(inbox.messages) == count)
        assert [data for data, _ in inbox.messages] == [ONE, TWO] * (len(stream) - 1)


def test_certificates_that_cannot_be_used_are_one_line(authority: Authority, tmp_path: Path) -> None:
    good = authority.issue("good", "a.example")
    other = authority.issue("other", "b.example")
    text = tmp_path / "text.pem"
    text.write_text("no certificate")
    for chain, key, why in (
        (good.chain, other.key, "another"),
        (text, good.key, "no PEM"),
        (tmp_path / "gone", good.key, "No such file"),
    ):
        with pytest.raises(ResourceError, match=why) as caught:
            ServerContexts(ServerTls((Certificate(chain, key),)))
        assert str(chain) in str(caught.value)
    with pytest.raises(ResourceError, match="authorities"):
        ServerContexts(ServerTls((ours(good),), ClientCertificates.REQUIRED))


@pytest.mark.parametrize(
    ("alternatives", "names"),
    [
        ((("URI", "sip:a.example"), ("DNS", "b.example")), ("a.example",)),
        ((("URI", "sip:user@a.example"), ("DNS", "B.example")), ("b.example",)),
        ((("URI", "https://a.example"), ("URI", "SIP:c.example")), ("c.example",)),
        ((("DNS", "a.example"), ("IP Address", "2001:DB8:0:0:0:0:0:1")), ("a.example", "2001:db8::1")),
        ((), ("common.example",)),
    ],
)
def test_rfc5922_7_1_the_names_that_a_certificate_proves(
    alternatives: tuple[tuple[str, str], ...], names: tuple[str, ...]
) -> None:
    certificate = {"subject": ((("commonName", "common.example"),),), "subjectAltName": alternatives}
    assert proved_names(certificate) == names


def test_rfc5922_7_2_names_are_compared_whole() -> None:
    names = ("a.example", "*.example", "*.wild.example")
    assert check_name(names, "A.Example", wildcards=False)
    for wanted in ("b.example", "x.wild.example", "example", "xa.example"):
        assert not check_name(names, wanted, wildcards=False)
    assert check_name(names, "x.wild.example", wildcards=True)
    assert not check_name(names, "y.x.wild.example", wildcards=True)
    assert not check_name(("*.example",), "example", wildcards=True)
