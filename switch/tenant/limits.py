"""Limits on calls to the outside, against toll fraud: how many, how often, where to, at what cost.

A decider: `check` says which limit a call would break, `admit` counts it, `release` lets it go. See
docs/decisions/0022-fraud-limits.md. Amounts are millionths of the administrator's currency, times are
monotonic microseconds.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import phonenumbers

from switch.base.clock import SECOND
from switch.tenant.numbers import parse_number

MINUTE_US = 60 * SECOND
COST_MINUTES = 60
"""The window of `cost_per_hour`, in buckets of a minute."""

CALLS_PER_MINUTE_MAX = 6_000
"""The largest limit that can be stated: so many starts are remembered. A hundred a second is a dialler."""

REFUSALS_RECORDED_A_MINUTE = 60
"""Refused calls of a tenant that get a record; what comes faster is counted and leaves no entry."""

RETRY_AFTER_S = 10


class Limit(StrEnum):
    """What stopped a call, in the words of the records."""

    CALLS = "calls"
    CALLS_PER_MINUTE = "calls-per-minute"
    COUNTRY = "country"
    PREFIX = "prefix"
    COST = "cost-per-hour"
    NOT_ALLOWED = "not-allowed"
    """The tenant's rules for outside calls (`outside: allow`, `premium`)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """`scope` is `account` or `tenant`."""

    scope: str
    limit: Limit

    def __str__(self) -> str:
        return f"{self.scope}:{self.limit}"

    @property
    def status(self) -> int:
        """480 for what passes by itself, 403 for what does not soon."""
        return 480 if self.limit in (Limit.CALLS, Limit.CALLS_PER_MINUTE) else 403


@dataclass(frozen=True, slots=True)
class Limits:
    """Of a tenant or an account; 0 or empty is no limit. Countries are ISO 3166, prefixes E.164."""

    calls: int = 0
    calls_per_minute: int = 0
    countries: frozenset[str] = frozenset()
    deny_countries: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    deny_prefixes: tuple[str, ...] = ()
    cost_per_hour: int = 0

    @property
    def by_number(self) -> bool:
        """Whether the number dialled matters."""
        return bool(self.countries or self.deny_countries or self.prefixes or self.deny_prefixes)


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class TenantLimits:
    """`rates` are (E.164 prefix, cost of a minute). `end_over_cost`: calls that stand are ended, too."""

    own: Limits = NO_LIMITS
    accounts: Mapping[str, Limits] = field(default_factory=dict)
    rates: tuple[tuple[str, int], ...] = ()
    end_over_cost: bool = False

    def rate(self, number: str) -> int | None:
        """Of the longest prefix; None where no rate is stated for the number."""
        found = [(len(prefix), cost) for prefix, cost in self.rates if number.startswith(prefix)]
        return max(found)[1] if found else None


@dataclass(slots=True, eq=False)
class Ticket:
    """One counted call. `rate` is the cost of a minute; `answered_at` 0 until it is answered."""

    tenant: str
    account: str
    rate: int
    by_gateway: bool = False
    """No rate of the tenant's fits: what the gateway costs that the call goes by."""
    held: bool = True
    answered_at: int = 0
    name: str = ""
    """In the journal."""

    def cost(self, now: int) -> int:
        """What the call has cost so far; of a long one, what fell into the last hour."""
        if not self.answered_at:
            return 0
        return self.rate * min(now - self.answered_at, COST_MINUTES * MINUTE_US) // MINUTE_US


_Scope = tuple[str, str]
"""Tenant and account; the account is empty for the tenant itself."""


@dataclass(slots=True)
class _Usage:
    """What one tenant or account has used."""

    tickets: dict[Ticket, None] = field(default_factory=dict)
    starts: deque[int] = field(default_factory=deque)
    spent: deque[tuple[int, int]] = field(default_factory=deque)
    """(minute, cost), oldest first; at most COST_MINUTES + 1."""

    def started_lately(self, now: int) -> int:
        while self.starts and self.starts[0] <= now - MINUTE_US:
            self.starts.popleft()
        return len(self.starts)

    def cost(self, now: int) -> int:
        while self.spent and self.spent[0][0] <= now // MINUTE_US - COST_MINUTES:
            self.spent.popleft()
        return sum(cost for _, cost in self.spent) + sum(ticket.cost(now) for ticket in self.tickets)

    def book(self, cost: int, now: int) -> None:
        if not cost:
            return
        minute = now // MINUTE_US
        if self.spent and self.spent[-1][0] == minute:
            self.spent[-1] = (minute, self.spent[-1][1] + cost)
        else:
            self.spent.append((minute, cost))
        self.cost(now)


