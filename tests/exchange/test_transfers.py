"""Blind transfers: to whom, with what end, and what becomes of the three parties."""

import pytest

from switch.base.clock import SECOND
from switch.call.cause import Reason
from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre
from switch.journal import events
from switch.sim.phone import Phone
from switch.sim.phone_call import CallState, PhoneCall
from tests.sim import centres
from tests.sim.scene import CALLER, Scene


def _talk(scene: Scene) -> PhoneCall:
    """A customer who talks to anna."""
    call = scene.customer()
    scene.run(2)
    assert scene.talk_between(call, scene.anna.calls[0])
    return call


def _refer(scene: Scene, phone: Phone, target: str, call: PhoneCall | None = None) -> None:
    assert (call or phone.calls[0]).refer(target, scene.world.now)
    scene.world.touch()
    scene.run(0.2)


def _outcomes(scene: Scene) -> list[str]:
    return [
        event.outcome for event in scene.told(events.Transferred) if isinstance(event, events.Transferred)
    ]


def test_a_target_that_is_busy_leaves_the_two_as_they_were() -> None:
    scene = Scene()
    call = _talk(scene)
    scene.person(scene.desk).after_us = None
    _refer(scene, scene.anna, "110")
    scene.desk.calls[0].decline(486, scene.world.now)
    scene.world.touch()
    scene.run(0.5)
    assert scene.person(scene.anna).news == [100, 180, 486]
    assert scene.talk_between(call, scene.anna.calls[0])
    assert _outcomes(scene) == ["failed"]
    _refer(scene, scene.anna, "102")
    scene.run(2)
    assert scene.talk_between(call, scene.ben.calls[0])
    scene.nothing_is_left()


def test_a_transferor_who_leaves_at_once_is_not_needed_any_more() -> None:
    scene = Scene()
    call = _talk(scene)
    _refer(scene, scene.anna, "110")
    scene.hang_up(scene.anna.calls[0])
    scene.run(0.3)
    assert scene.world.engine.playing(call.remote_port), "the customer hears it ring"
    assert scene.shown("anna") == "wrap-up"
    scene.run(1.5)
    assert scene.talk_between(call, scene.desk.calls[0])
    assert _outcomes(scene) == ["done"]
    scene.nothing_is_left()


def test_a_transferor_who_left_and_a_target_who_never_answers() -> None:
    scene = Scene()
    call = _talk(scene)
    scene.person(scene.desk).after_us = None
    _refer(scene, scene.anna, "110")
    scene.hang_up(scene.anna.calls[0])
    scene.run(31)
    assert call.state is CallState.ENDED
    record = scene.records()[-1]
    assert (record.cause, record.by) == ("no-answer", "switch")
    assert not scene.desk.calls
    scene.nothing_is_left()


def test_a_target_that_declines_after_the_transferor_left_is_who_ended_it() -> None:
    scene = Scene()
    call = _talk(scene)
    scene.person(scene.desk).after_us = None
    _refer(scene, scene.anna, "110")
    scene.hang_up(scene.anna.calls[0])
    scene.run(1)
    scene.desk.calls[0].decline(603, scene.world.now)
    scene.world.touch()
    scene.run(1)
    assert call.state is CallState.ENDED
    assert (scene.records()[-1].cause, scene.records()[-1].by) == ("declined", "target")
    scene.nothing_is_left()


def test_the_customer_leaves_while_the_target_rings() -> None:
    scene = Scene()
    call = _talk(scene)
    scene.person(scene.desk).after_us = None
    _refer(scene, scene.anna, "110")
    scene.hang_up(call)
    scene.run(0.5)
    assert not scene.desk.calls
    assert not scene.anna.calls
    scene.nothing_is_left()


def test_a_number_that_nobody_has_is_refused_and_they_talk_on() -> None:
    scene = Scene()
    call = _talk(scene)
    _refer(scene, scene.anna, "199")
    assert scene.person(scene.anna).news == [404]
    assert _outcomes(scene) == ["refused"]
    assert scene.talk_between(call, scene.anna.calls[0])
    scene.nothing_is_left()


def test_into_the_queue_the_agent_is_not_offered_the_caller_again() -> None:
    scene = Scene()
    call = _talk(scene)
    _refer(scene, scene.anna, "600")
    scene.run(2)
    assert scene.talk_between(call, scene.ben.calls[0])
    assert scene.person(scene.anna).news == [100, 200]
    assert scene.shown("anna") == "wrap-up"
    assert scene.records() == []
    scene.nothing_is_left()


