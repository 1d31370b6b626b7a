"""A conference of real phones: a number that asks for a PIN, who hears whom, and what is recorded of it."""

import asyncio
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from switch.cli.demo import audio
from switch.cli.demo.phones import Call
from tests.interop.phones import assert_likeness
from tests.interop.world import World, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

soundfile: Any = import_module("soundfile")

WINDOW_MS = 1_000
"""Long: of three that speak at once each has a correlation of 0.33 to 0.77 with two, strangers 0.1."""

HEARD, NOT_HEARD = 0.35, 0.2
TOGETHER_S = 6
"""The median of so many windows: in three of them a soft voice was once found with 0.33."""
USERS = ("shop-101", "shop-102", "shop-103")


def prepare_centre(dialplans: Path) -> None:
    shop = dialplans / "shop.yaml"
    text = shop.read_text().replace('  "600": to_sales', '  "600": to_sales\n  "700": team')
    step = '{name: team, pin: "1234", record: true, announce: false}'
    shop.write_text(f"{text}\n  team: [{{conference: {step}}}, hangup]\n")


def much(sound: audio.Samples, voice: audio.Samples, from_s: float, seconds: float) -> float:
    """How much of a voice is in a part of what was heard."""
    begin = int(from_s * audio.RATE_HZ)
    part = sound[begin : begin + int(seconds * audio.RATE_HZ)]
    return audio.listen(part, voice, WINDOW_MS).peak


async def test_three_phones_in_a_room(shop: World) -> None:
    clock = asyncio.get_running_loop().time
    earlier = {row["file"] for row in await recordings(shop)}
    calls: list[Call] = []
    began: list[float] = []
    for user in USERS:
        phone = await shop.phone(user)
        call = await phone.call(f"sip:700@{shop.switch.sip}")
        await call.expect("confirmed")
        began.append(clock())
        await asyncio.sleep(0.5)
        await call.dtmf("1234")
        calls.append(call)

    async def members() -> list[str]:
        return [row["conference"] for row in await shop.switch.cli("calls")]

    await until(members, ["team"] * 3, 10, "all are in the room")
    assert (await shop.switch.metrics())['softswitch_conference_members{tenant="shop"}'] == 3
    together = clock() + 0.5
    await asyncio.sleep(TOGETHER_S + 1)
    await calls[2].dtmf("*1")
    await asyncio.sleep(3)
    muted = clock()
    await asyncio.sleep(3.5)
    for call in calls:
        await call.hangup()
        await call.expect("disconnected")
    for listener, call in enumerate(calls):
        assert call.recording is not None
        sound = audio.read_wav(call.recording)
        for speaker, user in enumerate(USERS):
            voice = shop.phones.voice(user)
            first = much(sound, voice, together - began[listener], TOGETHER_S)
            then = much(sound, voice, muted - began[listener], 3)
            print(f"{USERS[listener]} hears {user}: {first:.2f}, then {then:.2f}")
            if speaker == listener:
                assert_likeness(max(first, then) < NOT_HEARD, "nobody's own voice", (first, then))
                continue
            assert_likeness(first > HEARD, user, first)
            # Who is muted is not heard.
            right = then < NOT_HEARD if speaker == 2 else then > HEARD
            assert_likeness(right, f"after the muting {user}", then)
    await recorded(shop, earlier)


async def recordings(shop: World) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await shop.switch.cli("recordings", "--limit", "50")
    return rows


async def recorded(shop: World, earlier: set[str]) -> None:
    """One channel with all three, and its last part without the one who was muted."""

    async def listed() -> list[str]:
        return [row["file"] for row in await recordings(shop) if row["file"] not in earlier]

    async def calls() -> int:
        return len(await listed())

    await until(calls, len(USERS), 10, "the record of each call names it")
    (name,) = set(await listed())
    path = shop.switch.state / "recordings" / f"{name}.wav"
    assert path.parent.name == "team"
    sound, rate = soundfile.read(path, always_2d=True)
    assert sound.shape[1] == 1
    heard = np.asarray(sound[:: rate // audio.RATE_HZ, 0])
    voices = [shop.phones.voice(user) for user in USERS]
    length = len(heard) / audio.RATE_HZ
    everybody = [audio.listen(heard, voice, WINDOW_MS).peak for voice in voices]
    last = [much(heard, voice, length - 3.5, 3) for voice in voices]
    print(f"recorded: {np.round(everybody, 2)}, at the end {np.round(last, 2)}")
    third = max(match.peak for match in audio.follow(heard, voices[2], WINDOW_MS))
    assert_likeness(third > HEARD and min(last[:2]) > HEARD and last[2] < NOT_HEARD, "all", (third, last))
