"""What users of other systems suffered (the numbers of the list of peers' bugs), met by whole calls here.

Those that the router alone can meet stand in tests/acd/test_peers.py.
"""

import pytest

from switch.base.clock import MINUTE, SECOND
from switch.base.errors import ConfigurationError
from switch.dialplan.actions import AgentVerb
from switch.dialplan.centre import load_centre
from switch.journal import events
from switch.sim.network import Datagram
from switch.sim.phone_call import CallState
from switch.sim.world import SWITCH
from tests.sim import centres
from tests.sim.scene import CALLER, Scene


def test_peer_01_nothing_that_arrives_stops_the_offers() -> None:
    scene = Scene()
    for junk in (
        b"\x00",
        b"INVITE",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"INVITE sip:x SIP/2.0\r\nVia: x\r\n\r\n",
        b"\xff" * 900,
    ):
        scene.world.network.send(Datagram(scene.anna.address, SWITCH, junk), scene.world.now)
    call = scene.customer()
    scene.run(2)
    assert scene.talk_between(call, scene.anna.calls[0])
    scene.nothing_is_left()


def test_peer_02_a_phone_that_freezes_while_it_rings_freezes_nobody_else() -> None:
    scene = Scene()
    scene.person(scene.anna).after_us = None
    call = scene.customer()
    scene.run(1)
    assert scene.shown("anna") == "offered"
    scene.wire.losing += [(scene.anna.address.host, ""), (scene.anna.address.host, "SIP")]
    scene.run(10)
    assert scene.talk_between(call, scene.ben.calls[0])
    assert scene.shown("anna") in ("available", "unreachable")
    scene.wire.losing.clear()
    scene.nothing_is_left()


def test_peer_03_a_caller_who_hung_up_is_listed_nowhere() -> None:
    scene = Scene(agents=())
    call = scene.customer()
    office = scene.world.exchange.office
    router = office.parts.tenancies["shop"].router
    assert len(router.waiting(scene.world.now)) == len(office.sessions) == 1
    scene.hang_up(call)
    scene.run(0.01)
    assert router.waiting(scene.world.now) == []
    assert not office.sessions
    assert not office.session_of_contact
    scene.nothing_is_left()


def test_peer_04_two_agents_who_answer_together_are_both_free_again() -> None:
    scene = Scene()
    first, second = scene.dial(scene.carrier, "+33199000100"), scene.dial(scene.carrier, "+33199000100")
    scene.run(0.5)
    for call in (first, second):
        call.press("1", scene.world.now)
    scene.run(2)
    assert {scene.shown("anna"), scene.shown("ben")} == {"busy"}
    assert scene.talk_between(first, scene.anna.calls[0])
    assert scene.talk_between(second, scene.ben.calls[0])
    scene.hang_up(first)
    scene.hang_up(second)
    scene.run(4)
    assert {scene.shown("anna"), scene.shown("ben")} == {"available"}
    scene.nothing_is_left()


def test_peer_04_two_phones_of_one_agent_that_answer_together() -> None:
    scene = Scene(agents=("anna",))
    twin = scene.world.phone("shop", "101", scene.person(scene.anna))
    twin.register(scene.world.now)
    scene.world.touch()
    scene.run(1)
    call = scene.customer()
    scene.run(2)
    talking = [phone for phone in (scene.anna, twin) if phone.calls]
    assert len(talking) == 1, "the other was told that it was answered elsewhere"
    assert scene.talk_between(call, talking[0].calls[0])
    scene.hang_up(call)
    scene.run(4)
    assert scene.shown("anna") == "available"
    scene.nothing_is_left()


def test_peer_07_caller_gone_agent_no_longer_rung() -> None:
    scene = Scene()
    scene.person(scene.anna).after_us = None
    call = scene.customer()
    scene.run(1)
    gone = scene.world.now
    scene.hang_up(call)
    scene.run(0.05)
    assert scene.wire.sent_to(scene.anna, "CANCEL")[0] - gone <= SECOND // 50
    assert not scene.anna.calls
    assert scene.shown("anna") == "available"
    assert not scene.person(scene.ben).rang
    scene.nothing_is_left()


