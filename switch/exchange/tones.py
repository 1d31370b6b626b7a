"""Tones of the network behind a trunk that says so (`progress_tones`): busy, unobtainable, hung up.

Such a carrier, or an analog gateway, answers or sends early audio and says by a tone what others say by a
status.

| a tone is heard | from a leg that rings, or is listened to | in a talk, from either party |
| --- | --- | --- |
| busy | as 486, where a flow or a callback goes on | the line is over; in its first seconds as 486 |
| congestion, no circuit, reorder | as 503: another gateway is tried for anybody | the same |
| other special information | as 404 or 480 | the same in its first seconds, else nothing |
| ringback, dial tone | nothing | nothing |

A person who dials hears what the network says, and decides.
"""

from switch.base.clock import SECOND
from switch.call.cause import By, Cause, Reason
from switch.call.leg import Leg
from switch.dialplan.events import Heard, ToneHeard
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.journal import room_events as journal
from switch.media.commands import Detector, StartDetection
from switch.media.events import Tone, ToneDetected

REFUSED_WITHIN_US = 10 * SECOND
"""Of the answer: a tone is what was answered with. People who talked longer have hung up."""

_BUSY = Cause(Reason.BUSY, By.PEER, 486)
_CONGESTION = Cause(Reason.CONGESTION, By.PEER, 503)
_NOT_FOUND = Cause(Reason.NOT_FOUND, By.PEER, 404)
_UNREACHABLE = Cause(Reason.UNREACHABLE, By.PEER, 480)
_HUNG_UP = Cause(Reason.NORMAL, By.PEER)

REFUSALS = frozenset({_BUSY, _CONGESTION, _NOT_FOUND, _UNREACHABLE})
"""What a talk ends with that was none. A BYE never has a status like these."""

_CAUSES = {
    Tone.BUSY: _BUSY,
    Tone.CONGESTION: _CONGESTION,
    Tone.REORDER: _CONGESTION,
    Tone.NO_CIRCUIT: _CONGESTION,
    Tone.INTERCEPT: _NOT_FOUND,
    Tone.VACANT_CODE: _NOT_FOUND,
    Tone.SPECIAL_INFORMATION: _UNREACHABLE,
}

_ENDS_A_LINE = frozenset({Tone.BUSY, Tone.CONGESTION})

_HEARD = {
    Tone.RINGBACK: Heard.RINGBACK,
    Tone.BUSY: Heard.BUSY,
    Tone.CONGESTION: Heard.BUSY,
    Tone.SPECIAL_INFORMATION: Heard.UNOBTAINABLE,
    Tone.INTERCEPT: Heard.UNOBTAINABLE,
    Tone.VACANT_CODE: Heard.UNOBTAINABLE,
    Tone.REORDER: Heard.UNOBTAINABLE,
    Tone.NO_CIRCUIT: Heard.UNOBTAINABLE,
}

WORDS = {tone: tone.name.lower().replace("_", "-") for tone in Tone}
"""For the journal."""


def listen(office: Office, leg: Leg, now: int, *, answered: bool) -> None:
    """To a leg of a trunk that says things by tones; once, however often it is asked for."""
    settings = office.parts.trunks.settings(leg.trunk)
    if settings is None or not settings.progress_tones or not leg.stream_open:
        return
    slot = leg.slot.number
    if slot not in office.toned:
        office.media([StartDetection(slot, Detector.TONES)])
    office.toned[slot] = now if answered else 0


def heard(office: Office, session: Session, leg: Leg, event: ToneDetected, now: int) -> None:
    """Nobody listens for tones but `listen` and the step `detect`."""
    office.write(journal.ToneHeard(leg.id, WORDS[event.tone]), now, session)
    asked = leg is session.call.anchor and session.asks_for_tones
    if asked:
        if event.tone in _HEARD:
            office.tell_flow(session, ToneHeard(_HEARD[event.tone]))
    elif leg.slot.number in office.toned and event.tone in _CAUSES:
        cause = _cause(office, session, leg, event.tone, now)
        if cause is not None:
            office.hang_up(leg, cause, now)


def _cause(office: Office, session: Session, leg: Leg, tone: Tone, now: int) -> Cause | None:
    """With which the leg ends; None where it goes on."""
    goes_on = session.interpreter is not None or session.callback is not None
    attempt = session.attempt_of(leg)
    if attempt is not None:
        another = bool(attempt.routes) and _CAUSES[tone] is _CONGESTION
        return _CAUSES[tone] if goes_on or another else None
    new = leg is session.call.partner and now - office.toned[leg.slot.number] <= REFUSED_WITHIN_US
    if new and goes_on:
        return _CAUSES[tone]
    return _HUNG_UP if tone in _ENDS_A_LINE else None
