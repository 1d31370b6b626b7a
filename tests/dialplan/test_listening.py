"""Where to listen: what is read, and what is said of mistakes."""

import pytest

from switch.base.errors import ConfigurationError
from switch.dialplan.centre import load_centre
from switch.dialplan.listen_plan import CertificatePlan, ListenPlan, TlsPlan, WebPlan

SHOP = "numbers: {100: main}\nflows: {main: [hangup]}\n"
CERTIFICATES = "certificates: {main: {chain: a.pem, key: a.key}}\n"


def read(shared: str) -> object:
    return load_centre({"centre.yaml": shared, "shop.yaml": SHOP}).listening


def test_everything() -> None:
    plan = load_centre(
        {
            "centre.yaml": CERTIFICATES
            + """
listen:
  - {address: 192.0.2.10, advertise: "203.0.113.5:5080"}
  - {address: "0.0.0.0", transports: tls, advertise: sip.example, media: 203.0.113.5, certificates: main,
     clients: required, clients_ca: ca.pem}
  - {address: "[2001:db8:0::10]:0", transports: [udp]}
web: {address: "[::]:8443", certificates: main, origins: [HTTPS://Desk.example]}
tls: {ca: ca.pem, certificate: main, wildcards: true}
""",
            "shop.yaml": SHOP,
        }
    ).listening
    assert [_without_place(item) for item in plan.listen] == [
        ("192.0.2.10", 5060, ("udp", "tcp"), "203.0.113.5", 5080, "203.0.113.5", (), "off", ""),
        ("0.0.0.0", 5061, ("tls",), "sip.example", 0, "203.0.113.5", ("main",), "required", "ca.pem"),
        ("2001:db8::10", 0, ("udp",), "", 0, "2001:db8::10", (), "off", ""),
    ]
    assert plan.certificates == {"main": CertificatePlan("a.pem", "a.key")}
    assert plan.web == WebPlan("::", 8443, ("main",), ("https://desk.example",))
    assert plan.tls == TlsPlan("ca.pem", "main", wildcards=True)


def _without_place(plan: ListenPlan) -> tuple[object, ...]:
    return tuple(getattr(plan, name) for name in ListenPlan.__slots__ if name != "place")


def test_a_centre_of_one_file_may_say_it_there_and_a_tenant_among_others_may_not() -> None:
    text = SHOP + "listen: {address: 192.0.2.10}\n"
    assert load_centre({"shop.yaml": text}).listening.listen[0].host == "192.0.2.10"
    with pytest.raises(ConfigurationError, match=r"'listen' is for all tenants: it stands in centre\.yaml"):
        load_centre({"shop.yaml": text, "other.yaml": SHOP})


@pytest.mark.parametrize(
    ("shared", "line", "why"),
    [
        ("listn: [{address: 192.0.2.10}]", 1, "unknown word 'listn'; did you mean 'listen'?"),
        ("web: {origins: [desk.example]}", 1, "https://desk.example.com (no path"),
        ("web: {origins: ['https://desk.example/']}", 1, "no / at the end) was expected"),
        ("listen: [{address: '0.0.0.0:5060'}]", 1, "say with 'advertise'"),
        ("listen: [{address: '[::]:5060'}]", 1, "say with 'advertise'"),
        ("listen: [{address: sip.example}]", 1, "IP address of this machine"),
        ("listen: [{address: 192.0.2.10, advertise: 'a b'}]", 1, "was expected, found 'a b'"),
        ("listen: [{address: 192.0.2.10, advertise: sip.example}]", 1, "say with 'media'"),
        ("listen: [{address: 192.0.2.10, media: sip.example}]", 1, "audio to was expected"),
        ("listen: [{address: 192.0.2.10, transports: tls}]", 1, "tls needs 'certificates'"),
        ("listen: [{address: 192.0.2.10, transports: ws}]", 1, "'ws' is not known"),
        ("listen: [{address: 192.0.2.10, transports: [udp, udp]}]", 1, "stands twice"),
        ("listen: [{address: 192.0.2.10, clients: required, clients_ca: x}]", 1, "go with the transport tls"),
        ("listen: [{address: 192.0.2.10}, {address: 192.0.2.10, transports: tcp}]", 1, "stands twice"),
        (
            "listen: [{address: 192.0.2.10, advertise: 203.0.113.5},"
            " {address: 192.0.2.11, advertise: 203.0.113.5}]",
            1,
            "two listeners advertise",
        ),
        (
            CERTIFICATES + "listen: [{address: 192.0.2.10, transports: [tcp, tls], certificates: main}]",
            2,
            "a port each",
        ),
        (
            CERTIFICATES + "listen: [{address: 192.0.2.10, transports: tls, certificates: mian}]",
            2,
            "unknown certificate 'mian'; did you mean 'main'",
        ),
        (
            CERTIFICATES
            + "listen: [{address: 192.0.2.10, transports: tls, certificates: main, clients: required}]",
            2,
            "goes with clients_ca",
        ),
        ("certificates: {main: {chain: a.pem}}", 1, "'key' is missing"),
        ("web: {address: example.com}", 1, "IP address with a port"),
        ("web: {certificates: main}", 1, "go with an address"),
        ("tls: {certificate: main}", 1, "unknown certificate 'main'"),
        ("listen: [{adress: 192.0.2.10}]", 1, "unknown word 'adress'"),
    ],
)
def test_mistakes_are_said_with_their_place(shared: str, line: int, why: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(shared)
    problems = caught.value.problems
    assert any(why in problem.message for problem in problems), problems
    assert {(problem.file, problem.line) for problem in problems} == {("centre.yaml", line)}
