"""The words of the router's second design (docs/decisions/0030): read, checked, told with their place."""

import pytest

from switch.dialplan import actions as a
from switch.dialplan import events as e
from switch.dialplan.actions import QueueNeed, QueueStep
from switch.dialplan.centre import load_centre
from switch.dialplan.plan import TenantPlan
from tests.dialplan.plans import mistakes
from tests.dialplan.test_interpreter import Call

PLAN = """
languages: [fr, en]
accounts: {"101": {}, "102": {}}
skills: [sales, tools, trainee, vip]
teams: [north, south]
hours: {early: {mon-fri: 08:00-16:00}}
agents:
  anna: {account: "101", skills: {sales: 80, tools: 20}, languages: [fr], teams: north, shift: early,
    time_zone: America/Montreal, weight: 3, units: 120, most: {voice: 1, chat: 2}}
  ben: {account: "102", skills: {sales: 30, trainee: 5}, languages: {en: 40}, teams: [south], queues: [other]}
routing: {order: service-level, assign: batch, ageing_s: 90, channels: {chat: 20}, day_start: 06:30}
queues:
  sales: {match_language: 30, last_agent: {wait_s: 15}, share: 2, cost: 3, handling_s: 60, target: 90,
    also_missed: [busy], policy: idleness-ratio, shares: {north: 2, south: 1}, ring_more_s: 4}
  other: {}
numbers: {"100": main}
flows:
  main:
    - queue: {name: sales, %s}
"""
ASKS = """any_of: [{sales: 70}, {tools: 10, sales: 20}], none_of: trainee, prefer: {vip: 3}, teams: north,
        widen: [{after_s: 10, drop: [language, tools]}, {after_s: 20, lower: 60, teams: all},
          {after_s: 30, drop: trainee, queues: other}]"""


def _plan(asks: str = ASKS) -> TenantPlan:
    return load_centre({"t.yaml": PLAN % asks}).tenants["t"]


def test_agents_have_languages_teams_and_a_shift_at_home() -> None:
    anna, ben = _plan().agents.values()
    assert anna.skills == (("language:fr", 100), ("sales", 80), ("tools", 20))
    assert (anna.teams, anna.weight, anna.units, anna.most) == (
        ("north",),
        3,
        120,
        (("chat", 2), ("voice", 1)),
    )
    assert str(anna.zone) == "America/Montreal"
    assert anna.shift == _plan().hours["early"]
    assert (ben.skills[0], ben.zone, ben.shift) == (("language:en", 40), None, None)


def test_queues_and_the_tenant_have_the_routers_words() -> None:
    plan = _plan()
    sales = plan.queues["sales"]
    assert (sales.share, sales.cost, sales.handling_s, sales.target, sales.ring_more_s) == (2, 3, 60, 90, 4)
    assert (sales.shares, sales.also_missed) == ((("north", 2), ("south", 1)), frozenset({"busy"}))
    assert (sales.sticky_s, sales.remember_days, sales.language) == (15, 30, 30)
    routing = plan.routing
    assert (routing.order, routing.assign, routing.ageing_s) == ("service-level", "batch", 90)
    assert (routing.channels, routing.day_start) == ((("chat", 20),), 390)


def test_rings_widen_and_never_narrow() -> None:
    call = Call(_plan())
    call.start()
    (enqueue,) = [act for act in call.did if isinstance(act, a.Enqueue)]
    sales, tools = QueueNeed("sales", 70), QueueNeed("tools", 10)
    none, vip = (QueueNeed("trainee", 1),), (("vip", 3),)
    assert enqueue.sticky_s == 15
    assert enqueue.steps == (
        QueueStep(
            0,
            (QueueNeed("language:fr", 30),),
            ((sales,), (QueueNeed("sales", 20), tools)),
            none,
            vip,
            ("north",),
        ),
        QueueStep(10, (), ((sales,), (QueueNeed("sales", 20),)), none, vip, ("north",)),
        # Of the second group nothing is left: everybody meets it.
        QueueStep(20, (), (), none, vip, ()),
        QueueStep(30, (), (), (), vip, (), ("other",)),
    )


def test_the_language_is_the_one_that_is_spoken() -> None:
    text = (PLAN % "any_of: [{sales: 10}]").replace("    - queue", "    - language: en\n    - queue")
    call = Call(load_centre({"t.yaml": text}).tenants["t"])
    call.start()
    (enqueue,) = [act for act in call.did if isinstance(act, a.Enqueue)]
    assert enqueue.steps[0].needs == (QueueNeed("language:en", 30),)
    assert call.give(e.QueueEntered(1))