def test_to_an_outside_number_by_the_trunk() -> None:
    scene = Scene()
    call = _talk(scene)
    _refer(scene, scene.anna, "0612345678")
    scene.run(2)
    assert scene.talk_between(call, scene.person(scene.carrier).rang[0])
    assert scene.world.remains().channels == 2
    scene.nothing_is_left()


def test_a_customer_who_transfers_leaves_the_agent_on_a_call_of_their_own() -> None:
    """The contact has ended, the agent's leg has not: no moment at which the agent looks free."""
    scene = Scene()
    call = _talk(scene)
    waiting = scene.customer("+33612340000")
    scene.run(2)
    assert scene.talk_between(waiting, scene.ben.calls[0])
    third = scene.customer("+33612340001")
    _refer(scene, scene.carrier, "110", call)
    scene.run(5)
    assert scene.talk_between(scene.anna.calls[0], scene.desk.calls[0])
    assert scene.shown("anna") == "busy"
    assert third.state is CallState.TALKING
    assert len(scene.anna.calls) == 1
    scene.hang_up(scene.desk.calls[0])
    scene.run(5)
    assert scene.talk_between(third, scene.anna.calls[0])
    scene.nothing_is_left()


def test_a_customer_who_transfers_and_leaves_keeps_the_agent_busy_while_it_rings() -> None:
    scene = Scene()
    call = _talk(scene)
    scene.person(scene.desk).after_us = None
    _refer(scene, scene.carrier, "110", call)
    scene.hang_up(call)
    scene.run(10)
    assert scene.shown("anna") == "busy"
    scene.hang_up(scene.anna.calls[0])
    scene.run(5)
    assert scene.shown("anna") == "available"
    scene.nothing_is_left()


def test_a_second_request_while_the_first_runs_is_refused() -> None:
    scene = Scene()
    call = _talk(scene)
    scene.person(scene.desk).after_us = None
    _refer(scene, scene.anna, "110")
    _refer(scene, scene.anna, "102")
    assert not scene.ben.calls
    _refer(scene, scene.carrier, "102", call)
    assert scene.person(scene.carrier).news == [491]
    scene.run(31)
    assert scene.person(scene.anna).news == [100, 180, 480]
    assert scene.talk_between(call, scene.anna.calls[0])
    scene.nothing_is_left()


def test_hold_music_ends_with_the_transfer_and_its_time_is_counted() -> None:
    scene = Scene()
    call = _talk(scene)
    assert scene.anna.calls[0].hold(scene.world.now, held=True)
    scene.world.touch()
    scene.run(3)
    assert scene.world.engine.hears(call.remote_port) is None
    _refer(scene, scene.anna, "110")
    scene.run(2)
    assert scene.talk_between(call, scene.desk.calls[0])
    scene.hang_up(call)
    scene.run(1)
    record = scene.records()[-1]
    assert record.caller == CALLER
    assert 3 * SECOND < record.held_us < 6 * SECOND
    scene.nothing_is_left()


@pytest.mark.parametrize("target", ["0612345678", "600"])
def test_a_customer_beyond_the_trunk_can_neither_dial_out_nor_give_codes(target: str) -> None:
    """A carrier's caller has proved nothing: no calls at the tenant's cost, no codes for agents."""
    scene = Scene()
    call = _talk(scene)
    _refer(scene, scene.carrier, target, call)
    scene.run(2)
    assert scene.person(scene.carrier).news == [403]
    assert _outcomes(scene) == ["refused"]
    assert scene.talk_between(call, scene.anna.calls[0])
    scene.nothing_is_left()


@pytest.mark.parametrize("first", ["the transferor leaves", "the target speaks"])
def test_a_target_who_speaks_before_the_answer_is_heard_by_whoever_waits_alone(first: str) -> None:
    """An announcement of the target's network, in either order with the transferor's BYE."""
    scene = Scene()
    call = _talk(scene)
    scene.person(scene.desk).after_us = None
    _refer(scene, scene.anna, "110")
    target, anna = scene.desk.calls[0], scene.anna.calls[0]
    if first == "the transferor leaves":
        scene.hang_up(anna)
        scene.run(0.3)
        assert scene.world.engine.playing(call.remote_port)
    target.early_media(scene.world.now)
    scene.world.touch()
    scene.run(0.3)
    if first == "the target speaks":
        assert scene.talk_between(call, anna), "they talk on until the answer"
        assert scene.person(scene.anna).news == [100, 180, 183]
        scene.hang_up(anna)
        scene.run(0.3)
    assert scene.world.engine.hears(call.remote_port) == target.media
    target.answer(scene.world.now)
    scene.world.touch()
    scene.run(0.5)
    assert scene.talk_between(call, target)
    assert _outcomes(scene) == ["done"]
    scene.nothing_is_left()


