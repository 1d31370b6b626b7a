"""Where the switch listens: `listen`, `certificates`, `web` and `tls` of the shared file."""

import re
from collections.abc import Mapping
from ipaddress import ip_address

from switch.dialplan import schema
from switch.dialplan.carriers import host_port
from switch.dialplan.listen_plan import CertificatePlan, ListeningPlan, ListenPlan, TlsPlan, WebPlan
from switch.dialplan.problems import Problems
from switch.dialplan.source import Path, Source

SIP_PORT = 5060
SIPS_PORT = 5061
WEB_PORT = 443
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+|null", re.IGNORECASE)
"""What a browser puts into Origin (RFC 6454 section 6.2); `null` is what a page from a file says."""

SECTIONS = ("listen", "certificates", "web", "tls")


def read_listening(source: Source, problems: Problems) -> ListeningPlan:
    """The sections of one file; mistakes are noted with their places."""
    data = source.data if isinstance(source.data, dict) else {}
    stated = {name: data[name] for name in SECTIONS if data.get(name) is not None}
    if not stated:
        return ListeningPlan()
    model = schema.read(schema.ListeningModel, source, (), stated, problems)
    if model is None:
        return ListeningPlan()
    certificates = {
        name: CertificatePlan(
            entry.chain, entry.key, tuple(entry.names), source.key_place(("certificates", name))
        )
        for name, raw in model.certificates.items()
        if (entry := schema.read(schema.CertificateModel, source, ("certificates", name), raw, problems))
    }
    listen = [
        plan
        for index, raw in enumerate(model.listen)
        if (plan := _listener(source, ("listen", index), raw, certificates, problems)) is not None
    ]
    _check_twice(listen, problems)
    web = _web(source, model.web, certificates, problems)
    tls = schema.read(schema.TlsModel, source, ("tls",), model.tls, problems) or schema.TlsModel()
    if tls.certificate:
        _known((tls.certificate,), certificates, source, ("tls", "certificate"), problems)
    told = TlsPlan(tls.ca, tls.certificate, tls.wildcards, source.key_place(("tls",)))
    return ListeningPlan(tuple(listen), certificates, web, told)


def _listener(
    source: Source, path: Path, raw: object, certificates: Mapping[str, CertificatePlan], problems: Problems
) -> ListenPlan | None:
    model = schema.read(schema.ListenModel, source, path, raw, problems)
    if model is None:
        return None
    secure = "tls" in model.transports
    bound = _address(model.address, SIPS_PORT if secure else SIP_PORT)
    if bound is None:
        expected = "an IP address of this machine with a port such as 192.0.2.10:5060 or [2001:db8::10]:5060"
        problems.add(source.place((*path, "address")), f"{expected} was expected, found '{model.address}'")
        return None
    if secure and "tcp" in model.transports:
        problems.add(source.place((*path, "transports")), "tcp and tls need a port each: write two listeners")
    if len(set(model.transports)) < len(model.transports):
        problems.add(source.place((*path, "transports")), "a transport stands twice")
    if secure and not model.certificates:
        problems.add(source.key_place(path), "tls needs 'certificates': names of the section certificates")
    if not secure and (model.certificates or model.clients != "off"):
        problems.add(source.key_place(path), "certificates and clients go with the transport tls")
    _known(tuple(model.certificates), certificates, source, (*path, "certificates"), problems)
    if (model.clients != "off") != bool(model.clients_ca):
        problems.add(
            source.key_place(path),
            "clients: optional or required goes with clients_ca, the file of the authorities that sign them",
        )
    advertised, media = _told(source, path, model, bound, problems)
    return ListenPlan(
        *bound,
        tuple(model.transports),
        *advertised,
        media,
        tuple(model.certificates),
        model.clients,
        model.clients_ca,
        source.key_place(path),
    )


