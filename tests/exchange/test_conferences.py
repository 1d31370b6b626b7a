"""Rooms of the dialplan: who hears whom, PIN, keys, music, recording, and what is left of them (0033)."""

from switch.base.clock import SECOND
from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre
from switch.exchange.mail import DeleteFile, LetGo, ReadMail
from switch.journal import events
from switch.journal.room_events import ConferenceJoined, ConferenceLeft
from switch.media.commands import MEMBERS_MAX
from switch.media.events import RecordingEnded, RecordingReason
from switch.sim.phone import Phone
from switch.sim.phone_call import CallState, PhoneCall
from switch.sip.flow import Address
from tests.sim import centres
from tests.sim.scene import Scene

MUSIC, BEEP = ("shop/music",), ("shop/beep",)


def centre(words: str = "", more: str = "") -> Centre:
    text = centres.SHOP.replace(
        '"601": to_desk}', '"601": to_desk, "700": team, "701": boss, "+33199000177": team}'
    )
    text += f"""
  team: [{{conference: {{name: team{words}}}}}, {{play: welcome}}, hangup]
  boss: [{{conference: {{name: team, moderator: true{words}}}}}, hangup]
{more}
"""
    return load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text})


class Team:
    def __init__(self, words: str = "", more: str = "") -> None:
        self.scene = Scene(centre(words, more), agents=())

    def comes(self, phone: Phone, number: str = "700", keys: str = "") -> PhoneCall:
        call = self.scene.dial(phone, number)
        self.scene.run(0.5)
        for key in keys:
            self.press(call, key)
        return call

    def press(self, call: PhoneCall, *keys: str) -> None:
        for key in keys:
            call.press(key, self.scene.world.now)
            self.scene.run(0.2)

    def hears(self, call: PhoneCall) -> set[Address]:
        self.scene.run(2)  # beeps and prompts are over
        return set(self.scene.world.engine.hears_of_room(call.remote_port))

    def playing(self, call: PhoneCall) -> tuple[str, ...]:
        return self.scene.world.engine.playing(call.remote_port)

    def expect_all(self, *calls: PhoneCall, silent: tuple[PhoneCall, ...] = ()) -> None:
        for call in calls:
            others = {other.media for other in calls if other is not call and other not in silent}
            assert self.hears(call) == others

    @property
    def rooms(self) -> int:
        return len(self.scene.world.engine.rooms)


def test_three_hear_one_another_and_a_customer_too() -> None:
    team = Team()
    scene = team.scene
    anna, ben = team.comes(scene.anna), team.comes(scene.ben)
    customer = team.comes(scene.carrier, "+33199000177")
    team.expect_all(anna, ben, customer)
    scene.hang_up(ben)
    team.expect_all(anna, customer)
    joined = [e.members for e in scene.told(ConferenceJoined) if isinstance(e, ConferenceJoined)]
    left = [e.members for e in scene.told(ConferenceLeft) if isinstance(e, ConferenceLeft)]
    assert (joined, left) == ([1, 2, 3], [2])
    scene.nothing_is_left()
    assert team.rooms == 0


def test_who_is_alone_hears_music_until_a_second_comes_and_again_after() -> None:
    team = Team()
    anna = team.comes(team.scene.anna)
    assert team.playing(anna) == MUSIC
    ben = team.comes(team.scene.ben)
    team.scene.run(2)
    assert team.playing(anna) == team.playing(ben) == ()
    team.scene.hang_up(ben)
    team.scene.run(1)
    assert team.playing(anna) == MUSIC
    team.press(anna, "*", "1")
    team.scene.run(2)
    assert team.playing(anna) == MUSIC, "after the word that it is muted"
    team.scene.nothing_is_left()


def test_without_music_and_beeps() -> None:
    team = Team(", music: false, announce: false")
    anna = team.comes(team.scene.anna)
    assert team.playing(anna) == ()
    ben = team.comes(team.scene.ben)
    assert team.playing(anna) == team.playing(ben) == ()
    team.expect_all(anna, ben)
    team.scene.nothing_is_left()


