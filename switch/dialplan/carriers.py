"""The parts of a trunk that have a form of their own: gateways, identities, registration, health."""

import re
from ipaddress import ip_address, ip_network

from switch.dialplan import schema
from switch.dialplan.plan import Gateway, HealthPlan, Identify, RegisterPlan, plain_number
from switch.dialplan.problems import Problems
from switch.dialplan.source import Path, Source

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_PREFIX = re.compile(r"\+[0-9]{0,15}")
_MILLIONTHS = 1_000_000

NEVER_FAILED_OVER = frozenset({401, 407, 486, 487, 600, 603})
"""A person was reached, a call cancelled, or our own password asked for: no other gateway mends that."""


def gateways(model: schema.TrunkModel, source: Source, path: Path, problems: Problems) -> tuple[Gateway, ...]:
    """`[192.0.2.1:5060, {address: sip.carrier.example, weight: 2}]`."""
    found: list[Gateway] = []
    for index, raw in enumerate(model.gateways):
        at: Path = (*path, "gateways", index)
        short = isinstance(raw, str)
        entry = schema.read(schema.GatewayModel, source, at, {"address": raw} if short else raw, problems)
        if entry is None:
            continue
        host, port = host_port(entry.address)
        if host is None or port is None:
            expected = (
                "an address with a port such as 192.0.2.1:5060, [2001:db8::1]:5060 or sip.carrier.example"
            )
            place = source.place(at if short else (*at, "address"))
            problems.add(place, f"{expected} was expected, found '{entry.address}'")
            continue
        for number, prefix in enumerate(entry.prefixes):
            if _PREFIX.fullmatch(plain_number(prefix)) is None:
                problems.add(
                    source.place((*at, "prefixes", number)),
                    f"a prefix of numbers such as +1 was expected, found '{prefix}'",
                )
        found.append(
            Gateway(
                host,
                port,
                entry.transport or model.transport or "",
                priority=entry.priority,
                weight=entry.weight,
                prefixes=tuple(plain_number(prefix) for prefix in entry.prefixes),
                cost_micros=round(entry.cost_per_minute * _MILLIONTHS),
                channels_max=entry.channels_max,
                calls_per_second_max=entry.calls_per_second_max,
            )
        )
    places = [(gateway.host.lower(), gateway.port, gateway.transport) for gateway in found]
    for index, where in enumerate(places):
        if where in places[:index]:
            problems.add(source.place((*path, "gateways", index)), f"gateway {where[0]} stands twice")
    return tuple(found)


def identities(
    model: schema.TrunkModel, source: Source, path: Path, problems: Problems
) -> tuple[Identify, ...]:
    """`[192.0.2.0/24, {certificate: sip.carrier.example}]`."""
    found: list[Identify] = []
    for index, raw in enumerate(model.identify):
        at: Path = (*path, "identify", index)
        if not isinstance(raw, str):
            entry = schema.read(schema.IdentifyModel, source, at, raw, problems)
            if entry is not None:
                found.append(Identify("", 0, entry.certificate.lower()))
            continue
        network = _network(raw)
        if network is None:
            expected = "an address or network such as 192.0.2.0/24, or with a source port 192.0.2.1:5060,"
            problems.add(source.place(at), f"{expected} was expected, found '{raw}'")
        else:
            found.append(network)
    return tuple(found)


def registration(
    model: schema.TrunkModel, source: Source, path: Path, problems: Problems
) -> RegisterPlan | None:
    """`registration: true`, or a section; it needs the trunk's username."""
    raw = model.registration
    if raw is None or raw in ("false", "no", "off"):
        return None
    at: Path = (*path, "registration")
    section = {} if raw in ("true", "yes", "on") else raw
    if not isinstance(section, dict):
        problems.add(source.place(at), f"true, or expires_s and user, was expected, found '{raw}'")
        return None
    entry = schema.read(schema.RegisterModel, source, at, section, problems)
    if entry is not None and not model.username:
        problems.add(source.key_place(at), "a registration needs username and password_env or password_file")
    return None if entry is None else RegisterPlan(entry.expires_s, entry.user)


def health(model: schema.TrunkModel, source: Source, path: Path, problems: Problems) -> HealthPlan:
    """When a gateway is down."""
    at: Path = (*path, "health")
    entry = schema.read(schema.HealthModel, source, at, model.health, problems)
    if entry is None:
        return HealthPlan()
    if entry.down_s_max < entry.down_s:
        problems.add(source.key_place(at), "down_s_max must not be less than down_s")
    return HealthPlan(
        entry.probe_s, entry.failures_to_down, entry.answers_to_up, entry.down_s, entry.down_s_max
    )


def failover(model: schema.TrunkModel, source: Source, path: Path, problems: Problems) -> frozenset[int]:
    """Answers after which the next gateway is tried, besides 408 and 5xx."""
    for index, status in enumerate(model.failover_on):
        place = source.place((*path, "failover_on", index))
        if not 400 <= status <= 699:
            problems.add(place, f"a SIP status from 400 to 699 was expected, found '{status}'")
        elif status in NEVER_FAILED_OVER:
            problems.add(
                place,
                f"{status} never leads to another gateway: somebody was reached, or we are asked who we are",
            )
    return frozenset(model.failover_on)


def host_port(text: str) -> tuple[str | None, int | None]:
    """Host without brackets and port (0 where none is written); None for what cannot be read."""
    bracketed = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](?::(\d{1,5}))?", text)
    plain = re.fullmatch(r"([^:\[\]/]+)(?::(\d{1,5}))?", text)
    match = bracketed or plain
    if match is None:
        return None, None
    host, port = match.group(1), int(match.group(2) or 0)
    if port > 65_535 or (match.group(2) and port == 0):
        return host, None
    if bracketed or re.fullmatch(r"[0-9.]+", host):
        try:
            ip_address(host)
        except ValueError:
            return None, None
    elif _HOST.fullmatch(host) is None:
        return None, None
    return host, port


def _network(text: str) -> Identify | None:
    """`192.0.2.0/24`, `192.0.2.1:5060`, `2001:db8::/32`, `[2001:db8::1]:5060`."""
    match = re.fullmatch(r"\[([^\]]+)\](?::(\d{1,5}))?|([0-9./]+):(\d{1,5})", text)
    address, port = text, 0
    if match is not None:
        address = match.group(1) or match.group(3)
        port = int(match.group(2) or match.group(4) or 0)
    try:
        network = ip_network(address, strict=False)
    except ValueError:
        return None
    return Identify(str(network), port) if port <= 65_535 else None
