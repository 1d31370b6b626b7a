"""Every scenario beside a shipped dialplan is a test of its own."""

from functools import cache
from pathlib import Path

import pytest

from switch.dialplan.centre import is_scenario, load_centre
from switch.dialplan.plan import Centre
from switch.dialplan.scenarios import ScenarioResult, run_scenarios

DIALPLANS = Path(__file__).parents[2] / "dialplans"
CENTRES = sorted(path.name for path in DIALPLANS.iterdir() if path.is_dir())


@cache
def _texts(centre: str) -> dict[str, str]:
    return {
        str(path.relative_to(DIALPLANS)): path.read_text("utf-8")
        for path in sorted((DIALPLANS / centre).glob("*.yaml"))
    }


@cache
def _centre(centre: str) -> Centre:
    return load_centre(_texts(centre))


@cache
def _results(centre: str) -> tuple[ScenarioResult, ...]:
    stories = {name: text for name, text in _texts(centre).items() if is_scenario(name)}
    return run_scenarios(_centre(centre), stories)


@pytest.mark.parametrize("centre", CENTRES)
def test_a_shipped_centre_has_no_warning(centre: str) -> None:
    assert _centre(centre).warnings == ()


@pytest.mark.parametrize("centre", CENTRES)
def test_every_tenant_has_scenarios(centre: str) -> None:
    told = {result.file.rpartition("/")[2].partition(".")[0] for result in _results(centre)}
    assert told == set(_centre(centre).tenants)


@pytest.mark.parametrize(
    "result",
    [pytest.param(found, id=f"{centre}: {found.name}") for centre in CENTRES for found in _results(centre)],
)
def test_scenario(result: ScenarioResult) -> None:
    assert result.passed, str(result.problem)


def test_the_example_is_what_the_documentation_promises() -> None:
    centre = _centre("example")
    maple, harbour = centre.tenants["maple"], centre.tenants["harbour"]
    assert len(maple.agents) >= 6
    assert maple.languages == harbour.languages == ("fr", "en")
    assert set(harbour.agents) <= set(maple.agents)
    assert set(harbour.queues) == set(maple.queues)
    assert maple.route("100") is not None
    assert harbour.route("100") is not None
    assert {clip.name for clip in maple.clips()}.isdisjoint(clip.name for clip in harbour.clips())


def test_the_minimal_dialplan_stays_as_short_as_the_readme_says() -> None:
    text = _texts("minimal")["minimal/shop.yaml"]
    assert len([line for line in text.splitlines() if line.strip()]) <= 22
