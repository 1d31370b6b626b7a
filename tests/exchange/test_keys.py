"""Keys between parties that want them in different ways: telephone events, SIP INFO, tones."""

import re

import pytest

from switch.base.clock import SECOND
from switch.dialplan.centre import load_centre
from switch.journal.events import Queued
from switch.media.commands import Command, Detector, OpenStream, SendDigits, StartDetection
from switch.sim.network import Fate
from switch.sim.phone_call import CallState, PhoneCall
from tests.sim.centres import SHOP, TRUNKS
from tests.sim.scene import CALLER, Scene
from tests.sim.scene import SHOP as SHOP_NUMBER


def scene(word: str) -> tuple[Scene, list[Command]]:
    """Ben's phone wants its keys as `word` says. Beside it, what the engine is asked for."""
    shop = SHOP.replace('"102": {name: Ben}', f'"102": {{name: Ben, dtmf: {word}}}')
    made = Scene(load_centre({"centre.yaml": TRUNKS, "shop.yaml": shop}), (), observed=False)
    commands: list[Command] = []
    submit = made.world.engine.submit

    def watched(command: Command, now: int) -> None:
        commands.append(command)
        submit(command, now)

    made.world.engine.submit = watched  # type: ignore[method-assign]  # the model is asked, and overheard
    return made, commands


def talk(made: Scene) -> tuple[PhoneCall, PhoneCall]:
    """The desk talks to Ben."""
    call = made.dial(made.desk, "102")
    made.run(8)
    assert call.state is CallState.TALKING
    return call, made.ben.calls[0]


def told(made: Scene) -> list[str]:
    """Keys in the INFOs that arrived at Ben's phone, each CSeq once, in the order of arrival."""
    keys: dict[bytes, str] = {}
    for _, datagram in made.wire.seen:
        if datagram.target == made.ben.address and datagram.data.startswith(b"INFO "):
            sequence = re.search(rb"\r\nCSeq: (\d+)", datagram.data)
            signal = re.search(rb"\r\n\r\nSignal=(.)\r\nDuration=120\r\n", datagram.data)
            assert sequence is not None
            assert signal is not None
            assert b"Content-Type: application/dtmf-relay\r\n" in datagram.data
            keys.setdefault(sequence[1], signal[1].decode())
    return list(keys.values())


def press(made: Scene, call: PhoneCall, keys: str, wait_s: float = 0.2) -> None:
    for key in keys:
        call.press(key, made.world.now)
        made.world.touch()
        made.run(wait_s)
    made.run(5)


def offered(made: Scene) -> bytes:
    """What Ben's phone was offered."""
    return next(
        datagram.data
        for _, datagram in made.wire.seen
        if datagram.target == made.ben.address and datagram.data.startswith(b"INVITE ")
    )


def test_events_become_info_for_a_phone_that_wants_it() -> None:
    made, commands = scene("info")
    caller, _ = talk(made)
    press(made, caller, "15*#A")
    assert told(made) == list("15*#A")
    assert b"telephone-event" not in offered(made)
    plans = [command.plan for command in commands if isinstance(command, OpenStream)]
    assert [(plan.dtmf_payload_type, plan.key_tones) for plan in plans] == [(None, False), (101, True)]
    assert not [command for command in commands if isinstance(command, SendDigits | StartDetection)]


@pytest.mark.parametrize("seed", range(5))
def test_keys_by_info_keep_their_order_on_a_lossy_network(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = scene("info")
    caller, called = talk(made)
    lost = [0]

    def loses(world: object, index: int, datagram: object) -> Fate:
        del world, datagram
        lost[0] += 1
        return Fate.LOST if (index * 7 + seed * 3 + lost[0]) % 3 == 0 else Fate.DELIVERED

    before = made.wire.before
    monkeypatch.setattr(made.wire, "before", lambda w, i, d: (before(w, i, d), loses(w, i, d))[1])
    press(made, caller, "0123456789", wait_s=0.05)
    made.run(30)
    assert told(made) == list("0123456789")
    assert called.state is CallState.TALKING


def test_info_becomes_events_or_tones_by_the_engine() -> None:
    made, commands = scene("info")
    _, called = talk(made)
    called.press_by_info("7", made.world.now)
    made.world.touch()
    made.run(1)
    (sent,) = (command for command in commands if isinstance(command, SendDigits))
    assert (sent.digits, sent.duration_ms) == ("7", 120)


def test_a_flow_hears_info_and_tones_alike() -> None:
    """What the menu is told does not depend on the way: a tone is told by the engine as any key is."""
    made, _ = scene("inband")
    call = made.dial(made.carrier, SHOP_NUMBER, CALLER)
    made.run(1)
    call.press_by_info("1", made.world.now)
    made.world.touch()
    made.run(2)
    assert [entry for entry in made.world.journal if isinstance(entry.event, Queued)]


def test_tones_only_are_listened_for_from_the_first_packet() -> None:
    made, commands = scene("inband")
    talk(made)
    assert b"telephone-event" not in offered(made)
    [listening] = [command for command in commands if isinstance(command, StartDetection)]
    opened = [command for command in commands if isinstance(command, OpenStream)]
    assert listening == StartDetection(opened[0].slot, Detector.KEYS)
    assert opened[0].plan.key_tones


@pytest.mark.parametrize("word", ["auto", "rfc4733"])
def test_events_need_no_ear(word: str) -> None:
    made, commands = scene(word)
    caller, _ = talk(made)
    assert b"telephone-event" in offered(made)
    press(made, caller, "5")
    assert told(made) == []
    assert not [command for command in commands if isinstance(command, SendDigits | StartDetection)]


def test_an_info_that_is_refused_does_not_end_the_talk() -> None:
    made, _ = scene("info")
    caller, called = talk(made)
    made.wire.losing = [(made.ben.address.host, "INFO")]
    press(made, caller, "12")
    made.wire.losing = []
    made.world.run(4 * SECOND)
    assert called.state is CallState.TALKING
