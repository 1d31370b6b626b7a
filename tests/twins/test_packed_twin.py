"""Packed batches: both halves give the same bytes, which say what `apply` says event by event."""

from itertools import islice

import pytest

from switch.acd import events as ev
from switch.acd.decisions import Offered
from switch.acd.packed import EVENT, KINDS, Packed, PackedRouter, pack_event, unpack_decisions
from switch.acd.select import RouterLike
from switch.acd.settings import AgentSettings, Contact, Need, QueueSettings, Requirement, Step, TenantSettings
from tests.acd.halves import HALVES, half
from tests.acd.world import World

BATCHES = 250
SETTINGS = (ev.SetQueue, ev.SetAgent, ev.SetTenant)


class Both(RouterLike, PackedRouter):
    """For the type checker: a router of either half."""


def packed(name: str, seed: int = 0) -> Both:
    router = half(name)(seed)
    assert isinstance(router, Packed) or name == "c"
    return router  # type: ignore[return-value] - both halves have both sets of methods


def forget_contacts(router: Both, records: bytes) -> None:
    for kind, _, _, _, _, like in EVENT.iter_unpack(records):
        if KINDS[kind] is ev.Arrive:
            router.forget(like)


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_packed_is_the_same_in_both_halves_and_as_event_by_event(seed: int) -> None:
    world = World(seed)
    python, c, single = packed("python", seed), packed("c", seed), half("c")(seed)
    for batch in range(BATCHES):
        records, expected = b"", []
        for place, (event, now) in enumerate(islice(iter(world.next, None), 1 + batch % 17)):
            if isinstance(event, SETTINGS):
                # Settings are given by `apply`, so that they end the batch.
                said = single.apply(event, now)
                assert python.apply_packed(records) == (out := c.apply_packed(records))
                assert [d for _, d in unpack_decisions(c, out)] == expected
                assert python.apply(event, now) == c.apply(event, now) == said
                records, expected = b"", []
            else:
                record = pack_event(c, event, now)
                assert record == pack_event(python, event, now), f"seed {seed}, {batch}, {place}: {event}"
                records += record
                said = single.apply(event, now)
                expected += said
            world.learn(said)
        out = c.apply_packed(records)
        assert out == python.apply_packed(records)
        assert [d for _, d in unpack_decisions(c, out)] == expected
        assert c.snapshot() == python.snapshot() == single.snapshot()
        for router in (python, c):
            forget_contacts(router, records)


@pytest.mark.parametrize("name", HALVES)
def test_a_batch_that_is_not_sound_is_refused_whole(name: str) -> None:
    router = packed(name)
    router.apply(ev.SetQueue(QueueSettings("line")), 1)
    router.apply(ev.SetAgent(AgentSettings("anna")), 1)
    anna = router.intern("anna")
    like = router.intern(Contact("", "line"))
    before = router.digest()
    good = pack_event(router, ev.SignIn("anna"), 2)
    arrive = KINDS.index(ev.Arrive)
    for bad in (
        EVENT.pack(0, 0, anna, 2, 0, 0),
        EVENT.pack(len(KINDS), 0, anna, 2, 0, 0),
        EVENT.pack(KINDS.index(ev.SignIn), 0, like, 2, 0, 0),
        EVENT.pack(KINDS.index(ev.SignIn), 0, 999, 2, 0, 0),
        EVENT.pack(arrive, 0, anna, 2, 0, anna),
        EVENT.pack(arrive, 0, anna, 2, 0, -1),
        EVENT.pack(KINDS.index(ev.Decline), 5, 0, 2, 1, 1),
        EVENT.pack(KINDS.index(ev.Pause), 0, anna, 2, like, 0),
    ):
        with pytest.raises(ValueError, match="record 1 is not sound"):
            router.apply_packed(good + bad)
    with pytest.raises(ValueError, match="32 bytes"):
        router.apply_packed(good[:-1])
    assert router.digest() == before