class LimitBook:
    """All tenants' limits and what is used of them; one owner, mutated in place."""

    __slots__ = ("_recorded", "_tenants", "_usage", "refusals")

    def __init__(self, tenants: Mapping[str, TenantLimits] | None = None) -> None:
        self._tenants = dict(tenants or {})
        self._usage: dict[_Scope, _Usage] = {}
        self._recorded: dict[str, deque[int]] = {}
        self.refusals: dict[tuple[str, Refusal], int] = {}
        """Refused calls by tenant and limit, since the start."""

    def set_tenants(self, tenants: Mapping[str, TenantLimits]) -> None:
        """Replace all limits at a reload; what is used stays for whoever is still limited."""
        self._tenants = dict(tenants)
        for scope in [scope for scope in self._usage if self._limits(scope) is NO_LIMITS]:
            del self._usage[scope]

    def limited(self, tenant: str) -> bool:
        """Whether anything is limited: nothing below need be asked otherwise."""
        return tenant in self._tenants

    def check(self, tenant: str, account: str, number: str, now: int) -> Refusal | None:
        """The first limit that one call more, to `number` (E.164), would break; the account's come first."""
        for scope, limits in self._scopes(tenant, account):
            broken = self._broken(scope, limits, number, now)
            if broken is not None:
                return Refusal("account" if scope[1] else "tenant", broken)
        return None

    def admit(self, tenant: str, account: str, number: str, now: int) -> Ticket:
        """Count a call that `check` found no fault with."""
        rate = self._tenants[tenant].rate(number)
        ticket = Ticket(tenant, account, rate or 0, by_gateway=rate is None)
        for scope, limits in self._scopes(tenant, account):
            usage = self._usage.setdefault(scope, _Usage())
            usage.tickets[ticket] = None
            if limits.calls_per_minute:
                usage.starts.append(now)
        return ticket

    def answered(self, ticket: Ticket, now: int) -> None:
        """From here on the call costs."""
        ticket.answered_at = ticket.answered_at or now

    def release(self, ticket: Ticket, now: int) -> None:
        """The call's leg is over: book what it cost."""
        assert ticket.held, "a ticket is released once"
        ticket.held = False
        for account in dict.fromkeys((ticket.account, "")):
            usage = self._usage.get((ticket.tenant, account))
            # A reload may have taken the limit away, and given it back since.
            if usage is not None and ticket in usage.tickets:
                del usage.tickets[ticket]
                usage.book(ticket.cost(now), now)
        ticket.answered_at = 0

    def restore(
        self, tenant: str, starts: list[tuple[int, str]], spent: list[tuple[int, str, int]], now: int
    ) -> None:
        """What was used before a restart: (when, account) of calls that began, (when, account, cost) of what
        was charged. Times are of this process' clock, below zero where it did not run yet."""
        for at, account in sorted(starts):
            for scope, limits in self._scopes(tenant, account):
                if limits.calls_per_minute and at > now - MINUTE_US:
                    self._usage.setdefault(scope, _Usage()).starts.append(at)
        for at, account, cost in sorted(spent):
            for scope, _ in self._scopes(tenant, account):
                self._usage.setdefault(scope, _Usage()).book(cost, at)

    def take_again(self, ticket: Ticket) -> None:
        """The same call by the next gateway: one of the calls at once again, and no second start."""
        assert not ticket.held, "a ticket that is held is not taken again"
        ticket.held = True
        for scope, _ in self._scopes(ticket.tenant, ticket.account):
            self._usage.setdefault(scope, _Usage()).tickets[ticket] = None

    def refused(self, tenant: str, refusal: Refusal, now: int) -> bool:
        """Count a refusal; whether it may have a record, or the tenant has had too many this minute."""
        key = (tenant, refusal)
        self.refusals[key] = self.refusals.get(key, 0) + 1
        recorded = self._recorded.setdefault(tenant, deque(maxlen=REFUSALS_RECORDED_A_MINUTE))
        if len(recorded) == REFUSALS_RECORDED_A_MINUTE and recorded[0] > now - MINUTE_US:
            return False
        recorded.append(now)
        return True

    # Cost of calls that stand.

    def spent(self, tenant: str, account: str, now: int) -> int:
        """Of the last hour, calls that stand included."""
        usage = self._usage.get((tenant, account))
        return 0 if usage is None else usage.cost(now)

    def over_cost_at(self, tenant: str, now: int) -> int | None:
        """When calls that stand must be ended at the latest if nothing changes; None for never."""
        plan = self._tenants.get(tenant)
        if plan is None or not plan.end_over_cost:
            return None
        times = []
        for _, limits, usage in self._costly(tenant, plan):
            rate = sum(ticket.rate for ticket in usage.tickets if ticket.answered_at)
            if rate:
                left = max(0, limits.cost_per_hour - usage.cost(now))
                times.append(now - (-left * MINUTE_US // rate))
        return min(times, default=None)

    def over_cost(self, tenant: str, now: int) -> dict[Ticket, Refusal]:
        """Answered calls of the tenant and its accounts whose hour is spent, where those are ended."""
        plan = self._tenants.get(tenant)
        if plan is None or not plan.end_over_cost:
            return {}
        return {
            ticket: Refusal(scope, Limit.COST)
            for scope, limits, usage in self._costly(tenant, plan)
            if usage.cost(now) >= limits.cost_per_hour
            for ticket in usage.tickets
            if ticket.answered_at
        }

    # Inside.

    def _limits(self, scope: _Scope) -> Limits:
        plan = self._tenants.get(scope[0])
        if plan is None:
            return NO_LIMITS
        return plan.accounts.get(scope[1], NO_LIMITS) if scope[1] else plan.own

    def _scopes(self, tenant: str, account: str) -> list[tuple[_Scope, Limits]]:
        """The limits that a call must keep, the account's first."""
        scopes = [(tenant, account), (tenant, "")] if account else [(tenant, "")]
        found = [(scope, self._limits(scope)) for scope in scopes]
        return [(scope, limits) for scope, limits in found if limits is not NO_LIMITS]

    def _costly(self, tenant: str, plan: TenantLimits) -> Iterator[tuple[str, Limits, _Usage]]:
        for account, limits in (("", plan.own), *plan.accounts.items()):
            usage = self._usage.get((tenant, account))
            if usage is not None and limits.cost_per_hour:
                yield "account" if account else "tenant", limits, usage

    def _broken(self, scope: _Scope, limits: Limits, number: str, now: int) -> Limit | None:
        if limits.by_number:
            broken = _broken_by_number(limits, number)
            if broken is not None:
                return broken
        usage = self._usage.get(scope)
        if usage is None:
            return None
        if limits.calls and len(usage.tickets) >= limits.calls:
            return Limit.CALLS
        if limits.calls_per_minute and usage.started_lately(now) >= limits.calls_per_minute:
            return Limit.CALLS_PER_MINUTE
        if limits.cost_per_hour and usage.cost(now) >= limits.cost_per_hour:
            return Limit.COST
        return None


def _broken_by_number(limits: Limits, number: str) -> Limit | None:
    if number.startswith(limits.deny_prefixes) or (
        limits.prefixes and not number.startswith(limits.prefixes)
    ):
        return Limit.PREFIX
    if limits.countries or limits.deny_countries:
        country = country_of(number)
        if country in limits.deny_countries or (limits.countries and country not in limits.countries):
            return Limit.COUNTRY
    return None


def country_of(e164: str) -> str:
    """ISO 3166 of a number's plan, by its ranges (+1 is many countries); empty where it is of none.

    A number whose range is assigned to nobody yet is of the country that its code leads to first: it would
    be dialled there.
    """
    parsed = parse_number(e164, "ZZ")
    if parsed is None or parsed.country_code is None:
        return ""
    region = phonenumbers.region_code_for_number(parsed)
    if region is None:
        region = phonenumbers.region_code_for_country_code(parsed.country_code)
    return region if region in phonenumbers.SUPPORTED_REGIONS else ""
