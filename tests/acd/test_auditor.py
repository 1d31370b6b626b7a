"""Who watches the router: says nothing of a right one, and names each kind of wrong, in both halves."""

from dataclasses import replace

import pytest

from switch.acd import auditor as names
from switch.acd import events as ev
from switch.acd.auditor import Auditor
from switch.acd.decisions import Admitted, Connected, Decision, Offered, OfferEnded, QueueView, VisitEnded
from switch.acd.select import RouterLike
from switch.acd.settings import AgentSettings, Contact, Need, QueueSettings, Requirement, Step
from tests.acd.halves import HALVES, half
from tests.acd.world import WORDS, World
from tests.tidy.tree import ROOT

SECOND = 1_000_000


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("seed", range(8))
def test_a_right_router_breaks_nothing(name: str, seed: int) -> None:
    world = World(seed, agents=2 + 2 * seed, queues=1 + seed % 4, contacts=60)
    router, auditor = half(name)(seed), Auditor()
    for _ in range(1500):
        event, now = world.next()
        decisions = router.apply(event, now)
        world.learn(decisions)
        auditor.follow(event, decisions, now)
        auditor.inspect(router, now)
        assert not auditor.breaches, (event, decisions)


@pytest.mark.parametrize("seed", range(8))
def test_a_right_router_breaks_nothing_with_every_word(seed: int) -> None:
    """Of the second design, which only the specification knows whole."""
    world = World(seed, agents=2 + 2 * seed, queues=1 + seed % 4, contacts=60, words=WORDS)
    router, auditor = half("python")(seed), Auditor()
    for _ in range(700):
        event, now = world.next()
        decisions = router.apply(event, now)
        world.learn(decisions)
        auditor.follow(event, decisions, now)
        auditor.inspect(router, now)
        assert not auditor.breaches, (event, decisions)


class Centre:
    """Two alike agents and a queue, with an auditor whose trail a test may bend."""

    def __init__(self) -> None:
        self.router: RouterLike = half("python")(1)
        self.auditor = Auditor()
        self.now = 0
        self.tell(ev.SetQueue(QueueSettings("line")))
        for agent in ("anna", "ben"):
            self.tell(ev.SetAgent(AgentSettings(agent)))
            self.tell(ev.Reach(agent, True))

    def tell(self, event: ev.Event, after_us: int = SECOND) -> list[Decision]:
        self.now += after_us
        decisions = self.router.apply(event, self.now)
        self.auditor.follow(event, decisions, self.now)
        return decisions

    def breaches(self) -> set[str]:
        self.auditor.inspect(self.router, self.now)
        return set(self.auditor.breaches)

    def arrive(self, contact: str, **words: object) -> list[Decision]:
        return self.tell(ev.Arrive(replace(Contact(contact, "line"), **words)))  # type: ignore[arg-type]  # its fields


def first(decisions: list[Decision], kind: type) -> Decision:
    return next(decision for decision in decisions if isinstance(decision, kind))


def offered(decisions: list[Decision]) -> Offered:
    found = first(decisions, Offered)
    assert isinstance(found, Offered)
    return found


def test_a_whole_day_breaks_nothing() -> None:
    centre = Centre()
    centre.arrive("c1")
    offer = offered(centre.tell(ev.SignIn("anna")))
    centre.tell(ev.Claim(offer.offer, offer.fence))
    centre.tell(ev.Finish("c1"))
    assert centre.breaches() == set()


def test_an_agent_who_is_rung_twice() -> None:
    centre = Centre()
    centre.arrive("c1")
    centre.arrive("c2")
    offer = offered(centre.tell(ev.SignIn("anna")))
    centre.auditor.follow(ev.Wake(), [replace(offer, offer=99, contact="c2")], centre.now)
    assert names.DOUBLE_OFFER in centre.breaches()


def test_a_contact_that_rings_at_two() -> None:
    centre = Centre()
    centre.arrive("c1")
    offer = offered(centre.tell(ev.SignIn("anna")))
    centre.auditor.follow(ev.Wake(), [replace(offer, offer=99, agent="ben")], centre.now)
    assert names.DOUBLE_OFFER in centre.breaches()


