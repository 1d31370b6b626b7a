"""Kamailio as a carrier by TLS: each side proves who it is by its certificate (RFC 5922).

The carrier asks for no password: our certificate is our credential, and its calls are known by its own. Two
impostors stand before it in the list of gateways: they are refused by name and by authority, and no call is
lost by that.
"""

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import Authority
from tests.interop.kamailio import Kamailio
from tests.interop.phones import Phones
from tests.interop.process import free_port
from tests.interop.raw_stream import StreamPhone, TlsWire, audio
from tests.interop.switch_process import SwitchProcess
from tests.interop.world import until
from tests.net.dns_server import dnsmasq

CARRIER, OTHER_NAME, OTHER_AUTHORITY, PHONE_HOST = "127.0.0.2", "127.0.0.3", "127.0.0.5", "127.0.0.4"
NUMBER = "+33199000100"

CENTRE = """
certificates:
  main: {chain: tls/switch.pem, key: tls/switch.key}
listen:
  - {address: "127.0.0.1:0", transports: [udp, tcp]}
  - address: "127.0.0.1:TLS_PORT"
    transports: tls
    certificates: main
    clients: optional
    clients_ca: tls/authority.pem
tls: {ca: tls/authority.pem, certificate: main}
trunks:
  carrier:
    transport: tls
    gateways:
      - {address: "other-name.example:PORT", priority: 0}
      - {address: "stranger.example:PORT", priority: 1}
      - {address: "carrier.example:PORT", priority: 2}
    identify: [{certificate: carrier.example}]
    country: FR
    encrypted_media: never
"""

SHOP = f"""
name: Shop
country: FR
languages: [en]
numbers: {{"{NUMBER}": main}}
accounts: {{"110": {{name: Desk}}}}
outside: {{trunk: carrier, caller_id: "{NUMBER}", allow: ["+33"]}}
flows: {{main: [{{dial: {{extension: "110", timeout_s: 10}}}}]}}
"""


class Carrier:
    """What all tests have in common: certificates, a DNS, ports."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program, self.folder = program, folder
        self.dialplans = folder / "dialplans"
        self.dialplans.mkdir()
        self.authority = Authority(self.dialplans / "tls")
        self.authority.issue("switch", "switch.example", "127.0.0.1")
        self.authority.issue("carrier", "carrier.example", uris=("sip:carrier.example",))
        Authority(self.dialplans / "tls" / "stranger", "another authority").issue(
            "stranger", "stranger.example"
        )
        self.port, self.tls_port, self.dns_port = free_port(), free_port(), free_port()
        self.phone_port = free_port()
        self.phones = Phones(folder)
        self.records = (
            f"--host-record=carrier.example,{CARRIER}",
            f"--host-record=other-name.example,{OTHER_NAME}",
            f"--host-record=stranger.example,{OTHER_AUTHORITY}",
        )

    async def proxy(self) -> Kamailio:
        words = {
            "OTHER_NAME_ON": f"{OTHER_NAME}:{self.port}",
            "OTHER_AUTHORITY_ON": f"{OTHER_AUTHORITY}:{self.port}",
            "SWITCH_AT": f"127.0.0.1:{self.tls_port}",
            "FOLDER": str(self.authority.folder),
        }
        phone = f"{PHONE_HOST}:{self.phone_port}"
        return await Kamailio.start(self.program, self.folder, f"{CARRIER}:{self.port}", phone, words)

    async def switch(self, centre: str = CENTRE) -> SwitchProcess:
        text = centre.replace("TLS_PORT", str(self.tls_port)).replace("PORT", str(self.port))
        (self.dialplans / "centre.yaml").write_text(text)
        (self.dialplans / "shop.yaml").write_text(SHOP)
        dns = ("--dns", f"127.0.0.1:{self.dns_port}")
        return await SwitchProcess.start(self.dialplans, self.folder / "state", *dns, sip="")

    async def desk(self, switch: SwitchProcess) -> Any:
        desk = await self.phones.start(
            "shop-110", password=switch.secrets["shop-110"], registrar=switch.sip, register=True
        )
        await desk.registered()
        return desk


@pytest.fixture
async def carrier(tmp_path: Path) -> AsyncIterator[Carrier]:
    program = shutil.which("kamailio")
    if program is None:
        pytest.skip("kamailio is not installed: apt-get install kamailio kamailio-tls-modules")
    # The folder between is the machine's architecture.
    if not any(Path("/usr/lib").glob("*/kamailio/modules/tls.so")):
        pytest.skip("kamailio cannot speak TLS: apt-get install kamailio-tls-modules")
    made = Carrier(program, tmp_path)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(dnsmasq(made.records, made.dns_port))
        stack.push_async_callback(made.phones.stop)
        yield made


async def located(switch: SwitchProcess) -> None:
    async def gateways() -> int:
        [row] = await switch.ask("/v1/trunks")
        return len(row["gateways"])

    await until(gateways, 3, 20, "all names are found")


async def test_calls_go_both_ways_by_certificates_and_impostors_get_none(carrier: Carrier) -> None:
    """RFC 5922 sections 7.1 to 7.4: whoever cannot prove the gateway's name hears nothing of the call."""
    async with await carrier.proxy(), await carrier.switch() as switch:
        await located(switch)
        desk = await carrier.desk(switch)
        outside = await carrier.phones.start("33612345678", bind=PHONE_HOST, port=carrier.phone_port)

        # Out: past one with a certificate for another name and one whom a stranger signed.
        calling = await desk.call(f"sip:0612345678@{switch.sip}")
        ringing = await outside.incoming()
        await ringing.answer()
        await calling.expect("confirmed")
        await asyncio.sleep(0.3)
        await ringing.hangup()
        await calling.expect("disconnected")
        [newest, *_] = await switch.ask("/v1/calls/recent")
        assert newest["trunk"] == "carrier"
        assert newest["gateway"] == f"carrier.example ({CARRIER}:{carrier.port})"
        assert newest["cause"] == "normal"
        log = switch.log()
        assert "a gateway's certificate is for another name" in log
        assert "shown=carrier.example" in log
        assert "TLS to a gateway failed" in log
        assert "unable to get local issuer certificate" in log

        # In: nothing but the certificate says whose call it is.
        calling = await outside.call(f"sip:{NUMBER}@{CARRIER}:{carrier.port}")
        ringing = await desk.incoming()
        await ringing.answer()
        await calling.expect("confirmed")
        await asyncio.sleep(0.3)
        await calling.hangup()
        await ringing.expect("disconnected")
        [newest, *_] = await switch.ask("/v1/calls/recent")
        assert (newest["trunk"], newest["called"]) == ("carrier", NUMBER)
        assert "Traceback" not in switch.log()


