"""A further leg that hears a talk: who hears whom in each mode, who may, and what becomes of it (0033)."""

import pytest

from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre
from switch.journal.room_events import Supervised, SupervisionEnded
from switch.sim.phone_call import CallState, PhoneCall
from switch.sip.flow import Address
from tests.sim import centres
from tests.sim.scene import Scene


def centre(words: str = 'accounts: ["110"]') -> Centre:
    text = centres.SHOP + f"supervision: {{{words}}}\n"
    return load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text})


class Floor:
    """A customer talks to anna; the desk's phone answers at once when it rings."""

    def __init__(self, words: str | Centre = 'accounts: ["110"]') -> None:
        self.scene = Scene(centre(words) if isinstance(words, str) else words)
        self.scene.person(self.scene.desk).after_us = 200_000
        self.customer = self.scene.customer()
        self.scene.run(2)
        self.agent = self.scene.anna.calls[0]
        assert self.scene.talk_between(self.customer, self.agent)

    @property
    def call(self) -> str:
        return next(iter(self.scene.world.exchange.office.sessions))

    def ask(self, mode: str, account: str = "110", call: str = "") -> str | None:
        exchange, now = self.scene.world.exchange, self.scene.world.now
        told = exchange.supervise(call or self.call, account, mode, now, by="eve", reason="new agent")
        self.scene.world.touch()
        self.scene.run(0.5)
        return told

    @property
    def desk(self) -> PhoneCall:
        return self.scene.desk.calls[0]

    def hears(self, call: PhoneCall) -> set[Address | None]:
        """Whose voices reach this phone."""
        of_room = self.scene.world.engine.hears_of_room(call.remote_port)
        return set(of_room) or {self.scene.world.engine.hears(call.remote_port)}

    def everybody(self) -> tuple[set[Address | None], set[Address | None], set[Address | None]]:
        return self.hears(self.customer), self.hears(self.agent), self.hears(self.desk)

    def expect(self, mode: str) -> None:
        customer, agent, desk = self.customer.media, self.agent.media, self.desk.media
        assert (
            self.everybody()
            == {
                "listen": ({agent}, {customer}, {customer, agent}),
                "whisper": ({agent}, {customer, desk}, {customer, agent}),
                "join": ({agent, desk}, {customer, desk}, {customer, agent}),
            }[mode]
        )

    def told(self) -> list[tuple[str, bool, str, str, str]]:
        return [
            (event.mode, bool(event.leg), event.account, event.by, event.reason)
            for event in self.scene.told(Supervised)
            if isinstance(event, Supervised)
        ]


@pytest.mark.parametrize("mode", ["listen", "whisper", "join"])
def test_who_hears_whom(mode: str) -> None:
    floor = Floor()
    assert floor.ask(mode) == ""
    floor.expect(mode)
    assert floor.told() == [
        (mode, False, "110", "eve", "new agent"),
        (mode, True, "110", "eve", "new agent"),
    ]
    floor.scene.hang_up(floor.desk)
    floor.scene.run(0.5)
    assert floor.scene.talk_between(floor.customer, floor.agent), "the talk goes on"
    assert floor.scene.world.engine.rooms == {}
    assert floor.scene.told(SupervisionEnded) == [SupervisionEnded("110", "left")]
    floor.scene.nothing_is_left()


def test_keys_of_the_supervisors_phone_change_the_mode() -> None:
    floor = Floor()
    floor.ask("listen")
    for key, mode in (("5", "whisper"), ("6", "join"), ("9", "join"), ("4", "listen")):
        floor.desk.press(key, floor.scene.world.now)
        floor.scene.run(0.2)
        floor.expect(mode)
    assert [mode for mode, in_, *_ in floor.told() if in_] == ["listen", "whisper", "join", "listen"]
    floor.scene.nothing_is_left()


def test_the_command_again_changes_the_mode() -> None:
    floor = Floor()
    floor.ask("listen")
    assert floor.ask("join") == ""
    floor.expect("join")
    assert len(floor.scene.desk.calls) == 1
    floor.scene.nothing_is_left()


def test_the_call_ends_for_the_supervisor_too() -> None:
    floor = Floor()
    floor.ask("listen")
    floor.scene.hang_up(floor.customer)
    floor.scene.run(0.5)
    assert not floor.scene.desk.calls
    assert floor.scene.told(SupervisionEnded) == [SupervisionEnded("110", "call-ended")]
    floor.scene.nothing_is_left()