@pytest.mark.parametrize(
    ("asks", "place", "told"),
    [
        ("any_of: [{sails: 5}]", "19:38", "unknown skill 'sails'; did you mean 'sales'?"),
        ("none_of: trainees", "19:37", "unknown skill 'trainees'; did you mean 'trainee'?"),
        ("prefer: {vop: 3}", "19:37", "unknown skill 'vop'; did you mean 'vip'?"),
        ("teams: nord", "19:35", "unknown team 'nord'; did you mean 'north'?"),
        ("widen: [{after_s: 9, teems: all}]", "19:49", "unknown word 'teems'; did you mean 'teams'?"),
        (
            "widen: [{after_s: 9, drop: langage}]",
            "19:55",
            "unknown skill 'langage'; did you mean 'language'?",
        ),
        ("widen: [{after_s: 9, queues: othr}]", "19:57", "unknown queue 'othr'; did you mean 'other'?"),
        ("widen: [{after_s: 9}]", "19:36", "this ring widens nothing"),
        ("widen: [{after_s: 9, teams: south}]", "19:56", "all teams serve already: a ring never narrows"),
        ("widen: [{after_s: 9, lower: 5}, {after_s: 9, lower: 5}]", "19:70", "more than 9 was expected"),
    ],
)
def test_wrong_words_of_a_step_are_told_with_their_place(asks: str, place: str, told: str) -> None:
    found = mistakes({"t.yaml": PLAN % asks})
    assert any(line.startswith(f"t.yaml:{place}: {told}") for line in found), found


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("order: service-level", "order: servicelevel", "'servicelevel' is not known here; did you mean"),
        ("assign: batch", "assign: batches", "'batches' is not known here; did you mean 'batch'?"),
        ("policy: idleness-ratio", "policy: idle-ratio", "did you mean 'idleness-ratio'?"),
        ("also_missed: [busy]", "also_missed: [bussy]", "'bussy' is not known here; did you mean 'busy'?"),
        ("shares: {north: 2", "shares: {nord: 2", "unknown team 'nord'; did you mean 'north'?"),
        ("languages: {en: 40}", "languages: {es: 40}", "unknown language 'es'"),
        ("teams: [south]", "teams: [soth]", "unknown team 'soth'; did you mean 'south'?"),
        ("most: {voice: 1, chat: 2}", "most: {voise: 1}", "unknown channel 'voise'; did you mean 'voice'?"),
        ("shift: early", "shift: erly", "unknown hours 'erly'; did you mean 'early'?"),
        ("America/Montreal", "America/Montrial", "unknown time zone 'America/Montrial'; did you mean"),
        ("day_start: 06:30", "day_start: 24:30", "text of the form"),
        (
            "last_agent: {wait_s: 15}",
            "last_agent: {waits: 15}",
            "unknown word 'waits'; did you mean 'wait_s'?",
        ),
        (", shares: {north: 2, south: 1}", "", "idleness-ratio needs 'shares'"),
    ],
)
def test_wrong_words_elsewhere_are_told(right: str, wrong: str, told: str) -> None:
    text = PLAN % ASKS
    assert right in text
    found = mistakes({"t.yaml": text.replace(right, wrong)})
    assert any(told in line for line in found), found


@pytest.mark.parametrize(
    ("asks", "servable"),
    [
        ("any_of: [{sales: 81}, {tools: 21}]", False),
        ("any_of: [{sales: 81}, {tools: 20}]", True),
        ("none_of: {sales: 80}", False),
        ("none_of: {sales: 81}", True),
        ("teams: south", False),  # ben serves the other queue alone
        ("teams: south, widen: [{after_s: 5, teams: all}]", True),
        ("teams: south, widen: [{after_s: 5, queues: other}]", True),
        ("needs: {trainee: 5}", False),
        ("needs: {trainee: 5}, widen: [{after_s: 5, drop: trainee}]", True),
        ("needs: {sales: 90}, widen: [{after_s: 5, lower: 9}]", False),
        ("needs: {sales: 90}, widen: [{after_s: 5, lower: 10}]", True),
    ],
)
def test_what_no_agent_could_ever_have_is_told_before_the_first_call(asks: str, servable: bool) -> None:
    found = mistakes({"t.yaml": PLAN % asks})
    assert (found == []) is servable, found
    assert servable or any("no agent of queue 'sales' can satisfy" in line for line in found)