class TestDeflection:
    """A callee in its early dialog refers its caller elsewhere (RFC 3515 in the dialog that a 183 made)."""

    def rings(self, number: str = "110", flow: bool = False) -> tuple[Scene, PhoneCall, PhoneCall]:
        """A customer hears the desk's early media; anna picks up by herself when she is rung."""
        scene = Scene()
        scene.person(scene.desk).after_us = None
        caller = scene.dial(scene.ben, "601" if flow else number)
        scene.run(0.3)
        rung = scene.desk.calls[0]
        rung.early_media(scene.world.now)
        scene.world.touch()
        scene.run(0.3)
        return scene, caller, rung

    def refer(self, scene: Scene, rung: PhoneCall, target: str) -> None:
        rung.refer_early(target, scene.world.now)
        scene.world.touch()
        scene.run(0.3)

    @pytest.mark.parametrize("flow", [False, True])
    def test_to_another_phone(self, flow: bool) -> None:
        scene, caller, rung = self.rings(flow=flow)
        self.refer(scene, rung, "101")
        assert rung.state is CallState.RINGING, "until the target has answered"
        scene.run(1.5)
        assert scene.talk_between(caller, scene.anna.calls[0])
        assert not scene.desk.calls
        assert scene.person(scene.desk).news == [100, 180, 200]
        assert _outcomes(scene) == ["done"]
        scene.nothing_is_left()

    def test_to_a_number_of_the_dialplan(self) -> None:
        scene, caller, rung = self.rings()
        self.refer(scene, rung, "600")
        scene.run(1.5)
        assert scene.talk_between(caller, scene.anna.calls[0])
        assert scene.person(scene.desk).news == [100, 200]
        scene.nothing_is_left()

    def test_a_target_that_declines_leaves_it_ringing(self) -> None:
        scene, caller, rung = self.rings()
        scene.person(scene.anna).after_us = None
        self.refer(scene, rung, "101")
        scene.anna.calls[0].decline(486, scene.world.now)
        scene.world.touch()
        scene.run(0.5)
        assert scene.person(scene.desk).news == [100, 180, 486]
        rung.answer(scene.world.now)
        scene.world.touch()
        scene.run(0.5)
        assert scene.talk_between(caller, rung)
        scene.nothing_is_left()

    def test_who_answers_after_all_has_its_caller(self) -> None:
        scene, caller, rung = self.rings()
        scene.person(scene.anna).after_us = None
        self.refer(scene, rung, "101")
        rung.answer(scene.world.now)
        scene.world.touch()
        scene.run(0.5)
        assert scene.talk_between(caller, rung)
        assert not scene.anna.calls
        assert scene.person(scene.desk).news[-1] == 487
        assert _outcomes(scene) == ["failed"]
        scene.nothing_is_left()

    @pytest.mark.parametrize("flow", [False, True])
    def test_who_declines_meanwhile_leaves_it_to_the_target(self, flow: bool) -> None:
        scene, caller, rung = self.rings(flow=flow)
        scene.person(scene.anna).after_us = None
        self.refer(scene, rung, "101")
        rung.decline(302, scene.world.now)
        scene.world.touch()
        scene.run(0.5)
        assert caller.state is not CallState.ENDED
        scene.anna.calls[0].answer(scene.world.now)
        scene.world.touch()
        scene.run(0.5)
        assert scene.talk_between(caller, scene.anna.calls[0])
        scene.nothing_is_left()

    @pytest.mark.parametrize("flow", [False, True])
    def test_both_come_to_nothing(self, flow: bool) -> None:
        scene, caller, rung = self.rings(flow=flow)
        scene.person(scene.anna).after_us = None
        self.refer(scene, rung, "101")
        for phone in (scene.desk, scene.anna):
            phone.calls[0].decline(486, scene.world.now)
            scene.world.touch()
            scene.run(0.5)
        scene.run(3)
        assert caller.state is CallState.ENDED
        scene.nothing_is_left()

    def test_the_caller_leaves(self) -> None:
        scene, caller, rung = self.rings()
        scene.person(scene.anna).after_us = None
        self.refer(scene, rung, "101")
        scene.hang_up(caller)
        scene.run(0.5)
        assert not scene.anna.calls
        assert not scene.desk.calls
        scene.nothing_is_left()

    def test_an_unknown_number_is_refused_and_it_rings_on(self) -> None:
        scene, _, rung = self.rings()
        self.refer(scene, rung, "199")
        assert scene.person(scene.desk).news == [404]
        assert rung.state is CallState.RINGING
        scene.nothing_is_left()

    def test_an_agent_whom_a_queue_rings_may_not(self) -> None:
        scene = Scene(agents=("anna",))
        scene.person(scene.anna).after_us = None
        scene.customer()
        scene.run(0.3)
        rung = scene.anna.calls[0]
        rung.early_media(scene.world.now)
        scene.world.touch()
        scene.run(0.2)
        self.refer(scene, rung, "102")
        assert scene.person(scene.anna).news == [403]
        assert not scene.ben.calls
        scene.nothing_is_left()


