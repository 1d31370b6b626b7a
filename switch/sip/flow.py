"""Where bytes came from and where they go: values that `net` fills in and the core hands back."""

from dataclasses import dataclass, field
from enum import StrEnum

from switch.base.values import quick


class Transport(StrEnum):
    """Via transport names, RFC 3261 section 20.42 (and RFC 7118 for WebSocket)."""

    UDP = "UDP"
    TCP = "TCP"
    TLS = "TLS"
    WS = "WS"
    WSS = "WSS"

    reliable: bool
    """Whether the transport repeats what is lost, and keeps messages in order."""

    def __init__(self, name: str) -> None:
        # An attribute, where a property would be asked seven times a call.
        self.reliable = name != "UDP"


@quick
@dataclass(frozen=True, slots=True)
class Address:
    """An IP address as text, without brackets, and a port in 1..65535. Ours may be a name: it is what peers
    are told."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@quick
@dataclass(frozen=True, slots=True)
class Flow:
    """A way between a listener of ours and a peer.

    `connection` is 0 for UDP and for a stream that `net` has yet to open to `remote`; otherwise the
    number that `net` gave to an open connection. A response goes back by the flow it came on.

    `local` is our address as the peer sees it: what Via and Contact say. `server_name` is what the peer's
    certificate must prove where `net` opens a TLS connection (RFC 5922 section 7.2); empty: its address.
    `certificate_names` are the names that the peer's own verified certificate gave (section 7.1). Neither
    makes one flow another.
    """

    transport: Transport
    local: Address
    remote: Address
    connection: int = 0
    server_name: str = field(default="", compare=False)
    certificate_names: tuple[str, ...] = field(default=(), compare=False)