async def test_whoever_does_not_show_the_carriers_name_is_challenged(carrier: Carrier) -> None:
    """With another certificate of the same authority, or with none, it is not the carrier."""
    carrier.authority.issue("customer", "customer.example")
    async with await carrier.switch():
        for shown, status in (("customer", "407"), ("", "407"), ("carrier", "480")):
            context = ssl.create_default_context(cafile=carrier.authority.ca)
            if shown:
                files = carrier.authority.folder
                context.load_cert_chain(files / f"{shown}.pem", files / f"{shown}.key")
            wire = await TlsWire.dial("127.0.0.1", carrier.tls_port, context, "switch.example")
            caller = StreamPhone(wire, "TLS", "33612345678", "", f"sip:x@{CARRIER}:5061;transport=tls")
            uri = f"sip:{NUMBER}@127.0.0.1:{carrier.tls_port};transport=tls"
            await wire.send(caller.request("INVITE", uri, f"call-{shown}", body=audio("127.0.0.1", 40_000)))
            # The carrier's call meets a desk that is not signed in.
            await caller.next(f"SIP/2.0 {status}")
        # And one whom nobody trusts does not get as far as SIP.
        context = ssl.create_default_context(cafile=carrier.authority.ca)
        stranger = carrier.authority.folder / "stranger"
        context.load_cert_chain(stranger / "stranger.pem", stranger / "stranger.key")
        with pytest.raises((OSError, EOFError)):
            await _options(carrier, context)


async def _options(carrier: Carrier, context: ssl.SSLContext) -> None:
    """With TLS 1.3 a client sees that its certificate is refused when it reads."""
    wire = await TlsWire.dial("127.0.0.1", carrier.tls_port, context, "switch.example")
    caller = StreamPhone(wire, "TLS", "x", "", "sip:x@127.0.0.1:5061;transport=tls")
    await wire.send(caller.request("OPTIONS", "sip:127.0.0.1", "options"))
    await caller.next("SIP/2.0")


async def test_a_carrier_that_asks_for_our_certificate_gets_no_call_without_it(carrier: Carrier) -> None:
    """With TLS 1.3 a server refuses after our side has finished: the call must end at once nevertheless."""
    centre = CENTRE.replace("tls: {ca: tls/authority.pem, certificate: main}", "tls: {ca: tls/authority.pem}")
    async with await carrier.proxy(), await carrier.switch(centre) as switch:
        await located(switch)
        desk = await carrier.desk(switch)
        outside = await carrier.phones.start("33612345678", bind=PHONE_HOST, port=carrier.phone_port)
        calling = await desk.call(f"sip:0612345678@{switch.sip}")
        await calling.expect("disconnected", 25.0)
        [newest, *_] = await switch.ask("/v1/calls/recent")
        assert newest["cause"] == "unreachable"
        assert "incoming" not in [event.name for event in outside.events]
        assert "Traceback" not in switch.log()
