"""The closed forms against published numbers, and against a slow answer that shares no code with them."""

import json
from math import exp, isclose
from typing import Any

import pytest

from switch.wfm.erlang import (
    Load,
    agents_for,
    channels_for,
    erlang_b,
    erlang_c,
    forecast,
    impatient,
    patient,
    square_root_agents,
)
from tests.vectors import vector


@pytest.fixture(scope="module")
def published() -> list[dict[str, Any]]:
    numbers: list[dict[str, Any]] = json.loads(vector("queueing/erlang_numbers.json").read_text())
    return numbers


def entry(published: list[dict[str, Any]], **words: object) -> dict[str, Any]:
    """The one entry that has these values."""
    found = [item for item in published if all(item.get(key) == value for key, value in words.items())]
    assert len(found) == 1, f"{len(found)} entries have {words}"
    return found[0]


def test_erlang_b_and_c_as_published(published: list[dict[str, Any]]) -> None:
    table = next(item for item in published if "B(10,5)" in item)
    assert isclose(erlang_b(10, 5), table["B(10,5)"], abs_tol=1e-6)
    assert isclose(erlang_b(10, 20), table["B(10,20)"], abs_tol=5e-6)
    assert channels_for(10, 0.01) == table["channels_10E_1pct"]
    assert channels_for(708, 0.01) == table["channels_708E_1pct"]
    assert isclose(erlang_c(11, 10), table["C(11,10)"], abs_tol=5e-5)
    assert isclose(erlang_c(14, 10), table["C(14,10)"], abs_tol=5e-5)


def test_erlang_b_and_c_of_large_centres(published: list[dict[str, Any]]) -> None:
    table = next(item for item in published if "B(n=132,A=123)" in item)
    assert isclose(erlang_b(132, 123), table["B(n=132,A=123)"], abs_tol=5e-5)
    assert isclose(erlang_c(132, 123), table["C(n=132,A=123)"], abs_tol=5e-5)
    assert isclose(erlang_c(12421, 12345), table["C(n=12421,A=12345)"], abs_tol=5e-5)


def test_mean_waits_as_published(published: list[dict[str, Any]]) -> None:
    load = Load(3.5 / 60, 180)
    assert isclose(patient(load, 13, 20).wait_s, entry(published, model="M/M/c")["EW_s"], abs_tol=0.005)
    told = impatient(load, 13, 20, 300)
    assert isclose(told.wait_s, entry(published, model="M/M/c+M")["EW_all_s"], abs_tol=0.005)


def test_erlang_c_as_published(published: list[dict[str, Any]]) -> None:
    item = entry(published, model="Erlang C", n=14)
    told = patient(Load(4 / 60, 180), 14, item["awt_min"] * 60)
    assert isclose(told.service_level, item["SL"], abs_tol=5e-5)
    assert isclose(told.wait_s / 60, item["ASA_min"], abs_tol=0.005)
    assert isclose(told.occupancy, item["occ"], abs_tol=5e-5)
    item = entry(published, A=33.333)
    told = patient(Load(item["A"] / item["aht_s"], item["aht_s"]), item["n"], item["T_s"])
    assert isclose(told.must_wait, item["PW"], abs_tol=5e-5)
    assert isclose(told.service_level, item["SL"], abs_tol=1e-4)
    assert isclose(told.wait_s, item["ASA_s"], abs_tol=0.02)
    assert isclose(told.occupancy, item["occ"], abs_tol=5e-5)


def test_a_bound_of_occupancy_asks_for_more_agents(published: list[dict[str, Any]]) -> None:
    item = entry(published, A=10)
    load = Load(10 / 180, 180)
    assert agents_for(load, 20, 0.8, occupancy_max=item["max_occ"]) == item["n"]
    assert agents_for(load, 20, 0.8) == 14
    assert isclose(patient(load, item["n"], 20).must_wait, item["PW"], abs_tol=5e-4)


def in_time_if_patient(load: Load, agents: int, threshold_s: float, patience_s: float) -> float:
    """By the balance equations, and by stepping the Markov chain of those ahead in small steps of time.

    The share of callers who would be answered within the threshold if they themselves never gave up.
    """
    weights = [1.0]
    for state in range(1, agents + 200):
        leave = min(state, agents) / load.handling_s + max(0, state - agents) / patience_s
        weights.append(weights[-1] * load.calls_per_s / leave)
    total = sum(weights)
    ahead = [weight / total for weight in weights[agents:]]
    rates = [agents / load.handling_s + j / patience_s for j in range(len(ahead))]
    in_time = sum(weights[:agents]) / total
    steps = 10_000
    for _ in range(steps):
        moved = [here * rate * threshold_s / steps for here, rate in zip(ahead, rates, strict=True)]
        in_time += moved[0]
        ahead = [here - out + into for here, out, into in zip(ahead, moved, [*moved[1:], 0.0], strict=True)]
    return in_time


