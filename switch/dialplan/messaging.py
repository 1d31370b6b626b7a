"""The caller leaves a message: a greeting, a beep, and what is said until a key, silence, or too long."""

from dataclasses import dataclass

from switch.dialplan.actions import AskMailbox, EndMessage, TakeMessage
from switch.dialplan.events import DigitPressed, Event, MailboxStatus, MessageTaken, PlayEnded
from switch.dialplan.phrases import BEEP
from switch.dialplan.program import LeaveMessage
from switch.dialplan.session import Session

FULL = "mailbox-full"
END_KEY = "#"
"""During the greeting it goes on to the beep, during the message it ends it."""


@dataclass(slots=True)
class Messaging:
    """Greeting, then the beep, then the message; a caller who hangs up meanwhile leaves what was said."""

    session: Session
    step: LeaveMessage
    beeping: bool = False
    taking: bool = False
    asking: bool = False
    full: bool = False

    def start(self, now: int) -> int | None:
        del now
        self.session.digits = ""
        self.session.trail(self.step.where, self.step.mailbox)
        if self.step.mailbox in self.session.plan.mailboxes:
            self.asking = True
            self.session.out.append(AskMailbox(self.step.mailbox))
            return None
        return self._greet()

    def _greet(self) -> int | None:
        if not self.session.play((*self.step.greeting, BEEP)):
            self._take()
        return None

    def _take(self) -> None:
        self.taking = True
        self.session.out.append(
            TakeMessage(self.step.mailbox, self.step.seconds_max, self.step.silence_us // 1000)
        )

    def handle(self, event: Event, now: int) -> int | None:
        del now
        match event:
            case MailboxStatus(messages) if self.asking:
                self.asking = False
                if messages < self.session.plan.mailboxes[self.step.mailbox].messages_max:
                    return self._greet()
                self.full = True
                self.session.trail(self.step.where, f"{self.step.mailbox} is full")
                return None if self.session.play((FULL,)) else self.step.full
            case PlayEnded() if self.full:
                return self.step.full
            case PlayEnded() if not self.taking:
                self._take()
            case DigitPressed(digit) if digit == END_KEY and self.taking:
                self.session.out.append(EndMessage())
            case DigitPressed(digit) if digit == END_KEY and not (self.beeping or self.asking or self.full):
                self.beeping = True
                if not self.session.play((BEEP,)):
                    self._take()
            case MessageTaken() if self.taking:
                told = f"{event.duration_ms // 1000} s, {event.reason}"
                self.session.trail(self.step.where, f"a message of {told}")
                return self.step.next
        return None
