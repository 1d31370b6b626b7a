"""Units and channels: how many contacts an agent may have, and what counts as room."""

import pytest

from switch.acd import events as ev
from switch.acd.decisions import AgentState, Exclusion, Offered, RefusalReason, Refused
from switch.acd.settings import AgentSettings, TenantSettings
from tests.acd.centre import SECOND, Centre
from tests.acd.halves import half, knowing


@pytest.fixture(params=knowing("capacity"))
def centre(request: pytest.FixtureRequest) -> Centre:
    """Chats take 30 of 100 units, mails 10; an agent may have two chats."""
    centre = Centre(half(request.param))
    centre.do(ev.SetTenant(TenantSettings(channels=(("chat", 30), ("mail", 10)))))
    centre.queue(wrap_up_us=0)
    centre.agent("a", more={"most": (("chat", 2),)})
    return centre


def accept(centre: Centre, name: str, channel: str = "voice") -> bool:
    centre.arrive(name, channel=channel, t=centre.t + 1)
    if not centre.offered():
        centre.do(ev.Abandon(name))
        return False
    centre.claim("a")
    return True


def test_so_many_of_a_channel(centre: Centre) -> None:
    assert [accept(centre, f"c{number}", "chat") for number in range(3)] == [True, True, False]
    assert accept(centre, "m", "mail")


def test_units_of_all_channels_together(centre: Centre) -> None:
    for number in range(4):
        assert accept(centre, f"m{number}", "mail")
    assert accept(centre, "c0", "chat")
    assert centre.router.agents(centre.now)[0].load == 70
    assert accept(centre, "c1", "chat")
    assert not accept(centre, "m4", "mail")
    assert not accept(centre, "v")


def test_a_call_takes_all_and_comes_when_there_is_room(centre: Centre) -> None:
    assert accept(centre, "v")
    assert not accept(centre, "m", "mail")
    centre.do(ev.Finish("v"))
    assert accept(centre, "m", "mail")
    centre.arrive("w", t=300)
    assert centre.offered() == []
    centre.do(ev.Finish("m"))
    assert centre.offered() == [("w", "a")]


def test_two_offers_at_once_where_there_is_room_for_both(centre: Centre) -> None:
    centre.arrive("c0", channel="chat")
    centre.arrive("c1", channel="chat")
    assert centre.offered() == [("c1", "a")]
    assert centre.router.agents(centre.now)[0].contact == "c0"
    centre.arrive("c2", channel="chat")
    centre.agent("b")
    assert centre.of(Offered)[0].choice.exclusions == ((Exclusion.OFFERED, 1),)


def test_the_wrap_up_keeps_the_units_of_its_contacts(centre: Centre) -> None:
    centre.queue(wrap_up_us=20 * SECOND)
    for name in ("c0", "c1"):
        assert accept(centre, name, "chat")
    centre.do(ev.Finish("c0"), 200)
    assert centre.state("a") is AgentState.BUSY
    centre.do(ev.Finish("c1"), 210)
    assert centre.state("a") is AgentState.WRAP_UP
    assert centre.router.agents(centre.now)[0].load == 60
    assert accept(centre, "m", "mail")
    assert not accept(centre, "v")
    centre.wake(229.9)
    assert centre.router.agents(centre.now)[0].load == 70
    centre.wake(230)
    assert centre.router.agents(centre.now)[0].load == 10


def test_no_other_queue_shortens_the_wrap_up(centre: Centre) -> None:
    centre.queue("long", wrap_up_us=60 * SECOND)
    centre.queue("short", wrap_up_us=5 * SECOND)
    centre.arrive("c0", "long", channel="chat", t=200)
    centre.claim("a")
    centre.arrive("c1", "short", channel="chat", t=200)
    centre.claim("a")
    centre.do(ev.Finish("c0"), 210)
    centre.do(ev.Finish("c1"), 220)
    centre.wake(269)
    assert centre.state("a") is AgentState.WRAP_UP
    centre.wake(270)
    assert centre.state("a") is AgentState.AVAILABLE


def test_an_own_call_takes_a_hundred_and_rescinds_what_rings(centre: Centre) -> None:
    centre.arrive("c", channel="chat")
    centre.do(ev.Engage("a"))
    assert centre.state("a") is AgentState.BUSY
    assert centre.waiting() == ["c"]
    centre.do(ev.SetAgent(AgentSettings("a", units=130)))
    assert centre.offered() == [("c", "a")]


def test_who_is_too_small_or_has_not_the_channel_is_no_candidate_ever(centre: Centre) -> None:
    centre.do(ev.SetAgent(AgentSettings("a", units=20)))
    assert centre.arrive("c", channel="chat") == [Refused("c", "q", RefusalReason.UNSERVABLE)]
    centre.do(ev.SetAgent(AgentSettings("a", most=(("chat", 0),))))
    assert centre.arrive("d", channel="chat") == [Refused("d", "q", RefusalReason.UNSERVABLE)]
    centre.agent("b")
    centre.arrive("e", channel="chat")
    assert centre.exclusions() == {"other-channels": 1}


def test_units_are_those_of_the_arrival(centre: Centre) -> None:
    assert accept(centre, "c", "chat")
    centre.do(ev.SetTenant(TenantSettings(channels=(("chat", 90),))))
    assert centre.router.agents(centre.now)[0].load == 30
