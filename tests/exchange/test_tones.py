"""Carriers that say by a tone what others say by a status (0028)."""

import pytest

from switch.base.clock import SECOND
from switch.call.cause import Reason
from switch.dialplan.centre import load_centre
from switch.journal import events, room_events
from switch.media.commands import Detector, StartDetection, StopDetection
from switch.media.events import ClippingDetected, Tone, ToneDetected
from switch.sim.phone_call import CallState, PhoneCall
from tests.exchange.test_gateways import Scene as TwoGateways
from tests.sim import centres
from tests.sim.scene import SHOP, Scene

MOBILE = "+33699999999"
FLOWS = f"""
  follow:
    - dial: {{outside: "{MOBILE}", busy: [{{play: welcome}}, hangup], unreachable: [{{reject: 404}}],
             otherwise: [{{reject: 480}}]}}
    - reject: 603
  leave_word: [{{detect: {{human: hangup, busy: [{{play: welcome}}, hangup]}}}}, hangup]
"""
TONES = "    progress_tones: true\n"


class World:
    """A shop whose engine hears what a test says that it hears."""

    def __init__(self, more: str = TONES, *, answers_after: int | None = None) -> None:
        text = centres.SHOP.replace('"601": to_desk}', '"601": to_desk, "690": leave_word, "691": follow}')
        centre = load_centre({"centre.yaml": centres.TRUNKS + more, "shop.yaml": text + FLOWS})
        self.scene = Scene(centre, agents=())
        self.scene.person(self.scene.carrier).after_us = answers_after
        self.commands: list[object] = []
        engine = self.scene.world.engine
        submit = engine.submit

        def noting(command: object, now: int) -> None:
            self.commands.append(command)
            submit(command, now)  # type: ignore[arg-type]  # whatever it is, it goes on

        engine.submit = noting  # type: ignore[method-assign]  # the model does not listen

    @property
    def begun(self) -> list[int]:
        """Slots that are listened to for tones."""
        kinds = [c for c in self.commands if isinstance(c, StartDetection) and c.detectors & Detector.TONES]
        return [command.slot for command in kinds]

    def hears(self, tone: Tone, slot: int | None = None) -> None:
        event = ToneDetected(self.begun[-1] if slot is None else slot, tone, (425,))
        self.scene.world.exchange.media_event(event, self.scene.world.now)
        self.scene.world.touch()
        self.scene.run(0.5)

    def rings(self, *, early: bool = True) -> tuple[PhoneCall, PhoneCall]:
        """The desk's call by the flow, and where it rings."""
        call = self.scene.dial(self.scene.desk, "691")
        self.scene.run(0.5)
        (mobile,) = self.scene.person(self.scene.carrier).rang
        if early:
            mobile.early_media(self.scene.world.now)
            self.scene.world.touch()
            self.scene.run(0.5)
        return call, mobile

    def causes(self) -> list[str]:
        ended = [e for e in self.scene.told(events.LegEnded) if isinstance(e, events.LegEnded)]
        return [leg.cause for leg in ended]


@pytest.mark.parametrize(
    ("tone", "cause", "status"),
    [
        (Tone.BUSY, Reason.BUSY, 0),
        (Tone.CONGESTION, Reason.CONGESTION, 480),
        (Tone.NO_CIRCUIT, Reason.CONGESTION, 480),
        (Tone.REORDER, Reason.CONGESTION, 480),
        (Tone.VACANT_CODE, Reason.NOT_FOUND, 404),
        (Tone.INTERCEPT, Reason.NOT_FOUND, 404),
        (Tone.SPECIAL_INFORMATION, Reason.UNREACHABLE, 404),
    ],
)
def test_a_tone_before_the_answer_is_a_refusal(tone: Tone, cause: Reason, status: int) -> None:
    world = World()
    call, mobile = world.rings()
    assert len(world.begun) == 1
    world.hears(Tone.RINGBACK)
    world.hears(Tone.DIAL)
    assert world.causes() == []
    world.hears(tone)
    assert mobile in world.scene.person(world.scene.carrier).over
    assert world.causes()[0] == cause
    if status:
        assert (call.state, call.status) == (CallState.ENDED, status)
    else:
        assert call.state is CallState.TALKING, "the flow's exit `busy` plays"
    told = [e.tone for e in world.scene.told(room_events.ToneHeard) if isinstance(e, room_events.ToneHeard)]
    assert told == ["ringback", "dial", tone.name.lower().replace("_", "-")]
    world.scene.nothing_is_left()


def test_nobody_listens_where_the_trunk_does_not_say_so() -> None:
    world = World("", answers_after=SECOND)
    world.scene.dial(world.scene.desk, "691")
    world.scene.run(3)
    assert world.begun == []
    world.scene.nothing_is_left()


