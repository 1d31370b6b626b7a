"""Messages listened to by telephone: counts, keys, marks, lamps, limits, and whose they are (0033)."""

import pytest

from switch.base.errors import ConfigurationError
from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre
from switch.exchange import mail
from switch.exchange.mail import DeleteFile, LetGo, Letter, MarkFile
from switch.media.commands import PacePlay, Play, SteerPlay
from switch.sim.phone_call import CallState, PhoneCall
from tests.sim import centres
from tests.sim.scene import Scene

DAY_US = 86_400_000_000


def centre(box: str = "pin: 1234, messages_max: 3") -> Centre:
    text = centres.SHOP.replace('"601": to_desk}', '"601": to_desk, "701": hear, "702": leave}')
    text = text.replace('"110": {name: Desk}', '"110": {name: Desk, mailbox: sales}')
    text += f"""
  hear: [{{voice_mail: sales}}, {{play: welcome}}, hangup]
  leave: [{{take_message: {{mailbox: sales, full: hangup}}}}, hangup]
mailboxes: {{sales: {{{box}}}}}
"""
    return load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text})


class Office:
    """Letters lie in the mailbox `sales` before anybody calls: `ages_days` ago each, old ones marked."""

    def __init__(self, *ages_days: int, heard: tuple[int, ...] = ()) -> None:
        self.scene = Scene(centre(), agents=())
        office, now = self.scene.world.exchange.office, self.scene.world.now
        wall = office.journal.wall(now)
        self.paths = [f"shop/messages/sales/m{index}" for index in range(len(ages_days))]
        letters = [
            Letter(path, wall - age * DAY_US + index, 5_000, index not in heard)
            for index, (path, age) in enumerate(zip(self.paths, ages_days, strict=True))
        ]
        mail.load(office, letters)

    @property
    def book(self) -> mail.MailBook:
        book = self.scene.world.exchange.office.mail
        assert book is not None
        return book

    def dials(self, keys: str = "1234") -> PhoneCall:
        call = self.scene.dial(self.scene.desk, "701")
        self.scene.run(0.5)
        for key in keys:
            self.press(call, key)
        return call

    def press(self, call: PhoneCall, *keys: str) -> None:
        for key in keys:
            call.press(key, self.scene.world.now)
            self.scene.run(0.2)

    def playing(self, call: PhoneCall) -> list[str]:
        """Without the tenant and the language."""
        clips = self.scene.world.engine.playing(call.remote_port)
        return [clip.removeprefix("shop/").removesuffix(".en") for clip in clips]

    def reaches(self, call: PhoneCall, last: str, seconds: float = 40) -> list[str]:
        """What plays when its last clip is this one."""
        for _ in range(int(seconds * 5)):
            self.scene.run(0.2)
            playing = self.playing(call)
            if playing and playing[-1] == last:
                return playing
        raise AssertionError(f"{last} is not heard: {self.playing(call)}")

    def noted(self) -> list[object]:
        """What the engine is told from now on."""
        commands: list[object] = []
        engine = self.scene.world.engine
        submit = engine.submit

        def noting(command: object, now: int) -> None:
            commands.append(command)
            submit(command, now)  # type: ignore[arg-type]  # whatever it is, it goes on

        engine.submit = noting  # type: ignore[method-assign]  # the model does not steer
        return commands

    def orders(self, kind: type[mail.MailOrder]) -> list[mail.MailOrder]:
        return [order for order in self.scene.world.mail if isinstance(order, kind)]


def test_counts_envelope_message_menu_and_the_end() -> None:
    office = Office(0, 3, heard=(1,))
    call = office.dials()
    assert office.playing(call) == ["mail-you-have", "number-1", "mail-new", "number-1", "mail-saved"]
    first = office.reaches(call, f"mail:{office.paths[0]}")
    assert first[:2] == ["mail-today", "mail-at"]
    assert first[-3] == "mail-hours"
    office.reaches(call, "mail-menu")
    assert office.orders(MarkFile) == [MarkFile(office.paths[0], False)]
    second = office.reaches(call, f"mail:{office.paths[1]}")
    assert second[:4] == ["mail-received", "number-3", "mail-days-ago", "mail-at"]
    office.reaches(call, "mail-last")
    office.reaches(call, "welcome")
    assert office.book.counts("shop", "sales") == (0, 2)
    assert len(office.orders(LetGo)) >= 1
    office.scene.nothing_is_left()
    assert office.book.clips == {}
    assert len(office.orders(LetGo)) == 2, "every clip is let go"


def test_yesterdays_message_says_so() -> None:
    office = Office(1)
    call = office.dials()
    assert office.reaches(call, f"mail:{office.paths[0]}")[0] == "mail-yesterday"
    office.scene.nothing_is_left()


