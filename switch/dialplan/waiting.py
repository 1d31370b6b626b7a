"""The stay in a queue: music, announcements, and the ways out of it (its gates, docs/decisions/0031)."""

from dataclasses import dataclass
from enum import Enum, auto

from switch.base.clock import SECOND
from switch.base.gates import CHECK_EVERY_S, CLOSED, TIMEOUT, asks_staff, gate_of
from switch.base.promises import offered_after_s
from switch.dialplan.actions import AskQueue, Enqueue, LeaveQueue, QueueStep, TurnAway, WishCallback
from switch.dialplan.asking_back import AskingBack, Verdict
from switch.dialplan.events import (
    DigitPressed,
    Event,
    PlayEnded,
    QueueConnected,
    QueueEnded,
    QueueEntered,
    QueueRefused,
    QueueStatus,
    Wake,
)
from switch.dialplan.hours import shut
from switch.dialplan.phrases import estimate_prompt, position_prompt
from switch.dialplan.plan import QueuePlan
from switch.dialplan.program import WaitInQueue, merge_needs
from switch.dialplan.requirement import rings_of, words
from switch.dialplan.session import Session

ESTIMATE_TOLD_FROM_S = 1
"""An estimate of nothing is not told: the caller is next anyway."""


class Phase(Enum):
    """Where the visit stands, as the caller hears it."""

    ENTERING = auto()
    MUSIC = auto()
    ASKING = auto()
    ANNOUNCING = auto()
    ASKING_BACK = auto()
    PROMISED = auto()
    TALKING = auto()


