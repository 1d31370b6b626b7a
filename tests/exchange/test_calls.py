"""The exchange by whole calls on a virtual clock: what is refused, what is passed on, what is written."""

import pytest

from switch.acd.events import SetAgent
from switch.acd.settings import AgentSettings
from switch.base.clock import SECOND
from switch.call.cause import Reason
from switch.dialplan.actions import AgentVerb
from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre
from switch.exchange.exchange import ROUNDS_MAX
from switch.journal import events
from switch.media.commands import SendDigits
from switch.media.events import StreamAlarm, StreamIdle
from switch.media.quality import Alarm, StreamQuality
from switch.sim.phone_call import CallState
from tests.sim import centres
from tests.sim.scene import CALLER, SHOP, Scene

MORE_AGENTS_THAN_ROUNDS = ROUNDS_MAX // 2 + 1


def centre(trunks: str = centres.TRUNKS, shop: str = centres.SHOP) -> Centre:
    return load_centre({"centre.yaml": trunks, "shop.yaml": shop})


# Records.


def test_the_record_of_a_caller_who_gave_up_says_where_and_how_long() -> None:
    scene = Scene(agents=())
    call = scene.customer()
    scene.run(7)
    scene.hang_up(call)
    scene.run(1)
    record = scene.records()[-1]
    assert (record.queue, record.agent, record.by) == ("sales", "", "caller")
    assert 7 * SECOND <= record.waited_us <= 8 * SECOND
    assert scene.world.journal[-1].event is record, "nothing of a call follows its record"
    scene.nothing_is_left()


def test_a_caller_whose_queue_is_removed_has_a_visit_that_ends_and_goes_on() -> None:
    scene = Scene(agents=())
    scene.customer()
    scene.observer.queues |= centre(shop=WITHOUT_SALES).tenants["shop"].queues
    scene.world.reload(centre(shop=WITHOUT_SALES))
    scene.run(1)
    calls = {
        e.call for e in scene.world.journal if isinstance(e.event, events.VisitEnded | events.CallStarted)
    }
    assert len(calls) == 1, "the visit is of the call"
    visit = scene.told(events.VisitEnded)[-1]
    assert isinstance(visit, events.VisitEnded)
    assert (visit.outcome, visit.reason) == ("refused", "queue-removed")
    scene.nothing_is_left()


WITHOUT_SALES = centres.SHOP.replace("  sales:\n", "  others:\n").replace("name: sales", "name: others")


def test_an_administrators_hang_up_is_the_administrators_doing() -> None:
    scene = Scene()
    call = scene.customer()
    scene.run(2)
    exchange = scene.world.exchange
    assert not exchange.hang_up("no such call", Reason.ADMINISTRATOR, scene.world.now)
    assert exchange.hang_up(next(iter(exchange.office.sessions)), Reason.ADMINISTRATOR, scene.world.now)
    scene.world.touch()
    scene.run(1)
    assert call.state is CallState.ENDED
    assert not scene.anna.calls
    record = scene.records()[-1]
    assert (record.cause, record.by) == ("administrator", "administrator")
    assert record.sip_status == 200, "it was answered: a BYE ended it, and no 480"
    scene.nothing_is_left()


def test_a_reload_with_more_agents_than_rounds_settles() -> None:
    scene = Scene(observed=False)
    for number in range(MORE_AGENTS_THAN_ROUNDS):
        for _ in range(2):
            settings = SetAgent(AgentSettings(f"agent{number}"))
            scene.world.exchange.office.tell_router("shop", settings)
    scene.world.exchange.settle(scene.world.now)


# Limits.


def test_without_a_free_port_a_caller_is_refused_and_nothing_leaks() -> None:
    scene = Scene(agents=(), slots=1)
    first = scene.customer()
    second = scene.dial(scene.carrier, SHOP, CALLER)
    scene.run(0.1)
    assert second.status == 503
    scene.hang_up(first)
    scene.run(0.1)
    third = scene.dial(scene.carrier, SHOP, CALLER)
    scene.run(0.1)
    assert third.state is CallState.TALKING
    scene.nothing_is_left()


def test_without_a_port_for_the_agents_leg_the_caller_waits_on() -> None:
    scene = Scene(agents=(), slots=1)
    call = scene.customer()
    scene.verb("anna", AgentVerb.SIGN_IN)
    scene.run(20)
    assert call.state is CallState.TALKING
    outcomes = {
        event.outcome for event in scene.told(events.OfferEnded) if isinstance(event, events.OfferEnded)
    }
    assert outcomes == {"failed"}
    assert len(scene.told(events.OfferMade)) <= 6, "no offers in a tight loop"
    scene.nothing_is_left()


def test_a_trunk_takes_as_many_calls_as_it_has_channels() -> None:
    trunks = centres.TRUNKS + "    channels_max: 2\n"
    scene = Scene(centre(trunks), agents=())
    calls = [scene.dial(scene.carrier, SHOP, CALLER) for _ in range(3)]
    scene.run(0.2)
    assert [call.status for call in calls] == [0, 0, 503]
    scene.hang_up(calls[0])
    scene.run(0.2)
    assert scene.dial(scene.carrier, SHOP, CALLER).status == 0
    scene.nothing_is_left()


