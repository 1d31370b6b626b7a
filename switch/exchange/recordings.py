"""Recordings of calls: when they begin and end, what they are called, what became of them.

A recording belongs to the call's anchor: left is what it says, right what it hears. Whoever the anchor talks
to next is in the same file; where the anchor itself is replaced the recording goes over to whoever is there.

| it begins by | it ends with |
| --- | --- |
| `record: true` of a queue, a dial step, an account | the talk, unless a transfer takes the anchor on |
| the step `record: start`, the command line, the API | `stop`, or the call |
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from switch.call.leg import Leg
from switch.dialplan.actions import RecordVerb
from switch.dialplan.events import MessageTaken
from switch.exchange import mail
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.journal import events as journal
from switch.media.commands import (
    Detector,
    MoveRecording,
    PauseRecording,
    SoundFormat,
    StartDetection,
    StartRecording,
    StopDetection,
    StopRecording,
)
from switch.media.events import RecordingEnded, RecordingReason

PATHS_MAX = 20
"""Of one call, in its record; who starts and stops more often finds the others in the journal."""


@dataclass(slots=True)
class Recording:
    """One that runs. `slot` is the stream's that the engine records; `for_talk`: it ends with the talk."""

    number: int
    path: str
    slot: int
    for_talk: bool
    paused: bool = False
    message: bool = False
    """Of a mailbox: the flow waits for its end."""


@dataclass(frozen=True, slots=True)
class RecordingFailed:
    """A disk refused: for the operator. `error` is an errno."""

    tenant: str
    call: str
    path: str
    error: int
    lost_ms: int


def wanted(office: Office, session: Session, leg: Leg) -> bool:
    """Whether the talk of the anchor with `leg` is recorded without anybody asking now."""
    if session.record_talk:
        return True
    accounts = office.tenancy(session).plan.accounts
    for party in (session.call.anchor, leg):
        account = accounts.get(party.account)
        if account is not None and account.record:
            return True
    return False


def command(office: Office, session: Session, verb: RecordVerb, now: int) -> str:
    """Carry out; empty where that is done, else why not, in words."""
    recording = session.recording
    if verb is RecordVerb.START:
        if recording is not None:
            recording.for_talk = False
            return "" if not recording.paused else command(office, session, RecordVerb.RESUME, now)
        if not session.call.anchor.stream_open:
            return "nothing is heard of the call yet"
        start(office, session, now, for_talk=False)
        return ""
    if recording is None:
        return "the call is not recorded"
    if verb is RecordVerb.STOP:
        stop(office, session)
        return ""
    paused = verb is RecordVerb.PAUSE
    if recording.paused != paused:
        recording.paused = paused
        office.media([PauseRecording(recording.slot, recording.number, paused)])
        office.write(journal.RecordingPaused(recording.path, paused), now, session)
    return ""


def start(office: Office, session: Session, now: int, *, for_talk: bool) -> None:
    """Into a new file of the tenant's and the day's."""
    plan = office.tenancy(session).plan.recording
    sound = SoundFormat.OPUS if plan.opus else SoundFormat.WAV
    number, path = _next(office, session, "{:%Y-%m-%d/%H%M%S}", now)
    slot = session.call.anchor.slot.number
    session.recording = Recording(number, path, slot, for_talk)
    office.media([StartRecording(slot, number, path, sound, seconds_max=plan.seconds_max)])


def take_message(
    office: Office, session: Session, mailbox: str, seconds_max: int, silence_ms: int, now: int
) -> None:
    """What the anchor says, alone; a recording of the call ends before it."""
    stop(office, session)
    plan = office.tenancy(session).plan.recording
    sound = SoundFormat.OPUS if plan.opus else SoundFormat.WAV
    number, path = _next(office, session, f"{mail.FOLDER}/{mailbox}/{{:%Y-%m-%d-%H%M%S}}", now)
    slot = session.call.anchor.slot.number
    session.recording = Recording(number, path, slot, for_talk=False, message=True)
    office.media(
        [StartRecording(slot, number, path, sound, 0, 1, seconds_max=seconds_max, silence_ms=silence_ms)]
    )


