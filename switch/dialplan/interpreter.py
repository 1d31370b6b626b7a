"""Runs one call through its tenant's program: events in, actions out, never a failure and never a spin.

An instruction is either instant (a branch, a setting) or an activity that waits for events. After each
event the interpreter has ended or waits in an activity. Events that nobody waits for are ignored:
they are late, repeated, or meant for what is over.
"""

from dataclasses import dataclass
from typing import Protocol

from switch.base.values import quick
from switch.dialplan import program as p
from switch.dialplan.actions import Action, AgentCommand, Answer, Dial, Hangup, Record, RecordVerb, Reject
from switch.dialplan.conferring import Conferring
from switch.dialplan.detecting import Detecting
from switch.dialplan.events import (
    AgentCommandDone,
    Answered,
    DialEnded,
    DialOutcome,
    DigitPressed,
    Event,
    PlayEnded,
    Started,
    Wake,
)
from switch.dialplan.gather import Gather
from switch.dialplan.hours import is_open
from switch.dialplan.mailbox import MailSession
from switch.dialplan.messaging import Messaging
from switch.dialplan.offering import Offering
from switch.dialplan.phrases import AGENT_MESSAGES
from switch.dialplan.plan import TenantPlan
from switch.dialplan.session import DIGITS_KEPT_MAX, Session
from switch.dialplan.waiting import Waiting
from switch.dialplan.watching import Watching

STEPS_PER_EVENT_MAX = 1000
"""Instant steps after one event. The checker refuses plans that spin; this holds if it missed one."""

STEPS_PER_CALL_MAX = 100_000
"""Steps of one call: a plan whose prompts cannot be played would else go round as fast as they fail."""

_AUDIBLE = (
    p.PlayPrompts,
    p.Menu,
    p.CollectDigits,
    p.WaitInQueue,
    p.OfferCallback,
    p.CommandAgent,
    p.Farewell,
    p.TellRecording,
    p.RecordCall,
    p.LeaveMessage,
    p.DetectAnswer,
    p.HearMailbox,
    p.Confer,
    p.SuperviseTalk,
)
"""What is done to an answered call."""


class Activity(Protocol):
    """An instruction that waits. Both methods give the next address, or None to go on waiting."""

    def start(self, now: int) -> int | None: ...

    def handle(self, event: Event, now: int) -> int | None: ...


@dataclass(slots=True)
class _Answering:
    """Waits for the answer, then runs `address` (itself again, where it needed audio)."""

    session: Session
    address: int

    def start(self, now: int) -> int | None:
        del now
        if self.session.answered:
            return self.address
        self.session.out.append(Answer())
        return None

    def handle(self, event: Event, now: int) -> int | None:
        del now
        return self.address if isinstance(event, Answered) else None


@dataclass(slots=True)
class _Playing:
    """Keys pressed meanwhile are kept for the menu that follows."""

    session: Session
    prompts: tuple[str, ...]
    address: int
    speed_percent: int = 100
    volume_db: int = 0

    def start(self, now: int) -> int | None:
        del now
        heard = self.session.play(self.prompts, speed_percent=self.speed_percent, volume_db=self.volume_db)
        return None if heard else self.address

    def handle(self, event: Event, now: int) -> int | None:
        del now
        if isinstance(event, DigitPressed) and len(self.session.digits) < DIGITS_KEPT_MAX:
            self.session.digits += event.digit
        return self.address if isinstance(event, PlayEnded) else None


@dataclass(slots=True)
class _Resting:
    session: Session
    step: p.Rest

    def start(self, now: int) -> int | None:
        self.session.wake(now + self.step.duration_us)
        return None

    def handle(self, event: Event, now: int) -> int | None:
        return self.step.next if isinstance(event, Wake) and self.session.due(now) else None


@quick
@dataclass(slots=True)
class _Dialling:
    session: Session
    step: p.DialOut

    def start(self, now: int) -> int | None:
        del now
        session, step = self.session, self.step
        target = step.target
        if target.startswith("{"):
            target = session.variables.get(target[1:-1], "")
        if not target:
            session.trail(step.where, "nothing to dial")
            return step.otherwise
        session.digits = ""
        session.trail(step.where, f"{step.kind} {target}")
        ringback = session.plan.ringback if session.answered else ""
        session.out.append(
            Dial(step.kind, target, step.timeout_s, step.trunk, ringback, step.record, step.answers)
        )
        return None

    def handle(self, event: Event, now: int) -> int | None:
        del now
        if not isinstance(event, DialEnded):
            return None
        self.session.trail(self.step.where, f"dialling ended: {event.outcome}")
        if event.outcome is DialOutcome.ENDED:
            self.session.answered = True
            return self.step.next
        return self.step.exits.get(event.outcome, self.step.otherwise)


@dataclass(slots=True)
class _Commanding:
    """The agent's command, then what happened, spoken."""

    session: Session
    step: p.CommandAgent
    done: bool = False

    def start(self, now: int) -> int | None:
        del now
        self.session.out.append(AgentCommand(self.step.verb, self.step.reason))
        return None

    def handle(self, event: Event, now: int) -> int | None:
        del now
        if isinstance(event, AgentCommandDone) and not self.done:
            self.done = True
            self.session.trail(self.step.where, event.message)
            message = event.message if event.message in AGENT_MESSAGES else "refused"
            return None if self.session.play((message,)) else self.step.next
        return self.step.next if isinstance(event, PlayEnded) and self.done else None


