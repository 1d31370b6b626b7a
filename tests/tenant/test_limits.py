"""Limits against toll fraud (docs/decisions/0022-fraud-limits.md): each refusal, each count, each release."""

from hypothesis import given
from hypothesis import strategies as st

from switch.base.clock import SECOND
from switch.tenant.limits import (
    MINUTE_US,
    REFUSALS_RECORDED_A_MINUTE,
    Limit,
    LimitBook,
    Limits,
    Refusal,
    TenantLimits,
    Ticket,
    country_of,
)

NOW = 5_000 * SECOND
PARIS = "+33170180101"


NOTHING = Limits()


def book(own: Limits = NOTHING, account: Limits | None = None, **more: object) -> LimitBook:
    accounts = {} if account is None else {"101": account}
    return LimitBook({"maple": TenantLimits(own, accounts, **more)})  # type: ignore[arg-type]  # the keywords


def check(limits: LimitBook, number: str = PARIS, now: int = NOW, account: str = "101") -> str:
    return str(limits.check("maple", account, number, now) or "")


def admit(limits: LimitBook, now: int = NOW, account: str = "101", number: str = PARIS) -> Ticket:
    assert check(limits, number, now, account) == ""
    return limits.admit("maple", account, number, now)


def test_calls_at_once_are_limited_until_one_ends() -> None:
    limits = book(Limits(calls=3), Limits(calls=2))
    first, second = admit(limits), admit(limits)
    assert check(limits) == "account:calls"
    admit(limits, account="102")
    assert check(limits, account="103") == "tenant:calls"
    limits.release(first, NOW)
    assert check(limits) == ""
    limits.release(second, NOW)


def test_calls_a_minute_are_counted_by_their_beginning_and_forgotten_after_a_minute() -> None:
    limits = book(account=Limits(calls_per_minute=2))
    for at in (NOW, NOW + 30 * SECOND):
        limits.release(admit(limits, at), at)
    assert check(limits, now=NOW + 59 * SECOND) == "account:calls-per-minute"
    assert check(limits, now=NOW + 60 * SECOND) == ""
    admit(limits, NOW + 60 * SECOND)
    assert check(limits, now=NOW + 61 * SECOND) == "account:calls-per-minute"


def test_countries_are_those_of_the_numbering_plan_and_not_of_the_code() -> None:
    limits = book(Limits(countries=frozenset({"FR", "CA"})))
    assert check(limits, "+15145550100") == ""
    assert check(limits, "+12125550100") == "tenant:country"
    assert check(limits, "+18765550100") == "tenant:country", "Jamaica shares +1: the classic of toll fraud"
    assert check(limits, "+88216001234") == "tenant:country", "a satellite is in no country"
    denied = book(Limits(deny_countries=frozenset({"LV"})))
    assert check(denied, "+37167000000") == "tenant:country"
    assert check(denied) == ""


def test_countries_of_numbers() -> None:
    numbers = ("+33612345678", "+15145550100", "+12125550100", "+80012345678", "+999123", "")
    assert [country_of(number) for number in numbers] == ["FR", "CA", "US", "", "", ""]


def test_a_denied_prefix_wins_over_an_allowed_one() -> None:
    limits = book(Limits(prefixes=("+33", "+1"), deny_prefixes=("+33899",)))
    assert check(limits) == ""
    assert check(limits, "+33899123456") == "tenant:prefix"
    assert check(limits, "+4420712345") == "tenant:prefix"


def test_the_hours_cost_counts_calls_that_stand_and_forgets_after_an_hour() -> None:
    limits = book(account=Limits(cost_per_hour=1_000_000), rates=(("+33", 100_000), ("+3389", 600_000)))
    cheap, dear = admit(limits), admit(limits, number="+33899123456")
    limits.answered(cheap, NOW)
    limits.answered(dear, NOW)
    assert limits.spent("maple", "101", NOW + MINUTE_US) == 700_000
    assert check(limits, now=NOW + MINUTE_US) == ""
    assert check(limits, now=NOW + 2 * MINUTE_US) == "account:cost-per-hour"
    for ticket in (cheap, dear):
        limits.release(ticket, NOW + 2 * MINUTE_US)
    assert limits.spent("maple", "101", NOW + 2 * MINUTE_US) == 1_400_000
    assert check(limits, now=NOW + 50 * MINUTE_US) == "account:cost-per-hour"
    assert check(limits, now=NOW + 63 * MINUTE_US) == ""


