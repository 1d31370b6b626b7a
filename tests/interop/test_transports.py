"""The whole switch by TLS, WSS, IPv4 and IPv6: phones register and call each other across them."""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.interop.raw_stream import StreamPhone, TlsWire, WebSocketWire, audio, browser_audio, value
from tests.interop.switch_process import SwitchProcess, refused_start

SHARED = """
certificates:
  main: {chain: tls/sip.pem, key: tls/sip.key}
listen:
  - {address: "127.0.0.1:0", transports: [udp, tcp]}
  - address: "127.0.0.1:0"
    transports: tls
    advertise: sip.example
    media: 127.0.0.3
    certificates: main
    clients: optional
    clients_ca: tls/authority.pem
  - {address: "[::1]:0", transports: [udp, tcp]}
web:
  address: "127.0.0.1:0"
  certificates: main
  origins: []
"""
SHOP = """
languages: [en]
numbers: {100: main}
accounts: {101: {}, 102: {}}
flows: {main: [hangup]}
"""


class World:
    def __init__(self, switch: SwitchProcess, authority: Authority, centre: Path) -> None:
        self.switch, self.authority, self.centre = switch, authority, centre
        self.context = ssl.create_default_context(cafile=authority.ca)

    def port(self, transport: str, host: str = "") -> int:
        return next(
            int(place["port"])
            for place in self.switch.ready["sip"]
            if place["transport"] == transport and (not host or place["host"] == host)
        )

    async def tls_phone(self, account: str) -> StreamPhone:
        wire = await TlsWire.dial("127.0.0.1", self.port("TLS"), self.context, "sip.example")
        return self.phone(wire, "TLS", account, f"sip:shop-{account}@127.0.0.9:5061;transport=tls")

    async def browser(self, account: str) -> StreamPhone:
        url = f"wss://localhost:{self.port('WSS')}/"
        wire = await WebSocketWire.dial(url, self.context)
        return self.phone(wire, "WSS", account, f"sip:shop-{account}@x1y2z3.invalid;transport=ws")

    async def ipv6_phone(self, account: str) -> StreamPhone:
        wire = await TlsWire.dial("::1", self.port("TCP", "::1"), None, "")
        return self.phone(wire, "TCP", account, f"sip:shop-{account}@[::1]:5099;transport=tcp")

    async def ipv4_phone(self, account: str) -> StreamPhone:
        wire = await TlsWire.dial("127.0.0.1", self.port("TCP", "127.0.0.1"), None, "")
        return self.phone(wire, "TCP", account, f"sip:shop-{account}@127.0.0.1:5099;transport=tcp")

    def phone(self, wire: TlsWire | WebSocketWire, via: str, account: str, contact: str) -> StreamPhone:
        user = f"shop-{account}"
        return StreamPhone(wire, via, user, self.switch.secrets[user], contact)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Authority]:
    folder = tmp_path_factory.mktemp("transports")
    made = folder / "dialplans"
    made.mkdir()
    authority = Authority(made / "tls")
    authority.issue("sip", "sip.example", "localhost")
    (made / "centre.yaml").write_text(SHARED)
    (made / "shop.yaml").write_text(SHOP)
    return made, authority


@pytest.fixture
async def world(centre: tuple[Path, Authority], tmp_path: Path) -> AsyncIterator[World]:
    folder, authority = centre
    async with await SwitchProcess.start(folder, tmp_path / "state", sip="") as switch:
        yield World(switch, authority, folder)


async def registered(phone: StreamPhone) -> StreamPhone:
    await phone.ask("REGISTER", "sip:switch.example", f"reg-{phone.user}", "Expires: 300")
    return phone


async def talk(caller: StreamPhone, callee: StreamPhone, media: str) -> tuple[str, str]:
    """A whole call; the INVITE that the callee saw and the answer that the caller saw."""
    uri = "sip:102@switch.example"

    async def answer() -> str:
        invite = await callee.next("INVITE")
        await callee.answer(invite, "180 Ringing")
        await callee.answer(invite, "200 OK", browser_audio(media, 40_000))
        await callee.next("ACK")
        return invite

    answering = asyncio.create_task(answer())
    ok = await caller.ask("INVITE", uri, f"call-{caller.user}", body=audio(media, 40_002))
    invite = await answering
    target = re.search(r"<(.*?)>", value(ok, "Contact"))
    assert target
    number = value(ok, "CSeq").split()[0]
    ack = caller.request("ACK", target[1], f"call-{caller.user}", to=value(ok, "To"))
    await caller.wire.send(re.sub(r"CSeq: \d+", f"CSeq: {number}", ack))
    await asyncio.sleep(0.2)
    await caller.wire.send(caller.request("BYE", target[1], f"call-{caller.user}", to=value(ok, "To")))
    bye = await callee.next("BYE")
    await callee.answer(bye, "200 OK")
    await caller.next("SIP/2.0 200")
    return invite, ok


