"""A PIN that is asked for: three tries, each ended by enough digits, by the end key, or by silence."""

from dataclasses import dataclass

from switch.base.clock import SECOND
from switch.dialplan.events import DigitPressed, Event, PlayEnded, Wake
from switch.dialplan.session import Session

TRIES = 3
WAIT_US = 8 * SECOND
"""From the end of the prompt, and from key to key."""

END_KEY = "#"
ASK, WRONG = "enter-pin", "wrong-pin"
PHRASES = (ASK, WRONG)


@dataclass(slots=True)
class PinEntry:
    """`handle` gives the PIN that was entered, "" when it came to nothing, None while it waits."""

    session: Session
    pins: tuple[str, ...]
    entered: str = ""
    failed: int = 0

    def ask(self, now: int) -> None:
        self.entered = ""
        self.session.sleep()
        if not self.session.play((WRONG, ASK) if self.failed else (ASK,)):
            self.session.wake(now + WAIT_US)

    def handle(self, event: Event, now: int) -> str | None:
        match event:
            case DigitPressed(digit):
                self.session.stop()
                self.session.wake(now + WAIT_US)
                if digit != END_KEY:
                    self.entered += digit
                if digit == END_KEY or len(self.entered) == max(map(len, self.pins)):
                    return self._judge(now)
            case PlayEnded():
                self.session.wake(now + WAIT_US)
            case Wake() if self.session.due(now):
                return self._judge(now)
            case _:
                pass
        return None

    def _judge(self, now: int) -> str | None:
        if self.entered in self.pins:
            self.session.sleep()
            return self.entered
        self.failed += 1
        if self.failed >= TRIES:
            self.session.sleep()
            return ""
        self.ask(now)
        return None
