"""Who guesses passwords waits; who comes for the first time never does.

Failures are counted for an address, for an address with an account, and for an account. After some free
ones each further failure brings a pause in which what comes from there gets the same challenge as ever, and
its password is not looked at: to the guesser a right one looks wrong. Nothing is counted for an account alone
that would keep its owner out: an account under attack only gives each address fewer free failures. Within an
address it is the port that failed which waits, so that a guesser behind an office's NAT does not stop the
phones beside it; the ports that pass are few, or a guesser would take a new one for each guess.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TypeVar

from switch.base.clock import SECOND

K = TypeVar("K")

FORGET_US = 600 * SECOND
"""A count without a failure for so long is forgotten: a person who mistyped a password has gone by then."""

PAIR_FREE, PAIR_PAUSE_S_MAX = 10, 32
"""Failures of one account from one address: a phone with an old password tries some times by itself."""

PAIR_FREE_ATTACKED = 1

SOURCE_FREE, SOURCE_PAUSE_S_MAX = 100, 8
"""Failures of all accounts from one address: an office whose phones all have old passwords is no attack."""

ACCOUNT_FREE = 100
"""Failures of one account from everywhere, after which it is under attack."""

PORTS_MAX = 16
"""Ports of one address that may fail within one pause: what a guesser who changes ports has for it."""

NAME_LENGTH = 64
"""Of a username that is remembered; strangers choose its length."""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: int = 0
    until: int = 0
    ports: set[int] = field(default_factory=set)

    def waits(self, port: int, now: int) -> bool:
        return now < self.until and (port in self.ports or len(self.ports) >= PORTS_MAX)

    def add(self, port: int, free: int, pause_s_max: int, now: int) -> None:
        if now - self.last > FORGET_US:
            self.count = 0
        self.count += 1
        self.last = now
        if self.count < free:
            return
        if now >= self.until:
            self.ports.clear()
            pause_s = min(1 << min(self.count - free, 10), pause_s_max)
            self.until = now + pause_s * SECOND
        self.ports.add(port)


class Guard:
    """Counts of failures, each table bounded by `entries_max`: the longest silent entry goes."""

    __slots__ = ("_accounts", "_entries_max", "_pairs", "_sources")

    def __init__(self, entries_max: int) -> None:
        self._entries_max = entries_max
        self._sources: OrderedDict[str, _Failures] = OrderedDict()
        self._pairs: OrderedDict[tuple[str, str], _Failures] = OrderedDict()
        self._accounts: OrderedDict[str, _Failures] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sources) + len(self._pairs) + len(self._accounts)

    def waits(self, host: str, port: int, username: str, now: int) -> bool:
        """Whether a password from there is not to be looked at now."""
        source = self._sources.get(host)
        if source is None:
            return False
        pair = self._pairs.get((host, username[:NAME_LENGTH]))
        return source.waits(port, now) or (pair is not None and pair.waits(port, now))

    def failed(self, host: str, port: int, username: str, now: int) -> int:
        """A password was wrong. How many came from this address lately."""
        username = username[:NAME_LENGTH]
        account = self._entry(self._accounts, username)
        account.add(port, ACCOUNT_FREE, 0, now)
        free = PAIR_FREE_ATTACKED if account.count > ACCOUNT_FREE else PAIR_FREE
        self._entry(self._pairs, (host, username)).add(port, free, PAIR_PAUSE_S_MAX, now)
        source = self._entry(self._sources, host)
        source.add(port, SOURCE_FREE, SOURCE_PAUSE_S_MAX, now)
        return source.count

    def succeeded(self, host: str, username: str) -> None:
        """The right password: this account's failures from this address are forgiven, no others."""
        if self._pairs:
            self._pairs.pop((host, username), None)

    def _entry(self, table: OrderedDict[K, _Failures], key: K) -> _Failures:
        entry = table.get(key)
        if entry is None:
            entry = table[key] = _Failures()
            if len(table) > self._entries_max:
                table.popitem(last=False)
        else:
            table.move_to_end(key)
        return entry
