"""Addresses of carriers' gateways: a name is looked up when the configuration is read.

A name that cannot be resolved takes only its gateway out, with a warning: a switch that is restarted
while the resolver is down must still serve its phones. A reload looks again.
"""

import socket

import structlog

from switch.dialplan.plan import Centre, Gateway

_log = structlog.get_logger()

ADDRESSES_MAX = 8
"""Of one name; each is a gateway of its own, in the resolver's order."""


def resolve_gateways(centre: Centre) -> dict[Gateway, tuple[str, ...]]:
    """IP addresses by gateway. Blocks for as long as the resolver does."""
    return {gateway: _addresses(trunk.name, gateway) for trunk in centre.trunks for gateway in trunk.gateways}


def _addresses(trunk: str, gateway: Gateway) -> tuple[str, ...]:
    kind = socket.SOCK_DGRAM if gateway.transport == "udp" else socket.SOCK_STREAM
    try:
        found = socket.getaddrinfo(gateway.host, gateway.port, type=kind)
    except OSError as error:
        _log.warning("a gateway cannot be resolved", trunk=trunk, gateway=gateway.host, reason=error.strerror)
        return ()
    return tuple(dict.fromkeys(str(address[4][0]) for address in found))[:ADDRESSES_MAX]
