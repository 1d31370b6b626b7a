"""Parsed header values that have more to them than a URI: Via and CSeq (RFC 3261 sections 20.42 and
20.16)."""

import re
from dataclasses import dataclass

from switch.base.values import quick
from switch.sip.grammar import (
    TOKEN,
    MessageError,
    Params,
    find_param,
    format_params,
    parse_number,
    parse_params,
    with_param,
)
from switch.sip.message.limits import CSEQ_MAX
from switch.sip.uri import format_host, parse_host

MAGIC_COOKIE = "z9hG4bK"
"""A branch that begins so is unique by itself (RFC 3261 section 8.1.1.7); others are matched as RFC 2543
did."""

_VIA = re.compile(
    r"SIP\s*/\s*2\.0\s*/\s*([A-Za-z0-9\-.!%*_+`'~]+)\s+"
    r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.\-]+)(?:\s*:\s*([0-9]{1,5}))?\s*(;.*)?\Z",
    re.IGNORECASE | re.DOTALL,
)


@quick
@dataclass(frozen=True, slots=True)
class Via:
    """One hop. `transport` is upper case and may be unknown; `host` is without brackets."""

    transport: str
    host: str
    port: int | None
    params: Params = ()

    @classmethod
    def parse(cls, text: str) -> "Via":
        """Raises MessageError."""
        found = _VIA.match(text)
        if found is None:
            raise MessageError("malformed Via")
        transport, host, port, params = found.groups()
        if port is not None and not 0 < int(port) < 65536:
            raise MessageError("Via port out of range")
        return cls(
            transport.upper(),
            parse_host(host),
            int(port) if port is not None else None,
            parse_params(params) if params else (),
        )

    @property
    def branch(self) -> str | None:
        return find_param(self.params, "branch")

    @property
    def received(self) -> str | None:
        """The source address, without the brackets that some stacks put round IPv6 (RFC 5118 section 4.5)."""
        value = find_param(self.params, "received")
        return value.strip("[]") if value else None

    @property
    def rport(self) -> int | None:
        """The source port, once a server has filled it in; None where absent, unfilled or out of range."""
        value = find_param(self.params, "rport")
        if value and value.isascii() and value.isdigit() and len(value) <= 5 and 0 < int(value) < 65536:
            return int(value)
        return None

    @property
    def wants_rport(self) -> bool:
        """RFC 3581 section 4: the client asks for its source port."""
        return find_param(self.params, "rport") is not None

    @property
    def sent_by(self) -> str:
        """`host` or `host:port` as written, in lower case: a part of a server transaction's key."""
        host = format_host(self.host.lower())
        return host if self.port is None else f"{host}:{self.port}"

    def with_param(self, name: str, value: str | None) -> "Via":
        """A copy with one parameter replaced or added."""
        return Via(self.transport, self.host, self.port, with_param(self.params, name, value))

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {format_host(self.host)}{port}{format_params(self.params)}"


@quick
@dataclass(frozen=True, slots=True)
class CSeq:
    """A number in 0..2**32-1 and a method."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        """Raises MessageError."""
        parts = text.split()
        if len(parts) != 2 or not TOKEN.fullmatch(parts[1]):
            raise MessageError("malformed CSeq")
        return cls(parse_number(parts[0], CSEQ_MAX, "CSeq"), parts[1])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"
