"""Names of gateways, and names that peers wrote into their dialogs, become addresses (RFC 3263).

Nothing here waits: questions leave with the other outputs, and answers come back as inputs. A gateway's name
is asked for again when what was found ends; while the resolver fails, sooner and then more and more seldom.
"""

from switch.base.clock import SECOND
from switch.exchange.office import Office, Watch
from switch.sip.flow import Flow, Transport
from switch.sip.locate import FAILED_TTL_S, Located, Place
from switch.sip.message import Request
from switch.sip.transport import DEFAULT_PORT
from switch.trunk.settings import NamedGateway

RETRY_S_MAX = 60
"""A resolver that came back is noticed within a minute."""


def refresh(office: Office, now: int) -> None:
    """After a start or a reload: look for every gateway that is given by name."""
    wanted = {_key(place): place for place in map(_place, (g for _, g in office.parts.trunks.named()))}
    watches = office.watches
    for key in [key for key in watches if key not in wanted]:
        del watches[key]
        office.timers.cancel(("locate", key))
    for key, place in wanted.items():
        watches.setdefault(key, Watch(place))
        look(office, key, now)


def look(office: Office, key: str, now: int) -> None:
    """Ask for one of them (again)."""
    watch = office.watches.get(key)
    if watch is None:
        return
    located = office.parts.locator.find(watch.place, now)
    if located is not None:
        _found(office, located, now)
    carry(office, now)


def carry(office: Office, now: int) -> None:
    """Questions out, places in."""
    locator = office.parts.locator
    for located in locator.take():
        _found(office, located, now)
    office.outputs += locator.poll()


def stream_for(office: Office, request: Request, flow: Flow) -> Flow | None:
    """The stream by which a request goes that is too large for UDP (RFC 3261 section 18.1.1), if any.

    To a carrier, and to a phone whose contact is where it speaks from. A phone behind a NAT has opened a way
    for UDP and no other: a connection of ours would meet its router, and the call would wait for that.
    """
    local = next(
        (
            listener.address
            for listener in office.parts.listeners
            if listener.transport is Transport.TCP and listener.address.host == flow.local.host
        ),
        None,
    )
    if local is None:
        return None
    remote = flow.remote
    if (request.uri.host, request.uri.port or DEFAULT_PORT) != (remote.host, remote.port):
        trunks = office.parts.trunks
        known = (gateway for name in trunks.names() for gateway in trunks.gateways(name))
        if not any(gateway.address == remote for gateway in known):
            return None
    return Flow(Transport.TCP, local, remote)


def _found(office: Office, located: Located, now: int) -> None:
    key = _key(located.place)
    watch = office.watches.get(key)
    if watch is None:
        return
    trunks = office.parts.trunks
    for trunk, gateway in trunks.named():
        if _place(gateway) == located.place:
            trunks.located(trunk, gateway, located.targets, now, certain=located.certain)
    watch.failures = 0 if located.certain else watch.failures + 1
    again_s = located.ttl_s if located.certain else _retry_s(watch.failures)
    office.timers.set(("locate", key), now + again_s * SECOND)


def _retry_s(failures: int) -> int:
    """5, 10, 20, 40, 60, 60 ... seconds."""
    return min(FAILED_TTL_S << min(failures - 1, 8), RETRY_S_MAX)


def _place(gateway: NamedGateway) -> Place:
    return Place(gateway.host, gateway.port, gateway.transport)


def _key(place: Place) -> str:
    return f"{place.host}|{place.port or ''}|{place.transport or ''}"
