"""What must hold at every step, judged from the journal alone.

Nothing of `switch.acd` is used here. The observer keeps its own book of who is registered, who is rung,
who talks and who waits, derives from it what each agent must be shown as, and compares.
"""

from collections import Counter
from dataclasses import dataclass, field

from switch.base.clock import SECOND
from switch.dialplan.plan import Centre, TenantPlan
from switch.journal import events as ev
from switch.journal import queue_events
from switch.journal.entry import Entry
from switch.sim.world import World

RETRY_LEAST_US = SECOND


@dataclass
class Waiting:
    queue: str
    priority: int
    since: int
    order: int
    needs: tuple[tuple[str, int], ...]
    avoid: set[str]
    tried: dict[str, int] = field(default_factory=dict)
    offers: set[int] = field(default_factory=set)


@dataclass
class Worker:
    account: str
    skills: dict[str, int]
    queues: tuple[str, ...]
    contacts: set[str] = field(default_factory=set)
    own_legs: set[str] = field(default_factory=set)
    signed_in: bool = False
    shown: str = "logged-out"
    paused: str = ""
    offer: int = 0
    contact: str = ""
    wrap_until: int = 0
    rest_until: int = 0
    missed: int = 0
    passed_over: bool = False


class Observer:
    """A watcher of one tenant in a world: `world.watchers.append(Observer(centre, "shop"))`."""

    def __init__(self, centre: Centre, tenant: str) -> None:
        self.tenant = tenant
        self.plan: TenantPlan = centre.tenants[tenant]
        self.queues = dict(self.plan.queues)
        self.workers = {
            name: Worker(agent.account, dict(agent.skills), agent.queues)
            for name, agent in self.plan.agents.items()
        }
        self.by_account = {worker.account: name for name, worker in self.workers.items()}
        self.waiting: dict[str, Waiting] = {}
        self.talks: dict[str, tuple[str, str]] = {}
        self.offers: dict[int, tuple[str, str]] = {}
        self.taken: dict[int, Waiting] = {}
        self.entered: Counter[str] = Counter()
        self.left: Counter[tuple[str, str]] = Counter()
        self.calls: dict[str, str] = {}
        self.call_ends: Counter[str] = Counter()
        self.kept_since: dict[str, int] = {}
        self.transferors: dict[str, set[str]] = {}
        self.leg_agent: dict[str, str] = {}
        self.steps = 0
        self.most_waiting = 0
        self._order = 0
        self._due = 0

    def __call__(self, world: World, entries: list[Entry]) -> None:
        for entry in entries:
            if entry.tenant == self.tenant:
                self.take(entry)
        self.steps += 1
        self.most_waiting = max(self.most_waiting, len(self.waiting))
        if entries:
            self._due = world.now
        assert not self.taken, "whoever is rung for what a colleague took is told at once"
        due = world.exchange.next_timer()
        # While the switch still has something to do at this very moment, its state is not yet this moment's.
        if world.now >= self._due and (due is None or due > world.now):
            self.check(world.now)
            self._due = self._next_due(world.now)

    # The book.

    def take(self, entry: Entry) -> None:
        if entry.call:
            begins = entry.event.KIND in ("call-started", "callback-kept")
            assert entry.call in self.calls or begins, f"of no call: {entry}"
            # What its audio was, and what that says of the agent's line, is told when the streams are closed,
            # which is a moment later. The file of a conference, which belongs to its first member's call,
            # goes on with the others.
            after = isinstance(entry.event, ev.LegMeasured | ev.RecordingEnded | queue_events.LineGraded)
            assert after or entry.call not in self.call_ends, f"after the end of its call: {entry}"
        handler = getattr(self, f"on_{entry.event.KIND.replace('-', '_')}", None)
        if handler is not None:
            handler(entry, entry.event)

    def on_registered(self, _entry: Entry, event: ev.Registered) -> None:
        if event.account in self.by_account:
            self.workers[self.by_account[event.account]].contacts.add(event.contact)

    def on_unregistered(self, _entry: Entry, event: ev.Unregistered) -> None:
        if event.account in self.by_account:
            self.workers[self.by_account[event.account]].contacts.discard(event.contact)

    def on_call_started(self, entry: Entry, event: ev.CallStarted) -> None:
        assert entry.call not in self.calls, "a call starts once"
        self.calls[entry.call] = event.source

    def on_callback_kept(self, entry: Entry, event: queue_events.CallbackKept) -> None:
        """A contact without a leg, with the place of whoever asked: its entries stand by themselves."""
        assert event.callback == entry.call
        self.calls[entry.call] = "callback"
        self.kept_since[entry.call] = event.since_wall_us - (entry.wall_us - entry.at)
        assert self.kept_since[entry.call] <= entry.at, "nobody waits since later than now"

    def on_call_ended(self, entry: Entry, event: ev.CallEnded) -> None:
        assert entry.call in self.calls, "a call ends that started"
        self.call_ends[entry.call] += 1
        assert self.call_ends[entry.call] == 1, "a call ends once"
        del event

    def on_leg_opened(self, entry: Entry, event: ev.LegOpened) -> None:
        name = self.by_account.get(event.peer, "")
        self.leg_agent[event.leg] = name
        if name and event.role != "agent":
            self.workers[name].own_legs.add(event.leg)
        del entry

    def on_bridged(self, _entry: Entry, event: ev.Bridged) -> None:
        """Whoever talks is busy until that leg ends, also when the contact that led to it has ended."""
        for leg in (event.left, event.right):
            name = self.leg_agent.get(leg, "")
            if name:
                self.workers[name].own_legs.add(leg)

    def on_leg_ended(self, _entry: Entry, event: ev.LegEnded) -> None:
        name = self.leg_agent.pop(event.leg)
        if name:
            self.workers[name].own_legs.discard(event.leg)

    def on_transferred(self, entry: Entry, event: ev.Transferred) -> None:
        name = self.leg_agent.get(event.by, "")
        # Whoever passes a caller on into a queue does not want the caller back out of it.
        if event.outcome == "done" and name and self.plan.route(event.target) is not None:
            self.transferors.setdefault(entry.call, set()).add(name)

    def on_queued(self, entry: Entry, event: ev.Queued) -> None:
        self._order += 1
        needs = tuple((word.partition(">=")[0], int(word.partition(">=")[2])) for word in event.needs)
        avoid = set(self.transferors.get(entry.call, ()))
        self.waiting[event.contact] = Waiting(
            event.queue,
            event.priority,
            self.kept_since.get(entry.call, entry.at),
            self._order,
            needs,
            avoid,
        )
        self.entered[event.queue] += 1

    def on_offer_made(self, entry: Entry, event: ev.OfferMade) -> None:
        worker, visit = self.workers[event.agent], self.waiting[event.contact]
        assert not worker.offer, f"{event.agent} has two offers"
        assert not worker.contact, f"{event.agent} is rung in a talk"
        several = event.policy in ("ring-all", "ring-progressively")
        assert several or not visit.offers, f"{event.contact} is offered twice"
        assert self.idle(worker, entry.at), f"{event.agent} is offered a contact and is not idle"
        assert self.may_serve(event.agent, visit, entry.at), f"{event.agent} may not serve {event.contact}"
        for name, other in self.waiting.items():
            equal = (other.queue, other.priority) == (visit.queue, visit.priority)
            earlier = (other.since, other.order) < (visit.since, visit.order)
            if equal and earlier and not other.offers:
                assert not self.may_serve(event.agent, other, entry.at), f"{event.contact} overtakes {name}"
        worker.offer = event.offer
        visit.offers.add(event.offer)
        self.offers[event.offer] = (event.agent, event.contact)

    def on_offer_ended(self, entry: Entry, event: ev.OfferEnded) -> None:
        agent, contact = self.offers.pop(event.offer)
        assert (agent, contact) == (event.agent, event.contact)
        worker, visit = self.workers[agent], self.taken.pop(event.offer, None) or self.waiting[contact]
        assert (event.outcome == "answered-elsewhere") == (contact not in self.waiting)
        worker.offer = 0
        visit.offers.discard(event.offer)
        retry = max(self.queues[visit.queue].retry_same_agent_s * SECOND, RETRY_LEAST_US)
        if event.outcome in ("no-answer", "lease-expired"):
            visit.tried[agent] = entry.at + retry
            worker.missed += 1
        elif event.outcome in ("declined", "busy", "unreachable", "failed"):
            worker.rest_until = max(worker.rest_until, entry.at + retry)
        elif event.outcome == "agent-gone" and not worker.contacts:
            # A phone that went away while it rang, not an agent who signed out.
            worker.rest_until = max(worker.rest_until, entry.at + retry)

    def on_agent_connected(self, _entry: Entry, event: ev.AgentConnected) -> None:
        visit = self.waiting.pop(event.contact)
        worker = self.workers[event.agent]
        assert worker.offer in visit.offers, "only who was offered the contact is connected"
        visit.offers.discard(worker.offer)
        assert self.offers.pop(worker.offer) == (event.agent, event.contact), "nobody else is connected"
        # The other offers of a contact that rang at several agents end now: it was answered elsewhere.
        self.taken.update((offer, visit) for offer in visit.offers)
        worker.offer, worker.contact, worker.missed = 0, event.contact, 0
        assert event.agent not in {agent for agent, _ in self.talks.values()}, "an agent talks once"
        self.talks[event.contact] = (event.agent, event.queue)

    def on_visit_ended(self, entry: Entry, event: ev.VisitEnded) -> None:
        self.left[event.queue, event.outcome] += 1
        if event.outcome == "ended":
            agent, queue = self.talks.pop(event.contact)
            worker = self.workers[agent]
            worker.contact = ""
            wrap_up = self.queues[queue].wrap_up_s * SECOND
            worker.wrap_until = max(worker.wrap_until, entry.at + wrap_up if wrap_up else 0)
        else:
            visit = self.waiting.pop(event.contact)
            assert not visit.offers, "whoever leaves is rung for no more"

    def on_line_graded(self, _entry: Entry, event: queue_events.LineGraded) -> None:
        self.workers[event.agent].passed_over = event.grade == "unusable"

    def on_agent_changed(self, _entry: Entry, event: ev.AgentChanged) -> None:
        worker = self.workers[event.agent]
        if event.paused == "missed" and worker.paused != "missed":
            limits = [
                queue.misses_before_pause for queue in self.queues.values() if queue.misses_before_pause
            ]
            assert worker.missed >= min(limits), f"{event.agent} is paused after {worker.missed} misses"
        if event.state == "logged-out" or (worker.paused and not event.paused):
            worker.missed = 0
        worker.signed_in, worker.shown, worker.paused = event.signed_in, event.state, event.paused

    # The judgement.

    def idle(self, worker: Worker, now: int) -> bool:
        """May be rung."""
        busy = worker.offer or worker.contact or worker.own_legs or worker.wrap_until > now or worker.paused
        return worker.signed_in and bool(worker.contacts) and not busy and not worker.passed_over

    def may_serve(self, agent: str, visit: Waiting, now: int) -> bool:
        worker = self.workers[agent]
        return (
            (not worker.queues or visit.queue in worker.queues)
            and all(worker.skills.get(skill, 0) >= level for skill, level in visit.needs)
            and agent not in visit.avoid
            and not worker.passed_over
            and worker.rest_until <= now
            and visit.tried.get(agent, 0) <= now
        )

    def expected(self, worker: Worker, now: int) -> set[str]:
        """What an agent may be shown as."""
        if not worker.signed_in:
            return {"logged-out"}
        if not worker.contacts:
            return {"unreachable"}
        if worker.offer:
            return {"offered"}
        if worker.contact or worker.own_legs:
            return {"busy"}
        if worker.wrap_until > now:
            return {"wrap-up"}
        return {"paused" if worker.paused else "available"}

    def _next_due(self, now: int) -> int:
        """When time alone changes the judgement: between that and the next entry nothing can."""
        times = [at for worker in self.workers.values() for at in (worker.wrap_until, worker.rest_until)]
        times += [at for visit in self.waiting.values() for at in visit.tried.values()]
        return min((at for at in times if at > now), default=1 << 62)

    def check(self, now: int) -> None:
        for name, worker in self.workers.items():
            allowed = self.expected(worker, now)
            assert worker.shown in allowed, f"{name} is shown {worker.shown}, not {allowed}"
            if worker.paused:
                known = worker.paused == "missed" or worker.paused in self.plan.pause_reasons.values()
                assert known, f"{name} is paused for {worker.paused!r}"
            if worker.shown == "available" and self.waiting:
                for contact, visit in self.waiting.items():
                    idles = not visit.offers and self.may_serve(name, visit, now)
                    assert not idles, f"{name} idles beside {contact}"

    def balance(self) -> None:
        """Waiting at the start, none, and entered = exits by kind and waiting or talking at the end."""
        inside = Counter(visit.queue for visit in self.waiting.values())
        inside += Counter(queue for _, queue in self.talks.values())
        for queue, entered in self.entered.items():
            out = sum(count for (name, _), count in self.left.items() if name == queue)
            assert entered == out + inside[queue], queue
