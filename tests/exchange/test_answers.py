"""Who answers, a person or a machine: dialled numbers, callbacks, and whom a flow serves (0028)."""

import pytest

from switch.call.cause import Reason
from switch.dialplan.actions import AgentVerb
from switch.dialplan.centre import load_centre
from switch.exchange.callbacks import CallbackState
from switch.journal import events, queue_events, room_events
from switch.media.commands import AnswerSettings, Detector, StartDetection, StopDetection
from switch.media.events import AnswerClassified, Answerer, AnswerReason, BeepDetected, SpeechStopped
from switch.sim.phone_call import CallState, PhoneCall
from tests.sim import centres
from tests.sim.scene import CALLER, Scene

MOBILE = "+33699999999"
FLOWS = f"""
  follow:
    - dial: {{outside: "{MOBILE}", machine: [{{play: welcome}}, hangup], detect: {{confidence: 60}}}}
  leave_word: [{{detect: {{machine: [{{play: welcome}}], human: hangup, unknown: hangup}}}}, hangup]
"""
TERMS = "offer_after_s: 5, tries: 2, retry_minutes: 1, expires_minutes: 60, ring_s: 20"


class World:
    """A shop whose engine hears what a test says that it hears."""

    def __init__(self, machine: str = "again") -> None:
        text = centres.SHOP.replace('"601": to_desk}', '"601": to_desk, "690": leave_word, "691": follow}')
        text = text.replace(
            "    refuse_without_agents: false\n",
            f"    refuse_without_agents: false\n    callback: {{{TERMS}, machine: {machine}}}\n",
        )
        centre = load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text + FLOWS})
        self.scene = Scene(centre, agents=())
        self.commands: list[object] = []
        engine = self.scene.world.engine
        submit = engine.submit

        def noting(command: object, now: int) -> None:
            self.commands.append(command)
            submit(command, now)  # type: ignore[arg-type]  # whatever it is, it goes on

        engine.submit = noting  # type: ignore[method-assign]  # the model does not listen

    def begun(self) -> StartDetection:
        return next(c for c in reversed(self.commands) if isinstance(c, StartDetection))

    def hears(self, who: Answerer, confidence: int = 90) -> None:
        """Of whoever is listened to."""
        self.tells(AnswerClassified(self.begun().slot, who, AnswerReason.WORDS, confidence, 1_200, 4))

    def tells(self, event: AnswerClassified | BeepDetected | SpeechStopped) -> None:
        self.scene.world.exchange.media_event(event, self.scene.world.now)
        self.scene.world.touch()
        self.scene.run(0.2)

    def playing(self, call: PhoneCall) -> tuple[str, ...]:
        return self.scene.world.engine.playing(call.remote_port)

    @property
    def rang(self) -> list[PhoneCall]:
        """Whom the switch called by its carrier."""
        return self.scene.person(self.scene.carrier).rang


def follows() -> tuple[World, PhoneCall, PhoneCall]:
    """The desk's call to somebody's mobile, which has been answered."""
    world = World()
    call = world.scene.dial(world.scene.desk, "691")
    world.scene.run(2)
    (mobile,) = world.rang
    assert mobile.state is CallState.TALKING
    assert call.state is not CallState.TALKING, "not answered yet: who has answered is not known"
    return world, call, mobile


class TestDialled:
    def test_it_is_listened_to_before_they_talk(self) -> None:
        world, call, mobile = follows()
        begun = world.begun()
        assert (begun.detectors, begun.answers) == (Detector.MACHINE, AnswerSettings(total_analysis_ms=5_000))
        world.hears(Answerer.HUMAN)
        assert world.scene.talk_between(call, mobile)
        assert StopDetection(begun.slot, Detector.MACHINE) in world.commands
        (told,) = world.scene.told(room_events.AnswerHeard)
        assert isinstance(told, room_events.AnswerHeard)
        assert (told.who, told.confidence, told.words) == ("human", 90, 4)
        world.scene.nothing_is_left()

    def test_a_machine_goes_where_the_dialplan_says(self) -> None:
        world, call, mobile = follows()
        world.hears(Answerer.MACHINE)
        world.scene.run(0.3)
        assert mobile.state is CallState.ENDED
        assert call.state is CallState.TALKING
        assert world.playing(call) == ("shop/welcome.en",)
        ended = [e for e in world.scene.told(events.LegEnded) if isinstance(e, events.LegEnded)]
        assert [leg.cause for leg in ended] == [Reason.MACHINE]
        world.scene.nothing_is_left()

    @pytest.mark.parametrize(("who", "confidence"), [(Answerer.MACHINE, 59), (Answerer.NOT_SURE, 0)])
    def test_what_is_not_sure_is_taken_for_a_person(self, who: Answerer, confidence: int) -> None:
        world, call, mobile = follows()
        world.hears(who, confidence)
        assert world.scene.talk_between(call, mobile)
        world.scene.nothing_is_left()

    def test_an_engine_that_never_tells_keeps_nobody_waiting(self) -> None:
        world, call, mobile = follows()
        world.scene.run(4)
        assert call.state is not CallState.TALKING
        world.scene.run(2)
        assert world.scene.talk_between(call, mobile)
        world.hears(Answerer.MACHINE)
        assert world.scene.talk_between(call, mobile), "too late: they talk"
        world.scene.nothing_is_left()

    def test_whoever_answered_hangs_up_meanwhile(self) -> None:
        world, call, mobile = follows()
        world.scene.hang_up(mobile)
        world.scene.run(0.5)
        assert call.state is CallState.ENDED
        assert call.status >= 400, "nobody was there to talk to"
        world.scene.nothing_is_left()

    def test_the_caller_hangs_up_meanwhile(self) -> None:
        world, call, mobile = follows()
        world.scene.hang_up(call)
        world.scene.run(1)
        assert mobile.state is CallState.ENDED
        world.scene.nothing_is_left()