@pytest.mark.parametrize("verb", [AgentVerb.PAUSE, AgentVerb.SIGN_OUT])
def test_peer_08_a_change_of_status_during_an_offer_makes_no_loop(verb: AgentVerb) -> None:
    scene = Scene(agents=("anna",))
    scene.person(scene.anna).after_us = None
    scene.customer()
    scene.run(1)
    for _ in range(20):
        scene.verb("anna", verb, "lunch")
        scene.run(0.2)
    assert len(scene.wire.sent_to(scene.anna, "INVITE")) == 1
    assert len(scene.wire.sent_to(scene.anna, "CANCEL")) == (1 if verb is AgentVerb.SIGN_OUT else 0)
    scene.nothing_is_left()


def test_peer_09_no_announcement_keeps_the_two_apart() -> None:
    """The caller is in the middle of a prompt when the agent answers; both hear each other at once."""
    scene = Scene(agents=())
    call = scene.customer()
    scene.run(8.3)
    assert scene.world.engine.playing(call.remote_port)
    scene.verb("anna", AgentVerb.SIGN_IN)
    scene.run(1.01)
    answered = scene.anna.calls[0]
    assert answered.remote_port
    scene.run(0.006)
    assert scene.talk_between(call, answered)
    scene.nothing_is_left()


def test_peer_11_an_unregistered_phone_is_not_available() -> None:
    scene = Scene()
    scene.anna.unregister(scene.world.now)
    scene.world.touch()
    scene.run(1)
    assert scene.shown("anna") == "unreachable"
    call = scene.customer()
    scene.run(2)
    assert scene.talk_between(call, scene.ben.calls[0])
    assert not scene.person(scene.anna).rang
    scene.nothing_is_left()


def test_peer_12_a_late_answer_is_ended_and_only_one_agent_talks() -> None:
    """Anna answers while her CANCEL is under way: her 200 crosses it."""
    scene = Scene()
    scene.person(scene.anna).after_us = None
    call = scene.customer()
    ringing = scene.person(scene.anna).rang[0]
    offered_at = next(e.at for e in scene.world.journal if isinstance(e.event, events.OfferMade))
    scene.world.at(offered_at + 8 * SECOND - 1, ringing.answer)
    scene.run(12)
    assert ringing.state is CallState.ENDED
    assert scene.wire.sent_to(scene.anna, "BYE")
    assert scene.talk_between(call, scene.ben.calls[0])
    assert len(scene.told(events.Bridged)) == 1
    assert len(scene.told(events.AgentConnected)) == 1
    scene.nothing_is_left()


def test_peer_14_a_reload_resets_nobodys_wrap_up() -> None:
    scene = Scene(agents=("anna",))
    call = scene.customer()
    scene.run(2)
    scene.hang_up(call)
    scene.run(1)
    assert scene.shown("anna") == "wrap-up"
    scene.world.reload(centres.shop())
    scene.run(1)
    assert scene.shown("anna") == "wrap-up"
    scene.run(1.2)
    assert scene.shown("anna") == "available"
    scene.nothing_is_left()


def test_peer_17_an_unknown_word_is_refused_and_the_old_plan_goes_on() -> None:
    scene = Scene()
    with pytest.raises(ConfigurationError, match="wrap_up_s"):
        load_centre(
            {"centre.yaml": centres.TRUNKS, "shop.yaml": centres.SHOP.replace("wrap_up_s", "wrapup_s")}
        )
    call = scene.customer()
    scene.run(2)
    assert scene.talk_between(call, scene.anna.calls[0])


def test_peer_18_a_transfer_is_in_the_journal_and_the_agent_is_credited_until_then() -> None:
    scene = Scene()
    call = scene.customer()
    scene.run(5)
    scene.anna.calls[0].refer("110", scene.world.now)
    scene.world.touch()
    scene.run(2)
    assert scene.talk_between(call, scene.desk.calls[0])
    assert scene.person(scene.anna).news == [100, 180, 200]
    scene.run(3600)
    scene.hang_up(call)
    scene.run(1)
    transfer = scene.told(events.Transferred)
    assert [(e.target, e.outcome) for e in transfer if isinstance(e, events.Transferred)] == [("110", "done")]
    visit = scene.told(events.VisitEnded)[0]
    assert isinstance(visit, events.VisitEnded)
    assert visit.agent == "anna"
    assert visit.talked_us < 10 * SECOND
    record = scene.records()[-1]
    assert (record.transfers, record.agent) == (1, "anna")
    assert record.talked_us > 3600 * SECOND
    scene.nothing_is_left()