def test_the_call_ends_while_the_supervisors_phone_rings() -> None:
    floor = Floor()
    floor.scene.person(floor.scene.desk).after_us = None
    floor.ask("listen")
    assert floor.desk.state is CallState.RINGING
    floor.scene.hang_up(floor.customer)
    floor.scene.run(0.5)
    assert not floor.scene.desk.calls
    floor.scene.nothing_is_left()


def test_a_supervisor_who_does_not_answer() -> None:
    floor = Floor()
    floor.scene.person(floor.scene.desk).after_us = None
    floor.ask("listen")
    floor.scene.run(31)
    assert not floor.scene.desk.calls
    assert floor.scene.told(SupervisionEnded) == [SupervisionEnded("110", "no-answer")]
    assert floor.scene.talk_between(floor.customer, floor.agent)
    assert floor.ask("listen") == "", "and may be asked again"
    floor.scene.nothing_is_left()


def test_a_transfer_takes_the_supervisor_along() -> None:
    floor = Floor()
    floor.ask("join")
    assert floor.agent.refer("102", floor.scene.world.now)
    floor.scene.world.touch()
    floor.scene.run(2)
    floor.agent = floor.scene.ben.calls[0]
    floor.expect("join")
    floor.scene.nothing_is_left()


def test_while_nobody_talks_the_supervisor_is_heard_by_nobody() -> None:
    floor = Floor()
    floor.ask("join")
    floor.scene.person(floor.scene.ben).after_us = None
    assert floor.agent.refer("102", floor.scene.world.now)
    floor.scene.world.touch()
    floor.scene.run(0.3)
    floor.scene.hang_up(floor.agent)
    floor.scene.run(0.3)
    assert floor.scene.world.engine.rooms == {}
    assert floor.desk.state is CallState.TALKING
    floor.scene.nothing_is_left()


def test_both_hear_a_beep_where_that_is_stated() -> None:
    floor = Floor('accounts: ["110"], tone: true')
    floor.ask("listen")
    for call in (floor.customer, floor.agent):
        assert floor.scene.world.engine.playing(call.remote_port) == ("shop/beep",)
    assert floor.scene.world.engine.playing(floor.desk.remote_port) == ()
    floor.scene.run(2)
    floor.expect("listen")
    floor.scene.nothing_is_left()


class TestRefusals:
    """Each says why, and nobody's phone rings."""

    @pytest.mark.parametrize(
        ("words", "mode", "account", "told"),
        [
            ('accounts: ["102"]', "listen", "110", "account 110 may not supervise"),
            ('accounts: ["110"], modes: listen', "join", "110", "'join' is not allowed"),
            ('accounts: ["101"]', "listen", "101", "account 101 is a party of it"),
        ],
    )
    def test_who_may_not(self, words: str, mode: str, account: str, told: str) -> None:
        floor = Floor(words)
        assert (floor.ask(mode, account) or "").startswith(told)
        assert not floor.scene.desk.calls
        assert not floor.scene.told(Supervised)
        floor.scene.nothing_is_left()

    def test_a_mode_that_is_not_allowed_has_no_key(self) -> None:
        floor = Floor('accounts: ["110"], modes: [listen, whisper]')
        floor.ask("listen")
        floor.desk.press("6", floor.scene.world.now)
        floor.scene.run(0.2)
        floor.expect("listen")
        floor.scene.nothing_is_left()

    def test_two_supervisors(self) -> None:
        floor = Floor('accounts: ["110", "102"]')
        floor.ask("listen")
        assert floor.ask("listen", "102") == "it is supervised by account 110 already"
        floor.scene.nothing_is_left()

    def test_no_talk_no_phone_no_call(self) -> None:
        floor = Floor()
        assert floor.ask("listen", call="c-unknown") is None
        floor.scene.desk.unregister(floor.scene.world.now)
        floor.scene.world.touch()
        floor.scene.run(0.5)
        assert floor.ask("listen") == "no phone of account 110 can be rung"
        floor.scene.hang_up(floor.agent)
        waiting = floor.scene.dial(floor.scene.carrier, "+33199000100")
        floor.scene.run(0.2)
        assert waiting.state is CallState.TALKING
        sessions = floor.scene.world.exchange.office.sessions
        assert floor.ask("listen", call=list(sessions)[-1]) == "nobody talks in it now"

    def test_without_the_section_nobody_supervises(self) -> None:
        scene = Scene()
        scene.customer()
        scene.run(2)
        call = next(iter(scene.world.exchange.office.sessions))
        told = scene.world.exchange.supervise(call, "110", "listen", scene.world.now)
        assert (told or "").startswith("account 110 may not supervise")
        scene.nothing_is_left()


