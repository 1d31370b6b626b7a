"""Callbacks of a simulated day: who is called back in place of waiting, as on the live switch (0031).

A callback keeps the place of its caller. Its turn comes through the router; the agent's phone rings first,
then the customer is called, who is reached or not as was drawn for that try.
"""

from dataclasses import dataclass, field

from switch.base.clock import SECOND
from switch.base.promises import AGAIN_US, Turn, turn
from switch.wfm.draws import Caller
from switch.wfm.ways import CallbackRules, shut_at

KEPT, NO_ANSWER, EXPIRED, OPEN = "kept", "no-answer", "expired", "open"
"""How a promise ends; `open`: the day was over before."""


@dataclass(slots=True)
class Promise:
    """One callback. Times in microseconds; `since` is when the caller's wait began, and never changes."""

    caller: Caller
    queue: str
    wait: int
    rules: CallbackRules
    since: int
    expires_at: int
    tries: int = 0
    outcome: str = OPEN


@dataclass(slots=True)
class Promises:
    """All of a day. After the last shift nobody calls any more."""

    over: int
    """When the last agent goes home."""
    made: list[Promise] = field(default_factory=list)

    def make(
        self, caller: Caller, place: tuple[str, int], rules: CallbackRules, since: int, now: int
    ) -> Promise:
        """`place`: the queue, and which of the day's waits it is."""
        promise = Promise(caller, *place, rules, since, now + round(rules.expires_s * SECOND))
        self.made.append(promise)
        return promise

    def comes_up(self, promise: Promise, now: int) -> int:
        """0: it enters the line now; -1: never again; else when to look again."""
        if now >= self.over:
            return -1
        opened = not shut_at(promise.rules.shut, now / SECOND)
        match turn(now, promise.expires_at, opened=opened):
            case Turn.EXPIRED:
                promise.outcome = EXPIRED
                return -1
            case Turn.RESTS:
                return self.rests(promise, now + AGAIN_US)
            case Turn.ENTERS:
                return 0

    def refused(self, promise: Promise, now: int) -> int:
        """The queue does not take it: when to ask again."""
        return self.rests(promise, now + AGAIN_US)

    def expired(self, promise: Promise, now: int) -> None:
        """It waited too long; where nobody is there any more, the next day has it."""
        promise.outcome = EXPIRED if now < self.over else OPEN

    def called(self, promise: Promise) -> bool:
        """Whether the customer answers this try."""
        habits = promise.caller.habits
        assert habits is not None, "who has no habits is not called back"
        promise.tries += 1
        reached = habits.reached[promise.tries - 1]
        if reached:
            promise.outcome = KEPT
        elif promise.tries >= promise.rules.tries:
            promise.outcome = NO_ANSWER
        return reached

    def again(self, promise: Promise, now: int) -> int:
        """After a try that reached nobody: when the next is made; -1: none is left."""
        if promise.outcome == NO_ANSWER:
            return -1
        return self.rests(promise, now + round(promise.rules.retry_s * SECOND))

    @staticmethod
    def rests(promise: Promise, until: int) -> int:
        return min(until, promise.expires_at)