def take_name(office: Office, session: Session) -> None:
    """What the anchor says, for a moment. It is no recording of the call: neither its record nor the journal
    has it, and the file is deleted as soon as it was read."""
    office.recordings_begun += 1
    number = office.recordings_begun
    path = f"{session.tenant}/{mail.NAMES}/{session.call.id}-{number}"
    office.recordings[number] = session.tenant, session.call.id, path
    slot = session.call.anchor.slot.number
    session.recording = Recording(number, path, slot, for_talk=False, message=True)
    terms = mail.NAME_S_MAX, mail.NAME_SILENCE_MS
    office.media([StartRecording(slot, number, path, SoundFormat.WAV, 8000, 1, *terms)])


def _next(office: Office, session: Session, form: str, now: int) -> tuple[int, str]:
    """Number and path of the next recording, which is noted in the journal and the call's record."""
    moment = datetime.fromtimestamp(office.journal.wall(now) // 1_000_000, UTC)
    return next_file(office, session, form.format(moment), now)


def next_file(office: Office, session: Session, stem: str, now: int) -> tuple[int, str]:
    """The same, below the tenant's folder; what makes it unique is put behind `stem`."""
    office.recordings_begun += 1
    number = office.recordings_begun
    path = f"{session.tenant}/{stem}-{session.call.id}-{number}"
    office.recordings[number] = session.tenant, session.call.id, path
    office.write(journal.RecordingStarted(path), now, session)
    note(session, path)
    return number, path


def note(session: Session, path: str) -> None:
    """In the call's record."""
    record = session.call.record
    if len(record.recordings) < PATHS_MAX and path not in record.recordings:
        record.recordings = (*record.recordings, path)


def stop(office: Office, session: Session) -> None:
    """Harmless where nothing is recorded; `ended` follows."""
    recording = session.recording
    if recording is None:
        return
    if not recording.message:  # the flow waits to hear of a message's end
        session.recording = None
    office.media([StopRecording(recording.slot, recording.number)])


def talk_begins(office: Office, session: Session, leg: Leg, now: int) -> None:
    """The anchor and `leg` are bridged."""
    follow(office, session)
    if session.recording is None and wanted(office, session, leg):
        start(office, session, now, for_talk=True)
        # Both are decoded for the file: whether they come through whole costs next to nothing.
        parties = session.call.anchor.slot.number, leg.slot.number
        office.media([StartDetection(slot, Detector.CLIPPING) for slot in parties])


def talk_over(office: Office, session: Session) -> None:
    """The talk has ended and the anchor goes on to something else."""
    session.record_talk = False
    if session.recording is not None and session.recording.for_talk:
        stop(office, session)
        office.media([StopDetection(session.call.anchor.slot.number, Detector.CLIPPING)])


def follow(office: Office, session: Session) -> None:
    """Somebody else may have become the anchor."""
    recording, slot = session.recording, session.call.anchor.slot.number
    if recording is not None and recording.slot != slot:
        office.media([MoveRecording(recording.slot, slot)])
        recording.slot = slot


def ended(office: Office, event: RecordingEnded, now: int) -> None:
    """The engine has closed the file, or could not write it. The call may be over since."""
    told = office.recordings.pop(event.recording, None)
    if told is None:
        return
    tenant, call, path = told
    if mail.is_name(path):
        _name_ended(office, call, path, event)
        return
    reason = event.reason.name.lower()
    entry = journal.RecordingEnded(path, reason, event.error, event.duration_ms, event.lost_ms, event.bytes)
    office.journal.write(entry, now, tenant=tenant, call=call)
    if mail.is_message(path):
        mail.arrived(office, path, event.duration_ms, now)
    session = office.sessions.get(call)
    if session is not None and session.recording is not None and session.recording.number == event.recording:
        if session.recording.message:
            office.tell_flow(session, MessageTaken(event.duration_ms, reason))
        session.recording = None
    if event.reason is RecordingReason.FAILED or event.lost_ms:
        office.notices.append(RecordingFailed(tenant, call, path, event.error, event.lost_ms))


def _name_ended(office: Office, call: str, path: str, event: RecordingEnded) -> None:
    session = office.sessions.get(call)
    recording = None if session is None else session.recording
    if session is not None and recording is not None and recording.number == event.recording:
        session.recording = None
    quiet_ms = mail.NAME_SILENCE_MS if event.reason is RecordingReason.SILENCE else 0
    said = event.reason is not RecordingReason.FAILED and event.duration_ms - quiet_ms >= mail.NAME_MS_MIN
    mail.name_said(office, session, path, said=said)