def test_an_empty_mailbox() -> None:
    office = Office()
    call = office.dials()
    assert office.playing(call) == ["mail-none"]
    office.scene.nothing_is_left()


class TestKeys:
    def test_next_leaves_it_new(self) -> None:
        office = Office(0, 0)
        call = office.dials()
        office.reaches(call, f"mail:{office.paths[0]}")
        office.press(call, "#")
        office.reaches(call, f"mail:{office.paths[1]}")
        assert office.book.counts("shop", "sales") == (2, 0)
        office.reaches(call, "mail-menu")
        office.press(call, "4")
        office.reaches(call, f"mail:{office.paths[0]}")
        office.reaches(call, "mail-menu")
        office.press(call, "6")
        office.reaches(call, f"mail:{office.paths[1]}")
        office.scene.nothing_is_left()

    def test_again(self) -> None:
        office = Office(0)
        call = office.dials()
        office.reaches(call, "mail-menu")
        office.press(call, "1")
        office.reaches(call, f"mail:{office.paths[0]}")
        office.scene.nothing_is_left()

    def test_kept_as_new(self) -> None:
        office = Office(0)
        call = office.dials()
        office.reaches(call, "mail-menu")
        office.press(call, "2")
        assert office.playing(call) == ["mail-kept"]
        assert office.orders(MarkFile) == [MarkFile(office.paths[0], False), MarkFile(office.paths[0], True)]
        office.reaches(call, "mail-last")
        assert office.book.counts("shop", "sales") == (1, 0)
        office.scene.nothing_is_left()

    def test_deleted(self) -> None:
        office = Office(0, 0)
        call = office.dials()
        office.reaches(call, f"mail:{office.paths[0]}")
        office.press(call, "3")
        assert office.playing(call) == ["mail-deleted"]
        assert office.orders(DeleteFile) == [DeleteFile(office.paths[0])]
        office.reaches(call, f"mail:{office.paths[1]}")
        assert [letter.path for letter in office.book.letters("shop", "sales")] == [office.paths[1]]
        office.scene.nothing_is_left()

    def test_back_on_and_pause(self) -> None:
        office = Office(0)
        commands = office.noted()
        call = office.dials()
        office.reaches(call, f"mail:{office.paths[0]}")
        office.press(call, "7", "9", "8", "8")
        steered = [command for command in commands if isinstance(command, SteerPlay)]
        assert [(command.how.name, command.ms) for command in steered] == [
            ("SKIP", -3_000),
            ("SKIP", 3_000),
            ("PAUSE", 0),
            ("RESUME", 0),
        ]
        office.scene.nothing_is_left()

    def test_slower_faster_louder_and_so_the_next(self) -> None:
        office = Office(0, 0)
        commands = office.noted()
        call = office.dials()
        office.reaches(call, f"mail:{office.paths[0]}")
        office.press(call, "4", "6", "6", "5", *"6666")
        paced = [command for command in commands if isinstance(command, PacePlay)]
        assert [(command.speed_percent, command.volume_db) for command in paced] == [
            (75, 0),
            (100, 0),
            (125, 0),
            (125, 6),
            (150, 6),
            *[(200, 6)] * 3,
        ]
        office.press(call, "#")
        office.reaches(call, f"mail:{office.paths[1]}")
        [later] = [c for c in commands if isinstance(c, Play) and c.clips[-1].endswith(office.paths[1])]
        assert (later.speed_percent, later.volume_db) == (200, 6)
        office.press(call, *"555", *"4" * 7)
        paced = [command for command in commands if isinstance(command, PacePlay)]
        assert [command.volume_db for command in paced[-10:-7]] == [12, -6, 0]
        assert [command.speed_percent for command in paced[-7:]] == [150, 125, 100, 75, 50, 50, 50]
        office.scene.nothing_is_left()

    def test_the_keys_are_told_and_the_message_begins_again(self) -> None:
        office = Office(0)
        call = office.dials()
        office.reaches(call, f"mail:{office.paths[0]}")
        office.press(call, "0")
        assert office.playing(call) == ["mail-help"]
        office.reaches(call, f"mail:{office.paths[0]}")
        assert office.book.counts("shop", "sales") == (1, 0)
        office.scene.nothing_is_left()

    def test_star_ends(self) -> None:
        office = Office(0)
        call = office.dials()
        office.press(call, "*")
        assert office.playing(call) == ["welcome"]
        office.scene.nothing_is_left()