def test_erlang_a_as_published(published: list[dict[str, Any]]) -> None:
    """That calculator's service level is of callers who never give up; ours counts waits that ended."""
    item = entry(published, model="Erlang X = M/M/14/100+M, no redial")
    load, threshold_s = Load(4 / 60, 180), item["awt_min"] * 60
    told = impatient(load, 14, threshold_s, 60)
    assert isclose(told.abandoned, item["P_ab"], abs_tol=5e-5)
    assert isclose(told.occupancy, item["occ"], abs_tol=5e-5)
    still_waiting = (1 - item["SL"]) * exp(-threshold_s / 60)
    assert isclose(told.service_level, 1 - still_waiting, abs_tol=1e-4)


@pytest.mark.parametrize(("agents", "calls_per_min", "patience_s"), [(1, 0.5, 30), (5, 3, 600), (30, 11, 90)])
def test_erlang_a_against_the_chain(agents: int, calls_per_min: float, patience_s: float) -> None:
    load = Load(calls_per_min / 60, 170)
    told = impatient(load, agents, 15, patience_s)
    late = 1 - in_time_if_patient(load, agents, 15, patience_s)
    assert isclose(told.service_level, 1 - late * exp(-15 / patience_s), abs_tol=1e-4)
    # Little's law: whoever waits gives up at the rate of patience.
    assert isclose(told.abandoned, told.wait_s / patience_s, rel_tol=1e-9)


def test_the_house_example() -> None:
    """360 calls in half an hour of 240 s each, 15 s the threshold; then with a patience of 120 s."""
    load = Load(360 / 1800, 240)
    told = patient(load, 55, 15)
    assert isclose(told.must_wait, 0.23870, abs_tol=5e-6)
    assert isclose(told.service_level, 0.8459, abs_tol=5e-5)
    assert isclose(told.wait_s, 8.184, abs_tol=5e-4)
    for agents, must_wait, abandoned, wait_s in (
        (55, 0.15012, 0.01697, 2.036),
        (46, 0.53477, 0.09065, 10.878),
    ):
        told = impatient(load, agents, 15, 120)
        assert isclose(told.must_wait, must_wait, abs_tol=5e-6)
        assert isclose(told.abandoned, abandoned, abs_tol=5e-6)
        assert isclose(told.wait_s, wait_s, abs_tol=5e-4)


def test_endless_patience_is_erlang_c() -> None:
    load = Load(0.05, 200)
    endless, formula = impatient(load, 12, 20, 1e9), patient(load, 12, 20)
    assert isclose(endless.service_level, formula.service_level, abs_tol=1e-6)
    assert isclose(endless.wait_s, formula.wait_s, rel_tol=1e-5)


def test_extremes_have_answers() -> None:
    assert forecast(Load(0, 100), 0, 20).service_level == 1
    assert forecast(Load(1, 100), 0, 20).service_level == 0
    assert forecast(Load(0, 100), 3, 20, 60).service_level == 1
    assert impatient(Load(1e-6, 1), 400, 20, 60).service_level == 1
    crowded = impatient(Load(10, 300), 5, 20, 60)
    assert isclose(crowded.occupancy, 1, abs_tol=1e-6)
    assert crowded.abandoned > 0.99
    assert patient(Load(1, 100), 99, 20).service_level == 0


@pytest.mark.parametrize("erlangs", [0.3, 7.0, 90.0, 800.0])
@pytest.mark.parametrize("patience_s", [0.0, 120.0])
def test_the_fewest_agents_are_enough_and_one_less_is_not(erlangs: float, patience_s: float) -> None:
    load = Load(erlangs / 240, 240)
    agents = agents_for(load, 20, 0.8, patience_s=patience_s)
    assert forecast(load, agents, 20, patience_s).service_level >= 0.8
    assert forecast(load, agents - 1, 20, patience_s).service_level < 0.8


def test_the_square_root_rule_is_near_erlang_c() -> None:
    for erlangs in (50.0, 200.0, 2000.0):
        told = square_root_agents(erlangs, 0.2)
        exact = next(n for n in range(int(erlangs) + 1, 10_000) if erlang_c(n, erlangs) <= 0.2)
        assert abs(told - exact) <= 1.0
