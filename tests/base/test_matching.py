"""What is in the way of a contact: all of it, in the order in which it is told."""

import pytest

from switch.acd.decisions import Exclusion
from switch.acd.limits import UNITS
from switch.acd.settings import Need, Step
from switch.base.matching import CALL_UNITS, Able, Unmet, unmet

ALL_OF = Step(
    0,
    (Need("sales", 50), Need("tools", 10)),
    any_of=((Need("french", 20),), (Need("english", 20), Need("dutch", 20))),
    none_of=(Need("trainee", 30),),
    teams=("east", "west"),
    queues=("overflow",),
)
FIT = {"sales": 50, "tools": 10, "french": 20, "trainee": 29}


def able(
    levels: dict[str, int],
    queues: tuple[str, ...] = (),
    teams: tuple[str, ...] = ("west",),
    units: int = 100,
    most: int | None = None,
) -> Able:
    return Able(FIT | levels, queues, teams, units, {} if most is None else {"voice": most})


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (able({}), []),
        (able({}, ("q",)), []),
        (able({}, ("overflow", "other")), []),
        (able({}, ("other",)), [Unmet.OTHER_QUEUES]),
        (able({"sales": 49}), [Unmet.LEVEL_TOO_LOW]),
        (able({"sales": 49, "tools": 0}), [Unmet.SKILL_MISSING]),
        (able({"french": 19}), [Unmet.LEVEL_TOO_LOW]),
        (able({"french": 0, "english": 20}), [Unmet.LEVEL_TOO_LOW]),
        (able({"french": 0, "english": 20, "dutch": 20}), []),
        (able({"trainee": 30}), [Unmet.EXCLUDED_SKILL]),
        (able({}, teams=()), [Unmet.OTHER_TEAM]),
        (able({}, teams=("north",)), [Unmet.OTHER_TEAM]),
        (able({}, units=99), [Unmet.OTHER_CHANNELS]),
        (able({}, most=0), [Unmet.OTHER_CHANNELS]),
        (able({}, most=1), []),
        (
            able({"sales": 0, "french": 0, "trainee": 99}, ("other",), (), 0),
            [
                Unmet.OTHER_QUEUES,
                Unmet.SKILL_MISSING,
                Unmet.EXCLUDED_SKILL,
                Unmet.OTHER_TEAM,
                Unmet.OTHER_CHANNELS,
            ],
        ),
    ],
)
def test_all_that_is_in_the_way_in_order(who: Able, expected: list[Unmet]) -> None:
    assert list(unmet(who, ALL_OF, "q")) == expected


def test_the_router_tells_it_in_the_same_words_and_order() -> None:
    assert [why.value for why in Unmet] == [why.value for why in Exclusion][: len(Unmet)]
    assert CALL_UNITS == UNITS
