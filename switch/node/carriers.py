"""Trunks and gateways as they are now: for the command line, and for a scrape."""

from switch.api import views
from switch.metrics import snapshot as values
from switch.trunk.health import GatewayState
from switch.trunk.settings import Gateway
from switch.trunk.trunks import Trunks

_US_PER_MS = 1_000


def rows(trunks: Trunks, now: int) -> list[views.TrunkRow]:
    """Every trunk with its gateways, in the order of the configuration."""
    found = []
    for name in trunks.names():
        settings = trunks.settings(name)
        if settings is None:
            continue
        registration = trunks.registration(name)
        stands = registration is not None and registration.stands(now)
        found.append(
            views.TrunkRow(
                trunk=name,
                up=_up(trunks, name),
                channels=trunks.in_use(name),
                channels_max=settings.channels_max,
                calls_per_second=trunks.calls_last_second(name, now),
                calls_per_second_max=settings.calls_per_second_max,
                registration="" if registration is None else str(registration.state),
                registration_ms=(registration.expires_at - now) // _US_PER_MS
                if registration is not None and stands
                else None,
                registration_last="" if registration is None else registration.last,
                gateways=tuple(_gateway(trunks, name, gateway, now) for gateway in trunks.gateways(name)),
            )
        )
    return found


def _gateway(trunks: Trunks, trunk: str, gateway: Gateway, now: int) -> views.GatewayRow:
    health = trunks.health(trunk, gateway)
    return views.GatewayRow(
        address=str(gateway.address),
        transport=str(gateway.transport),
        name=gateway.name,
        state=trunks.state(trunk, gateway).value,
        state_ms=None if health is None else (now - health.since) // _US_PER_MS,
        last="" if health is None else health.last,
        last_ms=None if health is None or not health.last else (now - health.last_at) // _US_PER_MS,
        rtt_ms=None if health is None or not health.rtt_us else health.rtt_us / _US_PER_MS,
        channels=trunks.in_use(trunk, gateway),
        channels_max=gateway.terms.channels_max,
        calls_per_second=trunks.calls_last_second(trunk, now, gateway),
        calls_per_second_max=gateway.terms.calls_per_second_max,
    )


def _up(trunks: Trunks, trunk: str) -> bool:
    return any(trunks.state(trunk, gateway) is not GatewayState.DOWN for gateway in trunks.gateways(trunk))


def readings(trunks: Trunks, now: int) -> tuple[values.TrunkReading, ...]:
    """The same for the metrics."""
    found = []
    for name in trunks.names():
        settings = trunks.settings(name)
        if settings is None:
            continue
        registration = trunks.registration(name)
        found.append(
            values.TrunkReading(
                name,
                trunks.in_use(name),
                settings.channels_max,
                _up(trunks, name),
                registered=None if registration is None else registration.stands(now),
                gateways=tuple(_reading(trunks, name, gateway) for gateway in trunks.gateways(name)),
            )
        )
    return tuple(found)


def _reading(trunks: Trunks, trunk: str, gateway: Gateway) -> values.GatewayReading:
    health = trunks.health(trunk, gateway)
    return values.GatewayReading(
        address=f"{gateway.address};{gateway.transport.lower()}",
        state=trunks.state(trunk, gateway).value,
        rtt_us=0 if health is None else health.rtt_us,
    )


def attempts(trunks: Trunks) -> tuple[values.AttemptsReading, ...]:
    """Calls tried since the start, and channels, by what each gateway is known as."""
    return tuple(values.AttemptsReading(*key, count) for key, count in sorted(trunks.attempts.items()))


def channels(trunks: Trunks) -> tuple[values.GatewayChannels, ...]:
    """Channels of each gateway, once for all addresses of a name."""
    known = {
        (name, gateway.known_as): gateway for name in trunks.names() for gateway in trunks.gateways(name)
    }
    return tuple(
        values.GatewayChannels(trunk, title, trunks.in_use(trunk, gateway), gateway.terms.channels_max)
        for (trunk, title), gateway in known.items()
    )
