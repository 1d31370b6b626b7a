"""One simulated day: the real router on a virtual clock, with callers and agents who do as was drawn.

Nothing here chooses anything. Events go to the router in the order of their times (and of their making where
the times are equal); what it decides makes further events. So a policy is judged by what it does, not by a
model of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from heapq import heapify, heappop, heappush
from math import inf
from typing import Any

from switch.acd import events as ev
from switch.acd.decisions import (
    Connected,
    Offered,
    OfferEnded,
    Refused,
    VisitEnded,
    VisitOutcome,
    WakeAt,
)
from switch.acd.line_quality import STRETCH_S
from switch.acd.select import RouterLike
from switch.acd.settings import Contact, TenantSettings
from switch.base.clock import SECOND
from switch.base.gates import CHECK_EVERY_S, TIMEOUT
from switch.wfm.draws import Caller, Draws, Habits
from switch.wfm.gates import Gates, further
from switch.wfm.lines import Lines
from switch.wfm.promises import EXPIRED, Promise, Promises
from switch.wfm.scenario import Scenario, Worker
from switch.wfm.ways import CallsBack, Ends, Follows, followed

MOVES_MAX = 100
"""Queues that send a caller to each other at once would do so for ever."""

ROUND = "goes round"
CALLBACK = "callback"
CALLED_BACK = "called back"
UNREACHED = "unreached"


class Kind(IntEnum):
    """What happens next. At equal times an interval ends first, and agents come before callers, so that a
    shift starts in time."""

    COUNT = 0
    SIGN_IN = 1
    SIGN_OUT = 2
    ARRIVE = 3
    GIVE_UP = 4
    TOO_LONG = 5
    ANSWER = 6
    RING_OUT = 7
    FINISH = 8
    OWN_CALL = 9
    OWN_CALL_ENDS = 10
    WAKE = 11
    ENTER = 12
    LOOK = 13
    PRESS = 14
    WISH = 15
    CALL_BACK = 16
    EXPIRE = 17
    LISTEN = 18
    LAPSE = 19
    GRADE = 20


@dataclass(slots=True)
class Visit:
    """One stay of a caller in a queue, as it went."""

    caller: Caller
    queue: str
    at_s: float
    tries_left: int
    wait: int = 0
    """Which of the day's waits this is (`Gates.waits`)."""
    gives_up_s: float = inf
    moves: int = 0
    """From queue to queue, before this one."""
    waited_s: float = 0.0
    outcome: str = ""
    """Empty while it lasts; else a VisitOutcome, or `answered` as soon as it is connected."""
    agent: str = ""
    talked_s: float = 0.0
    left_s: float = inf
    """When the waiting ended."""
    gate: str = ""
    """Why it ended without an agent, where the caller did not hang up; and where it led. `unreached`: with an
    agent, but the customer who was called back did not answer."""
    to: str = ""
    promise: Promise | None = None
    """Of a callback."""


@dataclass(slots=True)
class DayResult:
    """All visits in order of entry, and how long each agent talked, rang and was signed in."""

    visits: list[Visit] = field(default_factory=list)
    talks: list[tuple[str, float, float, float]] = field(default_factory=list)
    """Agent, from when to when busy with a contact, wrap-up included, and the share of the agent it took."""
    missed: int = 0
    events: int = 0
    promises: list[Promise] = field(default_factory=list)
    lines_fell: tuple[int, ...] = ()
    """How often a line fell to failing, and to unusable."""
    borders: list[dict[str, int]] = field(default_factory=list)
    """At the end of each interval, and of all: who waits or is offered, by queue, as the router counts."""