@pytest.mark.parametrize("name", HALVES)
def test_numbers_hold_until_they_are_forgotten(name: str) -> None:
    router = packed(name)
    anna, line = router.intern("anna"), router.intern("line")
    assert (router.intern("anna"), router.interned(anna), router.intern("")) == (anna, "anna", 0)
    router.forget(anna)
    for gone in (anna, 0, 77):
        with pytest.raises(ValueError, match="no such number"):
            router.forget(gone)
    with pytest.raises(ValueError, match="no text"):
        router.interned(anna)
    assert router.intern("berta") == anna
    assert router.interned(line) == "line"
    assert router.intern("anna") not in (0, anna, line)


@pytest.mark.parametrize("name", HALVES)
def test_a_decision_names_its_event_and_gives_numbers_to_new_texts(name: str) -> None:
    router = packed(name)
    router.apply(ev.SetQueue(QueueSettings("line")), 1)
    router.apply(ev.SetAgent(AgentSettings("anna")), 1)
    records = b"".join(
        pack_event(router, event, 2) for event in (ev.Wake(), ev.Reach("anna", True), ev.SignIn("anna"))
    )
    (changed,) = unpack_decisions(router, router.apply_packed(records))
    assert changed[0] == 2
    assert router.interned(router.intern("anna")) == "anna"


@pytest.mark.parametrize("name", HALVES)
def test_names_are_found_while_others_come_and_go(name: str) -> None:
    """The table of names closes the gaps of those that left; whoever stays keeps the number."""
    router = packed(name)
    numbers = {f"name-{n}": router.intern(f"name-{n}") for n in range(700)}
    assert len(set(numbers.values())) == len(numbers)
    for n in range(700):
        if n % 3:
            router.forget(numbers.pop(f"name-{n}"))
            if n % 50 == 1:
                router.apply(ev.Wake(), n)
    router.apply(ev.Wake(), 700)
    assert {name: router.intern(name) for name in numbers} == numbers
    assert {name: router.interned(number) for name, number in numbers.items()} == {n: n for n in numbers}


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("count", [0, 1, 8, 9, 20])
def test_a_choice_with_many_needs_has_them_all(name: str, count: int) -> None:
    """Eight in a record: as many records as there must be, none where there is no need."""
    router = packed(name)
    needs = tuple(Need(f"skill-{n}", n + 1) for n in range(count))
    router.apply(ev.SetQueue(QueueSettings("line")), 1)
    router.apply(ev.SetAgent(AgentSettings("anna", tuple((need.skill, 50) for need in needs))), 1)
    router.apply(ev.Reach("anna", True), 1)
    router.apply(ev.SignIn("anna"), 1)
    contact = Contact("c", "line", Requirement((Step(0, needs),)))
    out = router.apply_packed(pack_event(router, ev.Arrive(contact), 2))
    offered = [decision for _, decision in unpack_decisions(router, out) if isinstance(decision, Offered)]
    assert [offer.choice.needs for offer in offered] == [tuple((need.skill, need.level) for need in needs)]


@pytest.mark.parametrize("name", HALVES)
def test_a_contact_stands_for_those_who_are_like_it(name: str) -> None:
    """Also where its channel takes other units by now: who comes takes those, and still avoids ben."""
    router = packed(name)
    router.apply(ev.SetQueue(QueueSettings("line")), 1)
    for agent in ("anna", "ben"):
        router.apply(ev.SetAgent(AgentSettings(agent)), 1)
        router.apply(ev.Reach(agent, True), 1)
        router.apply(ev.SignIn(agent), 1)
    like = router.intern(Contact("", "line", channel="chat", avoid=("ben",), waiting_since=1))
    for number, units in enumerate((30, 45, 30), start=1):
        router.apply(ev.SetTenant(TenantSettings(channels=(("chat", units),))), 9)
        arrive = KINDS.index(ev.Arrive), 0, router.intern(f"c{number}"), 9, 1 + number, like
        router.apply_packed(EVENT.pack(*arrive))
    # Not the third: 30 and 45 and 30 are more than 100.
    assert [view.load for view in router.agents(9)] == [75, 0]
    shown = [(view.agent, view.waiting_since) for view in router.waiting(9)]
    assert shown == [("anna", 2), ("anna", 3), ("", 4)]
