"""The talk about being called back: at which number, is it right, and what became of the wish.

| asking | hears | leads to |
| --- | --- | --- |
| `CONFIRM` | the number, digit by digit | 1: it is wished; 2: `ENTER`; star: declined |
| `ENTER` | digits, ended by # | `CONFIRM` with them; star: declined |
| `STORING` | nothing: the promise must outlive a crash before it is made | kept; or refused: `ENTER` again |

Silence or wrong keys, `TRIES` times, decline.
"""

from dataclasses import dataclass
from enum import Enum, auto

from switch.base.clock import SECOND
from switch.dialplan.events import CallbackAnswered, DigitPressed, Event, PlayEnded, Wake
from switch.dialplan.plan import CallbackPlan
from switch.dialplan.session import Session

TRIES = 3
SILENCE_US = 8 * SECOND
"""To find the keys, or to think of a number."""
BETWEEN_US = 4 * SECOND
"""Who stops dialling for so long has entered the number."""
DIGITS_MIN, DIGITS_MAX = 3, 18
"""E.164 has 15 digits; a prefix for other countries has up to three."""


class Asking(Enum):
    CONFIRM = auto()
    ENTER = auto()
    STORING = auto()


class Verdict(Enum):
    """What comes of the talk: it goes on, the number is wished for, or not, the promise is kept."""

    TALKING = auto()
    WISHED = auto()
    DECLINED = auto()
    KEPT = auto()


def callable_number(caller: str) -> bool:
    """Whether what is known of the caller is a number that can be dialled: not a withheld one, not a phone's
    name."""
    return caller.startswith("+") and caller[1:].isascii() and caller[1:].isdigit() and len(caller) >= 8


@dataclass(slots=True)
class AskingBack:
    """One such talk. `number` is what is asked about; `listening` after the prompt has ended."""

    session: Session
    terms: CallbackPlan
    number: str = ""
    entered: str = ""
    asking: Asking = Asking.CONFIRM
    failed: int = 0

    def start(self, now: int) -> Verdict:
        """Begin with the number that the caller calls from, where there is one."""
        self.session.digits = ""
        if callable_number(self.session.caller):
            return self._confirm(self.session.caller, now)
        return self._enter((), now) if self.terms.other_number else Verdict.DECLINED

    def handle(self, event: Event, now: int) -> Verdict:
        match event:
            case CallbackAnswered() if self.asking is Asking.STORING:
                return self._answered(event, now)
            case _ if self.asking is Asking.STORING:
                return Verdict.TALKING
            case DigitPressed():
                self.session.stop()
                self.session.wake(now + BETWEEN_US)
                return self._key(event.digit, now)
            case PlayEnded():
                self.session.wake(now + SILENCE_US)
            case Wake() if self.session.due(now):
                return self._silence(now)
            case _:
                pass
        return Verdict.TALKING

    def _confirm(self, number: str, now: int) -> Verdict:
        self.asking, self.number = Asking.CONFIRM, number
        digits = tuple("digit-plus" if digit == "+" else f"digit-{digit}" for digit in number)
        ask = "callback-confirm" if self.terms.other_number else "callback-confirm-only"
        return self._say(("callback-number", *digits, ask), now)

    def _enter(self, before: tuple[str, ...], now: int) -> Verdict:
        self.asking, self.entered = Asking.ENTER, ""
        return self._say((*before, "callback-enter"), now)

    def _say(self, prompts: tuple[str, ...], now: int) -> Verdict:
        self.session.sleep()
        if not self.session.play(prompts):
            self.session.wake(now + SILENCE_US)
        return Verdict.TALKING

    def _key(self, digit: str, now: int) -> Verdict:
        if digit == "*":
            return Verdict.DECLINED
        if self.asking is Asking.ENTER:
            return self._dialled(digit, now)
        if digit == "1":
            self.asking = Asking.STORING
            self.session.sleep()
            return Verdict.WISHED
        if digit == "2" and self.terms.other_number:
            return self._enter((), now)
        return self._again("wrong-key", now)

    def _dialled(self, digit: str, now: int) -> Verdict:
        if digit.isdigit():
            self.entered += digit
            if len(self.entered) < DIGITS_MAX:
                return Verdict.TALKING
        return self._complete(now)

    def _complete(self, now: int) -> Verdict:
        if len(self.entered) < DIGITS_MIN:
            return self._again("wrong-key", now)
        return self._confirm(self.entered, now)

    def _silence(self, now: int) -> Verdict:
        if self.asking is Asking.ENTER and self.entered:
            return self._complete(now)
        return self._again("no-key", now)

    def _again(self, why: str, now: int) -> Verdict:
        self.failed += 1
        if self.failed >= TRIES:
            return Verdict.DECLINED
        if self.asking is Asking.ENTER:
            return self._enter((why,), now)
        return self._confirm(self.number, now)

    def _answered(self, event: CallbackAnswered, now: int) -> Verdict:
        if event.kept:
            return Verdict.KEPT
        self.failed += 1
        if self.failed >= TRIES or not self.terms.other_number:
            return Verdict.DECLINED
        return self._enter(("callback-refused",), now)
