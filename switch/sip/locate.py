"""Where a SIP URI leads: RFC 3263 (NAPTR, SRV, A and AAAA) and the order of RFC 2782, as a pure function.

`locate` is given what is known so far and says what is still to be asked, or the result. Whoever calls it
again after each answer has the whole algorithm, and there is no state between the calls. Names are kept in
lower case, without the dot at their end.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

from switch.base.rng import SplitMix64
from switch.sip.flow import Address, Transport
from switch.sip.transport import DEFAULT_PORT, DEFAULT_TLS_PORT

RECORDS_MAX = 16
"""Taken of one answer, and targets of one place: no carrier has more, but a liar may."""

TTL_S_MIN = 5
"""A TTL of 0 asks for a lookup a call; a gateway's addresses do not move that often."""

TTL_S_MAX = 86_400
"""A longer one is a slip of the pen, and would outlive the mistake by weeks."""

FAILED_TTL_S = 5
"""A resolver that does not answer is left alone for so long."""


class RecordType(StrEnum):
    """What can be asked of the DNS here."""

    NAPTR = "NAPTR"
    SRV = "SRV"
    A = "A"
    AAAA = "AAAA"


class Outcome(StrEnum):
    """NONE is a fact (no such name or record); FAILED is no answer, or a refusal."""

    FOUND = "found"
    NONE = "none"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Question:
    """One question to a resolver."""

    name: str
    kind: RecordType


@dataclass(frozen=True, slots=True)
class Naptr:
    """RFC 3403, the fields that RFC 3263 uses."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Srv:
    """RFC 2782; `target` is "" for the root: the service is decidedly not available."""

    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a resolver made of a question; records of its kind, addresses as text."""

    question: Question
    outcome: Outcome
    records: tuple[Naptr | Srv | str, ...] = ()
    ttl_s: int = FAILED_TTL_S


@dataclass(frozen=True, slots=True)
class Place:
    """What a URI says of where it leads. `secure` is `sips`."""

    host: str
    port: int | None = None
    transport: Transport | None = None
    secure: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """One address to try. `server` is the SRV target that has it; its addresses share one weight."""

    address: Address
    transport: Transport
    priority: int = 0
    weight: int = 0
    server: str = ""


@dataclass(frozen=True, slots=True)
class Located:
    """All targets of a place, unordered. Not `certain`: a resolver failed, and there may be others."""

    place: Place
    targets: tuple[Target, ...]
    ttl_s: int
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Abilities:
    """What this switch can send by, best first, and of which addresses."""

    transports: tuple[Transport, ...] = (Transport.UDP, Transport.TCP)
    addresses: tuple[RecordType, ...] = (RecordType.A,)


_SERVICE = {"SIP+D2U": Transport.UDP, "SIP+D2T": Transport.TCP, "SIPS+D2T": Transport.TLS}
_PREFIX = {Transport.UDP: "_sip._udp.", Transport.TCP: "_sip._tcp.", Transport.TLS: "_sips._tcp."}

_Answers = Mapping[Question, Answer]
_Server = tuple[str, int, int, int]
"""Name, port, priority, weight."""


def locate(place: Place, answers: _Answers, abilities: Abilities) -> Located | tuple[Question, ...]:
    """The targets of `place` (RFC 3263 section 4), or the questions without which they cannot be told."""
    default = place.transport or (Transport.TLS if place.secure else Transport.UDP)
    port = place.port or default_port(default)
    if is_address(place.host):
        target = Target(Address(place.host, port), default, server=place.host)
        return Located(place, (target,), TTL_S_MAX)
    if place.port is not None or default not in _PREFIX:
        return _addresses(place, ((place.host, port, 0, 0),), default, True, answers, abilities)
    if place.transport is not None:
        services: tuple[tuple[Transport, str], ...] = ((default, _PREFIX[default] + place.host),)
        return _services(place, services, answers, abilities)
    asked = Question(place.host, RecordType.NAPTR)
    naptr = answers.get(asked)
    if naptr is None:
        return (asked,)
    preferred = tuple(_preferred(naptr, place, abilities))
    if preferred:
        return _services(place, preferred, answers, abilities)
    usable = [t for t in abilities.transports if t in _PREFIX and (t is Transport.TLS or not place.secure)]
    if Transport.TLS in usable and not place.secure:
        # Without NAPTR nobody has said that a plain URI is served by TLS: it comes last.
        usable.sort(key=lambda transport: transport is Transport.TLS)
    services = tuple((transport, _PREFIX[transport] + place.host) for transport in usable)
    together = tuple(q for _, name in services if (q := Question(name, RecordType.SRV)) not in answers)
    return together or _services(place, services, answers, abilities)