def test_prompts_say_that_somebody_comes_and_goes() -> None:
    """In the language of whoever opened the room, and once each."""
    team = Team(", on_enter: welcome, on_leave: {en: Somebody has left.}")
    scene = team.scene
    anna, ben = team.comes(scene.anna), team.comes(scene.ben)
    assert team.playing(anna) == team.playing(ben) == ("shop/welcome.en",)
    scene.run(3)
    desk = scene.dial(scene.desk, "700")
    scene.run(3)
    scene.hang_up(desk)
    scene.run(0.2)
    (clip,) = team.playing(anna)
    assert clip not in ("shop/beep", "shop/welcome.en")
    assert team.playing(ben) == (clip,)
    scene.nothing_is_left()


def says_a_name(team: Team, phone: Phone, seconds: float = 1) -> PhoneCall:
    """Hears what is asked, says it, and presses the hash key."""
    call = team.comes(phone)
    assert team.playing(call) == ("shop/say-name.en", *BEEP)
    while team.playing(call):
        team.scene.run(0.1)
    team.scene.run(seconds)
    team.press(call, "#")
    return call


def test_members_are_announced_by_the_names_that_they_say() -> None:
    """And nothing is left of a name: its file is deleted when it was read, its clip with the call."""
    team = Team(", names: true")
    scene = team.scene
    anna = says_a_name(team, scene.anna)
    scene.run(3)
    assert team.playing(anna) == MUSIC
    ben = says_a_name(team, scene.ben)
    reads = [order for order in scene.world.mail if isinstance(order, ReadMail)]
    assert [order.path.split("/")[:2] for order in reads] == [["shop", "names"]] * 2
    called = f"mail:{reads[1].path}"
    assert team.playing(anna) == team.playing(ben) == (called, "shop/has-joined.en")
    scene.run(3)
    team.expect_all(anna, ben)
    scene.hang_up(ben)
    scene.run(0.2)
    team.comes(scene.desk)  # somebody must be left to hear it
    deleted = [order.path for order in scene.world.mail if isinstance(order, DeleteFile)]
    assert deleted == [order.path for order in reads]
    assert [order.path for order in scene.world.mail if isinstance(order, LetGo)] == [called]
    assert scene.told(events.RecordingStarted) == []
    scene.nothing_is_left()
    assert all(record.recordings == "" for record in scene.records())


def test_who_leaves_is_called_by_name_too() -> None:
    team = Team(", names: true")
    anna, ben, desk = (
        says_a_name(team, phone) for phone in (team.scene.anna, team.scene.ben, team.scene.desk)
    )
    team.scene.run(6)
    team.scene.hang_up(desk)
    team.scene.run(0.2)
    (name, words) = team.playing(anna)
    assert (name.startswith("mail:shop/names/"), words) == (True, "shop/has-left.en")
    assert team.playing(ben) == (name, words)
    team.scene.nothing_is_left()


def test_who_says_no_name_comes_with_a_beep() -> None:
    team = Team(", names: true")
    anna = says_a_name(team, team.scene.anna)
    ben = says_a_name(team, team.scene.ben, seconds=0)
    assert team.playing(anna) == team.playing(ben) == BEEP
    desk = team.comes(team.scene.desk)
    team.scene.run(3)
    exchange = team.scene.world.exchange
    (number,) = exchange.office.recordings
    slot = exchange.office.sessions[exchange.office.recordings[number][1]].call.anchor.slot.number
    for reason, ms in ((RecordingReason.SILENCE, 1_400), (RecordingReason.FAILED, 0)):
        ended = RecordingEnded(slot, number, reason, 0, ms, 0, 0)
        exchange.media_event(ended, team.scene.world.now)  # the second one is of nobody
        team.scene.world.touch()
    team.scene.run(0.2)
    assert team.playing(anna) == team.playing(desk) == BEEP
    assert not [order for order in team.scene.world.mail if isinstance(order, ReadMail)][1:]
    team.scene.nothing_is_left()


def test_who_hangs_up_while_a_name_is_taken_leaves_nothing() -> None:
    team = Team(", names: true")
    call = team.comes(team.scene.anna)
    team.scene.run(3)
    team.scene.hang_up(call)
    team.scene.run(1)
    assert len([order for order in team.scene.world.mail if isinstance(order, DeleteFile)]) == 1
    team.scene.nothing_is_left()
    assert team.rooms == 0


