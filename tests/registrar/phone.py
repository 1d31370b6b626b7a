"""A phone's half of registration, made of wire bytes: it knows a password and answers challenges."""

from dataclasses import dataclass, field
from itertools import count

from switch.registrar.registrar import Registrar
from switch.registrar.values import Account, RegistrarLimits
from switch.sip.digest import Challenger, answer, hashed_secrets, parse_digest
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Request, Response, parse

REALM = "softswitch"
LOCAL = Address("198.51.100.1", 5060)

_NONCE_COUNTS = count(1)
"""Always higher than any before: tests challenge many phones at one instant, who then share a nonce."""


def account(name: str, password: str = "secret") -> Account:
    tenant, _, user = name.partition("-")
    return Account(name, tenant, user, hashed_secrets(name, REALM, password))


def make_registrar(*names: str, limits: RegistrarLimits | None = None) -> Registrar:
    challenger = Challenger(b"0123456789abcdef")
    registrar = Registrar(REALM, challenger, limits or RegistrarLimits())
    registrar.set_accounts(account(name) for name in names)
    return registrar


def udp(host: str, port: int = 5060) -> Flow:
    return Flow(Transport.UDP, LOCAL, Address(host, port))


def tcp(host: str, port: int, connection: int) -> Flow:
    return Flow(Transport.TCP, LOCAL, Address(host, port), connection)


@dataclass
class Phone:
    """`host` is its own address, which behind NAT is not that of the flow."""

    user: str
    host: str = "192.0.2.10"
    password: str = "secret"
    call_id: str = "call-1"
    aor_user: str = ""
    algorithm: str = "SHA-256"
    uri: str = "sip:198.51.100.1"
    cseq: int = 0
    extra: tuple[str, ...] = ()
    challenges: list[str] = field(default_factory=list)

    def request(self, *lines: str, method: str = "REGISTER", authorization: str = "Authorization") -> Request:
        """A request with these header lines; with credentials once a challenge was seen."""
        self.cseq += 1
        head = [
            f"{method} {self.uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.host}:5060;branch=z9hG4bK{self.call_id}{self.cseq};rport",
            "Max-Forwards: 70",
            f"From: <sip:{self.user}@198.51.100.1>;tag=f",
            f"To: <sip:{self.aor_user or self.user}@198.51.100.1>",
            f"Call-ID: {self.call_id}",
            f"CSeq: {self.cseq} {method}",
            *self.extra,
            *lines,
        ]
        for challenge in self.challenges:
            if (parse_digest(challenge) or {}).get("algorithm") == self.algorithm:
                value = answer(
                    challenge, method, self.uri, self.user, self.password, "cn", next(_NONCE_COUNTS)
                )
                head.append(f"{authorization}: {value}")
        message = parse("\r\n".join([*head, "Content-Length: 0", "", ""]).encode())
        assert isinstance(message, Request)
        return message

    def register(self, registrar: Registrar, flow: Flow, now: int, *lines: str) -> Response:
        """Register, answering one challenge as every phone does."""
        response = registrar.register(self.request(*lines), flow, now)
        if response.status == 401:
            self.challenges = response.headers.fields("WWW-Authenticate")
            response = registrar.register(self.request(*lines), flow, now)
        return response