class Interpreter:
    """One call. `apply` never raises for any event in any state; `ended` after the last action."""

    def __init__(self, plan: TenantPlan, flow: str, *, language: str = "") -> None:
        assert flow in plan.program.entries, flow
        chosen = language if language in plan.languages else plan.languages[0]
        self.session = Session(plan, chosen)
        self.ended = False
        self._entry = plan.program.entries[flow]
        self._activity: Activity | None = None
        self._started = False
        self._steps = 0

    def apply(self, event: Event, now: int) -> list[Action]:
        """What to do after `event` at monotonic time `now`."""
        session = self.session
        if self.ended or self._started == isinstance(event, Started) or self._is_stale(event):
            return []
        address: int | None = None
        if isinstance(event, Started):
            self._started = True
            session.caller, session.called, session.agent = event.caller, event.called, event.agent
            session.wall_offset_us = event.wall_us - now
            session.answered = event.answered
            address = self._entry
        else:
            if isinstance(event, Answered):
                session.answered = True
            if isinstance(event, PlayEnded):
                session.playing = False
            assert self._activity is not None, "a call that has not ended waits in an activity"
            address = self._activity.handle(event, now)
        self._run(address, now)
        out, session.out = session.out, []
        return out

    def _is_stale(self, event: Event) -> bool:
        """The end of a playback that was replaced or stopped is no news."""
        session = self.session
        return isinstance(event, PlayEnded) and not (session.playing and event.playback == session.playback)

    def _run(self, address: int | None, now: int) -> None:
        """Go on from `address` until something waits; None: still waiting."""
        for _ in range(STEPS_PER_EVENT_MAX):
            if address is None:
                return
            if self._activity is not None:
                self._leave_activity()
            self._steps += 1
            if self._steps > STEPS_PER_CALL_MAX:
                break
            address = self._step(address, now)
            if self.ended:
                return
        self._finish(Hangup("too many steps"))

    def _leave_activity(self) -> None:
        self._activity = None
        self.session.stop()
        self.session.sleep()

    def _step(self, address: int, now: int) -> int | None:
        session = self.session
        step = session.plan.program.instructions[address]
        match step:
            case p.Jump():
                session.trail(step.where, "")
                return step.next
            case p.ChooseLanguage():
                session.language = step.language
                session.trail(step.where, step.language)
                return step.next
            case p.AddNeeds():
                session.needs = p.merge_needs(session.needs, step.needs)
                session.trail(step.where, ", ".join(f"{need.skill} {need.level}" for need in session.needs))
                return step.next
            case p.CheckHours():
                return self._check_hours(step, now)
            case p.TellRecording() if session.told_of_recording:
                return step.next
            case p.RecordCall() if session.answered or step.verb is not RecordVerb.START:
                session.trail(step.where, step.verb)
                session.out.append(Record(step.verb))
                return step.next
            case p.End():
                session.trail(step.where, step.reason)
                self._finish(Hangup(step.reason) if session.answered else Reject(step.status))
                return None
            case p.Farewell() if step.status and not session.answered:
                session.trail(step.where, step.prompt)
                self._finish(Reject(step.status))
                return None
            case _:
                return self._begin(step, address, now)

    def _begin(self, step: p.Instruction, address: int, now: int) -> int | None:
        session = self.session
        if not session.answered and isinstance(step, _AUDIBLE):
            return self._wait(_Answering(session, address), now)
        match step:
            case p.AnswerCall():
                return self._wait(_Answering(session, step.next), now)
            case p.PlayPrompts():
                session.trail(step.where, ", ".join(step.prompts))
                return self._wait(
                    _Playing(session, step.prompts, step.next, step.speed_percent, step.volume_db), now
                )
            case p.TellRecording():
                session.told_of_recording = True
                session.trail(step.where, "tells that the call is recorded")
                return self._wait(_Playing(session, step.prompts, step.next), now)
            case p.Farewell():
                session.trail(step.where, step.prompt)
                return self._wait(_Playing(session, (step.prompt,), p.HANG_UP), now)
            case p.Menu() | p.CollectDigits():
                return self._wait(Gather(session, step), now)
            case p.WaitInQueue():
                return self._wait(Waiting(session, step, session.plan.queues[step.queue]), now)
            case p.OfferCallback():
                return self._wait(Offering(session, step), now)
            case p.DialOut():
                return self._wait(_Dialling(session, step), now)
            case p.LeaveMessage():
                return self._wait(Messaging(session, step), now)
            case p.DetectAnswer():
                return self._wait(Detecting(session, step), now)
            case p.HearMailbox():
                return self._wait(MailSession(session, step), now)
            case p.Confer():
                return self._wait(Conferring(session, step), now)
            case p.SuperviseTalk():
                return self._wait(Watching(session, step), now)
            case p.Rest():
                return self._wait(_Resting(session, step), now)
            case p.CommandAgent():
                return self._wait(_Commanding(session, step), now)
            case _:
                raise AssertionError(step)

    def _wait(self, activity: Activity, now: int) -> int | None:
        self._activity = activity
        return activity.start(now)

    def _check_hours(self, step: p.CheckHours, now: int) -> int:
        plan, local = self.session.plan, self.session.local(now)
        holiday = plan.calendar.holiday(local.date())
        stamp = local.strftime("%a %H:%M")
        if step.hours and is_open(plan.hours[step.hours], plan.calendar, local):
            self.session.trail(step.where, f"{step.hours} open, {stamp}")
            return step.next
        if holiday is not None:
            self.session.trail(step.where, f"holiday: {holiday}")
            return step.holiday
        self.session.trail(step.where, f"{step.hours} closed, {stamp}" if step.hours else "no holiday")
        return step.closed

    def _finish(self, last: Hangup | Reject) -> None:
        """The last action of the call."""
        self.session.stop()
        self.session.sleep()
        self.session.out.append(last)
        self.ended = True
        self._activity = None
