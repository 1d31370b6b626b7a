"""Opus through libopus (RFC 6716, RFC 7587): at every rate, with loss and with pauses."""

import ctypes
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.codecs import table
from tests.codecs.signals import best_correlation, power, speech, tone
from tests.engine.build import c_library


def resampled(samples: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    resampler = ctypes.create_string_buffer(8_192)
    c_library().resampler_init(resampler, from_hz, to_hz)
    samples = np.ascontiguousarray(samples[: len(samples) // 480 * 480])
    out = np.zeros(len(samples) * to_hz // from_hz, np.int16)
    c_library().resample(
        resampler,
        samples.ctypes.data_as(ctypes.c_void_p),
        ctypes.c_size_t(len(samples)),
        out.ctypes.data_as(ctypes.c_void_p),
    )
    return out


def packets(opus: table.Codec, said: np.ndarray, packet_ms: int = 20, **settings: int) -> list[bytes]:
    encoder = opus.encoder(**settings)
    size = opus.rate_hz * packet_ms // 1000
    return [encoder.encode(said[i : i + size]) for i in range(0, len(said) - size + 1, size)]


@pytest.mark.parametrize("rate_hz", [8000, 16000, 48000])
@pytest.mark.parametrize("packet_ms", [10, 20, 40, 60])
def test_speech_is_heard_as_it_was_said(rate_hz: int, packet_ms: int) -> None:
    opus = table.codec(table.OPUS, rate_hz)
    said = resampled(speech(1), 16_000, rate_hz)[: 2 * rate_hz]
    decoder = opus.decoder()
    heard = np.concatenate([decoder.decode(p) for p in packets(opus, said, packet_ms)])
    delay_max = rate_hz // 50
    step = rate_hz // 8000
    assert best_correlation(heard[::step], said[::step], delay_max // step) > 0.9


@pytest.mark.parametrize("encoded_at", [8000, 16000, 48000])
@pytest.mark.parametrize("decoded_at", [8000, 16000, 48000])
def test_each_rate_hears_each_other(encoded_at: int, decoded_at: int) -> None:
    said = tone(440, encoded_at, 0.5)
    sent = packets(table.codec(table.OPUS, encoded_at), said)
    listener = table.codec(table.OPUS, decoded_at)
    decoder = listener.decoder()
    parts = [decoder.decode(p) for p in sent]
    assert {len(part) for part in parts} == {decoded_at // 50}
    assert {listener.length(p) for p in sent} == {decoded_at // 50}
    spectrum = np.abs(np.fft.rfft(np.concatenate(parts)[decoded_at // 10 :]))
    frequencies = np.fft.rfftfreq(len(np.concatenate(parts)) - decoded_at // 10, 1 / decoded_at)
    assert abs(frequencies[spectrum.argmax()] - 440) < 5


def test_a_lost_packet_is_repaired_from_the_next_one() -> None:
    """RFC 7587 section 3.3: with in-band FEC and 20 % loss announced the next packet carries it again."""
    opus = table.codec(table.OPUS, 16000)
    said = speech(0)[: 16_000 * 4]
    likeness = {}
    for correct in (False, True):
        sent = packets(opus, said, correct=correct, loss_percent=20, bitrate=32_000)
        whole, broken = opus.decoder(), opus.decoder()
        expected, heard = [], []
        for i, payload in enumerate(sent):
            reference = whole.decode(payload)
            if i % 10 == 5:
                expected.append(reference)
                heard.append(broken.conceal(320, sent[i + 1] if correct else None))
            else:
                broken.decode(payload)
        likeness[correct] = float(np.corrcoef(np.concatenate(heard), np.concatenate(expected))[0, 1])
    assert likeness[True] > 0.85
    assert likeness[True] > likeness[False] + 0.1


def test_correction_is_sent_as_soon_as_packets_are_lost_and_not_before() -> None:
    """The second copy costs what else would make the sound better; a peer that asked for none gets none."""
    opus = table.codec(table.OPUS, 16000)
    said = speech(0)[: 16_000 * 4]

    def repaired(loss_percent: int, correct: bool) -> float:
        encoder = opus.encoder(correct=correct)
        encoder.adapt(loss_percent)
        sent = [encoder.encode(said[i : i + 320]) for i in range(0, len(said), 320)]
        whole, broken = opus.decoder(), opus.decoder()
        expected, heard = [], []
        for i, payload in enumerate(sent):
            reference = whole.decode(payload)
            if i % 10 == 5:
                expected.append(reference)
                heard.append(broken.conceal(320, sent[i + 1]))
            else:
                broken.decode(payload)
        return float(np.corrcoef(np.concatenate(heard), np.concatenate(expected))[0, 1])

    assert repaired(3, correct=True) > 0.8
    assert repaired(0, correct=True) == repaired(3, correct=False) < 0.7


def test_a_gap_longer_than_the_next_packet_is_filled_whole() -> None:
    opus = table.codec(table.OPUS, 16000)
    sent = packets(opus, speech(0)[: 16_000 * 2], correct=True, loss_percent=20)
    decoder = opus.decoder()
    for payload in sent[:50]:
        decoder.decode(payload)
    assert len(decoder.conceal(960, sent[53])) == 960
    assert len(decoder.decode(sent[53])) == 320


def test_a_malformed_next_packet_does_not_spoil_the_gap() -> None:
    opus = table.codec(table.OPUS, 16000)
    sent = packets(opus, tone(200, 16_000, 1))
    decoder = opus.decoder()
    for payload in sent:
        decoder.decode(payload)
    assert power(decoder.conceal(320, b"\xff\xff\xff")) > 0


def test_dtx_sends_nothing_in_silence_and_goes_on_with_speech() -> None:
    """RFC 7587 section 3.1.3; the encoder still refreshes the noise every 400 ms."""
    opus = table.codec(table.OPUS, 16000)
    noise = np.random.default_rng(1).normal(0, 3, 16_000 * 3).astype(np.int16)
    said = np.concatenate([speech(1)[:32_000], noise, speech(1)[:32_000]])
    sent = packets(opus, said, pause=True)
    in_silence = sent[130:245]
    assert sum(payload == b"" for payload in in_silence) > len(in_silence) * 0.8
    assert sum(payload == b"" for payload in sent[255:]) < 20
    assert all(packets(opus, said))


def test_bitrate_follows_maxaveragebitrate() -> None:
    opus = table.codec(table.OPUS, 48000)
    said = resampled(speech(0), 16_000, 48_000)
    sizes = {rate: sum(map(len, packets(opus, said, bitrate=rate))) for rate in (8_000, 16_000, 32_000)}
    seconds = len(said) / 48_000
    for rate, size in sizes.items():
        assert size * 8 / seconds < rate * 1.25
    assert sizes[8_000] < sizes[16_000] < sizes[32_000]
    limited = sum(map(len, packets(opus, said, bitrate=32_000, bitrate_max=16_000)))
    assert limited == sizes[16_000]
    assert sum(map(len, packets(opus, said, bitrate=16_000, bitrate_max=32_000))) == sizes[16_000]


@pytest.mark.parametrize(
    ("playback_hz", "band"), [(8_000, 0), (12_000, 1), (16_000, 2), (24_000, 3), (48_000, 4)]
)
def test_bandwidth_follows_maxplaybackrate(playback_hz: int, band: int) -> None:
    """RFC 6716 section 3.1: the configuration number in the first byte tells the band."""
    opus = table.codec(table.OPUS, 48000)
    noise = np.random.default_rng(2).normal(0, 4_000, 48_000).astype(np.int16)
    sent = packets(opus, noise, playback_rate_hz=playback_hz, bitrate=64_000)
    assert max(bandwidth(payload) for payload in sent) <= band


def bandwidth(payload: bytes) -> int:
    """0 narrow (4 kHz) to 4 full (20 kHz), by table 2 of RFC 6716."""
    configuration = payload[0] >> 3
    if configuration < 12:
        return configuration // 4
    if configuration < 16:
        return 3 + (configuration - 12) // 2
    return (0, 2, 3, 4)[(configuration - 16) // 4]


def test_nothing_and_nonsense_are_refused() -> None:
    opus = table.codec(table.OPUS, 48000)
    decoder = opus.decoder()
    assert opus.length(b"") == 0
    assert len(decoder.decode(b"")) == 0
    # RFC 6716 section 3.2.5: code 3 with no count, with 0 frames, and with more than 120 ms of them.
    for payload in (b"\x03", b"\x03\x00", b"\x1b\x3f" + bytes(100)):
        assert len(decoder.decode(payload)) == 0


def test_without_the_library_there_is_no_opus_and_the_rest_is_there() -> None:
    """In a process of its own, because a library once found stays."""
    program = (
        "import ctypes\n"
        "from tests.engine.build import c_library\n"
        "from tests.codecs import table\n"
        "c_library().opus_load.restype = ctypes.c_char_p\n"
        "reason = c_library().opus_load(b'libopus-that-is-not-here.so.0')\n"
        "assert b'libopus-that-is-not-here' in reason, reason\n"
        "assert c_library().opus_load(b'libc.so.6').startswith(b'it is no libopus')\n"
        "assert table.find(table.OPUS) is None and table.find(table.OPUS, 8000) is None\n"
        "assert table.find(table.G722) is not None\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
