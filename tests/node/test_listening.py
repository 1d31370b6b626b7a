"""From what is written to what is bound."""

from pathlib import Path

import pytest

from switch.dialplan.centre import load_centre
from switch.net.network import Listening
from switch.node.listening import Wanted, client_tls, media_bind, wanted
from switch.node.options import DEFAULT_SIP, RunOptions
from switch.sip.flow import Address, Transport

SHOP = "numbers: {100: main}\nflows: {main: [hangup]}\n"
SHARED = """
certificates: {main: {chain: tls/a.pem, key: /etc/a.key}}
listen:
  - {address: 192.0.2.10, transports: tls, certificates: main, advertise: sip.example, media: 203.0.113.5}
tls: {ca: ca.pem, certificate: main}
"""


def test_the_command_line_wins_and_nothing_stated_is_the_default() -> None:
    stated = load_centre({"centre.yaml": SHARED, "shop.yaml": SHOP}).listening
    nothing = load_centre({"shop.yaml": SHOP}).listening
    short = RunOptions(Path("/centre"), (Address("192.0.2.1", 5080),))
    assert [item.listening.bind for item in wanted(short, stated)] == [Address("192.0.2.1", 5080)]
    assert [item.listening.bind for item in wanted(RunOptions(Path("/centre")), nothing)] == [DEFAULT_SIP]
    (item,) = wanted(RunOptions(Path("/centre/only.yaml")), stated)
    assert item.listening.bind == Address("192.0.2.10", 5061)
    assert item.listening.advertised == Address("sip.example", 0)
    assert item.listening.transports == (Transport.TLS,)
    assert item.media_host == "203.0.113.5"


def test_paths_begin_at_the_folder_of_the_shared_file(tmp_path: Path) -> None:
    stated = load_centre({"centre.yaml": SHARED, "shop.yaml": SHOP}).listening
    options = RunOptions(tmp_path)
    tls = wanted(options, stated)[0].listening.tls
    assert tls is not None
    assert (tls.certificates[0].chain, tls.certificates[0].key) == (
        tmp_path / "tls/a.pem",
        Path("/etc/a.key"),
    )
    client = client_tls(options, stated)
    assert client.ca == tmp_path / "ca.pem"
    assert client.certificate == tls.certificates[0]


@pytest.mark.parametrize(
    ("hosts", "bound"),
    [
        (["192.0.2.1"], "192.0.2.1"),
        (["192.0.2.1", "192.0.2.1"], "192.0.2.1"),
        (["192.0.2.1", "192.0.2.2"], "0.0.0.0"),
        (["192.0.2.1", "2001:db8::1"], "::"),
        (["2001:db8::1", "2001:db8::2"], "::"),
    ],
)
def test_audio_is_taken_where_every_listener_s_phones_send_it(hosts: list[str], bound: str) -> None:
    assert media_bind(Wanted(Listening(Address(host, 5060)), host) for host in hosts) == bound