def test_a_beep_says_that_somebody_comes_and_goes() -> None:
    team = Team()
    anna = team.comes(team.scene.anna)
    ben = team.comes(team.scene.ben)
    assert team.playing(anna) == BEEP
    team.scene.run(2)
    desk = team.comes(team.scene.desk)
    team.scene.run(2)
    team.scene.hang_up(desk)
    team.scene.run(0.3)
    assert team.playing(anna) == team.playing(ben) == BEEP
    team.scene.nothing_is_left()


def test_who_is_muted_is_heard_by_nobody_and_hears() -> None:
    team = Team()
    anna, ben, desk = (team.comes(phone) for phone in (team.scene.anna, team.scene.ben, team.scene.desk))
    team.press(anna, "1")
    team.expect_all(anna, ben, desk)
    team.press(anna, "*", "1")
    assert team.playing(anna) == ("shop/muted.en",)
    team.expect_all(anna, ben, desk, silent=(anna,))
    team.press(anna, "*", "1")
    team.expect_all(anna, ben, desk)
    team.scene.nothing_is_left()


def test_who_comes_in_muted() -> None:
    team = Team(", muted: true")
    anna, ben = team.comes(team.scene.anna), team.comes(team.scene.ben)
    team.expect_all(anna, ben, silent=(anna, ben))
    team.press(anna, "*", "1")
    team.expect_all(anna, ben, silent=(ben,))
    team.scene.nothing_is_left()


def test_the_music_of_a_phone_on_hold_is_not_heard() -> None:
    team = Team()
    anna, ben = team.comes(team.scene.anna), team.comes(team.scene.ben)
    anna.hold(team.scene.world.now, held=True)
    team.scene.world.touch()
    team.scene.run(1)
    assert team.hears(ben) == set()
    anna.hold(team.scene.world.now, held=False)
    team.scene.world.touch()
    team.scene.run(1)
    team.expect_all(anna, ben)
    team.scene.nothing_is_left()


class TestTheModerator:
    def test_mutes_the_others_and_they_cannot_undo_it(self) -> None:
        team = Team()
        boss, anna = team.comes(team.scene.desk, "701"), team.comes(team.scene.anna)
        team.press(boss, "*", "3")
        team.expect_all(boss, anna, silent=(anna,))
        for _ in range(2):
            team.press(anna, "*", "1")
            team.expect_all(boss, anna, silent=(anna,))
        team.press(boss, "*", "3")
        team.expect_all(boss, anna)
        team.scene.nothing_is_left()

    def test_locks_the_room(self) -> None:
        team = Team()
        boss = team.comes(team.scene.desk, "701")
        team.press(boss, "*", "2")
        anna = team.comes(team.scene.anna)
        assert team.playing(anna) == ("shop/conference-locked.en",)
        team.scene.run(3)
        assert anna.state is CallState.ENDED
        team.press(boss, "*", "2")
        team.expect_all(boss, team.comes(team.scene.anna))
        team.scene.nothing_is_left()

    def test_ends_it_for_everybody(self) -> None:
        team = Team()
        boss, anna = team.comes(team.scene.desk, "701"), team.comes(team.scene.anna)
        team.press(boss, "*", "0")
        assert team.rooms == 0
        assert team.playing(anna) == ("shop/conference-ended.en",)
        team.scene.run(1.6)
        assert team.playing(anna) == ("shop/welcome.en",), "the step behind the conference"
        team.scene.nothing_is_left()

    def test_nobody_else_may(self) -> None:
        team = Team()
        anna, ben = team.comes(team.scene.anna), team.comes(team.scene.ben)
        for key in "023":
            team.press(anna, "*", key)
        team.expect_all(anna, ben)
        team.expect_all(anna, ben, team.comes(team.scene.desk))
        team.scene.nothing_is_left()


def test_a_member_leaves_by_its_key() -> None:
    team = Team()
    anna, ben = team.comes(team.scene.anna), team.comes(team.scene.ben)
    team.press(anna, "*", "*")
    assert team.playing(anna) == ("shop/welcome.en",)
    assert team.playing(ben) == MUSIC
    team.scene.nothing_is_left()


