"""Phones with a voice each, and the proof of who heard whom."""

import asyncio
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from switch.cli.demo import audio
from switch.cli.demo.phones import Call, Phone, PhoneConfig

# Measured over loopback: 0.9999 for the right signal in G.711, 0.1 for another one.
PEAK_MIN = 0.9
PEAK_OTHER_MAX = 0.4

TALK_S_MAX = 20.0
WAV_HEADER_BYTES = 44


def assert_contains(
    heard: audio.Samples,
    voice: audio.Samples,
    windows_min: int = 1,
    what: str = "the recording",
    peak_min: float = PEAK_MIN,
) -> None:
    """So many half seconds of what was heard are that voice, whatever the others are.

    A strange voice is not taken for it in a single one. These words of a failure, and those of
    `assert_likeness`, are what `make test` runs a test again for.
    """
    matches = audio.follow(heard, voice)
    good = sum(match.peak > peak_min for match in matches)
    assert good >= windows_min, f"{what} does not contain {windows_min} windows of the voice: {matches}"


def assert_likeness(right: bool, what: str, seen: object) -> None:
    """A comparison of sounds of another kind."""
    assert right, f"{what} was not heard in {seen}"


class Phones:
    """Starts phones that each speak with a voice of their own and record what they hear; ends them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: list[Phone] = []

    def voice(self, user: str) -> audio.Samples:
        """What the phone of that user plays in a loop, from the answer on."""
        return audio.speech(zlib.crc32(user.encode()))

    async def start(self, user: str, **config: Any) -> Phone:
        """Start a phone; `config` overrides fields of PhoneConfig, but for `prefix`: a command to run it."""
        prefix: tuple[str, ...] = config.pop("prefix", ())
        spoken = self.folder / f"{user}-speaks.wav"
        if not spoken.exists():
            audio.write_wav(spoken, self.voice(user))
        files = {"play": str(spoken), "record": str(self.folder / f"{user}-heard-{{call}}.wav")}
        phone = await Phone.start(PhoneConfig(user=user, **(files | config)), self.folder, prefix)
        self._running.append(phone)
        return phone

    def hears(self, call: Call, speaker: str) -> audio.Match:
        """How well an ended call's recording contains a user's voice."""
        assert call.recording is not None
        return audio.listen(audio.read_wav(call.recording), self.voice(speaker))

    def assert_heard(self, call: Call, speaker: str, windows_min: int = 1) -> None:
        """The recording of an ended call contains that user's voice."""
        assert call.recording is not None
        assert_contains(audio.read_wav(call.recording), self.voice(speaker), windows_min, f"{call.recording}")

    async def until_heard(self, call: Call, speaker: str, windows_min: int) -> None:
        """Let a call go on until its recording so far has that much of a voice: on a machine that stalls a
        few seconds of talk are not enough. What it has at its end is asserted afterwards."""
        assert call.recording is not None
        end = asyncio.get_running_loop().time() + TALK_S_MAX
        while asyncio.get_running_loop().time() < end:
            sound = call.recording.read_bytes()[WAV_HEADER_BYTES:] if call.recording.exists() else b""
            heard = np.frombuffer(sound[: len(sound) // 2 * 2], "<i2") / 32_768
            good = sum(match.peak > PEAK_MIN for match in audio.follow(heard, self.voice(speaker)))
            if good >= windows_min or self._ended(call):
                return
            await asyncio.sleep(0.25)

    @staticmethod
    def _ended(call: Call) -> bool:
        return call.phone.saw("disconnected", call.number)

    async def stop(self) -> None:
        """End every phone, whatever its test did."""
        running, self._running = self._running, []
        await asyncio.gather(*(phone.stop() for phone in running))