def test_a_talk_that_nobody_claimed() -> None:
    centre = Centre()
    centre.arrive("c1")
    offer = offered(centre.tell(ev.SignIn("anna")))
    talk = Connected(offer.offer, "c1", "line", "anna", 0)
    centre.auditor.follow(ev.Claim(offer.offer, offer.fence + 1), [talk], centre.now)
    assert names.UNCLAIMED_TALK in centre.breaches()


def test_a_newer_contact_that_goes_first() -> None:
    centre = Centre()
    centre.arrive("c1")
    centre.arrive("c2")
    centre.now += 2 * SECOND
    offer = offered(half_offer("c1"))
    centre.auditor.follow(ev.SignIn("anna"), [replace(offer, contact="c2")], centre.now)
    assert names.OVERTAKEN in centre.breaches()


def half_offer(contact: str) -> list[Decision]:
    """An offer of another router, to be told to an auditor."""
    centre = Centre()
    centre.arrive(contact)
    return centre.tell(ev.SignIn("anna"))


@pytest.mark.parametrize(
    "earlier",
    [
        {"requirement": Requirement((Step(0, (Need("french", 50),)),))},
        {"avoid": ("anna",)},
        {"priority": -1},
    ],
)
def test_who_may_not_be_served_is_not_overtaken(earlier: dict[str, object]) -> None:
    """The earlier contact needs what the agent lacks, avoids the agent, or stands behind by priority."""
    centre = Centre()
    centre.tell(ev.SetAgent(AgentSettings("ben", (("french", 90),))))
    centre.arrive("c1", **earlier)
    centre.arrive("c2")
    centre.now += 2 * SECOND
    centre.tell(ev.SignIn("anna"))
    assert centre.breaches() == set()


def test_a_lease_without_end() -> None:
    centre = Centre()
    centre.arrive("c1")
    centre.tell(ev.SignIn("anna"))
    centre.now += 600 * SECOND
    assert names.LEASE_OVERDUE in centre.breaches()


class Asleep:
    """A router that says nothing."""

    def queues(self, now: int) -> list[QueueView]:
        del now
        return []


def test_an_idle_agent_beside_a_waiting_contact() -> None:
    centre = Centre()
    changed = centre.tell(ev.SignIn("anna"))
    admitted = Admitted("c1", "line", 1)
    centre.auditor.follow(ev.Arrive(Contact("c1", "line")), [admitted], centre.now)
    assert changed
    centre.now += SECOND // 2
    centre.auditor.inspect(Asleep(), centre.now)
    assert not centre.auditor.breaches
    centre.now += SECOND
    centre.auditor.inspect(Asleep(), centre.now)
    assert set(centre.auditor.breaches) == {names.IDLE_BESIDE_WAITING}


def test_an_agent_who_just_missed_it_does_not_idle() -> None:
    centre = Centre()
    centre.arrive("c1")
    offer = offered(centre.tell(ev.SignIn("anna")))
    centre.tell(ev.Decline(offer.offer, offer.fence, ev.DeclineReason.NO_ANSWER))
    centre.now += 3 * SECOND
    assert centre.breaches() == set()


@pytest.mark.parametrize("kind", [Admitted, OfferEnded, VisitEnded])
def test_an_end_that_is_not_told_unbalances_the_books(kind: type) -> None:
    centre = Centre()
    kept = centre.auditor.follow

    def forgetful(event: ev.Event, decisions: list[Decision], now: int) -> None:
        kept(event, [decision for decision in decisions if not isinstance(decision, kind)], now)

    centre.auditor.follow = forgetful  # type: ignore[method-assign,assignment]  # the fault that is looked for
    centre.arrive("c1")
    centre.tell(ev.SignIn("anna"))
    centre.tell(ev.Abandon("c1"))
    centre.arrive("c2")
    assert {names.BOOKS, names.DOUBLE_OFFER} & centre.breaches()


def test_every_invariant_is_explained() -> None:

    page = (ROOT / "docs" / "invariants.md").read_text()
    assert [name for name in names.INVARIANTS if f"`{name}`" not in page] == []
