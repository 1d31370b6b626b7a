"""Packed batches: both halves give the same bytes, which say what `apply` says event by event."""

from itertools import islice

import pytest

from switch.acd import events as ev
from switch.acd.packed import EVENT, KINDS, Packed, PackedRouter, pack_event, unpack_decisions
from switch.acd.select import RouterLike
from switch.acd.settings import AgentSettings, Contact, QueueSettings
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