@dataclass(slots=True)
class Waiting:
    """One stay. `deadline` is when waiting is given up, `announce_at` when to speak next, `check_at` when to
    look at the gates; None: never. `checking`: the next `QueueStatus` answers a look at the gates."""

    session: Session
    step: WaitInQueue
    queue: QueuePlan
    phase: Phase = Phase.ENTERING
    deadline: int | None = None
    announce_at: int | None = None
    check_at: int | None = None
    checking: bool = False
    told: int = 0
    place_told: int = 0
    estimate_told: bool = False
    steps: tuple[QueueStep, ...] = ()
    offer_at: int | None = None
    talk: AskingBack | None = None

    def start(self, now: int) -> int | None:
        session, step = self.session, self.step
        session.stop()
        session.digits = ""
        shut = self._shut(now) if self.queue.hours else None
        if shut is not None:
            session.trail(step.where, f"{step.queue} is shut: {shut}")
            session.out.append(TurnAway(step.queue, shut))
            return step.exits[shut]
        needs = merge_needs(session.needs, step.needs)
        self.steps = rings_of(needs, step.asks, step.widen, session.language)
        asked = words(self.steps[0])
        session.trail(step.where, step.queue + (f" needs {asked}" if asked else ""))
        session.out.append(Enqueue(step.queue, self.steps, step.priority, step.record, step.sticky_s))
        return None

    def handle(self, event: Event, now: int) -> int | None:
        match event:
            case QueueConnected() if self.phase is not Phase.TALKING:
                return self._connected()
            case QueueEnded() if self.phase is Phase.TALKING:
                self.session.trail(self.step.where, "the agent ended the talk")
                return self.step.next
            case QueueRefused() if self.phase is not Phase.TALKING:
                self.session.trail(self.step.where, f"refused: {event.reason}")
                return self.step.exits.get(event.reason, self.step.otherwise)
            case QueueEntered() if self.phase is Phase.ENTERING:
                return self._entered(event.position, now)
            case PlayEnded() if self.phase is Phase.PROMISED:
                return self.step.promised
            case _ if self.phase in (Phase.ENTERING, Phase.PROMISED, Phase.TALKING):
                return None
            case _ if self.phase is Phase.ASKING_BACK:
                assert self.talk is not None, "made as the talk began"
                return self._asked_back(self.talk, self.talk.handle(event, now))
            case DigitPressed():
                return self._key(event.digit, now)
            case Wake() if self.session.due(now):
                return self._woken(now)
            case QueueStatus():
                return self._status(event)
            case PlayEnded() if self.phase is Phase.ANNOUNCING:
                self._music()
                return None
            case _:
                return None

    def _entered(self, position: int, now: int) -> int | None:
        announce = self.queue.announce
        self.session.trail(self.step.where, f"position {position}")
        if self.step.wait_us_max:
            self.deadline = now + self.step.wait_us_max
        if announce.position or announce.estimate or announce.messages:
            self.announce_at = now + announce.first_s * SECOND
        self._music()
        if self.step.estimate_s_max or self.queue.leave_when:
            self._look(now)
        terms = self.queue.callback
        offered_s = 0 if terms is None else offered_after_s(terms.offer_after_s, terms.offer_every_s)
        if offered_s:
            self.offer_at = now + offered_s * SECOND
        self._plan_wake()
        return None

    def _shut(self, now: int) -> str | None:
        """ "closed" or "holiday" outside the queue's hours, else None."""
        plan = self.session.plan
        return shut(plan.hours[self.queue.hours], plan.calendar, self.session.local(now))

    def _look(self, now: int) -> None:
        """Ask for what the gates need to know."""
        self.check_at = now + CHECK_EVERY_S * SECOND
        self.checking = True
        self.session.out.append(AskQueue(look=True, staff=asks_staff(self.queue.leave_when)))

    def _status(self, status: QueueStatus) -> int | None:
        if self.checking:
            self.checking = False
            gate = self._gate(status)
            if gate is not None:
                return self._leave(gate, self.step.exits[gate])
        return self._announce(status) if self.phase is Phase.ASKING else None

    def _gate(self, status: QueueStatus) -> str | None:
        """The gate at which this caller has to leave, or None."""
        return gate_of(
            self.queue.leave_when,
            self.step.estimate_s_max,
            status.signed_in,
            status.ready,
            status.estimate_s,
        )

    def _music(self) -> None:
        self.phase = Phase.MUSIC
        if not self.queue.music or not self.session.play((self.queue.music,), loop=True):
            self.session.stop()

    def _plan_wake(self) -> None:
        clocks = (self.deadline, self.announce_at, self.check_at, self.offer_at)
        times = [at for at in clocks if at is not None]
        if times:
            self.session.wake(min(times))

    def _woken(self, now: int) -> int | None:
        if self.deadline is not None and now >= self.deadline:
            return self._leave(TIMEOUT, self.step.exits[TIMEOUT])
        if self.check_at is not None and now >= self.check_at:
            shut = self._shut(now) if CLOSED in self.queue.leave_when else None
            if shut is not None:
                return self._leave(shut, self.step.exits[shut])
            self._look(now)
        if self.offer_at is not None and now >= self.offer_at and self.phase is not Phase.ASKING:
            return self._offer(now)
        if self.announce_at is not None and now >= self.announce_at:
            self.announce_at = now + self.queue.announce.every_s * SECOND
            self._plan_wake()
            if self.phase is Phase.MUSIC:
                self.phase = Phase.ASKING
                self.session.out.append(AskQueue())
            elif self.phase is Phase.ASKING:
                self.session.out.append(AskQueue())
            return None
        self._plan_wake()
        return None

    def _announce(self, status: QueueStatus) -> int | None:
        announce = self.queue.announce
        prompts: list[str] = []
        if announce.position and status.position > 0 and self._worth_telling(status.position):
            self.place_told = status.position
            prompts.append(position_prompt(status.position))
        due = announce.estimate and not (announce.estimate_once and self.estimate_told)
        if due and status.estimate_s >= ESTIMATE_TOLD_FROM_S:
            self.estimate_told = True
            prompts.append(estimate_prompt(status.estimate_s))
        if announce.messages:
            prompts.append(announce.messages[self.told % len(announce.messages)])
            self.told += 1
        self.phase = Phase.ANNOUNCING if self.session.play(tuple(prompts)) else Phase.MUSIC
        return None

    def _worth_telling(self, position: int) -> bool:
        """Places fall by themselves, and rise where somebody of a higher priority came."""
        announce = self.queue.announce
        if announce.position_max and position > announce.position_max:
            return False
        return not announce.only_better or not self.place_told or position < self.place_told

    def _offer(self, now: int) -> int | None:
        """Say that one can be called back; music goes on afterwards."""
        terms = self.queue.callback
        assert terms is not None, "only who may be called back is told so"
        self.offer_at = now + terms.offer_every_s * SECOND if terms.offer_every_s else None
        self._plan_wake()
        if self.session.play(terms.offer):
            self.phase = Phase.ANNOUNCING
        return None

    def _asked_back(self, talk: AskingBack, verdict: Verdict) -> int | None:
        """Go on with the talk about being called back, or with waiting."""
        session, step = self.session, self.step
        if verdict is Verdict.DECLINED:
            session.trail(step.where, "callback declined")
            self._music()
            self._plan_wake()
        if verdict is Verdict.WISHED:
            session.trail(step.where, f"call back {talk.number}")
            wish = WishCallback(step.queue, talk.number, self.steps, step.priority, step.record)
            session.out.append(wish)
        if verdict is Verdict.KEPT:
            session.trail(step.where, "left: callback")
            session.sleep()
            self.phase = Phase.PROMISED
            return None if session.play(("callback-promised",)) else step.promised
        return None

    def _key(self, digit: str, now: int) -> int | None:
        terms = self.queue.callback
        if terms is not None and digit == terms.key:
            self.session.trail(self.step.where, "asks to be called back")
            self.phase = Phase.ASKING_BACK
            self.talk = AskingBack(self.session, terms)
            return self._asked_back(self.talk, self.talk.start(now))
        address = self.step.keys.get(digit)
        return None if address is None else self._leave("key", address)

    def _leave(self, reason: str, address: int) -> int | None:
        self.session.trail(self.step.where, f"left: {reason}")
        self.session.out.append(LeaveQueue(reason))
        return address

    def _connected(self) -> int | None:
        self.phase = Phase.TALKING
        self.session.trail(self.step.where, "connected to an agent")
        self.session.stop()
        self.session.sleep()
        return None
