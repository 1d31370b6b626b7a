"""Menu and collect: a prompt that yields to the first key (barge-in), wrong keys, silence, tries."""

from dataclasses import dataclass

from switch.dialplan.events import DigitPressed, Event, PlayEnded, Wake
from switch.dialplan.program import CollectDigits, Menu, Tries, Where
from switch.dialplan.session import Session


@dataclass(slots=True)
class Gather:
    """Waits for keys. `asking` while a prompt plays; `told` is what precedes the prompt at the next try."""

    session: Session
    step: Menu | CollectDigits
    asking: bool = False
    failed: int = 0
    buffer: str = ""

    @property
    def where(self) -> Where:
        return self.step.where

    @property
    def input(self) -> Tries:
        return self.step.input

    def start(self, now: int) -> int | None:
        """Keys typed ahead count at once; else the prompt is played."""
        typed, self.session.digits = self.session.digits, ""
        for digit in typed:
            address = self._key(digit, now)
            if address is not None:
                return address
            if self.failed:
                break
        return None if self.buffer or self.failed else self._ask((), now)

    def handle(self, event: Event, now: int) -> int | None:
        match event:
            case DigitPressed():
                if self.asking and not self.input.barge_in:
                    return None
                self.session.stop()
                self.asking = False
                return self._key(event.digit, now)
            case PlayEnded() if self.asking:
                self.asking = False
                self.session.wake(now + self.input.timeout_us)
                return None
            case Wake() if not self.asking and self.session.due(now):
                return self._timeout(now)
            case _:
                return None

    def _ask(self, before: tuple[str, ...], now: int) -> int | None:
        self.buffer = ""
        self.session.sleep()
        self.asking = self.session.play((*before, *self.input.prompts))
        if not self.asking:
            self.session.wake(now + self.input.timeout_us)
        return None

    def _key(self, digit: str, now: int) -> int | None:
        step = self.step
        if isinstance(step, CollectDigits):
            return self._collected(step, digit, now)
        self.buffer += digit
        longer = any(key.startswith(self.buffer) and key != self.buffer for key in step.keys)
        if longer:
            self.session.wake(now + self.input.between_us)
            return None
        return self._chosen(step, now)

    def _chosen(self, step: Menu, now: int) -> int | None:
        address = step.keys.get(self.buffer)
        if address is None:
            return self._fail(f"wrong key {self.buffer}", self.input.wrong, now)
        self.session.trail(self.where, f"key {self.buffer}")
        return address

    def _collected(self, step: CollectDigits, digit: str, now: int) -> int | None:
        ended = digit == step.end_key
        if not ended:
            self.buffer += digit
        if len(self.buffer) == step.digits_max or (ended and len(self.buffer) >= step.digits_min):
            self.session.variables[step.variable] = self.buffer
            self.session.trail(self.where, f"{step.variable} has {len(self.buffer)} digits")
            return step.next
        if ended:
            return self._fail(f"{len(self.buffer)} digits are too few", self.input.wrong, now)
        self.session.wake(now + self.input.between_us)
        return None

    def _timeout(self, now: int) -> int | None:
        if not self.buffer:
            return self._fail("no key", self.input.silence, now)
        step = self.step
        if isinstance(step, Menu):
            return self._chosen(step, now)
        if len(self.buffer) >= step.digits_min:
            self.session.variables[step.variable] = self.buffer
            self.session.trail(self.where, f"{step.variable} has {len(self.buffer)} digits")
            return step.next
        return self._fail(f"{len(self.buffer)} digits are too few", self.input.wrong, now)

    def _fail(self, why: str, told: tuple[str, ...], now: int) -> int | None:
        self.failed += 1
        self.session.trail(self.where, f"{why}, try {self.failed} of {self.input.tries}")
        if self.failed >= self.input.tries:
            return self.input.otherwise
        return self._ask(told, now)
