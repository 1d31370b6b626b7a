"""Recordings of calls: when they begin and end, what the record keeps, what a disk's refusal leads to."""

import pytest

from switch.call.cause import Reason
from switch.dialplan.actions import RecordVerb
from switch.exchange.recordings import RecordingFailed
from switch.journal import events as journal
from switch.media.commands import Command, PauseRecording, StartRecording, StopRecording
from switch.media.events import DigitReceived, PlayFinished, RecordingEnded, RecordingReason
from switch.sip.message import Request, Uri, parse
from switch.sip.outputs import SendBytes
from tests.exchange.bench import HERE, PLAN, Bench, Phone
from tests.exchange.test_flows_of_phones import CALLER, DESK, ONE, talk

RECORDED = """
languages: [en]
numbers: {600: main}
recording: {format: opus, max_minutes: 10}
accounts: {"101": {}, "102": {record: true}, "103": {}}
flows: {main: [{dial: {extension: "102"}}, hangup]}
"""


class Studio(Bench):
    """A talk of 101 with 102, and what the engine was asked for it."""

    def __init__(self, plan: str = PLAN) -> None:
        self.media: list[Command] = []
        super().__init__(plan=plan)

    def _carry(self) -> None:
        for output in self.exchange.poll():
            if isinstance(output, SendBytes):
                self.heard.setdefault(output.flow, []).append(parse(output.data))
            elif isinstance(output, StartRecording | StopRecording | PauseRecording):
                self.media.append(output)

    def talk(self) -> str:
        caller = Phone(self, "maple-101", instance="")
        caller.register(CALLER)
        phone = Phone(self)
        phone.register(ONE, 1)
        talk(self, caller, phone, ONE)
        (call,) = self.exchange.office.sessions
        return call

    def do(self, call: str, verb: RecordVerb) -> str | None:
        refused = self.exchange.record(call, verb, self.now)
        self._carry()
        return refused

    def ends(self, reason: RecordingReason, error: int = 0, lost_ms: int = 0) -> None:
        """The engine has closed the file of the only recording."""
        (number,) = self.exchange.office.recordings
        event = RecordingEnded(0, number, reason, error, 1000, lost_ms, 32_044)
        self.exchange.media_event(event, self.now)

    def hang_up(self, call: str) -> journal.CallEnded:
        self.exchange.hang_up(call, Reason.ADMINISTRATOR, self.now)
        self._carry()
        self.run(40_000_000)
        entries = [entry.event for entry in self.exchange.office.journal.drain()]
        (ended,) = [event for event in entries if isinstance(event, journal.CallEnded)]
        return ended


@pytest.fixture
def recorded() -> Studio:
    return Studio(RECORDED)


@pytest.fixture
def plain() -> Studio:
    return Studio()


def test_an_account_that_is_recorded_is_so_from_the_talk_on(recorded: Studio) -> None:
    call = recorded.talk()
    (started,) = recorded.media
    assert isinstance(started, StartRecording)
    office = recorded.exchange.office
    assert started.slot == office.sessions[call].call.anchor.slot.number
    assert started.path.startswith("maple/1970-01-01/")
    assert call in started.path
    assert (started.format.name, started.seconds_max, started.channels) == ("OPUS", 600, 2)
    assert recorded.hang_up(call).recordings == started.path


def test_nobody_else_is(plain: Studio) -> None:
    call = plain.talk()
    assert plain.media == []
    assert plain.hang_up(call).recordings == ""


