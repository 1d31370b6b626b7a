"""Where requests inside a dialog with a carrier go (RFC 3261 section 12.2.1.1, RFC 3263).

| what the dialog says next | then |
| --- | --- |
| the address of the call's flow | the flow |
| another address | that address, by the transport that is written, else by the flow's |
| a name | its first server; the flow until it is found, and where it is not |
| an address inside a private network, of a carrier outside | the flow: it forgot its own NAT |
| anything less than TLS, where the call came by TLS | the flow: nobody talks us out of encryption |

Phones do not come here: what they write into their Contact is behind a NAT more often than not, and the way
that they spoke by is the way that works.
"""

from collections.abc import Mapping
from ipaddress import ip_address

from switch.base.rng import SplitMix64
from switch.sip.dialog import Dialog
from switch.sip.flow import Address, Flow, Transport
from switch.sip.locate import Place, Target, default_port, in_order, is_address
from switch.sip.locator import Locator
from switch.sip.uri import Uri


class Ways:
    """One a switch. `asked` says that the locator has questions to be carried away."""

    __slots__ = ("_listeners", "_locator", "_rng", "asked")

    def __init__(self, listeners: Mapping[Transport, Address], locator: Locator, seed: int = 0) -> None:
        self._listeners = listeners
        self._locator = locator
        self._rng = SplitMix64(seed)
        self.asked = False

    def way(self, dialog: Dialog, flow: Flow, now: int) -> Flow:
        """The flow for the next request of this dialog; `flow` is the call's own."""
        hop = dialog.next_hop
        remote = flow.remote
        if hop.host == remote.host and (hop.port or default_port(flow.transport)) == remote.port:
            return flow
        target = self._target(hop, flow, now)
        if target is None or (target.address == remote and target.transport is flow.transport):
            return flow
        if flow.transport is Transport.TLS and target.transport is not Transport.TLS:
            return flow
        if not _reachable(target.address.host, remote.host):
            return flow
        local = self._local(target, flow)
        if local is None:
            return flow
        return Flow(target.transport, local, target.address, server_name=hop.host)

    def _target(self, hop: Uri, flow: Flow, now: int) -> Target | None:
        transport = _transport(hop)
        host = hop.param("maddr") or hop.host
        if is_address(host):
            # Without a word of it, the transport of the call: a Contact without `;transport=tls` is common.
            spoken = transport or (Transport.TLS if hop.scheme == "sips" else flow.transport)
            return Target(Address(host, hop.port or default_port(spoken)), spoken)
        place = Place(host.rstrip(".").lower(), hop.port, transport, hop.scheme == "sips")
        located = self._locator.find(place, now)
        if located is None:
            self.asked = True
            return None
        return next(iter(in_order(located.targets, self._rng)), None)

    def _local(self, target: Target, flow: Flow) -> Address | None:
        if target.transport is flow.transport:
            local: Address | None = flow.local
        else:
            local = self._listeners.get(target.transport)
        if local is None or (":" in local.host) != (":" in target.address.host):
            return None
        return local


def _transport(uri: Uri) -> Transport | None:
    written = (uri.param("transport") or "").upper()
    return Transport(written) if written in ("UDP", "TCP", "TLS") else None


def _reachable(host: str, carrier: str) -> bool:
    """Whether a request may leave for there; a carrier outside must not aim us at machines inside."""
    target = ip_address(host)
    if target.is_multicast or target.is_unspecified:
        return False
    return target.is_global or not ip_address(carrier).is_global
