"""Each agent's own reason: the counts of a choice one by one, in words with figures."""

import pytest

from switch.acd import events as ev
from switch.acd.decisions import Exclusion, Offered
from switch.acd.explain import CANDIDATE, CHOSEN, AgentWhy, explain_decision, explain_waiting
from switch.acd.router import Router
from switch.acd.select import make_router
from switch.acd.settings import AgentSettings, Contact, Need, QueueSettings, Requirement, Step
from tests.acd.world import World

SECOND = 1_000_000


def centre() -> Router:
    """One agent for each reason that a caller in `billing` may meet."""
    router = Router()
    told: list[tuple[int, ev.Event]] = [
        (0, ev.SetQueue(QueueSettings("billing", wrap_up_us=30 * SECOND, retry_same_agent_us=5 * SECOND))),
        (0, ev.SetQueue(QueueSettings("sales"))),
    ]
    people: list[tuple[str, int, tuple[str, ...]]] = [
        ("anna", 80, ()),
        ("ben", 70, ()),
        ("carla", 40, ()),
        ("dora", 0, ()),
        ("emil", 80, ("sales",)),
        ("finn", 80, ()),
        ("gina", 80, ()),
        ("hugo", 80, ()),
        ("ines", 80, ()),
        ("jan", 80, ()),
        ("kim", 80, ()),
    ]
    for name, level, queues in people:
        skills = (("billing", level),) if level else ()
        told += [(0, ev.SetAgent(AgentSettings(name, skills, queues))), (0, ev.SignIn(name))]
        if name != "finn":
            told.append((0, ev.Reach(name, True)))
    told += [(0, ev.Pause("gina", "lunch")), (10, ev.Engage("hugo")), (20, ev.SignOut("ines"))]
    for second, event in told:
        router.apply(event, second * SECOND)
    return router


def arrive(router: Router, contact: str, second: int, avoid: tuple[str, ...] = ()) -> list[Offered]:
    needs = Requirement((Step(0, (Need("billing", 60),)),))
    decisions = router.apply(ev.Arrive(Contact(contact, "billing", needs, avoid=avoid)), second * SECOND)
    return [made for made in decisions if isinstance(made, Offered)]


def busy_centre() -> tuple[Router, bytes, ev.Event]:
    """jan is in wrap-up, kim is rung, ben has just missed the caller of the event."""
    router = centre()
    (jan,) = arrive(router, "v-1", 30, avoid=("anna", "ben", "kim"))
    router.apply(ev.Claim(jan.offer, jan.fence), 31 * SECOND)
    (kim,) = arrive(router, "v-2", 32, avoid=("anna", "ben"))
    assert (jan.agent, kim.agent) == ("jan", "kim")
    router.apply(ev.Pause("anna", "break"), 33 * SECOND)
    (ben,) = arrive(router, "v-3", 34)
    assert ben.agent == "ben"
    router.apply(ev.Finish("v-1"), 35 * SECOND)
    router.apply(ev.Decline(ben.offer, ben.fence, ev.DeclineReason.NO_ANSWER), 37 * SECOND)
    state = router.snapshot()
    return router, state, ev.Resume("anna")


def test_each_reason_has_its_figures() -> None:
    router, state, event = busy_centre()
    explained = explain_decision(state, event, 40 * SECOND, "v-3")
    (made,) = explained.offers
    assert [made] == [one for one in router.apply(event, 40 * SECOND) if isinstance(one, Offered)]
    told = {agent.agent: (agent.reason, agent.detail) for agent in explained.agents}
    assert told == {
        "anna": (CHOSEN, ""),
        "ben": ("just-declined", "missed this contact 3.0 s ago, not asked for 2.0 s more"),
        "carla": ("level-too-low", "billing 40 of 60 needed"),
        "dora": ("skill-missing", "billing 0 of 60 needed"),
        "emil": ("serves-other-queues", "serves sales, not billing"),
        "finn": ("unreachable", "its phone is not registered for 40.0 s"),
        "gina": ("paused", "lunch for 40.0 s"),
        "hugo": ("busy", "on 1 own calls for 30.0 s"),
        "ines": ("signed-out", "for 20.0 s"),
        "jan": ("wrap-up", "25.0 s more"),
        "kim": ("offered", "is rung for v-2 for 8.0 s"),
    }
    anna = explained.agents[0]
    assert (anna.idle_us, anna.score) == (40 * SECOND, 80 << 32)


def test_of_several_reasons_all_are_told() -> None:
    """Else somebody ends carla's pause for a caller whom she still cannot serve."""
    router, _, _ = busy_centre()
    for event in (ev.Pause("ben", "tea"), ev.Pause("carla", "lunch"), ev.Reach("dora", False)):
        router.apply(event, 38 * SECOND)
    waits = explain_waiting(router.snapshot(), "v-3", 40 * SECOND)
    told = {agent.agent: ((agent.reason, agent.detail), *agent.further) for agent in waits}
    assert told["ben"] == (
        ("just-declined", "missed this contact 3.0 s ago, not asked for 2.0 s more"),
        ("paused", "tea for 2.0 s"),
    )
    assert told["carla"] == (("level-too-low", "billing 40 of 60 needed"), ("paused", "lunch for 2.0 s"))
    assert told["dora"] == (
        ("skill-missing", "billing 0 of 60 needed"),
        ("unreachable", "its phone is not registered for 2.0 s"),
    )
    assert told["gina"] == (("paused", "lunch for 40.0 s"),)


def test_who_waits_is_told_who_is_between() -> None:
    router, state, _ = busy_centre()
    told = {agent.agent: agent.reason for agent in explain_waiting(state, "v-3", 38 * SECOND)}
    assert told["anna"] == "paused"
    assert told["ben"] == "just-declined"
    assert explain_waiting(state, "v-1", 38 * SECOND) == ()
    assert explain_waiting(state, "nobody", 38 * SECOND) == ()
    assert router.snapshot() == state, "reading changes nothing"


def counts(agents: tuple[AgentWhy, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for agent in agents:
        if agent.reason not in (CANDIDATE, CHOSEN):
            found[agent.reason] = found.get(agent.reason, 0) + 1
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_by_one_they_are_what_the_choice_counted(seed: int) -> None:
    """Of a random day in the router that runs: the same agent, the same counts, the same scores."""
    world, router = World(seed, agents=20), make_router(seed)
    seen = 0
    for _ in range(1_500):
        event, now = world.next()
        state = router.snapshot()
        decisions = router.apply(event, now)
        world.learn(decisions)
        for made in [one for one in decisions if isinstance(one, Offered)]:
            explained = explain_decision(state, event, now, made.contact)
            assert made in explained.offers
            if len(explained.offers) > 1:
                continue
            seen += 1
            assert counts(explained.agents) == {str(why): n for why, n in made.choice.exclusions}
            able = [agent for agent in explained.agents if agent.reason in (CANDIDATE, CHOSEN)]
            assert len(able) == made.choice.candidates
            scores = {agent.agent: agent.score for agent in able if agent.score is not None}
            assert scores == {ranked.agent: ranked.score for ranked in made.choice.best}
            assert all(agent.detail for agent in explained.agents if agent.reason == Exclusion.WRAP_UP)
    assert seen > 100