def _told(
    source: Source, path: Path, model: schema.ListenModel, bound: tuple[str, int], problems: Problems
) -> tuple[tuple[str, int], str]:
    """What peers are told: host and port for SIP (empty and 0 for the bound ones), and the host for audio."""
    host, port = "", 0
    if model.advertise:
        found_host, found_port = host_port(model.advertise)
        if found_host is None or found_port is None:
            expected = "an address or name such as 203.0.113.5, 203.0.113.5:5060 or sip.example.com"
            problems.add(
                source.place((*path, "advertise")), f"{expected} was expected, found '{model.advertise}'"
            )
        else:
            host, port = found_host, found_port
    elif ip_address(bound[0]).is_unspecified:
        problems.add(
            source.place((*path, "address")),
            f"phones cannot be told to send calls to {bound[0]}: say with 'advertise' where they reach it",
        )
    media = model.media or host or bound[0]
    if _is_address(media):
        return (host, port), media
    if model.media:
        place, found = source.place((*path, "media")), f", found '{model.media}'"
        problems.add(place, f"an IP address that phones send their audio to was expected{found}")
    elif host:
        problems.add(
            source.place((*path, "advertise")),
            f"audio needs an IP address and '{host}' is a name: say with 'media' where phones send it",
        )
    return (host, port), bound[0]


def _web(
    source: Source, raw: object, certificates: Mapping[str, CertificatePlan], problems: Problems
) -> WebPlan:
    model = schema.read(schema.WebModel, source, ("web",), raw, problems)
    if model is None:
        return WebPlan()
    host, port = "", 0
    if model.address:
        bound = _address(model.address, WEB_PORT)
        if bound is None:
            expected = "an IP address with a port such as 0.0.0.0:443"
            problems.add(
                source.place(("web", "address")), f"{expected} was expected, found '{model.address}'"
            )
        else:
            host, port = bound
    elif model.certificates:
        problems.add(source.key_place(("web",)), "certificates go with an address for browsers")
    _known(tuple(model.certificates), certificates, source, ("web", "certificates"), problems)
    for index, text in enumerate(model.origins):
        if _ORIGIN.fullmatch(text) is None:
            problems.add(
                source.place(("web", "origins", index)),
                f"the beginning of a page's address, as browsers say it, such as https://desk.example.com "
                f"(no path, no / at the end) was expected, found '{text}'",
            )
    return WebPlan(host, port, tuple(model.certificates), tuple(text.lower() for text in model.origins))


def _known(
    names: tuple[str, ...],
    certificates: Mapping[str, CertificatePlan],
    source: Source,
    path: Path,
    problems: Problems,
) -> None:
    for index, name in enumerate(names):
        if name not in certificates:
            problems.unknown(source.place((*path, index)), "certificate", name, certificates)


def _check_twice(listen: list[ListenPlan], problems: Problems) -> None:
    """Neither the machine nor a phone could tell two apart that have the same address."""
    bound: set[tuple[object, ...]] = set()
    told: set[tuple[object, ...]] = set()
    for plan in listen:
        for transport in plan.transports:
            kind = "udp" if transport == "udp" else "stream"
            place = (kind, plan.host, plan.port)
            if plan.port and place in bound:
                problems.add(plan.place, f"{plan.host}, port {plan.port}, stands twice")
            seen = (transport, plan.advertised_host or plan.host, plan.advertised_port or plan.port)
            if seen[2] and seen in told and place not in bound:
                problems.add(
                    plan.place, f"two listeners advertise {seen[1]}, port {seen[2]}, for {transport}"
                )
            bound.add(place)
            told.add(seen)


def _address(text: str, default_port: int) -> tuple[str, int] | None:
    """An IP address to bind; a port 0 that is written asks for any free one."""
    free = text.endswith(":0")
    host, port = host_port(text[:-2] if free else text)
    if host is None or port is None or not _is_address(host):
        return None
    return str(ip_address(host)), 0 if free else port or default_port


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
