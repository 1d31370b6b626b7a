"""What the engine hears of a leg goes to whoever asked: the attempt that it answered, the anchor's flow."""

from switch.call.leg import Leg
from switch.dialplan.actions import Listen, StopListening
from switch.dialplan.events import AnswerHeard, BeepHeard, FellSilent, Who
from switch.exchange import ringing
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.journal import room_events as journal
from switch.media.commands import AnswerSettings, Detector, StartDetection, StopDetection
from switch.media.events import AnswerClassified, Answerer, AnswerReason, BeepDetected, SpeechStopped

SILENCE_MS = 3_000
"""Behind a greeting, without a beep: longer than people and machines pause between sentences."""

_ALL = Detector.MACHINE | Detector.BEEP | Detector.VOICE

_WHO = {Answerer.HUMAN: Who.HUMAN, Answerer.MACHINE: Who.MACHINE, Answerer.NOT_SURE: Who.UNKNOWN}

_REASON = {
    AnswerReason.SHORT_GREETING: "a short greeting, then silence",
    AnswerReason.INITIAL_SILENCE: "nobody spoke",
    AnswerReason.WORDS: "many words",
    AnswerReason.LONG_WORD: "a long word",
    AnswerReason.LONG_GREETING: "a long greeting",
    AnswerReason.TOO_LONG: "the time was over",
}


def listen(office: Office, session: Session, action: Listen, now: int) -> None:
    """To the anchor, for its flow."""
    del now
    anchor = session.call.anchor
    if not anchor.stream_open:
        office.tell_flow(session, AnswerHeard(Who.UNKNOWN, 0, "no audio"))
        return
    settings = AnswerSettings(total_analysis_ms=action.terms.wait_ms)
    wanted = _ALL
    if action.tones:
        session.asks_for_tones = True
        wanted |= Detector.TONES
    office.media([StartDetection(anchor.slot.number, wanted, SILENCE_MS, settings)])


def stop(office: Office, session: Session, action: StopListening, now: int) -> None:
    del action, now
    anchor = session.call.anchor
    unwanted = _ALL
    if session.asks_for_tones:
        session.asks_for_tones = False
        if anchor.slot.number not in office.toned:
            unwanted |= Detector.TONES
    if anchor.stream_open:
        office.media([StopDetection(anchor.slot.number, unwanted)])


def heard(
    office: Office,
    session: Session,
    leg: Leg,
    event: AnswerClassified | BeepDetected | SpeechStopped,
    now: int,
) -> None:
    """Nobody else has these detectors begun: keys are heard by another."""
    if isinstance(event, AnswerClassified):
        _answer(office, session, leg, event, now)
    elif leg is session.call.anchor:
        office.tell_flow(session, BeepHeard() if isinstance(event, BeepDetected) else FellSilent())


def _answer(office: Office, session: Session, leg: Leg, event: AnswerClassified, now: int) -> None:
    who, reason = _WHO[event.answerer], _REASON[event.reason]
    entry = journal.AnswerHeard(leg.id, who, event.confidence, reason, event.greeting_ms, event.words)
    office.write(entry, now, session)
    attempt = session.attempt_of(leg)
    if attempt is None:
        if leg is session.call.anchor:
            office.tell_flow(session, AnswerHeard(who, event.confidence, reason))
    elif attempt.winner is leg and attempt.answers is not None:
        machine = who is Who.MACHINE and event.confidence >= attempt.answers.confidence
        ringing.heard(office, session, attempt, leg, now, machine=machine)