def test_a_call_that_rings_costs_nothing_and_the_gateways_rate_counts_where_no_other_is() -> None:
    limits = book(Limits(cost_per_hour=50), rates=(("+1", 7),))
    ticket = limits.admit("maple", "", PARIS, NOW)
    assert ticket.by_gateway
    ticket.rate = 60
    assert limits.spent("maple", "", NOW + MINUTE_US) == 0
    limits.answered(ticket, NOW + MINUTE_US)
    assert limits.spent("maple", "", NOW + MINUTE_US + 30 * SECOND) == 30


def test_calls_over_the_hours_cost_are_ended_when_they_reach_it_where_that_is_wanted() -> None:
    own = Limits(cost_per_hour=1_000_000)
    kept = book(own, rates=(("+", 100_000),))
    ticket = admit(kept)
    kept.answered(ticket, NOW)
    assert kept.over_cost_at("maple", NOW) is None
    assert kept.over_cost("maple", NOW + 20 * MINUTE_US) == {}
    ended = book(own, rates=(("+", 100_000),), end_over_cost=True)
    first, second = admit(ended), admit(ended)
    ended.answered(first, NOW)
    ended.answered(second, NOW)
    due = ended.over_cost_at("maple", NOW)
    assert due == NOW + 5 * MINUTE_US
    assert ended.over_cost("maple", due - SECOND) == {}
    assert ended.over_cost("maple", due) == dict.fromkeys((first, second), Refusal("tenant", Limit.COST))


def test_the_next_gateway_takes_the_call_again_without_a_second_start() -> None:
    limits = book(account=Limits(calls=1, calls_per_minute=2))
    ticket = admit(limits)
    limits.release(ticket, NOW)
    limits.take_again(ticket)
    assert check(limits) == "account:calls"
    limits.release(ticket, NOW)
    assert check(limits) == ""


def test_a_reload_keeps_what_is_used_and_a_call_of_a_limit_that_is_gone_ends_in_peace() -> None:
    limits = book(account=Limits(calls=1))
    ticket = admit(limits)
    limits.set_tenants({"maple": TenantLimits(accounts={"101": Limits(calls=1, calls_per_minute=5)})})
    assert check(limits) == "account:calls"
    limits.set_tenants({})
    assert not limits.limited("maple")
    limits.release(ticket, NOW)
    limits.set_tenants({"maple": TenantLimits(accounts={"101": Limits(calls=1)})})
    assert check(limits) == ""


def test_refusals_are_all_counted_and_some_recorded() -> None:
    limits = book()
    refusal = Refusal("account", Limit.CALLS)
    recorded = [limits.refused("maple", refusal, NOW + n) for n in range(REFUSALS_RECORDED_A_MINUTE + 5)]
    assert recorded.count(True) == REFUSALS_RECORDED_A_MINUTE
    assert limits.refusals == {("maple", refusal): REFUSALS_RECORDED_A_MINUTE + 5}
    assert limits.refused("maple", refusal, NOW + MINUTE_US)
    assert limits.refused("birch", refusal, NOW)


@given(
    st.lists(st.tuples(st.sampled_from(("call", "answer", "end", "again")), st.integers(0, 40)), max_size=60)
)
def test_whatever_happens_counts_agree_with_the_calls_that_stand(story: list[tuple[str, int]]) -> None:
    limits = book(
        Limits(calls=4, cost_per_hour=10_000), Limits(calls=3, calls_per_minute=30), rates=(("+", 60),)
    )
    held: list[Ticket] = []
    freed: list[Ticket] = []
    now, spent = NOW, 0
    for what, after_s in story:
        now += after_s * SECOND
        if what == "call" and limits.check("maple", "101", PARIS, now) is None:
            held.append(limits.admit("maple", "101", PARIS, now))
        elif what == "answer" and held:
            limits.answered(held[-1], now)
        elif what == "end" and held:
            ticket = held.pop(0)
            spent += ticket.cost(now)
            limits.release(ticket, now)
            freed.append(ticket)
        elif what == "again" and freed and len(held) < 3:
            held.append(freed.pop())
            limits.take_again(held[-1])
        assert len(held) <= 3
        if now - NOW < 59 * MINUTE_US:
            assert limits.spent("maple", "", now) == spent + sum(ticket.cost(now) for ticket in held)
    for ticket in held:
        limits.release(ticket, now)
    assert limits.spent("maple", "101", now + 62 * MINUTE_US) == 0