def test_a_stranger_costs_one_answer() -> None:
    scene = Scene()
    scene.desk.identity = type(scene.desk.identity)("shop-110", "a wrong password")
    before = scene.world.remains().slots
    call = scene.dial(scene.desk, "101")
    scene.run(0.2)
    assert call.status == 407
    assert scene.world.remains().slots == before
    assert not scene.told(events.CallStarted)
    scene.nothing_is_left()


# Phones of one tenant.


@pytest.mark.parametrize("status", [486, 603, 480])
def test_a_refusal_is_passed_to_the_caller_as_it_was(status: int) -> None:
    scene = Scene(agents=())
    scene.person(scene.anna).after_us = None
    call = scene.dial(scene.desk, "101")
    scene.run(0.5)
    assert call.rang
    scene.anna.calls[0].decline(status, scene.world.now)
    scene.world.touch()
    scene.run(0.5)
    assert call.status == status
    scene.nothing_is_left()


def test_a_number_that_nobody_has_is_not_found() -> None:
    scene = Scene(agents=())
    call = scene.dial(scene.desk, "199")
    scene.run(0.5)
    assert call.status == 404
    scene.nothing_is_left()


def test_a_carriers_call_to_a_number_that_nobody_has_is_not_found_and_holds_no_channel() -> None:
    scene = Scene(agents=())
    call = scene.carrier.call("0033199999999", scene.world.now, CALLER)
    scene.world.touch()
    scene.run(0.5)
    assert call.status == 404
    assert scene.told(events.CallStarted) == []
    scene.nothing_is_left()


def test_a_phone_that_is_rung_by_a_colleague_makes_its_agent_busy() -> None:
    scene = Scene()
    scene.person(scene.anna).after_us = None
    call = scene.dial(scene.desk, "101")
    scene.run(0.5)
    assert scene.shown("anna") == "busy"
    scene.hang_up(call)
    scene.run(0.5)
    assert scene.shown("anna") == "available"
    assert not scene.anna.calls
    scene.nothing_is_left()


def test_one_of_two_phones_declines_and_the_other_still_rings() -> None:
    scene = Scene(agents=())
    twin = scene.world.phone("shop", "101", scene.person(scene.anna))
    twin.register(scene.world.now)
    scene.world.touch()
    scene.person(scene.anna).after_us = None
    scene.run(0.5)
    call = scene.dial(scene.desk, "101")
    scene.run(0.5)
    scene.anna.calls[0].decline(486, scene.world.now)
    scene.world.touch()
    scene.run(1)
    assert call.state is CallState.CALLING
    twin.calls[0].answer(scene.world.now)
    scene.world.touch()
    scene.run(0.5)
    assert scene.talk_between(call, twin.calls[0])
    scene.nothing_is_left()


# Trunks.


def test_an_outside_call_goes_by_the_next_gateway_when_the_first_is_silent() -> None:
    trunks = centres.TRUNKS.replace('["203.0.113.9:5060"]', '["203.0.113.77:5060", "203.0.113.9:5060"]', 1)
    scene = Scene(centre(trunks), agents=())
    carrier = scene.carrier
    scene.world.phones[type(carrier.address)(centres.CARRIER, 5060)] = carrier
    carrier.address = type(carrier.address)(centres.CARRIER, 5060)
    call = scene.dial(scene.desk, "0612345678")
    scene.run(34)
    assert scene.person(carrier).rang, "the second gateway was asked"
    assert call.state is CallState.TALKING
    assert scene.world.remains().channels == 1
    scene.nothing_is_left()


def test_an_outside_number_that_is_busy_is_said_to_be_busy() -> None:
    scene = Scene(agents=())
    scene.person(scene.carrier).after_us = None
    call = scene.dial(scene.desk, "0612345678")
    scene.run(0.5)
    scene.carrier.calls[0].decline(486, scene.world.now)
    scene.world.touch()
    scene.run(0.5)
    assert call.status == 486
    scene.nothing_is_left()


# Audio.


def test_audio_is_told_for_its_call_after_the_record_and_alarms_as_they_come() -> None:
    scene = Scene(agents=("anna",))
    call = scene.customer()
    scene.run(2)
    agent_leg = _agent_leg(scene)
    slot = scene.world.exchange.office.legs[agent_leg].slot.number
    scene.world.exchange.media_event(StreamAlarm(slot, Alarm.NO_AUDIO, raised=True), scene.world.now)
    quality = StreamQuality(
        packets_received=100, packets_lost=3, mos_heard=410, alarm_bits_ever=1, round_trip_us=20_000
    )
    scene.world.engine.qualities[slot] = quality
    scene.hang_up(call)
    scene.run(40)
    assert scene.told(events.AudioAlarm) == [events.AudioAlarm(agent_leg, "no-audio", raised=True)]
    record = next(e for e in scene.world.journal if isinstance(e.event, events.CallEnded))
    (told,) = [e for e in scene.world.journal if isinstance(e.event, events.LegMeasured)]
    assert (told.call, told.tenant) == (record.call, record.tenant)
    measured = told.event
    assert isinstance(measured, events.LegMeasured)
    assert (measured.leg, measured.role, measured.agent) == (agent_leg, "agent", "anna")
    assert (measured.received, measured.lost, measured.mos_heard) == (100, 3, 410)
    assert measured.alarms == ("no-audio",)
    # The alarm is held against the agent's line for half an hour.
    scene.run(30 * 60)
    scene.nothing_is_left()
    assert scene.world.exchange.office.ended_of_slot == {}


