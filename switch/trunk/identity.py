"""Which carrier a packet came from: by its address, or by the certificate of its connection.

A certificate proves more than an address does, so it is looked at first. Names are compared exactly and
without regard to case; a wildcard in a certificate names no SIP domain (RFC 5922 sections 7.1 and 7.2).
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from switch.base.errors import Problem
from switch.sip.flow import Flow
from switch.trunk.settings import TrunkSettings

ADDRESSES_KEPT = 4_096
"""Of peers, read: phones and carriers come again and again."""

_Network = IPv4Network | IPv6Network


class IdentityTable:
    """Networks, the narrowest first, and one with a port before one without."""

    __slots__ = ("_certificates", "_entries")

    def __init__(self) -> None:
        self._entries: dict[tuple[_Network, int | None], str] = {}
        self._certificates: dict[str, str] = {}

    def add(self, settings: TrunkSettings) -> list[Problem]:
        """Take the identities of a trunk. One without any is for outgoing calls alone."""
        problems: list[Problem] = []
        for identity in dict.fromkeys(settings.identify):
            if identity.certificate:
                owner = self._certificates.setdefault(identity.certificate.lower(), settings.name)
                if owner != settings.name:
                    text = f"certificate {identity.certificate} belongs to trunk {owner} already"
                    problems.append(_problem(settings, text))
                continue
            text = identity.network
            try:
                key = (ip_network(text), identity.port)
            except ValueError:
                problems.append(
                    _problem(settings, f"{text!r} is no network: expected 192.0.2.0/24 or an address")
                )
                continue
            other = self._entries.setdefault(key, settings.name)
            if other != settings.name:
                problems.append(_problem(settings, f"{text} belongs to trunk {other} already"))
        return problems

    def seal(self) -> None:
        """Order the entries; after the last `add`."""
        order = sorted(self._entries.items(), key=lambda item: (-item[0][0].prefixlen, item[0][1] is None))
        self._entries = dict(order)

    def find(self, flow: Flow) -> str | None:
        """The trunk of this flow, or None. Linear: a switch has tens of carriers, not thousands."""
        if self._certificates:
            for name in flow.certificate_names:
                if name.lower() in self._certificates:
                    return self._certificates[name.lower()]
        if not self._entries:
            return None
        address = plain_address(flow.remote.host)
        for (network, port), name in self._entries.items():
            # A network never contains an address of the other family; a port of None is any.
            if address in network and port in (None, flow.remote.port):
                return name
        return None


@lru_cache(ADDRESSES_KEPT)
def plain_address(host: str) -> IPv4Address | IPv6Address:
    """An address as it is configured, however the socket spells it."""
    address = ip_address(host)
    # A listener of both families sees IPv4 peers in IPv6's clothes.
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _problem(settings: TrunkSettings, message: str) -> Problem:
    return Problem(settings.name, 0, 0, message)