class TestBeforeTheAnswer:
    """The caller asks in its early dialog: whoever answers is transferred, as if it had been asked then."""

    def asks(
        self, target: str, *more: str, dialled: str = "110", centre: Centre | None = None
    ) -> tuple[Scene, PhoneCall]:
        scene = Scene(centre)
        scene.person(scene.desk).after_us = None
        call = scene.dial(scene.ben, dialled)
        scene.run(0.3)
        for number in (target, *more):
            call.refer_early(number, scene.world.now)
            scene.world.touch()
            scene.run(0.3)
        return scene, call

    def test_who_answers_is_connected_to_the_target(self) -> None:
        scene, call = self.asks("101")
        assert scene.person(scene.ben).news == [100]
        assert not scene.anna.calls, "nobody is rung for a party that is not there"
        rung = scene.desk.calls[0]
        rung.answer(scene.world.now)
        scene.world.touch()
        scene.run(0.5)
        assert scene.talk_between(call, rung)
        scene.run(1.5)
        assert scene.talk_between(rung, scene.anna.calls[0])
        assert call.state is CallState.ENDED
        assert scene.person(scene.ben).news[-1] == 200
        assert _outcomes(scene) == ["done"]
        scene.nothing_is_left()

    def test_nobody_answers(self) -> None:
        scene, call = self.asks("101")
        scene.desk.calls[0].decline(486, scene.world.now)
        scene.world.touch()
        scene.run(0.5)
        assert (call.state, call.status) == (CallState.ENDED, 486)
        assert scene.person(scene.ben).news[:1] == [100]
        assert _outcomes(scene) == ["failed"]
        scene.nothing_is_left()

    def told_last(self, scene: Scene) -> int:
        """What the last NOTIFY said; this phone answers 481 to the first that comes after its call."""
        told = [
            d.data for _, d in scene.wire.seen if d.target == scene.ben.address and b"\nSIP/2.0 " in d.data
        ]
        return int(told[-1].rpartition(b"SIP/2.0 ")[2].split()[0])

    def leaves(self, scene: Scene, call: PhoneCall) -> PhoneCall:
        scene.hang_up(call)
        scene.run(0.3)
        assert (call.state, call.status) == (CallState.ENDED, 487)
        return scene.desk.calls[0]

    def test_who_was_rung_by_a_caller_who_has_left_is_connected_to_the_target(self) -> None:
        scene, call = self.asks("101")
        rung = self.leaves(scene, call)
        assert rung.state is CallState.RINGING
        scene.person(scene.anna).after_us = None
        rung.answer(scene.world.now)
        scene.world.touch()
        scene.run(0.5)
        assert scene.world.engine.playing(rung.remote_port), "it hears the target ring"
        scene.anna.calls[0].answer(scene.world.now)
        scene.world.touch()
        scene.run(0.5)
        assert scene.talk_between(rung, scene.anna.calls[0])
        assert _outcomes(scene) == ["done"]
        scene.hang_up(rung)
        scene.run(0.5)
        (record,) = scene.records()
        assert (record.caller, record.called, record.cause, record.by) == ("102", "110", "normal", "callee")
        scene.nothing_is_left()

    @pytest.mark.parametrize("target", ["199", "600", "0612345678"])
    def test_a_caller_who_has_left_named_nobody_a_flow_or_the_outside(self, target: str) -> None:
        scene, call = self.asks(target)
        rung = self.leaves(scene, call)
        rung.answer(scene.world.now)
        scene.world.touch()
        scene.run(2)
        if target == "199":
            assert rung.state is CallState.ENDED
        else:
            assert scene.talk_between(rung, (scene.anna if target == "600" else scene.carrier).calls[0])
        assert _outcomes(scene) == ["refused" if target == "199" else "done"]
        assert self.told_last(scene) == (404 if target == "199" else 200 if target == "600" else 100)
        scene.nothing_is_left()

    def test_a_caller_who_has_left_is_still_who_pays(self) -> None:
        """Or its limits would be passed by hanging up: against toll fraud (docs/decisions/0022)."""
        text = centres.SHOP.replace("{name: Ben}", '{name: Ben, limits: {prefixes: ["+331"]}}')
        centre = load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text})
        scene, call = self.asks("0612345678", centre=centre)
        rung = self.leaves(scene, call)
        rung.answer(scene.world.now)
        scene.world.touch()
        scene.run(2)
        assert not scene.carrier.calls
        assert rung.state is CallState.ENDED
        assert scene.records()[-1].limit == "account:prefix"
        scene.nothing_is_left()

    def test_a_colleague_picks_up_what_a_caller_who_has_left_rings(self) -> None:
        scene, call = self.asks("0612345678")
        self.leaves(scene, call)
        named = f"ringing-{next(iter(scene.world.exchange.office.legs))};to-tag=switch;from-tag=phone"
        taken = scene.anna.call("110", scene.world.now, extra=(("Replaces", named),))
        scene.world.touch()
        scene.run(2)
        assert not scene.desk.calls
        assert scene.talk_between(taken, scene.carrier.calls[0])
        scene.nothing_is_left()

    def test_who_is_rung_by_a_caller_who_has_left_may_not_pass_it_on(self) -> None:
        """There is nobody whom its target could be given; it rings on."""
        scene, call = self.asks("101")
        rung = self.leaves(scene, call)
        for target in ("102", "600"):
            rung.refer_early(target, scene.world.now)
            scene.world.touch()
            scene.run(0.3)
        assert scene.person(scene.desk).news == [403, 403]
        assert rung.state is CallState.RINGING
        scene.nothing_is_left()

    @pytest.mark.parametrize("status", [486, 302])
    def test_a_caller_who_has_left_and_nobody_answers(self, status: int) -> None:
        scene, call = self.asks("101")
        self.leaves(scene, call).decline(status, scene.world.now, "<sip:101@x>" if status == 302 else "")
        scene.world.touch()
        scene.run(0.5)
        assert not scene.anna.calls
        assert self.told_last(scene) == status
        (record,) = scene.records()
        assert (record.cause, record.by) == ("cancelled", "caller")
        assert _outcomes(scene) == ["failed"]
        scene.nothing_is_left()

    def test_a_caller_who_has_left_and_a_target_who_declines(self) -> None:
        scene, call = self.asks("101")
        rung = self.leaves(scene, call)
        scene.person(scene.anna).after_us = None
        rung.answer(scene.world.now)
        scene.world.touch()
        scene.run(0.3)
        scene.anna.calls[0].decline(486, scene.world.now)
        scene.world.touch()
        scene.run(0.5)
        assert rung.state is CallState.ENDED
        assert _outcomes(scene) == ["failed"]
        scene.nothing_is_left()

    def test_a_call_whose_caller_has_left_ends_by_the_ring_time_and_by_command(self) -> None:
        scene, call = self.asks("101")
        self.leaves(scene, call)
        scene.run(61)
        assert not scene.desk.calls
        scene, call = self.asks("101")
        self.leaves(scene, call)
        (session,) = scene.world.exchange.office.sessions
        assert scene.world.exchange.hang_up(session, Reason.ADMINISTRATOR, scene.world.now)
        scene.world.touch()
        scene.run(0.5)
        assert not scene.desk.calls
        scene.nothing_is_left()

    def test_a_second_request_meets_491(self) -> None:
        scene, call = self.asks("101", "102")
        assert call.referred == 491
        scene.nothing_is_left()

    def test_in_a_flow_there_may_never_be_an_answer(self) -> None:
        text = centres.SHOP.replace("to_desk: [answer, ", "to_desk: [")
        centre = load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text})
        scene, _ = self.asks("101", dialled="601", centre=centre)
        assert scene.person(scene.ben).news == [491]
        scene.nothing_is_left()