def test_whoever_is_answered_with_a_tone_was_refused() -> None:
    """No early audio: a 200 at once, and then busy. It is listened for once."""
    world = World(answers_after=SECOND)
    call, mobile = world.rings(early=False)
    assert world.begun == []
    world.scene.run(3)
    assert world.scene.talk_between(call, mobile)
    world.hears(Tone.BUSY)
    assert mobile.state is CallState.ENDED
    assert call.state is CallState.TALKING, "welcome plays: `busy`, not the step behind a talk"
    assert world.causes()[0] == Reason.BUSY
    world.scene.nothing_is_left()


def test_a_busy_tone_ends_a_talk() -> None:
    world = World()
    call, mobile = world.rings()
    mobile.answer(world.scene.world.now)
    world.scene.world.touch()
    world.scene.run(11)
    assert len(world.begun) == 1, "early audio is listened to already"
    world.hears(Tone.NO_CIRCUIT)
    assert world.scene.talk_between(call, mobile), "somebody plays it into the talk"
    world.hears(Tone.BUSY)
    assert mobile.state is CallState.ENDED
    assert world.causes()[0] == Reason.NORMAL
    assert call.state is CallState.ENDED, "the step behind `dial` refuses, which ends an answered call"
    world.scene.nothing_is_left()


def test_a_caller_whose_gateway_says_that_it_hung_up() -> None:
    """A queue or a message does not wait on a busy tone."""
    world = World()
    call = world.scene.dial(world.scene.carrier, SHOP)
    world.scene.run(1)
    assert call.state is CallState.TALKING
    world.hears(Tone.VACANT_CODE)
    assert world.causes() == []
    world.hears(Tone.CONGESTION)
    assert call in world.scene.person(world.scene.carrier).over
    world.scene.nothing_is_left()
    assert world.scene.world.exchange.office.toned == {}


def test_a_person_who_dials_hears_what_the_network_says() -> None:
    world = World()
    call = world.scene.dial(world.scene.desk, MOBILE)
    world.scene.run(0.5)
    (mobile,) = world.scene.person(world.scene.carrier).rang
    mobile.early_media(world.scene.world.now)
    world.scene.world.touch()
    world.scene.run(0.5)
    world.hears(Tone.BUSY)
    assert (call.state is CallState.ENDED, mobile.state) == (False, CallState.RINGING)
    world.scene.nothing_is_left()
    assert world.scene.world.exchange.office.toned == {}


def test_another_gateway_is_tried_when_one_has_no_circuit() -> None:
    """Also for a person: it was not the number that refused."""
    scene = TwoGateways((183,), more=TONES)
    scene.dial()
    assert scene.second_rang == 0
    (slot,) = scene.world.exchange.office.toned
    for tone in (Tone.BUSY, Tone.NO_CIRCUIT):
        scene.world.exchange.media_event(ToneDetected(slot, tone, ()), scene.world.now)
        scene.world.touch()
        scene.run(1)
        assert scene.second_rang == (tone is Tone.NO_CIRCUIT)


def test_the_step_detect_hears_tones_without_any_word_of_a_trunk() -> None:
    world = World("")
    call = world.scene.dial(world.scene.desk, "690")
    world.scene.run(0.5)
    (slot,) = world.begun
    world.hears(Tone.RINGBACK)
    assert world.scene.world.engine.playing(call.remote_port) == ()
    world.hears(Tone.BUSY)
    assert world.scene.world.engine.playing(call.remote_port) == ("shop/welcome.en",)
    stops = [c for c in world.commands if isinstance(c, StopDetection)]
    assert [(stop.slot, bool(stop.detectors & Detector.TONES)) for stop in stops] == [(slot, True)]
    world.hears(Tone.BUSY)
    assert call.state is CallState.TALKING, "nobody asked any more"
    world.scene.nothing_is_left()


def test_clipping_in_a_recorded_talk_is_an_alarm() -> None:
    text = centres.SHOP.replace("ring_s: 8\n", "ring_s: 8\n    record: true\n")
    scene = Scene(load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text}), agents=("anna",))
    commands: list[object] = []
    submit = scene.world.engine.submit

    def noting(command: object, now: int) -> None:
        commands.append(command)
        submit(command, now)  # type: ignore[arg-type]  # whatever it is, it goes on

    scene.world.engine.submit = noting  # type: ignore[method-assign]  # the model does not listen
    scene.customer()
    scene.run(4)
    slots = [c.slot for c in commands if isinstance(c, StartDetection) and c.detectors == Detector.CLIPPING]
    assert len(slots) == 2
    scene.world.exchange.media_event(ClippingDetected(slots[0], 31), scene.world.now)
    scene.world.touch()
    scene.run(0.2)
    (alarm,) = scene.told(events.AudioAlarm)
    assert isinstance(alarm, events.AudioAlarm)
    assert (alarm.alarm, alarm.raised) == ("clipping", True)
    scene.nothing_is_left()
