"""The step `callback`: the talk about being called back, with somebody who is in no queue."""

from dataclasses import dataclass

from switch.dialplan.actions import QueueStep, WishCallback
from switch.dialplan.asking_back import AskingBack, Verdict
from switch.dialplan.events import Event, PlayEnded
from switch.dialplan.program import OfferCallback, merge_needs
from switch.dialplan.session import Session

PROMISED = ("callback-promised",)


@dataclass(slots=True)
class Offering:
    """`promised` while the caller hears that the place is kept."""

    session: Session
    step: OfferCallback
    talk: AskingBack | None = None
    promised: bool = False

    def start(self, now: int) -> int | None:
        terms = self.session.plan.queues[self.step.queue].callback
        assert terms is not None, "the compiler lets no step offer what its queue does not have"
        self.talk = AskingBack(self.session, terms)
        return self._go(self.talk, self.talk.start(now))

    def handle(self, event: Event, now: int) -> int | None:
        if self.promised:
            return self.step.promised if isinstance(event, PlayEnded) else None
        assert self.talk is not None, "made at the start"
        return self._go(self.talk, self.talk.handle(event, now))

    def _go(self, talk: AskingBack, verdict: Verdict) -> int | None:
        session, step = self.session, self.step
        if verdict is Verdict.DECLINED:
            session.trail(step.where, "callback declined")
            return step.declined
        if verdict is Verdict.WISHED:
            steps = (QueueStep(0, merge_needs(session.needs, step.needs)),)
            session.trail(step.where, f"{step.queue}: call back {talk.number}")
            session.out.append(WishCallback(step.queue, talk.number, steps, step.priority, step.record))
        if verdict is Verdict.KEPT:
            self.promised = True
            session.trail(step.where, "promised")
            return None if session.play(PROMISED) else step.promised
        return None