def _preferred(naptr: Answer, place: Place, abilities: Abilities) -> Iterator[tuple[Transport, str]]:
    """The services that a domain offers and we speak, most preferred first (RFC 3263 section 4.1)."""
    records = [record for record in naptr.records if isinstance(record, Naptr)]
    for record in sorted(records, key=lambda record: (record.order, record.preference)):
        transport = _SERVICE.get(record.service.upper())
        if transport is None or transport not in abilities.transports or record.flags.lower() != "s":
            continue
        if (transport is Transport.TLS or not place.secure) and record.replacement:
            yield transport, record.replacement


def _services(
    place: Place, services: tuple[tuple[Transport, str], ...], answers: _Answers, abilities: Abilities
) -> Located | tuple[Question, ...]:
    """The first service that has servers; where none has SRV records, the addresses of the domain itself."""
    certain = True
    for transport, name in services:
        question = Question(name, RecordType.SRV)
        answer = answers.get(question)
        if answer is None:
            return (question,)
        if answer.outcome is Outcome.FAILED:
            certain = False
            continue
        records = [record for record in answer.records if isinstance(record, Srv)]
        if records:
            # The root alone: decidedly not available (RFC 2782), and not to be looked for elsewhere.
            servers = tuple((r.target, r.port, r.priority, r.weight) for r in records if r.target)
            return _addresses(place, servers, transport, certain, answers, abilities)
    if not certain:
        # Whether there are servers is not known, and the domain's own address may be that of its web site.
        return Located(place, (), FAILED_TTL_S, certain=False)
    transport = place.transport or (Transport.TLS if place.secure else Transport.UDP)
    whole = ((place.host, default_port(transport), 0, 0),)
    return _addresses(place, whole, transport, True, answers, abilities)


def _addresses(
    place: Place,
    servers: tuple[_Server, ...],
    transport: Transport,
    certain: bool,
    answers: _Answers,
    abilities: Abilities,
) -> Located | tuple[Question, ...]:
    servers = servers[:RECORDS_MAX]
    names = dict.fromkeys(name for name, _, _, _ in servers if not is_address(name))
    questions = [Question(name, kind) for name in names for kind in abilities.addresses]
    missing = tuple(question for question in questions if question not in answers)
    if missing:
        return missing
    known = [answers[question] for question in questions]
    certain = certain and not any(answer.outcome is Outcome.FAILED for answer in known)
    targets: list[Target] = []
    for name, port, priority, weight in servers:
        for host in _hosts(name, answers, abilities):
            targets.append(Target(Address(host, port), transport, priority, weight, name))
    ttl_s = min((answer.ttl_s for answer in (*known, *_path(answers))), default=TTL_S_MAX)
    return Located(place, tuple(dict.fromkeys(targets))[:RECORDS_MAX], ttl_s, certain)


def _hosts(name: str, answers: _Answers, abilities: Abilities) -> Iterable[str]:
    if is_address(name):
        return (name,)
    found = [answers[Question(name, kind)].records for kind in abilities.addresses]
    return [record for records in found for record in records if isinstance(record, str)]


def _path(answers: _Answers) -> Iterator[Answer]:
    """The answers above the addresses: what was found ends with the shortest TTL on the way to it.

    A NAPTR that a home router swallowed says nothing of how long the rest is good.
    """
    for question, answer in answers.items():
        if question.kind is RecordType.SRV or (
            question.kind is RecordType.NAPTR and answer.outcome is not Outcome.FAILED
        ):
            yield answer


def in_order(targets: Iterable[Target], rng: SplitMix64) -> tuple[Target, ...]:
    """In which order to try them (RFC 2782): by priority; within one by chance, in proportion to weight.

    The addresses of one server stay together, in the resolver's order.
    """
    servers: dict[tuple[int, str, int], list[Target]] = {}
    for target in targets:
        servers.setdefault((target.priority, target.server, target.address.port), []).append(target)
    ordered: list[Target] = []
    for priority in sorted({priority for priority, _, _ in servers}):
        group = [found for key, found in servers.items() if key[0] == priority]
        # Weight 0 first, so that it has a small chance of its own, as the RFC wants.
        group.sort(key=lambda found: found[0].weight > 0)
        while group:
            mark = rng.below(sum(found[0].weight for found in group) + 1) if len(group) > 1 else 0
            for index, found in enumerate(group):
                mark -= found[0].weight
                if mark <= 0:
                    ordered += group.pop(index)
                    break
    return tuple(ordered)


def default_port(transport: Transport) -> int:
    """RFC 3261 section 19.1.2."""
    return DEFAULT_TLS_PORT if transport is Transport.TLS else DEFAULT_PORT


def is_address(host: str) -> bool:
    """An IPv4 or IPv6 address, without brackets."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
