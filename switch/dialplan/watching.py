"""The caller hears the talk of others: the step `supervise`, and what keys say there."""

from dataclasses import dataclass

from switch.dialplan.actions import ChangeSupervision, LeaveSupervision, Supervise
from switch.dialplan.events import (
    DigitPressed,
    Event,
    SupervisionBegun,
    SupervisionOver,
    SupervisionRefused,
)
from switch.dialplan.program import SuperviseTalk
from switch.dialplan.session import Session

MODES = {"4": "listen", "5": "whisper", "6": "join"}
"""Keys, as on the phone of a supervisor who was rung."""

LEAVES = "*"


@dataclass(slots=True)
class Watching:
    """Until the caller leaves, or the call that is supervised ends."""

    session: Session
    step: SuperviseTalk
    inside: bool = False

    def start(self, now: int) -> int | None:
        del now
        session, step = self.session, self.step
        session.digits = ""
        extension = step.extension
        if extension.startswith("{"):
            extension = session.variables.get(extension[1:-1], "")
        session.trail(step.where, f"{step.mode} {extension}")
        session.out.append(Supervise(extension, step.mode))
        return None

    def handle(self, event: Event, now: int) -> int | None:
        del now
        match event:
            case SupervisionBegun():
                self.inside = True
            case SupervisionRefused(reason) if not self.inside:
                self.session.trail(self.step.where, reason)
                return self.step.refused
            case SupervisionOver(reason):
                self.session.trail(self.step.where, reason)
                return self.step.next
            case DigitPressed(digit) if self.inside and digit in MODES:
                self.session.out.append(ChangeSupervision(MODES[digit]))
            case DigitPressed(digit) if self.inside and digit == LEAVES:
                self.session.out.append(LeaveSupervision())
                self.session.trail(self.step.where, "left")
                return self.step.next
            case _:
                pass
        return None
