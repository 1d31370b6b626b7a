"""Single moments of a call through the whole core, on a calm network and a virtual clock."""

from collections.abc import Iterable

import pytest

from switch.base.clock import SECOND
from switch.dialplan.actions import AgentVerb
from switch.journal.events import CallEnded
from switch.media.commands import Command, SendDigits
from switch.sim.phone import Identity, Person, Phone
from switch.sim.phone_call import CallState, PhoneCall
from switch.sim.world import Setting, World
from switch.sip.flow import Address
from tests.sim.centres import shop
from tests.sim.story import Answers

NUMBER = "+33199000100"
QUEUE = "600"


@pytest.fixture
def world() -> World:
    return World(Setting(shop(), slots=12))


def registered(world: World, account: str, person: Person | None = None) -> Phone:
    phone = world.phone("shop", account, person)
    phone.register(world.now)
    world.touch()
    world.run(SECOND)
    assert phone.registered
    return phone


def dialled(world: World, phone: Phone, number: str, wait_s: int = 3) -> PhoneCall:
    call = phone.call(number, world.now)
    world.touch()
    world.run(wait_s * SECOND)
    return call


def shown(world: World, agent: str) -> str:
    router = world.exchange.office.parts.tenancies["shop"].router
    return next(view.state for view in router.agents(world.now) if view.name == agent)


def records(world: World) -> list[CallEnded]:
    return [entry.event for entry in world.journal if isinstance(entry.event, CallEnded)]


def test_a_call_on_hold_may_last_and_its_time_is_in_the_record(world: World) -> None:
    registered(world, "101", Answers(world))
    call = dialled(world, registered(world, "110"), "101")
    call.hold(world.now, held=True)
    world.touch()
    world.run(600 * SECOND)
    assert call.state is CallState.TALKING
    call.hold(world.now, held=False)
    world.touch()
    world.run(20 * SECOND)
    call.hang_up(world.now)
    world.touch()
    world.run(SECOND)
    (record,) = records(world)
    assert record.held_us == pytest.approx(600 * SECOND, abs=SECOND)
    assert record.talked_us == pytest.approx(622 * SECOND, abs=2 * SECOND)
    assert (record.cause, record.by) == ("normal", "caller")


def test_a_phone_that_dies_on_hold_ends_the_call_all_the_same(world: World) -> None:
    """It sends no audio that could fall silent; only its dialog can be asked (OpenSIPS 3123)."""
    other = registered(world, "101", Answers(world))
    phone = registered(world, "110")
    call = dialled(world, phone, "101")
    call.hold(world.now, held=True)
    world.touch()
    world.run(5 * SECOND)
    phone.vanish(world.now)
    world.run(130 * SECOND)
    assert other.calls == []
    assert [record.cause for record in records(world)] == ["signalling-lost"]


def test_of_two_phones_of_an_account_one_takes_the_call_and_the_other_stops(world: World) -> None:
    quick = registered(world, "101", Answers(world))
    slow = registered(world, "101")
    call = dialled(world, registered(world, "110"), "101", wait_s=1)
    assert (len(quick.calls), len(slow.calls)) == (1, 1)
    world.run(2 * SECOND)
    assert call.state is CallState.TALKING
    assert (len(quick.calls), len(slow.calls)) == (1, 0)


def test_an_agent_with_two_phones_who_loses_one_stays_reachable(world: World) -> None:
    registered(world, "101")
    second = registered(world, "101")
    world.exchange.agent("shop", "anna", AgentVerb.SIGN_IN, "", world.now)
    second.unregister(world.now)
    world.touch()
    world.run(SECOND)
    assert shown(world, "anna") == "available"


def test_a_phone_that_is_dead_is_not_rung_again(world: World) -> None:
    """The second caller would wait for its ring time as well, and so would every one after."""
    anna = registered(world, "101", Answers(world))
    world.exchange.agent("shop", "anna", AgentVerb.SIGN_IN, "", world.now)
    anna.vanish(world.now)
    dialled(world, registered(world, "110"), QUEUE, wait_s=12)
    assert shown(world, "anna") == "unreachable"


def test_an_agent_who_passes_a_caller_back_is_not_given_that_caller_again(world: World) -> None:
    anna, ben = registered(world, "101", Answers(world)), registered(world, "102", Answers(world))
    for agent in ("anna", "ben"):
        world.exchange.agent("shop", agent, AgentVerb.SIGN_IN, "", world.now)
    ben.vanish(world.now)
    dialled(world, registered(world, "110"), QUEUE, wait_s=5)
    anna.calls[0].refer(QUEUE, world.now)
    world.touch()
    world.run(20 * SECOND)
    assert anna.calls == []
    ben.come_back(world.now)
    world.touch()
    world.run(10 * SECOND)
    assert len(ben.calls) == 1


def test_a_journal_without_room_refuses_new_calls_and_no_others(world: World) -> None:
    carrier = world.carrier("carrier")
    going_on = dialled(world, carrier, NUMBER)
    world.exchange.office.sheds = True
    assert dialled(world, carrier, NUMBER).status == 503
    assert going_on.state is CallState.TALKING