def test_a_port_that_nobody_will_give_back_is_seen() -> None:
    scene = Scene(agents=("anna",))
    office = scene.world.exchange.office
    call = scene.customer()
    scene.run(2)
    assert office.parts.slots.in_use == 2
    assert office.leaked_slots == 0
    scene.hang_up(call)
    scene.run(40)
    assert (office.parts.slots.in_use, office.leaked_slots) == (0, 0)
    assert office.parts.slots.reserve() is not None
    assert office.leaked_slots == 1


# Offers.


@pytest.mark.parametrize("early_us", [-20_000, -10_000, -5_001, -5_000, -4_999, -1, 0, 1, 5_000])
def test_an_answer_at_the_very_end_of_the_ring_time(early_us: int) -> None:
    """Either the answer counts and they talk, or it does not and that leg is ended: never both or neither."""
    scene = Scene(agents=("anna",))
    scene.person(scene.anna).after_us = None
    call = scene.customer()
    offered_at = next(e.at for e in scene.world.journal if isinstance(e.event, events.OfferMade))
    scene.world.at(offered_at + 8 * SECOND + early_us, scene.anna.calls[0].answer)
    scene.run(8.5)
    if scene.told(events.AgentConnected):
        assert scene.talk_between(call, scene.anna.calls[0])
    else:
        assert scene.shown("anna") == "available"
        assert not scene.anna.calls
    scene.nothing_is_left()


def test_an_agent_whose_phone_falls_silent_is_replaced() -> None:
    """No audio from the agent for a minute ends that leg; the flow of the caller goes on."""
    scene = Scene(agents=("anna",))
    call = scene.customer()
    scene.run(2)
    slot = scene.world.exchange.office.legs[_agent_leg(scene)].slot.number
    scene.world.exchange.media_event(StreamIdle(slot), scene.world.now)
    scene.world.touch()
    scene.run(0.5)
    assert not scene.anna.calls
    assert call.state is CallState.ENDED, "this flow has no step after its queue"
    assert scene.records()[-1].by == "network"
    scene.nothing_is_left()


def _agent_leg(scene: Scene) -> str:
    opened = [event for event in scene.told(events.LegOpened) if isinstance(event, events.LegOpened)]
    return next(event.leg for event in reversed(opened) if event.role == "agent")


def test_a_key_by_info_chooses_in_the_menu_and_is_passed_on_in_a_talk() -> None:
    scene = Scene(agents=("anna",))
    call = scene.dial(scene.carrier, SHOP, CALLER)
    scene.run(0.1)
    call.press_by_info("1", scene.world.now)
    scene.world.touch()
    scene.run(2)
    assert scene.talk_between(call, scene.anna.calls[0])
    sent: list[SendDigits] = []
    submit = scene.world.engine.submit

    def watch(command: object, now: int) -> None:
        if isinstance(command, SendDigits):
            sent.append(command)
        submit(command, now)  # type: ignore[arg-type]  # whatever the exchange gives is a command

    scene.world.engine.submit = watch  # type: ignore[method-assign]  # only to look
    call.press_by_info("5", scene.world.now)
    scene.world.touch()
    scene.run(0.5)
    assert [command.digits for command in sent] == ["5"]
    scene.nothing_is_left()


# Tenants.


def test_a_call_of_a_tenant_that_a_reload_took_away_goes_on_and_ends() -> None:
    other = centres.SHOP.replace("+33199000100", "+33199000200")
    scene = Scene()
    call = scene.customer()
    scene.run(2)
    scene.world.reload(load_centre({"centre.yaml": centres.TRUNKS, "other.yaml": other}))
    scene.run(5)
    assert scene.talk_between(call, scene.anna.calls[0])
    scene.anna.calls[0].refer("110", scene.world.now)
    scene.world.touch()
    scene.run(1)
    assert scene.person(scene.anna).news == [404]
    scene.hang_up(call)
    scene.run(1)
    assert len(scene.records()) == 1
    assert set(scene.world.exchange.office.parts.tenancies) == {"other"}
    assert scene.dial(scene.carrier, SHOP, CALLER).status == 0
    scene.run(0.2)
    assert scene.carrier.calls == []
    scene.run(400)
    assert scene.world.remains().calls == scene.world.remains().slots == 0
