"""Who is there, a person, a machine or a network's tone; and of a machine, when a message may begin.

| state | waits for | goes on when |
| --- | --- | --- |
| listening | `AnswerHeard`, `Wake` | it comes, or is late: `human`, `unknown`, `machine` or at the beep |
| at the beep | `BeepHeard`, `FellSilent`, `Wake` | beep, or greeting, or `beep_s` is over: `machine` |
| either | `ToneHeard` | it says where that tone goes: `busy`, `unobtainable`, `ringback` |
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switch.base.clock import MILLISECOND, SECOND
from switch.dialplan import schema
from switch.dialplan.actions import AnswerTerms, Listen, StopListening
from switch.dialplan.events import AnswerHeard, BeepHeard, Event, FellSilent, Heard, ToneHeard, Wake, Who
from switch.dialplan.program import DetectAnswer, Where
from switch.dialplan.schema_sound import DetectModel, ListenModel
from switch.dialplan.session import Session
from switch.dialplan.source import Path

if TYPE_CHECKING:
    from switch.dialplan.flows import FlowCompiler

LATE_US = SECOND
"""The engine tells within the time that it was given, unless what it told was lost."""


def terms(model: ListenModel) -> AnswerTerms:
    return AnswerTerms(model.wait_s * 1000, model.confidence)


def detect(c: "FlowCompiler", args: Any, path: Path, where: Where, after: int) -> int:
    """`detect: {machine: FLOW, beep_s: 40}`: what is not stated goes on with the next step."""
    model = schema.read(DetectModel, c.source, path, args, c.problems)
    if model is None:
        return after
    tones = {
        tone: c.destination(raw, (*path, str(tone)), where, str(tone), after)
        for tone, raw in zip(Heard, (model.busy, model.unobtainable, model.ringback), strict=True)
        if raw is not None
    }
    if model.human is None and model.machine is None and model.unknown is None and not tones:
        expected = "at least one of human, machine, unknown, busy, unobtainable and ringback was expected"
        c.problems.add(where.place, expected)
    human, machine, unknown = [
        after if raw is None else c.destination(raw, (*path, str(who)), where, str(who), after)
        for who, raw in zip(Who, (model.human, model.machine, model.unknown), strict=True)
    ]
    return c.add(DetectAnswer(where, terms(model), model.beep_s * SECOND, human, machine, unknown, tones))


@dataclass(slots=True)
class Detecting:
    """The step while it runs."""

    session: Session
    step: DetectAnswer
    at_beep: bool = False

    def start(self, now: int) -> int | None:
        terms = self.step.answers
        self.session.out.append(Listen(terms, bool(self.step.tones)))
        self.session.wake(now + terms.wait_ms * MILLISECOND + LATE_US)
        return None

    def handle(self, event: Event, now: int) -> int | None:
        match event:
            case AnswerHeard(who) if not self.at_beep:
                told = f", {event.confidence} % sure: {event.reason}" if event.reason else ""
                self.session.trail(self.step.where, f"{who}{told}")
                if event.confidence < self.step.answers.confidence:
                    who = Who.UNKNOWN
                if who is Who.MACHINE and self.step.beep_us:
                    self.at_beep = True
                    self.session.wake(now + self.step.beep_us)
                    return None
                return self._over(who)
            case ToneHeard(tone) if tone in self.step.tones:
                self.session.trail(self.step.where, f"{tone} tone")
                self.session.out.append(StopListening())
                return self.step.tones[tone]
            case BeepHeard() if self.at_beep:
                self.session.trail(self.step.where, "beep")
                return self._over(Who.MACHINE)
            case FellSilent() if self.at_beep:
                self.session.trail(self.step.where, "silence, and no beep")
                return self._over(Who.MACHINE)
            case Wake() if self.session.due(now):
                if self.at_beep:
                    self.session.trail(self.step.where, "no beep")
                return self._over(Who.MACHINE if self.at_beep else Who.UNKNOWN)
            case _:
                return None

    def _over(self, who: Who) -> int:
        self.session.out.append(StopListening())
        step = self.step
        return {Who.HUMAN: step.human, Who.MACHINE: step.machine, Who.UNKNOWN: step.unknown}[who]