def test_where_no_port_is_left_the_carriers_channel_is_given_back() -> None:
    world = World(Setting(shop(), slots=1))
    carrier = world.carrier("carrier")
    going_on = dialled(world, carrier, NUMBER)
    assert dialled(world, carrier, NUMBER).status == 503
    assert going_on.state is CallState.TALKING
    assert (world.remains().channels, world.remains().slots) == (1, 1)


@pytest.mark.parametrize("number", [NUMBER, "101", "+33612345678", QUEUE])
def test_a_stranger_is_challenged_whatever_is_dialled(world: World, number: str) -> None:
    registered(world, "101")
    stranger = world._add(Identity("mallory"), Address("198.51.100.250", 5060), None)
    assert dialled(world, stranger, number).status == 407
    assert world.remains().calls == 0


def test_one_party_calls_for_another_only_by_its_own_password(world: World) -> None:
    """The name in From proves nothing; the digest username does."""
    desk = registered(world, "110")
    called = registered(world, "101", Answers(world))
    call = desk.call("101", world.now, caller="shop-102")
    world.touch()
    world.run(3 * SECOND)
    assert call.state is CallState.TALKING
    (theirs,) = called.calls
    assert theirs.invite.from_.uri.user == "110"


def test_a_key_in_a_talk_reaches_the_other_party_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine relays telephone-event by itself; only a key by SIP INFO has to be played on."""
    registered(world, "101", Answers(world))
    call = dialled(world, registered(world, "110"), "101")
    commands: list[Command] = []
    carry_out = world.exchange.office.media

    def watched(new: Iterable[Command]) -> None:
        new = list(new)
        commands.extend(new)
        carry_out(new)

    monkeypatch.setattr(world.exchange.office, "media", watched)
    call.press("5", world.now)
    world.touch()
    world.run(SECOND)
    assert commands == []
    call.press_by_info("5", world.now)
    world.touch()
    world.run(SECOND)
    assert [type(command) for command in commands] == [SendDigits]


def test_a_phone_that_falls_silent_ends_the_call(world: World) -> None:
    """A lost BYE must not hold the other party (OpenSIPS 3123): no audio for a minute is the end."""
    other = registered(world, "101", Answers(world))
    phone = registered(world, "110")
    dialled(world, phone, "101")
    phone.vanish(world.now)
    world.run(70 * SECOND)
    assert other.calls == []
    assert [record.cause for record in records(world)] == ["media-lost"]


def test_a_phone_that_nobody_picks_up_stops_ringing(world: World) -> None:
    called = registered(world, "101")
    call = dialled(world, registered(world, "110"), "101", wait_s=55)
    assert len(called.calls) == 1
    world.run(10 * SECOND)
    assert called.calls == []
    assert (call.state, call.status) == (CallState.ENDED, 480)


@pytest.mark.parametrize("number", ["101", QUEUE])
def test_a_caller_who_is_gone_stops_the_phones(world: World, number: str) -> None:
    """Neither a phone that was dialled nor an agent of a queue is rung into silence."""
    anna = registered(world, "101")
    world.exchange.agent("shop", "anna", AgentVerb.SIGN_IN, "", world.now)
    call = dialled(world, registered(world, "110"), number, wait_s=2)
    assert len(anna.calls) == 1
    call.hang_up(world.now)
    world.touch()
    world.run(SECOND)
    assert anna.calls == []
    world.run(40 * SECOND)
    assert (shown(world, "anna"), world.remains().calls) == ("available", 0)


def test_an_agent_on_a_call_of_no_queue_is_offered_nothing(world: World) -> None:
    anna = registered(world, "101", Answers(world))
    world.exchange.agent("shop", "anna", AgentVerb.SIGN_IN, "", world.now)
    dialled(world, registered(world, "110"), "101")
    assert shown(world, "anna") == "busy"
    dialled(world, registered(world, "102"), QUEUE, wait_s=5)
    assert len(anna.calls) == 1


def test_a_declined_caller_goes_to_the_next_agent_at_once(world: World) -> None:
    anna, ben = registered(world, "101"), registered(world, "102", Answers(world))
    for agent in ("anna", "ben"):
        world.exchange.agent("shop", agent, AgentVerb.SIGN_IN, "", world.now)
    call = dialled(world, registered(world, "110"), QUEUE, wait_s=2)
    (offered, *rest) = [*anna.calls, *ben.calls]
    assert rest == []
    if offered in ben.calls:
        pytest.fail("anna is the first in order")
    offered.decline(603, world.now)
    world.touch()
    world.run(3 * SECOND)
    assert (len(anna.calls), len(ben.calls)) == (0, 1)
    call.hang_up(world.now)
    world.touch()
    world.run(SECOND)
    (record,) = records(world)
    assert (record.queue, record.agent) == ("sales", "ben")
    assert record.waited_us == pytest.approx(3 * SECOND, abs=SECOND)
