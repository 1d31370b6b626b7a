"""The sound that ships: waiting music and ringing tones, computed here so that it needs no licence."""

import numpy as np

from switch.base.rng import SplitMix64
from switch.node.audio import RATE, Samples

MUSIC_VERSION = 1
"""Part of the cache's key; count up when the music changes."""

_BEAT_S = 0.625
_BARS = 8
_BEATS = 4
_CHORDS = ((57, 60, 64, 67), (53, 57, 60, 64), (48, 55, 60, 64), (55, 59, 62, 67))
"""A minor seventh, F major seventh, C, G: two bars each, as MIDI notes."""

_SEED = 20_080_815
_LEVEL_RMS = 0.06
"""About -24 dBFS: below speech, so that an announcement does not startle."""

_RINGBACK: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "CA": ((440.0, 480.0), (2.0, 4.0)),
    "US": ((440.0, 480.0), (2.0, 4.0)),
    "FR": ((440.0,), (1.5, 3.5)),
    "GB": ((400.0, 450.0), (0.4, 0.2, 0.4, 2.0)),
    "BE": ((425.0,), (1.0, 3.0)),
}
"""Frequencies in Hz, and seconds of sound and silence in turn (ITU-T E.180, supplement 2)."""

_RINGBACK_ELSEWHERE = ((425.0,), (1.0, 4.0))
_TONE_LEVEL = 0.12
_BEEP_S = 0.4


def music() -> Samples:
    """Twenty seconds that join their own beginning: what rings past the end is added at the start."""
    size = int(_BARS * _BEATS * _BEAT_S * RATE)
    out = np.zeros(size)
    rng = SplitMix64(_SEED)
    for bar in range(_BARS):
        chord = _CHORDS[bar // 2]
        start_s = bar * _BEATS * _BEAT_S
        for note in chord:
            mix_in(out, start_s, _pad(note, _BEATS * _BEAT_S + 0.8))
        mix_in(out, start_s, _pluck(chord[0] - 12, 2.0) * 0.9)
        for eighth in range(_BEATS * 2):
            if eighth and rng.chance(1, 4):
                continue  # a rest now and then keeps the figure from marching
            note = chord[rng.below(len(chord))] + 12
            mix_in(out, start_s + eighth * _BEAT_S / 2, _pluck(note, 1.2) * 0.55)
    level: float = float(np.sqrt(np.mean(out * out)))
    return out * (_LEVEL_RMS / level)


def mix_in(out: Samples, start_s: float, sound: Samples) -> None:
    """Add a sound to a loop; past the end it goes on at the beginning, so that the loop has no seam."""
    at = (np.arange(len(sound)) + int(start_s * RATE)) % len(out)
    np.add.at(out, at, sound)


def _hertz(note: int) -> float:
    return float(440.0 * 2.0 ** ((note - 69) / 12.0))


def _pad(note: int, length_s: float) -> Samples:
    """A soft held note: two detuned voices that swell and fade."""
    t = np.arange(int(length_s * RATE)) / RATE
    swell = np.sin(np.pi * np.clip(t / length_s, 0.0, 1.0)) ** 0.7
    hertz = _hertz(note)
    voices = np.sin(2 * np.pi * hertz * t) + np.sin(2 * np.pi * hertz * 1.003 * t)
    sound: Samples = 0.16 * swell * (voices + 0.2 * np.sin(4 * np.pi * hertz * t))
    return sound


def _pluck(note: int, length_s: float) -> Samples:
    """A struck note: partials that die sooner the higher they are."""
    t = np.arange(int(length_s * RATE)) / RATE
    attack = np.clip(t / 0.008, 0.0, 1.0) * np.clip((length_s - t) / 0.1, 0.0, 1.0)
    hertz = _hertz(note)
    sound = np.zeros_like(t)
    for partial, strength in ((1, 1.0), (2, 0.4), (3, 0.15)):
        if hertz * partial < 3300:
            sound += strength * np.exp(-3.0 * partial * t) * np.sin(2 * np.pi * hertz * partial * t)
    return sound * attack


def beep() -> Samples:
    """After it the caller speaks: 0.4 s of 1000 Hz."""
    t = np.arange(int(_BEEP_S * RATE)) / RATE
    edge = np.clip(np.minimum(t, _BEEP_S - t) / 0.01, 0.0, 1.0)
    out: Samples = edge * np.sin(2 * np.pi * 1000 * t) * (2 * _TONE_LEVEL)
    return out


def ringback(country: str) -> Samples:
    """One period of the ringing tone of a country."""
    frequencies, cadence = _RINGBACK.get(country, _RINGBACK_ELSEWHERE)
    parts: list[Samples] = []
    for index, seconds in enumerate(cadence):
        t = np.arange(int(seconds * RATE)) / RATE
        on = 1.0 if index % 2 == 0 else 0.0
        edge = np.clip(np.minimum(t, seconds - t) / 0.005, 0.0, 1.0)
        tones = np.zeros_like(t)
        for hertz in frequencies:
            tones += np.sin(2 * np.pi * hertz * t)
        parts.append(on * edge * tones * (_TONE_LEVEL / len(frequencies)))
    return np.concatenate(parts)
