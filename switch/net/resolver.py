"""Questions to the DNS, asked by dnspython; each is answered once, if only with FAILED, within `ANSWER_S`.

The library speaks the protocol (ids, sources, compression, truncation and then TCP) and ignores what does not
answer its question. Caching is the core's. The hosts file comes first, as everywhere on the machine; a name
in it has only the addresses that stand there.
"""

import asyncio
import re
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from pathlib import Path

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.rcode
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.SOA import SOA
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA
from dns.rdtypes.IN.NAPTR import NAPTR
from dns.rdtypes.IN.SRV import SRV

from switch.sip.flow import Address
from switch.sip.locate import Answer, Naptr, Outcome, Question, RecordType, Srv

SERVER_S = 2.0
"""One server is given so long before the next is asked; a resolver near by answers in a fraction of it."""

ANSWER_S = 5.0
"""All servers together: a caller does not wait longer for a gateway."""

AT_ONCE_MAX = 32
"""Questions on the wire; more wait for their turn, so that a burst does not look like an attack."""

RECORDS_READ_MAX = 64
"""Of one answer; the core takes fewer."""

HOSTS_BYTES_MAX = 1 << 20
"""Of a hosts file; a longer one is a block list, and its tail is not read."""

SYSTEM_HOSTS = Path("/etc/hosts")

_LOOPBACK = {RecordType.A: "127.0.0.1", RecordType.AAAA: "::1"}
_NO_SOA_TTL_S = 30
"""A zone that does not say how long an absence is good (RFC 2308 section 5 wants it not kept at all)."""

_HOSTS_TTL_S = 60
"""A line that an administrator adds or mends counts within a minute."""

_SERVICE_LABELS = re.compile(r"^(?:_[a-z0-9-]+\.)+")

OnAnswer = Callable[[Answer], None]


class Resolver:
    """`servers` empty: those of the machine (resolv.conf), read once."""

    def __init__(self, servers: Iterable[Address] = (), hosts: Path = SYSTEM_HOSTS) -> None:
        self._hosts = _HostsFile(hosts)
        self._asker = _asker(tuple(servers))
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def has_servers(self) -> bool:
        """Whether anybody can be asked; without it there is the hosts file alone."""
        return self._asker is not None

    def ask(self, question: Question, tell: OnAnswer) -> None:
        """Returns at once; `tell` is called later, on the loop, exactly once unless `close` comes before."""
        task = asyncio.create_task(self._ask(question, tell), name=f"dns-{question.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, question: Question, tell: OnAnswer) -> None:
        answer = self._hosts.answer(question)
        if answer is None:
            async with self._turns:
                answer = await self._resolve(question)
        tell(answer)

    async def _resolve(self, question: Question) -> Answer:
        if self._asker is None:
            return Answer(question, Outcome.FAILED)
        try:
            found = await self._asker.resolve(
                dns.name.from_text(question.name),
                question.kind.value,
                lifetime=ANSWER_S,
                raise_on_no_answer=False,
                search=False,
            )
        except dns.resolver.NXDOMAIN as error:
            responses = error.kwargs["responses"].values()
            ttl_s = min((_negative_ttl_s(response) for response in responses), default=_NO_SOA_TTL_S)
            return Answer(question, Outcome.NONE, (), ttl_s)
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel, dns.name.BadEscape):
            return Answer(question, Outcome.NONE, (), _NO_SOA_TTL_S)
        except (dns.exception.DNSException, OSError, UnicodeError):
            return Answer(question, Outcome.FAILED)
        if found.rrset is None:
            return Answer(question, Outcome.NONE, (), _negative_ttl_s(found.response))
        records = tuple(_record(item) for item in list(found.rrset)[:RECORDS_READ_MAX])
        usable = tuple(record for record in records if record is not None)
        # The TTL of the whole chain of aliases, not of its last link.
        ttl_s = int(found.chaining_result.minimum_ttl)
        return Answer(question, Outcome.FOUND if usable else Outcome.NONE, usable, ttl_s)


def _asker(servers: tuple[Address, ...]) -> dns.asyncresolver.Resolver | None:
    """None where the machine names no server: then nothing is found but what the hosts file has."""
    try:
        asker = dns.asyncresolver.Resolver(configure=not servers)
    except dns.resolver.NoResolverConfiguration:
        return None
    if servers:
        asker.nameservers = [dns.nameserver.Do53Nameserver(server.host, server.port) for server in servers]
    asker.timeout = SERVER_S
    return asker


def _negative_ttl_s(response: dns.message.Message) -> int:
    """How long an absence is good: the lesser of the SOA's TTL and its last field (RFC 2308 section 5)."""
    for rrset in response.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            return min((min(rrset.ttl, soa.minimum) for soa in rrset if isinstance(soa, SOA)), default=0)
    return _NO_SOA_TTL_S


def _record(item: object) -> Naptr | Srv | str | None:
    match item:
        case A() | AAAA():
            return str(item.address)
        case SRV():
            return Srv(item.priority, item.weight, item.port, _name(item.target)) if item.port else None
        case NAPTR():
            if item.regexp:
                # RFC 3263 section 4.1: the services of SIP have a replacement and no expression.
                return None
            flags, service = item.flags.decode("ascii", "replace"), item.service.decode("ascii", "replace")
            return Naptr(item.order, item.preference, flags, service, _name(item.replacement))
    return None


def _name(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower() if name != dns.name.root else ""


class _HostsFile:
    """Read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._names: dict[str, list[str]] = {}

    def answer(self, question: Question) -> Answer | None:
        """None where the file does not know the name."""
        self._read()
        # `_sip._udp.gateway`: a name that stands here has no services either.
        name = _SERVICE_LABELS.sub("", question.name)
        addresses = self._names.get(name)
        if addresses is None and (name == "localhost" or name.endswith(".localhost")):
            # RFC 6761 section 6.3: never a matter of the DNS.
            addresses = list(_LOOPBACK.values())
        if addresses is None:
            return None
        version = {RecordType.A: 4, RecordType.AAAA: 6}.get(question.kind)
        found = tuple(address for address in addresses if ip_address(address).version == version)
        return Answer(question, Outcome.FOUND if found else Outcome.NONE, found, _HOSTS_TTL_S)

    def _read(self) -> None:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp == self._stamp:
                return
            with self._path.open("rb") as file:
                text = file.read(HOSTS_BYTES_MAX).decode("utf-8", "replace")
        except OSError:
            self._stamp, self._names = None, {}
            return
        names: dict[str, list[str]] = {}
        for line in text.splitlines():
            address, *aliases = line.partition("#")[0].split() or ("",)
            try:
                ip_address(address)
            except ValueError:
                continue
            for alias in aliases:
                names.setdefault(alias.rstrip(".").lower(), []).append(address)
        self._stamp, self._names = stamp, names
