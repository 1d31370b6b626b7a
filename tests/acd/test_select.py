"""A tenant that uses words which the C half does not know gets the Python half, without losing anybody."""

import pytest

from switch.acd import events as ev
from switch.acd import select
from switch.acd.decisions import Offered
from switch.acd.select import Either, make_router, restore_router, words_of
from switch.acd.settings import AgentSettings, Contact, Policy, QueueSettings, TenantSettings
from tests.acd.halves import half

PLAIN = (
    ev.SetQueue(QueueSettings("line")),
    ev.SetAgent(AgentSettings("anna")),
    ev.SetTenant(TenantSettings()),
    ev.Arrive(Contact("c1", "line")),
    ev.Wake(),
)


def test_defaults_are_no_words() -> None:
    assert [word for event in PLAIN for word in words_of(event)] == []


@pytest.mark.parametrize(
    ("event", "word"),
    [
        (ev.SetQueue(QueueSettings("line", Policy.RING_ALL)), "ring-all"),
        (ev.SetQueue(QueueSettings("line", cost=2)), "order"),
        (ev.SetAgent(AgentSettings("anna", teams=("east",))), "requirement"),
        (ev.SetAgent(AgentSettings("anna", units=50)), "capacity"),
        (ev.Arrive(Contact("c1", "line", before="anna")), "before"),
        (ev.Arrive(Contact("c1", "line", channel="chat")), "capacity"),
        (ev.SetLine("anna", ev.LineGrade.FAILING), "line"),
        (ev.SetTenant(TenantSettings(day_start_us=5)), "day"),
    ],
)
def test_each_setting_of_the_second_design_is_a_word(event: ev.Event, word: str) -> None:
    assert list(words_of(event)) == [word]


def test_a_running_router_moves_to_the_half_that_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The word comes while a contact waits; its place and the agents' states are as they were."""
    monkeypatch.setattr(select, "C_LACKS", frozenset({"before"}))
    router = Either(half("c")(1))
    for now, event in enumerate((*PLAIN[:2], ev.Reach("anna", True), PLAIN[3])):
        router.apply(event, now)
    before = router.waiting(9), router.agents(9), router.queues(9)
    router.apply(ev.Arrive(Contact("c2", "line", before="anna")), 9)
    assert (router.waiting(9)[:1], router.agents(9)) == before[:2]
    (offer,) = (d for d in router.apply(ev.SignIn("anna"), 10) if isinstance(d, Offered))
    assert (offer.contact, offer.agent) == ("c1", "anna")


def test_the_router_of_a_node_is_of_the_half_that_was_asked_for() -> None:
    for prefer_c in (False, True):
        router = make_router(3, prefer_c=prefer_c)
        router.apply(PLAIN[0], 1)
        again = restore_router(router.snapshot(), prefer_c=prefer_c)
        assert again.digest() == router.digest()