class TestPin:
    def test_a_wrong_one_three_times(self) -> None:
        office = Office(0)
        call = office.dials("")
        for wrong in ("1111", "2222", "3333"):
            office.press(call, *wrong)
        assert office.playing(call) == ["goodbye"]
        office.scene.nothing_is_left()

    def test_a_mailbox_that_the_caller_names_must_have_one(self) -> None:
        text = """
  pick: [{collect: {prompt: welcome, into: box, digits: 3, otherwise: hangup}}, {voice_mail: "{box}"}]
mailboxes: {"101": {pin: 4711}, "102": {}}
"""
        shop = centres.SHOP.replace('"601": to_desk}', '"601": to_desk, "701": pick}') + text
        scene = Scene(load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": shop}), agents=())
        for box, heard in (("101", "enter-pin"), ("102", "goodbye"), ("103", "goodbye")):
            call = scene.dial(scene.desk, "701")
            scene.run(0.3)
            for key in box:
                call.press(key, scene.world.now)
                scene.run(0.2)
            assert scene.world.engine.playing(call.remote_port) == (f"shop/{heard}.en",)
        scene.nothing_is_left()

    def test_a_mailbox_without_one_is_worth_a_warning(self) -> None:
        plan = centre(box="messages_max: 3")
        assert any("whoever dials this hears the messages" in str(warning) for warning in plan.warnings)


def test_a_file_that_is_gone_is_passed_over_and_no_longer_counted() -> None:
    office = Office(0, 0)
    office.scene.world.mail_lost.add(office.paths[0])
    call = office.dials()
    office.reaches(call, "mail-gone")
    office.reaches(call, f"mail:{office.paths[1]}")
    assert office.book.counts("shop", "sales") == (1, 0)
    office.scene.nothing_is_left()


def test_who_hangs_up_while_it_is_read_leaves_no_clip_behind() -> None:
    office = Office(0)
    call = office.dials()
    office.press(call, "6")
    office.scene.hang_up(call)
    office.scene.run(1)
    assert office.book.clips == {}
    assert office.book.reads == {}
    office.scene.nothing_is_left()


class TestLeaving:
    def leave(self, scene: Scene, seconds: float) -> PhoneCall:
        call = scene.dial(scene.carrier, "+33199000100")
        call.hang_up(scene.world.now)
        call = scene.dial(scene.anna, "702")
        scene.run(2.5 + seconds)
        if call.state is CallState.TALKING:
            scene.hang_up(call)
        scene.run(1)
        return call

    def test_it_is_new_and_listed(self) -> None:
        office = Office()
        self.leave(office.scene, 5)
        (letter,) = office.book.letters("shop", "sales")
        assert letter.new
        assert letter.duration_ms > 4_000
        office.scene.nothing_is_left()

    def test_who_says_nothing_leaves_none(self) -> None:
        office = Office()
        self.leave(office.scene, -0.5)
        assert office.book.counts("shop", "sales") == (0, 0)
        assert len(office.orders(DeleteFile)) == 1
        office.scene.nothing_is_left()

    def test_a_full_mailbox_says_so_before_the_beep(self) -> None:
        office = Office(0, 1, 2)
        call = office.scene.dial(office.scene.anna, "702")
        office.scene.run(0.5)
        assert office.playing(call) == ["mailbox-full"]
        office.scene.run(3)
        assert call.state is CallState.ENDED
        assert office.book.counts("shop", "sales") == (3, 0)
        office.scene.nothing_is_left()


def test_the_lamp_shows_the_counts_as_they_change() -> None:
    """RFC 3842: each change of the mailbox is told to the phones whose mailbox it is."""
    office = Office(0)
    scene = office.scene
    headers = (("Event", "message-summary"), ("Expires", "300"))
    lamp = scene.desk.ask("SUBSCRIBE", "", scene.world.now, headers)
    scene.world.touch()
    scene.run(0.3)

    def told() -> bytes:
        return lamp.notified[-1].body.split(b"Voice-Message: ")[1].split(b" ")[0]

    assert told() == b"1/0"
    assert b"Messages-Waiting: yes" in lamp.notified[-1].body
    TestLeaving().leave(scene, 5)
    assert told() == b"2/0"
    call = office.dials()
    office.reaches(call, "mail-menu")
    scene.run(0.3)
    assert told() == b"1/1"
    office.press(call, "3")
    assert told() == b"1/0"
    scene.nothing_is_left()


def test_delete_by_the_administrator() -> None:
    office = Office(0)
    exchange, now = office.scene.world.exchange, office.scene.world.now
    assert not exchange.delete_mail("shop/messages/sales/unknown", now)
    assert not exchange.delete_mail("shop/2026-01-01/120000-c-1", now), "a recording is no message"
    assert exchange.delete_mail(office.paths[0], now)
    office.scene.world.touch()
    assert office.orders(DeleteFile) == [DeleteFile(office.paths[0])]
    office.scene.nothing_is_left()


@pytest.mark.parametrize("broken", ["pin: 12", "pin: abcd", "messages_max: 0"])
def test_words_that_cannot_be(broken: str) -> None:
    with pytest.raises(ConfigurationError, match=broken.split(":", maxsplit=1)[0]):
        centre(box=broken)
