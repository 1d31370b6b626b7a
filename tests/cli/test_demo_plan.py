"""The demo's day is drawn from its seed alone, and suits the centre in which it takes place."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from switch.cli.demo import plan
from switch.cli.demo.centre import open_day_and_night
from switch.cli.demo.plan import Manner, plan_day
from switch.dialplan.hours import is_open
from switch.node.configuration import read_configuration
from tests.tidy.tree import ROOT

EXAMPLE = ROOT / "dialplans" / "example"
SIZES = [(18.0, plan.AGENTS_MIN, 1), (120.0, 6, 12), (3_600.0, plan.AGENTS_MAX, plan.CUSTOMERS_MAX)]


@pytest.mark.parametrize(("seconds", "agents", "customers"), SIZES)
def test_the_same_seed_gives_the_same_day(seconds: float, agents: int, customers: int) -> None:
    day = plan_day(5, seconds, agents, customers)
    assert day == plan_day(5, seconds, agents, customers)
    assert day.customers != plan_day(6, seconds, agents, customers).customers


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("seconds", "agents", "customers"), SIZES)
def test_a_day_has_the_size_that_was_asked_for(
    seed: int, seconds: float, agents: int, customers: int
) -> None:
    day = plan_day(seed, seconds, agents, customers)
    assert (len(day.agents), len(day.customers)) == (agents, customers)
    arrivals = [customer.arrives_s for customer in day.customers]
    assert arrivals == sorted(arrivals)
    assert arrivals[0] > 0
    assert arrivals[-1] <= max(seconds - plan.DRAIN_S, seconds / 3)
    assert all(agent.rest is None or agent.rest.at_s <= arrivals[-1] + seconds for agent in day.agents)


@pytest.mark.parametrize("seed", range(20))
def test_a_full_day_shows_every_manner_and_both_ways_to_press_keys(seed: int) -> None:
    day = plan_day(seed, 120, 6, 12)
    assert {customer.manner for customer in day.customers} == set(Manner)
    assert {press.method for customer in day.customers for press in customer.keys} == {"rfc2833", "info"}
    assert {customer.language for customer in day.customers} == {"French", "English"}
    offers = [what for agent in day.agents for what in agent.first_offers]
    assert sorted(offers) == [plan.DECLINE, plan.LET_RING]


def test_numbers_differ_unless_somebody_calls_again_about_the_same() -> None:
    customers = plan_day(1, 600, 6, 40).customers
    seen: dict[str, plan.CustomerPlan] = {}
    for customer in customers:
        before = seen.setdefault(customer.number, customer)
        if before is not customer:
            assert customer.manner is Manner.CALLS_AGAIN
            assert (customer.language, customer.line) == (before.language, before.line)
    assert len(seen) < len(customers)


def test_a_silent_customer_presses_nothing_and_others_choose_what_they_want() -> None:
    for customer in plan_day(3, 120, 6, 24).customers:
        keys = [press.key for press in customer.keys]
        if customer.manner is Manner.SILENT:
            assert keys == []
            continue
        assert (customer.dials == plan.MAIN_NUMBER) == (keys[0] in "12" and len(keys) > 1 and keys[0] != "7")
        assert keys[-1] == {"sales": "1", "support": "2", "reception": "0"}[customer.line]
        assert ("7" in keys) == (customer.manner is Manner.WRONG_KEY)


def test_the_smallest_crew_can_serve_every_wish_at_once() -> None:
    """Otherwise customers of a small demo would only wait. The needs are those of the example's flows."""
    tenant = read_configuration(EXAMPLE).centre.tenants[plan.TENANT]
    crew = [tenant.agents[agent.name] for agent in plan_day(1, 60, plan.AGENTS_MIN, 1).agents]
    for line, level in (("sales", 60), ("support", 50)):
        for language in ("french", "english"):
            assert any(
                dict(agent.skills).get(line, 0) >= level and dict(agent.skills).get(language, 0) >= 50
                for agent in crew
            ), f"nobody for {line} in {language}"


def test_the_crew_is_that_of_the_example() -> None:
    tenant = read_configuration(EXAMPLE).centre.tenants[plan.TENANT]
    for agent in plan_day(1, 60, plan.AGENTS_MAX, 1).agents:
        assert tenant.agents[agent.name].account == agent.account
    assert {f"+{plan.MAIN_NUMBER}", f"+{plan.ENGLISH_NUMBER}"} <= set(tenant.numbers)
    assert plan.RECEPTION in tenant.accounts


def test_the_demos_centre_is_open_at_any_hour_and_else_the_same(tmp_path: Path) -> None:
    folder = open_day_and_night(EXAMPLE, tmp_path / "copy")
    copy, original = read_configuration(folder).centre, read_configuration(EXAMPLE).centre
    assert copy.tenants.keys() == original.tenants.keys()
    every_hour = [datetime(2026, 1, 1) + timedelta(hours=hour) for hour in range(366 * 24)]
    for key, tenant in copy.tenants.items():
        assert tenant.hours.keys() == original.tenants[key].hours.keys()
        for hours in tenant.hours.values():
            assert all(is_open(hours, tenant.calendar, moment) for moment in every_hour)
        assert tenant.agents == original.tenants[key].agents
        assert tenant.queues == original.tenants[key].queues
    # A second demo on the same folder begins anew.
    (folder / "stray.yaml").write_text("nonsense")
    assert not (open_day_and_night(EXAMPLE, folder) / "stray.yaml").exists()