class Day:
    """Runs one replication. `router` is new and empty."""

    def __init__(self, scenario: Scenario, draws: Draws, router: RouterLike) -> None:
        self._scenario = scenario
        self._router = router
        self._draws = draws
        self._workers = {worker.agent.name: worker for worker in scenario.workers}
        self._wrap_up_s = {queue.name: queue.wrap_up_us / SECOND for queue in scenario.queues}
        self._gates = Gates(scenario, router)
        self._waits, self._ruled = self._gates.waits, self._gates.ruled
        self._channels = [stream.channel for stream in scenario.streams]
        ends = (shift.to_s for worker in scenario.workers for shift in worker.shifts)
        self._promises = Promises(round(max(ends, default=0.0) * SECOND))
        self._lines = Lines(scenario)
        self._last: dict[int, tuple[str, int]] = {}
        """By customer: the agent of the last talk, and until when that is remembered."""
        self._shares = _shares(scenario)
        self._held = dict.fromkeys(self._workers, 0)
        """Offers, talks and own calls of each agent."""
        self._heap: list[tuple[int, int, int, Any]] = []
        self._made = 0
        self._offers = 0
        self._looks = 0
        """Of the heap's entries, those that are a look at the gates."""
        self._now = 0
        self._wake_at = 0
        self._result = DayResult()
        self._handlers: dict[type, Callable[[Any], None]] = {
            Offered: self._offered,
            Connected: self._connected,
            VisitEnded: self._ended,
            Refused: self._refused,
            OfferEnded: self._offer_ended,
            WakeAt: self._wake,
        }

    def run(self) -> DayResult:
        """The whole day, and on until nobody can do anything more."""
        self._begin()
        heap, actions = self._heap, self._actions()
        while heap:
            self._now, kind, _, subject = heappop(heap)
            event = actions[kind](subject)
            if event is not None:
                self._apply(event)
        self._count(None)
        self._result.promises = self._promises.made
        self._result.lines_fell = tuple(self._lines.fell[1:])
        return self._result

    def _begin(self) -> None:
        if self._scenario.tenant != TenantSettings():
            self._apply(ev.SetTenant(self._scenario.tenant))
        for queue in self._scenario.queues:
            self._apply(ev.SetQueue(queue))
        for worker in self._scenario.workers:
            self._apply(ev.SetAgent(worker.agent))
            self._apply(ev.Reach(worker.agent.name, True))
            for shift in worker.shifts:
                self._push(shift.from_s, Kind.SIGN_IN, worker.agent.name)
                self._push(shift.to_s, Kind.SIGN_OUT, worker.agent.name)
        for caller in self._draws.callers:
            self._made += 1
            self._heap.append(
                (round(caller.at_s * SECOND), Kind.ARRIVE, self._made, (caller, caller.retrials))
            )
        for at_s, agent, talk_s in self._draws.own_calls:
            self._made += 1
            self._heap.append((round(at_s * SECOND), Kind.OWN_CALL, self._made, (agent, talk_s)))
        for place in range(1, self._scenario.intervals + 1):
            at_s = min(place * self._scenario.interval_s, self._scenario.day_s)
            self._made += 1
            self._heap.append((round(at_s * SECOND), Kind.COUNT, self._made, None))
        heapify(self._heap)

    def _actions(self) -> list[Callable[[Any], ev.Event | None]]:
        """By kind: what an entry of the heap tells the router."""
        return [
            self._count,
            ev.SignIn,
            ev.SignOut,
            self._arrive,
            self._give_up,
            lambda number: ev.Withdraw(str(number), TIMEOUT),
            lambda offer: ev.Claim(offer[0], offer[1]),
            lambda offer: ev.Decline(offer[0], offer[1], ev.DeclineReason.NO_ANSWER),
            lambda number: ev.Finish(str(number)),
            self._own_call,
            self._own_call_ends,
            self._woken,
            lambda subject: self._enter(*subject),
            self._look_again,
            self._presses,
            lambda number: None if self._over(number) else ev.Withdraw(str(number), CALLBACK),
            self._comes_up,
            self._expires,
            lambda talk: self._graded(talk[0], self._lines.looked(talk[0], talk[1], self._now)),
            lambda agent: self._graded(agent, self._lines.lapsed(agent, self._now)),
            lambda graded: graded,
        ]

    def _push(self, at_s: float, kind: Kind, subject: Any) -> None:
        self._made += 1
        heappush(self._heap, (round(at_s * SECOND), kind, self._made, subject))

    def _apply(self, event: ev.Event) -> None:
        self._result.events += 1
        handlers = self._handlers
        for decision in self._router.apply(event, self._now):
            handler = handlers.get(type(decision))
            if handler is not None:
                handler(decision)

    def _count(self, _: Any) -> None:
        """An interval is over."""
        views = self._router.queues(self._now)
        self._result.borders.append({view.name: view.waiting + view.offered for view in views})

    # What callers do.

    def _arrive(self, subject: tuple[Caller, int]) -> ev.Event | None:
        caller, tries_left = subject
        return self._enter(caller, tries_left, caller.stream, self._now / SECOND + caller.patience_s)

    def _enter(
        self, caller: Caller, tries_left: int, wait: int, gives_up_s: float, moves: int = 0
    ) -> ev.Event | None:
        """Into one queue: the first, or one to which another one's gate leads."""
        at_s = self._now / SECOND
        asked = self._waits[wait]
        visits = self._result.visits
        number = len(visits)
        visit = Visit(caller, asked.queue, at_s, tries_left, wait, gives_up_s, moves)
        visits.append(visit)
        ruled = self._ruled[wait]
        if ruled:
            gate, way = self._gates.at_the_door(wait, at_s)
            if gate:
                visit.outcome, visit.left_s = VisitOutcome.REFUSED.value, at_s
                self._goes(visit, gate, way)
                return None
        if gives_up_s != inf:
            self._push(gives_up_s, Kind.GIVE_UP, number)
        if asked.max_wait_s:
            self._push(at_s + asked.max_wait_s, Kind.TOO_LONG, number)
        before, sticky_us = "", 0
        if caller.habits is not None:
            self._by_habit(number, visit, caller.habits)
            before, sticky_us = self._before(wait, caller.habits)
        requirement = self._gates.requirement(wait, self._now) if ruled else asked.requirement
        channel = self._channels[caller.stream]
        who, queue = str(number), asked.queue
        contact = Contact(who, queue, requirement, asked.priority, 0, (), channel, before, sticky_us)
        arrives = ev.Arrive(contact)
        if not ruled or not self._gates.looks(wait):
            return arrives
        self._apply(arrives)
        return self._looked(number, entry=True)

    def _by_habit(self, number: int, visit: Visit, habits: Habits) -> None:
        """The key is pressed where it leads somewhere, a callback wished for where it is offered."""
        if habits.key and self._gates.leads(visit.wait, habits.key):
            self._push(visit.at_s + habits.key_after_s, Kind.PRESS, number)
        rules = self._gates.callback(visit.wait)
        if habits.reached and rules is not None and rules.offered_after_s:
            self._push(visit.at_s + rules.offered_after_s, Kind.WISH, number)

    def _before(self, wait: int, habits: Habits) -> tuple[str, int]:
        """The agent of the last time, and how long to wait for that one."""
        sticky_s, _ = self._gates.sticky(wait)
        agent, until = self._last.get(habits.customer, ("", 0)) if sticky_s >= 0 else ("", 0)
        return (agent if self._now < until else "", max(0, sticky_s) * SECOND)

    def _over(self, number: int) -> bool:
        return bool(self._result.visits[number].outcome)

    def _presses(self, number: int) -> ev.Event | None:
        visit = self._result.visits[number]
        assert visit.caller.habits is not None, "pressed by habit"
        return None if visit.outcome else ev.Withdraw(str(number), visit.caller.habits.key)

    def _looked(self, number: int, *, entry: bool) -> ev.Event | None:
        """At the gates, as for a live caller: with the entry, and every ten seconds."""
        visit = self._result.visits[number]
        if visit.outcome:
            return None
        gate = self._gates.look(visit.wait, str(number), self._now, entry=entry)
        if gate is not None:
            return ev.Withdraw(str(number), gate)
        if len(self._heap) > self._looks or self._gates.may_close(visit.wait, self._now / SECOND):
            self._looks += 1
            self._push(self._now / SECOND + CHECK_EVERY_S, Kind.LOOK, number)
        # Else nothing can happen any more that a look could see.
        return None

    def _look_again(self, number: int) -> ev.Event | None:
        self._looks -= 1
        return self._looked(number, entry=False)

    def _goes(self, visit: Visit, gate: str, way: Follows) -> None:
        """A gate leads somewhere."""
        visit.gate = gate
        if isinstance(way, CallsBack):
            habits = visit.caller.habits
            if habits is None or not habits.reached:
                self._goes(visit, gate, followed(way.declined, self._now / SECOND))
                return
            self._promise(visit, further(self._scenario, way))
            return
        if gate == CALLBACK:
            self._promise(visit, visit.wait)
            return
        if isinstance(way, Ends):
            visit.to = way.label
            return
        wait = further(self._scenario, way)
        visit.to = self._gates.waits[wait].queue
        if visit.moves >= MOVES_MAX:
            visit.to = ROUND
            return
        again = (visit.caller, visit.tries_left, wait, visit.gives_up_s, visit.moves + 1)
        self._push(self._now / SECOND, Kind.ENTER, again)

    # Callbacks.

    def _promise(self, visit: Visit, wait: int) -> None:
        """The caller hangs up and keeps the place in that queue."""
        rules = self._gates.callback(wait)
        assert rules is not None, "the reader lets nobody be called back by a queue that does not"
        queue = self._gates.waits[wait].queue
        since = round(visit.at_s * SECOND) if queue == visit.queue else self._now
        visit.to = CALLED_BACK
        promise = self._promises.make(visit.caller, (queue, wait), rules, since, self._now)
        self._calls_at(promise, self._now)

    def _calls_at(self, promise: Promise, at: int) -> None:
        self._made += 1
        heappush(self._heap, (at, Kind.CALL_BACK, self._made, promise))

    def _comes_up(self, promise: Promise) -> ev.Event | None:
        """Its turn: into the line with the place of the caller, if it can be now."""
        at = self._promises.comes_up(promise, self._now)
        if at > 0:
            self._calls_at(promise, at)
        if at:
            return None
        asked = self._gates.waits[promise.wait]
        number = len(self._result.visits)
        visit = Visit(promise.caller, asked.queue, self._now / SECOND, 0, wait=promise.wait, promise=promise)
        self._result.visits.append(visit)
        self._push(promise.expires_at / SECOND, Kind.EXPIRE, number)
        channel = self._scenario.streams[promise.caller.stream].channel
        # 0 would mean now.
        since = promise.since or -1
        return ev.Arrive(
            Contact(str(number), asked.queue, asked.requirement, asked.priority, since, channel=channel)
        )

    def _expires(self, number: int) -> ev.Event | None:
        visit = self._result.visits[number]
        assert visit.promise is not None, "of a callback"
        if visit.outcome:
            return None
        self._promises.expired(visit.promise, self._now)
        return ev.Withdraw(str(number), EXPIRED)

    def _dials(self, number: int, visit: Visit, promise: Promise) -> None:
        """The agent hears the customer's phone ring."""
        habits, ring_s = visit.caller.habits, promise.rules.ring_s
        assert habits is not None, "who has no habits is not called back"
        now_s = self._now / SECOND
        if self._promises.called(promise):
            answer_s = min(habits.answer_s, ring_s)
            self._push(now_s + answer_s + visit.caller.handling_s, Kind.FINISH, number)
            return
        visit.gate = UNREACHED
        self._push(now_s + ring_s, Kind.FINISH, number)
        at = self._promises.again(promise, self._now + round(ring_s * SECOND))
        if at > 0:
            self._calls_at(promise, at)

    # Callers who are served, or not.

    def _give_up(self, number: int) -> ev.Event | None:
        """Whoever talks by then has forgotten the waiting."""
        return None if self._result.visits[number].outcome else ev.Abandon(str(number))

    def _ended(self, decision: VisitEnded) -> None:
        visit = self._result.visits[int(decision.contact)]
        if decision.outcome is VisitOutcome.ENDED:
            wrap_up_s = self._wrap_up_s[visit.queue]
            visit.talked_s = decision.talked_us / SECOND
            end_s = self._now / SECOND
            share = self._shares.get((visit.agent, visit.caller.stream), 1.0)
            self._result.talks.append((visit.agent, end_s - visit.talked_s, end_s + wrap_up_s, share))
            self._held[visit.agent] -= 1
            if self._lines.known:
                graded = self._graded(visit.agent, self._lines.ended(visit.agent, visit.talked_s, self._now))
                if graded is not None:
                    self._made += 1
                    heappush(self._heap, (self._now, Kind.GRADE, self._made, graded))
            return
        visit.outcome, visit.left_s = decision.outcome.value, self._now / SECOND
        visit.waited_s = decision.waited_us / SECOND
        if decision.outcome is VisitOutcome.WITHDRAWN:
            self._goes(visit, decision.reason, self._gates.exit(visit.wait, decision.reason, visit.left_s))
        if decision.outcome is VisitOutcome.ABANDONED and visit.tries_left:
            again = (visit.caller, visit.tries_left - 1)
            self._push(self._now / SECOND + visit.caller.retrial_after_s, Kind.ARRIVE, again)

    def _refused(self, decision: Refused) -> None:
        visit = self._result.visits[int(decision.contact)]
        visit.outcome, visit.left_s = VisitOutcome.REFUSED.value, self._now / SECOND
        if visit.promise is not None:
            visit.gate = str(decision.reason)
            self._calls_at(visit.promise, self._promises.refused(visit.promise, self._now))
            return
        self._goes(visit, str(decision.reason), self._gates.exit(visit.wait, decision.reason, visit.left_s))

    # What agents do.

    def _offered(self, decision: Offered) -> None:
        worker = self._workers[decision.agent]
        self._held[decision.agent] += 1
        self._offers += 1
        offer = (decision.offer, decision.fence)
        now_s = self._now / SECOND
        if self._misses(worker):
            self._push(now_s + decision.ring_us / SECOND, Kind.RING_OUT, offer)
        else:
            self._push(now_s + worker.answer_s, Kind.ANSWER, offer)

    def _misses(self, worker: Worker) -> bool:
        answers = self._draws.answers
        return bool(worker.missed) and answers[self._offers % len(answers)] < worker.missed

    def _connected(self, decision: Connected) -> None:
        number = int(decision.contact)
        visit = self._result.visits[number]
        visit.outcome = "answered"
        visit.agent = decision.agent
        visit.waited_s = decision.waited_us / SECOND
        visit.left_s = now_s = self._now / SECOND
        if self._lines.known and self._lines.begins(decision.agent, number):
            self._push(now_s + STRETCH_S, Kind.LISTEN, (decision.agent, number))
        if visit.caller.habits is not None:
            self._remember(visit, visit.caller.habits)
            if visit.promise is not None:
                self._dials(number, visit, visit.promise)
                return
        self._push(now_s + visit.caller.handling_s, Kind.FINISH, number)

    def _remember(self, visit: Visit, habits: Habits) -> None:
        """Whom this customer talks to."""
        sticky_s, remember_s = self._gates.sticky(visit.wait)
        if habits.customer >= 0 and sticky_s >= 0:
            self._last[habits.customer] = visit.agent, self._now + round(remember_s * SECOND)

    def _offer_ended(self, decision: OfferEnded) -> None:
        self._held[decision.agent] -= 1
        self._result.missed += decision.outcome in ("no-answer", "lease-expired")

    def _graded(self, agent: str, graded: ev.SetLine | None) -> ev.Event | None:
        """What was heard of a line; when that lapses is looked at again."""
        due = self._lines.lapses_at(agent)
        if due:
            self._push(due / SECOND, Kind.LAPSE, agent)
        return graded

    def _own_call(self, subject: tuple[str, float]) -> ev.Event | None:
        """Whoever has something else to do, or has gone home, does not make it."""
        agent, talk_s = subject
        if self._held[agent]:
            return None
        self._held[agent] += 1
        self._push(self._now / SECOND + talk_s, Kind.OWN_CALL_ENDS, agent)
        return ev.Engage(agent)

    def _own_call_ends(self, agent: str) -> ev.Event:
        self._held[agent] -= 1
        return ev.Disengage(agent)

    # What the router wants.

    def _wake(self, decision: WakeAt) -> None:
        self._wake_at = decision.at
        self._made += 1
        heappush(self._heap, (decision.at, Kind.WAKE, self._made, decision.at))

    def _woken(self, at: int) -> ev.Event | None:
        """Only the latest WakeAt counts."""
        return ev.Wake() if at == self._wake_at else None


def _shares(scenario: Scenario) -> dict[tuple[str, int], float]:
    """Of an agent, by stream, where it is not all: of room for four chats one takes a quarter."""
    units = dict(scenario.tenant.channels)
    return {
        (worker.agent.name, number): units.get(stream.channel, 100) / worker.agent.units
        for number, stream in enumerate(scenario.streams)
        for worker in scenario.workers
        if units.get(stream.channel, 100) != worker.agent.units
    }


def simulate_day(scenario: Scenario, router: RouterLike, seed: int, replication: int) -> DayResult:
    """One replication from its seed: the same seed gives the same day, on any machine."""
    return Day(scenario, Draws(scenario, seed, replication), router).run()