def test_peer_20_several_queues_with_the_same_agents_never_wait_for_each_other() -> None:
    text = centres.SHOP.replace(
        "queues:\n", "queues:\n  other: {ring_s: 8, refuse_without_agents: false}\n"
    ).replace("keys: {1: sales}", "keys: {1: sales, 2: [{queue: {name: other}}]}")
    scene = Scene(load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text}))
    calls = [scene.customer(f"+3361234500{n}", key="12"[n % 2]) for n in range(8)]
    for call in calls:
        for _ in range(30):
            if call.remote_port and scene.world.engine.hears(call.remote_port):
                break
            scene.run(1)
        assert scene.world.engine.hears(call.remote_port) is not None
        scene.hang_up(call)
    scene.nothing_is_left()


@pytest.mark.parametrize("held", [False, True])
def test_peer_21_a_lost_goodbye_locks_nobody_in(held: bool) -> None:
    """The customer's phone dies. In a talk its silence tells; on hold only the dialog's death does."""
    scene = Scene()
    call = scene.customer()
    scene.run(3)
    if held:
        assert call.hold(scene.world.now, held=True)
        scene.world.touch()
        scene.run(1)
    scene.carrier.vanish(scene.world.now)
    scene.run(50)
    assert scene.shown("anna") == "busy"
    scene.run(130 if held else 15)
    assert scene.shown("anna") == "available"
    assert scene.records()[-1].cause == ("signalling-lost" if held else "media-lost")
    scene.nothing_is_left()


def test_peer_23_a_phone_that_sleeps_is_found_out_once_and_comes_back() -> None:
    scene = Scene()
    scene.anna.vanish(scene.world.now)
    call = scene.customer()
    scene.run(10)
    assert scene.shown("anna") == "unreachable"
    assert scene.talk_between(call, scene.ben.calls[0])
    second = scene.customer("+33612340000")
    scene.run(5)
    assert not scene.wire.sent_to(scene.anna, "INVITE")[5:], "rung in vain once, not twice"
    scene.anna.come_back(scene.world.now)
    scene.world.touch()
    scene.run(2)
    assert scene.talk_between(second, scene.anna.calls[0])
    scene.nothing_is_left()


def test_peer_24_the_older_caller_is_served_first_also_after_a_decline() -> None:
    scene = Scene(agents=())
    first, second = scene.customer(), scene.customer("+33612340000")
    scene.person(scene.anna).after_us = None
    scene.verb("anna", AgentVerb.SIGN_IN)
    scene.run(1)
    scene.anna.calls[0].decline(486, scene.world.now)
    scene.person(scene.anna).after_us = SECOND
    scene.world.touch()
    scene.run(7)
    assert scene.talk_between(first, scene.anna.calls[0])
    assert scene.world.engine.hears(second.remote_port) is None
    scene.nothing_is_left()


def test_peer_25_many_calls_do_not_chase_one_agent() -> None:
    scene = Scene(agents=("anna",), slots=64)
    scene.person(scene.anna).after_us = None
    calls = [scene.dial(scene.carrier, "+33199000100", "anonymous") for _ in range(12)]
    scene.run(0.5)
    for call in calls:
        call.press("1", scene.world.now)
    scene.run(5)
    assert len(scene.wire.sent_to(scene.anna, "INVITE")) == 1
    waiting = scene.world.exchange.office.parts.tenancies["shop"].router.waiting(scene.world.now)
    assert len({view.contact for view in waiting}) == 12, "anonymous callers are not one another"
    scene.nothing_is_left()


def test_callers_number_and_minutes_are_what_they_were() -> None:
    """Against reports made from side effects: the record, the journal and the phones agree."""
    scene = Scene()
    call = scene.customer()
    scene.world.run(2 * MINUTE)
    scene.hang_up(call)
    scene.run(1)
    record = scene.records()[-1]
    assert (record.caller, record.queue, record.agent, record.by) == (CALLER, "sales", "anna", "caller")
    assert abs(record.talked_us - (2 * MINUTE - SECOND)) < SECOND
    scene.nothing_is_left()