class TestDialled:
    """The supervisor dials in: the step `supervise`."""

    FLOWS = """
  watch: [{supervise: "101"}, {play: welcome}, hangup]
  whom:
    - collect: {prompt: welcome, into: whom, digits: 3, otherwise: hangup}
    - supervise: {extension: "{whom}"}
"""

    def floor(self, words: str = 'accounts: ["110"]') -> Floor:
        text = centres.SHOP.replace('"601": to_desk}', '"601": to_desk, "755": watch, "756": whom}')
        text += f"{self.FLOWS}supervision: {{{words}}}\n"
        return Floor(load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text}))

    def dials(self, floor: Floor, number: str = "755") -> PhoneCall:
        call = floor.scene.dial(floor.scene.desk, number)
        floor.scene.run(0.5)
        return call

    def press(self, floor: Floor, call: PhoneCall, keys: str) -> None:
        for key in keys:
            call.press(key, floor.scene.world.now)
            floor.scene.run(0.3)

    def playing(self, floor: Floor, call: PhoneCall) -> tuple[str, ...]:
        return floor.scene.world.engine.playing(call.remote_port)

    def test_hears_and_changes_the_mode_by_keys(self) -> None:
        floor = self.floor()
        call = self.dials(floor)
        floor.expect("listen")
        for key, mode in (("5", "whisper"), ("6", "join"), ("4", "listen")):
            self.press(floor, call, key)
            floor.expect(mode)
        told = [event for event in floor.scene.told(Supervised) if isinstance(event, Supervised)]
        assert [(event.account, event.by, event.reason) for event in told] == [
            ("110", "110", "telephone")
        ] * 4
        self.press(floor, call, "*")
        assert self.playing(floor, call) == ("shop/welcome.en",), "the flow goes on"
        assert floor.scene.talk_between(floor.customer, floor.agent), "and so does the talk"
        (ended,) = floor.scene.told(SupervisionEnded)
        assert ended == SupervisionEnded("110", "left")
        floor.scene.nothing_is_left()

    def test_the_extension_may_be_dialled(self) -> None:
        floor = self.floor()
        call = self.dials(floor, "756")
        self.press(floor, call, "101")
        floor.expect("listen")
        floor.scene.hang_up(call)
        floor.scene.run(0.5)
        assert floor.scene.talk_between(floor.customer, floor.agent)
        assert floor.scene.world.exchange.office.supervised == {}
        floor.scene.nothing_is_left()

    def test_the_end_of_the_call_ends_the_step(self) -> None:
        floor = self.floor()
        call = self.dials(floor)
        floor.scene.hang_up(floor.customer)
        floor.scene.run(0.5)
        assert self.playing(floor, call) == ("shop/welcome.en",)
        floor.scene.nothing_is_left()

    def test_a_mode_that_is_not_allowed_is_no_key(self) -> None:
        floor = self.floor('accounts: ["110"], modes: [listen]')
        call = self.dials(floor)
        self.press(floor, call, "6")
        floor.expect("listen")
        floor.scene.nothing_is_left()

    def test_who_may_not_hears_so_and_nothing_else(self) -> None:
        floor = self.floor('accounts: ["102"]')
        call = self.dials(floor)
        assert self.playing(floor, call) == ("shop/refused.en",)
        assert not floor.scene.told(Supervised)
        floor.scene.nothing_is_left()

    @pytest.mark.parametrize("extension", ["102", "999", "110"])
    def test_where_nobody_talks(self, extension: str) -> None:
        floor = self.floor()
        call = self.dials(floor, "756")
        self.press(floor, call, extension)
        assert self.playing(floor, call) == ("shop/refused.en",)
        floor.scene.nothing_is_left()

    def test_one_at_a_time(self) -> None:
        floor = self.floor('accounts: ["110", "102"]')
        self.dials(floor)
        second = floor.scene.dial(floor.scene.ben, "755")
        floor.scene.run(0.5)
        assert self.playing(floor, second) == ("shop/refused.en",)
        again = self.dials(floor)
        assert self.playing(floor, again) == ("shop/refused.en",), "by another call of the same account, too"
        floor.expect("listen")
        floor.scene.nothing_is_left()
