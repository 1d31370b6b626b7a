"""A router that a restart brings back: people and turns as they were, contacts gone, nothing made up."""

import pytest

from switch.acd import events as ev
from switch.acd.decisions import AgentState, Offered
from switch.acd.restart import resume
from switch.acd.router import Router
from switch.acd.select import RouterLike, make_router, restore_router
from switch.acd.settings import AgentSettings, Contact, QueueSettings
from switch.acd.snapshot import read
from tests.acd.world import World

SECOND = 1_000_000
LEASE_US = 25 * SECOND


@pytest.mark.parametrize("seed", range(1, 9))
def test_of_any_day(seed: int) -> None:
    """At the end of a random day: the books balance, nobody missed anything, turns stay."""
    world, router = World(seed), make_router(seed)
    for _ in range(700 + seed):
        event, now = world.next()
        world.learn(router.apply(event, now))
    before = read(router.snapshot())
    resumed = resume(router.snapshot(), "signalling-lost")
    after = read(resumed.state)
    assert not after.visits
    assert after.agents.keys() == before.agents.keys()
    for name, agent in after.agents.items():
        was = before.agents[name]
        assert not agent.reachable
        assert not agent.engaged
        kept = (agent.signed_in, agent.paused, agent.pause_reason, agent.answered, agent.missed)
        assert kept == (was.signed_in, was.paused, was.pause_reason, was.answered, was.missed)
        assert agent.rest_until == was.rest_until
        reset = was.talks or (was.engaged and before.tenant.own_calls_reset_idle)
        assert reset or (agent.idle_since, agent.wrap_until) == (was.idle_since, was.wrap_until)
    for name, queue in after.queues.items():
        assert queue.entered == before.queues[name].entered
        assert queue.entered == queue.answered + queue.abandoned + queue.withdrawn
    assert after.last_offer == before.last_offer, "nobody was offered anything on the way"
    assert resumed.wake_at == (after.due.next() if after.due.next() is not None else resumed.wake_at)
    assert restore_router(resumed.state).snapshot() == resumed.state


def queue_of_two() -> Router:
    router = Router()
    for event in (
        ev.SetQueue(QueueSettings("q", wrap_up_us=30 * SECOND, misses_before_pause=1)),
        *(ev.SetAgent(AgentSettings(name)) for name in ("anna", "ben")),
        *(ev.SignIn(name) for name in ("anna", "ben")),
        ev.Reach("anna", True),
    ):
        router.apply(event, SECOND)
    router.apply(ev.Reach("ben", True), 5 * SECOND)
    return router


def offered(router: RouterLike, event: ev.Event, now: int) -> Offered:
    (made,) = [one for one in router.apply(event, now) if isinstance(one, Offered)]
    return made


def test_whoever_was_rung_as_the_process_died_missed_nothing() -> None:
    """However long it was gone: the lease ended with the process, and not by anybody's fault."""
    router = queue_of_two()
    made = offered(router, ev.Arrive(Contact("v-1", "q")), 10 * SECOND)
    router.apply(ev.Arrive(Contact("v-2", "q")), 11 * SECOND)
    router.apply(ev.Arrive(Contact("v-9", "q")), 12 * SECOND)
    kept = resume(router.snapshot(), "signalling-lost").state
    assert read(kept).last_offer == made.offer + 1, "v-9 was offered to nobody who was freed by v-1"
    again = restore_router(kept)
    later = 10 * SECOND + 10 * LEASE_US
    again.apply(ev.Wake(), later)
    states = {view.name: (view.state, view.missed_in_row) for view in again.agents(later)}
    assert states == {"anna": (AgentState.UNREACHABLE, 0), "ben": (AgentState.UNREACHABLE, 0)}
    again.apply(ev.Reach("ben", True), later)
    again.apply(ev.Reach("anna", True), later)
    next_made = offered(again, ev.Arrive(Contact("v-3", "q")), later)
    assert next_made.agent == "anna", "idle the longest, also over the restart"
    assert next_made.offer > made.offer


def test_a_talk_is_finished_and_its_wrap_up_runs_on() -> None:
    router = queue_of_two()
    made = offered(router, ev.Arrive(Contact("v-1", "q")), 10 * SECOND)
    router.apply(ev.Claim(made.offer, made.fence), 12 * SECOND)
    router.apply(ev.Wake(), 20 * SECOND)
    resumed = resume(router.snapshot(), "signalling-lost")
    assert resumed.wake_at == 50 * SECOND
    again = restore_router(resumed.state)
    again.apply(ev.Reach(made.agent, True), 30 * SECOND)
    assert next(v.state for v in again.agents(0) if v.name == made.agent) is AgentState.WRAP_UP
    again.apply(ev.Wake(), 50 * SECOND)
    view = next(v for v in again.agents(0) if v.name == made.agent)
    assert (view.state, view.answered) == (AgentState.AVAILABLE, 1)