def called_back(machine: str) -> tuple[World, PhoneCall, PhoneCall]:
    """A customer who wished it, with an agent who waits for the answer."""
    world = World(machine)
    scene = world.scene
    customer = scene.customer()
    for _ in range(2):
        customer.press("1", scene.world.now)
        scene.run(0.3)
    scene.run(3)
    scene.verb("anna", AgentVerb.SIGN_IN)
    scene.run(4)
    (agent,) = scene.person(scene.anna).rang
    (back,) = world.rang
    assert back.state is CallState.TALKING
    assert not scene.talk_between(agent, back)
    return world, agent, back


def outcomes(world: World) -> list[str]:
    told = world.scene.told(queue_events.CallbackEnded)
    return [event.outcome for event in told if isinstance(event, queue_events.CallbackEnded)]


class TestCalledBack:
    def test_a_person_has_the_agent(self) -> None:
        world, agent, back = called_back("again")
        assert outcomes(world) == [], "it is not kept before it is known who is there"
        world.hears(Answerer.HUMAN)
        assert world.scene.talk_between(agent, back)
        assert outcomes(world) == ["answered"]
        world.scene.nothing_is_left()

    def test_a_machine_is_tried_again_as_if_nobody_had_answered(self) -> None:
        world, agent, back = called_back("again")
        world.hears(Answerer.MACHINE)
        world.scene.run(0.5)
        assert (agent.state, back.state) == (CallState.ENDED, CallState.ENDED)
        book = world.scene.world.exchange.office.callbacks
        assert book is not None
        (callback,) = book.by_id.values()
        assert (callback.state, callback.tries_left) == (CallbackState.RESTING, 1)
        world.scene.run(70)
        assert len(world.rang) == 2
        world.hears(Answerer.HUMAN)
        assert outcomes(world) == ["answered"]
        first = world.scene.records()[1]
        assert (first.direction, first.cause) == ("callback", "machine")
        world.scene.nothing_is_left()

    def test_a_flow_leaves_a_message_behind_the_beep_and_the_agent_is_free(self) -> None:
        world, agent, back = called_back("leave_word")
        world.hears(Answerer.MACHINE)
        world.scene.run(0.5)
        assert agent.state is CallState.ENDED
        assert back.state is CallState.TALKING
        assert outcomes(world) == ["machine"]
        assert world.scene.shown("anna") in ("wrap-up", "ready"), world.scene.shown("anna")
        assert world.begun().detectors == Detector.MACHINE | Detector.BEEP | Detector.VOICE
        world.hears(Answerer.MACHINE)
        assert world.playing(back) == ()
        world.tells(BeepDetected(world.begun().slot, 1_000, 300))
        assert world.playing(back) == ("shop/welcome.en",)
        world.scene.run(10)
        assert back.state is CallState.ENDED
        record = world.scene.records()[-1]
        assert (record.direction, record.caller, record.agent) == ("callback", CALLER, "anna")
        world.scene.nothing_is_left()

    def test_the_agent_hangs_up_while_it_is_listened(self) -> None:
        world, agent, back = called_back("leave_word")
        world.scene.hang_up(agent)
        world.scene.run(0.5)
        assert back.state is CallState.ENDED
        assert outcomes(world) == [], "that was no try"
        world.hears(Answerer.MACHINE)
        assert outcomes(world) == []
        book = world.scene.world.exchange.office.callbacks
        assert book is not None
        for name in list(book.by_id):
            world.scene.world.exchange.cancel_callback(name, world.scene.world.now)
        world.scene.world.touch()
        world.scene.nothing_is_left()


def test_whom_an_agent_transfers_hears_its_message_behind_the_greeting() -> None:
    """A machine's greeting without a beep: three seconds of silence say that it is over."""
    world = World()
    scene = world.scene
    call = scene.dial(scene.desk, "690")
    scene.run(0.5)
    world.hears(Answerer.MACHINE)
    world.tells(SpeechStopped(world.begun().slot))
    assert world.playing(call) == ("shop/welcome.en",)
    began = world.begun()
    assert began.silence_ms == 3_000
    assert StopDetection(began.slot, began.detectors) in world.commands
    scene.nothing_is_left()