def test_the_command_line_starts_pauses_and_stops(plain: Studio) -> None:
    assert plain.do("nobody", RecordVerb.START) is None
    call = plain.talk()
    assert plain.do(call, RecordVerb.STOP) == "the call is not recorded"
    assert plain.do(call, RecordVerb.START) == ""
    assert plain.do(call, RecordVerb.START) == "", "it is recorded: nothing to do"
    assert plain.do(call, RecordVerb.PAUSE) == ""
    assert plain.do(call, RecordVerb.PAUSE) == ""
    assert plain.do(call, RecordVerb.RESUME) == ""
    assert plain.do(call, RecordVerb.STOP) == ""
    started, *paused, stopped = plain.media
    assert isinstance(started, StartRecording)
    number = started.recording
    assert paused == [PauseRecording(started.slot, number, paused) for paused in (True, False)]
    assert stopped == StopRecording(started.slot, number)
    plain.ends(RecordingReason.STOPPED)
    assert plain.do(call, RecordVerb.START) == ""
    assert len(plain.hang_up(call).recordings.split()) == 2


def test_a_disk_that_refuses_is_told_and_the_call_goes_on(recorded: Studio) -> None:
    call = recorded.talk()
    exchange = recorded.exchange
    recorded.ends(RecordingReason.FAILED, error=28)
    (notice,) = exchange.take_notices()
    assert isinstance(notice, RecordingFailed)
    assert (notice.call, notice.error) == (call, 28)
    entries = [entry.event for entry in exchange.office.journal.drain()]
    (ended,) = [event for event in entries if isinstance(event, journal.RecordingEnded)]
    assert (ended.reason, ended.error) == ("failed", 28)
    assert call in exchange.office.sessions
    assert exchange.office.sessions[call].recording is None
    assert recorded.do(call, RecordVerb.PAUSE) == "the call is not recorded"


def test_a_disk_that_is_slow_is_told_too(recorded: Studio) -> None:
    recorded.talk()
    recorded.ends(RecordingReason.STOPPED, lost_ms=250)
    (notice,) = recorded.exchange.take_notices()
    assert isinstance(notice, RecordingFailed)
    assert (notice.error, notice.lost_ms) == (0, 250)


def test_an_end_that_comes_after_the_call_is_written_to_it(recorded: Studio) -> None:
    call = recorded.talk()
    recorded.hang_up(call)
    recorded.ends(RecordingReason.CLOSED)
    (entry,) = recorded.exchange.office.journal.drain()
    assert entry.call == call
    assert isinstance(entry.event, journal.RecordingEnded)
    assert not recorded.exchange.office.recordings, "nothing of it is left"


MAILBOX = """
languages: [en]
numbers: {600: main}
accounts: {"101": {}}
flows: {main: [{take_message: {mailbox: sales, max_s: 30, silence_s: 2}}, hangup]}
"""


def test_a_message_is_taken_for_a_mailbox_and_the_flow_goes_on() -> None:
    studio = Studio(MAILBOX)
    caller = Phone(studio, "maple-101", instance="")
    caller.register(CALLER)
    caller.invite(CALLER, Uri(user="600", host=HERE.host))
    answered = studio.response(CALLER, 200)
    ack = [("Via", f"SIP/2.0/UDP {CALLER.remote};branch=z9hG4bKack"), ("CSeq", f"{answered.cseq.number} ACK")]
    ack += [(name, value) for name, value in answered.headers if name in ("From", "To", "Call-ID")]
    studio.give(Request("ACK", DESK, ack), CALLER)
    (session,) = studio.exchange.office.sessions.values()
    assert session.playing is not None
    assert session.playing.clips == ("maple/beep",)
    slot = session.call.anchor.slot.number
    studio.exchange.media_event(PlayFinished(slot, session.playing.playback, True), studio.now)
    studio._carry()
    (started,) = studio.media
    assert isinstance(started, StartRecording)
    assert started.path.startswith("maple/messages/sales/1970-01-01-")
    assert (started.channels, started.seconds_max, started.silence_ms) == (1, 30, 2000)
    studio.exchange.media_event(DigitReceived(slot, "#", 100), studio.now)
    studio._carry()
    assert studio.media[-1] == StopRecording(slot, started.recording)
    studio.ends(RecordingReason.STOPPED)
    studio._carry()
    assert "BYE" in studio.methods(CALLER), "the flow has gone on to its end"
