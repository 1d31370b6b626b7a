"""What recorded callers ask by another configuration: their ways through the flows, gone again.

The journal has every step of a flow that a call took. Where the new flows have these steps, the needs and the
language gathered on the way are the new ones, and so is what the step `queue` at its end asks. A caller whose
steps are not there any more, and one who is called back, asks what was recorded.
"""

from collections.abc import Iterator

from switch.base.clock import SECOND
from switch.dialplan import program as p
from switch.dialplan.actions import QueueNeed
from switch.dialplan.plan import TenantPlan
from switch.dialplan.program import merge_needs
from switch.dialplan.requirement import rings_of
from switch.exchange.wishes import requirement_of
from switch.journal.entry import Entry
from switch.journal.events import FlowStep, Queued, QueueRefused
from switch.store.store import READ_MAX, Store
from switch.wfm.asked import Asked

_KINDS = (FlowStep.KIND, Queued.KIND, QueueRefused.KIND)

_Step = p.AddNeeds | p.ChooseLanguage | p.WaitInQueue
_VERBS: dict[str, type[_Step]] = {"needs": p.AddNeeds, "language": p.ChooseLanguage, "queue": p.WaitInQueue}
"""The last word of a step's name, as the journal has it."""

_Way = tuple[tuple[QueueNeed, ...], str, FlowStep | None] | None
"""Needs and language gathered so far, and the step `queue` that it came to; None: the flows lack a step."""


class Flows:
    """The steps of a tenant's flows that matter, by their names."""

    def __init__(self, plan: TenantPlan) -> None:
        self._language = plan.languages[0]
        self._steps: dict[tuple[str, str], _Step] = {}
        self._alike: dict[tuple[str, type[_Step], str], list[_Step]] = {}
        self._known: dict[tuple[tuple[QueueNeed, ...], str, int], Asked] = {}
        for step in plan.program.instructions:
            if isinstance(step, p.AddNeeds | p.ChooseLanguage | p.WaitInQueue):
                where = step.where
                self._steps[where.flow, where.step] = step
                self._alike.setdefault((where.flow, type(step), _queue_of(step)), []).append(step)

    def start(self) -> _Way:
        return (), self._language, None

    def on(self, way: _Way, taken: FlowStep) -> _Way:
        """A call's way with one more step."""
        kind = _VERBS.get(taken.step.rpartition(" ")[2])
        if kind is None or way is None:
            return way
        needs, language, _ = way
        if kind is p.WaitInQueue:
            return needs, language, taken
        match self._step(kind, taken):
            case p.AddNeeds(needs=more):
                return merge_needs(needs, more), language, None
            case p.ChooseLanguage(language=chosen):
                return needs, chosen, None
            case _:
                return None

    def _step(self, kind: type[_Step], taken: FlowStep, queue: str = "") -> _Step | None:
        """The step of this name, else the flow's only one of this kind (to this queue)."""
        step = self._steps.get((taken.flow, taken.step))
        if isinstance(step, kind):
            return step
        alike = self._alike.get((taken.flow, kind, queue), ())
        return alike[0] if len(alike) == 1 else None

    def asked(self, way: _Way, queue: str) -> Asked | None:
        """At the end of a way, where it was the recorded `queue`."""
        if way is None:
            return None
        needs, language, taken = way
        if taken is None:
            return None
        step = self._step(p.WaitInQueue, taken, queue)
        if not isinstance(step, p.WaitInQueue):
            return None
        key = needs, language, id(step)
        known = self._known.get(key)
        if known is None:
            rings = rings_of(merge_needs(needs, step.needs), step.asks, step.widen, language)
            known = self._known[key] = Asked(
                step.queue,
                requirement_of(rings),
                step.priority,
                step.sticky_s * SECOND if step.sticky_s >= 0 else -1,
                step.wait_us_max,
            )
        return known


def _queue_of(step: _Step) -> str:
    return step.queue if isinstance(step, p.WaitInQueue) else ""


def asked_again(store: Store, plan: TenantPlan, tenant: str, after: int, until: int) -> dict[str, Asked]:
    """By contact, of those whose ways the plan's flows still have; journal entries in (after, until]."""
    flows = Flows(plan)
    ways: dict[str, _Way] = {}
    found: dict[str, Asked] = {}
    start = flows.start()
    for entry in _entries(store, tenant, after, until):
        match entry.event:
            case FlowStep() as taken:
                ways[entry.call] = flows.on(ways.get(entry.call, start), taken)
            case Queued(contact=contact, queue=queue) | QueueRefused(contact=contact, queue=queue):
                asked = flows.asked(ways.get(entry.call, start), queue)
                if asked is not None:
                    found[contact] = asked
    return found


def _entries(store: Store, tenant: str, after: int, until: int) -> Iterator[Entry]:
    while True:
        page = store.entries_of_tenant(tenant, _KINDS, after=after, until=until)
        yield from page
        if len(page) < READ_MAX:
            return
        after = page[-1].sequence
