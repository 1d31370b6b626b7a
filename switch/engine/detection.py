"""Detection in the C half's numbers, and back."""

from switch.media.commands import AnswerSettings
from switch.media.events import (
    AnswerClassified,
    Answerer,
    AnswerReason,
    BeepDetected,
    ClippingDetected,
    Event,
    SpeechStarted,
    SpeechStopped,
    Tone,
    ToneDetected,
)

TONE, SPEECH, ANSWER, BEEP, CLIPPING = range(6, 11)
"""Of `enum event_kind` in values.h."""

RawSettings = tuple[int, int, int, int, int, int, int, int]


def raw_settings(answers: AnswerSettings) -> RawSettings:
    """In the order of `struct amd_settings`. Times are at most a minute, words at most 255."""
    raw = (
        answers.initial_silence_ms,
        answers.greeting_ms,
        answers.after_greeting_silence_ms,
        answers.total_analysis_ms,
        answers.min_word_ms,
        answers.between_words_silence_ms,
        answers.word_max_ms,
        answers.words_max,
    )
    assert all(0 < value <= 60_000 for value in raw), "settings of answers are times of up to a minute"
    assert answers.words_max < 256, "a person says few words"
    return raw


def detected(raw: tuple[int, ...]) -> Event:
    """What a detector told."""
    kind, slot = raw[0], raw[1]
    if kind == TONE:
        return ToneDetected(slot, Tone(raw[2]), tuple([hertz for hertz in raw[3:5] if hertz]))
    if kind == SPEECH:
        return SpeechStarted(slot) if raw[2] else SpeechStopped(slot)
    if kind == ANSWER:
        return AnswerClassified(slot, Answerer(raw[2]), AnswerReason(raw[3]), *raw[4:7])
    if kind == BEEP:
        return BeepDetected(slot, raw[2], raw[3])
    assert kind == CLIPPING, f"events of kind {kind} are none that we know"
    return ClippingDetected(slot, raw[2])