async def test_a_tls_phone_and_a_browser_call_each_other(world: World) -> None:
    """RFC 7118 section 5: the browser is reached by its own connection; each sees its own listener."""
    desk, browser = await world.tls_phone("101"), await world.browser("102")
    await registered(desk)
    await registered(browser)
    invite, ok = await talk(desk, browser, "127.0.0.1")
    assert invite.startswith("INVITE sip:shop-102@x1y2z3.invalid;transport=ws SIP/2.0")
    assert value(invite, "Via").startswith(f"SIP/2.0/WSS 127.0.0.1:{world.port('WSS')}")
    assert ";transport=ws>" in value(invite, "Contact")
    # The TLS listener advertises a name for SIP and another address for audio.
    assert f"@sip.example:{world.port('TLS')};transport=tls>" in value(ok, "Contact") or (
        f"<sip:sip.example:{world.port('TLS')};transport=tls>" in value(ok, "Contact")
    )
    assert "c=IN IP4 127.0.0.3\r\n" in ok
    assert "c=IN IP4 127.0.0.1\r\n" in invite
    metrics = await world.switch.metrics()
    assert metrics['softswitch_sip_connections{transport="TLS"}'] == 1
    assert metrics['softswitch_sip_connections{transport="WSS"}'] == 1
    assert metrics['softswitch_certificate_expiry_timestamp_seconds{file="tls/sip.pem"}'] > 0


async def test_a_phone_by_ipv6_calls_one_by_ipv4_and_each_hears_of_its_own_family(world: World) -> None:
    six, four = await world.ipv6_phone("101"), await world.ipv4_phone("102")
    await registered(six)
    await registered(four)
    uri = "sip:102@switch.example"

    async def answer() -> str:
        invite = await four.next("INVITE")
        await four.answer(invite, "200 OK", audio("127.0.0.1", 40_000))
        return invite

    answering = asyncio.create_task(answer())
    with closing(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)) as ear:
        ear.bind(("::1", 0))
        ear.setblocking(False)
        ok = await six.ask("INVITE", uri, "six", body=audio("::1", ear.getsockname()[1]))
        assert "c=IN IP6 ::1\r\n" in ok
        assert f"[::1]:{world.port('TCP', '::1')};transport=tcp" in value(ok, "Contact")
        assert "c=IN IP4 127.0.0.1\r\n" in await answering
        number = value(ok, "CSeq").split()[0]
        ack = six.request("ACK", "sip:x@[::1]", "six", to=value(ok, "To"))
        await six.wire.send(re.sub(r"CSeq: \d+", f"CSeq: {number}", ack))
        # What one family says the other hears: a packet to the switch's IPv4 port comes out by IPv6.
        port = re.search(r"m=audio (\d+)", await answering)
        assert port
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as mouth:
            mouth.bind(("127.0.0.1", 0))
            loop = asyncio.get_running_loop()
            for sequence in range(25):
                packet = b"\x80\x00" + sequence.to_bytes(2, "big") + (sequence * 160).to_bytes(4, "big")
                mouth.sendto(packet + b"ssrc" + b"\x11" * 160, ("127.0.0.1", int(port[1])))
                await asyncio.sleep(0.02)
            while True:
                heard = await asyncio.wait_for(loop.sock_recv(ear, 2_000), 30)
                if heard[12:] == b"\x11" * 160:
                    break
        await six.wire.send(six.request("BYE", "sip:x@[::1]", "six", to=value(ok, "To")))
        await four.answer(await four.next("BYE"), "200 OK")


async def test_a_renewed_certificate_is_shown_after_a_reload_and_a_broken_one_changes_nothing(
    world: World,
) -> None:
    first = await registered(await world.tls_phone("101"))

    def shown(phone: StreamPhone) -> str:
        wire = phone.wire
        assert isinstance(wire, TlsWire)
        return str(wire._writer.get_extra_info("peercert")["serialNumber"])

    chain = world.authority.folder / "sip.pem"
    old_chain, old_key = chain.read_bytes(), chain.with_suffix(".key").read_bytes()
    try:
        chain.write_text("broken")
        answer = await world.switch.command("/v1/reload")
        assert not answer["reloaded"]
        assert "sip.pem" in answer["message"]
        assert shown(await world.tls_phone("101")) == shown(first)
        world.authority.issue("sip", "sip.example", "localhost")
        assert (await world.switch.command("/v1/reload"))["reloaded"]
        assert shown(await world.tls_phone("101")) != shown(first)
        await world.browser("102")
        # The connection that stood before still does.
        await first.ask("REGISTER", "sip:switch.example", "again", "Expires: 300")
    finally:
        chain.write_bytes(old_chain)
        chain.with_suffix(".key").write_bytes(old_key)


async def test_a_certificate_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    made = tmp_path / "dialplans"
    made.mkdir()
    (made / "centre.yaml").write_text(SHARED)
    (made / "shop.yaml").write_text(SHOP)
    refused = await refused_start(made, tmp_path / "state", sip="")
    assert refused.exit_code == 1
    (line,) = refused.errors.strip().splitlines()
    assert "tls/authority.pem" in line
    assert "No such file" in line
