"""What is heard in a stream, over the wire and in real time; the detectors themselves: tests/codecs."""

import numpy as np
import pytest

from switch.media.commands import (
    Bridge,
    Detector,
    OpenStream,
    SendDigits,
    StartDetection,
    StopDetection,
    UpdateStream,
)
from switch.media.events import (
    AnswerClassified,
    Answerer,
    AnswerReason,
    BeepDetected,
    ClippingDetected,
    DigitReceived,
    SpeechStarted,
    SpeechStopped,
    Tone,
    ToneDetected,
)
from switch.media.plan import Codec
from switch.rtp import KeyDetector
from tests.codecs.sounds import Sound, decoded, encoded, silence, sine
from tests.engine.bench import Bench, Peer

KEY_5 = sine(770, 100) + sine(1336, 100)
KEY_9 = sine(852, 100) + sine(1477, 100)


def speak(bench: Bench, *sounds: tuple[Peer, Sound]) -> None:
    """All peers at once, in packets of 20 ms when they are due; those that end early say nothing more."""
    coded = [(peer, encoded("ulaw", sound)) for peer, sound in sounds]
    for number in range(max(len(codes) for _, codes in coded) // 160):
        for peer, codes in coded:
            if len(codes) >= 160 * (number + 1):
                peer.send(codes[160 * number : 160 * (number + 1)])
        bench.wait(20)
    bench.wait(100)
    bench.poll()


def digits(bench: Bench, slot: int) -> str:
    return "".join(e.digit for e in bench.events if isinstance(e, DigitReceived) and e.slot == slot)


def test_keys_as_tones_are_told_and_go_on_as_events(bench: Bench) -> None:
    """From a phone that sends no events to one that takes them: each key once, and not all of it as sound."""
    left, right = bench.open(0, dtmf_payload_type=None), bench.open(1)
    bench.submit(Bridge(0, 1), StartDetection(0, Detector.KEYS))
    speak(bench, (left, np.concatenate([silence(200), KEY_5, silence(100), KEY_9, silence(500)])))
    assert digits(bench, 0) == "59"
    heard = KeyDetector()
    packets = right.receive_all(0.1)
    assert [press.key for packet in packets for press in heard.receive(packet, 0)] == ["5", "9"]
    sound = decoded("ulaw", b"".join(packet.payload for packet in packets if packet.payload_type == 0))
    # 200 ms were sent. What is relayed before the tone is known to be one cannot be taken back.
    assert np.count_nonzero(np.abs(sound) > 1000) < 0.85 * np.count_nonzero(np.abs(KEY_5) > 1000) * 2


def test_nothing_is_heard_before_it_is_asked_for_and_after_it_is_stopped(bench: Bench) -> None:
    peer = bench.open(0, dtmf_payload_type=None)
    speak(bench, (peer, np.concatenate([KEY_5, silence(100)])))
    bench.submit(StartDetection(0, Detector.KEYS | Detector.TONES))
    bench.submit(StopDetection(0, Detector.TONES))
    speak(bench, (peer, np.concatenate([silence(200), KEY_9, silence(200)])))
    bench.submit(StopDetection(0, Detector.KEYS), StopDetection(0, Detector.VOICE))
    speak(bench, (peer, np.concatenate([KEY_5, silence(100)])))
    assert digits(bench, 0) == "9"


def test_a_stream_on_hold_is_silent_to_detectors(bench: Bench) -> None:
    peer = bench.open(0, dtmf_payload_type=None)
    bench.submit(StartDetection(0, Detector.KEYS))
    bench.submit(UpdateStream(0, bench.plan(peer, dtmf_payload_type=None, receives=False)))
    speak(bench, (peer, np.concatenate([silence(200), KEY_5, silence(200)])))
    assert digits(bench, 0) == ""


@pytest.mark.parametrize("codec", [Codec.PCMA, Codec.G722])
def test_tones_that_we_make_are_heard_in_every_codec(bench: Bench, codec: Codec) -> None:
    """Two of our own streams that call each other over the wire: mouth, packets, ear, resampler, detector."""
    peer = bench.open(0)
    ports = [slot.port for slot in bench.engine.slots]
    for slot, other in ((2, 3), (3, 2)):
        plan = bench.plan(peer, codec, remote_port=ports[other], dtmf_payload_type=None)
        bench.submit(OpenStream(slot, plan))
    bench.submit(StartDetection(3, Detector.KEYS), SendDigits(2, "042#D"))
    bench.wait(1400)
    bench.poll()
    assert digits(bench, 3) == "042#D"


def test_keys_are_not_made_into_tones_where_the_plan_says_so(bench: Bench) -> None:
    """A peer that gets its keys by INFO."""
    left = bench.open(0)
    right = bench.open(1, dtmf_payload_type=None, key_tones=False)
    bench.submit(Bridge(0, 1), StartDetection(1, Detector.VOICE))
    for _ in range(3):
        left.send_key(5, 1000, 800, end=True)
    assert right.receive_all(0.2) == []
    bench.poll()
    assert digits(bench, 0) == "5"


def test_every_detector_tells_what_it_hears(bench: Bench) -> None:
    peers = [bench.open(slot, dtmf_payload_type=None) for slot in range(4)]
    bench.submit(
        StartDetection(0, Detector.TONES),
        StartDetection(1, Detector.VOICE | Detector.MACHINE, silence_ms=300),
        StartDetection(2, Detector.BEEP),
        StartDetection(3, Detector.CLIPPING),
    )
    busy = np.concatenate([np.concatenate([sine(425, 250, -15), silence(250)]) for _ in range(5)])
    voice = sum((sine(150 * n, 500, -15 - 3 * n, n) for n in range(1, 9)), start=silence(500))
    loud = sum((sine(150 * n, 2500, -3, n) for n in range(1, 9)), start=silence(2500))
    speak(
        bench,
        (peers[0], busy),
        (peers[1], np.concatenate([silence(400), voice, silence(1500)])),
        (peers[2], np.concatenate([silence(300), sine(1000, 300, -20), silence(300)])),
        (peers[3], np.clip(loud, -15000, 15000)),
    )
    assert [e for e in bench.events if isinstance(e, ToneDetected)] == [
        ToneDetected(0, Tone.CONGESTION, (425,))
    ]
    assert [e for e in bench.events if isinstance(e, SpeechStarted | SpeechStopped)] == [
        SpeechStarted(1),
        SpeechStopped(1),
    ]
    [answer] = [e for e in bench.events if isinstance(e, AnswerClassified)]
    assert (answer.slot, answer.answerer, answer.reason) == (1, Answerer.HUMAN, AnswerReason.SHORT_GREETING)
    assert answer.words == 1
    assert 400 <= answer.greeting_ms <= 650
    assert 50 <= answer.confidence <= 100
    [beep] = [e for e in bench.events if isinstance(e, BeepDetected)]
    assert abs(beep.hertz - 1000) <= 5
    assert abs(beep.duration_ms - 300) <= 30
    [clipping] = [e for e in bench.events if isinstance(e, ClippingDetected)]
    assert (clipping.slot, clipping.share_thousandths > 50) == (3, True)


def test_who_answers_is_not_judged_by_the_tones_of_a_network(bench: Bench) -> None:
    """A second of ringing and four of silence is a person to whoever listens for who answered alone."""
    peers = [bench.open(slot, dtmf_payload_type=None) for slot in range(3)]
    both = Detector.TONES | Detector.MACHINE
    bench.submit(StartDetection(0, Detector.MACHINE), StartDetection(1, both), StartDetection(2, both))
    ring = np.concatenate([silence(200), sine(425, 1000, -15), silence(2500)])
    voice = sum((sine(150 * n, 500, -15 - 3 * n, n) for n in range(1, 9)), start=silence(500))
    speak(bench, (peers[0], ring), (peers[1], ring), (peers[2], np.concatenate([ring, voice, silence(1500)])))
    answers = {e.slot: e for e in bench.events if isinstance(e, AnswerClassified)}
    assert sorted(answers) == [0, 2]
    assert answers[0].answerer == Answerer.HUMAN, "the reason why tones are listened for as well"
    assert (answers[2].answerer, answers[2].words) == (Answerer.HUMAN, 1)
    assert 400 <= answers[2].greeting_ms <= 650, "of the voice alone"
    rings = [ToneDetected(slot, Tone.RINGBACK, (425,)) for slot in (1, 2)]
    assert sorted((e for e in bench.events if isinstance(e, ToneDetected)), key=lambda e: e.slot) == rings
