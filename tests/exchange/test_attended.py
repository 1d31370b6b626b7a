"""Attended transfers: two calls of one phone become one (RFC 3515, RFC 3891, docs/decisions/0017)."""

import pytest

from switch.base.clock import SECOND
from switch.dialplan.actions import AgentVerb
from switch.journal import events
from switch.sim.phone_call import CallState, PhoneCall
from tests.sim.scene import Scene


def _consult(scene: Scene, number: str = "110", answered_after_us: int | None = SECOND // 2) -> PhoneCall:
    """A customer talks to anna, who puts them on hold and dials `number`; her second call."""
    scene.customer()
    scene.run(2)
    assert scene.anna.calls[0].hold(scene.world.now, held=True)
    scene.world.touch()
    scene.run(0.2)
    scene.person(scene.desk).after_us = answered_after_us
    second = scene.dial(scene.anna, number)
    scene.run(1.2)
    return second


def _customer(scene: Scene) -> PhoneCall:
    return scene.carrier.calls[0]


def _transfer(scene: Scene, first: PhoneCall, second: PhoneCall, flags: str = "") -> None:
    assert first.refer_to_call(second, scene.world.now, flags)
    scene.world.touch()
    scene.run(0.3)


def _outcomes(scene: Scene) -> list[tuple[str, str]]:
    told = scene.told(events.Transferred)
    return [(event.target, event.outcome) for event in told if isinstance(event, events.Transferred)]


def test_the_two_others_talk_and_the_transferor_is_free() -> None:
    scene = Scene()
    second = _consult(scene)
    customer, first = _customer(scene), scene.anna.calls[0]
    assert scene.talk_between(second, scene.desk.calls[0])
    assert scene.shown("anna") == "busy"
    _transfer(scene, first, second)
    assert first.referred == 202
    assert scene.talk_between(customer, scene.desk.calls[0])
    assert (first.state, second.state) == (CallState.ENDED, CallState.ENDED)
    assert scene.person(scene.anna).news == [200]
    assert scene.shown("anna") == "wrap-up", "the visit ended with the transfer, not with the talk"
    assert _outcomes(scene) == [("110", "done")]
    (consultation,) = scene.records()
    assert (consultation.cause, consultation.by) == ("transferred", "caller")
    scene.run(3600)
    assert scene.talk_between(customer, scene.desk.calls[0])
    scene.hang_up(customer)
    scene.run(0.5)
    record = scene.records()[-1]
    assert (record.caller, record.agent, record.transfers) == ("+33612345678", "anna", 1)
    (visit,) = scene.told(events.VisitEnded)
    assert isinstance(visit, events.VisitEnded)
    assert visit.talked_us < 10 * SECOND, "an agent is not credited with an hour (FreePBX 124)"
    scene.nothing_is_left()


def test_the_refer_may_come_in_the_second_call_too() -> None:
    """Some phones transfer the one they dialled to the one who waits; the customer's call goes on all the
    same."""
    scene = Scene()
    second = _consult(scene)
    customer, first = _customer(scene), scene.anna.calls[0]
    _transfer(scene, second, first)
    assert scene.talk_between(customer, scene.desk.calls[0])
    assert [record.direction for record in scene.records()] == ["internal"]
    scene.nothing_is_left()


def test_two_customers_who_are_joined_by_their_agent() -> None:
    """Both calls have an anchor that stays: the one in which the REFER came goes on."""
    scene = Scene(agents=("anna",))
    customer = scene.customer()
    scene.run(2)
    first = scene.anna.calls[0]
    other = scene.dial(scene.desk, "101")
    scene.run(2)
    second = scene.anna.calls[1]
    assert scene.talk_between(other, second)
    _transfer(scene, first, second)
    assert scene.talk_between(customer, other)
    assert not scene.anna.calls
    assert _outcomes(scene) == [("110", "done")]
    scene.hang_up(other)
    scene.run(0.5)
    assert customer.state is CallState.ENDED
    scene.nothing_is_left()


def test_to_an_outside_number_that_was_consulted() -> None:
    scene = Scene()
    second = _consult(scene, "0612345678")
    scene.run(1.5)
    outside = scene.person(scene.carrier).rang[0]
    customer = next(call for call in scene.carrier.calls if call is not outside)
    assert scene.talk_between(second, outside)
    _transfer(scene, scene.anna.calls[0], second)
    assert scene.talk_between(customer, outside)
    assert scene.world.remains().channels == 2
    scene.nothing_is_left()


@pytest.mark.parametrize("leaves", ["neither", "first", "second", "both"])
def test_the_refer_may_come_in_the_second_call_while_it_rings(leaves: str) -> None:
    """In its early dialog; the customer is connected whatever the transferor hangs up meanwhile."""
    scene = Scene()
    second = _consult(scene, answered_after_us=None)
    customer, first = _customer(scene), scene.anna.calls[0]
    second.refer_early_to_call(first, scene.world.now)
    scene.world.touch()
    scene.run(0.3)
    assert second.referred == 202
    assert scene.person(scene.anna).news == [180]
    for call in {"neither": (), "first": (first,), "second": (second,), "both": (first, second)}[leaves]:
        scene.hang_up(call)
    scene.run(0.3)
    assert scene.desk.calls[0].state is CallState.RINGING
    if leaves in ("first", "both"):
        assert scene.world.engine.playing(customer.remote_port), "the customer hears it ring"
    scene.desk.calls[0].answer(scene.world.now)
    scene.world.touch()
    scene.run(0.5)
    assert scene.talk_between(customer, scene.desk.calls[0])
    assert (first.state, second.state) == (CallState.ENDED, CallState.ENDED)
    # A phone that has hung up the call in which it asked hears no more of it.
    assert scene.person(scene.anna).news == ([180, 200] if leaves in ("neither", "first") else [180])
    assert _outcomes(scene) == [("110", "done")]
    scene.nothing_is_left()


@pytest.mark.parametrize("leaves", [False, True])
def test_the_refer_came_in_the_second_call_and_its_target_declines(leaves: bool) -> None:
    """Back to the transferor, who talks on; whoever has left is not called back."""
    scene = Scene()
    second = _consult(scene, answered_after_us=None)
    customer, first = _customer(scene), scene.anna.calls[0]
    second.refer_early_to_call(first, scene.world.now)
    scene.world.touch()
    scene.run(0.3)
    if leaves:
        scene.hang_up(first)
        scene.run(0.3)
    scene.desk.calls[0].decline(486, scene.world.now)
    scene.world.touch()
    scene.run(0.5)
    assert scene.person(scene.anna).news == [180, 486]
    assert second.state is CallState.ENDED
    assert customer.state is (CallState.ENDED if leaves else CallState.TALKING)
    assert first.state is customer.state
    scene.nothing_is_left()


def test_while_the_consultation_still_rings() -> None:
    """The customer waits for the answer in the transferor's place; NOTIFY says so."""
    scene = Scene()
    second = _consult(scene, answered_after_us=None)
    customer, first = _customer(scene), scene.anna.calls[0]
    _transfer(scene, first, second)
    assert scene.person(scene.anna).news == [180]
    assert scene.desk.calls[0].state is CallState.RINGING
    scene.hang_up(first)
    scene.run(0.5)
    assert scene.world.engine.playing(customer.remote_port), "the customer hears it ring"
    scene.desk.calls[0].answer(scene.world.now)
    scene.world.touch()
    scene.run(0.5)
    assert scene.talk_between(customer, scene.desk.calls[0])
    assert not scene.anna.calls
    assert _outcomes(scene) == [("110", "done")]
    scene.nothing_is_left()


def test_a_ringing_consultation_that_is_cancelled_after_the_refer_rings_on_for_the_customer() -> None:
    scene = Scene()
    second = _consult(scene, answered_after_us=None)
    _transfer(scene, scene.anna.calls[0], second)
    scene.hang_up(second)
    scene.run(0.5)
    scene.desk.calls[0].answer(scene.world.now)
    scene.world.touch()
    scene.run(0.5)
    assert scene.talk_between(_customer(scene), scene.desk.calls[0])
    assert scene.person(scene.anna).news == [180, 200]
    scene.nothing_is_left()


def test_a_ringing_consultation_that_is_declined_gives_the_customer_back() -> None:
    scene = Scene()
    second = _consult(scene, answered_after_us=None)
    first = scene.anna.calls[0]
    _transfer(scene, first, second)
    scene.desk.calls[0].decline(486, scene.world.now)
    scene.world.touch()
    scene.run(0.5)
    assert scene.person(scene.anna).news == [180, 486]
    assert (second.state, second.status) == (CallState.ENDED, 486)
    assert first.hold(scene.world.now, held=False)
    scene.world.touch()
    scene.run(0.3)
    assert scene.talk_between(_customer(scene), first)
    assert _outcomes(scene) == [("110", "failed")]
    scene.nothing_is_left()


def test_the_customer_leaves_while_the_consultation_rings() -> None:
    scene = Scene()
    second = _consult(scene, answered_after_us=None)
    _transfer(scene, scene.anna.calls[0], second)
    scene.hang_up(_customer(scene))
    scene.run(0.5)
    assert not scene.desk.calls
    assert not scene.anna.calls
    assert _outcomes(scene) == [("110", "failed")]
    scene.nothing_is_left()


def test_the_customer_takes_the_agents_place_in_the_queue() -> None:
    """Anna waits in the queue for the customer; the place is kept (MikoPBX 1084: the call keeps its id)."""
    scene = Scene(agents=("anna",))
    second = _consult(scene, "600")
    customer = _customer(scene)
    assert len(scene.told(events.Queued)) == 2
    _transfer(scene, scene.anna.calls[0], second)
    assert not scene.anna.calls
    assert scene.person(scene.anna).news == [200]
    assert len(scene.told(events.Queued)) == 2, "the same visit goes on"
    assert [record.direction for record in scene.records()] == ["internal"]
    scene.person(scene.ben).after_us = SECOND
    scene.verb("anna", AgentVerb.SIGN_OUT)
    scene.verb("ben", AgentVerb.SIGN_IN)
    scene.run(3)
    assert scene.talk_between(customer, scene.ben.calls[0])
    scene.hang_up(customer)
    scene.run(0.5)
    assert scene.records()[-1].agent == "ben"
    scene.nothing_is_left()


def test_to_an_agent_whom_the_queue_gave() -> None:
    """The visit that anna began goes on with the customer; ben is not free for a moment."""
    scene = Scene()
    scene.customer()
    scene.run(2)
    first = next(phone.calls[0] for phone in (scene.anna, scene.ben) if phone.calls)
    by, to = (scene.anna, scene.ben) if scene.anna.calls else (scene.ben, scene.anna)
    second = scene.dial(by, "600")
    scene.run(2)
    assert scene.talk_between(second, to.calls[0])
    _transfer(scene, first, second)
    assert scene.talk_between(_customer(scene), to.calls[0])
    assert scene.shown("ben" if to is scene.ben else "anna") == "busy"
    assert len(scene.told(events.VisitEnded)) == 1
    scene.hang_up(_customer(scene))
    scene.run(0.5)
    assert len(scene.told(events.VisitEnded)) == 2
    assert scene.records()[-1].agent == ("ben" if to is scene.ben else "anna")
    scene.nothing_is_left()


@pytest.mark.parametrize(("flags", "status"), [(";early-only", 486), ("", 200)], ids=["early-only", "either"])
def test_early_only_of_a_talk_is_refused(flags: str, status: int) -> None:
    """RFC 3891 section 3."""
    scene = Scene()
    second = _consult(scene)
    _transfer(scene, scene.anna.calls[0], second, flags)
    assert scene.person(scene.anna).news == [status]
    scene.nothing_is_left()


def test_what_may_not_be_named() -> None:
    """A dialog that nobody knows, another account's, the very same call; nothing changes."""
    scene = Scene()
    second = _consult(scene)
    first = scene.anna.calls[0]
    desk = scene.desk.calls[0]
    for named, status in (
        ("nobody;to-tag=a;from-tag=b", 481),
        (desk.replaces(), 403),
        (first.replaces(), 403),
    ):
        assert first.refer_to_dialog(named, scene.world.now)
        scene.world.touch()
        scene.run(0.3)
        assert scene.person(scene.anna).news[-1] == status
    assert scene.talk_between(second, desk)
    assert {outcome for _, outcome in _outcomes(scene)} == {"refused"}
    scene.nothing_is_left()


def test_a_party_beyond_a_trunk_may_not_name_a_call() -> None:
    """It has proved nothing: it could break into the calls of others."""
    scene = Scene()
    second = _consult(scene)
    customer = _customer(scene)
    assert scene.anna.calls[0].hold(scene.world.now, held=False)
    scene.world.touch()
    scene.run(0.3)
    other = scene.customer("+33612340000")
    _transfer(scene, customer, second)
    _transfer(scene, customer, other)
    assert scene.person(scene.carrier).news == [403, 403]
    assert scene.talk_between(customer, scene.anna.calls[0])
    assert scene.talk_between(second, scene.desk.calls[0])
    scene.nothing_is_left()