class TestPin:
    WORDS = ', pin: "1234", moderator_pin: "98765"'

    def test_the_right_one(self) -> None:
        team = Team(self.WORDS)
        anna = team.comes(team.scene.anna)
        assert team.playing(anna) == ("shop/enter-pin.en",)
        team.press(anna, *"1234#")
        ben = team.comes(team.scene.ben, keys="98765")
        team.expect_all(anna, ben)
        team.press(ben, "*", "3")
        team.expect_all(anna, ben, silent=(anna,))
        team.scene.nothing_is_left()

    def test_three_wrong_ones(self) -> None:
        team = Team(self.WORDS)
        anna = team.comes(team.scene.anna)
        for wrong in ("1111#", "#", "99999"):
            assert anna.state is CallState.TALKING
            team.press(anna, *wrong)
        assert team.playing(anna) == ("shop/goodbye.en",)
        assert team.rooms == 0
        team.scene.nothing_is_left()

    def test_silence(self) -> None:
        team = Team(self.WORDS)
        anna = team.comes(team.scene.anna)
        team.scene.run(3 * 11 + 6)
        assert anna.state is CallState.ENDED
        team.scene.nothing_is_left()


def test_a_room_that_is_full() -> None:
    team = Team(", members_max: 2")
    team.comes(team.scene.anna)
    team.comes(team.scene.ben)
    desk = team.comes(team.scene.desk)
    assert team.playing(desk) == ("shop/conference-full.en",)
    team.scene.nothing_is_left()
    assert MEMBERS_MAX == 64


def test_it_is_recorded_by_a_port_of_its_own_whoever_leaves() -> None:
    team = Team(", record: true")
    scene = team.scene
    anna, ben = team.comes(scene.anna), team.comes(scene.ben)
    team.press(anna, "*", "1")
    (mix,) = scene.world.engine.rooms.values()
    (ear,) = [m for m in mix.members if m.slot in scene.world.exchange.office.ears]
    heard = {scene.world.engine.streams[slot].plan.remote_port for slot in ear.hears}
    assert heard == {ben.media.port}, "who is muted is not recorded"
    scene.hang_up(anna)
    scene.run(5)
    assert not scene.told(events.RecordingEnded)
    assert scene.world.exchange.office.leaked_slots == 0
    scene.hang_up(ben)
    scene.run(1)
    (ended,) = scene.told(events.RecordingEnded)
    assert isinstance(ended, events.RecordingEnded)
    assert ended.reason == "stopped"
    assert ended.duration_ms > 5_000
    assert ended.path.startswith("shop/conferences/team/")
    assert [record.recordings for record in scene.records()] == [ended.path] * 2
    scene.nothing_is_left()


def test_an_attended_transfer_puts_a_customer_into_the_transferors_place() -> None:
    team = Team()
    scene = team.scene
    ben = team.comes(scene.ben)
    scene.person(scene.anna).after_us = SECOND // 5
    customer = scene.dial(scene.carrier, "+33199000100")
    scene.run(0.2)
    customer.hang_up(scene.world.now)
    talk = scene.dial(scene.desk, "101")
    scene.run(1)
    consult = team.comes(scene.anna)
    team.expect_all(ben, consult)
    assert scene.anna.calls[0].refer_to_call(consult, scene.world.now)
    scene.world.touch()
    scene.run(1)
    assert consult.state is CallState.ENDED
    team.expect_all(ben, talk)
    scene.nothing_is_left()


def test_a_name_from_a_variable_is_a_room_each() -> None:
    more = """
  pick:
    - collect: {prompt: welcome, into: room, digits: 2, otherwise: hangup}
    - conference: "{room}"
"""
    text = centres.SHOP.replace('"601": to_desk}', '"601": to_desk, "702": pick}') + more
    scene = Scene(load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text}), agents=())
    calls = []
    for phone, keys in ((scene.anna, "11"), (scene.ben, "22"), (scene.desk, "11")):
        call = scene.dial(phone, "702")
        scene.run(0.5)
        for key in keys:
            call.press(key, scene.world.now)
            scene.run(0.1)
        calls.append(call)
    scene.run(3)
    hears = [set(scene.world.engine.hears_of_room(call.remote_port)) for call in calls]
    assert hears == [{calls[2].media}, set(), {calls[0].media}]
    scene.nothing_is_left()
